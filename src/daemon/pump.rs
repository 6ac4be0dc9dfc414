//! Carries what is due from the outbox to the link, one message after the other, while there is one.
//!
//! The supervisor says when ([`Pump::open`], [`Pump::close`]) and passes on the server's answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::log::Tokens;
use super::outbox::{Due, Outbox};
use crate::clock;
use crate::error::{Error, Result};
use crate::whatsapp::client::{SendFailure, Sender};

/// How long to wait after the database could not be used.
const RETRY: Duration = Duration::from_secs(1);

/// The way out of one session.
pub struct Pump {
    gate: watch::Sender<Option<Sender>>,
    changed: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Pump {
    /// Starts with the gate closed.
    pub fn start(outbox: Outbox, tokens: Tokens) -> Pump {
        let (gate, opened) = watch::channel(None);
        let changed = Arc::new(Notify::new());
        let task = tokio::spawn(carry(outbox, tokens, opened, Arc::clone(&changed)));
        Pump { gate, changed, task }
    }

    /// Lets messages out through this link.
    pub fn open(&self, sender: Sender) {
        self.gate.send_replace(Some(sender));
    }

    /// Lets nothing more out. What is being handed over comes to its end.
    pub fn close(&self) {
        // Nobody is woken when it was closed already.
        self.gate.send_if_modified(|gate| gate.take().is_some());
    }

    /// Looks at the outbox again.
    pub fn look(&self) {
        self.changed.notify_one();
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(outbox: Outbox, tokens: Tokens, mut gate: watch::Receiver<Option<Sender>>, changed: Arc<Notify>) {
    loop {
        let sender = gate.borrow_and_update().clone();
        let wait = match &sender {
            None => None,
            Some(sender) => match carry_due(&outbox, &tokens, sender, &gate).await {
                Ok(wake_ms) => wake_ms.map(|at| Duration::from_millis(u64::try_from(at - clock::now_ms()).unwrap_or(0))),
                Err(error) => {
                    tracing::error!(cause = error.chain(), "the outbox cannot be used");
                    Some(RETRY)
                }
            },
        };
        let waiting = async {
            match wait {
                // Never in a tight loop, also when the clock is set back and forth.
                Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(10))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = waiting => {}
            () = changed.notified() => {}
            open = gate.changed() => {
                if open.is_err() {
                    return;
                }
            }
        }
    }
}

/// Hands over everything that is due; returns when to look again.
async fn carry_due(
    outbox: &Outbox,
    tokens: &Tokens,
    sender: &Sender,
    gate: &watch::Receiver<Option<Sender>>,
) -> Result<Option<i64>> {
    blocking(|| outbox.tick(clock::now_ms()))?;
    while sender.is_online() && gate.borrow().is_some() {
        let Some(due) = blocking(|| outbox.next_due(clock::now_ms()))? else { break };
        hand_over(outbox, tokens, sender, due).await?;
    }
    if !sender.is_online() {
        // The gate opens again with the next connection.
        return Ok(None);
    }
    blocking(|| outbox.wake_at())
}

async fn hand_over(outbox: &Outbox, tokens: &Tokens, sender: &Sender, due: Due) -> Result<()> {
    let (id, to) = (tokens.of(&due.message_id), tokens.of(&due.to));
    match sender.send_text(&due.message_id, &due.to, &due.text).await {
        Ok(()) => tracing::info!(id, to, tries = u64::from(due.tries), "handed to the server"),
        Err(failure) => {
            let error = failure.to_string();
            tracing::warn!(id, to, tries = u64::from(due.tries), error, "not handed to the server");
            let now_ms = clock::now_ms();
            match failure {
                // No server will take it, so this is the answer.
                SendFailure::BadRecipient { .. } => blocking(|| outbox.on_ack(&due.message_id, Some(&error), now_ms))?,
                SendFailure::NotConnected | SendFailure::Failed { .. } => {
                    blocking(|| outbox.on_send_failed(&due.message_id, &error, now_ms))?
                }
            };
        }
    }
    Ok(())
}

/// Runs a short database call on this thread and lets another one carry on with the tasks.
pub(super) fn blocking<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    tokio::task::block_in_place(work)
}
