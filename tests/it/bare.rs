//! `wpp restore` from a bare `wpp.db`, as it is or gzipped: messages come back, and what is no wpp.db is
//! told by its name.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;
use wpp::session::messages::{Incoming, Messages};

use crate::harness::TestHome;
use crate::simulated::Simulated;
use crate::stores;

/// A wpp.db of so many messages, closed.
fn messages(path: &Path, count: usize, text: &str) {
    let messages = Messages::open(path).unwrap();
    for number in 0..count {
        let incoming = Incoming {
            id: format!("{text}-{number}"),
            chat: "15550100001@s.whatsapp.net".into(),
            sender: "15550100001@s.whatsapp.net".into(),
            kind: "text".into(),
            text: format!("{text} {number}"),
            sent_ms: 1_795_000_000_000 + i64::try_from(number).unwrap(),
            ..Incoming::default()
        };
        messages.ingest(&incoming).unwrap();
    }
}

fn gzip(from: &Path, to: &Path) {
    let mut gzip = GzEncoder::new(std::fs::File::create(to).unwrap(), Compression::fast());
    gzip.write_all(&std::fs::read(from).unwrap()).unwrap();
    gzip.finish().unwrap();
}

fn texts(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT text FROM messages ORDER BY number").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A session with real messages and the keys of the made-up store, and a folder of things to restore.
fn home() -> (TestHome, PathBuf) {
    let home = stores::home("keys");
    let path = home.session("main").join("wpp.db");
    std::fs::remove_file(&path).unwrap();
    messages(&path, 5, "live");
    let kept = home.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    (home, kept)
}

fn restored(home: &TestHome, path: &Path) -> (i32, serde_json::Value) {
    home.json(&["restore", path.to_str().unwrap(), "--yes", "--keep-daemon-stopped"])
}

#[test]
fn messages_come_back_from_a_database_and_from_a_gzipped_one_and_the_keys_stay() {
    for packed in [false, true] {
        let (home, kept) = home();
        let mut file = kept.join("old.db");
        messages(&file, 3, "kept");
        if packed {
            gzip(&file, &kept.join("old.db.gz"));
            std::fs::remove_file(&file).unwrap();
            file = kept.join("old.db.gz");
        }
        let before = (stores::everything(&home.session("main")), stores::everything(&kept));
        let (code, report) = home.json(&["restore", file.to_str().unwrap(), "--dry-run"]);
        assert_eq!(code, 0, "{report}");
        assert_eq!(report["data"]["plan"]["kind"], "data");
        assert!(report["data"]["plan"]["loses"][0].as_str().unwrap().starts_with("at least 2 messages"), "{report}");
        assert!(report["title"].as_str().unwrap().contains("quick_check is ok"), "{report}");
        assert!(report["title"].as_str().unwrap().contains("whose newest message is of "), "{report}");
        assert!(report["data"]["plan"]["warnings"].to_string().contains("no wpp.db-wal beside"), "{report}");
        assert!((stores::everything(&home.session("main")), stores::everything(&kept)) == before, "a dry run changed something");
        let (code, report) = restored(&home, &file);
        assert_eq!((code, &report["data"]["good"]), (0, &true.into()), "{report}");
        assert_eq!(texts(&home.session("main").join("wpp.db")), ["kept 0", "kept 1", "kept 2"]);
        assert_eq!(stores::marker(&home.session("main"), "session.db"), "keys");
        let old = PathBuf::from(report["data"]["old"].as_str().unwrap());
        assert_eq!(texts(&old.join("wpp.db")).len(), 5);
        assert!(stores::everything(&kept).iter().map(|(_, bytes)| bytes).eq(before.1.iter().map(|(_, bytes)| bytes)));
        // The copies are gone with the command.
        let left: Vec<_> = std::fs::read_dir(home.path().join("backups")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        // Other plans need keys.
        for plan in ["exact", "rekey", "force-exact"] {
            let outcome = home.run(&["restore", file.to_str().unwrap(), "--plan", plan, "--yes"]);
            assert!(outcome.code == 15 && outcome.stderr.contains("bare database") | (plan == "exact"), "{plan}: {outcome:?}");
        }
    }
}

#[test]
fn what_is_in_the_log_beside_a_database_comes_back_too() {
    let (home, kept) = home();
    let file = kept.join("raw.db");
    // What a raw copy of a live store looks like.
    let live = kept.join("live.db");
    let open = Messages::open(&live).unwrap();
    let incoming = Incoming {
        id: "1".into(),
        chat: "a@s.whatsapp.net".into(),
        sender: "a@s.whatsapp.net".into(),
        kind: "text".into(),
        text: "in the log alone".into(),
        ..Incoming::default()
    };
    open.ingest(&incoming).unwrap();
    for ending in ["", "-wal"] {
        std::fs::copy(kept.join(format!("live.db{ending}")), kept.join(format!("raw.db{ending}"))).unwrap();
    }
    drop(open);
    let before = stores::everything(&kept);
    let (code, report) = restored(&home, &file);
    assert_eq!(code, 0, "{report}");
    assert_eq!(texts(&home.session("main").join("wpp.db")), ["in the log alone"]);
    assert!(stores::everything(&kept) == before, "something was left beside it");
}

#[test]
fn a_daemon_takes_an_older_database_over_and_runs_with_it() {
    let simulated = Simulated::linked();
    simulated.peer_sends("recent", 2);
    simulated.until("both messages", || match simulated.found("recent") {
        2 => Ok(()),
        count => Err(format!("{count} messages")),
    });
    let file = simulated.home.path().join("old.db");
    messages(&file, 4, "ancient");
    // As the second version of the tables left it.
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch("ALTER TABLE outbox DROP COLUMN account; DELETE FROM migrations WHERE number = 3; PRAGMA user_version = 2")
        .unwrap();
    drop(connection);
    let (code, report) = simulated.home.json(&["restore", file.to_str().unwrap(), "--yes"]);
    assert_eq!((code, &report["data"]["health"]["state"]), (0, &"READY".into()), "{report}");
    assert_eq!((simulated.found("ancient"), simulated.found("recent")), (4, 0));
    simulated.peer_sends("afterwards", 1);
    simulated.until("the message", || if simulated.found("afterwards") == 1 { Ok(()) } else { Err("none".into()) });
}

#[test]
fn what_is_no_sound_wpp_db_is_refused_by_its_name_before_anything_is_touched() {
    let (home, kept) = home();
    let made = |name: &str, make: &dyn Fn(&Path)| {
        let path = kept.join(name);
        make(&path);
        path
    };
    let sql = |text: &'static str| {
        move |path: &Path| {
            messages(path, 3, "kept");
            let connection = Connection::open(path).unwrap();
            connection.execute_batch(text).unwrap();
            connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
        }
    };
    let bytes = |bytes: Vec<u8>| move |path: &Path| std::fs::write(path, &bytes).unwrap();
    let cases: Vec<(PathBuf, &str)> = vec![
        (
            made("session.db", &|path| {
                std::fs::rename(
                    {
                        stores::make(&kept.join("made"), "x");
                        kept.join("made/session.db")
                    },
                    path,
                )
                .unwrap()
            }),
            "it is a session.db",
        ),
        (made("ops.db", &|path| drop(wpp::journal::Journal::open(path).unwrap())), "it is the journal of a home"),
        (
            made("other.db", &|path| Connection::open(path).unwrap().execute_batch("CREATE TABLE songs (title)").unwrap()),
            "of another program, and no wpp.db (its tables: songs)",
        ),
        (made("empty.db", &|path| Connection::open(path).unwrap().execute_batch("VACUUM").unwrap()), "an empty SQLite database"),
        (made("newer.db", &sql("PRAGMA user_version = 900")), "a wpp.db of version 900"),
        (made("negative.db", &sql("PRAGMA user_version = -1")), "a wpp.db of version -1"),
        (made("less.db", &sql("DROP TABLE outbox")), "without its table outbox"),
        (made("narrow.db", &sql("ALTER TABLE contacts DROP COLUMN changed_ms")), "whose table contacts has no changed_ms"),
        (
            made("trigger.db", &sql("CREATE TRIGGER spy AFTER INSERT ON messages BEGIN DELETE FROM outbox; END")),
            "the trigger \"spy\"",
        ),
        (
            made(
                "changed.db",
                &sql(
                    "DROP TRIGGER messages_fts_delete; CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages BEGIN DELETE FROM outbox; END",
                ),
            ),
            "the trigger \"messages_fts_delete\"",
        ),
        (made("view.db", &sql("CREATE VIEW look AS SELECT 1")), "the view \"look\""),
        (
            made("damaged.db", &|path| {
                messages(path, 900, "kept");
                Connection::open(path).unwrap().pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
                let mut bytes = std::fs::read(path).unwrap();
                let middle = bytes.len() / 2 / 4096 * 4096;
                bytes[middle..middle + 4096].fill(0x5a);
                std::fs::write(path, bytes).unwrap();
            }),
            "SQLite",
        ),
        (
            made("short.db", &|path| {
                messages(path, 900, "kept");
                Connection::open(path).unwrap().pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
                let bytes = std::fs::read(path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            }),
            "database disk image is malformed",
        ),
        (made("header.db", &bytes(b"SQLite format 3\0".to_vec())), "refused"),
        (made("text.db", &bytes(b"INSERT INTO messages".to_vec())), "neither a gzip nor a zstd file"),
        (
            made("text.db.gz", &|path| {
                std::fs::write(path.with_extension("txt"), "hello ".repeat(500)).unwrap();
                gzip(&path.with_extension("txt"), path);
            }),
            "it does not end like an archive of wpp",
        ),
        (
            made("short.db.gz", &|path| {
                let whole = path.with_file_name("whole.db");
                messages(&whole, 900, "kept");
                gzip(&whole, path);
                let bytes = std::fs::read(path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            }),
            "cannot be unpacked whole",
        ),
        // Half a gigabyte of zeros behind a good start, in half a megabyte.
        (
            made("bomb.db.gz", &|path| {
                let mut gzip = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::best());
                gzip.write_all(b"SQLite format 3\0").unwrap();
                let zeros = vec![0; 1 << 20];
                for _ in 0..512 {
                    gzip.write_all(&zeros).unwrap();
                }
                gzip.finish().unwrap();
            }),
            "500 times its size",
        ),
    ];
    let before = stores::everything(&home.session("main"));
    for (path, reason) in cases {
        for arguments in [vec!["--dry-run"], vec!["--yes", "--keep-daemon-stopped"]] {
            let outcome = home.run(&[vec!["restore", path.to_str().unwrap()], arguments].concat());
            assert_eq!(outcome.code, 12, "{}: {outcome:?}", path.display());
            assert!(outcome.stderr.contains(reason), "{}: {outcome:?}", path.display());
        }
        assert!(stores::everything(&home.session("main")) == before, "{}", path.display());
        if home.path().join("backups").exists() {
            assert!(std::fs::read_dir(home.path().join("backups")).unwrap().next().is_none(), "{}", path.display());
        }
    }
}

#[test]
fn messages_of_another_account_are_refused_and_what_a_repair_left_is_not() {
    let (home, kept) = home();
    let set_account = |path: &Path, account: &str| {
        let connection = Connection::open(path).unwrap();
        connection
            .execute("INSERT OR REPLACE INTO settings (name, value, changed_ms) VALUES ('account', ?1, 0)", [account])
            .unwrap();
    };
    set_account(&home.session("main").join("wpp.db"), "15550100009@s.whatsapp.net");
    let file = kept.join("other.db");
    messages(&file, 3, "theirs");
    set_account(&file, "15550100008@s.whatsapp.net");
    let outcome = home.run(&["restore", file.to_str().unwrap(), "--yes", "--keep-daemon-stopped"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("another WhatsApp account"), "{outcome:?}");
    set_account(&file, "15550100009@s.whatsapp.net");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE lost_and_found (x)").unwrap();
    let (code, report) = restored(&home, &file);
    assert_eq!(code, 0, "{report}");
    assert_eq!(texts(&home.session("main").join("wpp.db")).len(), 3);
}

#[test]
fn a_restore_from_a_database_that_fails_or_is_killed_anywhere_leaves_the_old_or_the_new() {
    let (template, kept) = home();
    messages(&kept.join("old.db"), 3, "kept");
    let run = |home: &TestHome, fault: Option<&str>| {
        let file = home.path().join("kept/old.db");
        let mut command =
            home.command(&["restore", file.to_str().unwrap(), "--yes", "--keep-daemon-stopped", "--format", "json"]);
        if let Some(fault) = fault {
            command.env("WPP_DISK_FAULT", fault);
        }
        command.output().unwrap()
    };
    let output = run(&stores::copy(&template), None);
    let report: serde_json::Value =
        serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap()).unwrap();
    let metrics = report["metrics"].as_array().unwrap();
    let counted = metrics.iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"].as_f64().unwrap() as u64;
    assert!(counted > 15, "{counted}");
    for act in ["kill", "fail", "full"] {
        for number in 1..=counted {
            let label = format!("{act}@{number}");
            let home = stores::copy(&template);
            assert!(!run(&home, Some(&label)).status.success(), "{label} changed nothing");
            // The next command finishes or undoes.
            home.run(&["status"]);
            let seen = texts(&home.session("main").join("wpp.db"));
            assert!(seen.len() == 5 && seen[0] == "live 0" || seen.len() == 3 && seen[0] == "kept 0", "{label}: {seen:?}");
            assert!(run(&home, None).status.success(), "{label}");
            assert_eq!(texts(&home.session("main").join("wpp.db")).len(), 3, "{label}");
            let backups = std::fs::read_dir(home.path().join("backups")).unwrap();
            let left: Vec<_> = backups.map(|entry| entry.unwrap().file_name()).collect();
            assert!(left.is_empty(), "{label}: {left:?}");
        }
    }
}
