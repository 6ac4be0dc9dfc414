//! Reads archives in blocks: one thread reads and hashes the file, as many as there are processors
//! unpack, and the caller's takes the blocks in order, checks them and writes them. Start with
//! [`read`].
//!
//! All bounds come from the manifest, which is read first and believed in nothing else until the
//! end: its lists of blocks must cover the file from the index to the manifest without a gap, and
//! each block must give exactly the part of the tar file that its place says.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::{Ends, Expected, Opened, Unpack, check_agreement, check_header, check_zeros, entry, parse_index, refused};
use crate::archive::codec::{Unpacker, unpack_all};
use crate::archive::input::Input;
use crate::archive::manifest::{BLOCK_BYTES, CONFIG_SIZE_MAX, INDEX, INDEX_SIZE_MAX, Manifest, Member};
use crate::archive::pack::{TAR_BLOCK_BYTES, blocks_under_way, footer, padding, workers};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::report::{Meter, Sink};

/// One block: how large it is in the file, and in the tar file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    packed: usize,
    plain: usize,
}

/// The blocks of each content, in their order, checked against each other and the file's ends.
struct Layout {
    /// Where the index ends.
    start: u64,
    entries: Vec<Vec<Size>>,
}

impl Layout {
    fn of(archive: &str, ends: &Ends, manifest: &Manifest) -> Result<Layout> {
        let block_bytes = manifest.block_bytes.unwrap_or(0);
        if block_bytes == 0 || block_bytes > BLOCK_BYTES || !(block_bytes as usize).is_multiple_of(TAR_BLOCK_BYTES) {
            return Err(refused(archive, format!("it has blocks of {block_bytes} bytes")));
        }
        let start = manifest.members.first().map_or(0, |member| member.offset_bytes);
        let index_max = ends.codec.packed_bytes_max(INDEX_SIZE_MAX as usize + 2 * TAR_BLOCK_BYTES) as u64;
        if start == 0 || start > index_max {
            return Err(refused(archive, format!("its index takes {start} bytes")));
        }
        let mut offset = start;
        let mut entries = Vec::new();
        for member in &manifest.members {
            let wrong = |what: String| refused(archive, format!("the blocks of {} {what}", member.name));
            if member.offset_bytes != offset {
                return Err(wrong(format!("start at {} and should at {offset}", member.offset_bytes)));
            }
            let tar_bytes = member.size_bytes.checked_add((TAR_BLOCK_BYTES + padding(member.size_bytes)) as u64);
            let tar_bytes = tar_bytes.ok_or_else(|| wrong("hold more than any disk".into()))?;
            if member.blocks_bytes.len() as u64 != tar_bytes.div_ceil(block_bytes.into()) {
                return Err(wrong(format!("are {} and hold {tar_bytes} bytes", member.blocks_bytes.len())));
            }
            let mut left = tar_bytes;
            let mut sizes = Vec::with_capacity(member.blocks_bytes.len());
            for packed in &member.blocks_bytes {
                // At most a block, which is a megabyte.
                let size = Size { packed: *packed as usize, plain: left.min(block_bytes.into()) as usize };
                if size.packed == 0 || size.packed > ends.codec.packed_bytes_max(size.plain) {
                    return Err(wrong(format!("hold {} bytes in {packed}", size.plain)));
                }
                left -= size.plain as u64;
                // Each is bounded and there are fewer than 2^64 / 512, so this does not overflow.
                offset += u64::from(*packed);
                sizes.push(size);
            }
            entries.push(sizes);
        }
        if offset != ends.manifest_offset {
            return Err(refused(
                archive,
                format!("its blocks end at {offset} and its manifest starts at {}", ends.manifest_offset),
            ));
        }
        Ok(Layout { start, entries })
    }

    fn sizes(&self) -> impl Iterator<Item = Size> {
        self.entries.iter().flatten().copied()
    }
}

/// A small content, read alone through its blocks.
pub(super) fn content(input: &mut Input, ends: &Ends, manifest: &Manifest, member: &Member) -> Result<Vec<u8>> {
    let archive = input.name().to_owned();
    let layout = Layout::of(&archive, ends, manifest)?;
    let at = manifest.members.iter().position(|other| other.name == member.name).unwrap_or(0);
    let mut unpacker = unpacker(ends)?;
    input.go_to(member.offset_bytes)?;
    let (mut plain, mut packed, mut part) = (Vec::new(), Vec::new(), Vec::new());
    for size in &layout.entries[at] {
        packed.resize(size.packed, 0);
        input.read_exact(&mut packed).map_err(|error| cut_short(input, error))?;
        unpacker.unpack(&packed, size.plain, &mut part).map_err(|_| damaged(&archive, &member.name))?;
        plain.extend_from_slice(&part);
    }
    let expected = Expected { name: &member.name, size_bytes: Some(member.size_bytes), modified_seconds: None };
    entry(&archive, &plain, &expected, CONFIG_SIZE_MAX, 0).map(<[u8]>::to_vec)
}

/// Reads every byte and checks it; the contents go to `taker`.
/// `packed_manifest` is what `manifest` was in: the file must hold the same when it is read through.
pub(super) fn read(
    input: &mut Input,
    ends: &Ends,
    manifest: Manifest,
    packed_manifest: &[u8],
    taker: &mut dyn Unpack,
    sink: &dyn Sink,
) -> Result<Opened> {
    let archive = &input.name().to_owned();
    let layout = Layout::of(archive, ends, &manifest)?;

    // The index is small: it was bounded by the layout.
    let mut packed = vec![0; layout.start as usize];
    input.read_exact(&mut packed).map_err(|error| cut_short(input, error))?;
    let mut hasher = Sha256::new();
    hasher.update(&packed);
    let plain =
        unpack_all(ends.codec, &packed, INDEX_SIZE_MAX as usize + 2 * TAR_BLOCK_BYTES).map_err(|_| damaged(archive, INDEX))?;
    let expected = Expected { name: INDEX, size_bytes: None, modified_seconds: None };
    let index = parse_index(archive, entry(archive, &plain, &expected, INDEX_SIZE_MAX, 0)?, ends.size_bytes)?;
    check_agreement(archive, &manifest, &index)?;
    let modified_seconds = u64::try_from(index.created_ms / 1000).unwrap_or(0);
    taker.announce(manifest.content_bytes())?;

    let hasher = unpack(input, ends, &layout, hasher, packed_manifest, |blocks| {
        let mut meter = Meter::new(sink, format!("reading {archive}"), manifest.content_bytes());
        let mut seen = vec![INDEX];
        for (member, sizes) in manifest.members.iter().zip(&layout.entries) {
            let mut content = Content::of(archive, member, modified_seconds, taker)?;
            for _ in sizes {
                blocks.next(&member.name, |plain| {
                    meter.add(plain.len() as u64);
                    content.take(plain, &seen)
                })?;
            }
            content.finish()?;
            seen.push(&member.name);
        }
        Ok(())
    })?;
    if <[u8; 32]>::from(hasher.clone().finalize()) != ends.sha256 {
        return Err(refused(archive, "its bytes do not have the hash that its footer states"));
    }
    let mut hasher = hasher;
    hasher.update(footer(ends.codec, ends.manifest_offset, ends.sha256));
    Ok(Opened { manifest, size_bytes: ends.size_bytes, sha256: hex::encode(hasher.finalize()) })
}

/// One content on its way out of its blocks.
struct Content<'a> {
    archive: &'a str,
    member: &'a Member,
    modified_seconds: u64,
    taker: &'a mut dyn Unpack,
    hasher: Sha256,
    /// How much of the entry was taken.
    taken: u64,
}

impl<'a> Content<'a> {
    fn of(archive: &'a str, member: &'a Member, modified_seconds: u64, taker: &'a mut dyn Unpack) -> Result<Content<'a>> {
        taker.begin(&member.name, member.size_bytes)?;
        Ok(Content { archive, member, modified_seconds, taker, hasher: Sha256::new(), taken: 0 })
    }

    /// Takes the next part of the tar entry: its header, then the content, then zeros.
    fn take(&mut self, mut plain: &[u8], seen: &[&str]) -> Result<()> {
        if self.taken == 0 {
            let Some((head, rest)) = plain.split_first_chunk() else { return Err(refused(self.archive, "it is cut short")) };
            let size_bytes = Some(self.member.size_bytes);
            let expected = Expected { name: &self.member.name, size_bytes, modified_seconds: Some(self.modified_seconds) };
            check_header(self.archive, head, &expected, seen)?;
            plain = rest;
            self.taken = TAR_BLOCK_BYTES as u64;
        }
        let left = (self.member.size_bytes + TAR_BLOCK_BYTES as u64).saturating_sub(self.taken);
        // A block has a size that a processor can address.
        let (content, zeros) = plain.split_at(usize::try_from(left).unwrap_or(usize::MAX).min(plain.len()));
        self.hasher.update(content);
        self.taker.write(content)?;
        self.taken += plain.len() as u64;
        check_zeros(self.archive, zeros)
    }

    fn finish(self) -> Result<()> {
        if hex::encode(self.hasher.finalize()) != self.member.sha256 {
            return Err(refused(self.archive, format!("{} is not what the manifest states", self.member.name)));
        }
        self.taker.end()
    }
}

/// A block on its way from the file to whoever takes it.
#[derive(Default)]
struct Block {
    number: u64,
    plain_bytes: usize,
    packed: Vec<u8>,
    plain: Vec<u8>,
    damaged: bool,
}

/// Blocks as they come out of the threads, put back in order.
struct Blocks<'a> {
    archive: &'a str,
    from: Receiver<Block>,
    empty: SyncSender<Block>,
    early: BTreeMap<u64, Block>,
    next: u64,
    /// The threads ended before their end; the one that reads says why.
    ended: bool,
}

impl Blocks<'_> {
    /// Hands over the next block, which belongs to the content of this name.
    fn next(&mut self, name: &str, take: impl FnOnce(&[u8]) -> Result<()>) -> Result<()> {
        let block = loop {
            if let Some(block) = self.early.remove(&self.next) {
                break block;
            }
            let Ok(block) = self.from.recv() else {
                self.ended = true;
                return Err(refused(self.archive, "it is cut short"));
            };
            self.early.insert(block.number, block);
        };
        self.next += 1;
        if block.damaged {
            return Err(damaged(self.archive, name));
        }
        take(&block.plain)?;
        // When there is nothing more to read, nobody waits for empty ones.
        let _ = self.empty.send(block);
        Ok(())
    }
}

/// Runs the threads while `take` takes the blocks; gives the hash of all bytes up to the footer.
fn unpack(
    input: &mut Input,
    ends: &Ends,
    layout: &Layout,
    hasher: Sha256,
    packed_manifest: &[u8],
    take: impl FnOnce(&mut Blocks<'_>) -> Result<()>,
) -> Result<Sha256> {
    let archive = input.name().to_owned();
    let under_way = blocks_under_way();
    let (empty, to_fill) = sync_channel::<Block>(under_way);
    let (filled, to_unpack) = sync_channel::<Block>(under_way);
    let (unpacked, from) = sync_channel::<Block>(under_way);
    for _ in 0..under_way {
        // There is room for each of them, so this does not wait.
        let _ = empty.send(Block::default());
    }
    let mut unpackers = Vec::new();
    for _ in 0..workers() {
        unpackers.push(unpacker(ends)?);
    }
    let to_unpack = &Mutex::new(to_unpack);
    std::thread::scope(|scope| {
        let thread = || std::thread::Builder::new().name("archive".into());
        let no_thread = |error| {
            let error = Error::new(ErrorKind::Unexpected, "cannot start a thread").caused_by(error);
            error.hint("the system allows no more threads or memory; see `ulimit -u`")
        };
        let reader = move || feed(input, layout, hasher, packed_manifest, to_fill, filled);
        let reader = thread().spawn_scoped(scope, reader).map_err(no_thread)?;
        for mut unpacker in unpackers {
            let unpacked = unpacked.clone();
            thread().spawn_scoped(scope, move || work(&mut unpacker, to_unpack, &unpacked)).map_err(no_thread)?;
        }
        drop(unpacked);
        let mut blocks = Blocks { archive: &archive, from, empty, early: BTreeMap::new(), next: 0, ended: false };
        let taken = take(&mut blocks);
        let ended = blocks.ended;
        // Without anybody to take more, the threads end.
        drop(blocks);
        let fed = reader.join().unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Unexpected, format!("cannot read {archive}: a thread ended early"))
                .hint("run the command again; if it happens again, report it as a bug of wpp"))
        });
        match taken {
            Ok(()) => fed,
            Err(error) if ended => Err(fed.err().unwrap_or(error)),
            Err(error) => Err(error),
        }
    })
}

/// Reads the blocks of all contents, then the manifest; gives the hash of everything.
fn feed(
    input: &mut Input,
    layout: &Layout,
    mut hasher: Sha256,
    packed_manifest: &[u8],
    empty: Receiver<Block>,
    filled: SyncSender<Block>,
) -> Result<Sha256> {
    let nobody = || Error::new(ErrorKind::Unexpected, "nobody takes the blocks").hint("the first error says why");
    for (number, size) in (0..).zip(layout.sizes()) {
        let mut block = empty.recv().map_err(|_| nobody())?;
        block.packed.resize(size.packed, 0);
        input.read_exact(&mut block.packed).map_err(|error| cut_short(input, error))?;
        hasher.update(&block.packed);
        (block.number, block.plain_bytes) = (number, size.plain);
        filled.send(block).map_err(|_| nobody())?;
    }
    drop(filled);
    let mut again = vec![0; packed_manifest.len()];
    input.read_exact(&mut again).map_err(|error| cut_short(input, error))?;
    if again != packed_manifest {
        return Err(refused(input.name(), "it changed while it was read"));
    }
    hasher.update(&again);
    Ok(hasher)
}

fn work(unpacker: &mut Unpacker, from: &Mutex<Receiver<Block>>, to: &SyncSender<Block>) {
    loop {
        // The lock is held while waiting: whoever holds it gets the next block.
        let next = from.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut block) = next else { return };
        block.damaged = unpacker.unpack(&block.packed, block.plain_bytes, &mut block.plain).is_err();
        if to.send(block).is_err() {
            return;
        }
    }
}

fn unpacker(ends: &Ends) -> Result<Unpacker> {
    let unpacker = Unpacker::new(ends.codec).while_doing(|| "cannot start unpacking".into());
    unpacker.map_err(|error| error.hint("free some memory, and try again"))
}

fn damaged(archive: &str, name: &str) -> Error {
    refused(archive, format!("{name} is damaged"))
}

fn cut_short(input: &Input, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => refused(input.name(), "it is cut short"),
        _ => input.cannot_read(error),
    }
}
