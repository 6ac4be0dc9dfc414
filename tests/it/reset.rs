//! `wpp reset`: what is not in its archive is not removed, and neither is the archive.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use wpp::command::run_line;
use wpp::disk::{Lock, LockState};
use wpp::error::ErrorKind;
use wpp::report::{Event, Sink};

use crate::harness::TestHome;
use crate::stores;

fn set_destination(home: &TestHome, folder: &std::path::Path) {
    std::fs::write(home.path().join("config.toml"), format!("[backup]\ndestination = '{}'\n", folder.display())).unwrap();
}

#[test]
fn archives_are_not_kept_in_the_session_that_they_are_of() {
    let home = stores::home("only copy");
    let session = home.session("main");
    let link = home.path().join("link");
    std::os::unix::fs::symlink(&session, &link).unwrap();
    for folder in [session.clone(), session.join("not/there/yet"), link.join("through"), home.path().join("backups/../link/x")] {
        let outcome = home.run(&["backup", "--output", folder.to_str().unwrap()]);
        assert!(outcome.code == 15 && outcome.stderr.contains("lost with it"), "{outcome:?}");
        set_destination(&home, &folder);
        for arguments in [&["reset", "--dry-run"][..], &["reset", "--yes"], &["backup"]] {
            let outcome = home.run(arguments);
            assert!(outcome.code == 15 && outcome.stderr.contains("lost with it"), "{arguments:?} {outcome:?}");
        }
        assert_eq!(stores::marker(&session, "wpp.db"), "only copy");
        assert!(!session.join("not").exists() && !session.join("through").exists());
    }
    // A folder whose name only begins with the session's is another one.
    set_destination(&home, &home.path().join("sessions/main-archives"));
    let outcome = home.run(&["reset", "--yes"]);
    assert!(outcome.code == 0 && !session.exists(), "{outcome:?}");
}

/// Does something when a step has this title and has ended; writes down who held the session when each one did.
struct Watching<F> {
    lock: PathBuf,
    title: &'static str,
    act: F,
    holders: Mutex<Vec<String>>,
}

impl<F: Fn() + Send + Sync> Sink for Watching<F> {
    fn emit(&self, event: Event) {
        let Event::StepFinished(step) = event else { return };
        let holder = match Lock::look(&self.lock).unwrap() {
            LockState::Held(owner) => owner.unwrap().role,
            other => format!("{other:?}"),
        };
        self.holders.lock().unwrap().push(format!("{}: {holder}", step.title));
        if step.title == self.title {
            (self.act)();
        }
    }
}

fn reset(
    home: &TestHome,
    title: &'static str,
    act: impl Fn() + Send + Sync + 'static,
) -> (Result<(), wpp::error::Error>, Vec<String>) {
    let lock = home.session("main").join("LOCK");
    let sink = Arc::new(Watching { lock, title, act, holders: Mutex::default() });
    let line = ["--home", home.path().to_str().unwrap(), "reset", "--yes", "--session", "main"].map(str::to_owned);
    let result = run_line(&line, sink.clone()).map(drop);
    let holders = sink.holders.lock().unwrap().clone();
    (result, holders)
}

#[test]
fn nobody_gets_at_the_session_between_its_backup_and_its_removal() {
    let home = stores::home("archived");
    let started = Arc::new(Mutex::new(None));
    let (seen, command) = (started.clone(), Mutex::new(home.command(&["start"])));
    let (result, holders) = reset(&home, "read the archive back", move || {
        *seen.lock().unwrap() = command.lock().unwrap().output().unwrap().status.code();
    });
    result.unwrap();
    assert!(holders.len() >= 3 && holders.iter().all(|holder| holder.ends_with(": reset")), "{holders:?}");
    assert_eq!(*started.lock().unwrap(), Some(11), "a daemon was started meanwhile");
    assert!(!home.session("main").exists());
}

#[test]
fn whoever_only_looks_meanwhile_stops_no_removal() {
    // Who opens a database to read, just as its daemon closes it, makes an empty log beside it.
    let home = stores::home("archived");
    let path = home.session("main").join("wpp.db");
    let (looks, log) = (Arc::new(Mutex::new(None)), home.session("main").join("wpp.db-wal"));
    let kept = looks.clone();
    let (result, _) = reset(&home, "read the archive back", move || {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let look = rusqlite::Connection::open_with_flags(&path, flags).unwrap();
        look.query_row("SELECT count(*) FROM marker", [], |_| Ok(())).unwrap();
        assert_eq!(log.metadata().unwrap().len(), 0);
        *kept.lock().unwrap() = Some(look);
    });
    result.unwrap();
    assert!(!home.session("main").exists());
    drop(looks.lock().unwrap().take());
}

#[test]
fn what_was_written_or_taken_away_meanwhile_stops_the_removal() {
    // A program that knows nothing of the lock writes a message after it was backed up.
    let home = stores::home("archived");
    let path = home.session("main").join("wpp.db");
    let (result, _) = reset(&home, "read the archive back", move || {
        stores::open(&path).execute("UPDATE marker SET text = 'newer'", []).unwrap();
    });
    let error = result.unwrap_err();
    assert!(error.kind() == ErrorKind::Denied && error.chain().contains("after it was backed up"), "{error}");
    assert_eq!(stores::marker(&home.session("main"), "wpp.db"), "newer");
    assert!(!home.session("main").join("LOCK").exists(), "the session is held on");

    // The archive goes, or is another one, just before the removal.
    for away in [true, false] {
        let home = stores::home("archived");
        let backups = home.path().join("backups");
        // The journal is the last to be written before the removal: a sink that sees the last step is early enough.
        let (result, _) = reset(&home, "read the archive back", move || {
            for entry in std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.to_str().unwrap().contains(".wpp.") {
                    if away { std::fs::remove_file(entry).unwrap() } else { std::fs::write(entry, "else").unwrap() }
                }
            }
        });
        let error = result.unwrap_err();
        assert_eq!(stores::marker(&home.session("main"), "wpp.db"), "archived", "{error}");
    }
}

#[test]
fn a_reset_that_is_killed_or_fails_at_any_disk_operation_leaves_the_session_or_its_archive() {
    let template = stores::home("kept");
    let run = |home: &TestHome, fault: &str| home.command(&["reset", "--yes"]).env("WPP_DISK_FAULT", fault).output().unwrap();
    let check = |home: &TestHome, label: &str| {
        // The next command finishes or undoes.
        home.run(&["status"]);
        let session = home.session("main");
        if session.join("wpp.db").exists() {
            let markers = ["session.db", "wpp.db"].map(|name| stores::marker(&session, name));
            assert_eq!(markers, ["kept", "kept"], "{label}");
            // It can be done again.
            assert_eq!(home.run(&["reset", "--yes"]).code, 0, "{label}");
        }
        assert!(!session.join("session.db").exists(), "{label}");
        assert_eq!(home.run(&["backup", "verify", "latest"]).code, 0, "{label}");
        assert_eq!(home.run(&["restore", "latest", "--yes", "--keep-daemon-stopped"]).code, 0, "{label}");
        assert_eq!(stores::marker(&session, "wpp.db"), "kept", "{label}");
    };
    let mut operations = 0;
    for number in 1.. {
        let home = stores::copy(&template);
        if run(&home, &format!("kill@{number}")).status.code().is_some() {
            break;
        }
        check(&home, &format!("kill@{number}"));
        operations = number;
    }
    assert!(operations > 15, "{operations}");
    for act in ["fail", "full"] {
        for number in 1..=operations {
            let home = stores::copy(&template);
            let label = format!("{act}@{number}");
            let outcome = run(&home, &label);
            let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
            assert!(outcome.status.success() || said.contains("next:"), "{label}: {said}");
            check(&home, &label);
        }
    }
}

#[test]
fn what_no_archive_holds_whole_is_kept_as_it_is() {
    let home = stores::home("kept");
    let session = home.session("main");
    std::fs::write(session.join("session.db"), "this is no database").unwrap();
    let refused = home.run(&["reset", "--yes"]);
    assert_eq!(refused.code, 15, "{refused:?}");
    assert!(session.join("session.db").exists());
    let (code, report) = home.json(&["reset", "--yes", "--accept-partial-backup"]);
    assert_eq!(code, 0, "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("in part"), "{report:#}");
    let kept = PathBuf::from(report["data"]["kept"].as_str().unwrap());
    assert_eq!(std::fs::read(kept.join("session.db")).unwrap(), b"this is no database");
    assert!(!kept.join("LOCK").exists() && !session.exists());
    // Listed with other old copies, and left alone by the next command.
    assert_eq!(home.run(&["status"]).code, 10);
    let (_, listed) = home.json(&["backup", "prune", "--set-aside", "--older-than", "30d", "--dry-run", "--session", "main"]);
    assert!(listed.to_string().contains("a reset"), "{listed:#}");
    assert!(kept.is_dir());
}
