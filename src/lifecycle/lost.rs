//! What a session has lost of its databases, which nothing may take for a session that never had any. Start with
//! [`Site::check_losses`], or [`lost_messages`] for who only looks.

use super::{PASSING, Site};
use crate::archive::snapshot::{Quiet, Snapshot};
use crate::disk::{Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths};
use crate::journal::Journal;
use crate::report::session_option;
use crate::session::messages::Messages;

impl Site<'_> {
    /// Fails when a database of the session was lost: a daemon would make an empty one in its place,
    /// and nothing would tell that anything is missing.
    pub fn check_losses(&self) -> Result<()> {
        self.check_link()?;
        self.check_messages()
    }

    /// Fails when the link to the phone was lost with `session.db`: a new one in its place would take
    /// away the choice of bringing it back.
    pub(super) fn check_link(&self) -> Result<()> {
        if !self.session.session_db().exists()
            // A damaged wpp.db is the daemon's to refuse.
            && let Ok(Some(messages)) = Messages::open_read_only(self.session)
            && let (Ok(true), Ok(None)) = (messages.was_linked(), messages.logged_out())
            && stays_lost(self.session, |session| !session.session_db().exists())?
        {
            let name = self.session.name();
            return Err(Error::new(
                ErrorKind::Denied,
                format!("session {name} was linked to a phone, and its {} is gone", self.session.session_db().display()),
            )
            .hint(format!("bring it back: `wpp restore latest --session {name} --dry-run`"))
            .hint(format!("or link it anew: `wpp reauth --session {name}`")));
        }
        Ok(())
    }

    /// Fails when the messages are lost, as [`lost_messages`] tells.
    pub(super) fn check_messages(&self) -> Result<()> {
        // A daemon that runs has made what it needs. Who only passes has not, and a start waits for them.
        if let LockState::Held(owner) = Lock::look(&self.session.lock())?
            && owner.is_none_or(|owner| owner.role == "daemon")
        {
            return Ok(());
        }
        match lost_messages(self.home, self.session)? {
            Some(error) if stays_lost(self.session, is_without_messages)? => Err(error),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether a database that was seen to be missing is still so, and nobody is about to put it back: a restore leaves
/// none for a moment. Who then starts the daemon is refused by the lock, which only those in passing are waited for.
fn stays_lost(session: &SessionPaths, is_missing: impl Fn(&SessionPaths) -> bool) -> Result<bool> {
    Ok(match Lock::look(&session.lock())? {
        LockState::Held(Some(owner)) if owner.role != "daemon" && !PASSING.contains(&owner.role.as_str()) => false,
        LockState::Held(_) | LockState::Stale(_) | LockState::Absent => is_missing(session),
    })
}

/// Whether `wpp.db` is not there, or holds nothing: SQLite makes a new one of an empty file.
pub(super) fn is_without_messages(session: &SessionPaths) -> bool {
    std::fs::metadata(session.wpp_db()).map_or_else(|error| error.kind() == std::io::ErrorKind::NotFound, |seen| seen.len() == 0)
}

/// The error for a session whose `wpp.db` is gone or empty although it was linked, by its own store's word or, where
/// that is gone, too, by the journal's. `None` where nothing is missing.
pub fn lost_messages(home: &Home, session: &SessionPaths) -> Result<Option<Error>> {
    if !is_without_messages(session) {
        return Ok(None);
    }
    let store = Snapshot::open(&session.session_db(), Quiet::Likely).ok().flatten();
    let paired = store.and_then(|store| store.signal().ok().flatten()).is_some_and(|signal| signal.paired);
    let journal = match home.journal() {
        path if path.exists() => Some(Journal::open(&path)?),
        _ => None,
    };
    let name = session.name();
    let known = journal.as_ref().map(|journal| was_connected(journal, name)).transpose()?.unwrap_or(false);
    if !paired && !known {
        return Ok(None);
    }
    let wpp_db = session.wpp_db();
    let how = if wpp_db.exists() { "empty" } else { "gone" };
    let error = Error::new(
        ErrorKind::Denied,
        format!("session {name} was linked to a phone, and its {}, which holds its messages, is {how}", wpp_db.display()),
    );
    let archive = journal.map(|journal| newest_whole(&journal, name)).transpose()?.flatten().unwrap_or_else(|| "latest".into());
    let plan = if paired { " --plan data" } else { "" };
    let option = session_option(name);
    Ok(Some(
        error
            .hint(format!(
                "bring the messages back: `wpp restore {archive}{plan} {option}`; `wpp backup list {option}` lists what there is"
            ))
            .hint(format!("or go on without them: `wpp start --new-messages {option}`")),
    ))
}

/// Whether the session was connected, as far as the journal knows, since it was last removed.
fn was_connected(journal: &Journal, name: &str) -> Result<bool> {
    let removed = journal.history(name, "reset")?.into_iter().rfind(|entry| entry.state == "finished");
    let connected = journal.latest(name, "connect")?;
    Ok(connected.is_some_and(|connected| removed.is_none_or(|removed| removed.id < connected.id)))
}

/// Where the newest archive lies that held the whole session when it was made here, if it still does.
fn newest_whole(journal: &Journal, name: &str) -> Result<Option<String>> {
    let backups = journal.history(name, "backup")?;
    let whole = backups.iter().rev().filter(|entry| entry.state == "finished" && entry.data["whole"] == true);
    let mut places = whole.filter_map(|entry| entry.data["path"].as_str());
    Ok(places
        .find(|place| place.contains("://") || std::path::Path::new(place).exists())
        .map(|place| format!("'{}'", place.replace('\'', "'\\''"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_a_restore_swaps_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        let lost = || stays_lost(&session, |session| !session.session_db().exists()).unwrap();
        assert!(lost());
        let restore = Lock::acquire(&session.lock(), "restore").unwrap();
        assert!(!lost());
        std::fs::write(session.session_db(), "new").unwrap();
        drop(restore);
        assert!(!lost(), "the new one is in place");
        std::fs::remove_file(session.session_db()).unwrap();
        // These put nothing back.
        for role in ["daemon", "backup"] {
            let _held = Lock::acquire(&session.lock(), role).unwrap();
            assert!(lost(), "{role}");
        }
    }
}
