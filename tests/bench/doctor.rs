//! What a look of the doctor costs: one session, 1,000 with 20 daemons among them, 10,000; beside a shell
//! script that asks `stat`, `sqlite3` and `curl` for the same facts.
//!
//! `cargo bench --bench doctor` prints one table; it judges nothing. Options, after `--`: `--runs N` sets
//! how often each is measured (5), `--sessions N` the larger numbers of sessions (1000 and ten times that).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may fail"
)]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;
use wait4::Wait4 as _;
use wpp::disk::Lock;
use wpp::home::{Home, HomeKind};
use wpp::journal::Journal;
use wpp::session::messages::Messages;

/// Sessions with something that answers like a daemon.
const DAEMONS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1)?.parse().ok());
    let runs = option("--runs").unwrap_or(5);
    let many = option("--sessions").unwrap_or(1000);
    println!("{:<52} {:>10} {:>10} {:>10} {:>10}", "what", "min ms", "median ms", "max ms", "peak MiB");
    let one = Fixture::new(1, 1);
    row("wpp doctor, 1 session with a daemon", runs.max(20), || one.doctor(&["--offline", "--session", "s00000"]));
    row("the same, nothing kept", runs.max(20), || one.doctor(&["--offline", "--no-record", "--session", "s00000"]));
    row("script, 1 session with a daemon", runs.max(20), || one.script());
    drop(one);
    for sessions in [many, many * 10] {
        let fixture = Fixture::new(sessions, DAEMONS);
        let of = format!("{sessions} sessions, {DAEMONS} with daemons");
        row(&format!("wpp doctor --all, {of}"), runs, || fixture.doctor(&["--offline", "--all"]));
        row("the same, --format json", runs, || fixture.doctor(&["--offline", "--all", "--format", "json"]));
        if sessions == many {
            row(&format!("script, {of}"), 1, || fixture.script());
        }
    }
}

/// A sandbox home with many sessions.
struct Fixture {
    _folder: tempfile::TempDir,
    home: PathBuf,
    _locks: Vec<Lock>,
}

impl Fixture {
    fn new(sessions: usize, daemons: usize) -> Fixture {
        let folder = tempfile::Builder::new().prefix("wpp-bench-").tempdir().unwrap();
        let root = folder.path().join("h");
        let home = Home::create(&root, HomeKind::Sandbox).unwrap();
        // One of each, and copies: their content is the same, as far as a look goes.
        let first = folder.path().join("first");
        make_folder(&first);
        drop(Messages::open(&first.join("wpp.db")).unwrap());
        let store = rusqlite::Connection::open(first.join("session.db")).unwrap();
        store
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE device (pn TEXT, account BLOB); INSERT INTO device VALUES ('x', x'00')",
            )
            .unwrap();
        drop(store);
        let (wpp_db, session_db) = (read(&first.join("wpp.db")), read(&first.join("session.db")));
        make_folder(&home.sessions());
        let mut locks = Vec::new();
        for number in 0..sessions {
            let session = home.session(&format!("s{number:05}"));
            make_folder(session.folder());
            make_folder(&session.logs());
            write(&session.log(), b"");
            write(&session.wpp_db(), &wpp_db);
            write(&session.session_db(), &session_db);
            if number < daemons {
                locks.push(Lock::acquire(&session.lock(), "daemon").unwrap());
                serve(&session.socket(), session.name());
            }
        }
        drop(Journal::open(&home.journal()).unwrap());
        let mut journal = rusqlite::Connection::open(home.journal()).unwrap();
        let all = journal.transaction().unwrap();
        for number in 0..sessions {
            let verbs: &[&str] = if number < daemons { &["start"] } else { &["start", "stop"] };
            for verb in verbs {
                let sql = "INSERT INTO entry (at_ms, session, verb, pid, user_id, version, state, data) VALUES (?1, ?2, ?3, 1, 0, '1', 'done', '{}')";
                all.execute(sql, rusqlite::params![wpp::clock::now_ms(), format!("s{number:05}"), verb]).unwrap();
            }
        }
        all.commit().unwrap();
        Fixture { _folder: folder, home: root, _locks: locks }
    }

    fn doctor(&self, arguments: &[&str]) -> (f64, f64) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wpp"));
        command.env_clear().env("WPP_HOME", &self.home).args(["doctor", "--fail-on", "never"]).args(arguments);
        measured(command)
    }

    /// The same facts as a person with a shell gets them: owners and modes, whether the databases are
    /// whole, what the daemons say.
    fn script(&self) -> (f64, f64) {
        let script = r#"cd "$1/sessions" || exit 1
            for session in *; do
                stat -c '%U %a %n' "$session" "$session"/*
                sqlite3 "file:$session/session.db?mode=ro&immutable=1" 'pragma quick_check; select count(*) from device where pn <> ""'
                sqlite3 "file:$session/wpp.db?mode=ro&immutable=1" 'pragma quick_check; select count(*) from messages'
                if [ -S "$session/daemon.sock" ]; then
                    curl --silent --unix-socket "$session/daemon.sock" http://localhost/v1/status
                fi
            done"#;
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&self.home);
        measured(command)
    }
}

fn make_folder(path: &Path) {
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(path).unwrap();
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn write(path: &Path, content: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(content).unwrap();
}

/// Answers every question with the status of a daemon that is READY, until the process ends.
fn serve(socket: &Path, session: &str) {
    let listener = UnixListener::bind(socket).unwrap();
    std::fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let session = session.to_owned();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let now_ms = wpp::clock::now_ms();
            let body = json!({
                "session": session, "state": "READY", "reason": "normal", "since_ms": now_ms - 5000, "pid": std::process::id(),
                "version": env!("CARGO_PKG_VERSION"), "started_ms": now_ms - 6000, "paired": true, "last_heard_ms": now_ms - 1000,
                "reconnects": 0, "outbound_paused": false, "sync_enabled": true, "outbox_pending": 0, "messages": 0,
                "last_event_id": 0, "search_mode": "fts",
            })
            .to_string();
            let mut request = [0; 1024];
            if connection.read(&mut request).is_ok_and(|read| read > 0) {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(body.as_bytes()));
            }
        }
    });
}

/// Milliseconds of a command from its start to its end, and the most memory that it held, in MiB.
fn measured(mut command: Command) -> (f64, f64) {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut written = 0;
    let mut stdout = child.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = stdout.read(&mut buffer) {
        written += read;
    }
    let used = child.wait4().unwrap();
    assert!(written > 0 && used.status.success(), "{command:?}");
    (begun.elapsed().as_secs_f64() * 1e3, used.rusage.maxrss as f64 / f64::from(1 << 20))
}

fn row(what: &str, runs: usize, mut measure: impl FnMut() -> (f64, f64)) {
    let (mut times, mut peaks): (Vec<f64>, Vec<f64>) = (0..runs).map(|_| measure()).unzip();
    times.sort_by(f64::total_cmp);
    peaks.sort_by(f64::total_cmp);
    let (median, peak) = (times[times.len() / 2], peaks[peaks.len() - 1]);
    println!("{what:<52} {:>10.1} {median:>10.1} {:>10.1} {peak:>10.1}", times[0], times[times.len() - 1]);
}
