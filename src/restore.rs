//! Restoring a session from an archive: a plan that is pure, and a transaction that carries it out.
//!
//! **The plan.** [`plan`] decides what comes back, from what the archive says, what custody says
//! and what is there now. It is printed by `--dry-run`.
//!
//! **The transaction.** The session's folder itself is never moved: its `LOCK` must stay where
//! daemons look for it, or a lock could be held in one place and bypassed in another. Files are
//! swapped one by one by rename, each with its `-wal`, `-shm` and `-journal`, and the journal knows
//! every rename before the first is made:
//!
//! | phase | true on the disk | killed here, the next command |
//! |---|---|---|
//! | `staging` | the session is untouched; the archive is being unpacked and verified beside it | removes the stage |
//! | `swapping` | the session's lock is held; some renames are made | makes them back: the old session, whole |
//! | `swapped` | the new session, whole; the old files lie beside, whole | removes the stage: the new session stays |
//! | `undoing` | the daemon did not become healthy; renames are being made back | goes on making them back |
//!
//! Where each file is tells which renames were made, so making them back can itself be killed and
//! repeated. A lock beside the session is held from the first to the last
//! phase: whoever finds an open entry and cannot take that lock knows that a restore is alive.
//!
//! **After the swap** the daemon is started. If it does not run on the restored files, the renames
//! are made back (a server that cannot be reached is no reason to), unless the daemon connected meanwhile: then the new store holds what the old one
//! does not, and going back would lose it. The old files are never deleted by `wpp`.
//!
//! Start with [`survey`], [`plan`], [`restore`] and, before any other use of a session, [`recover`].

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::archive::chain;
use crate::archive::custody::{self, Custody, Ledger};
use crate::archive::input::Input;
use crate::archive::manifest::{Manifest, SESSION_DB, Signal, WPP_DB};
use crate::archive::open;
use crate::archive::snapshot::{Quiet, Snapshot};
use crate::archive::verify;
use crate::backup;
use crate::clock;
use crate::confirm::Confirmed;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{HomeKind, SessionPaths, sidecar};
use crate::journal::{Entry, Journal, Outcome};
use crate::report::{Sink, Step, Steps};

const VERB: &str = "restore";
/// A database and what may lie beside it.
const ENDINGS: [&str; 4] = ["", "-wal", "-shm", "-journal"];
const SIDECARS: &[&str] = ENDINGS.split_at(1).1;
/// The table of wpp.db whose rows an operator misses.
const MESSAGES: &str = "messages";

/// What the operator asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Wanted {
    /// `exact` when custody is proven; stops otherwise and names the choices
    Auto,
    /// Everything, Signal state included; only with proven custody
    Exact,
    /// Chats and messages (wpp.db); the session keeps its own keys
    Data,
}

/// What will come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `session.db` and `wpp.db`.
    Exact,
    /// `wpp.db`.
    Data,
}

impl Kind {
    /// `exact` or `data`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Exact => "exact",
            Kind::Data => "data",
        }
    }

    /// The files that are replaced.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Kind::Exact => &[SESSION_DB, WPP_DB],
            Kind::Data => &[WPP_DB],
        }
    }
}

/// One of the session's databases as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// There is no file.
    Absent,
    /// It can be read.
    Readable,
    /// It cannot, for this reason.
    Unreadable(String),
}

/// What is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Current {
    /// The session's name.
    pub session: String,
    /// Live or sandbox.
    pub home_kind: HomeKind,
    /// Whether some process holds the session.
    pub running: bool,
    /// `session.db`.
    pub session_db: Store,
    /// `wpp.db`.
    pub wpp_db: Store,
    /// The identity and counters in `session.db`.
    pub signal: Option<Signal>,
    /// Messages stored in `wpp.db`, if they can be counted.
    pub messages: Option<u64>,
}

/// What a restore will do, decided and not yet done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestorePlan {
    /// What comes back.
    pub kind: Kind,
    /// Why this and nothing else.
    pub why: String,
    /// What is known about the Signal state.
    pub custody: Custody,
    /// What will not be there afterwards, in sentences.
    pub loses: Vec<String>,
    /// What will be done, in order.
    pub steps: Vec<String>,
}

/// Looks at the session, writing nothing and leaving nothing behind.
pub fn survey(session: &SessionPaths, home_kind: HomeKind) -> Result<Current> {
    let mut current = Current {
        session: session.name().into(),
        home_kind,
        running: false,
        session_db: Store::Absent,
        wpp_db: Store::Absent,
        signal: None,
        messages: None,
    };
    if !session.exists() {
        return Ok(current);
    }
    current.running = matches!(Lock::look(&session.lock())?, LockState::Held(_));
    // The lock is not taken for a look: taking it would remove what a dead daemon left for the doctor.
    let quiet = if current.running { Quiet::Unknown } else { Quiet::Likely };
    let open = |path: &Path| match Snapshot::open(path, quiet) {
        Ok(None) => (Store::Absent, None),
        Ok(Some(snapshot)) => (Store::Readable, Some(snapshot)),
        Err(error) => (Store::Unreadable(error.chain()), None),
    };
    let (state, snapshot) = open(&session.session_db());
    current.session_db = state;
    if let Some(snapshot) = snapshot {
        match snapshot.signal() {
            Ok(signal) => current.signal = signal,
            Err(error) => current.session_db = Store::Unreadable(error.chain()),
        }
    }
    let (state, snapshot) = open(&session.wpp_db());
    current.wpp_db = state;
    if let Some(snapshot) = snapshot {
        match snapshot.rows() {
            Ok(tables) => current.messages = tables.get(MESSAGES).map(|rows| rows.count),
            Err(error) => current.wpp_db = Store::Unreadable(error.chain()),
        }
    }
    Ok(current)
}

/// Decides what comes back. Refuses with [`ErrorKind::Denied`] what would lose messages without a
/// word, and says what can be done instead.
pub fn plan(manifest: &Manifest, custody: &Custody, current: &Current, wanted: Wanted, start: bool) -> Result<RestorePlan> {
    let kind = match wanted {
        Wanted::Data => Kind::Data,
        Wanted::Exact | Wanted::Auto => Kind::Exact,
    };
    for name in kind.files() {
        usable(manifest, name)?;
    }
    match (kind, manifest.home_kind, current.home_kind) {
        (Kind::Exact, from, to) if from != to => {
            return Err(denied(format!(
                "the archive was made in a {} home and this one is {}: a Signal store never changes sides",
                from.name(),
                to.name()
            ))
            .hint("restore it in a home of its own kind, or take the messages alone with `--plan data`"));
        }
        (Kind::Data, HomeKind::Sandbox, HomeKind::Live) => {
            return Err(denied(
                "the archive was made in a sandbox and this home is live: what waits in its outbox was never meant for people"
                    .into(),
            )
            .hint("restore it in a sandbox home"));
        }
        _ => {}
    }
    if let (Some(live), Some(kept)) = (&current.signal, &manifest.signal)
        && let (Some(live), Some(kept)) = (&live.account_sha256, &kept.account_sha256)
        && live != kept
    {
        return Err(denied(format!("the archive belongs to another WhatsApp account than session {}", current.session))
            .hint("restore it into a session of its own with --session NAME"));
    }
    let why = match kind {
        Kind::Data => format!("asked for: messages come back, the keys stay ({})", reason(custody)),
        Kind::Exact => match custody {
            Custody::Unbroken(why) => format!("custody is proven: {why}"),
            Custody::Broken(why) | Custody::Unprovable(why) => return Err(not_exact(manifest, why)),
        },
    };

    let mut loses = Vec::new();
    let kept = manifest.member(WPP_DB).and_then(|member| member.database.as_ref()?.tables.get(MESSAGES)).map(|rows| rows.count);
    match (&current.wpp_db, current.messages, kept) {
        (Store::Absent, _, _) => {}
        (_, Some(live), Some(kept)) if live > kept => loses.push(format!(
            "{} messages that were stored after {}; they stay in the copy that is set aside",
            live - kept,
            manifest.created
        )),
        (_, Some(_), Some(_)) => {}
        (Store::Readable, _, _) => {
            loses.push(format!("what was stored after {}, which cannot be counted; it is set aside", manifest.created));
        }
        (Store::Unreadable(_), _, _) => loses.push(format!(
            "messages that were stored after {}; the present wpp.db is too damaged to count them, and it is set aside",
            manifest.created
        )),
    }
    if kind == Kind::Data && current.session_db == Store::Absent {
        loses.push("the link to the phone: there is no session.db, so the session must be linked again with `wpp reauth`".into());
    }
    if let (Kind::Data, Store::Unreadable(reason)) = (kind, &current.session_db) {
        loses.push(format!("nothing of session.db is brought back, and the present one cannot be read ({reason})"));
    }

    let mut steps = vec!["unpack the archive beside the session and verify it there at level quick".to_owned()];
    if current.running {
        steps.push("stop the daemon".into());
    }
    steps.push("take the session's lock".into());
    steps.push(format!("swap {}; what is there now is set aside with all its files", kind.files().join(" and ")));
    if start {
        steps.push("start the daemon and see it become healthy; if it does not, swap back".into());
    } else {
        steps.push("leave the daemon stopped".into());
    }
    Ok(RestorePlan { kind, why, custody: custody.clone(), loses, steps })
}

fn usable(manifest: &Manifest, name: &str) -> Result<()> {
    if manifest.member(name).is_none() {
        let reason = manifest.missing.iter().find(|missing| missing.name == name).map_or("", |missing| missing.reason.as_str());
        return Err(
            denied(format!("the archive does not hold {name} ({reason})")).hint("choose another archive: `wpp backup list`")
        );
    }
    if let Some((_, said)) = manifest.damaged().find(|(member, _)| member.name == name) {
        return Err(denied(format!("{name} was damaged already when the archive was made: {said}"))
            .hint("choose another archive: `wpp backup list`"));
    }
    Ok(())
}

fn reason(custody: &Custody) -> &str {
    match custody {
        Custody::Unbroken(why) | Custody::Broken(why) | Custody::Unprovable(why) => why,
    }
}

fn denied(message: String) -> Error {
    Error::new(ErrorKind::Denied, message)
}

fn not_exact(manifest: &Manifest, why: &str) -> Error {
    denied(format!("the archive of {} cannot be restored exactly: {why}", manifest.created))
        .hint("`--plan data` brings back chats and messages and keeps the session's own keys; no link is lost if session.db is sound")
        .hint("`--plan exact` is refused: old Signal state makes peers drop messages without a word")
        .hint("bringing back the identity with fresh keys (rekey) comes with a later version; until then a lost session.db means `--plan data`, then `wpp reauth`")
}

/// Stops and starts the daemon for a restore; the verbs that do are on a floor of their own.
pub trait Lifecycle {
    /// Ends the daemon, if one runs; says whether one did.
    fn stop(&self) -> Result<bool>;
    /// Starts the daemon and says what became of it; fails when it does not run or is in ERROR.
    fn start(&self) -> Result<Health>;
}

/// What a started daemon shows, in the words of its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "health", content = "state", rename_all = "lowercase")]
pub enum Health {
    /// READY, or waiting to be linked: the stores are good.
    Healthy(String),
    /// It runs on the restored stores, but the server could not be reached or has not answered. That
    /// says nothing against the stores, and swapping them back would not help.
    Unproven(String),
}

impl Health {
    fn state(&self) -> &str {
        match self {
            Health::Healthy(state) | Health::Unproven(state) => state,
        }
    }
}

/// What to restore, and into what.
pub struct Request<'a> {
    /// The archive.
    pub archive: &'a Path,
    /// What it said when the plan was made; what is unpacked must say the same.
    pub manifest: &'a Manifest,
    /// The session, which may not exist.
    pub session: &'a SessionPaths,
    /// The home's journal.
    pub journal: &'a Journal,
    /// Stops and starts the daemon.
    pub lifecycle: &'a dyn Lifecycle,
    /// Whether the daemon is started afterwards.
    pub start: bool,
    /// Takes events.
    pub sink: &'a dyn Sink,
}

/// How a restore ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Whether the new files are in place and the daemon, if it was started, runs with them.
    pub good: bool,
    /// What the daemon showed; `None` if it was not started or failed.
    pub health: Option<Health>,
    /// Whether the old files are in place again.
    pub rolled_back: bool,
    /// Where the replaced files lie, if any were replaced and stayed so.
    pub old: Option<PathBuf>,
    /// What was done, in order.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// How far a restore has come, as the journal keeps it. Files are named and not spelled as paths,
/// so that a home can be moved and nothing in the journal can lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Transaction {
    phase: Phase,
    plan: Kind,
    archive: PathBuf,
    archive_id: String,
    /// Distinguishes this restore's stage and old copy from others.
    stamp: String,
    /// Whether the session had no folder.
    made_folder: bool,
    /// Files of the session that were there and are set aside: databases and what lies beside them.
    had: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Staging,
    Swapping,
    Swapped,
    Undoing,
}

impl Transaction {
    fn stage(&self, session: &SessionPaths) -> PathBuf {
        session.beside("stage", &self.stamp)
    }

    fn old(&self, session: &SessionPaths) -> PathBuf {
        session.beside("old", &self.stamp)
    }

    /// Reads it back from the journal, believing no name that a restore would not have written.
    fn parse(entry: &Entry) -> Result<Transaction> {
        let transaction: Transaction = entry.data()?;
        let stamp = transaction.stamp.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let known = |name: &String| {
            [SESSION_DB, WPP_DB].iter().any(|database| name.strip_prefix(database).is_some_and(|rest| ENDINGS.contains(&rest)))
        };
        if !stamp || transaction.stamp.is_empty() || !transaction.had.iter().all(known) {
            return Err(denied(format!("entry {} of the journal describes a restore that wpp does not make", entry.id))
                .hint("the journal was edited; look at it with `sqlite3` before anything is moved"));
        }
        Ok(transaction)
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Holds a restore apart from every other one and from backups of the session.
fn lock(session: &SessionPaths) -> Result<Lock> {
    if let Some(folder) = session.folder().parent() {
        disk::create_folder(folder)?;
    }
    Lock::acquire(&session.beside(VERB, "lock"), VERB)
}

/// Carries out a plan. The token says that the operator agreed.
///
/// An error means that the session is as it was before, or that the error says otherwise; a daemon
/// that was stopped is then started again. A restore whose daemon did not become healthy is no
/// error but a result that is not good.
pub fn restore(request: &Request<'_>, plan: &RestorePlan, _confirmed: Confirmed) -> Result<Restored> {
    let session = request.session;
    let _alive = lock(session)?;
    settle(session, request.journal)?;
    let _apart = backup::lock(session, VERB)?;
    same_file_system(session)?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let mut transaction = Transaction {
        phase: Phase::Staging,
        plan: plan.kind,
        archive: request.archive.to_owned(),
        archive_id: request.manifest.id.clone(),
        stamp: format!("{}-{}", clock::compact(clock::now()), &id[..8]),
        made_folder: !session.exists(),
        had: Vec::new(),
    };
    let mut steps = Steps::new(request.sink);
    let entry = request.journal.begin(Some(session.name()), VERB, &transaction)?;

    let mut was_running = false;
    let swapped = prepare_and_swap(request, &mut transaction, entry, &mut steps, &mut was_running);
    if let Err(error) = swapped {
        return Err(give_up(request, error, was_running));
    }

    // From here on the new files are the session's.
    let old = transaction.old(session);
    let old = is_there(&old).then_some(old);
    let mut restored = Restored { good: true, health: None, rolled_back: false, old, steps: Vec::new() };
    if request.start {
        let watch = steps.begin("start the daemon");
        let started = request.lifecycle.start();
        let observed = started.as_ref().map_or_else(Error::chain, |health| health.state().to_owned());
        let healthy = matches!(started, Ok(Health::Healthy(_)));
        steps.end(watch, "start the daemon", "it becomes healthy with the restored files", observed, healthy);
        match started {
            Ok(health) => restored.health = Some(health),
            Err(_) => {
                restored.good = false;
                go_back(request, &mut transaction, entry, &mut steps, &mut restored, was_running)?;
            }
        }
    }
    if !restored.rolled_back {
        disk::remove_folder(&transaction.stage(session)).map_err(|error| restored_but(session, error))?;
        request.journal.end(entry, Outcome::Finished).map_err(|error| restored_but(session, error))?;
    }
    restored.steps = steps.done;
    Ok(restored)
}

fn prepare_and_swap(
    request: &Request<'_>,
    transaction: &mut Transaction,
    entry: i64,
    steps: &mut Steps<'_>,
    was_running: &mut bool,
) -> Result<()> {
    let session = request.session;
    let watch = steps.begin("unpack and verify");
    let stage = transaction.stage(session);
    disk::create_folder(&stage)?;
    let opened = chain::unpack(&mut Input::file(request.archive)?, &stage, request.sink)?;
    if opened.manifest != *request.manifest {
        return Err(open::refused(
            &request.archive.display().to_string(),
            "it is not the archive any more that the plan was made for",
        ));
    }
    verify::check_databases(&request.archive.display().to_string(), &stage, request.manifest)?;
    steps.end(watch, "unpack and verify", "verified at level quick, beside the session", "verified at level quick".into(), true);

    let watch = steps.begin("take the session");
    *was_running = request.lifecycle.stop()?;
    disk::create_folder(session.folder())?;
    let held = Lock::acquire(&session.lock(), VERB)?;
    let observed = if *was_running { "the daemon was stopped; the lock is held" } else { "no daemon ran; the lock is held" };
    steps.end(watch, "take the session", "no daemon runs, and none can start", observed.into(), true);

    if transaction.plan == Kind::Exact {
        // The plan may be old: since it was made, somebody may have started the session. Now the
        // lock is held, and what is judged stays so.
        let ledger = Ledger::read(request.journal, session.name(), &request.manifest.custody)?;
        let live = Snapshot::open(&session.session_db(), Quiet::Proven).ok().flatten();
        let live = live.and_then(|snapshot| snapshot.signal().ok().flatten());
        match custody::judge(request.manifest, session.name(), &ledger, live.as_ref()) {
            Custody::Unbroken(_) => {}
            Custody::Broken(why) | Custody::Unprovable(why) => return Err(not_exact(request.manifest, &why)),
        }
    }

    let watch = steps.begin("swap the files");
    let (stage, old) = (transaction.stage(session), transaction.old(session));
    let folder = session.folder();
    for name in transaction.plan.files() {
        let names = ENDINGS.iter().map(|ending| format!("{name}{ending}"));
        transaction.had.extend(names.filter(|name| is_there(&folder.join(name))));
    }
    if !transaction.had.is_empty() {
        disk::create_folder(&old)?;
    }
    transaction.phase = Phase::Swapping;
    request.journal.update(entry, transaction)?;
    for name in &transaction.had {
        disk::rename(&folder.join(name), &old.join(name))?;
    }
    for name in transaction.plan.files() {
        disk::rename(&stage.join(name), &folder.join(name))?;
    }
    for name in transaction.plan.files() {
        for ending in SIDECARS {
            let stray = folder.join(format!("{name}{ending}"));
            if is_there(&stray) {
                return Err(Error::new(ErrorKind::Locked, format!("{} appeared during the swap", stray.display())).hint(
                    "some program has the session's database open: close it (`lsof` names it), then run the restore again",
                ));
            }
        }
    }
    transaction.phase = Phase::Swapped;
    request.journal.update(entry, transaction)?;
    drop(held);
    let observed = format!("{} in place, {} old files set aside", transaction.plan.files().join(" and "), transaction.had.len());
    steps.end(watch, "swap the files", "new files in place, old ones kept", observed, true);
    Ok(())
}

/// Undoes what a failed restore has done so far and starts the daemon again if it ran.
fn give_up(request: &Request<'_>, error: Error, was_running: bool) -> Error {
    match settle(request.session, request.journal) {
        Ok(Some(Recovered { finished: true, .. })) => return restored_but(request.session, error),
        Ok(_) => {}
        Err(undoing) => {
            return error
                .hint(format!("undoing it failed too: {}; the next `wpp` command on this session tries again", undoing.chain()));
        }
    }
    let mut error = error.hint("the session is as it was before the restore");
    if was_running {
        error = match request.lifecycle.start() {
            Ok(health) => error.hint(format!("its daemon was started again: {}", health.state())),
            Err(starting) => error.hint(format!("its daemon could not be started again: {}", starting.chain())),
        };
    }
    error
}

/// Swaps back after the daemon did not become healthy, if nothing would be lost by it.
fn go_back(
    request: &Request<'_>,
    transaction: &mut Transaction,
    entry: i64,
    steps: &mut Steps<'_>,
    restored: &mut Restored,
    was_running: bool,
) -> Result<()> {
    let session = request.session;
    let watch = steps.begin("swap back");
    let connected =
        || -> Result<bool> { Ok(request.journal.after(session.name(), entry)?.iter().any(|entry| entry.verb == "connect")) };
    let mut stay = connected()?;
    if !stay {
        request.lifecycle.stop().map_err(|error| restored_but(session, error))?;
        stay = connected()?;
    }
    if stay {
        let observed = "not done: the daemon connected with the restored files, and what it received or sent is in them alone";
        steps.end(watch, "swap back", "the old files in place again", observed.into(), false);
        return Ok(());
    }
    let held = Lock::acquire(&session.lock(), VERB).map_err(|error| restored_but(session, error))?;
    transaction.phase = Phase::Undoing;
    request.journal.update(entry, transaction).map_err(|error| restored_but(session, error))?;
    undo(session, transaction)?;
    let_go(session, transaction, Some(held))?;
    // Ended here and not later: a daemon refuses to start while an undoing is open.
    request.journal.end(entry, Outcome::Undone)?;
    restored.rolled_back = true;
    restored.old = None;
    steps.end(watch, "swap back", "the old files in place again", "the old files are in place again".into(), true);
    if was_running {
        let watch = steps.begin("start the daemon with the old files");
        let started = request.lifecycle.start();
        let good = started.is_ok();
        let observed = started.as_ref().map_or_else(Error::chain, |health| health.state().to_owned());
        steps.end(watch, "start the daemon with the old files", "as before the restore", observed, good);
    }
    Ok(())
}

fn restored_but(session: &SessionPaths, error: Error) -> Error {
    error.hint(format!(
        "the restored files are in place, the replaced ones beside them; any `wpp` command on session {} completes the restore",
        session.name()
    ))
}

/// What was found unfinished and settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// The archive.
    pub archive: PathBuf,
    /// The restored files are in place; otherwise the old ones are.
    pub finished: bool,
    /// Where the replaced files lie, if there are any.
    pub old: Option<PathBuf>,
}

impl Recovered {
    /// What happened, for people.
    pub fn describe(&self) -> String {
        match self.finished {
            true => format!(
                "a restore from {} was interrupted after its swap; it is complete now (`wpp start` starts the daemon)",
                self.archive.display()
            ),
            false => format!("a restore from {} was interrupted; the session is as it was before", self.archive.display()),
        }
    }
}

/// Finishes or undoes a restore that was killed. Every command calls this before it uses a
/// session; it costs one look into the journal when there is nothing to do.
///
/// While another process restores, this leaves it alone, and fails with [`ErrorKind::Locked`] if
/// the session's files are being swapped at this moment.
pub fn recover(session: &SessionPaths, journal: &Journal) -> Result<Option<Recovered>> {
    if open(session, journal)?.is_empty() {
        return Ok(None);
    }
    match lock(session) {
        Ok(_alive) => settle(session, journal),
        Err(error) if error.kind() == ErrorKind::Locked => {
            for entry in open(session, journal)? {
                if matches!(Transaction::parse(&entry)?.phase, Phase::Swapping | Phase::Undoing) {
                    return Err(error);
                }
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn open(session: &SessionPaths, journal: &Journal) -> Result<Vec<Entry>> {
    Ok(journal.open_entries(session.name())?.into_iter().filter(|entry| entry.verb == VERB).collect())
}

/// Settles every open restore of the session. The caller holds the restore's lock.
fn settle(session: &SessionPaths, journal: &Journal) -> Result<Option<Recovered>> {
    let mut settled = None;
    // The newest first: what it moved lies over what an older one moved.
    for entry in open(session, journal)?.into_iter().rev() {
        let transaction = Transaction::parse(&entry)?;
        let finished = match transaction.phase {
            Phase::Staging => {
                // Killed with the session's lock in its hands, it left the file; a doctor would wonder.
                let left = match Lock::look(&session.lock())? {
                    LockState::Stale(owner) => owner.is_none_or(|owner| owner.role == VERB),
                    LockState::Absent | LockState::Held(_) => false,
                };
                let held = if left { Some(Lock::acquire(&session.lock(), VERB)?) } else { None };
                let_go(session, &transaction, held)?;
                false
            }
            Phase::Swapping | Phase::Undoing => {
                disk::create_folder(session.folder())?;
                let held = Lock::acquire(&session.lock(), VERB)?;
                undo(session, &transaction)?;
                let_go(session, &transaction, Some(held))?;
                false
            }
            Phase::Swapped => {
                disk::remove_folder(&transaction.stage(session))?;
                true
            }
        };
        journal.end(entry.id, if finished { Outcome::Finished } else { Outcome::Undone })?;
        let old = transaction.old(session);
        settled = Some(Recovered { archive: transaction.archive, finished, old: (finished && is_there(&old)).then_some(old) });
    }
    Ok(settled)
}

/// Puts the old files back, wherever the swap or an earlier undoing was interrupted. Needs the
/// session's lock.
///
/// For each database: as long as its old file lies in the old folder, what has its name in the
/// session is the restored one and goes to the stage, the files beside it first; then the files
/// beside the old one come back, the old one last. So the old file in the old folder says that
/// there is work left, and its absence that there is none.
fn undo(session: &SessionPaths, transaction: &Transaction) -> Result<()> {
    let (folder, stage, old) = (session.folder(), transaction.stage(session), transaction.old(session));
    for name in transaction.plan.files() {
        let (target, staged, kept) = (folder.join(name), stage.join(name), old.join(name));
        let had = transaction.had.iter().any(|had| had == name);
        let installed = if had { is_there(&kept) && is_there(&target) } else { is_there(&target) };
        if installed {
            if is_there(&staged) {
                // The restored file is still in the stage, so this one is from somebody else.
                return Err(conflict(&target, &staged));
            }
            disk::create_folder(&stage)?;
            for ending in SIDECARS.iter().chain(&[""]) {
                let (from, to) = (sidecar(&target, ending), sidecar(&staged, ending));
                if is_there(&from) {
                    disk::rename(&from, &to)?;
                }
            }
        }
        for ending in SIDECARS.iter().chain(&[""]) {
            let (from, to) = (sidecar(&kept, ending), sidecar(&target, ending));
            if !is_there(&from) {
                continue;
            }
            if is_there(&to) {
                return Err(conflict(&to, &from));
            }
            disk::rename(&from, &to)?;
        }
        if had && !is_there(&target) {
            return Err(Error::new(
                ErrorKind::Unexpected,
                format!("{} and {} are both gone, so the restore cannot be undone", target.display(), kept.display()),
            )
            .hint("put the file back in one of the two places, or run `wpp restore` with an archive"));
        }
    }
    Ok(())
}

fn conflict(one: &Path, other: &Path) -> Error {
    Error::new(
        ErrorKind::Denied,
        format!("{} and {} are both there, and wpp cannot know which one to keep", one.display(), other.display()),
    )
    .hint("some other program wrote to the session; move the file that you do not want away, then run any `wpp` command")
}

/// Removes what a restore that leaves the old files in place has made.
fn let_go(session: &SessionPaths, transaction: &Transaction, held: Option<Lock>) -> Result<()> {
    disk::remove_folder(&transaction.stage(session))?;
    // Folders that are not empty, or not there, stay as they are.
    let _ = std::fs::remove_dir(transaction.old(session));
    drop(held);
    if transaction.made_folder {
        let _ = std::fs::remove_dir(session.folder());
    }
    Ok(())
}

/// A rename moves nothing across file systems; found out before anything is done.
fn same_file_system(session: &SessionPaths) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let folder = session.folder();
    let (Ok(inside), Some(parent)) = (std::fs::metadata(folder), folder.parent()) else { return Ok(()) };
    let beside = std::fs::metadata(parent).map_err(|error| disk::cannot("look at", parent, error))?;
    if inside.dev() == beside.dev() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unexpected, format!("{} is on another file system than {}", folder.display(), parent.display()))
        .hint("mount the folder of all sessions, not one session, so that files can be swapped by renaming them"))
}

/// Copies that earlier restores of this session set aside, oldest first, with their sizes in bytes.
pub fn old_copies(session: &SessionPaths) -> Result<Vec<(PathBuf, u64)>> {
    let Some(parent) = session.folder().parent() else { return Ok(Vec::new()) };
    let prefix = session.beside("old", "");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(disk::cannot("list", parent, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| disk::cannot("list", parent, error))?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let path = entry.path();
            let mut size_bytes = 0;
            for file in std::fs::read_dir(&path).map_err(|error| disk::cannot("list", &path, error))? {
                let file = file.map_err(|error| disk::cannot("list", &path, error))?;
                size_bytes += file.metadata().map_err(|error| disk::cannot("look at", &file.path(), error))?.len();
            }
            found.push((path, size_bytes));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::custody::tests::{manifest, signal};
    use crate::archive::manifest::{Database, Member, Rows};

    fn member(name: &str, messages: u64, quick_check: &str) -> Member {
        Member {
            name: name.into(),
            size_bytes: 4096,
            sha256: String::new(),
            offset_bytes: 0,
            database: Some(Database {
                page_size_bytes: 4096,
                pages: 1,
                journal_mode: "wal".into(),
                last_migration: "1".into(),
                schema_sha256: String::new(),
                tables: [(MESSAGES.to_owned(), Rows { count: messages, highest: None })].into(),
                quick_check: quick_check.into(),
                method: "pages".into(),
                pages_blake3: None,
            }),
        }
    }

    fn archive() -> Manifest {
        let members = vec![member(SESSION_DB, 0, "ok"), member(WPP_DB, 10, "ok")];
        Manifest { members, ..manifest() }
    }

    fn current() -> Current {
        Current {
            session: "main".into(),
            home_kind: HomeKind::Sandbox,
            running: false,
            session_db: Store::Readable,
            wpp_db: Store::Readable,
            signal: Some(signal("a", 3)),
            messages: Some(12),
        }
    }

    #[test]
    fn only_proven_custody_gives_exact_and_everything_else_names_the_choices() {
        let unbroken = Custody::Unbroken("so".into());
        for wanted in [Wanted::Auto, Wanted::Exact] {
            let planned = plan(&archive(), &unbroken, &current(), wanted, true).unwrap();
            assert_eq!(planned.kind, Kind::Exact);
            assert!(planned.loses[0].starts_with("2 messages"), "{:?}", planned.loses);
            for custody in [Custody::Broken("this".into()), Custody::Unprovable("this".into())] {
                let error = plan(&archive(), &custody, &current(), wanted, true).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Denied);
                assert!(error.message().contains("this") && error.hints()[0].contains("--plan data"), "{error:?}");
                assert_eq!(plan(&archive(), &custody, &current(), Wanted::Data, true).unwrap().kind, Kind::Data);
            }
        }
    }

    #[test]
    fn what_is_missing_or_damaged_cannot_be_restored() {
        let custody = Custody::Unbroken("so".into());
        let mut without = archive();
        without.members.remove(0);
        assert_eq!(plan(&without, &custody, &current(), Wanted::Auto, true).unwrap_err().kind(), ErrorKind::Denied);
        assert!(plan(&without, &custody, &current(), Wanted::Data, true).is_ok());
        let mut damaged = archive();
        damaged.members[1] = member(WPP_DB, 10, "row 3 missing");
        for wanted in [Wanted::Auto, Wanted::Data] {
            let error = plan(&damaged, &custody, &current(), wanted, true).unwrap_err();
            assert!(error.message().contains("row 3 missing"), "{error}");
        }
    }

    #[test]
    fn a_plan_says_what_it_will_do_and_what_cannot_come_back() {
        let custody = Custody::Broken("so".into());
        let running = Current { running: true, ..current() };
        let planned = plan(&archive(), &custody, &running, Wanted::Data, false).unwrap();
        assert!(planned.steps.iter().any(|step| step == "stop the daemon"));
        assert!(planned.steps.last().unwrap().contains("stopped"));
        assert!(
            !plan(&archive(), &custody, &current(), Wanted::Data, true)
                .unwrap()
                .steps
                .iter()
                .any(|step| step.contains("stop the"))
        );
        let lost = Current {
            session_db: Store::Absent,
            signal: None,
            wpp_db: Store::Unreadable("x".into()),
            messages: None,
            ..current()
        };
        let planned = plan(&archive(), &custody, &lost, Wanted::Data, true).unwrap();
        assert!(planned.loses.iter().any(|loss| loss.contains("too damaged")), "{:?}", planned.loses);
        assert!(planned.loses.iter().any(|loss| loss.contains("wpp reauth")), "{:?}", planned.loses);
        let same = Current { messages: Some(10), ..current() };
        assert!(plan(&archive(), &custody, &same, Wanted::Data, true).unwrap().loses.is_empty());
    }
}
