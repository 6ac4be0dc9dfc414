//! `wpp doctor` as an instrument: what is selected, suppressed, kept, waited for and written for others.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use wpp::journal::Journal;

use crate::doctor_home::{FakeDaemon, chmod, doctor, found, http, lock_of, tree, whole, write};
use crate::harness::{Killed, TestHome};
use crate::simulated::Simulated;

/// A whole home with a journal, in which what is found is kept.
fn kept() -> TestHome {
    let home = whole();
    let path = home.path().join("ops.db");
    // While other tests start programs, the last who closes it may not know that it is the last.
    for _ in 0..100 {
        drop(Journal::open(&path).unwrap());
        if !home.path().join("ops.db-wal").exists() {
            break;
        }
    }
    home
}

fn store(home: &TestHome) -> std::path::PathBuf {
    home.session("main").join("session.db")
}

fn of<'a>(report: &'a Value, id: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["id"] == id && finding["severity"] != "ok").unwrap_or(&Value::Null)
}

fn ids(report: &Value, list: &str) -> Vec<String> {
    report["data"][list].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn areas_and_severities_narrow_what_is_told() {
    let home = whole();
    chmod(&store(&home), 0o644);
    write(&home.session("main").join("LOCK"), lock_of("backup"));
    let (code, report) = doctor(&home, &["--area", "session"]);
    assert_eq!((code, found(&report)), (0, vec!["wpp.session.stale-lock".to_owned()]), "{report:#}");
    let (code, report) = doctor(&home, &["--area", "session,security"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.modes".into(), "wpp.session.stale-lock".into()]), "{report:#}");
    let (code, report) = doctor(&home, &["--severity", "error", "--fail-on", "warning"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.modes".to_owned()]), "{report:#}");
    assert_eq!(report["data"]["counts"]["warning"], 1, "all are counted: {report:#}");
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] != "ok"));
    let wrong = home.run(&["doctor", "--area", "sessions"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("security"), "{wrong:?}");
}

#[test]
fn the_list_says_what_each_check_needs_and_costs() {
    let home = whole();
    let (_, report) = home.json(&["doctor", "--list", "--area", "store"]);
    let checks = report["data"]["checks"].as_array().unwrap();
    let cost = |id: &str| checks.iter().find(|check| check["id"] == id).map(|check| check["cost"].clone());
    assert_eq!(cost("wpp.store.session-damaged"), Some("databases".into()), "{report:#}");
    assert_eq!(cost("wpp.store.write-log"), Some("cheap".into()), "{report:#}");
    let text = home.run(&["doctor", "--list"]).stdout;
    assert!(text.contains("reads databases") && text.contains("asks the daemon") && text.contains("cheap"), "{text}");
}

#[test]
fn what_is_suppressed_is_told_apart_and_fails_nothing_until_its_day() {
    let home = whole();
    chmod(&store(&home), 0o644);
    let table = |rest: &str| write(&home.path().join("config.toml"), format!("[suppress.\"wpp.session.modes\"]\n{rest}\n"));
    table("reason = \"moved next week\"\nuntil = 2999-12-31");
    let (code, report) = doctor(&home, &["--fail-on", "warning"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    let suppressed = &report["data"]["suppressed"][0];
    assert_eq!((&suppressed["finding"]["id"], &suppressed["until"]), (&json!("wpp.session.modes"), &json!("2999-12-31")));
    let text = home.run(&["doctor"]).stdout;
    assert!(text.contains("Suppressed") && text.contains("moved next week") && text.contains("1 suppressed"), "{text}");

    // Of another session, over, without a reason: it is told again, and so is the suppression.
    table("reason = \"x\"\nuntil = 2999-12-31\nsession = \"other\"");
    assert_eq!(found(&doctor(&home, &[]).1), ["wpp.config.suppression", "wpp.session.modes"], "there is no such session");
    for rest in ["reason = \"x\"\nuntil = 2020-01-31", "until = 2999-12-31", "reason = \"x\""] {
        table(rest);
        let (code, report) = doctor(&home, &[]);
        assert_eq!(
            (code, found(&report)),
            (3, vec!["wpp.config.suppression".into(), "wpp.session.modes".into()]),
            "{rest}: {report:#}"
        );
    }
    // A misspelt id suppresses nothing, and the one that is meant is named.
    let misspelt = "[suppress.\"wpp.session.mods\"]\nreason = \"x\"\nuntil = 2999-12-31\n";
    write(&home.path().join("config.toml"), misspelt);
    let (_, report) = doctor(&home, &[]);
    assert_eq!(found(&report), ["wpp.config.suppression", "wpp.session.modes"], "{report:#}");
    let advice = of(&report, "wpp.config.suppression")["remedy"]["summary"].as_str().unwrap().to_owned();
    assert!(advice.starts_with("did you mean wpp.session.modes?"), "{advice}");
    table("reason = \"x\"\nuntil = \"soon\"");
    assert_eq!(found(&doctor(&home, &[]).1), ["wpp.home.settings", "wpp.session.modes"], "a day that is none");
    chmod(&store(&home), 0o600);
    table("reason = \"x\"\nuntil = 2999-12-31");
    assert_eq!(of(&doctor(&home, &["--all"]).1, "wpp.config.suppression")["severity"], "info", "it hides nothing any more");
}

#[test]
fn a_finding_says_since_when_and_what_is_mended_is_told_once() {
    let home = kept();
    let path = store(&home);
    chmod(&path, 0o644);
    let (_, report) = doctor(&home, &[]);
    let first = of(&report, "wpp.session.modes").clone();
    assert_eq!((&first["change"], &report["data"]["not_kept"]), (&json!("new"), &Value::Null), "{report:#}");
    let (_, report) = doctor(&home, &[]);
    let again = of(&report, "wpp.session.modes");
    assert_eq!((&again["change"], &again["since_ms"]), (&Value::Null, &first["since_ms"]), "{report:#}");
    chmod(&path, 0o600);
    // What is not looked at is not mended.
    assert_eq!(doctor(&home, &["--skip", "wpp.session.modes"]).1["data"]["mended"], json!([]));
    let (_, report) = doctor(&home, &[]);
    assert_eq!(report["data"]["mended"][0]["id"], "wpp.session.modes", "{report:#}");
    assert_eq!(doctor(&home, &[]).1["data"]["mended"], json!([]));
}

#[test]
fn nothing_is_kept_where_that_is_not_wanted_and_a_look_makes_no_journal() {
    let home = whole();
    std::fs::remove_file(home.path().join("ops.db")).unwrap();
    chmod(&store(&home), 0o644);
    let (_, report) = doctor(&home, &[]);
    assert!(report["data"]["not_kept"].as_str().unwrap().contains("no journal"), "{report:#}");
    assert!(!home.path().join("ops.db").exists());
    let home = kept();
    chmod(&store(&home), 0o644);
    let before = tree(home.path());
    let (code, report) = doctor(&home, &["--no-record"]);
    assert_eq!((code, &report["data"]["not_kept"]), (3, &json!("--no-record")), "{report:#}");
    assert_eq!(tree(home.path()), before);
    assert_eq!(of(&doctor(&home, &["--no-record"]).1, "wpp.session.modes")["change"], "new", "nobody remembers it");
}

#[test]
fn quiet_tells_news_alone() {
    let home = kept();
    let quiet = || home.run(&["doctor", "--quiet"]);
    let silent = quiet();
    assert_eq!((silent.code, silent.stdout.as_str(), silent.stderr.as_str()), (0, "", ""));
    chmod(&store(&home), 0o644);
    // A look by hand in between takes nothing away.
    assert_eq!(doctor(&home, &[]).0, 3);
    let news = quiet();
    assert!(news.code == 3 && news.stdout.contains("wpp.session.modes"), "{news:?}");
    let same = quiet();
    assert_eq!((same.code, same.stdout.as_str()), (3, ""), "it is still so, and no news");
    chmod(&store(&home), 0o600);
    let mended = quiet();
    assert!(
        mended.code == 0 && mended.stdout.contains("No longer so") && mended.stdout.contains("wpp.session.modes"),
        "{mended:?}"
    );
    assert_eq!(quiet().stdout, "");
}

#[test]
fn smoke_needs_no_daemon_and_reads_no_database() {
    let home = whole();
    write(&home.session("main").join("wpp.db"), "x".repeat(9000));
    write(&home.path().join("ops.db"), "x".repeat(9000));
    let (code, report) = doctor(&home, &["--smoke"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert!(ids(&report, "checks").contains(&"wpp.session.modes".to_owned()), "{report:#}");
    assert!(!ids(&report, "checks").iter().any(|id| id.starts_with("wpp.store")), "{report:#}");
    chmod(&store(&home), 0o644);
    assert_eq!(found(&doctor(&home, &["--smoke"]).1), ["wpp.session.modes"]);
    // What a daemon could not be started with is looked at before anybody starts one.
    for id in ["wpp.home.socket-path", "wpp.home.folders"] {
        assert!(ids(&report, "checks").contains(&id.to_owned()), "{id}: {report:#}");
    }
    write(&home.path().join("runbooks"), "");
    assert_eq!(found(&doctor(&home, &["--smoke"]).1), ["wpp.home.folders", "wpp.session.modes"]);
    assert_eq!(home.run(&["doctor", "--smoke", "--only", "wpp.home"]).code, 2);
}

#[test]
fn smoke_running_wants_a_daemon_that_is_ready_and_answers_everything() {
    let home = whole();
    let (code, report) = doctor(&home, &["--smoke-running"]);
    assert_eq!((code, found(&report)), (3, vec!["wpp.session.endpoints".to_owned()]), "{report:#}");
    assert!(of(&report, "wpp.session.endpoints")["remedy"]["command"].as_str().unwrap().contains("start"), "{report:#}");
    {
        // One that gives its status and knows nothing else.
        let _daemon = FakeDaemon::start(&home, Some(http("404 Not Found", "{}")));
        assert_eq!(found(&doctor(&home, &["--smoke-running"]).1), ["wpp.session.endpoints"]);
    }
    let simulated = Simulated::linked();
    chmod(simulated.home.path(), 0o700);
    chmod(&simulated.home.path().join("config.toml"), 0o600);
    let (code, report) = doctor(&simulated.home, &["--smoke-running"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    assert!(ids(&report, "checks").contains(&"wpp.session.endpoints".to_owned()), "{report:#}");
    let (_, report) = doctor(&simulated.home, &[]);
    assert!(
        ids(&report, "skipped").contains(&"wpp.session.endpoints".to_owned()),
        "nobody asks without being told to: {report:#}"
    );
}

#[test]
fn offline_asks_no_plugin_that_may_reach_beyond_this_machine() {
    let home = whole();
    let nobody = crate::harness::refusing();
    let config = format!("[plugin.baileys]\nurl = \"http://{}\"\n", nobody.0);
    write(&home.path().join("config.toml"), config);
    let component = format!("{}/plugins/baileys/baileys.wasm", env!("CARGO_MANIFEST_DIR"));
    let grant = format!("http=http://{}", nobody.0);
    assert_eq!(home.run(&["plugin", "add", &component, "--yes", "--grant", &grant]).code, 0);
    let (_, report) = doctor(&home, &["--offline"]);
    assert!(report["data"]["plugins"] == json!(["baileys"]), "this machine may be asked: {report:#}");
    assert_eq!(home.run(&["plugin", "grant", "baileys", "http=https://gateway.example:8443"]).code, 0);
    let (_, report) = doctor(&home, &["--offline"]);
    assert_eq!(report["data"]["plugins"], json!([]), "{report:#}");
    let skipped = report["data"]["skipped"].as_array().unwrap().iter().find(|check| check["id"] == "baileys.plugin").cloned();
    assert!(skipped.unwrap()["reason"].as_str().unwrap().contains("--offline"), "{report:#}");
}

#[test]
fn waiting_ends_when_all_is_well_or_the_time_is_over() {
    let simulated = crate::doctor_home::linked();
    let home = &simulated.home;
    chmod(&store(home), 0o644);
    let outcome = home.run(&["doctor", "--wait", "1s", "--only", "wpp.session"]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("waiting for at most") && outcome.stderr.contains("wpp.session.modes [main]"), "{outcome:?}");
    let waiting = home
        .command(&["doctor", "--wait", "10m", "--only", "wpp.session"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut waiting = Killed(waiting);
    // It says that it waits before anything is mended.
    let mut said = String::new();
    BufReader::new(waiting.0.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("wpp.session.modes"), "{said}");
    chmod(&store(home), 0o600);
    assert_eq!(waiting.0.wait().unwrap().code(), Some(0));
}

#[test]
fn watching_tells_each_change_in_a_line_and_ends_with_the_last_verdict() {
    let home = whole();
    let child = home.command(&["doctor", "--watch=1s"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut child = Killed(child);
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    chmod(&store(&home), 0o644);
    let line = lines.find(|line| !line.contains("state: ")).unwrap();
    assert!(line.contains("new: ") && line.contains("wpp.session.modes [main]"), "{line}");
    chmod(&store(&home), 0o600);
    let line = lines.next().unwrap();
    assert!(line.contains("mended: wpp.session.modes [main]"), "{line}");
    let pid = rustix::process::Pid::from_raw(child.0.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
    assert!(lines.any(|line| line.contains("main: STOPPED") && line.contains("1 note")));
}

/// A home in which something fails, something warns, something is skipped and a gateway's name is odd.
fn mixed() -> TestHome {
    let home = kept();
    chmod(&store(&home), 0o644);
    write(&home.session("main").join("LOCK"), lock_of("backup"));
    home
}

#[test]
fn other_programs_get_files_of_their_own() {
    let home = mixed();
    let folder = home.path().join("out");
    std::fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o700);
    let [junit, prom, markdown] = ["d.xml", "d.prom", "d.md"].map(|name| folder.join(name).display().to_string());
    let outcome = home.run(&[
        "doctor",
        "--junit",
        &junit,
        "--textfile",
        &prom,
        "--markdown",
        &markdown,
        "--github",
        "--skip",
        "wpp.home.modes",
    ]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    let annotations: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with("::")).collect();
    assert!(annotations.iter().any(|line| line.starts_with("::error title=wpp.session.modes [main]::")), "{annotations:?}");
    assert!(
        annotations.iter().any(|line| line.starts_with("::warning title=wpp.session.stale-lock [main]::")),
        "{annotations:?}"
    );

    let xml = std::fs::read_to_string(&junit).unwrap();
    let document = xml_elements(&xml);
    let count = |name: &str| document.iter().filter(|element| *element == name).count();
    assert_eq!((count("testsuites"), count("testsuite"), count("failure")), (1, 2, 1), "{xml}");
    assert_eq!(count("testcase"), wpp::doctor::catalog::checks().count() - 1, "{xml}");
    assert!(count("skipped") > 0 && xml.contains("failures=\"1\""), "{xml}");

    let metrics = std::fs::read_to_string(&prom).unwrap();
    assert!(
        metrics.contains("wpp_doctor_finding{id=\"wpp.session.modes\",session=\"main\",severity=\"critical\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("\nwpp_doctor_exit_code 3\n") && metrics.contains("\nwpp_doctor_score "), "{metrics}");
    assert_eq!(Path::new(&prom).metadata().unwrap().permissions().mode() & 0o777, 0o644, "its collector is another user");
    assert!(std::fs::read_to_string(&markdown).unwrap().contains("- **critical** `wpp.session.modes` [main]: "));

    // Again, over its own; and not over what is somebody else's.
    assert_eq!(home.run(&["doctor", "--textfile", &prom]).code, 3);
    write(Path::new(&prom), "node_load1 3\n");
    let refused = home.run(&["doctor", "--textfile", &prom]);
    assert_eq!((refused.code, std::fs::read_to_string(&prom).unwrap().as_str()), (3, "node_load1 3\n"), "{refused:?}");
    assert!(refused.stdout.contains("so it is not replaced") && refused.stdout.contains("wpp.session.modes"), "{refused:?}");
}

fn well_formed(attributes: quick_xml::events::attributes::Attributes<'_>) {
    for attribute in attributes {
        let value = attribute.unwrap().value;
        quick_xml::escape::unescape(std::str::from_utf8(&value).unwrap()).unwrap();
    }
}

/// Names of the elements of a document, which must be well formed.
fn xml_elements(text: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut names, mut open) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                well_formed(start.attributes());
                names.push(name.clone());
                open.push(name);
            }
            Event::Empty(empty) => {
                well_formed(empty.attributes());
                names.push(String::from_utf8(empty.name().as_ref().to_vec()).unwrap());
            }
            Event::End(_) => drop(open.pop().unwrap()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

#[test]
fn text_is_grouped_by_session_with_the_worst_first_and_ends_with_one_command() {
    let home = mixed();
    let other = home.session("other");
    std::fs::create_dir(&other).unwrap();
    chmod(&other, 0o750);
    chmod(home.path(), 0o755);
    let text = home.run(&["doctor", "--all"]).stdout;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
    assert!(at("\nmain\n") < at("\nother\n"), "the session with what is critical comes first: {text}");
    assert!(at("wpp.session.modes") < at("wpp.session.stale-lock"), "{text}");
    assert!(text.contains("\nhost and home\n") && text.contains("(new)"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("next:")).count(), 1, "{text}");
    assert!(text.lines().last().unwrap().starts_with("next: wpp doctor --fix --all"), "{text}");
}

#[test]
fn a_daemon_that_answers_late_is_unknown_and_the_rest_is_judged() {
    let home = whole();
    let _daemon = FakeDaemon::start(&home, None);
    let (code, report) = doctor(&home, &["--budget", "2s"]);
    assert_eq!(code, 5, "{report:#}");
    assert_eq!(of(&report, "wpp.session.lock-held")["severity"], "unknown", "{report:#}");
    assert!(of(&report, "wpp.session.modes").is_null(), "{report:#}");
}
