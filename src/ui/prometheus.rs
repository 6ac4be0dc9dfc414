//! An examination as Prometheus metrics, in its text format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::clock::Timestamp;
use crate::doctor::Examination;
use crate::report::Severity;

/// What is not in the examination itself.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// The score; `None` when no check was made.
    pub score: Option<u64>,
    /// What the command exits with.
    pub exit_code: u8,
    /// How long the look took, in milliseconds.
    pub took_ms: u64,
    /// When it ended.
    pub at: Timestamp,
}

/// The document. The host's findings have an empty label `session`.
pub fn examination(examination: &Examination, summary: &Summary) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut text, examination, summary);
    text
}

fn write(out: &mut String, examination: &Examination, summary: &Summary) -> std::fmt::Result {
    let mut findings: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for finding in examination.findings.iter().filter(|finding| finding.severity > Severity::Ok) {
        let session = finding.session.as_deref().unwrap_or_default();
        *findings.entry((&finding.id, session, finding.severity.name())).or_default() += 1;
    }
    head(out, "wpp_doctor_finding", "Findings of a check about a session, by severity; the host's have no session.")?;
    for ((id, session, severity), number) in &findings {
        let (id, session) = (label(id), label(session));
        writeln!(out, "wpp_doctor_finding{{id=\"{id}\",session=\"{session}\",severity=\"{severity}\"}} {number}")?;
    }
    head(out, "wpp_doctor_findings", "Findings by severity, those that are fine included.")?;
    for (severity, number) in examination.counts() {
        writeln!(out, "wpp_doctor_findings{{severity=\"{}\"}} {number}", severity.name())?;
    }
    let mut one = |name: &str, help: &str, value: String| -> std::fmt::Result {
        head(out, name, help)?;
        writeln!(out, "{name} {value}")
    };
    one("wpp_doctor_suppressed", "Findings that the settings suppress.", examination.suppressed.len().to_string())?;
    one("wpp_doctor_checks", "Checks that were made.", examination.made.len().to_string())?;
    one("wpp_doctor_checks_skipped", "Checks that were not made.", examination.skipped.len().to_string())?;
    if let Some(score) = summary.score {
        one("wpp_doctor_score", "100 is nothing found, 0 is ruin.", score.to_string())?;
    }
    one("wpp_doctor_exit_code", "What the doctor exited with.", summary.exit_code.to_string())?;
    let took = format!("{}.{:03}", summary.took_ms / 1000, summary.took_ms % 1000);
    one("wpp_doctor_duration_seconds", "How long the doctor looked.", took)?;
    let help = "When the doctor last looked.";
    one("wpp_doctor_last_run_timestamp_seconds", help, summary.at.as_second().to_string())
}

fn head(out: &mut String, name: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::github::tests::finding;
    use super::*;
    use crate::clock;

    #[test]
    fn no_series_stands_twice_and_labels_are_escaped() {
        let mut seen = Examination::default();
        let two = vec![finding(Severity::Error, "a"), finding(Severity::Error, "b")];
        seen.add("wpp.a.b", Some("main".into()), two);
        let mut odd = finding(Severity::Warning, "c");
        odd.session = Some("a\"b\\c\nd".into());
        seen.add("wpp.a.b", None, vec![odd]);
        let summary = Summary { score: Some(40), exit_code: 3, took_ms: 1005, at: clock::from_ms(1_795_230_900_000) };
        let text = examination(&seen, &summary);
        for line in [
            "wpp_doctor_finding{id=\"wpp.a.b\",session=\"main\",severity=\"error\"} 2",
            "wpp_doctor_finding{id=\"wpp.a.b\",session=\"a\\\"b\\\\c\\nd\",severity=\"warning\"} 1",
            "wpp_doctor_findings{severity=\"critical\"} 0",
            "wpp_doctor_score 40",
            "wpp_doctor_duration_seconds 1.005",
            "wpp_doctor_last_run_timestamp_seconds 1795230900",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
        }
        let series: Vec<&str> =
            text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap().0).collect();
        let distinct: std::collections::BTreeSet<_> = series.iter().collect();
        assert_eq!(series.len(), distinct.len(), "{text}");
        assert!(text.ends_with('\n'));
    }
}
