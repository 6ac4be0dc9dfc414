//! The verbs on sessions of gateways, against doubles of their servers: the whole program, from the
//! command line to the server and back.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::doubles::{
    Baileys, Behaviour, Connector, Double, Fault, Jarvis, OPENWA_FAILING_WEBHOOK, OPENWA_SESSION, OPENWA_WEBHOOK, OpenWa, ago,
};
use crate::harness::{Outcome, TestHome};

const SALES: &str = "11111111-2222-4333-8444-555555555555";
/// What a phone is to read.
const CODE: &str = "2@pYnF0rXk4mRzq7oGq0oOe0S2mYwJ1c9QK0n3vQyq5m0v2b7j8x9z,aGVsbG8=,d29ybGQ=,Zm9v,1";

/// A sandbox home with one gateway's plugin, all of whose grants are given.
pub struct Bench<B> {
    pub home: TestHome,
    pub double: Double<B>,
}

impl<B: Behaviour> Bench<B> {
    pub fn new(name: &str, settings: &str, secret: Option<(&str, &str)>, behaviour: B) -> Bench<B> {
        let double = Double::new(behaviour);
        let home = TestHome::sandbox();
        let url = double.url();
        // Long: nothing here waits for an answer that does not come.
        let config = format!("[plugin.{name}]\nurl = \"{url}\"\ntimeout_ms = 20000\n{}", settings.replace("{url}", &url));
        std::fs::write(home.path().join("config.toml"), config).unwrap();
        let file = format!("{}/plugins/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
        let grant = format!("http={url}");
        let mut words = vec!["plugin", "add", file.as_str(), "--yes", "--grant", grant.as_str()];
        let granted = secret.map(|(secret, _)| format!("secret={secret}"));
        if let Some(granted) = &granted {
            words.extend(["--grant", granted.as_str()]);
        }
        let bench = Bench { home, double };
        if let Some((secret, value)) = secret {
            bench.secret(secret, value);
        }
        let added = bench.home.run(&words);
        assert_eq!(added.code, 0, "{added:?}");
        bench
    }

    pub fn secret(&self, name: &str, value: &str) {
        let folder = self.home.path().join("secrets");
        let _ = std::fs::create_dir(&folder);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, value).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn run(&self, line: &str) -> Outcome {
        self.run_with(line, &[])
    }

    fn run_with(&self, line: &str, environment: &[(&str, &str)]) -> Outcome {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = self.home.command(&words).envs(environment.iter().copied()).output().unwrap();
        let outcome = Outcome::of(output);
        outcome.assert_helpful();
        outcome
    }

    /// The last document that a command writes, and all before it.
    fn json(&self, line: &str) -> (i32, Value, Vec<Value>) {
        self.json_with(line, &[])
    }

    fn json_with(&self, line: &str, environment: &[(&str, &str)]) -> (i32, Value, Vec<Value>) {
        let outcome = self.run_with(&format!("{line} --format json"), environment);
        let mut documents: Vec<Value> =
            outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{outcome:?}"))).collect();
        let last = documents.pop().unwrap_or_else(|| panic!("{outcome:?}"));
        (outcome.code, last, documents)
    }

    /// How often the server was asked this since the last time.
    fn asked(&self, line: &str) -> usize {
        self.double.asked().iter().filter(|asked| asked.line().ends_with(line)).count()
    }

    /// States of the journal's entries.
    fn journal(&self, session: &str, verb: &str) -> Vec<String> {
        let journal = wpp::journal::Journal::open(&self.home.path().join("ops.db")).unwrap();
        journal.history(session, verb).unwrap().into_iter().map(|entry| entry.state).collect()
    }
}

fn openwa() -> Bench<OpenWa> {
    let bench = Bench::new("openwa", "", Some(("openwa-key", "owa-key-for-tests")), OpenWa::well());
    bench.double.state().session(SALES, "sales", "disconnected");
    bench
}

/// The picture that a server shows of a code.
fn picture(code: &str) -> (String, Vec<u8>) {
    let png = wpp::ui::qr::png(code).unwrap();
    (format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(&png)), png)
}

fn steps(report: &Value) -> Vec<(String, String)> {
    let text = |step: &Value, name: &str| step[name].as_str().unwrap().to_owned();
    report["steps"].as_array().unwrap().iter().map(|step| (text(step, "verdict"), text(step, "observed"))).collect()
}

/// What the verbs write with `--format json`, one text for each command.
pub fn documents() -> Vec<String> {
    let bench = openwa();
    bench.double.state().failures.push(failure());
    let lines = [
        "status openwa:main",
        "status openwa",
        "start openwa:main",
        "start openwa:sales",
        "stop openwa:main",
        "restart openwa:main",
        "send --session openwa:main +628123456789 hello",
        "reauth openwa:main",
        "webhook list openwa",
        "webhook failures openwa",
        &format!("webhook test openwa {OPENWA_WEBHOOK}"),
        &format!("webhook disable openwa {OPENWA_WEBHOOK}"),
    ];
    lines.iter().map(|line| bench.run(&format!("{line} --format json")).stdout).collect()
}

fn failure() -> Value {
    json!({
        "id": "f1", "webhookId": OPENWA_WEBHOOK, "event": "message.received", "attempts": 4, "lastStatusCode": 500,
        "lastError": null, "createdAt": ago(60_000),
    })
}

#[test]
fn status_tells_one_session_or_all_of_a_gateway_in_the_words_of_every_session() {
    let bench = openwa();
    let (code, report, _) = bench.json("status openwa:main");
    let data = &report["data"];
    assert_eq!((code, data["state"].as_str(), data["reason"].as_str()), (0, Some("READY"), Some("normal")), "{report}");
    assert_eq!((data["session"].as_str(), data["told"].as_str()), (Some("openwa:main"), Some("ready")));
    assert_eq!((data["id"].as_str(), data["phone"].as_str()), (Some(OPENWA_SESSION), Some("628123456789")));
    assert!(data["since_ms"].as_i64().unwrap() > 0 && data["stuck"] == false);
    // The same by the flag and by the environment; the flag goes before it.
    assert_eq!(bench.json("status --session openwa:main").1["data"]["id"], OPENWA_SESSION);
    assert_eq!(bench.json_with("status", &[("WPP_SESSION", "openwa:main")]).1["data"]["id"], OPENWA_SESSION);
    assert_eq!(bench.json_with("status openwa:main", &[("WPP_SESSION", "openwa:sales")]).1["data"]["id"], OPENWA_SESSION);
    let stopped = bench.run("status openwa:sales");
    assert!(stopped.code == 14 && stopped.stdout.contains("wpp start openwa:sales"), "{stopped:?}");
    for all in ["status openwa", "status openwa:", "status --session openwa:"] {
        let (code, report, _) = bench.json(all);
        let states: Vec<&str> =
            report["data"]["sessions"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
        assert_eq!((code, states), (14, vec!["READY", "STOPPED"]), "{report}");
    }
    // It looks and does nothing, and nothing is written down.
    assert!(bench.double.asked().iter().all(|asked| asked.method == "GET"));
    let (code, error, _) = bench.json("status openwa:nobody");
    assert_eq!((code, error["code"].as_str()), (10, Some("NO_SESSION")), "{error}");
    // All of this host are none of a gateway's.
    bench.double.asked();
    let all = bench.run("status --all");
    assert!(all.code == 0 && all.stdout.contains("0 sessions") && all.stdout.contains("wpp status openwa:"), "{all:?}");
    assert!(bench.double.asked().is_empty());
}

#[test]
fn a_session_that_is_on_its_way_for_too_long_is_stuck() {
    let bench = openwa();
    bench.double.state().sessions[1]["status"] = json!("initializing");
    bench.double.state().sessions[1]["engineLoaded"] = json!(true);
    for (age_ms, code, stuck) in [(0, 0, false), (300_000, 4, true)] {
        bench.double.state().sessions[1]["updatedAt"] = json!(ago(age_ms));
        let (exit, report, _) = bench.json("status openwa:sales");
        assert_eq!((exit, report["data"]["stuck"].as_bool()), (code, Some(stuck)), "{report}");
        assert_eq!(report["data"]["state"], "CONNECTING");
    }
    let told = bench.run("status openwa:sales");
    assert!(told.stdout.contains("stuck") && told.stdout.contains("wpp doctor --channel openwa"), "{told:?}");
}

#[test]
fn what_is_wrong_between_here_and_the_gateway_is_told_as_what_it_is() {
    let bench = openwa();
    bench.secret("openwa-key", "another");
    assert_eq!(bench.run("status openwa:sales").code, 15);
    // Granted and not there: granting it once more mends nothing.
    std::fs::remove_file(bench.home.path().join("secrets/openwa-key")).unwrap();
    let missing = bench.run("status openwa:sales");
    assert!(missing.code == 15 && missing.stderr.contains("WPP_SECRET_OPENWA_KEY"), "{missing:?}");
    assert!(!missing.stderr.contains("wpp plugin grant"), "{missing:?}");
    bench.secret("openwa-key", "owa-key-for-tests");
    bench.double.fault(Fault::Page);
    assert_eq!(bench.run("status openwa:sales").code, 5);
    bench.double.fault(Fault::None);
    let (gone, _held) = crate::harness::refusing();
    assert_eq!(bench.run(&format!("plugin grant openwa http=http://{gone}")).code, 0);
    std::fs::write(bench.home.path().join("config.toml"), format!("[plugin.openwa]\nurl = \"http://{gone}\"\n")).unwrap();
    for line in ["status openwa:sales", "status openwa", "start openwa:sales", "stop openwa:sales", "reauth openwa:sales"] {
        let outcome = bench.run(line);
        assert_eq!(outcome.code, 14, "{line}: {outcome:?}");
    }
    let sent = bench.run("send --session openwa:sales 628123456789 hello");
    assert!(sent.code == 14 && sent.stderr.contains("nobody knows whether it was sent"), "{sent:?}");
}

#[test]
fn names_of_gateways_and_of_their_sessions_are_told_apart_from_those_of_this_host() {
    let bench = openwa();
    for line in [
        "backup",
        "backup list",
        "backup verify latest",
        "restore latest",
        "reset",
        "logs",
        "events",
        "sync status",
        "outbound list",
        "search x",
        "messages",
        "chats",
        "daemon",
    ] {
        let outcome = bench.run(&format!("{line} --session openwa:sales"));
        assert!(outcome.code == 2 && outcome.stderr.contains("wpp status openwa:sales"), "{line}: {outcome:?}");
        let outcome = bench.run_with(line, &[("WPP_SESSION", "openwa:sales")]);
        assert_eq!(outcome.code, 2, "{line}: {outcome:?}");
    }
    for (line, why) in [
        ("status evolution:sales", "no gateway evolution"),
        ("status evolution:", "no gateway evolution"),
        ("start openwa", "which of its sessions"),
        ("send --session openwa: 1 x", "which of its sessions"),
        ("start openwa:sales --new-messages", "--new-messages"),
        ("stop openwa:sales --force", "--force"),
        ("send --session openwa:sales 1 x --wait 3", "--wait"),
        ("status openwa:sales --session openwa:main", "two sessions"),
        ("status openwa::sales", "not a session name"),
        ("reauth mine --logout", "--logout"),
    ] {
        let outcome = bench.run(line);
        assert!(outcome.code == 2 && outcome.stderr.contains(why), "{line}: {outcome:?}");
    }
    // What has nothing to do with sessions works with any of them.
    for line in ["plugin list", "config", "doctor --channel openwa"] {
        let outcome = bench.run_with(line, &[("WPP_SESSION", "openwa:sales")]);
        assert!(outcome.code != 2 && !outcome.stderr.contains("error"), "{line}: {outcome:?}");
    }
    assert!(bench.double.asked().iter().all(|asked| asked.method == "GET"));
    assert_eq!(bench.run_with("status mine", &[("WPP_SESSION", "openwa:sales")]).code, 10);
    // A session of this host goes before a gateway of the same name.
    std::fs::create_dir_all(bench.home.session("openwa")).unwrap();
    let own = bench.run("status openwa");
    assert!(own.stdout.contains("no daemon runs"), "{own:?}");
    let completed = bench
        .home
        .command(&["--", "wpp", "status", "openw"])
        .env("COMPLETE", "fish")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap();
    assert!(completed.lines().any(|line| line.starts_with("openwa:")), "{completed}");
}

#[test]
fn a_start_waits_until_the_session_is_there_and_a_stop_until_it_is_not() {
    let bench = openwa();
    bench.double.state().sessions[1]["phone"] = json!("4930901820");
    bench.double.state().way = vec!["initializing", "initializing", "ready"];
    let (code, report, events) = bench.json("start openwa:sales");
    assert_eq!((code, report["data"]["state"].as_str()), (0, Some("READY")), "{report}");
    let seen = steps(&report);
    assert_eq!(seen[0], ("pass".into(), "it says yes".into()));
    assert!(seen[1].1.starts_with("CONNECTING, READY"), "{seen:?}");
    assert!(events.iter().any(|event| event["event"] == "step_finished"));
    assert_eq!(bench.journal("openwa:sales", "start"), ["finished"]);
    assert_eq!(bench.asked("/start"), 1);
    // What runs is left alone.
    let again = bench.run("start openwa:sales");
    assert!(again.code == 0 && again.stdout.contains("had been started") && bench.asked("/start") == 0, "{again:?}");
    let (code, report, _) = bench.json("stop openwa:sales");
    assert_eq!((code, report["data"]["state"].as_str()), (0, Some("STOPPED")), "{report}");
    // What a gateway's session has not is not told of it.
    assert!(report["data"].get("pid").is_none() && report["data"].get("killed").is_none(), "{report}");
    assert_eq!(bench.journal("openwa:sales", "stop"), ["finished"]);
    let again = bench.run("stop openwa:sales");
    assert!(again.code == 0 && again.stdout.contains("had been stopped"), "{again:?}");
    // One that waits for its phone was started all the same.
    bench.double.state().sessions[1]["phone"] = Value::Null;
    let (code, report, _) = bench.json("start openwa:sales");
    assert_eq!((code, report["data"]["state"].as_str()), (0, Some("AUTH_REQUIRED")), "{report}");
    assert_eq!(report["next"][0], "wpp reauth openwa:sales");
    // The server says that it had been started, and that is no failure.
    let (code, report, _) = bench.json("start openwa:sales");
    assert_eq!((code, steps(&report)[0].1.as_str()), (0, "it had been started before"), "{report}");
    assert_eq!(bench.journal("openwa:sales", "start"), ["finished", "finished", "finished"]);
}

#[test]
fn a_session_that_does_not_come_back_is_a_failure_whatever_the_gateway_says() {
    let bench = openwa();
    let soon = [("WPP_DAEMON_START_TIMEOUT_MS", "600")];
    bench.double.state().online = false;
    for line in ["start openwa:sales", "restart openwa:main"] {
        let (code, report, _) = bench.json_with(line, &soon);
        assert_eq!((code, report["verdict"].as_str()), (4, Some("fail")), "{line}: {report}");
        let seen = steps(&report);
        let (verdict, observed) = seen.last().unwrap();
        assert!(verdict == "fail" && observed.contains("CONNECTING") && observed.contains("time was over"), "{seen:?}");
        assert_eq!(report["next"][0], "wpp doctor --channel openwa");
    }
    // One that comes back without its phone is not back.
    bench.double.state().online = true;
    bench.double.state().sessions.remove(0);
    bench.double.state().session(OPENWA_SESSION, "main", "ready");
    let (code, report, _) = bench.json("restart openwa:main");
    assert_eq!((code, report["data"]["state"].as_str()), (13, Some("AUTH_REQUIRED")), "{report}");
    // One that fails.
    assert_eq!(bench.run("stop openwa:main").code, 0);
    bench.double.state().way = vec!["initializing", "initializing", "initializing", "failed"];
    let (code, report, _) = bench.json("start openwa:main");
    assert_eq!((code, report["data"]["state"].as_str()), (4, Some("ERROR")), "{report}");
    // A gateway that says yes and does nothing.
    let settings = "sidecar_url = \"{url}\"\n";
    let jarvis = Bench::new("jarvis", settings, Some(("jarvis-token", "jarvis-token-for-tests")), Jarvis::well());
    jarvis.double.state().state = "close".into();
    let (code, report, _) = jarvis.json_with("start jarvis:main", &soon);
    assert_eq!((code, report["data"]["state"].as_str()), (4, Some("STOPPED")), "{report}");
    assert_eq!(steps(&report)[0].0, "pass");
}

#[test]
fn a_restart_is_seen_to_have_happened_and_what_a_gateway_cannot_do_is_said() {
    let bench = openwa();
    bench.double.state().way = vec!["initializing", "authenticating", "ready"];
    let (code, report, _) = bench.json("restart openwa:main");
    assert_eq!((code, report["data"]["state"].as_str()), (0, Some("READY")), "{report}");
    assert_eq!((bench.asked("/stop"), bench.journal("openwa:main", "restart")), (1, vec!["finished".to_owned()]));
    let jarvis =
        Bench::new("jarvis", "sidecar_url = \"{url}\"\n", Some(("jarvis-token", "jarvis-token-for-tests")), Jarvis::well());
    for line in ["stop jarvis:main", "restart jarvis:main"] {
        let outcome = jarvis.run(line);
        assert!(outcome.code == 2 && outcome.stderr.contains("cannot") && outcome.stderr.contains("sidecar"), "{outcome:?}");
    }
    assert_eq!(jarvis.journal("jarvis:main", "stop"), ["failed", "failed"]);
    assert_eq!(jarvis.journal("jarvis:main", "restart"), ["failed"]);
    // One that cannot restart a session that is stopped starts it, and that is a restart.
    jarvis.double.state().state = "close".into();
    jarvis.double.state().opens = true;
    let (code, report, _) = jarvis.json("restart jarvis:main");
    assert_eq!((code, report["data"]["state"].as_str()), (0, Some("READY")), "{report}");
    assert_eq!(jarvis.journal("jarvis:main", "restart"), ["failed", "finished"]);
    assert_eq!(jarvis.journal("jarvis:main", "start"), ["finished"]);
    let connector = Bench::new("connector", "", Some(("connector-token", "connector-token-for-tests")), Connector::well());
    for line in ["start", "stop", "restart"] {
        connector.double.state().health["accounts"][0]["status"] =
            json!(if line == "start" { "disconnected" } else { "connected" });
        let outcome = connector.run(&format!("{line} connector:wa_1"));
        assert!(outcome.code == 2 && outcome.stderr.contains("the connector"), "{line}: {outcome:?}");
    }
}

#[test]
fn a_picture_of_a_code_is_read_and_drawn_and_followed_until_the_session_is_ready() {
    let bench = openwa();
    let (address, _) = picture(CODE);
    bench.double.state().qr = address;
    let way = ["initializing", "initializing", "qr_ready", "qr_ready", "qr_ready", "qr_ready", "authenticating", "ready"];
    bench.double.state().way = way.to_vec();
    let (code, report, events) = bench.json("reauth openwa:sales");
    assert_eq!((code, report["data"]["state"].as_str()), (0, Some("READY")), "{report} {events:?}");
    let codes: Vec<&Value> = events.iter().filter(|event| event["event"] == "qr_code").collect();
    assert!(codes.len() == 1 && codes[0]["code"] == CODE, "{events:?}");
    let stages: Vec<&str> = events.iter().filter_map(|event| event["data"]["stage"].as_str()).collect();
    assert_eq!(stages, ["requesting", "requesting", "qr", "accepted", "open"], "{events:?}");
    assert_eq!(bench.journal("openwa:sales", "link"), ["finished"]);
    let linked = bench.run("reauth openwa:sales");
    assert!(linked.code == 15 && linked.stderr.contains("needs no linking"), "{linked:?}");
    // In a terminal it is drawn as every code is.
    let baileys = Bench::new("baileys", "", None, Baileys::well());
    baileys.double.state().sessions.push(json!({"sessionId": "a2", "connection": "close", "paused": false, "qr": CODE}));
    let drawn = baileys.run("reauth baileys:a2 --timeout 1");
    let drawing = wpp::ui::qr::text(CODE).unwrap();
    let row = drawing.lines().nth(8).and_then(|row| row.split('m').nth(1)).unwrap().trim_end_matches("\u{1b}[0");
    assert!(drawn.code == 13 && row.chars().count() > 20 && drawn.stderr.contains(row), "{drawn:?}");
    assert!(drawn.stderr.contains("nobody scanned") && drawn.stderr.contains("wpp reauth baileys:a2"), "{drawn:?}");
}

#[test]
fn a_picture_that_cannot_be_read_is_said_or_written_to_a_file() {
    let bench = openwa();
    // The picture of a page without a code.
    let (_, png) = picture(CODE);
    let mut blank = Vec::new();
    let mut encoder = png::Encoder::new(&mut blank, 90, 90);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[200; 8100]).unwrap();
    bench.double.state().qr = format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(&blank));
    bench.double.state().way = vec!["qr_ready"];
    let outcome = bench.run("reauth openwa:sales");
    assert!(
        outcome.code == 5 && outcome.stderr.contains("no QR code was found") && outcome.stderr.contains("--png"),
        "{outcome:?}"
    );
    assert_eq!(bench.journal("openwa:sales", "link"), ["failed"]);
    let file = bench.home.path().join("code.png");
    let way = ["qr_ready", "qr_ready", "qr_ready", "qr_ready", "qr_ready", "qr_ready", "authenticating", "ready"];
    bench.double.state().way = way.to_vec();
    let outcome = bench.run(&format!("reauth openwa:sales --png {}", file.display()));
    assert!(outcome.code == 0 && outcome.stderr.contains("as it is"), "{outcome:?}");
    assert_eq!(std::fs::read(&file).unwrap(), blank);
    // One that can be is written anew.
    bench.double.state().session("22222222-2222-4333-8444-555555555555", "support", "qr_ready");
    bench.double.state().qr = picture(CODE).0;
    let outcome = bench.run(&format!("reauth openwa:support --timeout 1 --png {}", file.display()));
    assert_eq!((outcome.code, std::fs::read(&file).unwrap()), (13, png), "{outcome:?}");
    // What is no picture at all.
    bench.double.state().qr = "data:image/png;base64,iVBORw0KGgo=".into();
    assert_eq!(bench.run("reauth openwa:support").code, 5);
}

#[test]
fn a_link_that_does_not_come_about_is_diagnosed() {
    let bench = openwa();
    let add = |name: &str, status: &str| {
        let number = bench.double.state().sessions.len();
        let id = format!("{number}3333333-2222-4333-8444-555555555555");
        bench.double.state().session(&id, name, status);
    };
    add("half", "authenticating");
    let outcome = bench.run("reauth openwa:half --timeout 1");
    assert!(outcome.code == 13 && outcome.stderr.contains("the phone accepted, but the session never opened"), "{outcome:?}");
    assert!(outcome.stderr.contains("authenticating"), "{outcome:?}");
    add("silent", "initializing");
    let outcome = bench.run("reauth openwa:silent --timeout 1");
    assert!(outcome.code == 14 && outcome.stderr.contains("sent no code"), "{outcome:?}");
    add("paired", "qr_ready");
    let (code, error, events) = bench.json("reauth openwa:paired --timeout 1 --pair-code +4930901820");
    assert_eq!(code, 13, "{error}");
    let shown = events.iter().find(|event| event["data"]["pair_code"] == "ABCD1234").unwrap();
    assert!(shown["text"].as_str().unwrap().contains("ABCD1234"));
    assert!(events.iter().all(|event| event["event"] != "qr_code"));
    // Once there is a code it is not asked for again: that would make it void.
    assert_eq!(bench.asked("/pairing-code"), 1);
    bench.double.state().way = vec!["failed"];
    bench.double.state().sessions[1]["phone"] = Value::Null;
    let outcome = bench.run("reauth openwa:sales");
    assert!(outcome.code == 13 && outcome.stderr.contains("linking session openwa:sales failed"), "{outcome:?}");
    let connector = Bench::new("connector", "", Some(("connector-token", "connector-token-for-tests")), Connector::well());
    connector.double.state().health["accounts"][0]["status"] = json!("needs_qr");
    let declined = connector.run("reauth connector:wa_1 --timeout 1");
    assert!(declined.code == 20 && connector.asked("/regenerate-qr") == 0, "{declined:?}");
    let outcome = connector.run("reauth connector:wa_1 --timeout 1 --yes");
    // Where its code is shown is what the operator needs.
    assert!(outcome.code == 14 && outcome.stderr.contains("Accounts screen"), "{outcome:?}");
    assert_eq!(connector.asked("/regenerate-qr"), 1);
    let unsupported = connector.run("reauth connector:wa_1 --pair-code +4930901820 --yes");
    assert!(unsupported.code == 2 && unsupported.stderr.contains("no pairing codes"), "{unsupported:?}");
}

#[test]
fn nobody_is_asked_whether_to_link_what_needs_no_linking() {
    let bench = openwa();
    // It is linked to a phone, which only a link that can be made may cost.
    for line in ["reauth openwa:main", "reauth openwa:main --yes"] {
        bench.double.asked();
        let outcome = bench.run(line);
        assert!(outcome.code == 15 && outcome.stderr.contains("needs no linking"), "{line}: {outcome:?}");
        assert!(!outcome.stderr.contains("anew?"), "{line}: {outcome:?}");
        assert_eq!(bench.asked("GET /api/sessions"), 1, "{line}");
    }
    assert!(bench.journal("openwa:main", "link").is_empty());
    // One that is not READY may be linked, and has something to lose.
    bench.double.state().sessions[1]["phone"] = json!("4930901820");
    let declined = bench.run("reauth openwa:sales");
    assert!(declined.code == 20 && declined.stderr.contains("Link openwa:sales anew?"), "{declined:?}");
    assert!(declined.stderr.contains("--yes") && !declined.stderr.contains("--dry-run"), "{declined:?}");
    assert!(bench.asked("/start") == 0 && bench.journal("openwa:sales", "link").is_empty());
    assert_eq!(bench.run("reauth openwa:sales --yes").code, 0);
    // What can be rehearsed offers that.
    std::fs::create_dir_all(bench.home.session("mine")).unwrap();
    let declined = bench.run("reset --session mine");
    assert!(declined.code == 20 && declined.stderr.contains("--dry-run"), "{declined:?}");
}

#[test]
fn what_a_gateway_may_throw_away_is_agreed_to_first() {
    let bench = openwa();
    let (address, _) = picture(CODE);
    bench.double.state().qr = address;
    let declined = bench.run("reauth openwa:main --logout");
    assert!(declined.code == 20 && declined.stderr.contains("Unlink openwa:main"), "{declined:?}");
    assert!(bench.asked("/logout") == 0 && bench.journal("openwa:main", "logout").is_empty());
    bench.double.state().way = vec!["qr_ready", "qr_ready", "authenticating", "ready"];
    let outcome = bench.run("reauth openwa:main --logout --yes");
    assert_eq!((outcome.code, bench.asked("/logout")), (0, 1), "{outcome:?}");
    assert_eq!(bench.journal("openwa:main", "logout"), ["finished"]);
    let baileys = Bench::new("baileys", "", None, Baileys::well());
    let outcome = baileys.run("reauth baileys:agent1 --logout --yes");
    assert!(outcome.code == 2 && outcome.stderr.contains("cannot unlink"), "{outcome:?}");
}

#[test]
fn a_message_is_handed_over_and_no_more_is_said_than_is_known() {
    let bench = openwa();
    let (code, report, _) = bench.json("send --session openwa:main +628123456789 hello --id order-7");
    let data = &report["data"];
    assert_eq!((code, data["state"].as_str(), data["client_message_id"].as_str()), (0, Some("handed_over"), Some("order-7")));
    assert!(data.get("duplicate").is_none() && data["message_id"].as_str().unwrap().contains("3EB0"), "{report}");
    let asked = bench.double.asked();
    let sent = asked.iter().find(|asked| asked.line().ends_with("/send-text")).unwrap();
    assert!(sent.path.contains(OPENWA_SESSION) && sent.body.to_string().contains("hello"), "{sent:?}");
    let told = bench.run("send --session openwa:main +628123456789 hello");
    assert!(told.stdout.contains("may send it twice, unless it tells messages apart"), "{told:?}");
    assert_eq!(bench.run("send --session openwa:sales +628123456789 hello").code, 4);
    assert_eq!(bench.run("send --session openwa:nobody +628123456789 hello").code, 10);
    assert_eq!(bench.journal("openwa:main", "send"), ["finished", "finished"]);
    assert_eq!(bench.journal("openwa:sales", "send"), ["failed"]);
    // What is said stays here: neither text nor receiver is in the journal.
    let journal = std::fs::read(bench.home.path().join("ops.db")).unwrap();
    let holds = |text: &str| journal.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("order-7") && !holds("hello") && !holds("628123456789"));
}

#[test]
fn webhooks_are_listed_tested_and_switched() {
    let bench = openwa();
    bench.double.state().webhook(OPENWA_FAILING_WEBHOOK, "http://me:pass@127.0.0.1:9999/fail?token=t");
    bench.double.state().webhooks[1]["url"] = json!("http://127.0.0.1:9999/fail");
    let (code, report, _) = bench.json("webhook list openwa");
    assert_eq!((code, report["data"]["webhooks"][0]["session"].as_str()), (0, Some("main")), "{report}");
    assert_eq!(bench.json("webhook list openwa:main").1["data"]["webhooks"].as_array().unwrap().len(), 2);
    assert_eq!(bench.json("webhook list openwa:sales").1["data"]["webhooks"], json!([]));
    assert_eq!(bench.run(&format!("webhook test openwa {OPENWA_WEBHOOK}")).code, 0);
    let failed = bench.run(&format!("webhook test openwa {OPENWA_FAILING_WEBHOOK}"));
    assert!(failed.code == 4 && failed.stderr.contains("receiver"), "{failed:?}");
    let (code, report, _) = bench.json(&format!("webhook disable openwa {OPENWA_WEBHOOK}"));
    assert_eq!((code, report["data"]["enabled"].as_bool()), (0, Some(false)), "{report}");
    assert_eq!(bench.double.state().webhooks[0]["active"], false);
    assert_eq!(bench.json(&format!("webhook enable openwa {OPENWA_WEBHOOK}")).1["data"]["enabled"], true);
    bench.double.state().failures.push(failure());
    let (code, report, _) = bench.json("webhook failures openwa");
    let failure = &report["data"]["failures"][0];
    assert_eq!((code, failure["tries"].as_u64(), failure["trouble"].as_str()), (0, Some(4), Some("answered 500")), "{report}");
    let retried = bench.run("webhook retry openwa f1");
    assert!(retried.code == 2 && retried.stderr.contains("no way to deliver"), "{retried:?}");
    assert_eq!(bench.run("webhook test openwa nothing").code, 2);
    assert_eq!(bench.run("webhook list nowhere").code, 2);
    std::fs::create_dir_all(bench.home.session("mine")).unwrap();
    let own = bench.run("webhook list mine");
    assert!(own.code == 2 && own.stderr.contains("a session of this host"), "{own:?}");
    let baileys = Bench::new("baileys", "", None, Baileys::well());
    let none = baileys.run("webhook list baileys");
    assert!(none.code == 2 && none.stderr.contains("no webhooks"), "{none:?}");
}
