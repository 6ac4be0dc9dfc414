//! What keeps a session from being started by anything but a person, and what explains that its files are not there.
//!
//! [`kept_from_start`] is asked before a start or a restart is offered as something that `--fix` does.

use super::times::{ago, span};
use super::{Said, flow, line};
use crate::facts::{DatabaseHealth, Facts, LastWord, LockFacts, Probed, SessionFacts, StoreFault};
use crate::report::Severity;
use crate::session::state::{Reason, State};

/// What is said of files that are missing while a restore or a reset puts others in their place.
pub(super) fn being_replaced(facts: &Facts, session: &SessionFacts) -> Option<Said> {
    let by = match (session.journal.known().and_then(|journal| journal.replacing.as_ref()), session.lock.known()) {
        (Some(act), _) => format!("a {} that began {} ago (process {})", act.verb, ago(facts, act.at_ms), act.pid),
        (None, Some(LockFacts::Held { owner: Some(owner) })) if matches!(owner.role.as_str(), "restore" | "reset") => {
            format!("a {} (process {})", owner.role, owner.pid)
        }
        _ => return None,
    };
    Some(
        Said::ok(format!("the session is being replaced by {by}"))
            .severity(Severity::Info)
            .by_hand("look again when that has ended", line(facts, Some(&session.name), "doctor")),
    )
}

/// What keeps anything but a person from starting the daemon: what to do first, and the command for that.
pub(super) fn kept_from_start(facts: &Facts, session: &SessionFacts) -> Option<(String, String)> {
    let of = |words: &str| line(facts, Some(&session.name), words);
    let first = |what: String, command: String| Some((what, command));
    match &facts.host.upkeep.lockdown_ms {
        Probed::Known(Some(_)) => {
            let command = line(facts, None, "doctor --only wpp.home.lockdown");
            return first("the home is locked down: find out why before anything is started".into(), command);
        }
        Probed::Failed(reason) => {
            return first(format!("see first whether the home is locked down, which could not be seen: {reason}"), of("status"));
        }
        Probed::Known(None) | Probed::NotApplicable(_) => {}
    }
    if let Some(crashes) = flow::crashes(session) {
        let what = format!("it died {crashes} times within the hour: see what its log ends with before it is started once more");
        return first(what, of("logs"));
    }
    if let Some(word) = refused(facts, session) {
        return match word.reason {
            Reason::TemporaryBan => {
                let until =
                    word.until_ms.map_or_else(String::new, |until| format!(", which ends in {}", span(until - facts.now_ms)));
                first(format!("start nothing before the ban is over{until}: each login may lengthen it"), of("logs"))
            }
            Reason::StreamReplaced => first(FIND_THE_OTHER.into(), "pgrep -af wpp".into()),
            _ => first("install a newer wpp before it is started: WhatsApp refuses this one".into(), of("logs")),
        };
    }
    let unfit = |(health, faults): (&DatabaseHealth, &Vec<StoreFault>)| {
        matches!(health, DatabaseHealth::Damaged { .. } | DatabaseHealth::Replaced { .. }) || !faults.is_empty()
    };
    for (name, seen) in [
        ("session.db", session.store.known().map(|store| (&store.health, &store.faults))),
        ("wpp.db", session.messages.known().map(|messages| (&messages.health, &messages.faults))),
    ] {
        if seen.is_some_and(unfit) {
            return first(
                format!("do not start it as it is: {name} has a finding of its own, which comes first"),
                of("backup list"),
            );
        }
    }
    let gone = match (&session.store, &session.messages) {
        (Probed::Known(store), Probed::NotApplicable(_)) if store.paired == Some(true) => Some("wpp.db"),
        (Probed::NotApplicable(_), Probed::Known(messages)) if messages.rows.is_some_and(|rows| rows.was_linked) => {
            Some("session.db")
        }
        _ => None,
    };
    if let Some(name) = gone {
        let what = format!("do not start it as it is: {name} is gone, which has a finding of its own, which comes first");
        return first(what, of("backup list"));
    }
    if let Some(twin) = &session.twin {
        return first(
            format!("start neither before it is decided which of the two goes on: {twin} is the same device"),
            of("status"),
        );
    }
    match &session.messages {
        Probed::Failed(reason) => {
            first(format!("see first whether the account is banned, which wpp.db could not be asked: {reason}"), of("logs"))
        }
        Probed::Known(_) | Probed::NotApplicable(_) => None,
    }
}

/// The server's last word, where no daemon is there to be asked, if it is one after which no login may be tried
/// blindly.
pub(super) fn refused(facts: &Facts, session: &SessionFacts) -> Option<LastWord> {
    let word = session.messages.known()?.rows?.last_word?;
    let is_over = match word.reason {
        Reason::TemporaryBan => word.until_ms.is_some_and(|until| until <= facts.now_ms),
        Reason::StreamReplaced => false,
        // Another version than the one that was refused may be here by now.
        Reason::ClientOutdated => match session.lock.known() {
            Some(LockFacts::Stale { owner: Some(owner) }) => owner.version != facts.host.version,
            _ => false,
        },
        _ => true,
    };
    (!is_over && matches!(word.state, State::Error | State::Degraded)).then_some(word)
}

/// What comes before a session is started whose place another client took.
pub(super) const FIND_THE_OTHER: &str = "find the other client with this device's keys first, on this host or on another, and \
                                         end it; a start before that throws the two out in turn";
