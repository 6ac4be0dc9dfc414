//! Copies, moves, links and mounts of a session's folder, with real daemons: a second daemon beside one that
//! lives is never started, one of another home is never stopped, and files that are gone are missed.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wpp::disk::{Lock, LockState};

use crate::doctor_home::{breaks, chmod, doctor, found, linked, only};
use crate::harness::{Outcome, TestHome, is_running, place_program};

const LIVING: &str = "wpp.session.living-daemon";
const TWO_HOMES: &str = "wpp.session.two-homes";

/// A process that a test leaves to nobody.
struct Daemon(u32);

impl Daemon {
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.0).unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, signal);
    }

    fn of(home: &TestHome) -> Option<Daemon> {
        match Lock::look(&home.session("main").join("LOCK")).unwrap() {
            LockState::Held(Some(owner)) if owner.role == "daemon" => Some(Daemon(owner.pid)),
            _ => None,
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if is_running(self.0) {
            self.signal(rustix::process::Signal::KILL);
        }
    }
}

fn sh(line: &str) {
    let outcome = Outcome::of(Command::new("sh").args(["-ec", line]).output().unwrap());
    assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
}

/// A home that was copied with `cp`.
fn copied(home: &TestHome, options: &str) -> TestHome {
    let copy = TestHome::live();
    sh(&format!("cp {options} {}/. {}/", home.path().display(), copy.path().display()));
    copy
}

fn critical(report: &Value, id: &str) -> String {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["id"] == id && finding["severity"] == "critical");
    finding.unwrap_or_else(|| panic!("{report:#}")).to_string()
}

/// Nothing that is typed on this home starts a daemon or ends one.
#[track_caller]
fn refuses_to_start(home: &TestHome, names: &[&str]) {
    let (code, report) = doctor(home, &["--fix", "--yes"]);
    assert_ne!(code, 0, "{report:#}");
    for verb in ["start", "restart", "stop"] {
        let outcome = home.run(&[verb]);
        assert_eq!(outcome.code, 11, "{verb}: {outcome:?}");
        assert!(names.iter().all(|name| outcome.stderr.contains(name)), "{verb}: {outcome:?}");
    }
    assert!(Daemon::of(home).is_none());
    assert_eq!(home.run(&["status"]).code, 11);
}

#[test]
fn beside_a_daemon_whose_folder_was_replaced_by_a_copy_no_other_is_started() {
    let simulated = linked();
    let home = &simulated.home;
    let daemon = Daemon::of(home).unwrap();
    let sessions = home.path().join("sessions");
    breaks(home, LIVING, "critical", || {
        sh(&format!("cd {} && cp -a main .copy && mv main main.bak && mv .copy main", sessions.display()));
    });
    let (_, report) = only(home, LIVING);
    let said = critical(&report, LIVING);
    assert!(said.contains(&format!("kill {}", daemon.0)) && said.contains("--session main --format json daemon"), "{said}");
    refuses_to_start(home, &[&format!("kill {}", daemon.0)]);
    assert!(is_running(daemon.0));
    // What the finding says helps; the daemon that ends leaves the files of the copy alone.
    daemon.signal(rustix::process::Signal::TERM);
    simulated.until("the daemon's end", || if is_running(daemon.0) { Err("it runs".into()) } else { Ok(()) });
    assert!(sessions.join("main/LOCK").exists());
    sh(&format!("mv {}/main.bak {}", sessions.display(), home.path().join("aside").display()));
    let (code, report) = doctor(home, &["--fix", "--yes"]);
    assert_eq!((code, found(&report)), (0, vec![]), "{report:#}");
    // It ended in order, so that whoever ended it says when it is started again.
    assert!(Daemon::of(home).is_none());
    assert_eq!(home.run(&["start"]).code, 0);
    simulated.wait_for_state("READY", "normal");
}

#[test]
fn in_a_copied_home_whose_original_runs_nothing_is_started() {
    let simulated = linked();
    let daemon = Daemon::of(&simulated.home).unwrap();
    let copy = copied(&simulated.home, "-a");
    let (_, report) = only(&copy, LIVING);
    let said = critical(&report, LIVING);
    let [original, other] = [simulated.home.path(), copy.path()].map(|path| path.display().to_string());
    assert!(said.contains(&original) && said.contains(&other), "{said}");
    refuses_to_start(&copy, &[&original, &format!("kill {}", daemon.0)]);
    assert_eq!(simulated.state().0, "READY");
    assert_eq!(simulated.daemon(), Some(daemon.0));
    // The lock of an earlier version, which says less.
    let lock = copy.session("main").join("LOCK");
    let mut owner: Value = serde_json::from_str(&std::fs::read_to_string(&lock).unwrap()).unwrap();
    for field in ["started", "boot", "path"] {
        assert!(owner.as_object_mut().unwrap().remove(field).is_some(), "{field}");
    }
    std::fs::write(&lock, owner.to_string()).unwrap();
    refuses_to_start(&copy, &[&original]);
    // Its number is another process's now, or was one of a container.
    for (pid, since) in [(1, "2026-11-01T00:00:00Z"), (daemon.0, "2001-11-01T00:00:00Z")] {
        owner["pid"] = pid.into();
        owner["since"] = since.into();
        std::fs::write(&lock, owner.to_string()).unwrap();
        let (after, report) = only(&copy, LIVING);
        assert!(after.is_empty(), "{report:#}");
    }
    // Copied without its lock: the journal that came with it names the daemon.
    std::fs::remove_file(&lock).unwrap();
    doctor(&copy, &["--fix", "--yes"]);
    for line in [["start"], ["restart"]] {
        let outcome = copy.run(&line);
        assert_eq!(outcome.code, 11, "{line:?}: {outcome:?}");
        assert!(outcome.stderr.contains(&original) && outcome.stderr.contains(&daemon.0.to_string()), "{outcome:?}");
    }
    assert!(Daemon::of(&copy).is_none());
    assert_eq!((simulated.state().0, simulated.daemon()), ("READY".into(), Some(daemon.0)));
}

#[test]
fn a_daemon_without_its_lock_is_seen_stopped_and_replaced() {
    let simulated = linked();
    let home = &simulated.home;
    let lock = home.session("main").join("LOCK");
    let first = Daemon::of(home).unwrap();
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(simulated.state().0, "READY");
    let outcome = home.run(&["start"]);
    assert!(outcome.code == 11 && outcome.stderr.contains("wpp restart"), "{outcome:?}");
    assert!(found(&doctor(home, &["--fail-on", "never"]).1).contains(&"wpp.session.daemon-died".to_owned()));
    let (code, restarted) = home.json(&["restart"]);
    assert_eq!((code, restarted["data"]["state"].as_str()), (0, Some("READY")), "{restarted}");
    let second = Daemon::of(home).unwrap();
    assert!(second.0 != first.0 && !is_running(first.0));
    std::fs::remove_file(&lock).unwrap();
    let outcome = home.run(&["stop"]);
    assert!(outcome.code == 0 && !is_running(second.0), "{outcome:?}");
    assert_eq!(home.run(&["status"]).code, 14);
}

#[test]
fn an_emptied_folder_of_a_session_that_was_used_is_missed() {
    let simulated = linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["stop"]).code, 0);
    let main = home.session("main");
    let report = breaks(home, "wpp.session.files-gone", "critical", || {
        sh(&format!("mv {0} {1}/kept && mkdir -m 700 {0}", main.display(), home.path().display()));
    });
    let said = critical(&report, "wpp.session.files-gone");
    assert!(said.contains("not mounted") && said.contains("no whole backup"), "{said}");
    assert_ne!(doctor(home, &[]).0, 0);
    // With an archive, that is named.
    sh(&format!("rmdir {0} && mv {1}/kept {0}", main.display(), home.path().display()));
    assert_eq!(home.run(&["backup"]).code, 0);
    sh(&format!("rm -rf {0} && mkdir -m 700 {0}", main.display()));
    let said = critical(&doctor(home, &["--fail-on", "never"]).1, "wpp.session.files-gone");
    assert!(said.contains("not mounted") && said.contains("restore latest"), "{said}");
}

#[test]
fn a_session_that_was_used_and_has_no_folder_is_missed() {
    let simulated = linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["stop"]).code, 0);
    assert_eq!(doctor(home, &[]).0, 0);
    let main = home.session("main");
    sh(&format!("mv {} {}/kept", main.display(), home.path().display()));
    let missed = |what: &str, observed: &str| {
        for arguments in [&[][..], &["--all"], &["--session", "main"]] {
            let (code, report) = doctor(home, arguments);
            assert_eq!(code, 3, "{what} {arguments:?}: {report:#}");
            let said = critical(&report, "wpp.session.folder");
            assert!(said.contains(observed), "{what} {arguments:?}: {said}");
        }
    };
    missed("gone", "is gone");
    for (what, line, observed) in [
        ("a dangling link", "ln -s nowhere", "a symbolic link"),
        ("a link to a folder", "ln -s ../kept", "a symbolic link"),
        ("a pipe", "mkfifo", "a pipe or a device"),
        ("a file", "touch", "a file"),
    ] {
        sh(&format!("{line} {}", main.display()));
        missed(what, observed);
        sh(&format!("rm {}", main.display()));
    }
    sh(&format!("rm -rf {}", home.path().join("sessions").display()));
    missed("all of them", "is gone");
}

#[test]
fn a_daemon_is_not_stopped_from_a_copy_of_hard_links() {
    let simulated = linked();
    let daemon = simulated.daemon().unwrap();
    let copy = copied(&simulated.home, "-al");
    let original = simulated.home.path().display().to_string();
    let (_, report) = only(&copy, TWO_HOMES);
    let said = critical(&report, TWO_HOMES);
    assert!(said.contains(&original) && said.contains("hard links") && !said.contains(" stop "), "{said}");
    let (_, report) = doctor(&copy, &["--fix", "--yes"]);
    assert!(!found(&report).contains(&"wpp.session.lock-held".to_owned()), "{report:#}");
    for arguments in [&["stop"][..], &["stop", "--force"], &["restart"]] {
        let outcome = copy.run(arguments);
        assert!(outcome.code == 11 && outcome.stderr.contains(&original), "{arguments:?}: {outcome:?}");
    }
    assert_eq!((simulated.daemon(), simulated.state().0.as_str()), (Some(daemon), "READY"));
    assert!(only(&simulated.home, TWO_HOMES).0.is_empty());
}

#[test]
fn two_homes_on_one_session_are_told_apart_and_modes_are_not_set_through_the_link() {
    let simulated = linked();
    let daemon = simulated.daemon().unwrap();
    let (home, other) = (&simulated.home, TestHome::sandbox());
    let link = |from: &Path, to: &Path| std::os::unix::fs::symlink(from, to).unwrap();
    breaks(&other, TWO_HOMES, "error", || {
        std::fs::create_dir_all(other.path().join("sessions/main")).unwrap();
        sh(&format!("rm -r {}/sessions", other.path().display()));
        link(&home.path().join("sessions"), &other.path().join("sessions"));
        link(&home.path().join("simulator"), &other.path().join("simulator"));
    });
    assert!(only(home, TWO_HOMES).0.is_empty());
    let outcome = other.run(&["stop"]);
    assert!(outcome.code == 11 && outcome.stderr.contains(&home.path().display().to_string()), "{outcome:?}");
    assert_eq!(simulated.daemon(), Some(daemon));
    let log = home.session("main").join("logs");
    chmod(&log, 0o755);
    doctor(&other, &["--fix", "--yes"]);
    assert_eq!(wpp::disk::mode_and_owner(&log).unwrap().unwrap().0, 0o755);
    doctor(home, &["--fix", "--yes"]);
    assert_eq!(wpp::disk::mode_and_owner(&log).unwrap().unwrap().0, 0o700);
    // The other way round.
    assert_eq!(home.run(&["stop"]).code, 0);
    assert_eq!(other.run(&["start"]).code, 0);
    let _daemon = Daemon::of(home).unwrap();
    let (after, report) = only(home, TWO_HOMES);
    assert_eq!(after, [TWO_HOMES]);
    assert!(report.to_string().contains(&other.path().display().to_string()), "{report:#}");
}

#[test]
fn a_home_whose_path_is_too_long_for_a_socket_says_so_at_rest() {
    let outer = TestHome::live();
    let long = outer.path().join("x".repeat(60)).join("y".repeat(60));
    std::fs::create_dir_all(&long).unwrap();
    wpp::home::Home::create(&long, wpp::home::HomeKind::Sandbox).unwrap();
    let run = |arguments: &[&str]| Outcome::of(outer.command(arguments).env("WPP_HOME", &long).output().unwrap());
    assert_ne!(run(&["start"]).code, 0);
    let outcome = run(&["doctor", "--only", "wpp.home.socket-path"]);
    assert!(outcome.code == 3 && outcome.stdout.contains("WPP_HOME"), "{outcome:?}");
    std::fs::create_dir_all(long.join("sessions/other")).unwrap();
    let outcome = run(&["doctor", "--session", "other", "--only", "wpp.home.socket-path"]);
    assert!(outcome.code == 3 && outcome.stdout.contains("session other"), "{outcome:?}");
    let outcome = TestHome::sandbox().run(&["doctor", "--only", "wpp.home.socket-path"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

#[test]
fn a_program_that_was_replaced_under_its_daemon_is_told() {
    let simulated = linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["stop"]).code, 0);
    let folder = tempfile::tempdir().unwrap();
    let installed = folder.path().join("wpp");
    place_program(&installed);
    let command = home.command(&["start"]);
    let mut started = Command::new(&installed);
    started.env_clear().args(command.get_args());
    started.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(started.output().unwrap().status.success());
    let id = "wpp.session.program-replaced";
    let report = breaks(home, id, "warning", || {
        std::fs::write(folder.path().join("new"), "a newer one").unwrap();
        std::fs::rename(folder.path().join("new"), &installed).unwrap();
    });
    assert!(report.to_string().contains("was replaced under"), "{report:#}");
    std::fs::remove_file(&installed).unwrap();
    let (_, report) = only(home, id);
    assert!(report.to_string().contains("was removed under"), "{report:#}");
    assert_eq!(home.run(&["restart"]).code, 0);
    assert!(only(home, id).0.is_empty());
}

#[test]
fn those_who_mend_at_the_same_time_have_all_mended() {
    let simulated = linked();
    let home = &simulated.home;
    assert_eq!(doctor(home, &[]).0, 0);
    simulated.kill_daemon();
    std::thread::scope(|threads| {
        let fixes: Vec<_> = (0..4).map(|_| threads.spawn(|| doctor(home, &["--fix", "--yes"]))).collect();
        let start = threads.spawn(|| home.run(&["start"]));
        for fix in fixes {
            let (code, report) = fix.join().unwrap();
            assert_eq!(code, 0, "{report:#}");
        }
        let start = start.join().unwrap();
        assert_eq!(start.code, 0, "{start:?}");
    });
    simulated.wait_for_state("READY", "normal");
}
