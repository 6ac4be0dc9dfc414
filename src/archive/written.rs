//! What a home's journal says of the archives that it wrote: enough to know them again where they
//! cannot be read for lack of a key. Start with [`Written::of`].

use serde::Deserialize;

use super::shelf::Stamp;
use super::verify::Level;
use crate::journal::Entry;

/// One archive that was written, and verified or read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The session's name.
    pub session: String,
    /// When the backup began, milliseconds since the epoch.
    pub at_ms: i64,
    /// The archive's id.
    pub archive_id: String,
    /// Its name at its destination.
    pub name: String,
    /// The file as it was when it was done.
    pub stamp: Stamp,
    /// Whether both databases are inside and were sound.
    pub whole: bool,
    /// When its snapshot was taken, milliseconds since the epoch.
    pub created_ms: i64,
    /// The id of the archive that it is an increment of.
    pub parent_id: Option<String>,
}

impl Written {
    /// What an entry says, if it is one of a backup that ended well.
    pub fn of(entry: &Entry) -> Option<Written> {
        #[derive(Deserialize)]
        struct Data {
            archive_id: String,
            path: String,
            name: Option<String>,
            stamp: Stamp,
            whole: bool,
            created_ms: Option<i64>,
            parent_id: Option<String>,
            #[serde(default)]
            read_back: bool,
            level: Option<Level>,
        }
        if (entry.verb.as_str(), entry.state.as_str()) != ("backup", "finished") {
            return None;
        }
        let data: Data = entry.data().ok()?;
        // One that was cut off before it read back what it had written says neither.
        if !data.read_back && data.level.is_none() {
            return None;
        }
        // Older entries hold the path alone, and no time but their own.
        let last = data.path.rsplit('/').next().map(str::to_owned);
        Some(Written {
            session: entry.session.clone()?,
            at_ms: entry.at_ms,
            archive_id: data.archive_id,
            name: data.name.or(last)?,
            stamp: data.stamp,
            whole: data.whole,
            created_ms: data.created_ms.unwrap_or(entry.at_ms),
            parent_id: data.parent_id,
        })
    }
}
