//! Recorded answers in the place of the network, to try a plugin with. Start with [`Recording::read`].
//!
//! A recording is a JSON file, or a folder of them, which are read in the order of their names:
//!
//! ```json
//! {
//!   "schema": "wpp.answers/1",
//!   "origin": "http://gateway.example:3000",
//!   "now": "2026-11-21T08:00:00Z",
//!   "settings": { "url": "http://gateway.example:3000" },
//!   "grants": ["secret=gateway-key"],
//!   "expect": { "service.health": "ok" },
//!   "answers": [
//!     { "path": "/api/health", "body": { "status": "ok" } },
//!     { "method": "POST", "path": "/api/send?now=1", "status": 503, "headers": { "retry-after": "7" }, "text": "busy" },
//!     { "path": "/api/slow", "delay_ms": 200, "body": [] },
//!     { "path": "/api/gone", "no_answer": "timeout" }
//!   ]
//! }
//! ```
//!
//! A request is answered by the answers to its method, origin, path and query, in turn; the last one is
//! repeated. Everything but `answers` and each `path` may be left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::adapt::outage;
use super::grants::{Grant, Origin};
use super::host::words::http::{Error as HttpError, Header, Method, NoAnswer};
use super::host::words::types::Outage;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::Severity;
use crate::whatsapp::fault::Fault;

/// The version of the format.
pub const SCHEMA: &str = "wpp.answers/1";
const FILE_BYTES_MAX: u64 = 16 << 20;
const DELAY_MS_MAX: u64 = 60_000;
/// Only to read a path as an address has it.
const NOWHERE: &str = "http://recorded.invalid";

/// The document that a file is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    #[serde(default)]
    origin: Option<String>,
    #[serde(default)]
    now: Option<String>,
    #[serde(default)]
    settings: BTreeMap<String, Value>,
    #[serde(default)]
    grants: Vec<Grant>,
    #[serde(default)]
    expect: BTreeMap<String, Severity>,
    answers: Vec<Row>,
}

/// One answer as it is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    origin: Option<String>,
    path: String,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "there")]
    body: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    no_answer: Option<Fault>,
}

/// A body that is `null` is one, other than a body that is not there.
fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What an answer is to: its method, its origin if not any, its path and query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    method: &'static str,
    origin: Option<Origin>,
    path: String,
}

impl std::fmt::Display for Asked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let origin = self.origin.as_ref().map(Origin::to_string).unwrap_or_default();
        write!(formatter, "{} {origin}{}", self.method, self.path)
    }
}

#[derive(Debug, Clone)]
struct Answer {
    given: Result<Given, Fault>,
    delay: Duration,
}

/// What a server would have sent.
#[derive(Debug, Clone)]
pub struct Given {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request that a plugin made, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `GET`.
    pub method: &'static str,
    /// The whole address, with the names of secrets in the place of secrets.
    pub url: String,
    /// Names and values, with the names of secrets in the place of secrets.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: Option<String>,
    /// What came of it.
    pub end: End,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// An answer with this status.
    Answered(u16),
    /// The recording says that none came: the class of the outage.
    NoAnswer(&'static str),
    /// The recording has nothing for it, and this is what it has.
    Unrecorded(String),
    /// It was not granted.
    Denied(String),
    /// It is no request that can be sent, or its answer none that can be taken.
    Refused(String),
}

#[derive(Debug, Default)]
struct Played {
    /// How often each was asked for.
    asked: BTreeMap<Asked, usize>,
    exchanges: Vec<Exchange>,
    /// A request waits for its answer.
    open: bool,
}

/// Answers, and what was asked of them.
#[derive(Debug, Default)]
pub struct Recording {
    answers: BTreeMap<Asked, Vec<Answer>>,
    /// Settings of the plugin that go with the answers.
    pub settings: BTreeMap<String, String>,
    /// What the plugin is allowed, beside the origins of the answers.
    pub grants: BTreeSet<Grant>,
    /// The worst severity that each of these checks must come to; ids as the plugin writes them.
    pub expect: BTreeMap<String, Severity>,
    /// What the clock of the plugin says when a call begins.
    pub now: Option<jiff::Timestamp>,
    played: Mutex<Played>,
}

impl Recording {
    /// Reads a file, or all files of a folder whose names end in `.json`, in the order of their names.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Recording> {
        let mut files = vec![path.to_owned()];
        if path.is_dir() {
            files = disk::list(path)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "json")).collect();
            files.sort();
            if files.is_empty() {
                return Err(wrong(path, "it holds no .json files"));
            }
        }
        let mut recording = Recording::default();
        for file in files {
            recording.take(&file)?;
        }
        Ok(recording)
    }

    fn take(&mut self, file: &Path) -> Result<()> {
        let bytes = disk::read_small(file, FILE_BYTES_MAX).map_err(|error| {
            disk::cannot("read", file, error).hint("give a recording, or a folder of recordings, with --answers")
        })?;
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| wrong(file, error))?;
        if document.schema != SCHEMA {
            return Err(wrong(file, format!("its schema is {:?} and not {SCHEMA}", document.schema)));
        }
        let of_all = document.origin.as_deref().map(|text| origin(file, text)).transpose()?;
        for (name, value) in document.settings {
            let text = match value {
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => return Err(wrong(file, format!("the setting {name} is no text, number, true or false"))),
            };
            self.settings.insert(name, text);
        }
        self.grants.extend(document.grants);
        self.expect.extend(document.expect);
        if let Some(text) = document.now {
            self.now =
                Some(text.parse().map_err(|_| wrong(file, format!("now is {text:?}, and is written as 2026-11-21T08:00:00Z")))?);
        }
        for (number, row) in document.answers.into_iter().enumerate() {
            let (asked, answer) =
                row.read(file, of_all.as_ref()).map_err(|why| wrong(file, format!("answer {}: {why}", number + 1)))?;
            self.answers.entry(asked).or_default().push(answer);
        }
        Ok(())
    }

    /// The origins of its answers.
    pub fn origins(&self) -> BTreeSet<Origin> {
        self.answers.keys().filter_map(|asked| asked.origin.clone()).collect()
    }

    /// The answer to a request. Secrets are still names in it.
    pub async fn answer(&self, method: Method, url: &Url, headers: &[Header], body: Option<&[u8]>) -> Result<Given, HttpError> {
        let found = self.next(method, url, headers, body);
        let Some(answer) = found else {
            let message = format!("no recording answers {} {}", name(method), path(url));
            return Err(HttpError::NoAnswer(NoAnswer { class: Outage::ProviderUnavailable, message }));
        };
        tokio::time::sleep(answer.delay).await;
        let end = match &answer.given {
            Ok(given) => End::Answered(given.status),
            Err(class) => End::NoAnswer(class.name()),
        };
        self.close(end);
        answer.given.map_err(|class| {
            HttpError::NoAnswer(NoAnswer { class: outage(class), message: "the recording says that none came".into() })
        })
    }

    fn next(&self, method: Method, url: &Url, headers: &[Header], body: Option<&[u8]>) -> Option<Answer> {
        let asked = Asked { method: name(method), origin: Origin::of(url), path: path(url) };
        let key = self
            .answers
            .contains_key(&asked)
            .then(|| asked.clone())
            .or_else(|| Some(Asked { origin: None, ..asked.clone() }).filter(|any| self.answers.contains_key(any)));
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let end = match &key {
            // Until it is known better: it waits.
            Some(_) => End::NoAnswer(Fault::Timeout.name()),
            None => End::Unrecorded(self.nearest(&asked)),
        };
        played.open = key.is_some();
        played.exchanges.push(Exchange {
            method: asked.method,
            url: plain(url.as_str()),
            headers: headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
            body: body.map(|body| String::from_utf8_lossy(body).into_owned()),
            end,
        });
        let key = key?;
        let rows = self.answers.get(&key)?;
        let count = played.asked.entry(key).or_default();
        let row = rows.get(*count).or(rows.last()).cloned();
        *count += 1;
        row
    }

    /// What there is instead of an answer to this.
    fn nearest(&self, asked: &Asked) -> String {
        let own = |known: &&Asked| known.origin.is_none() || known.origin == asked.origin;
        let bare = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        let same: Vec<String> = self
            .answers
            .keys()
            .filter(own)
            .filter(|known| bare(&known.path) == bare(&asked.path))
            .map(Asked::to_string)
            .collect();
        if !same.is_empty() {
            return format!("there are answers to {}", same.join(", "));
        }
        let known = self.answers.keys().min_by_key(|known| strsim::levenshtein(&known.path, &asked.path));
        known.map_or_else(|| "it has none at all".into(), |known| format!("the nearest is {known}"))
    }

    fn close(&self, end: End) {
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut played.open)
            && let Some(last) = played.exchanges.last_mut()
        {
            last.end = end;
        }
    }

    /// Notes how a request ended that got no answer, unless that is known already.
    pub fn failed(&self, method: Method, url: &str, error: &HttpError) {
        let end = match error {
            HttpError::Denied(why) => End::Denied(why.clone()),
            HttpError::Invalid(why) | HttpError::TooLarge(why) => End::Refused(why.clone()),
            // It was noted when it was asked.
            HttpError::NoAnswer(_) => {
                self.played.lock().unwrap_or_else(PoisonError::into_inner).open = false;
                return;
            }
        };
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        played.open = false;
        played.exchanges.push(Exchange { method: name(method), url: plain(url), headers: Vec::new(), body: None, end });
    }

    /// What was asked since this was last called.
    pub fn exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.played.lock().unwrap_or_else(PoisonError::into_inner).exchanges)
    }

    /// Answers that nobody asked for: `GET /api/health`, each with how many of them.
    pub fn unused(&self) -> Vec<String> {
        let played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |(asked, rows): (&Asked, &Vec<Answer>)| {
            let left = rows.len().saturating_sub(played.asked.get(asked).copied().unwrap_or(0));
            (left > 0).then(|| if left == 1 { asked.to_string() } else { format!("{asked} ({left} times)") })
        };
        self.answers.iter().filter_map(left).collect()
    }
}

impl Row {
    fn read(self, file: &Path, of_all: Option<&Origin>) -> Result<(Asked, Answer), String> {
        let method = match self.method.as_deref() {
            None => "GET",
            Some(text) => METHODS
                .iter()
                .find(|known| **known == text)
                .ok_or_else(|| format!("{text:?} is no method; there are {}", METHODS.join(", ")))?,
        };
        if !self.path.starts_with('/') {
            return Err(format!("the path {:?} does not begin with /", self.path));
        }
        let url = Url::parse(&format!("{NOWHERE}{}", self.path)).map_err(|error| format!("the path {:?}: {error}", self.path))?;
        let origin = match &self.origin {
            Some(text) => Some(origin(file, text).map_err(|error| error.message().to_owned())?),
            None => of_all.cloned(),
        };
        if self.delay_ms > DELAY_MS_MAX {
            return Err(format!("a delay of more than {DELAY_MS_MAX} ms"));
        }
        let given = match (self.no_answer, self.body, self.text) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => return Err("no_answer has no body and no text".into()),
            (_, Some(_), Some(_)) => return Err("it has a body and a text; the body is for JSON".into()),
            (Some(class), None, None) => Err(class),
            (None, body, text) => {
                let status = self.status.unwrap_or(200);
                if !(100..600).contains(&status) {
                    return Err(format!("{status} is no status"));
                }
                let kind = match (&body, &text) {
                    (Some(_), _) => Some("application/json"),
                    (_, Some(_)) => Some("text/plain; charset=utf-8"),
                    _ => None,
                };
                let mut headers: Vec<(String, String)> = self.headers.into_iter().collect();
                for (name, value) in &headers {
                    let sound =
                        hyper::header::HeaderName::try_from(name).is_ok() && hyper::header::HeaderValue::try_from(value).is_ok();
                    if !sound {
                        return Err(format!("{name}: {value:?} is no header"));
                    }
                }
                if let Some(kind) = kind.filter(|_| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))) {
                    headers.push(("content-type".into(), kind.into()));
                }
                let body = match (body, text) {
                    (Some(body), _) => body.to_string().into_bytes(),
                    (None, text) => text.unwrap_or_default().into_bytes(),
                };
                Ok(Given { status, headers, body })
            }
        };
        Ok((Asked { method, origin, path: path(&url) }, Answer { given, delay: Duration::from_millis(self.delay_ms) }))
    }
}

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

fn name(method: Method) -> &'static str {
    match method {
        Method::Get => METHODS[0],
        Method::Head => METHODS[1],
        Method::Post => METHODS[2],
        Method::Put => METHODS[3],
        Method::Patch => METHODS[4],
        Method::Delete => METHODS[5],
    }
}

/// Path and query, with braces as they are.
fn path(url: &Url) -> String {
    plain(&match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

/// An address writes braces as escapes in some of its parts and as they are in others.
fn plain(text: &str) -> String {
    text.replace("%7B", "{").replace("%7D", "}").replace("%7b", "{").replace("%7d", "}")
}

fn origin(file: &Path, text: &str) -> Result<Origin> {
    match Grant::parse(&format!("http={text}")) {
        Ok(Grant::Http(origin)) => Ok(origin),
        _ => Err(wrong(file, format!("{text:?} is no origin: http or https, a host, and perhaps a port"))),
    }
}

fn wrong(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Usage, format!("{} is no recording: {why}", path.display()))
        .hint("`wpp help plugins` shows what a recording is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Recording> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("answers.json"), text).unwrap();
        Recording::read(folder.path())
    }

    fn ask(recording: &Recording, method: Method, url: &str) -> Result<Given, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(recording.answer(method, &Url::parse(url).unwrap(), &[], None))
    }

    #[test]
    fn answers_are_given_in_turn_to_what_they_are_for() {
        let recording = read(
            r#"{"schema": "wpp.answers/1", "origin": "http://a.example", "settings": {"url": "x", "number": 3, "on": true},
                "answers": [
                    {"path": "/x", "body": {"n": 1}}, {"path": "/x", "status": 503, "text": "two"},
                    {"path": "/x?q=1", "body": null}, {"method": "POST", "path": "/x", "no_answer": "timeout"},
                    {"path": "/bot{{secret:t}}/me", "body": []}, {"path": "/never", "origin": "https://b.example:8443"}]}"#,
        )
        .unwrap();
        let body = |answer: Result<Given, HttpError>| String::from_utf8(answer.unwrap().body).unwrap();
        assert_eq!(body(ask(&recording, Method::Get, "http://a.example/x")), r#"{"n":1}"#);
        assert_eq!(body(ask(&recording, Method::Get, "http://a.example/x")), "two");
        assert_eq!(ask(&recording, Method::Get, "http://a.example/x").unwrap().status, 503);
        assert_eq!(body(ask(&recording, Method::Get, "http://a.example/x?q=1")), "null");
        assert_eq!(body(ask(&recording, Method::Get, "http://a.example/bot{{secret:t}}/me")), "[]");
        assert!(matches!(
            ask(&recording, Method::Post, "http://a.example/x"),
            Err(HttpError::NoAnswer(NoAnswer { class: Outage::Timeout, .. }))
        ));
        assert!(ask(&recording, Method::Get, "http://b.example/x").is_err());
        assert!(ask(&recording, Method::Get, "http://a.example/x?q=2").is_err());
        let ends: Vec<End> = recording.exchanges().into_iter().map(|exchange| exchange.end).collect();
        assert_eq!(
            ends[..6],
            [200, 503, 503, 200, 200].map(End::Answered).into_iter().chain([End::NoAnswer("timeout")]).collect::<Vec<_>>()
        );
        assert!(matches!(&ends[7], End::Unrecorded(near) if near.contains("GET http://a.example/x?q=1")), "{ends:?}");
        assert_eq!(recording.unused(), ["GET https://b.example:8443/never"]);
        assert_eq!(recording.settings["number"], "3");
        assert_eq!(recording.origins().len(), 2);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_what_is_wrong() {
        for (text, why) in [
            ("", "EOF"),
            (r#"{"schema": "wpp.answers/2", "answers": []}"#, "wpp.answers/2"),
            (r#"{"schema": "wpp.answers/1", "answers": [], "answer": 1}"#, "answer"),
            (r#"{"schema": "wpp.answers/1", "origin": "x", "answers": []}"#, "origin"),
            (r#"{"schema": "wpp.answers/1", "answers": [{"path": "x"}]}"#, "answer 1"),
            (r#"{"schema": "wpp.answers/1", "answers": [{"path": "/", "method": "get"}]}"#, "method"),
            (r#"{"schema": "wpp.answers/1", "answers": [{"path": "/", "status": 7}]}"#, "status"),
            (r#"{"schema": "wpp.answers/1", "answers": [{"path": "/", "body": 1, "text": ""}]}"#, "text"),
            (r#"{"schema": "wpp.answers/1", "answers": [{"path": "/", "no_answer": "lost"}]}"#, "lost"),
            (r#"{"schema": "wpp.answers/1", "answers": [{"path": "/", "headers": {"a b": ""}}]}"#, "header"),
            (r#"{"schema": "wpp.answers/1", "settings": {"a": []}, "answers": []}"#, "setting a"),
            (r#"{"schema": "wpp.answers/1", "grants": ["all"], "answers": []}"#, "grants nothing"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.kind() == ErrorKind::Usage && error.chain().contains(why), "{text}: {}", error.chain());
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(Recording::read(empty.path()).unwrap_err().message().contains("no .json files"));
        assert!(Recording::read(&empty.path().join("nothing")).is_err());
    }
}
