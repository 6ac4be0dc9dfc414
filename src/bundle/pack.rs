//! The finished bundle: a manifest, an archive, and the last look at its bytes. Start with [`seal`].

use std::io::Read as _;

use serde_json::{Value, json};

use super::{Part, README};
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::evidence::strangers::{Counts, Known, looks_like};
use crate::forms::{Kind, is_hash};

/// Bytes that all files together may have.
const SIZE_BYTES_MAX: u64 = 64 << 20;

/// The list of all files with their hashes.
pub const MANIFEST: &str = "manifest.json";

/// How the archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `.tar.gz`: everybody can open it.
    Gzip,
    /// `.tar.zst`: smaller.
    Zstd,
}

impl Packing {
    /// By the end of a file's name.
    pub fn of_name(name: &str) -> Option<Packing> {
        match name {
            name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Some(Packing::Gzip),
            name if name.ends_with(".tar.zst") => Some(Packing::Zstd),
            _ => None,
        }
    }
}

/// A file of the bundle as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: usize,
    /// SHA-256 in hex.
    pub sha256: String,
    /// What was taken out of it, by kind.
    pub replaced: Counts,
}

/// A bundle that passed the last look.
#[derive(Debug)]
pub struct Sealed {
    /// The archive.
    pub bytes: Vec<u8>,
    /// Its files, without the manifest.
    pub files: Vec<Listed>,
    /// What was taken out of all of them.
    pub replaced: Counts,
}

/// Packs the parts below one folder, opens what came out, and looks through it. `held_back` says, in sentences that
/// name nobody, what the bundle lacks because it could not be told whose it is.
///
/// # Errors
/// [`ErrorKind::Denied`] when a part is no kind of file that belongs into a bundle, or when something in the
/// finished bytes is known to be somebody's or looks like it. The file is named, and never what was found.
pub fn seal(
    folder: &str,
    (made, version): (&str, &str),
    parts: &[Part],
    held_back: &[String],
    packing: Packing,
    known: &Known,
) -> Result<Sealed> {
    for part in parts {
        admit(part)?;
    }
    let files = parts
        .iter()
        .map(|part| {
            let (sha256, _) = disk::sha256(&part.bytes[..]).while_doing(|| format!("cannot hash {}", part.name))?;
            Ok(Listed { name: part.name.clone(), size_bytes: part.bytes.len(), sha256, replaced: part.replaced.clone() })
        })
        .collect::<Result<Vec<Listed>>>()?;
    let mut replaced = Counts::new();
    for (kind, count) in files.iter().flat_map(|file| &file.replaced) {
        *replaced.entry(kind).or_default() += count;
    }
    let manifest = json!({
        "schema": "wpp.support-bundle-manifest/1", "made": made, "version": version, "files": files, "replaced": replaced,
        "held_back": held_back,
    });
    let manifest = serde_json::to_vec_pretty(&manifest).while_doing(|| "cannot write the manifest".into())?;
    let bytes = pack(folder, parts, &manifest, packing).while_doing(|| "cannot pack the bundle".into())?;
    inspect(&bytes, packing, known)?;
    Ok(Sealed { bytes, files, replaced })
}

/// Names that a bundle may hold, and what no file of it may begin with.
fn admit(part: &Part) -> Result<()> {
    let refused = |why: &str| {
        Err(Error::new(ErrorKind::Denied, format!("{} does not belong into a bundle: {why}", part.name))
            .hint("stores, archives and keys never leave the home in a bundle; report this as a bug of wpp"))
    };
    let (stem, ending) = part.name.rsplit_once('.').unwrap_or((&part.name, ""));
    let plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !matches!(ending, "json" | "jsonl" | "txt") || !stem.split('/').all(plain) || part.name == MANIFEST {
        return refused("its name is none of a bundle's");
    }
    if let Some((_, what)) = FORMS.iter().find(|(form, _)| part.bytes.starts_with(form)) {
        return refused(what);
    }
    match std::str::from_utf8(&part.bytes) {
        Ok(text) if !text.contains('\0') => Ok(()),
        _ => refused("it is no text"),
    }
}

/// How files begin that are never taken.
const FORMS: &[(&[u8], &str)] = &[
    (b"SQLite format 3\0", "it is a database"),
    (b"\x1f\x8b", "it is an archive"),
    (b"\x28\xb5\x2f\xfd", "it is an archive"),
    (b"PK\x03\x04", "it is an archive"),
    (b"age-encryption.org", "it is an encrypted archive"),
    (b"-----BEGIN", "it is a key"),
    (b"AGE-SECRET-KEY", "it is a key"),
    (b"untrusted comment:", "it is a key"),
    (b"\0asm", "it is a component"),
];

fn pack(folder: &str, parts: &[Part], manifest: &[u8], packing: Packing) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let all = std::iter::once((MANIFEST, manifest)).chain(parts.iter().map(|part| (part.name.as_str(), part.bytes.as_slice())));
    for (name, bytes) in all {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(disk::FILE_MODE);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, format!("{folder}/{name}"), bytes)?;
    }
    let tar = archive.into_inner()?;
    match packing {
        Packing::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            std::io::Write::write_all(&mut encoder, &tar)?;
            encoder.finish()
        }
        Packing::Zstd => zstd::encode_all(&tar[..], 0),
    }
}

/// Opens an archive and looks through everything in it, names included.
pub fn inspect(bytes: &[u8], packing: Packing, known: &Known) -> Result<()> {
    let unreadable = || "the finished bundle cannot be read back".to_owned();
    let mut tar = Vec::new();
    match packing {
        Packing::Gzip => {
            flate2::read::GzDecoder::new(bytes).take(SIZE_BYTES_MAX).read_to_end(&mut tar).while_doing(unreadable)?
        }
        Packing::Zstd => {
            let decoder = zstd::Decoder::new(bytes).while_doing(unreadable)?;
            decoder.take(SIZE_BYTES_MAX).read_to_end(&mut tar).while_doing(unreadable)?
        }
    };
    let mut archive = tar::Archive::new(&tar[..]);
    let mut seen = 0;
    for entry in archive.entries().while_doing(unreadable)? {
        let mut entry = entry.while_doing(unreadable)?;
        let path = entry.path().while_doing(unreadable)?.to_string_lossy().into_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).while_doing(unreadable)?;
        seen += 1;
        let name = path.split_once('/').map_or(path.as_str(), |(_, name)| name);
        // The same in every bundle, word for word.
        if text == README {
            continue;
        }
        if let Some(kind) = found(name, known) {
            return Err(refusal("a file's name", kind));
        }
        let found = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("json") => found_in_json(&text, known),
            Some("jsonl") => text.lines().find_map(|line| found_in_json(line, known)),
            _ => found(&text, known),
        };
        if let Some(kind) = found {
            return Err(refusal(name, kind));
        }
    }
    if seen == 0 {
        return Err(Error::new(ErrorKind::Unexpected, unreadable()).hint("report this as a bug of wpp"));
    }
    Ok(())
}

/// Takes a file, or the lines of it, out of a bundle in which [`inspect`] would find something; the rest can
/// then be sent all the same. Says what it is.
pub fn withhold(part: &mut Part, known: &Known) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&part.bytes).into_owned();
    if text == README {
        return None;
    }
    let stub = |kind: Kind| json!({ "left_out": what(kind) }).to_string();
    let (seen, kept) = if part.name.ends_with(".jsonl") {
        let mut seen = None;
        let line = |line: &str| match found_in_json(line, known) {
            Some(kind) => {
                seen = seen.or(Some(kind));
                format!("{}\n", stub(kind))
            }
            None => format!("{line}\n"),
        };
        let kept: String = text.lines().map(line).collect();
        (seen?, kept)
    } else {
        let kind = if part.name.ends_with(".json") { found_in_json(&text, known) } else { found(&text, known) }?;
        (kind, format!("{}\n", stub(kind)))
    };
    part.bytes = kept.into_bytes();
    Some(what(seen))
}

/// What is found, in words.
fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "a secret",
        Kind::Person => "a number or a JID",
        Kind::Group => "a group's JID",
        Kind::Name | Kind::Session | Kind::Word => "somebody's name",
        Kind::Text => "a message",
        Kind::Mail => "an address of mail",
        Kind::Address => "an address of the network",
        Kind::Host => "a host's name",
        Kind::Path => "a path",
    }
}

fn refusal(name: &str, kind: Kind) -> Error {
    let what = what(kind);
    Error::new(
        ErrorKind::Denied,
        format!("the bundle is not written: in {name} something is known to be {what}, or looks like it"),
    )
    .hint(format!("look at the same by yourself with `wpp doctor`, and report this as a bug of wpp: {name} was not redacted"))
}

fn found_in_json(text: &str, known: &Known) -> Option<Kind> {
    serde_json::from_str(text).map_or_else(|_| found(text, known), |value| found_in(&value, known))
}

fn found_in(value: &Value, known: &Known) -> Option<Kind> {
    match value {
        Value::String(text) => found(text, known),
        // A number is nobody's unless it is one that is known.
        Value::Number(number) => known.in_text(&number.to_string()),
        Value::Array(values) => values.iter().find_map(|value| found_in(value, known)),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| found(name, known).or_else(|| found_in(value, known))),
        Value::Null | Value::Bool(_) => None,
    }
}

fn found(text: &str, known: &Known) -> Option<Kind> {
    known.in_text(text).or_else(|| if is_hash(text) { None } else { looks_like(text) })
}

#[cfg(test)]
mod tests {
    use super::super::clean::Clean;
    use super::*;
    use crate::evidence::strangers::Stranger;

    fn known() -> Known {
        Known::new([
            (Kind::Secret, "hunter2hunter2".to_owned()),
            (Kind::Person, "15550100001".to_owned()),
            (Kind::Name, "Zaphod".to_owned()),
            (Kind::Text, "bring the umbrella tomorrow".to_owned()),
        ])
        .unwrap()
    }

    fn part(name: &str, text: &str) -> Part {
        Part { name: name.into(), bytes: text.as_bytes().to_vec(), replaced: Counts::new() }
    }

    fn sealed(parts: &[Part]) -> Result<Sealed> {
        seal("wpp-support", ("2026-08-01T09:30:00Z", "1.2.3"), parts, &[], Packing::Gzip, &known())
    }

    const PLANTED: [&str; 9] = [
        "hunter2hunter2",
        "call +1 555 010 0001",
        "15550100001@s.whatsapp.net",
        "1203630412345@g.us",
        "said Zaphod to me",
        "please bring the umbrella tomorrow",
        "ann@example.org",
        "at 203.0.113.7",
        "password=opensesame",
    ];

    #[test]
    fn what_was_not_redacted_is_withheld_line_by_line_and_the_rest_is_sent() {
        let mut log = part("logs/1.jsonl", "{\"message\":\"state\"}\n{\"message\":\"call +1 555 010 0001\"}\n");
        assert_eq!(withhold(&mut log, &known()), Some("a number or a JID"));
        assert_eq!(log.bytes, b"{\"message\":\"state\"}\n{\"left_out\":\"a number or a JID\"}\n");
        let mut status = part("status.json", "{\"detail\":\"said Zaphod to me\"}");
        assert!(withhold(&mut status, &known()).is_some() && sealed(&[log, status]).is_ok());
        assert_eq!(withhold(&mut part("journal.json", "{\"verb\":\"start\"}"), &known()), None);
    }

    #[test]
    fn a_redactor_that_is_broken_is_caught_by_the_last_look_and_the_file_is_named() {
        for planted in PLANTED {
            let stranger = Stranger::new(known()).unwrap();
            let make = |broken: bool| {
                let mut clean = Clean::new(&stranger, "/h");
                clean.broken = broken;
                let value = json!({ "a": [{ "said": clean.text(planted) }] });
                clean.part("status.json", &value).unwrap()
            };
            assert!(sealed(&[make(false)]).is_ok(), "{planted}");
            let error = sealed(&[make(true)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{planted}");
            assert!(error.message().contains("status.json") && !error.message().contains(planted), "{error}");
            let mut clean = Clean::new(&stranger, "/h");
            clean.broken = true;
            let line = clean.log_line(planted, crate::bundle::clean::Texts::Known);
            let error = sealed(&[part("status.json", "{}"), clean.lines("logs/main.jsonl", &[line])]).unwrap_err();
            assert!(error.message().contains("logs/main.jsonl"), "{planted}: {error}");
        }
    }

    #[test]
    fn names_of_fields_numbers_and_plain_files_are_looked_through_as_well() {
        for bad in [
            part("a.json", r#"{"Zaphod": 1}"#),
            part("a.json", r#"{"x": 15550100001}"#),
            part("a.json", "no json, hunter2hunter2"),
            part("a.txt", "hunter2hunter2"),
            part("logs/Zaphod.jsonl", "{}"),
        ] {
            assert_eq!(sealed(std::slice::from_ref(&bad)).unwrap_err().kind(), ErrorKind::Denied, "{bad:?}");
        }
        let good = part(
            "a.json",
            r#"{"at_ms": 1790000000123, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "n": 16777216000, "of": "disk-full-7-20260801T093000Z"}"#,
        );
        assert!(sealed(&[good]).is_ok());
    }

    #[test]
    fn stores_archives_and_keys_have_no_way_in() {
        let binary = |name: &str, bytes: &[u8]| Part { name: name.into(), bytes: bytes.to_vec(), replaced: Counts::new() };
        for bad in [
            binary("a.json", b"SQLite format 3\0\x10\0"),
            binary("a.json", b"\x1f\x8b\x08"),
            binary("a.txt", b"age-encryption.org/v1"),
            binary("a.txt", b"-----BEGIN PRIVATE KEY-----"),
            binary("a.txt", b"untrusted comment: minisign"),
            binary("a.txt", &[0; 32]),
            binary("a.txt", &[0xff; 32]),
            part("session.db", "{}"),
            part("a.tar.gz", "{}"),
            part("../a.json", "{}"),
            part("/a.json", "{}"),
            part("manifest.json", "{}"),
            part("log.key", "x"),
        ] {
            let error = sealed(std::slice::from_ref(&bad)).unwrap_err();
            assert!(error.kind() == ErrorKind::Denied && error.message().contains(&bad.name), "{bad:?}: {error}");
        }
    }

    #[test]
    fn the_manifest_lists_every_file_with_its_hash_in_both_packings() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let parts = [part("a.json", "{}\n"), part("logs/main.jsonl", "{}\n{}\n")];
            let sealed = seal("wpp-support", ("2026-08-01T09:30:00Z", "1.2.3"), &parts, &[], packing, &known()).unwrap();
            assert_eq!(sealed.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.json", "logs/main.jsonl"]);
            let (sum, _) = disk::sha256(&b"{}\n"[..]).unwrap();
            assert_eq!(sealed.files[0].sha256, sum);
            inspect(&sealed.bytes, packing, &known()).unwrap();
            assert!(inspect(&sealed.bytes[..40], packing, &known()).is_err(), "half an archive is none");
        }
    }
}
