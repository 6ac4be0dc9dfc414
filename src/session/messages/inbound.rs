//! What comes in: written ahead, projected once.

use super::*;

impl Messages {
    /// Stores what came in: once, however often it is delivered.
    ///
    /// When this returns `Ok` the message is on the disk and the server may be told so. A message
    /// whose projection fails is kept in the write-ahead table and projected at the next opening.
    pub fn ingest(&self, incoming: &Incoming) -> Result<Ingested> {
        let payload = serde_json::to_string(incoming).while_doing(|| "cannot write down an incoming message".into())?;
        let now = clock::now_ms();
        self.write("ingest", |transaction| {
            let author = author(incoming);
            let readable = incoming.kind != UNDECRYPTABLE;
            let key = params![incoming.chat, incoming.id, author];
            // The write-ahead rows of old messages are gone; the messages are not.
            let stored: Option<String> = transaction
                .prepare_cached("SELECT kind FROM messages WHERE chat = ?1 AND id = ?2 AND author = ?3")?
                .query_row(key, |row| row.get(0))
                .optional()?;
            if stored.as_deref().is_some_and(|kind| kind != UNDECRYPTABLE || !readable) {
                return Ok(Ingested::Duplicate);
            }
            let written = transaction
                .prepare_cached(
                    "INSERT INTO inbound (chat, id, author, payload, readable, received_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT DO UPDATE SET payload = excluded.payload, readable = 1, received_ms = excluded.received_ms,
                         projected = 0
                     WHERE excluded.readable = 1 AND inbound.readable = 0",
                )?
                .execute(params![incoming.chat, incoming.id, author, payload, readable, now])?;
            if written == 0 {
                return Ok(Ingested::Duplicate);
            }
            project_or_leave(transaction, incoming, now)?;
            Ok(if stored.is_some() { Ingested::Replaced } else { Ingested::New })
        })
    }

    /// Projects every write-ahead row that waits; returns how many still do. Called at opening.
    pub fn project_waiting(&self) -> Result<u64> {
        let mut after = 0_i64;
        loop {
            // In small transactions, so that a crash in the middle loses little work.
            let last = self.write("project", |transaction| {
                let rows: Vec<(i64, String)> = transaction
                    .prepare_cached(
                        "SELECT rowid, payload FROM inbound WHERE projected = 0 AND rowid > ?1 ORDER BY rowid LIMIT 100",
                    )?
                    .query_map(params![after], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<rusqlite::Result<_>>()?;
                for (_, payload) in &rows {
                    // A row that an unknown version wrote stays, and is counted as waiting.
                    if let Ok(incoming) = serde_json::from_str::<Incoming>(payload) {
                        project_or_leave(transaction, &incoming, clock::now_ms())?;
                    }
                }
                Ok(rows.last().map(|row| row.0))
            })?;
            match last {
                Some(row) => after = row,
                None => return Ok(self.counts()?.inbound_waiting),
            }
        }
    }
}

/// What tells one account's messages from another's within a chat.
pub(super) fn author(incoming: &Incoming) -> &str {
    if incoming.from_me { "" } else { &incoming.sender }
}

/// Projects within a savepoint: when that fails for a reason that is not the disk's, the write-ahead
/// row alone is kept.
pub(super) fn project_or_leave(transaction: &Transaction<'_>, incoming: &Incoming, now: i64) -> rusqlite::Result<()> {
    transaction.execute_batch("SAVEPOINT projection")?;
    match project(transaction, incoming, now) {
        Ok(()) => transaction.execute_batch("RELEASE projection"),
        Err(rusqlite::Error::SqliteFailure(failure, _)) if failure.code == rusqlite::ErrorCode::ConstraintViolation => {
            transaction.execute_batch("ROLLBACK TO projection; RELEASE projection")
        }
        Err(error) => Err(error),
    }
}

pub(super) fn project(transaction: &Transaction<'_>, incoming: &Incoming, now: i64) -> rusqlite::Result<()> {
    let message = Message {
        id: incoming.id.clone(),
        chat: incoming.chat.clone(),
        sender: incoming.sender.clone(),
        from_me: incoming.from_me,
        text: incoming.text.clone(),
        kind: incoming.kind.clone(),
        sent_ms: incoming.sent_ms,
        stored_ms: now,
    };
    if let Some(name) = incoming.sender_name.as_deref().filter(|name| !name.is_empty() && !incoming.from_me) {
        transaction
            .prepare_cached(
                "INSERT INTO contacts (jid, name, changed_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET name = excluded.name, changed_ms = excluded.changed_ms WHERE name <> excluded.name",
            )?
            .execute(params![incoming.sender, name, now])?;
    }
    if store(transaction, &message, author(incoming))? {
        add_event(transaction, "message", now, &json!(message))?;
    }
    transaction
        .prepare_cached("UPDATE inbound SET projected = 1 WHERE chat = ?1 AND id = ?2 AND author = ?3")?
        .execute(params![incoming.chat, incoming.id, author(incoming)])?;
    Ok(())
}

/// Puts a message into its table unless a readable one is there; says whether it did.
pub(super) fn store(transaction: &Transaction<'_>, message: &Message, author: &str) -> rusqlite::Result<bool> {
    let written = transaction
        .prepare_cached(
            "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (chat, id, author) DO UPDATE SET
                 kind = excluded.kind, text = excluded.text, sent_ms = excluded.sent_ms, stored_ms = excluded.stored_ms
             WHERE messages.kind = 'undecryptable' AND excluded.kind <> 'undecryptable'",
        )?
        .execute(params![
            message.chat,
            message.id,
            author,
            message.sender,
            message.from_me,
            message.kind,
            message.text,
            message.sent_ms,
            message.stored_ms
        ])?;
    transaction
        .prepare_cached(
            "INSERT INTO chats (jid, last_message_ms) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET last_message_ms = max(last_message_ms, excluded.last_message_ms)",
        )?
        .execute(params![message.chat, message.sent_ms])?;
    Ok(written > 0)
}
