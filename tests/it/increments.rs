//! `wpp backup --incremental`: every moment comes back byte for byte, and a chain that is broken is
//! named before anything is touched.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use wpp::archive::chain;
use wpp::archive::codec::{Codec, Effort};
use wpp::archive::destination::Destination;
use wpp::archive::manifest::{DELTA, FORMAT, INDEX_SCHEMA, Index, IndexMember, MANIFEST, Manifest};
use wpp::archive::open;
use wpp::archive::output::FileOutput;
use wpp::archive::pack::Writer;
use wpp::archive::seal::Identities;
use wpp::archive::snapshot::{Quiet, Snapshot};
use wpp::archive::verify::{Level, verify};
use wpp::error::ErrorKind;
use wpp::report::Silent;

use crate::harness::TestHome;
use crate::remote::Away;
use crate::seal::{keygen, tool};
use crate::simulated::Simulated;
use crate::stores;

/// A small generator, so that a failure is repeated by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn wpp_db(home: &TestHome) -> PathBuf {
    home.session("main").join("wpp.db")
}

/// A session whose wpp.db is large enough that an edit is a small part of it.
fn home() -> TestHome {
    let home = stores::home("start");
    enlarge(&home);
    home
}

fn enlarge(home: &TestHome) {
    let live = stores::open(&wpp_db(home));
    live.execute_batch(
        "CREATE TABLE ballast (number INTEGER PRIMARY KEY, data BLOB);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
         INSERT INTO ballast (data) SELECT randomblob(3000) FROM n;",
    )
    .unwrap();
}

fn mark(home: &TestHome, marker: &str) {
    for name in ["session.db", "wpp.db"] {
        stores::open(&home.session("main").join(name)).execute("UPDATE marker SET text = ?1", [marker]).unwrap();
    }
}

fn backup(home: &TestHome, arguments: &[&str]) -> (PathBuf, Value) {
    let mut all = vec!["backup"];
    all.extend(arguments);
    let (code, report) = home.json(&all);
    assert_eq!(code, 0, "{report}");
    (PathBuf::from(report["data"]["path"].as_str().unwrap()), report["data"].clone())
}

/// An increment, for sure.
fn increment(home: &TestHome) -> PathBuf {
    let (path, data) = backup(home, &["--incremental"]);
    assert_eq!(data["full_reason"], Value::Null, "{data}");
    assert!(path.to_str().unwrap().ends_with(".wpp-incr.tar.gz"), "{path:?}");
    assert_eq!(data["manifest"]["format"]["major"], 2);
    assert_eq!(data["level"], "hash");
    path
}

/// A full archive although an increment was asked for, and why.
fn full(home: &TestHome) -> (PathBuf, String) {
    let (path, data) = backup(home, &["--incremental"]);
    assert!(path.to_str().unwrap().ends_with(".wpp.tar.gz"), "{path:?}");
    assert_eq!(data["manifest"]["chain"], Value::Null);
    (path, data["full_reason"].as_str().expect("a reason").to_owned())
}

/// Two full archives and three increments between them, each with a marker of its own.
fn chain_of_three() -> (TestHome, Vec<PathBuf>) {
    let home = home();
    let mut archives = vec![full(&home).0];
    for number in 1..=3 {
        mark(&home, &format!("moment {number}"));
        archives.push(increment(&home));
    }
    (home, archives)
}

/// The bytes of the database as SQLite shows them now.
fn bytes(path: &Path) -> Vec<u8> {
    let scratch = tempfile::tempdir().unwrap();
    let snapshot = Snapshot::open(path, Quiet::Unknown).unwrap().unwrap();
    let mut all = Vec::new();
    let mut keep = |part: &[u8]| {
        all.extend_from_slice(part);
        Ok(())
    };
    snapshot.stream(scratch.path(), &mut keep).unwrap();
    all
}

fn unpack(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    chain::unpack(&mut stores::input(archive).unwrap(), folder.path(), &Silent)
        .unwrap_or_else(|error| panic!("{}: {}", archive.display(), error.chain()));
    folder
}

#[test]
fn every_moment_of_random_edits_comes_back_byte_for_byte() {
    for seed in [11, 12] {
        let home = home();
        std::fs::write(home.path().join("config.toml"), "[backup]\nchain_max = 5\n").unwrap();
        let mut random = Random(seed);
        let mut moments: Vec<(PathBuf, Vec<u8>, Vec<u8>)> = Vec::new();
        let mut increments = 0;
        let mut reasons = Vec::new();
        for round in 0..14 {
            {
                let live = stores::open(&wpp_db(&home));
                for _ in 0..random.below(5) {
                    let some = random.below(400).cast_signed();
                    match random.below(12) {
                        0..=4 => live.execute("INSERT INTO ballast (data) VALUES (randomblob(?1))", [some * 20]).unwrap(),
                        5..=7 => live.execute("UPDATE ballast SET data = randomblob(2500) WHERE number = ?1", [some]).unwrap(),
                        8 => live.execute("DELETE FROM ballast WHERE number % 41 = ?1", [some % 41]).unwrap(),
                        9 => live.execute("DELETE FROM messages WHERE number = ?1", [some]).unwrap(),
                        10 => live.execute("UPDATE messages SET text = 'edited' WHERE number % 9 = ?1", [some % 9]).unwrap(),
                        _ => live.execute_batch("VACUUM").map(|()| 0).unwrap(),
                    };
                }
                if round == 7 {
                    // The pages of a database change their size only outside of WAL mode.
                    live.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
                    live.execute_batch("PRAGMA page_size = 1024; VACUUM").unwrap();
                }
                if round == 10 {
                    live.execute_batch("DELETE FROM ballast WHERE number > 380; VACUUM").unwrap();
                }
            }
            mark(&home, &format!("round {round}"));
            let (path, data) = backup(&home, &["--incremental"]);
            if data["manifest"]["chain"].is_null() {
                reasons.push(data["full_reason"].as_str().unwrap().to_owned());
            } else {
                increments += 1;
            }
            moments.push((path, bytes(&home.session("main").join("session.db")), bytes(&wpp_db(&home))));
        }
        assert!(increments >= 6, "seed {seed}: {reasons:?}");
        assert!(reasons.iter().any(|why| why.contains("pages of 1024 bytes")), "{reasons:?}");
        for (number, (path, session, wpp)) in moments.iter().enumerate() {
            let unpacked = unpack(path);
            let read = |name: &str| std::fs::read(unpacked.path().join(name)).unwrap();
            assert!(read("session.db") == *session && read("wpp.db") == *wpp, "seed {seed}, moment {number}: {path:?}");
            for level in [Level::Hash, Level::Quick] {
                verify(&mut stores::input(path).unwrap(), level, unpacked.path(), &Silent).unwrap();
            }
            let left: Vec<_> = std::fs::read_dir(unpacked.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left.len(), 3, "a verification left something: {left:?}");
        }
    }
}

#[test]
fn an_increment_is_small_says_what_it_builds_on_and_is_restored_by_the_same_command() {
    let (home, archives) = chain_of_three();
    let manifest = |path: &Path| open::manifest(&mut stores::input(path).unwrap()).unwrap();
    let (base, last) = (manifest(&archives[0]), manifest(&archives[3]));
    let chain = last.chain.clone().unwrap();
    assert_eq!((chain.base_id, chain.depth), (base.id.clone(), 3));
    assert_eq!(chain.parent_id, manifest(&archives[2]).id);
    assert_eq!(Some(chain.parent_name.as_str()), archives[2].file_name().unwrap().to_str());
    let database = last.member("wpp.db").unwrap().database.clone().unwrap();
    assert_eq!((database.quick_check.as_str(), database.tables["ballast"].count), ("ok", 400));
    assert!(chain.changed_pages < database.pages / 10, "{} of {}", chain.changed_pages, database.pages);
    assert!(last.is_whole() && last.damaged().next().is_none());
    let size = |path: &Path| std::fs::metadata(path).unwrap().len();
    assert!(size(&archives[3]) < size(&archives[0]) / 5);
    // Any tar lists it.
    let listed = std::process::Command::new("tar").arg("-tzf").arg(&archives[3]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("wpp.db.delta"), "{listed:?}");
    // The state is private.
    let state = home.path().join("backup-state");
    assert_eq!(wpp::disk::mode_and_owner(&state).unwrap().unwrap().0, 0o700);
    let maps: Vec<PathBuf> = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(maps.len(), 1, "{maps:?}");
    assert_eq!(wpp::disk::mode_and_owner(&maps[0]).unwrap().unwrap().0, 0o600);

    let (code, report) = home.json(&["backup", "list"]);
    assert_eq!(code, 0, "{report}");
    let depths: Vec<&Value> = report["data"]["archives"].as_array().unwrap().iter().map(|one| &one["chain"]["depth"]).collect();
    assert_eq!(depths, [&Value::Null, &1.into(), &2.into(), &3.into()]);
    let shown = home.run(&["backup", "show", "latest"]);
    assert!(shown.stdout.contains("number 3 of the chain") && shown.stdout.contains("builds on"), "{shown:?}");
    for level in ["hash", "quick"] {
        let outcome = home.run(&["backup", "verify", "latest", "--level", level]);
        assert!(outcome.code == 0 && outcome.stdout.contains(&format!("verified at level {level}")), "{outcome:?}");
    }
    for (number, archive) in archives.iter().enumerate().skip(1) {
        mark(&home, "later");
        let outcome = home.run(&["restore", archive.to_str().unwrap(), "--plan", "data", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(stores::marker(&home.session("main"), "wpp.db"), format!("moment {number}"));
    }
    // And it goes on from there: what counts is what is in the database now.
    increment(&home);
}

#[test]
fn increments_under_a_running_daemon_hold_every_message_of_their_moment() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    let count = |archive: &Path| -> i64 {
        let unpacked = unpack(archive);
        let connection = Connection::open(unpacked.path().join("wpp.db")).unwrap();
        let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "ok");
        connection.query_row("SELECT count(*) FROM messages WHERE text LIKE 'hello%'", [], |row| row.get(0)).unwrap()
    };
    simulated.peer_sends(&format!("hello {}", "x".repeat(3000)), 150);
    simulated.until("all messages", || if simulated.found("hello") == 150 { Ok(()) } else { Err(String::new()) });
    let (first, reason) = full(home);
    assert!(reason.contains("page map"), "{reason}");
    assert_eq!(count(&first), 150);
    for round in 1..=3 {
        simulated.peer_sends("hello again", 1);
        let wanted = 150 + round;
        simulated.until("the message", || if simulated.found("hello") == wanted { Ok(()) } else { Err(String::new()) });
        let path = increment(home);
        assert_eq!(count(&path), wanted as i64);
        let manifest = open::manifest(&mut stores::input(&path).unwrap()).unwrap();
        assert_eq!(manifest.daemon.session_state.as_deref(), Some("READY"));
    }
    assert_eq!(simulated.state().0, "READY");
    // And it comes back to life in a sandbox.
    let outcome = home.run(&["backup", "verify", "latest", "--level", "restore"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("verified at level restore"), "{outcome:?}");
}

#[test]
fn what_a_kept_increment_builds_on_is_not_pruned() {
    let (home, archives) = chain_of_three();
    let there = || archives.iter().map(|path| path.exists()).collect::<Vec<bool>>();
    let outcome = home.run(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((outcome.code, there()), (0, vec![true; 4]), "{outcome:?}");
    // A new full one sets the chain free.
    mark(&home, "later");
    let (newest, _) = backup(&home, &[]);
    let outcome = home.run(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((outcome.code, there()), (0, vec![false; 4]), "{outcome:?}");
    assert!(newest.exists());
}

#[test]
fn a_broken_chain_is_named_before_anything_is_touched() {
    type Break = fn(&[PathBuf]);
    // (what is done to the chain, which link the error must name, part of the reason)
    let cases: [(&str, Break, usize, &str); 7] = [
        ("the full archive is gone", |all| std::fs::remove_file(&all[0]).unwrap(), 0, "there is no such file"),
        ("an increment is gone", |all| std::fs::remove_file(&all[1]).unwrap(), 1, "there is no such file"),
        (
            "an increment lies in the place of its parent",
            |all| {
                let one = std::fs::read(&all[1]).unwrap();
                std::fs::write(&all[0], one).unwrap();
            },
            0,
            "holds archive",
        ),
        ("a page of the full archive is damaged", |all| flip(&all[0], |length| length / 2), 0, "builds on"),
        ("an increment is damaged", |all| flip(&all[2], |length| length / 2), 2, "is an increment"),
        ("the end of an increment is damaged", |all| flip(&all[1], |length| length - 64), 1, "needs"),
        (
            "a foreign archive has the name",
            |all| {
                let other = home();
                std::fs::copy(full(&other).0, &all[0]).unwrap();
            },
            0,
            "holds archive",
        ),
    ];
    for (label, break_it, named, reason) in cases {
        let (home, archives) = chain_of_three();
        break_it(&archives);
        let before = stores::everything(&home.session("main"));
        let name = archives[named].file_name().unwrap().to_str().unwrap().to_owned();
        let last = archives[3].to_str().unwrap();
        for arguments in [
            &["restore", last, "--plan", "data", "--yes", "--keep-daemon-stopped"][..],
            &["restore", last, "--plan", "data", "--dry-run"],
            &["backup", "verify", last, "--level", "hash"],
            &["backup", "verify", last, "--level", "quick"],
        ] {
            let outcome = home.run(arguments);
            assert_eq!(outcome.code, 12, "{label}: {outcome:?}");
            assert!(outcome.stderr.contains(&name) && outcome.stderr.contains(reason), "{label}: {outcome:?}");
        }
        assert!(stores::everything(&home.session("main")) == before, "{label}: the session was touched");
        let beside: Vec<String> = std::fs::read_dir(home.path().join("sessions"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("stage") || name.contains("old"))
            .collect();
        assert!(beside.is_empty(), "{label}: {beside:?}");
        // What is before the break is still good.
        if named > 0 {
            unpack(&archives[named - 1]);
        }
        // The next one builds on what is whole, or says why it is a full one, and is whole itself.
        mark(&home, "after");
        let (path, _) = backup(&home, &["--incremental"]);
        assert_eq!(stores::marker(unpack(&path).path(), "wpp.db"), "after", "{label}");
    }
}

fn flip(path: &Path, at: impl Fn(usize) -> usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn broken_chains_are_marked_in_the_list_and_found_parents_may_have_other_names() {
    let (home, archives) = chain_of_three();
    // A parent that was renamed is found by its id.
    let renamed = archives[1].with_file_name("moved.wpp-incr.tar.gz");
    std::fs::rename(&archives[1], &renamed).unwrap();
    assert_eq!(stores::marker(unpack(&archives[3]).path(), "wpp.db"), "moment 3");
    assert_eq!(home.run(&["backup", "list"]).code, 0);
    std::fs::remove_file(&renamed).unwrap();
    let (code, report) = home.json(&["backup", "list"]);
    assert_eq!(code, 4, "{report}");
    let broken: Vec<bool> =
        report["data"]["archives"].as_array().unwrap().iter().map(|archive| archive["broken"].is_string()).collect();
    assert_eq!(broken, [false, true, true]);
    let listed = home.run(&["backup", "list"]);
    assert!(listed.stdout.contains("BROKEN CHAIN") && listed.stdout.contains("without what they build on"), "{listed:?}");
}

#[test]
fn without_a_usable_map_it_is_made_again_or_a_full_archive_says_why() {
    let home = home();
    let (first, reason) = full(&home);
    assert!(reason.contains("no page map") && reason.contains("holds no archive"), "{reason}");
    let map = std::fs::read_dir(home.path().join("backup-state")).unwrap().next().unwrap().unwrap().path();

    // Gone, damaged in its head, in its hashes, or never finished: made again from the archives.
    let good = std::fs::read(&map).unwrap();
    let mut head = good.clone();
    head[20] ^= 1;
    let mut hashes = good.clone();
    hashes[176 + 3] ^= 1;
    for (label, damage) in [("gone", None), ("head", Some(head)), ("hashes", Some(hashes)), ("cut", Some(good[..90].to_vec()))] {
        match damage {
            None => std::fs::remove_file(&map).unwrap(),
            Some(bytes) => std::fs::write(&map, bytes).unwrap(),
        }
        mark(&home, label);
        let (path, data) = backup(&home, &["--incremental"]);
        assert_eq!(data["full_reason"], Value::Null, "{label}: {data}");
        assert_eq!(stores::marker(unpack(&path).path(), "wpp.db"), label);
        assert!(home.run(&["backup", "verify", path.to_str().unwrap()]).code == 0, "{label}");
    }
    // A map of another destination's archive is no use here, whatever its name.
    let other = home.path().join("other");
    let (path, data) = backup(&home, &["--incremental", "--output", other.to_str().unwrap()]);
    assert!(data["full_reason"].is_string() && path.starts_with(&other), "{data}");
    let maps: Vec<PathBuf> =
        std::fs::read_dir(home.path().join("backup-state")).unwrap().map(|one| one.unwrap().path()).collect();
    let theirs = maps.iter().find(|path| **path != map).expect("a map of its own").clone();
    std::fs::copy(&theirs, &map).unwrap();
    mark(&home, "foreign");
    assert_eq!(stores::marker(unpack(&increment(&home)).path(), "wpp.db"), "foreign");

    // What it would build on is gone, and all else too: a full one.
    for entry in std::fs::read_dir(first.parent().unwrap()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let (_, reason) = full(&home);
    assert!(reason.contains("is gone"), "{reason}");
}

#[test]
fn a_full_archive_is_made_when_the_chain_is_long_or_too_much_changed() {
    let home = home();
    std::fs::write(home.path().join("config.toml"), "[backup]\nchain_max = 2\n").unwrap();
    full(&home);
    increment(&home);
    increment(&home);
    let (_, reason) = full(&home);
    assert!(reason.contains("2 increments long") && reason.contains("chain_max allows 2"), "{reason}");
    increment(&home);
    stores::open(&wpp_db(&home)).execute("UPDATE ballast SET data = randomblob(3000)", []).unwrap();
    let (_, reason) = full(&home);
    assert!(reason.contains("more than half"), "{reason}");
    // A full archive in between, asked for or not, is what the next one builds on.
    let (plain, data) = backup(&home, &[]);
    assert_eq!(data["full_reason"], Value::Null);
    let manifest = open::manifest(&mut stores::input(&increment(&home)).unwrap()).unwrap();
    assert_eq!(Some(manifest.chain.unwrap().parent_name.as_str()), plain.file_name().unwrap().to_str());
    std::fs::write(home.path().join("config.toml"), "[backup]\nchain_max = 0\n").unwrap();
    assert!(full(&home).1.contains("no increments"));
    // Where nobody asked for increments, nothing is kept for them.
    let never = self::home();
    backup(&never, &[]);
    assert!(!never.path().join("backup-state").exists());
    // A database that is not there or cannot be read costs the increment and not the backup.
    std::fs::write(home.path().join("config.toml"), "").unwrap();
    increment(&home);
    std::fs::remove_file(wpp_db(&home)).unwrap();
    let (code, report) = home.json(&["backup", "--incremental"]);
    assert_eq!(code, 4, "{report}");
    assert!(report["data"]["full_reason"].as_str().unwrap().contains("no wpp.db"), "{report}");
}

/// Damages a page of a table in the middle of the database; the pages around it can still be read.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 3000].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn an_archive_that_is_not_whole_is_built_on_by_no_increment_and_damage_stays_told() {
    let home = home();
    full(&home);
    mark(&home, "later");
    // What the chain begins with was good; what is there now is not.
    increment(&home);
    let good = std::fs::read(wpp_db(&home)).unwrap();
    // A table's first page, so that every check sees it.
    stores::open(&wpp_db(&home)).execute_batch("VACUUM").unwrap();
    damage(&wpp_db(&home));
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, &report["data"]["whole"]), (4, &false.into()), "{report}");
    let state = home.path().join("backup-state");
    let maps = || std::fs::read_dir(&state).unwrap().count();
    assert_eq!(maps(), 0, "a map of what is not whole");
    for _ in 0..2 {
        let (code, report) = home.json(&["backup", "--incremental"]);
        assert_eq!((code, &report["data"]["manifest"]["chain"]), (4, &Value::Null), "{report}");
        assert!(report["data"]["full_reason"].as_str().unwrap().contains("is not whole"), "{report}");
        assert_eq!(maps(), 0);
        let (_, said) = home.json(&["doctor", "--only", "wpp.backup.last-failed"]);
        assert!(said.to_string().contains("not all of it was sound"), "{said}");
    }
    // A map that an earlier version kept is not believed either.
    std::fs::write(wpp_db(&home), good).unwrap();
    let (_, data) = backup(&home, &["--incremental"]);
    assert!(data["full_reason"].as_str().unwrap().contains("is not whole"), "{data}");
    mark(&home, "mended");
    assert_eq!(stores::marker(unpack(&increment(&home)).path(), "wpp.db"), "mended");
}

#[test]
fn a_database_that_turns_unreadable_while_it_is_read_leaves_no_map_behind() {
    let home = home();
    let path = wpp_db(&home);
    let live = stores::open(&path);
    live.execute_batch(
        "PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 0;
         CREATE TABLE bulk (number INTEGER PRIMARY KEY, data BLOB);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
         INSERT INTO bulk (data) SELECT randomblob(3000) FROM n;
         PRAGMA wal_checkpoint(TRUNCATE);
         UPDATE bulk SET data = randomblob(3000);",
    )
    .unwrap();
    // The pages are known to be in the log, and the end of the log is gone: as on a disk that fails.
    let log = path.with_extension("db-wal");
    let file = std::fs::OpenOptions::new().write(true).open(&log).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let lock = wpp::disk::Lock::acquire(&home.session("main").join("LOCK"), "daemon").unwrap();
    for _ in 0..2 {
        let (code, report) = home.json(&["backup", "--incremental"]);
        assert_eq!(code, 4, "{report}");
        let manifest = &report["data"]["manifest"];
        assert_eq!((&manifest["missing"][0]["name"], &manifest["chain"]), (&"wpp.db".into(), &Value::Null), "{report}");
        assert!(manifest["missing"][0]["reason"].as_str().unwrap().contains("disk I/O error"), "{report}");
        assert_eq!(std::fs::read_dir(home.path().join("backup-state")).unwrap().count(), 0, "{report}");
    }
    drop((lock, live));
}

#[test]
fn an_increment_that_fails_or_is_killed_at_any_disk_operation_leaves_whole_chains() {
    let template = home();
    full(&template);
    mark(&template, "one");
    increment(&template);
    mark(&template, "two");
    let counted = {
        let home = stores::copy(&template);
        let (_, report) = home.json(&["backup", "--incremental"]);
        report["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"]
            .as_f64()
            .unwrap() as u64
    };
    assert!(counted > 15, "{counted}");
    for act in ["kill", "fail", "full"] {
        for number in 1..=counted {
            let label = format!("{act}@{number}");
            let home = stores::copy(&template);
            let before = stores::everything(&home.session("main"));
            home.command(&["backup", "--incremental"]).env("WPP_DISK_FAULT", &label).output().unwrap();
            let whole = |when: &str| {
                let there = Destination::Folder(home.path().join("backups"));
                let archives = wpp::archive::shelf::list(&there, &Identities::default()).unwrap();
                assert!(archives.len() >= 2, "{label}");
                for archive in &archives {
                    verify(&mut stores::input(Path::new(&archive.place)).unwrap(), Level::Hash, home.path(), &Silent)
                        .unwrap_or_else(|error| panic!("{label}, {when}: {}", error.chain()));
                }
            };
            whole("after the fault");
            let kept = |all: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
                all.into_iter().filter(|(name, _)| !name.ends_with("LOCK")).collect()
            };
            assert!(kept(stores::everything(&home.session("main"))) == kept(before), "{label}");
            // The next one goes on, and leaves one map and nothing half made.
            mark(&home, "three");
            let (path, data) = backup(&home, &["--incremental"]);
            assert_eq!(stores::marker(unpack(&path).path(), "wpp.db"), "three", "{label}: {data}");
            whole("after the next one");
            let left: Vec<_> =
                std::fs::read_dir(home.path().join("backup-state")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left.len(), 1, "{label}: {left:?}");
            let parts = std::fs::read_dir(home.path().join("backups"))
                .unwrap()
                .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".partial"))
                .count();
            assert_eq!(parts, 0, "{label}");
        }
    }
}

#[test]
fn what_an_increment_builds_on_is_read_again_when_its_file_was_touched() {
    let (home, archives) = chain_of_three();
    // The same bytes with another time: read again, and built on.
    let bytes = std::fs::read(&archives[0]).unwrap();
    std::fs::write(&archives[0], &bytes).unwrap();
    mark(&home, "touched");
    let said = || {
        let outcome = home.run(&["backup", "--incremental"]);
        assert!(
            outcome.stdout.contains("increment") && !outcome.stdout.contains("a full archive, because"),
            "{}",
            outcome.stdout
        );
        outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = said();
    assert!(text.contains("was touched since it was read: it was made again"), "{text}");
    // It is remembered that it was.
    mark(&home, "once");
    assert!(!said().contains("touched"));
    // Other bytes under the same name, of the same size, in the middle of a content.
    let rot = |link: &Path| {
        let mut bytes = std::fs::read(link).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x20;
        std::fs::write(link, bytes).unwrap();
    };
    rot(&archives[0]);
    let (_, reason) = full(&home);
    assert!(reason.contains("was touched since it was read") && reason.contains("could not be made again"), "{reason}");
    // What comes before the rotten one is good, and is built on.
    let (home, archives) = chain_of_three();
    rot(&archives[2]);
    let (_, data) = backup(&home, &["--incremental"]);
    assert_eq!(data["manifest"]["chain"]["parent_name"], archives[1].file_name().unwrap().to_str().unwrap(), "{data}");
}

#[test]
fn an_increment_that_lies_about_its_chain_is_refused() {
    let (_home, archives) = chain_of_three();
    let input = stores::input(&archives[3]).unwrap();
    let neighbours = input.neighbours().unwrap();
    let good = open::manifest(&mut stores::input(&archives[3]).unwrap()).unwrap();
    assert_eq!(chain::ancestors(&good, "it", &*neighbours).unwrap().len(), 3);
    type Lie = fn(&mut Manifest);
    let lies: [(&str, Lie); 8] = [
        ("another base", |manifest| manifest.chain.as_mut().unwrap().base_id = "other".into()),
        ("another depth", |manifest| manifest.chain.as_mut().unwrap().depth = 2),
        ("a depth without end", |manifest| manifest.chain.as_mut().unwrap().depth = u64::MAX),
        ("another session", |manifest| manifest.session = "other".into()),
        ("another home", |manifest| manifest.home_kind = wpp::home::HomeKind::Live),
        ("other pages", |manifest| manifest.chain.as_mut().unwrap().parent_pages += 1),
        ("other hashes", |manifest| manifest.chain.as_mut().unwrap().parent_pages_blake3 = "0".repeat(64)),
        ("no such parent", |manifest| manifest.chain.as_mut().unwrap().parent_id = "nobody".into()),
    ];
    for (label, lie) in lies {
        let mut manifest = good.clone();
        lie(&mut manifest);
        let error = chain::ancestors(&manifest, "it", &*neighbours).expect_err(label);
        assert_eq!(error.kind(), ErrorKind::Archive, "{label}");
        assert!(error.message().contains("needs"), "{label}: {error}");
        let all: Vec<_> = archives[..3]
            .iter()
            .map(|path| open::manifest(&mut stores::input(path).unwrap()).unwrap())
            .chain([manifest])
            .collect();
        let named: Vec<(&str, &_)> = all.iter().map(|manifest| ("name", manifest)).collect();
        assert_eq!(chain::broken(&named, &[]).len(), 1, "{label}");
        // A parent's position may be a lie just as well.
        let mut bent = all.clone();
        bent[2].chain.as_mut().unwrap().depth = u64::MAX;
        let named: Vec<(&str, &_)> = bent.iter().map(|manifest| ("name", manifest)).collect();
        assert_ne!(chain::broken(&named, &[]).len(), 0, "{label}");
        // A parent that only lacks a key is not called missing.
        let parent = all[3].chain.as_ref().unwrap().parent_name.clone();
        let alone = [("name", &all[3])];
        assert_eq!(chain::broken(&alone, &[&parent]).len(), 0, "{label}");
        assert_eq!(chain::broken(&alone, &["another"]).len(), 1, "{label}");
    }
}

#[test]
fn a_host_that_cannot_read_its_archives_makes_increments_in_a_store_all_the_same() {
    if tool("a_host_that_cannot_read_its_archives_makes_increments_in_a_store_all_the_same").is_none() {
        return;
    }
    let away = Away::new();
    let home = &away.home;
    enlarge(home);
    let key = home.path().join("key.txt");
    let public = keygen(&key);
    let key = key.to_str().unwrap();
    let make = |marker: &str| {
        mark(home, marker);
        let (code, report) = home.json(&["backup", "--incremental", "--recipient", &public]);
        assert_eq!(code, 0, "{report}");
        (report["data"]["path"].as_str().unwrap().to_owned(), report["data"].clone())
    };
    let (first, _) = make("moment 0");
    assert!(first.ends_with(".wpp.tar.gz.age"), "{first}");
    let mut paths = vec![first];
    for number in 1..=2 {
        let (path, data) = make(&format!("moment {number}"));
        assert!(path.ends_with(".wpp-incr.tar.gz.age") && data["full_reason"].is_null() && data["level"].is_null(), "{data}");
        paths.push(path);
    }
    // Without the key nothing is called broken; with it the chain is seen and restored.
    let (code, listed) = home.json(&["backup", "list"]);
    assert_eq!(code, 0, "{listed}");
    let (code, listed) = home.json(&["backup", "list", "--identity", key]);
    assert_eq!((code, &listed["data"]["archives"][2]["chain"]["depth"]), (0, &2.into()), "{listed}");
    assert_eq!(home.run(&["backup", "verify", "latest"]).code, 15);
    for level in ["hash", "quick"] {
        let outcome = home.run(&["backup", "verify", "latest", "--identity", key, "--level", level]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    for (number, path) in paths.iter().enumerate() {
        let outcome = home.run(&["restore", path, "--identity", key, "--plan", "data", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(stores::marker(&home.session("main"), "wpp.db"), format!("moment {number}"));
    }
    // The map is lost and nothing here can be read: a full archive, and why.
    std::fs::remove_dir_all(home.path().join("backup-state")).unwrap();
    let (path, data) = make("again");
    assert!(path.ends_with(".wpp.tar.gz.age") && data["full_reason"].as_str().unwrap().contains("no archive"), "{data}");
    // A full archive that nobody asked to be more leaves a map, too: here nothing can be made again.
    std::fs::remove_dir_all(home.path().join("backup-state")).unwrap();
    assert_eq!(home.run(&["backup", "--recipient", &public]).code, 0);
    let (path, data) = make("on from there");
    assert!(path.ends_with(".wpp-incr.tar.gz.age"), "{data}");
    let (path, _) = {
        std::fs::remove_dir_all(home.path().join("backup-state")).unwrap();
        make("once more")
    };
    // With the key it would have been made again.
    std::fs::remove_dir_all(home.path().join("backup-state")).unwrap();
    mark(home, "with the key");
    let (code, report) = home.json(&["backup", "--incremental", "--recipient", &public, "--identity", key]);
    assert_eq!((code, &report["data"]["full_reason"], &report["data"]["level"]), (0, &Value::Null, &"hash".into()), "{report}");
    // What it builds on is gone from the store.
    let name = path.rsplit('/').next().unwrap();
    std::fs::remove_file(away.server.bucket().join("some/where").join(name)).unwrap();
    let outcome = home.run(&["backup", "verify", "latest", "--identity", key]);
    assert!(
        outcome.code == 12 && outcome.stderr.contains(name) && outcome.stderr.contains("is an increment and needs"),
        "{outcome:?}"
    );
    let (_, data) = make("last");
    assert!(data["full_reason"].as_str().unwrap().contains("no page map"), "{data}");
}

/// Writes an increment anew, with hashes that fit, after its manifest and its delta were bent.
fn bend(archive: &Path, manifest: &dyn Fn(&mut Manifest), delta: &dyn Fn(&mut Vec<u8>)) {
    let folder = tempfile::tempdir().unwrap();
    let mut stated = open::read(&mut stores::input(archive).unwrap(), Some(folder.path()), &Silent).unwrap().manifest;
    let mut contents: Vec<(String, Vec<u8>)> =
        stated.members.iter().map(|one| (one.name.clone(), std::fs::read(folder.path().join(&one.name)).unwrap())).collect();
    delta(&mut contents.iter_mut().find(|(name, _)| name == DELTA).unwrap().1);
    manifest(&mut stated);
    let mut members = vec![IndexMember { name: MANIFEST.into(), size_bytes: None }];
    members.extend(
        contents
            .iter()
            .zip(&stated.members)
            .map(|((_, bytes), member)| IndexMember { name: member.name.clone(), size_bytes: Some(bytes.len() as u64) }),
    );
    let index = Index {
        schema: INDEX_SCHEMA.into(),
        format: stated.format,
        id: stated.id.clone(),
        session: stated.session.clone(),
        created_ms: stated.created_ms,
        members,
    };
    std::fs::remove_file(archive).unwrap();
    let output = Box::new(FileOutput::new(wpp::disk::create_file(archive).unwrap(), archive));
    let mut writer = Writer::over(output, "bent", &index, Codec::Gzip, Effort::Fast).unwrap();
    for ((_, bytes), member) in contents.iter().zip(&mut stated.members) {
        let written = writer.member(&member.name, bytes.len() as u64, |content| content.write(bytes)).unwrap();
        member.size_bytes = bytes.len() as u64;
        (member.sha256, member.offset_bytes, member.blocks_bytes) = (written.sha256, written.offset_bytes, written.blocks_bytes);
    }
    writer.finish(&stated).unwrap();
}

#[test]
fn a_hostile_increment_is_refused_before_anything_is_touched() {
    type BendManifest = fn(&mut Manifest);
    type BendDelta<'a> = &'a dyn Fn(&mut Vec<u8>);
    type Boxed = Box<dyn Fn(&mut Vec<u8>)>;
    let same: BendManifest = |_| {};
    let put = |at: usize, number: u32| move |delta: &mut Vec<u8>| delta[at..at + 4].copy_from_slice(&number.to_le_bytes());
    let deltas: [(&str, Boxed); 9] = [
        ("a page beyond the end", Box::new(put(120, 4_000_000))),
        ("page 0", Box::new(put(120, 0))),
        ("a run of too much", Box::new(put(124, u32::MAX))),
        ("a bomb of pages", Box::new(put(24, 0xffff_fff0))),
        ("other pages before", Box::new(put(16, 7))),
        ("another page size", Box::new(put(12, 512))),
        ("another root", Box::new(put(88, 7))),
        ("cut short", Box::new(|delta: &mut Vec<u8>| delta.truncate(delta.len() - 1))),
        // Only the database that comes out tells this one.
        ("an eighth of other bytes", Box::new(|delta: &mut Vec<u8>| *delta.last_mut().unwrap() ^= 1)),
    ];
    let manifests: [(&str, BendManifest); 13] = [
        ("a parent elsewhere", |manifest| chain_of(manifest).parent_name = "../x.wpp.tar.gz".into()),
        ("an absolute parent", |manifest| chain_of(manifest).parent_name = "/etc/passwd".into()),
        ("no parent", |manifest| chain_of(manifest).parent_name = String::new()),
        ("its own parent", |manifest| chain_of(manifest).parent_id = manifest.id.clone()),
        ("no depth", |manifest| chain_of(manifest).depth = 0),
        ("a root that is none", |manifest| chain_of(manifest).parent_pages_blake3 = "root".into()),
        ("no chain", |manifest| manifest.chain = None),
        ("no root of its own", |manifest| database(manifest).pages_blake3 = None),
        ("another root of its own", |manifest| database(manifest).pages_blake3 = Some("0".repeat(64))),
        ("more pages", |manifest| database(manifest).pages += 1),
        ("pages without end", |manifest| database(manifest).pages = u64::MAX),
        ("changed pages without end", |manifest| {
            database(manifest).pages = 1 << 31;
            chain_of(manifest).changed_pages = 1 << 31;
        }),
        ("a full archive with a chain", |manifest| manifest.format = FORMAT),
    ];
    let (home, archives) = chain_of_three();
    let last = archives[3].to_str().unwrap();
    let good = std::fs::read(last).unwrap();
    bend(&archives[3], &same, &|_| {});
    assert_eq!(stores::marker(unpack(&archives[3]).path(), "wpp.db"), "moment 3", "what is not bent opens");
    let none: BendDelta<'_> = &|_| {};
    let shapes: Vec<(&str, BendManifest, BendDelta<'_>)> = deltas
        .iter()
        .map(|(label, delta)| (*label, same, &**delta))
        .chain(manifests.iter().map(|(label, manifest)| (*label, *manifest, none)))
        .collect();
    let before = stores::everything(&home.session("main"));
    for (label, manifest, delta) in shapes {
        std::fs::write(last, &good).unwrap();
        bend(&archives[3], &manifest, delta);
        for arguments in [
            &["backup", "verify", last, "--level", "quick"][..],
            &["restore", last, "--plan", "data", "--yes", "--keep-daemon-stopped"],
        ] {
            let outcome = home.run(arguments);
            assert_eq!(outcome.code, 12, "{label}: {outcome:?}");
            assert!(outcome.stderr.contains("refused") || outcome.stderr.contains("needs"), "{label}: {outcome:?}");
        }
        if label != "an eighth of other bytes" {
            assert_eq!(home.run(&["backup", "verify", last, "--level", "hash"]).code, 12, "{label}");
        }
        assert!(stores::everything(&home.session("main")) == before, "{label}: the session was touched");
    }
}

fn chain_of(manifest: &mut Manifest) -> &mut wpp::archive::manifest::Chain {
    manifest.chain.as_mut().unwrap()
}

fn database(manifest: &mut Manifest) -> &mut wpp::archive::manifest::Database {
    manifest.members.iter_mut().find(|member| member.name == DELTA).unwrap().database.as_mut().unwrap()
}

#[test]
fn a_restore_of_an_increment_that_fails_or_is_killed_anywhere_leaves_the_old_or_the_new_whole() {
    let (template, archives) = chain_of_three();
    mark(&template, "old");
    let name = archives[2].file_name().unwrap().to_str().unwrap();
    let arguments = ["restore", name, "--plan", "data", "--yes", "--keep-daemon-stopped"];
    let counted = {
        let home = stores::copy(&template);
        let (_, report) = home.json(&arguments);
        report["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"]
            .as_f64()
            .unwrap() as u64
    };
    assert!(counted > 25, "{counted}");
    for act in ["kill", "fail"] {
        for number in 1..=counted {
            let label = format!("{act}@{number}");
            let home = stores::copy(&template);
            home.command(&arguments).env("WPP_DISK_FAULT", &label).output().unwrap();
            // Any command finishes it or takes it back.
            home.run(&["status"]);
            let now = stores::marker(&home.session("main"), "wpp.db");
            assert!(["old", "moment 2"].contains(&now.as_str()), "{label}: {now}");
            assert_eq!(stores::marker(&home.session("main"), "session.db"), "old", "{label}");
            let staged = std::fs::read_dir(home.path().join("sessions"))
                .unwrap()
                .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".stage-"))
                .count();
            assert_eq!(staged, 0, "{label}");
            let outcome = home.run(&arguments);
            assert_eq!(outcome.code, 0, "{label}: {outcome:?}");
            assert_eq!(stores::marker(&home.session("main"), "wpp.db"), "moment 2", "{label}");
        }
    }
}
