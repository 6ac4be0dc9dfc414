//! The one session, at the sidecar or through the application.

use wpp_plugin_sdk::gateway::{Delivery, Offer, Session, Sessions, State, Way, Webhook, Webhooks};
use wpp_plugin_sdk::{Answer, Failure, Value, config, json, unsupported};

use crate::{Jarvis, System, passed_on};

fn session(system: &System) -> Result<Session, Failure> {
    let told = system.state()?;
    let (state, reason) = match told.as_str() {
        "open" => (State::Ready, "normal"),
        "qr" => (State::AuthRequired, "pairing"),
        "connecting" => (State::Connecting, "normal"),
        "close" | "closed" | "disconnected" => (State::Stopped, "connection_lost"),
        _ => (State::Degraded, "normal"),
    };
    Ok(Session {
        name: system.instance.clone(),
        id: system.instance.clone(),
        state,
        reason: reason.into(),
        told,
        since_ms: None,
        phone: None,
        trouble: None,
    })
}

impl Sessions for Jarvis {
    fn list() -> Result<Vec<Session>, Failure> {
        Ok(vec![session(&System::configured()?)?])
    }

    fn status(name: String) -> Result<Session, Failure> {
        let system = System::configured()?;
        system.is(&name)?;
        session(&system)
    }

    fn start(name: String) -> Result<(), Failure> {
        let system = System::configured()?;
        system.is(&name)?;
        start(&system)
    }

    fn stop(_: String) -> Result<(), Failure> {
        Err(unsupported("Jarvis cannot stop its session: its disconnect unlinks it from the phone; stop the sidecar's process"))
    }

    fn restart(_: String) -> Result<(), Failure> {
        Err(unsupported(
            "Jarvis cannot restart its session: its disconnect unlinks it from the phone; restart the sidecar's process",
        ))
    }

    fn logout(name: String) -> Result<(), Failure> {
        let system = System::configured()?;
        system.is(&name)?;
        match &system.sidecar {
            Some(sidecar) => {
                let answer = sidecar.post("/disconnect", None)?;
                if answer.done()?["ok"] == true { Ok(()) } else { Err(answer.strange("no ok that is true")) }
            }
            None => through(&system, "/api/v1/channels/whatsapp/disconnect", None).map(drop),
        }
    }

    fn link(name: String, way: Way, attempt: u32) -> Result<Offer, Failure> {
        let system = System::configured()?;
        system.is(&name)?;
        let state = system.state()?;
        if state == "open" {
            return Ok(Offer::Linked);
        }
        if attempt == 0 && ["close", "closed", "disconnected"].contains(&state.as_str()) {
            start(&system)?;
        }
        match (&system.sidecar, way) {
            (Some(sidecar), Way::Qr) => {
                let answer = sidecar.get("/qr")?;
                if answer.status == 404 && answer.words().is_some() {
                    return Ok(Offer::Pending("the sidecar has no QR code yet".into()));
                }
                let body = answer.done()?;
                code(&body).ok_or_else(|| answer.strange("no QR code"))
            }
            (Some(sidecar), Way::PairingCode(number)) => {
                // Another request would make the first code void; so it looks before it asks again.
                if attempt > 0
                    && let Some(code) = pairing_code(&sidecar.get("/pair")?)?
                {
                    return Ok(Offer::PairingCode(code));
                }
                sidecar.post("/pair", Some(&json!({"number": number})))?.done()?;
                match pairing_code(&sidecar.get("/pair")?)? {
                    Some(code) => Ok(Offer::PairingCode(code)),
                    None => Ok(Offer::Pending("the sidecar has asked for a code".into())),
                }
            }
            (None, Way::Qr) => {
                let path = "/api/v1/channels/whatsapp/qrcode";
                let answer = system.app.get(path)?;
                let body = sidecars(&answer, path)?;
                match code(&body).or_else(|| code(&body["payload"])) {
                    Some(offer) => Ok(offer),
                    None => Ok(Offer::Pending("there is no QR code yet; `wpp start` makes the instance".into())),
                }
            }
            (None, Way::PairingCode(number)) => {
                let body = through(&system, "/api/v1/channels/whatsapp/pairing-code", Some(&json!({"number": number})))?;
                match body["code"].as_str().filter(|code| !code.is_empty() && !code.contains("requested")) {
                    Some(code) => Ok(Offer::PairingCode(code.into())),
                    None => Ok(Offer::Pending("the sidecar was asked for a code".into())),
                }
            }
        }
    }
}

fn start(system: &System) -> Result<(), Failure> {
    match &system.sidecar {
        Some(sidecar) => {
            let answer = sidecar.post("/start", None)?;
            let body = answer.done()?;
            if body["state"].is_string() { Ok(()) } else { Err(answer.strange("no state")) }
        }
        None => through(system, "/api/v1/channels/whatsapp/create", None).map(drop),
    }
}

fn through(system: &System, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    sidecars(&system.app.post(path, body)?, path)
}

// What the sidecar did when the application asked it. The application says `ok: false` for that, and
// why is in the rest.
fn sidecars(answer: &Answer, path: &str) -> Result<Value, Failure> {
    if answer.accepted() {
        passed_on(&answer.json()?, path)?;
    }
    let body = answer.done()?;
    if body.is_object() { Ok(body) } else { Err(answer.strange("no object")) }
}

fn pairing_code(answer: &Answer) -> Result<Option<String>, Failure> {
    let body = answer.done()?;
    match &body["code"] {
        Value::Null if body.is_object() => Ok(None),
        Value::String(code) if code.contains("requested") || code.is_empty() => Ok(None),
        Value::String(code) => Ok(Some(code.clone())),
        _ => Err(answer.strange("no code")),
    }
}

// Its versions call it otherwise; a picture comes with or without the words before it.
fn code(body: &Value) -> Option<Offer> {
    let code = ["base64", "qrcode", "qr", "code"].iter().find_map(|name| body[*name].as_str()).filter(|code| !code.is_empty())?;
    Some(match code {
        _ if code.starts_with("data:image/") => Offer::QrImage(code.into()),
        _ if code.starts_with("iVBOR") => Offer::QrImage(format!("data:image/png;base64,{code}")),
        _ => Offer::QrText(code.into()),
    })
}

fn no_webhooks() -> Failure {
    unsupported(format!(
        "Jarvis has no webhooks of its own; where its sidecar calls it is judged by the check {}.inbound.callback",
        config::name()
    ))
}

impl Webhooks for Jarvis {
    fn list() -> Result<Vec<Webhook>, Failure> {
        Err(no_webhooks())
    }

    fn test(_: String) -> Result<String, Failure> {
        Err(no_webhooks())
    }

    fn failures() -> Result<Vec<Delivery>, Failure> {
        Err(no_webhooks())
    }

    fn enable(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }

    fn disable(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }

    fn retry(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }
}
