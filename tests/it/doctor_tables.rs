//! `wpp doctor` on databases whose pages are whole and that lack something all the same, and on a home that lost its
//! journal: in stores that the client library and the daemon have really written.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use wpp::journal::Journal;
use wpp::session::messages::{self, VERSION};
use wpp::session::tables::TABLES;

use crate::doctor_home::{Unprivileged, chmod, doctor, empty, found, linked, only, said_ok, tree, whole, write};
use crate::harness::TestHome;
use crate::postgres::there;
use crate::simulated::{PEER, Simulated};

const STORE: &str = "wpp.store.session-damaged";
const MESSAGES: &str = "wpp.store.messages-damaged";

/// A session that has written with somebody, and was stopped.
fn used() -> Simulated {
    let simulated = linked();
    simulated.peer_sends("hello there, how are you today", 3);
    simulated.until("the messages", || (simulated.found("hello") == 3).then_some(()).ok_or_else(|| "none yet".into()));
    assert_eq!(simulated.home.run(&["send", &format!("+{PEER}"), "and to you a very good day"]).code, 0);
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    simulated
}

/// A database that is broken again and again, each time from what it was.
struct Broken<'a> {
    home: &'a TestHome,
    id: &'static str,
    path: PathBuf,
    good: Vec<u8>,
}

impl<'a> Broken<'a> {
    fn new(home: &'a TestHome, name: &str, id: &'static str) -> Broken<'a> {
        let path = home.session("main").join(name);
        let (_, report) = only(home, id);
        assert!(said_ok(&report, id), "{report:#}");
        Broken { home, id, good: std::fs::read(&path).unwrap(), path }
    }

    fn count(&self, table: &str) -> i64 {
        let raw = Connection::open(&self.path).unwrap();
        raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    /// What is said of it, and how bad that is.
    #[track_caller]
    fn by(&self, sql: &str) -> (String, String) {
        let raw = Connection::open(&self.path).unwrap();
        raw.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
        let pages: String = raw.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
        assert_eq!(pages, "ok", "SQLite finds nothing wrong with it");
        drop(raw);
        let (ids, report) = only(self.home, self.id);
        assert_eq!(ids, [self.id], "{sql}: {report:#}");
        write(&self.path, &self.good);
        let finding = &report["findings"][0];
        (finding["severity"].as_str().unwrap().to_owned(), finding.to_string())
    }
}

#[test]
fn a_store_without_one_of_the_tables_that_the_library_makes_is_damaged_whatever_sqlite_says() {
    let simulated = used();
    let store = Broken::new(&simulated.home, "session.db", STORE);
    for table in TABLES {
        let (severity, told) = store.by(&format!("DROP TABLE {}", table.name));
        assert_eq!(severity, if table.is_vital { "critical" } else { "error" }, "{}: {told}", table.name);
        assert!(told.contains(&format!("table {}", table.name)) && told.contains(table.holds), "{told}");
        assert!(told.contains("backup list"), "{told}");
    }
    let (severity, told) = store.by("ALTER TABLE device DROP COLUMN nct_salt; DROP TABLE msg_secrets; DROP TABLE tc_tokens");
    assert!(severity == "critical" && told.contains("nct_salt") && told.contains("2 more"), "{told}");
}

#[test]
fn values_that_the_library_cannot_read_are_told_and_counted() {
    let simulated = used();
    let store = Broken::new(&simulated.home, "session.db", STORE);
    let vital: &[&str] = &[
        "UPDATE device SET noise_key = randomblob(63)",
        "UPDATE device SET identity_key = x''",
        "UPDATE device SET signed_pre_key_signature = 'text'",
        "UPDATE device SET adv_secret_key = randomblob(33)",
        "UPDATE device SET account = x'00ffff'",
        "UPDATE device SET account = x''",
    ];
    for sql in vital {
        let (severity, told) = store.by(sql);
        assert!(severity == "critical" && told.contains("1 of 1 device"), "{sql}: {told}");
    }
    let others: &[(&str, &str, &str)] = &[
        (
            "sessions",
            "UPDATE sessions SET record = x'00' || randomblob(100) WHERE rowid = (SELECT min(rowid) FROM sessions)",
            "Signal session",
        ),
        (
            "identities",
            "UPDATE identities SET key = randomblob(31) WHERE rowid = (SELECT min(rowid) FROM identities)",
            "identity key",
        ),
        (
            "prekeys",
            "UPDATE prekeys SET key = x'00' || randomblob(9) WHERE rowid = (SELECT min(rowid) FROM prekeys)",
            "one-time keys",
        ),
        (
            "prekeys",
            "UPDATE prekeys SET key = CAST(substr(key, 1, length(key) - 32) || randomblob(32) AS BLOB)
                 WHERE rowid = (SELECT min(rowid) FROM prekeys)",
            "one-time keys",
        ),
    ];
    for (table, sql, names) in others {
        let rows = store.count(table);
        assert!(rows > 0, "{table} holds nothing");
        let (severity, told) = store.by(sql);
        assert!(severity == "error" && told.contains(&format!("1 of {rows} {names}")), "{sql}: {told}");
    }
    let inserted: &[&str] = &[
        "INSERT INTO signed_prekeys (id, record) VALUES (900, x'0000')",
        "INSERT INTO sender_keys (address, record) VALUES ('a', x'0000')",
        "INSERT INTO sender_keys (address, record) VALUES ('a', x'')",
        "INSERT INTO app_state_keys (key_id, key_data) VALUES (x'01', x'0000')",
        "INSERT INTO app_state_versions (name, state_data) VALUES ('of a test', x'0000')",
        "INSERT INTO device_registry (user_id, devices_json, timestamp) VALUES ('u', '[{', 1)",
    ];
    for sql in inserted {
        let (severity, told) = store.by(sql);
        assert!(severity == "error" && told.contains("cannot be used by the client library"), "{sql}: {told}");
    }
}

#[test]
fn records_and_keys_that_somebody_emptied_are_all_told() {
    let simulated = used();
    let store = Broken::new(&simulated.home, "session.db", STORE);
    let emptied: &[(&str, &str, &str)] = &[
        ("sessions", "UPDATE sessions SET record = x''", "Signal session"),
        ("prekeys", "UPDATE prekeys SET key = x''", "one-time keys"),
        ("prekeys", "UPDATE prekeys SET key = zeroblob(32)", "one-time keys"),
        ("prekeys", "UPDATE prekeys SET key = zeroblob(length(key))", "one-time keys"),
        ("prekeys", "UPDATE prekeys SET key = CAST(substr(key, 1, length(key) - 32) || zeroblob(32) AS BLOB)", "one-time keys"),
    ];
    for (table, sql, names) in emptied {
        let rows = store.count(table);
        let (severity, told) = store.by(sql);
        assert!(severity == "error" && told.contains(&format!("{rows} of {rows} {names}")), "{sql}: {told}");
    }
}

#[test]
fn keys_of_the_device_that_do_not_belong_together_are_told() {
    let simulated = used();
    let store = Broken::new(&simulated.home, "session.db", STORE);
    let wrong: &[(&str, &str, &str)] = &[
        ("noise_key = zeroblob(64)", "critical", "connection key do not belong together"),
        ("noise_key = randomblob(64)", "critical", "connection key do not belong together"),
        ("identity_key = randomblob(64)", "critical", "identity key do not belong together"),
        ("identity_key = noise_key", "critical", "not the one that the account admitted"),
        ("signed_pre_key = randomblob(64)", "error", "signed prekey do not belong together"),
        ("signed_pre_key = noise_key", "error", "not signed by its identity key"),
        ("signed_pre_key_signature = randomblob(64)", "error", "not signed by its identity key"),
        (
            "account = CAST(substr(account, 1, length(account) - 64) || randomblob(64) AS BLOB)",
            "critical",
            "that the account admitted",
        ),
    ];
    for (set, severity, what) in wrong {
        let (said, told) = store.by(&format!("UPDATE device SET {set}"));
        assert!(said == *severity && told.contains(what), "{set}: {said} {told}");
        assert!(told.contains("backup list"), "{told}");
    }
}

#[test]
fn a_store_that_does_not_say_which_migrations_it_has_is_not_an_older_one() {
    let simulated = used();
    let store = Broken::new(&simulated.home, "session.db", STORE);
    for (sql, observed) in [
        ("DELETE FROM __diesel_schema_migrations", "is emptied"),
        (
            "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT min(version) FROM __diesel_schema_migrations)",
            "1 of 23 are gone",
        ),
    ] {
        let (severity, told) = store.by(sql);
        assert!(severity == "critical" && told.contains(observed) && told.contains("backup list"), "{sql}: {told}");
    }
    Connection::open(&store.path).unwrap().execute_batch("DELETE FROM __diesel_schema_migrations").unwrap();
    let (_, report) = doctor(&simulated.home, &[]);
    assert_eq!(found(&report), [STORE], "nobody is told to start it: {report:#}");
}

#[test]
fn one_time_keys_that_the_server_hands_out_and_the_store_lost_are_told() {
    let id = "wpp.store.prekeys-low";
    let simulated = used();
    let path = simulated.home.session("main").join("session.db");
    assert!(said_ok(&only(&simulated.home, id).1, id));
    Connection::open(&path).unwrap().execute_batch("DELETE FROM prekeys").unwrap();
    let (ids, report) = only(&simulated.home, id);
    assert_eq!(ids, [id], "{report:#}");
    let finding = &report["findings"][0];
    assert!(finding["severity"] == "error" && finding.to_string().contains("backup list"), "{report:#}");
    // The library makes none by itself.
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let left: i64 = Connection::open(&path).unwrap().query_row("SELECT count(*) FROM prekeys", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    // What it did not upload it uploads.
    Connection::open(&path).unwrap().execute_batch("UPDATE device SET server_has_prekeys = 0").unwrap();
    assert!(said_ok(&only(&simulated.home, id).1, id));
}

#[test]
fn a_session_whose_store_lacks_something_is_not_to_be_started_as_it_is() {
    let simulated = linked();
    simulated.kill_daemon();
    let path = simulated.home.session("main").join("session.db");
    Connection::open(path).unwrap().execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE prekeys").unwrap();
    let (code, report) = doctor(&simulated.home, &["--fix", "--yes"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.daemon-died".to_owned(), STORE.to_owned()]), "{report:#}");
    assert_eq!(report["data"]["fixes"], serde_json::json!([]), "{report:#}");
}

#[test]
fn messages_without_one_of_their_tables_or_with_an_emptied_one_are_damaged_and_come_back_from_an_archive() {
    let simulated = used();
    let home = &simulated.home;
    assert_eq!(home.run(&["backup"]).code, 0);
    let messages = Broken::new(home, "wpp.db", MESSAGES);
    for table in messages::tables(VERSION).unwrap().unwrap().iter().map(|table| &table.name) {
        let (severity, told) = messages.by(&format!("DROP TABLE {table}"));
        assert!(severity == "error" && told.contains(&format!("table {table} is missing")), "{table}: {told}");
        assert!(told.contains("restore latest --plan data"), "{told}");
    }
    for table in ["messages", "chats", "events", "transitions", "settings", "migrations"] {
        let (severity, told) = messages.by(&format!("DELETE FROM {table}"));
        assert!(severity == "error" && told.contains(&format!("table {table} is emptied")), "{table}: {told}");
    }
    for (table, column) in [
        ("events", "data"),
        ("outbox", "account"),
        ("contacts", "changed_ms"),
        ("settings", "changed_ms"),
        ("messages", "stored_ms"),
    ] {
        let (severity, told) = messages.by(&format!("ALTER TABLE {table} DROP COLUMN {column}"));
        assert!(severity == "error" && told.contains(&format!("columns of table {table}: {column} is missing")), "{told}");
    }
    for (version, observed) in [(0, "is missing"), (-1, "is missing"), (2, "2, while its newest migration is 3")] {
        let (severity, told) = messages.by(&format!("PRAGMA user_version = {version}"));
        assert!(severity == "error" && told.contains("user_version") && told.contains(observed), "{version}: {told}");
        assert!(told.contains("restore latest --plan data"), "{told}");
    }
    // And the remedy helps.
    for sql in ["DROP TABLE outbox", "PRAGMA user_version = 0"] {
        Connection::open(&messages.path).unwrap().execute_batch(sql).unwrap();
        let restored = home.run(&["restore", "latest", "--plan", "data", "--yes"]);
        assert_eq!(restored.code, 0, "{sql}: {restored:?}");
        assert!(said_ok(&only(home, MESSAGES).1, MESSAGES));
    }
}

#[test]
fn a_home_that_lost_its_journal_is_told_and_one_that_never_had_one_is_not() {
    let id = "wpp.home.journal";
    let lose = |home: &TestHome| {
        for name in ["ops.db", "ops.db-wal", "ops.db-shm"] {
            let _ = std::fs::remove_file(home.path().join(name));
        }
    };
    let simulated = linked();
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    lose(&simulated.home);
    let (code, report) = doctor(&simulated.home, &["--no-record"]);
    assert_eq!((code, found(&report)), (3, vec![id.to_owned()]), "{report:#}");
    let told = report["findings"].to_string();
    assert!(told.contains("there is no ops.db") && told.contains("main was linked"), "{told}");
    assert!(!simulated.home.path().join("ops.db").exists(), "a look makes none");
    // One that was moved away on the doctor's own word was not lost.
    let aside = simulated.home.path().join("ops-damaged");
    std::fs::create_dir(&aside).unwrap();
    chmod(&aside, 0o700);
    assert!(found(&only(&simulated.home, id).1).is_empty());
    // Archives in a home that begins anew, as on another machine, are there to be restored.
    let home = whole();
    assert_eq!(home.run(&["backup", "create"]).code, 0);
    std::fs::remove_dir_all(home.session("main")).unwrap();
    lose(&home);
    assert!(found(&only(&home, id).1).is_empty());
    // A new home, one that no phone was linked in, and one of an earlier version.
    assert!(found(&only(&empty(), id).1).is_empty());
    let simulated = Simulated::new();
    assert_eq!((simulated.home.run(&["start"]).code, simulated.home.run(&["stop"]).code), (0, 0));
    lose(&simulated.home);
    assert!(found(&only(&simulated.home, id).1).is_empty());
}

/// A log of another database that was put beside the journal, as by a copy that went wrong.
fn strange_log(database: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let other = Connection::open(folder.path().join("x.db")).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    let log = database.with_extension("db-wal");
    std::fs::copy(folder.path().join("x.db-wal"), &log).unwrap();
    chmod(&log, 0o600);
}

#[test]
fn the_log_of_another_database_beside_a_store_is_told_and_gets_into_it_by_nothing() {
    let simulated = used();
    let home = &simulated.home;
    for (name, id) in [("session.db", STORE), ("wpp.db", MESSAGES)] {
        let path = home.session("main").join(name);
        let before = std::fs::read(&path).unwrap();
        strange_log(&path);
        let (ids, report) = only(home, id);
        assert_eq!(ids, [id], "{report:#}");
        let told = report["findings"].to_string();
        assert!(told.contains("another program") && told.contains("moving that alone away brings it back"), "{told}");
        // Who starts a daemon on it all the same loses nothing.
        let started = home.run(&["start"]);
        assert!(started.code != 0, "{started:?}");
        home.run(&["stop"]);
        assert!(std::fs::read(&path).unwrap() == before, "{name}");
        for ending in ["db-wal", "db-shm"] {
            let _ = std::fs::remove_file(path.with_extension(ending));
        }
        assert!(said_ok(&only(home, id).1, id));
    }
    assert_eq!(home.run(&["start"]).code, 0);
}

#[test]
fn a_journal_that_lacks_something_is_told_and_no_look_makes_it_worse() {
    let id = "wpp.home.journal";
    let used = || {
        let home = whole();
        Journal::open(&home.path().join("ops.db")).unwrap().record(Some("main"), "start", &serde_json::json!({})).unwrap();
        Journal::open(&home.path().join("ops.db")).unwrap().record(Some("main"), "stop", &serde_json::json!({})).unwrap();
        home
    };
    for (sql, told) in [("DROP TABLE entry", "it has no table entry"), ("DELETE FROM entry", "its entries were removed")] {
        let home = used();
        let path = home.path().join("ops.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        let (_, report) = doctor(&home, &["--skip", "wpp.session.daemon-died"]);
        assert_eq!(found(&report), [id], "{sql}: {report:#}");
        assert!(report["findings"].to_string().contains(told), "{sql}: {report:#}");
        assert!(std::fs::read(&path).unwrap() == before, "{sql}");
    }
    let home = used();
    write(&home.path().join("ops.db"), "");
    assert_eq!(only(&home, id).0, [id]);
    assert_eq!(std::fs::read(home.path().join("ops.db")).unwrap().len(), 0, "a look makes none");
    // With the log of another database it reads as that one, and must not become it.
    let home = used();
    let path = home.path().join("ops.db");
    let before = std::fs::read(&path).unwrap();
    strange_log(&path);
    let (_, report) = doctor(&home, &[]);
    assert!(found(&report).contains(&id.to_owned()) && report["findings"].to_string().contains("another program"), "{report:#}");
    let backup = home.run(&["backup"]);
    assert!(backup.code != 0 && backup.stderr.contains("another program"), "{backup:?}");
    assert!(std::fs::read(&path).unwrap() == before, "nothing of the strange log came into it");
    std::fs::remove_file(home.path().join("ops.db-wal")).unwrap();
    let _ = std::fs::remove_file(home.path().join("ops.db-shm"));
    assert_eq!(Journal::open(&path).unwrap().after("main", 0).unwrap().len(), 2);
    assert!(said_ok(&only(&home, id).1, id));
}

/// What only root can do, and not everywhere.
fn immutable(path: &Path, is_so: bool) -> bool {
    let change = std::process::Command::new("chattr").arg(if is_so { "+i" } else { "-i" }).arg(path).output();
    change.is_ok_and(|output| output.status.success())
}

#[test]
fn a_database_that_nobody_may_write_to_is_told_though_its_folder_is_writable() {
    let id = "wpp.home.writable";
    let home = whole();
    assert!(said_ok(&only(&home, id).1, id));
    let path = home.session("main").join("session.db");
    if !there("a file system with immutable files", immutable(&path, true)) {
        return;
    }
    let (ids, report) = only(&home, id);
    immutable(&path, false);
    assert_eq!(ids, [id], "{report:#}");
    assert!(report["findings"][0]["summary"].as_str().unwrap().contains("session.db cannot be written to"), "{report:#}");
}

#[test]
fn something_else_in_the_place_of_the_lock_is_one_finding() {
    type Put = fn(&Path);
    let puts: [Put; 3] = [
        |path| std::fs::create_dir(path).unwrap(),
        |path| rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap(),
        |path| std::os::unix::fs::symlink("/nowhere/x", path).unwrap(),
    ];
    for put in puts {
        let home = whole();
        put(&home.session("main").join("LOCK"));
        let (_, report) = doctor(&home, &["--offline"]);
        assert_eq!(found(&report), ["wpp.session.folder"], "{report:#}");
        let remedy = report["findings"].to_string();
        assert!(remedy.contains("no daemon can start") && !remedy.contains("chmod 0700"), "{remedy}");
    }
}

fn older_journal(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    let journal = Connection::open(path).unwrap();
    journal
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;
             CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, session TEXT, verb TEXT NOT NULL,
                 pid INTEGER NOT NULL, user_id INTEGER NOT NULL, version TEXT NOT NULL,
                 state TEXT NOT NULL CHECK (state IN ('done', 'open', 'finished', 'undone', 'failed')), ended_ms INTEGER,
                 data TEXT NOT NULL);
             CREATE INDEX entry_by_session ON entry (session, verb, id);
             CREATE INDEX entry_open ON entry (session) WHERE state = 'open';
             INSERT INTO entry (at_ms, session, verb, pid, user_id, version, state, data)
                 VALUES (1, 'main', 'start', 1, 0, '0.1.0', 'done', '{}'), (2, 'main', 'stop', 1, 0, '0.1.0', 'done', '{}')",
        )
        .unwrap();
    drop(journal);
    chmod(path, 0o600);
}

/// As root, the home is another user's.
#[test]
fn whoever_looks_leaves_an_older_journal_of_another_user_as_it_is() {
    let home = whole();
    let path = home.path().join("ops.db");
    older_journal(&path);
    write(&home.path().join("plugins.lock"), "");
    let owner = Unprivileged::owning(&home);
    if !there("root, who alone can look at what is another user's", owner.is_another()) {
        return;
    }
    let before = (tree(home.path()), path.metadata().unwrap().uid());
    for arguments in [&["doctor", "--offline"][..], &["doctor", "--list"], &["plugin", "list"]] {
        home.run(arguments);
        assert!((tree(home.path()), path.metadata().unwrap().uid()) == before, "{arguments:?} changed something");
    }
    // Its owner's own commands bring it up to date, when they write.
    let (_, report) = owner.doctor(&home, &["--only", "wpp.home.journal", "--fail-on", "never"]);
    assert!(said_ok(&report, "wpp.home.journal"), "{report:#}");
    drop(Journal::open(&path).unwrap());
    let version: i64 = Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert!(version > 1);
}
