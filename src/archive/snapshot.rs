//! A consistent picture of one database, taken in one read transaction while others may write.
//!
//! The pages come out of the transaction itself, through SQLite's `sqlite_dbpage` table, so that
//! no second copy is needed and no writer can make it start over. A build of SQLite without that
//! table is noticed, and the pages then go through a temporary copy, made in one step.
//!
//! **Which opening is used, and what it leaves behind.** While a daemon runs, its `-wal` and
//! `-shm` are there and shared; a reader adds none. When the caller holds the session's lock
//! ([`Quiet::Proven`]) nobody writes: without a `-wal` the file alone is the database and is
//! opened as immutable, which makes no file at all; with one (a killed daemon leaves committed
//! data in it) the reader must use it, and a `-shm` that had to be made for that is removed again.
//! Nothing is ever checkpointed or written.
//!
//! Start with [`Snapshot::open`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};

use super::manifest::{Database, NOT_RUN, Rows, Signal};
use super::pages::Run;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::sidecar;

/// Whether anybody may write to the database meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// The caller holds the session's lock.
    Proven,
    /// Nobody held the session's lock a moment ago. Right for a look, not for a backup.
    Likely,
    /// A daemon may run.
    Unknown,
}

/// How the bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// From the transaction itself.
    Pages,
    /// Through a temporary copy.
    Copy,
}

impl Method {
    /// What this build of SQLite can do.
    pub fn available(connection: &Connection) -> rusqlite::Result<Method> {
        let found =
            connection.query_row("SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage'", [], |_| Ok(())).optional()?;
        Ok(if found.is_some() { Method::Pages } else { Method::Copy })
    }
}

/// One open read transaction. Dropping it ends the transaction and removes what it made.
#[derive(Debug)]
pub struct Snapshot {
    connection: Option<Connection>,
    path: PathBuf,
    method: Method,
    pages: u64,
    page_size_bytes: u64,
    remove_after: Option<PathBuf>,
}

impl Snapshot {
    /// Opens the database and its one read transaction. `None` when there is no such file.
    pub fn open(path: &Path, quiet: Quiet) -> Result<Option<Snapshot>> {
        Snapshot::open_with(path, quiet, None)
    }

    /// [`Snapshot::open`] with a method of the caller's choice.
    pub fn open_with(path: &Path, quiet: Quiet, method: Option<Method>) -> Result<Option<Snapshot>> {
        match std::fs::metadata(path) {
            // SQLite would wait for somebody to write into a pipe.
            Ok(metadata) if !metadata.is_file() => {
                return Err(Error::new(ErrorKind::Unexpected, format!("{} is not an ordinary file", path.display()))
                    .hint("look at what is there, and move it away"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk::cannot("look at", path, error)),
        }
        let wal = sidecar(path, "-wal");
        let shm = sidecar(path, "-shm");
        // An empty -wal holds nothing, and so does one whose header was never written.
        let hot = std::fs::metadata(&wal).is_ok_and(|metadata| metadata.len() > 0);
        let immutable = quiet != Quiet::Unknown && !hot && !sidecar(path, "-journal").exists();
        // Another process that opened the database meanwhile would share this -shm: only the lock
        // rules that out.
        let remove_after = (quiet == Quiet::Proven && !immutable && !shm.exists()).then_some(shm);
        let connection = open_read_only(path, immutable).map_err(|error| unreadable(path, error))?;
        let mut snapshot = Snapshot {
            connection: Some(connection),
            path: path.to_owned(),
            method: Method::Copy,
            pages: 0,
            page_size_bytes: 0,
            remove_after,
        };
        snapshot.begin(method).map_err(|error| unreadable(path, error))?;
        if snapshot.pages == 0 {
            return Err(Error::new(ErrorKind::Unexpected, format!("{} is empty", path.display()))
                .hint("it was never written by a daemon, or was emptied; restore it from an archive"));
        }
        Ok(Some(snapshot))
    }

    fn begin(&mut self, method: Option<Method>) -> rusqlite::Result<()> {
        let Some(connection) = &self.connection else { return Ok(()) };
        connection.execute_batch("BEGIN")?;
        // The transaction starts with the first read.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let available = Method::available(connection)?;
        let page_size = connection.pragma_query_value(None, "page_size", |row| unsigned(row, 0))?;
        let pages = connection.pragma_query_value(None, "page_count", |row| unsigned(row, 0))?;
        self.method = method.unwrap_or(available);
        self.pages = pages;
        self.page_size_bytes = page_size;
        Ok(())
    }

    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, format!("the snapshot of {} was closed", self.path.display()))
                .hint("report this as a bug of wpp")
        })
    }

    /// Size of the database in this transaction.
    pub fn size_bytes(&self) -> u64 {
        self.pages * self.page_size_bytes
    }

    /// Size of a page in bytes.
    pub fn page_size_bytes(&self) -> u64 {
        self.page_size_bytes
    }

    /// Everything that a manifest says about a database. A damaged one has facts too: its
    /// `quick_check`, if it is wanted, says so, and tables that cannot be counted are left out.
    pub fn database(&self, check: bool) -> Result<Database> {
        let read = || -> rusqlite::Result<Database> {
            let connection = self.connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
            let quick_check = if check { quick_check(connection) } else { NOT_RUN.into() };
            Ok(Database {
                page_size_bytes: self.page_size_bytes,
                pages: self.pages,
                journal_mode: connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?,
                last_migration: last_migration(connection)?,
                schema_sha256: schema_sha256(connection)?,
                tables: count_rows(connection)?,
                quick_check,
                method: match self.method {
                    Method::Pages => "pages".into(),
                    Method::Copy => "copy".into(),
                },
                pages_blake3: None,
            })
        };
        read().map_err(|error| unreadable(&self.path, error))
    }

    /// Rows of every ordinary table; one that cannot be read is left out.
    pub fn rows(&self) -> Result<BTreeMap<String, Rows>> {
        count_rows(self.connection()?).map_err(|error| unreadable(&self.path, error))
    }

    /// The identity and the counters, if this is a Signal store.
    pub fn signal(&self) -> Result<Option<Signal>> {
        signal(self.connection()?).map_err(|error| unreadable(&self.path, error))
    }

    /// Hands over the bytes of the database file as of this transaction, [`Snapshot::size_bytes`]
    /// in all. `scratch` is where a build that cannot stream puts its temporary copy.
    pub fn stream(&self, scratch: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self.method {
            Method::Pages => self.stream_pages(take),
            Method::Copy => self.stream_copy(scratch, take),
        }
    }

    /// [`Snapshot::stream`] from the transaction itself, page by page.
    pub fn stream_pages(&self, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let sqlite = |error| unreadable(&self.path, error);
        let mut statement =
            self.connection()?.prepare("SELECT pgno, data FROM sqlite_dbpage('main') ORDER BY pgno").map_err(sqlite)?;
        let mut rows = statement.query([]).map_err(sqlite)?;
        let mut expected = 1;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let number = unsigned(row, 0).map_err(sqlite)?;
            let page = row.get_ref(1).and_then(|value| value.as_blob().map_err(Into::into)).map_err(sqlite)?;
            if number != expected || page.len() as u64 != self.page_size_bytes {
                return Err(self.no_page(expected));
            }
            take(page)?;
            expected += 1;
        }
        Ok(())
    }

    /// Hands over some of the pages, in order, as [`Snapshot::stream`] would. Only a build that reads
    /// pages from the transaction itself can: see [`Snapshot::has_pages`].
    pub fn pages_of(&self, run: Run, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let sqlite = |error| unreadable(&self.path, error);
        let mut statement =
            self.connection()?.prepare_cached("SELECT data FROM sqlite_dbpage('main') WHERE pgno = ?1").map_err(sqlite)?;
        for number in run.first..run.first.saturating_add(run.count) {
            // SQLite's page numbers have 32 bits.
            let mut rows = statement.query([number.cast_signed()]).map_err(sqlite)?;
            let row = rows.next().map_err(sqlite)?;
            let page = row.map(|row| row.get_ref(0)?.as_blob().map_err(Into::into)).transpose().map_err(sqlite)?;
            match page.filter(|page| page.len() as u64 == self.page_size_bytes) {
                Some(page) => take(page)?,
                None => return Err(self.no_page(number)),
            }
        }
        Ok(())
    }

    /// Whether single pages can be read.
    pub fn has_pages(&self) -> bool {
        self.method == Method::Pages
    }

    fn no_page(&self, number: u64) -> Error {
        Error::new(ErrorKind::Unexpected, format!("page {number} of {} could not be read", self.path.display()))
            .hint("check the disk; `wpp doctor` looks at the database")
    }

    fn stream_copy(&self, scratch: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let copy = tempfile::Builder::new()
            .prefix(".wpp-copy-")
            .tempfile_in(scratch)
            .map_err(|error| disk::cannot("make a temporary copy in", scratch, error))?;
        disk::require_space(scratch, self.size_bytes())?;
        let copied = || -> rusqlite::Result<()> {
            let source = self.connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
            let mut target = Connection::open(copy.path())?;
            // One step: a copy in several steps starts over whenever somebody writes.
            rusqlite::backup::Backup::new(source, &mut target)?.step(-1)?;
            Ok(())
        };
        copied().map_err(|error| unreadable(&self.path, error))?;
        let mut file = std::fs::File::open(copy.path()).map_err(|error| disk::cannot("read", copy.path(), error))?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            match std::io::Read::read(&mut file, &mut buffer).map_err(|error| disk::cannot("read", copy.path(), error))? {
                0 => return Ok(()),
                count => take(&buffer[..count])?,
            }
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        drop(self.connection.take());
        if let Some(path) = &self.remove_after {
            // The -shm only caches where things are in the -wal; whoever needs it makes it again.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Opens a database to look at it: nothing is written, nothing in it is run. `immutable` makes no
/// file beside it either, and is right only when nobody writes and there is no `-wal`.
pub fn open_read_only(path: &Path, immutable: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // SQLite's rule against links holds for every part of a path. Only the file itself must be
    // none: a home may well lie behind a link.
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let real = match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    };
    let connection = Connection::open_with_flags(uri(&real, immutable), flags)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

fn uri(path: &Path, immutable: bool) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut text = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => text.push(char::from(*byte)),
            // Writing to a String cannot fail.
            other => drop(write!(text, "%{other:02x}")),
        }
    }
    text.push_str(if immutable { "?mode=ro&immutable=1" } else { "?mode=ro" });
    text
}

/// `ok`, or the first things that are wrong.
pub fn quick_check(connection: &Connection) -> String {
    let run = || -> rusqlite::Result<String> {
        let mut statement = connection.prepare("PRAGMA quick_check(3)")?;
        let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(lines.join("; "))
    };
    run().unwrap_or_else(|error| error.to_string())
}

/// The newest migration: diesel's version in the client library's store, `user_version` in ours.
pub fn last_migration(connection: &Connection) -> rusqlite::Result<String> {
    if table_exists(connection, "__diesel_schema_migrations")? {
        let version: Option<String> =
            connection.query_row("SELECT max(version) FROM __diesel_schema_migrations", [], |row| row.get(0))?;
        return Ok(version.unwrap_or_default());
    }
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|version| version.to_string())
}

/// SHA-256 over the text of the whole schema, in hex.
pub fn schema_sha256(connection: &Connection) -> rusqlite::Result<String> {
    let mut hasher = Sha256::new();
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name, tbl_name")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..4 {
            hasher.update(row.get_ref(column)?.as_bytes().unwrap_or_default());
            hasher.update([0]);
        }
    }
    Ok(hex::encode(hasher.finalize()))
}

/// Whether there is such a table.
pub fn table_exists(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// Rows of every ordinary table; one that cannot be read is left out.
pub fn count_rows(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Rows>> {
    let mut statement = connection.prepare(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let tables: Vec<(String, bool)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut counted = BTreeMap::new();
    for (name, without_rowid) in tables {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let count = connection.query_row(&format!("SELECT count(*) FROM {quoted}"), [], |row| unsigned(row, 0));
        let highest = if without_rowid {
            Ok(None)
        } else {
            connection.query_row(&format!("SELECT max(rowid) FROM {quoted}"), [], |row| row.get(0))
        };
        if let (Ok(count), Ok(highest)) = (count, highest) {
            counted.insert(name, Rows { count, highest });
        }
    }
    Ok(counted)
}

/// The identity and the counters of the client library's store; `None` if this is none.
pub fn signal(connection: &Connection) -> rusqlite::Result<Option<Signal>> {
    if !table_exists(connection, "device")? {
        return Ok(None);
    }
    let device = connection
        .query_row(
            "SELECT pn, account IS NOT NULL, registration_id, identity_key, noise_key, next_pre_key_id, login_counter
             FROM device ORDER BY id LIMIT 1",
            [],
            |row| {
                let pn: String = row.get(0)?;
                let mut identity = Sha256::new();
                identity.update(b"wpp identity\0");
                identity.update(row.get::<_, i64>(2)?.to_le_bytes());
                identity.update(row.get::<_, Vec<u8>>(3)?);
                identity.update(row.get::<_, Vec<u8>>(4)?);
                // 4915…:12@s.whatsapp.net: the account is what stands before the device.
                let account = pn.split([':', '@']).next().unwrap_or_default().to_owned();
                let mut hasher = Sha256::new();
                hasher.update(b"wpp account\0");
                hasher.update(account.as_bytes());
                Ok(Signal {
                    paired: !pn.is_empty() && row.get::<_, bool>(1)?,
                    identity_sha256: hex::encode(identity.finalize()),
                    account_sha256: (!account.is_empty()).then(|| hex::encode(hasher.finalize())),
                    highest_prekey_id: None,
                    next_prekey_id: row.get(5)?,
                    login_counter: row.get(6)?,
                    sessions: 0,
                    sender_keys: 0,
                })
            },
        )
        .optional()?;
    let Some(mut signal) = device else { return Ok(None) };
    signal.highest_prekey_id = connection.query_row("SELECT max(id) FROM prekeys", [], |row| row.get(0))?;
    signal.sessions = connection.query_row("SELECT count(*) FROM sessions", [], |row| unsigned(row, 0))?;
    signal.sender_keys = connection.query_row("SELECT count(*) FROM sender_keys", [], |row| unsigned(row, 0))?;
    Ok(Some(signal))
}

/// SQLite's numbers are signed; what is counted never is.
fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A database error in our words.
pub fn unreadable(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let code = error.sqlite_error_code();
    let (kind, hint) = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (ErrorKind::Locked, "another program holds the database; try again, and close tools that have it open")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            (ErrorKind::Unexpected, "it is damaged; `wpp doctor` looks at it and `wpp restore` brings it back from an archive")
        }
        _ => (ErrorKind::Unexpected, "check its owner and mode, and the disk; `wpp doctor` looks at all three"),
    };
    Error::new(kind, format!("cannot read the database {}", path.display())).caused_by(error).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(snapshot: &Snapshot, folder: &Path) -> Vec<u8> {
        let mut all = Vec::new();
        snapshot
            .stream(folder, &mut |page| {
                all.extend_from_slice(page);
                Ok(())
            })
            .unwrap();
        all
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn store(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        connection.execute_batch("CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('one')").unwrap();
        connection
    }

    #[test]
    fn this_build_streams_pages() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(Method::available(&connection).unwrap(), Method::Pages);
    }

    #[test]
    fn the_pages_of_a_closed_database_are_its_file_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b%.db");
        drop(store(&path));
        assert_eq!(names(folder.path()), ["a b%.db"]);
        for method in [Method::Pages, Method::Copy] {
            let snapshot = Snapshot::open_with(&path, Quiet::Proven, Some(method)).unwrap().unwrap();
            let database = snapshot.database(true).unwrap();
            assert_eq!((database.quick_check.as_str(), database.tables["t"]), ("ok", Rows { count: 1, highest: Some(1) }));
            let read = bytes(&snapshot, folder.path());
            assert_eq!(read.len() as u64, snapshot.size_bytes());
            if method == Method::Pages {
                assert_eq!(read, std::fs::read(&path).unwrap());
            }
            drop(snapshot);
            assert_eq!(names(folder.path()), ["a b%.db"]);
        }
        assert!(Snapshot::open(&folder.path().join("none"), Quiet::Proven).unwrap().is_none());
    }

    #[test]
    fn what_a_killed_writer_committed_to_its_wal_is_in_the_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.db");
        let live = store(&path);
        live.execute_batch("INSERT INTO t VALUES ('two')").unwrap();
        // A copy of the files under an idle writer is what a kill leaves; without -shm it is what
        // a reboot leaves.
        let left = folder.path().join("left");
        std::fs::create_dir(&left).unwrap();
        let path = left.join("live.db");
        for ending in ["", "-wal"] {
            std::fs::copy(sidecar(&folder.path().join("live.db"), ending), sidecar(&path, ending)).unwrap();
        }
        for method in [Method::Pages, Method::Copy] {
            let snapshot = Snapshot::open_with(&path, Quiet::Proven, Some(method)).unwrap().unwrap();
            assert_eq!(snapshot.database(true).unwrap().tables["t"].count, 2);
            let copy = folder.path().join("copy.db");
            std::fs::write(&copy, bytes(&snapshot, folder.path())).unwrap();
            let read = open_read_only(&copy, true).unwrap();
            assert_eq!(count_rows(&read).unwrap()["t"].count, 2);
            drop(snapshot);
            assert_eq!(names(&left), ["live.db", "live.db-wal"]);
        }
    }

    #[test]
    fn a_snapshot_does_not_see_what_is_written_after_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.db");
        let live = store(&path);
        let snapshot = Snapshot::open(&path, Quiet::Unknown).unwrap().unwrap();
        for _ in 0..500 {
            live.execute_batch("INSERT INTO t VALUES (hex(randomblob(500)))").unwrap();
        }
        assert_eq!(snapshot.database(true).unwrap().tables["t"].count, 1);
        let copy = folder.path().join("copy.db");
        std::fs::write(&copy, bytes(&snapshot, folder.path())).unwrap();
        let read = open_read_only(&copy, true).unwrap();
        assert_eq!((quick_check(&read).as_str(), count_rows(&read).unwrap()["t"].count), ("ok", 1));
    }

    #[test]
    fn a_home_behind_a_link_is_read_and_a_database_that_is_a_link_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir(&real).unwrap();
        drop(store(&real.join("x.db")));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(Snapshot::open(&link.join("x.db"), Quiet::Proven).unwrap().is_some());
        std::os::unix::fs::symlink(real.join("x.db"), real.join("y.db")).unwrap();
        assert!(Snapshot::open(&real.join("y.db"), Quiet::Proven).is_err());
    }

    #[test]
    fn a_database_without_a_wal_is_read_and_its_hot_journal_is_not_guessed_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let live = Connection::open(&path).unwrap();
        live.execute_batch("CREATE TABLE t (x TEXT); INSERT INTO t VALUES (hex(randomblob(100000)))").unwrap();
        for quiet in [Quiet::Proven, Quiet::Unknown] {
            let snapshot = Snapshot::open(&path, quiet).unwrap().unwrap();
            assert_eq!(snapshot.database(true).unwrap().journal_mode, "delete");
            assert_eq!(bytes(&snapshot, folder.path()), std::fs::read(&path).unwrap());
        }
        // A writer that died in the middle: pages of the file are half new, the old ones are in the
        // journal, and only a program that may write can put them back.
        live.execute_batch("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE t SET x = hex(randomblob(100000)); INSERT INTO t SELECT x FROM t").unwrap();
        let left = folder.path().join("left");
        std::fs::create_dir(&left).unwrap();
        for ending in ["", "-journal"] {
            std::fs::copy(sidecar(&path, ending), sidecar(&left.join("x.db"), ending)).unwrap();
        }
        assert!(Snapshot::open(&left.join("x.db"), Quiet::Proven).is_err());
    }

    #[test]
    fn what_is_no_database_is_an_error_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        for content in
            ["", "not a database, but long enough to have a header of a hundred bytes, which is where SQLite looks first of all"]
        {
            std::fs::write(&path, content).unwrap();
            let error = Snapshot::open(&path, Quiet::Proven).unwrap_err();
            assert!(!error.hints().is_empty(), "{error}");
        }
    }
}
