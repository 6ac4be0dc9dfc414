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
}

const CUSTOM_START: &[u8] = b"PGDMP";
const GZIP_START: &[u8] = &[0x1f, 0x8b];
const ZSTD_START: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The table of contents of a tar or directory dump.
const CONTENTS: &str = "toc.dat";
/// A line of a dump may hold a picture; more than this of it is not looked at.
const LINE_BYTES_MAX: u64 = 16 << 10;
/// Of a text that is no dump, so much is shown.
const SHOWN_BYTES: usize = 60;
const ENDS: [&str; 2] = ["-- PostgreSQL database dump complete", "-- PostgreSQL database cluster dump complete"];
const BEGINNINGS: [&str; 2] = ["-- PostgreSQL database dump", "-- PostgreSQL database cluster dump"];

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
            _ => {
                // The program that reads it finds out where it ends; that a wrapping is whole is known here.
                std::io::copy(&mut reader, &mut std::io::sink()).map_err(damaged)?;
                Plain::default()
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
    }
    let sha256 = hex::encode(hasher.finalize());
    let (kind, wrapping, plain) = (Kind::Directory, Wrapping::None, Plain::default());
    Ok(Dump { path: path.to_owned(), kind, wrapping, size_bytes, sha256, plain })
}

enum Bad {
    Io(std::io::Error),
    Refused(Error),
}

/// Reads a text to its end: whether it is a dump, and whether all of it.
fn read_plain(reader: &mut impl BufRead, path: &Path, size_bytes: u64) -> std::result::Result<Plain, Bad> {
    let mut plain = Plain::default();
    let mut first = Vec::new();
    let (mut statements, mut begins, mut ends, mut copying) = (0_u64, false, false, false);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(Bad::Io)?;
        if count == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            // The rest of a long line says nothing that is looked for.
            reader.skip_until(b'\n').map_err(Bad::Io)?;
        }
        if first.is_empty() {
            first = line[..line.len().min(SHOWN_BYTES)].to_vec();
        }
        let Ok(text) = std::str::from_utf8(&line).map(str::trim_end) else { continue };
        if copying {
            copying = text != "\\.";
            continue;
        }
        begins |= BEGINNINGS.contains(&text);
        ends |= ENDS.contains(&text);
        copying = text.starts_with("COPY ") && text.ends_with("FROM stdin;");
        statements += u64::from(is_statement(text));
        plain.tables += u64::from(["CREATE TABLE ", "CREATE UNLOGGED TABLE "].iter().any(|start| text.starts_with(start)));
        plain.makes_roles |= text.starts_with("CREATE ROLE ");
        plain.roles.extend(role(text));
    }
    let shown = || String::from_utf8_lossy(&first).trim().chars().filter(|c| !c.is_control()).collect::<String>();
    if statements == 0 && !begins {
        return Err(Bad::Refused(refused(
            path,
            &format!("it is a stub: {} that hold no statement of SQL, beginning with {:?}", size(size_bytes), shown()),
        )));
    }
    if copying {
        return Err(Bad::Refused(refused(path, "it ends in the middle of a table: it was cut off")));
    }
    if begins && !ends {
        return Err(Bad::Refused(refused(path, "it has no end: pg_dump writes a last line, and this one was cut off before")));
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
    use super::*;

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
        let last = WHOLE.rfind(ENDS[0]).unwrap() + ENDS[0].len();
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
    fn what_pg_restore_reads_is_known_by_its_first_bytes() {
        let mut tar = vec![0_u8; 1024];
        tar[..7].copy_from_slice(b"toc.dat");
        tar[257..262].copy_from_slice(b"ustar");
        for (content, kind) in [(b"PGDMP\x01\x0e".to_vec(), Kind::Custom), (tar.clone(), Kind::Tar)] {
            assert_eq!(examine(&content).unwrap().kind, kind);
            assert_eq!(examine(&gzipped(&content)).unwrap().kind, kind);
        }
        // Any other tar file is none.
        tar[..7].copy_from_slice(b"abc.dat");
        assert!(examine(&tar).is_err());
        let folder = tempfile::tempdir().unwrap();
        assert!(Dump::examine(folder.path()).unwrap_err().message().contains("toc.dat"));
        std::fs::write(folder.path().join("toc.dat"), "PGDMP").unwrap();
        assert_eq!(Dump::examine(folder.path()).unwrap().kind, Kind::Directory);
        assert_eq!(Dump::examine(&folder.path().join("none")).unwrap_err().kind(), ErrorKind::Usage);
    }
}
