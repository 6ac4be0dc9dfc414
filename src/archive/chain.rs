//! Chains: a full archive and the increments that build on it, one after the other.
//!
//! An increment names its parent by id and by file name; both lie at the same place. [`ancestors`]
//! finds them, the file of that name first and any file with that id otherwise, and holds every link
//! against what the increment says: session, home, position, pages, page hashes. Nothing is read but
//! manifests, and nothing is written, before the whole chain is there. [`unpack`] and [`check`] then
//! read every byte of every link; what comes out is the database that the increment was made of,
//! proven by one hash over the hashes of all its pages.
//!
//! Start with [`unpack`], [`check`] and, for a list of archives, [`broken`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delta::{self, Decoder, Expected, Patch};
use super::input::{Input, Neighbours};
use super::manifest::{CHAIN_DEPTH_MAX, Chain, DELTA, Database, Manifest, WPP_DB};
use super::open::{self, InFolder, Opened, Unpack, refused};
use super::pages::{self, Cutter, Hash, MapWriter};
use super::scratch::Scratch;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::Sink;

/// Left free on the disk beside what is unpacked.
const SPACE_MARGIN_BYTES: u64 = 16 << 20;

/// An archive that an increment builds on.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its name among its neighbours.
    pub name: String,
    /// What it says about itself; unproven until its bytes are read.
    pub manifest: Manifest,
}

/// Why an increment does not fit an archive that should be its parent; `None` if it does.
fn misfit(child: &Manifest, chain: &Chain, parent: &Manifest) -> Option<String> {
    if (&parent.session, parent.home_kind) != (&child.session, child.home_kind) {
        return Some(format!("it is of session {} in a {} home", parent.session, parent.home_kind.name()));
    }
    let (base_id, depth) = match &parent.chain {
        None => (&parent.id, 0),
        Some(chain) => (&chain.base_id, chain.depth),
    };
    if *base_id != chain.base_id || depth.checked_add(1) != Some(chain.depth) {
        let before = chain.depth.saturating_sub(1);
        return Some(format!("it is number {depth} of the chain of {base_id} and not {before} of {}", chain.base_id));
    }
    let (Some(before), Some(now)) = (database(parent), database(child)) else {
        return Some(format!("it holds no {WPP_DB}"));
    };
    if (before.page_size_bytes, before.pages) != (now.page_size_bytes, chain.parent_pages) {
        return Some("its pages are others in size or number".into());
    }
    let size_bytes = parent.members.iter().find(|member| member.name == WPP_DB).map(|member| member.size_bytes);
    if size_bytes.is_some_and(|size| before.pages.checked_mul(before.page_size_bytes) != Some(size)) {
        return Some(format!("its {WPP_DB} has another size than its pages"));
    }
    let stated = before.pages_blake3.as_ref();
    if stated.is_some_and(|stated| !stated.eq_ignore_ascii_case(&chain.parent_pages_blake3)) {
        return Some("its page hashes are others".into());
    }
    None
}

fn database(manifest: &Manifest) -> Option<&Database> {
    manifest.member(WPP_DB)?.database.as_ref()
}

/// All that an increment builds on, the full archive first; nothing if it is none. `archive` is what
/// errors call it.
///
/// # Errors
/// [`ErrorKind::Archive`] when a link is missing, damaged or another one; the error names it and the
/// archive that needs it.
pub fn ancestors(manifest: &Manifest, archive: &str, neighbours: &dyn Neighbours) -> Result<Vec<Link>> {
    let mut links: Vec<Link> = Vec::new();
    // Names by id of all archives there; read only when a name does not lead to its archive.
    let mut all: Option<BTreeMap<String, String>> = None;
    loop {
        let child = links.last().map_or(manifest, |link| &link.manifest);
        let child_name = links.last().map_or(archive, |link| &link.name);
        let Some(chain) = &child.chain else { break };
        let needs = |why: &dyn fmt::Display| {
            let path = if links.is_empty() { String::new() } else { format!(", which {archive} builds on,") };
            let Chain { parent_name, parent_id, .. } = chain;
            broken_chain(format!("{child_name}{path} is an increment and needs {parent_name} (archive {parent_id}): {why}"))
        };
        if chain.depth > CHAIN_DEPTH_MAX {
            return Err(needs(&format!("it would be number {} of its chain", chain.depth)));
        }
        let read =
            |name: &str| neighbours.open(name).and_then(|input| input.map(|mut input| open::manifest(&mut input)).transpose());
        let named = match read(&chain.parent_name) {
            Ok(None) => Err(format!("there is no such file in {}", neighbours.place())),
            Ok(Some(found)) if found.id == chain.parent_id => Ok(Link { name: chain.parent_name.clone(), manifest: found }),
            Ok(Some(found)) => Err(format!("the file of that name holds archive {}", found.id)),
            Err(error) if error.kind() == ErrorKind::Archive => Err(error.chain()),
            Err(error) => return Err(error),
        };
        let link = match named {
            Ok(link) => link,
            Err(why) => {
                let all = match &mut all {
                    Some(all) => all,
                    none => none.insert(by_id(neighbours)?),
                };
                let Some(name) = all.get(&chain.parent_id) else { return Err(needs(&why)) };
                Link { name: name.clone(), manifest: read(name)?.ok_or_else(|| needs(&why))? }
            }
        };
        // A file may have changed since its manifest was read for the list.
        if link.manifest.id != chain.parent_id {
            return Err(needs(&format!("{} holds archive {}", link.name, link.manifest.id)));
        }
        if let Some(why) = misfit(child, chain, &link.manifest) {
            return Err(needs(&why));
        }
        links.push(link);
    }
    links.reverse();
    Ok(links)
}

/// Names by id of what can be read.
fn by_id(neighbours: &dyn Neighbours) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for (name, _) in neighbours.list()? {
        // What cannot be read is not what is looked for.
        let Ok(Some(mut input)) = neighbours.open(&name) else { continue };
        if let Ok(manifest) = open::manifest(&mut input) {
            all.entry(manifest.id).or_insert(name);
        }
    }
    Ok(all)
}

fn broken_chain(message: String) -> Error {
    Error::new(ErrorKind::Archive, message).hint(
        "nothing was changed; put that archive back there, whole, or choose another one: `wpp backup list` marks broken chains",
    )
}

/// The increments among these archives whose chains are broken, by id, with the reason. What builds
/// on one of the `locked`, which are there and cannot be read for lack of a key, is not called
/// broken. Pure: it goes by names and by what manifests say.
pub fn broken(all: &[(&str, &Manifest)], locked: &[&str]) -> BTreeMap<String, String> {
    let by_id: BTreeMap<&str, (&str, &Manifest)> =
        all.iter().map(|(name, manifest)| (manifest.id.as_str(), (*name, *manifest))).collect();
    let mut broken = BTreeMap::new();
    for (_, manifest) in all {
        let mut child = *manifest;
        let mut steps = 0;
        while let Some(chain) = &child.chain {
            let why = match by_id.get(chain.parent_id.as_str()) {
                None if locked.contains(&chain.parent_name.as_str()) => break,
                None => Some(format!(
                    "needs {} (archive {}), which is not here or cannot be read",
                    chain.parent_name, chain.parent_id
                )),
                Some((name, parent)) => misfit(child, chain, parent).map(|why| format!("needs {name}: {why}")),
            };
            steps += 1;
            let why = why.or_else(|| (steps > CHAIN_DEPTH_MAX).then(|| "its chain has no end".to_owned()));
            if let Some(why) = why {
                broken.insert(manifest.id.clone(), why);
                break;
            }
            // Every id that was looked up is there, or there would be a reason by now.
            let Some((_, parent)) = by_id.get(chain.parent_id.as_str()) else { break };
            child = parent;
        }
    }
    broken
}

/// What is built from a chain, link by link.
trait Build {
    /// The full archive's database begins.
    fn full(&mut self, size_bytes: u64) -> Result<()>;
    /// A delta begins.
    fn delta(&mut self, archive: &str, size_bytes: u64, expected: Expected) -> Result<()>;
    /// Takes the next bytes of either.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// All of either was taken.
    fn end(&mut self) -> Result<()>;
}

/// One link on its way into what is built; its other contents are only checked, or unpacked.
struct Reading<'a> {
    archive: String,
    manifest: &'a Manifest,
    build: &'a mut dyn Build,
    others: Option<InFolder>,
    building: bool,
}

impl Unpack for Reading<'_> {
    fn begin(&mut self, name: &str, size_bytes: u64) -> Result<()> {
        self.building = matches!(name, WPP_DB | DELTA);
        match (name, &self.manifest.chain) {
            (WPP_DB, _) => self.build.full(size_bytes),
            (DELTA, Some(chain)) => {
                let expected =
                    expected(self.manifest, chain).ok_or_else(|| refused(&self.archive, "its page hashes are none"))?;
                self.build.delta(&self.archive, size_bytes, expected)
            }
            _ => self.others.as_mut().map_or(Ok(()), |others| others.begin(name, size_bytes)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.building {
            return self.build.write(bytes);
        }
        self.others.as_mut().map_or(Ok(()), |others| others.write(bytes))
    }

    fn end(&mut self) -> Result<()> {
        if self.building {
            return self.build.end();
        }
        self.others.as_mut().map_or(Ok(()), InFolder::end)
    }
}

fn root(hex_text: &str) -> Option<Hash> {
    hex::decode(hex_text).ok()?.try_into().ok()
}

fn expected(manifest: &Manifest, chain: &Chain) -> Option<Expected> {
    let database = database(manifest)?;
    Some(Expected {
        page_size_bytes: database.page_size_bytes,
        pages_before: chain.parent_pages,
        root_before: root(&chain.parent_pages_blake3)?,
        pages: database.pages,
        root: root(database.pages_blake3.as_ref()?)?,
    })
}

/// Reads a chain: every byte of every link, the full archive first. The last link's other contents
/// go into a folder, if there is one.
fn walk(
    input: &mut Input,
    links: &[Link],
    neighbours: &dyn Neighbours,
    build: &mut dyn Build,
    manifest: &Manifest,
    into: Option<&Path>,
    sink: &dyn Sink,
) -> Result<Opened> {
    for link in links {
        let bad = |error: Error| match error.kind() {
            ErrorKind::Archive => {
                broken_chain(format!("{} is an increment and builds on {}", input.name(), link.name)).caused_by(error)
            }
            _ => error,
        };
        let mut parent = neighbours
            .open(&link.name)?
            .ok_or_else(|| bad(refused(&link.name, format!("it is not in {} any more", neighbours.place()))))?;
        let archive = parent.name().to_owned();
        let mut reading = Reading { archive, manifest: &link.manifest, build, others: None, building: false };
        let opened = open::read_to(&mut parent, &mut reading, sink).map_err(bad)?;
        if opened.manifest != link.manifest {
            return Err(bad(refused(&link.name, "its manifest changed while it was read")));
        }
    }
    let archive = input.name().to_owned();
    let mut reading = Reading { archive, manifest, build, others: into.map(InFolder::new), building: false };
    let opened = open::read_to(input, &mut reading, sink)?;
    if opened.manifest != *manifest {
        return Err(refused(input.name(), "its manifest changed while it was read"));
    }
    Ok(opened)
}

/// The database as a file.
struct InFile {
    path: PathBuf,
    full: Option<InFolder>,
    patch: Option<Patch>,
}

impl Build for InFile {
    fn full(&mut self, size_bytes: u64) -> Result<()> {
        let mut full = InFolder::new(self.path.parent().unwrap_or(Path::new(".")));
        full.begin(WPP_DB, size_bytes)?;
        self.full = Some(full);
        Ok(())
    }

    fn delta(&mut self, archive: &str, size_bytes: u64, expected: Expected) -> Result<()> {
        self.patch = Some(Patch::over(&self.path, archive, size_bytes, expected)?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match (&mut self.patch, &mut self.full) {
            (Some(patch), _) => patch.take(bytes),
            (None, Some(full)) => full.write(bytes),
            (None, None) => Ok(()),
        }
    }

    fn end(&mut self) -> Result<()> {
        self.full.take().map_or(Ok(()), |mut full| full.end())?;
        self.patch.take().map_or(Ok(()), Patch::finish)
    }
}

/// Its page map, a fortieth of its size.
struct InMap {
    map: MapWriter,
    cutter: Option<Cutter>,
    delta: Option<(Decoder, Expected)>,
    archive: String,
}

impl Build for InMap {
    fn full(&mut self, _size_bytes: u64) -> Result<()> {
        self.cutter = Some(Cutter::new(self.map.page_size_bytes()));
        Ok(())
    }

    fn delta(&mut self, archive: &str, size_bytes: u64, expected: Expected) -> Result<()> {
        if self.map.pages() != expected.pages_before {
            return Err(refused(archive, "the archive before it holds a database of another size"));
        }
        self.archive = archive.to_owned();
        self.delta = Some((Decoder::new(archive, size_bytes), expected));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let InMap { map, cutter, delta, archive } = self;
        if let Some((decoder, expected)) = delta {
            return decoder.take(bytes, &mut |head, page| {
                expected.check(head).map_err(|reason| refused(archive, reason))?;
                map.put(page.number, page.hash, page.mask, page.bytes)
            });
        }
        cutter.as_mut().map_or(Ok(()), |cutter| cutter.take(bytes, &mut |page| map.push_page(page)))
    }

    fn end(&mut self) -> Result<()> {
        if let Some((decoder, expected)) = self.delta.take() {
            let head = decoder.finish()?;
            expected.check(&head).map_err(|reason| refused(&self.archive, reason))?;
            self.map.cut(head.pages);
        }
        if self.cutter.take().is_some_and(|cutter| !cutter.is_even()) {
            return Err(refused(&self.archive, format!("{WPP_DB} ends within a page")));
        }
        Ok(())
    }
}

fn neighbours(input: &Input) -> Result<Arc<dyn Neighbours>> {
    input.neighbours().ok_or_else(|| {
        refused(input.name(), "it is an increment, and nothing is known about the place where the archive before it lies")
    })
}

/// Unpacks an archive into an empty folder, reading and checking every byte; an increment together
/// with all that it builds on, so that the folder holds what a full archive of that moment would.
/// On an error the folder holds parts that the caller removes.
pub fn unpack(input: &mut Input, into: &Path, sink: &dyn Sink) -> Result<Opened> {
    let manifest = open::manifest(input)?;
    if manifest.chain.is_none() {
        return open::read(input, Some(into), sink);
    }
    let neighbours = neighbours(input)?;
    let links = ancestors(&manifest, input.name(), &*neighbours)?;
    let largest = links.iter().map(|link| &link.manifest).chain([&manifest]).filter_map(database);
    let largest = largest.map(|database| database.pages.saturating_mul(database.page_size_bytes)).max().unwrap_or(0);
    disk::require_space(into, largest.saturating_add(manifest.content_bytes()).saturating_add(SPACE_MARGIN_BYTES))?;
    let path = into.join(WPP_DB);
    let mut build = InFile { path: path.clone(), full: None, patch: None };
    let opened = walk(input, &links, &*neighbours, &mut build, &manifest, Some(into), sink)?;
    disk::sync_folder(into)?;
    let database = database(&manifest).ok_or_else(|| refused(input.name(), format!("it holds no {WPP_DB}")))?;
    prove(input.name(), database, delta::root_of(&path, database.page_size_bytes)?)?;
    Ok(opened)
}

/// Checks every byte of an archive and of all that it builds on against their manifests, and that the
/// page hashes along the chain lead to those that the last one states. Only [`unpack`] builds the
/// database itself. Needs a fortieth of its size in `scratch`.
pub fn check(input: &mut Input, scratch: &Path, sink: &dyn Sink) -> Result<Opened> {
    let manifest = open::manifest(input)?;
    if manifest.chain.is_none() {
        return open::read(input, None, sink);
    }
    let neighbours = neighbours(input)?;
    let links = ancestors(&manifest, input.name(), &*neighbours)?;
    let folder = Scratch::make(scratch)?;
    map_chain(input, &manifest, &links, &*neighbours, &folder.path().join("pages"), sink).map(|(opened, _)| opened)
}

/// Makes the page map of what an archive stands for, reading and checking every byte. The map is a
/// new file that the caller finishes.
pub fn map(input: &mut Input, path: &Path, sink: &dyn Sink) -> Result<(Vec<Link>, Opened, MapWriter)> {
    let manifest = open::manifest(input)?;
    let neighbours = neighbours(input)?;
    let links = ancestors(&manifest, input.name(), &*neighbours)?;
    let (opened, map) = map_chain(input, &manifest, &links, &*neighbours, path, sink)?;
    Ok((links, opened, map))
}

fn map_chain(
    input: &mut Input,
    manifest: &Manifest,
    links: &[Link],
    neighbours: &dyn Neighbours,
    path: &Path,
    sink: &dyn Sink,
) -> Result<(Opened, MapWriter)> {
    let database = database(manifest).ok_or_else(|| refused(input.name(), format!("it holds no {WPP_DB}")))?;
    if !pages::is_page_size(database.page_size_bytes) {
        return Err(refused(input.name(), format!("it states pages of {} bytes", database.page_size_bytes)));
    }
    let map = MapWriter::create(path, database.page_size_bytes, None)?;
    let mut build = InMap { map, cutter: None, delta: None, archive: input.name().to_owned() };
    let opened = walk(input, links, neighbours, &mut build, manifest, None, sink)?;
    let mut map = build.map;
    let root = map.reread()?;
    prove(input.name(), database, (map.pages(), root))?;
    Ok((opened, map))
}

fn prove(archive: &str, stated: &Database, (pages, found): (u64, Hash)) -> Result<()> {
    let same = stated.pages_blake3.as_ref().is_none_or(|stated| root(stated) == Some(found));
    if pages == stated.pages && same {
        return Ok(());
    }
    Err(refused(archive, format!("its chain leads to another {WPP_DB} than the one it was made of")))
}
