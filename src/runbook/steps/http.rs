//! One HTTP request. TLS is verified, redirects are not followed, and a sandbox reaches loopback alone.

use std::io::Read;
use std::time::Duration;

use super::{Attempt, OUTPUT_BYTES_MAX, Scene, Tried, Waited, wait_for};
use crate::config::{host, is_loopback, origin};
use crate::home::HomeKind;
use crate::runbook::expect::{Answer, clip};
use crate::runbook::fence::Fence;
use crate::runbook::values::{Values, json, percent};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A request as a block writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its address.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body; empty for none.
    pub body: String,
}

impl Request {
    /// Reads the lines of a block: method and address, headers, an empty line, the body.
    pub fn parse(text: &str) -> Result<Request, String> {
        let mut lines = text.lines().skip_while(|line| line.trim().is_empty() || line.starts_with('#'));
        let first = lines.next().ok_or("there is no request")?.trim();
        let (method, url) =
            first.split_once(' ').ok_or_else(|| format!("{first:?} is no request such as GET {{{{url}}}}/health"))?;
        if !METHODS.contains(&method) {
            return Err(format!("{method:?} is no method; there are {}", METHODS.join(", ")));
        }
        let url = url.trim();
        if url.is_empty() || url.contains(char::is_whitespace) {
            return Err(format!("{url:?} is no address; a space in one is written %20"));
        }
        let mut headers = Vec::new();
        for line in lines.by_ref() {
            if line.trim().is_empty() {
                break;
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| format!("{line:?} is no header; an empty line goes before the body"))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let body = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
        Ok(Request { method: method.to_owned(), url: url.to_owned(), headers, body })
    }

    /// Whether the body is JSON, by what is said of it or by how it begins.
    pub fn is_json(&self) -> bool {
        self.kind().map_or(self.body.starts_with(['{', '[']), |kind| kind.contains("json"))
    }

    /// What is said of the body.
    fn kind(&self) -> Option<&str> {
        let said = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        said.map(|(_, kind)| kind.as_str())
    }

    /// The request with values in it. What begins the address stands as it is, and everything after is
    /// one part of the path or of the query.
    fn fill(&self, values: &Values) -> Result<Request, String> {
        let mut first = self.url.starts_with("{{");
        let url =
            values.replace(&self.url, |_, value| if std::mem::take(&mut first) { value.to_owned() } else { percent(value) })?;
        let headers = self.headers.iter().map(|(name, value)| {
            let value = values.fill(value)?;
            if value.contains(['\r', '\n']) {
                Err(format!("the header {name} would hold a line break"))
            } else {
                Ok((name.clone(), value))
            }
        });
        let headers = headers.collect::<Result<_, String>>()?;
        // A value is one value of the body, whatever signs are in it.
        let body = if self.is_json() {
            values.replace(&self.body, |_, value| json(value))?
        } else if self.kind().is_some_and(|kind| kind.contains("form-urlencoded")) {
            values.replace(&self.body, |_, value| percent(value))?
        } else {
            let mut wrong = None;
            let body = values.replace(&self.body, |name, value| {
                wrong = wrong.take().or_else(|| value.contains(['<', '>', '&', '\r', '\n']).then(|| name.to_owned()));
                value.to_owned()
            })?;
            if let Some(name) = wrong {
                return Err(format!("the value of {name} holds a sign that would be part of the body's form"));
            }
            body
        };
        Ok(Request { method: self.method.clone(), url, headers, body })
    }
}

pub fn attempt(fence: &Fence, scene: &Scene<'_>) -> Attempt {
    let request = match Request::parse(&fence.body).and_then(|request| request.fill(scene.values)) {
        Ok(request) => request,
        Err(reason) => return Attempt::idle(Tried::Failed(reason), ""),
    };
    let mut transcript = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        transcript.push_str(&format!("{name}: {value}\n"));
    }
    transcript.push_str(&format!("\n{}\n", request.body));
    let Some(origin) = origin(&request.url) else {
        let reason = format!("{} is no address of http:// or https:// without a password in it", request.url);
        return Attempt::idle(Tried::Failed(reason), transcript);
    };
    let loopback = is_loopback(host(origin));
    if scene.site.home.kind() == HomeKind::Sandbox && !loopback {
        let reason = format!("{origin} is not called: a sandbox calls loopback addresses alone, 127.0.0.1 or [::1]");
        return Attempt::idle(Tried::Failed(reason), transcript);
    }
    let timeout = fence.timeout.unwrap_or(Duration::from_secs(60));
    let sent = wait_for(move || send(&request, timeout, loopback), Some(timeout), Duration::from_secs(1), scene.stop);
    match sent {
        Waited::Done(Ok((status, body, more))) => {
            let more = if more { "\n(there was more, which is not kept)" } else { "" };
            transcript.push_str(&format!("status {status}\n{body}{more}\n"));
            let json = serde_json::from_str(&body).ok();
            Attempt::of(Tried::Answered(Answer { status: Some(status), output: body, json, ..Answer::default() }), transcript)
        }
        Waited::Done(Err(reason)) => {
            transcript.push_str(&format!("no answer: {reason}\n"));
            Attempt::of(Tried::Failed(format!("no answer: {reason}")), transcript)
        }
        Waited::Interrupted => Attempt::of(Tried::interrupted(), transcript),
        Waited::Late | Waited::Died => {
            Attempt::of(Tried::Failed(format!("no answer within {} s", timeout.as_secs())), transcript)
        }
    }
}

/// Status, body up to the bound, and whether there was more of it.
fn send(request: &Request, timeout: Duration, loopback: bool) -> Result<(u16, String, bool), String> {
    let mut config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .user_agent(concat!("wpp/", env!("CARGO_PKG_VERSION")));
    if loopback {
        config = config.proxy(None);
    }
    let agent = ureq::Agent::new_with_config(config.build());
    let mut building = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        building = building.header(name, value);
    }
    if !request.body.is_empty()
        && request.is_json()
        && !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        building = building.header("Content-Type", "application/json");
    }
    let answer = if request.body.is_empty() {
        agent.run(building.body(()).map_err(|error| error.to_string())?)
    } else {
        agent.run(building.body(request.body.clone()).map_err(|error| error.to_string())?)
    };
    let mut answer = answer.map_err(|error| clip(&error.to_string()))?;
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    let most = u64::try_from(OUTPUT_BYTES_MAX).unwrap_or(u64::MAX);
    answer
        .body_mut()
        .as_reader()
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the answer was cut off: {error}"))?;
    let more = bytes.len() > OUTPUT_BYTES_MAX;
    bytes.truncate(OUTPUT_BYTES_MAX);
    Ok((status, String::from_utf8_lossy(&bytes).into_owned(), more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_request_is_read_and_filled() {
        let text = "POST {{url}}/s/{{name}}?q={{name}}\nX-API-Key: {{key}}\n\n{\"text\": \"{{name}}\"}\n";
        let request = Request::parse(text).unwrap();
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let values = Values { plain: map(&[("url", "http://127.0.0.1:1"), ("name", "a\"/b")]), secrets: map(&[("key", "hush")]) };
        let filled = request.fill(&values).unwrap();
        assert_eq!(filled.url, "http://127.0.0.1:1/s/a%22%2Fb?q=a%22%2Fb");
        assert_eq!(filled.headers, [("X-API-Key".to_owned(), "hush".to_owned())]);
        assert_eq!(filled.body, "{\"text\": \"a\\\"/b\"}");
        let values = Values { plain: map(&[("url", "http://x"), ("name", "a"), ("key", "a\r\nb: c")]), ..Values::default() };
        assert!(request.fill(&values).unwrap_err().contains("line break"));
    }

    #[test]
    fn what_is_no_request_is_said() {
        for text in ["", "GET", "FETCH http://x", "GET a b", "GET http://x\nno header\n"] {
            assert!(Request::parse(text).is_err(), "{text:?}");
        }
    }
}
