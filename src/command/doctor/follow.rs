//! Looking more than once: `--wait` until all is well, `--watch` until Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{Look, Seen, words};
use crate::clock::{self, Stopwatch};
use crate::doctor::history::{self, Mended, Reader, Rows};
use crate::doctor::{SessionState, score};
use crate::error::Result;
use crate::interrupt::Interrupts;
use crate::report::{Change, Event, Finding, Report, Severity};
use crate::ui;

/// Between two looks of somebody who waits.
const PAUSE: Duration = Duration::from_secs(1);
/// How soon a signal is noticed.
const NAP: Duration = Duration::from_millis(50);

impl Look<'_> {
    /// Looks again until nothing is left that fails the command, or the time is over, or the operator has
    /// had enough; says what is waited for whenever that is something else.
    pub(super) fn wait(&self, patience: Duration) -> Result<Seen> {
        let (watch, interrupts) = (Stopwatch::start(), Interrupts::watch()?);
        let mut said = String::new();
        let mut seen = self.once()?;
        loop {
            let fails = |finding: &&Finding| self.args.fail_on.fails(finding.severity) || finding.severity == Severity::Unknown;
            let mut left: Vec<String> = match self.args.judged(&seen.examination, &[]).1 {
                0 => Vec::new(),
                _ => seen.examination.findings.iter().filter(fails).map(named).collect(),
            };
            left.dedup();
            seen.unready = unready(&seen);
            left.extend(seen.unready.iter().cloned());
            let rest = patience.saturating_sub(watch.elapsed());
            if left.is_empty() || rest.is_zero() {
                return Ok(seen);
            }
            let names = left.join(", ");
            if names != said {
                let text = format!("waiting for at most {} until these are well: {names}", clock::human(rest));
                self.settings
                    .sink
                    .emit(Event::Line { text, data: json!({ "waiting_for": left, "left_ms": rest.as_millis() as u64 }) });
                said = names;
            }
            if sleep(PAUSE.min(rest), &interrupts.flag()) {
                return Ok(seen);
            }
            seen = self.again()?;
        }
    }

    /// Looks again and again until a signal: the whole for a terminal, a line for each change for all
    /// others. The last look is the result.
    pub(super) fn watch(&self, interval: Duration) -> Result<Seen> {
        let interrupts = Interrupts::watch()?;
        let mut rows = Rows::new();
        let mut states: Vec<SessionState> = Vec::new();
        let mut seen = self.once()?;
        loop {
            let compared = history::compare(&rows, &mut seen.examination, clock::now_ms(), Reader::Whole);
            rows = compared.rows;
            self.tell_states(&states, &seen.examination.states);
            states.clone_from(&seen.examination.states);
            self.tell(&seen, &compared.mended);
            if sleep(interval, &interrupts.flag()) || ui::reader_is_gone() {
                return Ok(seen);
            }
            seen = self.again()?;
        }
    }

    /// Each session that stands elsewhere than before; at first, where each of them stands.
    fn tell_states(&self, before: &[SessionState], now: &[SessionState]) {
        let is_same = |one: &SessionState, other: &SessionState| one.session == other.session && one.state == other.state;
        for state in now.iter().filter(|state| !before.iter().any(|old| is_same(old, state))) {
            let time = clock::rfc3339(clock::now());
            let text = format!("{time} state: {} is {}", state.session, words::state(state));
            self.settings.sink.emit(Event::Output { text, data: json!({ "change": "state", "state": state }) });
        }
    }

    fn tell(&self, seen: &Seen, mended: &[Mended]) {
        let time = clock::rfc3339(clock::now());
        let output = |text: String, data| self.settings.sink.emit(Event::Output { text: format!("{time} {text}"), data });
        let changed = seen.examination.findings.iter().filter(|finding| finding.severity > Severity::Info);
        for (finding, change) in changed.filter_map(|finding| Some((finding, finding.change?))) {
            let word = match change {
                Change::New => "new",
                Change::Worse => "worse",
                Change::Better => "better",
            };
            output(format!("{word}: {}", words::line(finding)), json!({ "change": word, "finding": finding }));
        }
        for mended in mended.iter().filter(|mended| mended.severity > Severity::Info) {
            let session = mended.session.as_ref().map(|session| format!(" [{session}]")).unwrap_or_default();
            output(
                format!("mended: {}{session}: {}", mended.id, mended.summary),
                json!({ "change": "mended", "mended": mended }),
            );
        }
        let subject = words::subject(&seen.scope, self.place.own, &self.asked);
        let mut screen = Report {
            ..Report::new("doctor", format!("{time}  {}", words::title(&subject, &seen.examination, self.args.is_narrowed())))
        };
        screen.sections.extend(score::of(&seen.examination).map(|score| crate::report::Section::default().field("score", score)));
        screen.exit_code = Some(self.args.judged(&seen.examination, &[]).1);
        // Whoever reads the files wants to know how it stands now.
        let fails = |severity| self.args.fail_on.fails(severity);
        for error in self.args.files.write(&screen, &seen.examination, fails, seen.took_ms) {
            self.settings.sink.emit(Event::Line { text: error.chain(), data: json!({ "error": error.chain() }) });
        }
        screen.findings = seen.examination.findings.clone();
        self.settings.sink.emit(Event::Screen(Box::new(screen)));
    }
}

/// The sessions that are not READY, with where they stand; the one that was meant and is not there, too.
fn unready(seen: &Seen) -> Vec<String> {
    let states = seen.examination.states.iter().filter(|state| !state.is_ready());
    let states = states.map(|state| format!("{} is {}", state.session, words::state(state)));
    let missing = seen.scope.missing_session.iter().map(|missing| format!("{} is not there", missing.name));
    states.chain(missing).collect()
}

fn named(finding: &Finding) -> String {
    match &finding.session {
        Some(session) => format!("{} [{session}]", finding.id),
        None => finding.id.clone().into_owned(),
    }
}

/// Waits; true when a signal came.
fn sleep(time: Duration, flag: &AtomicBool) -> bool {
    let watch = Stopwatch::start();
    loop {
        if flag.load(Ordering::Relaxed) {
            return true;
        }
        let left = time.saturating_sub(watch.elapsed());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(NAP.min(left));
    }
}
