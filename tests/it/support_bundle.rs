//! `wpp support-bundle`: what is planted everywhere in a home is nowhere in its bundle.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use wpp::journal::Journal;

use crate::harness::{Outcome, TestHome};
use crate::simulated::{PEER, Simulated};
use crate::spellings;

/// The files of a bundle by their names, read back with the libraries alone.
fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let bytes = std::fs::read(path).unwrap();
    let mut tar = Vec::new();
    if path.to_str().unwrap().ends_with(".zst") {
        tar = zstd::decode_all(&bytes[..]).unwrap();
    } else {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut tar).unwrap();
    }
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(name.split_once('/').unwrap().1.to_owned(), text);
    }
    files
}

fn bundle(home: &TestHome, name: &str, more: &[(&str, &str)]) -> (Outcome, std::path::PathBuf) {
    let path = home.path().join(name);
    let mut command = home.command(&["support-bundle", "--yes", "--to", path.to_str().unwrap()]);
    command.envs(more.iter().copied());
    let outcome = Outcome::of(command.output().unwrap());
    outcome.assert_helpful();
    // The last look found nothing that was left to it.
    assert!(!outcome.stderr.contains("left out because"), "{outcome:?}");
    (outcome, path)
}

/// What must be in no bundle, in any case of letters.
const PLANTED: &[&str] = &[
    // Numbers, as they are and as people spell them; the first is the sender of a message.
    PEER,
    "15550100077",
    "555 010 0077",
    "555-010-0077",
    "(555)",
    "15550100088",
    // JIDs.
    "@s.whatsapp.net",
    "120363041299887766",
    "99887766554433",
    // Secrets.
    "hunter2-of-the-environment",
    "k3y-in-a-file",
    "tok-in-the-settings",
    "AKIAPLANTEDPLANTED",
    "p4ssphrase-planted",
    "hc-ping-planted",
    // Names and hosts.
    "zaphod",
    "trillian",
    "beeblebrox",
    "heartofgold",
    "203.0.113.77",
    "marvin@",
    // What people wrote.
    "umbrella",
    "harbour",
    "towel",
    "quarterly",
    // The same in words that wpp itself uses.
    "the-phone-owner-is-at-home",
    "the key is under the phone",
    // A number as one.
    "15550100123",
];

fn assert_clean(files: &BTreeMap<String, String>, root: &Path) {
    let root = root.to_str().unwrap();
    for (name, text) in files {
        let (name, text) = (name.to_lowercase(), text.to_lowercase());
        for planted in PLANTED.iter().map(|planted| planted.to_lowercase()).chain([root.to_lowercase()]) {
            assert!(!text.contains(&planted), "{name} holds {planted}: {text}");
            assert!(!name.contains(&planted), "{name}");
        }
        for line in text.lines() {
            assert!(!spellings::digits(line).contains(&spellings::DIGITS[1..]), "{name} holds a number: {line}");
        }
    }
}

/// Settings that name people.
const PLANTED_SETTINGS: &str = r##"
[device]
name = "Zaphod Beeblebrox"
[backup]
ping_url = "https://heartofgold.example.org/hc-ping-planted"
on_failure = ["/home/zaphod/page", "bring the umbrella to trillian"]
[schedule.zaphod-nightly]
run = ["send", "+1 (555) 010-0077", "meet me at the harbour with the towel"]
when = "0 9 * * MON"
[contacts.trillian]
role = "Beeblebrox family"
to = "marvin@heartofgold.example.org"
command = ["/opt/heartofgold/tell", "15550100077"]
[plugin.openwa]
url = "http://203.0.113.77:2785"
api_token = "tok-in-the-settings"
greeting = "the quarterly umbrella is here"
[secrets]
openwa-key = { command = ["cat", "/home/zaphod/beeblebrox"] }
"##;

/// Plants in every place that a bundle reads.
fn plant(home: &TestHome) {
    let sessions = home.path().join("sessions");
    // A session and a file that are called by a name and a number.
    std::fs::create_dir_all(sessions.join("zaphod-15550100088/logs")).unwrap();
    std::fs::write(sessions.join("zaphod-15550100088/meet-me-at-the-harbour.txt"), "towel").unwrap();
    let spelled: Vec<&str> = spellings::all().collect();
    // A session may be called by a number, too, and so may files and folders.
    std::fs::create_dir_all(sessions.join("zz-1-555-010-0077/logs")).unwrap();
    std::fs::create_dir_all(sessions.join("main")).unwrap();
    for spelled in spelled.iter().filter(|spelled| !spelled.contains('/')) {
        std::fs::write(sessions.join("main").join(format!("{spelled}.jpg")), "towel").unwrap();
        std::fs::write(home.path().join(format!("from {spelled}.txt")), "towel").unwrap();
    }
    let settings = std::fs::read_to_string(home.path().join("config.toml")).unwrap_or_default();
    let quoted = serde_json::to_string(&[&["send"], spelled.as_slice()].concat()).unwrap();
    let more = format!(
        "{PLANTED_SETTINGS}\n[schedule.zz-numbers]\nrun = {quoted}\nwhen = \"0 9 * * MON\"\n[contacts.zz-numbers]\ncommand = {quoted}\n"
    );
    std::fs::write(home.path().join("config.toml"), format!("{settings}\n{more}")).unwrap();
    std::fs::create_dir_all(home.path().join("secrets")).unwrap();
    let secret = home.path().join("secrets/openwa-key");
    std::fs::write(&secret, "k3y-in-a-file\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secret = home.path().join("secrets/bar");
    std::fs::write(&secret, "the-phone-owner-is-at-home").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    // A log with lines of its own shape, foreign lines, and texts in every field.
    let log = r##"{"at":"2026-11-21T03:15:00.000Z","level":"info","message":"the daemon starts","pid":7,"home":"live"}
{"at":"2026-11-21T03:15:01.000Z","level":"warn","message":"not connected","fault":"refused","detail":"heartofgold.example.org refused 203.0.113.77: bring the umbrella"}
{"at":"2026-11-21T03:15:02.000Z","level":"error","message":"+1 555 010 0077 said: meet me at the harbour","cause":"towel","quarterly":"umbrella"}
{"at":"15550100077","level":"zaphod","library":"umbrella::harbour:1","message":"quarterly towel for Trillian"}
zaphod wrote to 15550100077@s.whatsapp.net: bring the umbrella, password=hunter2-of-the-environment
{"at":"2026-11-21T03:15:03.000Z","level":"warn","message":"state","reason":"the-phone-owner-is-at-home","pid":15550100123,"attempt":3}
{"at":"2026-11-21T03:15:05.000Z","level":"warn","library":"whatsapp_rust::client::node_io:1970","message":"stream error"}
{"half":"of a line with the towel
"##;
    // Every spelling of a number in every field, and lines that are none of the daemon's.
    let line = |spelled: &&str| {
        let value = serde_json::json!({
            "at": "2026-11-21T03:15:06.000Z", "level": "warn", "message": spelled, "reason": format!("the daemon {spelled}"),
            "detail": format!("it is {spelled} again"), "cause": spelled, "to": spelled, "session": spelled, "id": spelled, "place": spelled,
        });
        format!(
            "{value}\nto {spelled} it went\n{{\"level\":\"warn\",\"library\":\"diesel::send:15\",\"message\":{}}}\n",
            serde_json::json!(format!("sent to {spelled}"))
        )
    };
    let log = log.to_owned() + &spelled.iter().map(line).collect::<String>();
    for session in ["main", "zaphod-15550100088", "zz-1-555-010-0077"] {
        let folder = sessions.join(session).join("logs");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("wppd.log");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{before}{log}")).unwrap();
    }
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let data = serde_json::json!({ "text": "bring the umbrella", "to": "+15550100077", "key": "k3y-in-a-file" });
    journal.record(Some("zaphod-15550100088"), "meet-trillian", &data).unwrap();
    journal.record_failed(Some("main"), "backup", &data).unwrap();
    for spelled in &spelled {
        journal.record(Some(spelled), spelled, &serde_json::json!({ "to": spelled })).unwrap();
    }
    // Evidence of a run that is called by a name.
    let run = home.path().join("reports/umbrella-for-zaphod-20260801T093000Z");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(
        run.join("report.json"),
        r#"{"schema":"wpp.drill/1","title":"umbrella for Zaphod","verdict":"fail","data":{"drill":"umbrella-for-zaphod","began":"2026-08-01T09:30:00Z"}}"#,
    )
    .unwrap();
    // Its transcripts, and one that is called by a number.
    std::fs::create_dir_all(run.join("transcripts")).unwrap();
    std::fs::write(run.join("transcripts/1-15550100077.txt"), spelled.join("\n")).unwrap();
    let of_number = home.path().join("reports/1-555-010-0077-20260801T093000Z");
    std::fs::create_dir_all(&of_number).unwrap();
    let report = serde_json::json!({"schema": "wpp.runbook-run/1", "title": spelled, "verdict": "fail", "data": {"runbook": "1 555 010 0077", "began": "15550100077"}});
    std::fs::write(of_number.join("report.json"), report.to_string()).unwrap();
    // A lock that says who holds it.
    std::fs::write(
        sessions.join("zaphod-15550100088/LOCK"),
        r#"{"pid":1,"since":"2026-08-01T09:30:00Z","role":"umbrella of trillian","version":"towel"}"#,
    )
    .unwrap();
}

const ENVIRONMENT: &[(&str, &str)] = &[
    ("WPP_SECRET_ZAPHOD", "hunter2-of-the-environment"),
    ("AWS_SECRET_ACCESS_KEY", "AKIAPLANTEDPLANTED"),
    ("WPP_BACKUP_PASSPHRASE", "p4ssphrase-planted"),
    ("WPP_UMBRELLA", "harbour"),
    ("USER", "zaphod"),
    ("HOSTNAME", "heartofgold"),
    ("WPP_15550100077", "1 555 010 0077"),
    ("WPP_SECRET_15550100077", "+1\u{2009}555\u{2009}010\u{2009}0077"),
    ("TZ", "+1\u{a0}555\u{a0}010\u{a0}0077"),
];

#[test]
fn nothing_that_was_planted_anywhere_is_in_the_bundle() {
    let simulated = Simulated::linked();
    simulated.peer_sends("please bring the umbrella and the quarterly towel", 2);
    simulated.until("the messages", || match simulated.found("umbrella") {
        2 => Ok(()),
        found => Err(format!("{found} messages")),
    });
    simulated.home.run(&["send", PEER, "see you at the harbour", "--wait", "5"]);
    simulated.home.run(&["send", PEER, "the key is under the phone", "--wait", "5"]);
    plant(&simulated.home);
    // Words of wpp's own, which only the messages tell to be somebody's.
    let log = simulated.home.session("main").join("logs/wppd.log");
    let line = r#"{"level":"warn","message":"cannot send: the key is under the phone","reason":"the key is under the phone"}"#;
    let before = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{before}\n{line}\n")).unwrap();
    for (running, name) in [(true, "one.tar.gz"), (false, "two.tar.zst")] {
        if !running {
            assert_eq!(simulated.home.run(&["stop"]).code, 0);
        }
        let (outcome, path) = bundle(&simulated.home, name, ENVIRONMENT);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let files = unpacked(&path);
        assert_clean(&files, simulated.home.path());
        for name in ["README.txt", "manifest.json", "doctor.json", "status.json", "config.json", "journal.json", "logs/1.jsonl"] {
            assert!(files.contains_key(name), "{name} is missing: {:?}", files.keys());
        }
        // It is of use all the same.
        let document = |name: &str| serde_json::from_str::<Value>(&files[name]).unwrap();
        let status = document("status.json");
        let main = status["sessions"].as_array().unwrap().iter().find(|session| session["session"] == "main").unwrap();
        assert_eq!(main["state"], if running { "READY" } else { "STOPPED" });
        assert_eq!(document("config.json")["settings"]["daemon.start_timeout_ms"]["value"], 8000);
        assert!(document("doctor.json")["findings"].as_array().unwrap().len() > 10);
        assert_eq!(document("schedule.json")["entries"][0]["when"], "0 9 * * MON");
        assert_eq!(document("schedule.json")["entries"][0]["run"], "send");
        let verbs: Vec<String> =
            document("journal.json")["entries"].as_array().unwrap().iter().map(|entry| entry["verb"].to_string()).collect();
        assert!(verbs.iter().any(|verb| verb == "\"start\"") && verbs.iter().any(|verb| verb == "\"connect\""), "{verbs:?}");
        let log = &files["logs/1.jsonl"];
        assert!(log.contains("the daemon starts") && log.contains("whatsapp_rust::client::node_io:1970"), "{log}");
        assert!(document("capacity.json")["machine"]["memory_total_bytes"].is_u64());
        // The manifest is right about every file, and no file is unlisted.
        let manifest = document("manifest.json");
        let listed = manifest["files"].as_array().unwrap();
        assert_eq!(listed.len() + 1, files.len());
        for file in listed {
            let name = file["name"].as_str().unwrap();
            let shown = name.split_inclusive('/').next().unwrap();
            assert!(name == "README.txt" || files["README.txt"].contains(shown), "the README does not tell of {name}");
            let text = &files[file["name"].as_str().unwrap()];
            let (sum, size) = wpp::disk::sha256(text.as_bytes()).unwrap();
            assert_eq!((file["sha256"].as_str().unwrap(), file["size_bytes"].as_u64().unwrap()), (sum.as_str(), size));
        }
        assert!(manifest["replaced"]["session"].as_u64().unwrap() > 0, "{manifest}");
    }
}

/// Lines of a log: what `wpp` writes, and the same words as somebody wrote them.
const LINES: &str = r#"{"at":"2026-11-21T03:15:00.000Z","level":"warn","message":"cannot send: the key is under the phone","reason":"the key is under the phone"}
{"at":"2026-11-21T03:15:01.000Z","level":"warn","message":"not connected","fault":"timeout","reason":"stream_replaced","attempt":3,"detail":"the phone is at home"}
"#;

#[test]
fn of_a_log_whose_messages_cannot_be_read_only_known_lines_are_kept_and_that_is_said() {
    let simulated = Simulated::linked();
    let (home, session) = (&simulated.home, simulated.home.session("main"));
    home.run(&["send", PEER, "the key is under the phone", "--wait", "5"]);
    assert_eq!(home.run(&["stop"]).code, 0);
    let log = session.join("logs/wppd.log");
    let before = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{before}\n{LINES}")).unwrap();
    let whole = std::fs::read(session.join("wpp.db")).unwrap();
    let look = |name: &str| {
        let (outcome, path) = bundle(home, name, &[]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let files = unpacked(&path);
        let manifest: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
        (outcome, files, manifest["held_back"].as_array().unwrap().clone())
    };
    let (_, files, held_back) = look("whole.tar.gz");
    assert!(held_back.is_empty() && !files["logs/1.jsonl"].contains("under the phone"), "{held_back:?}");

    let mut torn = whole.clone();
    torn[4096..16_384].fill(0x5a);
    let damages: [(&str, Option<&[u8]>); 4] =
        [("torn", Some(&torn)), ("cut", Some(&whole[..whole.len() / 2])), ("text", Some(b"no database")), ("gone", None)];
    for (damage, bytes) in damages {
        match bytes {
            Some(bytes) => std::fs::write(session.join("wpp.db"), bytes).unwrap(),
            None => std::fs::remove_file(session.join("wpp.db")).unwrap(),
        }
        let (outcome, files, held_back) = look(&format!("{damage}.tar.gz"));
        for (name, text) in &files {
            assert!(!text.contains("under the phone") && !text.contains("phone is at home"), "{damage}: {name}: {text}");
        }
        let log = &files["logs/1.jsonl"];
        for kept in ["not connected", "stream_replaced", "timeout", "the daemon starts"] {
            assert!(log.contains(kept), "{damage}: {kept}: {log}");
        }
        let told = held_back[0].as_str().unwrap();
        assert!(held_back.len() == 1 && told.contains("logs/1.jsonl") && told.contains("word for word"), "{damage}: {told}");
        assert!(log.contains("could not be read"), "{damage}: the log says itself that it is not all: {log}");
        assert!(outcome.stdout.contains("of the log of main"), "{damage}: {outcome:?}");
    }
    let (_, value) = home.json(&["support-bundle", "--dry-run", "--to", home.path().join("x.tar.gz").to_str().unwrap()]);
    assert_eq!(value["data"]["held_back"].as_array().unwrap().len(), 1, "{value}");
}

#[test]
fn what_the_doctor_says_in_its_own_words_is_told_in_them() {
    let home = crate::doctor_home::whole();
    let (outcome, path) = bundle(&home, "b.tar.gz", &[]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let doctor: Value = serde_json::from_str(&unpacked(&path)["doctor.json"]).unwrap();
    for finding in doctor["findings"].as_array().unwrap() {
        let text = finding.to_string();
        for token in ["<word #", "<text #", "<person #"] {
            // The machine's own names of file systems and groups are nobody's words.
            let of_machine =
                ["wpp.host.file-system", "wpp.host.volume", "wpp.host.memory-limit", "wpp.host.processor", "wpp.host.tasks"];
            assert!(!text.contains(token) || of_machine.iter().any(|id| text.contains(id)), "{finding:#}");
        }
    }
}

#[test]
fn the_same_is_the_same_token_within_a_bundle_and_another_one_in_the_next() {
    let home = TestHome::sandbox();
    plant(&home);
    let token = |name: &str| {
        let (outcome, path) = bundle(&home, name, &[]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let files = unpacked(&path);
        let of = |name: &str, pointer: &str| {
            let value: Value = serde_json::from_str(&files[name]).unwrap();
            value.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {value}")).as_str().unwrap().to_owned()
        };
        let (status, journal) = (of("status.json", "/sessions/1/session"), of("journal.json", "/entries/0/session"));
        let log = files["logs/2.jsonl"].lines().next().unwrap().to_owned();
        assert!(status.starts_with("<session #") && status == journal && log.contains(&status), "{status} {journal} {log}");
        status
    };
    assert_ne!(token("one.tar.gz"), token("two.tar.gz"));
}

#[test]
fn a_log_that_is_a_link_out_of_the_home_is_left_where_it_leads() {
    let home = TestHome::sandbox();
    plant(&home);
    let elsewhere = home.path().join("elsewhere.jsonl");
    std::fs::write(&elsewhere, "{\"level\":\"warn\",\"message\":\"not connected\"}\n").unwrap();
    let log = home.path().join("sessions/main/logs/wppd.log");
    std::fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &log).unwrap();
    let (outcome, path) = bundle(&home, "b.tar.gz", ENVIRONMENT);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let files = unpacked(&path);
    assert!(files["logs/1.jsonl"].contains("symbolic link") && !files["logs/1.jsonl"].contains("not connected"), "{files:?}");
}

#[test]
fn the_preview_writes_nothing_and_nobody_there_is_a_no() {
    let home = TestHome::sandbox();
    plant(&home);
    let path = home.path().join("b.tar.gz");
    let to = path.to_str().unwrap();
    let (code, value) = home.json(&["support-bundle", "--dry-run", "--to", to]);
    assert_eq!((code, &value["data"]["written"]), (0, &Value::Bool(false)), "{value}");
    let files = value["data"]["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file["name"] == "logs/2.jsonl" && file["size_bytes"].as_u64().unwrap() > 0), "{value}");
    assert!(value["data"]["replaced"].as_object().unwrap().values().any(|count| count.as_u64() > Some(0)));
    assert!(!path.exists());
    let outcome = home.run(&["support-bundle", "--to", to]);
    assert_eq!(outcome.code, 20, "{outcome:?}");
    assert!(
        outcome.stderr.contains("doctor.json") && outcome.stderr.contains("replaced"),
        "it is shown before it is asked: {outcome:?}"
    );
    assert!(!path.exists());
    // Nothing is written over, and a name says how it is packed.
    std::fs::write(&path, "mine").unwrap();
    assert_eq!(home.run(&["support-bundle", "--yes", "--to", to]).code, 2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(home.run(&["support-bundle", "--yes", "--to", home.path().join("b.zip").to_str().unwrap()]).code, 2);
}

#[test]
fn a_home_with_nothing_in_it_and_one_that_is_broken_give_a_bundle() {
    let empty = TestHome::live();
    let (outcome, path) = bundle(&empty, "b.tar.gz", &[]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(unpacked(&path).contains_key("versions.json"));
    assert!(!empty.path().join("ops.db").exists(), "looking made a journal");
    let broken = TestHome::sandbox();
    plant(&broken);
    std::fs::write(broken.path().join("config.toml"), "umbrella = \"bring the towel, zaphod\"\nx = [").unwrap();
    std::fs::write(broken.path().join("ops.db"), "harbour".repeat(1000)).unwrap();
    std::fs::write(broken.path().join("plugins.lock"), "umbrella").unwrap();
    std::fs::create_dir_all(broken.session("main")).unwrap();
    std::fs::write(broken.session("main").join("wpp.db"), "umbrella".repeat(1000)).unwrap();
    std::fs::write(broken.session("main").join("session.db"), "").unwrap();
    let (outcome, path) = bundle(&broken, "b.tar.gz", ENVIRONMENT);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("could not be read") || outcome.stderr.contains("could not be read"), "{outcome:?}");
    let files = unpacked(&path);
    assert_clean(&files, broken.path());
    let config: Value = serde_json::from_str(&files["config.json"]).unwrap();
    assert!(config["problem"].is_string(), "{config}");
}
