//! Removing archives that no rule keeps, and old copies of a session that nobody needs any more.
//!
//! [`crate::archive::retention`] decides; this room gathers what it decides on, and removes. The
//! lock that keeps backups and restores of a session apart is held throughout, and before the first
//! removal everything is looked at anew: what was verified must still be that very file, bytes and all, what is to
//! go must be the file that was judged, and the rules must still let it go.
//!
//! **Killed at any moment**, what is left is whole: archives go one by one, each by one removal that
//! is on the disk before the next, and what builds on an archive goes before it. Each removal is in
//! the journal before it is made; the next one closes what was left open.
//!
//! Start with [`survey`] and [`apply`]; [`aside`] is about old copies.

pub mod aside;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::archive::destination::Destination;
use crate::archive::history::History;
use crate::archive::open;
use crate::archive::retention::{self, Archived, Decision, Facts, Known, PrunePlan, Rules};
use crate::archive::seal::Identities;
use crate::archive::shelf::{self, Stamp};
use crate::backup;
use crate::clock::{self, TimeZone, Timestamp};
use crate::config::Config;
use crate::confirm::Confirmed;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::journal::{Journal, Outcome};
use crate::report::{Silent, count};

const VERB: &str = "prune";

/// The rules that the settings hold.
pub fn configured(config: &Config) -> Rules {
    Rules {
        last: config.number("backup.keep_last"),
        hourly: config.number("backup.keep_hourly"),
        daily: config.number("backup.keep_daily"),
        weekly: config.number("backup.keep_weekly"),
        monthly: config.number("backup.keep_monthly"),
        yearly: config.number("backup.keep_yearly"),
        within: config.span("backup.keep_within"),
    }
}

/// Which archives, and by which rules.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Where the archives are.
    pub destination: &'a Destination,
    /// What encrypted ones are read with; what cannot be read for lack of a key is known by the
    /// journal if this home made it.
    pub identities: &'a Identities,
    /// The session whose archives may go.
    pub session: &'a SessionPaths,
    /// The home's journal.
    pub journal: &'a Journal,
    /// What is kept.
    pub rules: &'a Rules,
    /// In which hours and days are counted.
    pub zone: &'a TimeZone,
}

/// A plan, and which files it was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The session's archives and what cannot be read, oldest first.
    pub plan: PrunePlan,
    /// Files by name, as they were when they were judged.
    stamps: BTreeMap<String, Stamp>,
    /// SHA-256 of files by name, as they were when they were verified or read back.
    hashes: BTreeMap<String, String>,
}

impl Survey {
    /// Whether what goes may go because this archive is sound: the newest of its home that is.
    pub fn rests_on(&self, archive_id: &str) -> bool {
        let anchors = || self.plan.anchors().filter_map(|anchor| anchor.archive.known());
        anchors().find(|known| known.id == archive_id).is_some_and(|own| {
            anchors().all(|other| other.home != own.home || (other.created, &other.id) <= (own.created, &own.id))
        })
    }
}

/// Looks at all archives and plans what goes. Writes nothing.
pub fn survey(request: &Request<'_>) -> Result<Survey> {
    let ours = request.journal.identity()?;
    let session = request.session.name();
    let history = History::read(request.journal, session)?;
    let mut archives = Vec::new();
    let (mut stamps, mut hashes) = (BTreeMap::new(), BTreeMap::new());
    for shelved in shelf::list(request.destination, request.identities)? {
        let (name, stamp) = (shelved.name.clone(), shelved.object.stamp.clone());
        // Increments say so in their names, after the name of their session. Renamed, one that is
        // sealed may be anything.
        let given = shelf::named(&name);
        let may_need = match given {
            Some(given) => given.session == session && shelf::is_increment(&name),
            None => shelf::is_increment(&name) || shelved.is_locked(),
        };
        let named = given.is_some_and(|given| given.session == session);
        let facts = match &shelved.manifest {
            // What belongs to others is none of ours, but what cannot be read may be.
            Ok(manifest) if manifest.session != session => continue,
            Ok(manifest) => Facts::Known(history.known(manifest, &name, &stamp)),
            // Rot changes no stamp: only what a key would open is what this home remembers.
            Err(error) => match shelved.is_locked().then(|| history.remembered(&name, &stamp, &ours)).flatten() {
                Some(known) => Facts::Known(known),
                None => Facts::Unknown { why: error.chain(), may_need: may_need.then(|| session.to_owned()) },
            },
        };
        if let Facts::Known(known) = &facts
            && let Some(sha256) = history.sha256(&known.id, &name, &stamp)
        {
            hashes.insert(name.clone(), sha256.to_owned());
        }
        stamps.insert(name.clone(), stamp);
        archives.push(Archived { name, named, size_bytes: shelved.object.size_bytes, facts });
    }
    // The journal knows the time of what is sealed better than its name does.
    archives.sort_by_key(|archive| (archive.known().map_or(Timestamp::MAX, |known| known.created), archive.name.clone()));
    Ok(Survey { plan: retention::plan(archives, request.rules, request.zone, clock::now()), stamps, hashes })
}

/// What the journal keeps of a removal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Removal {
    Archive { archive_id: String, location: String, name: String, stamp: Stamp, size_bytes: u64, reasons: Vec<String> },
    SetAside { name: String, size_bytes: u64 },
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pruned {
    /// Names, in the order of their removal.
    pub removed: Vec<String>,
    /// What they took.
    pub freed_bytes: u64,
    /// What the plan let go and the second look did not.
    pub spared: Vec<String>,
}

/// Removes what the plan lets go. The token says that the operator agreed. Before the first removal
/// every byte of what it rests on is read once more: bytes that rot change neither time nor size. Only
/// the archive with the id `just_read` is not, which the caller has read whole a moment ago.
///
/// # Errors
/// [`ErrorKind::Locked`] while a backup or a restore of the session runs; [`ErrorKind::Archive`]
/// when an archive is not the file any more that was verified. Nothing is removed then.
pub fn apply(request: &Request<'_>, planned: &Survey, just_read: Option<&str>, _confirmed: Confirmed) -> Result<Pruned> {
    let _apart = backup::lock(request.session, VERB)?;
    settle(request.session, request.journal, Some(request.destination))?;
    let now = survey(request)?;
    for anchor in planned.plan.anchors() {
        unchanged(request, planned, &anchor.archive.name, "was verified")?;
    }
    let planned_to_go = |decision: &&Decision| {
        planned.plan.decisions.iter().any(|other| !other.keep && other.archive.name == decision.archive.name)
    };
    let removals: Vec<&Decision> = now.plan.removals().into_iter().filter(planned_to_go).collect();
    for decision in &removals {
        unchanged(request, planned, &decision.archive.name, "was judged")?;
    }
    for anchor in planned.plan.anchors().filter(|anchor| needs_reading(&anchor.archive, &removals, just_read)) {
        sound(request, planned, &anchor.archive)?;
    }
    let mut pruned = Pruned::default();
    for decision in removals {
        remove(request, decision, &now).map_err(|error| match pruned.removed.len() {
            0 => error.hint("nothing was removed"),
            removed => error.hint(format!(
                "{} removed before; the next `wpp backup prune` goes on",
                count(removed, "archive was", "archives were")
            )),
        })?;
        pruned.removed.push(decision.archive.name.clone());
        pruned.freed_bytes += decision.archive.size_bytes;
    }
    let spared = planned.plan.removals().into_iter().map(|decision| decision.archive.name.clone());
    pruned.spared = spared.filter(|name| !pruned.removed.contains(name)).collect();
    Ok(pruned)
}

fn remove(request: &Request<'_>, decision: &Decision, now: &Survey) -> Result<()> {
    let name = &decision.archive.name;
    let (Some(known), Some(stamp)) = (decision.archive.known(), now.stamps.get(name)) else {
        return Err(Error::new(ErrorKind::Unexpected, format!("nothing is known about {name}, which was to be removed"))
            .hint("report this as a bug of wpp"));
    };
    let removal = Removal::Archive {
        archive_id: known.id.clone(),
        location: request.destination.to_string(),
        name: name.clone(),
        stamp: stamp.clone(),
        size_bytes: decision.archive.size_bytes,
        reasons: decision.reasons.clone(),
    };
    let entry = request.journal.begin(Some(request.session.name()), VERB, &removal)?;
    // On the disk, or gone from the store, before what it builds on goes.
    let removed = request.destination.remove(name);
    // A store that does not answer is asked again by whoever comes next.
    let Ok(left) = request.destination.look(name) else { return removed };
    let ended = request.journal.end(entry, if left.is_some() { Outcome::Undone } else { Outcome::Finished });
    removed.and(ended)
}

/// Fails unless a file still is the one that the plan was made for.
fn unchanged(request: &Request<'_>, planned: &Survey, name: &str, so: &str) -> Result<()> {
    let now = request.destination.look(name)?.map(|object| object.stamp);
    if let (Some(now), Some(then)) = (now, planned.stamps.get(name))
        && now.is(then)
    {
        return Ok(());
    }
    let place = request.destination.place(name);
    Err(Error::new(ErrorKind::Archive, format!("{place} is not the file any more that {so}"))
        .hint(format!("see what happened to it: `wpp backup verify {place}`"))
        .hint("`wpp backup prune --dry-run` plans anew"))
}

/// Whether something goes because this archive is sound, and nobody has just seen that it is.
fn needs_reading(anchor: &Archived, removals: &[&Decision], just_read: Option<&str>) -> bool {
    let Some(known) = anchor.known() else { return true };
    let is_of_its_home = |other: &Known| (&other.session, &other.home) == (&known.session, &known.home);
    just_read != Some(known.id.as_str()) && removals.iter().any(|decision| decision.archive.known().is_some_and(is_of_its_home))
}

/// Reads a whole archive: fails unless its bytes are those that were verified.
fn sound(request: &Request<'_>, planned: &Survey, anchor: &Archived) -> Result<()> {
    let place = request.destination.place(&anchor.name);
    let (bytes, object) = request.destination.open(&anchor.name)?;
    let read = match planned.hashes.get(&anchor.name) {
        Some(expected) => match disk::sha256(bytes).map_err(|error| disk::cannot("read", Path::new(&place), error))?.0 {
            seen if seen == *expected => Ok(()),
            _ => Err(Error::new(ErrorKind::Archive, format!("{place} does not hold the bytes any more that were verified"))),
        },
        // An entry of an earlier version: what it says about itself is all that there is.
        None => shelf::input(&place, bytes, object.size_bytes, request.identities)
            .and_then(|mut input| open::read(&mut input, None, &Silent).map(drop)),
    };
    read.map_err(|error| {
        error
            .hint(format!(
                "nothing was removed: the others may only go because this one is good. See `wpp backup verify {place}`"
            ))
            .hint("make a new archive with `wpp backup`")
    })
}

/// Closes what a removal that was killed left open; one look into the journal when there is nothing.
/// What it removed elsewhere than `destination` is left to whoever prunes there.
pub fn recover(session: &SessionPaths, journal: &Journal, destination: Option<&Destination>) -> Result<()> {
    if journal.open_entries(session.name())?.iter().all(|entry| entry.verb != VERB) {
        return Ok(());
    }
    let _apart = backup::lock(session, VERB)?;
    settle(session, journal, destination)
}

/// Closes the journal's entries of removals that were killed, and removes what they left behind. The
/// caller holds the lock that each of them held.
fn settle(session: &SessionPaths, journal: &Journal, destination: Option<&Destination>) -> Result<()> {
    let here = destination.map(Destination::to_string);
    for entry in journal.open_entries(session.name())?.into_iter().filter(|entry| entry.verb == VERB) {
        let gone = match entry.data()? {
            Removal::Archive { location, name, .. } => match destination.filter(|_| here.as_ref() == Some(&location)) {
                Some(destination) => destination.look(&name)?.is_none(),
                // Another place may be out of reach for good, and its list says what is there.
                None => continue,
            },
            Removal::SetAside { name, .. } => aside::settle(session, &name)?,
        };
        journal.end(entry.id, if gone { Outcome::Finished } else { Outcome::Undone })?;
    }
    Ok(())
}
