//! Events and transitions, and the daemon's own markers.

use super::*;

fn transition(row: &Row<'_>) -> rusqlite::Result<Transition> {
    Ok(Transition { at_ms: row.get(0)?, from: row.get(1)?, to: row.get(2)?, reason: row.get(3)?, detail: row.get(4)? })
}

/// What a ban's detail says of its end, for people and for [`Transition::ban_ends_ms`].
pub fn ban_told(expires_after: Duration, now_ms: i64) -> String {
    let ends_ms = now_ms.saturating_add(i64::try_from(expires_after.as_millis()).unwrap_or(i64::MAX));
    format!("the ban ends in {}, {ENDS_AT}{}", clock::human(expires_after), clock::rfc3339(clock::from_ms(ends_ms)))
}

/// What stands before the time at which a ban ends.
const ENDS_AT: &str = "at ";

impl Transition {
    /// When the ban ends that this is about, milliseconds since the epoch; `None` where the server did not say.
    pub fn ban_ends_ms(&self) -> Option<i64> {
        let (_, at) = self.detail.as_ref()?.rsplit_once(ENDS_AT)?;
        at.parse::<clock::Timestamp>().ok().map(|at| at.as_millisecond())
    }
}

impl Messages {
    /// Stores an event and returns its id.
    pub fn add_event(&self, kind: &str, data: &serde_json::Value) -> Result<i64> {
        self.write("event", |transaction| add_event(transaction, kind, clock::now_ms(), data))
    }

    /// The newest event's id; zero when there is none.
    pub fn newest_event_id(&self) -> Result<i64> {
        self.read(newest_event)
    }

    /// Events after an id, in order, at most `limit`.
    pub fn events_after(&self, id: i64, limit: u32) -> Result<EventPage> {
        self.read(|connection| {
            let pruned: i64 = setting(connection, "events_pruned_through")?.and_then(|text| text.parse().ok()).unwrap_or(0);
            let events = connection
                .prepare_cached("SELECT id, kind, at_ms, data FROM events WHERE id > ?1 ORDER BY id LIMIT ?2")?
                .query_map(params![id, limit], |row| {
                    let data: String = row.get(3)?;
                    Ok(StreamEvent {
                        id: row.get(0)?,
                        kind: row.get(1)?,
                        at_ms: row.get(2)?,
                        // Written from valid JSON; what is not is shown as it stands.
                        data: serde_json::from_str(&data).unwrap_or(serde_json::Value::String(data)),
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            Ok(EventPage { lost_through: (id < pruned).then_some(pruned), events })
        })
    }

    /// Writes down a change of state and tells it as an event of the kind `state`.
    pub fn add_transition(&self, from: State, to: State, reason: Reason, detail: Option<&str>, now_ms: i64) -> Result<i64> {
        self.write("transition", |transaction| {
            transaction.execute(
                "INSERT INTO transitions (at_ms, from_state, to_state, reason, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![now_ms, from.name(), to.name(), reason.name(), detail],
            )?;
            add_event(
                transaction,
                "state",
                now_ms,
                &json!({ "from": from.name(), "state": to.name(), "reason": reason.name(), "detail": detail }),
            )
        })
    }

    /// Changes of state since a time, oldest first.
    pub fn transitions_since(&self, since_ms: i64) -> Result<Vec<Transition>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT at_ms, from_state, to_state, reason, detail FROM transitions WHERE at_ms >= ?1 ORDER BY number",
                )?
                .query_map(params![since_ms], transition)?
                .collect()
        })
    }

    /// The newest change to a state that tells what the server said last. That a connection is being made, or made again,
    /// or was ended from here, tells nothing of it.
    pub fn last_word(&self) -> Result<Option<Transition>> {
        let passing = [State::Stopped, State::Booting, State::Connecting, State::Reconnecting].map(State::name);
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT at_ms, from_state, to_state, reason, detail FROM transitions
                     WHERE to_state NOT IN (?1, ?2, ?3, ?4) ORDER BY number DESC LIMIT 1",
                )?
                .query_row(passing, transition)
                .optional()
        })
    }

    /// Whether the operator paused sending. Survives a restart.
    pub fn outbound_paused(&self) -> Result<bool> {
        Ok(self.setting("outbound_paused")?.as_deref() == Some("true"))
    }

    /// Pauses or resumes sending, and tells a change as an event of the kind `outbound`.
    pub fn set_outbound_paused(&self, paused: bool) -> Result<()> {
        self.write("setting", |transaction| {
            let before = setting(transaction, "outbound_paused")?.as_deref() == Some("true");
            if before != paused {
                set_setting(transaction, "outbound_paused", Some(if paused { "true" } else { "false" }))?;
                add_event(transaction, "outbound", clock::now_ms(), &json!({ "paused": paused }))?;
            }
            Ok(())
        })
    }

    /// Whether the connection is to be kept; true until the operator stops it. Survives a restart.
    pub fn sync_enabled(&self) -> Result<bool> {
        Ok(self.setting("sync_enabled")?.as_deref() != Some("false"))
    }

    /// Keeps the connection, or gives it up until told otherwise.
    pub fn set_sync_enabled(&self, enabled: bool) -> Result<()> {
        self.set_setting("sync_enabled", Some(if enabled { "true" } else { "false" }))
    }

    /// Whether, when and why the phone removed this device.
    pub fn logged_out(&self) -> Result<Option<LoggedOut>> {
        match self.setting("logged_out")? {
            None => Ok(None),
            Some(text) => serde_json::from_str(&text)
                .map(Some)
                .while_doing(|| format!("the marker logged_out in {} cannot be read", self.0.path.display()))
                .map_err(|error| {
                    error.hint("it was written by another version of wpp; use that version, or re-link with `wpp reauth`")
                }),
        }
    }

    /// Sets or clears that marker.
    pub fn set_logged_out(&self, marker: Option<&LoggedOut>) -> Result<()> {
        let text = marker
            .map(serde_json::to_string)
            .transpose()
            .while_doing(|| "cannot write down that the session was logged out".into())?;
        self.set_setting("logged_out", text.as_deref())
    }

    /// This account's own JID, as far as a login has shown it.
    pub fn account(&self) -> Result<Option<String>> {
        self.setting("account")
    }

    /// Whether this session was ever linked to a phone. Messages that a restore brought from another
    /// session name their account, too, and say nothing about this one.
    pub fn was_linked(&self) -> Result<bool> {
        Ok(self.account()?.is_some() && self.setting(ADOPTED)?.is_none())
    }

    /// Remembers this account's own JID; sent messages carry it as their sender.
    ///
    /// Messages that were queued for another account are rejected here, in the same transaction: what
    /// was meant to come from one number never leaves from another. Returns how many were.
    pub fn set_account(&self, jid: &str) -> Result<u64> {
        self.write("account", |transaction| {
            let now = clock::now_ms();
            if setting(transaction, "account")?.as_deref() != Some(jid) {
                set_setting(transaction, "account", Some(jid))?;
            }
            if setting(transaction, ADOPTED)?.is_some() {
                set_setting(transaction, ADOPTED, None)?;
            }
            // Queued before any account was linked, so meant for whichever would be.
            transaction
                .execute("UPDATE outbox SET account = ?1 WHERE account = '' AND state IN ('queued', 'sending')", params![jid])?;
            let foreign: Vec<String> = transaction
                .prepare_cached(
                    "SELECT message_id FROM outbox WHERE account <> ?1 AND state IN ('queued', 'sending') ORDER BY number",
                )?
                .query_map(params![jid], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for message_id in &foreign {
                transaction
                    .prepare_cached("UPDATE outbox SET state = 'rejected', changed_ms = ?2, error = ?3 WHERE message_id = ?1")?
                    .execute(params![message_id, now, FOR_ANOTHER_ACCOUNT])?;
                if let Some(row) = outgoing_by(transaction, "message_id", message_id)? {
                    outbox_event(transaction, &row, now)?;
                }
            }
            Ok(foreign.len() as u64)
        })
    }

    pub(super) fn setting(&self, name: &str) -> Result<Option<String>> {
        self.read(|connection| setting(connection, name))
    }

    pub(super) fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.write("setting", |transaction| set_setting(transaction, name, value))
    }
}

pub(super) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?.query_row(params![name], |row| row.get(0)).optional()
}

pub(super) fn set_setting(transaction: &Transaction<'_>, name: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => transaction.execute(
            "INSERT INTO settings (name, value, changed_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value, changed_ms = excluded.changed_ms",
            params![name, value, clock::now_ms()],
        ),
        None => transaction.execute("DELETE FROM settings WHERE name = ?1", params![name]),
    }
    .map(drop)
}

pub(super) fn newest_event(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))
}

pub(super) fn add_event(
    transaction: &Transaction<'_>,
    kind: &str,
    now_ms: i64,
    data: &serde_json::Value,
) -> rusqlite::Result<i64> {
    // The clock as the lower bound makes an id that a reader has seen stay in the past even when
    // the database is replaced by an older copy.
    transaction
        .prepare_cached(
            "INSERT INTO events (id, kind, at_ms, data) VALUES (
                 max(?2, 1 + max(coalesce((SELECT max(id) FROM events), 0),
                                 coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0))), ?1, ?2, ?3)",
        )?
        .execute(params![kind, now_ms, data.to_string()])?;
    Ok(transaction.last_insert_rowid())
}

/// Removes what is older than is kept, and writes down up to where events are gone.
pub(super) fn prune(transaction: &Transaction<'_>, now_ms: i64) -> rusqlite::Result<()> {
    let last: Option<i64> = transaction
        .prepare_cached("SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1")?
        .query_row(params![EVENTS_MAX], |row| row.get(0))
        .optional()?;
    if let Some(last) = last {
        transaction.execute("DELETE FROM events WHERE id <= ?1", params![last])?;
        set_setting(transaction, "events_pruned_through", Some(&last.to_string()))?;
    }
    transaction.execute(
        "DELETE FROM transitions WHERE number <= (SELECT number FROM transitions ORDER BY number DESC LIMIT 1 OFFSET ?1)",
        params![TRANSITIONS_MAX],
    )?;
    transaction.execute("DELETE FROM inbound WHERE projected = 1 AND received_ms < ?1", params![now_ms - INBOUND_KEPT_MS])?;
    transaction.execute(
        "DELETE FROM outbox WHERE state IN ('accepted', 'rejected') AND changed_ms < ?1",
        params![now_ms - OUTBOX_KEPT_MS],
    )?;
    Ok(())
}
