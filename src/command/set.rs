//! `wpp backup --channel`, and what else is done with sets: `wpp backup verify` and `wpp restore --set`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::backup::{fault_points, patience};
use crate::app::App;
use crate::archive::destination::{Destination, STORE_SCHEME};
use crate::archive::seal::{Identities, Recipients};
use crate::archive::shelf::{self, Located};
use crate::archive::verify::Level;
use crate::clock::Stopwatch;
use crate::disk::{self, Lock};
use crate::dump::layout::Plan;
use crate::dump::set::{self, Manifest, Request, Verifying};
use crate::dump::take::Taking;
use crate::error::{Error, ErrorKind, Result};
use crate::home::HomeKind;
use crate::interrupt::Interrupts;
use crate::plugin::host::Interface;
use crate::report::{Metric, Report, Section, Steps, Table, Verdict, count, quoted, size};

/// What a set is made with.
pub(super) struct Wanted<'a> {
    /// The gateway's name in config.toml.
    pub channel: &'a str,
    /// Where it goes.
    pub destination: Arc<Destination>,
    /// Who may read it.
    pub recipients: Option<&'a Recipients>,
    /// What it is read back with.
    pub identities: &'a Identities,
    /// Whether one that lacks something is kept.
    pub allow_incomplete: bool,
    /// Whether pictures and sound are taken, too.
    pub media: bool,
}

/// Takes a gateway's state.
pub(super) fn make(app: &App, wanted: &Wanted<'_>) -> Result<Report> {
    let watch = Stopwatch::start();
    let title = title(app, wanted.channel)?;
    let plan = Plan::of(wanted.channel, app.config().dump(wanted.channel), title.as_deref())?;
    app.home().ensure()?;
    disk::create_folder(&app.home().backup_state())?;
    let _lock = Lock::acquire(&app.home().set_lock(wanted.channel), "backup")?;
    let secrets = app.gateway_secrets();
    let interrupts = Interrupts::watch()?;
    let stop = interrupts.flag();
    let taking = Taking {
        tools_folder: app.config().text("postgres.folder"),
        secret: &|name| secrets.get(wanted.channel, name),
        patience: patience(app),
        media: wanted.media,
        loopback_only: app.home().kind() == HomeKind::Sandbox,
        stop: &stop,
    };
    let request = Request {
        plan: &plan,
        taking: &taking,
        destination: &wanted.destination,
        recipients: wanted.recipients,
        identities: wanted.identities,
        scratch: &scratch(app)?,
        allow_incomplete: wanted.allow_incomplete,
    };
    let mut steps = Steps::new(&**app.sink());
    let made = set::make(&request, &mut steps)?;
    let manifest = &made.manifest;
    let verified = set::verified(made.level);
    let how = if manifest.complete { "backed up" } else { "INCOMPLETE, backed up in part" };
    let mut report = Report::new("dump-set", format!("{}: {how}, {}, {verified}", wanted.channel, size(made.size_bytes)));
    let mut section = Section::default().field("set", &made.place);
    for place in &made.removed {
        section = section.line(format!("removed {place}, which a killed backup had left"));
    }
    report = report.section(section).section(parts(manifest)).data(json!({
        "path": made.place,
        "size_bytes": made.size_bytes,
        "level": made.level,
        "complete": manifest.complete,
        "manifest": manifest.summary(),
    }));
    if !manifest.complete {
        report = report.verdict(Verdict::Fail);
        report.warnings.push(format!("the set is incomplete, and is no backup of {}: {}", wanted.channel, manifest.lacks()));
    }
    let changed = manifest.parts.iter().filter(|part| part.detail["changed_while_read"] == true);
    for part in changed {
        report.warnings.push(format!(
            "{} changed in every reading: it is as exact as a copy of a running gateway can be; stop the gateway for a better one",
            part.name
        ));
    }
    for part in &manifest.parts {
        let skipped: Vec<&str> =
            part.detail["skipped"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        if let Some(first) = skipped.first() {
            report.warnings.push(format!(
                "{} left out {} ({first}): links, sockets and pipes are not taken, so links have to be made anew after a restore",
                part.name,
                count(skipped.len(), "entry that is no file", "entries that are no files")
            ));
        }
    }
    report.metrics.push(Metric { name: "set_size_bytes".into(), value: made.size_bytes as f64 });
    report.metrics.push(Metric { name: "set_took_ms".into(), value: watch.elapsed_ms() as f64 });
    report.metrics.extend(fault_points(app));
    report.steps = steps.done;
    app.journal()?.record(
        None,
        "dump-set",
        &json!({ "channel": wanted.channel, "path": made.place, "id": manifest.id, "complete": manifest.complete, "level": made.level }),
    )?;
    Ok(report.next(format!("wpp backup verify {}", quoted(&made.place))))
}

/// What the plugin of this name calls itself; `None` without one.
fn title(app: &App, name: &str) -> Result<Option<String>> {
    let plugins = app.plugins()?;
    if !plugins.registry().offering(Interface::Channel).any(|known| known == name) {
        return Ok(None);
    }
    let asked = plugins.load(name).and_then(|loaded| loaded.call(async |plugin, powers| plugin.describe(powers).await).answer);
    match asked {
        Ok(about) => Ok(Some(about.title)),
        // A gateway is backed up with a broken plugin, too, where it is said what it is.
        Err(_) if app.config().dump(name).is_some_and(|table| table.contains_key("channel")) => Ok(None),
        Err(error) => Err(error.hint(format!("or say which gateway it is, by channel = \"…\" in [dump.{name}] of config.toml"))),
    }
}

fn parts(manifest: &Manifest) -> Section {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for part in &manifest.parts {
        let bytes = part.members.iter().map(|member| member.size_bytes).sum();
        let files = part.members.len();
        let secret = if part.secret { "secret" } else { "" };
        rows.push(vec![
            part.name.clone(),
            part.kind.name().into(),
            part.role.name().into(),
            format!("{files} files, {}", size(bytes)),
            secret.into(),
        ]);
    }
    for lacking in &manifest.missing {
        rows.push(vec![
            lacking.name.clone(),
            "MISSING".into(),
            lacking.role.name().into(),
            lacking.reason.clone(),
            String::new(),
        ]);
    }
    let columns = ["part", "kind", "role", "what", ""];
    Section::new("Parts").table(Table::new(columns, rows))
}

/// A folder of this machine for what is unpacked, in a home that is one.
pub(super) fn scratch(app: &App) -> Result<PathBuf> {
    app.home().ensure()?;
    Ok(app.scratch())
}

/// Whether an operator means a set, by its name.
pub(super) fn is_meant(text: &str) -> bool {
    shelf::is_set(text.rsplit('/').next().unwrap_or(text))
}

/// The set that an operator names: a path, an address, or a name at the destination of backups.
pub(super) fn locate(app: &App, text: &str) -> Result<Located> {
    if text.starts_with(STORE_SCHEME) {
        let wrong = || Error::new(ErrorKind::Usage, format!("{text:?} names no set")).hint("write s3://BUCKET/PREFIX/NAME");
        let (place, name) = text.rsplit_once('/').ok_or_else(wrong)?;
        let destination = Destination::parse(place, &app.store_settings()?)?;
        return Ok(Located::new(Arc::new(destination), name));
    }
    if Path::new(text).exists() || text.contains('/') {
        return match Path::new(text).is_file() {
            true => Located::file(Path::new(text)),
            false => Err(Error::new(ErrorKind::Usage, format!("there is no set {text}")).hint("check the path that was given")),
        };
    }
    let destination = app.destination()?;
    match destination.look(text)? {
        Some(_) => Ok(Located::new(destination, text)),
        None => Err(Error::new(ErrorKind::Usage, format!("there is no set {text} at {destination}")).hint("give its path")),
    }
}

/// Verifies a set.
pub(super) fn verify(app: &App, text: &str, level: Level, identities: &Identities) -> Result<Report> {
    if level == Level::Restore {
        return Err(Error::new(
            ErrorKind::Usage,
            "a set of a gateway cannot be verified at level restore: its programs are not here",
        )
        .hint(format!(
            "`wpp dump rehearse {}` restores its dump of PostgreSQL; --level quick looks into every part",
            quoted(text)
        )));
    }
    let watch = Stopwatch::start();
    let located = locate(app, text)?;
    let interrupts = Interrupts::watch()?;
    let stop = interrupts.flag();
    let mut input = located.open(identities)?;
    input.stop_at(stop.clone());
    let verifying = Verifying { level, scratch: &scratch(app)?, tools_folder: app.config().text("postgres.folder"), stop: &stop };
    let manifest = set::verify(input, &verifying)?;
    let how = if manifest.complete { "" } else { "; it is INCOMPLETE" };
    let title = format!("{}: a set of {}, verified at level {}{how}", located.place(), manifest.channel, level.name());
    let mut report = Report::answer("dump-set-verify", title).section(parts(&manifest)).data(json!({
        "path": located.place(),
        "level": level,
        "complete": manifest.complete,
        "manifest": manifest.summary(),
    }));
    if !manifest.complete {
        report.warnings.push(format!("it was incomplete already when it was made: {}", manifest.lacks()));
    }
    report.metrics.push(Metric { name: "verify_took_ms".into(), value: watch.elapsed_ms() as f64 });
    Ok(report)
}

/// Lays a set out in a new folder.
pub(super) fn lay_out(app: &App, text: &str, into: &Path, identities: &Identities) -> Result<Report> {
    let located = locate(app, text)?;
    let into = std::path::absolute(into).unwrap_or_else(|_| into.to_owned());
    let manifest = set::lay_out(located.open(identities)?, &into)?;
    let shown = into.display().to_string();
    let title = format!("{}: laid out in {shown}, every byte verified at level hash", manifest.channel);
    let mut report = Report::new("dump-set-restore", title).section(parts(&manifest)).data(json!({
        "set": located.place(),
        "into": into,
        "complete": manifest.complete,
        "manifest": manifest.summary(),
    }));
    if !manifest.complete {
        report = report.verdict(Verdict::Fail);
        report.warnings.push(format!("the set is incomplete: {}", manifest.lacks()));
    }
    for part in manifest.parts.iter().filter(|part| part.kind == crate::dump::layout::PartKind::Postgres) {
        for member in &part.members {
            let file = into.join(&member.name);
            report = report.next(format!(
                "wpp dump load {} --into postgres://USER@HOST/EMPTY-DATABASE",
                quoted(&file.display().to_string())
            ));
        }
    }
    Ok(report.next("stop the gateway, move each part to its place, start it"))
}

/// The dump of PostgreSQL in a set, unpacked beside `folder`'s other contents.
pub(super) fn dump_of(app: &App, text: &str, folder: &Path, identities: &Identities) -> Result<PathBuf> {
    set::dump_of(locate(app, text)?.open(identities)?, folder)
}
