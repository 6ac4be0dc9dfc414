//! Servers that plugins talk to, as doubles: made from recorded answers (tests/gateways/), with the
//! servers' states and errors, and with faults that any server can have.
//!
//! Start with [`Double::new`]. A double listens on loopback and ends with its value.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use crate::routes::{Framework, Routes, no_nest_route as no_route};

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Asked {
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    pub fn parts(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply {
            status,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: body.to_string().into(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// As it was recorded: `openwa-0.23.1/27-session-get-by-name`.
    pub fn recorded(name: &str) -> Reply {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateways").join(format!("{name}.http"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let answer = text.split_once(" ms ---\n").unwrap().1;
        let (head, body) = answer.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Reply { status, headers, body: body.trim_end().into() }
    }

    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The recorded answer with other values in its body.
    pub fn with(mut self, changes: &[(&str, Value)]) -> Reply {
        let mut body = self.value();
        for (pointer, value) in changes {
            match body.pointer_mut(pointer) {
                Some(place) => *place = value.clone(),
                None => panic!("{pointer} is not in {body}"),
            }
        }
        self.body = body.to_string().into();
        self
    }
}

/// What any server can do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It takes the request and never answers.
    Slow,
    /// JSON that ends in the middle.
    Garbled,
    /// 500, with the words of no server in particular.
    Broken,
    /// 429, and when to come back.
    Busy,
    /// 200, and a page for people.
    Page,
    /// 200, and in the body that it was not done.
    Failure,
    /// 401, whatever key it is given.
    Denied,
    /// 400, and all that it was sent.
    Echo,
    /// What it ought to say, with some values of another kind or size; the number says which.
    Odd(u64),
}

/// How a server behaves.
pub trait Behaviour: Send + 'static {
    fn answer(&mut self, asked: &Asked) -> Reply;
}

/// A server on loopback.
pub struct Double<B> {
    pub address: SocketAddr,
    behaviour: Arc<Mutex<B>>,
    fault: Arc<Mutex<Fault>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl<B: Behaviour> Double<B> {
    pub fn new(behaviour: B) -> Double<B> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let fault = Arc::new(Mutex::new(Fault::None));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = (Arc::clone(&behaviour), Arc::clone(&fault), Arc::clone(&asked));
        let app = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let (behaviour, fault, log) = shared.clone();
            async move {
                let asked = read(request).await;
                log.lock().unwrap().push(asked.clone());
                let fault = *fault.lock().unwrap();
                let reply = match fault {
                    Fault::Odd(seed) => odd(behaviour.lock().unwrap().answer(&asked), seed),
                    Fault::Slow => {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                        Reply::json(200, &json!({}))
                    }
                    fault => faulty(fault, &asked).unwrap_or_else(|| behaviour.lock().unwrap().answer(&asked)),
                };
                let mut response = axum::http::Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(axum::body::Body::from(reply.body)).unwrap()
            }
        });
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
        Double { address, behaviour, fault, asked, runtime: Some(runtime) }
    }

    /// What it is now, to be changed.
    pub fn state(&self) -> MutexGuard<'_, B> {
        self.behaviour.lock().unwrap()
    }

    pub fn fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// What it was asked since this was last called.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl<B> Drop for Double<B> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn read(request: axum::extract::Request) -> Asked {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Asked {
        method: head.method.as_str().into(),
        path: head.uri.path().into(),
        query: head.uri.query().unwrap_or_default().into(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

fn faulty(fault: Fault, asked: &Asked) -> Option<Reply> {
    let page = b"<!DOCTYPE html>\n<html><body><form action=/login></form></body></html>";
    Some(match fault {
        Fault::None | Fault::Slow | Fault::Odd(_) => return None,
        Fault::Garbled => Reply { body: b"{\"status\": \"ok\", \"sessions\": [{\"na".to_vec(), ..Reply::json(200, &json!({})) },
        Fault::Broken => Reply::json(500, &json!({"statusCode": 500, "message": "Internal server error"})),
        Fault::Busy => Reply::json(429, &json!({"message": "Too Many Requests", "statusCode": 429})).header("retry-after", "17"),
        Fault::Page => Reply { status: 200, headers: vec![("content-type".into(), "text/html".into())], body: page.to_vec() },
        Fault::Failure => {
            Reply::json(200, &json!({"success": false, "ok": false, "error": "it did not work", "message": "it did not work"}))
        }
        Fault::Denied => Reply::json(401, &json!({"message": "unauthorized", "error": "unauthorized"})),
        Fault::Echo => {
            let said = format!("{} {} {:?} {}", asked.path, asked.query, asked.headers, asked.body);
            Reply::json(400, &json!({"message": said, "error": said}))
        }
    })
}

// Every third value or so is another one.
fn odd(reply: Reply, seed: u64) -> Reply {
    fn change(value: &mut Value, state: &mut u64) {
        // A generator of Marsaglia's: the same seed, the same answers.
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let number = *state;
        match value {
            Value::Object(fields) if !number.is_multiple_of(11) => fields.values_mut().for_each(|value| change(value, state)),
            Value::Array(items) if !number.is_multiple_of(11) => items.iter_mut().for_each(|value| change(value, state)),
            _ if !number.is_multiple_of(3) => {}
            value => {
                let odd = [
                    json!(null),
                    json!(-1),
                    json!(u64::MAX),
                    json!(1e300),
                    json!(0.5),
                    json!(true),
                    json!(""),
                    json!("{{secret:openwa-key}}"),
                    json!("../../\u{0}\r\n\u{202e}ü"),
                    json!("9999-12-31T23:59:60.999999999+99:99"),
                    json!("ü".repeat(5_000)),
                    json!([]),
                    json!([null, {}]),
                    json!({}),
                    json!({"_seconds": u64::MAX, "_nanoseconds": u64::MAX}),
                ];
                *value = odd[(number / 3 % odd.len() as u64) as usize].clone();
            }
        }
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    change(&mut body, &mut state);
    Reply { body: body.to_string().into(), ..reply }
}

/// The moment that lies so long ago, as JavaScript writes it.
pub fn ago(ms: i64) -> String {
    let now = jiff::Timestamp::now();
    let then = now.checked_sub(jiff::SignedDuration::from_millis(ms)).unwrap();
    format!("{then:.3}")
}

/// OpenWA 0.23.1.
pub struct OpenWa {
    pub key: String,
    pub metrics_token: String,
    pub version: String,
    pub sessions: Vec<Value>,
    pub webhooks: Vec<Value>,
    pub failures: Vec<Value>,
    pub database_down: bool,
    pub resident_mb: u64,
    /// Whether it reaches WhatsApp: without that, a session stays initializing.
    pub online: bool,
    /// What a session that is started becomes, one word at each look at the sessions; without words it is
    /// there at once.
    pub way: Vec<&'static str>,
    /// The session that goes it.
    going: String,
    /// The picture of the QR code.
    pub qr: String,
    /// How many looks at a session that was told to stop find it as it was.
    pub looks_until_stopped: u32,
    /// As long as this file is there, nothing answers but an error.
    pub down_while: Option<std::path::PathBuf>,
    pub routes: Routes,
    /// Deliveries that its queue counts, that succeeded and that failed; without a queue nobody does.
    pub queue: Option<(u64, u64)>,
}

pub const OPENWA_SESSION: &str = "0f214e70-1272-4ccd-938b-36663dd40c9a";
pub const OPENWA_WEBHOOK: &str = "974448b0-77a4-4961-ae68-877470b2339d";
pub const OPENWA_FAILING_WEBHOOK: &str = "3ebe30e4-784c-4598-a9b9-96854f3ee50e";

impl OpenWa {
    /// With one session, `main`, which is ready, and one webhook, which works.
    pub fn well() -> OpenWa {
        let mut openwa = OpenWa {
            key: "owa-key-for-tests".into(),
            metrics_token: "metrics-token-for-tests".into(),
            version: "0.23.1".into(),
            sessions: Vec::new(),
            webhooks: Vec::new(),
            failures: Vec::new(),
            database_down: false,
            resident_mb: 239,
            online: true,
            way: Vec::new(),
            going: String::new(),
            qr: "data:image/png;base64,iVBORw0KGgo=".into(),
            looks_until_stopped: 0,
            down_while: None,
            routes: Routes::of(Framework::Nest, "openwa", |_| true),
            queue: None,
        };
        openwa.session(OPENWA_SESSION, "main", "ready");
        openwa.sessions[0]["phone"] = json!("628123456789");
        openwa.webhook(OPENWA_WEBHOOK, "http://127.0.0.1:9999/ok");
        openwa
    }

    /// Has a session in a state since now.
    pub fn session(&mut self, id: &str, name: &str, status: &str) -> &mut Value {
        let mut session = Reply::recorded("openwa-0.23.1/31-stop-before-start").value();
        for (field, value) in [("id", json!(id)), ("name", json!(name)), ("createdAt", json!(ago(86_400_000)))] {
            session[field] = value;
        }
        self.sessions.push(session);
        let session = self.sessions.last_mut().unwrap();
        become_(session, status);
        session
    }

    pub fn webhook(&mut self, id: &str, url: &str) {
        let webhook = json!({
            "id": id, "sessionId": OPENWA_SESSION, "url": url, "events": ["session.status", "message.received"],
            "filters": null, "active": true, "retryCount": 3, "lastTriggeredAt": null,
            "createdAt": ago(86_400_000), "updatedAt": ago(86_400_000),
        });
        self.webhooks.push(webhook);
    }

    fn below_session(&mut self, asked: &Asked, id: &str, rest: &[&str]) -> Reply {
        let recorded = |name: &str| Reply::recorded(&format!("openwa-0.23.1/{name}"));
        if !(id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')) {
            return recorded("27-session-get-by-name");
        }
        let Some(at) = self.sessions.iter().position(|session| session["id"] == id) else {
            let message = format!("Session with id '{id}' not found");
            return recorded("28-session-404").with(&[("/message", json!(message))]);
        };
        let status = self.sessions[at]["status"].as_str().unwrap().to_owned();
        let loaded = self.sessions[at]["engineLoaded"] == true;
        let at_once = self.online && self.way.is_empty();
        let session = &mut self.sessions[at];
        match (asked.method.as_str(), rest) {
            ("GET", []) => {
                if self.looks_until_stopped == 1 {
                    become_(session, "disconnected");
                }
                self.looks_until_stopped = self.looks_until_stopped.saturating_sub(1);
                Reply::json(200, session)
            }
            ("POST", ["start"]) if loaded => recorded("37-start-again"),
            ("POST", ["start"]) => {
                become_(session, "initializing");
                let before = session.clone();
                self.going = id.into();
                if at_once {
                    become_(session, if session["phone"].is_null() { "qr_ready" } else { "ready" });
                }
                Reply::json(200, &before)
            }
            ("POST", ["stop"]) if self.looks_until_stopped > 0 => Reply::json(200, session),
            ("POST", ["stop"]) => {
                become_(session, "disconnected");
                Reply::json(200, session)
            }
            ("POST", ["logout"]) if status == "ready" => {
                become_(session, "disconnected");
                session["phone"] = Value::Null;
                Reply::json(200, session)
            }
            ("POST", ["logout"]) => {
                become_(session, "disconnected");
                recorded("72-logout")
            }
            ("GET", ["qr"]) | ("POST", ["pairing-code"]) if !loaded => recorded("30-qr-before-start"),
            ("GET", ["qr"]) if status == "qr_ready" => Reply::json(200, &json!({"qrCode": self.qr, "status": "qr_ready"})),
            ("GET", ["qr"]) => recorded("38-qr-after-start"),
            ("POST", ["pairing-code"]) if status == "qr_ready" => {
                Reply::json(201, &json!({"pairingCode": "ABCD1234", "status": "qr_ready"}))
            }
            ("POST", ["pairing-code"]) => recorded("40-pairing-code"),
            ("POST", ["messages", "send-text"]) if status == "ready" => {
                Reply::json(201, &json!({"messageId": "true_628123456789@c.us_3EB0", "timestamp": 1_795_219_086}))
            }
            ("POST", ["messages", "send-text"]) => recorded("65-send-text-not-ready"),
            ("GET", ["messages"]) => recorded("66-messages"),
            ("GET", ["webhooks"]) => Reply::json(200, &json!(self.webhooks)),
            (_, ["webhooks", hook, rest @ ..]) => {
                let Some(webhook) = self.webhooks.iter_mut().find(|webhook| webhook["id"] == *hook) else {
                    return Reply::json(404, &json!({"message": "Webhook not found", "error": "Not Found", "statusCode": 404}));
                };
                match rest {
                    ["test"] if webhook["url"].as_str().unwrap().ends_with("/fail") => recorded("57-webhook-test-fail"),
                    ["test"] => recorded("56-webhook-test"),
                    _ => {
                        for field in ["active", "url"] {
                            if !asked.body[field].is_null() {
                                webhook[field] = asked.body[field].clone();
                            }
                        }
                        Reply::json(200, webhook)
                    }
                }
            }
            _ => no_route(asked),
        }
    }
}

fn become_(session: &mut Value, status: &str) {
    session["status"] = json!(status);
    session["updatedAt"] = json!(ago(0));
    session["engineLoaded"] = json!(!["created", "disconnected", "failed"].contains(&status));
}

impl Behaviour for OpenWa {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let recorded = |name: &str| Reply::recorded(&format!("openwa-0.23.1/{name}"));
        if self.down_while.as_ref().is_some_and(|mark| mark.exists()) {
            return Reply::json(502, &json!({"message": "Bad Gateway"}));
        }
        if let Some(reply) = self.routes.answer(asked) {
            return reply;
        }
        let line = asked.line();
        let keyed = asked.header("x-api-key") == self.key;
        match line.as_str() {
            "GET /api/health" if keyed => return recorded("02-health-auth").with(&[("/version", json!(self.version))]),
            "GET /api/health" => return recorded("01-health"),
            "GET /api/health/live" => return recorded("03-health-live"),
            // Of the shape of its framework; not recorded.
            "GET /api/health/ready" if self.database_down => {
                let down = json!({"dataDatabase": {"status": "down"}});
                let details = json!({"mainDatabase": {"status": "up"}, "dataDatabase": {"status": "down"}});
                return Reply::json(503, &json!({"status": "error", "error": down, "details": details}));
            }
            "GET /api/health/ready" => return recorded("04-health-ready"),
            "GET /api/metrics" if asked.header("authorization") != format!("Bearer {}", self.metrics_token) => {
                return recorded("46-metrics-noauth");
            }
            "GET /api/metrics" => return recorded("47-metrics"),
            _ => {}
        }
        let parts = asked.parts();
        if !keyed {
            return recorded(if asked.header("x-api-key").is_empty() { "16-sessions-noauth" } else { "17-sessions-badkey" });
        }
        match (asked.method.as_str(), &parts[1..]) {
            ("GET", ["infra", "status"]) => {
                let (completed, failed) = self.queue.unwrap_or_default();
                let queue = json!({"pending": 0, "completed": completed, "failed": failed});
                recorded("09-infra-status").with(&[("/queue/enabled", json!(self.queue.is_some())), ("/queue/webhooks", queue)])
            }
            ("GET", ["infra", "engines"]) => recorded("10-infra-engines"),
            ("GET", ["infra", "engines", "current"]) => recorded("11-infra-engine-current"),
            ("GET", ["stats", "overview"]) => recorded("43-global-stats"),
            ("GET", ["sessions"]) => {
                if let Some(session) = self.sessions.iter_mut().find(|session| session["id"] == self.going)
                    && !self.way.is_empty()
                {
                    become_(session, self.way.remove(0));
                }
                Reply::json(200, &json!(self.sessions))
            }
            ("GET", ["sessions", "stats", "overview"]) => {
                recorded("42-stats-overview").with(&[("/memoryUsage/rss", json!(self.resident_mb))])
            }
            ("GET", ["webhooks"]) => Reply::json(200, &json!(self.webhooks)),
            ("GET", ["webhooks", "delivery-failures"]) => Reply::json(200, &json!(self.failures)),
            (_, ["sessions", id, rest @ ..]) => {
                let (id, rest) = ((*id).to_owned(), rest.to_vec());
                self.below_session(asked, &id, &rest)
            }
            _ => no_route(asked),
        }
    }
}

/// The Baileys service of SPEC-1.
pub struct Baileys {
    /// `sessionId`, `connection`, `paused` and, while there is one, `qr`.
    pub sessions: Vec<Value>,
    pub queue_depth: u64,
    pub rate: u64,
    /// Whether each look at a session finds it otherwise.
    pub flapping: bool,
    pub busy: bool,
    pub routes: Routes,
}

impl Baileys {
    /// With one session, `agent1`, which is open.
    pub fn well() -> Baileys {
        let session = json!({"sessionId": "agent1", "connection": "open", "paused": false});
        let routes = Routes::of(Framework::Express, "baileys", |_| true);
        Baileys { sessions: vec![session], queue_depth: 0, rate: 0, flapping: false, busy: false, routes }
    }
}

impl Behaviour for Baileys {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let recorded = |name: &str| Reply::recorded(&format!("baileys/{name}"));
        let at = |sessions: &[Value], name: &str| sessions.iter().position(|session| session["sessionId"] == name);
        if let Some(reply) = self.routes.answer(asked) {
            return reply;
        }
        match (asked.method.as_str(), asked.parts().as_slice()) {
            ("GET", ["metrics"]) => recorded("01-metrics")
                .with(&[("/queue_depth", json!(self.queue_depth)), ("/send_rate_per_minute", json!(self.rate))]),
            ("GET", ["sessions"]) => Reply::json(200, &json!(self.sessions)),
            ("GET", ["sessions", name]) => {
                let Some(at) = at(&self.sessions, name) else { return recorded("03-session-404") };
                let session = &mut self.sessions[at];
                if self.flapping {
                    let next = if session["connection"] == "close" { "connecting" } else { "close" };
                    session["connection"] = json!(next);
                }
                Reply::json(200, session)
            }
            ("POST", ["sessions", name, "connect"]) => {
                if at(&self.sessions, name).is_none() {
                    self.sessions.push(json!({"sessionId": name, "connection": "close", "paused": false}));
                }
                recorded("04-connect").with(&[("/sessionId", json!(name))])
            }
            ("POST", ["sessions", name, "messages"]) => {
                if asked.body["jid"].as_str().unwrap_or_default().is_empty() || asked.body["message"].is_null() {
                    return recorded("08-send-bad");
                }
                // Its source, not a record: 409 when it is not open, 429 when its rate is used up.
                match at(&self.sessions, name).map(|at| &self.sessions[at]) {
                    None => recorded("03-session-404"),
                    Some(session) if session["connection"] != "open" => {
                        Reply::json(409, &json!({"error": "Session not connected"}))
                    }
                    Some(_) if self.busy => Reply::json(429, &json!({"error": "Rate limit exceeded"})),
                    Some(_) => Reply::json(200, &json!({"status": "sent", "messageId": "3EB0A1"})),
                }
            }
            _ => panic!("a route without an answer: {asked:?}"),
        }
    }
}

/// Jarvis and its sidecar, at one address. The sidecar is as recorded; the application as its source
/// says.
pub struct Jarvis {
    pub token: String,
    /// `close`, `connecting`, `qr` or `open`.
    pub state: String,
    pub enabled: bool,
    /// What the sidecar answers the application.
    pub status_code: u16,
    pub callback: Value,
    pub last_error: String,
    pub waiting: u64,
    pub events: Vec<Value>,
    pub ready: bool,
    pub code: Value,
    /// Whether the session opens when it is started.
    pub opens: bool,
    /// Of the application.
    pub routes: Routes,
    pub sidecar_routes: Routes,
}

fn of_sidecar(path: &str) -> bool {
    ["/status", "/start", "/qr", "/pair", "/disconnect", "/sendText"].contains(&path)
}

impl Jarvis {
    pub fn well() -> Jarvis {
        let callback = json!({
            "enabled": true, "url": "http://127.0.0.1:8000/api/v1/webhooks/whatsapp", "by_events": false,
            "events": ["messages.upsert", "connection.update"], "status_code": 200, "configured": true, "error": "",
        });
        Jarvis {
            token: "jarvis-token-for-tests".into(),
            state: "open".into(),
            enabled: true,
            status_code: 200,
            callback,
            last_error: String::new(),
            waiting: 0,
            events: Vec::new(),
            ready: true,
            code: Value::Null,
            opens: false,
            routes: Routes::of(Framework::FastApi, "jarvis", |path| !of_sidecar(path)),
            sidecar_routes: Routes::of(Framework::Express, "jarvis", of_sidecar),
        }
    }

    pub fn degraded(&mut self, reason: &str, ms_ago: i64) {
        self.events.push(json!({
            "id": "evt_1", "event_type": "channel.inbound.degraded", "component": "channels.whatsapp",
            "payload": {"channel": "whatsapp", "reason": reason}, "created_at": ago(ms_ago),
        }));
    }

    fn sidecar(&mut self, asked: &Asked) -> Option<Reply> {
        let recorded = |name: &str| Reply::recorded(&format!("jarvis/{name}"));
        if of_sidecar(&asked.path)
            && let Some(reply) = self.sidecar_routes.answer(asked)
        {
            return Some(reply);
        }
        Some(match asked.line().as_str() {
            "GET /status" => recorded("01-status").with(&[("/state", json!(self.state))]),
            "POST /start" => {
                if self.opens {
                    self.state = "open".into();
                }
                recorded("03-start")
            }
            "GET /qr" if self.state == "qr" => Reply::json(200, &json!({"qr": "data:image/png;base64,iVBORw0KGgo="})),
            "GET /qr" => recorded("02-qr"),
            "POST /pair" if asked.body["number"].is_null() => recorded("07-pair-nonum"),
            "POST /pair" => {
                self.code = if self.state == "qr" { json!("ABCD1234") } else { Value::Null };
                recorded("06-pair")
            }
            "GET /pair" => recorded("08-pairget").with(&[("/code", self.code.clone())]),
            "POST /disconnect" => {
                self.state = "close".into();
                recorded("10-disconnect")
            }
            "POST /sendText" if self.state == "open" => Reply::json(200, &json!({"ok": true})),
            "POST /sendText" => recorded("09-send"),
            "GET /health" => recorded("12-health"),
            _ => return None,
        })
    }
}

impl Behaviour for Jarvis {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if let Some(reply) = self.sidecar(asked) {
            return reply;
        }
        if let Some(reply) = self.routes.answer(asked) {
            return reply;
        }
        let line = asked.line();
        match line.as_str() {
            "GET /metrics" => {
                let text = b"memory_items_count 3\n".to_vec();
                return Reply { status: 200, headers: Vec::new(), body: text };
            }
            "GET /healthz" => return Reply::json(200, &json!({"ok": true})),
            "GET /readyz" => {
                let status = if self.ready { 200 } else { 503 };
                return Reply::json(status, &json!({"ok": self.ready, "db": self.ready, "providers": {"primary": true}}));
            }
            _ => {}
        }
        let payload = json!({"instance": {"instanceName": "main", "state": self.state}});
        if asked.header("authorization") != format!("Bearer {}", self.token) {
            return Reply::json(401, &json!({"detail": "unauthorized"}));
        }
        let ok = self.status_code < 400;
        let disabled = Reply::json(200, &json!({"ok": false, "error": "evolution_api_disabled"}));
        match line.strip_prefix("GET /api/v1/").or_else(|| line.strip_prefix("POST /api/v1/")).unwrap_or_default() {
            "channels/whatsapp/status" if !self.enabled => {
                Reply::json(200, &json!({"enabled": false, "instance": "main", "status": "cloud_fallback"}))
            }
            "channels/whatsapp/status" => Reply::json(
                200,
                &json!({
                    "enabled": true, "instance": "main", "status_code": self.status_code, "payload": payload,
                    "callback": self.callback, "instance_state": {"status": self.state, "callback_last_error": self.last_error},
                }),
            ),
            "channels/whatsapp/review-queue" => Reply::json(200, &json!({"items": [], "status": "open", "count": self.waiting})),
            "events" => Reply::json(200, &json!({"items": self.events, "limit": 200, "offset": 0})),
            "channels/whatsapp/create" | "channels/whatsapp/disconnect" | "channels/whatsapp/qrcode" if !self.enabled => disabled,
            "channels/whatsapp/create" | "channels/whatsapp/disconnect" => {
                Reply::json(200, &json!({"ok": ok, "status_code": self.status_code, "payload": payload}))
            }
            "channels/whatsapp/qrcode" => {
                let code = if self.state == "qr" { "iVBORw0KGgo=" } else { "" };
                Reply::json(200, &json!({"ok": ok, "status_code": self.status_code, "qrcode": code, "payload": {}}))
            }
            "channels/whatsapp/pairing-code" => {
                Reply::json(200, &json!({"ok": ok, "status_code": self.status_code, "code": "ABCD1234"}))
            }
            "bugs"
            | "threads"
            | "permissions"
            | "auth/me"
            | "selfupdate/patches"
            | "system/status"
            | "memory/state/review/conflicts"
            | "memory/state/stats"
            | "memory/state/failures"
            | "memory/state/consistency/report" => Reply::json(200, &json!({"items": []})),
            patch if patch.starts_with("selfupdate/patches/") => Reply::json(404, &json!({"detail": "no such patch"})),
            // In the words that its framework has for paths that it does not know.
            _ => Reply::json(404, &json!({"detail": "Not Found"})),
        }
    }
}

/// The Firebase connector, as its source says.
pub struct Connector {
    pub token: String,
    /// Of an employee who owns no thread.
    pub other_token: String,
    /// Whether only who owns a thread may write in it.
    pub owners_only: bool,
    /// What an account that is made becomes.
    pub becomes: &'static str,
    /// Null where there is none.
    pub health: Value,
    pub firestore_down: bool,
    /// What a send is answered, when it is no success.
    pub refusal: Option<(u16, Value)>,
    pub routes: Routes,
}

impl Connector {
    /// With one account, `wa_1`, which is connected.
    pub fn well() -> Connector {
        let now = jiff::Timestamp::now().as_second();
        let account = json!({
            "accountId": "wa_1", "status": "connected", "lastSeenAt": {"_seconds": now - 5, "_nanoseconds": 0},
            "heartbeatAgeSec": 5, "lastEventAt": {"_seconds": now - 30, "_nanoseconds": 0}, "eventAgeSec": 30,
            "degraded": false, "assignedWorkerId": "inst_1", "reconnectCount": 1, "reconnectsPerHour": 0,
            "outboxFailureRate": 0, "mediaFailureRate": 0, "outboxBacklogCount": 0, "ingestLagSec": null,
        });
        let health = json!({
            "ok": true, "version": "0.1.0", "gitSha": null, "instanceId": "inst_1", "uptimeSec": 86_400,
            "runningAccounts": ["wa_1"], "statusCounts": {"total": 1, "connected": 1}, "accounts": [account],
            "leases": [{"accountId": "wa_1", "ownerInstanceId": "inst_1", "leaseUntil": {"_seconds": now + 3600, "_nanoseconds": 0}}],
            "outboxBacklog": 0, "oldestUnprocessedIngestAt": null, "ingestLagSec": 0, "healthy": true,
            "thresholds": {"heartbeatStaleSec": 60, "eventStaleSec": 600, "ingestLagWarnSec": 120, "outboxBacklogWarn": 100,
                "reconnectsPerHourWarn": 10, "outboxFailureRateWarn": 20, "mediaFailureRateWarn": 5},
        });
        Connector {
            token: "connector-token-for-tests".into(),
            other_token: "other-token-for-tests".into(),
            owners_only: true,
            becomes: "connected",
            health,
            firestore_down: false,
            refusal: None,
            // All but what stands for several.
            routes: Routes::of(Framework::Express, "connector", |path| path != "/api/threads/*/*"),
        }
    }
}

impl Behaviour for Connector {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let bearer = |token: &str| asked.header("authorization") == format!("Bearer {token}");
        let (allowed, other) = (bearer(&self.token), bearer(&self.other_token));
        // It looks at the token before it looks for a route.
        if asked.parts()[0] == "api" && !allowed && !other {
            return Reply::json(401, &json!({"ok": false, "error": "unauthorized"}));
        }
        if let Some(reply) = self.routes.answer(asked) {
            return reply;
        }
        match (asked.method.as_str(), asked.parts().as_slice()) {
            ("GET", ["health"]) if self.firestore_down => {
                Reply::json(500, &json!({"ok": false, "error": "7 PERMISSION_DENIED", "instanceId": "inst_1"}))
            }
            ("GET", ["health"]) if !self.health.is_null() => Reply::json(200, &self.health),
            ("POST", ["api", "send"]) if other && self.owners_only => {
                Reply::json(403, &json!({"ok": false, "error": "not_thread_writer"}))
            }
            ("POST", ["api", "accounts"]) => {
                let account = self.health["accounts"][0].clone();
                let accounts = self.health["accounts"].as_array_mut().unwrap();
                accounts.push(account);
                let made = accounts.last_mut().unwrap();
                (made["accountId"], made["status"]) = (json!("wa_2"), json!(self.becomes));
                let mut lease = self.health["leases"][0].clone();
                lease["accountId"] = json!("wa_2");
                self.health["leases"].as_array_mut().unwrap().push(lease);
                Reply::json(200, &json!({"ok": true, "accountId": "wa_2"}))
            }
            ("DELETE", ["api", "accounts", account]) => {
                let accounts = self.health["accounts"].as_array_mut().unwrap();
                let known = accounts.iter_mut().find(|known| known["accountId"] == *account).unwrap();
                known["status"] = json!("disconnected");
                Reply::json(200, &json!({"ok": true}))
            }
            ("POST", ["api", "send"]) => match &self.refusal {
                Some((status, body)) => Reply::json(*status, body),
                None => Reply::json(200, &json!({"ok": true, "commandId": "cmd_1"})),
            },
            ("POST", ["api", "accounts", account, "regenerate-qr"]) => {
                for known in self.health["accounts"].as_array_mut().unwrap() {
                    if known["accountId"] == *account {
                        known["status"] = json!("qr_ready");
                    }
                }
                Reply::json(200, &json!({"ok": true}))
            }
            _ => Reply { status: 404, headers: Vec::new(), body: b"<!DOCTYPE html>\n<pre>Cannot GET</pre>".to_vec() },
        }
    }
}

/// Where notices go: each takes what its documentation says, and keeps it.
pub struct Notices {
    pub token: String,
    /// What was taken, in order.
    pub taken: Vec<Asked>,
    /// Issues of GitHub.
    pub issues: Vec<Value>,
    /// Whether the token may label issues.
    pub labels: bool,
}

impl Notices {
    pub fn new(token: &str) -> Notices {
        Notices { token: token.into(), taken: Vec::new(), issues: Vec::new(), labels: true }
    }

    fn issue(&mut self, asked: &Asked) -> Value {
        let number = self.issues.len() as u64 + 1;
        let labels: Vec<Value> = match self.labels {
            true => asked.body["labels"].as_array().unwrap().iter().map(|name| json!({"name": name})).collect(),
            false => Vec::new(),
        };
        let issue = json!({
            "id": 1_000 + number, "number": number, "state": "open", "title": asked.body["title"], "body": asked.body["body"],
            "labels": labels, "html_url": format!("https://github.example/o/r/issues/{number}"),
        });
        self.issues.push(issue.clone());
        issue
    }
}

impl Behaviour for Notices {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let bearer = asked.header("authorization") == format!("Bearer {}", self.token);
        let parts = asked.parts();
        if asked.method == "POST" {
            self.taken.push(asked.clone());
        }
        match (asked.method.as_str(), parts.as_slice()) {
            // Not recorded: in the words of its documentation.
            ("POST", ["services", hook @ ..]) => {
                let known = hook.join("/") == self.token;
                let words = if known { "ok" } else { "invalid_token" };
                let text = vec![("content-type".into(), "text/html".into())];
                Reply { status: if known { 200 } else { 403 }, headers: text, body: words.into() }
            }
            ("POST", ["api", "auth.test" | "chat.postMessage"]) if !bearer => {
                Reply::json(200, &json!({"ok": false, "error": "invalid_auth"}))
            }
            ("POST", ["api", "auth.test"]) => Reply::json(200, &json!({"ok": true, "user": "wpp"})),
            ("POST", ["api", "chat.postMessage"]) if asked.body["channel"] == "nowhere" => {
                Reply::json(200, &json!({"ok": false, "error": "channel_not_found"}))
            }
            ("POST", ["api", "chat.postMessage"]) => {
                Reply::json(200, &json!({"ok": true, "channel": "C1", "ts": "1795219086.000100"}))
            }
            (_, [bot, _]) if bot.starts_with("bot") && *bot != format!("bot{}", self.token) => {
                Reply::json(401, &json!({"ok": false, "error_code": 401, "description": "Unauthorized"}))
            }
            ("GET", [_, "getMe"]) => {
                Reply::json(200, &json!({"ok": true, "result": {"id": 7, "is_bot": true, "username": "wpp_bot"}}))
            }
            ("POST", [_, "sendMessage"]) if asked.body["chat_id"] == "nowhere" => {
                Reply::json(400, &json!({"ok": false, "error_code": 400, "description": "Bad Request: chat not found"}))
            }
            ("POST", [_, "sendMessage"]) => Reply::json(200, &json!({"ok": true, "result": {"message_id": 42}})),
            ("GET", ["v1", "health"]) => Reply::json(200, &json!({"healthy": true})),
            ("POST", [""]) if !asked.header("authorization").is_empty() && !bearer => {
                Reply::json(401, &json!({"code": 40101, "http": 401, "error": "unauthorized"}))
            }
            ("POST", [""]) => Reply::json(200, &json!({"id": "x1", "event": "message", "topic": asked.body["topic"]})),
            (_, ["repos", ..]) if !bearer => Reply::json(401, &json!({"message": "Bad credentials"})),
            ("GET", ["repos", "o", "r"]) => {
                Reply::json(200, &json!({"id": 1, "full_name": "o/r", "has_issues": true, "archived": false}))
            }
            ("GET", ["repos", "o", "r", "issues"]) => {
                let labelled = asked.query.contains("labels=wpp");
                let page: usize = asked.query.rsplit_once("&page=").unwrap().1.parse().unwrap();
                let named = |issue: &&Value| issue["labels"].as_array().unwrap().iter().any(|label| label["name"] == "wpp");
                let open = self.issues.iter().rev().filter(|issue| issue["state"] == "open");
                let issues: Vec<&Value> =
                    open.filter(|issue| !labelled || named(issue)).skip((page - 1) * 100).take(100).collect();
                Reply::json(200, &json!(issues))
            }
            ("POST", ["repos", "o", "r", "issues"]) => Reply::json(201, &self.issue(asked)),
            ("POST", ["repos", "o", "r", "issues", number, "comments"]) => {
                let url = format!("https://github.example/o/r/issues/{number}#issuecomment-9");
                Reply::json(201, &json!({"id": 9, "html_url": url, "body": asked.body["body"]}))
            }
            ("PATCH", ["repos", "o", "r", "issues", number]) => {
                let issue = &mut self.issues[number.parse::<usize>().unwrap() - 1];
                issue["state"] = asked.body["state"].clone();
                Reply::json(200, issue)
            }
            _ => Reply::json(404, &json!({"message": "Not Found"})),
        }
    }
}
