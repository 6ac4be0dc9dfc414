//! What the tests of `wpp doctor` share: homes of a known state, what the doctor says of them, and something
//! that answers like a daemon.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wpp::disk::Lock;
use wpp::journal::Journal;
use wpp::session::messages::Messages;
use wpp::session::tables;
use wpp::whatsapp::stored::device_statement;

use crate::harness::{TestHome, copy_program, place_program};
use crate::simulated::Simulated;

pub fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).unwrap();
    chmod(path, 0o600);
}

/// A home that holds nothing yet.
pub fn empty() -> TestHome {
    let home = TestHome::sandbox();
    chmod(home.path(), 0o700);
    home
}

/// A home with one linked session whose daemon was stopped in order.
pub fn whole() -> TestHome {
    let home = empty();
    let folder = home.session("main");
    for folder in [home.path().join("sessions"), folder.clone(), folder.join("logs")] {
        std::fs::create_dir(&folder).unwrap();
        chmod(&folder, 0o700);
    }
    drop(Messages::open(&folder.join("wpp.db")).unwrap());
    let store = rusqlite::Connection::open(folder.join("session.db")).unwrap();
    store
        .execute_batch(&format!(
            "{}{}
             WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100)
                 INSERT INTO prekeys SELECT id, randomblob(32), 1, 1 FROM n;",
            tables::statements(),
            device_statement("15550100001:2@s.whatsapp.net", 7).unwrap(),
        ))
        .unwrap();
    drop(store);
    drop(Journal::open(&home.path().join("ops.db")).unwrap());
    chmod(&folder.join("session.db"), 0o600);
    write(&folder.join("logs/wppd.log"), "");
    home
}

pub fn doctor(home: &TestHome, more: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["doctor"];
    arguments.extend(more);
    home.json(&arguments)
}

/// What one check says.
pub fn only(home: &TestHome, id: &str) -> (Vec<String>, Value) {
    let (_, report) = doctor(home, &["--only", id, "--fail-on", "never"]);
    (found(&report), report)
}

/// The check has nothing to complain about before, and complains after.
#[track_caller]
pub fn breaks(home: &TestHome, id: &str, severity: &str, breaking: impl FnOnce()) -> Value {
    let (before, report) = only(home, id);
    assert!(before.is_empty(), "{id}: {report:#}");
    breaking();
    let (after, report) = only(home, id);
    assert_eq!(after, [id], "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["severity"] == severity), "{report:#}");
    report
}

/// Ids of what is worse than a note.
pub fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let bad = findings.iter().filter(|finding| !["ok", "info"].contains(&finding["severity"].as_str().unwrap()));
    bad.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
}

pub fn said_ok(report: &Value, id: &str) -> bool {
    // Where every check was skipped there are none.
    report["findings"].as_array().into_iter().flatten().any(|finding| finding["id"] == id && finding["severity"] == "ok")
}

pub fn lock_of(role: &str) -> String {
    json!({ "pid": 1, "since": "2026-11-01T00:00:00Z", "role": role, "version": "0.0.1" }).to_string()
}

/// Names, modes and contents of everything in a folder.
pub fn tree(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = path.symlink_metadata().unwrap().permissions().mode();
            all.push((path.clone(), mode, if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() }));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    all.sort();
    all
}

/// A READY session with a real daemon, in a home that an operator keeps closed.
pub fn linked() -> Simulated {
    let simulated = Simulated::linked();
    chmod(simulated.home.path(), 0o700);
    chmod(&simulated.home.path().join("config.toml"), 0o600);
    simulated
}

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

/// Runs the program as a user whom modes stop: root is stopped by none, so as root this is nobody, in a home of
/// nobody's.
pub struct Unprivileged {
    is_root: bool,
    program: PathBuf,
    _place: tempfile::TempDir,
}

impl Unprivileged {
    /// Gives the home with all that is in it to that user.
    pub fn owning(home: &TestHome) -> Unprivileged {
        let is_root = rustix::process::geteuid().is_root();
        let place = tempfile::tempdir().unwrap();
        let mut program = PathBuf::from(crate::harness::program());
        if is_root {
            // The folder that it was built in may be closed to others.
            chmod(place.path(), 0o755);
            let built = std::fs::metadata(&program).unwrap();
            program = place.path().join("wpp");
            if built.mode() & 0o7777 == 0o755 && built.uid() == 0 {
                place_program(&program);
            } else {
                copy_program(&program);
            }
            chmod(&program, 0o755);
        }
        let owner = Unprivileged { is_root, program, _place: place };
        owner.give(home.path());
        owner
    }

    /// Gives a file, or a folder with all that is in it, to that user: what a test makes later is its own.
    pub fn give(&self, path: &Path) {
        let inside = if self.is_root && path.is_dir() { tree(path) } else { Vec::new() };
        for path in inside.iter().map(|(path, ..)| path.as_path()).chain(self.is_root.then_some(path)) {
            std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// Whether the tests' own process is of another user.
    pub fn is_another(&self) -> bool {
        self.is_root
    }

    /// How bad the worst is that one check says; `None` where it was skipped.
    pub fn severity(&self, home: &TestHome, id: &str) -> Option<String> {
        let (_, report) = self.doctor(home, &["--only", id, "--fail-on", "never"]);
        let made = report["data"]["checks"].as_array().unwrap().iter().find(|made| made["id"] == id)?;
        Some(made["severity"].as_str().unwrap().to_owned())
    }

    /// What the doctor says to that user.
    pub fn doctor(&self, home: &TestHome, more: &[&str]) -> (i32, Value) {
        self.doctor_of(home.path(), more)
    }

    /// The same of a folder that may be no home yet.
    pub fn doctor_of(&self, folder: &Path, more: &[&str]) -> (i32, Value) {
        use std::os::unix::process::CommandExt as _;
        let mut command = std::process::Command::new(&self.program);
        command.env_clear().env("WPP_HOME", folder).args(["doctor", "--format", "json"]).args(more);
        if self.is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap())
    }
}

/// A daemon as far as the doctor can see: it holds the lock, listens, and answers what it is told to.
pub struct FakeDaemon {
    _lock: Lock,
    _thread: std::thread::JoinHandle<()>,
}

impl FakeDaemon {
    pub fn start(home: &TestHome, answer: Option<String>) -> FakeDaemon {
        let folder = home.session("main");
        let lock = Lock::acquire(&folder.join("LOCK"), "daemon").unwrap();
        let listener = UnixListener::bind(folder.join("daemon.sock")).unwrap();
        chmod(&folder.join("daemon.sock"), 0o600);
        let thread = std::thread::spawn(move || {
            // Ends with the test's process; each test has its own socket.
            let mut silent = Vec::new();
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else { return };
                match &answer {
                    None => silent.push(connection),
                    Some(answer) => {
                        let mut request = [0; 1024];
                        let _ = connection.read(&mut request);
                        let _ = connection.write_all(answer.as_bytes());
                    }
                }
            }
        });
        FakeDaemon { _lock: lock, _thread: thread }
    }
}

pub fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The status of a healthy daemon, with some fields changed.
pub fn status(change: Value) -> Value {
    let now = wpp::clock::now_ms();
    let mut status = json!({
        "session": "main", "state": "READY", "reason": "normal", "since_ms": now - 5000, "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"), "started_ms": now - 6000, "paired": true, "last_heard_ms": now - 1000,
        "reconnects": 0, "outbound_paused": false, "sync_enabled": true, "outbox_pending": 0, "messages": 0,
        "last_event_id": 0, "search_mode": "fts",
    });
    for (name, value) in change.as_object().unwrap() {
        status[name] = value.clone();
    }
    status
}
