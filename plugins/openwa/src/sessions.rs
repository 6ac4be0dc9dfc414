//! Sessions: what the server tells of them, in wpp's words.

use wpp_plugin_sdk::gateway::{Offer, Session, Sessions, State, Way};
use wpp_plugin_sdk::{Failure, FailureKind, address, clock, failure, json, span};

use crate::OpenWa;
use crate::server::{Server, Told};

impl Sessions for OpenWa {
    fn list() -> Result<Vec<Session>, Failure> {
        let server = Server::configured()?;
        Ok(server.sessions()?.iter().map(|told| session(told, server.stuck_ms)).collect())
    }

    fn status(name: String) -> Result<Session, Failure> {
        let server = Server::configured()?;
        Ok(session(&server.session(&name)?, server.stuck_ms))
    }

    fn start(name: String) -> Result<(), Failure> {
        let server = Server::configured()?;
        server.act(&server.session(&name)?, "start").map(drop)
    }

    fn stop(name: String) -> Result<(), Failure> {
        let server = Server::configured()?;
        let stopped = server.act(&server.session(&name)?, "stop")?;
        halted(&server, stopped)
    }

    fn restart(name: String) -> Result<(), Failure> {
        let server = Server::configured()?;
        let known = server.session(&name)?;
        halted(&server, server.act(&known, "stop")?)?;
        server.act(&known, "start").map(drop).map_err(|why| Failure {
            message: format!("the session {name} was stopped and not started again: {}", why.message),
            hint: format!("run `wpp start {}`", address(&name)),
            ..why
        })
    }

    fn logout(name: String) -> Result<(), Failure> {
        let server = Server::configured()?;
        let known = server.session(&name)?;
        server.act(&known, "logout").map(drop).map_err(|why| match why.message.contains("may still be linked") {
            true => Failure {
                hint: format!(
                    "run `wpp start {}`, wait until it is ready, and try again; or unlink it on the phone",
                    address(&name)
                ),
                ..why
            },
            false => why,
        })
    }

    fn link(name: String, way: Way, attempt: u32) -> Result<Offer, Failure> {
        let server = Server::configured()?;
        let known = server.session(&name)?;
        if known.told == "ready" {
            return Ok(Offer::Linked);
        }
        let path = format!("/api/sessions/{}", known.id);
        let answer = match &way {
            Way::Qr => server.api.get(&format!("{path}/qr"))?,
            Way::PairingCode(number) => {
                server.api.post(&format!("{path}/pairing-code"), Some(&json!({"phoneNumber": number})))?
            }
        };
        let words = answer.words().unwrap_or_default();
        if words.contains("not started") && attempt == 0 {
            server.act(&known, "start")?;
            return Ok(Offer::Pending("the session was started".into()));
        }
        if words.contains("not started") {
            let message = format!("the session {name} is not started, and only a started one can be linked");
            return Err(failure(FailureKind::Conflict, message, format!("run `wpp start {}`", address(&name))));
        }
        if answer.status == 400 && words.contains("not ready yet") {
            return Ok(Offer::Pending(words));
        }
        if answer.status == 400 && words.contains("already authenticated") {
            return Ok(Offer::Linked);
        }
        // It answers 500 as long as it has no connection over which to ask for a code.
        if answer.status == 500 && matches!(way, Way::PairingCode(_)) && known.told == "initializing" {
            return Ok(Offer::Pending("the session is not connected to WhatsApp yet".into()));
        }
        let body = answer.done()?;
        let offer = match way {
            Way::Qr => body["qrCode"].as_str().map(|code| match code.starts_with("data:image/") {
                true => Offer::QrImage(code.into()),
                false => Offer::QrText(code.into()),
            }),
            Way::PairingCode(_) => body["pairingCode"].as_str().map(|code| Offer::PairingCode(code.into())),
        };
        offer.ok_or_else(|| answer.strange("neither a QR code nor a pairing code"))
    }
}

/// How long a session may take to stop.
const HALT_MS: u64 = 5_000;

// Waits until a session that was told to stop has done so.
fn halted(server: &Server, mut session: Told) -> Result<(), Failure> {
    let begun = clock::monotonic_ms();
    while !["disconnected", "created", "failed"].contains(&session.told.as_str()) {
        if clock::monotonic_ms().saturating_sub(begun) >= HALT_MS {
            return Err(running(&session));
        }
        clock::sleep_ms(250);
        session = server.look(&session)?;
    }
    Ok(())
}

fn running(session: &Told) -> Failure {
    let message = format!("the session {} was told to stop and is {}", session.name, session.told);
    failure(FailureKind::Failed, message, "read the server's log")
}

/// Whether it ought to pass by itself, and did not.
pub fn stuck(told: &Told, stuck_ms: u64) -> bool {
    ["initializing", "authenticating"].contains(&told.told.as_str()) && told.age_ms().is_some_and(|age_ms| age_ms > stuck_ms)
}

/// The session in wpp's words.
pub fn session(told: &Told, stuck_ms: u64) -> Session {
    let stuck = stuck(told, stuck_ms);
    let error = told.error.as_deref().unwrap_or_default().to_ascii_lowercase();
    let logged_out = error.contains("logged out") || error.contains("loggedout") || error.contains("unlinked");
    let (state, reason) = match told.told.as_str() {
        _ if told.restriction.is_some() => (State::Error, "temporary_ban"),
        "created" => (State::Stopped, if told.phone.is_none() { "not_paired" } else { "normal" }),
        "initializing" if stuck => (State::Connecting, "connect_failure"),
        "initializing" => (State::Connecting, "normal"),
        "qr_ready" => (State::AuthRequired, "pairing"),
        "authenticating" if stuck => (State::Connecting, "accepted_not_opened"),
        "authenticating" => (State::Connecting, "pairing"),
        "ready" => (State::Ready, "normal"),
        "disconnected" if logged_out => (State::AuthRequired, "logged_out"),
        // It keeps the engine of a session that it means to connect again.
        "disconnected" if told.engine_loaded => (State::Reconnecting, "connection_lost"),
        "disconnected" => (State::Stopped, "operator_stopped"),
        "action_required" if error.contains("passkey") => (State::AuthRequired, "passkey_required"),
        "action_required" => (State::AuthRequired, if logged_out { "logged_out" } else { "not_paired" }),
        "failed" if logged_out => (State::AuthRequired, "logged_out"),
        "failed" if error.contains("replaced") => (State::Error, "stream_replaced"),
        "failed" => (State::Error, "connect_failure"),
        // A word that this does not know is no reason to say that all is well.
        _ => (State::Degraded, "normal"),
    };
    let trouble = told.error.clone().or_else(|| told.restriction.clone()).or_else(|| {
        let age = span(told.age_ms().unwrap_or(0));
        stuck.then(|| format!("{} for {age}, and the server tells no error", told.told))
    });
    Session {
        name: told.name.clone(),
        id: told.id.clone(),
        state,
        reason: reason.into(),
        told: told.told.clone(),
        since_ms: told.changed_ms,
        phone: told.phone.clone(),
        trouble,
    }
}
