//! `wpp drill`: every drill passes, notices when what it drills does not happen, and harms nobody.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use wpp::runbook::front::Kind;
use wpp::runbook::library::SHIPPED;
use wpp::runbook::parse::Runbook;

use crate::doubles::Baileys;
use crate::gateway_verbs::Bench;
use crate::harness::{TestHome, is_running};
use crate::simulated::{PEER, Simulated};

/// The sandbox that a drill kept; removed with the value, and without a daemon in it.
struct Kept(PathBuf);

impl Kept {
    fn of(report: &Value) -> Kept {
        let kept = Kept(report["data"]["sandbox"].as_str().unwrap_or_else(|| panic!("no kept sandbox: {report}")).into());
        assert!(kept.0.is_dir());
        assert!(!kept.0.join("DRILL").exists(), "the next drill takes it for one that was killed, and removes it");
        for name in ["main", "fresh"] {
            let lock = wpp::disk::Lock::look(&kept.0.join("sessions").join(name).join("LOCK")).unwrap();
            assert!(!matches!(lock, wpp::disk::LockState::Held(_)), "the drill left a daemon behind");
        }
        kept
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn shipped(id: &str) -> &'static str {
    SHIPPED.iter().find(|(name, _)| *name == id).unwrap_or_else(|| panic!("there is no {id}")).1
}

/// The step that deviated.
fn noticed(report: &Value) -> Option<String> {
    let steps = report["steps"].as_array().unwrap_or_else(|| panic!("{report}"));
    let step = steps.iter().find(|step| step["verdict"] == "fail")?;
    Some(step["title"].as_str().unwrap().to_owned())
}

fn passes(id: &str) {
    let home = TestHome::live();
    let (code, report) = home.json(&["drill", "run", id]);
    if code != 0 {
        let _kept = Kept::of(&report);
        panic!("{report:#}");
    }
    assert_eq!(report["data"]["sandbox"], Value::Null);
    assert_eq!(report["data"]["outcome"], "pass");
    let recovery_ms = report["data"]["recovery_ms"].as_u64().unwrap_or_else(|| panic!("{id} measured no recovery"));
    assert!(recovery_ms > 0 && recovery_ms < 120_000, "{recovery_ms}");
    assert!(report["metrics"].as_array().unwrap().iter().any(|metric| metric["name"] == "recovery_ms"));
    let text = std::fs::read_to_string(report["data"]["report"].as_str().unwrap()).unwrap();
    assert!(text.contains("recovery_ms") && text.contains("Verdict: **pass**"), "{text}");
    // Nothing of it is in the operator's home but the journal and the report.
    assert!(!home.path().join("sessions").exists());
}

/// A text with one block's lines replaced by a line that does nothing.
fn idle(text: &str, id: &str, fence: &str) -> String {
    let opening = text.lines().find(|line| line.trim_start().starts_with("```wpp id=") && line.contains(&format!("id={fence}")));
    let opening = opening.unwrap_or_else(|| panic!("{id} has no block {fence}"));
    let (before, rest) = text.split_once(&format!("{opening}\n")).unwrap();
    let (_, after) = rest.split_once("```").unwrap();
    let indent: String = opening.chars().take_while(|c| *c == ' ').collect();
    // What a line would have to say that is not there is not expected of another one.
    let opening = [" expect=\"$", " expect=\"exit=0; $"]
        .iter()
        .fold(opening, |opening, expect| opening.split_once(expect).map_or(opening, |(opening, _)| opening));
    // What is told of it later has a value all the same.
    let opening = &match opening.split_once(" save=") {
        Some((opening, saved)) => format!("{opening} save={}:$.schema", saved.split(':').next().unwrap()),
        None => opening.to_owned(),
    };
    // What does not happen need not be waited for long; what happens before it takes its time.
    let long = ["retries=20", "retries=30", "retries=40", "retries=60"];
    let after = long.iter().fold(after.to_owned(), |after, long| after.replace(long, "retries=3"));
    let after = after.replace("--timeout 40", "--timeout 2").replace("--wait 40", "--wait 2");
    // Without the fault, the acknowledgement comes as soon as the machine lets it.
    let after = if (id, fence) == ("lost-acks", "fault") { after.replace("--wait 1\n", "--wait 20\n") } else { after };
    format!("{before}{opening}\n{indent}wpp config\n{indent}```{after}")
}

/// The drill without what these blocks do.
fn without(home: &TestHome, id: &str, fences: &[&str]) -> PathBuf {
    let mutated = fences.iter().fold(shipped(id).to_owned(), |text, fence| idle(&text, id, fence));
    let path = home.path().join(format!("{id}.md"));
    std::fs::write(&path, mutated).unwrap();
    path
}

fn deviates(id: &str, without_fences: &[&str], notices: &str) {
    let home = TestHome::live();
    let path = without(&home, id, without_fences);
    deviates_at(&home, &path, id, notices);
}

fn deviates_at(home: &TestHome, path: &Path, id: &str, notices: &str) {
    let (code, report) = home.json(&["drill", "run", path.to_str().unwrap()]);
    let kept = Kept::of(&report);
    assert_eq!((code, report["data"]["outcome"].as_str()), (4, Some("deviated")), "{id}: {report:#}");
    let step = noticed(&report).unwrap_or_else(|| panic!("{report:#}"));
    assert!(step.contains(notices), "{id}: noticed by {step:?}, and should be by {notices:?}: {report:#}");
    let next = report["next"].as_array().unwrap();
    assert!(next[0].as_str().unwrap().contains(kept.0.to_str().unwrap()), "how to look at it is said: {next:?}");
}

/// One test for each drill: it passes, and it deviates when the block in the second column does
/// nothing, seen by the step in the third.
macro_rules! drills {
    ($($test:ident $id:literal $fence:literal $notices:literal)*) => {
        const TABLE: &[&str] = &[$($id),*];
        $(#[test]
        fn $test() {
            passes($id);
            deviates($id, &[$fence], $notices);
        })*
    };
}

/// One test for each drill in which somebody mends something: it deviates when nobody does, seen by the step in
/// the second column.
macro_rules! mends {
    ($($test:ident $id:literal $notices:literal)*) => {
        const MENDED: &[&str] = &[$($id),*];
        mod unmended {
            $(#[test]
            fn $test() {
                super::deviates($id, &["mend"], $notices);
            })*
        }
    };
}

mends! {
    kill_daemon "kill-daemon" "recovery"
    freeze_daemon "freeze-daemon" "recovery"
    socket_left "socket-left" "recovery"
    lock_held "lock-held" "recovery"
    full_disk "full-disk" "nothing-lost"
    corrupt_messages "corrupt-messages" "came-back"
    corrupt_store "corrupt-store" "recovery"
    search_lost "search-lost" "indexed"
    clock_jump "clock-jump" "recovery"
    logged_out "logged-out" "recovery"
    main_device_gone "main-device-gone" "recovery"
    stream_replaced "stream-replaced" "recovery"
    banned "banned" "recovery"
    client_outdated "client-outdated" "recovery"
    unavailable "unavailable" "recovery"
    silent "silent" "recovery"
    slow_network "slow-network" "as-before"
    lost_acks "lost-acks" "outbox-empty"
    passkey "passkey" "recovery"
    smoke "smoke" "mended"
}

#[test]
fn a_send_on_a_slow_network_is_measured() {
    let (home, id) = (TestHome::live(), "slow-network");
    // The server says that it is slow, and is not as slow as is asked for: how long a send takes without it is for
    // the machine to say.
    let path = without(&home, id, &["fault", "seen-slow"]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("took_ms>=300\"").count(), 1, "{text}");
    std::fs::write(&path, text.replace("took_ms>=300\"", "took_ms>=20000\"")).unwrap();
    deviates_at(&home, &path, id, "slow-send");
}

drills! {
    kill_daemon "kill-daemon" "fault" "seen-state"
    freeze_daemon "freeze-daemon" "fault" "seen-state"
    socket_left "socket-left" "fault" "seen-findings"
    lock_held "lock-held" "fault" "refused"
    database_busy "database-busy" "fault" "held"
    full_disk "full-disk" "fault" "refused"
    corrupt_messages "corrupt-messages" "fault" "seen-findings"
    corrupt_store "corrupt-store" "fault" "seen-findings"
    search_lost "search-lost" "fault" "degraded"
    clock_jump "clock-jump" "behind" "seen-findings"
    logged_out "logged-out" "fault" "seen-state"
    main_device_gone "main-device-gone" "fault" "seen-state"
    stream_replaced "stream-replaced" "fault" "seen-state"
    banned "banned" "fault" "seen-state"
    client_outdated "client-outdated" "fault" "seen-state"
    unavailable "unavailable" "fault" "seen-state"
    silent "silent" "fault" "seen-state"
    slow_network "slow-network" "fault" "seen-slow"
    lost_acks "lost-acks" "fault" "not-known"
    passkey "passkey" "fault" "stalled"
    smoke "smoke" "kill" "found-dead"
}

#[test]
fn every_drill_that_wpp_brings_is_in_the_tables() {
    let drills: Vec<Runbook> = SHIPPED.iter().map(|(_, text)| Runbook::parse(text).unwrap().0).collect();
    for drill in drills.iter().filter(|drill| drill.front.kind == Kind::Drill && drill.front.sandbox) {
        assert!(TABLE.contains(&drill.front.id.as_str()), "{} is in no test", drill.front.id);
        let mends = drill.fences.iter().any(|fence| fence.id == "mend");
        assert_eq!(MENDED.contains(&drill.front.id.as_str()), mends, "{}", drill.front.id);
    }
}

#[test]
fn each_drill_states_state_reason_finding_alert_and_how_long_recovery_took() {
    let drills: Vec<Runbook> = SHIPPED.iter().map(|(_, text)| Runbook::parse(text).unwrap().0).collect();
    for drill in drills.iter().filter(|drill| drill.front.sandbox) {
        let id = &drill.front.id;
        let block = |name: &str| drill.fence(name).unwrap_or_else(|| panic!("{id} has no block {name}"));
        let expects = |fence: &wpp::runbook::fence::Fence| {
            let (_, expect) = fence.attributes.iter().find(|(name, _)| name == "expect").cloned().unwrap_or_default();
            expect
        };
        let state = expects(block("seen-state"));
        // One that does not answer has neither.
        let is_told = state.contains("$.data.state==") && state.contains("$.data.reason==");
        assert!(is_told || id == "freeze-daemon" && state.contains("$.message~answer"), "{id}: {state}");
        let findings = drill.fence("seen-findings").unwrap_or_else(|| block("found-dead"));
        let none = findings.body.contains("--fail-on warning") && expects(findings).is_empty();
        assert!(none || expects(findings).contains("finding=wpp."), "{id}: {:?}", findings.body);
        let alert = block("seen-alert");
        let none_due = expects(alert).contains("~Nothing to tell");
        assert!(alert.body.contains("wpp alert run"), "{id}");
        assert!(none_due || expects(alert).contains("~(warning|error|critical): wpp[.]"), "{id}: {}", expects(alert));
        // None is due only where the doctor finds nothing that anybody is to be told of.
        assert!(!none_due || none || id == "lock-held", "{id}");
        assert!(block("recovery").body.contains("wpp drill recovery"), "{id}");
    }
}

#[test]
fn an_alert_that_is_sent_where_none_is_due_is_noticed() {
    let home = TestHome::live();
    // The daemon dies, and no other block looks.
    let text = shipped("slow-network").replace("wpp drill inject slow-network --delay-ms 300", "wpp drill inject kill-daemon");
    let text = ["seen-slow", "slow-send", "seen-state", "seen-findings"]
        .iter()
        .fold(text, |text, fence| idle(&text, "slow-network", fence));
    let path = home.path().join("slow-network.md");
    std::fs::write(&path, text).unwrap();
    let (code, report) = home.json(&["drill", "run", path.to_str().unwrap()]);
    let _kept = Kept::of(&report);
    assert_eq!(code, 4, "{report:#}");
    assert!(noticed(&report).unwrap().contains("seen-alert"), "{report:#}");
}

#[test]
fn drills_are_listed_shown_and_planned_and_runbooks_are_none() {
    let home = TestHome::live();
    let (code, report) = home.json(&["drill", "list"]);
    let names: Vec<&str> =
        report["data"]["drills"].as_array().unwrap().iter().map(|drill| drill["name"].as_str().unwrap()).collect();
    assert!(
        code == 0 && names.contains(&"smoke") && names.contains(&"weekly-qr-relogin") && !names.contains(&"restart"),
        "{names:?}"
    );
    let (code, report) = home.json(&["drill", "show", "full-disk"]);
    assert!(code == 0 && report["data"]["text"].as_str().unwrap().contains("wpp drill inject full-disk"));
    let (code, report) = home.json(&["drill", "run", "full-disk", "--dry-run"]);
    assert!(code == 0 && report["data"]["sandbox"] == true, "{report}");
    assert!(!home.path().join("ops.db").exists(), "a plan does nothing");
    assert_eq!(home.json(&["drill", "run", "restart"]).0, 2);
    assert_eq!(home.json(&["drill", "run", "nothing"]).0, 2);
}

#[test]
fn an_interrupted_drill_ends_soon_and_leaves_no_process() {
    let home = TestHome::live();
    let mut child = home
        .command(&["drill", "run", "unavailable", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its first step says that it listens for signals; the rest is read so that it never waits for us.
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    let reader = std::thread::spawn(move || stdout.lines().map_while(Result::ok).last().unwrap_or_default());
    std::thread::sleep(Duration::from_millis(50));
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    let _kept = Kept::of(&report);
    assert_eq!(output.status.code(), Some(130), "{report}");
    assert_eq!(report["data"]["outcome"], "aborted");
}

#[test]
fn a_drill_that_passes_advises_nothing_about_its_own_sandbox_and_the_readme_shows_it_as_it_is() {
    let home = TestHome::live();
    let smoke = home.run(&["drill", "run", "smoke"]);
    assert_eq!(smoke.code, 0, "{smoke:?}");
    assert!(!smoke.stderr.contains("to mend") && !smoke.stderr.contains("Scan it"), "{}", smoke.stderr);
    assert!(!smoke.stdout.contains("next:"), "{}", smoke.stdout);
    let last = smoke.stdout.lines().find(|line| line.starts_with("Drill smoke: pass, ")).unwrap();
    let steps = last.split(" in ").next().unwrap();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("\n{steps} in ")), "README.md does not show {steps:?}");
    let (drill, _) = Runbook::parse(shipped("smoke")).unwrap();
    let shown = readme.lines().filter_map(|line| line.strip_prefix("      ok  ")?.split_once(": ")).map(|(id, _)| id);
    assert!(shown.clone().count() > 9 && shown.clone().all(|id| drill.fence(id).is_some()), "{:?}", shown.collect::<Vec<_>>());
}

#[test]
fn what_the_operators_environment_says_of_sessions_is_not_meant_for_a_sandbox() {
    let home = TestHome::live();
    let output = home.command(&["drill", "run", "socket-left", "--quiet"]).env("WPP_SESSION", "sales").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!home.path().join("sessions").exists());
}

/// Sends what the drill needs to know.
fn relogin(simulated: &Simulated, more: &[&str]) -> (i32, Value) {
    let number = format!("number={PEER}");
    let line = ["drill", "run", "weekly-qr-relogin", "--yes", "--set", &number, "--set", "phone=simulated"];
    simulated.home.json(&[&line[..], more].concat())
}

fn linked_device(simulated: &Simulated) -> usize {
    let status = simulated.ask(wpp::whatsapp::simulator::Request::Status);
    status["companions"].as_array().unwrap().iter().filter(|companion| companion["unlinked"] == false).count()
}

#[test]
fn the_weekly_drill_probes_a_session_and_logs_out_only_when_told_and_never_the_only_one() {
    let simulated = Simulated::linked();
    let paused = || simulated.home.json(&["status"]).1["data"]["outbound_paused"].clone();
    let connects = || {
        let journal = wpp::journal::Journal::open(&simulated.home.path().join("ops.db")).unwrap();
        journal.history("main", "connect").unwrap().len()
    };
    let before = connects();
    let (code, report) = relogin(&simulated, &[]);
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
    assert_eq!(connects(), before, "a probe does not touch the link");
    assert!(simulated.peer_texts().iter().any(|text| text.starts_with("Weekly drill")));
    // It says that it only probed, wherever it says that it passed, and it saw a message arrive.
    assert!(report["title"].as_str().unwrap().contains("probed only: not linked anew"), "{report:#}");
    assert!(report["data"]["remarks"][0].as_str().unwrap().starts_with("probed only"), "{report:#}");
    let page = std::fs::read_to_string(report["data"]["report"].as_str().unwrap()).unwrap();
    assert!(page.contains("probed only: not linked anew"), "{page}");
    assert_eq!(simulated.found("back"), 1);
    // That the peer wrote what it was asked for is no leak of the evidence.
    let (code, doctor) = simulated.home.json(&["doctor", "--only", "wpp.security.report-leaks"]);
    assert_eq!(code, 0, "{doctor:#}");

    // The only linked session of the home is never logged out, and nothing is begun.
    let unlink = ["--set", "unlink=yes"];
    let (code, report) = relogin(&simulated, &unlink);
    assert_eq!((code, report["data"]["outcome"].as_str()), (5, Some("skipped")), "{report:#}");
    assert_eq!((simulated.state().0, linked_device(&simulated), paused()), ("READY".into(), 1, Value::Bool(false)));
    assert_eq!(simulated.home.json(&["drill", "guard", "other-linked-session"]).0, 15);

    let outcome = simulated.link_with(&["reauth", "--timeout", "20", "--session", "other"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(simulated.home.json(&["drill", "guard", "other-linked-session"]).0, 0);
    // The other one goes on meanwhile, and keeps its link.
    let other = || simulated.home.json(&["status", "--session", "other"]).1["data"].clone();
    let since = other()["since_ms"].clone();
    let (code, report) = relogin(&simulated, &unlink);
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
    assert!(connects() > before);
    assert_eq!((simulated.state().0, paused()), ("READY".into(), Value::Bool(false)));
    assert_eq!((other()["state"].as_str(), &other()["since_ms"]), (Some("READY"), &since), "the other session was harmed");
    let title = report["title"].as_str().unwrap();
    assert!(title.contains("linked anew by QR code") && !title.contains("probed only"), "{title}");
}

#[test]
fn a_session_that_is_logged_out_is_no_other_linked_session() {
    let simulated = Simulated::linked();
    let guard = || simulated.home.run(&["drill", "guard", "other-linked-session"]);
    assert_eq!(simulated.link_with(&["reauth", "--timeout", "20", "--session", "other"]).code, 0);
    assert_eq!(guard().code, 0);
    assert_eq!(simulated.home.run(&["drill", "inject", "logged-out", "--session", "other"]).code, 0);
    simulated.until("the logout", || {
        let state = simulated.home.json(&["status", "--session", "other"]).1["data"]["state"].clone();
        if state == "AUTH_REQUIRED" { Ok(()) } else { Err(state.to_string()) }
    });
    assert_eq!(simulated.state().0, "READY", "the fault is of one session alone");
    let outcome = guard();
    assert!(outcome.code == 15 && outcome.stderr.contains("other is AUTH_REQUIRED (logged_out)"), "{outcome:?}");
    // Stopped, its store still holds the identity that the phone removed; without wpp.db the journal knows.
    assert_eq!(simulated.home.run(&["stop", "--session", "other"]).code, 0);
    let outcome = guard();
    assert!(outcome.code == 15 && outcome.stderr.contains("other is STOPPED (logged_out)"), "{outcome:?}");
    for name in ["wpp.db", "wpp.db-wal", "wpp.db-shm"] {
        let _ = std::fs::remove_file(simulated.home.session("other").join(name));
    }
    assert_eq!(guard().code, 15);
    let unlink = ["--set", "unlink=yes"];
    let (code, report) = relogin(&simulated, &unlink);
    assert_eq!((code, report["data"]["outcome"].as_str()), (5, Some("skipped")), "{report:#}");
    assert_eq!((simulated.state().0.as_str(), linked_device(&simulated)), ("READY", 1));
}

#[test]
fn a_weekly_drill_whose_link_does_not_come_is_escalated_with_sending_resumed() {
    let simulated = Simulated::linked();
    assert_eq!(simulated.link_with(&["reauth", "--timeout", "20", "--session", "other"]).code, 0);
    // Somebody is on call.
    let notices = simulated.home.path().join("notices.txt");
    let config = simulated.home.path().join("config.toml");
    let settings = std::fs::read_to_string(&config).unwrap();
    let on_call = format!("\n[contacts.on-call]\nrole = \"on call\"\ncommand = [\"tee\", \"-a\", {:?}]\n", notices);
    std::fs::write(&config, settings + &on_call).unwrap();
    // The account asks for a passkey, which nobody confirms: three tries, then the log as evidence.
    let text = shipped("weekly-qr-relogin").replace("--timeout 180", "--timeout 2").replace("every=5s", "every=1s");
    let path = simulated.home.path().join("weekly-qr-relogin.md");
    std::fs::write(&path, text.replace("retries=30", "retries=1")).unwrap();
    simulated.ask(wpp::whatsapp::simulator::Request::Set { knob: wpp::whatsapp::simulator::Knob::PasskeyStage });
    let number = format!("number={PEER}");
    let line =
        ["drill", "run", path.to_str().unwrap(), "--yes", "--set", &number, "--set", "unlink=yes", "--set", "phone=simulated"];
    let (code, report) = simulated.home.json(&line);
    assert_eq!((code, report["data"]["outcome"].as_str()), (4, Some("deviated")), "{report:#}");
    let journal = wpp::journal::Journal::open(&simulated.home.path().join("ops.db")).unwrap();
    let (_, state) = wpp::runbook::record::all(&journal).unwrap().pop().unwrap();
    let done = |id: &str| state.done.iter().find(|done| done.id == id).unwrap_or_else(|| panic!("{id}: {state:#?}")).clone();
    assert_eq!(done("link").tries, 3);
    assert!(done("evidence-log").transcript.is_some(), "the log is kept");
    assert!(noticed(&report).is_some());
    let resumed = &simulated.home.json(&["status"]).1["data"]["outbound_paused"];
    assert_eq!(resumed, &Value::Bool(false), "{report:#}");
    // Told after this one run, with what somebody who was not there needs.
    let notices = std::fs::read_to_string(&notices).unwrap_or_else(|error| panic!("nobody was told ({error}): {report:#}"));
    for words in
        ["Because: link", "The block link was tried 3 times", "Session main is AUTH_REQUIRED", "wpp reauth --session main"]
    {
        assert!(notices.contains(words), "{words:?} is not in {notices}");
    }
    assert!(notices.contains(state.evidence.to_str().unwrap()), "{notices}");
    let _ = simulated.home.json(&["drill", "inject", "phone-scan", "--release"]);
}

#[test]
fn a_weekly_drill_that_receives_nothing_deviates() {
    let simulated = Simulated::linked();
    let text = shipped("weekly-qr-relogin")
        .replace("wpp simulator --ask '{\"op\":\"peer_send\"", "wpp simulator --ask '{\"op\":\"status\"");
    let path = simulated.home.path().join("weekly-qr-relogin.md");
    std::fs::write(&path, text.replace("retries=60 every=1s", "retries=1 every=1s")).unwrap();
    let number = format!("number={PEER}");
    let line = ["drill", "run", path.to_str().unwrap(), "--yes", "--set", &number, "--set", "phone=simulated"];
    let (code, report) = simulated.home.json(&line);
    assert_eq!((code, report["data"]["outcome"].as_str()), (4, Some("deviated")), "{report:#}");
    assert!(noticed(&report).unwrap().contains("received"), "{report:#}");
    // What is verified once more after it was taken back bothers nobody a second time.
    assert_eq!(simulated.peer_texts().len(), 1, "{:?}", simulated.peer_texts());
    let again: Vec<&str> = report["steps"].as_array().unwrap().iter().filter_map(|step| step["title"].as_str()).collect();
    let again: Vec<&&str> = again.iter().filter(|title| title.starts_with("again ")).collect();
    assert!(again.iter().any(|title| title.contains("ready-after")), "{report:#}");
    assert!(!again.iter().any(|title| title.contains("received") || title.contains("test-message")), "{report:#}");
    // With nobody there it is not tried, and that is said.
    let line = ["drill", "run", "weekly-qr-relogin", "--yes", "--set", &number, "--set", "phone=nobody"];
    let (code, report) = simulated.home.json(&line);
    assert_eq!(code, 0, "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("whether it receives was not tried"), "{report:#}");
}

#[test]
fn a_weekly_drill_that_asks_and_finds_nobody_there_begins_nothing() {
    let simulated = Simulated::linked();
    let number = format!("number={PEER}");
    // Nobody is at the terminal of a test.
    let (code, report) = simulated.home.json(&["drill", "run", "weekly-qr-relogin", "--yes", "--set", &number]);
    assert_eq!((code, report["data"]["outcome"].as_str()), (20, Some("aborted")), "{report:#}");
    let steps: Vec<&str> = report["steps"].as_array().unwrap().iter().filter_map(|step| step["title"].as_str()).collect();
    assert!(steps.last().unwrap().starts_with("somebody-answers"), "{steps:?}");
    assert_eq!(simulated.peer_texts(), Vec::<String>::new());
    assert_eq!(simulated.home.json(&["status"]).1["data"]["outbound_paused"], Value::Bool(false));
}

#[test]
fn what_somebody_paused_stays_paused_whatever_becomes_of_the_weekly_drill() {
    let simulated = Simulated::linked();
    let paused = || simulated.home.json(&["status"]).1["data"]["outbound_paused"].clone();
    assert_eq!(simulated.home.run(&["outbound", "pause"]).code, 0);
    assert_eq!(simulated.home.run(&["send", PEER, "this waits", "--wait", "0"]).code, 0);
    let (code, report) = relogin(&simulated, &[]);
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("nothing was sent"), "{report:#}");
    assert_eq!((paused(), simulated.peer_texts()), (Value::Bool(true), Vec::<String>::new()));
    // And after one that fails.
    let text = shipped("weekly-qr-relogin").replace("wpp search \"back {{run}}\"", "wpp search \"nowhere {{run}}\"");
    let path = simulated.home.path().join("weekly-qr-relogin.md");
    std::fs::write(&path, text.replace("retries=60 every=1s", "retries=1 every=1s")).unwrap();
    let number = format!("number={PEER}");
    let line = ["drill", "run", path.to_str().unwrap(), "--yes", "--set", &number, "--set", "phone=simulated"];
    assert_eq!(simulated.home.json(&line).0, 4);
    assert_eq!((paused(), simulated.peer_texts()), (Value::Bool(true), Vec::<String>::new()));
}

/// The words that run the weekly drill on a session of a gateway, with an operator who has done what is asked.
fn relogin_there(drill: &str, session: &str) -> Vec<String> {
    let line = ["drill", "run", drill, "--yes", "--session", session, "--set", "number=628123456789", "--format", "json"];
    let asked = [
        "phone-at-hand",
        "somebody-answers",
        "pause-by-hand",
        "resumed-by-hand",
        "resume-by-hand",
        "arrived",
        "evidence-log-there",
    ];
    let answers = asked.iter().flat_map(|id| ["--answer".to_owned(), format!("{id}=yes")]);
    line.into_iter().map(str::to_owned).chain(answers).collect()
}

/// Runs it; `scan` is what the phone does with each code that is shown.
fn linked_there(bench: &Bench<Baileys>, line: &[String], scan: impl Fn()) -> (i32, Value) {
    let words: Vec<&str> = line.iter().map(String::as_str).collect();
    let mut child = bench.home.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut last = Value::Null;
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        last = serde_json::from_str(&line).unwrap();
        if last["event"] == "qr_code" {
            scan();
        }
    }
    (child.wait().unwrap().code().unwrap(), last)
}

#[test]
fn the_weekly_drill_links_a_session_of_a_gateway_and_only_probes_one_that_is_open() {
    let bench = Bench::new("baileys", "", None, Baileys::well());
    let nobody = || panic!("a session that is open needs no code");
    let (code, report) = linked_there(&bench, &relogin_there("weekly-qr-relogin", "baileys:agent1"), nobody);
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("probed only: not linked anew"), "{report:#}");
    let asked: Vec<String> = bench.double.asked().iter().map(crate::doubles::Asked::line).collect();
    let times = |line: &str| asked.iter().filter(|asked| *asked == line).count();
    assert_eq!((times("POST /sessions/agent1/connect"), times("POST /sessions/agent1/messages")), (0, 1), "{asked:?}");

    // One that waits for its phone: the code is drawn, scanned, and the session opens.
    let closed = serde_json::json!({"sessionId": "a2", "connection": "close", "paused": false, "qr": "2@a-code-to-scan,b,c,d,1"});
    bench.double.state().sessions.push(closed);
    let scanned = std::cell::Cell::new(0);
    let (code, report) = linked_there(&bench, &relogin_there("weekly-qr-relogin", "baileys:a2"), || {
        scanned.set(scanned.get() + 1);
        let state = &mut bench.double.state().sessions[1];
        state["connection"] = "open".into();
        state.as_object_mut().unwrap().remove("qr");
    });
    let connects = bench.double.asked().iter().filter(|asked| asked.line() == "POST /sessions/a2/connect").count();
    assert_eq!((scanned.get(), connects), (1, 1), "{report:#}");
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
    let title = report["title"].as_str().unwrap();
    assert!(title.contains("a QR code appeared, and it is linked anew") && !title.contains("probed only"), "{title}");
    // Unattended, nobody is asked, and the report says what was not done.
    let line = ["drill", "run", "weekly-qr-relogin", "--yes", "--session", "baileys:a2", "--set", "phone=nobody"];
    let (code, report) = bench.home.json(&[&line[..], &["--set", "number=628123456789"]].concat());
    assert_eq!(code, 0, "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("was not paused, and nobody saw"), "{report:#}");
    // The last session that is open there is not given up without somebody who says that there is another.
    let (code, report) = bench.home.json(&[&line[..], &["--set", "number=628123456789", "--set", "unlink=yes"]].concat());
    assert!(code != 0 && report["data"]["outcome"] != "pass", "{report:#}");
}

#[test]
fn a_weekly_drill_on_a_gateway_whose_code_nobody_scans_is_escalated_after_three_tries() {
    let bench = Bench::new("baileys", "", None, Baileys::well());
    let closed = serde_json::json!({"sessionId": "a2", "connection": "close", "paused": false, "qr": "2@a-code-to-scan,b,c,d,1"});
    bench.double.state().sessions.push(closed);
    let (notices, config) = (bench.home.path().join("notices.txt"), bench.home.path().join("config.toml"));
    let settings = std::fs::read_to_string(&config).unwrap();
    let on_call = format!("\n[contacts.on-call]\nrole = \"on call\"\ncommand = [\"tee\", \"-a\", {notices:?}]\n");
    std::fs::write(&config, settings + &on_call).unwrap();
    let text = shipped("weekly-qr-relogin").replace("--timeout 180", "--timeout 1").replace("every=5s", "every=100ms");
    let path = bench.home.path().join("weekly-qr-relogin.md");
    std::fs::write(&path, text).unwrap();
    let (code, report) = linked_there(&bench, &relogin_there(path.to_str().unwrap(), "baileys:a2"), || {});
    assert_eq!((code, report["data"]["outcome"].as_str()), (4, Some("deviated")), "{report:#}");
    let journal = wpp::journal::Journal::open(&bench.home.path().join("ops.db")).unwrap();
    let (_, state) = wpp::runbook::record::all(&journal).unwrap().pop().unwrap();
    let done = |id: &str| state.done.iter().rfind(|done| done.id == id).unwrap_or_else(|| panic!("{id}: {state:#?}")).clone();
    assert_eq!(done("link").tries, 3);
    assert!(done("evidence-there").transcript.is_some() && done("resume-by-hand").ended == wpp::runbook::record::Ended::Passed);
    let notices = std::fs::read_to_string(&notices).unwrap_or_else(|error| panic!("nobody was told ({error}): {report:#}"));
    for words in ["Because: link", "The block link was tried 3 times", "Session: baileys:a2"] {
        assert!(notices.contains(words), "{words:?} is not in {notices}");
    }
}

#[test]
fn a_drill_in_a_sandbox_is_escalated_as_its_document_says() {
    let home = TestHome::live();
    let notices = home.path().join("notices.txt");
    let on_call = format!("[contacts.on-call]\nrole = \"on call\"\ncommand = [\"tee\", \"-a\", {:?}]\n", notices);
    std::fs::write(home.path().join("config.toml"), on_call).unwrap();
    let path = without(&home, "socket-left", &["fault"]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("sandbox: true", "sandbox: true\nescalate_after: 2")).unwrap();
    let told = || std::fs::read_to_string(&notices).unwrap_or_default();
    for number in 1..=2 {
        let (code, report) = home.json(&["drill", "run", path.to_str().unwrap()]);
        let _kept = Kept::of(&report);
        assert_eq!((code, told().is_empty()), (4, number == 1), "{report:#}");
    }
    // Runs are counted, and not how often a block looked.
    assert!(told().contains("socket-left did not pass, for the 2nd time in a row"), "{}", told());
    assert!(told().contains("Because: ") && told().contains("Evidence: ") && !told().contains("Session main"), "{}", told());
}

/// Whether this machine allows a drill a disk of its own; only then can it be really full.
fn has_own_disks() -> bool {
    crate::postgres::there("a space of mounts of its own", wpp::drill::bounded::Way::find().is_ok())
}

#[test]
fn a_disk_is_really_full_where_the_machine_allows_one_and_the_report_says_which_it_was() {
    let home = TestHome::live();
    let place = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let before = mounts();
    let run = |command: &mut std::process::Command| {
        let output = command.env("TMPDIR", place.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{report:#}");
        report
    };
    let line = ["drill", "run", "full-disk", "--format", "json"];
    let fault = |report: &Value| {
        let steps = report["steps"].as_array().unwrap();
        steps.iter().find(|step| step["title"].as_str().unwrap().contains("inject full-disk")).unwrap()["observed"].to_string()
    };
    if has_own_disks() {
        let report = run(&mut home.command(&line));
        assert!(report["data"]["disk"].as_str().unwrap().contains("96 MiB that is the sandbox's own"), "{report:#}");
        assert!(report["title"].as_str().unwrap().contains("really full"), "{report:#}");
        assert!(fault(&report).contains("filled to its last byte"), "{report:#}");
    }
    // Without the program that makes namespaces it is a fault of wpp's own, and is called so.
    let programs = tempfile::tempdir().unwrap();
    for name in ["sh", "tee"] {
        let path = wpp::process::on_path(name).unwrap();
        std::os::unix::fs::symlink(path, programs.path().join(name)).unwrap();
    }
    let report = run(home.command(&line).env("PATH", programs.path()));
    assert!(report["data"]["disk"].as_str().unwrap().contains("no program unshare"), "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("not really"), "{report:#}");
    assert!(fault(&report).contains("fault of wpp's own disk layer"), "{report:#}");
    // Nothing is left of either, in the folder of temporary files or mounted.
    assert_eq!(wpp::disk::list(place.path()).unwrap(), Vec::<PathBuf>::new());
    assert_eq!(mounts(), before);
}

#[test]
fn a_disk_that_is_not_freed_is_noticed_and_its_sandbox_is_kept_where_it_can_be_seen() {
    if !has_own_disks() {
        return;
    }
    let home = TestHome::live();
    // Restarted, and still full.
    let text = shipped("full-disk").replace("   wpp drill inject full-disk --release\n", "");
    let text = text.replace("retries=40", "retries=3").replace("--timeout 40", "--timeout 2").replace("retries=10", "retries=1");
    let path = home.path().join("full-disk.md");
    std::fs::write(&path, text).unwrap();
    let (code, report) = home.json(&["drill", "run", path.to_str().unwrap()]);
    let kept = Kept::of(&report);
    assert_eq!(code, 4, "{report:#}");
    assert!(["mend", "nothing-lost"].iter().any(|step| noticed(&report).unwrap().contains(step)), "{report:#}");
    // What lay on the disk that is gone lies there, but for what filled it; also what somebody was told.
    for name in ["ops.db", "config.toml", "sessions/main/session.db", "sessions/main/wpp.db", "notices.txt"] {
        assert!(kept.0.join(name).is_file(), "{name}");
    }
    assert!(!kept.0.join("faults/filler").exists());
    let told = std::fs::read_to_string(kept.0.join("notices.txt")).unwrap();
    assert!(told.contains("wpp.home.disk-space"), "{told}");
}

#[test]
fn a_sandbox_that_cannot_be_kept_leaves_the_drills_own_verdict() {
    if !has_own_disks() {
        return;
    }
    let home = TestHome::live();
    let text = shipped("full-disk").replace("   wpp drill inject full-disk\n", "   wpp status --session nobody\n");
    let path = home.path().join("full-disk.md");
    std::fs::write(&path, text).unwrap();
    let programs = tempfile::tempdir().unwrap();
    for name in ["sh", "tee", "unshare", "mount", "umount"] {
        let path = wpp::process::on_path(name).unwrap();
        std::os::unix::fs::symlink(path, programs.path().join(name)).unwrap();
    }
    // What copies is not there.
    let mut command = home.command(&["drill", "run", path.to_str().unwrap(), "--format", "json"]);
    let output = command.env("PATH", programs.path()).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(stdout.lines().last().unwrap_or_default()).unwrap();
    assert!(!output.status.success() && report["data"]["sandbox"].is_null(), "{report:#}");
    assert!(report.to_string().contains("cannot keep what lies in"), "{report:#}");
    assert!(Path::new(report["data"]["report"].as_str().unwrap()).is_file(), "{report:#}");
}

#[test]
fn a_drill_on_a_disk_of_its_own_ends_when_whoever_began_it_is_killed() {
    if !has_own_disks() {
        return;
    }
    let home = TestHome::live();
    let place = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::KILL] {
        let mut command = home.command(&["drill", "run", "full-disk", "--format", "json"]);
        let mut child = command.env("TMPDIR", place.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        let (_, inside) = on_own_disk(place.path());
        let reader = std::thread::spawn(move || stdout.lines().map_while(Result::ok).last().unwrap_or_default());
        let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        let code = child.wait().unwrap().code();
        let last = reader.join().unwrap();
        if signal == rustix::process::Signal::INT {
            let report: Value = serde_json::from_str(&last).unwrap();
            let _kept = Kept::of(&report);
            assert_eq!((code, report["data"]["outcome"].as_str()), (Some(130), Some("aborted")), "{report:#}");
            continue;
        }
        // The other process notices, and ends as if it had been interrupted.
        let deadline = std::time::Instant::now() + crate::simulated::PATIENCE;
        let open = || home.json(&["runbook", "runs"]).1["data"]["runs"].as_array().unwrap().iter().any(|run| run["open"] == true);
        while open() {
            assert!(std::time::Instant::now() < deadline, "it goes on");
            std::thread::sleep(Duration::from_millis(50));
        }
        while sees_mounts(place.path()) > 0 {
            assert!(std::time::Instant::now() < deadline, "what it started goes on");
            std::thread::sleep(Duration::from_millis(50));
        }
        // It writes its evidence last, into the home.
        while is_running(inside) {
            assert!(std::time::Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The sandbox below a folder that a drill works in, and the process that does.
fn on_own_disk(place: &Path) -> (PathBuf, u32) {
    let sandbox = wpp::disk::list(place).unwrap().into_iter().find(|path| path.join("DRILL").is_file()).unwrap();
    match wpp::disk::Lock::look(&sandbox.join("DRILL")).unwrap() {
        wpp::disk::LockState::Held(Some(owner)) => (sandbox, owner.pid),
        _ => panic!("nobody holds {}", sandbox.display()),
    }
}

/// How many processes see something mounted below a folder.
fn sees_mounts(folder: &Path) -> usize {
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let sees = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default().contains(folder.to_str().unwrap())
    };
    pids.filter(sees).count()
}

#[test]
fn what_a_killed_drill_left_on_a_disk_of_its_own_is_ended_and_removed_by_the_next_one() {
    if !has_own_disks() {
        return;
    }
    let home = TestHome::live();
    let place = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let mut command = home.command(&["drill", "run", "full-disk", "--format", "json"]);
    let mut child = command.env("TMPDIR", place.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    // Both processes at once.
    let (sandbox, inside) = on_own_disk(place.path());
    let process = |pid: u32| rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    for pid in [child.id(), inside] {
        rustix::process::kill_process(process(pid), rustix::process::Signal::KILL).unwrap();
    }
    child.wait().unwrap();
    drop(stdout);
    // The daemon lives on, in a namespace that nobody else is in.
    assert!(sees_mounts(&sandbox) > 0 && sandbox.is_dir());
    let outcome = home.command(&["drill", "run", "socket-left", "--quiet"]).env("TMPDIR", place.path()).output().unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
    assert_eq!((sees_mounts(&sandbox), wpp::disk::list(place.path()).unwrap()), (0, Vec::new()));
}

/// The processes that hold a lock in this sandbox.
fn holders(sandbox: &Path) -> Vec<u32> {
    let locks = ["main", "fresh"].map(|name| sandbox.join("sessions").join(name).join("LOCK"));
    let held = locks.iter().filter_map(|lock| match wpp::disk::Lock::look(lock).unwrap() {
        wpp::disk::LockState::Held(owner) => owner.map(|owner| owner.pid),
        _ => None,
    });
    held.collect()
}

/// A drill that was killed while its daemon ran, and its sandbox below a folder of its own.
fn killed_drill(home: &TestHome, place: &Path) -> PathBuf {
    let mut child = home
        .command(&["drill", "run", "unavailable", "--format", "json"])
        .env("TMPDIR", place)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // Until the first step has begun, the session is linked.
    stdout.read_line(&mut String::new()).unwrap();
    let sandbox = wpp::disk::list(place).unwrap().into_iter().find(|path| path.join("DRILL").is_file()).unwrap();
    let deadline = std::time::Instant::now() + crate::simulated::PATIENCE;
    while holders(&sandbox).is_empty() {
        assert!(std::time::Instant::now() < deadline, "no daemon was seen");
        std::thread::sleep(Duration::from_millis(10));
    }
    // The run is written down before its first step begins, which may be a moment later.
    while home.json(&["runbook", "runs"]).1["data"]["runs"].as_array().is_none_or(Vec::is_empty) {
        assert!(std::time::Instant::now() < deadline, "no run was seen");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(holders(&sandbox).len(), 1, "the daemon outlives the drill");
    sandbox
}

#[test]
fn what_a_killed_drill_left_is_ended_by_the_next_one_or_by_undo() {
    let home = TestHome::live();
    let place = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let sandbox = killed_drill(&home, place.path());
    let pids = holders(&sandbox);
    // Another sandbox, which was kept, stays.
    let kept = place.path().join("wpp-drill-kept");
    wpp::home::Home::create(&kept, wpp::home::HomeKind::Sandbox).unwrap();
    let outcome = home.command(&["drill", "run", "socket-left", "--quiet"]).env("TMPDIR", place.path()).output().unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
    assert!(!sandbox.exists() && kept.is_dir());
    assert!(pids.iter().all(|pid| !is_running(*pid)), "{pids:?}");
    let open = || {
        let (_, report) = home.json(&["runbook", "runs"]);
        let runs = report["data"]["runs"].as_array().unwrap().clone();
        runs.iter().filter(|run| run["open"] == true).map(|run| run["run"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Its run is still open, cannot go on, and is closed by undo although its sandbox is gone.
    let first = open().remove(0);
    assert_eq!(home.run(&["runbook", "resume", &first]).code, 2);
    assert_eq!(home.run(&["runbook", "undo", &first]).code, 0);
    assert_eq!(open(), Vec::<String>::new());

    let sandbox = killed_drill(&home, place.path());
    let pids = holders(&sandbox);
    let outcome = home.run(&["runbook", "undo", &open()[0]]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!sandbox.exists() && pids.iter().all(|pid| !is_running(*pid)), "{pids:?}");
    assert_eq!(open(), Vec::<String>::new());
}

#[test]
fn a_live_home_refuses_the_simulated_phone() {
    let home = TestHome::live();
    wpp::home::Home::create(home.path(), wpp::home::HomeKind::Live).unwrap();
    std::fs::create_dir_all(home.session("main")).unwrap();
    // Not even linked, so the steady state already says no: nothing is begun.
    let (code, report) = home.json(&[
        "drill",
        "run",
        "weekly-qr-relogin",
        "--yes",
        "--set",
        "number=15550100042",
        "--set",
        "unlink=yes",
        "--set",
        "phone=simulated",
    ]);
    assert_eq!((code, report["data"]["outcome"].as_str()), (5, Some("skipped")), "{report:#}");
    // Without an agreement nothing of the operator's own home is touched at all.
    assert_eq!(home.json(&["drill", "run", "weekly-qr-relogin", "--set", "number=15550100042"]).0, 20);
}

#[test]
fn the_monthly_drill_proves_the_newest_archive_and_fails_with_a_bad_one() {
    let simulated = Simulated::linked();
    let run = || simulated.home.json(&["drill", "run", "monthly-restore", "--yes"]);
    let (code, report) = run();
    assert_eq!((code, report["data"]["outcome"].as_str()), (5, Some("skipped")), "there is no archive: {report:#}");
    simulated.peer_sends("kept", 1);
    simulated.until("the message", || if simulated.found("kept") == 1 { Ok(()) } else { Err("nothing".into()) });
    let (code, backup) = simulated.home.json(&["backup"]);
    assert_eq!(code, 0);
    let (code, report) = run();
    assert_eq!((code, report["data"]["outcome"].as_str()), (0, Some("pass")), "{report:#}");
    damage(Path::new(backup["data"]["path"].as_str().unwrap()));
    let (code, report) = run();
    assert_eq!((code, report["data"]["outcome"].as_str()), (4, Some("deviated")), "{report:#}");
    assert!(noticed(&report).unwrap().contains("restore-session"), "{report:#}");
}

fn damage(archive: &Path) {
    let mut bytes = std::fs::read(archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(archive, bytes).unwrap();
}
