//! What a command found or did, as data. Every rendering (terminal, JSON, Markdown) reads a [`Report`].
//!
//! A verb that takes time also emits [`Event`]s to a [`Sink`] while it works; `ui` renders both.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::clock::Stopwatch;

/// How it ended. The order is from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was to be seen was seen.
    Pass,
    /// Not run, with a reason.
    Skipped,
    /// It could not be checked.
    Unknown,
    /// Something deviates.
    Fail,
    /// Stopped before its end.
    Aborted,
}

/// How much a finding matters. `Unknown` means that the check could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Looked at, and as it should be.
    Ok,
    /// Worth knowing.
    Info,
    /// Will hurt if left alone.
    Warning,
    /// Could not be checked.
    Unknown,
    /// Hurts now.
    Error,
    /// Messages or keys are in danger now.
    Critical,
}

impl Severity {
    /// The stable name, such as `warning`; the same as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Unknown => "unknown",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }

    /// The severity of such a name.
    pub fn named(name: &str) -> Option<Severity> {
        use Severity::{Critical, Error, Info, Ok, Unknown, Warning};
        [Ok, Info, Warning, Unknown, Error, Critical].into_iter().find(|severity| severity.name() == name)
    }
}

/// One observation and what should have been there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at.
    pub what: String,
    /// What a healthy system shows.
    pub expected: String,
    /// What was there.
    pub observed: String,
}

impl Evidence {
    /// One observation.
    pub fn new(what: impl Into<String>, expected: impl Into<String>, observed: impl Into<String>) -> Evidence {
        Evidence { what: what.into(), expected: expected.into(), observed: observed.into() }
    }
}

/// What mends a finding, as data: it can be shown, printed as JSON, and run by the one executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// What it does, in a few words.
    pub summary: String,
    /// What an operator types to do the same by hand.
    pub command: String,
    /// The act that `--fix` carries out; `None` when only a person may do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// How commands begin that change nothing: they only show what there is.
const LOOKS: &[&str] =
    &["ls ", "ps ", "df ", "du ", "getent ", "curl ", "openssl ", "env ", "stat ", "find ", "mount", "cat ", "ulimit "];
/// The same of `wpp`, after its global options.
const OWN_LOOKS: &[&str] = &[
    "alert matrix",
    "alert list",
    "backup list",
    "capacity",
    "config",
    "doctor",
    "drill list",
    "evidence verify",
    "logs",
    "schedule list",
    "status",
];

impl Remedy {
    /// What its command is: `mend`, or `look` where it only shows what there is.
    pub fn label(&self) -> &'static str {
        if self.fix.is_none() && only_looks(&self.command) { "look" } else { "mend" }
    }
}

fn only_looks(command: &str) -> bool {
    let Some(words) = command.strip_prefix("wpp ") else {
        // A look that leads to an act is none.
        return LOOKS.iter().any(|look| command.starts_with(look)) && !command.contains("chmod");
    };
    let words = match words.strip_prefix("--home ") {
        // The home is one word, or quoted.
        Some(rest) => match rest.strip_prefix('\'').and_then(|rest| rest.split_once("' ")).or_else(|| rest.split_once(' ')) {
            Some((_, words)) => words,
            None => return false,
        },
        None => words,
    };
    let shows =
        OWN_LOOKS.iter().any(|look| words.strip_prefix(look).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')));
    (shows && !words.contains("--fix")) || words.contains("--dry-run")
}

/// The acts that the doctor may carry out. None of them destroys data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Fix {
    /// Set a file's or folder's mode (octal digits in text: `0600`).
    Chmod {
        /// The file.
        path: std::path::PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// Remove a lock file that no process holds.
    RemoveStaleLock {
        /// The session.
        session: String,
    },
    /// Remove a socket that nobody listens on.
    RemoveStaleSocket {
        /// The session.
        session: String,
    },
    /// Run a `wpp` command line, without the program's name.
    Run {
        /// The words after `wpp`.
        argv: Vec<String>,
    },
}

/// How a finding compares with what was found the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there.
    New,
    /// It mattered less.
    Worse,
    /// It mattered more.
    Better,
}

/// A text that the catalog has for all findings of a check: a home with a thousand sessions has tens of thousands.
pub type Word = Cow<'static, str>;

/// One thing a check has to say about one session or about the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id such as `wpp.session.lock-held`.
    pub id: Word,
    /// The check's title.
    pub title: Word,
    /// How much it matters.
    pub severity: Severity,
    /// The part of the catalog it belongs to.
    pub area: Word,
    /// The session it is about; `None` for the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What of it, where a check says several things that come and go apart from each other: an entry of the
    /// schedule, a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The class of the outage that it was seen by, such as `dns_resolution`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What is so, in one sentence.
    pub summary: String,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What mends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Box<Remedy>>,
    /// The document to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<Word>,
    /// Since when it is known, milliseconds since the epoch; `None` where nothing was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// What is different from the last time; `None` for nothing, or where nothing was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

impl Finding {
    /// What a check says, without anything that not all of them say.
    pub fn new(id: impl Into<Word>, severity: Severity, summary: impl Into<String>) -> Finding {
        Finding {
            id: id.into(),
            title: Word::default(),
            severity,
            area: Word::default(),
            session: None,
            subject: None,
            class: None,
            summary: summary.into(),
            evidence: Vec::new(),
            remedy: None,
            runbook: None,
            since_ms: None,
            change: None,
        }
    }
}

/// A number with its unit in its name (`backup_size_bytes`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name, unit last.
    pub name: String,
    /// Value.
    pub value: f64,
}

/// Rows under headings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Column headings.
    pub columns: Vec<String>,
    /// One inner list for each row, as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Rows under these headings.
    pub fn new<const N: usize>(columns: [&str; N], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
        Table { columns: columns.map(str::to_owned).into(), rows: rows.into_iter().collect() }
    }
}

/// A step of a drill, a restore or a fix: what should have happened and what did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was done.
    pub title: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was to be seen.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// A titled part of a report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Heading; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Label and value pairs, shown aligned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
    /// Sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// Rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
}

impl Section {
    /// An empty section under a heading.
    pub fn new(title: impl Into<String>) -> Section {
        Section { title: title.into(), ..Section::default() }
    }

    /// Adds a label and its value.
    #[must_use]
    pub fn field(mut self, label: impl Into<String>, value: impl ToString) -> Section {
        self.fields.push((label.into(), value.to_string()));
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Section {
        self.lines.push(line.into());
        self
    }

    /// Sets the rows. A table without any is left out.
    #[must_use]
    pub fn table(mut self, table: Table) -> Section {
        self.table = Some(table).filter(|table| !table.rows.is_empty());
        self
    }
}

/// What a command found or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Names the shape of `data`: `wpp.<thing>/<version>`.
    pub schema: String,
    /// One line: what this is about and how it stands.
    pub title: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Parts for the eye; the machine reads `data`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// What was done, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What the checks say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// What went wrong beside the thing itself; the verdict stands. `--quiet` does not silence it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What to type next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
    /// The thing itself, in the shape that `schema` names.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub data: serde_json::Value,
    /// The exit code, when it is not the verdict's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// Whether it tells what was asked for (a list, a search, a warning): then `--quiet` does not silence it.
    #[serde(default, skip)]
    pub answer: bool,
    /// What `--quiet` shows in its place, for people: nothing at all where that holds nothing.
    #[serde(default, skip)]
    pub brief: Option<Box<Report>>,
}

impl Report {
    /// A passing report with a title; `thing` becomes the schema `wpp.<thing>/1`.
    pub fn new(thing: &str, title: impl Into<String>) -> Report {
        Report {
            schema: format!("wpp.{thing}/1"),
            title: title.into(),
            verdict: Verdict::Pass,
            sections: Vec::new(),
            steps: Vec::new(),
            findings: Vec::new(),
            metrics: Vec::new(),
            warnings: Vec::new(),
            next: Vec::new(),
            data: serde_json::Value::Null,
            exit_code: None,
            answer: false,
            brief: None,
        }
    }

    /// A report that is itself what was asked for.
    pub fn answer(thing: &str, title: impl Into<String>) -> Report {
        Report { answer: true, ..Report::new(thing, title) }
    }

    /// Whether there is nothing in it to read.
    pub fn is_silent(&self) -> bool {
        self.findings.is_empty() && self.sections.is_empty() && self.steps.is_empty() && self.warnings.is_empty()
    }

    /// Sets how it ended.
    #[must_use]
    pub fn verdict(mut self, verdict: Verdict) -> Report {
        self.verdict = verdict;
        self
    }

    /// Adds a part.
    #[must_use]
    pub fn section(mut self, section: Section) -> Report {
        self.sections.push(section);
        self
    }

    /// Sets the thing itself.
    #[must_use]
    pub fn data(mut self, data: serde_json::Value) -> Report {
        self.data = data;
        self
    }

    /// Adds what to type next.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Report {
        self.next.push(command.into());
        self
    }

    /// The exit code that the report stands for.
    pub fn exit_code(&self) -> u8 {
        use crate::error::ErrorKind;
        self.exit_code.unwrap_or(match self.verdict {
            Verdict::Pass | Verdict::Skipped => 0,
            Verdict::Fail => ErrorKind::Failed.exit_code(),
            Verdict::Unknown => ErrorKind::Unknown.exit_code(),
            Verdict::Aborted => ErrorKind::Interrupted.exit_code(),
        })
    }
}

/// Something that happened while a verb works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// What is being done.
        title: String,
    },
    /// A step ended.
    StepFinished(Step),
    /// One line for the eye: a log line, a stage of pairing.
    Line {
        /// The text.
        text: String,
        /// The same as data, for `--format json`.
        #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
        data: serde_json::Value,
    },
    /// One line of the result itself, from a command that goes on giving results: it follows a log
    /// or a stream of events.
    Output {
        /// The text.
        text: String,
        /// The same as data, for `--format json`.
        #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
        data: serde_json::Value,
    },
    /// The whole of what is watched, drawn in the place of the last one on a terminal and nowhere else.
    #[serde(skip)]
    Screen(Box<Report>),
    /// A QR code to draw.
    QrCode {
        /// What the code holds.
        code: String,
        /// How long the phone will accept it, when that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        valid_for_seconds: Option<u64>,
    },
    /// How far a long piece of work has come.
    Progress {
        /// What is being worked through.
        what: String,
        /// Bytes done so far.
        done: u64,
        /// All bytes there are, when known.
        total: Option<u64>,
        /// Bytes done in a second.
        per_second: u64,
        /// How long the rest takes at this rate, when that can be known.
        left_seconds: Option<u64>,
    },
}

/// Takes events as they happen.
pub trait Sink: Send + Sync {
    /// Takes one.
    fn emit(&self, event: Event);
}

/// Forgets every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Sink for Silent {
    fn emit(&self, _event: Event) {}
}

/// `1 chat`, `2 chats`: a number and the noun that goes with it.
pub fn count<N: std::fmt::Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let noun = if number == N::from(1) { one } else { many };
    format!("{number} {noun}")
}

/// Text as one word of a shell's command line, which is one line whatever the text holds.
pub fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:,@%".contains(&byte);
    if text.contains(char::is_control) {
        let escape = |c: char| match c {
            '\\' | '\'' => format!("\\{c}"),
            '\n' => "\\n".into(),
            '\t' => "\\t".into(),
            c if c.is_control() => c.to_string().bytes().map(|byte| format!("\\{byte:03o}")).collect(),
            c => c.to_string(),
        };
        return format!("$'{}'", text.chars().map(escape).collect::<String>());
    }
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// `--session NAME` as it is typed, also for a name that would pass for an option.
pub fn session_option(name: &str) -> String {
    let between = if name.starts_with('-') { '=' } else { ' ' };
    format!("--session{between}{}", quoted(name))
}

/// `12.3 MiB`.
pub fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}

/// Tells now and then how far a long piece of work has come, with its rate and the time left. What
/// is done before the first telling is due is never told.
pub struct Meter<'a> {
    sink: &'a dyn Sink,
    what: String,
    done: u64,
    total: u64,
    watch: Stopwatch,
    told_ms: u64,
}

impl<'a> Meter<'a> {
    const EVERY_MS: u64 = 250;

    /// Nothing done of so many bytes.
    pub fn new(sink: &'a dyn Sink, what: String, total_bytes: u64) -> Meter<'a> {
        Meter { sink, what, done: 0, total: total_bytes, watch: Stopwatch::start(), told_ms: 0 }
    }

    /// So many bytes more are done.
    pub fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let now_ms = self.watch.elapsed_ms();
        if now_ms - self.told_ms >= Meter::EVERY_MS {
            self.told_ms = now_ms;
            let (per_second, left_seconds) = estimate(self.done, self.total, now_ms);
            let (what, done, total) = (self.what.clone(), self.done, Some(self.total));
            self.sink.emit(Event::Progress { what, done, total, per_second, left_seconds });
        }
    }
}

/// The rate in a second, and the seconds that the rest takes at it.
fn estimate(done: u64, total: u64, elapsed_ms: u64) -> (u64, Option<u64>) {
    let in_a_second = u128::from(done) * 1000 / u128::from(elapsed_ms.max(1));
    let left = u128::from(total.saturating_sub(done)).checked_div(in_a_second);
    (u64::try_from(in_a_second).unwrap_or(u64::MAX), left.and_then(|left| u64::try_from(left).ok()))
}

/// The steps of a verb, told to its sink as they begin and end.
pub struct Steps<'a> {
    /// Takes the events.
    pub sink: &'a dyn Sink,
    /// What was done so far, in order.
    pub done: Vec<Step>,
}

impl<'a> Steps<'a> {
    /// None so far.
    pub fn new(sink: &'a dyn Sink) -> Steps<'a> {
        Steps { sink, done: Vec::new() }
    }

    /// Tells that a step begins, and starts its clock.
    pub fn begin(&self, title: &str) -> Stopwatch {
        self.sink.emit(Event::StepStarted { title: title.into() });
        Stopwatch::start()
    }

    /// Tells how it ended, and keeps it.
    pub fn end(&mut self, watch: Stopwatch, title: &str, expected: &str, observed: String, good: bool) {
        let verdict = if good { Verdict::Pass } else { Verdict::Fail };
        let step = Step { title: title.into(), verdict, expected: expected.into(), observed, took_ms: watch.elapsed_ms() };
        self.sink.emit(Event::StepFinished(step.clone()));
        self.done.push(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_only_shows_is_told_from_one_that_mends() {
        for look in [
            "ls -la /h",
            "wpp logs --session main",
            "wpp --home '/a b' status",
            "wpp backup prune --set-aside --dry-run",
            "wpp backup list",
        ] {
            assert!(only_looks(look), "{look}");
        }
        for mend in [
            "kill -CONT 7",
            "wpp start",
            "wpp doctor --fix",
            "wpp --home /h restart",
            "wpp backup",
            "chmod 0600 x",
            "wpp status-quo",
        ] {
            assert!(!only_looks(mend), "{mend}");
        }
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        assert_eq!(
            [0, 1023, 1024, 5 << 20, (3 << 30) / 2, 7 << 40].map(size),
            ["0 bytes", "1023 bytes", "1.0 KiB", "5.0 MiB", "1.5 GiB", "7.0 TiB"]
        );
    }

    #[test]
    fn one_is_not_many() {
        let words = [0, 1, 2].map(|number: u64| count(number, "old copy", "old copies"));
        assert_eq!(words, ["0 old copies", "1 old copy", "2 old copies"]);
    }

    #[test]
    fn the_rate_and_the_time_left_follow_from_what_was_done() {
        assert_eq!(estimate(50_000, 150_000, 2000), (25_000, Some(4)));
        assert_eq!(estimate(0, 100, 1000), (0, None));
        assert_eq!(estimate(100, 100, 0), (100_000, Some(0)));
        assert_eq!(estimate(u64::MAX, u64::MAX, 1), (u64::MAX, Some(0)));
    }
}
