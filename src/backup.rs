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
//! daemon holds the session's own lock, the backup holds it, which proves that nobody uses the
//! stores meanwhile: custody rests on it. If a daemon holds it, the backup goes on beside it. If a
//! restore or a reset holds it, the backup waits for nobody and says who it is.
//!
//! **What becomes an archive.** It is written as `.partial`, forced to the disk, read back, and only
//! then gets its name. Reading back compares every byte with its hash; SQLite's quick_check ran in
//! the transaction that the bytes came from, and both together are the level `quick`. A database
//! that cannot be read is left out and named; one that is damaged is kept as it is, named, and the
//! archive is then verified at level `hash` alone.
//!
//! An increment holds the pages of `wpp.db` that changed since another archive; [`increment`] decides
//! and says why not.
//!
//! Start with [`create`].

mod increment;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use self::increment::{Changes, Increment};
use crate::archive::codec::{Codec, Effort};
use crate::archive::custody;
use crate::archive::destination::{Destination, Draft};
use crate::archive::manifest::{
    BLOCK_BYTES, CONFIG, CONFIG_SIZE_MAX, DELTA, Daemon, DaemonEnd, DaemonState, Database, FORMAT, INCREMENT_FORMAT,
    INDEX_SCHEMA, Index, IndexMember, MANIFEST, MANIFEST_SCHEMA, Manifest, Member, Missing, SESSION_DB, Signal, WPP_DB,
};
use crate::archive::open;
use crate::archive::output::Output;
use crate::archive::pack::{Packed, Unwritten, Writer};
use crate::archive::scratch;
use crate::archive::seal::{Identities, Recipients};
use crate::archive::shelf;
use crate::archive::snapshot::{Facts, Looking, Patience, Quiet, Snapshot};
use crate::archive::verify::Level;
use crate::clock::{self, Timestamp};
use crate::daemon::api::Status;
use crate::disk::{self, Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths};
use crate::journal::{Journal, Outcome};
use crate::report::{Meter, Sink, Step, Steps};

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
#[derive(Debug, Serialize)]
struct Record<'a> {
    archive_id: &'a str,
    /// Its path or address.
    path: &'a str,
    /// The folder or the address that it lies in, and its name there.
    location: String,
    name: &'a str,
    created_ms: i64,
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// Whether all its bytes were read back and are what was written.
    read_back: bool,
    /// Of the file that passed at that level.
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<shelf::Stamp>,
    whole: bool,
    /// The archive that it is an increment of: known here even when its key is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
}

/// The lock that keeps backups and restores of one session apart, whichever folder they use.
pub fn lock(session: &SessionPaths, role: &str) -> Result<Lock> {
    if let Some(folder) = session.folder().parent() {
        disk::create_folder(folder)?;
    }
    Lock::acquire(&session.beside("backup", "lock"), role)
}

/// Takes a backup. Nothing is left under the archive's name unless it was verified at a level,
/// which the result states.
pub fn create(request: &Request<'_>) -> Result<Backup> {
    let session = request.session;
    let _apart = lock(session, "backup")?;
    let cleared = request.destination.clear(session.name())?;
    disk::create_folder(&request.scratch())?;
    scratch::sweep(&request.scratch())?;
    settle(request)?;
    let mut steps = Steps::new(request.sink);
    // Before the snapshot: reading archives takes time, and an open transaction holds up checkpoints.
    let mut increment = Increment::prepare(request, &request.journal.identity()?);

    let watch = steps.begin("take a snapshot");
    let (daemon, session_lock) = stand(request)?;
    let quiet = if session_lock.is_some() { Quiet::Proven } else { Quiet::Unknown };
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
    match parts.iter_mut().find(|part| part.name == WPP_DB) {
        Some(part) => part.compare(&mut increment),
        None => increment.give_up("there is no wpp.db to compare".into()),
    }
    for part in &mut parts {
        part.look();
    }
    parts.retain(|part| match &part.failed {
        Some(reason) => {
            missing.push(Missing { name: part.name.into(), reason: plain(reason) });
            false
        }
        None => true,
    });
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

    let chain = parts.iter().find_map(|part| Some(part.changes.as_ref()?.chain.clone()));
    let mut manifest = Manifest {
        schema: MANIFEST_SCHEMA.into(),
        format: if chain.is_some() { INCREMENT_FORMAT } else { FORMAT },
        id: uuid::Uuid::new_v4().to_string(),
        session: session.name().into(),
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
        archive_id: &manifest.id.clone(),
        path: &place,
        location: request.destination.to_string(),
        name: &name,
        created_ms: manifest.created_ms,
        encrypted: request.recipients.is_some(),
        sha256: None,
        level: None,
        read_back: false,
        stamp: None,
        whole: false,
        parent_id: manifest.chain.as_ref().map(|chain| chain.parent_id.clone()),
    };
    let entry = request.journal.begin(Some(session.name()), "backup", &record)?;

    let mut draft = Some(draft);
    let made = {
        let what = (&mut manifest, &mut parts, &mut increment);
        write_and_verify(request, &name, (&mut draft, session_lock), what, &mut steps)
    };
    drop(parts);
    let finished = made.and_then(|made| {
        draft.take().map_or(Ok(()), Draft::publish)?;
        let object = request.destination.look(&name)?;
        Ok((made, object.map(|object| object.stamp)))
    });
    let (made, stamp) = match finished {
        Ok(made) => made,
        Err(error) => {
            // The first error is the one to tell; what is left is removed by the next backup.
            drop(draft);
            let _ = request.journal.end(entry, Outcome::Failed);
            return Err(error);
        }
    };
    let record =
        Record { sha256: Some(&made.sha256), level: made.level, read_back: true, stamp, whole: manifest.is_whole(), ..record };
    request.journal.update(entry, &record)?;
    request.journal.end(entry, Outcome::Finished)?;
    increment.finish(&manifest.id, &name, made.size_bytes);
    Ok(Backup {
        place: place.clone(),
        manifest,
        size_bytes: made.size_bytes,
        sha256: made.sha256,
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

/// Closes the journal's entries of backups that were killed. The caller holds the lock that each of
/// them held, so none of them is alive. An archive gets its name only after it was verified; what
/// was not written down of it is found out by verifying it again.
fn settle(request: &Request<'_>) -> Result<()> {
    let here = request.destination.to_string();
    for entry in request.journal.open_entries(request.session.name())?.into_iter().filter(|entry| entry.verb == "backup") {
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

/// Whether a daemon runs. When none does, the session's lock comes back held.
fn stand(request: &Request<'_>) -> Result<(Daemon, Option<Lock>)> {
    let path = request.session.lock();
    let before = Lock::look(&path)?;
    match Lock::acquire(&path, "backup") {
        Ok(lock) => {
            let ended = match before {
                LockState::Stale(owner) if owner.as_ref().is_none_or(|owner| owner.role == "daemon") => DaemonEnd::Killed,
                _ => DaemonEnd::Clean,
            };
            Ok((Daemon { state: DaemonState::Stopped, ended: Some(ended), session_state: None }, Some(lock)))
        }
        Err(error) if error.kind() == ErrorKind::Locked => match Lock::look(&path)? {
            LockState::Held(Some(owner)) if owner.role != "daemon" => Err(error),
            _ => {
                let session_state = request.status.map(|status| status.state.name().to_owned());
                Ok((Daemon { state: DaemonState::Running, ended: None, session_state }, None))
            }
        },
        Err(error) => Err(error),
    }
}

struct Made {
    size_bytes: u64,
    sha256: String,
    level: Option<Level>,
    level_reason: Option<String>,
}

fn write_and_verify(
    request: &Request<'_>,
    name: &str,
    (draft, session_lock): (&mut Option<Draft>, Option<Lock>),
    (manifest, parts, increment): (&mut Manifest, &mut Vec<Part>, &mut Increment),
    steps: &mut Steps<'_>,
) -> Result<Made> {
    let watch = steps.begin("write the archive");
    let content_bytes: u64 = parts.iter().map(|part| part.size_bytes).sum();
    if let Some(folder) = request.destination.folder() {
        disk::require_space(folder, content_bytes)?;
    }
    let place = request.destination.place(name);
    let packed = loop {
        let reserved = match draft.take() {
            Some(reserved) => reserved,
            None => request.destination.create(name, content_bytes)?,
        };
        let reserved = draft.insert(reserved);
        let (output, tally) = match request.recipients {
            None => (reserved.output(), None),
            Some(recipients) => recipients.output(reserved.output()).map(|(output, tally)| (output, Some(tally)))?,
        };
        match pack(request, output, &place, manifest, parts, increment)? {
            Packing::Done(packed) => {
                // Of the file, which is what people hash; the writer knows what went into it.
                break match tally.as_ref().and_then(|tally| tally.get()) {
                    Some((size_bytes, sha256)) => Packed { size_bytes: *size_bytes, sha256: sha256.clone() },
                    None => packed,
                };
            }
            // Every page was read a moment ago: the disk is failing.
            Packing::Unreadable(DELTA, error) => return Err(error.hint("`wpp backup` makes a full archive of what can be read")),
            Packing::Unreadable(name, error) => {
                // A page that cannot be read costs its own database and not the other one.
                draft.take().map_or(Ok(()), Draft::discard)?;
                parts.retain(|part| part.name != name);
                manifest.missing.push(Missing { name: name.into(), reason: plain(&error.chain()) });
                if !parts.iter().any(|part| part.snapshot.is_some()) {
                    return Err(error);
                }
            }
        }
    };
    let text = format!("{} bytes of {content_bytes}, SHA-256 {}", packed.size_bytes, packed.sha256);
    steps.end(watch, "write the archive", "all contents, forced to the disk", text, true);

    // The databases were read in full; nobody has to wait for what follows.
    for part in parts.iter_mut() {
        part.snapshot = None;
    }
    drop(session_lock);
    let draft = draft.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::Unexpected, "the archive was lost while it was written").hint("report this as a bug of wpp")
    })?;
    let made = read_back(request, draft, &place, &packed, manifest, steps)?;
    Ok(Made { size_bytes: packed.size_bytes, sha256: packed.sha256, level: made.0, level_reason: made.1 })
}

/// Reads the archive back from where it lies and verifies it as far as it can be.
fn read_back(
    request: &Request<'_>,
    draft: &Draft,
    place: &str,
    packed: &Packed,
    manifest: &Manifest,
    steps: &mut Steps<'_>,
) -> Result<(Option<Level>, Option<String>)> {
    let watch = steps.begin("read the archive back");
    let damaged: Vec<String> = manifest.damaged().map(|(member, said)| format!("{}: {said}", member.name)).collect();
    // What quick_check said, it said in the transaction that these very bytes came from. Nobody asked
    // it of an increment, whose parents were read back when they were made.
    let (level, mut level_reason) = match (&manifest.chain, damaged.is_empty()) {
        (Some(_), _) => (Level::Hash, Some("`wpp backup verify` looks at an increment's whole chain".into())),
        (None, true) => (Level::Quick, None),
        (None, false) => (Level::Hash, Some(format!("damaged already in the session: {}", damaged.join("; ")))),
    };
    let (bytes, object) = draft.open()?;
    let (bytes, hashing) = if request.recipients.is_some() {
        let (bytes, hashing) = shelf::Hashing::over(bytes);
        (bytes, Some(hashing))
    } else {
        (bytes, None)
    };
    let opened = match shelf::input(place, bytes, object.size_bytes, request.identities) {
        Ok(mut input) => Some(open::read(&mut input, None, request.sink)?),
        // A host that only has recipients writes what it cannot read.
        Err(error) if error.kind() == ErrorKind::Denied && request.recipients.is_some() => None,
        Err(error) => return Err(error),
    };
    let of_file = hashing.as_ref().map(|hashing| hashing.finish(object.size_bytes));
    let sha256 = match (&opened, of_file) {
        (Some(opened), None) => opened.sha256.clone(),
        (_, Some(Some(sha256))) => sha256,
        // Not all of the file was read in its order, or none of it could be understood.
        _ => {
            let (bytes, _) = draft.open()?;
            disk::sha256(bytes).map_err(|error| disk::cannot("read back", Path::new(place), error))?.0
        }
    };
    if sha256 != packed.sha256 || opened.as_ref().is_some_and(|opened| opened.manifest != *manifest) {
        return Err(Error::new(
            ErrorKind::Archive,
            format!("{place} reads back as another archive than was written; it was not kept"),
        )
        .hint("check the disk or the store; run the backup again, or with --output somewhere else"));
    }
    if opened.is_none() {
        level_reason = Some("no key here".into());
        steps.end(
            watch,
            "read the archive back",
            "what was written",
            "written and read back; not verified: no key here".into(),
            true,
        );
        return Ok((None, level_reason));
    }
    let text = match &level_reason {
        None => format!("verified at level {}", level.name()),
        Some(reason) => format!("verified at level {} and no further: {reason}", level.name()),
    };
    let expected = if manifest.chain.is_some() { Level::Hash } else { Level::Quick };
    steps.end(watch, "read the archive back", &format!("verified at level {}", expected.name()), text, level == expected);
    Ok((Some(level), level_reason))
}

enum Packing {
    Done(Packed),
    Unreadable(&'static str, Error),
}

fn pack(
    request: &Request<'_>,
    output: Box<dyn Output>,
    place: &str,
    manifest: &mut Manifest,
    parts: &mut [Part],
    increment: &mut Increment,
) -> Result<Packing> {
    let mut members = vec![IndexMember { name: MANIFEST.into(), size_bytes: None }];
    members.extend(parts.iter().map(|part| IndexMember { name: part.name.into(), size_bytes: Some(part.size_bytes) }));
    let index = Index {
        schema: INDEX_SCHEMA.into(),
        format: manifest.format,
        id: manifest.id.clone(),
        session: manifest.session.clone(),
        created_ms: manifest.created_ms,
        members,
    };
    manifest.members.clear();
    let mut writer = Writer::over(output, place, &index, request.codec, request.effort)?;
    let mut meter = Meter::new(request.sink, "archiving".into(), parts.iter().map(|part| part.size_bytes).sum());
    for part in parts.iter_mut() {
        let mapped = part.name == WPP_DB;
        if let (true, Some(snapshot)) = (mapped, &part.snapshot) {
            increment.begin_full(snapshot.page_size_bytes());
        }
        let written = writer.member(part.name, part.size_bytes, |content| {
            part.stream(&request.scratch(), &mut |bytes| {
                meter.add(bytes.len() as u64);
                if mapped {
                    increment.take(bytes);
                }
                content.write(bytes)
            })
        });
        let written = written.and_then(|written| part.finish_look().map(|()| written).map_err(Unwritten::Source));
        match written {
            Ok(written) => manifest.members.push(Member {
                name: part.name.into(),
                size_bytes: part.size_bytes,
                sha256: written.sha256,
                offset_bytes: written.offset_bytes,
                blocks_bytes: written.blocks_bytes,
                database: part.facts.clone().map(|facts| Database {
                    pages_blake3: if mapped || part.changes.is_some() { increment.root() } else { None },
                    ..facts
                }),
            }),
            Err(Unwritten::Source(error))
                if part.snapshot.is_some() && error.kind() != ErrorKind::Locked && is_of_source(&error) =>
            {
                return Ok(Packing::Unreadable(part.name, error));
            }
            Err(error) => return Err(error.into()),
        }
    }
    manifest.signal = parts.iter().find_map(|part| part.signal.clone());
    let packed = writer.finish(manifest)?;
    Ok(Packing::Done(packed))
}

/// Whether it was SQLite that failed, and not the file of a temporary copy.
fn is_of_source(error: &Error) -> bool {
    std::error::Error::source(error).is_none_or(|source| source.downcast_ref::<std::io::Error>().is_none())
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

/// One content on its way into the archive.
struct Part {
    name: &'static str,
    size_bytes: u64,
    snapshot: Option<Snapshot>,
    /// What is written in the place of the whole database.
    changes: Option<Changes>,
    text: Vec<u8>,
    facts: Option<Database>,
    signal: Option<Signal>,
    /// Gathers facts and signal while the database is read out.
    looking: Option<Looking>,
    failed: Option<String>,
}

impl Part {
    /// Opens the database's read transaction, and nothing more: the next one is opened right after.
    fn database(name: &'static str, path: &Path, quiet: Quiet, request: &Request<'_>) -> Result<Part, String> {
        match Snapshot::take(path, quiet, &request.scratch(), request.patience) {
            Ok(None) => Err("there is no such file".into()),
            // Whoever holds a lock can be asked to let go; the hint says how.
            Err(error) if error.kind() == ErrorKind::Locked => Err(format!("{} ({})", error.chain(), error.hints().join("; "))),
            Err(error) => Err(error.chain()),
            Ok(Some(snapshot)) => Ok(Part {
                name,
                size_bytes: snapshot.size_bytes(),
                snapshot: Some(snapshot),
                changes: None,
                text: Vec::new(),
                facts: None,
                signal: None,
                looking: None,
                failed: None,
            }),
        }
    }

    /// The settings, if there are any.
    fn config(path: &Path) -> Result<Option<Part>, String> {
        let text = match disk::read_small(path, CONFIG_SIZE_MAX) {
            Ok(text) => text,
            // No settings is the usual case and nothing to complain about.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk::cannot("read", path, error).chain()),
        };
        let size_bytes = text.len() as u64;
        Ok(Some(Part {
            name: CONFIG,
            size_bytes,
            snapshot: None,
            changes: None,
            text,
            facts: None,
            signal: None,
            looking: None,
            failed: None,
        }))
    }

    /// Makes an increment of it, if that can be done.
    fn compare(&mut self, increment: &mut Increment) {
        let Some(snapshot) = &self.snapshot else { return };
        if let Some(changes) = increment.compare(snapshot) {
            self.name = DELTA;
            self.size_bytes = changes.delta.size_bytes();
            self.changes = Some(changes);
        }
    }

    /// Reads the facts, in the transaction that was opened before, or begins to.
    fn look(&mut self) {
        let Some(snapshot) = &mut self.snapshot else { return };
        // To check the whole database would cost more than to copy what changed in it.
        let check = self.changes.is_none();
        if check && let Some(looking) = snapshot.look_beside() {
            self.looking = Some(looking);
            return;
        }
        let found = snapshot.database(check).map(|facts| (facts, snapshot.signal()));
        if let Err(error) = self.keep(found) {
            self.failed = Some(error.chain());
        }
    }

    /// Waits for the facts, if they are still being read.
    fn finish_look(&mut self) -> Result<()> {
        self.looking.take().map_or(Ok(()), |looking| self.keep(looking.finish()))
    }

    fn keep(&mut self, found: Result<Facts>) -> Result<()> {
        let (facts, signal) = found?;
        self.facts = Some(Database {
            quick_check: plain(&facts.quick_check),
            last_migration: plain(&facts.last_migration),
            tables: facts.tables.iter().map(|(name, rows)| (plain(name), *rows)).collect(),
            ..facts
        });
        // A store that cannot tell its identity is taken all the same; custody then has less to go by.
        self.signal = signal.unwrap_or_default();
        Ok(())
    }

    fn stream(&self, scratch: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match (&self.snapshot, &self.changes) {
            (Some(snapshot), Some(changes)) => changes.delta.write(&mut |run, take| snapshot.pages_of(run, take), take),
            (Some(snapshot), None) => snapshot.stream(scratch, take),
            (None, _) => take(&self.text),
        }
    }
}
