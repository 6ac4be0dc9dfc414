//! What breaks a session and its daemon.

use super::*;
use crate::facts::machine::{ProgramFacts, ProgramNow};

pub(super) const CASES: &[Case] = &[
    Case {
        what: "the session's folder is gone",
        facts: stopped,
        breaks: |facts| facts.sessions[0].paths[0].seen = Probed::Known(None),
        finds: &[("wpp.session.folder", Critical)],
    },
    Case {
        what: "a session's folder that its owner cannot open",
        facts: stopped,
        breaks: |facts| {
            let session = &mut facts.sessions[0];
            session.paths.truncate(1);
            mode(&mut session.paths[0], 0o000);
            let mut names = session.paths[0].clone();
            names.seen = Probed::Failed("permission denied".into());
            session.paths.push(names);
            session.lock = Probed::Failed("permission denied".into());
            session.socket = Probed::Failed("permission denied".into());
            session.daemon = Probed::Failed("permission denied".into());
            session.store = Probed::Failed("permission denied".into());
            session.messages = Probed::Failed("permission denied".into());
        },
        finds: &[("wpp.session.folder", Critical)],
    },
    Case {
        what: "a restore was cut off",
        facts: stopped,
        breaks: |facts| {
            let act = OpenAct { id: 7, verb: "restore".into(), at_ms: NOW_MS - MINUTE_MS, pid: 1, alive: false };
            facts.sessions[0].journal = Probed::Known(JournalFacts { open: vec![act], ..JournalFacts::default() });
        },
        finds: &[("wpp.session.interrupted", Error)],
    },
    Case {
        what: "a symbolic link in the session's folder",
        facts: stopped,
        breaks: |facts| {
            let mut link = look("/h/sessions/main/wpp.db", PathKind::File, 0o777);
            link.seen = Probed::Known(Some(PathSeen { kind: PathKind::Link, mode: 0o777, owner: 1000 }));
            facts.sessions[0].paths.push(link);
        },
        finds: &[("wpp.session.files", Error)],
    },
    Case {
        what: "credentials and a socket that others can open",
        facts: whole,
        breaks: |facts| {
            mode(&mut facts.sessions[0].paths[1], 0o644);
            mode(&mut facts.sessions[0].paths[2], 0o666);
        },
        finds: &[("wpp.session.modes", Critical), ("wpp.session.modes", Error)],
    },
    Case {
        what: "a folder that its owner cannot write to",
        facts: stopped,
        breaks: |facts| mode(&mut facts.sessions[0].paths[0], 0o500),
        finds: &[("wpp.session.modes", Error)],
    },
    Case {
        what: "a store that belongs to root",
        facts: stopped,
        breaks: |facts| {
            let seen = PathSeen { kind: PathKind::File, mode: 0o600, owner: 0 };
            facts.sessions[0].paths[1].seen = Probed::Known(Some(seen));
        },
        finds: &[("wpp.session.owners", Critical)],
    },
    Case {
        what: "an emptied folder: a volume that is not mounted",
        facts: stopped,
        breaks: |facts| {
            facts.sessions[0].paths.truncate(1);
            journal(facts).lived = Some(Moment { id: 1, at_ms: NOW_MS - DAY_MS });
            facts.sessions[0].store = Probed::NotApplicable("there is no session.db yet".into());
            facts.sessions[0].messages = Probed::NotApplicable("there is no wpp.db yet".into());
        },
        finds: &[("wpp.session.files-gone", Critical)],
    },
    Case {
        what: "a pipe where the session's folder should be",
        facts: stopped,
        breaks: |facts| {
            let seen = PathSeen { kind: PathKind::Other, mode: 0o600, owner: 1000 };
            facts.sessions[0].paths[0].seen = Probed::Known(Some(seen));
        },
        finds: &[("wpp.session.folder", Critical)],
    },
    Case {
        what: "a copy of a home whose daemon lives",
        facts: stopped,
        breaks: |facts| {
            let command = "wpp --home /b daemon".into();
            let living = Some(LivingDaemon { pid: 4711, command, home: Some("/b".into()) });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living, other_home: None });
            facts.sessions[0].lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS) });
            facts.sessions[0].socket = Probed::Known(SocketFacts::Stale);
        },
        finds: &[("wpp.session.living-daemon", Critical)],
    },
    Case {
        what: "a copy in the place of the folder that a living daemon works in",
        facts: stopped,
        breaks: |facts| {
            let living = Some(LivingDaemon { pid: 4711, command: "wpp daemon".into(), home: None });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living, other_home: None });
            facts.sessions[0].lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS) });
        },
        finds: &[("wpp.session.living-daemon", Critical)],
    },
    Case {
        what: "a copy of hard links beside a home whose daemon runs",
        facts: stopped,
        breaks: |facts| {
            let other_home = Some(OtherHome { pid: 4711, home: "/b".into(), same_folder: false });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living: None, other_home });
            facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner("daemon", 5 * MINUTE_MS) });
        },
        finds: &[("wpp.session.two-homes", Critical)],
    },
    Case {
        what: "two homes on one session by a link",
        facts: whole,
        breaks: |facts| {
            let other_home = Some(OtherHome { pid: 4711, home: "/b".into(), same_folder: true });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living: None, other_home });
        },
        finds: &[("wpp.session.two-homes", Error)],
    },
    Case {
        what: "a program that was replaced under the daemon",
        facts: whole,
        breaks: |facts| {
            let Probed::Known(process) = &mut facts.sessions[0].process else { panic!() };
            process.program = Probed::Known(ProgramFacts { path: "/usr/bin/wpp".into(), now: ProgramNow::Another });
        },
        finds: &[("wpp.session.program-replaced", Warning)],
    },
    Case {
        what: "a program that was removed under the daemon",
        facts: whole,
        breaks: |facts| {
            let Probed::Known(process) = &mut facts.sessions[0].process else { panic!() };
            process.program = Probed::Known(ProgramFacts { path: "/usr/bin/wpp".into(), now: ProgramNow::Gone });
        },
        finds: &[("wpp.session.program-replaced", Warning)],
    },
    Case {
        what: "lock contention: a daemon that holds the lock and does not listen",
        facts: stopped,
        breaks: |facts| facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner("daemon", 5 * MINUTE_MS) }),
        finds: &[("wpp.session.lock-held", Error)],
    },
    Case {
        what: "a lock that nobody signed",
        facts: stopped,
        breaks: |facts| facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: None }),
        finds: &[("wpp.session.lock-held", Error)],
    },
    Case {
        what: "a backup that has run for hours",
        facts: stopped,
        breaks: |facts| facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner("backup", 200 * MINUTE_MS) }),
        finds: &[("wpp.session.lock-held", Warning)],
    },
    Case {
        what: "kill -9",
        facts: stopped,
        breaks: |facts| {
            let session = &mut facts.sessions[0];
            session.lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS) });
            session.socket = Probed::Known(SocketFacts::Stale);
            session.journal =
                Probed::Known(JournalFacts { started: Some(Moment { id: 3, at_ms: NOW_MS }), ..JournalFacts::default() });
        },
        finds: &[("wpp.session.stale-lock", Warning), ("wpp.session.stale-socket", Error), ("wpp.session.daemon-died", Error)],
    },
    Case {
        what: "a daemon that died with nothing left but the journal's start",
        facts: stopped,
        breaks: |facts| {
            let started = Some(Moment { id: 3, at_ms: NOW_MS });
            facts.sessions[0].journal = Probed::Known(JournalFacts { started, ..JournalFacts::default() });
        },
        finds: &[("wpp.session.daemon-died", Error)],
    },
    Case {
        what: "a listener without the lock",
        facts: whole,
        breaks: |facts| facts.sessions[0].lock = Probed::Known(LockFacts::Absent),
        finds: &[("wpp.session.daemon-died", Error)],
    },
    Case {
        what: "a daemon that lost its listener",
        facts: whole,
        breaks: |facts| {
            facts.sessions[0].socket = Probed::Known(SocketFacts::Stale);
            facts.sessions[0].daemon = Probed::NotApplicable("no daemon listens".into());
        },
        finds: &[("wpp.session.lock-held", Error), ("wpp.session.stale-socket", Error)],
    },
    Case {
        what: "somebody else's socket",
        facts: stopped,
        breaks: |facts| facts.sessions[0].socket = Probed::Known(SocketFacts::Foreign { owner: 1001 }),
        finds: &[("wpp.session.foreign-socket", Critical)],
    },
    Case {
        what: "a process of another user that listens on a socket that it gave away",
        facts: stopped,
        breaks: |facts| {
            facts.sessions[0].socket = Probed::Known(SocketFacts::ForeignListener { user: 1001, pid: Some(4712) });
            facts.sessions[0].daemon = Probed::NotApplicable("it was asked nothing".into());
        },
        finds: &[("wpp.session.foreign-socket", Critical)],
    },
    Case {
        what: "a process that listens in the place of the daemon that holds the lock",
        facts: whole,
        breaks: |facts| facts.sessions[0].socket = Probed::Known(SocketFacts::Listening { pid: Some(4712) }),
        finds: &[("wpp.session.foreign-socket", Error)],
    },
    Case {
        what: "a file where the socket should be",
        facts: stopped,
        breaks: |facts| facts.sessions[0].socket = Probed::Known(SocketFacts::NotASocket { kind: PathKind::File }),
        finds: &[("wpp.session.foreign-socket", Error)],
    },
    Case {
        what: "a daemon that hangs",
        facts: whole,
        breaks: |facts| {
            facts.sessions[0].daemon = Probed::Known(DaemonLook::Mute { what: "it did not answer within 3 s".into() })
        },
        finds: &[("wpp.session.daemon-silent", Error)],
    },
    Case {
        what: "another session's daemon on this socket",
        facts: whole,
        breaks: |facts| status(facts).session = "other".into(),
        finds: &[("wpp.session.daemon-silent", Error)],
    },
    Case {
        what: "an old daemon after an upgrade",
        facts: whole,
        breaks: |facts| status(facts).version = "1.2.2".into(),
        finds: &[("wpp.session.version-skew", Warning)],
    },
    Case {
        what: "auth required: the phone removed the device",
        facts: whole,
        breaks: |facts| {
            state(facts, State::AuthRequired, Reason::LoggedOut);
            rows(facts).logged_out_ms = Some(NOW_MS);
        },
        finds: &[("wpp.session.auth-required", Error), ("wpp.store.not-paired", Error)],
    },
    Case {
        what: "never linked",
        facts: whole,
        breaks: |facts| {
            state(facts, State::AuthRequired, Reason::NotPaired);
            rows(facts).was_linked = false;
            store(facts).paired = Some(false);
        },
        finds: &[("wpp.session.auth-required", Warning), ("wpp.store.not-paired", Warning)],
    },
    Case {
        what: "replaced by another client",
        facts: whole,
        breaks: |facts| state(facts, State::Error, Reason::StreamReplaced),
        finds: &[("wpp.session.replaced", Error)],
    },
    Case {
        what: "a ban",
        facts: whole,
        breaks: |facts| state(facts, State::Error, Reason::TemporaryBan),
        finds: &[("wpp.session.banned", Critical)],
    },
    Case {
        what: "a reconnect loop",
        facts: whole,
        breaks: |facts| {
            state(facts, State::Reconnecting, Reason::ConnectFailure);
            status(facts).since_ms = NOW_MS - 2000;
            rows(facts).reconnects_last_hour = 40;
        },
        finds: &[("wpp.session.reconnect-loop", Error)],
    },
    Case {
        what: "a reconnect loop that only the daemon's own counter tells of",
        facts: whole,
        breaks: |facts| {
            facts.sessions[0].messages = Probed::Failed("busy".into());
            status(facts).reconnects = 9;
        },
        finds: &[
            ("wpp.session.reconnect-loop", Error),
            ("wpp.store.messages-damaged", Unknown),
            ("wpp.store.not-paired", Unknown),
        ],
    },
    Case {
        what: "stream lost: READY, and nothing heard for minutes",
        facts: whole,
        breaks: |facts| status(facts).last_heard_ms = Some(NOW_MS - 3 * MINUTE_MS),
        finds: &[("wpp.session.stream-lost", Error)],
    },
    Case {
        what: "stream lost: reconnecting for minutes",
        facts: whole,
        breaks: |facts| state(facts, State::Reconnecting, Reason::KeepaliveTimeout),
        finds: &[("wpp.session.stream-lost", Error)],
    },
    Case {
        what: "search degraded",
        facts: whole,
        breaks: |facts| {
            status(facts).search_mode = SearchMode::Degraded;
            let Probed::Known(messages) = &mut facts.sessions[0].messages else { panic!() };
            messages.search_index = SearchIndex::OutOfStep { what: "it ends at message 3 of 4".into() };
        },
        finds: &[("wpp.session.search-degraded", Warning), ("wpp.store.index-out-of-step", Warning)],
    },
    Case {
        what: "a restore with fresh keys whose phone was not woken, the daemon READY",
        facts: whole,
        breaks: |facts| journal(facts).wake_owed = Some(Moment { id: 4, at_ms: NOW_MS - 9 * MINUTE_MS }),
        finds: &[("wpp.restore.wake-owed", Warning)],
    },
    Case {
        what: "the same, and nobody has started the daemon since",
        facts: stopped,
        breaks: |facts| journal(facts).wake_owed = Some(Moment { id: 4, at_ms: NOW_MS - 9 * MINUTE_MS }),
        finds: &[("wpp.restore.wake-owed", Warning)],
    },
];
