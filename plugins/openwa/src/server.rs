//! The server's answers as they are, and names for UUIDs. Start with [`Server`].

use wpp_plugin_sdk::{Answer, Api, Failure, FailureKind, Value, address, clock, failure, moment_ms, number, segment};

/// The server, asked with its key.
pub struct Server {
    pub api: Api,
    /// From when on a session on its way counts as stuck.
    pub stuck_ms: u64,
}

/// A session as the list tells it.
#[derive(Clone)]
pub struct Told {
    pub id: String,
    pub name: String,
    /// `created`, `initializing`, `qr_ready`, `authenticating`, `ready`, `disconnected`,
    /// `action_required` or `failed`.
    pub told: String,
    pub phone: Option<String>,
    pub error: Option<String>,
    /// What WhatsApp has restricted on the account, in the server's words.
    pub restriction: Option<String>,
    pub engine_loaded: bool,
    pub changed_ms: Option<u64>,
}

impl Told {
    /// For how long it is as it is.
    pub fn age_ms(&self) -> Option<u64> {
        self.changed_ms.map(|changed_ms| clock::now_ms().saturating_sub(changed_ms))
    }
}

impl Server {
    pub fn configured() -> Result<Server, Failure> {
        let api = Api::configured()?.header("x-api-key", "{{secret:openwa-key}}");
        Ok(Server { api, stuck_ms: number("stuck_ms", 120_000)? })
    }

    pub fn sessions(&self) -> Result<Vec<Told>, Failure> {
        let answer = self.api.seen("/api/sessions")?;
        answer.list()?.iter().map(|value| session(value).ok_or_else(|| answer.strange("a session of another shape"))).collect()
    }

    /// A session by its name, or by its UUID.
    pub fn session(&self, name: &str) -> Result<Told, Failure> {
        let sessions = self.sessions()?;
        sessions.iter().find(|session| session.name == name || session.id == name).cloned().ok_or_else(|| {
            let known: Vec<&str> = sessions.iter().map(|session| session.name.as_str()).collect();
            let known = if known.is_empty() { "it has none".into() } else { format!("it has {}", known.join(", ")) };
            failure(FailureKind::NotFound, format!("OpenWA has no session {name:?}; {known}"), "give one of its names")
        })
    }

    /// A session as it is now, whatever was seen before.
    pub fn look(&self, known: &Told) -> Result<Told, Failure> {
        let answer = self.api.get(&format!("/api/sessions/{}", known.id))?;
        session(&answer.done()?).ok_or_else(|| answer.strange("a session of another shape"))
    }

    /// The session to send with: the one that is named, or the only one.
    pub fn sender(&self, name: Option<&str>) -> Result<Told, Failure> {
        if let Some(name) = name {
            return self.session(name);
        }
        let mut sessions = self.sessions()?;
        match sessions.len() {
            1 => Ok(sessions.remove(0)),
            0 => Err(failure(FailureKind::NotFound, "OpenWA has no session", "create one on its dashboard")),
            count => Err(failure(FailureKind::Misconfigured, format!("OpenWA has {count} sessions"), "say which one sends")),
        }
    }

    /// What it says that it is; it tells only those who have a key.
    pub fn version(&self) -> Result<Option<String>, Failure> {
        let body = self.api.seen("/api/health")?.done()?;
        Ok(body["version"].as_str().map(str::to_owned))
    }

    /// Does something to a session; the answer is the session as it is now.
    pub fn act(&self, session: &Told, verb: &str) -> Result<Told, Failure> {
        let answer = self.api.post(&format!("/api/sessions/{}/{verb}", session.id), None)?;
        let body = answer.done().map_err(|failure| self.refused(&answer, failure, session))?;
        self::session(&body).ok_or_else(|| answer.strange("a session of another shape"))
    }

    // The server says 400 of a session that is not in the state for it.
    fn refused(&self, answer: &Answer, failure: Failure, session: &Told) -> Failure {
        let words = answer.words().unwrap_or_default();
        let conflict = answer.status == 400 && (words.contains("already start") || words.contains("not started"));
        let message = format!("the session {}: {}", session.name, failure.message);
        let kind = if conflict { FailureKind::Conflict } else { failure.kind };
        let hint = if conflict { format!("see `wpp status {}`", address(&session.name)) } else { failure.hint };
        Failure { kind, message, hint, outage: failure.outage }
    }
}

fn session(value: &Value) -> Option<Told> {
    let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let restriction = match &value["restriction"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    Some(Told {
        // It becomes part of addresses, and comes from a server.
        id: segment(&text("id")?),
        name: text("name")?,
        told: text("status")?,
        phone: text("phone"),
        error: text("lastError"),
        restriction,
        engine_loaded: value["engineLoaded"] == true,
        changed_ms: moment_ms(&value["updatedAt"]).or_else(|| moment_ms(&value["createdAt"])),
    })
}

/// Why the server is not ready, if it is not, from the body and not from the status alone.
pub fn not_ready(answer: &Answer) -> Result<Option<String>, Failure> {
    if matches!(answer.status, 401 | 403 | 404 | 429) {
        return Err(answer.complaint());
    }
    let body = match answer.json() {
        Err(_) if !answer.accepted() => return Err(answer.complaint()),
        body => body?,
    };
    let details = body["details"].as_object().or_else(|| body["error"].as_object());
    let down: Vec<&str> = details
        .into_iter()
        .flatten()
        .filter(|(_, part)| part["status"].as_str().is_some_and(|status| status != "up"))
        .map(|(name, _)| name.as_str())
        .collect();
    if !down.is_empty() {
        return Ok(Some(format!("{} is down", down.join(", "))));
    }
    match body["status"].as_str() {
        Some("ok") if answer.accepted() => Ok(None),
        Some(status) => Ok(Some(format!("the server says that it is {status:?} ({})", answer.status))),
        None if !answer.accepted() => Err(answer.complaint()),
        None => Err(answer.strange("no status")),
    }
}
