//! Looks at names: what is there, its kind, mode and owner. Nothing is opened but folders, and no link is
//! followed. Start with [`look_at`] and [`names_in`].

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::NAMES_MAX;
use crate::disk;
use crate::error::Result;
use crate::facts::{PathKind, PathLook, PathSeen, Probed};

/// Names in a folder, sorted; a folder that is not there has none, one that cannot be read is one
/// failed look.
pub(super) fn names_in(folder: &Path) -> Vec<std::result::Result<PathBuf, PathLook>> {
    let failed = |reason: String| PathLook {
        path: folder.to_owned(),
        expected: PathKind::Folder,
        credentials: false,
        seen: Probed::Failed(reason),
    };
    if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Vec::new();
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return vec![Err(failed(disk::cannot("list", folder, error).chain()))],
    };
    let mut names: Vec<_> = entries
        .take(NAMES_MAX + 1)
        .map(|entry| entry.map(|entry| entry.path()).map_err(|error| failed(disk::cannot("list", folder, error).chain())))
        .collect();
    if names.len() > NAMES_MAX {
        names.truncate(NAMES_MAX);
        names.push(Err(failed(format!("{} holds more than {NAMES_MAX} names, and only these were looked at", folder.display()))));
    }
    names.sort_by(|left, right| left.as_ref().ok().cmp(&right.as_ref().ok()));
    names
}

/// The name itself. Whatever is no folder, file or socket, or is not there, is expected to be a file unless the
/// caller knows better.
pub(super) fn look_at(path: &Path, expected: Option<PathKind>, credentials: bool) -> PathLook {
    let seen: Probed<Option<PathSeen>> = match path.symlink_metadata() {
        Ok(metadata) => {
            let kind = metadata.file_type();
            let kind = if kind.is_dir() {
                PathKind::Folder
            } else if kind.is_file() {
                PathKind::File
            } else if kind.is_symlink() {
                PathKind::Link
            } else if kind.is_socket() {
                PathKind::Socket
            } else {
                PathKind::Other
            };
            Probed::Known(Some(PathSeen { kind, mode: metadata.permissions().mode() & 0o7777, owner: metadata.uid() }))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Probed::Known(None),
        Err(error) => Probed::Failed(disk::cannot("look at", path, error).chain()),
    };
    let usual = match seen {
        Probed::Known(Some(PathSeen { kind: kind @ (PathKind::Folder | PathKind::File | PathKind::Socket), .. })) => kind,
        _ => PathKind::File,
    };
    PathLook { path: path.to_owned(), expected: expected.unwrap_or(usual), credentials, seen }
}

/// Whether anything has this name, a link that leads nowhere included.
pub(super) fn exists(path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(disk::cannot("look at", path, error)),
    }
}
