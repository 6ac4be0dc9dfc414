//! `wpp dump`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::keys::ReadKeys;
use super::set;
use crate::app::App;
use crate::archive::destination::{Destination, STORE_SCHEME};
use crate::archive::scratch::Scratch;
use crate::clock::{self, CalendarSpan, Stopwatch};
use crate::dump::address::is_of_this_machine;
use crate::dump::client::Bounds;
use crate::dump::kind::Dump;
use crate::dump::postgres::{self, Engine, Wishes};
use crate::dump::rehearse::{self, Afterwards, Fetched, Rehearsed, Request};
use crate::dump::smoke::Smoke;
use crate::dump::take;
use crate::dump::tools::Tools;
use crate::error::{Error, ErrorKind, Result};
use crate::home::HomeKind;
use crate::interrupt::Interrupts;
use crate::report::{Metric, Report, Section, Steps, Table, Verdict, count};

/// Options of `wpp dump`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
  wpp dump check nightly.dump                          what the file really is\n  \
  wpp dump rehearse nightly.dump --smoke smoke.toml    load it into a server of its own, and ask that\n  \
  wpp dump rehearse --latest s3://backups/spec-1 --younger-than 26h --smoke smoke.toml\n\n\
The smoke SQL is a file of questions, each with the bounds of its answer:\n  \
  [[query]]\n  \
  name = \"users\"\n  \
  sql = \"select count(*) from users\"\n  \
  min = 1                  # and max, equals, rows_min, rows_max\n\
Each is one statement that gives rows, asked by a role that may only read. Where a dump makes several databases with tables \
(pg_dumpall), `database = \"NAME\"` above the first question names the one that is asked.\n\n\
A rehearsal runs the SQL of the dump, with all rights in its disposable server, and SQL can make a server start programs. \
What contains it: the server has no port, and a data folder that is removed; it runs as an account without rights \
(postgres.account; as this user when that is not root), with nothing of this process's environment; programs that it started \
are ended with it (on Linux also those that left their session); orders to psql itself, such as \\! and \\connect to another \
server, are refused before anything is loaded. Not contained: what that account may read and reach over the network. \
With --engine docker there is no network either. Rehearse a dump from a stranger there, or on a machine that has nothing to lose.")]
pub struct Args {
    #[command(subcommand)]
    command: DumpCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DumpCommand {
    /// Say what a file that is called a dump really is; a stub or a dump without an end is refused
    Check(Check),
    /// Load a dump into a disposable server of PostgreSQL, and ask that what it holds
    Rehearse(Box<Rehearse>),
    /// Load a dump into an empty database of a server that is there
    Load(Load),
    /// List the disposable servers that were kept, and what is left of others that were interrupted
    Servers,
    /// Stop a disposable server that was kept, and remove it
    Stop(Stop),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The dump: custom, tar, directory or plain, also in gzip or zstd
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Rehearse {
    /// The dump: custom, tar, directory or plain, also in gzip or zstd; or a set of a gateway, whose dump is taken
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath, required_unless_present = "latest", conflicts_with = "latest")]
    file: Option<PathBuf>,
    /// The newest dump of this folder or s3://BUCKET/PREFIX in the place of a file
    #[arg(long, value_name = "DESTINATION", value_hint = clap::ValueHint::DirPath)]
    latest: Option<String>,
    /// The newest dump must be younger than this: 26h, 7d
    #[arg(long, value_name = "TIME", requires = "latest")]
    younger_than: Option<String>,
    /// File of questions that the restored database must answer; without it, only tables and rows are counted
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    smoke: Option<PathBuf>,
    /// Where the server runs
    #[arg(long, value_enum, default_value_t = Engine::Auto)]
    engine: Engine,
    /// Keep the server even when all is well
    #[arg(long, conflicts_with = "discard")]
    keep: bool,
    /// Keep nothing, even when something deviates
    #[arg(long)]
    discard: bool,
    /// Loading may take so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: u64,
    #[command(flatten)]
    keys: ReadKeys,
}

#[derive(Debug, clap::Args)]
struct Load {
    /// The dump: custom, tar, directory or plain, also in gzip or zstd
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    file: PathBuf,
    /// The empty database: postgres://USER@HOST:PORT/DATABASE, or postgres://USER@/DATABASE?host=FOLDER for a socket
    #[arg(long, value_name = "ADDRESS")]
    into: String,
    /// Name of the secret that is its password: WPP_SECRET_NAME, secrets/NAME, or a command in config.toml
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
    /// Loading may take so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: u64,
}

#[derive(Debug, clap::Args)]
struct Stop {
    /// Its folder, as the rehearsal or `wpp dump servers` said it
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
}

impl Args {
    /// Runs the chosen subcommand.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.command {
            DumpCommand::Check(check) => checked(&check.file),
            DumpCommand::Rehearse(rehearse) => rehearse.run(app),
            DumpCommand::Load(load) => load.run(app),
            DumpCommand::Servers => Ok(servers()),
            DumpCommand::Stop(stop) => stopped(app, &stop.folder),
        }
    }
}

fn checked(file: &Path) -> Result<Report> {
    let dump = Dump::examine(file)?;
    let mut section = Section::default().field("format", dump.describe()).field("SHA-256", &dump.sha256);
    if dump.plain.tables > 0 {
        section = section.field("tables", dump.plain.tables);
    }
    let file = dump.path.display().to_string();
    Ok(Report::answer("dump-check", format!("{file} is a dump; whether it can be restored, only a rehearsal shows"))
        .section(section)
        .data(of_dump(&dump))
        .next(format!("wpp dump rehearse {} --smoke FILE", crate::report::quoted(&file))))
}

fn of_dump(dump: &Dump) -> Value {
    json!({
        "path": dump.path,
        "kind": dump.kind,
        "wrapping": dump.wrapping,
        "size_bytes": dump.size_bytes,
        "sha256": dump.sha256,
    })
}

fn servers() -> Report {
    let kept = postgres::kept();
    let rows = kept.iter().map(|server| vec![server.folder.display().to_string(), server.look.clone(), server.remove.clone()]);
    let table = Table::new(["folder", "look at it", "remove it"], rows);
    let title = match kept.len() {
        0 => "No disposable server was kept".to_owned(),
        many => format!("{} kept", count(many as u64, "disposable server", "disposable servers")),
    };
    let report = Report::answer("dump-servers", title).data(json!({ "servers": kept }));
    if kept.is_empty() { report } else { report.section(Section::default().table(table)) }
}

fn stopped(app: &App, folder: &Path) -> Result<Report> {
    postgres::stop(folder, app.config().text("postgres.folder"))?;
    Ok(Report::new("dump-stop", format!("The server in {} is gone, with all it held", folder.display()))
        .data(json!({ "folder": folder })))
}

/// What servers are made with, as it is set.
fn wishes(app: &App, engine: Engine) -> Wishes {
    let text = |path| app.config().text(path).to_owned();
    Wishes { engine, folder: text("postgres.folder"), account: text("postgres.account"), image: text("postgres.image") }
}

impl Load {
    fn run(self, app: &App) -> Result<Report> {
        let watch = Stopwatch::start();
        let dump = Dump::examine(&std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone()))?;
        if app.home().kind() == HomeKind::Sandbox && !is_of_this_machine(&self.into) {
            return Err(Error::new(ErrorKind::Denied, "a sandbox reaches servers of this machine alone")
                .hint("use a live home for a server elsewhere"));
        }
        let secrets = app.gateway_secrets();
        let password = self.secret.as_deref().map(|name| secrets.get("dump", name)).transpose()?;
        let interrupts = Interrupts::watch()?;
        let stop = interrupts.flag();
        let folder = Scratch::make(&set::scratch(app)?)?;
        let tools = Tools::clients(app.config().text("postgres.folder"));
        let server = take::live(&self.into, password.as_deref(), &tools, &folder.path().join("keys"))?;
        let there = server.client.tables(&server.database, &stop)?;
        if !there.is_empty() {
            let tables = count(there.len() as u64, "table", "tables");
            return Err(Error::new(
                ErrorKind::Denied,
                format!("the database {} is not empty: it holds {tables}", server.database),
            )
            .hint("make an empty one (`createdb NAME`) and name that; switch the gateway over to it when all is well"));
        }
        let question = format!("Load {} ({}) into the empty database {}?", self.file.display(), dump.describe(), server.database);
        let _confirmed = app.confirm(self.yes, &question)?;
        let mut steps = Steps::new(&**app.sink());
        let step = steps.begin("load the dump");
        let bounds = Bounds { patience: Duration::from_secs(self.timeout), stop: &stop };
        let placed = dump.path.display().to_string();
        let loaded = server.client.load(&server.database, &dump, &placed, folder.path(), true, bounds);
        let loaded = loaded.and_then(|()| server.client.tables(&server.database, &stop));
        let seen = loaded.as_ref().map_or_else(Error::chain, |tables| {
            let rows: u64 = tables.values().sum();
            format!("{}, {}", count(tables.len() as u64, "table", "tables"), count(rows, "row", "rows"))
        });
        steps.end(step, "load the dump", "all of it, without an error", seen.clone(), loaded.is_ok());
        let tables = loaded.map_err(|error| {
            error.hint(format!("{} holds a part of it now: drop it, make it anew, and load again", server.database))
        })?;
        app.journal()?.record(
            None,
            "dump-load",
            &json!({ "dump": dump.path, "sha256": dump.sha256, "database": server.database }),
        )?;
        let mut report = Report::new("dump-load", format!("{}: loaded into {}, {seen}", self.file.display(), server.database))
            .data(json!({ "dump": of_dump(&dump), "database": server.database, "tables": tables }));
        report.metrics.push(Metric { name: "load_took_ms".into(), value: watch.elapsed_ms() as f64 });
        report.steps = steps.done;
        Ok(report)
    }
}

impl Rehearse {
    fn run(self, app: &App) -> Result<Report> {
        let watch = Stopwatch::start();
        // Before anything is made: a mistake in it would waste the rest.
        let smoke = self.smoke.as_deref().map(Smoke::read).transpose()?;
        let interrupts = Interrupts::watch()?;
        let stop = interrupts.flag();
        let mut steps = Steps::new(&**app.sink());
        // Holds what comes out of a set until the end.
        let mut unpacked = None;
        let fetched = match (&self.file, &self.latest) {
            (Some(file), _) if set::is_meant(&file.to_string_lossy()) => {
                let identities = self.keys.identities(app)?;
                let folder = unpacked.insert(Scratch::make(&set::scratch(app)?)?);
                Ok(Fetched::here(set::dump_of(app, &file.to_string_lossy(), folder.path(), &identities)?))
            }
            (Some(file), _) => Ok(Fetched::here(std::path::absolute(file).unwrap_or_else(|_| file.clone()))),
            (None, Some(latest)) => self.fetch(app, latest, &mut steps)?,
            // The command line asks for one of them.
            (None, None) => return Err(Error::new(ErrorKind::Usage, "no dump was named").hint("name a file, or give --latest")),
        };
        let afterwards = match (self.keep, self.discard) {
            (true, _) => Afterwards::Keep,
            (_, true) => Afterwards::Remove,
            _ => Afterwards::KeepIfBad,
        };
        let Ok(fetched) = fetched else {
            // What was to be rehearsed is not there, and the steps say so.
            return Ok(self.report(Rehearsed::of(steps), None, watch));
        };
        let request = Request {
            dump: &fetched.path,
            smoke: smoke.as_ref(),
            wishes: &wishes(app, self.engine),
            afterwards,
            patience: Duration::from_secs(self.timeout),
            stop: &stop,
        };
        let rehearsed = rehearse::rehearse(&request, steps)?;
        let keep = rehearsed.standing.is_some() || !rehearsed.passed() && !rehearsed.aborted && !self.discard;
        let kept = if keep { fetched.keep()? } else { None };
        let report = self.report(rehearsed, kept, watch);
        // How long the way back takes, and when it was last seen to work, is asked later.
        app.journal()?.record(
            None,
            "dump-rehearsal",
            &json!({ "dump": report.data["dump"], "verdict": report.verdict, "took_ms": watch.elapsed_ms() }),
        )?;
        Ok(report)
    }

    /// Finds the newest dump and brings it here; a deviation is in the steps.
    fn fetch(&self, app: &App, latest: &str, steps: &mut Steps<'_>) -> Result<std::result::Result<Fetched, ()>> {
        let destination = destination(app, latest)?;
        let limit = self.younger_than.as_deref().map(|text| {
            let span: CalendarSpan = text.parse().map_err(|_| {
                Error::new(ErrorKind::Usage, format!("--younger-than {text:?} is no length of time"))
                    .hint("write 26h, 7d or 2m (months)")
            })?;
            Ok::<_, Error>((text, span.before(clock::now(), &clock::local_zone().0)))
        });
        let limit = limit.transpose()?;
        let title = "find the newest dump";
        let expected = limit.as_ref().map_or("a dump".to_owned(), |(text, _)| format!("a dump that is younger than {text}"));
        let step = steps.begin(title);
        let object = match rehearse::newest(&destination) {
            Ok(object) => object,
            Err(error) if error.kind() == ErrorKind::Failed => {
                steps.end(step, title, &expected, error.chain(), false);
                return Ok(Err(()));
            }
            Err(error) => return Err(error),
        };
        let young = limit.is_none_or(|(_, limit)| object.stamp.modified_s >= limit.as_second());
        let seen = format!(
            "{}, {}, {}",
            destination.place(&object.name),
            crate::report::size(object.size_bytes),
            rehearse::age(&object)
        );
        steps.end(step, title, &expected, seen, young);
        // One that is too old is rehearsed all the same: whether it would come back is worth knowing.
        Fetched::fetch(&destination, &object, &set::scratch(app)?, &**app.sink()).map(Ok)
    }

    fn report(&self, rehearsed: Rehearsed, kept: Option<PathBuf>, watch: Stopwatch) -> Report {
        let verdict = match (rehearsed.aborted, rehearsed.passed()) {
            (true, _) => Verdict::Aborted,
            (false, true) => Verdict::Pass,
            (false, false) => Verdict::Fail,
        };
        let named = match (&rehearsed.dump, &self.file, &self.latest) {
            (Some(dump), ..) => dump.path.display().to_string(),
            (None, Some(file), _) => file.display().to_string(),
            (None, None, latest) => latest.clone().unwrap_or_default(),
        };
        let how = match verdict {
            Verdict::Pass => "restored and asked, every answer as expected",
            Verdict::Aborted => "stopped before its end",
            _ => "NOT restored as it should be",
        };
        let how = if verdict == Verdict::Pass && self.smoke.is_none() { "restored; no question was asked" } else { how };
        // Whoever reads one line of it, such as the record of a drill, is to know why.
        let because = rehearsed.steps.iter().find(|step| step.verdict != Verdict::Pass).map(|step| step.observed.as_str());
        let how = because.map_or(how.to_owned(), |because| format!("{how}: {because}"));
        let mut section = Section::default();
        if let Some(dump) = &rehearsed.dump {
            section = section.field("dump", dump.describe()).field("SHA-256", &dump.sha256);
        }
        if let Some(version) = &rehearsed.server_version {
            section = section.field("server", format!("PostgreSQL {version}"));
        }
        let mut report = Report::new("dump-rehearsal", format!("{named}: {how}")).verdict(verdict);
        if let Some(standing) = &rehearsed.standing {
            section = section.field("server kept", standing.folder.display());
            report = report.next(standing.look.clone()).next(standing.remove.clone());
        }
        if let Some(kept) = &kept {
            section = section.field("dump kept", kept.display());
        }
        report = report.section(section);
        for answer in rehearsed.answers.iter().filter(|answer| !answer.rows.is_empty()) {
            let width = answer.rows.iter().map(Vec::len).max().unwrap_or(0);
            let columns = (1..=width).map(|at| format!("column {at}")).collect();
            let table = Table { columns, rows: answer.rows.clone() };
            report = report.section(Section::new(&answer.name).line(&answer.sql).table(table));
        }
        report.data = json!({
            "dump": rehearsed.dump.as_ref().map(of_dump),
            "server_version": rehearsed.server_version,
            "tables": rehearsed.tables,
            "queries": rehearsed.answers,
            "standing": rehearsed.standing,
            "dump_kept": kept,
            "aborted": rehearsed.aborted,
        });
        report.metrics.push(Metric { name: "rehearsal_took_ms".into(), value: watch.elapsed_ms() as f64 });
        report.steps = rehearsed.steps;
        report
    }
}

/// A folder that is there, or a store.
fn destination(app: &App, text: &str) -> Result<Arc<Destination>> {
    if text.starts_with(STORE_SCHEME) {
        return Destination::parse(text, &app.store_settings()?).map(Arc::new);
    }
    app.given_destination(Some(text))
}
