//! Conditions that keep a run from doing harm: looked at before it starts and before every step.
//!
//! Start with [`Guard`] and [`judge`].

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::front::Span;
use crate::clock;
use crate::daemon::client::Client;
use crate::disk::{Lock, LockState};
use crate::doctor::probe::journal::look_at_backups;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, HomeKind, SessionPaths};
use crate::journal::Journal;
use crate::sandbox::daemon;
use crate::session::messages::Messages;
use crate::session::state::{Reason, State};
use crate::session::store::{self, StoreError};

/// A session that restarts or is restored meanwhile can be looked at again soon.
const RESTART_PATIENCE: Duration = Duration::from_secs(2);
const RESTART_PAUSE: Duration = Duration::from_millis(50);

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Another session of this home is linked, so that the account or the host is not cut off.
    OtherLinkedSession,
    /// The home is a sandbox.
    NotLive,
    /// Nobody has locked this home down.
    NotLockedDown,
    /// The session has a whole, verified archive that is younger than this.
    BackupYoungerThan(Duration),
}

impl FromStr for Guard {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Guard, String> {
        match text {
            "other-linked-session" => Ok(Guard::OtherLinkedSession),
            "not-live" => Ok(Guard::NotLive),
            "not-locked-down" => Ok(Guard::NotLockedDown),
            _ => {
                let age = text.strip_prefix("backup-younger-than(").and_then(|rest| rest.strip_suffix(')'));
                let age = age.ok_or_else(|| {
                    format!("{text:?} is no guard; there are other-linked-session, not-live, not-locked-down and backup-younger-than(24h)")
                })?;
                Ok(Guard::BackupYoungerThan(age.parse::<Span>()?.0))
            }
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guard::OtherLinkedSession => formatter.write_str("other-linked-session"),
            Guard::NotLive => formatter.write_str("not-live"),
            Guard::NotLockedDown => formatter.write_str("not-locked-down"),
            Guard::BackupYoungerThan(age) => write!(formatter, "backup-younger-than({})", Span(*age)),
        }
    }
}

impl<'de> Deserialize<'de> for Guard {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Guard, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Guard {
    fn serialize<S: serde::Serializer>(&self, into: S) -> std::result::Result<S::Ok, S::Error> {
        into.collect_str(self)
    }
}

/// Why a guard does not hold; `None` when it does. `session` is the one that the run works on.
///
/// # Errors
/// What kept it from being looked at. That is no guard that holds.
pub fn judge(guard: Guard, home: &Home, journal: &Journal, session: Option<&str>) -> Result<Option<String>> {
    match guard {
        Guard::NotLive => Ok((home.kind() != HomeKind::Sandbox).then(|| format!("{} is a live home", home.root().display()))),
        Guard::NotLockedDown => {
            let mark = home.lockdown();
            Ok(mark.exists().then(|| format!("{} is there: this home is locked down", mark.display())))
        }
        Guard::OtherLinkedSession => settled(|| other_linked_session(home, journal, session)),
        Guard::BackupYoungerThan(age) => {
            let Some(session) = session else {
                return Ok(Some("the run names no session whose backup could be looked at".into()));
            };
            // As the doctor sees them: whole, verified or read back, and still the files that they were.
            let backups = look_at_backups(&journal.after(session, 0)?, &home.backups());
            let newest = backups.whole_ms;
            Ok(match newest.map(|at_ms| clock::since(clock::from_ms(at_ms), clock::now())) {
                Some(old) if old <= age => None,
                Some(old) => Some(format!("the newest whole archive of {session} is {} old", clock::human(old))),
                None => Some(format!("there is no whole archive of {session} that this home has made")),
            })
        }
    }
}

/// What `look` says, once it knows.
fn settled<T>(mut look: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + RESTART_PATIENCE;
    loop {
        match look() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(RESTART_PAUSE),
            seen => return seen,
        }
    }
}

fn other_linked_session(home: &Home, journal: &Journal, session: Option<&str>) -> Result<Option<String>> {
    let (mut others, mut unknown) = (Vec::new(), None);
    for name in home.session_names()?.into_iter().filter(|name| Some(name.as_str()) != session) {
        match link(home, journal, &name) {
            Ok(link) if link.holds => return Ok(None),
            Ok(link) => others.push(format!("{name} is {}", link.seen)),
            // Another one may be known to be linked; only where none is does this decide.
            Err(error) => unknown = unknown.or(Some(error)),
        }
    }
    if let Some(error) = unknown {
        return Err(error);
    }
    let only = format!("{} is the only linked session here", session.unwrap_or("it"));
    Ok(Some(if others.is_empty() { only } else { format!("{only}; {}", others.join(", ")) }))
}

/// What is newest known of a session's link to its phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it is linked, as far as anybody knows.
    pub holds: bool,
    /// Its state in words, such as `AUTH_REQUIRED (logged_out)`.
    pub seen: String,
}

/// What is newest known of a session's link: its daemon's word, or, while none runs, what its store,
/// its `wpp.db` and the journal hold. One that its phone removed still has an identity in its store.
///
/// # Errors
/// What kept it from being looked at: a daemon that does not answer or is just starting, a store that cannot be read
/// or is just being replaced.
pub fn link(home: &Home, journal: &Journal, name: &str) -> Result<Link> {
    let paths = home.session(name);
    if daemon(&paths)?.is_some() {
        let status = Client::connect(&paths)?.status()?;
        return told_by_daemon(name, (status.state, status.reason), status.paired);
    }
    let unlinked = |why: &str| Ok(Link { holds: false, seen: format!("STOPPED ({why})") });
    match store::look(&paths) {
        Ok(store) if store.paired => {}
        // A restore leaves none for a moment.
        Err(StoreError::Absent) if is_in_hand(&paths)? => return Err(StoreError::Busy.into_error(&paths)),
        Ok(_) | Err(StoreError::Absent) => return unlinked("never linked"),
        Err(error) => return Err(error.into_error(&paths)),
    }
    let marked = match Messages::open_read_only(&paths)? {
        Some(messages) => messages.logged_out()?.is_some(),
        None => false,
    };
    // The journal knows it, too, where wpp.db is gone; a login since then says otherwise.
    let newest = |verb: &str| journal.latest(name, verb).map(|entry| entry.map(|entry| entry.id));
    let (gone, login) = (newest("logged_out")?, newest("connect")?);
    if marked || gone.is_some() && gone > login {
        return unlinked("logged_out");
    }
    Ok(Link { holds: true, seen: "STOPPED (linked)".into() })
}

/// Whether somebody is at work on a session whose store was not there, or has just put it back.
fn is_in_hand(paths: &SessionPaths) -> Result<bool> {
    Ok(matches!(Lock::look(&paths.lock())?, LockState::Held(_)) || paths.session_db().exists())
}

/// A daemon that has not opened its stores yet says nothing of the link.
fn told_by_daemon(name: &str, (state, reason): (State, Reason), paired: bool) -> Result<Link> {
    if state == State::Booting {
        return Err(Error::new(ErrorKind::Unknown, format!("the daemon of session {name} is just starting"))
            .hint("wait a moment and try again; `wpp status` says what it does"));
    }
    let gone = matches!(reason, Reason::LoggedOut | Reason::MainDeviceGone);
    Ok(Link { holds: paired && state != State::AuthRequired && !gone, seen: format!("{} ({})", state.name(), reason.name()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_are_read_and_said() {
        for text in ["other-linked-session", "not-live", "not-locked-down", "backup-younger-than(1d)"] {
            assert_eq!(text.parse::<Guard>().unwrap().to_string(), text);
        }
        for text in ["", "live", "backup-younger-than", "backup-younger-than(soon)"] {
            assert!(text.parse::<Guard>().is_err(), "{text}");
        }
    }

    #[test]
    fn guards_hold_or_say_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let journal = Journal::open(&home.journal()).unwrap();
        let look = |guard| judge(guard, &home, &journal, Some("main")).unwrap();
        assert!(look(Guard::NotLive).unwrap().contains("live"));
        assert!(look(Guard::OtherLinkedSession).is_some());
        assert!(look(Guard::BackupYoungerThan(Duration::from_secs(60))).is_some());
        assert_eq!(look(Guard::NotLockedDown), None);
        std::fs::write(home.lockdown(), "").unwrap();
        assert!(look(Guard::NotLockedDown).unwrap().contains("locked down"));
    }

    #[test]
    fn a_session_that_just_restarts_or_is_restored_is_looked_at_again() {
        let link = |state, paired| told_by_daemon("main", (state, Reason::Normal), paired);
        assert_eq!(link(State::Booting, false).unwrap_err().kind(), ErrorKind::Unknown);
        assert!(link(State::Ready, true).unwrap().holds && !link(State::AuthRequired, false).unwrap().holds);

        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let journal = Journal::open(&home.journal()).unwrap();
        let other = home.session("other");
        std::fs::create_dir_all(other.folder()).unwrap();
        // One is at work on the store, one has its lock and no socket yet: both are done soon.
        for role in ["restore", "daemon"] {
            let mut held = Some(Lock::acquire(&other.lock(), role).unwrap());
            let look = || other_linked_session(&home, &journal, Some("main"));
            assert!(matches!(look().unwrap_err().kind(), ErrorKind::Locked | ErrorKind::Unreachable), "{role}");
            let seen = settled(|| {
                let seen = look();
                held.take();
                seen
            });
            assert!(seen.unwrap().unwrap().contains("other is STOPPED (never linked)"), "{role}");
        }
    }
}
