//! How far an archive was checked. The word *verified* is never used without its [`Level`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::chain;
use super::input::Input;
use super::manifest::Manifest;
use super::open::{Opened, refused};
use super::scratch::Scratch;
use super::snapshot;
use crate::error::{Error, ErrorKind, Result};
use crate::report::Sink;

/// How far to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every byte of the file and of every content against the manifest
    Hash,
    /// hash, then SQLite's quick_check (tables and indexes) and the schema of each database
    Quick,
    /// quick, then a real restore into a sandbox: integrity, index, rows, and a login to READY
    Restore,
}

impl Level {
    /// `hash`, `quick` or `restore`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Hash => "hash",
            Level::Quick => "quick",
            Level::Restore => "restore",
        }
    }
}

/// Verifies an archive at level `hash` or `quick`, an increment together with all that it builds on.
/// `quick` unpacks into a private folder in `scratch`, which is gone when this returns. Level
/// `restore` takes a daemon too, and is [`crate::verify`]'s.
///
/// Fails with [`ErrorKind::Archive`] when the archive is not what it says.
pub fn verify(input: &mut Input, level: Level, scratch: &Path, sink: &dyn Sink) -> Result<Opened> {
    match level {
        Level::Hash => chain::check(input, scratch, sink),
        Level::Quick => {
            let folder = Scratch::make(scratch)?;
            let opened = chain::unpack(input, folder.path(), sink)?;
            check_databases(input.name(), folder.path(), &opened.manifest)?;
            Ok(opened)
        }
        Level::Restore => Err(Error::new(ErrorKind::Unexpected, "level restore is not proven by reading alone")
            .hint("report this as a bug of wpp; `wpp backup verify --level restore` does it")),
    }
}

/// Checks unpacked databases against the manifest: quick_check, schema, last migration.
pub fn check_databases(archive: &str, folder: &Path, manifest: &Manifest) -> Result<()> {
    for member in &manifest.members {
        let Some(stated) = &member.database else { continue };
        let path = folder.join(member.stands_for());
        let look = || -> rusqlite::Result<(String, String, String)> {
            let connection = snapshot::open_read_only(&path, true)?;
            Ok((
                snapshot::quick_check(&connection),
                snapshot::schema_sha256(&connection)?,
                snapshot::last_migration(&connection)?,
            ))
        };
        let (said, schema, migration) =
            look().map_err(|error| refused(archive, format!("{} cannot be opened by SQLite", member.name)).caused_by(error))?;
        if said != "ok" {
            return Err(refused(archive, format!("SQLite's quick_check of {} says: {said}", member.name)));
        }
        if schema != stated.schema_sha256 || migration != stated.last_migration {
            return Err(refused(archive, format!("{} does not have the schema that the manifest states", member.name)));
        }
    }
    Ok(())
}
