//! start, stop, restart, status, reauth and reset against a real daemon and the simulator.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use wpp::disk::Lock;
use wpp::whatsapp::simulator::Request;

use crate::simulated::{PEER, Simulated};

#[test]
fn a_session_is_started_linked_restarted_and_stopped() {
    let simulated = Simulated::new();
    let (code, started) = simulated.home.json(&["start"]);
    assert_eq!((code, started["data"]["state"].as_str()), (0, Some("AUTH_REQUIRED")), "{started}");
    let (code, status) = simulated.home.json(&["status"]);
    assert_eq!((code, status["data"]["paired"].as_bool()), (13, Some(false)), "{status}");

    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("\"accepted\"") || outcome.stdout.contains("\"open\""), "{outcome:?}");
    let (code, status) = simulated.home.json(&["status"]);
    assert_eq!((code, status["data"]["state"].as_str()), (0, Some("READY")), "{status}");

    let first = simulated.daemon().unwrap();
    let (code, restarted) = simulated.home.json(&["restart"]);
    assert_eq!((code, restarted["data"]["state"].as_str()), (0, Some("READY")), "{restarted}");
    assert_ne!(simulated.daemon().unwrap(), first);
    let again = simulated.home.run(&["start"]);
    assert!(again.code == 0 && again.stdout.contains("was running"), "{again:?}");

    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let folder = simulated.home.session("main");
    assert!(!folder.join("LOCK").exists() && !folder.join("daemon.sock").exists());
    let (code, status) = simulated.home.json(&["status"]);
    assert_eq!((code, status["data"]["state"].as_str()), (14, Some("STOPPED")), "{status}");
    assert_eq!(simulated.home.run(&["stop"]).code, 0, "stopping what is stopped is no failure");
}

#[test]
fn a_start_waits_for_whoever_lets_go_of_the_session_again() {
    let simulated = Simulated::new();
    let lock = simulated.home.session("main").join("LOCK");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    // A restart gives way to a backup that came between, and is the only one who would start the daemon.
    let backup = Lock::acquire(&lock, "backup").unwrap();
    let mut start = simulated.home.command(&["start"]);
    let mut start = start.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(start.try_wait().unwrap().is_none(), "it waits");
    drop(backup);
    let outcome = start.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert!(outcome.status.success() && said.contains("waiting for process"), "{outcome:?}");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    // One that replaces the session starts it itself.
    let _restore = Lock::acquire(&lock, "restore").unwrap();
    assert_eq!(simulated.home.run(&["start"]).code, 11);
}

#[test]
fn nobody_is_signalled_who_only_has_the_number_that_a_lock_names() {
    let simulated = Simulated::new();
    let path = simulated.home.session("main").join("LOCK");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _lock = Lock::acquire(&path, "daemon").unwrap();
    let mut sleeper = std::process::Command::new("sleep").arg("100").spawn().unwrap();
    let mut owner: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    owner["pid"] = sleeper.id().into();
    std::fs::write(&path, owner.to_string()).unwrap();
    let outcome = simulated.home.run(&["stop", "--force"]);
    assert!(outcome.code == 11 && outcome.stderr.contains("is not here"), "{outcome:?}");
    assert!(sleeper.try_wait().unwrap().is_none());
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn a_stop_ends_with_the_daemon_that_it_stops_and_not_with_the_next_one() {
    let simulated = Simulated::new();
    let path = simulated.home.session("main").join("LOCK");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _lock = Lock::acquire(&path, "daemon").unwrap();
    let next = std::fs::read(&path).unwrap();
    let mut daemon = std::process::Command::new("sleep").arg("100").spawn().unwrap();
    let mut owner: serde_json::Value = serde_json::from_slice(&next).unwrap();
    owner["pid"] = daemon.id().into();
    owner["started"] = wpp::process::started(daemon.id()).unwrap().into();
    std::fs::write(&path, owner.to_string()).unwrap();
    let mut stop = simulated.home.command(&["stop"]).spawn().unwrap();
    // It ends, and somebody else's start takes the lock before anybody sees it free.
    assert!(!daemon.wait().unwrap().success());
    std::fs::write(&path, next).unwrap();
    assert!(stop.wait().unwrap().success());
}

#[test]
fn the_status_of_a_living_daemon_needs_no_journal() {
    let simulated = Simulated::linked();
    let path = simulated.home.path().join("ops.db");
    let aside = simulated.home.path().join("ops.db.aside");
    std::fs::rename(&path, &aside).unwrap();
    std::fs::write(&path, "no database").unwrap();
    let (code, status) = simulated.home.json(&["status"]);
    assert_eq!((code, status["data"]["state"].as_str()), (0, Some("READY")), "{status}");
    // What does change something does need it.
    assert_eq!(simulated.home.run(&["stop"]).code, 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "no database");
    std::fs::rename(&aside, &path).unwrap();
}

#[test]
fn a_living_daemon_whose_socket_was_deleted_is_not_called_absent() {
    let simulated = Simulated::new();
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    let daemon = simulated.daemon().unwrap();
    std::fs::remove_file(simulated.home.session("main").join("daemon.sock")).unwrap();
    let outcome = simulated.home.run(&["status"]);
    assert_eq!(outcome.code, 14, "{outcome:?}");
    assert!(outcome.stderr.contains(&format!("process {daemon} (daemon) holds")), "{outcome:?}");
    assert!(outcome.stderr.contains(" restart --session main") && !outcome.stderr.contains("no daemon runs"), "{outcome:?}");
    assert_eq!(simulated.home.run(&["restart"]).code, 0, "what it names helps");
    assert_ne!(simulated.daemon().unwrap(), daemon);
}

#[test]
fn every_file_of_a_session_is_private() {
    let simulated = Simulated::linked();
    let mut folders = vec![simulated.home.path().join("sessions")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = std::fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
            if path.is_dir() {
                assert_eq!(mode, 0o700, "{}", path.display());
                folders.push(path);
            } else {
                assert_eq!(mode, 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 5, "session.db, wpp.db, LOCK, socket and log at least: {seen}");
}

#[test]
fn a_pair_code_links_too_and_a_png_is_written() {
    // A key is stretched from the code on both sides, without a word on the connection meanwhile: a busy
    // machine takes longer for it than the watchdog of the other tests waits.
    let simulated = Simulated::with_settings("[daemon]\nstart_timeout_ms = 20000\nwatchdog_ms = 20000\n");
    let outcome = simulated.link_with(&["reauth", "--pair-code", "+1 555 010 0000", "--timeout", "60"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!outcome.stdout.contains("\"event\":\"qr_code\""), "{outcome:?}");

    let simulated = Simulated::new();
    let png = simulated.home.path().join("code.png");
    let outcome = simulated.link_with(&["reauth", "--png", png.to_str().unwrap(), "--timeout", "15"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(&std::fs::read(&png).unwrap()[1..4], b"PNG");
    assert_eq!(std::fs::metadata(&png).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_linked_session_is_not_linked_again() {
    let simulated = Simulated::linked();
    let outcome = simulated.link();
    assert_eq!(outcome.code, 15, "{outcome:?}");
    assert_eq!(simulated.state().0, "READY");
}

#[test]
fn an_unlinked_session_says_so_and_can_be_linked_again() {
    let simulated = Simulated::linked();
    simulated.ask(Request::PhoneUnlink { companion: None });
    simulated.until("logged_out", || {
        let (state, reason) = simulated.state();
        if reason == "logged_out" { Ok(()) } else { Err(format!("{state} {reason}")) }
    });
    assert_eq!(simulated.home.run(&["status"]).code, 13);
    // The store still looks linked to the library; a restart must not take it for that.
    simulated.home.run(&["restart"]);
    assert_eq!(simulated.home.run(&["status"]).code, 13);
    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(simulated.state().0, "READY");
}

#[test]
fn nobody_scanning_is_told_apart_from_no_server() {
    let mut simulated = Simulated::new();
    // Long enough for a code to be there that nobody scans.
    let outcome = simulated.home.run(&["reauth", "--timeout", "5"]);
    assert_eq!(outcome.code, 13, "{outcome:?}");
    assert!(outcome.stderr.contains("nobody scanned"), "{outcome:?}");
    simulated.stop_simulator();
    simulated.home.run(&["stop"]);
    let outcome = simulated.home.run(&["reauth", "--timeout", "1"]);
    assert!(matches!(outcome.code, 4 | 14 | 15), "{outcome:?}");
}

#[test]
fn a_reset_takes_a_verified_backup_first_and_removes_this_session_alone() {
    let simulated = Simulated::linked();
    simulated.peer_sends("kept in the archive", 1);
    simulated.until("the message", || if simulated.found("archive") == 1 { Ok(()) } else { Err("none".into()) });
    let other = simulated.home.session("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("note"), "mine").unwrap();

    let plan = simulated.home.run(&["reset", "--dry-run"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(plan.stdout.contains("session.db"), "{plan:?}");
    assert!(simulated.home.session("main").join("session.db").exists());
    let asked = simulated.home.run(&["reset"]);
    assert_eq!(asked.code, 20, "nobody was there to agree: {asked:?}");
    assert_eq!(simulated.state().0, "READY", "a declined reset leaves the daemon running");

    let (code, report) = simulated.home.json(&["reset", "--yes"]);
    assert_eq!(code, 0, "{report}");
    let archive = report["data"]["backup"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&archive).exists());
    assert!(!simulated.home.session("main").exists());
    assert_eq!(std::fs::read_to_string(other.join("note")).unwrap(), "mine");
    let verified = simulated.home.run(&["backup", "verify", "--level", "quick", &archive]);
    assert_eq!(verified.code, 0, "{verified:?}");
    let (_, started) = simulated.home.json(&["start"]);
    assert_eq!(started["data"]["state"], "AUTH_REQUIRED", "{started}");
}

#[test]
fn sends_are_accepted_once_and_read_by_the_peer() {
    let simulated = Simulated::linked();
    for _ in 0..3 {
        let (code, report) = simulated.home.json(&["send", PEER, "only once", "--id", "order-1", "--wait", "10"]);
        assert_eq!((code, report["data"]["state"].as_str()), (0, Some("accepted")), "{report}");
    }
    assert_eq!(simulated.peer_texts().iter().filter(|text| *text == "only once").count(), 1);
    let other = simulated.home.run(&["send", PEER, "another text", "--id", "order-1"]);
    assert_eq!(other.code, 2, "an id stands for one message: {other:?}");
}

#[test]
fn a_lost_link_is_not_replaced_by_an_empty_store_unasked() {
    let simulated = Simulated::linked();
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let store = simulated.home.session("main").join("session.db");
    std::fs::rename(&store, simulated.home.path().join("lost.db")).unwrap();
    for command in ["start", "restart"] {
        let outcome = simulated.home.run(&[command]);
        assert_eq!(outcome.code, 15, "{command}: {outcome:?}");
        assert!(outcome.stderr.contains("wpp restore") && outcome.stderr.contains("wpp reauth"), "{outcome:?}");
        assert!(!store.exists());
    }
    // A start waits for a backup, which brings no store back.
    let backup = Lock::acquire(&simulated.home.session("main").join("LOCK"), "backup").unwrap();
    assert_eq!(simulated.home.run(&["start"]).code, 15);
    drop(backup);
    // What was only mislaid works again, and who wants a new link gets one.
    std::fs::rename(simulated.home.path().join("lost.db"), &store).unwrap();
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    assert_eq!(simulated.state().0, "READY");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    std::fs::remove_file(&store).unwrap();
    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

#[test]
fn a_send_into_a_paused_outbox_says_why_it_waits() {
    let simulated = Simulated::linked();
    assert_eq!(simulated.home.run(&["outbound", "pause"]).code, 0);
    let outcome = simulated.home.run(&["send", PEER, "later", "--wait", "1"]);
    assert!(outcome.code == 5 && outcome.stdout.contains("paused") && outcome.stdout.contains("outbound resume"), "{outcome:?}");
    assert_eq!(simulated.home.run(&["outbound", "resume"]).code, 0);
    simulated.until("the message", || if simulated.peer_texts() == ["later"] { Ok(()) } else { Err("none".into()) });
}

#[test]
fn lost_messages_are_not_replaced_by_an_empty_store_unasked() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    simulated.peer_sends("saffron", 1);
    simulated.until("the message", || if simulated.found("saffron") == 1 { Ok(()) } else { Err("none".into()) });
    assert_eq!(home.run(&["stop"]).code, 0);
    assert_eq!(home.run(&["backup"]).code, 0);
    let (store, keys) = (home.session("main").join("wpp.db"), home.session("main").join("session.db"));
    std::fs::remove_file(&store).unwrap();
    // What is left is archived, too, and `latest` is then not the one that helps.
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(home.run(&["backup"]).code, 4);
    let mut hint = String::new();
    for command in [&["start"][..], &["restart"], &["daemon"], &["reauth"]] {
        let outcome = home.run(command);
        assert_eq!(outcome.code, 15, "{command:?}: {outcome:?}");
        assert!(outcome.stderr.contains("--new-messages") && !store.exists(), "{outcome:?}");
        hint = outcome.stderr;
    }
    // A start waits for a backup, which brings no messages back.
    let backup = Lock::acquire(&home.session("main").join("LOCK"), "backup").unwrap();
    assert_eq!(home.run(&["start"]).code, 15);
    drop(backup);
    // Who only looks is not told that there are none; an empty file is no messages either.
    for is_empty in [false, true] {
        for look in [&["chats"][..], &["messages"], &["search", "saffron"], &["events"], &["outbound", "list"], &["start"]] {
            if is_empty {
                std::fs::write(&store, "").unwrap();
            }
            let (code, value) = home.json(look);
            let message = value["message"].as_str().unwrap_or_default();
            assert_eq!(code, 15, "{look:?}: {value}");
            assert!(message.contains(store.to_str().unwrap()) && message.contains("holds its messages"), "{look:?}: {value}");
            for way in ["wpp restore ", " --plan data", "wpp backup list", "wpp start --new-messages"] {
                assert!(value["hints"].to_string().contains(way), "{look:?}: {value}");
            }
            assert_eq!(store.metadata().map_or(0, |seen| seen.len()), 0, "{look:?}");
        }
    }
    std::fs::remove_file(&store).unwrap();
    let (_, doctor) = home.json(&["doctor", "--only", "wpp.store.messages-damaged"]);
    let finding = &doctor["findings"][0];
    assert!(finding["severity"] == "error" && finding.to_string().contains("restore latest --plan data"), "{doctor}");
    // With the keys gone, too, the journal knows that there was a link.
    std::fs::rename(&keys, home.path().join("keys.db")).unwrap();
    assert_eq!(home.run(&["start"]).code, 15);
    std::fs::rename(home.path().join("keys.db"), &keys).unwrap();

    // The hint works as it stands, and so does `latest`, which says what it passed over.
    let line = hint.split('`').find(|part| part.starts_with("wpp restore")).unwrap().to_owned();
    let words: Vec<&str> =
        line.split(' ').skip(1).map(|word| word.trim_matches('\'')).chain(["--yes", "--keep-daemon-stopped"]).collect();
    let outcome = home.run(&words);
    assert!(outcome.code == 0 && store.exists(), "{outcome:?}");
    std::fs::remove_file(&store).unwrap();
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--yes"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("passed over"), "{outcome:?}");
    assert_eq!((simulated.state().0.as_str(), simulated.found("saffron")), ("READY", 1));
    assert_eq!(home.run(&["stop"]).code, 0);

    std::fs::write(&store, "").unwrap();
    let outcome = home.run(&["start", "--new-messages"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!((simulated.state().0.as_str(), simulated.found("saffron")), ("READY", 0));
    let journal = wpp::journal::Journal::open(&home.path().join("ops.db")).unwrap();
    assert!(journal.latest("main", "new_messages").unwrap().is_some());
}
