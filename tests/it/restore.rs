//! `wpp restore`: what the plan allows, and a transaction killed at every disk operation.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use serde_json::json;
use wpp::archive::custody::{self, Ledger};
use wpp::confirm::Confirmed;
use wpp::disk::{Lock, LockState};
use wpp::error::{Error, ErrorKind};
use wpp::home::{Home, HomeKind, SessionPaths};
use wpp::journal::{Journal, Outcome};
use wpp::report::Silent;
use wpp::restore::{self, Health, Lifecycle, Wanted};

use crate::harness::TestHome;
use crate::simulated::{PEER, Simulated};
use crate::stores;

const STORES: [&str; 2] = ["session.db", "wpp.db"];

fn paths(home: &TestHome) -> SessionPaths {
    Home::open(home.path()).unwrap().session("main")
}

fn journal(home: &TestHome) -> Journal {
    Journal::open(&home.path().join("ops.db")).unwrap()
}

/// A stopped session whose archive holds `archived` and whose stores hold `live`, the newest
/// commit in the `-wal` alone.
fn moved_on() -> TestHome {
    let home = stores::home("archived");
    assert_eq!(home.run(&["backup"]).code, 0);
    stores::kill_writer(&home.session("main"), "live");
    home
}

fn markers(folder: &Path) -> Vec<String> {
    STORES.iter().map(|name| stores::marker(folder, name)).collect()
}

/// Folders beside the session, by the part of their name that says what they are.
fn beside(home: &TestHome, what: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.path().join("sessions")).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_str().unwrap().contains(what)).collect()
}

#[test]
fn exact_brings_everything_back_while_custody_is_unbroken_and_keeps_the_old() {
    let home = moved_on();
    let dry = home.run(&["restore", "latest", "--dry-run"]);
    assert!(dry.code == 0 && dry.stdout.contains("would restore exact"), "{dry:?}");
    assert_eq!(markers(&home.session("main")), ["live", "live"], "a dry run changed something");
    assert_eq!(home.run(&["restore", "latest"]).code, 20, "nobody agreed");
    let (code, report) = home.json(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["plan"]["kind"], "exact");
    assert_eq!(markers(&home.session("main")), ["archived", "archived"]);
    for ending in ["-wal", "-shm", "-journal"] {
        assert!(!home.session("main").join(format!("wpp.db{ending}")).exists());
    }
    // The old copy is whole, its last commit included, and the report says where it is.
    let old = PathBuf::from(report["data"]["old"].as_str().unwrap());
    assert_eq!(markers(&old), ["live", "live"]);
    assert!(report["sections"].to_string().contains(old.to_str().unwrap()), "{report}");
    assert!(report["sections"].to_string().contains("prune --set-aside --older-than 30d"), "{report}");
    // What to type next takes nothing away: it looks at what was replaced, or puts it back.
    let next = report["next"].to_string();
    assert!(next.contains("/wpp.db' --plan data") || next.contains("/wpp.db --plan data"), "{next}");
    assert!(!next.contains("prune"), "{next}");
    assert!(beside(&home, "stage").is_empty() && !home.session("main").join("LOCK").exists());
    // Restoring again sets the next copy aside beside the first.
    assert_eq!(home.run(&["restore", "latest", "--yes", "--keep-daemon-stopped"]).code, 0);
    assert_eq!(beside(&home, ".main.old-").len(), 2);
}

#[test]
fn after_a_connect_exact_is_refused_with_the_choices_and_auto_gives_fresh_keys() {
    for verb in ["connect", "start", "relink"] {
        let home = moved_on();
        journal(&home).record(Some("main"), verb, &json!({})).unwrap();
        let outcome = home.run(&["restore", "latest", "--plan", "exact", "--yes"]);
        assert_eq!(outcome.code, 15, "{outcome:?}");
        for part in [verb, "--plan data", "--plan rekey", "--plan force-exact"] {
            assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
        }
        assert_eq!(markers(&home.session("main")), ["live", "live"]);
        let outcome = home.run(&["restore", "latest", "--plan", "data", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert_eq!(markers(&home.session("main")), ["live", "archived"]);
        assert!(home.session("main").join("session.db-wal").exists(), "the keys' own -wal was taken away");

        let outcome = home.run(&["restore", "latest", "--dry-run"]);
        assert!(outcome.stdout.contains("would restore rekey") && outcome.stdout.contains(verb), "{outcome:?}");
        let (code, report) = home.json(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
        assert_eq!((code, &report["data"]["plan"]["kind"], sessions(&home)), (0, &json!("rekey"), 0), "{report}");
        assert_eq!(markers(&home.session("main")), ["archived", "archived"]);
        let next = &report["data"]["rekeyed"]["next_prekey_id"];
        assert!(next.as_u64() > Some(813 + 65_536), "{report}");
        // Again: above what the first time chose, which was put in place and may have been used.
        let (code, report) = home.json(&["restore", "latest", "--plan", "rekey", "--yes", "--keep-daemon-stopped"]);
        assert!(code == 0 && report["data"]["rekeyed"]["next_prekey_id"].as_u64() > next.as_u64().map(|next| next + 65_536));
    }
}

/// Signal sessions in the store that is in place.
fn sessions(home: &TestHome) -> usize {
    let store = stores::open(&home.session("main").join("session.db"));
    store.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

#[test]
fn fresh_keys_lie_above_those_of_the_store_in_place_and_of_every_earlier_restore() {
    let home = moved_on();
    journal(&home).record(Some("main"), "connect", &json!({})).unwrap();
    let restore = || {
        let (code, report) = home.json(&["restore", "latest", "--plan", "rekey", "--yes", "--keep-daemon-stopped"]);
        assert_eq!(code, 0, "{report}");
        let rekeyed = report["data"]["rekeyed"].clone();
        (rekeyed["highest_prekey_id"].as_u64().unwrap(), rekeyed["next_prekey_id"].as_u64().unwrap())
    };
    let path = home.session("main").join("session.db");
    stores::open(&path).execute("UPDATE device SET next_pre_key_id = 400001", []).unwrap();
    let (highest, first) = restore();
    assert_eq!(highest, 400_000, "the store in place was not looked at");
    // A store in place that cannot be read tells nothing; the journal still knows.
    std::fs::write(&path, "x".repeat(9000)).unwrap();
    let (highest, second) = restore();
    assert_eq!((highest, second > first + 65_536), (first, true));
    std::fs::remove_file(&path).unwrap();
    let (highest, third) = restore();
    assert_eq!((highest, third > second + 65_536), (second, true));
    // Of another identity it says nothing about this one's keys.
    stores::open(&path).execute("UPDATE device SET next_pre_key_id = 9000001, identity_key = x'77'", []).unwrap();
    assert_eq!(restore().0, third);
    // Near the end of the 24 bits it goes round.
    stores::open(&path).execute("UPDATE device SET next_pre_key_id = 16777000", []).unwrap();
    let (highest, wrapped) = restore();
    assert_eq!(highest, 16_776_999);
    assert!(wrapped > 65_536 && wrapped < 16_776_999 - 65_536, "{wrapped}");
}

#[test]
fn old_signal_state_comes_back_only_by_name_and_after_it_was_said_what_that_costs() {
    let home = moved_on();
    journal(&home).record(Some("main"), "connect", &json!({})).unwrap();
    let arguments = ["restore", "latest", "--plan", "force-exact", "--keep-daemon-stopped"];
    let outcome = home.run(&arguments);
    assert!(outcome.code == 20 && outcome.stderr.contains("WITHOUT A WORD"), "{outcome:?}");
    assert_eq!(markers(&home.session("main")), ["live", "live"]);
    let outcome = home.run(&[&arguments[..], &["--yes"]].concat());
    assert!(outcome.code == 0 && outcome.stdout.contains("in both directions and without a word"), "{outcome:?}");
    assert_eq!((markers(&home.session("main")), sessions(&home)), (vec!["archived".to_owned(), "archived".to_owned()], 1));
}

#[test]
fn an_identity_that_was_logged_out_or_replaced_stays_away() {
    let home = moved_on();
    journal(&home).record(Some("main"), "connect", &json!({})).unwrap();
    let out = stores::copy(&home);
    journal(&out).record(Some("main"), "logged_out", &json!({})).unwrap();
    let outcome = out.run(&["restore", "latest", "--plan", "rekey", "--yes"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("wpp reauth"), "{outcome:?}");
    let (code, report) = out.json(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
    assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("data")), "{report}");

    // The same account, linked anew.
    stores::open(&home.session("main").join("session.db")).execute("UPDATE device SET identity_key = x'09'", []).unwrap();
    let (code, report) = home.json(&["restore", "latest", "--dry-run"]);
    assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("data")), "{report}");
}

#[test]
fn an_archive_of_a_running_session_is_never_exact() {
    let home = stores::home("archived");
    // Another process holds the lock as a daemon does; there is nothing to answer on its socket.
    let lock = Lock::acquire(&home.session("main").join("LOCK"), "daemon").unwrap();
    assert_eq!(home.run(&["backup"]).code, 0);
    drop(lock);
    let outcome = home.run(&["restore", "latest", "--plan", "exact", "--yes", "--keep-daemon-stopped"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("while the daemon ran"), "{outcome:?}");
    let (code, report) = home.json(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
    assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("rekey")), "{report}");
}

#[test]
fn messages_that_cannot_come_back_are_counted() {
    let home = stores::home("archived");
    assert_eq!(home.run(&["backup"]).code, 0);
    let wpp = stores::open(&home.session("main").join("wpp.db"));
    wpp.execute_batch("INSERT INTO messages (text) SELECT text FROM messages LIMIT 17").unwrap();
    drop(wpp);
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--dry-run"]);
    assert!(outcome.stdout.contains("17 messages"), "{outcome:?}");
    std::fs::write(home.session("main").join("wpp.db"), "x".repeat(9000)).unwrap();
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--dry-run"]);
    assert!(outcome.stdout.contains("too damaged to count"), "{outcome:?}");
}

#[test]
fn another_account_another_kind_of_home_and_another_journal_are_noticed() {
    let home = stores::home("archived");
    assert_eq!(home.run(&["backup"]).code, 0);
    let archive = stores::latest(&home.path().join("backups"));
    let archive = archive.to_str().unwrap();

    // The same session linked to another phone.
    let session = stores::open(&home.session("main").join("session.db"));
    session.execute("UPDATE device SET pn = '15550100002:1@s.whatsapp.net', identity_key = x'09'", []).unwrap();
    drop(session);
    let outcome = home.run(&["restore", archive, "--plan", "data", "--yes", "--keep-daemon-stopped"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("another WhatsApp account"), "{outcome:?}");
    assert!(!outcome.stderr.contains("15550100"), "a phone number in an error: {outcome:?}");

    // Another home knows nothing of what happened to the store, whether it has a journal or not.
    for with_journal in [false, true] {
        let other = TestHome::sandbox();
        if with_journal {
            drop(journal(&other));
        }
        let outcome = other.run(&["restore", archive, "--plan", "exact", "--yes", "--keep-daemon-stopped"]);
        assert!(outcome.code == 15 && !other.session("main").exists(), "{outcome:?}");
        let (code, report) = other.json(&["restore", archive, "--yes", "--keep-daemon-stopped"]);
        assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("rekey")), "{report}");
        assert!(report["data"]["plan"]["warnings"].to_string().contains("runs anywhere else"), "{report}");
        assert_eq!(markers(&other.session("main")), ["archived", "archived"]);
    }
    let other = TestHome::sandbox();
    let outcome = other.run(&["restore", archive, "--plan", "data", "--yes", "--keep-daemon-stopped"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("linked again"), "{outcome:?}");
    assert_eq!(stores::marker(&other.session("main"), "wpp.db"), "archived");

    // What was made in a sandbox stays in sandboxes.
    let live = TestHome::live();
    for plan in ["data", "exact"] {
        let outcome = live.run(&["restore", archive, "--plan", plan, "--yes", "--keep-daemon-stopped"]);
        assert!(outcome.code == 15 && !live.session("main").exists(), "{outcome:?}");
    }
    // The same archive for a session of another name: two stores of one identity would fight.
    let twin = ["restore", archive, "--session", "twin", "--yes", "--keep-daemon-stopped"];
    std::fs::remove_dir_all(home.session("main")).unwrap();
    stores::make(&home.session("main"), "live");
    let outcome = home.run(&twin);
    assert!(outcome.code == 15 && outcome.stderr.contains("session main of this home holds the identity"), "{outcome:?}");
    std::fs::remove_dir_all(home.session("main")).unwrap();
    assert_eq!(home.run(&twin).code, 0);
    let outcome = home.run(&["restore", archive, "--yes", "--keep-daemon-stopped"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("session twin"), "{outcome:?}");
}

#[test]
fn a_session_that_a_reset_removed_comes_back_exactly_and_one_that_is_gone_gets_fresh_keys() {
    let home = stores::home("archived");
    assert_eq!(home.run(&["reset", "--yes"]).code, 0);
    let (code, report) = home.json(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
    assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("exact")), "{report}");
    assert_eq!(report["data"]["old"], serde_json::Value::Null, "{report}");
    std::fs::remove_dir_all(home.session("main")).unwrap();
    assert_eq!(home.run(&["backup"]).code, 10);
    stores::make(&home.session("main"), "archived");
    assert_eq!(home.run(&["backup"]).code, 0);
    std::fs::remove_dir_all(home.session("main")).unwrap();
    // Who removed it, and after what, the journal does not know.
    let (code, report) = home.json(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
    assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("rekey")), "{report}");
    assert_eq!(markers(&home.session("main")), ["archived", "archived"]);
    assert_eq!(wpp::disk::mode_and_owner(&home.session("main")).unwrap().unwrap().0, 0o700);
    for name in STORES {
        assert_eq!(wpp::disk::mode_and_owner(&home.session("main").join(name)).unwrap().unwrap().0, 0o600);
    }
}

#[test]
fn settings_are_reviewed_and_never_overwritten() {
    let home = stores::home("archived");
    std::fs::write(home.path().join("config.toml"), "[daemon]\nwatchdog_ms = 5000\n").unwrap();
    assert_eq!(home.run(&["backup"]).code, 0);
    std::fs::write(home.path().join("config.toml"), "[daemon]\nwatchdog_ms = 6000\n").unwrap();
    let outcome = home.run(&["restore", "latest", "--yes", "--keep-daemon-stopped"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("only in the archive: watchdog_ms = 5000"), "{outcome:?}");
    assert!(outcome.stdout.contains("only here: watchdog_ms = 6000"), "{outcome:?}");
    assert!(std::fs::read_to_string(home.path().join("config.toml")).unwrap().contains("6000"));
}

/// A session in one of the states that a sweep starts from, and what is old and new in it.
struct Case {
    label: &'static str,
    arguments: &'static [&'static str],
    make: fn() -> TestHome,
    old: &'static [&'static str],
    new: &'static [&'static str],
}

const CASES: [Case; 4] = [
    Case {
        label: "exact",
        arguments: &["restore", "latest", "--yes", "--keep-daemon-stopped"],
        make: moved_on,
        old: &["live", "live"],
        new: &["archived", "archived"],
    },
    Case {
        label: "data",
        arguments: &["restore", "latest", "--plan", "data", "--yes", "--keep-daemon-stopped"],
        make: moved_on,
        old: &["live", "live"],
        new: &["live", "archived"],
    },
    Case {
        label: "rekey",
        arguments: &["restore", "latest", "--plan", "rekey", "--yes", "--keep-daemon-stopped"],
        make: moved_on,
        old: &["live", "live"],
        new: &["archived", "archived"],
    },
    Case {
        label: "removed",
        arguments: &["restore", "latest", "--yes", "--keep-daemon-stopped"],
        make: || {
            let home = stores::home("archived");
            assert_eq!(home.run(&["backup"]).code, 0);
            std::fs::remove_dir_all(home.session("main")).unwrap();
            home
        },
        old: &[],
        new: &["archived", "archived"],
    },
];

impl Case {
    /// Disk operations of one undisturbed run.
    fn operations(&self, template: &TestHome) -> u64 {
        let (code, report) = stores::copy(template).json(self.arguments);
        assert_eq!(code, 0, "{}: {report}", self.label);
        let metrics = report["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"].as_f64().unwrap() as u64
    }

    /// After the next command: old or new, whole, and nothing left open or lying about.
    fn assert_whole(&self, home: &TestHome, label: &str) -> bool {
        let open = journal(home).open_entries("main").unwrap();
        assert!(open.is_empty(), "{label}: {open:?}");
        assert!(beside(home, "stage").is_empty(), "{label}: {:?}", beside(home, "stage"));
        // A dead process leaves its lock file; the next to take the lock removes it.
        for lock in beside(home, "-lock") {
            assert!(!matches!(Lock::look(&lock).unwrap(), LockState::Held(_)), "{label}");
        }
        let folder = home.session("main");
        assert!(!folder.join("LOCK").exists(), "{label}");
        let found = if folder.exists() { markers(&folder) } else { Vec::new() };
        let is_new = found == self.new;
        if is_new && self.label == "rekey" {
            assert_eq!(sessions(home), 0, "{label}: an old ratchet came back");
        }
        assert!(is_new || found == self.old, "{label}: {found:?}");
        let old = beside(home, ".main.old-");
        if is_new && !self.old.is_empty() {
            // What is not in place lies aside, whole: also the last commit, which was in the -wal.
            assert_eq!(old.len(), 1, "{label}: {old:?}");
            assert_eq!(stores::marker(&old[0], "wpp.db"), "live", "{label}");
        } else {
            assert!(old.is_empty(), "{label}: {old:?}");
        }
        is_new
    }
}

/// Any command that uses the session; it finishes or undoes first.
fn next_command(home: &TestHome, label: &str) {
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--dry-run"]);
    assert_eq!(outcome.code, 0, "{label}: {outcome:?}");
}

#[test]
fn a_restore_that_is_killed_or_fails_at_any_disk_operation_leaves_the_old_or_the_new_whole() {
    for case in &CASES {
        let template = (case.make)();
        let operations = case.operations(&template);
        assert!(operations > 15, "{}: {operations}", case.label);
        let (mut old, mut new) = (0, 0);
        for act in ["kill", "fail", "full"] {
            for number in 1..=operations {
                let label = format!("{} {act}@{number} of {operations}", case.label);
                let home = stores::copy(&template);
                let fault = format!("{act}@{number}");
                let output = home.command(case.arguments).env("WPP_DISK_FAULT", fault).output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(!output.status.success(), "{label}: nothing happened");
                if act == "kill" {
                    assert_eq!(output.status.code(), None, "{label}: {said}");
                } else {
                    assert!(said.contains("next:") && !said.contains("panicked"), "{label}: {said}");
                }
                next_command(&home, &label);
                if case.assert_whole(&home, &label) {
                    new += 1;
                } else {
                    old += 1;
                }
                // And the restore can be made then.
                if number % 7 == 0 && !home.session("main").exists() {
                    assert_eq!(home.run(case.arguments).code, 0, "{label}");
                }
            }
        }
        assert!(old > 0 && new > 0, "{}: the sweep saw {old} old and {new} new", case.label);
    }
}

#[test]
fn the_recovery_itself_can_be_killed_at_any_disk_operation() {
    // A restore with fresh keys moves the same files as an exact one.
    for case in CASES.iter().filter(|case| case.label != "rekey") {
        let template = (case.make)();
        let operations = case.operations(&template);
        // The last third is where files move.
        for number in (operations / 2..=operations).step_by(3) {
            for again in 1..=14 {
                let label = format!("{} kill@{number}, then kill@{again}", case.label);
                let home = stores::copy(&template);
                let run = |fault: String, arguments: &[&str]| {
                    home.command(arguments).env("WPP_DISK_FAULT", fault).output().unwrap().status.code()
                };
                assert_eq!(run(format!("kill@{number}"), case.arguments), None, "{label}");
                let code = run(format!("kill@{again}"), &["restore", "latest", "--plan", "data", "--dry-run"]);
                assert!(code.is_none() || code == Some(0), "{label}: {code:?}");
                next_command(&home, &label);
                case.assert_whole(&home, &label);
            }
        }
    }
}

#[test]
fn a_living_restore_is_left_alone_and_a_half_swapped_session_is_not_opened() {
    let home = moved_on();
    let (paths, journal) = (paths(&home), journal(&home));
    let entry = |phase: &str| {
        json!({
            "phase": phase, "plan": "data", "archive": "/a", "archive_id": "x", "stamp": "20261121T031500Z-0",
            "made_folder": false, "had": ["wpp.db"],
        })
    };
    // Another process is alive in it: its lock is held.
    let alive = Lock::acquire(&paths.beside("restore", "lock"), "restore").unwrap();
    let id = journal.begin(Some("main"), "restore", &entry("staging")).unwrap();
    for phase in ["staging", "swapped"] {
        journal.update(id, &entry(phase)).unwrap();
        assert_eq!(restore::recover(&paths, &journal).unwrap(), None, "{phase}");
    }
    for phase in ["swapping", "undoing"] {
        journal.update(id, &entry(phase)).unwrap();
        assert_eq!(restore::recover(&paths, &journal).unwrap_err().kind(), ErrorKind::Locked, "{phase}");
        let outcome = home.run(&["status"]);
        assert_eq!(outcome.code, 11, "{phase}: {outcome:?}");
        // Whoever got past that look a moment too early is stopped once it holds the lock.
        let home = Home::open(home.path()).unwrap();
        let config = wpp::config::Config::load(&home.config(), &std::collections::BTreeMap::new()).unwrap();
        let error = wpp::daemon::run(&home, &paths, &config).unwrap_err();
        assert!(error.kind() == ErrorKind::Locked && error.message().contains("interrupted"), "{phase}: {}", error.chain());
    }
    assert_eq!(home.run(&["restore", "latest", "--yes"]).code, 11);
    assert!(journal.open_entries("main").unwrap().len() == 1, "it was settled under a living restore");
    drop(alive);
    let recovered = restore::recover(&paths, &journal).unwrap().unwrap();
    assert!(!recovered.finished && !recovered.describe().is_empty());
    assert_eq!(restore::recover(&paths, &journal).unwrap(), None, "settled twice");
    assert_eq!(markers(paths.folder()), ["live", "live"]);

    // A journal that was edited moves nothing.
    for edit in [json!({ "stamp": "../../x" }), json!({ "had": ["../../../etc/passwd"] }), json!({ "had": ["LOCK"] })] {
        let mut data = entry("swapping");
        data.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        let id = journal.begin(Some("main"), "restore", &data).unwrap();
        assert_eq!(restore::recover(&paths, &journal).unwrap_err().kind(), ErrorKind::Denied, "{data}");
        journal.end(id, Outcome::Failed).unwrap();
    }
}

/// A daemon that does what a test wants.
struct Puppet<'a> {
    healthy: bool,
    /// Written into the journal as the daemon starts.
    journal: Option<&'a Journal>,
    running: Cell<bool>,
    /// What it left in the session before it failed.
    leaves: Option<PathBuf>,
    calls: RefCell<Vec<&'static str>>,
}

impl Lifecycle for Puppet<'_> {
    fn stop(&self) -> Result<bool, Error> {
        self.calls.borrow_mut().push("stop");
        Ok(self.running.replace(false))
    }

    fn start(&self) -> Result<Health, Error> {
        self.calls.borrow_mut().push("start");
        self.running.set(true);
        if let Some(journal) = self.journal {
            journal.record(Some("main"), "connect", &json!({}))?;
        }
        if let Some(path) = &self.leaves {
            std::fs::write(path, "left by the daemon").unwrap();
        }
        if self.healthy {
            Ok(Health::Healthy("READY".into()))
        } else {
            Err(Error::new(ErrorKind::Failed, "it did not become READY").hint("x"))
        }
    }
}

fn restore_with(home: &TestHome, puppet: &Puppet<'_>) -> restore::Restored {
    let restored = restore_as(home, Wanted::Data, puppet).unwrap();
    assert!(journal(home).open_entries("main").unwrap().is_empty());
    restored
}

fn restore_as(home: &TestHome, wanted: Wanted, daemon: &dyn Lifecycle) -> Result<restore::Restored, Error> {
    let (paths, journal) = (paths(home), journal(home));
    let archive = stores::latest(&home.path().join("backups"));
    let source = restore::Source::archive(archive.display().to_string(), || stores::input(&archive)).unwrap();
    let manifest = source.manifest();
    let current = restore::survey(&paths, HomeKind::Sandbox).unwrap();
    let ledger = Ledger::read(&journal, "main", &manifest.custody).unwrap();
    let judged = custody::judge(manifest, "main", &ledger, current.signal.as_ref());
    let plan = restore::plan(manifest, &judged, &current, wanted, true).unwrap();
    let request =
        restore::Request { source: &source, session: &paths, journal: &journal, lifecycle: daemon, start: true, sink: &Silent };
    restore::restore(&request, &plan, Confirmed::by_flag(true).unwrap())
}

#[test]
fn a_restore_that_was_taken_back_does_not_name_losses_that_nobody_had() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    simulated.peer_sends("bergamot", 2);
    simulated.until("both", || if simulated.found("bergamot") == 2 { Ok(()) } else { Err("not yet".into()) });
    assert_eq!(home.run(&["stop"]).code, 0);
    // An archive of a version that this wpp does not know: sound, and no daemon comes up on it.
    let (path, kept) = (home.session("main").join("wpp.db"), home.path().join("kept.db"));
    std::fs::copy(&path, &kept).unwrap();
    stores::open(&path).execute_batch("DELETE FROM messages; PRAGMA user_version = 99").unwrap();
    assert_eq!(home.run(&["backup"]).code, 0);
    std::fs::copy(&kept, &path).unwrap();
    assert!(home.run(&["restore", "latest", "--plan", "data", "--dry-run"]).stdout.contains("2 messages that were stored"));
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--yes"]);
    assert!(outcome.code == 4 && outcome.stdout.contains("NOT restored, the old files are back"), "{outcome:?}");
    assert!(outcome.stdout.contains("holds what it held before") && !outcome.stdout.contains("cannot come back"), "{outcome:?}");
    assert_eq!(home.run(&["start"]).code, 0);
    assert_eq!(simulated.found("bergamot"), 2);
}

/// A daemon that does one thing before it says how it is.
struct Act<F: Fn() -> Result<Health, Error>>(F);

impl<F: Fn() -> Result<Health, Error>> Lifecycle for Act<F> {
    fn stop(&self) -> Result<bool, Error> {
        Ok(false)
    }

    fn start(&self) -> Result<Health, Error> {
        self.0()
    }
}

#[test]
fn an_error_after_the_swap_says_where_the_files_are() {
    let home = moved_on();
    // What cannot be made back: a file lies where the restored one has to go.
    let obstacle = || {
        let stage = beside(&home, "stage").pop().unwrap();
        std::fs::write(stage.join("wpp.db"), "made by hand").unwrap();
        Err(Error::new(ErrorKind::Failed, "it did not become READY").hint("x"))
    };
    let error = restore_as(&home, Wanted::Data, &Act(obstacle)).unwrap_err();
    let old = beside(&home, "old").pop().unwrap();
    let said = error.hints().join("\n");
    assert!(said.contains(old.to_str().unwrap()) && said.contains("`wpp` command on session main goes on"), "{said}");
    std::fs::remove_file(beside(&home, "stage").pop().unwrap().join("wpp.db")).unwrap();
    next_command(&home, "after the obstacle was removed");
    assert_eq!(markers(&home.session("main")), ["live", "live"]);

    // The journal cannot be asked whether it connected.
    let home = moved_on();
    let blinded = || {
        garble(&home, "connect");
        Err(Error::new(ErrorKind::Failed, "it did not become READY").hint("x"))
    };
    let error = restore_as(&home, Wanted::Data, &Act(blinded)).unwrap_err();
    assert!(error.hints().join("\n").contains("the restored files are in place"), "{:?}", error.hints());
    assert_eq!(markers(&home.session("main")), ["live", "archived"]);
}

/// A row of the journal that cannot be read.
fn garble(home: &TestHome, verb: &str) {
    let journal = rusqlite::Connection::open(home.path().join("ops.db")).unwrap();
    let sql = "INSERT INTO entry (at_ms, session, verb, pid, user_id, version, state, data)
               VALUES ('torn', 'main', ?1, 1, 0, '', 'done', '{}')";
    journal.execute(sql, [verb]).unwrap();
}

#[test]
fn a_restore_is_done_though_nobody_can_see_whether_the_phone_was_woken() {
    let home = moved_on();
    let blinded = || {
        garble(&home, "wake");
        Ok(Health::Healthy("READY".into()))
    };
    let restored = restore_as(&home, Wanted::Rekey, &Act(blinded)).unwrap();
    assert!(restored.good && restored.woken == Some(false), "{restored:?}");
    let step = restored.steps.last().unwrap();
    assert!(step.title == "wake the own phone" && step.observed.contains("not seen"), "{step:?}");
    assert!(journal(&home).open_entries("main").unwrap().is_empty());
}

#[test]
fn a_restore_is_not_disturbed_by_a_file_that_is_named_like_an_old_copy() {
    let home = moved_on();
    std::fs::write(home.path().join("sessions/.main.old-note"), "by hand").unwrap();
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--yes", "--keep-daemon-stopped"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("set aside now") && !outcome.stdout.contains("cannot be listed"), "{outcome:?}");
    assert!(!outcome.stdout.contains("main.old-note"), "{outcome:?}");
    assert!(!outcome.stdout.contains("never deletes") && outcome.stdout.contains("unless you tell it to"), "{outcome:?}");
    assert!(format!("{outcome:?}").contains("wpp backup prune --set-aside --older-than 30d"), "{outcome:?}");
    assert_eq!(markers(&home.session("main")), ["live", "archived"]);
}

#[test]
fn the_doctor_tells_of_a_phone_that_is_still_to_be_woken() {
    let home = moved_on();
    let look = || home.json(&["doctor", "--only", "wpp.restore.wake-owed"]).1["findings"][0].clone();
    assert_eq!(look()["severity"], "ok");
    assert_eq!(home.run(&["restore", "latest", "--plan", "rekey", "--yes", "--keep-daemon-stopped"]).code, 0);
    let finding = look();
    assert_eq!(finding["severity"], "warning", "{finding}");
    assert!(finding["remedy"]["command"].as_str().unwrap().starts_with("wpp start"), "{finding}");
    let restore = journal(&home).latest("main", "restore").unwrap().unwrap();
    journal(&home).record(Some("main"), "wake", &json!({ "restore": restore.id })).unwrap();
    assert_eq!(look()["severity"], "ok");
}

#[test]
fn a_daemon_that_does_not_become_healthy_gets_its_old_files_back_unless_it_connected() {
    let home = moved_on();
    let puppet = |healthy| Puppet { healthy, journal: None, running: Cell::new(true), leaves: None, calls: RefCell::default() };

    // It failed, leaving a -wal of its own beside the restored file.
    let mut sick = puppet(false);
    sick.leaves = Some(home.session("main").join("wpp.db-wal"));
    let restored = restore_with(&home, &sick);
    assert!(!restored.good && restored.rolled_back && restored.old.is_none(), "{restored:?}");
    assert_eq!(*sick.calls.borrow(), ["stop", "start", "stop", "start"], "it ran before and runs again");
    std::fs::remove_file(home.session("main").join("wpp.db-shm")).ok();
    // The puppet's second start wrote over the -wal; the database below it is the old one.
    std::fs::remove_file(home.session("main").join("wpp.db-wal")).unwrap();
    assert!(beside(&home, "stage").is_empty() && beside(&home, "old").is_empty());

    let home = moved_on();
    let sick = puppet(false);
    sick.running.set(false);
    assert!(restore_with(&home, &sick).rolled_back);
    assert_eq!(*sick.calls.borrow(), ["stop", "start", "stop"], "it did not run before");
    assert_eq!(markers(&home.session("main")), ["live", "live"]);

    // It connected: what it received is in the new files alone.
    let journal = journal(&home);
    let connected = Puppet { journal: Some(&journal), ..puppet(false) };
    let restored = restore_with(&home, &connected);
    assert!(!restored.good && !restored.rolled_back && restored.old.is_some(), "{restored:?}");
    assert_eq!(markers(&home.session("main")), ["live", "archived"]);

    let home = moved_on();
    let restored = restore_with(&home, &puppet(true));
    assert!(restored.good && restored.old.is_some());
    assert_eq!(markers(&home.session("main")), ["live", "archived"]);
}

#[test]
fn a_start_between_the_plan_and_the_swap_breaks_custody_in_time() {
    /// Somebody connected while the operator thought about the question.
    struct Overtaken<'a>(&'a Journal);
    impl Lifecycle for Overtaken<'_> {
        fn stop(&self) -> Result<bool, Error> {
            self.0.record(Some("main"), "connect", &json!({}))?;
            Ok(false)
        }
        fn start(&self) -> Result<Health, Error> {
            Ok(Health::Healthy("READY".into()))
        }
    }
    let home = moved_on();
    let (paths, journal) = (paths(&home), journal(&home));
    let archive = stores::latest(&home.path().join("backups"));
    let source = restore::Source::archive(archive.display().to_string(), || stores::input(&archive)).unwrap();
    let manifest = source.manifest();
    let current = restore::survey(&paths, HomeKind::Sandbox).unwrap();
    let ledger = Ledger::read(&journal, "main", &manifest.custody).unwrap();
    let judged = custody::judge(manifest, "main", &ledger, current.signal.as_ref());
    let plan = restore::plan(manifest, &judged, &current, Wanted::Exact, false).unwrap();
    let request = restore::Request {
        source: &source,
        session: &paths,
        journal: &journal,
        lifecycle: &Overtaken(&journal),
        start: false,
        sink: &Silent,
    };
    let error = restore::restore(&request, &plan, Confirmed::by_flag(true).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", error.chain());
    assert_eq!(markers(&home.session("main")), ["live", "live"]);
    assert!(beside(&home, "stage").is_empty() && journal.open_entries("main").unwrap().is_empty());
}

/// Damages a database as a bad disk does: noise over its header and its middle.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    for (place, byte) in bytes.iter_mut().enumerate().filter(|(place, _)| place % 3 == 0) {
        *byte ^= u8::try_from(place % 251).unwrap() | 1;
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_real_session_gets_its_messages_back_and_goes_on_with_the_same_link() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    simulated.peer_sends("bergamot", 5);
    simulated.until("5 messages", || match simulated.found("bergamot") {
        5 => Ok(()),
        other => Err(other.to_string()),
    });
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, &report["data"]["level"], &report["data"]["whole"]), (0, &json!("quick"), &json!(true)), "{report}");
    assert_eq!(report["data"]["manifest"]["daemon"]["session_state"], "READY", "{report}");
    assert_eq!(report["data"]["manifest"]["signal"]["paired"], true, "{report}");
    simulated.kill_daemon();
    damage(&home.session("main").join("wpp.db"));

    // It was connected after the archive was made, as far as anybody can tell.
    assert_eq!(home.run(&["restore", "latest", "--plan", "exact", "--yes"]).code, 15);
    let outcome = home.run(&["restore", "latest", "--plan", "data", "--yes"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(simulated.state().0, "READY");
    assert_eq!(simulated.found("bergamot"), 5);
    assert_eq!(home.run(&["send", PEER, "after the restore", "--wait", "10"]).code, 0);
    simulated.until("the peer reading it", || {
        let texts = simulated.peer_texts();
        if texts.iter().any(|text| text == "after the restore") { Ok(()) } else { Err(format!("{texts:?}")) }
    });
    simulated.peer_sends("verbena", 1);
    simulated.until("the answer", || if simulated.found("verbena") == 1 { Ok(()) } else { Err("none".into()) });

    // Stopped, copied, put back with no traffic between: exact, Signal state included.
    assert_eq!(home.run(&["stop"]).code, 0);
    assert_eq!(home.run(&["backup"]).code, 0);
    // Without a store to compare with there is the journal's word alone, which may be an old copy's.
    let (store, aside) = (home.session("main").join("session.db"), home.path().join("aside.db"));
    std::fs::rename(&store, &aside).unwrap();
    let outcome = home.run(&["restore", "latest", "--dry-run"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("would restore rekey"), "{outcome:?}");
    assert_eq!(home.run(&["restore", "latest", "--plan", "exact", "--yes"]).code, 15);
    std::fs::rename(&aside, &store).unwrap();
    damage(&home.session("main").join("wpp.db"));
    let (code, report) = home.json(&["restore", "latest", "--yes"]);
    assert_eq!((code, &report["data"]["plan"]["kind"]), (0, &json!("exact")), "{report}");
    assert_eq!(simulated.state().0, "READY");
    // That a whole backup came back and was let in by the server is the proof that the doctor asks for.
    let proven = home.json(&["doctor", "--only", "wpp.backup.restore-unproven"]).1["findings"][0].clone();
    assert!(proven["severity"] == "ok" && proven["summary"].as_str().unwrap().contains("came back to life"), "{proven}");
    assert_eq!((simulated.found("bergamot"), simulated.found("verbena")), (5, 1));
    assert_eq!(home.run(&["send", PEER, "after the second restore", "--wait", "10"]).code, 0);
    simulated.until("the peer reading it", || {
        let texts = simulated.peer_texts();
        if texts.iter().any(|text| text == "after the second restore") { Ok(()) } else { Err(format!("{texts:?}")) }
    });
    simulated.peer_sends("juniper", 3);
    simulated.until("three more", || match simulated.found("juniper") {
        3 => Ok(()),
        other => Err(other.to_string()),
    });
    // From here on the same archive is old.
    let outcome = home.run(&["restore", "latest", "--plan", "exact", "--yes"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("--plan data"), "{outcome:?}");
    assert_eq!(simulated.found("juniper"), 3);
}

#[test]
fn a_file_that_somebody_made_in_the_gap_is_not_overwritten() {
    let case = &CASES[1];
    let template = (case.make)();
    let home = (1..=case.operations(&template))
        .map(|number| {
            let home = stores::copy(&template);
            home.command(case.arguments).env("WPP_DISK_FAULT", format!("kill@{number}")).output().unwrap();
            home
        })
        .find(|home| !home.session("main").join("wpp.db").exists())
        .expect("a kill between the two renames");
    let made = home.session("main").join("wpp.db");
    std::fs::write(&made, "made by hand").unwrap();
    for arguments in [&["status"][..], &["start"], &["backup"], case.arguments] {
        let outcome = home.run(arguments);
        assert!(outcome.code == 15 && outcome.stderr.contains("both there"), "{arguments:?}: {outcome:?}");
    }
    assert_eq!(std::fs::read_to_string(&made).unwrap(), "made by hand");
    std::fs::remove_file(&made).unwrap();
    next_command(&home, "after it was moved away");
    assert!(!case.assert_whole(&home, "after it was moved away"));
}

#[test]
fn a_server_that_cannot_be_reached_is_no_reason_to_take_a_restore_back() {
    let mut simulated = Simulated::with_settings("[daemon]\nstart_timeout_ms = 10000\n");
    assert_eq!(simulated.link().code, 0);
    assert_eq!(simulated.home.run(&["backup"]).code, 0);
    simulated.kill_daemon();
    simulated.stop_simulator();
    let wpp = simulated.home.session("main").join("wpp.db");
    damage(&wpp);
    let (code, report) = simulated.home.json(&["restore", "latest", "--plan", "data", "--yes"]);
    assert_eq!((code, &report["data"]["rolled_back"], &report["verdict"]), (5, &json!(false), &json!("unknown")), "{report}");
    simulated.start_simulator();
    simulated.until("READY", || match simulated.state().0.as_str() {
        "READY" => Ok(()),
        other => Err(other.to_owned()),
    });
}

#[test]
fn a_pause_outlives_a_restore_and_another_sessions_outbox_is_not_sent() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["outbound", "pause"]).code, 0);
    assert_eq!(home.run(&["send", PEER, "waits", "--id", "one", "--wait", "1"]).code, 5);
    assert_eq!(home.run(&["backup"]).code, 0);
    let archive = stores::latest(&home.path().join("backups"));
    let archive = archive.to_str().unwrap();
    let into = |more: &[&str]| -> Vec<String> {
        ["restore", archive, "--plan", "data", "--yes", "--session", "other"]
            .iter()
            .chain(more)
            .map(|&word| word.to_owned())
            .collect()
    };
    let words = into(&["--dry-run"]);
    let outcome = home.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(outcome.stdout.contains("is not sent from here"), "{outcome:?}");
    let words = into(&["--keep-daemon-stopped"]);
    let (code, report) = home.json(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((code, &report["data"]["adopted"]), (0, &json!({ "paused": false, "rejected": 1 })), "{report}");
    let listed = home.run(&["outbound", "list", "--session", "other"]);
    assert!(listed.stdout.contains("session main") && listed.stdout.contains("rejected"), "{listed:?}");
    // It never was linked: it starts, and the doctor does not miss a link.
    let (_, doctor) = home.json(&["doctor", "--session", "other"]);
    assert!(!doctor.to_string().contains("was linked to a phone"), "{doctor}");
    let outcome = home.run(&["start", "--session", "other"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let (_, doctor) = home.json(&["doctor", "--session", "other"]);
    assert!(!doctor.to_string().contains("was linked to a phone"), "{doctor}");
    assert_eq!(home.run(&["stop", "--session", "other"]).code, 0);

    // The session's own outbox comes back as it was, and what is paused now stays so.
    assert_eq!(home.run(&["outbound", "resume"]).code, 0);
    simulated.until("the message", || if simulated.peer_texts() == ["waits"] { Ok(()) } else { Err("none".into()) });
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(home.run(&["backup"]).code, 0);
    assert_eq!(home.run(&["outbound", "pause"]).code, 0);
    // Killed, so that the pause may lie in the log alone.
    simulated.kill_daemon();
    let (code, report) = home.json(&["restore", "latest", "--plan", "data", "--yes"]);
    assert_eq!((code, &report["data"]["adopted"]), (0, &json!({ "paused": true, "rejected": 0 })), "{report}");
    assert!(report["sections"].to_string().contains("sending was paused before"), "{report}");
    assert_eq!(home.json(&["status"]).1["data"]["outbound_paused"], true);
}
