//! Looks at one session: its names, lock, socket, daemon, databases, and what was set aside of it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::files::{exists, look_at, names_in};
use super::traces::Searched;
use super::{DAEMON_TIMEOUT, DATABASE_TIMEOUT};
use crate::clock;
use crate::daemon::api::Status;
use crate::daemon::client::{Client, connect_at_once};
use crate::disk::{self, Lock, LockState};
use crate::doctor::{backups, database, smoke};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{
    DaemonLook, DaemonStatus, EndpointLook, LockFacts, MessagesFacts, PathKind, PathLook, Probed, SetAside, SocketFacts,
    StoreFacts,
};
use crate::home::{self, SessionPaths};
use crate::prune::aside;

/// How often a daemon is asked anew because another came in its place.
const HANDS_MAX: u32 = 6;
/// A daemon that does not answer within this time hangs; one that breaks off sooner may be ending.
const ENDING: Duration = Duration::from_millis(500);

/// The session's folder, what is in it, and its logs.
pub(super) fn session_paths(paths: &SessionPaths) -> Vec<PathLook> {
    let mut looks = vec![look_at(paths.folder(), Some(PathKind::Folder), false)];
    let store = paths.session_db();
    let is_credentials = |path: &Path| {
        // With its side files, which hold the same keys.
        matches!((path.to_str(), store.to_str()), (Some(path), Some(store)) if path.starts_with(store))
    };
    // Looked for by their names, whatever else there is.
    let known = [paths.session_db(), paths.wpp_db(), paths.lock(), paths.log_key()].map(|path| (path, PathKind::File));
    let known: Vec<(PathBuf, PathKind)> =
        known.into_iter().chain([(paths.socket(), PathKind::Socket), (paths.logs(), PathKind::Folder)]).collect();
    for (path, kind) in &known {
        let look = look_at(path, Some(*kind), is_credentials(path));
        looks.extend((look.seen != Probed::Known(None)).then_some(look));
    }
    for name in names_in(paths.folder()) {
        looks.push(match name {
            Ok(path) if known.iter().any(|(known, _)| *known == path) => continue,
            Ok(path) => {
                let credentials = is_credentials(&path);
                look_at(&path, None, credentials)
            }
            Err(look) => look,
        });
    }
    looks.extend(
        names_in(&paths.logs()).into_iter().map(|name| name.map_or_else(|look| look, |path| look_at(&path, None, false))),
    );
    looks
}

/// Whether a living process holds the session's lock.
pub fn look_at_lock(paths: &SessionPaths) -> Result<LockFacts> {
    Ok(match Lock::look(&paths.lock())? {
        LockState::Absent => LockFacts::Absent,
        LockState::Stale(owner) => LockFacts::Stale { owner },
        LockState::Held(owner) => LockFacts::Held { owner },
    })
}

/// Whether somebody listens on the session's socket.
pub fn look_at_socket(paths: &SessionPaths) -> Result<SocketFacts> {
    let socket = paths.socket();
    let seen = match look_at(&socket, Some(PathKind::Socket), false).seen {
        Probed::Known(Some(seen)) => seen,
        Probed::Known(None) => return Ok(SocketFacts::Absent),
        Probed::Failed(reason) | Probed::NotApplicable(reason) => {
            return Err(Error::new(ErrorKind::Unexpected, reason).hint("check the folder's owner and mode"));
        }
    };
    if seen.kind != PathKind::Socket {
        return Ok(SocketFacts::NotASocket { kind: seen.kind });
    }
    let is_ours = |user: u32| user == rustix::process::geteuid().as_raw() || user == folder_owner(paths);
    if !is_ours(seen.owner) {
        return Ok(SocketFacts::Foreign { owner: seen.owner });
    }
    match connect(&paths.checked_socket()?) {
        // Whose the name is says nothing of who listens: another may have bound it and given it away.
        Ok(Some(Listener { user, pid })) if !is_ours(user) => Ok(SocketFacts::ForeignListener { user, pid }),
        Ok(listener) => Ok(SocketFacts::Listening { pid: listener.and_then(|listener| listener.pid) }),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(SocketFacts::Stale),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SocketFacts::Absent),
        Err(error) => Err(disk::cannot("connect to", &socket, error)),
    }
}

fn folder_owner(paths: &SessionPaths) -> u32 {
    paths.folder().symlink_metadata().map_or(u32::MAX, |metadata| metadata.uid())
}

/// Who listens on a socket.
struct Listener {
    user: u32,
    /// `None` for one whose number is none here, as outside of a container.
    pid: Option<u32>,
}

/// Connects without waiting, and says who listens: a daemon whose queue of connections is full does, too, and then
/// the system does not tell.
fn connect(socket: &Path) -> std::io::Result<Option<Listener>> {
    use rustix::io::Errno;
    match connect_at_once(socket) {
        Ok(stream) => listener(stream).map(Some),
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::AGAIN | Errno::INPROGRESS)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whose the process was that listened when the connection was made. rustix has a call for this as well, and takes
/// the process's number for one that is never zero, which it is for one outside of this container.
fn listener(stream: std::os::unix::net::UnixStream) -> std::io::Result<Listener> {
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    let peer = tokio::net::UnixStream::from_std(stream)?.peer_cred()?;
    Ok(Listener { user: peer.uid(), pid: peer.pid().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0) })
}

/// Who holds the lock, whether anybody listens, what the daemon says, and how its endpoints answer.
pub(super) type Talk = (Probed<LockFacts>, Probed<SocketFacts>, Probed<DaemonLook>, Probed<Vec<EndpointLook>>);

/// Asks the daemon, and for all of its endpoints if that is wanted. What is told of one daemon and its successor
/// fits neither, so it is asked anew when the lock has changed hands meanwhile.
pub(super) fn look_at_daemon(paths: &SessionPaths, endpoints: bool) -> Talk {
    let mut attempt = 1;
    let mut lock = look_at_lock(paths);
    let (socket, daemon) = loop {
        let asked = Instant::now();
        let (socket, daemon) = look_at_answer(paths);
        let after = look_at_lock(paths);
        let is_same = matches!((&lock, &after), (Ok(before), Ok(after)) if before == after) || (lock.is_err() && after.is_err());
        // One that ends lets go of its socket before its lock.
        let just_ended = matches!(daemon, Probed::Known(DaemonLook::Mute { .. })) && asked.elapsed() < ENDING;
        if (is_same && !just_ended) || attempt == HANDS_MAX {
            break (socket, daemon);
        }
        if is_same {
            std::thread::sleep(ENDING / 10);
        }
        attempt += 1;
        lock = look_at_lock(paths);
    };
    let endpoints = match endpoints {
        true => Probed::Known(look_at_endpoints(paths)),
        false => Probed::NotApplicable("only --smoke-running asks for every endpoint".into()),
    };
    (lock.into(), socket, daemon, endpoints)
}

/// Asks for all that a daemon can be asked for without a change. One that does not answer the first is
/// not asked on.
fn look_at_endpoints(paths: &SessionPaths) -> Vec<EndpointLook> {
    let end = Instant::now() + DAEMON_TIMEOUT;
    let mut looks: Vec<EndpointLook> = Vec::new();
    for path in smoke::ENDPOINTS {
        let left = end.saturating_duration_since(Instant::now());
        let status = match looks.first() {
            Some(EndpointLook { status: Err(reason), .. }) => Err(reason.clone()),
            _ if left.is_zero() => Err(format!("not asked within {}", clock::human(DAEMON_TIMEOUT))),
            _ => {
                Client::connect(paths).and_then(|client| client.with_timeout(left).status_of(path)).map_err(|error| error.chain())
            }
        };
        looks.push(EndpointLook { path: (*path).to_owned(), status });
    }
    looks
}

fn look_at_answer(paths: &SessionPaths) -> (Probed<SocketFacts>, Probed<DaemonLook>) {
    match look_at_socket(paths) {
        Ok(socket @ SocketFacts::Listening { .. }) => {
            let asked = Client::connect(paths).and_then(|client| client.with_timeout(DAEMON_TIMEOUT).status());
            let answer =
                asked.map_or_else(|error| DaemonLook::Mute { what: error.chain() }, |status| DaemonLook::Answered(noted(status)));
            (Probed::Known(socket), Probed::Known(answer))
        }
        Ok(socket @ SocketFacts::ForeignListener { user, .. }) => {
            let reason = format!("a process of user {user} listens, and was asked nothing");
            (Probed::Known(socket), Probed::NotApplicable(reason))
        }
        Ok(socket) => (Probed::Known(socket), Probed::NotApplicable("no daemon listens".into())),
        Err(error) => (Probed::Failed(error.chain()), Probed::Failed(error.chain())),
    }
}

fn noted(status: Status) -> DaemonStatus {
    DaemonStatus {
        session: status.session,
        state: status.state,
        reason: status.reason,
        detail: status.detail,
        since_ms: status.since_ms,
        pid: status.pid,
        version: status.version,
        started_ms: status.started_ms,
        paired: status.paired,
        last_heard_ms: status.last_heard_ms,
        reconnects: status.reconnects,
        sync_enabled: status.sync_enabled,
        search_mode: status.search_mode,
        edited_ms: status.edited_ms,
    }
}

/// What was set aside of the sessions of one folder, which is listed once however many there are.
#[derive(Clone, Default)]
pub(super) struct Copies(Arc<OnceLock<Listed>>);

/// The copies by the session's name, or why they cannot be told.
type Listed = std::result::Result<BTreeMap<String, Vec<home::SetAside>>, String>;

/// What restores and new links have set aside.
pub(super) fn look_beside(paths: &SessionPaths, copies: &Copies) -> Probed<SetAside> {
    let Some(parent) = paths.folder().parent() else { return Probed::Known(SetAside::default()) };
    match copies.0.get_or_init(|| home::set_aside_in(parent).map_err(|error| error.chain())) {
        Ok(all) => size_of(all.get(paths.name()).map_or(&[], Vec::as_slice)).into(),
        Err(reason) => Probed::Failed(reason.clone()),
    }
}

fn size_of(copies: &[home::SetAside]) -> Result<SetAside> {
    let copies = match backups::SET_ASIDE_AGE.parse().ok() {
        Some(age) => aside::weigh(copies, age, clock::now())?,
        None => Vec::new(),
    };
    let removable = copies.iter().filter(|copy| !copy.keep).count();
    let size_bytes = copies.iter().map(|copy| copy.size_bytes).sum();
    Ok(SetAside { folders: copies.into_iter().map(|copy| copy.path).collect(), size_bytes, removable })
}

/// `session.db`, if it is there.
pub(super) fn look_at_store(paths: &SessionPaths) -> Probed<StoreFacts> {
    match exists(&paths.session_db()) {
        Ok(true) => match database::store(paths, DATABASE_TIMEOUT) {
            Err(_) if matches!(exists(&paths.session_db()), Ok(false)) => {
                Probed::NotApplicable("there is no session.db yet".into())
            }
            seen => seen.into(),
        },
        Ok(false) => Probed::NotApplicable("there is no session.db yet".into()),
        Err(error) => Probed::Failed(error.chain()),
    }
}

/// `wpp.db`, if it is there.
pub(super) fn look_at_messages(paths: &SessionPaths, searched: &Searched) -> Probed<MessagesFacts> {
    match exists(&paths.wpp_db()) {
        Ok(true) => match database::messages(paths, searched, DATABASE_TIMEOUT) {
            Err(_) if matches!(exists(&paths.wpp_db()), Ok(false)) => Probed::NotApplicable("there is no wpp.db yet".into()),
            seen => seen.into(),
        },
        Ok(false) => Probed::NotApplicable("there is no wpp.db yet".into()),
        Err(error) => Probed::Failed(error.chain()),
    }
}
