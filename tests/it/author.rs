//! What authors of plugins do: try a component against recorded answers, start a plugin, build it; in
//! Rust, in JavaScript and in Python. A tool that is not installed skips its part aloud, unless
//! WPP_TEST_NO_SKIP names its language.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wpp::command::pages::PLUGINS;
use wpp::plugin::host::{Host, Interface, Limits};
use wpp::plugin::recorded::Recording;

use crate::harness::{Outcome, TestHome, program};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn component(name: &str) -> String {
    root().join(format!("plugins/{name}/{name}.wasm")).to_str().unwrap().to_owned()
}

/// Says aloud that a part is left out, and fails where that must not be.
fn skip(language: &str, why: &str) {
    let held = std::env::var("WPP_TEST_NO_SKIP").unwrap_or_default();
    assert!(!held.split_whitespace().any(|word| word == language), "not to be skipped here: {why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED a part of the tests of plugins' authors: {why}");
}

fn installed(language: &str, program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file());
    if !found {
        skip(language, &format!("{program} is not installed"));
    }
    found
}

/// A folder with recorded answers in it.
fn recorded(name: &str, document: &Value) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, document.to_string()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// An answer that was recorded from a real server, as a recording has it.
fn taken(file: &str) -> Value {
    let text = std::fs::read_to_string(root().join("tests/gateways").join(file)).unwrap();
    let mut asked = text.lines().next().unwrap().split(' ');
    let (method, path) = (asked.next().unwrap(), asked.next().unwrap());
    let answer = &text[text.find("\nHTTP/1.1 ").unwrap() + 10..];
    let status: u16 = answer[..3].parse().unwrap();
    let body = answer.split_once("\n\n").unwrap().1;
    match serde_json::from_str::<Value>(body) {
        Ok(body) => json!({"method": method, "path": path, "status": status, "body": body}),
        Err(_) => json!({"method": method, "path": path, "status": status, "text": body}),
    }
}

fn problems(report: &Value, kind: &str) -> Vec<String> {
    let all = report["data"]["problems"].as_array().unwrap();
    all.iter().filter(|problem| problem["kind"] == kind).map(|problem| problem["text"].as_str().unwrap().to_owned()).collect()
}

fn call<'a>(report: &'a Value, name: &str) -> &'a Value {
    let calls = report["data"]["calls"].as_array().unwrap();
    calls.iter().find(|call| call["call"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

const BAILEYS: &str = "http://gateway.example:4001";

#[test]
fn a_plugin_is_tried_with_what_a_real_server_answered() {
    let home = TestHome::live();
    let answers: Vec<Value> = ["01-metrics", "06-session-1", "10-sessions2", "09-health"]
        .iter()
        .map(|name| taken(&format!("baileys/{name}.http")))
        .collect();
    let document = json!({"schema": "wpp.answers/1", "origin": BAILEYS, "settings": {"url": BAILEYS}, "answers": answers});
    let (_folder, answers) = recorded("answers.json", &document);
    let (_, report) = home.json(&["plugin", "test", &component("baileys"), "--answers", &answers]);
    assert_eq!(report["data"]["interfaces"], json!(["checks", "channel", "sessions", "webhooks"]));
    let run = call(&report, "checks.run");
    assert_eq!(run["end"], "answered", "{report}");
    let requests = run["requests"].as_array().unwrap();
    assert!(requests.iter().any(|asked| asked["url"] == format!("{BAILEYS}/metrics") && asked["status"] == 200), "{run}");
    assert!(run["memory_bytes"].as_u64().unwrap() > 64 << 10, "{run}");
    assert_eq!(call(&report, "sessions.list")["end"], "answered");
    assert!(
        !report["data"]["calls"].as_array().unwrap().iter().any(|call| call["call"].as_str().unwrap().starts_with("sessions.st")
            && call["call"].as_str().unwrap() != "sessions.status agent1")
    );
    // Looking is no reason to make a home.
    assert!(!home.path().join("ops.db").exists() && !home.path().join("plugins").exists());
}

#[test]
fn what_is_denied_unrecorded_or_ended_fails_the_test_of_a_plugin() {
    let home = TestHome::live();
    let answers = json!([{"path": "/health", "body": {"healthy": true}}, {"path": "/metrics", "no_answer": "timeout"}]);
    let document = json!({"schema": "wpp.answers/1", "origin": BAILEYS, "settings": {"url": BAILEYS}, "answers": answers});
    let (_folder, answers) = recorded("answers.json", &document);
    let baileys = component("baileys");
    let tried = |more: &[&str]| home.json(&[&["plugin", "test", baileys.as_str(), "--answers", answers.as_str()], more].concat());
    let (code, report) = tried(&[]);
    assert_eq!((code, report["verdict"].as_str()), (4, Some("fail")), "{report}");
    assert!(problems(&report, "unrecorded").iter().any(|text| text.contains("GET http://gateway.example:4001/sessions")));
    let (code, report) = tried(&["--grant", "http=http://elsewhere.example"]);
    assert_eq!(code, 4);
    let denied = problems(&report, "denied");
    assert!(
        denied.iter().any(|text| text.contains(&format!("http={BAILEYS}"))) && problems(&report, "unrecorded").is_empty(),
        "{report}"
    );
    let (code, report) = tried(&["--set", "url="]);
    assert!(code == 0 && report["warnings"].is_null(), "{report}");
    // No setting at all: that it is missing is told.
    let (_other, bare) = recorded("answers.json", &json!({"schema": "wpp.answers/1", "answers": []}));
    let (_, report) = home.json(&["plugin", "test", &baileys, "--answers", &bare]);
    assert!(report["warnings"][0].as_str().unwrap().contains("--set url="), "{report}");
    // Ended: by itself, and while it describes.
    for act in ["trap", "trap-in-describe", "memory", "findings"] {
        let set = format!("act={act}");
        let (code, report) = home.json(&["plugin", "test", &component("hostile"), "--answers", &bare, "--set", &set]);
        assert_eq!(code, 4, "{act}: {report}");
        assert_eq!(problems(&report, "ended").len(), 1, "{act}: {report}");
    }
    let (code, report) = home.json(&["plugin", "test", &component("hostile"), "--answers", &bare, "--set", "act=nothing"]);
    // It finds something wrong and proposes nothing.
    assert!(code == 4 && problems(&report, "contract")[0].contains("no remedy"), "{report}");
}

#[test]
fn what_a_recording_expects_and_a_check_does_not_say_fails_the_test() {
    let home = TestHome::live();
    let (_, known) = {
        let (_folder, bare) = recorded("answers.json", &json!({"schema": "wpp.answers/1", "answers": []}));
        home.json(&["plugin", "test", &component("hostile"), "--answers", &bare, "--set", "act=nothing"])
    };
    let id = known["findings"][0]["id"].as_str().unwrap().strip_prefix("hostile.").unwrap().to_owned();
    let is = known["findings"][0]["severity"].as_str().unwrap().to_owned();
    let tried = |expect: Value| {
        let document = json!({"schema": "wpp.answers/1", "expect": expect, "settings": {"act": "nothing"}, "answers": []});
        let (_folder, answers) = recorded("answers.json", &document);
        home.json(&["plugin", "test", &component("hostile"), "--answers", &answers])
    };
    let (_, report) = tried(json!({id.clone(): is}));
    assert!(problems(&report, "expectation").is_empty(), "{report}");
    let (code, report) = tried(json!({id: "critical"}));
    assert!(code == 4 && problems(&report, "expectation").len() == 1, "{report}");
    let (code, report) = tried(json!({"no.such": "ok"}));
    assert!(code == 4 && problems(&report, "expectation")[0].contains("no such check"), "{report}");
}

#[test]
fn a_test_of_a_plugin_wants_a_recording_and_a_component() {
    let home = TestHome::live();
    let (_folder, answers) = recorded("answers.json", &json!({"schema": "wpp.answers/9", "answers": []}));
    let hostile = component("hostile");
    for (line, said) in [
        (vec!["plugin", "test", &hostile], "--answers"),
        (vec!["plugin", "test", &hostile, "--answers", &answers], "wpp.answers/9"),
        (vec!["plugin", "test", &hostile, "--answers", "/no/such/file"], "/no/such/file"),
        (vec!["plugin", "test", "nobody", "--answers", &answers], "nobody"),
        (vec!["plugin", "test", &answers, "--answers", &answers], "answers"),
        (vec!["plugin", "new", "9"], "9"),
        (vec!["plugin", "build", "/no/such/folder"], "/no/such/folder"),
    ] {
        let output = home.command(&line).current_dir(home.path()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code().unwrap();
        assert!([1, 2, 15].contains(&code) && told.contains(said), "{line:?}: {code}: {told}");
    }
}

/// A folder in which plugins are made, with the environment that compilers want.
struct Workshop {
    home: TestHome,
}

impl Workshop {
    fn new() -> Workshop {
        Workshop { home: TestHome::live() }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.home.path()).env_clear().env("WPP_HOME", self.home.path().join("home"));
        let user = std::env::var_os("HOME").unwrap_or_default();
        for (name, otherwise) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"), ("XDG_CACHE_HOME", ".cache")] {
            command.env(name, std::env::var_os(name).unwrap_or_else(|| Path::new(&user).join(otherwise).into()));
        }
        for name in ["RUSTUP_TOOLCHAIN", "WPP_GUEST_TOOLCHAIN"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = Path::new(crate::harness::program()).parent().unwrap().to_owned();
        let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).unwrap();
        command.env("PATH", path).env("HOME", &user).stdin(std::process::Stdio::null());
        // What two plugins need is compiled once.
        command.env("CARGO_TARGET_DIR", self.home.path().join("target")).env("CARGO_NET_OFFLINE", "true");
        command
    }

    fn wpp(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(program()).args(arguments).output().unwrap())
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let outcome = self.wpp(&[arguments, &["--format", "json"]].concat());
        let last = outcome.stdout.lines().last().unwrap_or_default();
        (outcome.code, serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}")))
    }

    /// Whether plugins in Rust can be built: the target is there, and so are the SDK's crates.
    fn builds_rust(&self) -> bool {
        let sysroot = self.command("rustc").args(["--print", "sysroot"]).output();
        let sysroot = sysroot.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        let target = Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir();
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache"));
        if !target && !cache.join("wpp/guest-toolchain/done").exists() && std::env::var_os("WPP_GUEST_TOOLCHAIN").is_none() {
            skip("rust", "there is no target wasm32-unknown-unknown: run plugins/toolchain");
            return false;
        }
        let manifest = root().join("plugins/Cargo.toml");
        let fetched = self.command("cargo").args(["fetch", "--quiet", "--locked", "--manifest-path"]).arg(manifest).status();
        if !fetched.is_ok_and(|status| status.success()) {
            skip("rust", "the crates of the SDK are not here: run cargo fetch in plugins/");
            return false;
        }
        true
    }
}

#[test]
fn a_new_plugin_in_rust_builds_and_passes_and_says_why_it_does_not() {
    let shop = Workshop::new();
    if !shop.builds_rust() {
        return;
    }
    // What the page says, word for word.
    let block = PLUGINS.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let output = shop.command("sh").args(["-e", "-c", block]).output().unwrap();
    let outcome = Outcome::of(output);
    assert_eq!(outcome.code, 0, "{block}{outcome:?}");
    assert!(outcome.stderr.contains("Compiling") && !outcome.stdout.contains("Compiling"), "{outcome:?}");
    for kind in ["notice", "gateway"] {
        let (code, report) = shop.json(&["plugin", "new", kind, "--kind", kind]);
        assert_eq!(code, 0, "{report}");
        let (code, report) = shop.json(&["plugin", "build", kind]);
        assert_eq!(code, 0, "{report}");
        let path = report["data"]["path"].as_str().unwrap();
        let bytes = std::fs::read(shop.home.path().join(path)).unwrap();
        assert_eq!(report["data"]["size_bytes"], bytes.len());
        assert_eq!(report["data"]["sha256"], wpp::plugin::registry::sha256(&bytes));
        let answers = format!("{kind}/answers.json");
        let (code, report) = shop.json(&["plugin", "test", path, "--answers", &answers, "--act"]);
        assert_eq!(code, 0, "{report}");
        let calls = report["data"]["calls"].as_array().unwrap();
        assert!(calls.iter().any(|call| call["call"] == "channel.send" && call["end"] == "answered"), "{report}");
        // Without being told to, it changes nothing.
        let (code, report) = shop.json(&["plugin", "test", path, "--answers", &answers]);
        assert_eq!(code, 0, "{report}");
        assert!(!report.to_string().contains("\"method\":\"POST\""), "{report}");
    }
    // Never over what is there.
    assert_eq!(shop.wpp(&["plugin", "new", "pager"]).code, 2);
    // The lock file is the one that cargo would write.
    let mut locked = shop.command("cargo");
    locked.current_dir(shop.home.path().join("pager")).args(["metadata", "--quiet", "--locked", "--format-version", "1"]);
    let locked = locked.output().unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
    // What the compiler says is told.
    let source = shop.home.path().join("pager/src/lib.rs");
    std::fs::write(&source, std::fs::read_to_string(&source).unwrap().replace("fn healthy(", "fn healthily(")).unwrap();
    let (code, report) = shop.json(&["plugin", "build", "pager"]);
    assert_eq!((code, report["code"].as_str()), (4, Some("FAILED")), "{report}");
    assert!(report["notes"].to_string().contains("cannot find value `healthy`"), "{report}");
}

#[test]
fn plugins_in_javascript_are_plugins() {
    if !installed("javascript", "componentize-qjs") {
        return;
    }
    let shop = Workshop::new();
    for kind in ["checks", "notice", "gateway"] {
        let (code, report) = shop.json(&["plugin", "new", kind, "--kind", kind, "--language", "javascript"]);
        assert_eq!(code, 0, "{report}");
        let (code, report) = shop.json(&["plugin", "build", kind]);
        assert_eq!((code, report["data"]["language"].as_str()), (0, Some("javascript")), "{report}");
        let (path, answers) = (format!("{kind}/{kind}.wasm"), format!("{kind}/answers.json"));
        let (code, report) = shop.json(&["plugin", "test", &path, "--answers", &answers, "--act"]);
        assert_eq!(code, 0, "{report}");
    }
    // One with a check and a channel, written by hand with the helpers of a new one.
    let folder = shop.home.path().join("checks");
    std::fs::copy(root().join("tests/plugins/javascript/plugin.js"), folder.join("plugin.js")).unwrap();
    std::fs::copy(root().join("tests/plugins/plugin.wit"), folder.join("wit/plugin.wit")).unwrap();
    let (code, report) = shop.json(&["plugin", "build", "checks"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["interfaces"], json!(["checks", "channel"]));
    both(&std::fs::read(folder.join("checks.wasm")).unwrap());
    // What ends it is in its log.
    std::fs::write(folder.join("plugin.js"), "import { checks as table } from './wpp.js';\nexport const checks = table([{ id: 'a.b', title: 'x', area: 'x', severity: 'error', explain: 'x', judge: () => nowhere() }]);\n").unwrap();
    let world =
        "package local:plugin;\nworld plugin {\n    include wpp:plugin/powers@0.1.0;\n    export wpp:plugin/checks@0.1.0;\n}\n";
    std::fs::write(folder.join("wit/plugin.wit"), world).unwrap();
    assert_eq!(shop.json(&["plugin", "build", "checks"]).0, 0);
    let (code, report) = shop.json(&["plugin", "test", "checks/checks.wasm", "--answers", "checks/answers.json"]);
    assert!(code == 4 && call(&report, "checks.run")["log"].to_string().contains("nowhere is not defined"), "{report}");
    // WASI is there and empty: what asks for nothing is told nothing, and what asks for more is ended.
    wasi(&shop, &folder);
    // A build that fails says why.
    std::fs::write(folder.join("plugin.js"), "export const checks = {").unwrap();
    let (code, report) = shop.json(&["plugin", "build", "checks"]);
    assert!(code == 4 && !report["notes"].is_null(), "{report}");
}

/// A component that was not told to do without WASI, and looks for folders and for the network.
fn wasi(shop: &Workshop, folder: &Path) {
    let world = "package local:plugin;\nworld plugin {\n    include wpp:plugin/powers@0.1.0;\n    import wasi:filesystem/preopens@0.2.0;\n    import wasi:sockets/instance-network@0.2.0;\n    export wpp:plugin/checks@0.1.0;\n}\n";
    std::fs::write(folder.join("wit/plugin.wit"), world).unwrap();
    for (name, text) in [
        (
            "filesystem",
            "package wasi:filesystem@0.2.0;\ninterface types {\n    resource descriptor;\n}\ninterface preopens {\n    use types.{descriptor};\n    get-directories: func() -> list<tuple<descriptor, string>>;\n}\n",
        ),
        (
            "sockets",
            "package wasi:sockets@0.2.0;\ninterface network {\n    resource network;\n}\ninterface instance-network {\n    use network.{network};\n    instance-network: func() -> network;\n}\n",
        ),
    ] {
        std::fs::create_dir_all(folder.join("wit/deps").join(name)).unwrap();
        std::fs::write(folder.join("wit/deps").join(name).join("wasi.wit"), text).unwrap();
    }
    for (act, said) in [("folders.getDirectories().length", "0 seen"), ("sockets.instanceNetwork()", "")] {
        let source = format!(
            "import * as folders from 'wasi:filesystem/preopens@0.2.0';\nimport * as sockets from 'wasi:sockets/instance-network@0.2.0';\nimport {{ checks as table, finding }} from './wpp.js';\nexport const checks = table([{{ id: 'a.b', title: 'x', area: 'x', severity: 'error', explain: 'x', judge: () => [finding(`${{{act}}} seen`, {{ remedy: 'none' }})] }}]);\n"
        );
        std::fs::write(folder.join("plugin.js"), source).unwrap();
        let made = folder.join("wasi.wasm");
        let mut command = shop.command("componentize-qjs");
        command.current_dir(folder).args([
            "--wit",
            "wit",
            "--js",
            "plugin.js",
            "--world",
            "plugin",
            "--sync",
            "--opt-size",
            "-o",
        ]);
        let output = command.arg(&made).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let (code, report) = shop.json(&["plugin", "test", made.to_str().unwrap(), "--answers", "checks/answers.json"]);
        assert!(report["data"]["imports"].to_string().contains("wasi:sockets"), "{report}");
        match said {
            "" => assert!(code == 4 && call(&report, "checks.run")["end"] == "ended", "{report}"),
            said => assert_eq!(report["findings"][0]["summary"], said, "{report}"),
        }
    }
}

#[test]
fn a_plugin_in_python_is_a_plugin() {
    if !installed("python", "componentize-py") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("wit/deps/wpp")).unwrap();
    std::fs::copy(root().join("tests/plugins/plugin.wit"), folder.path().join("wit/plugin.wit")).unwrap();
    std::fs::copy(root().join("src/plugin/wpp.wit"), folder.path().join("wit/deps/wpp/wpp.wit")).unwrap();
    std::fs::copy(root().join("tests/plugins/python/app.py"), folder.path().join("app.py")).unwrap();
    let mut command = Command::new("componentize-py");
    command.current_dir(folder.path()).args([
        "-d",
        "wit",
        "-w",
        "plugin",
        "componentize",
        "-s",
        "-p",
        ".",
        "-o",
        "python.wasm",
        "app",
    ]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    both(&std::fs::read(folder.path().join("python.wasm")).unwrap());
}

/// A component with the check `service.healthy` and a channel: tried with answers that are well, wrong
/// and missing, in this process, for a component of Python takes long to compile.
fn both(bytes: &[u8]) {
    use std::sync::Arc;

    use wpp::plugin::grants::Grants;
    use wpp::plugin::host::words::checks::Judgement;
    use wpp::plugin::host::words::types::{FailureKind, Outage, Severity};
    use wpp::plugin::http::Http;
    use wpp::plugin::powers::Powers;
    use wpp::plugin::secrets::Secrets;

    let limits = Limits::default();
    let host = Host::new(limits).unwrap();
    let plugin = host.load("service", bytes, None).unwrap();
    assert_eq!(plugin.interfaces(), [Interface::Checks, Interface::Channel]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let origin = "http://service.example:8080";
    let powers = |answers: Value| {
        let settings = json!({"url": origin, "room": "operators"});
        let document = json!({"schema": "wpp.answers/1", "origin": origin, "settings": settings, "answers": answers});
        let (_folder, path) = recorded("answers.json", &document);
        let recording = Arc::new(Recording::read(Path::new(&path)).unwrap());
        let grants = ["http=http://service.example:8080", "secret=service-key"];
        let grants = Grants(grants.iter().map(|text| wpp::plugin::grants::Grant::parse(text).unwrap()).collect());
        let secret = [("WPP_SECRET_SERVICE_KEY".to_owned(), "s3cret-word".to_owned())].into();
        let secrets = Arc::new(Secrets::new(Path::new("/nowhere"), &secret));
        let http = Http::new("service", grants, secrets, false, limits.output_bytes).recorded(Arc::clone(&recording));
        (Powers::new(Arc::new(recording.settings.clone()), Arc::new(http), limits.deadline), recording)
    };
    let judged = |answers: Value| {
        let (powers, recording) = powers(answers);
        let called = runtime.block_on(plugin.judge(powers, &[]));
        let outcomes = called.answer.unwrap();
        assert_eq!((outcomes.len(), outcomes[0].check.as_str()), (1, "service.service.healthy"));
        (outcomes.into_iter().next().unwrap().judgement, recording.exchanges(), called.heard)
    };
    let (well, asked, heard) = judged(json!([{"path": "/health", "body": {"status": "ok", "text": "é 😀"}}]));
    let Judgement::Found(found) = well else { panic!("{well:?}") };
    assert!(found[0].severity == Some(Severity::Ok) && found[0].evidence[0].observed.contains("200"), "{found:?}");
    assert!(asked[0].headers.contains(&("authorization".into(), "Bearer {{secret:service-key}}".into())), "{asked:?}");
    assert!(heard.lines.iter().any(|(level, line)| *level == "info" && line.contains("asked for")), "{heard:?}");
    let (bad, ..) = judged(json!([{"path": "/health", "body": {"status": "broken"}}]));
    let Judgement::Found(found) = bad else { panic!("{bad:?}") };
    assert!(found[0].severity.is_none() && found[0].summary.contains("broken") && !found[0].remedy.is_empty(), "{found:?}");
    for (answer, kind, outage) in [
        (json!({"no_answer": "timeout"}), FailureKind::Unreachable, Some(Outage::Timeout)),
        (json!({"text": "<html>"}), FailureKind::InvalidAnswer, None),
    ] {
        let mut answer = answer;
        answer["path"] = json!("/health");
        let (unknown, ..) = judged(json!([answer]));
        let Judgement::Unknown(why) = unknown else { panic!("{unknown:?}") };
        assert!(why.kind == kind && why.outage == outage, "{why:?}");
    }
    let message = wpp::plugin::host::words::channel::Message {
        to: String::new(),
        session: None,
        title: None,
        text: "grüße 😀".into(),
        key: "k".into(),
        problem: None,
        severity: None,
    };
    let (powers, recording) = powers(json!([{"method": "POST", "path": "/messages", "body": {"id": "m-1"}}]));
    let receipt = runtime.block_on(plugin.send(powers, &message)).answer.unwrap().unwrap();
    assert_eq!(receipt.id.as_deref(), Some("m-1"));
    let sent: Value = serde_json::from_str(recording.exchanges()[0].body.as_deref().unwrap()).unwrap();
    assert_eq!((sent["text"].as_str(), sent["room"].as_str()), (Some("grüße 😀"), Some("operators")), "{sent}");
}

#[test]
fn the_page_shows_a_recording_that_is_one_and_names_commands_that_exist() {
    let shown = PLUGINS.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let (_folder, path) = recorded("answers.json", &serde_json::from_str(shown).unwrap());
    let recording = Recording::read(Path::new(&path)).unwrap();
    assert!(recording.now.is_some() && recording.unused().len() == 3 && recording.expect.len() == 2);
    let home = TestHome::live();
    let help = home.run(&["help", "plugins"]);
    assert_eq!((help.code, help.stdout.as_str()), (0, PLUGINS));
    let mut tree = wpp::command::tree();
    tree.build();
    let lines = PLUGINS.split('`').skip(1).step_by(2).chain(PLUGINS.lines());
    let mut seen = 0;
    for line in lines.filter_map(|code| code.strip_prefix("wpp ")) {
        let mut command = &tree;
        for word in line.split_whitespace() {
            match word.strip_prefix("--") {
                Some(flag) => {
                    let flag = flag.split('=').next().unwrap();
                    assert!(command.get_arguments().any(|known| known.get_long() == Some(flag)), "wpp {line}: --{flag}");
                }
                None => command = command.find_subcommand(word).unwrap_or(command),
            }
        }
        assert!(!std::ptr::eq(command, &tree), "wpp {line}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
    // The limits that it tells are the limits.
    let limits = Limits::default();
    assert!(PLUGINS.contains(&format!("after {} s", limits.deadline.as_secs())));
    assert!(PLUGINS.contains(&format!("{} MiB of memory, {} MiB", limits.memory_bytes >> 20, limits.output_bytes >> 20)));
}
