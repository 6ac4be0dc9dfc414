//! Mending: the remedies that a machine may apply, planned first, applied on a confirmation, and
//! each believed only after the probes have looked again.
//!
//! None of them destroys data. Start with [`plan`] and [`apply`].

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::probe::{self, Depth};
use super::{Examination, Scope, Selection, examine};
use crate::clock::Stopwatch;
use crate::confirm::Confirmed;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{Problem, SocketFacts};
use crate::home::{Home, SessionPaths};
use crate::journal::Journal;
use crate::report::{Event, Finding, Fix, Report, Severity, Sink, Step, Verdict};

/// How long a fix waits for others who have hold of the session.
const TURN_PATIENCE: Duration = Duration::from_secs(5);

/// Runs a command line of `wpp`, without the program's name, in this process.
pub type Runner<'a> = &'a dyn Fn(&[String]) -> Result<Report>;

/// One act and the findings that it is meant to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The act.
    pub fix: Fix,
    /// What it does, in a few words.
    pub summary: String,
    /// What an operator types to do the same by hand.
    pub command: String,
    /// The checks whose findings asked for it.
    pub checks: Vec<String>,
    /// The session that they are about; `None` for the home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// Every automatic remedy of the findings, each once, in the order in which they are to be applied:
/// what lets us look comes first, then what is in a daemon's way, then the daemons.
pub fn plan(findings: &[Finding]) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity > Severity::Ok) {
        let Some((remedy, fix)) = finding.remedy.as_ref().and_then(|remedy| Some((remedy, remedy.fix.clone()?))) else {
            continue;
        };
        match planned.iter_mut().find(|planned| planned.fix == fix) {
            Some(same) => same.checks.push(finding.id.clone().into_owned()),
            None => planned.push(Planned {
                fix,
                summary: remedy.summary.clone(),
                command: remedy.command.clone(),
                checks: vec![finding.id.clone().into_owned()],
                session: finding.session.clone(),
            }),
        }
    }
    planned.sort_by_key(|planned| match planned.fix {
        Fix::Chmod { .. } => 0,
        Fix::RemoveStaleLock { .. } => 1,
        Fix::RemoveStaleSocket { .. } => 2,
        Fix::Run { .. } => 3,
    });
    planned
}

/// Applies a plan in its order. A fix that errs, or that did not help, is a failed step that says
/// so; the others are tried all the same, since each looks again at what it needs.
pub fn apply(scope: &Scope, planned: &[Planned], run: Runner<'_>, sink: &dyn Sink, _confirmed: Confirmed) -> Vec<Step> {
    let one = |planned: &Planned| {
        let watch = Stopwatch::start();
        let title = describe(&planned.fix);
        sink.emit(Event::StepStarted { title: title.clone() });
        let (verdict, observed) = match planned.fix {
            // These change one file, look at it themselves before, and put nothing in the place of what was found.
            Fix::Chmod { .. } | Fix::RemoveStaleLock { .. } | Fix::RemoveStaleSocket { .. } => {
                judge(scope, planned, &[], act_in_turn(scope, planned, run))
            }
            // Somebody stopped the session since, or it came back by itself.
            Fix::Run { .. } if look_again(scope, planned).0 == Verdict::Pass => {
                (Verdict::Pass, "gone already, so it was not run".to_owned())
            }
            Fix::Run { .. } => {
                let before = hurts(scope, planned);
                judge(scope, planned, &before, act_in_turn(scope, planned, run))
            }
        };
        let expected = format!("{} no longer says so", planned.checks.join(", "));
        let step = Step { title, verdict, expected, observed, took_ms: watch.elapsed_ms() };
        sink.emit(Event::StepFinished(step.clone()));
        step
    };
    planned.iter().map(one).collect()
}

/// What became of a fix that was tried, by what is to be seen afterwards.
fn judge(scope: &Scope, planned: &Planned, before: &[Finding], acted: Result<Done>) -> (Verdict, String) {
    match acted {
        Ok(done) => {
            let (verdict, observed) = match look_again(scope, planned) {
                (Verdict::Pass, observed) if done.has_failed => instead(scope, planned, before, observed),
                other => other,
            };
            (verdict, [observed, done.said].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
        }
        // What is refused was not tried, whatever is to be seen of it now.
        Err(error) if error.kind() == ErrorKind::Denied => (Verdict::Fail, with_hints(&error)),
        Err(error) => match look_again(scope, planned) {
            (Verdict::Pass, _) => (Verdict::Pass, format!("gone already, as another has mended it: {}", error.chain())),
            _ => (Verdict::Fail, with_hints(&error)),
        },
    }
}

/// What a fix does, for people.
pub fn describe(fix: &Fix) -> String {
    match fix {
        Fix::Chmod { path, mode } => format!("set mode {mode:04o} on {}", path.display()),
        Fix::RemoveStaleLock { session } => format!("remove the stale lock of {session}"),
        Fix::RemoveStaleSocket { session } => format!("remove the stale socket of {session}"),
        Fix::Run { argv } => format!("run wpp {}", argv.join(" ")),
    }
}

fn with_hints(error: &Error) -> String {
    let hints: String = error.hints().iter().map(|hint| format!("; {hint}")).collect();
    format!("{}{hints}", error.chain())
}

/// Does it; where somebody else has hold of the session, who may be about the same, after they are done.
fn act_in_turn(scope: &Scope, planned: &Planned, run: Runner<'_>) -> Result<Done> {
    let deadline = Instant::now() + TURN_PATIENCE;
    loop {
        match act(scope, &planned.fix, run) {
            Err(error) if error.kind() == ErrorKind::Locked && Instant::now() < deadline => {
                if look_again(scope, planned).0 == Verdict::Pass {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            done => return done,
        }
    }
}

/// How an act went, as far as it can tell itself.
#[derive(Debug, Default)]
struct Done {
    /// What there is to say about it.
    said: String,
    /// Whether it says that it failed.
    has_failed: bool,
}

/// Does it, and says how that went.
fn act(scope: &Scope, fix: &Fix, run: Runner<'_>) -> Result<Done> {
    if let Some(owner) = scope.foreign {
        // What root makes or starts there, its owner can no longer use.
        return Err(Error::new(ErrorKind::Denied, format!("the home is user {owner}'s, and is not mended as another user"))
            .hint(format!("run it as that user: `{}`", super::as_user(owner, &scope.root, "doctor --fix"))));
    }
    match fix {
        Fix::Chmod { path, mode } => {
            // A folder above it may be a link, which leads out of the home.
            let real = |path: &Path| path.canonicalize().ok();
            let parent = if *path == scope.root { real(path) } else { path.parent().and_then(real) };
            let within =
                |folder: &Path| real(folder).is_some_and(|folder| parent.as_ref().is_some_and(|at| at.starts_with(folder)));
            let inside = within(&scope.root) || scope.backups().is_some_and(|folder| *path == folder || within(&folder));
            if !inside {
                return Err(Error::new(ErrorKind::Denied, format!("{} is not in the home", path.display()))
                    .hint("set its mode by hand, if that is what you want"));
            }
            // Setting a mode follows links; what the finding was about is the name itself.
            if path.symlink_metadata().map_err(|error| disk::cannot("look at", path, error))?.file_type().is_symlink() {
                return Err(Error::new(ErrorKind::Denied, format!("{} has become a symbolic link", path.display()))
                    .hint("find out who made it, then run the doctor again"));
            }
            disk::set_mode(path, *mode)?;
        }
        Fix::RemoveStaleLock { session } => written_down(scope, session, fix, remove_stale_lock)?,
        Fix::RemoveStaleSocket { session } => written_down(scope, session, fix, remove_stale_socket)?,
        // A command may do its part and still end with another code than 0: a daemon that was started
        // and finds no server. Whether it helped is for the second look to say.
        Fix::Run { argv } => {
            return run(argv).map(|report| Done { has_failed: report.verdict == Verdict::Fail, said: report.title });
        }
    }
    Ok(Done::default())
}

/// Does it, and records it in the journal, which must therefore be usable before anything is done.
fn written_down(scope: &Scope, session: &str, fix: &Fix, remove: fn(&SessionPaths) -> Result<()>) -> Result<()> {
    let paths = scope.session(session)?;
    let journal = match &scope.home {
        Ok(home) => Journal::open(&home.journal())?,
        Err(problem) => return Err(Error::new(ErrorKind::Denied, problem.message.clone()).hint(problem.hint.clone())),
    };
    remove(&paths)?;
    journal.record(Some(session), "fix", fix).map(drop)
}

/// Taking the lock proves that nobody holds it; letting go of it removes the file.
fn remove_stale_lock(paths: &SessionPaths) -> Result<()> {
    match Lock::look(&paths.lock())? {
        LockState::Absent => Ok(()),
        LockState::Stale(_) | LockState::Held(_) => Lock::acquire(&paths.lock(), "doctor").map(drop),
    }
}

/// The lock is held meanwhile, so that no daemon can bind the name between the proof and the removal.
fn remove_stale_socket(paths: &SessionPaths) -> Result<()> {
    let _lock = Lock::acquire(&paths.lock(), "doctor")?;
    match probe::look_at_socket(paths)? {
        SocketFacts::Stale => disk::remove_file(&paths.socket()),
        SocketFacts::Absent => Ok(()),
        SocketFacts::Listening { .. } => {
            Err(Error::new(ErrorKind::Locked, format!("a process that holds no lock listens on {}", paths.socket().display()))
                .hint("find it with `lsof` or `fuser` on that file, and end it"))
        }
        SocketFacts::Foreign { .. } | SocketFacts::ForeignListener { .. } | SocketFacts::NotASocket { .. } => {
            Err(Error::new(ErrorKind::Denied, format!("{} is no longer a socket of ours", paths.socket().display()))
                .hint("find out who put it there, then run the doctor again"))
        }
    }
}

/// What is to be seen now of the session that a fix is about.
fn examined(scope: &Scope, planned: &Planned, selection: &Selection) -> Examination {
    let mut narrow = scope.clone();
    narrow.sessions.retain(|session| Some(session.name()) == planned.session.as_deref());
    if narrow.home.is_err() {
        // The fix may have been what lets it open.
        narrow.home = Home::open(&narrow.root).map_err(|error| Problem::from(&error));
    }
    examine(&probe::gather(&narrow, Depth::Surface), selection)
}

/// What hurts now in the session that a fix is about, whichever check says so.
fn hurts(scope: &Scope, planned: &Planned) -> Vec<Finding> {
    let mut findings = examined(scope, planned, &Selection::default()).findings;
    findings.retain(|finding| finding.severity >= Severity::Error && finding.session == planned.session);
    findings
}

/// What a fix was for is gone, and its act says that it failed: whether something that hurts came in its place. A
/// daemon that was started and reaches no server runs all the same; one that ended in ERROR helps nobody.
fn instead(scope: &Scope, planned: &Planned, before: &[Finding], observed: String) -> (Verdict, String) {
    let new = |finding: &Finding| !before.iter().any(|known| known.id == finding.id);
    match hurts(scope, planned).into_iter().find(new) {
        Some(worse) => (
            Verdict::Fail,
            format!("it did not help: what it was for is gone, and {} came in its place: {}", worse.id, worse.summary),
        ),
        None => (Verdict::Pass, observed),
    }
}

/// Looks at what the fix was for, and says whether it is gone.
fn look_again(scope: &Scope, planned: &Planned) -> (Verdict, String) {
    let examination = examined(scope, planned, &Selection::of(&planned.checks));
    let findings = &examination.findings;
    let still = findings.iter().find(|finding| {
        finding.severity > Severity::Ok && finding.remedy.as_ref().and_then(|remedy| remedy.fix.as_ref()) == Some(&planned.fix)
    });
    if let Some(finding) = still {
        return (Verdict::Fail, format!("it did not help: {}", finding.summary));
    }
    match findings.iter().find(|finding| finding.severity == Severity::Unknown) {
        Some(finding) => (Verdict::Unknown, format!("whether it helped could not be seen: {}", finding.summary)),
        None => match examination.skipped.first() {
            // The fix may have taken away what the finding was seen by, and not its cause.
            Some(skipped) => (Verdict::Fail, format!("it did not help: {}", skipped.reason)),
            None => (Verdict::Pass, "done, and seen to have helped".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::home::HomeKind;
    use crate::report::{Remedy, Silent};

    struct Place {
        folder: tempfile::TempDir,
        scope: Scope,
    }

    impl Place {
        /// A home whose daemon was killed, without a journal that says so.
        fn killed() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::create(folder.path(), HomeKind::Sandbox).unwrap();
            let session = home.session("main");
            disk::create_folder(session.folder()).unwrap();
            std::fs::write(session.lock(), r#"{"pid":1,"since":"2026-11-01T00:00:00Z","role":"daemon","version":"1"}"#).unwrap();
            drop(std::os::unix::net::UnixListener::bind(session.socket()).unwrap());
            let config = Config::load(&home.config(), &Default::default()).unwrap();
            let scope = Scope { sessions: vec![session], ..Scope::new(folder.path().to_owned(), Ok(home), config) };
            Place { folder, scope }
        }

        /// What each of them would have done, were it asked alone: together the last one has the word.
        fn planned(&self) -> Vec<Planned> {
            let facts = probe::gather(&self.scope, Depth::Full);
            let only = ["wpp.session.stale-lock", "wpp.session.stale-socket", "wpp.session.daemon-died"];
            let findings = only.map(|id| examine(&facts, &Selection::of(&[id.to_owned()])).findings);
            plan(&findings.concat())
        }

        fn apply(&self, planned: &[Planned], run: Runner<'_>) -> Vec<Step> {
            apply(&self.scope, planned, run, &Silent, Confirmed::by_flag(true).unwrap())
        }
    }

    #[test]
    fn a_start_that_starts_nothing_is_a_failed_fix_even_when_no_trace_is_left() {
        let place = Place::killed();
        let planned = place.planned();
        assert_eq!(planned.len(), 3);
        let steps = place.apply(&planned, &|_| Ok(Report::new("start", "started, it says")));
        let verdicts: Vec<_> = steps.iter().map(|step| step.verdict).collect();
        assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Fail], "{steps:?}");
        assert!(steps[2].observed.contains("did not help"), "{steps:?}");
        assert!(!place.scope.sessions[0].lock().exists() && !place.scope.sessions[0].socket().exists());
        let journal = Journal::open(&place.folder.path().join("ops.db")).unwrap();
        assert_eq!(journal.after("main", 0).unwrap().iter().filter(|entry| entry.verb == "fix").count(), 2);
    }

    #[test]
    fn a_start_that_works_is_seen_to_have_helped() {
        let place = Place::killed();
        let held = std::cell::RefCell::new(None);
        let session = place.scope.sessions[0].clone();
        let steps = place.apply(&place.planned(), &|argv| {
            assert_eq!(argv[..3], ["start", "--session", "main"].map(str::to_owned));
            *held.borrow_mut() = Some(Lock::acquire(&session.lock(), "daemon")?);
            Ok(Report::new("start", "started"))
        });
        assert!(steps.iter().all(|step| step.verdict == Verdict::Pass), "{steps:?}");
    }

    #[test]
    fn a_start_that_reaches_no_server_has_started_the_daemon_all_the_same() {
        let place = Place::killed();
        let held = std::cell::RefCell::new(None);
        let session = place.scope.sessions[0].clone();
        let steps = place.apply(&place.planned(), &|_| {
            *held.borrow_mut() = Some(Lock::acquire(&session.lock(), "daemon")?);
            Ok(Report::new("start", "CONNECTING (connect_failure)").verdict(Verdict::Fail))
        });
        assert_eq!(steps[2].verdict, Verdict::Pass, "{steps:?}");
        assert!(steps[2].observed.contains("CONNECTING"), "what it said is told: {steps:?}");
    }

    #[test]
    fn a_start_that_leaves_something_worse_in_the_place_of_what_it_was_for_has_not_helped() {
        let place = Place::killed();
        let held = std::cell::RefCell::new(None);
        let session = place.scope.sessions[0].clone();
        let steps = place.apply(&place.planned(), &|_| {
            // Long since, and it listens nowhere.
            let lock = Lock::acquire(&session.lock(), "daemon")?;
            let owner = r#"{"pid":1,"since":"2020-01-01T00:00:00Z","role":"daemon","version":"1"}"#;
            std::fs::OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(session.lock())
                .and_then(|mut file| std::io::Write::write_all(&mut file, owner.as_bytes()))
                .unwrap();
            *held.borrow_mut() = Some(lock);
            Ok(Report::new("start", "ERROR (store_failure)").verdict(Verdict::Fail))
        });
        assert_eq!(steps[2].verdict, Verdict::Fail, "{steps:?}");
        assert!(steps[2].observed.contains("wpp.session.lock-held came in its place"), "{steps:?}");
    }

    #[test]
    fn a_daemon_that_came_up_meanwhile_loses_neither_lock_nor_socket() {
        let place = Place::killed();
        let planned = place.planned();
        let session = &place.scope.sessions[0];
        std::fs::remove_file(session.socket()).unwrap();
        let lock = Lock::acquire(&session.lock(), "daemon").unwrap();
        let listener = std::os::unix::net::UnixListener::bind(session.socket()).unwrap();
        let steps = place.apply(&planned, &|_| unreachable!());
        // What was found is gone, so nothing failed.
        assert!(steps.iter().all(|step| step.verdict == Verdict::Pass && step.observed.starts_with("gone already")), "{steps:?}");
        assert!(session.lock().exists() && session.socket().exists());
        // A listener without the lock keeps its socket as well.
        drop(lock);
        let steps = place.apply(&planned[1..2], &|_| unreachable!());
        assert!(steps[0].verdict == Verdict::Pass && session.socket().exists(), "{steps:?}");
        drop(listener);
    }

    #[test]
    fn modes_are_set_in_the_home_alone_and_never_through_a_link() {
        let place = Place::killed();
        let outside = tempfile::NamedTempFile::new().unwrap();
        let link = place.folder.path().join("link");
        std::os::unix::fs::symlink(outside.path(), &link).unwrap();
        disk::set_mode(outside.path(), 0o644).unwrap();
        // A folder of the home may be such a link, too.
        let through = place.folder.path().join("through");
        std::os::unix::fs::symlink(outside.path().parent().unwrap(), &through).unwrap();
        let through = through.join(outside.path().file_name().unwrap());
        for path in [outside.path().to_owned(), link, through] {
            let remedy = Remedy { summary: String::new(), command: String::new(), fix: Some(Fix::Chmod { path, mode: 0o600 }) };
            let finding = Finding { remedy: Some(remedy.into()), ..Finding::new("wpp.home.modes", Severity::Error, "") };
            let steps = place.apply(&plan(&[finding]), &|_| unreachable!());
            assert_eq!(steps[0].verdict, Verdict::Fail, "{steps:?}");
        }
        assert_eq!(disk::mode_and_owner(outside.path()).unwrap().unwrap().0, 0o644);
    }

    #[test]
    fn what_belongs_to_a_home_that_does_not_open_is_left_alone() {
        let mut place = Place::killed();
        let planned = place.planned();
        place.scope.home = Err(Problem { message: "home.json is damaged".into(), hint: "restore it".into() });
        let steps = place.apply(&planned[..1], &|_| unreachable!());
        assert_eq!(steps[0].verdict, Verdict::Fail);
        assert!(place.scope.sessions[0].lock().exists());
    }
}
