//! Runs a runbook: looks at the steady state, acts, verifies, and takes back what it began when
//! something is not as expected.
//!
//! Before a step acts, the lines that take it back are in the journal and on the disk; so whatever
//! kills this process, `resume` or `undo` finish the run. After an undo the verification is made again.
//! Start with [`start`], [`resume`] and [`undo`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::beside::Beside;
use super::failures::Failures;
use super::fence::{Fence, Part};
use super::guard;
use super::order::with_built_in;
pub use super::order::{Order, parameters};
use super::outcome::report;
use super::parse::Runbook;
use super::record::{self, Done, Ended, Phase, Purpose, Record, State, Undoable};
use super::values::Values;
use super::when::Facts;
use super::{AbortedBy, Outcome, Site, Verdict};
use crate::clock;
use crate::confirm::is_yes;
use crate::daemon::log::Tokens;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::evidence::redact::Redaction;
use crate::home::HomeKind;
use crate::interrupt::{CleaningUp, LastWords};
use crate::journal;
use crate::process;
use crate::report::Event;

/// How long a script that outlived its run has to be gone.
const SCRIPT_PATIENCE: Duration = Duration::from_secs(10);

/// Runs a runbook from its beginning. What lint calls an error must not be in it.
///
/// # Errors
/// [`ErrorKind::Denied`] when it belongs into a sandbox and the site is none.
pub fn start(runbook: Runbook, order: Order, site: &Site<'_>) -> Result<Outcome> {
    if runbook.front.sandbox && site.home.kind() != HomeKind::Sandbox {
        return Err(Error::new(ErrorKind::Denied, format!("{} runs in a sandbox alone", runbook.front.id))
            .hint(format!("`wpp drill run {}` makes one for it", runbook.front.id)));
    }
    let beside = Beside { home: site.home.root(), runbook: &runbook, values: &order.values, despite_open: order.despite_open };
    let warnings = beside.look(site.journal)?;
    let redaction = redaction(site, &order.values)?;
    let stamp = clock::compact(clock::now());
    let (run, evidence) = record::name(site.records, site.journal, &runbook.front.id, &stamp, order.evidence.as_deref())?;
    let mut values = order.values.clone();
    with_built_in(&mut values, site, &run, &evidence);
    if runbook.front.sandbox {
        values.plain.entry("session".to_owned()).or_insert_with(|| crate::sandbox::SESSION.to_owned());
    }
    let state = State {
        run,
        runbook: runbook.front.id.clone(),
        text: runbook.text.clone(),
        home: site.home.root().to_owned(),
        evidence,
        began_ms: clock::now_ms(),
        values: values.plain.clone(),
        secrets: values.secrets.keys().cloned().collect(),
        answers: order.answers.clone(),
        shell_allowed: order.shell_allowed,
        phase: Phase::Prerequisites,
        under_way: None,
        undoable: Vec::new(),
        done: Vec::new(),
        verdict: None,
        aborted_by: None,
        cause: None,
        left: Vec::new(),
        script: None,
    };
    let run = state.run.clone();
    let mut record = Record::begin(site.journal, state, &redaction)?;
    // Two may have looked before either was written down: the one that was first goes on.
    if let Err(error) = beside.at_work(site.journal, Some(&run)) {
        record.state.verdict = Some(Verdict::Skipped);
        record.state.cause = Some(error.message().to_owned());
        record.close()?;
        return Err(error);
    }
    let last_words = last_words(site, &run);
    let runbook = runbook.clone();
    let stop = site.interrupted.clone();
    let engine = Engine { site, runbook, record, values, redaction, stop, cleaning_up: None, last_words };
    let mut outcome = engine.go_on().map_err(|error| {
        error
            .note(format!("the run {run} has begun, and is open"))
            .hint(format!("do not run it anew: `wpp runbook resume {run}` goes on, `wpp runbook undo {run}` takes back"))
    })?;
    outcome.report.warnings.extend(warnings);
    Ok(outcome)
}

/// Goes on with a run that was cut off. The step that was under way is taken back and run again; one
/// that cannot be taken back only if a person says so.
pub fn resume(
    run: &str,
    secrets: BTreeMap<String, String>,
    answers: &BTreeMap<String, bool>,
    site: &Site<'_>,
) -> Result<Outcome> {
    let mut engine = take_up(run, secrets, site)?;
    engine.record.state.answers.extend(answers.clone());
    if let Some(step) = engine.record.state.under_way.clone() {
        engine.take_up_step(&step, answers)?;
    }
    engine.go_on()
}

/// Takes back what a run began that was cut off, or whose undo failed.
pub fn undo(run: &str, secrets: BTreeMap<String, String>, site: &Site<'_>) -> Result<Outcome> {
    let mut engine = take_up(run, secrets, site)?;
    let state = &mut engine.record.state;
    let under_way = state.under_way.take();
    state.left.clear();
    if state.verdict.is_none() {
        state.verdict = Some(Verdict::Aborted);
        state.aborted_by = Some(AbortedBy::Operator);
        // What comes of it is told by what was taken back and what is left.
        state.cause = Some(match under_way.filter(|step| !state.undoable.iter().any(|one| one.step == *step)) {
            Some(step) => format!("it was cut off in {step}, which nothing takes back"),
            None => "it was cut off, and was to be taken back by `wpp runbook undo`".into(),
        });
    }
    if state.phase == Phase::Prerequisites {
        // Nothing was begun, so there is nothing to take back and nothing to roll back.
        engine.record.close()?;
    } else if state.phase < Phase::Undo || state.undoable.iter().any(|one| !one.undone) {
        state.phase = Phase::Undo;
    }
    let mut outcome = engine.go_on()?;
    // The verdict is the run's; what was asked for now is that it be taken back.
    outcome.report.exit_code = Some(if outcome.state.left.is_empty() { 0 } else { ErrorKind::Failed.exit_code() });
    Ok(outcome)
}

/// What is known of a run that is open: the home that it works on, the secrets that it needs.
pub fn open_run(journal: &journal::Journal, run: &str) -> Result<State> {
    Ok(Record::find(journal, run)?.state)
}

fn take_up<'a>(run: &str, secrets: BTreeMap<String, String>, site: &'a Site<'a>) -> Result<Engine<'a>> {
    let record = Record::find(site.journal, run)?;
    let state = &record.state;
    if site.home.root() != state.home {
        return Err(Error::new(ErrorKind::Usage, format!("the run {run} works on {}", state.home.display()))
            .hint("go on with it in that home"));
    }
    let missing: Vec<&String> = state.secrets.iter().filter(|name| !secrets.contains_key(*name)).collect();
    if let Some(name) = missing.first() {
        return Err(Error::new(ErrorKind::Usage, format!("the run {run} needs the secret {name}, which is kept nowhere"))
            .hint(format!("give --secret {name}=env:VARIABLE or --secret {name}=file:PATH")));
    }
    let (runbook, _) = Runbook::parse(&state.text).map_err(|problems| {
        let what = problems.first().map_or_else(String::new, |problem| problem.message.clone());
        Error::new(ErrorKind::Unexpected, format!("the runbook of {run} cannot be read any more: {what}"))
            .hint("it was written by another version of wpp; use that version to finish it")
    })?;
    let values = Values { plain: state.values.clone(), secrets };
    let mut record = record;
    if let Some(script) = record.state.script.take() {
        // It may have outlived the process that ran it, and would act against whatever comes now.
        if !script.end(SCRIPT_PATIENCE) {
            return Err(Error::new(ErrorKind::Locked, format!("a script of the run {run} goes on, and cannot be ended"))
                .hint(format!("see what it is with `ps -g {}`, end it, and try again", script.leader)));
        }
        record.keep()?;
    }
    let (last_words, redaction) = (last_words(site, run), redaction(site, &values)?);
    let stop = site.interrupted.clone();
    Ok(Engine { site, runbook, record, values, redaction, stop, cleaning_up: None, last_words })
}

/// What takes people and secrets out of what a run keeps: the same tokens as in all evidence of the home that keeps
/// it, whoever goes on with the run.
fn redaction(site: &Site<'_>, values: &Values) -> Result<Redaction> {
    disk::create_folder(&site.records.reports())?;
    Ok(Redaction::new(Tokens::open(&site.records.reports_key())?, values.secrets.values().cloned()))
}

/// Who leaves a run at once, while it is taken back, is told how that is finished.
fn last_words(site: &Site<'_>, run: &str) -> LastWords {
    let (sink, run) = (site.sink.clone(), run.to_owned());
    LastWords::are(move || {
        let text = format!("the run {run} is left as it is, and open: `wpp runbook undo {run}` takes back what it began");
        sink.emit(Event::Line { text, data: serde_json::Value::Null });
    })
}

/// A run under way. How one block is run is told in [`super::perform`].
pub(super) struct Engine<'a> {
    pub(super) site: &'a Site<'a>,
    pub(super) runbook: Runbook,
    pub(super) record: Record<'a>,
    pub(super) values: Values,
    pub(super) redaction: Redaction,
    /// What ends a step: the operator's interrupt, and nothing while things are taken back.
    pub(super) stop: Arc<AtomicBool>,
    cleaning_up: Option<CleaningUp>,
    // Until the run is over.
    #[expect(dead_code, reason = "held for what its end does")]
    last_words: LastWords,
}

impl Facts for Engine<'_> {
    fn passed(&self, step: &str) -> Option<bool> {
        self.record.state.turn(step).filter(|done| done.ended != Ended::Skipped).map(|done| done.ended == Ended::Passed)
    }

    fn command(&self, name: &str) -> bool {
        process::on_path(name).is_some()
    }

    fn fill(&self, text: &str) -> String {
        self.values.fill(text).unwrap_or_else(|_| text.to_owned())
    }
}

/// How the blocks of a part ended, taken together.
enum Turns {
    Good,
    Bad(Verdict, Option<AbortedBy>, String),
    /// A step goes on until this process ends, so nothing may be taken back by it.
    Stuck(String),
}

impl Turns {
    fn aborted(by: AbortedBy, cause: String) -> Turns {
        Turns::Bad(Verdict::Aborted, Some(by), cause)
    }

    /// What a block that ended like this makes of the part at once, whatever comes after it.
    fn cut_short(ended: Ended, cause: impl FnOnce() -> String) -> Option<Turns> {
        match ended {
            Ended::Interrupted => Some(Turns::aborted(AbortedBy::Operator, cause())),
            Ended::Declined => Some(Turns::aborted(AbortedBy::Nobody, cause())),
            Ended::Stuck => Some(Turns::Stuck(cause())),
            Ended::Passed | Ended::Deviated | Ended::Inconclusive | Ended::Skipped => None,
        }
    }
}

impl Engine<'_> {
    fn go_on(mut self) -> Result<Outcome> {
        loop {
            match self.record.state.phase {
                Phase::Prerequisites => {
                    // What was seen before this process was killed may not be so any more.
                    self.record.state.done.clear();
                    match self.prerequisites()? {
                        Turns::Good => self.enter(Phase::Steps)?,
                        Turns::Bad(verdict, by, cause) => {
                            self.decide(verdict, by, cause);
                            self.record.close()?;
                        }
                        Turns::Stuck(cause) => {
                            self.decide(Verdict::Aborted, Some(AbortedBy::Guard), cause);
                            self.record.close()?;
                        }
                    }
                }
                Phase::Steps => match self.turns(Part::Steps)? {
                    Turns::Good => self.enter(Phase::Verification)?,
                    Turns::Stuck(cause) => return self.leave_open(cause),
                    Turns::Bad(verdict, by, cause) => {
                        self.decide(verdict, by, cause);
                        self.enter(Phase::Undo)?;
                    }
                },
                Phase::Verification => {
                    self.record.state.done.retain(|done| done.part != Part::Verification);
                    match self.turns(Part::Verification)? {
                        Turns::Good => {
                            self.record.state.verdict = Some(Verdict::Pass);
                            self.record.close()?;
                        }
                        Turns::Stuck(cause) => return self.leave_open(cause),
                        Turns::Bad(verdict, by, cause) => {
                            self.decide(verdict, by, cause);
                            self.enter(Phase::Undo)?;
                        }
                    }
                }
                Phase::Undo => {
                    self.take_back()?;
                    self.enter(Phase::Rollback)?;
                }
                Phase::Rollback => {
                    self.roll_back()?;
                    self.enter(Phase::Again)?;
                }
                Phase::Again => {
                    self.verify_again()?;
                    if !self.record.state.left.is_empty() {
                        self.record.keep()?;
                        return self.outcome();
                    }
                    self.record.close()?;
                }
                Phase::Over => return self.outcome(),
            }
        }
    }

    fn enter(&mut self, phase: Phase) -> Result<()> {
        self.record.state.phase = phase;
        self.record.keep()
    }

    fn decide(&mut self, verdict: Verdict, by: Option<AbortedBy>, cause: String) {
        let state = &mut self.record.state;
        state.verdict = Some(verdict);
        state.aborted_by = by;
        state.cause = Some(self.values.redact(&cause));
    }

    /// A step goes on by itself: whatever took it back now would act against it.
    fn leave_open(mut self, cause: String) -> Result<Outcome> {
        self.decide(Verdict::Aborted, Some(AbortedBy::Guard), cause);
        self.record.keep()?;
        self.outcome()
    }

    fn guards(&self) -> Option<(Verdict, String)> {
        let session = self.values.get("session");
        self.runbook.front.guards.iter().find_map(|guard| {
            match guard::judge(*guard, self.site.home, self.site.journal, session) {
                Ok(None) => None,
                Ok(Some(reason)) => Some((Verdict::Skipped, format!("the guard {guard} does not hold: {reason}"))),
                Err(error) => {
                    Some((Verdict::Inconclusive, format!("the guard {guard} could not be looked at: {}", error.chain())))
                }
            }
        })
    }

    pub(super) fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn prerequisites(&mut self) -> Result<Turns> {
        if let Some((verdict, reason)) = self.guards() {
            return Ok(Turns::Bad(verdict, None, reason));
        }
        for fence in self.blocks(Part::Prerequisites) {
            if self.interrupted() {
                return Ok(Turns::aborted(AbortedBy::Operator, "interrupted before anything was begun".into()));
            }
            if !self.is_wanted(&fence) {
                continue;
            }
            let (ended, observed) = self.perform(&fence, Purpose::Turn)?;
            let cause = || format!("{} before anything was begun: {observed}", fence.id);
            if let Some(over) = Turns::cut_short(ended, cause) {
                return Ok(over);
            }
            match ended {
                Ended::Deviated => return Ok(Turns::Bad(Verdict::Skipped, None, cause())),
                Ended::Inconclusive => return Ok(Turns::Bad(Verdict::Inconclusive, None, cause())),
                _ => {}
            }
        }
        Ok(Turns::Good)
    }

    fn blocks(&self, part: Part) -> Vec<Fence> {
        self.runbook.part(part).cloned().collect()
    }

    /// Whether its condition holds. One that is not run is written down as such.
    fn is_wanted(&mut self, fence: &Fence) -> bool {
        let wanted = fence.when.as_ref().is_none_or(|when| when.holds(self));
        if !wanted {
            let when = fence.attributes.iter().find(|(name, _)| name == "when").map_or("", |(_, when)| when);
            let reason = format!("not the case: {}", self.values.explained(when));
            self.leave_out(fence, reason);
        }
        wanted
    }

    fn leave_out(&mut self, fence: &Fence, reason: String) {
        let done = Done { observed: reason, ..self.done(fence, Purpose::Turn, Ended::Skipped) };
        self.record.state.done.push(done);
    }

    /// The blocks of a part, each in its turn. A failure that a later block of the part is there for is
    /// handled if that one passes; until then only such blocks are run.
    fn turns(&mut self, part: Part) -> Result<Turns> {
        let blocks = self.blocks(part);
        let mut failures = Failures::among(&blocks);
        let mut ran = 0;
        for (place, fence) in blocks.iter().enumerate() {
            if let Some(done) = self.record.state.turn(&fence.id) {
                // It had its turn before this process.
                ran += u32::from(done.ended != Ended::Skipped);
                failures.enter(fence, done.ended, done.observed.clone());
                continue;
            }
            if self.interrupted() {
                return Ok(Turns::aborted(AbortedBy::Operator, format!("interrupted by the operator before {}", fence.id)));
            }
            if let Some((_, reason)) = self.guards() {
                return Ok(Turns::aborted(AbortedBy::Guard, format!("before {}: {reason}", fence.id)));
            }
            if part == Part::Steps && !failures.is_empty() && !failures.are_handled_by(fence) {
                let reason = format!("left out: {} failed", failures.names().join(", "));
                self.leave_out(fence, reason);
                continue;
            }
            if !self.is_wanted(fence) {
                continue;
            }
            let (ended, observed) = self.perform(fence, Purpose::Turn)?;
            ran += 1;
            if let Some(over) = Turns::cut_short(ended, || format!("{}: {observed}", fence.id)) {
                return Ok(over);
            }
            failures.enter(fence, ended, observed);
            if part == Part::Steps && !failures.is_empty() && !failures.may_be_handled_after(place) {
                break;
            }
        }
        if let Some((verdict, cause)) = failures.judged() {
            return Ok(Turns::Bad(verdict, None, cause));
        }
        if part == Part::Verification && ran == 0 {
            return Ok(Turns::Bad(Verdict::Inconclusive, None, "nothing was verified".into()));
        }
        Ok(Turns::Good)
    }

    /// The step that was under way when an earlier process was killed.
    fn take_up_step(&mut self, step: &str, answers: &BTreeMap<String, bool>) -> Result<()> {
        let begun = self.record.state.undoable.iter().position(|one| one.step == step && !one.undone);
        if let Some(at) = begun {
            let one = self.record.state.undoable[at].clone();
            if self.undo_one(&one)? {
                // It is begun anew, with an undo of its own.
                self.record.state.undoable.remove(at);
            } else {
                self.decide(
                    Verdict::Deviated,
                    None,
                    format!("{step} was under way when the run was cut off, and could not be taken back"),
                );
                self.record.state.left.push(step.to_owned());
                self.record.state.phase = Phase::Undo;
            }
        } else {
            let question =
                format!("The step {step} was under way when the run was cut off, and nothing takes it back. Run it again?");
            let agreed = answers.get(step).copied().or_else(|| (self.site.ask)(&question).map(|answer| is_yes(&answer)));
            let run = &self.record.state.run;
            match agreed {
                Some(true) => {}
                Some(false) => {
                    self.decide(
                        Verdict::Aborted,
                        Some(AbortedBy::Operator),
                        format!("{step} was under way when the run was cut off, and was not to be run again"),
                    );
                    self.record.state.phase = Phase::Undo;
                }
                None => {
                    return Err(Error::new(ErrorKind::Declined, format!("nobody is there to answer: {question}"))
                        .hint(format!("give --answer {step}=yes to run it again, once you have looked at what it did"))
                        .hint(format!("or take back what the run began: `wpp runbook undo {run}`")));
                }
            }
        }
        self.record.state.under_way = None;
        self.record.keep()
    }

    /// Takes one step back; says whether that worked.
    fn undo_one(&mut self, one: &Undoable) -> Result<bool> {
        let Some(fence) = self.runbook.fence(&one.undo).cloned() else { return Ok(false) };
        let after = std::mem::replace(&mut self.values.plain, one.values.clone());
        let result = self.perform(&fence, Purpose::Undo);
        self.values.plain = after;
        Ok(matches!(result?.0, Ended::Passed | Ended::Skipped))
    }

    /// What comes now is not interrupted by the interrupt that led here.
    fn clean_up(&mut self) {
        self.stop = Arc::default();
        self.cleaning_up.get_or_insert_with(CleaningUp::begin);
    }

    /// Takes back what was begun, the last first.
    fn take_back(&mut self) -> Result<()> {
        self.clean_up();
        for at in (0..self.record.state.undoable.len()).rev() {
            let one = self.record.state.undoable[at].clone();
            if one.undone || self.record.state.left.contains(&one.step) {
                continue;
            }
            if self.undo_one(&one)? {
                self.record.state.undoable[at].undone = true;
            } else {
                self.record.state.left.push(one.step);
                self.record.state.verdict = Some(Verdict::Deviated);
            }
            self.record.keep()?;
        }
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.clean_up();
        for fence in self.blocks(Part::Rollback) {
            if self.record.state.turn(&fence.id).is_some() || !self.is_wanted(&fence) {
                continue;
            }
            let (ended, _) = self.perform(&fence, Purpose::Turn)?;
            if ended != Ended::Passed {
                self.record.state.verdict = Some(Verdict::Deviated);
            }
            self.record.keep()?;
        }
        Ok(())
    }

    fn verify_again(&mut self) -> Result<()> {
        self.clean_up();
        self.record.state.done.retain(|done| done.purpose != Purpose::Again);
        let acted = |done: &Done| done.ended != Ended::Skipped && (done.purpose == Purpose::Undo || done.part == Part::Rollback);
        if !self.record.state.done.iter().any(acted) {
            return Ok(());
        }
        for fence in self.blocks(Part::Verification) {
            if fence.when.as_ref().is_none_or(|when| when.holds(self)) {
                self.perform(&fence, Purpose::Again)?;
            }
        }
        Ok(())
    }

    fn outcome(self) -> Result<Outcome> {
        let state = self.record.state;
        let verdict = state.verdict.unwrap_or(Verdict::Inconclusive);
        let report = report(&self.runbook, &state, verdict);
        let document = serde_json::to_vec_pretty(&self.redaction.report(&report)?)
            .while_doing(|| "cannot write the report as JSON".into())?;
        disk::write_atomic(&state.evidence.join("run.json"), &document)?;
        Ok(Outcome { verdict, report, state })
    }
}
