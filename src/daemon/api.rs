//! The shapes of the local API, spoken by `control` and by `client`.

use serde::{Deserialize, Serialize};

use crate::session::state::{Reason, State};

/// `GET /v1/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The session.
    pub session: String,
    /// Where it stands.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// What was last said about it: an error's text, never a number or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When the state was entered, milliseconds since the epoch.
    pub since_ms: i64,
    /// The daemon's process.
    pub pid: u32,
    /// The daemon's version.
    pub version: String,
    /// When the daemon started, milliseconds since the epoch.
    pub started_ms: i64,
    /// Whether the store holds a linked identity.
    pub paired: bool,
    /// When the server was last heard, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heard_ms: Option<i64>,
    /// Connections lost and tried again since the daemon started.
    pub reconnects: u64,
    /// Whether sends leave the outbox.
    pub outbound_paused: bool,
    /// Whether the connection is kept at all.
    pub sync_enabled: bool,
    /// Messages in the outbox that the server has not acknowledged.
    pub outbox_pending: u64,
    /// Messages stored.
    pub messages: u64,
    /// The newest event's id.
    pub last_event_id: i64,
    /// Whether search runs on the full-text index (`fts`) or by scanning (`degraded`).
    pub search_mode: String,
}

/// `GET /v1/auth`: how far linking has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Auth {
    /// How far.
    pub stage: AuthStage,
    /// The QR code's content while one is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr_code: Option<String>,
    /// When the QR code stops being accepted, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr_expires_ms: Option<i64>,
    /// The code to type on the phone, when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_code: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The stages of linking, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthStage {
    /// Nothing is going on.
    Idle,
    /// The server was asked for codes.
    Requesting,
    /// A QR code can be scanned.
    Qr,
    /// A pair code can be typed on the phone.
    PairCode,
    /// The phone asks for a passkey.
    PasskeyRequired,
    /// The phone accepted; the session reconnects.
    Accepted,
    /// The session is open.
    Open,
    /// It failed; see the detail.
    Failed,
}

/// `POST /v1/auth`: begin linking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthRequest {
    /// Ask for a code to type on this phone instead of a QR code; digits, international form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// `POST /v1/messages`: send. The same client message id is accepted once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// The caller's own id, up to 128 visible ASCII characters; made by the daemon when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// Receiver: a phone number in international form, or a JID.
    pub to: String,
    /// Text.
    pub text: String,
    /// How long to wait for the server's answer, in milliseconds; 0 answers at once.
    #[serde(default)]
    pub wait_ms: u64,
}

/// Where a message in the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waits for its turn or for the connection.
    Queued,
    /// Handed to the library; no acknowledgement yet.
    Sending,
    /// The server acknowledged it without an error.
    Accepted,
    /// The server refused it; it is not tried again.
    Rejected,
}

/// The answer to a send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendAnswer {
    /// The caller's id, or the one made for it.
    pub client_message_id: String,
    /// WhatsApp's message id.
    pub message_id: String,
    /// Where it stands.
    pub state: OutboxState,
    /// Whether this id had been sent before.
    pub duplicate: bool,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One message as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// WhatsApp's id, unique within the chat.
    pub id: String,
    /// The chat's JID.
    pub chat: String,
    /// The sender's JID.
    pub sender: String,
    /// Whether this account sent it.
    pub from_me: bool,
    /// The text; empty for what has none.
    pub text: String,
    /// `text`, `image`, …
    pub kind: String,
    /// The sender's time, milliseconds since the epoch.
    pub sent_ms: i64,
    /// When it was stored here, milliseconds since the epoch.
    pub stored_ms: i64,
}

/// `GET /v1/search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// `fts` or `degraded`.
    pub mode: String,
    /// Matches, newest first.
    pub messages: Vec<Message>,
}

/// One event of the stream. Ids grow by time and are never reused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamEvent {
    /// The id to resume after.
    pub id: i64,
    /// `state`, `auth`, `message`, `outbox`, `receipt`, …
    pub kind: String,
    /// Milliseconds since the epoch.
    pub at_ms: i64,
    /// What the kind says.
    pub data: serde_json::Value,
}

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// A stable name: LOCK_HELD, AUTH_INVALID, REQUEST_INVALID, …
    pub code: String,
    /// What happened.
    pub message: String,
    /// To which session.
    pub session: String,
    /// What to do next.
    pub hints: Vec<String>,
}
