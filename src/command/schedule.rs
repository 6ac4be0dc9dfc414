//! `wpp schedule`.

pub(super) mod fit;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use self::fit::unfit;
use super::concerned;
use super::told::Around;
use crate::app::App;
use crate::clock::{self, TimeZone, Timestamp};
use crate::config::Config;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::UnfitEntry;
use crate::home::Home;
use crate::interrupt::Interrupts;
use crate::journal::Outcome;
use crate::report::{Event, Report, Section, Table, Verdict, count, quoted};
use crate::runbook::front::Front;
use crate::runbook::library::Library;
use crate::schedule::dispatch::{self, Child, Done, Run as RunEntry, Until, Work};
use crate::schedule::install::{self, Caller};
use crate::schedule::ledger::{Ledger, Row};
use crate::schedule::{self, Entry, FrontMatter};

/// Options of `wpp schedule`.
#[derive(Debug, clap::Args)]
#[command(after_help = "An entry is a table of config.toml:\n  \
  [schedule.nightly]\n  \
  run = [\"backup\"]                   or: runbook = \"monthly-restore\"\n  \
  when = \"daily 02:30\"               cron (\"0 9 * * MON\"), \"@every:60\", \"first wednesday 22:00\"\n  \
  time_zone = \"Asia/Kuala_Lumpur\"\n  \
  missed = \"run-once\"                or skip, or tell\n\n\
A due time is dispatched once, whatever dispatches it. `wpp help config` lists all that can be set.")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show every entry: when it is due next, and how it went last
    List,
    /// Show the next times at which entries are due
    Next(Next),
    /// Run what is due now, each due time once whoever else does the same, or one entry by its name; exit 4 when
    /// something failed
    Run(Run),
    /// Have something call `wpp schedule run` every minute: a timer of systemd, or cron
    Install(Install),
}

#[derive(Debug, clap::Args)]
struct Next {
    /// Only this entry
    name: Option<String>,
    /// How many times to show
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Run this entry now, whatever it is due at; that stays as it is
    #[arg(conflicts_with = "follow")]
    name: Option<String>,
    /// Go on until interrupted; what is changed in config.toml and in runbooks counts from then on
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("caller").required(true).multiple(true).args(["systemd", "cron", "print"]))]
struct Install {
    /// A timer and a service of your own systemd
    #[arg(long, conflicts_with = "cron")]
    systemd: bool,
    /// A line in your crontab
    #[arg(long)]
    cron: bool,
    /// Only print what would be written, and write nothing
    #[arg(long, conflicts_with = "remove")]
    print: bool,
    /// Take away what was installed
    #[arg(long)]
    remove: bool,
}

impl Args {
    /// Runs the verb.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.verb {
            Verb::List => list(app),
            Verb::Next(next) => next.run(app),
            Verb::Run(run) => run.run(app),
            Verb::Install(install) => install.run(app),
        }
    }
}

/// The front matter of a runbook that the home knows.
fn front(home: &Home, id: &str) -> Result<Front> {
    Ok(Library::open(home)?.find(id)?.runbook()?.front)
}

/// What of it says when the runbook runs, and how.
fn front_matter(home: &Home, id: &str) -> Result<FrontMatter> {
    front(home, id).map(|front| FrontMatter { when: front.schedule, time_zone: front.time_zone, sandbox: front.sandbox })
}

/// The entries of the settings, and what is wrong with those that cannot be read.
pub(super) fn entries(home: &Home, config: &Config) -> (Vec<Entry>, Vec<Error>) {
    schedule::entries(config, &|id| front_matter(home, id), &super::is_line)
}

/// Says in a report what is wrong with entries; whoever asks by the code is told, too.
fn with_wrong(mut report: Report, wrong: &[Error]) -> Report {
    if !wrong.is_empty() {
        // Which entry it is may stand beside what is wrong with what it names.
        report.warnings.extend(wrong.iter().map(|error| format!("{} ({})", described(error), error.hints().join("; "))));
        if report.exit_code() == 0 {
            report.exit_code = Some(ErrorKind::Usage.exit_code());
        }
    }
    report
}

fn never_passes(unfit: &UnfitEntry) -> String {
    format!("{} can never pass: {} ({})", unfit.entry, unfit.problem.message, unfit.problem.hint)
}

fn described(error: &Error) -> String {
    std::iter::once(error.chain()).chain(error.notes().iter().cloned()).collect::<Vec<_>>().join("; ")
}

/// The entry of a name.
fn named<'a>(entries: &'a [Entry], wrong: &[Error], name: &str) -> Result<&'a Entry> {
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
        // One that is there and cannot be read is told with what is wrong with it.
        let place = format!("schedule.{name} ");
        let about = wrong
            .iter()
            .find(|error| error.message().starts_with(&place) || error.notes().iter().any(|note| note.starts_with(&place)));
        match about {
            None => Error::new(ErrorKind::Usage, format!("no entry of the schedule is called {name}")),
            Some(error) => {
                let said = Error::new(ErrorKind::Usage, format!("the entry {name} cannot be read: {}", error.chain()));
                error.hints().iter().fold(said, |said, hint| said.hint(hint))
            }
        }
        .hint("`wpp schedule list` shows all entries")
    })
}

/// The ledger, if anything was ever written down: looking must not make one.
fn existing_ledger(app: &App) -> Result<Option<Ledger<'_>>> {
    if !app.home().journal().exists() {
        return Ok(None);
    }
    Ledger::of(app.journal()?).map(Some)
}

fn in_zone(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}

fn how(state: &str, exit_code: Option<i32>) -> String {
    match (state, exit_code) {
        ("ended", Some(0)) => "ok".to_owned(),
        ("ended", Some(code)) => format!("failed with {code}"),
        ("ended", None) => "failed".to_owned(),
        (state, _) => state.to_owned(),
    }
}

fn row_data(row: &Row) -> Value {
    let time = |at_ms: i64| clock::rfc3339(clock::from_ms(at_ms));
    json!({
        "due": time(row.due_ms), "state": row.state, "missed_before": row.missed, "began": time(row.began_ms),
        "ended": row.ended_ms.map(time), "exit_code": row.exit_code, "said": row.said, "report": row.report,
        "by_hand": row.by_hand,
    })
}

fn list(app: &App) -> Result<Report> {
    let (entries, wrong) = entries(app.home(), app.config());
    let ledger = existing_ledger(app)?;
    let now = clock::now();
    let unfit = unfit(&Around::of(app), &entries);
    let columns = ["entry", "due next", "in UTC", "when", "can pass", "last run", "verdict", "said"];
    let mut table = Table::new(columns, Vec::new());
    let (mut data, mut failing) = (Vec::new(), 0);
    for entry in &entries {
        let against = unfit.iter().find(|unfit| unfit.entry == entry.name).map(|unfit| &unfit.problem);
        let last = ledger.as_ref().map(|ledger| ledger.rows(&entry.name, 1, now)).transpose()?.unwrap_or_default().pop();
        let next = entry.next(now).next();
        failing += usize::from(last.as_ref().is_some_and(Row::failed));
        table.rows.push(vec![
            entry.name.clone(),
            next.map_or("never".into(), |next| in_zone(next, &entry.zone)),
            next.map_or(String::new(), clock::rfc3339),
            format!("{} ({})", entry.when_text, entry.zone_name),
            if against.is_some() { "never, see below".into() } else { "yes".into() },
            last.as_ref().map_or("never".into(), |row| clock::rfc3339(clock::from_ms(row.began_ms))),
            last.as_ref().map_or(String::new(), |row| how(&row.state, row.exit_code)),
            last.as_ref().and_then(|row| row.said.clone()).unwrap_or_default(),
        ]);
        data.push(json!({
            "name": entry.name, "run": entry.argv, "runbook": entry.runbook, "when": entry.when_text,
            "time_zone": entry.zone_name, "cannot_pass": against.map(|problem| &problem.message), "missed": entry.missed.name(), "next": next.map(clock::rfc3339),
            "last": last.as_ref().map(row_data),
        }));
    }
    let looked_ms = ledger.as_ref().map(Ledger::last_look_ms).transpose()?.flatten();
    let looked = looked_ms.map(clock::from_ms);
    let title = match (entries.len(), failing) {
        (0, _) if !wrong.is_empty() => {
            format!("{} cannot be read, and there is no other", count(wrong.len(), "entry", "entries"))
        }
        (0, _) => "Nothing is scheduled; `wpp help config` shows how [schedule.NAME] is written".to_owned(),
        (all, 0) => count(all, "entry", "entries"),
        (all, failing) => format!("{}, the last run of {failing} failed", count(all, "entry", "entries")),
    };
    let by =
        if app.config().boolean("schedule.daemon") { "daemons look every minute (schedule.daemon)" } else { "not by daemons" };
    let mut section = Section::default().table(table);
    if !entries.is_empty() {
        section = section.field(
            "last looked for what is due",
            looked.map_or("never".into(), |at| format!("{} ago, {by}", clock::human(clock::since(at, now)))),
        );
    }
    let mut report = Report::answer("schedule", title).section(section).data(
        json!({ "entries": data, "looked": looked.map(clock::rfc3339), "daemon": app.config().boolean("schedule.daemon") }),
    );
    report.warnings.extend(unfit.iter().map(never_passes));
    if !entries.is_empty() && looked.is_none() {
        report = report.next("wpp schedule install --systemd").next("wpp schedule install --cron");
    }
    Ok(with_wrong(report, &wrong))
}

impl Next {
    fn run(self, app: &App) -> Result<Report> {
        let (entries, wrong) = entries(app.home(), app.config());
        if let Some(name) = &self.name {
            named(&entries, &wrong, name)?;
        }
        let now = clock::now();
        let wanted = entries.iter().filter(|entry| self.name.as_ref().is_none_or(|name| *name == entry.name));
        let mut times: Vec<(Timestamp, &Entry)> =
            wanted.flat_map(|entry| entry.next(now).take(usize::from(self.count)).map(move |time| (time, entry))).collect();
        times.sort_by(|one, two| (one.0, &one.1.name).cmp(&(two.0, &two.1.name)));
        times.truncate(usize::from(self.count));
        let row =
            |(time, entry): &(Timestamp, &Entry)| vec![entry.name.clone(), in_zone(*time, &entry.zone), clock::rfc3339(*time)];
        let data = |(time, entry): &(Timestamp, &Entry)| {
            let local = time.to_zoned(entry.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            json!({ "entry": entry.name, "due": clock::rfc3339(*time), "local": local, "time_zone": entry.zone_name })
        };
        let table = Table::new(["entry", "due", "in UTC"], times.iter().map(row));
        let title = if times.is_empty() {
            "Nothing is scheduled".into()
        } else {
            format!("Next {}", count(times.len(), "time", "times"))
        };
        let report = Report::answer("schedule-next", title)
            .section(Section::default().table(table))
            .data(json!({ "next": times.iter().map(data).collect::<Vec<_>>() }));
        Ok(with_wrong(report, &wrong))
    }
}

impl Run {
    fn run(self, app: &App) -> Result<Report> {
        let (scheduled, wrong) = entries(app.home(), app.config());
        let child = Child { program: app.program()?.to_owned(), home: app.home().clone() };
        let run: Arc<RunEntry> = Arc::new(move |entry, due, began| child.run(entry, due, began));
        if let Some(name) = &self.name {
            return by_hand(app, named(&scheduled, &wrong, name)?, &run);
        }
        let ledger = Ledger::of(app.journal()?)?;
        let interrupts = Interrupts::watch()?;
        let until = if self.follow { Until::Interrupted } else { Until::NothingRuns };
        let untold = RefCell::new(BTreeSet::new());
        let mut announce = |entries: &[Entry]| {
            for entry in entries {
                let before = entry.runbook.as_deref().and_then(|id| notify_before(app.home(), id));
                match before.map(|before| concerned::announce(app, entry, before, clock::now())) {
                    None => {}
                    Some(Ok(failed)) => untold.borrow_mut().extend(failed),
                    Some(Err(error)) => {
                        untold.borrow_mut().insert(format!("nobody could be told of {}: {}", entry.name, error.chain()));
                    }
                }
            }
        };
        let state = RefCell::new((scheduled.len(), wrong));
        let mut seen = stamps(app.home());
        let mut reread = || {
            let now = stamps(app.home());
            if now == seen {
                return None;
            }
            seen = now;
            match super::environment().and_then(|environment| Config::load(&app.home().config(), &environment)) {
                Ok(config) => {
                    let (anew, wrong) = entries(app.home(), &config);
                    say(app, format!("the settings were read again: {}", count(anew.len(), "entry", "entries")));
                    wrong.iter().for_each(|error| say(app, format!("left out: {}", described(error))));
                    state.replace((anew.len(), wrong));
                    Some(anew)
                }
                Err(error) => {
                    say(app, format!("the schedule goes on as it was, for the settings cannot be read: {}", error.chain()));
                    None
                }
            }
        };
        let flag = interrupts.flag();
        let work = Work { entries: scheduled, reread: &mut reread, announce: &mut announce };
        let done = dispatch::dispatch(&ledger, work, &run, until, &flag, &**app.sink())?;
        let (number, wrong) = state.into_inner();
        let title = match (number, done.len(), wrong.len()) {
            (0, 0, 0) => "Nothing is scheduled".to_owned(),
            (0, 0, wrong) => format!("{} cannot be read, and there is no other", count(wrong, "entry", "entries")),
            (_, 0, _) => "Nothing was due".to_owned(),
            (_, number, _) => format!("{} dispatched", count(number, "due time", "due times")),
        };
        let mut report = report(title, &done);
        report.warnings.extend(untold.into_inner());
        Ok(with_wrong(report, &wrong))
    }
}

/// Runs one entry now, and writes down who said so.
fn by_hand(app: &App, entry: &Entry, run: &Arc<RunEntry>) -> Result<Report> {
    let journal = app.journal()?;
    let order = journal.begin(None, "schedule", &json!({ "entry": entry.name, "run": entry.argv, "by_hand": true }))?;
    let done = Ledger::of(journal).and_then(|ledger| dispatch::by_hand(&ledger, entry, run, &**app.sink()));
    let well = done.as_ref().is_ok_and(|done| done.ended.as_ref().is_some_and(|ended| ended.exit_code == Some(0)));
    journal.end(order, if well { Outcome::Finished } else { Outcome::Failed })?;
    let done = done?;
    if done.ended.is_none() {
        return Err(Error::new(ErrorKind::Locked, format!("{} still runs", entry.name))
            .hint("wait until it has ended; `wpp schedule list` shows when"));
    }
    Ok(report(format!("{} was run by hand", entry.name), &[done]))
}

fn say(app: &App, text: String) {
    app.emit(Event::Line { text, data: Value::Null });
}

/// A file, and what tells that it was changed: its number, size, and time in seconds and nanoseconds. None of
/// a file that is not there.
type Stamp = (PathBuf, Option<[i128; 4]>);

/// What the settings and the runbooks are read from.
fn stamps(home: &Home) -> Vec<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    // A folder that cannot be listed is told when a runbook is looked for.
    let mut paths = disk::list(&home.runbooks()).unwrap_or_default();
    paths.push(home.config());
    paths.sort();
    let stamp = |path: PathBuf| {
        let seen = path.metadata().ok();
        let seen = seen.map(|file| [file.ino().into(), file.len().into(), file.mtime().into(), file.mtime_nsec().into()]);
        (path, seen)
    };
    paths.into_iter().map(stamp).collect()
}

/// How long before a runbook begins people are told. One that cannot be read is told elsewhere.
fn notify_before(home: &Home, id: &str) -> Option<Duration> {
    front(home, id).ok()?.notify_before.map(|span| span.0)
}

fn report(title: String, done: &[Done]) -> Report {
    let mut table = Table::new(["entry", "due", "verdict", "said"], Vec::new());
    let mut data = Vec::new();
    for Done { entry, claim, ended } in done {
        // What is done no longer runs.
        let state = if ended.is_some() { "ended" } else { claim.fate.state() };
        let code = ended.as_ref().and_then(|ended| ended.exit_code);
        let said = ended.as_ref().map(|ended| ended.said.clone());
        table.rows.push(vec![entry.clone(), clock::rfc3339(claim.due.at), how(state, code), said.clone().unwrap_or_default()]);
        data.push(json!({
            "entry": entry, "due": clock::rfc3339(claim.due.at), "state": state, "missed_before": claim.due.missed,
            "exit_code": code, "said": said, "report": ended.as_ref().and_then(|ended| ended.report.clone()),
        }));
    }
    let code = dispatch::exit_code(done);
    let mut report = Report::new("schedule-run", title)
        .verdict(if code == 0 { Verdict::Pass } else { Verdict::Fail })
        .section(Section::default().table(table))
        .data(json!({ "dispatched": data }));
    if code != 0 {
        report = report.next("wpp schedule list");
        // Whoever runs it with --quiet wants to hear of this.
        report.answer = true;
    }
    report
}

/// What can never pass is not begun every day: whoever sets the schedule up is there to mend it.
fn refuse_unfit(unfit: &[UnfitEntry]) -> Result<()> {
    let Some(first) = unfit.first() else { return Ok(()) };
    let more = match unfit.len() {
        1 => String::new(),
        all => format!(", and {} more", all - 1),
    };
    let error = Error::new(
        ErrorKind::Usage,
        format!("{} can never pass: {}{more}; nothing was installed", first.entry, first.problem.message),
    );
    let hint = |unfit: &UnfitEntry| format!("schedule.{} in config.toml: {}", unfit.entry, unfit.problem.hint);
    let error = unfit.iter().fold(error, |error, one| error.hint(hint(one)));
    Err(error.hint("`wpp schedule list` says of each entry whether it can pass"))
}

impl Install {
    fn run(self, app: &App) -> Result<Report> {
        let (entries, wrong) = entries(app.home(), app.config());
        let caller = Caller { program: app.program()?.to_owned(), home: app.home().root().to_owned() };
        if self.print {
            return Ok(self.printed(&caller));
        }
        if !self.remove {
            refuse_unfit(&unfit(&Around::of(app), &entries))?;
        }
        let (by, done) = match (self.systemd, self.remove) {
            (true, false) => ("systemd", caller.install_systemd(&install::unit_folder()?)?),
            (true, true) => ("systemd", caller.remove_systemd(&install::unit_folder()?)?),
            (false, false) => ("cron", caller.install_cron()?),
            (false, true) => ("cron", caller.remove_cron()?),
        };
        let title = match self.remove {
            true => format!("{by} no longer runs the schedule of {}", caller.home.display()),
            false => format!("{by} runs the schedule of {}", caller.home.display()),
        };
        let section = done.iter().fold(Section::default(), |section, line| section.line(line.clone()));
        let mut report = Report::new("schedule-install", title)
            .section(section)
            .data(json!({ "by": by, "installed": !self.remove, "unit": caller.unit(), "done": done, "files": [] }));
        if !self.remove {
            if self.systemd {
                // Without it the user's systemd ends when the user logs out.
                report = report.next(format!(
                    "loginctl enable-linger {}",
                    quoted(&std::env::var("USER").unwrap_or_else(|_| "\"$USER\"".into()))
                ));
            }
            if entries.is_empty() {
                report.warnings.push("nothing is scheduled yet: config.toml has no [schedule.NAME]".into());
            }
            report = report.next("wpp schedule list");
        }
        Ok(with_wrong(report, &wrong))
    }

    fn printed(&self, caller: &Caller) -> Report {
        let mut files = Vec::new();
        if !self.cron {
            files.push((format!("{}.service", caller.unit()), caller.service()));
            files.push((format!("{}.timer", caller.unit()), caller.timer()));
        }
        if !self.systemd {
            files.push(("crontab".to_owned(), format!("{}\n", caller.cron_line())));
        }
        let mut report = Report::answer("schedule-install", "What calls `wpp schedule run` every minute; nothing was written");
        for (name, text) in &files {
            let section = text.lines().fold(Section::new(name.clone()), |section, line| section.line(line));
            report = report.section(section);
        }
        let files: Vec<Value> = files.iter().map(|(name, text)| json!({ "name": name, "text": text })).collect();
        report.data(json!({ "by": null, "installed": false, "unit": caller.unit(), "done": [], "files": files }))
    }
}
