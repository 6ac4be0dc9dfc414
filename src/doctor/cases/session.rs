//! What breaks a session and its daemon.

use super::*;
use crate::facts::machine::{ProgramFacts, ProgramNow};

/// A session whose daemon was killed.
pub(super) fn killed() -> Facts {
    let mut facts = stopped();
    let session = &mut facts.sessions[0];
    session.lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS) });
    session.socket = Probed::Known(SocketFacts::Stale);
    let started = Some(Moment { id: 3, at_ms: NOW_MS - MINUTE_MS });
    session.journal = Probed::Known(JournalFacts { started, lived: started, ..JournalFacts::default() });
    facts
}

fn copied(facts: &mut Facts, original: &str) {
    facts.sessions[0].rivals = Probed::Known(RivalFacts { copied_from: Some(original.into()), ..RivalFacts::default() });
}

/// What the server said last, as wpp.db has it.
fn said_last(facts: &mut Facts, reason: Reason, until_ms: Option<i64>) {
    rows(facts).last_word = Some(LastWord { state: State::Error, reason, at_ms: NOW_MS - MINUTE_MS, until_ms });
}

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
            let living =
                Some(LivingDaemon { pid: 4711, command, home: Some("/b".into()), folder: Some("/b/sessions/main".into()) });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living, ..RivalFacts::default() });
            facts.sessions[0].lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS) });
            facts.sessions[0].socket = Probed::Known(SocketFacts::Stale);
        },
        finds: &[("wpp.session.living-daemon", Critical)],
    },
    Case {
        what: "a copy in the place of the folder that a living daemon works in",
        facts: stopped,
        breaks: |facts| {
            let living = Some(LivingDaemon { pid: 4711, command: "wpp daemon".into(), home: None, folder: None });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living, ..RivalFacts::default() });
            facts.sessions[0].lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS) });
        },
        finds: &[("wpp.session.living-daemon", Critical)],
    },
    Case {
        what: "a copy of a session beside it, whose daemon was restarted since",
        facts: killed,
        breaks: |facts| {
            let folder = Some("/h/sessions/original".into());
            let living = Some(LivingDaemon { pid: 4711, command: "wpp daemon".into(), home: Some("/h".into()), folder });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { living, ..RivalFacts::default() });
        },
        finds: &[("wpp.session.living-daemon", Critical)],
    },
    Case {
        what: "a copy of a session of another home, while neither has a daemon",
        facts: killed,
        breaks: |facts| copied(facts, "/b/sessions/main"),
        finds: &[("wpp.session.two-homes", Error)],
    },
    Case {
        what: "a copy of a session of this home, while neither has a daemon",
        facts: killed,
        breaks: |facts| copied(facts, "/h/sessions/original"),
        finds: &[("wpp.session.two-homes", Error)],
    },
    Case {
        what: "a daemon that was killed during a ban that is not over",
        facts: killed,
        breaks: |facts| said_last(facts, Reason::TemporaryBan, Some(NOW_MS + MINUTE_MS)),
        finds: &[("wpp.session.daemon-died", Error), ("wpp.session.banned", Critical)],
    },
    Case {
        what: "a daemon that was killed after another client took its place",
        facts: killed,
        breaks: |facts| said_last(facts, Reason::StreamReplaced, None),
        finds: &[("wpp.session.daemon-died", Error), ("wpp.session.replaced", Error)],
    },
    Case {
        what: "a daemon that was killed after its version was refused",
        facts: killed,
        breaks: |facts| said_last(facts, Reason::ClientOutdated, None),
        finds: &[("wpp.session.daemon-died", Error), ("wpp.session.outdated", Error)],
    },
    Case {
        what: "a ban that is not over, and a daemon that was stopped in order",
        facts: stopped,
        breaks: |facts| said_last(facts, Reason::TemporaryBan, Some(NOW_MS + MINUTE_MS)),
        finds: &[("wpp.session.banned", Critical)],
    },
    Case {
        what: "a copy of hard links beside a home whose daemon runs",
        facts: stopped,
        breaks: |facts| {
            let other_home = Some(OtherHome { pid: 4711, home: "/b".into(), same_folder: false });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { other_home, ..RivalFacts::default() });
            facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner("daemon", 5 * MINUTE_MS) });
        },
        finds: &[("wpp.session.two-homes", Critical)],
    },
    Case {
        what: "two homes on one session by a link",
        facts: whole,
        breaks: |facts| {
            let other_home = Some(OtherHome { pid: 4711, home: "/b".into(), same_folder: true });
            facts.sessions[0].rivals = Probed::Known(RivalFacts { other_home, ..RivalFacts::default() });
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
    Case { what: "kill -9", facts: stopped, breaks: |facts| *facts = killed(), finds: &[("wpp.session.daemon-died", Error)] },
    Case {
        what: "a folder in the place of the lock, so that nobody can tell who works on the session",
        facts: stopped,
        breaks: |facts| {
            let session = &mut facts.sessions[0];
            session.paths.push(look("/h/sessions/main/LOCK", PathKind::Folder, 0o755));
            let failed = || "cannot open the lock: it is not an ordinary file".to_owned();
            (session.lock, session.rivals) = (Probed::Failed(failed()), Probed::Failed(failed()));
            (session.store, session.messages) = (Probed::Failed(failed()), Probed::Failed(failed()));
            (session.holders, session.process) = (Probed::Failed(failed()), Probed::Failed(failed()));
        },
        finds: &[("wpp.session.folder", Error)],
    },
    Case {
        what: "a lock that was left by a backup that was killed",
        facts: stopped,
        breaks: |facts| facts.sessions[0].lock = Probed::Known(LockFacts::Stale { owner: owner("backup", MINUTE_MS) }),
        finds: &[("wpp.session.stale-lock", Warning)],
    },
    Case {
        what: "a socket that was left by a daemon that was stopped in order",
        facts: stopped,
        breaks: |facts| facts.sessions[0].socket = Probed::Known(SocketFacts::Stale),
        finds: &[("wpp.session.stale-socket", Error)],
    },
    Case {
        what: "a daemon that died with nothing left but the journal's start",
        facts: stopped,
        breaks: |facts| {
            let started = Some(Moment { id: 3, at_ms: NOW_MS - 1 });
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
            facts.sessions[0].endpoints = Probed::NotApplicable("nobody asks".into());
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

/// What `--fix` would do about the facts, and everything that is told of them.
fn plan(facts: &Facts) -> Vec<Fix> {
    let findings = examine(facts, &Selection::default()).findings;
    fix::plan(&findings).into_iter().map(|planned| planned.fix).collect()
}

fn starts(facts: &Facts) -> bool {
    plan(facts).iter().any(|fix| matches!(fix, Fix::Run { .. }))
}

fn said(facts: &Facts, id: &str) -> Option<(Severity, String, String)> {
    let findings = examine(facts, &Selection::of(&[id.to_owned()])).findings;
    let finding = findings.into_iter().find(|finding| finding.severity > Severity::Ok)?;
    let remedy = finding.remedy.map(|remedy| format!("{}: {}", remedy.summary, remedy.command)).unwrap_or_default();
    Some((finding.severity, finding.summary, remedy))
}

#[test]
fn one_finding_tells_of_a_dead_daemon_with_all_that_it_left() {
    let findings = examine(&killed(), &Selection::default()).findings;
    let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    let [died] = bad[..] else { panic!("{bad:?}") };
    let seen = format!("{:?}", died.evidence);
    assert!(died.id == "wpp.session.daemon-died" && died.summary.contains("killed or it crashed"), "{died:?}");
    assert!(["process 4711 left its lock", "LOCK", "daemon.sock"].iter().all(|part| seen.contains(part)), "{seen}");
    // Who asks for one of the others is told, and can have it removed.
    for id in ["wpp.session.stale-lock", "wpp.session.stale-socket"] {
        let only = examine(&killed(), &Selection::of(&[id.to_owned()])).findings;
        assert!(only.len() == 1 && only[0].remedy.as_ref().is_some_and(|remedy| remedy.fix.is_some()), "{only:?}");
    }
    // The boot that it was started in is over.
    let mut facts = killed();
    for (then, now, restarted) in [("this", "this", false), ("that", "this", true)] {
        let Probed::Known(LockFacts::Stale { owner: Some(owner) }) = &mut facts.sessions[0].lock else { panic!() };
        owner.boot = Some(then.into());
        facts.host.boot = Some(now.into());
        let (_, summary, remedy) = said(&facts, "wpp.session.daemon-died").unwrap();
        assert_eq!(summary.contains("the machine was restarted"), restarted, "{summary}");
        assert!(remedy.ends_with("wpp start --session main"), "{remedy}");
    }
}

#[test]
fn what_died_is_started_unless_a_person_has_to_decide() {
    assert!(starts(&killed()));
    type Break = fn(&mut Facts);
    let kept: &[(&str, Break)] = &[
        ("a ban", |facts| said_last(facts, Reason::TemporaryBan, Some(NOW_MS + 1))),
        ("a ban of unknown length", |facts| said_last(facts, Reason::TemporaryBan, None)),
        ("replaced", |facts| said_last(facts, Reason::StreamReplaced, None)),
        ("outdated", |facts| said_last(facts, Reason::ClientOutdated, None)),
        ("a lockdown", |facts| facts.host.upkeep.lockdown_ms = Probed::Known(Some(NOW_MS))),
        ("a lockdown that could not be looked for", |facts| facts.host.upkeep.lockdown_ms = Probed::Failed("x".into())),
        ("a crash loop", |facts| journal(facts).crashes_last_hour = 3),
        ("a damaged store", |facts| store(facts).health = DatabaseHealth::Damaged { problems: vec!["x".into()] }),
        ("a store that lacks a table", |facts| {
            let fault =
                StoreFault { place: "table prekeys".into(), observed: "missing".into(), lost: "x".into(), is_vital: true };
            store(facts).faults.push(fault);
        }),
        ("a wpp.db that could not be read", |facts| facts.sessions[0].messages = Probed::Failed("x".into())),
        ("a copy", |facts| copied(facts, "/b/sessions/main")),
        ("a twin", |facts| {
            let twin = SessionFacts { name: "copy".into(), ..facts.sessions[0].clone() };
            facts.sessions.push(twin);
            note_twins(&mut facts.sessions);
        }),
    ];
    for (what, breaks) in kept {
        let mut facts = killed();
        breaks(&mut facts);
        assert!(!starts(&facts), "{what}: {:?}", plan(&facts));
        // Not when others are left out, either.
        let only = examine(&facts, &Selection::of(&["wpp.session.daemon-died".to_owned()])).findings;
        assert_eq!(fix::plan(&only), [], "{what}");
    }
    let fine: &[(&str, Break)] = &[
        ("a ban that is over", |facts| said_last(facts, Reason::TemporaryBan, Some(NOW_MS - 1))),
        ("an ordinary end", |facts| said_last(facts, Reason::ConnectFailure, None)),
        ("two crashes", |facts| journal(facts).crashes_last_hour = 2),
        ("outdated, and another wpp is here since", |facts| {
            said_last(facts, Reason::ClientOutdated, None);
            facts.host.version = "1.2.4".into();
        }),
    ];
    for (what, breaks) in fine {
        let mut facts = killed();
        breaks(&mut facts);
        assert!(starts(&facts), "{what}");
    }
}

#[test]
fn nothing_is_taken_away_from_a_copy_that_tells_what_it_is() {
    for original in ["/b/sessions/main", "/h/sessions/original"] {
        let mut facts = killed();
        copied(&mut facts, original);
        assert_eq!(plan(&facts), []);
        let (_, summary, remedy) = said(&facts, "wpp.session.two-homes").unwrap();
        assert!(summary.contains(original) && remedy.contains("decide"), "{summary} {remedy}");
    }
}

#[test]
fn after_a_stop_nothing_has_died() {
    let mut facts = killed();
    journal(&mut facts).stopped = Some(Moment { id: 4, at_ms: NOW_MS - MINUTE_MS / 2 });
    assert_eq!(said(&facts, "wpp.session.daemon-died"), None);
    // A daemon that took the lock after that stop, and died before it wrote down its start.
    facts.sessions[0].lock = Probed::Known(LockFacts::Stale { owner: owner("daemon", MINUTE_MS / 4) });
    assert!(said(&facts, "wpp.session.daemon-died").is_some());
    // One that was started while others looked.
    let mut facts = stopped();
    journal(&mut facts).started = Some(Moment { id: 5, at_ms: NOW_MS });
    assert_eq!(said(&facts, "wpp.session.daemon-died"), None);
    journal(&mut facts).started = Some(Moment { id: 5, at_ms: NOW_MS - 1 });
    assert!(said(&facts, "wpp.session.daemon-died").is_some());
}

#[test]
fn a_restore_or_a_reset_that_goes_on_explains_what_is_missing() {
    type Break = fn(&mut Facts);
    let missing: &[(&str, Break)] = &[
        ("wpp.session.folder", |facts| facts.sessions[0].paths[0].seen = Probed::Known(None)),
        ("wpp.store.not-paired", |facts| facts.sessions[0].store = Probed::NotApplicable("there is none".into())),
        ("wpp.store.not-paired", |facts| store(facts).paired = Some(false)),
        ("wpp.store.messages-damaged", |facts| facts.sessions[0].messages = Probed::NotApplicable("there is none".into())),
        ("wpp.store.session-damaged", |facts| {
            store(facts).health = DatabaseHealth::Damaged { problems: vec!["the file is empty".into()] }
        }),
        ("wpp.restore.wake-owed", |facts| {
            journal(facts).wake_owed = Some(Moment { id: 4, at_ms: NOW_MS });
        }),
    ];
    for (id, breaks) in missing {
        let mut facts = stopped();
        breaks(&mut facts);
        assert!(said(&facts, id).unwrap().0 >= Warning, "{id}");
        for verb in ["restore", "reset"] {
            let mut by_journal = facts.clone();
            let act = OpenAct { id: 7, verb: verb.into(), at_ms: NOW_MS, pid: 1, alive: true };
            journal(&mut by_journal).replacing = Some(act);
            let mut by_lock = facts.clone();
            by_lock.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner(verb, 10) });
            for facts in [by_journal, by_lock] {
                let (severity, summary, _) = said(&facts, id).unwrap();
                assert!(
                    severity == Severity::Info && summary.contains(&format!("being replaced by a {verb}")),
                    "{id}: {summary}"
                );
            }
        }
    }
    // What a reset has removed is not gone.
    let mut facts = stopped();
    facts.sessions[0].paths[0].seen = Probed::Known(None);
    journal(&mut facts).removed = Some(Moment { id: 9, at_ms: NOW_MS });
    assert_eq!(said(&facts, "wpp.session.folder").unwrap().0, Severity::Info);
}

#[test]
fn a_session_that_is_stopped_is_not_to_be_started_as_it_is_while_something_stands_against_it() {
    assert!(said(&stopped(), "wpp.session.state").unwrap().2.ends_with("wpp start --session main"));
    let mut facts = stopped();
    store(&mut facts).health = DatabaseHealth::Damaged { problems: vec!["x".into()] };
    let (_, _, remedy) = said(&facts, "wpp.session.state").unwrap();
    assert!(remedy.contains("session.db") && !remedy.contains("wpp start"), "{remedy}");
    // Another client has the place: nobody is sent back into the fight.
    let mut facts = whole();
    state(&mut facts, State::Error, Reason::StreamReplaced);
    for id in ["wpp.session.replaced", "wpp.session.state"] {
        let (_, _, remedy) = said(&facts, id).unwrap();
        assert!(remedy.contains("find the other client") && !remedy.ends_with("restart --session main"), "{id}: {remedy}");
    }
}

#[test]
fn of_two_sessions_with_one_devices_keys_the_copy_is_to_be_reset() {
    let mut facts = stopped();
    facts.host.session_names = Probed::Known(vec!["a-copy".into(), "main".into()]);
    journal(&mut facts).lived = Some(Moment { id: 1, at_ms: NOW_MS - MINUTE_MS });
    let mut copy = SessionFacts { name: "a-copy".into(), ..facts.sessions[0].clone() };
    copy.journal = Probed::Known(JournalFacts::default());
    facts.sessions.insert(0, copy);
    let reset = |facts: &Facts| said(facts, "wpp.store.twins").unwrap().2;
    assert!(reset(&facts).contains("reset --dry-run --session a-copy"), "{}", reset(&facts));
    // Both were used, or nobody knows.
    for journal in [facts.sessions[1].journal.clone(), Probed::Failed("x".into())] {
        facts.sessions[0].journal = journal;
        assert!(!reset(&facts).contains("reset --dry-run"), "{}", reset(&facts));
    }
    facts.sessions[0].rivals =
        Probed::Known(RivalFacts { copied_from: Some("/h/sessions/main".into()), ..RivalFacts::default() });
    assert!(reset(&facts).contains("reset --dry-run --session a-copy"));
}
