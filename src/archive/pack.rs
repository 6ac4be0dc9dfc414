//! Writes an archive, one content after the other. Start with [`Writer::over`].

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::manifest::{INDEX, Index, MANIFEST, Manifest};
use super::output::Output;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};

/// Size of a block of a tar file.
pub const BLOCK_BYTES: usize = 512;
/// Size of the footer.
pub const FOOTER_BYTES: usize = 66;
/// What ends a tar file: two blocks of zeros.
pub const TAR_END_BYTES: usize = 2 * BLOCK_BYTES;

// Fast enough not to matter beside a small store; the compressor is the bottleneck of a large one.
const LEVEL: u32 = 3;

/// The one form that a tar header has in an archive.
pub fn header(name: &str, size_bytes: u64, modified_seconds: u64) -> Result<[u8; BLOCK_BYTES]> {
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
    let rest = (size_bytes % BLOCK_BYTES as u64) as usize;
    if rest == 0 { 0 } else { BLOCK_BYTES - rest }
}

/// The footer: an empty gzip member that says where the manifest starts and what all bytes before
/// the footer hash to.
pub fn footer(manifest_offset_bytes: u64, sha256: [u8; 32]) -> [u8; FOOTER_BYTES] {
    let mut bytes = Vec::with_capacity(FOOTER_BYTES);
    // Magic, deflate, flag FEXTRA, no time, no extra flags, unknown system; the field's length.
    bytes.extend_from_slice(&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
    bytes.extend_from_slice(&44_u16.to_le_bytes());
    bytes.extend_from_slice(b"WP");
    bytes.extend_from_slice(&40_u16.to_le_bytes());
    bytes.extend_from_slice(&manifest_offset_bytes.to_le_bytes());
    bytes.extend_from_slice(&sha256);
    // An empty final block, then the checksum and the length of nothing.
    bytes.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut footer = [0; FOOTER_BYTES];
    footer.copy_from_slice(&bytes);
    footer
}

/// Where the manifest starts and the hash, if these bytes are a footer.
pub fn read_footer(bytes: &[u8; FOOTER_BYTES]) -> Option<(u64, [u8; 32])> {
    let offset = u64::from_le_bytes(bytes[16..24].try_into().ok()?);
    let sha256 = bytes[24..56].try_into().ok()?;
    (footer(offset, sha256) == *bytes).then_some((offset, sha256))
}

/// What became of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Where its gzip member starts.
    pub offset_bytes: u64,
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
    out: Out,
    modified_seconds: u64,
}

impl Writer {
    /// Takes where the archive goes to and the name that errors call it by, and writes the index.
    pub fn over(output: Box<dyn Output>, name: &str, index: &Index) -> Result<Writer> {
        let out = Out { output, name: name.to_owned(), written: 0, hasher: Sha256::new() };
        let modified_seconds = u64::try_from(index.created_ms / 1000).unwrap_or(0);
        let mut writer = Writer { out, modified_seconds };
        let text = json(index)?;
        writer.entry(INDEX, text.len() as u64, 0, |content| content.write(&text))?;
        Ok(writer)
    }

    /// Writes a content of exactly `size_bytes`, which `fill` hands over piece by piece.
    pub fn member(&mut self, name: &str, size_bytes: u64, fill: impl FnOnce(&mut Content<'_>) -> Result<()>) -> Result<Written> {
        self.entry(name, size_bytes, 0, fill)
    }

    fn entry(
        &mut self,
        name: &str,
        size_bytes: u64,
        zeros_after: usize,
        fill: impl FnOnce(&mut Content<'_>) -> Result<()>,
    ) -> Result<Written> {
        let offset_bytes = self.out.written;
        let archive = self.out.name.clone();
        let mut gzip = GzEncoder::new(&mut self.out, Compression::new(LEVEL));
        gzip.write_all(&header(name, size_bytes, self.modified_seconds)?)
            .map_err(|error| disk::cannot("write", Path::new(&archive), error))?;
        let mut content = Content { gzip, hasher: Sha256::new(), left: size_bytes, name, archive: &archive };
        fill(&mut content)?;
        if content.left > 0 {
            return Err(content.wrong_size());
        }
        let sha256 = hex::encode(content.hasher.finalize());
        let zeros = vec![0; padding(size_bytes) + zeros_after];
        content
            .gzip
            .write_all(&zeros)
            .and_then(|()| content.gzip.finish().map(drop))
            .map_err(|error| disk::cannot("write", Path::new(&archive), error))?;
        Ok(Written { sha256, offset_bytes })
    }

    /// Writes the manifest and the footer, and forces everything out.
    pub fn finish(mut self, manifest: &Manifest) -> Result<Packed> {
        let text = json(manifest)?;
        let written = self.entry(MANIFEST, text.len() as u64, TAR_END_BYTES, |content| content.write(&text))?;
        let mut hasher = self.out.hasher.clone();
        let footer = footer(written.offset_bytes, self.out.hasher.clone().finalize().into());
        hasher.update(footer);
        let archive = self.out.name.clone();
        self.out.write_all(&footer).map_err(|error| disk::cannot("write", Path::new(&archive), error))?;
        let size_bytes = self.out.written;
        self.out.output.finish()?;
        Ok(Packed { size_bytes, sha256: hex::encode(hasher.finalize()) })
    }
}

fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(document).while_doing(|| "cannot write an archive's manifest".into())?;
    text.push(b'\n');
    Ok(text)
}

/// Takes the bytes of one content.
pub struct Content<'a> {
    gzip: GzEncoder<&'a mut Out>,
    hasher: Sha256,
    left: u64,
    name: &'a str,
    archive: &'a str,
}

impl Content<'_> {
    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| self.wrong_size())?;
        self.hasher.update(bytes);
        self.gzip.write_all(bytes).map_err(|error| disk::cannot("write", Path::new(self.archive), error))
    }

    fn wrong_size(&self) -> Error {
        Error::new(ErrorKind::Unexpected, format!("{} changed its size while it was read into {}", self.name, self.archive))
            .hint("run the backup again; if it happens again, something other than wpp writes this file")
    }
}

/// Where the bytes go, their number and their hash so far.
struct Out {
    output: Box<dyn Output>,
    name: String,
    written: u64,
    hasher: Sha256,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_is_an_empty_gzip_member_and_no_other_bytes_are_one() {
        let bytes = footer(0x0123_4567_89ab, [7; 32]);
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::bufread::GzDecoder::new(bytes.as_slice()), &mut text).unwrap();
        assert!(text.is_empty());
        assert_eq!(read_footer(&bytes), Some((0x0123_4567_89ab, [7; 32])));
        for bit in (0..16 * 8).chain(56 * 8..66 * 8) {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_footer(&flipped), None, "bit {bit}");
        }
    }
}
