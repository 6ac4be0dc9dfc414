//! What a run has done so far, as it stands in the journal and in its evidence folder.
//!
//! [`State`] is one row of the journal, replaced as a whole and on the disk before the next thing
//! happens. It holds the runbook's text as it was, so that an edited file cannot change a run under way.
//! Start with [`Record::begin`] and [`Record::find`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fence::{Kind, Part};
use super::{AbortedBy, Verdict};
use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::evidence::redact::Redaction;
use crate::home::Home;
use crate::journal::{self, Entry, Journal};
use crate::process::Group;

/// The file in a run's evidence folder that whoever works on the run holds.
const LOCK: &str = "LOCK";

/// The verb of a run's row.
pub const VERB: &str = "runbook";

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The steady state before is looked at; nothing was begun.
    Prerequisites,
    /// The steps are done.
    Steps,
    /// What they did is verified.
    Verification,
    /// What was begun is taken back.
    Undo,
    /// The blocks under Rollback are run.
    Rollback,
    /// What there is after that is verified.
    Again,
    /// It is over.
    Over,
}

/// Why a block was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// It was its turn.
    Turn,
    /// It takes another one back.
    Undo,
    /// The verification after an undo.
    Again,
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// As expected.
    Passed,
    /// Not as expected.
    Deviated,
    /// It could not be checked.
    Inconclusive,
    /// It was interrupted.
    Interrupted,
    /// Nobody was there to answer.
    Declined,
    /// It did not end.
    Stuck,
    /// It was not run.
    Skipped,
}

impl Ended {
    /// The name as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Ended::Passed => "passed",
            Ended::Deviated => "deviated",
            Ended::Inconclusive => "inconclusive",
            Ended::Interrupted => "interrupted",
            Ended::Declined => "declined",
            Ended::Stuck => "stuck",
            Ended::Skipped => "skipped",
        }
    }
}

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The block's id.
    pub id: String,
    /// Its heading.
    pub part: Part,
    /// Its kind.
    pub kind: Kind,
    /// Why it was run.
    pub purpose: Purpose,
    /// What it does, in a line.
    pub title: String,
    /// How it ended.
    pub ended: Ended,
    /// What was to be seen.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// How long it took, all tries together.
    pub took_ms: u64,
    /// Number of tries.
    pub tries: u32,
    /// The file with what was asked and answered, below the evidence folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

/// A step that was begun and can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoable {
    /// The step.
    pub step: String,
    /// The block that takes it back.
    pub undo: String,
    /// That block's lines with values in them, secrets left as names.
    pub lines: String,
    /// The values that it is run with.
    pub values: BTreeMap<String, String>,
    /// Whether it has been taken back.
    #[serde(default)]
    pub undone: bool,
}

/// All that is known of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its id: the runbook's and the time.
    pub run: String,
    /// The runbook's id.
    pub runbook: String,
    /// The runbook's text.
    pub text: String,
    /// The home that the steps work on.
    pub home: PathBuf,
    /// Its evidence folder.
    pub evidence: PathBuf,
    /// When it began, milliseconds since the epoch.
    pub began_ms: i64,
    /// Values that may be written down.
    pub values: BTreeMap<String, String>,
    /// Names of the secrets that it needs.
    pub secrets: Vec<String>,
    /// Answers that were given in advance.
    pub answers: BTreeMap<String, bool>,
    /// Whether scripts are allowed.
    pub shell_allowed: bool,
    /// How far it has come.
    pub phase: Phase,
    /// The step that was begun and has not ended.
    pub under_way: Option<String>,
    /// Steps that were begun and can be taken back, in the order in which they were begun.
    pub undoable: Vec<Undoable>,
    /// What became of blocks, in order.
    pub done: Vec<Done>,
    /// How it ends, as far as that is known.
    pub verdict: Option<Verdict>,
    /// Who stopped it.
    pub aborted_by: Option<AbortedBy>,
    /// Why it ends so.
    pub cause: Option<String>,
    /// Undos that failed: the steps that are left as they are.
    #[serde(default)]
    pub left: Vec<String>,
    /// The script that was begun and has not ended, with all that it has started.
    #[serde(default)]
    pub script: Option<Group>,
}

impl State {
    /// What became of a block when it last had its turn; `None` when it had none.
    pub fn turn(&self, id: &str) -> Option<&Done> {
        self.done.iter().rfind(|done| done.id == id && done.purpose != Purpose::Undo)
    }

    /// Whether it has changed something, or may have, that was not taken back.
    pub fn has_acted(&self) -> bool {
        let acts = |done: &Done| matches!(done.part, Part::Steps | Part::Rollback) && done.ended != Ended::Skipped;
        let in_force = |done: &Done| acts(done) && !self.undoable.iter().any(|one| one.step == done.id && one.undone);
        self.under_way.is_some() || !self.left.is_empty() || self.done.iter().any(in_force)
    }

    /// The steps that were taken back.
    pub fn undone(&self) -> Vec<&str> {
        self.undoable.iter().filter(|one| one.undone).map(|one| one.step.as_str()).collect()
    }

    /// Why it ended so, in a line, with what was taken back and what is left as it is.
    pub fn because(&self) -> String {
        let steps = |what: &str, steps: Vec<&str>| (!steps.is_empty()).then(|| format!("{what}: {}", steps.join(", ")));
        let left = self.left.iter().map(String::as_str).collect();
        let said = [self.cause.clone(), steps("taken back", self.undone()), steps("could not be taken back", left)];
        said.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// How its row ends.
    fn outcome(&self) -> journal::Outcome {
        match self.verdict {
            Some(Verdict::Pass) => journal::Outcome::Finished,
            _ if !self.undone().is_empty() => journal::Outcome::Undone,
            _ => journal::Outcome::Failed,
        }
    }
}

/// A run's row and folder, held by this process.
pub struct Record<'a> {
    journal: &'a Journal,
    entry: i64,
    /// What is known of the run.
    pub state: State,
    // Held as long as this process works on the run.
    _lock: Lock,
}

impl<'a> Record<'a> {
    /// Makes the evidence folder and writes down that the run begins. Nobody is named in that folder, and all is in
    /// the journal.
    pub fn begin(journal: &'a Journal, state: State, redaction: &Redaction) -> Result<Record<'a>> {
        disk::create_folder(&state.evidence.join("transcripts"))?;
        let lock = lock(&state)?;
        disk::write_atomic(&state.evidence.join("runbook.md"), redaction.text(&state.text).as_bytes())?;
        let entry = journal.begin(None, VERB, &state)?;
        Ok(Record { journal, entry, state, _lock: lock })
    }

    /// Takes up a run that is open.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when there is none, or when it is over; [`ErrorKind::Locked`] while another
    /// process works on it.
    pub fn find(journal: &'a Journal, run: &str) -> Result<Record<'a>> {
        let all = journal.everywhere(VERB)?;
        let found: Vec<(&Entry, State)> = all.iter().filter_map(|entry| Some((entry, entry.data().ok()?))).collect();
        let open: Vec<&str> =
            found.iter().filter(|(entry, state)| is_open(entry, state)).map(|(_, state)| state.run.as_str()).collect();
        let hint = match &open[..] {
            [] => "no run is open; `wpp runbook runs` lists all".to_owned(),
            _ => format!("open are: {}", open.join(", ")),
        };
        let Some((entry, state)) = found.iter().rfind(|(_, state)| state.run == run) else {
            return Err(Error::new(ErrorKind::Usage, format!("there is no run {run}")).hint(hint));
        };
        if entry.state == "open" && state.phase == Phase::Over {
            // It was killed between its last word and the end of its row.
            journal.end(entry.id, state.outcome())?;
        }
        if !is_open(entry, state) {
            let verdict = state.verdict.map_or("over", Verdict::name);
            return Err(Error::new(ErrorKind::Usage, format!("the run {run} is over ({verdict})")).hint(hint));
        }
        disk::create_folder(&state.evidence.join("transcripts"))?;
        let lock = lock(state)?;
        // Whoever held it until now has gone on with the run.
        let all = journal.everywhere(VERB)?;
        let now = all.iter().find(|now| now.id == entry.id).unwrap_or(entry);
        let state: State = now.data()?;
        if !is_open(now, &state) {
            let verdict = state.verdict.map_or("over", Verdict::name);
            return Err(Error::new(ErrorKind::Usage, format!("the run {run} is over ({verdict})")).hint(hint));
        }
        Ok(Record { journal, entry: now.id, state, _lock: lock })
    }

    /// Writes down how far the run has come. It is on the disk when this returns.
    pub fn keep(&self) -> Result<()> {
        self.journal.update(self.entry, &self.state)
    }

    /// Writes down that the run is over.
    pub fn close(&mut self) -> Result<()> {
        self.state.phase = Phase::Over;
        self.keep()?;
        self.journal.end(self.entry, self.state.outcome())
    }

    /// Keeps what a block asked and answered, people and secrets taken out already; says where.
    pub fn transcript(&self, id: &str, text: &str) -> Result<String> {
        let times = self.state.done.iter().filter(|done| done.id == id).count();
        let name = if times == 0 { format!("transcripts/{id}.txt") } else { format!("transcripts/{id}-{}.txt", times + 1) };
        disk::write_atomic(&self.state.evidence.join(&name), text.as_bytes())?;
        Ok(name)
    }
}

fn lock(state: &State) -> Result<Lock> {
    Lock::acquire(&state.evidence.join(LOCK), "runbook").map_err(|error| error.note(format!("the run is {}", state.run)))
}

/// Whether something is left to resume or to undo.
fn is_open(entry: &Entry, state: &State) -> bool {
    entry.state == "open" && state.phase != Phase::Over
}

/// Every run of a home, oldest first, and whether something is left to resume or to undo. Rows that
/// another version wrote, and this one cannot read, are left out: see [`unreadable`].
pub fn all(journal: &Journal) -> Result<Vec<(bool, State)>> {
    let read = |entry: &Entry| entry.data().ok().map(|state: State| (is_open(entry, &state), state));
    Ok(journal.everywhere(VERB)?.iter().filter_map(read).collect())
}

/// An open run of another process on the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// The run.
    pub run: String,
    /// Whether a living process works on it.
    pub held: bool,
    /// Whether it has changed something that was not taken back.
    pub acted: bool,
}

/// The open runs of a runbook that `same` says are on the same thing, oldest first. Only those that began
/// before the run `own`, if there is one.
pub fn rivals(journal: &Journal, own: Option<&str>, same: impl Fn(&State) -> bool) -> Result<Vec<Rival>> {
    let mut rivals = Vec::new();
    for (open, state) in all(journal)? {
        if own == Some(state.run.as_str()) {
            break;
        }
        if open && same(&state) {
            let held = matches!(Lock::look(&state.evidence.join(LOCK))?, LockState::Held(_));
            rivals.push(Rival { held, acted: state.has_acted(), run: state.run });
        }
    }
    if rivals.iter().any(|rival| !rival.held) {
        // One that nobody holds was cut off, or ended since its row was read.
        let over = |run: &String, (open, state): &(bool, State)| !open && state.run == *run;
        let now = all(journal)?;
        rivals.retain(|rival| rival.held || !now.iter().any(|one| over(&rival.run, one)));
    }
    Ok(rivals)
}

/// The times at which runs were begun that cannot be read, and whether each is open; milliseconds since
/// the epoch.
pub fn unreadable(journal: &Journal) -> Result<Vec<(i64, bool)>> {
    let rows = journal.everywhere(VERB)?;
    let broken = rows.iter().filter(|entry| entry.data::<State>().is_err());
    Ok(broken.map(|entry| (entry.at_ms, entry.state == "open")).collect())
}

/// A new run's id and evidence folder. A second run in the same second gets a number.
pub fn name(home: &Home, journal: &Journal, runbook: &str, stamp: &str, given: Option<&Path>) -> Result<(String, PathBuf)> {
    // All of the folder becomes evidence: what lies there already is none of it.
    if let Some(folder) = given.filter(|folder| folder.exists())
        && !disk::list(folder)?.is_empty()
    {
        return Err(Error::new(ErrorKind::Usage, format!("{} holds something already", folder.display()))
            .hint("give --evidence a folder that is empty or not there yet"));
    }
    let known: Vec<String> = all(journal)?.into_iter().map(|(_, state)| state.run).collect();
    for number in 1_u32.. {
        let run = if number == 1 { format!("{runbook}-{stamp}") } else { format!("{runbook}-{stamp}-{number}") };
        let folder = given.map_or_else(|| home.reports().join(&run), Path::to_owned);
        // Made and not looked for: two processes may begin in one second.
        let taken = known.contains(&run) || given.is_none() && !disk::claim_folder(&folder)?;
        if !taken {
            let folder = std::path::absolute(&folder).while_doing(|| format!("cannot make {} absolute", folder.display()))?;
            return Ok((run, folder));
        }
    }
    // There are not that many runs in a second.
    Err(Error::new(ErrorKind::Unexpected, "no id is left for the run").hint("try again"))
}
