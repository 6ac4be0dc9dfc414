//! The local API: HTTP/1.1 and JSON over the session's socket, so that `curl --unix-socket` works.
//!
//! Start with [`Listener::bind`] and [`serve`]. The shapes are those of [`super::api`]; the document
//! that describes them is `openapi.json`, and a test holds that it names the routes of [`routes`],
//! all and no others. Only the socket's owner, and root, is answered. Work on the database is done
//! off the async runtime.

use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::api::{
    ApiError, Auth, AuthRequest, ChatsAnswer, MessagesAnswer, Outbound, OutboxAnswer, OutboxState, SearchAnswer, SearchMode,
    SendAnswer, SendRequest, Status, StreamEvent, Sync, Taken,
};
use super::hub::{Hub, Order};
use super::outbox::Outbox;
use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::session::messages::Messages;
use crate::session::receiver::phone_number;
use crate::session::state::State as SessionState;

/// Largest body taken: the longest text with every byte escaped fits.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Longest wait that a send may ask for.
const WAIT_MS_MAX: u64 = 120_000;
/// Event streams served at one time.
const STREAMS_MAX: usize = 64;
/// Time between two signs of life in an event stream.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events read from the database at once.
const EVENTS_AT_ONCE: u32 = 256;
/// How long requests in progress may take once the daemon stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The session's socket, mode 0600 before anybody can connect to it; removed when the value goes.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
    own_user: u32,
}

impl Listener {
    /// Binds the session's socket. The caller holds the session's lock, so that a socket which is
    /// there and on which nobody listens is a leftover and is removed. Needs a tokio runtime.
    ///
    /// Fails with [`ErrorKind::Locked`] when somebody does listen, with [`ErrorKind::Denied`] when
    /// the name is taken by another user's socket or by something that is no socket.
    pub fn bind(session: &SessionPaths) -> Result<Listener> {
        let path = session.checked_socket()?;
        let own_user = rustix::process::geteuid().as_raw();
        remove_leftover(&path, own_user)?;
        let cannot = |error: std::io::Error| disk::cannot("bind the socket", &path, error);
        let (listener, inode) = (|| -> std::io::Result<_> {
            use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
            let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
            rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
            bind(&socket, &SocketAddrUnix::new(&path)?)?;
            // Nobody can connect before `listen`, so no moment exists in which the mode is wrong.
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(disk::FILE_MODE))?;
            listen(&socket, 128)?;
            let listener = std::os::unix::net::UnixListener::from(socket);
            listener.set_nonblocking(true)?;
            Ok((UnixListener::from_std(listener)?, std::fs::symlink_metadata(&path)?.ino()))
        })()
        .map_err(cannot)?;
        Ok(Listener { listener, path, inode, own_user })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Only our own: a later daemon's socket under this name stays.
        if std::fs::symlink_metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn remove_leftover(path: &std::path::Path, own_user: u32) -> Result<()> {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(disk::cannot("look at", path, error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(Error::new(ErrorKind::Denied, format!("{} is in the way and is no socket", path.display()))
            .hint("look at what it is and move it away, then start the daemon again"));
    }
    if metadata.uid() != own_user {
        return Err(Error::new(ErrorKind::Denied, format!("{} belongs to user {}", path.display(), metadata.uid()))
            .hint("run wpp as that user, or remove the socket if that user's daemon is gone"));
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(Error::new(ErrorKind::Locked, format!("another process answers on {}", path.display()))
            .hint("stop it first; `wpp doctor` names the holder of the session"));
    }
    disk::remove_file(path)
}

impl axum::serve::Listener for Listener {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        loop {
            match self.listener.accept().await {
                // Root could read the database anyway; anybody else is told so and let go.
                Ok((stream, _)) => match stream.peer_cred() {
                    Ok(peer) if peer.uid() == self.own_user || peer.uid() == 0 => return (stream, ()),
                    Ok(peer) => turn_away(stream, peer.uid()),
                    Err(_) => {}
                },
                // Out of descriptors, mostly: wait for some to come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn turn_away(stream: UnixStream, user: u32) {
    let body = json!({
        "code": "DENIED", "message": format!("user {user} may not use this session"), "session": "",
        "hints": ["run wpp as the user that started the daemon"],
    })
    .to_string();
    if let Ok(mut stream) = stream.into_std() {
        // A short answer fits the socket's buffer; a peer that does not take it gets none.
        let _ = write!(
            stream,
            "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
    }
}

/// What the handlers work with.
#[derive(Clone)]
struct Service {
    session: Arc<str>,
    hub: Hub,
    messages: Messages,
    outbox: Outbox,
    streams: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

/// Answers on the socket until `shutdown` resolves; then ends the event streams, lets requests in
/// progress finish for two seconds, and removes the socket.
pub async fn serve(
    listener: Listener,
    session: &str,
    hub: Hub,
    messages: Messages,
    outbox: Outbox,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    let (stop, stopping) = watch::channel(false);
    let streams = Arc::new(Semaphore::new(STREAMS_MAX));
    let service = Service { session: session.into(), hub, messages, outbox, streams, stopping: stopping.clone() };
    let ended = async move {
        let mut stopping = stopping;
        // An error means that the sender is gone, which ends the service too.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let server = axum::serve(listener, router(service)).with_graceful_shutdown(ended).into_future();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        ended = &mut server => return ended.while_doing(|| "the local API ended".into()),
        () = shutdown => {}
    }
    stop.send_replace(true);
    match tokio::time::timeout(STOP_TIMEOUT, server).await {
        Ok(ended) => ended.while_doing(|| "the local API ended".into()),
        // Who is still reading after that is cut off.
        Err(_) => Ok(()),
    }
}

/// Method, path and handler of every route.
fn routes() -> Vec<(Method, &'static str, MethodRouter<Service>)> {
    vec![
        (Method::GET, "/healthz", get(healthz)),
        (Method::GET, "/readyz", get(readyz)),
        (Method::GET, "/metrics", get(metrics)),
        (Method::GET, "/openapi.json", get(openapi)),
        (Method::GET, "/v1/status", get(status)),
        (Method::GET, "/v1/auth", get(auth)),
        (Method::POST, "/v1/auth", post(begin_auth)),
        (Method::GET, "/v1/sync", get(sync)),
        (Method::POST, "/v1/sync", post(set_sync)),
        (Method::GET, "/v1/chats", get(chats)),
        (Method::GET, "/v1/messages", get(list_messages)),
        (Method::POST, "/v1/messages", post(send_message)),
        (Method::GET, "/v1/outbox", get(list_outbox)),
        (Method::GET, "/v1/outbox/{client_message_id}", get(one_outgoing)),
        (Method::GET, "/v1/search", get(search)),
        (Method::POST, "/v1/search/rebuild", post(rebuild_search)),
        (Method::POST, "/v1/outbound/pause", post(pause)),
        (Method::POST, "/v1/outbound/resume", post(resume)),
        (Method::GET, "/v1/events", get(events)),
        (Method::POST, "/v1/stop", post(stop)),
    ]
}

/// Method and path of every route, for the test that holds the document against them.
pub fn route_names() -> Vec<(String, &'static str)> {
    routes().into_iter().map(|(method, path, _)| (method.to_string(), path)).collect()
}

fn router(service: Service) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| router.route(path, handler))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(service)
}

/// An error on its way out.
#[derive(Debug)]
struct Failure(StatusCode, ApiError);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

type Answer<T> = std::result::Result<T, Failure>;

impl Service {
    fn fail(&self, error: &Error) -> Failure {
        let status = match error.kind() {
            ErrorKind::Usage => StatusCode::BAD_REQUEST,
            ErrorKind::NoSession => StatusCode::NOT_FOUND,
            ErrorKind::LoginNeeded => StatusCode::CONFLICT,
            ErrorKind::Denied | ErrorKind::Declined => StatusCode::FORBIDDEN,
            ErrorKind::Locked | ErrorKind::Unreachable | ErrorKind::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Unexpected | ErrorKind::Findings | ErrorKind::Failed | ErrorKind::Unknown | ErrorKind::Archive => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Failure(status, ApiError::from_error(&self.session, error))
    }

    fn refuse(&self, status: StatusCode, code: &str, message: String, hint: &str) -> Failure {
        let error = ApiError { code: code.into(), message, session: self.session.to_string(), hints: vec![hint.into()] };
        Failure(status, error)
    }

    /// Runs work on the database on a thread for such work.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Service) -> Result<T> + Send + 'static) -> Answer<T> {
        let service = self.clone();
        match tokio::task::spawn_blocking(move || work(&service)).await {
            Ok(result) => result.map_err(|error| self.fail(&error)),
            Err(error) => Err(self.fail(
                &Error::new(ErrorKind::Unexpected, "a request to the database did not end")
                    .caused_by(error)
                    .hint("look into the daemon's log with `wpp logs` and report this as a bug of wpp"),
            )),
        }
    }

    fn body<T: DeserializeOwned>(&self, body: std::result::Result<Bytes, BytesRejection>) -> Answer<T> {
        let bytes = body.map_err(|rejection| {
            self.refuse(
                rejection.status(),
                "REQUEST_INVALID",
                format!("the body cannot be read: {}", rejection.body_text()),
                &format!("send at most {BODY_BYTES_MAX} bytes of JSON"),
            )
        })?;
        // An absent body asks for every default.
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(bytes).map_err(|error| {
            self.refuse(
                StatusCode::BAD_REQUEST,
                "REQUEST_INVALID",
                format!("the body is not as it should be: {error}"),
                "GET /openapi.json describes the body of every request",
            )
        })
    }

    fn query<T>(&self, query: std::result::Result<Query<T>, QueryRejection>) -> Answer<T> {
        query.map(|query| query.0).map_err(|rejection| {
            self.refuse(
                StatusCode::BAD_REQUEST,
                "REQUEST_INVALID",
                rejection.body_text().to_lowercase(),
                "GET /openapi.json describes the parameters of every request",
            )
        })
    }

    async fn full_status(&self) -> Answer<Status> {
        // Numbers that live in the database are read there, so that they are never old.
        let mut status = self.hub.status.borrow().clone();
        let (counts, problem, paused, enabled, edited_ms) = self
            .blocking(|service| {
                let messages = &service.messages;
                let edited_ms = messages.edited_ms()?;
                let (paused, enabled) = (messages.outbound_paused()?, messages.sync_enabled()?);
                Ok((messages.counts()?, messages.index_problem()?, paused, enabled, edited_ms))
            })
            .await?;
        status.outbox_pending = counts.outbox_pending;
        status.messages = counts.messages;
        status.last_event_id = counts.newest_event_id;
        status.search_mode = if problem.is_some() { SearchMode::Degraded } else { SearchMode::Fts };
        status.outbound_paused = paused;
        status.sync_enabled = enabled;
        status.edited_ms = edited_ms;
        Ok(status)
    }
}

async fn no_such_route(State(service): State<Service>, uri: Uri) -> Failure {
    let message = format!("there is nothing at {}", uri.path());
    service.refuse(StatusCode::NOT_FOUND, "NOT_FOUND", message, "GET /openapi.json lists what there is")
}

async fn no_such_method(State(service): State<Service>, method: Method, uri: Uri) -> Failure {
    let message = format!("{method} is not possible at {}", uri.path());
    service.refuse(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message, "GET /openapi.json lists what there is")
}

async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "ok": true }))
}

async fn readyz(State(service): State<Service>) -> (StatusCode, Json<serde_json::Value>) {
    let (state, reason) = {
        let status = service.hub.status.borrow();
        (status.state, status.reason)
    };
    let ready = state == SessionState::Ready;
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(json!({ "ready": ready, "state": state, "reason": reason })))
}

async fn openapi() -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// The document that describes the local API.
pub const OPENAPI: &str = include_str!("openapi.json");

async fn metrics(State(service): State<Service>) -> Answer<Response> {
    let status = service.full_status().await?;
    let counts = service.blocking(|service| service.messages.counts()).await?;
    let text = prometheus(&status, &counts, clock::now_ms());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// The status in the text format of Prometheus.
fn prometheus(status: &Status, counts: &crate::session::messages::Counts, now_ms: i64) -> String {
    use std::fmt::Write as _;
    let session = &status.session;
    let seconds_since = |then_ms: i64| (now_ms - then_ms).max(0) as f64 / 1000.0;
    let flag = |on: bool| f64::from(u8::from(on));
    let mut text = format!(
        "# HELP wpp_session_state The session's state and reason; the value is always 1.\n# TYPE wpp_session_state gauge\n\
         wpp_session_state{{session=\"{session}\",state=\"{}\",reason=\"{}\"}} 1\n",
        status.state.name(),
        status.reason.name()
    );
    let mut rows = vec![
        ("wpp_ready", "gauge", "Whether the session is READY.", flag(status.state == SessionState::Ready)),
        ("wpp_state_age_seconds", "gauge", "Time in the present state.", seconds_since(status.since_ms)),
        ("wpp_uptime_seconds", "gauge", "Time since the daemon started.", seconds_since(status.started_ms)),
        ("wpp_reconnects_total", "counter", "Connections lost since the daemon started.", status.reconnects as f64),
        ("wpp_paired", "gauge", "Whether the store holds a linked identity.", flag(status.paired)),
        ("wpp_sync_enabled", "gauge", "Whether the connection is kept.", flag(status.sync_enabled)),
        ("wpp_outbound_paused", "gauge", "Whether sends stay in the outbox.", flag(status.outbound_paused)),
        ("wpp_messages", "gauge", "Messages stored.", counts.messages as f64),
        ("wpp_messages_undecryptable", "gauge", "Messages stored that could not be decrypted.", counts.undecryptable as f64),
        ("wpp_inbound_waiting", "gauge", "Incoming messages not yet projected.", counts.inbound_waiting as f64),
        ("wpp_outbox_pending", "gauge", "Outgoing messages without an answer.", counts.outbox_pending as f64),
        ("wpp_outbox_rejected", "gauge", "Outgoing messages that the server refused.", counts.outbox_rejected as f64),
        (
            "wpp_outbox_oldest_age_seconds",
            "gauge",
            "Age of the oldest outgoing message without an answer.",
            counts.outbox_oldest_ms.map_or(0.0, seconds_since),
        ),
        (
            "wpp_search_degraded",
            "gauge",
            "Whether search works without its index.",
            flag(status.search_mode == SearchMode::Degraded),
        ),
    ];
    if let Some(heard) = status.last_heard_ms {
        rows.push(("wpp_heard_age_seconds", "gauge", "Time since the server was last heard.", seconds_since(heard)));
    }
    for (name, kind, help, value) in rows {
        // Writing into a text does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{{session=\"{session}\"}} {value}\n");
    }
    text
}

async fn status(State(service): State<Service>) -> Answer<Json<Status>> {
    service.full_status().await.map(Json)
}

async fn auth(State(service): State<Service>) -> Json<Auth> {
    Json(service.hub.auth.borrow().clone())
}

async fn begin_auth(State(service): State<Service>, body: std::result::Result<Bytes, BytesRejection>) -> Answer<Json<Auth>> {
    let request: AuthRequest = service.body(body)?;
    let phone_number = request.phone_number.map(|text| phone_number(&text)).transpose().map_err(|reason| {
        service.refuse(
            StatusCode::BAD_REQUEST,
            "REQUEST_INVALID",
            format!("the phone number cannot be one: {reason}"),
            "write it with its country code, such as +31612345678",
        )
    })?;
    service.hub.order(|answer| Order::Link { phone_number, answer }).await.map_err(|error| service.fail(&error))?;
    Ok(Json(service.hub.auth.borrow().clone()))
}

async fn sync(State(service): State<Service>) -> Answer<Json<Sync>> {
    let enabled = service.blocking(|service| service.messages.sync_enabled()).await?;
    Ok(Json(Sync { enabled }))
}

async fn set_sync(State(service): State<Service>, body: std::result::Result<Bytes, BytesRejection>) -> Answer<Json<Sync>> {
    let wanted: Sync = service.body(body)?;
    // Written down first: a daemon that dies now starts as it was told to be.
    service.blocking(move |service| service.messages.set_sync_enabled(wanted.enabled)).await?;
    service.hub.order(|answer| Order::Sync { enabled: wanted.enabled, answer }).await.map_err(|error| service.fail(&error))?;
    Ok(Json(wanted))
}

async fn chats(State(service): State<Service>) -> Answer<Json<ChatsAnswer>> {
    let chats = service.blocking(|service| service.messages.chats()).await?;
    Ok(Json(ChatsAnswer { chats }))
}

fn usual_limit() -> u32 {
    50
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    chat: Option<String>,
    before_ms: Option<i64>,
    #[serde(default = "usual_limit")]
    limit: u32,
}

async fn list_messages(
    State(service): State<Service>,
    query: std::result::Result<Query<ListQuery>, QueryRejection>,
) -> Answer<Json<MessagesAnswer>> {
    let query = service.query(query)?;
    let messages =
        service.blocking(move |service| service.messages.list(query.chat.as_deref(), query.before_ms, query.limit)).await?;
    Ok(Json(MessagesAnswer { messages }))
}

async fn send_message(
    State(service): State<Service>,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Answer<(StatusCode, Json<SendAnswer>)> {
    let request: SendRequest = service.body(body)?;
    let wait = Duration::from_millis(request.wait_ms.min(WAIT_MS_MAX));
    let deadline = tokio::time::Instant::now() + wait;
    // Subscribed before the message is queued: no change of it can be missed.
    let mut changes = service.hub.newest_event.subscribe();
    changes.mark_unchanged();
    // Who will be linked next is not known: what is queued now could leave under another account.
    let unlinked = service.hub.status.borrow().state == SessionState::AuthRequired;
    let (mut answer, paused) = service
        .blocking(move |service| {
            let known = match &request.client_message_id {
                Some(id) if unlinked => service.messages.outgoing(id)?.is_some(),
                _ => !unlinked,
            };
            if !known {
                return Err(Error::new(ErrorKind::LoginNeeded, "the session is not linked to a phone; nothing was queued")
                    .hint(format!("link it with `wpp reauth --session {}`, then send again", service.session)));
            }
            Ok((service.outbox.submit(&request, clock::now_ms())?, service.messages.outbound_paused()?))
        })
        .await?;
    if !answer.duplicate {
        service.hub.tell(Order::OutboxChanged).await.map_err(|error| service.fail(&error))?;
    }
    let mut stopping = service.stopping.clone();
    // A paused outbox gives the server nothing to answer.
    while !paused && matches!(answer.state, OutboxState::Queued | OutboxState::Sending) {
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { break },
            _ = stopping.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep_until(deadline) => break,
        }
        let id = answer.client_message_id.clone();
        let now = service.blocking(move |service| service.outbox.state(&id)).await?;
        if let Some(now) = now {
            answer = SendAnswer { duplicate: answer.duplicate, ..now };
        }
    }
    // 202: taken and not yet answered by the server.
    let done = matches!(answer.state, OutboxState::Accepted | OutboxState::Rejected);
    Ok((if done { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(answer)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboxQuery {
    #[serde(default)]
    all: bool,
    #[serde(default = "usual_limit")]
    limit: u32,
}

async fn list_outbox(
    State(service): State<Service>,
    query: std::result::Result<Query<OutboxQuery>, QueryRejection>,
) -> Answer<Json<OutboxAnswer>> {
    let query = service.query(query)?;
    let outbox = service.blocking(move |service| service.messages.outbox(query.all, query.limit)).await?;
    Ok(Json(OutboxAnswer { outbox }))
}

async fn one_outgoing(
    State(service): State<Service>,
    id: std::result::Result<Path<String>, PathRejection>,
) -> Answer<Json<SendAnswer>> {
    let none = |service: &Service| {
        let message = "no message was sent under this client message id".to_owned();
        service.refuse(StatusCode::NOT_FOUND, "NOT_FOUND", message, "GET /v1/outbox?all=true lists what was sent")
    };
    let Ok(Path(id)) = id else { return Err(none(&service)) };
    let answer = service.blocking(move |service| service.outbox.state(&id)).await?;
    answer.map(Json).ok_or_else(|| none(&service))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    #[serde(default)]
    q: String,
    #[serde(default = "usual_limit")]
    limit: u32,
}

async fn search(
    State(service): State<Service>,
    query: std::result::Result<Query<SearchQuery>, QueryRejection>,
) -> Answer<Json<SearchAnswer>> {
    let query = service.query(query)?;
    let found = service.blocking(move |service| service.messages.search(&query.q, query.limit)).await?;
    Ok(Json(SearchAnswer { mode: found.mode, problem: found.problem, messages: found.messages }))
}

async fn rebuild_search(State(service): State<Service>) -> Answer<Json<Taken>> {
    service.blocking(|service| service.messages.rebuild_index()).await?;
    Ok(Json(Taken { taken: true }))
}

async fn pause(State(service): State<Service>) -> Answer<Json<Outbound>> {
    outbound(&service, true).await
}

async fn resume(State(service): State<Service>) -> Answer<Json<Outbound>> {
    outbound(&service, false).await
}

async fn outbound(service: &Service, paused: bool) -> Answer<Json<Outbound>> {
    let pending = service
        .blocking(move |service| {
            service.messages.set_outbound_paused(paused)?;
            Ok(service.messages.counts()?.outbox_pending)
        })
        .await?;
    service.hub.tell(Order::OutboxChanged).await.map_err(|error| service.fail(&error))?;
    Ok(Json(Outbound { paused, pending }))
}

async fn stop(State(service): State<Service>) -> Answer<(StatusCode, Json<Taken>)> {
    service.hub.tell(Order::Stop).await.map_err(|error| service.fail(&error))?;
    Ok((StatusCode::ACCEPTED, Json(Taken { taken: true })))
}

fn follows() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    after: Option<i64>,
    #[serde(default = "follows")]
    follow: bool,
}

/// The event stream: what is stored after the id asked for, then what comes, in order and without a
/// gap between the two. A reader that resumes from before the oldest event kept gets an event of
/// the kind `gap` first. Without an id it begins with what comes next, or, when it is not to follow,
/// with the oldest event kept.
async fn events(
    State(service): State<Service>,
    headers: HeaderMap,
    query: std::result::Result<Query<EventsQuery>, QueryRejection>,
) -> Answer<Response> {
    let query = service.query(query)?;
    let resumed = match headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let id = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok()).filter(|id| *id >= 0);
            Some(id.ok_or_else(|| {
                service.refuse(
                    StatusCode::BAD_REQUEST,
                    "REQUEST_INVALID",
                    "Last-Event-ID is not the id of an event".into(),
                    "send the id of the last event that arrived, or leave the header out",
                )
            })?)
        }
    };
    let Ok(permit) = service.streams.clone().try_acquire_owned() else {
        return Err(service.refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "TOO_MANY_STREAMS",
            format!("{STREAMS_MAX} event streams are open"),
            "close one that is no longer read",
        ));
    };
    // What is stored while the replay runs changes this too, so nothing falls between.
    let mut newest = service.hub.newest_event.subscribe();
    let mut after = match resumed.or(query.after) {
        Some(id) => id,
        None if query.follow => *newest.borrow(),
        None => 0,
    };
    let (sender, receiver) = mpsc::channel::<StreamEvent>(EVENTS_AT_ONCE as usize);
    let mut stopping = service.stopping.clone();
    tokio::spawn(async move {
        let _permit = permit;
        loop {
            newest.mark_unchanged();
            let from = after;
            // The stream ends when the database fails; the reader resumes where it was and sees why.
            let Ok(page) = service.blocking(move |service| service.messages.events_after(from, EVENTS_AT_ONCE)).await else {
                return;
            };
            let gap = page.lost_through.filter(|_| from > 0).map(|lost| StreamEvent {
                id: lost,
                kind: "gap".into(),
                at_ms: clock::now_ms(),
                data: json!({ "lost_after": from, "lost_through": lost }),
            });
            let whole = page.events.len() == EVENTS_AT_ONCE as usize;
            for event in gap.into_iter().chain(page.events) {
                after = event.id;
                if sender.send(event).await.is_err() {
                    return;
                }
            }
            if whole {
                continue;
            }
            if !query.follow {
                return;
            }
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                _ = stopping.wait_for(|stop| *stop) => return,
                () = sender.closed() => return,
            }
        }
    });
    let stream = ReceiverStream::new(receiver).map(|event| {
        let text = serde_json::to_string(&event).map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(Event::default().id(event.id.to_string()).event(event.kind).data(text))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("alive")).into_response())
}
