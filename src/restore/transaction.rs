//! Carrying out a plan so that a kill at any moment leaves the old session or the new one, whole.
//!
//! The phases are in the room's own description. Start with [`restore`] and, before any other use
//! of a session, [`recover`].

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::plan::{Kind, RestorePlan, denied, foreign, not_exact, same_account};
use super::source::Source;
use super::strays::{ENDINGS, SIDECARS, check_nothing_came, is_there, set_aside_what_came};
use crate::archive::custody::{self, Custody, Ledger};
use crate::archive::manifest::{SESSION_DB, Signal, WPP_DB};
use crate::archive::snapshot::{Quiet, Snapshot};
use crate::backup;
use crate::clock;
use crate::confirm::Confirmed;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{AsideKind, SessionPaths, sidecar};
use crate::journal::{Entry, Journal, Outcome};
use crate::report::{Sink, Step, Steps};
use crate::session::messages::{Adopted, Adoption, adopt, paused_in};
use crate::session::rekey::{self, Rekeyed};

const VERB: &str = "restore";
/// How long a started daemon may take to wake the own phone until it is left to it.
const WAKE_PATIENCE: Duration = Duration::from_secs(10);

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
    /// READY.
    Healthy(String),
    /// The stores are good, and the session waits to be linked.
    Unlinked(String),
    /// It runs on the restored stores, but the server could not be reached or has not answered. That
    /// says nothing against the stores, and swapping them back would not help.
    Unproven(String),
}

impl Health {
    fn state(&self) -> &str {
        match self {
            Health::Healthy(state) | Health::Unlinked(state) | Health::Unproven(state) => state,
        }
    }
}

/// What to restore, and into what.
pub struct Request<'a> {
    /// Where the files come from. What is unpacked must be what it said when the plan was made.
    pub source: &'a Source<'a>,
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
    /// What was done to the Signal store before it was put in place.
    pub rekeyed: Option<Rekeyed>,
    /// What was done about messages that wait to be sent.
    pub adopted: Adopted,
    /// Whether the own phone was woken; `None` when it need not be, or the daemon was not seen READY.
    pub woken: Option<bool>,
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
    /// Names the identity that comes back; later restores of it look for the ids that were chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity_sha256: Option<String>,
    /// What was done to its store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rekeyed: Option<Rekeyed>,
    /// What was done about messages that wait to be sent.
    #[serde(default)]
    adopted: Adopted,
    /// Whether the daemon was READY with the restored files: the doctor takes it for a proof.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ready: bool,
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
        archive: request.source.place().into(),
        archive_id: request.source.manifest().id.clone(),
        stamp: format!("{}-{}", clock::compact(clock::now()), &id[..8]),
        made_folder: !session.exists(),
        had: Vec::new(),
        identity_sha256: request
            .source
            .manifest()
            .signal
            .as_ref()
            .filter(|_| plan.kind.brings_identity())
            .map(|signal| signal.identity_sha256.clone()),
        rekeyed: None,
        adopted: Adopted::default(),
        ready: false,
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
    let mut restored = Restored {
        good: true,
        health: None,
        rolled_back: false,
        old,
        rekeyed: transaction.rekeyed.clone(),
        adopted: transaction.adopted.clone(),
        woken: None,
        steps: Vec::new(),
    };
    if request.start {
        let watch = steps.begin("start the daemon");
        let started = request.lifecycle.start();
        let observed = started.as_ref().map_or_else(Error::chain, |health| health.state().to_owned());
        let ready = matches!(started, Ok(Health::Healthy(_)));
        let healthy = ready || matches!(started, Ok(Health::Unlinked(_)));
        steps.end(watch, "start the daemon", "it becomes healthy with the restored files", observed, healthy);
        match started {
            Ok(health) => {
                restored.health = Some(health);
                if ready {
                    transaction.ready = true;
                    request.journal.update(entry, &transaction).map_err(|error| restored_but(session, error))?;
                }
                if ready && transaction.rekeyed.is_some() {
                    restored.woken = Some(see_woken(request, entry, &mut steps));
                }
            }
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

/// Watches the daemon wake the own phone. It goes on trying when this gives up.
fn see_woken(request: &Request<'_>, entry: i64, steps: &mut Steps<'_>) -> bool {
    let watch = steps.begin("wake the own phone");
    let deadline = Instant::now() + WAKE_PATIENCE;
    let (woken, observed) = loop {
        // The restore is done: a journal that is busy or cannot be read only hides whether it was.
        match rekey::owed_wake(request.journal, request.session.name()) {
            Ok(owed) if owed != Some(entry) => break (true, "the server took the request".to_owned()),
            Err(error) if error.kind() != ErrorKind::Locked => {
                break (false, format!("not seen, the daemon tries by itself: {}", error.chain()));
            }
            Ok(_) | Err(_) => {}
        }
        if Instant::now() >= deadline {
            break (false, "not yet; the daemon goes on trying".to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    steps.end(watch, "wake the own phone", "the phone is sent a request, and starts a new Signal session", observed, woken);
    woken
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
    let said = request.source.unpack(&stage, request.sink)?;
    steps.end(watch, "unpack and verify", "verified at level quick, beside the session", said.into(), true);

    let watch = steps.begin("take the session");
    *was_running = request.lifecycle.stop()?;
    disk::create_folder(session.folder())?;
    let held = Lock::acquire(&session.lock(), VERB)?;
    let observed = if *was_running { "the daemon was stopped; the lock is held" } else { "no daemon ran; the lock is held" };
    steps.end(watch, "take the session", "no daemon runs, and none can start", observed.into(), true);

    // The plan may be old: since it was made, somebody may have started the session, or linked
    // another account. Now the lock is held, and what is judged stays so.
    let live = Snapshot::open(&session.session_db(), Quiet::Proven).ok().flatten();
    let live = live.and_then(|snapshot| snapshot.signal().ok().flatten());
    if transaction.plan.brings_identity() {
        same_account(request.source.manifest(), live.as_ref(), session.name())?;
        match transaction.plan {
            Kind::Exact => {
                let ledger = Ledger::read(request.journal, session.name(), &request.source.manifest().custody)?;
                match custody::judge(request.source.manifest(), session.name(), &ledger, live.as_ref()) {
                    Custody::Unbroken(_) => {}
                    Custody::Broken(why) | Custody::Unprovable(why) => return Err(not_exact(request.source.manifest(), &why)),
                }
            }
            Kind::Rekey => transaction.rekeyed = Some(give_new_keys(request, &stage, live.as_ref(), steps)?),
            Kind::Data | Kind::ForceExact => {}
        }
    }

    settle_outbox(request, transaction, &stage, live.as_ref(), steps)?;

    let watch = steps.begin("swap the files");
    let old = transaction.old(session);
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
    set_aside_what_came(session, transaction.plan, &old)?;
    for name in transaction.plan.files() {
        disk::rename(&stage.join(name), &folder.join(name))?;
    }
    check_nothing_came(session, transaction.plan)?;
    transaction.phase = Phase::Swapped;
    request.journal.update(entry, transaction)?;
    drop(held);
    let observed = format!("{} in place, {} old files set aside", transaction.plan.files().join(" and "), transaction.had.len());
    steps.end(watch, "swap the files", "new files in place, old ones kept", observed, true);
    Ok(())
}

/// Keeps what was unpacked from sending what nobody means to send: a pause of now stays, and what
/// waited in another session or for another device is rejected.
fn settle_outbox(
    request: &Request<'_>,
    transaction: &mut Transaction,
    stage: &Path,
    live: Option<&Signal>,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let session = request.session;
    let pause = paused_in(&session.wpp_db()) == Some(true);
    let empty = !is_there(&session.session_db()) && !is_there(&session.wpp_db());
    let reject = foreign(request.source.manifest(), session.name(), live, transaction.plan, empty);
    let watch = steps.begin("look at what waits to be sent");
    transaction.adopted = adopt(&stage.join(WPP_DB), Adoption { pause, reject: reject.as_deref() })?;
    let Adopted { paused, rejected } = transaction.adopted;
    let mut observed = match (reject.is_some(), rejected) {
        (false, _) => "it waits on".to_owned(),
        (true, 0) => "nothing waits".to_owned(),
        (true, rejected) => format!("{rejected} messages rejected: they were not queued for this session's device"),
    };
    if paused {
        observed.push_str("; sending stays paused");
    }
    steps.end(watch, "look at what waits to be sent", "nothing is sent that is not this session's", observed, true);
    Ok(())
}

/// Edits the unpacked store. The next key ids lie above those of the archive, of the store that is
/// in place (`live`), and of every earlier restore of this identity.
fn give_new_keys(request: &Request<'_>, stage: &Path, live: Option<&Signal>, steps: &mut Steps<'_>) -> Result<Rekeyed> {
    let watch = steps.begin("give the identity fresh keys");
    let mut used = Vec::new();
    if let Some(kept) = &request.source.manifest().signal {
        used = rekey::chosen_before(request.journal, &kept.identity_sha256)?;
        if let Some(live) = live.filter(|live| live.identity_sha256 == kept.identity_sha256) {
            let id = |id: i64| u32::try_from(id).unwrap_or(0);
            used.extend([id(live.highest_prekey_id.unwrap_or(0)), id(live.next_prekey_id.saturating_sub(1))]);
        }
    }
    let rekeyed = rekey::rekey(&stage.join(SESSION_DB), &used)?;
    let observed = format!(
        "{} Signal sessions and {} sender keys dropped; the next key is {}, the highest that may have been used {}",
        rekeyed.sessions_dropped, rekeyed.own_sender_keys_dropped, rekeyed.next_prekey_id, rekeyed.highest_prekey_id
    );
    steps.end(watch, "give the identity fresh keys", "no ratchet left, and no key id used twice", observed, true);
    Ok(rekeyed)
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
    let mut stay = connected().map_err(|error| restored_but(session, error))?;
    if !stay {
        request.lifecycle.stop().map_err(|error| restored_but(session, error))?;
        stay = connected().map_err(|error| restored_but(session, error))?;
    }
    if stay {
        let observed = "not done: the daemon connected with the restored files, and what it received or sent is in them alone";
        steps.end(watch, "swap back", "the old files in place again", observed.into(), false);
        return Ok(());
    }
    let held = Lock::acquire(&session.lock(), VERB).map_err(|error| restored_but(session, error))?;
    transaction.phase = Phase::Undoing;
    request.journal.update(entry, transaction).map_err(|error| restored_but(session, error))?;
    undo(session, transaction).map_err(|error| half_undone(session, transaction, error))?;
    // Ended here and not later: a daemon refuses to start while an undoing is open.
    let_go(session, transaction, Some(held))
        .and_then(|()| request.journal.end(entry, Outcome::Undone))
        .map_err(|error| undone_but(session, error))?;
    restored.rolled_back = true;
    restored.old = None;
    restored.rekeyed = None;
    restored.adopted = Adopted::default();
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

fn half_undone(session: &SessionPaths, transaction: &Transaction, error: Error) -> Error {
    error.hint(format!(
        "the daemon did not become healthy with the restored files, and putting the old ones back was cut off: what is not in {} \
         yet lies in {}; any `wpp` command on session {} goes on with it",
        session.folder().display(),
        transaction.old(session).display(),
        session.name()
    ))
}

fn undone_but(session: &SessionPaths, error: Error) -> Error {
    error.hint(format!(
        "the daemon did not become healthy with the restored files, and the old ones are in place again; any `wpp` command on \
         session {0} clears up what is left, then `wpp start --session {0}` starts it",
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
    let copies = session.set_aside()?.into_iter().filter(|copy| copy.kind == AsideKind::Restore);
    copies.map(|copy| disk::folder_size_bytes(&copy.path).map(|size_bytes| (copy.path, size_bytes))).collect()
}
