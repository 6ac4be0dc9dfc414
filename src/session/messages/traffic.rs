//! How what goes in and out of a session flows, for the doctor: counts and times, and nobody's words.

use super::open::MIGRATIONS;
use super::*;

/// The version of the database that this program knows.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// What is counted of late.
const DAY_MS: i64 = 86_400_000;
/// Messages whose times are compared, and how far back they came.
const NEWEST: i64 = 20;
const HOUR_MS: i64 = 3_600_000;
/// How far back a sign of the phone is looked for.
const PHONE_WINDOW_MS: i64 = 13 * DAY_MS;
/// What was sent more recently may not have been confirmed by the phone yet.
const CONFIRM_MS: i64 = 3_600_000;

/// How what goes in and out flows. Times are milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Messages that the server has not answered.
    pub waiting: u64,
    /// When the oldest of them was queued.
    pub waiting_since_ms: Option<i64>,
    /// When the last of them is to be tried next; one that was queued while the clock was ahead may wait for years.
    pub due_last_ms: Option<i64>,
    /// Messages that the server answered within a day.
    pub answered_day: u64,
    /// Of these, those that it refused.
    pub rejected_day: u64,
    /// Since when nothing is sent because an operator said so.
    pub paused_since_ms: Option<i64>,
    /// What came in and is not yet a message.
    pub unprojected: u64,
    /// When the oldest of it came.
    pub unprojected_since_ms: Option<i64>,
    /// Messages of others within a day.
    pub received_day: u64,
    /// Of these, those that could not be decrypted.
    pub undecryptable_day: u64,
    /// The newest event's time.
    pub newest_event_ms: Option<i64>,
    /// The least time, in milliseconds, from when a message was sent by the server's clock until it was stored by
    /// this one's, among the newest of the last hour; below 0 where this clock is behind. `None` without any.
    pub least_delay_ms: Option<i64>,
    /// What is known of the phone.
    pub phone: PhoneSigns,
}

/// What a session knows of its phone. Times are milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneSigns {
    /// The newest thing that another device of the account wrote or confirmed within thirteen days.
    pub seen_ms: Option<i64>,
    /// Messages that were sent from here since a sign would be known, and that the phone would have
    /// confirmed had it been on.
    pub unconfirmed: u64,
    /// From when on a sign would be known.
    pub known_from_ms: Option<i64>,
}

impl Messages {
    /// How what goes in and out flows.
    pub fn traffic(&self, now_ms: i64) -> Result<Traffic> {
        self.read(|connection| {
            let mut traffic = connection.query_row(
                "SELECT (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')),
                     (SELECT min(created_ms) FROM outbox WHERE state IN ('queued', 'sending')),
                     (SELECT count(*) FROM outbox WHERE state IN ('accepted', 'rejected') AND changed_ms > ?1),
                     (SELECT count(*) FROM outbox WHERE state = 'rejected' AND changed_ms > ?1),
                     (SELECT changed_ms FROM settings WHERE name = 'outbound_paused' AND value = 'true'),
                     (SELECT count(*) FROM inbound WHERE projected = 0),
                     (SELECT min(received_ms) FROM inbound WHERE projected = 0),
                     (SELECT count(*) FROM messages WHERE sent_ms > ?1 AND NOT from_me),
                     (SELECT count(*) FROM messages WHERE sent_ms > ?1 AND NOT from_me AND kind = ?2),
                     (SELECT at_ms FROM events ORDER BY id DESC LIMIT 1),
                     (SELECT min(stored_ms - sent_ms) FROM (
                         SELECT sent_ms, stored_ms, from_me FROM messages ORDER BY number DESC LIMIT ?3)
                      WHERE NOT from_me AND stored_ms BETWEEN ?4 AND ?5),
                     (SELECT max(due_ms) FROM outbox WHERE state = 'queued')",
                params![now_ms - DAY_MS, UNDECRYPTABLE, NEWEST, now_ms - HOUR_MS, now_ms + HOUR_MS],
                |row| {
                    Ok(Traffic {
                        waiting: number(row, 0)?,
                        waiting_since_ms: row.get(1)?,
                        answered_day: number(row, 2)?,
                        rejected_day: number(row, 3)?,
                        paused_since_ms: row.get(4)?,
                        unprojected: number(row, 5)?,
                        unprojected_since_ms: row.get(6)?,
                        received_day: number(row, 7)?,
                        undecryptable_day: number(row, 8)?,
                        newest_event_ms: row.get(9)?,
                        least_delay_ms: row.get(10)?,
                        due_last_ms: row.get(11)?,
                        phone: PhoneSigns::default(),
                    })
                },
            )?;
            traffic.phone = phone(connection, now_ms)?;
            Ok(traffic)
        })
    }

    /// This account's own JID, unless the messages came from another session.
    pub fn own_account(&self) -> Result<Option<String>> {
        Ok(if self.was_linked()? { self.account()? } else { None })
    }

    /// Texts of the newest messages that have at least so many characters, each with whether this account wrote it.
    pub fn newest_texts(&self, count: u32, characters_min: u32) -> Result<Vec<(String, bool)>> {
        self.read(|connection| {
            let newest = "SELECT text, from_me FROM messages ORDER BY number DESC LIMIT ?1";
            connection
                .prepare(&format!("SELECT text, from_me FROM ({newest}) WHERE length(text) >= ?2"))?
                .query_map(params![count, characters_min], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }
}

fn phone(connection: &Connection, now_ms: i64) -> rusqlite::Result<PhoneSigns> {
    let wrote: Option<i64> = connection.query_row(
        "SELECT max(sent_ms) FROM messages
         WHERE sent_ms > ?1 AND from_me AND NOT EXISTS (SELECT 1 FROM outbox WHERE message_id = messages.id)",
        params![now_ms - PHONE_WINDOW_MS],
        |row| row.get(0),
    )?;
    // A new link is a sign; before the oldest event that is kept nothing is known of confirmations.
    let known_from_ms: Option<i64> = connection.query_row(
        "SELECT max(at_ms) FROM (SELECT max(at_ms) AS at_ms FROM transitions WHERE reason = 'pairing'
             UNION ALL SELECT changed_ms FROM settings WHERE name = 'account'
             UNION ALL SELECT at_ms FROM (SELECT at_ms FROM events ORDER BY id LIMIT 1))",
        [],
        |row| row.get(0),
    )?;
    let unconfirmed = connection.query_row(
        "SELECT count(*) FROM outbox WHERE state = 'accepted' AND changed_ms > ?1 AND changed_ms < ?2",
        params![known_from_ms.unwrap_or(0), now_ms - CONFIRM_MS],
        |row| number(row, 0),
    )?;
    if wrote.is_some() || unconfirmed == 0 {
        return Ok(PhoneSigns { seen_ms: wrote, unconfirmed, known_from_ms });
    }
    // Only other devices of the account send these kinds.
    let confirmed: Option<i64> = connection
        .query_row(
            "SELECT at_ms FROM events WHERE kind = 'receipt' AND at_ms > ?1
                 AND json_extract(data, '$.kind') IN ('sender', 'readself', 'playedself', 'peermsg', 'historysync')
             ORDER BY id DESC LIMIT 1",
            params![now_ms - PHONE_WINDOW_MS],
            |row| row.get(0),
        )
        .optional()?;
    Ok(PhoneSigns { seen_ms: confirmed, unconfirmed, known_from_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_230_900_000;

    fn place() -> (tempfile::TempDir, Messages, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.db");
        let messages = Messages::open(&path).unwrap();
        let raw = Connection::open(&path).unwrap();
        (folder, messages, raw)
    }

    fn sent(raw: &Connection, id: &str, state: &str, at_ms: i64) {
        let sql = "INSERT INTO outbox (client_message_id, message_id, chat, text, state, created_ms, changed_ms, due_ms)
                   VALUES (?1, ?1, 'c', 't', ?2, ?3, ?3, 0)";
        raw.execute(sql, params![id, state, at_ms]).unwrap();
    }

    #[test]
    fn what_waits_and_what_was_refused_is_counted() {
        let (_folder, messages, raw) = place();
        assert_eq!(messages.traffic(NOW_MS).unwrap(), Traffic::default());
        sent(&raw, "a", "queued", NOW_MS - 900);
        sent(&raw, "b", "sending", NOW_MS - 1000);
        sent(&raw, "c", "rejected", NOW_MS - 1000);
        sent(&raw, "d", "accepted", NOW_MS - 2 * DAY_MS);
        messages.set_outbound_paused(true).unwrap();
        let message = "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
                       VALUES ('c', ?1, 'x', 'x', 0, ?2, 'words enough', ?3, 0)";
        raw.execute(message, params!["1", "text", NOW_MS - 5]).unwrap();
        raw.execute(message, params!["2", UNDECRYPTABLE, NOW_MS - 5]).unwrap();
        raw.execute(message, params!["3", UNDECRYPTABLE, NOW_MS - 2 * DAY_MS]).unwrap();
        let seen = messages.traffic(NOW_MS).unwrap();
        assert_eq!((seen.waiting, seen.waiting_since_ms), (2, Some(NOW_MS - 1000)));
        assert_eq!((seen.answered_day, seen.rejected_day), (1, 1));
        assert_eq!((seen.received_day, seen.undecryptable_day), (2, 1));
        assert!(seen.paused_since_ms.is_some() && seen.newest_event_ms.is_some());
        assert_eq!(messages.newest_texts(5, 12).unwrap().len(), 3);
        assert!(messages.newest_texts(5, 13).unwrap().is_empty());
    }

    #[test]
    fn a_sign_of_the_phone_is_what_it_wrote_or_confirmed() {
        let (_folder, messages, raw) = place();
        raw.execute("INSERT INTO settings VALUES ('account', '15550100001@s.whatsapp.net', ?1)", [NOW_MS - 30 * DAY_MS]).unwrap();
        sent(&raw, "m", "accepted", NOW_MS - DAY_MS);
        let seen = || messages.traffic(NOW_MS).unwrap().phone;
        assert_eq!(seen(), PhoneSigns { seen_ms: None, unconfirmed: 1, known_from_ms: Some(NOW_MS - 30 * DAY_MS) });
        let own = "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
                   VALUES ('c', ?1, '', 'x', 1, 'text', 'x', ?2, 0)";
        raw.execute(own, params!["m", NOW_MS - DAY_MS]).unwrap();
        assert_eq!(seen().seen_ms, None, "what was sent from here says nothing of the phone");
        let receipt = "INSERT INTO events (id, kind, at_ms, data) VALUES (?1, 'receipt', ?2, ?3)";
        raw.execute(receipt, params![1, NOW_MS - 31 * DAY_MS, "{\"kind\":\"read\"}"]).unwrap();
        raw.execute(receipt, params![2, NOW_MS - 7, "{\"kind\":\"read\"}"]).unwrap();
        assert_eq!(seen().seen_ms, None, "others confirm, too");
        raw.execute(receipt, params![3, NOW_MS - 6, "{\"kind\":\"sender\"}"]).unwrap();
        assert_eq!(seen().seen_ms, Some(NOW_MS - 6));
        raw.execute(own, params!["p", NOW_MS - 5]).unwrap();
        assert_eq!(seen().seen_ms, Some(NOW_MS - 5));
        raw.execute(
            "INSERT INTO transitions (at_ms, from_state, to_state, reason) VALUES (?1, 'a', 'b', 'pairing')",
            [NOW_MS - 9],
        )
        .unwrap();
        assert_eq!((seen().known_from_ms, seen().unconfirmed), (Some(NOW_MS - 9), 0), "a new link begins anew");
    }
}
