//! What the journal keeps of the checks of an archive: each backup that was verified or read back, and
//! each `wpp backup verify`. Start with [`Record::of`].

use serde::Deserialize;

use super::retention::Check;
use super::shelf::Stamp;
use super::verify::Level;
use crate::journal::Entry;

/// One check of one file, by this home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The session's name.
    pub session: String,
    /// When the check began, milliseconds since the epoch.
    pub at_ms: i64,
    /// Whether the archive was written in the same act.
    pub is_backup: bool,
    /// The archive's id.
    pub archive_id: String,
    /// The file's name at its destination, if it was written down.
    pub name: Option<String>,
    /// What the file was: another one of the same name was not checked.
    pub stamp: Stamp,
    /// How far it was verified; `None` when it was only read back.
    pub level: Option<Level>,
    /// Whether both databases are inside and were sound; known of backups.
    pub whole: bool,
    /// When its snapshot was taken; known of backups.
    pub created_ms: Option<i64>,
    /// The id of the archive that it is an increment of; known of backups.
    pub parent: Option<String>,
}

impl Record {
    /// The record in an entry, if it holds one of a check that the archive passed.
    pub fn of(entry: &Entry) -> Option<Record> {
        #[derive(Deserialize)]
        struct Data {
            archive_id: String,
            name: Option<String>,
            stamp: Stamp,
            level: Option<Level>,
            #[serde(default)]
            read_back: bool,
            #[serde(default)]
            whole: bool,
            created_ms: Option<i64>,
            parent: Option<String>,
            failed: Option<String>,
        }
        let is_backup = match (entry.verb.as_str(), entry.state.as_str()) {
            ("backup", "finished") => true,
            ("verify", "done" | "finished") => false,
            _ => return None,
        };
        let data: Data = entry.data().ok()?;
        (data.failed.is_none() && (data.level.is_some() || data.read_back)).then_some(Record {
            session: entry.session.clone()?,
            at_ms: entry.at_ms,
            is_backup,
            archive_id: data.archive_id,
            name: data.name,
            stamp: data.stamp,
            level: data.level,
            whole: data.whole,
            created_ms: data.created_ms,
            parent: data.parent,
        })
    }

    /// How far the file was checked.
    pub fn check(&self) -> Check {
        self.level.map_or(Check::ReadBack, Check::Verified)
    }
}
