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

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::reading::{self, Reading, Refusal};
use super::state::{Reason, State};
use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::SessionPaths;

/// Marks the file as ours: `wppd` in ASCII.
const APPLICATION_ID: i32 = 0x7770_7064;

/// Name and SQL of every migration, in order; its number is its place, from 1. Never edited, only added to.
const MIGRATIONS: &[(&str, &str)] = &[
    ("first tables", FIRST_TABLES),
    ("full-text index", FULL_TEXT_INDEX),
    ("accounts of queued messages", ACCOUNTS_OF_QUEUED_MESSAGES),
];

const FIRST_TABLES: &str = "
CREATE TABLE migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_ms INTEGER NOT NULL,
    version    TEXT NOT NULL
);
CREATE TABLE settings (
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    changed_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE chats (
    jid             TEXT PRIMARY KEY,
    name            TEXT NOT NULL DEFAULT '',
    last_message_ms INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE contacts (
    jid        TEXT PRIMARY KEY,
    name       TEXT NOT NULL DEFAULT '',
    changed_ms INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE messages (
    number     INTEGER PRIMARY KEY,
    chat       TEXT NOT NULL,
    id         TEXT NOT NULL,
    -- the sender, or the empty text for this account, whose own JID has several forms
    author     TEXT NOT NULL,
    sender     TEXT NOT NULL,
    from_me    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    text       TEXT NOT NULL,
    sent_ms    INTEGER NOT NULL,
    stored_ms  INTEGER NOT NULL,
    UNIQUE (chat, id, author)
);
CREATE INDEX messages_by_time ON messages (sent_ms, number);
CREATE INDEX messages_by_chat ON messages (chat, sent_ms, number);
CREATE INDEX messages_undecryptable ON messages (kind) WHERE kind = 'undecryptable';
CREATE TABLE inbound (
    chat        TEXT NOT NULL,
    id          TEXT NOT NULL,
    author      TEXT NOT NULL,
    payload     TEXT NOT NULL,
    readable    INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    projected   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat, id, author)
);
CREATE INDEX inbound_waiting ON inbound (received_ms) WHERE projected = 0;
CREATE TABLE outbox (
    number            INTEGER PRIMARY KEY AUTOINCREMENT,
    client_message_id TEXT NOT NULL UNIQUE,
    message_id        TEXT NOT NULL UNIQUE,
    chat              TEXT NOT NULL,
    text              TEXT NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'rejected')),
    tries             INTEGER NOT NULL DEFAULT 0,
    created_ms        INTEGER NOT NULL,
    changed_ms        INTEGER NOT NULL,
    -- queued: not before this time; sending: handed over at this time
    due_ms            INTEGER NOT NULL,
    error             TEXT
);
CREATE INDEX outbox_open ON outbox (chat, number) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_rejected ON outbox (state) WHERE state = 'rejected';
CREATE TABLE events (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    data  TEXT NOT NULL
);
CREATE TABLE transitions (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms      INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    detail     TEXT
);
CREATE INDEX transitions_by_time ON transitions (at_ms);
";

const FULL_TEXT_INDEX: &str = "
CREATE VIRTUAL TABLE messages_fts USING fts5(
    text, content = 'messages', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.number, old.text);
END;
CREATE TRIGGER messages_fts_update AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.number, old.text);
    INSERT INTO messages_fts (rowid, text) VALUES (new.number, new.text);
END;
";

/// Whose message it is: the JID of the account that was linked when it was queued, or the empty text
/// for one that was queued before any account was, which the first account to be linked takes over.
const ACCOUNTS_OF_QUEUED_MESSAGES: &str = "
ALTER TABLE outbox ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE outbox SET account = coalesce((SELECT value FROM settings WHERE name = 'account'), '');
";

const DROP_INDEX_TRIGGERS: &str = "
DROP TRIGGER IF EXISTS messages_fts_insert;
DROP TRIGGER IF EXISTS messages_fts_delete;
DROP TRIGGER IF EXISTS messages_fts_update;
";

/// Newest events kept; a reader that resumes from before them is told that it missed some.
pub const EVENTS_MAX: i64 = 20_000;
/// Newest transitions kept.
const TRANSITIONS_MAX: i64 = 20_000;
/// How long a projected write-ahead row stays, for a look at what really came.
const INBOUND_KEPT_MS: i64 = 7 * 86_400_000;
/// Answered outbox rows are kept this long, so that a repeated client message id is recognised.
const OUTBOX_KEPT_MS: i64 = 30 * 86_400_000;
/// Old rows are removed once in so many transactions.
const PRUNE_EVERY: u64 = 256;
/// Most messages that one look returns.
pub const MESSAGES_MAX: u32 = 1000;
/// Longest search, in bytes.
pub const SEARCH_BYTES_MAX: usize = 1000;
/// Why a message is rejected when the session was linked to another account meanwhile.
pub const FOR_ANOTHER_ACCOUNT: &str =
    "it was queued for the account that was linked before, and is not sent from another; send it again under a new id";
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

// ── Opening ──

impl Messages {
    /// Opens the database for the daemon, which must hold the session's lock: makes it if it is not
    /// there, brings it to this version, projects what a crash left waiting and puts messages that
    /// were being sent back into the queue.
    ///
    /// Fails when the file is damaged, foreign, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Messages> {
        if !path.exists() {
            // Made here so that the mode is right before SQLite writes a byte; its -wal and -shm
            // files take the mode of the database.
            disk::create_file(path)?;
        }
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| failed(path, error))?;
        check_origin(&writer, path)?;
        prepare(&mut writer, path).map_err(|error| failed(path, error))?;
        let reading = || {
            connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| failed(path, error))
        };
        let (reader, searcher) = (reading()?, reading()?);
        let messages = Messages(Arc::new(Shared {
            path: path.to_owned(),
            writer: Some(Mutex::new(writer)),
            reader: Mutex::new(Reader::BesideWriter(reader)),
            searcher: Some(Mutex::new(searcher)),
            writes: AtomicU64::new(0),
            observer: OnceLock::new(),
        }));
        messages.note_index_gap()?;
        messages.project_waiting()?;
        messages.write("requeue", |transaction| {
            let now = clock::now_ms();
            transaction.execute(
                "UPDATE outbox SET state = 'queued', due_ms = 0, changed_ms = ?1 WHERE state = 'sending'",
                params![now],
            )?;
            prune(transaction, now)
        })?;
        Ok(messages)
    }

    /// Opens the database to read while no daemon runs, or while one runs and does not answer, and
    /// leaves no file behind that was not there (see [`reading`]).
    ///
    /// `None` when there is no database yet.
    pub fn open_read_only(session: &SessionPaths) -> Result<Option<Messages>> {
        let path = session.wpp_db();
        let reading = match reading::open(session, &path) {
            Ok(reading) => reading,
            Err(Refusal::Absent) => return Ok(None),
            Err(Refusal::Busy) => {
                return Err(Error::new(ErrorKind::Locked, format!("{} is just being opened or replaced", path.display()))
                    .hint("wait a moment and try again; `wpp status` says what the daemon does"));
            }
            Err(Refusal::Failed(error)) => return Err(failed(&path, error)),
            Err(Refusal::Disk(error)) => return Err(error),
        };
        check_origin(&reading.connection, &path)?;
        let shared = Shared {
            path,
            writer: None,
            reader: Mutex::new(Reader::Alone(reading)),
            searcher: None,
            writes: AtomicU64::new(0),
            observer: OnceLock::new(),
        };
        Ok(Some(Messages(Arc::new(shared))))
    }

    /// Sets who is told of new events; the first one set stays.
    pub fn observe(&self, observer: Observer) {
        let _ = self.0.observer.set(observer);
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    fn read<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        // A panic elsewhere leaves no open transaction: dropping one rolls it back.
        let reader = self.0.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let value = match &*reader {
            Reader::BesideWriter(connection) => look(connection),
            Reader::Alone(reading) => {
                let value = look(&reading.connection);
                reading.confirm()?;
                value
            }
        };
        value.map_err(|error| failed(&self.0.path, error))
    }

    /// [`Messages::read`] for what may take long.
    fn read_long<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        match &self.0.searcher {
            Some(searcher) => {
                look(&searcher.lock().unwrap_or_else(PoisonError::into_inner)).map_err(|error| failed(&self.0.path, error))
            }
            None => self.read(look),
        }
    }

    /// One transaction, on the disk when this returns. A damaged full-text index does not stop it:
    /// the index is then left alone, searches say that they are degraded, and the rest is stored.
    fn write<T>(&self, what: &str, act: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let Some(writer) = &self.0.writer else {
            return Err(Error::new(ErrorKind::Denied, format!("{} was opened to read only", self.0.path.display()))
                .hint("only the session's daemon writes it; start one with `wpp start`"));
        };
        let mut writer: MutexGuard<'_, Connection> = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let path = &self.0.path;
        let prunes = self.0.writes.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY == PRUNE_EVERY - 1;
        let newest_before = newest_event(&writer).map_err(|error| failed(path, error))?;
        let attempt = |writer: &mut Connection| -> Result<Result<T, rusqlite::Error>> {
            let transaction = match writer.transaction_with_behavior(TransactionBehavior::Immediate) {
                Ok(transaction) => transaction,
                Err(error) => return Ok(Err(error)),
            };
            disk::faults::point(what, path)?;
            let value = match act(&transaction) {
                Ok(value) => value,
                Err(error) => return Ok(Err(error)),
            };
            if prunes && let Err(error) = prune(&transaction, clock::now_ms()) {
                return Ok(Err(error));
            }
            disk::faults::point(what, path)?;
            if let Err(error) = transaction.commit() {
                return Ok(Err(error));
            }
            disk::faults::point(what, path)?;
            Ok(Ok(value))
        };
        let value = match attempt(&mut writer)? {
            Ok(value) => value,
            Err(error) if may_be_the_index(&error) => {
                // Without its triggers the index is left alone. If the fault lies elsewhere the
                // second attempt says so.
                writer.execute_batch(DROP_INDEX_TRIGGERS).map_err(|_| failed(path, error))?;
                attempt(&mut writer)?.map_err(|error| failed(path, error))?
            }
            Err(error) => return Err(failed(path, error)),
        };
        let newest = newest_event(&writer).map_err(|error| failed(path, error))?;
        if newest > newest_before
            && let Some(observer) = self.0.observer.get()
        {
            observer(newest);
        }
        Ok(value)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // Reads nothing of a hostile schema beyond what our own SQL asks for.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Refuses a database of another program and one of a newer version, before anything is written.
fn check_origin(connection: &Connection, path: &Path) -> Result<()> {
    let look = || -> rusqlite::Result<(i32, u32, i64)> {
        Ok((
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let (application, version, objects) = look().map_err(|error| failed(path, error))?;
    if application != APPLICATION_ID && objects > 0 {
        return Err(Error::new(ErrorKind::Unexpected, format!("{} is a database of another program", path.display()))
            .hint("move it away, or bring the right one back with `wpp restore`"));
    }
    if version as usize > MIGRATIONS.len() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "{} was written by a newer wpp (its version is {version}, this wpp knows {})",
                path.display(),
                MIGRATIONS.len()
            ),
        )
        .hint("use the newer wpp for this home, or restore a backup from before the upgrade"));
    }
    Ok(())
}

fn prepare(connection: &mut Connection, path: &Path) -> rusqlite::Result<()> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    debug_assert_eq!(mode, "wal");
    // FULL: what the server is told to forget must be on the disk here.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version as usize == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let fault = |what: &str| {
        disk::faults::point(what, path).map_err(|error| {
            rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR), Some(error.chain()))
        })
    };
    for (number, (name, sql)) in (1_u32..).zip(MIGRATIONS).skip(version as usize) {
        fault("migrate")?;
        transaction.execute_batch(sql)?;
        transaction.execute(
            "INSERT INTO migrations (number, name, applied_ms, version) VALUES (?1, ?2, ?3, ?4)",
            params![number, name, clock::now_ms(), env!("CARGO_PKG_VERSION")],
        )?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    fault("migrate")?;
    transaction.commit()
}

fn failed(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let name = path.display();
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => Error::new(ErrorKind::Locked, format!("{name} is busy"))
            .caused_by(error)
            .hint("wait a moment and try again; `wpp doctor` names who holds the session"),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => Error::new(ErrorKind::Unexpected, format!("{name} is damaged"))
            .caused_by(error)
            .hint("`wpp doctor` says how badly; `wpp restore latest --plan data` brings back the newest archive and keeps this file"),
        Some(Code::DiskFull) => Error::new(ErrorKind::Unexpected, format!("the disk is full, and {name} cannot be written"))
            .caused_by(error)
            .hint("free disk space; nothing of the last change was kept"),
        Some(Code::CannotOpen | Code::PermissionDenied | Code::ReadOnly) => {
            Error::new(ErrorKind::Unexpected, format!("{name} cannot be opened"))
                .caused_by(error)
                .hint("check the owner and mode of the file and its folder; `wpp doctor` checks both")
        }
        _ => Error::new(ErrorKind::Unexpected, format!("{name} cannot be used"))
            .caused_by(error)
            .hint("check free disk space and run `wpp doctor`"),
    }
}

/// Whether an error can come from the full-text index; busy, full and failing disks cannot.
fn may_be_the_index(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(failure.code, Code::DatabaseCorrupt | Code::Unknown),
        rusqlite::Error::SqlInputError { .. } => true,
        _ => false,
    }
}

// ── What comes in ──

impl Messages {
    /// Stores what came in: once, however often it is delivered.
    ///
    /// When this returns `Ok` the message is on the disk and the server may be told so. A message
    /// whose projection fails is kept in the write-ahead table and projected at the next opening.
    pub fn ingest(&self, incoming: &Incoming) -> Result<Ingested> {
        let payload = serde_json::to_string(incoming).while_doing(|| "cannot write down an incoming message".into())?;
        let now = clock::now_ms();
        self.write("ingest", |transaction| {
            let author = author(incoming);
            let readable = incoming.kind != UNDECRYPTABLE;
            let key = params![incoming.chat, incoming.id, author];
            // The write-ahead rows of old messages are gone; the messages are not.
            let stored: Option<String> = transaction
                .prepare_cached("SELECT kind FROM messages WHERE chat = ?1 AND id = ?2 AND author = ?3")?
                .query_row(key, |row| row.get(0))
                .optional()?;
            if stored.as_deref().is_some_and(|kind| kind != UNDECRYPTABLE || !readable) {
                return Ok(Ingested::Duplicate);
            }
            let written = transaction
                .prepare_cached(
                    "INSERT INTO inbound (chat, id, author, payload, readable, received_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT DO UPDATE SET payload = excluded.payload, readable = 1, received_ms = excluded.received_ms,
                         projected = 0
                     WHERE excluded.readable = 1 AND inbound.readable = 0",
                )?
                .execute(params![incoming.chat, incoming.id, author, payload, readable, now])?;
            if written == 0 {
                return Ok(Ingested::Duplicate);
            }
            project_or_leave(transaction, incoming, now)?;
            Ok(if stored.is_some() { Ingested::Replaced } else { Ingested::New })
        })
    }

    /// Projects every write-ahead row that waits; returns how many still do. Called at opening.
    pub fn project_waiting(&self) -> Result<u64> {
        let mut after = 0_i64;
        loop {
            // In small transactions, so that a crash in the middle loses little work.
            let last = self.write("project", |transaction| {
                let rows: Vec<(i64, String)> = transaction
                    .prepare_cached(
                        "SELECT rowid, payload FROM inbound WHERE projected = 0 AND rowid > ?1 ORDER BY rowid LIMIT 100",
                    )?
                    .query_map(params![after], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<rusqlite::Result<_>>()?;
                for (_, payload) in &rows {
                    // A row that an unknown version wrote stays, and is counted as waiting.
                    if let Ok(incoming) = serde_json::from_str::<Incoming>(payload) {
                        project_or_leave(transaction, &incoming, clock::now_ms())?;
                    }
                }
                Ok(rows.last().map(|row| row.0))
            })?;
            match last {
                Some(row) => after = row,
                None => return Ok(self.counts()?.inbound_waiting),
            }
        }
    }
}

/// What tells one account's messages from another's within a chat.
fn author(incoming: &Incoming) -> &str {
    if incoming.from_me { "" } else { &incoming.sender }
}

/// Projects within a savepoint: when that fails for a reason that is not the disk's, the write-ahead
/// row alone is kept.
fn project_or_leave(transaction: &Transaction<'_>, incoming: &Incoming, now: i64) -> rusqlite::Result<()> {
    transaction.execute_batch("SAVEPOINT projection")?;
    match project(transaction, incoming, now) {
        Ok(()) => transaction.execute_batch("RELEASE projection"),
        Err(rusqlite::Error::SqliteFailure(failure, _)) if failure.code == rusqlite::ErrorCode::ConstraintViolation => {
            transaction.execute_batch("ROLLBACK TO projection; RELEASE projection")
        }
        Err(error) => Err(error),
    }
}

fn project(transaction: &Transaction<'_>, incoming: &Incoming, now: i64) -> rusqlite::Result<()> {
    let message = Message {
        id: incoming.id.clone(),
        chat: incoming.chat.clone(),
        sender: incoming.sender.clone(),
        from_me: incoming.from_me,
        text: incoming.text.clone(),
        kind: incoming.kind.clone(),
        sent_ms: incoming.sent_ms,
        stored_ms: now,
    };
    if let Some(name) = incoming.sender_name.as_deref().filter(|name| !name.is_empty() && !incoming.from_me) {
        transaction
            .prepare_cached(
                "INSERT INTO contacts (jid, name, changed_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET name = excluded.name, changed_ms = excluded.changed_ms WHERE name <> excluded.name",
            )?
            .execute(params![incoming.sender, name, now])?;
    }
    if store(transaction, &message, author(incoming))? {
        add_event(transaction, "message", now, &json!(message))?;
    }
    transaction
        .prepare_cached("UPDATE inbound SET projected = 1 WHERE chat = ?1 AND id = ?2 AND author = ?3")?
        .execute(params![incoming.chat, incoming.id, author(incoming)])?;
    Ok(())
}

/// Puts a message into its table unless a readable one is there; says whether it did.
fn store(transaction: &Transaction<'_>, message: &Message, author: &str) -> rusqlite::Result<bool> {
    let written = transaction
        .prepare_cached(
            "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (chat, id, author) DO UPDATE SET
                 kind = excluded.kind, text = excluded.text, sent_ms = excluded.sent_ms, stored_ms = excluded.stored_ms
             WHERE messages.kind = 'undecryptable' AND excluded.kind <> 'undecryptable'",
        )?
        .execute(params![
            message.chat,
            message.id,
            author,
            message.sender,
            message.from_me,
            message.kind,
            message.text,
            message.sent_ms,
            message.stored_ms
        ])?;
    transaction
        .prepare_cached(
            "INSERT INTO chats (jid, last_message_ms) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET last_message_ms = max(last_message_ms, excluded.last_message_ms)",
        )?
        .execute(params![message.chat, message.sent_ms])?;
    Ok(written > 0)
}

// ── Looking at messages ──

const MESSAGE_COLUMNS: &str = "m.id, m.chat, m.sender, m.from_me, m.text, m.kind, m.sent_ms, m.stored_ms";

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        chat: row.get(1)?,
        sender: row.get(2)?,
        from_me: row.get(3)?,
        text: row.get(4)?,
        kind: row.get(5)?,
        sent_ms: row.get(6)?,
        stored_ms: row.get(7)?,
    })
}

impl Messages {
    /// Messages, newest first, of one chat or of all, at most [`MESSAGES_MAX`]; `before_ms` leaves
    /// out those that were sent at that time or later.
    pub fn list(&self, chat: Option<&str>, before_ms: Option<i64>, limit: u32) -> Result<Vec<Message>> {
        let before = before_ms.unwrap_or(i64::MAX);
        let limit = limit.min(MESSAGES_MAX);
        self.read_long(|connection| match chat {
            Some(chat) => connection
                .prepare_cached(&format!(
                    "SELECT {MESSAGE_COLUMNS} FROM messages m WHERE chat = ?1 AND sent_ms < ?2 ORDER BY sent_ms DESC, number DESC LIMIT ?3"
                ))?
                .query_map(params![chat, before, limit], message)?
                .collect(),
            None => connection
                .prepare_cached(&format!(
                    "SELECT {MESSAGE_COLUMNS} FROM messages m WHERE sent_ms < ?1 ORDER BY sent_ms DESC, number DESC LIMIT ?2"
                ))?
                .query_map(params![before, limit], message)?
                .collect(),
        })
    }

    /// Chats, the one with the newest message first.
    pub fn chats(&self) -> Result<Vec<Chat>> {
        self.read_long(|connection| {
            connection
                .prepare_cached(
                    "SELECT c.jid, coalesce(nullif(c.name, ''), k.name, ''), c.last_message_ms,
                         (SELECT count(*) FROM messages m WHERE m.chat = c.jid)
                     FROM chats c LEFT JOIN contacts k ON k.jid = c.jid ORDER BY c.last_message_ms DESC, c.jid",
                )?
                .query_map([], |row| {
                    Ok(Chat { jid: row.get(0)?, name: row.get(1)?, last_message_ms: row.get(2)?, messages: number(row, 3)? })
                })?
                .collect()
        })
    }

    /// Gives a chat its name, such as a group's subject.
    pub fn name_chat(&self, jid: &str, name: &str) -> Result<()> {
        self.write("name chat", |transaction| {
            transaction
                .execute(
                    "INSERT INTO chats (jid, name) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET name = excluded.name",
                    params![jid, name],
                )
                .map(drop)
        })
    }

    /// Messages that hold every word, newest first. Words are taken as they are typed: nothing in
    /// them is an operator, and each also matches as the beginning of a longer word.
    ///
    /// Fails with [`ErrorKind::Usage`] when there is no word, or too many.
    pub fn search(&self, words: &str, limit: u32) -> Result<Found> {
        if words.len() > SEARCH_BYTES_MAX {
            return Err(Error::new(ErrorKind::Usage, format!("the search is {} bytes long", words.len()))
                .hint(format!("search for at most {SEARCH_BYTES_MAX} bytes")));
        }
        let words: Vec<&str> =
            words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "the search holds no word").hint("give one or more words to look for"));
        }
        let limit = limit.min(MESSAGES_MAX);
        // The index knows letters and digits only; what has none is compared as text.
        let (indexed, compared): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.chars().any(char::is_alphanumeric));
        let problem = match self.index_problem().unwrap_or_else(|error| Some(error.chain())) {
            Some(problem) => problem,
            None if indexed.is_empty() => {
                return Ok(Found { mode: SearchMode::Scan, problem: None, messages: self.scan(&words, limit)? });
            }
            None => match self.search_index(&indexed, &compared, limit) {
                Ok(messages) => return Ok(Found { mode: SearchMode::Fts, problem: None, messages }),
                Err(error) => format!("the full-text index failed: {}", error.chain()),
            },
        };
        Ok(Found { mode: SearchMode::Degraded, problem: Some(problem), messages: self.scan(&words, limit)? })
    }

    fn search_index(&self, indexed: &[&str], compared: &[&str], limit: u32) -> Result<Vec<Message>> {
        // Quoted, a word is never an operator; a quote within it is doubled.
        let query: Vec<String> = indexed.iter().map(|word| format!("\"{}\"*", word.replace('"', "\"\""))).collect();
        let mut values: Vec<String> = vec![query.join(" ")];
        values.extend(compared.iter().map(|word| like(word)));
        self.read_long(|connection| {
            let sql = format!(
                "SELECT {MESSAGE_COLUMNS} FROM messages_fts JOIN messages m ON m.number = messages_fts.rowid
                 WHERE messages_fts MATCH ?{} ORDER BY m.sent_ms DESC, m.number DESC LIMIT {limit}",
                " AND m.text LIKE ? ESCAPE '\\'".repeat(compared.len())
            );
            connection.prepare(&sql)?.query_map(rusqlite::params_from_iter(values), message)?.collect()
        })
    }

    fn scan(&self, words: &[&str], limit: u32) -> Result<Vec<Message>> {
        self.read_long(|connection| {
            let conditions = vec!["m.text LIKE ? ESCAPE '\\'"; words.len()].join(" AND ");
            let sql = format!(
                "SELECT {MESSAGE_COLUMNS} FROM messages m WHERE {conditions} ORDER BY m.sent_ms DESC, m.number DESC LIMIT {limit}"
            );
            connection
                .prepare(&sql)?
                .query_map(rusqlite::params_from_iter(words.iter().map(|word| like(word))), message)?
                .collect()
        })
    }

    /// What is wrong with the full-text index, as far as a quick look shows; `None` when searches use it.
    pub fn index_problem(&self) -> Result<Option<String>> {
        self.read(|connection| {
            let present: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM sqlite_schema WHERE name IN
                         ('messages_fts', 'messages_fts_insert', 'messages_fts_delete', 'messages_fts_update',
                          'messages_fts_data', 'messages_fts_idx', 'messages_fts_docsize')",
                )?
                .query_row([], |row| row.get(0))?;
            if present != 7 {
                return Ok(Some("the full-text index is missing or no longer kept up".to_owned()));
            }
            if let Some(noted) = setting(connection, "index_problem")? {
                return Ok(Some(noted));
            }
            let ends: [i64; 4] = connection
                .prepare_cached(
                    "SELECT coalesce((SELECT min(number) FROM messages), 0), coalesce((SELECT min(id) FROM messages_fts_docsize), 0),
                         coalesce((SELECT max(number) FROM messages), 0), coalesce((SELECT max(id) FROM messages_fts_docsize), 0)",
                )?
                .query_row([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
            let whole = ends[0] == ends[1] && ends[2] == ends[3];
            Ok((!whole).then(|| "the full-text index does not reach over all messages".to_owned()))
        })
    }

    /// Compares the sizes of the index and of what it is over, and writes a difference down: once
    /// further messages are in the index, a look at its ends would no longer show it.
    fn note_index_gap(&self) -> Result<()> {
        let sizes = self.read(|connection| {
            connection.query_row(
                "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages_fts_docsize)",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
        });
        let problem = match sizes {
            Ok((messages, indexed)) if messages == indexed => return Ok(()),
            Ok((messages, indexed)) => format!("the full-text index holds {indexed} of {messages} messages"),
            Err(error) => format!("the full-text index cannot be counted: {}", error.chain()),
        };
        self.set_setting("index_problem", Some(&problem))
    }

    /// Makes the full-text index anew from the messages.
    pub fn rebuild_index(&self) -> Result<()> {
        self.write("rebuild index", |transaction| {
            transaction.execute_batch(DROP_INDEX_TRIGGERS)?;
            if let Err(error) = transaction.execute_batch("DROP TABLE IF EXISTS messages_fts") {
                // An index too damaged to be taken down by its own code is taken down table by table.
                for part in ["data", "idx", "docsize", "config"] {
                    transaction.execute_batch(&format!("DROP TABLE IF EXISTS messages_fts_{part}"))?;
                }
                transaction.execute_batch("DROP TABLE IF EXISTS messages_fts").map_err(|_| error)?;
            }
            // Tables that outlived the index they belonged to would block the new one.
            for part in ["data", "idx", "docsize", "config"] {
                transaction.execute_batch(&format!("DROP TABLE IF EXISTS messages_fts_{part}"))?;
            }
            transaction.execute_batch(FULL_TEXT_INDEX)?;
            transaction.execute_batch("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")?;
            set_setting(transaction, "index_problem", None)
        })
    }

    /// Sizes.
    pub fn counts(&self) -> Result<Counts> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages WHERE kind = 'undecryptable'),
                         (SELECT count(*) FROM chats), (SELECT count(*) FROM inbound WHERE projected = 0),
                         (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')),
                         (SELECT min(created_ms) FROM outbox WHERE state IN ('queued', 'sending')),
                         (SELECT count(*) FROM outbox WHERE state = 'rejected'),
                         (SELECT count(*) FROM events), (SELECT coalesce(max(id), 0) FROM events)",
                )?
                .query_row([], |row| {
                    Ok(Counts {
                        messages: number(row, 0)?,
                        undecryptable: number(row, 1)?,
                        chats: number(row, 2)?,
                        inbound_waiting: number(row, 3)?,
                        outbox_pending: number(row, 4)?,
                        outbox_oldest_ms: row.get(5)?,
                        outbox_rejected: number(row, 6)?,
                        events: number(row, 7)?,
                        newest_event_id: row.get(8)?,
                    })
                })
        })
    }
}

/// A count, which is never negative.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}

/// A word as a pattern of LIKE that matches it anywhere.
fn like(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

// ── What goes out ──

const OUTBOX_COLUMNS: &str = "client_message_id, message_id, chat, text, state, tries, created_ms, changed_ms, due_ms, error";

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let state: String = row.get(4)?;
    Ok(Outgoing {
        client_message_id: row.get(0)?,
        message_id: row.get(1)?,
        chat: row.get(2)?,
        text: row.get(3)?,
        state: match state.as_str() {
            "queued" => OutboxState::Queued,
            "sending" => OutboxState::Sending,
            "accepted" => OutboxState::Accepted,
            // The table lets no fifth name in.
            _ => OutboxState::Rejected,
        },
        tries: row.get(5)?,
        created_ms: row.get(6)?,
        changed_ms: row.get(7)?,
        due_ms: row.get(8)?,
        error: row.get(9)?,
    })
}

fn outgoing_by(connection: &Connection, column: &str, id: &str) -> rusqlite::Result<Option<Outgoing>> {
    connection
        .prepare_cached(&format!("SELECT {OUTBOX_COLUMNS} FROM outbox WHERE {column} = ?1"))?
        .query_row(params![id], outgoing)
        .optional()
}

fn outbox_event(transaction: &Transaction<'_>, row: &Outgoing, now: i64) -> rusqlite::Result<i64> {
    add_event(
        transaction,
        "outbox",
        now,
        &json!({
            "client_message_id": row.client_message_id,
            "message_id": row.message_id,
            "chat": row.chat,
            "state": row.state,
            "tries": row.tries,
            "error": row.error,
        }),
    )
}

impl Messages {
    /// Queues a message. The same client message id with the same content is the same message: the
    /// row that is there comes back with `true`.
    ///
    /// Fails with [`ErrorKind::Usage`] when that id was used for another content.
    pub fn enqueue(
        &self,
        client_message_id: &str,
        message_id: &str,
        chat: &str,
        text: &str,
        now_ms: i64,
    ) -> Result<(Outgoing, bool)> {
        let (row, duplicate) = self.write("enqueue", |transaction| {
            let written = transaction
                .prepare_cached(
                    "INSERT INTO outbox (client_message_id, message_id, chat, text, state, created_ms, changed_ms, due_ms, account)
                     VALUES (?1, ?2, ?3, ?4, 'queued', ?5, ?5, ?5, ?6) ON CONFLICT (client_message_id) DO NOTHING",
                )?
                .execute(params![
                    client_message_id,
                    message_id,
                    chat,
                    text,
                    now_ms,
                    setting(transaction, "account")?.unwrap_or_default()
                ])?;
            let row =
                outgoing_by(transaction, "client_message_id", client_message_id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            if written > 0 {
                outbox_event(transaction, &row, now_ms)?;
            }
            Ok((row, written == 0))
        })?;
        if duplicate && (row.chat != chat || row.text != text) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("the client message id {client_message_id:?} was used for another receiver or text"),
            )
            .hint("use a new id for a new message; the same id only repeats the same message"));
        }
        Ok((row, duplicate))
    }

    /// Takes the next message to hand to the library and marks it as being sent, or `None`.
    ///
    /// Within one chat the order of queueing is the order of sending: a message waits until the one
    /// before it was answered.
    pub fn take_due(&self, now_ms: i64) -> Result<Option<Outgoing>> {
        // Looked up first, without the write lock: mostly there is nothing.
        if self.read(|connection| due(connection, now_ms))?.is_none() {
            return Ok(None);
        }
        self.write("take due", |transaction| {
            let Some(message_id) = due(transaction, now_ms)? else { return Ok(None) };
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'sending', tries = tries + 1, due_ms = ?2, changed_ms = ?2 WHERE message_id = ?1",
                )?
                .execute(params![message_id, now_ms])?;
            outgoing_by(transaction, "message_id", &message_id)
        })
    }

    /// Puts a message that is being sent back into the queue, not to be tried before `due_ms`.
    /// `None` when it is not being sent.
    pub fn requeue(&self, message_id: &str, due_ms: i64, error: Option<&str>, now_ms: i64) -> Result<Option<Outgoing>> {
        self.write("requeue", |transaction| {
            let written = transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'queued', due_ms = ?2, changed_ms = ?3, error = ?4
                     WHERE message_id = ?1 AND state = 'sending'",
                )?
                .execute(params![message_id, due_ms, now_ms, error])?;
            if written == 0 {
                return Ok(None);
            }
            let row = outgoing_by(transaction, "message_id", message_id)?;
            if let Some(row) = &row {
                outbox_event(transaction, row, now_ms)?;
            }
            Ok(row)
        })
    }

    /// The server's answer: `None` accepts the message and stores it among the messages, an error
    /// rejects it. An answer that comes after the message went back into the queue counts too; one
    /// for a message that was answered before changes nothing. `None` when there is no such message.
    pub fn answer(&self, message_id: &str, error: Option<&str>, now_ms: i64) -> Result<Option<Outgoing>> {
        self.write("answer", |transaction| {
            let Some(before) = outgoing_by(transaction, "message_id", message_id)? else { return Ok(None) };
            if matches!(before.state, OutboxState::Accepted | OutboxState::Rejected) {
                return Ok(Some(before));
            }
            transaction
                .prepare_cached("UPDATE outbox SET state = ?2, changed_ms = ?3, error = ?4 WHERE message_id = ?1")?
                .execute(params![message_id, if error.is_some() { "rejected" } else { "accepted" }, now_ms, error])?;
            let after = outgoing_by(transaction, "message_id", message_id)?;
            if let Some(after) = &after {
                outbox_event(transaction, after, now_ms)?;
                if after.state == OutboxState::Accepted {
                    let sender = setting(transaction, "account")?.unwrap_or_default();
                    let message = Message {
                        id: after.message_id.clone(),
                        chat: after.chat.clone(),
                        sender,
                        from_me: true,
                        text: after.text.clone(),
                        kind: "text".into(),
                        sent_ms: now_ms,
                        stored_ms: now_ms,
                    };
                    if store(transaction, &message, "")? {
                        add_event(transaction, "message", now_ms, &json!(message))?;
                    }
                }
            }
            Ok(after)
        })
    }

    /// One row of the outbox by the caller's id.
    pub fn outgoing(&self, client_message_id: &str) -> Result<Option<Outgoing>> {
        self.read(|connection| outgoing_by(connection, "client_message_id", client_message_id))
    }

    /// The outbox: what waits and what was refused, or with `all` everything kept; oldest first.
    pub fn outbox(&self, all: bool, limit: u32) -> Result<Vec<Outgoing>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {OUTBOX_COLUMNS} FROM outbox WHERE ?1 OR state <> 'accepted' ORDER BY number LIMIT ?2"
                ))?
                .query_map(params![all, limit.min(MESSAGES_MAX)], outgoing)?
                .collect()
        })
    }

    /// Messages that are being sent, oldest first.
    pub fn sending(&self) -> Result<Vec<Outgoing>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {OUTBOX_COLUMNS} FROM outbox WHERE state = 'sending' ORDER BY number"))?
                .query_map([], outgoing)?
                .collect()
        })
    }

    /// When the queue next has something to do: the earliest time at which a message that waits for
    /// nothing but time may be sent. `None` when there is none.
    pub fn next_due_ms(&self) -> Result<Option<i64>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT min(o.due_ms) FROM outbox o WHERE {FIRST_OF_ITS_CHAT}"))?
                .query_row([], |row| row.get(0))
        })
    }
}

/// Queued, and nothing of the same chat before it waits for an answer.
const FIRST_OF_ITS_CHAT: &str = "o.state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM outbox e WHERE e.chat = o.chat AND e.number < o.number AND e.state IN ('queued', 'sending'))";

fn due(connection: &Connection, now_ms: i64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(&format!(
            "SELECT o.message_id FROM outbox o WHERE {FIRST_OF_ITS_CHAT} AND o.due_ms <= ?1 ORDER BY o.number LIMIT 1"
        ))?
        .query_row(params![now_ms], |row| row.get(0))
        .optional()
}

// ── Events, transitions, markers ──

impl Messages {
    /// Stores an event and returns its id.
    pub fn add_event(&self, kind: &str, data: &serde_json::Value) -> Result<i64> {
        self.write("event", |transaction| add_event(transaction, kind, clock::now_ms(), data))
    }

    /// The newest event's id; zero when there is none.
    pub fn newest_event_id(&self) -> Result<i64> {
        self.read(newest_event)
    }

    /// Events after an id, in order, at most `limit`.
    pub fn events_after(&self, id: i64, limit: u32) -> Result<EventPage> {
        self.read(|connection| {
            let pruned: i64 = setting(connection, "events_pruned_through")?.and_then(|text| text.parse().ok()).unwrap_or(0);
            let events = connection
                .prepare_cached("SELECT id, kind, at_ms, data FROM events WHERE id > ?1 ORDER BY id LIMIT ?2")?
                .query_map(params![id, limit], |row| {
                    let data: String = row.get(3)?;
                    Ok(StreamEvent {
                        id: row.get(0)?,
                        kind: row.get(1)?,
                        at_ms: row.get(2)?,
                        // Written from valid JSON; what is not is shown as it stands.
                        data: serde_json::from_str(&data).unwrap_or(serde_json::Value::String(data)),
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            Ok(EventPage { lost_through: (id < pruned).then_some(pruned), events })
        })
    }

    /// Writes down a change of state and tells it as an event of the kind `state`.
    pub fn add_transition(&self, from: State, to: State, reason: Reason, detail: Option<&str>, now_ms: i64) -> Result<i64> {
        self.write("transition", |transaction| {
            transaction.execute(
                "INSERT INTO transitions (at_ms, from_state, to_state, reason, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![now_ms, from.name(), to.name(), reason.name(), detail],
            )?;
            add_event(
                transaction,
                "state",
                now_ms,
                &json!({ "from": from.name(), "state": to.name(), "reason": reason.name(), "detail": detail }),
            )
        })
    }

    /// Changes of state since a time, oldest first.
    pub fn transitions_since(&self, since_ms: i64) -> Result<Vec<Transition>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT at_ms, from_state, to_state, reason, detail FROM transitions WHERE at_ms >= ?1 ORDER BY number",
                )?
                .query_map(params![since_ms], |row| {
                    Ok(Transition {
                        at_ms: row.get(0)?,
                        from: row.get(1)?,
                        to: row.get(2)?,
                        reason: row.get(3)?,
                        detail: row.get(4)?,
                    })
                })?
                .collect()
        })
    }

    /// Whether the operator paused sending. Survives a restart.
    pub fn outbound_paused(&self) -> Result<bool> {
        Ok(self.setting("outbound_paused")?.as_deref() == Some("true"))
    }

    /// Pauses or resumes sending, and tells a change as an event of the kind `outbound`.
    pub fn set_outbound_paused(&self, paused: bool) -> Result<()> {
        self.write("setting", |transaction| {
            let before = setting(transaction, "outbound_paused")?.as_deref() == Some("true");
            if before != paused {
                set_setting(transaction, "outbound_paused", Some(if paused { "true" } else { "false" }))?;
                add_event(transaction, "outbound", clock::now_ms(), &json!({ "paused": paused }))?;
            }
            Ok(())
        })
    }

    /// Whether the connection is to be kept; true until the operator stops it. Survives a restart.
    pub fn sync_enabled(&self) -> Result<bool> {
        Ok(self.setting("sync_enabled")?.as_deref() != Some("false"))
    }

    /// Keeps the connection, or gives it up until told otherwise.
    pub fn set_sync_enabled(&self, enabled: bool) -> Result<()> {
        self.set_setting("sync_enabled", Some(if enabled { "true" } else { "false" }))
    }

    /// Whether, when and why the phone removed this device.
    pub fn logged_out(&self) -> Result<Option<LoggedOut>> {
        match self.setting("logged_out")? {
            None => Ok(None),
            Some(text) => serde_json::from_str(&text)
                .map(Some)
                .while_doing(|| format!("the marker logged_out in {} cannot be read", self.0.path.display()))
                .map_err(|error| {
                    error.hint("it was written by another version of wpp; use that version, or re-link with `wpp reauth`")
                }),
        }
    }

    /// Sets or clears that marker.
    pub fn set_logged_out(&self, marker: Option<&LoggedOut>) -> Result<()> {
        let text = marker
            .map(serde_json::to_string)
            .transpose()
            .while_doing(|| "cannot write down that the session was logged out".into())?;
        self.set_setting("logged_out", text.as_deref())
    }

    /// This account's own JID, as far as a login has shown it.
    pub fn account(&self) -> Result<Option<String>> {
        self.setting("account")
    }

    /// Remembers this account's own JID; sent messages carry it as their sender.
    ///
    /// Messages that were queued for another account are rejected here, in the same transaction: what
    /// was meant to come from one number never leaves from another. Returns how many were.
    pub fn set_account(&self, jid: &str) -> Result<u64> {
        self.write("account", |transaction| {
            let now = clock::now_ms();
            if setting(transaction, "account")?.as_deref() != Some(jid) {
                set_setting(transaction, "account", Some(jid))?;
            }
            // Queued before any account was linked, so meant for whichever would be.
            transaction
                .execute("UPDATE outbox SET account = ?1 WHERE account = '' AND state IN ('queued', 'sending')", params![jid])?;
            let foreign: Vec<String> = transaction
                .prepare_cached(
                    "SELECT message_id FROM outbox WHERE account <> ?1 AND state IN ('queued', 'sending') ORDER BY number",
                )?
                .query_map(params![jid], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for message_id in &foreign {
                transaction
                    .prepare_cached("UPDATE outbox SET state = 'rejected', changed_ms = ?2, error = ?3 WHERE message_id = ?1")?
                    .execute(params![message_id, now, FOR_ANOTHER_ACCOUNT])?;
                if let Some(row) = outgoing_by(transaction, "message_id", message_id)? {
                    outbox_event(transaction, &row, now)?;
                }
            }
            Ok(foreign.len() as u64)
        })
    }

    fn setting(&self, name: &str) -> Result<Option<String>> {
        self.read(|connection| setting(connection, name))
    }

    fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.write("setting", |transaction| set_setting(transaction, name, value))
    }
}

fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?.query_row(params![name], |row| row.get(0)).optional()
}

fn set_setting(transaction: &Transaction<'_>, name: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => transaction.execute(
            "INSERT INTO settings (name, value, changed_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value, changed_ms = excluded.changed_ms",
            params![name, value, clock::now_ms()],
        ),
        None => transaction.execute("DELETE FROM settings WHERE name = ?1", params![name]),
    }
    .map(drop)
}

fn newest_event(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))
}

fn add_event(transaction: &Transaction<'_>, kind: &str, now_ms: i64, data: &serde_json::Value) -> rusqlite::Result<i64> {
    // The clock as the lower bound makes an id that a reader has seen stay in the past even when
    // the database is replaced by an older copy.
    transaction
        .prepare_cached(
            "INSERT INTO events (id, kind, at_ms, data) VALUES (
                 max(?2, 1 + max(coalesce((SELECT max(id) FROM events), 0),
                                 coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0))), ?1, ?2, ?3)",
        )?
        .execute(params![kind, now_ms, data.to_string()])?;
    Ok(transaction.last_insert_rowid())
}

/// Removes what is older than is kept, and writes down up to where events are gone.
fn prune(transaction: &Transaction<'_>, now_ms: i64) -> rusqlite::Result<()> {
    let last: Option<i64> = transaction
        .prepare_cached("SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1")?
        .query_row(params![EVENTS_MAX], |row| row.get(0))
        .optional()?;
    if let Some(last) = last {
        transaction.execute("DELETE FROM events WHERE id <= ?1", params![last])?;
        set_setting(transaction, "events_pruned_through", Some(&last.to_string()))?;
    }
    transaction.execute(
        "DELETE FROM transitions WHERE number <= (SELECT number FROM transitions ORDER BY number DESC LIMIT 1 OFFSET ?1)",
        params![TRANSITIONS_MAX],
    )?;
    transaction.execute("DELETE FROM inbound WHERE projected = 1 AND received_ms < ?1", params![now_ms - INBOUND_KEPT_MS])?;
    transaction.execute(
        "DELETE FROM outbox WHERE state IN ('accepted', 'rejected') AND changed_ms < ?1",
        params![now_ms - OUTBOX_KEPT_MS],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Place {
            Place { folder: tempfile::tempdir().unwrap() }
        }

        fn session(&self) -> SessionPaths {
            SessionPaths::at(self.folder.path(), "main")
        }

        fn open(&self) -> Messages {
            Messages::open(&self.session().wpp_db()).unwrap()
        }

        /// Another program's hands on the file.
        fn raw(&self) -> Connection {
            Connection::open(self.session().wpp_db()).unwrap()
        }

        fn files(&self) -> Vec<String> {
            let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    fn text(id: &str, text: &str) -> Incoming {
        Incoming {
            id: id.into(),
            chat: "1@s.whatsapp.net".into(),
            sender: "1@s.whatsapp.net".into(),
            sender_name: Some("Ann".into()),
            kind: "text".into(),
            text: text.into(),
            sent_ms: 1000,
            ..Incoming::default()
        }
    }

    fn undecryptable(id: &str) -> Incoming {
        Incoming { kind: UNDECRYPTABLE.into(), text: String::new(), ..text(id, "") }
    }

    fn found(messages: &Messages, words: &str) -> (SearchMode, Vec<String>) {
        let found = messages.search(words, 100).unwrap();
        (found.mode, found.messages.into_iter().map(|message| message.id).collect())
    }

    fn kinds(messages: &Messages) -> Vec<String> {
        messages.events_after(0, 1000).unwrap().events.into_iter().map(|event| event.kind).collect()
    }

    #[test]
    fn the_files_are_for_their_owner_alone() {
        let place = Place::new();
        let messages = place.open();
        messages.ingest(&text("1", "x")).unwrap();
        for name in ["wpp.db", "wpp.db-wal", "wpp.db-shm"] {
            let (mode, _) = disk::mode_and_owner(&place.folder.path().join(name)).unwrap().unwrap();
            assert_eq!(mode, disk::FILE_MODE, "{name}");
        }
        drop(messages);
        assert_eq!(place.files(), ["wpp.db"]);
    }

    #[test]
    fn a_message_is_stored_once_however_often_it_comes() {
        let place = Place::new();
        let messages = place.open();
        assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::New);
        assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::Duplicate);
        assert_eq!(messages.ingest(&text("1", "forged")).unwrap(), Ingested::Duplicate);
        drop(messages);
        let messages = place.open();
        assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::Duplicate);
        // Another chat, and another sender in the chat, may use the same id.
        let other = Incoming { sender: "2@s.whatsapp.net".into(), ..text("1", "hi") };
        assert_eq!(messages.ingest(&other).unwrap(), Ingested::New);
        let mine = Incoming { from_me: true, ..text("1", "me") };
        assert_eq!(messages.ingest(&mine).unwrap(), Ingested::New);
        // This account goes by two JIDs; its messages are still one.
        let mine = Incoming { from_me: true, sender: "9@lid".into(), ..text("1", "me") };
        assert_eq!(messages.ingest(&mine).unwrap(), Ingested::Duplicate);
        assert_eq!(kinds(&messages), ["message"; 3]);
        assert_eq!(messages.list(None, None, 10).unwrap().len(), 3);
        // Even when the write-ahead row is long gone.
        place.raw().execute_batch("DELETE FROM inbound").unwrap();
        assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::Duplicate);
    }

    #[test]
    fn a_readable_copy_takes_the_place_of_an_unreadable_one_and_never_the_reverse() {
        let place = Place::new();
        let messages = place.open();
        assert_eq!(messages.ingest(&undecryptable("1")).unwrap(), Ingested::New);
        assert_eq!(messages.ingest(&undecryptable("1")).unwrap(), Ingested::Duplicate);
        assert_eq!(messages.counts().unwrap().undecryptable, 1);
        assert_eq!(messages.ingest(&text("1", "hello world")).unwrap(), Ingested::Replaced);
        assert_eq!(messages.ingest(&undecryptable("1")).unwrap(), Ingested::Duplicate);
        assert_eq!(messages.ingest(&text("1", "again")).unwrap(), Ingested::Duplicate);
        let counts = messages.counts().unwrap();
        assert_eq!((counts.messages, counts.undecryptable, counts.inbound_waiting), (1, 0, 0));
        assert_eq!(found(&messages, "hello"), (SearchMode::Fts, vec!["1".into()]));
    }

    #[test]
    fn what_a_crash_left_between_the_steps_is_projected_once_at_the_next_opening() {
        let place = Place::new();
        drop(place.open());
        let incoming = text("1", "kept");
        let late = text("2", "replaced");
        let raw = place.raw();
        for incoming in [&incoming, &late] {
            raw.execute(
                "INSERT INTO inbound (chat, id, author, payload, readable, received_ms) VALUES (?1, ?2, ?3, ?4, 1, 0)",
                params![incoming.chat, incoming.id, author(incoming), serde_json::to_string(incoming).unwrap()],
            )
            .unwrap();
        }
        // What no version understands stays, and is counted.
        raw.execute("INSERT INTO inbound VALUES ('c', 'x', 'a', 'not json', 1, 0, 0)", []).unwrap();
        // A crash in the middle of a transaction leaves nothing of it.
        raw.execute_batch("BEGIN IMMEDIATE; DELETE FROM inbound; INSERT INTO chats (jid) VALUES ('ghost')").unwrap();
        drop(raw);
        for _ in 0..2 {
            let messages = place.open();
            assert_eq!(messages.counts().unwrap().inbound_waiting, 1);
            assert_eq!(messages.counts().unwrap().messages, 2);
            assert_eq!(kinds(&messages), ["message", "message"]);
            assert_eq!(messages.ingest(&incoming).unwrap(), Ingested::Duplicate);
            assert_eq!(messages.chats().unwrap().len(), 1);
        }
    }

    #[test]
    fn a_message_that_cannot_be_projected_is_kept_and_projected_when_it_can() {
        let place = Place::new();
        let messages = place.open();
        let raw = place.raw();
        raw.execute_batch("CREATE TRIGGER no BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
        messages.ingest(&text("1", "kept")).unwrap();
        let counts = messages.counts().unwrap();
        assert_eq!((counts.messages, counts.inbound_waiting, counts.events), (0, 1, 0));
        assert_eq!(messages.ingest(&text("1", "kept")).unwrap(), Ingested::Duplicate);
        raw.execute_batch("DROP TRIGGER no").unwrap();
        drop((raw, messages));
        let counts = place.open().counts().unwrap();
        assert_eq!((counts.messages, counts.inbound_waiting, counts.events), (1, 0, 1));
    }

    #[test]
    fn an_accepted_message_joins_the_messages_and_sending_ones_are_queued_again_after_a_crash() {
        let place = Place::new();
        let now = clock::now_ms();
        let messages = place.open();
        messages.set_account("9@s.whatsapp.net").unwrap();
        for id in ["a", "b"] {
            messages.enqueue(id, &format!("ID{id}"), &format!("{id}@s.whatsapp.net"), "out", now).unwrap();
        }
        assert_eq!(messages.take_due(now).unwrap().unwrap().message_id, "IDa");
        assert_eq!(messages.take_due(now).unwrap().unwrap().message_id, "IDb");
        messages.answer("IDa", None, now).unwrap();
        drop(messages);
        let messages = place.open();
        assert_eq!(messages.outgoing("a").unwrap().unwrap().state, OutboxState::Accepted);
        let back = messages.outgoing("b").unwrap().unwrap();
        assert_eq!((back.state, back.message_id.as_str(), back.tries), (OutboxState::Queued, "IDb", 1));
        assert_eq!(messages.take_due(now).unwrap().unwrap().message_id, "IDb");
        let stored = &messages.list(None, None, 10).unwrap()[0];
        assert_eq!((stored.id.as_str(), stored.from_me, stored.sender.as_str()), ("IDa", true, "9@s.whatsapp.net"));
        // The phone's copy of it, delivered later, is the same message; so is a second answer.
        messages.answer("IDa", None, now).unwrap();
        let echo = Incoming {
            id: "IDa".into(),
            chat: "a@s.whatsapp.net".into(),
            sender: "9@lid".into(),
            from_me: true,
            ..text("", "out")
        };
        assert_eq!(messages.ingest(&echo).unwrap(), Ingested::Duplicate);
        assert_eq!(messages.counts().unwrap().messages, 1);
        assert_eq!(kinds(&messages), ["outbox", "outbox", "outbox", "message"]);
        assert_eq!(messages.outbox(false, 10).unwrap().len(), 1);
        assert_eq!(messages.outbox(true, 10).unwrap().len(), 2);
    }

    #[test]
    fn a_search_takes_any_input_as_words() {
        let place = Place::new();
        let messages = place.open();
        messages.ingest(&text("1", "Crème brûlée, 100% good! 🎉 it's \"quoted\" a_b AND or c:\\dir")).unwrap();
        messages.ingest(&text("2", "plain words here")).unwrap();
        for hit in [
            "creme",
            "BRÛLÉE",
            "brul",
            "good crème",
            "100%",
            "\"quoted\"",
            "it's",
            "AND",
            "a_b",
            "c:\\dir",
            "good 🎉",
            "cr\0me".split('\0').next().unwrap(),
        ] {
            assert_eq!(found(&messages, hit), (SearchMode::Fts, vec!["1".into()]), "{hit}");
        }
        assert_eq!(found(&messages, "🎉"), (SearchMode::Scan, vec!["1".into()]));
        assert_eq!(found(&messages, "good 🚀").1, Vec::<String>::new());
        assert_eq!(found(&messages, "%").1, ["1"]);
        let nasty = [
            "\"",
            "\"\"\"",
            "*",
            "a*",
            "NEAR(",
            "NEAR(a b, 5)",
            "text:",
            "text: x",
            "-x",
            "NOT",
            "OR",
            "AND AND",
            "(",
            ")",
            "{}",
            "^x",
            "+",
            "';--",
            "a\"b",
            "\\",
            "_",
            "\u{202e}x",
            "x\0y",
            "\u{feff}",
            "ﷺ",
            "a' OR '1'='1",
            "messages_fts",
            "{text} : x",
            "𒐫",
            "\u{1F469}\u{200d}\u{1F4BB}",
        ];
        for words in nasty {
            match messages.search(words, 5) {
                Ok(found) => assert_ne!(found.mode, SearchMode::Degraded, "{words:?}: {:?}", found.problem),
                Err(error) => panic!("{words:?}: {}", error.chain()),
            }
        }
        for wrong in ["", " \n ", "\0", &"x".repeat(SEARCH_BYTES_MAX + 1)] {
            assert_eq!(messages.search(wrong, 5).unwrap_err().kind(), ErrorKind::Usage, "{wrong:?}");
        }
        let many = "a ".repeat(SEARCH_BYTES_MAX / 2);
        assert_eq!(found(&messages, &many).0, SearchMode::Fts);
        let many = "% ".repeat(SEARCH_BYTES_MAX / 2);
        assert_eq!(found(&messages, &many).0, SearchMode::Scan);
        assert!(messages.search("words", 0).unwrap().messages.is_empty());
    }

    #[test]
    fn without_its_index_search_is_degraded_says_so_and_nothing_is_lost() {
        type Break = (&'static str, fn(&Connection));
        let breaks: [Break; 5] = [
            ("gone", |raw| raw.execute_batch("DROP TABLE messages_fts").unwrap()),
            ("half gone", |raw| {
                // As a damaged copy may have it: the schema speaks of tables that are not there.
                raw.execute_batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'messages_fts_idx'; PRAGMA writable_schema = RESET").unwrap();
            }),
            ("scrambled", |raw| raw.execute_batch("UPDATE messages_fts_data SET block = x'deadbeefdeadbeef'").unwrap()),
            ("emptied", |raw| raw.execute_batch("INSERT INTO messages_fts (messages_fts) VALUES ('delete-all')").unwrap()),
            ("untended", |raw| raw.execute_batch("DROP TRIGGER messages_fts_insert").unwrap()),
        ];
        for (name, damage) in breaks {
            let place = Place::new();
            let messages = place.open();
            messages.ingest(&text("1", "one hello")).unwrap();
            drop(messages);
            damage(&place.raw());
            for _ in 0..2 {
                let messages = place.open();
                let answer = messages.search("hello", 10).unwrap();
                assert_eq!((answer.mode, answer.messages.len()), (SearchMode::Degraded, 1), "{name}");
                assert!(answer.problem.is_some());
            }
            let messages = place.open();
            assert_eq!(messages.ingest(&text("2", "two hello")).unwrap(), Ingested::New, "{name}");
            assert_eq!(found(&messages, "hello"), (SearchMode::Degraded, vec!["2".into(), "1".into()]), "{name}");
            messages.rebuild_index().unwrap_or_else(|error| panic!("{name}: {}", error.chain()));
            assert_eq!(messages.index_problem().unwrap(), None, "{name}");
            messages.ingest(&text("3", "three hello")).unwrap();
            assert_eq!(found(&messages, "hello"), (SearchMode::Fts, vec!["3".into(), "2".into(), "1".into()]), "{name}");
            place.raw().execute_batch("INSERT INTO messages_fts (messages_fts) VALUES ('integrity-check')").unwrap();
            let check: String = place.raw().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            // What the forged schema no longer names stays as an unused page, which hurts nobody.
            assert!(check == "ok" || (name == "half gone" && check.contains("never used")), "{name}: {check}");
        }
    }

    #[test]
    fn events_are_in_order_bounded_and_their_ids_are_never_used_again() {
        let place = Place::new();
        let messages = place.open();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        messages.observe(Box::new(move |id| into.lock().unwrap().push(id)));
        let before = clock::now_ms();
        let first = messages.add_event("a", &json!({"n": 1})).unwrap();
        let second = messages.add_event("b", &json!({"n": 2})).unwrap();
        assert!(first >= before && second > first);
        assert_eq!(*seen.lock().unwrap(), [first, second]);
        let page = messages.events_after(first, 10).unwrap();
        assert_eq!((page.lost_through, page.events.len(), page.events[0].id), (None, 1, second));
        // The clock going back does not make ids go back, not even when all events are gone.
        let raw = place.raw();
        let far = second + 10_000_000;
        raw.execute("INSERT INTO events (id, kind, at_ms, data) VALUES (?1, 'x', 0, '{}')", [far]).unwrap();
        raw.execute_batch("DELETE FROM events").unwrap();
        assert!(messages.add_event("c", &json!({})).unwrap() > far);
        raw.execute_batch(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO events (kind, at_ms, data) SELECT 'x', 0, '{{}}' FROM n",
            EVENTS_MAX + 50
        ))
        .unwrap();
        for _ in 0..PRUNE_EVERY {
            messages.set_sync_enabled(true).unwrap();
        }
        assert_eq!(messages.counts().unwrap().events.cast_signed(), EVENTS_MAX);
        let page = messages.events_after(first, 1).unwrap();
        assert!(page.lost_through.is_some_and(|lost| lost >= far && lost < page.events[0].id));
        assert_eq!(
            messages.events_after(messages.newest_event_id().unwrap(), 10).unwrap(),
            EventPage { lost_through: None, events: vec![] }
        );
    }

    #[test]
    fn transitions_and_markers_survive_a_restart() {
        let place = Place::new();
        let messages = place.open();
        assert!(messages.sync_enabled().unwrap() && !messages.outbound_paused().unwrap());
        messages.add_transition(State::Ready, State::Error, Reason::LoggedOut, Some("401"), 7).unwrap();
        messages.set_outbound_paused(true).unwrap();
        messages.set_sync_enabled(false).unwrap();
        let marker = LoggedOut { at_ms: 7, reason: Reason::MainDeviceGone };
        messages.set_logged_out(Some(&marker)).unwrap();
        drop(messages);
        let messages = place.open();
        assert!(!messages.sync_enabled().unwrap() && messages.outbound_paused().unwrap());
        assert_eq!(messages.logged_out().unwrap(), Some(marker));
        let transitions = messages.transitions_since(7).unwrap();
        assert_eq!((transitions.len(), transitions[0].to.as_str(), transitions[0].reason.as_str()), (1, "ERROR", "logged_out"));
        assert!(messages.transitions_since(8).unwrap().is_empty());
        assert_eq!(messages.events_after(0, 9).unwrap().events[0].data["state"], "ERROR");
        messages.set_logged_out(None).unwrap();
        assert_eq!(messages.logged_out().unwrap(), None);
        place.raw().execute_batch("INSERT INTO settings VALUES ('logged_out', 'yes', 0)").unwrap();
        assert!(!messages.logged_out().unwrap_err().hints().is_empty());
    }

    #[test]
    fn a_queued_message_never_leaves_from_another_account() {
        let place = Place::new();
        let messages = place.open();
        // Before any account was linked: the first one takes it over.
        messages.enqueue("early", "ID0", "a@s.whatsapp.net", "early", 1).unwrap();
        assert_eq!(messages.set_account("1@s.whatsapp.net").unwrap(), 0);
        messages.enqueue("queued", "ID1", "b@s.whatsapp.net", "queued", 2).unwrap();
        assert_eq!(messages.set_account("1@s.whatsapp.net").unwrap(), 0);
        assert_eq!(messages.take_due(5).unwrap().unwrap().message_id, "ID0");
        let seen = messages.newest_event_id().unwrap();
        drop(messages);
        let messages = place.open();
        assert_eq!(messages.set_account("2@s.whatsapp.net").unwrap(), 2);
        assert_eq!(messages.take_due(i64::MAX).unwrap(), None);
        for id in ["early", "queued"] {
            let row = messages.outgoing(id).unwrap().unwrap();
            assert_eq!((row.state, row.error.as_deref()), (OutboxState::Rejected, Some(FOR_ANOTHER_ACCOUNT)));
        }
        let told = messages.events_after(seen, 10).unwrap().events;
        assert_eq!(told.iter().filter(|event| event.kind == "outbox" && event.data["state"] == "rejected").count(), 2);
        messages.enqueue("new", "ID2", "b@s.whatsapp.net", "new", 9).unwrap();
        assert_eq!(messages.take_due(9).unwrap().unwrap().message_id, "ID2");
        // Back at the first account, what was rejected stays so.
        assert_eq!(messages.set_account("1@s.whatsapp.net").unwrap(), 1);
        assert_eq!(messages.take_due(i64::MAX).unwrap(), None);
    }

    #[test]
    fn chats_carry_names_and_sizes() {
        let place = Place::new();
        let messages = place.open();
        messages.ingest(&text("1", "x")).unwrap();
        messages.ingest(&Incoming { chat: "7@g.us".into(), sent_ms: 2000, ..text("2", "y") }).unwrap();
        messages.name_chat("7@g.us", "Family").unwrap();
        let chats = messages.chats().unwrap();
        assert_eq!(chats.iter().map(|chat| (chat.name.as_str(), chat.messages)).collect::<Vec<_>>(), [("Family", 1), ("Ann", 1)]);
        assert_eq!(messages.list(Some("7@g.us"), None, 10).unwrap().len(), 1);
        assert_eq!(messages.list(None, Some(2000), 10).unwrap()[0].id, "1");
        assert_eq!(messages.list(None, None, 1).unwrap()[0].id, "2");
    }

    #[test]
    fn a_newer_a_foreign_and_a_damaged_database_are_refused_untouched() {
        let place = Place::new();
        drop(place.open());
        place.raw().pragma_update(None, "user_version", 99).unwrap();
        let error = Messages::open(&place.session().wpp_db()).unwrap_err();
        assert!(error.message().contains("newer") && !error.hints().is_empty(), "{error}");
        assert!(Messages::open_read_only(&place.session()).unwrap_err().message().contains("newer"));

        let place = Place::new();
        place.raw().execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 2").unwrap();
        let before = std::fs::read(place.session().wpp_db()).unwrap();
        assert!(Messages::open(&place.session().wpp_db()).unwrap_err().message().contains("another program"));
        assert_eq!(std::fs::read(place.session().wpp_db()).unwrap(), before);

        for damage in [&b"x".repeat(9000), &b"SQLite format 3\0 and no more".to_vec()] {
            let place = Place::new();
            std::fs::write(place.session().wpp_db(), damage).unwrap();
            for error in
                [Messages::open(&place.session().wpp_db()).unwrap_err(), Messages::open_read_only(&place.session()).unwrap_err()]
            {
                assert!(error.message().contains("damaged"), "{}", error.chain());
                assert!(error.hints()[0].contains("restore"));
            }
            assert_eq!(&std::fs::read(place.session().wpp_db()).unwrap(), damage);
        }
    }

    #[test]
    fn a_read_only_look_leaves_nothing_and_writes_nothing() {
        let place = Place::new();
        assert!(Messages::open_read_only(&place.session()).unwrap().is_none());
        assert!(place.files().is_empty());
        let messages = place.open();
        messages.ingest(&text("1", "hello")).unwrap();
        drop(messages);
        let before = std::fs::read(place.session().wpp_db()).unwrap();
        let reading = Messages::open_read_only(&place.session()).unwrap().unwrap();
        assert_eq!(found(&reading, "hello"), (SearchMode::Fts, vec!["1".into()]));
        assert_eq!(reading.counts().unwrap().messages, 1);
        assert_eq!(reading.ingest(&text("2", "x")).unwrap_err().kind(), ErrorKind::Denied);
        drop(reading);
        assert_eq!(place.files(), ["wpp.db"]);
        assert_eq!(std::fs::read(place.session().wpp_db()).unwrap(), before);
    }

    #[test]
    fn a_long_search_holds_up_neither_the_outbox_nor_what_comes_in() {
        let place = Place::new();
        let messages = place.open();
        let searching = messages.0.searcher.as_ref().unwrap().lock().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let other = messages.clone();
        std::thread::spawn(move || {
            other.ingest(&text("1", "x")).unwrap();
            other.enqueue("a", "ID", "1@s.whatsapp.net", "x", 1).unwrap();
            other.take_due(1).unwrap().unwrap();
            other.counts().unwrap();
            other.events_after(0, 10).unwrap();
            sender.send(()).unwrap();
        });
        receiver.recv_timeout(Duration::from_secs(5)).unwrap();
        drop(searching);
        assert_eq!(found(&messages, "x").1, ["1"]);
    }

    #[test]
    fn a_database_that_somebody_else_writes_is_busy_not_broken() {
        let place = Place::new();
        let messages = place.open();
        let raw = place.raw();
        raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        if let Some(writer) = &messages.0.writer {
            writer.lock().unwrap().busy_timeout(Duration::from_millis(20)).unwrap();
        }
        assert_eq!(messages.ingest(&text("1", "x")).unwrap_err().kind(), ErrorKind::Locked);
        raw.execute_batch("ROLLBACK").unwrap();
        assert_eq!(messages.ingest(&text("1", "x")).unwrap(), Ingested::New);
        assert_eq!(messages.index_problem().unwrap(), None);
    }
}
