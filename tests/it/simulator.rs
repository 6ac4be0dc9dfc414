//! The simulator against the real, unmodified client library, in process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::prelude::*;
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::types::durability_hook::InboundDurabilityHook;
use wpp::whatsapp::simulator::{Endpoint, Knob, Options, Request, Simulator, control, seed};

use crate::harness::TestHome;

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(60);

const PEER: &str = "15550001111";

/// A folder with a simulator's state and a client's store.
struct Bench {
    folder: tempfile::TempDir,
    simulator: Option<Simulator>,
}

impl Bench {
    async fn new() -> Bench {
        let folder = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
        let mut bench = Bench { folder, simulator: None };
        bench.start().await;
        bench
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("simulator")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("session.db")
    }

    async fn start(&mut self) {
        let options = Options { directory: self.directory(), listen: "127.0.0.1:0".parse().unwrap() };
        self.simulator = Some(Simulator::start(options).await.unwrap());
    }

    async fn stop(&mut self) {
        self.simulator.take().unwrap().stop().await;
    }

    fn simulator(&self) -> &Simulator {
        self.simulator.as_ref().unwrap()
    }

    async fn ask(&self, request: Request) -> Value {
        self.simulator().execute(request).await.unwrap()
    }

    async fn set(&self, knob: Knob) {
        self.ask(Request::Set { knob }).await;
    }

    /// A client on this bench's store.
    async fn client(&self) -> TestClient {
        TestClient::connect(&self.store(), self.simulator()).await
    }

    /// A paired client, connected.
    async fn paired(&self) -> TestClient {
        let mut client = self.client().await;
        client.pair(self.simulator()).await;
        client
    }

    async fn inbox(&self, peer: &str) -> Vec<Value> {
        let answer = self.ask(Request::PeerInbox { peer: peer.to_owned() }).await;
        answer["messages"].as_array().unwrap().clone()
    }

    async fn texts(&self, peer: &str) -> Vec<String> {
        self.inbox(peer).await.iter().filter_map(|message| message["text"].as_str().map(str::to_owned)).collect()
    }

    async fn counters(&self) -> Value {
        self.ask(Request::Status).await["counters"].clone()
    }

    /// Waits until a condition on the simulator holds.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Bench) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self).await {
            assert!(Instant::now() < deadline, "{what}: {}", self.ask(Request::Status).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The ids of the messages that a client has made its own: its database, so to speak.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<BTreeSet<String>>>);

#[async_trait::async_trait]
impl InboundDurabilityHook for Ledger {
    async fn on_messages(&self, _client: Arc<Client>, batch: &[InboundMessage]) -> whatsapp_rust::anyhow::Result<()> {
        self.0.lock().unwrap().extend(batch.iter().map(|message| message.info.id.to_string()));
        Ok(())
    }
}

/// The real client with its events.
struct TestClient {
    handle: Option<BotHandle>,
    client: Arc<Client>,
    events: UnboundedReceiver<Arc<Event>>,
}

impl TestClient {
    async fn connect(store: &Path, simulator: &Simulator) -> TestClient {
        TestClient::connect_to(store, simulator, None).await
    }

    /// Connects; an unpaired client asks to be linked by code when a number is given.
    async fn connect_to(store: &Path, simulator: &Simulator, number: Option<&str>) -> TestClient {
        TestClient::connect_keeping(store, simulator, number, &Ledger::default()).await
    }

    /// Connects; what the ledger has is acknowledged, and nothing else.
    async fn connect_keeping(store: &Path, simulator: &Simulator, number: Option<&str>, kept: &Ledger) -> TestClient {
        seed::seed_store(store, &simulator.endpoint()).await.unwrap();
        TestClient::connect_unprepared(store, simulator, number, kept).await
    }

    /// Connects with the store as it is.
    async fn connect_unprepared(store: &Path, simulator: &Simulator, number: Option<&str>, kept: &Ledger) -> TestClient {
        let (sender, events) = unbounded_channel();
        let mut builder = Bot::builder()
            .with_backend(SqliteStore::new(store.to_str().unwrap()).await.unwrap())
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(simulator.url()))
            .with_version((2, 3000, 1_042_742_319))
            .skip_history_sync()
            .with_inbound_durability_hook(kept.clone())
            .with_event_delivery(EventDelivery::Ordered { capacity: 4096 })
            .on_event(move |event, _| {
                let _ = sender.send(event);
                async {}
            });
        if let Some(number) = number {
            builder = builder.with_pair_code(PairCodeOptions { phone_number: number.to_owned(), ..Default::default() });
        }
        let handle = builder.build().await.unwrap().spawn();
        TestClient { client: handle.client(), handle: Some(handle), events }
    }

    /// The next event that `pick` takes; others are passed over.
    async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.recv().await.unwrap_or_else(|| panic!("the client ended before: {what}"));
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(found) => found,
            Err(_) => panic!("the client did not report: {what}"),
        }
    }

    async fn pair(&mut self, simulator: &Simulator) {
        let code = self
            .wait("a QR code", |event| match event {
                Event::PairingQrCode(qr) => Some(qr.code.clone()),
                _ => None,
            })
            .await;
        simulator.execute(Request::PhoneScan { code }).await.unwrap();
        self.wait("pair success", |event| matches!(event, Event::PairSuccess(_)).then_some(())).await;
        self.connected().await;
    }

    async fn connected(&mut self) {
        self.wait("connected", |event| matches!(event, Event::Connected(_)).then_some(())).await;
    }

    /// Sends a text and returns its id.
    async fn send(&self, to: &str, text: &str) -> String {
        let to: Jid = if to.contains('@') { to.parse().unwrap() } else { Jid::pn(to) };
        self.client.send_text(&to, text).await.unwrap().message_id
    }

    /// The server's answer to a message: the error, if it is one.
    async fn acknowledged(&mut self, id: &str) -> Option<String> {
        self.wait("an ack", |event| match event {
            Event::ServerAck(ack) if ack.id == id && ack.class.as_deref() == Some("message") => Some(ack.error.clone()),
            _ => None,
        })
        .await
    }

    /// The next `count` decrypted messages: sender, text, whether the account wrote it.
    async fn messages(&mut self, count: usize) -> Vec<(String, String, bool)> {
        let mut found = Vec::new();
        while found.len() < count {
            let batch = self
                .wait("a message", |event| match event {
                    Event::Messages(batch) => Some(batch.clone()),
                    _ => None,
                })
                .await;
            // Messages between the account's own devices have no text.
            for message in batch.iter().filter(|message| message.message.text_content().is_some()) {
                found.push((
                    message.info.source.chat.to_string(),
                    message.message.text_content().unwrap_or_default().to_owned(),
                    message.info.source.is_from_me,
                ));
            }
        }
        found
    }

    async fn shutdown(mut self) {
        if let Some(handle) = self.handle.take() {
            tokio::time::timeout(PATIENCE, handle.shutdown()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairing_by_qr_code_ends_connected() {
    let bench = Bench::new().await;
    let mut client = bench.client().await;
    let begun = Instant::now();
    client.pair(bench.simulator()).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "pairing took {:?}", begun.elapsed());
    let status = bench.ask(Request::Status).await;
    assert_eq!(status["companions"][0]["connected"], true, "{status}");
    assert_eq!(status["counters"]["faults"], 0, "{status}");
    assert_eq!(status["connections"][0]["handshake"], "ik", "{status}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_go_both_ways_and_are_really_encrypted() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    for round in 1..=3 {
        let text = format!("there {round} ✓");
        let id = client.send(PEER, &text).await;
        assert_eq!(client.acknowledged(&id).await, None);
        bench.ask(Request::PeerSend { from: PEER.into(), text: format!("back {round}"), count: 1, group: None }).await;
        let (chat, back, from_me) = client.messages(1).await.remove(0);
        assert_eq!((chat.as_str(), back, from_me), ("15550001111@s.whatsapp.net", format!("back {round}"), false));
    }
    assert_eq!(bench.texts(PEER).await, ["there 1 ✓", "there 2 ✓", "there 3 ✓"]);
    // The phone has a copy of everything that its companion sent.
    let copies = bench.ask(Request::PhoneInbox).await;
    assert_eq!(copies["messages"].as_array().unwrap().len(), 3, "{copies}");
    bench.until("the queue is empty", async |bench| bench.ask(Request::Status).await["companions"][0]["queued"] == 0).await;
    let counters = bench.counters().await;
    assert_eq!(counters["faults"], 0, "{counters}");
    assert_eq!(counters["unknown_requests"], serde_json::json!({}), "{counters}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_writes_first_and_is_answered() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.ask(Request::PeerSend { from: "447700900123".into(), text: "hi".into(), count: 3, group: None }).await;
    let texts: Vec<String> = client.messages(3).await.into_iter().map(|message| message.1).collect();
    assert_eq!(texts, ["hi 1", "hi 2", "hi 3"]);
    let id = client.send("447700900123", "hello, stranger").await;
    assert_eq!(client.acknowledged(&id).await, None);
    assert_eq!(bench.texts("447700900123").await, ["hello, stranger"]);
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_outside_whatsapp_are_reported() {
    let bench = Bench::new().await;
    let client = bench.paired().await;
    let numbers = [Jid::pn(PEER), Jid::pn("9991234567")];
    let found = client.client.contacts().is_on_whatsapp(&numbers).await.unwrap();
    let registered: Vec<bool> = found.iter().map(|user| user.is_registered).collect();
    assert_eq!(registered, [true, false], "{found:?}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_client_logs_in_again_and_talks_on() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    let id = client.send(PEER, "before").await;
    assert_eq!(client.acknowledged(&id).await, None);
    client.shutdown().await;

    let mut client = bench.client().await;
    let begun = Instant::now();
    client.connected().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "a paired start took {:?}", begun.elapsed());
    let id = client.send(PEER, "after").await;
    assert_eq!(client.acknowledged(&id).await, None);
    assert_eq!(bench.texts(PEER).await, ["before", "after"]);
    let status = bench.ask(Request::Status).await;
    assert_eq!(status["counters"]["pairings"], 1, "{status}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_simulator_remembers_companions_and_ratchets() {
    let mut bench = Bench::new().await;
    let mut client = bench.paired().await;
    let id = client.send(PEER, "one").await;
    assert_eq!(client.acknowledged(&id).await, None);
    bench.ask(Request::PeerSend { from: PEER.into(), text: "two".into(), count: 1, group: None }).await;
    client.messages(1).await;
    client.shutdown().await;
    let key = bench.simulator().server_public_key();
    bench.stop().await;
    assert!(!Endpoint::path(&bench.directory()).exists());

    bench.start().await;
    assert_eq!(bench.simulator().server_public_key(), key);
    let endpoint = Endpoint::read(&bench.directory()).unwrap().unwrap();
    assert_eq!(endpoint, bench.simulator().endpoint());
    let mut client = bench.client().await;
    client.connected().await;
    let id = client.send(PEER, "three").await;
    assert_eq!(client.acknowledged(&id).await, None);
    bench.ask(Request::PeerSend { from: PEER.into(), text: "four".into(), count: 1, group: None }).await;
    assert_eq!(client.messages(1).await[0].1, "four");
    assert_eq!(bench.texts(PEER).await, ["one", "three"]);
    let counters = bench.counters().await;
    assert_eq!(counters["retries_asked_by_companions"], 0, "{counters}");
    assert_eq!(counters["retries_asked_by_others"], 0, "{counters}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_while_the_client_was_down_arrives() {
    let mut bench = Bench::new().await;
    let client = bench.paired().await;
    client.shutdown().await;
    bench.ask(Request::PeerSend { from: PEER.into(), text: "m".into(), count: 250, group: None }).await;
    // The queue outlives the simulator too.
    bench.stop().await;
    bench.start().await;
    let mut client = bench.client().await;
    let texts: Vec<String> = client.messages(250).await.into_iter().map(|message| message.1).collect();
    let expected: Vec<String> = (1..=250).map(|number| format!("m {number}")).collect();
    assert_eq!(texts, expected);
    bench.until("it is connected", async |bench| bench.ask(Request::Status).await["companions"][0]["active"] == true).await;
    bench.until("the queue is empty", async |bench| bench.ask(Request::Status).await["companions"][0]["queued"] == 0).await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nack_reaches_the_sender_and_nobody_else() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.set(Knob::NackSends { code: 479, times: Some(1) }).await;
    let id = client.send(PEER, "refused").await;
    assert_eq!(client.acknowledged(&id).await.as_deref(), Some("479"));
    let id = client.send(PEER, "accepted").await;
    assert_eq!(client.acknowledged(&id).await, None);
    assert_eq!(bench.texts(PEER).await, ["accepted"]);
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_ack_hides_a_delivery() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.set(Knob::DropAcks { times: Some(1) }).await;
    let silent = client.send(PEER, "no ack").await;
    bench.until("the peer has it", async |bench| bench.texts(PEER).await == ["no ack"]).await;
    let id = client.send(PEER, "ack").await;
    client
        .wait("the second ack", |event| match event {
            Event::ServerAck(ack) if ack.class.as_deref() == Some("message") => {
                assert_ne!(ack.id, silent);
                (ack.id == id).then_some(())
            }
            _ => None,
        })
        .await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_logins_say_why() {
    for (code, expected) in [(401, "logged out"), (402, "banned"), (403, "logged out"), (405, "outdated"), (503, "failure")] {
        let bench = Bench::new().await;
        bench.paired().await.shutdown().await;
        bench.set(Knob::LoginFailure { code, times: Some(1), expire_s: None }).await;
        let mut client = bench.client().await;
        let seen = client
            .wait("a refusal", |event| match event {
                Event::LoggedOut(_) => Some("logged out"),
                Event::TemporaryBan(_) => Some("banned"),
                Event::ClientOutdated(_) => Some("outdated"),
                Event::ConnectFailure(_) => Some("failure"),
                _ => None,
            })
            .await;
        assert_eq!(seen, expected, "code {code}");
        if code == 503 {
            client.connected().await;
        }
        client.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_errors_mean_what_they_say() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.ask(Request::StreamError { code: 515 }).await;
    client.connected().await;
    bench.ask(Request::StreamError { code: 503 }).await;
    client.wait("a disconnect", |event| matches!(event, Event::Disconnected(_)).then_some(())).await;
    client.connected().await;
    bench.ask(Request::StreamError { code: 409 }).await;
    client.wait("replaced", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
    client.shutdown().await;

    let mut client = bench.client().await;
    client.connected().await;
    bench.ask(Request::StreamError { code: 401 }).await;
    client.wait("logged out", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_login_replaces_the_first() {
    let bench = Bench::new().await;
    let mut first = bench.paired().await;
    let copy = bench.folder.path().join("copy.db");
    let source = rusqlite::Connection::open(bench.store()).unwrap();
    source.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let mut second = TestClient::connect(&copy, bench.simulator()).await;
    second.connected().await;
    first.wait("replaced", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlinked_companion_stays_out() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.ask(Request::PhoneUnlink { companion: None }).await;
    client.wait("logged out", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    client.shutdown().await;
    let mut client = bench.client().await;
    client
        .wait("logged out at connect", |event| match event {
            Event::LoggedOut(out) => Some(out.on_connect),
            _ => None,
        })
        .await
        .then_some(())
        .expect("told at connect");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_of_the_client_unlinks_it() {
    let bench = Bench::new().await;
    let client = bench.paired().await;
    client.client.logout().await;
    client.shutdown().await;
    let status = bench.ask(Request::Status).await;
    assert_eq!(status["companions"][0]["unlinked"], true, "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_takes_the_login_and_says_nothing() {
    let bench = Bench::new().await;
    bench.paired().await.shutdown().await;
    bench.set(Knob::Silent).await;
    let mut client = bench.client().await;
    let heard = tokio::time::timeout(Duration::from_millis(700), client.events.recv()).await;
    assert!(heard.is_err(), "the client heard {heard:?}");
    assert!(!client.client.is_logged_in());
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_connections_come_back_on_the_same_port() {
    let bench = Bench::new().await;
    bench.paired().await.shutdown().await;
    let address = bench.simulator().url().trim_start_matches("ws://").split('/').next().unwrap().to_owned();
    bench.set(Knob::Refuse).await;
    bench.until("nobody listens", async |_| tokio::net::TcpStream::connect(&address).await.is_err()).await;
    let mut client = bench.client().await;
    bench.ask(Request::Clear { knob: None }).await;
    client.connected().await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_mended_by_the_client() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.ask(Request::Close).await;
    client.wait("a disconnect", |event| matches!(event, Event::Disconnected(_)).then_some(())).await;
    client.connected().await;
    // The next thing that the client says costs it the connection.
    bench.set(Knob::CloseAfter { frames: 0 }).await;
    let asking = Arc::clone(&client.client);
    let question = tokio::spawn(async move { asking.contacts().is_on_whatsapp(&[Jid::pn(PEER)]).await.is_ok() });
    client.wait("a disconnect", |event| matches!(event, Event::Disconnected(_)).then_some(())).await;
    bench.ask(Request::Clear { knob: None }).await;
    client.connected().await;
    question.abort();
    let id = client.send(PEER, "mended").await;
    assert_eq!(client.acknowledged(&id).await, None);
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server_is_slow() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.set(Knob::Slow { ms: 150 }).await;
    let begun = Instant::now();
    let id = client.send(PEER, "slowly").await;
    assert_eq!(client.acknowledged(&id).await, None);
    assert!(begun.elapsed() >= Duration::from_millis(150));
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_the_client_cannot_read_is_sent_again() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    let id = client.send(PEER, "hello").await;
    assert_eq!(client.acknowledged(&id).await, None);
    bench.ask(Request::PeerSend { from: PEER.into(), text: "one".into(), count: 1, group: None }).await;
    client.messages(1).await;
    client.shutdown().await;
    // The client forgets the session, as after a restore that left it out.
    let store = rusqlite::Connection::open(bench.store()).unwrap();
    assert!(store.execute("DELETE FROM sessions", []).unwrap() >= 1);
    drop(store);

    let mut client = bench.client().await;
    client.connected().await;
    bench.ask(Request::PeerSend { from: PEER.into(), text: "two".into(), count: 1, group: None }).await;
    assert_eq!(client.messages(1).await[0].1, "two");
    let counters = bench.counters().await;
    assert!(counters["retries_asked_by_companions"].as_u64().unwrap() >= 1, "{counters}");
    bench.until("the queue is empty", async |bench| bench.ask(Request::Status).await["companions"][0]["queued"] == 0).await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_the_peer_cannot_read_is_sent_again() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    // A round trip, so that the client no longer sends pre-key messages.
    let id = client.send(PEER, "one").await;
    assert_eq!(client.acknowledged(&id).await, None);
    bench.ask(Request::PeerSend { from: PEER.into(), text: "back".into(), count: 1, group: None }).await;
    client.messages(1).await;
    bench.ask(Request::PeerForget { peer: PEER.into() }).await;
    let id = client.send(PEER, "two").await;
    assert_eq!(client.acknowledged(&id).await, None);
    bench.until("the peer can read it", async |bench| bench.texts(PEER).await == ["one", "two"]).await;
    let inbox = bench.inbox(PEER).await;
    assert!(inbox[1]["copies"].as_u64().unwrap() >= 2, "{inbox:?}");
    let counters = bench.counters().await;
    assert!(counters["retries_asked_by_others"].as_u64().unwrap() >= 1, "{counters}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_on_the_phone_is_copied_to_the_client() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    bench.ask(Request::PhoneSend { to: PEER.into(), text: "from my phone".into() }).await;
    let (chat, text, from_me) = client.messages(1).await.remove(0);
    assert_eq!((chat.as_str(), text.as_str(), from_me), ("15550001111@s.whatsapp.net", "from my phone", true));
    assert_eq!(bench.texts(PEER).await, ["from my phone"]);
    bench.until("the queue is empty", async |bench| bench.ask(Request::Status).await["companions"][0]["queued"] == 0).await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_companions_of_one_account_see_each_other() {
    let bench = Bench::new().await;
    let mut first = bench.paired().await;
    let other = bench.folder.path().join("other.db");
    let mut second = TestClient::connect(&other, bench.simulator()).await;
    second.pair(bench.simulator()).await;
    let id = second.send(PEER, "from the second").await;
    assert_eq!(second.acknowledged(&id).await, None);
    let (_, text, from_me) = first.messages(1).await.remove(0);
    assert_eq!((text.as_str(), from_me), ("from the second", true));
    bench.ask(Request::PeerSend { from: PEER.into(), text: "to both".into(), count: 1, group: None }).await;
    assert_eq!(first.messages(1).await[0].1, "to both");
    assert_eq!(second.messages(1).await[0].1, "to both");
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_written_to_and_read() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    let members = vec![PEER.to_owned(), "15550002222".to_owned()];
    let group = bench.ask(Request::GroupCreate { subject: "Crew".into(), members }).await["group"].as_str().unwrap().to_owned();
    for text in ["one", "two"] {
        let id = client.send(&group, text).await;
        assert_eq!(client.acknowledged(&id).await, None);
    }
    for peer in [PEER, "15550002222"] {
        bench.until("the member has read both", async |bench| bench.texts(peer).await == ["one", "two"]).await;
    }
    bench.ask(Request::PeerSend { from: PEER.into(), text: "hey".into(), count: 2, group: Some(group.clone()) }).await;
    let found = client.messages(2).await;
    assert_eq!(found[0], (group.clone(), "hey 1".to_owned(), false));
    assert_eq!(found[1], (group, "hey 2".to_owned(), false));
    let counters = bench.counters().await;
    assert_eq!(counters["faults"], 0, "{counters}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairing_by_code_ends_connected() {
    let bench = Bench::new().await;
    let number = bench.ask(Request::Status).await["number"].as_str().unwrap().to_owned();
    let mut client = TestClient::connect_to(&bench.store(), bench.simulator(), Some(&number)).await;
    let code = client
        .wait("a pair code", |event| match event {
            Event::PairingCode(pairing) => Some(pairing.code.clone()),
            _ => None,
        })
        .await;
    bench.ask(Request::PhonePairCode { code, number: Some(number) }).await;
    client.wait("pair success", |event| matches!(event, Event::PairSuccess(_)).then_some(())).await;
    client.connected().await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_pair_code_admits_nobody() {
    let bench = Bench::new().await;
    let mut client = TestClient::connect_to(&bench.store(), bench.simulator(), Some("15551234567")).await;
    client.wait("a pair code", |event| matches!(event, Event::PairingCode(_)).then_some(())).await;
    bench.ask(Request::PhonePairCode { code: "ZZZZ-ZZZZ".into(), number: None }).await;
    client.wait("an error", |event| matches!(event, Event::PairingCodeError(_)).then_some(())).await;
    assert_eq!(bench.counters().await["pairings"], 0);
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_socket_answers_and_refuses() {
    let mut bench = Bench::new().await;
    let status = control::ask(&bench.directory(), &Request::Status).await.unwrap();
    assert_eq!(status["counters"]["connections"], 0);
    let error = control::ask(&bench.directory(), &Request::PhoneScan { code: "nonsense".into() }).await.unwrap_err();
    assert_eq!(error.kind(), wpp::error::ErrorKind::Usage);
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(control::path(&bench.directory())), 0o600);
        assert_eq!(mode(Endpoint::path(&bench.directory())), 0o600);
        assert_eq!(mode(bench.directory().join("simulator.db")), 0o600);
        assert_eq!(mode(bench.directory()), 0o700);
    }
    // Lines that are no requests are refused one by one; the connection lives on.
    use std::io::{BufRead as _, Write as _};
    let path = control::path(&bench.directory());
    let answers = tokio::task::spawn_blocking(move || {
        let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        stream
            .write_all(
                b"{\"op\":\"dance\"}\n\xff\xfe\n{\"op\":\"set\",\"knob\":{\"name\":\"nack_sends\",\"code\":479,\"times\":1}}\n",
            )
            .unwrap();
        let lines = std::io::BufReader::new(stream).lines().take(3);
        lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()).collect::<Vec<_>>()
    })
    .await
    .unwrap();
    let oks: Vec<bool> = answers.iter().map(|answer| answer["ok"].as_bool().unwrap()).collect();
    assert_eq!(oks, [false, false, true], "{answers:?}");
    bench.stop().await;
    let error = control::ask(&bench.directory(), &Request::Status).await.unwrap_err();
    assert_eq!(error.kind(), wpp::error::ErrorKind::Unreachable);
}

#[tokio::test]
async fn only_loopback_is_listened_on_and_one_folder_has_one_simulator() {
    let bench = Bench::new().await;
    let elsewhere = Options { directory: bench.folder.path().join("x"), listen: "0.0.0.0:0".parse().unwrap() };
    let error = Simulator::start(elsewhere).await.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), wpp::error::ErrorKind::Denied);
    let again = Options { directory: bench.directory(), listen: "127.0.0.1:0".parse().unwrap() };
    let error = Simulator::start(again).await.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), wpp::error::ErrorKind::Locked);
    assert_eq!(Endpoint::read(&bench.directory()).unwrap().unwrap(), bench.simulator().endpoint());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seeded_store_is_not_paired_until_a_phone_admits_it() {
    let bench = Bench::new().await;
    seed::seed_store(&bench.store(), &bench.simulator().endpoint()).await.unwrap();
    let paired = |store: &Path| {
        let store = rusqlite::Connection::open(store).unwrap();
        store.query_row("SELECT pn <> '' AND account IS NOT NULL FROM device", [], |row| row.get::<_, bool>(0)).unwrap()
    };
    assert!(!paired(&bench.store()));
    let client = bench.paired().await;
    client.shutdown().await;
    assert!(paired(&bench.store()));
    seed::repin(&bench.store(), &bench.simulator().endpoint()).await.unwrap();
    assert!(paired(&bench.store()));
    let missing = bench.folder.path().join("missing.db");
    let error = seed::repin(&missing, &bench.simulator().endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), wpp::error::ErrorKind::NoSession);
    assert!(!missing.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_is_asked_for_before_the_device_is_admitted() {
    let bench = Bench::new().await;
    let mut client = bench.client().await;
    bench.set(Knob::PasskeyStage).await;
    let code = client
        .wait("a QR code", |event| match event {
            Event::PairingQrCode(qr) => Some(qr.code.clone()),
            _ => None,
        })
        .await;
    bench.ask(Request::PhoneScan { code: code.clone() }).await;
    let options = client
        .wait("a passkey request", |event| match event {
            Event::PairPasskeyRequest(request) => Some(request.request_options_json.clone()),
            _ => None,
        })
        .await;
    whatsapp_rust::passkey::parse_request_options(&options).unwrap();
    assert_eq!(bench.counters().await["pairings"], 0);
    bench.ask(Request::Clear { knob: None }).await;
    bench.ask(Request::PhoneScan { code }).await;
    client.connected().await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_but_never_opened() {
    let bench = Bench::new().await;
    let mut client = bench.client().await;
    bench.set(Knob::MuteLogin { times: Some(1) }).await;
    let code = client
        .wait("a QR code", |event| match event {
            Event::PairingQrCode(qr) => Some(qr.code.clone()),
            _ => None,
        })
        .await;
    bench.ask(Request::PhoneScan { code }).await;
    client.wait("pair success", |event| matches!(event, Event::PairSuccess(_)).then_some(())).await;
    let opened = tokio::time::timeout(Duration::from_millis(500), async { client.connected().await }).await;
    assert!(opened.is_err());
    bench.ask(Request::Close).await;
    client.connected().await;
    client.shutdown().await;
}

#[test]
fn the_hidden_command_serves_a_sandbox_until_it_is_told_to_end() {
    let home = TestHome::live();
    let denied = home.run(&["simulator"]);
    assert_eq!(denied.code, 15, "{denied:?}");
    let child = home.command(&["--format", "json", "simulator", "--create"]).stdout(std::process::Stdio::piped()).spawn();
    let mut child = Kill(child.unwrap());
    let directory = home.path().join("simulator");
    let deadline = Instant::now() + PATIENCE;
    while Endpoint::read(&directory).unwrap().is_none() {
        assert!(Instant::now() < deadline, "no endpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (code, report) = home.json(&["simulator", "--ask", "{\"op\":\"status\"}"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["counters"]["logins"], 0, "{report}");
    assert_eq!(Endpoint::read(&directory).unwrap().unwrap().pid, child.0.id());
    let pid = rustix::process::Pid::from_child(&child.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.0.wait().unwrap().success());
    assert!(Endpoint::read(&directory).unwrap().is_none());
    assert!(!control::path(&directory).exists());
}

/// Ends a child with the test.
struct Kill(std::process::Child);

impl Drop for Kill {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_killed_while_it_was_paired_is_paired_again() {
    let bench = Bench::new().await;
    bench.paired().await.shutdown().await;
    // What a kill right before the library stored the outcome leaves behind.
    let store = rusqlite::Connection::open(bench.store()).unwrap();
    store.execute("UPDATE device SET pn = ?1, account = NULL", [format!("{}@s.whatsapp.net", seed::PLACEHOLDER_NUMBER)]).unwrap();
    drop(store);
    let mut client = bench.paired().await;
    let id = client.send(PEER, "second life").await;
    assert_eq!(client.acknowledged(&id).await, None);
    let status = bench.ask(Request::Status).await;
    let unlinked: Vec<&Value> = status["companions"].as_array().unwrap().iter().map(|one| &one["unlinked"]).collect();
    assert_eq!(unlinked, [true, false], "{status}");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_lost_when_the_client_dies_again_and_again() {
    let bench = Bench::new().await;
    bench.paired().await.shutdown().await;
    let kept = Ledger::default();
    let mut sent = Vec::new();
    for round in 0..12u64 {
        let mut client = TestClient::connect_keeping(&bench.store(), bench.simulator(), None, &kept).await;
        let text = format!("round {round}:");
        let answer = bench.ask(Request::PeerSend { from: PEER.into(), text, count: 5, group: None }).await;
        sent.extend(answer["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
        // Dies at some moment of logging in, fetching its backlog or answering.
        tokio::time::sleep(Duration::from_millis(5 + round * 13)).await;
        client.handle.take().unwrap().abort();
    }
    let client = TestClient::connect_keeping(&bench.store(), bench.simulator(), None, &kept).await;
    bench.until("everything arrived", async |_| sent.iter().all(|id| kept.0.lock().unwrap().contains(id))).await;
    bench.until("the queue is empty", async |bench| bench.ask(Request::Status).await["companions"][0]["queued"] == 0).await;
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_copy_of_a_store_loses_messages_without_a_word() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    let id = client.send(PEER, "hello").await;
    assert_eq!(client.acknowledged(&id).await, None);
    bench.ask(Request::PeerSend { from: PEER.into(), text: "back".into(), count: 1, group: None }).await;
    client.messages(1).await;
    client.shutdown().await;
    let copy = bench.folder.path().join("copy.db");
    rusqlite::Connection::open(bench.store()).unwrap().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();

    let mut client = bench.client().await;
    client.connected().await;
    for number in 1..=5 {
        let id = client.send(PEER, &format!("kept {number}")).await;
        assert_eq!(client.acknowledged(&id).await, None);
    }
    client.shutdown().await;

    // The copy uses the same five message keys again: the peer takes them for repeats and drops them,
    // although the server accepted every one.
    let mut stale = TestClient::connect(&copy, bench.simulator()).await;
    stale.connected().await;
    for number in 1..=10 {
        let id = stale.send(PEER, &format!("stale {number}")).await;
        assert_eq!(stale.acknowledged(&id).await, None);
    }
    let texts = bench.texts(PEER).await;
    let arrived: Vec<&String> = texts.iter().filter(|text| text.starts_with("stale")).collect();
    let expected: Vec<String> = (6..=10).map(|number| format!("stale {number}")).collect();
    assert_eq!(arrived, expected.iter().collect::<Vec<_>>(), "{texts:?}");
    assert_eq!(bench.counters().await["retries_asked_by_others"], 0);
    stale.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rekeyed_copy_of_a_store_loses_nothing() {
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    let group = bench.ask(Request::GroupCreate { subject: "Crew".into(), members: vec![PEER.into()] }).await["group"]
        .as_str()
        .unwrap()
        .to_owned();
    for to in [PEER, &group] {
        let id = client.send(to, "hello").await;
        assert_eq!(client.acknowledged(&id).await, None);
    }
    bench.ask(Request::PeerSend { from: PEER.into(), text: "back".into(), count: 1, group: None }).await;
    bench.ask(Request::PeerSend { from: PEER.into(), text: "back".into(), count: 1, group: Some(group.clone()) }).await;
    client.messages(2).await;
    client.shutdown().await;
    let copy = bench.folder.path().join("copy.db");
    rusqlite::Connection::open(bench.store()).unwrap().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();

    // The original lives on: sends, round trips, a rotation of the peer's ratchet.
    let mut client = bench.client().await;
    client.connected().await;
    for number in 1..=8 {
        let to = if number % 2 == 0 { &group } else { PEER };
        let id = client.send(to, &format!("kept {number}")).await;
        assert_eq!(client.acknowledged(&id).await, None);
        bench.ask(Request::PeerSend { from: PEER.into(), text: format!("answer {number}"), count: 1, group: None }).await;
        client.messages(1).await;
    }
    client.shutdown().await;

    // The copy gets fresh keys.
    let rekeyed = wpp::session::rekey::rekey(&copy, &[]).unwrap();
    assert!(rekeyed.sessions_dropped >= 2 && rekeyed.own_sender_keys_dropped == 1, "{rekeyed:?}");

    let mut restored = TestClient::connect(&copy, bench.simulator()).await;
    restored.connected().await;
    let mut expected = Vec::new();
    for number in 1..=5 {
        for (to, place) in [(PEER, "chat"), (&group, "group")] {
            let text = format!("restored {place} {number}");
            let id = restored.send(to, &text).await;
            assert_eq!(restored.acknowledged(&id).await, None);
            expected.push(text);
        }
        bench.ask(Request::PeerSend { from: PEER.into(), text: format!("to chat {number}"), count: 1, group: None }).await;
        let request =
            Request::PeerSend { from: PEER.into(), text: format!("to group {number}"), count: 1, group: Some(group.clone()) };
        bench.ask(request).await;
        let mut found: Vec<String> = restored.messages(2).await.into_iter().map(|message| message.1).collect();
        found.sort();
        assert_eq!(found, [format!("to chat {number}"), format!("to group {number}")]);
    }
    bench
        .until("everything arrived", async |bench| {
            let texts = bench.texts(PEER).await;
            expected.iter().all(|text| texts.contains(text))
        })
        .await;
    restored.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_on_the_port_hurts_nobody() {
    use tokio::io::AsyncWriteExt as _;
    let bench = Bench::new().await;
    let mut client = bench.paired().await;
    let address = bench.simulator().url().trim_start_matches("ws://").split('/').next().unwrap().to_owned();
    let upgrade = format!(
        "GET /ws/chat HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    // Frames are masked with zeros: two bytes of head, four of mask, then the payload.
    let frame = |payload: &[u8]| [&[0x82, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat();
    let header = wacore_binary::consts::WA_CONN_HEADER;
    let attacks: Vec<Vec<u8>> = vec![
        b"\x00\xff\x00\xff nonsense\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        [upgrade.as_bytes(), &frame(b"hello")].concat(),
        [upgrade.as_bytes(), &frame(&[&header[..], &[0, 0, 3, 1, 2, 3]].concat())].concat(),
        // A client hello whose parts are too short to be keys.
        [upgrade.as_bytes(), &frame(&[&header[..], &[0, 0, 11, 0x12, 9, 0x0a, 1, 7, 0x12, 1, 7, 0x1a, 1, 7]].concat())].concat(),
    ];
    let count = attacks.len();
    for attack in attacks {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(&attack).await.unwrap();
        let _ = stream.shutdown().await;
    }
    bench.until("every attack was noticed", async |bench| bench.counters().await["faults"] == count as u64).await;
    let id = client.send(PEER, "still here").await;
    assert_eq!(client.acknowledged(&id).await, None);
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_the_pinned_key_refuses_this_server() {
    let bench = Bench::new().await;
    let mut client = TestClient::connect_unprepared(&bench.store(), bench.simulator(), None, &Ledger::default()).await;
    bench.until("the handshake was broken off", async |bench| bench.counters().await["faults"] != 0).await;
    let counters = bench.counters().await;
    assert_eq!(counters["connections"], 0, "{counters}");
    let heard = tokio::time::timeout(Duration::from_millis(300), client.events.recv()).await;
    assert!(heard.is_err(), "the client heard {heard:?}");
    client.shutdown().await;
}
