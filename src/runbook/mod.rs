//! Runbooks: Markdown documents that a person can follow and `wpp` can run.
//!
//! [`parse::Runbook`] is a document as data, [`lint`] says what is wrong with one, [`plan`] what a run of
//! it would do, and [`run`] does it: steps with their undo written down before they act, a verification
//! that is made again after an undo, and a record that `resume` and `undo` go on from.
//!
//! A run works on a [`Site`]. Whoever calls decides what that is: the operator's own home, or the home of
//! a throw-away sandbox for a drill, with [`Site::home`] where the steps act and [`Site::records`] where
//! the run is written down. Every `wpp` line gets `--home` of the first, scripts get `WPP_HOME`, and
//! `{{home}}` is its folder. Command lines are run by the [`Runner`] that the face supplies.

pub mod beside;
pub mod endpoints;
pub mod expect;
pub mod failures;
pub mod fence;
pub mod front;
pub mod guard;
pub mod library;
pub mod lint;
pub mod order;
pub mod outcome;
pub mod parse;
pub mod path;
mod perform;
pub mod plan;
mod query;
pub mod record;
pub mod run;
pub mod steps;
pub mod template;
pub mod values;
pub mod when;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};
use crate::home::Home;
use crate::journal::Journal;
use crate::report::{self, Report, Sink};

/// Runs a `wpp` command line, the words after the program's name, in this process and tells the given
/// sink what happens on the way.
pub type Runner = dyn Fn(&[String], Arc<dyn Sink>) -> Result<Report> + Send + Sync;

/// Asks a person a question; `None` when nobody is there.
pub type Ask = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where a run acts, where it is written down, and by what.
pub struct Site<'a> {
    /// The home that the steps work on.
    pub home: &'a Home,
    /// The home that keeps the run's record and evidence; the same, but for runs in a sandbox.
    pub records: &'a Home,
    /// The journal of `records`.
    pub journal: &'a Journal,
    /// Runs command lines of `wpp`.
    pub runner: Arc<Runner>,
    /// Takes events.
    pub sink: Arc<dyn Sink>,
    /// Asks questions.
    pub ask: Arc<Ask>,
    /// Set when the operator interrupts.
    pub interrupted: Arc<AtomicBool>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything was as expected.
    Pass,
    /// Something was not.
    Deviated,
    /// It was stopped: by the operator, by a guard.
    Aborted,
    /// It could not be checked.
    Inconclusive,
    /// Nothing was begun, because what must be so before was not.
    Skipped,
}

impl Verdict {
    /// The name as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Deviated => "deviated",
            Verdict::Aborted => "aborted",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Skipped => "skipped",
        }
    }

    /// The same in the words of every report.
    pub fn of_report(self) -> report::Verdict {
        match self {
            Verdict::Pass => report::Verdict::Pass,
            Verdict::Deviated => report::Verdict::Fail,
            Verdict::Aborted => report::Verdict::Aborted,
            Verdict::Inconclusive => report::Verdict::Unknown,
            Verdict::Skipped => report::Verdict::Skipped,
        }
    }

    /// What the command exits with; `by` says who aborted it.
    pub fn exit_code(self, by: Option<AbortedBy>) -> u8 {
        let kind = match (self, by) {
            (Verdict::Pass, _) => return 0,
            (Verdict::Deviated, _) | (Verdict::Aborted, None | Some(AbortedBy::Guard)) => ErrorKind::Failed,
            (Verdict::Aborted, Some(AbortedBy::Operator)) => ErrorKind::Interrupted,
            (Verdict::Aborted, Some(AbortedBy::Nobody)) => ErrorKind::Declined,
            (Verdict::Inconclusive | Verdict::Skipped, _) => ErrorKind::Unknown,
        };
        kind.exit_code()
    }
}

/// Who stopped a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AbortedBy {
    /// Ctrl-C.
    Operator,
    /// A guard that no longer held, or a step that did not end.
    Guard,
    /// A person would have had to answer, and nobody was there.
    Nobody,
}

/// A run that is over, or that left something open.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub verdict: Verdict,
    /// What was done and seen, for people and programs.
    pub report: Report,
    /// The same as the run keeps it; `run.json`, `runbook.md` and `transcripts/` are in its evidence folder.
    pub state: record::State,
}
