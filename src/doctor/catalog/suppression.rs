//! The row of the suppressions, which stands last: it is judged after all others.

use crate::doctor::Judge::Suppressions;
use crate::doctor::{Check, suppress};
use crate::report::Severity::Warning;

pub(super) const CHECKS: &[Check] = &[Check {
    id: suppress::CHECK,
    title: "what is suppressed still is to be",
    area: "config",
    severity: Warning,
    needs: &["wpp.home.settings"],
    runbook: None,
    explain: "[suppress.\"ID\"] in config.toml hides findings of a check, or of all whose ids begin so, for a reason and until a day. \
              One that is over, that lacks either, that names no check, or that suppresses nothing is found here. \
              Suppressed findings are counted and shown apart, and never fail the command.",
    mend: "Correct the table [suppress.\"ID\"] in config.toml: give it a reason and a day, correct the id (`wpp doctor --list` \
           shows all), or take it out so that it hides nothing new.",
    judge: Suppressions(suppress::judge),
}];
