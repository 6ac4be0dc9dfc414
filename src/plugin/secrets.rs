//! Secrets of plugins, which plugins never see. Start with [`Secrets`].
//!
//! A secret NAME of a plugin is in the environment as `WPP_SECRET_NAME` (letters large, `-` as `_`),
//! or in the file `secrets/NAME` of the home, of mode 0600.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::disk;
use crate::error::{Error, ErrorKind, Result};

const SECRET_BYTES_MAX: u64 = 64 << 10;
/// A shorter text than this is found in answers by chance.
const BLOT_BYTES_MIN: usize = 4;

/// Where secrets come from, and those that were used.
pub struct Secrets {
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    used: Mutex<BTreeMap<String, String>>,
}

impl Secrets {
    /// From a folder, and from variables that go before it.
    pub fn new(folder: &Path, environment: &BTreeMap<String, String>) -> Secrets {
        let environment = environment.iter().filter(|(name, _)| name.starts_with("WPP_SECRET_"));
        Secrets {
            folder: folder.to_owned(),
            environment: environment.map(|(name, value)| (name.clone(), value.clone())).collect(),
            used: Mutex::default(),
        }
    }

    /// The variable that holds a secret.
    pub fn variable(name: &str) -> String {
        format!("WPP_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"))
    }

    /// A secret; its name is one that [`super::grants::is_secret_name`] lets through.
    pub fn get(&self, name: &str) -> Result<String> {
        if let Some(known) = self.used.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(known.clone());
        }
        let secret = match self.environment.get(&Secrets::variable(name)) {
            Some(value) => value.clone(),
            None => self.read(name)?,
        };
        if secret.is_empty() || secret.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Error::new(ErrorKind::Denied, format!("the secret {name} is empty or holds control characters"))
                .hint("write it on one line"));
        }
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), secret.clone());
        Ok(secret)
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        let missing = || {
            Error::new(ErrorKind::Denied, format!("there is no secret {name}")).hint(format!(
                "set {}, or write it to {} with mode 0600",
                Secrets::variable(name),
                path.display()
            ))
        };
        let seen = match std::fs::symlink_metadata(&path) {
            Ok(seen) => seen,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
            Err(error) => return Err(disk::cannot("look at", &path, error)),
        };
        use std::os::unix::fs::MetadataExt as _;
        if !seen.is_file() || seen.mode() & 0o077 != 0 {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("others may read the secret {}, or it is no file", path.display()),
            )
            .hint(format!("chmod 600 {}", path.display())));
        }
        let text = disk::read_small(&path, SECRET_BYTES_MAX).map_err(|error| disk::cannot("read", &path, error))?;
        let text = String::from_utf8(text).map_err(|_| {
            Error::new(ErrorKind::Denied, format!("the secret {} is no text", path.display())).hint("write it as UTF-8")
        })?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// A text in which every secret that was used is blotted out.
    pub fn blot(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.blot_bytes(text.as_bytes().to_vec())).into_owned()
    }

    /// The same for bytes.
    pub fn blot_bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in used.values().filter(|secret| secret.len() >= BLOT_BYTES_MIN) {
            let secret = secret.as_bytes();
            let mut at = 0;
            while let Some(found) = bytes.get(at..).and_then(|rest| rest.windows(secret.len()).position(|part| part == secret)) {
                bytes.splice(at + found..at + found + secret.len(), *b"[secret]");
                at += found + b"[secret]".len();
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_from_the_environment_or_from_a_closed_file_and_blotted_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-key");
        let environment = BTreeMap::from([("WPP_SECRET_TOKEN_2".to_owned(), "t0ken".to_owned())]);
        let secrets = Secrets::new(folder.path(), &environment);
        assert_eq!(secrets.get("token-2").unwrap(), "t0ken");
        assert!(secrets.get("api-key").unwrap_err().hints()[0].contains("WPP_SECRET_API_KEY"));
        std::fs::write(&path, "s3cret\n").unwrap();
        disk::set_mode(&path, 0o644).unwrap();
        assert!(secrets.get("api-key").unwrap_err().hints()[0].contains("chmod 600"));
        disk::set_mode(&path, 0o600).unwrap();
        assert_eq!(secrets.get("api-key").unwrap(), "s3cret");
        assert_eq!(secrets.blot("a s3cret, t0ken and s3crets3cret"), "a [secret], [secret] and [secret][secret]");
        std::fs::write(folder.path().join("two"), "a\nb").unwrap();
        disk::set_mode(&folder.path().join("two"), 0o600).unwrap();
        assert!(secrets.get("two").is_err());
    }
}
