//! `wpp doctor`.
//!
//! It works where no other command does, so it takes the [`Settings`] instead of an `App`: a home
//! that does not open and settings that do not load are findings here.
//!
//! `findings` of the document are the state at the end, those of severity `ok` included; its `data`
//! is in [`super::schemas`].

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::{self, App, Settings};
use crate::config::{Config, Source};
use crate::doctor::fix::{self, Planned, Runner};
use crate::doctor::probe::{self, Depth};
use crate::doctor::{Examination, MadeCheck, Scope, Selection, catalog, examine, quoted};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{MissingSession, Problem};
use crate::home::{Home, SessionPaths};
use crate::journal::Journal;
use crate::plugin::adapt;
use crate::plugin::host::Interface;
use crate::report::{Event, Finding, Report, Section, Severity, Step, Table, Verdict, count};

/// Rounds of mending: mending a mode can bring to light what could not be seen before.
const ROUNDS_MAX: usize = 3;

/// Options of `wpp doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 3 findings at or above --fail-on; 4 none, but a fix failed or did not help; 5 neither, but \
something could not be checked; 0 otherwise.\n\n\
Examples:\n  \
  wpp doctor --all                       every session of the home\n  \
  wpp doctor --fix --dry-run             what --fix would do\n  \
  wpp doctor --fix --yes                 do it, without a question\n  \
  wpp doctor --explain wpp.session       what the checks of a session look at")]
pub struct Args {
    /// Look at every session
    #[arg(long)]
    all: bool,
    /// Look at the system behind this plugin, and at nothing else; may be repeated
    #[arg(long, value_name = "PLUGIN", conflicts_with_all = ["all", "fix"])]
    channel: Vec<String>,
    /// Apply the remedies that are safe for a machine to apply, and look again
    #[arg(long)]
    fix: bool,
    /// Only show what --fix would do
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Agree to the fixes in advance
    #[arg(long, short, requires = "fix")]
    yes: bool,
    /// Report only these checks; `wpp.session` stands for all that begin so
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Do not report these checks
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Exit with 3 when a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t)]
    fail_on: FailOn,
    /// List every check
    #[arg(long, conflicts_with_all = ["fix", "explain"])]
    list: bool,
    /// Say what a check looks at, why, and what mends it
    #[arg(long, value_name = "ID", conflicts_with = "fix")]
    explain: Option<String>,
}

/// From which severity on a finding makes the command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FailOn {
    /// Everything that is not as it should be.
    Info,
    /// What will hurt if left alone.
    Warning,
    /// What hurts now.
    #[default]
    Error,
    /// Messages or keys in danger.
    Critical,
    /// Nothing: what is found or could not be checked does not change the exit code.
    Never,
}

impl FailOn {
    fn name(self) -> &'static str {
        match self {
            FailOn::Info => "info",
            FailOn::Warning => "warning",
            FailOn::Error => "error",
            FailOn::Critical => "critical",
            FailOn::Never => "never",
        }
    }

    fn fails(self, severity: Severity) -> bool {
        let least = match self {
            FailOn::Info => Severity::Info,
            FailOn::Warning => Severity::Warning,
            FailOn::Error => Severity::Error,
            FailOn::Critical => Severity::Critical,
            FailOn::Never => return false,
        };
        severity >= least && severity != Severity::Unknown
    }
}

impl Args {
    /// Looks, judges, and mends if asked to.
    pub fn run(self, settings: Settings, run: Runner<'_>) -> Result<Report> {
        if self.list {
            return Ok(list());
        }
        if let Some(id) = &self.explain {
            return explain(id);
        }
        if !self.channel.is_empty() {
            return self.channels(settings);
        }
        let selection = Selection::new(self.only.clone(), self.skip.clone())?;
        let mut scope = scope(&settings, self.all)?;
        let mut examination = examine(&probe::gather(&scope, Depth::Full), &selection);
        let before = examination.counts();
        let mut steps: Vec<(Planned, Step)> = Vec::new();
        for _ in 0..if self.fix { ROUNDS_MAX } else { 0 } {
            let tried = |planned: &Planned| steps.iter().any(|(before, _)| before.fix == planned.fix);
            let planned: Vec<Planned> = fix::plan(&examination.findings).into_iter().filter(|planned| !tried(planned)).collect();
            if planned.is_empty() {
                break;
            }
            if self.dry_run {
                steps.extend(planned.into_iter().map(|planned| (planned.clone(), not_applied(&planned))));
                break;
            }
            for planned in &planned {
                let text = format!("to mend: {} ({})", fix::describe(&planned.fix), planned.checks.join(", "));
                settings.sink.emit(Event::Line { text, data: json!({ "planned": planned }) });
            }
            let question = format!("apply {}?", count(planned.len(), "fix", "fixes"));
            let confirmed = app::confirm(&*settings.ask, self.yes, &question)?;
            let done = fix::apply(&scope, &planned, run, &*settings.sink, confirmed);
            steps.extend(planned.into_iter().zip(done));
            // A home that opens by now may hold sessions.
            scope = self::scope(&settings, self.all)?;
            examination = examine(&probe::gather(&scope, Depth::Full), &selection);
        }
        Ok(self.report(&scope, examination, &before, steps))
    }

    /// Asks the checks of plugins. One that cannot be asked is unknown, and the others are asked all
    /// the same.
    fn channels(&self, settings: Settings) -> Result<Report> {
        let scope = Scope { sessions: Vec::new(), ..scope(&settings, false)? };
        let app = App::new(settings)?;
        let plugins = app.plugins()?;
        let mut examination = Examination { findings: Vec::new(), made: Vec::new(), skipped: Vec::new() };
        for name in &self.channel {
            plugins.registry().pinned(name)?;
            let asked = plugins.load(name).and_then(|loaded| {
                if !loaded.plugin.interfaces().contains(&Interface::Checks) {
                    return Err(Error::new(ErrorKind::Usage, format!("the plugin {name} has no checks"))
                        .hint(format!("`wpp channel health {name}` asks how its system is")));
                }
                let checks = loaded.call(async |plugin, powers| plugin.checks(powers).await).answer?;
                let outcomes = loaded.call(async |plugin, powers| plugin.judge(powers, &[]).await).answer?;
                Ok((checks, outcomes))
            });
            match asked {
                Ok((checks, outcomes)) => {
                    let findings = adapt::findings(name, &checks, outcomes);
                    examination.made.extend(checks.into_iter().map(|check| {
                        let of_check = findings.iter().filter(|finding| finding.id == check.id);
                        let severity = of_check.map(|finding| finding.severity).max().unwrap_or(Severity::Unknown);
                        MadeCheck { id: check.id.into(), session: None, severity }
                    }));
                    examination.findings.extend(findings);
                }
                Err(error) if error.kind() == ErrorKind::Usage => return Err(error),
                Err(error) => {
                    let id = format!("{name}.plugin").into();
                    examination.made.push(MadeCheck { id, session: None, severity: Severity::Unknown });
                    examination.findings.push(adapt::unusable(name, &error));
                }
            }
        }
        let selection = Selection::of_others(self.only.clone(), self.skip.clone());
        examination.findings.retain(|finding| selection.takes(&finding.id));
        examination.made.retain(|made| selection.takes(&made.id));
        let title = title(&scope, &examination).replacen("host and home", &self.channel.join(", "), 1);
        let mut report = self.report(&scope, examination, &BTreeMap::new(), Vec::new());
        report.title = title;
        Ok(report)
    }

    fn report(
        &self,
        scope: &Scope,
        examination: Examination,
        before: &BTreeMap<Severity, usize>,
        steps: Vec<(Planned, Step)>,
    ) -> Report {
        let failing = examination.findings.iter().any(|finding| self.fail_on.fails(finding.severity));
        let unknown = examination.findings.iter().any(|finding| finding.severity == Severity::Unknown);
        // A fix may take away what a finding was seen by and still not have mended its cause.
        let failed = steps.iter().any(|(_, step)| step.verdict == Verdict::Fail);
        let doubtful = steps.iter().any(|(_, step)| step.verdict == Verdict::Unknown);
        let never = self.fail_on == FailOn::Never;
        let (verdict, exit_code) = match (failing, failed, unknown || doubtful) {
            (true, ..) => (Verdict::Fail, ErrorKind::Findings.exit_code()),
            (false, true, _) => (Verdict::Fail, ErrorKind::Failed.exit_code()),
            (false, false, true) => (Verdict::Unknown, if never { 0 } else { ErrorKind::Unknown.exit_code() }),
            (false, false, false) => (Verdict::Pass, 0),
        };
        let mut data = json!({
            "home": scope.root,
            "kind": scope.home.as_ref().ok().map(|home| home.kind().name()),
            "version": env!("CARGO_PKG_VERSION"),
            "sessions": scope.sessions.iter().map(SessionPaths::name).collect::<Vec<_>>(),
            "counts": examination.counts(),
            "checks": examination.made,
            "skipped": examination.skipped,
            "fail_on": self.fail_on.name(),
        });
        if self.fix {
            data["fixes"] = steps.iter().map(|(planned, step)| fix_data(planned, step)).collect();
            if !self.dry_run && !steps.is_empty() {
                data["before"] = json!(before);
            }
        }
        let mut report = Report::new("doctor", title(scope, &examination)).verdict(verdict).data(data);
        if let Some(section) = skipped_section(&examination) {
            report = report.section(section);
        }
        if self.fix && steps.is_empty() {
            report = report.section(Section::default().line("there is nothing here that --fix can mend"));
        }
        report = report.next(next(scope, &examination, failed || doubtful));
        report.steps = steps.into_iter().map(|(_, step)| step).collect();
        report.exit_code = Some(exit_code);
        // Whoever asked for quiet wants to hear what will hurt, whether or not it fails the command.
        report.answer = examination.findings.iter().any(|finding| finding.severity >= Severity::Warning);
        report.findings = examination.findings;
        report
    }
}

/// Finds out where to look, from the command line, the environment and the settings.
fn scope(settings: &Settings, all: bool) -> Result<Scope> {
    let given = settings.session.as_deref().map(app::own_session).transpose()?;
    if all && given.is_some() {
        return Err(Error::new(ErrorKind::Usage, "--all and --session exclude each other").hint("leave one of them out"));
    }
    let root = app::root(settings.home.clone(), &settings.environment)?;
    let home = Home::open(&root);
    if let Ok(home) = &home {
        app::arm_faults(home, &settings.environment)?;
    }
    let root = home.as_ref().map_or(root, |home| home.root().to_owned());
    let loaded = match &home {
        Ok(home) => Config::load(&home.config(), &settings.environment),
        // Without a home nobody knows whether its settings are meant; this check is skipped then.
        Err(_) => Config::load(Path::new(""), &BTreeMap::new()),
    };
    let (config, config_problem) = match loaded {
        Ok(config) => (config, None),
        // A file of that name cannot exist, so these are the defaults.
        Err(error) => (Config::load(Path::new(""), &BTreeMap::new())?, Some(Problem::from(&error))),
    };
    let (mut sessions, mut missing_session) = (Vec::new(), None);
    if let Ok(home) = &home {
        let source = config.all().find(|(key, ..)| key.path == "default_session").map(|(_, _, source)| source.clone());
        let chosen = given.clone().unwrap_or_else(|| config.text("default_session").to_owned());
        let by_name = given.is_some() || matches!(source, Some(Source::Environment(_)));
        if all {
            // When they cannot be listed, the check of the sessions' names says so.
            sessions = home.session_names().unwrap_or_default().iter().map(|name| home.session(name)).collect();
        } else if home.session(&chosen).exists() || is_unfinished(home, &chosen) {
            sessions.push(home.session(&chosen));
        } else if by_name {
            app::existing_session(home, &chosen)?;
        } else {
            let named_in = if let Some(Source::File(path)) = source { Some(path) } else { None };
            missing_session = Some(MissingSession { name: chosen, named_in });
        }
    }
    let program = settings.home.as_ref().map(|home| format!("wpp --home {}", quoted(&home.to_string_lossy())));
    Ok(Scope {
        root,
        home: home.map_err(|error| Problem::from(&error)),
        config,
        config_problem,
        sessions,
        missing_session,
        program: program.unwrap_or_else(|| "wpp".into()),
    })
}

/// Whether a restore or a reset of the session was cut off, which can leave it without a folder.
fn is_unfinished(home: &Home, name: &str) -> bool {
    home.journal().exists()
        && Journal::open(&home.journal()).and_then(|journal| journal.open_entries(name)).is_ok_and(|entries| !entries.is_empty())
}

fn not_applied(planned: &Planned) -> Step {
    Step {
        title: fix::describe(&planned.fix),
        verdict: Verdict::Skipped,
        expected: format!("{} no longer says so", planned.checks.join(", ")),
        observed: "not applied: only shown".into(),
        took_ms: 0,
    }
}

fn fix_data(planned: &Planned, step: &Step) -> Value {
    let mut data = json!(planned);
    data["verdict"] = json!(step.verdict);
    data["observed"] = json!(step.observed);
    data
}

fn title(scope: &Scope, examination: &Examination) -> String {
    let subject = match scope.sessions.as_slice() {
        [] => "host and home".to_owned(),
        [one] => one.name().to_owned(),
        many => count(many.len(), "session", "sessions"),
    };
    let counts = examination.counts();
    let words = [
        (Severity::Critical, "critical", "critical"),
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Unknown, "unknown", "unknown"),
        (Severity::Info, "note", "notes"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .filter_map(|(severity, one, many)| match counts.get(&severity) {
            Some(0) | None => None,
            Some(number) => Some(count(*number, one, many)),
        })
        .collect();
    let made = count(examination.made.len(), "check", "checks");
    match (examination.made.is_empty(), parts.is_empty()) {
        (true, _) => format!("{subject}: no check could be made"),
        (false, true) => format!("{subject}: {made}, nothing wrong"),
        (false, false) => format!("{subject}: {made}, {}", parts.join(", ")),
    }
}

/// Skipped checks, one line for each reason.
fn skipped_section(examination: &Examination) -> Option<Section> {
    let mut reasons: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for skipped in &examination.skipped {
        let (ids, sessions) = reasons.entry(&skipped.reason).or_default();
        if !ids.contains(&skipped.id) {
            ids.push(skipped.id);
        }
        if let Some(session) = skipped.session.as_deref().filter(|session| sessions.last() != Some(session)) {
            sessions.push(session);
        }
    }
    if reasons.is_empty() {
        return None;
    }
    let line = |(reason, (ids, sessions)): (&str, (Vec<&str>, Vec<&str>))| {
        let place = match sessions.as_slice() {
            [] => String::new(),
            [_, _, _, _, ..] => format!("[{} sessions] ", sessions.len()),
            few => format!("[{}] ", few.join(", ")),
        };
        format!("{place}{reason}: {}", ids.join(", "))
    };
    Some(reasons.into_iter().map(line).fold(Section::new("Not checked"), Section::line))
}

/// The one command to type next.
fn next(scope: &Scope, examination: &Examination, unmended: bool) -> String {
    let session = match scope.sessions.as_slice() {
        [one] => format!(" --session {}", one.name()),
        [] => String::new(),
        _ => " --all".to_owned(),
    };
    let mendable = !fix::plan(&examination.findings).is_empty();
    // What only needs --fix comes first, unless that was just tried in vain.
    if mendable && !unmended {
        return format!("{} doctor --fix{session}", scope.program);
    }
    let by_hand = |finding: &&Finding| finding.severity > Severity::Ok && finding.remedy.is_some();
    let worst = examination.worst().filter(by_hand);
    match worst.or_else(|| examination.findings.iter().find(by_hand)).and_then(|finding| finding.remedy.as_ref()) {
        Some(remedy) => remedy.command.clone(),
        None => match scope.sessions.as_slice() {
            [_] => format!("{} status{session}", scope.program),
            _ => format!("{} status", scope.program),
        },
    }
}

fn list() -> Report {
    let rows = catalog::CHECKS
        .iter()
        .map(|check| [check.id, severity_name(check.severity), check.area, check.title].map(str::to_owned).to_vec())
        .collect();
    let data: Vec<Value> = catalog::CHECKS.iter().map(check_data).collect();
    let table =
        Table { columns: ["check", "severity", "area", "what is right when nothing is wrong"].map(str::to_owned).to_vec(), rows };
    Report::answer("doctor-checks", "Checks of the doctor")
        .section(Section { table: Some(table), ..Section::default() })
        .data(json!({ "checks": data }))
        .next("wpp doctor --explain ID")
}

fn explain(id: &str) -> Result<Report> {
    Selection::new(vec![id.to_owned()], Vec::new())?;
    let checks: Vec<_> = catalog::CHECKS.iter().filter(|check| Selection::of(&[id.to_owned()]).takes(check.id)).collect();
    let mut report = Report::answer("doctor-checks", String::new())
        .data(json!({ "checks": checks.iter().map(|check| check_data(check)).collect::<Vec<_>>() }))
        .next(format!("wpp doctor --only {id}"));
    for check in checks {
        let mut section = Section::new(check.id)
            .field("right", check.title)
            .field("severity", severity_name(check.severity))
            .line(check.explain);
        if !check.needs.is_empty() {
            section = section.field("needs", check.needs.join(", "));
        }
        if let Some(runbook) = check.runbook {
            section = section.field("runbook", runbook);
        }
        report = report.section(section);
    }
    Ok(report)
}

fn check_data(check: &crate::doctor::Check) -> Value {
    json!({
        "id": check.id, "title": check.title, "area": check.area, "severity": check.severity,
        "needs": check.needs, "runbook": check.runbook, "explain": check.explain,
    })
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Unknown => "unknown",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_that_a_finding_names_exists() {
        let commands = crate::doctor::cases::commands();
        assert!(commands.len() > 8, "{commands:?}");
        for command in commands {
            if let Err(error) = crate::command::tree().try_get_matches_from(command.split_whitespace()) {
                panic!("`{command}` is no command: {error}");
            }
        }
    }
}
