//! `wpp drill inject`: what it breaks, what it takes back, and where it never does either.

use serde_json::Value;
use wpp::drill::fault::FAULTS;

use crate::harness::TestHome;
use crate::simulated::{PEER, Simulated};

fn injected(simulated: &Simulated, line: &[&str]) -> Value {
    let (code, report) = simulated.home.json(&[&["drill", "inject"], line].concat());
    assert_eq!(code, 0, "{line:?}: {report}");
    report
}

/// Findings of the doctor that are worse than worth knowing.
fn findings(simulated: &Simulated) -> Vec<String> {
    let (_, report) = simulated.home.json(&["doctor"]);
    let found = report["findings"].as_array().unwrap_or_else(|| panic!("{report}")).clone();
    let bad = found.iter().filter(|found| found["severity"] != "ok" && found["severity"] != "info");
    bad.map(|found| found["id"].as_str().unwrap().to_owned()).collect()
}

fn has_ended(pid: &Value) -> Result<(), String> {
    let process = rustix::process::Pid::from_raw(i32::try_from(pid.as_i64().unwrap()).unwrap()).unwrap();
    match rustix::process::test_kill_process(process) {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("process {pid} lives")),
    }
}

#[test]
fn a_live_home_is_never_broken_whatever_the_fault() {
    let home = TestHome::live();
    // With a session in it, as an operator's home has; nothing of it may change.
    wpp::home::Home::create(home.path(), wpp::home::HomeKind::Live).unwrap();
    std::fs::create_dir_all(home.session("main")).unwrap();
    for (name, content) in [("session.db", "keys"), ("wpp.db", "messages")] {
        std::fs::write(home.session("main").join(name), content).unwrap();
    }
    for fault in FAULTS {
        for more in [&[][..], &["--release"], &["--helper"]] {
            let (code, error) = home.json(&[&["drill", "inject", fault.id], more].concat());
            assert_eq!((code, error["code"].as_str()), (15, Some("DENIED")), "{}: {error}", fault.id);
            assert!(error["message"].as_str().unwrap().contains("live home"), "{error}");
        }
    }
    assert_eq!(home.json(&["drill", "recovery"]).0, 15);
    assert_eq!(std::fs::read(home.session("main").join("session.db")).unwrap(), b"keys");
    assert_eq!(std::fs::read(home.session("main").join("wpp.db")).unwrap(), b"messages");
    assert_eq!(std::fs::read_dir(home.session("main")).unwrap().count(), 2);
    assert!(!home.path().join("faults").exists());
    // Only a look at the list needs no sandbox.
    assert_eq!(home.json(&["drill", "inject", "--list"]).1["data"]["faults"].as_array().unwrap().len(), FAULTS.len());
}

#[test]
fn what_does_not_last_cannot_be_taken_back_and_a_stopped_session_is_not_killed() {
    let simulated = Simulated::linked();
    for fault in FAULTS.iter().filter(|fault| !fault.lasts()) {
        assert_eq!(simulated.home.json(&["drill", "inject", fault.id, "--release"]).0, 2, "{}", fault.id);
    }
    // Files of a daemon that lives are not damaged under it.
    for fault in ["corrupt-messages", "corrupt-store", "socket-left", "lock-held"] {
        assert_eq!(simulated.home.json(&["drill", "inject", fault]).0, 11, "{fault}");
    }
    assert_eq!(simulated.home.json(&["drill", "recovery"]).0, 2, "no fault was injected");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    assert_eq!(simulated.home.json(&["drill", "inject", "kill-daemon"]).0, 4);
    assert_eq!(simulated.state().0, "STOPPED");
}

#[test]
fn a_killed_and_a_frozen_daemon_are_found_and_their_recovery_is_measured() {
    let simulated = Simulated::linked();
    let report = injected(&simulated, &["kill-daemon"]);
    assert!(simulated.daemon().is_none(), "{report}");
    let seen = findings(&simulated);
    assert!(seen.contains(&"wpp.session.daemon-died".to_owned()), "{seen:?}");
    let (code, error) = simulated.home.json(&["drill", "recovery", "--timeout", "1"]);
    assert_eq!(code, 4, "nobody has mended it: {error}");
    assert_eq!(simulated.home.run(&["doctor", "--fix", "--yes"]).code, 0);
    let (code, report) = simulated.home.json(&["drill", "recovery"]);
    let took = report["data"]["recovery_ms"].as_i64().unwrap();
    assert!(code == 0 && report["data"]["was_down"] == true && took > 1000, "{report}");
    assert_eq!(report["metrics"][0]["name"], "recovery_ms");

    injected(&simulated, &["freeze-daemon"]);
    assert!(findings(&simulated).contains(&"wpp.session.suspended".to_owned()));
    injected(&simulated, &["freeze-daemon", "--release"]);
    simulated.wait_for_state("READY", "normal");
}

#[test]
fn what_another_process_holds_is_let_go_by_itself_and_on_request() {
    let simulated = Simulated::linked();
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let report = injected(&simulated, &["lock-held", "--for", "600"]);
    assert_eq!(simulated.home.json(&["start"]).0, 11);
    // A second one would wait for the first.
    assert_eq!(simulated.home.json(&["drill", "inject", "lock-held"]).0, 11);
    injected(&simulated, &["lock-held", "--release"]);
    simulated.until("its end", || has_ended(&report["data"]["pid"]));
    assert!(!simulated.home.session("main").join("LOCK").exists(), "let go in order");
    injected(&simulated, &["lock-held", "--release"]);
    let report = injected(&simulated, &["lock-held", "--for", "1"]);
    simulated.until("its end by itself", || has_ended(&report["data"]["pid"]));
    assert_eq!(simulated.home.run(&["start"]).code, 0);
}

#[test]
fn a_full_disk_refuses_writes_loses_nothing_and_is_found() {
    let simulated = Simulated::linked();
    injected(&simulated, &["full-disk"]);
    assert_eq!(simulated.home.json(&["send", PEER, "never"]).0, 1);
    assert_ne!(simulated.home.json(&["backup"]).0, 0);
    simulated.peer_sends("while it was full", 1);
    simulated.wait_for_state("ERROR", "store_failure");
    let seen = findings(&simulated);
    for id in ["wpp.home.disk-space", "wpp.home.writable", "wpp.session.state"] {
        assert!(seen.contains(&id.to_owned()), "{seen:?}");
    }
    injected(&simulated, &["full-disk", "--release"]);
    assert_eq!(simulated.home.run(&["restart"]).code, 0);
    // It was not acknowledged, so the server sends it again.
    simulated.until("the message", || if simulated.found("full") == 1 { Ok(()) } else { Err("nothing".into()) });
    let left: Vec<String> = findings(&simulated).into_iter().filter(|id| id != "wpp.home.modes").collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_clock_that_jumps_moves_the_daemons_times_and_nothing_else() {
    let simulated = Simulated::linked();
    let stored = |text: &str| {
        simulated.peer_sends(text, 1);
        simulated.until(text, || if simulated.found(text) == 1 { Ok(()) } else { Err("nothing".into()) });
    };
    let started_ms = || simulated.home.json(&["status"]).1["data"]["started_ms"].as_i64().unwrap();
    stored("before");
    let begun_ms = started_ms();
    injected(&simulated, &["clock-jump", "--by", "-7200"]);
    stored("behind");
    assert_eq!(simulated.state(), ("READY".into(), "normal".into()));
    assert_eq!(simulated.home.run(&["restart"]).code, 0);
    assert!(started_ms() < begun_ms - 7_000_000, "{} {begun_ms}", started_ms());
    injected(&simulated, &["clock-jump", "--release"]);
    stored("after");
    assert_eq!(simulated.home.run(&["restart"]).code, 0);
    assert!(started_ms() >= begun_ms);
}
