//! The probes: they look, in parallel and within a time, and write down what they saw.
//!
//! Start with [`gather`]. A probe never changes what it looks at: databases are opened so that
//! nothing is left beside them ([`database`]), sockets of other users are not connected to.

mod files;
mod groups;
mod holders;
mod jobs;
mod session;
pub(crate) mod traces;
mod twins;
pub(crate) mod upkeep;
pub mod journal;
pub mod machine;
pub mod network;
mod runs;
mod tls;
mod growth;
mod unsettled;

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use self::files::{exists, look_at, names_in};
use self::jobs::{endpoint_job, look_at_process, machine_jobs, network_jobs, system};
use self::session::{Copies, look_at_daemon, look_at_messages, look_at_store, look_beside, session_paths};
pub use self::session::{look_at_lock, look_at_socket};
use self::traces::Searched;
use self::unsettled::look_at_unsettled;
use super::{Scope, suppress};
use crate::archive::shelf::is_archive;
use crate::clock;
use crate::disk;
use crate::facts::machine::MachineFacts;
use crate::facts::network::NetworkFacts;
use crate::facts::{Facts, HostFacts, Limits, PathKind, PathLook, Probed, SessionFacts, UpkeepFacts, note_twins};
use crate::home::{Home, SessionPaths};
use crate::process;

/// Time for a look at names and modes.
const FILES_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a daemon to answer.
const DAEMON_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for one database; a `quick_check` reads a GiB in less than two seconds of processor time.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(20);
/// Probes that run at the same time, when all of them wait for something.
const IN_FLIGHT_MAX: usize = 16;
/// When for so long no probe begins or ends, there is time for one more.
const WAITING: Duration = Duration::from_millis(10);
/// Sessions of which one probe reads the journal.
const JOURNAL_SESSIONS: usize = 250;
/// Names looked at in one folder. A session's holds about a dozen; one of archives may hold years of hourly ones,
/// and each costs one look.
const NAMES_MAX: usize = 100_000;

/// How much to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything.
    Full,
    /// Everything but the databases' content, which takes longest.
    Surface,
    /// Names, modes, settings and the machine: no daemon is asked and no database is opened.
    Names,
}

/// Looks at everything in the scope.
pub fn gather(scope: &Scope, depth: Depth) -> Facts {
    let now_ms = clock::now_ms();
    let searched = Searched::of(scope.sessions.len());
    let mut jobs = jobs_of_sessions(scope, &searched, depth);
    jobs.extend(journal_jobs(scope, depth, now_ms));
    jobs.extend(host_jobs(scope, depth));
    jobs.extend(upkeep::jobs(scope));
    if depth != Depth::Surface {
        jobs.push(traces::job(scope.home.as_ref().ok(), &scope.sessions, &scope.config, &searched));
    }
    if depth == Depth::Full {
        jobs.push(holders::job(scope.home.as_ref().ok(), &scope.sessions));
        jobs.extend(scope.home.as_ref().ok().map(|home| twins::job(home, &scope.sessions)));
    }
    let mut host = HostFacts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        user_id: rustix::process::geteuid().as_raw(),
        umask: process::inherited_umask(),
        boot: process::boot(),
        home: scope.root.clone(),
        program: scope.program.clone(),
        opened: scope.home.as_ref().map(Home::kind).map_err(Clone::clone),
        is_stranger: scope.is_stranger,
        is_named: scope.is_named,
        wants_daemon: scope.endpoints,
        config_problem: scope.config_problem.clone(),
        plugins_problem: scope.plugins_problem.clone(),
        paths: Vec::new(),
        unwritable: unasked(),
        space: unasked(),
        other_spaces: unasked(),
        journal: unasked(),
        journal_there: unasked(),
        session_names: unasked(),
        missing_session: scope.missing_session.clone(),
        schedule: scope.schedule.clone(),
        alerts: scope.alerts.clone(),
        upkeep: UpkeepFacts {
            settings: scope.settings.clone(),
            evidence_sums: unasked(),
            ..UpkeepFacts::failed("the probe did not run")
        },
        machine: MachineFacts::failed("the probe did not run"),
        network: NetworkFacts::failed("the probe did not run"),
        suppressions: suppress::facts(&scope.config),
        disk_growth: unasked(),
    };
    if scope.home.is_err() {
        host.upkeep.drills = Probed::NotApplicable("the home does not open".into());
        host.upkeep.evidence_sums = Probed::NotApplicable("the home does not open".into());
        host.upkeep.open_runs = Probed::NotApplicable("the home does not open".into());
        host.upkeep.sets = Probed::NotApplicable("the home does not open".into());
    }
    if depth != Depth::Full || scope.home.is_err() {
        host.upkeep.other_stores = Probed::NotApplicable("the stores of other sessions were not looked at".into());
    }
    jobs.extend(machine_jobs(scope, depth));
    let mut sessions: Vec<SessionFacts> = scope.sessions.iter().map(|paths| nothing_seen(paths.name())).collect();
    jobs.extend(network_jobs(scope, depth, &mut host));
    let begun = Instant::now();
    for seen in run_all(jobs, scope.budget) {
        seen(&mut host, &mut sessions);
    }
    look_at_unsettled(scope, &searched, depth, scope.budget.saturating_sub(begun.elapsed()), &mut host, &mut sessions);
    searched.texts(&mut host.upkeep.reports);
    note_twins(&mut sessions);
    // A daemon that is READY talks to the endpoint at this moment, so nobody else has to ask.
    if let Some(job) = endpoint_job(scope, &mut host, &sessions) {
        for seen in run_all(vec![job], scope.budget.saturating_sub(begun.elapsed())) {
            seen(&mut host, &mut sessions);
        }
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
            drill_age_days_max: scope.config.number("doctor.drill_age_days_max"),
            event_age_hours_max: scope.config.number("doctor.event_age_hours_max"),
            outbox_age_ms_max: scope.config.number("doctor.outbox_age_ms_max"),
            outbox_waiting_max: scope.config.number("doctor.outbox_waiting_max"),
            secret_age_days_max: scope.config.number("doctor.secret_age_days_max"),
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
        rivals: unasked(),
        socket: unasked(),
        daemon: unasked(),
        process: unasked(),
        store: unasked(),
        messages: unasked(),
        journal: unasked(),
        backups: unasked(),
        set_aside: unasked(),
        holders: unasked(),
        log: unasked(),
        endpoints: unasked(),
        twin: None,
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

/// What a worker tells.
enum Told {
    /// It takes up a probe.
    Began(usize),
    /// The probe has ended; `None` when it crashed.
    Ended(usize, Option<Put>),
}

/// A probe that is not done, as whoever waits for it knows it.
struct Pending {
    /// When its time is up; `None` while it waits for a worker.
    until: Option<Instant>,
    timeout: Duration,
    failed: Box<dyn FnOnce(String) -> Put + Send>,
}

type Queue = Arc<Mutex<VecDeque<(usize, Box<dyn FnOnce() -> Put + Send>)>>>;

/// Starts a worker, which takes up probes as long as there are any.
fn start_worker(queue: &Queue, sender: &mpsc::Sender<Told>) -> std::io::Result<()> {
    let (queue, sender) = (queue.clone(), sender.clone());
    let work = move || {
        loop {
            // Nothing that holds it can crash.
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((number, work)) = next else { return };
            // The receiver is gone when the time for everything is up.
            if sender.send(Told::Began(number)).is_err() {
                return;
            }
            // A probe that crashes must not pass for one that is still busy.
            let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok();
            if sender.send(Told::Ended(number, seen)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("probe".into()).spawn(work).map(drop)
}

/// Runs probes in parallel, on a few workers. One that takes longer than its time counts as failed; its
/// worker is left behind and another takes its place. So does what the whole time did not suffice for.
fn run_all(jobs: Vec<Job>, budget: Duration) -> Vec<Put> {
    let end = Instant::now() + budget;
    let (sender, receiver) = mpsc::channel::<Told>();
    let (mut pending, mut works) = (BTreeMap::new(), VecDeque::with_capacity(jobs.len()));
    for (number, Job { timeout, work, failed }) in jobs.into_iter().enumerate() {
        pending.insert(number, Pending { until: None, timeout, failed });
        works.push_back((number, work));
    }
    let mut done = Vec::with_capacity(pending.len());
    // More than there are processors stand in each other's way, as long as none waits for a disk or a daemon.
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut workers = works.len().min(processors.min(IN_FLIGHT_MAX));
    let queue: Queue = Arc::new(Mutex::new(works));
    let started: Vec<_> = (0..workers).map(|_| start_worker(&queue, &sender)).collect();
    let nobody = started.iter().all(Result::is_err).then(|| started.into_iter().find_map(Result::err)).flatten();
    // Those that run, which are few beside those that wait.
    let mut running: Vec<(Instant, usize)> = Vec::new();
    while !pending.is_empty() && nobody.is_none() && Instant::now() < end {
        let next = running.iter().map(|(until, _)| *until).min().unwrap_or(end).min(end);
        let grows = workers < IN_FLIGHT_MAX && pending.len() > running.len();
        let patience = next.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(if grows { patience.min(WAITING) } else { patience }) {
            Ok(Told::Began(number)) => {
                if let Some(probe) = pending.get_mut(&number) {
                    let until = end.min(Instant::now() + probe.timeout);
                    probe.until = Some(until);
                    running.push((until, number));
                }
            }
            Ok(Told::Ended(number, seen)) => {
                running.retain(|(_, other)| *other != number);
                if let Some(probe) = pending.remove(&number) {
                    done.push(seen.unwrap_or_else(|| (probe.failed)("the probe crashed, which is a bug of wpp".into())));
                }
            }
            Err(_) if grows => {
                let _ = start_worker(&queue, &sender);
                workers += 1;
            }
            Err(_) => {}
        }
        let now = Instant::now();
        while let Some(at) = running.iter().position(|(until, _)| *until <= now) {
            let (_, number) = running.swap_remove(at);
            let Some(probe) = pending.remove(&number) else { continue };
            done.push((probe.failed)(format!("no answer within {}", clock::human(probe.timeout.min(budget)))));
            // Without it, those that are left take longer and are not lost.
            let _ = start_worker(&queue, &sender);
        }
    }
    queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    for (_, probe) in pending {
        let reason = match (&nobody, probe.until) {
            (Some(error), _) => format!("no thread could be started for it: {error}"),
            (None, Some(_)) => format!("no answer within {}", clock::human(probe.timeout.min(budget))),
            (None, None) => format!("not reached within the {} that the whole look may take", clock::human(budget)),
        };
        done.push((probe.failed)(reason));
    }
    done
}

// ---- the host

fn host_jobs(scope: &Scope, depth: Depth) -> Vec<Job> {
    let root = scope.root.clone();
    let folders = folders_of(scope);
    let mut jobs = vec![
        {
            let (root, folders, foreign) = (root.clone(), folders.clone(), scope.foreign);
            Job::new(
                FILES_TIMEOUT,
                move || match foreign {
                    None => unwritable(&root, &folders),
                    // What root can write says nothing about the owner, and nothing is to be made here.
                    Some(owner) => {
                        Probed::NotApplicable(format!("the home is user {owner}'s, and nothing is tried in it as another user"))
                    }
                },
                Probed::Failed,
                |seen, host: &mut HostFacts, _: &mut [_]| {
                    host.unwritable = seen;
                },
            )
        },
        {
            let root = root.clone();
            Job::new(FILES_TIMEOUT, move || disk::space(&root).into(), Probed::Failed, |seen, host, _| host.space = seen)
        },
        {
            let root = root.clone();
            Job::new(
                FILES_TIMEOUT,
                move || other_spaces(&root, &folders).into(),
                Probed::Failed,
                |seen, host: &mut HostFacts, _: &mut [_]| host.other_spaces = seen,
            )
        },
    ];
    let failed_path = root.clone();
    let home = scope.home.as_ref().ok().cloned();
    let backups = scope.backups().map(upkeep::followed);
    jobs.push(Job::new(
        FILES_TIMEOUT,
        move || home_paths(&root, home.as_ref(), backups.as_deref()),
        move |reason| {
            vec![PathLook { path: failed_path, expected: PathKind::Folder, credentials: false, seen: Probed::Failed(reason) }]
        },
        |seen, host, _| host.paths = seen,
    ));
    if let Ok(home) = &scope.home {
        let (root, journal, only_read) = (home.root().to_owned(), home.journal(), scope.foreign.is_some());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || match depth {
                Depth::Full | Depth::Surface => growth::look(&root, &journal, only_read, clock::now_ms()),
                Depth::Names => not_opened(),
            },
            Probed::Failed,
            |seen, host, _| host.disk_growth = seen,
        ));
        let (look, looked) = (scope.evidence, home.clone());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || look(&looked),
            Probed::Failed,
            |seen, host, _| host.upkeep.evidence_sums = seen,
        ));
        let (first, path, only_read) = (home.clone(), home.journal(), scope.foreign.is_some());
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || first.session_names().into(),
            Probed::Failed,
            |seen, host, _| host.session_names = seen,
        ));
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || match exists(&path).map(|there| there && !journal::is_blank(&path)) {
                Ok(there) if depth == Depth::Names => (not_opened(), Probed::Known(there)),
                Ok(false) => {
                    let reason = "nothing was written down in this home yet";
                    (Probed::NotApplicable(reason.into()), Probed::Known(false))
                }
                Ok(true) => (journal::usable(&path, only_read).into(), Probed::Known(true)),
                Err(error) => (Probed::Failed(error.chain()), Probed::Failed(error.chain())),
            },
            |reason| (Probed::Failed(reason.clone()), Probed::Failed(reason)),
            |(journal, there), host, _| (host.journal, host.journal_there) = (journal, there),
        ));
    }
    jobs
}

/// Folders below the home, or named by its settings, that a daemon or a backup writes to; each may be a volume of its
/// own. Those of so many sessions are looked at; a volume for each of more than that is nobody's.
fn folders_of(scope: &Scope) -> Vec<PathBuf> {
    const SESSIONS_MAX: usize = 16;
    let sessions = scope.home.as_ref().ok().map(Home::sessions);
    let backups = scope.backups().map(upkeep::followed);
    let own = scope.sessions.iter().take(SESSIONS_MAX).map(|session| session.folder().to_owned());
    let folders = sessions.into_iter().chain(backups).chain(own);
    // One that its owner cannot write to by its mode is told as that.
    let is_open = |metadata: std::fs::Metadata| metadata.is_dir() && metadata.mode() & 0o300 == 0o300;
    folders.filter(|folder| folder.metadata().is_ok_and(is_open)).collect()
}

/// One folder for each file system other than those before it: the root's, and none that cannot be looked at, which
/// other checks tell.
fn on_other_volumes<'a>(root: &Path, folders: &'a [PathBuf]) -> Vec<&'a PathBuf> {
    let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
    let mut seen: Vec<u64> = device(root).into_iter().collect();
    let mut others = Vec::new();
    for folder in folders {
        if let Some(device) = device(folder).filter(|device| !seen.contains(device)) {
            seen.push(device);
            others.push(folder);
        }
    }
    others
}

/// Makes a file without a name in a folder of each file system, writes a page to it and forces that to the disk: what
/// a full disk, a quota, a read-only mount and a wrong mode all refuse, and what leaves nothing. In the other folders
/// it is only made, which takes no time.
fn unwritable(root: &Path, folders: &[PathBuf]) -> Probed<Vec<(PathBuf, String)>> {
    match exists(root) {
        Ok(false) => return Probed::NotApplicable("the home does not exist yet".into()),
        Ok(true) => {}
        Err(error) => return Probed::Failed(error.chain()),
    }
    let volumes = on_other_volumes(root, folders);
    let tried = |folder: &Path, writes: bool| {
        let made = tempfile::tempfile_in(folder).and_then(|mut file| {
            if writes {
                file.write_all(&[0; 4096])?;
                file.sync_all()?;
            }
            Ok(())
        });
        made.err().map(|error| (error.kind(), error.to_string()))
    };
    let of_root = tried(root, true);
    let pretended = || disk::faults::room("write", root).err().map(|error| error.chain());
    let mut wrong = Vec::new();
    if let Some(reason) = of_root.as_ref().map(|(_, reason)| reason.clone()).or_else(pretended) {
        wrong.push((root.to_owned(), reason));
    }
    for folder in folders {
        let is_other = volumes.contains(&folder);
        match tried(folder, is_other) {
            // Nothing more is written to one that was just removed.
            Some(_) if !folder.exists() => {}
            // What keeps everybody from the home's file system is told once.
            Some((kind, reason)) => {
                if is_other || of_root.as_ref().is_none_or(|(of_root, _)| *of_root != kind) {
                    wrong.push((folder.clone(), reason));
                }
            }
            None => wrong.extend(["session.db", "wpp.db"].iter().filter_map(|name| fixed(folder.join(name)))),
        }
    }
    if of_root.is_none() {
        wrong.extend(fixed(root.join("ops.db")));
    }
    Probed::Known(wrong)
}

/// A file that nobody may write to, whatever its mode is: one that was made immutable. It is not opened for that,
/// since a process that uses a database as well would lose its locks.
fn fixed(path: PathBuf) -> Option<(PathBuf, String)> {
    use rustix::io::Errno;
    match rustix::fs::access(&path, rustix::fs::Access::WRITE_OK) {
        Err(error @ (Errno::PERM | Errno::ROFS)) => Some((path, std::io::Error::from(error).to_string())),
        // Another user's, or its mode's, or its absence's: these are told as that.
        Ok(()) | Err(_) => None,
    }
}

fn other_spaces(root: &Path, folders: &[PathBuf]) -> crate::error::Result<Vec<(PathBuf, disk::Space)>> {
    on_other_volumes(root, folders).into_iter().map(|folder| Ok((folder.clone(), disk::space(folder)?))).collect()
}

fn home_paths(root: &Path, home: Option<&Home>, backups: Option<&Path>) -> Vec<PathLook> {
    let folder = look_at(root, Some(PathKind::Folder), false);
    let Some(home) = home else {
        // Whose folder it is nobody knows without the marker; only one that its own user cannot open, where
        // nobody can look for the marker, is judged.
        let is_closed = matches!(folder.seen, Probed::Known(Some(seen)) if seen.mode & 0o700 != 0o700);
        return if is_closed { vec![folder] } else { Vec::new() };
    };
    if matches!(exists(&home.marker()), Ok(false)) {
        // Of a folder that is yet to become a home it only matters whether it is there.
        let is_absent = matches!(folder.seen, Probed::Known(None));
        return if is_absent { vec![folder] } else { Vec::new() };
    }
    let mut looks = vec![folder];
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

fn jobs_of_sessions(scope: &Scope, searched: &Searched, depth: Depth) -> Vec<Job> {
    let mut jobs = Vec::new();
    let mut copies: BTreeMap<Option<&Path>, Copies> = BTreeMap::new();
    for (at, paths) in scope.sessions.iter().enumerate() {
        let copies = copies.entry(paths.folder().parent()).or_default();
        jobs.extend(session_jobs(at, paths, copies, searched, scope, depth));
    }
    jobs
}

/// Looks of the journal at many sessions at once: to open it costs more than to read it.
fn journal_jobs(scope: &Scope, depth: Depth, since_ms: i64) -> Vec<Job> {
    let names: Vec<String> = scope.sessions.iter().map(|paths| paths.name().to_owned()).collect();
    let Ok(home) = &scope.home else { return Vec::new() };
    let mut jobs = Vec::new();
    for (part, names) in names.chunks(JOURNAL_SESSIONS).enumerate() {
        let (names, path, only_read) = (names.to_vec(), home.journal(), scope.foreign.is_some());
        let (first, count) = (part * JOURNAL_SESSIONS, names.len());
        jobs.push(Job::new(
            DATABASE_TIMEOUT,
            move || match depth {
                Depth::Full | Depth::Surface => journal::look(&path, only_read, &names, since_ms),
                Depth::Names => names.iter().map(|_| (not_opened(), not_opened())).collect(),
            },
            move |reason| (0..count).map(|_| journal::failed(reason.clone())).collect(),
            move |seen: Vec<_>, _, sessions| {
                for (session, (journal, backups)) in sessions[first..].iter_mut().zip(seen) {
                    (session.journal, session.backups) = (journal, backups);
                }
            },
        ));
    }
    jobs
}

fn not_opened<T>() -> Probed<T> {
    Probed::NotApplicable("only names, modes and settings were looked at".into())
}

fn session_jobs(at: usize, paths: &SessionPaths, copies: &Copies, searched: &Searched, scope: &Scope, depth: Depth) -> Vec<Job> {
    let (files, talk, store, messages) = (paths.clone(), paths.clone(), paths.clone(), paths.clone());
    let (endpoints, system, lock) = (scope.endpoints, system(scope), paths.lock());
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
            FILES_TIMEOUT + DAEMON_TIMEOUT * if endpoints { 2 } else { 1 },
            move || match depth {
                Depth::Full | Depth::Surface => {
                    let talk = look_at_daemon(&talk, endpoints);
                    let process = look_at_process(&talk.0, &system, &lock);
                    (talk, process)
                }
                Depth::Names => ((look_at_lock(&talk).into(), not_opened(), not_opened(), not_opened()), not_opened()),
            },
            |reason| {
                let failed = || reason.clone();
                let talk =
                    (Probed::Failed(failed()), Probed::Failed(failed()), Probed::Failed(failed()), Probed::Failed(failed()));
                (talk, Probed::Failed(reason.clone()))
            },
            move |((lock, socket, daemon, endpoints), process), _, sessions| {
                let session = &mut sessions[at];
                (session.lock, session.socket, session.daemon, session.endpoints) = (lock, socket, daemon, endpoints);
                session.process = process;
            },
        ),
    ];
    let named = paths.clone();
    jobs.push(Job::new(
        FILES_TIMEOUT,
        move || holders::rivals(&named).into(),
        Probed::Failed,
        move |seen, _, sessions| sessions[at].rivals = seen,
    ));
    let (beside, copies) = (paths.clone(), copies.clone());
    jobs.push(Job::new(
        FILES_TIMEOUT,
        move || look_beside(&beside, &copies),
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
            let searched = searched.clone();
            jobs.push(Job::new(
                DATABASE_TIMEOUT + FILES_TIMEOUT,
                move || look_at_messages(&messages, &searched),
                Probed::Failed,
                move |seen, _, sessions| sessions[at].messages = seen,
            ));
        }
        Depth::Surface | Depth::Names => {
            let skipped = move || match depth {
                Depth::Names => "only names, modes and settings were looked at".to_owned(),
                _ => "the databases were not looked at again".to_owned(),
            };
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
        let home = Err(crate::facts::Problem { message: String::new(), hint: String::new() });
        let config = crate::config::Config::load(Path::new("/nowhere/config.toml"), &Default::default()).unwrap();
        let scope = Scope::new("/nowhere".into(), home, config);
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
            std::thread::sleep(Duration::from_secs(60));
            1
        });
        let before = Instant::now();
        let (count, seen) = outcome(vec![hang], 20_000);
        assert!(before.elapsed() < Duration::from_secs(30));
        assert_eq!((count, seen), (1, Probed::Failed("no answer within 50 ms".into())));
        // With a trace of where it was, which takes long to write down on a busy machine.
        let (_, seen) = outcome(vec![host_job(60_000, || panic!("as asked"))], 60_000);
        assert!(matches!(seen, Probed::Failed(reason) if reason.contains("crashed")));
        let (_, seen) = outcome(vec![host_job(60_000, || 7)], 60_000);
        assert_eq!(seen.known().map(|space| space.total_bytes), Some(7));
    }

    #[test]
    fn evidence_that_takes_longer_to_read_than_there_is_time_for_keeps_nobody_waiting() {
        let scratch = tempfile::tempdir().unwrap();
        let home = Home::create(&scratch.path().join("h"), crate::home::HomeKind::Sandbox).unwrap();
        let config = crate::config::Config::load(&home.config(), &Default::default()).unwrap();
        let mut scope = Scope::new(home.root().to_owned(), Ok(home), config);
        scope.budget = Duration::from_secs(3);
        scope.evidence = |_| {
            std::thread::sleep(Duration::from_secs(60));
            Probed::NotApplicable("too late".into())
        };
        let before = Instant::now();
        let seen = gather(&scope, Depth::Surface).host.upkeep.evidence_sums;
        assert!(before.elapsed() < Duration::from_secs(30));
        assert_eq!(seen, Probed::Failed(format!("no answer within {}", clock::human(scope.budget))));
        scope.budget = Duration::from_secs(20);
        scope.evidence = |home| Probed::NotApplicable(home.kind().name().to_owned());
        assert_eq!(gather(&scope, Depth::Surface).host.upkeep.evidence_sums, Probed::NotApplicable("sandbox".into()));
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
        // Well below what all of them would take, one after the other.
        assert!(before.elapsed() < Duration::from_secs(6));
        assert!(matches!(seen, Probed::Failed(_)));
    }
}
