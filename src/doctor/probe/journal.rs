//! What the journal says of sessions, read so that nothing is written where that is not wanted.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::OptionalExtension;

use super::exists;
use crate::archive::destination::folder;
use crate::archive::shelf::Stamp;
use crate::clock;
use crate::disk::identity;
use crate::doctor::backups;
use crate::doctor::host::DAMAGED;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::facts::{BackupFacts, JournalFacts, Moment, OpenAct, Probed};
use crate::home::{self, sidecar};
use crate::journal::{Entry, Journal, STRANGER, Tidy};
use crate::lifecycle::FOUND_DEAD;
use crate::process::{self, HeldLock, LockKind, held_locks, is_alive};
use crate::session::reading::{self, Way};
use crate::session::rekey;

/// How long somebody else's lock is waited for: a commit takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long its pages are read: a GiB takes less than two seconds of processor time.
const CHECK_MAX: Duration = Duration::from_secs(4);
/// Steps of SQLite's machine between two looks at the clock, which are less than a millisecond.
const STEPS: i32 = 10_000;
/// What puts other files in the place of a session's, or takes them away.
const REPLACES: [&str; 2] = ["restore", "reset"];
/// How much a process may seem to be younger than what it wrote: the system counts its age in ticks, and clocks are set.
const START_SLACK_MS: i64 = 2000;

/// How long a journal without tables is at most: a page, of whatever size.
const BLANK_BYTES_MAX: u64 = 64 << 10;
/// How often a look begins anew because somebody opened or closed the journal meanwhile.
const ATTEMPTS: usize = 3;

/// Opens the journal of a home to look into it; `None` when there is none, and looking makes none. Only
/// where it may be changed, one of an earlier version is brought up to date.
pub fn open(path: &Path, only_read: bool) -> Result<Option<Journal>> {
    if !exists(path)? || is_blank(path) {
        return Ok(None);
    }
    match open_to_read(path) {
        // To write takes files beside it, which are made and removed again.
        Err(error) if !only_read && error.kind() != ErrorKind::Locked => Journal::open(path).map(Some),
        read => read.map(Some),
    }
}

/// Whether a journal holds nothing at all: as good as none.
pub fn is_blank(path: &Path) -> bool {
    let length = |path: &Path| path.metadata().map(|seen| seen.len());
    match length(path) {
        Ok(0) => length(&sidecar(path, "-wal")).unwrap_or(0) == 0,
        // One with its tables is longer.
        Ok(1..=BLANK_BYTES_MAX) => {
            read_with(path, |connection, path| Journal::reading_any(connection, path).is_blank()).unwrap_or(false)
        }
        _ => false,
    }
}

/// Opens the journal without a chance to change it, and leaves no file beside it.
pub fn open_to_read(path: &Path) -> Result<Journal> {
    read_with(path, Journal::reading)
}

/// [`open_to_read`] for entries alone, which a journal of an earlier version of `wpp` has as well; `None` where there is
/// none, or one that holds nothing yet.
pub fn open_entries(path: &Path) -> Result<Option<Journal>> {
    match exists(path)? {
        true => read_with(path, Journal::reading_entries),
        false => Ok(None),
    }
}

fn read_with<T>(path: &Path, read: impl Fn(rusqlite::Connection, &Path) -> Result<T>) -> Result<T> {
    let look = || {
        let log = sidecar(path, "-wal");
        let way = match (std::fs::metadata(&log), sidecar(path, "-shm").exists()) {
            (Ok(_), true) => Way::Shared,
            (Ok(log), false) if log.len() > 0 => Way::StillWithLog,
            _ => Way::Still,
        };
        let opened = reading::connect(path, way).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        });
        if let Err(error) = &opened
            && matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
        {
            return Err(locked(path, holders(path).and_then(|pids| pids.first().copied())));
        }
        let connection = opened
            .while_doing(|| format!("cannot open the journal {}", path.display()))
            .map_err(|error| error.hint("look at what is there, its owner and its mode"))?;
        read(connection, path)
    };
    let mut attempt = 1;
    loop {
        match look() {
            Err(error) if attempt < ATTEMPTS && error.kind() != ErrorKind::Locked => {
                std::thread::sleep(Duration::from_millis(20))
            }
            other => return other,
        }
        attempt += 1;
    }
}

fn locked(path: &Path, by: Option<u32>) -> Error {
    let by = by.map(|pid| format!(", {pid}")).unwrap_or_default();
    Error::new(ErrorKind::Locked, format!("the journal {} is locked by another process{by}", path.display()))
        .hint("no wpp holds it for longer than a moment; find out what that process does, and end it if nothing needs it")
}

/// The process that has kept a journal from being read or written for as long as anybody waits for it, told without
/// a lock of our own.
fn keeper(path: &Path) -> Option<u32> {
    let (end, index) = (Instant::now() + PATIENCE, sidecar(path, "-shm"));
    // A writer beside readers locks the index of the log alone.
    kept_by(
        || holders(path).or_else(|| holders(&index)).unwrap_or_default(),
        || {
            std::thread::sleep(Duration::from_millis(20));
            Instant::now() < end
        },
    )
}

/// The process that is among those who hold it at every look, as long as there are more looks. Several that come one
/// after the other keep nobody away.
fn kept_by(mut look: impl FnMut() -> Vec<u32>, mut goes_on: impl FnMut() -> bool) -> Option<u32> {
    let mut stayed = look();
    while !stayed.is_empty() && goes_on() {
        let now = look();
        stayed.retain(|pid| now.contains(pid));
    }
    stayed.first().copied()
}

/// Whether something may be written to a journal at once: nobody has locked it, and it is not damaged, for every page
/// that is written then may take another with it.
///
/// # Errors
/// What stands in the way.
pub fn require_writable(path: &Path) -> Result<()> {
    usable(path, true)?.map_err(|problem| {
        Error::new(ErrorKind::Unknown, problem).hint("`wpp doctor --only wpp.home.journal` says what to do about it")
    })
}

/// The processes that keep others from a database, as far as the kernel says; `None` for nobody.
fn holders(path: &Path) -> Option<Vec<u32>> {
    let file = identity(path)?;
    let keeps = |lock: &HeldLock| lock.kind == LockKind::Bytes && lock.is_exclusive && lock.is_on(file);
    let pids: Vec<u32> = held_locks().ok()?.into_iter().filter(keeps).map(|lock| lock.pid).collect();
    (!pids.is_empty()).then_some(pids)
}

/// Whether a journal can be used, and what stands in the way: what SQLite says of its pages, too, for one that is
/// damaged in the middle opens all the same. One that is damaged is not opened to write.
///
/// # Errors
/// What kept it from being looked at.
pub fn usable(path: &Path, only_read: bool) -> Result<std::result::Result<(), String>> {
    if !exists(path)? {
        return Ok(Ok(()));
    }
    if let Some(pid) = keeper(path) {
        return Ok(Err(locked(path, Some(pid)).chain()));
    }
    match read_with(path, |connection, path| Ok(Journal::reading_any(connection, path))) {
        Ok(journal) => {
            if let Some(problem) = damage(&journal)? {
                let log = home::strange_log(path).filter(|_| problem.starts_with(STRANGER));
                let more = log.map(|what| format!("; {what}")).unwrap_or_default();
                return Ok(Err(format!("{} {DAMAGED}{problem}{more}", path.display())));
            }
            if journal.is_blank()? {
                return Ok(Ok(()));
            }
        }
        // One that only a writer can open is opened below.
        Err(_) if !only_read => {}
        Err(error) => return Ok(Err(error.chain())),
    }
    let opened = match only_read {
        true => open_to_read(path).map(drop),
        false => {
            // Another probe may just be reading beside it.
            let _tidy = Tidy::beside(path);
            Journal::open(path).map(drop)
        }
    };
    Ok(opened.map_err(|error| error.chain()))
}

/// The first thing that is wrong with a journal: with its pages, as SQLite says, or with what has to be in it.
///
/// # Errors
/// When that takes too long, or the system fails.
pub fn damage(journal: &Journal) -> Result<Option<String>> {
    match pages(journal)? {
        None => journal.fault(),
        problem => Ok(problem),
    }
}

fn pages(journal: &Journal) -> Result<Option<String>> {
    journal.read(|db| {
        let end = Instant::now() + CHECK_MAX;
        db.progress_handler(STEPS, Some(move || Instant::now() >= end))?;
        let said = db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        db.progress_handler(STEPS, None::<fn() -> bool>)?;
        match said {
            Ok(line) => Ok((line != "ok").then(|| line.replace('\n', " "))),
            Err(error) => match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Ok(Some(error.to_string())),
                _ => Err(error),
            },
        }
    })
}

/// What the journal says of some sessions, in their order.
///
/// `since_ms` is when the look at the sessions' files began.
pub fn look(
    path: &Path,
    only_read: bool,
    sessions: &[String],
    since_ms: i64,
) -> Vec<(Probed<JournalFacts>, Probed<BackupFacts>)> {
    let all = |failed: &dyn Fn() -> (Probed<JournalFacts>, Probed<BackupFacts>)| sessions.iter().map(|_| failed()).collect();
    let journal = match open(path, only_read) {
        Ok(Some(journal)) => journal,
        Ok(None) => return all(&|| (Probed::Known(JournalFacts::default()), Probed::Known(BackupFacts::default()))),
        Err(error) => return all(&|| failed(error.chain())),
    };
    let own = path.with_file_name("backups");
    let one = |name: &String| match look_at(&journal, name, &own, since_ms) {
        Ok((journal, backups)) => (Probed::Known(journal), Probed::Known(backups)),
        Err(error) => failed(error.chain()),
    };
    sessions.iter().map(one).collect()
}

/// Both looks failed.
pub fn failed(reason: String) -> (Probed<JournalFacts>, Probed<BackupFacts>) {
    (Probed::Failed(reason.clone()), Probed::Failed(reason))
}

/// Whether the process lives that wrote an entry: one of its number that was started later is another.
fn still_lives(pid: u32, at_ms: i64) -> bool {
    let has_ended = process::stat(pid).is_some_and(|stat| stat.has_ended());
    let is_older = process::age(pid).is_none_or(|age| {
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        clock::now_ms().saturating_sub(age_ms) <= at_ms.saturating_add(START_SLACK_MS)
    });
    is_alive(pid) && !has_ended && is_older
}

/// The restore or the reset that ended since a time.
fn ended_since(journal: &Journal, session: &str, since_ms: i64) -> Result<Option<OpenAct>> {
    let sql = "SELECT id, verb, at_ms, pid FROM entry WHERE session = ?1 AND verb IN (?2, ?3) AND ended_ms >= ?4
               ORDER BY id DESC LIMIT 1";
    journal.read(|db| {
        let act = |row: &rusqlite::Row<'_>| {
            Ok(OpenAct { id: row.get(0)?, verb: row.get(1)?, at_ms: row.get(2)?, pid: row.get(3)?, alive: true })
        };
        db.prepare_cached(sql)?.query_row(rusqlite::params![session, REPLACES[0], REPLACES[1], since_ms], act).optional()
    })
}

fn look_at(journal: &Journal, session: &str, own: &Path, since_ms: i64) -> Result<(JournalFacts, BackupFacts)> {
    let latest = |verb: &str| -> Result<Option<Moment>> {
        Ok(journal.latest(session, verb)?.map(|entry| Moment { id: entry.id, at_ms: entry.at_ms }))
    };
    // What ends while it is looked at writes that down before its process ends: who lives is asked first.
    let lived: BTreeSet<i64> =
        journal.open_entries(session)?.into_iter().filter(|act| still_lives(act.pid, act.at_ms)).map(|act| act.id).collect();
    let lives = |entry: &Entry| lived.contains(&entry.id) || still_lives(entry.pid, entry.at_ms);
    let open = journal.open_entries(session)?.into_iter().map(|entry| {
        let alive = lives(&entry);
        OpenAct { id: entry.id, verb: entry.verb, at_ms: entry.at_ms, pid: entry.pid, alive }
    });
    let open: Vec<OpenAct> = open.collect();
    let replacing = match open.iter().rfind(|act| act.alive && REPLACES.contains(&act.verb.as_str())) {
        Some(act) => Some(act.clone()),
        None => ended_since(journal, session, since_ms)?,
    };
    let entries = journal.after(session, 0)?;
    let removed = entries.iter().rfind(|entry| entry.verb == "reset" && entry.state == "finished");
    let owed = rekey::owed_wake(journal, session)?.and_then(|id| entries.iter().find(|entry| entry.id == id));
    let wake_owed = owed.map(|entry| Moment { id: entry.id, at_ms: entry.at_ms });
    let crashes_last_hour = crashes(&entries, clock::now_ms());
    let lived = journal.lived(session)?.map(|entry| Moment { id: entry.id, at_ms: entry.at_ms });
    let facts = JournalFacts {
        open,
        replacing,
        lived,
        removed: removed.filter(|_| lived.is_none()).map(|entry| Moment { id: entry.id, at_ms: entry.at_ms }),
        started: latest("start")?,
        stopped: latest("stop")?,
        wake_owed,
        crashes_last_hour,
    };
    Ok((facts, backups_of(&entries, own, lives)))
}

/// What the journal's entries on a session say of its backups, as far as their files are there. `own` is the
/// folder of the home that archives go to unless the settings say otherwise.
pub fn look_at_backups(entries: &[Entry], own: &Path) -> BackupFacts {
    backups_of(entries, own, |entry| still_lives(entry.pid, entry.at_ms))
}

/// [`look_at_backups`] for who knows which processes live that began what is open.
fn backups_of(entries: &[Entry], own: &Path, lives: impl Fn(&Entry) -> bool) -> BackupFacts {
    let look = |folder: &Path, name: &str| folder::look(folder, name).ok().flatten().map(|object| object.stamp);
    // A home that was moved or copied took its archives along, and the entries name where they lay. What lies
    // in the home that it was copied from is that one's, which nobody here can count on.
    let is_elsewhere = |folder: &Path| folder != own && folder.file_name() == own.file_name();
    let look = |path: &Path| -> Option<Stamp> {
        let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
        let is_of_another = is_elsewhere(folder) && folder.parent()?.join("home.json").exists();
        match if is_of_another { None } else { look(folder, name) } {
            None if is_elsewhere(folder) => look(own, name),
            seen => seen,
        }
    };
    let mut facts = backups::of_journal(entries, clock::now_ms(), lives, look);
    if let Some(spoiled) = &mut facts.spoiled
        && let (Some(folder), Some(name)) = (Path::new(&spoiled.path).parent(), Path::new(&spoiled.path).file_name())
        && is_elsewhere(folder)
    {
        spoiled.path = own.join(name).display().to_string();
    }
    facts
}

/// Starts of a daemon within the hour before `now_ms` that another start followed and no stop came between.
fn crashes(entries: &[Entry], now_ms: i64) -> u64 {
    // A stop that found the daemon dead is no orderly one.
    let is_life = |entry: &&Entry| match entry.verb.as_str() {
        "start" => true,
        "stop" => entry.data["found"] != FOUND_DEAD,
        _ => false,
    };
    let lives: Vec<&Entry> = entries.iter().filter(is_life).collect();
    let crashed = |pair: &&[&Entry]| pair.iter().all(|entry| entry.verb == "start") && pair[1].at_ms > now_ms - 3_600_000;
    lives.windows(2).filter(crashed).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_journal_is_read_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        assert!(open(&path, true).unwrap().is_none() && !path.exists());
        let journal = Journal::open(&path).unwrap();
        journal.record(Some("main"), "start", &"x").unwrap();
        // While somebody has it open, and after.
        let before = names(folder.path());
        assert_eq!(open_to_read(&path).unwrap().history("main", "start").unwrap().len(), 1);
        assert_eq!(names(folder.path()), before);
        drop(journal);
        let reading = open_to_read(&path).unwrap();
        assert_eq!(reading.history("main", "start").unwrap().len(), 1);
        assert!(reading.record(None, "x", &"x").is_err());
        assert_eq!(names(folder.path()), ["ops.db"]);
        drop(reading);
        assert_eq!(names(folder.path()), ["ops.db"]);
    }

    #[test]
    fn who_opens_it_to_write_leaves_nothing_beside_it_though_others_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        drop(Journal::open(&path).unwrap());
        for _ in 0..20 {
            let (there, ended) = (sidecar(&path, "-shm"), std::sync::atomic::AtomicBool::new(false));
            std::thread::scope(|threads| {
                let reader = threads.spawn(|| {
                    while !there.exists() && !ended.load(std::sync::atomic::Ordering::Relaxed) {}
                    let read = open_to_read(&path);
                    std::thread::sleep(Duration::from_millis(30));
                    drop(read);
                });
                usable(&path, false).unwrap().unwrap();
                ended.store(true, std::sync::atomic::Ordering::Relaxed);
                reader.join().unwrap();
            });
            assert_eq!(names(folder.path()), ["ops.db"]);
        }
    }

    #[test]
    fn who_reads_leaves_nothing_though_others_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        drop(Journal::open(&path).unwrap());
        // Somebody closes it while it is opened, at another moment each time.
        for round in 0..400 {
            let writer = Journal::open(&path).unwrap();
            let gone = std::sync::atomic::AtomicBool::new(false);
            std::thread::scope(|threads| {
                let reader = threads.spawn(|| {
                    while !gone.load(std::sync::atomic::Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                    drop(open_to_read(&path));
                });
                gone.store(true, std::sync::atomic::Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(round));
                drop(writer);
                reader.join().unwrap();
            });
            assert_eq!(names(folder.path()), ["ops.db"], "round {round}");
        }
    }

    #[test]
    fn one_that_is_only_being_made_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        let making = rusqlite::Connection::open(&path).unwrap();
        making.pragma_update(None, "journal_mode", "WAL").unwrap();
        assert!(path.metadata().unwrap().len() > 0);
        assert!(is_blank(&path));
        assert_eq!(usable(&path, true).unwrap(), Ok(()));
        require_writable(&path).unwrap();
        assert!(open(&path, true).unwrap().is_none());
        drop(making);
        assert!(is_blank(&path) && usable(&path, false).unwrap().is_ok(), "after who made it was killed");
        drop(Journal::open(&path).unwrap());
        assert!(!is_blank(&path));
    }

    #[test]
    fn only_who_is_there_at_every_look_keeps_others_away() {
        let kept = |looks: &[&[u32]]| {
            let (seen, left) = (std::cell::Cell::new(0), std::cell::Cell::new(looks.len()));
            let look = || looks[seen.replace(seen.get() + 1)].to_vec();
            kept_by(look, || left.replace(left.get() - 1) > 1)
        };
        assert_eq!(kept(&[&[7], &[7], &[7]]), Some(7));
        assert_eq!(kept(&[&[7, 8], &[8], &[9, 8]]), Some(8));
        // Several short writers, and one that was done in between.
        for short in [&[&[7][..], &[8], &[9]][..], &[&[7], &[], &[7]], &[&[]], &[&[7], &[7], &[8]]] {
            assert_eq!(kept(short), None, "{short:?}");
        }
    }

    #[test]
    fn entries_of_a_journal_of_an_earlier_version_are_read_and_it_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        assert!(open_entries(&path).unwrap().is_none() && !path.exists());
        let old = rusqlite::Connection::open(&path).unwrap();
        assert!(open_entries(&path).unwrap().is_none(), "nothing is in it yet");
        old.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;
             CREATE TABLE entry (id INTEGER PRIMARY KEY, at_ms, session, verb, pid, user_id, version, state, ended_ms, data);
             INSERT INTO entry VALUES (1, 5, NULL, 'x', 1, 0, '0.1', 'done', NULL, '{}')",
        )
        .unwrap();
        drop(old);
        let before = std::fs::read(&path).unwrap();
        let journal = open_entries(&path).unwrap().unwrap();
        let count: i64 = journal.read(|db| db.query_row("SELECT count(*) FROM entry", [], |row| row.get(0))).unwrap();
        assert_eq!((count, open_to_read(&path).is_err()), (1, true));
        drop(journal);
        assert!(std::fs::read(&path).unwrap() == before && names(folder.path()) == ["ops.db"]);
    }

    #[test]
    fn an_act_lives_as_long_as_the_very_process_that_began_it() {
        let (own, now_ms) = (std::process::id(), clock::now_ms());
        assert!(still_lives(own, now_ms));
        // What was written before this process began was another's of its number.
        assert!(!still_lives(own, now_ms - 365 * 86_400_000) && !still_lives(u32::MAX, now_ms));
    }

    #[test]
    fn what_replaces_a_session_is_known_while_it_goes_on_and_as_long_as_it_was_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        let journal = Journal::open(&path).unwrap();
        let names = ["main".to_owned()];
        let seen = |since_ms: i64| match look(&path, true, &names, since_ms).remove(0).0 {
            Probed::Known(facts) => facts,
            other => panic!("{other:?}"),
        };
        let begun = clock::now_ms();
        journal.record(Some("main"), "start", &"x").unwrap();
        let act = journal.begin(Some("main"), "reset", &"x").unwrap();
        let of = |facts: &JournalFacts| facts.replacing.as_ref().map(|act| act.verb.clone());
        assert_eq!((of(&seen(i64::MAX)), seen(begun).removed), (Some("reset".into()), None));
        journal.end(act, crate::journal::Outcome::Finished).unwrap();
        assert_eq!((of(&seen(begun)), of(&seen(i64::MAX))), (Some("reset".into()), None));
        assert_eq!(seen(begun).removed.map(|removed| removed.id), Some(act));
        journal.record(Some("main"), "start", &"x").unwrap();
        assert_eq!(seen(begun).removed, None);
        // A stop that found the daemon dead does not make its death an orderly one.
        journal.record(Some("main"), "stop", &serde_json::json!({ "found": FOUND_DEAD })).unwrap();
        journal.record(Some("main"), "start", &"x").unwrap();
        assert_eq!(seen(begun).crashes_last_hour, 2);
        journal.record(Some("main"), "stop", &serde_json::json!({ "clean": true })).unwrap();
        journal.record(Some("main"), "start", &"x").unwrap();
        assert_eq!(seen(begun).crashes_last_hour, 2);
    }

    #[test]
    fn a_journal_of_an_earlier_version_is_refused_where_it_may_not_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        drop(Journal::open(&path).unwrap());
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 1).unwrap();
        let error = open_to_read(&path).unwrap_err();
        assert!(error.message().contains("earlier version") && !error.hints().is_empty(), "{error}");
    }
}
