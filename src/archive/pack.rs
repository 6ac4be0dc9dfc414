//! Writes an archive, one content after the other. Start with [`Writer::over`].
//!
//! The bytes go through a chain of threads that hand on the same few blocks: the caller fills one,
//! a second thread hashes it, as many as there are processors compress, and a last one puts the
//! blocks back in order, hashes what is written and writes it. However large the contents are, no
//! more than that handful of blocks is in memory.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::codec::{Codec, Compressor, Effort};
use super::manifest::{BLOCK_BYTES, INDEX, Index, MANIFEST, MANIFEST_SIZE_MAX, Manifest};
use super::output::Output;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};

/// Size of a block of a tar file.
pub const TAR_BLOCK_BYTES: usize = 512;
/// Size of the footer.
pub const FOOTER_BYTES: usize = 66;
/// What ends a tar file: two blocks of zeros.
pub const TAR_END_BYTES: usize = 2 * TAR_BLOCK_BYTES;

// Beyond this many, reading and hashing are what takes the time, and the memory would grow.
const WORKERS_MAX: usize = 8;

/// How many threads compress or unpack.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX)
}

/// How many blocks are under way: one in each worker, one in each of the steps before and after, and
/// one to spare, so that none of them waits for another that is only a little late.
pub(super) fn blocks_under_way() -> usize {
    under_way(workers())
}

const fn under_way(workers: usize) -> usize {
    workers + 4
}

/// The most memory that so many workers and their blocks take while an archive is written, or read, in
/// bytes. A block is there twice, plain and packed.
#[cfg(test)]
const fn memory_bytes_max(workers: usize) -> usize {
    const PACKED_BYTES_MAX: usize = BLOCK_BYTES as usize + BLOCK_BYTES as usize / 64 + 128;
    // Tables and buffers of zstd's third level for a megabyte, which takes more than libdeflate's first.
    const COMPRESSOR_BYTES: usize = 2 << 20;
    under_way(workers) * (BLOCK_BYTES as usize + PACKED_BYTES_MAX) + workers * COMPRESSOR_BYTES
}

/// The one form that a tar header has in an archive.
pub fn header(name: &str, size_bytes: u64, modified_seconds: u64) -> Result<[u8; TAR_BLOCK_BYTES]> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).while_doing(|| format!("cannot name an archive's member {name}"))?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(disk::FILE_MODE);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size_bytes);
    header.set_mtime(modified_seconds);
    header.set_cksum();
    Ok(*header.as_bytes())
}

/// Zeros between the end of a content and the end of its last block.
pub fn padding(size_bytes: u64) -> usize {
    // The remainder is below 512.
    let rest = (size_bytes % TAR_BLOCK_BYTES as u64) as usize;
    if rest == 0 { 0 } else { TAR_BLOCK_BYTES - rest }
}

// The fixed parts of the two footers. A gzip member: magic, deflate, flag FEXTRA, no time, no extra
// flags, unknown system, the field's length, its name, its content's length; after the content an
// empty final block, then the checksum and the length of nothing.
const GZIP_FOOTER_START: [u8; 16] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 44, 0, b'W', b'P', 40, 0];
const GZIP_FOOTER_END: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
// A skippable zstd frame: magic, the content's length, then a name.
const ZSTD_FOOTER_START: [u8; 16] = *b"\x50\x2a\x4d\x18\x3a\0\0\0wpp/foot";
const ZSTD_FOOTER_END: [u8; 10] = [0; 10];

/// The footer: what decompressors take for nothing, and a reader for where the manifest starts and
/// what all bytes before the footer hash to.
pub fn footer(codec: Codec, manifest_offset_bytes: u64, sha256: [u8; 32]) -> [u8; FOOTER_BYTES] {
    let (start, end) = match codec {
        Codec::Gzip => (GZIP_FOOTER_START, GZIP_FOOTER_END),
        Codec::Zstd => (ZSTD_FOOTER_START, ZSTD_FOOTER_END),
    };
    let mut footer = [0; FOOTER_BYTES];
    footer[..16].copy_from_slice(&start);
    footer[16..24].copy_from_slice(&manifest_offset_bytes.to_le_bytes());
    footer[24..56].copy_from_slice(&sha256);
    footer[56..].copy_from_slice(&end);
    footer
}

/// Where the manifest starts and the hash, if these bytes are a footer.
pub fn read_footer(codec: Codec, bytes: &[u8; FOOTER_BYTES]) -> Option<(u64, [u8; 32])> {
    let offset = u64::from_le_bytes(bytes[16..24].try_into().ok()?);
    let sha256 = bytes[24..56].try_into().ok()?;
    (footer(codec, offset, sha256) == *bytes).then_some((offset, sha256))
}

/// What became of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Where its first block starts.
    pub offset_bytes: u64,
    /// The compressed sizes of its blocks.
    pub blocks_bytes: Vec<u32>,
}

/// A finished archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Size of the file.
    pub size_bytes: u64,
    /// SHA-256 of the whole file, in hex: what `sha256sum` prints.
    pub sha256: String,
}

/// Writes one archive, which is whole only after [`Writer::finish`].
pub struct Writer {
    chain: Chain,
    codec: Codec,
    name: String,
    modified_seconds: u64,
}

impl Writer {
    /// Takes where the archive goes to and the name that errors call it by, and writes the index.
    pub fn over(output: Box<dyn Output>, name: &str, index: &Index, codec: Codec, effort: Effort) -> Result<Writer> {
        let modified_seconds = u64::try_from(index.created_ms / 1000).unwrap_or(0);
        let chain = Chain::start(output, name, codec, effort)?;
        let mut writer = Writer { chain, codec, name: name.to_owned(), modified_seconds };
        let text = json(index)?;
        writer.entry(INDEX, text.len() as u64, 0, |content| content.write(&text))?;
        Ok(writer)
    }

    /// Writes a content of exactly `size_bytes`, which `fill` hands over piece by piece. An error
    /// of `fill` comes back as it is, and the archive is then beyond use.
    pub fn member(
        &mut self,
        name: &str,
        size_bytes: u64,
        fill: impl FnOnce(&mut Content<'_>) -> Result<()>,
    ) -> Result<Written, Unwritten> {
        self.entry(name, size_bytes, 0, fill)
    }

    fn entry(
        &mut self,
        name: &str,
        size_bytes: u64,
        zeros_after: usize,
        fill: impl FnOnce(&mut Content<'_>) -> Result<()>,
    ) -> Result<Written, Unwritten> {
        let header = header(name, size_bytes, self.modified_seconds).map_err(Unwritten::Source)?;
        self.chain.put(&header, false).map_err(Unwritten::Output)?;
        let mut content = Content { chain: &mut self.chain, left: size_bytes, name, archive: &self.name, lost: None };
        let filled = fill(&mut content);
        let (left, lost) = (content.left, content.lost.take());
        match (lost, filled) {
            (Some(error), _) => return Err(Unwritten::Output(error)),
            (None, Err(error)) => return Err(Unwritten::Source(error)),
            (None, Ok(())) if left > 0 => return Err(Unwritten::Source(wrong_size(name, &self.name))),
            (None, Ok(())) => {}
        }
        let zeros = vec![0; padding(size_bytes) + zeros_after];
        self.chain.put(&zeros, false).and_then(|()| self.chain.end_of_entry()).map_err(Unwritten::Output)
    }

    /// Writes the manifest and the footer, and forces everything out.
    pub fn finish(mut self, manifest: &Manifest) -> Result<Packed> {
        let text = json(manifest)?;
        if text.len() as u64 > MANIFEST_SIZE_MAX {
            return Err(Error::new(ErrorKind::Unexpected, format!("the manifest of {} has {} bytes", self.name, text.len()))
                .hint("the session is larger than an archive of this format can describe; please report it"));
        }
        let written = self.entry(MANIFEST, text.len() as u64, TAR_END_BYTES, |content| content.write(&text))?;
        let mut out = self.chain.finish()?;
        let footer = footer(self.codec, written.offset_bytes, out.hasher.clone().finalize().into());
        out.write(&footer)?;
        out.output.finish()?;
        Ok(Packed { size_bytes: out.written, sha256: hex::encode(out.hasher.finalize()) })
    }
}

fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(document).while_doing(|| "cannot write an archive's manifest".into())?;
    text.push(b'\n');
    Ok(text)
}

fn wrong_size(name: &str, archive: &str) -> Error {
    Error::new(ErrorKind::Unexpected, format!("{name} changed its size while it was read into {archive}"))
        .hint("run the backup again; if it happens again, something other than wpp writes this file")
}

/// Why a content was not written. The one costs the content, the other the archive.
#[derive(Debug)]
pub enum Unwritten {
    /// It could not be read, or was not as large as announced.
    Source(Error),
    /// The archive could not be written.
    Output(Error),
}

impl From<Unwritten> for Error {
    fn from(unwritten: Unwritten) -> Error {
        match unwritten {
            Unwritten::Source(error) | Unwritten::Output(error) => error,
        }
    }
}

/// Takes the bytes of one content.
pub struct Content<'a> {
    chain: &'a mut Chain,
    left: u64,
    name: &'a str,
    archive: &'a str,
    // An error of the archive's own, kept apart from those of whoever fills the content.
    lost: Option<Error>,
}

impl Content<'_> {
    /// Takes the next bytes. After an error no more are wanted.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| wrong_size(self.name, self.archive))?;
        self.chain.put(bytes, true).map_err(|error| {
            let told = Error::new(error.kind(), error.message());
            self.lost = Some(error);
            told
        })
    }
}

/// A piece of the tar file on its way.
#[derive(Default)]
struct Block {
    number: u64,
    plain: Vec<u8>,
    /// Which part of it is content, and not header or padding.
    content: Range<usize>,
    packed: Vec<u8>,
    /// Whether an entry ends with it.
    last: bool,
    /// What the entry's content hashes to, in the last block.
    sha256: Option<[u8; 32]>,
    failed: Option<std::io::Error>,
}

/// The threads and what leads to them. The caller's end is here: the block that is being filled.
struct Chain {
    block: Option<Block>,
    next: u64,
    /// To the hashing thread; `None` once there is nothing more to come.
    filled: Option<SyncSender<Block>>,
    empty: Receiver<Block>,
    entries: Receiver<Written>,
    helpers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<Result<Out>>>,
    name: String,
}

impl Chain {
    fn start(output: Box<dyn Output>, name: &str, codec: Codec, effort: Effort) -> Result<Chain> {
        let workers = workers();
        let under_way = blocks_under_way();
        let (filled, to_hash) = sync_channel::<Block>(under_way);
        let (hashed, to_compress) = sync_channel::<Block>(under_way);
        let (compressed, to_write) = sync_channel::<Block>(under_way);
        let (written, empty) = sync_channel::<Block>(under_way);
        let (ended, entries) = channel();
        for _ in 0..under_way {
            // There is room for each of them, so this does not wait.
            let _ = written.send(Block::default());
        }
        let mut chain = Chain {
            block: None,
            next: 0,
            filled: Some(filled),
            empty,
            entries,
            helpers: Vec::new(),
            writer: None,
            name: name.to_owned(),
        };
        let cannot = |error| Error::new(ErrorKind::Unexpected, "cannot start a thread").caused_by(error);
        let hint = "the system allows no more threads or memory; see `ulimit -u`";
        let spawn = |work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name("archive".into()).spawn(work).map_err(|error| cannot(error).hint(hint))
        };
        chain.helpers.push(spawn(Box::new(move || hash(&to_hash, &hashed)))?);
        let to_compress = Arc::new(Mutex::new(to_compress));
        for _ in 0..workers {
            let (from, to) = (to_compress.clone(), compressed.clone());
            let compressor = Compressor::new(codec, effort).while_doing(|| "cannot start compressing".into());
            let mut compressor = compressor.map_err(|error| error.hint("free some memory, and try again"))?;
            chain.helpers.push(spawn(Box::new(move || compress(&mut compressor, &from, &to)))?);
        }
        drop(compressed);
        let mut out = Out { output, name: name.to_owned(), written: 0, hasher: Sha256::new() };
        let work = move || write(&mut out, &to_write, &written, &ended).map(|()| out);
        let writer = std::thread::Builder::new().name("archive".into()).spawn(work);
        chain.writer = Some(writer.map_err(|error| cannot(error).hint(hint))?);
        Ok(chain)
    }

    /// Takes the next bytes of the tar file.
    fn put(&mut self, mut bytes: &[u8], content: bool) -> Result<()> {
        while !bytes.is_empty() {
            let block = match &mut self.block {
                Some(block) => block,
                None => {
                    let Ok(mut block) = self.empty.recv() else { return Err(self.broken()) };
                    block.plain.clear();
                    block.plain.reserve_exact(BLOCK_BYTES as usize);
                    (block.number, block.content, block.last, block.sha256) = (self.next, 0..0, false, None);
                    self.next += 1;
                    self.block.insert(block)
                }
            };
            let start = block.plain.len();
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES as usize - start));
            block.plain.extend_from_slice(now);
            if content {
                let first = if block.content.is_empty() { start } else { block.content.start };
                block.content = first..block.plain.len();
            }
            bytes = later;
            if block.plain.len() == BLOCK_BYTES as usize {
                // An entry's last block must be known as such, so a full one goes when more comes.
                if bytes.is_empty() {
                    return Ok(());
                }
                self.send()?;
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        let Some(block) = self.block.take() else { return Ok(()) };
        match self.filled.as_ref().map(|filled| filled.send(block)) {
            Some(Ok(())) => Ok(()),
            _ => Err(self.broken()),
        }
    }

    /// Sends the entry's last block on its way, and waits until the entry is written.
    fn end_of_entry(&mut self) -> Result<Written> {
        if let Some(block) = &mut self.block {
            block.last = true;
        }
        self.send()?;
        self.entries.recv().map_err(|_| self.broken())
    }

    /// Why the chain ended before its end.
    fn broken(&mut self) -> Error {
        self.filled = None;
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => error,
            _ => Error::new(ErrorKind::Unexpected, format!("cannot write {}: a thread ended early", self.name))
                .hint("run the command again; if it happens again, report it as a bug of wpp"),
        }
    }

    /// Ends the threads; gives back where they wrote to.
    fn finish(mut self) -> Result<Out> {
        self.filled = None;
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(out)) => out,
            _ => Err(self.broken()),
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // Each thread ends when the one before it has; nothing is written after this.
        self.filled = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        for helper in self.helpers.drain(..) {
            let _ = helper.join();
        }
    }
}

fn hash(from: &Receiver<Block>, to: &SyncSender<Block>) {
    let mut hasher = Sha256::new();
    while let Ok(mut block) = from.recv() {
        hasher.update(&block.plain[block.content.clone()]);
        if block.last {
            block.sha256 = Some(hasher.finalize_reset().into());
        }
        if to.send(block).is_err() {
            return;
        }
    }
}

fn compress(compressor: &mut Compressor, from: &Mutex<Receiver<Block>>, to: &SyncSender<Block>) {
    loop {
        // The lock is held while waiting: whoever holds it gets the next block.
        let next = from.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut block) = next else { return };
        block.failed = compressor.pack(&block.plain, &mut block.packed).err();
        if to.send(block).is_err() {
            return;
        }
    }
}

fn write(out: &mut Out, from: &Receiver<Block>, empty: &SyncSender<Block>, entries: &Sender<Written>) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    let mut offset_bytes = 0;
    let mut blocks_bytes = Vec::new();
    while let Ok(block) = from.recv() {
        early.insert(block.number, block);
        while let Some(block) = early.remove(&next) {
            next += 1;
            if let Some(error) = block.failed {
                return Err(Error::new(ErrorKind::Unexpected, format!("cannot compress into {}", out.name))
                    .caused_by(error)
                    .hint("free some memory, and run the command again"));
            }
            // A block is a megabyte, and compressed hardly more.
            blocks_bytes.push(block.packed.len() as u32);
            out.write(&block.packed)?;
            if let Some(sha256) = block.sha256.filter(|_| block.last) {
                let blocks_bytes = std::mem::take(&mut blocks_bytes);
                // Whoever waits for it may be gone; then nobody needs to know.
                let _ = entries.send(Written { sha256: hex::encode(sha256), offset_bytes, blocks_bytes });
                offset_bytes = out.written;
            }
            let _ = empty.send(block);
        }
    }
    Ok(())
}

/// Where the bytes go, their number and their hash so far.
struct Out {
    output: Box<dyn Output>,
    name: String,
    written: u64,
    hasher: Sha256,
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes).map_err(|error| disk::cannot("write", Path::new(&self.name), error))?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_compressors_stay_within_their_share_of_the_memory() {
        // All of a backup stays below 64 MiB; SQLite, the program and what the allocator keeps take the rest.
        assert!(memory_bytes_max(WORKERS_MAX) <= 42 << 20, "{}", memory_bytes_max(WORKERS_MAX));
        for codec in Codec::ALL {
            assert!(codec.packed_bytes_max(BLOCK_BYTES as usize) <= BLOCK_BYTES as usize + BLOCK_BYTES as usize / 64 + 128);
        }
    }

    #[test]
    fn a_footer_is_nothing_to_a_decompressor_and_no_other_bytes_are_one() {
        for codec in Codec::ALL {
            let bytes = footer(codec, 0x0123_4567_89ab, [7; 32]);
            let mut text = Vec::new();
            match codec {
                Codec::Gzip => {
                    std::io::Read::read_to_end(&mut flate2::bufread::GzDecoder::new(bytes.as_slice()), &mut text).unwrap();
                }
                Codec::Zstd => {
                    zstd::stream::copy_decode(bytes.as_slice(), &mut text).unwrap();
                }
            }
            assert!(text.is_empty());
            assert_eq!(read_footer(codec, &bytes), Some((0x0123_4567_89ab, [7; 32])));
            for bit in (0..16 * 8).chain(56 * 8..66 * 8) {
                let mut flipped = bytes;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(read_footer(codec, &flipped), None, "bit {bit}");
            }
        }
    }
}
