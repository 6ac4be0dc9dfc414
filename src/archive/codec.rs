//! Compresses and unpacks the blocks that an archive consists of: gzip members or zstd frames.
//!
//! A block is one gzip member or one zstd frame with nothing beside it. Unpacking trusts nothing: a
//! block gives exactly the bytes that were announced, or it is refused. Start with [`Codec`].

use std::io::Read;

use serde::{Deserialize, Serialize};
use zstd::zstd_safe;

/// How the blocks of an archive are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum Codec {
    /// gzip members, which every Unix reads
    #[serde(rename = "tar.gz")]
    #[value(name = "tar.gz")]
    Gzip,
    /// zstd frames, smaller and several times as fast
    #[serde(rename = "tar.zst")]
    #[value(name = "tar.zst")]
    Zstd,
}

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// As fast as the format allows
    Fast,
    /// Little more time, noticeably smaller where the format allows it
    Default,
    /// Several times the time, for archives that are kept for long or sent far
    Small,
}

impl Codec {
    /// Both.
    pub const ALL: [Codec; 2] = [Codec::Gzip, Codec::Zstd];

    /// `tar.gz` or `tar.zst`, as options and names of files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Gzip => "tar.gz",
            Codec::Zstd => "tar.zst",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// The one whose files start with these bytes.
    pub fn of(start: [u8; 4]) -> Option<Codec> {
        match start {
            [0x1f, 0x8b, ..] => Some(Codec::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd] => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// More bytes than these no block of `plain_bytes` is compressed to.
    pub fn packed_bytes_max(self, plain_bytes: usize) -> usize {
        // What cannot be compressed is stored, with some bytes for each 64 KiB or so, a header and
        // a checksum.
        plain_bytes + plain_bytes / 64 + 128
    }
}

impl Effort {
    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Effort> {
        [("fast", Effort::Fast), ("default", Effort::Default), ("small", Effort::Small)]
            .into_iter()
            .find_map(|(known, effort)| (known == name).then_some(effort))
    }

    /// Levels as measured on message stores: libdeflate's first level is within 3 % of GNU gzip's
    /// sixth at six times its speed, and the next ones give 0.5 % for a third of the speed; what
    /// is noticeably smaller begins at 10. zstd's first three differ by 9 % in size.
    fn level(self, codec: Codec) -> i32 {
        match (codec, self) {
            (Codec::Gzip, Effort::Fast | Effort::Default) => 1,
            (Codec::Gzip, Effort::Small) => 10,
            (Codec::Zstd, Effort::Fast) => 1,
            (Codec::Zstd, Effort::Default) => 3,
            (Codec::Zstd, Effort::Small) => 12,
        }
    }
}

/// Compresses block after block. One for each thread.
pub enum Compressor {
    /// gzip members.
    Gzip(libdeflater::Compressor),
    /// zstd frames.
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    /// A compressor.
    pub fn new(codec: Codec, effort: Effort) -> std::io::Result<Compressor> {
        let level = effort.level(codec);
        match codec {
            Codec::Gzip => {
                let level = libdeflater::CompressionLvl::new(level).map_err(|_| std::io::Error::other("no such level"))?;
                Ok(Compressor::Gzip(libdeflater::Compressor::new(level)))
            }
            Codec::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(level)?;
                // So that `zstd -t` finds damage, too.
                compressor.include_checksum(true)?;
                Ok(Compressor::Zstd(compressor))
            }
        }
    }

    /// Puts the compressed form of `plain` into `packed`, in the place of what was there.
    pub fn pack(&mut self, plain: &[u8], packed: &mut Vec<u8>) -> std::io::Result<()> {
        match self {
            Compressor::Gzip(compressor) => {
                packed.resize(compressor.gzip_compress_bound(plain.len()), 0);
                let count = compressor.gzip_compress(plain, packed).map_err(std::io::Error::other)?;
                packed.truncate(count);
            }
            Compressor::Zstd(compressor) => {
                packed.clear();
                packed.reserve(zstd_safe::compress_bound(plain.len()));
                compressor.compress_to_buffer(plain, packed)?;
            }
        }
        Ok(())
    }
}

/// Unpacks block after block. One for each thread.
pub enum Unpacker {
    /// gzip members.
    Gzip(libdeflater::Decompressor),
    /// zstd frames.
    Zstd(zstd::bulk::Decompressor<'static>),
}

/// A block that is not what was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

// The fixed part of the header of a gzip member as libdeflate writes it: no name, no comment, no
// extra field, no time. The two bytes after it say how hard the compressor tried, and its system.
const GZIP_START: [u8; 8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];
const GZIP_END_BYTES: usize = 8;

impl Unpacker {
    /// An unpacker.
    pub fn new(codec: Codec) -> std::io::Result<Unpacker> {
        match codec {
            Codec::Gzip => Ok(Unpacker::Gzip(libdeflater::Decompressor::new())),
            Codec::Zstd => zstd::bulk::Decompressor::new().map(Unpacker::Zstd),
        }
    }

    /// Puts exactly `plain_bytes` into `plain`, in the place of what was there. `packed` must be
    /// one block and nothing else.
    pub fn unpack(&mut self, packed: &[u8], plain_bytes: usize, plain: &mut Vec<u8>) -> Result<(), Damaged> {
        match self {
            Unpacker::Gzip(decompressor) => {
                if !packed.starts_with(&GZIP_START) {
                    return Err(Damaged);
                }
                plain.resize(plain_bytes, 0);
                let count = decompressor.gzip_decompress(packed, plain).map_err(|_| Damaged)?;
                if count == plain_bytes && ends_once(packed, plain) { Ok(()) } else { Err(Damaged) }
            }
            Unpacker::Zstd(decompressor) => {
                // The frame is all there is, and says the size that was announced.
                let one = zstd_safe::find_frame_compressed_size(packed).is_ok_and(|size| size == packed.len());
                let stated = zstd_safe::get_frame_content_size(packed).ok().flatten();
                if !one || !packed.starts_with(&[0x28, 0xb5]) || stated != Some(plain_bytes as u64) {
                    return Err(Damaged);
                }
                plain.clear();
                plain.reserve(plain_bytes);
                let count = decompressor.decompress_to_buffer(packed, plain).map_err(|_| Damaged)?;
                if count == plain_bytes { Ok(()) } else { Err(Damaged) }
            }
        }
    }
}

/// Whether the gzip member that gave `plain` ends where `packed` does.
///
/// libdeflate stops at the end of a member and does not say where that was. It has found the
/// checksum and the size of `plain` there, so a member that ends early has these eight bytes before
/// the end: when they stand at the end and nowhere else, the end is the end.
fn ends_once(packed: &[u8], plain: &[u8]) -> bool {
    let mut end = [0; GZIP_END_BYTES];
    end[..4].copy_from_slice(&libdeflater::crc32(plain).to_le_bytes());
    // gzip keeps the size modulo 2^32.
    end[4..].copy_from_slice(&(plain.len() as u32).to_le_bytes());
    let Some(before) = packed.strip_suffix(&end) else { return false };
    if !contains(&packed[..packed.len() - 1], &end) {
        return true;
    }
    // They may stand there by chance: a slower decoder knows.
    let mut exact = flate2::bufread::GzDecoder::new(packed);
    let mut rest = [0; 4096];
    while exact.read(&mut rest).is_ok_and(|count| count > 0) {}
    !before.is_empty() && exact.into_inner().is_empty()
}

fn contains(mut bytes: &[u8], wanted: &[u8; GZIP_END_BYTES]) -> bool {
    // `skip_until` is the standard library's search for one byte, the fast way to most of the work.
    while let Ok(skipped @ 1..) = std::io::BufRead::skip_until(&mut { bytes }, wanted[0]) {
        if bytes[skipped - 1..].starts_with(wanted) {
            return true;
        }
        bytes = &bytes[skipped..];
    }
    false
}

/// Unpacks blocks of unknown sizes that stand one after the other, and gives at most
/// `plain_bytes_max` bytes: more is refused, as is anything that is no block.
pub fn unpack_all(codec: Codec, packed: &[u8], plain_bytes_max: usize) -> Result<Vec<u8>, Damaged> {
    let mut plain = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        match codec {
            Codec::Gzip => {
                let mut decoder = flate2::bufread::GzDecoder::new(rest);
                let left = (plain_bytes_max - plain.len()) as u64;
                let count = decoder.by_ref().take(left + 1).read_to_end(&mut plain).map_err(|_| Damaged)?;
                if count as u64 > left {
                    return Err(Damaged);
                }
                // Reads the checksum, when the limit fell on the last byte.
                if decoder.read(&mut [0]).map_err(|_| Damaged)? != 0 {
                    return Err(Damaged);
                }
                rest = decoder.into_inner();
            }
            Codec::Zstd => {
                let size = zstd_safe::find_frame_compressed_size(rest).map_err(|_| Damaged)?;
                let frame = rest.get(..size).ok_or(Damaged)?;
                let stated = zstd_safe::get_frame_content_size(frame).ok().flatten().ok_or(Damaged)?;
                let stated = usize::try_from(stated).map_err(|_| Damaged)?;
                if stated > plain_bytes_max - plain.len() {
                    return Err(Damaged);
                }
                let mut block = Vec::new();
                Unpacker::new(codec).map_err(|_| Damaged)?.unpack(frame, stated, &mut block)?;
                plain.extend_from_slice(&block);
                rest = &rest[size..];
            }
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(codec: Codec, plain: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        Compressor::new(codec, Effort::Fast).unwrap().pack(plain, &mut packed).unwrap();
        packed
    }

    fn unpacked(codec: Codec, packed: &[u8], plain_bytes: usize) -> Result<Vec<u8>, Damaged> {
        let mut plain = vec![7; 10];
        Unpacker::new(codec).unwrap().unpack(packed, plain_bytes, &mut plain).map(|()| plain)
    }

    fn noise(count: usize) -> Vec<u8> {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(|| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as u8
        })
        .take(count)
        .collect()
    }

    #[test]
    fn a_block_gives_what_was_put_into_it_and_is_never_larger_than_the_bound() {
        let text = "words and more words ".repeat(5000).into_bytes();
        for plain in [Vec::new(), b"x".to_vec(), text, noise(1 << 20), noise(700)] {
            for codec in Codec::ALL {
                for effort in [Effort::Fast, Effort::Default, Effort::Small] {
                    let mut packed = vec![1; 100];
                    Compressor::new(codec, effort).unwrap().pack(&plain, &mut packed).unwrap();
                    assert!(packed.len() <= codec.packed_bytes_max(plain.len()), "{} {}", plain.len(), packed.len());
                    assert!(unpacked(codec, &packed, plain.len()).unwrap() == plain);
                    assert!(unpack_all(codec, &[&packed[..], &packed].concat(), plain.len() * 2).unwrap() == plain.repeat(2));
                    assert_eq!(Codec::of(packed[..4].try_into().unwrap()), Some(codec));
                }
            }
        }
    }

    #[test]
    fn a_block_that_is_not_what_was_announced_is_refused() {
        let plain = noise(3000);
        for codec in Codec::ALL {
            let good = packed(codec, &plain);
            for wrong in [plain.len() - 1, plain.len() + 1, 0, 1 << 20] {
                assert_eq!(unpacked(codec, &good, wrong), Err(Damaged), "{codec:?} {wrong}");
            }
            for cut in 0..good.len() {
                assert_eq!(unpacked(codec, &good[..cut], plain.len()), Err(Damaged), "{codec:?} cut at {cut}");
            }
            assert_eq!(unpack_all(codec, &good, plain.len() - 1), Err(Damaged));
            assert_eq!(unpack_all(codec, &good[..good.len() - 1], plain.len()), Err(Damaged));
            assert_eq!(unpack_all(codec, &[&good[..], b"junk"].concat(), 1 << 20), Err(Damaged));
            let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"hide"].concat();
            for hidden in [b"x".to_vec(), vec![0; 8], packed(codec, b""), packed(codec, b"more"), good.clone(), skippable] {
                let longer = [&good[..], &hidden].concat();
                assert_eq!(unpacked(codec, &longer, plain.len()), Err(Damaged), "{codec:?} with {} more", hidden.len());
            }
            // Two halves are two blocks.
            let halves = [packed(codec, &plain[..1500]), packed(codec, &plain[1500..])].concat();
            assert_eq!(unpacked(codec, &halves, plain.len()), Err(Damaged));
        }
        // A name in the header is a place to hide something in.
        let mut named = flate2::GzBuilder::new().filename("x").write(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut named, &plain).unwrap();
        assert_eq!(unpacked(Codec::Gzip, &named.finish().unwrap(), plain.len()), Err(Damaged));
    }

    #[test]
    fn the_end_of_a_member_may_stand_in_its_middle_by_chance() {
        // Noise is stored as it is, so the member holds its own last eight bytes if the content does:
        // a checksum and the size. Four bytes before them are chosen so that the checksum is right.
        let target = 0x1234_5678_u32;
        let mut plain = noise(2000);
        let count = (plain.len() + 8) as u32;
        plain.extend_from_slice(&target.to_le_bytes());
        plain.extend_from_slice(&count.to_le_bytes());
        let fix = plain.len() - 12;
        let mut wanted = [0_u8; 4];
        for bit in solve(&plain, fix, target) {
            wanted[bit / 8] ^= 1 << (bit % 8);
        }
        for (byte, change) in plain[fix..fix + 4].iter_mut().zip(wanted) {
            *byte ^= change;
        }
        assert_eq!(libdeflater::crc32(&plain), target);
        let stored = packed(Codec::Gzip, &plain);
        let end: [u8; 8] = stored[stored.len() - 8..].try_into().unwrap();
        assert!(contains(&stored[..stored.len() - 1], &end), "the case was not made");
        assert!(unpacked(Codec::Gzip, &stored, plain.len()).unwrap() == plain);
        let longer = [&stored[..], &stored].concat();
        assert_eq!(unpacked(Codec::Gzip, &longer, plain.len()), Err(Damaged));
    }

    /// Bits of the four bytes at `fix` whose change gives the checksum `target`: a checksum is
    /// linear in the bits.
    fn solve(plain: &[u8], fix: usize, target: u32) -> Vec<usize> {
        let base = libdeflater::crc32(plain);
        let mut rows: Vec<(u32, u32)> = (0..32)
            .map(|bit| {
                let mut changed = plain.to_vec();
                changed[fix + bit / 8] ^= 1 << (bit % 8);
                (libdeflater::crc32(&changed) ^ base, 1 << bit)
            })
            .collect();
        let (mut left, mut chosen) = (base ^ target, 0_u32);
        for column in 0..32 {
            let Some(at) = rows.iter().position(|(value, _)| value >> column & 1 == 1) else { continue };
            let (value, bits) = rows.swap_remove(at);
            for row in &mut rows {
                if row.0 >> column & 1 == 1 {
                    *row = (row.0 ^ value, row.1 ^ bits);
                }
            }
            if left >> column & 1 == 1 {
                left ^= value;
                chosen ^= bits;
            }
        }
        assert_eq!(left, 0);
        (0..32).filter(|bit| chosen >> bit & 1 == 1).collect()
    }
}
