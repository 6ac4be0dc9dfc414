//! Reads archives of format 1.0, in which every tar entry is one gzip member, from the first byte to
//! the last. Start with [`read`].

use std::io::{BufRead, BufReader, Read, Take};
use std::path::Path;

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use super::{Ends, Expected, Opened, Unpack, check_agreement, check_header, check_zeros, parse_index, parse_manifest, refused};
use crate::archive::codec::Codec;
use crate::archive::input::Input;
use crate::archive::manifest::{CONFIG_SIZE_MAX, INDEX, INDEX_SIZE_MAX, MANIFEST, MANIFEST_SIZE_MAX, Member};
use crate::archive::pack::{FOOTER_BYTES, TAR_BLOCK_BYTES, TAR_END_BYTES, footer, padding};
use crate::disk;
use crate::error::{Error, Result};
use crate::report::{Meter, Sink};

const CHUNK_BYTES: usize = 256 << 10;

/// A small content, read alone.
pub(super) fn content(input: &mut Input, ends: &Ends, member: &Member) -> Result<Vec<u8>> {
    let archive = &only_gzip(input, ends)?;
    input.go_to(member.offset_bytes)?;
    let limit = ends.footer_offset().saturating_sub(member.offset_bytes);
    let mut reader = Reader::new(archive, input.take(limit), member.offset_bytes);
    let expected = Expected { name: &member.name, size_bytes: Some(member.size_bytes), modified_seconds: None };
    let size = reader.header(&expected, &[])?;
    reader.small(size, &member.name, CONFIG_SIZE_MAX)
}

fn only_gzip(input: &Input, ends: &Ends) -> Result<String> {
    match ends.codec {
        Codec::Gzip => Ok(input.name().to_owned()),
        Codec::Zstd => Err(refused(input.name(), "its manifest lists no blocks")),
    }
}

/// Reads every byte and checks it; the contents go to `unpack`.
pub(super) fn read(input: &mut Input, ends: &Ends, unpack: &mut dyn Unpack, sink: &dyn Sink) -> Result<Opened> {
    let path = &only_gzip(input, ends)?;
    let (size_bytes, manifest_offset, expected_sha256) = (ends.size_bytes, ends.manifest_offset, ends.sha256);
    let mut reader = Reader::new(path, input.take(size_bytes - FOOTER_BYTES as u64), 0);

    let size = reader.header(&Expected { name: INDEX, size_bytes: None, modified_seconds: None }, &[])?;
    let text = reader.small(size, INDEX, INDEX_SIZE_MAX)?;
    reader.end_of_entry(size, 0)?;
    let index = parse_index(path, &text, size_bytes)?;
    let modified_seconds = Some(u64::try_from(index.created_ms / 1000).unwrap_or(0));
    let total: u64 = index.members.iter().filter_map(|member| member.size_bytes).sum();

    unpack.announce(total)?;
    let mut meter = Meter::new(sink, format!("reading {path}"), total);
    let mut seen = vec![INDEX];
    let mut contents = Vec::new();
    for member in &index.members {
        let Some(size) = member.size_bytes else { continue };
        let offset_bytes = reader.start_of_entry();
        reader.header(&Expected { name: &member.name, size_bytes: Some(size), modified_seconds }, &seen)?;
        unpack.begin(&member.name, size)?;
        let sha256 = reader.content(size, &mut |bytes| {
            meter.add(bytes.len() as u64);
            unpack.write(bytes)
        })?;
        reader.end_of_entry(size, 0)?;
        unpack.end()?;
        contents.push((sha256, offset_bytes));
        seen.push(&member.name);
    }

    let offset_bytes = reader.start_of_entry();
    let size = reader.header(&Expected { name: MANIFEST, size_bytes: None, modified_seconds }, &seen)?;
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
    check_agreement(path, &manifest, &index)?;
    for (stated, found) in manifest.members.iter().zip(&contents) {
        if (&stated.sha256, stated.offset_bytes) != (&found.0, found.1) {
            return Err(refused(path, format!("{} is not what the manifest states", stated.name)));
        }
    }
    let mut hasher = hasher;
    hasher.update(footer(Codec::Gzip, manifest_offset, expected_sha256));
    Ok(Opened { manifest, size_bytes, sha256: hex::encode(hasher.finalize()) })
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
    fn header(&mut self, expected: &Expected<'_>, seen: &[&str]) -> Result<u64> {
        let mut block = [0; TAR_BLOCK_BYTES];
        self.fill(&mut block)?;
        check_header(self.path, &block, expected, seen)
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
        check_zeros(self.path, &zeros)?;
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
