//! What a restore takes its files from: an archive, or a bare `wpp.db` that somebody kept.
//!
//! A bare database is copied into a private folder first, where nobody changes it any more: read in
//! one transaction with what its `-wal` holds, or gunzipped. What it lacks (keys, settings, a word on
//! who made it) is stated by a manifest made for it, so that plans are made for both alike. Start with
//! [`Source::find`].

use std::io::{BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::plan::denied;
use crate::archive::chain;
use crate::archive::input::Input;
use crate::archive::manifest::{
    CONFIG, Daemon, DaemonState, FORMAT, MANIFEST_SCHEMA, Manifest, Mark, Member, Missing, SESSION_DB, WPP_DB,
};
use crate::archive::open;
use crate::archive::scratch::Scratch;
use crate::archive::seal::{Identities, SUFFIX};
use crate::archive::shelf::Located;
use crate::archive::snapshot::{Quiet, Snapshot};
use crate::archive::verify::{self, Level};
use crate::clock;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{HomeKind, SessionPaths, sidecar};
use crate::report::Sink;
use crate::session::messages::{self, Messages};

/// What every SQLite database begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// Left free on the disk beside what is unpacked.
const SPACE_MARGIN_BYTES: u64 = 64 << 20;
/// How much is unpacked between two looks at the free space.
const LOOK_EVERY_BYTES: u64 = 64 << 20;
const CHUNK_BYTES: usize = 256 << 10;

/// Where the files come from, and what is in it.
pub struct Source<'a> {
    manifest: Manifest,
    from: From<'a>,
}

enum From<'a> {
    Archive { place: String, open: Box<dyn Fn() -> Result<Input> + 'a> },
    Database(Database),
}

/// A bare database, copied where nobody else reaches it.
struct Database {
    place: String,
    copy: PathBuf,
    account: Option<String>,
    /// When its newest message was sent, milliseconds since the epoch.
    newest_ms: Option<i64>,
    /// Whether a file with the newest commits may be missing beside it.
    lone: bool,
    // Holds the copy's folder.
    _scratch: Scratch,
}

impl<'a> Source<'a> {
    /// An archive that can be opened again and again.
    pub fn archive(place: String, open: impl Fn() -> Result<Input> + 'a) -> Result<Source<'a>> {
        let manifest = open::manifest(&mut open()?)?;
        Ok(Source { manifest, from: From::Archive { place, open: Box::new(open) } })
    }

    /// The source that an operator means: a bare database if it is one or a gzip file of one,
    /// encrypted or not, else an archive. `scratch` is a folder for the copy of a database.
    pub fn find(
        file: &'a Located,
        identities: &'a Identities,
        session: &SessionPaths,
        home_kind: HomeKind,
        scratch: &Path,
    ) -> Result<Source<'a>> {
        match bare(file.open(identities)?)? {
            None => Source::archive(file.place(), || file.open(identities)),
            Some(packed) => {
                let (database, manifest) = Database::copy((file, identities), packed, session, home_kind, scratch)?;
                Ok(Source { manifest, from: From::Database(database) })
            }
        }
    }

    /// What is in it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it is.
    pub fn place(&self) -> String {
        match &self.from {
            From::Archive { place, .. } => place.clone(),
            From::Database(database) => database.place.clone(),
        }
    }

    /// Whether it is a bare database.
    pub fn is_bare(&self) -> bool {
        matches!(self.from, From::Database(_))
    }

    /// What it is, for people: `the archive of 2026-11-21T03:15:00Z`.
    pub fn describe(&self) -> String {
        match &self.from {
            From::Archive { .. } => format!("the archive of {}", self.manifest.created),
            From::Database(Database { place, newest_ms: Some(at_ms), .. }) => {
                format!("{place}, whose newest message is of {}", clock::rfc3339(clock::from_ms(*at_ms)))
            }
            From::Database(Database { place, .. }) => format!("{place}, which holds no message"),
        }
    }

    /// What is to be thought of before it is restored, in sentences.
    pub fn warnings(&self) -> Vec<String> {
        match &self.from {
            From::Database(Database { lone: true, .. }) => vec![
                "there is no wpp.db-wal beside the file: if it was copied from a session that ran, it may lack the newest messages"
                    .into(),
            ],
            From::Database(_) | From::Archive { .. } => Vec::new(),
        }
    }

    /// Fails when the messages in it are another account's than those that are there now. An archive
    /// is judged by its manifest.
    pub fn check_account(&self, session: &SessionPaths) -> Result<()> {
        let From::Database(Database { account: Some(ours), place, .. }) = &self.from else { return Ok(()) };
        // What is damaged now is no reason against what is to take its place.
        let live = Messages::open_read_only(session).ok().flatten().and_then(|messages| messages.account().ok().flatten());
        match live {
            Some(live) if live != *ours => {
                Err(denied(format!("{place} holds the messages of another WhatsApp account than session {}", session.name()))
                    .hint("restore it into a session of its own with --session NAME"))
            }
            _ => Ok(()),
        }
    }

    /// A small content, if there is one.
    pub fn small_content(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match &self.from {
            From::Archive { open, .. } => open::small_content(&mut open()?, &self.manifest, name),
            From::Database(_) => Ok(None),
        }
    }

    /// Checks that it still is what the manifest says; says how far, in the words of a report.
    pub fn verify(&self, scratch: &Path, sink: &dyn Sink) -> Result<&'static str> {
        match &self.from {
            From::Archive { place, open } => {
                let opened = verify::verify(&mut open()?, Level::Hash, scratch, sink)?;
                if opened.manifest != self.manifest {
                    return Err(open::refused(place, "its manifest changed while it was read"));
                }
                Ok("verified at level hash")
            }
            // It was checked when it was copied, and nobody has touched the copy since.
            From::Database(_) => Ok("SQLite's quick_check is ok"),
        }
    }

    /// Puts the contents into an empty folder and checks the databases there; says how far.
    pub(super) fn unpack(&self, stage: &Path, sink: &dyn Sink) -> Result<&'static str> {
        let said = match &self.from {
            From::Archive { place, open } => {
                let opened = chain::unpack(&mut open()?, stage, sink)?;
                if opened.manifest != self.manifest {
                    return Err(open::refused(place, "it is not the archive any more that the plan was made for"));
                }
                "verified at level quick"
            }
            From::Database(database) => {
                take(&database.copy, &stage.join(WPP_DB))?;
                disk::sync_folder(stage)?;
                "SQLite's quick_check is ok"
            }
        };
        verify::check_databases(&self.place(), stage, &self.manifest)?;
        Ok(said)
    }
}

/// Moves a file, or copies it where no rename leads.
fn take(from: &Path, to: &Path) -> Result<()> {
    let device = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev()).ok();
    if device(from).is_some() && device(from) == to.parent().and_then(device) {
        return disk::rename(from, to);
    }
    let mut source = disk::open_to_read(from).map_err(|error| disk::cannot("read", from, error))?;
    write(&mut source, to, u64::MAX)?;
    Ok(())
}

/// Whether a file is a bare database (`Some(false)`) or a gzip file of one (`Some(true)`). What is
/// neither is left to those who read archives, and to their words for what it is not.
fn bare(mut file: Input) -> Result<Option<bool>> {
    let mut start = Vec::new();
    let read = (&mut file).take(SQLITE.len() as u64).read_to_end(&mut start);
    read.map_err(|error| file.cannot_read(error))?;
    if start == SQLITE {
        return Ok(Some(false));
    }
    if !start.starts_with(&[0x1f, 0x8b]) {
        return Ok(None);
    }
    file.go_to(0)?;
    let mut unpacked = Vec::new();
    // A file that is cut short may still show what it was.
    let _ = gunzip(file).take(SQLITE.len() as u64).read_to_end(&mut unpacked);
    Ok((unpacked == SQLITE).then_some(true))
}

fn gunzip(file: Input) -> MultiGzDecoder<BufReader<Input>> {
    MultiGzDecoder::new(BufReader::with_capacity(CHUNK_BYTES, file))
}

fn refused(place: &str, reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Archive, format!("{place} is refused: {reason}"))
        .hint("a restore takes an archive of wpp, or a wpp.db as it is or gzipped; `wpp backup list` shows the archives")
}

impl Database {
    /// Copies it and checks the copy.
    fn copy(
        (file, identities): (&Located, &Identities),
        packed: bool,
        session: &SessionPaths,
        home_kind: HomeKind,
        scratch: &Path,
    ) -> Result<(Database, Manifest)> {
        let place = file.place();
        let scratch = Scratch::make(scratch)?;
        let copy = scratch.path().join(WPP_DB);
        // A file that SQLite can read where it lies may have a log beside it.
        let readable = file.path().filter(|_| !packed && !file.name().ends_with(SUFFIX));
        let written = match readable {
            Some(path) => snapshot(&place, &path, &copy)?,
            None => {
                let input = file.open(identities)?;
                // More than any store of messages gives, even one that repeats itself a lot.
                let most = input.size_bytes().saturating_mul(500).max(256 << 20);
                let written = if packed { write(&mut gunzip(input), &copy, most) } else { write(&mut { input }, &copy, most) };
                written.map_err(|error| match error.kind() {
                    ErrorKind::Archive => refused(&place, error.message()),
                    _ => error,
                })?
            }
        };
        messages::recognise(&copy).map_err(|reason| refused(&place, reason))?;
        let Some(snapshot) = Snapshot::open(&copy, Quiet::Proven)? else {
            return Err(refused(&place, "its copy vanished"));
        };
        let facts = snapshot.database()?;
        drop(snapshot);
        if facts.quick_check != "ok" {
            return Err(refused(&place, format!("SQLite's quick_check says: {}", facts.quick_check))
                .hint("`sqlite3 FILE .recover | sqlite3 new.db` saves what can be read; then restore new.db"));
        }
        let created = clock::from_ms(file.stamp()?.modified_s.saturating_mul(1000));
        let account = messages::account_in(&copy)?;
        let newest_ms = messages::newest_in(&copy)?;
        let lone = !file.path().is_some_and(|path| sidecar(&path, "-wal").exists());
        let missing = |name: &str| Missing { name: name.into(), reason: "it is a bare database of messages".into() };
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.into(),
            format: FORMAT,
            id: uuid::Uuid::new_v4().to_string(),
            session: session.name().into(),
            home_kind,
            created_ms: created.as_millisecond(),
            created: clock::rfc3339(created),
            tool_version: String::new(),
            daemon: Daemon { state: DaemonState::Running, ended: None, session_state: None },
            block_bytes: None,
            members: vec![Member {
                name: WPP_DB.into(),
                size_bytes: written,
                sha256: String::new(),
                offset_bytes: 0,
                blocks_bytes: Vec::new(),
                database: Some(facts),
            }],
            missing: vec![missing(SESSION_DB), missing(CONFIG)],
            signal: None,
            custody: Mark { journal: String::new(), newest_entry: 0, last_start: None, last_connect: None },
            chain: None,
        };
        Ok((Database { place, copy, account, newest_ms, lone, _scratch: scratch }, manifest))
    }
}

/// Copies a database in one read transaction, with what its `-wal` holds.
fn snapshot(place: &str, path: &Path, to: &Path) -> Result<u64> {
    let quiet = if sidecar(path, "-shm").exists() { Quiet::Unknown } else { Quiet::Likely };
    let reading = |error: Error| refused(place, error.chain());
    let Some(snapshot) = Snapshot::open(path, quiet).map_err(reading)? else {
        return Err(refused(place, "it vanished"));
    };
    let folder = to.parent().unwrap_or(to);
    disk::require_space(folder, snapshot.size_bytes() + SPACE_MARGIN_BYTES)?;
    let mut file = disk::create_file(to)?;
    let mut written = 0;
    snapshot.stream(folder, &mut |bytes| {
        written += bytes.len() as u64;
        file.write_all(bytes).map_err(|error| disk::cannot("write", to, error))
    })?;
    disk::sync_file(to)?;
    Ok(written)
}

/// Writes all that a reader yields, up to `most` bytes and as long as the disk has room. What does
/// not fit, and what cannot be unpacked, is an error of kind [`ErrorKind::Archive`].
fn write(from: &mut dyn Read, to: &Path, most: u64) -> Result<u64> {
    let too_much = |what: &str| Error::new(ErrorKind::Archive, format!("it unpacks to more than {what}"));
    let folder = to.parent().unwrap_or(to);
    let mut file = disk::create_file(to)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let (mut written, mut looked_at) = (0_u64, None);
    loop {
        let count = from
            .read(&mut buffer)
            .map_err(|error| Error::new(ErrorKind::Archive, format!("it cannot be unpacked whole: {error}")))?;
        if count == 0 {
            break;
        }
        written += count as u64;
        if written > most {
            return Err(too_much("500 times its size, which only a file made to fill disks does"));
        }
        if looked_at.is_none_or(|at| written - at >= LOOK_EVERY_BYTES) {
            if disk::space(folder)?.free_bytes < SPACE_MARGIN_BYTES + LOOK_EVERY_BYTES {
                return Err(too_much("the disk has room for"));
            }
            looked_at = Some(written);
        }
        file.write_all(&buffer[..count]).map_err(|error| disk::cannot("write", to, error))?;
    }
    disk::sync_file(to)?;
    Ok(written)
}
