//! One block of a run under way: what is written down before it acts, its tries, what its answer is held
//! against, and what is kept of it. Start with `perform`.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::expect::{Answer, clip};
use super::fence::{Fence, Kind, Part};
use super::outcome::step;
use super::path;
use super::plan::title;
use super::record::{Done, Ended, Purpose, Undoable};
use super::run::Engine;
use super::steps::{OUTPUT_BYTES_MAX, Scene, Tried, attempt};
use super::when::Facts as _;
use crate::clock::Stopwatch;
use crate::disk;
use crate::error::{ErrorKind, Result};
use crate::evidence::written::Written;
use crate::report::Event;

impl Engine<'_> {
    pub(super) fn done(&self, fence: &Fence, purpose: Purpose, ended: Ended) -> Done {
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
    pub(super) fn perform(&mut self, fence: &Fence, purpose: Purpose) -> Result<(Ended, String)> {
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
        let (ended, observed, transcript, acted) = self.tries(fence, &mut done.tries);
        disk::faults::point("runbook", &place)?;
        done.took_ms = watch.elapsed_ms();
        done.ended = ended;
        done.observed = clip(&self.values.redact(&observed));
        done.transcript = Some(self.record.transcript(&fence.id, &self.kept(&transcript))?);
        self.site.sink.emit(Event::StepFinished(step(&done)));
        let observed = done.observed.clone();
        self.record.state.done.push(done);
        // One that goes on by itself has not ended.
        if purpose == Purpose::Turn && ended != Ended::Stuck {
            self.record.state.under_way = None;
            self.renew_undo(fence, acted);
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
            let one = Undoable {
                step: fence.id.clone(),
                undo: undo.id.clone(),
                lines: self.lines(undo),
                values: self.values.plain.clone(),
                undone: false,
            };
            self.record.state.undoable.push(one);
        }
        self.record.state.under_way = Some(fence.id.clone());
        self.record.keep()
    }

    /// What takes a block back has the values that the block saved; and a block that never acted is not
    /// taken back.
    fn renew_undo(&mut self, fence: &Fence, acted: bool) {
        let Some(undo) = fence.undo.as_ref().and_then(|undo| self.runbook.fence(undo)) else { return };
        let lines = self.lines(undo);
        let undoable = &mut self.record.state.undoable;
        let Some(at) = undoable.iter().rposition(|one| one.step == fence.id && !one.undone) else { return };
        if acted {
            undoable[at].lines = lines;
            undoable[at].values = self.values.plain.clone();
        } else {
            undoable.remove(at);
        }
    }

    /// A block's lines as they would be run.
    fn lines(&self, fence: &Fence) -> String {
        if fence.kind == Kind::Sh { fence.body.clone() } else { self.values.shown(&fence.body) }
    }

    /// What is kept of a block's answer names nobody from the first moment on: a run may be looked at, or cut off,
    /// before its evidence is sealed.
    fn kept(&self, transcript: &str) -> String {
        let text = self.redaction.text(&self.values.redact(transcript));
        let most = OUTPUT_BYTES_MAX;
        match text.char_indices().map(|(at, _)| at).take_while(|at| *at <= most).last() {
            Some(at) if text.len() > most => format!("{}\n(there was more, which is not kept)\n", &text[..at]),
            _ => text,
        }
    }

    /// Tries a block until it is as expected or its tries are used up; says at the end whether any of
    /// them acted.
    fn tries(&mut self, fence: &Fence, tries: &mut u32) -> (Ended, String, String, bool) {
        let (mut transcript, mut acted) = (String::new(), false);
        let answers = self.record.state.answers.clone();
        loop {
            *tries += 1;
            let shell_allowed = self.record.state.shell_allowed;
            let record = RefCell::new(&mut self.record);
            let know = |group| {
                let mut record = record.borrow_mut();
                record.state.script = Some(group);
                record.keep().map_err(|error| std::io::Error::other(error.chain()))
            };
            let (site, values, stop) = (self.site, &self.values, &self.stop);
            let tried = attempt(fence, &Scene { site, values, answers: &answers, shell_allowed, stop, know: &know });
            self.record.state.script = None;
            if *tries > 1 {
                transcript.push_str(&format!("\ntry {tries}\n"));
            }
            transcript.push_str(&tried.transcript);
            acted |= tried.acted;
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
                return (ended, observed, transcript, acted);
            }
            let until = Instant::now() + fence.every;
            while Instant::now() < until {
                if self.interrupted() {
                    let observed = format!("interrupted between tries; last seen: {observed}");
                    return (Ended::Interrupted, observed, transcript, acted);
                }
                std::thread::sleep(until.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
            }
        }
    }

    /// Holds an answer against what is expected, and keeps what is to be saved of it.
    fn judged(&mut self, fence: &Fence, answer: &Answer) -> (Ended, String) {
        let written = answer.json.as_ref().map(Written::of).unwrap_or_default();
        let told = |text: &str| self.values.redact(&written.left_out_of(text));
        let judged = fence.expect.judge(fence.kind, answer, &|text| self.fill(text), &told);
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
}
