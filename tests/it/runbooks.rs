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
    // A key is stretched from a pair code on both sides, without a word on the connection meanwhile: a busy
    // machine takes longer for it than the watchdog of the other tests waits.
    let simulated = Simulated::with_settings("[daemon]\nstart_timeout_ms = 20000\nwatchdog_ms = 20000\n");
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

/// Checks that no runbook mends, and why.
const WITHOUT_RUNBOOK: &[(&str, &str)] = &[
    ("wpp.home.marker", "whether a home is live is for a person to know"),
    ("wpp.home.settings", "a line of config.toml, which the finding names"),
    ("wpp.home.plugins", "a file of plugins, which the finding names"),
    ("wpp.home.journal", "what is wrong with that one file decides"),
    ("wpp.home.default-session", "a setting"),
    ("wpp.home.socket-path", "another place for the home"),
    ("wpp.home.lockdown", "who locked it knows why"),
    ("wpp.schedule.not-installed", "one command"),
    ("wpp.schedule.missed", "what was missed decides"),
    ("wpp.schedule.cannot-pass", "an entry of the settings, which the finding names"),
    ("wpp.schedule.failing", "what the entry runs decides"),
    ("wpp.backup.destination", "a setting, or a volume that is not there"),
    ("wpp.backup.same-disk", "a setting"),
    ("wpp.backup.stale", "one command"),
    ("wpp.backup.last-failed", "what kept it from its end decides"),
    ("wpp.drill.failed", "what that drill saw decides"),
    ("wpp.runbook.open", "two commands, which the finding names"),
    ("wpp.config.environment", "a variable"),
    ("wpp.config.unknown-variable", "a variable"),
    ("wpp.config.contradictions", "a setting"),
    ("wpp.config.deprecated", "a setting"),
    ("wpp.config.recommended", "a setting"),
    ("wpp.config.backup-schedule", "a setting"),
    ("wpp.config.suppression", "a setting"),
    ("wpp.host.size-limits", "a limit of the shell or the unit"),
    ("wpp.host.random", "the kernel"),
    ("wpp.host.file-system", "another place for the home"),
    ("wpp.host.file-system-errors", "a disk that fails is for the machine's administrator"),
    ("wpp.host.volume", "another place for the home"),
    ("wpp.host.clock-behind", "the machine's clock"),
    ("wpp.host.clock-step", "the machine's clock"),
    ("wpp.host.time-zone", "the machine's time zone"),
    ("wpp.host.toolchain", "a program to install, or a setting"),
    ("wpp.host.ports", "another server, or a setting"),
    ("wpp.network.clock-skew", "the machine's clock"),
    ("wpp.network.servers", "another server, or a setting"),
    ("wpp.restore.wake-owed", "it is done by itself once the session connects"),
    ("wpp.store.migrations", "a newer wpp"),
];

#[test]
fn each_check_names_the_runbook_that_mends_it_and_is_one_of_its_triggers() {
    let trigger = |path: &str| -> &'static str {
        let id = path.trim_start_matches("runbooks/").trim_start_matches("drills/").trim_end_matches(".md");
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == id).unwrap_or_else(|| panic!("there is no {path}"));
        text.split("\n## ").find(|part| part.starts_with("Trigger")).unwrap()
    };
    let mut without: Vec<&str> = Vec::new();
    for check in wpp::doctor::catalog::checks() {
        let Some(path) = check.runbook else {
            without.push(check.id);
            continue;
        };
        // A trigger may name all of a kind: `wpp.security`.
        let kind = check.id.rsplit_once('.').unwrap().0;
        let is_named = [check.id, kind].iter().any(|name| trigger(path).contains(&format!("`{name}`")));
        assert!(is_named, "{} is mended by {path}, whose triggers do not name it", check.id);
    }
    for id in &without {
        assert!(WITHOUT_RUNBOOK.iter().any(|(known, why)| known == id && !why.is_empty()), "{id} has no runbook");
    }
    assert_eq!(without.len(), WITHOUT_RUNBOOK.len(), "one of the table has a runbook, or is gone");
    // An outage of the way to the server is a trigger with its class.
    for class in ["dns_resolution", "timeout", "network_unreachable", "provider_unavailable"] {
        assert!(trigger("runbooks/reconnect-loop.md").contains(class), "{class}");
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
