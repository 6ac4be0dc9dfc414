//! `wpp backup`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::keys::{ReadKeys, WriteKeys};
use super::prune::{self, PruneArgs};
use super::set;
use super::sets;
use super::site;
use crate::app::App;
use crate::archive::chain;
use crate::archive::codec::{Codec, Effort};
use crate::archive::destination::settings::Settings;
use crate::archive::destination::{Destination, STORE_SCHEME};
use crate::archive::history::{History, Standing};
use crate::archive::manifest::{DELTA, DaemonEnd, DaemonState, Manifest};
use crate::archive::open;
use crate::archive::seal::Identities;
use crate::archive::shelf::{self, Located, Shelved};
use crate::archive::snapshot::Patience;
use crate::archive::verified::Check;
use crate::archive::verify::Level;
use crate::backup::{self, Backup, Request};
use crate::clock::{self, Stopwatch};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::HomeKind;
use crate::lifecycle::Seen;
use crate::notice::{Ending, Notices, Told};
use crate::report::{Metric, Report, Section, Table, Verdict, count, size};
use crate::ui;

/// Options of `wpp backup`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
  wpp backup                             an archive at the backup destination, verified\n  \
  wpp backup --output /mnt/safe          an archive elsewhere\n  \
  wpp backup --as tar.zst --level small  a smaller one, for zstd in the place of gunzip\n  \
  wpp backup --output s3://bucket/wpp    an archive in S3-compatible storage\n  \
  wpp backup --recipient age1…           an archive that this host cannot read\n  \
  wpp backup --incremental               what changed since the last one\n  \
  wpp backup --channel openwa            the state of a gateway, as [dump.openwa] in config.toml says it\n  \
  wpp backup list                        what there is, and how far it was verified\n  \
  wpp backup verify latest --level hash  every byte against the manifest\n  \
  wpp backup verify --level restore latest\n                                         \
  a real restore into a sandbox, up to READY\n  \
  wpp backup prune --dry-run             which archives would go by the rules in config.toml, and why"
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
    /// List the archives of a folder or a store, and the sets of gateways
    List(FolderArgs),
    /// Show what one archive says about itself
    Show(ShowArgs),
    /// Check an archive at a level
    Verify(super::verify::Args),
    /// Remove archives that no rule keeps
    Prune(PruneArgs),
}

/// Options of `wpp backup create`.
#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Only the pages of wpp.db that changed since the newest archive there; a full archive, saying
    /// why, when that cannot be done or would save less than half. All of wpp.db is checked either way;
    /// an increment is read back at level hash
    #[arg(long)]
    incremental: bool,
    /// Folder or s3://BUCKET/PREFIX for the archive [default: backup.destination in config.toml, else `backups` in the home]
    #[arg(long, short, visible_alias = "to", value_name = "DESTINATION", value_hint = clap::ValueHint::DirPath)]
    output: Option<String>,
    /// Take the state of this gateway in the place of a session: databases, keys and files, as [dump.NAME] in config.toml
    /// names them, in one set; one that lacks a part is refused
    #[arg(long, value_name = "NAME", conflicts_with_all = ["incremental", "codec", "effort"])]
    channel: Option<String>,
    /// Keep a set that lacks a part, marked as incomplete; exit 4 all the same
    #[arg(long, requires = "channel")]
    allow_incomplete: bool,
    /// Take pictures and sound, too
    #[arg(long, requires = "channel")]
    media: bool,
    /// Format of the archive; `--format` with one of these does the same [default: backup.format in config.toml, else tar.gz]
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    codec: Option<Codec>,
    /// How hard to compress [default: backup.level in config.toml, else default]
    #[arg(long = "level", value_enum, value_name = "LEVEL")]
    effort: Option<Effort>,
    #[command(flatten)]
    write: WriteKeys,
    #[command(flatten)]
    read: ReadKeys,
    /// File for Prometheus metrics [default: backup.textfile in config.toml]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    textfile: Option<PathBuf>,
    /// Remove no older archive, whatever rules config.toml sets
    #[arg(long)]
    no_prune: bool,
}

/// Options of `wpp backup list`.
#[derive(Debug, clap::Args)]
struct FolderArgs {
    /// Folder or s3://BUCKET/PREFIX to look into [default: backup.destination in config.toml, else `backups` in the home]
    #[arg(value_name = "DESTINATION", value_hint = clap::ValueHint::DirPath)]
    destination: Option<String>,
    #[command(flatten)]
    keys: ReadKeys,
}

/// Options of `wpp backup show`.
#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Path or s3:// address of the archive, its name at the backup destination, or `latest`
    #[arg(value_name = "ARCHIVE", value_hint = clap::ValueHint::FilePath)]
    archive: String,
    #[command(flatten)]
    keys: ReadKeys,
}

impl Args {
    /// Makes, lists, shows or verifies archives.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.action {
            None => create(app, self.create),
            Some(Action::Create(args)) => create(app, args),
            Some(Action::List(args)) => list(app, &*app.given_destination(args.destination.as_deref())?, &args.keys.given(app)?),
            Some(Action::Show(args)) => show(app, &args),
            Some(Action::Verify(args)) => args.run(app),
            Some(Action::Prune(args)) => args.run(app),
        }
    }
}

/// Makes an archive and tells those whom the settings name how it ended.
fn create(app: &App, args: CreateArgs) -> Result<Report> {
    let textfile =
        args.textfile.as_ref().map(|path| std::path::absolute(path).map_err(|error| disk::cannot("find", path, error)));
    let textfile = textfile.transpose()?;
    let subject = match &args.channel {
        // As a gateway is written wherever sessions are named.
        Some(channel) => format!("{channel}:"),
        None => app.session()?.name().to_owned(),
    };
    let begun =
        Notices::of(app.config(), app.home().kind(), textfile).begin(&subject, &told_destination(app, args.output.as_deref()));
    let result = make(app, args);
    let mut document = Vec::new();
    let written = match &result {
        Ok(report) => ui::json::report(&mut document, report),
        Err(error) => ui::json::error(&mut document, error, error.hints()),
    };
    // Writing to memory cannot fail, and a program that gets nothing is told so by that.
    let document = written.map(|()| String::from_utf8_lossy(&document).into_owned()).unwrap_or_default();
    let ending = Ending {
        exit_code: result.as_ref().map_or_else(|error| error.kind().exit_code(), Report::exit_code),
        size_bytes: result.as_ref().ok().and_then(|report| report.data["size_bytes"].as_u64()),
        document: &document,
    };
    // A home that was never used has no journal, and telling makes none.
    let journal = if app.home().journal().exists() { app.journal().ok() } else { None };
    let told = begun.end(&ending, journal);
    match result {
        Ok(mut report) => {
            report.warnings.extend(told.iter().filter_map(Told::warning));
            if !told.is_empty() {
                let section = told.iter().fold(Section::new("Who was told"), |section, told| {
                    let output = told.output.lines().map(|line| format!("\n    {line}")).collect::<String>();
                    section.field(told.by, format!("{}: {}{output}", told.to, told.observed))
                });
                report = report.section(section);
                report.data["notices"] = json!(told);
            }
            Ok(report)
        }
        Err(error) => Err(told.iter().fold(error, |error, told| {
            let output = if told.output.is_empty() { String::new() } else { format!("; it wrote: {}", told.output.trim_end()) };
            error.note(told.warning().unwrap_or_else(|| format!("told {} {}: {}", told.by, told.to, told.observed)) + &output)
        })),
    }
}

/// The destination of a backup as others are told of it, whatever state it is in.
fn told_destination(app: &App, output: Option<&str>) -> String {
    let text = match (output, app.config().text("backup.destination")) {
        (Some(text), _) => text,
        (None, "") => return app.home().backups().display().to_string(),
        (None, text) => text,
    };
    // What is no address may hold a password.
    let parsed = absolute(text).and_then(|text| Destination::parse(&text, &Settings::default()));
    parsed.map_or_else(|_| "unusable".into(), |destination| destination.to_string())
}

fn make(app: &App, args: CreateArgs) -> Result<Report> {
    if let Some(channel) = &args.channel {
        return make_set(app, channel, &args);
    }
    let session = app.existing_session()?;
    let (recipients, identities) = args.write.choose(app, &args.read)?;
    let site = site(app, &session)?;
    // Before the settings of a store are read: what this home left there is known by its journal.
    let journal = app.journal()?;
    let destination = new_destination(app, args.output.as_deref())?;
    // A daemon that hangs or does not answer is no reason to have no backup.
    let status = match site.look() {
        Ok(Seen::Running(status)) => Some(status),
        _ => None,
    };
    let watch = Stopwatch::start();
    let made = backup::create(&Request {
        home: app.home(),
        session: &session,
        destination: destination.clone(),
        recipients: recipients.as_ref(),
        identities: &identities,
        journal,
        sink: &**app.sink(),
        status: status.as_deref(),
        increments_max: args.incremental.then(|| app.config().number("backup.chain_max")),
        codec: args.codec.map_or_else(|| codec(app), Ok)?,
        effort: args.effort.map_or_else(|| effort(app), Ok)?,
        patience: patience(app),
    })?;
    let mut report = made_report(&made, watch.elapsed_ms());
    if !args.no_prune {
        match prune::after_backup(app, &session, &destination, &identities, &made) {
            Ok(None) => {}
            Ok(Some((section, data))) => {
                report = report.section(section);
                report.data["pruned"] = data;
            }
            // The archive is there and verified; that what is old stays is another matter.
            Err(error) => {
                report = report
                    .verdict(Verdict::Fail)
                    .section(Section::new("Old archives").field("not pruned", error.chain()))
                    .next(format!("wpp backup prune --dry-run --session {}", session.name()));
                report.title = format!("{}; old archives could not be removed", report.title);
                report.exit_code = Some(error.kind().exit_code());
                report.data["prune_error"] = error.chain().into();
            }
        }
    }
    report.metrics.extend(fault_points(app));
    Ok(report)
}

/// Where a new archive goes.
fn new_destination(app: &App, output: Option<&str>) -> Result<Arc<Destination>> {
    match output {
        Some(text) if text.starts_with(STORE_SCHEME) => Destination::parse(text, &app.store_settings()?).map(Arc::new),
        Some(text) => Ok(Arc::new(Destination::parse(&absolute(text)?, &app.store_settings()?)?)),
        None => app.destination(),
    }
}

/// Takes the state of a gateway in the place of a session.
fn make_set(app: &App, channel: &str, args: &CreateArgs) -> Result<Report> {
    let (recipients, identities) = args.write.choose(app, &args.read)?;
    // Before the settings of a store are read: what this home left there is known by its journal.
    app.journal()?;
    let wanted = set::Wanted {
        channel,
        destination: new_destination(app, args.output.as_deref())?,
        recipients: recipients.as_ref(),
        identities: &identities,
        allow_incomplete: args.allow_incomplete,
        media: args.media,
    };
    set::make(app, &wanted)
}

/// The format of archives that is set.
pub(super) fn codec(app: &App) -> Result<Codec> {
    chosen(app, "backup.format", Codec::from_name)
}

/// How hard archives are compressed, as it is set.
pub(super) fn effort(app: &App) -> Result<Effort> {
    chosen(app, "backup.level", Effort::from_name)
}

/// How long a backup waits for others, and lets them wait, as it is set.
pub(super) fn patience(app: &App) -> Patience {
    let config = app.config();
    Patience { lock_wait: config.duration("backup.lock_wait_ms_max"), stall_max: config.duration("backup.stall_ms_max") }
}

fn chosen<T>(app: &App, path: &'static str, from_name: fn(&str) -> Option<T>) -> Result<T> {
    let word = app.config().text(path);
    // Settings are checked when they are read.
    from_name(word)
        .ok_or_else(|| Error::new(ErrorKind::Usage, format!("{path} is {word:?}")).hint("`wpp help config` lists what it may be"))
}

/// How many disk operations were counted: what a sweep over faults goes through, in sandboxes.
pub(super) fn fault_points(app: &App) -> Option<Metric> {
    (app.home().kind() == HomeKind::Sandbox)
        .then(|| Metric { name: "disk_operations".into(), value: disk::faults::count() as f64 })
}

fn absolute(text: &str) -> Result<String> {
    // What looks like an address is left to whoever knows addresses.
    if text.contains("://") || text.is_empty() {
        return Ok(text.to_owned());
    }
    let path = std::path::absolute(text).ok().and_then(|path| path.into_os_string().into_string().ok());
    path.ok_or_else(|| Error::new(ErrorKind::Usage, format!("{text:?} is no usable path")).hint("give another folder"))
}

/// The archive that an operator means.
pub(super) fn locate(app: &App, text: &str, identities: &Identities) -> Result<Located> {
    let session = app.session()?;
    let history = || app.history(session.name());
    shelf::find(&app.destination()?, &app.store_settings()?, session.name(), text, identities, history)
}

fn made_report(made: &Backup, took_ms: u64) -> Report {
    let manifest = &made.manifest;
    let whole = manifest.is_whole();
    let verified = match made.level {
        Some(level) => format!("verified at level {}", level.name()),
        None => "written and read back; not verified: no key here".to_owned(),
    };
    let how = match (&manifest.chain, whole) {
        (Some(_), true) => "backed up what changed",
        (Some(_), false) => "backed up in part what changed",
        (None, true) => "backed up",
        (None, false) => "backed up in part",
    };
    let title = format!("{}: {how}, {}, {verified}", manifest.session, size(made.size_bytes));
    let mut section = Section::default().field("archive", &made.place).field("SHA-256", &made.sha256);
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
    if !made.recipients.is_empty() {
        section = section.field("encrypted to", made.recipients.join(", "));
    }
    if let Some(reason) = made.level_reason.as_ref().filter(|_| made.level.is_some()) {
        section = section.field("not verified further", reason);
    }
    for limit in &made.limits {
        section = section.line(limit);
    }
    for place in &made.removed {
        section = section.line(format!("removed {place}, which a killed backup had left"));
    }
    for (place, reason) in &made.kept {
        section = section.line(format!("left {place}, which looks like a part of a killed backup: {reason}"));
    }
    let mut report = Report::new("backup", title).section(section).data(json!({
        "path": made.place,
        "size_bytes": made.size_bytes,
        "sha256": made.sha256,
        "level": made.level,
        // A backup that could not be read back, or read back as something else, is an error.
        "read_back": true,
        "recipients": made.recipients,
        "limits": made.limits,
        "level_reason": made.level_reason,
        "full_reason": made.full_reason,
        "map_reason": made.map_reason,
        "whole": whole,
        "took_ms": took_ms,
        "manifest": manifest.summary(),
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
        section = section.field("linked to a phone", signal.link());
    }
    if manifest.daemon.state == DaemonState::Running {
        section = section.line(
            "Made while the daemon ran: restored, the identity gets fresh keys (`--plan rekey`). For `--plan exact`, stop first.",
        );
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
                "{}, of {} of {}; {} in all, not checked by SQLite",
                size(member.size_bytes),
                chain.changed_pages,
                count(database.pages, "page", "pages"),
                count(rows, "row", "rows")
            ),
            Some(_) => format!("{}, {}", size(member.size_bytes), count(rows, "row", "rows")),
            None => size(member.size_bytes),
        };
        section = section.field(&member.name, text);
    }
    for missing in &manifest.missing {
        section = section.field(&missing.name, format!("NOT in the archive: {}", missing.reason));
    }
    section
}

fn list(app: &App, destination: &Destination, identities: &Identities) -> Result<Report> {
    let mut shelved = shelf::list(destination, identities)?;
    // What cannot be read and has lost its name may be anybody's.
    let of_session = app.given_session()?;
    if let Some(session) = &of_session {
        shelved.retain(|archive| archive.session().is_none_or(|of| of == session));
    }
    let of_session = of_session.map_or(String::new(), |session| format!(" of session {session}"));
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    for session in shelved.iter().filter_map(Shelved::session) {
        if !histories.contains_key(session) {
            histories.insert(session.to_owned(), app.history(session)?);
        }
    }
    let nothing = History::default();
    let history = |archive: &Shelved| archive.session().and_then(|session| histories.get(session)).unwrap_or(&nothing);
    // The journal knows the time of what is sealed better than its name does.
    shelved.sort_by_cached_key(|archive| archive.order(archive.remembered_ms(history(archive))));
    let readable: Vec<(&str, &Manifest)> =
        shelved.iter().filter_map(|archive| Some((archive.name.as_str(), archive.manifest.as_ref().ok()?))).collect();
    let without_key: Vec<&str> =
        shelved.iter().filter(|archive| archive.is_locked()).map(|archive| archive.name.as_str()).collect();
    let broken = chain::broken(&readable, &without_key);
    // Sets are of gateways, and of no session.
    let sets = if of_session.is_empty() { sets::lying(destination, identities)? } else { Vec::new() };
    let columns = ["archive", "session", "taken", "kind", "size", "verified (level, when)", "holds"];
    let mut table = Table::new(columns, Vec::new());
    let mut data = Vec::new();
    let (mut unreadable, mut locked) = (0, 0);
    for archive in &shelved {
        let entry = json!({
            "path": archive.place, "name": archive.name, "size_bytes": archive.object.size_bytes,
            "encrypted": archive.encrypted, "locked": archive.is_locked(),
        });
        let (row, more) = match &archive.manifest {
            Ok(manifest) => {
                let base = manifest.chain.as_ref().map(|chain| {
                    let base = readable.iter().find(|(_, manifest)| manifest.id == chain.base_id);
                    base.map_or(chain.base_id.as_str(), |(name, _)| *name)
                });
                let broken = broken.get(&manifest.id).map(String::as_str);
                readable_row(archive, manifest, (base, broken), history(archive))
            }
            Err(_) if archive.is_locked() => {
                locked += 1;
                locked_row(archive, history(archive))
            }
            Err(error) => {
                unreadable += 1;
                let row = vec![
                    archive.name.clone(),
                    "?".into(),
                    "?".into(),
                    "?".into(),
                    size(archive.object.size_bytes),
                    "never".into(),
                    error.chain(),
                ];
                (row, json!({ "error": error.chain() }))
            }
        };
        table.rows.push(row);
        data.push(merged(entry, more));
    }
    let mut title = match shelved.len() {
        0 => format!("No archive{of_session} in {destination}"),
        all => format!("{}{of_session} in {destination}", count(all, "archive", "archives")),
    };
    if locked > 0 {
        title.push_str(&format!(", {locked} of them encrypted to keys that were not given"));
    }
    if unreadable > 0 {
        title.push_str(&format!(", {unreadable} of them not readable"));
    }
    if !broken.is_empty() {
        title.push_str(&format!(", {} of them without what they build on", broken.len()));
    }
    if !sets.is_empty() {
        title.push_str(&format!("; {}", count(sets.len(), "set of a gateway's state", "sets of gateways' state")));
    }
    let ahead: Vec<&str> = shelved.iter().filter(|archive| archive.is_ahead()).map(|archive| archive.name.as_str()).collect();
    let mut report = Report::answer("backup-list", title).data(json!({
        "folder": destination.to_string(), "archives": data, "sets": sets::data(&sets),
    }));
    report
        .warnings
        .extend(ahead.into_iter().map(|name| format!("{name} is dated ahead of this clock, so it is not taken for the latest")));
    if !shelved.is_empty() {
        report = report.section(Section::default().table(table));
    } else if sets.is_empty() {
        report = report.next("wpp backup");
    }
    if !sets.is_empty() {
        report = report.section(sets::section(&sets));
    }
    let unreadable = unreadable + sets.iter().filter(|set| set.is_unreadable()).count();
    Ok(if unreadable > 0 || !broken.is_empty() { report.verdict(Verdict::Fail) } else { report })
}

fn merged(mut one: Value, two: Value) -> Value {
    if let (Some(one), Value::Object(two)) = (one.as_object_mut(), two) {
        one.extend(two);
    }
    one
}

/// `base` is the start of its chain and `broken` what is wrong with that chain, if it is an increment.
fn readable_row(
    archive: &Shelved,
    manifest: &Manifest,
    (base, broken): (Option<&str>, Option<&str>),
    history: &History,
) -> (Vec<String>, Value) {
    let standing = history.standing(&manifest.id, &archive.name, &archive.object.stamp);
    let holds = match (manifest.missing.is_empty(), manifest.is_whole()) {
        (_, true) if manifest.signal.as_ref().is_some_and(|signal| !signal.paired || signal.logged_out_ms.is_some()) => {
            "all, no link".to_owned()
        }
        (_, true) => "all".to_owned(),
        (false, _) => {
            let names: Vec<&str> = manifest.missing.iter().map(|missing| missing.name.as_str()).collect();
            format!("not {}", names.join(", "))
        }
        (true, false) => "damaged data".to_owned(),
    };
    let holds = match standing.failed.map(Check::level) {
        None => holds,
        Some(Level::Restore) => format!("{holds}; it did NOT come back"),
        Some(_) => format!("DAMAGED; it states: {holds}"),
    };
    let holds = broken.map_or(holds, |why| format!("BROKEN CHAIN: {why}"));
    let kind = match (&manifest.chain, base) {
        (Some(chain), Some(base)) => format!("increment {} of {base}", chain.depth),
        _ => "full".into(),
    };
    let row = vec![
        archive.name.clone(),
        manifest.session.clone(),
        manifest.created.clone(),
        kind,
        size(archive.object.size_bytes),
        words(standing).unwrap_or_else(|| history.unchecked(Some(&manifest.id), &archive.name).to_owned()),
        holds,
    ];
    let more = json!({
        "id": manifest.id, "session": manifest.session, "created_ms": manifest.created_ms, "whole": manifest.is_whole(),
        "chain": manifest.chain, "broken": broken,
    });
    (row, merged(more, standing_data(standing)))
}

/// An archive that cannot be read here: what its name says, and what the journal knows if this home
/// made it or has read it once.
fn locked_row(archive: &Shelved, history: &History) -> (Vec<String>, Value) {
    let (name, stamp) = (archive.name.as_str(), &archive.object.stamp);
    let written = history.written(name, stamp);
    let id = history.id(name, stamp);
    // Without an id, checks that could read none are left, such as of a file that is no archive at all.
    let standing = history.standing(id.unwrap_or_default(), name, stamp);
    let created_ms = archive.remembered_ms(history).or(archive.created_ms());
    let taken = created_ms.map_or("?".into(), |at_ms| clock::rfc3339(clock::from_ms(at_ms)));
    let checked = words(standing).unwrap_or_else(|| written.map_or(history.unchecked(id, name), |_| "read back only").to_owned());
    let holds = match written.map(|written| written.whole) {
        None => "encrypted: no key was given",
        Some(true) => "all; encrypted",
        Some(false) => "not all; encrypted",
    };
    let kind = if shelf::is_increment(name) { "increment" } else { "full" };
    let session = archive.session();
    let row = vec![
        name.to_owned(),
        session.unwrap_or("?").to_owned(),
        taken,
        kind.into(),
        size(archive.object.size_bytes),
        checked,
        holds.to_owned(),
    ];
    let mut more = merged(json!({ "session": session, "created_ms": created_ms }), standing_data(standing));
    if let Some(written) = written {
        // Whatever this home wrote was read back, or it was no backup.
        more = merged(more, json!({ "id": written.archive_id, "whole": written.whole, "read_back": true }));
    }
    (row, more)
}

/// `quick, 2026-…; failed at level restore, 2026-…`.
fn words(standing: Standing<'_>) -> Option<String> {
    let when = |at_ms: i64| clock::rfc3339(clock::from_ms(at_ms));
    let verified = standing.verified.map(|(level, at_ms)| format!("{}, {}", level.name(), when(at_ms)));
    let failed = standing.failed.map(|check| format!("FAILED at level {}, {}", check.level().name(), when(check.at_ms)));
    let words: Vec<String> = failed.into_iter().chain(verified).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn standing_data(Standing { verified, failed }: Standing<'_>) -> Value {
    json!({
        "verified_level": verified.map(|(level, _)| level), "verified_ms": verified.map(|(_, at_ms)| at_ms),
        "failed_level": failed.map(Check::level), "failed_ms": failed.map(|check| check.at_ms),
        "failed_why": failed.and_then(Check::why),
    })
}

fn show(app: &App, args: &ShowArgs) -> Result<Report> {
    let identities = args.keys.identities(app)?;
    let archive = locate(app, &args.archive, &identities)?;
    let place = archive.place();
    let manifest = open::manifest(&mut archive.open(&identities)?)?;
    let mut section = describe(&manifest, Section::default())
        .field("format", format!("{}.{}", manifest.format.major, manifest.format.minor))
        .field("written by", format!("wpp {}", manifest.tool_version))
        .field("home", manifest.home_kind.name());
    if let Some(signal) = &manifest.signal {
        section = section.field(
            "Signal state",
            format!(
                "{}, {}, next prekey {}, {}",
                count(signal.sessions, "session", "sessions"),
                count(signal.sender_keys, "sender key", "sender keys"),
                signal.next_prekey_id,
                count(signal.login_counter, "login", "logins")
            ),
        );
    }
    let section = section.line("This is what the archive says about itself. It was not verified now.");
    Ok(Report::answer("backup-show", format!("{place}: archive of session {}", manifest.session))
        .section(section)
        .next(format!("wpp backup verify {place}"))
        .data(json!({ "path": place, "manifest": manifest.summary() })))
}
