//! Whose a daemon is that seems to be this session's: a copied, linked or moved folder makes one seem so.
//!
//! A daemon of another home is never stopped from here, and beside a daemon that lives none is started.
//! Start with [`other_home`].

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::{POLL, Site, Stopped, drain_patience, signal};
use crate::clock::Stopwatch;
use crate::daemon::api::Status;
use crate::disk::{self, Lock, LockOwner, LockState, identity};
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::journal::Journal;
use crate::process::{self, Group};
use crate::report::quoted;

/// How long a process that dies may still seem to live.
const DYING: Duration = Duration::from_millis(200);

/// The home of whoever holds this session's lock, when that is not the session's own: the folder is one
/// that two homes share by a link or a mount, or a copy made of hard links.
///
/// `None` for the own home under whatever name, for a home that was renamed since, and for what cannot be
/// told, such as a home that only a container sees.
pub fn other_home(session: &SessionPaths, owner: &LockOwner) -> Option<PathBuf> {
    let (own, home) = (root(session)?, owner.home()?);
    if identity(&home)? == identity(own)? {
        return None;
    }
    let lock = match &owner.path {
        Some(path) => path.clone(),
        None => home.join(session.lock().strip_prefix(own).ok()?),
    };
    // Where the home was renamed, another may have its old name by now.
    (identity(&lock)? == identity(&session.lock())?).then_some(home)
}

/// The folder of the home that a session is looked at in.
fn root(session: &SessionPaths) -> Option<&Path> {
    session.folder().ancestors().nth(2)
}

/// The session's folder of which this one is a copy, by the lock that was copied with it and that nobody holds; `None`
/// when that cannot be told, and for a folder that was moved.
pub fn copied_from(session: &SessionPaths) -> Result<Option<PathBuf>> {
    let LockState::Stale(Some(owner)) = Lock::look(&session.lock())? else { return Ok(None) };
    let folder = owner.original(&session.lock()).and_then(|lock| lock.parent().map(Path::to_owned));
    // What is left of an old place holds no session.
    Ok(folder.filter(|folder| SessionPaths::at(folder, session.name()).session_db().exists()))
}

/// The daemon that wrote itself into a lock which nobody holds, or that holds the one which this is a copy of, if it
/// lives after the moment in which one that dies has let go of its lock and is not gone yet.
pub fn living(session: &SessionPaths) -> Result<Option<LockOwner>> {
    let deadline = Instant::now() + DYING;
    loop {
        match Lock::look(&session.lock())? {
            LockState::Stale(Some(owner)) => match owner.rival(&session.lock()) {
                Some(rival) if Instant::now() >= deadline => return Ok(Some(rival)),
                Some(_) => {}
                None => return Ok(None),
            },
            _ => return Ok(None),
        }
        sleep(POLL);
    }
}

impl Site<'_> {
    /// The daemon that answers for this session and does not hold its lock.
    pub(super) fn unlocked(&self) -> Result<Option<Status>> {
        if !self.session.socket().exists() {
            return Ok(None);
        }
        // Who does not answer is no daemon that could be named.
        let Ok(status) = self.client().and_then(|client| client.status()) else { return Ok(None) };
        // It may have come up since the lock was looked at.
        let is_held = matches!(Lock::look(&self.session.lock())?, LockState::Held(_));
        Ok((!is_held && status.session == self.session.name()).then_some(status))
    }

    /// Fails when a daemon lives beside which another would be the second one with the same identity.
    pub(super) fn check_rivals(&self) -> Result<()> {
        if let Some(owner) = living(self.session)? {
            return Err(disk::living(&self.session.lock(), &owner));
        }
        if let Some((pid, home)) = self.original()? {
            return Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "session {} is a copy: process {pid}, the daemon of home {}, is the last one that its journal knows, and lives",
                    self.session.name(),
                    home.display()
                ),
            )
            .hint("two daemons with one device's keys throw each other out: stop that one first, or remove this copy"));
        }
        match self.unlocked()? {
            None => Ok(()),
            Some(status) => Err(Error::new(
                ErrorKind::Locked,
                format!("process {} serves session {} without its lock", status.pid, self.session.name()),
            )
            .hint(format!("replace it with `wpp restart --session {}`", self.session.name()))),
        }
    }

    /// The daemon of another home that the journal, which was copied with the session, tells of as the last one here, if
    /// that one still has the session.
    fn original(&self) -> Result<Option<(u32, PathBuf)>> {
        let path = self.home.journal();
        if !path.exists() {
            return Ok(None);
        }
        let name = self.session.name();
        let Some(started) = Journal::open(&path)?.latest(name, "start")?.filter(|entry| process::is_wpp(entry.pid)) else {
            return Ok(None);
        };
        let Some(home) = process::home(started.pid) else { return Ok(None) };
        if identity(&home) == root(self.session).and_then(identity) {
            return Ok(None);
        }
        let lock = Lock::look(&home.join("sessions").join(name).join("LOCK"));
        // What cannot be looked at is another user's, or no home.
        let has_it = matches!(lock, Ok(LockState::Held(Some(owner))) if owner.pid == started.pid);
        Ok(has_it.then_some((started.pid, home)))
    }

    /// Stops the daemon that answers and holds no lock, if there is one.
    pub(super) fn stop_unlocked(&self, force: bool, watch: &Stopwatch) -> Result<Stopped> {
        let name = self.session.name();
        let Some(status) = self.unlocked()? else {
            return match living(self.session)? {
                Some(owner) => Err(disk::living(&self.session.lock(), &owner)),
                None => Ok(Stopped { pid: None, killed: false, cleared: self.clear_left()?, took_ms: watch.elapsed_ms() }),
            };
        };
        let home = process::home(status.pid).filter(|_| process::is_wpp(status.pid));
        let own = root(self.session).and_then(identity);
        if own.is_none() || home.as_deref().and_then(identity) != own {
            return Err(self.not_ours(status.pid, home.as_deref()));
        }
        let Some(pid) = i32::try_from(status.pid).ok().and_then(Pid::from_raw) else {
            return Err(self.not_ours(status.pid, None));
        };
        let daemon = Group::of(status.pid);
        signal(pid, Signal::TERM)?;
        let patience = drain_patience(self.config);
        let mut killed = false;
        if !ends(daemon, patience) {
            if !force {
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!("the daemon of session {name} (process {}) did not end within {} s", status.pid, patience.as_secs()),
                )
                .hint("`wpp stop --force` kills it; nothing that was acknowledged is lost"));
            }
            signal(pid, Signal::KILL)?;
            killed = true;
            if !ends(daemon, Duration::from_secs(5)) {
                return Err(Error::new(ErrorKind::Locked, format!("process {} was killed and is still there", status.pid))
                    .hint("it may hang in the kernel on a bad disk; look at its state with `ps`"));
            }
        }
        Ok(Stopped { pid: Some(status.pid), killed, cleared: false, took_ms: watch.elapsed_ms() })
    }

    /// The error of one who would stop what is not of this home.
    pub(super) fn not_ours(&self, pid: u32, home: Option<&Path>) -> Error {
        let (name, here) = (self.session.name(), self.session.folder().display());
        match home {
            Some(home) => Error::new(
                ErrorKind::Locked,
                format!(
                    "process {pid} is a daemon of the home {}, and {here} is the same session by another name",
                    home.display()
                ),
            )
            .hint(format!("stop it in its own home: `wpp --home {} stop --session {name}`", quoted(&home.to_string_lossy())))
            .hint("one session belongs to one home: take this folder away, or the link that leads there"),
            None => Error::new(
                ErrorKind::Locked,
                format!("process {pid} answers for {here}, and that it is a daemon of this home cannot be told"),
            )
            .hint(format!("see what it is with `ps -fp {pid}`, and end it with `kill {pid}`")),
        }
    }
}

/// Whether a process ends within this time.
fn ends(process: Group, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while process.is_alive() {
        if Instant::now() >= deadline {
            return false;
        }
        sleep(POLL);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::{Home, HomeKind};

    #[test]
    fn a_lock_is_another_homes_when_that_home_has_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let homes = ["one", "two"].map(|name| Home::create(&folder.path().join(name), HomeKind::Sandbox).unwrap());
        let [one, two] = homes.each_ref().map(|home| home.session("main"));
        disk::create_folder(one.folder()).unwrap();
        let _lock = Lock::acquire(&one.lock(), "daemon").unwrap();
        let owner = |session: &SessionPaths| match Lock::look(&session.lock()).unwrap() {
            LockState::Held(Some(owner)) => owner,
            other => panic!("{other:?}"),
        };
        assert_eq!(other_home(&one, &owner(&one)), None);
        // By another name of the home itself.
        std::os::unix::fs::symlink(homes[0].root(), folder.path().join("link")).unwrap();
        let by_link = Home::open(&folder.path().join("link")).unwrap().session("main");
        assert_eq!(other_home(&by_link, &owner(&by_link)), None);
        // By a link that stands in another home.
        std::os::unix::fs::symlink(homes[0].sessions(), homes[1].sessions()).unwrap();
        assert_eq!(other_home(&two, &owner(&two)), Some(homes[0].root().to_owned()));
        std::fs::remove_file(homes[1].sessions()).unwrap();
        // By hard links.
        disk::create_folder(two.folder()).unwrap();
        std::fs::hard_link(one.lock(), two.lock()).unwrap();
        assert_eq!(other_home(&two, &owner(&two)), Some(homes[0].root().to_owned()));
        // A home that was renamed is still its own.
        std::fs::remove_dir_all(homes[1].root()).unwrap();
        std::fs::rename(homes[0].root(), homes[1].root()).unwrap();
        assert_eq!(other_home(&two, &owner(&two)), None);
    }
}
