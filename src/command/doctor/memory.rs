//! What the doctor found before, as far as it may know and keep it.
//!
//! Nothing is ever kept in another user's home, and a look makes no journal. Where nothing can be kept,
//! that is said and fails nothing.

use std::path::PathBuf;

use crate::clock;
use crate::doctor::fix::Planned;
use crate::doctor::history::{self, Mended, Reader, Rows};
use crate::doctor::probe::journal;
use crate::doctor::{Examination, Scope};
use crate::error::Result;
use crate::journal::Journal;
use crate::report::{Report, Severity, Step, Verdict};

use super::words;

/// What is known of earlier looks.
pub(super) struct Memory {
    /// The journal, if there is one.
    path: Option<PathBuf>,
    /// What was found before; `None` when that is not known.
    before: Option<Rows>,
    /// Why nothing is kept.
    pub not_kept: Option<String>,
    /// Whether that is something that an operator did not ask for.
    pub is_worth_telling: bool,
}

impl Memory {
    /// Reads what there is.
    pub fn open(scope: &Scope, no_record: bool) -> Memory {
        let nothing =
            |reason: String, is_worth_telling| Memory { path: None, before: None, not_kept: Some(reason), is_worth_telling };
        let Ok(home) = &scope.home else { return nothing("the home does not open".into(), false) };
        let only_read = no_record || scope.foreign.is_some();
        let looked = journal::open(&home.journal(), only_read);
        let looked = looked.and_then(|journal| journal.map(|journal| history::look_back(&journal)).transpose());
        match looked {
            Ok(None) => nothing("the home has no journal yet".into(), false),
            Err(error) => nothing(error.chain(), true),
            Ok(Some(before)) => {
                let foreign = scope.foreign.map(|owner| format!("the home is user {owner}'s"));
                let not_kept = if no_record { Some("--no-record".to_owned()) } else { foreign };
                let is_worth_telling = !no_record && not_kept.is_some();
                Memory { path: Some(home.journal()), before: Some(before), not_kept, is_worth_telling }
            }
        }
    }

    /// Notes in each finding since when it is known, keeps what is found, and says what is no longer so.
    pub fn note(&mut self, examination: &mut Examination, quiet: bool) -> Vec<Mended> {
        let Some(before) = &self.before else { return Vec::new() };
        let reader = if quiet { Reader::News } else { Reader::Whole };
        let compared = history::compare(before, examination, clock::now_ms(), reader);
        let keep = || -> Result<()> {
            match &self.path {
                Some(path) if compared.changed && self.not_kept.is_none() => {
                    journal::require_writable(path)?;
                    history::keep(&Journal::open(path)?, before, &compared.rows)
                }
                _ => Ok(()),
            }
        };
        if let Err(error) = keep() {
            (self.not_kept, self.is_worth_telling) = (Some(error.chain()), true);
        }
        compared.mended
    }

    /// The news alone, for `--quiet`; `None` where nobody knows what is news.
    pub fn brief(
        &self,
        whole: &Report,
        examination: &Examination,
        mended: &[Mended],
        steps: &[(Planned, Step)],
    ) -> Option<Box<Report>> {
        if self.before.is_none() || self.not_kept.is_some() {
            return None;
        }
        let mended: Vec<Mended> = mended.iter().filter(|mended| mended.severity > Severity::Info).cloned().collect();
        let mut brief = Report::new("doctor", whole.title.clone());
        (brief.verdict, brief.exit_code, brief.next) = (whole.verdict, whole.exit_code, whole.next.clone());
        brief.sections.extend(words::mended_section(&mended));
        brief.findings = examination.findings.clone();
        brief.findings.retain(|finding| finding.change.is_some() && finding.severity > Severity::Info);
        brief.steps = steps.iter().map(|(_, step)| step.clone()).filter(|step| step.verdict != Verdict::Skipped).collect();
        Some(Box::new(brief))
    }
}
