//! Runs a runbook: looks at the steady state, acts, verifies, and takes back what it began when
//! something is not as expected.
//!
//! Before a step acts, the lines that take it back are in the journal and on the disk; so whatever
//! kills this process, `resume` or `undo` finish the run. After an undo the verification is made again.
//! Start with [`start`], [`resume`] and [`undo`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::expect::{Answer, clip};
use super::fence::{Fence, Kind, Part};
use super::guard;
use super::order::with_built_in;
pub use super::order::{Order, parameters};
use super::outcome::{report, step};
use super::parse::Runbook;
use super::path;
use super::plan::title;
use super::record::{self, Done, Ended, Phase, Purpose, Record, State, Undoable};
use super::steps::{Scene, Tried, attempt};
use super::values::Values;
use super::when::Facts;
use super::{AbortedBy, Outcome, Site, Verdict};
use crate::clock::{self, Stopwatch};
use crate::confirm::is_yes;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::HomeKind;
use crate::journal;
use crate::process;
use crate::report::Event;

/// Runs a runbook from its beginning. What lint calls an error must not be in it.
///
/// # Errors
/// [`ErrorKind::Denied`] when it belongs into a sandbox and the site is none.
pub fn start(runbook: Runbook, order: Order, site: &Site<'_>) -> Result<Outcome> {
    if runbook.front.sandbox && site.home.kind() != HomeKind::Sandbox {
        return Err(Error::new(ErrorKind::Denied, format!("{} runs in a sandbox alone", runbook.front.id))
            .hint(format!("`wpp drill run {}` makes one for it", runbook.front.id)));
    }
    let stamp = clock::compact(clock::now());
    let (run, evidence) = record::name(site.records, site.journal, &runbook.front.id, &stamp, order.evidence.as_deref())?;
    let mut values = order.values;
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
        answers: order.answers,
        shell_allowed: order.shell_allowed,
        phase: Phase::Prerequisites,
        under_way: None,
        undoable: Vec::new(),
        done: Vec::new(),
        verdict: None,
        aborted_by: None,
        cause: None,
        left: Vec::new(),
    };
    let record = Record::begin(site.journal, state)?;
    Engine { site, runbook, record, values, stop: site.interrupted.clone() }.go_on()
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
    state.under_way = None;
    state.left.clear();
    if state.verdict.is_none() {
        state.verdict = Some(Verdict::Aborted);
        state.aborted_by = Some(AbortedBy::Operator);
        state.cause = Some("it was cut off, and taken back by `wpp runbook undo`".into());
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
    Ok(Engine { site, runbook, record, values, stop: site.interrupted.clone() })
}

struct Engine<'a> {
    site: &'a Site<'a>,
    runbook: Runbook,
    record: Record<'a>,
    values: Values,
    /// What ends a step: the operator's interrupt, and nothing while things are taken back.
    stop: Arc<AtomicBool>,
}

impl Facts for Engine<'_> {
    fn passed(&self, step: &str) -> Option<bool> {
        self.record.state.ended(step).filter(|ended| *ended != Ended::Skipped).map(|ended| ended == Ended::Passed)
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

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn prerequisites(&mut self) -> Result<Turns> {
        if let Some((verdict, reason)) = self.guards() {
            return Ok(Turns::Bad(verdict, None, reason));
        }
        for fence in self.blocks(Part::Prerequisites) {
            if self.interrupted() {
                return Ok(Turns::Bad(
                    Verdict::Aborted,
                    Some(AbortedBy::Operator),
                    "interrupted before anything was begun".into(),
                ));
            }
            if !self.is_wanted(&fence) {
                continue;
            }
            let (ended, observed) = self.perform(&fence, Purpose::Turn)?;
            let cause = format!("{} before anything was begun: {observed}", fence.id);
            match ended {
                Ended::Passed | Ended::Skipped => {}
                Ended::Deviated => return Ok(Turns::Bad(Verdict::Skipped, None, cause)),
                Ended::Inconclusive => return Ok(Turns::Bad(Verdict::Inconclusive, None, cause)),
                Ended::Interrupted => return Ok(Turns::Bad(Verdict::Aborted, Some(AbortedBy::Operator), cause)),
                Ended::Declined => return Ok(Turns::Bad(Verdict::Aborted, Some(AbortedBy::Nobody), cause)),
                Ended::Stuck => return Ok(Turns::Stuck(cause)),
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
            let reason = format!("not the case: {}", self.values.shown(when));
            self.leave_out(fence, Purpose::Turn, reason);
        }
        wanted
    }

    fn leave_out(&mut self, fence: &Fence, purpose: Purpose, reason: String) {
        let done = Done { observed: reason, ..self.done(fence, purpose, Ended::Skipped) };
        self.record.state.done.push(done);
    }

    /// The blocks of a part, each in its turn. A failure that a later block of the part is there for is
    /// handled if that one passes; until then only such blocks are run.
    fn turns(&mut self, part: Part) -> Result<Turns> {
        let blocks = self.blocks(part);
        let mut pending: BTreeMap<String, (Ended, String)> = BTreeMap::new();
        let mut ran = 0;
        for (number, fence) in blocks.iter().enumerate() {
            let handles: BTreeSet<&str> = fence.when.as_ref().map(|when| when.failures()).unwrap_or_default();
            if let Some(ended) = self.record.state.ended(&fence.id) {
                // It had its turn before this process.
                let observed = self
                    .record
                    .state
                    .done
                    .iter()
                    .rfind(|done| done.id == fence.id)
                    .map_or(String::new(), |done| done.observed.clone());
                settle(&mut pending, &blocks, fence, &handles, ended, observed);
                ran += u32::from(ended != Ended::Skipped);
                continue;
            }
            if self.interrupted() {
                return Ok(Turns::Bad(
                    Verdict::Aborted,
                    Some(AbortedBy::Operator),
                    format!("interrupted by the operator before {}", fence.id),
                ));
            }
            if let Some((_, reason)) = self.guards() {
                return Ok(Turns::Bad(Verdict::Aborted, Some(AbortedBy::Guard), format!("before {}: {reason}", fence.id)));
            }
            if part == Part::Steps && !pending.is_empty() && !handles.iter().any(|step| pending.contains_key(*step)) {
                let failed: Vec<&str> = pending.keys().map(String::as_str).collect();
                let reason = format!("left out: {} failed", failed.join(", "));
                self.leave_out(fence, Purpose::Turn, reason);
                continue;
            }
            if !self.is_wanted(fence) {
                continue;
            }
            let (ended, observed) = self.perform(fence, Purpose::Turn)?;
            ran += 1;
            match ended {
                Ended::Interrupted => {
                    return Ok(Turns::Bad(Verdict::Aborted, Some(AbortedBy::Operator), format!("{}: {observed}", fence.id)));
                }
                Ended::Declined => {
                    return Ok(Turns::Bad(Verdict::Aborted, Some(AbortedBy::Nobody), format!("{}: {observed}", fence.id)));
                }
                Ended::Stuck => return Ok(Turns::Stuck(format!("{}: {observed}", fence.id))),
                _ => settle(&mut pending, &blocks, fence, &handles, ended, observed),
            }
            let hope = blocks[number + 1..].iter().any(|later| {
                later.when.as_ref().is_some_and(|when| when.failures().iter().any(|step| pending.contains_key(*step)))
            });
            if part == Part::Steps && !pending.is_empty() && !hope {
                break;
            }
        }
        if let Some((id, (ended, observed))) =
            pending.iter().find(|(_, (ended, _))| *ended == Ended::Deviated).or(pending.iter().next())
        {
            let verdict = if *ended == Ended::Deviated { Verdict::Deviated } else { Verdict::Inconclusive };
            return Ok(Turns::Bad(verdict, None, format!("{id}: {observed}")));
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

    /// Takes back what was begun, the last first. It is not interrupted by the interrupt that led here.
    fn take_back(&mut self) -> Result<()> {
        self.stop = Arc::default();
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
        self.stop = Arc::default();
        for fence in self.blocks(Part::Rollback) {
            if self.record.state.ended(&fence.id).is_some() || !self.is_wanted(&fence) {
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
        self.stop = Arc::default();
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

    fn done(&self, fence: &Fence, purpose: Purpose, ended: Ended) -> Done {
        Done {
            id: fence.id.clone(),
            part: fence.part,
            kind: fence.kind,
            purpose,
            title: self.values.redact(&title(fence, &self.values)),
            ended,
            expected: self.values.redact(&clip(&fence.expect.describe(fence.kind, &|text| self.values.shown(text)))),
            observed: String::new(),
            took_ms: 0,
            tries: 0,
            transcript: None,
        }
    }

    /// Runs one block with its tries, and writes down what became of it.
    fn perform(&mut self, fence: &Fence, purpose: Purpose) -> Result<(Ended, String)> {
        let place = self.record.state.evidence.clone();
        let mut done = self.done(fence, purpose, Ended::Skipped);
        let word = match purpose {
            Purpose::Turn => "",
            Purpose::Undo => "undo ",
            Purpose::Again => "again ",
        };
        done.title = format!("{word}{}", done.title);
        self.site.sink.emit(Event::StepStarted { title: done.title.clone() });
        if purpose == Purpose::Turn && fence.part == Part::Steps {
            self.write_down_beginning(fence)?;
        }
        disk::faults::point("runbook", &place)?;
        let watch = Stopwatch::start();
        let (ended, observed, transcript) = self.tries(fence, &mut done.tries);
        disk::faults::point("runbook", &place)?;
        done.took_ms = watch.elapsed_ms();
        done.ended = ended;
        done.observed = self.values.redact(&clip(&observed));
        done.transcript = Some(self.record.transcript(&fence.id, &self.kept(&transcript))?);
        self.site.sink.emit(Event::StepFinished(step(&done)));
        let observed = done.observed.clone();
        self.record.state.done.push(done);
        // One that goes on by itself has not ended.
        if purpose == Purpose::Turn && ended != Ended::Stuck {
            self.record.state.under_way = None;
        }
        self.record.state.values = self.values.plain.clone();
        if purpose != Purpose::Undo {
            self.record.keep()?;
        }
        disk::faults::point("runbook", &place)?;
        Ok((ended, observed))
    }

    fn write_down_beginning(&mut self, fence: &Fence) -> Result<()> {
        disk::faults::point("runbook", &self.record.state.evidence)?;
        if let Some(undo) = fence.undo.as_ref().and_then(|undo| self.runbook.fence(undo)) {
            let lines = match undo.kind {
                Kind::Sh => undo.body.clone(),
                _ => self.values.shown(&undo.body),
            };
            let one = Undoable {
                step: fence.id.clone(),
                undo: undo.id.clone(),
                lines,
                values: self.values.plain.clone(),
                undone: false,
            };
            self.record.state.undoable.push(one);
        }
        self.record.state.under_way = Some(fence.id.clone());
        self.record.keep()
    }

    fn kept(&self, transcript: &str) -> String {
        let text = self.values.redact(transcript);
        let most = super::steps::OUTPUT_BYTES_MAX;
        match text.char_indices().map(|(at, _)| at).take_while(|at| *at <= most).last() {
            Some(at) if text.len() > most => format!("{}\n(there was more, which is not kept)\n", &text[..at]),
            _ => text,
        }
    }

    /// Tries a block until it is as expected or its tries are used up.
    fn tries(&mut self, fence: &Fence, tries: &mut u32) -> (Ended, String, String) {
        let mut transcript = String::new();
        loop {
            *tries += 1;
            let scene = Scene {
                site: self.site,
                values: &self.values,
                answers: &self.record.state.answers,
                shell_allowed: self.record.state.shell_allowed,
                stop: &self.stop,
            };
            let tried = attempt(fence, &scene);
            if *tries > 1 {
                transcript.push_str(&format!("\ntry {tries}\n"));
            }
            transcript.push_str(&tried.transcript);
            let (ended, observed) = match tried.tried {
                Tried::Answered(answer) => self.judged(fence, &answer),
                Tried::Failed(reason) if fence.expect.is_any() && fence.kind != Kind::Manual => (Ended::Passed, reason),
                Tried::Failed(reason) => (Ended::Deviated, reason),
                Tried::Unknown(reason) => (Ended::Inconclusive, reason),
                Tried::Interrupted(reason) => (Ended::Interrupted, reason),
                Tried::Declined(reason) => (Ended::Declined, reason),
                Tried::Stuck(reason) => (Ended::Stuck, reason),
            };
            let again = matches!(ended, Ended::Deviated | Ended::Inconclusive) && *tries <= fence.retries;
            if !again {
                return (ended, observed, transcript);
            }
            let until = Instant::now() + fence.every;
            while Instant::now() < until {
                if self.interrupted() {
                    return (Ended::Interrupted, format!("interrupted between tries; last seen: {observed}"), transcript);
                }
                std::thread::sleep(until.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
            }
        }
    }

    /// Holds an answer against what is expected, and keeps what is to be saved of it.
    fn judged(&mut self, fence: &Fence, answer: &Answer) -> (Ended, String) {
        let judged = fence.expect.judge(fence.kind, answer, &|text| self.fill(text));
        if !judged.holds {
            let unknown = match fence.kind {
                Kind::Wpp => answer.exit == Some(i32::from(ErrorKind::Unknown.exit_code())),
                // 126 and 127: the shell found no program that it could run.
                Kind::Sh => matches!(answer.exit, Some(5 | 126 | 127)),
                _ => false,
            };
            return (if unknown { Ended::Inconclusive } else { Ended::Deviated }, judged.observed);
        }
        for save in &fence.save {
            let value = match &save.path {
                Some(path) => match answer.json.as_ref().and_then(|json| path.values(json).first().map(path::text)) {
                    Some(value) => value,
                    None => return (Ended::Deviated, format!("{path} is not there, and was to be saved as {}", save.name)),
                },
                None => answer.value.clone().unwrap_or_else(|| answer.output.trim().to_owned()),
            };
            if self.values.reveals(&value) {
                return (Ended::Deviated, format!("what was to be saved as {} holds a secret", save.name));
            }
            self.values.plain.insert(save.name.clone(), value);
        }
        (Ended::Passed, judged.observed)
    }

    fn outcome(self) -> Result<Outcome> {
        let state = self.record.state;
        let verdict = state.verdict.unwrap_or(Verdict::Inconclusive);
        let report = report(&self.runbook, &state, verdict);
        let document = serde_json::to_vec_pretty(&report).while_doing(|| "cannot write the report as JSON".into())?;
        disk::write_atomic(&state.evidence.join("run.json"), &document)?;
        Ok(Outcome { verdict, report, state })
    }
}

/// Enters how a block ended into the failures that nobody has handled.
fn settle(
    pending: &mut BTreeMap<String, (Ended, String)>,
    blocks: &[Fence],
    fence: &Fence,
    handles: &BTreeSet<&str>,
    ended: Ended,
    observed: String,
) {
    match ended {
        Ended::Skipped => {}
        Ended::Passed => {
            // With a failure go those of the blocks that tried to handle it before.
            let handled = |id: &String| {
                let tried = blocks.iter().find(|block| block.id == *id).and_then(|block| block.when.as_ref());
                handles.contains(id.as_str())
                    || tried.is_some_and(|when| when.failures().iter().any(|step| handles.contains(step)))
            };
            pending.retain(|id, _| !handled(id));
        }
        _ => drop(pending.insert(fence.id.clone(), (ended, observed))),
    }
}
