//! A prefix of a bucket of S3-compatible storage as a place for archives: the only file that names
//! the S3 client.
//!
//! **Reading** is by ranges: a small one first, larger ones while the reader goes on in order, and
//! the next one is fetched ahead then. Listing archives therefore reads their ends alone, and
//! verifying one runs at the line's speed.
//!
//! **Writing** holds three parts in memory at most, one that is filled and two on their way, and gives
//! the room of each back as soon as it has arrived. What fits into one part is put in one request that
//! fails if the name is taken. More becomes a multipart upload, which no server shows under the
//! name before it is complete. Its name is reserved by a claim: a small object beside it, made by
//! a request that fails if it is there, which also keeps the upload's id, so that whoever finds the
//! claim of a killed backup can abort its upload. (Who is killed between the server's answer and the
//! note of it leaves an upload that nobody knows. It holds no bytes.) A server that does not know
//! such requests is noticed, and [`Bucket::limits`] says so.
//!
//! **What goes wrong** is said in the words of an [`super::outage`]. The server's own texts are not repeated: some answer a wrong token with
//! the token. Start with [`Bucket::parse`].

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::outage::{Outage, Symptoms, Transport};
use super::settings::{Endpoint, Settings};
use super::{CLAIM, Cleared, Object, STORE_SCHEME, Stamp, belongs_to, taken};
use crate::clock;
use crate::disk::{self, faults};
use crate::error::{Context, Error, ErrorKind, Result};

/// Size of a part: the least that servers take. Some want all parts but the last equal.
const PART_BYTES: usize = 5 << 20;
/// Room for an archive that fits into one request, to begin with.
const SMALL_BYTES: usize = 256 << 10;
/// Fewer than the 10,000 that servers allow.
const PARTS_MAX: u64 = 9000;
/// Parts on their way at one time.
const FLYING_MAX: usize = 2;
/// The first range of a reader: the end of an archive with its manifest fits in most.
const RANGE_BYTES_MIN: u64 = 64 << 10;
/// The largest range; two of them are held.
const RANGE_BYTES_MAX: u64 = 2 << 20;
/// A claim is some lines.
const CLAIM_SIZE_BYTES_MAX: u64 = 64 << 10;
const CLAIM_SCHEMA: &str = "wpp.claim/1";
/// How many times as long as others an attempt to send a part may take.
const UPLOAD_PATIENCE: u32 = 5;
/// How long a part that is on its way may take to end when its upload is given up.
const LAST_PARTS: Duration = Duration::from_secs(3);
/// How long leaving nothing behind may take.
const GOODBYE: Duration = Duration::from_secs(10);

/// A prefix of a bucket.
pub struct Bucket {
    bucket: String,
    prefix: Option<Key>,
    settings: Settings,
    // Made when it is first needed.
    link: Mutex<Option<Arc<Link>>>,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Bucket({self})")
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{STORE_SCHEME}{}", self.bucket)?;
        self.prefix.as_ref().map_or(Ok(()), |prefix| write!(formatter, "/{prefix}"))
    }
}

impl Bucket {
    /// Takes `s3://BUCKET[/PREFIX]`.
    pub fn parse(text: &str, settings: &Settings) -> Result<Bucket> {
        // A text that may hold a password is not repeated.
        let shown = if text.contains('@') { "the address of the store".to_owned() } else { format!("{text:?}") };
        let wrong = |what: &str| {
            Error::new(ErrorKind::Usage, format!("{shown} {what}")).hint(
                "write s3://BUCKET/PREFIX; the server is set by backup.s3.endpoint and the keys by backup.s3.credentials_file",
            )
        };
        let rest = text.strip_prefix(STORE_SCHEME).ok_or_else(|| wrong("does not begin with s3://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let named = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
            && edge(bucket.bytes().next())
            && edge(bucket.bytes().last());
        if !named {
            return Err(wrong("does not name a bucket (3 to 63 of a-z, 0-9, dot and hyphen)"));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let prefix = match prefix {
            "" => None,
            _ if prefix.starts_with('/') => return Err(wrong("has a prefix with empty parts")),
            _ if prefix.chars().any(char::is_control) => return Err(wrong("holds control characters")),
            _ => Some(Key::parse(prefix).map_err(|_| wrong("has a prefix with empty parts, `.` or `..`"))?),
        };
        Ok(Bucket { bucket: bucket.to_owned(), prefix, settings: settings.clone(), link: Mutex::new(None) })
    }

    /// The address of an object.
    pub fn place(&self, name: &str) -> String {
        format!("{self}/{name}")
    }

    /// Every object directly under the prefix.
    pub fn list(&self) -> Result<Vec<Object>> {
        let link = self.link()?;
        point("list", &self.to_string())?;
        let listed = link
            .wait(link.store.list_with_delimiter(self.prefix.as_ref()))
            .map_err(|error| link.failed("list the objects of", &self.to_string(), &error))?;
        Ok(listed.objects.iter().filter_map(object).collect())
    }

    /// One object.
    pub fn look(&self, name: &str) -> Result<Option<Object>> {
        let link = self.link()?;
        let place = self.place(name);
        point("look", &place)?;
        link.head(&self.key(name), &place)
    }

    /// Opens an object.
    pub fn open(&self, name: &str) -> Result<(Reader, Object)> {
        let link = self.link()?;
        let place = self.place(name);
        point("look", &place)?;
        let object = link.head(&self.key(name), &place)?.ok_or_else(|| {
            Error::new(ErrorKind::Archive, format!("there is no {place}"))
                .hint("`wpp backup list` shows the archives; another backup or prune may have removed it")
        })?;
        Ok((Reader::new(link, self.key(name), place, &object), object))
    }

    /// Opens an object of which a listing told size and state.
    pub fn open_listed(&self, object: &Object) -> Result<Reader> {
        Ok(Reader::new(self.link()?, self.key(&object.name), self.place(&object.name), object))
    }

    /// Begins an upload.
    pub fn create(&self, name: &str, about_bytes: u64) -> Result<Upload> {
        let link = self.link()?;
        // Parts grow in whole MiB when the usual ones would be too many.
        let needed = about_bytes.div_ceil(PARTS_MAX).next_multiple_of(1 << 20);
        let part_bytes = usize::try_from(needed).unwrap_or(usize::MAX).max(PART_BYTES);
        let upload = Upload {
            key: self.key(name),
            claim_key: self.key(&format!("{name}{CLAIM}")),
            place: self.place(name),
            owner: self.settings.owner.clone(),
            link,
            part_bytes,
            buffer: Vec::new(),
            written: 0,
            state: State::Small,
        };
        upload.require_free()?;
        Ok(upload)
    }

    /// Removes an object.
    pub fn remove(&self, name: &str) -> Result<()> {
        let link = self.link()?;
        let place = self.place(name);
        link.remove(&link.store, &self.key(name), &place)
    }

    /// Aborts the uploads of this home's killed backups of a session, and removes their claims.
    pub fn clear(&self, session: &str) -> Result<Cleared> {
        let mut cleared = Cleared::default();
        let stale = |object: &Object| object.name.ends_with(CLAIM) && belongs_to(&object.name, session);
        for object in self.list()?.into_iter().filter(stale) {
            let place = self.place(&object.name);
            let claim = match self.read_claim(&object)? {
                Some(claim) if claim.owner == self.settings.owner => claim,
                Some(_) => {
                    cleared.kept.push((place, "another home made it".into()));
                    continue;
                }
                None => {
                    cleared.kept.push((place, "it is no claim of wpp".into()));
                    continue;
                }
            };
            let link = self.link()?;
            let name = object.name.strip_suffix(CLAIM).unwrap_or(&object.name);
            if let Some(id) = &claim.upload_id {
                point("abort", &place)?;
                if let Err(error) = link.wait(link.store.abort_multipart(&self.key(name), id)) {
                    // An upload that was completed, or aborted before, cannot be aborted; what was
                    // completed is a whole object and stays.
                    let gone = matches!(error, object_store::Error::NotFound { .. }) || self.look(name)?.is_some();
                    if !gone {
                        cleared.kept.push((place.clone(), link.failed("abort the upload of", &place, &error).chain()));
                        continue;
                    }
                }
            }
            link.remove(&link.store, &self.key(&object.name), &place)?;
            cleared.removed.push(place);
        }
        Ok(cleared)
    }

    /// What the server cannot do, as far as it was noticed.
    pub fn limits(&self) -> Vec<String> {
        let guard = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        match guard.as_ref().map(|link| link.conditional.load(Ordering::Relaxed)) {
            Some(IGNORED) => vec![format!(
                "the server of {self} ignores the condition not to overwrite (If-None-Match): that a name is free was only looked up before writing"
            )],
            Some(UNKNOWN_TO_SERVER) => vec![format!(
                "the server of {self} does not know the condition not to overwrite (If-None-Match): that a name is free was only looked up before writing"
            )],
            _ => Vec::new(),
        }
    }

    fn key(&self, name: &str) -> Key {
        match &self.prefix {
            Some(prefix) => prefix.clone().join(name),
            None => Key::from(name),
        }
    }

    fn read_claim(&self, object: &Object) -> Result<Option<Claim>> {
        if object.size_bytes > CLAIM_SIZE_BYTES_MAX {
            return Ok(None);
        }
        let link = self.link()?;
        link.small(&link.store, &self.key(&object.name), &self.place(&object.name))
            .map(|text| text.and_then(|text| Claim::parse(&text)))
    }

    fn link(&self) -> Result<Arc<Link>> {
        // A thread that panicked in here left either nothing or a whole link.
        let mut guard = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        match guard.as_ref() {
            Some(link) => Ok(link.clone()),
            None => Ok(guard.insert(Arc::new(Link::make(&self.bucket, &self.settings)?)).clone()),
        }
    }
}

// What is known about the server's conditional puts.
const UNTRIED: u8 = 0;
const ENFORCED: u8 = 1;
const IGNORED: u8 = 2;
const UNKNOWN_TO_SERVER: u8 = 3;

/// The connection to a store: a runtime for the asynchronous client, and what must not be shown.
struct Link {
    // `None` only while it is dropped.
    runtime: Option<Runtime>,
    // For everything but uploads, whose attempts may take longer.
    store: Arc<AmazonS3>,
    uploads: Arc<AmazonS3>,
    // Tries for a moment only: for leaving nothing behind when all else failed.
    goodbye: Arc<AmazonS3>,
    bucket: String,
    endpoint: Endpoint,
    conditional: AtomicU8,
    secrets: Vec<super::settings::Secret>,
}

impl Link {
    fn make(bucket: &str, settings: &Settings) -> Result<Link> {
        let endpoint = settings.endpoint()?;
        let keys = settings.keys()?;
        // Whoever came first has chosen; in this program that can only be the same choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2)
            .thread_name("wpp-store")
            .enable_all()
            .build()
            .while_doing(|| "cannot start a thread for the store".into())?;
        let http = http_client(&endpoint, settings.attempt)
            .while_doing(|| "cannot set up TLS for the store".into())
            .map_err(|error| error.hint("check this machine's certificate store"))?;
        let client = |attempt: Duration, retry: Duration| -> Result<Arc<AmazonS3>> {
            let retry = RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(15),
                    base: 2.0,
                },
                max_retries: if retry.is_zero() { 0 } else { 30 },
                retry_timeout: retry,
            };
            let url = endpoint.url((!settings.path_style).then_some(bucket));
            let mut builder = AmazonS3Builder::new()
                .with_bucket_name(bucket)
                .with_region(&settings.region)
                .with_endpoint(url)
                .with_virtual_hosted_style_request(!settings.path_style)
                .with_access_key_id(keys.id.reveal())
                .with_secret_access_key(keys.secret.reveal())
                .with_retry(retry)
                .with_disable_tagging(true)
                // Not every server knows how to delete several objects at once.
                .with_disable_bulk_delete(true)
                .with_http_connector(Patient { client: http.clone(), attempt });
            if let Some(token) = &keys.token {
                builder = builder.with_token(token.reveal());
            }
            builder.build().map(Arc::new).map_err(|error| {
                Error::new(
                    ErrorKind::Usage,
                    format!("the store cannot be set up: {}", redact(&error.to_string(), keys.secrets())),
                )
                .hint("check backup.s3.endpoint, backup.s3.region and the keys")
            })
        };
        Ok(Link {
            runtime: Some(runtime),
            store: client(settings.attempt, settings.retry)?,
            uploads: client(settings.attempt * UPLOAD_PATIENCE, settings.retry)?,
            goodbye: client(settings.attempt.min(GOODBYE), settings.retry.min(GOODBYE))?,
            bucket: bucket.to_owned(),
            conditional: AtomicU8::new(UNTRIED),
            secrets: keys.secrets().cloned().collect(),
            endpoint,
        })
    }

    #[expect(clippy::expect_used, reason = "the runtime is only taken by drop, after which nobody has the link")]
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("a link in use has its runtime")
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    fn head(&self, key: &Key, place: &str) -> Result<Option<Object>> {
        match self.wait(self.store.head(key)) {
            Ok(meta) => Ok(object(&meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look at", place, &error)),
        }
    }

    fn small(&self, client: &AmazonS3, key: &Key, place: &str) -> Result<Option<Bytes>> {
        point("get", place)?;
        let got = self.wait(async { client.get(key).await?.bytes().await });
        match got {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", place, &error)),
        }
    }

    fn put(&self, key: &Key, place: &str, bytes: Bytes, mode: PutMode) -> object_store::Result<()> {
        point("put", place).map_err(|error| object_store::Error::Generic { store: "fault", source: Box::new(error) })?;
        self.wait(self.uploads.put_opts(key, PutPayload::from_bytes(bytes), PutOptions::from(mode))).map(drop)
    }

    /// Puts an object that must not be there, with a condition if the server knows them. Whether
    /// the server keeps to it is tried once: the same bytes are put again, which must then fail.
    fn put_new(&self, key: &Key, place: &str, bytes: &Bytes) -> Result<()> {
        if self.conditional.load(Ordering::Relaxed) != UNKNOWN_TO_SERVER {
            match self.put(key, place, bytes.clone(), PutMode::Create) {
                Ok(()) => {
                    if self.conditional.load(Ordering::Relaxed) == UNTRIED {
                        // Whatever else this answers says nothing about conditions.
                        match self.put(key, place, bytes.clone(), PutMode::Create) {
                            Ok(()) => self.conditional.store(IGNORED, Ordering::Relaxed),
                            Err(object_store::Error::AlreadyExists { .. }) => self.conditional.store(ENFORCED, Ordering::Relaxed),
                            Err(_) => {}
                        }
                    }
                    return Ok(());
                }
                Err(object_store::Error::AlreadyExists { .. }) => {
                    // A request whose answer was lost is sent again and then finds its own object.
                    return match self.small(&self.store, key, place)? {
                        Some(there) if there == *bytes => Ok(()),
                        _ => Err(taken(place, "somebody who was faster")),
                    };
                }
                Err(error) if matches!(status(&text_of(&error)), Some(400 | 405 | 501)) => {
                    // Some of them mean something else by it; then the plain put fails, too, and says so.
                }
                Err(error) => {
                    // The server may have done it although its answer never came.
                    return match self.small(&self.goodbye, key, place) {
                        Ok(Some(there)) if there == *bytes => Ok(()),
                        _ => Err(self.failed("write", place, &error)),
                    };
                }
            }
        }
        if self.head(key, place)?.is_some() {
            return Err(taken(place, "somebody who was faster"));
        }
        self.put(key, place, bytes.clone(), PutMode::Overwrite).map_err(|error| self.failed("write", place, &error))?;
        self.conditional.store(UNKNOWN_TO_SERVER, Ordering::Relaxed);
        Ok(())
    }

    fn remove(&self, client: &AmazonS3, key: &Key, place: &str) -> Result<()> {
        point("remove", place)?;
        match self.wait(client.delete(key)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove", place, &error)),
        }
    }

    /// An error of the client in the words of an outage.
    fn failed(&self, doing: &str, place: &str, error: &object_store::Error) -> Error {
        // Faults that tests inject are ours already.
        if let object_store::Error::Generic { store: "fault", source } = error {
            return Error::new(ErrorKind::Unexpected, format!("cannot {doing} {place}: {}", source)).hint("try again");
        }
        let outage = Outage::of(&symptoms(error));
        let (kind, words, hint) = outage.words(&self.endpoint.authority(), &self.bucket);
        let words = match &outage {
            Outage::Other => format!("{words}: {}", redact(&one_line(&transport(error)), self.secrets.iter())),
            _ => words,
        };
        Error::new(kind, format!("cannot {doing} {place}: {words}")).hint(hint)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name server that does not answer holds a thread that nothing else can end.
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }
}

/// Makes the HTTP client: TLS unless the address is of this machine, no redirects (they could lead
/// a sandbox out, and a store that moves is a setting to correct), and no proxy for loopback.
///
/// There is one for all uses of a store: each holds the system's certificates.
fn http_client(endpoint: &Endpoint, attempt: Duration) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("wpp/", env!("CARGO_PKG_VERSION")))
        .https_only(endpoint.https)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(attempt.min(Duration::from_secs(10)))
        .timeout(attempt * UPLOAD_PATIENCE)
        .pool_idle_timeout(Duration::from_secs(20));
    if endpoint.loopback {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// The HTTP client with a bound on how long it waits for an answer.
#[derive(Debug, Clone)]
struct Patient {
    client: reqwest::Client,
    attempt: Duration,
}

impl HttpConnector for Patient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait::async_trait]
impl HttpService for Patient {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        match tokio::time::timeout(self.attempt, HttpService::call(&self.client, request)).await {
            Ok(answer) => answer,
            Err(late) => Err(HttpError::new(HttpErrorKind::Timeout, late)),
        }
    }
}

fn point(what: &'static str, place: &str) -> Result<()> {
    faults::point(what, Path::new(place))
}

fn object(meta: &ObjectMeta) -> Option<Object> {
    let name = meta.location.filename()?.to_owned();
    let stamp = Stamp {
        size_bytes: meta.size,
        modified_s: meta.last_modified.timestamp(),
        // Listings tell milliseconds and headers whole seconds; both must give the same stamp.
        modified_ns: 0,
        etag: meta.e_tag.clone(),
    };
    Some(Object { name, size_bytes: meta.size, stamp })
}

/// What is known about an upload whose name it reserves.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claim {
    schema: String,
    /// Unique: tells whoever made it that it is theirs.
    token: String,
    /// Which home made it.
    owner: String,
    /// For people.
    since: String,
    /// The upload to abort; written down before its first part is sent.
    upload_id: Option<String>,
}

impl Claim {
    fn parse(text: &[u8]) -> Option<Claim> {
        serde_json::from_slice(text).ok().filter(|claim: &Claim| claim.schema == CLAIM_SCHEMA)
    }

    fn text(&self) -> Result<Bytes> {
        serde_json::to_vec(self).map(Bytes::from).while_doing(|| "cannot write a claim".into())
    }
}

/// A part on its way.
type Flying = JoinHandle<object_store::Result<PartId>>;

/// How far an upload has come.
#[derive(Debug)]
enum State {
    /// Everything is in the buffer.
    Small,
    /// Parts are sent.
    Large { id: String, sent: usize, done: Vec<PartId>, flying: VecDeque<Flying> },
    /// The object is there; the claim too, if there was one.
    Complete { claimed: bool },
    /// A request failed; nothing can be saved.
    Failed { upload: Option<String>, claimed: bool },
    /// Nothing is left to do.
    Settled,
}

/// An object that is being written.
pub struct Upload {
    link: Arc<Link>,
    key: Key,
    claim_key: Key,
    place: String,
    owner: String,
    part_bytes: usize,
    buffer: Vec<u8>,
    written: u64,
    state: State,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Upload").field("place", &self.place).field("written", &self.written).finish_non_exhaustive()
    }
}

impl Upload {
    /// Nothing has the name.
    fn require_free(&self) -> Result<()> {
        point("look", &self.place)?;
        match self.link.head(&self.key, &self.place)? {
            Some(_) => Err(taken(&self.place, "an archive")),
            None => Ok(()),
        }
    }

    /// Completes the object. It is under its name then, whole.
    pub fn finish(&mut self) -> Result<()> {
        match self.state {
            State::Small => {
                let bytes = Bytes::from(std::mem::take(&mut self.buffer));
                self.require_free().and_then(|()| {
                    // From here on an object may be there although the answer never came.
                    self.link.put_new(&self.key, &self.place, &bytes)
                })?;
                self.state = State::Complete { claimed: false };
                Ok(())
            }
            State::Large { .. } => {
                self.send_part()?;
                self.await_parts(0)?;
                let State::Large { id, done, .. } = std::mem::replace(&mut self.state, State::Settled) else {
                    return Err(self.unusable());
                };
                self.state = State::Failed { upload: Some(id.clone()), claimed: true };
                self.require_free()?;
                point("complete", &self.place)?;
                if let Err(error) = self.link.wait(self.link.uploads.complete_multipart(&self.key, &id, done)) {
                    // A completion whose answer was lost is asked for again and then finds no
                    // upload. The name was free a moment ago and the claim keeps it ours.
                    let there = self.link.head(&self.key, &self.place)?.is_some_and(|object| object.size_bytes == self.written);
                    if !there {
                        return Err(self.link.failed("complete the upload of", &self.place, &error));
                    }
                }
                self.state = State::Complete { claimed: true };
                Ok(())
            }
            State::Complete { .. } => Ok(()),
            State::Failed { .. } | State::Settled => Err(self.unusable()),
        }
    }

    /// Reads the object back.
    pub fn open(&self) -> Result<(Reader, Object)> {
        if !matches!(self.state, State::Complete { .. }) {
            return Err(self.unusable());
        }
        point("look", &self.place)?;
        match self.link.head(&self.key, &self.place)? {
            Some(object) if object.size_bytes == self.written => {
                Ok((Reader::new(self.link.clone(), self.key.clone(), self.place.clone(), &object), object))
            }
            seen => Err(Error::new(
                ErrorKind::Archive,
                format!(
                    "{} bytes were written to {} and the store has {}",
                    self.written,
                    self.place,
                    match seen {
                        Some(object) => format!("{}", object.size_bytes),
                        None => "nothing".into(),
                    }
                ),
            )
            .hint("run the backup again; if it happens again, the store loses data")),
        }
    }

    /// Lets the object stay.
    pub fn publish(mut self) -> Result<()> {
        match self.state {
            State::Complete { claimed } => {
                if claimed {
                    self.remove_claim(&self.link.store)?;
                }
                self.state = State::Settled;
                Ok(())
            }
            _ => Err(self.unusable()),
        }
    }

    /// Removes what is there of it.
    pub fn discard(mut self) -> Result<()> {
        self.leave_nothing()
    }

    fn leave_nothing(&mut self) -> Result<()> {
        let (upload, object, claimed) = match std::mem::replace(&mut self.state, State::Settled) {
            State::Small | State::Settled => return Ok(()),
            State::Large { id, flying, .. } => {
                self.settle(flying);
                (Some(id), false, true)
            }
            State::Complete { claimed } => (None, true, claimed),
            State::Failed { upload, claimed } => (upload, false, claimed),
        };
        if let Some(id) = upload {
            point("abort", &self.place)?;
            match self.link.wait(self.link.goodbye.abort_multipart(&self.key, &id)) {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.link.failed("abort the upload of", &self.place, &error)),
            }
        }
        if object {
            self.link.remove(&self.link.goodbye, &self.key, &self.place)?;
        }
        if claimed { self.remove_claim(&self.link.goodbye) } else { Ok(()) }
    }

    fn remove_claim(&self, client: &AmazonS3) -> Result<()> {
        self.link.remove(client, &self.claim_key, &format!("{}{CLAIM}", self.place))
    }

    fn unusable(&self) -> Error {
        Error::new(ErrorKind::Unexpected, format!("the upload of {} failed before", self.place)).hint("run the backup again")
    }

    /// Reserves the name and begins a multipart upload.
    fn begin(&mut self) -> Result<()> {
        let place = format!("{}{CLAIM}", self.place);
        let mut claim = Claim {
            schema: CLAIM_SCHEMA.into(),
            token: uuid::Uuid::new_v4().to_string(),
            owner: self.owner.clone(),
            since: clock::rfc3339(clock::now()),
            upload_id: None,
        };
        self.link.put_new(&self.claim_key, &place, &claim.text()?)?;
        self.state = State::Failed { upload: None, claimed: true };
        self.require_free()?;
        point("begin", &self.place)?;
        let id = self
            .link
            .wait(self.link.uploads.create_multipart(&self.key))
            .map_err(|error| self.link.failed("begin the upload of", &self.place, &error))?;
        self.state = State::Failed { upload: Some(id.clone()), claimed: true };
        claim.upload_id = Some(id.clone());
        self.link
            .put(&self.claim_key, &place, claim.text()?, PutMode::Overwrite)
            .map_err(|error| self.link.failed("write", &place, &error))?;
        self.state = State::Large { id, sent: 0, done: Vec::new(), flying: VecDeque::new() };
        Ok(())
    }

    /// Sends what is in the buffer, if anything is, as the next part.
    fn send_part(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if matches!(self.state, State::Small) {
            self.begin()?;
        }
        self.await_parts(FLYING_MAX - 1)?;
        point("part", &self.place)?;
        let State::Large { id, sent, flying, .. } = &mut self.state else { return Err(self.unusable()) };
        let payload = PutPayload::from(std::mem::take(&mut self.buffer));
        let (client, key, id, number) = (self.link.uploads.clone(), self.key.clone(), id.clone(), *sent);
        *sent += 1;
        flying.push_back(self.link.runtime().spawn(async move { client.put_part(&key, &id, number, payload).await }));
        Ok(())
    }

    /// Waits until at most so many parts are on their way.
    fn await_parts(&mut self, at_most: usize) -> Result<()> {
        loop {
            let State::Large { done, flying, .. } = &mut self.state else { return Err(self.unusable()) };
            if flying.len() <= at_most {
                return Ok(());
            }
            let Some(part) = flying.pop_front() else { return Ok(()) };
            match self.link.wait(part) {
                Ok(Ok(part)) => done.push(part),
                Ok(Err(error)) => return Err(self.link.failed("write", &self.place, &error)),
                Err(error) => {
                    return Err(Error::new(ErrorKind::Unexpected, format!("the upload of {} broke off", self.place))
                        .caused_by(error)
                        .hint("run the backup again"));
                }
            }
        }
    }

    /// Ends the parts that are on their way: one that the server takes in after their upload was aborted would stay
    /// there. One that is sent to its end is only safe when it is answered, so it gets some time for that.
    fn settle(&self, flying: VecDeque<Flying>) {
        let end = tokio::time::Instant::now() + LAST_PARTS;
        self.link.wait(async {
            for mut part in flying {
                if tokio::time::timeout_at(end, &mut part).await.is_err() {
                    part.abort();
                    let _ = part.await;
                }
            }
        });
    }

    /// Whoever goes on after an error would write an object with a hole.
    fn fail(&mut self) {
        if let State::Large { id, flying, .. } = &mut self.state {
            let (id, flying) = (std::mem::take(id), std::mem::take(flying));
            self.settle(flying);
            self.state = State::Failed { upload: Some(id), claimed: true };
        } else if matches!(self.state, State::Small) {
            self.state = State::Failed { upload: None, claimed: false };
        }
        self.buffer = Vec::new();
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !matches!(self.state, State::Small | State::Large { .. }) {
            return Err(disk::as_io(self.unusable()));
        }
        if self.buffer.len() == self.part_bytes
            && let Err(error) = self.send_part()
        {
            self.fail();
            return Err(disk::as_io(error));
        }
        let count = bytes.len().min(self.part_bytes - self.buffer.len());
        if self.buffer.len() + count > self.buffer.capacity() {
            // Doubling would end at twice a part; what stays small is given little to begin with.
            let wanted = if self.buffer.is_empty() && matches!(self.state, State::Small) { SMALL_BYTES } else { self.part_bytes };
            self.buffer.reserve_exact(wanted.saturating_sub(self.buffer.len()).max(count));
        }
        self.buffer.extend_from_slice(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        // A part must have its size; what is flushed early would be too small a part.
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if matches!(self.state, State::Settled) {
            return;
        }
        // What cannot be removed in this time is cleared by the next backup.
        let _ = self.leave_nothing();
    }
}

/// Reads an object by ranges.
pub struct Reader {
    link: Arc<Link>,
    key: Key,
    place: String,
    size_bytes: u64,
    etag: Option<String>,
    position: u64,
    window: Bytes,
    window_start: u64,
    ahead: Option<Ahead>,
}

struct Ahead {
    start: u64,
    length: u64,
    task: JoinHandle<object_store::Result<Bytes>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    fn new(link: Arc<Link>, key: Key, place: String, object: &Object) -> Reader {
        Reader {
            link,
            key,
            place,
            size_bytes: object.size_bytes,
            etag: object.stamp.etag.clone(),
            position: 0,
            window: Bytes::new(),
            window_start: 0,
            ahead: None,
        }
    }

    fn window_end(&self) -> u64 {
        self.window_start + self.window.len() as u64
    }

    fn fetch(&self, start: u64, length: u64) -> impl Future<Output = object_store::Result<Bytes>> + Send + 'static {
        let (client, key, etag) = (self.link.store.clone(), self.key.clone(), self.etag.clone());
        async move {
            let range = Some(GetRange::Bounded(start..start + length));
            // Another object of that name must not be read as the second half of this one.
            let options = GetOptions { range, if_match: etag.clone(), ..GetOptions::default() };
            let got = client.get_opts(&key, options).await?;
            if etag.is_some() && got.meta.e_tag != etag {
                // Not every server minds the condition.
                return Err(object_store::Error::Precondition { path: key.to_string(), source: "another state of it".into() });
            }
            got.bytes().await
        }
    }

    /// Gets the range that begins at the position, or before it near the end: who looks at the last
    /// bytes of an archive goes on to those before them.
    fn fill(&mut self) -> Result<()> {
        let last = self.size_bytes.saturating_sub(RANGE_BYTES_MIN);
        let start = if self.position == self.window_end() { self.position } else { self.position.min(last) };
        let in_order = start == self.window_end() && !self.window.is_empty();
        let before = self.window.len() as u64;
        let got = match self.ahead.take() {
            Some(mut ahead) if ahead.start == start => {
                let task = &mut ahead.task;
                let got = self.link.wait(task).map_err(|error| {
                    Error::new(ErrorKind::Unexpected, format!("reading {} broke off", self.place))
                        .caused_by(error)
                        .hint("try again")
                })?;
                (got, ahead.length)
            }
            _ => {
                let wanted = if in_order { (before * 4).clamp(RANGE_BYTES_MIN, RANGE_BYTES_MAX) } else { RANGE_BYTES_MIN };
                let length = wanted.min(self.size_bytes - start);
                point("get", &self.place)?;
                (self.link.wait(self.fetch(start, length)), length)
            }
        };
        let (bytes, length) = got;
        let bytes = bytes.map_err(|error| self.link.failed("read", &self.place, &error))?;
        if bytes.len() as u64 != length {
            return Err(Error::new(
                ErrorKind::Unexpected,
                format!("cannot read {}: {} bytes came instead of {length}", self.place, bytes.len()),
            )
            .hint("try again; if it happens again, the store or something on the way to it is broken"));
        }
        (self.window, self.window_start) = (bytes, start);
        let next = self.window_end();
        if length == RANGE_BYTES_MAX && next < self.size_bytes {
            let length = RANGE_BYTES_MAX.min(self.size_bytes - next);
            point("get", &self.place)?;
            self.ahead = Some(Ahead { start: next, length, task: self.link.runtime().spawn(self.fetch(next, length)) });
        }
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.position >= self.size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        if !(self.window_start..self.window_end()).contains(&self.position) {
            self.fill().map_err(disk::as_io)?;
        }
        // Within the window, whose length is a usize.
        let offset = (self.position - self.window_start) as usize;
        let count = buffer.len().min(self.window.len() - offset);
        buffer[..count].copy_from_slice(&self.window[offset..offset + count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position =
            position.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.position)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reader").field("place", &self.place).field("position", &self.position).finish_non_exhaustive()
    }
}

/// What can be seen of an error of the client, without its types.
fn symptoms(error: &object_store::Error) -> Symptoms {
    let io = chain(error).find_map(|error| error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
    let http = chain(error).find_map(|error| error.downcast_ref::<HttpError>().map(HttpError::kind));
    let said = text_of(error);
    Symptoms {
        status: status(&said),
        changed: matches!(error, object_store::Error::Precondition { .. }),
        io,
        transport: match http {
            Some(HttpErrorKind::Timeout) => Some(Transport::Timeout),
            Some(HttpErrorKind::Interrupted | HttpErrorKind::Request) => Some(Transport::Interrupted),
            Some(HttpErrorKind::Connect) => Some(Transport::Connect),
            _ => None,
        },
        said,
    }
}

fn chain(error: &object_store::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
}

/// Everything that an error and those underneath say. May hold secrets: only looked at, never shown.
fn text_of(error: &object_store::Error) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What the transport says, without what the server said.
fn transport(error: &object_store::Error) -> String {
    let http = chain(error).find_map(|error| error.downcast_ref::<HttpError>());
    match http {
        Some(error) => std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string),
        // The innermost text is the one about the matter; the others wrap it.
        None => chain(error).last().map(ToString::to_string).unwrap_or_default(),
    }
}

/// The status that the server answered with. The client's own type for it is private.
fn status(said: &str) -> Option<u16> {
    let at = said.find("status code: ")? + "status code: ".len();
    said.get(at..at + 3)?.parse().ok()
}

fn one_line(text: &str) -> String {
    text.chars().take(200).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn redact<'a>(text: &str, secrets: impl Iterator<Item = &'a super::settings::Secret>) -> String {
    secrets
        .filter(|secret| !secret.reveal().is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret.reveal(), "[secret]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, body: &str) -> object_store::Error {
        let text = format!("Server returned non-2xx status code: {status}: {body}");
        object_store::Error::Generic { store: "S3", source: text.into() }
    }

    #[test]
    fn what_the_client_says_is_understood() {
        let of = |error: &object_store::Error| Outage::of(&symptoms(error));
        let body = "<Error><Code>AccessDenied</Code></Error>";
        assert_eq!(of(&answer("403 Forbidden", body)), Outage::Denied("AccessDenied".into()));
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(of(&object_store::Error::Generic { store: "S3", source: Box::new(refused) }), Outage::Refused);
        assert_eq!(
            of(&object_store::Error::Generic { store: "S3", source: "client error (Connect): dns error".into() }),
            Outage::Dns
        );
    }

    #[test]
    fn what_a_server_says_is_not_repeated() {
        let settings = Settings { endpoint: "http://127.0.0.1:1".into(), ..Settings::default() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "[default]\naws_access_key_id = ID\naws_secret_access_key = hush\naws_session_token = tokenhush\n")
            .unwrap();
        disk::set_mode(&path, 0o600).unwrap();
        let link = Link::make("bucket", &Settings { credentials_file: Some(path), ..settings }).unwrap();
        for error in [
            answer("400 Bad Request", "<Error><Code>InvalidToken</Code><Token-0>tokenhush</Token-0></Error>"),
            answer("403 Forbidden", "<Error><Code>hush</Code><Message>hush</Message></Error>"),
            object_store::Error::Generic { store: "S3", source: "odd: hush tokenhush".into() },
        ] {
            let shown = link.failed("read", "s3://bucket/x", &error);
            let text = format!("{} {:?} {shown:?}", shown.chain(), shown.hints());
            assert!(!text.contains("tokenhush") && !text.contains("odd: hush"), "{text}");
        }
    }
}
