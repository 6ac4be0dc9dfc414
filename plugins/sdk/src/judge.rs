//! Findings, in few words. The two kinds of plugins that have checks have types of their own for
//! them, alike in all fields; [`judgements!`](crate::judgements) makes these for one kind.

/// Makes `ok`, `bad`, `found`, `unknown` and `skipped` for the findings of one world: call it once in a plugin, with
/// `checker` or `gateway`.
#[macro_export]
macro_rules! judgements {
    ($world:ident) => {
        use $crate::$world::{Finding, Judgement, Outcome};

        /// As it should be.
        #[allow(dead_code)]
        fn ok(summary: impl Into<String>) -> Finding {
            Finding { severity: Some($crate::Severity::Ok), ..bad(summary, "") }
        }

        /// Not as it should be, with the check's own severity; `remedy` mends it.
        #[allow(dead_code)]
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

        /// What a check found; what could not be looked at is unknown, and why.
        #[allow(dead_code)]
        fn outcome(check: &str, findings: Result<Vec<Finding>, $crate::Failure>) -> Outcome {
            let judgement = match findings {
                Ok(findings) => Judgement::Found(findings),
                Err(failure) => Judgement::Unknown($crate::judge::told(&failure)),
            };
            Outcome { check: check.to_owned(), judgement }
        }
    };
}

/// A failure in one sentence.
pub fn told(failure: &crate::Failure) -> String {
    if failure.hint.is_empty() { failure.message.clone() } else { format!("{}; {}", failure.message, failure.hint) }
}
