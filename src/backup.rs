//! Taking a backup: an archive of one session, while its daemon runs or not.
//!
//! **How the two databases fit together.** Each is read in one transaction of its own; both
//! transactions are opened back to back, `session.db` first. Inbound, the client library commits
//! the ratchet to `session.db` before the daemon stores the message in `wpp.db`; with `wpp.db`
//! the later one, a message whose ratchet step is in the archive is missing from it only if it was
//! between the two commits at that very moment. The other order would lose every message of the
//! interval. Outbound, a row that is newer than the ratchet is sent again under the same id, which
//! receivers drop as a duplicate.
//!
//! **Who else may run.** A lock beside the session keeps two backups (and a restore) apart. If no
//! daemon holds the session's own lock, the backup holds it, which proves that no daemon uses the
//! stores meanwhile: custody rests on it. If a daemon holds it, the backup goes on beside it. If a
//! restore or a reset holds it, the backup waits for nobody and says who it is. Other programs know
//! nothing of these locks. SQLite's own keep the backup apart from them; where it goes without, it
//! looks afterwards whether anybody came, and then begins anew.
//!
//! **What becomes an archive.** In a folder it is written as `.partial`, forced to the disk, read back,
//! and only then gets its name; a store shows it under its name as soon as it is complete, and it is
//! removed again if it does not read back as it was written. The journal says that it was read back
//! before it stays for good. Reading back compares every byte with its hash; SQLite's quick_check ran in
//! the transaction that the bytes came from, and both together are the level `quick`. A database
//! that cannot be read is left out and named; one that is damaged is kept as it is, named, and the
//! archive is then verified at level `hash` alone.
//!
//! What is no database of a session, such as an emptied one, is kept and named as damaged is.
//!
//! An increment holds the pages of `wpp.db` that changed since another archive; [`increment`] decides
//! and says why not. The whole database is checked for it as for a full archive, beside the comparing;
//! but its level is `hash`, because only its own bytes are read back and not its chain.
//!
//! Start with [`create`].

mod increment;
mod part;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use self::increment::Increment;
use self::part::Part;
use self::write::Making;
use crate::archive::codec::{Codec, Effort};
use crate::archive::custody;
use crate::archive::destination::{Destination, Draft, Stamp};
use crate::archive::manifest::{
    BLOCK_BYTES, CONFIG, Daemon, DaemonEnd, DaemonState, FORMAT, INCREMENT_FORMAT, MANIFEST_SCHEMA, Manifest, Mark, Missing,
    SESSION_DB, WPP_DB,
};
use crate::archive::scratch;
use crate::archive::seal::{Identities, Recipients};
use crate::archive::shelf;
use crate::archive::snapshot::{Patience, Quiet};
use crate::archive::verify::Level;
use crate::clock::{self, Timestamp};
use crate::daemon::api::Status;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths};
use crate::journal::{Journal, Outcome};
use crate::report::{Sink, Step, Steps};

/// The journal's word for a backup.
const VERB: &str = "backup";
/// Who holds the locks meanwhile.
const ROLE: &str = "backup";

/// What to back up, and where to.
pub struct Request<'a> {
    /// The home.
    pub home: &'a Home,
    /// The session; its folder exists.
    pub session: &'a SessionPaths,
    /// Where the archive goes; a folder is made if it is not there.
    pub destination: Arc<Destination>,
    /// Who can read it; `None` leaves it plain.
    pub recipients: Option<&'a Recipients>,
    /// What the archive is read back with, if it is encrypted.
    pub identities: &'a Identities,
    /// The home's journal.
    pub journal: &'a Journal,
    /// Takes events.
    pub sink: &'a dyn Sink,
    /// What the daemon said about itself just before, if it answered.
    pub status: Option<&'a Status>,
    /// For an increment, if one can be made: how many may follow a full archive.
    pub increments_max: Option<u64>,
    /// How the archive is compressed.
    pub codec: Codec,
    /// How hard.
    pub effort: Effort,
    /// How long it waits for others, and lets them wait.
    pub patience: Patience,
}

impl Request<'_> {
    /// A folder of this machine for what is unpacked or copied for a moment.
    fn scratch(&self) -> PathBuf {
        self.destination.folder().map_or_else(|| self.home.backups(), Path::to_owned)
    }
}

/// A finished backup.
#[derive(Debug)]
pub struct Backup {
    /// The archive's path or address.
    pub place: String,
    /// What it says about itself, which was verified at `level`.
    pub manifest: Manifest,
    /// Size of the file.
    pub size_bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its name at the destination.
    pub name: String,
    /// Which state of the file was read back.
    pub stamp: Stamp,
    /// How far it was verified; `None` when it could not be, for lack of a key. Whatever it is, all
    /// bytes were read back and are what was written.
    pub level: Option<Level>,
    /// Who can read it; empty when everybody can.
    pub recipients: Vec<String>,
    /// What the destination cannot do, in sentences.
    pub limits: Vec<String>,
    /// Why it was not verified further, if it was not.
    pub level_reason: Option<String>,
    /// Why it is a full archive although an increment was asked for.
    pub full_reason: Option<String>,
    /// Why the next increment cannot build on it without reading it.
    pub map_reason: Option<String>,
    /// What had to be done before an increment could be made.
    pub base_note: Option<String>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// Parts of earlier backups that were killed, now removed.
    pub removed: Vec<String>,
    /// Such parts that are still there, each with the reason.
    pub kept: Vec<(String, String)>,
}

/// What the journal keeps of a backup.
#[derive(Debug, Default, Serialize)]
struct Record {
    archive_id: String,
    /// Its path or address.
    path: String,
    /// The folder or the address that it lies in, and its name there.
    location: String,
    name: String,
    created_ms: i64,
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// Whether all its bytes were read back and are what was written.
    read_back: bool,
    /// Of the file that passed at that level.
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<Stamp>,
    whole: bool,
    /// The archive that it is an increment of: known here even when its key is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
}

/// The journal's entry of one backup.
#[derive(Default)]
struct Account {
    entry: Option<i64>,
    /// The archive has its name, whatever happens now.
    published: bool,
}

impl Account {
    /// Writes down that no archive came of it, and why. The error is the one to tell, so that of a
    /// journal that fails, too, is not.
    fn fail(&self, request: &Request<'_>, error: &Error) {
        let _ = match self.entry {
            // It stays open: the next backup settles it.
            _ if self.published => Ok(()),
            Some(entry) => request.journal.end(entry, Outcome::Failed),
            None => {
                let data = serde_json::json!({
                    "failed": plain(&error.chain()), "location": request.destination.to_string(),
                });
                request.journal.record_failed(Some(request.session.name()), "backup", &data).map(drop)
            }
        };
    }
}

/// Whoever holds a lock may let go just before it is looked who that is.
const LOCK_ATTEMPTS: u32 = 5;

/// How a session without a daemon is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Locked {
    /// With SQLite's locks, unless those would leave a file behind.
    WhereNoFileIsMade,
    /// Another program was seen at the databases.
    Always,
}

/// What a session held at one moment.
struct Taken {
    daemon: Daemon,
    /// Proves that nobody uses the stores, if no daemon does.
    session_lock: Option<Lock>,
    mark: Mark,
    now: Timestamp,
    parts: Vec<Part>,
    missing: Vec<Missing>,
}

/// The lock that keeps backups and restores of one session apart, whichever folder they use.
pub fn lock(session: &SessionPaths, role: &str) -> Result<Lock> {
    if let Some(folder) = session.folder().parent() {
        disk::create_folder(folder)?;
    }
    Lock::acquire(&lock_path(session), role)
}

fn lock_path(session: &SessionPaths) -> PathBuf {
    session.beside("backup", "lock")
}

/// The session's lock in the hands of somebody who goes on holding it after the backup.
#[derive(Debug)]
pub struct Hold {
    lock: Lock,
    ended: DaemonEnd,
}

impl Hold {
    /// Takes the lock, which no daemon may hold.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when anybody holds it.
    pub fn take(session: &SessionPaths, role: &str) -> Result<Hold> {
        let before = Lock::look(&session.lock())?;
        let lock = Lock::acquire(&session.lock(), role)?;
        Ok(Hold { lock, ended: end_of(&before) })
    }

    /// The lock, whose drop lets others use the session.
    pub fn into_lock(self) -> Lock {
        self.lock
    }
}

/// Fails when the folder for archives lies in the session that they are of, by whatever path: what
/// removes or replaces the session would take them with it.
pub fn check_destination(destination: &Destination, session: &SessionPaths) -> Result<()> {
    let Some(folder) = destination.folder() else { return Ok(()) };
    // The session may be reached through a link, too; one that is not there holds nothing.
    let Ok(inside) = session.folder().canonicalize() else { return Ok(()) };
    let folder = std::path::absolute(folder).map_err(|error| disk::cannot("find", folder, error))?;
    // The folder itself may not be there yet; what is there of its path tells where it will be.
    let real = folder.ancestors().find_map(|above| above.canonicalize().ok());
    if real.is_some_and(|real| real.starts_with(&inside)) {
        return Err(Error::new(
            ErrorKind::Denied,
            format!("{} lies in the folder of session {}: its archives would be lost with it", folder.display(), session.name()),
        )
        .hint("choose a folder outside the session: `backup.destination` in config.toml, or --output FOLDER"));
    }
    Ok(())
}

/// Takes a backup. The result states at which level it was verified. The journal has an entry of
/// it, also when it fails.
pub fn create(request: &Request<'_>) -> Result<Backup> {
    create_as(request, None)
}

/// [`create`] for one who holds the session's lock already, and goes on holding it.
pub fn create_held(request: &Request<'_>, hold: &Hold) -> Result<Backup> {
    create_as(request, Some(hold))
}

fn create_as(request: &Request<'_>, hold: Option<&Hold>) -> Result<Backup> {
    let mut account = Account::default();
    let apart = match acquire_or_see(&lock_path(request.session), || lock(request.session, ROLE)) {
        Ok((apart, _)) => apart,
        Err(refused) => {
            if refused.is_failure() {
                account.fail(request, &refused.error);
            }
            return Err(refused.error);
        }
    };
    let made = make(request, hold, &mut account).inspect_err(|error| account.fail(request, error));
    drop(apart);
    made
}

fn make(request: &Request<'_>, hold: Option<&Hold>, account: &mut Account) -> Result<Backup> {
    check_destination(&request.destination, request.session)?;
    let cleared = request.destination.clear(request.session.name())?;
    disk::create_folder(&request.scratch())?;
    // Again: what is above a folder that is not there yet need not tell where it will be.
    check_destination(&request.destination, request.session)?;
    scratch::sweep(&request.scratch())?;
    settle(request)?;
    let mut steps = Steps::new(request.sink);
    let mut locked = Locked::WhereNoFileIsMade;
    let (making, made, record, entry) = loop {
        // Before the snapshot: reading archives takes time, and an open transaction holds up checkpoints.
        let mut increment = Increment::prepare(request, &request.journal.identity()?);
        let Some(mut taken) = snapshot(request, (hold, locked), &mut increment, &mut steps)? else {
            locked = Locked::Always;
            continue;
        };
        let session_lock = taken.session_lock.take();
        let (mut making, record) = begin(request, taken, increment)?;
        let entry = match account.entry {
            Some(entry) => request.journal.update(entry, &record).map(|()| entry)?,
            None => request.journal.begin(Some(request.session.name()), VERB, &record)?,
        };
        account.entry = Some(entry);
        match making.write(session_lock, &mut steps)? {
            Some(made) => break (making, made, record, entry),
            None => locked = Locked::Always,
        }
    };
    let Making { name, place, draft, manifest, mut increment, .. } = making;

    // Written down before it gets its name: whoever finds the name finds this, too.
    let record = Record {
        sha256: Some(made.sha256.clone()),
        level: made.level,
        read_back: true,
        stamp: Some(made.stamp.clone()),
        whole: manifest.is_whole(),
        ..record
    };
    request.journal.update(entry, &record)?;
    draft.publish()?;
    account.published = true;
    request.journal.end(entry, Outcome::Finished)?;
    increment.finish(&manifest, &name, made.stamp.clone());
    Ok(Backup {
        place,
        manifest,
        size_bytes: made.size_bytes,
        sha256: made.sha256,
        name,
        stamp: made.stamp,
        level: made.level,
        level_reason: made.level_reason,
        full_reason: increment.full_reason.take(),
        map_reason: increment.map_reason.take(),
        base_note: increment.note.take(),
        recipients: request.recipients.map(Recipients::names).unwrap_or_default(),
        limits: request.destination.limits(),
        steps: steps.done,
        removed: cleared.removed,
        kept: cleared.kept,
    })
}

/// Opens the transactions of both databases and reads what there is to know of them. The order of
/// what is in here is what the backup promises: see the head of this file. `None` when another program
/// changed a database that was read without locks.
fn snapshot(
    request: &Request<'_>,
    (hold, locked): (Option<&Hold>, Locked),
    increment: &mut Increment,
    steps: &mut Steps<'_>,
) -> Result<Option<Taken>> {
    let session = request.session;
    let watch = steps.begin("take a snapshot");
    let (daemon, session_lock) = match hold {
        Some(hold) => (stopped(hold.ended), None),
        None => stand(request)?,
    };
    let quiet = match locked {
        Locked::WhereNoFileIsMade if hold.is_some() || session_lock.is_some() => Quiet::Proven,
        _ => Quiet::Unknown,
    };
    // Before the snapshot: what the journal gains from here on counts as having come after it.
    let mark = custody::mark(request.journal, session.name())?;
    let now = clock::now();
    let mut missing = Vec::new();
    let mut parts = Vec::new();
    for (name, path) in [(SESSION_DB, session.session_db()), (WPP_DB, session.wpp_db())] {
        match Part::database(name, &path, quiet, request) {
            Ok(part) => parts.push(part),
            Err(reason) => missing.push(Missing { name: name.into(), reason: plain(&reason) }),
        }
    }
    let linked = parts.iter().any(|part| part.name == WPP_DB && part.has_account());
    for part in &mut parts {
        part.recognise(linked);
        part.look_beside();
    }
    match parts.iter_mut().find(|part| part.name == WPP_DB) {
        Some(part) => part.compare(increment),
        None => increment.give_up("there is no wpp.db to compare".into()),
    }
    for part in &mut parts {
        part.look();
    }
    if parts.iter().any(|part| part.failed.is_some()) && !are_as_they_were(&parts)? {
        return Ok(None);
    }
    for part in parts.extract_if(.., |part| part.failed.is_some()) {
        let name = part.stands_for();
        if name == WPP_DB {
            increment.drop_map();
        }
        missing.push(Missing { name: name.into(), reason: plain(part.failed.as_deref().unwrap_or_default()) });
    }
    if parts.is_empty() {
        let reasons: Vec<String> = missing.iter().map(|missing| format!("{}: {}", missing.name, missing.reason)).collect();
        return Err(Error::new(
            ErrorKind::Unexpected,
            format!("nothing of session {} can be backed up ({})", session.name(), reasons.join("; ")),
        )
        .hint("`wpp doctor` says what is wrong with the files; an older archive is left as it is"));
    }
    match Part::config(&request.home.config()) {
        Ok(part) => parts.extend(part),
        Err(reason) => missing.push(Missing { name: CONFIG.into(), reason: plain(&reason) }),
    }
    let seen: Vec<String> = parts.iter().map(|part| format!("{} ({} bytes)", part.name, part.size_bytes)).collect();
    steps.end(watch, "take a snapshot", "session.db and wpp.db, each as of one moment", seen.join(", "), missing.is_empty());
    Ok(Some(Taken { daemon, session_lock, mark, now, parts, missing }))
}

/// Whether no other program changed what was read without locks.
fn are_as_they_were(parts: &[Part]) -> Result<bool> {
    for snapshot in parts.iter().filter_map(|part| part.snapshot.as_ref()) {
        if !snapshot.is_as_it_was()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Describes the archive, and takes a name for it.
fn begin<'a>(request: &'a Request<'a>, taken: Taken, increment: Increment) -> Result<(Making<'a>, Record)> {
    let Taken { daemon, mark, now, parts, missing, .. } = taken;
    let chain = parts.iter().find_map(|part| Some(part.changes.as_ref()?.chain.clone()));
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.into(),
        format: if chain.is_some() { INCREMENT_FORMAT } else { FORMAT },
        id: uuid::Uuid::new_v4().to_string(),
        session: request.session.name().into(),
        home_kind: request.home.kind(),
        created_ms: now.as_millisecond(),
        created: clock::rfc3339(now),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        daemon,
        block_bytes: Some(BLOCK_BYTES),
        members: Vec::new(),
        missing,
        signal: None,
        custody: mark,
        chain,
    };
    let content_bytes: u64 = parts.iter().map(|part| part.size_bytes).sum();
    let (name, draft) = choose(request, now, manifest.chain.is_some(), content_bytes)?;
    let place = request.destination.place(&name);
    let record = Record {
        archive_id: manifest.id.clone(),
        path: place.clone(),
        location: request.destination.to_string(),
        name: name.clone(),
        created_ms: manifest.created_ms,
        encrypted: request.recipients.is_some(),
        parent_id: manifest.chain.as_ref().map(|chain| chain.parent_id.clone()),
        ..Record::default()
    };
    Ok((Making { request, name, place, draft, manifest, parts, increment }, record))
}

/// Closes the journal's entries of backups that were killed. The caller holds the lock that each of
/// them held, so none of them is alive. In a folder an archive has its name only after its entry
/// says how it was verified; in a store it may have the name before it was read back, and the
/// entry then says that it was not.
fn settle(request: &Request<'_>) -> Result<()> {
    let here = request.destination.to_string();
    for entry in request.journal.open_entries(request.session.name())?.into_iter().filter(|entry| entry.verb == VERB) {
        // What was begun in another store is not asked for: it may be out of reach for good.
        let named = match (entry.data["name"].as_str(), entry.data["path"].as_str()) {
            (Some(name), _) if entry.data["location"] == here.as_str() => request.destination.look(name)?.is_some(),
            (_, Some(path)) => Path::new(path).exists(),
            (_, None) => false,
        };
        request.journal.end(entry.id, if named { Outcome::Finished } else { Outcome::Failed })?;
    }
    Ok(())
}

/// Why a lock was not given, and what was seen of it then.
#[derive(Debug)]
struct Refused {
    error: Error,
    seen: Option<LockState>,
}

impl Refused {
    /// Whether a backup has failed by this. Another one tells itself how it ends, and may have ended while it
    /// was looked for.
    fn is_failure(&self) -> bool {
        match &self.seen {
            Some(LockState::Held(Some(owner))) => owner.role != ROLE,
            Some(_) => false,
            None => true,
        }
    }
}

/// Takes the lock at `path` by `acquire` and says what it was before, or sees who holds it: one who lets go
/// between the two looks is none.
fn acquire_or_see(
    path: &Path,
    mut acquire: impl FnMut() -> Result<Lock>,
) -> std::result::Result<(Lock, LockState), Box<Refused>> {
    let unseen = |error| Box::new(Refused { error, seen: None });
    let mut attempts = 1;
    loop {
        let before = Lock::look(path).map_err(unseen)?;
        let error = match acquire() {
            Ok(lock) => return Ok((lock, before)),
            Err(error) if error.kind() == ErrorKind::Locked => error,
            Err(error) => return Err(unseen(error)),
        };
        let seen = Lock::look(path).map_err(unseen)?;
        if matches!(seen, LockState::Held(_)) || attempts == LOCK_ATTEMPTS {
            return Err(Box::new(Refused { error, seen: Some(seen) }));
        }
        attempts += 1;
    }
}

/// Whether a daemon runs. When none does, the session's lock comes back held.
fn stand(request: &Request<'_>) -> Result<(Daemon, Option<Lock>)> {
    let path = request.session.lock();
    let state = request.status.map(|status| status.state.name().to_owned());
    stand_at(&path, state, || Lock::acquire(&path, ROLE))
}

/// [`stand`] of the session whose lock is at `path` and is taken by `acquire`.
fn stand_at(path: &Path, session_state: Option<String>, acquire: impl FnMut() -> Result<Lock>) -> Result<(Daemon, Option<Lock>)> {
    let Refused { error, seen } = match acquire_or_see(path, acquire) {
        Ok((lock, before)) => return Ok((stopped(end_of(&before)), Some(lock))),
        Err(refused) => *refused,
    };
    match seen {
        Some(LockState::Held(Some(owner))) if owner.role != "daemon" => Err(error),
        None | Some(LockState::Absent) => Err(error),
        // A lock that nobody holds and that is not given is a copy of the one of a daemon that lives.
        Some(LockState::Held(_) | LockState::Stale(_)) => {
            Ok((Daemon { state: DaemonState::Running, ended: None, session_state }, None))
        }
    }
}

fn stopped(ended: DaemonEnd) -> Daemon {
    Daemon { state: DaemonState::Stopped, ended: Some(ended), session_state: None }
}

/// How the last daemon ended, by the lock that it left.
fn end_of(before: &LockState) -> DaemonEnd {
    match before {
        LockState::Stale(owner) if owner.as_ref().is_none_or(|owner| owner.role == "daemon") => DaemonEnd::Killed,
        _ => DaemonEnd::Clean,
    }
}

/// Text for a manifest, which holds no control characters.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Takes the first free name by beginning to write under it.
fn choose(request: &Request<'_>, now: Timestamp, increment: bool, about_bytes: u64) -> Result<(String, Draft)> {
    for name in shelf::names(request.session.name(), now, increment, request.codec, request.recipients.is_some()) {
        match request.destination.create(&name, about_bytes) {
            Ok(draft) => return Ok((name, draft)),
            Err(error) if error.kind() == ErrorKind::Locked => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(ErrorKind::Unexpected, format!("{} has no free name for an archive of this second", request.destination))
        .hint("try again in a second"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes the lock at `path` while somebody of that role holds it, who lets go right after the first refusal.
    fn ending<'a>(path: &'a Path, role: &str, then: impl Fn() + 'a) -> impl FnMut() -> Result<Lock> + 'a {
        let mut held = Some(Lock::acquire(path, role).unwrap());
        move || {
            let acquired = Lock::acquire(path, ROLE);
            if held.take().is_some() {
                then();
            }
            acquired
        }
    }

    #[test]
    fn a_daemon_that_ends_during_the_look_does_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let (daemon, lock) = stand_at(&path, None, ending(&path, "daemon", || ())).unwrap();
        assert_eq!((daemon.state, daemon.ended), (DaemonState::Stopped, Some(DaemonEnd::Clean)));
        assert!(lock.is_some());
        drop(lock);

        let leave =
            || std::fs::write(&path, r#"{"pid":1,"since":"2026-11-01T00:00:00Z","role":"daemon","version":"1"}"#).unwrap();
        let (daemon, lock) = stand_at(&path, None, ending(&path, "daemon", leave)).unwrap();
        assert_eq!((daemon.state, daemon.ended), (DaemonState::Stopped, Some(DaemonEnd::Killed)));
        drop(lock);

        let lives = Lock::acquire(&path, "daemon").unwrap();
        let (daemon, lock) = stand_at(&path, None, || Lock::acquire(&path, ROLE)).unwrap();
        assert!(daemon.state == DaemonState::Running && lock.is_none());
        drop(lives);
        let _restore = Lock::acquire(&path, "restore").unwrap();
        assert_eq!(stand_at(&path, None, || Lock::acquire(&path, ROLE)).unwrap_err().kind(), ErrorKind::Locked);
    }

    #[test]
    fn a_backup_beside_another_that_just_ended_is_made_and_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        for role in [ROLE, "restore"] {
            acquire_or_see(&path, ending(&path, role, || ())).unwrap();
        }
        // Others come and go, faster than anybody can see them.
        let refused = acquire_or_see(&path, || Err(Error::new(ErrorKind::Locked, "it is held"))).unwrap_err();
        assert!(refused.seen == Some(LockState::Absent) && !refused.is_failure());

        for (role, is_failure) in [(ROLE, false), ("restore", true)] {
            let _held = Lock::acquire(&path, role).unwrap();
            assert_eq!(acquire_or_see(&path, || Lock::acquire(&path, ROLE)).unwrap_err().is_failure(), is_failure, "{role}");
        }
        let refused = acquire_or_see(&path, || Err(Error::new(ErrorKind::Unexpected, "the disk is broken"))).unwrap_err();
        assert!(refused.is_failure());
    }
}
