//! What is true now, as plain data: probes write [`Facts`], judges read them, nobody else decides.
//!
//! Everything that had to be looked up is a [`Probed`]: a look that failed stays visible as a
//! failure all the way into the findings, where it becomes *unknown* and never *ok*.

mod holders;
mod traces;
mod upkeep;
pub mod machine;
pub mod network;
mod suppression;
pub mod growth;

use std::collections::HashMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::machine::{MachineFacts, ProcessFacts};
use self::network::NetworkFacts;
use crate::disk::{LockOwner, Space};
use crate::home::HomeKind;
use crate::session::messages::{SearchMode, Traffic};
use crate::session::state::{Reason, State};
use crate::session::store::Particulars;

pub use self::holders::{HeldFile, HeldPlace, HoldersFacts, LivingDaemon, OtherHome, RivalFacts};
pub use self::traces::{Leak, LeakKind, Leaks, LogFacts};
pub use self::upkeep::{
    ArchiveKeys, DrillFacts, DrillRun, EntryLook, EvidenceFacts, OpenRun, OtherStore, OtherStores, Override, SecretFault,
    SecretLook, SetLook, SettingsFacts, UnitLook, UpkeepFacts,
};

pub use self::suppression::{Suppression, SuppressionFacts};

/// The outcome of one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probed<T> {
    /// What was seen.
    Known(T),
    /// The look failed, with the reason in one lowercase sentence.
    Failed(String),
    /// There was nothing to look at, with the reason in one lowercase sentence.
    NotApplicable(String),
}

impl<T> Probed<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Probed::Known(value) => Some(value),
            Probed::Failed(_) | Probed::NotApplicable(_) => None,
        }
    }
}

impl<T> From<crate::error::Result<T>> for Probed<T> {
    fn from(result: crate::error::Result<T>) -> Probed<T> {
        match result {
            Ok(value) => Probed::Known(value),
            Err(error) => Probed::Failed(error.chain()),
        }
    }
}

/// Something that is wrong in itself and was told by the room that found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl From<&crate::error::Error> for Problem {
    fn from(error: &crate::error::Error) -> Problem {
        let message = [error.chain()].into_iter().chain(error.notes().iter().cloned()).collect::<Vec<_>>().join("; ");
        Problem { message, hint: error.hints().join("; ") }
    }
}

/// Everything that was looked at in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// When the look began, milliseconds since the epoch.
    pub now_ms: i64,
    /// The machine and the home.
    pub host: HostFacts,
    /// The sessions that were to be looked at.
    pub sessions: Vec<SessionFacts>,
    /// The limits that the settings give.
    pub limits: Limits,
}

/// Thresholds from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Least free disk space, in per cent.
    pub disk_free_percent_min: u64,
    /// Most reconnects in an hour.
    pub reconnects_per_hour_max: u64,
    /// Oldest last byte from the server, in milliseconds.
    pub heartbeat_age_ms_max: u64,
    /// How long a daemon may take to come up, in milliseconds.
    pub start_timeout_ms: u64,
    /// Longest time without a whole, verified backup, in hours; 0 for any.
    pub backup_age_hours_max: u64,
    /// Longest time without a backup verified at level restore, in days; 0 for any.
    pub restore_age_days_max: u64,
    /// Longest time without a drill, in days; 0 for any.
    pub drill_age_days_max: u64,
    /// Longest time without an event of a READY session, in hours; 0 for any.
    pub event_age_hours_max: u64,
    /// Longest time that a message may wait to be sent, in milliseconds.
    pub outbox_age_ms_max: u64,
    /// Most messages that may wait to be sent.
    pub outbox_waiting_max: u64,
    /// Longest time that a secret may stay the same, in days; 0 for any.
    pub secret_age_days_max: u64,
}

/// The machine and the home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostFacts {
    /// This program's version.
    pub version: String,
    /// The user that runs this program.
    pub user_id: u32,
    /// The mode mask for new files that this process was started with, before it set its own; `None` where nobody
    /// noted it.
    pub umask: Option<u32>,
    /// Which boot of the system this is; `None` where it does not tell.
    #[serde(default)]
    pub boot: Option<String>,
    /// The home's folder.
    pub home: PathBuf,
    /// How a command line for this home begins: `wpp`, or `wpp --home FOLDER`.
    pub program: String,
    /// Why the home cannot be opened, or which kind it is.
    pub opened: Result<HomeKind, Problem>,
    /// Whether the folder is something else than a home of wpp.
    pub is_stranger: bool,
    /// Whether a daemon must be there.
    pub wants_daemon: bool,
    /// The settings' own error.
    pub config_problem: Option<Problem>,
    /// What is wrong with what is noted of plugins.
    pub plugins_problem: Option<Problem>,
    /// The home's folder and what lies in it, without the sessions.
    pub paths: Vec<PathLook>,
    /// Whether somebody named this home, by an option or a variable, instead of taking the usual one.
    pub is_named: bool,
    /// Folders in which no file could be made, written and forced to the disk, with the reason: of the home, those of
    /// sessions, and the one of archives.
    pub unwritable: Probed<Vec<(PathBuf, String)>>,
    /// Room on the home's file system.
    pub space: Probed<Space>,
    /// Room on other file systems that the home's folders are on.
    pub other_spaces: Probed<Vec<(PathBuf, Space)>>,
    /// Whether the journal can be used; the reason if not.
    pub journal: Probed<Result<(), String>>,
    /// Whether there is a journal.
    pub journal_there: Probed<bool>,
    /// Every session that has a folder here.
    pub session_names: Probed<Vec<String>>,
    /// The session that would have been looked at had it existed, and where its name came from.
    pub missing_session: Option<MissingSession>,
    /// The schedule.
    pub schedule: Probed<ScheduleFacts>,
    /// Notices to contacts.
    pub alerts: Probed<AlertFacts>,
    /// What keeps the home in order: settings, secrets, evidence, drills.
    pub upkeep: UpkeepFacts,
    /// The machine's memory, limits, clock and file systems.
    pub machine: MachineFacts,
    /// The way to servers.
    pub network: NetworkFacts,
    /// What the operator does not want to hear for a while.
    pub suppressions: SuppressionFacts,
    /// How its file system fills up.
    pub disk_growth: Probed<growth::DiskGrowth>,
}

/// What is to be run when, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleFacts {
    /// Names of the entries.
    pub entries: Vec<String>,
    /// The shortest time between two runs of any entry, in seconds.
    pub interval_s_min: Option<u64>,
    /// When somebody last looked for what is due, milliseconds since the epoch.
    pub looked_ms: Option<i64>,
    /// Entries that did not run when they were due.
    pub missed: Vec<MissedRun>,
    /// Entries whose last run failed.
    pub failing: Vec<FailedRun>,
    /// Why some entries cannot be read.
    pub problems: Vec<Problem>,
    /// Entries that can be read and can never pass.
    pub unfit: Vec<UnfitEntry>,
}

/// An entry whose runs can never pass as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfitEntry {
    /// The entry.
    pub entry: String,
    /// What stands against it.
    pub problem: Problem,
}

/// A time at which an entry was due and did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedRun {
    /// The entry.
    pub entry: String,
    /// The newest such time, milliseconds since the epoch.
    pub due_ms: i64,
    /// Such times before that one.
    pub more: u64,
    /// Whether nobody has looked since.
    pub waits: bool,
}

/// An entry whose last run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// The entry.
    pub entry: String,
    /// When it was due, milliseconds since the epoch.
    pub due_ms: i64,
    /// Runs one after another that failed.
    pub times: u64,
    /// What it exited with; `None` when it was killed or cut off.
    pub exit_code: Option<i32>,
    /// What it said.
    pub said: String,
}

/// Notices to contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertFacts {
    /// Those that did not arrive.
    pub undelivered: Vec<Undelivered>,
    /// Why contacts and rules cannot be read.
    pub problem: Option<Problem>,
    /// Ways to contacts that cannot work, as is known before anything is sent; why that could not be looked at.
    pub dead: Result<Vec<DeadWay>, String>,
}

impl Default for AlertFacts {
    fn default() -> AlertFacts {
        AlertFacts { undelivered: Vec::new(), problem: None, dead: Ok(Vec::new()) }
    }
}

/// What a way to a contact is called among the ways to all: a channel is everybody's, a program (`command`) is its
/// contact's own.
pub fn way_to(contact: &str, way: &str) -> String {
    if way == "command" { format!("command of {contact}") } else { way.to_owned() }
}

/// A way to contacts on which nothing can arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadWay {
    /// A channel, or the command of a contact.
    pub way: String,
    /// Those whom it is to reach.
    pub contacts: Vec<String>,
    /// Those of them whom nothing else reaches.
    pub unreached: Vec<String>,
    /// What keeps it from working.
    pub why: String,
    /// What to do about it.
    pub remedy: String,
    /// The command line for that, without the program's name.
    pub command: String,
}

/// A notice that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// Whom it is for.
    pub contact: String,
    /// A channel, or `command`.
    pub way: String,
    /// The notice's heading.
    pub title: String,
    /// How often it was tried.
    pub tries: u64,
    /// What was seen the last time.
    pub observed: String,
    /// When it was written down, milliseconds since the epoch.
    pub at_ms: i64,
    /// Whether it is not tried any more.
    pub given_up: bool,
}

/// A session that the settings name and the home does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingSession {
    /// Its name.
    pub name: String,
    /// The file that names it; `None` when it is the built-in default.
    pub named_in: Option<PathBuf>,
}

/// What a name on the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// A folder.
    Folder,
    /// An ordinary file.
    File,
    /// A Unix socket.
    Socket,
    /// A symbolic link, which `wpp` never makes.
    Link,
    /// A device, a pipe.
    Other,
}

/// One name on the disk, looked at without following links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathLook {
    /// The name.
    pub path: PathBuf,
    /// What should be there.
    pub expected: PathKind,
    /// Whether it holds credentials: the client library's store.
    pub credentials: bool,
    /// What is there; `None` for nothing.
    pub seen: Probed<Option<PathSeen>>,
}

/// What was seen at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathSeen {
    /// What it is.
    pub kind: PathKind,
    /// Permission bits.
    pub mode: u32,
    /// The owner's user id.
    pub owner: u32,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Its name.
    pub name: String,
    /// Its folder first, then everything known to lie in it.
    pub paths: Vec<PathLook>,
    /// The lock.
    pub lock: Probed<LockFacts>,
    /// Whether what the lock names is a daemon of another copy or of another home.
    pub rivals: Probed<RivalFacts>,
    /// The local API's socket.
    pub socket: Probed<SocketFacts>,
    /// What the daemon said when asked.
    pub daemon: Probed<DaemonLook>,
    /// The daemon's process, as the kernel sees it.
    pub process: Probed<ProcessFacts>,
    /// The client library's store.
    pub store: Probed<StoreFacts>,
    /// The messages' database.
    pub messages: Probed<MessagesFacts>,
    /// The journal's rows about this session.
    pub journal: Probed<JournalFacts>,
    /// What the journal says of its backups.
    pub backups: Probed<BackupFacts>,
    /// Old copies of its files that restores and new links have set aside.
    pub set_aside: Probed<SetAside>,
    /// Who has its databases open.
    pub holders: Probed<HoldersFacts>,
    /// Sizes of its files, and what is in its log that should not be.
    pub log: Probed<LogFacts>,
    /// How each endpoint of the daemon's local API answers.
    pub endpoints: Probed<Vec<EndpointLook>>,
    /// Another session that was looked at and is the same device, see [`note_twins`].
    #[serde(default)]
    pub twin: Option<String>,
}

/// Notes in each session which other one is the same device. It is asked of each that is stopped, so all are
/// compared at once.
pub fn note_twins(sessions: &mut [SessionFacts]) {
    let device = |at: usize| sessions[at].store.known().and_then(|store: &StoreFacts| store.particulars.device);
    let twins = twins(sessions.len(), device);
    let names: Vec<Option<String>> = twins.into_iter().map(|twin| twin.map(|at| sessions[at].name.clone())).collect();
    for (session, twin) in sessions.iter_mut().zip(names) {
        session.twin = twin;
    }
}

/// Of each of so many, the first other one with the same device. Each is asked for its device once.
fn twins(count: usize, device: impl Fn(usize) -> Option<u64>) -> Vec<Option<usize>> {
    let devices: Vec<Option<u64>> = (0..count).map(device).collect();
    // The first two of each device are enough: the first one's twin is the second, everybody else's the first.
    let mut first_two: HashMap<u64, (usize, Option<usize>)> = HashMap::with_capacity(count);
    for (at, device) in devices.iter().enumerate() {
        let Some(device) = device else { continue };
        first_two.entry(*device).and_modify(|(_, second)| *second = second.or(Some(at))).or_insert((at, None));
    }
    let twin = |(at, device): (usize, Option<u64>)| {
        let (first, second) = first_two[&device?];
        if first == at { second } else { Some(first) }
    };
    devices.into_iter().enumerate().map(twin).collect()
}

/// One endpoint of a daemon's local API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointLook {
    /// What was asked for: `/readyz`.
    pub path: String,
    /// The status of the answer, or why there is none in one lowercase sentence.
    pub status: Result<u16, String>,
}

impl SessionFacts {
    /// The daemon's status, when it gave one.
    pub fn status(&self) -> Option<&DaemonStatus> {
        match self.daemon.known() {
            Some(DaemonLook::Answered(status)) => Some(status),
            _ => None,
        }
    }

    /// Whether a living process holds the session's lock; `None` when that could not be seen.
    pub fn is_held(&self) -> Option<bool> {
        self.lock.known().map(|lock| matches!(lock, LockFacts::Held { .. }))
    }
}

/// The session's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LockFacts {
    /// No file.
    Absent,
    /// A file that no process holds.
    Stale {
        /// Who had taken it.
        owner: Option<LockOwner>,
    },
    /// A living process holds it.
    Held {
        /// Who.
        owner: Option<LockOwner>,
    },
}

/// The local API's socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SocketFacts {
    /// No file.
    Absent,
    /// Something that is no socket has the name.
    NotASocket {
        /// What it is.
        kind: PathKind,
    },
    /// It belongs to another user; it was not connected to.
    Foreign {
        /// That user's id.
        owner: u32,
    },
    /// A process of the home's owner, or of this user, listens on it, as far as the system tells whose it is.
    Listening {
        /// That process; `None` where the system does not tell, as of one outside this container.
        pid: Option<u32>,
    },
    /// A process of another user listens on it; it was asked nothing.
    ForeignListener {
        /// That user's id.
        user: u32,
        /// The process, where the system tells.
        pid: Option<u32>,
    },
    /// Nobody listens on it.
    Stale,
}

/// The daemon's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum DaemonLook {
    /// Its status.
    Answered(DaemonStatus),
    /// It took the connection and did not give its status.
    Mute {
        /// What happened instead, in one lowercase sentence.
        what: String,
    },
}

/// What the checks need of a daemon's status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// The session that it says it runs.
    pub session: String,
    /// Where it stands.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// What was last said about it.
    pub detail: Option<String>,
    /// When the state was entered, milliseconds since the epoch.
    pub since_ms: i64,
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it started, milliseconds since the epoch.
    pub started_ms: i64,
    /// Whether its store holds a linked identity.
    pub paired: bool,
    /// When the server was last heard, milliseconds since the epoch.
    pub last_heard_ms: Option<i64>,
    /// Connections lost and tried again since it started.
    pub reconnects: u64,
    /// Whether the connection is to be kept at all.
    pub sync_enabled: bool,
    /// Whether searches use the full-text index.
    pub search_mode: SearchMode,
    /// When somebody else was first seen to have written to the database that it writes, milliseconds since the
    /// epoch.
    pub edited_ms: Option<i64>,
}

/// How whole a database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "health", rename_all = "snake_case")]
pub enum DatabaseHealth {
    /// `quick_check` found nothing.
    Whole,
    /// It is damaged, or no database at all.
    Damaged {
        /// What SQLite said, the first few lines.
        problems: Vec<String>,
    },
    /// Something else has its name: a pipe, or a link that leads nowhere. Nothing is known of the database itself.
    Replaced {
        /// What it is: `a link that leads nowhere`.
        by: String,
    },
    /// A writer died in the middle of a transaction. Whoever opens the database to write takes that
    /// back first; until then nobody can read it.
    Interrupted,
}

/// The client library's store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFacts {
    /// How whole it is.
    pub health: DatabaseHealth,
    /// What it lacks, or holds and cannot be read, while its pages are whole.
    #[serde(default)]
    pub faults: Vec<StoreFault>,
    /// Whether it holds a linked identity; `None` when it is too damaged to tell.
    pub paired: Option<bool>,
    /// Whose it is and how it stands.
    pub particulars: Particulars,
}

/// What is wrong with a database whose pages are whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFault {
    /// What was looked at: `table prekeys`.
    pub place: String,
    /// What it is: `missing`.
    pub observed: String,
    /// What is lost by it, in one lowercase sentence without its end.
    pub lost: String,
    /// Whether the account cannot be used like that.
    pub is_vital: bool,
}

/// The messages' database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesFacts {
    /// How whole it is.
    pub health: DatabaseHealth,
    /// What it lacks while its pages are whole.
    #[serde(default)]
    pub faults: Vec<StoreFault>,
    /// The full-text index.
    pub search_index: SearchIndex,
    /// What its rows say; `None` when it is too damaged to read them.
    pub rows: Option<MessagesRows>,
    /// The version of its tables; `None` when it is too damaged to tell.
    pub version: Option<i64>,
    /// What stands for the account that its messages are of, see
    /// [`crate::session::store::account_fingerprint`].
    pub account: Option<u64>,
    /// How what goes in and out flows; `None` when it cannot be read.
    pub traffic: Option<Traffic>,
    /// How many of the newest messages stand in the end of the log; `None` when there was nothing to
    /// compare.
    pub texts_in_log: Option<u64>,
}

/// What rows of the messages' database say about the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesRows {
    /// Times within the last hour at which the connection was lost.
    pub reconnects_last_hour: u64,
    /// When the phone removed this device, milliseconds since the epoch; `None` when it did not, or
    /// another one was linked since.
    pub logged_out_ms: Option<i64>,
    /// Whether a login has ever shown an account.
    pub was_linked: bool,
    /// Where the session stood when the server was last heard.
    #[serde(default)]
    pub last_word: Option<LastWord>,
}

/// The state that the server brought about last, as the daemon wrote it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWord {
    /// The state.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Since when, milliseconds since the epoch.
    pub at_ms: i64,
    /// When the ban ends, if it is one and the server said so; so, too.
    pub until_ms: Option<i64>,
}

/// The full-text index against the messages it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "index", rename_all = "snake_case")]
pub enum SearchIndex {
    /// It holds what the messages hold.
    InStep,
    /// There is none.
    Missing,
    /// It is there and holds something else.
    OutOfStep {
        /// What differs.
        what: String,
    },
    /// The database is too damaged to tell.
    Unreadable,
}

/// An act in the journal that began and did not end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAct {
    /// The entry.
    pub id: i64,
    /// `restore`, `reset`, …
    pub verb: String,
    /// When it began, milliseconds since the epoch.
    pub at_ms: i64,
    /// The process that began it.
    pub pid: u32,
    /// Whether that process lives.
    pub alive: bool,
}

/// The journal's rows about one session. Times are milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalFacts {
    /// Acts that began and did not end.
    pub open: Vec<OpenAct>,
    /// The restore or the reset that was under way at some time of this look.
    pub replacing: Option<OpenAct>,
    /// What shows last that the session had its files here: a start, a connection, a restore.
    pub lived: Option<Moment>,
    /// The newest reset that removed it, if nothing shows that it had files since.
    pub removed: Option<Moment>,
    /// The newest start of a daemon.
    pub started: Option<Moment>,
    /// The newest orderly stop of a daemon.
    pub stopped: Option<Moment>,
    /// The restore that gave the session fresh keys, if the own phone was not woken after it.
    pub wake_owed: Option<Moment>,
    /// Starts of a daemon within the last hour that no orderly stop followed.
    pub crashes_last_hour: u64,
}

/// One row's place in the journal and in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The entry; ids grow.
    pub id: i64,
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
}

/// Backups of one session as the journal knows them. Times are milliseconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFacts {
    /// When the journal first mentions the session.
    pub known_since_ms: Option<i64>,
    /// The newest backup that is whole, was verified or at least read back, and is still the file that
    /// it was, with all that it builds on, as far as can be seen from here.
    pub whole_ms: Option<i64>,
    /// A backup like that which was written down with a time that lies ahead of this clock.
    pub ahead_ms: Option<i64>,
    /// A newer backup that was whole, and whose file, or one that it builds on, is not what it was.
    #[serde(default)]
    pub spoiled: Option<SpoiledBackup>,
    /// Where the newest whole backup lies, if this host could never read it for lack of a key.
    pub sealed: Option<String>,
    /// The places that backups were sent to again and again of late.
    #[serde(default)]
    pub places: Vec<BackupPlace>,
    /// When a whole backup of this home last passed verification at level restore.
    pub proven_ms: Option<i64>,
    /// Backups that failed, the newest of each place, and the newest verification that did, as far as
    /// nothing has made up for them since. Oldest first.
    #[serde(default)]
    pub failed: Vec<FailedBackup>,
}

/// A backup that was whole and does not count any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoiledBackup {
    /// When it was made, milliseconds since the epoch.
    pub at_ms: i64,
    /// Its archive.
    pub path: String,
    /// Whether that file is not there.
    pub is_gone: bool,
    /// What became of it, as what is said of the path: `is gone`.
    pub why: String,
}

/// A place for archives, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupPlace {
    /// A folder or an address.
    pub place: String,
    /// The first backup of late that was to go there, milliseconds since the epoch.
    pub since_ms: i64,
    /// The newest whole one there, like [`BackupFacts::whole_ms`].
    pub whole_ms: Option<i64>,
}

/// A backup or a verification that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedBackup {
    /// `backup` or `verify`.
    pub verb: String,
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
    /// The folder or the address that it was meant for; empty when that is not known.
    #[serde(default)]
    pub place: String,
    /// What is known of it, in one lowercase sentence.
    pub why: String,
}

/// Old copies beside a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Their folders.
    pub folders: Vec<PathBuf>,
    /// What they hold together.
    pub size_bytes: u64,
    /// How many of them may go by now: older than a month, and not the newest of their kind.
    #[serde(default)]
    pub removable: usize,
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::twins;

    #[test]
    fn each_session_is_compared_once_however_many_there_are() {
        let asked = |count: usize, device: &dyn Fn(usize) -> Option<u64>| {
            let asked = Cell::new(0_usize);
            let found = twins(count, |at| {
                asked.set(asked.get() + 1);
                device(at)
            });
            (asked.get(), found)
        };
        // None is another's twin, all are, and none says what it is.
        let kinds: [&dyn Fn(usize) -> Option<u64>; 3] = [&|at| Some(at as u64), &|_| Some(7), &|_| None];
        for device in kinds {
            assert_eq!((asked(5_000, device).0, asked(10_000, device).0), (5_000, 10_000));
        }
        let devices = [Some(1), None, Some(2), Some(1), Some(1), None];
        assert_eq!(asked(6, &|at| devices[at]).1, [Some(3), None, None, Some(0), Some(0), None]);
    }
}
