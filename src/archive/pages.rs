//! Page maps: one hash for each page of a database, which is all that an increment needs to know
//! of the archive before it. Imports the ground only.
//!
//! A map is a file in the home:
//!
//! ```text
//!   0  magic "WPPPAGES"
//!   8  version, 4 bytes              16  page size, 4 bytes
//!  12  length of the description     20  nothing, 4 bytes
//!  24  pages, 8 bytes                32  id of the archive, 16 bytes
//!  48  root: BLAKE3 over all hashes  80  BLAKE3 over bytes 0 to 80 and the description
//! 112  BLAKE3 of each page, 32 bytes each, in the order of the pages
//!      the description: which session, which destination, which chain (JSON)
//! ```
//!
//! Numbers are little endian. The first 112 bytes are written last, so what a killed process leaves
//! is no map. Maps are written and read as streams: a database of any size needs the memory of one
//! page, and [`Changed`] one bit for each. Start with [`MapWriter`], [`MapReader`] and [`Changed`].

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};

/// BLAKE3 of one page, or of all hashes.
pub type Hash = [u8; 32];

/// SQLite's highest page number.
pub const PAGES_MAX: u64 = 0xffff_fffe;

const MAGIC: &[u8; 8] = b"WPPPAGES";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 112;
const DESCRIPTION_SIZE_MAX: u32 = 1 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// The hash of a page.
pub fn hash(page: &[u8]) -> Hash {
    *blake3::hash(page).as_bytes()
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

/// Which pages of a database an increment carries: one bit for each page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    words: Vec<u64>,
    pages: u64,
    count: u64,
    runs: u64,
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
        Changed { words: vec![0; words], pages, count: 0, runs: 0 }
    }

    /// Adds a page; pages come in ascending order, each once. Numbers outside the database are none.
    pub fn push(&mut self, page: u64) {
        if page == 0 || page > self.pages || self.contains(page) {
            return;
        }
        if !self.contains(page - 1) {
            self.runs += 1;
        }
        let at = page - 1;
        // The index is below the number of words because the page is one of the database's.
        self.words[(at / 64) as usize] |= 1 << (at % 64);
        self.count += 1;
    }

    /// Whether the page was added.
    pub fn contains(&self, page: u64) -> bool {
        let Some(at) = page.checked_sub(1) else { return false };
        let word = usize::try_from(at / 64).ok().and_then(|index| self.words.get(index));
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// How many pages were added.
    pub fn count(&self) -> u64 {
        self.count
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
    pages: u64,
    root: Root,
}

impl MapWriter {
    /// Starts a map in a new file.
    pub fn create(path: &Path, page_size_bytes: u64) -> Result<MapWriter> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, disk::create_file(path)?);
        out.write_all(&[0; HEAD_BYTES]).map_err(|error| disk::cannot("write", path, error))?;
        Ok(MapWriter { out, path: path.to_owned(), page_size_bytes, pages: 0, root: Root::default() })
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the next page's hash.
    pub fn push(&mut self, hash: &Hash) -> Result<()> {
        self.root.push(hash);
        self.pages += 1;
        self.out.write_all(hash).map_err(|error| disk::cannot("write", &self.path, error))
    }

    /// Replaces the hash of a page, or adds it right after the last one; the root is then known only
    /// from [`MapWriter::reread`].
    pub fn put(&mut self, page: u64, hash: &Hash) -> Result<()> {
        let end = self.pages.saturating_add(1);
        if page == 0 || page > end {
            return Err(damaged(&self.path, "a page would leave a gap"));
        }
        self.pages = self.pages.max(page);
        self.out
            .seek(SeekFrom::Start(HEAD_BYTES as u64 + (page - 1) * 32))
            .and_then(|_| self.out.write_all(hash))
            .map_err(|error| disk::cannot("write", &self.path, error))
    }

    /// After [`MapWriter::put`]: forgets what comes after so many pages.
    pub fn cut(&mut self, pages: u64) {
        self.pages = self.pages.min(pages);
    }

    /// After [`MapWriter::put`]: computes the root anew.
    pub fn reread(&mut self) -> Result<Hash> {
        let pages = self.pages;
        let mut read = || -> std::io::Result<Root> {
            self.out.flush()?;
            let file = self.out.get_mut();
            file.set_len(HEAD_BYTES as u64 + pages * 32)?;
            file.seek(SeekFrom::Start(HEAD_BYTES as u64))?;
            let mut input = BufReader::with_capacity(BUFFER_BYTES, &*file);
            let (mut root, mut hash) = (Root::default(), [0; 32]);
            for _ in 0..pages {
                input.read_exact(&mut hash)?;
                root.push(&hash);
            }
            file.seek(SeekFrom::End(0))?;
            Ok(root)
        };
        self.root = read().map_err(|error| disk::cannot("read back", &self.path, error))?;
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
        let checksum = checksum(&head, &text);
        head.extend_from_slice(&checksum);
        self.out
            .write_all(&text)
            .and_then(|()| self.out.flush())
            .and_then(|()| self.out.seek(SeekFrom::Start(0)))
            .and_then(|_| self.out.write_all(&head))
            .and_then(|()| self.out.flush())
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
    archive_id: String,
    stated: Hash,
    description: Description,
    read: u64,
    root: Root,
}

impl MapReader {
    /// Opens a map; `None` if there is no file. Its hashes are proven only when the last one was read
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
        let hashes = pages.checked_mul(32).filter(|_| pages <= PAGES_MAX);
        let expected = hashes.map(|hashes| HEAD_BYTES as u64 + hashes + length);
        if expected != Some(size) || length > u64::from(DESCRIPTION_SIZE_MAX) || !is_page_size(page_size_bytes) {
            return Err(damaged(path, "its size is not what it states"));
        }
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(size - length))
            .and_then(|_| (&file).take(length).read_to_end(&mut text))
            .and_then(|_| file.seek(SeekFrom::Start(HEAD_BYTES as u64)))
            .map_err(|error| disk::cannot("read", path, error))?;
        if checksum(&head[..80], &text)[..] != head[80..] {
            return Err(damaged(path, "its checksum is wrong"));
        }
        let description: Description =
            serde_json::from_slice(&text).map_err(|error| damaged(path, "its description cannot be read").caused_by(error))?;
        let archive_id = uuid::Uuid::from_slice(&head[32..48]).map(|id| id.to_string()).unwrap_or_default();
        if description.chain.last().map(|last| last.id.as_str()) != Some(archive_id.as_str()) {
            return Err(damaged(path, "it names two archives"));
        }
        let mut stated = Hash::default();
        stated.copy_from_slice(&head[48..80]);
        Ok(Some(MapReader {
            input: BufReader::with_capacity(BUFFER_BYTES, file),
            path: path.to_owned(),
            page_size_bytes,
            pages,
            archive_id,
            stated,
            description,
            read: 0,
            root: Root::default(),
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

    /// The archive that it describes.
    pub fn archive_id(&self) -> &str {
        &self.archive_id
    }

    /// The root that it states.
    pub fn stated_root(&self) -> Hash {
        self.stated
    }

    /// What it belongs to.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The next page's hash; `None` after the last one.
    pub fn next_hash(&mut self) -> Result<Option<Hash>> {
        if self.read == self.pages {
            return Ok(None);
        }
        let mut hash = Hash::default();
        self.input.read_exact(&mut hash).map_err(|error| disk::cannot("read", &self.path, error))?;
        self.root.push(&hash);
        self.read += 1;
        Ok(Some(hash))
    }

    /// Reads what is left and says whether all hashes are what the map's root proves.
    pub fn finish(mut self) -> Result<Hash> {
        while self.next_hash()?.is_some() {}
        if self.root.finish() == self.stated { Ok(self.stated) } else { Err(damaged(&self.path, "its hashes were changed")) }
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
        let last = Remembered { id: id.into(), name: "main-x.wpp.tar.gz".into(), size_bytes: 9 };
        Description { session: "main".into(), destination: "/backups".into(), chain: vec![last] }
    }

    fn hashes(count: u8) -> Vec<Hash> {
        (0..count).map(|number| hash(&[number])).collect()
    }

    fn written(path: &Path, hashes: &[Hash]) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        let mut map = MapWriter::create(path, 4096).unwrap();
        hashes.iter().for_each(|hash| map.push(hash).unwrap());
        map.finish(&description(&id)).unwrap();
        id
    }

    #[test]
    fn a_map_reads_as_it_was_written_and_no_bit_of_it_can_change_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        assert!(MapReader::open(&path).unwrap().is_none());
        let all = hashes(7);
        let id = written(&path, &all);
        let mut map = MapReader::open(&path).unwrap().unwrap();
        assert_eq!((map.page_size_bytes(), map.pages(), map.archive_id()), (4096, 7, id.as_str()));
        assert_eq!(map.description(), &description(&id));
        let read: Vec<Hash> = std::iter::from_fn(|| map.next_hash().unwrap()).collect();
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
        let mut map = MapWriter::create(&path, 512).unwrap();
        map.push(&hash(b"x")).unwrap();
        drop(map);
        assert_eq!(MapReader::open(&path).unwrap_err().kind(), ErrorKind::Archive);
    }

    #[test]
    fn a_map_can_be_patched_as_its_database_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = hashes(9);
        let mut map = MapWriter::create(&folder.path().join("map"), 512).unwrap();
        all[..6].iter().for_each(|hash| map.push(hash).unwrap());
        all[2] = hash(b"other");
        for page in [3, 7, 8, 9] {
            map.put(page, &all[page as usize - 1]).unwrap();
        }
        assert!(map.put(11, &all[0]).is_err() && map.put(0, &all[0]).is_err());
        let root = |hashes: &[Hash]| {
            let mut root = Root::default();
            hashes.iter().for_each(|hash| root.push(hash));
            root.finish()
        };
        assert_eq!(map.reread().unwrap(), root(&all));
        map.cut(20);
        map.cut(4);
        assert_eq!(map.reread().unwrap(), root(&all[..4]));
        map.push(&all[4]).unwrap();
        map.finish(&description(&uuid::Uuid::new_v4().to_string())).unwrap();
        let map = MapReader::open(&folder.path().join("map")).unwrap().unwrap();
        assert_eq!((map.pages(), map.finish().unwrap()), (5, root(&all[..5])));
    }

    #[test]
    fn runs_are_the_pages_that_were_added() {
        let mut changed = Changed::none(300);
        assert_eq!(changed.runs().count(), 0);
        for page in [1, 2, 3, 64, 65, 66, 200, 300, 301, 0, 300] {
            changed.push(page);
        }
        let runs: Vec<(u64, u64)> = changed.runs().map(|run| (run.first, run.count)).collect();
        assert_eq!(runs, [(1, 3), (64, 3), (200, 1), (300, 1)]);
        assert_eq!((changed.count(), changed.run_count()), (8, 4));
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
