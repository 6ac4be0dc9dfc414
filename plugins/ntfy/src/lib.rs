//! Notices to a topic of ntfy, on ntfy.sh or a server of one's own.
//!
//! Settings: `topic`; `url`; `signed_in`; `priority`; `timeout_ms`. Secrets: `ntfy-token`, an access
//! token, with `signed_in = true`. Grants: the server's origin, and the secret. On ntfy.sh whoever
//! knows the name of a topic reads it: take one that cannot be guessed.

use wpp_plugin_sdk::notifier::{Condition, Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{
    Api, Failure, FailureKind, Severity, TIMEOUT_MS, config, failure, flag, json, needs, number, required, takes, takes_secret,
};

struct Ntfy;

/// A longer message becomes an attachment.
const BYTES_MAX: usize = 4096;

fn server() -> Result<Api, Failure> {
    let url = config::get("url").filter(|url| !url.is_empty()).unwrap_or_else(|| "https://ntfy.sh".into());
    let server = Api::configured_at(&url)?;
    Ok(if flag("signed_in", false)? { server.header("authorization", "Bearer {{secret:ntfy-token}}") } else { server })
}

impl Guest for Ntfy {
    fn describe() -> Description {
        Description {
            title: "ntfy".into(),
            kind: Kind::Notice,
            settings: vec![
                needs("topic", "Where notices go to that name no recipient"),
                takes("url", "Where the server is", "https://ntfy.sh"),
                takes("signed_in", "Whether the secret ntfy-token is sent", "false"),
                takes("priority", "From 1 to 5, of notices that do not say how much they matter; 4 and 5 make a noise", "3"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![takes_secret("ntfy-token", "An access token of the server; used with signed_in = true")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let topic = required("topic")?;
        let answer = server()?.get("/v1/health")?;
        let body = answer.done()?;
        let condition = match body["healthy"].as_bool() {
            Some(true) => Condition::Ok,
            Some(false) => Condition::Down,
            None => return Err(answer.strange("no word of its health")),
        };
        Ok(Wellness {
            condition,
            summary: format!("the server says healthy {}; whether {topic} may be written to is seen when it is", body["healthy"]),
            version: None,
            version_known: true,
            evidence: vec![answer.evidence("healthy true")],
        })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let topic = if message.to.is_empty() { required("topic")? } else { message.to };
        let priority = match message.severity {
            Some(Severity::Critical) => 5,
            Some(Severity::Error) => 4,
            Some(Severity::Warning) => 3,
            Some(Severity::Ok | Severity::Info) => 2,
            None => number("priority", 3)?,
        };
        if !(1..=5).contains(&priority) {
            return Err(failure(FailureKind::Misconfigured, format!("the priority {priority} is none"), "set one from 1 to 5"));
        }
        let end = (0..=BYTES_MAX.min(message.text.len())).rev().find(|at| message.text.is_char_boundary(*at)).unwrap_or(0);
        // As a document and not as headers: what comes from elsewhere has no place in a header.
        let mut body = json!({"topic": topic, "message": message.text[..end], "priority": priority});
        if let Some(title) = message.title {
            body["title"] = json!(title);
        }
        let answer = server()?.post("", Some(&body))?;
        match answer.done()?["id"].as_str() {
            Some(id) => Ok(Receipt { id: Some(id.into()), url: None, queued: false }),
            None => Err(answer.strange("no id of the message")),
        }
    }
}

wpp_plugin_sdk::notifier!(Ntfy);
