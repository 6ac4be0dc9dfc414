//! `wpp alert`: who is told of what, through real channels of plugins and programs, once.

use std::path::PathBuf;

use serde_json::Value;

use crate::harness::TestHome;

/// A home whose contacts are programs that write what they are told into files of their own.
struct Watched {
    home: TestHome,
}

impl Watched {
    fn new(more: &str) -> Watched {
        let watched = Watched { home: TestHome::sandbox() };
        watched.configure(more);
        watched.open_to_others(false);
        watched
    }

    fn configure(&self, more: &str) {
        let contact = |name: &str| {
            let file = self.file(name);
            format!(
                "[contacts.{name}]\nrole = \"the {name}\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> '{}'\"]\n",
                file.display()
            )
        };
        let text = format!("{}{}{more}", contact("first"), contact("second"));
        std::fs::write(self.home.path().join("config.toml"), text).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(format!("told-{name}"))
    }

    /// What a contact was told since it was last asked.
    fn told(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file(name)).unwrap_or_default();
        let _ = std::fs::remove_file(self.file(name));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn kinds(&self, name: &str) -> Vec<String> {
        // Whatever else this machine may give rise to, such as a full disk, is no part of the tests.
        let told = self.told(name);
        let ours = told.iter().filter(|notice| notice["finding"] == "wpp.home.modes" || notice["finding"].is_null());
        ours.map(|notice| format!("{} {}", notice["kind"].as_str().unwrap(), notice["finding"].as_str().unwrap_or("-"))).collect()
    }

    /// A finding of the home: its folder is open to others, or not.
    fn open_to_others(&self, open: bool) {
        let mode = if open { 0o755 } else { 0o700 };
        std::fs::set_permissions(self.home.path(), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    }
}

/// What is over is told at once, unless a test is about that.
const ORDER: &str = "[alert]\nescalation = [\"first\", \"second\"]\nsettled_s = 0\n";

#[test]
fn a_finding_is_told_once_escalated_taken_on_and_its_end_is_told() {
    let watched = Watched::new(&format!("{ORDER}[alert.rule.\"wpp.home.modes\"]\nresponse_time = \"1s\"\n"));
    let run = || {
        let (code, report) = watched.home.json(&["alert", "run"]);
        assert_eq!(code, 0, "{report}");
        report
    };
    run();
    assert_eq!((watched.kinds("first"), watched.kinds("second")), (vec![], vec![]));
    watched.open_to_others(true);
    let dry = watched.home.json(&["alert", "run", "--dry-run"]).1;
    assert_eq!(dry["data"]["notices"].as_array().map(Vec::len), Some(1), "{dry}");
    assert!(watched.kinds("first").is_empty(), "it was only to be shown");
    run();
    assert_eq!(watched.kinds("first"), ["new wpp.home.modes"]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let report = run();
    assert_eq!(watched.kinds("second"), ["escalated wpp.home.modes"], "{report}");
    assert!(watched.kinds("first").is_empty());
    let ack = watched.home.run(&["alert", "ack", "wpp.home.modes", "--by", "ann"]);
    assert_eq!(ack.code, 0, "{ack:?}");
    let report = run();
    let problems = report["data"]["problems"].as_array().unwrap();
    let ours = problems.iter().find(|problem| problem["finding"] == "wpp.home.modes").unwrap();
    assert_eq!(ours["acknowledged_by"], "ann", "{report}");
    watched.open_to_others(false);
    run();
    assert_eq!(watched.kinds("first"), ["recovered wpp.home.modes"]);
    assert_eq!(watched.kinds("second"), ["recovered wpp.home.modes"]);
    run();
    assert!(watched.kinds("first").is_empty());
    assert_eq!(watched.home.run(&["alert", "ack", "wpp.home.modes"]).code, 2);
    let (_, history) = watched.home.json(&["alert", "history"]);
    let states: Vec<&str> =
        history["data"]["notices"].as_array().unwrap().iter().map(|one| one["ways"][0]["state"].as_str().unwrap()).collect();
    assert!(states.len() >= 4 && states.iter().all(|state| *state == "delivered"), "{states:?}");
}

#[test]
fn what_comes_and_goes_within_minutes_is_told_once_and_no_program_of_a_contact_sees_a_secret() {
    let watched = Watched::new("");
    watched.configure("[contacts.third]\ncommand = [\"/bin/sh\", \"-c\", \"env >> env-seen; cat > /dev/null\"]\n");
    for open in [true, false, true, false, true] {
        watched.open_to_others(open);
        let mut run = watched.home.command(&["alert", "run"]);
        run.env("WPP_SECRET_OPENWA_KEY", "s3cret-value").env("GITHUB_TOKEN", "s3cret-value").env("WHO", "ann");
        assert!(run.current_dir(watched.home.path()).output().unwrap().status.success());
    }
    assert_eq!(watched.kinds("first"), ["new wpp.home.modes"]);
    // The rule gives it time: nobody else was told of it yet. A test goes to all.
    let mut test = watched.home.command(&["alert", "test"]);
    test.env("WPP_SECRET_OPENWA_KEY", "s3cret-value").env("GITHUB_TOKEN", "s3cret-value").env("WHO", "ann");
    assert!(test.current_dir(watched.home.path()).output().unwrap().status.success());
    let seen = std::fs::read_to_string(watched.home.path().join("env-seen")).unwrap();
    assert!(seen.contains("WHO=ann") && !seen.contains("s3cret-value"), "{seen}");
}

#[test]
fn what_could_not_be_told_fails_the_run_is_a_finding_and_is_told_later() {
    let watched = Watched::new("");
    let broken = "[contacts.first]\ncommand = [\"/bin/sh\", \"-c\", \"echo no route >&2; exit 7\"]\n";
    std::fs::write(watched.home.path().join("config.toml"), broken).unwrap();
    watched.open_to_others(true);
    let (code, report) = watched.home.json(&["alert", "run"]);
    assert_eq!(code, 4, "{report}");
    assert!(report["data"]["deliveries"][0]["observed"].as_str().unwrap().contains("no route"), "{report}");
    let undelivered = || {
        let (_, doctor) = watched.home.json(&["doctor", "--only", "wpp.alert"]);
        doctor["findings"][0].clone()
    };
    assert_eq!(undelivered()["severity"], "error");
    watched.configure("");
    assert_eq!(watched.home.run(&["alert", "run"]).code, 0);
    let told = watched.kinds("first");
    assert!(told.contains(&"new wpp.home.modes".to_owned()), "{told:?}");
    assert_eq!(undelivered()["severity"], "ok");
}

#[test]
fn a_test_goes_through_every_way_of_every_contact_and_fails_when_one_does_not_arrive() {
    let watched = Watched::new("");
    let (code, report) = watched.home.json(&["alert", "test"]);
    assert_eq!((code, report["data"]["deliveries"].as_array().map(Vec::len)), (0, Some(2)), "{report}");
    assert_eq!((watched.kinds("first"), watched.kinds("second")), (vec!["test -".to_owned()], vec!["test -".to_owned()]));
    assert_eq!(watched.home.run(&["alert", "test", "--contact", "first"]).code, 0);
    assert_eq!((watched.told("first").len(), watched.told("second").len()), (1, 0));
    watched.configure("[contacts.third]\nchannels = [\"nowhere\"]\n");
    assert_eq!(watched.home.run(&["alert", "test", "--dry-run"]).code, 0);
    assert!(watched.told("first").is_empty());
    let (code, report) = watched.home.json(&["alert", "test"]);
    let failed: Vec<&Value> =
        report["data"]["deliveries"].as_array().unwrap().iter().filter(|one| one["delivered"] == false).collect();
    assert!(code == 4 && failed.len() == 1 && failed[0]["way"] == "nowhere", "{report}");
    // It was told there and then: the doctor says nothing more of it.
    let (_, doctor) = watched.home.json(&["doctor", "--only", "wpp.alert"]);
    assert_eq!(doctor["findings"][0]["severity"], "ok", "{doctor}");
}

#[test]
fn a_notice_goes_through_a_channel_of_a_plugin() {
    let watched = Watched::new("");
    let (address, heard) = crate::plugin::server(vec![crate::plugin::answer("200 OK", "", "{}")]);
    watched.configure(&format!(
        "[contacts.third]\nchannels = [\"webhook\"]\n[plugin.webhook]\nurl = \"http://{address}/\"\nsigned = false\n"
    ));
    let component = format!("{}/plugins/webhook/webhook.wasm", env!("CARGO_MANIFEST_DIR"));
    let added = watched.home.run(&["plugin", "add", &component, "--yes", "--grant", &format!("http=http://{address}")]);
    assert_eq!(added.code, 0, "{added:?}");
    let (code, report) = watched.home.json(&["alert", "test", "--contact", "third"]);
    assert_eq!(code, 0, "{report}");
    let request = heard.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    assert!(request.contains("wpp can reach you"), "{request}");
}

#[test]
fn whom_no_channel_can_reach_is_known_before_anything_happens_and_a_dead_channel_is_told_once() {
    let home = TestHome::sandbox();
    let settings = |more: &str| {
        let text = format!("[contacts.ann]\nchannels = [\"ntfy\"]\n[plugin.ntfy]\nurl = \"http://127.0.0.1:9\"\n{more}");
        std::fs::write(home.path().join("config.toml"), text).unwrap();
    };
    let found = |id: &str| -> Vec<(String, String, String)> {
        let (_, report) = home.json(&["doctor", "--only", id]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|one| (text(&one["severity"]), text(&one["summary"]), text(&one["remedy"]["command"]))).collect()
    };
    let one = |id: &str, part: &str, command: &str| {
        let all = found(id);
        let [(severity, summary, mend)] = &all[..] else { panic!("{all:?}") };
        assert!(severity == "error" && summary.contains(part) && mend.ends_with(command), "{all:?}");
    };
    settings("");
    one("wpp.config.contacts", "there is no plugin ntfy", "channel list");
    let test = home.run(&["alert", "test"]);
    assert!(test.code == 4 && test.stdout.contains("wpp doctor --only wpp.alert,wpp.config.contacts"), "{test:?}");
    let component = format!("{}/plugins/ntfy/ntfy.wasm", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(home.run(&["plugin", "add", &component, "--yes"]).code, 0);
    one("wpp.config.contacts", "topic of ntfy is missing", "plugin info ntfy");
    settings("topic = \"x\"\n");
    let grant = "plugin grant ntfy http=http://127.0.0.1:9";
    one("wpp.config.contacts", "is not granted", grant);
    // Whatever is found, many notices wait for the one channel.
    for number in 0..3 {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(if number % 2 == 0 { 0o755 } else { 0o700 });
        std::fs::set_permissions(home.path(), mode).unwrap();
        assert_eq!(home.run(&["alert", "run"]).code, 4);
    }
    one("wpp.alert.undelivered", "ntfy", grant);
    let (_, history) = home.json(&["alert", "history"]);
    let about: Vec<&Value> = history["data"]["notices"].as_array().unwrap().iter().map(|one| &one["notice"]["finding"]).collect();
    assert!(about.contains(&&Value::from("wpp.home.modes")), "{about:?}");
    assert!(!about.iter().any(|id| *id == "wpp.alert.undelivered" || *id == "wpp.config.contacts"), "{about:?}");
    // Now it is known to be no more than that nothing serves there.
    assert_eq!(home.run(&["plugin", "grant", "ntfy", "http=http://127.0.0.1:9"]).code, 0);
    assert_eq!(found("wpp.config.contacts")[0].0, "ok");
    assert_eq!(home.run(&["alert", "run"]).code, 4);
    one("wpp.alert.undelivered", "ntfy", "channel health ntfy");
    std::fs::write(home.path().join("config.toml"), "[contacts.ann]\ncommand = [\"/no/such/program\"]\n").unwrap();
    one("wpp.config.contacts", "there is no program /no/such/program", "alert test --contact ann");
}

/// The four gateways, under names of their own.
fn with_gateways(watched: &Watched) {
    let mut settings = String::new();
    for gateway in ["openwa", "baileys", "jarvis", "connector"] {
        let component = format!("{}/plugins/{gateway}/{gateway}.wasm", env!("CARGO_MANIFEST_DIR"));
        let name = format!("my-{gateway}");
        let line = ["plugin", "add", &component, "--name", &name, "--yes", "--grant", "http=http://127.0.0.1:1"];
        let added = watched.home.run(&line);
        assert_eq!(added.code, 0, "{added:?}");
        settings.push_str(&format!("[plugin.{name}]\nurl = \"http://127.0.0.1:1\"\n"));
    }
    watched.configure(&settings);
}

#[test]
fn every_pattern_of_the_matrix_is_a_check_of_a_gateway_and_every_check_of_one_names_its_runbook() {
    let watched = Watched::new("");
    with_gateways(&watched);
    let (_, report) = watched.home.json(&["doctor", "--list"]);
    let checks: Vec<(&str, &str)> = report["data"]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|check| {
            let id = check["id"].as_str().unwrap();
            id.starts_with("my-").then(|| (id, check["runbook"].as_str().unwrap_or_else(|| panic!("{id} names no runbook"))))
        })
        .collect();
    assert!(checks.len() > 30, "{checks:?}");
    for (id, runbook) in &checks {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(runbook);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{id}: there is no {runbook}"));
        let gateway = id.strip_prefix("my-").unwrap().split('.').next().unwrap();
        let of_gateway = text.contains(&format!("\napplies_to: {gateway}\n"));
        assert!(of_gateway || runbook.starts_with("runbooks/drills/"), "{id}: {runbook} is for another system");
    }
    let (_, report) = watched.home.json(&["alert", "matrix"]);
    let findings = report["data"]["rules"].as_array().unwrap().iter().flat_map(|rule| rule["findings"].as_array().unwrap());
    let patterns: Vec<&str> = findings.filter_map(|id| id.as_str().unwrap().strip_prefix("*.")).collect();
    assert!(patterns.len() > 5, "{report}");
    for pattern in patterns {
        let is = |(id, _): &(&str, &str)| id.split_once('.').is_some_and(|(_, rest)| rest == pattern);
        assert!(checks.iter().any(is), "no plugin has a check *.{pattern}");
    }
}

#[test]
fn a_notice_about_a_gateway_names_the_runbook_of_that_gateway() {
    let watched = Watched::new("");
    with_gateways(&watched);
    let (_, report) = watched.home.json(&["alert", "run"]);
    let told = watched.told("first");
    for (finding, runbook) in [
        ("my-openwa.service.alive", "openwa-service-down"),
        ("my-baileys.service.alive", "baileys-image-rollback"),
        ("my-jarvis.service.alive", "jarvis-start"),
        ("my-connector.service.alive", "connector-health"),
    ] {
        let notice = told.iter().find(|notice| notice["finding"] == finding).unwrap_or_else(|| panic!("{finding}: {report}"));
        assert_eq!(notice["runbook"], runbook, "{notice}");
        assert!(notice["text"].as_str().unwrap().contains(&format!("Runbook: {runbook}")), "{notice}");
    }
}

#[test]
fn the_dead_man_switch_hears_of_every_look_and_of_what_could_not_be_told() {
    let watched = Watched::new("");
    let answers = || vec![crate::plugin::answer("200 OK", "", ""), crate::plugin::answer("200 OK", "", "")];
    let (address, heard) = crate::plugin::server(answers());
    let ping = format!("[alert]\nseverity_min = \"critical\"\nping_url = \"http://{address}/tellnoone\"\n");
    watched.configure(&ping);
    let (code, report) = watched.home.json(&["alert", "run"]);
    assert!(code == 0 && report["data"]["pinged"] == true && !report.to_string().contains("tellnoone"), "{report}");
    let patience = std::time::Duration::from_secs(60);
    let first = heard.recv_timeout(patience).unwrap();
    assert!(first.contains(" /tellnoone HTTP"), "{first}");
    watched.open_to_others(true);
    let refuses = "[contacts.first]\ncommand = [\"/bin/false\"]\n[alert.rule.\"wpp.home.modes\"]\nseverity = \"critical\"\n";
    std::fs::write(watched.home.path().join("config.toml"), format!("{refuses}{ping}")).unwrap();
    assert_eq!(watched.home.run(&["alert", "run"]).code, 4);
    let second = heard.recv_timeout(patience).unwrap();
    assert!(second.contains(" /tellnoone/fail HTTP"), "{second}");
}

#[test]
fn the_matrix_and_the_contacts_are_shown_as_they_hold() {
    let watched =
        Watched::new(&format!("{ORDER}[alert.rule.\"wpp.home.disk-space\"]\nresponse_time = \"2m\"\ncontacts = [\"second\"]\n"));
    let (_, report) = watched.home.json(&["alert", "matrix"]);
    let rules = report["data"]["rules"].as_array().unwrap();
    let of = |alert: &str| rules.iter().find(|rule| rule["alert"] == alert).unwrap_or_else(|| panic!("{alert}: {report}"));
    for (alert, severity, seconds) in [
        ("Service down", "critical", 300),
        ("High memory", "warning", 1800),
        ("High memory, of a gateway", "warning", 1800),
        ("Webhook failures above 5 %", "warning", 1800),
        ("Disk space below 10 %", "critical", 900),
        ("Certificate expires within 7 days", "warning", 86_400),
    ] {
        assert_eq!(
            (&of(alert)["severity"], &of(alert)["response_time_s"]),
            (&Value::from(severity), &Value::from(seconds)),
            "{alert}"
        );
    }
    assert_eq!(of("Session disconnected")["response_time_s"], 900);
    let own = of("wpp.home.disk-space");
    assert_eq!(
        (&own["response_time_s"], &own["severity"], &own["contacts"][0]),
        (&120.into(), &"critical".into(), &"second".into())
    );
    let (_, report) = watched.home.json(&["alert", "contacts"]);
    let contacts = report["data"]["contacts"].as_array().unwrap();
    assert_eq!((&contacts[0]["name"], &contacts[0]["place"], &contacts[1]["place"]), (&"first".into(), &1.into(), &2.into()));
    watched.configure("[alert]\nescalation = [\"nobody\"]\n");
    assert_eq!(watched.home.run(&["alert", "contacts"]).code, 2);
    let (_, doctor) = watched.home.json(&["doctor", "--only", "wpp.alert"]);
    assert_eq!(doctor["findings"][0]["severity"], "error", "{doctor}");
}

/// Every document of `wpp alert`, for the test of their schemas.
pub fn documents() -> Vec<String> {
    let watched = Watched::new("");
    watched.open_to_others(true);
    let mut all = Vec::new();
    for line in [
        "alert run --dry-run",
        "alert run",
        "alert ack wpp.home.modes --by ann",
        "alert run",
        "alert test",
        "alert matrix",
        "alert contacts",
        "alert history",
    ] {
        let words: Vec<&str> = line.split_whitespace().chain(["--format", "json"]).collect();
        all.push(watched.home.run(&words).stdout);
    }
    watched.open_to_others(false);
    all.push(watched.home.run(&["alert", "run", "--format", "json"]).stdout);
    all
}

/// An own runbook whose verification asks for a session; so it passes once that session is there.
fn own_runbook(watched: &Watched) {
    let text = "---\nid: own-look\ntitle: A session is there\nkind: runbook\nseverity: low\nrespond_within: 1h\n\
        applies_to: host\nschedule: \"@every:1800\"\nnotify_before: 1h\nescalate_after: 3\n---\n\n# A session is there\n\n\
        ## Trigger\n\nA test.\n\n## Impact\n\nNone.\n\n## Prerequisites\n\nNone.\n\n## Steps\n\nNothing is done.\n\n\
        ## Verification\n\nIt is there.\n\n```wpp id=there expect=\"exit=0|13|14\"\nwpp status --session later\n```\n\n\
        ## Rollback\n\nNothing was done, so there is nothing to take back.\n";
    std::fs::create_dir_all(watched.home.path().join("runbooks")).unwrap();
    std::fs::write(watched.home.path().join("runbooks/own-look.md"), text).unwrap();
}

#[test]
fn tries_in_a_row_that_do_not_pass_are_escalated_one_contact_after_the_other() {
    let watched = Watched::new(ORDER);
    own_runbook(&watched);
    let run = || watched.home.run(&["runbook", "run", "own-look", "--yes"]).code;
    for told in [0, 0, 1] {
        assert_eq!(run(), 4);
        assert_eq!(watched.told("first").len(), told);
    }
    // Whoever was told is not told again; the next one is.
    assert_eq!(run(), 4);
    assert_eq!((watched.told("first").len(), watched.told("second").len()), (0, 1));
    // With nobody left that is said.
    let outcome = watched.home.run(&["runbook", "run", "own-look", "--yes"]);
    assert!(outcome.code == 4 && outcome.stdout.contains("nobody is left"), "{outcome:?}");
    // A pass ends the row.
    let start = watched.home.path().join("sessions/later");
    std::fs::create_dir_all(&start).unwrap();
    std::fs::set_permissions(&start, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(run(), 0);
    std::fs::remove_dir_all(&start).unwrap();
    for told in [0, 0, 1] {
        assert_eq!(run(), 4);
        assert_eq!((watched.told("first").len(), watched.told("second").len()), (told, 0));
    }
}

#[test]
fn what_the_schedule_will_begin_is_announced_once_for_each_time() {
    let watched = Watched::new(&format!("{ORDER}[schedule.look]\nrunbook = \"own-look\"\n"));
    own_runbook(&watched);
    // The entry becomes known, and is due within the hour.
    assert_eq!(watched.home.run(&["schedule", "run"]).code, 0);
    let told = watched.told("first");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["title"].as_str().unwrap().starts_with("own-look begins in"), "{told:?}");
    // Again at once: the same time is not told again. If half an hour ended just then, it is another one.
    assert_eq!(watched.home.run(&["schedule", "run"]).code, 0);
    assert!(watched.told("second").is_empty());
    let (_, history) = watched.home.json(&["alert", "history"]);
    let notices = history["data"]["notices"].as_array().unwrap();
    let about: Vec<&str> = notices.iter().filter_map(|one| one["notice"]["key"].as_str()).collect();
    let times: std::collections::BTreeSet<&str> = about.iter().copied().filter(|key| key.starts_with("schedule:look:")).collect();
    assert!(!times.is_empty() && times.len() == about.len(), "{history}");
}

/// Two entries of the schedule, each a runbook of its own that passes when its file is there.
fn two_entries() -> Watched {
    let entry = |name: &str| format!("[schedule.{name}]\nrunbook = \"{name}\"\nwhen = \"daily 02:30\"\n");
    let watched = Watched::new(&format!("{ORDER}{}{}", entry("one"), entry("two")));
    std::fs::create_dir_all(watched.home.path().join("runbooks")).unwrap();
    for name in ["one", "two"] {
        let text = format!(
            "---\nid: {name}\ntitle: Own\nkind: runbook\nseverity: low\nrespond_within: 1h\napplies_to: host\n---\n\n## Trigger\n\nT.\n\n\
             ## Impact\n\nI.\n\n## Prerequisites\n\nNone.\n\n## Steps\n\nNone.\n\n## Verification\n\n\
             ```sql id=look on={{{{home}}}}/{name}.db\nSELECT count(*) FROM good\n```\n\n## Rollback\n\nNone.\n"
        );
        std::fs::write(watched.home.path().join(format!("runbooks/{name}.md")), text).unwrap();
    }
    watched
}

#[test]
fn each_entry_of_the_schedule_that_fails_is_told_and_so_is_its_end() {
    let watched = two_entries();
    let database = |name: &str| watched.home.path().join(format!("{name}.db"));
    let set = |name: &str, good: bool| match good {
        true => rusqlite::Connection::open(database(name)).unwrap().execute_batch("CREATE TABLE good (x)").unwrap(),
        false => std::fs::remove_file(database(name)).unwrap(),
    };
    let told = |what: &str| -> Vec<String> {
        let _ = watched.home.run(&["schedule", "run", what]);
        assert_eq!(watched.home.run(&["alert", "run"]).code, 0);
        let ours = watched.told("first").into_iter().filter(|notice| notice["finding"] == "wpp.schedule.failing");
        let said = |notice: Value| {
            let text = |field: &str| notice[field].as_str().unwrap_or("-").to_owned();
            assert!(
                notice["kind"] == "recovered" || text("text").contains(&format!("--subject {}", text("subject"))),
                "{notice}"
            );
            format!("{} {}", text("kind"), text("subject"))
        };
        ours.map(said).collect()
    };
    set("one", true);
    set("two", true);
    assert_eq!(told("one"), Vec::<String>::new());
    set("one", false);
    assert_eq!(told("one"), ["new one"]);
    set("two", false);
    assert_eq!(told("two"), ["new two"]);
    let (code, taken) = watched.home.json(&["alert", "ack", "wpp.schedule.failing", "--subject", "two", "--by", "ann"]);
    assert_eq!((code, taken["data"]["problems"].as_array().map(Vec::len)), (0, Some(1)), "{taken}");
    set("one", true);
    assert_eq!(told("one"), ["recovered one"]);
    set("two", true);
    assert_eq!(told("two"), ["recovered two"]);
}
