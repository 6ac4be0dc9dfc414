//! The lines that checks draw: just inside of each nothing is said, just outside of it something is.
//!
//! Each row of [`LINES`] breaks the same thing by the last value that is well and by the first that is not.

use super::*;
use crate::facts::machine::{GroupFacts, Use};
use crate::facts::network::{ClockLook, NetworkFacts, ServerLook};

/// What is looked at, as a probe saw it.
fn seen<T>(probed: &mut Probed<T>) -> &mut T {
    match probed {
        Probed::Known(value) => value,
        Probed::Failed(reason) | Probed::NotApplicable(reason) => panic!("not looked at: {reason}"),
    }
}

fn traffic(facts: &mut Facts) -> &mut Traffic {
    seen(&mut facts.sessions[0].messages).traffic.as_mut().unwrap()
}

fn log(facts: &mut Facts) -> &mut LogFacts {
    seen(&mut facts.sessions[0].log)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap()
}

fn percent(used: i64) -> Use {
    Use { used: unsigned(used), limit: 100 }
}

fn group(facts: &mut Facts, group: GroupFacts) {
    facts.host.machine.group = Probed::Known(GroupFacts { name: "/tight".into(), ..group });
}

fn server(look: &mut Probed<ServerLook>) -> &mut ServerLook {
    seen(look)
}

/// A state that the session is in for so long.
fn for_long(facts: &mut Facts, named: State, reason: Reason, milliseconds: i64) {
    state(facts, named, reason);
    status(facts).since_ms = NOW_MS - milliseconds;
    traffic(facts).newest_event_ms = Some(NOW_MS - milliseconds);
}

/// A value on either side of a line that one check draws.
struct Line {
    id: &'static str,
    what: &'static str,
    facts: fn() -> Facts,
    set: fn(&mut Facts, i64),
    /// The last value of which nothing worse than `within` is said.
    inside: i64,
    /// The first one that is told, as bad as `severity`.
    outside: i64,
    /// What is said inside: nothing, or something less bad.
    within: Option<Severity>,
    severity: Severity,
}

const fn line(
    id: &'static str,
    what: &'static str,
    (inside, outside): (i64, i64),
    severity: Severity,
    set: fn(&mut Facts, i64),
) -> Line {
    Line { id, what, facts: whole, set, inside, outside, within: None, severity }
}

impl Line {
    /// Of a session whose daemon is stopped.
    const fn stopped(self) -> Line {
        Line { facts: stopped, ..self }
    }

    /// With something to be said on this side of the line, too.
    const fn from(self, within: Severity) -> Line {
        Line { within: Some(within), ..self }
    }
}

/// A value and the next one.
const fn above(most: i64) -> (i64, i64) {
    (most, most + 1)
}

/// A value and the one before it.
const fn below(least: i64) -> (i64, i64) {
    (least, least - 1)
}

const HOUR_MS: i64 = 60 * MINUTE_MS;
const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

const LINES: &[Line] = &[
    // ---- the machine
    line("wpp.host.memory", "memory in use, %", above(80), Warning, |facts, used| {
        let memory = seen(&mut facts.host.machine.memory);
        (memory.total_bytes, memory.available_bytes) = (100 * unsigned(GIB), unsigned((100 - used) * GIB));
    }),
    line("wpp.host.memory", "memory that is as good as used up, %", above(94), Error, |facts, used| {
        let memory = seen(&mut facts.host.machine.memory);
        (memory.total_bytes, memory.available_bytes) = (100 * unsigned(GIB), unsigned((100 - used) * GIB));
    })
    .from(Warning),
    line("wpp.host.memory-limit", "memory of a control group, %", above(80), Warning, |facts, used| {
        group(facts, GroupFacts { memory: Some(percent(used)), ..GroupFacts::default() });
    }),
    line("wpp.host.memory-pressure", "waiting for memory, tenths of a %", (99, 100), Warning, |facts, tenths| {
        seen(&mut facts.host.machine.memory_pressure).full_percent = tenths as f64 / 10.0;
    }),
    line("wpp.host.swap", "swap in use, %", (79, 80), Warning, |facts, used| {
        let memory = seen(&mut facts.host.machine.memory);
        (memory.total_bytes, memory.available_bytes) = (100, 19);
        (memory.swap_total_bytes, memory.swap_free_bytes) = (100, unsigned(100 - used));
    }),
    line("wpp.host.swap", "memory to be had beside a full swap, %", (20, 19), Warning, |facts, available| {
        let memory = seen(&mut facts.host.machine.memory);
        (memory.total_bytes, memory.available_bytes) = (100, unsigned(available));
        (memory.swap_total_bytes, memory.swap_free_bytes) = (100, 0);
    }),
    line("wpp.host.overcommit", "memory that the kernel promised, %", above(90), Warning, |facts, used| {
        seen(&mut facts.host.machine.memory).promised = Some(percent(used));
    }),
    line("wpp.host.open-files", "open files of the machine, %", above(80), Warning, |facts, used| {
        facts.host.machine.open_files = Probed::Known(percent(used));
    }),
    line("wpp.host.open-files-limit", "files that may be open", below(128), Warning, |facts, files| {
        seen(&mut facts.host.machine.limits).open_files = Some(unsigned(files));
    }),
    line("wpp.host.size-limits", "size of a file, bytes", below(4 * GIB), Warning, |facts, bytes| {
        seen(&mut facts.host.machine.limits).file_size_bytes = Some(unsigned(bytes));
    }),
    line("wpp.host.size-limits", "addresses to reserve, bytes", below(16 * GIB), Warning, |facts, bytes| {
        seen(&mut facts.host.machine.limits).address_space_bytes = Some(unsigned(bytes));
    }),
    line("wpp.host.tasks", "processes, %", above(80), Warning, |facts, used| {
        facts.host.machine.tasks = Probed::Known(percent(used));
    }),
    line("wpp.host.processor", "periods in which a group was held back, %", (24, 25), Warning, |facts, held| {
        group(facts, GroupFacts { held_back: Some(Use { used: unsigned(held * 10), limit: 1000 }), ..GroupFacts::default() });
    }),
    line("wpp.host.processor", "periods that tell it", (599, 600), Warning, |facts, periods| {
        let all = Use { used: unsigned(periods), limit: unsigned(periods) };
        group(facts, GroupFacts { held_back: Some(all), ..GroupFacts::default() });
    }),
    line("wpp.host.inodes", "inodes in use, %", (89, 90), Warning, |facts, used| {
        facts.host.machine.inodes = Probed::Known(percent(used));
    }),
    line("wpp.host.inodes", "inodes that are as good as used up, %", (98, 99), Error, |facts, used| {
        facts.host.machine.inodes = Probed::Known(percent(used));
    })
    .from(Warning),
    line("wpp.host.clock-behind", "something dated ahead, ms", above(MINUTE_MS), Warning, |facts, ahead| {
        seen(&mut facts.host.machine.newest)[0].at_ms = NOW_MS + ahead;
    }),
    line("wpp.host.clock-step", "a jump of the clock, ms", above(MINUTE_MS), Warning, |facts, jump| {
        let started_ms = status(facts).started_ms;
        seen(&mut facts.sessions[0].process).threads_began_ms = vec![started_ms + jump];
    }),
    line("wpp.host.disk-days-to-full", "days until the disk is full, tenths", (140, 139), Warning, |facts, tenths| {
        seen(&mut facts.host.disk_growth).days_to_full = Some(tenths as f64 / 10.0);
    }),
    line("wpp.host.disk-days-to-full", "days that leave no time to plan, tenths", (30, 29), Error, |facts, tenths| {
        seen(&mut facts.host.disk_growth).days_to_full = Some(tenths as f64 / 10.0);
    })
    .from(Warning),
    // ---- the home
    line("wpp.home.disk-space", "free of 100 GiB, bytes", below(10 * GIB), Warning, |facts, free| {
        facts.host.space = Probed::Known(Space { total_bytes: 100 << 30, free_bytes: unsigned(free) });
    }),
    line("wpp.home.disk-space", "hardly anything free of 100 GiB, bytes", below(GIB), Error, |facts, free| {
        facts.host.space = Probed::Known(Space { total_bytes: 100 << 30, free_bytes: unsigned(free) });
    })
    .from(Warning),
    line("wpp.home.disk-space", "free of a small disk, bytes", below(64 * MIB), Error, |facts, free| {
        facts.host.space = Probed::Known(Space { total_bytes: 100 << 20, free_bytes: unsigned(free) });
    }),
    line("wpp.schedule.not-installed", "nobody looked for what is due daily, ms", above(DAY_MS), Warning, |facts, age| {
        schedule(facts).looked_ms = Some(NOW_MS - age);
    }),
    line("wpp.security.secret-age", "age of a secret, ms", above(365 * DAY_MS), Warning, |facts, age| {
        seen(&mut facts.host.upkeep.secret_values)[0].written_ms = Some(NOW_MS - age);
    }),
    line("wpp.drill.stale", "the newest drill, ms", above(35 * DAY_MS), Warning, |facts, age| {
        seen(&mut facts.host.upkeep.drills).runs[0].at_ms = NOW_MS - age;
    }),
    // ---- backups
    line("wpp.backup.stale", "the newest backup, ms", above(26 * HOUR_MS), Warning, |facts, age| {
        backups(facts).whole_ms = Some(NOW_MS - age);
    }),
    line("wpp.backup.restore-unproven", "a restore that was seen, ms", above(35 * DAY_MS), Warning, |facts, age| {
        backups(facts).proven_ms = Some(NOW_MS - age);
    }),
    line("wpp.backup.set-stale", "the newest set of a gateway, ms", above(26 * HOUR_MS), Warning, |facts, age| {
        seen(&mut facts.host.upkeep.sets)[0].complete_ms = Some(NOW_MS - age);
    }),
    // ---- the network
    line("wpp.network.clock-skew", "two clocks, ms", above(MINUTE_MS), Warning, |facts, skew| {
        let NetworkFacts { endpoint, .. } = &mut facts.host.network;
        server(endpoint).clock = Some(ClockLook { server_ms: NOW_MS, here_ms: NOW_MS + skew });
    })
    .stopped(),
    // ---- a session and its daemon
    line("wpp.session.stream-lost", "the server was heard, ms", above(MINUTE_MS), Error, |facts, age| {
        status(facts).last_heard_ms = Some(NOW_MS - age);
    }),
    line("wpp.session.stream-lost", "no stream, ms", above(MINUTE_MS), Error, |facts, age| {
        for_long(facts, State::Reconnecting, Reason::ConnectionLost, age);
    }),
    line("wpp.session.reconnect-loop", "reconnects in the last hour", above(6), Error, |facts, count| {
        rows(facts).reconnects_last_hour = unsigned(count);
    }),
    line("wpp.session.reconnect-loop", "reconnects in an hour's life", above(6), Error, |facts, count| {
        seen(&mut facts.sessions[0].messages).rows = None;
        (status(facts).started_ms, status(facts).reconnects) = (NOW_MS - HOUR_MS, unsigned(count));
    }),
    line("wpp.session.crash-loop", "crashes in the last hour", (2, 3), Error, |facts, count| {
        journal(facts).crashes_last_hour = unsigned(count);
    }),
    line("wpp.session.transition-stuck", "connecting, ms", above(2 * MINUTE_MS), Error, |facts, age| {
        for_long(facts, State::Connecting, Reason::Normal, age);
    }),
    line("wpp.session.transition-stuck", "syncing, ms", above(5 * MINUTE_MS), Error, |facts, age| {
        for_long(facts, State::Syncing, Reason::Normal, age);
    }),
    line("wpp.session.transition-stuck", "booting, ms", above(90_000), Error, |facts, age| {
        for_long(facts, State::Booting, Reason::Normal, age);
    }),
    line("wpp.session.phone-unseen", "the phone was seen, ms", above(12 * DAY_MS), Warning, |facts, age| {
        traffic(facts).phone = PhoneSigns { seen_ms: Some(NOW_MS - age), unconfirmed: 9, known_from_ms: Some(0) };
    }),
    line("wpp.session.phone-unseen", "a phone that was never seen, ms", above(12 * DAY_MS), Warning, |facts, age| {
        traffic(facts).phone = PhoneSigns { seen_ms: None, unconfirmed: 9, known_from_ms: Some(NOW_MS - age) };
    }),
    line("wpp.session.phone-unseen", "messages that nobody confirmed", (2, 3), Warning, |facts, unconfirmed| {
        let long_ago = Some(NOW_MS - 20 * DAY_MS);
        traffic(facts).phone = PhoneSigns { seen_ms: None, unconfirmed: unsigned(unconfirmed), known_from_ms: long_ago };
    }),
    line("wpp.session.event-stale", "the newest event, ms", above(24 * HOUR_MS), Error, |facts, age| {
        facts.limits.event_age_hours_max = 24;
        status(facts).since_ms = NOW_MS - 100 * DAY_MS;
        traffic(facts).newest_event_ms = Some(NOW_MS - age);
    }),
    line("wpp.session.event-stale", "a change of state without an event, ms", above(MINUTE_MS), Error, |facts, age| {
        traffic(facts).newest_event_ms = Some(status(facts).since_ms - age);
    }),
    line("wpp.session.event-stale", "a change of state that is not written down yet, ms", above(1_000), Error, |facts, age| {
        status(facts).since_ms = NOW_MS - age;
        traffic(facts).newest_event_ms = Some(NOW_MS - HOUR_MS);
    }),
    line("wpp.session.outbox-backlog", "messages in the outbox", above(1000), Error, |facts, waiting| {
        (traffic(facts).waiting, traffic(facts).waiting_since_ms) = (unsigned(waiting), Some(NOW_MS));
    }),
    line("wpp.session.outbox-backlog", "the oldest message in the outbox, ms", above(600_000), Error, |facts, age| {
        (traffic(facts).waiting, traffic(facts).waiting_since_ms) = (1, Some(NOW_MS - age));
    }),
    line("wpp.session.outbox-paused", "a pause while messages wait, ms", above(HOUR_MS), Warning, |facts, age| {
        (traffic(facts).waiting, traffic(facts).waiting_since_ms) = (1, Some(NOW_MS));
        traffic(facts).paused_since_ms = Some(NOW_MS - age);
    }),
    line("wpp.session.outbox-rejected", "refused of 100", above(5), Warning, |facts, refused| {
        (traffic(facts).answered_day, traffic(facts).rejected_day) = (100, unsigned(refused));
    }),
    line("wpp.session.outbox-rejected", "messages that tell it", (19, 20), Warning, |facts, all| {
        (traffic(facts).answered_day, traffic(facts).rejected_day) = (unsigned(all), unsigned(all));
    }),
    line("wpp.session.undecryptable", "unreadable of 100", above(5), Error, |facts, bad| {
        (traffic(facts).received_day, traffic(facts).undecryptable_day) = (100, unsigned(bad));
    }),
    line("wpp.session.undecryptable", "messages that tell it", (19, 20), Error, |facts, all| {
        (traffic(facts).received_day, traffic(facts).undecryptable_day) = (unsigned(all), unsigned(all));
    }),
    line("wpp.session.ingest-lag", "what came in and is no message, ms", above(MINUTE_MS), Error, |facts, age| {
        (traffic(facts).unprojected, traffic(facts).unprojected_since_ms) = (1, Some(NOW_MS - age));
    }),
    line("wpp.session.lock-held", "a backup that goes on, ms", (HOUR_MS, HOUR_MS + 1000), Warning, |facts, age| {
        facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner("backup", age) });
    })
    .stopped(),
    line("wpp.session.log-rotation", "size of the log, bytes", above(11 * MIB), Warning, |facts, bytes| {
        log(facts).size_bytes = unsigned(bytes);
    }),
    line("wpp.session.log-rotation", "logs that lie beside it", above(6), Warning, |facts, count| {
        log(facts).rotated = unsigned(count);
    }),
    // ---- its stores
    line("wpp.store.prekeys-low", "one-time keys", below(20), Warning, |facts, keys| {
        store(facts).particulars.prekeys = Some((unsigned(keys), true));
    }),
    line(
        "wpp.store.prekeys-low",
        "a daemon that has had no time to upload keys, ms",
        above(2 * MINUTE_MS),
        Warning,
        |facts, age| {
            for_long(facts, State::Ready, Reason::Normal, age);
            store(facts).particulars.prekeys = Some((0, true));
        },
    ),
    line("wpp.store.write-log", "a write-ahead log, bytes", above(256 * MIB), Warning, |facts, bytes| {
        log(facts).messages_bytes = (0, unsigned(bytes));
    }),
];

/// The worst that a check says of some facts; `None` for nothing worse than a note.
fn worst(facts: &Facts, id: &str) -> Option<Severity> {
    let findings = examine(facts, &Selection::of(&[id.to_owned()])).findings;
    findings.iter().map(|finding| finding.severity).filter(|severity| *severity > Severity::Info).max()
}

#[test]
fn every_line_lies_where_it_is_said_to_lie() {
    let mut wrong = Vec::new();
    for line in LINES {
        for (value, expected) in [(line.inside, line.within), (line.outside, Some(line.severity))] {
            let mut facts = (line.facts)();
            (line.set)(&mut facts, value);
            let said = worst(&facts, line.id);
            if said != expected {
                wrong.push(format!("{}, {} of {value}: {said:?}, not {expected:?}", line.id, line.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
