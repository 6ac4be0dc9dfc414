//! What the rooms of one daemon share: the supervisor writes, the local API reads and asks.

use tokio::sync::{mpsc, oneshot, watch};

use super::api::{Auth, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::session::messages::Messages;

/// Orders that may wait for the supervisor.
const ORDERS_MAX: usize = 64;

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
    /// Keep a connection, or give it up until told otherwise. The database already says so.
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
    /// The newest event's id; the database itself reports here.
    pub newest_event: watch::Sender<i64>,
}

impl Hub {
    /// A hub over the session's database, and the supervisor's end of the orders. From now on every
    /// event that is stored is seen in [`Hub::newest_event`].
    pub fn new(status: Status, auth: Auth, messages: &Messages) -> Result<(Hub, mpsc::Receiver<Order>)> {
        let (orders, received) = mpsc::channel(ORDERS_MAX);
        let newest_event = watch::Sender::new(messages.newest_event_id()?);
        let reported = newest_event.clone();
        messages.observe(Box::new(move |id| {
            reported.send_replace(id);
        }));
        Ok((Hub { status: watch::Sender::new(status), auth: watch::Sender::new(auth), orders, newest_event }, received))
    }

    /// Gives the supervisor an order that it answers.
    ///
    /// Fails with [`ErrorKind::Unreachable`] when the supervisor has ended.
    pub async fn order(&self, order: impl FnOnce(oneshot::Sender<Result<()>>) -> Order) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let gone = || Error::new(ErrorKind::Unreachable, "the daemon is stopping").hint("start it again with `wpp start`");
        self.orders.send(order(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Gives the supervisor an order that needs no answer.
    ///
    /// Fails with [`ErrorKind::Unreachable`] when the supervisor has ended.
    pub async fn tell(&self, order: Order) -> Result<()> {
        self.orders
            .send(order)
            .await
            .map_err(|_| Error::new(ErrorKind::Unreachable, "the daemon is stopping").hint("start it again with `wpp start`"))
    }
}
