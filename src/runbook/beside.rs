//! Whether a run may begin beside other runs of the same runbook that are not over.
//!
//! Two at once would act against each other, and a run that begins where another was cut off takes what that
//! one left for the state before. Start with [`Beside::look`].

use std::path::Path;

use super::front::Type;
use super::parse::Runbook;
use super::record::{self, Rival, State};
use super::values::Values;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Journal;

/// A run that is about to begin.
pub struct Beside<'a> {
    /// The home that its steps work on.
    pub home: &'a Path,
    /// What it runs.
    pub runbook: &'a Runbook,
    /// With which values.
    pub values: &'a Values,
    /// Whether the operator knows of one that is open and has acted.
    pub despite_open: bool,
}

impl Beside<'_> {
    /// What is to be said of open runs beside which it may begin.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] while one is at work, and when one was cut off after it acted, unless the operator
    /// knows.
    pub fn look(&self, journal: &Journal) -> Result<Vec<String>> {
        self.at_work(journal, None)?;
        let open = self.rivals(journal, None)?;
        if let Some(Rival { run, .. }) = open.iter().find(|rival| rival.acted && !self.despite_open) {
            let id = &self.runbook.front.id;
            return Err(Error::new(
                ErrorKind::Locked,
                format!("the run {run} of {id} was cut off, and what it did was not taken back"),
            )
            .hint(format!("go on with it: `wpp runbook resume {run}`"))
            .hint(format!("or take back what it did: `wpp runbook undo {run}`"))
            .hint("or begin another beside it, once you know what it left: --despite-open"));
        }
        let said = |rival: &Rival| {
            let (run, acted) = (&rival.run, if rival.acted { "after it acted" } else { "before it acted" });
            format!(
                "the run {run} was cut off {acted}, and is open: `wpp runbook resume {run}` goes on, `wpp runbook undo {run}` ends it"
            )
        };
        Ok(open.iter().map(said).collect())
    }

    /// Refuses while another run is at work; of those that began before `own`, if that has begun.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] naming it.
    pub fn at_work(&self, journal: &Journal, own: Option<&str>) -> Result<()> {
        match self.rivals(journal, own)?.into_iter().find(|rival| rival.held) {
            None => Ok(()),
            Some(Rival { run, .. }) => {
                let id = &self.runbook.front.id;
                Err(Error::new(ErrorKind::Locked, format!("the run {run} of {id} is at work on the same"))
                    .hint("wait until it has ended; `wpp runbook runs` shows how"))
            }
        }
    }

    fn rivals(&self, journal: &Journal, own: Option<&str>) -> Result<Vec<Rival>> {
        record::rivals(journal, own, |state| self.is_same(state))
    }

    /// Whether a run works on the same: the same session, or, of a runbook that is about none, on the same
    /// values of all parameters.
    fn is_same(&self, other: &State) -> bool {
        let front = &self.runbook.front;
        let about_session = front.parameters.values().any(|parameter| parameter.kind == Type::Session);
        let names = front.parameters.iter().filter(|(_, parameter)| !about_session || parameter.kind == Type::Session);
        other.runbook == front.id
            && other.home == self.home
            && names.into_iter().all(|(name, _)| self.values.plain.get(name) == other.values.get(name))
    }
}
