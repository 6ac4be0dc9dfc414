//! Takes in what the link brings: each message once, on the disk before the server is told.
//!
//! All functions block for a database transaction. When [`Ingest::message`] returns `Ok`, the message
//! and its event are on the disk; only then may the link acknowledge it.

use serde_json::json;

use crate::error::Result;
use crate::session::messages::{Incoming, Ingested, Messages};

/// What the phone or a peer says about messages that were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The chat's JID.
    pub chat: String,
    /// WhatsApp's message ids.
    pub ids: Vec<String>,
    /// `delivered`, `read`, `played`, …
    pub kind: String,
    /// When it was given, milliseconds since the epoch.
    pub at_ms: i64,
}

/// The way in for one session.
#[derive(Debug, Clone)]
pub struct Ingest {
    messages: Messages,
}

impl Ingest {
    /// Over the session's database.
    pub fn new(messages: Messages) -> Ingest {
        Ingest { messages }
    }

    /// Stores a message, readable or not. A copy of what is there changes nothing; a readable copy of
    /// one that could not be decrypted takes its place.
    pub fn message(&self, incoming: &Incoming) -> Result<Ingested> {
        self.messages.ingest(incoming)
    }

    /// Passes a receipt on as an event.
    pub fn receipt(&self, receipt: &Receipt) -> Result<()> {
        let data = json!({ "chat": receipt.chat, "ids": receipt.ids, "kind": receipt.kind, "at_ms": receipt.at_ms });
        self.messages.add_event("receipt", &data).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_stored_and_told_once_and_a_receipt_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let messages = Messages::open(&folder.path().join("wpp.db")).unwrap();
        let ingest = Ingest::new(messages.clone());
        let incoming =
            Incoming { id: "1".into(), chat: "c".into(), sender: "s".into(), kind: "text".into(), ..Incoming::default() };
        assert_eq!(ingest.message(&incoming).unwrap(), Ingested::New);
        assert_eq!(ingest.message(&incoming).unwrap(), Ingested::Duplicate);
        let receipt = Receipt { chat: "c".into(), ids: vec!["2".into()], kind: "read".into(), at_ms: 5 };
        ingest.receipt(&receipt).unwrap();
        let events = messages.events_after(0, 10).unwrap().events;
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["message", "receipt"]);
        assert_eq!(events[1].data["ids"][0], "2");
    }
}
