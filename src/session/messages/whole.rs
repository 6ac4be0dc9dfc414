//! Whether `wpp.db` has its tables, and what they held: SQLite finds nothing wrong with a table that somebody dropped
//! or emptied.

use std::sync::LazyLock;

use rusqlite::Connection;

use super::open::{APPLICATION_ID, MIGRATIONS, name_of, schema};

/// The tables of each version, from 1.
static TABLES: LazyLock<rusqlite::Result<Vec<Vec<String>>>> = LazyLock::new(|| {
    let model = Connection::open_in_memory()?;
    // The index and its parts are made again from the messages.
    let sql = "SELECT name FROM sqlite_schema
               WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'messages\\_fts%' ESCAPE '\\'";
    let made = MIGRATIONS.iter().map(|(_, migration)| {
        model.execute_batch(migration)?;
        model.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    });
    made.collect()
});

/// The tables that a database of this version has to hold, without those of the full-text index; `None` for a version
/// that is not known here.
pub fn tables(version: i64) -> rusqlite::Result<Option<&'static [String]>> {
    let known = TABLES.as_ref().map_err(|error| {
        let reason = format!("the tables of wpp.db cannot be made in memory: {error}");
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOMEM), Some(reason))
    })?;
    Ok(usize::try_from(version).ok().and_then(|version| version.checked_sub(1)).and_then(|at| known.get(at)).map(Vec::as_slice))
}

/// What a database is that holds something and is none of messages.
pub fn stranger(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application == APPLICATION_ID {
        return Ok(None);
    }
    let found = schema(connection)?;
    Ok((!found.is_empty()).then(|| name_of(&found)))
}

/// Tables whose rows are gone, as far as others show that there were some. What waits to be sent or to be read, and
/// the contacts' names, leave no trace elsewhere.
const EMPTIED: &[(&str, &str)] = &[
    ("migrations", "SELECT NOT EXISTS (SELECT 1 FROM migrations)"),
    // Their newest rows are never removed.
    ("events", "SELECT NOT EXISTS (SELECT 1 FROM events) AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')"),
    (
        "transitions",
        "SELECT NOT EXISTS (SELECT 1 FROM transitions) AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'transitions')",
    ),
    ("chats", "SELECT NOT EXISTS (SELECT 1 FROM chats) AND EXISTS (SELECT 1 FROM messages)"),
    ("messages", "SELECT NOT EXISTS (SELECT 1 FROM messages) AND EXISTS (SELECT 1 FROM chats WHERE last_message_ms > 0)"),
    // Nothing is READY before a login has shown whose the messages are.
    ("settings", "SELECT NOT EXISTS (SELECT 1 FROM settings) AND EXISTS (SELECT 1 FROM transitions WHERE to_state = 'READY')"),
];

/// The tables that somebody emptied, of a database that has all of them.
pub fn emptied(connection: &Connection) -> rusqlite::Result<Vec<&'static str>> {
    let mut emptied = Vec::new();
    for (table, sql) in EMPTIED {
        if connection.prepare_cached(sql)?.query_row([], |row| row.get(0))? {
            emptied.push(*table);
        }
    }
    Ok(emptied)
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::{emptied, tables};

    #[test]
    fn each_version_has_its_tables_and_an_unknown_one_none() {
        assert_eq!(tables(0).unwrap(), None);
        assert_eq!(tables(VERSION + 1).unwrap(), None);
        for version in 1..=VERSION {
            let tables = tables(version).unwrap().unwrap();
            assert!(tables.iter().any(|name| name == "outbox") && !tables.iter().any(|name| name.contains("fts")), "{tables:?}");
        }
    }

    #[test]
    fn a_table_that_was_emptied_is_told_by_what_others_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.db");
        let messages = Messages::open(&path).unwrap();
        let raw = Connection::open(&path).unwrap();
        assert_eq!(emptied(&raw).unwrap(), Vec::<&str>::new(), "a new one lacks nothing");
        messages.set_account("1@s.whatsapp.net").unwrap();
        let message = Incoming { id: "i".into(), chat: "c".into(), sender: "s".into(), text: "t".into(), ..Incoming::default() };
        messages.ingest(&Incoming { sent_ms: 5, ..message }).unwrap();
        raw.execute_batch(
            "INSERT INTO transitions (at_ms, from_state, to_state, reason) VALUES (1, 'SYNCING', 'READY', 'normal')",
        )
        .unwrap();
        assert_eq!(emptied(&raw).unwrap(), Vec::<&str>::new());
        for (table, _) in super::EMPTIED {
            raw.execute_batch(&format!("BEGIN; DELETE FROM {table}")).unwrap();
            assert_eq!(emptied(&raw).unwrap(), [*table]);
            raw.execute_batch("ROLLBACK").unwrap();
        }
    }
}
