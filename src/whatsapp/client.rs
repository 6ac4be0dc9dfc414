//! One linked device: the library's client, its events and its silences as plain data.
//!
//! With `transport` and the simulator the only file that names `whatsapp_rust`. It may import the
//! ground floor and the rule for receivers. Start with [`Link::start`].
//!
//! # What the library does, read in its source (whatsapp-rust 0.7.0), and relied on here
//! - **Inbound messages are acknowledged when we say so.** With an `InboundDurabilityHook` the
//!   library decrypts, writes the plaintext into `pending_inbound_messages`, calls the hook, and
//!   only when the hook returns `Ok` deletes the row and acknowledges to the server. After `Err` or
//!   a kill the message stays in the server's queue; when it comes again the plaintext is taken
//!   from the row (the ratchet has moved, it could not be decrypted twice) and the hook is called
//!   again. A kill between our commit and the acknowledgement delivers the message twice, so
//!   [`Ledger::commit`] must drop what it has; (chat, sender, id) names a message. Live messages
//!   come as batches of one, an offline backlog in batches of up to 400 every 3 s.
//!   Outside of this are newsletters and placeholder recoveries, which are acknowledged on
//!   their own path and come as events only; they reach [`Ledger::commit`] from there.
//! - **Outbound ratchets move on disk before the stanza leaves** (a leased counter), so a kill
//!   never encrypts two messages with one key.
//! - **Silence.** No event for a refused connection, a failed handshake or a stream error 429, 503
//!   and 515; a silent server is noticed after 84 s. [`super::transport`] sees the attempts, raw
//!   stanzas show the stream errors, and a watchdog here cuts a connection that is silent, after it
//!   has pinged for an answer.
//! - `Connected` comes after the offline backlog; `<success>` is the login itself.
//! - Events after `LoggedOut`, `StreamReplaced`, `TemporaryBan`, `ClientOutdated` and most
//!   `ConnectFailure`: the run loop ends, which is told as [`LinkEvent::Ended`].
//! - A pairing is saved by a lazy saver; we flush it when the phone accepts.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use sha2::{Digest, Sha256};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use wacore::iq::keepalive::KeepaliveSpec;
use wacore::net::{DisconnectReason, HttpClient, HttpRequest, HttpResponse};
use wacore::proto_helpers::{MessageBuilderExt, MessageExt};
use wacore::store::traits::DeviceStore;
use wacore::store::{Device, DevicePropsOverride};
use wacore::types::events::{ConnectFailureReason, Event, EventHandler, EventInterest, EventKind, InboundMessage};
use wacore::types::message::MessageInfo;
use waproto::whatsapp as wa;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::store::SqliteStore;
use whatsapp_rust::{Client, InboundDurabilityHook, Jid, SendOptions, anyhow};

use super::endpoint::Endpoint;
use super::fault::Fault;
use super::simulator::seed;
use super::transport::{Pulse, WatchedFactory};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{self, Home};
use crate::session::receiver::receiver;

/// The client version told to a simulator. A live server is asked for the newest one instead.
const LOOPBACK_VERSION: (u32, u32, u32) = (2, 3000, 1_030_000_000);

/// How long handing a message to the library may take before the caller may try again.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers of the server that wait for somebody who listens; more than a pump has under way.
const ANSWERS_KEPT: usize = 256;

/// How long a link may take to say goodbye and flush before it is dropped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(12);

/// Something that happened to the link, or did not happen for too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A connection is being made.
    Connecting {
        /// Counts from 1 for each link.
        attempt: u64,
    },
    /// It was not made, or its handshake failed.
    ConnectFailed {
        /// Where to look.
        fault: Fault,
        /// The error's words.
        detail: String,
    },
    /// A simulator with another key is there; the link cannot go on and must be built anew.
    EndpointChanged,
    /// A QR code can be scanned.
    QrCode {
        /// What it holds.
        code: String,
        /// For how long.
        valid_for: Duration,
    },
    /// A code can be typed on the phone.
    PairCode {
        /// The eight characters.
        code: String,
        /// For about how long.
        valid_for: Duration,
    },
    /// No pair code will come, or the one shown is no longer good.
    PairCodeFailed {
        /// Why.
        detail: String,
    },
    /// The phone accepted and the account wants a passkey, which this client does not have.
    PasskeyRequired,
    /// The phone accepted; the session reconnects now.
    PairAccepted,
    /// Linking failed.
    PairFailed {
        /// Why.
        detail: String,
    },
    /// Every QR code ran out; the link ends.
    QrExhausted,
    /// The server took the login.
    LoggedIn,
    /// The session is usable.
    Connected,
    /// What came while offline has been fetched.
    OfflineSyncDone,
    /// The connection is gone; the library tries again.
    Disconnected {
        /// How it ended.
        detail: String,
    },
    /// The account removed this device; the link ends.
    LoggedOut,
    /// The account, or its phone, is locked or gone; the link ends.
    MainDeviceGone,
    /// Another client took this one's place; the link ends.
    StreamReplaced,
    /// The account is banned for a while; the link ends.
    TemporaryBan {
        /// For how long, when the server said it.
        expires_after: Option<Duration>,
    },
    /// The server refuses this client version; the link ends.
    ClientOutdated,
    /// The server refused the login for another reason.
    LoginRefused {
        /// The server's code.
        code: i32,
        /// Whether the library tries again by itself.
        retries: bool,
    },
    /// The server ends the stream with a code: 429, 503, 515, …
    StreamError {
        /// The server's code; empty when it gave none.
        code: String,
    },
    /// The server answered a message that was sent.
    Ack {
        /// The message's id.
        message_id: String,
        /// The server's error code; it took the message when there is none.
        error: Option<String>,
    },
    /// Somebody received or read messages.
    Receipt {
        /// The chat's JID.
        chat: String,
        /// Their ids.
        message_ids: Vec<String>,
        /// `delivered`, `read`, …
        kind: String,
    },
    /// A message came that cannot be decrypted; one with the same id may follow.
    Undecryptable(LinkMessage),
    /// The server was silent for longer than the watchdog allows; the connection is cut.
    Silence {
        /// For how long.
        silent_ms: u64,
    },
    /// The ledger could not write down a connection or a message; the server keeps the message.
    StoreFailed {
        /// Why.
        detail: String,
    },
    /// The link has ended and will not connect again.
    Ended,
}

/// A message as received, decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkMessage {
    /// WhatsApp's id.
    pub id: String,
    /// The chat's JID, without a device; a phone number's where one is known.
    pub chat: String,
    /// The sender's JID, likewise.
    pub sender: String,
    /// Whether this account sent it, from another device.
    pub from_me: bool,
    /// The sender's name for itself; empty when unknown.
    pub sender_name: String,
    /// The text or caption; empty for what has none.
    pub text: String,
    /// `text`, `image`, `reaction`, …
    pub kind: String,
    /// The sender's time, milliseconds since the epoch.
    pub sent_ms: i64,
}

/// What must be on the disk before the library may go on.
#[async_trait::async_trait]
pub trait Ledger: Send + Sync {
    /// A connection is open and the login is next: from here on Signal state may move.
    async fn before_login(&self) -> Result<()>;

    /// Stores messages, all or none, durably; drops those it has. They are acknowledged to the
    /// server when this returns `Ok`, and come again when it does not.
    async fn commit(&self, messages: Vec<LinkMessage>) -> Result<()>;
}

/// Takes events; cheap to clone. Never blocks and never drops: a daemon's events are few, and
/// messages do not come this way.
#[derive(Clone)]
pub(super) struct Reporter(mpsc::UnboundedSender<LinkEvent>);

impl Reporter {
    /// Hands over one event; nobody listens any more when the link is being dropped.
    pub(super) fn report(&self, event: LinkEvent) {
        let _ = self.0.send(event);
    }
}

/// What a look into a store shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whether a phone has admitted this device, at some time.
    pub paired: bool,
    /// Names the device's key pair, which changes with each linking of a new store. Not a secret.
    pub fingerprint: String,
}

impl Identity {
    /// Reads a store that no link uses; `None` when there is no device in it.
    pub async fn read(session_db: &Path) -> Result<Option<Identity>> {
        if !session_db.exists() {
            return Ok(None);
        }
        let store = open_store(session_db).await?;
        let device = store.load().await.while_doing(|| format!("cannot read {}", session_db.display()))?;
        Ok(device.map(|device| Identity::of(&device)))
    }

    fn of(device: &Device) -> Identity {
        let paired = device.account.is_some() && device.pn.as_ref().is_some_and(|pn| !pn.user.is_empty());
        let digest = Sha256::digest([b"wpp device ", device.identity_key.public_key.public_key_bytes()].concat());
        Identity { paired, fingerprint: hex::encode(&digest[..8]) }
    }
}

async fn open_store(session_db: &Path) -> Result<SqliteStore> {
    let path = session_db
        .to_str()
        .ok_or_else(|| Error::new(ErrorKind::Usage, format!("{} is not valid UTF-8", session_db.display())))?;
    check_store(session_db)?;
    SqliteStore::new(path).await.while_doing(|| format!("cannot open {}", session_db.display())).map_err(damaged)
}

fn damaged(error: Error) -> Error {
    error.hint("`wpp doctor` checks the store; `wpp restore` brings back an archive of it")
}

/// Fails at once on a file that is no database: the library's pool would try for half a minute.
fn check_store(session_db: &Path) -> Result<()> {
    if !session_db.exists() {
        return Ok(());
    }
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // One of the library's begins with the list of its migrations.
    let sql = "SELECT count(*) > 0 AND count(*) FILTER (WHERE name IN ('__diesel_schema_migrations', 'device')) = 0
               FROM sqlite_schema WHERE type = 'table'";
    let is_strange = rusqlite::Connection::open_with_flags(session_db, flags).and_then(|connection| {
        // A log beside it that another database wrote stays beside it: it must not get into this one as it closes.
        let keep_log = |keep| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
        keep_log(true)?;
        let is_strange: bool = connection.query_row(sql, [], |row| row.get(0))?;
        if !is_strange {
            keep_log(false)?;
        }
        Ok(is_strange)
    });
    if is_strange.while_doing(|| format!("cannot read {}", session_db.display())).map_err(damaged)? {
        let text = format!("{} is a database of another program, or the log beside it is that of one", session_db.display());
        return Err(home::strange_log(session_db)
            .into_iter()
            .fold(Error::new(ErrorKind::Unexpected, text), Error::hint)
            .hint("else keep it, and bring the right one back with `wpp restore latest`"));
    }
    Ok(())
}

/// How a link is to be made.
pub struct LinkSettings {
    /// The home, which decides where to connect to.
    pub home: Home,
    /// The library's store.
    pub session_db: PathBuf,
    /// The name in the phone's list of linked devices.
    pub device_name: String,
    /// Silence after which a connection counts as dead.
    pub watchdog: Duration,
    /// Ask for a pair code for this number instead of a QR code.
    pub phone_number: Option<String>,
    /// What must be written down first.
    pub ledger: Arc<dyn Ledger>,
}

/// Why a message was not handed to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFailure {
    /// There is no connection now; try again when there is.
    NotConnected,
    /// The receiver cannot be one; trying again does not help.
    BadRecipient {
        /// Why.
        detail: String,
    },
    /// The library failed; it may or may not have left. The same id may be sent again.
    Failed {
        /// The library's words.
        detail: String,
    },
}

impl std::fmt::Display for SendFailure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SendFailure::NotConnected => formatter.write_str("not connected"),
            SendFailure::BadRecipient { detail } => write!(formatter, "the receiver is refused: {detail}"),
            SendFailure::Failed { detail } => write!(formatter, "not sent: {detail}"),
        }
    }
}

/// A message that this device and the account's phone know both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The chat's JID.
    pub chat: String,
    /// WhatsApp's id.
    pub message_id: String,
    /// Whether this account sent it.
    pub from_me: bool,
    /// The sender's time, milliseconds since the epoch.
    pub sent_ms: i64,
}

/// What the server said to a message: its id, and the error if it did not take it.
type Answer = (String, Option<String>);

/// Hands messages to a link; cheap to clone, and outlives the link harmlessly.
#[derive(Clone)]
pub struct Sender {
    client: Arc<Client>,
    answers: broadcast::Sender<Answer>,
    /// Whether a login stands now.
    online: watch::Receiver<bool>,
}

impl Sender {
    /// Whether a message could leave now.
    pub fn is_online(&self) -> bool {
        *self.online.borrow() && self.client.is_connected() && self.client.is_logged_in()
    }

    /// Encrypts a text and hands it to the server. `Ok` means that it left; whether the server took
    /// it is told by [`LinkEvent::Ack`] with this id. Fails at once while disconnected.
    pub async fn send_text(&self, message_id: &str, to: &str, text: &str) -> std::result::Result<(), SendFailure> {
        let to = recipient(to)?;
        if !self.is_online() {
            return Err(SendFailure::NotConnected);
        }
        let mut online = self.online.clone();
        let sending = self.client.send_message_with_options(
            to,
            wa::Message::text(text),
            SendOptions::default().with_message_id(message_id),
        );
        // The library waits for a connection that goes away meanwhile; we do not.
        tokio::select! {
            result = tokio::time::timeout(SEND_TIMEOUT, sending) => match result {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(SendFailure::Failed { detail: error.to_string() }),
                Err(_) => Err(SendFailure::Failed { detail: format!("no result in {} s", SEND_TIMEOUT.as_secs()) }),
            },
            _ = online.wait_for(|online| !online) => Err(SendFailure::NotConnected),
        }
    }
}

impl Sender {
    /// Makes the account's own phone start a new Signal session with this device, by sending it
    /// something encrypted in a new one: a request for what came before a message that both know.
    /// Nobody sees it, and what the phone answers is not kept. Without such a message the request
    /// names one that does not exist, to which a phone answers nothing.
    ///
    /// `Ok` means that the server took it.
    pub async fn wake_phone(&self, known: Option<&Known>) -> std::result::Result<(), SendFailure> {
        if !self.is_online() {
            return Err(SendFailure::NotConnected);
        }
        let made_up = || {
            let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
            let chat = self.client.pn().map(|jid| jid.to_non_ad_string()).unwrap_or_default();
            Known { chat, message_id: format!("3EB0{}", &id[..18]), from_me: true, sent_ms: crate::clock::now_ms() }
        };
        let known = known.cloned().unwrap_or_else(made_up);
        let chat = Jid::from_str(&known.chat).map_err(|error| SendFailure::BadRecipient { detail: error.to_string() })?;
        // Before the request leaves, or its answer could come unheard.
        let mut answers = self.answers.subscribe();
        let asking = async {
            let id = self
                .client
                .fetch_message_history(&chat, &known.message_id, known.from_me, known.sent_ms, 1)
                .await
                .map_err(|error| SendFailure::Failed { detail: error.to_string() })?;
            loop {
                match answers.recv().await {
                    Ok((answered, None)) if answered == id => return Ok(()),
                    Ok((answered, Some(error))) if answered == id => {
                        return Err(SendFailure::Failed { detail: format!("the server refused it: {error}") });
                    }
                    Ok(_) => {}
                    Err(error) => return Err(SendFailure::Failed { detail: format!("its answer was missed: {error}") }),
                }
            }
        };
        let mut online = self.online.clone();
        tokio::select! {
            result = tokio::time::timeout(SEND_TIMEOUT, asking) => {
                result.unwrap_or_else(|_| Err(SendFailure::Failed { detail: format!("no answer in {} s", SEND_TIMEOUT.as_secs()) }))
            }
            _ = online.wait_for(|online| !online) => Err(SendFailure::NotConnected),
        }
    }
}

fn recipient(to: &str) -> std::result::Result<Jid, SendFailure> {
    let bad = |detail: String| SendFailure::BadRecipient { detail };
    let jid = receiver(to).map_err(|error| bad(error.chain()))?;
    Jid::from_str(&jid).map_err(|error| bad(error.to_string()))
}

/// A linked device, or one that is being linked. Connects by itself until it is shut down or ends.
pub struct Link {
    client: Arc<Client>,
    answers: broadcast::Sender<Answer>,
    pulse: Arc<Pulse>,
    online: watch::Receiver<bool>,
    /// Set when the end is our own wish, so that nothing is reported about it.
    shutdown: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Link {
    /// Opens the store, making it if there is none, and begins to connect. The events come in their
    /// order; the last one is [`LinkEvent::Ended`].
    pub async fn start(settings: LinkSettings) -> Result<(Link, mpsc::UnboundedReceiver<LinkEvent>)> {
        let LinkSettings { home, session_db, device_name, watchdog, phone_number, ledger } = settings;
        let (sender, events) = mpsc::unbounded_channel();
        let reporter = Reporter(sender);
        let endpoint = Endpoint::for_home(&home)?;
        let mut pinned = None;
        if let Endpoint::Loopback(loopback) = &endpoint {
            check_store(&session_db)?;
            seed::seed_store(&session_db, loopback.simulator()).await?;
            pinned = Some(loopback.simulator().server_public_key.clone());
        }
        let store = open_store(&session_db).await?;
        let pulse = Arc::new(Pulse::default());
        let (online_writer, online) = watch::channel(false);
        let answers = broadcast::Sender::new(ANSWERS_KEPT);
        let factory =
            WatchedFactory { home, pinned, pulse: Arc::clone(&pulse), reporter: reporter.clone(), ledger: Arc::clone(&ledger) };
        let observer = Observer {
            reporter: reporter.clone(),
            pulse: Arc::clone(&pulse),
            online: online_writer,
            answers: answers.clone(),
            ledger: Arc::clone(&ledger),
            runtime: tokio::runtime::Handle::current(),
        };
        let props = DevicePropsOverride::new().with_os(device_name).with_platform_type(wa::device_props::PlatformType::DESKTOP);
        let mut builder = Bot::builder()
            .with_backend(store)
            .with_transport_factory(factory)
            .with_device_props(props)
            .with_inbound_durability_hook(Commit { ledger, reporter: reporter.clone() })
            .with_event_handler(observer)
            .skip_history_sync();
        if let Some(phone_number) = phone_number {
            builder = builder.with_pair_code(PairCodeOptions { phone_number, ..PairCodeOptions::default() });
        }
        let bot = match endpoint {
            Endpoint::Live => builder.build().await,
            Endpoint::Loopback(_) => builder.with_version(LOOPBACK_VERSION).with_http_client(NoWeb).build().await,
        }
        .while_doing(|| format!("cannot build a client on {}", session_db.display()))?;
        let client = bot.client();
        let (shutdown, shut_down) = oneshot::channel();
        let task = tokio::spawn(run(bot.spawn(), Arc::clone(&pulse), reporter, watchdog, shut_down));
        Ok((Link { client, answers, pulse, online, shutdown, task }, events))
    }

    /// Hands messages to this link.
    pub fn sender(&self) -> Sender {
        Sender { client: Arc::clone(&self.client), answers: self.answers.clone(), online: self.online.clone() }
    }

    /// Asks the server for a code to type on the phone with this number; it comes as an event.
    pub fn request_pair_code(&self, phone_number: String) {
        let client = Arc::clone(&self.client);
        // The result comes as an event, also when it is an error.
        tokio::spawn(async move {
            let _ = client.pair_with_code(PairCodeOptions { phone_number, ..PairCodeOptions::default() }).await;
        });
    }

    /// Cuts the connection; the library makes a new one.
    pub async fn cut(&self) {
        if let Some(connection) = self.pulse.current() {
            connection.cut().await;
        }
    }

    /// Forces what the library keeps in memory, such as a new pairing, to the disk.
    pub async fn flush(&self) -> Result<()> {
        self.client.persistence_manager().flush().await.while_doing(|| "the client library cannot write its store".into())
    }

    /// Names the device's keys, as [`Identity::fingerprint`] does.
    pub fn fingerprint(&self) -> String {
        Identity::of(&self.client.persistence_manager().get_device_snapshot()).fingerprint
    }

    /// This account's own JID, with its phone number; `None` before a phone admitted the device.
    pub fn account(&self) -> Option<String> {
        self.client.pn().map(|jid| jid.to_non_ad_string())
    }

    /// When the server was last heard on this connection, milliseconds since the epoch.
    pub fn last_heard_ms(&self) -> Option<i64> {
        i64::try_from(self.client.stats().last_data_received_ms).ok().filter(|heard| *heard > 0)
    }

    /// Says goodbye to the server, flushes everything to the store, and ends.
    pub async fn shutdown(self) {
        let Link { client, shutdown, mut task, .. } = self;
        // The task is gone when the link ended by itself; its store is flushed then.
        let _ = shutdown.send(());
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut task).await.is_err() {
            task.abort();
        }
        drop(client);
    }
}

/// Runs the client until it ends or is told to, with the watchdog beside it.
async fn run(mut handle: BotHandle, pulse: Arc<Pulse>, reporter: Reporter, watchdog: Duration, shutdown: oneshot::Receiver<()>) {
    let client = handle.client();
    // Raw stanzas show the login and the stream errors for which there is no event.
    let raw = client.acquire_raw_node_forwarding();
    let watching = tokio::spawn(watch_silence(Arc::clone(&client), pulse, reporter.clone(), watchdog));
    tokio::select! {
        () = &mut handle => {
            // What the library has not written yet, after it ended by itself.
            client.disconnect().await;
        }
        _ = shutdown => handle.shutdown().await,
    }
    watching.abort();
    drop(raw);
    reporter.report(LinkEvent::Ended);
}

/// Cuts a connection on which nothing was heard for `watchdog`; pings when half of that has gone.
async fn watch_silence(client: Arc<Client>, pulse: Arc<Pulse>, reporter: Reporter, watchdog: Duration) {
    let mut every = tokio::time::interval((watchdog / 8).clamp(Duration::from_millis(50), Duration::from_secs(2)));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let pinging = Arc::new(AtomicBool::new(false));
    loop {
        every.tick().await;
        let Some(connection) = pulse.current() else { continue };
        if connection.is_closed() {
            continue;
        }
        let silence = silence_of(&client, connection.opened());
        if silence >= watchdog {
            let silent_ms = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
            reporter.report(LinkEvent::Silence { silent_ms });
            connection.cut().await;
        } else if silence >= watchdog / 2 && connection.is_established() && !pinging.swap(true, Ordering::AcqRel) {
            // A quiet account hears nothing for long; the ping makes silence mean something.
            let (client, pinging) = (Arc::clone(&client), Arc::clone(&pinging));
            tokio::spawn(async move {
                let _ = client.execute(KeepaliveSpec::with_timeout(watchdog)).await;
                pinging.store(false, Ordering::Release);
            });
        }
    }
}

fn silence_of(client: &Client, opened: Instant) -> Duration {
    let since_open = opened.elapsed();
    let heard_ms = client.stats().last_data_received_ms;
    if heard_ms == 0 {
        return since_open;
    }
    // The library keeps a wall clock. The shorter of the two holds when that clock is set.
    let now_ms = u64::try_from(crate::clock::now_ms()).unwrap_or_default();
    since_open.min(Duration::from_millis(now_ms.saturating_sub(heard_ms)))
}

/// Turns the library's events into ours. Called by the library in its own tasks.
struct Observer {
    reporter: Reporter,
    pulse: Arc<Pulse>,
    online: watch::Sender<bool>,
    answers: broadcast::Sender<Answer>,
    ledger: Arc<dyn Ledger>,
    runtime: tokio::runtime::Handle,
}

impl EventHandler for Observer {
    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::RawNode,
            EventKind::PairingQrCode,
            EventKind::PairingCode,
            EventKind::PairingCodeRefresh,
            EventKind::PairingCodeError,
            EventKind::PairingQrCodesExhausted,
            EventKind::QrScannedWithoutMultidevice,
            EventKind::PairPasskeyRequest,
            EventKind::PairPasskeyError,
            EventKind::PairSuccess,
            EventKind::PairError,
            EventKind::Connected,
            EventKind::OfflineSyncCompleted,
            EventKind::Disconnected,
            EventKind::LoggedOut,
            EventKind::StreamReplaced,
            EventKind::TemporaryBan,
            EventKind::ClientOutdated,
            EventKind::ConnectFailure,
            EventKind::StreamError,
            EventKind::ServerAck,
            EventKind::Receipt,
            EventKind::UndecryptableMessage,
            EventKind::Messages,
        ])
    }

    fn handle_event(&self, event: Arc<Event>) {
        if let Some(event) = self.translate(&event) {
            match &event {
                LinkEvent::LoggedIn => drop(self.online.send_replace(true)),
                LinkEvent::Disconnected { .. }
                | LinkEvent::StreamError { .. }
                | LinkEvent::LoggedOut
                | LinkEvent::MainDeviceGone
                | LinkEvent::StreamReplaced
                | LinkEvent::TemporaryBan { .. }
                | LinkEvent::ClientOutdated
                | LinkEvent::LoginRefused { .. } => drop(self.online.send_replace(false)),
                // Mostly nobody waits for it here.
                LinkEvent::Ack { message_id, error } => drop(self.answers.send((message_id.clone(), error.clone()))),
                _ => {}
            }
            self.reporter.report(event);
        }
    }
}

impl Observer {
    fn translate(&self, event: &Event) -> Option<LinkEvent> {
        Some(match event {
            Event::RawNode(node) => {
                if let Some(connection) = self.pulse.current() {
                    connection.establish();
                }
                let node = node.get();
                match node.tag.as_ref() {
                    "success" => LinkEvent::LoggedIn,
                    // The others have events of their own.
                    "stream:error" => match node.attrs().optional_string("code").as_deref() {
                        Some(code @ ("429" | "503" | "515")) => LinkEvent::StreamError { code: code.to_owned() },
                        _ => return None,
                    },
                    _ => return None,
                }
            }
            Event::PairingQrCode(qr) => LinkEvent::QrCode { code: qr.code.clone(), valid_for: qr.timeout },
            Event::PairingCode(pair) => LinkEvent::PairCode { code: pair.code.clone(), valid_for: pair.timeout },
            Event::PairingCodeRefresh(_) => {
                LinkEvent::PairCodeFailed { detail: "the pair code is no longer valid; ask for another".to_owned() }
            }
            Event::PairingCodeError(error) => LinkEvent::PairCodeFailed { detail: error.error.clone() },
            Event::PairingQrCodesExhausted(_) => LinkEvent::QrExhausted,
            Event::QrScannedWithoutMultidevice(_) => {
                LinkEvent::PairFailed { detail: "the phone does not support linked devices".to_owned() }
            }
            Event::PairPasskeyRequest(_) => LinkEvent::PasskeyRequired,
            Event::PairPasskeyError(error) => {
                LinkEvent::PairFailed { detail: format!("the passkey stage failed: {}", error.error) }
            }
            Event::PairSuccess(_) => LinkEvent::PairAccepted,
            Event::PairError(error) => LinkEvent::PairFailed { detail: error.error.clone() },
            Event::Connected(_) => LinkEvent::Connected,
            Event::OfflineSyncCompleted(_) => LinkEvent::OfflineSyncDone,
            Event::Disconnected(disconnected) => LinkEvent::Disconnected { detail: ending(&disconnected.reason).to_owned() },
            Event::LoggedOut(out) => match out.reason {
                ConnectFailureReason::AccountLocked => LinkEvent::MainDeviceGone,
                _ => LinkEvent::LoggedOut,
            },
            Event::StreamReplaced(_) => LinkEvent::StreamReplaced,
            Event::TemporaryBan(ban) => LinkEvent::TemporaryBan { expires_after: ban.expire.to_std().ok() },
            Event::ClientOutdated(_) => LinkEvent::ClientOutdated,
            Event::ConnectFailure(failure) => match failure.reason {
                // A ban whose end the server did not say.
                ConnectFailureReason::TempBanned => LinkEvent::TemporaryBan { expires_after: None },
                ref reason => LinkEvent::LoginRefused { code: reason_code(reason), retries: reason.should_reconnect() },
            },
            Event::StreamError(error) => LinkEvent::StreamError { code: error.code.clone() },
            Event::ServerAck(ack) if ack.class.as_deref().is_none_or(|class| class == "message") => {
                LinkEvent::Ack { message_id: ack.id.clone(), error: ack.error.clone() }
            }
            Event::Receipt(receipt) => LinkEvent::Receipt {
                chat: receipt.source.chat.to_non_ad_string(),
                message_ids: receipt.message_ids.iter().map(ToString::to_string).collect(),
                kind: receipt_kind(&receipt.r#type),
            },
            Event::UndecryptableMessage(message) => {
                LinkEvent::Undecryptable(of_info(&message.info, "undecryptable", String::new()))
            }
            Event::Messages(batch) => {
                // The hook had the others before they were acknowledged.
                if !batch.hook_committed {
                    let messages: Vec<LinkMessage> = batch.messages.iter().filter_map(plain).collect();
                    let (ledger, reporter) = (Arc::clone(&self.ledger), self.reporter.clone());
                    self.runtime.spawn(async move {
                        if let Err(error) = ledger.commit(messages).await {
                            reporter.report(LinkEvent::StoreFailed { detail: error.chain() });
                        }
                    });
                }
                return None;
            }
            _ => return None,
        })
    }
}

fn ending(reason: &DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::ServerClose { .. } => "the server closed the connection",
        DisconnectReason::StreamEnded => "the connection ended",
        DisconnectReason::ReadError(_) => "the connection failed",
        DisconnectReason::Unknown => "the connection was cut",
    }
}

fn reason_code(reason: &ConnectFailureReason) -> i32 {
    use ConnectFailureReason as Reason;
    match reason {
        Reason::Generic => 400,
        Reason::LoggedOut => 401,
        Reason::TempBanned => 402,
        Reason::AccountLocked => 403,
        Reason::UnknownLogout => 406,
        Reason::ClientOutdated => 405,
        Reason::BadUserAgent => 409,
        Reason::CatExpired => 413,
        Reason::CatInvalid => 414,
        Reason::NotFound => 415,
        Reason::ClientUnknown => 418,
        Reason::InternalServerError => 500,
        Reason::Experimental => 501,
        Reason::ServiceUnavailable => 503,
        Reason::Unknown(code) => *code,
    }
}

fn receipt_kind(kind: &whatsapp_rust::types::presence::ReceiptType) -> String {
    use whatsapp_rust::types::presence::ReceiptType as Kind;
    match kind {
        Kind::Delivered => "delivered".to_owned(),
        Kind::Read => "read".to_owned(),
        Kind::Played => "played".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// The library's message in our words; `None` for what is no message to a person: key material,
/// history and app-state notices.
fn plain(message: &InboundMessage) -> Option<LinkMessage> {
    let body = message.message.get_base_message();
    let text = body.text_content().or_else(|| body.get_caption()).unwrap_or_default().to_owned();
    let kind = if let Some(protocol) = body.protocol_message.as_option() {
        use wa::message::protocol_message::Type;
        match protocol.r#type {
            Some(Type::REVOKE) => "revoke",
            Some(Type::MESSAGE_EDIT) => "edit",
            _ => return None,
        }
    } else if let Some(media) = wacore::send::media_type_from_message(body) {
        media
    } else if text.is_empty() && body.sender_key_distribution_message.is_set() {
        return None;
    } else {
        wacore::send::stanza_type_from_message(body)
    };
    let text = match body.reaction_message.as_option() {
        Some(reaction) => reaction.text.clone().unwrap_or_default(),
        None => text,
    };
    Some(of_info(&message.info, kind, text))
}

fn of_info(info: &MessageInfo, kind: &str, text: String) -> LinkMessage {
    let source = &info.source;
    let chat = if source.is_group || !source.chat.is_lid() {
        source.chat.to_non_ad_string()
    } else {
        let alternative = if source.is_from_me { &source.recipient_alt } else { &source.sender_alt };
        numbered(&source.chat, alternative.as_ref())
    };
    LinkMessage {
        id: info.id.to_string(),
        chat,
        sender: numbered(&source.sender, source.sender_alt.as_ref()),
        from_me: source.is_from_me,
        sender_name: info.push_name.clone(),
        text,
        kind: kind.to_owned(),
        sent_ms: info.timestamp.timestamp_millis(),
    }
}

/// The JID with a phone number where the stanza names one: it is what people send to.
fn numbered(jid: &Jid, alternative: Option<&Jid>) -> String {
    match alternative {
        Some(alternative) if jid.is_lid() && alternative.is_pn() => alternative.to_non_ad_string(),
        _ => jid.to_non_ad_string(),
    }
}

/// The durability hook: nothing is acknowledged before the ledger has it.
struct Commit {
    ledger: Arc<dyn Ledger>,
    reporter: Reporter,
}

#[async_trait::async_trait]
impl InboundDurabilityHook for Commit {
    async fn on_messages(&self, _client: Arc<Client>, batch: &[InboundMessage]) -> Result<(), anyhow::Error> {
        let messages: Vec<LinkMessage> = batch.iter().filter_map(plain).collect();
        if messages.is_empty() {
            return Ok(());
        }
        self.ledger.commit(messages).await.map_err(|error| {
            let detail = error.chain();
            self.reporter.report(LinkEvent::StoreFailed { detail: detail.clone() });
            anyhow::anyhow!("not stored: {detail}")
        })
    }
}

/// The web as a sandbox has it: there is none, so that nothing of it leaves this host.
struct NoWeb;

#[async_trait::async_trait]
impl HttpClient for NoWeb {
    async fn execute(&self, _request: HttpRequest) -> Result<HttpResponse, anyhow::Error> {
        Err(anyhow::anyhow!("a sandbox reaches loopback addresses only"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_numbers_or_jids() {
        for (good, jid) in [
            ("491701234567", "491701234567@s.whatsapp.net"),
            ("+49 170 123-4567", "491701234567@s.whatsapp.net"),
            ("1234-5678@g.us", "1234-5678@g.us"),
            ("77777@lid", "77777@lid"),
        ] {
            assert_eq!(recipient(good).unwrap().to_string(), jid, "{good}");
        }
        for bad in ["", "+", "12", "abc", "4917x1234567", "@s.whatsapp.net", "someone@example.org"] {
            assert!(matches!(recipient(bad), Err(SendFailure::BadRecipient { .. })), "{bad}");
        }
    }
}
