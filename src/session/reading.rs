//! Opens a session's database to read, and leaves nothing behind.
//!
//! An ordinary read-only open of a database in write-ahead mode makes `-wal` and `-shm` files, which
//! stay and belong to whoever looked. [`open`] chooses, by what is there, the way that makes none;
//! [`connect`] is for who knows the [`Way`]. In one moment it cannot: when a daemon closes the database
//! after the choice and before the first read, SQLite makes an empty log and its index anew, with the
//! owner and mode of the database. They hold nothing, nobody takes them for something, and the next
//! daemon takes them away. They are not removed here: by then they may be in use by the next one.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{SessionPaths, sidecar};

/// A database that is open to read.
#[derive(Debug)]
pub struct Reading {
    /// To ask it.
    pub connection: Connection,
    /// The files as they were, when they were opened in the belief that nobody changes them.
    still: Option<Still>,
}

#[derive(Debug)]
struct Still {
    path: PathBuf,
    lock: PathBuf,
    /// Whether somebody held the session's lock already when they were opened.
    held: bool,
    files: [Fingerprint; 2],
}

/// Inode, size and time of change; `None` when there is no such file.
type Fingerprint = Option<(u64, u64, i64, i64)>;

/// Why a database could not be opened.
#[derive(Debug)]
pub enum Refusal {
    /// There is no such file, or an empty one.
    Absent,
    /// Somebody is just opening, closing or replacing it.
    Busy,
    /// The system or SQLite says no.
    Failed(rusqlite::Error),
    /// The folder cannot be looked at.
    Disk(Error),
}

/// How a database is opened to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Beside others, with locks; uses the `-wal` and `-shm` that are there, or makes them.
    Shared,
    /// As a file that nobody changes and that has no log.
    Still,
    /// With a log that nobody changes: its index is made in memory, without locks.
    StillWithLog,
}

/// Opens a database to look at it: nothing is written, nothing in it is run, and a link in its place
/// is refused.
pub fn connect(path: &Path, way: Way) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // SQLite's rule against links holds for every part of a path. Only the file itself must be
    // none: a home may well lie behind a link.
    let real = real(path);
    // To open a pipe waits for somebody at its other end.
    if std::fs::symlink_metadata(&real).is_ok_and(|seen| !seen.is_file() && !seen.is_symlink()) {
        let cannot = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        return Err(rusqlite::Error::SqliteFailure(cannot, Some("it is no regular file".into())));
    }
    let connection = match way {
        Way::Shared => Connection::open_with_flags(uri(&real, false), flags)?,
        Way::Still => Connection::open_with_flags(uri(&real, true), flags)?,
        Way::StillWithLog => {
            // Without locks SQLite reads a log only in exclusive mode, which keeps the index in memory.
            let connection = Connection::open_with_flags_and_vfs(uri(&real, false), flags, c"unix-none")?;
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection
        }
    };
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A hostile schema gets no code to run beyond our own statements.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Where a file lies, whatever links lead to its folder.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Opens `path`, one of the session's databases.
///
/// - A daemon has it open: its `-wal` and `-shm` are there and are used as they are.
/// - Nobody has it open and the log is empty: it is read as a file that cannot change. So is one that
///   a daemon does not have open at this time, such as the store of a session that was logged out.
/// - Nobody has it open and the log holds something (a daemon was killed): the log is read too, with
///   its index in memory and without locks.
///
/// In the last two cases [`Reading::confirm`] says whether the files stayed as they were.
pub fn open(session: &SessionPaths, path: &Path) -> std::result::Result<Reading, Refusal> {
    let files = fingerprints(path).map_err(Refusal::Disk)?;
    let Some((_, size_bytes, ..)) = files[0] else { return Err(Refusal::Absent) };
    let log = files[1].is_some_and(|(_, size_bytes, ..)| size_bytes > 0);
    // SQLite takes the log of an empty database for a leftover and removes it.
    if size_bytes == 0 {
        return Err(Refusal::Absent);
    }
    let lock = session.lock();
    let held = matches!(Lock::look(&lock).map_err(Refusal::Disk)?, LockState::Held(_));
    let side_files = (files[1].is_some(), sidecar(path, "-shm").exists());
    let unopened = side_files == (false, false);
    let way = match (held && !unopened, log) {
        (true, _) if side_files != (true, true) => return Err(Refusal::Busy),
        (true, _) => Way::Shared,
        (false, true) => Way::StillWithLog,
        (false, false) => Way::Still,
    };
    let connection = connect(path, way).and_then(|connection| {
        connection.busy_timeout(std::time::Duration::from_secs(2))?;
        Ok(connection)
    });
    let connection = connection.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Refusal::Busy,
        _ => Refusal::Failed(error),
    })?;
    let still = (!held || unopened).then(|| Still { path: path.to_owned(), lock, held, files });
    Ok(Reading { connection, still })
}

impl Reading {
    /// Fails when the files changed, or somebody took the session's lock, since they were opened:
    /// what was read may then be wrong.
    pub fn confirm(&self) -> Result<()> {
        let Some(still) = &self.still else { return Ok(()) };
        let taken = !still.held && matches!(Lock::look(&still.lock)?, LockState::Held(_));
        if fingerprints(&still.path)? == still.files && !taken {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Locked, format!("{} came into use while it was read", still.path.display()))
            .hint("a daemon started in that moment; run the command again"))
    }
}

/// A file name as an SQLite URI, which may promise that the file does not change.
fn uri(path: &Path, immutable: bool) -> PathBuf {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut text = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'?' | b'#' | b'%' => text.extend(format!("%{byte:02x}").bytes()),
            _ => text.push(*byte),
        }
    }
    text.extend(if immutable { &b"?mode=ro&immutable=1"[..] } else { b"?mode=ro" });
    PathBuf::from(OsString::from_vec(text))
}

fn fingerprints(path: &Path) -> Result<[Fingerprint; 2]> {
    Ok([fingerprint(path)?, fingerprint(&sidecar(path, "-wal"))?])
}

fn fingerprint(path: &Path) -> Result<Fingerprint> {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata(path) {
        Ok(data) => Ok(Some((data.ino(), data.len(), data.mtime(), data.mtime_nsec()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk::cannot("look at", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        session: SessionPaths,
    }

    impl Place {
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            // A name with all that a URI would take amiss.
            let inner = folder.path().join("a %41 ? # b");
            std::fs::create_dir(&inner).unwrap();
            Place { session: SessionPaths::at(&inner, "main"), folder }
        }

        fn files(&self) -> Vec<String> {
            let mut names: Vec<String> = std::fs::read_dir(self.session.folder())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }

        fn fill(&self) -> Connection {
            let connection = Connection::open(self.session.wpp_db()).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)").unwrap();
            connection
        }

        fn count(&self) -> i64 {
            let reading = open(&self.session, &self.session.wpp_db()).unwrap();
            let count = reading.connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
            reading.confirm().unwrap();
            count
        }
    }

    #[test]
    fn a_closed_database_is_read_without_a_trace() {
        let place = Place::new();
        drop(place.fill());
        let before = place.files();
        assert_eq!(before, ["wpp.db"]);
        assert_eq!(place.count(), 2);
        assert_eq!(place.files(), before);
    }

    #[test]
    fn what_a_killed_daemon_left_in_the_log_is_read_without_a_trace() {
        let place = Place::new();
        let connection = place.fill();
        // As kill -9 leaves it: the files are copied while they are open.
        let other = Place::new();
        for name in ["wpp.db", "wpp.db-wal"] {
            std::fs::copy(place.session.folder().join(name), other.session.folder().join(name)).unwrap();
        }
        drop(connection);
        let sizes =
            |place: &Place| ["wpp.db", "wpp.db-wal"].map(|name| std::fs::read(place.session.folder().join(name)).unwrap());
        let before = sizes(&other);
        assert_eq!(other.count(), 2);
        assert_eq!(other.files(), ["wpp.db", "wpp.db-wal"]);
        assert_eq!(sizes(&other), before);
        assert!(place.folder.path().exists());
    }

    #[test]
    fn a_database_in_use_is_read_beside_its_daemon_and_a_half_open_one_is_busy() {
        let place = Place::new();
        let _lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        let connection = place.fill();
        assert_eq!(place.count(), 2);
        drop(connection);
        std::fs::write(place.session.folder().join("wpp.db-wal"), "").unwrap();
        assert!(matches!(open(&place.session, &place.session.wpp_db()), Err(Refusal::Busy)));
    }

    #[test]
    fn what_a_daemon_does_not_have_open_is_read_and_its_opening_is_noticed() {
        let place = Place::new();
        let _lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        drop(place.fill());
        assert_eq!(place.count(), 2);
        assert_eq!(place.files(), ["LOCK", "wpp.db"]);
        let reading = open(&place.session, &place.session.wpp_db()).unwrap();
        reading.confirm().unwrap();
        let _opened = place.fill_more();
        assert_eq!(reading.confirm().unwrap_err().kind(), ErrorKind::Locked);
    }

    #[test]
    fn a_change_while_reading_is_noticed() {
        let place = Place::new();
        drop(place.fill());
        let reading = open(&place.session, &place.session.wpp_db()).unwrap();
        drop(place.fill_more());
        assert_eq!(reading.confirm().unwrap_err().kind(), ErrorKind::Locked);
        let reading = open(&place.session, &place.session.wpp_db()).unwrap();
        reading.confirm().unwrap();
        let _lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        assert_eq!(reading.confirm().unwrap_err().kind(), ErrorKind::Locked);
    }

    impl Place {
        fn fill_more(&self) -> Connection {
            let connection = Connection::open(self.session.wpp_db()).unwrap();
            connection.execute_batch("INSERT INTO t VALUES (3)").unwrap();
            connection
        }
    }

    #[test]
    fn nothing_there_is_absent() {
        let place = Place::new();
        assert!(matches!(open(&place.session, &place.session.wpp_db()), Err(Refusal::Absent)));
        std::fs::write(place.session.wpp_db(), "").unwrap();
        assert!(matches!(open(&place.session, &place.session.wpp_db()), Err(Refusal::Absent)));
    }
}
