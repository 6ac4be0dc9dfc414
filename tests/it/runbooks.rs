//! The shipped runbooks: each lints clean, and those on sessions are run.

use serde_json::Value;
use wpp::command::asks::asks;
use wpp::command::is_line;
use wpp::runbook::fence::{Kind, Part};
use wpp::runbook::library::SHIPPED;
use wpp::runbook::lint::{Surroundings, lint};
use wpp::runbook::parse::Runbook;

use crate::harness::Outcome;
use crate::simulated::Simulated;

/// The last line of what a run wrote: its report.
fn report(outcome: &Outcome) -> Value {
    let last = outcome.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[test]
fn linking_restart_and_reset_pass_on_a_session() {
    let simulated = Simulated::new();
    // Nothing is to be complained about, and a home of the tests is open to others.
    for (path, mode) in [(simulated.home.path().to_owned(), 0o700), (simulated.home.path().join("config.toml"), 0o600)] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    }
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    for way in ["qr", "pair-code"] {
        let way = format!("way={way}");
        let told = ["--set", &way, "--set", "number=15550100099", "--answer", "minute=yes"];
        let linked = simulated.link_with(&[&["runbook", "run", "re-authentication", "--yes"][..], &told].concat());
        assert_eq!((linked.code, report(&linked)["data"]["verdict"].as_str()), (0, Some("pass")), "{way}: {linked:?}");
        simulated.home.run(&["reset", "--yes"]);
        assert_eq!(simulated.home.run(&["start"]).code, 0);
    }
    assert_eq!(simulated.link().code, 0);
    let restarted = simulated.home.json(&["runbook", "run", "restart", "--yes"]);
    assert_eq!((restarted.0, restarted.1["data"]["verdict"].as_str()), (0, Some("pass")), "{}", restarted.1);
    let reset = simulated.link_with(&["runbook", "run", "reset", "--yes", "--answer", "agree=yes", "--answer", "old-device=yes"]);
    assert_eq!((reset.code, report(&reset)["data"]["verdict"].as_str()), (0, Some("pass")), "{reset:?}");
    // Somebody who says no keeps the session.
    let kept = simulated.home.json(&["runbook", "run", "reset", "--yes", "--answer", "agree=no"]);
    assert_eq!((kept.0, kept.1["data"]["verdict"].as_str()), (4, Some("deviated")), "{}", kept.1);
    assert_eq!(simulated.state().0, "READY");
}

/// The command line inside of the run would be ended by the signal itself, were it alone.
#[test]
fn an_interrupt_while_a_code_waits_for_the_phone_ends_the_run() {
    use std::io::BufRead;
    let simulated = Simulated::new();
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    let line = ["runbook", "run", "re-authentication", "--yes", "--answer", "minute=yes", "--format", "json"];
    let mut child = simulated.home.command(&line).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("qr_code")));
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let report: Value = serde_json::from_str(&lines.last().unwrap()).unwrap();
    assert_eq!((child.wait().unwrap().code(), report["data"]["verdict"].as_str()), (Some(130), Some("aborted")), "{report}");
    assert_eq!(report["data"]["open"], false);
}

#[test]
fn a_restart_that_does_not_bring_the_session_back_deviates() {
    let mut simulated = Simulated::linked();
    simulated.stop_simulator();
    let (code, report) = simulated.home.json(&["runbook", "run", "restart", "--yes"]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (4, Some("deviated")), "{report}");
    let ended = |id: &str| {
        let steps = report["data"]["steps"].as_array().unwrap();
        steps.iter().find(|step| step["id"] == id).map(|step| step["ended"].as_str().unwrap().to_owned())
    };
    assert_eq!(ended("leave-stopped").as_deref(), Some("passed"), "{report}");
    assert!(simulated.daemon().is_none());
}

#[test]
fn every_shipped_runbook_lints_clean() {
    assert!(["re-authentication", "reset", "restart"].iter().all(|id| SHIPPED.iter().any(|(known, _)| known == id)));
    for (id, text) in SHIPPED {
        assert_eq!(lint(text, &Surroundings { id, parses: &is_line, asks: &asks }), [], "{id}");
    }
}

/// Command lines under a heading that ask a gateway through its plugin.
fn through_plugin(runbook: &Runbook, part: Part) -> bool {
    let lines = runbook.part(part).filter(|fence| fence.kind == Kind::Wpp).flat_map(|fence| fence.command_lines().unwrap());
    let gateways = ["openwa", "jarvis", "connector", "baileys"];
    lines.into_iter().any(|(_, words)| {
        let asks = |word: &String| word.contains("{{channel}}") || gateways.contains(&word.trim_end_matches(':'));
        words.iter().any(asks) && words[1] != "backup"
    })
}

#[test]
fn what_a_verification_asks_a_plugin_is_known_to_be_set_up_before_anything_is_begun() {
    let mut seen = 0;
    for (id, text) in SHIPPED {
        let runbook = Runbook::parse(text).unwrap().0;
        if through_plugin(&runbook, Part::Verification) {
            seen += 1;
            assert!(through_plugin(&runbook, Part::Prerequisites), "{id} asks a plugin in the end, and not whether it is there");
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_session_that_waits_for_a_login_after_a_restart_is_left_as_it_is() {
    let simulated = Simulated::linked();
    simulated.ask(wpp::whatsapp::simulator::Request::PhoneUnlink { companion: None });
    simulated.wait_for_state("AUTH_REQUIRED", "logged_out");
    let before = simulated.daemon();
    let (code, report) = simulated.home.json(&["runbook", "run", "restart", "--yes"]);
    assert_eq!((code, report["data"]["verdict"].as_str()), (0, Some("pass")), "{report:#}");
    // It was restarted, runs, and the next step is named.
    assert_eq!(simulated.state().0, "AUTH_REQUIRED");
    assert!(simulated.daemon().is_some() && simulated.daemon() != before);
    assert!(report["title"].as_str().unwrap().contains("next: wpp reauth --session main"), "{report:#}");
}

#[test]
fn a_new_runbook_lints_clean_and_its_plan_can_be_seen() {
    for drill in [false, true] {
        let text = wpp::runbook::template::text("my-own", drill);
        assert_eq!(lint(&text, &Surroundings { id: "my-own", parses: &is_line, asks: &asks }), [], "{text}");
    }
}

#[test]
fn a_line_that_wpp_does_not_know_is_found_in_the_shipped_ones() {
    let (id, text) = SHIPPED.iter().find(|(id, _)| *id == "restart").unwrap();
    let broken = text.replace("wpp restart --session {{session}} --force", "wpp restart --session {{session}} --forced");
    let found = lint(&broken, &Surroundings { id, parses: &is_line, asks: &asks });
    assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["command"], "{found:?}");
    let line = broken.lines().nth(found[0].line - 1).unwrap();
    assert!(line.contains("--forced"), "{line}");
    Runbook::parse(&broken).unwrap();
}
