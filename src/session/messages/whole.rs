//! Whether `wpp.db` has its tables, and what they held: SQLite finds nothing wrong with a table that somebody dropped
//! or emptied.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::Connection;

use super::open::{APPLICATION_ID, MIGRATIONS, name_of, schema};

/// A table that a database has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// The tables of each version, from 1.
static TABLES: LazyLock<rusqlite::Result<Vec<Vec<Table>>>> = LazyLock::new(|| {
    let model = Connection::open_in_memory()?;
    let made = MIGRATIONS.iter().map(|(_, migration)| {
        model.execute_batch(migration)?;
        let mut tables = columns(&model)?;
        // The index and its parts are made again from the messages.
        tables.retain(|name, _| !name.starts_with("sqlite_") && !name.starts_with("messages_fts"));
        Ok(tables.into_iter().map(|(name, columns)| Table { name, columns }).collect())
    });
    made.collect()
});

/// The columns of every table of a database, without those of a full-text index.
pub fn columns(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Vec<String>>> {
    // To ask for the columns of a full-text index opens it, which fails where it is damaged.
    let sql = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'";
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        columns.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(columns)
}

/// The tables that a database of this version has to hold, without those of the full-text index; `None` for a version
/// that is not known here.
pub fn tables(version: i64) -> rusqlite::Result<Option<&'static [Table]>> {
    let known = TABLES.as_ref().map_err(|error| {
        let reason = format!("the tables of wpp.db cannot be made in memory: {error}");
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOMEM), Some(reason))
    })?;
    Ok(usize::try_from(version).ok().and_then(|version| version.checked_sub(1)).and_then(|at| known.get(at)).map(Vec::as_slice))
}

/// The tables that a database lacks and one of this version holds, each with the columns that are missing: none where the
/// whole table is. Nothing also for a version that is not known here.
pub fn missing(connection: &Connection, version: i64) -> rusqlite::Result<Vec<(&'static str, Vec<&'static str>)>> {
    let there = columns(connection)?;
    let lacks = |table: &'static Table| {
        let Some(has) = there.get(&table.name) else { return Some((table.name.as_str(), Vec::new())) };
        let lacks: Vec<&str> = table.columns.iter().filter(|column| !has.contains(column)).map(String::as_str).collect();
        (!lacks.is_empty()).then_some((table.name.as_str(), lacks))
    };
    Ok(tables(version)?.unwrap_or_default().iter().filter_map(lacks).collect())
}

/// The first of what [`missing`] finds, in words.
pub(super) fn lacks(connection: &Connection, version: i64) -> rusqlite::Result<Option<String>> {
    Ok(missing(connection, version)?.first().map(|(table, columns)| match columns.as_slice() {
        [] => format!("it is a wpp.db without its table {table}"),
        columns => format!("it is a wpp.db whose table {table} has no {}", columns.join(", ")),
    }))
}

/// The version that a database says it has, and the number of the newest migration that it has written down, which are
/// the same; `None` where it has written down none.
pub fn versions(connection: &Connection) -> Option<(i64, i64)> {
    // In one look: a daemon may just be changing both.
    let sql = "SELECT user_version, (SELECT max(number) FROM migrations) FROM pragma_user_version";
    connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).ok()
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
            let outbox = tables.iter().find(|table| table.name == "outbox").unwrap();
            assert_eq!(outbox.columns.iter().any(|column| column == "account"), version >= 3, "{tables:?}");
            assert!(!tables.iter().any(|table| table.name.contains("fts")), "{tables:?}");
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
