//! Archives that nobody trusts: every shape that is not exactly what `wpp` writes is refused.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wpp::archive::codec::{Codec, Compressor, Effort};
use wpp::archive::open;
use wpp::archive::pack::{TAR_END_BYTES, footer, header, padding};
use wpp::archive::verify::{Level, verify};
use wpp::error::ErrorKind;
use wpp::report::Silent;

use crate::harness::TestHome;
use crate::stores;

const TIME: u64 = 1_795_230_900;

/// In which form a draft becomes a file: format 1.0, or blocks of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    First,
    Blocks(Codec),
}

impl Form {
    const ALL: [Form; 3] = [Form::First, Form::Blocks(Codec::Gzip), Form::Blocks(Codec::Zstd)];

    fn codec(self) -> Codec {
        match self {
            Form::First => Codec::Gzip,
            Form::Blocks(codec) => codec,
        }
    }
}

/// Small, so that small stores have many.
const BLOCK_BYTES: usize = 8192;

/// Changes the compressed blocks of one content.
type Bend = Box<dyn Fn(&mut Vec<Vec<u8>>)>;

/// An archive in the making: valid unless a test bends it.
struct Draft {
    index: Value,
    contents: Vec<Entry>,
    manifest: Value,
    /// Changes the manifest after hashes and offsets were filled in.
    lie: Box<dyn Fn(&mut Value)>,
    manifest_name: String,
    zeros_at_end: usize,
    /// Of wpp.db.
    bend: Bend,
    /// Comes before wpp.db, hashed like the rest and in no list of blocks.
    between: Vec<u8>,
    /// Comes between the last block and the footer, hashed like the rest.
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

/// One block.
fn block(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    Compressor::new(codec, Effort::Fast).unwrap().pack(bytes, &mut packed).unwrap();
    packed
}

/// Both stores, and what a manifest says about each of them.
fn stores_and_facts() -> &'static [(Vec<u8>, Value); 2] {
    static MADE: OnceLock<[(Vec<u8>, Value); 2]> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        stores::make(folder.path(), "hostile");
        ["session.db", "wpp.db"].map(|name| {
            let path = folder.path().join(name);
            let bytes = std::fs::read(&path).unwrap();
            let connection = wpp::archive::snapshot::open_read_only(&path, true).unwrap();
            let facts = json!({
                "page_size_bytes": 4096, "pages": bytes.len() / 4096, "journal_mode": "wal", "tables": {},
                "last_migration": wpp::archive::snapshot::last_migration(&connection).unwrap(),
                "schema_sha256": wpp::archive::snapshot::schema_sha256(&connection).unwrap(),
                "quick_check": "ok", "method": "pages",
            });
            (bytes, facts)
        })
    })
}

impl Draft {
    fn new() -> Draft {
        let [session, wpp] = stores_and_facts();
        let settings = (b"default_session = \"main\"\n".to_vec(), Value::Null);
        let mut members = vec![json!({ "name": "manifest.json", "size_bytes": null })];
        let (mut facts, mut contents) = (Vec::new(), Vec::new());
        for (name, (bytes, database)) in ["session.db", "wpp.db", "config.toml"].iter().zip([session, wpp, &settings]) {
            members.push(json!({ "name": name, "size_bytes": bytes.len() }));
            let mut fact = json!({ "name": name, "size_bytes": bytes.len(), "sha256": "", "offset_bytes": 0 });
            if !database.is_null() {
                fact["database"] = database.clone();
            }
            facts.push(fact);
            contents.push(entry(name, bytes));
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
            bend: Box::new(|_| ()),
            between: Vec::new(),
            before_footer: Vec::new(),
            after_footer: Vec::new(),
            footer_offset: None,
        }
    }

    fn build(&self, form: Form) -> Vec<u8> {
        let pack = |entry: &Entry, zeros: usize| -> Vec<Vec<u8>> {
            let mut tar = entry.header.to_vec();
            tar.extend_from_slice(&entry.data);
            match &entry.padding {
                Some(padding) => tar.extend_from_slice(padding),
                None => tar.resize(tar.len() + padding(entry.data.len() as u64), 0),
            }
            tar.resize(tar.len() + zeros, 0);
            match form {
                Form::First => vec![gzip(&tar)],
                Form::Blocks(codec) => tar.chunks(BLOCK_BYTES).map(|part| block(codec, part)).collect(),
            }
        };
        let mut file = pack(&entry("index.json", &serde_json::to_vec(&self.index).unwrap()), 0).concat();
        let mut manifest = self.manifest.clone();
        if form != Form::First {
            manifest["block_bytes"] = json!(BLOCK_BYTES);
        }
        for (number, content) in self.contents.iter().enumerate() {
            if number == 1 {
                file.extend_from_slice(&self.between);
            }
            let mut blocks = pack(content, 0);
            if number == 1 {
                (self.bend)(&mut blocks);
            }
            if let Some(fact) = manifest["members"].get_mut(number) {
                fact["offset_bytes"] = json!(file.len());
                fact["sha256"] = json!(hex::encode(Sha256::digest(&content.data)));
                if form != Form::First {
                    fact["blocks_bytes"] = json!(blocks.iter().map(Vec::len).collect::<Vec<usize>>());
                }
            }
            file.extend_from_slice(&blocks.concat());
        }
        (self.lie)(&mut manifest);
        let offset = file.len() as u64;
        let manifest = entry(&self.manifest_name, &serde_json::to_vec(&manifest).unwrap());
        file.extend_from_slice(&pack(&manifest, self.zeros_at_end).concat());
        file.extend_from_slice(&self.before_footer);
        let sha256 = Sha256::digest(&file).into();
        file.extend_from_slice(&footer(form.codec(), self.footer_offset.unwrap_or(offset), sha256));
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

/// What a shape is called, its bytes, and parts of the reasons that it may be refused for.
type Shape = (String, Vec<u8>, &'static str);

/// Every hostile shape, in every form.
fn all_shapes() -> Vec<Shape> {
    let mut all: Vec<Shape> = Form::ALL.into_iter().flat_map(shapes).collect();
    all.extend(Codec::ALL.into_iter().flat_map(shapes_of_blocks));
    all
}

/// Hostile shapes that can be made in every form. A reason after `|` is the one of blocks.
fn shapes(form: Form) -> Vec<Shape> {
    use tar::EntryType as Kind;
    let file = Kind::Regular;
    let good = Draft::new().build(form);
    let codec = form.codec();
    let mut shapes: Vec<Shape> = Vec::new();
    let mut add = |label: &str, draft: Draft, reason| shapes.push((format!("{label}, {form:?}"), draft.build(form), reason));

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
    add("long name", extended(Kind::GNULongName, b"../../../../home/user/.ssh/authorized_keys\0"), "GNU long name|wpp.db are");
    add("long link", extended(Kind::GNULongLink, b"/etc/passwd\0"), "GNU long name|wpp.db are");
    add("PAX path", extended(Kind::XHeader, b"30 path=../../etc/cron.d/job\n"), "PAX|wpp.db are");
    add("PAX size", extended(Kind::XHeader, b"19 size=9999999999\n"), "PAX|wpp.db are");
    add("PAX global", extended(Kind::XGlobalHeader, b"18 path=/etc/motd\n"), "PAX|wpp.db are");
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
    add(
        "more than announced",
        changed(|d| d.contents[1].data.extend_from_slice(&[0; 512])),
        "more than it announces|wpp.db is damaged",
    );
    add("less than announced", changed(|d| d.contents[1].data.truncate(4096)), "");
    add("missing content", changed(|d| drop(d.contents.remove(1))), "where wpp.db should be|wpp.db are 1 and hold");
    add("extra content", changed(|d| d.contents.push(entry("extra", b"x"))), "where manifest.json should be|its blocks end at");
    add(
        "too many entries",
        changed(|d| d.contents.extend((0..5000).map(|n| entry(&format!("f{n}"), b"")))),
        "where manifest.json should be|its blocks end at",
    );
    add("contents out of order", changed(|d| d.contents.swap(0, 1)), "where session.db should be|session.db are");
    add("no end of the tar file", changed(|d| d.zeros_at_end = 0), "cut short");
    add("more after the end", changed(|d| d.zeros_at_end = TAR_END_BYTES + 512), "more than it announces");
    add(
        "another tar entry after the end",
        changed(|d| d.before_footer = block(codec, &entry("late", b"x").header)),
        "more than it announces",
    );
    add("bytes before the footer", changed(|d| d.before_footer = vec![0; 100]), "damaged");
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
    add("index too large", changed(|d| d.index["x"] = json!("x".repeat(70_000))), "bytes large|index.json is damaged");
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
        "session.db is not what|session.db are",
    );
    add(
        "manifest lies about an offset",
        changed(|d| d.lie = Box::new(|m| m["members"][0]["offset_bytes"] = json!(1))),
        "session.db is not what|wpp.db start at",
    );
    add(
        "manifest lists less",
        changed(|d| d.lie = Box::new(|m| drop(m["members"].as_array_mut().unwrap().pop()))),
        "lists 2 contents|its blocks end at",
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

    if form != Form::First {
        return shapes;
    }
    let mut plain = |label: &str, bytes: Vec<u8>, reason| shapes.push((label.to_owned(), bytes, reason));
    plain("empty", Vec::new(), "neither a gzip nor");
    plain("not gzip", b"PK\x03\x04 and so on".repeat(20), "neither a gzip nor");
    plain("gzip of something else", gzip(&b"hello ".repeat(1000)), "does not end like");
    plain(
        "plain tar",
        {
            let mut tar = tar::Builder::new(Vec::new());
            tar.append_data(&mut tar::Header::new_gnu(), "wpp.db", &b"x"[..]).unwrap();
            tar.into_inner().unwrap()
        },
        "neither a gzip nor",
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
    let footed = |mut bytes: Vec<u8>, codec: Codec| {
        let sha256 = Sha256::digest(&bytes).into();
        bytes.extend_from_slice(&footer(codec, 0, sha256));
        bytes
    };
    plain("a footer alone", footer(Codec::Gzip, 0, [0; 32]).to_vec(), "does not end like");
    plain("a zstd footer alone", footer(Codec::Zstd, 0, [0; 32]).to_vec(), "neither a gzip nor");
    plain("a footer of the other kind", footed(gzip(b""), Codec::Zstd), "does not end like");
    plain("a footer after nothing", footed(gzip(b""), Codec::Gzip), "cut short");
    plain("a manifest that unpacks to 100 MiB", footed(gzip(&vec![0; 100 << 20]), Codec::Gzip), "its manifest is damaged");
    plain(
        "a zstd manifest that unpacks to 100 MiB",
        footed(block(Codec::Zstd, &vec![0; 100 << 20]), Codec::Zstd),
        "its manifest is damaged",
    );
    plain("two archives in one file", good.iter().chain(&good).copied().collect(), "");
    plain(
        "repacked by gzip",
        {
            let mut tar = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(good.as_slice()), &mut tar).unwrap();
            footed(gzip(&tar), Codec::Gzip)
        },
        "where manifest.json should be",
    );
    shapes
}

/// Hostile shapes of the lists of blocks and of the blocks themselves.
fn shapes_of_blocks(codec: Codec) -> Vec<Shape> {
    let form = Form::Blocks(codec);
    let mut shapes: Vec<Shape> = Vec::new();
    let mut add = |label: &str, draft: Draft, reason| shapes.push((format!("{label}, {codec:?}"), draft.build(form), reason));

    // Lists that lie.
    let lies = |lie: fn(&mut Value)| changed(|d| d.lie = Box::new(lie));
    for size in [0_u64, 1000, 2 << 20, u32::MAX.into()] {
        let draft = changed(|d| d.lie = Box::new(move |m| m["block_bytes"] = json!(size)));
        add(&format!("blocks of {size} bytes"), draft, "has blocks of");
    }
    add("a size that is no size", lies(|m| m["block_bytes"] = json!(1_u64 << 40)), "cannot be read");
    add("another size of blocks", lies(|m| m["block_bytes"] = json!(4096)), "and hold");
    add("no list", lies(|m| drop(m["members"][1].as_object_mut().unwrap().remove("blocks_bytes"))), "wpp.db are 0");
    if codec == Codec::Zstd {
        let change: fn(&mut Value) = |m| drop(m.as_object_mut().unwrap().remove("block_bytes"));
        add("no lists at all", lies(change), "lists no blocks");
    }
    let list = |m: &mut Value, change: fn(&mut Vec<Value>)| change(m["members"][1]["blocks_bytes"].as_array_mut().unwrap());
    let lists = |change: fn(&mut Vec<Value>)| changed(|d| d.lie = Box::new(move |m| list(m, change)));
    add("one block less", lists(|l| drop(l.pop())), "wpp.db are");
    add("one block more", lists(|l| l.push(json!(100))), "wpp.db are");
    add("a million blocks", lists(|l| l.resize(1 << 20, json!(1))), "");
    add("a block of nothing", lists(|l| l[1] = json!(0)), "wpp.db hold");
    add("a block larger than any", lists(|l| l[1] = json!(u32::MAX)), "wpp.db hold");
    add("a block of negative size", lists(|l| l[1] = json!(-5)), "cannot be read");
    add("a block of no number", lists(|l| l[1] = json!("x")), "cannot be read");
    add("a block that overlaps the next", lists(|l| l[1] = json!(l[1].as_u64().unwrap() + 1)), "start at");
    add("a block that ends early", lists(|l| l[1] = json!(l[1].as_u64().unwrap() - 1)), "start at");
    add(
        "blocks that end elsewhere",
        lists(|l| {
            l[1] = json!(l[1].as_u64().unwrap() + 7);
            l[2] = json!(l[2].as_u64().unwrap() - 7);
        }),
        "wpp.db is damaged",
    );
    add(
        "an offset inside the content before",
        lies(|m| m["members"][1]["offset_bytes"] = json!(m["members"][0]["offset_bytes"])),
        "wpp.db start at",
    );
    add("an offset behind the end", lies(|m| m["members"][1]["offset_bytes"] = json!(u64::MAX)), "wpp.db start at");
    add("a first offset behind the end", lies(|m| m["members"][0]["offset_bytes"] = json!(u64::MAX)), "its index takes");
    add("no index", lies(|m| m["members"][0]["offset_bytes"] = json!(0)), "its index takes");
    add(
        "a content that no disk holds",
        lies(|m| m["members"][1]["size_bytes"] = json!(u64::MAX)),
        "states 18446744073709551615 bytes of wpp.db",
    );
    add(
        "more rows than can be added up",
        lies(|m| m["members"][1]["database"]["tables"]["messages"]["count"] = json!(u64::MAX)),
        "states 18446744073709551615 rows in messages of wpp.db",
    );
    add(
        "tables that together hold too many rows",
        lies(|m| {
            for table in ["a", "b"] {
                m["members"][0]["database"]["tables"][table] = json!({ "count": 1_u64 << 47, "highest": null });
            }
            m["members"][0]["database"]["tables"]["c"] = json!({ "count": 1, "highest": null });
        }),
        "rows in ",
    );
    add(
        "pages that no database has",
        lies(|m| m["members"][1]["database"]["pages"] = json!(u64::MAX)),
        "18446744073709551615 pages of",
    );
    add("pages of no size", lies(|m| m["members"][1]["database"]["page_size_bytes"] = json!(0)), "pages of 0 bytes");
    add(
        "sessions that cannot be added up",
        lies(|m| {
            m["signal"] = json!({ "paired": true, "identity_sha256": "", "account_sha256": null, "highest_prekey_id": null,
            "next_prekey_id": i64::MIN, "login_counter": 0, "sessions": u64::MAX, "sender_keys": 1 })
        }),
        "Signal sessions or sender keys",
    );
    for time in [i64::MIN, i64::MAX] {
        add(
            "a time that no calendar knows",
            changed(move |d| {
                d.manifest["created_ms"] = json!(time);
                d.index["created_ms"] = json!(time);
            }),
            "states the time",
        );
    }
    add("a content of the size of a disk", lies(|m| m["members"][1]["size_bytes"] = json!(1_u64 << 42)), "wpp.db are");
    add(
        "a content that the index knows otherwise",
        changed(|d| {
            d.index["members"][3]["size_bytes"] = json!(26);
        }),
        "config.toml is not what",
    );
    add("a gap before a content", changed(|d| d.between = b"hidden".to_vec()), "wpp.db start at");
    add("a block in a gap", changed(|d| d.between = block(codec, b"hidden")), "wpp.db start at");

    // Blocks that are not what the list says; the lists have their right sizes.
    let bent = |bend: Bend| changed(|d| d.bend = bend);
    add("blocks in another order", bent(Box::new(|b| b.swap(1, 2))), "wpp.db is not what");
    add("the first block later", bent(Box::new(|b| b.swap(0, 1))), "wpp.db");
    add("a block twice", bent(Box::new(|b| b[2] = b[1].clone())), "wpp.db is not what");
    add("a block of something else", bent(Box::new(move |b| b[1] = block(codec, &[7; BLOCK_BYTES]))), "wpp.db is not what");
    add("a block of less", bent(Box::new(move |b| b[1] = block(codec, &[7; BLOCK_BYTES - 1]))), "wpp.db is damaged");
    add("a block of more", bent(Box::new(move |b| b[1] = block(codec, &[7; BLOCK_BYTES + 1]))), "wpp.db is damaged");
    add("a bomb in a block", bent(Box::new(move |b| b[1] = block(codec, &vec![0; 4 << 20]))), "wpp.db is damaged");
    add(
        "a block of the other kind",
        bent(Box::new(move |b| {
            let other = if codec == Codec::Gzip { Codec::Zstd } else { Codec::Gzip };
            b[1] = block(other, &[7; BLOCK_BYTES]);
        })),
        "wpp.db is damaged",
    );
    add("a block that is none", bent(Box::new(|b| b[1] = vec![7; 3000])), "wpp.db is damaged");
    add(
        "two blocks in one",
        bent(Box::new(move |b| {
            b[1] = [block(codec, &[7; BLOCK_BYTES / 2]), block(codec, &[7; BLOCK_BYTES / 2])].concat();
        })),
        "wpp.db is damaged",
    );
    for (what, hidden) in [("zeros", vec![0; 20]), ("an empty block", block(codec, b"")), ("a block", block(codec, b"hidden"))] {
        add(&format!("{what} behind a block"), bent(Box::new(move |b| b[1].extend_from_slice(&hidden))), "wpp.db is damaged");
    }
    add("a block twice in one", bent(Box::new(|b| b[1] = b[1].repeat(2))), "wpp.db is damaged");
    add("a block cut short", bent(Box::new(|b| b[1].truncate(60))), "wpp.db is damaged");
    add(
        "a name in a block",
        bent(Box::new(|b| {
            let mut named = flate2::GzBuilder::new().filename("../x").write(Vec::new(), flate2::Compression::fast());
            named.write_all(&[7; BLOCK_BYTES]).unwrap();
            b[1] = named.finish().unwrap();
        })),
        "wpp.db is damaged",
    );
    add(
        "a skippable frame before a block",
        bent(Box::new(|b| {
            b[1] = [b"\x50\x2a\x4d\x18\x04\0\0\0hide", b[1].as_slice()].concat();
        })),
        "wpp.db is damaged",
    );
    add(
        "a frame of unknown size",
        bent(Box::new(|b| b[1] = zstd::stream::encode_all(&[7; BLOCK_BYTES][..], 1).unwrap())),
        "wpp.db is damaged",
    );
    add(
        "hidden in the last block",
        changed(|d| {
            let mut zeros = vec![0; padding(d.contents[2].data.len() as u64)];
            zeros[400] = 1;
            d.contents[2].padding = Some(zeros);
        }),
        "hides",
    );
    shapes
}

/// 300 MiB of zeros in a third of a megabyte, under honest headers.
fn bomb() -> Vec<u8> {
    let mut draft = Draft::new();
    let zeros = vec![0; 300 << 20];
    draft.index["members"][2]["size_bytes"] = json!(zeros.len());
    draft.contents[1] = entry("wpp.db", &zeros);
    draft.build(Form::First)
}

fn write(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("main-20261121T031500Z.wpp.tar.gz");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_archive_that_is_not_bent_opens() {
    let folder = tempfile::tempdir().unwrap();
    for form in Form::ALL {
        let path = write(folder.path(), &Draft::new().build(form));
        let opened = verify(&mut stores::input(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap();
        assert_eq!(opened.manifest, open::manifest(&mut stores::input(&path).unwrap()).unwrap());
        assert_eq!(opened.manifest.members.len(), 3);
        assert_eq!(opened.sha256, hex::encode(Sha256::digest(std::fs::read(&path).unwrap())));
        let settings = open::small_content(&mut stores::input(&path).unwrap(), &opened.manifest, "config.toml").unwrap();
        assert_eq!(settings.unwrap(), b"default_session = \"main\"\n");
        let session = open::small_content(&mut stores::input(&path).unwrap(), &opened.manifest, "session.db").unwrap();
        assert!(session.unwrap() == stores_and_facts()[0].0, "a content of several blocks");
        // A newer minor version adds fields and is read all the same.
        let newer = changed(|draft| {
            draft.index["format"]["minor"] = json!(9);
            draft.index["novelty"] = json!([1]);
            draft.manifest["format"]["minor"] = json!(9);
            draft.manifest["novelty"] = json!({ "x": 1 });
        });
        let path = write(folder.path(), &newer.build(form));
        verify(&mut stores::input(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap();
    }
}

#[test]
fn an_archive_of_format_1_0_still_verifies_and_is_restored() {
    let home = stores::home("before");
    let path = home.path().join("old.wpp.tar.gz");
    std::fs::write(&path, include_bytes!("../fixtures/archive-1.0.wpp.tar.gz")).unwrap();
    let manifest = open::manifest(&mut stores::input(&path).unwrap()).unwrap();
    assert_eq!((manifest.format.major, manifest.format.minor), (1, 0));
    let settings = open::small_content(&mut stores::input(&path).unwrap(), &manifest, "config.toml").unwrap();
    assert_eq!(settings.unwrap(), b"default_session = \"main\"\n");
    let opened = verify(&mut stores::input(&path).unwrap(), Level::Quick, home.path(), &Silent).unwrap();
    assert_eq!(opened.manifest, manifest);
    let outcome = home.run(&["restore", path.to_str().unwrap(), "--plan", "data", "--yes", "--keep-daemon-stopped"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(stores::marker(&home.session("main"), "wpp.db"), "written by format 1.0");
}

#[test]
fn every_hostile_shape_is_refused_for_its_own_reason() {
    let mut shapes = all_shapes();
    shapes.push(("a bomb that unpacks".into(), bomb(), "fill disks"));
    assert!(shapes.len() >= 250, "{}", shapes.len());
    let mut wrong = Vec::new();
    for (label, bytes, reason) in shapes {
        let parent = tempfile::tempdir().unwrap();
        let into = parent.path().join("into");
        std::fs::create_dir(&into).unwrap();
        let path = write(parent.path(), &bytes);
        let error = match stores::input(&path).and_then(|mut input| open::read(&mut input, Some(&into), &Silent)) {
            Ok(_) => {
                wrong.push(format!("{label}: opened"));
                continue;
            }
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Archive, "{label}: {}", error.chain());
        if !reason.split('|').any(|reason| error.chain().contains(reason)) {
            wrong.push(format!("{label}: {} and not {reason}", error.chain()));
        }
        assert!(!error.hints().is_empty(), "{label}");
        // What was unpacked before the refusal are files of known names in the folder given.
        for (name, _) in stores::everything(parent.path()) {
            let known = ["into", "session.db", "wpp.db", "config.toml", ".wpp.tar.gz"];
            assert!(known.iter().any(|known| name.ends_with(known)), "{label}: {name}");
        }
        // The look at the manifest alone does not judge the rest, and does not fall over it either.
        if let Err(error) = open::manifest(&mut stores::input(&path).unwrap()) {
            assert_eq!(error.kind(), ErrorKind::Archive, "{label}: {}", error.chain());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_refused_archive_leaves_the_session_and_the_home_as_they_were() {
    let home = stores::home("mine");
    std::fs::create_dir(home.path().join("backups")).unwrap();
    let before = stores::everything(&home.path().join("sessions"));
    for (label, bytes, _) in all_shapes().into_iter().step_by(7) {
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
        assert_eq!(stores::input(path).unwrap_err().kind(), ErrorKind::Archive);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found_at_level_hash() {
    let folder = tempfile::tempdir().unwrap();
    for form in Form::ALL {
        let good = Draft::new().build(form);
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
            match verify(&mut stores::input(&path).unwrap(), Level::Hash, folder.path(), &Silent) {
                Ok(_) => panic!("bit {bit} of {bits} was not found, {form:?}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Archive, "bit {bit}, {form:?}: {}", error.chain()),
            }
        }
    }
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for form in Form::ALL {
        let good = Draft::new().build(form);
        for length in (0..good.len()).step_by(131).chain(good.len() - 80..good.len()) {
            let path = write(folder.path(), &good[..length]);
            let refused = verify(&mut stores::input(&path).unwrap(), Level::Hash, folder.path(), &Silent).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Archive, "{length}, {form:?}: {}", refused.chain());
        }
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
        let path = write(folder.path(), &draft.build(Form::Blocks(Codec::Gzip)));
        verify(&mut stores::input(&path).unwrap(), Level::Hash, folder.path(), &Silent).unwrap();
        let error = verify(&mut stores::input(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Archive);
        assert!(error.chain().contains(what), "{}", error.chain());
    }
    let mut draft = Draft::new();
    draft.manifest["members"][1]["database"]["last_migration"] = json!("99");
    let path = write(folder.path(), &draft.build(Form::Blocks(Codec::Gzip)));
    assert!(
        verify(&mut stores::input(&path).unwrap(), Level::Quick, folder.path(), &Silent).unwrap_err().chain().contains("schema")
    );
    // Nothing that was unpacked for the look is left.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Runs a tool; `None` on a machine without it, where there is nothing to show. The format is held
/// by the tar, flate2 and zstd crates on every machine.
fn tool(words: &[&str]) -> Option<std::process::Output> {
    let output = std::process::Command::new(words[0]).args(&words[1..]).output().ok()?;
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    Some(output)
}

#[test]
fn tar_gunzip_zstd_and_python_read_an_archive() {
    let home = TestHome::sandbox();
    let names = "index.json\nsession.db\nwpp.db\nconfig.toml\nmanifest.json\n";
    for form in Form::ALL {
        let path = write(home.path(), &Draft::new().build(form));
        let path = path.to_str().unwrap();
        let text = |output: Option<std::process::Output>| {
            if let Some(output) = output {
                assert_eq!(String::from_utf8_lossy(&output.stdout), names, "{form:?}");
            }
        };
        let python = "import sys, tarfile\nfor member in tarfile.open(sys.argv[1]): print(member.name)";
        let wanted = &stores_and_facts()[1].0;
        let content = match form.codec() {
            Codec::Gzip => {
                text(tool(&["tar", "-tzf", path]));
                text(tool(&["python3", "-c", python, path]));
                tool(&["gzip", "-t", path]);
                tool(&["gzip", "-l", path]);
                tool(&["tar", "-xzOf", path, "wpp.db"])
            }
            Codec::Zstd if tool(&["zstd", "--version"]).is_some() => {
                tool(&["zstd", "-t", "-q", path]);
                text(tool(&["tar", "--zstd", "-tf", path]));
                tool(&["tar", "--zstd", "-xOf", path, "wpp.db"])
            }
            Codec::Zstd => None,
        };
        assert!(content.is_none_or(|output| output.stdout == *wanted), "{form:?}");
        let file = std::fs::File::open(path).unwrap();
        let reader: Box<dyn std::io::Read> = match form.codec() {
            Codec::Gzip => Box::new(flate2::read::MultiGzDecoder::new(file)),
            Codec::Zstd => Box::new(zstd::stream::Decoder::new(file).unwrap()),
        };
        let mut tar = tar::Archive::new(reader);
        assert_eq!(tar.entries().unwrap().map(|entry| entry.unwrap().size()).filter(|size| *size > 0).count(), 5);
    }
}
