//! A set: the parts of one gateway's state in one file, `<channel>-<UTC time>.wppset.tar.gz`.
//!
//! ```text
//! manifest.json        what is inside, with the size and SHA-256 of each member; what is missing, and why
//! <part>/<file> …      the members, in the manifest's order
//! ```
//!
//! It is an ordinary gzipped tar file with ordinary members, which `tar` lists and unpacks. It is written
//! like an archive: beside its name, forced to the disk, read back and verified, and only then named. A
//! reader unpacks nothing that the manifest does not announce. Start with [`make`], [`verify`] and
//! [`lay_out`].

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::kind::Dump;
use super::layout::{self, PartKind, Plan, Role};
use super::take::{self, Lacking, Member, Taken, Taking, check_rdb};
use super::tools::Tools;
use crate::archive::destination::{Destination, Draft};
use crate::archive::input::Input;
use crate::archive::manifest::Format;
use crate::archive::output::Output;
use crate::archive::scratch::Scratch;
use crate::archive::seal::{Identities, Recipients};
use crate::archive::shelf;
use crate::archive::snapshot::quick_check;
use crate::archive::verify::Level;
use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::report::{Steps, count, size};
use crate::session::reading::{self, Way};

const MANIFEST: &str = "manifest.json";
/// The member of a part that is a database of PostgreSQL.
const DUMP: &str = "database.dump";
const SCHEMA: &str = "wpp.dump-set/1";
/// Since 1.1 a set that is complete says what it was judged by.
const FORMAT: Format = Format { major: 1, minor: 1 };
/// A manifest names every file of a folder of keys.
const MANIFEST_SIZE_MAX: u64 = 256 << 20;

/// `manifest.json` of a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Names this document.
    pub schema: String,
    /// The set's format.
    pub format: Format,
    /// Unique to this set.
    pub id: String,
    /// The gateway's name in config.toml.
    pub channel: String,
    /// The gateway whose layout it was judged by, if that is known.
    pub layout: Option<String>,
    /// What its operator says that a complete set of it has.
    #[serde(default)]
    pub needs: Vec<Role>,
    /// When it was taken, milliseconds since the epoch.
    pub created_ms: i64,
    /// The same for people, RFC 3339 in UTC.
    pub created: String,
    /// The `wpp` that wrote it.
    pub tool_version: String,
    /// Whether nothing is missing that belongs to the gateway's state.
    pub complete: bool,
    /// What is inside, in the order of the file.
    pub parts: Vec<Taken>,
    /// What should be inside and is not.
    pub missing: Vec<Lacking>,
}

impl Manifest {
    fn members(&self) -> impl Iterator<Item = &Member> {
        self.parts.iter().flat_map(|part| &part.members)
    }

    /// Sum of the sizes of all members.
    pub fn content_bytes(&self) -> u64 {
        self.members().fold(0, |sum, member| sum.saturating_add(member.size_bytes))
    }

    /// Why what it says of itself cannot be, if it cannot: a set that calls itself complete is believed when it
    /// names nothing that is missing, and holds what its gateway cannot do without.
    fn contradiction(&self) -> Option<String> {
        if self.parts.is_empty() {
            return Some("it holds no part".into());
        }
        let (mut names, mut members) = (BTreeSet::new(), BTreeSet::new());
        for part in &self.parts {
            let inside = |member: &Member| member.name.strip_prefix(&part.name).is_some_and(|rest| rest.starts_with('/'));
            if part.members.is_empty() {
                return Some(format!("its part {:?} holds nothing", part.name));
            }
            if !names.insert(&part.name) || part.name.contains(['/', '\\']) || part.name.chars().any(char::is_control) {
                return Some(format!("its part {:?} is there twice, or has no name that a part may have", part.name));
            }
            if let Some(member) = part.members.iter().find(|member| !inside(member) || !members.insert(&member.name)) {
                return Some(format!("{:?} is there twice, or is none of {}'s", member.name, part.name));
            }
            if part.kind == PartKind::Postgres && database_dump(part).is_none() {
                return Some(format!("its part {} holds no {DUMP}", part.name));
            }
        }
        if !self.complete {
            return None;
        }
        if !self.missing.is_empty() {
            return Some(format!("it calls itself complete, and lacks something: {}", self.lacks()));
        }
        let by_name = (self.format.minor == 0).then_some(self.channel.as_str());
        let known = self.layout.as_deref().or(by_name).and_then(layout::known);
        if known.is_none() && self.needs.is_empty() && self.format.minor > 0 {
            return Some("it calls itself complete, and nothing says what it was judged by".into());
        }
        if let Some(role) = self.needs.iter().find(|role| !self.parts.iter().any(|part| part.role == **role)) {
            return Some(format!("it calls itself complete, and holds no {}, which it needs", role.name()));
        }
        let mut needs = known.map_or(&[][..], |layout| layout.needs).iter();
        let unmet =
            needs.find(|need| !self.parts.iter().any(|part| part.role == need.role && need.kinds.contains(&part.kind)))?;
        Some(format!("it calls itself complete, and holds no {} ({})", unmet.role.name(), unmet.why))
    }

    /// What is missing, in one sentence.
    pub fn lacks(&self) -> String {
        self.missing
            .iter()
            .map(|part| format!("{} ({}): {}", part.name, part.role.name(), part.reason))
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// The same without the lists of files: what reports show.
    pub fn summary(&self) -> Manifest {
        let mut summary = self.clone();
        for part in summary.parts.iter_mut().filter(|part| part.members.len() > 20) {
            part.members.clear();
        }
        summary
    }
}

/// How a set is made.
pub struct Request<'a> {
    /// What to take.
    pub plan: &'a Plan,
    /// How parts are taken.
    pub taking: &'a Taking<'a>,
    /// Where the set goes.
    pub destination: &'a Destination,
    /// Whoever may read it; everybody without.
    pub recipients: Option<&'a Recipients>,
    /// What it is read back with.
    pub identities: &'a Identities,
    /// A folder of this machine for the parts until they are packed.
    pub scratch: &'a Path,
    /// Whether a set that lacks something is kept, marked as what it is.
    pub allow_incomplete: bool,
}

/// A set that was made.
#[derive(Debug)]
pub struct Made {
    /// Its path or address.
    pub place: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// How far it was verified; `None` where no key is here to read it back with.
    pub level: Option<Level>,
    /// What is inside.
    pub manifest: Manifest,
    /// What killed backups had left, and is gone now.
    pub removed: Vec<String>,
}

/// Takes a gateway's state and writes it as one set.
///
/// # Errors
/// [`ErrorKind::Failed`] when a part is missing, unreadable or empty, with each one's reason; nothing is
/// left then, unless an incomplete set was asked for.
pub fn make(request: &Request<'_>, steps: &mut Steps<'_>) -> Result<Made> {
    let Request { plan, taking, destination, .. } = request;
    if let Some(why) = plan.unknown().filter(|_| !request.allow_incomplete) {
        let text = format!("the set of {} would be incomplete, and nothing was taken: {why}", plan.name);
        return Err(Error::new(ErrorKind::Failed, text)
            .hint(format!(
                "say in [dump.{}] of config.toml which gateway it is (channel = \"openwa\"), or which roles a complete set of it has \
                 (needs = [\"auth\", \"app\"])",
                plan.name
            ))
            .hint("--allow-incomplete keeps what there is, marked as incomplete: better than nothing, and no backup"));
    }
    let removed = destination.clear(&shelf::owner_of_sets(&plan.name))?.removed;
    let time = clock::now();
    let folder = Scratch::make(request.scratch)?;
    let (parts, missing) = take::take(plan, folder.path(), taking, steps)?;
    let manifest = Manifest {
        schema: SCHEMA.into(),
        format: FORMAT,
        id: uuid::Uuid::new_v4().to_string(),
        channel: plan.name.clone(),
        layout: plan.layout.map(|layout| layout.name.to_owned()),
        needs: plan.needs.clone(),
        created_ms: time.as_millisecond(),
        created: clock::rfc3339(time),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        complete: missing.is_empty(),
        parts,
        missing,
    };
    if !manifest.complete && (!request.allow_incomplete || manifest.parts.is_empty()) {
        let error = Error::new(
            ErrorKind::Failed,
            format!("the set of {} is incomplete, and was not kept: {}", plan.name, manifest.lacks()),
        );
        return Err(error
            .hint(format!("correct [dump.{}] in config.toml, or what is wrong with the gateway's state", plan.name))
            .hint("--allow-incomplete keeps what there is, marked as incomplete: better than nothing, and no backup"));
    }
    let (place, draft) = reserve(destination, &plan.name, time, request.recipients.is_some(), manifest.content_bytes())?;
    let watch = steps.begin("write the set");
    let output = match request.recipients {
        None => draft.output(),
        Some(recipients) => recipients.output(draft.output())?.0,
    };
    pack(&manifest, folder.path(), output)?;
    steps.end(watch, "write the set", "all parts, forced to the disk", size(manifest.content_bytes()), true);
    let watch = steps.begin("read the set back");
    let (bytes, object) = draft.open()?;
    let level = match shelf::input(&place, bytes, object.size_bytes, request.identities) {
        Ok(input) => {
            let read = read(input, &mut |_, _| Ok(()))?;
            if read != manifest {
                return Err(Error::new(
                    ErrorKind::Archive,
                    format!("{place} reads back as another set than was written; it was not kept"),
                )
                .hint("check the disk or the store, and run the backup again"));
            }
            Some(Level::Hash)
        }
        // A host that only has recipients writes what it cannot read.
        Err(error) if error.kind() == ErrorKind::Denied && request.recipients.is_some() => None,
        Err(error) => return Err(error),
    };
    steps.end(watch, "read the set back", "what was written", verified(level), true);
    draft.publish()?;
    Ok(Made { place, size_bytes: object.size_bytes, level, manifest, removed })
}

/// How far a set that was made was verified, in words.
pub fn verified(level: Option<Level>) -> String {
    level.map_or_else(|| "written; not verified: no key here".to_owned(), |level| format!("verified at level {}", level.name()))
}

/// Takes a name that nobody has.
fn reserve(
    destination: &Destination,
    channel: &str,
    time: jiff::Timestamp,
    sealed: bool,
    about_bytes: u64,
) -> Result<(String, Draft)> {
    if let Some(folder) = destination.folder() {
        disk::create_folder(folder)?;
        disk::require_space(folder, about_bytes)?;
    }
    let mut taken = None;
    for name in shelf::set_names(channel, time, sealed) {
        match destination.create(&name, about_bytes) {
            Ok(draft) => return Ok((destination.place(&name), draft)),
            Err(error) if error.kind() == ErrorKind::Locked => taken = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(taken.unwrap_or_else(|| Error::new(ErrorKind::Locked, "every name is taken").hint("try again in a second")))
}

/// An output that the tar writer can own and give back.
struct Through(Box<dyn Output>);

impl Write for Through {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn pack(manifest: &Manifest, folder: &Path, output: Box<dyn Output>) -> Result<()> {
    let text = serde_json::to_vec_pretty(manifest).while_doing(|| "cannot write the manifest of the set".into())?;
    let cannot = |error: std::io::Error| disk::cannot("write the set of", Path::new(&manifest.channel), error);
    let gzip =
        flate2::write::GzEncoder::new(std::io::BufWriter::with_capacity(1 << 20, Through(output)), flate2::Compression::new(3));
    let mut tar = tar::Builder::new(gzip);
    let time = u64::try_from(manifest.created_ms / 1000).unwrap_or(0);
    tar.append_data(&mut header(text.len() as u64, time), MANIFEST, text.as_slice()).map_err(cannot)?;
    for member in manifest.members() {
        let path = folder.join(&member.name);
        let file = disk::open_to_read(&path).map_err(|error| disk::cannot("read back", &path, error))?;
        tar.append_data(&mut header(member.size_bytes, time), &member.name, file).map_err(cannot)?;
    }
    let gzip = tar.into_inner().map_err(cannot)?;
    let through = gzip.finish().map_err(cannot)?.into_inner().map_err(|error| cannot(error.into_error()))?;
    through.0.finish()
}

fn header(size_bytes: u64, time: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size_bytes);
    header.set_mode(disk::FILE_MODE);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

type Gzip = flate2::bufread::MultiGzDecoder<std::io::BufReader<Input>>;

fn opened(input: Input) -> tar::Archive<Gzip> {
    tar::Archive::new(flate2::bufread::MultiGzDecoder::new(std::io::BufReader::with_capacity(1 << 20, input)))
}

fn bad(place: &str, why: String) -> Error {
    Error::new(ErrorKind::Archive, format!("{place} is no whole set of a gateway's state: {why}"))
        .hint("take another one; `wpp backup --channel NAME` makes one")
}

fn damaged(place: &str, error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => bad(place, format!("it cannot be read ({error})")),
    }
}

/// What a set says of itself; of the rest nothing is read.
///
/// # Errors
/// [`ErrorKind::Archive`] when it is none, or what it says cannot be.
pub fn manifest(input: Input) -> Result<Manifest> {
    let place = input.name().to_owned();
    let mut tar = opened(input);
    let mut entries = tar.entries().map_err(|error| damaged(&place, error))?;
    first(&mut entries, &place)
}

/// The manifest, which is the first member.
fn first<R: Read>(entries: &mut tar::Entries<'_, R>, place: &str) -> Result<Manifest> {
    let bad = |why: String| bad(place, why);
    let damaged = |error| damaged(place, error);
    let first = entries.next().ok_or_else(|| bad("it is empty".into()))?.map_err(damaged)?;
    if first.path_bytes().as_ref() != MANIFEST.as_bytes() || first.size() > MANIFEST_SIZE_MAX {
        return Err(bad(format!("it does not begin with {MANIFEST}")));
    }
    let mut text = Vec::new();
    first.take(MANIFEST_SIZE_MAX).read_to_end(&mut text).map_err(damaged)?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| bad(format!("its manifest cannot be read ({error})")))?;
    if manifest.schema != SCHEMA || manifest.format.major != FORMAT.major {
        return Err(bad(format!("its format {} {} is not known", manifest.schema, manifest.format.major))
            .hint("use the version of wpp that wrote it"));
    }
    if let Some(why) = manifest.contradiction() {
        return Err(bad(why));
    }
    Ok(manifest)
}

/// Reads a set to its end, hands every member's bytes to `take`, and proves each by its hash.
///
/// # Errors
/// [`ErrorKind::Archive`] when it is none, is damaged, or holds what its manifest does not announce.
pub fn read(input: Input, take: &mut dyn FnMut(&Member, &mut dyn Read) -> Result<()>) -> Result<Manifest> {
    let place = input.name().to_owned();
    let bad = |why: String| bad(&place, why);
    let damaged = |error| damaged(&place, error);
    let mut tar = opened(input);
    let mut entries = tar.entries().map_err(damaged)?;
    let manifest = first(&mut entries, &place)?;
    for member in manifest.members() {
        if !is_inside(&member.name) {
            return Err(bad(format!("a member is called {:?}, which leads elsewhere", member.name)));
        }
        let entry = entries.next().ok_or_else(|| bad(format!("it ends before {}", member.name)))?.map_err(damaged)?;
        let regular = entry.header().entry_type() == tar::EntryType::Regular;
        if !regular || entry.path_bytes().as_ref() != member.name.as_bytes() || entry.size() != member.size_bytes {
            return Err(bad(format!("where {} should be is something else", member.name)));
        }
        let mut proving = Proving { inner: entry, hasher: sha2::Digest::new(), count: 0 };
        take(member, &mut proving)?;
        std::io::copy(&mut proving, &mut std::io::sink()).map_err(damaged)?;
        let sha256 = hex::encode(sha2::Digest::finalize(proving.hasher));
        if sha256 != member.sha256 || proving.count != member.size_bytes {
            return Err(bad(format!("{} is not what the manifest says: SHA-256 {sha256}", member.name)));
        }
    }
    if entries.next().is_some() {
        return Err(bad("it holds more than its manifest announces".into()));
    }
    // The checksum of the whole stands behind the last byte.
    std::io::copy(&mut tar.into_inner(), &mut std::io::sink()).map_err(damaged)?;
    Ok(manifest)
}

struct Proving<R> {
    inner: R,
    hasher: sha2::Sha256,
    count: u64,
}

impl<R: Read> Read for Proving<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        sha2::Digest::update(&mut self.hasher, &buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// Whether a member's name stays in the folder that it is unpacked into.
fn is_inside(name: &str) -> bool {
    let path = Path::new(name);
    !name.chars().any(char::is_control)
        && path.components().all(|part| matches!(part, Component::Normal(_)))
        && path.components().count() >= 2
}

/// Lays a set out in a folder that is not there yet: each part in a folder of its own, files 0600, folders
/// 0700. Nothing stays of one that turns out to be damaged.
///
/// # Errors
/// [`ErrorKind::Usage`] when the folder is there: live data is never written over.
pub fn lay_out(input: Input, into: &Path) -> Result<Manifest> {
    if into.symlink_metadata().is_ok() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("{} is there already, and a set is never laid over what is there", into.display()),
        )
        .hint("name a folder that does not exist; move its parts to their places yourself, with the gateway stopped"));
    }
    let parent = into.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = Scratch::make(parent)?;
    let whole = scratch.path().join("set");
    disk::create_folder(&whole)?;
    let manifest = unpack(input, &whole, &|_| true)?;
    sync_all(&whole)?;
    disk::rename(&whole, into)?;
    Ok(manifest)
}

/// Unpacks what `wanted` lets through into a folder that is there.
fn unpack(input: Input, into: &Path, wanted: &dyn Fn(&Member) -> bool) -> Result<Manifest> {
    read(input, &mut |member, bytes| {
        if !wanted(member) {
            return Ok(());
        }
        let path = into.join(&member.name);
        if let Some(folder) = path.parent() {
            disk::create_folder(folder)?;
        }
        let mut file = disk::create_file(&path)?;
        std::io::copy(bytes, &mut file).map(drop).map_err(|error| disk::cannot("unpack into", &path, error))
    })
}

fn sync_all(folder: &Path) -> Result<()> {
    for path in disk::list(folder)? {
        if path.is_dir() { sync_all(&path)? } else { disk::sync_file(&path)? }
    }
    disk::sync_folder(folder)
}

/// What a verification is made with.
pub struct Verifying<'a> {
    /// How far: `hash` or `quick`.
    pub level: Level,
    /// A folder of this machine for what is unpacked.
    pub scratch: &'a Path,
    /// The folder of PostgreSQL's programs; empty to find them.
    pub tools_folder: &'a str,
    /// Set when the operator gives up.
    pub stop: &'a AtomicBool,
}

/// Verifies a set at a level: `hash`, every byte against the manifest; `quick`, also whether SQLite files
/// pass quick_check, `pg_restore` reads every dump, and files of Redis have their end.
///
/// # Errors
/// [`ErrorKind::Archive`] when it is not what it should be, [`ErrorKind::Unknown`] when the program is not
/// there that would tell.
pub fn verify(input: Input, verifying: &Verifying<'_>) -> Result<Manifest> {
    if verifying.level == Level::Hash {
        return read(input, &mut |_, _| Ok(()));
    }
    let scratch = Scratch::make(verifying.scratch)?;
    let place = input.name().to_owned();
    disk::require_space(scratch.path(), input.size_bytes())?;
    let manifest = unpack(input, scratch.path(), &|_| true)?;
    for part in &manifest.parts {
        for member in &part.members {
            let path = scratch.path().join(&member.name);
            let checked = match part.kind {
                PartKind::Postgres => check_dump(&path, part, verifying, scratch.path()),
                PartKind::Sqlite => check_sqlite(&path),
                PartKind::Redis => check_rdb(&path),
                PartKind::Folder | PartKind::File => Ok(()),
            };
            checked.map_err(|error| match error.kind() {
                ErrorKind::Unknown => error,
                _ => Error::new(ErrorKind::Archive, format!("{place}: {} is damaged: {}", member.name, error.chain()))
                    .hint("take another set; the hashes are right, so it was damaged before it was taken"),
            })?;
        }
    }
    Ok(manifest)
}

fn check_dump(path: &Path, part: &Taken, verifying: &Verifying<'_>, scratch: &Path) -> Result<()> {
    let dump = Dump::examine(path)?;
    let client = Client::Host { tools: Tools::clients(verifying.tools_folder), environment: Vec::new() };
    let listed = client.listed(&dump, "", scratch, verifying.stop)?;
    let stated = part.detail["tables_listed"].as_u64().unwrap_or(1);
    if listed == stated {
        return Ok(());
    }
    let text = format!("it lists {}, and {stated} were there", count(listed, "table", "tables"));
    Err(Error::new(ErrorKind::Archive, text).hint("take another set"))
}

fn check_sqlite(path: &Path) -> Result<()> {
    let said = reading::connect(path, Way::Still).map(|connection| quick_check(&connection));
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(Error::new(ErrorKind::Archive, said).hint("take another set")),
        Err(error) => Err(Error::new(ErrorKind::Archive, error.to_string()).hint("take another set")),
    }
}

fn database_dump(part: &Taken) -> Option<&Member> {
    part.members.iter().find(|member| member.name.strip_prefix(&part.name).and_then(|rest| rest.strip_prefix('/')) == Some(DUMP))
}

/// The dump of PostgreSQL in a set, unpacked into a folder that is there.
///
/// # Errors
/// [`ErrorKind::Usage`] when the set holds none, or several.
pub fn dump_of(input: Input, into: &Path) -> Result<PathBuf> {
    let place = input.name().to_owned();
    let manifest = unpack(input, into, &|member| member.name.ends_with(&format!("/{DUMP}")))?;
    let dumps: Vec<&Taken> = manifest.parts.iter().filter(|part| part.kind == PartKind::Postgres).collect();
    match dumps.as_slice() {
        [part] => match database_dump(part) {
            Some(member) => Ok(into.join(&member.name)),
            None => Err(bad(&place, format!("its part {} holds no {DUMP}", part.name))),
        },
        other => Err(Error::new(
            ErrorKind::Usage,
            format!("{place} holds {} of PostgreSQL", count(other.len() as u64, "dump", "dumps")),
        )
        .hint("`wpp restore --set FILE --into FOLDER` lays it out; rehearse the dump that is meant")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_in_the_folder_that_they_are_unpacked_into() {
        for bad in ["", "x", "/etc/passwd", "../x/y", "a/../../b", "a/./../b"] {
            assert!(!is_inside(bad), "{bad}");
        }
        assert!(is_inside("data-sessions/main/creds.json"));
    }
}
