//! Injects a fault of the table into a sandbox, takes it back, and measures how long recovery took.
//!
//! Nothing here touches a live home: [`Place::new`] is the only door, and it refuses one. Start with
//! [`Place::inject`].

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounded;
use super::fault::{Act, Dose, FAULTS, Fault, Held};
use crate::clock;
use crate::daemon::api::AuthStage;
use crate::daemon::client::Client;
use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind, SessionPaths, sidecar};
use crate::interrupt::Interrupts;
use crate::journal::Journal;
use crate::report::size;
use crate::sandbox;
use crate::session::state::State;
use crate::session::store;
use crate::whatsapp::simulator::{Request, control};

/// The journal's verb for a fault that was injected.
const VERB: &str = "fault";

/// The journal's verb for a recovery that was measured.
const RECOVERY: &str = "recovery";

/// Who writes under load: a number of the range that is reserved for fiction.
const PEER: &str = "15550100002";

/// Between two looks of a process that holds something.
const POLL: Duration = Duration::from_millis(10);

/// How long what holds something may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// SQL that loses the full-text index, the triggers with it: with them every write would notice.
const DROP_INDEX: &str = "
BEGIN IMMEDIATE;
DROP TRIGGER IF EXISTS messages_fts_insert;
DROP TRIGGER IF EXISTS messages_fts_delete;
DROP TRIGGER IF EXISTS messages_fts_update;
DROP TABLE IF EXISTS messages_fts;
COMMIT;";

/// What was injected, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// The fault.
    pub fault: String,
    /// When, in milliseconds since the epoch.
    pub injected_ms: i64,
    /// The process that was hit, or that holds what is held.
    #[serde(default)]
    pub pid: Option<u32>,
    /// What exactly was done.
    pub done: String,
    /// Of a full disk, whether the system itself says so; else it is a fault of wpp's own disk layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub really: Option<bool>,
}

/// How long a session took to come back, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The newest fault.
    pub fault: String,
    /// From its injection to READY, in milliseconds.
    pub recovery_ms: i64,
    /// Whether the session left READY because of it. If not, the time is until it was looked at.
    pub was_down: bool,
}

/// A session of a sandbox home.
pub struct Place<'a> {
    home: &'a Home,
    session: &'a SessionPaths,
    journal: &'a Journal,
}

impl<'a> Place<'a> {
    /// Over a session of a sandbox home.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] in a live home, whatever the fault is.
    pub fn new(home: &'a Home, session: &'a SessionPaths, journal: &'a Journal) -> Result<Place<'a>> {
        require_sandbox(home)?;
        Ok(Place { home, session, journal })
    }

    /// Does what the fault's row says, and writes it down.
    pub fn inject(&self, fault: &Fault, dose: &Dose, program: &Path) -> Result<Injected> {
        if let Act::FillDisk = fault.act
            && let Some(again) = self.fill_again(fault)?
        {
            return Ok(again);
        }
        disk::create_folder(&self.home.faults())?;
        let mut injected =
            Injected { fault: fault.id.into(), injected_ms: clock::now_ms(), pid: None, done: String::new(), really: None };
        (injected.pid, injected.done) = match &fault.act {
            Act::Kill => {
                let pid = sandbox::kill_daemon(self.session)?;
                (Some(pid), format!("process {pid} was killed"))
            }
            Act::Freeze => {
                let pid = sandbox::signal_daemon(self.session, Signal::STOP)?;
                (Some(pid), format!("process {pid} was stopped, and lives"))
            }
            Act::LeaveSocket => (None, self.leave_socket()?),
            Act::Hold(_) => {
                let pid = self.begin_holding(fault, dose, program)?;
                (Some(pid), format!("process {pid} holds on for at most {} s", dose.hold_s))
            }
            // Written down below, while there still is room for that.
            Act::FillDisk => {
                let bounded = bounded::is_bounded(self.home.root());
                injected.really = Some(bounded);
                (None, self.full(bounded)?)
            }
            Act::Damage(of) => (None, self.damage(&of(self.session))?),
            Act::DropIndex => (None, self.drop_index()?),
            Act::ShiftClock => {
                let offset_ms = dose.by_s.saturating_mul(1000);
                disk::write_atomic(&self.home.fault_clock(), offset_ms.to_string().as_bytes())?;
                (
                    None,
                    format!(
                        "the daemon's clock is {} s {}",
                        dose.by_s.unsigned_abs(),
                        if dose.by_s < 0 { "behind" } else { "ahead" }
                    ),
                )
            }
            Act::Unlink => (None, self.unlink()?),
            Act::Server { requests, .. } => {
                for request in requests(dose) {
                    self.ask(&request)?;
                }
                (None, "the simulated server does it".to_owned())
            }
        };
        if fault.breaks() {
            self.journal.record(Some(self.session.name()), VERB, &injected)?;
        }
        match injected.really {
            Some(true) => bounded::fill(self.home.root()).map(drop)?,
            Some(false) => disk::write_atomic(&self.home.fault_full_disk(), b"")?,
            None => {}
        }
        Ok(injected)
    }

    /// Takes back what lasts; what is over already is fine. Answers what was done.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a fault that does not last.
    pub fn release(&self, fault: &Fault) -> Result<String> {
        match &fault.act {
            Act::Freeze => {
                let pid = sandbox::signal_daemon(self.session, Signal::CONT)?;
                return Ok(format!("process {pid} goes on"));
            }
            Act::Hold(_) => {
                return Ok(match end_holder(self.home, fault)? {
                    Some(pid) => format!("process {pid} let go and ended"),
                    None => "nothing is held any more".to_owned(),
                });
            }
            Act::FillDisk => {
                bounded::empty(self.home.root())?;
                if self.home.fault_full_disk().exists() {
                    disk::remove_file(&self.home.fault_full_disk())?;
                }
            }
            Act::ShiftClock => disk::remove_file(&self.home.fault_clock())?,
            Act::Server { back: Some(knob), .. } => {
                self.ask(&Request::Clear { knob: Some(*knob) })?;
            }
            Act::Kill | Act::LeaveSocket | Act::Damage(_) | Act::DropIndex | Act::Unlink | Act::Server { back: None, .. } => {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("{} does not last, so there is nothing to take back", fault.id),
                )
                .hint("mend the session as an operator would: `wpp doctor` says how"));
            }
        }
        Ok(format!("{} is over", fault.id))
    }

    /// Waits until the session is READY and says how long that took from the newest fault on.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when no fault was injected, [`ErrorKind::Failed`] when it does not become
    /// READY in time.
    pub fn recovery(&self, patience: Duration) -> Result<Recovery> {
        let entry = self.journal.latest(self.session.name(), VERB)?.ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("no fault was injected into session {}", self.session.name()))
                .hint("`wpp drill inject --list` lists the faults")
        })?;
        let injected: Injected = entry.data()?;
        let deadline = Instant::now() + patience;
        loop {
            let seen = match Client::connect(self.session).and_then(|client| client.status()) {
                Ok(status) if status.state == State::Ready => {
                    let now_ms = clock::now_ms();
                    // A daemon whose clock was shifted names moments that are none of ours.
                    let trusted = !self.home.fault_clock().exists() && (injected.injected_ms..=now_ms).contains(&status.since_ms);
                    let until_ms = if trusted { status.since_ms } else { now_ms };
                    let recovery_ms = until_ms.saturating_sub(injected.injected_ms).max(0);
                    let recovery = Recovery { fault: injected.fault, recovery_ms, was_down: trusted };
                    self.journal.record(Some(self.session.name()), RECOVERY, &recovery)?;
                    return Ok(recovery);
                }
                Ok(status) => format!("{} ({})", status.state.name(), status.reason.name()),
                Err(error) => error.chain(),
            };
            if Instant::now() >= deadline {
                let text = format!(
                    "session {} is not READY {} after {}: {seen}",
                    self.session.name(),
                    clock::human(patience),
                    injected.fault
                );
                return Err(Error::new(ErrorKind::Failed, text).hint("`wpp doctor` says what is wrong and what mends it"));
            }
            std::thread::sleep(POLL);
        }
    }

    /// What a process of its own does: holds on until it is told to end, or its time is over. `begun`
    /// is called once it holds.
    pub fn hold(&self, held: Held, fault: &Fault, dose: &Dose, begun: impl FnOnce()) -> Result<()> {
        let interrupts = Interrupts::watch()?;
        let deadline = Instant::now() + Duration::from_secs(dose.hold_s);
        let over = || interrupts.flag().load(Ordering::Relaxed) || Instant::now() >= deadline;
        let _alone = Lock::acquire(&self.home.fault_holder(fault.id), fault.id)?;
        match held {
            Held::Lock => {
                let _lock = Lock::acquire(&self.session.lock(), VERB)?;
                begun();
                wait_until(over);
            }
            Held::Database => {
                let connection = self.open_messages()?;
                let failed = || format!("cannot lock {}", self.session.wpp_db().display());
                connection.execute_batch("BEGIN IMMEDIATE").while_doing(failed)?;
                begun();
                wait_until(over);
                connection.execute_batch("ROLLBACK").while_doing(failed)?;
            }
            Held::Load => {
                let mut number = 0;
                let mut begun = Some(begun);
                while !over() {
                    number += 1;
                    let text = format!("load {number}");
                    self.ask(&Request::PeerSend { from: PEER.into(), text, count: 1, group: None })?;
                    begun.take().into_iter().for_each(|begun| begun());
                    std::thread::sleep(POLL / 2);
                }
            }
            Held::Phone => {
                begun();
                let mut last = String::new();
                while !over() {
                    last = self.use_phone(last)?;
                    std::thread::sleep(POLL);
                }
            }
        }
        Ok(())
    }

    /// Scans or types the code that is shown now, once; answers the code.
    fn use_phone(&self, last: String) -> Result<String> {
        // No daemon runs yet, or none any more: there is no code to see.
        let Ok(auth) = Client::connect(self.session).and_then(|client| client.auth()) else { return Ok(last) };
        let (code, request) = match (auth.stage, auth.qr_code, auth.pair_code) {
            (AuthStage::Qr, Some(code), _) => (code.clone(), Request::PhoneScan { code }),
            (AuthStage::PairCode, _, Some(code)) => (code.clone(), Request::PhonePairCode { code, number: None }),
            _ => return Ok(last),
        };
        if code != last {
            // A code that ran out meanwhile is refused, and the next one comes.
            let _ = self.ask(&request);
        }
        Ok(code)
    }

    /// Other sessions of the home are companions of the same simulated phone, and stay linked.
    fn unlink(&self) -> Result<String> {
        let name = self.session.name();
        let device = store::device_number(self.session).map_err(|error| error.into_error(self.session))?;
        let device = device.ok_or_else(|| {
            Error::new(ErrorKind::LoginNeeded, format!("session {name} is not linked, so there is nothing to log out"))
                .hint(format!("link it with `wpp reauth --session {name}`"))
        })?;
        self.ask(&Request::PhoneUnlink { companion: Some(device) })?;
        Ok(format!("the phone removed device {device}"))
    }

    /// Fills what was given back of a disk that is full already, which is the same fault still; `None` where it is not. It
    /// is not written down, as there is no room.
    fn fill_again(&self, fault: &Fault) -> Result<Option<Injected>> {
        let really = bounded::is_filled(self.home.root());
        if !really && !self.home.fault_full_disk().exists() {
            return Ok(None);
        }
        let filled_bytes = if really { bounded::fill(self.home.root())? } else { 0 };
        Ok(Some(Injected {
            fault: fault.id.into(),
            injected_ms: clock::now_ms(),
            pid: None,
            done: format!("the disk is full already; {} was filled again", size(filled_bytes)),
            really: Some(really),
        }))
    }

    fn full(&self, bounded: bool) -> Result<String> {
        let root = self.home.root().display();
        if !bounded {
            return Ok(format!("nothing that needs room is done in {root}, by a fault of wpp's own disk layer"));
        }
        let size_bytes = disk::space(self.home.root())?.total_bytes;
        Ok(format!("the disk of {root}, {} MiB, is filled to its last byte", size_bytes >> 20))
    }

    fn leave_socket(&self) -> Result<String> {
        let lock = self.stopped()?;
        let path = self.session.checked_socket()?;
        let listener = std::os::unix::net::UnixListener::bind(&path).map_err(|error| disk::cannot("make", &path, error))?;
        disk::set_mode(&path, disk::FILE_MODE)?;
        // The file outlives it, as after a kill.
        drop(listener);
        drop(lock);
        Ok(format!("nobody listens on {}", path.display()))
    }

    /// Proves that no daemon runs, and that none starts meanwhile.
    fn stopped(&self) -> Result<Lock> {
        Lock::acquire(&self.session.lock(), VERB).map_err(|error| error.hint("end the daemon first, with `wpp stop`"))
    }

    fn damage(&self, path: &Path) -> Result<String> {
        let _lock = self.stopped()?;
        let mut flipped = 0;
        for path in [path.to_owned(), sidecar(path, "-wal")] {
            let mut bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && flipped > 0 => continue,
                Err(error) => return Err(disk::cannot("read", &path, error)),
            };
            // Its header stays, so that it still looks like a database.
            for byte in bytes.iter_mut().skip(100).step_by(3) {
                *byte ^= 0x5a;
                flipped += 1;
            }
            std::fs::write(&path, bytes).map_err(|error| disk::cannot("write", &path, error))?;
        }
        Ok(format!("{flipped} bytes of {} were flipped", path.display()))
    }

    fn drop_index(&self) -> Result<String> {
        let connection = self.open_messages()?;
        let path = self.session.wpp_db();
        connection.execute_batch(DROP_INDEX).while_doing(|| format!("cannot drop the full-text index of {}", path.display()))?;
        Ok(format!("the full-text index of {} was dropped", path.display()))
    }

    fn open_messages(&self) -> Result<Connection> {
        let path = self.session.wpp_db();
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.busy_timeout(PATIENCE)?;
            connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            Ok(connection)
        };
        open().while_doing(|| format!("cannot open {}", path.display())).map_err(|error| error.hint("start the session first"))
    }

    fn begin_holding(&self, fault: &Fault, dose: &Dose, program: &Path) -> Result<u32> {
        let failed = || format!("cannot start {}", program.display());
        let mut command = Command::new(program);
        command.arg("--home").arg(self.home.root()).args(["--session", self.session.name(), "--format", "json"]);
        command.args(["drill", "inject", fault.id, "--helper", "--for", &dose.hold_s.to_string()]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("WPP_"))) {
            command.env_remove(name);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().while_doing(failed)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // Its first line says that it holds, or why it does not; either comes soon.
            BufReader::new(stdout).read_line(&mut line).while_doing(failed)?;
        }
        let pid = child.id();
        // Somebody has to take in its end.
        std::thread::spawn(move || child.wait());
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if said["event"] == "line" {
            return Ok(pid);
        }
        let kind = said["code"].as_str().and_then(ErrorKind::from_code).unwrap_or(ErrorKind::Unexpected);
        let message = said["message"].as_str().unwrap_or("the process behind the fault ended without a word");
        Err(Error::new(kind, message.to_owned()).hint(format!("`wpp drill inject {} --release` ends one that runs", fault.id)))
    }

    fn ask(&self, request: &Request) -> Result<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .while_doing(|| "cannot talk to the simulator".into())?;
        runtime.block_on(control::ask(&self.home.simulator(), request))
    }
}

/// The recoveries that were measured in a home, the newest last.
pub fn recoveries(home: &Home) -> Result<Vec<Recovery>> {
    if !home.journal().exists() {
        return Ok(Vec::new());
    }
    Journal::open(&home.journal())?.everywhere(RECOVERY)?.iter().map(|entry| entry.data()).collect()
}

/// Ends every process behind a fault of this home.
pub fn end_all_holders(home: &Home) -> Result<()> {
    for fault in FAULTS.iter().filter(|fault| matches!(fault.act, Act::Hold(_))) {
        end_holder(home, fault)?;
    }
    Ok(())
}

/// Ends the process behind a fault, and waits until it is gone. `None` when there is none.
fn end_holder(home: &Home, fault: &Fault) -> Result<Option<u32>> {
    let holder = home.fault_holder(fault.id);
    let held = || -> Result<Option<u32>> {
        Ok(match Lock::look(&holder)? {
            LockState::Held(owner) => owner.map(|owner| owner.pid),
            LockState::Absent | LockState::Stale(_) => None,
        })
    };
    let Some(pid) = held()? else { return Ok(None) };
    if let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // One that has just ended by itself is as good.
        let _ = kill_process(process, Signal::TERM);
    }
    let deadline = Instant::now() + PATIENCE;
    while held()? == Some(pid) {
        if Instant::now() >= deadline {
            return Err(Error::new(ErrorKind::Locked, format!("process {pid} behind {} does not end", fault.id))
                .hint("look at it with `ps`, and end it with `kill -9`"));
        }
        std::thread::sleep(POLL);
    }
    Ok(Some(pid))
}

/// Faults are for sandboxes: fails with [`ErrorKind::Denied`] in a live home.
pub fn require_sandbox(home: &Home) -> Result<()> {
    match home.kind() {
        HomeKind::Sandbox => Ok(()),
        HomeKind::Live => Err(Error::new(
            ErrorKind::Denied,
            format!("{} is a live home, and faults are injected into sandboxes only", home.root().display()),
        )
        .hint("`wpp --home FOLDER simulator --create --detach` makes a sandbox to break; `wpp drill run NAME` makes one and throws it away")),
    }
}

fn wait_until(over: impl Fn() -> bool) {
    while !over() {
        std::thread::sleep(POLL);
    }
}
