//! Where the simulator keeps what must outlive it: one SQLite file in the caller's directory.
//!
//! Imports rusqlite and errors. Start with [`Storage`]. A key holds one JSON document (the server's
//! keys, the account, a companion, a peer, a group); the queue of undelivered stanzas and the
//! peers' inboxes are tables, because they grow. Everything an event changes is committed together
//! and before any of its stanzas is sent. A process kill loses nothing; durability through a power
//! cut is not promised, which spares every stanza an fsync.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Context, ErrorKind, Result};

/// A stanza that waits for a companion's receipt or ack.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Its place in the queue; grows for ever.
    pub sequence: i64,
    /// The stanza in the binary format.
    pub stanza: Vec<u8>,
}

/// What a peer, the own phone or a group member received.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// The message's id.
    pub id: String,
    /// Who wrote it: a number, or `device:<n>` for one of the account's companions.
    pub from: String,
    /// The group, when it was sent to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The decrypted text; absent when it could not be decrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why it could not be decrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many stanzas with this id arrived; more than 1 means that the sender repeated itself.
    pub copies: u64,
}

/// The open file.
pub struct Storage {
    connection: Connection,
}

impl Storage {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Result<Storage> {
        let failed = || format!("cannot open the simulator's state {}", path.display());
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).while_doing(failed)?;
        }
        let connection = Connection::open(path).while_doing(failed)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000;
                 CREATE TABLE IF NOT EXISTS document (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS queue (
                     sequence INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL,
                     class TEXT NOT NULL, id TEXT NOT NULL, stanza BLOB NOT NULL);
                 CREATE INDEX IF NOT EXISTS queue_answer ON queue (device, id);
                 CREATE TABLE IF NOT EXISTS inbox (
                     sequence INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, id TEXT NOT NULL,
                     sender TEXT NOT NULL, chat TEXT, text TEXT, error TEXT, copies INTEGER NOT NULL DEFAULT 1,
                     UNIQUE (owner, id));
                 CREATE TABLE IF NOT EXISTS sent (
                     owner TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, chat TEXT,
                     PRIMARY KEY (owner, id)) WITHOUT ROWID;",
            )
            .while_doing(failed)?;
        Ok(Storage { connection })
    }

    /// Opens the transaction of one event.
    pub fn begin(&self) -> Result<()> {
        self.run("BEGIN IMMEDIATE")
    }

    /// Makes the event's changes visible together.
    pub fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).while_doing(failed)
    }

    /// Stores a document.
    pub fn save(&self, key: &str, document: &impl Serialize) -> Result<()> {
        let json = serde_json::to_string(document).while_doing(failed)?;
        self.connection
            .prepare_cached("INSERT INTO document (key, json) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET json = ?2")
            .and_then(|mut statement| statement.execute(params![key, json]))
            .while_doing(failed)?;
        Ok(())
    }

    /// Loads a document.
    pub fn load<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let json: Option<String> = self
            .connection
            .query_row("SELECT json FROM document WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .while_doing(failed)?;
        json.map(|json| decode(key, &json)).transpose()
    }

    /// Loads every document whose key starts with `prefix`.
    pub fn load_all<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>> {
        let mut statement = self
            .connection
            .prepare("SELECT key, json FROM document WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key")
            .while_doing(failed)?;
        let rows =
            statement.query_map([prefix], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).while_doing(failed)?;
        let mut documents = Vec::new();
        for row in rows {
            let (key, json) = row.while_doing(failed)?;
            documents.push(decode(&key, &json)?);
        }
        Ok(documents)
    }

    /// Appends to the queue and returns the sequence number.
    pub fn enqueue(&self, device: u16, class: &str, id: &str, stanza: &[u8]) -> Result<i64> {
        self.connection
            .prepare_cached("INSERT INTO queue (device, class, id, stanza) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| statement.execute(params![device, class, id, stanza]))
            .while_doing(failed)?;
        Ok(self.connection.last_insert_rowid())
    }

    /// What is queued for one companion after `sequence`, at most `limit` stanzas, in order.
    pub fn queued(&self, device: u16, after: i64, limit: usize) -> Result<Vec<Queued>> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT sequence, stanza FROM queue
                 WHERE device = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            )
            .while_doing(failed)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement
            .query_map(params![device, after, limit], |row| Ok(Queued { sequence: row.get(0)?, stanza: row.get(1)? }))
            .while_doing(failed)?;
        rows.collect::<rusqlite::Result<Vec<_>>>().while_doing(failed)
    }

    /// How many stanzas wait for one companion.
    pub fn queue_length(&self, device: u16) -> Result<u64> {
        self.connection
            .prepare_cached("SELECT count(*) FROM queue WHERE device = ?1")
            .and_then(|mut statement| statement.query_row([device], |row| row.get::<_, i64>(0)))
            .map(|count| u64::try_from(count).unwrap_or(0))
            .while_doing(failed)
    }

    /// Removes the oldest `limit` stanzas of this class and id; says how many there were.
    pub fn dequeue(&self, device: u16, class: &str, id: &str, limit: usize) -> Result<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.connection
            .prepare_cached(
                "DELETE FROM queue WHERE sequence IN (
                     SELECT sequence FROM queue WHERE device = ?1 AND class = ?2 AND id = ?3 ORDER BY sequence LIMIT ?4)",
            )
            .and_then(|mut statement| statement.execute(params![device, class, id, limit]))
            .while_doing(failed)
    }

    /// Drops everything that waits for one companion.
    pub fn clear_queue(&self, device: u16) -> Result<()> {
        self.connection.execute("DELETE FROM queue WHERE device = ?1", [device]).while_doing(failed)?;
        Ok(())
    }

    /// Records what `owner` received. A repeat of an id counts as a copy; a text replaces an error.
    pub fn receive(&self, owner: &str, received: &Received) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO inbox (owner, id, sender, chat, text, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (owner, id) DO UPDATE SET copies = copies + 1,
                     text = coalesce(text, excluded.text),
                     error = CASE WHEN coalesce(text, excluded.text) IS NULL THEN excluded.error END",
            )
            .and_then(|mut statement| {
                statement.execute(params![owner, received.id, received.from, received.group, received.text, received.error])
            })
            .while_doing(failed)?;
        Ok(())
    }

    /// Remembers what a peer wrote, for companions that ask for it again.
    pub fn remember_sent(&self, owner: &str, id: &str, text: &str, group: Option<&str>) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO sent (owner, id, text, chat) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| statement.execute(params![owner, id, text, group]))
            .while_doing(failed)?;
        Ok(())
    }

    /// What a peer wrote under this id: the text and the group.
    pub fn sent(&self, owner: &str, id: &str) -> Result<Option<(String, Option<String>)>> {
        self.connection
            .prepare_cached("SELECT text, chat FROM sent WHERE owner = ?1 AND id = ?2")
            .and_then(|mut statement| statement.query_row(params![owner, id], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .while_doing(failed)
    }

    /// Whether `owner` has read the message already.
    pub fn has_read(&self, owner: &str, id: &str) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM inbox WHERE owner = ?1 AND id = ?2 AND text IS NOT NULL")
            .and_then(|mut statement| statement.exists(params![owner, id]))
            .while_doing(failed)
    }

    /// Everything that `owner` received, in the order of first arrival.
    pub fn inbox(&self, owner: &str) -> Result<Vec<Received>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, sender, chat, text, error, copies FROM inbox WHERE owner = ?1 ORDER BY sequence")
            .while_doing(failed)?;
        let rows = statement
            .query_map([owner], |row| {
                Ok(Received {
                    id: row.get(0)?,
                    from: row.get(1)?,
                    group: row.get(2)?,
                    text: row.get(3)?,
                    error: row.get(4)?,
                    copies: row.get::<_, i64>(5)?.unsigned_abs(),
                })
            })
            .while_doing(failed)?;
        rows.collect::<rusqlite::Result<Vec<_>>>().while_doing(failed)
    }
}

fn failed() -> String {
    "the simulator cannot use its state".to_owned()
}

fn decode<T: DeserializeOwned>(key: &str, json: &str) -> Result<T> {
    serde_json::from_str(json)
        .context(ErrorKind::Unexpected, || format!("the simulator's state has a damaged document {key}"))
        .map_err(|error| error.hint("stop the simulator and remove its folder; companions must be paired again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_and_inbox_survive_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("simulator.db");
        let storage = Storage::open(&path).unwrap();
        storage.begin().unwrap();
        storage.enqueue(1, "message", "A", b"x").unwrap();
        storage.enqueue(1, "message", "B", b"y").unwrap();
        storage.enqueue(2, "message", "A", b"z").unwrap();
        let mut received = Received {
            id: "M".into(),
            from: "device:1".into(),
            group: None,
            text: None,
            error: Some("no session".into()),
            copies: 1,
        };
        storage.receive("1555", &received).unwrap();
        received.text = Some("hello".into());
        received.error = None;
        storage.receive("1555", &received).unwrap();
        storage.commit().unwrap();
        drop(storage);

        let storage = Storage::open(&path).unwrap();
        assert_eq!(storage.queue_length(1).unwrap(), 2);
        assert_eq!(storage.dequeue(1, "message", "A", 1).unwrap(), 1);
        assert_eq!(storage.queued(1, 0, 10).unwrap()[0].stanza, b"y");
        assert_eq!(storage.queue_length(2).unwrap(), 1);
        let inbox = storage.inbox("1555").unwrap();
        assert_eq!((inbox[0].text.as_deref(), inbox[0].error.as_deref(), inbox[0].copies), (Some("hello"), None, 2));
        assert!(storage.has_read("1555", "M").unwrap());
    }
}
