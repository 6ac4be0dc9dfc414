//! What breaks the flow through a session, and who may not have its databases open.

use super::*;

fn traffic(facts: &mut Facts) -> &mut Traffic {
    match &mut facts.sessions[0].messages {
        Probed::Known(MessagesFacts { traffic: Some(traffic), .. }) => traffic,
        other => panic!("{other:?}"),
    }
}

fn holders(facts: &mut Facts) -> &mut HoldersFacts {
    match &mut facts.sessions[0].holders {
        Probed::Known(holders) => holders,
        other => panic!("{other:?}"),
    }
}

fn log(facts: &mut Facts) -> &mut LogFacts {
    match &mut facts.sessions[0].log {
        Probed::Known(log) => log,
        other => panic!("{other:?}"),
    }
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a message that was queued while the clock was years ahead",
        facts: whole,
        breaks: |facts| {
            let traffic = traffic(facts);
            (traffic.waiting, traffic.waiting_since_ms) = (1, Some(NOW_MS + 400 * DAY_MS));
            traffic.due_last_ms = Some(NOW_MS + 400 * DAY_MS);
        },
        finds: &[("wpp.session.outbox-backlog", Error)],
    },
    Case {
        what: "what came in while the clock was years ahead",
        facts: whole,
        breaks: |facts| {
            let traffic = traffic(facts);
            (traffic.unprojected, traffic.unprojected_since_ms) = (1, Some(NOW_MS + 400 * DAY_MS));
        },
        finds: &[("wpp.session.ingest-lag", Error)],
    },
    Case {
        what: "somebody who writes beside the daemon",
        facts: whole,
        breaks: |facts| {
            if let Probed::Known(DaemonLook::Answered(status)) = &mut facts.sessions[0].daemon {
                status.edited_ms = Some(NOW_MS - MINUTE_MS);
            }
        },
        finds: &[("wpp.store.edited", Error)],
    },
    Case {
        what: "an endpoint that fails",
        facts: whole,
        breaks: |facts| {
            facts.sessions[0].endpoints = Probed::Known(vec![EndpointLook { path: "/metrics".into(), status: Ok(500) }]);
        },
        finds: &[("wpp.session.endpoints", Error)],
    },
    Case {
        what: "a client that WhatsApp no longer takes",
        facts: whole,
        breaks: |facts| state(facts, State::Error, Reason::ClientOutdated),
        finds: &[("wpp.session.outdated", Error)],
    },
    Case {
        what: "a connection that has been made for ten minutes",
        facts: whole,
        breaks: |facts| {
            state(facts, State::Connecting, Reason::Normal);
            status(facts).since_ms = NOW_MS - 10 * MINUTE_MS;
            traffic(facts).newest_event_ms = Some(NOW_MS - 10 * MINUTE_MS);
        },
        finds: &[("wpp.session.transition-stuck", Error)],
    },
    Case {
        what: "a backlog that is fetched for ten minutes",
        facts: whole,
        breaks: |facts| {
            state(facts, State::Syncing, Reason::Normal);
            status(facts).since_ms = NOW_MS - 10 * MINUTE_MS;
        },
        finds: &[("wpp.session.transition-stuck", Error)],
    },
    Case {
        what: "a daemon that boots for minutes",
        facts: whole,
        breaks: |facts| {
            state(facts, State::Booting, Reason::Normal);
            status(facts).since_ms = NOW_MS - 3 * MINUTE_MS;
        },
        finds: &[("wpp.session.transition-stuck", Error)],
    },
    Case {
        what: "a daemon that systemd starts again and again",
        facts: whole,
        breaks: |facts| journal(facts).crashes_last_hour = 3,
        finds: &[("wpp.session.crash-loop", Error)],
    },
    Case {
        what: "a daemon that was sent to sleep with Ctrl-Z",
        facts: whole,
        breaks: |facts| {
            holders(facts).lock_state = Some('T');
            facts.sessions[0].daemon = Probed::Known(DaemonLook::Mute { what: "it did not answer within 3 s".into() });
        },
        finds: &[("wpp.session.suspended", Error)],
    },
    Case {
        what: "a store that cannot be written to",
        facts: whole,
        breaks: |facts| state(facts, State::Error, Reason::StoreFailure),
        finds: &[("wpp.session.state", Error)],
    },
    Case {
        what: "a zombie",
        facts: whole,
        breaks: |facts| holders(facts).lock_state = Some('Z'),
        finds: &[("wpp.session.suspended", Error)],
    },
    Case {
        what: "a second daemon on a shared folder",
        facts: whole,
        breaks: |facts| holders(facts).files.push(held(4712, "session.db", HeldPlace::InPlace)),
        finds: &[("wpp.session.two-daemons", Critical)],
    },
    Case {
        what: "an editor of SQLite on the messages",
        facts: whole,
        breaks: |facts| holders(facts).files.push(held(4712, "wpp.db", HeldPlace::InPlace)),
        finds: &[("wpp.session.two-daemons", Error)],
    },
    Case {
        what: "an editor of SQLite in the middle of a transaction",
        facts: stopped,
        breaks: |facts| {
            holders(facts).files.push(HeldFile { is_writing: true, ..held(4712, "wpp.db", HeldPlace::InPlace) });
        },
        finds: &[("wpp.store.busy", Warning), ("wpp.session.unlocked-holder", Error)],
    },
    Case {
        what: "root in the middle of a transaction, as far as its locks tell",
        facts: stopped,
        breaks: |facts| {
            let file = HeldFile { is_writing: true, is_hidden: true, ..held(4712, "session.db", HeldPlace::InPlace) };
            holders(facts).files.push(file);
        },
        finds: &[("wpp.store.busy", Warning), ("wpp.session.unlocked-holder", Error)],
    },
    Case {
        what: "the same beside the daemon",
        facts: whole,
        breaks: |facts| {
            let file = HeldFile { is_writing: true, is_hidden: true, ..held(4712, "session.db", HeldPlace::InPlace) };
            holders(facts).files.push(file);
        },
        finds: &[("wpp.store.busy", Warning), ("wpp.session.two-daemons", Critical)],
    },
    Case {
        what: "a daemon whose LOCK somebody removed",
        facts: stopped,
        breaks: |facts| holders(facts).files.push(held(4712, "session.db", HeldPlace::InPlace)),
        finds: &[("wpp.session.unlocked-holder", Error)],
    },
    Case {
        what: "an old daemon that outlived a reset",
        facts: stopped,
        breaks: |facts| holders(facts).files.push(held(4712, "session.db", HeldPlace::Gone)),
        finds: &[("wpp.session.deleted-files", Error)],
    },
    Case {
        what: "an old daemon that outlived a restore",
        facts: whole,
        breaks: |facts| holders(facts).files.push(held(4712, "session.db", HeldPlace::SetAside)),
        finds: &[("wpp.store.copy-in-use", Critical)],
    },
    Case {
        what: "cp over the database of a running daemon",
        facts: whole,
        breaks: |facts| holders(facts).files[1].place = HeldPlace::Gone,
        finds: &[("wpp.store.swapped", Critical)],
    },
    Case {
        what: "states change, and events are not written down",
        facts: whole,
        breaks: |facts| traffic(facts).newest_event_ms = Some(NOW_MS - 60 * MINUTE_MS),
        finds: &[("wpp.session.event-stale", Error)],
    },
    Case {
        what: "a session that is never quiet is quiet",
        facts: whole,
        breaks: |facts| {
            facts.limits.event_age_hours_max = 2;
            status(facts).since_ms = NOW_MS - DAY_MS;
            traffic(facts).newest_event_ms = Some(NOW_MS - 3 * 60 * MINUTE_MS);
        },
        finds: &[("wpp.session.event-stale", Error)],
    },
    Case {
        what: "a phone that confirms nothing for two weeks",
        facts: whole,
        breaks: |facts| {
            let from = Some(NOW_MS - 13 * DAY_MS);
            traffic(facts).phone = PhoneSigns { seen_ms: None, unconfirmed: 3, known_from_ms: from };
        },
        finds: &[("wpp.session.phone-unseen", Warning)],
    },
    Case {
        what: "a phone of which the server says that it is off",
        facts: whole,
        breaks: |facts| state(facts, State::Ready, Reason::PhoneOffline),
        finds: &[("wpp.session.phone-unseen", Warning)],
    },
    Case {
        what: "a message that has waited for an hour",
        facts: whole,
        breaks: |facts| {
            (traffic(facts).waiting, traffic(facts).waiting_since_ms) = (1, Some(NOW_MS - 60 * MINUTE_MS));
        },
        finds: &[("wpp.session.outbox-backlog", Error)],
    },
    Case {
        what: "more messages than should wait, and no daemon",
        facts: stopped,
        breaks: |facts| {
            (traffic(facts).waiting, traffic(facts).waiting_since_ms) = (1001, Some(NOW_MS - 1000));
        },
        finds: &[("wpp.session.outbox-backlog", Error)],
    },
    Case {
        what: "a pause that somebody forgot",
        facts: whole,
        breaks: |facts| {
            (traffic(facts).waiting, traffic(facts).waiting_since_ms) = (4, Some(NOW_MS - 60 * MINUTE_MS));
            traffic(facts).paused_since_ms = Some(NOW_MS - DAY_MS);
        },
        finds: &[("wpp.session.outbox-paused", Warning)],
    },
    Case {
        what: "a server that refuses much",
        facts: whole,
        breaks: |facts| (traffic(facts).answered_day, traffic(facts).rejected_day) = (100, 6),
        finds: &[("wpp.session.outbox-rejected", Warning)],
    },
    Case {
        what: "what came in and is no message",
        facts: whole,
        breaks: |facts| (traffic(facts).unprojected, traffic(facts).unprojected_since_ms) = (1, Some(NOW_MS - 2 * MINUTE_MS)),
        finds: &[("wpp.session.ingest-lag", Error)],
    },
    Case {
        what: "ratchets that do not fit",
        facts: whole,
        breaks: |facts| (traffic(facts).received_day, traffic(facts).undecryptable_day) = (20, 2),
        finds: &[("wpp.session.undecryptable", Error)],
    },
    Case {
        what: "a log that nobody rotates",
        facts: stopped,
        breaks: |facts| log(facts).size_bytes = 12 << 20,
        finds: &[("wpp.session.log-rotation", Warning)],
    },
    Case {
        what: "old logs that pile up",
        facts: whole,
        breaks: |facts| log(facts).rotated = 7,
        finds: &[("wpp.session.log-rotation", Warning)],
    },
    Case {
        what: "a number in the log",
        facts: whole,
        breaks: |facts| {
            log(facts).leaks.found = vec![Leak { file: "/l".into(), kind: LeakKind::Number, times: 2 }];
        },
        finds: &[("wpp.session.log-leaks", Error)],
    },
    Case {
        what: "what somebody wrote in the log",
        facts: whole,
        breaks: |facts| match &mut facts.sessions[0].messages {
            Probed::Known(messages) => messages.texts_in_log = Some(1),
            other => panic!("{other:?}"),
        },
        finds: &[("wpp.session.log-leaks", Error)],
    },
    Case {
        what: "a store of a newer wpp",
        facts: stopped,
        breaks: |facts| store(facts).particulars.last_migration = Some("20991231000001".into()),
        finds: &[("wpp.store.migrations", Error)],
    },
    Case {
        what: "a store of an older wpp that nobody started since",
        facts: stopped,
        breaks: |facts| store(facts).particulars.last_migration = Some("20250101000001".into()),
        finds: &[("wpp.store.migrations", Warning)],
    },
    Case {
        what: "a store that is migrated in part under a running daemon",
        facts: whole,
        breaks: |facts| store(facts).particulars.last_migration = Some("20250101000001".into()),
        finds: &[("wpp.store.migrations", Error)],
    },
    Case {
        what: "a store that is none",
        facts: stopped,
        breaks: |facts| store(facts).particulars.last_migration = None,
        finds: &[("wpp.store.migrations", Error)],
    },
    Case {
        what: "messages of a newer wpp",
        facts: stopped,
        breaks: |facts| match &mut facts.sessions[0].messages {
            Probed::Known(messages) => messages.version = Some(VERSION + 1),
            other => panic!("{other:?}"),
        },
        finds: &[("wpp.store.migrations", Error)],
    },
    Case {
        what: "the messages of another account",
        facts: stopped,
        breaks: |facts| match &mut facts.sessions[0].messages {
            Probed::Known(messages) => messages.account = Some(99),
            other => panic!("{other:?}"),
        },
        finds: &[("wpp.store.two-identities", Critical)],
    },
    Case {
        what: "a store with two devices",
        facts: stopped,
        breaks: |facts| store(facts).particulars.devices = Some(2),
        finds: &[("wpp.store.two-identities", Critical)],
    },
    Case {
        what: "one-time keys that run out",
        facts: whole,
        breaks: |facts| store(facts).particulars.prekeys = Some((19, true)),
        finds: &[("wpp.store.prekeys-low", Warning)],
    },
    Case {
        what: "one-time keys that the server hands out and nobody has",
        facts: stopped,
        breaks: |facts| store(facts).particulars.prekeys = Some((0, true)),
        finds: &[("wpp.store.prekeys-low", Error)],
    },
    Case {
        what: "one-time keys that the server does not have",
        facts: whole,
        breaks: |facts| store(facts).particulars.prekeys = Some((800, false)),
        finds: &[("wpp.store.prekeys-low", Error)],
    },
    Case {
        what: "a write-ahead log that nobody empties",
        facts: whole,
        breaks: |facts| log(facts).messages_bytes = (1 << 20, 300 << 20),
        finds: &[("wpp.store.write-log", Warning)],
    },
];
