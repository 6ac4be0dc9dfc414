//! `wpp backup prune`, and what a backup prunes by itself.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::backup::fault_points;
use super::keys::ReadKeys;
use super::sets;
use super::site;
use crate::app::App;
use crate::archive::destination::Destination;
use crate::archive::retention::{Decision, Facts, PrunePlan, Rules};
use crate::archive::seal::Identities;
use crate::backup::Backup;
use crate::clock::{self, CalendarSpan};
use crate::confirm::Confirmed;
use crate::error::Result;
use crate::home::SessionPaths;
use crate::prune::aside::{self, Copy};
use crate::prune::{self, Pruned, Request};
use crate::report::{Event, Report, Section, Table, count, size};

/// Options of `wpp backup prune`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The rules are counted in the local time zone, which the plan names; each keeps the newest archive of \
an hour, a day, an ISO week, a month or a year. Never removed, whatever the rules say: the newest archive, the newest one \
verified at each level, what is newer than the last verified one, what a kept increment builds on, and what cannot be read. \
Without a rule nothing is removed.\n\n\
Examples:\n  \
  wpp backup prune --dry-run --keep-daily 7 --keep-weekly 5 --keep-monthly 12\n  \
  wpp backup prune --yes                  by the rules in config.toml (backup.keep_daily and so on)\n  \
  wpp backup prune --channel openwa --keep-daily 7 --dry-run   sets of a gateway\n  \
  wpp backup prune --set-aside --older-than 30d   old copies that restores and new links have left")]
pub struct PruneArgs {
    /// Folder or s3://BUCKET/PREFIX to prune [default: backup.destination in config.toml, else `backups` in the home]
    #[arg(value_name = "DESTINATION", value_hint = clap::ValueHint::DirPath)]
    destination: Option<String>,
    /// Remove old sets of this gateway in the place of archives of a session, by the same rules
    #[arg(long, value_name = "NAME", conflicts_with = "set_aside")]
    channel: Option<String>,
    #[command(flatten)]
    rules: RuleArgs,
    /// Remove old copies of the session instead, which restores and new links have set aside
    #[arg(long, requires = "older_than", conflicts_with_all = ["destination", "rules"])]
    set_aside: bool,
    /// Age from which old copies go: 30d, 36h, 2m (months), 1y; the newest of each kind stays
    #[arg(long, value_name = "TIME", requires = "set_aside", value_parser = span)]
    older_than: Option<CalendarSpan>,
    /// Show the plan and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    keys: ReadKeys,
}

/// What is kept; each takes the place of the setting of its name.
#[derive(Debug, clap::Args)]
#[group(id = "rules", multiple = true)]
struct RuleArgs {
    /// Keep the newest N archives [default: backup.keep_last in config.toml]
    #[arg(long, value_name = "N")]
    keep_last: Option<u64>,
    /// Keep the newest archive of each of the last N hours that have one
    #[arg(long, value_name = "N")]
    keep_hourly: Option<u64>,
    /// Keep the newest archive of each of the last N days that have one
    #[arg(long, value_name = "N")]
    keep_daily: Option<u64>,
    /// Keep the newest archive of each of the last N weeks that have one
    #[arg(long, value_name = "N")]
    keep_weekly: Option<u64>,
    /// Keep the newest archive of each of the last N months that have one
    #[arg(long, value_name = "N")]
    keep_monthly: Option<u64>,
    /// Keep the newest archive of each of the last N years that have one
    #[arg(long, value_name = "N")]
    keep_yearly: Option<u64>,
    /// Keep all archives made within this time before the newest: 7d, 36h, 2m (months), 1y6m
    #[arg(long, value_name = "TIME", value_parser = span)]
    keep_within: Option<CalendarSpan>,
}

fn span(text: &str) -> Result<CalendarSpan, String> {
    text.parse().map_err(|wanted| format!("not {wanted}"))
}

impl RuleArgs {
    fn over(&self, settings: Rules) -> Rules {
        Rules {
            last: self.keep_last.unwrap_or(settings.last),
            hourly: self.keep_hourly.unwrap_or(settings.hourly),
            daily: self.keep_daily.unwrap_or(settings.daily),
            weekly: self.keep_weekly.unwrap_or(settings.weekly),
            monthly: self.keep_monthly.unwrap_or(settings.monthly),
            yearly: self.keep_yearly.unwrap_or(settings.yearly),
            within: self.keep_within.or(settings.within),
        }
    }
}

impl PruneArgs {
    /// Plans what goes, asks, and removes it.
    pub fn run(self, app: &App) -> Result<Report> {
        if let Some(channel) = &self.channel {
            return sets::prune(
                app,
                &sets::Pruning {
                    channel,
                    destination: &*app.given_destination(self.destination.as_deref())?,
                    identities: &self.keys.given(app)?,
                    rules: &self.rules.over(prune::configured(app.config())),
                    dry_run: self.dry_run,
                    yes: self.yes,
                },
            );
        }
        let session = app.session()?;
        if let (true, Some(older_than)) = (self.set_aside, self.older_than) {
            return set_aside(app, &session, older_than, self.dry_run, self.yes);
        }
        let destination = app.given_destination(self.destination.as_deref())?;
        // Looking must not make a journal, nor the home around it.
        if !app.home().journal().exists() {
            let text = format!("{}: this home has verified no archive, so it removes none", session.name());
            return Ok(Report::answer("prune", text).next("wpp backup list").data(json!({
                "session": session.name(), "folder": destination.to_string(), "dry_run": true,
                "time_zone": clock::local_zone().1, "rules": self.rules.over(prune::configured(app.config())),
                "archives": [], "removed": [], "freed_bytes": 0, "spared": [],
            })));
        }
        if !self.dry_run {
            prune::recover(&session, app.journal()?, Some(&destination))?;
        }
        let rules = self.rules.over(prune::configured(app.config()));
        let (zone, zone_name) = clock::local_zone();
        let identities = self.keys.given(app)?;
        let request = Request {
            destination: &destination,
            identities: &identities,
            session: &session,
            journal: app.journal()?,
            rules: &rules,
            zone: &zone,
        };
        let survey = prune::survey(&request)?;
        // A name that was mistyped is not a session without archives.
        if survey.plan.decisions.is_empty() && app.given_session()?.is_some() {
            app.existing_session()?;
        }
        let removals = survey.plan.removals();
        let freed: u64 = removals.iter().map(|decision| decision.archive.size_bytes).sum();
        let what = count(removals.len(), "archive", "archives");
        let data = |dry_run: bool, pruned: Option<&Pruned>| {
            json!({
                "session": session.name(), "folder": destination.to_string(), "dry_run": dry_run, "time_zone": zone_name, "rules": rules,
                "archives": survey.plan.decisions.iter().map(decision_data).collect::<Vec<Value>>(),
                "removed": pruned.map_or(&[][..], |pruned| &pruned.removed),
                "freed_bytes": pruned.map_or(0, |pruned| pruned.freed_bytes),
                "spared": pruned.map_or(&[][..], |pruned| &pruned.spared),
            })
        };
        if self.dry_run || removals.is_empty() {
            let title = match (removals.len(), survey.plan.decisions.len()) {
                (0, 0) => format!("{}: no archive in {}", session.name(), destination),
                (0, all) => {
                    format!("{}: nothing to remove of {} in {}", session.name(), count(all, "archive", "archives"), destination)
                }
                _ => format!("{}: would remove {what} ({}); nothing was removed", session.name(), size(freed)),
            };
            let mut report = Report::answer("prune", title).section(rules_section(&rules, &zone_name));
            if !survey.plan.decisions.is_empty() {
                report = report.section(plan_section(&survey.plan));
            }
            if rules.is_empty() {
                report = report.next("wpp backup prune --dry-run --keep-daily 7 --keep-weekly 5 --keep-monthly 12");
            }
            report.metrics.extend(fault_points(app));
            return Ok(report.data(data(true, None)));
        }
        tell(app, &survey.plan, &zone_name);
        let question = format!("Remove {what} of session {} ({}) from {}?", session.name(), size(freed), destination);
        let confirmed = app.confirm_or_dry_run(self.yes, &question)?;
        let pruned = prune::apply(&request, &survey, None, confirmed)?;
        let title = format!(
            "{}: removed {}, {} freed, {} kept",
            session.name(),
            count(pruned.removed.len(), "archive", "archives"),
            size(pruned.freed_bytes),
            survey.plan.decisions.len() - pruned.removed.len()
        );
        let mut report =
            Report::new("prune", title).section(pruned_section(&survey.plan, &pruned)).data(data(false, Some(&pruned)));
        report.metrics.extend(fault_points(app));
        Ok(report)
    }
}

/// What a backup prunes after its archive was verified, by the rules of the settings. `None` when
/// there are no rules. What goes may go because that very archive is sound, or nothing goes.
pub(super) fn after_backup(
    app: &App,
    session: &SessionPaths,
    destination: &Destination,
    identities: &Identities,
    made: &Backup,
) -> Result<Option<(Section, Value)>> {
    let rules = prune::configured(app.config());
    let Some(confirmed) = Confirmed::by_setting(!rules.is_empty()) else { return Ok(None) };
    let (zone, zone_name) = clock::local_zone();
    let request = Request { destination, identities, session, journal: app.journal()?, rules: &rules, zone: &zone };
    let survey = prune::survey(&request)?;
    let pruned = match survey.rests_on(&made.manifest.id) {
        true => prune::apply(&request, &survey, Some(&made.manifest.id), confirmed)?,
        // In part, or with something newer beside it: rules wait for a backup that is whole.
        false => Pruned::default(),
    };
    let mut section = pruned_section(&survey.plan, &pruned);
    if !survey.rests_on(&made.manifest.id) {
        section = section.line("nothing was removed: the new archive is not the newest that is whole and verified");
    }
    let data = json!({
        "rules": rules, "time_zone": zone_name, "removed": pruned.removed, "freed_bytes": pruned.freed_bytes,
        "kept": survey.plan.decisions.len() - pruned.removed.len(),
    });
    Ok(Some((section, data)))
}

/// The plan, for whoever is asked to agree to it.
pub(super) fn tell(app: &App, plan: &PrunePlan, zone_name: &str) {
    app.emit(Event::Line { text: format!("hours and days are those of {zone_name}"), data: Value::Null });
    for decision in &plan.decisions {
        let word = if decision.keep { "keep  " } else { "remove" };
        let text = format!("{word}  {}  {}", decision.archive.name, decision.reasons.join("; "));
        app.emit(Event::Line { text, data: decision_data(decision) });
    }
}

pub(super) fn rules_section(rules: &Rules, zone_name: &str) -> Section {
    let counts = [
        ("last", rules.last),
        ("hourly", rules.hourly),
        ("daily", rules.daily),
        ("weekly", rules.weekly),
        ("monthly", rules.monthly),
        ("yearly", rules.yearly),
    ];
    let mut words: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(rule, count)| format!("{count} {rule}")).collect();
    words.extend(rules.within.map(|span| format!("all within {span}")));
    let words = if words.is_empty() { "no rule is set".to_owned() } else { words.join(", ") };
    Section::default().field("keeps", words).field("time zone", zone_name)
}

pub(super) fn plan_section(plan: &PrunePlan) -> Section {
    let columns = ["archive", "taken", "size", "", "why"];
    let rows = plan.decisions.iter().map(|decision| {
        let archive = &decision.archive;
        let taken = archive.known().map_or("?".into(), |known| clock::rfc3339(known.created));
        let word = if decision.keep { "keep" } else { "remove" };
        vec![archive.name.clone(), taken, size(archive.size_bytes), word.to_owned(), decision.reasons.join("; ")]
    });
    Section::default().table(Table::new(columns, rows))
}

fn pruned_section(plan: &PrunePlan, pruned: &Pruned) -> Section {
    let mut section = Section::new("Old archives");
    for name in &pruned.removed {
        section = section.field("removed", name);
    }
    for name in &pruned.spared {
        section = section.field("not removed", format!("{name}: it is needed by now, or another process removed it"));
    }
    section.field("kept", plan.decisions.len() - pruned.removed.len())
}

pub(super) fn decision_data(decision: &Decision) -> Value {
    let archive = &decision.archive;
    let known = archive.known();
    let problem = match &archive.facts {
        Facts::Known(_) => None,
        Facts::Unknown { why, .. } => Some(why),
    };
    json!({
        "name": archive.name, "size_bytes": archive.size_bytes, "keep": decision.keep, "reasons": decision.reasons,
        "id": known.map(|known| &known.id), "parent": known.and_then(|known| known.parent.as_ref()),
        "created_ms": known.map(|known| known.created.as_millisecond()), "error": problem,
    })
}

fn set_aside(app: &App, session: &SessionPaths, older_than: CalendarSpan, dry_run: bool, yes: bool) -> Result<Report> {
    // A restore that was killed may still want its old copy.
    site(app, session)?;
    if !dry_run {
        prune::recover(session, app.journal()?, None)?;
    }
    let copies = aside::survey(session, older_than, clock::now())?;
    let going: Vec<&Copy> = copies.iter().filter(|copy| !copy.keep).collect();
    let bytes: u64 = going.iter().map(|copy| copy.size_bytes).sum();
    let what = count(going.len(), "old copy", "old copies");
    let columns = ["old copy", "size", "", "why"];
    let rows = copies.iter().map(|copy| {
        let word = if copy.keep { "keep" } else { "remove" };
        vec![copy.path.display().to_string(), size(copy.size_bytes), word.to_owned(), copy.reason.clone()]
    });
    let table = Section::default().table(Table::new(columns, rows));
    let data = |dry_run: bool, removed: &[PathBuf]| {
        json!({
            "session": session.name(), "dry_run": dry_run, "older_than": older_than.to_string(), "copies": copies,
            "removed": removed, "freed_bytes": if dry_run { 0 } else { bytes },
        })
    };
    if dry_run || going.is_empty() {
        let title = match (going.len(), copies.len()) {
            (0, 0) => format!("{}: nothing was set aside", session.name()),
            (0, all) => format!("{}: no old copy of {all} is to go", session.name()),
            _ => format!("{}: would remove {what} ({}); nothing was removed", session.name(), size(bytes)),
        };
        let report = Report::answer("prune-set-aside", title).data(data(true, &[]));
        return Ok(if copies.is_empty() { report } else { report.section(table) });
    }
    for copy in &going {
        let text = format!("remove  {}  {}", copy.path.display(), copy.reason);
        app.emit(Event::Line { text, data: Value::Null });
    }
    let question = format!("Remove {what} of session {} ({}), for good?", session.name(), size(bytes));
    let confirmed = app.confirm_or_dry_run(yes, &question)?;
    let removed = aside::apply(session, app.journal()?, &copies, confirmed)?;
    let mut report = Report::new("prune-set-aside", format!("{}: removed {what}, {} freed", session.name(), size(bytes)))
        .section(table)
        .data(data(false, &removed));
    report.metrics.extend(fault_points(app));
    Ok(report)
}
