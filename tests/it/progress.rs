//! How far a long backup, verification or restore has come: lines for programs, a bar for people, and
//! nothing for pipes and `--quiet`.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Outcome, TestHome, program};
use crate::stores;

/// A home whose backup takes long enough to be told about.
fn large() -> TestHome {
    let home = stores::home("large");
    let connection = stores::open(&home.session("main").join("wpp.db"));
    connection.execute_batch("CREATE TABLE ballast (data BLOB)").unwrap();
    for _ in 0..40 {
        connection.execute("INSERT INTO ballast VALUES (hex(randomblob(500000)))", []).unwrap();
    }
    drop(connection);
    home
}

/// Every write of about a mebibyte takes this much longer, so that a fast machine has something to tell.
const SLOW_DISK: (&str, &str) = ("WPP_DISK_FAULT", "slow@100");

/// A backup to a slow disk.
fn backup(home: &TestHome, options: &[&str]) -> Outcome {
    let mut command = home.command(&[&["backup"], options].concat());
    Outcome::of(command.env(SLOW_DISK.0, SLOW_DISK.1).output().unwrap())
}

#[test]
fn programs_get_lines_with_the_rate_and_the_time_left_and_pipes_nothing() {
    let home = large();
    let outcome = backup(&home, &["--format", "json"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let told: Vec<Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["event"] == "progress")
        .collect();
    assert!(told.len() > 2, "{outcome:?}");
    let mut before = (String::new(), 0);
    for line in &told {
        let what = line["what"].as_str().unwrap().to_owned();
        if what != before.0 {
            before = (what.clone(), 0);
        }
        let numbers = ["done", "total", "per_second", "left_seconds"].map(|name| line[name].as_u64().unwrap());
        let [done, total, per_second, _] = numbers;
        assert!(done > before.1 && done <= total && total > 40_000_000 && per_second > 0, "{line}");
        assert!(what == "archiving" || what.starts_with("reading "), "{line}");
        before = (what, done);
    }
    let outcome = backup(&home, &[]);
    assert!(outcome.code == 0 && outcome.stderr.is_empty() && !outcome.stdout.contains('\r'), "{outcome:?}");
    for quiet in [&["--quiet"][..], &["--quiet", "--format", "json"]] {
        let outcome = backup(&home, quiet);
        assert!(outcome.code == 0 && outcome.stderr.is_empty() && outcome.stdout.lines().count() <= 1, "{outcome:?}");
    }
}

#[test]
fn people_see_a_bar_that_is_gone_when_the_result_is_written() {
    let home = large();
    let words = format!("{} backup", program());
    // A machine without the tool that makes a terminal has nothing to show here.
    let Ok(output) = Command::new("script")
        .args(["-qec", &words, "/dev/null"])
        .env("WPP_HOME", home.path())
        .env(SLOW_DISK.0, SLOW_DISK.1)
        .output()
    else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("archiving ") && text.contains("MiB/s") && text.contains(" left") && text.contains(" %  [#"), "{text}");
    // What a terminal shows in the end: of each line only what was drawn last.
    let shown: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r').rsplit('\r').next().unwrap_or("")).collect();
    assert!(!shown.iter().any(|line| line.contains("MiB/s")), "{shown:?}");
    assert!(shown.iter().any(|line| line.contains("verified at level quick")), "{shown:?}");
}
