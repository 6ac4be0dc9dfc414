//! Archives in a folder: how they are named, listed and found. Start with [`list`] and [`find`].

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::input::Input;
use super::manifest::{Manifest, SUFFIXES};
use super::open;
use crate::clock::{self, Timestamp};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

const PARTIAL: &str = ".partial";

/// One archive in a folder.
#[derive(Debug)]
pub struct Shelved {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// What it says about itself, unverified, or why it cannot be read.
    pub manifest: Result<Manifest>,
}

impl Shelved {
    /// The file's name.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// What tells a file that was verified from a copy or a later state of it: its size and when it
/// was last written. Bytes that rot by themselves change neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its size.
    pub size_bytes: u64,
    /// Seconds of its modification time since the epoch.
    pub modified_s: i64,
    /// And the nanoseconds.
    pub modified_ns: i64,
}

/// The stamp of a file as it is now.
pub fn stamp(path: &Path) -> Result<Stamp> {
    let seen = std::fs::metadata(path).map_err(|error| disk::cannot("look at", path, error))?;
    Ok(Stamp { size_bytes: seen.len(), modified_s: seen.mtime(), modified_ns: seen.mtime_nsec() })
}

/// Archives in a folder, oldest first; a folder that does not exist has none.
pub fn list(folder: &Path) -> Result<Vec<Shelved>> {
    let mut found = Vec::new();
    for path in files(folder, |name| SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))? {
        let size_bytes = std::fs::metadata(&path).map_err(|error| disk::cannot("look at", &path, error))?.len();
        found.push(Shelved { manifest: Input::file(&path).and_then(|mut input| open::manifest(&mut input)), size_bytes, path });
    }
    let time = |shelved: &Shelved| shelved.manifest.as_ref().map_or(i64::MAX, |manifest| manifest.created_ms);
    found.sort_by(|one, two| time(one).cmp(&time(two)).then_with(|| one.path.cmp(&two.path)));
    Ok(found)
}

fn files(folder: &Path, is_one: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk::cannot("list", folder, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| disk::cannot("list", folder, error))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_one(&name) && !name.starts_with('.') {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// The archive that an operator means: a path, the name of a file in the folder, or `latest` for
/// the newest readable one of the session.
pub fn find(folder: &Path, session: &str, text: &str) -> Result<PathBuf> {
    let given = PathBuf::from(text);
    if text == "latest" && !given.exists() {
        let newest = list(folder)?
            .into_iter()
            .rfind(|shelved| shelved.manifest.as_ref().is_ok_and(|manifest| manifest.session == session));
        return newest.map(|shelved| shelved.path).ok_or_else(|| {
            Error::new(ErrorKind::Archive, format!("{} holds no archive of session {session}", folder.display()))
                .hint("make one with `wpp backup`, or name a file")
        });
    }
    if given.exists() {
        return Ok(given);
    }
    let shelved = folder.join(text);
    if given.components().count() == 1 && shelved.exists() {
        return Ok(shelved);
    }
    Err(Error::new(ErrorKind::Archive, format!("there is no archive {text} here or in {}", folder.display()))
        .hint("`wpp backup list` shows the archives; `latest` stands for the newest one of the session"))
}

/// The name that an archive is written under, and the name that it gets when it is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `….partial`.
    pub partial: PathBuf,
    /// The final name, which nobody has.
    pub whole: PathBuf,
}

/// Candidates for the name of a new archive. Several within one second are numbered.
pub fn places(folder: &Path, session: &str, time: Timestamp, suffix: &str) -> impl Iterator<Item = Place> {
    let stem = format!("{session}-{}", clock::compact(time));
    let (folder, suffix) = (folder.to_owned(), suffix.to_owned());
    (1..=999_u32).map(move |number| {
        let name = if number == 1 { format!("{stem}{suffix}") } else { format!("{stem}-{number}{suffix}") };
        Place { partial: folder.join(format!("{name}{PARTIAL}")), whole: folder.join(name) }
    })
}

/// Removes what killed backups left in a folder; says what it removed. A partial file that some
/// backup still writes is locked by it and stays.
pub fn clear_partial(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for path in
        files(folder, |name| name.strip_suffix(PARTIAL).is_some_and(|name| SUFFIXES.iter().any(|suffix| name.ends_with(suffix))))?
    {
        let Ok(file) = disk::open_to_read(&path) else { continue };
        if file.try_lock().is_ok() {
            disk::remove_file(&path)?;
            removed.push(path);
        }
    }
    Ok(removed)
}
