//! The contract's words in wpp's own: failures as errors, what checks saw as findings.

use super::host::words::checks::{Check, Judgement, Outcome};
use super::host::words::types::{Failure, FailureKind, Outage, Severity as Grade};
use crate::doctor::quoted;
use crate::error::{Error, ErrorKind};
use crate::report::{Evidence, Finding, Remedy, Severity};
use crate::whatsapp::fault::Fault;

/// A failure that a plugin told, as an error of ours.
pub fn error(plugin: &str, failure: Failure) -> Error {
    let kind = match failure.kind {
        FailureKind::Unsupported | FailureKind::Misconfigured => ErrorKind::Usage,
        FailureKind::Denied => ErrorKind::Denied,
        FailureKind::NotFound => ErrorKind::NoSession,
        FailureKind::Conflict | FailureKind::RateLimited | FailureKind::Failed => ErrorKind::Failed,
        FailureKind::LoginNeeded => ErrorKind::LoginNeeded,
        FailureKind::Unreachable => ErrorKind::Unreachable,
        FailureKind::InvalidAnswer => ErrorKind::Unknown,
    };
    let error = Error::new(kind, format!("{plugin}: {}", failure.message));
    let error = match failure.outage {
        Some(outage) => error.of_class(fault(outage).name()),
        None => error,
    };
    match failure.kind {
        FailureKind::Unsupported => error.hint("this gateway has no such thing; use its own tools"),
        _ if failure.hint.is_empty() => error.hint(format!("`wpp doctor --channel {plugin}` looks closer")),
        _ => error.hint(failure.hint),
    }
}

/// The class of an outage, which has the same name everywhere.
pub fn fault(outage: Outage) -> Fault {
    match outage {
        Outage::DnsResolution => Fault::DnsResolution,
        Outage::Timeout => Fault::Timeout,
        Outage::NetworkUnreachable => Fault::NetworkUnreachable,
        Outage::ProviderUnavailable => Fault::ProviderUnavailable,
    }
}

/// A severity.
pub fn severity(grade: Grade) -> Severity {
    match grade {
        Grade::Ok => Severity::Ok,
        Grade::Info => Severity::Info,
        Grade::Warning => Severity::Warning,
        Grade::Error => Severity::Error,
        Grade::Critical => Severity::Critical,
    }
}

/// What the checks of a plugin saw. A check that was not judged is unknown, and so is what a plugin
/// says of a check that it does not have.
pub fn findings(plugin: &str, checks: &[Check], outcomes: Vec<Outcome>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in checks {
        let of_check = outcomes.iter().find(|outcome| outcome.check == check.id).map(|outcome| &outcome.judgement);
        let found = |severity: Severity, summary: &str| Finding {
            id: check.id.clone(),
            title: check.title.clone(),
            severity,
            area: check.area.clone(),
            session: None,
            class: None,
            summary: summary.to_owned(),
            evidence: Vec::new(),
            remedy: None,
            runbook: (!check.runbook.is_empty()).then(|| check.runbook.clone()),
        };
        match of_check {
            None => findings.push(found(Severity::Unknown, "the plugin did not judge it")),
            Some(Judgement::Unknown(why)) => findings.push(Finding {
                class: why.outage.map(|outage| fault(outage).name().to_owned()),
                remedy: remedy(&why.hint, &[]),
                ..found(Severity::Unknown, &why.message)
            }),
            Some(Judgement::Skipped(why)) => findings.push(found(Severity::Info, &format!("not looked at: {why}"))),
            Some(Judgement::Found(seen)) if seen.is_empty() => {
                findings.push(found(Severity::Unknown, "the plugin says nothing of it"));
            }
            Some(Judgement::Found(seen)) => findings.extend(seen.iter().map(|seen| {
                Finding {
                    session: seen.session.as_ref().map(|session| format!("{plugin}:{session}")),
                    evidence: seen
                        .evidence
                        .iter()
                        .map(|evidence| Evidence::new(&evidence.subject, &evidence.expected, &evidence.observed))
                        .collect(),
                    remedy: remedy(&seen.remedy, &seen.command),
                    ..found(severity(seen.severity.unwrap_or(check.severity)), &seen.summary)
                }
            })),
        }
    }
    findings
}

/// A plugin that could not be asked, as a finding.
pub fn unusable(plugin: &str, error: &Error) -> Finding {
    let command = error.hints().iter().find_map(|hint| hint.split('`').nth(1)).unwrap_or_default();
    Finding {
        id: format!("{plugin}.plugin"),
        title: "the plugin answers".into(),
        severity: Severity::Unknown,
        area: "plugins".into(),
        session: None,
        class: error.class().map(str::to_owned),
        summary: error.chain(),
        evidence: Vec::new(),
        remedy: error.hints().first().map(|hint| Remedy { summary: hint.clone(), command: command.to_owned(), fix: None }),
        runbook: None,
    }
}

/// What mends it, for people to do: a plugin proposes, and its words are never run unasked.
fn remedy(words: &str, command: &[String]) -> Option<Remedy> {
    if words.is_empty() && command.is_empty() {
        return None;
    }
    let typed = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    // What no command does is said as a remark, which harms nobody who pastes it.
    let command = if typed.is_empty() { format!("# {words}") } else { format!("wpp {typed}") };
    Some(Remedy { summary: words.to_owned(), command, fix: None })
}
