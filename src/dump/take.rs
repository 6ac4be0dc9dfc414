//! Taking the parts of a gateway's state, each into files of a private folder, while the gateway runs.
//!
//! A server is asked through its own programs, an SQLite file is read in one read transaction, a folder is
//! read until it stood still for one reading. What is missing, empty, or not what it should be is a
//! [`Lacking`] with its reason, never left out in silence. Start with [`take`].

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::{Postgres, decoded, is_of_this_machine, redis_socket};
use super::client::{Client, identifier};
use super::kind::Dump;
use super::layout::{Part, PartKind, Plan, Planned, Role};
use super::tools::{SAID_BYTES_MAX, Tools, said};
use crate::archive::snapshot::{Patience, Quiet, Snapshot, quick_check};
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::sidecar;
use crate::process::{Input, Run, on_path};
use crate::report::{Steps, count, size};

/// One member of a set, and the file that it was taken into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the set: the part's name, then the path within that.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// One part that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: PartKind,
    /// What it is for.
    pub role: Role,
    /// Where it came from; no password is in it.
    pub source: String,
    /// Whether it holds secrets that are read with no further key.
    pub secret: bool,
    /// Its files.
    pub members: Vec<Member>,
    /// What is known of it: tables of a database, keys of a Redis, what a folder left out.
    pub detail: Value,
}

/// A part that is not in the set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Why it is not there.
    pub reason: String,
}

/// What parts are taken with.
pub struct Taking<'a> {
    /// The folder of PostgreSQL's programs; empty to find them.
    pub tools_folder: &'a str,
    /// A secret by its name.
    pub secret: &'a dyn Fn(&str) -> Result<String>,
    /// How long others are waited for, and let wait.
    pub patience: Patience,
    /// Whether pictures and sound are taken, too.
    pub media: bool,
    /// Whether only servers of this machine may be reached: a sandbox has no others.
    pub loopback_only: bool,
    /// Set when the operator gives up.
    pub stop: &'a AtomicBool,
}

/// How long a server may take to hand over all it has.
const SERVER_PATIENCE: Duration = Duration::from_secs(6 * 3600);
/// A folder that changes in every one of so many readings is taken as it was in the last.
const READINGS: u32 = 5;
const READING_PAUSE: Duration = Duration::from_millis(100);
const SQLITE_START: &[u8] = b"SQLite format 3\0";
/// More files than these are in no folder of keys.
const FILES_MAX: usize = 200_000;

/// Takes every part of a plan into `folder`, each in a step. The second list is what is not there.
///
/// # Errors
/// Only when the operator gave up or this machine fails (a full disk); what is wrong with the gateway's
/// state is in the second list.
pub fn take(plan: &Plan, folder: &Path, taking: &Taking<'_>, steps: &mut Steps<'_>) -> Result<(Vec<Taken>, Vec<Lacking>)> {
    let (mut taken, mut lacking) = (Vec::new(), Vec::new());
    for planned in &plan.parts {
        if planned.part.role == Role::Media && !taking.media {
            continue;
        }
        let title = format!("take {} ({}, {})", planned.name, planned.part.kind.name(), planned.part.role.name());
        let watch = steps.begin(&title);
        let into = folder.join(&planned.name);
        disk::create_folder(&into)?;
        let result = taking.part(planned, &into, plan);
        if taking.stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted; nothing of the set is left").hint("run it again"));
        }
        match result {
            Ok(part) => {
                let bytes = part.members.iter().map(|member| member.size_bytes).sum();
                let files = count(part.members.len() as u64, "file", "files");
                steps.end(watch, &title, "all of it, consistent", format!("{files}, {}", size(bytes)), true);
                taken.push(part);
            }
            Err(NotTaken::Absent) if planned.part.optional => {
                steps.end(watch, &title, "all of it, or nothing there", "nothing there".into(), true);
            }
            Err(NotTaken::Absent) => {
                let reason = format!("there is no {}", source(&planned.part));
                steps.end(watch, &title, "all of it, consistent", reason.clone(), false);
                lacking.push(Lacking { name: planned.name.clone(), role: planned.part.role, reason });
            }
            // The disk that the set is written to is no fault of the gateway's.
            Err(NotTaken::Here(error)) => return Err(error),
            Err(NotTaken::Because(reason)) => {
                steps.end(watch, &title, "all of it, consistent", reason.clone(), false);
                lacking.push(Lacking { name: planned.name.clone(), role: planned.part.role, reason });
            }
        }
    }
    // Optional places may all be absent; what the gateway cannot do without must be among the taken ones.
    let is_taken = |role, kinds: &[PartKind]| taken.iter().any(|part: &Taken| part.role == role && kinds.contains(&part.kind));
    for need in plan.layout.map_or(&[][..], |layout| layout.needs) {
        if !is_taken(need.role, need.kinds) && !lacking.iter().any(|lacking| lacking.role == need.role) {
            let reason = format!("none of the places where it may lie holds any ({})", need.why);
            lacking.push(Lacking { name: need.role.name().to_owned(), role: need.role, reason });
        }
    }
    for role in &plan.needs {
        if !taken.iter().any(|part| part.role == *role) && !lacking.iter().any(|lacking| lacking.role == *role) {
            let reason = format!("[dump.{}] says that it is needed, and there is none", plan.name);
            lacking.push(Lacking { name: role.name().to_owned(), role: *role, reason });
        }
    }
    if let Some(reason) = plan.unknown() {
        lacking.push(Lacking { name: "what it needs".to_owned(), role: Role::Auth, reason });
    }
    Ok((taken, lacking))
}

/// Why a part was not taken.
enum NotTaken {
    /// There is no such thing.
    Absent,
    /// It is there, and cannot be taken as it is.
    Because(String),
    /// What it is taken into fails.
    Here(Error),
}

type Took<T> = std::result::Result<T, NotTaken>;

fn because(error: &Error) -> NotTaken {
    NotTaken::Because(error.chain())
}

/// Where a part is, for people.
pub fn source(part: &Part) -> String {
    part.path.as_ref().map(|path| path.display().to_string()).or_else(|| part.url.clone()).unwrap_or_default()
}

impl Taking<'_> {
    fn part(&self, planned: &Planned, into: &Path, plan: &Plan) -> Took<Taken> {
        let part = &planned.part;
        let (members, detail) = match part.kind {
            PartKind::Postgres => self.postgres(part, into)?,
            PartKind::Redis => self.redis(part, into)?,
            PartKind::Sqlite => self.sqlite(part, into)?,
            PartKind::Folder => self.folder(part, into, plan)?,
            PartKind::File => file(part, into)?,
        };
        if members.is_empty() {
            return Err(NotTaken::Because(format!("{} holds nothing", source(part))));
        }
        let members = members.into_iter().map(|member| Member { name: format!("{}/{}", planned.name, member.name), ..member });
        Ok(Taken {
            name: planned.name.clone(),
            kind: part.kind,
            role: part.role,
            source: source(part),
            secret: part.kind == PartKind::File || matches!(part.role, Role::Auth | Role::Config),
            members: members.collect(),
            detail,
        })
    }

    fn password(&self, part: &Part) -> Took<Option<String>> {
        part.secret.as_deref().map(|name| (self.secret)(name)).transpose().map_err(|error| because(&error))
    }

    fn reach(&self, url: &str) -> Took<()> {
        let far = || NotTaken::Because("a sandbox reaches servers of this machine alone".into());
        if self.loopback_only && !is_of_this_machine(url) { Err(far()) } else { Ok(()) }
    }

    fn postgres(&self, part: &Part, into: &Path) -> Took<(Vec<Member>, Value)> {
        let password = self.password(part)?;
        let url = part.url.as_deref().unwrap_or_default();
        self.reach(url)?;
        let tools = Tools::clients(self.tools_folder);
        // Outside what goes into the set.
        let keys = into.with_extension("pgpass");
        let server = live(url, password.as_deref(), &tools, &keys).map_err(NotTaken::Here)?;
        let taken = self.postgres_with(part, into, &server);
        disk::remove_file(&keys).map_err(NotTaken::Here)?;
        taken
    }

    fn postgres_with(&self, part: &Part, into: &Path, server: &Live) -> Took<(Vec<Member>, Value)> {
        let path = into.join("database.dump");
        let file = disk::create_file(&path).map_err(NotTaken::Here)?;
        let mut dump = server.client.command("pg_dump", &[]).map_err(|error| because(&error))?;
        dump.args(["--format=custom", "--no-password", "--lock-wait-timeout=30000", "--dbname", &server.database]);
        let (patience, stop) = (SERVER_PATIENCE, Some(self.stop));
        let run = Run { input: Input::Nothing, output: Some(file), patience, output_bytes_max: SAID_BYTES_MAX, stop };
        said("pg_dump", run.of(&mut dump)).map_err(|error| because(&error))?;
        let examined = Dump::examine(&path).map_err(|error| because(&error))?;
        let listed = server.client.listed(&examined, "", into, self.stop).map_err(|error| because(&error))?;
        let tables = server.client.tables(&server.database, self.stop).map_err(|error| because(&error))?;
        if listed == 0 || tables.is_empty() {
            return Err(NotTaken::Because(format!("{} holds no table", source(part))));
        }
        must_hold(part, |wanted| {
            let exists = format!("select to_regclass({})", super::client::literal(wanted));
            let known = server.client.ask(&server.database, &exists, false, self.stop)?;
            if known.first().and_then(|row| row.first()).is_none_or(String::is_empty) {
                return Ok(false);
            }
            let table: String = wanted.split('.').map(|part| identifier(part.trim_matches('"'))).collect::<Vec<_>>().join(".");
            let asked = server.client.ask(&server.database, &format!("select 1 from {table} limit 1"), false, self.stop)?;
            Ok(!asked.is_empty())
        })?;
        let member = Member { name: "database.dump".into(), size_bytes: examined.size_bytes, sha256: examined.sha256 };
        Ok((vec![member], json!({ "database": server.database, "tables_listed": listed, "tables": tables })))
    }

    fn redis(&self, part: &Part, into: &Path) -> Took<(Vec<Member>, Value)> {
        let password = self.password(part)?;
        self.reach(part.url.as_deref().unwrap_or_default())?;
        let path = into.join("dump.rdb");
        drop(disk::create_file(&path).map_err(NotTaken::Here)?);
        let ask = |arguments: &[&str], bytes_max: usize| -> Result<String> {
            let mut command = redis_cli(part.url.as_deref().unwrap_or_default(), password.as_deref())?;
            command.args(arguments);
            let (patience, stop) = (SERVER_PATIENCE, Some(self.stop));
            let run = Run { input: Input::Nothing, output: None, patience, output_bytes_max: bytes_max, stop };
            let answer = said("redis-cli", run.of(&mut command))?;
            // It ends well, too, when the server says no.
            match ["NOAUTH", "WRONGPASS", "NOPERM", "ERR ", "(error)", "AUTH failed"]
                .iter()
                .find(|word| answer.starts_with(**word))
            {
                None => Ok(answer),
                Some(_) => {
                    Err(Error::new(ErrorKind::Denied, format!("Redis says {:?}", answer.lines().next().unwrap_or_default()))
                        .hint("name the secret that is its password"))
                }
            }
        };
        ask(&["ping"], SAID_BYTES_MAX).map_err(|error| because(&error))?;
        ask(&["--rdb", &path.display().to_string()], SAID_BYTES_MAX).map_err(|error| because(&error))?;
        disk::set_mode(&path, disk::FILE_MODE).map_err(NotTaken::Here)?;
        check_rdb(&path).map_err(|error| because(&error))?;
        let keys: u64 = ask(&["dbsize"], SAID_BYTES_MAX)
            .ok()
            .and_then(|text| text.trim().trim_start_matches("(integer) ").parse().ok())
            .unwrap_or_default();
        if keys == 0 {
            return Err(NotTaken::Because(format!("{} holds no key", source(part))));
        }
        must_hold(part, |prefix| {
            let pattern = format!("{}*", escaped(prefix));
            Ok(ask(&["--scan", "--pattern", &pattern], 64 << 20)?.lines().any(|line| !line.is_empty()))
        })?;
        Ok((vec![member(into, "dump.rdb")?], json!({ "keys": keys })))
    }

    fn sqlite(&self, part: &Part, into: &Path) -> Took<(Vec<Member>, Value)> {
        let path = part.path.as_deref().unwrap_or(Path::new(""));
        let files = if path.is_dir() { databases_of(path)? } else { vec![path.to_owned()] };
        if !path.exists() || files.is_empty() {
            return Err(NotTaken::Absent);
        }
        let (mut members, mut tables, mut all) = (Vec::new(), BTreeMap::new(), Vec::new());
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let rows = self.snapshot(&file, &into.join(&name), into)?;
            all.extend(rows.iter().filter(|(_, rows)| **rows > 0).map(|(table, _)| table.clone()));
            members.push(member(into, &name)?);
            tables.insert(name, rows);
        }
        must_hold(part, |wanted| Ok(all.iter().any(|table| table == wanted)))?;
        Ok((members, json!({ "tables": tables })))
    }

    /// One database as it was in one instant; gives the rows of its tables.
    fn snapshot(&self, path: &Path, to: &Path, scratch: &Path) -> Took<BTreeMap<String, u64>> {
        let there = |ending: &str| sidecar(path, ending).exists();
        // A log that is closed is read without making files in the gateway's folder, and then proven not to
        // have been touched; whoever came in between is met with SQLite's own locks.
        let closed = has_log_mode(path) && !there("-wal") && !there("-shm") && !there("-journal");
        let ways: &[Quiet] = if closed { &[Quiet::Proven, Quiet::Unknown] } else { &[Quiet::Unknown] };
        // Beside what goes into the set.
        let scratch = scratch.parent().unwrap_or(scratch).join("copies");
        for quiet in ways {
            disk::create_folder(&scratch).map_err(NotTaken::Here)?;
            let taken = Snapshot::take(path, *quiet, &scratch, self.patience).map_err(|error| because(&error))?;
            let Some(snapshot) = taken else { return Err(NotTaken::Absent) };
            disk::remove_file(to).map_err(NotTaken::Here)?;
            let mut file = std::io::BufWriter::with_capacity(1 << 20, disk::create_file(to).map_err(NotTaken::Here)?);
            let mut here = None;
            let streamed = snapshot.stream(&scratch, &mut |bytes| {
                std::io::Write::write_all(&mut file, bytes).map_err(|error| {
                    here = Some(disk::cannot("write", to, error));
                    Error::new(ErrorKind::Unexpected, "the copy cannot be written").hint("free disk space")
                })
            });
            if let Some(error) = here {
                return Err(NotTaken::Here(error));
            }
            streamed.map_err(|error| because(&error))?;
            std::io::Write::flush(&mut file).map_err(|error| NotTaken::Here(disk::cannot("write", to, error)))?;
            let said = snapshot.ask(|connection| Ok(quick_check(connection))).map_err(|error| because(&error))?;
            if said != "ok" {
                return Err(NotTaken::Because(format!("{} is damaged: {said}", path.display())));
            }
            let rows = snapshot.rows().map_err(|error| because(&error))?;
            if snapshot.is_as_it_was().map_err(|error| because(&error))? {
                return Ok(rows.into_iter().map(|(table, rows)| (table, rows.count)).collect());
            }
        }
        Err(NotTaken::Because(format!("{} was changed by another program in every reading", path.display())))
    }

    fn folder(&self, part: &Part, into: &Path, plan: &Plan) -> Took<(Vec<Member>, Value)> {
        let path = part.path.as_deref().unwrap_or(Path::new(""));
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(NotTaken::Absent),
            Err(error) => return Err(because(&disk::cannot("read", path, error))),
            Ok(data) if !data.is_dir() => return Err(NotTaken::Because(format!("{} is no folder", path.display()))),
            Ok(_) => {}
        }
        let mut reading = 1;
        let (files, changed, skipped) = loop {
            let (before, skipped) = walk(path)?;
            let copied = copy_all(path, &before, into)?;
            let (after, _) = walk(path)?;
            if copied && before == after {
                break (before, false, skipped);
            }
            if reading == READINGS {
                // One file that vanished in the last reading is not in the set; the others are.
                let there: Vec<Found> = before.into_iter().filter(|found| into.join(&found.name).exists()).collect();
                break (there, true, skipped);
            }
            reading += 1;
            std::thread::sleep(READING_PAUSE);
        };
        let mut members = Vec::new();
        for found in &files {
            members.push(member(into, &found.name)?);
        }
        if !members.iter().any(|member| member.size_bytes > 0) {
            // An empty folder in a place that may be unused is as good as none.
            return Err(if part.optional { NotTaken::Absent } else { NotTaken::Because(format!("{} is empty", path.display())) });
        }
        if part.role == Role::Auth {
            whole_keys(into, &members)?;
        }
        must_hold(part, |wanted| {
            Ok(members
                .iter()
                .any(|member| member.size_bytes > 0 && (member.name == wanted || member.name.ends_with(&format!("/{wanted}")))))
        })?;
        if matches!(part.role, Role::Auth | Role::App)
            && let Some((name, target)) = skipped.iter().find_map(|name| Some((name, self.leads_out(&path.join(name), plan)?)))
        {
            return Err(NotTaken::Because(format!(
                "{} is a link to {}, which no part of the set holds: links are not followed, so describe it as a part of its own",
                path.join(name).display(),
                target.display()
            )));
        }
        Ok((members, json!({ "changed_while_read": changed, "skipped": skipped })))
    }

    /// Where a link leads that nothing of the set comes from. A link to nothing leaves nothing out, and
    /// neither does a socket or a pipe.
    fn leads_out(&self, path: &Path, plan: &Plan) -> Option<PathBuf> {
        let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten()?;
        let data = target.metadata().ok()?;
        let taken = plan.parts.iter().map(|planned| &planned.part).filter(|part| part.role != Role::Media || self.media);
        let mut places = taken.filter_map(|part| Some((part.kind, part.path.as_ref()?.canonicalize().ok()?)));
        let is_taken = places.any(|(kind, place)| match kind {
            PartKind::Folder => target.starts_with(&place),
            PartKind::Sqlite => target == place || target.parent() == Some(&place) && is_database(&target),
            _ => target == place,
        });
        ((data.is_dir() || data.is_file()) && !is_taken).then_some(target)
    }
}

/// Keys are kept as JSON by most gateways, and some write them in place: half a file is no key.
fn whole_keys(into: &Path, members: &[Member]) -> Took<()> {
    for member in members.iter().filter(|member| member.name.ends_with(".json")) {
        let path = into.join(&member.name);
        let text = std::fs::read(&path).map_err(|error| NotTaken::Here(disk::cannot("read back", &path, error)))?;
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&text) {
            return Err(NotTaken::Because(format!(
                "{} is no whole JSON ({error}): it is damaged, or was being written",
                member.name
            )));
        }
    }
    Ok(())
}

fn file(part: &Part, into: &Path) -> Took<(Vec<Member>, Value)> {
    let path = part.path.as_deref().unwrap_or(Path::new(""));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(NotTaken::Absent),
        Err(error) => return Err(because(&disk::cannot("read", path, error))),
        Ok(data) if data.len() == 0 => return Err(NotTaken::Because(format!("{} is empty", path.display()))),
        Ok(_) => {}
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    copy(path, &into.join(&name))?;
    Ok((vec![member(into, &name)?], Value::Null))
}

/// Whether what a part must hold is there: one of the names is enough.
fn must_hold(part: &Part, holds: impl Fn(&str) -> Result<bool>) -> Took<()> {
    if part.must_hold.is_empty() {
        return Ok(());
    }
    for wanted in &part.must_hold {
        if holds(wanted).map_err(|error| because(&error))? {
            return Ok(());
        }
    }
    Err(NotTaken::Because(format!("{} holds none of {}", source(part), part.must_hold.join(", "))))
}

fn member(into: &Path, name: &str) -> Took<Member> {
    let path = into.join(name);
    let unreadable = |error| NotTaken::Here(disk::cannot("read back", &path, error));
    let (sha256, size_bytes) = disk::sha256(disk::open_to_read(&path).map_err(unreadable)?).map_err(unreadable)?;
    Ok(Member { name: name.to_owned(), size_bytes, sha256 })
}

fn databases_of(folder: &Path) -> Took<Vec<PathBuf>> {
    let mut files = disk::list(folder).map_err(|error| because(&error))?;
    files.sort();
    for path in files.iter().filter(|path| path.is_file()) {
        // One that cannot be read may be one.
        match disk::open_to_read(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(because(&disk::cannot("read", path, error)));
            }
            _ => {}
        }
    }
    files.retain(|path| is_database(path));
    Ok(files)
}

fn is_database(path: &Path) -> bool {
    let mut start = Vec::new();
    let read =
        disk::open_to_read(path).and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, 16), &mut start));
    read.is_ok() && start == SQLITE_START
}

/// Whether a database says that it has a write-ahead log. Its file is closed again at once, which would
/// give up locks of this process on it: nothing of this process has it open.
fn has_log_mode(path: &Path) -> bool {
    let mut start = Vec::new();
    let read =
        disk::open_to_read(path).and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, 20), &mut start));
    read.is_ok() && start.get(18..20) == Some(&[2, 2])
}

/// A file of a folder, as it was when the folder was walked.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Its path within the folder.
    name: String,
    size_bytes: u64,
    modified: (i64, i64),
    inode: u64,
}

/// Every file below a folder in order, and what is none: links, sockets, pipes.
fn walk(root: &Path) -> Took<(Vec<Found>, Vec<String>)> {
    let (mut found, mut skipped, mut folders) = (Vec::new(), Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in disk::list(&folder).map_err(|error| because(&error))? {
            let data = match path.symlink_metadata() {
                Ok(data) => data,
                // It went away in this moment; the comparison of two walks tells.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(because(&disk::cannot("look at", &path, error))),
            };
            let name = path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned);
            let Some(name) = name else { return Err(NotTaken::Because(format!("the name of {} is no text", path.display()))) };
            if data.is_dir() {
                folders.push(path);
            } else if data.is_file() {
                let modified = (data.mtime(), data.mtime_nsec());
                found.push(Found { name, size_bytes: data.len(), modified, inode: data.ino() });
            } else {
                skipped.push(name);
            }
            if found.len() > FILES_MAX {
                return Err(NotTaken::Because(format!("{} holds more than {FILES_MAX} files", root.display())));
            }
        }
    }
    found.sort_by(|one, two| one.name.cmp(&two.name));
    skipped.sort();
    Ok((found, skipped))
}

/// Copies what was found; `false` when a file vanished meanwhile.
fn copy_all(root: &Path, found: &[Found], into: &Path) -> Took<bool> {
    let mut all = true;
    disk::remove_folder(into).map_err(NotTaken::Here)?;
    disk::create_folder(into).map_err(NotTaken::Here)?;
    disk::require_space(into, found.iter().map(|found| found.size_bytes).sum()).map_err(NotTaken::Here)?;
    for found in found {
        let to = into.join(&found.name);
        if let Some(folder) = to.parent() {
            disk::create_folder(folder).map_err(NotTaken::Here)?;
        }
        match copy(&root.join(&found.name), &to) {
            Ok(()) => {}
            Err(NotTaken::Absent) => all = false,
            Err(other) => return Err(other),
        }
    }
    Ok(all)
}

fn copy(from: &Path, to: &Path) -> Took<()> {
    let mut source = match disk::open_to_read(from) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(NotTaken::Absent),
        Err(error) => return Err(because(&disk::cannot("read", from, error))),
    };
    let mut target = disk::create_file(to).map_err(NotTaken::Here)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = match std::io::Read::read(&mut source, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) => return Err(because(&disk::cannot("read", from, error))),
        };
        std::io::Write::write_all(&mut target, &buffer[..count])
            .map_err(|error| NotTaken::Here(disk::cannot("write", to, error)))?;
    }
}

/// A database of a server that somebody uses.
pub struct Live {
    /// How it is reached.
    pub client: Client,
    /// Its name.
    pub database: String,
}

/// Takes the address of a database apart. The password goes into `keys`, a file for its owner alone that
/// the caller removes.
///
/// # Errors
/// [`ErrorKind::Usage`] when it is no address of a database, or has a password in it.
pub fn live(url: &str, password: Option<&str>, tools: &Tools, keys: &Path) -> Result<Live> {
    let wrong = |what: &str| {
        Error::new(ErrorKind::Usage, format!("this is no address of a database: {what}")).hint(
            "write postgres://USER@HOST:PORT/DATABASE, or postgres://USER@/DATABASE?host=FOLDER for a socket, without a password",
        )
    };
    let address = Postgres::parse(url).map_err(|why| wrong(&why))?;
    if address.password.is_some() {
        return Err(wrong("it holds a password, which everybody on this machine can see"));
    }
    let database = address.database.clone().filter(|name| !name.contains('/'));
    let database = database.ok_or_else(|| wrong("it names no database"))?;
    let mut environment = vec![("PGCONNECT_TIMEOUT".to_owned(), "15".to_owned()), ("PGAPPNAME".to_owned(), "wpp".to_owned())];
    environment.extend(address.variables().map(|(name, value)| (name.to_owned(), value.to_owned())));
    if let Some(password) = password {
        let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
        disk::remove_file(keys)?;
        let mut file = disk::create_file(keys)?;
        std::io::Write::write_all(&mut file, format!("*:*:*:*:{escaped}\n").as_bytes())
            .map_err(|error| disk::cannot("write", keys, error))?;
        environment.push(("PGPASSFILE".to_owned(), keys.display().to_string()));
    }
    Ok(Live { client: Client::Host { tools: tools.clone(), environment }, database })
}

/// `redis-cli` for one server. The password goes by the environment, which other users cannot read.
fn redis_cli(url: &str, password: Option<&str>) -> Result<Command> {
    let program = on_path("redis-cli").ok_or_else(|| {
        Error::new(ErrorKind::Unknown, "redis-cli is not on this machine")
            .hint("install it (Debian: `apt-get install redis-tools`)")
    });
    let mut command = Command::new(program?);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    let parsed = url::Url::parse(url).context(ErrorKind::Usage, || "this is no address of a Redis".into())?;
    if let Some(socket) = redis_socket(&parsed) {
        command.arg("-s").arg(socket);
    } else {
        command.arg("-h").arg(parsed.host_str().unwrap_or("127.0.0.1").trim_matches(['[', ']']));
        command.arg("-p").arg(parsed.port().unwrap_or(6379).to_string());
    }
    if parsed.scheme() == "rediss" {
        command.arg("--tls");
    }
    if !parsed.username().is_empty() {
        command.arg("--user").arg(decoded(parsed.username()));
    }
    let number = parsed.path().trim_start_matches('/');
    if !number.is_empty() {
        command.arg("-n").arg(number);
    }
    if let Some(password) = password {
        command.env("REDISCLI_AUTH", password).arg("--no-auth-warning");
    }
    Ok(command)
}

/// A file of Redis begins with its name and ends with a mark and a checksum.
pub fn check_rdb(path: &Path) -> Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let cannot = |error| disk::cannot("read", path, error);
    let mut file = disk::open_to_read(path).map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    let (mut start, mut end) = ([0; 9], [0; 1]);
    let whole = length > 18 && {
        file.read_exact(&mut start).map_err(cannot)?;
        file.seek(SeekFrom::End(-9)).map_err(cannot)?;
        file.read_exact(&mut end).map_err(cannot)?;
        start.starts_with(b"REDIS") && end == [0xff]
    };
    if whole {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Archive, format!("{} is no whole file of Redis", path.display())).hint("take it again"))
}

/// A beginning of keys in the pattern language of Redis.
fn escaped(prefix: &str) -> String {
    prefix.chars().flat_map(|c| if "*?[]\\^".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_address_becomes_variables_and_its_password_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let tools = Tools::clients("/nowhere");
        let of = |url: &str| live(url, Some("p:w\\d"), &tools, &keys);
        let variables = |live: &Live| match &live.client {
            Client::Host { environment, .. } => environment.clone().into_iter().collect::<BTreeMap<_, _>>(),
            Client::Container { .. } => BTreeMap::new(),
        };
        let live_one = of("postgres://ap%70@db.example:5433/gate%20way?sslmode=require").unwrap();
        let set = variables(&live_one);
        assert_eq!((set["PGHOST"].as_str(), set["PGPORT"].as_str(), set["PGUSER"].as_str()), ("db.example", "5433", "app"));
        assert_eq!((set["PGSSLMODE"].as_str(), live_one.database.as_str()), ("require", "gate way"));
        assert_eq!(std::fs::read_to_string(&keys).unwrap(), "*:*:*:*:p\\:w\\\\d\n");
        assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
        let local = of("postgres://wpp@/restored?host=/tmp/x/socket").unwrap();
        assert_eq!((variables(&local)["PGHOST"].as_str(), local.database.as_str()), ("/tmp/x/socket", "restored"));
        for bad in ["postgres://h", "postgres://u:hush@h/d", "mysql://h/d", "h/d", "postgres://h/d?options=x"] {
            let error = of(bad).err().unwrap_or_else(|| panic!("{bad}"));
            assert!(error.kind() == ErrorKind::Usage && !error.chain().contains("hush"), "{bad}");
        }
    }

    #[test]
    fn a_beginning_of_keys_is_no_pattern() {
        assert_eq!(escaped("evolution:*[x]"), "evolution:\\*\\[x\\]");
    }
}
