//! What a file that is called a dump really is: told by its bytes, never by its name.
//!
//! A job that uploads a line of text instead of a dump has happened, and a dump whose writer was killed
//! ends in the middle: both look like files of the right name. Start with [`Dump::examine`].

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::head::{self, Of};
use super::plain::{Scanner, Seen, Segments};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::size;

/// Formats of `pg_dump`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `pg_dump --format=custom`: read by `pg_restore`.
    Custom,
    /// `pg_dump --format=tar`: read by `pg_restore`.
    Tar,
    /// `pg_dump --format=directory`: a folder, read by `pg_restore`.
    Directory,
    /// Statements of SQL: read by `psql`.
    Plain,
}

impl Kind {
    /// The name that `pg_dump` gives it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Custom => "custom",
            Kind::Tar => "tar",
            Kind::Directory => "directory",
            Kind::Plain => "plain",
        }
    }
}

/// How the whole file is compressed from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrapping {
    /// It is not.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// A dump that was looked at from its first byte to its last.
#[derive(Debug, Clone)]
pub struct Dump {
    /// Where it lies.
    pub path: PathBuf,
    /// Its format.
    pub kind: Kind,
    /// What it is wrapped in.
    pub wrapping: Wrapping,
    /// Size of the file, or of all files of the folder.
    pub size_bytes: u64,
    /// SHA-256 of the file in hex; of a folder, of the names and hashes of its files.
    pub sha256: String,
    /// What is known of a plain one.
    pub plain: Plain,
}

/// What a plain dump says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plain {
    /// Roles that must be there before it is loaded.
    pub roles: BTreeSet<String>,
    /// Tables that it makes.
    pub tables: u64,
    /// Whether it makes the roles and the databases itself: `pg_dumpall` does.
    pub makes_roles: bool,
    /// Databases that it leads to by itself: those of `pg_dumpall` and of `pg_dump --create`.
    pub databases: BTreeSet<String>,
    /// Whether older versions of `psql` might take a text of it for an order.
    pub ambiguous: bool,
}

const CUSTOM_START: &[u8] = b"PGDMP";
const GZIP_START: &[u8] = &[0x1f, 0x8b];
const ZSTD_START: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The table of contents of a tar or directory dump.
const CONTENTS: &str = "toc.dat";
/// The statements of a tar dump, for people; pg_dump writes them last.
const STATEMENTS: &str = "restore.sql";
/// What a tar file is made of.
const BLOCK_BYTES: usize = 512;
/// What stands behind the rows of a table.
const ROWS_END: &[u8] = b"\\.\n\n\n";
/// Of a text that is no dump, so much is shown.
const SHOWN_BYTES: usize = 60;
/// The first and the last line of one database, and of a cluster.
const MARKS: [[&str; 2]; 2] = [
    ["-- PostgreSQL database dump", "-- PostgreSQL database dump complete"],
    ["-- PostgreSQL database cluster dump", "-- PostgreSQL database cluster dump complete"],
];

impl Dump {
    /// Looks at every byte of it.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`] when it is no dump (a stub, an empty file, something else), or one that ends
    /// before its end; [`ErrorKind::Usage`] when nothing is there.
    pub fn examine(path: &Path) -> Result<Dump> {
        if path.is_dir() {
            return directory(path);
        }
        let file = disk::open_to_read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(ErrorKind::Usage, format!("there is no dump {}", path.display())).hint("check the path that was given")
            }
            _ => disk::cannot("read the dump", path, error),
        })?;
        let unreadable = |error| disk::cannot("read the dump", path, error);
        let (sha256, size_bytes) = disk::sha256(file).map_err(unreadable)?;
        if size_bytes == 0 {
            return Err(refused(path, "it is empty"));
        }
        let wrapping = wrapping(path)?;
        let mut reader = BufReader::with_capacity(256 << 10, opened(path, wrapping)?);
        let damaged = |error: std::io::Error| match wrapping {
            Wrapping::None => disk::cannot("read the dump", path, error),
            _ => refused(path, &format!("it cannot be unpacked to its end ({error}): it is damaged, or was cut off")),
        };
        let start = reader.fill_buf().map_err(damaged)?;
        let kind = if start.starts_with(CUSTOM_START) {
            Kind::Custom
        } else if start.get(257..262) == Some(b"ustar".as_slice()) && start.starts_with(CONTENTS.as_bytes()) {
            Kind::Tar
        } else {
            Kind::Plain
        };
        let plain = match kind {
            Kind::Plain => read_plain(&mut reader, path, size_bytes).map_err(|error| match error {
                Bad::Io(error) => damaged(error),
                Bad::Refused(error) => error,
            })?,
            Kind::Tar => read_tar(&mut reader, path).map(|()| Plain::default()).map_err(|error| match error {
                Bad::Io(error) => damaged(error),
                Bad::Refused(error) => error,
            })?,
            _ => {
                // The program that reads it finds out where it ends; that a wrapping is whole is known here.
                read_head(&mut reader, path, Of::Custom).map(|()| Plain::default()).map_err(|error| match error {
                    Bad::Io(error) => damaged(error),
                    Bad::Refused(error) => error,
                })?
            }
        };
        Ok(Dump { path: path.to_owned(), kind, wrapping, size_bytes, sha256, plain })
    }

    /// Its bytes without what they are wrapped in. Not for a folder.
    pub fn open(&self) -> Result<Box<dyn Read + Send>> {
        opened(&self.path, self.wrapping)
    }

    /// What it is, for people: `custom, in gzip`.
    pub fn describe(&self) -> String {
        let wrapped = match self.wrapping {
            Wrapping::None => "",
            Wrapping::Gzip => ", in gzip",
            Wrapping::Zstd => ", in zstd",
        };
        format!("{}{wrapped}, {}", self.kind.name(), size(self.size_bytes))
    }
}

/// The error for what must not be taken for a dump.
fn refused(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Archive, format!("{} is no usable dump: {why}", path.display()))
        .hint("make one with `pg_dump --format=custom`, and find out what wrote this one in its place")
}

fn wrapping(path: &Path) -> Result<Wrapping> {
    let mut start = Vec::new();
    raw(path)?.take(4).read_to_end(&mut start).map_err(|error| disk::cannot("read the dump", path, error))?;
    Ok(match start {
        start if start.starts_with(GZIP_START) => Wrapping::Gzip,
        start if start.starts_with(ZSTD_START) => Wrapping::Zstd,
        _ => Wrapping::None,
    })
}

fn opened(path: &Path, wrapping: Wrapping) -> Result<Box<dyn Read + Send>> {
    let file = raw(path)?;
    Ok(match wrapping {
        Wrapping::None => Box::new(file),
        Wrapping::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(256 << 10, file))),
        Wrapping::Zstd => {
            Box::new(zstd::stream::read::Decoder::new(file).map_err(|error| disk::cannot("unpack the dump", path, error))?)
        }
    })
}

fn directory(path: &Path) -> Result<Dump> {
    let unreadable = |error| disk::cannot("read the dump", path, error);
    let mut files = disk::list(path)?;
    files.sort();
    if !files.iter().any(|file| file.file_name().is_some_and(|name| name == CONTENTS)) {
        return Err(refused(path, &format!("it is a folder without {CONTENTS}")));
    }
    let (mut hasher, mut size_bytes) = (Sha256::new(), 0);
    for file in files {
        let (sha256, bytes) = disk::sha256(disk::open_to_read(&file).map_err(unreadable)?).map_err(unreadable)?;
        size_bytes += bytes;
        hasher.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update(b"\0");
        hasher.update(sha256.as_bytes());
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == CONTENTS {
            let mut reader = BufReader::new(raw(&file)?);
            read_head(&mut reader, &file, Of::Contents).map_err(|error| match error {
                Bad::Io(error) => unreadable(error),
                Bad::Refused(error) => error,
            })?;
        }
        if is_rows(name.strip_suffix(".gz").unwrap_or(&name)) {
            let wrapping = if name.ends_with(".gz") { Wrapping::Gzip } else { Wrapping::None };
            let mut rows = Rows::default();
            match std::io::copy(&mut opened(&file, wrapping)?, &mut rows) {
                Ok(_) if rows.are_whole() => {}
                Ok(_) => return Err(refused(path, &format!("{name} ends in the middle of a table: it was cut off"))),
                Err(error) => return Err(refused(path, &format!("{name} cannot be read to its end ({error}): it was cut off"))),
            }
        }
    }
    let sha256 = hex::encode(hasher.finalize());
    let (kind, wrapping, plain) = (Kind::Directory, Wrapping::None, Plain::default());
    Ok(Dump { path: path.to_owned(), kind, wrapping, size_bytes, sha256, plain })
}

enum Bad {
    Io(std::io::Error),
    Refused(Error),
}

/// Reads to the end what begins as `pg_restore` wants it, and refuses what can be none of it.
fn read_head(reader: &mut impl Read, path: &Path, of: Of) -> std::result::Result<(), Bad> {
    let refuse = |bad| match bad {
        head::Bad::Io(error) => Bad::Io(error),
        head::Bad::Ends => Bad::Refused(refused(path, "it is a stub: it ends inside its own header, or was cut off there")),
        head::Bad::Short => Bad::Refused(refused(path, "it ends inside its table of contents: it is a stub, or was cut off")),
        head::Bad::Impossible(what) => {
            Bad::Refused(refused(path, &format!("its header is impossible ({what}): it is a stub, or damaged")))
        }
    };
    let head = head::read(reader, of).map_err(refuse)?;
    let rest = std::io::copy(reader, &mut std::io::sink()).map_err(Bad::Io)?;
    head.check_rest(rest).map_err(refuse)
}

/// Walks through the members of a tar file: each whole, the end behind the last, and all there that the
/// statements name. `pg_restore` takes what there is for all there was.
fn read_tar(reader: &mut impl BufRead, path: &Path) -> std::result::Result<(), Bad> {
    let cut = |what: String| Bad::Refused(refused(path, &format!("{what}: it was cut off")));
    let (mut there, mut wanted) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let mut block = [0; BLOCK_BYTES];
        if !fills(reader, &mut block)? {
            return Err(cut("it has no end, which two empty blocks are".into()));
        }
        if block == [0; BLOCK_BYTES] {
            if !fills(reader, &mut block)? || block != [0; BLOCK_BYTES] {
                return Err(cut("it has no end, which two empty blocks are".into()));
            }
            break;
        }
        let header = tar::Header::from_byte_slice(&block);
        // The checksum counts its own place as blanks.
        let counted = |(at, byte): (usize, &u8)| u32::from(if (148..156).contains(&at) { b' ' } else { *byte });
        let sum: u32 = block.iter().enumerate().map(counted).sum();
        let size_bytes = header.entry_size().ok().filter(|_| header.cksum().ok() == Some(sum));
        let Some(size_bytes) = size_bytes else {
            return Err(Bad::Refused(refused(path, "it is damaged: where the next file of it should begin is something else")));
        };
        let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
        let mut content = reader.by_ref().take(size_bytes);
        let mut rows = Rows::default();
        if name == STATEMENTS {
            let (mut lines, mut line) = (Segments::of(&mut content), Vec::new());
            while lines.next(&mut line).map_err(Bad::Io)?.is_some() {
                // COPY public.users (id) FROM '$$PATH$$/3342.dat';
                let text = String::from_utf8_lossy(&line);
                let named = text.starts_with("COPY ").then(|| text.trim_end().strip_suffix("';")?.rsplit_once("'$$PATH$$/"));
                wanted.extend(named.flatten().map(|(_, name)| name.to_owned()));
            }
        } else if name == CONTENTS {
            let judged = read_head(&mut content, path, Of::Contents);
            std::io::copy(&mut content, &mut std::io::sink()).map_err(Bad::Io)?;
            // One that the file ends in was cut off, whatever it lacks of its own.
            if content.limit() == 0 {
                judged?;
            }
        } else {
            std::io::copy(&mut content, &mut rows).map_err(Bad::Io)?;
        }
        let padding = size_bytes.next_multiple_of(BLOCK_BYTES as u64) - size_bytes;
        let whole = content.limit() == 0 && fills(reader, &mut block[..padding as usize])?;
        if !whole || is_rows(&name) && !rows.are_whole() {
            return Err(cut(format!("it ends in the middle of {name}")));
        }
        there.insert(name);
    }
    if !there.contains(STATEMENTS) {
        return Err(cut(format!("there is no {STATEMENTS} in it")));
    }
    if let Some(missing) = wanted.difference(&there).next() {
        return Err(cut(format!("{missing} is not in it, which holds rows of a table")));
    }
    // What a wrapping says of its end stands behind all.
    std::io::copy(reader, &mut std::io::sink()).map(drop).map_err(Bad::Io)
}

/// Fills a buffer; `false` when there is not enough.
fn fills(reader: &mut impl Read, buffer: &mut [u8]) -> std::result::Result<bool, Bad> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(Bad::Io(error)),
    }
}

/// Whether a file of a dump holds the rows of one table.
fn is_rows(name: &str) -> bool {
    name.strip_suffix(".dat").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The beginning and the end of rows.
#[derive(Default)]
struct Rows {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Rows {
    /// Rows that were written as statements have no end of their own.
    fn are_whole(&self) -> bool {
        self.end == ROWS_END || self.start == b"INSERT" || self.end.iter().all(u8::is_ascii_whitespace)
    }
}

impl std::io::Write for Rows {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let missing = b"INSERT".len() - self.start.len();
        self.start.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        self.end.extend_from_slice(&bytes[bytes.len().saturating_sub(ROWS_END.len())..]);
        self.end.drain(..self.end.len().saturating_sub(ROWS_END.len()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reads a text to its end: whether it is a dump, whether all of it, and whether it holds nothing but SQL.
fn read_plain(reader: &mut impl BufRead, path: &Path, size_bytes: u64) -> std::result::Result<Plain, Bad> {
    let mut plain = Plain::default();
    let mut first = Vec::new();
    let mut statements = 0_u64;
    // Beginnings without their end, of databases and of clusters.
    let (mut open, mut begins) = ([0_u64; 2], false);
    let cut = |why: &str| Bad::Refused(refused(path, &format!("{why}: it was cut off")));
    let mut scanner = Scanner::default();
    let (mut segments, mut line) = (Segments::of(reader), Vec::new());
    while let Some((begins_line, ends_line)) = segments.next(&mut line).map_err(Bad::Io)? {
        if first.is_empty() {
            first = line[..line.len().min(SHOWN_BYTES)].to_vec();
        }
        let at_top = begins_line && scanner.at_top();
        let seen = scanner.read(&line, begins_line, ends_line).map_err(|why| Bad::Refused(refused(path, &why)))?;
        if let Seen::Connect(name) = seen {
            plain.databases.insert(name);
            continue;
        }
        let Ok(text) = std::str::from_utf8(&line).map(str::trim_end) else { continue };
        if !at_top || seen != Seen::Text {
            continue;
        }
        for ([beginning, end], open) in MARKS.iter().zip(&mut open) {
            begins |= text == *beginning;
            *open += u64::from(text == *beginning);
            if text == *end {
                *open = open.checked_sub(1).ok_or_else(|| cut("it has an end and no beginning"))?;
            }
        }
        statements += u64::from(is_statement(text));
        plain.tables += u64::from(["CREATE TABLE ", "CREATE UNLOGGED TABLE "].iter().any(|start| text.starts_with(start)));
        plain.makes_roles |= text.starts_with("CREATE ROLE ");
        plain.roles.extend(role(text));
    }
    plain.ambiguous = scanner.is_ambiguous();
    let shown = || String::from_utf8_lossy(&first).trim().chars().filter(|c| !c.is_control()).collect::<String>();
    if statements == 0 && !begins {
        return Err(Bad::Refused(refused(
            path,
            &format!("it is a stub: {} that hold no statement of SQL, beginning with {:?}", size(size_bytes), shown()),
        )));
    }
    if let Some(what) = scanner.unfinished() {
        return Err(cut(&format!("it ends in the middle of {what}")));
    }
    if open[1] > 0 {
        return Err(cut("it has no end: pg_dumpall writes a last line, and it is not there"));
    }
    if open[0] > 0 {
        return Err(cut("it has no end: pg_dump writes a last line for each database, and one is not there"));
    }
    if statements == 0 {
        return Err(Bad::Refused(refused(
            path,
            "it is a stub: it has the first and the last line of a dump and nothing between",
        )));
    }
    Ok(plain)
}

/// Whether a line begins a statement that makes or fills something.
fn is_statement(line: &str) -> bool {
    let makes = ["CREATE ", "COPY ", "INSERT INTO ", "ALTER ", "DROP TABLE ", "BEGIN;", "START TRANSACTION;"];
    let upper = line.get(..24).unwrap_or(line).to_ascii_uppercase();
    makes.iter().any(|word| upper.starts_with(word))
}

/// A role that a line gives something to.
fn role(line: &str) -> Option<String> {
    let statement = line.strip_suffix(';')?;
    let to = if line.starts_with("ALTER ") && !line.starts_with("ALTER ROLE ") {
        statement.rsplit_once(" OWNER TO ").map(|(_, name)| name).or_else(|| {
            let (_, rest) = statement.strip_prefix("ALTER DEFAULT PRIVILEGES ")?.rsplit_once(" TO ")?;
            Some(rest)
        })
    } else if line.starts_with("GRANT ") {
        statement.rsplit_once(" TO ").map(|(_, name)| name.strip_suffix(" WITH GRANT OPTION").unwrap_or(name))
    } else if line.starts_with("REVOKE ") {
        statement.rsplit_once(" FROM ").map(|(_, name)| name)
    } else {
        None
    }?;
    let name = match to.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => to.to_owned(),
    };
    let plain = |c: char| c.is_alphanumeric() || "_-.$@ ".contains(c);
    let special = ["PUBLIC", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"].contains(&to) || name.starts_with("pg_");
    (!special && !name.is_empty() && name.len() <= 63 && name.chars().all(plain)).then_some(name)
}

/// The file as it lies there, wrapped or not.
pub fn raw(path: &Path) -> Result<File> {
    disk::open_to_read(path).map_err(|error| disk::cannot("read the dump", path, error))
}

#[cfg(test)]
mod tests {
    use super::head::tests::dump;
    use super::*;

    /// The table of contents of a tar file or a folder.
    fn contents() -> String {
        // All of it is ASCII.
        String::from_utf8(dump(14, 3)).unwrap()
    }

    const WHOLE: &str = "--\n-- PostgreSQL database dump\n--\n\nSET x = 1;\nCREATE TABLE public.users (id int);\n\
        ALTER TABLE public.users OWNER TO app;\nCOPY public.users (id) FROM stdin;\n1\nCREATE TABLE no\n\\.\n\n\
        GRANT SELECT ON TABLE public.users TO \"read-only\";\nREVOKE ALL ON SCHEMA public FROM PUBLIC;\n\
        --\n-- PostgreSQL database dump complete\n--\n";

    fn examine(content: &[u8]) -> Result<Dump> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latest.dump");
        std::fs::write(&path, content).unwrap();
        Dump::examine(&path)
    }

    fn gzipped(content: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut writer, content).unwrap();
        writer.finish().unwrap()
    }

    fn tarred(members: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            builder.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn a_tar_dump_that_was_cut_off_is_refused_wherever_it_was_cut() {
        let rows = "1\n2\n\\.\n\n\n";
        let statements = "COPY public.a (g) FROM '$$PATH$$/3342.dat';\nCOPY public.b (t) FROM '$$PATH$$/3343.dat';\n";
        let contents = contents();
        let members = [("toc.dat", &*contents), ("3342.dat", rows), ("3343.dat", rows), ("restore.sql", statements)];
        let whole = tarred(&members);
        assert_eq!(examine(&whole).unwrap().kind, Kind::Tar);
        for cut in (1..whole.len() / 512).map(|block| block * 512).chain([1, 600, 1025, whole.len() - 1]) {
            let error = examine(&whole[..cut]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Archive, "cut at {cut}");
            assert!(cut < 1024 || error.message().contains("cut off"), "cut at {cut}: {error}");
            assert!(examine(&gzipped(&whole[..cut])).is_err(), "cut at {cut}");
        }
        // Made whole again by somebody who closed what was cut.
        for (without, said) in [(2, "3343.dat"), (3, "restore.sql")] {
            let mut left = members.to_vec();
            left.remove(without);
            let error = examine(&tarred(&left)).unwrap_err();
            assert!(error.message().contains(said) && error.message().contains("cut off"), "{error}");
        }
        let short = [members[0], members[1], ("3343.dat", "1\n"), members[3]];
        assert!(examine(&tarred(&short)).unwrap_err().message().contains("middle of 3343.dat"));
        // Rows as statements, or none.
        let inserted = [members[0], ("3342.dat", "INSERT INTO a VALUES (1);\n"), ("3343.dat", "\n"), members[3]];
        assert!(examine(&tarred(&inserted)).is_ok());
    }

    #[test]
    fn of_a_folder_every_table_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
        write("toc.dat", contents().as_bytes());
        write("3342.dat", b"1\n\\.\n\n\n");
        write("3343.dat.gz", &gzipped(b"1\n\\.\n\n\n"));
        assert!(Dump::examine(folder.path()).is_ok());
        write("toc.dat", b"PGDMP");
        assert!(Dump::examine(folder.path()).unwrap_err().message().contains("stub"));
        write("toc.dat", contents().as_bytes());
        let packed = gzipped(b"1\n\\.\n\n\n");
        for (name, content) in [("3342.dat", b"1\n".to_vec()), ("3343.dat.gz", packed[..packed.len() - 3].to_vec())] {
            let whole = std::fs::read(folder.path().join(name)).unwrap();
            write(name, &content);
            let error = Dump::examine(folder.path()).unwrap_err();
            assert!(error.message().contains(name) && error.message().contains("cut off"), "{error}");
            write(name, &whole);
        }
    }

    #[test]
    fn of_several_dumps_in_one_file_each_has_its_end() {
        let [cluster, cluster_end] = MARKS[1];
        let roles = format!("--\n{cluster}\n--\nCREATE ROLE app;\n");
        let all = format!("{roles}\\connect template1\n{WHOLE}\\connect gw\n{WHOLE}--\n{cluster_end}\n--\n");
        let dump = examine(all.as_bytes()).unwrap();
        assert_eq!(dump.plain.databases.iter().map(String::as_str).collect::<Vec<_>>(), ["gw", "template1"]);
        assert!(dump.plain.makes_roles && dump.plain.tables == 2);
        let at_end = WHOLE.find(MARKS[0][1]).unwrap();
        for cut in [
            format!("{roles}\\connect template1\n{WHOLE}"),
            format!("{roles}\\connect gw\n{}--\n{cluster_end}\n", &WHOLE[..at_end]),
            format!("{WHOLE}{}", &WHOLE[..at_end]),
            format!("{}{WHOLE}", &WHOLE[..at_end]),
            WHOLE[30..].to_owned(),
            // The last line stands in a text, and is none.
            WHOLE.replace(MARKS[0][1], "").replace("SET x = 1", &format!("INSERT INTO x VALUES ('\n{}\n')", MARKS[0][1])),
        ] {
            let error = examine(cut.as_bytes()).unwrap_err();
            assert!(error.kind() == ErrorKind::Archive && error.message().contains("cut off"), "{error}\n{cut}");
        }
        let error = examine(format!("{WHOLE}\\! id\n").as_bytes()).unwrap_err();
        assert!(error.message().contains("order to psql"), "{error}");
    }

    #[test]
    fn a_plain_dump_is_known_by_its_statements_wrapped_or_not() {
        let zstd = zstd::bulk::compress(WHOLE.as_bytes(), 1).unwrap();
        for (content, wrapping) in
            [(WHOLE.as_bytes().to_vec(), Wrapping::None), (gzipped(WHOLE.as_bytes()), Wrapping::Gzip), (zstd, Wrapping::Zstd)]
        {
            let dump = examine(&content).unwrap();
            assert_eq!((dump.kind, dump.wrapping, dump.size_bytes), (Kind::Plain, wrapping, content.len() as u64));
            assert_eq!(dump.plain.tables, 1, "rows are no statements");
            assert_eq!(dump.plain.roles.iter().map(String::as_str).collect::<Vec<_>>(), ["app", "read-only"]);
        }
        // One that was not written by pg_dump has no last line to miss.
        assert_eq!(examine(b"create table x (y int);\ninsert into x values (1);\n").unwrap().kind, Kind::Plain);
    }

    #[test]
    fn a_stub_is_called_a_stub() {
        let no_rows = "--\n-- PostgreSQL database dump\n--\n--\n-- PostgreSQL database dump complete\n--\n";
        for stub in [
            "backup created at 2026-11-04T14:00:00Z\n",
            "TODO",
            "{\"job\":\"BACKUP_DAILY\",\"status\":\"ok\"}",
            "<html><body>404 Not Found</body></html>",
            "-- a comment\n",
            no_rows,
        ] {
            for content in [stub.as_bytes().to_vec(), gzipped(stub.as_bytes())] {
                let error = examine(&content).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Archive, "{stub}");
                assert!(error.message().contains("stub"), "{stub}: {error}");
            }
        }
        assert!(examine(b"").unwrap_err().message().contains("empty"));
        assert!(examine(&[7, 0, 1, 200, 255]).is_err());
    }

    #[test]
    fn a_dump_that_was_cut_off_is_refused_wherever_it_was_cut() {
        // Behind the last line, pg_dump writes no more than a comment's end.
        let last = WHOLE.rfind(MARKS[0][1]).unwrap() + MARKS[0][1].len();
        for cut in 1..last {
            let error = examine(&WHOLE.as_bytes()[..cut]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Archive, "cut at {cut}");
        }
        let packed = gzipped(WHOLE.as_bytes());
        for cut in [3, 20, packed.len() / 2, packed.len() - 1] {
            assert!(examine(&packed[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_few_bytes_that_begin_as_a_dump_does_are_none() {
        let garbage = [&b"PGDMP\x01\x10\x00"[..], &[0x5a; 2000]].concat();
        let whole = dump(16, 1);
        for stub in [b"PGDMP".as_slice(), &garbage, &whole[..whole.len() - 1], &dump(16, 3)] {
            for content in [stub.to_vec(), gzipped(stub)] {
                let error = examine(&content).unwrap_err();
                assert!(error.kind() == ErrorKind::Archive && error.message().contains("stub"), "{error}");
            }
        }
        let error = examine(&tarred(&[("toc.dat", "PGDMP"), ("restore.sql", "")])).unwrap_err();
        assert!(error.kind() == ErrorKind::Archive && error.message().contains("stub"), "{error}");
    }

    #[test]
    fn what_pg_restore_reads_is_known_by_its_first_bytes() {
        let tar = tarred(&[("toc.dat", &contents()), ("restore.sql", "")]);
        for (content, kind) in [(dump(14, 1), Kind::Custom), (tar.clone(), Kind::Tar)] {
            assert_eq!(examine(&content).unwrap().kind, kind);
            assert_eq!(examine(&gzipped(&content)).unwrap().kind, kind);
        }
        // Any other tar file is none.
        assert!(examine(&tarred(&[("abc.dat", "PGDMP"), ("restore.sql", "")])).is_err());
        let folder = tempfile::tempdir().unwrap();
        assert!(Dump::examine(folder.path()).unwrap_err().message().contains("toc.dat"));
        std::fs::write(folder.path().join("toc.dat"), contents()).unwrap();
        assert_eq!(Dump::examine(folder.path()).unwrap().kind, Kind::Directory);
        assert_eq!(Dump::examine(&folder.path().join("none")).unwrap_err().kind(), ErrorKind::Usage);
    }
}
