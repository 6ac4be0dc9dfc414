//! What the doctor's report says in words.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::clock;
use crate::doctor::fix::{self, Planned};
use crate::doctor::history::Mended;
use crate::doctor::{Examination, LEFT_OUT, Scope, SessionState};
use crate::report::{Finding, Section, Severity, Step, Verdict, count, session_option};

pub(super) fn not_applied(planned: &Planned) -> Step {
    Step {
        title: fix::describe(&planned.fix),
        verdict: Verdict::Skipped,
        expected: format!("{} no longer says so", planned.checks.join(", ")),
        observed: "not applied: only shown".into(),
        took_ms: 0,
    }
}

/// What `--fix` would do, each in a line.
pub(super) fn dry_run_section(steps: &[(Planned, Step)]) -> Option<Section> {
    let line = |section: Section, (planned, _): &(Planned, Step)| section.line(format!("would {}", fix::describe(&planned.fix)));
    (!steps.is_empty()).then(|| steps.iter().fold(Section::new("What --fix would do"), line))
}

pub(super) fn fix_data(planned: &Planned, step: &Step) -> Value {
    let mut data = json!(planned);
    data["verdict"] = json!(step.verdict);
    data["observed"] = json!(step.observed);
    data
}

/// What was looked at, in a few words.
pub(super) fn subject(scope: &Scope, own: bool, plugins: &[String]) -> String {
    let sessions = match scope.sessions.as_slice() {
        _ if !own => None,
        [] => Some("host and home".to_owned()),
        [one] => Some(one.name().to_owned()),
        many => Some(count(many.len(), "session", "sessions")),
    };
    let plugins = match plugins {
        [] => None,
        few @ ([_] | [_, _] | [_, _, _]) => Some(few.join(", ")),
        many => Some(count(many.len(), "plugin", "plugins")),
    };
    sessions.into_iter().chain(plugins).collect::<Vec<_>>().join(", ")
}

/// The headline. `is_narrowed` where only some of the checks were asked for.
pub(super) fn title(subject: &str, examination: &Examination, is_narrowed: bool) -> String {
    let counts = examination.counts();
    let words = [
        (Severity::Critical, "critical", "critical"),
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Unknown, "unknown", "unknown"),
        (Severity::Info, "note", "notes"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .filter_map(|(severity, one, many)| match counts.get(&severity) {
            Some(0) | None => None,
            Some(number) => Some(count(*number, one, many)),
        })
        .collect();
    let made = count(examination.made.len(), "check", "checks");
    let suppressed = match examination.suppressed.len() {
        0 => String::new(),
        number => format!(", {number} suppressed"),
    };
    let states = states(&examination.states);
    match (examination.made.is_empty(), parts.is_empty()) {
        (true, _) => format!("{subject}: {states}no check could be made"),
        (false, true) => {
            let nothing = match (examination.suppressed.is_empty(), is_narrowed) {
                (false, _) => "nothing else wrong",
                (true, true) => "nothing wrong in what was asked for",
                (true, false) => "nothing wrong",
            };
            format!("{subject}: {states}{made}, {nothing}{suppressed}")
        }
        (false, false) => format!("{subject}: {states}{made}, {}{suppressed}", parts.join(", ")),
    }
}

/// Where the sessions stand: of one with the reason, of many as numbers.
fn states(states: &[SessionState]) -> String {
    match states {
        [] => String::new(),
        [one] => format!("{}, ", state(one)),
        many => {
            let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
            for one in many {
                *numbers.entry(one.state.unwrap_or("silent")).or_default() += 1;
            }
            numbers.into_iter().map(|(name, number)| format!("{number} {name}, ")).collect()
        }
    }
}

/// `STOPPED (the daemon was stopped 3 m ago)`.
pub(super) fn state(state: &SessionState) -> String {
    match (state.state, state.reason.as_str()) {
        (Some(name), "") => name.to_owned(),
        (Some(name), reason) => format!("{name} ({reason})"),
        (None, reason) => reason.to_owned(),
    }
}

/// Skipped checks, one line for each reason.
pub(super) fn skipped_sections(examination: &Examination) -> Vec<Section> {
    let mut reasons: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for skipped in &examination.skipped {
        // What has to be mended first stands above, with all that is to be said of it.
        let reason = skipped.reason.find(FIRST).map_or(&*skipped.reason, |at| &skipped.reason[..at + FIRST.len()]);
        let (ids, sessions) = reasons.entry(reason).or_default();
        if !ids.contains(&&*skipped.id) {
            ids.push(&skipped.id);
        }
        if let Some(session) = skipped.session.as_deref().filter(|session| sessions.last() != Some(session)) {
            sessions.push(session);
        }
    }
    let line = |(reason, (ids, sessions)): (&str, (Vec<&str>, Vec<&str>))| {
        let place = match sessions.as_slice() {
            [] => String::new(),
            [_, _, _, _, ..] => format!("[{} sessions] ", sessions.len()),
            few => format!("[{}] ", few.join(", ")),
        };
        match ids.len() {
            many if many > IDS_MAX => format!("{place}{reason}: {many} checks; --format json names each"),
            _ => format!("{place}{reason}: {}", ids.join(", ")),
        }
    };
    // What waits for something to be mended is worth a line each; that there is nothing of a kind here is not,
    // once there is much of it.
    let (left_out, reasons): (Vec<_>, Vec<_>) = reasons.into_iter().partition(|(reason, _)| reason.starts_with(LEFT_OUT));
    let (told, idle): (Vec<_>, Vec<_>) = reasons.into_iter().partition(|(reason, _)| reason.ends_with(FIRST));
    let (told, idle) = if idle.len() > IDLE_MAX { (told, idle) } else { (told.into_iter().chain(idle).collect(), Vec::new()) };
    let mut section = told.into_iter().map(line).fold(Section::new("Not checked"), Section::line);
    if !idle.is_empty() {
        let ids: usize = idle.iter().map(|(_, (ids, _))| ids.len()).sum();
        let checks = count(ids, "check", "checks");
        section = section.line(format!(
            "{checks} that do not apply here, were not asked for, or have nothing to judge by yet; --format json says which of it"
        ));
    }
    let by_request = left_out.into_iter().map(|(reason, names)| line((reason.trim_start_matches(LEFT_OUT), names)));
    let by_request = by_request.fold(Section::new("Left out by request"), Section::line);
    [section, by_request].into_iter().filter(|section| !section.lines.is_empty()).collect()
}

/// The checks that were made, each once however many sessions it looked at: `findings` names those.
pub(super) fn made_data(examination: &Examination) -> Value {
    let mut rows: Vec<(&str, Severity, u64)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for made in &examination.made {
        let at = *places.entry(&made.id).or_insert_with(|| {
            rows.push((&made.id, made.severity, 0));
            rows.len() - 1
        });
        rows[at].1 = rows[at].1.max(made.severity);
        rows[at].2 += 1;
    }
    rows.into_iter().map(|(id, severity, count)| json!({ "id": id, "severity": severity, "count": count })).collect()
}

/// The checks that were not made, each once for each reason.
pub(super) fn skipped_data(examination: &Examination) -> Value {
    let mut rows: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for skipped in &examination.skipped {
        let at = *places.entry((&skipped.id, &skipped.reason)).or_insert_with(|| {
            rows.push((&skipped.id, &skipped.reason, Vec::new()));
            rows.len() - 1
        });
        rows[at].2.extend(skipped.session.as_deref());
    }
    let row = |(id, reason, sessions)| json!({ "id": id, "reason": reason, "sessions": sessions });
    rows.into_iter().map(row).collect()
}

/// So many reasons why there is nothing to look at are told one by one.
const IDLE_MAX: usize = 6;
/// So many checks that were left out for one reason are named.
const IDS_MAX: usize = 12;
/// What the reason of a check says that waits for another one.
const FIRST: &str = "must be mended first";

/// What was found and is not told, and why.
pub(super) fn suppressed_section(examination: &Examination) -> Option<Section> {
    let line = |section: Section, suppressed: &crate::doctor::suppress::Suppressed| {
        let finding = &suppressed.finding;
        let place = place(finding.session.as_deref());
        let (severity, id, summary) = (finding.severity.name(), &finding.id, &finding.summary);
        section.line(format!("{place}{severity} until {}, for {:?}: {summary} ({id})", suppressed.until, suppressed.reason))
    };
    (!examination.suppressed.is_empty()).then(|| examination.suppressed.iter().fold(Section::new("Suppressed"), line))
}

/// What was found before, and no more.
pub(super) fn mended_section(mended: &[Mended]) -> Option<Section> {
    let now = clock::now();
    let line = |section: Section, mended: &Mended| {
        let since = clock::human(clock::since(clock::from_ms(mended.since_ms), now));
        section.line(format!("{}{} ({}, after {since})", place(mended.session.as_deref()), mended.summary, mended.id))
    };
    (!mended.is_empty()).then(|| mended.iter().fold(Section::new("No longer so"), line))
}

/// What `--fix` leaves to a person, because it needs a decision or destroys something.
pub(super) fn by_hand_section(examination: &Examination) -> Option<Section> {
    let mut commands: Vec<(&str, &Finding)> = Vec::new();
    for finding in examination.findings.iter().filter(|finding| finding.severity > Severity::Info) {
        if let Some(remedy) = finding.remedy.as_ref().filter(|remedy| remedy.fix.is_none())
            && !commands.iter().any(|(command, _)| *command == remedy.command)
        {
            commands.push((&remedy.command, finding));
        }
    }
    let line = |section: Section, (command, finding): (&str, &Finding)| {
        let runbook = finding.runbook.as_ref().map(|runbook| format!(", {runbook}")).unwrap_or_default();
        section.line(command).line(format!("  {}{runbook}", finding.id))
    };
    (!commands.is_empty()).then(|| commands.into_iter().fold(Section::new("Left to you"), line))
}

/// The findings in one line each: `error wpp.session.state [main]: …`.
pub(super) fn line(finding: &Finding) -> String {
    let session = finding.session.as_ref().map(|session| format!(" [{session}]")).unwrap_or_default();
    format!("{} {}{session}: {}", finding.severity.name(), finding.id, finding.summary)
}

fn place(session: Option<&str>) -> String {
    session.map(|session| format!("[{session}] ")).unwrap_or_default()
}

/// The one command to type next. `only` is what was asked for of the catalog, as it was typed.
pub(super) fn next(scope: &Scope, examination: &Examination, unmended: bool, only: &str) -> String {
    let session = match scope.sessions.as_slice() {
        [one] => format!(" {}", session_option(one.name())),
        [] => String::new(),
        _ => " --all".to_owned(),
    };
    let with_remedy = examination.findings.iter().filter(|finding| finding.severity > Severity::Ok && finding.remedy.is_some());
    // The worst, of several the first; what merely could not be checked comes last.
    let rank = |finding: &Finding| if finding.severity == Severity::Unknown { Severity::Ok } else { finding.severity };
    let worst = with_remedy.fold(None, |worst: Option<&Finding>, next| match worst {
        Some(worst) if rank(worst) >= rank(next) => Some(worst),
        _ => Some(next),
    });
    match worst.and_then(|finding| finding.remedy.as_ref()) {
        // Unless that was just tried in vain.
        Some(remedy) if remedy.fix.is_some() && !unmended => format!("{} doctor --fix{session}{only}", scope.program),
        Some(remedy) => remedy.command.clone(),
        None => match scope.sessions.as_slice() {
            [_] => format!("{} status{session}", scope.program),
            _ => format!("{} status", scope.program),
        },
    }
}
