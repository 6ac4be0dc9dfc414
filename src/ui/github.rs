//! Findings as annotations of GitHub Actions: lines on stdout that its runner reads.
//!
//! `::error title=TITLE::MESSAGE`, as GitHub's documentation of workflow commands has it.

use crate::report::{Finding, Severity};

/// The line for a finding; `None` for what is fine.
pub fn annotation(finding: &Finding) -> Option<String> {
    let level = match finding.severity {
        Severity::Ok => return None,
        Severity::Info => "notice",
        Severity::Warning | Severity::Unknown => "warning",
        Severity::Error | Severity::Critical => "error",
    };
    let session = finding.session.as_ref().map(|session| format!(" [{session}]")).unwrap_or_default();
    let mut message = match finding.severity {
        Severity::Unknown => format!("could not be checked: {}", finding.summary),
        _ => finding.summary.clone(),
    };
    if let Some(remedy) = &finding.remedy {
        message.push_str(&format!("\n{}: {}", remedy.label(), remedy.command));
    }
    Some(format!("::{level} title={}::{}", property(&format!("{}{session}", finding.id)), data(&message)))
}

/// A message: no line of it can begin a command of its own.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::Remedy;

    pub(crate) fn finding(severity: Severity, summary: &str) -> Finding {
        Finding {
            title: "b is right".into(),
            area: "a".into(),
            session: Some("main".into()),
            remedy: Some(Remedy { summary: "s".into(), command: "wpp start".into(), fix: None }.into()),
            ..Finding::new("wpp.a.b", severity, summary)
        }
    }

    #[test]
    fn a_finding_is_one_line_that_cannot_be_broken_out_of() {
        let line = |severity, summary| annotation(&finding(severity, summary));
        assert_eq!(line(Severity::Ok, "x"), None);
        assert_eq!(
            line(Severity::Error, "50% is\n::stop-commands::x").unwrap(),
            "::error title=wpp.a.b [main]::50%25 is%0A::stop-commands::x%0Amend: wpp start"
        );
        let mut of_gateway = finding(Severity::Warning, "x");
        of_gateway.session = Some("openwa:a,b".into());
        of_gateway.remedy = None;
        assert_eq!(annotation(&of_gateway).unwrap(), "::warning title=wpp.a.b [openwa%3Aa%2Cb]::x");
        assert!(line(Severity::Unknown, "x").unwrap().starts_with("::warning "));
    }
}
