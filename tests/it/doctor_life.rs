//! How the doctor judges a session's life, with real daemons: copies whose original was restarted, what the server said
//! last, restores, stops and moves.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use wpp::whatsapp::simulator::{Knob, Request};

use crate::doctor_home::{doctor, found, linked, only};
use crate::harness::{Outcome, TestHome};
use crate::simulated::Simulated;

const LIVING: &str = "wpp.session.living-daemon";
const TWO_HOMES: &str = "wpp.session.two-homes";
const DIED: &str = "wpp.session.daemon-died";

fn sh(line: &str) {
    let outcome = Outcome::of(Command::new("sh").args(["-ec", line]).output().unwrap());
    assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
}

fn copied(home: &TestHome) -> TestHome {
    let copy = TestHome::live();
    sh(&format!("cp -a {}/. {}/", home.path().display(), copy.path().display()));
    copy
}

fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["id"] == id && finding["severity"] != "ok").unwrap_or_else(|| panic!("{id}: {report:#}"))
}

fn holds(home: &TestHome, session: &str) -> bool {
    matches!(wpp::disk::Lock::look(&home.session(session).join("LOCK")).unwrap(), wpp::disk::LockState::Held(_))
}

#[test]
fn a_copied_home_is_left_alone_when_the_original_was_restarted_since() {
    let simulated = linked();
    let home = &simulated.home;
    let copy = copied(home);
    assert_eq!(home.run(&["restart"]).code, 0);
    let daemon = simulated.daemon().unwrap();
    let (_, report) = doctor(&copy, &["--fix", "--yes"]);
    let said = finding(&report, LIVING).to_string();
    assert!(said.contains(&home.path().display().to_string()) && said.contains(&daemon.to_string()), "{said}");
    assert!(!holds(&copy, "main"), "{report:#}");
    for verb in ["start", "restart", "daemon"] {
        let outcome = copy.run(&[verb]);
        assert!(outcome.code == 11 && outcome.stderr.contains("is a copy of the lock"), "{verb}: {outcome:?}");
    }
    assert_eq!((simulated.daemon(), simulated.state().0.as_str()), (Some(daemon), "READY"));
    // Once the original's daemon is gone, too, a person may choose, and nobody else does.
    simulated.kill_daemon();
    let (_, report) = doctor(&copy, &["--fix", "--yes"]);
    assert!(finding(&report, TWO_HOMES).to_string().contains(&home.path().display().to_string()), "{report:#}");
    assert!(!holds(&copy, "main"), "{report:#}");
    assert!(only(home, TWO_HOMES).0.is_empty());
    let (code, report) = doctor(home, &["--fix", "--yes"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
}

#[test]
fn a_home_that_was_moved_while_its_daemon_was_dead_starts() {
    let simulated = linked();
    simulated.kill_daemon();
    let root = simulated.home.path().display().to_string();
    let moved = TestHome::live();
    sh(&format!("rmdir {0} && mv {root} {0}", moved.path().display()));
    // Somebody makes a new home where it was.
    sh(&format!("mkdir -p {root}/sessions/main && touch {root}/sessions/main/session.db"));
    let (_, report) = only(&moved, TWO_HOMES);
    assert_eq!(found(&report), Vec::<String>::new(), "{report:#}");
    let outcome = moved.run(&["start"]);
    let stopped = moved.run(&["stop"]);
    sh(&format!("rm -r {root} && mv {0} {root} && mkdir {0}", moved.path().display()));
    assert_eq!((outcome.code, stopped.code), (0, 0), "{outcome:?} {stopped:?}");
}

#[test]
fn a_copy_of_a_session_is_not_started_beside_it() {
    let simulated = linked();
    let home = &simulated.home;
    let [main, copy, later] = ["main", "copy", "a-later"].map(|name| home.session(name).display().to_string());
    sh(&format!("cp -a {main} {copy}"));
    assert_eq!(home.run(&["restart"]).code, 0);
    let (_, report) = doctor(home, &["--session", "copy", "--fix", "--yes"]);
    assert!(finding(&report, LIVING)["summary"].as_str().unwrap().contains("copy of session main"), "{report:#}");
    assert!(!holds(home, "copy"), "{report:#}");
    let outcome = home.run(&["start", "--session", "copy"]);
    assert_eq!(outcome.code, 11, "{outcome:?}");
    sh(&format!("rm -r {copy}"));
    simulated.kill_daemon();
    sh(&format!("cp -a {main} {later}"));
    let (_, report) = doctor(home, &["--all", "--fix", "--yes"]);
    assert!(!holds(home, "main") && !holds(home, "a-later"), "{report:#}");
    // The copy's name sorts first, and it is the one to be reset all the same.
    let command = finding(&report, "wpp.store.twins")["remedy"]["command"].to_string();
    assert!(command.contains("a-later"), "{command}");
    sh(&format!("rm -r {later}"));
    let (code, report) = doctor(home, &["--all", "--fix", "--yes"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
}

/// What `--fix` leaves alone once the daemon that heard the server is killed.
#[track_caller]
fn stays_dead(simulated: &Simulated, id: &str) -> String {
    simulated.kill_daemon();
    let home = &simulated.home;
    let (code, report) = doctor(home, &["--fix", "--yes"]);
    assert!(code == 3 && simulated.daemon().is_none(), "{report:#}");
    let died = finding(&report, DIED);
    assert!(died["remedy"]["fix"].is_null(), "{died}");
    finding(&report, id).to_string()
}

#[test]
fn nobody_logs_in_during_a_ban_that_only_wpp_db_knows_of() {
    let simulated = linked();
    simulated.ask(Request::Set { knob: Knob::LoginFailure { code: 402, times: None, expire_s: Some(7200) } });
    simulated.ask(Request::Close);
    simulated.wait_for_state("ERROR", "temporary_ban");
    let said = stays_dead(&simulated, "wpp.session.banned");
    assert!(said.contains("critical") && said.contains("for 1 h more"), "{said}");
    // Nor after a stop, while it is not over.
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let (_, report) = doctor(&simulated.home, &["--fix", "--yes"]);
    assert_eq!(found(&report), ["wpp.session.banned"], "{report:#}");
}

#[test]
fn a_session_whose_place_another_client_took_is_not_thrown_back_into_the_fight() {
    let simulated = linked();
    let copy = copied(&simulated.home);
    // Without what shows here whose copy it is, as on another machine.
    std::fs::remove_file(copy.session("main").join("LOCK")).unwrap();
    sh(&format!("rm {}/ops.db*", copy.path().display()));
    assert_eq!(copy.run(&["start"]).code, 0);
    simulated.wait_for_state("ERROR", "stream_replaced");
    let said = stays_dead(&simulated, "wpp.session.replaced");
    assert!(said.contains("find the other client"), "{said}");
    assert_eq!(copy.run(&["stop"]).code, 0);
}

#[test]
fn what_a_person_has_locked_down_is_not_started() {
    let simulated = linked();
    let home = &simulated.home;
    simulated.kill_daemon();
    std::fs::write(home.path().join("LOCKDOWN"), "").unwrap();
    let (_, report) = doctor(home, &["--fix", "--yes"]);
    assert!(simulated.daemon().is_none() && finding(&report, DIED).to_string().contains("locked down"), "{report:#}");
    std::fs::remove_file(home.path().join("LOCKDOWN")).unwrap();
    doctor(home, &["--fix", "--yes"]);
    assert!(simulated.daemon().is_some());
}

#[test]
fn after_a_stop_the_doctor_has_nothing_to_say_of_a_daemon_that_had_died() {
    let simulated = linked();
    let home = &simulated.home;
    simulated.kill_daemon();
    assert!(found(&doctor(home, &["--fail-on", "never"]).1).contains(&DIED.to_owned()));
    let outcome = home.run(&["stop"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("cleared away"), "{outcome:?}");
    for name in ["LOCK", "daemon.sock"] {
        assert!(!home.session("main").join(name).exists(), "{name}");
    }
    let (code, report) = doctor(home, &["--fix", "--yes"]);
    assert_eq!((code, found(&report), simulated.daemon()), (0, vec![], None), "{report:#}");
    let outcome = home.run(&["stop"]);
    assert!(outcome.code == 0 && !outcome.stdout.contains("cleared away"), "{outcome:?}");
}

#[test]
fn a_home_that_was_moved_under_its_daemon_is_stopped_and_stays_so() {
    let simulated = linked();
    let root = simulated.home.path().display().to_string();
    let moved = TestHome::live();
    sh(&format!("rmdir {0} && mv {root} {0}", moved.path().display()));
    let stopped = moved.run(&["stop"]);
    let left: Vec<_> = ["LOCK", "daemon.sock"].into_iter().filter(|name| moved.session("main").join(name).exists()).collect();
    let (code, report) = doctor(&moved, &["--fix", "--yes"]);
    let is_running = holds(&moved, "main");
    sh(&format!("mv {0} {root} && mkdir {0}", moved.path().display()));
    assert_eq!(stopped.code, 0, "{stopped:?}");
    assert_eq!((left, code, found(&report), is_running), (vec![], 0, vec![], false), "{report:#}");
}

/// Looks on while `acts` are typed, and has nothing worse to say than that they go on.
fn nothing_alarms_during(home: &TestHome, acts: &[&[&str]], alarms: &[&str]) {
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let looks = threads.spawn(|| {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let (_, report) = doctor(home, &["--session", "main", "--no-record", "--fail-on", "never"]);
                for finding in report["findings"].as_array().into_iter().flatten() {
                    let is_bad = !["ok", "info", "unknown"].contains(&finding["severity"].as_str().unwrap_or_default());
                    if is_bad && alarms.iter().any(|id| finding["id"] == *id) {
                        seen.push(finding["summary"].to_string());
                    }
                }
            }
            seen
        });
        let acts = (0..4).flat_map(|_| acts).map(|act| (act, home.run(act)));
        let failed = acts.filter(|(_, outcome)| outcome.code != 0).collect::<Vec<_>>();
        done.store(true, Ordering::Relaxed);
        let seen = looks.join().unwrap();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(seen.is_empty(), "{seen:#?}");
    });
}

#[test]
fn restores_and_resets_are_no_losses() {
    let simulated = linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["backup"]).code, 0);
    let alarms = [
        "wpp.session.folder",
        "wpp.session.files-gone",
        "wpp.store.session-damaged",
        "wpp.store.messages-damaged",
        "wpp.store.not-paired",
        DIED,
    ];
    nothing_alarms_during(home, &[&["reset", "--yes"], &["restore", "latest", "--yes"]], &alarms);
}

#[test]
fn stops_starts_and_restarts_are_no_deaths() {
    let simulated = linked();
    let alarms = [DIED, "wpp.session.daemon-silent", "wpp.session.stale-lock", "wpp.session.stale-socket"];
    nothing_alarms_during(&simulated.home, &[&["restart"], &["stop"], &["start"]], &alarms);
}
