//! `wpp capacity`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::outputs::{self, PAGE};
use crate::app::App;
use crate::capacity::estimate::{self, Cost, Cpu, Growth, Load, Room, Source, Told};
use crate::capacity::history::History;
use crate::capacity::series::{Gap, summed};
use crate::capacity::tree::{self, Decision, Response};
use crate::capacity::{DAY_MS, Sample, measure};
use crate::clock;
use crate::daemon::api::Status;
use crate::daemon::client::Client;
use crate::disk::{self, Lock, LockState, Space};
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::report::{Report, Section, Table, Verdict, count, size};
use crate::ui::html::{self, Series, Unit};
use crate::ui::plot::{self, Marks};

/// How long the processors are watched.
const WINDOW: Duration = Duration::from_millis(500);
/// Time for one answer of a daemon.
const DAEMON_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for the answers of all of them.
const BUDGET: Duration = Duration::from_secs(20);
/// Messages that a daemon is asked for, to see how fast its database is.
const MESSAGES: u32 = 50;

/// How far a clock may be set back without a time before it being one ahead.
const AHEAD_MS: i64 = 5 * 60_000;

/// Options of `wpp capacity`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Daemons write down what they take, at their start and every capacity.sample_minutes: all samples \
are kept for two days, one an hour for sixty, one a day for two years. What is told of growth comes from these; with less \
than a day of them it says so. How busy the processors are is told from these, too: what they were in all but the busiest \
twentieth of the time; with less than four hours of them, what they are now, and it says which. Memory, disk and the time of \
answers are measured now.\n\n\
The decision tree asks in this order: are more than 80 % of the processors in use, of the memory, of the disk, and does a \
daemon take longer than 1 s to answer? The first yes decides. How many more sessions fit is counted to the same 80 %, with \
the most memory and processor that those measured ever took, and their disk after 90 days of growth.\n\n\
Examples:\n  \
  wpp capacity                           all sessions, the last 30 days\n  \
  wpp capacity --session main --days 7   one of them\n  \
  wpp capacity --html capacity.html      the same as a page, with plots")]
pub struct Args {
    /// Every session of this home, whatever WPP_SESSION says; so it is without --session
    #[arg(long)]
    all: bool,
    /// How far back to look
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=730))]
    days: u16,
    /// Write the same as a page, which needs no other file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    html: Option<PathBuf>,
}

/// What was seen of one session.
struct Seen {
    name: String,
    running: bool,
    /// The process and what it takes now.
    now: Option<measure::Process>,
    disk_bytes: u64,
    messages: Option<u64>,
    /// Recorded samples, and one of now where a daemon runs.
    samples: Vec<Sample>,
    recorded: usize,
    newest_ms: Option<i64>,
    started_ms: Option<i64>,
    memory_peak: Option<u64>,
    cpu: Told<Cpu>,
    growth: Told<Growth>,
    response_ms: Told<f64>,
}

/// The machine.
struct Machine {
    load: Load,
    /// How busy its processors are at this moment.
    busy_now_percent: Option<f64>,
    space: Option<Space>,
    disk_growth: Told<Growth>,
    days_to_full: Told<f64>,
    problems: Vec<String>,
}

impl Args {
    /// Measures, and judges it with what was recorded.
    pub fn run(self, app: &App) -> Result<Report> {
        let named = app.given_session()?;
        if self.all && app.session_flag_given() {
            return Err(Error::new(ErrorKind::Usage, "--all and --session exclude each other").hint("leave one of them out"));
        }
        let only = named.filter(|_| !self.all);
        if only.is_some() {
            app.existing_session()?;
        }
        if let Some(path) = &self.html {
            outputs::may_write(path, &PAGE)?;
        }
        let now_ms = clock::now_ms();
        let since_ms = now_ms - i64::from(self.days) * DAY_MS;
        // Looking must not make a journal.
        let mut recorded =
            if app.home().journal().exists() { History::of(app.journal()?).read(None, since_ms)? } else { BTreeMap::new() };
        let ahead: u64 = recorded.values_mut().map(|samples| left_out(samples, now_ms)).sum();
        let (cores, memory, space) = (measure::cores(), measure::memory(), disk::space(app.home().root()));
        let busy = measure::busy_percent(WINDOW);
        let deadline = Instant::now() + BUDGET;
        let mut sessions = Vec::new();
        for name in app.home().session_names()? {
            let samples = recorded.get(&name).cloned().unwrap_or_default();
            let look = Look { now_ms, memory: memory.as_ref().ok().copied(), space: space.as_ref().ok().copied(), deadline };
            sessions.push(look.at(&app.home().session(&name), samples)?);
        }
        let mut problems: Vec<String> = Vec::new();
        if ahead > 0 {
            let samples = count(ahead, "sample is", "samples are");
            problems.push(format!(
                "{samples} dated ahead of this clock and left out: it was set back, or the home came from elsewhere"
            ));
        }
        problems.extend(busy.as_ref().err().map(Error::chain));
        problems.extend(memory.as_ref().err().map(Error::chain));
        problems.extend(space.as_ref().err().map(Error::chain));
        let (memory, space, busy_now_percent) = (memory.ok(), space.ok(), busy.ok());
        let load = Load {
            cores,
            busy: estimate::busy(recorded.values().flatten(), busy_now_percent),
            memory_bytes: memory.map(|memory| (memory.total_bytes, memory.available_bytes)),
            disk_bytes: space.map(|space| (space.total_bytes, space.free_bytes)),
        };
        // Sessions that were removed have seen the disk, too.
        let disk_growth = estimate::disk_growth(recorded.values().flatten());
        let days_to_full = match space {
            Some(space) => estimate::days_to_full(space.free_bytes, &disk_growth),
            None => Err("the file system could not be measured".into()),
        };
        let machine = Machine { load, busy_now_percent, space, disk_growth, days_to_full, problems };
        let costs: Vec<Cost> = sessions.iter().map(Seen::cost).collect();
        let rooms = estimate::rooms(&load, &costs);
        let largest = sessions.iter().filter(|seen| seen.now.is_some()).max_by_key(|seen| seen.now.map(|now| now.memory_bytes));
        let decision = tree::decide(&load, &response(&sessions), largest.map(|seen| seen.name.as_str()));
        let shown: Vec<&Seen> = sessions.iter().filter(|seen| only.as_ref().is_none_or(|only| *only == seen.name)).collect();
        let lines = series(app, &shown, &recorded);
        let report = self.report(app, &machine, &shown, &rooms, &decision);
        if let Some(path) = &self.html {
            outputs::write(path, &html::report(&report, &[], &lines)?, &PAGE)?;
        }
        Ok(with_plots(report, &lines))
    }

    fn report(&self, app: &App, machine: &Machine, shown: &[&Seen], rooms: &[Room], decision: &Decision) -> Report {
        let limit = estimate::limit(rooms);
        let fits = match limit {
            Some((room, fits)) => format!("room for {fits} more, and the {} runs out first", resource(room.resource)),
            None => "how many more fit cannot be told yet".to_owned(),
        };
        let title = format!("Capacity: {}, {fits}", count(shown.len() as u64, "session", "sessions"));
        let data = json!({
            "home": app.home().root(),
            "days": self.days,
            "machine": machine.data(),
            "sessions": shown.iter().map(|seen| seen.data()).collect::<Vec<_>>(),
            "rooms": rooms.iter().map(room_data).collect::<Vec<_>>(),
            "fits": limit.map(|(_, fits)| fits),
            "limited_by": limit.map(|(room, _)| room.resource),
            "decision": decision_data(decision),
            "page": self.html,
        });
        let mut report = Report::answer("capacity", title).section(machine.section()).data(data);
        report = report.section(sessions_section(shown)).section(rooms_section(rooms)).section(decision_section(decision));
        report.warnings.clone_from(&machine.problems);
        let minutes = app.config().number("capacity.sample_minutes");
        report.warnings.extend(shown.iter().filter_map(|seen| seen.silence(minutes)));
        report.verdict = match decision.outcome {
            "ok" => Verdict::Pass,
            "scale" => Verdict::Fail,
            _ => Verdict::Unknown,
        };
        // It was asked for numbers, and gave them.
        report.exit_code = Some(0);
        match &decision.next {
            Some(next) => report.next(format!("wpp {next}")),
            None => report,
        }
    }
}

/// Takes out what is dated later than now, a little aside, and says how much that was: nothing can be told of growth from
/// a time that has not come.
fn left_out(samples: &mut Vec<Sample>, now_ms: i64) -> u64 {
    let all = samples.len();
    samples.retain(|sample| sample.at_ms <= now_ms.saturating_add(AHEAD_MS));
    (all - samples.len()) as u64
}

/// What is the same for all sessions of one look.
struct Look {
    now_ms: i64,
    memory: Option<measure::Memory>,
    space: Option<Space>,
    deadline: Instant,
}

impl Look {
    fn at(&self, session: &SessionPaths, mut samples: Vec<Sample>) -> Result<Seen> {
        let recorded = samples.len();
        let newest_ms = samples.last().map(|sample| sample.at_ms);
        let pid = match Lock::look(&session.lock()) {
            Ok(LockState::Held(Some(owner))) if owner.role == "daemon" => Some(owner.pid),
            _ => None,
        };
        let (status, response_ms) = self.ask(session, pid.is_some());
        let now = match pid {
            Some(pid) => measure::process(pid)?,
            None => None,
        };
        let databases = measure::databases(session)?;
        let disk_bytes = databases.session_db_bytes + databases.wpp_db_bytes;
        let mut disk: Vec<(i64, u64)> = samples.iter().map(|sample| (sample.at_ms, sample.disk_bytes())).collect();
        disk.push((self.now_ms, disk_bytes));
        let growth = if recorded == 0 { estimate::growth(&[]) } else { estimate::growth(&disk) };
        let messages = status.as_ref().map(|status| status.messages).or(samples.last().map(|sample| sample.messages));
        let started_ms = status.as_ref().map(|status| status.started_ms);
        if let (Some(process), Some(status), Some(memory), Some(space)) = (now, &status, self.memory, self.space) {
            samples.push(Sample {
                at_ms: self.now_ms,
                started_ms: status.started_ms,
                memory_bytes: process.memory_bytes,
                cpu_ms: process.cpu_ms,
                session_db_bytes: databases.session_db_bytes,
                wpp_db_bytes: databases.wpp_db_bytes,
                messages: status.messages,
                disk_total_bytes: space.total_bytes,
                disk_free_bytes: space.free_bytes,
                memory_total_bytes: memory.total_bytes,
                memory_available_bytes: memory.available_bytes,
                machine_busy_permille: None,
            });
        }
        let memory_now = now.map(|process| process.memory_bytes);
        let memory_peak = samples.iter().map(|sample| sample.memory_bytes).chain(memory_now).max();
        Ok(Seen {
            name: session.name().to_owned(),
            running: pid.is_some(),
            now,
            disk_bytes,
            messages,
            cpu: estimate::cpu(&samples),
            samples,
            recorded,
            newest_ms,
            started_ms,
            memory_peak,
            growth,
            response_ms,
        })
    }

    /// The daemon's status, and how long it took to give that and the newest messages, whichever took longer.
    fn ask(&self, session: &SessionPaths, running: bool) -> (Option<Status>, Told<f64>) {
        if !running {
            return (None, Err("no daemon runs".into()));
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (None, Err("the daemons before it took all the time".into()));
        }
        let client = match Client::connect(session) {
            Ok(client) => client.with_timeout(DAEMON_TIMEOUT.min(left)),
            Err(error) => return (None, Err(error.chain())),
        };
        let milliseconds = |began: Instant| began.elapsed().as_secs_f64() * 1000.0;
        let began = Instant::now();
        let status = match client.status() {
            Ok(status) => status,
            Err(error) => return (None, Err(error.chain())),
        };
        let status_ms = milliseconds(began);
        let began = Instant::now();
        let answered = client.messages(None, None, MESSAGES);
        let slowest = answered.map(|_| status_ms.max(milliseconds(began))).map_err(|error| error.chain());
        (Some(status), slowest)
    }
}

fn response(sessions: &[Seen]) -> Response {
    let running = || sessions.iter().filter(|seen| seen.running);
    // One that does not answer may be slow or broken, and the others say nothing about it.
    if let Some((mute, why)) = running().find_map(|seen| Some((seen, seen.response_ms.as_ref().err()?))) {
        return Response::Mute(mute.name.clone(), why.clone());
    }
    let slowest = running().filter_map(|seen| seen.response_ms.as_ref().ok().map(|ms| (*ms, seen.name.clone())));
    match slowest.max_by(|one, two| one.0.total_cmp(&two.0)) {
        Some((ms, session)) => Response::Slowest(ms, session),
        None => Response::Unknown("no daemon runs, so none answers".into()),
    }
}

impl Seen {
    fn cost(&self) -> Cost {
        Cost {
            memory_bytes: self.memory_peak.map(|bytes| bytes as f64),
            cpu_cores: self.cpu.as_ref().ok().map(|cpu| cpu.peak_cores),
            disk_bytes: self.disk_bytes as f64,
            disk_bytes_per_day: self.growth.as_ref().ok().map(|growth| growth.bytes_per_day),
        }
    }

    /// A daemon that should have written a sample and has not.
    fn silence(&self, minutes: u64) -> Option<String> {
        let started_ms = self.started_ms.filter(|_| minutes > 0)?;
        let patience_ms = i64::try_from(minutes).ok()?.saturating_mul(2 * 60_000) + 60_000;
        let since_ms = self.newest_ms.unwrap_or(started_ms).max(started_ms);
        let silent_ms = clock::now_ms() - since_ms;
        (silent_ms > patience_ms).then(|| {
            let silent = clock::human(Duration::from_millis(silent_ms.unsigned_abs()));
            format!("the daemon of {0} has written no sample for {silent}; `wpp logs --session {0}` says why", self.name)
        })
    }

    fn data(&self) -> Value {
        let cpu = self.cpu.as_ref().ok();
        json!({
            "session": self.name,
            "running": self.running,
            "memory_bytes": self.now.map(|now| now.memory_bytes),
            "memory_bytes_max": self.memory_peak,
            "cpu_cores": cpu.map(|cpu| cpu.mean_cores),
            "cpu_cores_max": cpu.map(|cpu| cpu.peak_cores),
            "cpu_unknown": self.cpu.as_ref().err(),
            "disk_bytes": self.disk_bytes,
            "growth": self.growth.as_ref().ok(),
            "growth_unknown": self.growth.as_ref().err(),
            "messages": self.messages,
            "response_ms": self.response_ms.as_ref().ok(),
            "response_unknown": self.response_ms.as_ref().err(),
            "samples": self.recorded,
            "newest_sample_ms": self.newest_ms,
        })
    }
}

fn per_day(bytes_per_day: f64) -> String {
    let sign = if bytes_per_day < 0.0 { "-" } else { "" };
    format!("{sign}{} a day", size(bytes_per_day.abs().round() as u64))
}

fn span(growth: &Growth) -> String {
    clock::human(Duration::from_millis(growth.span_ms.unsigned_abs()))
}

fn days(days: f64) -> String {
    if days < 10.0 { format!("{days:.1} days") } else { format!("{days:.0} days") }
}

fn percent(value: Option<f64>) -> String {
    value.map_or("unknown".into(), |value| format!("{value:.0} %"))
}

fn resource(name: &str) -> &str {
    if name == "cpu" { "processor" } else { name }
}

impl Machine {
    fn section(&self) -> Section {
        let used = |(total, left): (u64, u64)| format!("{} of {} in use", size(total.saturating_sub(left)), size(total));
        let cores = self.load.cores.map_or("their number is unknown".into(), |cores| cores.to_string());
        let busy = match self.load.busy {
            Some(busy) => format!("{:.0} % in use: {}", busy.percent, busy.told_from()),
            None => "how much of them is in use is unknown".to_owned(),
        };
        let growth = match &self.disk_growth {
            Ok(growth) => format!("{}, seen over {}", per_day(growth.bytes_per_day), span(growth)),
            Err(why) => why.clone(),
        };
        Section::new("This machine")
            .field("processors", format!("{cores}, {busy}"))
            .field(
                "memory",
                self.load
                    .memory_bytes
                    .map_or("unknown".into(), |memory| format!("{}, {}", used(memory), percent(self.load.memory_percent()))),
            )
            .field(
                "disk of the home",
                self.load.disk_bytes.map_or("unknown".into(), |(total, free)| {
                    // File systems keep a part for root, which no session may use.
                    let percent = percent(self.load.disk_percent());
                    format!("{} of {} free, {percent} in use or kept for root", size(free), size(total))
                }),
            )
            .field("it grows by", growth)
            .field("it is full in", self.days_to_full.clone().map_or_else(|why| why, days))
    }

    fn data(&self) -> Value {
        let (samples, span_ms) = match self.load.busy.map(|busy| busy.source) {
            Some(Source::History { samples, span_ms }) => (Some(samples), Some(span_ms)),
            Some(Source::Now) | None => (None, None),
        };
        json!({
            "cores": self.load.cores,
            "cpu_percent": self.busy_now_percent,
            "busy": self.load.busy.map(|busy| json!({
                "percent": busy.percent, "from": busy.source_name(), "samples": samples, "span_ms": span_ms,
            })),
            "memory_total_bytes": self.load.memory_bytes.map(|memory| memory.0),
            "memory_available_bytes": self.load.memory_bytes.map(|memory| memory.1),
            "memory_percent": self.load.memory_percent(),
            "disk_total_bytes": self.space.map(|space| space.total_bytes),
            "disk_free_bytes": self.space.map(|space| space.free_bytes),
            "disk_percent": self.load.disk_percent(),
            "disk_growth": self.disk_growth.as_ref().ok(),
            "disk_growth_unknown": self.disk_growth.as_ref().err(),
            "days_to_full": self.days_to_full.as_ref().ok(),
            "days_to_full_unknown": self.days_to_full.as_ref().err(),
        })
    }
}

fn sessions_section(shown: &[&Seen]) -> Section {
    let columns =
        ["session", "memory", "at most", "processors", "at most", "disk", "growth", "messages", "answers in", "samples"];
    let cell = |bytes: Option<u64>| bytes.map_or("-".into(), size);
    let rows = shown.iter().map(|seen| {
        let cpu = |cores: fn(&Cpu) -> f64| seen.cpu.as_ref().map_or("-".into(), |cpu| format!("{:.3}", cores(cpu)));
        vec![
            seen.name.clone(),
            if seen.running { cell(seen.now.map(|now| now.memory_bytes)) } else { "stopped".into() },
            cell(seen.memory_peak),
            cpu(|cpu| cpu.mean_cores),
            cpu(|cpu| cpu.peak_cores),
            size(seen.disk_bytes),
            seen.growth.as_ref().map_or("-".into(), |growth| per_day(growth.bytes_per_day)),
            seen.messages.map_or("-".into(), |messages| messages.to_string()),
            seen.response_ms.as_ref().map_or("-".into(), |ms| format!("{ms:.0} ms")),
            seen.recorded.to_string(),
        ]
    });
    let table = Table { columns: columns.map(str::to_owned).into(), rows: rows.collect() };
    let mut section = Section::new("Sessions");
    if table.rows.is_empty() {
        return section.line("there is none yet: `wpp start` makes the first");
    }
    section.table = Some(table);
    // One sentence for each reason, not for each session.
    let whys: std::collections::BTreeSet<&String> = shown.iter().filter_map(|seen| seen.growth.as_ref().err()).collect();
    let all = shown.iter().all(|seen| seen.growth.is_err());
    match (whys.into_iter().next(), all) {
        (None, _) => section,
        (Some(why), true) => section.line(format!("growth: {why}")),
        (Some(why), false) => section.line(format!("growth, where it is not told: {why}")),
    }
}

fn rooms_section(rooms: &[Room]) -> Section {
    let rows = rooms.iter().map(|room| {
        let takes = match (&room.one_takes, room.resource) {
            (Ok(cores), "cpu") => format!("{cores:.3} processors"),
            (Ok(bytes), _) => size(bytes.round() as u64),
            (Err(why), _) => why.clone(),
        };
        let fits = room.fits.as_ref().map_or_else(|_| "unknown".into(), ToString::to_string);
        vec![resource(room.resource).to_owned(), percent(room.used_percent), takes, fits]
    });
    let columns = ["resource", "in use", "one more takes", "more that fit"];
    let mut section = Section::new("Room for more sessions, up to 80 % in use");
    section.table = Some(Table { columns: columns.map(str::to_owned).into(), rows: rows.collect() });
    section
}

fn room_data(room: &Room) -> Value {
    json!({
        "resource": room.resource,
        "used_percent": room.used_percent,
        "one_takes": room.one_takes.as_ref().ok(),
        "fits": room.fits.as_ref().ok(),
        "unknown": room.fits.as_ref().err(),
    })
}

fn decision_section(decision: &Decision) -> Section {
    let rows = decision.branches.iter().map(|branch| {
        let (answer, advice) = (branch.answer.name().to_owned(), branch.advice.to_owned());
        vec![branch.question.to_owned(), branch.number.clone(), answer, advice, format!("wpp {}", branch.next)]
    });
    let columns = ["question", "number", "answer", "if yes", "then type"];
    let mut section = Section::new("Scaling decision tree");
    section.table = Some(Table { columns: columns.map(str::to_owned).into(), rows: rows.collect() });
    section.field("it comes to", &decision.ends)
}

fn decision_data(decision: &Decision) -> Value {
    let branches: Vec<Value> = decision
        .branches
        .iter()
        .map(|branch| {
            json!({
                "question": branch.question, "value": branch.value, "number": branch.number, "answer": branch.answer.name(),
                "advice": branch.advice, "next": format!("wpp {}", branch.next),
            })
        })
        .collect();
    json!({ "branches": branches, "outcome": decision.outcome, "ends": decision.ends })
}

/// What is drawn: the databases and the daemons of those shown, and the file system as all have seen it.
fn series(app: &App, shown: &[&Seen], recorded: &BTreeMap<String, Vec<Sample>>) -> Vec<Series> {
    let interval_ms = i64::try_from(app.config().number("capacity.sample_minutes")).unwrap_or(0) * 60_000;
    let samples: BTreeMap<String, Vec<Sample>> = shown.iter().map(|seen| (seen.name.clone(), seen.samples.clone())).collect();
    let line = |title: &str, from_zero: bool, points: Vec<(i64, f64)>| Series {
        title: title.into(),
        points: points.into_iter().map(|(at_ms, value)| (clock::from_ms(at_ms), value)).collect(),
        unit: Unit::Bytes,
        from_zero,
    };
    let used = BTreeMap::from([(String::new(), {
        let mut all: Vec<Sample> = recorded.values().flatten().copied().collect();
        all.sort_by_key(|sample| sample.at_ms);
        all
    })]);
    let all = [
        line("Memory of daemons", true, summed(&samples, interval_ms, Gap::Nothing, |sample| sample.memory_bytes)),
        line("Databases of sessions", false, summed(&samples, interval_ms, Gap::Holds, Sample::disk_bytes)),
        line("In use of the home's file system", false, summed(&used, interval_ms, Gap::Holds, Sample::disk_used_bytes)),
    ];
    all.into_iter().filter(|series| series.points.len() > 1).collect()
}

fn with_plots(report: Report, lines: &[Series]) -> Report {
    let (columns, marks) = (plot::terminal_columns().saturating_sub(2), Marks::of_environment());
    lines.iter().fold(report, |report, series| {
        let drawn = plot::draw(series, columns, marks);
        if drawn.is_empty() { report } else { report.section(Section { lines: drawn, ..Section::new(&series.title) }) }
    })
}
