//! Page maps: what an increment needs to know of the archive before it, which is one [`Entry`] for
//! each page of the database. Imports the ground only, and what a destination calls a state of a file.
//!
//! An entry is a page's BLAKE3, which says whether it changed, and a short keyed hash of each eighth,
//! which says where: a row that is updated in place changes one eighth of its page. Only a page that
//! changed has its eighths hashed; the others' are copied from the map before.
//!
//! A map is a file in the home:
//!
//! ```text
//!   0  magic "WPPPAGES"
//!   8  version, 4 bytes              16  page size, 4 bytes
//!  12  length of the description     20  nothing, 4 bytes
//!  24  pages, 8 bytes                32  id of the archive, 16 bytes
//!  48  root: BLAKE3 over the pages' hashes, in the order of the pages
//!  80  BLAKE3 over all entries
//! 112  key of the eighths' hashes
//! 144  BLAKE3 over bytes 0 to 144 and the description
//! 176  an entry for each page: its BLAKE3 (32 bytes), the hashes of its eighths (8 bytes each)
//!      the description: which session, which destination, which chain (JSON)
//! ```
//!
//! Numbers are little endian. The first 176 bytes are written last, so what a killed process leaves
//! is no map. Maps are written and read as streams: a database of any size needs the memory of one
//! page, and [`Changed`] a bit for each page and a byte for each that changed. Start with
//! [`MapWriter`], [`MapReader`] and [`Changed`].

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::destination::Stamp;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};

/// BLAKE3 of one page, or of all hashes.
pub type Hash = [u8; 32];

/// The key of the hashes of eighths: random, so that nobody who sends messages can make two alike.
pub type Key = [u8; 32];

/// Parts that a page has; a bit of a mask for each.
pub const PARTS: usize = 8;
/// The mask of a whole page.
pub const WHOLE: u8 = 0xff;

/// SQLite's highest page number.
pub const PAGES_MAX: u64 = 0xffff_fffe;

const MAGIC: &[u8; 8] = b"WPPPAGES";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 176;
const ENTRY_BYTES: usize = 96;
const DESCRIPTION_SIZE_MAX: u32 = 1 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// The hash of a page.
pub fn hash(page: &[u8]) -> Hash {
    *blake3::hash(page).as_bytes()
}

/// One page as a map knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// BLAKE3 of the page.
    pub hash: Hash,
    /// Keyed hashes of its eighths.
    pub parts: [[u8; 8]; PARTS],
}

impl Entry {
    /// Of a page whose hash is known.
    pub fn new(hash: Hash, page: &[u8], key: &Key) -> Entry {
        let mut entry = Entry { hash, parts: [[0; 8]; PARTS] };
        entry.set(WHOLE, page, key);
        entry
    }

    /// Takes the parts of a mask, which `bytes` holds one after the other.
    pub fn set(&mut self, mask: u8, bytes: &[u8], key: &Key) {
        let size = bytes.len() / (mask.count_ones() as usize).max(1);
        let numbers = (0..PARTS).filter(|part| mask >> part & 1 == 1);
        for (part, bytes) in numbers.zip(bytes.chunks(size.max(1))) {
            self.parts[part].copy_from_slice(&blake3::keyed_hash(key, bytes).as_bytes()[..8]);
        }
    }

    /// The parts that differ from those of another state of the page, which has another hash.
    pub fn differs(&self, before: &Entry) -> u8 {
        let bits = self.parts.iter().zip(&before.parts).enumerate();
        let mask = bits.fold(0, |mask, (part, (one, other))| mask | u8::from(one != other) << part);
        // Another page without another part: its hashes met by chance, and all of it is taken.
        if mask == 0 { WHOLE } else { mask }
    }

    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..32].copy_from_slice(&self.hash);
        bytes[32..].copy_from_slice(self.parts.as_flattened());
        bytes
    }

    fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> Entry {
        let mut entry = Entry { hash: [0; 32], parts: [[0; 8]; PARTS] };
        entry.hash.copy_from_slice(&bytes[..32]);
        entry.parts.as_flattened_mut().copy_from_slice(&bytes[32..]);
        entry
    }
}

/// The hash over all page hashes, in the order of the pages: with the page size it says whether two
/// databases are the same, byte for byte.
#[derive(Debug, Clone, Default)]
pub struct Root(blake3::Hasher);

impl Root {
    /// Takes the next page's hash.
    pub fn push(&mut self, hash: &Hash) {
        self.0.update(hash);
    }

    /// The root of what was taken.
    pub fn finish(&self) -> Hash {
        *self.0.finalize().as_bytes()
    }
}

/// Whether SQLite has pages of this size.
pub fn is_page_size(size_bytes: u64) -> bool {
    size_bytes.is_power_of_two() && (512..=65_536).contains(&size_bytes)
}

/// Cuts a stream of bytes into pages.
#[derive(Debug)]
pub struct Cutter {
    page_size_bytes: usize,
    part: Vec<u8>,
}

impl Cutter {
    /// For pages of a size for which [`is_page_size`] holds.
    pub fn new(page_size_bytes: u64) -> Cutter {
        // A page size fits every usize.
        Cutter { page_size_bytes: page_size_bytes as usize, part: Vec::new() }
    }

    /// Takes bytes of any number and hands on each page that is complete.
    pub fn take(&mut self, mut bytes: &[u8], page: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if !self.part.is_empty() {
            let count = bytes.len().min(self.page_size_bytes - self.part.len());
            let (first, rest) = bytes.split_at(count);
            self.part.extend_from_slice(first);
            bytes = rest;
            if self.part.len() < self.page_size_bytes {
                return Ok(());
            }
            page(&self.part)?;
            self.part.clear();
        }
        let mut whole = bytes.chunks_exact(self.page_size_bytes);
        for bytes in &mut whole {
            page(bytes)?;
        }
        self.part.extend_from_slice(whole.remainder());
        Ok(())
    }

    /// Whether every byte that was taken has been handed on.
    pub fn is_even(&self) -> bool {
        self.part.is_empty()
    }
}

/// Which pages of a database an increment carries, and which eighths of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    words: Vec<u64>,
    /// One for each page that changed.
    masks: Vec<u8>,
    pages: u64,
    runs: u64,
    parts: u64,
}

/// Pages that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Number of the first page; SQLite counts from 1.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Changed {
    /// Nothing yet, of a database with so many pages.
    pub fn none(pages: u64) -> Changed {
        // What does not fit the memory's address space is no database that is open here.
        let words = usize::try_from(pages.div_ceil(64)).unwrap_or(usize::MAX);
        Changed { words: vec![0; words], masks: Vec::new(), pages, runs: 0, parts: 0 }
    }

    /// Adds some eighths of a page; pages come in ascending order, each once. Numbers outside the
    /// database are none.
    pub fn push(&mut self, page: u64, mask: u8) {
        if page == 0 || page > self.pages || self.contains(page) {
            return;
        }
        if !self.contains(page - 1) {
            self.runs += 1;
        }
        let at = page - 1;
        // The index is below the number of words because the page is one of the database's.
        self.words[(at / 64) as usize] |= 1 << (at % 64);
        self.masks.push(mask);
        self.parts += u64::from(mask.count_ones());
    }

    /// Whether the page was added.
    pub fn contains(&self, page: u64) -> bool {
        let Some(at) = page.checked_sub(1) else { return false };
        let word = usize::try_from(at / 64).ok().and_then(|index| self.words.get(index));
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// How many pages were added.
    pub fn count(&self) -> u64 {
        self.masks.len() as u64
    }

    /// How many eighths of them.
    pub fn part_count(&self) -> u64 {
        self.parts
    }

    /// The eighths of each page that was added, in order.
    pub fn masks(&self) -> &[u8] {
        &self.masks
    }

    /// How many runs they make.
    pub fn run_count(&self) -> u64 {
        self.runs
    }

    /// The runs, ascending; no two touch.
    pub fn runs(&self) -> impl Iterator<Item = Run> {
        let mut next = 1;
        std::iter::from_fn(move || {
            while next <= self.pages && !self.contains(next) {
                // Whole words without a page are skipped at once.
                let empty = (next - 1).is_multiple_of(64) && self.words[((next - 1) / 64) as usize] == 0;
                next += if empty { 64 } else { 1 };
            }
            if next > self.pages {
                return None;
            }
            let first = next;
            while next <= self.pages && self.contains(next) {
                next += 1;
            }
            Some(Run { first, count: next - first })
        })
    }
}

/// One archive of a chain, as the home that wrote it remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The archive's id.
    pub id: String,
    /// Its file's name.
    pub name: String,
    /// Its file's size.
    pub size_bytes: u64,
    /// Which state of the file was read and found to be good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
}

/// What a map belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The session.
    pub session: String,
    /// Where the chain lies.
    pub destination: String,
    /// From the full archive to the one that this map describes.
    pub chain: Vec<Remembered>,
}

/// Writes a map.
#[derive(Debug)]
pub struct MapWriter {
    out: BufWriter<File>,
    path: PathBuf,
    page_size_bytes: u64,
    key: Key,
    pages: u64,
    root: Root,
    entries: blake3::Hasher,
}

impl MapWriter {
    /// Starts a map in a new file, with the key of another map, whose entries it may then share, or
    /// with one of its own.
    pub fn create(path: &Path, page_size_bytes: u64, key: Option<&Key>) -> Result<MapWriter> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, disk::create_file(path)?);
        out.write_all(&[0; HEAD_BYTES]).map_err(|error| disk::cannot("write", path, error))?;
        let key = key.copied().unwrap_or_else(rand::random);
        let (root, entries) = (Root::default(), blake3::Hasher::new());
        Ok(MapWriter { out, path: path.to_owned(), page_size_bytes, key, pages: 0, root, entries })
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key of the hashes of eighths.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Takes the next page.
    pub fn push_page(&mut self, page: &[u8]) -> Result<()> {
        self.push(&Entry::new(hash(page), page, &self.key))
    }

    /// Takes the next page's entry.
    pub fn push(&mut self, entry: &Entry) -> Result<()> {
        let bytes = entry.to_bytes();
        self.root.push(&entry.hash);
        self.entries.update(&bytes);
        self.pages += 1;
        self.out.write_all(&bytes).map_err(|error| disk::cannot("write", &self.path, error))
    }

    /// Changes a page, or adds the one right after the last: its new hash, and the eighths of a mask,
    /// which `bytes` holds. The root is then known from [`MapWriter::reread`] alone.
    pub fn put(&mut self, page: u64, hash: Hash, mask: u8, bytes: &[u8]) -> Result<()> {
        let known = page <= self.pages;
        if page == 0 || page > self.pages + 1 || (!known && mask != WHOLE) {
            return Err(damaged(&self.path, "a page would leave a gap"));
        }
        let place = HEAD_BYTES as u64 + (page - 1) * ENTRY_BYTES as u64;
        let mut change = || -> std::io::Result<()> {
            // What was pushed goes out first; from then on the file is changed in place.
            self.out.flush()?;
            let file = self.out.get_ref();
            let mut old = [0; ENTRY_BYTES];
            if known {
                file.read_exact_at(&mut old, place)?;
            }
            let mut entry = Entry { hash, ..Entry::from_bytes(&old) };
            entry.set(mask, bytes, &self.key);
            file.write_all_at(&entry.to_bytes(), place)
        };
        change().map_err(|error| disk::cannot("write", &self.path, error))?;
        self.pages = self.pages.max(page);
        Ok(())
    }

    /// After [`MapWriter::put`]: forgets what comes after so many pages.
    pub fn cut(&mut self, pages: u64) {
        self.pages = self.pages.min(pages);
    }

    /// After [`MapWriter::put`]: computes the root anew.
    pub fn reread(&mut self) -> Result<Hash> {
        let pages = self.pages;
        let mut read = || -> std::io::Result<(Root, blake3::Hasher)> {
            self.out.flush()?;
            let file = self.out.get_mut();
            file.set_len(HEAD_BYTES as u64 + pages * ENTRY_BYTES as u64)?;
            file.seek(SeekFrom::Start(HEAD_BYTES as u64))?;
            let mut input = BufReader::with_capacity(BUFFER_BYTES, &*file);
            let (mut root, mut entries, mut bytes) = (Root::default(), blake3::Hasher::new(), [0; ENTRY_BYTES]);
            for _ in 0..pages {
                input.read_exact(&mut bytes)?;
                entries.update(&bytes);
                root.push(&Entry::from_bytes(&bytes).hash);
            }
            file.seek(SeekFrom::End(0))?;
            Ok((root, entries))
        };
        (self.root, self.entries) = read().map_err(|error| disk::cannot("read back", &self.path, error))?;
        Ok(self.root.finish())
    }

    /// Size of a page.
    pub fn page_size_bytes(&self) -> u64 {
        self.page_size_bytes
    }

    /// Pages so far.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// The root of the pages so far.
    pub fn root(&self) -> Hash {
        self.root.finish()
    }

    /// Ends the map and forces it to the disk.
    pub fn finish(mut self, description: &Description) -> Result<()> {
        let Some(archive) = description.chain.last().and_then(|last| uuid::Uuid::parse_str(&last.id).ok()) else {
            return Err(damaged(&self.path, "it would belong to no archive"));
        };
        let text = serde_json::to_vec(description).while_doing(|| "cannot describe a page map".into())?;
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        // A description is some hundred bytes for each archive of a chain whose length is bounded.
        head.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        head.extend_from_slice(&u32::try_from(self.page_size_bytes).unwrap_or(0).to_le_bytes());
        head.extend_from_slice(&[0; 4]);
        head.extend_from_slice(&self.pages.to_le_bytes());
        head.extend_from_slice(archive.as_bytes());
        head.extend_from_slice(&self.root.finish());
        head.extend_from_slice(self.entries.finalize().as_bytes());
        head.extend_from_slice(&self.key);
        let checksum = checksum(&head, &text);
        head.extend_from_slice(&checksum);
        disk::faults::write_point(&self.path, || drop(self.out.get_ref().write_at(&head[..head.len() / 2], 0)))?;
        self.out
            .write_all(&text)
            .and_then(|()| self.out.flush())
            .and_then(|()| self.out.get_ref().write_all_at(&head, 0))
            .map_err(|error| disk::cannot("write", &self.path, error))?;
        disk::sync_file(&self.path)
    }
}

/// Reads a map that may be damaged or somebody else's.
#[derive(Debug)]
pub struct MapReader {
    input: BufReader<File>,
    path: PathBuf,
    page_size_bytes: u64,
    pages: u64,
    stated: Hash,
    entries_stated: Hash,
    key: Key,
    description: Description,
    read: u64,
    root: Root,
    entries: blake3::Hasher,
}

impl MapReader {
    /// Opens a map; `None` if there is no file. Its entries are proven only when the last one was read
    /// and [`MapReader::finish`] agreed.
    pub fn open(path: &Path) -> Result<Option<MapReader>> {
        let mut file = match disk::open_to_read(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk::cannot("read", path, error)),
        };
        let mut head = [0; HEAD_BYTES];
        let size = file.metadata().map_err(|error| disk::cannot("look at", path, error))?.len();
        file.read_exact(&mut head).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged(path, "it is cut short"),
            _ => disk::cannot("read", path, error),
        })?;
        if head[..8] != *MAGIC {
            return Err(damaged(path, "it was never finished, or is something else"));
        }
        let version = number(&head, 8, 4);
        if version != u64::from(VERSION) {
            return Err(damaged(path, format!("it has version {version}")));
        }
        let (length, page_size_bytes, pages) = (number(&head, 12, 4), number(&head, 16, 4), number(&head, 24, 8));
        let entries = pages.checked_mul(ENTRY_BYTES as u64).filter(|_| pages <= PAGES_MAX);
        let expected = entries.map(|entries| HEAD_BYTES as u64 + entries + length);
        if expected != Some(size) || length > u64::from(DESCRIPTION_SIZE_MAX) || !is_page_size(page_size_bytes) {
            return Err(damaged(path, "its size is not what it states"));
        }
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(size - length))
            .and_then(|_| (&file).take(length).read_to_end(&mut text))
            .and_then(|_| file.seek(SeekFrom::Start(HEAD_BYTES as u64)))
            .map_err(|error| disk::cannot("read", path, error))?;
        if checksum(&head[..144], &text)[..] != head[144..] {
            return Err(damaged(path, "its checksum is wrong"));
        }
        let description: Description =
            serde_json::from_slice(&text).map_err(|error| damaged(path, "its description cannot be read").caused_by(error))?;
        let archive_id = uuid::Uuid::from_slice(&head[32..48]).map(|id| id.to_string()).unwrap_or_default();
        if description.chain.last().map(|last| last.id.as_str()) != Some(archive_id.as_str()) {
            return Err(damaged(path, "it names two archives"));
        }
        let part = |at: usize| {
            let mut part = [0; 32];
            part.copy_from_slice(&head[at..at + 32]);
            part
        };
        Ok(Some(MapReader {
            input: BufReader::with_capacity(BUFFER_BYTES, file),
            path: path.to_owned(),
            page_size_bytes,
            pages,
            stated: part(48),
            entries_stated: part(80),
            key: part(112),
            description,
            read: 0,
            root: Root::default(),
            entries: blake3::Hasher::new(),
        }))
    }

    /// Size of a page.
    pub fn page_size_bytes(&self) -> u64 {
        self.page_size_bytes
    }

    /// Pages of the database.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// The root that it states.
    pub fn stated_root(&self) -> Hash {
        self.stated
    }

    /// What it belongs to.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The key of the hashes of eighths.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The next page's entry; `None` after the last one.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        if self.read == self.pages {
            return Ok(None);
        }
        let mut bytes = [0; ENTRY_BYTES];
        self.input.read_exact(&mut bytes).map_err(|error| disk::cannot("read", &self.path, error))?;
        let entry = Entry::from_bytes(&bytes);
        self.root.push(&entry.hash);
        self.entries.update(&bytes);
        self.read += 1;
        Ok(Some(entry))
    }

    /// Reads what is left and says whether all entries are those that were written; gives the root.
    pub fn finish(mut self) -> Result<Hash> {
        while self.next_entry()?.is_some() {}
        if self.root.finish() == self.stated && *self.entries.finalize().as_bytes() == self.entries_stated {
            return Ok(self.stated);
        }
        Err(damaged(&self.path, "its entries were changed"))
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn checksum(head: &[u8], description: &[u8]) -> Hash {
    *blake3::Hasher::new().update(head).update(description).finalize().as_bytes()
}

fn damaged(path: &Path, reason: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::Archive, format!("the page map {} cannot be used: {}", path.display(), reason.as_ref()))
        .hint("remove it: the next incremental backup makes it again, from the archives or with a full backup")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(id: &str) -> Description {
        let last = Remembered { id: id.into(), name: "main-x.wpp.tar.gz".into(), size_bytes: 9, stamp: None };
        Description { session: "main".into(), destination: "/backups".into(), chain: vec![last] }
    }

    const KEY: Key = [3; 32];

    fn page(number: u8) -> Vec<u8> {
        (0..=255).chain(0..=255).map(|byte: u8| byte ^ number).collect()
    }

    fn entries(count: u8) -> Vec<Entry> {
        (0..count).map(|number| Entry::new(hash(&page(number)), &page(number), &KEY)).collect()
    }

    fn written(path: &Path, entries: &[Entry]) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        let mut map = MapWriter::create(path, 512, Some(&KEY)).unwrap();
        entries.iter().for_each(|entry| map.push(entry).unwrap());
        map.finish(&description(&id)).unwrap();
        id
    }

    #[test]
    fn an_entry_says_which_eighths_of_a_page_differ() {
        let before = Entry::new(hash(&page(0)), &page(0), &KEY);
        for part in 0..PARTS {
            let mut now = page(0);
            now[part * 64 + 63] ^= 1;
            let entry = Entry::new(hash(&now), &now, &KEY);
            assert_eq!(entry.differs(&before), 1 << part);
            let mut set = before;
            set.set(1 << part, &now[part * 64..part * 64 + 64], &KEY);
            assert_eq!(set.parts, entry.parts);
            assert_ne!(Entry::new(hash(&now), &now, &[4; 32]).parts, entry.parts);
        }
        assert_eq!(Entry::new(hash(&page(9)), &page(9), &KEY).differs(&before), WHOLE);
        // Equal parts of a page whose hash is another: all of it counts as changed.
        assert_eq!(Entry { hash: hash(b"x"), ..before }.differs(&before), WHOLE);
    }

    #[test]
    fn a_map_reads_as_it_was_written_and_no_bit_of_it_can_change_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        assert!(MapReader::open(&path).unwrap().is_none());
        let all = entries(7);
        let id = written(&path, &all);
        let mut map = MapReader::open(&path).unwrap().unwrap();
        assert_eq!((map.page_size_bytes(), map.pages(), map.key()), (512, 7, &KEY));
        assert_eq!(map.description(), &description(&id));
        let read: Vec<Entry> = std::iter::from_fn(|| map.next_entry().unwrap()).collect();
        assert_eq!(read, all);
        assert_eq!(map.finish().unwrap(), MapReader::open(&path).unwrap().unwrap().stated_root());

        let good = std::fs::read(&path).unwrap();
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, flipped).unwrap();
            let seen = MapReader::open(&path).and_then(|map| map.unwrap().finish());
            assert_eq!(seen.unwrap_err().kind(), ErrorKind::Archive, "bit {bit}");
        }
        for length in 0..good.len() {
            std::fs::write(&path, &good[..length]).unwrap();
            assert!(MapReader::open(&path).is_err(), "{length} bytes");
        }
        std::fs::write(&path, [good.as_slice(), b"x"].concat()).unwrap();
        assert!(MapReader::open(&path).is_err());
    }

    #[test]
    fn a_map_that_was_not_finished_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        let mut map = MapWriter::create(&path, 512, None).unwrap();
        map.push_page(&page(1)).unwrap();
        drop(map);
        assert_eq!(MapReader::open(&path).unwrap_err().kind(), ErrorKind::Archive);
    }

    #[test]
    fn a_map_can_be_patched_as_its_database_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = entries(9);
        let mut map = MapWriter::create(&folder.path().join("map"), 512, Some(&KEY)).unwrap();
        all[..6].iter().for_each(|entry| map.push(entry).unwrap());
        let mut third = page(2);
        third[64..192].fill(7);
        all[2] = Entry::new(hash(&third), &third, &KEY);
        map.put(3, all[2].hash, 0b110, &third[64..192]).unwrap();
        for number in [6, 7, 8] {
            map.put(u64::from(number) + 1, all[usize::from(number)].hash, WHOLE, &page(number)).unwrap();
        }
        for (number, mask) in [(11, WHOLE), (0, WHOLE), (10, 0b1111)] {
            assert!(map.put(number, all[0].hash, mask, &page(0)).is_err(), "{number}");
        }
        let root = |entries: &[Entry]| {
            let mut root = Root::default();
            entries.iter().for_each(|entry| root.push(&entry.hash));
            root.finish()
        };
        assert_eq!(map.reread().unwrap(), root(&all));
        map.cut(20);
        map.cut(4);
        assert_eq!(map.reread().unwrap(), root(&all[..4]));
        map.push(&all[4]).unwrap();
        map.finish(&description(&uuid::Uuid::new_v4().to_string())).unwrap();
        let mut map = MapReader::open(&folder.path().join("map")).unwrap().unwrap();
        let read: Vec<Entry> = std::iter::from_fn(|| map.next_entry().unwrap()).collect();
        assert_eq!(read, all[..5]);
        assert_eq!(map.finish().unwrap(), root(&all[..5]));
    }

    #[test]
    fn runs_are_the_pages_that_were_added() {
        let mut changed = Changed::none(300);
        assert_eq!(changed.runs().count(), 0);
        for page in [1, 2, 3, 64, 65, 66, 200, 300, 301, 0, 300] {
            changed.push(page, if page == 64 { 0b11 } else { 0b1 });
        }
        let runs: Vec<(u64, u64)> = changed.runs().map(|run| (run.first, run.count)).collect();
        assert_eq!(runs, [(1, 3), (64, 3), (200, 1), (300, 1)]);
        assert_eq!((changed.count(), changed.run_count(), changed.part_count()), (8, 4, 9));
        assert_eq!(changed.masks()[3], 0b11);
        assert!(!changed.contains(0) && !changed.contains(u64::MAX) && changed.contains(300));
    }

    #[test]
    fn pages_are_cut_wherever_the_stream_is() {
        let bytes: Vec<u8> = (0..512 * 5_u32).map(|number| (number * 7 % 251) as u8).collect();
        for step in [1, 100, 511, 512, 513, 1024, 5000] {
            let mut cutter = Cutter::new(512);
            let mut pages = Vec::new();
            for part in bytes.chunks(step) {
                cutter
                    .take(part, &mut |page| {
                        assert_eq!(page.len(), 512);
                        pages.extend_from_slice(page);
                        Ok(())
                    })
                    .unwrap();
            }
            assert!(cutter.is_even() && pages == bytes, "{step}");
        }
        let mut cutter = Cutter::new(512);
        cutter.take(&bytes[..700], &mut |_| Ok(())).unwrap();
        assert!(!cutter.is_even());
    }
}
