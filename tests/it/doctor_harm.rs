//! `wpp doctor` does no harm: no writer waits for it, it leaves no file and changes no owner.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use serde_json::{Value, json};
use wpp::journal::Journal;
use wpp::session::messages::Messages;
use wpp::session::state::{Reason, State};

use crate::doctor_home::{FakeDaemon, chmod, doctor, found, http, only, said_ok, status, tree, whole, write};
use crate::harness::TestHome;
use crate::many_sessions::{ManySessions, measured, peak_mib};

/// Pairs of commits in a second, one to each database.
const RATE: u32 = 200;
/// What no commit may wait because of a doctor.
const WAIT_MAX: Duration = Duration::from_millis(50);
/// How often a comparison of times is tried: what else the machine does may spoil one, and not all.
const ATTEMPTS: usize = 6;
/// The part of its rate alone that a writer keeps beside a doctor.
const RATE_KEPT_MIN: f64 = 0.9;

/// A writer as a daemon is one: both databases, at a steady rate.
struct Writer {
    mode: Mode,
    store: Connection,
    messages: Connection,
}

/// How a writer's databases are kept whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A write-ahead log, as daemons have it: the writer waits for no lock at all, so each commit that a reader
    /// could delay by one is refused, however fast or slow the machine is.
    Log,
    /// A rollback journal, where whoever reads keeps writers out: the writer waits as long as it may have to.
    Rollback,
}

/// What a writer went through.
#[derive(Debug)]
struct Written {
    commits: usize,
    /// Commits that somebody else's lock refused, at once or after [`WAIT_MAX`]: see [`Mode`].
    refused: usize,
    /// The longest that one took, for whatever reason.
    longest: Duration,
    took: Duration,
}

impl Written {
    /// Commits in a second.
    fn rate(&self) -> f64 {
        self.commits as f64 / self.took.as_secs_f64()
    }
}

impl Writer {
    fn new(session: &Path, mode: Mode) -> Writer {
        let open = |name: &str| {
            let connection = Connection::open(session.join(name)).unwrap();
            connection.pragma_update(None, "journal_mode", if mode == Mode::Log { "WAL" } else { "DELETE" }).unwrap();
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
            connection.busy_timeout(if mode == Mode::Log { Duration::ZERO } else { WAIT_MAX }).unwrap();
        }
        Writer { mode, store, messages }
    }

    /// Writes at the rate until it is told to stop.
    fn write(&self, stop: &AtomicBool) -> Written {
        let begun = Instant::now();
        let mut written = Written { commits: 0, refused: 0, longest: Duration::ZERO, took: Duration::ZERO };
        while !stop.load(Ordering::Relaxed) {
            for connection in [&self.store, &self.messages] {
                let watch = Instant::now();
                match connection.execute("INSERT INTO filler (content) VALUES (randomblob(200))", []) {
                    Ok(_) => written.commits += 1,
                    Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => written.refused += 1,
                    Err(error) => panic!("{error}"),
                }
                written.longest = written.longest.max(watch.elapsed());
            }
            let due = begun + Duration::from_secs(1) / RATE * u32::try_from(written.commits / 2).unwrap();
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        written.took = begun.elapsed();
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

    /// The writer keeps its rate beside the work, and no commit waits longer than one did alone and
    /// [`WAIT_MAX`]. Alone and beside are measured one after the other, so that both meet the same machine.
    fn is_not_held_up_by(&mut self, work: impl Fn()) {
        let mut seen = Vec::new();
        for _ in 0..ATTEMPTS {
            let (beside, ()) = self.beside(&work);
            // Without a wait, each lock that was met is one that the doctor took, and no noise: this holds in every
            // attempt. Where readers may hold one for a moment, a busy machine may stop them in it for longer than
            // the writer waits; one that a reader holds for long by design is met each time.
            assert!(self.mode == Mode::Rollback || beside.refused == 0, "{beside:?}");
            let (alone, ()) = self.beside(|| std::thread::sleep(beside.took));
            if beside.refused == 0 && beside.rate() >= RATE_KEPT_MIN * alone.rate() && beside.longest <= alone.longest + WAIT_MAX
            {
                return;
            }
            seen.push((beside, alone));
        }
        panic!("beside the doctor, and alone: {seen:#?}");
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

/// Looks as operators and their monitors take them at a running session.
const LOOKS: [&[&str]; 3] = [&[], &["--all"], &["--smoke-running"]];

/// A session with a writer, and what answers like its daemon.
fn busy(mode: Mode) -> (TestHome, Writer, FakeDaemon) {
    let home = whole();
    // What stands in for the daemon says when it heard the server last, and says the same ever after.
    write(&home.path().join("config.toml"), "[doctor]\nheartbeat_age_ms_max = 3600000\n");
    drop(Journal::open(&home.path().join("ops.db")).unwrap());
    let writer = Writer::new(&home.session("main"), mode);
    for name in ["session.db", "wpp.db"] {
        for path in ["", "-wal", "-shm"].map(|ending| home.session("main").join(format!("{name}{ending}"))) {
            if path.exists() {
                chmod(&path, 0o600);
            }
        }
    }
    let daemon = FakeDaemon::start(&home, Some(http("200 OK", &status(json!({})).to_string())));
    (home, writer, daemon)
}

#[test]
fn no_commit_of_a_busy_session_waits_for_the_doctor_and_no_file_is_left() {
    let (home, mut writer, _daemon) = busy(Mode::Log);
    let before = listing(home.path());
    writer.is_not_held_up_by(|| {
        for arguments in LOOKS.iter().cycle().take(3 * LOOKS.len()) {
            let (code, report) = doctor(&home, arguments);
            // What stands in for the daemon is this process, whose umask is its shell's.
            let bad: Vec<String> = found(&report).into_iter().filter(|id| id != "wpp.security.umask").collect();
            assert_eq!((code, bad), (0, vec![]), "{arguments:?}: {report:#}");
        }
    });
    assert_eq!(listing(home.path()), before);
}

#[test]
fn nor_does_one_of_a_database_that_is_kept_by_a_rollback_journal() {
    let (home, mut writer, _daemon) = busy(Mode::Rollback);
    // The journal beside a database comes and goes with each commit.
    let still = |home: &TestHome| {
        let mut all = listing(home.path());
        all.retain(|(path, ..)| !path.to_str().unwrap().ends_with("-journal"));
        all
    };
    let before = still(&home);
    writer.is_not_held_up_by(|| {
        for arguments in LOOKS {
            let (_, report) = doctor(&home, arguments);
            // What changes under the look cannot be told to be whole, and is not called damaged.
            let bad = |finding: &&Value| !["ok", "info", "unknown"].contains(&finding["severity"].as_str().unwrap());
            let mut bad = report["findings"].as_array().unwrap().iter().filter(bad);
            assert!(!bad.any(|finding| finding["id"].as_str().unwrap().contains("damaged")), "{arguments:?}: {report:#}");
        }
    });
    assert_eq!(still(&home), before);
}

#[test]
fn a_reader_that_takes_a_lock_would_be_seen() {
    for (mode, holds) in [(Mode::Log, "BEGIN IMMEDIATE"), (Mode::Rollback, "BEGIN; SELECT count(*) FROM filler")] {
        let home = whole();
        let mut writer = Writer::new(&home.session("main"), mode);
        let path = home.session("main").join("wpp.db");
        let mut beside = || {
            let (written, ()) = writer.beside(|| {
                let other = Connection::open(&path).unwrap();
                other.busy_timeout(Duration::from_secs(10)).unwrap();
                other.execute_batch(holds).unwrap();
                std::thread::sleep(4 * WAIT_MAX);
                other.execute_batch("ROLLBACK").unwrap();
            });
            written.refused
        };
        // A busy machine may stop the writer for as long as the lock is held, and not each time.
        assert!((0..20).any(|_| beside() > 0), "{mode:?}");
    }
}

#[test]
fn connections_that_are_lost_again_and_again_are_told_from_what_was_written_down() {
    let home = whole();
    let path = home.session("main").join("wpp.db");
    let messages = Messages::open(&path).unwrap();
    let now_ms = wpp::clock::now_ms();
    let lose = |times: i64, ago_ms: i64| {
        for number in 0..times {
            let at_ms = now_ms - ago_ms + 2 * number;
            messages.add_transition(State::Ready, State::Reconnecting, Reason::ConnectionLost, None, at_ms).unwrap();
            messages.add_transition(State::Reconnecting, State::Ready, Reason::Normal, None, at_ms + 1).unwrap();
        }
    };
    // The daemon's own counter knows its whole life, of which that hour is no part.
    let _daemon = FakeDaemon::start(&home, Some(http("200 OK", &status(json!({ "reconnects": 0 })).to_string())));
    let look = || only(&home, "wpp.session.reconnect-loop");
    lose(30, 2 * 3_600_000);
    lose(6, 50 * 60_000);
    let (bad, report) = look();
    assert!(bad.is_empty() && said_ok(&report, "wpp.session.reconnect-loop"), "{report:#}");
    assert!(report.to_string().contains("6 in the last hour"), "{report:#}");
    lose(1, 60_000);
    let (bad, report) = look();
    assert_eq!(bad, ["wpp.session.reconnect-loop"], "{report:#}");
    assert!(report.to_string().contains("7 in the last hour"), "{report:#}");
}

/// What one more session may add to the most memory that a look holds: three times what it does. Of the release, a
/// thousand sessions have 64 MiB. One connection that is kept for each session takes more.
const SESSION_KIB_MAX: f64 = 128.0;

#[test]
fn memory_grows_by_little_with_each_session() {
    let peak = |sessions: usize| {
        let many = ManySessions::new(sessions, 0);
        let look = || many.doctor(&["--all", "--offline", "--format", "json"]);
        let seen = measured(look());
        let report: Value = serde_json::from_slice(&seen.stdout).unwrap();
        // What is looked at is there, and healthy: findings would be what takes the memory.
        assert_eq!((report["data"]["sessions"].as_array().unwrap().len(), found(&report)), (sessions, vec![]), "{report:#}");
        assert!(many.home().join("ops.db").exists(), "in {:.0} ms nothing was looked up in the journal", seen.time_ms);
        peak_mib(look())
    };
    let (one, many) = (peak(1), peak(201));
    let each_kib = (many - one) * 1024.0 / 200.0;
    assert!(each_kib <= SESSION_KIB_MAX, "{each_kib:.0} KiB each: {one:.1} MiB with one session, {many:.1} MiB with 201");
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
