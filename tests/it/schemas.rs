//! The documents of `--format json` are those of `wpp::command::schemas`, field by field.

use std::collections::BTreeSet;

use serde_json::Value;
use wpp::command::schemas::{ERROR, EVENT, Object, Presence, REPORT, SCHEMAS, Schema, Shape};

use crate::simulated::{PEER, Simulated};

/// Optional fields that no run below brings about: they need a fault of their own kind.
const NOT_PROVOKED: &[&str] = &[
    // A server that refuses a message.
    "outgoing.error",
    // A phone that logs the session out.
    "signal.logged_out_ms",
    "status.detail",
    // A program that writes beside the daemon.
    "status.edited_ms",
    // A daemon that hangs.
    "status.error",
    // An old archive that cannot be removed.
    "wpp.backup/1.prune_error",
    "wpp.send/1.error",
];

/// Whether a backup takes long enough to tell how far it is depends on the machine; what it then says is
/// held by the tests of progress.
const BY_CHANCE: [&str; 5] = ["event.done", "event.left_seconds", "event.per_second", "event.total", "event.what"];

/// Rules, and somebody to tell who does not listen.
const SETTINGS: &str = "[backup]\nkeep_last = 9\non_failure = [\"/bin/sh\", \"-c\", \"echo no; exit 1\"]\n";

/// What is wrong with documents, and which fields were seen in them.
#[derive(Default)]
struct Findings {
    wrong: BTreeSet<String>,
    seen: BTreeSet<String>,
    schemas: BTreeSet<String>,
}

impl Findings {
    fn value(&mut self, place: &str, value: &Value, shape: &Shape) {
        let fits = match shape {
            Shape::Text => value.is_string(),
            Shape::Number => value.is_number(),
            Shape::Boolean => value.is_boolean(),
            Shape::Any => true,
            Shape::List(item) => value.as_array().is_some_and(|items| {
                items.iter().for_each(|value| self.value(&format!("{place}[]"), value, item));
                true
            }),
            Shape::Map(item) => value.as_object().is_some_and(|items| {
                items.values().for_each(|value| self.value(&format!("{place}.*"), value, item));
                true
            }),
            Shape::Object(object) => {
                self.object(if object.name.is_empty() { place } else { object.name }, value, object);
                true
            }
        };
        if !fits {
            self.wrong.insert(format!("{place} is {value}, and should be {shape:?}"));
        }
    }

    fn object(&mut self, place: &str, value: &Value, object: &Object) {
        let Some(found) = value.as_object() else {
            self.wrong.insert(format!("{place} is {value}, and should be an object"));
            return;
        };
        for name in found.keys().filter(|name| !object.fields.iter().any(|field| field.name == *name)) {
            self.wrong.insert(format!("{place}.{name} is not documented"));
        }
        for field in object.fields {
            let place = format!("{place}.{}", field.name);
            match (found.get(field.name), field.presence) {
                (None, Presence::Optional) => {}
                (None, _) => drop(self.wrong.insert(format!("{place} is missing"))),
                (Some(Value::Null), Presence::Always) => drop(self.wrong.insert(format!("{place} is null"))),
                (Some(Value::Null), _) => drop(self.seen.insert(place)),
                (Some(value), _) => {
                    self.value(&place, value, &field.shape);
                    self.seen.insert(place);
                }
            }
        }
    }

    fn report(&mut self, report: &Value) {
        self.object(REPORT.name, report, &REPORT);
        let name = report["schema"].as_str().unwrap_or_default();
        match SCHEMAS.iter().find(|schema| schema.name == name) {
            Some(schema) => self.value(name, &report["data"], &schema.data),
            None => drop(self.wrong.insert(format!("{name} is not documented"))),
        }
        self.schemas.insert(name.to_owned());
    }

    /// All that a command wrote: events, then a report or an error.
    fn output(&mut self, stdout: &str) {
        for line in stdout.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if value["event"].is_string() {
                self.object(EVENT.name, &value, &EVENT);
            } else if value["schema"] == "wpp.error/1" {
                self.object(ERROR.name, &value, &ERROR);
                self.schemas.insert("wpp.error/1".into());
            } else {
                self.report(&value);
            }
        }
    }
}

fn fields(place: &str, shape: &Shape, all: &mut BTreeSet<String>) {
    match shape {
        Shape::Text | Shape::Number | Shape::Boolean | Shape::Any => {}
        Shape::List(item) => fields(&format!("{place}[]"), item, all),
        Shape::Map(item) => fields(&format!("{place}.*"), item, all),
        Shape::Object(object) => {
            let place = if object.name.is_empty() { place } else { object.name };
            for field in object.fields {
                let place = format!("{place}.{}", field.name);
                if all.insert(place.clone()) {
                    fields(&place, &field.shape, all);
                }
            }
        }
    }
}

#[test]
fn every_field_that_the_commands_write_is_documented_and_every_documented_one_is_written() {
    let simulated = Simulated::new();
    let mut findings = Findings::default();
    let mut run = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().chain(["--format", "json"]).collect();
        let outcome = simulated.home.run(&words);
        findings.output(&outcome.stdout);
        outcome
    };
    run("status");
    run("backup list");
    let linked = simulated.link();
    assert_eq!(linked.code, 0, "{linked:?}");
    findings.output(&linked.stdout);
    let mut run = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().chain(["--format", "json"]).collect();
        let outcome = simulated.home.run(&words);
        findings.output(&outcome.stdout);
        outcome
    };
    simulated.peer_sends("hello", 2);
    simulated.until("both messages", || match simulated.found("hello") {
        2 => Ok(()),
        count => Err(format!("{count} messages")),
    });
    // Growth is told from more than a day of samples.
    crate::capacity::record(&simulated.home, 30, 1 << 20);
    run(&format!("send {PEER} hello"));
    run("outbound pause");
    run(&format!("send {PEER} later --wait 0"));
    for line in [
        "outbound list --all",
        "outbound resume",
        "status",
        "status --all",
        "chats",
        "messages",
        "search hello",
        "search --rebuild",
        "events",
        "logs",
        "sync stop",
        "sync status",
        "sync start",
        "config",
        // A recipient whose key is not here.
        "backup --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "backup",
        "backup list",
        "backup show latest",
        "backup verify latest",
        "backup verify latest --level restore",
        "backup --incremental",
        "backup list",
        "backup prune --keep-last 1 --keep-hourly 1 --keep-daily 1 --keep-weekly 1 --keep-monthly 1 --keep-yearly 1 --keep-within 1h",
        "backup verify latest --level restore --keep",
        "capacity",
        "support-bundle --dry-run",
        "doctor --list",
        "doctor --explain wpp.session.lock-held",
        "drill list",
        "drill show smoke",
        "drill run smoke --dry-run",
        "drill guard not-live",
        "drill inject --list",
        "drill inject slow-network --delay-ms 1",
        "drill recovery",
        "drill inject slow-network --release",
        "restart",
        "stop",
        "stop",
        "backup",
        "start --session second",
        "stop --session second",
        "restore latest --dry-run",
        "restore latest --yes",
        "backup prune --set-aside --older-than 1h",
        "restore latest --plan rekey --yes",
        "status --session nobody",
    ] {
        run(line);
    }
    run("drill run smoke");
    let evidence: Value = serde_json::from_str(&run("evidence list").stdout).unwrap();
    let id = evidence["data"]["evidence"][0]["id"].as_str().unwrap().to_owned();
    run("evidence verify");
    run(&format!("evidence export {id} --to {}", simulated.home.path().join("evidence.tar.gz").display()));
    let (before, after) = (simulated.home.path().join("before.env"), simulated.home.path().join("after.env"));
    std::fs::write(&before, "GITHUB_TOKEN=old-token-1\nSAME=1\n").unwrap();
    std::fs::write(&after, "GITHUB_TOKEN=new-token-2\nSAME=1\n").unwrap();
    for file in [&before, &after] {
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    run(&format!(
        "evidence rotation --before {0} --after {1} --name GITHUB_TOKEN --name NEVER --scan {2} --into {3}",
        before.display(),
        after.display(),
        simulated.home.path().join("marker").display(),
        simulated.home.path().join("rotation").display()
    ));
    // A home that others can read is a finding with a fix.
    std::fs::set_permissions(simulated.home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    run("doctor --fix --yes");
    // Found, mended, and found and suppressed.
    let open =
        |mode| std::fs::set_permissions(simulated.home.path(), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    open(0o755);
    run("doctor --wait 1s");
    open(0o700);
    run("doctor");
    open(0o755);
    let settings = simulated.home.path().join("config.toml");
    let told = std::fs::read_to_string(&settings).unwrap_or_default();
    std::fs::write(&settings, format!("{told}\n[suppress.\"wpp.home.modes\"]\nreason = \"x\"\nuntil = 2999-12-31\n")).unwrap();
    run("doctor");
    std::fs::write(&settings, told).unwrap();
    open(0o700);
    let (address, _heard) = crate::plugin::server(vec![crate::plugin::answer("200 OK", "", "{}")]);
    let config = simulated.home.path().join("config.toml");
    let before = std::fs::read_to_string(&config).unwrap_or_default();
    let (nobody, _held) = crate::harness::refusing();
    let webhook = format!("[plugin.webhook]\nurl = \"http://{address}/\"\nsigned = false\n");
    std::fs::write(&config, format!("{before}\n{webhook}\n[plugin.baileys]\nurl = \"http://{nobody}\"\n")).unwrap();
    let maker = crate::signatures::Maker::new();
    let signature = simulated.home.path().join("webhook.minisig");
    std::fs::write(&signature, maker.sign(&crate::plugin::component("webhook"))).unwrap();
    for line in [
        "plugin list",
        &format!(
            "plugin add {}/plugins/webhook/webhook.wasm --yes --signature {} --public-key {}",
            env!("CARGO_MANIFEST_DIR"),
            signature.display(),
            maker.public_key()
        ),
        "plugin info webhook",
        &format!("plugin grant webhook http=http://{address}"),
        "plugin revoke webhook secret=webhook-key",
        "plugin list",
        "channel list",
        "channel health webhook",
        "channel send webhook text",
        &format!("plugin add {}/plugins/hostile/hostile.wasm --yes", env!("CARGO_MANIFEST_DIR")),
        "plugin info hostile",
        "plugin remove hostile",
        &format!("plugin add {}/plugins/baileys/baileys.wasm --yes --grant http=http://{nobody}", env!("CARGO_MANIFEST_DIR")),
        "channel health baileys",
        "doctor --channel baileys",
        "plugin remove baileys",
    ] {
        run(line);
    }
    // A plugin of JavaScript, and in the place of the tool that builds it one that has built it before.
    let folder = simulated.home.path().join("own");
    let tool = folder.join("node_modules/.bin/componentize-qjs");
    run(&format!("plugin new own --language javascript --folder {}", folder.display()));
    std::fs::create_dir_all(tool.parent().unwrap()).unwrap();
    let component = |name: &str| format!("{}/plugins/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    crate::harness::write_program(&tool, &format!("#!/bin/sh\nfor last; do :; done\ncp {} \"$last\"\n", component("webhook")));
    let built = run(&format!("plugin build {}", folder.display()));
    assert_eq!(built.code, 0, "{built:?}");
    let answers = folder.join("answers.json");
    run(&format!("plugin test {} --answers {} --act", component("webhook"), answers.display()));
    run(&format!("plugin test {} --answers {} --set act=log", component("hostile"), answers.display()));
    std::fs::write(&config, before).unwrap();
    simulated.kill_daemon();
    std::fs::write(simulated.home.path().join("config.toml"), SETTINGS).unwrap();
    // A daemon that takes a request and dies before it answers; its socket stays.
    let socket = simulated.home.session("main").join("daemon.sock");
    std::fs::remove_file(&socket).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let dies = std::thread::spawn(move || (0..2).for_each(|_| drop(listener.accept())));
    run("send 15550100042 hello --wait 0");
    dies.join().unwrap();
    // What a killed daemon left is mended by itself only where nobody asks for more.
    for line in ["doctor", "backup", "doctor --only wpp.session.stale-socket --fix --yes", "doctor --fix --yes --all"] {
        run(line);
    }
    std::fs::write(simulated.home.path().join("backups").join("main-20200101T000000Z.wpp.tar.gz"), "no archive").unwrap();
    run("stop");
    let session = simulated.home.session("main");
    let lock = wpp::disk::Lock::acquire(&session.join("LOCK"), "restore").unwrap();
    run("status");
    run("backup");
    drop(lock);
    std::fs::remove_file(session.join("wpp.db")).unwrap();
    for line in [
        "backup",
        "backup --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "backup list",
        "reset --dry-run",
        "reset --yes --accept-partial-backup",
    ] {
        run(line);
    }
    crate::runbook::documents().iter().for_each(|stdout| findings.output(stdout));
    crate::alert::documents().iter().chain(&crate::schedule::documents()).for_each(|stdout| findings.output(stdout));
    crate::gateway_verbs::documents().iter().for_each(|stdout| findings.output(stdout));
    let dumps = crate::sets::documents();
    dumps.iter().flatten().for_each(|stdout| findings.output(stdout));
    assert!(findings.wrong.is_empty(), "{:#?}", findings.wrong);

    // Where PostgreSQL is not there, nothing can be said of dumps.
    let of_dumps = |name: &str| dumps.is_none() && name.starts_with("wpp.dump");
    let silent: Vec<&str> =
        SCHEMAS.iter().map(|schema| schema.name).filter(|name| !findings.schemas.contains(*name) && !of_dumps(name)).collect();
    // `wpp daemon` writes to its starter, and several drills, and rotations, are run by tests of their own.
    assert_eq!(silent, ["wpp.daemon/1", "wpp.drill-runs/1", "wpp.evidence-rotation/1"]);
    let mut all = BTreeSet::new();
    for schema in SCHEMAS.iter().filter(|schema| !silent.contains(&schema.name) && !of_dumps(schema.name)) {
        fields(schema.name, &schema.data, &mut all);
    }
    for object in [&REPORT, &ERROR, &EVENT] {
        fields(object.name, &Shape::Object(object), &mut all);
    }
    let unseen = all.difference(&findings.seen).map(String::as_str).filter(|name| !BY_CHANCE.contains(name));
    let unseen: Vec<&str> = unseen.collect();
    assert_eq!(unseen, NOT_PROVOKED, "documented and never written, or the other way round");
}

#[test]
fn a_field_too_many_one_too_few_and_one_of_another_type_are_noticed() {
    let stop = |data: Value| {
        let mut findings = Findings::default();
        findings.report(&serde_json::json!({ "schema": "wpp.stop/1", "title": "t", "verdict": "pass", "data": data }));
        findings.wrong.into_iter().collect::<Vec<_>>().join("; ")
    };
    let good = serde_json::json!({ "session": "main", "pid": null, "killed": false, "took_ms": 1 });
    assert_eq!(stop(good.clone()), "");
    for (name, value, said) in [
        ("extra", serde_json::json!(1), "wpp.stop/1.extra is not documented"),
        ("killed", serde_json::json!("no"), "wpp.stop/1.killed is \"no\""),
        ("session", Value::Null, "wpp.stop/1.session is null"),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert!(stop(bad.clone()).contains(said), "{}", stop(bad));
    }
    let mut short = good;
    short.as_object_mut().unwrap().remove("took_ms");
    assert_eq!(stop(short), "wpp.stop/1.took_ms is missing");
}

#[test]
fn every_report_in_the_source_has_a_schema_and_every_schema_names_commands_that_exist() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/command");
    let mut named = BTreeSet::new();
    let rooms = ["", "doctor", "drill", "evidence", "plugin", "support_bundle", "../runbook"].map(|room| folder.join(room));
    for path in rooms.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()) {
        let path = path.unwrap().path();
        // The simulator is hidden, and no part of the contract.
        if path.extension().is_none_or(|ending| ending != "rs") || path.ends_with("simulator.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for part in ["Report::new(", "Report::answer("].into_iter().flat_map(|made| text.split(made).skip(1)) {
            let name = part.split('"').nth(1).unwrap();
            named.insert(format!("wpp.{name}/1"));
        }
    }
    let listed: Vec<String> = SCHEMAS.iter().map(|schema| schema.name.to_owned()).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), named);
    let mut tree = wpp::command::tree();
    tree.build();
    for Schema { name, commands, .. } in SCHEMAS {
        assert!(!commands.is_empty(), "{name}");
        for line in *commands {
            let mut command = &tree;
            for word in line.split_whitespace().skip(1) {
                match word.strip_prefix("--") {
                    Some(flag) => assert!(command.get_arguments().any(|known| known.get_long() == Some(flag)), "{line}"),
                    None => command = command.find_subcommand(word).unwrap_or_else(|| panic!("{line}: there is no {word}")),
                }
            }
        }
    }
}
