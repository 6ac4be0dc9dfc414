//! What others lay beside the databases while these are swapped: no session's lock keeps away who only opens one.
//!
//! Start with [`check_nothing_came`].

use std::path::{Path, PathBuf};

use super::plan::Kind;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;

/// A database and what may lie beside it.
pub(super) const ENDINGS: [&str; 4] = ["", "-wal", "-shm", "-journal"];
pub(super) const SIDECARS: &[&str] = ENDINGS.split_at(1).1;

pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Files that lie beside the databases that a plan replaces.
fn beside(session: &SessionPaths, plan: Kind) -> impl Iterator<Item = (PathBuf, String)> {
    let names = plan.files().iter().flat_map(|name| SIDECARS.iter().map(move |ending| format!("{name}{ending}")));
    names.map(|name| (session.folder().join(&name), name)).filter(|(path, _)| is_there(path))
}

/// Whether a file beside a database holds nothing that was written to it. Whoever opens one only to read leaves
/// an empty log and its index.
fn is_hollow(path: &Path, name: &str) -> bool {
    name.ends_with("-shm") || path.symlink_metadata().is_ok_and(|file| file.len() == 0)
}

/// Lays what came beside the old databases as they went to them: whoever opened those has no part in the new ones.
pub(super) fn set_aside_what_came(session: &SessionPaths, plan: Kind, old: &Path) -> Result<()> {
    for (path, name) in beside(session, plan) {
        let aside = old.join(&name);
        if is_hollow(&path, &name) && is_there(old) && !is_there(&aside) {
            disk::rename(&path, &aside)?;
        }
    }
    Ok(())
}

/// Fails when somebody wrote to a database while it was swapped. What somebody who reads the new one has made is
/// in nobody's way, and stays for them.
pub(super) fn check_nothing_came(session: &SessionPaths, plan: Kind) -> Result<()> {
    match beside(session, plan).find(|(path, name)| !is_hollow(path, name)) {
        None => Ok(()),
        Some((stray, _)) => Err(Error::new(ErrorKind::Locked, format!("{} appeared during the swap", stray.display()))
            .hint("some program has the session's database open: close it (`lsof` names it), then run the restore again")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::sidecar;

    #[test]
    fn who_reads_a_database_during_the_swap_undoes_no_restore_and_who_writes_does() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(&folder.path().join("main"), "main");
        let old = folder.path().join("old");
        for folder in [session.folder(), &old] {
            std::fs::create_dir(folder).unwrap();
        }
        let (wal, shm) = (sidecar(&session.session_db(), "-wal"), sidecar(&session.session_db(), "-shm"));
        let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();

        // It was opened before it went, and its log was made after.
        write(&wal, "");
        write(&shm, "index");
        set_aside_what_came(&session, Kind::Exact, &old).unwrap();
        assert_eq!((is_there(&wal), is_there(&shm)), (false, false));
        assert!(is_there(&old.join("session.db-wal")) && is_there(&old.join("session.db-shm")));

        // What was set aside with the old ones is written over by nothing.
        write(&old.join("session.db-wal"), "committed");
        write(&wal, "");
        write(&shm, "index");
        set_aside_what_came(&session, Kind::Exact, &old).unwrap();
        assert_eq!(std::fs::read(old.join("session.db-wal")).unwrap(), b"committed");
        check_nothing_came(&session, Kind::Exact).unwrap();

        for ending in ["-wal", "-journal"] {
            let stray = sidecar(&session.wpp_db(), ending);
            write(&stray, "committed");
            set_aside_what_came(&session, Kind::Data, &old).unwrap();
            let error = check_nothing_came(&session, Kind::Data).unwrap_err();
            assert!(error.kind() == ErrorKind::Locked && error.message().contains("appeared during the swap"), "{error}");
            std::fs::remove_file(&stray).unwrap();
        }
    }
}
