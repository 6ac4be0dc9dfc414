//! `wpp backup prune`, and what a backup prunes by itself: only what may go, whole at any moment.

use std::path::{Path, PathBuf};

use serde_json::Value;
use wpp::archive::destination::Destination;
use wpp::archive::retention::Rules;
use wpp::archive::seal::Identities;
use wpp::clock::TimeZone;
use wpp::confirm::Confirmed;
use wpp::error::ErrorKind;
use wpp::home::Home;
use wpp::journal::Journal;
use wpp::prune::{self, Request};

use crate::harness::TestHome;
use crate::objects::{Fault, S3Server};
use crate::stores;

/// Names of the files in the home's backup folder, the oldest first.
fn archives(home: &TestHome) -> Vec<String> {
    let folder = std::fs::read_dir(home.path().join("backups")).unwrap().map(Result::unwrap);
    // By the time: a name that was freed within its second is given again.
    let mut files: Vec<_> =
        folder.map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.file_name().into_string().unwrap())).collect();
    files.sort();
    files.into_iter().map(|(_, name)| name).collect()
}

fn backed_up(count: usize) -> TestHome {
    let home = stores::home("kept");
    for _ in 0..count {
        let (code, report) = home.json(&["backup", "--no-prune"]);
        assert_eq!(code, 0, "{report}");
        assert!(report["data"]["pruned"].is_null(), "{report}");
    }
    assert_eq!(archives(&home).len(), count);
    home
}

fn set(home: &TestHome, text: &str) {
    std::fs::write(home.path().join("config.toml"), format!("[backup]\n{text}")).unwrap();
}

fn removed(report: &Value) -> Vec<String> {
    report["removed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn by_hand_it_shows_a_reason_for_each_archive_asks_and_removes_what_no_rule_keeps() {
    let home = backed_up(5);
    let before = archives(&home);
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "2", "--dry-run"]);
    assert_eq!((code, archives(&home)), (0, before.clone()), "{report}");
    let decisions = report["data"]["archives"].as_array().unwrap();
    let keep: Vec<bool> = decisions.iter().map(|decision| decision["keep"].as_bool().unwrap()).collect();
    assert_eq!(keep, [false, false, false, true, true]);
    assert_eq!(decisions[0]["reasons"], serde_json::json!(["no rule keeps it"]));
    assert_eq!(decisions[4]["reasons"], serde_json::json!(["the newest", "the newest verified at level quick", "last"]));
    assert!(report["data"]["time_zone"].as_str().is_some_and(|zone| !zone.is_empty()));
    let shown = home.command(&["backup", "prune", "--keep-daily", "1", "--dry-run"]).env("TZ", "UTC").output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("1 daily") && shown.contains("UTC") && shown.contains("remove  no rule keeps it"), "{shown}");

    let outcome = home.run(&["backup", "prune", "--keep-last", "2"]);
    assert!(outcome.code == 20 && outcome.stderr.contains("Remove 3 archives"), "{outcome:?}");
    assert_eq!(archives(&home), before);

    let (code, report) = home.json(&["backup", "prune", "--keep-last", "2", "--yes"]);
    assert_eq!((code, removed(&report["data"])), (0, before[..3].to_vec()), "{report}");
    assert_eq!(archives(&home), before[3..]);
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let entries = journal.after("main", 0).unwrap();
    let pruned: Vec<&str> = entries.iter().filter(|entry| entry.verb == "prune").map(|entry| entry.state.as_str()).collect();
    assert_eq!(pruned, ["finished"; 3]);
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "2", "--yes"]);
    assert_eq!((code, removed(&report["data"]).len()), (0, 0), "{report}");
    // No rule, nothing goes.
    let outcome = home.run(&["backup", "prune", "--yes"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("no rule is set"), "{outcome:?}");
    assert_eq!(archives(&home).len(), 2);
    for wrong in [["--keep-within", "fortnight"], ["--keep-last", "-1"], ["--older-than", "30d"]] {
        assert_eq!(home.run(&["backup", "prune", wrong[0], wrong[1]]).code, 2);
    }
    assert_eq!(home.run(&["backup", "prune", "--set-aside"]).code, 2);
    let fresh = TestHome::live();
    assert_eq!(fresh.run(&["backup", "prune", "--keep-last", "1", "--yes"]).code, 0);
    assert!(std::fs::read_dir(fresh.path()).unwrap().next().is_none(), "a look made something");
    assert_eq!(home.run(&["backup", "prune", "/nowhere/at/all"]).code, 2);
}

#[test]
fn with_rules_a_backup_prunes_only_after_its_archive_was_verified_whole() {
    let home = backed_up(3);
    set(&home, "keep_last = 2\n");
    let before = archives(&home);
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, removed(&report["data"]["pruned"])), (0, before[..2].to_vec()), "{report}");
    assert_eq!(report["data"]["pruned"]["kept"], 2);
    assert_eq!(home.json(&["backup", "--no-prune"]).0, 0);
    assert_eq!(archives(&home).len(), 3);
    // Quiet means quiet, pruning or not.
    let outcome = home.run(&["backup", "--quiet"]);
    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", ""), "{outcome:?}");
    assert_eq!(archives(&home).len(), 2);

    // An archive that holds half of the session is no reason to remove one that holds all of it.
    let before = archives(&home);
    let messages = home.session("main").join("wpp.db");
    let saved = std::fs::read(&messages).unwrap();
    std::fs::remove_file(&messages).unwrap();
    for _ in 0..3 {
        let (code, report) = home.json(&["backup"]);
        assert_eq!((code, removed(&report["data"]["pruned"]).len()), (4, 0), "{report}");
    }
    assert_eq!(archives(&home)[..2], before);
    assert_eq!(archives(&home).len(), 5);
    std::fs::write(&messages, saved).unwrap();
    let (code, report) = home.json(&["backup"]);
    assert_eq!(code, 0, "{report}");
    let left = archives(&home);
    assert!(left.contains(&before[1]) && !left.contains(&before[0]), "{left:?}");

    // One that could not be written takes nothing along.
    let before = archives(&home);
    let outcome = home.command(&["backup"]).env("WPP_DISK_FAULT", "full@8").output().unwrap();
    assert!(!outcome.status.success(), "{outcome:?}");
    assert_eq!(archives(&home), before);
}

#[test]
fn what_is_not_ours_or_not_verified_or_not_readable_stays() {
    let home = backed_up(3);
    let folder = home.path().join("backups");
    stores::make(&home.session("sales"), "other");
    for _ in 0..2 {
        assert_eq!(home.run(&["backup", "--session", "sales"]).code, 0);
    }
    std::fs::write(folder.join("junk.wpp.tar.gz"), "junk").unwrap();
    let before = archives(&home);
    // Another home has verified none of them.
    std::fs::rename(home.path().join("ops.db"), home.path().join("ops.away")).unwrap();
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"]).len()), (0, 0), "{report}");
    std::fs::rename(home.path().join("ops.away"), home.path().join("ops.db")).unwrap();
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"]).len()), (0, 2), "{report}");
    let left = archives(&home);
    assert_eq!(left.len(), before.len() - 2);
    assert!(left.contains(&"junk.wpp.tar.gz".to_owned()));
    assert_eq!(left.iter().filter(|name| name.starts_with("sales-")).count(), 2);
    let shown = home.run(&["backup", "prune", "--keep-last", "1", "--dry-run"]).stdout;
    assert!(shown.contains("cannot be read, so it is never removed"), "{shown}");
}

#[test]
fn an_archive_that_rotted_in_place_stays_and_is_no_reason_to_remove_a_good_one() {
    for rotten in [0, 2] {
        let home = backed_up(3);
        let all = archives(&home);
        stores::rot(&home.path().join("backups").join(&all[rotten]), -3);
        let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
        // The newest that can be read stays beside the one that cannot.
        let expected: Vec<String> = all.iter().take(2).filter(|name| **name != all[rotten]).take(1).cloned().collect();
        assert_eq!((code, removed(&report["data"])), (0, expected), "{report}");
        let decisions = report["data"]["archives"].as_array().unwrap();
        let judged = decisions.iter().find(|decision| decision["name"] == all[rotten].as_str()).unwrap();
        assert!(judged["keep"] == true && judged["error"].is_string() && judged["id"].is_null(), "{report}");
    }
}

#[test]
fn a_newest_archive_whose_bytes_rotted_takes_no_older_one_along() {
    for recipient in [None, Some(NOBODY)] {
        let home = stores::home("kept");
        for _ in 0..3 {
            let mut arguments = vec!["backup"];
            arguments.extend(recipient.iter().flat_map(|recipient| ["--recipient", recipient]));
            assert_eq!(home.run(&arguments).code, 0);
        }
        let all = archives(&home);
        let newest = home.path().join("backups").join(&all[2]);
        let good = copy_with_times(&home);
        // In the middle, where no look at the ends sees it.
        let size = std::fs::metadata(&newest).unwrap().len();
        stores::rot(&newest, i64::try_from(size / 2).unwrap());
        let prune = ["backup", "prune", "--keep-last", "1", "--yes"];
        let outcome = home.run(&prune);
        assert!(outcome.code == 12 && outcome.stderr.contains(&all[2]), "{recipient:?}: {outcome:?}");
        assert_eq!(archives(&home), all, "{recipient:?}");
        put_back(&good.path().join("backups").join(&all[2]), &newest);
        let (code, report) = home.json(&prune);
        assert_eq!((code, removed(&report["data"])), (0, all[..2].to_vec()), "{report}");
    }
}

#[test]
fn links_and_copies_in_the_folder_cost_no_archive_and_odd_things_are_in_nobodys_way() {
    let home = backed_up(3);
    let folder = home.path().join("backups");
    let all = archives(&home);
    std::os::unix::fs::symlink(&all[2], folder.join("newest.wpp.tar.gz")).unwrap();
    std::os::unix::fs::symlink("loop.wpp.tar.gz", folder.join("loop.wpp.tar.gz")).unwrap();
    std::os::unix::fs::symlink("loop", folder.join("loop")).unwrap();
    std::os::unix::fs::symlink("x", folder.join(".wpp-scratch-x.lock")).unwrap();
    let mine = folder.join("main-20261121T031500Z-mine.txt.partial");
    std::fs::write(&mine, "mine").unwrap();
    let (code, report) = home.json(&["backup", "list"]);
    assert_eq!((code, report["data"]["archives"].as_array().unwrap().len()), (0, 3), "{report}");
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"])), (0, all[..2].to_vec()), "{report}");
    // Named by hand, a link is what it leads to.
    let link = folder.join("newest.wpp.tar.gz");
    assert_eq!(home.run(&["backup", "verify", link.to_str().unwrap()]).code, 0);
    assert_eq!(home.run(&["backup"]).code, 0);
    assert!(mine.exists());

    // Somebody's copies of the newest fill no rule, and stay.
    let all: Vec<String> = archives(&home).into_iter().filter(|name| name.starts_with("main-") && name.ends_with("gz")).collect();
    let newest = all.iter().max().unwrap();
    for copy in ["mine.wpp.tar.gz", "mine2.wpp.tar.gz"] {
        put_back(&folder.join(newest), &folder.join(copy));
    }
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "2", "--yes"]);
    assert_eq!((code, removed(&report["data"]).len()), (0, 0), "{report}");
    assert!(all.iter().all(|name| folder.join(name).exists()));
}

#[test]
fn nothing_goes_when_a_file_is_not_the_one_that_was_judged() {
    let home = backed_up(3);
    let opened = Home::open(home.path()).unwrap();
    let (session, folder) = (opened.session("main"), home.path().join("backups"));
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    let (rules, zone) = (Rules { last: 1, ..Rules::default() }, TimeZone::UTC);
    let (destination, identities) = (Destination::Folder(folder.clone()), Identities::default());
    let request = Request {
        destination: &destination,
        identities: &identities,
        session: &session,
        journal: &journal,
        rules: &rules,
        zone: &zone,
    };
    let confirmed = || Confirmed::by_flag(true).unwrap();
    let names = archives(&home);
    let replaced = |name: &String, text: Option<&str>| {
        let survey = prune::survey(&request).unwrap();
        assert_eq!(survey.plan.removals().len(), 2);
        let copy = copy_with_times(&home);
        match text {
            Some(text) => std::fs::write(folder.join(name), text).unwrap(),
            None => std::fs::remove_file(folder.join(name)).unwrap(),
        }
        let result = prune::apply(&request, &survey, None, confirmed());
        for name in &names {
            put_back(&copy.path().join("backups").join(name), &folder.join(name));
        }
        result
    };
    // The newest is what the others' removal rests on.
    for text in [Some("something else"), None] {
        let error = replaced(&names[2], text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Archive, "{error}");
    }
    // What was to go and is not what it was stays.
    let pruned = replaced(&names[0], Some("something else")).unwrap();
    assert_eq!((pruned.removed, pruned.spared), (vec![names[1].clone()], vec![names[0].clone()]));
    // A backup that came in between is no hindrance; a running one is.
    let survey = prune::survey(&request).unwrap();
    let lock = wpp::backup::lock(&session, "backup").unwrap();
    assert_eq!(prune::apply(&request, &survey, None, confirmed()).unwrap_err().kind(), ErrorKind::Locked);
    let outcome = home.run(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert!(outcome.code == 11 && outcome.stderr.contains("(backup) since"), "{outcome:?}");
    drop(lock);
    assert_eq!(home.run(&["backup"]).code, 0);
    assert_eq!(prune::apply(&request, &survey, None, confirmed()).unwrap().removed, names[..2]);
}

#[test]
fn a_prune_that_fails_or_is_killed_at_any_disk_operation_leaves_the_set_whole_and_the_next_one_finishes() {
    let template = backed_up(4);
    let all = archives(&template);
    let arguments = ["backup", "prune", "--keep-last", "2", "--yes"];
    let counted = {
        let home = copy_with_times(&template);
        let (_, report) = home.json(&arguments);
        assert_eq!(removed(&report["data"]), all[..2], "{report}");
        report["metrics"][0]["value"].as_f64().unwrap() as u64
    };
    assert!(counted >= 8, "{counted}");
    for act in ["kill", "fail", "full"] {
        for number in 1..=counted {
            let label = format!("{act}@{number}");
            let home = copy_with_times(&template);
            let outcome = home.command(&arguments).env("WPP_DISK_FAULT", &label).output().unwrap();
            if act != "kill" {
                assert!(!outcome.status.success(), "{label} changed nothing");
                assert!(String::from_utf8_lossy(&outcome.stderr).contains("next:"), "{label}: {outcome:?}");
            }
            let left = archives(&home);
            // Oldest first, and never what must stay.
            assert!(all.ends_with(&left) && left.len() >= 2, "{label}: {left:?}");
            let (code, report) = home.json(&arguments);
            assert_eq!(code, 0, "{label}: {report}");
            assert_eq!(archives(&home), all[2..], "{label}");
            let journal = Journal::open(&home.path().join("ops.db")).unwrap();
            assert!(journal.open_entries("main").unwrap().is_empty(), "{label}");
            for name in archives(&home) {
                assert_eq!(home.run(&["backup", "verify", &name, "--level", "hash"]).code, 0, "{label}: {name}");
            }
        }
    }
}

#[test]
fn a_backup_that_prunes_fails_or_is_killed_at_any_disk_operation_and_a_verified_archive_is_always_there() {
    let template = backed_up(2);
    // Names that are taken within this second would be tried again, or not, from run to run.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    set(&template, "keep_last = 1\n");
    let old = archives(&template);
    let (counted, without) = {
        let counted = |arguments: &[&str]| {
            let home = copy_with_times(&template);
            let (_, report) = home.json(arguments);
            let metrics = report["metrics"].as_array().unwrap();
            metrics.iter().find(|metric| metric["name"] == "disk_operations").unwrap()["value"].as_f64().unwrap() as u64
        };
        (counted(&["backup"]), counted(&["backup", "--no-prune"]))
    };
    assert!(counted > without + 6, "{counted}, {without}");
    for act in ["kill", "fail"] {
        for number in 1..=counted {
            let label = format!("{act}@{number}");
            let home = copy_with_times(&template);
            let output = home.command(&["backup", "--format", "json"]).env("WPP_DISK_FAULT", &label).output().unwrap();
            assert!(!output.status.success(), "{label} changed nothing");
            let left: Vec<String> = archives(&home).into_iter().filter(|name| name.ends_with(".wpp.tar.gz")).collect();
            assert!(!left.is_empty(), "{label}");
            for name in &left {
                assert_eq!(home.run(&["backup", "verify", name]).code, 0, "{label}: {name}");
            }
            let new = left.iter().any(|name| !old.contains(name));
            assert!(new || left == old, "{label}: {left:?}");
            if act == "fail" && number > without {
                // The archive is made, and said to be; only what is old could not go.
                let report: Value =
                    serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').rev().nth(1).unwrap()).unwrap();
                assert!(report["data"]["prune_error"].is_string() && report["data"]["level"] == "quick", "{label}: {report}");
            }
            let (code, report) = home.json(&["backup"]);
            assert_eq!((code, archives(&home).len()), (0, 1), "{label}: {report}");
        }
    }
}

/// Another home with the same files, whose archives still are the very files that were verified.
fn copy_with_times(home: &TestHome) -> TestHome {
    let copy = stores::copy(home);
    for entry in std::fs::read_dir(home.path().join("backups")).unwrap().map(Result::unwrap) {
        let modified = entry.metadata().unwrap().modified().unwrap();
        let other = copy.path().join("backups").join(entry.file_name());
        std::fs::File::options().write(true).open(other).unwrap().set_modified(modified).unwrap();
    }
    copy
}

fn put_back(from: &Path, to: &Path) {
    std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
    let modified = std::fs::metadata(from).unwrap().modified().unwrap();
    std::fs::File::options().write(true).open(to).unwrap().set_modified(modified).unwrap();
}

#[test]
fn old_copies_go_when_they_are_asked_to_and_the_newest_of_each_kind_stays() {
    let home = stores::home("aside");
    let sessions = home.path().join("sessions");
    let make = |name: &str| -> PathBuf {
        let path = sessions.join(name);
        std::fs::create_dir_all(path.join("deeper")).unwrap();
        std::fs::write(path.join("session.db"), "secret").unwrap();
        path
    };
    let old = [make(".main.old-20200101T000000Z-1a2b3c4d"), make(".main.logged-out-20200101T000000Z")];
    let newest = [make(".main.old-20200102T000000Z-1a2b3c4d"), make(".main.logged-out-20200102T000000Z")];
    let others = make(".sales.old-20190101T000000Z-1a2b3c4d");
    let arguments = ["backup", "prune", "--set-aside", "--older-than", "30d"];
    let (code, report) = home.json(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!((code, report["data"]["copies"].as_array().unwrap().len()), (0, 4), "{report}");
    assert_eq!(home.run(&arguments).code, 20);
    assert!(old.iter().all(|path| path.exists()));
    let left = |home: &TestHome| -> Vec<String> {
        let entries = std::fs::read_dir(home.path().join("sessions")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let expected: Vec<String> = [&newest[1], &newest[0], &others, &home.session("main")]
        .iter()
        .map(|path| Path::file_name(path).unwrap().to_str().unwrap().to_owned())
        .collect();
    let yes = [&arguments[..], &["--yes"]].concat();
    let counted = {
        let home = stores::copy(&home);
        let (code, report) = home.json(&yes);
        assert_eq!((code, left(&home)), (0, expected.clone()), "{report}");
        report["metrics"][0]["value"].as_f64().unwrap() as u64
    };
    for act in ["kill", "fail"] {
        for number in 1..=counted {
            let home = stores::copy(&home);
            let label = format!("{act}@{number}");
            home.command(&yes).env("WPP_DISK_FAULT", &label).output().unwrap();
            // What still has its name is whole.
            for name in left(&home).iter().filter(|name| name.starts_with(".main.old") || name.starts_with(".main.logged")) {
                assert!(home.path().join("sessions").join(name).join("session.db").exists(), "{label}: {name}");
            }
            let (code, report) = home.json(&yes);
            assert_eq!((code, left(&home)), (0, expected.clone()), "{label}: {report}");
        }
    }
}

/// A recipient whose secret key nobody has.
const NOBODY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

#[test]
fn archives_that_this_host_cannot_read_go_by_what_its_journal_knows_of_them() {
    let home = stores::home("sealed");
    for _ in 0..4 {
        assert_eq!(home.json(&["backup", "--recipient", NOBODY]).0, 0);
    }
    let folder = home.path().join("backups");
    let all = archives(&home);
    // A copy is not the file that was read back, and nothing is known about it.
    let copy = "main-20200101T000000Z.wpp.tar.gz.age";
    std::fs::copy(folder.join(&all[0]), folder.join(copy)).unwrap();
    let shown = home.run(&["backup", "prune", "--keep-last", "2", "--dry-run"]).stdout;
    assert!(shown.contains("the newest read back") && shown.contains("cannot be read, so it is never removed"), "{shown}");
    set(&home, &format!("keep_last = 2\nrecipients = [\"{NOBODY}\"]\n"));
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, removed(&report["data"]["pruned"])), (0, all[..3].to_vec()), "{report}");
    assert_eq!(report["data"]["level"], Value::Null);
    assert!(folder.join(copy).exists());
    // Verified plain ones and those that were only read back count alike, and the best stays.
    set(&home, "keep_last = 1\n");
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, removed(&report["data"]["pruned"]).len()), (0, 2), "{report}");
    let outcome = home.run(&["backup", "--recipient", NOBODY]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(archives(&home).len(), 3, "the verified one, the newest, and the copy");
}

#[test]
fn archives_in_a_store_are_pruned_like_those_in_a_folder() {
    let server = S3Server::start();
    let home = stores::home("far");
    let keys = server.keys(home.path());
    let settings = |rules: &str| {
        set(
            &home,
            &format!(
                "destination = \"s3://archives/far\"\n{rules}\n[backup.s3]\nendpoint = {:?}\ncredentials_file = {:?}\nretry_ms = 2000\n",
                server.endpoint(),
                keys.to_str().unwrap()
            ),
        );
    };
    settings("");
    for _ in 0..4 {
        assert_eq!(home.json(&["backup"]).0, 0);
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    let all = server.objects("far");
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "2", "--dry-run"]);
    assert_eq!((code, server.objects("far")), (0, all.clone()), "{report}");
    // A store that refuses leaves the set as it is, and the next one finishes.
    server.order("DELETE", "main-", 100, Fault::Answer(403));
    let outcome = home.run(&["backup", "prune", "--keep-last", "2", "--yes"]);
    assert!(outcome.code != 0 && outcome.stderr.contains("nothing was removed"), "{outcome:?}");
    assert_eq!(server.objects("far"), all);
    server.heal();
    let (code, report) = home.json(&["backup", "prune", "s3://archives/far", "--keep-last", "2", "--yes"]);
    assert_eq!((code, removed(&report["data"])), (0, all[..2].to_vec()), "{report}");
    assert_eq!(server.objects("far"), all[2..]);
    settings("keep_last = 1");
    let (code, report) = home.json(&["backup"]);
    assert_eq!((code, removed(&report["data"]["pruned"])), (0, all[2..].to_vec()), "{report}");
    assert_eq!(server.objects("far").len(), 1);
    let journal = Journal::open(&home.path().join("ops.db")).unwrap();
    assert!(journal.open_entries("main").unwrap().is_empty());
}

/// A session with a store that is large enough for increments to be worth while.
fn with_chains(recipient: Option<&str>) -> TestHome {
    let home = stores::home("chains");
    let change = |text: &str| {
        let connection = stores::open(&home.session("main").join("wpp.db"));
        connection.execute("UPDATE marker SET text = ?1", [text]).unwrap();
    };
    {
        let connection = stores::open(&home.session("main").join("wpp.db"));
        connection.execute_batch("CREATE TABLE ballast (data BLOB)").unwrap();
        for _ in 0..40 {
            connection.execute("INSERT INTO ballast VALUES (randomblob(20000))", []).unwrap();
        }
    }
    // A full archive, two increments, and all of that once more.
    set(&home, "chain_max = 2\n");
    for number in 0..6 {
        change(&format!("state {number}"));
        let mut arguments = vec!["backup", "--incremental"];
        arguments.extend(recipient.iter().flat_map(|recipient| ["--recipient", recipient]));
        let (code, report) = home.json(&arguments);
        assert_eq!(code, 0, "{report}");
        assert_eq!(report["data"]["manifest"]["chain"].is_object(), number % 3 > 0, "{report}");
    }
    home
}

#[test]
fn a_chain_goes_from_its_top_and_nothing_that_is_kept_loses_what_it_builds_on() {
    let template = with_chains(None);
    let all = archives(&template);
    let arguments = ["backup", "prune", "--keep-last", "2", "--yes"];
    let counted = {
        let home = copy_with_times(&template);
        let (code, report) = home.json(&arguments);
        assert_eq!(code, 0, "{report}");
        // The newest two are increments, and their full archive stays for them.
        assert_eq!(removed(&report["data"]), [all[2].clone(), all[1].clone(), all[0].clone()], "{report}");
        assert_eq!(archives(&home), all[3..]);
        let kept: Vec<String> =
            report["data"]["archives"].as_array().unwrap().iter().map(|decision| decision["reasons"].to_string()).collect();
        assert!(kept[3].contains("builds on it"), "{kept:?}");
        for name in &all[3..] {
            assert_eq!(home.run(&["backup", "verify", name]).code, 0, "{name}");
        }
        report["metrics"][0]["value"].as_f64().unwrap() as u64
    };
    for number in 1..=counted {
        let label = format!("kill@{number}");
        let home = copy_with_times(&template);
        assert!(!home.command(&arguments).env("WPP_DISK_FAULT", &label).output().unwrap().status.success(), "{label}");
        let (code, report) = home.json(&["backup", "list"]);
        assert_eq!(code, 0, "{label}: {report}");
        let broken: Vec<&Value> =
            report["data"]["archives"].as_array().unwrap().iter().filter(|archive| archive["broken"].is_string()).collect();
        assert!(broken.is_empty(), "{label}: {broken:?}");
        assert_eq!(home.json(&arguments).0, 0, "{label}");
        assert_eq!(archives(&home), all[3..], "{label}");
    }
}

#[test]
fn an_increment_that_cannot_be_read_holds_back_all_that_it_may_build_on() {
    let home = with_chains(None);
    let folder = home.path().join("backups");
    let all = archives(&home);
    // The last link of the older chain is damaged at its end, so that nobody can tell what it needs.
    let bytes = std::fs::read(folder.join(&all[2])).unwrap();
    std::fs::write(folder.join(&all[2]), &bytes[..bytes.len() - 30]).unwrap();
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"]).len()), (0, 0), "{report}");
    let shown = home.run(&["backup", "prune", "--keep-last", "1", "--dry-run"]).stdout;
    assert!(shown.contains(&format!("{} may build on it, and cannot be read", all[2])), "{shown}");
    // Renamed, it says even less.
    std::fs::rename(folder.join(&all[2]), folder.join("mine.wpp-incr.tar.gz")).unwrap();
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"]).len()), (0, 0), "{report}");
    // Once it is out of the way, what is left of its chain goes.
    std::fs::remove_file(folder.join("mine.wpp-incr.tar.gz")).unwrap();
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"])), (0, vec![all[1].clone(), all[0].clone()]), "{report}");
}

#[test]
fn a_chain_whose_key_is_not_here_is_kept_together_by_what_the_journal_knows() {
    let home = with_chains(Some(NOBODY));
    let all = archives(&home);
    let folder = home.path().join("backups");
    for mine in ["mine.wpp-incr.tar.gz.age", "mine.wpp.tar.gz.age"] {
        std::fs::rename(folder.join(&all[2]), folder.join(mine)).unwrap();
        let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
        assert_eq!((code, removed(&report["data"]).len()), (0, 0), "{mine}: {report}");
        std::fs::rename(folder.join(mine), folder.join(&all[2])).unwrap();
    }
    assert!(all.iter().all(|name| name.ends_with(".age")), "{all:?}");
    let (code, report) = home.json(&["backup", "prune", "--keep-last", "1", "--yes"]);
    assert_eq!((code, removed(&report["data"])), (0, vec![all[2].clone(), all[1].clone(), all[0].clone()]), "{report}");
    let decisions = report["data"]["archives"].as_array().unwrap();
    assert!(
        decisions[3]["reasons"].to_string().contains("builds on it") && decisions[5]["parent"] == decisions[4]["id"],
        "{report}"
    );
}
