//! `wpp backup`: under writers, of dead and damaged sessions, and killed at every disk operation.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use wpp::archive::destination::Destination;
use wpp::archive::open;
use wpp::archive::seal::Identities;
use wpp::archive::verify::{Level, verify};
use wpp::disk::Lock;
use wpp::report::Silent;

use crate::harness::TestHome;
use crate::stores;

fn archive_of(report: &Value) -> PathBuf {
    PathBuf::from(report["data"]["path"].as_str().unwrap_or_else(|| panic!("{report}")))
}

fn unpack(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    open::read(&mut stores::input(archive).unwrap(), Some(folder.path()), &Silent).unwrap();
    folder
}

/// Writes to a database, so many transactions in a second, each of which keeps the sums equal.
struct Writer {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU32>,
    /// Of all commits so far, the longest, in microseconds.
    slowest_us: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Writer {
    fn start(path: PathBuf, per_second: u32) -> Writer {
        Writer::start_in(path, per_second, "WAL")
    }

    fn start_in(path: PathBuf, per_second: u32, journal_mode: &'static str) -> Writer {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let slowest_us = Arc::new(AtomicU64::new(0));
        let (seen, counted, slowest) = (stop.clone(), count.clone(), slowest_us.clone());
        let thread = std::thread::spawn(move || {
            let mut connection = stores::open(&path);
            connection.pragma_update_and_check(None, "journal_mode", journal_mode, |_| Ok(())).unwrap();
            connection
                .execute_batch(
                    "CREATE TABLE pair (one INTEGER, two INTEGER); INSERT INTO pair VALUES (0, 0);
                     CREATE TABLE bulk (number INTEGER PRIMARY KEY, data BLOB);",
                )
                .unwrap();
            let start = Instant::now();
            while !seen.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let transaction = connection.transaction().unwrap();
                transaction.execute("UPDATE pair SET one = one + 1", []).unwrap();
                transaction.execute("INSERT INTO bulk (data) VALUES (randomblob(2000))", []).unwrap();
                transaction.execute("UPDATE pair SET two = two + 1", []).unwrap();
                transaction.commit().unwrap();
                slowest.fetch_max(u64::try_from(begun.elapsed().as_micros()).unwrap(), Ordering::Relaxed);
                let count = counted.fetch_add(1, Ordering::Relaxed) + 1;
                let due = Duration::from_secs_f64(f64::from(count) / f64::from(per_second));
                std::thread::sleep(due.saturating_sub(start.elapsed()));
            }
        });
        let writer = Writer { stop, count, slowest_us, thread };
        writer.wait_beyond(0);
        writer
    }

    /// Transactions so far.
    fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Tells how long its slowest commit took: what a backup cost it.
    #[expect(clippy::print_stderr, reason = "with --nocapture it shows what a backup costs a writer")]
    fn tell_slowest(&self, what: &str) {
        let slowest_ms = self.slowest_us.load(Ordering::Relaxed) as f64 / 1000.0;
        eprintln!("{what}: {} transactions, the slowest took {slowest_ms:.1} ms", self.count());
    }

    /// Waits until it has committed more than so many.
    fn wait_beyond(&self, count: u32) {
        let watch = Instant::now();
        while self.count() <= count {
            assert!(!self.thread.is_finished() && watch.elapsed() < Duration::from_secs(120), "the writer stands still");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

#[test]
fn a_backup_of_both_stores_under_writers_at_200_transactions_a_second_finishes() {
    let home = stores::home("live");
    let session = home.session("main");
    // Large enough that a copy in steps would have to start over many times.
    for name in ["session.db", "wpp.db"] {
        let connection = stores::open(&session.join(name));
        connection.execute_batch("CREATE TABLE ballast (data BLOB)").unwrap();
        for _ in 0..40 {
            connection.execute("INSERT INTO ballast VALUES (randomblob(500000))", []).unwrap();
        }
    }
    // The lock says that a daemon runs, as one does when there are writers.
    let lock = Lock::acquire(&session.join("LOCK"), "daemon").unwrap();
    let writers: Vec<Writer> = ["session.db", "wpp.db"].map(|name| Writer::start(session.join(name), 200)).into();
    for _ in 0..3 {
        let before: Vec<u32> = writers.iter().map(Writer::count).collect();
        let (code, report) = home.json(&["backup"]);
        assert_eq!(code, 0, "{report}");
        for (writer, before) in writers.iter().zip(before) {
            assert!(writer.count() > before, "the writer stood still while the backup ran");
        }
        assert_eq!(report["data"]["level"], "quick");
        assert_eq!(report["data"]["manifest"]["daemon"]["state"], "running");
        let unpacked = unpack(&archive_of(&report));
        for name in ["session.db", "wpp.db"] {
            let connection = stores::open(&unpacked.path().join(name));
            let (one, two, rows): (i64, i64, i64) = connection
                .query_row("SELECT one, two, (SELECT count(*) FROM bulk) FROM pair", [], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .unwrap();
            assert_eq!((one, one), (two, rows), "{name} holds half a transaction");
            assert!(rows > 0);
            let stated = report["data"]["manifest"]["members"].as_array().unwrap().iter().find(|member| member["name"] == name);
            assert_eq!(stated.unwrap()["database"]["tables"]["bulk"]["count"], rows, "the counts are of another moment");
        }
    }
    for (name, writer) in ["session.db", "wpp.db"].iter().zip(&writers) {
        writer.tell_slowest(name);
    }
    writers.into_iter().for_each(Writer::stop);
    drop(lock);
}

#[test]
fn a_store_with_a_rollback_journal_is_backed_up_beside_its_writer_or_not_at_all() {
    let home = stores::home("rollback");
    let session = home.session("main");
    let path = session.join("wpp.db");
    let connection = stores::open(&path);
    connection.execute_batch("CREATE TABLE ballast (data BLOB)").unwrap();
    for _ in 0..20 {
        connection.execute("INSERT INTO ballast VALUES (randomblob(500000))", []).unwrap();
    }
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
    drop(connection);
    let lock = Lock::acquire(&session.join("LOCK"), "daemon").unwrap();
    let writer = Writer::start_in(path, 200, "DELETE");
    // How long a copy takes is the disk's affair, but for the last case.
    let backup = |stall_ms_max: &str| {
        let outcome =
            home.command(&["backup", "--format", "json"]).env("WPP_BACKUP_STALL_MS_MAX", stall_ms_max).output().unwrap();
        let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
        (outcome.status.code(), serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap())
    };
    for _ in 0..3 {
        let before = writer.count();
        let (code, report) = backup("600000");
        assert_eq!(code, Some(0), "{report}");
        assert!(writer.count() > before, "the writer stood still while the backup ran");
        let database = &report["data"]["manifest"]["members"][1]["database"];
        assert_eq!((&database["method"], &database["journal_mode"]), (&"copy".into(), &"delete".into()), "{report}");
        let unpacked = unpack(&archive_of(&report));
        let copy = wpp::archive::snapshot::open_read_only(&unpacked.path().join("wpp.db"), true).unwrap();
        let sums: (i64, i64, i64) = copy
            .query_row("SELECT one, two, (SELECT count(*) FROM bulk) FROM pair", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!((sums.0, sums.0), (sums.1, sums.2), "half a transaction");
    }
    // Nothing is copied at the writer's cost beyond the budget, and what is missing says what to do.
    let (code, report) = backup("1");
    assert_eq!((code, &report["data"]["whole"]), (Some(4), &false.into()), "{report}");
    let missing = report["data"]["manifest"]["missing"][0].to_string();
    assert!(missing.contains("wpp.db") && missing.contains("within 1 ms") && missing.contains("stall_ms_max"), "{report}");
    // It goes on as soon as it is let.
    writer.wait_beyond(writer.count());
    writer.stop();
    drop(lock);
    let left: Vec<_> = std::fs::read_dir(home.path().join("backups")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn a_store_that_another_program_has_locked_is_waited_for_and_then_left_out() {
    for mode in ["WAL", "DELETE"] {
        let home = stores::home("locked");
        let session = home.session("main");
        let holder = stores::open(&session.join("wpp.db"));
        holder.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(())).unwrap();
        holder.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).unwrap();
        holder.execute("INSERT INTO messages (text) VALUES ('held')", []).unwrap();
        let lock = Lock::acquire(&session.join("LOCK"), "daemon").unwrap();
        let outcome = home.command(&["backup", "--format", "json"]).env("WPP_BACKUP_LOCK_WAIT_MS_MAX", "100").output().unwrap();
        let report: Value = serde_json::from_str(String::from_utf8_lossy(&outcome.stdout).lines().last().unwrap()).unwrap();
        assert_eq!(outcome.status.code(), Some(4), "{mode}: {report}");
        let manifest = &report["data"]["manifest"];
        assert_eq!(manifest["members"].as_array().unwrap().len(), 1, "{mode}: session.db alone: {report}");
        assert!(manifest["missing"][0].to_string().contains("another program holds"), "{mode}: {report}");
        // One that lets go in time costs nothing.
        let watch = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            drop(holder);
        });
        let (code, report) = home.json(&["backup"]);
        assert_eq!(code, 0, "{mode}: {report}");
        assert_eq!(report["data"]["manifest"]["members"][1]["database"]["tables"]["messages"]["count"], 301, "{mode}");
        watch.join().unwrap();
        drop(lock);
    }
}

#[test]
fn what_a_killed_daemon_committed_is_in_the_archive_and_its_files_stay_as_they_are() {
    let home = stores::home("first");
    let session = home.session("main");
    stores::kill_writer(&session, "committed just before the kill");
    std::fs::write(session.join("LOCK"), r#"{"pid":1,"since":"x","role":"daemon","version":"0"}"#).unwrap();
    let before = stores::everything(&session);
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, &report["data"]["whole"]), (0, &Value::Bool(true)), "{report}");
    assert_eq!(report["data"]["manifest"]["daemon"], serde_json::json!({ "state": "stopped", "ended": "killed" }));
    let unpacked = unpack(&archive_of(&report));
    for name in ["session.db", "wpp.db"] {
        assert_eq!(stores::marker(unpacked.path(), name), "committed just before the kill");
        assert_eq!(stores::marker(&session, name), "committed just before the kill");
    }
    // Nothing was checkpointed or left; only the dead daemon's lock is gone, and the -shm, which
    // is a cache, may have been brought up to date.
    let kept = |all: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
        all.into_iter().filter(|(name, _)| !name.ends_with("LOCK") && !name.ends_with("-shm")).collect()
    };
    assert!(kept(before) == kept(stores::everything(&session)));
}

#[test]
fn a_stopped_session_is_read_without_leaving_a_file_behind() {
    let home = stores::home("still");
    let before = stores::everything(&home.session("main"));
    let (code, report) = home.json(&["backup", "create"]);
    assert_eq!(code, 0, "{report}");
    assert!(stores::everything(&home.session("main")) == before);
    let archive = archive_of(&report);
    assert_eq!(wpp::disk::mode_and_owner(&archive).unwrap().unwrap().0, 0o600);
    let manifest = open::manifest(&mut stores::input(&archive).unwrap()).unwrap();
    let signal = manifest.signal.clone().unwrap();
    assert_eq!((signal.paired, signal.highest_prekey_id, signal.next_prekey_id, signal.login_counter), (true, Some(812), 813, 4));
    assert_eq!(manifest.member("session.db").unwrap().database.as_ref().unwrap().last_migration, "20260703000001");
    assert_eq!(manifest.member("wpp.db").unwrap().database.as_ref().unwrap().tables["messages"].count, 300);
    // A stopped database is copied byte for byte.
    let unpacked = unpack(&archive);
    for name in ["session.db", "wpp.db"] {
        assert!(std::fs::read(unpacked.path().join(name)).unwrap() == std::fs::read(home.session("main").join(name)).unwrap());
    }
    let backups: Vec<_> = std::fs::read_dir(home.path().join("backups")).unwrap().collect();
    assert_eq!(backups.len(), 1, "{backups:?}");
}

#[test]
fn the_archive_has_the_format_that_was_asked_for_and_its_blocks_are_put_together_again() {
    let home = stores::home("formats");
    let session = home.session("main");
    let connection = stores::open(&session.join("wpp.db"));
    connection.execute_batch("CREATE TABLE ballast (data BLOB); CREATE TABLE text (line TEXT)").unwrap();
    for number in 0..30 {
        connection.execute("INSERT INTO ballast VALUES (randomblob(150000))", []).unwrap();
        connection.execute("INSERT INTO text VALUES (?1)", [format!("line {number} ").repeat(20_000)]).unwrap();
    }
    drop(connection);
    let config = home.path().join("config.toml");
    let cases: [(&[&str], &str, &str); 7] = [
        (&[], "", ".wpp.tar.gz"),
        (&["--as", "tar.zst"], "", ".wpp.tar.zst"),
        (&["--format", "tar.zst", "--level", "small"], "", ".wpp.tar.zst"),
        (&["--format=tar.gz", "--level", "small"], "[backup]\nformat = \"tar.zst\"\n", ".wpp.tar.gz"),
        (&["--level", "fast"], "[backup]\nformat = \"tar.zst\"\n", ".wpp.tar.zst"),
        (&[], "[backup]\nformat = \"tar.zst\"\nlevel = \"small\"\n", ".wpp.tar.zst"),
        (&["--as", "tar.gz", "--level", "default"], "", ".wpp.tar.gz"),
    ];
    for (arguments, settings, ending) in cases {
        std::fs::write(&config, settings).unwrap();
        let (code, report) = home.json(&[&["backup"], arguments].concat());
        assert_eq!((code, &report["data"]["level"]), (0, &Value::from("quick")), "{arguments:?}: {report}");
        let archive = archive_of(&report);
        assert!(archive.to_str().unwrap().ends_with(ending), "{arguments:?}: {archive:?}");
        let manifest = open::manifest(&mut stores::input(&archive).unwrap()).unwrap();
        assert!(manifest.member("wpp.db").unwrap().blocks_bytes.len() > 8, "{manifest:?}");
        let unpacked = unpack(&archive);
        for name in ["session.db", "wpp.db"] {
            assert!(std::fs::read(unpacked.path().join(name)).unwrap() == std::fs::read(session.join(name)).unwrap());
        }
        for level in ["hash", "quick"] {
            let outcome = home.run(&["backup", "verify", archive.to_str().unwrap(), "--level", level]);
            assert_eq!(outcome.code, 0, "{outcome:?}");
        }
        // `latest` and the list find both kinds, and the restore reads them.
        let outcome = home.run(&["restore", "latest", "--plan", "data", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    assert_eq!(home.run(&["backup", "--as", "zip"]).code, 2);
    assert_eq!(home.run(&["backup", "list", "--format", "tar.zst"]).code, 2);
    let listed = home.json(&["backup", "list"]).1;
    assert_eq!(listed["data"]["archives"].as_array().unwrap().len(), cases.len());
}

#[test]
fn what_could_not_be_taken_is_said_and_never_called_whole() {
    // (what is broken, the broken file, whether the file is in the archive, part of the reason)
    type Break = fn(&Path);
    let cases: [(&str, Break, bool, &str); 6] = [
        ("absent", |path| std::fs::remove_file(path).unwrap(), false, "no such file"),
        ("empty", |path| std::fs::write(path, "").unwrap(), false, "empty"),
        (
            "a folder",
            |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::create_dir(path).unwrap();
            },
            false,
            "not an ordinary file",
        ),
        (
            "a link",
            |path| {
                let elsewhere = path.with_extension("moved");
                std::fs::rename(path, &elsewhere).unwrap();
                std::os::unix::fs::symlink(elsewhere, path).unwrap();
            },
            false,
            "cannot read the database",
        ),
        ("no database", |path| std::fs::write(path, "x".repeat(20_000)).unwrap(), false, "not a database"),
        (
            "damaged",
            |path| {
                let mut bytes = std::fs::read(path).unwrap();
                let middle = bytes.len() / 2 / 4096 * 4096;
                bytes[middle..middle + 3000].fill(0x5a);
                std::fs::write(path, bytes).unwrap();
            },
            true,
            "quick_check",
        ),
    ];
    let both = cases.into_iter().flat_map(|case| [("wpp.db", "session.db", case), ("session.db", "wpp.db", case)]);
    for (broken, other, (label, break_it, inside, reason)) in both {
        let label = &format!("{broken} {label}");
        let home = stores::home("broken");
        break_it(&home.session("main").join(broken));
        let (code, report) = home.json(&["backup"]);
        assert_eq!(code, 4, "{label}: {report}");
        assert_eq!(report["data"]["whole"], false, "{label}");
        let text = report.to_string();
        let manifest = &report["data"]["manifest"];
        assert_eq!(manifest["members"].as_array().unwrap().iter().any(|member| member["name"] == broken), inside, "{label}");
        assert!(manifest["members"].as_array().unwrap().iter().any(|member| member["name"] == other), "{label}");
        if inside {
            // Kept as it is, and called verified only at the level that says nothing about it.
            assert_eq!(report["data"]["level"], "hash", "{label}: {text}");
            let outcome = home.run(&["backup", "verify", "latest", "--level", "quick"]);
            assert_eq!(outcome.code, 12, "{label}: {outcome:?}");
            assert!(outcome.stderr.contains(reason), "{label}: {outcome:?}");
        } else {
            assert!(text.contains(reason), "{label}: {text}");
        }
        // What it lacks cannot be restored from it either.
        let plan = if broken == "wpp.db" { "data" } else { "exact" };
        let outcome = home.run(&["restore", "latest", "--plan", plan, "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 15, "{label}: {outcome:?}");
        let listed = home.run(&["backup", "list"]).stdout;
        assert!(!listed.contains(" all"), "{label}: {listed}");
    }
    let home = stores::home("broken");
    for name in ["session.db", "wpp.db"] {
        std::fs::remove_file(home.session("main").join(name)).unwrap();
    }
    let outcome = home.run(&["backup"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("nothing of session main"), "{outcome:?}");
    assert!(std::fs::read_dir(home.path().join("backups")).unwrap().next().is_none());
    assert_eq!(TestHome::sandbox().run(&["backup"]).code, 10);
}

#[test]
fn two_backups_or_a_backup_and_a_restore_never_overlap() {
    let home = stores::home("busy");
    let paths = wpp::home::Home::open(home.path()).unwrap().session("main");
    let lock = wpp::backup::lock(&paths, "backup").unwrap();
    let outcome = home.run(&["backup"]);
    assert_eq!(outcome.code, 11, "{outcome:?}");
    assert!(outcome.stderr.contains(&std::process::id().to_string()), "{outcome:?}");
    drop(lock);
    // Another backup tells by itself how it ends; that a restore was in the way is for us to tell.
    assert_eq!(failures(&home), [""; 0]);
    for (number, path) in [(1, paths.lock()), (2, paths.beside("backup", "lock"))] {
        let lock = Lock::acquire(&path, "restore").unwrap();
        let outcome = home.run(&["backup"]);
        assert!(outcome.code == 11 && outcome.stderr.contains("restore"), "{outcome:?}");
        assert!(failures(&home).len() == number && failures(&home)[number - 1].contains("restore"), "{:?}", failures(&home));
        drop(lock);
    }
    assert_eq!(home.run(&["backup"]).code, 0);
}

/// Why backups failed, as the journal tells.
fn failures(home: &TestHome) -> Vec<String> {
    let journal = wpp::journal::Journal::open(&home.path().join("ops.db")).unwrap();
    let failed = journal.history("main", "backup").unwrap().into_iter().filter(|entry| entry.state == "failed");
    failed.map(|entry| entry.data["failed"].as_str().unwrap_or("?").to_owned()).collect()
}

#[test]
fn a_backup_that_cannot_even_begin_is_told_by_the_doctor() {
    let home = stores::home("early");
    let diagnosed = || home.json(&["doctor", "--only", "wpp.backup.last-failed"]).1.to_string();
    assert_eq!(home.run(&["backup"]).code, 0);
    assert!(!diagnosed().contains("no archive came of it"), "{}", diagnosed());
    let outcome = home.run(&["backup", "--output", "/proc/nowhere"]);
    assert_ne!(outcome.code, 0, "{outcome:?}");
    assert!(failures(&home).len() == 1 && failures(&home)[0].contains("/proc/nowhere"), "{:?}", failures(&home));
    let said = diagnosed();
    assert!(said.contains("no archive came of it") && said.contains("/proc/nowhere"), "{said}");
    // It has nothing to do with the Signal state.
    let outcome = home.run(&["restore", "latest", "--plan", "exact", "--dry-run"]);
    assert!(!outcome.stdout.contains("the journal records backup"), "{outcome:?}");
    // That one worked elsewhere brings nothing there.
    assert_eq!(home.run(&["backup"]).code, 0);
    assert!(diagnosed().contains("no archive came of it"), "{}", diagnosed());
}

#[test]
fn archives_of_one_second_get_names_of_their_own_and_are_listed() {
    let home = stores::home("quick");
    let other = home.path().join("elsewhere");
    let mut paths: Vec<PathBuf> =
        (0..4).map(|_| archive_of(&home.json(&["backup", "--output", other.to_str().unwrap()]).1)).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 4);
    std::fs::write(other.join("junk.wpp.tar.gz"), "junk").unwrap();
    let (code, report) = home.json(&["backup", "list", other.to_str().unwrap()]);
    assert_eq!(code, 4, "one is not readable: {report}");
    let listed = report["data"]["archives"].as_array().unwrap();
    assert_eq!(listed.len(), 5);
    assert_eq!(listed.iter().filter(|archive| archive["verified_level"] == "quick").count(), 4);
    let shown = home.run(&["backup", "show", paths[0].to_str().unwrap()]);
    assert!(shown.code == 0 && shown.stdout.contains("not verified"), "{shown:?}");
    for level in ["hash", "quick"] {
        let outcome = home.run(&["backup", "verify", paths[0].to_str().unwrap(), "--level", level]);
        assert!(outcome.code == 0 && outcome.stdout.contains(&format!("verified at level {level}")), "{outcome:?}");
    }
    assert_eq!(home.run(&["backup", "verify", "latest", "--level", "none"]).code, 2);
    assert_eq!(home.run(&["backup", "verify", "nothing.wpp.tar.gz"]).code, 2, "a slip of the pen is no damage");
    assert_eq!(home.run(&["backup", "verify", "latest"]).code, 12, "the default folder is empty");
}

#[test]
fn a_copy_and_a_changed_archive_are_not_listed_as_verified() {
    let home = stores::home("changed");
    let path = archive_of(&home.json(&["backup"]).1);
    let levels = || -> Vec<String> {
        let (code, report) = home.json(&["backup", "list"]);
        assert_eq!(code, 0, "{report}");
        report["data"]["archives"].as_array().unwrap().iter().map(|archive| archive["verified_level"].to_string()).collect()
    };
    assert_eq!(levels(), ["\"quick\""]);
    let copy = path.with_file_name("copy.wpp.tar.gz");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    std::fs::write(&copy, &bytes).unwrap();
    let mut seen = levels();
    seen.sort();
    assert_eq!(seen, ["\"quick\"", "null"], "a copy was never verified");
    std::fs::remove_file(&copy).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(levels(), ["null"], "what was verified is not this any more");
    let missing = home.run(&["backup", "list", "/nowhere/at/all"]);
    assert!(missing.code == 2 && missing.stderr.contains("there is no folder"), "{missing:?}");
}

#[test]
fn a_backup_that_fails_or_is_killed_at_any_disk_operation_leaves_no_false_archive() {
    let counted = {
        let home = stores::home("sweep");
        let (_, report) = home.json(&["backup"]);
        report["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"]
            .as_f64()
            .unwrap() as u64
    };
    assert!(counted > 10, "{counted}");
    let template = stores::home("sweep");
    for act in ["kill", "fail", "full"] {
        for number in 1..=counted {
            let label = format!("{act}@{number}");
            let home = stores::copy(&template);
            let before = stores::everything(&home.session("main"));
            let outcome = home.command(&["backup"]).env("WPP_DISK_FAULT", &label).output().unwrap();
            if act != "kill" {
                assert!(!outcome.status.success(), "{label} changed nothing");
                assert!(String::from_utf8_lossy(&outcome.stderr).contains("next:"), "{label}: {outcome:?}");
            }
            let backups = home.path().join("backups");
            let archives = wpp::archive::shelf::list(&Destination::Folder(backups.clone()), &Identities::default()).unwrap();
            for archive in &archives {
                verify(&mut stores::input(Path::new(&archive.place)).unwrap(), Level::Quick, &backups, &Silent)
                    .unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
            }
            // The next backup clears up and is whole.
            let (code, report) = home.json(&["backup"]);
            assert_eq!(code, 0, "{label}: {report}");
            let mut left: Vec<String> =
                std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            left.retain(|name| !name.ends_with(".wpp.tar.gz"));
            assert!(left.is_empty(), "{label}: {left:?}");
            let journal = wpp::journal::Journal::open(&home.path().join("ops.db")).unwrap();
            assert!(journal.open_entries("main").unwrap().is_empty(), "{label}");
            // In a folder, whatever has its name was verified, and the journal says how far.
            for entry in journal.history("main", "backup").unwrap().iter().filter(|entry| entry.state == "finished") {
                assert!(entry.data["level"] == "quick" && entry.data["whole"] == true, "{label}: {entry:?}");
            }
            assert!(stores::everything(&home.session("main")) == before, "{label}: the session was changed");
        }
    }
}

#[test]
fn an_archive_of_a_session_that_the_phone_logged_out_says_so() {
    let home = stores::home("gone");
    let linked = |report: &Value| report["data"]["manifest"]["signal"]["logged_out_ms"].clone();
    assert_eq!(linked(&home.json(&["backup"]).1), Value::Null);
    let wpp = stores::open(&home.session("main").join("wpp.db"));
    let mark = r#"{"at_ms": 1700000000000, "reason": "logged_out"}"#;
    wpp.execute("INSERT INTO settings (name, value, changed_ms) VALUES ('logged_out', ?1, 0)", [mark]).unwrap();
    drop(wpp);
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, linked(&report)), (0, 1_700_000_000_000_i64.into()), "{report}");
    let said = home.run(&["backup", "show", "latest"]).stdout;
    assert!(said.contains("no: keys of a device are in it, which was logged out at 2023-11-14"), "{said}");
    assert!(home.run(&["backup", "list"]).stdout.contains("all, no link"));
}

#[test]
fn a_writer_that_was_killed_in_a_transaction_costs_that_transaction_alone() {
    let home = stores::home("killed");
    let session = home.session("main");
    let (path, elsewhere) = (session.join("wpp.db"), tempfile::tempdir().unwrap());
    let live = elsewhere.path().join("wpp.db");
    std::fs::rename(&path, &live).unwrap();
    let writer = stores::open(&live);
    writer.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
    writer
        .execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE messages SET text = hex(randomblob(3000)); DELETE FROM marker")
        .unwrap();
    let journal = session.join("wpp.db-journal");
    std::fs::copy(&live, &path).unwrap();
    std::fs::copy(elsewhere.path().join("wpp.db-journal"), &journal).unwrap();
    let before = (std::fs::read(&path).unwrap(), std::fs::read(&journal).unwrap());
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, &report["data"]["level"]), (0, &"quick".into()), "{report}");
    assert_eq!(stores::marker(unpack(&archive_of(&report)).path(), "wpp.db"), "killed");
    assert!((std::fs::read(&path).unwrap(), std::fs::read(&journal).unwrap()) == before, "the files are left as they were");
    let (_, report) = home.json(&["doctor"]);
    let text = report.to_string();
    assert!(text.contains("an interrupted write to wpp.db waits to be rolled back"), "{text}");
    assert!(!text.contains("wpp.db is damaged"), "{text}");
}
