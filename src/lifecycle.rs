//! Starting, stopping, restarting, linking and resetting a session.
//!
//! Each verb proves what it says: a stop ends when the lock is free and the socket gone, a start
//! when the daemon itself reports its state. Start with [`Site`].

mod reset;
pub mod whose;
mod left;
mod lost;

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::clock::Stopwatch;
use crate::config::Config;
use crate::daemon::api::{Auth, AuthStage, Status};
use crate::daemon::client::Client;
use crate::disk::{Lock, LockOwner, LockState, identity_of_name};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind, SessionPaths};
use crate::interrupt;
use crate::journal::Journal;
use crate::linking::{self, Advice};
use crate::report::{Event, Sink, Step, Verdict};
use crate::session::state::{Reason, State};

pub use self::left::FOUND_DEAD;
pub use self::lost::lost_messages;
pub use self::reset::Held;

/// How often a waiting verb looks again. The daemon answers in well under a millisecond.
const POLL: Duration = Duration::from_millis(5);

/// Who holds a session for a while, changes nothing in it, and lets go of it again. A start waits for them: it may be the
/// second half of a restart, after which nobody starts the daemon once more.
const PASSING: [&str; 3] = ["backup", "doctor", "stop"];

/// One session and all that its verbs need.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The home.
    pub home: &'a Home,
    /// The session.
    pub session: &'a SessionPaths,
    /// Settings.
    pub config: &'a Config,
    /// Takes events.
    pub sink: &'a dyn Sink,
    /// This program, which also is the daemon.
    pub program: &'a std::path::Path,
}

/// What a look at a session's daemon shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Nobody holds the session.
    Stopped {
        /// A lock file whose owner died.
        stale_lock: bool,
    },
    /// The session's files are held by something that is not a daemon: a restore, a reset. Or by a daemon
    /// that lives elsewhere: these files are a copy of its own.
    Busy(Option<LockOwner>),
    /// A daemon answers.
    Running(Box<Status>),
}

/// How a start ended.
#[derive(Debug)]
pub struct Started {
    /// The daemon's last answer.
    pub status: Status,
    /// Whether it had been running before.
    pub already_running: bool,
    /// Milliseconds from the call to the answer.
    pub took_ms: u64,
}

/// How a stop ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The process that was stopped; `None` when none ran.
    pub pid: Option<u32>,
    /// Whether it had to be killed.
    pub killed: bool,
    /// Whether what one that had died before left of itself was cleared away.
    pub cleared: bool,
    /// Milliseconds.
    pub took_ms: u64,
}

/// A daemon that ends with this value.
#[derive(Debug)]
pub struct Leash {
    child: Child,
}

/// How a daemon on a leash ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It drained, and reported no error.
    Clean,
    /// It ended with an error, or was killed by somebody else.
    Failed(ExitStatus),
    /// It was killed when the patience was over.
    Killed,
}

impl Leash {
    /// Has it drain and end, and waits for that as long as `patience`.
    pub fn let_go(mut self, patience: Duration) -> Ending {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ending::Clean,
                Ok(Some(status)) => return Ending::Failed(status),
                Ok(None) => sleep(POLL),
                Err(_) => break,
            }
        }
        Ending::Killed
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        // One that has ended is not signalled: its number may be another's by now.
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Site<'_> {
    /// Looks at the daemon.
    pub fn look(&self) -> Result<Seen> {
        match Lock::look(&self.session.lock())? {
            state @ (LockState::Absent | LockState::Stale(_)) => {
                if let Some(status) = self.unlocked()? {
                    return Ok(Seen::Running(Box::new(status)));
                }
                let rival = match &state {
                    LockState::Stale(Some(owner)) => owner.rival(&self.session.lock()),
                    _ => None,
                };
                Ok(match rival {
                    Some(owner) => Seen::Busy(Some(owner)),
                    None => Seen::Stopped { stale_lock: state != LockState::Absent },
                })
            }
            LockState::Held(Some(owner)) if owner.role != "daemon" => Ok(Seen::Busy(Some(owner))),
            LockState::Held(_) => Ok(Seen::Running(Box::new(self.client()?.status()?))),
        }
    }

    fn client(&self) -> Result<Client> {
        Client::connect(self.session)
    }

    /// Starts the daemon if none runs, and waits until it has something to say.
    ///
    /// Ends at READY, AUTH_REQUIRED or ERROR, or after `daemon.start_timeout_ms`, whichever comes
    /// first; the caller judges the state. Refuses what [`Site::check_losses`] refuses.
    pub fn start(&self) -> Result<Started> {
        self.check_losses()?;
        self.start_whatever_is_there()
    }

    /// [`Site::start`] for an operator who knows that the messages are gone, and goes on without them.
    pub fn start_with_new_messages(&self, journal: &Journal) -> Result<Started> {
        self.check_link()?;
        if lost::is_without_messages(self.session) {
            journal.record(Some(self.session.name()), "new_messages", &serde_json::json!({}))?;
        }
        self.start_whatever_is_there()
    }

    /// [`Site::start`] for those who know that `session.db` may be missing: a new one is made.
    pub fn start_whatever_is_there(&self) -> Result<Started> {
        self.start_child(&mut None, false, &AtomicBool::new(false))
    }

    /// [`Site::start_whatever_is_there`] for a daemon that is not to outlive its starter: it ends
    /// with the value, and when this process ends, even by a kill. The settings of this process's
    /// environment are not its own.
    ///
    /// Fails with [`ErrorKind::Interrupted`] soon after `stop` is set. On every error, what was
    /// started has ended.
    pub fn start_leashed(&self, stop: &AtomicBool) -> Result<(Started, Leash)> {
        let mut child = None;
        let started = self.start_child(&mut child, true, stop);
        let leash = child.map(|child| Leash { child });
        let started = started?;
        let leash = leash.ok_or_else(|| {
            Error::new(ErrorKind::Locked, format!("session {} has a daemon already", self.session.name()))
                .hint("wait until it ends, then try again")
        })?;
        Ok((started, leash))
    }

    fn start_child(&self, child: &mut Option<Child>, leashed: bool, stop: &AtomicBool) -> Result<Started> {
        let watch = Stopwatch::start();
        self.session.checked_socket()?;
        let deadline = Instant::now() + self.config.duration("daemon.start_timeout_ms");
        let mut last: Result<Status> =
            Err(Error::new(ErrorKind::Unreachable, format!("the daemon of session {} did not answer", self.session.name())));
        let mut waits = false;
        while Instant::now() < deadline {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::new(
                    ErrorKind::Interrupted,
                    format!("interrupted while the daemon of session {} was starting", self.session.name()),
                )
                .hint("run it again"));
            }
            // Somebody else may start or end a daemon meanwhile: one that wins the lock is waited for,
            // one that goes away is replaced.
            if child.is_none() {
                match Lock::look(&self.session.lock())? {
                    LockState::Held(Some(owner)) if PASSING.contains(&owner.role.as_str()) => {
                        if !waits {
                            let text = format!("waiting for process {} ({}) to let go of the session", owner.pid, owner.role);
                            self.sink.emit(Event::Line { text, data: serde_json::Value::Null });
                            waits = true;
                        }
                        last = Err(busy(self.session, Some(&owner)));
                        interrupt::sleep(POLL)?;
                        continue;
                    }
                    LockState::Held(Some(owner)) if owner.role != "daemon" => return Err(busy(self.session, Some(&owner))),
                    LockState::Held(_) => {}
                    LockState::Absent | LockState::Stale(_) => {
                        self.check_rivals()?;
                        *child = Some(self.spawn(leashed)?);
                    }
                }
            }
            match child.as_mut().map(|child| ended(self.session, child)).transpose()?.flatten() {
                Some(error) if error.kind() == ErrorKind::Locked => {
                    last = Err(error);
                    *child = None;
                    interrupt::sleep(POLL)?;
                    continue;
                }
                Some(error) => return Err(error),
                None => {}
            }
            last = self.client().and_then(|client| client.status());
            match &last {
                Ok(status) if matches!(status.state, State::Ready | State::AuthRequired | State::Error) => break,
                Err(error) if error.kind() == ErrorKind::Denied => break,
                _ => interrupt::sleep(POLL)?,
            }
        }
        let status =
            last.map_err(|error| error.hint(format!("read the daemon's log with `wpp logs --session {}`", self.session.name())))?;
        Ok(Started { status, already_running: child.is_none(), took_ms: watch.elapsed_ms() })
    }

    fn spawn(&self, leashed: bool) -> Result<Child> {
        if self.home.kind() == HomeKind::Live && !self.home.marker().exists() {
            let text = format!(
                "made {} a live home: its sessions reach WhatsApp itself; `wpp --home FOLDER simulator --create` makes a sandbox",
                self.home.root().display()
            );
            self.sink.emit(Event::Line { text, data: serde_json::Value::Null });
        }
        self.home.ensure()?;
        let mut command = Command::new(self.program);
        command.arg("--home").arg(self.home.root()).args(["--session", self.session.name(), "--format", "json", "daemon"]);
        if leashed {
            command.arg("--leashed").stdin(Stdio::piped());
            for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("WPP_"))) {
                command.env_remove(name);
            }
        } else {
            command.arg("--detached").stdin(Stdio::null());
        }
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .while_doing(|| format!("cannot start {}", self.program.display()))
            .map_err(|error| error.hint("check that the program is still where it was started from"))
    }

    /// Stops the daemon: drained, or killed when `force` is set and draining takes too long.
    pub fn stop(&self, force: bool) -> Result<Stopped> {
        let watch = Stopwatch::start();
        let owner = match Lock::look(&self.session.lock())? {
            LockState::Absent | LockState::Stale(_) => return self.stop_unlocked(force, &watch),
            LockState::Held(owner) => owner,
        };
        let Some(owner) = owner else {
            return Err(Error::new(
                ErrorKind::Locked,
                format!("the lock {} is held, but it does not say by whom", self.session.lock().display()),
            )
            .hint("find the holder with `lsof` or `fuser` on that file, and end it"));
        };
        if owner.role != "daemon" {
            return Err(busy(self.session, Some(&owner)));
        }
        if let Some(home) = whose::other_home(self.session, &owner) {
            return Err(self.not_ours(owner.pid, Some(&home)));
        }
        let Some(pid) = i32::try_from(owner.pid).ok().and_then(Pid::from_raw) else {
            return Err(Error::new(
                ErrorKind::Locked,
                format!("the lock {} names no valid process", self.session.lock().display()),
            )
            .hint("find the holder with `lsof` or `fuser` on that file, and end it"));
        };
        if !owner.is_there() {
            return Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "the lock {} is held, and process {} that it names is not here",
                    self.session.lock().display(),
                    owner.pid
                ),
            )
            .hint(
                "stop it where it runs: the daemon is one of another container, or of another machine that shares this folder",
            ));
        }
        let lock = identity_of_name(&self.session.lock());
        // The lock is held by the kernel's word, so the process named in it is alive and ours.
        signal(pid, Signal::TERM)?;
        let patience = drain_patience(self.config);
        let mut killed = false;
        if !self.wait_until_let_go(&owner, patience)? {
            if !force {
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!(
                        "the daemon of session {} (process {}) did not end within {} s",
                        self.session.name(),
                        owner.pid,
                        patience.as_secs()
                    ),
                )
                .hint("`wpp stop --force` kills it; nothing that was acknowledged is lost"));
            }
            signal(pid, Signal::KILL)?;
            killed = true;
            if !self.wait_until_let_go(&owner, Duration::from_secs(5))? {
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!("process {} was killed and the lock of session {} is still held", owner.pid, self.session.name()),
                )
                .hint("it may hang in the kernel on a bad disk; look at its state with `ps`"));
            }
        }
        // One whose folder was moved while it ran, or that was killed, leaves its lock and its socket.
        if lock.is_some() && identity_of_name(&self.session.lock()) == lock {
            self.clear_left()?;
        }
        Ok(Stopped { pid: Some(owner.pid), killed, cleared: false, took_ms: watch.elapsed_ms() })
    }

    /// Waits until this owner holds the lock no more. Another may hold it by then, such as the daemon of somebody else's
    /// start.
    fn wait_until_let_go(&self, owner: &LockOwner, patience: Duration) -> Result<bool> {
        let deadline = Instant::now() + patience;
        loop {
            match Lock::look(&self.session.lock())? {
                LockState::Held(None) => {}
                LockState::Held(Some(now)) if now == *owner => {}
                _ => return Ok(true),
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(POLL);
        }
    }

    /// Stops and starts, proving each stage of the runbook; the steps say what was seen.
    pub fn restart(&self, force: bool) -> Result<(Vec<Step>, Status)> {
        let mut steps = Vec::new();
        let stopped = self.stop(force)?;
        let observed = match stopped.pid {
            None => "no daemon was running".to_owned(),
            Some(pid) if stopped.killed => format!("process {pid} was killed"),
            Some(pid) => format!("process {pid} drained and ended"),
        };
        self.step(&mut steps, "stop the daemon", "it drains and ends", observed, Verdict::Pass, stopped.took_ms);
        let watch = Stopwatch::start();
        let held = match Lock::look(&self.session.lock())? {
            LockState::Held(owner) => Some(owner),
            LockState::Absent | LockState::Stale(_) => None,
        };
        // After a kill the socket file stays; the next daemon proves it dead and takes its place.
        let (observed, verdict) = match (held, self.session.socket().exists()) {
            (None, false) => ("lock free, socket gone".to_owned(), Verdict::Pass),
            (None, true) => ("lock free, a dead socket is left for the next daemon to replace".to_owned(), Verdict::Pass),
            (Some(Some(next)), _) if Some(next.pid) != stopped.pid => {
                (format!("lock free, and taken by process {} ({})", next.pid, next.role), Verdict::Pass)
            }
            (Some(_), _) => ("the lock is held".to_owned(), Verdict::Fail),
        };
        self.step(&mut steps, "confirm the release", "lock free, socket gone or dead", observed, verdict, watch.elapsed_ms());
        let started = self.start()?;
        let verdict = if settled(&started.status) { Verdict::Pass } else { Verdict::Fail };
        self.step(&mut steps, "start the daemon", "READY or AUTH_REQUIRED", describe(&started.status), verdict, started.took_ms);
        Ok((steps, started.status))
    }

    fn step(&self, steps: &mut Vec<Step>, title: &str, expected: &str, observed: String, verdict: Verdict, took_ms: u64) {
        let step = Step { title: title.into(), verdict, expected: expected.into(), observed, took_ms };
        self.sink.emit(Event::StepFinished(step.clone()));
        steps.push(step);
    }

    /// Links the session to a phone, showing each stage as it comes; starts the daemon if needed.
    ///
    /// Ends when the session is open. A passkey that the phone asks for, codes that ran out, and a
    /// link that was accepted but never opened are errors of their own.
    pub fn link(&self, phone_number: Option<&str>, patience: Duration) -> Result<Status> {
        if self.session.session_db().exists() {
            self.check_messages()?;
        }
        let started = self.start_whatever_is_there()?;
        match (started.status.state, started.status.reason) {
            (State::AuthRequired, _) | (State::Error, Reason::LoggedOut | Reason::MainDeviceGone) => {}
            (State::Error, reason) => {
                return Err(Error::new(
                    ErrorKind::Denied,
                    format!("session {} is in ERROR for {}, which linking does not mend", self.session.name(), reason.name()),
                )
                .hint("`wpp doctor` says what does"));
            }
            (state, _) => {
                return Err(Error::new(
                    ErrorKind::Denied,
                    format!("session {} is {} and needs no linking", self.session.name(), state.name()),
                )
                .hint("to link another phone, unlink this device on the phone first, or use another --session"));
            }
        }
        let client = self.client()?;
        client.begin_auth(phone_number)?;
        let deadline = Instant::now() + patience;
        let mut shown: Option<Auth> = None;
        loop {
            let auth = client.auth()?;
            if shown.as_ref() != Some(&auth) {
                linking::show(self.sink, shown.as_ref(), &auth, phone_number.is_some());
                match auth.stage {
                    AuthStage::Open => break,
                    AuthStage::Failed => return Err(linking::failed(self.session.name(), &auth, &advice())),
                    _ => {}
                }
                shown = Some(auth.clone());
            }
            if Instant::now() >= deadline {
                return Err(linking::timed_out(self.session.name(), &auth, patience, &advice()));
            }
            interrupt::sleep(Duration::from_millis(50))?;
        }
        // Open means that the server took the login; READY also means that what waited is here.
        while Instant::now() < deadline {
            let status = client.status()?;
            if matches!(status.state, State::Ready | State::Error | State::AuthRequired) {
                return Ok(status);
            }
            interrupt::sleep(POLL)?;
        }
        client.status()
    }
}

/// How long a stop may take.
pub fn drain_patience(config: &Config) -> Duration {
    config.duration("daemon.drain_timeout_ms") + Duration::from_secs(5)
}

/// Whether a start or restart reached one of the two states that need nothing more from it.
pub fn settled(status: &Status) -> bool {
    matches!(status.state, State::Ready | State::AuthRequired)
}

/// `READY`, or `RECONNECTING (connect_failure: connection refused)`.
pub fn describe(status: &Status) -> String {
    linking::described(status.state, &status.reason.name(), status.detail.as_deref())
}

fn signal(pid: Pid, signal: Signal) -> Result<()> {
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Error::new(ErrorKind::Denied, format!("cannot signal process {}", pid.as_raw_nonzero()))
            .caused_by(std::io::Error::from(error))
            .hint("run it as the user that owns the daemon")),
    }
}

/// The error of a daemon that ended while its start was awaited.
fn ended(session: &SessionPaths, child: &mut Child) -> Result<Option<Error>> {
    let status = child.try_wait().while_doing(|| "cannot wait for the daemon".into())?;
    let Some(status) = status else { return Ok(None) };
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        // What it said last is its error as JSON; when it said nothing, its exit status speaks.
        let _ = stdout.read_to_string(&mut said);
    }
    let document: Option<serde_json::Value> = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let field = |name: &str| document.as_ref().and_then(|document| document.get(name));
    let kind = field("code").and_then(|code| code.as_str()).and_then(ErrorKind::from_code).unwrap_or(ErrorKind::Unexpected);
    let message = match field("message").and_then(|message| message.as_str()) {
        Some(message) => format!("the daemon of session {} did not start: {message}", session.name()),
        None => format!("the daemon of session {} ended while starting ({status})", session.name()),
    };
    let mut error = Error::new(kind, message);
    for hint in field("hints").and_then(|hints| hints.as_array()).into_iter().flatten().filter_map(|hint| hint.as_str()) {
        error = error.hint(hint);
    }
    Ok(Some(error.hint(format!("read its log with `wpp logs --session {}`", session.name()))))
}

fn busy(session: &SessionPaths, owner: Option<&LockOwner>) -> Error {
    let who = owner.map_or("another process".to_owned(), |owner| format!("process {} ({})", owner.pid, owner.role));
    Error::new(ErrorKind::Locked, format!("session {} is held by {who}", session.name()))
        .hint("wait until it ends, then try again")
}

fn advice() -> Advice {
    Advice { again: "wpp reauth".into(), look: "wpp doctor".into() }
}

#[cfg(test)]
mod tests {
    use super::describe;
    use crate::daemon::api::Status;
    use crate::session::state::{Reason, State};

    #[test]
    fn a_state_is_described_with_its_reason_unless_all_is_well() {
        let mut status = Status {
            session: "main".into(),
            state: State::Ready,
            reason: Reason::Normal,
            detail: None,
            since_ms: 0,
            pid: 1,
            version: "0".into(),
            started_ms: 0,
            paired: true,
            last_heard_ms: None,
            reconnects: 0,
            outbound_paused: false,
            sync_enabled: true,
            outbox_pending: 0,
            messages: 0,
            last_event_id: 0,
            search_mode: crate::session::messages::SearchMode::Fts,
            edited_ms: None,
        };
        assert_eq!(describe(&status), "READY");
        status.state = State::Error;
        status.reason = Reason::LoggedOut;
        status.detail = Some("removed on the phone".into());
        assert_eq!(describe(&status), "ERROR (logged_out: removed on the phone)");
    }
}
