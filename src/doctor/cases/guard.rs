//! What is wrong with what the home trusts, and with its upkeep.

use super::*;
use Severity::Info;

fn settings(facts: &mut Facts) -> &mut SettingsFacts {
    match &mut facts.host.upkeep.settings {
        Probed::Known(settings) => settings,
        other => panic!("{other:?}"),
    }
}

fn first(looks: &mut Probed<Vec<PathLook>>) -> &mut PathLook {
    match looks {
        Probed::Known(looks) => &mut looks[0],
        other => panic!("{other:?}"),
    }
}

fn secret(facts: &mut Facts) -> &mut SecretLook {
    match &mut facts.host.upkeep.secret_values {
        Probed::Known(secrets) => &mut secrets[0],
        other => panic!("{other:?}"),
    }
}

fn drills(facts: &mut Facts) -> &mut Vec<DrillRun> {
    match &mut facts.host.upkeep.drills {
        Probed::Known(drills) => &mut drills.runs,
        other => panic!("{other:?}"),
    }
}

fn open_run() -> OpenRun {
    OpenRun { run: "restart-x".into(), began_ms: NOW_MS - DAY_MS, under_way: Some("restart".into()), ..OpenRun::default() }
}

fn of_user(look: &mut PathLook, owner: u32) {
    look.seen = Probed::Known(Some(PathSeen { kind: look.expected, mode: 0o755, owner }));
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a lockdown that nobody lifted",
        facts: whole,
        breaks: |facts| facts.host.upkeep.lockdown_ms = Probed::Known(Some(NOW_MS - DAY_MS)),
        finds: &[("wpp.home.lockdown", Warning)],
    },
    Case {
        what: "a home in a folder that everybody can write to",
        facts: whole,
        breaks: |facts| mode(first(&mut facts.host.upkeep.ancestors), 0o777),
        finds: &[("wpp.security.ancestors", Error)],
    },
    Case {
        what: "a home in a folder of somebody else's",
        facts: whole,
        breaks: |facts| of_user(first(&mut facts.host.upkeep.ancestors), 1001),
        finds: &[("wpp.security.ancestors", Error)],
    },
    Case {
        what: "a program that the group can replace",
        facts: whole,
        breaks: |facts| mode(first(&mut facts.host.upkeep.program), 0o775),
        finds: &[("wpp.security.program", Error)],
    },
    Case {
        what: "a plugin that others can write to",
        facts: whole,
        breaks: |facts| mode(first(&mut facts.host.upkeep.plugins), 0o666),
        finds: &[("wpp.security.plugins", Error)],
    },
    Case {
        what: "a plugin of root in a user's home",
        facts: whole,
        breaks: |facts| of_user(first(&mut facts.host.upkeep.plugins), 0),
        finds: &[("wpp.security.plugins", Warning)],
    },
    Case {
        what: "a secret that others can read",
        facts: whole,
        breaks: |facts| mode(first(&mut facts.host.upkeep.secrets), 0o640),
        finds: &[("wpp.security.secret-files", Critical)],
    },
    Case {
        what: "a secret that everybody knows",
        facts: whole,
        breaks: |facts| secret(facts).fault = Some(SecretFault::Default),
        finds: &[("wpp.security.default-secrets", Error)],
    },
    Case {
        what: "a secret that nobody wrote",
        facts: whole,
        breaks: |facts| secret(facts).fault = Some(SecretFault::Empty),
        finds: &[("wpp.security.default-secrets", Error)],
    },
    Case {
        what: "a key that everybody knows in the settings of a plugin",
        facts: whole,
        breaks: |facts| {
            let place = "plugin.openwa.api_key".into();
            *secret(facts) = SecretLook { place, written_ms: None, fault: Some(SecretFault::Default), unread: None };
        },
        finds: &[("wpp.security.default-secrets", Error)],
    },
    Case {
        what: "a secret of two years ago",
        facts: whole,
        breaks: |facts| secret(facts).written_ms = Some(NOW_MS - 730 * DAY_MS),
        finds: &[("wpp.security.secret-age", Warning)],
    },
    Case {
        what: "the key beside the archives that it opens",
        facts: whole,
        breaks: |facts| {
            facts.host.upkeep.archive_keys =
                Probed::Known(ArchiveKeys { keys: vec!["/b/key.txt".into()], sealed: 3, unread: Vec::new() });
        },
        finds: &[("wpp.security.key-beside-archives", Error)],
    },
    Case {
        what: "a key beside archives that need none",
        facts: whole,
        breaks: |facts| {
            facts.host.upkeep.archive_keys =
                Probed::Known(ArchiveKeys { keys: vec!["/b/key.txt".into()], sealed: 0, unread: Vec::new() });
        },
        finds: &[("wpp.security.key-beside-archives", Warning)],
    },
    Case {
        what: "a link to a disk that is not mounted in the place of the reports",
        facts: whole,
        breaks: |facts| facts.host.upkeep.folders = Probed::Known(vec![look("/h/reports", PathKind::Link, 0o777)]),
        finds: &[("wpp.home.folders", Error)],
    },
    Case {
        what: "a pipe where archives are to go",
        facts: whole,
        breaks: |facts| facts.host.upkeep.archives = Probed::Known(vec![look("/b", PathKind::Other, 0o666)]),
        finds: &[("wpp.backup.destination", Error)],
    },
    Case {
        what: "archives in a folder that everybody can write to",
        facts: whole,
        breaks: |facts| mode(first(&mut facts.host.upkeep.archives), 0o777),
        finds: &[("wpp.security.archive-folder", Error)],
    },
    Case {
        what: "evidence that others can read",
        facts: whole,
        breaks: |facts| mode(first(&mut facts.host.upkeep.evidence), 0o644),
        finds: &[("wpp.security.evidence-open", Warning)],
    },
    Case {
        what: "a secret in a report",
        facts: whole,
        breaks: |facts| {
            let found = vec![Leak { file: "/h/reports/x/report.md".into(), kind: LeakKind::Secret, times: 1 }];
            facts.host.upkeep.reports = Probed::Known(Leaks { read_bytes: 100, found, ..Leaks::default() });
        },
        finds: &[("wpp.security.report-leaks", Error)],
    },
    Case {
        what: "a timer that others can change",
        facts: whole,
        breaks: |facts| match &mut facts.host.upkeep.units {
            Probed::Known(units) => mode(&mut units[0].file, 0o666),
            other => panic!("{other:?}"),
        },
        finds: &[("wpp.security.unit-files", Error)],
    },
    Case {
        what: "a timer that calls a program that was moved",
        facts: whole,
        breaks: |facts| match &mut facts.host.upkeep.units {
            Probed::Known(units) => units[0].program_gone = Some("/old/wpp".into()),
            other => panic!("{other:?}"),
        },
        finds: &[("wpp.security.unit-files", Error)],
    },
    Case {
        what: "a copy of a session beside the original, both running",
        facts: whole,
        breaks: |facts| {
            let copy = SessionFacts { name: "copy".into(), ..facts.sessions[0].clone() };
            facts.sessions.push(copy);
            facts.host.session_names = Probed::Known(vec!["copy".into(), "main".into()]);
            status_of(&mut facts.sessions[1]).session = "copy".into();
        },
        finds: &[("wpp.store.twins", Critical)],
    },
    Case {
        what: "a copy of a session that nobody runs",
        facts: stopped,
        breaks: |facts| {
            let copy = SessionFacts { name: "copy".into(), ..facts.sessions[0].clone() };
            facts.sessions.push(copy);
        },
        finds: &[("wpp.store.twins", Error)],
    },
    Case {
        what: "a copy of a session that nobody asked for, which runs beside it",
        facts: whole,
        breaks: |facts| {
            facts.host.session_names = Probed::Known(vec!["copy".into(), "main".into()]);
            let copy = OtherStore { session: "copy".into(), device: Probed::Known(Some(1)), is_held: true };
            facts.host.upkeep.other_stores = Probed::Known(OtherStores { stores: vec![copy], left_out: 3 });
        },
        finds: &[("wpp.store.twins", Critical)],
    },
    Case {
        what: "archives on the home's own disk",
        facts: whole,
        breaks: |facts| facts.host.upkeep.same_disk = Probed::Known(true),
        finds: &[("wpp.backup.same-disk", Warning)],
    },
    Case {
        what: "drills that nobody ran since summer",
        facts: whole,
        breaks: |facts| drills(facts)[0].at_ms = NOW_MS - 80 * DAY_MS,
        finds: &[("wpp.drill.stale", Warning)],
    },
    Case {
        what: "a home of three months in which no drill was ever run",
        facts: whole,
        breaks: |facts| drills(facts).clear(),
        finds: &[("wpp.drill.stale", Warning)],
    },
    Case {
        what: "a drill that failed",
        facts: whole,
        breaks: |facts| drills(facts)[0].passed = Some(false),
        finds: &[("wpp.drill.failed", Warning)],
    },
    Case {
        what: "a run that was killed in a step",
        facts: whole,
        breaks: |facts| facts.host.upkeep.open_runs = Probed::Known(vec![open_run()]),
        finds: &[("wpp.runbook.open", Warning)],
    },
    Case {
        what: "a run that was killed and holds back what goes out",
        facts: whole,
        breaks: |facts| {
            let run = OpenRun { paused: vec!["main".into()], ..open_run() };
            facts.host.upkeep.open_runs = Probed::Known(vec![run]);
            match &mut facts.sessions[0].messages {
                Probed::Known(MessagesFacts { traffic: Some(traffic), .. }) => traffic.paused_since_ms = Some(NOW_MS - MINUTE_MS),
                other => panic!("{other:?}"),
            }
        },
        finds: &[("wpp.runbook.open", Error)],
    },
    Case {
        what: "a run that was killed, whose pause somebody has ended since",
        facts: whole,
        breaks: |facts| {
            facts.host.upkeep.open_runs = Probed::Known(vec![OpenRun { paused: vec!["main".into()], ..open_run() }]);
        },
        finds: &[("wpp.runbook.open", Warning)],
    },
    Case {
        what: "a run that could not take back a step, and one of a sandbox",
        facts: whole,
        breaks: |facts| {
            let runs = [OpenRun { left: vec!["pause".into()], ..open_run() }, OpenRun { sandbox: true, ..open_run() }];
            facts.host.upkeep.open_runs = Probed::Known(runs.to_vec());
        },
        finds: &[("wpp.runbook.open", Warning), ("wpp.runbook.open", Warning)],
    },
    Case {
        what: "an open run of another version",
        facts: whole,
        breaks: |facts| {
            let run = OpenRun { began_ms: NOW_MS - DAY_MS, unreadable: true, ..OpenRun::default() };
            facts.host.upkeep.open_runs = Probed::Known(vec![run]);
        },
        finds: &[("wpp.runbook.open", Warning)],
    },
    Case {
        what: "evidence that somebody changed",
        facts: whole,
        breaks: |facts| {
            let unsound = vec![("banned-x".into(), "changed: report.md".into())];
            facts.host.upkeep.evidence_sums = Probed::Known(EvidenceFacts { checked: 1, unsound });
        },
        finds: &[("wpp.drill.evidence", Error)],
    },
    Case {
        what: "a variable that says something else than the file",
        facts: whole,
        breaks: |facts| {
            let one = Override { variable: "WPP_BACKUP_DESTINATION".into(), setting: "backup.destination".into() };
            settings(facts).overrides = vec![one];
        },
        finds: &[("wpp.config.environment", Info)],
    },
    Case {
        what: "a misspelt variable",
        facts: whole,
        breaks: |facts| {
            settings(facts).unknown_variables = vec![("WPP_HOMEE".into(), "WPP_HOME".into())];
        },
        finds: &[("wpp.config.unknown-variable", Warning)],
    },
    Case {
        what: "a key in config.toml",
        facts: whole,
        breaks: |facts| settings(facts).clear_secrets = vec!["plugin.openwa.api_key".into()],
        finds: &[("wpp.config.clear-secrets", Error)],
    },
    Case {
        what: "rules for alerts, and nobody to tell",
        facts: whole,
        breaks: |facts| settings(facts).alert_settings = vec!["alert.quiet_hours".into()],
        finds: &[("wpp.config.contacts", Warning)],
    },
    Case {
        what: "a contact whom no way can reach, and one who has another way",
        facts: whole,
        breaks: |facts| {
            settings(facts).contacts = 2;
            let dead = |way: &str, unreached: &[&str]| DeadWay {
                way: way.into(),
                contacts: vec!["on-call".into(), "manager".into()],
                unreached: unreached.iter().map(|name| (*name).to_owned()).collect(),
                why: "there is no plugin".into(),
                remedy: "add it".into(),
                command: "channel list".into(),
            };
            let dead = Ok(vec![dead("ntfy", &["on-call"]), dead("slack", &[])]);
            facts.host.alerts = Probed::Known(AlertFacts { dead, ..AlertFacts::default() });
        },
        finds: &[("wpp.config.contacts", Error), ("wpp.config.contacts", Warning)],
    },
    Case {
        what: "plugins of channels that could not be looked at",
        facts: whole,
        breaks: |facts| {
            let dead = Err("plugins.lock cannot be read".into());
            facts.host.alerts = Probed::Known(AlertFacts { dead, ..AlertFacts::default() });
        },
        finds: &[("wpp.config.contacts", Unknown)],
    },
    Case {
        what: "a watchdog that is slower than the doctor",
        facts: whole,
        breaks: |facts| settings(facts).watchdog_ms = 70_000,
        finds: &[("wpp.config.contradictions", Warning)],
    },
    Case {
        what: "signatures of nobody, a server without a bucket, and backups that are always too old",
        facts: whole,
        breaks: |facts| {
            let settings = settings(facts);
            settings.signature_required = true;
            settings.s3_settings = vec!["backup.s3.region".into()];
            settings.entries[0].interval_s = 7 * 86_400;
        },
        finds: &[
            ("wpp.config.contradictions", Warning),
            ("wpp.config.contradictions", Warning),
            ("wpp.config.contradictions", Warning),
        ],
    },
    Case {
        what: "a setting that a later wpp will not know",
        facts: whole,
        breaks: |facts| settings(facts).deprecated = vec![("backup.old".into(), "backup.new".into())],
        finds: &[("wpp.config.deprecated", Warning)],
    },
    Case {
        what: "recommended settings that nobody set",
        facts: whole,
        breaks: |facts| {
            settings(facts).recommended_unset = ["backup.destination", "backup.recipients"].map(str::to_owned).to_vec();
        },
        finds: &[("wpp.config.recommended", Info)],
    },
    Case {
        what: "backups that nothing makes",
        facts: whole,
        breaks: |facts| settings(facts).entries.clear(),
        finds: &[("wpp.config.backup-schedule", Info)],
    },
];
