//! Notices to a service that takes them as a POST to `/messages`: an example, to be replaced with the
//! service of yours.
//!
//! Settings: `url`; `room`; `timeout_ms`. Secret: `service-key`, a bearer token. Grants: the service's
//! origin, and the secret.

use wpp_plugin_sdk::notifier::{Condition, Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{Api, Failure, TIMEOUT_MS, json, needs, needs_secret, required, takes};

struct Plugin;

/// The service. The host puts the secret in; this code never sees it.
fn service() -> Result<Api, Failure> {
    Ok(Api::configured()?.header("authorization", "Bearer {{secret:service-key}}"))
}

impl Guest for Plugin {
    fn describe() -> Description {
        Description {
            title: "@NAME@".into(),
            kind: Kind::Notice,
            settings: vec![
                needs("url", "Where the service is"),
                needs("room", "Where notices go to that name no recipient"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![needs_secret("service-key", "A token that may write")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let answer = service()?.get("/health")?;
        let status = answer.done()?["status"].as_str().map(str::to_owned).ok_or_else(|| answer.strange("no status"))?;
        Ok(Wellness {
            condition: if status == "ok" { Condition::Ok } else { Condition::Down },
            summary: format!("the service says that it is {status}"),
            version: None,
            version_known: true,
            evidence: vec![answer.evidence("status ok")],
        })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let room = if message.to.is_empty() { required("room")? } else { message.to };
        // As a document and not as headers or an address: there, a text could name a secret.
        let body = json!({"room": room, "title": message.title, "text": message.text, "key": message.key});
        let answer = service()?.post("/messages", Some(&body))?;
        match answer.done()?["id"].as_str() {
            Some(id) => Ok(Receipt { id: Some(id.into()), url: None, queued: false }),
            None => Err(answer.strange("no id of the message")),
        }
    }
}

wpp_plugin_sdk::notifier!(Plugin);
