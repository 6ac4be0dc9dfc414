//! A gateway to WhatsApp with sessions at `/sessions`: an example, to be replaced with the gateway of
//! yours.
//!
//! Settings: `url`; `timeout_ms`. Secret: `gateway-key`, sent as `X-API-Key`. Grants: the gateway's
//! origin, and the secret.
//!
//! What this gateway cannot do is `unsupported`: never pretend instead.

use wpp_plugin_sdk::gateway::{
    Channel, Checks, Condition, Delivery, Description, Kind, Message, Offer, Receipt, Session, Sessions, State, Way, Webhook,
    Webhooks, Wellness,
};
use wpp_plugin_sdk::{
    Api, Failure, FailureKind, Severity, TIMEOUT_MS, Value, address, failure, json, needs, needs_secret, segment, takes, unsupported,
};

// The types for a table of checks: Row, Judged, and `ok`, `note` and `bad`, which make findings.
wpp_plugin_sdk::judgements!(gateway);

struct Plugin;

/// The versions of the gateway that this was tried with.
const VERSIONS: &[&str] = &["1.4.0"];

/// The gateway. The host puts the secret in; this code never sees it.
fn gateway() -> Result<Api, Failure> {
    Ok(Api::configured()?.header("x-api-key", "{{secret:gateway-key}}"))
}

fn sessions(gateway: &Api) -> Result<Vec<Session>, Failure> {
    Ok(gateway.seen("/sessions")?.list()?.iter().map(session).collect())
}

/// A session in wpp's words. A word that this does not know is no reason to say that all is well.
fn session(told: &Value) -> Session {
    let word = told["status"].as_str().unwrap_or_default();
    let (state, reason) = match word {
        "connected" => (State::Ready, "normal"),
        "connecting" => (State::Connecting, "normal"),
        "qr" => (State::AuthRequired, "pairing"),
        "logged_out" => (State::AuthRequired, "logged_out"),
        "stopped" => (State::Stopped, "operator_stopped"),
        _ => (State::Error, "connect_failure"),
    };
    let name = told["name"].as_str().unwrap_or_default();
    Session {
        name: name.into(),
        id: name.into(),
        state,
        reason: reason.into(),
        told: word.into(),
        since_ms: told["since_ms"].as_u64(),
        phone: told["phone"].as_str().map(str::to_owned),
        trouble: told["error"].as_str().map(str::to_owned),
    }
}

fn known(gateway: &Api, name: &str) -> Result<Session, Failure> {
    let all = sessions(gateway)?;
    let names: Vec<&str> = all.iter().map(|session| session.name.as_str()).collect();
    let hint = format!("it has {}", if names.is_empty() { "none".into() } else { names.join(", ") });
    all.iter()
        .find(|session| session.name == name)
        .cloned()
        .ok_or_else(|| failure(FailureKind::NotFound, format!("the gateway has no session {name}"), hint))
}

fn act(name: &str, what: &str) -> Result<(), Failure> {
    let gateway = gateway()?;
    known(&gateway, name)?;
    gateway.post(&format!("/sessions/{}/{what}", segment(name)), None)?.done().map(drop)
}

const CHECKS: &[Row<Api>] = &[
    Row {
        id: "service.healthy",
        title: "the gateway is healthy",
        area: "service",
        severity: Severity::Critical,
        explain: "Asks /health and judges what it says, not its status alone.",
        runbook: "",
        judge: healthy,
    },
    Row {
        id: "sessions.ready",
        title: "every session is ready",
        area: "sessions",
        severity: Severity::Error,
        explain: "Judges each session of /sessions by its state.",
        runbook: "",
        judge: ready,
    },
];

fn healthy(gateway: &Api) -> Judged {
    let answer = gateway.seen("/health")?;
    let status = answer.done()?["status"].as_str().map(str::to_owned).ok_or_else(|| answer.strange("no status"))?;
    if status == "ok" {
        return one(ok("the gateway says that it is ok"));
    }
    one(bad(format!("the gateway says that it is {status}"), "restart the gateway").seen(answer.evidence("status ok")))
}

fn ready(gateway: &Api) -> Judged {
    let sessions = sessions(gateway)?;
    let finding = |session: &Session| {
        let at = address(&session.name);
        let command = if session.state == State::AuthRequired { "reauth" } else { "restart" };
        bad(format!("the session {} is {}", session.name, session.told), format!("run `wpp {command} {at}`"))
            .about(&session.name)
            .mended_by(&[command, &at])
    };
    let wrong: Vec<Finding> = sessions.iter().filter(|session| session.state != State::Ready).map(finding).collect();
    all(wrong, || ok(format!("all {} are ready", sessions.len())))
}

impl Checks for Plugin {
    fn describe() -> Vec<Check> {
        described(CHECKS)
    }

    fn run(only: Vec<String>) -> Vec<Outcome> {
        judged(CHECKS, &only, gateway())
    }
}

impl Channel for Plugin {
    fn describe() -> Description {
        Description {
            title: "@NAME@".into(),
            kind: Kind::Gateway,
            settings: vec![
                needs("url", "Where the gateway is"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![needs_secret("gateway-key", "An API key of the gateway")],
            versions: VERSIONS.iter().map(|version| (*version).into()).collect(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let gateway = gateway()?;
        let answer = gateway.seen("/health")?;
        let body = answer.done()?;
        let sessions = sessions(&gateway)?;
        let ready = sessions.iter().filter(|session| session.state == State::Ready).count();
        let condition = match body["status"].as_str() {
            Some("ok") if ready == sessions.len() => Condition::Ok,
            Some("ok") => Condition::Degraded,
            Some(_) => Condition::Down,
            None => return Err(answer.strange("no status")),
        };
        let version = body["version"].as_str().map(str::to_owned);
        let version_known = version.as_deref().is_none_or(|version| VERSIONS.contains(&version));
        let summary = format!("{ready} of {} sessions are ready", sessions.len());
        Ok(Wellness { condition, summary, version, version_known, evidence: vec![answer.evidence("status ok")] })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let gateway = gateway()?;
        let sessions = sessions(&gateway)?;
        let ready = || sessions.iter().find(|session| session.state == State::Ready).map(|session| session.name.clone());
        let Some(name) = message.session.or_else(ready) else {
            return Err(failure(FailureKind::LoginNeeded, "no session of the gateway is ready", "link one first"));
        };
        let body = json!({"to": message.to, "text": message.text, "key": message.key});
        let answer = gateway.post(&format!("/sessions/{}/messages", segment(&name)), Some(&body))?;
        match answer.done()?["id"].as_str() {
            Some(id) => Ok(Receipt { id: Some(id.into()), url: None, queued: false }),
            None => Err(answer.strange("no id of the message")),
        }
    }
}

impl Sessions for Plugin {
    fn list() -> Result<Vec<Session>, Failure> {
        sessions(&gateway()?)
    }

    fn status(name: String) -> Result<Session, Failure> {
        known(&gateway()?, &name)
    }

    fn start(name: String) -> Result<(), Failure> {
        act(&name, "start")
    }

    fn stop(name: String) -> Result<(), Failure> {
        act(&name, "stop")
    }

    fn restart(name: String) -> Result<(), Failure> {
        act(&name, "stop")?;
        act(&name, "start")
    }

    fn logout(_name: String) -> Result<(), Failure> {
        Err(unsupported("this gateway cannot unlink a session"))
    }

    fn link(name: String, way: Way, attempt: u32) -> Result<Offer, Failure> {
        let gateway = gateway()?;
        let session = known(&gateway, &name)?;
        if session.state == State::Ready {
            return Ok(Offer::Linked);
        }
        if let Way::PairingCode(_) = way {
            return Err(unsupported("this gateway has no pairing codes"));
        }
        // Only the first time: whoever asks again must not change what is shown.
        if session.state == State::Stopped && attempt == 0 {
            gateway.post(&format!("/sessions/{}/start", segment(&name)), None)?.done()?;
            return Ok(Offer::Pending("the session was started".into()));
        }
        let answer = gateway.get(&format!("/sessions/{}/qr", segment(&name)))?;
        match answer.done()?["qr"].as_str() {
            Some(text) => Ok(Offer::QrText(text.into())),
            None => Ok(Offer::Pending("there is no code yet".into())),
        }
    }
}

impl Webhooks for Plugin {
    fn list() -> Result<Vec<Webhook>, Failure> {
        Err(unsupported("this gateway has no webhooks"))
    }

    fn test(_id: String) -> Result<String, Failure> {
        Err(unsupported("this gateway has no webhooks"))
    }

    fn failures() -> Result<Vec<Delivery>, Failure> {
        Err(unsupported("this gateway has no webhooks"))
    }

    fn enable(_id: String) -> Result<(), Failure> {
        Err(unsupported("this gateway has no webhooks"))
    }

    fn disable(_id: String) -> Result<(), Failure> {
        Err(unsupported("this gateway has no webhooks"))
    }

    fn retry(_delivery: String) -> Result<(), Failure> {
        Err(unsupported("this gateway has no webhooks"))
    }
}

wpp_plugin_sdk::gateway!(Plugin);
