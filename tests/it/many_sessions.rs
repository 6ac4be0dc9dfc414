//! A home with many healthy sessions, and what a look of the doctor at it costs: for tests and for the benchmark
//! `tests/bench/doctor.rs`, which includes this file.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;
use wpp::disk::Lock;
use wpp::home::{Home, HomeKind};
use wpp::journal::Journal;
use wpp::session::messages::Messages;
use wpp::session::tables;
use wpp::whatsapp::stored::device_statement;

/// The number of the device in the store that all others are copies of, as it stands there.
const NUMBER: [u8; 4] = *b"KEY1";
/// Numbers from here on take as many bytes.
const FIRST: u32 = 1 << 24;

/// A sandbox home with many sessions in which the doctor finds nothing.
pub struct ManySessions {
    _folder: tempfile::TempDir,
    home: PathBuf,
    _locks: Vec<Lock>,
}

impl ManySessions {
    /// `daemons` of them have something that answers like a daemon until this process ends.
    pub fn new(sessions: usize, daemons: usize) -> ManySessions {
        let folder = tempfile::Builder::new().prefix("wpp-many-").tempdir().unwrap();
        let root = folder.path().join("h");
        let home = Home::create(&root, HomeKind::Sandbox).unwrap();
        // One of each, and copies: their content is the same, but for the device's number.
        let first = folder.path().join("first");
        make_folder(&first);
        drop(Messages::open(&first.join("wpp.db")).unwrap());
        let store = rusqlite::Connection::open(first.join("session.db")).unwrap();
        store
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                 {}{}
                 WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100)
                     INSERT INTO prekeys SELECT id, randomblob(32), 1, 1 FROM n;",
                tables::statements(),
                device_statement("15550100001:2@s.whatsapp.net", u32::from_be_bytes(NUMBER)).unwrap(),
            ))
            .unwrap();
        drop(store);
        let (wpp_db, mut session_db) = (read(&first.join("wpp.db")), read(&first.join("session.db")));
        let place = session_db.windows(NUMBER.len()).position(|bytes| bytes == NUMBER).unwrap();
        make_folder(&home.sessions());
        let mut locks = Vec::new();
        for number in 0..sessions {
            let session = home.session(&name(number));
            make_folder(session.folder());
            make_folder(&session.logs());
            write(&session.log(), b"");
            write(&session.wpp_db(), &wpp_db);
            session_db[place..place + NUMBER.len()].copy_from_slice(&(FIRST + number as u32).to_be_bytes());
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
                all.execute(sql, rusqlite::params![wpp::clock::now_ms(), name(number), verb]).unwrap();
            }
        }
        all.commit().unwrap();
        ManySessions { _folder: folder, home: root, _locks: locks }
    }

    /// The home's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A look of the doctor, ready to run.
    pub fn doctor(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wpp"));
        command.env_clear().env("WPP_HOME", &self.home).args(["doctor", "--fail-on", "never"]).args(arguments);
        command
    }
}

/// The name of one of them.
pub fn name(number: usize) -> String {
    format!("s{number:05}")
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

/// What a command took, and what it said.
pub struct Measured {
    /// From its start to its end.
    pub time_ms: f64,
    /// What it wrote.
    pub stdout: Vec<u8>,
}

/// Runs a command to its end, which must be a good one.
pub fn measured(mut command: Command) -> Measured {
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().unwrap();
    let time_ms = begun.elapsed().as_secs_f64() * 1e3;
    assert!(!output.stdout.is_empty() && output.status.success(), "{command:?}");
    Measured { time_ms, stdout: output.stdout }
}

/// The most memory that a command holds, in MiB, as the kernel counts it while it runs: what it counts at a
/// process's end begins with what the parent held when it made that process.
pub fn peak_mib(mut command: Command) -> f64 {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most_kib = 0;
    while child.try_wait().unwrap().is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let high = told.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        most_kib = most_kib.max(high.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_micros(500));
    }
    let ended = child.wait().unwrap();
    assert!(ended.success() && most_kib > 0, "{command:?}");
    most_kib as f64 / 1024.0
}
