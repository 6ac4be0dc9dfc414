//! `wpp backup` in cron: silent when all is well, never twice at once, and telling others how it went.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::harness::TestHome;
use crate::stores;

/// The part of an address that must never be shown.
const SECRET: &str = "0f3a-secret-7c1d";

/// A dead-man switch on loopback: answers every call with one status and remembers it.
struct Switch {
    address: String,
    calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Switch {
    fn answering(status: &'static str) -> Switch {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/{SECRET}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let kept = calls.clone();
        // Ends with the test process; nothing waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut text = Vec::new();
                let mut buffer = [0; 4096];
                let (head, body) = loop {
                    let count = stream.read(&mut buffer).unwrap();
                    text.extend_from_slice(&buffer[..count]);
                    let whole = String::from_utf8_lossy(&text).into_owned();
                    let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    if count == 0 || body.len() >= length.unwrap_or(0) {
                        break (head.to_owned(), body.to_owned());
                    }
                };
                kept.lock().unwrap().push((head.lines().next().unwrap_or_default().to_owned(), body));
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            }
        });
        Switch { address, calls }
    }

    /// What was asked since the last look.
    fn calls(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

fn set(home: &TestHome, text: &str) {
    std::fs::write(home.path().join("config.toml"), format!("[backup]\n{text}")).unwrap();
}

/// Values by name and labels.
type Samples = BTreeMap<(String, Vec<(String, String)>), f64>;

/// Reads the text format of Prometheus as strictly as its documentation states it, and more: every
/// metric has its help and its type before its samples, once, and no sample comes twice.
fn parse(text: &str) -> Result<Samples, String> {
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut samples = Samples::new();
    let (mut helped, mut typed, mut done) = (Vec::new(), Vec::new(), Vec::new());
    let mut current = String::new();
    if !text.ends_with('\n') {
        return Err("the last line does not end".into());
    }
    for line in text.lines() {
        let wrong = |what: &str| format!("{what}: {line:?}");
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            let [kind, name, rest] = words[..] else { return Err(wrong("a comment")) };
            if !is_name(name) || rest.is_empty() {
                return Err(wrong("no name, or nothing said"));
            }
            let list = match kind {
                "HELP" => &mut helped,
                "TYPE" if rest == "gauge" && helped.last().is_some_and(|last| last == name) => &mut typed,
                _ => return Err(wrong("no help or type")),
            };
            if list.contains(&name.to_owned()) || done.contains(&name.to_owned()) {
                return Err(wrong("said twice"));
            }
            list.push(name.to_owned());
            continue;
        }
        let (name, rest) = line.split_once('{').ok_or_else(|| wrong("no labels"))?;
        let (labels, value) = rest.split_once("} ").ok_or_else(|| wrong("no value"))?;
        if current != name {
            done.push(std::mem::replace(&mut current, name.to_owned()));
        }
        if !is_name(name) || typed.last().is_none_or(|last| last != name) || done.contains(&name.to_owned()) {
            return Err(wrong("a sample outside its metric"));
        }
        let labels: Vec<(String, String)> = labels
            .split(',')
            .map(|label| {
                let (label, quoted) = label.split_once('=').ok_or_else(|| wrong("a label"))?;
                let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(|| wrong("no quotes"))?;
                let plain = is_name(label) && !inner.contains(['"', '\\', '\n']);
                if plain { Ok((label.to_owned(), inner.to_owned())) } else { Err(wrong("a label")) }
            })
            .collect::<Result<_, String>>()?;
        if value.trim() != value {
            return Err(wrong("blanks around the value"));
        }
        let value: f64 = value.parse().map_err(|_| wrong("no number"))?;
        if samples.insert((name.to_owned(), labels), value).is_some() {
            return Err(wrong("a sample twice"));
        }
    }
    Ok(samples)
}

fn metric(path: &Path, name: &str, session: &str, more: &[(&str, &str)]) -> Option<f64> {
    let text = std::fs::read_to_string(path).unwrap();
    let samples = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut labels = vec![("session".to_owned(), session.to_owned())];
    labels.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    // Where one session has one destination, its name says nothing.
    let named = samples.iter().filter(|((sample, _), _)| *sample == format!("wpp_backup_{name}"));
    let mut found = named.filter(|((_, all), _)| all.iter().filter(|(name, _)| name != "destination").eq(&labels));
    let value = found.next().map(|(_, value)| *value);
    assert!(found.next().is_none(), "{name} of several destinations\n{text}");
    value
}

#[test]
fn the_parser_of_these_tests_can_say_no() {
    let head = "# HELP a b\n# TYPE a gauge\n";
    assert_eq!(parse(&format!("{head}a{{x=\"1\"}} 2\n")).unwrap().len(), 1);
    for bad in [
        "a{x=\"1\"} 2",
        "a{x=\"1\"} two\n",
        "a 1\n",
        "b{x=\"1\"} 1\n",
        "a{x=1} 1\n",
        "a{x=\"1\"} 1\na{x=\"1\"} 1\n",
        "# TYPE a gauge\n",
    ] {
        assert!(parse(&format!("{head}{bad}")).is_err(), "{bad}");
    }
    assert!(parse("a{x=\"1\"} 2\n").is_err() && parse("# TYPE a gauge\na{x=\"1\"} 2\n").is_err());
}

#[test]
fn a_quiet_backup_that_works_says_nothing_and_one_that_does_not_says_why() {
    let home = stores::home("quiet");
    let switch = Switch::answering("200 OK");
    set(&home, &format!("ping_url = \"{}\"\ntextfile = \"{}\"\n", switch.address, home.path().join("wpp.prom").display()));
    let outcome = home.run(&["backup", "--quiet"]);
    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""));
    std::fs::remove_file(home.session("main").join("wpp.db")).unwrap();
    let outcome = home.run(&["backup", "--quiet"]);
    assert!(outcome.code == 4 && outcome.stdout.contains("NOT in the archive"), "{outcome:?}");
}

#[test]
fn backups_at_once_never_overlap_and_who_comes_second_says_who_holds_the_session() {
    let home = stores::home("busy");
    let paths = wpp::home::Home::open(home.path()).unwrap().session("main");
    let lock = wpp::backup::lock(&paths, "backup").unwrap();
    for arguments in [&["backup"][..], &["backup", "--quiet"]] {
        let outcome = home.run(arguments);
        assert_eq!(outcome.code, 11, "{outcome:?}");
        let who = format!("process {} (backup) since 20", std::process::id());
        assert!(outcome.stderr.contains(&who) && outcome.stderr.contains("wait until that backup ends"), "{outcome:?}");
    }
    drop(lock);
    let children: Vec<_> = (0..6)
        .map(|_| {
            home.command(&["backup"]).stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<i32> = children.into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    let good = codes.iter().filter(|code| **code == 0).count();
    assert!(good >= 1 && codes.iter().all(|code| [0, 11].contains(code)), "{codes:?}");
    assert_eq!(std::fs::read_dir(home.path().join("backups")).unwrap().count(), good);
}

#[test]
fn the_metrics_tell_the_last_attempt_and_the_last_success_apart() {
    let home = stores::home("metrics");
    stores::make(&home.session("sales"), "other");
    let path = home.path().join("wpp.prom");
    let text = path.display().to_string();
    let since = wpp::clock::now_ms() as f64 / 1000.0 - 1.0;
    // A backup that never worked has no last success.
    assert_eq!(home.run(&["backup", "--session", "nobody", "--textfile", &text]).code, 10);
    assert_eq!(metric(&path, "exit_code", "nobody", &[]), Some(10.0));
    assert_eq!(metric(&path, "last_success_timestamp_seconds", "nobody", &[]), None);

    let (code, report) = home.json(&["backup", "--textfile", &text]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["notices"][0]["by"], "textfile");
    let success = metric(&path, "last_success_timestamp_seconds", "main", &[]).unwrap();
    let attempt = metric(&path, "last_attempt_timestamp_seconds", "main", &[]).unwrap();
    assert!(success >= since && attempt >= since && attempt <= success && success < since + 60.0, "{since} {attempt} {success}");
    assert_eq!(metric(&path, "success", "main", &[]), Some(1.0));
    assert_eq!(metric(&path, "size_bytes", "main", &[]), report["data"]["size_bytes"].as_f64());
    assert_eq!(metric(&path, "verified_level", "main", &[]), Some(2.0));
    assert!(metric(&path, "duration_seconds", "main", &[]).is_some_and(|seconds| (0.0..30.0).contains(&seconds)));
    for level in ["hash", "quick"] {
        assert_eq!(metric(&path, "last_verified_timestamp_seconds", "main", &[("level", level)]), Some(success), "{level}");
    }
    assert_eq!(metric(&path, "info", "main", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
    assert_eq!(wpp::disk::mode_and_owner(&path).unwrap().unwrap().0, 0o644);

    // By the settings, and for the other session: both are in the file.
    set(&home, &format!("textfile = \"{text}\"\n"));
    assert_eq!(home.run(&["backup", "--session", "sales"]).code, 0);
    assert_eq!(metric(&path, "last_success_timestamp_seconds", "main", &[]), Some(success));
    assert!(metric(&path, "last_success_timestamp_seconds", "sales", &[]).unwrap() >= success);

    // A failure changes the attempt and leaves the success.
    let paths = wpp::home::Home::open(home.path()).unwrap().session("main");
    let lock = wpp::backup::lock(&paths, "restore").unwrap();
    assert_eq!(home.run(&["backup"]).code, 11);
    drop(lock);
    std::fs::remove_file(home.session("sales").join("wpp.db")).unwrap();
    assert_eq!(home.run(&["backup", "--session", "sales"]).code, 4);
    for (session, code) in [("main", 11.0), ("sales", 4.0)] {
        assert_eq!(metric(&path, "exit_code", session, &[]), Some(code));
        assert_eq!(metric(&path, "success", session, &[]), Some(0.0));
    }
    assert_eq!(metric(&path, "last_success_timestamp_seconds", "main", &[]), Some(success));
    assert!(metric(&path, "last_attempt_timestamp_seconds", "main", &[]).unwrap() > success);
    assert_eq!(metric(&path, "size_bytes", "main", &[]), report["data"]["size_bytes"].as_f64());

    // Somebody else's file stays, and the backup is as good as before.
    let foreign = home.path().join("foreign");
    std::fs::write(&foreign, "root:x:0:0\n").unwrap();
    let outcome = home.run(&["backup", "--quiet", "--textfile", foreign.to_str().unwrap()]);
    assert!(outcome.code == 0 && outcome.stderr.contains("warning:") && outcome.stderr.contains("not replaced"), "{outcome:?}");
    assert_eq!(std::fs::read_to_string(&foreign).unwrap(), "root:x:0:0\n");
}

#[test]
fn a_destination_that_fails_is_told_beside_one_that_works() {
    let home = stores::home("places");
    let path = home.path().join("wpp.prom");
    let (near, text) = (home.path().join("near"), path.display().to_string());
    set(&home, &format!("textfile = \"{text}\"\n"));
    assert_eq!(home.run(&["backup", "--output", near.to_str().unwrap()]).code, 0);
    // Nothing can be made where a file is in the way.
    std::fs::write(home.path().join("file"), "x").unwrap();
    let far = home.path().join("file/far").display().to_string();
    assert_ne!(home.run(&["backup", "--output", &far]).code, 0);
    assert_eq!(home.run(&["backup"]).code, 0);
    let wrong = home.path().join("file").display().to_string();
    for wrong in [wrong.as_str(), "~/backups", "mine.wpp.tar.gz"] {
        let outcome = home.run(&["backup", "--output", wrong]);
        assert!(outcome.code == 2 && outcome.stderr.contains("and no place") | outcome.stderr.contains('~'), "{outcome:?}");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let samples = parse(&text).unwrap();
    let of = |name: &str, destination: &str| {
        let labels = [("session", "main"), ("destination", destination)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        samples.get(&(format!("wpp_backup_{name}"), labels.to_vec())).copied()
    };
    let here = home.path().join("backups").display().to_string();
    for (destination, success) in [(near.to_str().unwrap(), 1.0), (&far, 0.0), (&here, 1.0)] {
        assert_eq!(of("success", destination), Some(success), "{destination}\n{text}");
        assert_eq!(of("last_success_timestamp_seconds", destination).is_some(), success > 0.0, "{destination}\n{text}");
    }
    let (_, report) = home.json(&["doctor", "--only", "wpp.backup.last-failed"]);
    assert!(report["findings"].to_string().contains(&far), "{report}");
}

#[test]
fn a_dead_mans_switch_hears_start_success_and_failure_and_its_address_is_never_shown() {
    let home = stores::home("ping");
    let switch = Switch::answering("200 OK");
    set(&home, &format!("ping_url = \"{}\"\n", switch.address));
    let mut said = String::new();
    let mut run = |arguments: &[&str]| {
        let outcome = home.run(arguments);
        said.push_str(&format!("{outcome:?}"));
        outcome.code
    };
    let asked = |switch: &Switch| -> Vec<String> { switch.calls().into_iter().map(|(line, _)| line).collect() };
    assert_eq!(run(&["backup"]), 0);
    let calls = switch.calls();
    assert_eq!(calls[0], (format!("GET /{SECRET}/start HTTP/1.1"), String::new()));
    assert_eq!(calls[1].0, format!("POST /{SECRET} HTTP/1.1"));
    assert!(calls[1].1.starts_with("exit_code=0 took_ms=") && calls[1].1.contains(" size_bytes="), "{calls:?}");
    assert_eq!(calls.len(), 2);
    let paths = wpp::home::Home::open(home.path()).unwrap().session("main");
    let lock = wpp::backup::lock(&paths, "backup").unwrap();
    assert_eq!(run(&["backup"]), 11);
    drop(lock);
    assert_eq!(asked(&switch), [format!("GET /{SECRET}/start HTTP/1.1"), format!("POST /{SECRET}/fail HTTP/1.1")]);
    let messages = home.session("main").join("wpp.db");
    let kept = std::fs::read(&messages).unwrap();
    std::fs::remove_file(&messages).unwrap();
    assert_eq!(run(&["backup", "--format", "json"]), 4);
    assert_eq!(asked(&switch)[1], format!("POST /{SECRET}/fail HTTP/1.1"));
    std::fs::write(&messages, kept).unwrap();

    // Nothing else calls, and no listing shows it.
    assert_eq!(run(&["backup", "list"]), 0);
    assert_eq!(run(&["config"]), 0);
    assert_eq!(run(&["config", "--format", "json"]), 0);
    assert!(said.contains(&format!("{}/…", wpp::config::origin(&switch.address).unwrap())), "{said}");
    assert!(switch.calls().is_empty());

    // A switch that cannot be reached is a warning, even when all is quiet, and no failure.
    set(&home, &format!("ping_url = \"http://127.0.0.1:1/{SECRET}\"\n"));
    let outcome = home.run(&["backup", "--quiet"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    assert_eq!(outcome.stderr.matches("warning: the backup could not be told to http://127.0.0.1:1:").count(), 2, "{outcome:?}");
    assert!(outcome.stderr.contains("start: the connection was refused, 3 times"), "{outcome:?}");
    said.push_str(&format!("{outcome:?}"));
    // A sandbox calls nobody outside; the variable sets it, too.
    set(&home, "");
    let output = home
        .command(&["backup", "--format", "json"])
        .env("WPP_BACKUP_PING_URL", format!("https://192.0.2.1/{SECRET}"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_str(String::from_utf8_lossy(&output.stdout).lines().last().unwrap()).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(report["warnings"][0].as_str().unwrap().contains("a sandbox calls loopback addresses alone"), "{report}");
    said.push_str(&report.to_string());
    set(&home, &format!("ping_url = \"{SECRET}\"\n"));
    let outcome = home.run(&["backup"]);
    assert_eq!(outcome.code, 2);
    said.push_str(&format!("{outcome:?}"));
    assert!(!said.contains(SECRET), "{said}");
}

#[test]
fn a_failed_backup_runs_the_operators_program_with_the_result() {
    let home = stores::home("hook");
    let script = home.path().join("on failure.sh");
    let got = home.path().join("got.json");
    crate::harness::write_program(&script, "#!/bin/sh\ncat > \"$1\"\necho told \"$2\"\nexit \"$3\"\n");
    let hook = |exit: &str| {
        let words = [script.to_str().unwrap(), got.to_str().unwrap(), "$(id) ; a b", exit];
        set(&home, &format!("on_failure = {}\n", serde_json::to_string(&words).unwrap()));
    };
    hook("0");
    assert_eq!(home.run(&["backup"]).code, 0);
    assert!(!got.exists(), "it ran although nothing failed");

    let paths = wpp::home::Home::open(home.path()).unwrap().session("main");
    let lock = wpp::backup::lock(&paths, "backup").unwrap();
    let (code, error) = home.json(&["backup"]);
    assert_eq!(code, 11);
    let note = error["notes"][0].as_str().unwrap();
    assert!(note.contains("it wrote: told $(id) ; a b"), "no shell had a hand in it: {note}");
    let document: Value = serde_json::from_slice(&std::fs::read(&got).unwrap()).unwrap();
    assert_eq!((&document["schema"], &document["code"]), (&"wpp.error/1".into(), &"LOCK_HELD".into()), "{document}");
    let outcome = home.run(&["backup"]);
    assert!(outcome.stderr.contains("note: told hook"), "{outcome:?}");
    drop(lock);

    // Nothing of what unlocks archives and stores is in its environment.
    let printer = home.path().join("environment.sh");
    crate::harness::write_program(&printer, "#!/bin/sh\nenv\n");
    set(&home, &format!("on_failure = ['{}']\n", printer.display()));
    let lock = wpp::backup::lock(&paths, "backup").unwrap();
    let mut command = home.command(&["backup"]);
    for name in ["WPP_BACKUP_PASSPHRASE", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        command.env(name, SECRET);
    }
    let outcome =
        crate::harness::Outcome::of(command.env("WPP_BACKUP_PING_URL", format!("http://127.0.0.1:1/{SECRET}")).output().unwrap());
    assert!(outcome.code == 11 && outcome.stderr.contains("PATH="), "{outcome:?}");
    assert!(!outcome.stderr.contains(SECRET), "{outcome:?}");
    drop(lock);

    // A backup in part is a failure, too, and what the program does wrong is a warning.
    std::fs::remove_file(home.session("main").join("wpp.db")).unwrap();
    hook("9");
    let (code, report) = home.json(&["backup"]);
    assert_eq!(code, 4);
    let told = &report["data"]["notices"][0];
    assert_eq!(
        (&told["by"], &told["ok"], &told["output"]),
        (&"hook".into(), &false.into(), &"told $(id) ; a b\n".into()),
        "{told}"
    );
    assert!(report["warnings"][0].as_str().unwrap().contains("exit status: 9"), "{report}");
    let document: Value = serde_json::from_slice(&std::fs::read(&got).unwrap()).unwrap();
    assert_eq!((&document["schema"], &document["verdict"]), (&"wpp.backup/1".into(), &"fail".into()));
    assert_eq!(document["data"]["path"], report["data"]["path"]);
    let outcome = home.run(&["backup"]);
    assert!(outcome.stdout.contains("told $(id) ; a b") && outcome.stdout.contains("warning:"), "{outcome:?}");
}
