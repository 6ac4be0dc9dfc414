//! Proving that an archive can be restored: level `restore`.
//!
//! The archive is really restored, into a sandbox home of its own: unpacked, every byte checked,
//! both databases read from end to end, rows counted, the full-text index compared with the
//! messages. Then the daemon is started on it, logs in, and is asked what an operator would ask.
//!
//! **It cannot meet the live service.** The folder is marked as a sandbox before the first byte is
//! unpacked into it, and a sandbox home reaches loopback alone. The server is the simulator of this
//! process, which adopts the device in the store; the pinned server key becomes the
//! simulator's in that copy only. Nothing that waits in the outbox is sent.
//!
//! **It leaves nothing.** The daemon ends with this process, however that ends; the folder is
//! removed, or swept by the next one that needs a folder there. Only who asks for it keeps it.
//!
//! What an archive does not hold cannot be proven: that the live server still knows the device.
//! Start with [`prove`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::archive::manifest::{CONFIG, Manifest, Rows, SESSION_DB, WPP_DB};
use crate::archive::open::{Opened, refused};
use crate::archive::scratch::Scratch;
use crate::archive::snapshot;
use crate::archive::verify::Level;
use crate::config::Config;
use crate::daemon::client::Client;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::interrupt::Interrupts;
use crate::lifecycle::{Ending, Leash, Site, Started, describe};
use crate::report::{Event, Silent, Sink, Step, Steps, Verdict, count};
use crate::sandbox::{SESSION, Sandbox};
use crate::session::messages::{Chat, Message, Messages, SearchMode, full_text_fault};
use crate::session::state::State;
use crate::whatsapp::simulator::Request as Order;

/// Left free beside what is unpacked: the databases' logs, the daemon's own files.
const ROOM_BYTES: u64 = 64 << 20;
/// SQLite's cache for a check that reads everything. What helps more is to map the whole file, which
/// then counts as this process's memory.
const CACHE_KIB: i64 = 16 << 10;
/// Lines of an integrity check that are told.
const PROBLEMS_MAX: u32 = 5;
/// How long the daemon of the sandbox may take to drain and end.
const END_PATIENCE: Duration = Duration::from_secs(15);
/// Newest messages in which a word to search for is looked for.
const SEARCHED_MAX: u32 = 200;

/// The session that shows whether this machine can start a daemon at all.
const CONTROL: &str = "new";

/// Puts the contents of the archive into an empty folder, every byte checked at level `hash`, and
/// ends soon after the flag is set. Fails with [`ErrorKind::Archive`] when it is not what it says.
pub type Unpack<'a> = dyn FnMut(&Path, &Arc<AtomicBool>) -> Result<Opened> + 'a;

/// What to prove, and where.
pub struct Request<'a> {
    /// What errors call the archive.
    pub name: &'a str,
    /// What the archive says that its contents need, in bytes.
    pub content_bytes: u64,
    /// Unpacks it.
    pub unpack: &'a mut Unpack<'a>,
    /// Folders that a sandbox may be made in; the first with room is taken.
    pub folders: &'a [PathBuf],
    /// This program, which also is the daemon.
    pub program: &'a Path,
    /// How long the daemon may take until it is READY.
    pub ready_timeout: Duration,
    /// Whether to leave the sandbox on the disk.
    pub keep: bool,
    /// Takes events.
    pub sink: &'a dyn Sink,
}

/// How it came out.
#[derive(Debug)]
pub struct Proof {
    /// The archive, once all its bytes were read.
    pub opened: Option<Opened>,
    /// One for each check.
    pub steps: Vec<Step>,
    /// What was not as it should be; of several things, the one that takes most from the archive.
    pub failure: Option<Failure>,
    /// Whether the store was linked to a phone; unknown when it was not reached.
    pub paired: Option<bool>,
    /// Where the sandbox was left, when that was asked for.
    pub kept: Option<PathBuf>,
}

/// What an archive lacks.
#[derive(Debug)]
pub struct Failure {
    /// The level whose demands it does not meet.
    pub level: Level,
    /// In which way, in one sentence.
    pub why: String,
    /// The archive's refusal, when it fails at a level below `restore`.
    pub refusal: Option<Error>,
}

/// Why a step did not see what it should.
enum Fault {
    /// The archive is at fault.
    Deviates(String),
    /// The archive is at fault already at this level.
    Refused(Level, Error),
    /// It could not be looked at.
    Unknown(Error),
}

/// Only what was found of the archive itself is held against it: a full disk, a busy host, a process
/// that was killed say nothing of it.
impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error.kind() {
            ErrorKind::Failed => Fault::Deviates(error.chain()),
            _ => Fault::Unknown(error),
        }
    }
}

/// Proves an archive, or says what it lacks.
///
/// An error means that it could not be found out, and says nothing about the archive.
pub fn prove(request: Request<'_>) -> Result<Proof> {
    let interrupts = Interrupts::watch()?;
    let mut course =
        Course { steps: Steps::new(request.sink), failure: None, interrupted: interrupts.flag(), opened: None, paired: None };
    let scratch = place(request.folders, request.content_bytes + ROOM_BYTES)?;
    let ready_ms = u64::try_from(request.ready_timeout.as_millis()).unwrap_or(u64::MAX).clamp(100, 600_000);
    let settings = format!("[daemon]\nstart_timeout_ms = {ready_ms}\ndrain_timeout_ms = 3000\n");
    let sandbox = Sandbox::create(scratch.path(), &settings)?;
    let (name, program) = (request.name, request.program);
    course.run(name, program, request.unpack, &sandbox)?;
    // Its daemon and simulator end here, before the folder goes or gets another name.
    drop(sandbox);
    // Parts of an archive that could not be read are nothing to look at.
    let kept = if request.keep && course.opened.is_some() { Some(scratch.keep()?) } else { None };
    let Course { steps, failure, opened, paired, .. } = course;
    Ok(Proof { opened, steps: steps.done, failure, paired, kept })
}

/// A private folder with room for the contents, in the first place that has it and whose name is
/// short enough for a socket in it.
fn place(folders: &[PathBuf], needed_bytes: u64) -> Result<Scratch> {
    let mut last = Error::new(ErrorKind::Unexpected, "there is no folder to make a sandbox in").hint("set TMPDIR to one");
    for folder in folders {
        let made = || -> Result<Scratch> {
            let scratch = Scratch::make(folder)?;
            disk::require_space(scratch.path(), needed_bytes)?;
            SessionPaths::at(&scratch.path().join("sessions").join(SESSION), SESSION).checked_socket()?;
            Ok(scratch)
        };
        match made() {
            Ok(scratch) => return Ok(scratch),
            Err(error) => last = error,
        }
    }
    Err(last.hint("the sandbox for a proof is made beside the archives or in TMPDIR"))
}

/// The checks, in order, and what they have seen.
struct Course<'a> {
    steps: Steps<'a>,
    failure: Option<Failure>,
    interrupted: Arc<AtomicBool>,
    opened: Option<Opened>,
    paired: Option<bool>,
}

impl Course<'_> {
    /// One check. `None` when the archive does not pass it; an error when that cannot be known.
    fn step<T>(
        &mut self,
        title: &str,
        expected: &str,
        look: impl FnOnce(&Arc<AtomicBool>) -> Result<(T, String), Fault>,
    ) -> Result<Option<T>> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(interrupted());
        }
        let watch = self.steps.begin(title);
        let interruption = Arc::clone(&self.interrupted);
        let (failure, observed, value) = match look(&interruption) {
            Ok((value, observed)) => (None, observed, Some(value)),
            Err(Fault::Unknown(error)) => return Err(error),
            Err(Fault::Deviates(why)) => (Some((Level::Restore, None)), why, None),
            Err(Fault::Refused(level, error)) => {
                let why = error.chain();
                (Some((level, Some(error))), why, None)
            }
        };
        // Of several, the one that takes most from the archive counts.
        if let Some((level, refusal)) = failure
            && self.failure.as_ref().is_none_or(|known| level < known.level)
        {
            self.failure = Some(Failure { level, why: format!("{title}: {observed}"), refusal });
        }
        self.steps.end(watch, title, expected, observed, value.is_some());
        Ok(value)
    }

    /// A check that makes no sense after what was seen.
    fn skip(&mut self, title: &str, expected: &str, why: &str) {
        let (title, expected, observed) = (title.to_owned(), expected.to_owned(), why.to_owned());
        let step = Step { title, verdict: Verdict::Skipped, expected, observed, took_ms: 0 };
        self.steps.sink.emit(Event::StepFinished(step.clone()));
        self.steps.done.push(step);
    }

    fn run(&mut self, name: &str, program: &Path, unpack: &mut Unpack<'_>, sandbox: &Sandbox) -> Result<()> {
        let session = sandbox.session();
        let opened = self.step("unpack it into a sandbox", "every byte is what the manifest states", |stop| {
            disk::create_folder(session.folder())?;
            let opened = unpack(session.folder(), stop).map_err(|error| match error.kind() {
                // Whatever it failed with: what is cut short says nothing of the archive.
                _ if stop.load(Ordering::Relaxed) => Fault::Unknown(interrupted()),
                ErrorKind::Archive => Fault::Refused(Level::Hash, error),
                _ => Fault::Unknown(error),
            })?;
            // The home's settings are no part of a session.
            disk::remove_file(&session.folder().join(CONFIG))?;
            let seen = format!("verified at level hash, {} bytes of contents", opened.manifest.content_bytes());
            Ok((opened, seen))
        })?;
        let Some(opened) = opened else { return Ok(()) };
        let manifest = opened.manifest.clone();
        self.opened = Some(opened);

        let whole = self.step("look at what it holds", "session.db and wpp.db, both sound when they were read", |_| {
            match what_lacks(&manifest) {
                None => Ok(((), "both, and both were sound".to_owned())),
                Some(lack) => Err(Fault::Deviates(lack)),
            }
        })?;
        let mut sound = true;
        for database in [SESSION_DB, WPP_DB].into_iter().filter(|database| manifest.member(database).is_some()) {
            let path = session.folder().join(database);
            sound &= self.integrity(name, &manifest, database, &path)?;
        }
        if whole.is_none() || !sound {
            self.skip("start the daemon on it", "READY", "there is no sound session to start");
            return Ok(());
        }
        self.step("count the rows", "as many in each table as the manifest states", |stop| rows(&manifest, &session, stop))?;
        self.step("compare the full-text index", "the words of every message, and no others", |stop| full_text(&session, stop))?;
        let stored = self.step("open the messages", "wpp.db opens as the daemon opens it", |_| prepare(&session))?;
        let adopted = self.step("prove the device", "its keys belong together, and its account admitted them", |_| {
            let answer = sandbox.simulate(Order::Adopt { session_db: session.session_db() })?;
            let paired = answer["paired"].as_bool().unwrap_or(false);
            if manifest.signal.as_ref().is_some_and(|signal| signal.paired != paired) {
                return Err(Fault::Deviates("the manifest and session.db differ on whether it is linked to a phone".into()));
            }
            let text = match answer["device"].as_u64() {
                Some(device) => format!("the server takes it for device {device} of its account"),
                None => "no phone was linked to it when it was archived".to_owned(),
            };
            Ok((paired, text))
        })?;
        self.paired = adopted;
        self.step("compare with new stores", "every table and column that this version makes", |_| compare(sandbox, &session))?;
        let wanted = if adopted == Some(false) { State::AuthRequired } else { State::Ready };
        let expected = match wanted {
            State::Ready => "READY, logged in to a server on loopback",
            _ => "AUTH_REQUIRED: it waits for a phone to be linked",
        };
        let (Some(stored), Some(_)) = (stored, adopted) else {
            self.skip("start the daemon on it", expected, "it could not come up with what was seen");
            return Ok(());
        };
        let config = Config::load(&sandbox.home().config(), &BTreeMap::new())?;
        let site = Site { home: sandbox.home(), session: &session, config: &config, sink: &Silent, program };
        let leash = self.step("start the daemon on it", expected, |stop| start(site, wanted, stop))?;
        let Some(leash) = leash else { return Ok(()) };
        self.ask(&session, &stored)?;
        self.step("end the daemon", "it drains and ends", |_| match leash.let_go(END_PATIENCE) {
            Ending::Clean => Ok(((), "it drained and ended".to_owned())),
            Ending::Failed(status) => Err(inconclusive(format!("the daemon in the sandbox ended with {status}"))),
            Ending::Killed => {
                Err(inconclusive(format!("the daemon in the sandbox did not end within {} s", END_PATIENCE.as_secs())))
            }
        })?;
        Ok(())
    }

    /// SQLite's own check of one database, and its schema. Says whether it is sound.
    fn integrity(&mut self, name: &str, manifest: &Manifest, database: &str, path: &Path) -> Result<bool> {
        let title = format!("check {database} from end to end");
        let seen = self.step(&title, "integrity_check finds nothing, and the schema is the one of the manifest", |stop| {
            let unreadable = |error: rusqlite::Error| match is_of_the_file(&error) {
                true => {
                    Fault::Refused(Level::Quick, refused(name, format!("{database} cannot be opened by SQLite")).caused_by(error))
                }
                false => machine(format!("{database} cannot be read"), error),
            };
            let connection = snapshot::open_read_only(path, true).map_err(unreadable)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(unreadable)?;
            let said =
                guarded(&connection, stop, integrity_check).map_err(|stopped| stopped.map_or_else(unreadable, Fault::Unknown))?;
            if said != "ok" {
                // The check that every backup is put to may see it too.
                return Err(match snapshot::quick_check(&connection).as_str() {
                    "ok" => Fault::Deviates(said),
                    quick => {
                        Fault::Refused(Level::Quick, refused(name, format!("SQLite's quick_check of {database} says: {quick}")))
                    }
                });
            }
            let facts = || Ok((snapshot::schema_sha256(&connection)?, snapshot::last_migration(&connection)?));
            let (schema, migration): (String, String) = facts().map_err(unreadable)?;
            let stated = manifest.member(database).and_then(|member| member.database.as_ref());
            if stated.is_some_and(|stated| stated.schema_sha256 != schema || stated.last_migration != migration) {
                let error = refused(name, format!("{database} does not have the schema that the manifest states"));
                return Err(Fault::Refused(Level::Quick, error));
            }
            Ok(((), format!("ok, migration {migration}")))
        })?;
        Ok(seen.is_some())
    }

    /// What an operator would ask first, answered by the daemon from its stores.
    fn ask(&mut self, session: &SessionPaths, stored: &Stored) -> Result<()> {
        let failed = |error| unasked(error, "the daemon in the sandbox cannot be asked");
        let client = || Client::connect(session).map_err(failed);
        self.step("list the chats", "every chat that is stored", |_| {
            let answer = client()?.chats().map_err(failed)?.chats;
            match answer == stored.chats {
                true => Ok(((), count(answer.len(), "chat", "chats"))),
                false => Err(Fault::Deviates(format!(
                    "{}, and {} stored",
                    count(answer.len(), "chat", "chats"),
                    count(stored.chats.len(), "is", "are")
                ))),
            }
        })?;
        self.step("show the newest message", "the one that was stored last", |_| {
            let answer = client()?.messages(None, None, 1).map_err(failed)?.messages;
            match (answer.first(), stored.newest.first()) {
                (None, None) => Ok(((), "none is stored".to_owned())),
                (Some(shown), Some(kept)) if shown == kept => {
                    Ok(((), format!("it is of {}", crate::clock::rfc3339(crate::clock::from_ms(shown.sent_ms)))))
                }
                _ => Err(Fault::Deviates("another one, or none".into())),
            }
        })?;
        self.step("search for a word", "the newest message that holds it is found by the index", |_| {
            let Some((word, wanted)) = stored.newest.iter().find_map(|message| Some((word_of(&message.text)?, message))) else {
                return Ok(((), "no stored message holds a word".to_owned()));
            };
            let answer = client()?.search(word, SEARCHED_MAX).map_err(failed)?;
            match (answer.mode, answer.messages.contains(wanted)) {
                // Never the word itself: reports are passed around.
                (SearchMode::Fts, true) => Ok(((), format!("found, among {}", answer.messages.len()))),
                (SearchMode::Fts, false) => Err(Fault::Deviates(format!("not among the {} found", answer.messages.len()))),
                (mode, _) => {
                    let why = answer.problem.map(|why| format!(": {why}")).unwrap_or_default();
                    Err(Fault::Deviates(format!("the search was made in the mode {mode}{why}")))
                }
            }
        })?;
        Ok(())
    }
}

/// Starts the daemon on what came out of the archive, and waits for the state that it should reach.
///
/// One that says another state, or ends, may have met a machine on which no daemon can start. So a
/// new session is started beside it in the same way: if that comes up, it is the archive.
fn start(site: Site<'_>, wanted: State, stop: &AtomicBool) -> Result<(Leash, String), Fault> {
    let seen = match site.start_leashed(stop) {
        Ok((started, leash)) => {
            let seen = format!("{} after {} ms", describe(&started.status), started.took_ms);
            match started.status.state {
                state if state == wanted => return Ok((leash, seen)),
                // Under way when the time was over: it may only have been too slow.
                State::Booting | State::Connecting | State::Syncing => {
                    return Err(inconclusive(format!("the daemon on the restored copy was still {seen}")));
                }
                _ => seen,
            }
        }
        Err(error) => match error.kind() {
            ErrorKind::Interrupted => return Err(Fault::Unknown(error)),
            ErrorKind::Unreachable => return Err(unasked(error, "the daemon on the restored copy did not come up in time")),
            ErrorKind::Locked | ErrorKind::Denied => {
                return Err(unasked(error, "the daemon on the restored copy could not be started"));
            }
            _ => error.chain(),
        },
    };
    let control = site.home.session(CONTROL);
    match (Site { session: &control, ..site }).start_leashed(stop) {
        Ok((Started { status, .. }, leash)) if status.state == State::AuthRequired => {
            // The next one must not meet it, nor must the end of the sandbox.
            leash.let_go(END_PATIENCE);
            Err(Fault::Deviates(seen))
        }
        Ok((Started { status, .. }, _)) => {
            Err(inconclusive(format!("{seen}; but a new session does not come up here either: {}", describe(&status))))
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(Fault::Unknown(error)),
        Err(error) => Err(inconclusive(format!("{seen}; but a new session does not come up here either: {}", error.chain()))),
    }
}

/// What is no finding, in whatever words.
fn inconclusive(why: String) -> Fault {
    Fault::Unknown(Error::new(ErrorKind::Unknown, format!("{why}; the archive was neither proven nor found bad")).hint(
        "look at load, memory and disk of this machine, then run it again; daemon.start_timeout_ms gives a daemon more time",
    ))
}

/// What a daemon of the sandbox did not answer. Hints for the operator's own daemons do not fit it.
fn unasked(error: Error, what: &str) -> Fault {
    match error.kind() {
        ErrorKind::Failed => Fault::Deviates(error.chain()),
        ErrorKind::Interrupted => Fault::Unknown(error),
        _ => inconclusive(format!("{what}: {}", error.chain())),
    }
}

/// Whether SQLite speaks of the file's contents. What is full, busy, unreadable or out of memory is
/// the machine.
fn is_of_the_file(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            // `Unknown` is what SQLite calls a general error: a table that is not there, SQL in the schema that is none.
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
        ),
        // A column that is missing, a value of another type.
        _ => true,
    }
}

/// The machine's trouble with a database.
fn machine(what: String, error: rusqlite::Error) -> Fault {
    Fault::Unknown(
        Error::new(ErrorKind::Unknown, format!("{what}; the archive was neither proven nor found bad"))
            .caused_by(error)
            .hint("look at free space, memory and the disk of this machine, then run it again"),
    )
}

/// An error of a database that came out of the archive.
fn of_sqlite(what: String, error: rusqlite::Error) -> Fault {
    if is_of_the_file(&error) { Fault::Deviates(format!("{what}: {error}")) } else { machine(what, error) }
}

/// An error of the messages that came out of the archive.
fn of_messages(error: Error) -> Fault {
    use std::error::Error as _;
    let blamed = match error.source() {
        // What they say themselves: of another program, of a newer version.
        None => matches!(error.kind(), ErrorKind::Unexpected | ErrorKind::Usage | ErrorKind::Failed),
        Some(cause) => cause.downcast_ref::<rusqlite::Error>().is_some_and(is_of_the_file),
    };
    if blamed { Fault::Deviates(error.chain()) } else { Fault::Unknown(error) }
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted; the archive was neither proven nor found bad").hint("run it again")
}

/// Why nothing whole can come out of an archive, if that is so.
fn what_lacks(manifest: &Manifest) -> Option<String> {
    let missing = [SESSION_DB, WPP_DB].into_iter().filter(|name| manifest.member(name).is_none()).map(|name| {
        let reason = manifest.missing.iter().find(|missing| missing.name == name).map_or("", |missing| missing.reason.as_str());
        format!("{name} is not in it ({reason})")
    });
    let damaged = manifest.damaged().map(|(member, said)| format!("{} was damaged when it was read ({said})", member.name));
    let lacks: Vec<String> = missing.chain(damaged).collect();
    if lacks.is_empty() { None } else { Some(lacks.join("; ")) }
}

fn integrity_check(connection: &Connection) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(lines.join("; "))
}

/// Runs what may take long so that an interrupt ends it; then the error is `Ok` of that.
fn guarded<T>(
    connection: &Connection,
    stop: &AtomicBool,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> std::result::Result<T, std::result::Result<Error, rusqlite::Error>> {
    let handle = connection.get_interrupt_handle();
    let done = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                if stop.load(Ordering::Relaxed) {
                    handle.interrupt();
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        let result = work(connection);
        done.store(true, Ordering::Release);
        watcher.thread().unpark();
        result
    });
    result.map_err(|error| if stop.load(Ordering::Relaxed) { Ok(interrupted()) } else { Err(error) })
}

fn rows(manifest: &Manifest, session: &SessionPaths, stop: &AtomicBool) -> Result<((), String), Fault> {
    let mut differ = Vec::new();
    let (mut tables, mut total) = (0, 0);
    for (name, path) in [(SESSION_DB, session.session_db()), (WPP_DB, session.wpp_db())] {
        let stated = manifest.member(name).and_then(|member| member.database.as_ref());
        let cannot = |error| of_sqlite(format!("{name} cannot be counted"), error);
        let connection = snapshot::open_read_only(&path, true).map_err(cannot)?;
        let look = |connection: &Connection| Ok((snapshot::count_rows(connection)?, snapshot::signal(connection)?));
        let (found, signal) = guarded(&connection, stop, look).map_err(|stopped| stopped.map_or_else(cannot, Fault::Unknown))?;
        if name == SESSION_DB && signal != manifest.signal {
            differ.push("the counters of the Signal store are not the manifest's".to_owned());
        }
        let Some(stated) = stated else { continue };
        let names: BTreeSet<&String> = stated.tables.keys().chain(found.keys()).collect();
        for table in names {
            let count =
                |tables: &BTreeMap<String, Rows>| tables.get(table).map_or("none".to_owned(), |rows| rows.count.to_string());
            if stated.tables.get(table) != found.get(table) {
                let (stated, found) = (count(&stated.tables), count(&found));
                differ.push(match stated == found {
                    false => format!("{table} in {name} holds {found} rows and the manifest states {stated}"),
                    true => format!("the newest row of {table} in {name} is not the one of the manifest"),
                });
            }
        }
        tables += found.len();
        total += found.values().map(|rows| rows.count).sum::<u64>();
    }
    match differ.is_empty() {
        true => Ok(((), format!("{total} rows in {tables} tables"))),
        false => Err(Fault::Deviates(differ.join("; "))),
    }
}

fn full_text(session: &SessionPaths, stop: &AtomicBool) -> Result<((), String), Fault> {
    let cannot = |error| of_sqlite("the full-text index cannot be read".into(), error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(session.wpp_db(), flags).map_err(cannot)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(cannot)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(cannot)?;
    match guarded(&connection, stop, full_text_fault) {
        Ok(None) => Ok(((), "in step, word for word".to_owned())),
        Ok(Some(fault)) => Err(Fault::Deviates(fault)),
        Err(Ok(interrupted)) => Err(Fault::Unknown(interrupted)),
        Err(Err(error)) => Err(cannot(error)),
    }
}

/// Whether both stores have all that new ones have. They are of this version by now, so what they
/// lack was lost, and is missed only when something needs it.
fn compare(sandbox: &Sandbox, session: &SessionPaths) -> Result<((), String), Fault> {
    let fresh = sandbox.home().session(CONTROL);
    disk::create_folder(fresh.folder())?;
    sandbox.new_store(&fresh.session_db())?;
    drop(Messages::open(&fresh.wpp_db())?);
    let (mut lacks, mut total) = (Vec::new(), 0);
    for (name, path, model) in
        [(SESSION_DB, session.session_db(), fresh.session_db()), (WPP_DB, session.wpp_db(), fresh.wpp_db())]
    {
        let read = |path: &Path| snapshot::open_read_only(path, false).and_then(|connection| parts(&connection));
        let wanted = read(&model).map_err(|error| snapshot::unreadable(&model, error))?;
        let found = read(&path).map_err(|error| of_sqlite(format!("{name} cannot be read"), error))?;
        total += wanted.len();
        lacks.extend(wanted.difference(&found).map(|part| format!("{name} lacks {part}")));
    }
    disk::remove_folder(fresh.folder())?;
    lacks.truncate(PROBLEMS_MAX as usize);
    match lacks.is_empty() {
        true => Ok(((), format!("all {total}"))),
        false => Err(Fault::Deviates(lacks.join("; "))),
    }
}

/// Tables with their columns, and indexes and triggers, by name.
fn parts(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare(
            "SELECT type || ' ' || name FROM sqlite_schema
             UNION SELECT 'column ' || made.name || '.' || part.name FROM sqlite_schema made, pragma_table_info(made.name) part
             WHERE made.type = 'table'",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// What the daemon is to answer.
struct Stored {
    chats: Vec<Chat>,
    newest: Vec<Message>,
}

/// Opens wpp.db as the daemon does, which also brings it to this version. In this copy nothing
/// leaves the outbox, and a connection that the operator had given up is taken up.
fn prepare(session: &SessionPaths) -> Result<(Stored, String), Fault> {
    let open = || -> Result<(Stored, String)> {
        let messages = Messages::open(&session.wpp_db())?;
        messages.set_outbound_paused(true)?;
        messages.set_sync_enabled(true)?;
        let counts = messages.counts()?;
        let mut text = format!("{} in {}", count(counts.messages, "message", "messages"), count(counts.chats, "chat", "chats"));
        if messages.logged_out()?.is_some() {
            text.push_str("; the phone had logged the session out before, so after a real restore it must be linked anew");
        }
        Ok((Stored { chats: messages.chats()?, newest: messages.list(None, None, SEARCHED_MAX)? }, text))
    };
    open().map_err(of_messages)
}

/// The longest word of a text.
fn word_of(text: &str) -> Option<&str> {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.max_by_key(|word| word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_to_search_for_is_the_longest_and_texts_without_one_are_passed_over() {
        assert_eq!(word_of("see you at 9, Übermorgen!"), Some("Übermorgen"));
        assert_eq!(word_of("🙂 …"), None);
        assert_eq!(word_of(""), None);
    }

    #[test]
    fn only_what_sqlite_says_of_the_file_is_held_against_the_archive() {
        use rusqlite::ffi;
        let failure = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let stored = |code| Error::new(ErrorKind::Unexpected, "wpp.db cannot be used").caused_by(failure(code));
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_INTERRUPT,
        ] {
            assert!(matches!(of_sqlite("x".into(), failure(code)), Fault::Unknown(_)), "{code}");
            assert!(matches!(of_messages(stored(code)), Fault::Unknown(_)), "{code}");
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_ERROR] {
            assert!(matches!(of_sqlite("x".into(), failure(code)), Fault::Deviates(_)), "{code}");
            assert!(matches!(of_messages(stored(code)), Fault::Deviates(_)), "{code}");
        }
        let newer = Error::new(ErrorKind::Usage, "wpp.db was written by a newer wpp");
        assert!(matches!(of_messages(newer), Fault::Deviates(_)));
        let disk = Error::new(ErrorKind::Unexpected, "x").caused_by(std::io::Error::other("no space"));
        assert!(matches!(of_messages(disk), Fault::Unknown(_)));
    }

    #[test]
    fn a_sandbox_is_made_where_there_is_room_and_the_socket_fits() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(90));
        let short = folder.path().join("s");
        let scratch = place(&[long.clone(), short.clone()], 1).unwrap();
        assert!(scratch.path().starts_with(&short));
        let error = place(std::slice::from_ref(&short), u64::MAX / 2).unwrap_err();
        assert!(error.message().contains("free") && !error.hints().is_empty(), "{error}");
        drop(scratch);
        for folder in [long, short] {
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
        }
    }
}
