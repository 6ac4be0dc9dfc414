//! `wpp schedule`: entries of the settings, what is due, and that each due time is dispatched once.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{Outcome, TestHome, write_program};

const PATIENCE: Duration = Duration::from_secs(120);

fn configured(text: &str) -> TestHome {
    let home = TestHome::live();
    configure(&home, text);
    home
}

fn configure(home: &TestHome, text: &str) {
    std::fs::write(home.path().join("config.toml"), text).unwrap();
}

/// Makes an entry as old as a clock that has run for that long would have: what it was due at since is due now.
fn known_since(home: &TestHome, seconds: i64) {
    let db = Connection::open(home.path().join("ops.db")).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    let changed = db.execute("UPDATE schedule_entry SET since_ms = since_ms - ?1 * 1000", [seconds]).unwrap();
    assert!(changed > 0);
}

/// What is due every hour is due on the hour: waits for the next one where this one is almost over, so that none
/// begins in the middle of a test.
fn early_in_the_hour() {
    const HOUR_MS: i64 = 3_600_000;
    const LEFT_MS_MIN: i64 = 30_000;
    let left_ms = HOUR_MS - wpp::clock::now_ms().rem_euclid(HOUR_MS);
    if left_ms < LEFT_MS_MIN {
        std::thread::sleep(Duration::from_millis(left_ms.unsigned_abs() + 100));
    }
}

fn rows(home: &TestHome) -> Vec<(String, i64, String, Option<i64>)> {
    let db = Connection::open(home.path().join("ops.db")).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut statement = db.prepare("SELECT entry, due_ms, state, exit_code FROM schedule_run ORDER BY entry, due_ms").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Programs that stand in for those of the system, before them on PATH.
struct StandIns {
    folder: tempfile::TempDir,
}

impl StandIns {
    fn new() -> StandIns {
        StandIns { folder: tempfile::tempdir().unwrap() }
    }

    fn add(&self, name: &str, script: &str) {
        let path = self.folder.path().join(name);
        write_program(&path, &format!("#!/bin/sh\ncd '{}'\n{script}\n", self.folder.path().display()));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn run(&self, home: &TestHome, arguments: &[&str]) -> Outcome {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        let outcome = Outcome::of(home.command(arguments).env("PATH", path).output().unwrap());
        outcome.assert_helpful();
        outcome
    }
}

#[test]
fn entries_are_listed_with_their_next_times_in_their_zone_and_in_utc() {
    let home = configured(
        "[schedule.nightly]\nrun = [\"backup\"]\nwhen = \"daily 02:30\"\ntime_zone = \"Asia/Kuala_Lumpur\"\n\
         [schedule.often]\nrun = [\"status\"]\nwhen = \"@every:60\"\ntime_zone = \"UTC\"\n",
    );
    let (code, report) = home.json(&["schedule", "list"]);
    let entries = report["data"]["entries"].as_array().unwrap();
    assert_eq!((code, entries.len()), (0, 2), "{report}");
    assert!(entries[0]["next"].as_str().unwrap().ends_with("T18:30:00Z"), "{report}");
    assert_eq!(entries[0]["last"], Value::Null);
    assert!(!home.path().join("ops.db").exists(), "looking wrote something down");
    let text = home.run(&["schedule", "list"]).stdout;
    assert!(text.contains("02:30:00 +08") && text.contains("T18:30:00Z") && text.contains("install --systemd"), "{text}");
    let (_, report) = home.json(&["schedule", "next", "--count", "7"]);
    let next = report["data"]["next"].as_array().unwrap();
    assert!(next.len() == 7 && next.iter().all(|time| time["entry"] == "often"), "{report}");
    let (_, report) = home.json(&["schedule", "next", "nightly", "--count", "2"]);
    let next = report["data"]["next"].as_array().unwrap();
    assert!(next.iter().all(|time| time["local"].as_str().unwrap().ends_with("T02:30:00+08:00")), "{report}");
    assert_eq!(home.run(&["schedule", "next", "nobody"]).code, 2);
}

#[test]
fn an_entry_that_is_no_command_is_told_and_keeps_no_other_from_running() {
    early_in_the_hour();
    for (words, part) in [("[\"bakcup\"]", "bakcup"), ("[\"backup\", \"--al\"]", "--al"), ("[\"schedule\", \"run\"]", "itself")] {
        let home = configured(&format!(
            "[schedule.good]\nrun = [\"config\"]\nwhen = \"@every:3600\"\n[schedule.x]\nrun = {words}\nwhen = \"daily 02:30\"\n"
        ));
        for verb in ["list", "run"] {
            let outcome = home.run(&["schedule", verb]);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(outcome.code == 2 && said.contains(part) && said.contains("schedule.x"), "{outcome:?}");
        }
        known_since(&home, 3600);
        let (code, report) = home.json(&["schedule", "run"]);
        assert!(code == 2 && report["data"]["dispatched"][0]["entry"] == "good", "{report}");
        let (_, doctor) = home.json(&["doctor", "--only", "wpp.schedule.failing"]);
        assert!(doctor["findings"][0]["summary"].as_str().unwrap().contains(part), "{doctor}");
    }
}

#[test]
fn what_is_due_runs_once_and_is_told_with_its_exit_code_and_report() {
    early_in_the_hour();
    let home = configured(
        "[schedule.fails]\nrun = [\"status\", \"--session\", \"nobody\"]\nwhen = \"@every:3600\"\n\
         [schedule.fine]\nrun = [\"config\"]\nwhen = \"@every:3600\"\n",
    );
    let first = home.json(&["schedule", "run"]);
    assert_eq!((first.0, first.1["data"]["dispatched"].as_array().map(Vec::len)), (0, Some(0)), "{}", first.1);
    known_since(&home, 3600);
    let (code, report) = home.json(&["schedule", "run"]);
    assert_eq!(code, 4, "{report}");
    let dispatched = report["data"]["dispatched"].as_array().unwrap();
    let of = |name: &str| dispatched.iter().find(|run| run["entry"] == name).unwrap();
    assert_eq!((&of("fine")["exit_code"], &of("fails")["exit_code"]), (&Value::from(0), &Value::from(10)), "{report}");
    assert!(of("fails")["said"].as_str().unwrap().contains("nobody"), "{report}");
    let kept = std::fs::read_to_string(of("fine")["report"].as_str().unwrap()).unwrap();
    assert!(kept.contains("wpp.config/1"), "{kept}");
    let (code, again) = home.json(&["schedule", "run"]);
    assert_eq!((code, again["data"]["dispatched"].as_array().map(Vec::len)), (0, Some(0)), "{again}");
    let (_, list) = home.json(&["schedule", "list"]);
    assert_eq!(
        (&list["data"]["entries"][0]["last"]["exit_code"], &list["data"]["entries"][0]["last"]["state"]),
        (&Value::from(10), &Value::from("ended"))
    );
    // The doctor tells of it, and of nothing else here.
    let (_, doctor) = home.json(&["doctor", "--only", "wpp.schedule"]);
    let bad: Vec<&str> = doctor["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] != "ok")
        .filter_map(|finding| finding["id"].as_str())
        .collect();
    assert_eq!(bad, ["wpp.schedule.failing"], "{doctor}");
}

#[test]
fn the_doctor_tells_of_a_schedule_that_nobody_runs_and_of_what_was_missed() {
    early_in_the_hour();
    let home = configured("[schedule.hourly]\nrun = [\"config\"]\nwhen = \"@every:3600\"\nmissed = \"skip\"\n");
    let bad = || {
        let (_, doctor) = home.json(&["doctor", "--only", "wpp.schedule"]);
        let findings = doctor["findings"].as_array().unwrap().clone();
        let bad = findings.iter().filter(|finding| finding["severity"] != "ok");
        bad.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // A home in which nothing was ever written down.
    assert_eq!(bad(), ["wpp.schedule.not-installed"]);
    assert_eq!(home.run(&["schedule", "run"]).code, 0);
    assert_eq!(bad(), Vec::<String>::new());
    let db = Connection::open(home.path().join("ops.db")).unwrap();
    db.execute_batch(
        "UPDATE schedule_entry SET since_ms = since_ms - 40 * 3600000; UPDATE schedule_look SET at_ms = at_ms - 40 * 3600000",
    )
    .unwrap();
    // An hour's last minutes may be in time: then only what lies before is missed, which the next look settles.
    let found = bad();
    assert!(found.contains(&"wpp.schedule.not-installed".to_owned()), "{found:?}");
    let (code, report) = home.json(&["schedule", "run"]);
    let run = &report["data"]["dispatched"][0];
    assert!(code == 0 && run["missed_before"].as_u64().unwrap() >= 38, "{report}");
    assert_eq!(bad(), Vec::<String>::new());
    configure(&home, "[schedule.hourly]\nrun = [\"config\"]\nwhen = \"sometimes\"\n");
    assert_eq!(bad(), ["wpp.schedule.failing"]);
    configure(&home, "");
    assert_eq!(bad(), Vec::<String>::new());
}

const PROBE: &str = "---
id: probe
title: Look at the settings
kind: runbook
severity: info
respond_within: 7d
applies_to: host
schedule: \"@every:3600\"
time_zone: Asia/Kuala_Lumpur
parameters:
  verdict: how it is to end
---
# Look at the settings

## Trigger
Every hour.

## Impact
None.

## Prerequisites
A home.

## Steps
```wpp id=look
wpp config
```

## Verification
```wpp id=verify expect=\"$.verdict=={{verdict}}\"
wpp config
```

## Rollback
Nothing was changed, so there is nothing to take back.
";

#[test]
fn a_runbook_runs_when_its_front_matter_says_and_only_when_the_settings_name_it() {
    let home = configured("");
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    std::fs::write(home.path().join("runbooks/probe.md"), PROBE).unwrap();
    let (_, list) = home.json(&["schedule", "list"]);
    assert_eq!(list["data"]["entries"].as_array().map(Vec::len), Some(0), "{list}");
    configure(
        &home,
        "[schedule.fine]\nrunbook = \"probe\"\nset = [\"verdict=pass\"]\n[schedule.wrong]\nrunbook = \"probe\"\nset = [\"verdict=fail\"]\n",
    );
    let (code, list) = home.json(&["schedule", "list"]);
    let entry = &list["data"]["entries"][0];
    assert_eq!((code, &entry["when"], &entry["time_zone"]), (0, &"@every:3600".into(), &"Asia/Kuala_Lumpur".into()), "{list}");
    assert_eq!(home.run(&["schedule", "run"]).code, 0);
    known_since(&home, 3600);
    let (code, report) = home.json(&["schedule", "run"]);
    let of = |name: &str| report["data"]["dispatched"].as_array().unwrap().iter().find(|run| run["entry"] == name).unwrap();
    assert_eq!((code, &of("fine")["exit_code"], &of("wrong")["exit_code"]), (4, &0.into(), &4.into()), "{report}");
    assert!(Path::new(of("fine")["report"].as_str().unwrap()).exists(), "{report}");
    configure(&home, "[schedule.x]\nrunbook = \"unheard-of\"\n");
    let outcome = home.run(&["schedule", "list"]);
    assert!(outcome.code == 2 && outcome.stdout.contains("unheard-of"), "{outcome:?}");
}

/// A child that is killed with the test.
struct Following(std::process::Child);

impl Following {
    fn start(home: &TestHome) -> Following {
        let mut command = home.command(&["schedule", "run", "--follow", "--format", "json"]);
        Following(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn interrupt(mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until(what: &str, mut good: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !good() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_processes_dispatch_a_hundred_due_times_once_each() {
    let entry = |number| format!("[schedule.e{number:03}]\nrun = [\"config\"]\nwhen = \"@every:86400\"\n");
    let home = configured(&(0..100).map(entry).collect::<String>());
    assert_eq!(home.run(&["schedule", "run"]).code, 0);
    known_since(&home, 86_400);
    let two: Vec<std::process::Child> = (0..2)
        .map(|_| {
            home.command(&["schedule", "run", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let mut dispatched: Vec<(String, String)> = Vec::new();
    let mut shares = Vec::new();
    for child in two {
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let report: Value = serde_json::from_str(outcome.stdout.lines().last().unwrap()).unwrap();
        let runs = report["data"]["dispatched"].as_array().unwrap().clone();
        shares.push(runs.len());
        let ran = runs.iter().filter(|run| run["exit_code"] == 0);
        dispatched.extend(ran.map(|run| (run["entry"].as_str().unwrap().to_owned(), run["due"].as_str().unwrap().to_owned())));
    }
    dispatched.sort();
    let mut once = dispatched.clone();
    once.dedup();
    assert_eq!((dispatched.len(), once.len()), (100, 100), "{shares:?}");
    let rows = rows(&home);
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().all(|(_, _, state, code)| state == "ended" && *code == Some(0)), "{rows:?}");
}

#[test]
fn what_follows_runs_each_time_once_and_ends_when_it_is_asked_to() {
    let home = configured("[schedule.often]\nrun = [\"config\"]\nwhen = \"@every:1\"\n");
    let (one, two) = (Following::start(&home), Following::start(&home));
    let ledger = home.path().join("ops.db");
    until("three runs", || ledger.exists() && ran(&ledger) >= 3);
    assert_eq!((one.interrupt(), two.interrupt()), (0, 0));
    let rows = rows(&home);
    assert!(rows.iter().all(|(_, due_ms, state, _)| due_ms % 1000 == 0 && state != "running"), "{rows:?}");
}

#[test]
fn what_follows_takes_up_what_is_changed_in_the_settings_and_goes_on_when_they_are_broken() {
    let home = configured("[schedule.one]\nrun = [\"config\"]\nwhen = \"@every:1\"\n");
    let following = Following::start(&home);
    let ledger = home.path().join("ops.db");
    until("a run", || ledger.exists() && ran(&ledger) >= 1);
    configure(&home, "[schedule.one\n");
    let before = ran(&ledger);
    until("a run with broken settings", || ran(&ledger) > before + 1);
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    std::fs::write(home.path().join("runbooks/probe.md"), PROBE.replace("@every:3600", "@every:1")).unwrap();
    configure(&home, "[schedule.two]\nrunbook = \"probe\"\nset = [\"verdict=pass\"]\n");
    until("a run of the new entry", || rows(&home).iter().any(|(entry, _, state, _)| entry == "two" && state == "ended"));
    assert_eq!(following.interrupt(), 0);
}

#[test]
fn an_entry_is_run_by_its_name_and_is_due_when_it_was() {
    early_in_the_hour();
    let home = configured(
        "[schedule.fails]\nrun = [\"status\", \"--session\", \"nobody\"]\nwhen = \"@every:3600\"\n\
         [schedule.fine]\nrun = [\"config\"]\nwhen = \"@every:3600\"\n[schedule.broken]\nrunbook = \"unheard-of\"\n",
    );
    assert_eq!(home.run(&["schedule", "run"]).code, 2, "one is broken");
    known_since(&home, 3600);
    let (code, report) = home.json(&["schedule", "run", "fine"]);
    let runs = report["data"]["dispatched"].as_array().unwrap();
    assert_eq!((code, runs.len(), &runs[0]["entry"], &runs[0]["exit_code"]), (0, 1, &"fine".into(), &0.into()), "{report}");
    let (_, list) = home.json(&["schedule", "list"]);
    let fine = list["data"]["entries"].as_array().unwrap().iter().find(|entry| entry["name"] == "fine").unwrap().clone();
    assert_eq!(fine["last"]["by_hand"], true, "{list}");
    assert_eq!(home.run(&["schedule", "run", "fails"]).code, 4);
    // What was due still is.
    let (_, report) = home.json(&["schedule", "run"]);
    assert_eq!(report["data"]["dispatched"].as_array().map(Vec::len), Some(2), "{report}");
    let said = home.run(&["schedule", "run", "nobody"]);
    assert!(said.code == 2 && said.stderr.contains("nobody"), "{said:?}");
    let said = home.run(&["schedule", "run", "broken"]);
    assert!(said.code == 2 && said.stderr.contains("unheard-of"), "{said:?}");
    assert_eq!(home.run(&["schedule", "run", "fine", "--follow"]).code, 2);
}

#[test]
fn a_runbook_that_cannot_be_read_keeps_no_other_from_running() {
    early_in_the_hour();
    let home = configured(
        "[schedule.bad]\nrunbook = \"dangling\"\nwhen = \"@every:3600\"\n\
         [schedule.good]\nrunbook = \"probe\"\nset = [\"verdict=pass\"]\n",
    );
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    std::fs::write(home.path().join("runbooks/probe.md"), PROBE).unwrap();
    std::os::unix::fs::symlink("/no/such/file", home.path().join("runbooks/dangling.md")).unwrap();
    std::fs::write(home.path().join("runbooks/latin.md"), [0xe9]).unwrap();
    let said = home.run(&["schedule", "run"]);
    assert!(said.code == 2 && format!("{}{}", said.stdout, said.stderr).contains("schedule.bad"), "{said:?}");
    known_since(&home, 3600);
    let (code, report) = home.json(&["schedule", "run"]);
    let runs = report["data"]["dispatched"].as_array().unwrap();
    assert_eq!((code, runs.len(), &runs[0]["exit_code"]), (2, 1, &0.into()), "{report}");
    let (code, list) = home.json(&["runbook", "list"]);
    assert!(code == 2 && list["data"]["runbooks"].as_array().unwrap().iter().any(|one| one["id"] == "probe"), "{list}");
    assert!(list["warnings"].to_string().contains("dangling.md") && list["warnings"].to_string().contains("latin.md"), "{list}");
    let (code, lint) = home.json(&["runbook", "lint"]);
    assert!(code == 3 && lint["data"]["findings"].to_string().contains("latin.md"), "{lint}");
    configure(&home, "[schedule.bad]\nrunbook = \"dangling\"\nwhen = \"@every:3600\"\n");
    let said = home.run(&["schedule", "run"]);
    assert!(said.code == 2 && !said.stdout.contains("Nothing is scheduled"), "{said:?}");
}

/// Kills a process and all of its group.
struct Killed(i32);

impl Drop for Killed {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_raw(self.0).unwrap();
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[test]
fn what_outlives_its_dispatcher_is_not_started_again_while_it_runs() {
    let home = configured(
        "[schedule.slow]\nrun = [\"runbook\", \"run\", \"probe\", \"--yes\", \"--allow-shell\", \"--set\", \"verdict=pass\"]\n\
         when = \"@every:2\"\ntimeout = \"10m\"\n",
    );
    let begun = home.path().join("begun");
    std::fs::create_dir(home.path().join("runbooks")).unwrap();
    let step = format!("```sh id=look timeout=300s\necho $$ >> '{}'\nexec sleep 200\n```", begun.display());
    std::fs::write(home.path().join("runbooks/probe.md"), PROBE.replace("```wpp id=look\nwpp config\n```", &step)).unwrap();
    let ledger = home.path().join("ops.db");
    let mut following = Following::start(&home);
    let child = || {
        let db = Connection::open(&ledger).ok()?;
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        let sql = "SELECT child_pid FROM schedule_run WHERE state = 'running' AND child_pid IS NOT NULL";
        db.query_row(sql, [], |row| row.get::<_, i32>(0)).ok()
    };
    let steps =
        || std::fs::read_to_string(&begun).unwrap_or_default().lines().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>();
    until("a run", || child().is_some() && !steps().is_empty());
    let (runs, sleeps) = (Killed(child().unwrap()), Killed(steps()[0]));
    following.0.kill().unwrap();
    following.0.wait().unwrap();
    until("a time at which it still ran", || {
        assert_eq!(home.run(&["schedule", "run", "--quiet"]).code, 0);
        rows(&home).iter().any(|(_, _, state, _)| state == "overlapped")
    });
    assert_eq!(steps().len(), 1, "it was started twice");
    assert!(rows(&home).iter().any(|(_, _, state, _)| state == "running"));
    drop(runs);
    drop(sleeps);
    until("its end", || {
        let (_, doctor) = home.json(&["doctor", "--only", "wpp.schedule.failing"]);
        doctor["findings"][0]["severity"] == "error"
    });
}

fn ran(ledger: &Path) -> i64 {
    let db = Connection::open(ledger).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    // Before the first look there is no such table.
    db.query_row("SELECT count(*) FROM schedule_run WHERE state = 'ended'", [], |row| row.get(0)).unwrap_or(0)
}

#[test]
fn a_killed_dispatcher_leaves_a_run_that_is_told_as_cut_off_and_never_repeated() {
    early_in_the_hour();
    let home = configured("[schedule.slow]\nrun = [\"events\", \"--follow\"]\nwhen = \"@every:3600\"\ntimeout = \"30s\"\n");
    assert_eq!(home.run(&["schedule", "run"]).code, 0);
    known_since(&home, 3600);
    let db = Connection::open(home.path().join("ops.db")).unwrap();
    // As a dispatcher leaves it that was killed after it wrote down what it was about to run.
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let now_ms = wpp::clock::now_ms();
    let due_ms = now_ms / 3_600_000 * 3_600_000;
    db.execute(
        "INSERT INTO schedule_run (entry, due_ms, state, missed, pid, began_ms, until_ms) VALUES ('slow', ?1, 'running', 0, ?2, ?3, ?3 + 30000)",
        (due_ms, gone.id(), now_ms),
    )
    .unwrap();
    let (code, report) = home.json(&["schedule", "run"]);
    assert_eq!((code, report["data"]["dispatched"].as_array().map(Vec::len)), (0, Some(0)), "{report}");
    let (_, list) = home.json(&["schedule", "list"]);
    assert_eq!(list["data"]["entries"][0]["last"]["state"], "cut-off", "{list}");
    let (_, doctor) = home.json(&["doctor", "--only", "wpp.schedule.failing"]);
    assert_eq!(doctor["findings"][0]["severity"], "error", "{doctor}");
}

#[test]
fn systemd_gets_a_timer_and_a_service_and_loses_them_again() {
    let (home, stand_ins) = (configured("[schedule.x]\nrun = [\"config\"]\nwhen = \"daily 02:30\"\n"), StandIns::new());
    stand_ins.add("systemctl", "echo \"$@\" >> calls");
    let outcome = stand_ins.run(&home, &["schedule", "install", "--systemd"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let folder = home.path().join(".config/systemd/user");
    let units = || {
        let mut names: Vec<String> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let names = units();
    assert!(names.len() == 2 && names[0].ends_with(".service") && names[1].ends_with(".timer"), "{names:?}");
    let service = std::fs::read_to_string(folder.join(&names[0])).unwrap();
    let home_word = format!("--home \"{}\" schedule run --quiet", home.path().display());
    for part in ["Type=oneshot", "KillMode=process", "NoNewPrivileges=yes", "UMask=0077", &home_word] {
        assert!(service.contains(part), "{part}: {service}");
    }
    let timer = std::fs::read_to_string(folder.join(&names[1])).unwrap();
    assert!(timer.contains("OnCalendar=*-*-* *:*:00") && timer.contains("WantedBy=timers.target"), "{timer}");
    assert_eq!(stand_ins.read("calls"), format!("--user daemon-reload\n--user enable --now {}\n", names[1]));
    let outcome = stand_ins.run(&home, &["schedule", "install", "--systemd", "--remove"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(units().is_empty());
    assert!(stand_ins.read("calls").contains(&format!("--user disable --now {}\n--user daemon-reload\n", names[1])));
    assert_eq!(stand_ins.run(&home, &["schedule", "install", "--systemd", "--remove"]).code, 0);
    stand_ins.add("systemctl", "echo no bus >&2; exit 1");
    let outcome = stand_ins.run(&home, &["schedule", "install", "--systemd"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("no bus") && outcome.stderr.contains("--print"), "{outcome:?}");
}

#[test]
fn cron_gets_one_line_beside_the_others_and_loses_it_again() {
    let (home, stand_ins) = (configured(""), StandIns::new());
    stand_ins.add(
        "crontab",
        "case \"$1\" in -l) test -e tab || { echo 'no crontab for me' >&2; exit 1; }; cat tab;; -) cat > tab;; esac",
    );
    assert_eq!(stand_ins.run(&home, &["schedule", "install", "--cron"]).code, 0);
    let line = stand_ins.read("tab");
    assert!(
        line.starts_with("* * * * * ") && line.lines().count() == 1 && line.contains("schedule run --quiet # wpp-schedule-"),
        "{line}"
    );
    std::fs::write(stand_ins.path("tab"), format!("5 4 * * * /bin/true\n{line}")).unwrap();
    assert_eq!(stand_ins.run(&home, &["schedule", "install", "--cron"]).code, 0);
    assert_eq!(stand_ins.read("tab"), format!("5 4 * * * /bin/true\n{line}"));
    assert_eq!(stand_ins.run(&home, &["schedule", "install", "--cron", "--remove"]).code, 0);
    assert_eq!(stand_ins.read("tab"), "5 4 * * * /bin/true\n");
    // A crontab that cannot be read is not written over.
    stand_ins.add("crontab", "case \"$1\" in -l) echo 'permission denied' >&2; exit 1;; -) cat > tab;; esac");
    let outcome = stand_ins.run(&home, &["schedule", "install", "--cron"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("permission denied"), "{outcome:?}");
    assert_eq!(stand_ins.read("tab"), "5 4 * * * /bin/true\n");
}

#[test]
fn print_writes_nothing() {
    let (home, stand_ins) = (configured(""), StandIns::new());
    for name in ["systemctl", "crontab"] {
        stand_ins.add(name, "touch called");
    }
    let outcome = stand_ins.run(&home, &["schedule", "install", "--print"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("OnCalendar=") && outcome.stdout.contains("* * * * * "), "{outcome:?}");
    assert!(!stand_ins.path("called").exists() && !home.path().join(".config").exists());
    // The line that cron is to be given works: it is run here as cron runs it.
    let (_, report) = home.json(&["schedule", "install", "--print", "--cron"]);
    let line = report["data"]["files"][0]["text"].as_str().unwrap().trim_start_matches("* * * * * ").to_owned();
    let mut cron = std::process::Command::new("/bin/sh");
    let output = cron.args(["-c", &line]).env_clear().env("HOME", "/").output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(ran(&home.path().join("ops.db")) == 0 && home.path().join("ops.db").exists());
    assert_eq!(home.run(&["schedule", "install"]).code, 2);
}

/// Runbooks that nobody could run unattended, and what stands against each.
#[test]
fn an_entry_that_can_never_pass_is_told_before_it_is_due_and_is_not_installed() {
    let text = |id: &str, front: &str, step: &str| {
        format!(
            "---\nid: {id}\ntitle: Own\nkind: runbook\nseverity: low\nrespond_within: 1h\napplies_to: host\n{front}---\n\n## Trigger\n\nT.\n\n\
             ## Impact\n\nI.\n\n## Prerequisites\n\nNone.\n\n## Steps\n\n{step}\n\n## Verification\n\n```wpp id=look\nwpp config\n```\n\n\
             ## Rollback\n\nNone.\n"
        )
    };
    let runbooks = [
        ("told", "parameters:\n  depth: how deep\n", "```wpp id=act\nwpp search {{depth}}\n```"),
        (
            "keyed",
            "parameters:\n  key:\n    help: a key\n    secret: true\n",
            "```http id=act\nGET http://127.0.0.1:1/\nX-API-Key: {{key}}\n```",
        ),
        ("asked", "", "```manual id=sure\nAre you sure?\n```"),
        ("maybe", "", "```manual id=sure when=\"command(no-such-program)\"\nAre you sure?\n```"),
        ("shell", "", "```sh id=act\ntrue\n```"),
        ("broken", "", "```wpp id=act\nwpp halt\n```"),
    ];
    let home = configured("");
    std::fs::create_dir_all(home.path().join("runbooks")).unwrap();
    for (id, front, step) in runbooks {
        std::fs::write(home.path().join(format!("runbooks/{id}.md")), text(id, front, step)).unwrap();
    }
    let stand_ins = StandIns::new();
    stand_ins.add("systemctl", "true");
    for (entry, part) in [
        ("runbook = \"told\"", Some("depth")),
        ("runbook = \"told\"\nset = [\"depth=1\"]", None),
        ("runbook = \"keyed\"", Some("--secret key=")),
        ("runbook = \"asked\"", Some("--answer sure=yes")),
        ("run = [\"runbook\", \"run\", \"asked\", \"--yes\", \"--answer\", \"sure=yes\"]", None),
        ("run = [\"runbook\", \"run\", \"asked\", \"--yes\", \"--answer\", \"sure=no\"]", Some("never passes")),
        ("run = [\"runbook\", \"run\", \"asked\", \"--answer\", \"sure=yes\"]", Some("--yes")),
        ("runbook = \"maybe\"", None),
        ("runbook = \"shell\"", Some("allow_shell")),
        ("run = [\"runbook\", \"run\", \"shell\", \"--yes\", \"--allow-shell\"]", None),
        ("runbook = \"broken\"", Some("halt")),
        ("run = [\"runbook\", \"run\", \"nowhere\", \"--yes\"]", Some("nowhere")),
        ("run = [\"runbook\", \"run\", \"smoke\", \"--yes\"]", Some("sandbox")),
        ("runbook = \"smoke\"", None),
        ("run = [\"reset\"]", Some("--yes")),
        ("run = [\"reset\", \"--yes\"]", None),
        ("run = [\"logs\", \"--follow\"]", Some("--follow")),
        ("run = [\"backup\"]", None),
    ] {
        configure(&home, &format!("[schedule.x]\n{entry}\nwhen = \"daily 02:30\"\n"));
        let (_, doctor) = home.json(&["doctor", "--only", "wpp.schedule.cannot-pass", "--fail-on", "never"]);
        let (finding, (code, list)) = (&doctor["findings"][0], home.json(&["schedule", "list"]));
        let installed = stand_ins.run(&home, &["schedule", "install", "--systemd"]);
        let entry_of_list = &list["data"]["entries"][0];
        match part {
            Some(part) => {
                assert_eq!(
                    (&finding["severity"], &finding["subject"]),
                    (&Value::from("error"), &Value::from("x")),
                    "{entry}: {doctor}"
                );
                assert!(finding.to_string().contains(part), "{entry}: {finding}");
                assert!(
                    entry_of_list["cannot_pass"].is_string() && list["warnings"].to_string().contains(part),
                    "{entry}: {list}"
                );
                assert!(installed.code == 2 && installed.stderr.contains(part), "{entry}: {installed:?}");
                assert!(!home.path().join(".config/systemd").exists(), "{entry}");
            }
            None => {
                assert_eq!(finding["severity"], "ok", "{entry}: {doctor}");
                assert!(code == 0 && entry_of_list["cannot_pass"].is_null(), "{entry}: {list}");
                assert_eq!(installed.code, 0, "{entry}: {installed:?}");
                assert_eq!(stand_ins.run(&home, &["schedule", "install", "--systemd", "--remove"]).code, 0);
                std::fs::remove_dir_all(home.path().join(".config")).unwrap();
            }
        }
    }
    // The environment of whoever calls the schedule may have it.
    configure(&home, "[schedule.x]\nrunbook = \"keyed\"\nwhen = \"daily 02:30\"\n");
    let output =
        home.command(&["doctor", "--only", "wpp.schedule.cannot-pass"]).env("WPP_SECRET_KEY", "s3cr3t-s3cr3t").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// Every document of `wpp schedule`, for the test of their schemas.
pub fn documents() -> Vec<String> {
    let (home, stand_ins) = (
        configured(
            "[schedule.a]\nrun = [\"config\"]\nwhen = \"@every:3600\"\n[schedule.b]\nrunbook = \"restart\"\nwhen = \"daily 02:30\"\n",
        ),
        StandIns::new(),
    );
    stand_ins.add("crontab", "test \"$1\" = - && cat > tab; true");
    let mut all = vec![home.run(&["schedule", "run", "--format", "json"]).stdout];
    known_since(&home, 3600);
    for line in ["schedule run", "schedule list", "schedule next", "schedule install --print", "schedule install --cron"] {
        let words: Vec<&str> = line.split_whitespace().chain(["--format", "json"]).collect();
        all.push(stand_ins.run(&home, &words).stdout);
    }
    all
}

#[test]
fn a_daemon_looks_for_what_is_due_where_it_is_asked_to() {
    let simulated = crate::simulated::Simulated::new();
    let home = &simulated.home;
    let entry = "[schedule.x]\nrun = [\"config\"]\nwhen = \"@every:86400\"\n";
    configure(home, entry);
    assert_eq!(home.run(&["schedule", "run"]).code, 0);
    known_since(home, 86_400);
    assert_eq!(home.run(&["start"]).code, 0);
    assert_eq!(home.run(&["stop"]).code, 0);
    assert!(rows(home).is_empty(), "nobody asked it to");
    configure(home, &format!("[schedule]\ndaemon = true\n{entry}"));
    assert_eq!(home.run(&["start"]).code, 0);
    until("the run", || rows(home).iter().any(|(_, _, state, code)| state == "ended" && *code == Some(0)));
    assert_eq!(home.run(&["stop"]).code, 0);
}
