//! Databases to back up, made without a daemon: the tables that archives look at, and a marker
//! that tells two versions of a store apart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use wpp::archive::destination::Destination;
use wpp::archive::destination::settings::Settings;
use wpp::archive::history::History;
use wpp::archive::input::Input;
use wpp::archive::seal::Identities;
use wpp::archive::shelf::{self, Located};
use wpp::error::Result;

use crate::harness::TestHome;

/// A WAL database, open.
pub fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    // A test's store need not survive the machine, and hundreds are made.
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

/// What a real wpp.db holds beside messages and their index, as statements.
fn beside_messages() -> &'static str {
    static STATEMENTS: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    STATEMENTS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.db");
        drop(wpp::session::messages::Messages::open(&path).unwrap());
        let real = Connection::open(&path).unwrap();
        let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'messages%' AND name NOT LIKE 'sqlite%'";
        let mut statements: Vec<String> =
            real.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for pragma in ["application_id", "user_version"] {
            let value: i64 = real.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
            statements.push(format!("PRAGMA {pragma} = {value}"));
        }
        statements.join("; ")
    })
}

/// Makes both stores of a session, closed cleanly. The marker goes into both.
pub fn make(folder: &Path, marker: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let session = open(&folder.join("session.db"));
    session
        .execute_batch(&format!(
            "CREATE TABLE device (id INTEGER PRIMARY KEY, pn TEXT, lid TEXT, registration_id INTEGER, identity_key BLOB,
                 noise_key BLOB, account BLOB, next_pre_key_id INTEGER, login_counter INTEGER, server_has_prekeys BOOLEAN,
                 first_unupload_pre_key_id INTEGER, last_signed_pre_key_rotation_ms BIGINT);
             INSERT INTO device VALUES (1, '15550100001:7@s.whatsapp.net', '', 7, x'01', x'02', x'03', 813, 4, 1, 813, 1000);
             CREATE TABLE prekeys (id INTEGER PRIMARY KEY, key BLOB); INSERT INTO prekeys VALUES (812, x'00');
             CREATE TABLE sessions (address TEXT, record BLOB); INSERT INTO sessions VALUES ('15550100042@c.us.0', x'00');
             CREATE TABLE sender_keys (address TEXT, record BLOB);
             INSERT INTO sender_keys VALUES ('120363@g.us:15550100001:7@c.us.0', x'00'), ('120363@g.us:15550100042@c.us.0', x'00');
             CREATE TABLE signed_prekeys (id INTEGER); CREATE TABLE identities (address TEXT); CREATE TABLE sent_messages (id TEXT);
             CREATE TABLE pending_inbound_messages (id TEXT); CREATE TABLE base_keys (address TEXT);
             CREATE TABLE sender_key_devices (group_jid TEXT); CREATE TABLE device_registry (user_id TEXT);
             CREATE TABLE group_metadata (group_jid TEXT);
             CREATE TABLE __diesel_schema_migrations (version TEXT); INSERT INTO __diesel_schema_migrations VALUES ('20260703000001');
             CREATE TABLE marker (text TEXT); INSERT INTO marker VALUES ('{marker}');"
        ))
        .unwrap();
    let wpp = open(&folder.join("wpp.db"));
    wpp.execute_batch(&format!(
        "CREATE TABLE messages (number INTEGER PRIMARY KEY, text TEXT, chat, id, author, sender, from_me, kind, sent_ms, stored_ms);
         CREATE TABLE marker (text TEXT); INSERT INTO marker VALUES ('{marker}');"
    ))
    .unwrap();
    for number in 0..300 {
        wpp.execute("INSERT INTO messages (text) VALUES (?1)", [format!("message {number} {}", "words ".repeat(number % 40))])
            .unwrap();
    }
    // Last: empty tables have pages that are all alike.
    wpp.execute_batch(beside_messages()).unwrap();
}

/// A sandbox home with one session `main`.
pub fn home(marker: &str) -> TestHome {
    let home = TestHome::sandbox();
    make(&home.session("main"), marker);
    home
}

/// The newest archive of `main` in a folder.
pub fn latest(folder: &Path) -> PathBuf {
    let (there, keys) = (Arc::new(Destination::Folder(folder.to_owned())), Identities::default());
    shelf::find(&there, &Settings::default(), "main", "latest", &keys, || Ok(History::default())).unwrap().path().unwrap()
}

/// A plain archive in a file, to be read.
pub fn input(path: &Path) -> Result<Input> {
    Located::file(path)?.open(&Identities::default())
}

/// Turns one byte of a file over, as a disk does: its size and its time stay. A negative place counts
/// from the end.
pub fn rot(path: &Path, place: i64) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let place = if place < 0 { bytes.len() - place.unsigned_abs() as usize } else { place as usize };
    bytes[place] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

/// Another home with the same files, journal and archives.
pub fn copy(home: &TestHome) -> TestHome {
    fn copy_folder(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy_folder(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), &target).unwrap();
            }
        }
    }
    let other = TestHome::live();
    copy_folder(home.path(), other.path());
    other
}

/// Puts the files that a killed writer leaves in the place of both stores: the last commit, with
/// `marker`, is in the `-wal` alone.
pub fn kill_writer(folder: &Path, marker: &str) {
    for name in ["session.db", "wpp.db"] {
        let path = folder.join(name);
        let live = open(&path);
        live.execute("UPDATE marker SET text = ?1", [marker]).unwrap();
        // What lies there while the writer is alive is what lies there after it is killed.
        let left: Vec<(PathBuf, Vec<u8>)> = ["", "-wal", "-shm"]
            .iter()
            .map(|ending| folder.join(format!("{name}{ending}")))
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        drop(live);
        for (path, bytes) in left {
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// The marker of a store, read from a copy so that the look leaves nothing behind; fails the test
/// if the store is not sound.
pub fn marker(folder: &Path, name: &str) -> String {
    let copy = tempfile::tempdir().unwrap();
    for ending in ["", "-wal"] {
        let from = folder.join(format!("{name}{ending}"));
        if from.exists() {
            std::fs::copy(from, copy.path().join(format!("{name}{ending}"))).unwrap();
        }
    }
    let connection = Connection::open(copy.path().join(name)).unwrap();
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok", "{name}");
    connection.query_row("SELECT text FROM marker", [], |row| row.get(0)).unwrap()
}

/// Everything in a folder with its content, to see that nothing was touched.
pub fn everything(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let mut names: Vec<PathBuf> = std::fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names {
            if path.is_dir() {
                all.push((path.display().to_string(), Vec::new()));
                folders.push(path);
            } else {
                all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    all
}
