//! `wpp.db`: chats, contacts, messages, the outbox, events and the daemon's own markers.
//!
//! The daemon alone writes, through [`Messages::open`]; while no daemon runs, [`Messages::open_read_only`]
//! reads without leaving a file behind. No other room holds SQL on this database; everything that
//! comes out is plain data. All functions block; callers on an async runtime move them off it.
//!
//! What came in is kept in two steps. A write-ahead row in `inbound` holds the message as it came;
//! the projection turns it into a row of `messages`, once, in the same transaction when it can and
//! at the next opening when it could not. What goes out waits in `outbox` until the server says yes
//! or no; only then, when it said yes, does it join `messages`.

mod adopt;
mod events;
mod inbound;
mod open;
mod outbox;
mod proof;
mod stored;
#[cfg(test)]
mod tests;
mod traffic;
mod whole;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::proof::full_text_fault;
pub use self::traffic::{PhoneSigns, Traffic, VERSION};
pub use self::whole::{Table, columns, emptied, missing, stranger, tables, versions};

use self::adopt::ADOPTED;
pub use self::adopt::{Adopted, Adoption, adopt, paused_in};
pub use self::events::ban_told;
use self::events::{add_event, newest_event, prune, set_setting, setting};
use self::inbound::store;
use self::open::{DROP_INDEX_TRIGGERS, FOR_ANOTHER_ACCOUNT, FULL_TEXT_INDEX, INBOUND_KEPT_MS, OUTBOX_KEPT_MS, TRANSITIONS_MAX};
pub use self::open::{account_in, account_of, logged_out_in, newest_in, not_ours, recognise};
use self::outbox::{outbox_event, outgoing_by};
use self::stored::number;
use super::reading::{self, Reading, Refusal};
use super::state::{Reason, State};
use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::SessionPaths;

/// Newest events kept; a reader that resumes from before them is told that it missed some.
pub const EVENTS_MAX: i64 = 20_000;

/// Most messages that one look returns.
pub const MESSAGES_MAX: u32 = 1000;

/// Longest search, in bytes.
pub const SEARCH_BYTES_MAX: usize = 1000;

/// The kind of a message that could not be decrypted; a later readable copy takes its place.
pub const UNDECRYPTABLE: &str = "undecryptable";

/// A message as it came from the link, before it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// WhatsApp's id.
    pub id: String,
    /// The chat's JID.
    pub chat: String,
    /// The sender's JID, without a device.
    pub sender: String,
    /// Whether this account sent it, from the phone or another device.
    pub from_me: bool,
    /// The name that the sender gives themself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<String>,
    /// `text`, `image`, …, or [`UNDECRYPTABLE`].
    pub kind: String,
    /// The text or caption; empty for what has none.
    pub text: String,
    /// The sender's time, milliseconds since the epoch.
    pub sent_ms: i64,
}

/// What became of an incoming message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// It is new and stored.
    New,
    /// It took the place of a copy that could not be decrypted.
    Replaced,
    /// It was there already; nothing changed.
    Duplicate,
}

/// One message as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// WhatsApp's id, unique within the chat for one sender.
    pub id: String,
    /// The chat's JID.
    pub chat: String,
    /// The sender's JID.
    pub sender: String,
    /// Whether this account sent it.
    pub from_me: bool,
    /// The text; empty for what has none.
    pub text: String,
    /// `text`, `image`, …, or `undecryptable`.
    pub kind: String,
    /// The sender's time, milliseconds since the epoch.
    pub sent_ms: i64,
    /// When it was stored here, milliseconds since the epoch.
    pub stored_ms: i64,
}

/// One chat with its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Its JID.
    pub jid: String,
    /// The other's name; empty when unknown.
    pub name: String,
    /// The newest message's time, milliseconds since the epoch.
    pub last_message_ms: i64,
    /// Messages stored.
    pub messages: u64,
}

/// Whether a search used the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// The full-text index answered.
    Fts,
    /// The words hold no letter or digit, which the index does not know; the texts were compared.
    Scan,
    /// The index is missing, damaged or behind; the texts were compared instead, case by case.
    Degraded,
}

impl SearchMode {
    /// The name shown to people and machines.
    pub fn name(self) -> &'static str {
        match self {
            SearchMode::Fts => "fts",
            SearchMode::Scan => "scan",
            SearchMode::Degraded => "degraded",
        }
    }
}

impl fmt::Display for SearchMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How it was found.
    pub mode: SearchMode,
    /// What is wrong with the index, when something is.
    pub problem: Option<String>,
    /// Newest first.
    pub messages: Vec<Message>,
}

/// Where a message in the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waits for its turn or for the connection.
    Queued,
    /// Handed to the library; no acknowledgement yet.
    Sending,
    /// The server acknowledged it without an error.
    Accepted,
    /// The server refused it; it is not tried again.
    Rejected,
}

/// One row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The caller's id.
    pub client_message_id: String,
    /// WhatsApp's message id, the same at every try.
    pub message_id: String,
    /// The receiver's JID.
    pub chat: String,
    /// Text.
    pub text: String,
    /// Where it stands.
    pub state: OutboxState,
    /// How often it was handed to the library.
    pub tries: u32,
    /// When it was queued, milliseconds since the epoch.
    pub created_ms: i64,
    /// When it last changed, milliseconds since the epoch.
    pub changed_ms: i64,
    /// Queued: not tried before. Sending: handed over at. Milliseconds since the epoch.
    pub due_ms: i64,
    /// What the last try, or the server, said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One event of the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamEvent {
    /// The id to resume after. Ids grow, are at least the time in milliseconds, and are not used
    /// again even when an older database is restored.
    pub id: i64,
    /// `state`, `auth`, `message`, `outbox`, `receipt`, `gap`, …
    pub kind: String,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// What the kind says.
    pub data: serde_json::Value,
}

/// Events after an id.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The newest event that was removed after the id asked for, if any: events up to it are lost
    /// to this reader.
    pub lost_through: Option<i64>,
    /// In order.
    pub events: Vec<StreamEvent>,
}

/// One change of state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// From, such as `READY`.
    pub from: String,
    /// To.
    pub to: String,
    /// Why, such as `keepalive_timeout`.
    pub reason: String,
    /// What was said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The marker that the phone removed this device: the library's store goes on looking paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedOut {
    /// When it was seen, milliseconds since the epoch.
    pub at_ms: i64,
    /// Why, such as `logged_out` or `main_device_gone`.
    pub reason: Reason,
}

/// Sizes, for the status and for the manifest of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages stored.
    pub messages: u64,
    /// Of these, those that could not be decrypted.
    pub undecryptable: u64,
    /// Chats.
    pub chats: u64,
    /// Incoming messages not yet turned into messages.
    pub inbound_waiting: u64,
    /// Outgoing messages that the server has not answered.
    pub outbox_pending: u64,
    /// When the oldest of these was queued, milliseconds since the epoch.
    pub outbox_oldest_ms: Option<i64>,
    /// Outgoing messages that the server refused.
    pub outbox_rejected: u64,
    /// Events kept.
    pub events: u64,
    /// The newest event's id; zero when there is none.
    pub newest_event_id: i64,
}

/// Called with the newest event's id after each transaction that stored events.
pub type Observer = Box<dyn Fn(i64) + Send + Sync>;

/// The database of one session; clones share it.
#[derive(Clone)]
pub struct Messages(Arc<Shared>);

struct Shared {
    path: PathBuf,
    // Closed first: only a connection that may write removes the -wal and -shm files as it closes.
    reader: Mutex<Reader>,
    /// For what may take long, so that the outbox and the status do not wait for a search.
    searcher: Option<Mutex<Connection>>,
    writer: Option<Mutex<Connection>>,
    /// What the writer said of its database's version when it was opened: only what others write changes that.
    opened_at: Option<i64>,
    /// When that was first seen to have changed, milliseconds since the epoch; 0 for never.
    edited_ms: AtomicI64,
    writes: AtomicU64,
    observer: OnceLock<Observer>,
}

/// A second connection, so that reading does not hold up what comes in.
enum Reader {
    BesideWriter(Connection),
    Alone(Reading),
}

impl fmt::Debug for Messages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Messages").field("path", &self.0.path).field("read_only", &self.0.writer.is_none()).finish()
    }
}
