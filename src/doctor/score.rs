//! One number beside the findings: 100 is nothing wrong, 0 is ruin.
//!
//! The host and each session begin with 100 points and lose some for each finding that is told: see
//! [`points`]; none goes below 0. The score is their mean, rounded down, so that 100 means that nothing
//! was found. It stands beside the findings and decides nothing.

use std::collections::BTreeMap;

use super::Examination;
use crate::report::Severity;

/// What a finding costs the one that it is about.
pub fn points(severity: Severity) -> u64 {
    match severity {
        Severity::Ok => 0,
        Severity::Info => 1,
        Severity::Warning => 5,
        Severity::Unknown => 10,
        Severity::Error => 25,
        Severity::Critical => 60,
    }
}

/// The score of an examination; `None` when no check was made.
pub fn of(examination: &Examination) -> Option<u64> {
    let mut lost: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for made in &examination.made {
        lost.entry(made.session.as_deref()).or_default();
    }
    for finding in &examination.findings {
        *lost.entry(finding.session.as_deref()).or_default() += points(finding.severity);
    }
    let left: u64 = lost.values().map(|lost| 100_u64.saturating_sub(*lost)).sum();
    left.checked_div(lost.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Finding;

    fn examination(findings: &[(Option<&str>, Severity)]) -> Examination {
        let mut examination = Examination::default();
        for (session, severity) in findings {
            let session = session.map(str::to_owned);
            let finding = Finding { session: session.clone(), ..Finding::new("wpp.a.b", *severity, "") };
            examination.add("wpp.a.b", session, vec![finding]);
        }
        examination
    }

    #[test]
    fn the_score_is_100_only_where_nothing_was_found() {
        use Severity::{Critical, Info, Ok, Warning};
        assert_eq!(of(&Examination::default()), None);
        assert_eq!(of(&examination(&[(None, Ok), (Some("a"), Ok)])), Some(100));
        let many: Vec<(Option<&str>, Severity)> = vec![(None, Ok), (Some("a"), Ok), (Some("b"), Ok), (Some("c"), Info)];
        assert_eq!(of(&examination(&many)), Some(99));
        assert_eq!(of(&examination(&[(Some("a"), Warning), (Some("b"), Ok)])), Some(97));
        assert_eq!(of(&examination(&[(None, Critical), (None, Critical)])), Some(0), "no less than nothing");
    }
}
