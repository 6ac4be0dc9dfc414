//! Backups that leave the machine: to a store, encrypted, or both; with the program itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use wpp::doctor::backups::of_journal;

use crate::harness::{Outcome, TestHome};
use crate::objects::{BUCKET, Conditions, Fault, KEY, S3Server, SECRET};
use crate::seal::{keygen, tool};
use crate::stores;

/// A sandbox home whose archives go to a prefix of the server's bucket.
pub struct Away {
    pub home: TestHome,
    pub server: S3Server,
}

const PLACE: &str = "s3://archives/some/where";

impl Away {
    pub fn new() -> Away {
        Away::with(S3Server::start(), "")
    }

    fn with(server: S3Server, more: &str) -> Away {
        let home = stores::home("away");
        let keys = server.keys(home.path());
        configure(&home, &server.endpoint(), &keys, more);
        Away { home, server }
    }

    pub fn objects(&self) -> Vec<String> {
        self.server.objects("some/where")
    }

    /// Nothing that was written anywhere holds the secret, and nothing wpp said.
    fn assert_silent(&self, outcome: &Outcome) {
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!said.contains(SECRET) && !said.contains("hush"), "{said}");
    }
}

fn configure(home: &TestHome, endpoint: &str, keys: &Path, more: &str) {
    let text = format!(
        "[backup]\ndestination = {PLACE:?}\n{more}\n[backup.s3]\nendpoint = {endpoint:?}\ncredentials_file = {:?}\nretry_ms = 3000\n",
        keys.to_str().unwrap()
    );
    std::fs::write(home.path().join("config.toml"), text).unwrap();
}

fn archives(report: &Value) -> Vec<Value> {
    report["data"]["archives"].as_array().unwrap_or_else(|| panic!("{report}")).clone()
}

fn marker(home: &TestHome, name: &str) -> String {
    let connection = stores::open(&home.session("main").join(name));
    connection.query_row("SELECT text FROM marker", [], |row| row.get(0)).unwrap()
}

fn mark(home: &TestHome, text: &str) {
    for name in ["session.db", "wpp.db"] {
        stores::open(&home.session("main").join(name)).execute("UPDATE marker SET text = ?1", [text]).unwrap();
    }
}

#[test]
fn a_store_takes_archives_and_gives_them_back() {
    let away = Away::new();
    let (code, report) = away.home.json(&["backup"]);
    assert_eq!(code, 0, "{report}");
    let path = report["data"]["path"].as_str().unwrap().to_owned();
    assert!(path.starts_with(&format!("{PLACE}/main-")), "{path}");
    assert_eq!(report["data"]["read_back"], true);
    assert!(report["data"]["level"].is_string() && report["data"]["recipients"] == serde_json::json!([]), "{report}");
    assert_eq!(away.objects().len(), 1, "{:?}", away.objects());
    let stored = std::fs::read(away.server.bucket().join("some/where").join(&away.objects()[0])).unwrap();
    assert_eq!(report["data"]["sha256"], hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&stored)));
    assert!(
        !away.home.path().join("backups").exists() || std::fs::read_dir(away.home.path().join("backups")).unwrap().count() == 0
    );

    mark(&away.home, "later");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(away.home.json(&["backup"]).0, 0);
    let (code, listed) = away.home.json(&["backup", "list"]);
    let listed = archives(&listed);
    assert_eq!((code, listed.len()), (0, 2));
    assert!(listed.iter().all(|archive| archive["verified_level"].is_string() && archive["whole"] == true), "{listed:?}");
    assert_eq!(listed[0]["path"], path.as_str());

    for archive in [path.as_str(), listed[0]["name"].as_str().unwrap(), "latest"] {
        assert_eq!(away.home.run(&["backup", "show", archive]).code, 0);
        let verified = away.home.run(&["backup", "verify", archive, "--level", "quick"]);
        assert!(verified.code == 0 && verified.stdout.contains("verified at level quick"), "{verified:?}");
    }
    // The older one, by its address; then the newest.
    for (archive, expected) in [(path.as_str(), "away"), ("latest", "later")] {
        let outcome = away.home.run(&["restore", archive, "--plan", "data", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(marker(&away.home, "wpp.db"), expected);
    }
    let outcome = away.home.run(&["restore", "s3://archives/some/where/none.wpp.tar.gz", "--yes"]);
    assert_eq!(outcome.code, 12, "{outcome:?}");
    // A folder is still a folder, whatever the settings say.
    let elsewhere = tempfile::tempdir().unwrap();
    let outcome = away.home.run(&["backup", "--output", elsewhere.path().to_str().unwrap()]);
    assert_eq!((outcome.code, std::fs::read_dir(elsewhere.path()).unwrap().count()), (0, 1), "{outcome:?}");
}

#[test]
fn what_was_read_back_whole_needs_no_further_answer_of_the_store() {
    let away = Away::new();
    away.server.requests();
    assert_eq!(away.home.run(&["backup"]).code, 0);
    let requests = away.server.requests();
    let last = requests.iter().rfind(|request| request.contains("main-")).unwrap();
    assert!(last.starts_with("GET"), "what fails after the last read makes a whole archive a failed one: {requests:?}");
    let (_, listed) = away.home.json(&["backup", "list"]);
    assert_eq!(archives(&listed)[0]["verified_level"], "quick", "its stamp is that of what was read: {listed}");
}

#[test]
fn what_a_store_damages_is_not_kept() {
    for (method, fault) in [("GET", Fault::Corrupt), ("GET", Fault::Answer(403))] {
        let away = Away::new();
        away.server.order(method, "main-", 100, fault);
        let outcome = away.home.run(&["backup"]);
        assert_ne!(outcome.code, 0, "{outcome:?}");
        away.assert_silent(&outcome);
        assert_eq!((away.objects(), away.server.unfinished()), (Vec::new(), Vec::new()), "{fault:?}: {outcome:?}");
        away.server.heal();
        assert_eq!(away.home.run(&["backup"]).code, 0);
    }
    // Encrypted and not readable here: every byte still is what was written.
    let away = Away::new();
    let public = x25519();
    away.server.order("GET", "main-", 100, Fault::Corrupt);
    let outcome = away.home.run(&["backup", "--recipient", &public]);
    assert!(outcome.code == 12 && outcome.stderr.contains("reads back as another archive"), "{outcome:?}");
    assert_eq!(away.objects(), [""; 0]);
}

/// A recipient whose secret key nobody has.
fn x25519() -> String {
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".to_owned()
}

#[test]
fn a_store_that_is_down_full_or_denied_says_so_and_never_the_secret() {
    let away = Away::new();
    for (method, part, fault, expected) in [
        ("PUT", "main-", Fault::Answer(507), "(full)"),
        ("PUT", "main-", Fault::Answer(403), "(auth denied"),
        ("GET", "list-type", Fault::Answer(503), "(unavailable)"),
        ("HEAD", "main-", Fault::Reset, "(reset)"),
    ] {
        away.server.order(method, part, 100, fault);
        for format in ["text", "json"] {
            let outcome = away.home.run(&["backup", "--format", format]);
            assert_ne!(outcome.code, 0, "{outcome:?}");
            assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains(expected), "{expected}: {outcome:?}");
            away.assert_silent(&outcome);
        }
        away.server.heal();
        assert_eq!(away.objects(), [""; 0]);
    }
    let outcome = away.home.run(&["config"]);
    away.assert_silent(&outcome);
    // Keys that others can read are not used, and the way out is said.
    let keys = away.server.keys(away.home.path());
    wpp::disk::set_mode(&keys, 0o640).unwrap();
    let outcome = away.home.run(&["backup"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("chmod 600"), "{outcome:?}");
    away.assert_silent(&outcome);
}

#[test]
fn keys_may_come_from_the_environment_and_are_nowhere_to_be_seen() {
    let away = Away::new();
    let text = std::fs::read_to_string(away.home.path().join("config.toml")).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("credentials_file")).collect();
    std::fs::write(away.home.path().join("config.toml"), without.join("\n")).unwrap();
    let outcome = away.home.run(&["backup"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("there are no keys"), "{outcome:?}");
    for secret in [SECRET, "hush-wrong-secret"] {
        let mut command = away.home.command(&["backup", "--format", "json"]);
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", secret);
        let output = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("hush"), "{said}");
        assert_eq!(output.status.code(), Some(if secret == SECRET { 0 } else { 15 }), "{said}");
    }
    // Neither the journal nor anything else in the home keeps it.
    std::fs::remove_file(away.home.path().join("s3-keys")).unwrap();
    for path in files(away.home.path()) {
        let content = std::fs::read(&path).unwrap();
        assert!(!content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", path.display());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[test]
fn a_sandbox_never_reaches_beyond_loopback() {
    let home = stores::home("walled");
    let keys = crate::objects::keys(home.path(), KEY, SECRET);
    for endpoint in ["", "https://s3.example.org", "http://10.1.2.3:9000", "https://localhost:9000"] {
        configure(&home, endpoint, &keys, "");
        for arguments in
            [&["backup"][..], &["backup", "list"], &["restore", "latest", "--yes"], &["backup", "verify", "s3://archives/x/y"]]
        {
            let outcome = home.run(arguments);
            assert!(outcome.code == 15 && outcome.stderr.contains("sandbox"), "{endpoint} {arguments:?} {outcome:?}");
        }
    }
}

#[test]
fn a_host_with_only_a_recipient_writes_what_it_cannot_read() {
    if tool("a_host_with_only_a_recipient_writes_what_it_cannot_read").is_none() {
        return;
    }
    let vault = tempfile::tempdir().unwrap();
    let key = vault.path().join("key.txt");
    let public = keygen(&key);
    let key = key.to_str().unwrap();
    let in_folder = {
        let home = stores::home("away");
        std::fs::write(home.path().join("config.toml"), format!("[backup]\nrecipients = [{public:?}]\n")).unwrap();
        (home, None)
    };
    let away = Away::with(S3Server::start(), &format!("recipients = [{public:?}]"));
    for (home, server) in [in_folder, (away.home, Some(&away.server))] {
        let (code, report) = home.json(&["backup"]);
        assert_eq!(code, 0, "{report}");
        let data = &report["data"];
        assert!(data["level"].is_null() && data["read_back"] == true, "{report}");
        assert_eq!(data["recipients"], serde_json::json!([public]));
        let path = data["path"].as_str().unwrap();
        assert!(path.ends_with(".wpp.tar.gz.age"), "{path}");
        let text = home.run(&["backup"]).stdout;
        assert!(text.contains("written and read back; not verified: no key here"), "{text}");

        // Without the key it is known by its name and the journal, and it is not called broken.
        let (code, listed) = home.json(&["backup", "list"]);
        let listed = archives(&listed);
        assert_eq!((code, listed.len()), (0, 2), "{listed:?}");
        assert!(
            listed.iter().all(|archive| archive["locked"] == true && archive["whole"] == true && archive["read_back"] == true)
        );
        assert!(listed[0]["session"] == "main" && listed[0]["error"].is_null() && listed[0]["verified_level"].is_null());
        for arguments in [
            &["backup", "verify", path][..],
            &["backup", "show", "latest"],
            &["restore", "latest", "--yes", "--keep-daemon-stopped"],
        ] {
            let outcome = home.run(arguments);
            assert!(outcome.code == 15 && outcome.stderr.contains("--identity"), "{arguments:?} {outcome:?}");
        }
        assert_eq!(marker(&home, "wpp.db"), "away");

        // With it, everything works, and the journal then knows the level.
        let (code, verified) = home.json(&["backup", "verify", path, "--identity", key]);
        assert_eq!((code, &verified["data"]["sha256"]), (0, &data["sha256"]), "{verified}");
        let (_, listed) = home.json(&["backup", "list", "--identity", key]);
        assert!(archives(&listed)[0]["verified_level"] == "quick" && archives(&listed)[0]["locked"] == false, "{listed}");
        assert_eq!(home.run(&["backup", "show", "latest", "--identity", key]).code, 0);
        mark(&home, "later");
        let outcome = home.run(&["restore", path, "--identity", key, "--plan", "data", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(marker(&home, "wpp.db"), "away");
        // With the key at hand, a backup is verified at once.
        let (code, report) = home.json(&["backup", "--identity", key]);
        assert!(code == 0 && report["data"]["level"].is_string(), "{report}");

        // And by hand, with nothing but age and tar.
        let file = match server {
            Some(server) => server.bucket().join("some/where").join(Path::new(path).file_name().unwrap()),
            None => PathBuf::from(path),
        };
        let plain = vault.path().join("plain.tar.gz");
        let _ = std::fs::remove_file(&plain);
        assert!(Command::new("age").args(["-d", "-i", key, "-o"]).arg(&plain).arg(&file).status().unwrap().success());
        let output = Command::new("tar").arg("-tzf").arg(&plain).stderr(Stdio::null()).output().unwrap();
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("wpp.db"), "{output:?}");
    }
}

#[test]
fn a_passphrase_comes_from_a_file_or_the_environment_and_never_from_the_command_line() {
    let home = stores::home("phrase");
    let phrase = home.path().join("phrase");
    std::fs::write(&phrase, "hush hush\n").unwrap();
    wpp::disk::set_mode(&phrase, 0o600).unwrap();
    let file = phrase.to_str().unwrap();
    let (code, report) = home.json(&["backup", "--passphrase-file", file]);
    assert_eq!(code, 0, "{report}");
    assert!(report["data"]["level"].is_string() && report["data"]["recipients"] == serde_json::json!(["passphrase"]), "{report}");
    let outcome = home.run(&["backup", "verify", "latest"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("--passphrase-file"), "{outcome:?}");
    for (set, code) in [("hush hush", 0), ("wrong", 15)] {
        let output = home.command(&["backup", "verify", "latest"]).env("WPP_BACKUP_PASSPHRASE", set).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(!format!("{output:?}").contains("hush"));
    }
    let output = home.command(&["backup", "--format", "json"]).env("WPP_BACKUP_PASSPHRASE", "hush hush").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(".wpp.tar.gz.age") && !said.contains("hush"), "{said}");
    let outcome = home.run(&["backup", "--passphrase"]);
    assert!(outcome.code == 20 && outcome.stderr.contains("--passphrase-file"), "{outcome:?}");
    let outcome = home.run(&["backup", "--passphrase-file", file, "--recipient", &x25519()]);
    assert_eq!(outcome.code, 2, "{outcome:?}");
    wpp::disk::set_mode(&phrase, 0o644).unwrap();
    let outcome = home.run(&["backup", "--passphrase-file", file]);
    assert!(outcome.code == 15 && outcome.stderr.contains("chmod 600"), "{outcome:?}");
}

#[test]
fn a_reset_removes_nothing_that_was_not_verified() {
    let home = stores::home("kept");
    std::fs::write(home.path().join("config.toml"), format!("[backup]\nrecipients = {:?}\n", x25519())).unwrap();
    let outcome = home.run(&["reset", "--yes"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("not verified"), "{outcome:?}");
    assert_eq!(marker(&home, "wpp.db"), "kept");
}

/// Fails or kills a backup at every operation, and sees what is left in the store, and that the
/// next backup clears it.
fn sweep(large: bool, acts: &[&str]) {
    let away = Away::new();
    if large {
        // Random, so that the archive takes an upload of several parts.
        let store = stores::open(&away.home.session("main").join("wpp.db"));
        store.execute_batch("CREATE TABLE bulk (data BLOB); INSERT INTO bulk VALUES (randomblob(9000000))").unwrap();
    }
    let counted = {
        let (_, report) = stores::copy(&away.home).json(&["backup"]);
        let metric = report["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == "disk_operations").unwrap();
        metric["value"].as_f64().unwrap() as u64
    };
    assert!(counted > 10, "{counted}");
    let clean = || {
        for name in away.objects() {
            assert!(!name.ends_with(".claim"), "{name}");
            std::fs::remove_file(away.server.bucket().join("some/where").join(name)).unwrap();
        }
    };
    clean();
    let (mut claims, mut unknown, mut cut_off) = (0, 0, 0);
    for act in acts {
        // A large one takes seconds each time; what comes before the first byte is the same for both.
        for number in if large { 8 } else { 1 }..=counted {
            let label = format!("{act}@{number}");
            let home = stores::copy(&away.home);
            let output = home.command(&["backup"]).env("WPP_DISK_FAULT", &label).output().unwrap();
            // One operation may fail and no harm is done: the one that tries what the server can do.
            let said = output.status.success() || String::from_utf8_lossy(&output.stderr).contains("next:");
            assert!(*act == "kill" || said, "{label}: {output:?}");
            let objects = away.objects();
            claims += objects.iter().filter(|name| name.ends_with(".claim")).count();
            for name in objects.iter().filter(|name| !name.ends_with(".claim")) {
                let outcome = home.run(&["backup", "verify", &format!("{PLACE}/{name}")]);
                assert_eq!(outcome.code, 0, "{label}: {outcome:?}");
            }
            let (code, report) = home.json(&["backup"]);
            assert_eq!(code, 0, "{label}: {report}");
            // Killed between the server's answer and the note of it, an upload stays that nobody knows;
            // it holds no bytes.
            let unfinished = away.server.unfinished();
            assert!(unfinished.iter().all(|name| !name.contains(".part-")), "{label}: {unfinished:?}");
            unknown = unknown.max(unfinished.iter().filter(|name| name.starts_with(".upload-")).count());
            let journal = wpp::journal::Journal::open(&home.path().join("ops.db")).unwrap();
            assert!(journal.open_entries("main").unwrap().is_empty(), "{label}");
            // What has its name and was not read back is told as that, and never as a bad backup.
            let entries = journal.history("main", "backup").unwrap();
            let told =
                of_journal(&entries[..1], 0, |_| false, |_| None).failed.pop().map(|failed| failed.why).unwrap_or_default();
            match (entries[0].state.as_str(), entries[0].data["read_back"].as_bool()) {
                ("finished", Some(true)) => assert!(told.is_empty() && entries[0].data["whole"] == true, "{label}: {told}"),
                ("finished", _) => {
                    assert!(told.contains("cut off") && told.contains("wpp backup verify s3://"), "{label}: {told}");
                    cut_off += 1;
                }
                _ => assert!(told.contains("no archive came of it"), "{label}: {told}"),
            }
            clean();
        }
    }
    assert!(unknown <= 1, "{unknown}");
    assert!(cut_off > 0, "a store shows an archive before it was read back");
    assert_eq!(claims > 0, large, "an upload of several parts leaves a claim when it is killed, and no other does");
}

#[test]
fn a_small_upload_that_fails_or_is_killed_anywhere_leaves_no_object_that_is_not_whole() {
    sweep(false, &["kill", "fail"]);
}

#[test]
fn a_large_upload_that_is_killed_anywhere_is_cleared_by_the_next_backup() {
    sweep(true, &["kill"]);
}

#[test]
fn a_store_without_conditional_puts_is_said_in_the_report() {
    let away = Away::with(S3Server::start_with(Conditions::Ignored), "");
    let (code, report) = away.home.json(&["backup"]);
    assert!(code == 0 && report["data"]["limits"][0].as_str().unwrap().contains("If-None-Match"), "{report}");
    assert!(report["data"]["path"].as_str().unwrap().contains(BUCKET));
}
