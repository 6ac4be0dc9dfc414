//! `wpp backup`.

use std::path::PathBuf;

use serde_json::json;

use super::site;
use crate::app::App;
use crate::archive::base;
use crate::archive::chain;
use crate::archive::input::{Folder, Input};
use crate::archive::manifest::{DELTA, DaemonEnd, DaemonState, Manifest};
use crate::archive::open;
use crate::archive::shelf;
use crate::archive::verify::{self, Level};
use crate::backup::{self, Backup, Request};
use crate::clock::{self, Stopwatch};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::HomeKind;
use crate::journal::Entry;
use crate::lifecycle::Seen;
use crate::report::{Metric, Report, Section, Table, Verdict};

/// Options of `wpp backup`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
  wpp backup                             an archive in the backup folder, verified at level quick\n  \
  wpp backup --output /mnt/safe          an archive elsewhere\n  \
  wpp backup --incremental               what changed since the last one\n  \
  wpp backup list                        what there is, and how far it was verified\n  \
  wpp backup verify latest --level hash  every byte against the manifest"
)]
pub struct Args {
    /// What to do with archives; without it, one is made
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    create: CreateArgs,
}

/// What to do with archives.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make an archive of the session, whether its daemon runs or not
    Create(CreateArgs),
    /// List the archives of a folder
    List(FolderArgs),
    /// Show what one archive says about itself
    Show(ShowArgs),
    /// Check an archive at a level
    Verify(VerifyArgs),
}

/// Options of `wpp backup create`.
#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Folder for the archive [default: backup.folder in config.toml, else `backups` in the home]
    #[arg(long, short, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    output: Option<PathBuf>,
    /// Only the pages of wpp.db that changed since the newest archive there; a full archive, saying
    /// why, when that cannot be done or would save less than half
    #[arg(long)]
    incremental: bool,
}

/// Options of `wpp backup list`.
#[derive(Debug, clap::Args)]
struct FolderArgs {
    /// Folder to look into [default: backup.folder in config.toml, else `backups` in the home]
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

/// Options of `wpp backup show`.
#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Path of the archive, its name in the backup folder, or `latest`
    #[arg(value_name = "ARCHIVE", value_hint = clap::ValueHint::FilePath)]
    archive: String,
}

/// Options of `wpp backup verify`.
#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// Path of the archive, its name in the backup folder, or `latest`
    #[arg(value_name = "ARCHIVE", value_hint = clap::ValueHint::FilePath)]
    archive: String,
    /// How far to check
    #[arg(long, value_enum, default_value_t = Level::Quick)]
    level: Level,
}

impl Args {
    /// Makes, lists, shows or verifies archives.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.action {
            None => create(app, self.create),
            Some(Action::Create(args)) => create(app, args),
            Some(Action::List(args)) => match args.folder {
                Some(folder) if !folder.is_dir() => {
                    Err(Error::new(ErrorKind::Usage, format!("there is no folder {}", folder.display()))
                        .hint("check the path; without one the home's own archives are listed"))
                }
                Some(folder) => list(app, &folder),
                None => list(app, &app.backups()),
            },
            Some(Action::Show(args)) => show(app, &args.archive),
            Some(Action::Verify(args)) => check(app, &args.archive, args.level),
        }
    }
}

fn create(app: &App, args: CreateArgs) -> Result<Report> {
    let session = app.existing_session()?;
    let folder = match args.output {
        Some(folder) => absolute(folder)?,
        None => app.backups(),
    };
    let site = site(app, &session)?;
    // A daemon that hangs or does not answer is no reason to have no backup.
    let status = match site.look() {
        Ok(Seen::Running(status)) => Some(status),
        _ => None,
    };
    let watch = Stopwatch::start();
    let made = backup::create(&Request {
        home: app.home(),
        session: &session,
        folder: &folder,
        journal: app.journal()?,
        sink: &**app.sink(),
        status: status.as_deref(),
        increments_max: args.incremental.then(|| app.config().number("backup.chain_max")),
    })?;
    let mut report = made_report(&made, watch.elapsed_ms());
    report.metrics.extend(fault_points(app));
    Ok(report)
}

/// How many disk operations were counted: what a sweep over faults goes through, in sandboxes.
pub(super) fn fault_points(app: &App) -> Option<Metric> {
    (app.home().kind() == HomeKind::Sandbox)
        .then(|| Metric { name: "disk_operations".into(), value: disk::faults::count() as f64 })
}

fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path).map_err(|error| {
        Error::new(ErrorKind::Usage, format!("{} is no usable path", path.display())).caused_by(error).hint("give another folder")
    })
}

fn made_report(made: &Backup, took_ms: u64) -> Report {
    let manifest = &made.manifest;
    let whole = manifest.is_whole();
    let verified = format!("verified at level {}", made.level.name());
    let how = match (&manifest.chain, whole) {
        (Some(_), true) => "backed up what changed",
        (Some(_), false) => "backed up in part what changed",
        (None, true) => "backed up",
        (None, false) => "backed up in part",
    };
    let title = format!("{}: {how}, {}, {verified}", manifest.session, size(made.size_bytes));
    let mut section = Section::default().field("archive", made.path.display()).field("SHA-256", &made.sha256);
    if let Some(reason) = &made.full_reason {
        section = section.field("a full archive, because", reason);
    }
    section = describe(manifest, section);
    if let Some(note) = &made.base_note {
        section = section.field("page map", note);
    }
    if let Some(reason) = &made.map_reason {
        section = section.field("page map", format!("NOT kept, and the next increment takes longer: {reason}"));
    }
    if let Some(reason) = &made.level_reason {
        section = section.field("not verified further", reason);
    }
    for path in &made.removed {
        section = section.line(format!("removed {}, which a killed backup had left", path.display()));
    }
    let mut report = Report::new("backup", title).section(section).data(json!({
        "path": made.path,
        "size_bytes": made.size_bytes,
        "sha256": made.sha256,
        "level": made.level,
        "level_reason": made.level_reason,
        "full_reason": made.full_reason,
        "map_reason": made.map_reason,
        "whole": whole,
        "took_ms": took_ms,
        "manifest": manifest,
    }));
    report.steps.clone_from(&made.steps);
    report.metrics = vec![
        Metric { name: "backup_size_bytes".into(), value: made.size_bytes as f64 },
        Metric { name: "backup_content_bytes".into(), value: manifest.content_bytes() as f64 },
        Metric { name: "backup_took_ms".into(), value: took_ms as f64 },
    ];
    if !whole {
        report = report.verdict(Verdict::Fail).next(format!("wpp doctor --session {}", manifest.session));
    }
    report
}

/// What an archive holds and what it lacks.
pub(super) fn describe(manifest: &Manifest, mut section: Section) -> Section {
    section = section.field("id", &manifest.id).field("taken", &manifest.created).field(
        "daemon",
        match (manifest.daemon.state, manifest.daemon.ended, &manifest.daemon.session_state) {
            (DaemonState::Running, _, Some(state)) => format!("running, {state}"),
            (DaemonState::Running, _, None) => "running".into(),
            (DaemonState::Stopped, Some(DaemonEnd::Killed), _) => "not running; it was killed or crashed".into(),
            (DaemonState::Stopped, _, _) => "not running".into(),
        },
    );
    if let Some(signal) = &manifest.signal {
        section = section.field("linked to a phone", if signal.paired { "yes" } else { "no" });
    }
    if manifest.daemon.state == DaemonState::Running {
        section =
            section.line("Made while the daemon ran: it brings messages back (--plan data). For `--plan exact`, stop first.");
    }
    if let Some(chain) = &manifest.chain {
        section = section
            .field("increment", format!("number {} of the chain of archive {}", chain.depth, chain.base_id))
            .field("builds on", format!("{} (archive {})", chain.parent_name, chain.parent_id));
    }
    let damaged: Vec<&str> = manifest.damaged().map(|(member, _)| member.name.as_str()).collect();
    for member in &manifest.members {
        let rows: u64 = member.database.iter().flat_map(|database| database.tables.values()).map(|rows| rows.count).sum();
        let text = match &member.database {
            Some(database) if damaged.contains(&member.name.as_str()) => {
                format!("{}, DAMAGED: {}", size(member.size_bytes), database.quick_check)
            }
            Some(database) if let Some(chain) = manifest.chain.as_ref().filter(|_| member.name == DELTA) => format!(
                "{}, {} of {} pages; {rows} rows in all, not checked by SQLite",
                size(member.size_bytes),
                chain.changed_pages,
                database.pages
            ),
            Some(_) => format!("{}, {rows} rows", size(member.size_bytes)),
            None => size(member.size_bytes),
        };
        section = section.field(&member.name, text);
    }
    for missing in &manifest.missing {
        section = section.field(&missing.name, format!("NOT in the archive: {}", missing.reason));
    }
    section
}

fn list(app: &App, folder: &std::path::Path) -> Result<Report> {
    let shelved = shelf::list(folder)?;
    let named: Vec<String> = shelved.iter().map(shelf::Shelved::name).collect();
    let readable: Vec<(&str, &Manifest)> =
        named.iter().zip(&shelved).filter_map(|(name, archive)| Some((name.as_str(), archive.manifest.as_ref().ok()?))).collect();
    let broken = chain::broken(&readable);
    let columns = ["archive", "session", "taken", "kind", "size", "verified (level, when)", "holds"].map(str::to_owned).to_vec();
    let mut table = Table { columns, rows: Vec::new() };
    let mut data = Vec::new();
    let mut unreadable = 0;
    for archive in &shelved {
        let name = archive.name();
        match &archive.manifest {
            Ok(manifest) => {
                let checked = last_check(app, archive, manifest)?;
                let holds = match (manifest.missing.is_empty(), manifest.is_whole()) {
                    (_, true) if manifest.signal.as_ref().is_some_and(|signal| !signal.paired) => "all, no link".to_owned(),
                    (_, true) => "all".to_owned(),
                    (false, _) => {
                        let names: Vec<&str> = manifest.missing.iter().map(|missing| missing.name.as_str()).collect();
                        format!("not {}", names.join(", "))
                    }
                    (true, false) => "damaged data".to_owned(),
                };
                let why = broken.get(&manifest.id);
                let kind = manifest.chain.as_ref().map_or("full".to_owned(), |chain| {
                    let base = readable.iter().find(|(_, manifest)| manifest.id == chain.base_id).map(|(name, _)| *name);
                    format!("increment {} of {}", chain.depth, base.unwrap_or(&chain.base_id))
                });
                let holds = why.map_or(holds, |why| format!("BROKEN CHAIN: {why}"));
                table.rows.push(vec![
                    name,
                    manifest.session.clone(),
                    manifest.created.clone(),
                    kind,
                    size(archive.size_bytes),
                    checked.as_ref().map_or("not this file by this home".into(), |(level, at_ms)| {
                        format!("{}, {}", level.name(), clock::rfc3339(clock::from_ms(*at_ms)))
                    }),
                    holds,
                ]);
                data.push(json!({
                    "path": archive.path, "size_bytes": archive.size_bytes, "id": manifest.id, "session": manifest.session,
                    "created_ms": manifest.created_ms, "whole": manifest.is_whole(), "chain": manifest.chain, "broken": why,
                    "verified_level": checked.as_ref().map(|(level, _)| level), "verified_ms": checked.as_ref().map(|(_, at)| at),
                }));
            }
            Err(error) => {
                unreadable += 1;
                table.rows.push(vec![
                    name,
                    "?".into(),
                    "?".into(),
                    "?".into(),
                    size(archive.size_bytes),
                    "never".into(),
                    error.chain(),
                ]);
                data.push(json!({ "path": archive.path, "size_bytes": archive.size_bytes, "error": error.chain() }));
            }
        }
    }
    let title = match (shelved.len(), unreadable, broken.len()) {
        (0, _, _) => format!("No archive in {}", folder.display()),
        (count, 0, 0) => format!("{count} in {}", folder.display()),
        (count, bad, 0) => format!("{count} in {}, {bad} of them not readable", folder.display()),
        (count, 0, broken) => format!("{count} in {}, {broken} of them without what they build on", folder.display()),
        (count, bad, broken) => {
            format!("{count} in {}, {bad} of them not readable, {broken} without what they build on", folder.display())
        }
    };
    let mut report = Report::answer("backup-list", title).data(json!({ "folder": folder, "archives": data }));
    if shelved.is_empty() {
        report = report.next("wpp backup");
    } else {
        report = report.section(Section { table: Some(table), ..Section::default() });
    }
    Ok(if unreadable > 0 || !broken.is_empty() { report.verdict(Verdict::Fail) } else { report })
}

/// The highest level at which this home verified this very file, and when it last did so. A copy of
/// it, or the file after somebody wrote to it, was never verified, whatever id its manifest gives.
fn last_check(app: &App, archive: &shelf::Shelved, manifest: &Manifest) -> Result<Option<(Level, i64)>> {
    // A home without a journal has verified nothing; looking must not make one.
    if !app.home().journal().exists() {
        return Ok(None);
    }
    let now = shelf::stamp(&archive.path)?;
    let level = |entry: &Entry| -> Option<Level> {
        let counts = matches!(entry.verb.as_str(), "backup" | "verify")
            && matches!(entry.state.as_str(), "finished" | "done")
            && entry.data["archive_id"] == manifest.id.as_str()
            && serde_json::from_value::<shelf::Stamp>(entry.data["stamp"].clone()).is_ok_and(|then| then == now);
        if counts { serde_json::from_value(entry.data["level"].clone()).ok() } else { None }
    };
    let entries = app.journal()?.after(&manifest.session, 0)?;
    Ok(entries.iter().filter_map(|entry| Some((level(entry)?, entry.at_ms))).max())
}

fn show(app: &App, archive: &str) -> Result<Report> {
    let path = shelf::find(&app.backups(), app.session().name(), archive)?;
    let manifest = open::manifest(&mut Input::file(&path)?)?;
    let mut section = describe(&manifest, Section::default())
        .field("format", format!("{}.{}", manifest.format.major, manifest.format.minor))
        .field("written by", format!("wpp {}", manifest.tool_version))
        .field("home", manifest.home_kind.name());
    if let Some(signal) = &manifest.signal {
        section = section.field("linked to a phone", if signal.paired { "yes" } else { "no" }).field(
            "Signal state",
            format!(
                "{} sessions, {} sender keys, next prekey {}, {} logins",
                signal.sessions, signal.sender_keys, signal.next_prekey_id, signal.login_counter
            ),
        );
    }
    let section = section.line("This is what the archive says about itself. It was not verified now.");
    Ok(Report::answer("backup-show", format!("{}: archive of session {}", path.display(), manifest.session))
        .section(section)
        .next(format!("wpp backup verify {}", path.display()))
        .data(json!({ "path": path, "manifest": manifest })))
}

fn check(app: &App, archive: &str, level: Level) -> Result<Report> {
    let path = shelf::find(&app.backups(), app.session().name(), archive)?;
    let watch = Stopwatch::start();
    let stamp = shelf::stamp(&path)?;
    let opened = match verify::verify(&mut Input::file(&path)?, level, &app.backups(), &**app.sink()) {
        Ok(opened) => opened,
        Err(error) => {
            if error.kind() == ErrorKind::Archive {
                base::forget(app.home(), app.session().name(), &Folder::of(&path).0)?;
            }
            return Err(error);
        }
    };
    let took_ms = watch.elapsed_ms();
    let record =
        json!({ "archive_id": opened.manifest.id, "path": path, "sha256": opened.sha256, "level": level, "stamp": stamp });
    app.journal()?.record(Some(&opened.manifest.session), "verify", &record)?;
    let section = describe(&opened.manifest, Section::default().field("SHA-256", &opened.sha256));
    let title = format!("{}: verified at level {}, {}", path.display(), level.name(), size(opened.size_bytes));
    let mut report = Report::new("backup-verify", title).section(section).data(json!({
        "path": path, "level": level, "sha256": opened.sha256, "size_bytes": opened.size_bytes, "took_ms": took_ms,
        "whole": opened.manifest.is_whole(), "manifest": opened.manifest,
    }));
    report.metrics = vec![Metric { name: "verify_took_ms".into(), value: took_ms as f64 }];
    Ok(report)
}

/// `12.3 MiB`.
pub(super) fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}
