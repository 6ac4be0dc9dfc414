//! Whether the files of a database stayed as they were while they were read without SQLite's locks.
//!
//! Nobody can prove that no other program has a database open: the session's lock keeps daemons away and
//! nobody else. So whoever reads without locks compares [`Still`] before and after.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::disk;
use crate::error::Result;
use crate::home::sidecar;

/// The files that a change of the database shows in.
const ENDINGS: [&str; 3] = ["", "-wal", "-journal"];
/// Of the database: page size, modes, change counter. Of a log: its salts.
const HEAD_BYTES: u64 = 100;
/// A file's time moves in steps. Only after so long does the next change show in it for sure.
const CLOCK_STEP: Duration = Duration::from_millis(50);

/// What the files of one database looked like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Still {
    path: PathBuf,
    files: Vec<Option<Seen>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    device: u64,
    inode: u64,
    size_bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    head: Vec<u8>,
}

impl Still {
    /// Of files that rest: `None` if they were changing just now.
    ///
    /// **To be called before this process opens the database:** closing a file gives up every lock that
    /// the process has on it.
    pub fn settled(path: &Path) -> Result<Option<Still>> {
        let first = Still::of(path)?;
        let Some(latest) = first.files.iter().flatten().map(|seen| seen.modified.max(seen.changed)).max() else {
            return Ok(Some(first));
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let latest = Duration::new(u64::try_from(latest.0).unwrap_or(0), u32::try_from(latest.1).unwrap_or(0));
        if now.saturating_sub(latest) > CLOCK_STEP {
            return Ok(Some(first));
        }
        std::thread::sleep(CLOCK_STEP);
        Ok(first.holds()?.then_some(first))
    }

    fn of(path: &Path) -> Result<Still> {
        let files = ENDINGS.iter().map(|ending| seen(&sidecar(path, ending))).collect::<Result<_>>()?;
        Ok(Still { path: path.to_owned(), files })
    }

    /// Whether all of it is as it was. The rule of [`Still::settled`] holds here, too.
    pub fn holds(&self) -> Result<bool> {
        Ok(Still::of(&self.path)? == *self)
    }

    /// Whether the database says that it has a write-ahead log.
    pub fn has_log_mode(&self) -> bool {
        let head = self.files.first().and_then(|seen| seen.as_ref()?.head.get(18..20));
        head == Some(&[2, 2])
    }
}

fn seen(path: &Path) -> Result<Option<Seen>> {
    use std::os::unix::fs::MetadataExt;
    let cannot = |error| disk::cannot("look at", path, error);
    let mut file = match disk::open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
    };
    let data = file.metadata().map_err(cannot)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file).take(HEAD_BYTES).read_to_end(&mut head).map_err(cannot)?;
    Ok(Some(Seen {
        device: data.dev(),
        inode: data.ino(),
        size_bytes: data.len(),
        modified: (data.mtime(), data.mtime_nsec()),
        changed: (data.ctime(), data.ctime_nsec()),
        head,
    }))
}
