//! The simulator against the real, unmodified client library, in process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::prelude::*;
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use wpp::whatsapp::simulator::{Knob, Options, Request, Simulator, seed};

/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

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
        seed::seed_store(store, &simulator.endpoint()).await.unwrap();
        let (sender, events) = unbounded_channel();
        let mut builder = Bot::builder()
            .with_backend(SqliteStore::new(store.to_str().unwrap()).await.unwrap())
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(simulator.url()))
            .with_version((2, 3000, 1_042_742_319))
            .skip_history_sync()
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
            for message in batch.iter() {
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
    assert!(begun.elapsed() < Duration::from_secs(5), "pairing took {:?}", begun.elapsed());
    let status = bench.ask(Request::Status).await;
    assert_eq!(status["companions"][0]["connected"], true, "{status}");
    assert_eq!(status["counters"]["faults"], 0, "{status}");
    assert_eq!(status["connections"][0]["handshake"], "ik", "{status}");
    client.shutdown().await;
}
