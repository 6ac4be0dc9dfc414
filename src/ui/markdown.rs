//! Reports as Markdown: evidence that a person attaches to a ticket.
//!
//! What a server answered, what a file is called and what a step wrote stand in reports as they came: none
//! of it may become markup, load anything, or steer the terminal of whoever reads the file: see [`plain`].

use std::borrow::Cow;
use std::fmt::Write;

use super::terminal::steers;
use crate::report::{Report, Severity, Verdict};

/// The whole report as a document.
pub fn report(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut text, report);
    text
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "# {}\n", plain(&report.title))?;
    writeln!(out, "Verdict: **{}**\n", word(report.verdict))?;
    // What is wrong comes first, as it does on a terminal.
    findings(out, report)?;
    for section in &report.sections {
        if !section.title.is_empty() {
            writeln!(out, "## {}\n", plain(&section.title))?;
        }
        for (label, value) in &section.fields {
            writeln!(out, "- {}: {}", plain(label), plain(value))?;
        }
        for line in &section.lines {
            writeln!(out, "- {}", plain(line))?;
        }
        if let Some(table) = &section.table {
            // Behind a line of a list it would be a part of that.
            if !(section.fields.is_empty() && section.lines.is_empty()) {
                writeln!(out)?;
            }
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
    if !report.metrics.is_empty() {
        writeln!(out, "## Numbers\n")?;
        for metric in &report.metrics {
            writeln!(out, "- {}: {}", plain(&metric.name), metric.value)?;
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
        writeln!(out, "- **{severity}** `{id}`{session}: {}", plain(&one_line(&finding.summary)))?;
        for seen in &finding.evidence {
            let [what, observed, expected] = [&seen.what, &seen.observed, &seen.expected].map(|text| plain(&one_line(text)));
            writeln!(out, "  - {what}: {observed} (expected {expected})")?;
        }
        if let Some(remedy) = &finding.remedy {
            if !remedy.summary.is_empty() {
                writeln!(out, "  - to do: {}", plain(&one_line(&remedy.summary)))?;
            }
            writeln!(out, "  - {}: {}", remedy.label(), code(&remedy.command))?;
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

/// A text as code, exactly as it is: a command that a person copies must be the one that is meant. Its fence is
/// longer than whatever looks like one in it.
fn code(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One space on either side is taken away again by whoever shows it.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
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
    let cells: Vec<String> = cells.iter().map(|cell| plain(cell).replace('|', "\\|")).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

/// A text on one line that is nothing but text: no tag, no link, no picture.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '\\' | '<' | '[' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A text on one line in which everything that steers a terminal or turns the direction of writing can be
/// seen and does nothing.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        // Unicode has a picture of each of these.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if steers(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    Cow::Owned(text.replace("\r\n", "\n").chars().map(show).collect())
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

    #[test]
    fn a_remedy_is_the_command_and_nothing_else_whatever_it_holds() {
        let mut value = Report::new("doctor", "x");
        let mut finding = crate::ui::github::tests::finding(Severity::Error, "x");
        let mut shown = |command: &str| {
            finding.remedy.as_mut().unwrap().command = command.into();
            value.findings = vec![finding.clone()];
            report(&value).lines().find_map(|line| line.strip_prefix("  - mend: ").map(str::to_owned)).unwrap()
        };
        assert_eq!(shown("wpp start"), "`wpp start`");
        assert_eq!(shown("chmod 0600 '/h/`$(touch PWNED)`  b'"), "``chmod 0600 '/h/`$(touch PWNED)`  b'``");
        assert_eq!(shown("``x``"), "``` ``x`` ```");
    }

    #[test]
    fn what_others_wrote_is_text_and_nothing_else() {
        let evil = "\u{1b}[31m\u{1b}]8;;http://x\u{7}\u{9b}2J\u{202e}\\<script> ![a](http://x/p.png) [b](http://x)\n# big";
        let mut value = Report::new("drill", evil);
        value = value.section(crate::report::Section::new(evil).field(evil, evil).line(evil));
        value.steps.push(Step {
            title: evil.into(),
            verdict: Verdict::Fail,
            expected: evil.into(),
            observed: evil.into(),
            took_ms: 7,
        });
        value.metrics.push(crate::report::Metric { name: evil.into(), value: 1.0 });
        let text = report(&value);
        assert!(!text.contains(|c: char| c != '\n' && steers(c)), "{text:?}");
        // Every one of them stands behind a backslash that is not itself escaped.
        for (at, _) in text.match_indices(['<', '[']) {
            let before = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
            assert!(before % 2 == 1, "{text}");
        }
        assert!(text.contains("\\!\\[a](http://x/p.png)") && !text.contains("\n# big"), "{text}");
    }
}
