//! Looks of which a part failed: what was seen beside it never makes a check say ok.

use super::*;

/// A part of what a check looks at cannot be read.
struct Part {
    what: &'static str,
    breaks: fn(&mut Facts),
    /// The checks that then do not know.
    unknown: &'static [&'static str],
}

fn reason() -> String {
    "as if".into()
}

fn unseen(looks: &mut Probed<Vec<PathLook>>) {
    match looks {
        Probed::Known(looks) => looks.push(PathLook { seen: Probed::Failed(reason()), ..looks[0].clone() }),
        other => panic!("{other:?}"),
    }
}

fn leaks(facts: &mut Facts) -> &mut Leaks {
    match &mut facts.sessions[0].log {
        Probed::Known(log) => &mut log.leaks,
        other => panic!("{other:?}"),
    }
}

fn messages(facts: &mut Facts) -> &mut MessagesFacts {
    match &mut facts.sessions[0].messages {
        Probed::Known(messages) => messages,
        other => panic!("{other:?}"),
    }
}

/// What another user's process has open, as far as its locks tell.
fn hidden(name: &str, place: HeldPlace) -> HeldFile {
    HeldFile { writes: false, is_hidden: true, program: "sqlite3".into(), ..held(4712, name, place) }
}

fn holders(facts: &mut Facts) -> &mut HoldersFacts {
    match &mut facts.sessions[0].holders {
        Probed::Known(holders) => holders,
        other => panic!("{other:?}"),
    }
}

const PARTS: &[Part] = &[
    Part {
        what: "a file of the home",
        breaks: |facts| facts.host.paths[1].seen = Probed::Failed(reason()),
        unknown: &["wpp.home.modes", "wpp.home.owners"],
    },
    Part {
        what: "a file of the session",
        breaks: |facts| facts.sessions[0].paths[1].seen = Probed::Failed(reason()),
        unknown: &["wpp.session.files", "wpp.session.modes", "wpp.session.owners"],
    },
    Part {
        what: "one of the folders above the home",
        breaks: |facts| unseen(&mut facts.host.upkeep.ancestors),
        unknown: &["wpp.security.ancestors"],
    },
    Part {
        what: "the folder of the program",
        breaks: |facts| unseen(&mut facts.host.upkeep.program),
        unknown: &["wpp.security.program"],
    },
    Part { what: "one plugin", breaks: |facts| unseen(&mut facts.host.upkeep.plugins), unknown: &["wpp.security.plugins"] },
    Part {
        what: "the mode of one secret",
        breaks: |facts| unseen(&mut facts.host.upkeep.secrets),
        unknown: &["wpp.security.secret-files"],
    },
    Part {
        what: "one folder of the home",
        breaks: |facts| unseen(&mut facts.host.upkeep.folders),
        unknown: &["wpp.home.folders"],
    },
    Part {
        what: "one run's evidence",
        breaks: |facts| unseen(&mut facts.host.upkeep.evidence),
        unknown: &["wpp.security.evidence-open"],
    },
    Part {
        what: "the folder of archives",
        breaks: |facts| unseen(&mut facts.host.upkeep.archives),
        unknown: &["wpp.backup.destination"],
    },
    Part {
        what: "one unit's mode",
        breaks: |facts| match &mut facts.host.upkeep.units {
            Probed::Known(units) => {
                let file = PathLook { seen: Probed::Failed(reason()), ..units[0].file.clone() };
                units.push(UnitLook { file, ..units[0].clone() });
            }
            other => panic!("{other:?}"),
        },
        unknown: &["wpp.security.unit-files"],
    },
    Part {
        what: "what one unit calls",
        breaks: |facts| match &mut facts.host.upkeep.units {
            Probed::Known(units) => units.push(UnitLook { unread: Some(reason()), ..units[0].clone() }),
            other => panic!("{other:?}"),
        },
        unknown: &["wpp.security.unit-files"],
    },
    Part {
        what: "the value of one secret",
        breaks: |facts| match &mut facts.host.upkeep.secret_values {
            Probed::Known(secrets) => secrets.push(SecretLook { unread: Some(reason()), ..secrets[0].clone() }),
            other => panic!("{other:?}"),
        },
        unknown: &["wpp.security.default-secrets"],
    },
    Part {
        what: "the folder of secrets",
        breaks: |facts| match &mut facts.host.upkeep.secret_values {
            Probed::Known(secrets) => {
                secrets.push(SecretLook { unread: Some(reason()), written_ms: None, ..secrets[0].clone() });
            }
            other => panic!("{other:?}"),
        },
        unknown: &["wpp.security.default-secrets", "wpp.security.secret-age"],
    },
    Part {
        what: "a file beside the archives",
        breaks: |facts| {
            facts.host.upkeep.archive_keys = Probed::Known(ArchiveKeys { keys: Vec::new(), sealed: 3, unread: vec![reason()] });
        },
        unknown: &["wpp.security.key-beside-archives"],
    },
    Part {
        what: "a report",
        breaks: |facts| {
            facts.host.upkeep.reports = Probed::Known(Leaks { read_bytes: 9, unread: vec![reason()], ..Leaks::default() });
        },
        unknown: &["wpp.security.report-leaks"],
    },
    Part {
        what: "a log",
        breaks: |facts| {
            leaks(facts).read_bytes = 9;
            leaks(facts).unread.push(reason());
        },
        unknown: &["wpp.session.log-leaks"],
    },
    Part {
        what: "the messages whose texts are looked for",
        breaks: |facts| {
            leaks(facts).read_bytes = 9;
            facts.host.upkeep.reports = Probed::Known(Leaks { read_bytes: 9, ..Leaks::default() });
            facts.sessions[0].messages = Probed::Failed(reason());
        },
        unknown: &["wpp.security.report-leaks", "wpp.session.log-leaks"],
    },
    Part {
        what: "the messages of a newer version",
        breaks: |facts| {
            leaks(facts).read_bytes = 9;
            *messages(facts) = MessagesFacts { rows: None, texts_in_log: None, traffic: None, ..messages(facts).clone() };
        },
        unknown: &["wpp.session.log-leaks"],
    },
    Part {
        what: "the files of another user's process beside the daemon",
        breaks: |facts| holders(facts).files.push(hidden("session.db", HeldPlace::InPlace)),
        unknown: &["wpp.session.two-daemons"],
    },
    Part {
        what: "the same where no daemon runs",
        breaks: |facts| {
            *facts = stopped();
            holders(facts).files.push(hidden("session.db", HeldPlace::InPlace));
        },
        unknown: &["wpp.session.two-daemons", "wpp.session.unlocked-holder"],
    },
    Part {
        what: "what another user's process has open of an old copy",
        breaks: |facts| holders(facts).files.push(hidden("session.db", HeldPlace::SetAside)),
        unknown: &["wpp.store.copy-in-use"],
    },
    Part {
        what: "all that the daemon of another user has open",
        breaks: |facts| {
            holders(facts).owner_hidden = true;
            holders(facts).files.clear();
        },
        unknown: &["wpp.store.swapped"],
    },
    Part {
        what: "the store of a session that was not asked for",
        breaks: |facts| {
            facts.host.session_names = Probed::Known(vec!["main".into(), "other".into()]);
            let other = OtherStore { session: "other".into(), device: Probed::Failed(reason()), is_held: false };
            facts.host.upkeep.other_stores = Probed::Known(OtherStores { stores: vec![other], left_out: 0 });
        },
        unknown: &["wpp.store.twins"],
    },
    Part {
        what: "the store of one session of all",
        breaks: |facts| {
            let other = SessionFacts { name: "other".into(), store: Probed::Failed(reason()), ..facts.sessions[0].clone() };
            facts.sessions.push(other);
            facts.host.session_names = Probed::Known(vec!["main".into(), "other".into()]);
        },
        unknown: &["wpp.store.twins"],
    },
];

#[test]
fn a_part_that_was_not_seen_is_never_ok() {
    for part in PARTS {
        let mut facts = whole();
        (part.breaks)(&mut facts);
        let examination = examine(&facts, &Selection::default());
        for id in part.unknown {
            let made = examination.made.iter().find(|made| made.id == *id).map(|made| made.severity);
            assert_eq!(made, Some(Unknown), "{}: {id}", part.what);
            let told = examination.findings.iter().any(|finding| finding.id == *id && finding.severity == Unknown);
            assert!(told, "{}: {id}", part.what);
        }
    }
}

#[test]
fn a_daemon_of_another_user_that_holds_the_lock_is_let_be() {
    let mut facts = whole();
    holders(&mut facts).owner_hidden = true;
    holders(&mut facts).hidden = 3;
    for file in &mut holders(&mut facts).files {
        file.is_hidden = true;
    }
    assert_eq!(bad(&facts), []);
    let of = |id: &str| examine(&facts, &Selection::of(&[id.to_owned()])).findings[0].summary.clone();
    assert!(of("wpp.store.swapped").contains("session.db and /h/sessions/main/wpp.db open"));
    assert!(of("wpp.session.deleted-files").contains("3 processes show their files to"));
    // Beside it, a second one is seen.
    holders(&mut facts).files.push(held(4712, "session.db", HeldPlace::InPlace));
    assert_eq!(bad(&facts), [("wpp.session.two-daemons".to_owned(), Critical)]);
}

#[test]
fn how_far_a_look_for_leaks_went_is_said() {
    let mut facts = whole();
    *leaks(&mut facts) = Leaks { read_bytes: 80 << 10, is_cut: true, ..Leaks::default() };
    facts.host.upkeep.reports = Probed::Known(Leaks { read_bytes: 256 << 10, is_cut: true, texts: 8, ..Leaks::default() });
    let of = |id: &str| examine(&facts, &Selection::of(&[id.to_owned()])).findings[0].summary.clone();
    assert!(of("wpp.session.log-leaks").contains("the newest 80"), "{}", of("wpp.session.log-leaks"));
    let reports = of("wpp.security.report-leaks");
    assert!(reports.contains("the newest 256") && reports.contains("8 newest texts of messages"), "{reports}");
}

#[test]
fn of_many_sessions_some_are_compared_with_one_and_that_is_said() {
    let mut facts = whole();
    facts.host.session_names = Probed::Known((0..30).map(|number| format!("s{number}")).collect());
    facts.host.upkeep.other_stores = Probed::Known(OtherStores { stores: Vec::new(), left_out: 9 });
    let examination = examine(&facts, &Selection::of(&["wpp.store.twins".to_owned()]));
    assert!(examination.findings.is_empty() && examination.skipped[0].reason.contains("9 sessions were not looked at"));
}
