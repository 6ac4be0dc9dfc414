//! Looking at what is stored: lists, counts and the search.

use super::*;

pub(super) const MESSAGE_COLUMNS: &str = "m.id, m.chat, m.sender, m.from_me, m.text, m.kind, m.sent_ms, m.stored_ms";

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        chat: row.get(1)?,
        sender: row.get(2)?,
        from_me: row.get(3)?,
        text: row.get(4)?,
        kind: row.get(5)?,
        sent_ms: row.get(6)?,
        stored_ms: row.get(7)?,
    })
}

impl Messages {
    /// Messages, newest first, of one chat or of all, at most [`MESSAGES_MAX`]; `before_ms` leaves
    /// out those that were sent at that time or later.
    pub fn list(&self, chat: Option<&str>, before_ms: Option<i64>, limit: u32) -> Result<Vec<Message>> {
        let before = before_ms.unwrap_or(i64::MAX);
        let limit = limit.min(MESSAGES_MAX);
        self.read_long(|connection| match chat {
            Some(chat) => connection
                .prepare_cached(&format!(
                    "SELECT {MESSAGE_COLUMNS} FROM messages m WHERE chat = ?1 AND sent_ms < ?2 ORDER BY sent_ms DESC, number DESC LIMIT ?3"
                ))?
                .query_map(params![chat, before, limit], message)?
                .collect(),
            None => connection
                .prepare_cached(&format!(
                    "SELECT {MESSAGE_COLUMNS} FROM messages m WHERE sent_ms < ?1 ORDER BY sent_ms DESC, number DESC LIMIT ?2"
                ))?
                .query_map(params![before, limit], message)?
                .collect(),
        })
    }

    /// The oldest message of the chat in which something was said last.
    pub fn oldest_of_newest_chat(&self) -> Result<Option<Message>> {
        self.read_long(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {MESSAGE_COLUMNS} FROM messages m
                     WHERE m.chat = (SELECT chat FROM messages ORDER BY sent_ms DESC, number DESC LIMIT 1)
                     ORDER BY m.sent_ms, m.number LIMIT 1"
                ))?
                .query_row([], message)
                .optional()
        })
    }

    /// Chats, the one with the newest message first.
    pub fn chats(&self) -> Result<Vec<Chat>> {
        self.read_long(|connection| {
            connection
                .prepare_cached(
                    "SELECT c.jid, coalesce(nullif(c.name, ''), k.name, ''), c.last_message_ms,
                         (SELECT count(*) FROM messages m WHERE m.chat = c.jid)
                     FROM chats c LEFT JOIN contacts k ON k.jid = c.jid ORDER BY c.last_message_ms DESC, c.jid",
                )?
                .query_map([], |row| {
                    Ok(Chat { jid: row.get(0)?, name: row.get(1)?, last_message_ms: row.get(2)?, messages: number(row, 3)? })
                })?
                .collect()
        })
    }

    /// Gives a chat its name, such as a group's subject.
    pub fn name_chat(&self, jid: &str, name: &str) -> Result<()> {
        self.write("name chat", |transaction| {
            transaction
                .execute(
                    "INSERT INTO chats (jid, name) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET name = excluded.name",
                    params![jid, name],
                )
                .map(drop)
        })
    }

    /// Messages that hold every word, newest first. Words are taken as they are typed: nothing in
    /// them is an operator, and each also matches as the beginning of a longer word.
    ///
    /// Fails with [`ErrorKind::Usage`] when there is no word, or too many.
    pub fn search(&self, words: &str, limit: u32) -> Result<Found> {
        if words.len() > SEARCH_BYTES_MAX {
            return Err(Error::new(ErrorKind::Usage, format!("the search is {} bytes long", words.len()))
                .hint(format!("search for at most {SEARCH_BYTES_MAX} bytes")));
        }
        let words: Vec<&str> =
            words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "the search holds no word").hint("give one or more words to look for"));
        }
        let limit = limit.min(MESSAGES_MAX);
        // The index knows letters and digits only; what has none is compared as text.
        let (indexed, compared): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.chars().any(char::is_alphanumeric));
        let problem = match self.index_problem().unwrap_or_else(|error| Some(error.chain())) {
            Some(problem) => problem,
            None if indexed.is_empty() => {
                return Ok(Found { mode: SearchMode::Scan, problem: None, messages: self.scan(&words, limit)? });
            }
            None => match self.search_index(&indexed, &compared, limit) {
                Ok(messages) => return Ok(Found { mode: SearchMode::Fts, problem: None, messages }),
                Err(error) => format!("the full-text index failed: {}", error.chain()),
            },
        };
        Ok(Found { mode: SearchMode::Degraded, problem: Some(problem), messages: self.scan(&words, limit)? })
    }

    pub(super) fn search_index(&self, indexed: &[&str], compared: &[&str], limit: u32) -> Result<Vec<Message>> {
        // Quoted, a word is never an operator; a quote within it is doubled.
        let query: Vec<String> = indexed.iter().map(|word| format!("\"{}\"*", word.replace('"', "\"\""))).collect();
        let mut values: Vec<String> = vec![query.join(" ")];
        values.extend(compared.iter().map(|word| like(word)));
        self.read_long(|connection| {
            let sql = format!(
                "SELECT {MESSAGE_COLUMNS} FROM messages_fts JOIN messages m ON m.number = messages_fts.rowid
                 WHERE messages_fts MATCH ?{} ORDER BY m.sent_ms DESC, m.number DESC LIMIT {limit}",
                " AND m.text LIKE ? ESCAPE '\\'".repeat(compared.len())
            );
            connection.prepare(&sql)?.query_map(rusqlite::params_from_iter(values), message)?.collect()
        })
    }

    pub(super) fn scan(&self, words: &[&str], limit: u32) -> Result<Vec<Message>> {
        self.read_long(|connection| {
            let conditions = vec!["m.text LIKE ? ESCAPE '\\'"; words.len()].join(" AND ");
            let sql = format!(
                "SELECT {MESSAGE_COLUMNS} FROM messages m WHERE {conditions} ORDER BY m.sent_ms DESC, m.number DESC LIMIT {limit}"
            );
            connection
                .prepare(&sql)?
                .query_map(rusqlite::params_from_iter(words.iter().map(|word| like(word))), message)?
                .collect()
        })
    }

    /// What is wrong with the full-text index, as far as a quick look shows; `None` when searches use it.
    pub fn index_problem(&self) -> Result<Option<String>> {
        self.read(|connection| {
            let present: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM sqlite_schema WHERE name IN
                         ('messages_fts', 'messages_fts_insert', 'messages_fts_delete', 'messages_fts_update',
                          'messages_fts_data', 'messages_fts_idx', 'messages_fts_docsize')",
                )?
                .query_row([], |row| row.get(0))?;
            if present != 7 {
                return Ok(Some("the full-text index is missing or no longer kept up".to_owned()));
            }
            if let Some(noted) = setting(connection, "index_problem")? {
                return Ok(Some(noted));
            }
            let ends: [i64; 4] = connection
                .prepare_cached(
                    "SELECT coalesce((SELECT min(number) FROM messages), 0), coalesce((SELECT min(id) FROM messages_fts_docsize), 0),
                         coalesce((SELECT max(number) FROM messages), 0), coalesce((SELECT max(id) FROM messages_fts_docsize), 0)",
                )?
                .query_row([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
            let whole = ends[0] == ends[1] && ends[2] == ends[3];
            Ok((!whole).then(|| "the full-text index does not reach over all messages".to_owned()))
        })
    }

    /// Compares the sizes of the index and of what it is over, and writes a difference down: once
    /// further messages are in the index, a look at its ends would no longer show it.
    pub(super) fn note_index_gap(&self) -> Result<()> {
        let sizes = self.read(|connection| {
            connection.query_row(
                "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages_fts_docsize)",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
        });
        let problem = match sizes {
            Ok((messages, indexed)) if messages == indexed => return Ok(()),
            Ok((messages, indexed)) => format!("the full-text index holds {indexed} of {messages} messages"),
            Err(error) => format!("the full-text index cannot be counted: {}", error.chain()),
        };
        self.set_setting("index_problem", Some(&problem))
    }

    /// Makes the full-text index anew from the messages.
    pub fn rebuild_index(&self) -> Result<()> {
        self.write("rebuild index", |transaction| {
            transaction.execute_batch(DROP_INDEX_TRIGGERS)?;
            if let Err(error) = transaction.execute_batch("DROP TABLE IF EXISTS messages_fts") {
                // An index too damaged to be taken down by its own code is taken down table by table.
                for part in ["data", "idx", "docsize", "config"] {
                    transaction.execute_batch(&format!("DROP TABLE IF EXISTS messages_fts_{part}"))?;
                }
                transaction.execute_batch("DROP TABLE IF EXISTS messages_fts").map_err(|_| error)?;
            }
            // Tables that outlived the index they belonged to would block the new one.
            for part in ["data", "idx", "docsize", "config"] {
                transaction.execute_batch(&format!("DROP TABLE IF EXISTS messages_fts_{part}"))?;
            }
            transaction.execute_batch(FULL_TEXT_INDEX)?;
            transaction.execute_batch("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")?;
            set_setting(transaction, "index_problem", None)
        })
    }

    /// Sizes.
    pub fn counts(&self) -> Result<Counts> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages WHERE kind = 'undecryptable'),
                         (SELECT count(*) FROM chats), (SELECT count(*) FROM inbound WHERE projected = 0),
                         (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')),
                         (SELECT min(created_ms) FROM outbox WHERE state IN ('queued', 'sending')),
                         (SELECT count(*) FROM outbox WHERE state = 'rejected'),
                         (SELECT count(*) FROM events), (SELECT coalesce(max(id), 0) FROM events)",
                )?
                .query_row([], |row| {
                    Ok(Counts {
                        messages: number(row, 0)?,
                        undecryptable: number(row, 1)?,
                        chats: number(row, 2)?,
                        inbound_waiting: number(row, 3)?,
                        outbox_pending: number(row, 4)?,
                        outbox_oldest_ms: row.get(5)?,
                        outbox_rejected: number(row, 6)?,
                        events: number(row, 7)?,
                        newest_event_id: row.get(8)?,
                    })
                })
        })
    }
}

/// A count, which is never negative.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}

/// A word as a pattern of LIKE that matches it anywhere.
pub(super) fn like(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
