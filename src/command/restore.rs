//! `wpp restore`.

use serde_json::{Value, json};

use super::backup::{fault_points, locate};
use super::keys::ReadKeys;
use super::{site, site_with_sink};
use crate::app::App;
use crate::archive::custody::{self, Custody, Ledger};
use crate::archive::manifest::{CONFIG, Manifest, WPP_DB};
use crate::archive::open;
use crate::archive::seal::{Identities, SUFFIX};
use crate::archive::shelf::{self, Located};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{HomeKind, SessionPaths};
use crate::lifecycle::{Site, describe};
use crate::report::{Report, Section, Silent, Verdict, quoted, size};
use crate::restore::{self, Health, Kind, Lifecycle, Request, RestorePlan, Source, Wanted};
use crate::session::messages::Adopted;
use crate::session::rekey::Rekeyed;
use crate::session::state::State;

/// Options of `wpp restore`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Path or s3:// address of the archive, its name at the backup destination, or `latest`; or a wpp.db
    /// that you kept, as it is or gzipped, from which messages come back
    #[arg(value_name = "ARCHIVE", value_hint = clap::ValueHint::FilePath, required_unless_present = "set")]
    archive: Option<String>,
    /// Lay out a set of a gateway's state (*.wppset.tar.gz) in a new folder, in the place of restoring a session
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "into", conflicts_with_all = ["archive", "plan", "dry_run"])]
    set: Option<String>,
    /// The folder that the set is laid out in; it must not exist
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath, requires = "set")]
    into: Option<std::path::PathBuf>,
    /// What to bring back
    #[arg(long, value_enum, default_value_t = Wanted::Auto)]
    plan: Wanted,
    /// Show the plan and verify the archive; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
    /// Do not start the daemon afterwards
    #[arg(long)]
    keep_daemon_stopped: bool,
    #[command(flatten)]
    keys: ReadKeys,
}

impl Args {
    /// Plans a restore, asks, and carries it out.
    pub fn run(self, app: &App) -> Result<Report> {
        if let (Some(set), Some(into)) = (&self.set, &self.into) {
            return super::set::lay_out(app, set, into, &self.keys.identities(app)?);
        }
        let session = app.session()?;
        let identities = self.keys.identities(app)?;
        let (archive, passed_over) = self.choose(app, &session, &identities)?;
        let place = archive.place();
        let source = Source::find(&archive, &identities, &session, app.home().kind(), &app.scratch())?;
        let manifest = source.manifest();
        site(app, &session)?;
        // A home that was never used has no journal, and a dry run makes none.
        let fresh = !app.home().journal().exists();
        let mut current = restore::survey(&session, app.home().kind())?;
        source.check_account(&session)?;
        let custody = if source.is_bare() {
            Custody::Unprovable("a bare database of messages says nothing about keys".into())
        } else if fresh {
            Custody::Unprovable("this home has no journal, so nothing is known about what happened to the store".into())
        } else {
            let ledger = Ledger::read(app.journal()?, session.name(), &manifest.custody)?;
            current.removed = custody::removed(manifest, session.name(), &ledger);
            custody::judge(manifest, session.name(), &ledger, current.signal.as_ref())
        };
        let start = !self.keep_daemon_stopped;
        let plan = match restore::plan(manifest, &custody, &current, self.plan, start) {
            Ok(mut plan) => {
                plan.warnings.extend(source.warnings());
                plan
            }
            Err(refusal) => {
                // The refusal names other plans; a damaged archive would fail in each of them.
                source.verify(&app.scratch(), &**app.sink())?;
                let root = app.home().root();
                if manifest.home_kind == HomeKind::Sandbox && app.home().kind() == HomeKind::Live && !root.exists() {
                    let root = quoted(&root.display().to_string());
                    return Err(refusal.hint(format!("make one there first: `wpp --home {root} simulator --create --detach`")));
                }
                return Err(refusal);
            }
        };
        // Read before anything is done: an archive in a store may be out of reach afterwards.
        let settings = config_section(app, &archive, &source)?;
        if self.dry_run {
            let verified = source.verify(&app.scratch(), &**app.sink())?;
            let title = format!(
                "{}: would restore {} from {} ({verified}); nothing was changed",
                session.name(),
                plan.kind.name(),
                source.describe()
            );
            let report = Report::new("restore", title).section(plan_section(&plan, true)).section(settings);
            let mut report = report
                .data(json!({ "dry_run": true, "archive": place, "plan": plan, "current": current, "passed_over": passed_over }));
            report.sections.extend(passed_over_section(&passed_over));
            return Ok(report);
        }

        let mut question = format!(
            "Restore session {} from {} ({}: {} replaced, the old files are kept)?",
            session.name(),
            source.describe(),
            plan.kind.name(),
            plan.kind.files().join(" and ")
        );
        if !plan.warnings.is_empty() {
            question = format!("{}{question}", listed("Note", &plan.warnings));
        }
        if !plan.loses.is_empty() {
            question = format!("{}{question}", listed("Not there afterwards", &plan.loses));
        }
        if plan.kind == Kind::ForceExact {
            question = format!("THIS LOSES MESSAGES WITHOUT A WORD; `--plan rekey` does not.\n{question}");
        }
        let confirmed = app.confirm_or_dry_run(self.yes, &question)?;
        // The daemon's own steps are steps of the restore; told by it, they need no telling twice.
        let daemon = Daemon(site_with_sink(app, &session, &Silent)?);
        let request = Request {
            source: &source,
            session: &session,
            journal: app.journal()?,
            lifecycle: &daemon,
            start,
            sink: &**app.sink(),
        };
        let restored = restore::restore(&request, &plan, confirmed)?;

        let from = format!("{} from {}", plan.kind.name(), source.describe());
        let title = match (restored.good, restored.rolled_back) {
            (true, _) if !start => format!("{}: restored {from}; the daemon is not running", session.name()),
            (true, _) => match &restored.health {
                Some(Health::Unproven(state)) => {
                    format!("{}: restored {from}; the daemon runs, but could not be seen to work: {state}", session.name())
                }
                Some(Health::Unlinked(state)) => {
                    format!("{}: restored {from}; the session waits to be linked: {state}", session.name())
                }
                _ => format!("{}: restored {from}", session.name()),
            },
            (false, true) => {
                format!("{}: NOT restored, the old files are back: the daemon did not become healthy with {from}", session.name())
            }
            (false, false) => format!("{}: restored {from}, but the daemon did not become healthy", session.name()),
        };
        let done = match restored.rolled_back {
            // What the plan would have cost was not paid.
            true => Section::default()
                .field("plan", format!("{}, undone", plan.kind.name()))
                .line("The session holds what it held before, and no message was lost by the attempt."),
            false => plan_section(&plan, false),
        };
        let mut report = Report::new("restore", title).section(done).section(settings);
        report.sections.extend(passed_over_section(&passed_over));
        let mut aside = Section::new("Old files");
        // The restore is done, and a listing that fails takes nothing from it.
        let (old_copies, unlisted) = match restore::old_copies(&session) {
            Ok(copies) => (copies, None),
            Err(error) => (Vec::new(), Some(error.chain())),
        };
        for (folder, bytes) in &old_copies {
            let note = if Some(folder) == restored.old.as_ref() { "set aside now, " } else { "" };
            aside = aside.field(format!("{note}{}", size(*bytes)), folder.display());
        }
        if let Some(unlisted) = &unlisted {
            if let Some(old) = &restored.old {
                aside = aside.field("set aside now", old.display());
            }
            aside = aside.line(format!("Warning: they cannot be listed: {unlisted}"));
        }
        if restored.old.is_some() {
            aside = aside
                .line("They hold the session's secrets like the session itself. wpp deletes none of them unless you tell it to.")
                .line(format!(
                    "When they are not needed any more: `wpp backup prune --set-aside --older-than 30d --session {}`, which keeps the newest of each kind.",
                    session.name()
                ));
        }
        if let Some(kept) = restored.old.as_ref().map(|old| old.join(WPP_DB)).filter(|kept| kept.exists()) {
            let undo = format!("wpp restore {} --plan data --session {}", quoted(&kept.display().to_string()), session.name());
            report = report
                .next(format!("{undo} --dry-run   # looks at the messages that were replaced"))
                .next(format!("{undo}   # puts them back"));
        }
        if !old_copies.is_empty() || unlisted.is_some() {
            report = report.section(aside);
        }
        report.steps.clone_from(&restored.steps);
        report.metrics.extend(fault_points(app));
        let old: Vec<Value> = old_copies.iter().map(|(path, bytes)| json!({ "path": path, "size_bytes": bytes })).collect();
        let old = unlisted.is_none().then_some(old);
        report = report.data(json!({
            "dry_run": false, "archive": place, "plan": plan, "good": restored.good, "rolled_back": restored.rolled_back,
            "health": restored.health, "old": restored.old, "old_copies": old,
            "rekeyed": restored.rekeyed, "woken": restored.woken, "adopted": restored.adopted,
            "passed_over": passed_over,
        }));
        if restored.adopted != Adopted::default() {
            let mut waits = Section::new("What waits to be sent");
            if restored.adopted.rejected > 0 {
                waits = waits.field(
                    "rejected",
                    format!("{} messages, which another session or device had queued", restored.adopted.rejected),
                );
                report = report.next(format!("wpp outbound list --session {}   # what was rejected", session.name()));
            }
            if restored.adopted.paused {
                waits = waits.field("paused", "sending was paused before the restore, and stays so");
                report = report.next(format!("wpp outbound resume --session {}   # when it is to be sent", session.name()));
            }
            report = report.section(waits);
        }
        if let Some(rekeyed) = &restored.rekeyed {
            report = report.section(keys_section(rekeyed, restored.woken));
        }
        if matches!(restored.health, Some(Health::Unproven(_))) {
            report = report.verdict(Verdict::Unknown).next(format!("wpp status --session {}", session.name()));
        }
        if restored.woken == Some(false) {
            report = report
                .verdict(Verdict::Unknown)
                .next(format!("wpp doctor --only wpp.restore.wake-owed --session {}   # until it is ok", session.name()));
        }
        if matches!(restored.health, Some(Health::Unlinked(_))) {
            report = report.next(format!("wpp reauth --session {}", session.name()));
        }
        if !restored.good {
            report = report.verdict(Verdict::Fail).next(format!("wpp doctor --session {}", session.name()));
        } else if self.keep_daemon_stopped {
            report = report.next(format!("wpp start --session {}", session.name()));
        }
        Ok(report)
    }
}

impl Args {
    /// The archive that is meant. `latest` is the newest that holds what is to come back; names of
    /// newer ones, with what they lack, come back beside it.
    fn choose(&self, app: &App, session: &SessionPaths, identities: &Identities) -> Result<(Located, Vec<String>)> {
        // The command line asks for one unless it names a set.
        let archive = self.archive.as_deref().unwrap_or_default();
        let newest = locate(app, archive, identities)?;
        if archive != "latest" || newest.name() == "latest" {
            return Ok((newest, Vec::new()));
        }
        let current = restore::survey(session, app.home().kind())?;
        let lacks = |manifest: &Manifest| restore::holds(manifest, &current, self.plan).err();
        // One that cannot be read is refused below, with the reason.
        let read = newest.open(identities).and_then(|mut input| open::manifest(&mut input));
        if !read.is_ok_and(|manifest| lacks(&manifest).is_some()) {
            return Ok((newest, Vec::new()));
        }
        let destination = app.destination()?;
        let mut passed_over = Vec::new();
        for shelved in shelf::list(&destination, identities)?.into_iter().rev() {
            if shelved.session() != Some(session.name()) {
                continue;
            }
            let reason = match &shelved.manifest {
                Ok(manifest) => lacks(manifest).map(|reason| reason.message().to_owned()),
                Err(error) => Some(error.chain()),
            };
            match reason {
                None => return Ok((Located::new(destination, &shelved.name), passed_over)),
                Some(reason) => passed_over.push(format!("{}: {reason}", shelved.name)),
            }
        }
        Ok((newest, Vec::new()))
    }
}

/// One line for each sentence.
fn listed(title: &str, sentences: &[String]) -> String {
    sentences.iter().fold(format!("{title}:\n"), |text, sentence| format!("{text}  - {sentence}\n"))
}

fn passed_over_section(passed_over: &[String]) -> Option<Section> {
    let section = passed_over.iter().fold(Section::default(), |section, reason| section.field("passed over", reason));
    (!passed_over.is_empty()).then_some(section)
}

fn plan_section(plan: &RestorePlan, steps: bool) -> Section {
    let mut section = Section::default()
        .field("plan", plan.kind.name())
        .field("why", &plan.why)
        .field("replaces", plan.kind.files().join(", "));
    if plan.loses.is_empty() {
        section = section.field("cannot come back", "nothing that is known");
    }
    for loss in &plan.loses {
        section = section.field("cannot come back", loss);
    }
    for warning in &plan.warnings {
        section = section.field("note", warning);
    }
    for (number, step) in (1..).zip(plan.steps.iter().filter(|_| steps)) {
        section = section.field(format!("step {number}"), step);
    }
    section
}

/// What became of the Signal state.
fn keys_section(rekeyed: &Rekeyed, woken: Option<bool>) -> Section {
    Section::new("Fresh keys")
        .field(
            "dropped",
            format!("{} Signal sessions, {} sender keys", rekeyed.sessions_dropped, rekeyed.own_sender_keys_dropped),
        )
        .field("kept", format!("{} one-time keys that strangers may still use", rekeyed.prekeys_kept))
        .field("next key", format!("{} (up to {} may have been used)", rekeyed.next_prekey_id, rekeyed.highest_prekey_id))
        .field(
            "own phone",
            match woken {
                Some(true) => "woken: what is written there from now on comes here",
                Some(false) => {
                    "not woken yet: the daemon goes on trying, and until then copies of what is written there are lost"
                }
                None => "is woken by the daemon once it has connected",
            },
        )
}

/// The settings in the archive beside those of this home. They are never overwritten: they belong
/// to all sessions of the home.
fn config_section(app: &App, archive: &Located, source: &Source<'_>) -> Result<Section> {
    let section = Section::new("Settings (reviewed, not restored)");
    let Some(theirs) = source.small_content(CONFIG)? else {
        let what = if source.is_bare() { "a bare database" } else { "the archive" };
        return Ok(section.line(format!("{what} holds no config.toml")));
    };
    let path = app.home().config();
    let ours = match disk::read_small(&path, crate::config::SIZE_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(disk::cannot("read", &path, error)),
    };
    if ours == theirs {
        return Ok(section.line("config.toml in the archive is the same as here"));
    }
    let (ours, theirs) = (String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs));
    let mut section = section;
    for line in theirs.lines().filter(|line| !line.trim().is_empty() && !ours.lines().any(|other| other == *line)) {
        section = section.line(format!("only in the archive: {line}"));
    }
    for line in ours.lines().filter(|line| !line.trim().is_empty() && !theirs.lines().any(|other| other == *line)) {
        section = section.line(format!("only here: {line}"));
    }
    Ok(match archive.path() {
        Some(path) if !archive.name().ends_with(SUFFIX) => {
            section.line(format!("to take it over: tar -xzOf '{}' {CONFIG}", path.display()))
        }
        _ => section,
    })
}

/// The daemon's verbs, as a restore needs them.
struct Daemon<'a>(Site<'a>);

impl Lifecycle for Daemon<'_> {
    fn stop(&self) -> Result<bool> {
        Ok(self.0.stop(false)?.pid.is_some())
    }

    fn start(&self) -> Result<Health> {
        let status = self.0.start_whatever_is_there()?.status;
        match status.state {
            State::Ready => Ok(Health::Healthy(describe(&status))),
            State::AuthRequired => Ok(Health::Unlinked(describe(&status))),
            State::Error | State::Stopped => Err(Error::new(ErrorKind::Failed, format!("the daemon is {}", describe(&status)))
                .hint(format!("`wpp doctor --session {}` says why", status.session))),
            _ => Ok(Health::Unproven(describe(&status))),
        }
    }
}
