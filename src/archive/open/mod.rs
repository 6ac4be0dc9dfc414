//! Reads an archive that nobody trusts: in bounded memory, taking nothing that is not exactly what
//! [`super::pack`] writes.
//!
//! Every refusal is an error of kind [`ErrorKind::Archive`]. What is unpacked goes into a folder
//! that the caller made for it; nothing else is touched. [`blocks`] reads the present format with
//! all processors, [`sequential`] the first one. Start with [`manifest`] (what an archive says about
//! itself, unproven) and [`read`] (every byte against the manifest).

mod blocks;
mod sequential;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::codec::{self, Codec};
use super::delta::{self, Decoder};
use super::input::Input;
use super::manifest::{
    CHAIN_DEPTH_MAX, CONFIG, CONFIG_SIZE_MAX, CONTENTS, DELTA, FORMAT, Format, INCREMENT_CONTENTS, INCREMENT_FORMAT, INDEX,
    INDEX_SCHEMA, Index, MANIFEST, MANIFEST_SCHEMA, MANIFEST_SIZE_MAX, Manifest,
};
use super::pack::{FOOTER_BYTES, TAR_BLOCK_BYTES, TAR_END_BYTES, header, padding, read_footer};
use super::pages::{PAGES_MAX, is_page_size};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::Sink;

/// No deflate stream grows by more than this when it is unpacked.
const DEFLATE_RATIO_MAX: u64 = 1032;
/// More than any store of messages gives, even one that repeats itself a lot.
const RATIO_MAX: u64 = 500;
/// Contents up to this size are too small to hurt, whatever their ratio.
const RATIO_FREE_BYTES: u64 = 256 << 20;
/// Left free on the disk beside what is unpacked.
const SPACE_MARGIN_BYTES: u64 = 16 << 20;

/// The largest file that SQLite makes: 2^32 pages of 64 KiB.
const CONTENT_SIZE_MAX: u64 = 1 << 48;
/// More rows than such a file holds.
const ROWS_MAX: u64 = 1 << 48;
/// The end of the year 9999.
const TIME_MS_MAX: i64 = 253_402_300_799_999;

/// An archive of which every byte was read and found to be what its manifest says.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Size of the file.
    pub size_bytes: u64,
    /// SHA-256 of the whole file, in hex.
    pub sha256: String,
}

/// What an archive says about itself, read without the contents. **Not verified.**
pub fn manifest(input: &mut Input) -> Result<Manifest> {
    let ends = Ends::look(input)?;
    ends.manifest(input).map(|(manifest, _)| manifest)
}

/// A small content, read alone; it has the hash that the manifest states. `None` if the archive
/// does not hold it.
pub fn small_content(input: &mut Input, manifest: &Manifest, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(member) = manifest.member(name) else { return Ok(None) };
    if member.size_bytes > CONFIG_SIZE_MAX {
        return Err(refused(input.name(), format!("{name} is {} bytes large", member.size_bytes)));
    }
    let ends = Ends::look(input)?;
    let text = match manifest.block_bytes {
        Some(_) => blocks::content(input, &ends, manifest, member)?,
        None => sequential::content(input, &ends, member)?,
    };
    if hex::encode(Sha256::digest(&text)) != member.sha256 {
        return Err(refused(input.name(), format!("{name} is not what the manifest states")));
    }
    Ok(Some(text))
}

/// Reads every byte and checks it; unpacks the contents into `into` when one is given, which must
/// be an empty folder. On an error the folder holds parts that the caller removes.
///
/// Of an increment this is its own bytes alone: [`super::chain`] builds what they stand for.
pub fn read(input: &mut Input, into: Option<&Path>, sink: &dyn Sink) -> Result<Opened> {
    match into {
        None => read_to(input, &mut Looked { archive: input.name().to_owned(), delta: None }, sink),
        Some(folder) => read_to(input, &mut InFolder::new(folder), sink),
    }
}

/// Takes the contents of an archive, one after the other. What it takes is proven only when the
/// whole archive was read.
pub trait Unpack {
    /// All contents together are so large, which the archive's documents agree on.
    fn announce(&mut self, _content_bytes: u64) -> Result<()> {
        Ok(())
    }
    /// A content begins. Its name is one that the format knows, its size what the index announced.
    fn begin(&mut self, name: &str, size_bytes: u64) -> Result<()>;
    /// Takes its next bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;
    /// All its bytes were taken.
    fn end(&mut self) -> Result<()>;
}

/// Keeps nothing, and sees whether a delta is one.
struct Looked {
    archive: String,
    delta: Option<Decoder>,
}

impl Unpack for Looked {
    fn begin(&mut self, name: &str, size_bytes: u64) -> Result<()> {
        self.delta = (name == DELTA).then(|| Decoder::new(&self.archive, size_bytes));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.delta.as_mut().map_or(Ok(()), |delta| delta.take(bytes, &mut |_, _| Ok(())))
    }

    fn end(&mut self) -> Result<()> {
        self.delta.take().map_or(Ok(()), |delta| delta.finish().map(drop))
    }
}

/// Makes a file of each content.
#[derive(Debug)]
pub struct InFolder {
    folder: PathBuf,
    file: Option<Target>,
}

impl InFolder {
    /// In a folder that has none of them.
    pub fn new(folder: &Path) -> InFolder {
        InFolder { folder: folder.to_owned(), file: None }
    }
}

impl Unpack for InFolder {
    fn announce(&mut self, content_bytes: u64) -> Result<()> {
        disk::require_space(&self.folder, content_bytes.saturating_add(SPACE_MARGIN_BYTES))
    }

    fn begin(&mut self, name: &str, _size_bytes: u64) -> Result<()> {
        self.file = Some(Target::create(&self.folder.join(name))?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write(bytes))
    }

    fn end(&mut self) -> Result<()> {
        self.file.take().map_or(Ok(()), Target::finish)?;
        disk::sync_folder(&self.folder)
    }
}

/// Reads every byte and checks it; its contents go to `unpack`.
pub fn read_to(input: &mut Input, unpack: &mut dyn Unpack, sink: &dyn Sink) -> Result<Opened> {
    let ends = Ends::look(input)?;
    let (manifest, packed) = ends.manifest(input)?;
    input.go_to(0)?;
    match manifest.block_bytes {
        Some(_) => blocks::read(input, &ends, manifest, &packed, unpack, sink),
        None => sequential::read(input, &ends, unpack, sink),
    }
}

/// Refuses an archive, saying why.
pub fn refused(archive: &str, reason: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::Archive, format!("the archive {archive} is refused: {}", reason.as_ref()))
        .hint("nothing was changed; `wpp backup list` shows other archives")
}

/// What the two ends of an archive say.
struct Ends {
    codec: Codec,
    manifest_offset: u64,
    /// Of all bytes before the footer.
    sha256: [u8; 32],
    size_bytes: u64,
}

impl Ends {
    fn look(input: &mut Input) -> Result<Ends> {
        let size_bytes = input.size_bytes();
        let mut start = [0; 4];
        input.go_to(0)?;
        let codec = match size_bytes < 4 {
            true => None,
            // One that shrank while it was looked at is cut short; any other error is not the archive's.
            false => match input.read_exact(&mut start) {
                Ok(()) => Codec::of(start),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
                Err(error) => return Err(input.cannot_read(error)),
            },
        };
        let codec = codec.ok_or_else(|| refused(input.name(), "it is neither a gzip nor a zstd file"))?;
        let mut footer = [0; FOOTER_BYTES];
        if size_bytes > FOOTER_BYTES as u64 {
            input.go_to(size_bytes - FOOTER_BYTES as u64)?;
            input.read_exact(&mut footer).map_err(|error| input.cannot_read(error))?;
        }
        match read_footer(codec, &footer) {
            Some((manifest_offset, sha256)) => Ok(Ends { codec, manifest_offset, sha256, size_bytes }),
            None => {
                let reason = "it does not end like an archive of wpp: it was cut short, changed, or made by something else";
                Err(refused(input.name(), reason))
            }
        }
    }

    /// Where the footer starts.
    fn footer_offset(&self) -> u64 {
        self.size_bytes - FOOTER_BYTES as u64
    }

    /// The manifest, and the compressed bytes that it was in.
    fn manifest(&self, input: &mut Input) -> Result<(Manifest, Vec<u8>)> {
        let archive = input.name().to_owned();
        let Some(size_bytes) = self.footer_offset().checked_sub(self.manifest_offset).filter(|size| *size > 0) else {
            return Err(refused(&archive, "its footer points to no manifest"));
        };
        // All sizes here are a few megabytes.
        let plain_max = MANIFEST_SIZE_MAX as usize + 2 * TAR_BLOCK_BYTES + TAR_END_BYTES;
        if size_bytes > self.codec.packed_bytes_max(plain_max) as u64 {
            return Err(refused(&archive, format!("its footer points to a manifest of {size_bytes} bytes")));
        }
        let mut packed = vec![0; size_bytes as usize];
        input.go_to(self.manifest_offset)?;
        input.read_exact(&mut packed).map_err(|error| input.cannot_read(error))?;
        let plain = codec::unpack_all(self.codec, &packed, plain_max)
            .map_err(|_| refused(&archive, "its manifest is damaged or cut short"))?;
        let expected = Expected { name: MANIFEST, size_bytes: None, modified_seconds: None };
        let text = entry(&archive, &plain, &expected, MANIFEST_SIZE_MAX, TAR_END_BYTES)?;
        Ok((parse_manifest(&archive, text)?, packed))
    }
}

/// Parses a document of which first only the schema and the version are believed.
fn parse<T: DeserializeOwned>(path: &str, name: &str, schema: &str, text: &[u8]) -> Result<T> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
        format: Format,
    }
    let head: Head =
        serde_json::from_slice(text).map_err(|error| refused(path, format!("its {name} cannot be read")).caused_by(error))?;
    if ![FORMAT.major, INCREMENT_FORMAT.major].contains(&head.format.major) {
        return Err(refused(path, format!("it has format {}.{}", head.format.major, head.format.minor)).hint(format!(
            "this wpp reads formats {} and {}; use the version of wpp that wrote it, or a newer one",
            FORMAT.major, INCREMENT_FORMAT.major
        )));
    }
    if head.schema != schema {
        return Err(refused(path, format!("its {name} is a {:?} and not a {schema:?}", head.schema)));
    }
    let parsed = serde_json::from_slice::<serde_json::Value>(text)
        .and_then(|value| if steers(&value) { Ok(None) } else { serde_json::from_value(value).map(Some) })
        .map_err(|error| refused(path, format!("its {name} cannot be read")).caused_by(error))?;
    parsed.ok_or_else(|| refused(path, format!("its {name} holds control characters, which steer terminals")))
}

/// Whether some text in a document would do more on a terminal than be read.
fn steers(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => text.chars().any(char::is_control),
        Value::Array(values) => values.iter().any(steers),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.chars().any(char::is_control) || steers(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn parse_index(path: &str, text: &[u8], size_bytes: u64) -> Result<Index> {
    let index: Index = parse(path, INDEX, INDEX_SCHEMA, text)?;
    if !crate::home::is_session_name(&index.session) {
        return Err(refused(path, format!("its session is called {:?}", index.session)));
    }
    let Some((first, contents)) = index.members.split_first() else {
        return Err(refused(path, "its index is empty"));
    };
    if first.name != MANIFEST || first.size_bytes.is_some() {
        return Err(refused(path, "its index does not list the manifest first"));
    }
    check_names(path, index.format, contents.iter().map(|member| member.name.as_str()))?;
    let mut total = 0_u64;
    for member in contents {
        let Some(size) = member.size_bytes else {
            return Err(refused(path, format!("its index states no size for {}", member.name)));
        };
        if member.name == CONFIG && size > CONFIG_SIZE_MAX {
            return Err(refused(path, format!("{CONFIG} is {size} bytes large")));
        }
        total = total.checked_add(size).ok_or_else(|| refused(path, "its index states sizes that no disk holds"))?;
    }
    let allowed = match size_bytes.saturating_mul(RATIO_MAX) {
        limit if total > RATIO_FREE_BYTES => limit,
        _ => size_bytes.saturating_mul(DEFLATE_RATIO_MAX),
    };
    if total > allowed {
        return Err(refused(
            path,
            format!("{size_bytes} bytes claim to unpack to {total}, which only a file made to fill disks does"),
        ));
    }
    Ok(index)
}

fn parse_manifest(path: &str, text: &[u8]) -> Result<Manifest> {
    let manifest: Manifest = parse(path, MANIFEST, MANIFEST_SCHEMA, text)?;
    if !crate::home::is_session_name(&manifest.session) {
        return Err(refused(path, format!("its session is called {:?}", manifest.session)));
    }
    check_names(path, manifest.format, manifest.members.iter().map(|member| member.name.as_str()))?;
    check_numbers(path, &manifest)?;
    check_chain(path, &manifest)?;
    Ok(manifest)
}

/// Numbers lie where sums and differences of a few of them mean something. What they state is compared
/// with the contents elsewhere.
fn check_numbers(path: &str, manifest: &Manifest) -> Result<()> {
    let wrong = |what: String| Err(refused(path, format!("its manifest states {what}")));
    let mut times = vec![manifest.created_ms];
    times.extend([manifest.custody.last_start, manifest.custody.last_connect].iter().flatten().map(|moment| moment.at_ms));
    if let Some(time) = times.iter().find(|time| !(0..=TIME_MS_MAX).contains(*time)) {
        return wrong(format!("the time {time} ms"));
    }
    for member in &manifest.members {
        let name = &member.name;
        // Where it starts is what the blocks before it add up to, or it is refused when they are read.
        if member.size_bytes > CONTENT_SIZE_MAX {
            return wrong(format!("{} bytes of {name}", member.size_bytes));
        }
        let Some(database) = &member.database else { continue };
        if database.pages > PAGES_MAX || !is_page_size(database.page_size_bytes) {
            return wrong(format!("{} pages of {} bytes in {name}", database.pages, database.page_size_bytes));
        }
        let mut rows = 0_u64;
        for (table, counted) in &database.tables {
            rows = rows.saturating_add(counted.count);
            if rows > ROWS_MAX {
                return wrong(format!("{} rows in {table} of {name}", counted.count));
            }
        }
    }
    let Some(signal) = &manifest.signal else { return Ok(()) };
    match [signal.sessions, signal.sender_keys].iter().find(|rows| **rows > ROWS_MAX) {
        Some(rows) => wrong(format!("{rows} Signal sessions or sender keys")),
        None => Ok(()),
    }
}

/// Contents are known, and in their order, which also means at most once each.
fn check_names<'a>(path: &str, format: Format, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let contents = if format.major == INCREMENT_FORMAT.major { INCREMENT_CONTENTS } else { CONTENTS };
    let mut next = 0;
    for name in names {
        match contents.iter().position(|known| *known == name) {
            None => return Err(refused(path, format!("it lists {name:?}, which is no content of this format"))),
            Some(place) if place < next => {
                return Err(refused(path, format!("it lists {name} twice or out of order")));
            }
            Some(place) => next = place + 1,
        }
    }
    if next == 0 { Err(refused(path, "it has no contents")) } else { Ok(()) }
}

/// An increment says what it builds on, in terms that lead nowhere else, and nothing else does.
fn check_chain(path: &str, manifest: &Manifest) -> Result<()> {
    let increment = manifest.format.major == INCREMENT_FORMAT.major;
    let Some(chain) = &manifest.chain else {
        return if increment { Err(refused(path, "it is an increment and does not say of what")) } else { Ok(()) };
    };
    if manifest.block_bytes.is_none() {
        return Err(refused(path, "its manifest lists no blocks"));
    }
    let delta = manifest.members.iter().find(|member| member.name == DELTA).filter(|_| increment);
    let Some((delta, database)) = delta.and_then(|delta| Some((delta, delta.database.as_ref()?))) else {
        return Err(refused(path, "it says what it is an increment of, and is none"));
    };
    // What a database grows by is all in the delta, so no claim is larger than what is really there.
    let grown = database.pages.saturating_sub(chain.parent_pages);
    if grown > chain.changed_pages || chain.changed_pages > delta.size_bytes / delta::PAGE_HEAD_BYTES {
        return Err(refused(path, format!("{} bytes cannot lead to {} pages", delta.size_bytes, database.pages)));
    }
    let root = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = Path::new(&chain.parent_name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(name)), None) if name == chain.parent_name.as_str());
    if !plain
        || chain.depth == 0
        || chain.depth > CHAIN_DEPTH_MAX
        || chain.parent_pages > PAGES_MAX
        || chain.parent_id == manifest.id
        || chain.base_id == manifest.id
    {
        return Err(refused(path, format!("it says that it is an increment of {:?}", chain.parent_name)));
    }
    if !root(&chain.parent_pages_blake3) || !database.pages_blake3.as_deref().is_some_and(root) {
        return Err(refused(path, "it does not say which pages it leads from and to"));
    }
    Ok(())
}

struct Expected<'a> {
    name: &'a str,
    size_bytes: Option<u64>,
    modified_seconds: Option<u64>,
}

/// Checks a tar header, which must be the canonical one; gives the size that it states.
fn check_header(archive: &str, block: &[u8; TAR_BLOCK_BYTES], expected: &Expected<'_>, seen: &[&str]) -> Result<u64> {
    let stated = tar::Header::from_byte_slice(block);
    let size = expected.size_bytes.or_else(|| stated.entry_size().ok());
    let modified = expected.modified_seconds.or_else(|| stated.mtime().ok());
    if let (Some(size), Some(modified)) = (size, modified)
        && header(expected.name, size, modified)? == *block
    {
        return Ok(size);
    }
    Err(refused(archive, why_not(block, expected, seen)))
}

/// The content of a tar entry that is in the memory: header, content, and nothing but zeros up to
/// the end of the last block and `zeros_after` it.
fn entry<'a>(archive: &str, plain: &'a [u8], expected: &Expected<'_>, size_max: u64, zeros_after: usize) -> Result<&'a [u8]> {
    let Some((head, rest)) = plain.split_first_chunk() else { return Err(refused(archive, "it is cut short")) };
    let size = check_header(archive, head, expected, &[])?;
    if size > size_max {
        return Err(refused(archive, format!("{} is {size} bytes large", expected.name)));
    }
    // At most some megabytes.
    let Some((content, zeros)) = rest.split_at_checked(size as usize) else { return Err(refused(archive, "it is cut short")) };
    match zeros.len().cmp(&(padding(size) + zeros_after)) {
        std::cmp::Ordering::Less => Err(refused(archive, "it is cut short")),
        std::cmp::Ordering::Greater => Err(refused(archive, "a member holds more than it announces")),
        std::cmp::Ordering::Equal => check_zeros(archive, zeros).map(|()| content),
    }
}

fn check_zeros(archive: &str, zeros: &[u8]) -> Result<()> {
    match zeros.iter().all(|byte| *byte == 0) {
        true => Ok(()),
        false => Err(refused(archive, "something hides between its members")),
    }
}

/// Compares the two documents of an archive.
fn check_agreement(archive: &str, manifest: &Manifest, index: &Index) -> Result<()> {
    if (&manifest.id, &manifest.session, manifest.created_ms, manifest.format)
        != (&index.id, &index.session, index.created_ms, index.format)
    {
        return Err(refused(archive, "its manifest and its index describe different archives"));
    }
    let announced: Vec<(&str, u64)> =
        index.members.iter().filter_map(|member| Some((member.name.as_str(), member.size_bytes?))).collect();
    if manifest.members.len() != announced.len() {
        let (stated, announced) = (manifest.members.len(), announced.len());
        return Err(refused(archive, format!("its manifest lists {stated} contents and its index {announced}")));
    }
    for (member, announced) in manifest.members.iter().zip(announced) {
        if (member.name.as_str(), member.size_bytes) != announced {
            return Err(refused(archive, format!("{} is not what the manifest states", announced.0)));
        }
    }
    Ok(())
}

/// Says what is wrong with a tar header that is not the canonical one.
fn why_not(block: &[u8; TAR_BLOCK_BYTES], expected: &Expected<'_>, seen: &[&str]) -> String {
    use tar::EntryType;
    if block.iter().all(|byte| *byte == 0) {
        return format!("it ends where {} should be", expected.name);
    }
    let stated = tar::Header::from_byte_slice(block);
    let sum: u32 = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    if stated.cksum().ok() != Some(sum) {
        return format!("the tar header of {} is damaged", expected.name);
    }
    let bytes = stated.path_bytes();
    let Ok(name) = std::str::from_utf8(&bytes) else {
        return "it holds a name that is not text".into();
    };
    let kind = match stated.entry_type() {
        EntryType::Regular => None,
        EntryType::Symlink | EntryType::Link => Some("a link"),
        EntryType::Char | EntryType::Block => Some("a device"),
        EntryType::Fifo => Some("a pipe"),
        EntryType::Directory => Some("a folder"),
        EntryType::GNULongName | EntryType::GNULongLink => Some("a GNU long name"),
        EntryType::GNUSparse => Some("a sparse file"),
        EntryType::XHeader | EntryType::XGlobalHeader => Some("a PAX extension"),
        _ => Some("something that is no file"),
    };
    if let Some(kind) = kind {
        return format!("it holds {kind} ({name:?})");
    }
    let path = Path::new(name);
    if path.is_absolute() {
        return format!("it holds the absolute path {name:?}");
    }
    if path.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return format!("it holds the path {name:?}, which leads elsewhere");
    }
    if seen.contains(&name) {
        return format!("it holds {name} twice");
    }
    if name != expected.name {
        return format!("it holds {name:?} where {} should be", expected.name);
    }
    match (expected.size_bytes, stated.entry_size()) {
        (Some(size), Ok(other)) if size != other => format!("{name} is {other} bytes large and its index states {size}"),
        _ => format!("the tar header of {name} is not in the form that wpp writes"),
    }
}

/// A file that a content is unpacked to.
#[derive(Debug)]
struct Target {
    file: File,
    path: PathBuf,
    unannounced: usize,
}

impl Target {
    fn create(path: &Path) -> Result<Target> {
        Ok(Target { file: disk::create_file(path)?, path: path.to_owned(), unannounced: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        // One point for each megabyte: a sweep over the points stays short on large stores.
        if self.unannounced == 0 || self.unannounced >= 1 << 20 {
            self.unannounced = 0;
            disk::faults::write_point(&self.path, || drop((&self.file).write(&bytes[..bytes.len() / 2])))?;
        }
        self.unannounced += bytes.len();
        self.file.write_all(bytes).map_err(|error| disk::cannot("write", &self.path, error))
    }

    fn finish(self) -> Result<()> {
        disk::sync_file(&self.path)
    }
}
