//! Sending, searching and looking, through the program, its daemon and the simulator.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::harness::TestHome;
use crate::simulated::{PATIENCE, PEER, Simulated};

/// A program that goes on until it is killed, with its lines as they come.
struct Following {
    child: Child,
    lines: mpsc::Receiver<Value>,
}

impl Following {
    fn start(home: &TestHome, arguments: &[&str]) -> Following {
        let mut child =
            home.command(arguments).args(["--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Following { child, lines }
    }

    /// The data of the next output that fits.
    fn next(&self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line");
            if line["event"] == "output" && fits(&line["data"]) {
                return line["data"].clone();
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn bad_words_are_refused_before_anything_is_touched() {
    let home = TestHome::live();
    let long = "x".repeat(65_537);
    for arguments in [
        &["send", "0612345678", "hi"][..],
        &["send", "nobody", "hi"],
        &["send", "+31612345678", " "],
        &["send", "+31612345678", &long],
        &["send", "+31612345678", "hi", "--id", "a b"],
        &["send", "+31612345678", "hi", "--wait", "121"],
        &["send", "+31612345678"],
        // A mistyped option is no text.
        &["send", "+31612345678", "--wiat"],
        &["send", "+31612345678", "hi", "--text-file", "-"],
        &["send", "+31612345678", "--text-file", "/nowhere/at/all"],
        &["search"],
        &["search", "x", "--limit", "0"],
        &["events", "--after", "x"],
        &["sync"],
    ] {
        let outcome = home.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {outcome:?}");
        assert!(!outcome.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn without_a_session_or_a_daemon_the_way_out_is_named() {
    let home = TestHome::sandbox();
    for arguments in [&["send", "+31612345678", "hi"][..], &["search", "x"], &["chats"], &["logs"], &["sync", "stop"]] {
        let outcome = home.run(arguments);
        assert_eq!(outcome.code, 10, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains("wpp start"), "{outcome:?}");
    }
    std::fs::create_dir_all(home.session("main")).unwrap();
    for arguments in [
        &["send", "+31612345678", "hi"][..],
        &["sync", "start"],
        &["outbound", "pause"],
        &["events", "--follow"],
        &["search", "--rebuild"],
    ] {
        let outcome = home.run(arguments);
        assert_eq!(outcome.code, 14, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains("wpp start"), "{outcome:?}");
    }
    // What only looks finds nothing, and leaves nothing.
    for arguments in [&["search", "x"][..], &["chats"], &["messages"], &["events"], &["outbound", "list"]] {
        let (code, value) = home.json(arguments);
        assert_eq!((code, &value["data"]["source"]), (0, &Value::from("file")), "{arguments:?}: {value}");
    }
    assert_eq!(std::fs::read_dir(home.session("main")).unwrap().count(), 0);
}

#[test]
fn a_message_is_sent_once_refused_or_left_waiting_and_the_exit_code_says_which() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    let to = format!("+{PEER}");
    let (code, value) = home.json(&["send", &to, "hello there", "--id", "one"]);
    assert_eq!((code, &value["data"]["state"], &value["data"]["duplicate"]), (0, &"accepted".into(), &false.into()), "{value}");
    let (code, again) = home.json(&["send", &to, "hello there", "--id", "one"]);
    assert_eq!(
        (code, &again["data"]["duplicate"], &again["data"]["message_id"]),
        (0, &true.into(), &value["data"]["message_id"])
    );
    let (code, value) = home.json(&["send", &to, "something else", "--id", "one"]);
    assert_eq!((code, &value["code"]), (2, &"REQUEST_INVALID".into()), "{value}");

    let mut child = home.command(&["send", &to, "--text-file", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("from\na pipe\n".as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    simulated.until("both at the peer", || {
        let texts = simulated.peer_texts();
        if texts == ["hello there", "from\na pipe"] { Ok(()) } else { Err(format!("{texts:?}")) }
    });

    assert_eq!(home.run(&["outbound", "pause"]).code, 0);
    assert_eq!(home.json(&["status"]).1["data"]["outbound_paused"], true);
    let (code, value) = home.json(&["send", &to, "later", "--id", "two", "--wait", "20"]);
    assert_eq!((code, &value["data"]["state"]), (5, &"queued".into()), "{value}");
    assert_eq!(home.json(&["outbound", "list"]).1["data"]["outbox"].as_array().unwrap().len(), 1);
    // Pause and queue survive kill -9.
    simulated.kill_daemon();
    assert_eq!(home.json(&["outbound", "list"]).1["data"]["outbox"][0]["text"], "later");
    assert_eq!(home.run(&["start"]).code, 0);
    assert_eq!(home.json(&["status"]).1["data"]["outbound_paused"], true);
    assert_eq!(simulated.peer_texts().len(), 2);
    assert_eq!(home.run(&["outbound", "resume"]).code, 0);
    let (code, value) = home.json(&["send", &to, "later", "--id", "two"]);
    assert_eq!((code, &value["data"]["state"], &value["data"]["duplicate"]), (0, &"accepted".into(), &true.into()), "{value}");
    simulated.until("the third at the peer", || {
        let texts = simulated.peer_texts();
        if texts.len() == 3 && texts[2] == "later" { Ok(()) } else { Err(format!("{texts:?}")) }
    });
}

#[test]
fn a_send_that_nobody_answered_names_its_id_and_is_repeated_without_sending_twice() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    let to = format!("+{PEER}");
    let words = "pay 100 EUR; it's $HOME `now`";
    let daemon = simulated.daemon().expect("a daemon");
    let daemon = rustix::process::Pid::from_raw(i32::try_from(daemon).unwrap()).unwrap();
    rustix::process::kill_process(daemon, rustix::process::Signal::STOP).unwrap();
    let (code, value) = home.json(&["send", &to, words, "--wait", "0"]);
    assert_eq!((code, &value["code"]), (14, &"DAEMON_UNREACHABLE".into()), "{value}");
    let id = value["client_message_id"].as_str().expect("an id").to_owned();
    let message = value["message"].as_str().unwrap();
    assert!(message.contains(&id) && message.contains("not known") && message.contains("does not answer"), "{value}");
    let outcome = home.run(&["send", &to, words, "--wait", "0", "--id", &id]);
    assert_eq!(outcome.code, 14, "{outcome:?}");
    let said = outcome.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains(&format!("the message {id}")) && said.contains(&format!("wpp send --session main --id {id}")),
        "{said}"
    );
    rustix::process::kill_process(daemon, rustix::process::Signal::CONT).unwrap();
    // The line works as it stands, however often.
    let hint = value["hints"][0].as_str().unwrap();
    let line = hint.split_once("`wpp ").and_then(|(_, line)| line.strip_suffix('`')).expect("a line");
    for _ in 0..2 {
        let script = format!("exec \"$PROGRAM\" {line}");
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &script]).env("PROGRAM", crate::harness::program()).env("WPP_HOME", home.path());
        let outcome = crate::harness::Outcome::of(shell.output().unwrap());
        assert!([0, 5].contains(&outcome.code), "{script}: {outcome:?}");
    }
    let (code, value) = home.json(&["send", &to, "after", "--id", "after"]);
    assert_eq!(code, 0, "{value}");
    simulated.until("the last at the peer", || {
        let texts = simulated.peer_texts();
        if texts.last().is_some_and(|text| text == "after") { Ok(()) } else { Err(format!("{texts:?}")) }
    });
    assert_eq!(simulated.peer_texts(), [words, "after"]);
    // One that was refused, or never asked for, is in no doubt.
    let (code, value) = home.json(&["send", &to, "other", "--id", "after"]);
    assert_eq!((code, value.get("client_message_id")), (2, None), "{value}");
    assert_eq!(home.run(&["stop"]).code, 0);
    let (code, value) = home.json(&["send", &to, "other"]);
    assert_eq!((code, value.get("client_message_id")), (14, None), "{value}");
}

#[test]
fn what_came_in_is_found_with_and_without_the_daemon_and_nothing_is_left_behind() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    simulated.peer_sends("crème brûlée", 1);
    simulated.until("the message", || if simulated.found("creme") == 1 { Ok(()) } else { Err("none".into()) });
    let (_, chats) = home.json(&["chats"]);
    assert_eq!(chats["data"]["chats"].as_array().unwrap().len(), 1, "{chats}");
    let (_, messages) = home.json(&["messages"]);
    assert_eq!(
        (&messages["data"]["source"], &messages["data"]["messages"][0]["text"]),
        (&"daemon".into(), &"crème brûlée".into())
    );
    let outcome = home.run(&["search", "brul"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("crème brûlée"), "{outcome:?}");

    let look = |what: &str| {
        let before = files(&simulated);
        let (code, value) = home.json(&["search", "creme"]);
        assert_eq!(
            (code, &value["data"]["source"], &value["data"]["mode"]),
            (0, &"file".into(), &"fts".into()),
            "{what}: {value}"
        );
        assert_eq!(value["data"]["messages"].as_array().unwrap().len(), 1, "{what}");
        assert!(home.json(&["events"]).1["data"]["events"].as_array().unwrap().len() > 2);
        assert_eq!(files(&simulated), before, "{what}");
    };
    assert_eq!(home.run(&["stop"]).code, 0);
    look("stopped");
    assert_eq!(home.run(&["start"]).code, 0);
    simulated.kill_daemon();
    look("killed");
}

/// Names in the session's folder, and sizes of the databases.
fn files(simulated: &Simulated) -> Vec<(String, u64)> {
    let mut files: Vec<(String, u64)> = std::fs::read_dir(simulated.home.session("main"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()))
        .collect();
    files.sort();
    files
}

#[test]
fn events_and_logs_are_followed_across_a_restart() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    let events = Following::start(home, &["events", "--follow", "--after", "0"]);
    let ready = events.next(|event| event["kind"] == "state" && event["data"]["state"] == "READY");
    let logs = Following::start(home, &["logs", "--follow", "--lines", "1"]);
    simulated.peer_sends("one", 1);
    let one = events.next(|event| event["kind"] == "message");
    assert_eq!(one["data"]["text"], "one");
    assert!(one["id"].as_i64() > ready["id"].as_i64());
    assert_eq!(home.run(&["restart"]).code, 0);
    let line = logs.next(|line| line["message"] == "the daemon starts");
    assert!(line["pid"].is_u64(), "{line}");
    simulated.peer_sends("two", 1);
    assert_eq!(events.next(|event| event["kind"] == "message")["data"]["text"], "two");
    drop(events);
    let (_, value) = home.json(&["events", "--after", &one["id"].to_string()]);
    let texts: Vec<&Value> = value["data"]["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["kind"] == "message")
        .map(|event| &event["data"]["text"])
        .collect();
    assert_eq!(texts, ["two"]);
    let outcome = home.run(&["logs", "-n", "500"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("the daemon starts"), "{outcome:?}");
    for secret in ["one", "two"] {
        assert!(!outcome.stdout.split_whitespace().any(|word| word == secret), "{secret} is in the log");
    }
    assert!(!outcome.stdout.contains(PEER));
}

#[test]
fn the_connection_is_given_up_and_taken_up_and_a_restart_keeps_to_it() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    let (code, value) = home.json(&["sync", "stop"]);
    assert_eq!((code, &value["data"]["enabled"]), (0, &false.into()), "{value}");
    simulated.until("a state without a connection", || {
        let seen = simulated.state();
        if seen.0 == "READY" { Err(format!("{seen:?}")) } else { Ok(()) }
    });
    simulated.kill_daemon();
    home.run(&["start"]);
    assert_eq!(home.json(&["sync", "status"]).1["data"]["enabled"], false);
    std::thread::sleep(Duration::from_millis(300));
    assert_ne!(simulated.state().0, "READY");
    assert_eq!(home.run(&["sync", "start"]).code, 0);
    simulated.wait_for_state("READY", "normal");
}

#[test]
fn a_search_whose_index_is_gone_says_so_and_is_mended() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    simulated.peer_sends("needle", 1);
    simulated.until("the message", || if simulated.found("needle") == 1 { Ok(()) } else { Err("none".into()) });
    assert_eq!(home.run(&["stop"]).code, 0);
    rusqlite::Connection::open(home.session("main").join("wpp.db")).unwrap().execute_batch("DROP TABLE messages_fts").unwrap();
    for start in [false, true] {
        if start {
            assert_eq!(home.run(&["start"]).code, 0);
        }
        let (code, value) = home.json(&["search", "needle"]);
        assert_eq!((code, &value["data"]["mode"]), (0, &"degraded".into()), "{value}");
        assert_eq!(value["data"]["messages"].as_array().unwrap().len(), 1);
        assert!(value["next"][0].as_str().unwrap().contains("wpp search --rebuild"), "{value}");
    }
    // What comes while the index is broken is stored all the same.
    simulated.peer_sends("needle two", 1);
    simulated.until("the second", || if simulated.found("needle") == 2 { Ok(()) } else { Err("one".into()) });
    assert_eq!(home.run(&["search", "--rebuild"]).code, 0);
    let (_, value) = home.json(&["search", "needle"]);
    assert_eq!((&value["data"]["mode"], value["data"]["messages"].as_array().unwrap().len()), (&"fts".into(), 2));
}
