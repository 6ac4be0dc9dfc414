//! `wpp runbook`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::told::{Given, Told, planned, require_shell, site};
use crate::app::App;
use crate::clock;
use crate::disk;
use crate::drill::sandbox;
use crate::error::{Error, ErrorKind, Result};
use crate::home::Home;
use crate::interrupt::Interrupts;
use crate::report::{Report, Section, Table, Verdict, count};
use crate::runbook::fence::is_id;
use crate::runbook::library::{Library, Text, read};
use crate::runbook::lint::{Finding, Level, Surroundings, lint};
use crate::runbook::parse::Runbook;
use crate::runbook::{AbortedBy, Outcome, front, outcome, plan, record, run, template};

/// How long a script that outlived its drill has to be gone.
const SCRIPT_PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Options of `wpp runbook`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`wpp help runbooks` is a page on how runbooks are written and how a run goes; `wpp help procedures` says which \
runbook or command carries out which procedure of the gateways' own documents."
)]
pub struct Args {
    #[command(subcommand)]
    command: RunbookCommand,
}

#[derive(Debug, Subcommand)]
enum RunbookCommand {
    /// List the runbooks that wpp brings and your own
    List,
    /// Show a runbook as it is written
    Show {
        /// Id, or the path of a file
        #[arg(value_name = "RUNBOOK")]
        id: String,
    },
    /// Say what is wrong with runbooks; exit 3 when something is
    Lint {
        /// Files or ids [default: all of them]
        #[arg(value_name = "RUNBOOK")]
        files: Vec<String>,
    },
    /// Run a runbook: look, act, verify, and take back what it began when something deviates
    Run(Box<Run>),
    /// Go on with a run that was cut off
    Resume(GoOn),
    /// Take back what a run began that was cut off, or whose undo failed
    Undo(GoOn),
    /// List runs, and which of them are open
    Runs,
    /// Write a new runbook of your own to begin with
    New {
        /// Its id: a-z, 0-9 and -
        id: String,
        /// A drill that runs in a throw-away sandbox
        #[arg(long)]
        drill: bool,
        /// Write it into this file [default: runbooks/ID.md in the home]
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}

/// Options of `wpp runbook run`.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// Id, or the path of a file
    #[arg(value_name = "RUNBOOK")]
    id: String,
    #[command(flatten)]
    given: Given,
}

#[derive(Debug, clap::Args)]
struct GoOn {
    /// Id of the run; `wpp runbook runs` lists them
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    told: Told,
}

impl Args {
    /// What is run by this, and what that is told; `None` where nothing is.
    pub fn begins(&self) -> Option<(Vec<&str>, &Given)> {
        match &self.command {
            RunbookCommand::Run(run) => Some((vec![run.id.as_str()], &run.given)),
            _ => None,
        }
    }

    /// Runs the chosen subcommand.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.command {
            RunbookCommand::List => list(app),
            RunbookCommand::Show { id } => show(app, &id),
            RunbookCommand::Lint { files } => lint_all(app, &files),
            RunbookCommand::Run(run) => run.run(app),
            RunbookCommand::Resume(go_on) => go_on.run(app, true),
            RunbookCommand::Undo(go_on) => go_on.run(app, false),
            RunbookCommand::Runs => runs(app),
            RunbookCommand::New { id, drill, file } => new(app, &id, drill, file),
        }
    }
}

fn linted(text: &Text) -> Vec<Finding> {
    lint(&text.text, &Surroundings { id: &text.id, parses: &super::is_line, asks: &super::asks::asks })
}

/// A text as a runbook that can be run.
///
/// # Errors
/// [`ErrorKind::Usage`] with what lint calls errors.
pub fn runnable(text: &Text) -> Result<Runbook> {
    let errors: Vec<Finding> = linted(text).into_iter().filter(|finding| finding.level == Level::Error).collect();
    let Some(first) = errors.first() else { return text.runbook() };
    let first = format!("{}:{}: {}", text.file(), first.line, first.message);
    Err(Error::new(ErrorKind::Usage, format!("the runbook {} cannot be run: {first}", text.id))
        .hint(format!("`wpp runbook lint {}` lists all that is wrong with it", text.named())))
}

fn list(app: &App) -> Result<Report> {
    let library = Library::open(app.home())?;
    let (mut rows, mut data) = (Vec::new(), Vec::new());
    // One that is broken keeps no other from being listed.
    let mut wrong: Vec<String> = library.broken().iter().map(|broken| broken.error.chain()).collect();
    for text in library.texts() {
        let front = match text.runbook() {
            Ok(runbook) => runbook.front,
            Err(error) => {
                wrong.push(format!("{} ({})", error.chain(), error.hints().join("; ")));
                continue;
            }
        };
        rows.push(vec![
            front.id.clone(),
            front.kind.name().into(),
            front.severity.name().into(),
            front.respond_within.to_string(),
            front.applies_to.clone(),
            front.title.clone(),
        ]);
        data.push(json!({
            "id": front.id, "title": front.title, "kind": front.kind, "severity": front.severity,
            "respond_within": front.respond_within, "applies_to": front.applies_to, "source": front.source,
            "schedule": front.schedule, "origin": text.origin.describe(),
        }));
    }
    let columns = ["id", "kind", "severity", "respond within", "applies to", "title"];
    let mut report = Report::answer("runbook-list", count(rows.len() as u64, "runbook", "runbooks"))
        .section(Section::default().table(Table::new(columns, rows)))
        .data(json!({ "runbooks": data }))
        .next("wpp runbook show ID")
        .next("wpp runbook run ID --dry-run");
    if !wrong.is_empty() {
        report.exit_code = Some(ErrorKind::Usage.exit_code());
        report.warnings = wrong;
    }
    Ok(report)
}

fn show(app: &App, id: &str) -> Result<Report> {
    let text = Library::open(app.home())?.find(id)?;
    let runbook = text.runbook().ok();
    let front = runbook.as_ref().map(|runbook| &runbook.front);
    let blocks: Vec<_> = runbook
        .iter()
        .flat_map(|runbook| &runbook.fences)
        .map(|fence| {
            json!({ "id": fence.id, "kind": fence.kind, "part": fence.part, "line": fence.line, "answer": plan::answer(fence) })
        })
        .collect();
    let mut report = Report::answer("runbook-show", front.map_or_else(|| text.id.clone(), |front| front.title.clone()))
        .section(text.text.lines().fold(Section::default(), |section, line| section.line(line)))
        .data(json!({
            "id": text.id, "origin": text.origin.describe(), "text": text.text, "sha256": runbook.as_ref().map(Runbook::sha256),
            "parameters": front.map(|front| &front.parameters), "blocks": blocks,
        }));
    // The text stays as it is written: how its questions are answered stands beside it.
    let answers: Vec<String> = runbook.iter().flat_map(|runbook| &runbook.fences).filter_map(plan::answer).collect();
    if !answers.is_empty() {
        let set = if front.is_some_and(|front| front.kind == front::Kind::Drill) { "drill" } else { "runbook" };
        report = report.next(format!("wpp {set} run {} {}   # without a terminal", text.named(), answers.join(" ")));
    }
    Ok(report)
}

fn lint_all(app: &App, named: &[String]) -> Result<Report> {
    let (mut lines, mut data) = (Vec::new(), Vec::new());
    let texts: Vec<Text> = if named.is_empty() {
        let library = Library::open(app.home())?;
        for broken in library.broken() {
            let (file, message) = (broken.path.display().to_string(), broken.error.chain());
            lines.push(format!("{file}:1: {} [unreadable] {message}", Level::Error.name()));
            data.push(json!({ "file": file, "line": 1, "level": Level::Error, "rule": "unreadable", "message": message }));
        }
        library.texts().to_vec()
    } else {
        // A file is looked at even where another hides it.
        named
            .iter()
            .map(|one| {
                if one.contains('/') || one.ends_with(".md") { read(one.as_ref()) } else { Library::open(app.home())?.find(one) }
            })
            .collect::<Result<_>>()?
    };
    for text in &texts {
        for found in linted(text) {
            lines.push(format!("{}:{}: {} [{}] {}", text.file(), found.line, found.level.name(), found.rule, found.message));
            data.push(json!({ "file": text.file(), "line": found.line, "level": found.level, "rule": found.rule, "message": found.message }));
        }
    }
    let title = match lines.len() {
        0 => format!("{}: nothing to complain about", count(texts.len() as u64, "runbook", "runbooks")),
        found => format!("{}: {}", count(texts.len() as u64, "runbook", "runbooks"), count(found as u64, "finding", "findings")),
    };
    let mut report = Report::answer("runbook-lint", title)
        .verdict(if lines.is_empty() { Verdict::Pass } else { Verdict::Fail })
        .data(json!({ "files": texts.iter().map(Text::file).collect::<Vec<_>>(), "findings": data }));
    if !lines.is_empty() {
        report.exit_code = Some(ErrorKind::Findings.exit_code());
        report = report.section(Section { lines, ..Section::default() });
    }
    Ok(report)
}

impl Run {
    fn run(self, app: &App) -> Result<Report> {
        let text = Library::open(app.home())?.find(&self.id)?;
        let runbook = runnable(&text)?;
        if runbook.front.sandbox {
            return Err(Error::new(ErrorKind::Usage, format!("{} is a drill that runs in a sandbox", runbook.front.id))
                .hint(format!("`wpp drill run {}` makes one for it", runbook.front.id)));
        }
        let order = self.given.order(app, &runbook, &app.chosen_session())?;
        if self.given.dry_run {
            let (plan, section) = planned(app, &runbook, &order.values);
            let title = format!("{}: what would be done; nothing was", runbook.front.id);
            return Ok(Report::answer("runbook-plan", title).section(section).data(json!({
                "runbook": runbook.front.id, "guards": runbook.front.guards, "shell_allowed": order.shell_allowed, "blocks": plan.blocks,
            })));
        }
        require_shell(&runbook, order.shell_allowed)?;
        self.given.agree(app, &runbook, &order.values)?;
        let interrupts = Interrupts::watch()?;
        app.home().ensure()?;
        let site = site(app, app.home(), &interrupts)?;
        let secrets = order.values.secrets.values().cloned().collect();
        let front = runbook.front.clone();
        let mut outcome = run::start(runbook, order, &site)?;
        super::concerned::escalate(app, &front, &mut outcome)?;
        kept(app, outcome, secrets)
    }
}

impl GoOn {
    fn run(self, app: &App, resume: bool) -> Result<Report> {
        let state = run::open_run(app.journal()?, &self.run)?;
        if Runbook::parse(&state.text).is_ok_and(|(runbook, _)| runbook.front.sandbox) {
            return if resume { Err(cut_off(&self.run)) } else { clear(app, &self.run) };
        }
        if !state.home.is_dir() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("the run {} worked on {}, which is gone", self.run, state.home.display()),
            )
            .hint("look where it went; the run can be taken back when it is there again"));
        }
        let home = Home::open(&state.home)?;
        let secrets = self.told.secrets(app, state.secrets.iter().map(String::as_str))?;
        let answers = self.told.answers()?;
        let interrupts = Interrupts::watch()?;
        let site = site(app, &home, &interrupts)?;
        let known = secrets.values().cloned().collect();
        let broken = super::evidence::before_it_goes_on(app, &self.run)?;
        let outcome =
            if resume { run::resume(&self.run, secrets, &answers, &site) } else { run::undo(&self.run, secrets, &site) };
        let mut outcome = outcome?;
        if let Some(broken) = broken {
            // It is taken back all the same: what a forger did to its papers is no reason to leave it as it is.
            let said = format!("the evidence was not as it was before this: {broken}");
            outcome.report.warnings.push(said.clone());
            if let Some(section) = outcome.report.sections.first_mut() {
                section.fields.push(("evidence before".into(), said));
            }
        }
        kept(app, outcome, known)
    }
}

/// A drill's simulator ended with its process, so nothing in the sandbox can go on.
fn cut_off(run: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("the run {run} played in a sandbox, whose simulated WhatsApp ended with the drill"))
        .hint(format!("`wpp runbook undo {run}` ends what is left of it; then run the drill again"))
}

/// Takes back a drill in a sandbox that was cut off: all that it did is in there, so its processes are
/// ended and the folder is removed.
fn clear(app: &App, run: &str) -> Result<Report> {
    let mut record = record::Record::find(app.journal()?, run)?;
    if let Some(script) = record.state.script.take()
        && !script.end(SCRIPT_PATIENCE)
    {
        return Err(Error::new(ErrorKind::Locked, format!("a script of the run {run} goes on, and cannot be ended"))
            .hint(format!("see what it is with `ps -g {}`, end it, and try again", script.leader)));
    }
    if record.state.home.is_dir() {
        sandbox::remove(&record.state.home)?;
    }
    let state = &mut record.state;
    state.under_way = None;
    state.left.clear();
    for one in &mut state.undoable {
        one.undone = true;
    }
    if state.verdict.is_none() {
        state.verdict = Some(crate::runbook::Verdict::Aborted);
        state.aborted_by = Some(AbortedBy::Operator);
        state.cause = Some("it was cut off, and `wpp runbook undo` removed its sandbox".into());
    }
    record.close()?;
    let state = record.state;
    let verdict = state.verdict.unwrap_or(crate::runbook::Verdict::Aborted);
    let (runbook, _) = Runbook::parse(&state.text).map_err(|_| cut_off(run))?;
    let mut report = outcome::report(&runbook, &state, verdict);
    report.exit_code = Some(0);
    kept(app, Outcome { verdict, report, state }, Vec::new())
}

/// The report of a run, with its evidence sealed in every form.
pub fn kept(app: &App, outcome: Outcome, secrets: Vec<String>) -> Result<Report> {
    let Outcome { mut report, state, .. } = outcome;
    let page = super::evidence::keep(app, &state.evidence, &report, secrets)?;
    if let Some(section) = report.sections.first_mut() {
        section.fields.push(("report".into(), page.display().to_string()));
    }
    report.data["report"] = json!(page);
    Ok(report)
}

fn runs(app: &App) -> Result<Report> {
    let all = if app.home().journal().exists() { record::all(app.journal()?)? } else { Vec::new() };
    let (mut rows, mut data, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for (is_open, state) in all.iter().rev() {
        let verdict = state.verdict.map_or("under way or cut off", crate::runbook::Verdict::name);
        if *is_open {
            open.push(state.run.clone());
        }
        rows.push(vec![
            state.run.clone(),
            clock::rfc3339(clock::from_ms(state.began_ms)),
            verdict.to_owned(),
            if *is_open { "open".into() } else { String::new() },
            state.because(),
        ]);
        data.push(json!({
            "run": state.run, "runbook": state.runbook, "began": clock::rfc3339(clock::from_ms(state.began_ms)), "verdict": state.verdict, "open": is_open,
            "under_way": state.under_way, "evidence": state.evidence, "cause": state.cause, "undone": state.undone(), "left": state.left,
        }));
    }
    let columns = ["run", "began", "verdict", "", "because"];
    let title = format!("{}, {} open", count(rows.len() as u64, "run", "runs"), open.len());
    let mut report = Report::answer("runbook-runs", title).data(json!({ "runs": data }));
    if !rows.is_empty() {
        report = report.section(Section::default().table(Table::new(columns, rows)));
    }
    let unreadable = if app.home().journal().exists() { record::unreadable(app.journal()?)? } else { Vec::new() };
    for (at_ms, is_open) in unreadable {
        let began = clock::rfc3339(clock::from_ms(at_ms));
        let open = if is_open { ", and is open: finish it with that version" } else { "" };
        report
            .warnings
            .push(format!("a run that began at {began} was written by another version of wpp, and cannot be read{open}"));
    }
    for run in open {
        report = report.next(format!("wpp runbook resume {run}")).next(format!("wpp runbook undo {run}"));
    }
    Ok(report)
}

fn new(app: &App, id: &str, drill: bool, file: Option<PathBuf>) -> Result<Report> {
    if !is_id(id) {
        return Err(Error::new(ErrorKind::Usage, format!("{id} is no id")).hint("ids are made of a-z, 0-9 and -"));
    }
    if Library::open(app.home())?.texts().iter().any(|text| text.id == id) {
        return Err(Error::new(ErrorKind::Usage, format!("there is a runbook {id} already")).hint("choose another id"));
    }
    let path = match file {
        Some(path) => path,
        None => {
            app.home().ensure()?;
            disk::create_folder(&app.home().runbooks())?;
            app.home().runbooks().join(format!("{id}.md"))
        }
    };
    if path.exists() {
        return Err(
            Error::new(ErrorKind::Usage, format!("{} is there already", path.display())).hint("choose another id or file")
        );
    }
    disk::write_atomic(&path, template::text(id, drill).as_bytes())?;
    let kind = if drill { front::Kind::Drill } else { front::Kind::Runbook };
    let quoted = crate::report::quoted(&path.display().to_string());
    Ok(Report::new("runbook-new", format!("Wrote {}", path.display()))
        .data(json!({ "id": id, "kind": kind, "path": path }))
        .next(format!("wpp runbook lint {quoted}"))
        .next(format!("wpp runbook run {quoted} --dry-run")))
}
