//! Suppressions: findings that the operator does not want to hear for a while, with a reason and a last
//! day. They are shown apart and counted, and never fail the command.
//!
//! Start with [`facts`] (what the settings say) and [`Examination::suppress`]. [`judge`] complains of
//! those that are over, or that suppress nothing.

use serde::Serialize;

use super::{Examination, Judged, Said, catalog};
use crate::clock;
use crate::config::Config;
use crate::facts::{Facts, Problem, Suppression, SuppressionFacts};
use crate::report::{Finding, Severity, quoted};

/// The check of the suppressions themselves, which nothing suppresses.
pub const CHECK: &str = "wpp.config.suppression";

/// What was seen of what a suppression is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Matched {
    /// Checks that were made.
    pub judged: usize,
    /// Their findings.
    pub found: usize,
}

/// A finding that is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// What was found.
    pub finding: Finding,
    /// Why it is not told.
    pub reason: String,
    /// The last day of that: `2026-12-31`.
    pub until: String,
}

/// What the settings say. A table that lacks its reason or its last day suppresses nothing.
pub fn facts(config: &Config) -> SuppressionFacts {
    let mut facts = SuppressionFacts::default();
    for (check, table) in config.named("suppress") {
        let (reason, until) = (table.text("reason"), table.text("until"));
        let missing = [("reason", reason), ("until", until)].into_iter().find(|(_, value)| value.trim().is_empty());
        match (missing, clock::end_of_day_ms(until)) {
            (None, Some(until_ms)) => facts.list.push(Suppression {
                check: check.clone(),
                sessions: table.list("session"),
                reason: reason.to_owned(),
                until: until.to_owned(),
                until_ms,
            }),
            (missing, _) => facts.problems.push(Problem {
                message: format!(
                    "[suppress.\"{check}\"] has no {}, so it suppresses nothing",
                    missing.map_or("day", |(name, _)| name)
                ),
                hint: "write why, and until which day: reason = \"…\" and until = 2026-12-31".into(),
            }),
        }
    }
    facts
}

impl Examination {
    /// Takes out the findings that are suppressed at a time.
    pub fn suppress(&mut self, suppressions: &[Suppression], now_ms: i64) {
        let lasting: Vec<&Suppression> = suppressions.iter().filter(|suppression| now_ms < suppression.until_ms).collect();
        if lasting.is_empty() {
            return;
        }
        let mut told = Vec::with_capacity(self.findings.len());
        for finding in self.findings.drain(..) {
            let covers = |suppression: &&&Suppression| suppression.covers(&finding.id, finding.session.as_deref());
            match lasting.iter().find(covers) {
                Some(suppression) if finding.severity > Severity::Ok && finding.id != CHECK => {
                    let (reason, until) = (suppression.reason.clone(), suppression.until.clone());
                    self.suppressed.push(Suppressed { finding, reason, until });
                }
                _ => told.push(finding),
            }
        }
        self.findings = told;
    }
}

/// Every suppression has a reason, a day that is not over, and something to suppress.
pub fn judge(facts: &Facts, matched: &[Matched]) -> Judged {
    let file = facts.host.home.join("config.toml").display().to_string();
    let edit = format!("${{EDITOR:-vi}} {}", quoted(&file));
    let mut said = Vec::new();
    for problem in &facts.host.suppressions.problems {
        said.push(Said::bad(problem.message.clone()).by_hand(problem.hint.clone(), edit.clone()));
    }
    for (suppression, matched) in facts.host.suppressions.list.iter().zip(matched) {
        let table = format!("[suppress.\"{}\"]", suppression.check);
        let is_known = catalog::checks().any(|check| super::covers(&suppression.check, check.id));
        if facts.now_ms >= suppression.until_ms {
            said.push(
                Said::bad(format!("{table} is over since {}, so what it suppressed is told again", suppression.until))
                    .seen(table, "a last day that is still to come", suppression.until.clone())
                    .by_hand("mend what it is about, or give it another day", edit.clone()),
            );
        } else if !is_known && suppression.check.starts_with("wpp.") {
            let near = super::near(&suppression.check, catalog::checks().map(|check| check.id));
            let near = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(" or ")) };
            said.push(
                Said::bad(format!("{table} names no check"))
                    .seen(table, "the id of a check", suppression.check.clone())
                    .by_hand(format!("{near}correct the id; `wpp doctor --list` shows all"), edit.clone()),
            );
        } else if let Some(missing) = missing_session(facts, suppression) {
            said.push(
                Said::bad(format!("{table} is for the session {missing:?}, and there is none of that name"))
                    .seen(table, "names of sessions that are here", missing.clone())
                    .by_hand("correct the name, or take the suppression out", edit.clone()),
            );
        } else if matched.judged > 0 && matched.found == 0 && is_whole(facts, suppression) {
            said.push(
                Said::bad(format!("{table} suppresses nothing: what it is about is as it should be"))
                    .severity(Severity::Info)
                    .seen(table, "a finding to suppress", "none")
                    .by_hand("take it out of config.toml, so that it hides nothing new", edit.clone()),
            );
        }
    }
    let number = facts.host.suppressions.list.len();
    if said.is_empty() {
        said.push(Said::ok(match number {
            0 => "nothing is suppressed".to_owned(),
            1 => "1 suppression, with a reason and a day to come".to_owned(),
            many => format!("{many} suppressions, each with a reason and a day to come"),
        }));
    }
    Ok(said)
}

/// A session that a suppression names and that is not here; one of a gateway is not known here.
fn missing_session<'a>(facts: &Facts, suppression: &'a Suppression) -> Option<&'a String> {
    let here = facts.host.session_names.known()?;
    suppression.sessions.iter().find(|name| !name.contains(':') && !here.contains(name))
}

/// Whether all was looked at that a suppression may be about.
fn is_whole(facts: &Facts, suppression: &Suppression) -> bool {
    let looked_at = |name: &String| facts.sessions.iter().any(|session| session.name == *name);
    match (&suppression.sessions[..], facts.host.session_names.known()) {
        ([], Some(names)) => names.iter().all(looked_at),
        ([], None) => false,
        (named, _) => named.iter().all(looked_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> SuppressionFacts {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        facts(&Config::load(&path, &Default::default()).unwrap())
    }

    #[test]
    fn a_suppression_needs_a_reason_and_a_day() {
        let good = loaded("[suppress.\"wpp.backup.stale\"]\nreason = \"moving\"\nuntil = 2026-12-31\nsession = \"main\"\n");
        assert_eq!((good.list.len(), good.problems.len()), (1, 0), "{good:?}");
        assert_eq!(good.list[0].sessions, ["main"]);
        // The last day is a part of it.
        assert_eq!(clock::rfc3339(clock::from_ms(good.list[0].until_ms)), "2027-01-01T00:00:00Z");
        for text in ["reason = \"moving\"", "until = \"2026-12-31\"", "reason = \" \"\nuntil = 2026-12-31"] {
            let bad = loaded(&format!("[suppress.\"wpp.backup.stale\"]\n{text}\n"));
            assert_eq!((bad.list.len(), bad.problems.len()), (0, 1), "{text}: {bad:?}");
        }
    }

    #[test]
    fn what_is_suppressed_is_taken_out_until_its_day_is_over_and_other_sessions_are_told() {
        let finding = |session: &str, severity| Finding {
            area: "backup".into(),
            session: Some(session.into()),
            ..Finding::new("wpp.backup.stale", severity, "")
        };
        let of = |check: &str, sessions: &[&str]| Suppression {
            check: check.into(),
            sessions: sessions.iter().map(|name| (*name).to_owned()).collect(),
            reason: "x".into(),
            until: "2026-12-31".into(),
            until_ms: 1000,
        };
        let counts = |suppression: Suppression, now_ms| {
            let findings = vec![finding("a", Severity::Error), finding("b", Severity::Unknown), finding("c", Severity::Ok)];
            let mut examination = Examination { findings, ..Examination::default() };
            examination.suppress(&[suppression], now_ms);
            (examination.findings.len(), examination.suppressed.len())
        };
        assert_eq!(counts(of("wpp.backup.stale", &["a"]), 0), (2, 1));
        assert_eq!(counts(of("wpp.backup", &[]), 0), (1, 2), "what is fine is not suppressed");
        assert_eq!(counts(of("wpp.back", &[]), 0), (3, 0), "half a word is no beginning");
        assert_eq!(counts(of("wpp.backup.stale", &["a"]), 1000), (3, 0));
    }
}
