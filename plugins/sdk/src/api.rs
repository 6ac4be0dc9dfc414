//! A server that answers in JSON.

use serde_json::Value;

use crate::http::{self, Header, Method, Request};
use crate::{Evidence, Failure, FailureKind, failure, required};

/// A server, and the headers that every request to it carries.
pub struct Api {
    base: String,
    headers: Vec<Header>,
    timeout_ms: Option<u32>,
}

/// What a server said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `GET /api/health`: what was asked.
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
    /// The server at the address in the setting `url`.
    pub fn configured() -> Result<Api, Failure> {
        required("url").map(Api::at)
    }

    /// The server at this address.
    pub fn at(base: impl Into<String>) -> Api {
        let base: String = base.into();
        Api { base: base.trim_end_matches('/').to_owned(), headers: Vec::new(), timeout_ms: None }
    }

    /// Sends a header with every request; `{{secret:NAME}}` in it is put in by the host.
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

    /// GET, whatever its status is.
    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask(Method::Get, path, None)
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
        let asked = format!("{verb} {path}");
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
            Ok(response) => Ok(Answer {
                asked,
                status: response.status,
                headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
                body: response.body,
                took_ms: response.took_ms,
            }),
            Err(error) => Err(no_answer(&asked, &self.base, error)),
        }
    }
}

fn no_answer(asked: &str, base: &str, error: http::Error) -> Failure {
    match error {
        http::Error::Denied(why) => failure(FailureKind::Denied, format!("{asked} was not sent: {why}"), "grant it with `wpp plugin grant`"),
        http::Error::NoAnswer(no) => {
            let (what, hint) = match no.class {
                http::Outage::DnsResolution => ("its name has no address", "check the host's name in `url`, and this machine's DNS"),
                http::Outage::Timeout => ("it did not answer in time", "see whether the server hangs, or raise `timeout_ms`"),
                http::Outage::NetworkUnreachable => ("the network does not lead there", "check this machine's network and the address in `url`"),
                http::Outage::ProviderUnavailable => ("nothing serves there", "start the server, or correct `url`"),
            };
            failure(FailureKind::Unreachable, format!("{asked} at {base} got no answer: {what} ({})", no.message), hint)
        }
        http::Error::Invalid(why) => failure(FailureKind::Misconfigured, format!("{asked} at {base} cannot be sent: {why}"), "check `url`"),
        http::Error::TooLarge(why) => failure(FailureKind::InvalidAnswer, format!("the answer to {asked} is too long: {why}"), ""),
    }
}

impl Answer {
    /// The body as JSON, whatever the status is.
    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| {
            failure(
                FailureKind::InvalidAnswer,
                format!("{} answered {} with {}", self.asked, self.status, self.sight()),
                "see whether `url` leads to this kind of server, and not to a proxy or another program",
            )
        })
    }

    /// The body as JSON if the status says that it was done; else what the server complains of.
    pub fn done(&self) -> Result<Value, Failure> {
        match self.status {
            200..=299 if self.body.is_empty() => Ok(Value::Null),
            200..=299 => self.json(),
            _ => Err(self.complaint()),
        }
    }

    /// What a status other than 2xx means.
    pub fn complaint(&self) -> Failure {
        let said = self.said();
        let message = format!("{} answered {}{said}", self.asked, self.status);
        match self.status {
            401 | 403 => failure(FailureKind::Denied, message, "check the key, and that its role allows this"),
            404 => failure(FailureKind::NotFound, message, "see what there is, and whether this version of the server has this endpoint"),
            408 | 504 => failure(FailureKind::Unreachable, message, "the server waited in vain for something behind it"),
            409 => failure(FailureKind::Conflict, message, "look at the state first"),
            429 => {
                let after = self.header("retry-after").map(|after| format!("try again after {after} s")).unwrap_or("try again later".into());
                failure(FailureKind::RateLimited, message, after)
            }
            500..=599 => failure(FailureKind::Failed, message, "read the server's log"),
            _ => failure(FailureKind::Failed, message, ""),
        }
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What was seen, for a finding.
    pub fn evidence(&self, expected: &str) -> Evidence {
        Evidence { subject: self.asked.clone(), expected: expected.to_owned(), observed: format!("{} {}", self.status, self.sight()) }
    }

    // The server's own words, if it has any in the usual places.
    fn said(&self) -> String {
        let Ok(value) = serde_json::from_slice::<Value>(&self.body) else { return String::new() };
        let text = ["message", "error", "detail", "reason"].iter().find_map(|name| match &value[*name] {
            Value::String(text) => Some(text.clone()),
            Value::Object(inner) => inner.get("message").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        });
        text.map(|text| format!(": {}", shortened(&text))).unwrap_or_default()
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
