//! `wpp doctor`.
//!
//! It works where no other command does, so it takes the [`Settings`] instead of an `App`: a home
//! that does not open and settings that do not load are findings here.
//!
//! `findings` of the document are the state at the end, those of severity `ok` included; its `data`
//! is in [`super::schemas`]. Start with [`Args::run`]; [`place`] says where to look, [`first`] knows a machine
//! on which nothing was set up yet, [`follow`] looks more than once, [`memory`] knows what was found before, and [`files`] writes for other programs.

mod files;
mod first;
mod follow;
mod memory;
mod place;
mod ways;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::json;

use self::memory::Memory;
use self::place::Place;
use super::checks;
use crate::app::{self, Settings};
use crate::clock::{self, Stopwatch};
use crate::doctor::fix::{self, Planned, Runner};
use crate::doctor::probe::{self, Depth};
use crate::doctor::{Check, Examination, Scope, Selection, SkippedCheck, catalog, examine, score, smoke};
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::plugin::{self, Plugins};
use crate::report::{Event, Metric, Report, Section, Severity, Sink, Step, Verdict, count, quoted};

/// Rounds of mending: mending a mode can bring to light what could not be seen before.
const ROUNDS_MAX: usize = 3;

/// Options of `wpp doctor`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 3 findings at or above --fail-on, or with --wait a session that is not READY when the time is \
up; 4 none, but a fix failed or did not help; 5 neither, but something could not be checked, or nothing of what --only or --area \
asked for; that of the error, such as 2 or 15, when nothing of this is so and a file for another program could not be written; \
0 otherwise, also when Ctrl-C ends --watch. Before anything is looked at: 1 a bug, or a result that could not be \
written; 2 a command line that is wrong; 10 a session that is not there; 20 fixes that nobody agreed to; 130 Ctrl-C.\n\n\
Examples:\n  \
  wpp doctor --all                       every session of the home\n  \
  wpp doctor --fix --dry-run             what --fix would do\n  \
  wpp doctor --fix --yes                 do it, without a question\n  \
  wpp doctor --explain wpp.session       what the checks of a session look at\n  \
  wpp doctor --wait 60s --quiet          until the session is well, or a minute is over\n  \
  wpp doctor --all --quiet               in cron: only what is new, worse or mended\n  \
  wpp doctor --smoke --junit smoke.xml   in CI"
)]
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
    #[arg(long, value_name = "ID", value_delimiter = ',', add = ArgValueCompleter::new(complete_check))]
    only: Vec<String>,
    /// Do not report these checks
    #[arg(long, value_name = "ID", value_delimiter = ',', add = ArgValueCompleter::new(complete_check))]
    skip: Vec<String>,
    /// Report only checks of these parts of the catalog, such as security
    #[arg(long, value_name = "AREA", value_delimiter = ',', add = ArgValueCompleter::new(complete_area))]
    area: Vec<String>,
    /// List only findings that are at least this severe, and those that are unknown; the exit code minds all
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t)]
    severity: ShownFrom,
    /// Exit with 3 when a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t)]
    fail_on: FailOn,
    /// Talk to nothing beyond this machine; what would is skipped
    #[arg(long)]
    offline: bool,
    /// How long the whole look may take; what is not reached by then is unknown
    #[arg(long, value_name = "TIME", value_parser = duration)]
    budget: Option<Duration>,
    /// Look again until nothing is left that would fail the command, for at most so long, such as 60s
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with_all = ["fix", "list", "explain"])]
    wait: Option<Duration>,
    /// Look again and again until Ctrl-C, every 5s or as often as is said: the whole on a terminal, else a line for each change
    #[arg(long, value_name = "TIME", value_parser = duration, num_args = 0..=1, require_equals = true, default_missing_value = "5s", conflicts_with_all = ["fix", "list", "explain", "wait"])]
    watch: Option<Duration>,
    /// Make the checks of files, modes, settings and the machine alone, which need no daemon; for CI
    #[arg(long, conflicts_with_all = ["only", "area", "channel", "explain"])]
    smoke: bool,
    /// The same, and the daemon must be up, READY, and answer every endpoint that only reads
    #[arg(long, conflicts_with_all = ["only", "area", "channel", "explain", "smoke"])]
    smoke_running: bool,
    /// Keep nothing of what is found for the next time
    #[arg(long)]
    no_record: bool,
    #[command(flatten)]
    files: files::Files,
    /// List every check
    #[arg(long, conflicts_with_all = ["fix", "explain", "channel"])]
    list: bool,
    /// Say what a check looks at, why, and what mends it
    #[arg(long, value_name = "ID", conflicts_with_all = ["fix", "channel", "only", "skip", "area"], add = ArgValueCompleter::new(complete_check))]
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

/// From which severity on a finding is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum ShownFrom {
    /// All that was seen, also what is fine.
    #[default]
    Ok,
    /// Everything that is not as it should be.
    Info,
    /// What will hurt if left alone.
    Warning,
    /// What hurts now.
    Error,
    /// Messages or keys in danger.
    Critical,
}

impl ShownFrom {
    fn least(self) -> Severity {
        match self {
            ShownFrom::Ok => Severity::Ok,
            ShownFrom::Info => Severity::Info,
            ShownFrom::Warning => Severity::Warning,
            ShownFrom::Error => Severity::Error,
            ShownFrom::Critical => Severity::Critical,
        }
    }
}

/// A length of time on the command line.
fn duration(text: &str) -> std::result::Result<Duration, String> {
    clock::duration(text).ok_or_else(|| "a length of time is written as 30s, 15m, 24h or 7d".into())
}

/// Ids of checks for a shell that completes, and what several of them begin with.
fn complete_check(typed: &OsStr) -> Vec<CompletionCandidate> {
    complete(typed, catalog::checks().flat_map(|check| crate::doctor::beginnings(check.id)))
}

fn complete_area(typed: &OsStr) -> Vec<CompletionCandidate> {
    complete(typed, catalog::checks().map(|check| check.area))
}

fn complete<'a>(typed: &OsStr, words: impl Iterator<Item = &'a str>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let fitting: BTreeSet<&str> = words.filter(|word| word.starts_with(&*typed)).collect();
    fitting.into_iter().map(CompletionCandidate::new).collect()
}

/// Looks as a command line asks for it.
struct Look<'a> {
    args: &'a Args,
    settings: &'a Settings,
    place: &'a Place,
    plugins: Option<&'a Plugins<'a>>,
    selection: Selection,
    asked: Vec<String>,
    /// Checks of plugins that are not asked.
    left_out: Vec<SkippedCheck>,
}

/// What one look saw, and where.
struct Seen {
    scope: Scope,
    examination: Examination,
    of_plugins: Examination,
    took_ms: u64,
    /// Sessions that were waited for and are not READY, and why.
    unready: Vec<String>,
}

impl Look<'_> {
    /// Looks at everything, the plugins too.
    fn once(&self) -> Result<Seen> {
        self.at(self.args.reach(self.place.scope.clone()))
    }

    /// The same after some time, in which the settings and the sessions may have changed.
    fn again(&self) -> Result<Seen> {
        match self.place.own {
            true => self.at(self.args.reach(place::scope(self.settings, self.args.all)?)),
            false => self.once(),
        }
    }

    fn at(&self, scope: Scope) -> Result<Seen> {
        let watch = Stopwatch::start();
        // Plugins wait for their servers meanwhile. They are asked once: no fix here is one of theirs.
        let (mut examination, of_plugins) = std::thread::scope(|threads| {
            let session = self.place.gateway_session.as_deref();
            let of_plugins = self
                .plugins
                .filter(|_| !self.asked.is_empty())
                .map(|plugins| threads.spawn(move || plugin::examine::examine(plugins, &self.asked, &self.selection, session)));
            let own = self.own(&scope);
            (own, of_plugins.map(|asked| asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
        });
        let mut of_plugins = of_plugins.transpose()?.unwrap_or_default();
        of_plugins.skipped.extend(self.left_out.iter().cloned());
        of_plugins.suppress(&crate::doctor::suppress::facts(&scope.config).list, clock::now_ms());
        examination.extend(of_plugins.clone());
        if examination.made.is_empty() && examination.skipped.is_empty() {
            // Nothing was seen, so nothing may pass for fine.
            return Err(Error::new(ErrorKind::Usage, "none of the checks that were asked for is one of what is looked at here")
                .hint("leave out --only, --skip, --area, --session or --channel; `wpp doctor --list` lists all checks"));
        }
        Ok(Seen { scope, examination, of_plugins, took_ms: watch.elapsed_ms(), unready: Vec::new() })
    }

    /// Looks at this host, its home and its sessions.
    fn own(&self, scope: &Scope) -> Examination {
        if !self.place.own {
            return Examination::default();
        }
        let depth = if self.args.smoke { Depth::Names } else { Depth::Full };
        // What nobody wants to hear is not asked of the network.
        let asks = |check: &Check| check.area == "network" && self.selection.takes(check.id, check.area);
        let offline = scope.offline || !catalog::checks().any(asks);
        let ports = self.selection.takes("wpp.host.ports", "host");
        let facts = probe::gather(&Scope { offline, ports, ..scope.clone() }, depth);
        let mut examination = examine(&facts, &self.selection);
        first::offer_archives(scope, &mut examination);
        examination.suppress(&facts.host.suppressions.list, facts.now_ms);
        examination
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
        let opened = place.plugins(&settings)?;
        // What lists checks loads plugins, and nothing is loaded in the home of another user.
        let plugins = opened.as_ref().filter(|_| place.scope.foreign.is_none());
        if let Some(id) = &self.explain {
            return checks::explain(id, plugins);
        }
        let mut selection = self.selection(opened.as_ref())?;
        if !settings.whole || self.severity != ShownFrom::Ok {
            selection = selection.without_fine();
        }
        if self.list {
            return checks::list(plugins, &selection);
        }
        let (mut asked, mut left_out) = match &opened {
            Some(plugins) if !self.smoke && !self.smoke_running => place.asked(plugins, &self.reach(place.scope.clone()))?,
            _ => (Vec::new(), Vec::new()),
        };
        asked.retain(|name| selection.reaches(name));
        left_out.retain(|check| selection.reaches(check.id.trim_end_matches(".plugin")));
        let look = Look { args: &self, settings: &settings, place: &place, plugins: opened.as_ref(), selection, asked, left_out };
        let mut seen = match (self.watch, self.wait) {
            (Some(interval), _) => look.watch(interval)?,
            (None, Some(patience)) => look.wait(patience)?,
            (None, None) => look.once()?,
        };
        let before = seen.examination.counts();
        let steps = self.mend(&look, &mut seen, run)?;
        let memory = Memory::open(&seen.scope, self.no_record);
        self.report(&look, seen, &before, steps, memory)
    }

    /// Applies what can be applied, in rounds, each of which is looked at.
    fn mend(&self, look: &Look<'_>, seen: &mut Seen, run: Runner<'_>) -> Result<Vec<(Planned, Step)>> {
        let settings = look.settings;
        let mut steps: Vec<(Planned, Step)> = Vec::new();
        for _ in 0..if self.fix { ROUNDS_MAX } else { 0 } {
            let tried = |planned: &Planned| steps.iter().any(|(before, _)| before.fix == planned.fix);
            let planned: Vec<Planned> =
                fix::plan(&seen.examination.findings).into_iter().filter(|planned| !tried(planned)).collect();
            if planned.is_empty() {
                break;
            }
            if self.dry_run {
                steps.extend(planned.into_iter().map(|planned| (planned.clone(), words::not_applied(&planned))));
                break;
            }
            for planned in &planned {
                let text = format!("to mend: {} ({})", fix::describe(&planned.fix), planned.checks.join(", "));
                settings.sink.emit(Event::Line { text, data: json!({ "planned": planned }) });
            }
            let question = format!("apply {}?", count(planned.len(), "fix", "fixes"));
            let confirmed = app::confirm(&*settings.ask, self.yes, &question)?;
            let done = fix::apply(&seen.scope, &planned, run, &*settings.sink, confirmed);
            steps.extend(planned.into_iter().zip(done));
            // A home that opens by now may hold sessions.
            seen.scope = self.reach(place::scope(settings, self.all)?);
            seen.examination = look.own(&seen.scope);
            seen.examination.extend(seen.of_plugins.clone());
        }
        Ok(steps)
    }

    fn selection(&self, plugins: Option<&Plugins<'_>>) -> Result<Selection> {
        let known = plugins.map(plugin::examine::with_checks).unwrap_or_default();
        let mut only = self.only.clone();
        if self.smoke || self.smoke_running {
            only.extend(smoke::SMOKE.iter().map(|name| (*name).to_owned()));
            only.extend(self.smoke_running.then(|| smoke::RUNNING.to_owned()));
            // Parts of the catalog that this version does not have.
            only.retain(|name| catalog::checks().any(|check| check.id.starts_with(name.as_str())));
        }
        Selection::new(only, self.skip.clone(), &known)?.within(self.area.clone(), !known.is_empty())
    }

    /// Whether some of the checks alone were asked for.
    fn is_narrowed(&self) -> bool {
        !(self.only.is_empty() && self.skip.is_empty() && self.area.is_empty())
    }

    /// The options that say which, as they are typed.
    fn narrowing(&self) -> String {
        let options = [("--only", &self.only), ("--skip", &self.skip), ("--area", &self.area)];
        let given = options.into_iter().filter(|(_, values)| !values.is_empty());
        given.map(|(option, values)| format!(" {option} {}", quoted(&values.join(",")))).collect()
    }

    /// The scope with what the command line allows.
    fn reach(&self, scope: Scope) -> Scope {
        Scope {
            offline: self.offline || scope.offline,
            endpoints: self.smoke_running,
            budget: self.budget.unwrap_or(scope.budget),
            ..scope
        }
    }

    /// The verdict and what the process exits with.
    fn judged(&self, examination: &Examination, steps: &[(Planned, Step)]) -> (Verdict, u8) {
        let failing = examination.findings.iter().any(|finding| self.fail_on.fails(finding.severity));
        let unknown = examination.findings.iter().any(|finding| finding.severity == Severity::Unknown);
        // A fix may take away what a finding was seen by and still not have mended its cause.
        let failed = steps.iter().any(|(_, step)| step.verdict == Verdict::Fail);
        let doubtful = steps.iter().any(|(_, step)| step.verdict == Verdict::Unknown);
        match (failing, failed, unknown || doubtful) {
            (true, ..) => (Verdict::Fail, ErrorKind::Findings.exit_code()),
            (false, true, _) => (Verdict::Fail, ErrorKind::Failed.exit_code()),
            (false, false, true) => (Verdict::Unknown, self.unless_never(ErrorKind::Unknown)),
            (false, false, false) => (Verdict::Pass, 0),
        }
    }

    /// The code of a kind, where the operator lets anything change it.
    fn unless_never(&self, kind: ErrorKind) -> u8 {
        if self.fail_on == FailOn::Never { 0 } else { kind.exit_code() }
    }

    fn report(
        &self,
        look: &Look<'_>,
        seen: Seen,
        before: &BTreeMap<Severity, usize>,
        steps: Vec<(Planned, Step)>,
        mut memory: Memory,
    ) -> Result<Report> {
        let Seen { scope, mut examination, took_ms, unready, .. } = seen;
        let mended = memory.note(&mut examination, look.settings.quiet);
        let (mut verdict, mut exit_code) = self.judged(&examination, &steps);
        // What was asked for by name and could not be looked at is not fine.
        let nothing_checked = examination.made.is_empty() && !(self.only.is_empty() && self.area.is_empty());
        if nothing_checked {
            (verdict, exit_code) = (Verdict::Unknown, self.unless_never(ErrorKind::Unknown));
        }
        if !unready.is_empty() && exit_code != ErrorKind::Findings.exit_code() {
            (verdict, exit_code) = (Verdict::Fail, self.unless_never(ErrorKind::Findings));
        }
        let unmended = steps.iter().any(|(_, step)| matches!(step.verdict, Verdict::Fail | Verdict::Unknown));
        let subject = words::subject(&scope, look.place.own, &look.asked);
        // Of many sessions these are long, and nobody looks at them in a text.
        let whole = look.settings.whole;
        let mut data = json!({
            "home": scope.root,
            "kind": scope.home.as_ref().ok().map(|home| home.kind().name()),
            "version": env!("CARGO_PKG_VERSION"),
            "sessions": scope.sessions.iter().map(SessionPaths::name).collect::<Vec<_>>(),
            "plugins": look.asked,
            "states": examination.states,
            "counts": examination.counts(),
            "checks": if whole { words::made_data(&examination) } else { json!([]) },
            "skipped": if whole { words::skipped_data(&examination) } else { json!([]) },
            "fail_on": self.fail_on.name(),
            "shown_from": self.severity.least().name(),
            "score": score::of(&examination),
            "suppressed": examination.suppressed,
            "mended": mended,
            "not_kept": memory.not_kept,
            "took_ms": took_ms,
        });
        if self.fix {
            data["fixes"] = steps.iter().map(|(planned, step)| words::fix_data(planned, step)).collect();
            if !self.dry_run && !steps.is_empty() {
                data["before"] = json!(before);
            }
        }
        let mut report =
            Report::new("doctor", words::title(&subject, &examination, self.is_narrowed())).verdict(verdict).data(data);
        let sections = [words::mended_section(&mended), words::suppressed_section(&examination)];
        for section in sections.into_iter().flatten() {
            report = report.section(section);
        }
        if let Some(section) = words::dry_run_section(&steps).filter(|_| self.dry_run) {
            report = report.section(section);
        }
        if self.fix && steps.is_empty() {
            report = report.section(Section::default().line("there is nothing here that --fix can mend"));
        }
        if let Some(section) = words::by_hand_section(&examination).filter(|_| self.fix) {
            report = report.section(section);
        }
        if !unready.is_empty() {
            let line = format!("not READY when the time was up: {}", unready.join(", "));
            report = report.section(Section::default().line(line));
        }
        if nothing_checked {
            report = report.section(Section::default().line("nothing of what was asked for could be checked"));
        }
        for section in words::skipped_sections(&examination) {
            report = report.section(section);
        }
        if let Some(reason) = memory.not_kept.as_ref().filter(|_| memory.is_worth_telling) {
            report = report.section(Section::default().line(format!("nothing of this is kept for the next time: {reason}")));
        }
        if let Some(score) =
            score::of(&examination).filter(|_| examination.findings.iter().any(|finding| finding.severity > Severity::Ok))
        {
            report.metrics.push(Metric { name: "score".into(), value: score as f64 });
        }
        report = report.next(words::next(&scope, &examination, unmended, &self.narrowing()));
        report.exit_code = Some(exit_code);
        // Whoever asked for quiet wants to hear what will hurt, whether or not it fails the command.
        report.answer = examination.findings.iter().any(|finding| finding.severity >= Severity::Warning)
            || steps.iter().any(|(_, step)| step.verdict != Verdict::Skipped)
            || !unready.is_empty();
        report.brief = memory.brief(&report, &examination, &mended, &steps).filter(|_| look.settings.quiet);
        if !self.dry_run {
            report.steps = steps.into_iter().map(|(_, step)| step).collect();
        }
        let least = self.severity.least();
        // The runner of GitHub reads annotations wherever they stand, and the exit code minds old news, too.
        let sink: &dyn Sink = if look.settings.quiet { &crate::ui::terminal::Events } else { &*look.settings.sink };
        let failed = self.files.write(&report, &examination, |severity| self.fail_on.fails(severity), took_ms);
        self.files.annotate(&examination, least, sink);
        for error in failed {
            // What was found matters more than where else it was to be written, and is told all the same.
            if report.exit_code() == 0 {
                (report.verdict, report.exit_code) = (Verdict::Fail, Some(error.kind().exit_code()));
            }
            let told = [error.chain()].into_iter().chain(error.hints().iter().cloned()).collect::<Vec<_>>().join("; ");
            if let Some(brief) = &mut report.brief {
                brief.warnings.push(told.clone());
                (brief.verdict, brief.exit_code) = (report.verdict, report.exit_code);
            }
            report.warnings.push(told);
        }
        report.findings = examination.findings;
        report.findings.retain(|finding| finding.severity >= least || finding.severity == Severity::Unknown);
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use crate::doctor::cases;

    /// Why a line is no command, if it is none.
    fn refused(line: &str) -> Option<String> {
        let error = crate::command::tree().try_get_matches_from(line.split_whitespace()).err()?;
        Some(format!("`{line}` is no command: {error}"))
    }

    /// Whether these words are the name of a command, without what it is to be given.
    fn is_name(line: &str) -> bool {
        let mut tree = crate::command::tree();
        // What is below a command is made when it is needed.
        tree.build();
        let mut words = line.split_whitespace().skip(1);
        words.try_fold(&tree, |command, word| command.find_subcommand(word)).is_some()
    }

    #[test]
    fn every_command_that_a_finding_or_the_catalog_names_exists() {
        let (commands, mentions) = (cases::commands(), cases::mentions());
        assert!(commands.len() > 8 && mentions.len() > 8, "{commands:?} {mentions:?}");
        let mentions = mentions.iter().filter(|line| !is_name(line));
        let wrong: Vec<String> = commands.iter().chain(mentions).filter_map(|line| refused(line)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
