//! An examination as JUnit XML: a suite for the host and one for each session, a case for each check.
//!
//! A finding that fails the command is a failure, one that could not be checked an error, and a check
//! that was not made is skipped. What was found and fails nothing is told in the case's output.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::clock::{self, Timestamp};
use crate::doctor::Examination;
use crate::report::{Finding, Severity};

/// One check of one session or the host.
#[derive(Default)]
struct Case<'a> {
    findings: Vec<&'a Finding>,
    skipped: Option<String>,
}

type Suites<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Case<'a>>>;

/// The document.
pub fn examination(examination: &Examination, fails: impl Fn(Severity) -> bool, took_ms: u64, at: Timestamp) -> String {
    let mut suites = Suites::new();
    for made in &examination.made {
        suites.entry(made.session.as_deref().unwrap_or("host")).or_default().entry(&made.id).or_default();
    }
    for finding in &examination.findings {
        let suite = suites.entry(finding.session.as_deref().unwrap_or("host")).or_default();
        suite.entry(&finding.id).or_default().findings.push(finding);
    }
    for skipped in &examination.skipped {
        let suite = suites.entry(skipped.session.as_deref().unwrap_or("host")).or_default();
        suite.entry(&skipped.id).or_default().skipped = Some(skipped.reason.clone());
    }
    for suppressed in &examination.suppressed {
        let finding = &suppressed.finding;
        let suite = suites.entry(finding.session.as_deref().unwrap_or("host")).or_default();
        let case = suite.entry(&finding.id).or_default();
        case.skipped = Some(format!("suppressed until {}, for {}: {}", suppressed.until, suppressed.reason, finding.summary));
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a String cannot fail.
    let _ = write(&mut text, &suites, &fails, took_ms, at);
    text
}

fn write(
    out: &mut String,
    suites: &Suites<'_>,
    fails: &impl Fn(Severity) -> bool,
    took_ms: u64,
    at: Timestamp,
) -> std::fmt::Result {
    let mut parts = Vec::new();
    let mut all = [0_usize; 4];
    for (name, cases) in suites {
        let mut body = String::new();
        let mut counts = [cases.len(), 0, 0, 0];
        for (id, case) in cases {
            counts[match write_case(&mut body, name, id, case, fails)? {
                Outcome::Passed => {
                    continue;
                }
                Outcome::Failed => 1,
                Outcome::Unknown => 2,
                Outcome::Skipped => 3,
            }] += 1;
        }
        all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        parts.push((name, counts, body));
    }
    let seconds = format!("{}.{:03}", took_ms / 1000, took_ms % 1000);
    let numbers = |[tests, failures, errors, skipped]: [usize; 4]| {
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    };
    let [tests, failures, errors, _] = all;
    writeln!(
        out,
        "<testsuites name=\"wpp doctor\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds}\">"
    )?;
    // The form that the schemas in use ask for: without a zone, in UTC.
    let time = clock::rfc3339(at);
    let time = time.trim_end_matches('Z');
    for (name, counts, body) in parts {
        // A look is one: its parts run side by side and have no times of their own.
        writeln!(out, "  <testsuite name=\"{}\" {} time=\"0\" timestamp=\"{time}\">", escaped(name), numbers(counts))?;
        out.push_str(&body);
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

enum Outcome {
    Passed,
    Failed,
    Unknown,
    Skipped,
}

fn write_case(
    out: &mut String,
    suite: &str,
    id: &str,
    case: &Case<'_>,
    fails: &impl Fn(Severity) -> bool,
) -> Result<Outcome, std::fmt::Error> {
    write!(out, "    <testcase classname=\"wpp.doctor.{}\" name=\"{}\" time=\"0\"", escaped(suite), escaped(id))?;
    let of = |takes: &dyn Fn(Severity) -> bool| {
        case.findings.iter().filter(|finding| takes(finding.severity)).copied().collect::<Vec<_>>()
    };
    let failures = of(&|severity| fails(severity));
    let unknown = of(&|severity| severity == Severity::Unknown && !fails(severity));
    let others = of(&|severity| severity > Severity::Ok && severity != Severity::Unknown && !fails(severity));
    let outcome = match (&case.skipped, failures.is_empty(), unknown.is_empty()) {
        (_, false, _) => Outcome::Failed,
        (_, true, false) => Outcome::Unknown,
        (Some(_), true, true) => Outcome::Skipped,
        (None, true, true) => Outcome::Passed,
    };
    if matches!(outcome, Outcome::Passed) && others.is_empty() {
        writeln!(out, "/>")?;
        return Ok(outcome);
    }
    writeln!(out, ">")?;
    let mut element = |tag: &str, findings: &[&Finding]| -> std::fmt::Result {
        let Some(first) = findings.first() else { return Ok(()) };
        let (summary, severity) = (escaped(&first.summary), first.severity.name());
        write!(out, "      <{tag} message=\"{summary}\" type=\"{severity}\">")?;
        findings.iter().try_for_each(|finding| out.write_str(&escaped(&told(finding))))?;
        writeln!(out, "</{tag}>")
    };
    match outcome {
        Outcome::Failed => element("failure", &failures)?,
        Outcome::Unknown => element("error", &unknown)?,
        Outcome::Skipped => {
            let reason = case.skipped.as_deref().unwrap_or_default();
            writeln!(out, "      <skipped message=\"{}\"/>", escaped(reason))?;
        }
        Outcome::Passed => {}
    }
    if !others.is_empty() {
        let text: String = others.iter().map(|finding| told(finding)).collect();
        writeln!(out, "      <system-out>{}</system-out>", escaped(&text))?;
    }
    writeln!(out, "    </testcase>")?;
    Ok(outcome)
}

/// A finding in lines.
fn told(finding: &Finding) -> String {
    let mut text = format!("{}: {}\n", finding.severity.name(), finding.summary);
    for seen in &finding.evidence {
        text.push_str(&format!("{}: {} (expected {})\n", seen.what, seen.observed, seen.expected));
    }
    if let Some(remedy) = &finding.remedy {
        text.push_str(&format!("{}: {}\n", remedy.label(), remedy.command));
    }
    text
}

/// Text as XML 1.0 may hold it, in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            // No document may hold these, however they are written.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::github::tests::finding;
    use super::*;
    use crate::doctor::SkippedCheck;
    use crate::doctor::suppress::Suppressed;

    #[test]
    fn each_outcome_has_its_element_and_nothing_breaks_out_of_it() {
        let mut seen = Examination::default();
        let mut add = |id: &'static str, severity, summary: &str| {
            let found = Finding { id: id.into(), ..finding(severity, summary) };
            seen.add(id, Some("main".into()), vec![found]);
        };
        add("wpp.a.fine", Severity::Ok, "fine");
        add("wpp.a.warns", Severity::Warning, "careful");
        add("wpp.a.fails", Severity::Error, "<]]>&\"'\u{1}");
        add("wpp.a.unknown", Severity::Unknown, "it hangs");
        let skipped = SkippedCheck { id: "wpp.a.skipped".into(), session: None, reason: "no \"home\"".into() };
        seen.skipped.push(skipped);
        let suppressed = Finding { id: "wpp.a.hidden".into(), ..finding(Severity::Error, "known") };
        seen.suppressed.push(Suppressed { finding: suppressed, reason: "moving".into(), until: "2026-12-31".into() });
        let text = examination(&seen, |severity| severity == Severity::Error, 1234, clock::from_ms(0));
        for part in [
            "<testsuites name=\"wpp doctor\" tests=\"6\" failures=\"1\" errors=\"1\" time=\"1.234\">",
            "<testsuite name=\"host\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\" time=\"0\" timestamp=\"1970-01-01T00:00:00\">",
            "name=\"wpp.a.fine\" time=\"0\"/>",
            "<system-out>warning: careful&#10;mend: wpp start&#10;</system-out>",
            "<failure message=\"&lt;]]&gt;&amp;&quot;'\u{fffd}\" type=\"error\">",
            "<error message=\"it hangs\" type=\"unknown\">",
            "<skipped message=\"no &quot;home&quot;\"/>",
            "<skipped message=\"suppressed until 2026-12-31, for moving: known\"/>",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
