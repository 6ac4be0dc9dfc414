//! Reads an archive that nobody trusts: streaming, in bounded memory, taking nothing that is not
//! exactly what [`super::pack`] writes.
//!
//! Every refusal is an error of kind [`ErrorKind::Archive`]. What is unpacked goes into a folder
//! that the caller made for it; nothing else is touched. Start with [`manifest`] (what an archive
//! says about itself, unproven) and [`read`] (every byte against the manifest).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Take, Write};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::delta::Decoder;
use super::input::Input;
use super::manifest::{
    CONFIG, CONFIG_SIZE_MAX, CONTENTS, DELTA, FORMAT, Format, INCREMENT_CONTENTS, INCREMENT_FORMAT, INDEX, INDEX_SCHEMA,
    INDEX_SIZE_MAX, Index, MANIFEST, MANIFEST_SCHEMA, MANIFEST_SIZE_MAX, Manifest,
};
use super::pack::{BLOCK_BYTES, FOOTER_BYTES, TAR_END_BYTES, header, padding, read_footer};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Event, Sink};

/// No deflate stream grows by more than this when it is unpacked.
const DEFLATE_RATIO_MAX: u64 = 1032;
/// More than any store of messages gives, even one that repeats itself a lot.
const RATIO_MAX: u64 = 500;
/// Contents up to this size are too small to hurt, whatever their ratio.
const RATIO_FREE_BYTES: u64 = 256 << 20;
/// Left free on the disk beside what is unpacked.
const SPACE_MARGIN_BYTES: u64 = 16 << 20;

const CHUNK_BYTES: usize = 256 << 10;

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
    let name = &input.name().to_owned();
    let (offset_bytes, _) = open(input)?;
    let limit = input.size_bytes() - FOOTER_BYTES as u64;
    if offset_bytes >= limit {
        return Err(refused(name, "its footer points to no manifest"));
    }
    input.go_to(offset_bytes)?;
    let mut reader = Reader::new(name, input.take(limit - offset_bytes), offset_bytes);
    let size = reader.header(Expected { name: MANIFEST, size_bytes: None, modified_seconds: None }, &[])?;
    let text = reader.small(size, MANIFEST, MANIFEST_SIZE_MAX)?;
    parse_manifest(name, &text)
}

/// A small content, read alone; it has the hash that the manifest states. `None` if the archive
/// does not hold it.
pub fn small_content(input: &mut Input, manifest: &Manifest, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(member) = manifest.member(name) else { return Ok(None) };
    let archive = &input.name().to_owned();
    open(input)?;
    input.go_to(member.offset_bytes)?;
    let limit = (input.size_bytes() - FOOTER_BYTES as u64).saturating_sub(member.offset_bytes);
    let mut reader = Reader::new(archive, input.take(limit), member.offset_bytes);
    let expected = Expected { name, size_bytes: Some(member.size_bytes), modified_seconds: None };
    let size = reader.header(expected, &[])?;
    let text = reader.small(size, name, CONFIG_SIZE_MAX)?;
    if hex::encode(Sha256::digest(&text)) != member.sha256 {
        return Err(refused(archive, format!("{name} is not what the manifest states")));
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
    fn begin(&mut self, name: &str, size_bytes: u64) -> Result<()> {
        disk::require_space(&self.folder, size_bytes.saturating_add(SPACE_MARGIN_BYTES))?;
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
    let path = &input.name().to_owned();
    let (manifest_offset, expected_sha256) = open(input)?;
    let size_bytes = input.size_bytes();
    let mut reader = Reader::new(path, input.take(size_bytes - FOOTER_BYTES as u64), 0);

    let size = reader.header(Expected { name: INDEX, size_bytes: None, modified_seconds: None }, &[])?;
    let text = reader.small(size, INDEX, INDEX_SIZE_MAX)?;
    reader.end_of_entry(size, 0)?;
    let index = parse_index(path, &text, size_bytes)?;
    let modified_seconds = Some(u64::try_from(index.created_ms / 1000).unwrap_or(0));
    let total: u64 = index.members.iter().filter_map(|member| member.size_bytes).sum();

    let mut seen = vec![INDEX];
    let mut contents = Vec::new();
    let mut done = 0;
    for member in &index.members {
        let Some(size) = member.size_bytes else { continue };
        let offset_bytes = reader.start_of_entry();
        reader.header(Expected { name: &member.name, size_bytes: Some(size), modified_seconds }, &seen)?;
        unpack.begin(&member.name, size)?;
        let sha256 = reader.content(size, &mut |bytes| {
            if total > 64 << 20 && (done >> 24) != ((done + bytes.len() as u64) >> 24) {
                sink.emit(Event::Progress { what: format!("reading {path}"), done, total: Some(total) });
            }
            done += bytes.len() as u64;
            unpack.write(bytes)
        })?;
        reader.end_of_entry(size, 0)?;
        unpack.end()?;
        contents.push((member.name.as_str(), size, sha256, offset_bytes));
        seen.push(&member.name);
    }

    let offset_bytes = reader.start_of_entry();
    let size = reader.header(Expected { name: MANIFEST, size_bytes: None, modified_seconds }, &seen)?;
    let text = reader.small(size, MANIFEST, MANIFEST_SIZE_MAX)?;
    reader.end_of_entry(size, TAR_END_BYTES)?;
    let hasher = reader.end()?;
    if <[u8; 32]>::from(hasher.clone().finalize()) != expected_sha256 {
        return Err(refused(path, "its bytes do not have the hash that its footer states"));
    }
    if offset_bytes != manifest_offset {
        return Err(refused(path, "its footer states another place for the manifest"));
    }

    let manifest = parse_manifest(path, &text)?;
    if (&manifest.id, &manifest.session, manifest.created_ms, manifest.format)
        != (&index.id, &index.session, index.created_ms, index.format)
    {
        return Err(refused(path, "its manifest and its index describe different archives"));
    }
    let stated: Vec<_> = manifest
        .members
        .iter()
        .map(|member| (member.name.as_str(), member.size_bytes, member.sha256.clone(), member.offset_bytes))
        .collect();
    if stated.len() != contents.len() {
        return Err(refused(path, format!("its manifest lists {} contents and it holds {}", stated.len(), contents.len())));
    }
    for (stated, found) in stated.iter().zip(&contents) {
        if stated != found {
            return Err(refused(path, format!("{} is not what the manifest states", found.0)));
        }
    }
    let mut hasher = hasher;
    hasher.update(super::pack::footer(manifest_offset, expected_sha256));
    Ok(Opened { manifest, size_bytes, sha256: hex::encode(hasher.finalize()) })
}

/// Refuses an archive, saying why.
pub fn refused(archive: &str, reason: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::Archive, format!("the archive {archive} is refused: {}", reason.as_ref()))
        .hint("nothing was changed; `wpp backup list` shows other archives, and `wpp backup` makes a new one")
}

/// Looks at both ends; gives what the footer says, and leaves the input at its start.
fn open(input: &mut Input) -> Result<(u64, [u8; 32])> {
    let size_bytes = input.size_bytes();
    let mut start = [0; 2];
    input.go_to(0)?;
    if size_bytes < 2 || input.read_exact(&mut start).is_err() || start != [0x1f, 0x8b] {
        return Err(refused(input.name(), "it is not a gzip file"));
    }
    let mut footer = [0; FOOTER_BYTES];
    if size_bytes > FOOTER_BYTES as u64 {
        input.go_to(size_bytes - FOOTER_BYTES as u64)?;
        input.read_exact(&mut footer).map_err(|error| input.cannot_read(error))?;
        input.go_to(0)?;
    }
    read_footer(&footer).ok_or_else(|| {
        let reason = "it does not end like an archive of wpp: it was cut short, changed, or made by something else";
        refused(input.name(), reason)
    })
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
    check_chain(path, &manifest)?;
    Ok(manifest)
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
    let database = manifest.members.iter().find(|member| member.name == DELTA).and_then(|member| member.database.as_ref());
    let Some(database) = database.filter(|_| increment) else {
        return Err(refused(path, "it says what it is an increment of, and is none"));
    };
    let root = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = Path::new(&chain.parent_name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(name)), None) if name == chain.parent_name.as_str());
    if !plain || chain.depth == 0 || chain.parent_id == manifest.id || chain.base_id == manifest.id {
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

/// Reads tar entries, each of which starts and ends with a gzip member.
struct Reader<'a> {
    path: &'a str,
    // Either the compressed bytes between two gzip members, or the decoder of the current one.
    source: Option<Source<'a>>,
    decoder: Option<GzDecoder<Source<'a>>>,
}

impl<'a> Reader<'a> {
    fn new(path: &'a str, file: Take<&'a mut Input>, consumed: u64) -> Reader<'a> {
        let source = Source { inner: BufReader::with_capacity(CHUNK_BYTES, file), consumed, hasher: Sha256::new() };
        Reader { path, source: Some(source), decoder: None }
    }

    /// Offset of the next compressed byte. Called between entries.
    fn start_of_entry(&self) -> u64 {
        self.source.as_ref().map_or(0, |source| source.consumed)
    }

    /// Bytes of the current entry; goes on to the next gzip member when one ends.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.decoder.is_none() {
                self.decoder = self.source.take().map(GzDecoder::new);
            }
            let Some(decoder) = &mut self.decoder else { return Err(refused(self.path, "it is cut short")) };
            match decoder.read(&mut buffer[filled..]) {
                Ok(0) => {
                    let mut source = self.decoder.take().map(GzDecoder::into_inner);
                    let ended = match &mut source {
                        Some(source) => {
                            source.fill_buf().map_err(|error| disk::cannot("read", Path::new(self.path), error))?.is_empty()
                        }
                        None => true,
                    };
                    self.source = source;
                    if ended {
                        return Err(refused(self.path, "it is cut short"));
                    }
                }
                Ok(count) => filled += count,
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        use std::io::ErrorKind as Io;
        match error.kind() {
            Io::InvalidInput | Io::InvalidData | Io::UnexpectedEof | Io::Other => {
                refused(self.path, "it is damaged or cut short").caused_by(error)
            }
            _ => disk::cannot("read", Path::new(self.path), error),
        }
    }

    /// Reads a tar header, which must be the canonical one; gives the size that it states.
    fn header(&mut self, expected: Expected<'_>, seen: &[&str]) -> Result<u64> {
        let mut block = [0; BLOCK_BYTES];
        self.fill(&mut block)?;
        let stated = tar::Header::from_byte_slice(&block);
        let size = expected.size_bytes.or_else(|| stated.entry_size().ok());
        let modified = expected.modified_seconds.or_else(|| stated.mtime().ok());
        if let (Some(size), Some(modified)) = (size, modified)
            && header(expected.name, size, modified)? == block
        {
            return Ok(size);
        }
        Err(refused(self.path, why_not(&block, &expected, seen)))
    }

    /// Hands `size` bytes on, piece by piece; gives their SHA-256.
    fn content(&mut self, size: u64, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<String> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut left = size;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            self.fill(&mut buffer[..count])?;
            hasher.update(&buffer[..count]);
            take(&buffer[..count])?;
            left -= count as u64;
        }
        Ok(hex::encode(hasher.finalize()))
    }

    /// A content that is small enough for the memory.
    fn small(&mut self, size: u64, name: &str, limit: u64) -> Result<Vec<u8>> {
        if size > limit {
            return Err(refused(self.path, format!("{name} is {size} bytes large")));
        }
        let mut text = Vec::new();
        self.content(size, &mut |bytes| {
            text.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(text)
    }

    /// Only zeros up to the end of the last block and `zeros_after` it, then the gzip member ends.
    fn end_of_entry(&mut self, size: u64, zeros_after: usize) -> Result<()> {
        let mut zeros = vec![0; padding(size) + zeros_after];
        self.fill(&mut zeros)?;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(refused(self.path, "something hides between its members"));
        }
        if let Some(mut decoder) = self.decoder.take() {
            match decoder.read(&mut [0]) {
                Ok(0) => self.source = Some(decoder.into_inner()),
                Ok(_) => return Err(refused(self.path, "a member holds more than it announces")),
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    /// Nothing is left before the footer; gives the hash of all that was read.
    fn end(&mut self) -> Result<Sha256> {
        let Some(mut source) = self.source.take() else { return Err(refused(self.path, "it is cut short")) };
        let rest = source.fill_buf().map_err(|error| disk::cannot("read", Path::new(self.path), error))?;
        if !rest.is_empty() {
            return Err(refused(self.path, "it goes on after its manifest"));
        }
        Ok(source.hasher)
    }
}

/// Says what is wrong with a tar header that is not the canonical one.
fn why_not(block: &[u8; BLOCK_BYTES], expected: &Expected<'_>, seen: &[&str]) -> String {
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

/// Compressed bytes, counted and hashed as the decoder takes them.
struct Source<'a> {
    inner: BufReader<Take<&'a mut Input>>,
    consumed: u64,
    hasher: Sha256,
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.hasher.update(&self.inner.buffer()[..count]);
        self.consumed += count as u64;
        self.inner.consume(count);
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
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
            disk::faults::point("write", &self.path)?;
        }
        self.unannounced += bytes.len();
        self.file.write_all(bytes).map_err(|error| disk::cannot("write", &self.path, error))
    }

    fn finish(self) -> Result<()> {
        disk::sync_file(&self.path)
    }
}
