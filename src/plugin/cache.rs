//! Compiled components, kept so that a plugin starts in a millisecond. Start with [`Cache::at`].
//!
//! Compiled code runs as it is, so nobody else may have written it: the folder is 0700 and the files
//! 0600, both of this user, and each file begins with the hash of what follows. Its name is made of
//! the component's hash and of what else the code depends on, and both stand in it, too: two files
//! that changed places are told. What is not as it should be is compiled anew.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::Result;

/// A folder of compiled components.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

const HASH_BYTES: usize = 32;

impl Cache {
    /// The one in this folder, which is made if it is not there.
    pub fn at(folder: &Path) -> Result<Cache> {
        disk::create_folder(folder)?;
        Ok(Cache { folder: folder.to_owned() })
    }

    /// What a component was compiled to; `None` when it is not here, or not to be trusted.
    pub fn get(&self, component: &[u8], compatibility: u64) -> Option<Vec<u8>> {
        let me = rustix::process::geteuid().as_raw();
        let folder = std::fs::symlink_metadata(&self.folder).ok()?;
        if !folder.is_dir() || folder.uid() != me || folder.mode() & 0o077 != 0 {
            return None;
        }
        let key = key(component, compatibility);
        let path = self.path(&key);
        let seen = std::fs::symlink_metadata(&path).ok()?;
        if !seen.is_file() || seen.uid() != me || seen.mode() & 0o077 != 0 {
            return None;
        }
        let mut bytes = std::fs::read(&path).ok()?;
        let (head, compiled) = bytes.split_at_checked(2 * HASH_BYTES)?;
        let sound = head[..HASH_BYTES] == key && head[HASH_BYTES..] == sealed(&key, compiled);
        sound.then(|| {
            bytes.drain(..2 * HASH_BYTES);
            bytes
        })
    }

    /// Keeps what a component was compiled to. A cache that cannot be written to costs time, no more.
    pub fn put(&self, component: &[u8], compatibility: u64, compiled: &[u8]) {
        let key = key(component, compatibility);
        let mut bytes = Vec::with_capacity(2 * HASH_BYTES + compiled.len());
        bytes.extend_from_slice(&key);
        bytes.extend_from_slice(&sealed(&key, compiled));
        bytes.extend_from_slice(compiled);
        let _ = disk::write_atomic(&self.path(&key), &bytes);
    }

    fn path(&self, key: &[u8; HASH_BYTES]) -> PathBuf {
        self.folder.join(format!("{}.compiled", hex::encode(key)))
    }
}

// BLAKE3, because a plugin's start is made of hashing: compiled code is some megabytes, and SHA-256
// takes a millisecond for each.
fn key(component: &[u8], compatibility: u64) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("wpp: key of a compiled component, 2");
    hasher.update(&compatibility.to_le_bytes());
    hasher.update(component);
    hasher.finalize().into()
}

fn sealed(key: &[u8; HASH_BYTES], compiled: &[u8]) -> [u8; HASH_BYTES] {
    blake3::keyed_hash(key, compiled).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_put_in_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("compiled")).unwrap();
        cache.put(b"one", 1, b"code of one");
        cache.put(b"two", 1, b"code of two");
        assert_eq!(cache.get(b"one", 1).unwrap(), b"code of one");
        assert_eq!(cache.get(b"two", 1).unwrap(), b"code of two");
        // Another engine, and another component.
        assert_eq!((cache.get(b"one", 2), cache.get(b"three", 1)), (None, None));
        let (one, two) = (cache.path(&key(b"one", 1)), cache.path(&key(b"two", 1)));
        let whole = std::fs::read(&one).unwrap();
        // Every flipped bit, and every cut.
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&one, &bytes).unwrap();
            assert_eq!(cache.get(b"one", 1), None, "byte {at}");
            std::fs::write(&one, &whole[..at]).unwrap();
            assert_eq!(cache.get(b"one", 1), None, "cut at {at}");
        }
        // Two that changed places.
        std::fs::copy(&two, &one).unwrap();
        assert_eq!(cache.get(b"one", 1), None);
        std::fs::write(&one, &whole).unwrap();
        assert!(cache.get(b"one", 1).is_some());
        // Open to others.
        disk::set_mode(&one, 0o644).unwrap();
        assert_eq!(cache.get(b"one", 1), None);
        disk::set_mode(&one, 0o600).unwrap();
        disk::set_mode(&cache.folder, 0o755).unwrap();
        assert_eq!(cache.get(b"one", 1), None);
        disk::set_mode(&cache.folder, 0o700).unwrap();
        assert!(cache.get(b"one", 1).is_some());
        // A link is not followed.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(&one, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &one).unwrap();
        assert_eq!(cache.get(b"one", 1), None);
    }
}
