//! Other programs at a session's databases while it is backed up, and databases that are none of ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use wpp::archive::open;
use wpp::report::Silent;

use crate::harness::TestHome;
use crate::stores;

/// What the other program does, over and over.
#[derive(Debug, Clone, Copy)]
enum Habit {
    /// Keeps the database open.
    Stays(&'static str),
    /// Opens it, deletes, vacuums, and closes it again.
    Comes,
}

/// Moves amounts between two rows, whose sum stays the same.
struct Mover {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU32>,
    thread: Option<std::thread::JoinHandle<()>>,
}

fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

fn transfer(connection: &Connection) {
    connection
        .execute_batch(
            "BEGIN IMMEDIATE; UPDATE pot SET amount = amount - 7 WHERE id = 1;
             UPDATE ballast SET data = randomblob(3000) WHERE id = (SELECT 1 + abs(random()) % 1500);
             UPDATE pot SET amount = amount + 7 WHERE id = 2; COMMIT",
        )
        .unwrap();
}

impl Mover {
    fn start(path: PathBuf, habit: Habit) -> Mover {
        let connection = connect(&path);
        connection
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS pot (id INTEGER PRIMARY KEY, amount INTEGER);
                 INSERT OR REPLACE INTO pot VALUES (1, 5000), (2, 5000);
                 CREATE TABLE IF NOT EXISTS ballast (id INTEGER PRIMARY KEY, data BLOB);
                 WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1500)
                 INSERT OR REPLACE INTO ballast SELECT x, randomblob(6000) FROM n;",
            )
            .unwrap();
        if let Habit::Stays(mode) = habit {
            connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(())).unwrap();
        }
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (seen, counted) = (stop.clone(), rounds.clone());
        let thread = std::thread::spawn(move || {
            let mut connection = Some(connection);
            while !seen.load(Ordering::Relaxed) {
                let open = connection.take().unwrap_or_else(|| connect(&path));
                transfer(&open);
                match habit {
                    Habit::Stays(_) => connection = Some(open),
                    Habit::Comes => open.execute_batch("DELETE FROM ballast WHERE id > 1000; VACUUM").unwrap(),
                }
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Mover { stop, rounds, thread: Some(thread) }
    }

    fn wait(&self, rounds: u32) {
        let (before, watch) = (self.rounds.load(Ordering::Relaxed), Instant::now());
        while self.rounds.load(Ordering::Relaxed) < before + rounds {
            assert!(watch.elapsed() < Duration::from_secs(60), "the other program stands still");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn unpack(report: &Value) -> tempfile::TempDir {
    let archive = PathBuf::from(report["data"]["path"].as_str().unwrap_or_else(|| panic!("{report}")));
    let folder = tempfile::tempdir().unwrap();
    open::read(&mut stores::input(&archive).unwrap(), Some(folder.path()), &Silent).unwrap();
    folder
}

#[test]
fn another_program_at_the_databases_of_a_stopped_session_never_tears_an_archive() {
    for habit in [Habit::Stays("WAL"), Habit::Stays("DELETE"), Habit::Stays("TRUNCATE"), Habit::Comes] {
        let home = stores::home("foreign");
        let path = home.session("main").join("wpp.db");
        let mover = Mover::start(path.clone(), habit);
        mover.wait(3);
        for number in 0..10 {
            let (code, report) = home.json(&["backup"]);
            assert_eq!((code, &report["data"]["level"]), (0, &"quick".into()), "{habit:?} {number}: {report}");
            let folder = unpack(&report);
            let copy = wpp::archive::snapshot::open_read_only(&folder.path().join("wpp.db"), true).unwrap();
            let sum: i64 = copy.query_row("SELECT sum(amount) FROM pot", [], |row| row.get(0)).unwrap();
            let sound: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!((sum, sound.as_str()), (10_000, "ok"), "{habit:?} {number}");
        }
        mover.wait(1);
        drop(mover);
    }
}

#[test]
fn what_is_none_of_ours_is_named_and_never_called_whole() {
    let cases: [(&str, &str, &str); 4] = [
        ("wpp.db", "empty", "an empty SQLite database, and no wpp.db"),
        ("wpp.db", "CREATE TABLE songs (name TEXT)", "another program, and no wpp.db (its tables: songs)"),
        ("session.db", "empty", "an empty SQLite database, and no session.db"),
        ("session.db", "CREATE TABLE songs (name TEXT)", "without a table device"),
    ];
    for (name, content, said) in cases {
        let home = stores::home("ours");
        assert_eq!(home.json(&["backup", "--incremental"]).0, 0);
        let path = home.session("main").join(name);
        std::fs::remove_file(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch(if content == "empty" { "VACUUM; PRAGMA user_version = 1" } else { content }).unwrap();
        drop(other);
        for arguments in [&["backup"][..], &["backup", "--incremental"]] {
            let (code, report) = home.json(arguments);
            assert_eq!((code, &report["data"]["whole"]), (4, &false.into()), "{name} {content}: {report}");
            assert!(report.to_string().contains(said), "{said}: {report}");
        }
    }
    // Tables that are lost one by one, and an identity that is.
    for (name, sql, said) in [
        ("wpp.db", "DROP TABLE messages", "a wpp.db without its table messages"),
        ("wpp.db", "ALTER TABLE chats RENAME COLUMN name TO was", "a wpp.db whose table chats has no name"),
        ("session.db", "DELETE FROM device", "holds no identity, although the session was linked"),
    ] {
        let home = stores::home("ours");
        let session = home.session("main");
        stores::open(&session.join("wpp.db"))
            .execute_batch("INSERT INTO settings (name, value, changed_ms) VALUES ('account', 'x', 0)")
            .unwrap();
        assert_eq!(home.json(&["backup"]).0, 0);
        stores::open(&session.join(name)).execute_batch(sql).unwrap();
        let (code, report) = home.json(&["backup"]);
        assert_eq!((code, &report["data"]["whole"]), (4, &false.into()), "{name}: {report}");
        assert!(report.to_string().contains(said), "{said}: {report}");
    }
}

#[test]
fn an_emptied_database_costs_no_good_archive() {
    let home = stores::home("good");
    std::fs::write(home.path().join("config.toml"), "[backup]\nkeep_last = 1\n").unwrap();
    let (code, report) = home.json(&["backup"]);
    assert_eq!(code, 0, "{report}");
    let good = PathBuf::from(report["data"]["path"].as_str().unwrap());
    let path = home.session("main").join("wpp.db");
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    for _ in 0..3 {
        assert_eq!(home.json(&["backup"]).0, 4);
        assert!(good.exists(), "the rules removed the one archive that holds messages");
    }
}

/// Fills the middle of a table's pages with noise.
fn bend(home: &TestHome, table: &str) {
    let path = home.session("main").join("wpp.db");
    let connection = Connection::open(&path).unwrap();
    let root: i64 =
        connection.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0)).unwrap();
    let size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    let start = usize::try_from((root - 1) * size).unwrap();
    for (at, byte) in bytes[start..start + usize::try_from(size).unwrap()].iter_mut().enumerate() {
        *byte = (at * 31 + 7) as u8;
    }
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn an_increment_of_a_damaged_database_is_not_whole() {
    // Below and above the size from which the check has a thread of its own.
    for megabytes in [0, 12] {
        let home = stores::home("damaged");
        let connection = stores::open(&home.session("main").join("wpp.db"));
        connection
            .execute_batch(&format!(
                "CREATE TABLE ballast (data BLOB); INSERT INTO ballast VALUES (randomblob({megabytes}000000))"
            ))
            .unwrap();
        drop(connection);
        assert_eq!(home.json(&["backup", "--incremental"]).0, 0);
        stores::open(&home.session("main").join("wpp.db")).execute_batch("UPDATE marker SET text = 'later'").unwrap();
        let (code, report) = home.json(&["backup", "--incremental"]);
        assert_eq!((code, &report["data"]["manifest"]["chain"]["depth"]), (0, &1.into()), "{report}");
        bend(&home, "messages");
        let (code, report) = home.json(&["backup", "--incremental"]);
        assert_eq!((code, &report["data"]["whole"]), (4, &false.into()), "{report}");
        assert!(report["data"]["manifest"]["chain"].is_object(), "{report}");
        // Nothing builds on it.
        let (code, report) = home.json(&["backup", "--incremental"]);
        assert_eq!((code, &report["data"]["manifest"]["chain"]), (4, &Value::Null), "{report}");
    }
}
