//! Wakes the account's own phone after a restore that gave the session fresh keys.
//!
//! The phone does not know that its Signal session with this device is gone, and it is never asked
//! to repeat itself: until it is sent something, the copies of what its owner writes there are
//! lost. So the first thing that such a daemon does when it is READY is to send the phone a request
//! that shows nothing to anybody (see [`Sender::wake_phone`]). Once after each such restore, as the
//! journal tells: the restore is there, and a `wake` that names it follows.
//!
//! Start with [`Waker::connected`].

use std::time::Duration;

use serde_json::json;

use super::book::Book;
use super::log::Tokens;
use super::pump::blocking;
use crate::error::Result;
use crate::session::messages::Messages;
use crate::session::rekey::WAKE;
use crate::whatsapp::client::{Known, Sender};

/// How long to wait before each try while the connection stands. Every new connection begins anew.
const WAITS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
    Duration::from_secs(300),
];

/// Wakes the phone when that is owed, in a task of its own.
pub struct Waker {
    book: Book,
    messages: Messages,
    tokens: Tokens,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Waker {
    /// Does nothing yet.
    pub fn new(book: Book, messages: Messages, tokens: Tokens) -> Waker {
        Waker { book, messages, tokens, task: None }
    }

    /// The session is READY: looks into the journal, and wakes the phone if a restore asks for it.
    pub fn connected(&mut self, sender: Sender) -> Result<()> {
        self.disconnected();
        let Some(restore) = blocking(|| self.book.owed_wake())? else { return Ok(()) };
        let (book, messages, tokens) = (self.book.clone(), self.messages.clone(), self.tokens.clone());
        self.task = Some(tokio::spawn(async move {
            if let Err(error) = wake(&book, &messages, &tokens, &sender, restore).await {
                tracing::error!(cause = error.chain(), restore, "waking the own phone cannot be written down");
            }
        }));
        Ok(())
    }

    /// The session is not READY any more: trying is of no use until it is again.
    pub fn disconnected(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.disconnected();
    }
}

async fn wake(book: &Book, messages: &Messages, tokens: &Tokens, sender: &Sender, restore: i64) -> Result<()> {
    let known = blocking(|| messages.oldest_of_newest_chat())?;
    let known = known.map(|message| Known {
        chat: message.chat,
        message_id: message.id,
        from_me: message.from_me,
        sent_ms: message.sent_ms,
    });
    let tell = |woken: bool, detail: Option<&str>| {
        let data = json!({ "restore": restore, "woken": woken, "detail": detail });
        blocking(|| messages.add_event(WAKE, &data)).map(drop)
    };
    for (tried, wait) in WAITS.into_iter().enumerate() {
        tokio::time::sleep(wait).await;
        match sender.wake_phone(known.as_ref()).await {
            Ok(()) => {
                blocking(|| book.record(WAKE, &json!({ "restore": restore })))?;
                tracing::info!(restore, "the own phone is woken after the restore");
                return tell(true, None);
            }
            Err(failure) => {
                let detail = tokens.scrub(&failure.to_string());
                tracing::warn!(
                    restore,
                    detail,
                    "the own phone could not be woken; copies of what is written there are lost until it is"
                );
                if tried == 0 {
                    tell(false, Some(&detail))?;
                }
            }
        }
    }
    // The next connection tries again.
    Ok(())
}
