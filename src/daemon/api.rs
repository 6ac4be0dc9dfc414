//! The shapes of the local API, spoken by `control` and by `client`.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
pub use crate::session::messages::{Chat, Message, OutboxState, Outgoing, SearchMode, StreamEvent};
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
    /// Whether search runs on the full-text index (`fts`) or by comparing texts (`degraded`).
    pub search_mode: SearchMode,
    /// When somebody other than the daemon was first seen to have written to `wpp.db` since it started,
    /// milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_ms: Option<i64>,
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

/// `GET /v1/search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// Whether the full-text index answered.
    pub mode: SearchMode,
    /// What is wrong with the index, when something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Matches, newest first.
    pub messages: Vec<Message>,
}

/// `POST /v1/sync`, and the answer to it and to `GET /v1/sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    /// Whether the connection is kept.
    pub enabled: bool,
}

/// The answer to `POST /v1/outbound/pause` and `POST /v1/outbound/resume`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Whether sends stay in the outbox.
    pub paused: bool,
    /// Messages in the outbox that the server has not answered.
    pub pending: u64,
}

/// `GET /v1/chats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatsAnswer {
    /// The one with the newest message first.
    pub chats: Vec<Chat>,
}

/// `GET /v1/messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesAnswer {
    /// Newest first.
    pub messages: Vec<Message>,
}

/// `GET /v1/outbox`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxAnswer {
    /// Oldest first.
    pub outbox: Vec<Outgoing>,
}

/// The answer to orders that have nothing else to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Always true; a refusal is an [`ApiError`].
    pub taken: bool,
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

/// Codes of the local API that are finer than an error's kind, with the kind that each stands for.
const FINER_CODES: &[(&str, ErrorKind)] = &[
    ("DB_BUSY", ErrorKind::Locked),
    ("TOO_MANY_STREAMS", ErrorKind::Unreachable),
    ("NOT_FOUND", ErrorKind::Usage),
    ("METHOD_NOT_ALLOWED", ErrorKind::Usage),
];

impl ApiError {
    /// An error as the local API says it.
    pub fn from_error(session: &str, error: &Error) -> ApiError {
        let code = match error.kind() {
            // In the daemon, which holds the lock itself, only a database can be in somebody's hands.
            ErrorKind::Locked => "DB_BUSY",
            kind => kind.code(),
        };
        ApiError { code: code.into(), message: error.chain(), session: session.into(), hints: error.hints().to_vec() }
    }

    /// The kind of error that the code stands for.
    pub fn kind(&self) -> ErrorKind {
        let finer = FINER_CODES.iter().find(|(code, _)| *code == self.code).map(|(_, kind)| *kind);
        finer.or_else(|| ErrorKind::from_code(&self.code)).unwrap_or(ErrorKind::Unexpected)
    }

    /// The error on the asking side.
    pub fn into_error(self) -> Error {
        let error = Error::new(self.kind(), self.message);
        self.hints.into_iter().fold(error, Error::hint)
    }
}
