//! Webhooks. The server has no log of deliveries and cannot deliver again: it lists what failed.

use wpp_plugin_sdk::gateway::{Delivery, Webhook, Webhooks};
use wpp_plugin_sdk::{Answer, Failure, FailureKind, Value, config, failure, json, moment_ms, segment, unsupported};

use crate::OpenWa;
use crate::server::Server;

impl Webhooks for OpenWa {
    fn list() -> Result<Vec<Webhook>, Failure> {
        webhooks(&Server::configured()?)
    }

    fn test(id: String) -> Result<String, Failure> {
        let server = Server::configured()?;
        let answer = server.api.post(&format!("{}/test", path(&server, &id)?), None)?;
        // The answer is 200 when the receiver refused it, too.
        let body = if answer.accepted() { answer.json()? } else { answer.done()? };
        let status = body["statusCode"].as_u64().map(|status| format!(" {status}")).unwrap_or_default();
        match body["success"].as_bool() {
            Some(true) => Ok(format!("the receiver answered{status}")),
            Some(false) => {
                let why = body["error"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
                let message = format!("the receiver of webhook {id} answered{status}{why}");
                Err(failure(FailureKind::Failed, message, "look at the receiver, or correct the webhook's address"))
            }
            None => Err(answer.strange("no result of the test")),
        }
    }

    fn failures() -> Result<Vec<Delivery>, Failure> {
        failures(&Server::configured()?)
    }

    fn enable(id: String) -> Result<(), Failure> {
        turn(&id, true)
    }

    fn disable(id: String) -> Result<(), Failure> {
        turn(&id, false)
    }

    fn retry(_: String) -> Result<(), Failure> {
        Err(unsupported(
            "OpenWA has no way to deliver a failed event again; it tries by itself as often as the webhook's retryCount says",
        ))
    }
}

pub fn webhooks(server: &Server) -> Result<Vec<Webhook>, Failure> {
    let answer = server.api.seen("/api/webhooks")?;
    answer.list()?.iter().map(|value| webhook(value).ok_or_else(|| answer.strange("a webhook of another shape"))).collect()
}

/// When something was last delivered to a webhook; a failed try does not count.
pub fn delivered_ms(server: &Server, id: &str) -> Result<Option<u64>, Failure> {
    let known = server.api.seen("/api/webhooks")?.list()?;
    Ok(known.iter().find(|webhook| webhook["id"] == id).and_then(|webhook| moment_ms(&webhook["lastTriggeredAt"])))
}

/// How many failures the server is asked for.
pub const FAILURES_MAX: usize = 100;

pub fn failures(server: &Server) -> Result<Vec<Delivery>, Failure> {
    let answer = server.api.seen(&format!("/api/webhooks/delivery-failures?limit={FAILURES_MAX}"))?;
    let delivery = |value: &Value| {
        let status = value["lastStatusCode"].as_u64().map(|status| format!("answered {status}"));
        let error = value["lastError"].as_str().map(str::to_owned);
        Some(Delivery {
            id: value["id"].as_str()?.into(),
            webhook: value["webhookId"].as_str()?.into(),
            event: value["event"].as_str().unwrap_or_default().into(),
            at_ms: moment_ms(&value["createdAt"]),
            tries: value["attempts"].as_u64().and_then(|tries| u32::try_from(tries).ok()).unwrap_or(0),
            trouble: error.or(status).unwrap_or_else(|| "no reason is told".into()),
        })
    };
    answer.list()?.iter().map(|value| delivery(value).ok_or_else(|| answer.strange("a failure of another shape"))).collect()
}

fn webhook(value: &Value) -> Option<Webhook> {
    let events = value["events"].as_array()?.iter().filter_map(|event| event.as_str().map(str::to_owned)).collect();
    Some(Webhook {
        id: value["id"].as_str()?.into(),
        session: value["sessionId"].as_str().map(str::to_owned),
        url: value["url"].as_str()?.into(),
        events,
        enabled: value["active"].as_bool()?,
    })
}

// A webhook is found below its session alone.
fn path(server: &Server, id: &str) -> Result<String, Failure> {
    let known = webhooks(server)?;
    let session = known.iter().find(|webhook| webhook.id == id).and_then(|webhook| webhook.session.clone());
    match session {
        Some(session) => Ok(format!("/api/sessions/{}/webhooks/{}", segment(&session), segment(id))),
        None => Err(failure(
            FailureKind::NotFound,
            format!("OpenWA has no webhook {id:?}"),
            format!("see `wpp webhook list {}`", config::name()),
        )),
    }
}

fn turn(id: &str, on: bool) -> Result<(), Failure> {
    let server = Server::configured()?;
    let answer: Answer = server.api.put(&path(&server, id)?, &json!({"active": on}))?;
    match answer.done()?["active"].as_bool() {
        Some(active) if active == on => Ok(()),
        _ => Err(answer.strange("a webhook that is as it was")),
    }
}
