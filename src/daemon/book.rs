//! What must be on the disk before the link goes on: connections in the journal, messages in the
//! session's database.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::json;

use super::ingest::Ingest;
use crate::error::{Context, Result};
use crate::journal::{Entry, Journal};
use crate::session::messages::Incoming;
use crate::session::rekey;
use crate::whatsapp::client::{Ledger, LinkMessage};

/// The journal, shared by the rooms of one daemon.
#[derive(Clone)]
pub struct Book {
    journal: Arc<Mutex<Journal>>,
    session: String,
    ingest: Ingest,
}

impl Book {
    /// Over an open journal and the session's database.
    pub fn new(journal: Journal, session: &str, ingest: Ingest) -> Book {
        Book { journal: Arc::new(Mutex::new(journal)), session: session.to_owned(), ingest }
    }

    /// Writes down a fact about the session. Blocks for a transaction.
    pub fn record(&self, verb: &str, data: &impl Serialize) -> Result<i64> {
        // The connection is whole between statements, so a panic elsewhere does not spoil it.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).record(Some(&self.session), verb, data)
    }

    /// The restore after which the own phone is still to be woken. Blocks for a read.
    pub fn owed_wake(&self) -> Result<Option<i64>> {
        rekey::owed_wake(&self.journal.lock().unwrap_or_else(PoisonError::into_inner), &self.session)
    }

    /// The newest entry of a verb on this session. Blocks for a read.
    pub fn latest(&self, verb: &str) -> Result<Option<Entry>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).latest(&self.session, verb)
    }
}

#[async_trait::async_trait]
impl Ledger for Book {
    async fn before_login(&self) -> Result<()> {
        let book = self.clone();
        off_the_runtime(move || book.record("connect", &json!({})).map(drop)).await
    }

    async fn commit(&self, messages: Vec<LinkMessage>) -> Result<()> {
        let ingest = self.ingest.clone();
        // One transaction each: those that were stored before a failure are dropped as copies when
        // the whole batch comes again.
        off_the_runtime(move || {
            for message in messages {
                ingest.message(&incoming(message))?;
            }
            Ok(())
        })
        .await
    }
}

/// A message of the link in the database's words.
pub fn incoming(message: LinkMessage) -> Incoming {
    let LinkMessage { id, chat, sender, from_me, sender_name, text, kind, sent_ms } = message;
    let sender_name = Some(sender_name).filter(|name| !name.is_empty());
    Incoming { id, chat, sender, from_me, sender_name, kind, text, sent_ms }
}

async fn off_the_runtime(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    tokio::task::spawn_blocking(work).await.while_doing(|| "a database task ended without a result".into())?
}
