//! The tables of `wpp.db`, and opening it: to write, or to read without a trace.

use rusqlite::config::DbConfig;

use super::whole::lacks;
use super::*;

/// Marks the file as ours: `wppd` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x7770_7064;

/// Name and SQL of every migration, in order; its number is its place, from 1. Never edited, only added to.
pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    ("first tables", FIRST_TABLES),
    ("full-text index", FULL_TEXT_INDEX),
    ("accounts of queued messages", ACCOUNTS_OF_QUEUED_MESSAGES),
];

pub(super) const FIRST_TABLES: &str = "
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

pub(super) const FULL_TEXT_INDEX: &str = "
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
pub(super) const ACCOUNTS_OF_QUEUED_MESSAGES: &str = "
ALTER TABLE outbox ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE outbox SET account = coalesce((SELECT value FROM settings WHERE name = 'account'), '');
";

pub(super) const DROP_INDEX_TRIGGERS: &str = "
DROP TRIGGER IF EXISTS messages_fts_insert;
DROP TRIGGER IF EXISTS messages_fts_delete;
DROP TRIGGER IF EXISTS messages_fts_update;
";

/// Newest transitions kept.
pub(super) const TRANSITIONS_MAX: i64 = 20_000;
/// How long a projected write-ahead row stays, for a look at what really came.
pub(super) const INBOUND_KEPT_MS: i64 = 7 * 86_400_000;
/// Answered outbox rows are kept this long, so that a repeated client message id is recognised.
pub(super) const OUTBOX_KEPT_MS: i64 = 30 * 86_400_000;
/// Old rows are removed once in so many transactions.
pub(super) const PRUNE_EVERY: u64 = 256;

/// Why a message is rejected when the session was linked to another account meanwhile.
pub(super) const FOR_ANOTHER_ACCOUNT: &str =
    "it was queued for the account that was linked before, and is not sent from another; send it again under a new id";

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
        // A log beside it that another database wrote stays beside it: it must not get into this one as it closes.
        let keep_log = |keep| writer.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
        keep_log(true).map_err(|error| failed(path, error))?;
        check_origin(&writer, path)?;
        keep_log(false).map_err(|error| failed(path, error))?;
        prepare(&mut writer, path).map_err(|error| failed(path, error))?;
        let reading = || {
            connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|error| failed(path, error))
        };
        let (reader, searcher) = (reading()?, reading()?);
        let opened_at = data_version(&writer).map_err(|error| failed(path, error))?;
        let messages = Messages(Arc::new(Shared {
            path: path.to_owned(),
            writer: Some(Mutex::new(writer)),
            opened_at: Some(opened_at),
            edited_ms: AtomicI64::new(0),
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
        Messages::of(reading, path).map(Some)
    }

    /// The database at `path`, which somebody has opened to read.
    pub fn of(reading: Reading, path: PathBuf) -> Result<Messages> {
        check_origin(&reading.connection, &path)?;
        let shared = Shared {
            path,
            writer: None,
            opened_at: None,
            edited_ms: AtomicI64::new(0),
            reader: Mutex::new(Reader::Alone(reading)),
            searcher: None,
            writes: AtomicU64::new(0),
            observer: OnceLock::new(),
        };
        Ok(Messages(Arc::new(shared)))
    }

    /// Sets who is told of new events; the first one set stays.
    pub fn observe(&self, observer: Observer) {
        let _ = self.0.observer.set(observer);
    }

    /// When somebody other than this value was first seen to have written to the database that it writes,
    /// milliseconds since the epoch. It is looked at when this is asked and nothing is just being written.
    pub fn edited_ms(&self) -> Result<Option<i64>> {
        let (Some(writer), Some(opened_at)) = (&self.0.writer, self.0.opened_at) else { return Ok(None) };
        let known = |ms: i64| Some(ms).filter(|ms| *ms != 0);
        if let Some(ms) = known(self.0.edited_ms.load(Ordering::Relaxed)) {
            return Ok(Some(ms));
        }
        // Who writes may wait long for somebody else's lock, and who asks this is not to wait with him.
        let writer = match writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        if data_version(&writer).map_err(|error| failed(&self.0.path, error))? == opened_at {
            return Ok(None);
        }
        // Whoever was first counts.
        let now_ms = clock::now_ms();
        let before = self.0.edited_ms.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        Ok(known(before.err().unwrap_or(now_ms)))
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
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
    pub(super) fn read_long<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        match &self.0.searcher {
            Some(searcher) => {
                look(&searcher.lock().unwrap_or_else(PoisonError::into_inner)).map_err(|error| failed(&self.0.path, error))
            }
            None => self.read(look),
        }
    }

    /// One transaction, on the disk when this returns. A damaged full-text index does not stop it:
    /// the index is then left alone, searches say that they are degraded, and the rest is stored.
    pub(super) fn write<T>(&self, what: &str, act: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
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

/// A number that another connection's commits change, and this one's own do not.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // Reads nothing of a hostile schema beyond what our own SQL asks for.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Refuses a database of another program and one of a newer version, before anything is written.
pub(super) fn check_origin(connection: &Connection, path: &Path) -> Result<()> {
    let look = || -> rusqlite::Result<(i32, u32, i64)> {
        Ok((
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let (application, version, objects) = look().map_err(|error| failed(path, error))?;
    if application != APPLICATION_ID && objects > 0 {
        let error = Error::new(ErrorKind::Unexpected, format!("{} is a database of another program", path.display()));
        return Err(crate::home::strange_log(path)
            .into_iter()
            .fold(error, Error::hint)
            .hint("else move it away, or bring the right one back with `wpp restore`"));
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

pub(super) fn prepare(connection: &mut Connection, path: &Path) -> rusqlite::Result<()> {
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

pub(super) fn failed(path: &Path, error: rusqlite::Error) -> Error {
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
pub(super) fn may_be_the_index(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(failure.code, Code::DatabaseCorrupt | Code::Unknown),
        rusqlite::Error::SqlInputError { .. } => true,
        _ => false,
    }
}

/// Whether a file from anywhere is a database that [`Messages::open`] takes and runs nothing foreign
/// in; the reason why not says what it is instead. The caller alone has the file, and there is no
/// `-wal` beside it.
pub fn recognise(path: &Path) -> std::result::Result<(), String> {
    let look = || -> rusqlite::Result<std::result::Result<(), String>> {
        let connection = alone(path)?;
        let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let found = schema(&connection)?;
        if application != APPLICATION_ID {
            return Ok(Err(name_of(&found)));
        }
        let Some(known) =
            usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(..version)).filter(|known| !known.is_empty())
        else {
            return Ok(Err(format!(
                "it is a wpp.db of version {version}, and this wpp knows 1 to {}; use the version of wpp that wrote it",
                MIGRATIONS.len()
            )));
        };
        let model = Connection::open_in_memory()?;
        for (_, sql) in known {
            model.execute_batch(sql)?;
        }
        let expected = schema(&model)?;
        for (kind, name, _) in expected.iter().filter(|(kind, _, _)| kind == "table") {
            if !found.iter().any(|(other_kind, other, _)| (other_kind, other) == (kind, name)) {
                return Ok(Err(format!("it is a wpp.db without its table {name}")));
            }
        }
        // What runs by itself must be ours, word for word; tables that a repair left do no harm.
        for object in found.iter().filter(|(kind, _, _)| matches!(kind.as_str(), "trigger" | "view")) {
            if !expected.contains(object) {
                return Ok(Err(format!("it holds the {} {:?}, which no wpp.db has", object.0, object.1)));
            }
        }
        Ok(lacks(&connection, version)?.map_or(Ok(()), Err))
    };
    look().unwrap_or_else(|error| Err(format!("SQLite cannot read it: {error}")))
}

/// Why a database that is open is none that a daemon keeps messages in; `None` if it is one, of this
/// version, an older or a newer one. A full-text index may be missing: it is made again at need.
pub fn not_ours(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = schema(connection)?;
    if application != APPLICATION_ID {
        return Ok(Some(name_of(&found)));
    }
    let has = |name: &str| found.iter().any(|(kind, other, _)| kind == "table" && other == name);
    Ok(match tables(version)? {
        Some(_) => lacks(connection, version)?,
        None if version == 0 => Some("it is a wpp.db that was never filled".into()),
        // Only the version that wrote it knows what else it has to hold.
        None => (!has("messages")).then(|| format!("it is a wpp.db of version {version} without its table messages")),
    })
}

/// The account whose messages are in a file, if any was linked. As for [`recognise`].
pub fn account_in(path: &Path) -> Result<Option<String>> {
    alone(path)
        .and_then(|connection| {
            connection.query_row("SELECT value FROM settings WHERE name = 'account'", [], |row| row.get(0)).optional()
        })
        .map_err(|error| failed(path, error))
}

/// [`account_in`] of a database that is open; `None` also when it cannot be told.
pub fn account_of(connection: &Connection) -> Option<String> {
    connection.query_row("SELECT value FROM settings WHERE name = 'account'", [], |row| row.get(0)).optional().ok().flatten()
}

/// When the phone logged the session out, in milliseconds since the epoch, if the daemon left such a
/// mark that can be read.
pub fn logged_out_in(connection: &Connection) -> Option<i64> {
    let sql = "SELECT value FROM settings WHERE name = 'logged_out'";
    let text: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional().ok().flatten();
    serde_json::from_str::<serde_json::Value>(&text?).ok()?.get("at_ms")?.as_i64()
}

/// When the newest message in a file was sent, milliseconds since the epoch. As for [`recognise`].
pub fn newest_in(path: &Path) -> Result<Option<i64>> {
    alone(path)
        .and_then(|connection| connection.query_row("SELECT max(sent_ms) FROM messages", [], |row| row.get(0)))
        .map_err(|error| failed(path, error))
}

/// Opens a file that nobody else has, making none beside it. An operator may name a link.
fn alone(path: &Path) -> rusqlite::Result<Connection> {
    reading::connect(&path.canonicalize().unwrap_or_else(|_| path.to_owned()), reading::Way::Still)
}

/// Kind, name and text of everything in a schema.
pub(super) fn schema(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let mut statement = connection.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// What a database is that is not one of messages.
pub(super) fn name_of(schema: &[(String, String, String)]) -> String {
    let has = |wanted: &str| schema.iter().any(|(kind, name, _)| kind == "table" && name == wanted);
    if has("device") && has("prekeys") {
        return "it is a session.db, which holds keys and no messages; keys come back from an archive alone".into();
    }
    if has("entry") && has("identity") {
        return "it is the journal of a home, and no wpp.db".into();
    }
    if schema.is_empty() {
        return "it is an empty SQLite database, and no wpp.db".into();
    }
    let tables: Vec<&str> =
        schema.iter().filter(|(kind, _, _)| kind == "table").map(|(_, name, _)| name.as_str()).take(5).collect();
    format!("it is a SQLite database of another program, and no wpp.db (its tables: {})", tables.join(", "))
}
