//! A consistent picture of one database, taken in one read transaction while others may write.
//!
//! The pages come out of the transaction itself, through SQLite's `sqlite_dbpage` table, so that
//! no second copy is needed and no writer can make it start over. A build of SQLite without that
//! table is noticed, and the pages then go through a temporary copy.
//!
//! **Which opening is used, and what it leaves behind.** While a daemon runs, its `-wal` and
//! `-shm` are there and shared; a reader adds none. The session's lock ([`Quiet::Proven`]) proves that no
//! daemon runs, and nothing of other programs. So a backup takes SQLite's own locks then, too, wherever
//! that makes no file: with a rollback journal, and where a `-wal` and a `-shm` are there. A database
//! whose log is closed, or was left behind alone, is read without locks, and with the log (a killed
//! daemon leaves committed data in it); [`Snapshot::is_as_it_was`] then tells whether anybody came
//! meanwhile, and the backup begins anew with locks. Nothing is ever checkpointed or written: a
//! transaction that died with its writer is rolled back in a copy.
//!
//! **Databases with a rollback journal** are another matter: a reader keeps their writers from
//! committing, just as `BEGIN IMMEDIATE` does but without the right to write. So what others may
//! write to is copied as fast as the disk allows, the lock is given back, and everything slow is done
//! with the copy. [`Patience`] bounds how long the others are held up.
//!
//! **Two threads for one state.** Checking a database takes as long as reading it out, so a backup
//! does both at once, through two transactions that are proven to see the same ([`Looking`]).
//!
//! Start with [`Snapshot::take`] for a backup and [`Snapshot::open`] for a look.

mod still;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};

use self::still::Still;
use super::manifest::{Database, Rows, Signal};
use super::pages::Run;
use super::scratch::Scratch;
use crate::clock::{self, Stopwatch};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::sidecar;
use crate::session::reading::{self, Way};

/// Whether anybody may write to the database meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// The caller holds the session's lock, or nobody else knows the file.
    Proven,
    /// Nobody held the session's lock a moment ago. Right for a look; a backup goes by the locks of
    /// SQLite all the same.
    Likely,
    /// A daemon may run.
    Unknown,
}

/// How the bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// From the transaction itself.
    Pages,
    /// Through a temporary copy.
    Copy,
}

impl Method {
    /// What this build of SQLite can do.
    pub fn available(connection: &Connection) -> rusqlite::Result<Method> {
        let found =
            connection.query_row("SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage'", [], |_| Ok(())).optional()?;
        Ok(if found.is_some() { Method::Pages } else { Method::Copy })
    }
}

/// How long a backup waits for others, and lets them wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a lock that another program holds.
    pub lock_wait: Duration,
    /// The longest that writers of a database with a rollback journal are held up.
    pub stall_max: Duration,
}

/// A look waits for others as long as SQLite's own tools do when they are told to.
const LOOK_WAIT: Duration = Duration::from_secs(30);
/// A database up to this size is copied in a moment; when it was not, something came between.
const SMALL_BYTES: u64 = 64 << 20;
const SMALL_ATTEMPTS: u32 = 3;
/// Between two looks at the clock while a database is copied.
const COPY_STEP_PAGES: u64 = 256;
const COPY: &str = "copy.db";
/// While another program opens or closes the database, its side files come and go.
const OPEN_ATTEMPTS: u32 = 10;
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// Below this size, checking a database costs less than a thread is worth.
const SECOND_BYTES_MIN: u64 = 8 << 20;
/// A writer commits between two reads every time only if it does nothing else.
const SECOND_ATTEMPTS: u32 = 50;

/// One open read transaction. Dropping it ends the transaction and removes what it made.
#[derive(Debug)]
pub struct Snapshot {
    connection: Option<Connection>,
    path: PathBuf,
    method: Method,
    pages: u64,
    page_size_bytes: u64,
    journal_mode: String,
    way: Way,
    /// Another transaction that sees the same.
    second: Option<Box<Snapshot>>,
    /// Since when a writer may be waiting.
    begun: Stopwatch,
    /// Holds the copy that the transaction is of.
    copied: Option<Scratch>,
    /// What the files looked like before they were read without locks.
    still: Option<Still>,
}

impl Snapshot {
    /// Opens the database and its one read transaction. `None` when there is no such file.
    pub fn open(path: &Path, quiet: Quiet) -> Result<Option<Snapshot>> {
        Snapshot::open_with(path, quiet, None, LOOK_WAIT)
    }

    /// As [`Snapshot::open`], for reading all of it: writers are not held up beyond `patience`.
    /// `scratch` is the folder for a copy, if one is needed. Only with [`Quiet::Proven`] it may be read
    /// without locks; what was read then counts only if [`Snapshot::is_as_it_was`] afterwards.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when others hold the database, or would have to wait, for too long.
    pub fn take(path: &Path, quiet: Quiet, scratch: &Path, patience: Patience) -> Result<Option<Snapshot>> {
        let quiet = if quiet == Quiet::Proven { Quiet::Proven } else { Quiet::Unknown };
        Snapshot::take_with(path, quiet, None, scratch, patience)
    }

    fn take_with(
        path: &Path,
        quiet: Quiet,
        method: Option<Method>,
        scratch: &Path,
        patience: Patience,
    ) -> Result<Option<Snapshot>> {
        let mut attempts = 1;
        loop {
            let Some(snapshot) = Snapshot::open_to_take(path, quiet, method, scratch, patience)? else { return Ok(None) };
            let small = snapshot.size_bytes() <= SMALL_BYTES;
            // Without a daemon, nobody that is known of waits for a lock.
            let keep = quiet != Quiet::Unknown || snapshot.journal_mode == "wal" || snapshot.copied.is_some();
            let taken = match keep {
                true => Some(snapshot),
                false => snapshot.copied_within(scratch, patience.stall_max)?,
            };
            if let Some(mut taken) = taken {
                taken.double(patience.lock_wait).map_err(|error| unreadable(path, error))?;
                return Ok(Some(taken));
            }
            if !small || attempts == SMALL_ATTEMPTS {
                let stall_max = clock::human(patience.stall_max);
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!("{} has a rollback journal and could not be copied within {stall_max}", path.display()),
                )
                .hint(
                    "whoever writes to it would have been held up for longer: stop that program, raise backup.stall_ms_max, \
                     or give the database a write-ahead log (PRAGMA journal_mode = WAL)",
                ));
            }
            attempts += 1;
        }
    }

    /// Opens it for [`Snapshot::take`]: with SQLite's locks where they make no file, or have to.
    fn open_to_take(
        path: &Path,
        quiet: Quiet,
        method: Option<Method>,
        scratch: &Path,
        patience: Patience,
    ) -> Result<Option<Snapshot>> {
        if !is_there(path)? {
            return Ok(None);
        }
        let there = |ending: &str| sidecar(path, ending).exists();
        // Before it is opened: see there.
        let still = if quiet == Quiet::Proven { Still::settled(path)? } else { None };
        if let Some(still) = still.as_ref().filter(|still| still.has_log_mode() && !there("-journal"))
            && !(there("-wal") && there("-shm"))
        {
            let opened = Snapshot::open_still(path, still, method, patience.lock_wait);
            // Its mistakes are those of whoever looked while others wrote.
            if opened.is_ok() || still.holds()? {
                return opened.map(Some);
            }
        }
        let mut attempts = 1;
        let error = loop {
            match Snapshot::open_by(path, Way::Shared, method, patience.lock_wait) {
                Ok(snapshot) => return snapshot.filled().map(Some),
                Err(error) if awaits_rollback(&error) => {
                    return Snapshot::rolled_back(path, method, scratch).and_then(Snapshot::filled).map(Some);
                }
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && attempts < OPEN_ATTEMPTS => {
                    attempts += 1;
                    std::thread::sleep(OPEN_PAUSE);
                }
                Err(error) => break error,
            }
        };
        // Where nothing can be written, not even the files that the locks are in.
        if let (Some(still), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) = (still, error.sqlite_error_code())
            && still.has_log_mode()
        {
            return Snapshot::open_still(path, &still, method, patience.lock_wait).map(Some);
        }
        Err(unreadable(path, error))
    }

    /// Opens it without locks, with what its files looked like before.
    fn open_still(path: &Path, still: &Still, method: Option<Method>, lock_wait: Duration) -> Result<Snapshot> {
        let way = if has_log(path) { Way::StillWithLog } else { Way::Still };
        let opened = Snapshot::open_by(path, way, method, lock_wait).map_err(|error| unreadable(path, error))?;
        Snapshot { still: Some(still.clone()), ..opened }.filled()
    }

    /// Whether nobody changed the database while it was read without locks; with locks nobody could.
    /// To be asked when the transaction is not needed any more.
    pub fn is_as_it_was(&self) -> Result<bool> {
        self.still.as_ref().map_or(Ok(true), Still::holds)
    }

    /// The database with its last transaction, which died with its writer, taken back: in a copy, since
    /// whoever opens it to write does the same with the database itself.
    fn rolled_back(path: &Path, method: Option<Method>, scratch: &Path) -> Result<Snapshot> {
        let moved = || {
            Error::new(ErrorKind::Locked, format!("{} came into use while it was copied", path.display()))
                .hint("run the backup again in a moment")
        };
        let still = Still::settled(path)?.ok_or_else(moved)?;
        let folder = Scratch::make(scratch)?;
        let copy = folder.path().join(COPY);
        for ending in ["", "-journal"] {
            let (from, to) = (sidecar(path, ending), sidecar(&copy, ending));
            let mut source = disk::open_to_read(&from).map_err(|error| disk::cannot("read", &from, error))?;
            let size_bytes = source.metadata().map_err(|error| disk::cannot("read", &from, error))?.len();
            disk::require_space(&to, size_bytes)?;
            let mut target = disk::create_file(&to)?;
            std::io::copy(&mut source, &mut target).map_err(|error| disk::cannot("copy", &from, error))?;
        }
        if !still.holds()? {
            return Err(moved());
        }
        let open = || -> rusqlite::Result<Snapshot> {
            roll_back(&copy)?;
            Snapshot::begin(reading::connect(&copy, Way::Still)?, path, Way::Still, method)
        };
        let snapshot = open().map_err(|error| unreadable(path, error))?;
        Ok(Snapshot { copied: Some(folder), ..snapshot })
    }

    /// [`Snapshot::open`] with a method of the caller's choice.
    fn open_with(path: &Path, quiet: Quiet, method: Option<Method>, lock_wait: Duration) -> Result<Option<Snapshot>> {
        if !is_there(path)? {
            return Ok(None);
        }
        let way = match quiet {
            Quiet::Unknown => Way::Shared,
            // Whether a journal is one to be rolled back, SQLite finds out with its locks.
            Quiet::Proven | Quiet::Likely if sidecar(path, "-journal").exists() => Way::Shared,
            Quiet::Proven | Quiet::Likely if has_log(path) => Way::StillWithLog,
            Quiet::Proven | Quiet::Likely => Way::Still,
        };
        let opened = Snapshot::open_by(path, way, method, lock_wait).map_err(|error| unreadable(path, error))?;
        opened.filled().map(Some)
    }

    fn open_by(path: &Path, way: Way, method: Option<Method>, lock_wait: Duration) -> rusqlite::Result<Snapshot> {
        let connection = reading::connect(path, way)?;
        connection.busy_timeout(lock_wait)?;
        Snapshot::begin(connection, path, way, method)
    }

    fn filled(self) -> Result<Snapshot> {
        match self.pages {
            0 => Err(Error::new(ErrorKind::Unexpected, format!("{} is empty", self.path.display()))
                .hint("it was never written by a daemon, or was emptied; restore it from an archive")),
            _ => Ok(self),
        }
    }

    fn begin(connection: Connection, path: &Path, way: Way, method: Option<Method>) -> rusqlite::Result<Snapshot> {
        start(&connection)?;
        let begun = Stopwatch::start();
        let available = Method::available(&connection)?;
        Ok(Snapshot {
            method: method.unwrap_or(available),
            pages: page_count(&connection)?,
            page_size_bytes: connection.pragma_query_value(None, "page_size", |row| unsigned(row, 0))?,
            journal_mode: journal_mode(&connection, available)?,
            way,
            second: None,
            begun,
            connection: Some(connection),
            path: path.to_owned(),
            copied: None,
            still: None,
        })
    }

    /// Opens a second transaction of the same state, if the database is large enough and it can be
    /// proven that the two see the same. The state may become a later one by this.
    fn double(&mut self, lock_wait: Duration) -> rusqlite::Result<()> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let alone = self.way != Way::Shared;
        // With a rollback journal nobody commits while the first transaction is open.
        let alone = alone || self.journal_mode != "wal";
        if self.size_bytes() < SECOND_BYTES_MIN {
            return Ok(());
        }
        let path = self.copied.as_ref().map_or_else(|| self.path.clone(), |folder| folder.path().join(COPY));
        let other = reading::connect(&path, self.way)?;
        other.busy_timeout(lock_wait)?;
        if alone {
            // Nobody writes. A writer that waits for its turn keeps others from joining in, though.
            other.busy_timeout(Duration::ZERO)?;
            match Snapshot::begin(other, &self.path, self.way, Some(self.method)) {
                Ok(second) => self.second = Some(Box::new(second)),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
                Err(error) => return Err(error),
            }
            return Ok(());
        }
        for _ in 0..SECOND_ATTEMPTS {
            // What the other sees now is no later than what this one sees next, and that no later
            // than what the other sees after it. If the other sees no change, all three are one.
            let before = data_version(&other)?;
            connection.execute_batch("COMMIT")?;
            start(connection)?;
            start(&other)?;
            if data_version(&other)? == before {
                self.pages = page_count(connection)?;
                self.second = Some(Box::new(Snapshot::begin_within(other, self)));
                return Ok(());
            }
            other.execute_batch("COMMIT")?;
        }
        self.pages = page_count(connection)?;
        Ok(())
    }

    /// A snapshot out of a transaction that is open already and sees the same as another.
    fn begin_within(connection: Connection, same: &Snapshot) -> Snapshot {
        Snapshot {
            connection: Some(connection),
            path: same.path.clone(),
            method: same.method,
            pages: same.pages,
            page_size_bytes: same.page_size_bytes,
            journal_mode: same.journal_mode.clone(),
            way: same.way,
            second: None,
            begun: same.begun,
            copied: None,
            still: None,
        }
    }

    /// Starts gathering the facts in a thread of their own, while this transaction is read out; `None`
    /// if there is no second transaction to do it in.
    pub fn look_beside(&mut self) -> Option<Looking> {
        let second = self.second.take()?;
        let interrupt = second.connection.as_ref()?.get_interrupt_handle();
        let method = self.method_name();
        let look = move || {
            let database = Database { method: method.into(), ..second.database()? };
            Ok((database, second.signal()))
        };
        let thread = std::thread::Builder::new().name("check".into()).spawn(look).ok()?;
        Some(Looking { thread: Some(thread), interrupt })
    }

    fn method_name(&self) -> &'static str {
        match (self.method, &self.copied) {
            (Method::Pages, None) => "pages",
            (Method::Copy, _) | (_, Some(_)) => "copy",
        }
    }

    /// The same content out of a copy, with the database given back; `None` if that takes longer
    /// than `stall_max` from the start of the transaction.
    fn copied_within(mut self, scratch: &Path, stall_max: Duration) -> Result<Option<Snapshot>> {
        let folder = Scratch::make(scratch)?;
        let copy = folder.path().join(COPY);
        let late = |begun: Stopwatch| begun.elapsed() > stall_max;
        let whole = self.copy_to(&copy, || late(self.begun))?;
        self.connection = None;
        if !whole {
            return Ok(None);
        }
        let open = || Snapshot::begin(reading::connect(&copy, Way::Still)?, &self.path, Way::Still, Some(self.method));
        let snapshot = open().map_err(|error| unreadable(&copy, error))?;
        Ok(Some(Snapshot { journal_mode: std::mem::take(&mut self.journal_mode), copied: Some(folder), ..snapshot }))
    }

    /// Writes the database of this transaction into a new file; `false` if `stop` said so meanwhile.
    fn copy_to(&self, copy: &Path, stop: impl Fn() -> bool) -> Result<bool> {
        disk::require_space(copy, self.size_bytes())?;
        match self.method {
            Method::Pages => {
                let mut file = std::io::BufWriter::with_capacity(1 << 20, disk::create_file(copy)?);
                let (mut pages, mut stopped) = (0, false);
                let written = self.stream_pages(&mut |page| {
                    pages += 1;
                    if pages % COPY_STEP_PAGES == 0 && stop() {
                        stopped = true;
                        return Err(Error::new(ErrorKind::Locked, "it takes too long").hint("try again"));
                    }
                    std::io::Write::write_all(&mut file, page).map_err(|error| disk::cannot("write", copy, error))
                });
                match written {
                    Err(_) if stopped => Ok(false),
                    Err(error) => Err(error),
                    Ok(()) => {
                        std::io::Write::flush(&mut file).map_err(|error| disk::cannot("write", copy, error))?;
                        Ok(!stop())
                    }
                }
            }
            Method::Copy => {
                drop(disk::create_file(copy)?);
                let copied = || -> rusqlite::Result<bool> {
                    use rusqlite::backup::{Backup, StepResult};
                    let source = self.connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
                    let mut target = Connection::open(copy)?;
                    let backup = Backup::new(source, &mut target)?;
                    // The transaction is open throughout, so no step starts over. Within the range.
                    while backup.step(COPY_STEP_PAGES as i32)? != StepResult::Done {
                        if stop() {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                };
                copied().map_err(|error| unreadable(&self.path, error))
            }
        }
    }

    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, format!("the snapshot of {} was closed", self.path.display()))
                .hint("report this as a bug of wpp")
        })
    }

    /// Size of the database in this transaction.
    pub fn size_bytes(&self) -> u64 {
        self.pages * self.page_size_bytes
    }

    /// Size of a page in bytes.
    pub fn page_size_bytes(&self) -> u64 {
        self.page_size_bytes
    }

    /// Asks the database something in this transaction.
    pub fn ask<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        look(self.connection()?).map_err(|error| unreadable(&self.path, error))
    }

    /// Everything that a manifest says about a database. A damaged one has facts too: its
    /// `quick_check` says so, and tables that cannot be counted are left out and named there.
    pub fn database(&self) -> Result<Database> {
        let read = || -> rusqlite::Result<Database> {
            let connection = self.connection.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
            let (tables, uncounted) = count_all_rows(connection)?;
            let quick_check = match (quick_check(connection), uncounted) {
                (said, Some(why)) if said == "ok" => why,
                (said, _) => said,
            };
            Ok(Database {
                page_size_bytes: self.page_size_bytes,
                pages: self.pages,
                journal_mode: self.journal_mode.clone(),
                last_migration: last_migration(connection)?,
                schema_sha256: schema_sha256(connection)?,
                tables,
                quick_check,
                method: self.method_name().into(),
                pages_blake3: None,
            })
        };
        read().map_err(|error| unreadable(&self.path, error))
    }

    /// Rows of every ordinary table; one that cannot be read is left out.
    pub fn rows(&self) -> Result<BTreeMap<String, Rows>> {
        count_rows(self.connection()?).map_err(|error| unreadable(&self.path, error))
    }

    /// The identity and the counters, if this is a Signal store.
    pub fn signal(&self) -> Result<Option<Signal>> {
        signal(self.connection()?).map_err(|error| unreadable(&self.path, error))
    }

    /// Hands over the bytes of the database file as of this transaction, [`Snapshot::size_bytes`]
    /// in all. `scratch` is the folder for the temporary copy of a build that cannot stream.
    pub fn stream(&self, scratch: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self.method {
            Method::Pages => self.stream_pages(take),
            Method::Copy => self.stream_copy(scratch, take),
        }
    }

    /// [`Snapshot::stream`] from the transaction itself, page by page.
    pub fn stream_pages(&self, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let sqlite = |error| unreadable(&self.path, error);
        let mut statement =
            self.connection()?.prepare("SELECT pgno, data FROM sqlite_dbpage('main') ORDER BY pgno").map_err(sqlite)?;
        let mut rows = statement.query([]).map_err(sqlite)?;
        let mut expected = 1;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let number = unsigned(row, 0).map_err(sqlite)?;
            let page = row.get_ref(1).and_then(|value| value.as_blob().map_err(Into::into)).map_err(sqlite)?;
            if number != expected || page.len() as u64 != self.page_size_bytes {
                return Err(self.no_page(expected));
            }
            take(page)?;
            expected += 1;
        }
        Ok(())
    }

    /// Hands over some of the pages, in order, as [`Snapshot::stream`] would. Only a build that reads
    /// pages from the transaction itself can: see [`Snapshot::has_pages`].
    pub fn pages_of(&self, run: Run, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let sqlite = |error| unreadable(&self.path, error);
        let mut statement =
            self.connection()?.prepare_cached("SELECT data FROM sqlite_dbpage('main') WHERE pgno = ?1").map_err(sqlite)?;
        for number in run.first..run.first.saturating_add(run.count) {
            // SQLite's page numbers have 32 bits.
            let mut rows = statement.query([number.cast_signed()]).map_err(sqlite)?;
            let row = rows.next().map_err(sqlite)?;
            let page = row.map(|row| row.get_ref(0)?.as_blob().map_err(Into::into)).transpose().map_err(sqlite)?;
            match page.filter(|page| page.len() as u64 == self.page_size_bytes) {
                Some(page) => take(page)?,
                None => return Err(self.no_page(number)),
            }
        }
        Ok(())
    }

    /// Whether single pages can be read.
    pub fn has_pages(&self) -> bool {
        self.method == Method::Pages
    }

    fn no_page(&self, number: u64) -> Error {
        Error::new(ErrorKind::Unexpected, format!("page {number} of {} could not be read", self.path.display()))
            .hint("check the disk; `wpp doctor` looks at the database")
    }

    fn stream_copy(&self, scratch: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let folder = Scratch::make(scratch)?;
        let copy = folder.path().join(COPY);
        self.copy_to(&copy, || false)?;
        let mut file = disk::open_to_read(&copy).map_err(|error| disk::cannot("read", &copy, error))?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            match std::io::Read::read(&mut file, &mut buffer).map_err(|error| disk::cannot("read", &copy, error))? {
                0 => return Ok(()),
                count => take(&buffer[..count])?,
            }
        }
    }
}

/// What [`Snapshot::database`] and [`Snapshot::signal`] say.
pub type Facts = (Database, Result<Option<Signal>>);

/// Facts of a database that a thread gathers. Dropping it stops the thread.
pub struct Looking {
    thread: Option<JoinHandle<Result<Facts>>>,
    interrupt: rusqlite::InterruptHandle,
}

impl Looking {
    /// Waits for them.
    pub fn finish(mut self) -> Result<Facts> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(found)) => found,
            _ => Err(Error::new(ErrorKind::Unexpected, "a database could not be checked: a thread ended early")
                .hint("run the command again; if it happens again, report it as a bug of wpp")),
        }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.interrupt.interrupt();
            let _ = thread.join();
        }
    }
}

/// Whether there is such a file.
fn is_there(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        // SQLite would wait for somebody to write into a pipe.
        Ok(_) => Err(Error::new(ErrorKind::Unexpected, format!("{} is not an ordinary file", path.display()))
            .hint("look at what is there, and move it away")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(disk::cannot("look at", path, error)),
    }
}

/// Whether a log is there that may hold something: an empty one holds nothing.
fn has_log(path: &Path) -> bool {
    std::fs::metadata(sidecar(path, "-wal")).is_ok_and(|metadata| metadata.len() > 0)
}

/// Whether a database cannot be read before somebody who may write has taken back the transaction of a
/// writer that died.
pub fn awaits_rollback(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

/// Takes back what a journal beside the database is there for, as every first read of one who may
/// write does.
fn roll_back(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Begins a transaction and lets it see what there is now.
fn start(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    // The transaction starts with the first read.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

fn page_count(connection: &Connection) -> rusqlite::Result<u64> {
    connection.pragma_query_value(None, "page_count", |row| unsigned(row, 0))
}

/// A number that is another one whenever the connection sees another state than before.
fn data_version(connection: &Connection) -> rusqlite::Result<u64> {
    connection.pragma_query_value(None, "data_version", |row| unsigned(row, 0))
}

/// What the file itself says, where it can be asked: a connection that takes no locks calls every
/// mode `delete`.
fn journal_mode(connection: &Connection, available: Method) -> rusqlite::Result<String> {
    if available == Method::Pages {
        let sql = "SELECT hex(substr(data, 19, 2)) = '0202' FROM sqlite_dbpage('main') WHERE pgno = 1";
        if connection.query_row(sql, [], |row| row.get(0)).optional()? == Some(true) {
            return Ok("wal".into());
        }
    }
    connection.pragma_query_value(None, "journal_mode", |row| row.get(0))
}

/// Opens a database to look at it: nothing is written, nothing in it is run. `still` makes no file
/// beside it either, and is right only when nobody writes and there is no `-wal`.
pub fn open_read_only(path: &Path, still: bool) -> rusqlite::Result<Connection> {
    let connection = reading::connect(path, if still { Way::Still } else { Way::Shared })?;
    connection.busy_timeout(LOOK_WAIT)?;
    Ok(connection)
}

/// `ok`, or the first things that quick_check says are wrong: with the file, with any table or with
/// any index. What a full-text index holds is left to the level `restore`: to compare it with itself
/// takes longer than all the rest, and it can be made again from the messages.
pub fn quick_check(connection: &Connection) -> String {
    let run = || -> rusqlite::Result<String> {
        // Full-text indexes check themselves through a statement of their own, which is the only one
        // that reads a table of that ending here. Denied, it ends the check.
        connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Read { table_name, .. } if table_name.ends_with("_idx") => Authorization::Deny,
            _ => Authorization::Allow,
        }))?;
        let mut statement = connection.prepare("PRAGMA quick_check(3)")?;
        let mut rows = statement.query([])?;
        let mut said = Vec::new();
        loop {
            match rows.next() {
                Ok(Some(row)) => said.push(row.get::<_, String>(0)?),
                Ok(None) => break,
                // They come last: everything else was looked at.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(if said.is_empty() { "ok".into() } else { said.join("; ") })
    };
    let said = run().unwrap_or_else(|error| error.to_string());
    match connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>) {
        Ok(()) => said,
        Err(error) => error.to_string(),
    }
}

/// The newest migration: diesel's version in the client library's store, `user_version` in ours.
pub fn last_migration(connection: &Connection) -> rusqlite::Result<String> {
    if table_exists(connection, "__diesel_schema_migrations")? {
        let version: Option<String> =
            connection.query_row("SELECT max(version) FROM __diesel_schema_migrations", [], |row| row.get(0))?;
        return Ok(version.unwrap_or_default());
    }
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|version| version.to_string())
}

/// SHA-256 over the text of the whole schema, in hex.
pub fn schema_sha256(connection: &Connection) -> rusqlite::Result<String> {
    let mut hasher = Sha256::new();
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name, tbl_name")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..4 {
            hasher.update(row.get_ref(column)?.as_bytes().unwrap_or_default());
            hasher.update([0]);
        }
    }
    Ok(hex::encode(hasher.finalize()))
}

/// Whether there is such a table.
pub fn table_exists(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// Rows of every ordinary table; one that cannot be read is left out.
pub fn count_rows(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Rows>> {
    count_all_rows(connection).map(|(counted, _)| counted)
}

/// The same, with what keeps one that cannot be read from being counted.
fn count_all_rows(connection: &Connection) -> rusqlite::Result<(BTreeMap<String, Rows>, Option<String>)> {
    let mut statement = connection.prepare(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let tables: Vec<(String, bool)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let (mut counted, mut uncounted) = (BTreeMap::new(), None);
    for (name, without_rowid) in tables {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let count = connection.query_row(&format!("SELECT count(*) FROM {quoted}"), [], |row| unsigned(row, 0));
        let highest = if without_rowid {
            Ok(None)
        } else {
            connection.query_row(&format!("SELECT max(rowid) FROM {quoted}"), [], |row| row.get(0))
        };
        match (count, highest) {
            (Ok(count), Ok(highest)) => drop(counted.insert(name, Rows { count, highest })),
            (Err(error), _) | (_, Err(error)) => uncounted = Some(format!("the rows of {name} could not be counted: {error}")),
        }
    }
    Ok((counted, uncounted))
}

/// The identity and the counters of the client library's store; `None` if this is none.
pub fn signal(connection: &Connection) -> rusqlite::Result<Option<Signal>> {
    if !table_exists(connection, "device")? {
        return Ok(None);
    }
    let device = connection
        .query_row(
            "SELECT pn, account IS NOT NULL, registration_id, identity_key, noise_key, next_pre_key_id, login_counter
             FROM device ORDER BY id LIMIT 1",
            [],
            |row| {
                let pn: String = row.get(0)?;
                let mut identity = Sha256::new();
                identity.update(b"wpp identity\0");
                identity.update(row.get::<_, i64>(2)?.to_le_bytes());
                identity.update(row.get::<_, Vec<u8>>(3)?);
                identity.update(row.get::<_, Vec<u8>>(4)?);
                // 4915…:12@s.whatsapp.net: the account is what stands before the device.
                let account = pn.split([':', '@']).next().unwrap_or_default().to_owned();
                let mut hasher = Sha256::new();
                hasher.update(b"wpp account\0");
                hasher.update(account.as_bytes());
                Ok(Signal {
                    paired: !pn.is_empty() && row.get::<_, bool>(1)?,
                    identity_sha256: hex::encode(identity.finalize()),
                    account_sha256: (!account.is_empty()).then(|| hex::encode(hasher.finalize())),
                    logged_out_ms: None,
                    highest_prekey_id: None,
                    next_prekey_id: row.get(5)?,
                    login_counter: row.get(6)?,
                    sessions: 0,
                    sender_keys: 0,
                })
            },
        )
        .optional()?;
    let Some(mut signal) = device else { return Ok(None) };
    signal.highest_prekey_id = connection.query_row("SELECT max(id) FROM prekeys", [], |row| row.get(0))?;
    signal.sessions = connection.query_row("SELECT count(*) FROM sessions", [], |row| unsigned(row, 0))?;
    signal.sender_keys = connection.query_row("SELECT count(*) FROM sender_keys", [], |row| unsigned(row, 0))?;
    Ok(Some(signal))
}

/// SQLite's numbers are signed; what is counted never is.
fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A database error in our words.
pub fn unreadable(path: &Path, error: rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let (kind, hint) = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (ErrorKind::Locked, "another program holds the database; try again, and close tools that have it open")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            (ErrorKind::Unexpected, "it is damaged; `wpp doctor` looks at it and `wpp restore` brings it back from an archive")
        }
        _ => (ErrorKind::Unexpected, "check its owner and mode, and the disk; `wpp doctor` looks at all three"),
    };
    Error::new(kind, format!("cannot read the database {}", path.display())).caused_by(error).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(snapshot: &Snapshot, folder: &Path) -> Vec<u8> {
        let mut all = Vec::new();
        snapshot
            .stream(folder, &mut |page| {
                all.extend_from_slice(page);
                Ok(())
            })
            .unwrap();
        all
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn store(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        connection.execute_batch("CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('one')").unwrap();
        connection
    }

    #[test]
    fn this_build_streams_pages() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(Method::available(&connection).unwrap(), Method::Pages);
    }

    #[test]
    fn the_pages_of_a_closed_database_are_its_file_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b%.db");
        drop(store(&path));
        assert_eq!(names(folder.path()), ["a b%.db"]);
        for method in [Method::Pages, Method::Copy] {
            let snapshot = Snapshot::open_with(&path, Quiet::Proven, Some(method), LOOK_WAIT).unwrap().unwrap();
            let database = snapshot.database().unwrap();
            assert_eq!((database.quick_check.as_str(), database.tables["t"]), ("ok", Rows { count: 1, highest: Some(1) }));
            let read = bytes(&snapshot, folder.path());
            assert_eq!(read.len() as u64, snapshot.size_bytes());
            if method == Method::Pages {
                assert_eq!(read, std::fs::read(&path).unwrap());
            }
            drop(snapshot);
            assert_eq!(names(folder.path()), ["a b%.db"]);
        }
        assert!(Snapshot::open(&folder.path().join("none"), Quiet::Proven).unwrap().is_none());
    }

    #[test]
    fn what_a_killed_writer_committed_to_its_wal_is_in_the_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.db");
        let live = store(&path);
        live.execute_batch("INSERT INTO t VALUES ('two')").unwrap();
        // A copy of the files under an idle writer is what a kill leaves; without -shm it is what
        // a reboot leaves.
        let left = folder.path().join("left");
        std::fs::create_dir(&left).unwrap();
        let path = left.join("live.db");
        for ending in ["", "-wal"] {
            std::fs::copy(sidecar(&folder.path().join("live.db"), ending), sidecar(&path, ending)).unwrap();
        }
        for method in [Method::Pages, Method::Copy] {
            let snapshot = Snapshot::open_with(&path, Quiet::Proven, Some(method), LOOK_WAIT).unwrap().unwrap();
            assert_eq!(snapshot.database().unwrap().tables["t"].count, 2);
            let copy = folder.path().join(COPY);
            std::fs::write(&copy, bytes(&snapshot, folder.path())).unwrap();
            let read = open_read_only(&copy, true).unwrap();
            assert_eq!(count_rows(&read).unwrap()["t"].count, 2);
            drop(snapshot);
            assert_eq!(names(&left), ["live.db", "live.db-wal"]);
        }
    }

    #[test]
    fn a_snapshot_does_not_see_what_is_written_after_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.db");
        let live = store(&path);
        let snapshot = Snapshot::open(&path, Quiet::Unknown).unwrap().unwrap();
        for _ in 0..500 {
            live.execute_batch("INSERT INTO t VALUES (hex(randomblob(500)))").unwrap();
        }
        assert_eq!(snapshot.database().unwrap().tables["t"].count, 1);
        let copy = folder.path().join(COPY);
        std::fs::write(&copy, bytes(&snapshot, folder.path())).unwrap();
        let read = open_read_only(&copy, true).unwrap();
        assert_eq!((quick_check(&read).as_str(), count_rows(&read).unwrap()["t"].count), ("ok", 1));
    }

    #[test]
    fn a_home_behind_a_link_is_read_and_a_database_that_is_a_link_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir(&real).unwrap();
        drop(store(&real.join("x.db")));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(Snapshot::open(&link.join("x.db"), Quiet::Proven).unwrap().is_some());
        std::os::unix::fs::symlink(real.join("x.db"), real.join("y.db")).unwrap();
        assert!(Snapshot::open(&real.join("y.db"), Quiet::Proven).is_err());
    }

    #[test]
    fn a_database_without_a_wal_is_read_and_its_hot_journal_is_not_guessed_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let live = Connection::open(&path).unwrap();
        live.execute_batch("CREATE TABLE t (x TEXT); INSERT INTO t VALUES (hex(randomblob(100000)))").unwrap();
        for quiet in [Quiet::Proven, Quiet::Unknown] {
            let snapshot = Snapshot::open(&path, quiet).unwrap().unwrap();
            assert_eq!(snapshot.database().unwrap().journal_mode, "delete");
            assert_eq!(bytes(&snapshot, folder.path()), std::fs::read(&path).unwrap());
        }
        let wanted: String = live.query_row("SELECT hex(x) FROM t", [], |row| row.get(0)).unwrap();
        // A writer that died in the middle: pages of the file are half new, the old ones are in the
        // journal, and only a program that may write can put them back.
        live.execute_batch("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE t SET x = hex(randomblob(100000)); INSERT INTO t SELECT x FROM t").unwrap();
        let left = folder.path().join("left");
        std::fs::create_dir(&left).unwrap();
        for ending in ["", "-journal"] {
            std::fs::copy(sidecar(&path, ending), sidecar(&left.join("x.db"), ending)).unwrap();
        }
        assert!(Snapshot::open(&left.join("x.db"), Quiet::Proven).is_err());
        // A backup puts them back in a copy.
        let before: Vec<Vec<u8>> = ["x.db", "x.db-journal"].map(|name| std::fs::read(left.join(name)).unwrap()).into();
        let scratch = folder.path().join("scratch");
        for quiet in [Quiet::Proven, Quiet::Unknown] {
            let snapshot = Snapshot::take(&left.join("x.db"), quiet, &scratch, PATIENT).unwrap().unwrap();
            let database = snapshot.database().unwrap();
            assert_eq!((database.quick_check.as_str(), database.method.as_str()), ("ok", "copy"));
            let seen: String =
                snapshot.ask(|connection| connection.query_row("SELECT hex(x) FROM t", [], |row| row.get(0))).unwrap();
            assert_eq!((database.tables["t"].count, seen == wanted), (1, true));
            drop(snapshot);
            assert_eq!(["x.db", "x.db-journal"].map(|name| std::fs::read(left.join(name)).unwrap()).to_vec(), before);
            assert_eq!(names(&left), ["x.db", "x.db-journal"]);
        }
    }

    const PATIENT: Patience = Patience { lock_wait: Duration::from_secs(20), stall_max: Duration::from_secs(20) };

    /// A database with a rollback journal and some megabytes in it, open.
    fn rollback(path: &Path) -> Connection {
        let live = Connection::open(path).unwrap();
        live.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (x BLOB)").unwrap();
        for _ in 0..20 {
            live.execute("INSERT INTO t VALUES (randomblob(500000))", []).unwrap();
        }
        live
    }

    #[test]
    fn a_backup_takes_nobodys_word_that_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rollback.db");
        let _live = rollback(&path);
        let method = |quiet| {
            let patience = Patience { lock_wait: LOOK_WAIT, stall_max: Duration::from_secs(600) };
            Snapshot::take(&path, quiet, folder.path(), patience).unwrap().unwrap().method_name()
        };
        assert_eq!([Quiet::Proven, Quiet::Likely, Quiet::Unknown].map(method), ["pages", "copy", "copy"]);
    }

    #[test]
    fn what_was_read_without_locks_counts_only_if_nobody_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        drop(store(&path));
        let take = || Snapshot::take(&path, Quiet::Proven, folder.path(), PATIENT).unwrap().unwrap();
        let snapshot = take();
        assert_eq!((snapshot.way, snapshot.is_as_it_was().unwrap()), (Way::Still, true));
        // Whoever only looks leaves no more than side files.
        let other = Connection::open(&path).unwrap();
        other.query_row("SELECT count(*) FROM t", [], |_| Ok(())).unwrap();
        assert!(!snapshot.is_as_it_was().unwrap());
        // With side files there are locks, which hold.
        let shared = take();
        assert_eq!(shared.way, Way::Shared);
        other.execute_batch("INSERT INTO t VALUES ('two')").unwrap();
        assert!(shared.is_as_it_was().unwrap());
        assert_eq!((shared.rows().unwrap()["t"].count, take().rows().unwrap()["t"].count), (1, 2));
        drop((shared, other));
        assert_eq!(names(folder.path()), ["x.db"], "whoever came last has cleared away");
        let snapshot = take();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("INSERT INTO t VALUES ('three')").unwrap();
        drop(other);
        assert_eq!((snapshot.way, snapshot.is_as_it_was().unwrap()), (Way::Still, false));
        // With a rollback journal locks leave no file behind.
        Connection::open(&path).unwrap().pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
        assert_eq!(take().way, Way::Shared);
        assert_eq!(names(folder.path()), ["x.db"]);
    }

    #[test]
    fn a_database_with_a_rollback_journal_is_given_back_as_soon_as_it_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let scratch = folder.path().join("scratch");
        let live = rollback(&path);
        for method in [Method::Pages, Method::Copy] {
            let before: u64 = live.query_row("SELECT count(*) FROM t", [], |row| unsigned(row, 0)).unwrap();
            let snapshot = Snapshot::take_with(&path, Quiet::Unknown, Some(method), &scratch, PATIENT).unwrap().unwrap();
            // Nobody waits while the snapshot is worked on.
            live.busy_timeout(Duration::ZERO).unwrap();
            live.execute("INSERT INTO t VALUES (1)", []).unwrap();
            let database = snapshot.database().unwrap();
            assert_eq!((database.tables["t"].count, database.quick_check.as_str()), (before, "ok"));
            assert_eq!((database.journal_mode.as_str(), database.method.as_str()), ("delete", "copy"));
            let copy = folder.path().join(COPY);
            std::fs::write(&copy, bytes(&snapshot, &scratch)).unwrap();
            assert_eq!(count_rows(&open_read_only(&copy, true).unwrap()).unwrap()["t"].count, before);
            drop(snapshot);
            assert_eq!(names(&scratch), [""; 0]);
        }
    }

    #[test]
    fn two_transactions_see_the_same_state_under_a_writer_that_never_rests() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let live = rollback(&path);
        live.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        live.execute_batch("CREATE TABLE n (x INTEGER); INSERT INTO n VALUES (0)").unwrap();
        let stop = AtomicBool::new(false);
        let doubled = std::thread::scope(|scope| {
            scope.spawn(|| {
                let writer = Connection::open(&path).unwrap();
                writer.busy_timeout(Duration::from_secs(20)).unwrap();
                writer.pragma_update(None, "synchronous", "OFF").unwrap();
                while !stop.load(Ordering::Relaxed) {
                    writer.execute_batch("UPDATE n SET x = x + 1; INSERT INTO t VALUES (x'00')").unwrap();
                    std::thread::sleep(Duration::from_micros(200));
                }
            });
            let number =
                |connection: &Connection| connection.query_row("SELECT x FROM n", [], |row| row.get::<_, i64>(0)).unwrap();
            let mut doubled = 0;
            for _ in 0..100 {
                let snapshot = Snapshot::take(&path, Quiet::Unknown, folder.path(), PATIENT).unwrap().unwrap();
                let Some(second) = &snapshot.second else { continue };
                doubled += 1;
                assert_eq!(number(snapshot.connection().unwrap()), number(second.connection().unwrap()));
                assert_eq!(snapshot.pages, page_count(second.connection().unwrap()).unwrap());
                assert_eq!(snapshot.pages, page_count(snapshot.connection().unwrap()).unwrap());
            }
            stop.store(true, Ordering::Relaxed);
            doubled
        });
        assert!(doubled > 10, "{doubled} of 100");
        // What they gather is what one alone gathers, whatever is written meanwhile.
        let mut snapshot = Snapshot::take(&path, Quiet::Unknown, folder.path(), PATIENT).unwrap().unwrap();
        let alone = snapshot.database().unwrap();
        let looking = snapshot.look_beside().unwrap();
        live.execute_batch("DELETE FROM t").unwrap();
        assert_eq!(looking.finish().unwrap().0, alone);
        assert!(snapshot.look_beside().is_none());
        drop(snapshot);
        // A copy and files that nobody changes have two transactions too; one that is not wanted ends.
        live.execute_batch("INSERT INTO t VALUES (zeroblob(9000000))").unwrap();
        live.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
        for quiet in [Quiet::Unknown, Quiet::Proven] {
            let mut snapshot = Snapshot::take(&path, quiet, folder.path(), PATIENT).unwrap().unwrap();
            let looking = snapshot.look_beside().unwrap();
            if quiet == Quiet::Proven {
                drop(looking);
                continue;
            }
            drop(snapshot);
            let (database, _) = looking.finish().unwrap();
            assert_eq!((database.quick_check.as_str(), database.method.as_str()), ("ok", "copy"));
        }
    }

    #[test]
    fn what_would_hold_others_up_for_too_long_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let scratch = folder.path().join("scratch");
        let live = rollback(&path);
        let impatient = Patience { stall_max: Duration::ZERO, ..PATIENT };
        for method in [Method::Pages, Method::Copy] {
            let error = Snapshot::take_with(&path, Quiet::Unknown, Some(method), &scratch, impatient).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Locked);
            assert!(error.hints()[0].contains("backup.stall_ms_max"), "{error:?}");
            live.busy_timeout(Duration::ZERO).unwrap();
            live.execute("INSERT INTO t VALUES (1)", []).unwrap();
            assert_eq!(names(&scratch), [""; 0]);
        }
        // With the session's lock, and with a log, nobody is held up.
        assert!(Snapshot::take(&path, Quiet::Proven, &scratch, impatient).unwrap().is_some());
        live.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        let snapshot = Snapshot::take(&path, Quiet::Unknown, &scratch, impatient).unwrap().unwrap();
        let database = snapshot.database().unwrap();
        assert_eq!((database.journal_mode.as_str(), database.method.as_str()), ("wal", "pages"));
    }

    #[test]
    fn a_lock_that_another_program_holds_is_waited_for_and_then_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let live = rollback(&path);
        live.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let hasty = Patience { lock_wait: Duration::from_millis(50), ..PATIENT };
        let error = Snapshot::take(&path, Quiet::Unknown, folder.path(), hasty).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.hints()[0].contains("another program holds"), "{error:?}");
        live.execute_batch("COMMIT").unwrap();
        assert!(Snapshot::take(&path, Quiet::Unknown, folder.path(), hasty).unwrap().is_some());
    }

    #[test]
    fn quick_check_sees_tables_and_indexes_and_leaves_out_what_full_text_indexes_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let make = |damage: &str| {
            let _ = std::fs::remove_file(&path);
            let connection = Connection::open(&path).unwrap();
            connection
                .execute_batch(
                    "PRAGMA synchronous = OFF; BEGIN;
                     CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL); CREATE INDEX t_idx ON t (x);
                     CREATE VIRTUAL TABLE words USING fts5(x, content='t', content_rowid='id');
                     CREATE VIRTUAL TABLE more USING fts5(x);",
                )
                .unwrap();
            for number in 0..2000 {
                connection.execute("INSERT INTO t (x) VALUES (?1)", [format!("word{number} other")]).unwrap();
            }
            connection
                .execute_batch("INSERT INTO words (rowid, x) SELECT id, x FROM t; INSERT INTO more SELECT x FROM t; COMMIT")
                .unwrap();
            connection.execute_batch(damage).unwrap();
        };
        let said = || {
            let connection = open_read_only(&path, true).unwrap();
            let said = quick_check(&connection);
            // The connection is as it was before.
            connection.query_row("SELECT count(*) FROM words_idx", [], |_| Ok(())).unwrap();
            said
        };
        make("");
        assert_eq!(said(), "ok");
        // SQLite alone would look into the index; a hole in it is not seen here.
        make("DELETE FROM words_data WHERE id > 20");
        let plain: String = Connection::open(&path).unwrap().query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
        assert!(plain.contains("words"), "{plain}");
        assert_eq!(said(), "ok");
        // A row that breaks a rule, and a page that is torn, are.
        make(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)' WHERE name = 't';",
        );
        Connection::open(&path).unwrap().execute_batch("INSERT INTO t (x) VALUES (NULL)").unwrap();
        Connection::open(&path)
            .unwrap()
            .execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT NOT NULL)' WHERE name = 't'")
            .unwrap();
        assert!(said().contains("NULL value in t.x"), "{}", said());
        for table in ["t", "words_data", "t_idx"] {
            make("");
            let root: u64 = Connection::open(&path)
                .unwrap()
                .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| unsigned(row, 0))
                .unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            // An even page size, and a small file.
            let start = (root as usize - 1) * 4096;
            bytes[start + 2000..start + 4096].fill(0x5a);
            bytes[start + 3..start + 5].copy_from_slice(&[0x00, 0x07]);
            std::fs::write(&path, bytes).unwrap();
            assert_ne!(said(), "ok", "{table}");
        }
    }

    #[test]
    fn what_is_no_database_is_an_error_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        for content in
            ["", "not a database, but long enough to have a header of a hundred bytes, which is where SQLite looks first of all"]
        {
            std::fs::write(&path, content).unwrap();
            let error = Snapshot::open(&path, Quiet::Proven).unwrap_err();
            assert!(!error.hints().is_empty(), "{error}");
        }
    }
}
