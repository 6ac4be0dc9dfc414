//! `wpp doctor` on a home whose folders are volumes of their own, as containers have them: real ones, mounted where
//! nobody else sees them.

use std::process::Command;

use serde_json::Value;

use crate::doctor_home::whole;
use crate::harness::TestHome;

/// Runs a shell's words in a space of mounts of its own, then the doctor. `None` where the machine does not allow it.
fn beside_mounts(home: &TestHome, words: &str) -> Option<Value> {
    let contained = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-ec"]);
        command
    };
    let mounts = contained().args(["mount -t tmpfs none /mnt"]).output().is_ok_and(|output| output.status.success());
    if !crate::postgres::there("a space of mounts of its own", mounts) {
        return None;
    }
    let arguments = ["doctor", "--only", "wpp.home", "--fail-on", "never", "--no-record", "--format", "json"];
    let plain = home.command(&arguments);
    let mut command = contained();
    command.arg(format!("cd \"$0\"; {words}; exec \"$@\"")).arg(home.path());
    command.arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    Some(report.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr))))
}

/// What is worse than a note: the check, and the folder that it names first.
fn found(report: &Value) -> Vec<(String, String)> {
    let bad =
        report["findings"].as_array().unwrap().iter().filter(|one| !["ok", "info"].contains(&one["severity"].as_str().unwrap()));
    bad.map(|one| (one["id"].as_str().unwrap().to_owned(), one["summary"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_volume_of_archives_that_is_read_only_and_one_that_is_full_are_told() {
    let home = whole();
    let backups = home.path().join("backups");
    std::fs::create_dir_all(&backups).unwrap();
    crate::doctor_home::chmod(&backups, 0o700);
    let mount = |options: &str| format!("mount -t tmpfs -o mode=0700,{options} none backups");
    let Some(report) = beside_mounts(&home, &mount("size=8g")) else { return };
    assert_eq!(found(&report), [], "{report:#}");
    let report = beside_mounts(&home, &mount("ro")).unwrap();
    let [(id, summary)] = &found(&report)[..] else { panic!("{report:#}") };
    assert!(id == "wpp.home.writable" && summary.contains("/backups cannot be written to: Read-only"), "{summary}");
    let report = beside_mounts(
        &home,
        &format!("{}; cat /dev/zero > backups/x 2>/dev/null || true; chmod 600 backups/x", mount("size=1m")),
    )
    .unwrap();
    let [(writable, no_room), (space, short)] = &found(&report)[..] else { panic!("{report:#}") };
    assert!(writable == "wpp.home.writable" && no_room.contains("/backups cannot be written to: No space"), "{no_room}");
    assert!(space == "wpp.home.disk-space" && short.contains("/backups") && short.contains("0 % free"), "{short}");
}
