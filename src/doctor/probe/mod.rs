//! The probes: they look, in parallel and within a time, and write down what they saw.
//!
//! Start with [`gather`]. A probe never changes what it looks at: databases are opened so that
//! nothing is left beside them ([`database`]), sockets of other users are not connected to.

mod growth;

use std::collections::VecDeque;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Scope, backups, database};
use crate::archive::destination::folder;
use crate::archive::shelf::Stamp;
use crate::archive::shelf::is_archive;
use crate::clock;
use crate::daemon::api::Status;
use crate::daemon::client::Client;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{
    BackupFacts, DaemonLook, DaemonStatus, Facts, HostFacts, JournalFacts, Limits, LockFacts, MessagesFacts, Moment, OpenAct,
    PathKind, PathLook, PathSeen, Probed, SessionFacts, SetAside, SocketFacts, StoreFacts,
};
use crate::home::{Home, SessionPaths};
use crate::journal::{Entry, Journal};
use crate::process::is_alive;
use crate::session::rekey;

/// Time for a look at names and modes.
const FILES_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a daemon to answer.
const DAEMON_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for one database; a `quick_check` reads a GiB in less than two seconds of processor time.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(20);
/// Time for everything.
const BUDGET: Duration = Duration::from_secs(40);
/// Probes that run at the same time.
const IN_FLIGHT_MAX: usize = 16;
/// Names looked at in one folder; a session's folder holds about a dozen.
const NAMES_MAX: usize = 1000;

/// How much to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything.
    Full,
    /// Everything but the databases' content, which takes longest.
    Surface,
}

/// Looks at everything in the scope.
pub fn gather(scope: &Scope, depth: Depth) -> Facts {
    let now_ms = clock::now_ms();
    let mut jobs = Vec::new();
    for (at, paths) in scope.sessions.iter().enumerate() {
        jobs.extend(session_jobs(at, paths, scope.home.as_ref().ok(), depth));
    }
    jobs.extend(host_jobs(scope));
    let mut host = HostFacts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        user_id: rustix::process::geteuid().as_raw(),
        // Reading the mask means setting it; this is the value that `wpp` sets at its start.
        umask: rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077)).as_raw_mode(),
        home: scope.root.clone(),
        program: scope.program.clone(),
        opened: scope.home.as_ref().map(Home::kind).map_err(Clone::clone),
        config_problem: scope.config_problem.clone(),
        plugins_problem: scope.plugins_problem.clone(),
        paths: Vec::new(),
        writable: unasked(),
        space: unasked(),
        journal: unasked(),
        session_names: unasked(),
        missing_session: scope.missing_session.clone(),
        schedule: scope.schedule.clone(),
        alerts: scope.alerts.clone(),
        disk_growth: unasked(),
    };
    let mut sessions: Vec<SessionFacts> = scope.sessions.iter().map(|paths| nothing_seen(paths.name())).collect();
    for seen in run_all(jobs, BUDGET) {
        seen(&mut host, &mut sessions);
    }
    Facts {
        now_ms,
        host,
        sessions,
        limits: Limits {
            disk_free_percent_min: scope.config.number("doctor.disk_free_percent_min"),
            reconnects_per_hour_max: scope.config.number("doctor.reconnects_per_hour_max"),
            heartbeat_age_ms_max: scope.config.number("doctor.heartbeat_age_ms_max"),
            start_timeout_ms: scope.config.number("daemon.start_timeout_ms"),
            backup_age_hours_max: scope.config.number("doctor.backup_age_hours_max"),
            restore_age_days_max: scope.config.number("doctor.restore_age_days_max"),
        },
    }
}

fn unasked<T>() -> Probed<T> {
    Probed::Failed("the probe did not run".into())
}

fn nothing_seen(name: &str) -> SessionFacts {
    SessionFacts {
        name: name.to_owned(),
        paths: Vec::new(),
        lock: unasked(),
        socket: unasked(),
        daemon: unasked(),
        store: unasked(),
        messages: unasked(),
        journal: unasked(),
        backups: unasked(),
        set_aside: unasked(),
    }
}

/// Puts what a probe saw in its place.
type Put = Box<dyn FnOnce(&mut HostFacts, &mut [SessionFacts]) + Send>;

/// One probe.
struct Job {
    timeout: Duration,
    work: Box<dyn FnOnce() -> Put + Send>,
    /// What takes the place of the work's result when there is none.
    failed: Box<dyn FnOnce(String) -> Put + Send>,
}

impl Job {
    fn new<T: Send + 'static>(
        timeout: Duration,
        look: impl FnOnce() -> T + Send + 'static,
        failed: impl FnOnce(String) -> T + Send + 'static,
        put: impl Fn(T, &mut HostFacts, &mut [SessionFacts]) + Clone + Send + 'static,
    ) -> Job {
        let instead = put.clone();
        Job {
            timeout,
            work: Box::new(move || {
                let seen = look();
                Box::new(move |host, sessions| put(seen, host, sessions))
            }),
            failed: Box::new(move |reason| Box::new(move |host, sessions| instead(failed(reason), host, sessions))),
        }
    }
}

/// Runs probes in parallel. One that takes longer than its time is left behind (its thread ends
/// with the process) and counts as failed, as does what the whole time did not suffice for.
fn run_all(jobs: Vec<Job>, budget: Duration) -> Vec<Put> {
    struct Running {
        number: usize,
        until: Instant,
        timeout: Duration,
        failed: Box<dyn FnOnce(String) -> Put + Send>,
    }
    let end = Instant::now() + budget;
    let (sender, receiver) = mpsc::channel::<(usize, Option<Put>)>();
    let mut waiting: VecDeque<(usize, Job)> = jobs.into_iter().enumerate().collect();
    let mut running: Vec<Running> = Vec::new();
    let mut done = Vec::new();
    loop {
        while running.len() < IN_FLIGHT_MAX && Instant::now() < end {
            let Some((number, Job { timeout, work, failed })) = waiting.pop_front() else { break };
            let sender = sender.clone();
            let spawned = std::thread::Builder::new().name("probe".into()).spawn(move || {
                // A probe that crashes must not pass for one that is still busy.
                let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok();
                // The receiver is gone when this probe was given up.
                let _ = sender.send((number, seen));
            });
            match spawned {
                Ok(_) => running.push(Running { number, until: end.min(Instant::now() + timeout), timeout, failed }),
                Err(error) => done.push(failed(format!("no thread could be started for it: {error}"))),
            }
        }
        let Some(next) = running.iter().map(|probe| probe.until).min() else { break };
        if let Ok((number, seen)) = receiver.recv_timeout(next.saturating_duration_since(Instant::now()))
            && let Some(at) = running.iter().position(|probe| probe.number == number)
        {
            let probe = running.swap_remove(at);
            done.push(seen.unwrap_or_else(|| (probe.failed)("the probe crashed, which is a bug of wpp".into())));
        }
        let now = Instant::now();
        while let Some(at) = running.iter().position(|probe| probe.until <= now) {
            let probe = running.swap_remove(at);
            done.push((probe.failed)(format!("no answer within {}", clock::human(probe.timeout.min(budget)))));
        }
    }
    for (_, job) in waiting {
        done.push((job.failed)(format!("not reached within the {} that the whole look may take", clock::human(budget))));
    }
    done
}

// ---- the host

fn host_jobs(scope: &Scope) -> Vec<Job> {
    let root = scope.root.clone();
    let mut jobs = vec![
        {
            let root = root.clone();
            Job::new(
                FILES_TIMEOUT,
                move || is_writable(&root),
                Probed::Failed,
                |seen, host: &mut HostFacts, _: &mut [_]| {
                    host.writable = seen;
                },
            )
        },
        {
            let root = root.clone();
            Job::new(FILES_TIMEOUT, move || disk::space(&root).into(), Probed::Failed, |seen, host, _| host.space = seen)
        },
    ];
    let failed_path = root.clone();
    let home = scope.home.as_ref().ok().cloned();
    let backups = scope.backups();
    jobs.push(Job::new(
        FILES_TIMEOUT,
        move || home_paths(&root, home.as_ref(), backups.as_deref()),
        move |reason| {
            vec![PathLook { path: failed_path, expected: PathKind::Folder, credentials: false, seen: Probed::Failed(reason) }]
        },
        |seen, host, _| host.paths = seen,
    ));
    if let Ok(home) = &scope.home {
        let (root, journal) = (home.root().to_owned(), home.journal());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || growth::look(&root, &journal, clock::now_ms()),
            Probed::Failed,
            |seen, host, _| host.disk_growth = seen,
        ));
        let (first, second) = (home.clone(), home.clone());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || first.session_names().into(),
            Probed::Failed,
            |seen, host, _| host.session_names = seen,
        ));
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || match exists(&second.journal()) {
                Ok(false) => Probed::NotApplicable("nothing was written down in this home yet".into()),
                Ok(true) => Probed::Known(Journal::open(&second.journal()).map(drop).map_err(|error| error.chain())),
                Err(error) => Probed::Failed(error.chain()),
            },
            Probed::Failed,
            |seen, host, _| host.journal = seen,
        ));
    }
    jobs
}

/// Makes a file without a name in the home, writes a page to it and forces that to the disk: what
/// a full disk, a quota, a read-only mount and a wrong mode all refuse, and what leaves nothing.
fn is_writable(root: &Path) -> Probed<std::result::Result<(), String>> {
    match exists(root) {
        Ok(false) => return Probed::NotApplicable("the home does not exist yet".into()),
        Ok(true) => {}
        Err(error) => return Probed::Failed(error.chain()),
    }
    let tried = tempfile::tempfile_in(root).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let tried = tried.map_err(|error| error.to_string());
    Probed::Known(tried.and_then(|()| disk::faults::room("write", root).map_err(|error| error.chain())))
}

fn home_paths(root: &Path, home: Option<&Home>, backups: Option<&Path>) -> Vec<PathLook> {
    let mut looks = vec![look_at(root, Some(PathKind::Folder), false)];
    let Some(home) = home else { return looks };
    looks.extend(names_in(root).into_iter().map(|name| match name {
        Ok(path) => {
            let is_folder = [home.sessions(), home.backups()].contains(&path);
            look_at(&path, is_folder.then_some(PathKind::Folder), false)
        }
        Err(look) => look,
    }));
    // Archives hold the store, so they are credentials. A folder of the operator's own may hold
    // other things, which are none of our business.
    looks.extend(backups.map(names_in).unwrap_or_default().into_iter().filter_map(|name| match name {
        Ok(path) if path.file_name().and_then(|name| name.to_str()).is_some_and(is_archive) => {
            Some(look_at(&path, Some(PathKind::File), true))
        }
        Ok(_) => None,
        Err(look) => Some(look),
    }));
    looks
}

// ---- sessions

fn session_jobs(at: usize, paths: &SessionPaths, home: Option<&Home>, depth: Depth) -> Vec<Job> {
    let (files, talk, store, messages, journal) = (paths.clone(), paths.clone(), paths.clone(), paths.clone(), paths.clone());
    let folder = paths.folder().to_owned();
    let mut jobs = vec![
        Job::new(
            FILES_TIMEOUT,
            move || session_paths(&files),
            move |reason| {
                vec![PathLook { path: folder, expected: PathKind::Folder, credentials: false, seen: Probed::Failed(reason) }]
            },
            move |seen, _, sessions: &mut [SessionFacts]| sessions[at].paths = seen,
        ),
        Job::new(
            FILES_TIMEOUT + DAEMON_TIMEOUT,
            move || look_at_daemon(&talk),
            |reason| (Probed::Failed(reason.clone()), Probed::Failed(reason.clone()), Probed::Failed(reason)),
            move |(lock, socket, daemon), _, sessions| {
                let session = &mut sessions[at];
                (session.lock, session.socket, session.daemon) = (lock, socket, daemon);
            },
        ),
    ];
    if let Some(journal_path) = home.map(Home::journal) {
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || match look_at_journal(&journal_path, journal.name()) {
                Ok((journal, backups)) => (Probed::Known(journal), Probed::Known(backups)),
                Err(error) => (Probed::Failed(error.chain()), Probed::Failed(error.chain())),
            },
            |reason| (Probed::Failed(reason.clone()), Probed::Failed(reason)),
            move |(journal, backups), _, sessions| {
                let session = &mut sessions[at];
                (session.journal, session.backups) = (journal, backups);
            },
        ));
    }
    let beside = paths.clone();
    jobs.push(Job::new(
        FILES_TIMEOUT,
        move || look_beside(&beside).into(),
        Probed::Failed,
        move |seen, _, sessions| sessions[at].set_aside = seen,
    ));
    match depth {
        Depth::Full => {
            jobs.push(Job::new(
                DATABASE_TIMEOUT + FILES_TIMEOUT,
                move || look_at_store(&store),
                Probed::Failed,
                move |seen, _, sessions| sessions[at].store = seen,
            ));
            jobs.push(Job::new(
                DATABASE_TIMEOUT + FILES_TIMEOUT,
                move || look_at_messages(&messages),
                Probed::Failed,
                move |seen, _, sessions| sessions[at].messages = seen,
            ));
        }
        Depth::Surface => {
            let skipped = || "the databases were not looked at again".to_owned();
            jobs.push(Job::new(
                FILES_TIMEOUT,
                skipped,
                |_| String::new(),
                move |reason, _, sessions| {
                    sessions[at].store = Probed::NotApplicable(reason.clone());
                    sessions[at].messages = Probed::NotApplicable(reason);
                },
            ));
        }
    }
    jobs
}

fn session_paths(paths: &SessionPaths) -> Vec<PathLook> {
    let mut looks = vec![look_at(paths.folder(), Some(PathKind::Folder), false)];
    let store = paths.session_db();
    let is_credentials = |path: &Path| {
        // With its side files, which hold the same keys.
        matches!((path.to_str(), store.to_str()), (Some(path), Some(store)) if path.starts_with(store))
    };
    for name in names_in(paths.folder()) {
        looks.push(match name {
            Ok(path) => {
                let expected = if path == paths.socket() {
                    Some(PathKind::Socket)
                } else if path == paths.logs() {
                    Some(PathKind::Folder)
                } else if [paths.session_db(), paths.wpp_db(), paths.lock()].contains(&path) {
                    Some(PathKind::File)
                } else {
                    None
                };
                let credentials = is_credentials(&path);
                look_at(&path, expected, credentials)
            }
            Err(look) => look,
        });
    }
    looks.extend(
        names_in(&paths.logs()).into_iter().map(|name| name.map_or_else(|look| look, |path| look_at(&path, None, false))),
    );
    looks
}

/// Names in a folder, sorted; a folder that is not there has none, one that cannot be read is one
/// failed look.
fn names_in(folder: &Path) -> Vec<std::result::Result<PathBuf, PathLook>> {
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

fn look_at(path: &Path, expected: Option<PathKind>, credentials: bool) -> PathLook {
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

fn exists(path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(disk::cannot("look at", path, error)),
    }
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
    if seen.owner != rustix::process::geteuid().as_raw() && seen.owner != folder_owner(paths) {
        return Ok(SocketFacts::Foreign { owner: seen.owner });
    }
    match connect(&paths.checked_socket()?) {
        Ok(()) => Ok(SocketFacts::Listening),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(SocketFacts::Stale),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SocketFacts::Absent),
        Err(error) => Err(disk::cannot("connect to", &socket, error)),
    }
}

fn folder_owner(paths: &SessionPaths) -> u32 {
    paths.folder().symlink_metadata().map_or(u32::MAX, |metadata| metadata.uid())
}

/// Connects without waiting: a daemon whose queue of connections is full listens too.
fn connect(socket: &Path) -> std::io::Result<()> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
    let address = SocketAddrUnix::new(socket)?;
    let descriptor = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&descriptor, true)?;
    match rustix::net::connect(&descriptor, &address) {
        Ok(()) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INPROGRESS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

type Talk = (Probed<LockFacts>, Probed<SocketFacts>, Probed<DaemonLook>);

fn look_at_daemon(paths: &SessionPaths) -> Talk {
    let lock = look_at_lock(paths).into();
    match look_at_socket(paths) {
        Ok(SocketFacts::Listening) => {
            let asked = Client::connect(paths).and_then(|client| client.with_timeout(DAEMON_TIMEOUT).status());
            let answer =
                asked.map_or_else(|error| DaemonLook::Mute { what: error.chain() }, |status| DaemonLook::Answered(noted(status)));
            (lock, Probed::Known(SocketFacts::Listening), Probed::Known(answer))
        }
        Ok(socket) => (lock, Probed::Known(socket), Probed::NotApplicable("no daemon listens".into())),
        Err(error) => (lock, Probed::Failed(error.chain()), Probed::Failed(error.chain())),
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
    }
}

fn look_at_journal(path: &Path, session: &str) -> Result<(JournalFacts, BackupFacts)> {
    if !exists(path)? {
        return Ok((JournalFacts::default(), BackupFacts::default()));
    }
    let journal = Journal::open(path)?;
    let latest = |verb: &str| -> Result<Option<Moment>> {
        Ok(journal.latest(session, verb)?.map(|entry| Moment { id: entry.id, at_ms: entry.at_ms }))
    };
    let open = journal.open_entries(session)?.into_iter().map(|Entry { id, verb, at_ms, pid, .. }| {
        let alive = is_alive(pid);
        OpenAct { id, verb, at_ms, pid, alive }
    });
    let open = open.collect();
    let entries = journal.after(session, 0)?;
    let owed = rekey::owed_wake(&journal, session)?.and_then(|id| entries.iter().find(|entry| entry.id == id));
    let wake_owed = owed.map(|entry| Moment { id: entry.id, at_ms: entry.at_ms });
    let facts = JournalFacts { open, started: latest("start")?, stopped: latest("stop")?, wake_owed };
    let look = |path: &Path| -> Option<Stamp> {
        let name = path.file_name()?.to_str()?;
        folder::look(path.parent()?, name).ok().flatten().map(|object| object.stamp)
    };
    let backups = backups::of_journal(&entries, clock::now_ms(), is_alive, look);
    Ok((facts, backups))
}

/// What restores and new links have set aside.
fn look_beside(paths: &SessionPaths) -> Result<SetAside> {
    let folders: Vec<PathBuf> = paths.set_aside()?.into_iter().map(|copy| copy.path).collect();
    let mut size_bytes = 0;
    for folder in &folders {
        size_bytes += disk::folder_size_bytes(folder)?;
    }
    Ok(SetAside { folders, size_bytes })
}

fn look_at_store(paths: &SessionPaths) -> Probed<StoreFacts> {
    match exists(&paths.session_db()) {
        Ok(true) => database::store(paths, DATABASE_TIMEOUT).into(),
        Ok(false) => Probed::NotApplicable("there is no session.db yet".into()),
        Err(error) => Probed::Failed(error.chain()),
    }
}

fn look_at_messages(paths: &SessionPaths) -> Probed<MessagesFacts> {
    match exists(&paths.wpp_db()) {
        Ok(true) => database::messages(paths, DATABASE_TIMEOUT).into(),
        Ok(false) => Probed::NotApplicable("there is no wpp.db yet".into()),
        Err(error) => Probed::Failed(error.chain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_job(timeout_ms: u64, look: impl FnOnce() -> u64 + Send + 'static) -> Job {
        Job::new(
            Duration::from_millis(timeout_ms),
            move || Probed::Known(disk::Space { total_bytes: look(), free_bytes: 0 }),
            Probed::Failed,
            |seen, host, _| host.space = seen,
        )
    }

    fn outcome(jobs: Vec<Job>, budget_ms: u64) -> (usize, Probed<disk::Space>) {
        let scope = Scope {
            root: "/nowhere".into(),
            home: Err(crate::facts::Problem { message: String::new(), hint: String::new() }),
            config: crate::config::Config::load(Path::new("/nowhere/config.toml"), &Default::default()).unwrap(),
            config_problem: None,
            plugins_problem: None,
            sessions: Vec::new(),
            missing_session: None,
            schedule: Probed::NotApplicable("no schedule was looked at".into()),
            alerts: Probed::NotApplicable("no notices were looked at".into()),
            program: "wpp".into(),
        };
        let mut host = gather(&scope, Depth::Surface).host;
        let puts = run_all(jobs, Duration::from_millis(budget_ms));
        let count = puts.len();
        for put in puts {
            put(&mut host, &mut []);
        }
        (count, host.space)
    }

    #[test]
    fn a_probe_that_hangs_or_crashes_is_a_failed_look_and_stops_nobody() {
        let hang = host_job(50, || {
            std::thread::sleep(Duration::from_secs(5));
            1
        });
        let before = Instant::now();
        let (count, seen) = outcome(vec![hang], 1000);
        assert!(before.elapsed() < Duration::from_secs(4));
        assert_eq!((count, seen), (1, Probed::Failed("no answer within 50 ms".into())));
        let (_, seen) = outcome(vec![host_job(1000, || panic!("as asked"))], 1000);
        assert!(matches!(seen, Probed::Failed(reason) if reason.contains("crashed")));
        let (_, seen) = outcome(vec![host_job(1000, || 7)], 1000);
        assert_eq!(seen.known().map(|space| space.total_bytes), Some(7));
    }

    #[test]
    fn what_the_budget_does_not_reach_is_a_failed_look() {
        let jobs = (0..40).map(|_| {
            host_job(1000, || {
                std::thread::sleep(Duration::from_millis(200));
                1
            })
        });
        let before = Instant::now();
        let (count, seen) = outcome(jobs.collect(), 100);
        assert_eq!(count, 40);
        assert!(before.elapsed() < Duration::from_secs(4));
        assert!(matches!(seen, Probed::Failed(_)));
    }
}
