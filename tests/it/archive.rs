//! Archives that nobody trusts: every shape that is not exactly what `wpp` writes is refused.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wpp::archive::input::Input;
use wpp::archive::open;
use wpp::archive::pack::{TAR_END_BYTES, footer, header, padding};
use wpp::archive::verify::{Level, verify};
use wpp::error::ErrorKind;
use wpp::report::Silent;

use crate::harness::TestHome;
use crate::stores;

const TIME: u64 = 1_795_230_900;

/// An archive in the making: valid unless a test bends it.
struct Draft {
    index: Value,
    contents: Vec<Entry>,
    manifest: Value,
    /// Changes the manifest after hashes and offsets were filled in.
    lie: Box<dyn Fn(&mut Value)>,
    manifest_name: String,
    zeros_at_end: usize,
    /// Comes between the last gzip member and the footer, hashed like the rest.
    before_footer: Vec<u8>,
    after_footer: Vec<u8>,
    footer_offset: Option<u64>,
}

struct Entry {
    header: [u8; 512],
    data: Vec<u8>,
    /// Replaces the zeros after the data.
    padding: Option<Vec<u8>>,
}

fn entry(name: &str, data: &[u8]) -> Entry {
    Entry { header: header(name, data.len() as u64, TIME).unwrap(), data: data.to_owned(), padding: None }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(3));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

impl Draft {
    fn new() -> Draft {
        let folder = tempfile::tempdir().unwrap();
        stores::make(folder.path(), "hostile");
        let contents: Vec<Entry> = ["session.db", "wpp.db"]
            .iter()
            .map(|name| entry(name, &std::fs::read(folder.path().join(name)).unwrap()))
            .chain([entry("config.toml", b"default_session = \"main\"\n")])
            .collect();
        let mut members = vec![json!({ "name": "manifest.json", "size_bytes": null })];
        let mut facts = Vec::new();
        for (name, content) in ["session.db", "wpp.db", "config.toml"].iter().zip(&contents) {
            members.push(json!({ "name": name, "size_bytes": content.data.len() }));
            let mut fact = json!({ "name": name, "size_bytes": content.data.len(), "sha256": "", "offset_bytes": 0 });
            if name.ends_with(".db") {
                let connection = wpp::archive::snapshot::open_read_only(&folder.path().join(name), true).unwrap();
                fact["database"] = json!({
                    "page_size_bytes": 4096, "pages": content.data.len() / 4096, "journal_mode": "wal", "tables": {},
                    "last_migration": wpp::archive::snapshot::last_migration(&connection).unwrap(),
                    "schema_sha256": wpp::archive::snapshot::schema_sha256(&connection).unwrap(),
                    "quick_check": "ok", "method": "pages",
                });
            }
            facts.push(fact);
        }
        let format = json!({ "major": 1, "minor": 0 });
        let created_ms = TIME * 1000;
        Draft {
            index: json!({
                "schema": "wpp.archive-index/1", "format": format, "id": "x", "session": "main", "created_ms": created_ms,
                "members": members,
            }),
            contents,
            manifest: json!({
                "schema": "wpp.archive/1", "format": format, "id": "x", "session": "main", "home_kind": "sandbox",
                "created_ms": created_ms, "created": "2026-11-21T03:15:00Z", "tool_version": "0.1.0",
                "daemon": { "state": "stopped", "ended": "clean" }, "members": facts, "missing": [], "signal": null,
                "custody": { "journal": "j", "newest_entry": 0, "last_start": null, "last_connect": null },
            }),
            lie: Box::new(|_| ()),
            manifest_name: "manifest.json".into(),
            zeros_at_end: TAR_END_BYTES,
            before_footer: Vec::new(),
            after_footer: Vec::new(),
            footer_offset: None,
        }
    }

    fn build(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let member = |file: &mut Vec<u8>, entry: &Entry, zeros: usize| {
            let mut tar = entry.header.to_vec();
            tar.extend_from_slice(&entry.data);
            match &entry.padding {
                Some(padding) => tar.extend_from_slice(padding),
                None => tar.resize(tar.len() + padding(entry.data.len() as u64), 0),
            }
            tar.resize(tar.len() + zeros, 0);
            file.extend_from_slice(&gzip(&tar));
        };
        member(&mut file, &entry("index.json", &serde_json::to_vec(&self.index).unwrap()), 0);
        let mut manifest = self.manifest.clone();
        for (number, content) in self.contents.iter().enumerate() {
            if let Some(fact) = manifest["members"].get_mut(number) {
                fact["offset_bytes"] = json!(file.len());
                fact["sha256"] = json!(hex::encode(Sha256::digest(&content.data)));
            }
            member(&mut file, content, 0);
        }
        (self.lie)(&mut manifest);
        let offset = file.len() as u64;
        member(&mut file, &entry(&self.manifest_name, &serde_json::to_vec(&manifest).unwrap()), self.zeros_at_end);
        file.extend_from_slice(&self.before_footer);
        let sha256 = Sha256::digest(&file).into();
        file.extend_from_slice(&footer(self.footer_offset.unwrap_or(offset), sha256));
        file.extend_from_slice(&self.after_footer);
        file
    }
}

/// A tar header of any kind, with a right checksum.
fn odd_header(name: &[u8], kind: tar::EntryType, size: u64, change: impl FnOnce(&mut tar::Header)) -> [u8; 512] {
    let mut odd = tar::Header::new_ustar();
    odd.set_entry_type(kind);
    odd.set_mode(0o600);
    odd.set_uid(0);
    odd.set_gid(0);
    odd.set_mtime(TIME);
    odd.set_size(size);
    odd.as_mut_bytes()[..name.len()].copy_from_slice(name);
    change(&mut odd);
    odd.set_cksum();
    *odd.as_bytes()
}

/// Replaces the header of the second content, wpp.db, whose data stays.
fn bent(kind: tar::EntryType, name: &[u8], change: impl FnOnce(&mut tar::Header)) -> Draft {
    let mut draft = Draft::new();
    let size = draft.contents[1].data.len() as u64;
    draft.contents[1].header = odd_header(name, kind, size, change);
    draft
}

/// Puts an entry before wpp.db, as PAX and GNU extensions stand before what they extend.
fn extended(kind: tar::EntryType, data: &[u8]) -> Draft {
    let mut draft = Draft::new();
    let header = odd_header(b"././@LongLink", kind, data.len() as u64, |_| ());
    draft.contents.insert(1, Entry { header, data: data.to_owned(), padding: None });
    draft
}

fn changed(change: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = Draft::new();
    change(&mut draft);
    draft
}

/// Every hostile shape with a part of the reason that it must be refused for.
fn shapes() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    use tar::EntryType as Kind;
    let file = Kind::Regular;
    let good = Draft::new().build();
    let mut shapes: Vec<(&'static str, Vec<u8>, &'static str)> = Vec::new();
    let mut add = |label, draft: Draft, reason| shapes.push((label, draft.build(), reason));

    add("traversal", bent(file, b"../wpp.db", |_| ()), "leads elsewhere");
    add("traversal inside", bent(file, b"a/../../wpp.db", |_| ()), "leads elsewhere");
    add("dot", bent(file, b"./wpp.db", |_| ()), "leads elsewhere");
    add("absolute", bent(file, b"/etc/cron.d/wpp", |_| ()), "absolute");
    add("subfolder", bent(file, b"x/wpp.db", |_| ()), "where wpp.db should be");
    add("other name", bent(file, b"LOCK", |_| ()), "where wpp.db should be");
    add("daemon's socket", bent(file, b"daemon.sock", |_| ()), "where wpp.db should be");
    add("no name", bent(file, b"", |_| ()), "where wpp.db should be");
    add("not text", bent(file, b"wpp\xff.db", |_| ()), "not text");
    add("duplicate", bent(file, b"session.db", |_| ()), "twice");
    add("duplicate index", bent(file, b"index.json", |_| ()), "twice");
    add("symbolic link", bent(Kind::Symlink, b"wpp.db", |h| h.set_link_name("/etc/passwd").unwrap()), "a link");
    add("hard link", bent(Kind::Link, b"wpp.db", |h| h.set_link_name("session.db").unwrap()), "a link");
    add("character device", bent(Kind::Char, b"wpp.db", |h| h.set_device_major(1).unwrap()), "a device");
    add("block device", bent(Kind::Block, b"wpp.db", |_| ()), "a device");
    add("pipe", bent(Kind::Fifo, b"wpp.db", |_| ()), "a pipe");
    add("folder", bent(Kind::Directory, b"wpp.db", |_| ()), "a folder");
    add("contiguous file", bent(Kind::Continuous, b"wpp.db", |_| ()), "no file");
    add("unknown kind", bent(Kind::new(b'Z'), b"wpp.db", |_| ()), "no file");
    add("sparse file", bent(Kind::GNUSparse, b"wpp.db", |_| ()), "sparse");
    add("old regular kind", bent(file, b"wpp.db", |h| h.as_old_mut().linkflag = [0]), "not in the form");
    add("long name", extended(Kind::GNULongName, b"../../../../home/user/.ssh/authorized_keys\0"), "GNU long name");
    add("long link", extended(Kind::GNULongLink, b"/etc/passwd\0"), "GNU long name");
    add("PAX path", extended(Kind::XHeader, b"30 path=../../etc/cron.d/job\n"), "PAX");
    add("PAX size", extended(Kind::XHeader, b"19 size=9999999999\n"), "PAX");
    add("PAX global", extended(Kind::XGlobalHeader, b"18 path=/etc/motd\n"), "PAX");
    add(
        "name in the prefix",
        bent(file, b"wpp.db", |h| h.as_ustar_mut().unwrap().prefix[..3].copy_from_slice(b"../")),
        "leads elsewhere",
    );
    add("set-user-id", bent(file, b"wpp.db", |h| h.set_mode(0o4755)), "not in the form");
    add("other owner", bent(file, b"wpp.db", |h| h.set_uid(1000)), "not in the form");
    add("size larger than announced", bent(file, b"wpp.db", |h| h.set_size(1 << 40)), "its index states");
    add("negative size", bent(file, b"wpp.db", |h| h.as_old_mut().size = [0xff; 12]), "");
    add("checksum", changed(|d| d.contents[1].header[200] ^= 1), "is damaged");
    add(
        "hidden in the padding",
        changed(|d| d.contents[2].padding = Some(vec![1; padding(d.contents[2].data.len() as u64)])),
        "hides",
    );
    add("more than announced", changed(|d| d.contents[1].data.extend_from_slice(&[0; 512])), "more than it announces");
    add("less than announced", changed(|d| d.contents[1].data.truncate(4096)), "");
    add("missing content", changed(|d| drop(d.contents.remove(1))), "where wpp.db should be");
    add("extra content", changed(|d| d.contents.push(entry("extra", b"x"))), "where manifest.json should be");
    add(
        "too many entries",
        changed(|d| d.contents.extend((0..5000).map(|n| entry(&format!("f{n}"), b"")))),
        "where manifest.json should be",
    );
    add("contents out of order", changed(|d| d.contents.swap(0, 1)), "where session.db should be");
    add("no end of the tar file", changed(|d| d.zeros_at_end = 0), "cut short");
    add("more after the end", changed(|d| d.zeros_at_end = TAR_END_BYTES + 512), "more than it announces");
    add("another tar entry after the end", changed(|d| d.before_footer = gzip(&entry("late", b"x").header)), "goes on after");
    add("bytes before the footer", changed(|d| d.before_footer = vec![0; 100]), "goes on after");
    add("bytes after the footer", changed(|d| d.after_footer = b"garbage".to_vec()), "does not end like");
    add("footer points elsewhere", changed(|d| d.footer_offset = Some(7)), "");
    add("footer points behind the end", changed(|d| d.footer_offset = Some(u64::MAX)), "");
    add("manifest under another name", changed(|d| d.manifest_name = "manifest".into()), "where manifest.json should be");

    add("newer major format", changed(|d| d.index["format"]["major"] = json!(3)), "format 3.0");
    add("newer major format in the manifest", changed(|d| d.manifest["format"]["major"] = json!(3)), "format 3.0");
    add("an increment that is none", changed(|d| d.index["format"]["major"] = json!(2)), "no content of this format");
    add("an increment's manifest", changed(|d| d.manifest["format"]["major"] = json!(2)), "no content of this format");
    add("another schema", changed(|d| d.index["schema"] = json!("somebody.else/1")), "somebody.else");
    add("index is no index", changed(|d| d.index = json!([1, 2, 3])), "cannot be read");
    add("index too large", changed(|d| d.index["x"] = json!("x".repeat(70_000))), "bytes large");
    add("index empty", changed(|d| d.index["members"] = json!([])), "empty");
    add("index without the manifest", changed(|d| drop(d.index["members"].as_array_mut().unwrap().remove(0))), "manifest first");
    add("index lists a stranger", changed(|d| d.index["members"][1]["name"] = json!("../x")), "no content of this format");
    add("index lists one twice", changed(|d| d.index["members"][2]["name"] = json!("session.db")), "twice or out of order");
    add("index without a size", changed(|d| d.index["members"][1]["size_bytes"] = json!(null)), "no size");
    add("index with a negative size", changed(|d| d.index["members"][1]["size_bytes"] = json!(-1)), "cannot be read");
    add(
        "sizes that overflow",
        changed(|d| {
            d.index["members"][1]["size_bytes"] = json!(u64::MAX);
            d.index["members"][2]["size_bytes"] = json!(u64::MAX);
        }),
        "no disk holds",
    );
    add("a bomb by its index", changed(|d| d.index["members"][2]["size_bytes"] = json!(1_u64 << 42)), "fill disks");
    add("settings as large as a store", changed(|d| d.index["members"][3]["size_bytes"] = json!(8_u64 << 20)), "bytes large");
    add("session name with a path", changed(|d| d.index["session"] = json!("../../x")), "its session is called");
    add("manifest of another archive", changed(|d| d.manifest["id"] = json!("y")), "different archives");
    add("manifest with another session", changed(|d| d.manifest["session"] = json!("other")), "different archives");
    add(
        "manifest lies about a hash",
        changed(|d| d.lie = Box::new(|m| m["members"][1]["sha256"] = json!("00".repeat(32)))),
        "wpp.db is not what",
    );
    add(
        "manifest lies about a size",
        changed(|d| d.lie = Box::new(|m| m["members"][0]["size_bytes"] = json!(1))),
        "session.db is not what",
    );
    add(
        "manifest lies about an offset",
        changed(|d| d.lie = Box::new(|m| m["members"][0]["offset_bytes"] = json!(1))),
        "session.db is not what",
    );
    add(
        "manifest lists less",
        changed(|d| d.lie = Box::new(|m| drop(m["members"].as_array_mut().unwrap().pop()))),
        "lists 2 contents",
    );
    add("manifest lists nothing", changed(|d| d.lie = Box::new(|m| m["members"] = json!([]))), "no contents");
    add("manifest is no manifest", changed(|d| d.lie = Box::new(|m| *m = json!("x"))), "cannot be read");
    add("manifest that steers the terminal", changed(|d| d.manifest["created"] = json!("\u{1b}]0;x\u{7}")), "control characters");
    add(
        "manifest nested deeply",
        changed(|d| {
            d.lie = Box::new(|m| {
                let mut deep = json!(1);
                for _ in 0..100 {
                    deep = json!([deep]);
                }
                m["daemon"] = deep;
            })
        }),
        "cannot be read",
    );

    let mut plain = |label, bytes: Vec<u8>, reason| shapes.push((label, bytes, reason));
    plain("empty", Vec::new(), "not a gzip file");
    plain("not gzip", b"PK\x03\x04 and so on".repeat(20), "not a gzip file");
    plain("gzip of something else", gzip(&b"hello ".repeat(1000)), "does not end like");
    plain(
        "plain tar",
        {
            let mut tar = tar::Builder::new(Vec::new());
            tar.append_data(&mut tar::Header::new_gnu(), "wpp.db", &b"x"[..]).unwrap();
            tar.into_inner().unwrap()
        },
        "not a gzip file",
    );
    plain(
        "another tool's tar.gz",
        {
            let mut tar = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            tar.append_data(&mut header, "wpp.db", &b"x"[..]).unwrap();
            gzip(&tar.into_inner().unwrap())
        },
        "does not end like",
    );
    plain("a footer alone", footer(0, [0; 32]).to_vec(), "does not end like");
    plain(
        "a footer after nothing",
        {
            let mut bytes = gzip(b"");
            let sha256 = Sha256::digest(&bytes).into();
            bytes.extend_from_slice(&footer(0, sha256));
            bytes
        },
        "cut short",
    );
    plain("two archives in one file", good.iter().chain(&good).copied().collect(), "");
    plain(
        "repacked by gzip",
        {
            let mut tar = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(good.as_slice()), &mut tar).unwrap();
            let mut bytes = gzip(&tar);
            let sha256 = Sha256::digest(&bytes).into();
            bytes.extend_from_slice(&footer(0, sha256));
            bytes
        },
        "more than it announces",
    );
    shapes
}

/// 300 MiB of zeros in a third of a megabyte, under honest headers.
fn bomb() -> Vec<u8> {
    let mut draft = Draft::new();
    let zeros = vec![0; 300 << 20];
    draft.index["members"][2]["size_bytes"] = json!(zeros.len());
    draft.contents[1] = entry("wpp.db", &zeros);
    draft.build()
}

fn write(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("main-20261121T031500Z.wpp.tar.gz");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_archive_that_is_not_bent_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &Draft::new().build());
    let opened = verify(&mut Input::file(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap();
    assert_eq!(opened.manifest, open::manifest(&mut Input::file(&path).unwrap()).unwrap());
    assert_eq!(opened.manifest.members.len(), 3);
    // A newer minor version adds fields and is read all the same.
    let newer = changed(|draft| {
        draft.index["format"]["minor"] = json!(9);
        draft.index["novelty"] = json!([1]);
        draft.manifest["format"]["minor"] = json!(9);
        draft.manifest["novelty"] = json!({ "x": 1 });
    });
    verify(&mut Input::file(&write(folder.path(), &newer.build())).unwrap(), Level::Quick, folder.path(), &Silent).unwrap();
}

#[test]
fn an_archive_of_format_1_0_still_verifies_and_is_restored() {
    let home = stores::home("before");
    let path = home.path().join("old.wpp.tar.gz");
    std::fs::write(&path, include_bytes!("../fixtures/archive-1.0.wpp.tar.gz")).unwrap();
    let manifest = open::manifest(&mut Input::file(&path).unwrap()).unwrap();
    assert_eq!((manifest.format.major, manifest.format.minor), (1, 0));
    let settings = open::small_content(&mut Input::file(&path).unwrap(), &manifest, "config.toml").unwrap();
    assert_eq!(settings.unwrap(), b"default_session = \"main\"\n");
    let opened = verify(&mut Input::file(&path).unwrap(), Level::Quick, home.path(), &Silent).unwrap();
    assert_eq!(opened.manifest, manifest);
    let outcome = home.run(&["restore", path.to_str().unwrap(), "--plan", "data", "--yes", "--keep-daemon-stopped"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(stores::marker(&home.session("main"), "wpp.db"), "written by format 1.0");
}

#[test]
fn every_hostile_shape_is_refused_for_its_own_reason() {
    let mut shapes = shapes();
    shapes.push(("a bomb that unpacks", bomb(), "fill disks"));
    assert!(shapes.len() >= 80, "{}", shapes.len());
    for (label, bytes, reason) in shapes {
        let parent = tempfile::tempdir().unwrap();
        let into = parent.path().join("into");
        std::fs::create_dir(&into).unwrap();
        let path = write(parent.path(), &bytes);
        let error = match open::read(&mut Input::file(&path).unwrap(), Some(&into), &Silent) {
            Ok(_) => panic!("{label}: opened"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Archive, "{label}: {}", error.chain());
        assert!(error.chain().contains(reason), "{label}: {}", error.chain());
        assert!(!error.hints().is_empty(), "{label}");
        // What was unpacked before the refusal are files of known names in the folder given.
        for (name, _) in stores::everything(parent.path()) {
            let known = ["into", "session.db", "wpp.db", "config.toml", ".wpp.tar.gz"];
            assert!(known.iter().any(|known| name.ends_with(known)), "{label}: {name}");
        }
        // The look at the manifest alone does not judge the rest, and does not fall over it either.
        if let Err(error) = open::manifest(&mut Input::file(&path).unwrap()) {
            assert_eq!(error.kind(), ErrorKind::Archive, "{label}: {}", error.chain());
        }
    }
}

#[test]
fn a_refused_archive_leaves_the_session_and_the_home_as_they_were() {
    let home = stores::home("mine");
    std::fs::create_dir(home.path().join("backups")).unwrap();
    let before = stores::everything(&home.path().join("sessions"));
    for (label, bytes, _) in shapes().into_iter().step_by(3) {
        let path = write(&home.path().join("backups"), &bytes);
        let path = path.to_str().unwrap();
        for arguments in [
            &["restore", path, "--plan", "data", "--yes", "--keep-daemon-stopped"][..],
            &["restore", path, "--plan", "data", "--dry-run"],
            &["backup", "verify", path, "--level", "quick"],
        ] {
            let outcome = home.run(arguments);
            assert_eq!(outcome.code, 12, "{label}: {arguments:?}: {outcome:?}");
        }
        assert!(stores::everything(&home.path().join("sessions")) == before, "{label}: the session was touched");
    }
    let backups: Vec<_> = std::fs::read_dir(home.path().join("backups")).unwrap().collect();
    assert_eq!(backups.len(), 1, "{backups:?}");
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.wpp.tar.gz");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    for path in [pipe.as_path(), folder.path(), Path::new("/dev/zero")] {
        assert_eq!(Input::file(path).unwrap_err().kind(), ErrorKind::Archive);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found_at_level_hash() {
    let good = Draft::new().build();
    let folder = tempfile::tempdir().unwrap();
    // The ends, where headers are, bit by bit; the rest at places that a fixed seed chose.
    let bits = good.len() as u64 * 8;
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let random = std::iter::repeat_with(|| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % bits
    });
    for bit in (0..160).chain(bits - 80 * 8..bits).chain(random.take(1000)) {
        let mut bytes = good.clone();
        bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
        let path = write(folder.path(), &bytes);
        match verify(&mut Input::file(&path).unwrap(), Level::Hash, folder.path(), &Silent) {
            Ok(_) => panic!("bit {bit} of {bits} was not found"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Archive, "bit {bit}: {}", error.chain()),
        }
    }
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let good = Draft::new().build();
    let folder = tempfile::tempdir().unwrap();
    for length in (0..good.len()).step_by(131).chain(good.len() - 80..good.len()) {
        let path = write(folder.path(), &good[..length]);
        assert_eq!(
            verify(&mut Input::file(&path).unwrap(), Level::Hash, folder.path(), &Silent).unwrap_err().kind(),
            ErrorKind::Archive,
            "{length}"
        );
    }
}

#[test]
fn a_database_that_was_damaged_before_it_was_hashed_is_found_at_level_quick() {
    let folder = tempfile::tempdir().unwrap();
    for (at, what) in [(4096, "quick_check"), (0, "cannot be opened")] {
        let mut draft = Draft::new();
        for byte in &mut draft.contents[1].data[at..at + 2000] {
            *byte ^= 0x5a;
        }
        let path = write(folder.path(), &draft.build());
        verify(&mut Input::file(&path).unwrap(), Level::Hash, folder.path(), &Silent).unwrap();
        let error = verify(&mut Input::file(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Archive);
        assert!(error.chain().contains(what), "{}", error.chain());
    }
    let mut draft = Draft::new();
    draft.manifest["members"][1]["database"]["last_migration"] = json!("99");
    let path = write(folder.path(), &draft.build());
    assert!(
        verify(&mut Input::file(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap_err().chain().contains("schema")
    );
    // Nothing that was unpacked for the look is left.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn tar_and_gunzip_read_an_archive() {
    let home = TestHome::sandbox();
    let path = write(home.path(), &Draft::new().build());
    for (tool, arguments) in [("tar", &["-tzf"][..]), ("gunzip", &["-t"]), ("gzip", &["-l"])] {
        // A machine without the tool has nothing to show here; the format is held by the tar and
        // flate2 crates below on every machine.
        let Ok(output) = std::process::Command::new(tool).args(arguments).arg(&path).output() else { continue };
        assert!(output.status.success() && output.stderr.is_empty(), "{tool}: {output:?}");
        if tool == "tar" {
            assert_eq!(String::from_utf8_lossy(&output.stdout), "index.json\nsession.db\nwpp.db\nconfig.toml\nmanifest.json\n");
        }
    }
    let mut tar = tar::Archive::new(flate2::read::MultiGzDecoder::new(std::fs::File::open(&path).unwrap()));
    assert_eq!(tar.entries().unwrap().map(|entry| entry.unwrap().size()).filter(|size| *size > 0).count(), 5);
}
