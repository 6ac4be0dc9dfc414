//! The plugins of a home, each pinned to its bytes, and what each is allowed. Start with
//! [`Registry::open`].
//!
//! A plugin is the file `plugins/NAME.wasm` of the home; `plugins.lock` notes its SHA-256, where it
//! came from and what was granted to these very bytes. A file with other bytes than the lock notes is
//! not run, and has no grants. What the lock file itself hashes to stands in the journal: see [`super::kept`].

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::grants::{Grant, Grants};
use super::host::Interface;
use super::kept::{self, How, Kept};
use crate::disk::{self, Lock};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, is_session_name};

/// The largest component that is taken. One made of Python has 18 MiB.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;
const LOCK_BYTES_MAX: u64 = 1 << 20;
/// How long another change is waited for; none takes long.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the lock file and the journal are read again that do not agree: somebody may write them just now.
const READINGS: usize = 5;
const READING_PAUSE: Duration = Duration::from_millis(20);

/// What the lock notes of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// SHA-256 of the component, in hex.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was added, RFC 3339.
    pub added: String,
    /// The file that it was added from.
    pub source: String,
    /// The interfaces that it exports.
    pub interfaces: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// The public key of minisign that vouched for these bytes when they were added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// What the operator granted to these bytes.
    #[serde(default)]
    pub grants: Grants,
}

/// The document that is `plugins.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    plugin: BTreeMap<String, Pinned>,
}

impl Document {
    /// What is in the lock file, and what that hashes to; no hash without a file.
    fn read(home: &Home) -> Result<(Document, Option<String>)> {
        let path = home.plugins_lock();
        is_ours(home, &path)?;
        let wrong = |why: String| {
            Error::new(ErrorKind::Usage, format!("{} is not what wpp wrote: {why}", path.display()))
                .hint("no plugin is used until it is; restore the file from a backup, or move it away and add the plugins again")
        };
        let (document, hash) = match disk::read_small_if_there(&path, LOCK_BYTES_MAX) {
            Ok(Some(bytes)) => {
                let hash = sha256(&bytes);
                let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".into()))?;
                (toml::from_str::<Document>(&text).map_err(|error| wrong(error.message().to_owned()))?, Some(hash))
            }
            Ok(None) => (Document::default(), None),
            Err(error) => return Err(disk::cannot("read", &path, error)),
        };
        for (name, pinned) in &document.plugin {
            let hex = pinned.sha256.len() == 64 && pinned.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_session_name(name) || !hex {
                return Err(wrong(format!("the entry {name:?} has no plugin's name, or no SHA-256")));
            }
        }
        Ok((document, hash))
    }
}

/// Whoever may write this file grants what he likes: it is this user's, and nobody else may even read it.
fn is_ours(home: &Home, path: &Path) -> Result<()> {
    // Of a link, what it leads to; what is not there, or leads nowhere, whoever reads it tells.
    let Ok(seen) = std::fs::metadata(path) else { return Ok(()) };
    let (mode, owner) = (seen.mode() & 0o7777, seen.uid());
    let me = rustix::process::geteuid().as_raw();
    let of_home = disk::mode_and_owner(home.root())?.map(|(_, owner)| owner);
    let refused = |why: String, mend: String| {
        Err(Error::new(
            ErrorKind::Denied,
            format!("{} {why}, so whoever that is may have granted anything in it", path.display()),
        )
        .hint(format!("no plugin is used until it is yours alone: look at what it grants, then {mend}")))
    };
    if owner != me && Some(owner) != of_home {
        return refused(format!("belongs to user {owner}"), format!("`chown {me} {}`", path.display()));
    }
    if mode & 0o077 != 0 {
        return refused(format!("is open to others (mode {mode:04o})"), format!("`chmod 600 {}`", path.display()));
    }
    Ok(())
}

/// The plugins of a home.
pub struct Registry {
    home: Home,
    document: Document,
    /// What the lock file hashes to, if there is one.
    hash: Option<String>,
    /// What the journal knows of it.
    kept: OnceLock<Kept>,
}

impl Registry {
    /// Those of a home; none when it has no lock file.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when the lock file is not what wpp wrote, by its hash in the journal, or when somebody
    /// else may write it.
    pub fn open(home: &Home) -> Result<Registry> {
        let mut reading = 1;
        loop {
            let registry = Registry::as_it_is(home)?;
            let Some(hash) = &registry.hash else { return Ok(registry) };
            let Some(kept) = kept::newest(home)? else { return Ok(registry) };
            if kept.covers(hash) {
                // It was empty up to here.
                let _ = registry.kept.set(kept);
                return Ok(registry);
            }
            if reading == READINGS {
                return Err(registry.changed(hash, &kept));
            }
            reading += 1;
            std::thread::sleep(READING_PAUSE);
        }
    }

    /// What the lock file says, whoever wrote it: to show it to the operator, who decides.
    pub fn as_it_is(home: &Home) -> Result<Registry> {
        let (document, hash) = Document::read(home)?;
        Ok(Registry { home: home.clone(), document, hash, kept: OnceLock::new() })
    }

    fn changed(&self, hash: &str, kept: &Kept) -> Error {
        let path = self.home.plugins_lock();
        let text = format!(
            "{} is not what wpp wrote: its SHA-256 is {}… and was {}…",
            path.display(),
            &hash[..16],
            kept.sha256.get(..16).unwrap_or(&kept.sha256)
        );
        Error::new(ErrorKind::Denied, text)
            .hint("no plugin is used until that is settled: put the file back as it was, from a backup")
            .hint("or, if you know who changed it, `wpp plugin accept` shows what it allows and takes it as it is")
    }

    /// What the journal knows of the lock file; `None` of a home whose journal was lost or is older than that.
    pub fn kept(&self) -> Option<&Kept> {
        self.kept.get()
    }

    /// Keeps what the lock file hashes to where nothing was kept yet: from then on it is held to that. Whoever looks at
    /// another user's home writes nothing down there.
    pub fn keep_first(&self) -> Result<()> {
        let Some(hash) = self.hash.as_ref().filter(|_| self.kept.get().is_none()) else { return Ok(()) };
        let owner = disk::mode_and_owner(self.home.root())?.map(|(_, owner)| owner);
        if owner.is_some_and(|owner| owner != rustix::process::geteuid().as_raw()) {
            return Ok(());
        }
        let kept = kept::record(&self.home, hash, How::Found)?;
        // Who comes second kept the same.
        let _ = self.kept.set(kept);
        Ok(())
    }

    /// Takes the lock file as it is, if it still is what the operator was shown.
    pub fn accept(&mut self) -> Result<()> {
        let shown = self.hash.clone();
        let _changing = self.changing()?;
        let (_, hash) = Document::read(&self.home)?;
        if hash != shown {
            return Err(Error::new(ErrorKind::Failed, format!("{} changed meanwhile", self.home.plugins_lock().display()))
                .hint("run it again, and look at what it allows now"));
        }
        if let Some(hash) = &hash {
            self.kept = OnceLock::from(kept::record(&self.home, hash, How::Accepted)?);
        }
        Ok(())
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Pinned)> {
        self.document.plugin.iter().map(|(name, pinned)| (name.as_str(), pinned))
    }

    /// Those that export this interface. No plugin is loaded for that.
    pub fn offering(&self, interface: Interface) -> impl Iterator<Item = &str> {
        let offers = move |pinned: &Pinned| pinned.interfaces.iter().any(|name| name == interface.name());
        self.all().filter(move |(_, pinned)| offers(pinned)).map(|(name, _)| name)
    }

    /// One of them.
    pub fn pinned(&self, name: &str) -> Result<&Pinned> {
        self.document.plugin.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.document.plugin.keys().map(String::as_str).collect();
            let hint = if known.is_empty() {
                "none was added; `wpp plugin add FILE` adds one".into()
            } else {
                format!("there are {}", known.join(", "))
            };
            Error::new(ErrorKind::Usage, format!("there is no plugin {name}")).hint(hint)
        })
    }

    /// The bytes of one, which are the ones that were pinned.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        let pinned = self.pinned(name)?;
        let path = self.home.plugin(name);
        let read = |path: &Path| disk::read_small(path, COMPONENT_BYTES_MAX);
        let seen = match read(&path) {
            Ok(bytes) if sha256(&bytes) == pinned.sha256 => return Ok(bytes),
            seen => seen,
        };
        // Whoever put it in this place was cut off between the lock and the last rename.
        if let Ok(bytes) = read(&self.home.plugin_next(name))
            && sha256(&bytes) == pinned.sha256
        {
            return Ok(bytes);
        }
        let bytes = seen.map_err(|error| {
            disk::cannot("read the plugin", &path, error).hint(format!("`wpp plugin add FILE --name {name}` puts it there again"))
        })?;
        Err(Error::new(
            ErrorKind::Denied,
            format!("{} changed since it was added: its SHA-256 is {} and was {}", path.display(), sha256(&bytes), pinned.sha256),
        )
        .hint(format!(
            "what was granted to the old bytes does not hold for these; `wpp plugin add FILE --name {name}` asks anew"
        )))
    }

    /// Adds a plugin, or puts another in its place: then without the old one's grants.
    pub fn add(&mut self, name: &str, bytes: &[u8], pinned: Pinned) -> Result<()> {
        // The doctor's own checks are called `wpp.…`.
        if !is_session_name(name) || name == "wpp" {
            return Err(Error::new(ErrorKind::Usage, format!("{name:?} is no plugin's name"))
                .hint("a name is 1 to 64 of a-z, 0-9, _ and -, and not wpp; --name gives another"));
        }
        self.change(|registry| {
            // Beside the old one, which is whole up to the moment that the lock names the new one.
            let next = registry.home.plugin_next(name);
            disk::write_atomic(&next, bytes)?;
            registry.document.plugin.insert(name.to_owned(), pinned);
            registry.write()?;
            disk::rename(&next, &registry.home.plugin(name))
        })
    }

    /// Takes a plugin away with all that was granted to it.
    pub fn remove(&mut self, name: &str) -> Result<PathBuf> {
        self.change(|registry| {
            registry.pinned(name)?;
            registry.document.plugin.remove(name);
            registry.write()?;
            let path = registry.home.plugin(name);
            for path in [&registry.home.plugin_next(name), &path] {
                if path.exists() {
                    disk::remove_file(path)?;
                }
            }
            Ok(path)
        })
    }

    /// Grants more; what was new of it.
    pub fn grant(&mut self, name: &str, grants: &[Grant]) -> Result<Vec<Grant>> {
        self.change(|registry| {
            // Only to bytes that are there: a grant is for what was looked at.
            registry.bytes(name)?;
            let Some(pinned) = registry.document.plugin.get_mut(name) else { return Ok(Vec::new()) };
            let new = grants.iter().filter(|grant| pinned.grants.0.insert((*grant).clone())).cloned().collect();
            registry.write()?;
            Ok(new)
        })
    }

    /// Takes grants back; what was there of it.
    pub fn revoke(&mut self, name: &str, grants: &[Grant]) -> Result<Vec<Grant>> {
        self.change(|registry| {
            registry.pinned(name)?;
            let Some(pinned) = registry.document.plugin.get_mut(name) else { return Ok(Vec::new()) };
            let gone = grants.iter().filter(|grant| pinned.grants.0.remove(grant)).cloned().collect();
            registry.write()?;
            Ok(gone)
        })
    }

    /// Changes what is noted now, which others may have changed since it was read: one at a time.
    fn change<T>(&mut self, change: impl FnOnce(&mut Registry) -> Result<T>) -> Result<T> {
        let _changing = self.changing()?;
        *self = Registry::open(&self.home)?;
        self.keep_first()?;
        change(self)
    }

    /// Whoever holds it is the only one that writes the lock file.
    fn changing(&self) -> Result<Lock> {
        disk::create_folder(&self.home.plugins())?;
        let begun = Instant::now();
        loop {
            match Lock::acquire(&self.home.plugins_changing(), "plugins") {
                Err(error) if error.kind() == ErrorKind::Locked && begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                taken => return taken,
            }
        }
    }

    fn write(&mut self) -> Result<()> {
        let mut text = String::from("# Written by `wpp plugin`. A grant holds for the bytes of this SHA-256 alone.\n");
        text.push_str(&toml::to_string(&self.document).map_err(|error| {
            Error::new(ErrorKind::Unexpected, format!("cannot write down the plugins: {error}"))
                .hint("report this as a bug of wpp")
        })?);
        let hash = sha256(text.as_bytes());
        // While it is begun, the old file is as good as the new one: whichever a killed process left.
        let writing = kept::begin(&self.home, &hash, self.hash.as_deref())?;
        disk::write_atomic(&self.home.plugins_lock(), text.as_bytes())?;
        self.kept = OnceLock::from(writing.end()?);
        self.hash = Some(hash);
        Ok(())
    }
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
