//! OpenWA, a gateway to WhatsApp with a REST API; written for version 0.23.1.
//!
//! Settings: `url`; `timeout_ms`; `stuck_ms`; `memory_max_mb`; `metrics`; `webhook_window_ms`.
//! Secrets: `openwa-key`, an API key of the role operator, and with `metrics = true` also
//! `openwa-metrics-token`. Grants: the server's origin, and these secrets.
//!
//! The server knows sessions by UUIDs alone; operators know them by name, and each name is looked up
//! in the list. It cannot restart: a restart here is a stop and then a start. A session that cannot
//! reach WhatsApp stays `initializing` for ever and tells no error, so what ought to pass is judged
//! by its age.

mod checks;
mod endpoints;
mod server;
mod sessions;
mod webhooks;

use wpp_plugin_sdk::gateway::{Channel, Condition, Description, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{Failure, FailureKind, TIMEOUT_MS, digits, failure, json, needs, needs_secret, takes, takes_secret};

use server::Server;

/// The versions that this was tried with.
const VERSIONS: &[&str] = &["0.23.1"];

struct OpenWa;

impl Channel for OpenWa {
    fn describe() -> Description {
        Description {
            title: "OpenWA".into(),
            kind: Kind::Gateway,
            settings: vec![
                needs("url", "Where the server is, such as http://127.0.0.1:2785"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
                takes("stuck_ms", "How long a session may be on its way to ready", "120000"),
                takes("memory_max_mb", "The memory that the server may use; more than 80 % of it is a finding", ""),
                takes("metrics", "Whether /api/metrics is read, with the secret openwa-metrics-token", "false"),
                takes("webhook_window_ms", "How old a failed delivery may be and still count", "3600000"),
            ],
            secrets: vec![
                needs_secret("openwa-key", "An API key of the role operator"),
                takes_secret("openwa-metrics-token", "What /api/metrics asks for; used with metrics = true"),
            ],
            versions: VERSIONS.iter().map(|version| (*version).into()).collect(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let server = Server::configured()?;
        let ready = server.api.seen("/api/health/ready")?;
        let down = server::not_ready(&ready)?;
        let sessions = server.sessions()?;
        let version = server.version()?;
        let connected = sessions.iter().filter(|session| session.told == "ready").count();
        let (condition, summary) = match &down {
            Some(why) => (Condition::Down, why.clone()),
            None if sessions.is_empty() => (Condition::Degraded, "the server works and has no session".into()),
            None if connected < sessions.len() => {
                (Condition::Degraded, format!("{connected} of {} sessions are ready", sessions.len()))
            }
            None => (Condition::Ok, format!("all {connected} sessions are ready")),
        };
        let version_known = version.as_deref().is_none_or(|version| VERSIONS.contains(&version));
        let evidence = vec![ready.evidence("status ok, all databases up")];
        Ok(Wellness { condition, summary, version, version_known, evidence })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let server = Server::configured()?;
        let session = server.sender(message.session.as_deref())?;
        let chat = match digits(&message.to) {
            Some(number) => format!("{number}@c.us"),
            None if message.to.ends_with("@g.us") || message.to.ends_with("@lid") => message.to.clone(),
            None => {
                let what = format!("{:?} is no recipient on WhatsApp", message.to);
                return Err(failure(FailureKind::NotFound, what, "give a number with its country code, or a JID"));
            }
        };
        let text = match &message.title {
            Some(title) => format!("*{title}*\n{}", message.text),
            None => message.text.clone(),
        };
        let path = format!("/api/sessions/{}/messages/send-text", session.id);
        let answer = server.api.post(&path, Some(&json!({"chatId": chat, "text": text})))?;
        let body = answer.done()?;
        match body["messageId"].as_str() {
            Some(id) => Ok(Receipt { id: Some(id.into()), url: None, queued: false }),
            None => Err(answer.strange("no id of a message")),
        }
    }
}

wpp_plugin_sdk::gateway!(OpenWa);
