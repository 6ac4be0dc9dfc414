//! Judge of notices: what somebody was to be told arrived.

use super::times::ago;
use super::{Judged, Said, known};
use crate::facts::Facts;
use crate::report::count;

/// What somebody was to be told arrived.
pub fn delivered(facts: &Facts) -> Judged {
    let alerts = known(&facts.host.alerts, "what somebody was to be told")?;
    let program = &facts.host.program;
    if let Some(problem) = &alerts.problem {
        return Ok(vec![
            Said::bad(format!("nobody is told of anything: {}", problem.message))
                .seen("contacts and rules in config.toml", "people and ways that are there", "see above")
                .by_hand(problem.hint.clone(), format!("{program} alert contacts")),
        ]);
    }
    if alerts.undelivered.is_empty() {
        return Ok(vec![Said::ok("every notice arrived, as far as its channel tells")]);
    }
    let said = alerts.undelivered.iter().map(|notice| {
        let age = ago(facts, notice.at_ms);
        let tries = count(notice.tries, "try", "tries");
        let end = if notice.given_up { "; it is not tried any more" } else { "" };
        Said::bad(format!("{} was not told by {}: {:?}, {age} ago, {tries}{end}", notice.contact, notice.way, notice.title))
            .seen(format!("{} to {}", notice.way, notice.contact), "delivered", notice.observed.clone())
            .by_hand("see which ways work, and try what waits again with `wpp alert run`", format!("{program} alert test"))
    });
    Ok(said.collect())
}
