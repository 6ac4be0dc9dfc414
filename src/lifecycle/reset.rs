//! Removing a session: its files are held, backed up by the caller, renamed aside, then deleted.
//!
//! Start with [`Site::hold`] and [`Site::reset`].

use std::path::PathBuf;

use super::Site;
use crate::backup::Hold;
use crate::clock;
use crate::confirm::Confirmed;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{AsideKind, SessionPaths, sidecar};
use crate::journal::{Journal, Outcome};

impl Site<'_> {
    /// What a reset would remove. Files that are not this session's artifacts are not in it.
    pub fn reset_plan(&self) -> Result<Vec<PathBuf>> {
        let mut artifacts = Vec::new();
        let folder = self.session.folder();
        let entries = std::fs::read_dir(folder).map_err(|error| disk::cannot("list", folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| disk::cannot("list", folder, error))?.path();
            if path != self.session.lock() {
                artifacts.push(path);
            }
        }
        artifacts.sort();
        Ok(artifacts)
    }

    /// Takes the session for a reset: from here to the removal nobody else starts or changes it.
    pub fn hold(&self) -> Result<Held> {
        let hold = Hold::take(self.session, "reset")?;
        let files = stores(self.session)?;
        Ok(Held { hold, files })
    }

    /// Removes the session. The caller has made and verified a backup while it held the session;
    /// `archive` is asked once more whether that backup is still there. The token says that the
    /// operator agreed. With `keeps`, for a session that its archive holds only in part, the folder is set aside
    /// as an old copy, which is returned; else it is removed. The folder is renamed aside before anything is deleted, so that a kill at
    /// any moment leaves the whole session or none of it, and [`Site::recover_reset`] the rest.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when a program without regard for the lock wrote to the stores since
    /// [`Site::hold`], and what `archive` fails with. Then nothing was removed.
    pub fn reset(
        &self,
        journal: &Journal,
        held: Held,
        backup: &str,
        keeps: bool,
        archive: &dyn Fn() -> Result<()>,
        _confirmed: Confirmed,
    ) -> Result<Option<PathBuf>> {
        let now = clock::compact(clock::now());
        let aside = match keeps {
            // The name under which old copies are found, listed and pruned.
            true => self.session.beside(AsideKind::Reset.name(), &now),
            false => self.session.beside("reset", &now),
        };
        archive()?;
        let now = stores(self.session)?;
        if let Some((path, _)) = now.iter().zip(&held.files).find(|(now, then)| now != then).map(|(now, _)| now) {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("some program wrote to {} after it was backed up, so nothing was removed", path.display()),
            )
            .hint("close what has the session's databases open (`lsof` or `fuser` names it), then run the reset again"));
        }
        let data = serde_json::json!({ "aside": aside, "backup": backup, "keeps": keeps });
        let entry = journal.begin(Some(self.session.name()), "reset", &data)?;
        disk::rename(self.session.folder(), &aside)?;
        match keeps {
            // The lock went along, and whoever looks at the copy would take it for one that a process left.
            true => disk::remove_file(&aside.join("LOCK"))?,
            false => disk::remove_folder(&aside)?,
        }
        journal.end(entry, Outcome::Finished)?;
        drop(held);
        Ok(keeps.then_some(aside))
    }

    /// Finishes resets that were killed on their way: removes what they had set aside.
    pub fn recover_reset(&self, journal: &Journal) -> Result<()> {
        for entry in journal.open_entries(self.session.name())?.into_iter().filter(|entry| entry.verb == "reset") {
            let data: serde_json::Value = entry.data()?;
            let Some(aside) = data.get("aside").and_then(serde_json::Value::as_str).map(PathBuf::from) else { continue };
            if aside.parent() != Some(self.home.sessions().as_path()) {
                return Err(Error::new(
                    ErrorKind::Denied,
                    format!("the journal wants {} removed, which is no session of this home", aside.display()),
                )
                .hint("the home was moved or the journal was edited; look at it before anything is removed"));
            }
            // Its process may be alive and at work: then the lock is held, inside one folder or the other.
            let held = |folder: &std::path::Path| {
                Lock::look(&folder.join("LOCK"))
                    .is_ok_and(|state| matches!(state, LockState::Held(Some(owner)) if owner.role == "reset"))
            };
            if held(&aside) || held(self.session.folder()) {
                continue;
            }
            let outcome = if aside.exists() || !self.session.exists() { Outcome::Finished } else { Outcome::Failed };
            if data.get("keeps").and_then(serde_json::Value::as_bool) != Some(true) {
                disk::remove_folder(&aside)?;
            }
            journal.end(entry.id, outcome)?;
        }
        Ok(())
    }
}

/// A session that is held for its reset, and what its stores were like when that began.
#[derive(Debug)]
pub struct Held {
    hold: Hold,
    files: Vec<(PathBuf, Option<FileState>)>,
}

impl Held {
    /// The lock, for the backup.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }
}

/// What changes when somebody writes to a file: device, inode, size, and the time in nanoseconds.
type FileState = (u64, u64, u64, i64, i64);

/// The state of everything that committed data may be in; `None` for what is not there. An empty log holds none: whoever
/// opens a database to read in the moment in which its daemon closes it leaves one.
fn stores(session: &SessionPaths) -> Result<Vec<(PathBuf, Option<FileState>)>> {
    use std::os::unix::fs::MetadataExt;
    let mut states = Vec::new();
    for database in [session.session_db(), session.wpp_db()] {
        for ending in ["", "-wal", "-journal"] {
            let path = sidecar(&database, ending);
            let state = match path.symlink_metadata() {
                Ok(file) if file.size() == 0 && !ending.is_empty() => None,
                Ok(file) => Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(disk::cannot("look at", &path, error)),
            };
            states.push((path, state));
        }
    }
    Ok(states)
}
