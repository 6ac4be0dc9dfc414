//! Settling a restored `wpp.db` before it takes the place of another: nothing is sent from it that
//! nobody means to send from there. Start with [`adopt`].

use rusqlite::config::DbConfig;

use super::*;
use crate::home::sidecar;

/// Marks a database whose messages came from another session, until a login makes them this one's.
pub(super) const ADOPTED: &str = "adopted";

/// What is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adoption<'a> {
    /// Sending stays paused: it is paused in the database that is replaced.
    pub pause: bool,
    /// What waits in the outbox is rejected, with these words, and the session does not count as one
    /// that was linked.
    pub reject: Option<&'a str>,
}

/// What was settled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// Whether sending was paused now.
    pub paused: bool,
    /// How many waiting messages were rejected.
    pub rejected: u64,
}

/// Whether sending is paused in a database that nobody else has open; `None` when that cannot be read.
pub fn paused_in(path: &Path) -> Option<bool> {
    let way = if sidecar(path, "-wal").exists() { reading::Way::StillWithLog } else { reading::Way::Still };
    let connection = reading::connect(path, way).ok()?;
    setting(&connection, "outbound_paused").ok().map(|text| text.as_deref() == Some("true"))
}

/// Settles a database that was just unpacked and that nobody else has. Where there is nothing to settle, no
/// byte is changed.
pub fn adopt(path: &Path, adoption: Adoption<'_>) -> Result<Adopted> {
    if adoption == (Adoption { pause: false, reject: None }) {
        return Ok(Adopted::default());
    }
    let failed = |error| open::failed(path, error);
    disk::faults::point("adopt", path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let adopted = edit(&mut connection, adoption).map_err(failed)?;
    // Everything into the file itself: what is moved from here on is one file.
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    if busy || sidecar(path, "-wal").exists() {
        return Err(Error::new(ErrorKind::Locked, format!("somebody has the unpacked {} open", path.display()))
            .hint("close the program that has it open (`lsof` names it), then run the command again"));
    }
    disk::sync_file(path)?;
    Ok(adopted)
}

fn edit(connection: &mut Connection, adoption: Adoption<'_>) -> rusqlite::Result<Adopted> {
    // It came from elsewhere: nothing in its schema may run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = clock::now_ms();
    let mut adopted = Adopted::default();
    // What has no such tables has nothing to send; the daemon says what it thinks of it.
    let ours: bool = transaction.query_row(
        "SELECT count(*) = 3 FROM sqlite_schema WHERE type = 'table' AND name IN ('settings', 'outbox', 'events')",
        [],
        |row| row.get(0),
    )?;
    if !ours {
        return Ok(adopted);
    }
    if adoption.pause && setting(&transaction, "outbound_paused")?.as_deref() != Some("true") {
        set_setting(&transaction, "outbound_paused", Some("true"))?;
        add_event(&transaction, "outbound", now, &json!({ "paused": true }))?;
        adopted.paused = true;
    }
    if let Some(reason) = adoption.reject {
        let waiting: Vec<String> = transaction
            .prepare("SELECT message_id FROM outbox WHERE state IN ('queued', 'sending') ORDER BY number")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for message_id in &waiting {
            transaction.execute(
                "UPDATE outbox SET state = 'rejected', changed_ms = ?2, error = ?3 WHERE message_id = ?1",
                params![message_id, now, reason],
            )?;
            if let Some(row) = outgoing_by(&transaction, "message_id", message_id)? {
                outbox_event(&transaction, &row, now)?;
            }
        }
        adopted.rejected = waiting.len() as u64;
        set_setting(&transaction, ADOPTED, Some("true"))?;
    }
    transaction.commit()?;
    Ok(adopted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_rejected_and_a_pause_is_kept_and_nothing_lies_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.db");
        let messages = Messages::open(&path).unwrap();
        messages.set_account("1@s.whatsapp.net").unwrap();
        for id in ["a", "b"] {
            messages.enqueue(id, id, "2@s.whatsapp.net", "text", 1).unwrap();
        }
        messages.take_due(5).unwrap();
        drop(messages);
        let before = std::fs::read(&path).unwrap();
        assert_eq!(adopt(&path, Adoption { pause: false, reject: None }).unwrap(), Adopted::default());
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(paused_in(&path), Some(false));

        let adopted = adopt(&path, Adoption { pause: true, reject: Some("from elsewhere") }).unwrap();
        assert_eq!(adopted, Adopted { paused: true, rejected: 2 });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(paused_in(&path), Some(true));
        let messages = Messages::open(&path).unwrap();
        assert!(messages.outbound_paused().unwrap() && !messages.was_linked().unwrap());
        assert!(messages.take_due(i64::MAX).unwrap().is_none());
        let events = messages.events_after(0, 100).unwrap();
        assert!(format!("{events:?}").contains("from elsewhere"), "{events:?}");
        // A login makes it this session's own.
        messages.set_account("1@s.whatsapp.net").unwrap();
        assert!(messages.was_linked().unwrap());
        assert_eq!(paused_in(&folder.path().join("none")), None);
    }
}
