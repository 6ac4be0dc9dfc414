//! `wpp doctor`: a home is broken, the doctor says so; `--fix` mends it, the doctor says that too.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::{Value, json};
use wpp::disk::Lock;
use wpp::journal::Journal;
use wpp::session::messages::Messages;
use wpp::whatsapp::simulator::Request;

use crate::doctor_home::{
    FakeDaemon, Unprivileged, chmod, doctor, empty, found, http, linked, lock_of, said_ok, status, tree, whole, write,
};
use crate::harness::TestHome;
use crate::simulated::Simulated;

#[test]
fn a_whole_home_is_said_to_be_whole_and_left_as_it_was() {
    let home = whole();
    let before = tree(home.path());
    let (code, report) = doctor(&home, &["--fail-on", "warning", "--no-record"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert_eq!(report["verdict"], "pass");
    for id in ["wpp.store.messages-damaged", "wpp.store.not-paired", "wpp.session.modes", "wpp.home.disk-space"] {
        assert!(said_ok(&report, id), "{id}: {report:#}");
    }
    assert_eq!(tree(home.path()), before, "the doctor only looks");
}

struct Case {
    what: &'static str,
    breaks: fn(&Path),
    finds: &'static [&'static str],
    /// What is left after `--fix`.
    left: &'static [&'static str],
}

/// Makes all that the journal holds happen long ago.
fn backdate(folder: &Path) {
    let journal = rusqlite::Connection::open(folder.join("../../ops.db")).unwrap();
    journal.execute("UPDATE entry SET at_ms = at_ms - 100 * 86400000", []).unwrap();
}

const CASES: &[Case] = &[
    Case {
        what: "modes",
        breaks: |folder| {
            chmod(&folder.join("session.db"), 0o644);
            chmod(folder, 0o755);
        },
        finds: &["wpp.session.modes"],
        left: &[],
    },
    Case {
        what: "the home's own modes",
        breaks: |folder| chmod(folder.parent().unwrap(), 0o777),
        finds: &["wpp.home.modes"],
        left: &[],
    },
    Case {
        what: "a lock that a killed backup left",
        breaks: |folder| write(&folder.join("LOCK"), lock_of("backup")),
        finds: &["wpp.session.stale-lock"],
        left: &[],
    },
    Case {
        what: "wpp.db overwritten",
        breaks: |folder| write(&folder.join("wpp.db"), "x".repeat(9000)),
        finds: &["wpp.store.messages-damaged", "wpp.store.not-paired"],
        left: &["wpp.store.messages-damaged", "wpp.store.not-paired"],
    },
    Case {
        what: "wpp.db damaged in its middle",
        breaks: |folder| {
            let path = folder.join("wpp.db");
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[4096..16_384].fill(0x5a);
            write(&path, bytes);
        },
        finds: &["wpp.store.messages-damaged", "wpp.store.not-paired"],
        left: &["wpp.store.messages-damaged", "wpp.store.not-paired"],
    },
    Case {
        what: "session.db cut short",
        breaks: |folder| {
            let path = folder.join("session.db");
            let bytes = std::fs::read(&path).unwrap();
            write(&path, &bytes[..bytes.len() / 2]);
        },
        finds: &["wpp.store.session-damaged"],
        left: &["wpp.store.session-damaged"],
    },
    Case {
        what: "an index that is no longer kept up",
        breaks: |folder| {
            let messages = rusqlite::Connection::open(folder.join("wpp.db")).unwrap();
            messages.execute_batch("DROP TRIGGER messages_fts_insert").unwrap();
        },
        finds: &["wpp.store.index-out-of-step"],
        left: &["wpp.store.index-out-of-step"],
    },
    Case {
        what: "logged out by the phone, with a store that looks linked",
        breaks: |folder| {
            let messages = Messages::open(&folder.join("wpp.db")).unwrap();
            let mark = json!({ "at_ms": 1_795_230_900_000_i64, "reason": "logged_out" });
            messages.set_logged_out(Some(&serde_json::from_value(mark).unwrap())).unwrap();
        },
        finds: &["wpp.store.not-paired"],
        left: &["wpp.store.not-paired"],
    },
    Case {
        what: "a link in the session's folder",
        breaks: |folder| std::os::unix::fs::symlink("/etc/passwd", folder.join("logs/more.log")).unwrap(),
        finds: &["wpp.session.files"],
        left: &["wpp.session.files"],
    },
    Case {
        what: "a folder with the socket's name",
        breaks: |folder| {
            std::fs::create_dir(folder.join("daemon.sock")).unwrap();
            chmod(&folder.join("daemon.sock"), 0o700);
        },
        finds: &["wpp.session.files", "wpp.session.foreign-socket"],
        left: &["wpp.session.files", "wpp.session.foreign-socket"],
    },
    Case {
        what: "an unknown setting",
        breaks: |folder| write(&folder.join("../../config.toml"), "zebra = 1\n"),
        finds: &["wpp.home.settings"],
        left: &["wpp.home.settings"],
    },
    Case {
        what: "a restore that was cut off",
        breaks: |folder| {
            let journal = Journal::open(&folder.join("../../ops.db")).unwrap();
            journal.begin(Some("main"), "restore", &json!({})).unwrap();
            drop(journal);
            // As of a process that is gone: no system gives out this number.
            let journal = rusqlite::Connection::open(folder.join("../../ops.db")).unwrap();
            journal.execute("UPDATE entry SET pid = 2147483647", []).unwrap();
        },
        finds: &["wpp.session.interrupted"],
        left: &["wpp.session.interrupted"],
    },
    Case {
        what: "months without a backup",
        breaks: |folder| {
            let journal = Journal::open(&folder.join("../../ops.db")).unwrap();
            journal.record(Some("main"), "connect", &json!({})).unwrap();
            drop(journal);
            backdate(folder);
        },
        finds: &["wpp.backup.stale"],
        left: &["wpp.backup.stale"],
    },
    Case {
        what: "a backup that is old, and was never tried",
        breaks: |folder| {
            let archive = folder.join("../../backups/x.wpp.tar.gz");
            std::fs::create_dir(archive.parent().unwrap()).unwrap();
            chmod(archive.parent().unwrap(), 0o700);
            write(&archive, "x");
            let journal = Journal::open(&folder.join("../../ops.db")).unwrap();
            let data = json!({ "archive_id": "x", "path": archive, "level": "quick", "whole": true });
            let entry = journal.begin(Some("main"), "backup", &data).unwrap();
            journal.end(entry, wpp::journal::Outcome::Finished).unwrap();
            drop(journal);
            backdate(folder);
        },
        finds: &["wpp.backup.restore-unproven", "wpp.backup.stale"],
        left: &["wpp.backup.restore-unproven", "wpp.backup.stale"],
    },
    Case {
        what: "a backup that was cut off",
        breaks: |folder| {
            let journal = Journal::open(&folder.join("../../ops.db")).unwrap();
            journal.begin(Some("main"), "backup", &json!({})).unwrap();
            drop(journal);
            let journal = rusqlite::Connection::open(folder.join("../../ops.db")).unwrap();
            journal.execute("UPDATE entry SET pid = 2147483647", []).unwrap();
        },
        finds: &["wpp.backup.last-failed"],
        left: &["wpp.backup.last-failed"],
    },
    Case {
        what: "a damaged journal",
        breaks: |folder| write(&folder.join("../../ops.db"), "x".repeat(9000)),
        // Without it nobody knows whether the daemon was stopped or died: that is unknown, not fine.
        finds: &["wpp.home.journal", "wpp.session.daemon-died"],
        left: &["wpp.home.journal", "wpp.session.daemon-died"],
    },
];

#[test]
fn what_is_broken_is_found_and_what_can_be_mended_is() {
    for Case { what, breaks, finds, left } in CASES {
        let home = whole();
        breaks(&home.session("main"));
        let (_, report) = doctor(&home, &[]);
        assert_eq!(found(&report), *finds, "{what}: {report:#}");
        let (code, report) = doctor(&home, &["--fix", "--yes"]);
        assert_eq!(found(&report), *left, "{what}: {report:#}");
        if left.is_empty() {
            assert_eq!(code, 0, "{what}: {report:#}");
            assert!(finds.iter().all(|id| said_ok(&report, id)), "{what}: {report:#}");
            assert!(report["data"]["fixes"].as_array().unwrap().iter().all(|fix| fix["verdict"] == "pass"), "{report:#}");
        } else {
            assert!(matches!(code, 0 | 3), "{what}: {report:#}");
            assert_eq!(report["data"]["fixes"], json!([]), "nothing that loses data is ever automatic: {report:#}");
        }
    }
}

#[test]
fn old_copies_are_counted() {
    let home = whole();
    for (name, size) in
        [(".main.old-20240101T000000Z-x", 3 << 20), (".main.old-20240301T000000Z-x", 1 << 20), (".other.old-1", 1 << 20)]
    {
        let folder = home.path().join("sessions").join(name);
        std::fs::create_dir(&folder).unwrap();
        chmod(&folder, 0o700);
        write(&folder.join("session.db"), vec![0; size]);
    }
    let (code, report) = doctor(&home, &["--only", "wpp.backup.set-aside"]);
    let finding = &report["findings"][0];
    assert_eq!((code, &finding["severity"]), (0, &json!("info")), "{report:#}");
    assert!(
        finding["summary"].as_str().unwrap().starts_with("2 old copies")
            && finding["summary"].as_str().unwrap().ends_with("4.0 MiB"),
        "{finding}"
    );
}

#[test]
fn a_damaged_database_without_an_archive_names_the_way_that_works() {
    let home = whole();
    write(&home.session("main").join("wpp.db"), "x".repeat(9000));
    let outcome = home.run(&["doctor"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let command = "start --new-messages --session main";
    assert!(outcome.stdout.contains(command), "{outcome:?}");
    let last = outcome.stdout.lines().last().unwrap();
    assert!(last.starts_with("next: wpp") && last.contains(command), "{last}");
}

#[test]
fn a_damaged_marker_is_a_finding_and_not_the_end() {
    let home = whole();
    std::fs::write(home.path().join("home.json"), "{").unwrap();
    let (code, report) = doctor(&home, &[]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.home.marker".to_owned()]), "{report:#}");
    assert!(!said_ok(&report, "wpp.home.settings"), "settings that were not read are not fine: {report:#}");
    std::fs::remove_file(home.path().join("home.json")).unwrap();
    assert_eq!(found(&doctor(&home, &[]).1), ["wpp.home.marker"], "a home that lost its marker");
}

#[test]
fn a_dead_socket_is_told_from_a_living_one() {
    let home = whole();
    let socket = home.session("main").join("daemon.sock");
    drop(UnixListener::bind(&socket).unwrap());
    chmod(&socket, 0o600);
    let (code, report) = doctor(&home, &[]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.daemon-died".to_owned()]), "{report:#}");
    let (code, report) = doctor(&home, &["--only", "wpp.session.stale-socket", "--fix", "--yes"]);
    assert_eq!(code, 0, "{report:#}");
    assert!(!socket.exists());
}

/// What the doctor finds of a session whose daemon answers so.
fn found_of(answer: Option<String>) -> (Vec<String>, Value) {
    let home = whole();
    let _daemon = FakeDaemon::start(&home, answer);
    let (_, report) = doctor(&home, &[]);
    (found(&report), report)
}

#[test]
fn what_a_daemon_says_of_itself_is_judged() {
    let now = wpp::clock::now_ms();
    let cases = [
        (json!({}), vec![]),
        (json!({ "version": "0.0.1" }), vec!["wpp.session.version-skew"]),
        (json!({ "state": "AUTH_REQUIRED", "reason": "logged_out" }), vec!["wpp.session.auth-required"]),
        (json!({ "state": "ERROR", "reason": "stream_replaced" }), vec!["wpp.session.replaced"]),
        (json!({ "state": "ERROR", "reason": "temporary_ban" }), vec!["wpp.session.banned"]),
        (json!({ "state": "ERROR", "reason": "client_outdated" }), vec!["wpp.session.outdated"]),
        (json!({ "state": "SYNCING", "since_ms": now - 900_000, "last_heard_ms": now }), vec!["wpp.session.transition-stuck"]),
        (json!({ "state": "CONNECTING", "since_ms": now - 900_000 }), vec!["wpp.session.transition-stuck"]),
        (json!({ "reason": "phone_offline" }), vec!["wpp.session.phone-unseen"]),
        (json!({ "last_heard_ms": now - 600_000 }), vec!["wpp.session.stream-lost"]),
        (json!({ "search_mode": "degraded" }), vec!["wpp.session.search-degraded"]),
        (json!({ "session": "other" }), vec!["wpp.session.daemon-silent"]),
    ];
    for (change, expected) in cases {
        let answer = http("200 OK", &status(change.clone()).to_string());
        let (found, report) = found_of(Some(answer));
        assert_eq!(found, expected, "{change}: {report:#}");
    }
}

#[test]
fn a_daemon_that_hangs_or_talks_nonsense_is_found_in_seconds() {
    let before = std::time::Instant::now();
    for answer in
        [None, Some(http("500 Internal Server Error", "{}")), Some("hello".into()), Some(http("200 OK", "{\"state\":3}"))]
    {
        let (found, report) = found_of(answer.clone());
        assert_eq!(found, ["wpp.session.daemon-silent"], "{answer:?}: {report:#}");
        assert!(!said_ok(&report, "wpp.session.stream-lost"), "{report:#}");
    }
    assert!(before.elapsed().as_secs() < 80);
}

#[test]
fn a_killed_daemon_is_found_started_again_and_found_well() {
    let simulated = linked();
    let home = &simulated.home;
    let (code, report) = doctor(home, &["--fail-on", "warning"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert!(said_ok(&report, "wpp.session.stream-lost") && said_ok(&report, "wpp.store.not-paired"), "{report:#}");

    let killed = simulated.kill_daemon();
    let before = tree(&home.session("main"));
    let (code, report) = doctor(home, &[]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.daemon-died".to_owned()]), "{report:#}");
    assert!(report["findings"].to_string().contains(&format!("process {killed} left its lock")), "{report:#}");
    assert_eq!(tree(&home.session("main")), before, "a look into what a killed daemon left changes nothing");

    let (code, report) = doctor(home, &["--fix", "--yes", "--fail-on", "warning"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    let verdicts: Vec<_> = report["data"]["fixes"].as_array().unwrap().iter().map(|fix| fix["verdict"].clone()).collect();
    assert_eq!(verdicts, [json!("pass")], "{report:#}");
    assert_eq!(simulated.state().0, "READY");
}

#[test]
fn a_daemon_that_was_stopped_or_unlinked_is_not_taken_for_a_dead_one() {
    let simulated = linked();
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let (code, report) = doctor(&simulated.home, &["--fail-on", "warning", "--fix", "--yes"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert_eq!(simulated.daemon(), None, "what was stopped stays stopped");

    assert_eq!(simulated.home.run(&["start"]).code, 0);
    simulated.ask(Request::PhoneUnlink { companion: None });
    simulated.until("the logout", || match simulated.state() {
        (_, reason) if reason == "logged_out" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let pid = simulated.daemon();
    let (code, report) = doctor(&simulated.home, &["--fix", "--yes"]);
    assert_eq!(
        (code, found(&report)),
        (3, vec!["wpp.session.auth-required".into(), "wpp.store.not-paired".into()]),
        "{report:#}"
    );
    assert_eq!(simulated.daemon(), pid, "nothing is restarted blindly after a logout");
    assert!(report["next"][0].as_str().unwrap().contains("reauth"), "{report:#}");
}

#[test]
fn a_server_that_is_gone_is_found_as_a_lost_stream() {
    let mut simulated = Simulated::with_settings(
        "[daemon]\nstart_timeout_ms = 8000\nwatchdog_ms = 10000\n[doctor]\nheartbeat_age_ms_max = 1000\nreconnects_per_hour_max = 1000\n",
    );
    chmod(simulated.home.path(), 0o700);
    assert_eq!(simulated.link().code, 0);
    simulated.stop_simulator();
    simulated.until("the lost stream", || {
        let (_, report) = doctor(&simulated.home, &["--only", "wpp.session.stream-lost"]);
        if found(&report) == ["wpp.session.stream-lost"] { Ok(()) } else { Err(report.to_string()) }
    });
}

#[test]
fn a_lock_that_is_held_by_who_serves_nobody_is_named_with_its_holder() {
    let home = whole();
    let path = home.session("main").join("LOCK");
    let _lock = Lock::acquire(&path, "daemon").unwrap();
    let (_, report) = doctor(&home, &[]);
    assert_eq!(found(&report), Vec::<String>::new(), "a daemon that has just started may still be booting: {report:#}");
    // Written over, not replaced: the lock stays on the file.
    let mut file = std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    file.write_all(lock_of("daemon").as_bytes()).unwrap();
    let (code, report) = doctor(&home, &[]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.lock-held".to_owned()]), "{report:#}");
    assert!(report["findings"].to_string().contains("process 1 (daemon)"), "{report:#}");
    // A database that its holder is just opening or closing has one of its side files and not the other.
    write(&home.session("main").join("wpp.db-wal"), "x");
    let (code, report) = doctor(&home, &["--only", "wpp.store.messages-damaged"]);
    assert_eq!(code, 5, "{report:#}");
    assert_eq!(report["verdict"], "unknown");
}

#[test]
fn somebody_elses_socket_and_files_are_found_and_not_touched() {
    let home = whole();
    let folder = home.session("main");
    let listener = UnixListener::bind(folder.join("daemon.sock")).unwrap();
    chmod(&folder.join("daemon.sock"), 0o600);
    listener.set_nonblocking(true).unwrap();
    if std::os::unix::fs::chown(folder.join("daemon.sock"), Some(12_345), None).is_err() {
        // Only root can give a file away; the judges' own tests cover the rest.
        return;
    }
    let (code, report) = doctor(&home, &["--fix", "--yes"]);
    assert_eq!(
        (code, found(&report)),
        (3, vec!["wpp.session.foreign-socket".to_owned(), "wpp.session.owners".to_owned()]),
        "{report:#}"
    );
    assert!(listener.accept().is_err(), "the doctor connected to it");
    assert!(folder.join("daemon.sock").exists());
}

#[test]
fn a_session_that_is_not_there() {
    let home = empty();
    let (code, report) = doctor(&home, &[]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["data"]["sessions"], json!([]));
    let text = home.run(&["doctor"]).stdout;
    assert!(text.contains("only the host and the home were looked at"), "{text}");
    assert!(text.lines().last().unwrap().contains("start --session main"), "{text}");
    assert_eq!(home.run(&["doctor", "--session", "sales"]).code, 10);
    assert_eq!(home.run(&["doctor", "--session", "../sales"]).code, 2);
    assert_eq!(home.run(&["doctor", "--session", "sales", "--all"]).code, 2);
    let asked = home.command(&["doctor"]).env("WPP_SESSION", "sales").output().unwrap();
    assert_eq!(asked.status.code(), Some(10));

    let home = whole();
    write(&home.path().join("config.toml"), "default_session = \"sales\"\n");
    let (_, report) = doctor(&home, &[]);
    assert_eq!(found(&report), ["wpp.home.default-session"], "{report:#}");
}

#[test]
fn all_sessions_are_looked_at_and_told_apart() {
    let home = whole();
    let other = home.session("other");
    std::fs::create_dir(&other).unwrap();
    chmod(&other, 0o750);
    let (code, report) = doctor(&home, &["--all"]);
    assert_eq!(code, 3);
    assert_eq!(report["data"]["sessions"], json!(["main", "other"]));
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["severity"] == "error").unwrap();
    assert_eq!((&finding["id"], &finding["session"]), (&json!("wpp.session.modes"), &json!("other")), "{report:#}");
    assert_eq!(doctor(&home, &["--all", "--fix", "--yes"]).0, 0);
}

#[test]
fn nothing_is_mended_unasked() {
    let home = whole();
    let path = home.session("main").join("session.db");
    chmod(&path, 0o644);
    let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
    let (code, report) = doctor(&home, &["--fix", "--dry-run"]);
    assert_eq!((code, mode()), (3, 0o644), "{report:#}");
    let fix = &report["data"]["fixes"][0];
    assert_eq!((&fix["fix"]["act"], &fix["verdict"]), (&json!("chmod"), &json!("skipped")), "{report:#}");
    let (code, error) = doctor(&home, &["--fix"]);
    assert_eq!((code, mode()), (20, 0o644), "nobody is there to agree: {error:#}");
    assert_eq!(home.run(&["doctor", "--yes"]).code, 2, "--yes without --fix agrees to nothing");
}

#[test]
fn the_exit_code_follows_the_threshold() {
    let home = whole();
    write(&home.session("main").join("LOCK"), lock_of("backup"));
    for (threshold, code) in [("info", 3), ("warning", 3), ("error", 0), ("critical", 0), ("never", 0)] {
        assert_eq!(home.run(&["doctor", "--fail-on", threshold]).code, code, "{threshold}");
    }
    assert_eq!(home.run(&["doctor"]).code, 0, "a warning alone does not fail");
    assert_eq!(home.run(&["doctor", "--fail-on", "warning", "--skip", "wpp.session.stale-lock"]).code, 0);
    assert_eq!(home.run(&["doctor", "--fail-on", "warning", "--only", "wpp.home"]).code, 0);
    chmod(&home.session("main").join("session.db"), 0o644);
    assert_eq!(home.run(&["doctor", "--fail-on", "never"]).code, 0);
    assert_eq!(home.run(&["doctor", "--fail-on", "critical"]).code, 3);
}

#[test]
fn the_document_has_the_fields_that_it_promises() {
    let home = whole();
    chmod(&home.session("main"), 0o755);
    let (_, report) = doctor(&home, &["--fix", "--yes"]);
    assert_eq!(report["schema"], "wpp.doctor/1");
    let data = report["data"].as_object().unwrap();
    let names: BTreeSet<&str> = data.keys().map(String::as_str).collect();
    let promised = "home kind version sessions plugins states counts checks skipped fail_on shown_from score suppressed mended not_kept \
                    took_ms fixes before";
    assert_eq!(names, promised.split_whitespace().collect());
    assert_eq!(data["kind"], "sandbox");
    assert_eq!((&data["before"]["error"], &data["counts"]["error"]), (&json!(1), &json!(0)));
    let made = data["checks"].as_array().unwrap().len();
    let skipped = data["skipped"].as_array().unwrap();
    assert_eq!(made + skipped.len(), wpp::doctor::catalog::checks().count());
    assert!(skipped.iter().all(|skipped| !skipped["reason"].as_str().unwrap().is_empty()));
}

#[test]
fn checks_are_listed_and_explained() {
    let home = TestHome::live();
    let listed = home.run(&["doctor", "--list"]);
    assert_eq!(listed.code, 0);
    for check in wpp::doctor::catalog::checks() {
        assert!(listed.stdout.contains(check.id), "{}", check.id);
        let explained = home.run(&["doctor", "--explain", check.id]);
        assert!(explained.code == 0 && explained.stdout.contains(check.title), "{explained:?}");
        let (before, mend) = explained.stdout.split_once("Mend by hand: ").unwrap_or_else(|| panic!("{explained:?}"));
        assert!(before.contains(check.explain) && mend.starts_with(check.mend), "{explained:?}");
    }
    assert!(!home.path().join("home.json").exists(), "listing makes no home");
    for wrong in [["--explain", "wpp.session.lock-hold"], ["--only", "wpp.session.stat"]] {
        let outcome = home.run(&["doctor", wrong[0], wrong[1]]);
        assert!(outcome.code == 2 && outcome.stderr.contains("did you mean"), "{outcome:?}");
    }
}

#[test]
fn a_session_whose_folder_a_cut_off_restore_took_away_is_still_looked_at() {
    let home = whole();
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    journal.begin(Some("main"), "restore", &json!({})).unwrap();
    drop(journal);
    let journal = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
    journal.execute("UPDATE entry SET pid = 2147483647", []).unwrap();
    drop(journal);
    std::fs::rename(home.session("main"), home.path().join("sessions/.main.old-x")).unwrap();
    for arguments in [&[][..], &["--session", "main"]] {
        let (code, report) = doctor(&home, arguments);
        assert_eq!(
            (code, found(&report)),
            (3, vec!["wpp.session.folder".into(), "wpp.session.interrupted".into()]),
            "{report:#}"
        );
        assert!(report["next"][0].as_str().unwrap().contains("start --session main"), "{report:#}");
    }
}

#[test]
fn what_its_owner_cannot_open_is_one_finding_and_is_opened_again_in_rounds() {
    let home = whole();
    let owner = Unprivileged::owning(&home);
    let doctor = |arguments: &[&str]| owner.doctor(&home, arguments);
    assert_eq!(found(&doctor(&[]).1), Vec::<String>::new());
    chmod(&home.session("main"), 0o000);
    let (code, report) = doctor(&[]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.folder".to_owned()]), "{report:#}");
    chmod(home.path(), 0o500);
    assert!(found(&doctor(&[]).1).contains(&"wpp.home.writable".to_owned()));
    chmod(home.path(), 0o000);
    let (code, report) = doctor(&[]);
    assert_eq!((code, &report["data"]["sessions"]), (3, &json!([])), "{report:#}");
    assert!(found(&report).contains(&"wpp.home.marker".to_owned()), "{report:#}");
    let (code, report) = doctor(&["--fix", "--yes"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert_eq!(report["data"]["sessions"], json!(["main"]));
    assert_eq!(report["data"]["fixes"].as_array().unwrap().len(), 2, "first the home, then what came to light in it");
}
