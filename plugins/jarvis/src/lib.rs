//! Jarvis: an application with one WhatsApp session, which a sidecar holds.
//!
//! Settings: `url` of the application; `sidecar_url`; `instance`; `timeout_ms`; `readyz`;
//! `media_window_ms`. Secrets: `jarvis-token`, a bearer token of an admin. Grants: both origins, and
//! the secret.
//!
//! `/readyz` is no question: three answers in a row that it is not ready put the application into
//! lockdown. It is asked once in a run at most, and only with `readyz = true`. The status of the
//! channel also makes the application tell the sidecar anew where to call it, which is harmless.
//! With `sidecar_url` the session is asked for and acted on there, else through the application,
//! which cannot send.

mod checks;
mod endpoints;
mod sessions;

use wpp_plugin_sdk::gateway::{Channel, Condition, Description, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{
    Api, Failure, FailureKind, TIMEOUT_MS, Value, address, config, digits, failure, json, needs, needs_secret, required, takes,
    unsupported,
};

struct Jarvis;

/// The application and, where it is known, its sidecar.
struct System {
    app: Api,
    sidecar: Option<Api>,
    /// What its one session is called.
    instance: String,
}

const STATUS: &str = "/api/v1/channels/whatsapp/status";

impl System {
    fn configured() -> Result<System, Failure> {
        let app = Api::configured_at(&required("url")?)?.header("authorization", "Bearer {{secret:jarvis-token}}");
        let sidecar = match config::get("sidecar_url").filter(|url| !url.is_empty()) {
            Some(url) => Some(Api::configured_at(&url)?),
            None => None,
        };
        let instance = config::get("instance").filter(|name| !name.is_empty()).unwrap_or_else(|| "main".into());
        Ok(System { app, sidecar, instance })
    }

    /// The application, asked for what needs no token.
    fn open() -> Result<Api, Failure> {
        Api::configured_at(&required("url")?)
    }

    fn is(&self, name: &str) -> Result<(), Failure> {
        if name == self.instance {
            return Ok(());
        }
        let message = format!("Jarvis has no session {name:?}, and one called {}", self.instance);
        Err(failure(FailureKind::NotFound, message, "set `instance` if you call it otherwise"))
    }

    /// What the application says of its channel.
    fn status(&self) -> Result<Value, Failure> {
        let answer = self.app.seen(STATUS)?;
        let body = answer.done()?;
        if body["enabled"].is_boolean() { Ok(body) } else { Err(answer.strange("no word of whether the channel is enabled")) }
    }

    /// The state of the session, in the words of who was asked: `close`, `connecting`, `qr` or `open`.
    fn state(&self) -> Result<String, Failure> {
        if let Some(sidecar) = &self.sidecar {
            let answer = sidecar.seen("/status")?;
            return match answer.done()?["state"].as_str() {
                Some(state) => Ok(state.to_owned()),
                None => Err(answer.strange("no state")),
            };
        }
        let status = self.status()?;
        passed_on(&status, STATUS)?;
        let payload = &status["payload"];
        let state = payload["instance"]["state"].as_str().or_else(|| payload["state"].as_str());
        state.map(str::to_owned).ok_or_else(|| self.app.seen(STATUS).map_or_else(|why| why, |answer| answer.strange("no state")))
    }
}

/// Answers of the application's channel are 200 when its sidecar failed, too; the sidecar's status is
/// in them.
fn passed_on(body: &Value, asked: &str) -> Result<(), Failure> {
    if body["enabled"] == false || body["error"] == "evolution_api_disabled" {
        let message = format!("{asked}: evolution_api_disabled: the application has no sidecar");
        return Err(failure(FailureKind::Misconfigured, message, "set EVOLUTION_API_URL for Jarvis and restart its API"));
    }
    let Some(status @ 400..) = body["status_code"].as_u64() else { return Ok(()) };
    let words = body["payload"]["error"].as_str().or_else(|| body["payload"]["message"].as_str()).unwrap_or("no reason is told");
    let message = format!("{asked}: the sidecar answered the application {status}: {words}");
    Err(match status {
        401 | 403 => failure(FailureKind::Denied, message, "make EVOLUTION_API_KEY of Jarvis the key that the sidecar knows"),
        404 => failure(FailureKind::NotFound, message, "make the instance first, with `wpp start`"),
        429 => failure(FailureKind::RateLimited, message, "try again later"),
        502..=504 => failure(FailureKind::Unreachable, message, "see whether the sidecar runs, and EVOLUTION_API_URL of Jarvis"),
        _ => failure(FailureKind::Failed, message, "read the sidecar's log"),
    })
}

impl Channel for Jarvis {
    fn describe() -> Description {
        Description {
            title: "Jarvis".into(),
            kind: Kind::Gateway,
            settings: vec![
                needs("url", "Where the application is, such as http://127.0.0.1:8000"),
                takes("sidecar_url", "Where the sidecar is, such as http://127.0.0.1:8081", ""),
                takes("instance", "What its one session is called", "main"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
                takes("readyz", "Whether /readyz is asked, once in a run: it can put Jarvis into lockdown", "false"),
                takes("media_window_ms", "How old a degraded message may be and still count", "86400000"),
            ],
            secrets: vec![needs_secret("jarvis-token", "A bearer token of an admin of the application")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let system = System::configured()?;
        let answer = System::open()?.seen("/healthz")?;
        let alive = answer.done()?["ok"] == true;
        if !alive {
            return Err(answer.strange("no ok that is true"));
        }
        let state = system.state()?;
        let condition = if state == "open" { Condition::Ok } else { Condition::Degraded };
        Ok(Wellness {
            condition,
            summary: format!("the application answers; its session is {state}"),
            version: None,
            version_known: true,
            evidence: vec![answer.evidence("ok true")],
        })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let system = System::configured()?;
        system.is(message.session.as_deref().unwrap_or(&system.instance))?;
        let Some(sidecar) = &system.sidecar else {
            return Err(unsupported("Jarvis has no way to send a message through its application; set sidecar_url"));
        };
        let Some(number) = digits(&message.to) else {
            let what = format!("{:?} is no number", message.to);
            return Err(failure(
                FailureKind::NotFound,
                what,
                "give a number with its country code; the sidecar sends to numbers alone",
            ));
        };
        let text = match &message.title {
            Some(title) => format!("*{title}*\n{}", message.text),
            None => message.text.clone(),
        };
        let answer = sidecar.post("/sendText", Some(&json!({"number": number, "text": text})))?;
        if answer.status == 400 && answer.words().is_some_and(|words| words == "Not connected") {
            let what = format!("the session {} is not connected", system.instance);
            return Err(failure(FailureKind::Conflict, what, format!("see `wpp status {}`", address(&system.instance))));
        }
        let body = answer.done()?;
        if !body.is_object() {
            return Err(answer.strange("no word of the message"));
        }
        let id = [&body["id"], &body["messageId"], &body["key"]["id"]].iter().find_map(|id| id.as_str().map(str::to_owned));
        Ok(Receipt { id, url: None, queued: false })
    }
}

wpp_plugin_sdk::gateway!(Jarvis);
