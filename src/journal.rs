//! What was done, by whom and when: append-only rows in `ops.db`.
//!
//! An act that can be interrupted is written down, with what undoes it, before it starts; whoever
//! comes next finds it open and finishes or undoes it. The journal also records every start and
//! connect of a session, which is how a restore knows whether Signal state moved on (custody).

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::sidecar;

/// How long other processes that write are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE entry (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms      INTEGER NOT NULL,
    session    TEXT,
    verb       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    version    TEXT NOT NULL,
    -- done: a fact; open: begun and not ended; finished, undone, failed: how it ended
    state      TEXT NOT NULL CHECK (state IN ('done', 'open', 'finished', 'undone', 'failed')),
    ended_ms   INTEGER,
    data       TEXT NOT NULL
);
CREATE INDEX entry_by_session ON entry (session, verb, id);
CREATE INDEX entry_open ON entry (session) WHERE state = 'open';
",
    "
CREATE TABLE identity (id TEXT NOT NULL);
INSERT INTO identity VALUES (lower(hex(randomblob(16))));
",
    "
-- what `schedule` knows of an entry: since when it is as it is
CREATE TABLE schedule_entry (name TEXT PRIMARY KEY, definition TEXT NOT NULL, since_ms INTEGER NOT NULL) WITHOUT ROWID;
-- a time at which an entry was due, written down before anything is run: so none is run twice
CREATE TABLE schedule_run (
    entry      TEXT NOT NULL,
    due_ms     INTEGER NOT NULL,
    -- running, ended; cut-off: its dispatcher is gone; skipped, missed: too late by policy; overlapped: the one before still ran
    state      TEXT NOT NULL CHECK (state IN ('running', 'ended', 'cut-off', 'skipped', 'missed', 'overlapped')),
    -- earlier times at which it was due and nobody looked
    missed     INTEGER NOT NULL,
    pid        INTEGER NOT NULL,
    began_ms   INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL,
    ended_ms   INTEGER,
    exit_code  INTEGER,
    said       TEXT,
    report     TEXT,
    PRIMARY KEY (entry, due_ms)
) WITHOUT ROWID;
-- when somebody last looked for what is due
CREATE TABLE schedule_look (one INTEGER PRIMARY KEY CHECK (one = 1), at_ms INTEGER NOT NULL);
",
    "
-- what `alert` knows: problems, who was told what of them, and whether that arrived
CREATE TABLE alert_problem (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, data TEXT NOT NULL, closed INTEGER NOT NULL);
CREATE UNIQUE INDEX alert_problem_open ON alert_problem (key) WHERE NOT closed;
CREATE TABLE alert_notice (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    contact    TEXT NOT NULL,
    data       TEXT NOT NULL
);
CREATE INDEX alert_notice_by_key ON alert_notice (key, id);
CREATE TABLE alert_delivery (
    notice_id  INTEGER NOT NULL,
    -- a channel, or `command`
    way        TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'given-up')),
    tries      INTEGER NOT NULL,
    pid        INTEGER NOT NULL,
    tried_ms   INTEGER,
    observed   TEXT,
    PRIMARY KEY (notice_id, way)
) WITHOUT ROWID;
",
    "
-- what the doctor found, since when, and what of it a quiet look has told
CREATE TABLE doctor_finding (
    id         TEXT NOT NULL,
    -- empty: the host and the home
    session    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    severity   TEXT NOT NULL,
    summary    TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    told       TEXT,
    gone_ms    INTEGER,
    PRIMARY KEY (id, session, subject)
) WITHOUT ROWID;
",
    "
-- what `capacity` is told from: what each session's daemon took, thinned with age
CREATE TABLE capacity_sample (
    session                     TEXT NOT NULL,
    at_ms                       INTEGER NOT NULL,
    -- the daemon's start: its processor time counts from there
    started_ms                  INTEGER NOT NULL,
    memory_bytes                INTEGER NOT NULL,
    cpu_ms                      INTEGER NOT NULL,
    session_db_bytes            INTEGER NOT NULL,
    wpp_db_bytes                INTEGER NOT NULL,
    messages                    INTEGER NOT NULL,
    disk_total_bytes            INTEGER NOT NULL,
    disk_free_bytes             INTEGER NOT NULL,
    memory_total_bytes          INTEGER NOT NULL,
    memory_available_bytes      INTEGER NOT NULL,
    PRIMARY KEY (session, at_ms)
) WITHOUT ROWID;
",
    "
-- the process that runs it: it may outlive its dispatcher, and its number may come to be another one's
ALTER TABLE schedule_run ADD COLUMN child_pid INTEGER;
ALTER TABLE schedule_run ADD COLUMN child_started INTEGER;
-- whether an operator ran it then: its time is none that it was due at
ALTER TABLE schedule_run ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;
",
    "
-- how busy the machine's processors were since the sample before, in thousandths; NULL where that is not known
ALTER TABLE capacity_sample ADD COLUMN machine_busy_permille INTEGER;
",
    "
-- when the newest look began that `alert` decided on
CREATE TABLE alert_look (one INTEGER PRIMARY KEY CHECK (one = 1), began_ms INTEGER NOT NULL);
",
];

/// What is said of a file that is no journal; a write-ahead log of another database makes one of any.
pub const STRANGER: &str = "it is a database of another program";

/// The tables of each version, from 1.
static TABLES: LazyLock<rusqlite::Result<Vec<Vec<String>>>> = LazyLock::new(|| {
    let model = Connection::open_in_memory()?;
    let made = MIGRATIONS.iter().map(|migration| {
        model.execute_batch(migration)?;
        tables(&model)
    });
    made.collect()
});

/// The tables of a database, without SQLite's own.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// How an act that was begun has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Finished,
    /// What it had changed is as before.
    Undone,
    /// It changed nothing, or what it changed was said in an error.
    Failed,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Grows with time.
    pub id: i64,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// The session, if it is about one.
    pub session: Option<String>,
    /// What was done: `start`, `connect`, `backup`, `restore`, …
    pub verb: String,
    /// The process that did it.
    pub pid: u32,
    /// done, open, finished, undone or failed.
    pub state: String,
    /// What only the verb understands.
    pub data: serde_json::Value,
}

impl Entry {
    /// The verb's own data in its own type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(self.data.clone())
            .while_doing(|| format!("entry {} of the journal ({}) cannot be read", self.id, self.verb))
            .map_err(|error| error.hint("it was written by another version of wpp; use that version to finish it"))
    }
}

/// How often that is tried.
const TIDY_TRIES: usize = 4;

/// Takes away, once it is dropped, what a look at a database may leave beside it when the last one who used it closes it
/// meanwhile: an empty log, and its index. SQLite takes both away with the last one who may write, by their names: nothing
/// may replace the database itself meanwhile, as nothing does a journal. It belongs behind the connection of the look.
#[derive(Debug)]
pub struct Tidy {
    database: PathBuf,
}

impl Tidy {
    /// Beside this database.
    pub fn beside(database: &Path) -> Tidy {
        Tidy { database: database.to_owned() }
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        for _ in 0..TIDY_TRIES {
            if !self.is_left() {
                return;
            }
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            // Where that cannot be done, others use it, or it is not ours to change.
            let _ = Connection::open_with_flags(&self.database, flags)
                .and_then(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())));
            // Of two that close it at once neither may be the last.
            if self.is_left() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Tidy {
    /// Whether an empty log is there, and its index, beside a database that is no link.
    fn is_left(&self) -> bool {
        let is_empty = |log: std::fs::Metadata| log.is_file() && log.len() == 0;
        sidecar(&self.database, "-wal").symlink_metadata().is_ok_and(is_empty)
            && sidecar(&self.database, "-shm").exists()
            && !self.database.is_symlink()
    }
}

/// The journal of one home.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    /// Of one that is only read. After the connection.
    #[expect(dead_code, reason = "held for what its end does")]
    tidy: Option<Tidy>,
}

impl Journal {
    /// Opens the journal, making it if it is not there.
    pub fn open(path: &Path) -> Result<Journal> {
        if !path.exists() {
            // Made here so that the mode is right before SQLite writes a byte.
            match disk::create_file(path) {
                Err(_) if path.exists() => {}
                other => drop(other?),
            }
        }
        let connection = Connection::open(path)
            .while_doing(|| format!("cannot open the journal {}", path.display()))
            .map_err(|error| error.hint("look at what is there, its owner and its mode; `wpp doctor` does too"))?;
        let journal = Journal { connection, path: path.to_owned(), tidy: None };
        let prepare = || {
            // A log beside it that another database wrote stays beside it: it must not get into this one as it closes.
            journal.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            journal.prepare()?;
            journal.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        };
        prepare().map_err(|error| journal.failed(error))?;
        Ok(journal)
    }

    /// A journal over a connection that can only read. One of an earlier version of `wpp` is not brought
    /// up to date then, so it is refused.
    pub fn reading(connection: Connection, path: &Path) -> Result<Journal> {
        let journal = Journal { connection, path: path.to_owned(), tidy: Some(Tidy::beside(path)) };
        let version: rusqlite::Result<u32> = journal.connection.pragma_query_value(None, "user_version", |row| row.get(0));
        match version {
            Ok(version) if version as usize >= MIGRATIONS.len() => Ok(journal),
            Ok(_) => {
                Err(Error::new(ErrorKind::Unknown, format!("the journal {} is of an earlier version of wpp", path.display()))
                    .hint("run any command as the user whose home it is, which brings it up to date"))
            }
            Err(error) => Err(journal.failed(error)),
        }
    }

    /// [`Journal::reading`] for entries alone, which every version has had; `None` for one that holds nothing yet.
    pub fn reading_entries(connection: Connection, path: &Path) -> Result<Option<Journal>> {
        let journal = Journal { connection, path: path.to_owned(), tidy: Some(Tidy::beside(path)) };
        let version: rusqlite::Result<u32> = journal.connection.pragma_query_value(None, "user_version", |row| row.get(0));
        match version {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(journal)),
            Err(error) => Err(journal.failed(error)),
        }
    }

    /// Whether nothing is in it yet: who makes one first says how it is to be written, and then makes its tables.
    pub fn is_blank(&self) -> Result<bool> {
        let sql = "SELECT user_version = 0 AND NOT EXISTS (SELECT 1 FROM sqlite_schema) FROM pragma_user_version";
        self.read(|db| db.query_row(sql, [], |row| row.get(0)))
    }

    /// A journal of any version, over a connection that can only read.
    pub fn reading_any(connection: Connection, path: &Path) -> Journal {
        Journal { connection, path: path.to_owned(), tidy: Some(Tidy::beside(path)) }
    }

    /// What it lacks that a journal of its version has, whatever SQLite says of its pages; `None` where that is nothing,
    /// and for a newer version than this one.
    pub fn fault(&self) -> Result<Option<String>> {
        let models = TABLES.as_ref().map_err(|error| {
            Error::new(ErrorKind::Unexpected, format!("the tables of the journal cannot be made in memory: {error}"))
                .hint("report this as a bug of wpp")
        })?;
        self.read(|db| {
            let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let there = tables(db)?;
            let Some(model) = version.checked_sub(1) else {
                // Without tables it is one that somebody just makes, or began to make.
                return Ok((!there.is_empty()).then(|| format!("{STRANGER} (its tables: {})", there.join(", "))));
            };
            let Some(model) = models.get(model as usize) else { return Ok(None) };
            if let Some(lacks) = model.iter().find(|table| !there.contains(table)) {
                return Ok(Some(format!("it has no table {lacks}")));
            }
            // No entry is ever removed.
            let sql = "SELECT NOT EXISTS (SELECT 1 FROM entry) AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'entry')";
            let is_emptied: bool = db.query_row(sql, [], |row| row.get(0))?;
            Ok(is_emptied.then(|| "its entries were removed".into()))
        })
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(PATIENCE)?;
        // FULL: an entry must be on the disk before the act that it announces.
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        // Both at once: another process may just be making it.
        let look = "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version";
        let (version, objects): (u32, i64) = self.connection.query_row(look, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if version == 0 && objects > 0 {
            let what = "it is a database of another program, or the log beside it is that of one";
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB),
                Some(what.into()),
            ));
        }
        if (version as usize) < MIGRATIONS.len() {
            self.use_log()?;
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            // Another process may have migrated while this one waited for the write lock.
            let version: u32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            for (number, migration) in (1_u32..).zip(MIGRATIONS).skip(version as usize) {
                self.connection.execute_batch(migration)?;
                self.connection.pragma_update(None, "user_version", number)?;
            }
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Has the journal written through a log. Of two processes that make a home's journal at once, SQLite tells one
    /// that the file is busy without waiting for the other.
    fn use_log(&self) -> rusqlite::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                mode => {
                    debug_assert!(mode.as_ref().is_ok_and(|mode| mode == "wal") || mode.is_err());
                    return mode.map(drop);
                }
            }
        }
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        Error::new(ErrorKind::Unexpected, format!("the journal {} cannot be used", self.path.display()))
            .caused_by(error)
            .hint("check free disk space and the file's owner; a damaged journal may be moved away, after which restores can no longer prove custody")
    }

    fn insert(&self, session: Option<&str>, verb: &str, state: &str, data: &impl Serialize) -> Result<i64> {
        disk::faults::point("journal", &self.path)?;
        let data = serde_json::to_string(data).while_doing(|| format!("cannot write down {verb}"))?;
        self.connection
            .execute(
                "INSERT INTO entry (at_ms, session, verb, pid, user_id, version, state, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    clock::now_ms(),
                    session,
                    verb,
                    std::process::id(),
                    rustix::process::getuid().as_raw(),
                    env!("CARGO_PKG_VERSION"),
                    state,
                    data
                ],
            )
            .map_err(|error| self.failed(error))?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Works on the tables that a room keeps in `ops.db` beside the journal's own, in one transaction that
    /// no other writer comes between. It is undone when `work` fails.
    pub fn transaction<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        disk::faults::point("journal", &self.path)?;
        self.in_transaction(work)
    }

    /// [`Journal::transaction`] for what no act relies on: it is none of the operations that tests break one
    /// after the other, for it comes when a timer says so. A disk that is full refuses it all the same.
    pub fn transaction_aside<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        disk::faults::room("write to", &self.path)?;
        self.in_transaction(work)
    }

    fn in_transaction<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let run = || {
            let transaction = rusqlite::Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|error| self.failed(error))
    }

    /// Reads tables that a room keeps in `ops.db`.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection).map_err(|error| self.failed(error))
    }

    /// Which journal this is: unique, so that an archive knows its own home's journal again.
    pub fn identity(&self) -> Result<String> {
        self.connection.query_row("SELECT id FROM identity", [], |row| row.get(0)).map_err(|error| self.failed(error))
    }

    /// Writes down a fact.
    pub fn record(&self, session: Option<&str>, verb: &str, data: &impl Serialize) -> Result<i64> {
        self.insert(session, verb, "done", data)
    }

    /// Writes down an act that failed before there was anything to begin.
    pub fn record_failed(&self, session: Option<&str>, verb: &str, data: &impl Serialize) -> Result<i64> {
        self.insert(session, verb, "failed", data)
    }

    /// Writes down an act before it starts, with all that is needed to finish or undo it.
    pub fn begin(&self, session: Option<&str>, verb: &str, data: &impl Serialize) -> Result<i64> {
        self.insert(session, verb, "open", data)
    }

    /// Replaces the data of an act that is still open: how far it has come.
    pub fn update(&self, id: i64, data: &impl Serialize) -> Result<()> {
        disk::faults::point("journal", &self.path)?;
        let data = serde_json::to_string(data).while_doing(|| format!("cannot write down entry {id}"))?;
        self.connection
            .execute("UPDATE entry SET data = ?2 WHERE id = ?1 AND state = 'open'", params![id, data])
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Writes down how an act ended.
    pub fn end(&self, id: i64, outcome: Outcome) -> Result<()> {
        disk::faults::point("journal", &self.path)?;
        let state = match outcome {
            Outcome::Finished => "finished",
            Outcome::Undone => "undone",
            Outcome::Failed => "failed",
        };
        self.connection
            .execute(
                "UPDATE entry SET state = ?2, ended_ms = ?3 WHERE id = ?1 AND state = 'open'",
                params![id, state, clock::now_ms()],
            )
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Names of all sessions that entries are about, sorted.
    pub fn sessions(&self) -> Result<Vec<String>> {
        self.read(|connection| {
            let mut statement =
                connection.prepare("SELECT DISTINCT session FROM entry WHERE session IS NOT NULL ORDER BY session")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// What shows last that a session had its files here: a start of its daemon, a connection, a restore.
    /// `None` when nothing does since it was removed.
    pub fn lived(&self, session: &str) -> Result<Option<Entry>> {
        let newest_finished = |verb: &str| -> Result<Option<Entry>> {
            Ok(self.history(session, verb)?.into_iter().rfind(|entry| entry.state == "finished"))
        };
        let removed = newest_finished("reset")?.map_or(0, |entry| entry.id);
        let signs = [self.latest(session, "start")?, self.latest(session, "connect")?, newest_finished("restore")?];
        Ok(signs.into_iter().flatten().filter(|entry| entry.id > removed).max_by_key(|entry| entry.id))
    }

    /// Acts on a session that began and did not end, oldest first.
    pub fn open_entries(&self, session: &str) -> Result<Vec<Entry>> {
        self.select("session = ?1 AND state = 'open' ORDER BY id", params![session])
    }

    /// The newest entry of a verb on a session, whatever its state.
    pub fn latest(&self, session: &str, verb: &str) -> Result<Option<Entry>> {
        Ok(self.select("session = ?1 AND verb = ?2 ORDER BY id DESC LIMIT 1", params![session, verb])?.pop())
    }

    /// All entries of a verb on a session, oldest first, whatever their state.
    pub fn history(&self, session: &str, verb: &str) -> Result<Vec<Entry>> {
        self.select("session = ?1 AND verb = ?2 ORDER BY id", params![session, verb])
    }

    /// All entries of a verb on any session, oldest first, whatever their state. Reads the whole
    /// journal.
    pub fn everywhere(&self, verb: &str) -> Result<Vec<Entry>> {
        self.select("verb = ?1 ORDER BY id", params![verb])
    }

    /// The newest entries, whatever they are about, oldest first.
    pub fn newest(&self, count: u32) -> Result<Vec<Entry>> {
        let mut entries = self.select("1 ORDER BY id DESC LIMIT ?1", params![count])?;
        entries.reverse();
        Ok(entries)
    }

    /// Entries on a session after an id, oldest first.
    pub fn after(&self, session: &str, id: i64) -> Result<Vec<Entry>> {
        self.select("session = ?1 AND id > ?2 ORDER BY id", params![session, id])
    }

    /// The id of the newest entry on a session; zero when there is none.
    pub fn newest_id(&self, session: &str) -> Result<i64> {
        self.connection
            .query_row("SELECT max(id) FROM entry WHERE session = ?1", params![session], |row| row.get::<_, Option<i64>>(0))
            .optional()
            .map(|id| id.flatten().unwrap_or(0))
            .map_err(|error| self.failed(error))
    }

    fn select(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Entry>> {
        let read = || -> rusqlite::Result<Vec<Entry>> {
            let mut statement = self
                .connection
                .prepare(&format!("SELECT id, at_ms, session, verb, pid, state, data FROM entry WHERE {condition}"))?;
            let rows = statement.query_map(values, |row| {
                let data: String = row.get(6)?;
                Ok(Entry {
                    id: row.get(0)?,
                    at_ms: row.get(1)?,
                    session: row.get(2)?,
                    verb: row.get(3)?,
                    pid: row.get(4)?,
                    state: row.get(5)?,
                    // Every row was written from valid JSON; what is not is shown as it stands.
                    data: serde_json::from_str(&data).unwrap_or(serde_json::Value::String(data)),
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_make_a_journal_at_once_wait_for_each_other() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ops.db");
            let all = std::sync::Barrier::new(8);
            let open = || {
                all.wait();
                Journal::open(&path).map(drop)
            };
            std::thread::scope(|scope| {
                let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                opened.into_iter().for_each(|opened| opened.join().unwrap().unwrap());
            });
        }
    }

    #[test]
    fn an_open_act_is_found_by_the_next_process_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        let id = Journal::open(&path).unwrap().begin(Some("main"), "restore", &serde_json::json!({"old": "x"})).unwrap();
        let journal = Journal::open(&path).unwrap();
        let open = journal.open_entries("main").unwrap();
        assert_eq!((open.len(), open[0].id, open[0].verb.as_str()), (1, id, "restore"));
        journal.end(id, Outcome::Undone).unwrap();
        assert!(journal.open_entries("main").unwrap().is_empty());
        assert_eq!(journal.latest("main", "restore").unwrap().unwrap().state, "undone");
        assert_eq!(disk::mode_and_owner(&path).unwrap().unwrap().0, disk::FILE_MODE);
    }

    #[test]
    fn a_file_that_is_no_journal_is_an_error_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        std::fs::write(&path, "x".repeat(5000)).unwrap();
        assert!(!Journal::open(&path).unwrap_err().hints().is_empty());
    }

    #[test]
    fn a_session_lived_here_until_it_was_removed() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let lived = || journal.lived("main").unwrap().map(|entry| entry.verb);
        journal.record(Some("main"), "backup", &"x").unwrap();
        assert_eq!(lived(), None);
        journal.record(Some("main"), "start", &"x").unwrap();
        assert_eq!(lived().as_deref(), Some("start"));
        let reset = journal.begin(Some("main"), "reset", &"x").unwrap();
        assert_eq!(lived().as_deref(), Some("start"));
        journal.end(reset, Outcome::Finished).unwrap();
        assert_eq!(lived(), None);
        let restore = journal.begin(Some("main"), "restore", &"x").unwrap();
        assert_eq!(lived(), None);
        journal.end(restore, Outcome::Finished).unwrap();
        journal.record(Some("other"), "connect", &"x").unwrap();
        journal.record(None, "schedule", &"x").unwrap();
        assert_eq!(lived().as_deref(), Some("restore"));
        assert_eq!(journal.sessions().unwrap(), ["main", "other"]);
    }
}
