//! Findings, in few words. The two kinds of plugins that have checks have types of their own for
//! them, alike in all fields; [`judgements!`](crate::judgements) makes these for one kind.

/// Makes a table of checks possible for one world: call it once in a plugin, with `checker` or
/// `gateway`. `Row` is a check and how it is judged; `described` and `judged` are what `describe`
/// and `run` give back, so that no check is described and then forgotten. `ok`, `note` and `bad`
/// make findings; the methods of `More` say more about one.
#[macro_export]
macro_rules! judgements {
    ($world:ident) => {
        use $crate::$world::{Check, Finding, Judgement, Outcome};

        /// What a check saw; what could not be looked at is unknown, and why.
        type Judged = Result<Judgement, $crate::Failure>;

        /// A check, and how it is judged with what a run knows.
        struct Row<C> {
            id: &'static str,
            title: &'static str,
            area: &'static str,
            severity: $crate::Severity,
            explain: &'static str,
            runbook: &'static str,
            judge: fn(&C) -> Judged,
        }

        fn described<C>(rows: &[Row<C>]) -> Vec<Check> {
            let check = |row: &Row<C>| Check {
                id: row.id.into(),
                title: row.title.into(),
                area: row.area.into(),
                severity: row.severity,
                explain: row.explain.into(),
                runbook: row.runbook.into(),
            };
            rows.iter().map(check).collect()
        }

        fn judged<C>(rows: &[Row<C>], only: &[String], with: Result<C, $crate::Failure>) -> Vec<Outcome> {
            let wanted = |row: &&Row<C>| only.is_empty() || only.iter().any(|id| id == row.id);
            let judge = |row: &Row<C>| match &with {
                Ok(with) => (row.judge)(with).unwrap_or_else(Judgement::Unknown),
                Err(failure) => Judgement::Unknown(failure.clone()),
            };
            rows.iter().filter(wanted).map(|row| Outcome { check: row.id.into(), judgement: judge(row) }).collect()
        }

        /// As it should be.
        #[allow(dead_code)]
        fn ok(summary: impl Into<String>) -> Finding {
            bad(summary, "").severe($crate::Severity::Ok)
        }

        /// Worth knowing.
        #[allow(dead_code)]
        fn note(summary: impl Into<String>, remedy: impl Into<String>) -> Finding {
            bad(summary, remedy).severe($crate::Severity::Info)
        }

        /// Not as it should be, with the check's own severity; `remedy` mends it.
        fn bad(summary: impl Into<String>, remedy: impl Into<String>) -> Finding {
            Finding {
                severity: None,
                session: None,
                summary: summary.into(),
                evidence: Vec::new(),
                remedy: remedy.into(),
                command: Vec::new(),
            }
        }

        /// One thing was seen.
        #[allow(dead_code)]
        fn one(finding: Finding) -> Judged {
            Ok(Judgement::Found(vec![finding]))
        }

        /// These things were seen, or else that all is well.
        #[allow(dead_code)]
        fn all(findings: Vec<Finding>, well: impl FnOnce() -> Finding) -> Judged {
            Ok(Judgement::Found(if findings.is_empty() { vec![well()] } else { findings }))
        }

        /// More about a finding.
        #[allow(dead_code)]
        trait More {
            /// The session of the gateway that it is about.
            fn about(self, session: &str) -> Self;
            /// What was looked at.
            fn seen(self, evidence: $crate::Evidence) -> Self;
            /// Another severity than the check's own.
            fn severe(self, severity: $crate::Severity) -> Self;
            /// The words of the `wpp` command that mends it.
            fn mended_by(self, command: &[&str]) -> Self;
        }

        impl More for Finding {
            fn about(self, session: &str) -> Finding {
                Finding { session: Some(session.into()), ..self }
            }

            fn seen(mut self, evidence: $crate::Evidence) -> Finding {
                self.evidence.push(evidence);
                self
            }

            fn severe(self, severity: $crate::Severity) -> Finding {
                Finding { severity: Some(severity), ..self }
            }

            fn mended_by(self, command: &[&str]) -> Finding {
                Finding { command: command.iter().map(|word| (*word).to_owned()).collect(), ..self }
            }
        }
    };
}

/// A failure in one sentence.
pub fn told(failure: &crate::Failure) -> String {
    if failure.hint.is_empty() { failure.message.clone() } else { format!("{}; {}", failure.message, failure.hint) }
}
