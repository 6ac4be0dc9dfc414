//! The rehearsal of a restore: a dump, a server that exists for it alone, and questions to what came back.
//!
//! Each stage is a step that says what was to be seen and what was. When one deviates, the server stays
//! with what it holds, and the report says how to look at it. Start with [`rehearse`].

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::client::{Bounds, Reader};
use super::kind::{Dump, Kind};
use super::postgres::{DATABASE, Server, Standing, Wishes};
use super::smoke::Smoke;
use crate::archive::destination::{Destination, Object};
use crate::archive::scratch::Scratch;
use crate::archive::shelf;
use crate::clock::{self, Stopwatch};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Meter, Sink, Step, Steps, count, size};

/// Of each answer, so many rows go into the report.
const ROWS_MAX: usize = 100;

/// What is to be rehearsed.
pub struct Request<'a> {
    /// The dump: a file, or a folder of `pg_dump --format=directory`.
    pub dump: &'a Path,
    /// What the restored database must answer.
    pub smoke: Option<&'a Smoke>,
    /// The server.
    pub wishes: &'a Wishes,
    /// What becomes of the server.
    pub afterwards: Afterwards,
    /// The longest that loading may take.
    pub patience: Duration,
    /// Set when the operator gives up.
    pub stop: &'a AtomicBool,
}

/// What becomes of the server in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// It goes when all is well, and stays when something deviates.
    KeepIfBad,
    /// It stays.
    Keep,
    /// It goes.
    Remove,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The question's name.
    pub name: String,
    /// What was asked.
    pub sql: String,
    /// What the answer had to be.
    pub expected: String,
    /// What it was.
    pub observed: String,
    /// Whether that is as it had to be.
    pub passed: bool,
    /// The first rows of it.
    pub rows: Vec<Vec<String>>,
    /// How many rows there were.
    pub row_count: u64,
    /// How long it took.
    pub took_ms: u64,
}

/// How a rehearsal went.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// The dump, if it is one.
    pub dump: Option<Dump>,
    /// What the server calls its version.
    pub server_version: Option<String>,
    /// Rows by table, as they came back.
    pub tables: BTreeMap<String, u64>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The server, if it was kept.
    pub standing: Option<Standing>,
    /// Whether the operator ended it.
    pub aborted: bool,
}

impl Rehearsed {
    /// One that came no further than these steps.
    pub fn of(steps: Steps<'_>) -> Rehearsed {
        Rehearsed { steps: steps.done, ..Rehearsed::default() }
    }

    /// Whether every step was as expected.
    pub fn passed(&self) -> bool {
        !self.aborted && !self.steps.is_empty() && self.steps.iter().all(|step| step.verdict == crate::report::Verdict::Pass)
    }
}

/// A deviation that is in the steps already.
struct Deviates;

/// What a stage saw, or that it deviates.
type Stage<T> = std::result::Result<T, Deviates>;

/// Loads a dump into a server of its own and asks it what it holds.
///
/// # Errors
/// Only when it could not be tried: there is no PostgreSQL here ([`ErrorKind::Unknown`]), no such file.
/// A bad dump is no error, but a step that deviates.
pub fn rehearse(request: &Request<'_>, steps: Steps<'_>) -> Result<Rehearsed> {
    let (out, databases) = (Rehearsed::default(), Vec::new());
    let mut run = Run { request, steps, out, server: None, placed: String::new(), databases, reader: None };
    // How it went is in the steps; what could not be tried is an error, and drops the server.
    let went = run.all()?;
    run.out.aborted = request.stop.load(Ordering::Relaxed);
    let good = went.is_ok() && !run.out.aborted;
    let keep = match request.afterwards {
        Afterwards::Keep => !run.out.aborted,
        Afterwards::KeepIfBad => !good && !run.out.aborted,
        Afterwards::Remove => false,
    };
    if let Some(server) = run.server.take() {
        if keep {
            run.out.standing = Some(server.keep()?);
        } else {
            let _ = run.step("remove the server", "nothing of it is left", |_| {
                server.remove().map(|()| ("removed with all it held".to_owned(), true))
            })?;
        }
    }
    run.out.steps = run.steps.done;
    Ok(run.out)
}

struct Run<'a> {
    request: &'a Request<'a>,
    steps: Steps<'a>,
    out: Rehearsed,
    server: Option<Server>,
    /// Where the server's programs find a dump that is a folder.
    placed: String,
    /// Databases with at least one table.
    databases: Vec<String>,
    /// Who asks the questions.
    reader: Option<Reader>,
}

impl Run<'_> {
    /// One step. `act` says what it saw and whether that is as expected; an error is what was seen, unless
    /// it says that nothing could be checked.
    fn step<T>(&mut self, title: &str, expected: &str, act: impl FnOnce(&mut Self) -> Result<(T, bool)>) -> Result<Stage<T>>
    where
        T: std::fmt::Display,
    {
        let watch = self.steps.begin(title);
        match act(self) {
            Ok((seen, good)) => {
                self.steps.end(watch, title, expected, seen.to_string(), good);
                Ok(if good { Ok(seen) } else { Err(Deviates) })
            }
            Err(error) if matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Usage) => Err(error),
            Err(error) => {
                let seen = error.notes().iter().fold(error.chain(), |seen, note| format!("{seen}; {note}"));
                self.steps.end(watch, title, expected, seen, false);
                Ok(Err(Deviates))
            }
        }
    }

    fn all(&mut self) -> Result<Stage<()>> {
        for stage in [Self::look, Self::serve, Self::load, Self::count] {
            if stage(self)?.is_err() || self.request.stop.load(Ordering::Relaxed) {
                return Ok(Err(Deviates));
            }
        }
        self.ask_all()
    }

    fn look(&mut self) -> Result<Stage<String>> {
        self.step("look at the dump", "a dump of PostgreSQL with its beginning and its end", |run| {
            let dump = Dump::examine(run.request.dump)?;
            let seen = format!("{}, SHA-256 {}", dump.describe(), dump.sha256);
            run.out.dump = Some(dump);
            Ok((seen, true))
        })
    }

    fn serve(&mut self) -> Result<Stage<String>> {
        self.step("make a disposable server", "a server of its own that answers", |run| {
            let stop = run.request.stop;
            let server = Server::start(run.request.wishes, stop)?;
            let answer = server.client().ask("postgres", "show server_version", false, stop)?;
            let version = answer.into_iter().flatten().next().unwrap_or_default();
            server.client().create_database(DATABASE, stop)?;
            let seen = format!("PostgreSQL {version}, {}", super::postgres::name_of(server.engine()));
            run.out.server_version = Some(version);
            run.server = Some(server);
            Ok((seen, true))
        })
    }

    fn load(&mut self) -> Result<Stage<String>> {
        let program = match self.out.dump.as_ref().map(|dump| dump.kind) {
            Some(Kind::Plain) => "psql",
            _ => "pg_restore",
        };
        self.step("load the dump", &format!("{program} loads all of it without an error"), |run| {
            let (server, dump, stop) = (made(&run.server)?, made(&run.out.dump)?, run.request.stop);
            if dump.kind == Kind::Directory {
                run.placed = server.place(&dump.path, stop)?;
            }
            server.client().create_roles(dump, stop)?;
            let bounds = Bounds { patience: run.request.patience, stop };
            server.client().load(DATABASE, dump, &run.placed, &server.scratch()?, false, bounds)?;
            Ok((format!("{program} loaded it without an error"), true))
        })
    }

    /// Where the questions go, when nothing says otherwise.
    fn database(&self) -> &str {
        self.request.smoke.and_then(|smoke| smoke.database.as_deref()).unwrap_or(DATABASE)
    }

    /// Where the questions go, once it is known what came back.
    fn asked(&self) -> Result<&str> {
        let named = self.request.smoke.is_some_and(|smoke| smoke.database.is_some());
        match self.databases.as_slice() {
            [only] if !named => Ok(only),
            [_, _, ..] if !named => Err(Error::new(
                ErrorKind::Failed,
                format!(
                    "the dump makes several databases with tables in them ({}): the smoke SQL has to name one of them as its database",
                    self.databases.join(", ")
                ),
            )
            .hint("write database = \"NAME\" above the first [[query]]")),
            _ => Ok(self.database()),
        }
    }

    fn count(&mut self) -> Result<Stage<String>> {
        let expected = match &self.out.dump {
            Some(dump) if dump.kind == Kind::Plain => {
                format!("{}, and at least one row", count(dump.plain.tables.max(1), "table", "tables"))
            }
            _ => "every table that the dump lists, and at least one row".to_owned(),
        };
        self.step("count what came back", &expected, |run| {
            let (server, dump, stop) = (made(&run.server)?, made(&run.out.dump)?, run.request.stop);
            let listed = match dump.kind {
                Kind::Plain => dump.plain.tables,
                _ => server.client().listed(dump, &run.placed, &server.scratch()?, stop)?,
            };
            // A dump that leads to databases by itself puts its tables there.
            let leads = !dump.plain.databases.is_empty();
            let asked = if leads { server.client().databases(stop)? } else { vec![run.database().to_owned()] };
            let (mut tables, mut databases) = (BTreeMap::new(), Vec::new());
            for database in asked {
                let there = server.client().tables(&database, stop)?;
                let named = |table| if leads { format!("{database}/{table}") } else { table };
                let any = !there.is_empty();
                tables.extend(there.into_iter().map(|(table, rows)| (named(table), rows)));
                databases.extend(any.then_some(database));
            }
            let rows: u64 = tables.values().sum();
            let found = tables.len() as u64;
            let seen = format!("{} of {listed}, {}", count(found, "table", "tables"), count(rows, "row", "rows"));
            run.out.tables = tables;
            run.databases = databases;
            Ok((seen, found >= listed.max(1) && rows > 0))
        })
    }

    /// Every question is asked, whatever came of the one before.
    fn ask_all(&mut self) -> Result<Stage<()>> {
        let mut went = Ok(());
        let Some(smoke) = self.request.smoke else { return Ok(went) };
        for query in &smoke.queries {
            if self.request.stop.load(Ordering::Relaxed) {
                return Ok(Err(Deviates));
            }
            let expected = query.expected();
            let mut answer = Answer {
                name: query.name.clone(),
                sql: query.sql.clone(),
                expected: expected.clone(),
                observed: String::new(),
                passed: false,
                rows: Vec::new(),
                row_count: 0,
                took_ms: 0,
            };
            let watch = Stopwatch::start();
            let asked = self.step(&format!("ask: {}", query.name), &expected, |run| {
                let (client, stop) = (made(&run.server)?.client(), run.request.stop);
                let database = run.asked()?;
                let reader = match &run.reader {
                    Some(reader) => reader.clone(),
                    None => client.create_reader(&[database], stop)?,
                };
                let rows = client.ask_as(&reader, database, &query.sql, stop)?;
                run.reader = Some(reader);
                let (passed, observed) = query.judge(&rows);
                answer.row_count = rows.len() as u64;
                answer.rows = rows.into_iter().take(ROWS_MAX).collect();
                Ok((observed, passed))
            })?;
            answer.took_ms = watch.elapsed_ms();
            answer.passed = asked.is_ok();
            answer.observed = self.steps.done.last().map(|step| step.observed.clone()).unwrap_or_default();
            self.out.answers.push(answer);
            if asked.is_err() {
                went = Err(Deviates);
            }
        }
        Ok(went)
    }
}

fn made<T>(part: &Option<T>) -> Result<&T> {
    // Stages run in order, and none after one that failed.
    part.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::Unexpected, "a stage of the rehearsal ran before the one that it needs")
            .hint("report this as a bug of wpp")
    })
}

/// The dump that was made last at a destination: archives of wpp are none, nor is what is hidden.
///
/// # Errors
/// [`ErrorKind::Usage`] when there is none.
pub fn newest(destination: &Destination) -> Result<Object> {
    let is_dump = |object: &Object| !shelf::is_archive(&object.name) && !shelf::is_set(&object.name);
    let objects = destination.list()?.into_iter().filter(is_dump);
    objects.max_by_key(|object| (object.stamp.modified_s, object.stamp.modified_ns, object.name.clone())).ok_or_else(|| {
        Error::new(ErrorKind::Failed, format!("there is no dump at {destination}"))
            .hint("check the address, and the job that should write dumps there")
    })
}

/// A dump of a destination as a file of this machine. What is downloaded goes with the value.
#[derive(Debug)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    scratch: Option<Scratch>,
}

impl Fetched {
    /// A file that is here already.
    pub fn here(path: PathBuf) -> Fetched {
        Fetched { path, scratch: None }
    }

    /// Brings it here, if it is not here already.
    pub fn fetch(destination: &Destination, object: &Object, scratch: &Path, sink: &dyn Sink) -> Result<Fetched> {
        if let Some(folder) = destination.folder() {
            return Ok(Fetched::here(folder.join(&object.name)));
        }
        let folder = Scratch::make(scratch)?;
        disk::require_space(folder.path(), object.size_bytes)?;
        let path = folder.path().join(&object.name);
        let mut target = disk::create_file(&path)?;
        let mut source = destination.open_listed(object)?;
        let mut meter = Meter::new(sink, format!("downloading {}", object.name), object.size_bytes);
        let mut buffer = vec![0; 256 << 10];
        let unreadable = |error| disk::cannot("download", Path::new(&object.name), error);
        let mut done = 0;
        loop {
            let count = std::io::Read::read(&mut source, &mut buffer).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            target.write_all(&buffer[..count]).map_err(|error| disk::cannot("write", &path, error))?;
            done += count as u64;
            meter.add(count as u64);
        }
        if done != object.size_bytes {
            return Err(Error::new(
                ErrorKind::Failed,
                format!("{} is {} and {} of it came", object.name, size(object.size_bytes), size(done)),
            )
            .hint("run it again; the store answered with a part of it"));
        }
        Ok(Fetched { path, scratch: Some(folder) })
    }

    /// Leaves what was downloaded on the disk, for somebody to look at; `None` if nothing was.
    pub fn keep(self) -> Result<Option<PathBuf>> {
        let name = self.path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
        self.scratch.map(|scratch| scratch.keep().map(|folder| folder.join(name))).transpose()
    }
}

/// How old an object is, for people.
pub fn age(object: &Object) -> String {
    let made = clock::from_ms(object.stamp.modified_s.saturating_mul(1000));
    format!("{} old", clock::human(clock::since(made, clock::now())))
}
