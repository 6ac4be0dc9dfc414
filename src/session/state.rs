//! A session's state, why it is so, and the pure function that moves it.
//!
//! Start with [`State`] and [`Reason`].

use serde::{Deserialize, Serialize};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// No daemon runs.
    Stopped,
    /// The daemon opens its stores.
    Booting,
    /// The session is not linked to a phone.
    AuthRequired,
    /// A connection is being made.
    Connecting,
    /// Connected; what came while offline is being fetched.
    Syncing,
    /// Connected, logged in, offline sync done.
    Ready,
    /// The connection was lost and is tried again.
    Reconnecting,
    /// It works in part: sync was stopped by the operator, or the server does not answer.
    Degraded,
    /// It will not work again without the operator.
    Error,
}

/// Why a session is in its state; stable names for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// As asked; nothing is wrong.
    Normal,
    /// No phone was ever linked.
    NotPaired,
    /// A QR code or pair code is shown and waits for the phone.
    Pairing,
    /// The phone accepted and asks for a passkey.
    PasskeyRequired,
    /// The phone accepted the link, but the session never opened.
    AcceptedNotOpened,
    /// All QR codes ran out.
    QrExhausted,
    /// The phone removed this device.
    LoggedOut,
    /// The account's main device is gone.
    MainDeviceGone,
    /// Another client took this session's place.
    StreamReplaced,
    /// WhatsApp banned the account for a while.
    TemporaryBan,
    /// WhatsApp refuses this client version.
    ClientOutdated,
    /// The server was silent for longer than the watchdog allows.
    KeepaliveTimeout,
    /// The server ended the stream with an error.
    StreamError,
    /// The server could not be reached, or refused the login.
    ConnectFailure,
    /// The phone has not been seen for long.
    PhoneOffline,
    /// The operator stopped it.
    OperatorStopped,
    /// A store could not be used.
    StoreFailure,
}

impl State {
    /// The name shown to people and machines, such as `AUTH_REQUIRED`.
    pub fn name(self) -> &'static str {
        match self {
            State::Stopped => "STOPPED",
            State::Booting => "BOOTING",
            State::AuthRequired => "AUTH_REQUIRED",
            State::Connecting => "CONNECTING",
            State::Syncing => "SYNCING",
            State::Ready => "READY",
            State::Reconnecting => "RECONNECTING",
            State::Degraded => "DEGRADED",
            State::Error => "ERROR",
        }
    }
}

impl Reason {
    /// The name shown to people and machines, such as `logged_out`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
