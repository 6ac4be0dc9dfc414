//! `wpp doctor` on what the home trusts, on secrets, evidence, drills and settings: each is broken for
//! real, and the doctor names it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wpp::journal::{Journal, Outcome};

use crate::doctor_home::{Unprivileged, breaks, chmod, doctor, found, only, said_ok, whole, write};
use crate::harness::TestHome;

fn folder(path: &Path) -> PathBuf {
    std::fs::create_dir_all(path).unwrap();
    chmod(path, 0o700);
    path.to_owned()
}

fn settings(home: &TestHome, text: &str) {
    write(&home.path().join("config.toml"), text);
}

/// A live home, of which the doctor demands more than of a sandbox; it reaches nobody.
fn live() -> TestHome {
    let home = TestHome::live();
    chmod(home.path(), 0o700);
    wpp::home::Home::create(home.path(), wpp::home::HomeKind::Live).unwrap();
    home
}

#[test]
fn a_home_below_a_folder_of_everybody_is_told() {
    let place = tempfile::tempdir().unwrap();
    chmod(place.path(), 0o755);
    let root = folder(&place.path().join("home"));
    let home = whole();
    let look = || {
        let root = root.to_str().unwrap();
        let (_, report) = home.json(&["doctor", "--home", root, "--only", "wpp.security.ancestors", "--fail-on", "never"]);
        found(&report)
    };
    assert_eq!(look(), Vec::<String>::new());
    chmod(place.path(), 0o777);
    assert_eq!(look(), ["wpp.security.ancestors"]);
    // As on /tmp: others may put names there, and not change ours.
    chmod(place.path(), 0o1777);
    assert_eq!(look(), Vec::<String>::new());
}

#[test]
fn a_program_that_others_can_replace_is_told() {
    let home = whole();
    let place = tempfile::tempdir().unwrap();
    chmod(place.path(), 0o755);
    let program = place.path().join("wpp");
    crate::harness::copy_program(&program);
    let look = |mode: u32| {
        chmod(&program, mode);
        let mut command = std::process::Command::new(&program);
        command.env_clear().env("WPP_HOME", home.path());
        let output = command.args(["doctor", "--only", "wpp.security.program", "--format", "json"]).output().unwrap();
        found(&serde_json::from_slice(output.stdout.trim_ascii()).unwrap())
    };
    assert_eq!(look(0o755), Vec::<String>::new());
    assert_eq!(look(0o775), ["wpp.security.program"]);
}

#[test]
fn what_others_can_read_or_change_in_the_home_is_told() {
    let home = whole();
    let secret = folder(&home.path().join("secrets")).join("openwa-key");
    write(&secret, "0a1b2c3d4e5f60718293\n");
    breaks(&home, "wpp.security.secret-files", "critical", || chmod(&secret, 0o644));
    let (code, report) = doctor(&home, &["--only", "wpp.security.secret-files", "--fix", "--yes"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");

    let compiled = folder(&home.path().join("plugins/compiled")).join("x.compiled");
    write(&compiled, "x");
    breaks(&home, "wpp.security.plugins", "error", || chmod(&compiled, 0o666));

    let report = folder(&home.path().join("reports/x-20261101T000000Z")).join("report.md");
    write(&report, "all is well\n");
    breaks(&home, "wpp.security.evidence-open", "warning", || chmod(&report, 0o644));
    chmod(&report, 0o600);
    let told = breaks(&home, "wpp.security.report-leaks", "error", || write(&report, "the key is 0a1b2c3d4e5f60718293\n"));
    assert!(!told.to_string().contains("0a1b2c3d"), "{told:#}");
}

#[test]
fn all_that_a_run_leaves_is_searched_and_what_others_wrote_is_looked_for_in_it() {
    let home = whole();
    let id = "wpp.security.report-leaks";
    let run = folder(&home.path().join("reports/x-20261101T000000Z"));
    let transcripts = folder(&run.join("transcripts"));
    for name in ["report.md", "report.json", "report.html", "transcripts/send.txt"] {
        write(&run.join(name), "all is well\n");
    }
    let message = |id: &str, from_me: bool, text: &str| {
        let database = rusqlite::Connection::open(home.session("main").join("wpp.db")).unwrap();
        let sql = "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
                   VALUES ('c', ?1, 'x', 'x', ?2, 'text', ?3, 1, 1)";
        database.execute(sql, rusqlite::params![id, from_me, text]).unwrap();
    };
    for (path, what) in
        [(run.join("report.html"), "<p>call +15550100042</p>"), (transcripts.join("send.txt"), "to 15550100042@lid")]
    {
        breaks(&home, id, "error", || write(&path, what));
        write(&path, "all is well\n");
    }
    message("mine", true, "a drill of this home, please ignore");
    message("theirs", false, "meet me at the \"old\" harbour");
    write(&transcripts.join("send.txt"), "sent: a drill of this home, please ignore\n");
    let report = breaks(&home, id, "error", || {
        write(&run.join("report.json"), json!({ "said": "meet me at the \"old\" harbour" }).to_string());
    });
    let told = report["findings"].to_string();
    assert!(told.contains("report.json") && told.contains("wrote in a message") && !told.contains("harbour"), "{told}");
    write(&run.join("report.json"), "{}");
    let (_, report) = only(&home, id);
    // One of the two is ours.
    assert!(report["findings"][0]["summary"].as_str().unwrap().contains("1 newest text of messages"), "{report:#}");
}

#[test]
fn what_its_owner_cannot_read_is_unknown_and_not_fine() {
    let home = whole();
    let report = folder(&home.path().join("reports/x-20261101T000000Z")).join("report.md");
    write(&report, "all is well\n");
    let secret = folder(&home.path().join("secrets")).join("openwa-key");
    write(&secret, "0a1b2c3d4e5f60718293\n");
    let backups = folder(&home.path().join("backups"));
    write(&backups.join("main-20261101T000000Z.wpp.tar.gz.age"), "x");
    let beside = backups.join("identity.txt");
    write(&beside, "nothing\n");
    let log = home.session("main").join("logs/wppd.log");
    write(&log, "{\"level\":\"INFO\"}\n");
    let messages = home.session("main").join("wpp.db");
    let owner = Unprivileged::owning(&home);
    for (path, ids) in [
        (&report, &["wpp.security.report-leaks"][..]),
        (&secret, &["wpp.security.default-secrets", "wpp.security.report-leaks", "wpp.session.log-leaks"]),
        (&beside, &["wpp.security.key-beside-archives"]),
        (&log, &["wpp.session.log-leaks"]),
        (&messages, &["wpp.session.log-leaks", "wpp.security.report-leaks"]),
    ] {
        for id in ids {
            assert_eq!(owner.severity(&home, id).as_deref(), Some("ok"), "{id}");
        }
        chmod(path, 0o000);
        for id in ids {
            assert_eq!(owner.severity(&home, id).as_deref(), Some("unknown"), "{id} without {}", path.display());
        }
        chmod(path, 0o600);
    }
    // What the log's size tells is known all the same.
    chmod(&log, 0o000);
    assert_eq!(owner.severity(&home, "wpp.session.log-rotation").as_deref(), Some("ok"));
}

#[test]
fn a_plugins_setting_that_everybody_knows_is_told_and_the_name_of_a_secret_is_not() {
    let home = whole();
    let id = "wpp.security.default-secrets";
    folder(&home.path().join("secrets"));
    let report = breaks(&home, id, "error", || settings(&home, "[plugin.openwa]\napi_key = \"changeme\"\n"));
    let told = report["findings"].to_string();
    assert!(told.contains("plugin.openwa.api_key") && !told.contains("changeme"), "{told}");
    settings(&home, "[plugin.openwa]\nurl = \"changeme\"\napi_key = \"openwa-main\"\n");
    assert_eq!(only(&home, id).0, Vec::<String>::new());
    // A secret may be called like what is a bad one.
    settings(&home, "[plugin.openwa]\napi_key = \"api-key\"\n");
    assert_eq!(only(&home, id).0, [id]);
    write(&home.path().join("secrets/api-key"), "0a1b2c3d4e5f60718293\n");
    assert!(said_ok(&only(&home, id).1, id));
}

#[test]
fn secrets_that_everybody_knows_and_old_ones_are_told_and_never_shown() {
    let home = whole();
    let secret = folder(&home.path().join("secrets")).join("openwa-key");
    write(&secret, "0a1b2c3d4e5f60718293\n");
    let report = breaks(&home, "wpp.security.default-secrets", "error", || write(&secret, "changeme\n"));
    assert!(!report.to_string().contains("changeme"), "{report:#}");
    write(&secret, "0a1b2c3d4e5f60718293\n");
    let by_variable = home
        .command(&["doctor", "--only", "wpp.security.default-secrets", "--format", "json"])
        .env("WPP_SECRET_OPENWA_KEY", "password123")
        .output()
        .unwrap();
    let text = String::from_utf8(by_variable.stdout).unwrap();
    assert!(by_variable.status.code() == Some(3) && text.contains("WPP_SECRET_OPENWA_KEY"), "{text}");
    assert!(!text.contains("password123"), "{text}");
    breaks(&home, "wpp.security.secret-age", "warning", || {
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(500 * 86_400);
        std::fs::File::options().write(true).open(&secret).unwrap().set_modified(long_ago).unwrap();
    });
}

#[test]
fn a_key_beside_the_archives_that_it_opens_is_told() {
    let home = whole();
    let backups = folder(&home.path().join("backups"));
    write(&backups.join("main-20261101T000000Z.wpp.tar.gz.age"), "x");
    let id = "wpp.security.key-beside-archives";
    let key = backups.join("identity.txt");
    let report = breaks(&home, id, "error", || write(&key, "# mine\nAGE-SECRET-KEY-1QQQQQQQQQQQQQQQQ\n"));
    assert!(!report.to_string().contains("QQQQ"), "{report:#}");
    breaks(&home, "wpp.security.archive-folder", "error", || chmod(&backups, 0o777));
}

#[test]
fn a_timer_that_others_can_change_or_that_calls_nothing_is_told() {
    let home = whole();
    let units = folder(&home.path().join(".config/systemd/user"));
    let printed = home.run(&["schedule", "install", "--systemd", "--print"]).stdout;
    let start = printed.find("wpp-schedule-").expect("the unit's name");
    let name: String = printed[start..].chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
    let service = units.join(format!("{name}.service"));
    let program = crate::harness::program();
    write(&service, format!("[Service]\nExecStart=\"{program}\" schedule run\n"));
    let id = "wpp.security.unit-files";
    breaks(&home, id, "error", || chmod(&service, 0o666));
    write(&service, format!("[Service]\nExecStart=\"{program}\" schedule run\n"));
    breaks(&home, id, "error", || write(&service, "[Service]\nExecStart=\"/nowhere/wpp\" schedule run\n"));
}

#[test]
fn a_lockdown_is_told_until_it_is_lifted() {
    let home = whole();
    breaks(&home, "wpp.home.lockdown", "warning", || write(&home.path().join("LOCKDOWN"), ""));
}

/// Writes down a run as the journal keeps it.
fn run_of(home: &TestHome, drill: &str, outcome: Outcome, age_days: i64) {
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let text = format!("---\nid: {drill}\ntitle: x\nkind: drill\n---\n");
    let data = json!({ "runbook": drill, "run": format!("{drill}-x"), "text": text });
    let entry = journal.begin(None, "runbook", &data).unwrap();
    journal.end(entry, outcome).unwrap();
    drop(journal);
    let journal = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
    journal.execute("UPDATE entry SET at_ms = at_ms - ?1 * 86400000 WHERE id = ?2", [age_days, entry]).unwrap();
}

#[test]
fn drills_that_failed_and_homes_without_any_are_told() {
    let home = live();
    run_of(&home, "kill", Outcome::Finished, 1);
    breaks(&home, "wpp.drill.failed", "warning", || run_of(&home, "kill", Outcome::Failed, 0));
    run_of(&home, "kill", Outcome::Finished, 0);
    assert!(said_ok(&only(&home, "wpp.drill.failed").1, "wpp.drill.failed"));

    let home = live();
    breaks(&home, "wpp.drill.stale", "warning", || run_of(&home, "kill", Outcome::Finished, 60));
    let home = live();
    folder(&home.path().join("sessions"));
    folder(&home.session("main"));
    breaks(&home, "wpp.drill.stale", "warning", || {
        Journal::open(&home.path().join("ops.db")).unwrap().record(Some("main"), "start", &json!({})).unwrap();
        let journal = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
        journal.execute("UPDATE entry SET at_ms = at_ms - 100 * 86400000", []).unwrap();
    });
}

#[test]
fn evidence_that_somebody_changed_is_told() {
    let home = whole();
    let run = folder(&home.path().join("reports/kill-20261101T000000Z"));
    write(&run.join("report.json"), "{}");
    write(&run.join("report.md"), "passed\n");
    let sum = |name: &str| wpp::disk::sha256(std::fs::File::open(run.join(name)).unwrap()).unwrap().0;
    write(&run.join("SHA256SUMS"), format!("{}  report.json\n{}  report.md\n", sum("report.json"), sum("report.md")));
    let report = breaks(&home, "wpp.drill.evidence", "error", || write(&run.join("report.md"), "Passed!\n"));
    assert!(report["findings"].to_string().contains("report.md"), "{report:#}");
}

#[test]
fn variables_that_override_the_file_or_are_misspelt_are_told() {
    let home = whole();
    settings(&home, "[log]\nfiles_max = 7\n");
    let look = |name: &str, value: &str| {
        let mut command = home.command(&["doctor", "--only", "wpp.config", "--format", "json", "--fail-on", "never"]);
        let output = command.env(name, value).output().unwrap();
        serde_json::from_slice::<Value>(output.stdout.trim_ascii()).unwrap()
    };
    let severity = |report: &Value, id: &str| {
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().find(|finding| finding["id"] == id).map(|finding| finding["severity"].clone())
    };
    let report = look("WPP_LOG_FILES_MAX", "7");
    assert_eq!(severity(&report, "wpp.config.environment"), Some(json!("ok")), "{report:#}");
    let report = look("WPP_LOG_FILES_MAX", "8");
    assert_eq!(severity(&report, "wpp.config.environment"), Some(json!("info")), "{report:#}");
    let report = look("WPP_LOG_SIZE_BYTES_MAX", "5000000");
    assert_eq!(severity(&report, "wpp.config.environment"), Some(json!("ok")), "the file says nothing of it: {report:#}");
    let report = look("WPP_LOG_FILE_MAX", "8");
    assert_eq!(severity(&report, "wpp.config.unknown-variable"), Some(json!("warning")), "{report:#}");
    assert!(report.to_string().contains("did you mean WPP_LOG_FILES_MAX?"), "{report:#}");
    let report = look("WPP_OF_MY_OWN_TOOLS", "8");
    assert_eq!(severity(&report, "wpp.config.unknown-variable"), Some(json!("ok")), "{report:#}");
}

#[test]
fn secrets_in_the_settings_are_told_by_their_place_and_never_shown() {
    let home = whole();
    let key = "0123456789abcdef0123456789abcdef";
    let id = "wpp.config.clear-secrets";
    let report = breaks(&home, id, "error", || settings(&home, &format!("[plugin.openwa]\napi_key = \"{key}\"\n")));
    assert!(report.to_string().contains("plugin.openwa.api_key") && !report.to_string().contains(key), "{report:#}");
    settings(&home, "[plugin.openwa]\nurl = \"https://gateway.example\"\n");
    breaks(&home, id, "error", || {
        settings(&home, &format!("[contacts.on-call]\ncommand = [\"curl\", \"-H\", \"Authorization: Bearer {key}\"]\n"));
    });
}

#[test]
fn settings_that_nobody_is_served_by_are_told() {
    let home = whole();
    breaks(&home, "wpp.config.contacts", "warning", || settings(&home, "[alert]\nquiet_hours = \"22:00-07:00\"\n"));
    for text in [
        "[daemon]\nwatchdog_ms = 70000\n",
        "[plugins]\nsignature_required = true\n",
        "[backup.s3]\nregion = \"eu-north-1\"\n",
        "[schedule.weekly]\nrun = [\"backup\"]\nwhen = \"monday 09:00\"\n",
    ] {
        settings(&home, "");
        breaks(&home, "wpp.config.contradictions", "warning", || settings(&home, text));
    }
}

#[test]
fn archives_on_the_homes_disk_and_backups_that_nothing_makes_are_told_of_a_live_home() {
    let home = live();
    folder(&home.path().join("backups"));
    folder(&home.path().join("sessions"));
    // A linked session with databases as a sandbox's have them.
    let model = whole();
    folder(&home.session("main"));
    for name in ["session.db", "wpp.db"] {
        std::fs::copy(model.session("main").join(name), home.session("main").join(name)).unwrap();
    }
    breaks(&home, "wpp.backup.same-disk", "warning", || {
        Journal::open(&home.path().join("ops.db")).unwrap().record(Some("main"), "start", &json!({})).unwrap();
        let journal = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
        journal.execute("UPDATE entry SET at_ms = at_ms - 10 * 86400000", []).unwrap();
    });
    let id = "wpp.config.backup-schedule";
    assert_eq!(only(&home, id).1["findings"][0]["severity"], "info");
    settings(&home, "[schedule.nightly]\nrun = [\"backup\"]\nwhen = \"daily 02:30\"\n");
    assert!(said_ok(&only(&home, id).1, id));
    let id = "wpp.config.recommended";
    let told = only(&home, id).1["findings"][0].clone();
    assert!(told["severity"] == "info" && told["summary"].as_str().unwrap().contains("backup.recipients"), "{told:#}");
    let archives = tempfile::tempdir().unwrap();
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    settings(&home, &format!("[backup]\ndestination = {:?}\nrecipients = [\"{recipient}\"]\nkeep_weekly = 4\n", archives.path()));
    assert!(said_ok(&only(&home, id).1, id), "{:#}", only(&home, id).1);
}

/// A home that holds nothing yet, and one that an operator has just set up, give them nothing to say.
#[test]
fn a_fresh_home_is_let_be() {
    for home in [live(), crate::doctor_home::empty(), whole()] {
        let ours = "wpp.session,wpp.store,wpp.security,wpp.config,wpp.drill,wpp.backup";
        let (code, report) = doctor(&home, &["--only", ours, "--fail-on", "warning"]);
        assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    }
}
