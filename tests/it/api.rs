//! The local API, served in this process over a database of its own, with a double for the supervisor.

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use wpp::daemon::api::{self, Auth, AuthStage, OutboxState, SearchMode, SendRequest, Status, StreamEvent};
use wpp::daemon::client::Client;
use wpp::daemon::control::{self, Listener};
use wpp::daemon::hub::{Hub, Order};
use wpp::daemon::outbox::Outbox;
use wpp::error::{Error, ErrorKind};
use wpp::home::SessionPaths;
use wpp::session::messages::{Incoming, Messages};
use wpp::session::state::{Reason, State};

const PATIENCE: Duration = Duration::from_secs(60);
const ANNA: &str = "31612345678@s.whatsapp.net";

/// A served session; ends with the value.
struct Served {
    _folder: tempfile::TempDir,
    session: SessionPaths,
    messages: Messages,
    hub: Hub,
    orders: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<tokio::task::JoinHandle<wpp::error::Result<()>>>,
    runtime: tokio::runtime::Runtime,
}

fn status() -> Status {
    Status {
        session: "main".into(),
        state: State::Ready,
        reason: Reason::Normal,
        detail: None,
        since_ms: 1,
        pid: std::process::id(),
        version: "0".into(),
        started_ms: 1,
        paired: true,
        last_heard_ms: Some(1),
        reconnects: 2,
        outbound_paused: false,
        sync_enabled: true,
        outbox_pending: 0,
        messages: 0,
        last_event_id: 0,
        search_mode: SearchMode::Fts,
        edited_ms: None,
    }
}

fn auth(stage: AuthStage) -> Auth {
    Auth { stage, qr_code: None, qr_expires_ms: None, pair_code: None, detail: None }
}

impl Served {
    fn new() -> Served {
        let folder = tempfile::Builder::new().prefix("wpp-api-").tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let messages = Messages::open(&session.wpp_db()).unwrap();
        let (hub, mut received) = Hub::new(status(), auth(AuthStage::Idle), &messages).unwrap();
        let orders = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = {
            let _inside = runtime.enter();
            Listener::bind(&session).unwrap()
        };
        let outbox = Outbox::new(messages.clone(), 20_000);
        // The double: takes every order, accepts every message except those that say otherwise.
        let (taken, sender, linked) = (orders.clone(), outbox.clone(), hub.clone());
        runtime.spawn(async move {
            while let Some(order) = received.recv().await {
                taken.lock().unwrap().push(format!("{order:?}").split([' ', '{']).next().unwrap().to_owned());
                match order {
                    Order::Link { phone_number: Some(number), answer } if number.starts_with("999") => {
                        let error = Error::new(ErrorKind::Denied, "linking is not possible now").hint("wait");
                        answer.send(Err(error)).unwrap();
                    }
                    Order::Link { phone_number, answer } => {
                        linked.auth.send_replace(Auth { pair_code: phone_number, ..auth(AuthStage::Requesting) });
                        answer.send(Ok(())).unwrap();
                    }
                    Order::Sync { answer, .. } => answer.send(Ok(())).unwrap(),
                    Order::OutboxChanged => {
                        while let Some(due) = sender.next_due(wpp::clock::now_ms()).unwrap() {
                            let error = due.text.strip_prefix("refuse ");
                            if due.text != "silence" {
                                sender.on_ack(&due.message_id, error, wpp::clock::now_ms()).unwrap();
                            }
                        }
                    }
                    Order::Stop => return,
                }
            }
        });
        let (serving, at_end) = (hub.clone(), messages.clone());
        let server = runtime
            .spawn(async move { control::serve(listener, "main", serving, at_end, outbox, async { drop(stopped.await) }).await });
        Served { _folder: folder, session, messages, hub, orders, stop: Some(stop), server: Some(server), runtime }
    }

    fn client(&self) -> Client {
        Client::connect(&self.session).unwrap().with_timeout(PATIENCE)
    }

    /// Raw bytes there and back, as `curl` or something worse would send them.
    fn raw(&self, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.session.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server that refuses early need not read all.
        let _ = stream.write_all(request);
        if !["GET /", "POST /", "DELETE /"].iter().any(|start| request.starts_with(start.as_bytes())) {
            // No whole request: its end has to be told otherwise.
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn ask(&self, method: &str, target: &str, body: &str) -> (u16, Value) {
        let answer = self.raw(
            format!("{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                .as_bytes(),
        );
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())))
    }

    fn stop(&mut self) -> Duration {
        let started = Instant::now();
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, server).await.unwrap().unwrap().unwrap() });
        }
        started.elapsed()
    }
}

fn request(id: &str, text: &str, wait_ms: u64) -> SendRequest {
    SendRequest { client_message_id: Some(id.into()), to: ANNA.into(), text: text.into(), wait_ms }
}

fn incoming(id: &str, text: &str) -> Incoming {
    Incoming {
        id: id.into(),
        chat: ANNA.into(),
        sender: ANNA.into(),
        kind: "text".into(),
        text: text.into(),
        sent_ms: 5,
        ..Incoming::default()
    }
}

#[test]
fn the_socket_is_private_from_its_first_moment_and_goes_with_the_daemon() {
    let mut served = Served::new();
    let mode = std::fs::symlink_metadata(served.session.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(served.client().status().unwrap().state, State::Ready);
    assert!(served.stop() < Duration::from_secs(3));
    assert!(!served.session.socket().exists());
    assert_eq!(Client::connect(&served.session).unwrap_err().kind(), ErrorKind::Unreachable);
}

#[test]
fn a_leftover_socket_is_replaced_and_anything_else_in_its_place_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let session = SessionPaths::at(folder.path(), "main");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    drop(std::os::unix::net::UnixListener::bind(session.socket()).unwrap());
    let listener = Listener::bind(&session).unwrap();
    assert_eq!(Listener::bind(&session).unwrap_err().kind(), ErrorKind::Locked);
    drop(listener);
    assert!(!session.socket().exists());
    std::fs::write(session.socket(), "precious").unwrap();
    let error = Listener::bind(&session).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(!error.hints().is_empty());
    assert_eq!(std::fs::read_to_string(session.socket()).unwrap(), "precious");
    let long = SessionPaths::at(&folder.path().join("x".repeat(120)), "main");
    assert_eq!(Listener::bind(&long).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn status_health_readiness_and_metrics_tell_the_state() {
    let served = Served::new();
    served.messages.ingest(&incoming("1", "hello")).unwrap();
    let status = served.client().status().unwrap();
    assert_eq!((status.messages, status.reconnects, status.search_mode), (1, 2, SearchMode::Fts));
    assert_eq!(served.ask("GET", "/healthz", ""), (200, json!({ "ok": true })));
    assert_eq!(served.ask("GET", "/readyz", "").0, 200);
    served.hub.status.send_modify(|status| {
        status.state = State::Reconnecting;
        status.reason = Reason::KeepaliveTimeout;
    });
    assert_eq!(
        served.ask("GET", "/readyz", ""),
        (503, json!({ "ready": false, "state": "RECONNECTING", "reason": "keepalive_timeout" }))
    );
    let (code, text) = served.ask("GET", "/metrics", "");
    let text = text.as_str().unwrap().to_owned();
    assert_eq!(code, 200);
    for line in [
        "wpp_session_state{session=\"main\",state=\"RECONNECTING\",reason=\"keepalive_timeout\"} 1",
        "wpp_ready{session=\"main\"} 0",
        "wpp_messages{session=\"main\"} 1",
        "wpp_reconnects_total{session=\"main\"} 2",
        "# TYPE wpp_reconnects_total counter",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("31612345678"));
}

#[test]
fn sending_is_idempotent_and_tells_accepted_refused_and_waiting_apart() {
    let served = Served::new();
    let client = served.client();
    let first = client.send(&request("a", "hi", 5000)).unwrap();
    assert_eq!((first.state, first.duplicate), (OutboxState::Accepted, false));
    let again = client.send(&request("a", "hi", 5000)).unwrap();
    assert_eq!((again.state, again.duplicate, &again.message_id), (OutboxState::Accepted, true, &first.message_id));
    let error = client.send(&request("a", "other", 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let refused = client.send(&request("b", "refuse 479", 5000)).unwrap();
    assert_eq!((refused.state, refused.error.as_deref()), (OutboxState::Rejected, Some("479")));
    let started = Instant::now();
    let waiting = client.send(&request("c", "silence", 300)).unwrap();
    assert!(matches!(waiting.state, OutboxState::Queued | OutboxState::Sending));
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(served.ask("POST", "/v1/messages", &json!({ "to": ANNA, "text": "no id" }).to_string()).0 / 100, 2);
    assert_eq!(client.sent("b").unwrap().unwrap().state, OutboxState::Rejected);
    assert_eq!(client.sent("never / sent").unwrap(), None);
    assert_eq!(client.outbox(true, 10).unwrap().outbox.len(), 4);
    // What the server took is among the messages, once; what it refused is not.
    let texts: Vec<String> = client.messages(None, None, 10).unwrap().messages.into_iter().map(|message| message.text).collect();
    assert!(texts.contains(&"hi".to_owned()) && !texts.contains(&"refuse 479".to_owned()), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| *text == "hi").count(), 1);
}

#[test]
fn many_senders_with_one_id_are_one_message() {
    let served = Served::new();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| served.client().send(&request("same", "hi", 5000)).unwrap())).collect();
        let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(answers.iter().filter(|answer| !answer.duplicate).count(), 1);
        answers.into_iter().map(|answer| answer.message_id).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(served.messages.counts().unwrap().messages, 1);
}

#[test]
fn a_session_without_a_phone_queues_nothing_and_a_paused_one_does_not_wait() {
    let served = Served::new();
    let client = served.client();
    assert!(client.outbound(true).unwrap().paused);
    assert!(client.status().unwrap().outbound_paused);
    let started = Instant::now();
    assert_eq!(client.send(&request("a", "hi", 9000)).unwrap().state, OutboxState::Queued);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(client.outbound(false).unwrap().pending, 1);
    assert_eq!(client.send(&request("a", "hi", 9000)).unwrap().state, OutboxState::Accepted);
    served.hub.status.send_modify(|status| status.state = State::AuthRequired);
    let error = client.send(&request("b", "hi", 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginNeeded);
    assert!(error.hints()[0].contains("wpp reauth"));
    assert_eq!(client.sent("b").unwrap(), None);
    assert!(client.send(&request("a", "hi", 0)).unwrap().duplicate);
}

#[test]
fn linking_sync_and_stop_are_ordered_from_the_supervisor() {
    let served = Served::new();
    let client = served.client();
    assert_eq!(client.auth().unwrap().stage, AuthStage::Idle);
    assert_eq!(client.begin_auth(None).unwrap().stage, AuthStage::Requesting);
    assert_eq!(client.begin_auth(Some("+31 6 1234 5678")).unwrap().pair_code.as_deref(), Some("31612345678"));
    assert_eq!(client.begin_auth(Some("12")).unwrap_err().kind(), ErrorKind::Usage);
    let error = client.begin_auth(Some("9991234567")).unwrap_err();
    assert_eq!(
        (error.kind(), error.message(), error.hints()),
        (ErrorKind::Denied, "linking is not possible now", &["wait".to_owned()][..])
    );
    assert!(
        !client.set_sync(false).unwrap().enabled && !client.sync().unwrap().enabled && !client.status().unwrap().sync_enabled
    );
    assert!(client.set_sync(true).unwrap().enabled);
    client.stop().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while served.orders.lock().unwrap().len() < 6 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(*served.orders.lock().unwrap(), ["Link", "Link", "Link", "Sync", "Sync", "Stop"]);
    // The double has ended, as a supervisor does that drains.
    let error = client.begin_auth(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(client.status().is_ok());
}

#[test]
fn chats_messages_and_search_come_from_the_database() {
    let served = Served::new();
    for number in 0..30 {
        served.messages.ingest(&incoming(&number.to_string(), &format!("word{number} all"))).unwrap();
    }
    let client = served.client();
    assert_eq!(client.chats().unwrap().chats[0].messages, 30);
    assert_eq!(client.messages(Some(ANNA), None, 7).unwrap().messages.len(), 7);
    assert_eq!(client.messages(Some("other & chat"), None, 7).unwrap().messages, []);
    assert_eq!(client.messages(None, Some(5), 7).unwrap().messages, []);
    let found = client.search("word7", 10).unwrap();
    assert_eq!((found.mode, found.messages.len()), (SearchMode::Fts, 1));
    assert_eq!(client.search("all", 12).unwrap().messages.len(), 12);
    for nasty in ["\"", "a\" OR \"b", "*", "text:x", "100%", "a&b=c#d", "\u{0}x", "été 🎉"] {
        client.search(nasty, 5).unwrap();
    }
    assert_eq!(client.search(" ", 5).unwrap_err().kind(), ErrorKind::Usage);
    rusqlite::Connection::open(served.session.wpp_db()).unwrap().execute_batch("DROP TABLE messages_fts").unwrap();
    let found = client.search("word7", 10).unwrap();
    assert_eq!((found.mode, found.messages.len()), (SearchMode::Degraded, 1));
    assert!(found.problem.is_some());
    assert_eq!(client.status().unwrap().search_mode, SearchMode::Degraded);
    client.rebuild_search().unwrap();
    assert_eq!(client.search("word7", 10).unwrap().mode, SearchMode::Fts);
}

#[test]
fn bad_requests_are_answered_in_json_with_a_code_and_a_hint() {
    let served = Served::new();
    let huge = json!({ "to": ANNA, "text": "x".repeat(600 * 1024) }).to_string();
    let deep = "[".repeat(50_000);
    let cases: Vec<(&str, &str, &str, u16, &str)> = vec![
        ("GET", "/nothing", "", 404, "NOT_FOUND"),
        ("GET", "/v1/outbox/%ff", "", 404, "NOT_FOUND"),
        ("DELETE", "/v1/status", "", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/v1/messages", "", 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", "{", 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", "[]", 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", &deep, 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", "{\"to\":\"me\",\"text\":\"x\"}", 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", "{\"to\":\"31612345678\",\"text\":\"x\",\"unknown\":1}", 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", "{\"to\":\"31612345678\",\"text\":\"\"}", 400, "REQUEST_INVALID"),
        ("POST", "/v1/messages", &huge, 413, "REQUEST_INVALID"),
        ("POST", "/v1/sync", "{}", 400, "REQUEST_INVALID"),
        ("POST", "/v1/auth", "{\"phone_number\":7}", 400, "REQUEST_INVALID"),
        ("GET", "/v1/messages?limit=x", "", 400, "REQUEST_INVALID"),
        ("GET", "/v1/messages?limit=-1", "", 400, "REQUEST_INVALID"),
        ("GET", "/v1/messages?what=1", "", 400, "REQUEST_INVALID"),
        ("GET", "/v1/search", "", 400, "REQUEST_INVALID"),
        ("GET", "/v1/events?after=x", "", 400, "REQUEST_INVALID"),
    ];
    for (method, target, body, status, code) in cases {
        let (seen, error) = served.ask(method, target, body);
        let what = format!("{method} {target} {}: {error}", &body[..body.len().min(60)]);
        assert_eq!((seen, error["code"].as_str()), (status, Some(code)), "{what}");
        assert_eq!(error["session"], "main", "{what}");
        assert!(error["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "{what}");
    }
    let answer = served.raw(b"GET /v1/events HTTP/1.1\r\nhost: x\r\nlast-event-id: soon\r\nconnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("REQUEST_INVALID"), "{answer}");
    // Whatever is no HTTP at all does no harm.
    for garbage in [&b"\x16\x03\x01 tls?"[..], b"GET", b"\r\n\r\n", &[0xff; 70_000]] {
        served.raw(garbage);
    }
    assert_eq!(served.client().status().unwrap().state, State::Ready);
    assert_eq!(served.messages.counts().unwrap().outbox_pending, 0);
}

/// Reads the stream on a thread until so many events have come.
fn follow(client: Client, after: Option<i64>, count: usize) -> std::thread::JoinHandle<Vec<StreamEvent>> {
    std::thread::spawn(move || {
        let mut events = Vec::new();
        client
            .events(after, true, |event| {
                events.push(event);
                if events.len() == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        events
    })
}

#[test]
fn an_event_stream_has_no_gap_between_what_was_stored_and_what_comes() {
    let served = Served::new();
    const WRITERS: usize = 4;
    const EACH: usize = 200;
    let first = served.messages.add_event("first", &json!({})).unwrap();
    // Readers that begin while events are being written, at whatever moment.
    let readers: Vec<_> = std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let messages = served.messages.clone();
            scope.spawn(move || {
                for number in 0..EACH {
                    messages.add_event("n", &json!({ "writer": writer, "number": number })).unwrap();
                }
            });
        }
        (0..5)
            .map(|pause| {
                std::thread::sleep(Duration::from_millis(pause * 7));
                follow(served.client(), Some(first), WRITERS * EACH)
            })
            .collect()
    });
    let stored = served.messages.events_after(first, 10_000).unwrap().events;
    assert_eq!(stored.len(), WRITERS * EACH);
    for reader in readers {
        assert_eq!(reader.join().unwrap(), stored);
    }
}

#[test]
fn a_stream_is_resumed_by_header_begins_with_what_comes_and_tells_of_a_gap() {
    let mut served = Served::new();
    let ids: Vec<i64> = (0..600).map(|number| served.messages.add_event("n", &json!(number)).unwrap()).collect();
    let answer = served.raw(
        format!(
            "GET /v1/events?follow=false&after=0 HTTP/1.1\r\nhost: x\r\nlast-event-id: {}\r\nconnection: close\r\n\r\n",
            ids[597]
        )
        .as_bytes(),
    );
    let seen: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(seen, [ids[598].to_string(), ids[599].to_string()], "{answer}");
    assert!(answer.contains("content-type: text/event-stream") && answer.contains("event: n"), "{answer}");

    // Everything kept, over more than one page, and an end.
    let mut all = Vec::new();
    served
        .client()
        .events(None, false, |event| {
            all.push(event.id);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(all, ids);

    // Without an id: what comes, and nothing before.
    let reader = follow(served.client(), None, 1);
    let mut next = Vec::new();
    while !reader.is_finished() {
        // It may begin to listen at any moment of these.
        assert!(next.len() < 600, "nothing came");
        next.push(served.messages.add_event("next", &json!({})).unwrap());
        std::thread::sleep(Duration::from_millis(100));
    }
    let first = reader.join().unwrap()[0].id;
    assert!(first > ids[599] && next.contains(&first), "{first} of {next:?}");

    // A reader from before the oldest event kept is told so.
    rusqlite::Connection::open(served.session.wpp_db())
        .unwrap()
        .execute_batch(&format!(
            "DELETE FROM events WHERE id <= {0}; INSERT INTO settings VALUES ('events_pruned_through', '{0}', 0)",
            ids[99]
        ))
        .unwrap();
    let events = follow(served.client(), Some(ids[10]), 2).join().unwrap();
    assert_eq!((events[0].kind.as_str(), events[0].id, events[1].id), ("gap", ids[99], ids[100]));
    assert_eq!(events[0].data["lost_after"], ids[10]);

    // A stopping daemon ends the streams instead of waiting for them.
    let client = served.client();
    let (came, comes) = std::sync::mpsc::channel();
    let last = *next.last().unwrap();
    let reader = std::thread::spawn(move || {
        client.events(Some(ids[100]), true, |event| {
            if event.id == last {
                came.send(()).unwrap();
            }
            ControlFlow::Continue(())
        })
    });
    // It has read all that is kept, and waits for more.
    comes.recv_timeout(PATIENCE).unwrap();
    assert!(served.stop() < Duration::from_secs(8));
    reader.join().unwrap().unwrap();
}

#[test]
fn readers_that_went_away_give_their_place_back() {
    let served = Served::new();
    for _ in 0..3 {
        let deadline = Instant::now() + PATIENCE;
        // Those of the round before may still be on their way out.
        let held: Vec<UnixStream> = (0..64)
            .map(|number| {
                loop {
                    let mut stream = UnixStream::connect(served.session.socket()).unwrap();
                    stream.write_all(b"GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    let mut head = [0_u8; 12];
                    stream.read_exact(&mut head).unwrap();
                    if &head == b"HTTP/1.1 200" {
                        return stream;
                    }
                    assert_eq!(&head, b"HTTP/1.1 503");
                    assert!(Instant::now() < deadline, "{number} places came back");
                    std::thread::sleep(Duration::from_millis(20));
                }
            })
            .collect();
        let (code, error) = served.ask("GET", "/v1/events", "");
        assert_eq!((code, error["code"].as_str()), (503, Some("TOO_MANY_STREAMS")));
        drop(held);
    }
}

#[test]
fn a_write_that_waits_does_not_hold_up_what_reads() {
    let served = Served::new();
    // Somebody holds the write lock: what must write waits, what reads does not.
    let raw = rusqlite::Connection::open(served.session.wpp_db()).unwrap();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let blocked: Vec<_> = (0..4)
            .map(|number| {
                let client = served.client();
                scope.spawn(move || client.send(&request(&format!("blocked{number}"), "hi", 0)))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(100));
        let started = Instant::now();
        served.client().status().unwrap();
        assert_eq!(served.ask("GET", "/healthz", "").0, 200);
        // One that waited for the lock would have to wait for as long as a database lets it, which is longer.
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
        raw.execute_batch("ROLLBACK").unwrap();
        for thread in blocked {
            thread.join().unwrap().unwrap();
        }
    });
}

// ── The document ──

fn document() -> Value {
    serde_json::from_str(control::OPENAPI).unwrap()
}

#[test]
fn the_document_is_served_and_names_every_route_and_no_other() {
    let served = Served::new();
    assert_eq!(served.ask("GET", "/openapi.json", "").1, document());
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    described.sort();
    let mut routed: Vec<String> = control::route_names().into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    routed.sort();
    assert_eq!(described, routed);
    // And each of them answers: neither missing nor of another method.
    for route in routed {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{client_message_id}", "x");
        let target = if path == "/v1/events" { "/v1/events?follow=false".to_owned() } else { path };
        let (_, answer) = served.ask(method, &target, "");
        let missing = answer["code"] == "METHOD_NOT_ALLOWED"
            || answer["message"].as_str().is_some_and(|text| text.contains("there is nothing at"));
        assert!(!missing, "{route}: {answer}");
    }
}

/// Holds one value against a schema of the document: no unknown member, none missing, types right.
fn check(schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => document().pointer(name.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{name}")).clone(),
        None => schema.clone(),
    };
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !fits || schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        wrong.push(format!("{place}: {value} is not {schema}"));
    }
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, member) in members {
            match properties.get(name) {
                Some(schema) => check(schema, member, &format!("{place}.{name}"), wrong),
                None => wrong.push(format!("{place}.{name} is not described")),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                wrong.push(format!("{place}.{name} is missing"));
            }
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{place}[{number}]"), wrong);
    }
}

#[test]
fn what_the_daemon_answers_is_what_the_document_says() {
    let served = Served::new();
    served.messages.ingest(&incoming("1", "hello")).unwrap();
    served.hub.auth.send_replace(Auth {
        qr_code: Some("q".into()),
        qr_expires_ms: Some(1),
        pair_code: Some("p".into()),
        detail: Some("d".into()),
        ..auth(AuthStage::Qr)
    });
    served.hub.status.send_modify(|status| status.detail = Some("d".into()));
    served.ask("POST", "/v1/messages", &json!(request("r", "refuse 1", 2000)).to_string());
    let mut wrong = Vec::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let body = match (method.as_str(), path.as_str()) {
                ("post", "/v1/messages") => json!(request("s", "hi", 2000)).to_string(),
                ("post", "/v1/sync") => json!(api::Sync { enabled: true }).to_string(),
                _ => String::new(),
            };
            let target = match path.as_str() {
                "/v1/search" => "/v1/search?q=hello".to_owned(),
                "/v1/outbox" => "/v1/outbox?all=true".to_owned(),
                // Not JSON, read by other tests; and the end of the double comes last.
                "/v1/events" | "/metrics" | "/openapi.json" | "/v1/stop" => continue,
                path => path.replace("{client_message_id}", "r"),
            };
            let (code, answer) = served.ask(&method.to_uppercase(), &target, &body);
            assert_eq!(code / 100, 2, "{method} {path}: {answer}");
            let schema = &operation["responses"][code.to_string()]["content"]["application/json"]["schema"];
            // Readiness is described where it is not.
            let schema = if path == "/readyz" { &json!({ "$ref": "#/components/schemas/Ready" }) } else { schema };
            assert!(!schema.is_null(), "{method} {path} {code}");
            check(schema, &answer, &format!("{method} {path}"), &mut wrong);
        }
    }
    let (_, error) = served.ask("GET", "/nothing", "");
    check(&json!({ "$ref": "#/components/schemas/ApiError" }), &error, "error", &mut wrong);
    for event in served.messages.events_after(0, 100).unwrap().events {
        check(&json!({ "$ref": "#/components/schemas/StreamEvent" }), &json!(event), "event", &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_check_of_the_document_sees_what_is_wrong() {
    let mut wrong = Vec::new();
    let schema = json!({ "$ref": "#/components/schemas/Sync" });
    check(&schema, &json!({ "enabled": "yes" }), "a", &mut wrong);
    check(&schema, &json!({ "enabled": true, "more": 1 }), "b", &mut wrong);
    check(&schema, &json!({}), "c", &mut wrong);
    check(&json!({ "$ref": "#/components/schemas/State" }), &json!("NO"), "d", &mut wrong);
    assert_eq!(wrong.len(), 4, "{wrong:?}");
}
