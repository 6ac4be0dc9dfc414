//! What the server answers by itself: requests (`<iq>`) of companions.
//!
//! Imports world. Start with [`World::answer_iq`]. Only what the client needs is answered in full;
//! anything else gets an empty result and is counted in `status`, so that a gap is seen.

use serde_json::{Value, json};
use wacore::prekeys::compute_key_bundle_digest;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent};
use waproto::whatsapp as wa;

use super::knobs::Name;
use super::signal::PublicBundle;
use super::world::{Stage, World, now_s, random_id, refused, server_jid, signal_failed};
use crate::error::{Context, Result};

/// Numbers that begin like this are not on WhatsApp; every other number is.
pub const UNREGISTERED_PREFIX: &str = "999";

/// The bytes inside an element.
pub fn content(node: &Node) -> &[u8] {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => bytes,
        Some(NodeContent::String(text)) => text.as_bytes(),
        _ => &[],
    }
}

/// The bytes inside a child; empty when there is no such child.
pub fn child_content<'a>(node: &'a Node, tag: &str) -> &'a [u8] {
    node.get_optional_child(tag).map_or(&[], content)
}

/// An attribute as text.
pub fn attribute(node: &Node, key: &str) -> Option<String> {
    node.attrs.get(key).map(|value| value.as_str().into_owned())
}

/// An attribute as an address.
pub fn address(node: &Node, key: &str) -> Option<Jid> {
    node.attrs.get(key).and_then(|value| value.to_jid())
}

/// A big-endian number of up to four bytes.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn id_bytes(id: u32) -> Vec<u8> {
    id.to_be_bytes()[1..].to_vec()
}

impl World {
    pub(super) async fn answer_iq(&mut self, connection: u64, device: Option<u16>, node: &Node) -> Result<()> {
        let Some(id) = attribute(node, "id") else { return Ok(()) };
        let kind = attribute(node, "type").unwrap_or_default();
        if kind == "result" {
            return self.answer_to_us(connection, node);
        }
        if kind == "error" {
            return Ok(());
        }
        let namespace = attribute(node, "xmlns").unwrap_or_default();
        let children: Vec<Node> = match (namespace.as_str(), device) {
            ("md", None) => return self.link_code_request(connection, &id, node),
            ("md", Some(device)) => return self.device_request(connection, device, &id, node),
            ("passive", Some(device)) => {
                self.send(connection, result(&id, Vec::new()));
                if node.get_optional_child("active").is_some() {
                    self.activate(connection, device)?;
                }
                return Ok(());
            }
            ("encrypt", Some(device)) if kind == "set" => {
                self.send(connection, result(&id, Vec::new()));
                return self.upload(device, node).await;
            }
            ("encrypt", Some(device)) => self.keys(device, node)?,
            ("usync", Some(_)) => vec![self.look_up(node)?],
            ("w:sync:app:state", Some(_)) => vec![app_state(node)],
            ("w:g2", Some(_)) => match self.group_request(node) {
                Some(answer) => vec![answer],
                None => {
                    self.send(connection, failure(&id, 404, "item-not-found"));
                    return Ok(());
                }
            },
            ("abt" | "w", Some(_)) => vec![NodeBuilder::new("props").attr("protocol", "1").attr("hash", "sim").build()],
            ("blocklist", Some(_)) => vec![NodeBuilder::new("list").build()],
            ("privacy", Some(_)) => vec![NodeBuilder::new("privacy").build()],
            ("w:p" | "urn:xmpp:ping", _) => Vec::new(),
            _ => {
                *self.counters.unknown_requests.entry(namespace.clone()).or_default() += 1;
                Vec::new()
            }
        };
        self.send(connection, result(&id, children));
        Ok(())
    }

    /// An unknown device is shown six references to make QR codes of.
    pub(super) fn offer_pairing(&mut self, connection: u64) {
        let references: Vec<String> = (0..6).map(|_| random_id("2@", 24)).collect();
        let offer = NodeBuilder::new("pair-device")
            .children(references.iter().map(|text| NodeBuilder::new("ref").bytes(text.as_bytes()).build()))
            .build();
        self.set_stage(connection, Stage::Pairing { references, link_code: None, scanned: None });
        self.send(connection, request(&random_id("", 8), "md", offer));
    }

    /// `md` requests of a linked device: it logs itself out.
    fn device_request(&mut self, connection: u64, device: u16, id: &str, node: &Node) -> Result<()> {
        self.send(connection, result(id, Vec::new()));
        if node.get_optional_child("remove-companion-device").is_some() {
            self.unlink(device)?;
        }
        Ok(())
    }

    /// An upload of pre-keys, or of a rotated signed pre-key.
    async fn upload(&mut self, device: u16, node: &Node) -> Result<()> {
        let Some(companion) = self.companions.get_mut(&device) else { return Ok(()) };
        let rotation = node.get_optional_child("rotate");
        let signed = rotation.unwrap_or(node).get_optional_child("skey");
        if let Some(signed) = signed {
            companion.signed = Some((
                number(child_content(signed, "id")),
                child_content(signed, "value").into(),
                child_content(signed, "signature").into(),
            ));
        }
        if rotation.is_none() {
            if let Some(registration) = node.get_optional_child("registration") {
                companion.registration_id = Some(number(content(registration)));
            }
            for key in node.get_optional_child("list").and_then(|list| list.children()).unwrap_or_default() {
                companion.one_time.insert(number(child_content(key, "id")), child_content(key, "value").into());
            }
        }
        let share = !companion.key_shared && companion.signed.is_some();
        self.save_companion(device)?;
        if share {
            self.share_app_state_key(device).await?;
        }
        Ok(())
    }

    /// Questions about keys: how many are left, a digest of them, bundles of others.
    fn keys(&mut self, device: u16, node: &Node) -> Result<Vec<Node>> {
        if let Some(query) = node.get_optional_child("key") {
            let mut users = Vec::new();
            for user in query.get_children_by_tag("user") {
                if let Some(jid) = address(user, "jid") {
                    users.push(self.bundle_of(&jid)?);
                }
            }
            return Ok(vec![NodeBuilder::new("list").children(users).build()]);
        }
        let Some(companion) = self.companions.get(&device) else { return Ok(Vec::new()) };
        if node.get_optional_child("count").is_some() {
            return Ok(vec![NodeBuilder::new("count").attr("value", companion.one_time.len() as u64).build()]);
        }
        let Some((id, key, signature)) = &companion.signed else { return Ok(Vec::new()) };
        let one_time: Vec<&[u8]> = companion.one_time.values().map(|key| key.0.as_slice()).collect();
        let hash = compute_key_bundle_digest(&companion.identity.0, &key.0, &signature.0, &one_time);
        let list = companion.one_time.keys().map(|id| NodeBuilder::new("id").bytes(id_bytes(*id)).build());
        let registration = companion.registration_id.unwrap_or(0).to_be_bytes().to_vec();
        Ok(vec![
            NodeBuilder::new("digest")
                .children([
                    NodeBuilder::new("registration").bytes(registration).build(),
                    NodeBuilder::new("type").bytes([5u8]).build(),
                    NodeBuilder::new("identity").bytes(companion.identity.0.clone()).build(),
                    signed_key(&(*id, key.0.clone(), signature.0.clone())),
                    NodeBuilder::new("list").children(list).build(),
                    NodeBuilder::new("hash").bytes(hash).build(),
                ])
                .build(),
        ])
    }

    /// Tells companions that are there how few of their one-time keys are left.
    pub(super) fn keys_low(&mut self, companion: Option<u16>) -> Value {
        let all = self.logged_in(companion);
        for (connection, device) in &all {
            let left = self.companions.get(device).map_or(0, |companion| companion.one_time.len() as u64);
            let notification = NodeBuilder::new("notification")
                .attr("from", server_jid())
                .attr("type", "encrypt")
                .attr("id", random_id("", 8))
                .attr("t", now_s())
                .children([NodeBuilder::new("count").attr("value", left).build()])
                .build();
            self.send(*connection, notification);
        }
        json!({ "connections": all.len() })
    }

    /// One `<user>` of a bundle answer.
    fn bundle_of(&mut self, jid: &Jid) -> Result<Node> {
        let mut identity = None;
        let bundle = if self.is_own(jid) && jid.device == 0 {
            let bundle = self.phone.bundle().while_doing(signal_failed)?;
            self.save_phone()?;
            Some(bundle)
        } else if self.is_own(jid) {
            let newest = super::knobs_of(&self.knobs).is_on(Name::NewestKeysFirst);
            let bundle = self.companions.get_mut(&jid.device).filter(|companion| !companion.unlinked).and_then(|companion| {
                identity = Some(companion.signed_identity.0.clone());
                companion.take_bundle(newest)
            });
            self.save_companion(jid.device)?;
            bundle
        } else if jid.is_pn() && jid.device == 0 && self.make_peer(&jid.user)? {
            let peer = self.peers.get_mut(jid.user.as_str());
            let bundle = peer.map(|peer| peer.bundle()).transpose().while_doing(signal_failed)?;
            self.save_peer(&jid.user)?;
            bundle
        } else {
            None
        };
        let user = NodeBuilder::new("user").attr("jid", jid);
        let Some(bundle) = bundle else {
            let error = NodeBuilder::new("error").attr("code", "406").attr("text", "not-acceptable").build();
            return Ok(user.children([error]).build());
        };
        self.counters.bundles_taken += 1;
        let registration = bundle.registration_id.to_be_bytes().to_vec();
        let mut children = vec![NodeBuilder::new("registration").bytes(registration).build()];
        children.extend(bundle_nodes(&bundle));
        if let Some(identity) = identity {
            children.push(NodeBuilder::new("device-identity").bytes(identity).build());
        }
        Ok(user.children(children).build())
    }

    /// `usync`: who is on WhatsApp, with which devices.
    fn look_up(&mut self, node: &Node) -> Result<Node> {
        let Some(usync) = node.get_optional_child("usync") else { return Err(refused("a look-up without a body")) };
        let wanted: Vec<String> = usync
            .get_optional_child("query")
            .and_then(|query| query.children())
            .unwrap_or_default()
            .iter()
            .map(|child| child.tag.to_string())
            .collect();
        let asked: Vec<&Node> =
            usync.get_optional_child("list").map(|list| list.get_children_by_tag("user").collect()).unwrap_or_default();
        let mut users = Vec::new();
        for user in asked {
            users.extend(self.look_up_user(user, &wanted)?);
        }
        let states = wanted.into_iter().map(|tag| NodeBuilder::new_dynamic(tag).build());
        Ok(NodeBuilder::new("usync")
            .attr("sid", attribute(usync, "sid").unwrap_or_default())
            .attr("index", 0u8)
            .attr("last", "true")
            .attr("mode", attribute(usync, "mode").unwrap_or_default())
            .attr("context", attribute(usync, "context").unwrap_or_default())
            .children([NodeBuilder::new("result").children(states).build(), NodeBuilder::new("list").children(users).build()])
            .build())
    }

    fn look_up_user(&mut self, user: &Node, wanted: &[String]) -> Result<Option<Node>> {
        let asked_number = user
            .get_optional_child("contact")
            .map(|contact| String::from_utf8_lossy(content(contact)).trim_start_matches('+').to_owned());
        let jid = match (address(user, "jid"), &asked_number) {
            (Some(jid), _) => jid.to_non_ad(),
            (None, Some(number)) => Jid::pn(number.as_str()),
            (None, None) => return Ok(None),
        };
        let own = self.is_own(&jid);
        let registered = own || (jid.is_pn() && self.make_peer(&jid.user)?);
        let mut children = Vec::new();
        for tag in wanted {
            match tag.as_str() {
                "devices" if registered => children.push(self.device_list(own)),
                "contact" => {
                    let kind = if registered { "in" } else { "out" };
                    let asked = asked_number.clone().unwrap_or_else(|| jid.user.to_string());
                    children.push(NodeBuilder::new("contact").attr("type", kind).string_content(asked).build());
                }
                "lid" if own => children.push(NodeBuilder::new("lid").attr("val", self.own_lid(0)).build()),
                _ => {}
            }
        }
        Ok(Some(NodeBuilder::new("user").attr("jid", jid).children(children).build()))
    }

    fn device_list(&self, own: bool) -> Node {
        let mut devices = vec![NodeBuilder::new("device").attr("id", 0u8).build()];
        let linked = if own { self.linked() } else { Vec::new() };
        for device in &linked {
            devices.push(NodeBuilder::new("device").attr("id", *device).attr("key-index", *device).build());
        }
        let mut children = vec![NodeBuilder::new("device-list").children(devices).build()];
        if !linked.is_empty() {
            let details = waproto::codec::adv_key_index_list_to_vec(&wa::ADVKeyIndexList {
                raw_id: Some(self.account.raw_id),
                timestamp: Some(now_s()),
                current_index: linked.last().map(|device| u32::from(*device)),
                valid_indexes: std::iter::once(0).chain(linked.iter().map(|device| u32::from(*device))).collect(),
                ..Default::default()
            });
            let list = waproto::codec::adv_signed_key_index_list_to_vec(&wa::ADVSignedKeyIndexList {
                details: Some(details),
                ..Default::default()
            });
            children.push(NodeBuilder::new("key-index-list").attr("ts", now_s()).bytes(list).build());
        }
        NodeBuilder::new("devices").children(children).build()
    }
}

/// The keys of a bundle as elements.
pub fn bundle_nodes(bundle: &PublicBundle) -> Vec<Node> {
    let mut nodes =
        vec![NodeBuilder::new("type").bytes([5u8]).build(), NodeBuilder::new("identity").bytes(bundle.identity.clone()).build()];
    if let Some((id, key)) = &bundle.one_time {
        nodes.push(
            NodeBuilder::new("key")
                .children([
                    NodeBuilder::new("id").bytes(id_bytes(*id)).build(),
                    NodeBuilder::new("value").bytes(key.clone()).build(),
                ])
                .build(),
        );
    }
    nodes.push(signed_key(&bundle.signed));
    nodes
}

/// The bundle inside a `<keys>` of a retry receipt.
pub fn bundle_from(keys: &Node, registration_id: u32) -> Option<PublicBundle> {
    let signed = keys.get_optional_child("skey")?;
    let one_time =
        keys.get_optional_child("key").map(|key| (number(child_content(key, "id")), child_content(key, "value").to_vec()));
    Some(PublicBundle {
        registration_id,
        identity: child_content(keys, "identity").to_vec(),
        signed: (
            number(child_content(signed, "id")),
            child_content(signed, "value").to_vec(),
            child_content(signed, "signature").to_vec(),
        ),
        one_time,
    })
}

/// The registration id beside a `<keys>`.
pub fn registration_of(node: &Node) -> u32 {
    number(child_content(node, "registration"))
}

fn signed_key((id, key, signature): &(u32, Vec<u8>, Vec<u8>)) -> Node {
    NodeBuilder::new("skey")
        .children([
            NodeBuilder::new("id").bytes(id_bytes(*id)).build(),
            NodeBuilder::new("value").bytes(key.clone()).build(),
            NodeBuilder::new("signature").bytes(signature.clone()).build(),
        ])
        .build()
}

/// Every collection of the app state is empty: what was asked is repeated without patches.
fn app_state(node: &Node) -> Node {
    let asked: Vec<&Node> =
        node.get_optional_child("sync").map(|sync| sync.get_children_by_tag("collection").collect()).unwrap_or_default();
    let collections = asked.into_iter().map(|collection| {
        NodeBuilder::new("collection")
            .attr("name", attribute(collection, "name").unwrap_or_default())
            .attr("version", attribute(collection, "version").unwrap_or_else(|| "0".to_owned()))
            .build()
    });
    NodeBuilder::new("sync").children(collections).build()
}

/// The answer to a request.
pub fn result(id: &str, children: Vec<Node>) -> Node {
    let answer = NodeBuilder::new("iq").attr("from", server_jid()).attr("type", "result").attr("id", id);
    if children.is_empty() { answer.build() } else { answer.children(children).build() }
}

fn failure(id: &str, code: u16, text: &str) -> Node {
    let error = NodeBuilder::new("error").attr("code", code).attr("text", text).build();
    NodeBuilder::new("iq").attr("from", server_jid()).attr("type", "error").attr("id", id).children([error]).build()
}

/// A request of the server.
pub fn request(id: &str, namespace: &str, child: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("from", server_jid())
        .attr("type", "set")
        .attr("id", id)
        .attr("xmlns", namespace)
        .children([child])
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_survives_its_elements() {
        let bundle = PublicBundle {
            registration_id: 77,
            identity: vec![1; 32],
            signed: (5, vec![2; 32], vec![3; 64]),
            one_time: Some((65_537, vec![4; 32])),
        };
        let keys = NodeBuilder::new("keys").children(bundle_nodes(&bundle)).build();
        let read = bundle_from(&keys, 77).unwrap();
        assert_eq!(read.signed, bundle.signed);
        assert_eq!(read.one_time, bundle.one_time);
        assert_eq!(read.identity, bundle.identity);
    }
}
