//! A folder as a place for archives. Start with [`Draft`].

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Cleared, Object, PARTIAL, Stamp, belongs_to, is_hidden, taken};
use crate::archive::input::Bytes;
use crate::archive::open::refused;
use crate::disk;
use crate::error::Result;

/// A partial file. It is locked as long as the value lives, which tells a backup of another session
/// that nobody forgot it.
#[derive(Debug)]
pub struct Draft {
    file: File,
    partial: PathBuf,
    whole: PathBuf,
    unannounced: usize,
    settled: bool,
}

impl Draft {
    /// Takes a name by creating its partial file.
    pub fn create(folder: &Path, name: &str) -> Result<Draft> {
        disk::create_folder(folder)?;
        let whole = folder.join(name);
        let partial = folder.join(format!("{name}{PARTIAL}"));
        if whole.symlink_metadata().is_ok() {
            return Err(taken(&whole.display().to_string(), "an archive"));
        }
        let file = match disk::create_file(&partial) {
            Ok(file) => file,
            Err(_) if partial.symlink_metadata().is_ok() => {
                return Err(taken(&whole.display().to_string(), "a backup that is being written or was killed"));
            }
            Err(error) => return Err(error),
        };
        // A file system without locks leaves clearing up to the operator, which is no failure.
        let _ = file.try_lock();
        let draft = Draft { file, partial, whole, unannounced: usize::MAX, settled: false };
        // Somebody may have finished under this name between the two looks.
        if draft.whole.symlink_metadata().is_ok() {
            return Err(taken(&draft.whole.display().to_string(), "an archive"));
        }
        Ok(draft)
    }

    /// Forces the bytes to the disk.
    pub fn finish(&mut self) -> Result<()> {
        disk::sync_file(&self.partial)
    }

    /// Reads back what was written.
    pub fn open(&self) -> Result<(Box<dyn Bytes>, Object)> {
        let mut file = disk::open_to_read(&self.partial).map_err(|error| disk::cannot("read back", &self.partial, error))?;
        file.rewind().map_err(|error| disk::cannot("read back", &self.partial, error))?;
        let object = object(&file, &self.partial)?;
        Ok((Box::new(file), object))
    }

    /// Gives the file its name.
    pub fn publish(mut self) -> Result<()> {
        if self.whole.symlink_metadata().is_ok() {
            return Err(taken(&self.whole.display().to_string(), "an archive that appeared while this one was written"));
        }
        if let Err(error) = disk::rename(&self.partial, &self.whole) {
            // It may have its name and not be sure to keep it; nothing stays of what is said to have failed.
            if self.partial.symlink_metadata().is_err() {
                let _ = std::fs::remove_file(&self.whole);
            }
            return Err(error);
        }
        self.settled = true;
        Ok(())
    }

    /// Removes the partial file.
    pub fn discard(mut self) -> Result<()> {
        self.settled = true;
        disk::remove_file(&self.partial)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // One point for each megabyte: a sweep over the points stays short on large stores.
        if self.unannounced >= 1 << 20 {
            self.unannounced = 0;
            let half = || drop((&self.file).write(&bytes[..bytes.len() / 2]));
            disk::faults::write_point(&self.partial, half).map_err(disk::as_io)?;
        }
        let count = self.file.write(bytes).map_err(|error| disk::as_io(disk::cannot("write", &self.partial, error)))?;
        self.unannounced += count;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.settled {
            // What cannot be removed now is cleared by the next backup.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Every file of a name that may be one of an archive; links and folders are none. What has another
/// name is not even looked at: whatever somebody puts there must not be in the way.
pub fn list(folder: &Path) -> Result<Vec<Object>> {
    let mut found = Vec::new();
    for name in names(folder)?.into_iter().filter(|name| !is_hidden(name)) {
        found.extend(look(folder, &name)?);
    }
    Ok(found)
}

/// One file. A link is none: what it leads to is an archive of its own, or one of another place, and
/// would count twice.
pub fn look(folder: &Path, name: &str) -> Result<Option<Object>> {
    let path = folder.join(name);
    match path.symlink_metadata() {
        Ok(seen) if seen.is_file() => Ok(Some(of(name, &seen))),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk::cannot("look at", &path, error)),
    }
}

/// Opens a file. What is no ordinary file is refused without waiting for it.
pub fn open(folder: &Path, name: &str) -> Result<(Box<dyn Bytes>, Object)> {
    let path = folder.join(name);
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let metadata = path.symlink_metadata().map_err(|error| disk::cannot("open the archive", &path, error))?;
    if !metadata.is_file() {
        return Err(refused(&path.display().to_string(), "it is not a file"));
    }
    let file = disk::open_to_read(&path).map_err(|error| disk::cannot("open the archive", &path, error))?;
    let object = object(&file, &path)?;
    Ok((Box::new(file), object))
}

/// Removes a file and makes that durable.
pub fn remove(folder: &Path, name: &str) -> Result<()> {
    let path = folder.join(name);
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    disk::remove_file(&path)?;
    disk::sync_folder(folder)
}

/// Removes partial files that nobody holds. Those of other sessions are left to their own backups.
pub fn clear(folder: &Path, session: &str) -> Result<Cleared> {
    let mut cleared = Cleared::default();
    for name in names(folder)?.into_iter().filter(|name| name.ends_with(PARTIAL) && belongs_to(name, session)) {
        let path = folder.join(&name);
        let held = match (path.symlink_metadata(), disk::open_to_read(&path)) {
            (Ok(seen), _) if !seen.is_file() => Some("it is not a file".to_owned()),
            (_, Ok(file)) => file.try_lock().err().map(|_| "another process writes it".to_owned()),
            (_, Err(error)) => Some(error.to_string()),
        };
        match held {
            None => {
                disk::remove_file(&path)?;
                cleared.removed.push(path.display().to_string());
            }
            Some(reason) => cleared.kept.push((path.display().to_string(), reason)),
        }
    }
    Ok(cleared)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    // A name that is no text is none that wpp gave.
    let name = |path: PathBuf| path.file_name()?.to_str().map(str::to_owned);
    Ok(disk::list(folder)?.into_iter().filter_map(name).collect())
}

fn object(file: &File, path: &Path) -> Result<Object> {
    let seen = file.metadata().map_err(|error| disk::cannot("look at", path, error))?;
    Ok(of(&path.file_name().unwrap_or_default().to_string_lossy(), &seen))
}

fn of(name: &str, seen: &std::fs::Metadata) -> Object {
    let stamp = Stamp { size_bytes: seen.len(), modified_s: seen.mtime(), modified_ns: seen.mtime_nsec(), etag: None };
    Object { name: name.to_owned(), size_bytes: seen.len(), stamp }
}
