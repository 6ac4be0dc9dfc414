//! Cases of the suppressions.

use super::*;
use crate::facts::Suppression;

fn suppression(check: &str, until_ms: i64) -> Suppression {
    Suppression {
        check: check.into(),
        sessions: Vec::new(),
        reason: "the machine moves".into(),
        until: "2026-12-31".into(),
        until_ms,
    }
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a suppression that is over",
        facts: whole,
        breaks: |facts| facts.host.suppressions.list.push(suppression("wpp.backup.stale", NOW_MS)),
        finds: &[("wpp.config.suppression", Warning)],
    },
    Case {
        what: "a suppression that names no check",
        facts: whole,
        breaks: |facts| facts.host.suppressions.list.push(suppression("wpp.backup.stail", NOW_MS + DAY_MS)),
        finds: &[("wpp.config.suppression", Warning)],
    },
    Case {
        what: "a suppression without a reason",
        facts: stopped,
        breaks: |facts| {
            let problem = Problem { message: "it has no reason".into(), hint: "write why".into() };
            facts.host.suppressions.problems.push(problem);
        },
        finds: &[("wpp.config.suppression", Warning)],
    },
];

#[test]
fn a_suppression_that_suppresses_nothing_is_worth_a_note_where_all_was_looked_at() {
    let mut facts = whole();
    facts.host.suppressions.list.push(suppression("wpp.backup.stale", NOW_MS + DAY_MS));
    let said = |facts: &Facts| {
        let findings = examine(facts, &Selection::of(&["wpp.config.suppression".to_owned()])).findings;
        findings[0].severity
    };
    assert_eq!(said(&facts), Severity::Info);
    // Another session may have what it suppresses.
    facts.host.session_names = Probed::Known(vec!["main".into(), "sales".into()]);
    assert_eq!(said(&facts), Severity::Ok);
    facts.host.suppressions.list[0].sessions = vec!["main".into()];
    assert_eq!(said(&facts), Severity::Info);
    backups(&mut facts).whole_ms = Some(NOW_MS - 90 * DAY_MS);
    assert_eq!(said(&facts), Severity::Ok, "now it suppresses something");
}
