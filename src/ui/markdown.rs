//! Reports as Markdown: evidence that a person attaches to a ticket.

use std::fmt::Write;

use crate::report::{Report, Severity, Verdict};

/// The whole report as a document.
pub fn report(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut text, report);
    text
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "# {}\n", report.title)?;
    writeln!(out, "Verdict: **{}**\n", word(report.verdict))?;
    for section in &report.sections {
        if !section.title.is_empty() {
            writeln!(out, "## {}\n", section.title)?;
        }
        for (label, value) in &section.fields {
            writeln!(out, "- {label}: {value}")?;
        }
        for line in &section.lines {
            writeln!(out, "- {line}")?;
        }
        if let Some(table) = &section.table {
            row(out, &table.columns)?;
            row(out, &vec!["---".to_owned(); table.columns.len()])?;
            for cells in &table.rows {
                row(out, cells)?;
            }
        }
        writeln!(out)?;
    }
    if !report.steps.is_empty() {
        writeln!(out, "## Steps\n")?;
        row(out, &["#", "step", "expected", "observed", "ms", "verdict"].map(str::to_owned))?;
        row(out, &vec!["---".to_owned(); 6])?;
        for (number, step) in (1_u32..).zip(&report.steps) {
            let cells = [
                number.to_string(),
                step.title.clone(),
                step.expected.clone(),
                step.observed.clone(),
                step.took_ms.to_string(),
                word(step.verdict).to_owned(),
            ];
            row(out, &cells)?;
        }
        writeln!(out)?;
    }
    findings(out, report)?;
    if !report.metrics.is_empty() {
        writeln!(out, "## Numbers\n")?;
        for metric in &report.metrics {
            writeln!(out, "- {}: {}", metric.name, metric.value)?;
        }
    }
    Ok(())
}

/// The worst first, each with what was seen and what mends it.
fn findings(out: &mut String, report: &Report) -> std::fmt::Result {
    let mut findings: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Ok).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Findings\n")?;
    for finding in findings {
        let session = finding.session.as_ref().map(|session| format!(" [{session}]")).unwrap_or_default();
        let (severity, id) = (finding.severity.name(), &finding.id);
        writeln!(out, "- **{severity}** `{id}`{session}: {}", one_line(&finding.summary))?;
        for seen in &finding.evidence {
            let [what, observed, expected] = [&seen.what, &seen.observed, &seen.expected].map(|text| one_line(text));
            writeln!(out, "  - {what}: {observed} (expected {expected})")?;
        }
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "  - mend: `{}`", one_line(&remedy.command).replace('`', "'"))?;
        }
        if let Some(runbook) = &finding.runbook {
            writeln!(out, "  - read: {runbook}")?;
        }
    }
    writeln!(out)
}

/// A text that cannot begin a line of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The verdict in one word.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Skipped => "skipped",
        Verdict::Unknown => "unknown",
        Verdict::Fail => "fail",
        Verdict::Aborted => "aborted",
    }
}

fn row(out: &mut String, cells: &[String]) -> std::fmt::Result {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Step;

    #[test]
    fn steps_are_rows_and_cannot_break_out_of_the_table() {
        let mut value = Report::new("drill", "smoke").verdict(Verdict::Fail);
        value.steps.push(Step {
            title: "a|b".into(),
            verdict: Verdict::Fail,
            expected: "x".into(),
            observed: "y\nz".into(),
            took_ms: 7,
        });
        let text = report(&value);
        assert!(text.contains("| 1 | a\\|b | x | y z | 7 | fail |"), "{text}");
    }
}
