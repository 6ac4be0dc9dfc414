//! What goes out: kept until the server says yes or no.

use super::*;

pub(super) const OUTBOX_COLUMNS: &str =
    "client_message_id, message_id, chat, text, state, tries, created_ms, changed_ms, due_ms, error";

pub(super) fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let state: String = row.get(4)?;
    Ok(Outgoing {
        client_message_id: row.get(0)?,
        message_id: row.get(1)?,
        chat: row.get(2)?,
        text: row.get(3)?,
        state: match state.as_str() {
            "queued" => OutboxState::Queued,
            "sending" => OutboxState::Sending,
            "accepted" => OutboxState::Accepted,
            // The table lets no fifth name in.
            _ => OutboxState::Rejected,
        },
        tries: row.get(5)?,
        created_ms: row.get(6)?,
        changed_ms: row.get(7)?,
        due_ms: row.get(8)?,
        error: row.get(9)?,
    })
}

pub(super) fn outgoing_by(connection: &Connection, column: &str, id: &str) -> rusqlite::Result<Option<Outgoing>> {
    connection
        .prepare_cached(&format!("SELECT {OUTBOX_COLUMNS} FROM outbox WHERE {column} = ?1"))?
        .query_row(params![id], outgoing)
        .optional()
}

pub(super) fn outbox_event(transaction: &Transaction<'_>, row: &Outgoing, now: i64) -> rusqlite::Result<i64> {
    add_event(
        transaction,
        "outbox",
        now,
        &json!({
            "client_message_id": row.client_message_id,
            "message_id": row.message_id,
            "chat": row.chat,
            "state": row.state,
            "tries": row.tries,
            "error": row.error,
        }),
    )
}

impl Messages {
    /// Queues a message. The same client message id with the same content is the same message: the
    /// row that is there comes back with `true`.
    ///
    /// Fails with [`ErrorKind::Usage`] when that id was used for another content.
    pub fn enqueue(
        &self,
        client_message_id: &str,
        message_id: &str,
        chat: &str,
        text: &str,
        now_ms: i64,
    ) -> Result<(Outgoing, bool)> {
        let (row, duplicate) = self.write("enqueue", |transaction| {
            let written = transaction
                .prepare_cached(
                    "INSERT INTO outbox (client_message_id, message_id, chat, text, state, created_ms, changed_ms, due_ms, account)
                     VALUES (?1, ?2, ?3, ?4, 'queued', ?5, ?5, ?5, ?6) ON CONFLICT (client_message_id) DO NOTHING",
                )?
                .execute(params![
                    client_message_id,
                    message_id,
                    chat,
                    text,
                    now_ms,
                    setting(transaction, "account")?.unwrap_or_default()
                ])?;
            let row =
                outgoing_by(transaction, "client_message_id", client_message_id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            if written > 0 {
                outbox_event(transaction, &row, now_ms)?;
            }
            Ok((row, written == 0))
        })?;
        if duplicate && (row.chat != chat || row.text != text) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("the client message id {client_message_id:?} was used for another receiver or text"),
            )
            .hint("use a new id for a new message; the same id only repeats the same message"));
        }
        Ok((row, duplicate))
    }

    /// Takes the next message to hand to the library and marks it as being sent, or `None`.
    ///
    /// Within one chat the order of queueing is the order of sending: a message waits until the one
    /// before it was answered.
    pub fn take_due(&self, now_ms: i64) -> Result<Option<Outgoing>> {
        // Looked up first, without the write lock: mostly there is nothing.
        if self.read(|connection| due(connection, now_ms))?.is_none() {
            return Ok(None);
        }
        self.write("take due", |transaction| {
            let Some(message_id) = due(transaction, now_ms)? else { return Ok(None) };
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'sending', tries = tries + 1, due_ms = ?2, changed_ms = ?2 WHERE message_id = ?1",
                )?
                .execute(params![message_id, now_ms])?;
            outgoing_by(transaction, "message_id", &message_id)
        })
    }

    /// Puts a message that is being sent back into the queue, not to be tried before `due_ms`.
    /// `None` when it is not being sent.
    pub fn requeue(&self, message_id: &str, due_ms: i64, error: Option<&str>, now_ms: i64) -> Result<Option<Outgoing>> {
        self.write("requeue", |transaction| {
            let written = transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'queued', due_ms = ?2, changed_ms = ?3, error = ?4
                     WHERE message_id = ?1 AND state = 'sending'",
                )?
                .execute(params![message_id, due_ms, now_ms, error])?;
            if written == 0 {
                return Ok(None);
            }
            let row = outgoing_by(transaction, "message_id", message_id)?;
            if let Some(row) = &row {
                outbox_event(transaction, row, now_ms)?;
            }
            Ok(row)
        })
    }

    /// The server's answer: `None` accepts the message and stores it among the messages, an error
    /// rejects it. An answer that comes after the message went back into the queue counts too; one
    /// for a message that was answered before changes nothing. `None` when there is no such message.
    pub fn answer(&self, message_id: &str, error: Option<&str>, now_ms: i64) -> Result<Option<Outgoing>> {
        self.write("answer", |transaction| {
            let Some(before) = outgoing_by(transaction, "message_id", message_id)? else { return Ok(None) };
            if matches!(before.state, OutboxState::Accepted | OutboxState::Rejected) {
                return Ok(Some(before));
            }
            transaction
                .prepare_cached("UPDATE outbox SET state = ?2, changed_ms = ?3, error = ?4 WHERE message_id = ?1")?
                .execute(params![message_id, if error.is_some() { "rejected" } else { "accepted" }, now_ms, error])?;
            let after = outgoing_by(transaction, "message_id", message_id)?;
            if let Some(after) = &after {
                outbox_event(transaction, after, now_ms)?;
                if after.state == OutboxState::Accepted {
                    let sender = setting(transaction, "account")?.unwrap_or_default();
                    let message = Message {
                        id: after.message_id.clone(),
                        chat: after.chat.clone(),
                        sender,
                        from_me: true,
                        text: after.text.clone(),
                        kind: "text".into(),
                        sent_ms: now_ms,
                        stored_ms: now_ms,
                    };
                    if store(transaction, &message, "")? {
                        add_event(transaction, "message", now_ms, &json!(message))?;
                    }
                }
            }
            Ok(after)
        })
    }

    /// One row of the outbox by the caller's id.
    pub fn outgoing(&self, client_message_id: &str) -> Result<Option<Outgoing>> {
        self.read(|connection| outgoing_by(connection, "client_message_id", client_message_id))
    }

    /// The outbox: what waits and what was refused, or with `all` everything kept; oldest first.
    pub fn outbox(&self, all: bool, limit: u32) -> Result<Vec<Outgoing>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {OUTBOX_COLUMNS} FROM outbox WHERE ?1 OR state <> 'accepted' ORDER BY number LIMIT ?2"
                ))?
                .query_map(params![all, limit.min(MESSAGES_MAX)], outgoing)?
                .collect()
        })
    }

    /// Messages that are being sent, oldest first.
    pub fn sending(&self) -> Result<Vec<Outgoing>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT {OUTBOX_COLUMNS} FROM outbox WHERE state = 'sending' ORDER BY number"))?
                .query_map([], outgoing)?
                .collect()
        })
    }

    /// When the queue next has something to do: the earliest time at which a message that waits for
    /// nothing but time may be sent. `None` when there is none.
    pub fn next_due_ms(&self) -> Result<Option<i64>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT min(o.due_ms) FROM outbox o WHERE {FIRST_OF_ITS_CHAT}"))?
                .query_row([], |row| row.get(0))
        })
    }
}

/// Queued, and nothing of the same chat before it waits for an answer.
pub(super) const FIRST_OF_ITS_CHAT: &str = "o.state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM outbox e WHERE e.chat = o.chat AND e.number < o.number AND e.state IN ('queued', 'sending'))";

pub(super) fn due(connection: &Connection, now_ms: i64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(&format!(
            "SELECT o.message_id FROM outbox o WHERE {FIRST_OF_ITS_CHAT} AND o.due_ms <= ?1 ORDER BY o.number LIMIT 1"
        ))?
        .query_row(params![now_ms], |row| row.get(0))
        .optional()
}
