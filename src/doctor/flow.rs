//! Judges of what flows through a session: its state over time, what goes out, what comes in.

use super::session::{answered, daemon_running};
use super::start::{FIND_THE_OTHER, refused};
use super::times::{DAY_MS, HOUR_MS, MINUTE_MS, ago, limit_ms, span};
use super::{Judged, Said, Stop, known, line};
use crate::clock;
use crate::facts::{DatabaseHealth, Facts, LastWord, Probed, SessionFacts};
use crate::report::{Severity, count};
use crate::session::messages::Traffic;
use crate::session::state::{Reason, State};

/// Longest time that a connection is being made.
const CONNECTING_MS_MAX: i64 = 2 * MINUTE_MS;
/// Longest time that a link may be on its way between a phone's consent and the open session.
const MARGIN_MS: i64 = MINUTE_MS;
/// How soon a change of state is written down as an event.
const SETTLED_MS: i64 = 1_000;
/// A phone that is off for fourteen days logs its devices out; two days are left to turn it on.
const PHONE_DAYS_MAX: i64 = 12;
/// So many unconfirmed messages are no coincidence.
const UNCONFIRMED_MIN: u64 = 3;
/// Starts of a daemon that crashed before, in an hour.
const CRASHES_MAX: u64 = 3;
/// What came in is a message within milliseconds; what waits longer waits for something.
const PROJECTION_MS_MAX: i64 = MINUTE_MS;
/// Shares are only told of so many messages.
const SHARE_OF_MIN: u64 = 20;
/// The share, in per cent, that may be refused or unreadable.
const SHARE_PERCENT_MAX: u64 = 5;
/// So long outbound may be paused before what waits is worth a word.
const PAUSED_MS_MAX: i64 = HOUR_MS;

fn traffic(session: &SessionFacts) -> Result<&Traffic, Stop> {
    let messages = known(&session.messages, "wpp.db")?;
    match (&messages.traffic, &messages.health) {
        (Some(traffic), _) => Ok(traffic),
        // That it waits to be rolled back is told by its own check, and nothing is lost by it.
        (None, DatabaseHealth::Interrupted) => {
            Err(Stop::Skipped("an interrupted write to wpp.db waits to be rolled back".into()))
        }
        (None, _) => Err(Stop::Unknown("wpp.db cannot be read, as it is".into())),
    }
}

/// States through which a session only passes do not last.
pub fn transition(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    let most = match status.state {
        State::Booting => limit_ms(facts.limits.start_timeout_ms, 1) + MARGIN_MS,
        State::Connecting => CONNECTING_MS_MAX,
        // The daemon itself calls this degraded in time; one that does not hangs.
        State::Syncing => 5 * MARGIN_MS,
        State::Stopped | State::AuthRequired | State::Ready | State::Reconnecting | State::Degraded | State::Error => {
            return Ok(vec![Said::ok(format!("{} is no state that a session only passes through", status.state.name()))]);
        }
    };
    let (name, age) = (status.state.name(), facts.now_ms.saturating_sub(status.since_ms));
    if age <= most {
        return Ok(vec![Said::ok(format!("{name} for {}", span(age)))]);
    }
    Ok(vec![
        Said::bad(format!("the session has been {name} for {}, which takes seconds", span(age)))
            .seen("time in this state", format!("at most {}", span(most)), span(age))
            .by_hand("see what the log says, then restart the daemon", line(facts, Some(&session.name), "logs")),
    ])
}

/// Another client did not take the place.
pub fn replaced(facts: &Facts, session: &SessionFacts) -> Judged {
    ended(facts, session, Reason::StreamReplaced, "no other client took the place", |word| {
        Said::bad(format!("another client with this device's keys took the session's place {} ago", ago(facts, word.at_ms)))
            .by_hand(FIND_THE_OTHER, "pgrep -af wpp")
    })
}

/// The account is not banned.
pub fn banned(facts: &Facts, session: &SessionFacts) -> Judged {
    ended(facts, session, Reason::TemporaryBan, "the account is not banned", |word| {
        let until = word.until_ms.filter(|until| *until > facts.now_ms);
        let until = until.map_or_else(String::new, |until| format!(", for {} more", span(until - facts.now_ms)));
        Said::bad(format!(
            "WhatsApp has banned the account for a while, {} ago{until}: send nothing and start nothing until that is over; each \
             attempt may lengthen it",
            ago(facts, word.at_ms)
        ))
        .by_hand(
            "leave it alone until the ban is over; what else was said is in the log",
            line(facts, Some(&session.name), "logs"),
        )
    })
}

/// The client is not outdated.
pub fn outdated(facts: &Facts, session: &SessionFacts) -> Judged {
    ended(facts, session, Reason::ClientOutdated, "WhatsApp takes this version of the client", |_| {
        let version = session.status().map_or(&facts.host.version, |status| &status.version);
        Said::bad(format!("WhatsApp refuses the client of wpp {version}"))
            .by_hand("install a newer wpp, then restart the daemon", line(facts, Some(&session.name), "restart"))
    })
}

fn ended(facts: &Facts, session: &SessionFacts, reason: Reason, fine: &str, said: impl Fn(&LastWord) -> Said) -> Judged {
    let kept = session.messages.known().and_then(|messages| messages.rows?.last_word);
    // What the server said last holds on when the daemon that heard it is gone.
    if kept.is_some() && matches!(session.daemon, Probed::NotApplicable(_)) && session.is_held() == Some(false) {
        let is_it = |word: &LastWord| word.reason == reason;
        let Some(word) = refused(facts, session).filter(is_it) else { return Ok(vec![Said::ok(fine)]) };
        // Who stopped the daemon since knows what for. Only a ban goes on by itself, as long as it was said to.
        if word.until_ms.is_none() && daemon_running(facts, session).is_err() {
            return Err(Stop::Skipped("the daemon was stopped since the server said so".into()));
        }
        let observed = format!("{} ({}) {} ago, and no daemon since", word.state.name(), reason.name(), ago(facts, word.at_ms));
        return Ok(vec![said(&word).seen("state", "READY", observed)]);
    }
    let status = answered(session)?;
    if status.reason != reason || !matches!(status.state, State::Error | State::Degraded | State::Reconnecting) {
        return Ok(vec![Said::ok(fine)]);
    }
    let observed = format!("{} ({}) for {}", status.state.name(), reason.name(), ago(facts, status.since_ms));
    let observed = status.detail.iter().fold(observed, |text, detail| format!("{text}: {detail}"));
    let until_ms = kept.filter(|word| word.reason == reason).and_then(|word| word.until_ms);
    let word = LastWord { state: status.state, reason, at_ms: status.since_ms, until_ms };
    Ok(vec![said(&word).seen("state", "READY", observed)])
}

/// How often the daemon died in the last hour, where that is too often to start it once more.
pub(super) fn crashes(session: &SessionFacts) -> Option<u64> {
    session.journal.known().map(|journal| journal.crashes_last_hour).filter(|crashes| *crashes >= CRASHES_MAX)
}

/// The daemon does not die again and again.
pub fn crash_loop(facts: &Facts, session: &SessionFacts) -> Judged {
    let few = known(&session.journal, "the journal")?.crashes_last_hour;
    let Some(crashes) = crashes(session) else {
        return Ok(vec![Said::ok(format!("{} in the last hour", count(few, "crash", "crashes")))]);
    };
    Ok(vec![
        Said::bad(format!("the daemon died {crashes} times in the last hour"))
            .seen("starts without a stop before them", format!("fewer than {CRASHES_MAX} in an hour"), crashes.to_string())
            .by_hand("see what its log ends with before it is started once more", line(facts, Some(&session.name), "logs")),
    ])
}

/// Events come.
pub fn events(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    let newest = traffic(session)?.newest_event_ms;
    let Some(newest) = newest else { return Err(Stop::Skipped("no event was kept yet".into())) };
    let age = facts.now_ms.saturating_sub(newest);
    let most = limit_ms(facts.limits.event_age_hours_max, HOUR_MS);
    // Each change of state is an event, so the newest is never older than the state; but for the first, and for the
    // moment in which it is written down.
    let settled = status.state != State::Booting && facts.now_ms - status.since_ms > SETTLED_MS;
    if settled && status.since_ms - newest > MARGIN_MS {
        return Ok(vec![
            Said::bad(format!(
                "the state changed {} ago, and the newest event is {} old: events are not written down, and no reader hears of anything",
                ago(facts, status.since_ms),
                span(age)
            ))
            .seen("newest event", format!("at most {} old", ago(facts, status.since_ms)), format!("{} old", span(age)))
            .by_hand("see what the log says of wpp.db, then restart the daemon", line(facts, Some(&session.name), "logs")),
        ]);
    }
    if most > 0 && status.state == State::Ready && age > most {
        return Ok(vec![
            Said::bad(format!("nothing at all has happened in this session for {}", span(age)))
                .seen("newest event", format!("at most {} old", span(most)), format!("{} old", span(age)))
                .by_hand("send it a message, and see whether it arrives", line(facts, Some(&session.name), "events")),
        ]);
    }
    Ok(vec![Said::ok(format!("the newest event is {} old", span(age)))])
}

/// The phone is on now and then.
pub fn phone(facts: &Facts, session: &SessionFacts) -> Judged {
    let traffic = traffic(session)?;
    let remedy = "turn the phone on, open WhatsApp on it, and let it connect: after 14 days its devices are logged out";
    if let Some(status) = session.status()
        && status.reason == Reason::PhoneOffline
    {
        return Ok(vec![
            Said::bad(format!("WhatsApp said {} ago that the phone has not been on for long", ago(facts, status.since_ms)))
                .seen("reason of the state", "any other", status.reason.name())
                .by_hand(remedy, line(facts, Some(&session.name), "status")),
        ]);
    }
    let signs = &traffic.phone;
    let from = signs.known_from_ms.unwrap_or(facts.now_ms);
    match signs.seen_ms {
        Some(seen) if facts.now_ms.saturating_sub(seen) <= PHONE_DAYS_MAX * DAY_MS => {
            Ok(vec![Said::ok(format!("another device of the account was heard {} ago", span(facts.now_ms.saturating_sub(seen))))])
        }
        seen if signs.unconfirmed >= UNCONFIRMED_MIN
            && facts.now_ms.saturating_sub(seen.unwrap_or(from)) > PHONE_DAYS_MAX * DAY_MS =>
        {
            let age = span(facts.now_ms.saturating_sub(seen.unwrap_or(from)));
            Ok(vec![
                Said::bad(format!("nothing was heard of the phone for {age}, not even that it took what was sent from here"))
                    .seen("newest sign of another device of the account", format!("at most {PHONE_DAYS_MAX} days old"), age)
                    .by_hand(remedy, line(facts, Some(&session.name), "status")),
            ])
        }
        _ => Err(Stop::Skipped("nothing was sent for long enough that the phone would have confirmed".into())),
    }
}

/// Messages do not wait.
pub fn backlog(facts: &Facts, session: &SessionFacts) -> Judged {
    let traffic = traffic(session)?;
    let most = facts.limits.outbox_waiting_max;
    let age = traffic.waiting_since_ms.map_or(0, |since| facts.now_ms.saturating_sub(since));
    let age_most = limit_ms(facts.limits.outbox_age_ms_max, 1);
    if let Some(due_ms) = traffic.due_last_ms.filter(|due_ms| due_ms.saturating_sub(facts.now_ms) > HOUR_MS) {
        let (due, ahead) = (clock::rfc3339(clock::from_ms(due_ms)), span(due_ms.saturating_sub(facts.now_ms)));
        return Ok(vec![
            Said::bad(format!(
                "a message in the outbox is not tried before {due}, in {ahead}: it was queued while the clock was ahead"
            ))
            .seen("next try of what waits", "within an hour", due)
            .by_hand("see which, and send it again under another id", line(facts, Some(&session.name), "outbound list")),
        ]);
    }
    if traffic.waiting == 0 || (traffic.waiting <= most && age <= age_most) {
        return Ok(vec![Said::ok(format!("{} in the outbox", count(traffic.waiting, "message", "messages")))]);
    }
    if traffic.paused_since_ms.is_some() {
        return Err(Stop::Skipped("an operator paused what goes out".into()));
    }
    let (summary, verb) = match session.status().map(|status| status.state) {
        Some(State::Ready | State::Syncing) => ("see what the log says about sends", "logs"),
        Some(_) => ("see what keeps the session from being READY", "status"),
        None => ("start the daemon, which sends them", "start"),
    };
    Ok(vec![
        Said::bad(format!(
            "{} to be sent, the oldest for {}",
            count(traffic.waiting, "message waits", "messages wait"),
            span(age)
        ))
        .seen(
            "outbox",
            format!("at most {most} messages, none for longer than {}", span(age_most)),
            format!("{}, {}", traffic.waiting, span(age)),
        )
        .by_hand(summary, line(facts, Some(&session.name), verb)),
    ])
}

/// What goes out is not held back by a pause that somebody forgot.
pub fn paused(facts: &Facts, session: &SessionFacts) -> Judged {
    let traffic = traffic(session)?;
    let Some(since) = traffic.paused_since_ms else { return Ok(vec![Said::ok("what goes out is not paused")]) };
    let age = facts.now_ms.saturating_sub(since);
    let resume = line(facts, Some(&session.name), "outbound resume");
    if traffic.waiting == 0 || age <= PAUSED_MS_MAX {
        return Ok(vec![
            Said::ok(format!("an operator paused what goes out {} ago", span(age)))
                .severity(Severity::Info)
                .by_hand("let it go on when it suits", resume),
        ]);
    }
    Ok(vec![
        Said::bad(format!(
            "what goes out has been paused for {}, and {}",
            span(age),
            count(traffic.waiting, "message waits", "messages wait")
        ))
        .seen("outbound", "not paused while messages wait", format!("paused for {}", span(age)))
        .by_hand("let it go on", resume),
    ])
}

/// The server takes what is sent.
pub fn rejected(facts: &Facts, session: &SessionFacts) -> Judged {
    let traffic = traffic(session)?;
    let (of, bad) = (traffic.answered_day, traffic.rejected_day);
    if of < SHARE_OF_MIN || bad * 100 <= of * SHARE_PERCENT_MAX {
        return Ok(vec![Said::ok(format!("the server refused {bad} of {of} messages within a day"))]);
    }
    Ok(vec![
        Said::bad(format!("the server refused {bad} of {of} messages within a day"))
            .seen(
                "refused messages",
                format!("at most {SHARE_PERCENT_MAX} of 100"),
                format!("{} of 100", (bad * 100).div_ceil(of)),
            )
            .by_hand("see with which words it refuses them", line(facts, Some(&session.name), "outbound list")),
    ])
}

/// What came in becomes messages.
pub fn ingest(facts: &Facts, session: &SessionFacts) -> Judged {
    let traffic = traffic(session)?;
    // What is dated ahead of this clock was not made a message either.
    let lag = traffic.unprojected_since_ms.map_or(0, |since| facts.now_ms.saturating_sub(since).saturating_abs());
    if traffic.unprojected == 0 || lag <= PROJECTION_MS_MAX {
        return Ok(vec![Said::ok("what came in is stored as messages")]);
    }
    let (summary, verb) = match session.status() {
        Some(_) => ("see what the log says; a restart makes messages of what waits", "restart"),
        None => ("start the daemon, which makes messages of what waits", "start"),
    };
    Ok(vec![
        Said::bad(format!(
            "{} and not in chats or searches yet, the oldest for {}",
            count(traffic.unprojected, "message was received", "messages were received"),
            span(lag)
        ))
        .seen("age of what waits", format!("at most {}", span(PROJECTION_MS_MAX)), span(lag))
        .by_hand(summary, line(facts, Some(&session.name), verb)),
    ])
}

/// What comes in can be read.
pub fn undecryptable(facts: &Facts, session: &SessionFacts) -> Judged {
    let traffic = traffic(session)?;
    let (of, bad) = (traffic.received_day, traffic.undecryptable_day);
    if of < SHARE_OF_MIN || bad * 100 <= of * SHARE_PERCENT_MAX {
        return Ok(vec![Said::ok(format!("{bad} of {of} messages within a day could not be decrypted"))]);
    }
    Ok(vec![
        Said::bad(format!("{bad} of {of} messages within a day could not be decrypted: the Signal state does not fit the others'"))
            .seen("undecryptable messages", format!("at most {SHARE_PERCENT_MAX} of 100"), format!("{} of 100", (bad * 100).div_ceil(of)))
            .by_hand(
                "look for a second client on a copy of this store; an archive restored with the plan `rekey` begins every conversation anew",
                line(facts, Some(&session.name), "backup list"),
            ),
    ])
}
