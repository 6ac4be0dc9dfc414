//! A look at what is there before a restore: the session as it is, and the sessions beside it. Start with [`survey`].

use std::path::Path;

use super::plan::{Current, MESSAGES, Other, Store};
use crate::archive::snapshot::{Quiet, Snapshot};
use crate::disk::{self, Lock, LockState};
use crate::error::Result;
use crate::home::{HomeKind, SessionPaths, is_session_name, sidecar};

/// Looks at the session, writing nothing and leaving nothing behind.
pub fn survey(session: &SessionPaths, home_kind: HomeKind) -> Result<Current> {
    let mut current = Current {
        session: session.name().into(),
        home_kind,
        running: false,
        session_db: Store::Absent,
        wpp_db: Store::Absent,
        signal: None,
        messages: None,
        others: others(session)?,
        removed: None,
    };
    if !session.exists() {
        return Ok(current);
    }
    // The lock is not taken for a look: taking it would remove what a dead daemon left for the doctor.
    let held = is_held(session)?;
    current.running = held;
    let open = |path: &Path| match Snapshot::open(path, quiet(held, path)) {
        Ok(None) => (Store::Absent, None),
        Ok(Some(snapshot)) => (Store::Readable, Some(snapshot)),
        Err(error) => (Store::Unreadable(error.chain()), None),
    };
    let (state, snapshot) = open(&session.session_db());
    current.session_db = state;
    if let Some(snapshot) = snapshot {
        match snapshot.signal() {
            Ok(signal) => current.signal = signal,
            Err(error) => current.session_db = Store::Unreadable(error.chain()),
        }
    }
    let (state, snapshot) = open(&session.wpp_db());
    current.wpp_db = state;
    if let Some(snapshot) = snapshot {
        match snapshot.rows() {
            Ok(tables) => current.messages = tables.get(MESSAGES).map(|rows| rows.count),
            Err(error) => current.wpp_db = Store::Unreadable(error.chain()),
        }
    }
    Ok(current)
}

fn is_held(session: &SessionPaths) -> Result<bool> {
    Ok(matches!(Lock::look(&session.lock())?, LockState::Held(_)))
}

/// How a database is looked at whose session somebody holds or not. SQLite's locks would leave files beside one
/// that its holder does not have open, such as a restore that is about to swap it.
fn quiet(held: bool, path: &Path) -> Quiet {
    let is_open = ["-wal", "-shm"].iter().all(|ending| sidecar(path, ending).exists());
    if held && is_open { Quiet::Unknown } else { Quiet::Likely }
}

/// The sessions beside this one, and whose they are.
fn others(session: &SessionPaths) -> Result<Vec<Other>> {
    let Some(folder) = session.folder().parent() else { return Ok(Vec::new()) };
    let mut others = Vec::new();
    for path in disk::list(folder)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| is_session_name(name)) else { continue };
        let other = SessionPaths::at(&path, name);
        if name == session.name() || !other.session_db().exists() {
            continue;
        }
        let store = other.session_db();
        let signal =
            is_held(&other).and_then(|held| Snapshot::open(&store, quiet(held, &store))).and_then(|snapshot| match snapshot {
                Some(snapshot) => snapshot.signal(),
                None => Ok(None),
            });
        let identity_sha256 = match signal {
            Ok(None) => continue,
            Ok(Some(signal)) => Some(signal.identity_sha256),
            Err(_) => None,
        };
        others.push(Other { session: name.to_owned(), identity_sha256 });
    }
    others.sort_by(|one, other| one.session.cmp(&other.session));
    Ok(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_leaves_nothing_beside_the_stores_of_sessions_that_others_are_at_work_on() {
        let folder = tempfile::tempdir().unwrap();
        let [session, other] = ["main", "other"].map(|name| SessionPaths::at(&folder.path().join(name), name));
        let mut held = Vec::new();
        for session in [&session, &other] {
            std::fs::create_dir(session.folder()).unwrap();
            let connection = rusqlite::Connection::open(session.session_db()).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            connection.execute_batch("CREATE TABLE t (x)").unwrap();
            held.push(Lock::acquire(&session.lock(), "restore").unwrap());
        }
        let current = survey(&session, HomeKind::Sandbox).unwrap();
        assert!(current.running && current.session_db != Store::Absent, "{current:?}");
        for session in [&session, &other] {
            let files: Vec<_> = disk::list(session.folder()).unwrap();
            assert_eq!(files.len(), 2, "the lock and the store: {files:?}");
        }
    }
}
