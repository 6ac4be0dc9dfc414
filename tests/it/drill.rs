//! `wpp drill run smoke`: that it passes, and that it reports what deviates.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::harness::TestHome;

fn report_of(home: &TestHome) -> (Value, String) {
    let folders: Vec<PathBuf> =
        std::fs::read_dir(home.path().join("reports")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let document = std::fs::read(folders[0].join("report.json")).unwrap();
    (serde_json::from_slice(&document).unwrap(), std::fs::read_to_string(folders[0].join("report.md")).unwrap())
}

/// The sandbox that a drill kept; removed with the value, and without a daemon in it.
struct Kept(PathBuf);

impl Kept {
    fn of(report: &Value) -> Kept {
        let kept = Kept(report["data"]["sandbox"].as_str().expect("a kept sandbox").into());
        assert!(kept.0.is_dir());
        let lock = wpp::disk::Lock::look(&kept.0.join("sessions/main/LOCK")).unwrap();
        assert!(!matches!(lock, wpp::disk::LockState::Held(_)), "the drill left a daemon behind");
        kept
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_smoke_drill_passes_and_leaves_a_report_and_nothing_else() {
    let home = TestHome::live();
    let outcome = home.run(&["drill", "run", "smoke", "--quiet"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    let (report, text) = report_of(&home);
    let steps = report["steps"].as_array().unwrap();
    assert!(steps.len() >= 15 && steps.iter().all(|step| step["verdict"] == "pass"), "{report}");
    assert_eq!(report["data"]["sandbox"], Value::Null);
    assert!(text.contains("Verdict: **pass**") && text.contains("kill -9 the daemon"), "{text}");
}

#[test]
fn a_drill_that_deviates_says_where_exits_4_and_keeps_its_sandbox() {
    // The disk breaks at some operation of this process: a different step each time.
    let mut deviated = 0;
    for number in [12, 30, 60] {
        let home = TestHome::live();
        let plan = format!("fail@{number}");
        let output = home.command(&["drill", "run", "smoke"]).env("WPP_DISK_FAULT", plan).output().unwrap();
        let (report, text) = report_of(&home);
        if output.status.success() {
            continue;
        }
        let kept = Kept::of(&report);
        assert_eq!(output.status.code(), Some(4), "{report}");
        let last = report["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(last["verdict"], "fail", "{report}");
        assert!(!last["observed"].as_str().unwrap().is_empty());
        assert!(text.contains("Verdict: **fail**"), "{text}");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(stdout.contains(kept.0.to_str().unwrap()), "the kept sandbox is named: {stdout}");
        deviated += 1;
    }
    assert!(deviated > 0, "no fault was met");
}

#[test]
fn an_interrupted_drill_ends_soon_and_leaves_no_process() {
    let home = TestHome::live();
    let mut child = home
        .command(&["drill", "run", "smoke", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its first word says that it listens for signals; the rest is read so that it never waits for us.
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    std::thread::sleep(Duration::from_millis(50));
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    reader.join().unwrap().unwrap();
    // On a fast machine it may have been over.
    if output.status.success() {
        return;
    }
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    drop(Kept::of(&report_of(&home).0));
}
