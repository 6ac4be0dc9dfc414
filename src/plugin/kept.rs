//! What the journal knows of `plugins.lock`: what it hashed to each time that wpp wrote it. Whoever can write the
//! file can grant in it what he likes, and only its hash in another place shows it. Start with [`newest`].
//!
//! Rows are only ever added, and the newest counts. A home whose journal was lost, or is older than these rows,
//! has none: then the file is taken as it is once, and that is told.

use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};

use crate::doctor::probe::journal::open_entries;
use crate::error::{Context as _, Result};
use crate::home::Home;
use crate::journal::{Journal, Outcome};

/// The verb of its rows.
const VERB: &str = "plugins-lock";

/// How the file came to be what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// `wpp plugin` wrote it.
    Written,
    /// It lay there, and nothing was kept of it.
    Found,
    /// It was changed by somebody else, and the operator took it as it is.
    Accepted,
}

impl How {
    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            How::Written => "written",
            How::Found => "found",
            How::Accepted => "accepted",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    sha256: String,
    how: How,
    /// What it hashed to before it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

/// What is known of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it hashes to.
    pub sha256: String,
    /// How it came to be so.
    pub how: How,
    /// Since when, milliseconds since the epoch.
    pub at_ms: i64,
    /// What it hashed to before, while nobody knows whether it was written.
    before: Option<String>,
}

impl Kept {
    /// Whether a file that hashes to this is the one.
    pub fn covers(&self, sha256: &str) -> bool {
        self.sha256 == sha256 || self.before.as_deref() == Some(sha256)
    }
}

/// The newest that was kept; `None` when nothing was. It is a look: a journal of an earlier version stays one, whoever
/// looks.
pub fn newest(home: &Home) -> Result<Option<Kept>> {
    let Some(journal) = open_entries(&home.journal())? else { return Ok(None) };
    of(&journal)
}

fn of(journal: &Journal) -> Result<Option<Kept>> {
    let sql = "SELECT at_ms, state, data FROM entry WHERE session IS NULL AND verb = ?1 ORDER BY id DESC LIMIT 1";
    let found: Option<(i64, String, String)> =
        journal.read(|db| db.query_row(sql, [VERB], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional())?;
    let Some((at_ms, state, data)) = found else { return Ok(None) };
    let row: Row = serde_json::from_str(&data)
        .while_doing(|| "what the journal says of plugins.lock cannot be read".into())
        .map_err(|error| {
            error.hint("it was written by another version of wpp, or by somebody else; `wpp plugin accept` writes it anew")
        })?;
    let before = row.before.filter(|_| state == "open");
    Ok(Some(Kept { sha256: row.sha256, how: row.how, at_ms, before }))
}

/// Keeps what the file hashes to.
pub fn record(home: &Home, sha256: &str, how: How) -> Result<Kept> {
    let journal = Journal::open(&home.journal())?;
    journal.record(None, VERB, &Row { sha256: sha256.to_owned(), how, before: None })?;
    Ok(Kept { sha256: sha256.to_owned(), how, at_ms: crate::clock::now_ms(), before: None })
}

/// A file that is being written.
pub struct Writing {
    journal: Journal,
    id: i64,
    kept: Kept,
}

/// Keeps what the file will hash to, before it is written.
pub fn begin(home: &Home, sha256: &str, before: Option<&str>) -> Result<Writing> {
    let journal = Journal::open(&home.journal())?;
    let row = Row { sha256: sha256.to_owned(), how: How::Written, before: before.map(str::to_owned) };
    let id = journal.begin(None, VERB, &row)?;
    let kept = Kept { sha256: row.sha256, how: row.how, at_ms: crate::clock::now_ms(), before: None };
    Ok(Writing { journal, id, kept })
}

impl Writing {
    /// It is written: the old one is no longer any good.
    pub fn end(self) -> Result<Kept> {
        self.journal.end(self.id, Outcome::Finished)?;
        Ok(self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::HomeKind;

    #[test]
    fn the_old_file_is_good_only_until_the_new_one_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        assert_eq!(home.kind(), HomeKind::Live);
        home.ensure().unwrap();
        assert_eq!(newest(&home).unwrap(), None);
        record(&home, "one", How::Found).unwrap();
        let writing = begin(&home, "two", Some("one")).unwrap();
        let kept = newest(&home).unwrap().unwrap();
        assert!(kept.covers("one") && kept.covers("two") && !kept.covers("three"));
        writing.end().unwrap();
        let kept = newest(&home).unwrap().unwrap();
        assert!(!kept.covers("one") && kept.covers("two") && kept.how == How::Written, "{kept:?}");
    }
}
