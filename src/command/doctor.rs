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

use super::checks;
use super::upkeep::Upkeep;
use crate::alert::Policy;
use crate::alert::book::Book;
use crate::app::{self, Settings};
use crate::clock;
use crate::config::{Config, Source};
use crate::doctor::fix::{self, Planned, Runner};
use crate::doctor::probe::{self, Depth};
use crate::doctor::{Examination, Scope, Selection, examine};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{AlertFacts, MissingSession, Probed, Problem, ScheduleFacts};
use crate::home::{Home, SessionPaths};
use crate::journal::Journal;
use crate::plugin::registry::Registry;
use crate::plugin::{self, Plugins};
use crate::report::{Event, Finding, Report, Section, Severity, Step, Verdict, count, quoted};
use crate::schedule::{self, Entry};
use crate::session::Address;

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
    /// Look at the systems behind these plugins, and at nothing else; may be repeated
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
    #[arg(long, conflicts_with_all = ["fix", "explain", "channel", "only", "skip"])]
    list: bool,
    /// Say what a check looks at, why, and what mends it
    #[arg(long, value_name = "ID", conflicts_with_all = ["fix", "channel", "only", "skip"])]
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
        let by_flag = settings.session.is_some();
        let (gateway, settings) = settings.without_gateway()?;
        // The environment names what is meant where the command line does not.
        let gateway = gateway.filter(|_| by_flag || (!self.all && self.channel.is_empty()));
        let place = Place::new(&settings, gateway, self.all, &self.channel)?;
        let plugins = place.plugins(&settings)?;
        if self.list {
            return checks::list(plugins.as_ref());
        }
        if let Some(id) = &self.explain {
            return checks::explain(id, plugins.as_ref());
        }
        let known = plugins.as_ref().map(plugin::examine::with_checks).unwrap_or_default();
        let selection = Selection::new(self.only.clone(), self.skip.clone(), &known)?;
        let mut asked = match &plugins {
            Some(plugins) => place.asked(plugins)?,
            None => Vec::new(),
        };
        asked.retain(|name| selection.reaches(name));
        let mut scope = place.scope.clone();
        let look = |scope: &Scope| match place.own {
            true => examine(&probe::gather(scope, Depth::Full), &selection),
            false => Examination::default(),
        };
        // Plugins wait for their servers meanwhile. They are asked once: no fix here is one of theirs.
        let (mut examination, of_plugins) = std::thread::scope(|threads| {
            let of_plugins = plugins.as_ref().filter(|_| !asked.is_empty()).map(|plugins| {
                threads.spawn(|| plugin::examine::examine(plugins, &asked, &selection, place.gateway_session.as_deref()))
            });
            let own = look(&scope);
            (own, of_plugins.map(|asked| asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
        });
        let of_plugins = of_plugins.transpose()?.unwrap_or_default();
        examination.extend(of_plugins.clone());
        if examination.made.is_empty() && examination.skipped.is_empty() {
            // Nothing was seen, so nothing may pass for fine.
            return Err(Error::new(ErrorKind::Usage, "none of the checks that were asked for is one of what is looked at here")
                .hint("leave out --only, --skip, --session or --channel; `wpp doctor --list` lists all checks"));
        }
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
            examination = look(&scope);
            examination.extend(of_plugins.clone());
        }
        let subject = subject(&scope, place.own, &asked);
        Ok(self.report(&scope, &subject, asked, examination, &before, steps))
    }

    fn report(
        &self,
        scope: &Scope,
        subject: &str,
        asked: Vec<String>,
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
            "plugins": asked,
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
        let mut report = Report::new("doctor", title(subject, &examination)).verdict(verdict).data(data);
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

/// Where a command line says to look.
struct Place {
    scope: Scope,
    /// Whether at this host, its home and its sessions.
    own: bool,
    /// The plugins to ask; `None` for all that have checks.
    channels: Option<Vec<String>>,
    /// The one session of a gateway that matters.
    gateway_session: Option<String>,
}

impl Place {
    fn new(settings: &Settings, gateway: Option<Address>, all: bool, channels: &[String]) -> Result<Place> {
        if gateway.is_some() && (all || !channels.is_empty()) {
            return Err(
                Error::new(ErrorKind::Usage, "a session of a gateway excludes --all and --channel").hint("leave one of them out")
            );
        }
        let (channels, gateway_session) = match gateway {
            Some(Address::Gateway { channel, session }) => (vec![channel], session),
            _ if !channels.is_empty() => (channels.to_vec(), None),
            _ => {
                // Whoever names a session of this host does not ask for gateways.
                let channels = settings.session.is_some().then(Vec::new);
                return Ok(Place { scope: scope(settings, all)?, own: true, channels, gateway_session: None });
            }
        };
        // Only the home matters then: no session of this host is meant.
        let scope = Scope { sessions: Vec::new(), ..scope_of(settings, None, false)? };
        Ok(Place { scope, own: false, channels: Some(channels), gateway_session })
    }

    /// The plugins of the home, where what they need can be read: else that is a finding, unless the
    /// command line is about plugins alone.
    fn plugins(&self, settings: &Settings) -> Result<Option<Plugins<'_>>> {
        let problems = [self.scope.home.as_ref().err(), self.scope.config_problem.as_ref(), self.scope.plugins_problem.as_ref()];
        match (self.scope.home.as_ref(), problems.into_iter().flatten().next()) {
            (Ok(home), None) => Plugins::open(home, &self.scope.config, &settings.environment).map(Some),
            (_, Some(problem)) if !self.own => {
                Err(Error::new(ErrorKind::Usage, problem.message.clone()).hint(problem.hint.clone()))
            }
            _ => Ok(None),
        }
    }

    /// The names of those to ask.
    fn asked(&self, plugins: &Plugins<'_>) -> Result<Vec<String>> {
        let with_checks = plugin::examine::with_checks(plugins);
        let Some(channels) = &self.channels else { return Ok(with_checks) };
        for name in channels {
            plugins.registry().pinned(name)?;
            if !with_checks.contains(name) {
                return Err(Error::new(ErrorKind::Usage, format!("the plugin {name} has no checks"))
                    .hint(format!("`wpp channel health {name}` asks how its system is")));
            }
        }
        Ok(channels.clone())
    }
}

/// Finds out where to look, from the command line, the environment and the settings.
fn scope(settings: &Settings, all: bool) -> Result<Scope> {
    scope_of(settings, settings.session.clone(), all)
}

fn scope_of(settings: &Settings, given: Option<String>, all: bool) -> Result<Scope> {
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
    let plugins_problem = home.as_ref().ok().and_then(|home| Registry::open(home).err()).map(|error| Problem::from(&error));
    let entries = home.as_ref().ok().filter(|_| config_problem.is_none()).map(|home| super::schedule::entries(home, &config));
    let schedule = schedule_facts(&home, entries.as_ref());
    let alerts = alert_facts(&home, &config, config_problem.is_some());
    let upkeep =
        Upkeep::of(home.as_ref().ok(), &config, entries.as_ref().map(|(entries, _)| entries.as_slice()), &settings.environment);
    let program = settings.home.as_ref().map(|home| format!("wpp --home {}", quoted(&home.to_string_lossy())));
    Ok(Scope {
        root,
        home: home.map_err(|error| Problem::from(&error)),
        config,
        config_problem,
        plugins_problem,
        sessions,
        missing_session,
        schedule,
        alerts,
        settings: upkeep.settings,
        evidence: upkeep.evidence,
        units: upkeep.units,
        secret_variables: upkeep.secret_variables,
        program: program.unwrap_or_else(|| "wpp".into()),
    })
}

/// What the schedule's own room says of it; a problem of the settings is told by their own check.
fn schedule_facts(home: &Result<Home>, entries: Option<&(Vec<Entry>, Vec<Error>)>) -> Probed<ScheduleFacts> {
    let Ok(home) = home else { return Probed::NotApplicable("the home does not open".into()) };
    let Some((entries, wrong)) = entries else { return Probed::NotApplicable("the settings do not load".into()) };
    let look = || {
        // Looking must not make a journal.
        let journal = if home.journal().exists() { Some(Journal::open(&home.journal())?) } else { None };
        schedule::look::facts(entries, wrong, journal.as_ref(), clock::now())
    };
    look().into()
}

/// What the alerts' own room says of what people were to be told.
fn alert_facts(home: &Result<Home>, config: &Config, broken: bool) -> Probed<AlertFacts> {
    let Ok(home) = home else { return Probed::NotApplicable("the home does not open".into()) };
    if broken {
        return Probed::NotApplicable("the settings do not load".into());
    }
    if let Err(error) = Policy::of(config) {
        return Probed::Known(AlertFacts { problem: Some(Problem::from(&error)), ..AlertFacts::default() });
    }
    if !home.journal().exists() {
        return Probed::Known(AlertFacts::default());
    }
    Journal::open(&home.journal()).and_then(|journal| Book::of(&journal).facts(clock::now())).into()
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

/// What was looked at, in a few words.
fn subject(scope: &Scope, own: bool, plugins: &[String]) -> String {
    let sessions = match scope.sessions.as_slice() {
        _ if !own => None,
        [] => Some("host and home".to_owned()),
        [one] => Some(one.name().to_owned()),
        many => Some(count(many.len(), "session", "sessions")),
    };
    let plugins = match plugins {
        [] => None,
        few @ ([_] | [_, _] | [_, _, _]) => Some(few.join(", ")),
        many => Some(count(many.len(), "plugin", "plugins")),
    };
    sessions.into_iter().chain(plugins).collect::<Vec<_>>().join(", ")
}

fn title(subject: &str, examination: &Examination) -> String {
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
        if !ids.contains(&&*skipped.id) {
            ids.push(&skipped.id);
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
