//! `wpp drill`: every drill passes, notices when what it drills does not happen, and harms nobody.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use wpp::runbook::front::Kind;
use wpp::runbook::library::SHIPPED;
use wpp::runbook::parse::Runbook;

use crate::harness::{TestHome, is_running};
use crate::simulated::{PEER, Simulated};

/// The sandbox that a drill kept; removed with the value, and without a daemon in it.
struct Kept(PathBuf);

impl Kept {
    fn of(report: &Value) -> Kept {
        let kept = Kept(report["data"]["sandbox"].as_str().unwrap_or_else(|| panic!("no kept sandbox: {report}")).into());
        assert!(kept.0.is_dir());
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
    let opening = opening.split_once(" expect=\"$").map_or(opening, |(opening, _)| opening);
    // What does not happen need not be waited for long; what happens before it takes its time.
    let long = ["retries=20", "retries=30", "retries=40", "retries=60"];
    let after = long.iter().fold(after.to_owned(), |after, long| after.replace(long, "retries=3"));
    let after = after.replace("--timeout 40", "--timeout 2").replace("--wait 40", "--wait 2");
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
    let (code, report) = home.json(&["drill", "run", path.to_str().unwrap()]);
    let kept = Kept::of(&report);
    assert_eq!((code, report["data"]["outcome"].as_str()), (4, Some("deviated")), "{id}: {report:#}");
    let step = noticed(&report).unwrap_or_else(|| panic!("{report:#}"));
    assert!(step.contains(notices), "{id}: noticed by {step:?}, and should be by {notices:?}");
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
    // The server says that it is slow, and is not.
    deviates("slow-network", &["fault", "seen-slow"], "slow-send");
}

drills! {
    kill_daemon "kill-daemon" "fault" "seen-state"
    freeze_daemon "freeze-daemon" "fault" "seen-findings"
    socket_left "socket-left" "fault" "seen-findings"
    lock_held "lock-held" "fault" "refused"
    database_busy "database-busy" "fault" "held"
    full_disk "full-disk" "fault" "refused"
    corrupt_messages "corrupt-messages" "fault" "seen-findings"
    corrupt_store "corrupt-store" "fault" "seen-findings"
    search_lost "search-lost" "fault" "degraded"
    clock_jump "clock-jump" "behind" "once"
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
    // With nobody there it is not tried, and that is said.
    let line = ["drill", "run", "weekly-qr-relogin", "--yes", "--set", &number, "--set", "phone=nobody"];
    let (code, report) = simulated.home.json(&line);
    assert_eq!(code, 0, "{report:#}");
    assert!(report["title"].as_str().unwrap().contains("whether it receives was not tried"), "{report:#}");
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
