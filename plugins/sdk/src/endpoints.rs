//! Whether a server has the addresses that are asked of it, found out without doing anything.
//!
//! Start with [`Server::look`], and with [`findings`] for what came of it. An address that only reads is
//! asked. One that acts is never asked; its path is, in a way that cannot reach what is behind it:
//!
//! - Express, and NestJS on top of it, look for a path first and read the names in it then. To a name that
//!   cannot be decoded they answer 400 where they have the path, with whatever method, and 404 where they do
//!   not; nothing of the server runs in either case. (Tried with Express 4.22 and 5.3 and NestJS 10.4.) Whether
//!   the server at hand does so, a path that none has tells each time.
//! - FastAPI answers 405 to a method that a path does not take, and tells one that it does take; and it has a
//!   list of itself, unless that is turned off. (Tried with FastAPI 0.165.)
//!
//! What neither tells is unseen, and is said to be so.

use crate::gateway::Finding;
use crate::http::Method;
use crate::{Answer, Api, Evidence, Failure, Severity, Value};

/// An address, and what may be asked about it.
#[derive(Debug)]
pub struct Endpoint {
    /// `GET`.
    pub method: &'static str,
    /// `/sessions/*/connect`; `*` stands for one part.
    pub path: &'static str,
    how: How,
    /// What is used where a server lacks it, for those that only the server's own runbooks name.
    pub instead: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Reads(&'static str),
    Acts,
    Unasked(&'static str),
}

impl Endpoint {
    /// One that only reads, and is asked with this query: `?limit=1`.
    pub const fn reads(path: &'static str, query: &'static str) -> Endpoint {
        Endpoint { method: "GET", path, how: How::Reads(query), instead: None }
    }

    /// One that does something.
    pub const fn acts(method: &'static str, path: &'static str) -> Endpoint {
        Endpoint { method, path, how: How::Acts, instead: None }
    }

    /// One that nothing is asked about, and why.
    pub const fn unasked(method: &'static str, path: &'static str, why: &'static str) -> Endpoint {
        Endpoint { method, path, how: How::Unasked(why), instead: None }
    }

    /// Only the server's own runbooks name it, and this does the same.
    #[must_use]
    pub const fn instead(self, instead: &'static str) -> Endpoint {
        Endpoint { instead: Some(instead), ..self }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is there.
    There,
    /// It is not.
    Gone,
    /// Nothing that may be asked tells.
    Unseen,
}

/// An address, and what was found out about it.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The address.
    pub endpoint: &'a Endpoint,
    /// What was found out.
    pub sight: Sight,
    /// By what.
    pub why: String,
}

/// What a server was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// Express, or NestJS on top of it.
    Express {
        /// A path that no such server has, as near as can be to one that it has, with a `*` in it.
        never: &'static str,
    },
    /// FastAPI.
    FastApi,
}

/// A server that is looked at.
pub struct Server<'a> {
    /// How it is asked.
    pub api: &'a Api,
    /// What it was made with.
    pub framework: Framework,
    /// A name that nothing on it can have.
    pub nobody: &'static str,
}

// No UTF-8 begins with this byte.
const UNDECODABLE: &str = "%FF";

impl Server<'_> {
    /// Looks for each. That the server is the one that is meant, the caller has to have seen; a server that
    /// breaks down or wants to be left alone is a failure.
    pub fn look<'a>(&self, endpoints: &'a [Endpoint]) -> Result<Vec<Seen<'a>>, Failure> {
        let mut seen = Vec::with_capacity(endpoints.len());
        let list = self.list()?;
        let is_listed = |endpoint: &Endpoint| list.as_ref().is_some_and(|list| lists(list, endpoint));
        for endpoint in endpoints {
            let (sight, why) = match endpoint.how {
                How::Reads(query) => self.read(endpoint, query)?,
                How::Acts | How::Unasked(_) if is_listed(endpoint) => (Sight::There, LISTED.to_owned()),
                How::Unasked(why) => (Sight::Unseen, why.to_owned()),
                How::Acts => match self.framework {
                    Framework::Express { .. } if !endpoint.path.contains('*') => {
                        (Sight::Unseen, "it is seen only by what it does".to_owned())
                    }
                    Framework::Express { .. } if shared(endpoint, endpoints) => {
                        (Sight::Unseen, "its path is there for other methods, too".to_owned())
                    }
                    Framework::Express { never } => self.undecodable(endpoint, never)?,
                    Framework::FastApi => self.other_method(endpoint)?,
                },
            };
            seen.push(Seen { endpoint, sight, why });
        }
        Ok(seen)
    }

    fn read(&self, endpoint: &Endpoint, query: &str) -> Result<(Sight, String), Failure> {
        let answer = able(self.api.seen(&format!("{}{query}", endpoint.path.replace('*', self.nobody)))?)?;
        let sight = match answer.status {
            // Where it leads to may be anything.
            300..=399 | 401 | 403 => Sight::Unseen,
            405 | 410 => Sight::Gone,
            404 if self.no_route(&answer) && self.framework == Framework::FastApi && endpoint.path.contains('*') => {
                return self.head(endpoint);
            }
            404 if self.no_route(&answer) => Sight::Gone,
            // What serves a page for every address that it does not know.
            200..=299 if answer.body.trim_ascii_start().starts_with(b"<") => Sight::Gone,
            _ => Sight::There,
        };
        Ok((sight, said(&answer)))
    }

    // The server's own 404 names what was looked for in vain; that of a route that is not there does not.
    fn no_route(&self, answer: &Answer) -> bool {
        let words = answer.words();
        match self.framework {
            Framework::Express { .. } => answer.status == 404 && words.is_none_or(|words| words.starts_with("Cannot ")),
            Framework::FastApi => answer.status == 404 && words.is_none_or(|words| words == "Not Found"),
        }
    }

    fn undecodable(&self, endpoint: &Endpoint, never: &str) -> Result<(Sight, String), Failure> {
        let control = able(self.api.seen(&never.replace('*', UNDECODABLE))?)?;
        if control.status != 404 {
            return Ok((Sight::Unseen, format!("a path that no server has is not told from others: {}", said(&control))));
        }
        let answer = able(self.api.seen(&endpoint.path.replace('*', UNDECODABLE))?)?;
        Ok(match answer.status {
            400 => (Sight::There, format!("its path is there: {}", said(&answer))),
            404 => (Sight::Gone, said(&answer)),
            _ => (Sight::Unseen, said(&answer)),
        })
    }

    fn other_method(&self, endpoint: &Endpoint) -> Result<(Sight, String), Failure> {
        let answer = able(self.api.seen(&endpoint.path.replace('*', self.nobody))?)?;
        match answer.status {
            405 => Ok((takes(&answer, endpoint.method), said(&answer))),
            // A handler may say that in the same words of what has no such name.
            404 if self.no_route(&answer) && endpoint.path.contains('*') => self.head(endpoint),
            404 if self.no_route(&answer) => Ok((Sight::Gone, said(&answer))),
            401 | 403 => Ok((Sight::Unseen, said(&answer))),
            _ => Ok((Sight::Unseen, format!("its path takes GET, too, and tells of no other: {}", said(&answer)))),
        }
    }

    // No handler of FastAPI runs for HEAD.
    fn head(&self, endpoint: &Endpoint) -> Result<(Sight, String), Failure> {
        let answer = able(self.api.ask(Method::Head, &endpoint.path.replace('*', self.nobody), None)?)?;
        let sight = match answer.status {
            405 => takes(&answer, endpoint.method),
            404 => Sight::Gone,
            _ => Sight::Unseen,
        };
        Ok((sight, said(&answer)))
    }

    // The server's list of itself; none where it has none, or tells nobody.
    fn list(&self) -> Result<Option<Value>, Failure> {
        if self.framework != Framework::FastApi {
            return Ok(None);
        }
        Ok(able(self.api.seen("/openapi.json")?)?.done().ok())
    }
}

// The list holds only what it is told to hold, so that what is not in it may be there all the same.
fn lists(list: &Value, endpoint: &Endpoint) -> bool {
    let method = endpoint.method.to_ascii_lowercase();
    let is_it = |(path, methods): (&String, &Value)| same(endpoint.path, path) && methods[&method].is_object();
    list["paths"].as_object().is_some_and(|paths| paths.iter().any(is_it))
}

const LISTED: &str = "not asked; GET /openapi.json names it";

/// Whether the path of one that acts is that of another one, too.
fn shared(endpoint: &Endpoint, all: &[Endpoint]) -> bool {
    all.iter().any(|other| other.method != endpoint.method && other.path == endpoint.path)
}

fn same(known: &str, told: &str) -> bool {
    let (known, told): (Vec<&str>, Vec<&str>) = (known.split('/').collect(), told.split('/').collect());
    known.len() == told.len()
        && known.iter().zip(&told).all(|(known, told)| known == told || *known == "*" && told.starts_with('{'))
}

/// Of several routes for one path the first alone is told of.
fn takes(answer: &Answer, method: &str) -> Sight {
    match answer.header("allow") {
        Some(allow) if !allow.split(',').any(|allowed| allowed.trim() == method) => Sight::Unseen,
        _ => Sight::There,
    }
}

fn able(answer: Answer) -> Result<Answer, Failure> {
    if answer.status == 429 || answer.status >= 500 { Err(answer.complaint()) } else { Ok(answer) }
}

fn said(answer: &Answer) -> String {
    let words = answer.words().map(|words| format!(": {words}")).unwrap_or_default();
    format!("{} answered {}{words}", answer.asked, answer.status)
}

/// What is to be said of it, of a server with this name: those that are gone, as something that is wrong
/// unless something else does the same; those that are unseen; and those that are there.
pub fn findings(seen: &[Seen<'_>], server: &str) -> Vec<Finding> {
    let of = |sight: Sight, own: bool| -> Vec<&Seen<'_>> {
        seen.iter().filter(|seen| seen.sight == sight && (seen.endpoint.instead.is_none() == own)).collect()
    };
    let names = |some: &[&Seen<'_>]| some.iter().map(|seen| seen.endpoint.name()).collect::<Vec<_>>().join(", ");
    let finding = |some: &[&Seen<'_>], severity: Option<Severity>, summary: String, remedy: String| Finding {
        severity,
        session: None,
        summary,
        evidence: some
            .iter()
            .map(|seen| Evidence {
                subject: seen.endpoint.name(),
                expected: "an answer that only an address gives that is there".into(),
                observed: seen.why.clone(),
            })
            .collect(),
        remedy,
        command: Vec::new(),
    };
    let mut findings = Vec::new();
    let gone = of(Sight::Gone, true);
    if !gone.is_empty() {
        let summary =
            format!("{} addresses that runbooks ask of {server} do not exist on this server: {}", gone.len(), names(&gone));
        let remedy = "see which version of the server this is, and look for a plugin and runbooks for it; a feature that is turned off may take its addresses along";
        findings.push(finding(&gone, None, summary, remedy.into()));
    }
    let other = of(Sight::Gone, false);
    if !other.is_empty() {
        let summary =
            format!("{} addresses of {server}'s own runbooks do not exist on this server: {}", other.len(), names(&other));
        let use_ = |seen: &&Seen<'_>| format!("{}: {}", seen.endpoint.name(), seen.endpoint.instead.unwrap_or_default());
        let remedy = format!("use instead: {}", other.iter().map(use_).collect::<Vec<_>>().join("; "));
        findings.push(finding(&other, Some(Severity::Info), summary, remedy));
    }
    let unseen = [of(Sight::Unseen, true), of(Sight::Unseen, false)].concat();
    if !unseen.is_empty() {
        let summary =
            format!("whether this server has {} addresses cannot be seen without acting: {}", unseen.len(), names(&unseen));
        let remedy = "try them once, on a session that nobody uses";
        findings.push(finding(&unseen, Some(Severity::Info), summary, remedy.into()));
    }
    let there = [of(Sight::There, true), of(Sight::There, false)].concat();
    if gone.is_empty() && !there.is_empty() {
        let summary = format!("{} of {} addresses that runbooks ask of {server} exist on this server", there.len(), seen.len());
        findings.push(finding(&there, Some(Severity::Ok), summary, String::new()));
    }
    findings
}
