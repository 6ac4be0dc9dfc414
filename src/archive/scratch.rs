//! Folders that hold unpacked contents for a moment: private, locked while used, removed with the
//! value, and swept when their process was killed. Start with [`Scratch::make`].

use std::path::{Path, PathBuf};

use crate::disk::{self, Lock, LockState};
use crate::error::Result;

const PREFIX: &str = ".wpp-scratch-";
const LOCK_SUFFIX: &str = ".lock";
/// What a folder is called that somebody wants to look at.
const KEPT_PREFIX: &str = "wpp-kept-";

/// A private folder. Its lock lies beside it, is there before it and goes after it, so that a
/// folder whose lock nobody holds belongs to nobody.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    // Held until the folder is gone.
    _lock: Lock,
}

impl Scratch {
    /// Makes one in `parent`, and removes those that killed processes left there.
    pub fn make(parent: &Path) -> Result<Scratch> {
        disk::create_folder(parent)?;
        sweep(parent)?;
        let name = format!("{PREFIX}{}", uuid::Uuid::new_v4().simple());
        let lock = Lock::acquire(&parent.join(format!("{name}{LOCK_SUFFIX}")), "verify")?;
        let folder = parent.join(name);
        let scratch = Scratch { folder, _lock: lock };
        disk::create_folder(&scratch.folder)?;
        Ok(scratch)
    }

    /// Where contents go; empty at first.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Leaves the folder on the disk, under a name that no sweep removes.
    pub fn keep(self) -> Result<PathBuf> {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        let kept = self.folder.with_file_name(name.replacen(PREFIX, KEPT_PREFIX, 1));
        disk::rename(&self.folder, &kept)?;
        Ok(kept)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept later.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Removes the scratch folders in `parent` that killed processes left.
pub fn sweep(parent: &Path) -> Result<()> {
    for entry in std::fs::read_dir(parent).map_err(|error| disk::cannot("list", parent, error))? {
        let entry = entry.map_err(|error| disk::cannot("list", parent, error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let name = name.strip_suffix(LOCK_SUFFIX).unwrap_or(name);
        let (folder, lock) = (parent.join(name), parent.join(format!("{name}{LOCK_SUFFIX}")));
        // What only has such a name is somebody else's, and must not be in the way.
        let is_other = |seen: std::io::Result<std::fs::Metadata>| seen.is_ok_and(|seen| !seen.is_dir());
        let Ok(state) = Lock::look(&lock) else { continue };
        if !matches!(state, LockState::Held(_)) && !is_other(folder.symlink_metadata()) {
            disk::remove_folder(&folder)?;
            disk::remove_file(&lock)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_has_the_name_of_a_scratch_folder_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(format!("{PREFIX}{name}"));
        std::os::unix::fs::symlink(at("loop.lock"), at("loop.lock")).unwrap();
        std::os::unix::fs::symlink("/nowhere", at("link.lock")).unwrap();
        std::os::unix::fs::symlink(folder.path(), at("other")).unwrap();
        std::fs::write(at("file"), "mine").unwrap();
        std::fs::create_dir(at("folder.lock")).unwrap();
        let before = std::fs::read_dir(folder.path()).unwrap().count();
        drop(Scratch::make(folder.path()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);
    }

    #[test]
    fn a_scratch_folder_goes_with_its_value_and_a_forgotten_one_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let forgotten = folder.path().join(format!("{PREFIX}x"));
        std::fs::create_dir(&forgotten).unwrap();
        std::fs::write(forgotten.join("session.db"), "secret").unwrap();
        std::fs::write(folder.path().join(format!("{PREFIX}y{LOCK_SUFFIX}")), "{}").unwrap();
        let one = Scratch::make(folder.path()).unwrap();
        let two = Scratch::make(folder.path()).unwrap();
        assert!(!forgotten.exists() && one.path().exists() && two.path().exists());
        let kept = one.keep().unwrap();
        drop(two);
        drop(Scratch::make(folder.path()).unwrap());
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [kept]);
    }
}
