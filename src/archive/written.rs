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
    /// The folder or the address that it was written to.
    pub location: String,
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
    /// SHA-256 of the file, as it was read back.
    pub sha256: Option<String>,
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
            sha256: Option<String>,
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
            location: super::verified::location(entry),
            name: data.name.or(last)?,
            stamp: data.stamp,
            whole: data.whole,
            created_ms: data.created_ms.unwrap_or(entry.at_ms),
            parent_id: data.parent_id,
            sha256: data.sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::archive::history::History;

    #[test]
    fn what_was_never_read_back_counts_for_nothing() {
        let stamp = Stamp { size_bytes: 1, modified_s: 2, modified_ns: 3, etag: None };
        let entry = |more: serde_json::Value| {
            let mut data = json!({
                "archive_id": "a", "path": "s3://b/n", "location": "s3://b", "name": "n", "stamp": stamp, "whole": true,
            });
            data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let (session, verb, state) = (Some("main".into()), "backup".into(), "finished".into());
            Entry { id: 1, at_ms: 5, session, verb, pid: 1, state, data }
        };
        for cut_off in [json!({}), json!({ "read_back": false }), json!({ "read_back": false, "level": null })] {
            let history = History::of(&[entry(cut_off.clone())]);
            assert_eq!(history, History::default(), "{cut_off}");
            assert!(history.remembered("n", &stamp, "home").is_none() && history.id("n", &stamp).is_none(), "{cut_off}");
            assert_eq!((history.written("n", &stamp), history.sha256("a", "n", &stamp)), (None, None), "{cut_off}");
            let standing = history.standing("a", "n", &stamp);
            assert!(standing.verified.is_none() && standing.failed.is_none(), "{cut_off}");
        }
        for good in [json!({ "read_back": true }), json!({ "level": "quick" })] {
            let history = History::of(&[entry(good.clone())]);
            let known = history.remembered("n", &stamp, "home").unwrap();
            assert!(known.checked.is_some() && history.written[0].location == "s3://b", "{good}");
        }
    }
}
