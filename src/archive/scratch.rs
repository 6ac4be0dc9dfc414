//! Folders that hold unpacked contents for a moment: private, locked while used, removed with the
//! value, and swept when their process was killed. Start with [`Scratch::make`].

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::disk::{self, Lock, LockState};
use crate::error::Result;

const PREFIX: &str = ".wpp-scratch-";

/// Long enough for the process that made a folder to lock it.
const AGE_WITHOUT_LOCK: Duration = Duration::from_secs(600);

/// A private folder.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    content: PathBuf,
    // Held until the folder is gone.
    _lock: Lock,
}

impl Scratch {
    /// Makes one in `parent`, and removes those that killed processes left there.
    pub fn make(parent: &Path) -> Result<Scratch> {
        disk::create_folder(parent)?;
        sweep(parent)?;
        let folder = parent.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        let content = folder.join("content");
        disk::create_folder(&content)?;
        let lock = Lock::acquire(&folder.join("LOCK"), "verify")?;
        Ok(Scratch { folder, content, _lock: lock })
    }

    /// Where contents go; empty at first.
    pub fn path(&self) -> &Path {
        &self.content
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept later.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn sweep(parent: &Path) -> Result<()> {
    for entry in std::fs::read_dir(parent).map_err(|error| disk::cannot("list", parent, error))? {
        let entry = entry.map_err(|error| disk::cannot("list", parent, error))?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let forgotten = match Lock::look(&entry.path().join("LOCK"))? {
            LockState::Held(_) => false,
            LockState::Stale(_) => true,
            LockState::Absent => {
                let made = entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                made.elapsed().unwrap_or_default() > AGE_WITHOUT_LOCK
            }
        };
        if forgotten {
            disk::remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_folder_goes_with_its_value_and_a_forgotten_one_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let forgotten = folder.path().join(format!("{PREFIX}x"));
        std::fs::create_dir(&forgotten).unwrap();
        std::fs::write(forgotten.join("LOCK"), "{}").unwrap();
        let one = Scratch::make(folder.path()).unwrap();
        let two = Scratch::make(folder.path()).unwrap();
        assert!(!forgotten.exists() && one.path().exists() && two.path().exists());
        drop((one, two));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
