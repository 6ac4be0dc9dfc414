//! What an increment carries of a database: the pages that changed since another archive, and of
//! each the eighths that changed. Imports the ground and [`super::pages`].
//!
//! The content `wpp.db.delta`:
//!
//! ```text
//!   0  magic "WPPDELTA"
//!   8  version, 4 bytes              12  page size, 4 bytes
//!  16  pages before, 8 bytes         24  pages now, 8 bytes
//!  32  pages that follow, 8 bytes    40  runs that follow, 8 bytes
//!  48  eighths that follow, 8 bytes
//!  56  root of the database before   88  root of the database now
//! 120  for each run: number of its first page, 4 bytes; how many, 4 bytes; and for each page
//!      its BLAKE3, 32 bytes; which eighths follow, a bit of one byte for each; those eighths
//! ```
//!
//! Numbers are little endian. Runs ascend and never touch, and a page that the database did not have
//! before is whole. The size follows from the head. Roots are those of [`super::pages::Root`].
//!
//! **Made in two passes over one read transaction.** The first ([`Comparer`]) hashes every page and
//! compares with the page map of the archive before, stream against stream; then the size is known,
//! which the archive's index states. The second ([`Delta::write`]) reads only what changed. Both see
//! the same moment, and the second proves that it read what the first compared.
//!
//! **Read by a machine that trusts nothing** ([`Decoder`]): every number is checked before it is
//! used, and a [`Patch`] writes inside the file it was given and nowhere else. What comes out is
//! proven by [`root_of`], page by page.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::pages::{self, Changed, Cutter, Entry, Hash, MapReader, MapWriter, PAGES_MAX, PARTS, Root, Run, WHOLE};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

const MAGIC: &[u8; 8] = b"WPPDELTA";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 120;
const RUN_BYTES: u64 = 8;
/// What stands before the eighths of a page.
pub const PAGE_HEAD_BYTES: u64 = 33;
const BUFFER_BYTES: usize = 256 << 10;

/// Takes the next bytes of a stream.
pub type Take<'a> = dyn FnMut(&[u8]) -> Result<()> + 'a;

/// What a delta states before its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Size of a page, before and now.
    pub page_size_bytes: u64,
    /// Pages of the database that it is applied to.
    pub pages_before: u64,
    /// Pages of the database that comes out.
    pub pages: u64,
    /// Pages inside.
    pub changed: u64,
    /// Runs that they make.
    pub runs: u64,
    /// Eighths of pages inside.
    pub parts: u64,
    /// Root of the database that it is applied to.
    pub root_before: Hash,
    /// Root of the database that comes out.
    pub root: Hash,
}

impl Head {
    /// Size of the whole delta; `None` if no file is that large.
    pub fn size_bytes(&self) -> Option<u64> {
        let parts = self.parts.checked_mul(self.page_size_bytes / PARTS as u64)?;
        let pages = self.changed.checked_mul(PAGE_HEAD_BYTES)?;
        self.runs.checked_mul(RUN_BYTES)?.checked_add(pages)?.checked_add(parts)?.checked_add(HEAD_BYTES as u64)
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        // A page size is at most 65,536.
        bytes.extend_from_slice(&(self.page_size_bytes as u32).to_le_bytes());
        for number in [self.pages_before, self.pages, self.changed, self.runs, self.parts] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.root_before);
        bytes.extend_from_slice(&self.root);
        bytes
    }

    /// Reads a head of a delta that is `size_bytes` large; the reason when it cannot be one.
    fn parse(bytes: &[u8; HEAD_BYTES], size_bytes: u64) -> Result<Head, String> {
        let number = |at: usize, length: usize| {
            bytes[at..at + length].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let hash = |at: usize| {
            let mut hash = Hash::default();
            hash.copy_from_slice(&bytes[at..at + 32]);
            hash
        };
        if bytes[..8] != *MAGIC {
            return Err("it is no delta".into());
        }
        if number(8, 4) != u64::from(VERSION) {
            return Err(format!("it has version {}", number(8, 4)));
        }
        let head = Head {
            page_size_bytes: number(12, 4),
            pages_before: number(16, 8),
            pages: number(24, 8),
            changed: number(32, 8),
            runs: number(40, 8),
            parts: number(48, 8),
            root_before: hash(56),
            root: hash(88),
        };
        if !pages::is_page_size(head.page_size_bytes) {
            return Err(format!("it states pages of {} bytes", head.page_size_bytes));
        }
        if [head.pages_before, head.pages].iter().any(|pages| !(1..=PAGES_MAX).contains(pages)) {
            return Err(format!("it leads from {} pages to {}", head.pages_before, head.pages));
        }
        // What is added must be inside: a delta never makes a file larger than what was written.
        let added = head.pages.saturating_sub(head.pages_before);
        if head.changed > head.pages
            || head.changed < added
            || head.runs > head.changed
            || (head.runs == 0) != (head.changed == 0)
            || head.parts < head.changed
            || head.parts > head.changed * PARTS as u64
        {
            return Err(format!("it states {} pages in {} runs, of {}", head.changed, head.runs, head.pages));
        }
        if head.size_bytes() != Some(size_bytes) {
            return Err(format!(
                "it is {size_bytes} bytes large and states pages for {:?}",
                head.size_bytes().unwrap_or(u64::MAX)
            ));
        }
        Ok(head)
    }
}

/// The first pass: takes a database's bytes and finds the pages that differ from a map.
pub struct Comparer {
    cutter: Cutter,
    old: MapReader,
    new: MapWriter,
    page_size_bytes: u64,
    pages: u64,
    seen: u64,
    changed: Changed,
    contents: Root,
}

impl Comparer {
    /// Compares with `old` a database of so many pages, which has pages of the same size; its own map
    /// goes into `new`, which has the same key.
    pub fn new(old: MapReader, new: MapWriter, pages: u64) -> Comparer {
        let page_size_bytes = old.page_size_bytes();
        Comparer {
            cutter: Cutter::new(page_size_bytes),
            old,
            new,
            page_size_bytes,
            pages,
            seen: 0,
            changed: Changed::none(pages),
            contents: Root::default(),
        }
    }

    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let Comparer { cutter, old, new, seen, changed, contents, .. } = self;
        cutter.take(bytes, &mut |page| {
            let hash = pages::hash(page);
            *seen += 1;
            let before = old.next_entry()?;
            if let Some(before) = before.filter(|before| before.hash == hash) {
                return new.push(&before);
            }
            let entry = Entry::new(hash, page, new.key());
            changed.push(*seen, before.map_or(WHOLE, |before| entry.differs(&before)));
            contents.push(&hash);
            new.push(&entry)
        })
    }

    /// Size of the delta so far.
    pub fn size_bytes(&self) -> u64 {
        self.head(0, Hash::default()).size_bytes().unwrap_or(u64::MAX)
    }

    fn head(&self, pages_before: u64, root_before: Hash) -> Head {
        Head {
            page_size_bytes: self.page_size_bytes,
            pages_before,
            pages: self.pages,
            changed: self.changed.count(),
            runs: self.changed.run_count(),
            parts: self.changed.part_count(),
            root_before,
            root: self.new.root(),
        }
    }

    /// All bytes were taken: what has to be written, and the new map, which is not finished. Fails if
    /// the old map turns out to be damaged.
    pub fn finish(self) -> Result<(Delta, MapWriter)> {
        if !self.cutter.is_even() || self.seen != self.pages {
            return Err(Error::new(ErrorKind::Unexpected, format!("a database of {} pages gave {}", self.pages, self.seen))
                .hint("run the backup again; if it happens again, something other than wpp writes this file"));
        }
        let head = self.head(self.old.pages(), self.old.stated_root());
        self.old.finish()?;
        Ok((Delta { head, changed: self.changed, contents: self.contents.finish() }, self.new))
    }
}

/// A delta that is known and not yet written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    head: Head,
    changed: Changed,
    contents: Hash,
}

impl Delta {
    /// What it states.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// How many bytes [`Delta::write`] hands on.
    pub fn size_bytes(&self) -> u64 {
        // Its pages are some of a database's, whose size is a number.
        self.head.size_bytes().unwrap_or(u64::MAX)
    }

    /// The second pass. `read` hands over the pages of a run, in order, from the transaction that was
    /// compared.
    pub fn write(&self, read: &mut dyn FnMut(Run, &mut Take<'_>) -> Result<()>, take: &mut Take<'_>) -> Result<()> {
        take(&self.head.to_bytes())?;
        let mut contents = Root::default();
        let mut masks = self.changed.masks().iter();
        for run in self.changed.runs() {
            let mut start = [0; RUN_BYTES as usize];
            // Page numbers have 32 bits.
            start[..4].copy_from_slice(&(run.first as u32).to_le_bytes());
            start[4..].copy_from_slice(&(run.count as u32).to_le_bytes());
            take(&start)?;
            let mut cutter = Cutter::new(self.head.page_size_bytes);
            read(run, &mut |bytes| {
                cutter.take(bytes, &mut |page| {
                    let hash = pages::hash(page);
                    // Pages beyond those that were compared have no mask, and no place in the root.
                    let mask = *masks.next().unwrap_or(&WHOLE);
                    contents.push(&hash);
                    take(&hash)?;
                    take(&[mask])?;
                    parts(mask, page.len()).try_for_each(|(from, to)| take(&page[from..to]))
                })
            })?;
        }
        if contents.finish() == self.contents {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Unexpected, "pages of a database read differently twice within one transaction")
            .hint("check the disk and the memory of this machine, then run the backup again"))
    }
}

/// Where the eighths of a mask are in a page, those that follow each other as one.
fn parts(mask: u8, page_size: usize) -> impl Iterator<Item = (usize, usize)> {
    let (size, mut next) = (page_size / PARTS, 0);
    std::iter::from_fn(move || {
        while next < PARTS && mask >> next & 1 == 0 {
            next += 1;
        }
        let first = next;
        while next < PARTS && mask >> next & 1 == 1 {
            next += 1;
        }
        (first < next).then_some((first * size, next * size))
    })
}

/// Takes a delta's bytes and hands on its pages, believing nothing.
#[derive(Debug)]
pub struct Decoder {
    archive: String,
    size_bytes: u64,
    taken: u64,
    bytes: Vec<u8>,
    head: Option<Head>,
    /// Pages of the current run that are still to come, and the number of the next one.
    left: u64,
    next: u64,
    runs_left: u64,
    changed_left: u64,
    parts_left: u64,
    /// What was said of the page that is to come: its hash, its eighths.
    page: Option<(Hash, u8)>,
    /// Number of the last run's first page.
    last_first: u64,
}

/// One page of a delta.
#[derive(Debug)]
pub struct Page<'a> {
    /// Its number.
    pub number: u64,
    /// BLAKE3 of the whole page, as stated; of a page that is whole here, proven.
    pub hash: Hash,
    /// The eighths that are here.
    pub mask: u8,
    /// Their bytes, one after the other.
    pub bytes: &'a [u8],
}

/// Takes a page of a delta, and what the delta states.
pub type TakePage<'a> = dyn FnMut(&Head, &Page<'_>) -> Result<()> + 'a;

impl Decoder {
    /// For a delta that is `size_bytes` large, of an archive that errors will name so.
    pub fn new(archive: &str, size_bytes: u64) -> Decoder {
        Decoder {
            archive: archive.to_owned(),
            size_bytes,
            taken: 0,
            bytes: Vec::new(),
            head: None,
            left: 0,
            next: 1,
            runs_left: 0,
            changed_left: 0,
            parts_left: 0,
            page: None,
            last_first: 0,
        }
    }

    /// What it states; known after its first bytes.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Takes the next bytes, however they are cut.
    pub fn take(&mut self, mut bytes: &[u8], page: &mut TakePage<'_>) -> Result<()> {
        self.taken = self.taken.saturating_add(bytes.len() as u64);
        if self.taken > self.size_bytes {
            return Err(self.refused("it is longer than stated"));
        }
        while !bytes.is_empty() {
            let needed = match (&self.head, &self.page) {
                (None, _) => HEAD_BYTES,
                (Some(_), None) if self.left == 0 => RUN_BYTES as usize,
                (Some(_), None) => PAGE_HEAD_BYTES as usize,
                // A page size fits every usize.
                (Some(head), Some((_, mask))) => head.page_size_bytes as usize / PARTS * mask.count_ones() as usize,
            };
            let part = if self.bytes.is_empty() && bytes.len() >= needed {
                let (part, rest) = bytes.split_at(needed);
                bytes = rest;
                part
            } else {
                let (part, rest) = bytes.split_at(bytes.len().min(needed - self.bytes.len()));
                self.bytes.extend_from_slice(part);
                bytes = rest;
                if self.bytes.len() < needed {
                    return Ok(());
                }
                &std::mem::take(&mut self.bytes)
            };
            match (self.head, self.page.take()) {
                (None, _) => self.begin(part)?,
                (Some(head), None) if self.left == 0 => self.begin_run(&head, part)?,
                (Some(head), None) => self.begin_page(&head, part)?,
                (Some(head), Some((hash, mask))) => {
                    if mask == WHOLE && pages::hash(part) != hash {
                        return Err(self.refused(&format!("page {} is not what it states", self.next)));
                    }
                    page(&head, &Page { number: self.next, hash, mask, bytes: part })?;
                    self.next += 1;
                    self.left -= 1;
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<()> {
        let mut head = [0; HEAD_BYTES];
        head.copy_from_slice(bytes);
        let head = Head::parse(&head, self.size_bytes).map_err(|reason| self.refused(&reason))?;
        self.runs_left = head.runs;
        self.changed_left = head.changed;
        self.parts_left = head.parts;
        self.head = Some(head);
        Ok(())
    }

    fn begin_run(&mut self, head: &Head, bytes: &[u8]) -> Result<()> {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let (first, count) = (number(&bytes[..4]), number(&bytes[4..]));
        // The page after a run is in no run, so the next one starts at least one later.
        let earliest = if self.last_first == 0 { 1 } else { self.next + 1 };
        if self.runs_left == 0 || count == 0 || count > self.changed_left || first < earliest || first + count - 1 > head.pages {
            return Err(self.refused(&format!("it holds {count} pages from page {first} on, after page {}", self.next - 1)));
        }
        self.runs_left -= 1;
        self.changed_left -= count;
        (self.last_first, self.next, self.left) = (first, first, count);
        Ok(())
    }

    fn begin_page(&mut self, head: &Head, bytes: &[u8]) -> Result<()> {
        let (mut hash, mask) = (Hash::default(), bytes[32]);
        hash.copy_from_slice(&bytes[..32]);
        let count = u64::from(mask.count_ones());
        let new = self.next > head.pages_before;
        if mask == 0 || (new && mask != WHOLE) || count > self.parts_left {
            return Err(self.refused(&format!("it holds {count} eighths of page {}", self.next)));
        }
        self.parts_left -= count;
        self.page = Some((hash, mask));
        Ok(())
    }

    /// All bytes were taken.
    pub fn finish(self) -> Result<Head> {
        let Some(head) = self.head else { return Err(self.refused("it is cut short")) };
        if self.taken != self.size_bytes || self.left > 0 || self.runs_left > 0 || self.changed_left > 0 || self.parts_left > 0 {
            return Err(self.refused("it is cut short"));
        }
        // What the database grew by is all inside: the last run starts where it ended, or before.
        if head.pages > head.pages_before && (self.last_first > head.pages_before + 1 || self.next != head.pages + 1) {
            return Err(self.refused("it leaves out pages that it adds"));
        }
        Ok(head)
    }

    fn refused(&self, reason: &str) -> Error {
        Error::new(ErrorKind::Archive, format!("the archive {} is refused: its delta is none: {reason}", self.archive))
            .hint("nothing was changed; `wpp backup list` shows other archives, and `wpp backup` makes a new one")
    }
}

/// Applies a delta to a database file that nobody uses, in place.
#[derive(Debug)]
pub struct Patch {
    decoder: Decoder,
    file: File,
    path: PathBuf,
    expected: Expected,
    unannounced: u64,
}

/// What is known of the database that a delta is applied to, and of the one that comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Size of a page.
    pub page_size_bytes: u64,
    /// Pages before.
    pub pages_before: u64,
    /// Root before.
    pub root_before: Hash,
    /// Pages after.
    pub pages: u64,
    /// Root after.
    pub root: Hash,
}

impl Expected {
    /// Whether a delta states just this; the reason if not.
    pub fn check(&self, head: &Head) -> Result<(), &'static str> {
        let differs = [
            (head.page_size_bytes != self.page_size_bytes, "it has pages of another size than its manifest states"),
            (
                (head.pages_before, head.root_before) != (self.pages_before, self.root_before),
                "it was made from another database than the archive before it holds",
            ),
            ((head.pages, head.root) != (self.pages, self.root), "it leads to another database than its manifest states"),
        ];
        differs.iter().find(|(differs, _)| *differs).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl Patch {
    /// For the delta, `size_bytes` large, of an archive that errors will name so.
    pub fn over(path: &Path, archive: &str, size_bytes: u64, expected: Expected) -> Result<Patch> {
        let file = File::options().read(true).write(true).open(path).map_err(|error| disk::cannot("open", path, error))?;
        let decoder = Decoder::new(archive, size_bytes);
        let size = file.metadata().map_err(|error| disk::cannot("look at", path, error))?.len();
        if Some(size) != expected.pages_before.checked_mul(expected.page_size_bytes) {
            return Err(decoder.refused("the archive before it holds a database of another size"));
        }
        Ok(Patch { decoder, file, path: path.to_owned(), expected, unannounced: 0 })
    }

    /// Takes the next bytes of the delta.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let Patch { decoder, file, path, expected, unannounced } = self;
        let archive = decoder.archive.clone();
        decoder.take(bytes, &mut |head, page| {
            expected.check(head).map_err(|reason| Decoder::new(&archive, 0).refused(reason))?;
            // One point for each megabyte: a sweep over the points stays short on large stores.
            if *unannounced == 0 || *unannounced >= 1 << 20 {
                *unannounced = 0;
                let half = || drop(file.write_at(&page.bytes[..page.bytes.len() / 2], (page.number - 1) * head.page_size_bytes));
                disk::faults::write_point(path, half)?;
            }
            *unannounced += page.bytes.len() as u64;
            let start = (page.number - 1) * head.page_size_bytes;
            let mut bytes = page.bytes;
            // A page size fits every usize.
            for (from, to) in parts(page.mask, head.page_size_bytes as usize) {
                let (part, rest) = bytes.split_at(to - from);
                file.write_all_at(part, start + from as u64).map_err(|error| disk::cannot("write", path, error))?;
                bytes = rest;
            }
            Ok(())
        })
    }

    /// All of the delta was taken. The file has its size and is forced to the disk; what it holds is
    /// proven by [`root_of`] alone.
    pub fn finish(self) -> Result<()> {
        let Patch { decoder, file, path, expected, .. } = self;
        let archive = decoder.archive.clone();
        let head = decoder.finish()?;
        expected.check(&head).map_err(|reason| Decoder::new(&archive, 0).refused(reason))?;
        disk::faults::point("set-size", &path)?;
        file.set_len(head.pages * head.page_size_bytes).map_err(|error| disk::cannot("set the size of", &path, error))?;
        drop(file);
        disk::sync_file(&path)
    }
}

/// The root of a database file, and its pages.
pub fn root_of(path: &Path, page_size_bytes: u64) -> Result<(u64, Hash)> {
    let mut file = disk::open_to_read(path).map_err(|error| disk::cannot("read", path, error))?;
    let (mut root, mut count) = (Root::default(), 0);
    let mut cutter = Cutter::new(page_size_bytes);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = file.read(&mut buffer).map_err(|error| disk::cannot("read", path, error))?;
        if length == 0 {
            break;
        }
        cutter.take(&buffer[..length], &mut |page| {
            root.push(&pages::hash(page));
            count += 1;
            Ok(())
        })?;
    }
    // Bytes that make no whole page belong to no database; the root then must not be the right one.
    Ok((if cutter.is_even() { count } else { 0 }, root.finish()))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::pages::{Description, Remembered};
    use super::super::snapshot::{Quiet, Snapshot};
    use super::*;

    /// A small generator, so that a failure is repeated by its seed.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }
    }

    fn describe() -> Description {
        let last = Remembered { id: uuid::Uuid::new_v4().to_string(), name: String::new(), size_bytes: 0, stamp: None };
        Description { session: "main".into(), destination: String::new(), chain: vec![last] }
    }

    fn map(path: &Path, page_size: u64, bytes: &[u8]) {
        let _ = std::fs::remove_file(path);
        let mut map = MapWriter::create(path, page_size, None).unwrap();
        bytes.chunks(page_size as usize).for_each(|page| map.push_page(page).unwrap());
        map.finish(&describe()).unwrap();
    }

    /// The delta's bytes, and what it states.
    fn delta(folder: &Path, page_size: u64, before: &[u8], now: &[u8]) -> (Vec<u8>, Head) {
        map(&folder.join("old"), page_size, before);
        let _ = std::fs::remove_file(folder.join("new"));
        let old = MapReader::open(&folder.join("old")).unwrap().unwrap();
        let new = MapWriter::create(&folder.join("new"), page_size, Some(old.key())).unwrap();
        let mut comparer = Comparer::new(old, new, now.len() as u64 / page_size);
        now.chunks(1000).for_each(|bytes| comparer.take(bytes).unwrap());
        let (delta, _) = comparer.finish().unwrap();
        let mut written = Vec::new();
        delta
            .write(
                &mut |run, take| {
                    let start = ((run.first - 1) * page_size) as usize;
                    now[start..start + (run.count * page_size) as usize].chunks(700).try_for_each(take)
                },
                &mut |bytes| {
                    written.extend_from_slice(bytes);
                    Ok(())
                },
            )
            .unwrap();
        assert_eq!(written.len() as u64, delta.size_bytes());
        (written, *delta.head())
    }

    fn expected(head: &Head) -> Expected {
        Expected {
            page_size_bytes: head.page_size_bytes,
            pages_before: head.pages_before,
            root_before: head.root_before,
            pages: head.pages,
            root: head.root,
        }
    }

    fn apply(path: &Path, delta: &[u8], expected: Expected, step: usize) -> Result<()> {
        let mut patch = Patch::over(path, "x", delta.len() as u64, expected)?;
        delta.chunks(step).try_for_each(|bytes| patch.take(bytes))?;
        patch.finish()
    }

    #[test]
    fn whatever_changes_the_delta_brings_the_new_bytes_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let mut random = Random(7);
        for round in 0..200 {
            let page_size = [512, 1024, 4096][random.below(3) as usize];
            let page = |random: &mut Random| (0..page_size).map(|_| random.below(256) as u8).collect::<Vec<u8>>();
            let before: Vec<u8> = (0..1 + random.below(20)).flat_map(|_| page(&mut random)).collect();
            let mut now = before.clone();
            now.resize(((1 + random.below(25)) * page_size) as usize, 0);
            for _ in 0..random.below(12) {
                let at = random.below(now.len() as u64) as usize;
                now[at] = random.below(256) as u8;
            }
            let (delta, head) = delta(folder.path(), page_size, &before, &now);
            std::fs::write(&file, &before).unwrap();
            apply(&file, &delta, expected(&head), 1 + random.below(5000) as usize).unwrap();
            assert!(std::fs::read(&file).unwrap() == now, "round {round}");
            assert_eq!(root_of(&file, page_size).unwrap(), (head.pages, head.root), "round {round}");
        }
    }

    #[test]
    fn a_database_through_edits_growth_vacuum_and_truncation_comes_back_at_every_moment() {
        for (seed, auto_vacuum) in [(1, "NONE"), (2, "FULL"), (3, "INCREMENTAL")] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("live.db");
            let live = Connection::open(&path).unwrap();
            live.execute_batch(&format!("PRAGMA page_size = 1024; PRAGMA auto_vacuum = {auto_vacuum};")).unwrap();
            live.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
            live.execute_batch("CREATE TABLE t (number INTEGER PRIMARY KEY, data BLOB)").unwrap();
            let mut random = Random(seed);
            let restored = folder.path().join("restored.db");
            let mut before = Vec::new();
            for moment in 0..40 {
                for _ in 0..random.below(6) {
                    let some = random.below(200);
                    match random.below(8) {
                        0..=3 => live
                            .execute("INSERT INTO t (data) VALUES (randomblob(?1))", [random.below(9000).cast_signed()])
                            .map(drop),
                        4 => live
                            .execute("UPDATE t SET data = randomblob(300) WHERE number % 7 = ?1", [some.cast_signed() % 7])
                            .map(drop),
                        5 => live.execute("DELETE FROM t WHERE number % 5 = ?1", [some.cast_signed() % 5]).map(drop),
                        6 => live.execute_batch("PRAGMA incremental_vacuum"),
                        _ => live.execute_batch("VACUUM"),
                    }
                    .unwrap();
                }
                let snapshot = Snapshot::open(&path, Quiet::Unknown).unwrap().unwrap();
                let mut now = Vec::new();
                let mut keep = |bytes: &[u8]| {
                    now.extend_from_slice(bytes);
                    Ok(())
                };
                snapshot.stream(folder.path(), &mut keep).unwrap();
                if moment == 0 {
                    std::fs::write(&restored, &now).unwrap();
                } else {
                    map(&folder.path().join("old"), 1024, &before);
                    let _ = std::fs::remove_file(folder.path().join("new"));
                    let old = MapReader::open(&folder.path().join("old")).unwrap().unwrap();
                    let new = MapWriter::create(&folder.path().join("new"), 1024, Some(old.key())).unwrap();
                    let mut comparer = Comparer::new(old, new, snapshot.size_bytes() / 1024);
                    snapshot.stream(folder.path(), &mut |bytes| comparer.take(bytes)).unwrap();
                    let (delta, _) = comparer.finish().unwrap();
                    let mut bytes = Vec::new();
                    // Whoever writes meanwhile changes nothing of what the second pass reads.
                    live.execute("INSERT INTO t (data) VALUES (randomblob(5000))", []).unwrap();
                    delta
                        .write(&mut |run, take| snapshot.pages_of(run, take), &mut |part| {
                            bytes.extend_from_slice(part);
                            Ok(())
                        })
                        .unwrap();
                    apply(&restored, &bytes, expected(delta.head()), 300).unwrap();
                    assert!(std::fs::read(&restored).unwrap() == now, "seed {seed}, moment {moment}");
                    assert_eq!(root_of(&restored, 1024).unwrap().1, delta.head().root);
                }
                before = now;
            }
        }
    }

    #[test]
    fn a_second_pass_that_reads_something_else_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        map(&folder.path().join("old"), 512, &[0; 1024]);
        let old = MapReader::open(&folder.path().join("old")).unwrap().unwrap();
        let new = MapWriter::create(&folder.path().join("new"), 512, Some(old.key())).unwrap();
        let mut comparer = Comparer::new(old, new, 2);
        comparer.take(&[1; 1024]).unwrap();
        let (delta, _) = comparer.finish().unwrap();
        assert!(delta.write(&mut |_, take| take(&[1; 1024]), &mut |_| Ok(())).is_ok());
        assert!(delta.write(&mut |_, take| take(&[2; 1024]), &mut |_| Ok(())).is_err());
        assert!(delta.write(&mut |_, take| take(&[1; 512]), &mut |_| Ok(())).is_err());
    }

    #[test]
    fn a_map_that_turns_out_damaged_and_a_stream_that_ends_early_give_no_delta() {
        let folder = tempfile::tempdir().unwrap();
        let comparer = |damage: bool| {
            map(&folder.path().join("old"), 512, &[0; 2048]);
            if damage {
                let mut bytes = std::fs::read(folder.path().join("old")).unwrap();
                bytes[176 + 40] ^= 1;
                std::fs::write(folder.path().join("old"), bytes).unwrap();
            }
            let _ = std::fs::remove_file(folder.path().join("new"));
            let old = MapReader::open(&folder.path().join("old")).unwrap().unwrap();
            let new = MapWriter::create(&folder.path().join("new"), 512, Some(old.key())).unwrap();
            Comparer::new(old, new, 4)
        };
        for (damage, length, good) in [(false, 2048, true), (true, 2048, false), (false, 2047, false), (false, 1536, false)] {
            let mut comparer = comparer(damage);
            comparer.take(&vec![0; length]).unwrap();
            assert_eq!(comparer.finish().is_ok(), good, "{damage} {length}");
        }
    }

    /// A database of 512-byte pages, a good delta of it, and where its second and third run start.
    fn good(folder: &Path) -> (Vec<u8>, Vec<u8>, Head, usize, usize) {
        let before = vec![0; 512 * 8];
        let mut now = vec![0; 512 * 10];
        for page in [2, 3, 9, 10] {
            now[(page - 1) * 512..page * 512].fill(page as u8);
        }
        now[5 * 512 + 64..5 * 512 + 192].fill(6);
        let (delta, head) = delta(folder, 512, &before, &now);
        assert_eq!((head.changed, head.runs, head.parts), (5, 3, 4 * 8 + 2));
        let second = HEAD_BYTES + 8 + 2 * (33 + 512);
        (before, delta, head, second, second + 8 + 33 + 128)
    }

    #[test]
    fn hostile_deltas_are_refused_and_touch_nothing_outside_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let (before, good, head, second, third) = good(folder.path());
        let put = |at: usize, bytes: &[u8]| {
            let mut delta = good.clone();
            delta[at..at + bytes.len()].copy_from_slice(bytes);
            delta
        };
        let four = |at: usize, number: u32| put(at, &number.to_le_bytes());
        let eight = |at: usize, number: u64| put(at, &number.to_le_bytes());
        let mut shapes = vec![
            ("nothing", Vec::new()),
            ("magic", put(0, b"X")),
            ("version", four(8, 2)),
            ("page size 0", four(12, 0)),
            ("page size 513", four(12, 513)),
            ("page size 131072", four(12, 131_072)),
            ("page size 1024", four(12, 1024)),
            ("no pages before", eight(16, 0)),
            ("pages before without end", eight(16, u64::MAX)),
            ("fewer pages before", eight(16, 5)),
            ("other pages before", eight(16, 9)),
            ("no pages", eight(24, 0)),
            ("pages without end", eight(24, u64::MAX)),
            ("more pages than SQLite has", eight(24, 1 << 32)),
            ("grows by more than it holds", eight(24, 4_000_000_000)),
            ("grows by one more", eight(24, 11)),
            ("shrinks below its runs", eight(24, 8)),
            ("more changed pages than there are", eight(32, 11)),
            ("changed pages without end", eight(32, u64::MAX)),
            ("no changed page", eight(32, 0)),
            ("no run", eight(40, 0)),
            ("more runs", eight(40, 4)),
            ("fewer runs", eight(40, 2)),
            ("runs without end", eight(40, u64::MAX)),
            ("no eighths", eight(48, 0)),
            ("more eighths", eight(48, 35)),
            ("fewer eighths", eight(48, 33)),
            ("eighths without end", eight(48, u64::MAX)),
            ("another root before", put(56, &[7; 32])),
            ("another root", put(88, &[7; 32])),
            ("page 0", four(HEAD_BYTES, 0)),
            ("a run of nothing", four(HEAD_BYTES + 4, 0)),
            ("a run of too much", four(HEAD_BYTES + 4, u32::MAX)),
            ("a run into the next", four(HEAD_BYTES + 4, 3)),
            ("a page without eighths", put(HEAD_BYTES + 8 + 32, &[0])),
            ("a page with fewer eighths", put(HEAD_BYTES + 8 + 32, &[0x7f])),
            ("a page with more eighths", put(second + 8 + 32, &[0xff])),
            ("a new page in part", put(third + 8 + 32, &[0x0f])),
            ("a page that is not what it states", put(HEAD_BYTES + 8, &[9])),
            ("overlapping runs", four(second, 3)),
            ("touching runs", four(second, 4)),
            ("runs in another order", four(second, 1)),
            ("the same run twice", four(second, 2)),
            ("a run beyond the end", four(third, 10)),
            ("a run far beyond the end", four(third, u32::MAX)),
            ("a gap where it grows", four(third, 8)),
            ("cut in the head", good[..100].to_vec()),
            ("cut after the head", good[..HEAD_BYTES].to_vec()),
            ("cut in a page", good[..good.len() - 1].to_vec()),
            ("cut before a run", good[..second].to_vec()),
            ("longer", [good.as_slice(), &[0]].concat()),
        ];
        // A bomb: a head that promises a database of terabytes, whose size agrees with itself.
        let bomb = Head { pages: PAGES_MAX, changed: PAGES_MAX - 8, runs: 1, parts: (PAGES_MAX - 8) * 8, ..head };
        shapes.push(("a bomb", [bomb.to_bytes().as_slice(), &good[HEAD_BYTES..]].concat()));
        for (label, delta) in &shapes {
            std::fs::write(&file, &before).unwrap();
            let error = apply(&file, delta, expected(&head), 97).expect_err(label);
            assert_eq!(error.kind(), ErrorKind::Archive, "{label}: {error}");
            assert!(!error.hints().is_empty());
            assert!(std::fs::metadata(&file).unwrap().len() <= 512 * 10, "{label}");
            // The decoder alone, which is what `verify --level hash` runs, refuses all but the two
            // that only the chain can tell.
            let mut decoder = Decoder::new("x", delta.len() as u64);
            let decoded = decoder.take(delta, &mut |_, _| Ok(())).and_then(|()| decoder.finish());
            let of_chain = ["another root before", "another root", "other pages before"].contains(label);
            assert_eq!(decoded.is_err(), !of_chain, "{label}");
        }
        std::fs::write(&file, &before).unwrap();
        apply(&file, &good, expected(&head), 97).unwrap();
        std::fs::write(&file, &before[..512 * 7]).unwrap();
        assert_eq!(apply(&file, &good, expected(&head), 97).unwrap_err().kind(), ErrorKind::Archive);
    }

    #[test]
    fn no_flipped_bit_of_a_delta_gives_the_database_that_was_promised() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let (before, good, head, second, _) = good(folder.path());
        // All of the head and of the first run's start; some of the rest. What is stated of a page in
        // part is proven by the hash of the member that it is in, and by its database.
        let start = (HEAD_BYTES + RUN_BYTES as usize) * 8;
        let stated = (second + 8) * 8..(second + 8 + 32) * 8;
        for bit in (0..start).chain((start..good.len() * 8).step_by(61)).filter(|bit| !stated.contains(bit)) {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&file, &before).unwrap();
            if apply(&file, &flipped, expected(&head), 512).is_ok() {
                assert_ne!(root_of(&file, 512).unwrap(), (head.pages, head.root), "bit {bit}");
            }
        }
    }

    #[test]
    fn the_lock_page_of_a_database_beyond_a_gibibyte_is_a_page_like_any_other() {
        // SQLite never uses the page at 2^30; the stream has zeros for it, and so has the file.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.db");
        let live = Connection::open(&path).unwrap();
        live.execute_batch("PRAGMA page_size = 65536; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").unwrap();
        live.execute_batch(
            "CREATE TABLE t (data BLOB);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16)
             INSERT INTO t SELECT zeroblob(68000000) FROM n;
             CREATE TABLE after (data TEXT); INSERT INTO after VALUES ('one');",
        )
        .unwrap();
        let lock_page = (1 << 30) / 65_536 + 1;
        let compare = |old: Option<&str>, new: &str| {
            let snapshot = Snapshot::open(&path, Quiet::Unknown).unwrap().unwrap();
            let pages = snapshot.size_bytes() / 65_536;
            assert!(pages > lock_page, "{pages}");
            let Some(old) = old else {
                let mut map = MapWriter::create(&folder.path().join(new), 65_536, None).unwrap();
                let mut cutter = Cutter::new(65_536);
                snapshot.stream(folder.path(), &mut |bytes| cutter.take(bytes, &mut |page| map.push_page(page))).unwrap();
                assert_eq!(map.pages(), pages);
                map.finish(&describe()).unwrap();
                return;
            };
            let old = MapReader::open(&folder.path().join(old)).unwrap().unwrap();
            let map = MapWriter::create(&folder.path().join(new), 65_536, Some(old.key())).unwrap();
            let mut comparer = Comparer::new(old, map, pages);
            snapshot.stream(folder.path(), &mut |bytes| comparer.take(bytes)).unwrap();
            let (delta, _) = comparer.finish().unwrap();
            assert!(delta.changed.contains(pages) && !delta.changed.contains(lock_page));
            assert!(delta.changed.count() < 5, "{:?}", delta.head);
            let mut length = 0;
            delta
                .write(&mut |run, take| snapshot.pages_of(run, take), &mut |bytes| {
                    length += bytes.len() as u64;
                    Ok(())
                })
                .unwrap();
            assert_eq!(length, delta.size_bytes());
            let mut zeros = Vec::new();
            snapshot
                .pages_of(Run { first: lock_page, count: 1 }, &mut |bytes| {
                    zeros.extend_from_slice(bytes);
                    Ok(())
                })
                .unwrap();
            assert!(zeros == vec![0; 65_536]);
        };
        compare(None, "one");
        live.execute_batch("INSERT INTO after VALUES (hex(randomblob(50000)))").unwrap();
        compare(Some("one"), "two");
    }
}
