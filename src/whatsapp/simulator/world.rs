//! Everything the simulated server knows, and the rules by which stanzas and requests change it.
//!
//! Imports its sibling rooms: storage, signal, knobs, request. Start with [`World`]: connection
//! tasks call [`World::connect`], [`World::receive`] and [`World::disconnect`]; callers use
//! [`World::execute`]. Stanzas to companions collect in an outbox that is emptied only after the
//! event's changes are stored, so nobody sees an effect that a kill could undo.
//!
//! The other rooms add to [`World`]: `answers` (what a server answers by itself), `phone` (the
//! account's own phone), `peers` (everybody else), `adopt` (a device that was linked elsewhere).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::test_util::build_cert_chain_bytes;

use super::knobs::{Name, Setting};
use super::noise::Login;
use super::request::Request;
use super::signal::{self, Blob, PublicBundle, SignalDevice};
use super::storage::Storage;
use super::{SERVER, SharedKnobs};
use crate::error::{Context, Error, ErrorKind, Result};

/// What a connection task is told to do.
#[derive(Debug)]
pub enum Outgoing {
    /// Send this stanza.
    Stanza(Box<Node>),
    /// Send this stanza after this long; others may overtake it.
    Later(Duration, Box<Node>),
    /// Close the connection after this long; the client usually closes first.
    Close(Duration),
    /// Drop the TCP connection now.
    Drop,
}

/// How long a server waits for the client to hang up after it said why.
const LINGER: Duration = Duration::from_millis(200);

/// The account: one number with its phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// The phone number.
    pub number: String,
    /// The account's LID user.
    pub lid: String,
    /// The name that others see.
    pub name: String,
    /// The id in every device identity of this account.
    pub raw_id: u32,
    /// The number that the next companion gets, which is its key index too.
    pub next_device: u16,
    /// Id and bytes of the key that encrypts the app state.
    pub app_state_key: (Blob, Blob),
}

/// A linked device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Companion {
    /// Its device number, from 1.
    pub device: u16,
    /// Its static Noise key; a login is recognised by it.
    pub noise_public: Blob,
    /// Its identity key.
    pub identity: Blob,
    /// Its signed device identity, as it sent it back.
    pub signed_identity: Blob,
    /// When it was paired, in seconds since 1970.
    pub paired_at_s: u64,
    /// Whether the phone logged it out.
    pub unlinked: bool,
    /// Whether the phone has shared the app state key.
    pub key_shared: bool,
    /// Its registration id, known since its first upload.
    pub registration_id: Option<u32>,
    /// Its signed pre-key: id, public key, signature.
    pub signed: Option<(u32, Blob, Blob)>,
    /// Its one-time pre-keys that nobody has taken yet.
    pub one_time: BTreeMap<u32, Blob>,
}

impl Companion {
    /// The address that peers and the phone keep its Signal session under.
    pub fn address(&self) -> String {
        companion_address(self.device)
    }

    /// Takes a bundle out of the pool; `None` before the first upload. Its one-time key is the one
    /// with the lowest id, or with the highest if `newest`.
    pub fn take_bundle(&mut self, newest: bool) -> Option<PublicBundle> {
        let one_time = |pool: &mut BTreeMap<u32, Blob>| if newest { pool.pop_last() } else { pool.pop_first() };
        let (id, key, signature) = self.signed.clone()?;
        Some(PublicBundle {
            registration_id: self.registration_id?,
            identity: self.identity.0.clone(),
            signed: (id, key.0, signature.0),
            one_time: one_time(&mut self.one_time).map(|(id, key)| (id, key.0)),
        })
    }
}

/// The Signal address of one of the account's companions.
pub fn companion_address(device: u16) -> String {
    format!("device:{device}")
}

/// Where a connection stands.
#[derive(Debug)]
pub enum Stage {
    /// The device is unknown and waits to be scanned.
    Pairing {
        /// The references that its QR codes carry.
        references: Vec<String>,
        /// The pair-code flow, once the companion asked for one.
        link_code: Option<super::phone::LinkCode>,
        /// The device number and the identity key of a companion whose pair-success is out.
        scanned: Option<(u16, Blob)>,
    },
    /// A known device is logged in.
    LoggedIn {
        /// Its number.
        device: u16,
        /// Whether it left passive mode, so that messages may be sent to it.
        active: bool,
        /// The backlog that it is fetching.
        backlog: Option<Backlog>,
    },
    /// It was told to go away.
    Ending,
}

/// A backlog under delivery.
#[derive(Debug)]
pub struct Backlog {
    /// How many were announced.
    pub announced: u64,
    /// The sequence number of the last that was sent.
    pub sent_up_to: i64,
}

struct Connection {
    sender: UnboundedSender<Outgoing>,
    stage: Stage,
    noise_public: Blob,
    pattern: &'static str,
}

/// Things that happened, for `status`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counters {
    /// Handshakes that ended well.
    pub connections: u64,
    /// Logins answered with success.
    pub logins: u64,
    /// Devices paired.
    pub pairings: u64,
    /// Messages that companions sent.
    pub messages_sent: u64,
    /// Of those, refused.
    pub messages_refused: u64,
    /// Messages queued for companions.
    pub messages_queued: u64,
    /// Retry receipts that companions sent.
    pub retries_asked_by_companions: u64,
    /// Retry receipts that peers and the phone sent.
    pub retries_asked_by_others: u64,
    /// Bundles handed out.
    pub bundles_taken: u64,
    /// Requests for history that companions sent to the phone.
    pub history_asked: u64,
    /// Events that failed inside the simulator; always a bug or a hostile client.
    pub faults: u64,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<String>,
    /// Requests of companions that were answered with an empty result, by namespace.
    pub unknown_requests: BTreeMap<String, u64>,
}

/// The simulated server.
pub struct World {
    pub(super) storage: Storage,
    pub(super) account: Account,
    pub(super) phone: SignalDevice,
    pub(super) companions: BTreeMap<u16, Companion>,
    pub(super) peers: BTreeMap<String, SignalDevice>,
    pub(super) groups: BTreeMap<String, super::peers::Group>,
    /// How often each party asked for each message again.
    pub(super) retries: HashMap<(String, String), u8>,
    pub(super) knobs: SharedKnobs,
    pub(super) counters: Counters,
    connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    outbox: Vec<(u64, Outgoing)>,
}

/// The server's long-lived key and the certificate that names it.
pub struct ServerKeys {
    /// The static Noise key pair.
    pub keys: KeyPair,
    /// The certificate chain as it is sent in the handshake.
    pub certificate: Vec<u8>,
}

impl World {
    /// Opens the state under `folder`, or creates keys and an account.
    pub fn open(folder: &Path, knobs: SharedKnobs) -> Result<(World, ServerKeys)> {
        let storage = Storage::open(&folder.join("simulator.db"))?;
        storage.begin()?;
        let private = match storage.load::<Blob>("server")? {
            Some(private) => private,
            None => {
                let private = KeyPair::generate(&mut signal::random()).private_key.serialize().as_slice().into();
                storage.save("server", &private)?;
                private
            }
        };
        let keys = signal::key_pair(&private).while_doing(|| "the simulator's key is damaged".to_owned())?;
        let account = match storage.load::<Account>("account")? {
            Some(account) => account,
            None => {
                let account = new_account();
                storage.save("account", &account)?;
                account
            }
        };
        let phone = match storage.load("phone")? {
            Some(phone) => phone,
            None => {
                let phone = SignalDevice::generate().while_doing(|| "cannot make the phone's keys".to_owned())?;
                storage.save("phone", &phone)?;
                phone
            }
        };
        let companions: Vec<Companion> = storage.load_all("companion/")?;
        let peers: Vec<(String, SignalDevice)> = storage.load_all("peer/")?;
        let groups: Vec<super::peers::Group> = storage.load_all("group/")?;
        storage.commit()?;

        let mut public = [0u8; 32];
        public.copy_from_slice(keys.public_key.public_key_bytes());
        let certificate = build_cert_chain_bytes(&public);
        let world = World {
            storage,
            account,
            phone,
            companions: companions.into_iter().map(|companion| (companion.device, companion)).collect(),
            peers: peers.into_iter().collect(),
            groups: groups.into_iter().map(|group| (group.id.clone(), group)).collect(),
            retries: HashMap::new(),
            knobs,
            counters: Counters::default(),
            connections: BTreeMap::new(),
            next_connection: 1,
            outbox: Vec::new(),
        };
        Ok((world, ServerKeys { keys, certificate }))
    }

    /// A client shook hands. Answers its login.
    pub fn connect(&mut self, sender: UnboundedSender<Outgoing>, login: &Login) -> Result<u64> {
        let id = self.next_connection;
        self.next_connection += 1;
        self.counters.connections += 1;
        let noise_public: Blob = login.noise_public.as_slice().into();
        let stage = Stage::Ending;
        self.connections.insert(id, Connection { sender, stage, noise_public: noise_public.clone(), pattern: login.pattern });

        let failure = super::knobs_of(&self.knobs).take(Name::LoginFailure);
        if let Some(Setting::LoginFailure { code, expire_s, .. }) = failure {
            self.refuse_login(id, code, expire_s);
        } else {
            // A client that was killed while it was being paired still names the placeholder: it does
            // not know that it is a companion, and has to be paired again.
            let knows_itself = login.username.is_some_and(|username| username.to_string() == self.account.number);
            let known = self.companions.values().find(|companion| {
                companion.noise_public == noise_public && login.device == Some(u32::from(companion.device)) && knows_itself
            });
            match known {
                Some(companion) if companion.unlinked => self.refuse_login(id, 401, None),
                Some(_) if super::knobs_of(&self.knobs).take(Name::MuteLogin).is_some() => {}
                Some(companion) => {
                    let device = companion.device;
                    self.log_in(id, device);
                }
                None => self.offer_pairing(id),
            }
        }
        self.flush();
        Ok(id)
    }

    fn refuse_login(&mut self, connection: u64, code: u16, expire_s: Option<u64>) {
        let mut failure = NodeBuilder::new("failure").attr("reason", code).attr("location", "sim");
        if code == 402 {
            failure = failure.attr("code", 101u16).attr("expire", expire_s.unwrap_or(3600));
        }
        self.send(connection, failure.build());
        self.end(connection);
    }

    fn log_in(&mut self, connection: u64, device: u16) {
        let others: Vec<u64> = self.logged_in(Some(device)).into_iter().map(|(id, _)| id).collect();
        for other in others {
            let conflict = NodeBuilder::new("conflict").attr("type", "replaced").build();
            self.send(other, NodeBuilder::new("stream:error").children([conflict]).build());
            self.end(other);
        }
        self.set_stage(connection, Stage::LoggedIn { device, active: false, backlog: None });
        self.counters.logins += 1;
        let success = NodeBuilder::new("success")
            .attr("t", now_s())
            .attr("lid", self.own_lid(device))
            .attr("props", "2")
            .attr("location", "sim")
            .build();
        self.send(connection, success);
    }

    /// A stanza came from a client.
    pub async fn receive(&mut self, connection: u64, node: Node) -> Result<()> {
        self.storage.begin()?;
        let result = self.dispatch(connection, &node).await;
        self.storage.commit()?;
        self.flush();
        result
    }

    async fn dispatch(&mut self, connection: u64, node: &Node) -> Result<()> {
        match (node.tag.as_ref(), self.device_of(connection)) {
            ("iq", device) => self.answer_iq(connection, device, node).await,
            ("message", Some(device)) => self.companion_message(connection, device, node).await,
            ("receipt", Some(device)) => self.companion_receipt(connection, device, node).await,
            ("ack", Some(device)) => self.companion_ack(device, node),
            ("ib", Some(device)) => self.companion_ib(connection, device, node),
            // Presence, typing and the like concern nobody here.
            _ => Ok(()),
        }
    }

    /// A client is gone.
    pub fn disconnect(&mut self, connection: u64) {
        self.connections.remove(&connection);
    }

    /// Remembers a fault for `status`.
    pub fn note_fault(&mut self, fault: String) {
        self.counters.faults += 1;
        self.counters.last_fault = Some(fault);
    }

    /// Does what a caller asks.
    pub async fn execute(&mut self, request: Request) -> Result<Value> {
        self.storage.begin()?;
        let result = self.perform(request).await;
        self.storage.commit()?;
        self.flush();
        result
    }

    async fn perform(&mut self, request: Request) -> Result<Value> {
        match request {
            Request::Status => self.status(),
            Request::Adopt { session_db } => self.adopt(&session_db).await,
            Request::PhoneScan { code } => self.phone_scan(&code),
            Request::PhonePairCode { code, number } => self.phone_pair_code(&code, number.as_deref()),
            Request::PhoneUnlink { companion } => self.phone_unlink(companion),
            Request::PhoneSend { to, text } => self.phone_send(&to, &text).await,
            Request::PhoneInbox => Ok(json!({ "messages": self.storage.inbox(super::phone::OWNER)? })),
            Request::PeerSend { from, text, count, group } => self.peer_send(&from, &text, count, group.as_deref()).await,
            Request::PeerInbox { peer } => Ok(json!({ "messages": self.storage.inbox(&peer)? })),
            Request::PeerForget { peer } => self.peer_forget(&peer),
            Request::KeysLow { companion } => Ok(self.keys_low(companion)),
            Request::GroupCreate { subject, members } => self.group_create(&subject, members).await,
            Request::Set { knob } => {
                super::knobs_of(&self.knobs).set(knob);
                Ok(json!({}))
            }
            Request::Clear { knob } => {
                super::knobs_of(&self.knobs).clear(knob);
                Ok(json!({}))
            }
            Request::StreamError { code } => self.stream_error(code),
            Request::Close => {
                let all: Vec<u64> = self.connections.keys().copied().collect();
                for id in &all {
                    self.outbox.push((*id, Outgoing::Drop));
                }
                Ok(json!({ "connections": all.len() }))
            }
        }
    }

    fn status(&self) -> Result<Value> {
        let mut companions = Vec::new();
        for companion in self.companions.values() {
            companions.push(json!({
                "device": companion.device,
                "jid": self.own_pn(companion.device).to_string(),
                "unlinked": companion.unlinked,
                "connected": !self.logged_in(Some(companion.device)).is_empty(),
                "active": self.active_connection(companion.device).is_some(),
                "one_time_keys": companion.one_time.len(),
                "highest_one_time_key": companion.one_time.keys().next_back(),
                "signed_key": companion.signed.as_ref().map(|(id, ..)| id),
                "queued": self.storage.queue_length(companion.device)?,
            }));
        }
        let connections: Vec<Value> = self
            .connections
            .values()
            .map(|connection| {
                let stage = match &connection.stage {
                    Stage::Pairing { .. } => "pairing",
                    Stage::LoggedIn { .. } => "logged_in",
                    Stage::Ending => "ending",
                };
                json!({ "stage": stage, "handshake": connection.pattern })
            })
            .collect();
        Ok(json!({
            "pid": std::process::id(),
            "number": self.account.number,
            "companions": companions,
            "connections": connections,
            "peers": self.peers.keys().collect::<Vec<_>>(),
            "groups": self.groups.keys().collect::<Vec<_>>(),
            "knobs": *super::knobs_of(&self.knobs),
            "counters": self.counters,
        }))
    }

    fn stream_error(&mut self, code: u16) -> Result<Value> {
        let all = self.logged_in(None);
        for (connection, _) in &all {
            let error = NodeBuilder::new("stream:error").attr("code", code);
            let error = match code {
                409 => error.children([NodeBuilder::new("conflict").attr("type", "replaced").build()]),
                401 => error.children([NodeBuilder::new("conflict").attr("type", "device_removed").build()]),
                _ => error,
            };
            self.send(*connection, error.build());
            self.end(*connection);
        }
        Ok(json!({ "connections": all.len() }))
    }

    // What the other rooms use.

    /// Sends a stanza to one connection once the event is stored.
    pub(super) fn send(&mut self, connection: u64, node: Node) {
        self.outbox.push((connection, Outgoing::Stanza(Box::new(node))));
    }

    /// Sends a stanza to one connection a moment later.
    pub(super) fn send_later(&mut self, connection: u64, delay: Duration, node: Node) {
        self.outbox.push((connection, Outgoing::Later(delay, Box::new(node))));
    }

    /// Closes a connection after a moment, in which the client may close it itself.
    pub(super) fn end(&mut self, connection: u64) {
        self.set_stage(connection, Stage::Ending);
        self.outbox.push((connection, Outgoing::Close(LINGER)));
    }

    pub(super) fn set_stage(&mut self, connection: u64, stage: Stage) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.stage = stage;
        }
    }

    pub(super) fn stage_mut(&mut self, connection: u64) -> Option<&mut Stage> {
        self.connections.get_mut(&connection).map(|connection| &mut connection.stage)
    }

    /// Every connection with its stage.
    pub(super) fn stages_mut(&mut self) -> impl Iterator<Item = (u64, &mut Stage)> {
        self.connections.iter_mut().map(|(id, connection)| (*id, &mut connection.stage))
    }

    pub(super) fn noise_public_of(&self, connection: u64) -> Option<Blob> {
        self.connections.get(&connection).map(|connection| connection.noise_public.clone())
    }

    /// The device that is logged in on a connection.
    pub(super) fn device_of(&self, connection: u64) -> Option<u16> {
        match self.connections.get(&connection)?.stage {
            Stage::LoggedIn { device, .. } => Some(device),
            Stage::Pairing { .. } | Stage::Ending => None,
        }
    }

    /// The logged-in connections, of one device or of all.
    pub(super) fn logged_in(&self, wanted: Option<u16>) -> Vec<(u64, u16)> {
        self.connections
            .iter()
            .filter_map(|(id, connection)| match connection.stage {
                Stage::LoggedIn { device, .. } if wanted.is_none_or(|wanted| wanted == device) => Some((*id, device)),
                _ => None,
            })
            .collect()
    }

    /// The connection of a device that takes messages at once.
    fn active_connection(&self, wanted: u16) -> Option<u64> {
        self.connections.iter().find_map(|(id, connection)| match &connection.stage {
            Stage::LoggedIn { device, active: true, backlog: None } if *device == wanted => Some(*id),
            _ => None,
        })
    }

    /// Queues a stanza for a companion until it is answered, and sends it now if that is possible.
    pub(super) fn deliver(&mut self, device: u16, class: &str, id: &str, node: Node) -> Result<()> {
        self.deliver_after(Duration::ZERO, device, class, id, node)
    }

    /// [`World::deliver`], but a companion that is there gets it a moment later.
    pub(super) fn deliver_after(&mut self, delay: Duration, device: u16, class: &str, id: &str, node: Node) -> Result<()> {
        let stanza = wacore_binary::marshal::marshal(&node).while_doing(|| "cannot encode a stanza".to_owned())?;
        self.storage.enqueue(device, class, id, &stanza)?;
        if class == "message" {
            self.counters.messages_queued += 1;
        }
        match self.active_connection(device) {
            Some(connection) if delay.is_zero() => self.send(connection, node),
            Some(connection) => self.send_later(connection, delay, node),
            None => {}
        }
        Ok(())
    }

    /// The companion left passive mode: its backlog is announced, or declared empty.
    pub(super) fn activate(&mut self, connection: u64, device: u16) -> Result<()> {
        let waiting = self.storage.queue_length(device)?;
        let backlog = (waiting > 0).then_some(Backlog { announced: waiting, sent_up_to: 0 });
        let announcement = if waiting == 0 {
            NodeBuilder::new("offline").attr("count", 0u8).build()
        } else {
            NodeBuilder::new("offline_preview")
                .attr("count", waiting)
                .attr("message", waiting)
                .attr("receipt", 0u8)
                .attr("notification", 0u8)
                .attr("appdata", 0u8)
                .attr("call", 0u8)
                .build()
        };
        self.set_stage(connection, Stage::LoggedIn { device, active: true, backlog });
        self.send(connection, NodeBuilder::new("ib").children([announcement]).build());
        Ok(())
    }

    /// `<ib>` from a companion: it asks for the next part of its backlog.
    fn companion_ib(&mut self, connection: u64, device: u16, node: &Node) -> Result<()> {
        let Some(request) = node.get_optional_child("offline_batch") else { return Ok(()) };
        let limit = request.attrs().optional_u64("count").unwrap_or(0).max(1);
        let Some(Stage::LoggedIn { backlog: Some(backlog), .. }) = self.stage_mut(connection) else {
            return Ok(());
        };
        let (announced, after) = (backlog.announced, backlog.sent_up_to);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let batch = self.storage.queued(device, after, limit)?;
        let last = batch.last().map_or(after, |queued| queued.sequence);
        for queued in batch {
            let bytes = wacore_binary::util::unpack(&queued.stanza).while_doing(|| "a queued stanza is damaged".to_owned())?;
            let mut stanza =
                wacore_binary::marshal::unmarshal_ref(&bytes).while_doing(|| "a queued stanza is damaged".to_owned())?.to_owned();
            stanza.attrs.insert("offline", "0");
            self.send(connection, stanza);
        }
        if self.storage.queued(device, last, 1)?.is_empty() {
            let end = NodeBuilder::new("offline").attr("count", announced).build();
            self.send(connection, NodeBuilder::new("ib").children([end]).build());
            self.set_stage(connection, Stage::LoggedIn { device, active: true, backlog: None });
        } else if let Some(Stage::LoggedIn { backlog: Some(backlog), .. }) = self.stage_mut(connection) {
            backlog.sent_up_to = last;
        }
        Ok(())
    }

    /// The account's phone-number address of a device; 0 is the phone.
    pub(super) fn own_pn(&self, device: u16) -> Jid {
        Jid::pn_device(self.account.number.as_str(), device)
    }

    /// The account's LID address of a device.
    pub(super) fn own_lid(&self, device: u16) -> Jid {
        Jid::lid_device(self.account.lid.as_str(), device)
    }

    /// Whether the address belongs to the account.
    pub(super) fn is_own(&self, jid: &Jid) -> bool {
        (jid.is_pn() && jid.user == self.account.number.as_str()) || (jid.is_lid() && jid.user == self.account.lid.as_str())
    }

    /// The devices that are linked now.
    pub(super) fn linked(&self) -> Vec<u16> {
        self.companions.values().filter(|companion| !companion.unlinked).map(|companion| companion.device).collect()
    }

    pub(super) fn save_companion(&self, device: u16) -> Result<()> {
        match self.companions.get(&device) {
            Some(companion) => self.storage.save(&format!("companion/{device:05}"), companion),
            None => Ok(()),
        }
    }

    pub(super) fn save_phone(&self) -> Result<()> {
        self.storage.save("phone", &self.phone)
    }

    pub(super) fn save_account(&self) -> Result<()> {
        self.storage.save("account", &self.account)
    }

    pub(super) fn save_peer(&self, number: &str) -> Result<()> {
        match self.peers.get(number) {
            Some(device) => self.storage.save(&format!("peer/{number}"), &(number, device)),
            None => Ok(()),
        }
    }

    fn flush(&mut self) {
        for (id, outgoing) in self.outbox.drain(..) {
            if let Some(connection) = self.connections.get(&id) {
                // A receiver that is gone is a connection that ended; its task says so itself.
                let _ = connection.sender.send(outgoing);
            }
        }
    }
}

/// Seconds since 1970.
pub fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Random bytes as upper-case hexadecimal digits behind a prefix.
pub fn random_id(prefix: &str, bytes: usize) -> String {
    use rand::Rng as _;
    let mut random = vec![0u8; bytes];
    signal::random().fill_bytes(&mut random);
    format!("{prefix}{}", hex::encode_upper(random))
}

/// `from` of everything that the server says itself.
pub fn server_jid() -> &'static str {
    SERVER
}

/// An error of the caller of a request.
pub fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}

/// A Signal operation that failed where it should not.
pub fn signal_failed() -> String {
    "the simulator's Signal state does not work".to_owned()
}

fn new_account() -> Account {
    use rand::{Rng as _, RngExt as _};
    let mut random = signal::random();
    let mut key = [0u8; 32];
    random.fill_bytes(&mut key);
    let mut key_id = [0u8; 6];
    random.fill_bytes(&mut key_id[4..]);
    Account {
        number: format!("1555{:07}", random.random_range(0..10_000_000u32)),
        lid: format!("{}", random.random_range(100_000_000_000_000u64..200_000_000_000_000)),
        name: "Simulated account".to_owned(),
        raw_id: random.random_range(1..=u32::MAX),
        next_device: 1,
        app_state_key: (key_id.as_slice().into(), key.as_slice().into()),
    }
}
