//! A server that answers in JSON.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::{self, Header, Method, Request};
use crate::{Evidence, Failure, FailureKind, Outage, failure, number, required};

/// How long one answer may take where the setting `timeout_ms` does not say.
pub const TIMEOUT_MS: u64 = 5_000;
/// How long all answers of one call may take together. The host ends a call that takes longer than
/// it allows, and then nobody learns which server was slow.
const PATIENCE_MS: u64 = 20_000;

/// A server, and the headers that every request to it carries.
///
/// A plugin lives for one call, and so does this. Within it a server that did not answer is not
/// asked again: what else is wanted of it fails at once, with the same words.
pub struct Api {
    base: String,
    headers: Vec<Header>,
    timeout_ms: Option<u32>,
    memory: RefCell<Memory>,
}

#[derive(Default)]
struct Memory {
    silent: Option<Failure>,
    spent_ms: u64,
    seen: BTreeMap<String, Result<Answer, Failure>>,
}

/// What a server said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `GET /api/health`: what was asked; `POST` alone of the address itself.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it took.
    pub took_ms: u32,
}

impl Api {
    /// The server at the address in the setting `url`, with the patience of the setting `timeout_ms`.
    pub fn configured() -> Result<Api, Failure> {
        Api::configured_at(&required("url")?)
    }

    /// The server at this address, with the patience of the setting `timeout_ms`.
    pub fn configured_at(base: &str) -> Result<Api, Failure> {
        let timeout_ms = u32::try_from(number("timeout_ms", TIMEOUT_MS)?).unwrap_or(u32::MAX);
        Ok(Api::at(base).timeout_ms(timeout_ms))
    }

    /// The server at this address.
    pub fn at(base: impl Into<String>) -> Api {
        let base: String = base.into();
        Api { base: base.trim_end_matches('/').to_owned(), headers: Vec::new(), timeout_ms: None, memory: RefCell::default() }
    }

    /// Sends a header with every request; `{{secret:NAME}}` in it is put in by the host. Never put
    /// anything into it that came from a server or from a message: it could name a secret, too.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Api {
        self.headers.push(Header { name: name.to_owned(), value: value.into() });
        self
    }

    /// Waits no longer than this for each answer.
    #[must_use]
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Api {
        self.timeout_ms = Some(timeout_ms);
        self
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET, whatever its status is.
    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask(Method::Get, path, None)
    }

    /// GET that is asked once in a call, however often it is wanted: checks share what they look at.
    pub fn seen(&self, path: &str) -> Result<Answer, Failure> {
        if let Some(known) = self.memory.borrow().seen.get(path) {
            return known.clone();
        }
        let answer = self.get(path);
        self.memory.borrow_mut().seen.insert(path.to_owned(), answer.clone());
        answer
    }

    /// POST of a document, whatever the answer's status is.
    pub fn post(&self, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        self.ask(Method::Post, path, body)
    }

    /// PUT of a document, whatever the answer's status is.
    pub fn put(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::Put, path, Some(body))
    }

    /// Any request.
    pub fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let verb = match method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let asked = if path.is_empty() { verb.to_owned() } else { format!("{verb} {path}") };
        self.may_be_asked(&asked)?;
        let mut headers = self.headers.clone();
        headers.push(Header { name: "accept".into(), value: "application/json".into() });
        if body.is_some() {
            headers.push(Header { name: "content-type".into(), value: "application/json".into() });
        }
        let request = Request {
            method,
            url: format!("{}{path}", self.base),
            headers,
            body: body.map(|body| body.to_string().into_bytes()),
            timeout_ms: self.timeout_ms,
        };
        match http::send(&request) {
            Ok(response) => {
                self.memory.borrow_mut().spent_ms += u64::from(response.took_ms);
                Ok(Answer {
                    asked,
                    status: response.status,
                    headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
                    body: response.body,
                    took_ms: response.took_ms,
                })
            }
            Err(error) => {
                let failure = no_answer(&asked, &self.base, error);
                if failure.kind == FailureKind::Unreachable {
                    self.memory.borrow_mut().silent = Some(failure.clone());
                }
                Err(failure)
            }
        }
    }

    fn may_be_asked(&self, asked: &str) -> Result<(), Failure> {
        let memory = self.memory.borrow();
        match &memory.silent {
            Some(failure) => Err(failure.clone()),
            None if memory.spent_ms >= PATIENCE_MS => {
                let what =
                    format!("{asked} at {} was not sent: timeout: the answers before it took {} ms", self.base, memory.spent_ms);
                let failure = failure(FailureKind::Unreachable, what, "see what keeps the server busy");
                Err(Failure { outage: Some(Outage::Timeout), ..failure })
            }
            None => Ok(()),
        }
    }
}

/// The host of an address and its port, without what may be secret in it.
fn host(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn no_answer(asked: &str, base: &str, error: http::Error) -> Failure {
    match error {
        http::Error::Denied(why) => {
            let message = format!("{asked} to {} was not sent: {why}", host(base));
            failure(FailureKind::Denied, message, "allow or provide what it names")
        }
        http::Error::NoAnswer(no) => {
            // In the words, too, the class has the name that it has everywhere in wpp.
            let (class, what, hint) = match no.class {
                Outage::DnsResolution => {
                    ("dns_resolution", "its name has no address", "check the host's name in the settings, and this machine's DNS")
                }
                Outage::Timeout => {
                    ("timeout", "it did not answer in time", "see whether the server hangs, or raise `timeout_ms`")
                }
                Outage::NetworkUnreachable => (
                    "network_unreachable",
                    "the network does not lead there",
                    "check this machine's network and the address in the settings",
                ),
                Outage::ProviderUnavailable => {
                    ("provider_unavailable", "nothing serves there", "start the server, or correct its address in the settings")
                }
            };
            let message = format!("{asked} at {base} got no answer: {class}: {what} ({})", no.message);
            Failure { outage: Some(no.class), ..failure(FailureKind::Unreachable, message, hint) }
        }
        http::Error::Invalid(why) => {
            failure(FailureKind::Misconfigured, format!("{asked} at {base} cannot be sent: {why}"), "check the settings")
        }
        http::Error::TooLarge(why) => failure(
            FailureKind::InvalidAnswer,
            format!("the answer to {asked} is too long: {why}"),
            "see whether the address leads to this kind of server",
        ),
    }
}

impl Answer {
    /// Whether the status is 2xx. The body may say otherwise.
    pub fn accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, whatever the status is.
    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| self.strange("something else than JSON"))
    }

    /// The body as JSON if the status says that it was done and the body does not say otherwise; else
    /// what the server complains of.
    pub fn done(&self) -> Result<Value, Failure> {
        match self.status {
            200..=299 if self.body.is_empty() => Ok(Value::Null),
            200..=299 => {
                let body = self.json()?;
                if body["success"] == false || body["ok"] == false { Err(self.complaint()) } else { Ok(body) }
            }
            _ => Err(self.complaint()),
        }
    }

    /// The list that the body has to be, if the status says that it was done.
    pub fn list(&self) -> Result<Vec<Value>, Failure> {
        match self.done()? {
            Value::Array(items) => Ok(items),
            _ => Err(self.strange("no list")),
        }
    }

    /// An answer that is not of the shape that this server gives: `what` it is instead.
    pub fn strange(&self, what: &str) -> Failure {
        failure(
            FailureKind::InvalidAnswer,
            format!("{} answered {} with {what}: {}", self.asked, self.status, self.sight()),
            "see whether the address leads to this kind of server, and not to a proxy, a login page or another program",
        )
    }

    /// What an answer that is no success means, by its status.
    pub fn complaint(&self) -> Failure {
        let said = self.words().map(|words| format!(": {words}")).unwrap_or_default();
        let message = format!("{} answered {}{said}", self.asked, self.status);
        match self.status {
            401 | 403 => failure(FailureKind::Denied, message, "check the key, and that its role allows this"),
            404 => failure(
                FailureKind::NotFound,
                message,
                "see what there is, and whether this version of the server has this endpoint",
            ),
            408 | 504 => failure(FailureKind::Unreachable, message, "the server waited in vain for something behind it"),
            409 => failure(FailureKind::Conflict, message, "look at the state first"),
            429 => failure(FailureKind::RateLimited, message, self.later()),
            500..=599 => failure(FailureKind::Failed, message, "read the server's log"),
            200..=299 => {
                failure(FailureKind::Failed, message, "the server says itself that it did not do it: see its log for why")
            }
            _ => failure(FailureKind::Failed, message, "the server refused what it was asked: see what it says, and its log"),
        }
    }

    // When to try again, as the header or the body says it.
    fn later(&self) -> String {
        let body = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let told = [&body["retryAfterSec"], &body["retry_after"], &body["parameters"]["retry_after"]];
        let seconds = told.iter().find_map(|value| value.as_f64()).map(|seconds| format!("{}", seconds.ceil()));
        match self.header("retry-after").map(str::to_owned).or(seconds) {
            Some(after) if after.bytes().all(|byte| byte.is_ascii_digit()) => format!("try again after {after} s"),
            Some(after) => format!("try again after {after}"),
            None => "try again later".into(),
        }
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What was seen, for a finding.
    pub fn evidence(&self, expected: &str) -> Evidence {
        Evidence {
            subject: self.asked.clone(),
            expected: expected.to_owned(),
            observed: format!("{} {}", self.status, self.sight()),
        }
    }

    /// The server's own words, if it has any in the usual places.
    pub fn words(&self) -> Option<String> {
        let value = serde_json::from_slice::<Value>(&self.body).ok()?;
        let text = ["message", "error", "detail", "description", "reason"].iter().find_map(|name| match &value[*name] {
            Value::String(text) => Some(text.clone()),
            Value::Object(inner) => inner.get("message").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        })?;
        Some(shortened(&text))
    }

    fn sight(&self) -> String {
        if self.body.is_empty() {
            return "nothing".into();
        }
        let text = String::from_utf8_lossy(&self.body);
        let start = text.trim_start();
        if start.starts_with('<') { "a page of HTML".into() } else { shortened(start) }
    }
}

fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 160;
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(CHARACTERS_MAX) {
        line.truncate(at);
        line.push('…');
    }
    line
}

/// A text as one part of an address's path. It cannot leave that part, and cannot name a secret for
/// the host to put in.
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // `%2E` alone is read as `.`, and two of them lead up.
    if out == "%2E" || out == "%2E%2E" { out.replace("%2E", "%252E") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_stays_one_and_names_no_secret() {
        assert_eq!(segment("main-1_a"), "main-1_a");
        assert_eq!(segment("a/../b?c#d"), "a%2F%2E%2E%2Fb%3Fc%23d");
        assert_eq!(segment("{{secret:key}}"), "%7B%7Bsecret%3Akey%7D%7D");
        assert_eq!(segment(".."), "%252E%252E");
    }

    #[test]
    fn an_answer_is_judged_by_its_body_too_and_tells_when_to_come_back() {
        let answer = |status, headers: &[(&str, &str)], body: &str| Answer {
            asked: "GET /x".into(),
            status,
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: body.into(),
            took_ms: 1,
        };
        assert_eq!(answer(200, &[], "{\"ok\":false,\"error\":\"nope\"}").done().unwrap_err().kind, FailureKind::Failed);
        let html = answer(200, &[], "<html>").done().unwrap_err();
        assert!(html.kind == FailureKind::InvalidAnswer && html.message.contains("HTML"), "{html:?}");
        for (headers, body, hint) in [
            (&[("retry-after", "17")][..], "{}", "try again after 17 s"),
            (&[("retry-after", "Sat, 21 Nov 2026 00:00:00 GMT")], "{}", "try again after Sat, 21 Nov 2026 00:00:00 GMT"),
            (&[], "{\"retryAfterSec\":9}", "try again after 9 s"),
            (&[], "{\"parameters\":{\"retry_after\":4.2}}", "try again after 5 s"),
            (&[], "<html>", "try again later"),
        ] {
            let failure = answer(429, headers, body).complaint();
            assert!(failure.kind == FailureKind::RateLimited && failure.hint == hint, "{failure:?}");
        }
    }
}
