//! Archives as an operator sees them: what `wpp backup list` says of each, and which one is the latest.

use std::path::Path;

use serde_json::Value;
use wpp::error::ErrorKind;

use crate::harness::TestHome;
use crate::objects::{Fault, S3Server};
use crate::stores;

/// A pair of keys that seals nothing but what these tests make.
const PUBLIC: &str = "age13s957yqll7yf2hx4lp60tf7fcnqp3swx96uwkdd4r6hhm865rq2qyyv2fz";
const SECRET: &str = "AGE-SECRET-KEY-17GH2SPDK764ULX55VNNMN29X9KLDRD5ZAT3F5006RAFP68L6XJEQ0USHLT";

fn listed(home: &TestHome) -> Value {
    let (code, report) = home.json(&["backup", "list"]);
    assert_eq!(code, 0, "{report}");
    report["data"]["archives"].clone()
}

#[test]
fn what_a_check_with_the_key_found_is_listed_without_it() {
    let home = stores::home("sealed");
    let vault = tempfile::tempdir().unwrap();
    let key = vault.path().join("key.txt");
    std::fs::write(&key, format!("{SECRET}\n")).unwrap();
    wpp::disk::set_mode(&key, 0o600).unwrap();
    let key = key.to_str().unwrap();
    let mut paths = Vec::new();
    for arguments in [&["backup", "--recipient", PUBLIC][..], &["backup", "--recipient", PUBLIC, "--identity", key]] {
        let (code, report) = home.json(arguments);
        assert_eq!(code, 0, "{report}");
        paths.push(report["data"]["path"].as_str().unwrap().to_owned());
    }
    let before = listed(&home);
    assert!(before[0]["verified_level"].is_null() && before[0]["read_back"] == true, "{before}");
    assert!(before[1]["verified_level"] == "quick" && before[1]["failed_level"].is_null(), "{before}");
    assert!(home.run(&["backup", "list"]).stdout.contains("read back only"));

    // One passes a higher level than when it was made, the other one goes bad.
    assert_eq!(home.run(&["backup", "verify", &paths[0], "--level", "hash", "--identity", key]).code, 0);
    stores::rot(Path::new(&paths[1]), 4000);
    let outcome = home.run(&["backup", "verify", &paths[1], "--level", "hash", "--identity", key]);
    assert_eq!(outcome.code, i32::from(ErrorKind::Archive.exit_code()), "{outcome:?}");
    let after = listed(&home);
    assert!(after[0]["locked"] == true && after[0]["verified_level"] == "hash", "{after}");
    assert!(after[0]["verified_ms"].as_i64() > before[1]["verified_ms"].as_i64(), "{after}");
    assert!(after[1]["locked"] == true && after[1]["verified_level"].is_null(), "{after}");
    assert!(after[1]["failed_level"] == "hash" && after[1]["failed_why"].is_string(), "{after}");
    let shown = home.run(&["backup", "list"]).stdout;
    assert!(shown.contains("FAILED at level hash") && !shown.contains("read back only"), "{shown}");
}

#[test]
fn a_newest_archive_that_the_store_does_not_give_makes_no_older_one_the_latest() {
    let home = stores::home("kept");
    let server = S3Server::start();
    let keys = server.keys(home.path());
    let settings = format!(
        "[backup]\ndestination = \"s3://archives/far\"\n[backup.s3]\nendpoint = {:?}\ncredentials_file = {:?}\nretry_ms = 100\n",
        server.endpoint(),
        keys.to_str().unwrap()
    );
    std::fs::write(home.path().join("config.toml"), settings).unwrap();
    for _ in 0..2 {
        assert_eq!(home.run(&["backup"]).code, 0);
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    let all = server.objects("far");
    let newest: &'static str = all[1].clone().leak();
    server.order("GET", newest, 100, Fault::Answer(403));
    for latest in ["latest", "s3://archives/far/latest"] {
        let outcome = home.run(&["backup", "show", latest]);
        assert!(outcome.code != 0 && outcome.stderr.contains(newest), "{outcome:?}");
    }
    server.heal();
    for latest in ["latest", "s3://archives/far/latest"] {
        let (code, report) = home.json(&["backup", "show", latest]);
        assert!(code == 0 && report["data"]["path"].as_str().unwrap().ends_with(newest), "{report}");
    }
    assert_eq!(home.run(&["backup", "show", "s3://archives/near/latest"]).code, 12);
}

#[test]
fn the_latest_is_the_newest_that_is_an_archive_and_none_that_is_dated_ahead() {
    let home = stores::home("kept");
    for _ in 0..2 {
        assert_eq!(home.run(&["backup"]).code, 0);
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    let folder = home.path().join("backups");
    let mut all: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    let latest = |text: &str| {
        let (code, report) = home.json(&["backup", "show", text]);
        assert_eq!(code, 0, "{report}");
        std::path::PathBuf::from(report["data"]["path"].as_str().unwrap())
    };
    assert_eq!(latest(folder.join("latest").to_str().unwrap()), all[1]);
    // A clock that was years ahead must not have the last word for years.
    let ahead = folder.join("main-20990101T000000Z.wpp.tar.gz");
    std::fs::copy(&all[0], &ahead).unwrap();
    let long_ago = std::fs::metadata(&all[0]).unwrap().modified().unwrap() - std::time::Duration::from_secs(3600);
    std::fs::File::options().write(true).open(&ahead).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(latest("latest"), all[1]);
    let shown = home.run(&["backup", "list"]);
    assert!(shown.stdout.contains("20990101"), "{shown:?}");
    // Bytes that are no archive are none.
    std::fs::write(&all[1], "no archive").unwrap();
    assert_eq!(latest("latest"), all[0]);
}

#[test]
fn a_session_that_is_named_is_the_only_one_that_is_listed_and_must_be_one() {
    let home = stores::home("mine");
    stores::make(&home.session("sales"), "other");
    for session in ["main", "sales"] {
        assert_eq!(home.run(&["backup", "--session", session]).code, 0);
    }
    let listed = |arguments: &[&str]| -> Vec<String> {
        let (code, report) = home.json(&[&["backup", "list"], arguments].concat());
        assert_eq!(code, 0, "{report}");
        let archives = report["data"]["archives"].as_array().unwrap().iter();
        archives.map(|archive| archive["session"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&[]), ["main", "sales"]);
    assert_eq!(listed(&["--session", "sales"]), ["sales"]);
    assert_eq!(listed(&["--session", "nobody"]), [""; 0]);
    let prune = |session| home.run(&["backup", "prune", "--keep-last", "1", "--dry-run", "--session", session]).code;
    assert_eq!((prune("main"), prune("nobody")), (0, i32::from(ErrorKind::NoSession.exit_code())));
    // What a session that was removed has left is still its own.
    std::fs::remove_dir_all(home.session("sales")).unwrap();
    assert_eq!(prune("sales"), 0);
}

#[test]
fn a_list_says_of_a_bad_archive_that_it_is_bad_and_of_a_changed_one_that_it_changed() {
    let home = stores::home("changed");
    assert_eq!(home.run(&["backup"]).code, 0);
    let folder = home.path().join("backups");
    let path = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let size = std::fs::metadata(&path).unwrap().len();
    let shown = || home.run(&["backup", "list"]).stdout;
    std::fs::copy(&path, folder.join("copy.wpp.tar.gz")).unwrap();
    assert!(shown().contains("a copy of one that was"), "{}", shown());
    stores::rot(&path, i64::try_from(size / 2).unwrap());
    assert_eq!(home.run(&["backup", "verify", "latest", "--level", "hash"]).code, 12);
    assert!(shown().contains("FAILED at level hash") && shown().contains("DAMAGED; it states: all"), "{}", shown());
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert!(shown().contains("never; changed since it was"), "{}", shown());
    // And to the doctor, what is not what it was is no backup.
    let (_, report) = home.json(&["doctor", "--only", "wpp.backup.stale"]);
    assert!(!report.to_string().contains("the newest whole backup is"), "{report}");
}
