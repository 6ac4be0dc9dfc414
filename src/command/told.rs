//! What runs of runbooks and drills are told on the command line: parameters, secrets, answers, what is
//! allowed. Flattened into the commands that begin a run or go on with one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::App;
use crate::config::Config;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, HomeKind};
use crate::interrupt::Interrupts;
use crate::report::{Event, Section};
use crate::runbook::beside::Beside;
use crate::runbook::fence::{Fence, Kind, Part};
use crate::runbook::guard::Guard;
use crate::runbook::order::gateway;
use crate::runbook::parse::Runbook;
use crate::runbook::plan::Plan;
use crate::runbook::run::{self, Order};
use crate::runbook::values::{BUILT_IN, Values};
use crate::runbook::{Runner, Site};

/// The largest file of a secret.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// What a run is told before it begins.
#[derive(Debug, clap::Args)]
pub struct Given {
    /// Value of a parameter; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    told: Told,
    /// Let blocks of kind sh run
    #[arg(long)]
    allow_shell: bool,
    /// Show what would be done with these parameters, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Agree to the plan in advance
    #[arg(long)]
    pub yes: bool,
    /// Begin although an earlier run of it on the same session was cut off, and not taken back
    #[arg(long)]
    despite_open: bool,
    /// Keep the evidence in this folder [default: reports/RUN in the home]
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    pub evidence: Option<PathBuf>,
}

/// What a run is told that stands in no journal, or that answers its questions.
#[derive(Debug, clap::Args)]
pub struct Told {
    /// Where a secret comes from; without it, from the variable WPP_SECRET_NAME
    #[arg(long = "secret", value_name = "NAME=env:VARIABLE|file:PATH")]
    secret: Vec<String>,
    /// Answer to a question of the runbook, in advance
    #[arg(long = "answer", value_name = "ID=yes|no")]
    answer: Vec<String>,
}

/// Finds a secret by its variable.
pub type FindSecret<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What a run finds around it that is on no command line.
pub struct Around<'a> {
    /// The home that it would work on.
    pub home: &'a Home,
    /// The settings.
    pub config: &'a Config,
    /// A secret by its variable.
    pub secret: Box<FindSecret<'a>>,
}

impl<'a> Around<'a> {
    /// As this process finds it.
    pub fn of(app: &'a App) -> Around<'a> {
        let secret = |variable: &str| app.secret(variable).map(str::to_owned);
        Around { home: app.home(), config: app.config(), secret: Box::new(secret) }
    }
}

impl Given {
    /// The words of a command line that say the same.
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let pairs = self.set.iter().map(|one| ("--set", one));
        let pairs = pairs.chain(self.told.secret.iter().map(|one| ("--secret", one)));
        for (option, value) in pairs.chain(self.told.answer.iter().map(|one| ("--answer", one))) {
            words.extend([option.into(), value.into()]);
        }
        let said = [("--allow-shell", self.allow_shell), ("--yes", self.yes), ("--despite-open", self.despite_open)];
        words.extend(said.into_iter().filter(|(_, said)| *said).map(|(option, _)| option.into()));
        if let Some(folder) = &self.evidence {
            words.extend(["--evidence".into(), folder.into()]);
        }
        words
    }

    /// Whether anything stands against a run that is told this and that nobody attends.
    ///
    /// # Errors
    /// The first thing that keeps it from ever passing.
    pub fn passes_unattended(&self, around: &Around<'_>, runbook: &Runbook, session: &str) -> Result<()> {
        let id = &runbook.front.id;
        if self.dry_run {
            return Ok(());
        }
        if !self.yes && !runbook.front.sandbox {
            return Err(
                Error::new(ErrorKind::Declined, format!("{id} asks before it begins, and nobody is there")).hint("give it --yes")
            );
        }
        let order = self.ordered(around, runbook, session)?;
        require_shell(runbook, order.shell_allowed)?;
        if !runbook.front.sandbox && around.home.kind() != HomeKind::Sandbox && runbook.front.guards.contains(&Guard::NotLive) {
            return Err(Error::new(ErrorKind::Denied, format!("{id} is never run in a live home (its guard not-live)"))
                .hint("take the entry out, or run it in a sandbox home"));
        }
        for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Manual && is_always_asked(runbook, fence)) {
            match order.answers.get(&fence.id) {
                Some(true) => {}
                Some(false) => {
                    return Err(Error::new(ErrorKind::Usage, format!("{id} never passes with --answer {}=no", fence.id))
                        .hint("take the entry out, or answer yes where that is so each time"));
                }
                None => {
                    let question = crate::runbook::expect::clip(fence.first_line());
                    return Err(Error::new(
                        ErrorKind::Declined,
                        format!("{id} asks {:?} ({}), and nobody is there", question, fence.id),
                    )
                    .hint(format!(
                        "where that is so each time, give it --answer {}=yes; else a person has to run it",
                        fence.id
                    )));
                }
            }
        }
        Ok(())
    }

    /// What the run is told, checked. `session` is the one that it works on when it is told no other.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for what the runbook does not know, and for what it has to know and was not told.
    pub fn order(&self, app: &App, runbook: &Runbook, session: &str) -> Result<Order> {
        self.ordered(&Around::of(app), runbook, session)
    }

    /// The same, of whoever will run it.
    fn ordered(&self, around: &Around<'_>, runbook: &Runbook, session: &str) -> Result<Order> {
        let given = pairs(&self.set, "--set")?;
        let answers = self.told.answers()?;
        for id in answers.keys() {
            if !runbook.fence(id).is_some_and(|fence| fence.kind == Kind::Manual) {
                let id_of_runbook = &runbook.front.id;
                return Err(Error::new(ErrorKind::Usage, format!("{id_of_runbook} asks nothing that is called {id}"))
                    .hint(format!("`wpp runbook show {id_of_runbook}` shows its manual blocks")));
            }
        }
        let secret = runbook.front.parameters.iter().filter(|(_, parameter)| parameter.secret);
        let secrets = self.told.secrets_of(around, secret.map(|(name, _)| name.as_str()))?;
        let values = run::parameters(runbook, &given, &secrets, Some(session))?;
        let shell_allowed = allows_shell(around.config, runbook, self.allow_shell);
        Ok(Order { values, answers, shell_allowed, despite_open: self.despite_open, evidence: self.evidence.clone() })
    }

    /// Shows what would be done and asks whether it may be, where that was not agreed to in advance.
    ///
    /// # Errors
    /// [`ErrorKind::Declined`] when it may not; [`ErrorKind::Locked`] beside another run of the same.
    pub fn agree(&self, app: &App, runbook: &Runbook, values: &Values) -> Result<()> {
        if app.home().journal().exists() {
            // Nobody is to agree to what is refused then.
            let home = app.home().root();
            Beside { home, runbook, values, despite_open: self.despite_open }.look(app.journal()?)?;
        }
        if !self.yes {
            for line in Plan::of(runbook, values).lines(runbook) {
                app.emit(Event::Line { text: line, data: serde_json::Value::Null });
            }
        }
        let question = format!("Run the {} {} on {}?", runbook.front.kind.name(), runbook.front.id, app.home().root().display());
        app.confirm_or_dry_run(self.yes, &question).map(drop)
    }
}

/// What would be done, with the names of what only a run knows in the place of their values.
pub fn planned(app: &App, runbook: &Runbook, values: &Values) -> (Plan, Section) {
    let mut values = values.clone();
    if !runbook.front.sandbox {
        values.plain.insert("home".to_owned(), app.home().root().display().to_string());
    }
    let gateway = gateway(&values).to_owned();
    values.plain.insert("gateway".to_owned(), gateway);
    for name in BUILT_IN.into_iter().chain(["simulator"]) {
        values.plain.entry(name.to_owned()).or_insert_with(|| format!("<{name}>"));
    }
    let plan = Plan::of(runbook, &values);
    let section = plan.lines(runbook).into_iter().fold(Section::default(), Section::line);
    (plan, section)
}

/// Scripts of the shell run only when that was allowed.
pub fn require_shell(runbook: &Runbook, allowed: bool) -> Result<()> {
    let id = &runbook.front.id;
    let scripts: Vec<&str> =
        runbook.fences.iter().filter(|fence| fence.kind == Kind::Sh).map(|fence| fence.id.as_str()).collect();
    if scripts.is_empty() || allowed {
        return Ok(());
    }
    let text = format!("{id} runs scripts of the shell ({}), and that was not allowed", scripts.join(", "));
    Err(Error::new(ErrorKind::Denied, text)
        .hint(format!("read it first (`wpp runbook show {id}`), then give --allow-shell"))
        .hint(format!("or allow this very file in config.toml: [runbook] allow_shell = [\"{}\"]", runbook.sha256())))
}

/// Whether scripts of a runbook may run: the operator said so, now or in the settings for this very text.
fn allows_shell(config: &Config, runbook: &Runbook, said: bool) -> bool {
    said || config.list("runbook.allow_shell").any(|allowed| allowed == runbook.sha256())
}

/// Whether a run that passes comes to a block, whatever happened before.
fn is_always_asked(runbook: &Runbook, fence: &Fence) -> bool {
    fence.when.is_none() && fence.part != Part::Rollback && !runbook.is_undo(&fence.id)
}

/// The site of a run that is written down in the operator's home, and works on `home`.
pub fn site<'a>(app: &'a App, home: &'a Home, interrupts: &Interrupts) -> Result<Site<'a>> {
    let runner: Arc<Runner> = Arc::new(super::run_line);
    Ok(Site {
        home,
        records: app.home(),
        journal: app.journal()?,
        runner,
        sink: app.sink().clone(),
        ask: app.ask().clone(),
        interrupted: interrupts.flag(),
    })
}

impl Told {
    /// The secrets that were named, and those of the environment that the runbook has parameters for.
    pub fn secrets<'a>(&self, app: &App, wanted: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, String>> {
        self.secrets_of(&Around::of(app), wanted)
    }

    fn secrets_of<'a>(&self, around: &Around<'_>, wanted: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, String>> {
        let mut secrets = BTreeMap::new();
        for name in wanted {
            let variable = format!("WPP_SECRET_{}", name.to_uppercase());
            secrets.extend((around.secret)(&variable).map(|value| (name.to_owned(), value)));
        }
        for given in &self.secret {
            let (name, from) = pair(given, "--secret")?;
            let value = if let Some(variable) = from.strip_prefix("env:") {
                std::env::var(variable).map_err(|_| {
                    Error::new(
                        ErrorKind::Usage,
                        format!("the variable {variable}, which is to hold the secret {name}, is not set"),
                    )
                    .hint(format!("set {variable}, or give --secret {name}=file:PATH"))
                })?
            } else if let Some(path) = from.strip_prefix("file:") {
                let bytes = disk::read_private("file of a secret", path.as_ref(), SECRET_BYTES_MAX)?;
                String::from_utf8(bytes)
                    .map_err(|_| Error::new(ErrorKind::Usage, format!("{path} is not UTF-8")).hint("a secret is text"))?
            } else {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("where the secret {name} comes from is neither env: nor file:"),
                )
                .hint(format!(
                    "write --secret {name}=env:VARIABLE or --secret {name}=file:PATH; a command line is no place for a secret"
                )));
            };
            secrets.insert(name.to_owned(), value.trim_end_matches(['\n', '\r']).to_owned());
        }
        Ok(secrets)
    }

    /// Answers to questions, by their ids.
    pub fn answers(&self) -> Result<BTreeMap<String, bool>> {
        let mut answers = BTreeMap::new();
        for given in &self.answer {
            let (id, answer) = pair(given, "--answer")?;
            let yes = match answer {
                "yes" | "y" => true,
                "no" | "n" => false,
                _ => {
                    return Err(Error::new(
                        ErrorKind::Usage,
                        format!("the answer to {id} is {answer}, which is neither yes nor no"),
                    )
                    .hint(format!("write --answer {id}=yes or --answer {id}=no")));
                }
            };
            answers.insert(id.to_owned(), yes);
        }
        Ok(answers)
    }
}

fn pair<'a>(text: &'a str, what: &str) -> Result<(&'a str, &'a str)> {
    text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("{what} {text} is no NAME=VALUE")).hint(format!("write {what} NAME=VALUE"))
    })
}

/// Values by their names, as `--set` gives them.
fn pairs(given: &[String], what: &str) -> Result<BTreeMap<String, String>> {
    given.iter().map(|one| pair(one, what).map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}
