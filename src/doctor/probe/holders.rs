//! Which processes have the databases open: one pass over the kernel's list of locks for all sessions.
//!
//! SQLite keeps a lock on a database in write-ahead mode as long as it is open, and on any other while
//! it is used. So only processes in that list are asked for their files, which takes a millisecond
//! where asking all of them would take a hundred. Linux alone shows this; elsewhere nothing is said.
//!
//! A process of another user shows its files to nobody but root. Which files it holds locks on is in the list
//! all the same, so that one that works on a session is seen ([`hidden_files`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{DAEMON_TIMEOUT, FILES_TIMEOUT, Job};
use crate::disk::{Lock, LockState, identity, identity_of_name};
use crate::error::Result;
use crate::facts::{HeldFile, HeldPlace, HoldersFacts, LivingDaemon, OtherHome, Probed, RivalFacts};
use crate::home::{self, Home, SessionPaths, sidecar};
use crate::lifecycle::whose;
use crate::process::{self, HeldLock, LockKind};

/// How long what looks wrong is given to become right: a daemon that just starts or ends.
const SETTLE: Duration = Duration::from_millis(300);
/// Files of one process that are looked at.
const FILES_MAX: usize = 4096;
/// The byte of a `-shm` file that who writes to a database in write-ahead mode holds.
const LOG_WRITER: u64 = 120;
/// The byte of any other database that who writes to it holds.
const RESERVED: u64 = 0x4000_0001;
/// The bytes of a database, and of a `-shm` file, that SQLite locks; another program that locks a file of the same
/// number on another disk hardly chooses these.
const DATABASE_BYTES: RangeInclusive<u64> = 0x4000_0000..=0x4000_01ff;
const INDEX_BYTES: RangeInclusive<u64> = 120..=128;

/// The one job for all sessions.
pub(super) fn job(home: Option<&Home>, sessions: &[SessionPaths]) -> Job {
    let (sessions, home) = (sessions.to_vec(), home.cloned());
    let count = sessions.len();
    Job::new(
        FILES_TIMEOUT + DAEMON_TIMEOUT,
        move || match &home {
            Some(home) => look(home, &sessions),
            None => vec![Probed::NotApplicable("the home does not open".into()); sessions.len()],
        },
        move |reason| vec![Probed::Failed(reason); count],
        |seen, _, sessions| {
            for (session, seen) in sessions.iter_mut().zip(seen) {
                session.holders = seen;
            }
        },
    )
}

/// Whether what the session's lock names is a daemon of another copy or of another home.
pub(super) fn rivals(session: &SessionPaths) -> Result<RivalFacts> {
    let living = whose::living(session)?.map(|owner| LivingDaemon {
        pid: owner.pid,
        command: process::arguments(owner.pid).join(" "),
        home: owner.home(),
        folder: owner.path.as_deref().and_then(Path::parent).filter(|folder| *folder != session.folder()).map(Path::to_owned),
    });
    let copied_from = if living.is_none() { whose::copied_from(session)? } else { None };
    let other_home = match Lock::look(&session.lock())? {
        LockState::Held(Some(owner)) => whose::other_home(session, &owner).map(|home| {
            let folder = owner.path.as_deref().and_then(Path::parent);
            let same_folder = folder.is_some_and(|folder| identity(folder) == identity(session.folder()));
            OtherHome { pid: owner.pid, home, same_folder }
        }),
        _ => None,
    };
    Ok(RivalFacts { living, other_home, copied_from })
}

fn look(home: &Home, sessions: &[SessionPaths]) -> Vec<Probed<HoldersFacts>> {
    if !cfg!(target_os = "linux") {
        let reason = "this system does not show which process has a file open";
        return vec![Probed::NotApplicable(reason.into()); sessions.len()];
    }
    let first = look_once(home, sessions);
    if !first.iter().filter_map(Probed::known).any(is_odd) {
        return first;
    }
    // A daemon that starts, stops or is replaced by a restore looks odd for a moment.
    std::thread::sleep(SETTLE);
    look_once(home, sessions)
}

/// Whether something is to be seen that no healthy session shows.
fn is_odd(seen: &HoldersFacts) -> bool {
    seen.lock_state == Some('T')
        || seen.files.iter().any(|file| {
            // What a hidden one may be about is asked twice: most look for a moment.
            (file.writes || file.is_hidden)
                && (file.place != HeldPlace::InPlace || !seen.locked || seen.lock_pid.is_some_and(|pid| pid != file.pid))
        })
}

fn look_once(home: &Home, sessions: &[SessionPaths]) -> Vec<Probed<HoldersFacts>> {
    let locks = match process::held_locks() {
        Ok(held) => Locks::of(held),
        Err(error) => return vec![Probed::Failed(format!("/proc/locks cannot be read: {error}")); sessions.len()],
    };
    let (files, hidden) = held_files(&home.sessions(), &locks);
    let hidden_locks: Vec<HeldLock> = locks.bytes.iter().filter(|lock| hidden.contains(&lock.pid)).copied().collect();
    // Old copies are of interest to whom nobody can see alone: of the others it is known what they have open.
    let copies = match hidden_locks.is_empty() {
        true => BTreeMap::new(),
        false => match home::set_aside_in(&home.sessions()) {
            Ok(copies) => copies,
            Err(error) => return vec![Probed::Failed(error.chain()); sessions.len()],
        },
    };
    let of_session = |session: &SessionPaths| {
        let (locked, owner) = match Lock::look(&session.lock()) {
            Ok(LockState::Held(owner)) => (true, owner),
            Ok(LockState::Absent | LockState::Stale(_)) => (false, None),
            Err(error) => return Probed::Failed(error.chain()),
        };
        // In its own container a daemon has another number than here, and writes down that one.
        let seen_here = identity(&session.lock()).and_then(|lock| locks.holder(lock));
        let lock_pid = seen_here.or(owner.map(|owner| owner.pid)).filter(|_| locked);
        let lock_state = lock_pid.and_then(process::stat).map(|stat| stat.state);
        let mut files = files.get(session.name()).cloned().unwrap_or_default();
        if !hidden_locks.is_empty() {
            files.extend(hidden_files(session, copies.get(session.name()), &hidden_locks, lock_pid));
        }
        let owner_hidden = lock_pid.is_some_and(|pid| hidden.contains(&pid));
        Probed::Known(HoldersFacts { locked, lock_pid, lock_state, owner_hidden, files, hidden: hidden.len() as u64 })
    };
    sessions.iter().map(of_session).collect()
}

/// Databases of sessions that processes have open, by the sessions' names, and processes that show nobody here
/// what they have open.
fn held_files(sessions: &Path, locks: &Locks) -> (BTreeMap<String, Vec<HeldFile>>, BTreeSet<u32>) {
    let (mut held, mut hidden): (BTreeMap<String, Vec<HeldFile>>, _) = (BTreeMap::new(), BTreeSet::new());
    // The kernel tells real names.
    let Ok(sessions) = sessions.canonicalize() else { return (held, hidden) };
    let own = std::process::id();
    for pid in locks.pids.iter().copied().filter(|pid| *pid != own) {
        let entries = match std::fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(entries) => entries,
            // One that is gone by now; /proc may also be mounted so that others' processes are not in it at all.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !process::is_alive(pid) => continue,
            Err(_) => {
                hidden.insert(pid);
                continue;
            }
        };
        for entry in entries.take(FILES_MAX).flatten() {
            let Ok(target) = std::fs::read_link(entry.path()) else { continue };
            let Some((session, path, place)) = placed(&sessions, &target, &entry.path()) else { continue };
            let Some(writes) = can_write(pid, &entry.file_name().to_string_lossy()) else { continue };
            let is_writing = writes && locks.is_writing(&path, pid);
            let program = program_of(pid);
            let files = held.entry(session).or_default();
            match files.iter_mut().find(|file| file.pid == pid && file.path == path && file.place == place) {
                Some(file) => {
                    file.writes |= writes;
                    file.is_writing |= is_writing;
                }
                None => files.push(HeldFile { pid, program, path, place, writes, is_writing, is_hidden: false }),
            }
        }
    }
    (held, hidden)
}

fn program_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).map_or_else(|_| "?".into(), |name| name.trim().to_owned())
}

/// Databases of a session, and of its old copies, on which processes hold locks that show nobody what they have
/// open. Whoever holds the session's lock is its daemon, and writes.
fn hidden_files(
    session: &SessionPaths,
    copies: Option<&Vec<home::SetAside>>,
    locks: &[HeldLock],
    owner: Option<u32>,
) -> Vec<HeldFile> {
    let copies = copies.into_iter().flatten().map(|copy| SessionPaths::at(&copy.path, session.name()));
    let folders = [(session.clone(), HeldPlace::InPlace)].into_iter().chain(copies.map(|copy| (copy, HeldPlace::SetAside)));
    let mut files: Vec<HeldFile> = Vec::new();
    for (path, place) in folders.flat_map(|(folder, place)| [(folder.session_db(), place), (folder.wpp_db(), place)]) {
        let (database, index) = (identity(&path), identity(&sidecar(&path, "-shm")));
        for lock in locks {
            let is_on = |file: Option<(u64, u64)>| file.is_some_and(|file| lock.is_on(file));
            let on_database = DATABASE_BYTES.contains(&lock.first) && is_on(database);
            let on_index = INDEX_BYTES.contains(&lock.first) && is_on(index);
            if !on_database && !on_index {
                continue;
            }
            let is_writing = lock.is_exclusive && lock.covers(if on_database { RESERVED } else { LOG_WRITER });
            match files.iter_mut().find(|file| file.pid == lock.pid && file.path == path) {
                Some(file) => {
                    file.writes |= is_writing;
                    file.is_writing |= is_writing;
                }
                None => files.push(HeldFile {
                    pid: lock.pid,
                    program: program_of(lock.pid),
                    path: path.clone(),
                    place,
                    writes: is_writing || owner == Some(lock.pid),
                    is_writing,
                    is_hidden: true,
                }),
            }
        }
    }
    files
}

/// What the kernel's list of locks says.
#[derive(Debug, Default)]
struct Locks {
    /// Processes that hold a lock of the kind that SQLite takes.
    pids: BTreeSet<u32>,
    /// Those that a writer holds, by the file's number.
    writers: BTreeMap<u64, Vec<HeldLock>>,
    /// Those on whole files, as a session's LOCK is held; so, too.
    whole: BTreeMap<u64, Vec<HeldLock>>,
    /// All locks of the kind that SQLite takes.
    bytes: Vec<HeldLock>,
}

impl Locks {
    fn of(held: Vec<HeldLock>) -> Locks {
        let mut locks = Locks::default();
        for lock in held {
            match lock.kind {
                LockKind::Whole => locks.whole.entry(lock.inode).or_default().push(lock),
                LockKind::Bytes => {
                    locks.pids.insert(lock.pid);
                    locks.bytes.push(lock);
                    if lock.is_exclusive && [LOG_WRITER, RESERVED].iter().any(|byte| lock.covers(*byte)) {
                        locks.writers.entry(lock.inode).or_default().push(lock);
                    }
                }
            }
        }
        locks
    }

    /// The process that holds a file locked as a whole. Looking at a lock takes it for a moment, which is none of a
    /// holder's.
    fn holder(&self, file: (u64, u64)) -> Option<u32> {
        let own = std::process::id();
        let held = self.whole.get(&file.1)?.iter().find(|lock| lock.pid != own && lock.is_on(file))?;
        Some(held.pid)
    }

    /// Whether a process is in the middle of a write to a database.
    fn is_writing(&self, path: &Path, pid: u32) -> bool {
        let files = [identity_of_name(path), identity_of_name(&sidecar(path, "-shm"))];
        files.into_iter().flatten().any(|file| {
            let locks = self.writers.get(&file.1).map_or(&[][..], Vec::as_slice);
            locks.iter().any(|lock| lock.pid == pid && lock.is_on(file))
        })
    }
}

/// Of which session a database is that is open under `descriptor`, and which file that is now.
fn placed(sessions: &Path, target: &Path, descriptor: &Path) -> Option<(String, PathBuf, HeldPlace)> {
    let text = target.to_str()?;
    let (name, is_deleted) = match text.strip_suffix(" (deleted)") {
        Some(name) => (Path::new(name), true),
        None => (target, false),
    };
    let below = name.strip_prefix(sessions).ok()?;
    let mut parts = below.iter().map(|part| part.to_str());
    let (folder, file) = (parts.next()??, parts.next()??);
    if parts.next().is_some() || !matches!(file, "session.db" | "wpp.db") {
        return None;
    }
    // `.main.old-…` and `.main.logged-out-…` are copies of `main`.
    if let Some(hidden) = folder.strip_prefix('.') {
        let (session, rest) = hidden.split_once('.')?;
        let is_copy = home::AsideKind::ALL.iter().any(|kind| rest.starts_with(&format!("{}-", kind.name())));
        return is_copy.then(|| (session.to_owned(), name.to_owned(), HeldPlace::SetAside));
    }
    let is_same = !is_deleted && identity(name).is_some() && identity(name) == identity(descriptor);
    Some((folder.to_owned(), name.to_owned(), if is_same { HeldPlace::InPlace } else { HeldPlace::Gone }))
}

/// Whether a descriptor was opened to write.
fn can_write(pid: u32, descriptor: &str) -> Option<bool> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    Some(u32::from_str_radix(flags.trim(), 8).ok()? & 3 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_sqlite_are_told_from_others_and_writers_from_readers() {
        let bytes = |pid, inode, is_exclusive, first, last| HeldLock {
            kind: LockKind::Bytes,
            is_exclusive,
            pid,
            device: (0, 1),
            inode,
            first,
            last,
        };
        let locks = Locks::of(vec![
            bytes(21, 44, false, 128, 128),
            bytes(22, 44, true, LOG_WRITER, LOG_WRITER),
            bytes(23, 45, true, RESERVED, RESERVED),
            bytes(25, 47, true, 0, u64::MAX),
            bytes(26, 47, true, 124, 127),
            HeldLock { kind: LockKind::Whole, ..bytes(24, 46, true, 0, u64::MAX) },
        ]);
        assert_eq!(locks.pids.into_iter().collect::<Vec<_>>(), [21, 22, 23, 25, 26]);
        let by_file = |locks: BTreeMap<u64, Vec<HeldLock>>| -> Vec<(u64, Vec<u32>)> {
            locks.into_iter().map(|(file, locks)| (file, locks.iter().map(|lock| lock.pid).collect())).collect()
        };
        assert_eq!(by_file(locks.writers), [(44, vec![22]), (45, vec![23]), (47, vec![25])]);
        assert_eq!(by_file(locks.whole), [(46, vec![24])]);
    }

    #[test]
    fn a_database_is_known_by_where_it_was_and_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let database = root.join("main/session.db");
        std::fs::create_dir(root.join("main")).unwrap();
        std::fs::write(&database, "x").unwrap();
        let other = root.join("other");
        std::fs::write(&other, "x").unwrap();
        let of = |target: &str, descriptor: &Path| {
            placed(&root, Path::new(target), descriptor).map(|(session, _, place)| (session, place))
        };
        let name = database.to_str().unwrap();
        let main = |place| Some(("main".to_owned(), place));
        assert_eq!(of(name, &database), main(HeldPlace::InPlace));
        assert_eq!(of(name, &other), main(HeldPlace::Gone));
        assert_eq!(of(&format!("{name} (deleted)"), &database), main(HeldPlace::Gone));
        let aside = root.join(".main.old-20261101T000000Z/wpp.db");
        assert_eq!(of(aside.to_str().unwrap(), &other), main(HeldPlace::SetAside));
        for wrong in [".main.stage-x/wpp.db", "main/logs/wppd.log", "main/session.db-wal", "../ops.db"] {
            assert_eq!(of(root.join(wrong).to_str().unwrap(), &other), None, "{wrong}");
        }
    }
}
