//! What the rooms of one daemon share: the supervisor writes, the local API reads and asks.

use tokio::sync::{mpsc, oneshot, watch};

use super::api::{Auth, Status};
use crate::error::Result;

/// What the local API asks of the supervisor.
#[derive(Debug)]
pub enum Order {
    /// Begin linking; answers when the request has been taken, not when it is done.
    Link {
        /// Ask for a pair code for this number instead of a QR code.
        phone_number: Option<String>,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<()>>,
    },
    /// Keep a connection, or give it up until told otherwise.
    Sync {
        /// Which.
        enabled: bool,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<()>>,
    },
    /// The outbox has something new, or outbound was resumed.
    OutboxChanged,
    /// Drain and end the daemon.
    Stop,
}

/// The shared part, cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The session's state, written by the supervisor.
    pub status: watch::Sender<Status>,
    /// How far linking has come, written by the supervisor.
    pub auth: watch::Sender<Auth>,
    /// To the supervisor.
    pub orders: mpsc::Sender<Order>,
    /// The newest event's id, written by whoever stores an event.
    pub newest_event: watch::Sender<i64>,
}
