//! Whether the full-text index holds exactly what the messages hold: read from end to end, for a
//! proof. The daemon's own look ([`Messages::index_problem`]) is the quick one.

use rusqlite::{Connection, ErrorCode};

/// What is wrong with the full-text index, if anything is. The connection may write, to a copy that
/// nobody uses: SQLite asks for a write to check an index, and it is rolled back.
pub fn full_text_fault(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let present: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'messages_fts'", [], |row| row.get(0))?;
    if present == 0 {
        return Ok(Some("there is no full-text index".into()));
    }
    let (messages, indexed): (i64, i64) = connection.query_row(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages_fts_docsize)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if messages != indexed {
        return Ok(Some(format!("it holds {indexed} of {messages} messages")));
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    // Rank 1 has it compared with the messages themselves, word by word.
    let checked = connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)", []);
    connection.execute_batch("ROLLBACK")?;
    match checked {
        Ok(_) => Ok(None),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Ok(Some("its words are not the words of the messages".into()))
        }
        Err(error) => Err(error),
    }
}
