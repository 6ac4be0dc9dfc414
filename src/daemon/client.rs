//! Asks a session's daemon over its socket, for the command line: blocking, without a runtime, every
//! step under a time limit.
//!
//! Start with [`Client::connect`], which also tells apart why nobody answers: no socket, a socket that
//! outlived its daemon, somebody else's socket, a daemon that hangs. Each request is one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::{
    ApiError, Auth, AuthRequest, ChatsAnswer, MessagesAnswer, Outbound, OutboxAnswer, SearchAnswer, SendAnswer, SendRequest,
    Status, StreamEvent, Sync, Taken,
};
use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::SessionPaths;

/// How long a healthy daemon may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// An event stream sends a sign of life every 15 s; three missed ones are a lost stream.
const STREAM_TIMEOUT: Duration = Duration::from_secs(50);
/// Rebuilding a large search index takes its time.
const REBUILD_TIMEOUT: Duration = Duration::from_secs(600);
/// Largest head of an answer, and longest line of an event stream.
const LINE_BYTES_MAX: u64 = 4 << 20;
/// Largest answer.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// A session's daemon.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    session: String,
    timeout: Duration,
}

impl Client {
    /// Finds the daemon and proves that something listens on its socket.
    ///
    /// Fails with [`ErrorKind::Unreachable`] when nothing does, and with [`ErrorKind::Denied`],
    /// before connecting, when the socket is not ours.
    pub fn connect(session: &SessionPaths) -> Result<Client> {
        let socket = session.checked_socket()?;
        let client = Client { socket, session: session.name().to_owned(), timeout: ANSWER_TIMEOUT };
        client.check_owner(session)?;
        client.dial(Instant::now() + client.timeout)?;
        Ok(client)
    }

    /// The same daemon with another limit for each answer.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Client {
        Client { timeout, ..self }
    }

    /// Where the session stands.
    pub fn status(&self) -> Result<Status> {
        self.get("/v1/status")
    }

    /// The status of the answer to a question, whatever the answer says. It must be one that changes
    /// nothing.
    pub fn status_of(&self, target: &str) -> Result<u16> {
        self.ask("GET", target, None, Instant::now() + self.timeout).map(|answer| answer.status)
    }

    /// How far linking has come.
    pub fn auth(&self) -> Result<Auth> {
        self.get("/v1/auth")
    }

    /// Begins linking, with a code to type on `phone_number` when one is given.
    pub fn begin_auth(&self, phone_number: Option<&str>) -> Result<Auth> {
        self.post("/v1/auth", &AuthRequest { phone_number: phone_number.map(str::to_owned) })
    }

    /// Sends a message; the answer may take as long as the request says to wait.
    ///
    /// An error after the request was on its way is [`Error::in_doubt`], where the request names the message, unless it
    /// is a refusal of the request itself.
    pub fn send(&self, request: &SendRequest) -> Result<SendAnswer> {
        let client = self.clone().with_timeout(self.timeout.saturating_add(Duration::from_millis(request.wait_ms)));
        let deadline = Instant::now() + client.timeout;
        let body = serde_json::to_string(request).while_doing(|| "cannot write the request".into())?;
        let stream = client.dial(deadline)?;
        let answer = client.ask_on(stream, "POST", "/v1/messages", Some(&body), deadline);
        answer.and_then(|mut answer| client.content(&mut answer)).map_err(|error| {
            match (error.kind(), &request.client_message_id) {
                (ErrorKind::Usage | ErrorKind::LoginNeeded | ErrorKind::Denied, _) | (_, None) => error,
                (_, Some(id)) => error.in_doubt(id),
            }
        })
    }

    /// Where a message stands that was sent before; `None` when there is no such one.
    pub fn sent(&self, client_message_id: &str) -> Result<Option<SendAnswer>> {
        self.get_if_there(&format!("/v1/outbox/{}", escape(client_message_id)))
    }

    /// Messages that hold every word.
    pub fn search(&self, words: &str, limit: u32) -> Result<SearchAnswer> {
        self.get(&format!("/v1/search?q={}&limit={limit}", escape(words)))
    }

    /// Makes the full-text index anew.
    pub fn rebuild_search(&self) -> Result<()> {
        self.clone().with_timeout(REBUILD_TIMEOUT).post::<Taken>("/v1/search/rebuild", &()).map(drop)
    }

    /// Messages, newest first, of one chat or of all.
    pub fn messages(&self, chat: Option<&str>, before_ms: Option<i64>, limit: u32) -> Result<MessagesAnswer> {
        let chat = chat.map(|chat| format!("&chat={}", escape(chat))).unwrap_or_default();
        let before = before_ms.map(|time| format!("&before_ms={time}")).unwrap_or_default();
        self.get(&format!("/v1/messages?limit={limit}{chat}{before}"))
    }

    /// Chats.
    pub fn chats(&self) -> Result<ChatsAnswer> {
        self.get("/v1/chats")
    }

    /// The outbox: what waits and what was refused, or all that is kept.
    pub fn outbox(&self, all: bool, limit: u32) -> Result<OutboxAnswer> {
        self.get(&format!("/v1/outbox?all={all}&limit={limit}"))
    }

    /// Whether the connection is kept.
    pub fn sync(&self) -> Result<Sync> {
        self.get("/v1/sync")
    }

    /// Keeps the connection, or gives it up.
    pub fn set_sync(&self, enabled: bool) -> Result<Sync> {
        self.post("/v1/sync", &Sync { enabled })
    }

    /// Pauses or resumes sending.
    pub fn outbound(&self, paused: bool) -> Result<Outbound> {
        self.post(if paused { "/v1/outbound/pause" } else { "/v1/outbound/resume" }, &())
    }

    /// Tells the daemon to drain and end; answers when it has taken the order.
    pub fn stop(&self) -> Result<()> {
        self.post::<Taken>("/v1/stop", &()).map(drop)
    }

    /// Reads the event stream: after an id, or from what comes next (`follow`) or the oldest event
    /// kept. Returns when `take` breaks, when all that is stored was read and it does not follow, or
    /// when the daemon ends the stream.
    ///
    /// Fails with [`ErrorKind::Unreachable`] when the stream is lost; resume after the last id taken.
    pub fn events(&self, after: Option<i64>, follow: bool, mut take: impl FnMut(StreamEvent) -> ControlFlow<()>) -> Result<()> {
        let after = after.map(|id| format!("&after={id}")).unwrap_or_default();
        let mut answer = self.ask("GET", &format!("/v1/events?follow={follow}{after}"), None, Instant::now() + self.timeout)?;
        if answer.status != 200 {
            return Err(self.refusal(&mut answer));
        }
        let mut data = String::new();
        loop {
            answer.body.deadline(Instant::now() + STREAM_TIMEOUT);
            let Some(line) = answer.body.line().map_err(|error| self.lost(error))? else { return Ok(()) };
            if line.is_empty() {
                if !data.is_empty() {
                    let event = serde_json::from_str(&data).map_err(|error| self.garbled(error))?;
                    data.clear();
                    if take(event).is_break() {
                        return Ok(());
                    }
                }
            } else if let Some(part) = line.strip_prefix("data:") {
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(part.strip_prefix(' ').unwrap_or(part));
            }
            // Comments are signs of life; id and event are within the data as well.
        }
    }

    fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        self.exchange("GET", target, None)
    }

    fn post<T: DeserializeOwned>(&self, target: &str, body: &impl Serialize) -> Result<T> {
        let body = serde_json::to_string(body).while_doing(|| "cannot write the request".into())?;
        // A request without content has no body, which asks for every default.
        self.exchange("POST", target, Some(if body == "null" { "" } else { &body }))
    }

    fn get_if_there<T: DeserializeOwned>(&self, target: &str) -> Result<Option<T>> {
        let mut answer = self.ask("GET", target, None, Instant::now() + self.timeout)?;
        if answer.status == 404 { Ok(None) } else { self.content(&mut answer).map(Some) }
    }

    fn exchange<T: DeserializeOwned>(&self, method: &str, target: &str, body: Option<&str>) -> Result<T> {
        let mut answer = self.ask(method, target, body, Instant::now() + self.timeout)?;
        self.content(&mut answer)
    }

    fn content<T: DeserializeOwned>(&self, answer: &mut Response) -> Result<T> {
        if !(200..300).contains(&answer.status) {
            return Err(self.refusal(answer));
        }
        let text = answer.body.all().map_err(|error| self.lost(error))?;
        serde_json::from_slice(&text).map_err(|error| self.garbled(error))
    }

    fn ask(&self, method: &str, target: &str, body: Option<&str>, deadline: Instant) -> Result<Response> {
        self.ask_on(self.dial(deadline)?, method, target, body, deadline)
    }

    /// [`Client::ask`] over a connection that was made for it.
    fn ask_on(
        &self,
        mut stream: UnixStream,
        method: &str,
        target: &str,
        body: Option<&str>,
        deadline: Instant,
    ) -> Result<Response> {
        let body_head = body.map(|body| format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{}\r\n{}",
            body_head.unwrap_or_default(),
            body.unwrap_or_default()
        );
        let sent = stream.set_write_timeout(Some(left(deadline))).and_then(|()| stream.write_all(request.as_bytes()));
        // A daemon that turns the caller away may close before it has read all; its answer counts.
        let answer = Response::read(stream, deadline);
        match (sent, answer) {
            (_, Ok(answer)) => Ok(answer),
            (Err(error), Err(_)) | (Ok(()), Err(error)) => Err(self.lost(error)),
        }
    }

    /// Refuses to talk to a socket that another user may have put there.
    fn check_owner(&self, session: &SessionPaths) -> Result<()> {
        let folder = session.folder();
        let metadata = match std::fs::symlink_metadata(&self.socket) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // Who deleted the socket of a living daemon must not be told that none runs.
                if let Ok(LockState::Held(owner)) = Lock::look(&session.lock()) {
                    let who = owner.map_or("a process".to_owned(), |owner| format!("process {} ({})", owner.pid, owner.role));
                    return Err(Error::new(
                        ErrorKind::Unreachable,
                        format!("{who} holds the session {} and has no socket to be reached by", self.session),
                    )
                    .hint(format!("it may be coming up; if this lasts, `wpp restart --session {}` replaces it", self.session)));
                }
                return Err(Error::new(ErrorKind::Unreachable, format!("no daemon runs for the session {}", self.session))
                    .hint(format!("start it with `wpp start --session {}`", self.session)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Err(self.denied(error)),
            Err(error) => return Err(disk::cannot("look at the socket", &self.socket, error)),
        };
        if !metadata.file_type().is_socket() {
            return Err(Error::new(ErrorKind::Unreachable, format!("{} is no socket", self.socket.display()))
                .hint("look at what it is and move it away, then run `wpp start`"));
        }
        let own = rustix::process::geteuid().as_raw();
        // Root works on a session as the user whose folder it is.
        let expected = if own == 0 { std::fs::metadata(folder).map_or(own, |metadata| metadata.uid()) } else { own };
        if metadata.uid() != expected && metadata.uid() != own {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("{} belongs to user {}, not to user {expected}", self.socket.display(), metadata.uid()),
            )
            .hint("run wpp as that user, or find out who put it there; `wpp doctor` checks owners"));
        }
        Ok(())
    }

    fn dial(&self, deadline: Instant) -> Result<UnixStream> {
        loop {
            match connect_at_once(&self.socket) {
                Ok(stream) => return Ok(stream),
                Err(error) => match error.kind() {
                    // The queue of a daemon that accepts nobody is full.
                    std::io::ErrorKind::WouldBlock if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                    std::io::ErrorKind::WouldBlock => return Err(self.silent()),
                    std::io::ErrorKind::ConnectionRefused => {
                        return Err(Error::new(
                            ErrorKind::Unreachable,
                            format!("stale socket: nobody listens on {}, its daemon died", self.socket.display()),
                        )
                        .hint(format!(
                            "`wpp doctor --fix --session {0}` removes it, `wpp start --session {0}` replaces it",
                            self.session
                        )));
                    }
                    std::io::ErrorKind::PermissionDenied => return Err(self.denied(error)),
                    std::io::ErrorKind::NotFound => {
                        return Err(Error::new(
                            ErrorKind::Unreachable,
                            format!("the daemon of the session {} just ended", self.session),
                        )
                        .hint(format!("start it with `wpp start --session {}`", self.session)));
                    }
                    _ => return Err(disk::cannot("connect to", &self.socket, error)),
                },
            }
        }
    }

    fn denied(&self, error: std::io::Error) -> Error {
        Error::new(ErrorKind::Denied, format!("{} may not be used by this user", self.socket.display()))
            .caused_by(error)
            .hint("run wpp as the user that started the daemon")
    }

    fn silent(&self) -> Error {
        let seconds = self.timeout.as_secs_f32();
        Error::new(
            ErrorKind::Unreachable,
            format!("the daemon of the session {} does not answer within {seconds} s", self.session),
        )
        .hint(format!("`wpp doctor --session {0}` looks at it, `wpp restart --force --session {0}` replaces it", self.session))
    }

    fn lost(&self, error: std::io::Error) -> Error {
        match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => self.silent(),
            _ => {
                Error::new(ErrorKind::Unreachable, format!("the daemon of the session {} ended while it was asked", self.session))
                    .caused_by(error)
                    .hint(format!(
                        "see where it stands with `wpp status --session {0}` and why with `wpp logs --session {0}`",
                        self.session
                    ))
            }
        }
    }

    fn garbled(&self, error: serde_json::Error) -> Error {
        Error::new(
            ErrorKind::Unexpected,
            format!("the daemon of the session {} answered in a way unknown to this wpp", self.session),
        )
        .caused_by(error)
        .hint(format!("if wpp was upgraded, `wpp restart --session {}` brings the daemon to the same version", self.session))
    }

    fn refusal(&self, answer: &mut Response) -> Error {
        let text = match answer.body.all() {
            Ok(text) => text,
            Err(error) => return self.lost(error),
        };
        match serde_json::from_slice::<ApiError>(&text) {
            Ok(error) => error.into_error(),
            Err(_) => Error::new(
                ErrorKind::Unexpected,
                format!("the daemon of the session {} answered {}", self.session, answer.status),
            )
            .hint(format!("look into its log with `wpp logs --session {}`", self.session)),
        }
    }
}

/// Connects, or says at once that the daemon's queue is full; the standard library would wait for ever.
pub fn connect_at_once(path: &Path) -> std::io::Result<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(true)?;
    connect(&stream, &SocketAddrUnix::new(path)?)?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Time until a deadline; never zero, which the socket would take for no limit.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Text as a part of a request's target.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

struct Response {
    status: u16,
    body: Body,
}

/// The body of an answer, in whichever of HTTP's three ways it is delimited.
struct Body {
    reader: BufReader<Timed>,
    rest: Rest,
}

enum Rest {
    /// So many bytes to come.
    Length(u64),
    /// Chunks; so many bytes of the present one to come.
    Chunked {
        /// Bytes.
        left: u64,
        /// Whether no chunk was begun yet.
        first: bool,
    },
    /// Until the daemon closes.
    Close,
}

/// A socket on which every read ends by the deadline.
struct Timed {
    stream: UnixStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if Instant::now() >= self.deadline {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left(self.deadline)))?;
        self.stream.read(buffer)
    }
}

fn malformed(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{what} of the answer is malformed"))
}

/// One line without its end; `None` at the end of the stream.
fn read_line(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| malformed("a line"))
}

impl Response {
    fn read(stream: UnixStream, deadline: Instant) -> std::io::Result<Response> {
        let mut reader = BufReader::new(Timed { stream, deadline });
        let first = read_line(&mut reader)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut words = first.split(' ');
        let status = match (words.next(), words.next().map(str::parse)) {
            (Some("HTTP/1.1" | "HTTP/1.0"), Some(Ok(status))) => status,
            _ => return Err(malformed("the first line")),
        };
        let mut rest = Rest::Close;
        for _ in 0..100 {
            let line = read_line(&mut reader)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Response { status, body: Body { reader, rest } });
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed("a header"))?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => rest = Rest::Length(value.trim().parse().map_err(|_| malformed("the length"))?),
                "transfer-encoding" => rest = Rest::Chunked { left: 0, first: true },
                _ => {}
            }
        }
        Err(malformed("the head"))
    }
}

impl Body {
    fn deadline(&mut self, deadline: Instant) {
        self.reader.get_mut().deadline = deadline;
    }

    /// One line of the body without its end; `None` at its end.
    fn line(&mut self) -> std::io::Result<Option<String>> {
        read_line(self)
    }

    /// All that is left of the body.
    fn all(&mut self) -> std::io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.take(BODY_BYTES_MAX).read_to_end(&mut text)?;
        Ok(text)
    }

    /// Reads up to the content of the next chunk when the present one is used up.
    fn next_chunk(&mut self, first: bool) -> std::io::Result<u64> {
        if !first && read_line(&mut self.reader)?.as_deref() != Some("") {
            return Err(malformed("a chunk"));
        }
        let line = read_line(&mut self.reader)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(size, 16).map_err(|_| malformed("a chunk"))
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if let Rest::Chunked { left: 0, first } = self.rest {
            let left = self.next_chunk(first)?;
            self.rest = if left == 0 { Rest::Length(0) } else { Rest::Chunked { left, first: false } };
        }
        let left = match self.rest {
            Rest::Length(0) => return Ok(&[]),
            Rest::Length(left) | Rest::Chunked { left, .. } => left,
            Rest::Close => u64::MAX,
        };
        let bytes = self.reader.fill_buf()?;
        if bytes.is_empty() && left != u64::MAX {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(&bytes[..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX))])
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        if let Rest::Length(left) | Rest::Chunked { left, .. } = &mut self.rest {
            *left -= count as u64;
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session whose socket is served by a thread with fixed answers, one for each connection.
    fn served(answers: Vec<&'static [u8]>) -> (tempfile::TempDir, SessionPaths) {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        let listener = std::os::unix::net::UnixListener::bind(session.socket()).unwrap();
        std::thread::spawn(move || {
            // The first connection is the one by which the client proves that somebody listens.
            let _ = listener.accept();
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                let mut request = [0_u8; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer);
            }
        });
        (folder, session)
    }

    #[test]
    fn no_socket_a_stale_one_and_something_else_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        let error = Client::connect(&session).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert!(error.hints()[0].contains("wpp start"), "{:?}", error.hints());
        drop(std::os::unix::net::UnixListener::bind(session.socket()).unwrap());
        let error = Client::connect(&session).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert!(error.message().contains("stale socket") && error.hints()[0].contains("wpp doctor --fix"), "{error}");
        std::fs::remove_file(session.socket()).unwrap();
        std::fs::write(session.socket(), "").unwrap();
        assert!(Client::connect(&session).unwrap_err().message().contains("is no socket"));
    }

    #[test]
    fn a_daemon_that_hangs_is_unreachable_in_time_even_with_a_full_queue() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        let _listener = std::os::unix::net::UnixListener::bind(session.socket()).unwrap();
        let client = Client::connect(&session).unwrap().with_timeout(Duration::from_millis(100));
        let started = Instant::now();
        let error = client.status().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert!(error.message().contains("does not answer") && error.hints()[0].contains("wpp restart"), "{}", error.chain());
        let mut held = Vec::new();
        while held.len() < 10_000 {
            match connect_at_once(&client.socket) {
                Ok(stream) => held.push(stream),
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                    break;
                }
            }
        }
        assert!(client.status().unwrap_err().message().contains("does not answer"));
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn answers_in_each_of_the_three_ways_are_read_and_broken_ones_are_errors() {
        let good: [&'static [u8]; 3] = [
            b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"enabled\":true}",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"ena\r\nb;x=y\r\nbled\":true}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n{\"enabled\":true}",
        ];
        let (_folder, session) = served(good.to_vec());
        let client = Client::connect(&session).unwrap();
        for _ in good {
            assert_eq!(client.sync().unwrap(), Sync { enabled: true });
        }
        let bad: [&'static [u8]; 8] = [
            b"",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"enabled\":true}",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{{\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno",
        ];
        let (_folder, session) = served(bad.to_vec());
        let client = Client::connect(&session).unwrap().with_timeout(Duration::from_secs(2));
        for answer in bad {
            let error = client.sync().unwrap_err();
            assert!(!error.hints().is_empty(), "{}: {}", String::from_utf8_lossy(answer), error.chain());
        }
    }

    #[test]
    fn a_refusal_comes_back_as_the_error_it_was() {
        let answer: &'static [u8] = b"HTTP/1.1 409 Conflict\r\n\r\n{\"code\":\"AUTH_INVALID\",\"message\":\"not linked\",\"session\":\"main\",\"hints\":[\"do x\"]}";
        let (_folder, session) = served(vec![answer]);
        let error = Client::connect(&session).unwrap().status().unwrap_err();
        assert_eq!(
            (error.kind(), error.message(), error.hints()),
            (ErrorKind::LoginNeeded, "not linked", &["do x".to_owned()][..])
        );
    }

    #[test]
    fn of_a_message_that_may_have_been_taken_the_error_says_so_and_of_one_that_was_refused_it_does_not() {
        let refused: &'static [u8] =
            b"HTTP/1.1 400 No\r\n\r\n{\"code\":\"REQUEST_INVALID\",\"message\":\"no\",\"session\":\"main\",\"hints\":[\"do x\"]}";
        let broken: &'static [u8] =
            b"HTTP/1.1 500 No\r\n\r\n{\"code\":\"INTERNAL\",\"message\":\"no\",\"session\":\"main\",\"hints\":[\"do x\"]}";
        let cut: &'static [u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\n{\"client";
        let (_folder, session) = served(vec![refused, broken, cut, b"", b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"]);
        let client = Client::connect(&session).unwrap().with_timeout(Duration::from_secs(2));
        let id = Some("one".to_owned());
        let request = SendRequest { client_message_id: id, to: "15550100001".into(), text: "hi".into(), wait_ms: 0 };
        assert_eq!(client.send(&request).unwrap_err().client_message_id(), None);
        for _ in 0..4 {
            let error = client.send(&request).unwrap_err();
            assert_eq!(error.client_message_id(), Some("one"), "{}", error.chain());
            assert!(error.message().contains("one was taken is not known"), "{}", error.chain());
        }
        // Nobody listens any more: nothing was on its way.
        let folder = tempfile::tempdir().unwrap();
        let gone = Client { socket: folder.path().join("none"), ..client };
        let error = gone.send(&request).unwrap_err();
        assert_eq!((error.kind(), error.client_message_id()), (ErrorKind::Unreachable, None), "{}", error.chain());
    }

    #[test]
    fn targets_are_escaped() {
        assert_eq!(escape("a b&c=/é?#%"), "a%20b%26c%3D%2F%C3%A9%3F%23%25");
    }
}
