//! What a daemon leaves of itself that died, or whose folder was moved under it: a lock, a socket, and a start in the
//! journal without a stop. Start with [`Site::clear_left`].

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::{Site, whose};
use crate::daemon::client::connect_at_once;
use crate::disk::{self, Lock, LockState};
use crate::error::{ErrorKind, Result};
use crate::journal::Journal;

/// What an entry of a stop in the journal says under `found` when there was no daemon to be stopped any more.
pub const FOUND_DEAD: &str = "dead";

impl Site<'_> {
    /// Takes away the lock and the socket of a daemon that is gone, and writes down that the session is stopped, while
    /// the lock keeps others from starting one. Whether there was any of it.
    pub(super) fn clear_left(&self) -> Result<bool> {
        // What a copy was made with tells that it is one, and whose.
        if whose::copied_from(self.session)?.is_some() {
            return Ok(false);
        }
        let (lock, socket) = (Lock::look(&self.session.lock())?, self.session.socket());
        let is_open = self.is_unstopped()?;
        let is_left = matches!(lock, LockState::Stale(_)) || is_dead(&socket);
        if matches!(lock, LockState::Held(_)) || !(is_left || is_open) || !self.session.exists() {
            return Ok(false);
        }
        let lock = match Lock::acquire(&self.session.lock(), "stop") {
            // Somebody else came first, and what is there now is theirs.
            Err(error) if error.kind() == ErrorKind::Locked => return Ok(false),
            lock => lock?,
        };
        if is_dead(&socket) {
            disk::remove_file(&socket)?;
        }
        if self.is_unstopped()? {
            let found = serde_json::json!({ "clean": false, "found": FOUND_DEAD });
            Journal::open(&self.home.journal())?.record(Some(self.session.name()), "stop", &found)?;
        }
        drop(lock);
        Ok(true)
    }

    /// Whether the journal has a start of the daemon and no stop after it.
    fn is_unstopped(&self) -> Result<bool> {
        let path = self.home.journal();
        if !path.exists() {
            return Ok(false);
        }
        let journal = Journal::open(&path)?;
        let newest = |verb: &str| journal.latest(self.session.name(), verb).map(|entry| entry.map(|entry| entry.id));
        let (started, stopped) = (newest("start")?, newest("stop")?);
        // What was removed since has no daemon that could have died.
        let removed = journal.lived(self.session.name())?.is_none();
        Ok(!removed && started > stopped)
    }
}

/// Whether a socket is there that nobody listens on.
fn is_dead(socket: &Path) -> bool {
    let is_socket = socket.symlink_metadata().is_ok_and(|seen| seen.file_type().is_socket());
    is_socket && connect_at_once(socket).is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
}
