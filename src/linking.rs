//! What linking tells the operator, be it of a session of this host or of a gateway: each stage as it
//! comes, and how it failed.
//!
//! Start with [`show`]; [`failed`] and [`timed_out`] make the errors, with the [`Advice`] of whoever links.

use std::time::Duration;

use crate::clock;
use crate::daemon::api::{Auth, AuthStage};
use crate::error::{Error, ErrorKind};
use crate::report::{Event, Sink};
use crate::session::state::State;

/// What an operator types after linking failed.
#[derive(Debug)]
pub struct Advice {
    /// Links the session again.
    pub again: String,
    /// Says what is wrong.
    pub look: String,
}

/// A state with its reason: `READY`, or `RECONNECTING (connect_failure: connection refused)`.
pub fn described(state: State, reason: &str, detail: Option<&str>) -> String {
    let mut text = state.name().to_owned();
    if reason != "normal" {
        text.push_str(&format!(" ({reason}"));
        if let Some(detail) = detail {
            text.push_str(&format!(": {detail}"));
        }
        text.push(')');
    }
    text
}

/// Tells how linking went on since `before`: a code to scan or type, or one line.
pub fn show(sink: &dyn Sink, before: Option<&Auth>, auth: &Auth, by_pair_code: bool) {
    // The server offers QR codes beside the pair code; only what was asked for is shown.
    if let Some(code) = &auth.qr_code
        && !by_pair_code
        && before.and_then(|before| before.qr_code.as_ref()) != Some(code)
    {
        let left_ms = auth.qr_expires_ms.map(|expires| expires - clock::now_ms());
        let valid_for_seconds = left_ms.map(|left_ms| u64::try_from(left_ms / 1000).unwrap_or(0));
        sink.emit(Event::QrCode { code: code.clone(), valid_for_seconds });
    }
    let text = match auth.stage {
        AuthStage::Idle => return,
        AuthStage::Requesting => match &auth.detail {
            Some(detail) => format!("waiting for a code: {detail}"),
            None => "asking WhatsApp for a code".to_owned(),
        },
        AuthStage::Qr if by_pair_code => return,
        AuthStage::Qr if before.is_some_and(|before| before.stage == AuthStage::Qr) => return,
        AuthStage::Qr => "waiting for the phone to scan".to_owned(),
        AuthStage::PairCode => match &auth.pair_code {
            Some(code) => format!("type this code on the phone (Linked devices, Link with phone number): {code}"),
            None => "waiting for the pair code".to_owned(),
        },
        AuthStage::PasskeyRequired => "the phone asks for a passkey: confirm it there".to_owned(),
        AuthStage::Accepted => "the phone accepted; the session reconnects".to_owned(),
        AuthStage::Open => "the session is open".to_owned(),
        AuthStage::Failed => return,
    };
    sink.emit(Event::Line { text, data: serde_json::to_value(auth).unwrap_or_default() });
}

/// The error of linking that came to an end without a link.
pub fn failed(address: &str, auth: &Auth, advice: &Advice) -> Error {
    let why = auth.detail.clone().unwrap_or_else(|| "the server gave no reason".into());
    let error = Error::new(ErrorKind::LoginNeeded, format!("linking session {address} failed: {why}"));
    let reauth = &advice.again;
    if why.contains("accepted") {
        error.hint(format!("the phone may list the device already: unlink it there, then run `{reauth}` again"))
    } else {
        error.hint(format!("run `{reauth}` again when the phone is at hand"))
    }
}

/// The error of linking that took too long, by how far it had come.
pub fn timed_out(address: &str, auth: &Auth, patience: Duration, advice: &Advice) -> Error {
    let text = format!("session {address} was not linked within {} s", patience.as_secs());
    let Advice { again: reauth, look: doctor } = advice;
    match auth.stage {
        AuthStage::PasskeyRequired => {
            Error::new(ErrorKind::LoginNeeded, format!("{text}: the phone asked for a passkey that nobody confirmed"))
                .hint("confirm the passkey on the phone; an account with a passkey cannot be linked unattended")
        }
        AuthStage::Accepted => {
            Error::new(ErrorKind::LoginNeeded, format!("{text}: the phone accepted, but the session never opened"))
                .hint(format!("unlink the device on the phone, then run `{reauth}` again"))
        }
        AuthStage::Requesting | AuthStage::Idle => {
            let why = auth.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            Error::new(ErrorKind::Unreachable, format!("{text}: the server sent no code{why}"))
                .hint(format!("`{doctor}` checks the network"))
        }
        _ => Error::new(ErrorKind::LoginNeeded, format!("{text}: nobody scanned or typed the code"))
            .hint(format!("run `{reauth}` again with the phone at hand")),
    }
}
