//! What happens to a session by malice or bad luck that no single verb owns.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use wpp::whatsapp::simulator::Request;

use crate::harness::TestHome;
use crate::simulated::{PEER, Simulated};

impl Simulated {
    /// The sandbox's phone and number are replaced by others; nothing of the old account is left.
    fn another_account(&mut self) {
        self.stop_simulator();
        std::fs::remove_dir_all(self.home.path().join("simulator")).unwrap();
        self.start_simulator();
    }
}

/// Where a message stands and why, by `wpp send` with the same id.
fn stands(simulated: &Simulated, id: &str, text: &str) -> (String, String) {
    let (_, value) = simulated.home.json(&["send", PEER, text, "--id", id]);
    let field = |name: &str| value["data"][name].as_str().unwrap_or_default().to_owned();
    (field("state"), field("error"))
}

#[test]
fn what_was_queued_for_one_account_is_never_sent_from_another() {
    let mut simulated = Simulated::linked();
    assert_eq!(simulated.home.run(&["outbound", "pause"]).code, 0);
    assert_eq!(stands(&simulated, "before-logout", "from the old number").0, "queued");
    simulated.ask(Request::PhoneUnlink { companion: None });
    simulated.wait_for_state("AUTH_REQUIRED", "logged_out");
    // Nobody knows whose message that would be.
    assert_eq!(simulated.home.run(&["send", PEER, "from nobody"]).code, 13);
    assert_eq!(simulated.home.run(&["outbound", "resume"]).code, 0);

    simulated.another_account();
    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let (state, error) = stands(&simulated, "before-logout", "from the old number");
    assert_eq!(state, "rejected");
    assert!(error.contains("account"), "{error}");
    let (_, events) = simulated.home.json(&["events"]);
    let told = events["data"]["events"].as_array().unwrap();
    assert_eq!(told.iter().filter(|event| event["kind"] == "outbox" && event["data"]["state"] == "rejected").count(), 1);
    // The way out is open for what is meant for it.
    let sent = simulated.home.run(&["send", PEER, "from the new number", "--wait", "10"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    assert_eq!(simulated.peer_texts(), ["from the new number"]);
}

#[test]
fn what_was_queued_is_sent_when_the_same_account_is_linked_again() {
    let simulated = Simulated::linked();
    assert_eq!(simulated.home.run(&["outbound", "pause"]).code, 0);
    assert_eq!(stands(&simulated, "kept", "still wanted").0, "queued");
    simulated.ask(Request::PhoneUnlink { companion: None });
    simulated.wait_for_state("AUTH_REQUIRED", "logged_out");
    assert_eq!(simulated.home.run(&["outbound", "resume"]).code, 0);
    let outcome = simulated.link();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    simulated.until("the message at the peer", || {
        let texts = simulated.peer_texts();
        if texts == ["still wanted"] { Ok(()) } else { Err(format!("{texts:?}")) }
    });
}

/// Everything in a text that could steer a terminal.
fn steering(text: &str) -> Vec<char> {
    text.chars().filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}')).collect()
}

#[test]
fn no_text_of_a_stranger_steers_the_terminal() {
    let simulated = Simulated::linked();
    simulated.peer_sends("\u{1b}]0;owned\u{7}\u{1b}[2Jhi\r\u{9b}31m \u{202e}gnp.exe \u{0} end", 1);
    simulated.until("the message", || match simulated.found("end") {
        1 => Ok(()),
        other => Err(other.to_string()),
    });
    for arguments in [&["messages"][..], &["search", "end"], &["events"], &["chats"], &["status"], &["doctor"], &["logs"]] {
        let outcome = simulated.home.run(arguments);
        // As on a terminal, where styles are let through.
        assert!(steering(&outcome.stdout).is_empty(), "{arguments:?} {outcome:?}");
        assert!(steering(&outcome.stderr).is_empty(), "{arguments:?} {outcome:?}");
    }
}

#[test]
fn no_path_or_file_that_an_error_names_steers_the_terminal() {
    let home = TestHome::live();
    let evil = home.path().join("a\u{1b}[2J\u{202e}b\rc.wpp.tar.gz");
    std::fs::write(&evil, "no archive").unwrap();
    let errors = |home: &TestHome, path: &Path, verb: &[&str]| {
        let mut command = home.command(verb);
        // Styles are written, as on a terminal, so that nothing is taken out on the way.
        command.arg(path).env("CLICOLOR_FORCE", "1");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(text.contains(".tar.gz"), "{text}");
        text
    };
    for verb in [&["backup", "verify"][..], &["backup", "show"], &["restore", "--dry-run"]] {
        let text = errors(&home, &evil, verb);
        assert!(!text.contains("\u{1b}[2J") && !text.contains('\u{202e}') && !text.contains('\r'), "{verb:?} {text:?}");
    }
}

fn make_pipe(path: &Path) {
    if path.is_dir() {
        std::fs::remove_dir_all(path).unwrap();
    }
    let _ = std::fs::remove_file(path);
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// How a run that may hang ended.
#[track_caller]
fn ends(home: &TestHome, arguments: &[&str]) -> i32 {
    let mut child = home.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        if Instant::now() >= deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_said_and_not_waited_for() {
    for name in [
        "config.toml",
        "home.json",
        "ops.db",
        "log.key",
        "sessions/main/LOCK",
        "sessions/main/wpp.db",
        "sessions/main/session.db",
    ] {
        let home = TestHome::sandbox();
        std::fs::create_dir_all(home.session("main")).unwrap();
        std::fs::create_dir_all(home.session("main").join("logs")).unwrap();
        make_pipe(&home.path().join(name));
        for arguments in [&["status"][..], &["doctor"], &["start"], &["messages"], &["backup"], &["stop"], &["logs"]] {
            ends(&home, arguments);
        }
        assert_ne!(ends(&home, &["doctor"]), 0, "{name} is said");
        assert_eq!(ends(&home, &["stop", "--force"]), ends(&home, &["stop"]), "{name}");
    }
}

#[test]
fn a_journal_that_is_no_file_is_an_error_with_a_way_out() {
    for make in [make_pipe, |path: &Path| std::fs::create_dir(path).unwrap()] {
        let home = TestHome::sandbox();
        std::fs::create_dir_all(home.session("main")).unwrap();
        let journal = home.path().join("ops.db");
        let _ = std::fs::remove_file(&journal);
        make(&journal);
        // The harness fails on an error without a next step.
        assert_eq!(home.run(&["start"]).code, 1);
        assert_eq!(home.run(&["backup"]).code, 1);
    }
}

#[test]
fn a_start_outlives_the_daemon_that_it_found() {
    let simulated = Simulated::linked();
    for round in 0..15 {
        let daemon = simulated.daemon().expect("a daemon");
        let daemon = rustix::process::Pid::from_raw(i32::try_from(daemon).unwrap()).unwrap();
        let starts: Vec<_> = (0..3)
            .map(|_| simulated.home.command(&["start"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        // At any moment of the starts, from before their first look to after their last.
        std::thread::sleep(Duration::from_micros(700 * round));
        rustix::process::kill_process(daemon, rustix::process::Signal::KILL).unwrap();
        for start in starts {
            let output = start.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(simulated.home.run(&["start"]).code, 0);
    }
}

#[test]
fn a_closed_terminal_stops_the_daemon_in_good_order() {
    let simulated = Simulated::linked();
    let pid = simulated.daemon().expect("a daemon");
    let daemon = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(daemon, rustix::process::Signal::HUP).unwrap();
    // The daemon answers STOPPED while it still closes; its lock is the last that goes.
    simulated.until("the daemon's end", || simulated.daemon().map_or(Ok(()), |pid| Err(format!("process {pid} lives"))));
    simulated.wait_for_state("STOPPED", "operator_stopped");
    assert!(!simulated.home.session("main").join("daemon.sock").exists());
}

#[test]
fn a_home_whose_path_is_no_text_is_refused_by_every_verb() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = TestHome::live();
    let home = place.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
    for verb in ["status", "start", "doctor", "backup", "config", "logs"] {
        for (format, in_environment) in [("text", false), ("json", false), ("json", true)] {
            let mut command = std::process::Command::new(crate::harness::program());
            command.env_clear().env("HOME", place.path()).args([verb, "--format", format]);
            if in_environment {
                command.env("WPP_HOME", &home);
            } else {
                command.arg("--home").arg(&home);
            }
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{verb} {format} {in_environment}: {output:?}");
        }
    }
    assert!(!home.exists());
}

#[test]
fn a_drill_without_a_temporary_folder_says_what_to_do() {
    let home = TestHome::live();
    let output = home.command(&["drill", "run", "smoke"]).env("TMPDIR", home.path().join("none")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("next: set TMPDIR"), "{text}");
}

#[test]
fn a_log_that_is_a_link_is_refused_and_its_target_left_alone() {
    let home = TestHome::sandbox();
    let victim = home.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::fs::create_dir_all(home.session("main").join("logs")).unwrap();
    std::os::unix::fs::symlink(&victim, home.session("main").join("logs/wppd.log")).unwrap();
    let outcome = home.run(&["start"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("wppd.log"), "{outcome:?}");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
}
