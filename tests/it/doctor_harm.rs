//! `wpp doctor` does no harm: no writer waits for it, it leaves no file and changes no owner.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use serde_json::{Value, json};
use wpp::journal::Journal;

use crate::doctor_home::{FakeDaemon, chmod, doctor, found, http, status, tree, whole};
use crate::harness::TestHome;

/// Commits in a second.
const RATE: u32 = 200;
/// What no commit may wait because of a doctor.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// A writer as a daemon is one: write-ahead log, both databases, at a steady rate.
struct Writer {
    store: Connection,
    messages: Connection,
}

/// What a writer went through.
#[derive(Debug, Default)]
struct Written {
    commits: usize,
    /// Commits that somebody else's lock refused. The writer never waits for one, so each commit that a
    /// reader could delay by a lock is counted here, however fast or slow the machine is.
    refused: usize,
    /// Commits that took longer than [`WAIT_MAX`], for whatever reason.
    slow: usize,
}

impl Writer {
    fn new(session: &Path) -> Writer {
        let open = |name: &str| {
            let connection = Connection::open(session.join(name)).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
            connection.execute_batch("CREATE TABLE filler (id INTEGER PRIMARY KEY, content BLOB)").unwrap();
            connection
        };
        let (store, messages) = (open("session.db"), open("wpp.db"));
        // Enough that to read it takes a while.
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
                    INSERT INTO filler (content) SELECT randomblob(1000) FROM n";
        messages.execute(fill, []).unwrap();
        for connection in [&store, &messages] {
            connection.busy_timeout(Duration::ZERO).unwrap();
        }
        Writer { store, messages }
    }

    /// Writes at the rate until it is told to stop.
    fn write(&self, stop: &AtomicBool) -> Written {
        let mut written = Written::default();
        let begun = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            for connection in [&self.store, &self.messages] {
                let watch = Instant::now();
                match connection.execute("INSERT INTO filler (content) VALUES (randomblob(200))", []) {
                    Ok(_) => written.commits += 1,
                    Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => written.refused += 1,
                    Err(error) => panic!("{error}"),
                }
                written.slow += usize::from(watch.elapsed() > WAIT_MAX);
            }
            let due = begun + Duration::from_secs(1) / RATE * u32::try_from(written.commits / 2).unwrap();
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        written
    }

    /// Writes while something else is done.
    fn beside<T>(&mut self, work: impl FnOnce() -> T) -> (Written, T) {
        let (stop, writer) = (&AtomicBool::new(false), self);
        std::thread::scope(|threads| {
            let writer = threads.spawn(move || writer.write(stop));
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            stop.store(true, Ordering::Relaxed);
            let written = writer.join().unwrap();
            (written, done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}

/// Names, owners and modes of all that is in a folder. No file is opened: to close one would take the
/// writer's locks away.
fn listing(folder: &Path) -> Vec<(PathBuf, u32, u32, u32)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            all.push((path.clone(), metadata.uid(), metadata.gid(), metadata.mode()));
            folders.extend(metadata.is_dir().then_some(path));
        }
    }
    all.sort();
    all
}

#[test]
fn no_commit_of_a_busy_session_waits_for_the_doctor_and_no_file_is_left() {
    let home = whole();
    drop(Journal::open(&home.path().join("ops.db")).unwrap());
    let mut writer = Writer::new(&home.session("main"));
    for name in ["session.db", "wpp.db"] {
        for ending in ["", "-wal", "-shm"] {
            chmod(&home.session("main").join(format!("{name}{ending}")), 0o600);
        }
    }
    let _daemon = FakeDaemon::start(&home, Some(http("200 OK", &status(json!({})).to_string())));
    let before = listing(home.path());
    let looks = 12;
    let watch = Instant::now();
    let (beside, reports) = writer.beside(|| (0..looks).map(|_| doctor(&home, &[])).collect::<Vec<(i32, Value)>>());
    let took = watch.elapsed();
    for (code, report) in &reports {
        assert_eq!((*code, found(report)), (0, vec![]), "{report:#}");
    }
    let (alone, ()) = writer.beside(|| std::thread::sleep(took));
    assert_eq!(beside.refused, 0, "{beside:?}");
    assert!(beside.commits > 100, "{beside:?}");
    // What is slow without a doctor too is the machine's doing.
    let share = |written: &Written| written.slow as f64 / written.commits as f64;
    assert!(share(&beside) <= share(&alone) + 0.03, "{beside:?}, alone {alone:?}");
    assert_eq!(listing(home.path()), before);
}

#[test]
fn a_reader_that_takes_a_lock_would_be_seen() {
    let home = whole();
    let mut writer = Writer::new(&home.session("main"));
    let path = home.session("main").join("wpp.db");
    let (written, ()) = writer.beside(|| {
        let other = Connection::open(path).unwrap();
        other.busy_timeout(Duration::from_secs(10)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::sleep(Duration::from_millis(100));
        other.execute_batch("ROLLBACK").unwrap();
    });
    assert!(written.refused > 0, "{written:?}");
}

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

/// A home of another user's, if this one can give files away.
fn foreign() -> Option<TestHome> {
    if !rustix::process::geteuid().is_root() {
        // Only root can; there is nothing of the kind to see for others.
        return None;
    }
    let home = whole();
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    journal.record(Some("main"), "start", &json!({})).unwrap();
    journal.record(Some("main"), "stop", &json!({})).unwrap();
    drop(journal);
    let component = format!("{}/plugins/webhook/webhook.wasm", env!("CARGO_MANIFEST_DIR"));
    let baileys = component.replace("webhook", "baileys");
    assert_eq!(home.run(&["plugin", "add", &baileys, "--yes"]).code, 0);
    std::fs::remove_dir_all(home.path().join("plugins/compiled")).ok();
    chmod(&home.session("main").join("session.db"), 0o644);
    for (path, ..) in tree(home.path()) {
        std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    std::os::unix::fs::lchown(home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    Some(home)
}

#[test]
fn root_looks_at_the_home_of_another_user_and_changes_nothing_in_it() {
    let Some(home) = foreign() else { return };
    let (before, contents) = (listing(home.path()), tree(home.path()));
    for arguments in [&["--all"][..], &["--all", "--quiet"], &["--list"], &["--smoke"], &["--fix", "--yes"]] {
        let (_, report) = doctor(&home, arguments);
        assert_eq!(listing(home.path()), before, "{arguments:?}: {report:#}");
        assert_eq!(tree(home.path()), contents, "{arguments:?}");
    }
    let (code, report) = doctor(&home, &["--all"]);
    assert!(code == 3 && found(&report).contains(&"wpp.session.modes".to_owned()), "{report:#}");
    assert!(!found(&report).iter().any(|id| id == "wpp.home.journal" || id == "wpp.schedule.missed"), "{report:#}");
    assert!(report["data"]["not_kept"].as_str().unwrap().contains("65534"), "{report:#}");
    let skipped = report["data"]["skipped"].to_string();
    assert!(skipped.contains("baileys.plugin") && skipped.contains("wpp.home.writable"), "{skipped}");
    let (code, report) = doctor(&home, &["--fix", "--yes"]);
    let fix = &report["data"]["fixes"][0];
    assert!(code == 3 && fix["verdict"] == "fail" && fix["observed"].as_str().unwrap().contains("sudo -u"), "{report:#}");
    let text = home.run(&["doctor"]).stdout;
    assert!(text.contains("nothing of this is kept for the next time: the home is user 65534's"), "{text}");
}
