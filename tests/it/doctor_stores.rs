//! `wpp doctor` on who has the databases open, on stores, and on what flows through a session: each real
//! thing is broken, and the doctor names it.

use rusqlite::{Connection, params};
use serde_json::json;
use wpp::disk::Lock;
use wpp::journal::Journal;
use wpp::session::messages::Messages;
use wpp::whatsapp::stored::device_statement;

use crate::doctor_home::{
    FakeDaemon, Unprivileged, breaks, chmod, doctor, found, http, linked, only, said_ok, status, whole, write,
};
use crate::harness::TestHome;

const DAY_MS: i64 = 86_400_000;

/// The parts of the catalog that do not depend on the machine that the tests run on.
const OURS: &str = "wpp.session,wpp.store,wpp.security,wpp.config,wpp.drill,wpp.backup";

fn database(home: &TestHome, name: &str) -> Connection {
    Connection::open(home.session("main").join(name)).unwrap()
}

fn wal(home: &TestHome, name: &str) -> Connection {
    let connection = database(home, name);
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    // It is open from the first look on.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).unwrap();
    connection
}

#[test]
#[cfg(target_os = "linux")]
fn who_has_the_databases_open_without_the_lock_is_named() {
    let home = whole();
    let id = "wpp.session.unlocked-holder";
    let mut open = None;
    let report = breaks(&home, id, "error", || open = Some(wal(&home, "wpp.db")));
    assert!(report["findings"].to_string().contains(&format!("process {}", std::process::id())), "{report:#}");
    // In the middle of a write it holds up whoever else wants to.
    let connection = open.unwrap();
    breaks(&home, "wpp.store.busy", "warning", || {
        connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO settings VALUES ('x', 'x', 0)").unwrap();
    });
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    assert_eq!(only(&home, id).0, Vec::<String>::new());
    // Whoever holds the lock may.
    let _lock = Lock::acquire(&home.session("main").join("LOCK"), "daemon").unwrap();
    let connection = wal(&home, "wpp.db");
    assert_eq!(only(&home, id).0, Vec::<String>::new());
    drop(connection);
}

#[test]
fn messages_that_are_only_being_made_are_not_damaged() {
    let home = whole();
    let (id, path) = ("wpp.store.messages-damaged", home.session("main").join("wpp.db"));
    std::fs::remove_file(&path).unwrap();
    let making = wal(&home, "wpp.db");
    making.execute_batch("CREATE TABLE x (y); DROP TABLE x").unwrap();
    drop(making);
    assert_eq!(only(&home, id).0, [id], "nobody makes it, and it holds nothing");
    let lock = Lock::acquire(&home.session("main").join("LOCK"), "daemon").unwrap();
    let (_, report) = only(&home, id);
    assert!(!report.to_string().contains("is damaged"), "{report:#}");
    drop(lock);
}

/// As root, the tests' own process is another user's than the home's owner.
#[test]
#[cfg(target_os = "linux")]
fn who_works_on_the_session_as_another_user_is_seen_by_its_owner() {
    let home = whole();
    let owner = Unprivileged::owning(&home);
    let (unlocked, busy, two) = ("wpp.session.unlocked-holder", "wpp.store.busy", "wpp.session.two-daemons");
    let severities =
        || [unlocked, busy, two, "wpp.store.swapped"].map(|id| owner.severity(&home, id).unwrap_or("skipped".into()));
    assert_eq!(severities(), ["ok"; 4]);
    let connection = database(&home, "session.db");
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(severities(), ["error", "warning", "ok", "ok"]);
    let (_, report) = owner.doctor(&home, &["--only", unlocked]);
    assert!(report["findings"].to_string().contains(&format!("process {}", std::process::id())), "{report:#}");
    // A reader that stays may be a writer as well: its files are not to be seen.
    connection.execute_batch("ROLLBACK; BEGIN; SELECT count(*) FROM device").unwrap();
    let unsure = if owner.is_another() { "unknown" } else { "ok" };
    assert_eq!(severities(), [if owner.is_another() { "unknown" } else { "error" }, "ok", unsure, "ok"]);
    // The session's own daemon, whose it may be, is let be.
    connection.execute_batch("ROLLBACK; BEGIN IMMEDIATE").unwrap();
    let _lock = Lock::acquire(&home.session("main").join("LOCK"), "daemon").unwrap();
    owner.give(&home.session("main").join("LOCK"));
    assert_eq!(severities(), ["ok"; 4]);
    connection.execute_batch("ROLLBACK").unwrap();
    // One that has other files open than those that are there is not known to have these.
    drop(connection);
    let other = Connection::open(home.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE t (x); BEGIN IMMEDIATE").unwrap();
    assert_eq!(owner.severity(&home, "wpp.store.swapped").unwrap(), if owner.is_another() { "unknown" } else { "ok" });
}

/// As root, the tests' own process is another user's than the home's owner.
#[test]
#[cfg(target_os = "linux")]
fn who_listens_is_asked_of_the_system_and_not_of_the_file() {
    let home = whole();
    let owner = Unprivileged::owning(&home);
    let id = "wpp.session.foreign-socket";
    let socket = home.session("main").join("daemon.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    chmod(&socket, 0o600);
    owner.give(&socket);
    assert_eq!(owner.severity(&home, id).unwrap(), if owner.is_another() { "critical" } else { "ok" });
    drop(listener);
    std::fs::remove_file(&socket).unwrap();
    // A daemon of another session under this one's name.
    let simulated = linked();
    let home = whole();
    let _lock = Lock::acquire(&home.session("main").join("LOCK"), "daemon").unwrap();
    let report = breaks(&home, id, "error", || {
        let theirs = simulated.home.session("main").join("daemon.sock");
        std::fs::hard_link(theirs, home.session("main").join("daemon.sock")).unwrap();
    });
    let told = report["findings"].to_string();
    assert!(told.contains(&format!("process {} listens", simulated.daemon().unwrap())), "{told}");
    let (_, report) = only(&simulated.home, id);
    assert!(said_ok(&report, id), "{report:#}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_second_writer_beside_the_daemon_is_critical_on_the_store() {
    let simulated = linked();
    let home = &simulated.home;
    for id in ["wpp.session.two-daemons", "wpp.store.swapped", "wpp.session.deleted-files", "wpp.session.suspended"] {
        let (_, report) = only(home, id);
        assert!(said_ok(&report, id), "{report:#}");
    }
    let mut open = None;
    breaks(home, "wpp.session.two-daemons", "critical", || open = Some(wal(home, "session.db")));
    drop(open);
    // cp over a database, as a sync client does: the name leads to another file.
    let path = home.session("main").join("wpp.db");
    breaks(home, "wpp.store.swapped", "critical", || {
        let copy = path.with_extension("copy");
        std::fs::copy(&path, &copy).unwrap();
        std::fs::rename(&copy, &path).unwrap();
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_daemon_that_is_suspended_is_told_from_one_that_hangs() {
    use rustix::process::{Pid, Signal, kill_process};
    let simulated = linked();
    let pid = Pid::from_raw(i32::try_from(simulated.daemon().unwrap()).unwrap()).unwrap();
    let report = breaks(&simulated.home, "wpp.session.suspended", "error", || kill_process(pid, Signal::STOP).unwrap());
    assert!(report["next"][0].as_str().unwrap().starts_with("kill -CONT"), "{report:#}");
    kill_process(pid, Signal::CONT).unwrap();
    assert_eq!(only(&simulated.home, "wpp.session.suspended").0, Vec::<String>::new());
}

#[test]
#[cfg(target_os = "linux")]
fn whoever_works_on_files_that_are_gone_or_were_set_aside_is_named() {
    let home = whole();
    let path = home.session("main").join("session.db");
    let aside = home.path().join("sessions/.main.old-20261101T000000Z-x");
    let open = wal(&home, "session.db");
    breaks(&home, "wpp.session.deleted-files", "error", || {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        write(&path, bytes);
    });
    drop(open);
    std::fs::create_dir(&aside).unwrap();
    chmod(&aside, 0o700);
    // Opened only now: once any test of this process holds a lock, all that the process has open is seen.
    let mut copy = None;
    breaks(&home, "wpp.store.copy-in-use", "critical", || {
        let opened = copy.insert(Connection::open(aside.join("session.db")).unwrap());
        opened.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); SELECT * FROM t").unwrap();
    });
}

#[test]
fn a_store_of_another_version_is_told_apart_by_which() {
    let set = |version: &'static str| {
        move |home: &TestHome| {
            let sql = "UPDATE __diesel_schema_migrations SET version = ?1
                       WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)";
            database(home, "session.db").execute(sql, [version]).unwrap();
        }
    };
    let id = "wpp.store.migrations";
    let home = whole();
    breaks(&home, id, "error", || set("20991231000001")(&home));
    let home = whole();
    breaks(&home, id, "warning", || set("20250101000001")(&home));
    let home = whole();
    breaks(&home, id, "error", || database(&home, "session.db").execute_batch("DROP TABLE __diesel_schema_migrations").unwrap());
    let home = whole();
    breaks(&home, id, "error", || database(&home, "wpp.db").execute_batch("PRAGMA user_version = 99").unwrap());
    // What a newer version keeps there is not known here, and not called damaged.
    let (_, report) = doctor(&home, &["--fail-on", "never", "--only", OURS]);
    assert_eq!(found(&report), [id, "wpp.store.not-paired"], "{report:#}");
}

#[test]
fn databases_of_two_accounts_and_a_store_of_two_devices_are_critical() {
    let id = "wpp.store.two-identities";
    let home = whole();
    let messages = Messages::open(&home.session("main").join("wpp.db")).unwrap();
    messages.set_account("15550100001@s.whatsapp.net").unwrap();
    let report = breaks(&home, id, "critical", || {
        messages.set_account("15550100099@s.whatsapp.net").unwrap();
    });
    assert!(!report.to_string().contains("155501000"), "nobody is named: {report:#}");
    drop(messages);
    let home = whole();
    breaks(&home, id, "critical", || {
        let sql = device_statement("15550100002@s.whatsapp.net", 8).unwrap();
        database(&home, "session.db").execute_batch(&sql).unwrap();
    });
}

#[test]
fn a_copied_session_is_found_among_all() {
    let home = whole();
    let copy = || {
        let (from, to) = (home.session("main"), home.session("copy"));
        std::fs::create_dir(&to).unwrap();
        chmod(&to, 0o700);
        for name in ["session.db", "wpp.db"] {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    };
    copy();
    let twins = |arguments: &[&str]| doctor(&home, &[&["--only", "wpp.store.twins"][..], arguments].concat()).1;
    let report = twins(&["--all"]);
    assert_eq!((found(&report), &report["findings"][0]["severity"]), (vec!["wpp.store.twins".into()], &json!("error")));
    // Nobody has to ask for the other one.
    let report = twins(&["--session", "main"]);
    assert_eq!(found(&report), ["wpp.store.twins"], "{report:#}");
    assert!(report["findings"].to_string().contains("main and copy"), "{report:#}");
    let sql = "UPDATE device SET registration_id = 8";
    Connection::open(home.session("copy").join("session.db")).unwrap().execute_batch(sql).unwrap();
    assert!(said_ok(&twins(&["--all"]), "wpp.store.twins"));
    assert!(said_ok(&twins(&["--session", "main"]), "wpp.store.twins"));
    // More than are compared in passing.
    for number in 0..30 {
        std::fs::create_dir(home.session(&format!("more-{number}"))).unwrap();
    }
    let report = twins(&["--session", "main"]);
    assert!(report["data"]["skipped"][0]["reason"].as_str().unwrap().contains("--all"), "{report:#}");
}

#[test]
fn one_time_keys_that_run_out_are_told_while_they_could_be_uploaded() {
    let home = whole();
    let ready = status(json!({ "since_ms": wpp::clock::now_ms() - 600_000 }));
    let _daemon = FakeDaemon::start(&home, Some(http("200 OK", &ready.to_string())));
    let id = "wpp.store.prekeys-low";
    breaks(&home, id, "warning", || database(&home, "session.db").execute_batch("DELETE FROM prekeys WHERE id > 5").unwrap());
    database(&home, "session.db").execute_batch("UPDATE device SET server_has_prekeys = 0").unwrap();
    assert_eq!(only(&home, id).1["findings"][0]["severity"], "error");
}

#[test]
fn a_log_of_writes_that_has_grown_is_told() {
    let home = whole();
    breaks(&home, "wpp.store.write-log", "warning", || {
        // Sparse: its size is what is looked at.
        let file = std::fs::File::create(home.session("main").join("wpp.db-wal")).unwrap();
        file.set_len(300 << 20).unwrap();
    });
}

fn outgoing(home: &TestHome, id: &str, state: &str, age_ms: i64) {
    let sql = "INSERT INTO outbox (client_message_id, message_id, chat, text, state, created_ms, changed_ms, due_ms)
               VALUES (?1, ?1, 'c', 't', ?2, ?3, ?3, 0)";
    database(home, "wpp.db").execute(sql, params![id, state, wpp::clock::now_ms() - age_ms]).unwrap();
}

fn incoming(home: &TestHome, id: &str, kind: &str, text: &str) {
    database(home, "wpp.db").execute_batch("INSERT OR IGNORE INTO chats (jid, last_message_ms) VALUES ('c', 1)").unwrap();
    let sql = "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
               VALUES ('c', ?1, 'x', 'x', 0, ?2, ?3, ?4, ?4)";
    database(home, "wpp.db").execute(sql, params![id, kind, text, wpp::clock::now_ms() - 1000]).unwrap();
}

#[test]
fn what_waits_and_what_is_refused_is_told() {
    let home = whole();
    breaks(&home, "wpp.session.outbox-backlog", "error", || outgoing(&home, "old", "queued", 3_600_000));
    breaks(&home, "wpp.session.outbox-paused", "warning", || {
        let sql = "INSERT INTO settings VALUES ('outbound_paused', 'true', ?1)";
        database(&home, "wpp.db").execute(sql, [wpp::clock::now_ms() - DAY_MS]).unwrap();
    });
    let (_, report) = only(&home, "wpp.session.outbox-backlog");
    assert!(found(&report).is_empty() && report["data"]["skipped"].to_string().contains("paused"), "{report:#}");
    breaks(&home, "wpp.session.outbox-rejected", "warning", || {
        for number in 0..20 {
            outgoing(&home, &format!("n{number}"), if number < 3 { "rejected" } else { "accepted" }, 1000);
        }
    });
}

#[test]
fn what_comes_in_and_is_no_message_or_cannot_be_read_is_told() {
    let home = whole();
    breaks(&home, "wpp.session.ingest-lag", "error", || {
        let sql = "INSERT INTO inbound (chat, id, author, payload, readable, received_ms) VALUES ('c', 'i', 'a', '{}', 1, ?1)";
        database(&home, "wpp.db").execute(sql, [wpp::clock::now_ms() - 600_000]).unwrap();
    });
    breaks(&home, "wpp.session.undecryptable", "error", || {
        for number in 0..30 {
            incoming(&home, &format!("m{number}"), if number % 5 == 0 { "undecryptable" } else { "text" }, "x");
        }
    });
}

#[test]
fn a_phone_that_confirms_nothing_is_told_and_one_that_does_is_not() {
    let home = whole();
    let now = wpp::clock::now_ms();
    let id = "wpp.session.phone-unseen";
    let account = "INSERT INTO settings VALUES ('account', '15550100001@s.whatsapp.net', ?1)";
    database(&home, "wpp.db").execute(account, [now - 20 * DAY_MS]).unwrap();
    breaks(&home, id, "warning", || (0..3).for_each(|number| outgoing(&home, &format!("p{number}"), "accepted", DAY_MS)));
    let receipt = "INSERT INTO events (kind, at_ms, data) VALUES ('receipt', ?1, '{\"kind\":\"sender\"}')";
    database(&home, "wpp.db").execute(receipt, [now - DAY_MS]).unwrap();
    assert!(said_ok(&only(&home, id).1, id));
}

#[test]
fn events_that_are_not_written_down_are_told() {
    let home = whole();
    let now = wpp::clock::now_ms();
    let ready = status(json!({ "since_ms": now - 5000 }));
    let _daemon = FakeDaemon::start(&home, Some(http("200 OK", &ready.to_string())));
    let event = |age_ms: i64| {
        let sql = "INSERT INTO events (kind, at_ms, data) VALUES ('state', ?1, '{}')";
        database(&home, "wpp.db").execute(sql, [now - age_ms]).unwrap();
    };
    event(4000);
    breaks(&home, "wpp.session.event-stale", "error", || event(3_600_000));
}

#[test]
fn a_daemon_that_dies_again_and_again_is_told_from_one_that_is_restarted() {
    let home = whole();
    let id = "wpp.session.crash-loop";
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    for _ in 0..5 {
        journal.record(Some("main"), "start", &json!({})).unwrap();
        journal.record(Some("main"), "stop", &json!({})).unwrap();
    }
    breaks(&home, id, "error", || {
        for _ in 0..4 {
            journal.record(Some("main"), "start", &json!({})).unwrap();
        }
    });
}

#[test]
fn a_log_that_is_not_rotated_or_names_people_is_told() {
    let home = whole();
    let log = home.session("main").join("logs/wppd.log");
    let id = "wpp.session.log-leaks";
    write(&log, "{\"level\":\"INFO\",\"to\":\"#0123456789\"}\n");
    for (line, what) in [
        ("to 15550100042@s.whatsapp.net", "addresses of people"),
        ("call +15550100042 now", "telephone numbers"),
        ("Authorization: Bearer 0123456789abcdef", "a token"),
    ] {
        write(&log, "{\"level\":\"INFO\"}\n");
        let report = breaks(&home, id, "error", || write(&log, line));
        assert!(report["findings"][0]["summary"].as_str().unwrap().contains(what), "{report:#}");
        assert!(!report["findings"].to_string().contains("15550100042"), "{report:#}");
    }
    write(&log, "{\"level\":\"INFO\"}\n");
    breaks(&home, id, "error", || {
        incoming(&home, "t", "text", "meet me at the old harbour");
        write(&log, "sent: meet me at the old harbour\n");
    });
    // The log before this one is looked into, too.
    write(&log, "{\"level\":\"INFO\"}\n");
    let before = log.with_extension("log.1");
    breaks(&home, id, "error", || write(&before, "call +15550100042 now"));
    write(&before, "{\"level\":\"INFO\"}\n");
    // And for what this process alone holds in a variable.
    write(&log, "the key is 0a1b2c3d4e5f60718293");
    let mut command = home.command(&["doctor", "--only", id, "--format", "json"]);
    let output = command.env("WPP_SECRET_OPENWA_KEY", "0a1b2c3d4e5f60718293").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(3) && text.contains("a secret of this home") && !text.contains("0a1b2c3d"), "{text}");
    assert_eq!(only(&home, id).0, Vec::<String>::new());
    std::fs::remove_file(&before).unwrap();
    write(&log, "");
    breaks(&home, "wpp.session.log-rotation", "warning", || {
        std::fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(20 << 20).unwrap();
    });
    write(&log, "");
    breaks(&home, "wpp.session.log-rotation", "warning", || {
        (0..9).for_each(|number| write(&log.with_extension(format!("log.{number}")), ""));
    });
}

/// A healthy session, live or stopped, gives the new checks nothing to say.
#[test]
fn a_healthy_session_is_let_be_by_all_of_them() {
    let simulated = linked();
    let (code, report) = doctor(&simulated.home, &["--fail-on", "info", "--only", OURS]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    simulated.peer_sends("hello there, how are you today", 30);
    simulated.until("the messages", || match simulated.found("hello") {
        30 => Ok(()),
        other => Err(other.to_string()),
    });
    assert_eq!(simulated.home.run(&["send", &format!("+{}", crate::simulated::PEER), "and to you a very good day"]).code, 0);
    let (code, report) = doctor(&simulated.home, &["--fail-on", "info", "--only", OURS]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let (code, report) = doctor(&simulated.home, &["--fail-on", "warning", "--only", OURS]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
}

#[test]
fn what_another_process_writes_beside_the_daemon_is_told_and_what_the_daemon_writes_is_not() {
    let simulated = linked();
    let home = &simulated.home;
    simulated.peer_sends("hello there", 3);
    simulated.until("the messages", || (simulated.found("hello") == 3).then_some(()).ok_or_else(|| "none yet".into()));
    // Whoever reads changes nothing either, nor does a backup.
    database(home, "wpp.db").query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(home.run(&["backup"]).code, 0);
    let fine = || said_ok(&only(home, "wpp.store.edited").1, "wpp.store.edited");
    assert!(fine());
    breaks(home, "wpp.store.edited", "error", || {
        assert!(database(home, "wpp.db").execute("UPDATE messages SET text = 'forged'", []).unwrap() >= 3);
    });
    assert_eq!(home.run(&["restart"]).code, 0);
    assert!(fine());
    // A message of the future: the clock here is behind the server's.
    breaks(home, "wpp.network.clock-skew", "warning", || {
        let sql = "UPDATE messages SET sent_ms = sent_ms + 120000 WHERE NOT from_me";
        assert!(database(home, "wpp.db").execute(sql, []).unwrap() >= 3);
    });
}
