//! Archives as an operator sees them: what `wpp backup list` says of each, and which one is the latest.

use std::path::Path;

use serde_json::Value;
use wpp::error::ErrorKind;

use crate::harness::TestHome;
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
#[cfg(target_os = "linux")]
fn a_newest_archive_that_the_disk_does_not_give_makes_no_older_one_the_latest() {
    let home = stores::home("kept");
    assert_eq!(home.run(&["backup"]).code, 0);
    let newest = home.path().join("backups/main-20990101T000000Z.wpp.tar.gz");
    // Reading this file fails as reading a broken disk does.
    std::os::unix::fs::symlink("/proc/self/mem", &newest).unwrap();
    let outcome = home.run(&["backup", "show", "latest"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("20990101"), "{outcome:?}");
    // Bytes that were read and are no archive are another matter.
    std::fs::remove_file(&newest).unwrap();
    std::fs::write(&newest, "no archive").unwrap();
    let outcome = home.run(&["backup", "show", "latest"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}
