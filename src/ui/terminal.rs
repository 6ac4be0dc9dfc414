//! Reports, events and errors for people.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::{progress, wrap};
use crate::clock;
use crate::error::Error;
use crate::report::{Change, Event, Finding, Report, Section, Severity, Sink, Step, Verdict};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

fn verdict(verdict: Verdict) -> (Style, &'static str) {
    match verdict {
        Verdict::Pass => (colour(AnsiColor::Green), "ok"),
        Verdict::Skipped => (DIM, "skipped"),
        Verdict::Unknown => (colour(AnsiColor::Magenta), "unknown"),
        Verdict::Fail => (colour(AnsiColor::Red).bold(), "FAIL"),
        Verdict::Aborted => (colour(AnsiColor::Yellow), "aborted"),
    }
}

fn severity(severity: Severity) -> (Style, &'static str) {
    match severity {
        Severity::Ok => (colour(AnsiColor::Green), "ok"),
        Severity::Info => (colour(AnsiColor::Cyan), "info"),
        Severity::Warning => (colour(AnsiColor::Yellow), "warning"),
        Severity::Unknown => (colour(AnsiColor::Magenta), "unknown"),
        Severity::Error => (colour(AnsiColor::Red), "error"),
        Severity::Critical => (colour(AnsiColor::Red).bold(), "critical"),
    }
}

/// Whether a character steers a terminal or turns the direction of writing.
pub fn steers(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') || c.is_control()
}

/// A text without what steers a terminal or turns the direction of writing. Paths, archives,
/// databases and answers of a server end up in reports and errors, and others choose what they hold;
/// only this file's own styles may reach the terminal.
pub fn safe(text: &str) -> Cow<'_, str> {
    let steers = |c: char| !matches!(c, '\n' | '\t') && steers(c);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect())
}

/// The same for what is one line: every character that steers is seen as one that does nothing, the end of a line
/// too, so that nobody who chooses a name chooses what the next line says.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| match c {
        // Unicode has a picture of each of these.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if steers(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    Cow::Owned(text.chars().map(show).collect())
}

/// The same for a text that may have several lines: all but the first are moved in by so many columns, so that none
/// passes for a line of wpp's own, or for a command to whoever reads them.
fn indented(text: &str, columns: usize) -> Cow<'_, str> {
    match safe(text) {
        text if !text.contains('\n') => text,
        text => Cow::Owned(text.trim_end().replace('\n', &format!("\n{}", " ".repeat(columns)))),
    }
}

/// Whether a person sees stderr as it is written.
pub fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// A line from the terminal, of which it shows nothing; `None` when it was given up with Ctrl-C or
/// ended with nothing in it.
pub fn read_hidden() -> std::io::Result<Option<String>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = std::io::stdin().lock();
    let before = tcgetattr(&stdin)?;
    let mut hidden = before.clone();
    // Without signals: one that ended the process would leave the terminal silent.
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
    tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
    let line = hidden_line(stdin);
    tcsetattr(std::io::stdin(), OptionalActions::Flush, &before)?;
    line
}

/// What is typed up to the end of the line, with its corrections.
fn hidden_line(input: impl BufRead) -> std::io::Result<Option<String>> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    let mut typed = Vec::new();
    for byte in input.bytes() {
        match byte? {
            b'\n' | b'\r' => break,
            INTERRUPT => return Ok(None),
            END => break,
            // A character may be several bytes.
            8 | 127 => while typed.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {},
            byte => typed.push(byte),
        }
    }
    Ok(String::from_utf8(typed).ok().filter(|line| !line.is_empty()))
}

/// Writes events to stderr as they happen.
#[derive(Debug, Clone, Copy)]
pub struct Events;

impl Sink for Events {
    fn emit(&self, event: Event) {
        if let Event::Progress { what, done, total, per_second, left_seconds } = &event {
            return progress::draw(what, *done, *total, *per_second, *left_seconds);
        }
        progress::clear();
        let mut stderr = anstream::stderr().lock();
        // A terminal that went away is no reason to stop working.
        let _ = match event {
            Event::StepStarted { .. } | Event::Progress { .. } => Ok(()),
            Event::StepFinished(done) if watched() => step(&mut stderr, &done, wrap::columns(&std::io::stderr())),
            Event::StepFinished(_) => Ok(()),
            Event::Line { text, .. } => writeln!(stderr, "{}", indented(&text, 2)),
            Event::Output { text, .. } => {
                drop(stderr);
                super::output(&mut anstream::stdout().lock(), &safe(&text));
                return;
            }
            Event::Screen(whole) => {
                drop(stderr);
                return screen(&whole);
            }
            Event::QrCode { code, valid_for_seconds } => match super::qr::text(&code) {
                Ok(drawing) => {
                    let valid = valid_for_seconds.map(|seconds| format!(" Valid for {seconds} s.")).unwrap_or_default();
                    writeln!(stderr, "{drawing}Scan it in WhatsApp: Settings, Linked devices, Link a device.{valid}")
                }
                Err(problem) => writeln!(stderr, "{problem}"),
            },
        };
    }
}

/// Draws a report in the place of the one before, where stdout is a terminal.
fn screen(whole: &Report) {
    const CLEAR: &str = "\u{1b}[H\u{1b}[2J";
    if !std::io::stdout().is_terminal() {
        return;
    }
    let mut stdout = anstream::stdout().lock();
    // A terminal that went away is noticed when the result is written.
    let _ = write!(stdout, "{CLEAR}")
        .and_then(|()| report(&mut stdout, whole, true, wrap::columns(&std::io::stdout())))
        .and_then(|()| stdout.flush());
}

fn step(out: &mut impl Write, step: &Step, columns: Option<usize>) -> std::io::Result<()> {
    let (style, word) = verdict(step.verdict);
    let title = one_line(&step.title);
    let begin = 12 + wrap::width(&title).max(32);
    write!(out, "{style}{word:>8}{style:#}  {title:<32}")?;
    let took = step.took_ms;
    if step.verdict == Verdict::Pass {
        let observed = format!("{} ({took} ms)", indented(&step.observed, 10));
        let gap = if columns.is_some_and(|columns| begin + wrap::width(&observed) > columns) { "\n          " } else { "  " };
        let first = if gap == "  " { begin } else { 10 };
        writeln!(out, "{gap}{DIM}{}{DIM:#}", wrap::text(&observed, columns, first, 10))
    } else {
        writeln!(out, "  {DIM}({took} ms){DIM:#}")?;
        let line = |text: &str| wrap::text(&indented(text, 20), columns, 20, 20);
        writeln!(out, "          expected  {}", line(&step.expected))?;
        writeln!(out, "          observed  {}", line(&step.observed))
    }
}

/// Writes a report, with or without its steps, in so many columns where that many are known.
pub fn report(out: &mut impl Write, report: &Report, steps: bool, columns: Option<usize>) -> std::io::Result<()> {
    if !report.title.is_empty() {
        writeln!(out, "{BOLD}{}{BOLD:#}", wrap::text(&one_line(&report.title), columns, 0, 2))?;
    }
    // What is wrong comes first, what was left out last.
    let finds = report.findings.iter().any(|finding| finding.severity > Severity::Ok);
    if finds {
        for done in report.steps.iter().filter(|_| steps) {
            step(out, done, columns)?;
        }
        findings(out, &report.findings, columns)?;
    }
    for part in &report.sections {
        section(out, part, columns)?;
    }
    for done in report.steps.iter().filter(|_| steps && !finds) {
        step(out, done, columns)?;
    }
    for metric in &report.metrics {
        writeln!(out, "  {}: {}", one_line(&metric.name), metric.value)?;
    }
    warnings(out, report, columns)?;
    for next in &report.next {
        writeln!(out, "{DIM}next:{DIM:#} {}", sentence(&one_line(next), columns, 6, 6))?;
    }
    Ok(())
}

/// A sentence in its columns; a command to paste stays as it is.
fn sentence(text: &str, columns: Option<usize>, first: usize, indent: usize) -> String {
    if wrap::is_command(text) { text.to_owned() } else { wrap::text(text, columns, first, indent) }
}

/// Writes what went wrong beside the thing itself.
pub fn warnings(out: &mut impl Write, report: &Report, columns: Option<usize>) -> std::io::Result<()> {
    let yellow = colour(AnsiColor::Yellow);
    for warning in &report.warnings {
        writeln!(out, "{yellow}warning:{yellow:#} {}", wrap::text(&indented(warning, 2), columns, 9, 2))?;
    }
    Ok(())
}

fn section(out: &mut impl Write, section: &Section, columns: Option<usize>) -> std::io::Result<()> {
    if !section.title.is_empty() {
        writeln!(out, "{BOLD}{}{BOLD:#}", wrap::text(&one_line(&section.title), columns, 0, 2))?;
    }
    let width = section.fields.iter().map(|(label, _)| wrap::width(label)).max().unwrap_or(0);
    // Beside long labels nothing is left of a narrow terminal: there values stand below.
    let below = columns.is_some_and(|columns| (width + 4) * 2 > columns);
    for (label, value) in &section.fields {
        let label = one_line(label);
        if below && 4 + wrap::width(&label) + wrap::width(value) > columns.unwrap_or(usize::MAX) {
            writeln!(out, "  {DIM}{label}{DIM:#}")?;
            writeln!(out, "    {}", sentence(&indented(value, 4), columns, 4, 4))?;
        } else {
            let width = if below { 0 } else { width };
            let begin = 4 + width.max(wrap::width(&label));
            writeln!(out, "  {DIM}{label:<width$}{DIM:#}  {}", sentence(&indented(value, begin), columns, begin, begin))?;
        }
    }
    // What stands between fences, and at the head of a document, is to be read as it is.
    let (mut is_fenced, mut rules) = (false, 0);
    for (number, line) in section.lines.iter().enumerate() {
        let line = indented(line, 2);
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        rules += usize::from(*line == *"---" && (number == 0 || rules == 1));
        let lead = wrap::lead(&line);
        let is_prose = !is_fenced && !is_fence && rules != 1 && wrap::is_prose(&line[lead..]);
        writeln!(out, "  {}", wrap::text(&line, columns.filter(|_| is_prose), 2, 2 + lead))?;
    }
    if let Some(table) = &section.table {
        let clean = |row: &Vec<String>| row.iter().map(|cell| one_line(cell).into_owned()).collect::<Vec<String>>();
        let (head, rows) = (clean(&table.columns), table.rows.iter().map(clean).collect::<Vec<_>>());
        let (head, rows) = wrap::table(&head, &rows, columns);
        for line in head {
            writeln!(out, "{DIM}{line}{DIM:#}")?;
        }
        for line in rows {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Writes findings by host and session, the one with the worst first, and in each the worst first: the eye
/// stays where it lands.
fn findings(out: &mut impl Write, all: &[Finding], columns: Option<usize>) -> std::io::Result<()> {
    let bad = all.iter().filter(|finding| finding.severity > Severity::Ok);
    let mut groups: Vec<(Option<&str>, Vec<&Finding>)> = Vec::new();
    let mut places: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for finding in bad {
        let session = finding.session.as_deref();
        let at = *places.entry(session).or_insert(groups.len());
        if at == groups.len() {
            groups.push((session, Vec::new()));
        }
        groups[at].1.push(finding);
    }
    let alike = alike(&mut groups);
    for (_, group) in &mut groups {
        group.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.first().map(|finding| finding.severity)));
    let many = groups.len() > 1;
    for (session, group) in groups.into_iter().filter(|(_, group)| !group.is_empty()) {
        if many {
            writeln!(out, "{BOLD}{}{BOLD:#}", one_line(session.unwrap_or("host and home")))?;
        }
        let mut told: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
        for found in &group {
            let number = told.entry((&found.id, found.severity)).or_default();
            *number += 1;
            if *number <= most(found.severity) {
                finding(out, found, !many, columns)?;
            }
        }
        for ((id, of), number) in told.into_iter().rev().filter(|((_, of), number)| *number > most(*of)) {
            let (style, word) = severity(of);
            let more = format!("and {} more like these", number - most(of));
            writeln!(out, "{style}{word:>8}{style:#}  {}", aside(&more, &format!("{id}; --format json lists all"), columns))?;
        }
    }
    let (style, word) = severity(Severity::Unknown);
    for (reason, ids) in alike {
        let ids: Vec<&str> = ids.into_iter().collect();
        let text = format!("{} checks could not be made: {reason}", ids.len());
        writeln!(out, "{style}{word:>8}{style:#}  {}", aside(&safe(&text), &safe(&ids.join(", ")), columns))?;
    }
    Ok(())
}

/// So many findings of one check and one severity are told one by one; what else there is of them is a number.
fn most(severity: Severity) -> usize {
    if severity <= Severity::Info { 3 } else { 10 }
}

/// So many checks that could not be made for one reason are told in one line.
const ALIKE_MIN: usize = 4;

/// Takes out what could not be checked for a reason that many share: the reasons, with the checks.
fn alike<'a>(groups: &mut [(Option<&str>, Vec<&'a Finding>)]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let reason = |finding: &'a Finding| match finding.severity {
        Severity::Unknown => {
            Some(finding.summary.rsplit_once(" could not be looked at: ").map_or(&*finding.summary, |(_, why)| why))
        }
        _ => None,
    };
    let mut alike: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in groups.iter().flat_map(|(_, group)| group) {
        if let Some(reason) = reason(finding) {
            alike.entry(reason).or_default().insert(&finding.id);
        }
    }
    alike.retain(|_, ids| ids.len() >= ALIKE_MIN);
    for (_, group) in groups.iter_mut() {
        group.retain(|finding| reason(finding).is_none_or(|reason| !alike.contains_key(reason)));
    }
    alike
}

/// What is different from the last time, or since when it is so.
fn age(finding: &Finding) -> String {
    match (finding.change, finding.since_ms) {
        (Some(Change::New), _) => "  (new)".into(),
        (Some(Change::Worse), _) => "  (worse)".into(),
        (Some(Change::Better), _) => "  (better)".into(),
        (None, Some(since_ms)) => format!("  (for {})", clock::human(clock::since(clock::from_ms(since_ms), clock::now()))),
        (None, None) => String::new(),
    }
}

/// Columns before what a finding says.
const MARGIN: usize = 10;

/// A text after the word of a severity, and what is only said aside: in the same line where there is room.
fn aside(text: &str, aside: &str, columns: Option<usize>) -> String {
    let (text, aside) = (one_line(text), one_line(aside));
    let said = wrap::text(&text, columns, MARGIN, MARGIN);
    let at = said.rsplit_once('\n').map_or(MARGIN + wrap::width(&said), |(_, last)| wrap::width(last));
    if columns.is_none_or(|columns| at + 2 + wrap::width(&aside) <= columns) {
        return format!("{said}  {DIM}{aside}{DIM:#}");
    }
    format!("{said}\n{}{DIM}{}{DIM:#}", " ".repeat(MARGIN), wrap::text(&aside, columns, MARGIN, MARGIN))
}

fn finding(out: &mut impl Write, finding: &Finding, named: bool, columns: Option<usize>) -> std::io::Result<()> {
    let (style, word) = severity(finding.severity);
    let session = finding.session.as_ref().filter(|_| named).map(|session| format!(" [{session}]")).unwrap_or_default();
    let said = aside(&format!("{}{session}", finding.summary), &format!("{}{}", finding.id, age(finding)), columns);
    writeln!(out, "{style}{word:>8}{style:#}  {said}")?;
    for seen in &finding.evidence {
        let [what, observed, expected] = [&seen.what, &seen.observed, &seen.expected].map(|text| one_line(text));
        let text = wrap::text(&format!("{what}: {observed} (expected {expected})"), columns, MARGIN, MARGIN + 2);
        // What was expected stands behind the last bracket, wherever the line ends.
        match text.rfind("(expected") {
            Some(at) => writeln!(out, "          {}{DIM}{}{DIM:#}", &text[..at], &text[at..])?,
            None => writeln!(out, "          {text}")?,
        }
    }
    if let Some(remedy) = &finding.remedy {
        if !remedy.summary.is_empty() {
            let text = format!("to do: {}", one_line(&remedy.summary));
            writeln!(out, "          {}", wrap::text(&text, columns, MARGIN, MARGIN + 2))?;
        }
        writeln!(out, "          {}", labelled(remedy.label(), &one_line(&remedy.command), columns))?;
    }
    if let Some(runbook) = &finding.runbook {
        writeln!(out, "          {DIM}{}{DIM:#}", labelled("read", &one_line(&super::to_read(runbook)), columns))?;
    }
    Ok(())
}

/// A command behind a word: below it, where the terminal would break it beside it.
fn labelled(label: &str, command: &str, columns: Option<usize>) -> String {
    let begin = MARGIN + wrap::width(label) + 2;
    match columns.is_some_and(|columns| begin + wrap::width(command) > columns) {
        true => format!("{label}:\n{}{command}", " ".repeat(MARGIN)),
        false => format!("{label}: {command}"),
    }
}

/// Writes an error with what to do next.
pub fn error(out: &mut impl Write, error: &Error, hints: &[String], columns: Option<usize>) -> std::io::Result<()> {
    let red = colour(AnsiColor::Red).bold();
    writeln!(out, "{red}error:{red:#} {}", wrap::text(&indented(&error.chain(), 2), columns, 7, 2))?;
    for note in error.notes() {
        writeln!(out, "  {DIM}note:{DIM:#} {}", wrap::text(&indented(note, 4), columns, 8, 4))?;
    }
    for hint in hints {
        writeln!(out, "  {BOLD}next:{BOLD:#} {}", sentence(&indented(hint, 4), columns, 8, 4))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_who_chooses_a_name_chooses_a_line() {
        let evil = "a\n::error::x\nnext: wpp reset\u{1b}[2J";
        let mut value = Report::new("doctor", evil).section(Section::new(evil).field(evil, evil).line(evil)).next(evil);
        let table = crate::report::Table::new([evil], vec![vec![evil.to_owned()]]);
        value.sections[0].table = Some(table);
        value.steps.push(Step {
            title: evil.into(),
            verdict: Verdict::Fail,
            expected: evil.into(),
            observed: evil.into(),
            took_ms: 1,
        });
        value.warnings.push(evil.into());
        let mut found = crate::ui::github::tests::finding(Severity::Error, evil);
        found.evidence.push(crate::report::Evidence::new(evil, evil, evil));
        found.remedy.as_mut().unwrap().command = evil.into();
        value.findings.push(found);
        let mut out = Vec::new();
        report(&mut out, &value, true, None).unwrap();
        report(&mut out, &value, true, Some(40)).unwrap();
        let failed = Error::new(crate::error::ErrorKind::Usage, evil).hint(evil);
        error(&mut out, &failed, &[evil.to_owned()], Some(40)).unwrap();
        let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
        for line in text.lines() {
            assert!(!line.starts_with("::") && !line.starts_with("next: wpp reset"), "{line:?} in {text}");
        }
        assert!(text.contains("error  a\u{240a}::error::x\u{240a}next: wpp reset"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn nothing_is_wider_than_the_terminal_but_what_is_to_be_pasted() {
        let long = "the disk is nearly full and whoever looks after it should do something about that before the night";
        let command = "wpp backup prune --older-than 30d --session somebody-with-a-long-name --dry-run";
        let mut value = Report::new("doctor", long).next(command).next(format!("{long}: `{command}`"));
        value.warnings.push(long.into());
        let document = ["---", "title: x", "---", "# Title", long, "- a list", "```wpp id=x", command, "```"];
        let section = Section::new(long).field("label", long).field("a label that is rather long", long);
        value.sections.push(document.iter().fold(section, |section, line| section.line(*line)));
        value.sections[0].table = Some(crate::report::Table::new(["a", "b"], vec![vec![long.to_owned(), command.to_owned()]]));
        let mut found = crate::ui::github::tests::finding(Severity::Error, long);
        found.evidence.push(crate::report::Evidence::new("what", long, long));
        found.remedy.as_mut().unwrap().command = command.into();
        value.findings.push(found);
        for columns in [80, 40] {
            let mut out = Vec::new();
            report(&mut out, &value, true, Some(columns)).unwrap();
            error(&mut out, &Error::new(crate::error::ErrorKind::Usage, long).hint(command), &[command.into()], Some(columns))
                .unwrap();
            let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
            let wide: Vec<&str> = text.lines().filter(|line| wrap::width(line) > columns && !line.contains(command)).collect();
            assert!(wide.is_empty(), "{columns}: {wide:#?} in {text}");
            assert!(text.matches(command).count() >= 6, "a command was broken: {text}");
            assert!(text.matches("before the").count() >= 8, "{text}");
        }
    }

    #[test]
    fn a_hidden_line_takes_corrections_and_can_be_given_up() {
        let line = |typed: &str| hidden_line(typed.as_bytes()).unwrap();
        assert_eq!(line("horse\nrest").as_deref(), Some("horse"));
        assert_eq!(line("hé\u{7f}\u{7f}\u{7f}\u{7f}cow\r").as_deref(), Some("cow"));
        assert_eq!(line("horse\u{3}"), None);
        assert_eq!(line("\n"), None);
    }
}
