//! What breaks a home, its schedule and its notices.

use super::*;

fn lose_journal(facts: &mut Facts) {
    facts.host.journal = Probed::NotApplicable("nothing was written down in this home yet".into());
    facts.host.journal_there = Probed::Known(false);
    facts.sessions[0].journal = Probed::Known(JournalFacts::default());
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a volume of its own under the sessions that is read-only",
        facts: whole,
        breaks: |facts| {
            facts.host.unwritable = Probed::Known(vec![(facts.host.home.join("sessions"), "read-only file system".into())]);
        },
        finds: &[("wpp.home.writable", Error)],
    },
    Case {
        what: "a volume of its own under the archives that is full",
        facts: whole,
        breaks: |facts| {
            let full = Space { total_bytes: 100 << 30, free_bytes: 1 << 20 };
            facts.host.other_spaces = Probed::Known(vec![(facts.host.home.join("backups"), full)]);
        },
        finds: &[("wpp.home.disk-space", Error)],
    },
    Case {
        what: "a home whose path leaves no room for a socket's",
        facts: stopped,
        breaks: |facts| facts.host.home = format!("/{}", "long/".repeat(20)).into(),
        finds: &[("wpp.home.socket-path", Error)],
    },
    Case {
        what: "home.json is damaged",
        facts: whole,
        breaks: |facts| {
            facts.host.opened = Err(Problem { message: "home.json is damaged".into(), hint: "restore it".into() });
            facts.sessions.clear();
        },
        finds: &[("wpp.home.marker", Error)],
    },
    Case {
        what: "an unknown setting",
        facts: whole,
        breaks: |facts| facts.host.config_problem = Some(Problem { message: "x".into(), hint: "y".into() }),
        finds: &[("wpp.home.settings", Error)],
    },
    Case {
        what: "a list of plugins that was edited",
        facts: whole,
        breaks: |facts| facts.host.plugins_problem = Some(Problem { message: "x".into(), hint: "y".into() }),
        finds: &[("wpp.home.plugins", Error)],
    },
    Case {
        what: "a home that others can read, and a file in it",
        facts: whole,
        breaks: |facts| facts.host.paths.iter_mut().for_each(|look| mode(look, 0o755)),
        finds: &[("wpp.home.modes", Error), ("wpp.home.modes", Error)],
    },
    Case {
        what: "run by another user",
        facts: whole,
        breaks: |facts| facts.host.user_id = 1001,
        finds: &[("wpp.home.owners", Error)],
    },
    Case { what: "run by root", facts: whole, breaks: |facts| facts.host.user_id = 0, finds: &[("wpp.home.owners", Warning)] },
    Case {
        what: "a full disk",
        facts: whole,
        breaks: |facts| {
            facts.host.unwritable = Probed::Known(vec![(facts.host.home.clone(), "no space left on device".into())]);
            facts.host.space = Probed::Known(Space { total_bytes: 100 << 30, free_bytes: 1 << 20 });
        },
        finds: &[("wpp.home.writable", Error), ("wpp.home.disk-space", Error)],
    },
    Case {
        what: "a disk that fills up",
        facts: whole,
        breaks: |facts| facts.host.space = Probed::Known(Space { total_bytes: 100 << 30, free_bytes: 8 << 30 }),
        finds: &[("wpp.home.disk-space", Warning)],
    },
    Case {
        what: "a damaged journal",
        facts: whole,
        breaks: |facts| {
            facts.host.journal = Probed::Known(Err("file is not a database".into()));
            facts.sessions[0].journal = Probed::Failed("file is not a database".into());
            facts.sessions[0].backups = Probed::Failed("file is not a database".into());
        },
        finds: &[("wpp.home.journal", Error)],
    },
    Case {
        what: "a home on a volume that is mounted read-only",
        facts: stopped,
        breaks: |facts| {
            let reason = "Read-only file system (os error 30)";
            facts.host.unwritable = Probed::Known(vec![("/h".into(), reason.into())]);
            facts.host.journal = Probed::Known(Err("unable to open database file".into()));
            let Probed::Known(mount) = &mut facts.host.machine.mount else { panic!() };
            mount.read_only = true;
        },
        finds: &[("wpp.home.writable", Error)],
    },
    Case {
        what: "a linked session whose journal is gone",
        facts: whole,
        breaks: |facts| {
            lose_journal(facts);
            facts.sessions[0].backups = Probed::Known(BackupFacts::default());
        },
        finds: &[("wpp.home.journal", Error)],
    },
    Case {
        what: "a default_session that is not there",
        facts: whole,
        breaks: |facts| {
            facts.sessions.clear();
            facts.host.missing_session = Some(MissingSession { name: "sales".into(), named_in: Some("/h/config.toml".into()) });
        },
        finds: &[("wpp.home.default-session", Warning)],
    },
    Case {
        what: "a schedule that nobody looks at any more, and what was due since",
        facts: whole,
        breaks: |facts| {
            let schedule = schedule(facts);
            schedule.looked_ms = Some(NOW_MS - 3 * DAY_MS);
            schedule.missed = vec![MissedRun { entry: "nightly".into(), due_ms: NOW_MS - DAY_MS, more: 1, waits: true }];
        },
        finds: &[("wpp.schedule.not-installed", Warning), ("wpp.schedule.missed", Warning)],
    },
    Case {
        what: "a schedule that nobody ever looked at",
        facts: whole,
        breaks: |facts| schedule(facts).looked_ms = None,
        finds: &[("wpp.schedule.not-installed", Warning)],
    },
    Case {
        what: "an entry that is only to be told of when it was missed",
        facts: whole,
        breaks: |facts| {
            schedule(facts).missed = vec![MissedRun { entry: "nightly".into(), due_ms: NOW_MS, more: 0, waits: false }];
        },
        finds: &[("wpp.schedule.missed", Warning)],
    },
    Case {
        what: "an entry that says too little for its runbook",
        facts: whole,
        breaks: |facts| {
            let problem = Problem { message: "it needs to be told more".into(), hint: "give --set a=b".into() };
            schedule(facts).unfit = vec![UnfitEntry { entry: "nightly".into(), problem }];
        },
        finds: &[("wpp.schedule.cannot-pass", Error)],
    },
    Case {
        what: "an entry whose runs fail",
        facts: whole,
        breaks: |facts| {
            let run = FailedRun { entry: "nightly".into(), due_ms: NOW_MS, times: 3, exit_code: Some(4), said: "x".into() };
            schedule(facts).failing = vec![run];
        },
        finds: &[("wpp.schedule.failing", Error)],
    },
    Case {
        what: "a notice that did not arrive",
        facts: whole,
        breaks: |facts| {
            let undelivered = vec![Undelivered {
                contact: "on-call".into(),
                way: "slack".into(),
                title: "x".into(),
                tries: 2,
                observed: "refused".into(),
                at_ms: NOW_MS - MINUTE_MS,
                given_up: false,
            }];
            facts.host.alerts = Probed::Known(AlertFacts { undelivered, ..AlertFacts::default() });
        },
        finds: &[("wpp.alert.undelivered", Error)],
    },
    Case {
        what: "many notices that did not arrive on two ways",
        facts: whole,
        breaks: |facts| {
            let undelivered = ["slack", "command", "slack", "slack"].map(|way| Undelivered {
                contact: "on-call".into(),
                way: way.into(),
                title: "x".into(),
                tries: 2,
                observed: "refused".into(),
                at_ms: NOW_MS - MINUTE_MS,
                given_up: false,
            });
            facts.host.alerts = Probed::Known(AlertFacts { undelivered: undelivered.to_vec(), ..AlertFacts::default() });
        },
        finds: &[("wpp.alert.undelivered", Error), ("wpp.alert.undelivered", Error)],
    },
    Case {
        what: "a rule that names nobody",
        facts: whole,
        breaks: |facts| {
            let problem = Some(Problem { message: "x".into(), hint: "y".into() });
            facts.host.alerts = Probed::Known(AlertFacts { problem, ..AlertFacts::default() });
        },
        finds: &[("wpp.alert.undelivered", Error)],
    },
    Case {
        what: "an entry that cannot be read",
        facts: whole,
        breaks: |facts| schedule(facts).problems = vec![Problem { message: "x".into(), hint: "y".into() }],
        finds: &[("wpp.schedule.failing", Error)],
    },
];

#[test]
fn a_home_that_was_never_used_has_no_journal_and_is_let_be() {
    let mut facts = stopped();
    lose_journal(&mut facts);
    store(&mut facts).paired = Some(false);
    rows(&mut facts).was_linked = false;
    // Archives are there to be restored: that is how one begins anew on another machine.
    facts.host.paths.push(PathLook { credentials: true, ..look("/h/backups/main-x.wpp.tar.gz", PathKind::File, 0o600) });
    let examination = examine(&facts, &Selection::of(&["wpp.home.journal".to_owned()]));
    assert!(examination.findings.is_empty() && examination.skipped.len() == 1, "{examination:?}");
}
