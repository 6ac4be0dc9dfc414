//! `wpp doctor` on backups that are gone, on folders and files of the home that are something else, on a damaged or
//! locked journal, and on names that nobody expects: each is broken for real.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::Value;
use wpp::capacity::Sample;
use wpp::capacity::history::History;
use wpp::journal::Journal;

use crate::doctor_home::{breaks, chmod, doctor, found, only, said_ok, whole, write};
use crate::harness::TestHome;
use crate::stores;

fn pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

/// A linked session with archives, closed to others.
fn with_backups(count: usize) -> TestHome {
    let home = whole();
    for number in 0..count {
        let more: &[&str] = if number == 0 { &[] } else { &["--incremental"] };
        let made = home.run(&[&["backup", "create"], more].concat());
        assert_eq!(made.code, 0, "{made:?}");
    }
    home
}

fn summary(report: &Value) -> String {
    report["findings"].as_array().unwrap().iter().map(|finding| format!("{}\n", finding["summary"])).collect()
}

#[test]
fn a_backup_whose_file_is_not_what_it_was_is_none() {
    type Break = fn(&Path);
    let breaking: [(&str, Break, &str); 3] = [
        ("deleted", |path| std::fs::remove_file(path).unwrap(), "is gone"),
        ("renamed", |path| std::fs::rename(path, path.with_extension("old")).unwrap(), "is gone"),
        ("cut", |path| std::fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap(), "holds 0 bytes"),
    ];
    for (what, act, why) in breaking {
        let home = with_backups(1);
        let path = stores::latest(&home.path().join("backups"));
        let report = breaks(&home, "wpp.backup.stale", "error", || act(&path));
        assert!(summary(&report).contains(why), "{what}: {report:#}");
    }
    // A copy of a home counts on its own archives, not on those of the home that it was copied from.
    let home = with_backups(1);
    let copy = stores::copy(&home);
    std::fs::remove_dir_all(copy.path().join("backups")).unwrap();
    let (ids, report) = only(&copy, "wpp.backup.stale");
    assert_eq!(ids, ["wpp.backup.stale"], "{report:#}");
}

#[test]
fn a_home_that_was_moved_finds_its_archives_where_they_are_now() {
    let home = with_backups(1);
    let folder = tempfile::tempdir().unwrap();
    let moved = folder.path().join("moved");
    std::fs::rename(home.path(), &moved).unwrap();
    let outcome = home.run(&["doctor", "--home", moved.to_str().unwrap(), "--only", "wpp.backup.stale", "--format", "json"]);
    std::fs::rename(&moved, home.path()).unwrap();
    assert!(outcome.stdout.contains("the newest whole backup is"), "{outcome:?}");
}

#[test]
fn a_folder_of_archives_behind_a_link_is_judged_as_what_it_is() {
    let home = with_backups(1);
    let outside = tempfile::tempdir().unwrap();
    let arch = outside.path().join("arch");
    std::fs::rename(home.path().join("backups"), &arch).unwrap();
    symlink(&arch, home.path().join("backups")).unwrap();
    breaks(&home, "wpp.security.archive-folder", "error", || chmod(&arch, 0o777));
    chmod(&arch, 0o700);
    let report = breaks(&home, "wpp.home.modes", "critical", || chmod(&stores::latest(&arch), 0o644));
    assert!(summary(&report).contains("holds credentials"), "{report:#}");
}

#[test]
fn what_is_no_folder_takes_no_archives() {
    type Put = fn(&Path);
    let puts: [Put; 3] = [pipe, |path| write(path, "x"), |path| symlink("/nowhere/at/all", path).unwrap()];
    for put in puts {
        let home = whole();
        breaks(&home, "wpp.backup.destination", "error", || put(&home.path().join("backups")));
        let (ids, report) = only(&home, "wpp.security.archive-folder");
        assert_eq!((ids, report["findings"].to_string().contains("chmod")), (vec!["wpp.security.archive-folder".into()], false));
    }
    let home = whole();
    for place in ["/dev/null", "/etc/passwd"] {
        let mut command =
            home.command(&["doctor", "--only", "wpp.backup.destination,wpp.security.archive-folder", "--format", "json"]);
        let output = command.env("WPP_BACKUP_DESTINATION", place).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(3) && text.contains("no backup can be made") && !text.contains("chmod"), "{text}");
    }
}

#[test]
fn a_journal_that_is_damaged_in_the_middle_is_told_and_left_as_it_is() {
    let home = whole();
    let path = home.path().join("ops.db");
    let journal = Journal::open(&path).unwrap();
    for number in 0..400 {
        journal.record(Some("main"), "connect", &serde_json::json!({ "number": number, "text": "x".repeat(90) })).unwrap();
    }
    drop(journal);
    chmod(&path, 0o600);
    let mut bytes = Vec::new();
    let report = breaks(&home, "wpp.home.journal", "error", || {
        bytes = std::fs::read(&path).unwrap();
        for (number, byte) in bytes[3 * 4096..9 * 4096].iter_mut().enumerate() {
            *byte = (number * 31 % 251) as u8;
        }
        write(&path, &bytes);
    });
    assert!(summary(&report).contains("is damaged"), "{report:#}");
    let (code, report) = doctor(&home, &["--offline"]);
    assert_eq!((code, std::fs::read(&path).unwrap() == bytes), (3, true), "{report:#}");
    let (_, report) = only(&home, "wpp.home.journal");
    let remedy = report["findings"][0]["remedy"]["command"].as_str().unwrap();
    assert!(std::process::Command::new("sh").args(["-c", remedy]).status().unwrap().success(), "{remedy}");
    assert_eq!(home.run(&["doctor", "--offline"]).code, 0, "with a new one, all is well");
    assert!(home.path().join("ops-damaged/ops.db").exists());
}

#[test]
fn a_journal_that_somebody_else_has_locked_is_told_soon_and_by_whom() {
    let home = whole();
    let path = home.path().join("ops.db");
    drop(Journal::open(&path).unwrap());
    for how in ["BEGIN IMMEDIATE", "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"] {
        let holder = Connection::open(&path).unwrap();
        holder.execute_batch(how).unwrap();
        let begun = Instant::now();
        let (ids, report) = only(&home, "wpp.home.journal");
        assert_eq!(ids, ["wpp.home.journal"], "{how}: {report:#}");
        let told = summary(&report);
        assert!(told.contains("locked by another process") && told.contains(&std::process::id().to_string()), "{told}");
        // Somebody who waits as a writer does would wait for ten seconds, again and again.
        assert!(begun.elapsed().as_secs() < 25, "{how}: {:?}", begun.elapsed());
    }
}

#[test]
fn what_leads_nowhere_is_not_passed_over() {
    for (name, id) in
        [("config.toml", "wpp.home.settings"), ("plugins.lock", "wpp.home.plugins"), ("reports", "wpp.home.folders")]
    {
        let home = whole();
        let report = breaks(&home, id, "error", || symlink("/nowhere/at/all", home.path().join(name)).unwrap());
        assert!(summary(&report).contains("a link that leads nowhere"), "{name}: {report:#}");
    }
    for name in ["secrets", "runbooks"] {
        let home = whole();
        breaks(&home, "wpp.home.folders", "error", || pipe(&home.path().join(name)));
        let home = whole();
        breaks(&home, "wpp.home.folders", "error", || write(&home.path().join(name), "x"));
    }
    let home = whole();
    let folder = tempfile::tempdir().unwrap();
    symlink(folder.path(), home.path().join("reports")).unwrap();
    assert!(said_ok(&only(&home, "wpp.home.folders").1, "wpp.home.folders"), "a link to a folder is one");
}

#[test]
fn thousands_of_names_keep_nobody_from_what_is_known() {
    let home = whole();
    let folder = home.session("main");
    let report = breaks(&home, "wpp.session.files", "warning", || {
        for number in 0..3000 {
            write(&folder.join(format!("leftover-{number}")), "");
        }
    });
    assert_eq!(found(&report).len(), 1, "{report:#}");
    let (_, report) = doctor(&home, &["--offline"]);
    for id in ["wpp.session.folder", "wpp.store.messages-damaged", "wpp.session.modes"] {
        assert!(said_ok(&report, id), "{id}: {}", report["title"]);
    }
    let home = whole();
    let backups = home.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    chmod(&backups, 0o700);
    for number in 0..1500 {
        write(&backups.join(format!("main-2026110{}T{number:06}Z.wpp.tar.gz", number % 9)), "");
    }
    assert!(said_ok(&only(&home, "wpp.home.modes").1, "wpp.home.modes"));
    breaks(&home, "wpp.home.modes", "critical", || chmod(&backups.join("main-20261105T001400Z.wpp.tar.gz"), 0o644));
}

#[test]
fn a_database_that_is_something_else_is_told_as_that() {
    for (name, id) in [("wpp.db", "wpp.store.messages-damaged"), ("session.db", "wpp.store.session-damaged")] {
        for (put, what) in
            [(pipe as fn(&Path), "a pipe"), (|path: &Path| symlink("/nowhere/x", path).unwrap(), "a link that leads nowhere")]
        {
            let home = whole();
            let path = home.session("main").join(name);
            std::fs::remove_file(&path).unwrap();
            put(&path);
            let (ids, report) = only(&home, id);
            assert_eq!(ids, [id], "{report:#}");
            let told = report["findings"].to_string();
            assert!(told.contains(what) && !told.contains("is damaged") && !told.contains("restore latest"), "{told}");
        }
    }
}

#[test]
fn samples_that_are_dated_ahead_are_left_out_and_said_to_be() {
    let home = whole();
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let now_ms = wpp::clock::now_ms();
    for hour in 1..200 {
        let sample = Sample {
            at_ms: now_ms + hour * 3_600_000,
            started_ms: 0,
            memory_bytes: 1,
            cpu_ms: 1,
            session_db_bytes: 1,
            wpp_db_bytes: 1,
            messages: 1,
            disk_total_bytes: 100 << 30,
            disk_free_bytes: (90 << 30) - (u64::try_from(hour).unwrap() << 28),
            memory_total_bytes: 1,
            memory_available_bytes: 1,
            machine_busy_permille: None,
        };
        History::of(&journal).write("main", &sample).unwrap();
    }
    drop(journal);
    let (_, report) = doctor(&home, &["--offline", "--area", "host", "--fail-on", "never"]);
    let skipped = report["data"]["skipped"].to_string();
    assert!(skipped.contains("samples are dated ahead of the clock and left out"), "{report:#}");
    let (_, report) = home.json(&["capacity"]);
    assert!(report["warnings"].to_string().contains("199 samples are dated ahead of this clock"), "{report:#}");
}

#[test]
fn names_that_nobody_expects_are_typed_and_told_as_what_they_are() {
    let home = whole();
    std::fs::rename(home.session("main"), home.session("-rf")).unwrap();
    let outcome = home.run(&["doctor", "--offline", "--session=-rf"]);
    assert!(outcome.stdout.contains("--session=-rf") && !outcome.stdout.contains("--session -rf"), "{outcome:?}");
    for name in ["Main", "a b", "é"] {
        std::fs::create_dir(home.session(name)).unwrap();
        chmod(&home.session(name), 0o700);
    }
    let (_, report) = doctor(&home, &["--session=-rf", "--only", "wpp.home.folders"]);
    let notes = summary(&report);
    assert!(["Main", "a b", "é"].iter().all(|name| notes.contains(name)), "{notes}");
    let mut command = home.command(&["doctor", "--only", "wpp.config.unknown-variable", "--format", "json"]);
    let output = command.env("WPP_DEFAULT_SESSION", "-rf").env("WPP_SESSION", "").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("WPP_DEFAULT_SESSION") && text.contains("WPP_SESSION"), "{text}");
    let (code, report) = doctor(&home, &["--session=-rf", "--only", "wpp.session.*"]);
    assert!(code == 0 && said_ok(&report, "wpp.session.folder"), "{report:#}");
}

#[test]
fn many_findings_of_one_kind_are_some_and_a_number() {
    let home = whole();
    let secrets = home.path().join("secrets");
    std::fs::create_dir(&secrets).unwrap();
    chmod(&secrets, 0o700);
    for number in 0..40 {
        let path = secrets.join(format!("open-{number:02}"));
        write(&path, "hunter2hunter3");
        chmod(&path, 0o644);
    }
    let outcome = home.run(&["doctor", "--offline", "--only", "wpp.security.secret-files"]);
    assert!(outcome.stdout.contains("and 30 more like these") && !outcome.stdout.contains("open-39 holds"), "{outcome:?}");
}
