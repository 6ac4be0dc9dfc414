//! Old copies of a session's files that restores and new links have set aside beside it. They hold
//! the session's secrets; `wpp` removes them only when it is asked to. Start with [`survey`].

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Removal, VERB};
use crate::backup;
use crate::clock::{self, CalendarSpan, TimeZone, Timestamp};
use crate::confirm::Confirmed;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{AsideKind, SessionPaths, SetAside};
use crate::journal::{Journal, Outcome};

/// One old copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// The folder.
    pub path: PathBuf,
    /// Size of all files in it.
    pub size_bytes: u64,
    /// `old` for restores, `logged-out` for new links.
    pub kind: &'static str,
    /// When it was set aside, milliseconds since the epoch; `None` if its name does not tell.
    pub set_aside_ms: Option<i64>,
    /// Whether it stays.
    pub keep: bool,
    /// Why.
    pub reason: String,
}

/// Lists the old copies of a session, oldest first, and says which may go. Writes nothing.
pub fn survey(session: &SessionPaths, older_than: CalendarSpan, now: Timestamp) -> Result<Vec<Copy>> {
    weigh(&session.set_aside()?, older_than, now)
}

/// The same of old copies that were listed before.
pub fn weigh(copies: &[SetAside], older_than: CalendarSpan, now: Timestamp) -> Result<Vec<Copy>> {
    let mut found = Vec::new();
    for kind in AsideKind::ALL {
        let by = match kind {
            AsideKind::Restore => "a restore",
            AsideKind::NewLink => "a new link",
            AsideKind::Reset => "a reset",
        };
        let of_kind = copies.iter().filter(|copy| copy.kind == kind);
        let mut of_kind: Vec<_> = of_kind.map(|copy| (time(&copy.stamp), copy.path.clone())).collect();
        of_kind.sort();
        let newest = of_kind.iter().filter_map(|(time, _)| *time).max();
        let limit = older_than.before(now, &TimeZone::UTC);
        for (time, path) in of_kind {
            let (keep, reason) = match time {
                None => (true, "its name tells no time".to_owned()),
                Some(_) if time == newest => (true, format!("the newest that {by} has set aside")),
                Some(time) if time >= limit => (true, format!("not older than {older_than}")),
                Some(_) => (false, format!("older than {older_than}")),
            };
            let size_bytes = disk::folder_size_bytes(&path)?;
            found.push(Copy {
                path,
                size_bytes,
                kind: kind.name(),
                set_aside_ms: time.map(Timestamp::as_millisecond),
                keep,
                reason,
            });
        }
    }
    Ok(found)
}

/// Removes the copies that the survey lets go. The token says that the operator agreed.
pub fn apply(session: &SessionPaths, journal: &Journal, copies: &[Copy], _confirmed: Confirmed) -> Result<Vec<PathBuf>> {
    let _apart = backup::lock(session, VERB)?;
    super::settle(session, journal, None)?;
    if let Some(entry) = journal.open_entries(session.name())?.into_iter().find(|entry| entry.verb == "restore") {
        return Err(Error::new(
            ErrorKind::Locked,
            format!("a restore of session {} is unfinished (entry {} of the journal)", session.name(), entry.id),
        )
        .hint(format!("let it finish or undo itself: `wpp status --session {}`", session.name())));
    }
    let mut removed = Vec::new();
    for copy in copies.iter().filter(|copy| !copy.keep) {
        let name = file_name(&copy.path);
        let entry =
            journal.begin(Some(session.name()), VERB, &Removal::SetAside { name: name.clone(), size_bytes: copy.size_bytes })?;
        let leaving = leaving(session, &name);
        // A folder goes file by file; under its own name, a part of it would look like the whole.
        disk::rename(&copy.path, &leaving)?;
        disk::remove_folder(&leaving)?;
        journal.end(entry, Outcome::Finished)?;
        removed.push(copy.path.clone());
    }
    Ok(removed)
}

/// Finishes a removal that was killed; says whether the copy is gone.
pub(super) fn settle(session: &SessionPaths, name: &str) -> Result<bool> {
    let ours =
        AsideKind::ALL.iter().any(|kind| name.starts_with(&file_name(&session.beside(kind.name(), "")))) && !name.contains('/');
    if !ours {
        return Err(Error::new(
            ErrorKind::Denied,
            format!("the journal wants {name:?} removed, which is no old copy of a session"),
        )
        .hint("the journal was edited; look at it with `sqlite3` before anything is removed"));
    }
    disk::remove_folder(&leaving(session, name))?;
    Ok(!session.folder().with_file_name(name).exists())
}

/// The name of a copy that is on its way out.
fn leaving(session: &SessionPaths, name: &str) -> PathBuf {
    session.beside("leaving", name.trim_start_matches('.'))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The time in `20261121T031500Z-1a2b3c4d`.
fn time(stamp: &str) -> Option<Timestamp> {
    let text = stamp.get(..16).filter(|text| text.ends_with('Z'))?;
    let rest = stamp.get(16..)?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (clock::compact(time) == text && (rest.is_empty() || rest.starts_with('-'))).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_copies_go_by_the_time_in_their_names_and_the_newest_of_each_kind_stays() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(&folder.path().join("main"), "main");
        let make = |name: &str| {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::create_dir(folder.path().join(name).join("logs")).unwrap();
            std::fs::write(folder.path().join(name).join("wpp.db"), "123").unwrap();
            std::fs::write(folder.path().join(name).join("logs/wppd.log"), "45").unwrap();
        };
        for name in [
            ".main.old-20260101T000000Z-1a2b3c4d",
            ".main.old-20260301T000000Z-1a2b3c4d",
            ".main.old-20261120T000000Z-1a2b3c4d",
            ".main.logged-out-20260101T000000Z",
            ".main.old-whenever",
            ".other.old-20250101T000000Z-1a2b3c4d",
        ] {
            make(name);
        }
        std::os::unix::fs::symlink("/", folder.path().join(".main.old-20200101T000000Z-1a2b3c4d")).unwrap();
        let seen = |older: &str| -> Vec<(String, bool)> {
            let copies = survey(&session, older.parse().unwrap(), "2026-11-21T00:00:00Z".parse().unwrap()).unwrap();
            assert!(copies.iter().all(|copy| copy.size_bytes == 5));
            copies.iter().map(|copy| (file_name(&copy.path), copy.keep)).collect()
        };
        let expected = |keep: [bool; 3]| {
            vec![
                (".main.old-whenever".to_owned(), true),
                (".main.old-20260101T000000Z-1a2b3c4d".to_owned(), keep[0]),
                (".main.old-20260301T000000Z-1a2b3c4d".to_owned(), keep[1]),
                (".main.old-20261120T000000Z-1a2b3c4d".to_owned(), true),
                (".main.logged-out-20260101T000000Z".to_owned(), keep[2]),
            ]
        };
        assert_eq!(seen("30d"), expected([false, false, true]));
        assert_eq!(seen("10m"), expected([false, true, true]));
        assert_eq!(seen("1y"), expected([true, true, true]));
    }
}
