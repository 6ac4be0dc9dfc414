//! wpp.db under kill -9 at every disk operation: what was confirmed is there, nothing is there twice.
//!
//! The test binary runs itself as the process that is killed.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use wpp::session::messages::{Incoming, Messages, OutboxState, UNDECRYPTABLE};

const CHAT: &str = "31612345678@s.whatsapp.net";

fn incoming(id: &str, kind: &str) -> Incoming {
    let text = if kind == UNDECRYPTABLE { String::new() } else { format!("text of {id}") };
    Incoming { id: id.into(), chat: CHAT.into(), sender: CHAT.into(), kind: kind.into(), text, sent_ms: 1, ..Incoming::default() }
}

/// All the work; each line of the log says that a step was confirmed to its caller.
fn work(folder: &Path) {
    let mut log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("confirmed")).unwrap();
    let mut done = |step: &str| writeln!(log, "{step}").unwrap();
    let messages = Messages::open(&folder.join("wpp.db")).unwrap();
    done("open");
    for id in ["m1", "m2"] {
        messages.ingest(&incoming(id, "text")).unwrap();
        done(id);
    }
    messages.ingest(&incoming("m3", UNDECRYPTABLE)).unwrap();
    done("m3 unreadable");
    messages.ingest(&incoming("m3", "text")).unwrap();
    done("m3");
    let now = wpp::clock::now_ms();
    for id in ["o1", "o2"] {
        // A message id of its own at every run: only the first may count.
        let fresh = format!("{id}-{}", std::process::id());
        let (row, _) = messages.enqueue(id, &fresh, CHAT, "out", now).unwrap();
        done(&format!("{id}={}", row.message_id));
    }
    while let Some(due) = messages.take_due(now + 1).unwrap() {
        done(&format!("sent {}={}", due.client_message_id, due.message_id));
        messages.answer(&due.message_id, None, now + 1).unwrap();
        done(&format!("answered {}", due.client_message_id));
    }
    messages.set_outbound_paused(true).unwrap();
    done("paused");
    messages.set_outbound_paused(false).unwrap();
}

#[test]
fn child() {
    let Some(folder) = std::env::var_os("WPP_TEST_CRASH_FOLDER") else { return };
    if let Ok(plan) = std::env::var("WPP_TEST_CRASH_PLAN") {
        wpp::disk::faults::arm(&plan).unwrap();
    }
    work(Path::new(&folder));
    std::fs::write(Path::new(&folder).join("count"), wpp::disk::faults::count().to_string()).unwrap();
}

/// Runs the child to its end or its death; says whether it lived.
fn run(folder: &Path, plan: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "messages_crash::child", "--test-threads", "1"]).env("WPP_TEST_CRASH_FOLDER", folder);
    match plan {
        Some(plan) => command.env("WPP_TEST_CRASH_PLAN", plan),
        None => command.env_remove("WPP_TEST_CRASH_PLAN"),
    };
    command.output().unwrap().status.success()
}

fn verify(folder: &Path, what: &str) {
    let messages = Messages::open(&folder.join("wpp.db")).unwrap_or_else(|error| panic!("{what}: {}", error.chain()));
    let confirmed = std::fs::read_to_string(folder.join("confirmed")).unwrap_or_default();
    let stored: BTreeMap<String, String> =
        messages.list(None, None, 100).unwrap().into_iter().map(|message| (message.id, message.text)).collect();
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for step in confirmed.lines() {
        if let Some((client, id)) = step.strip_prefix("sent ").unwrap_or(step).split_once('=') {
            // The id under which it was first queued, or handed over, is the id for ever.
            assert_eq!(*ids.entry(client).or_insert(id), id, "{what}: {client} changed its id");
            assert_eq!(messages.outgoing(client).unwrap().unwrap().message_id, id, "{what}");
        }
        match step {
            "m1" | "m2" | "m3" => assert_eq!(stored.get(step), Some(&format!("text of {step}")), "{what}: {step} is lost"),
            "m3 unreadable" => assert!(stored.contains_key("m3"), "{what}"),
            _ => {}
        }
        if let Some(client) = step.strip_prefix("answered ") {
            assert_eq!(messages.outgoing(client).unwrap().unwrap().state, OutboxState::Accepted, "{what}: {client}");
            assert!(stored.contains_key(ids[client]), "{what}: {client} is not among the messages");
        }
    }
    assert!(messages.sending().unwrap().is_empty(), "{what}: something is being sent by nobody");
    let counts = messages.counts().unwrap();
    assert_eq!((counts.inbound_waiting, messages.index_problem().unwrap()), (0, None), "{what}");
}

#[test]
fn killed_at_every_operation_nothing_confirmed_is_lost_and_nothing_is_doubled() {
    let clean = tempfile::tempdir().unwrap();
    assert!(run(clean.path(), None));
    let count: u64 = std::fs::read_to_string(clean.path().join("count")).unwrap().parse().unwrap();
    assert!(count > 40, "only {count} operations were seen");
    for number in 1..=count {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        assert!(!run(folder, Some(&format!("kill@{number}"))), "kill@{number} did not kill");
        let what = format!("killed at {number} of {count}");
        verify(folder, &what);
        // The same work again, as a caller that heard nothing would do it.
        assert!(run(folder, None), "{what}: the second run failed");
        verify(folder, &what);
        let messages = Messages::open(&folder.join("wpp.db")).unwrap();
        let kinds: Vec<String> = messages.events_after(0, 100).unwrap().events.into_iter().map(|event| event.kind).collect();
        let told = kinds.iter().filter(|kind| *kind == "message").count();
        // m1, m2, m3 unreadable and readable, and two that were sent: each told once.
        assert_eq!((messages.counts().unwrap().messages, told), (5, 6), "{what}: {kinds:?}");
        assert_eq!(messages.outbox(true, 10).unwrap().len(), 2, "{what}");
    }
}

#[test]
fn failing_at_every_operation_is_an_error_and_not_a_loss() {
    let clean = tempfile::tempdir().unwrap();
    assert!(run(clean.path(), None));
    let count: u64 = std::fs::read_to_string(clean.path().join("count")).unwrap().parse().unwrap();
    for number in (1..=count).step_by(3) {
        let place = tempfile::tempdir().unwrap();
        let what = format!("full disk at {number} of {count}");
        assert!(!run(place.path(), Some(&format!("full@{number}"))), "{what}: nobody was told");
        verify(place.path(), &what);
        assert!(run(place.path(), None), "{what}: the second run failed");
        verify(place.path(), &what);
    }
}
