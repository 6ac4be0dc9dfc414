//! An S3 server in this process, with faults that tests can order.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::body::Body as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::dto::PutObjectInput;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Request, S3Result, s3_error};
use wpp::archive::destination::Destination;
use wpp::archive::destination::settings::Settings;

/// The only key that the server knows.
pub const KEY: &str = "WPPTESTKEYWPPTESTKEY";
/// Must be nowhere in what wpp writes.
pub const SECRET: &str = "hush-SECRET-0123456789-hush-planted-secret";
/// The bucket that is there.
pub const BUCKET: &str = "archives";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends after a part of the request was read.
    Reset,
    /// The server does what was asked, and the connection ends before the answer.
    LostAnswer,
    /// This status, and nothing is done.
    Answer(u16),
    /// This status after so many milliseconds, and nothing is done.
    AnswerLate(u16, u64),
    /// The answer comes this many milliseconds late.
    Slow(u64),
    /// What was asked is begun, and done this many milliseconds later, whether anybody waits for the answer or not.
    Late(u64),
    /// One bit of the answer's body is another.
    Corrupt,
    /// The connection ends in the middle of the answer's body.
    CutShort,
}

/// What the server makes of a condition not to overwrite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conditions {
    Kept,
    Ignored,
    Unknown,
}

#[derive(Debug)]
struct Rule {
    method: &'static str,
    part_of_uri: &'static str,
    times: usize,
    fault: Fault,
}

#[derive(Default)]
struct Shared {
    rules: Mutex<Vec<Rule>>,
    requests: Mutex<Vec<String>>,
}

/// A server that ends with the value.
pub struct S3Server {
    address: SocketAddr,
    root: tempfile::TempDir,
    shared: Arc<Shared>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl S3Server {
    pub fn start() -> S3Server {
        S3Server::start_with(Conditions::Kept)
    }

    pub fn start_with(conditions: Conditions) -> S3Server {
        let root = tempfile::Builder::new().prefix("wpp-s3-").tempdir().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        builder.set_access(Access(conditions));
        let service = builder.build();
        let shared = Arc::new(Shared::default());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = shared.clone();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, shared) = (service.clone(), seen.clone());
                tokio::spawn(async move {
                    let answer = hyper::service::service_fn(move |request| {
                        let (service, shared) = (service.clone(), shared.clone());
                        async move { answer(&service, &shared, request).await }
                    });
                    let connection = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    // A connection that a fault ended is no failure of the server.
                    let _ = connection.serve_connection(TokioIo::new(socket), answer).await;
                });
            }
        });
        S3Server { address, root, shared, runtime: Some(runtime) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes a file with keys, for its owner alone.
    pub fn keys(&self, folder: &Path) -> PathBuf {
        keys(folder, KEY, SECRET)
    }

    /// Settings that reach this server and do not wait long.
    pub fn settings(&self, keys: &Path) -> Settings {
        Settings {
            endpoint: self.endpoint(),
            credentials_file: Some(keys.to_owned()),
            retry: Duration::from_secs(5),
            attempt: Duration::from_secs(10),
            owner: "this home".into(),
            ..Settings::default()
        }
    }

    /// Orders a fault for the next requests of a method whose address holds a text.
    pub fn order(&self, method: &'static str, part_of_uri: &'static str, times: usize, fault: Fault) {
        self.shared.rules.lock().unwrap().push(Rule { method, part_of_uri, times, fault });
    }

    /// Takes back every fault.
    pub fn heal(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// Method and address of every request so far; forgets them.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.requests.lock().unwrap())
    }

    /// The folder of the bucket.
    pub fn bucket(&self) -> PathBuf {
        self.root.path().join(BUCKET)
    }

    /// Parts and ids of uploads that were neither completed nor aborted.
    pub fn unfinished(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.root.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload") || name.contains(".upload-")).collect()
    }

    /// Names of all objects of the bucket under a prefix, claims included.
    pub fn objects(&self, prefix: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.bucket().join(prefix)) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

/// Writes a credentials file with mode 0600.
pub fn keys(folder: &Path, key: &str, secret: &str) -> PathBuf {
    let path = folder.join("s3-keys");
    std::fs::write(&path, format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")).unwrap();
    wpp::disk::set_mode(&path, 0o600).unwrap();
    path
}

/// A destination in the bucket.
pub fn destination(prefix: &str, settings: &Settings) -> Destination {
    Destination::parse(&format!("s3://{BUCKET}/{prefix}"), settings).unwrap()
}

struct Access(Conditions);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        match context.credentials() {
            Some(_) => Ok(()),
            None => Err(s3_error!(AccessDenied)),
        }
    }

    async fn put_object(&self, request: &mut S3Request<PutObjectInput>) -> S3Result<()> {
        match self.0 {
            Conditions::Kept => {}
            Conditions::Ignored => request.input.if_none_match = None,
            Conditions::Unknown if request.input.if_none_match.is_some() => return Err(s3_error!(NotImplemented)),
            Conditions::Unknown => {}
        }
        Ok(())
    }
}

type Answer = hyper::Response<s3s::Body>;

async fn answer(
    service: &S3Service,
    shared: &Shared,
    mut request: hyper::Request<hyper::body::Incoming>,
) -> Result<Answer, Broken> {
    let fault = {
        let uri = request.uri().to_string();
        shared.requests.lock().unwrap().push(format!("{} {uri}", request.method()));
        let mut rules = shared.rules.lock().unwrap();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.times > 0 && rule.method == request.method().as_str() && uri.contains(rule.part_of_uri));
        rule.map(|rule| {
            rule.times -= 1;
            rule.fault
        })
    };
    match fault {
        Some(Fault::Reset) => {
            let body = request.body_mut();
            let _ = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
            return Err(Broken);
        }
        Some(Fault::Answer(status) | Fault::AnswerLate(status, _)) => {
            // Read to its end: an early answer would look like a reset to a client that still sends.
            while poll_fn(|context| Pin::new(request.body_mut()).poll_frame(context)).await.is_some() {}
            if let Some(Fault::AnswerLate(_, delay_ms)) = fault {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            }
            let location = "http://127.0.0.1:1/elsewhere";
            return Ok(hyper::Response::builder().status(status).header("location", location).body(s3s::Body::empty()).unwrap());
        }
        Some(Fault::Late(delay_ms)) => {
            let (parts, body) = request.into_parts();
            let bytes = bytes::Bytes::from(all(s3s::Body::from(body)).await);
            let end = Box::pin(tokio::time::sleep(Duration::from_millis(delay_ms)));
            let request = hyper::Request::from_parts(parts, s3s::Body::http_body(Late { bytes: Some(bytes), end }));
            let service = service.clone();
            let work = tokio::spawn(async move { service.call(request).await });
            return work.await.map_err(|_| Broken)?.map_err(|_| Broken);
        }
        Some(Fault::Slow(delay_ms)) => tokio::time::sleep(Duration::from_millis(delay_ms)).await,
        _ => {}
    }
    let answer = service.call(request.map(s3s::Body::from)).await.map_err(|_| Broken)?;
    match fault {
        Some(Fault::LostAnswer) => Err(Broken),
        Some(Fault::Corrupt) => {
            let (parts, body) = answer.into_parts();
            let mut bytes = all(body).await;
            if let Some(byte) = bytes.get_mut(1000) {
                *byte ^= 4;
            }
            Ok(hyper::Response::from_parts(parts, s3s::Body::from(bytes)))
        }
        Some(Fault::CutShort) => {
            let (parts, body) = answer.into_parts();
            let bytes = all(body).await;
            let half = bytes::Bytes::from(bytes[..bytes.len() / 2].to_vec());
            Ok(hyper::Response::from_parts(parts, s3s::Body::http_body(Half(Some(half)))))
        }
        _ => Ok(answer),
    }
}

async fn all(mut body: s3s::Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    bytes
}

/// Ends the connection.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ordered")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Broken {
        match never {}
    }
}

/// A body that gives one piece and then breaks.
struct Half(Option<bytes::Bytes>);

impl hyper::body::Body for Half {
    type Data = bytes::Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Broken>>> {
        std::task::Poll::Ready(Some(self.0.take().map(hyper::body::Frame::data).ok_or(Broken)))
    }
}

/// A body that comes after some time.
struct Late {
    bytes: Option<bytes::Bytes>,
    end: Pin<Box<tokio::time::Sleep>>,
}

impl hyper::body::Body for Late {
    type Data = bytes::Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Broken>>> {
        self.end.as_mut().poll(context).map(|()| self.bytes.take().map(|bytes| Ok(hyper::body::Frame::data(bytes))))
    }
}
