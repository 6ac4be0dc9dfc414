//! `wpp doctor` as somebody meets it who does not know it: a folder that is no home, a session that is not
//! READY, what is asked for and cannot be done, and words that can be typed as they stand.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::doctor_home::{FakeDaemon, chmod, doctor, empty, found, http, linked, lock_of, status, whole, write};
use crate::harness::{Killed, TestHome};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn of<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id).unwrap_or(&Value::Null)
}

fn next(report: &Value) -> &str {
    report["next"][0].as_str().unwrap()
}

/// A home of which a journal is kept.
fn kept() -> TestHome {
    let home = whole();
    drop(wpp::journal::Journal::open(&home.path().join("ops.db")).unwrap());
    home
}

#[test]
fn a_folder_that_is_no_home_is_one_error_and_is_left_as_it_is() {
    let home = TestHome::live();
    let script = home.path().join("run.sh");
    std::fs::write(&script, "#!/bin/sh\n").unwrap();
    chmod(&script, 0o755);
    chmod(home.path(), 0o755);
    let (code, report) = doctor(&home, &["--only", "wpp.home,wpp.session,wpp.store,wpp.security,wpp.backup"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.home.marker".to_owned()]), "{report:#}");
    let finding = of(&report, "wpp.home.marker");
    let summary = finding["summary"].as_str().unwrap();
    assert!(summary.contains("is no wpp home") && summary.contains("`wpp start`"), "{summary}");
    for skipped in report["data"]["skipped"].as_array().unwrap().iter().filter(|check| check["id"] != "wpp.home.marker") {
        assert!(skipped["reason"].as_str().unwrap().contains("is no wpp home"), "{skipped:#}");
    }
    assert!(next(&report).contains("doctor --home"), "{report:#}");
    let (_, report) = doctor(&home, &["--fix", "--yes"]);
    assert_eq!(report["data"]["fixes"], json!([]), "{report:#}");
    assert_eq!((mode(home.path()), mode(&script)), (0o755, 0o755));
    // An empty folder may become a home.
    std::fs::remove_file(&script).unwrap();
    let (_, report) = doctor(&home, &["--fix", "--yes", "--only", "wpp.home"]);
    assert_eq!((found(&report), mode(home.path())), (vec![], 0o755), "{report:#}");
}

#[test]
fn a_home_that_lost_its_marker_is_told_as_that_and_left_as_it_is() {
    let home = whole();
    std::fs::remove_file(home.path().join("home.json")).unwrap();
    chmod(home.path(), 0o755);
    let (code, report) = doctor(&home, &["--fix", "--yes", "--only", "wpp.home,wpp.session"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.home.marker".to_owned()]), "{report:#}");
    assert!(of(&report, "wpp.home.marker")["summary"].as_str().unwrap().contains("lost its marker"), "{report:#}");
    assert_eq!((&report["data"]["fixes"], mode(home.path())), (&json!([]), 0o755), "{report:#}");
}

#[test]
fn a_strangers_file_in_a_home_keeps_its_mode() {
    let home = whole();
    let scripts = [home.path().join("run.sh"), home.session("main").join("run.sh")];
    for script in &scripts {
        std::fs::write(script, "#!/bin/sh\n").unwrap();
        chmod(script, 0o755);
    }
    let settings = home.path().join("config.toml");
    write(&settings, "");
    chmod(&settings, 0o644);
    let (_, report) = doctor(&home, &["--fix", "--yes"]);
    let modes: Vec<u32> = scripts.iter().chain([&settings]).map(|path| mode(path)).collect();
    assert_eq!(modes, [0o755, 0o755, 0o600], "{report:#}");
}

#[test]
fn a_session_that_is_not_ready_is_never_nothing_wrong() {
    let home = whole();
    let (code, report) = doctor(&home, &[]);
    let state = of(&report, "wpp.session.state");
    assert_eq!((code, &state["severity"]), (0, &json!("info")), "{report:#}");
    assert!(report["title"].as_str().unwrap().starts_with("main: STOPPED ("), "{report:#}");
    assert_eq!(next(&report), "wpp start --session main", "{report:#}");
    assert_eq!(report["data"]["states"][0]["state"], "STOPPED", "{report:#}");
    assert!(home.run(&["doctor"]).stdout.contains("STOPPED (no daemon was started)"));
    for (state, severity) in [("RECONNECTING", "info"), ("SYNCING", "info"), ("READY", "ok")] {
        let home = whole();
        let answer = status(json!({ "state": state, "reason": if state == "READY" { "normal" } else { "connect_failure" } }));
        let _daemon = FakeDaemon::start(&home, Some(http("200 OK", &answer.to_string())));
        let (_, report) = doctor(&home, &[]);
        assert_eq!(of(&report, "wpp.session.state")["severity"], severity, "{report:#}");
        assert!(report["title"].as_str().unwrap().starts_with(&format!("main: {state}")), "{report:#}");
    }
}

#[test]
fn waiting_is_for_ready_and_watching_tells_every_state() {
    let home = whole();
    let outcome = home.run(&["doctor", "--wait", "1s"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stdout.contains("not READY when the time was up: main is STOPPED"), "{outcome:?}");
    let simulated = linked();
    let outcome = simulated.home.run(&["doctor", "--wait", "60s", "--only", "wpp.session"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let child = simulated.home.command(&["doctor", "--watch=1s", "--only", "wpp.session"]);
    let mut child = child;
    let mut child = Killed(child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line.contains("state: main is READY")));
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    assert!(lines.by_ref().any(|line| line.contains("state: main is STOPPED")));
}

#[test]
fn smoke_running_without_a_session_or_a_daemon_is_one_finding() {
    let home = empty();
    let (code, report) = doctor(&home, &["--smoke-running"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.home.default-session".to_owned()]), "{report:#}");
    let (code, report) = doctor(&whole(), &["--smoke-running"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.endpoints".to_owned()]), "{report:#}");
    assert_eq!(of(&report, "wpp.session.endpoints")["evidence"].as_array().unwrap().len(), 1, "{report:#}");
}

#[test]
fn an_empty_home_is_told_the_same_with_all_and_without() {
    let home = empty();
    let (_, one) = doctor(&home, &["--only", "wpp.home"]);
    let (_, all) = doctor(&home, &["--all", "--only", "wpp.home"]);
    assert_eq!((next(&one), next(&all)), ("wpp start --session main", "wpp start --session main"), "{all:#}");
}

#[test]
fn whoever_acts_as_another_user_is_told_the_home() {
    let home = whole();
    if std::os::unix::fs::chown(home.path(), Some(12_345), None).is_err() {
        return;
    }
    let (_, report) = doctor(&home, &["--only", "wpp.home.owners"]);
    let command = of(&report, "wpp.home.owners")["remedy"]["command"].as_str().unwrap().to_owned();
    assert!(command.contains(&format!("wpp --home {} doctor", home.path().display())), "{command}");
}

#[test]
fn what_is_left_out_by_request_is_said_as_that_and_is_never_fine() {
    let home = whole();
    let outcome = home.run(&["doctor", "--offline"]);
    let text = &outcome.stdout;
    let section = text.split_once("Left out by request\n").unwrap_or_else(|| panic!("{text}")).1;
    assert!(section.contains("wpp.network.certificate") && !section.contains("wpp.session.endpoints"), "{text}");
    let outcome = home.run(&["doctor", "--offline", "--only", "wpp.network.tls"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert!(outcome.stdout.contains("nothing of what was asked for could be checked"), "{outcome:?}");
    assert_eq!(home.run(&["doctor", "--offline", "--only", "wpp.network.tls", "--fail-on", "never"]).code, 0);
}

#[test]
fn a_mistyped_offline_keeps_the_look_here_and_names_the_variable() {
    let home = whole();
    let output = home.command(&["doctor", "--format", "json"]).env("WPP_DOCTOR_OFFLINE", "1").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(of(&report, "wpp.home.settings")["remedy"]["command"], "unset WPP_DOCTOR_OFFLINE", "{report:#}");
    let network = report["data"]["skipped"].as_array().unwrap().iter().find(|check| check["id"] == "wpp.network.name").cloned();
    assert!(network.unwrap()["reason"].as_str().unwrap().contains("settings do not load"), "{report:#}");
}

#[test]
fn findings_come_first_and_what_was_not_checked_last() {
    let home = kept();
    let lock = home.session("main").join("LOCK");
    write(&lock, lock_of("backup"));
    assert_eq!(home.run(&["doctor", "--offline"]).code, 0);
    std::fs::remove_file(&lock).unwrap();
    chmod(&home.session("main").join("session.db"), 0o644);
    let text = home.run(&["doctor", "--offline"]).stdout;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
    assert!(at("wpp.session.modes") < at("No longer so") && at("No longer so") < at("Not checked"), "{text}");
    assert!(at("Not checked") < at("Left out by request"), "{text}");
}

#[test]
fn a_dry_run_says_each_fix_once_and_a_quiet_fix_says_what_it_did() {
    let home = kept();
    let path = home.session("main").join("session.db");
    chmod(&path, 0o644);
    let text = home.run(&["doctor", "--fix", "--dry-run", "--only", "wpp.session.modes"]).stdout;
    let would = format!("would set mode 0600 on {}", path.display());
    assert_eq!(text.matches(&would).count(), 1, "{text}");
    assert!(!text.contains("no longer says so"), "{text}");
    let outcome = home.run(&["doctor", "--fix", "--yes", "--quiet", "--only", "wpp.session.modes"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("set mode 0600 on"), "{outcome:?}");
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn the_next_command_follows_the_worst_finding() {
    let home = whole();
    write(&home.session("main").join("LOCK"), lock_of("backup"));
    write(&home.session("main").join("wpp.db"), "x".repeat(9000));
    let (_, report) = doctor(&home, &[]);
    assert!(next(&report).contains("start --new-messages"), "a lock is mended by --fix, and matters less: {report:#}");
}

#[test]
fn annotations_and_the_exit_code_agree() {
    let home = kept();
    chmod(&home.session("main").join("session.db"), 0o644);
    let annotated = |more: &[&str]| {
        let outcome = home.run(&[&["doctor", "--github"], more].concat());
        let lines: Vec<String> = outcome.stdout.lines().filter(|line| line.starts_with("::")).map(str::to_owned).collect();
        (outcome.code, lines)
    };
    assert!(annotated(&[]).1.iter().any(|line| line.starts_with("::notice")), "the session is stopped");
    let (code, lines) = annotated(&["--severity", "warning"]);
    assert!(code == 3 && !lines.is_empty() && lines.iter().all(|line| !line.starts_with("::notice")), "{lines:?}");
    for _ in 0..2 {
        let (code, lines) = annotated(&["--quiet"]);
        assert!(code == 3 && lines.iter().any(|line| line.starts_with("::error")), "old news fails too: {lines:?}");
    }
}

#[test]
fn what_cannot_be_written_is_never_fine() {
    let home = whole();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = home.command(&["doctor"]);
    assert_eq!(command.stdout(full).stderr(Stdio::null()).status().unwrap().code(), Some(1));
    let outcome = home.run(&["doctor", "--junit", "/nowhere/at/all/x.xml"]);
    assert!(outcome.code == 2 && outcome.stdout.contains("/nowhere/at/all/x.xml"), "{outcome:?}");
    assert!(
        !outcome.stdout.contains("/nowhere/at/all/."),
        "the name that it is written under first is nobody's business: {outcome:?}"
    );
}

#[test]
fn only_a_name_that_is_near_is_suggested() {
    let home = whole();
    let outcome = home.run(&["doctor", "--explain", "nonsense"]);
    assert!(outcome.code == 2 && !outcome.stderr.contains("did you mean"), "{outcome:?}");
    let outcome = home.run(&["doctor", "--explain", "wpp.session.stat"]);
    assert!(outcome.stderr.contains("did you mean wpp.session.state"), "{outcome:?}");
}

#[test]
fn many_checks_that_one_reason_stops_are_one_line() {
    let home = whole();
    let _daemon = FakeDaemon::start(&home, None);
    let outcome = home.run(&["doctor", "--budget", "2s"]);
    assert_eq!(outcome.code, 5, "{outcome:?}");
    let lines: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains("checks could not be made: ")).collect();
    assert!(lines.len() == 1 && lines[0].contains("wpp.session.lock-held"), "{outcome:?}");
}

#[test]
fn what_only_looks_is_not_called_a_mend() {
    let home = whole();
    let journal = home.path().join("ops.db");
    write(&journal, "x".repeat(9000));
    let text = home.run(&["doctor", "--only", "wpp.home.journal"]).stdout;
    assert!(text.contains("look: ls -la"), "{text}");
    let text = home.run(&["doctor", "--only", "wpp.session.state"]).stdout;
    assert!(text.contains("mend: wpp start --session main"), "{text}");
}

#[test]
fn a_machine_with_nothing_set_up_is_told_what_to_type_in_each_state() {
    let looked = |home: &TestHome| doctor(home, &["--offline", "--only", "wpp.home", "--fail-on", "never"]).1;
    let place = tempfile::tempdir().unwrap();
    // No folder for the home, an empty one, and one with settings alone.
    for (state, expected) in
        [("none", "there is no home at"), ("empty", "there is no session here yet"), ("settings", "default_session is")]
    {
        let path = place.path().join(state);
        if state != "none" {
            std::fs::create_dir(&path).unwrap();
        }
        if state == "settings" {
            std::fs::write(path.join("config.toml"), "default_session = \"sales\"\n").unwrap();
            chmod(&path.join("config.toml"), 0o600);
        }
        let mut command = std::process::Command::new(crate::harness::program());
        command.env_clear().env("WPP_HOME", &path).args(["doctor", "--format", "json", "--offline", "--only", "wpp.home"]);
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let finding = of(&report, "wpp.home.default-session");
        assert!(finding["summary"].as_str().unwrap().contains(expected), "{state}: {report:#}");
        let session = if state == "settings" { "sales" } else { "main" };
        assert_eq!(next(&report), format!("wpp start --session {session}"), "{state}: {report:#}");
        assert_eq!(path.exists(), state != "none", "looking made a home");
    }
    // Archives of a session that is not there: they come before a new session.
    let home = empty();
    let folder = home.path().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["main-20261101T000000Z.wpp.tar.gz", "sales-20261102T000000Z.wpp.tar.gz", "notes.txt"] {
        std::fs::write(folder.join(name), "x").unwrap();
        chmod(&folder.join(name), 0o600);
    }
    chmod(&folder, 0o700);
    let report = looked(&home);
    assert_eq!(next(&report), "wpp restore latest --session sales --dry-run", "{report:#}");
    let evidence = of(&report, "wpp.home.default-session")["evidence"].to_string();
    assert!(evidence.contains("2 archives") && evidence.contains("sales"), "{evidence}");
    std::fs::create_dir_all(home.session("other")).unwrap();
    assert!(!next(&looked(&home)).contains("restore"), "there is a session now");
}

#[test]
fn a_home_that_cannot_be_made_is_an_error_that_names_the_folder() {
    let home = empty();
    let other = crate::doctor_home::Unprivileged::owning(&home);
    let closed = tempfile::tempdir().unwrap();
    chmod(closed.path(), 0o555);
    let path = closed.path().join("new/home");
    let look = |path: &Path| other.doctor_of(path, &["--offline", "--only", "wpp.home"]);
    let (code, report) = look(&path);
    assert_eq!((code, found(&report)), (3, vec!["wpp.home.marker".to_owned()]), "{report:#}");
    let summary = of(&report, "wpp.home.marker")["summary"].as_str().unwrap();
    assert!(summary.contains("cannot be made") && summary.contains(closed.path().to_str().unwrap()), "{summary}");
    assert!(report.to_string().contains("install -d -m 700"), "{report:#}");
    let (code, report) = look(home.path());
    assert_eq!(code, 0, "its own can be: {report:#}");
    chmod(closed.path(), 0o755);
}
