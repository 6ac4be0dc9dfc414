//! What a run says of itself: its state as a report. Pure but for the clock. Start with [`report`].

use std::time::Duration;

use super::Verdict;
use super::parse::Runbook;
use super::record::{Done, Ended, Phase, Purpose, State};
use super::values::Values;
use super::when::Facts;
use crate::clock;
use crate::process;
use crate::report::{Report, Section, Step};

/// What became of a block, in the words of every report.
pub fn step(done: &Done) -> Step {
    use crate::report::Verdict as Shown;
    let verdict = match done.ended {
        Ended::Passed => Shown::Pass,
        Ended::Deviated => Shown::Fail,
        Ended::Inconclusive => Shown::Unknown,
        Ended::Interrupted | Ended::Declined | Ended::Stuck => Shown::Aborted,
        Ended::Skipped => Shown::Skipped,
    };
    Step {
        title: done.title.clone(),
        verdict,
        expected: done.expected.clone(),
        observed: done.observed.clone(),
        took_ms: done.took_ms,
    }
}

/// What conditions ask for, when the run is over.
pub struct After<'a> {
    state: &'a State,
    values: Values,
}

impl<'a> After<'a> {
    /// A run as it stands in its record; no secret is among its values.
    pub fn of(state: &'a State) -> After<'a> {
        After { state, values: Values { plain: state.values.clone(), ..Values::default() } }
    }
}

impl Facts for After<'_> {
    fn passed(&self, step: &str) -> Option<bool> {
        self.state.turn(step).filter(|done| done.ended != Ended::Skipped).map(|done| done.ended == Ended::Passed)
    }

    fn command(&self, name: &str) -> bool {
        process::on_path(name).is_some()
    }

    fn fill(&self, text: &str) -> String {
        self.values.fill(text).unwrap_or_else(|_| text.to_owned())
    }
}

/// What a run that passed says of itself beside that.
fn remarks(runbook: &Runbook, state: &State, verdict: Verdict) -> Vec<String> {
    let after = After::of(state);
    let said = runbook.front.remarks.iter().filter(|remark| verdict == Verdict::Pass && remark.when.condition.holds(&after));
    said.map(|remark| after.fill(&remark.says)).collect()
}

/// What ran, in a line.
fn program() -> String {
    format!("wpp {}, {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)
}

/// What the run was told; secrets by their names alone.
fn parameters(runbook: &Runbook, state: &State) -> Section {
    runbook.front.parameters.iter().fold(Section::new("Parameters"), |section, (name, parameter)| {
        let value = match state.values.get(name) {
            _ if parameter.secret => format!("«{name}»"),
            Some(value) => value.clone(),
            None => "not given".to_owned(),
        };
        section.field(name, value)
    })
}

/// The report of a run that is over, or that left something open.
pub fn report(runbook: &Runbook, state: &State, verdict: Verdict) -> Report {
    let took_ms = u64::try_from(clock::now_ms() - state.began_ms).unwrap_or(0);
    let ran = state.done.iter().filter(|done| done.ended != Ended::Skipped).count();
    let kind = match runbook.front.kind {
        super::front::Kind::Runbook => "Runbook",
        super::front::Kind::Drill => "Drill",
    };
    let remarks = remarks(runbook, state, verdict);
    let said: String = remarks.iter().map(|remark| format!("; {remark}")).collect();
    let title = format!(
        "{kind} {}: {}, {} in {}{said}",
        state.runbook,
        verdict.name(),
        crate::report::count(ran as u64, "step", "steps"),
        clock::human(Duration::from_millis(took_ms))
    );
    let mut report = Report::new("runbook-run", title).verdict(verdict.of_report());
    report.exit_code = Some(verdict.exit_code(state.aborted_by));
    let mut section = Section::default()
        .field("runbook", &runbook.front.title)
        .field("run", &state.run)
        .field("began", clock::rfc3339(clock::from_ms(state.began_ms)))
        .field("evidence", state.evidence.display())
        .field("program", program());
    for remark in &remarks {
        section = section.field("note", remark);
    }
    if let Some(cause) = &state.cause {
        section = section.field("because", cause);
    }
    let undone = state.undone();
    if !undone.is_empty() {
        section = section.field("taken back", undone.join(", "));
    }
    let again: Vec<&Done> = state.done.iter().filter(|done| done.purpose == Purpose::Again).collect();
    let stands = match &again[..] {
        [] => None,
        all if all.iter().all(|done| done.ended == Ended::Passed) => Some("as verified"),
        _ => Some("not as the verification asks, as is to be expected of what it asks of a step that was taken back"),
    };
    if let Some(stands) = stands {
        section = section.field("after that", stands);
    }
    if !state.left.is_empty() {
        section = section.field("left as it is", state.left.join(", "));
        report.warnings.push(format!("could not be taken back, and is left as it is: {}", state.left.join(", ")));
    }
    report = report.section(section);
    if !runbook.front.parameters.is_empty() {
        report = report.section(parameters(runbook, state));
    }
    if state.phase != Phase::Over {
        report = report.next(format!("wpp runbook undo {}", state.run));
        if state.left.is_empty() {
            report = report.next(format!("wpp runbook resume {}", state.run));
        }
    }
    report.metrics.push(crate::report::Metric { name: "run_took_ms".into(), value: took_ms as f64 });
    report.steps = state.done.iter().map(step).collect();
    report.data = serde_json::json!({
        "run": state.run,
        "runbook": state.runbook,
        "kind": runbook.front.kind,
        "verdict": verdict,
        "aborted_by": state.aborted_by,
        "cause": state.cause,
        "evidence": state.evidence,
        "home": state.home,
        "began": clock::rfc3339(clock::from_ms(state.began_ms)),
        "took_ms": took_ms,
        "open": state.phase != Phase::Over,
        "steps": state.done,
        "undone": undone,
        "left": state.left,
        "verified_again": stands.map(|stands| stands == "as verified"),
        "values": state.values,
        "remarks": remarks,
    });
    report
}
