//! Everybody else: peers with real Signal devices, strangers among them, and groups.
//!
//! Imports world, answers, signal. Start with [`World::companion_message`] (what happens to a
//! message of a companion) and [`World::peer_send`] (a peer writes). A peer is made when its number
//! is first used. Peers answer retry receipts and ask for retries themselves, as phones do: the
//! first without keys, later ones with a fresh bundle, five at most.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, JidExt as _, Node};
use wacore_libsignal::protocol::SignalProtocolError;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;

use super::answers::{UNREGISTERED_PREFIX, address, attribute, bundle_from, bundle_nodes, content, registration_of};
use super::knobs::{Name, Setting};
use super::signal::{Envelope, SignalDevice};
use super::storage::Received;
use super::world::{World, companion_address, now_s, random_id, refused, server_jid, signal_failed};
use crate::error::{Context, Result};

/// How often anybody asks for the same message again.
const RETRY_LIMIT: u8 = 5;

/// How long anybody takes to ask for the second time and later.
const RETRY_DELAY: Duration = Duration::from_millis(150);

/// A group. The account is its only admin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// Its address, `…@g.us`.
    pub id: String,
    /// Its subject.
    pub subject: String,
    /// When it was made, in seconds since 1970.
    pub created_s: u64,
    /// The members' numbers, without the account.
    pub members: Vec<String>,
}

/// Who decrypts: a peer by number, or the own phone.
enum Reader<'a> {
    Phone,
    Peer(&'a str),
}

impl Reader<'_> {
    fn owner(&self) -> &str {
        match self {
            Reader::Phone => super::phone::OWNER,
            Reader::Peer(number) => number,
        }
    }
}

/// A plain text message.
pub fn text_message(text: &str) -> wa::Message {
    wa::Message { conversation: Some(text.to_owned()), ..Default::default() }
}

/// The text of a message, wherever a client puts it.
pub fn text_of(message: &wa::Message) -> Option<String> {
    message.conversation.clone().or_else(|| message.extended_text_message.as_option().and_then(|extended| extended.text.clone()))
}

/// An `<enc>`.
pub fn enc(envelope: &Envelope) -> Node {
    NodeBuilder::new("enc").attr("v", "2").attr("type", envelope.kind).bytes(envelope.body.clone()).build()
}

impl World {
    /// Makes the peer if it does not exist. False for numbers that are not on WhatsApp.
    pub(super) fn make_peer(&mut self, number: &str) -> Result<bool> {
        if number.is_empty()
            || !number.bytes().all(|byte| byte.is_ascii_digit())
            || number.starts_with(UNREGISTERED_PREFIX)
            || number == self.account.number
        {
            return Ok(false);
        }
        if !self.peers.contains_key(number) {
            self.peers.insert(number.to_owned(), SignalDevice::generate().while_doing(signal_failed)?);
            self.save_peer(number)?;
        }
        Ok(true)
    }

    /// A companion sends a message. It is delivered before it is acknowledged.
    pub(super) async fn companion_message(&mut self, connection: u64, device: u16, node: &Node) -> Result<()> {
        let (Some(id), Some(to)) = (attribute(node, "id"), address(node, "to")) else { return Ok(()) };
        self.counters.messages_sent += 1;
        let acknowledgement =
            NodeBuilder::new("ack").attr("class", "message").attr("id", id.as_str()).attr("from", &to).attr("t", now_s());
        let refusal = super::knobs_of(&self.knobs).take(Name::NackSends);
        if let Some(Setting::NackSends { code, .. }) = refusal {
            self.counters.messages_refused += 1;
            self.send(connection, acknowledgement.attr("error", code).build());
            return Ok(());
        }
        let group = to.is_group().then(|| to.to_string());
        let mut bodies: Vec<(Jid, &Node)> = Vec::new();
        if let Some(participants) = node.get_optional_child("participants") {
            for participant in participants.get_children_by_tag("to") {
                if let (Some(jid), Some(body)) = (address(participant, "jid"), participant.get_optional_child("enc")) {
                    bodies.push((jid, body));
                }
            }
        }
        // A bare <enc> is for the addressee alone: a repeat after a retry receipt, or a request.
        let bare = node.get_optional_child("enc");
        if let Some(body) = bare
            && attribute(body, "type").as_deref() != Some("skmsg")
        {
            bodies.push((address(node, "participant").unwrap_or_else(|| to.clone()), body));
        }
        for (jid, body) in bodies {
            self.route(device, node, &id, &to, group.as_deref(), &jid, body).await?;
        }
        if let (Some(group), Some(body)) = (&group, bare)
            && attribute(body, "type").as_deref() == Some("skmsg")
        {
            self.route_to_group(device, node, &id, group, body).await?;
        }
        if super::knobs_of(&self.knobs).take(Name::DropAcks).is_none() {
            self.send(connection, acknowledgement.build());
        }
        Ok(())
    }

    /// One body of a companion's message goes to the device that it was encrypted for.
    #[expect(clippy::too_many_arguments, reason = "the parts of one stanza, taken apart by the only caller")]
    async fn route(
        &mut self,
        device: u16,
        node: &Node,
        id: &str,
        to: &Jid,
        group: Option<&str>,
        target: &Jid,
        body: &Node,
    ) -> Result<()> {
        if self.is_own(target) && target.device == 0 {
            return self.read(Reader::Phone, device, id, group, body).await;
        }
        if self.is_own(target) {
            let copy = NodeBuilder::new("message")
                .attr("from", self.own_pn(device))
                .attr("recipient", to)
                .attr("id", id)
                .attr("type", attribute(node, "type").unwrap_or_else(|| "text".to_owned()))
                .attr("t", now_s())
                .children([body.clone()])
                .build();
            return match self.linked().contains(&target.device) {
                true => self.deliver(target.device, "message", id, copy),
                false => Ok(()),
            };
        }
        if target.is_pn() && self.make_peer(&target.user)? {
            let number = target.user.to_string();
            return self.read(Reader::Peer(&number), device, id, group, body).await;
        }
        Ok(())
    }

    /// The sender-key body of a group message goes to every member and to the other own devices.
    async fn route_to_group(&mut self, device: u16, node: &Node, id: &str, group: &str, body: &Node) -> Result<()> {
        let Some(members) = self.groups.get(group).map(|group| group.members.clone()) else { return Ok(()) };
        self.read(Reader::Phone, device, id, Some(group), body).await?;
        for member in members {
            self.read(Reader::Peer(&member), device, id, Some(group), body).await?;
        }
        for other in self.linked().into_iter().filter(|other| *other != device) {
            let copy = NodeBuilder::new("message")
                .attr("from", group)
                .attr("participant", self.own_pn(device))
                .attr("id", id)
                .attr("type", attribute(node, "type").unwrap_or_else(|| "text".to_owned()))
                .attr("t", now_s())
                .children([body.clone()])
                .build();
            self.deliver(other, "message", id, copy)?;
        }
        Ok(())
    }

    /// A peer or the phone decrypts one body of a companion.
    async fn read(&mut self, reader: Reader<'_>, device: u16, id: &str, group: Option<&str>, body: &Node) -> Result<()> {
        let kind = attribute(body, "type").unwrap_or_default();
        let sender = companion_address(device);
        let signal = match &reader {
            Reader::Phone => &mut self.phone,
            Reader::Peer(number) => match self.peers.get_mut(*number) {
                Some(signal) => signal,
                None => return Ok(()),
            },
        };
        let opened = match (kind.as_str(), group) {
            ("skmsg", Some(group)) => signal.decrypt_from_group(group, &sender, content(body)).await,
            _ => signal.decrypt(&sender, &kind, content(body)).await,
        };
        let plaintext = match opened {
            Ok(plaintext) => plaintext,
            // The sender repeats itself when it did not see our ack; a reader that knows the id is done.
            Err(_) if self.storage.has_read(reader.owner(), id)? => return Ok(()),
            Err(error) => {
                let received = Received {
                    id: id.to_owned(),
                    from: sender,
                    group: group.map(str::to_owned),
                    text: None,
                    error: Some(error.to_string()),
                    copies: 1,
                };
                self.storage.receive(reader.owner(), &received)?;
                self.save_reader(&reader)?;
                // A message key that was used before looks like a repeat, and clients drop repeats
                // without a word. That is how a stale copy of a store loses messages.
                return match error {
                    SignalProtocolError::DuplicatedMessage(..) => Ok(()),
                    _ => self.ask_again(reader, device, id, group),
                };
            }
        };
        let message = wacore::messages::decode_plaintext(&plaintext, 2)
            .while_doing(|| "a companion encrypted something that is no message".to_owned())?;
        if let Some(distribution) = message.sender_key_distribution_message.as_option()
            && let (Some(group), Some(bytes)) = (&distribution.group_id, &distribution.axolotl_sender_key_distribution_message)
        {
            let learned = match &reader {
                Reader::Phone => self.phone.learn_sender_key(group, &sender, bytes).await,
                Reader::Peer(number) => match self.peers.get_mut(*number) {
                    Some(peer) => peer.learn_sender_key(group, &sender, bytes).await,
                    None => Ok(()),
                },
            };
            learned.while_doing(|| "a companion sent a sender key that is none".to_owned())?;
        }
        self.save_reader(&reader)?;
        if matches!(reader, Reader::Phone) && group.is_none() {
            return self.phone_receives(device, id, &plaintext).await;
        }
        let Some(text) = text_of(&message) else { return Ok(()) };
        let received = Received {
            id: id.to_owned(),
            from: sender,
            group: group.map(str::to_owned),
            text: Some(text),
            error: None,
            copies: 1,
        };
        self.storage.receive(reader.owner(), &received)?;
        if let Reader::Peer(number) = reader {
            let receipt = NodeBuilder::new("receipt").attr("id", id).attr("t", now_s());
            let receipt = match group {
                Some(group) => receipt.attr("from", group).attr("participant", Jid::pn(number)),
                None => receipt.attr("from", Jid::pn(number)),
            };
            self.deliver(device, "receipt", id, receipt.build())?;
        }
        Ok(())
    }

    fn save_reader(&self, reader: &Reader<'_>) -> Result<()> {
        match reader {
            Reader::Phone => self.save_phone(),
            Reader::Peer(number) => self.save_peer(number),
        }
    }

    /// Sends a retry receipt to the companion whose message could not be read.
    fn ask_again(&mut self, reader: Reader<'_>, device: u16, id: &str, group: Option<&str>) -> Result<()> {
        let count = self.retries.entry((reader.owner().to_owned(), id.to_owned())).or_default();
        if *count >= RETRY_LIMIT {
            return Ok(());
        }
        *count += 1;
        let count = *count;
        self.counters.retries_asked_by_others += 1;
        let (from, signal) = match &reader {
            Reader::Phone => (self.own_pn(0), &mut self.phone),
            Reader::Peer(number) => match self.peers.get_mut(*number) {
                Some(signal) => (Jid::pn(*number), signal),
                None => return Ok(()),
            },
        };
        let mut children = vec![
            NodeBuilder::new("retry").attr("v", "1").attr("count", count).attr("id", id).attr("t", now_s()).build(),
            NodeBuilder::new("registration").bytes(signal.registration_id().to_be_bytes().to_vec()).build(),
        ];
        if count >= 2 {
            let bundle = signal.bundle().while_doing(signal_failed)?;
            children.push(NodeBuilder::new("keys").children(bundle_nodes(&bundle)).build());
        }
        self.save_reader(&reader)?;
        let receipt = NodeBuilder::new("receipt").attr("id", id).attr("type", "retry").attr("t", now_s());
        let receipt = match group {
            Some(group) => receipt.attr("from", group).attr("participant", from),
            None => receipt.attr("from", from),
        };
        // The library ignores a request for a message that it is just sending again, so one that comes
        // faster than any network would be lost.
        let delay = if count >= 2 { RETRY_DELAY } else { Duration::ZERO };
        self.deliver_after(delay, device, "receipt", id, receipt.children(children).build())
    }

    /// A receipt of a companion: it has a message, or asks for it again.
    pub(super) async fn companion_receipt(&mut self, connection: u64, device: u16, node: &Node) -> Result<()> {
        let Some(id) = attribute(node, "id") else { return Ok(()) };
        let kind = attribute(node, "type");
        if kind.as_deref() == Some("retry") {
            self.counters.retries_asked_by_companions += 1;
            self.send_again(device, &id, node).await?;
        } else {
            self.storage.dequeue(device, "message", &id, usize::MAX)?;
            let more = node.get_optional_child("list").and_then(|list| list.children()).unwrap_or_default();
            for item in more {
                if let Some(id) = attribute(item, "id") {
                    self.storage.dequeue(device, "message", &id, usize::MAX)?;
                }
            }
        }
        let from = address(node, "to").map_or_else(|| server_jid().to_owned(), |jid| jid.to_string());
        let mut acknowledgement =
            NodeBuilder::new("ack").attr("class", "receipt").attr("id", id.as_str()).attr("from", from).attr("t", now_s());
        if let Some(kind) = kind {
            acknowledgement = acknowledgement.attr("type", kind);
        }
        self.send(connection, acknowledgement.build());
        Ok(())
    }

    /// An ack of a companion removes what it answers from its queue: the oldest stanza with that id,
    /// because after a retry receipt the repeat waits behind the stanza that the ack is for.
    pub(super) fn companion_ack(&mut self, device: u16, node: &Node) -> Result<()> {
        if let (Some(class), Some(id)) = (attribute(node, "class"), attribute(node, "id")) {
            self.storage.dequeue(device, &class, &id, 1)?;
        }
        Ok(())
    }

    /// A companion could not read a peer's message: it is encrypted anew.
    async fn send_again(&mut self, device: u16, id: &str, node: &Node) -> Result<()> {
        let Some(to) = address(node, "to") else { return Ok(()) };
        let count = node.get_optional_child("retry").and_then(|retry| retry.attrs().optional_u64("count")).unwrap_or(1);
        let author = address(node, "participant").unwrap_or_else(|| to.clone()).user.to_string();
        let Some((text, group)) = self.storage.sent(&author, id)? else { return Ok(()) };
        let companion = companion_address(device);
        let Some(peer) = self.peers.get_mut(&author) else { return Ok(()) };
        if let Some(keys) = node.get_optional_child("keys")
            && let Some(bundle) = bundle_from(keys, registration_of(node))
        {
            peer.forget_session(&companion);
            // A bundle that is no bundle is the companion's fault; it may ask again.
            if peer.start_session(&companion, bundle).await.is_err() {
                return Ok(());
            }
        }
        self.peer_to_companion(&author, device, id, &text, group.as_deref(), Some(count)).await?;
        Ok(())
    }

    /// A peer writes, once or many times.
    pub(super) async fn peer_send(&mut self, from: &str, text: &str, count: u32, group: Option<&str>) -> Result<Value> {
        if !self.make_peer(from)? {
            return Err(refused(format!("{from} is not on WhatsApp")));
        }
        if let Some(group) = group {
            let Some(known) = self.groups.get(group) else { return Err(refused(format!("there is no group {group}"))) };
            if !known.members.iter().any(|member| member == from) {
                return Err(refused(format!("{from} is not in {group}")));
            }
        }
        let mut ids = Vec::new();
        for number in 1..=count {
            let text = if count > 1 { format!("{text} {number}") } else { text.to_owned() };
            let id = random_id("3EB0", 9);
            self.storage.remember_sent(from, &id, &text, group)?;
            for device in self.linked() {
                self.peer_to_companion(from, device, &id, &text, group, None).await?;
            }
            ids.push(id);
        }
        Ok(json!({ "ids": ids }))
    }

    /// Encrypts one message of a peer for one companion and queues it.
    async fn peer_to_companion(
        &mut self,
        from: &str,
        device: u16,
        id: &str,
        text: &str,
        group: Option<&str>,
        retry: Option<u64>,
    ) -> Result<()> {
        let newest = super::knobs_of(&self.knobs).is_on(Name::NewestKeysFirst);
        let (Some(companion), Some(peer)) = (self.companions.get_mut(&device), self.peers.get_mut(from)) else {
            return Ok(());
        };
        let address = companion.address();
        let stranger = !peer.has_session(&address);
        if stranger {
            // Before its first upload a companion cannot be written to.
            let Some(bundle) = companion.take_bundle(newest) else { return Ok(()) };
            self.counters.bundles_taken += 1;
            peer.start_session(&address, bundle).await.while_doing(signal_failed)?;
        }
        let mut message = text_message(text);
        let mut bodies = Vec::new();
        if let Some(group) = group
            && retry.is_none()
        {
            let distribution = peer.sender_key_distribution(group, from).await.while_doing(signal_failed)?;
            let carrier = distribution_message(group, distribution);
            let padded = wacore::messages::MessageUtils::encode_and_pad(&carrier);
            bodies.push(enc(&peer.encrypt(&address, &padded).await.while_doing(signal_failed)?));
            let padded = wacore::messages::MessageUtils::encode_and_pad(&message);
            bodies.push(enc(&peer.encrypt_for_group(group, from, &padded).await.while_doing(signal_failed)?));
        } else {
            if let Some(group) = group {
                // A repeat is pairwise and brings the sender key along.
                let distribution = peer.sender_key_distribution(group, from).await.while_doing(signal_failed)?;
                message.sender_key_distribution_message =
                    distribution_message(group, distribution).sender_key_distribution_message;
            }
            let padded = wacore::messages::MessageUtils::encode_and_pad(&message);
            let mut body = enc(&peer.encrypt(&address, &padded).await.while_doing(signal_failed)?);
            if let Some(count) = retry {
                body.attrs.insert("count", count);
            }
            bodies.push(body);
        }
        if stranger {
            self.save_companion(device)?;
        }
        self.save_peer(from)?;
        let stanza = NodeBuilder::new("message")
            .attr("id", id)
            .attr("type", "text")
            .attr("t", now_s())
            .attr("notify", format!("Peer {from}"));
        let stanza = match group {
            Some(group) => stanza.attr("from", group).attr("participant", Jid::pn(from)).attr("addressing_mode", "pn"),
            None => stanza.attr("from", Jid::pn(from)),
        };
        self.deliver(device, "message", id, stanza.children(bodies).build())
    }

    /// The peer's owner sets the phone up anew.
    pub(super) fn peer_forget(&mut self, peer: &str) -> Result<Value> {
        let Some(device) = self.peers.get_mut(peer) else { return Err(refused(format!("there is no peer {peer}"))) };
        device.forget_everyone();
        self.save_peer(peer)?;
        Ok(json!({}))
    }

    /// Makes a group of the account and peers.
    pub(super) async fn group_create(&mut self, subject: &str, members: Vec<String>) -> Result<Value> {
        for member in &members {
            if !self.make_peer(member)? {
                return Err(refused(format!("{member} is not on WhatsApp")));
            }
        }
        let digits: u64 = random_id("", 7).bytes().fold(0, |sum, byte| sum * 10 + u64::from(byte % 10));
        let id = format!("120363{digits:014}@g.us");
        let group = Group { id: id.clone(), subject: subject.to_owned(), created_s: now_s(), members };
        self.storage.save(&format!("group/{id}"), &group)?;
        self.groups.insert(id.clone(), group);
        Ok(json!({ "group": id }))
    }

    /// `w:g2`: what a group is; `None` when there is no such group or the request is another.
    pub(super) fn group_request(&self, node: &Node) -> Option<Node> {
        node.get_optional_child("query")?;
        let group = self.groups.get(&attribute(node, "to")?)?;
        let mut participants =
            vec![NodeBuilder::new("participant").attr("jid", self.own_pn(0)).attr("type", "superadmin").build()];
        for member in &group.members {
            participants.push(NodeBuilder::new("participant").attr("jid", Jid::pn(member.as_str())).build());
        }
        Some(
            NodeBuilder::new("group")
                .attr("id", group.id.split('@').next().unwrap_or_default())
                .attr("subject", group.subject.as_str())
                .attr("s_t", group.created_s)
                .attr("s_o", self.own_pn(0))
                .attr("creation", group.created_s)
                .attr("creator", self.own_pn(0))
                .attr("addressing_mode", "pn")
                .children(participants)
                .build(),
        )
    }
}

fn distribution_message(group: &str, distribution: Vec<u8>) -> wa::Message {
    wa::Message {
        sender_key_distribution_message: MessageField::some(wa::message::SenderKeyDistributionMessage {
            group_id: Some(group.to_owned()),
            axolotl_sender_key_distribution_message: Some(distribution),
        }),
        ..Default::default()
    }
}
