//! The contract's words in wpp's own: failures as errors, what checks saw as findings.

use super::host::words::checks::{Check, Finding as Seen, Judgement, Outcome};
use super::host::words::types::{Failure, FailureKind, Outage, Severity as Grade};
use crate::doctor::{Examination, SkippedCheck};
use crate::error::{Error, ErrorKind};
use crate::report::{Evidence, Finding, Remedy, Severity, quoted};
use crate::whatsapp::fault::Fault;

/// A failure that a plugin told of a session, as an error of ours: what is not there is the session.
pub fn error_of_session(plugin: &str, failure: Failure) -> Error {
    told(plugin, failure, ErrorKind::NoSession)
}

/// A failure that a plugin told, as an error of ours. What is not there is a webhook, a recipient or
/// what else it was asked about; of sessions [`error_of_session`] tells.
pub fn error(plugin: &str, failure: Failure) -> Error {
    told(plugin, failure, ErrorKind::Usage)
}

fn told(plugin: &str, failure: Failure, not_found: ErrorKind) -> Error {
    let kind = match failure.kind {
        FailureKind::Unsupported | FailureKind::Misconfigured => ErrorKind::Usage,
        FailureKind::Denied => ErrorKind::Denied,
        FailureKind::NotFound => not_found,
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
        FailureKind::Unsupported if failure.hint.is_empty() => error.hint("this gateway has no such thing; use its own tools"),
        _ if failure.hint.is_empty() => error.hint(format!("`wpp doctor --channel {plugin}` looks closer")),
        FailureKind::Misconfigured => error
            .hint(failure.hint)
            .hint(format!("its settings are under [plugin.{plugin}] in config.toml; `wpp plugin info {plugin}` lists them")),
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

/// [`fault`], the other way round.
pub fn outage(fault: Fault) -> Outage {
    match fault {
        Fault::DnsResolution => Outage::DnsResolution,
        Fault::Timeout => Outage::Timeout,
        Fault::NetworkUnreachable => Outage::NetworkUnreachable,
        Fault::ProviderUnavailable => Outage::ProviderUnavailable,
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

/// What the checks of a plugin saw, of one session of its gateway or of all. A check that was not
/// judged is unknown; what is judged and was not asked for makes the plugin itself doubtful.
pub fn examination(plugin: &str, checks: &[Check], outcomes: &[Outcome], session: Option<&str>) -> Examination {
    let mut examination = Examination::default();
    for check in checks {
        let blank = |severity: Severity, summary: &str| Finding {
            title: check.title.clone().into(),
            area: check.area.clone().into(),
            runbook: (!check.runbook.is_empty()).then(|| check.runbook.clone().into()),
            ..Finding::new(check.id.clone(), severity, summary)
        };
        let findings = match outcomes.iter().find(|outcome| outcome.check == check.id).map(|outcome| &outcome.judgement) {
            Some(Judgement::Skipped(reason)) => {
                let (id, reason) = (check.id.clone().into(), reason.clone());
                examination.skipped.push(SkippedCheck { id, session: None, reason });
                continue;
            }
            None => vec![blank(Severity::Unknown, "the plugin did not judge it")],
            Some(Judgement::Unknown(why)) => vec![Finding {
                class: why.outage.map(|outage| fault(outage).name().to_owned()),
                remedy: remedy(&why.hint, &[]),
                ..blank(Severity::Unknown, &why.message)
            }],
            Some(Judgement::Found(seen)) if seen.is_empty() => {
                vec![blank(Severity::Unknown, "the plugin says nothing of it")]
            }
            Some(Judgement::Found(seen)) => {
                let of_session = |seen: &&Seen| session.is_none() || seen.session.is_none() || seen.session.as_deref() == session;
                let of_session: Vec<Finding> = seen
                    .iter()
                    .filter(of_session)
                    .map(|seen| Finding {
                        session: seen.session.as_ref().map(|session| format!("{plugin}:{session}")),
                        evidence: seen
                            .evidence
                            .iter()
                            .map(|evidence| Evidence::new(&evidence.subject, &evidence.expected, &evidence.observed))
                            .collect(),
                        remedy: remedy(&seen.remedy, &seen.command),
                        ..blank(severity(seen.severity.unwrap_or(check.severity)), &seen.summary)
                    })
                    .collect();
                match (of_session.is_empty(), session) {
                    // It looked at all of them, and had something to say of others alone.
                    (true, Some(session)) => {
                        let summary = format!("what it says is about other sessions than {session}");
                        vec![Finding { session: Some(format!("{plugin}:{session}")), ..blank(Severity::Ok, &summary) }]
                    }
                    _ => of_session,
                }
            }
        };
        examination.add(check.id.clone(), None, findings);
    }
    if let Some(stray) = outcomes.iter().find(|outcome| !checks.iter().any(|check| check.id == outcome.check)) {
        let error = Error::new(ErrorKind::Unknown, format!("the plugin judged {}, which it was not asked for", stray.check))
            .hint("tell its author");
        examination.add(format!("{plugin}.plugin"), None, vec![unusable(plugin, &error)]);
    }
    examination
}

/// A plugin that could not be asked, as a finding.
pub fn unusable(plugin: &str, error: &Error) -> Finding {
    let command = error.hints().iter().find_map(|hint| hint.split('`').nth(1)).unwrap_or_default();
    Finding {
        title: "the plugin answers".into(),
        area: "plugins".into(),
        class: error.class().map(str::to_owned),
        remedy: error.hints().first().map(|hint| Remedy { summary: hint.clone(), command: command.to_owned(), fix: None }.into()),
        ..Finding::new(format!("{plugin}.plugin"), Severity::Unknown, error.chain())
    }
}

/// What mends it, for people to do: a plugin proposes, and its words are never run unasked.
fn remedy(words: &str, command: &[String]) -> Option<Box<Remedy>> {
    if words.is_empty() && command.is_empty() {
        return None;
    }
    let typed = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    // What no command does is said as a remark, which harms nobody who pastes it.
    let command = if typed.is_empty() { format!("# {words}") } else { format!("wpp {typed}") };
    Some(Remedy { summary: words.to_owned(), command, fix: None }.into())
}
