//! A look into a session's databases that harms nothing, leaves nothing and ends in time.
//!
//! How they are opened is [`reading`]'s business. Here damage is told apart from a look that
//! failed: the one is a fact about the database, the other says nothing about it.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::probe::traces::{self, Searched};
use super::soundness;
use crate::archive::snapshot;
use crate::clock;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{DatabaseHealth, LastWord, MessagesFacts, MessagesRows, SearchIndex, StoreFacts, StoreFault};
use crate::home::{self, SessionPaths, sidecar};
use crate::session::messages::{self, Messages, VERSION};
use crate::session::reading::{self, Reading, Refusal, Way};
use crate::session::state::{Reason, State};
use crate::session::store::{Particulars, account_fingerprint, particulars};

/// Lines of a damaged database's report that are kept.
const PROBLEMS_MAX: usize = 5;
/// How often a look begins anew because the database came into use meanwhile.
const ATTEMPTS: usize = 4;
/// How SQLite begins to say that a database lacks a table.
const NO_TABLE: &str = "no such table";
/// The newest messages that are looked for in the log, and how long one must be not to be there by chance.
const TEXTS_MAX: u32 = 8;
const TEXT_CHARACTERS_MIN: u32 = 16;
/// Steps of SQLite's machine between two looks at the clock, which are less than a millisecond.
const STEPS: i32 = 10_000;
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// What has a database's name and is no file; `None` when a file, or a link to one, has it.
fn replaced(path: &Path) -> Result<Option<DatabaseHealth>> {
    let is_link = path.symlink_metadata().is_ok_and(|seen| seen.is_symlink());
    let by = match path.metadata() {
        Ok(seen) if seen.is_file() => return Ok(None),
        Ok(seen) if seen.is_dir() => "a folder",
        Ok(_) => "a pipe, a socket or a device",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && is_link => "a link that leads nowhere",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk::cannot("look at", path, error)),
    };
    Ok(Some(DatabaseHealth::Replaced { by: by.into() }))
}

/// Looks into the client library's store.
pub fn store(session: &SessionPaths, timeout: Duration) -> Result<StoreFacts> {
    let unreadable = |health| StoreFacts { health, faults: Vec::new(), paired: None, particulars: Particulars::default() };
    if let Some(health) = replaced(&session.session_db())? {
        return Ok(unreadable(health));
    }
    if is_interrupted(&session.session_db()) {
        return Ok(unreadable(DatabaseHealth::Interrupted));
    }
    let damaged = |problems| unreadable(DatabaseHealth::Damaged { problems });
    let seen = look(session, &session.session_db(), timeout, |connection| {
        let problems = quick_check(connection)?;
        let linked = "SELECT count(*) FROM device WHERE pn <> '' AND account IS NOT NULL";
        let paired = connection.query_row(linked, [], |row| row.get::<_, i64>(0)).map(|count| count > 0);
        Ok(match (problems.is_empty(), paired) {
            (true, Ok(paired)) => StoreFacts {
                faults: soundness::of_store(connection)?,
                paired: Some(paired),
                particulars: particulars(connection),
                ..unreadable(DatabaseHealth::Whole)
            },
            // A store that is being made has no tables yet, and does not say that it has all.
            (true, Err(error)) => match soundness::of_store(connection)? {
                faults if faults.is_empty() => {
                    let log = strange_log(&session.session_db());
                    let is_ours = "SELECT count(*) FROM sqlite_schema WHERE name = '__diesel_schema_migrations'";
                    if log.is_empty() || connection.query_row(is_ours, [], |row| row.get(0))? {
                        return Err(error);
                    }
                    damaged(vec![format!("it is a database of another program{log}")])
                }
                faults => StoreFacts { faults, particulars: particulars(connection), ..unreadable(DatabaseHealth::Whole) },
            },
            (false, paired) => StoreFacts { paired: paired.ok(), ..damaged(problems) },
        })
    })?;
    Ok(seen.map_or_else(|problem| damaged(vec![problem]), |(seen, _)| seen))
}

/// Looks into the messages' database. What others wrote is handed on to be looked for in reports.
pub(super) fn messages(session: &SessionPaths, searched: &Searched, timeout: Duration) -> Result<MessagesFacts> {
    let unreadable = |health| MessagesFacts {
        health,
        faults: Vec::new(),
        search_index: SearchIndex::Unreadable,
        rows: None,
        version: None,
        account: None,
        traffic: None,
        texts_in_log: None,
    };
    if let Some(health) = replaced(&session.wpp_db())? {
        return Ok(unreadable(health));
    }
    if is_interrupted(&session.wpp_db()) {
        return Ok(unreadable(DatabaseHealth::Interrupted));
    }
    let damaged = |problems| unreadable(DatabaseHealth::Damaged { problems });
    let seen = look(session, &session.wpp_db(), timeout, |connection| {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let mut problems = quick_check(connection)?;
        if tables == 0 && problems.is_empty() {
            // A daemon that comes up makes the file first and its tables then.
            let unknown = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR);
            return Err(rusqlite::Error::SqliteFailure(unknown, Some(format!("{NO_TABLE}: it holds none"))));
        }
        problems.extend(messages::stranger(connection)?.map(|what| format!("{what}{}", strange_log(&session.wpp_db()))));
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        // SQLite checks full-text indexes too, which are made again from the messages at need.
        let (index_problems, problems): (Vec<String>, _) = problems.into_iter().partition(|line| line.contains("FTS5"));
        let faults = if tables > 0 && problems.is_empty() { soundness::of_messages(connection, version)? } else { Vec::new() };
        Ok((index_problems, problems, version, faults))
    })?;
    type Looked = (Vec<String>, Vec<String>, i64, Vec<StoreFault>);
    let ((index_problems, problems, version, faults), reading): (Looked, Reading) = match seen {
        Ok(seen) => seen,
        Err(problem) => return Ok(damaged(vec![problem])),
    };
    if !problems.is_empty() {
        return Ok(damaged(problems));
    }
    if version > VERSION {
        // What a newer version means by its rows is not known here.
        return Ok(MessagesFacts { version: Some(version), ..unreadable(DatabaseHealth::Whole) });
    }
    if faults.iter().any(|fault| fault.observed == soundness::MISSING) {
        // What is said of the rows takes all tables.
        return Ok(MessagesFacts { version: Some(version), faults, ..unreadable(DatabaseHealth::Whole) });
    }
    let mut attempt = 0;
    let mut open = Some(Messages::of(reading, session.wpp_db())?);
    let (index_problem, seen) = loop {
        match rows(session, searched, open.take()) {
            Err(error) if error.kind() == ErrorKind::Locked && attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            other => break other?,
        }
        attempt += 1;
    };
    let search_index = match index_problem.or_else(|| index_problems.first().cloned()) {
        None => SearchIndex::InStep,
        Some(what) => SearchIndex::OutOfStep { what },
    };
    Ok(MessagesFacts { search_index, faults, version: Some(version), ..seen })
}

/// What is in the rows; `open` is the database if it is open already.
fn rows(session: &SessionPaths, searched: &Searched, open: Option<Messages>) -> Result<(Option<String>, MessagesFacts)> {
    let open = open.map_or_else(|| Messages::open_read_only(session), |open| Ok(Some(open)))?;
    let Some(messages) = open else {
        return Err(Error::new(ErrorKind::Locked, format!("{} was just replaced", session.wpp_db().display()))
            .hint("run the doctor again in a moment"));
    };
    let now_ms = clock::now_ms();
    let hour_ago = now_ms - 3_600_000;
    let lost = messages.transitions_since(hour_ago)?.iter().filter(|change| change.to == State::Reconnecting.name()).count();
    let rows = MessagesRows {
        reconnects_last_hour: lost as u64,
        logged_out_ms: messages.logged_out()?.map(|mark| mark.at_ms),
        was_linked: messages.was_linked()?,
        last_word: messages.last_word()?.and_then(|word| {
            // A word that a newer version knows says nothing here.
            let state = serde_json::from_value(word.to.as_str().into()).ok()?;
            let reason = Reason::named(&word.reason)?;
            Some(LastWord { state, reason, at_ms: word.at_ms, until_ms: word.ban_ends_ms() })
        }),
    };
    let facts = MessagesFacts {
        health: DatabaseHealth::Whole,
        faults: Vec::new(),
        search_index: SearchIndex::Unreadable,
        rows: Some(rows),
        version: None,
        account: messages.own_account()?.map(|jid| account_fingerprint(&jid)),
        traffic: Some(messages.traffic(now_ms)?),
        texts_in_log: texts_in_log(session, searched, &messages)?,
    };
    Ok((messages.index_problem()?, facts))
}

/// How many of the newest messages stand in the ends of the logs; `None` when there is nothing to compare.
fn texts_in_log(session: &SessionPaths, searched: &Searched, messages: &Messages) -> Result<Option<u64>> {
    let mut texts = messages.newest_texts(TEXTS_MAX, TEXT_CHARACTERS_MIN)?;
    texts.retain(|(text, _)| text.contains(' '));
    // Reports tell what was sent by hand; what others wrote is in none.
    searched.note_texts(texts.iter().filter(|(_, from_me)| !from_me).map(|(text, _)| text));
    if texts.is_empty() {
        return Ok(None);
    }
    // What cannot be read is told with all else that is looked for in logs.
    let ends = traces::ends(session, searched.tail_bytes).into_iter().filter_map(|(_, text)| text.ok());
    let ends: Vec<String> = ends.map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
    let is_there = |text: &String| ends.iter().any(|end| end.contains(text.as_str()));
    Ok((!ends.is_empty()).then(|| texts.iter().filter(|(text, _)| is_there(text)).count() as u64))
}

/// Whether a transaction that died with its writer waits to be taken back. Pages of the file are then
/// half new, which looks like damage to whoever reads it without the journal.
fn is_interrupted(path: &Path) -> bool {
    let holds_something = |path: &Path| std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    if !holds_something(&sidecar(path, "-journal")) || !holds_something(path) || has_log_mode(path) {
        return false;
    }
    // With locks and a rollback journal, a reader makes no file.
    let looked = reading::connect(path, Way::Shared).and_then(|connection| {
        connection.busy_timeout(PAUSE)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    });
    looked.is_err_and(|error| snapshot::awaits_rollback(&error))
}

/// Whether the file says that it has a write-ahead log.
fn has_log_mode(path: &Path) -> bool {
    let mut head = [0; 20];
    let read = disk::open_to_read(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head[18..] == [2, 2]
}

/// What is said of a log beside a database that reads as another program's.
fn strange_log(path: &Path) -> String {
    home::strange_log(path).map(|what| format!("; {what}")).unwrap_or_default()
}

/// The lines of `quick_check` other than `ok`.
fn quick_check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({PROBLEMS_MAX})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    lines.filter(|line| line.as_ref().map_or(true, |line| line != "ok")).collect()
}

/// Runs a look on a connection of its own, again when the database came into use meanwhile, and leaves it
/// open for more, which the same time has to suffice for. The inner error is damage.
fn look<T>(
    session: &SessionPaths,
    path: &Path,
    timeout: Duration,
    work: impl Fn(&Connection) -> rusqlite::Result<T>,
) -> Result<std::result::Result<(T, Reading), String>> {
    for attempt in 1.. {
        let again = match look_once(session, path, timeout, &work)? {
            // A daemon that comes up makes the file first and its tables then.
            Attempt::Done(Err(problem))
                if problem.contains(NO_TABLE) && matches!(Lock::look(&session.lock())?, LockState::Held(_)) =>
            {
                busy(path)
            }
            Attempt::Done(seen) => return Ok(seen),
            Attempt::Again(error) => error,
        };
        if attempt == ATTEMPTS {
            return Err(again);
        }
        std::thread::sleep(PAUSE);
    }
    Err(cannot(path, "it was not tried".into()).hint("report this as a bug of wpp"))
}

enum Attempt<T> {
    Done(std::result::Result<T, String>),
    Again(Error),
}

fn look_once<T>(
    session: &SessionPaths,
    path: &Path,
    timeout: Duration,
    work: &impl Fn(&Connection) -> rusqlite::Result<T>,
) -> Result<Attempt<(T, Reading)>> {
    let reading = match reading::open(session, path) {
        Ok(reading) => reading,
        Err(Refusal::Absent) => return absent(session, path),
        Err(Refusal::Busy) => return Ok(Attempt::Again(busy(path))),
        Err(Refusal::Failed(error)) => return told(path, timeout, error),
        Err(Refusal::Disk(error)) => return Err(error),
    };
    let end = Instant::now() + timeout;
    let in_time = reading.connection.progress_handler(STEPS, Some(move || Instant::now() >= end));
    let looked = in_time.and_then(|()| work(&reading.connection));
    // What was read while somebody wrote may look damaged and not be.
    if let Err(error) = reading.confirm() {
        return Ok(Attempt::Again(error));
    }
    looked.map_or_else(|error| told(path, timeout, error), |seen| Ok(Attempt::Done(Ok((seen, reading)))))
}

/// What is said of a database that was missing or empty a moment ago.
fn absent<T>(session: &SessionPaths, path: &Path) -> Result<Attempt<T>> {
    // Before the lock: whoever made or replaced the file since has let go of it by now.
    let size_bytes = path.metadata().map(|seen| seen.len());
    Ok(match (Lock::look(&session.lock())?, size_bytes) {
        // A daemon that comes up makes the file first and writes it then.
        (LockState::Held(_), _) | (_, Ok(1..)) => Attempt::Again(busy(path)),
        (_, Ok(0)) => Attempt::Done(Err("the file is empty".into())),
        (_, Err(_)) => {
            return Err(cannot(path, "it was removed while it was looked at".into()).hint("run the doctor again in a moment"));
        }
    })
}

/// Damage is a fact, a busy database may be free in a moment, and everything else is a look that failed.
fn told<T>(path: &Path, timeout: Duration, error: rusqlite::Error) -> Result<Attempt<T>> {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Err(cannot(path, format!("it was not done within {}", clock::human(timeout)))
            .hint("run the doctor when the disk is less busy")),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Ok(Attempt::Again(busy(path))),
        _ => match damage(error) {
            Ok(problem) => Ok(Attempt::Done(Err(problem))),
            Err(error) => Err(cannot(path, error.to_string()).hint("check the file's owner and mode, and the disk")),
        },
    }
}

fn busy(path: &Path) -> Error {
    cannot(path, "it is just being opened, replaced or written".into()).hint("run the doctor again in a moment")
}

fn cannot(path: &Path, why: String) -> Error {
    Error::new(ErrorKind::Unknown, format!("{} could not be checked: {why}", path.display()))
}

/// What SQLite says of a damaged database, or the error back when it is of another kind.
fn damage(error: rusqlite::Error) -> rusqlite::Result<String> {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Ok(error.to_string()),
        // `no such table`, `no such column`: whole pages, but not our database.
        Some(ErrorCode::Unknown) => Ok(error.to_string()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    struct Place {
        _folder: tempfile::TempDir,
        session: SessionPaths,
    }

    impl Place {
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let session = SessionPaths::at(folder.path(), "main");
            Place { _folder: folder, session }
        }

        fn files(&self) -> Vec<(String, Vec<u8>)> {
            let mut names: Vec<_> = std::fs::read_dir(self.session.folder())
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
                .collect();
            names.sort();
            names
        }

        fn messages(&self) -> MessagesFacts {
            messages(&self.session, &Searched::of(1), TIMEOUT).unwrap()
        }
    }

    #[test]
    fn a_store_that_a_daemon_is_just_making_is_not_damaged() {
        let place = Place::new();
        let path = place.session.session_db();
        std::fs::create_dir_all(place.session.folder()).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE migrations (version TEXT)").unwrap();
        let damaged = |seen: StoreFacts| matches!(seen.health, DatabaseHealth::Damaged { .. });
        assert!(damaged(store(&place.session, TIMEOUT).unwrap()), "nobody is making it");
        let lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        let maker = std::thread::spawn(move || {
            std::thread::sleep(PAUSE / 5);
            connection.execute_batch("CREATE TABLE device (pn TEXT, account BLOB)").unwrap();
        });
        let seen = store(&place.session, TIMEOUT).unwrap();
        maker.join().unwrap();
        assert_eq!((damaged(seen.clone()), seen.paired), (false, Some(false)));
        drop(lock);
    }

    #[test]
    fn a_database_that_was_missing_a_moment_ago_is_empty_only_if_it_stays_so() {
        let place = Place::new();
        let path = place.session.wpp_db();
        let told = || absent::<()>(&place.session, &path);
        assert!(told().is_err(), "it is gone");
        drop(Messages::open(&path).unwrap());
        assert!(matches!(told(), Ok(Attempt::Again(_))), "a restore has put it in place and let go of the lock");
        std::fs::write(&path, "").unwrap();
        assert!(matches!(told(), Ok(Attempt::Done(Err(problem))) if problem == "the file is empty"));
        let lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        assert!(matches!(told(), Ok(Attempt::Again(_))), "a daemon is just making it");
        drop(lock);
    }

    #[test]
    fn a_look_changes_no_byte_whether_stopped_killed_or_alive() {
        let place = Place::new();
        let lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        let alive = Messages::open(&place.session.wpp_db()).unwrap();
        alive.add_event("state", &serde_json::json!({})).unwrap();
        assert_eq!(place.messages().health, DatabaseHealth::Whole);
        // As kill -9 leaves it: the files are copied while they are open, and nobody holds the lock.
        let killed = Place::new();
        for (name, bytes) in place.files() {
            std::fs::write(killed.session.folder().join(&name), bytes).unwrap();
        }
        let before = killed.files();
        assert!(before.iter().any(|(name, bytes)| name == "wpp.db-wal" && !bytes.is_empty()));
        assert_eq!(killed.messages().search_index, SearchIndex::InStep);
        assert_eq!(killed.files(), before);
        drop((alive, lock));
        let before = place.files();
        assert_eq!(before.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["wpp.db"]);
        assert_eq!(place.messages().health, DatabaseHealth::Whole);
        assert_eq!(place.files(), before);
    }

    #[test]
    fn damage_is_told_apart_from_an_index_that_lags() {
        let place = Place::new();
        let path = place.session.wpp_db();
        drop(Messages::open(&path).unwrap());
        Connection::open(&path).unwrap().execute_batch("DROP TRIGGER messages_fts_insert").unwrap();
        let seen = place.messages();
        assert_eq!(seen.health, DatabaseHealth::Whole);
        assert!(matches!(seen.search_index, SearchIndex::OutOfStep { .. }), "{seen:?}");
        let mut bytes = std::fs::read(&path).unwrap();
        for byte in &mut bytes[4096..12_288] {
            *byte ^= 0xa5;
        }
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(place.messages().health, DatabaseHealth::Damaged { .. }));
        let text = "not a database at all, only text ".repeat(10);
        for nonsense in [text.as_bytes(), b""] {
            std::fs::write(&path, nonsense).unwrap();
            let seen = place.messages();
            assert!(matches!(seen.health, DatabaseHealth::Damaged { .. }) && seen.rows.is_none(), "{seen:?}");
        }
    }

    #[test]
    fn a_write_that_was_interrupted_is_no_damage() {
        let place = Place::new();
        let (live, left) = (place.session.folder().join("live.db"), place.session.wpp_db());
        let writer = Connection::open(&live).unwrap();
        let sql = "CREATE TABLE t (x TEXT); INSERT INTO t VALUES (hex(randomblob(100000)))";
        writer.execute_batch(sql).unwrap();
        // As kill -9 leaves it: some pages are new, and what they were is in the journal.
        let sql = "PRAGMA cache_size = 1; BEGIN; UPDATE t SET x = hex(randomblob(90000)); INSERT INTO t SELECT x FROM t";
        writer.execute_batch(sql).unwrap();
        for ending in ["", "-journal"] {
            std::fs::copy(sidecar(&live, ending), sidecar(&left, ending)).unwrap();
            std::fs::copy(sidecar(&live, ending), sidecar(&place.session.session_db(), ending)).unwrap();
        }
        let before = place.files();
        assert_eq!(place.messages().health, DatabaseHealth::Interrupted);
        assert_eq!(store(&place.session, TIMEOUT).unwrap().health, DatabaseHealth::Interrupted);
        assert_eq!(place.files(), before);
        // Opened to write it is as it was before.
        Connection::open(place.session.session_db())
            .unwrap()
            .execute_batch("CREATE TABLE device (pn TEXT, account BLOB)")
            .unwrap();
        assert_eq!(store(&place.session, TIMEOUT).unwrap().health, DatabaseHealth::Whole);
    }

    #[test]
    fn a_store_is_paired_when_it_holds_a_number_and_an_account() {
        let place = Place::new();
        let write = |sql: &str| Connection::open(place.session.session_db()).unwrap().execute_batch(sql).unwrap();
        let look = || store(&place.session, TIMEOUT).unwrap();
        write("CREATE TABLE device (pn TEXT NOT NULL, account BLOB); INSERT INTO device VALUES ('', NULL);");
        let seen = look();
        assert_eq!((seen.health, seen.paired), (DatabaseHealth::Whole, Some(false)));
        write("UPDATE device SET pn = 'x', account = x'00'");
        let seen = look();
        assert_eq!((seen.health, seen.paired), (DatabaseHealth::Whole, Some(true)));
        write("DROP TABLE device; CREATE TABLE other (x)");
        let seen = look();
        assert!(matches!(seen, StoreFacts { health: DatabaseHealth::Damaged { .. }, paired: None, .. }), "{seen:?}");
    }

    #[test]
    fn a_busy_database_is_not_called_damaged() {
        let place = Place::new();
        let _lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        // Made and not yet written; with one of the side files that a working daemon has, and not the other.
        for content in ["", "half"] {
            std::fs::write(place.session.wpp_db(), content).unwrap();
            std::fs::write(place.session.folder().join("wpp.db-wal"), content).unwrap();
            let error = messages(&place.session, &Searched::of(1), TIMEOUT).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unknown);
            assert!(error.message().contains("just being opened"), "{error}");
        }
    }

    #[test]
    fn a_database_that_a_daemon_does_not_have_open_is_read_all_the_same() {
        let place = Place::new();
        drop(Messages::open(&place.session.wpp_db()).unwrap());
        let _lock = Lock::acquire(&place.session.lock(), "daemon").unwrap();
        let before = place.files();
        assert_eq!(place.messages().health, DatabaseHealth::Whole);
        assert_eq!(place.files(), before);
    }

    #[test]
    fn a_look_that_takes_too_long_is_unknown() {
        let place = Place::new();
        drop(Messages::open(&place.session.wpp_db()).unwrap());
        let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
        let look = look(&place.session, &place.session.wpp_db(), Duration::from_millis(50), |connection| {
            connection.query_row(endless, [], |row| row.get::<_, i64>(0))
        });
        assert!(look.unwrap_err().message().contains("not done within 50 ms"));
    }
}
