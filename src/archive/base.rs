//! What the next increment builds on: an archive whose whole chain is at the destination, and the
//! page map of its database.
//!
//! The map of the newest archive of each session and destination lies in the home. One that is
//! missing, damaged, somebody else's, or belongs to an archive that is gone, is made again from the
//! newest archive there that can be read; if there is none, or its chain is as long as it may get,
//! the next archive is a full one, and the reason is told. The same holds when the file of an archive
//! is not in the state in which it was read last: making the map again reads every byte of its chain. Bits
//! that rot under an unchanged time show in `wpp backup verify` alone. Start with [`find`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chain;
use super::destination::{Destination, Stamp};
use super::input::Neighbours;
use super::manifest::{Chain, Manifest, WPP_DB};
use super::open;
use super::pages::{Description, Hash, MapReader, MapWriter, Remembered};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, HomeKind};
use crate::report::Sink;

/// Ending of the name of a map that is being made.
const PARTIAL: &str = "partial";

/// Where to look, and what for.
pub struct Wanted<'a> {
    /// The session.
    pub session: &'a str,
    /// Live or sandbox.
    pub home_kind: HomeKind,
    /// The home's journal, by its id: two homes that share a destination keep chains of their own.
    pub journal: &'a str,
    /// Where its archives are, as operators name it.
    pub destination: &'a str,
    /// What lies there.
    pub neighbours: &'a dyn Neighbours,
    /// In which state a file there is; `None` if it is gone.
    pub stamp: &'a dyn Fn(&str) -> Result<Option<Stamp>>,
    /// The map's place.
    pub map: &'a Path,
    /// Increments that may follow a full archive.
    pub chain_max: u64,
    /// Takes events.
    pub sink: &'a dyn Sink,
}

/// An archive that an increment can build on.
#[derive(Debug)]
pub struct Base {
    /// The page map of its database; every hash in it was proven.
    pub map: MapReader,
    /// Why the map had to be made again, if it had to.
    pub made_again: Option<String>,
}

impl Base {
    /// What the next increment's manifest says of it, but for the pages that it will hold.
    pub fn chain(&self) -> Option<Chain> {
        let links = &self.map.description().chain;
        let (first, last) = (links.first()?, links.last()?);
        Some(Chain {
            base_id: first.id.clone(),
            parent_id: last.id.clone(),
            parent_name: last.name.clone(),
            depth: links.len() as u64,
            parent_pages: self.map.pages(),
            parent_pages_blake3: hex::encode(self.map.stated_root()),
            changed_pages: 0,
        })
    }
}

/// Finds what the next increment builds on, or why there is nothing. Whatever is in the way is a reason
/// to make a full backup, and none to make no backup.
pub fn find(wanted: &Wanted<'_>) -> Result<Base, String> {
    if wanted.chain_max == 0 {
        return Err("backup.chain_max allows no increments".into());
    }
    let listed = wanted.neighbours.list().map_err(|error| error.chain())?;
    match kept(wanted, &listed) {
        Ok(map) => match full_up(wanted, map.description().chain.len() as u64) {
            Some(why) => Err(why),
            None => Ok(Base { map, made_again: None }),
        },
        Err(why) => make_again(wanted, &listed, why),
    }
}

/// Why a chain of so many archives gets no further increment, if it does not.
fn full_up(wanted: &Wanted<'_>, archives: u64) -> Option<String> {
    (archives > wanted.chain_max).then(|| {
        format!("the chain is {} increments long, and backup.chain_max allows {}", archives.saturating_sub(1), wanted.chain_max)
    })
}

fn ours(wanted: &Wanted<'_>, manifest: &Manifest) -> bool {
    (manifest.session.as_str(), manifest.home_kind, manifest.custody.journal.as_str())
        == (wanted.session, wanted.home_kind, wanted.journal)
}

/// Whether an increment may build on an archive: after damage a chain begins anew, so that what is bad
/// is in as few archives as can be.
fn sound(name: &str, manifest: &Manifest) -> Result<(), String> {
    match manifest.is_whole() {
        true => Ok(()),
        false => Err(format!("{name}, which it would build on, is not whole: it lacks something, or what it holds is damaged")),
    }
}

/// The root over the pages of its database, as an archive states it.
fn pages_root(manifest: &Manifest) -> Option<Hash> {
    let stated = manifest.member(WPP_DB)?.database.as_ref()?.pages_blake3.as_deref()?;
    hex::decode(stated).ok()?.try_into().ok()
}

/// The map in the home, if it is good and the chain that it belongs to is there; otherwise why not.
fn kept(wanted: &Wanted<'_>, listed: &[(String, u64)]) -> Result<MapReader, String> {
    let open = || MapReader::open(wanted.map).map_err(|error| error.chain());
    let Some(map) = open()? else { return Err("there is no page map of the last archive".into()) };
    let Description { session, destination, chain } = map.description();
    if (session.as_str(), destination.as_str()) != (wanted.session, wanted.destination) {
        return Err(format!("the page map is of session {session} at {destination}"));
    }
    let (mut parent_id, mut stated) = (None, None);
    for link in chain {
        let size = listed.iter().find(|(name, _)| *name == link.name).map(|(_, size)| *size);
        if size != Some(link.size_bytes) {
            let gone = if size.is_some() { "changed" } else { "gone" };
            return Err(format!("{}, which it would build on, is {gone}", link.name));
        }
        let now = (wanted.stamp)(&link.name).map_err(|error| error.chain())?;
        if !matches!((&link.stamp, now), (Some(read), Some(now)) if now.is(read)) {
            return Err(format!("the file of {}, which it would build on, was touched since it was read", link.name));
        }
        let parent = parent_id.replace(link.id.as_str());
        let read =
            wanted.neighbours.open(&link.name).and_then(|input| input.map(|mut input| open::manifest(&mut input)).transpose());
        let manifest = match read {
            Ok(Some(manifest)) if manifest.id == link.id && ours(wanted, &manifest) => manifest,
            Ok(_) => return Err(format!("{}, which it would build on, is another archive now", link.name)),
            // Encrypted to a key that is not here: its name and its size are all that can be known. A
            // map is only kept of an archive that is whole.
            Err(error) if error.kind() == ErrorKind::Denied => {
                stated = Some(map.stated_root());
                continue;
            }
            Err(error) => return Err(format!("{}, which it would build on, cannot be read: {}", link.name, error.chain())),
        };
        if manifest.chain.as_ref().map(|chain| chain.parent_id.as_str()) != parent {
            return Err(format!("{}, which it would build on, is not in the chain that the page map states", link.name));
        }
        sound(&link.name, &manifest)?;
        stated = pages_root(&manifest);
    }
    if stated != Some(map.stated_root()) {
        return Err("the page map is of another database than its archive".into());
    }
    // Read to its end once, so that what it says is proven before anything is built on it.
    map.finish().map_err(|error| error.chain())?;
    open()?.ok_or_else(|| "the page map is gone".into())
}

/// Makes the map again, from the newest archive that can be read with its whole chain. One that is not
/// whole ends the search: building on an older one would leave unsaid what is known to be wrong.
fn make_again(wanted: &Wanted<'_>, listed: &[(String, u64)], why: String) -> Result<Base, String> {
    let mut candidates = Vec::new();
    for (name, _) in listed {
        let Ok(Some(mut input)) = wanted.neighbours.open(name) else { continue };
        let Ok(manifest) = open::manifest(&mut input) else { continue };
        if ours(wanted, &manifest) {
            candidates.push((manifest.created_ms, name, manifest));
        }
    }
    candidates.sort_by(|one, two| (two.0, two.1).cmp(&(one.0, one.1)));
    let mut failed = None;
    for (_, name, manifest) in candidates {
        sound(name, &manifest)?;
        let Ok(links) = chain::ancestors(&manifest, name, wanted.neighbours) else { continue };
        for link in &links {
            sound(&link.name, &link.manifest)?;
        }
        if let Some(why) = full_up(wanted, links.len() as u64 + 1) {
            return Err(why);
        }
        match map_of(wanted, listed, name) {
            Ok(map) => return Ok(Base { map, made_again: Some(why) }),
            Err(error) => failed = Some(error),
        }
    }
    let none = match failed {
        Some(error) => format!("it could not be made again: {}", error.chain()),
        None => format!("{} holds no archive to make it again from", wanted.neighbours.place()),
    };
    Err(format!("{why}, and {none}"))
}

fn map_of(wanted: &Wanted<'_>, listed: &[(String, u64)], name: &str) -> Result<MapReader> {
    let partial = begin(wanted.map)?;
    let made = || -> Result<MapReader> {
        // Before they are read: what is changed meanwhile has another one.
        let mut stamps = BTreeMap::new();
        for (listed, _) in listed {
            stamps.insert(listed.as_str(), (wanted.stamp)(listed)?);
        }
        let mut input = wanted.neighbours.open(name)?.ok_or_else(|| gone(name))?;
        let (links, opened, map) = chain::map(&mut input, &partial, wanted.sink)?;
        let mut chain = Vec::new();
        let all = links.iter().map(|link| (link.name.as_str(), link.manifest.id.as_str()));
        for (name, id) in all.chain([(name, opened.manifest.id.as_str())]) {
            let size_bytes = listed.iter().find(|(listed, _)| listed == name).map(|(_, size)| *size).ok_or_else(|| gone(name))?;
            let stamp = stamps.remove(name).flatten();
            chain.push(Remembered { id: id.to_owned(), name: name.to_owned(), size_bytes, stamp });
        }
        finish(map, wanted.session, wanted.destination, chain, wanted.map)?;
        MapReader::open(wanted.map)?.ok_or_else(|| gone(name))
    };
    made().inspect_err(|_| {
        // The next map that is begun removes it if this does not.
        let _ = std::fs::remove_file(&partial);
    })
}

fn gone(name: &str) -> Error {
    open::refused(name, "it is gone")
}

/// Where a map is written until it is finished; what a killed backup left there is removed. The
/// caller holds the lock that keeps backups of the session apart.
pub fn begin(map: &Path) -> Result<PathBuf> {
    if let Some(folder) = map.parent() {
        disk::create_folder(folder)?;
    }
    let partial = map.with_extension(PARTIAL);
    disk::remove_file(&partial)?;
    Ok(partial)
}

/// Finishes a map and puts it in the place of the one before it.
pub fn finish(map: MapWriter, session: &str, destination: &str, chain: Vec<Remembered>, place: &Path) -> Result<()> {
    let partial = map.path().to_owned();
    map.finish(&Description { session: session.to_owned(), destination: destination.to_owned(), chain })?;
    disk::rename(&partial, place)
}

/// What a destination is called between two runs: a folder in the home keeps its name when the home
/// is moved.
pub fn destination(home: &Path, destination: &Destination) -> String {
    let Some(folder) = destination.folder() else { return destination.to_string() };
    let plain = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    let (home, folder) = (plain(home), plain(folder));
    match folder.strip_prefix(&home) {
        Ok(inside) => format!("home:{}", inside.display()),
        Err(_) => folder.display().to_string(),
    }
}

/// An archive of the session turned out to be bad: the next increment finds out anew what it can
/// build on there.
pub fn forget(home: &Home, session: &str, there: &Destination) -> Result<()> {
    let map = home.page_map(session, &destination(home.root(), there));
    if map.exists() { disk::remove_file(&map) } else { Ok(()) }
}
