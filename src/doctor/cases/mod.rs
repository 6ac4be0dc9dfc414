//! Every check against facts made by hand: silent when all is well, and each failure seen.

mod backup;
mod flow;
mod guard;
mod growth;
mod home;
mod lines;
mod machine;
mod network;
mod partial;
mod session;
mod store;
mod suppression;
mod triples;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Selection, catalog, examine, fix};
use crate::disk::{LockOwner, Space};
use crate::facts::growth::DiskGrowth;
use crate::facts::{
    AlertFacts, ArchiveKeys, BackupFacts, BackupPlace, DaemonLook, DaemonStatus, DatabaseHealth, DeadWay, DrillFacts, DrillRun,
    EndpointLook, EntryLook, EvidenceFacts, Facts, FailedBackup, FailedRun, HeldFile, HeldPlace, HoldersFacts, HostFacts,
    JournalFacts, LastWord, Leak, LeakKind, Leaks, Limits, LivingDaemon, LockFacts, LogFacts, MessagesFacts, MessagesRows,
    MissedRun, MissingSession, Moment, OpenAct, OpenRun, OtherHome, OtherStore, OtherStores, Override, PathKind, PathLook,
    PathSeen, Probed, Problem, RivalFacts, ScheduleFacts, SearchIndex, SecretFault, SecretLook, SessionFacts, SetAside, SetLook,
    SettingsFacts, SocketFacts, StoreFacts, StoreFault, SuppressionFacts, Undelivered, UnfitEntry, UnitLook, UpkeepFacts,
    note_twins,
};
use crate::home::HomeKind;
use crate::report::{Finding, Fix, Remedy, Severity};
use crate::session::messages::{PhoneSigns, SearchMode, Traffic, VERSION};
use crate::session::state::{Reason, State};
use crate::session::store::{LAST_KNOWN_MIGRATION, Particulars};

const NOW_MS: i64 = 1_795_230_900_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn look(path: &str, kind: PathKind, mode: u32) -> PathLook {
    let seen = Probed::Known(Some(PathSeen { kind, mode, owner: 1000 }));
    PathLook { path: path.into(), expected: kind, credentials: path.contains("session.db"), seen }
}

fn owner(role: &str, age_ms: i64) -> Option<LockOwner> {
    let since = crate::clock::rfc3339(crate::clock::from_ms(NOW_MS - age_ms));
    Some(LockOwner {
        pid: 4711,
        since,
        role: role.into(),
        version: "1.2.3".into(),
        started: None,
        boot: None,
        path: None,
        folder: None,
    })
}

/// A home with one session that is READY.
pub(super) fn whole() -> Facts {
    Facts {
        now_ms: NOW_MS,
        host: HostFacts {
            version: "1.2.3".into(),
            user_id: 1000,
            umask: Some(0o022),
            boot: Some("this".into()),
            home: "/h".into(),
            program: "wpp".into(),
            opened: Ok(HomeKind::Live),
            is_stranger: false,
            is_named: false,
            wants_daemon: false,
            config_problem: None,
            plugins_problem: None,
            paths: vec![look("/h", PathKind::Folder, 0o700), look("/h/config.toml", PathKind::File, 0o600)],
            unwritable: Probed::Known(Vec::new()),
            space: Probed::Known(Space { total_bytes: 100 << 30, free_bytes: 50 << 30 }),
            other_spaces: Probed::Known(Vec::new()),
            journal: Probed::Known(Ok(())),
            journal_there: Probed::Known(true),
            session_names: Probed::Known(vec!["main".into()]),
            missing_session: None,
            schedule: Probed::Known(ScheduleFacts {
                entries: vec!["nightly".into()],
                interval_s_min: Some(86_400),
                looked_ms: Some(NOW_MS - MINUTE_MS),
                ..ScheduleFacts::default()
            }),
            alerts: Probed::Known(AlertFacts::default()),
            upkeep: in_order(),
            machine: machine::whole(),
            network: network::whole(),
            suppressions: SuppressionFacts::default(),
            disk_growth: Probed::Known(DiskGrowth {
                ahead: 0,
                free_bytes: 50 << 30,
                bytes_per_day: -1.0,
                span_ms: DAY_MS,
                days_to_full: None,
            }),
        },
        sessions: vec![SessionFacts {
            name: "main".into(),
            paths: vec![
                look("/h/sessions/main", PathKind::Folder, 0o700),
                look("/h/sessions/main/session.db", PathKind::File, 0o600),
                look("/h/sessions/main/daemon.sock", PathKind::Socket, 0o600),
            ],
            lock: Probed::Known(LockFacts::Held { owner: owner("daemon", 30 * MINUTE_MS) }),
            rivals: Probed::Known(RivalFacts::default()),
            socket: Probed::Known(SocketFacts::Listening { pid: Some(4711) }),
            daemon: Probed::Known(DaemonLook::Answered(DaemonStatus {
                session: "main".into(),
                state: State::Ready,
                reason: Reason::Normal,
                detail: None,
                since_ms: NOW_MS - 29 * MINUTE_MS,
                pid: 4711,
                version: "1.2.3".into(),
                started_ms: NOW_MS - 30 * MINUTE_MS,
                paired: true,
                last_heard_ms: Some(NOW_MS - 5000),
                reconnects: 1,
                sync_enabled: true,
                search_mode: SearchMode::Fts,
                edited_ms: None,
            })),
            process: Probed::Known(machine::daemon()),
            store: Probed::Known(StoreFacts {
                health: DatabaseHealth::Whole,
                faults: Vec::new(),
                paired: Some(true),
                particulars: Particulars {
                    last_migration: Some(LAST_KNOWN_MIGRATION.into()),
                    devices: Some(1),
                    device: Some(1),
                    accounts: vec![10, 11],
                    prekeys: Some((800, true)),
                },
            }),
            messages: Probed::Known(MessagesFacts {
                health: DatabaseHealth::Whole,
                faults: Vec::new(),
                search_index: SearchIndex::InStep,
                rows: Some(MessagesRows { reconnects_last_hour: 1, logged_out_ms: None, was_linked: true, last_word: None }),
                version: Some(VERSION),
                account: Some(10),
                traffic: Some(Traffic {
                    newest_event_ms: Some(NOW_MS - MINUTE_MS),
                    phone: PhoneSigns { seen_ms: Some(NOW_MS - DAY_MS), ..PhoneSigns::default() },
                    ..Traffic::default()
                }),
                texts_in_log: Some(0),
            }),
            journal: Probed::Known(JournalFacts { started: Some(Moment { id: 1, at_ms: NOW_MS }), ..JournalFacts::default() }),
            backups: Probed::Known(BackupFacts {
                known_since_ms: Some(NOW_MS - 100 * DAY_MS),
                whole_ms: Some(NOW_MS - DAY_MS),
                proven_ms: Some(NOW_MS - 20 * DAY_MS),
                ..BackupFacts::default()
            }),
            set_aside: Probed::Known(SetAside::default()),
            holders: Probed::Known(HoldersFacts {
                locked: true,
                lock_pid: Some(4711),
                lock_state: Some('S'),
                owner_hidden: false,
                hidden: 0,
                files: ["session.db", "wpp.db"].map(|name| held(4711, name, HeldPlace::InPlace)).to_vec(),
            }),
            log: Probed::Known(LogFacts { size_bytes: 1 << 20, size_bytes_max: 10 << 20, files_max: 5, ..LogFacts::default() }),
            endpoints: Probed::Known(vec![EndpointLook { path: "/readyz".into(), status: Ok(200) }]),
            twin: None,
        }],
        limits: Limits {
            disk_free_percent_min: 10,
            reconnects_per_hour_max: 6,
            heartbeat_age_ms_max: 60_000,
            start_timeout_ms: 30_000,
            backup_age_hours_max: 26,
            restore_age_days_max: 35,
            drill_age_days_max: 35,
            event_age_hours_max: 0,
            outbox_age_ms_max: 600_000,
            outbox_waiting_max: 1000,
            secret_age_days_max: 365,
        },
    }
}

/// A home whose upkeep is in order.
fn in_order() -> UpkeepFacts {
    let folder = |path: &str| look(path, PathKind::Folder, 0o755);
    let files = |paths: &[&str]| paths.iter().map(|path| look(path, PathKind::File, 0o600)).collect();
    UpkeepFacts {
        ancestors: Probed::Known(vec![folder("/")]),
        program: Probed::Known(vec![look("/usr/bin/wpp", PathKind::File, 0o755), folder("/usr/bin")]),
        secrets: Probed::Known(files(&["/h/secrets/key"])),
        folders: Probed::Known(vec![look("/h/sessions", PathKind::Folder, 0o700)]),
        not_sessions: Probed::Known(Vec::new()),
        evidence: Probed::Known(files(&["/h/reports/x/report.md"])),
        plugins: Probed::Known(files(&["/h/plugins/openwa.wasm"])),
        archives: Probed::Known(vec![look("/b", PathKind::Folder, 0o700)]),
        same_disk: Probed::Known(false),
        archive_keys: Probed::Known(ArchiveKeys::default()),
        units: Probed::Known(vec![UnitLook {
            file: look("/u/wpp.service", PathKind::File, 0o600),
            program_gone: None,
            unread: None,
        }]),
        secret_values: Probed::Known(vec![SecretLook {
            place: "/h/secrets/key".into(),
            written_ms: Some(NOW_MS - DAY_MS),
            fault: None,
            unread: None,
        }]),
        other_stores: Probed::Known(OtherStores::default()),
        reports: Probed::Known(Leaks::default()),
        drills: Probed::Known(DrillFacts {
            runs: vec![DrillRun { drill: "banned".into(), run: "banned-x".into(), at_ms: NOW_MS - DAY_MS, passed: Some(true) }],
        }),
        open_runs: Probed::Known(Vec::new()),
        sets: Probed::Known(vec![SetLook {
            channel: "openwa".into(),
            complete_ms: Some(NOW_MS - 3_600_000),
            gone_ms: None,
            incomplete_ms: None,
        }]),
        evidence_sums: Probed::Known(EvidenceFacts { checked: 3, unsound: Vec::new() }),
        settings: Probed::Known(SettingsFacts {
            watchdog_ms: 40_000,
            entries: vec![EntryLook { name: "nightly".into(), words: vec!["backup".into()], interval_s: 86_400 }],
            ..SettingsFacts::default()
        }),
        lockdown_ms: Probed::Known(None),
    }
}

fn held(pid: u32, name: &str, place: HeldPlace) -> HeldFile {
    let path = PathBuf::from("/h/sessions/main").join(name);
    HeldFile { pid, program: "wpp".into(), path, place, writes: true, is_writing: false, is_hidden: false }
}

/// The same with the daemon stopped in order.
fn stopped() -> Facts {
    let mut facts = whole();
    let session = &mut facts.sessions[0];
    session.lock = Probed::Known(LockFacts::Absent);
    session.socket = Probed::Known(SocketFacts::Absent);
    session.daemon = Probed::NotApplicable("no daemon listens".into());
    session.process = Probed::NotApplicable("no daemon runs".into());
    session.endpoints = Probed::NotApplicable("nobody asked for them".into());
    session.paths.pop();
    session.journal = Probed::Known(JournalFacts {
        started: Some(Moment { id: 1, at_ms: NOW_MS - 2 * MINUTE_MS }),
        stopped: Some(Moment { id: 2, at_ms: NOW_MS - MINUTE_MS }),
        ..JournalFacts::default()
    });
    session.holders = Probed::Known(HoldersFacts::default());
    facts
}

fn status(facts: &mut Facts) -> &mut DaemonStatus {
    status_of(&mut facts.sessions[0])
}

fn store(facts: &mut Facts) -> &mut StoreFacts {
    match &mut facts.sessions[0].store {
        Probed::Known(store) => store,
        other => panic!("{other:?}"),
    }
}

fn status_of(session: &mut SessionFacts) -> &mut DaemonStatus {
    match &mut session.daemon {
        Probed::Known(DaemonLook::Answered(status)) => status,
        other => panic!("{other:?}"),
    }
}

fn state(facts: &mut Facts, state: State, reason: Reason) {
    let status = status(facts);
    (status.state, status.reason) = (state, reason);
}

fn rows(facts: &mut Facts) -> &mut MessagesRows {
    match &mut facts.sessions[0].messages {
        Probed::Known(MessagesFacts { rows: Some(rows), .. }) => rows,
        other => panic!("{other:?}"),
    }
}

fn mode(look: &mut PathLook, mode: u32) {
    look.seen = Probed::Known(Some(PathSeen { kind: look.expected, mode, owner: 1000 }));
}

/// Everything above info that the facts give rise to, and notes of checks that have nothing worse to say.
fn bad(facts: &Facts) -> Vec<(String, Severity)> {
    let findings = examine(facts, &Selection::default()).findings;
    let least = |id: &str| match catalog::checks().find(|check| check.id == id) {
        Some(check) if check.severity == Severity::Info => Severity::Info,
        _ => Warning,
    };
    findings
        .into_iter()
        .filter(|finding| finding.severity >= least(&finding.id))
        .map(|finding| (finding.id.into_owned(), finding.severity))
        .collect()
}

/// How the facts are broken, and all that is to be found then.
struct Case {
    what: &'static str,
    facts: fn() -> Facts,
    breaks: fn(&mut Facts),
    finds: &'static [(&'static str, Severity)],
}

use Severity::{Critical, Error, Unknown, Warning};

/// Every part, in the order of the catalog's.
const PARTS: &[&[Case]] = &[
    home::CASES,
    guard::CASES,
    growth::CASES,
    machine::CASES,
    network::CASES,
    session::CASES,
    store::CASES,
    flow::CASES,
    backup::CASES,
    suppression::CASES,
];

fn cases() -> impl Iterator<Item = &'static Case> {
    PARTS.iter().copied().flatten()
}

fn schedule(facts: &mut Facts) -> &mut ScheduleFacts {
    match &mut facts.host.schedule {
        Probed::Known(schedule) => schedule,
        other => panic!("{other:?}"),
    }
}

fn journal(facts: &mut Facts) -> &mut JournalFacts {
    match &mut facts.sessions[0].journal {
        Probed::Known(journal) => journal,
        other => panic!("{other:?}"),
    }
}

fn failed_backup(verb: &str, place: &str) -> FailedBackup {
    FailedBackup { verb: verb.into(), at_ms: NOW_MS - DAY_MS, place: place.into(), why: "x".into() }
}

fn backups(facts: &mut Facts) -> &mut BackupFacts {
    match &mut facts.sessions[0].backups {
        Probed::Known(backups) => backups,
        other => panic!("{other:?}"),
    }
}

/// Every finding of any case, good ones among them.
pub(crate) fn findings() -> impl Iterator<Item = Finding> {
    cases().flat_map(|case| {
        let mut facts = (case.facts)();
        (case.breaks)(&mut facts);
        examine(&facts, &Selection::default()).findings
    })
}

/// Every remedy that a finding of any case has.
fn remedies() -> impl Iterator<Item = Remedy> {
    findings().filter_map(|finding| finding.remedy.map(|remedy| *remedy))
}

/// Every command line of `wpp` that a finding of any case tells a person to type, or --fix to run.
pub(crate) fn commands() -> BTreeSet<String> {
    let lines = remedies().flat_map(|remedy| {
        let fix = match &remedy.fix {
            Some(Fix::Run { argv }) => Some(format!("wpp {}", argv.join(" "))),
            _ => None,
        };
        fix.into_iter().chain([remedy.command])
    });
    lines.filter(|command| command.starts_with("wpp ")).collect()
}

/// Every command of `wpp` that the catalog or the words of a remedy speak of.
pub(crate) fn mentions() -> BTreeSet<String> {
    let texts = catalog::checks()
        .flat_map(|check| [check.explain.to_owned(), check.mend.to_owned()])
        .chain(remedies().map(|remedy| remedy.summary));
    let quoted = texts.flat_map(|text| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    quoted.filter(|command| command.starts_with("wpp ")).collect()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong_and_every_check_says_so() {
    for (facts, what) in [(whole(), "running"), (stopped(), "stopped")] {
        assert_eq!(bad(&facts), [], "{what}");
    }
    let examination = examine(&whole(), &Selection::default());
    let made: Vec<_> = examination.made.iter().map(|made| made.id.as_ref()).collect();
    assert_eq!(made, catalog::checks().map(|check| check.id).collect::<Vec<_>>());
    assert!(examination.made.iter().all(|made| made.severity == Severity::Ok), "{:?}", examination.made);
}

#[test]
fn every_failure_is_found_and_nothing_else_is() {
    let mut worse = Vec::new();
    for case in cases() {
        let mut facts = (case.facts)();
        (case.breaks)(&mut facts);
        let expected: Vec<_> = case.finds.iter().map(|(id, severity)| ((*id).to_owned(), *severity)).collect();
        assert_eq!(bad(&facts), expected, "{}", case.what);
        for finding in examine(&facts, &Selection::default()).findings {
            let check = catalog::checks().find(|check| check.id == finding.id).unwrap();
            if finding.severity != Unknown && finding.severity > catalog::worst(check) {
                worse.push((finding.id.clone(), finding.severity, case.what));
            }
            let helps = finding.severity <= Severity::Info || finding.severity == Unknown || finding.remedy.is_some();
            assert!(helps, "{}: {} says nothing about what to do", case.what, finding.id);
        }
    }
    assert!(worse.is_empty(), "worse than the catalog says: {worse:?}");
}

#[test]
fn every_check_has_a_case_in_which_it_complains() {
    for check in catalog::checks() {
        let seen = cases().any(|case| case.finds.iter().any(|(id, severity)| *id == check.id && *severity != Unknown));
        assert!(seen, "no case breaks what {} looks at", check.id);
    }
}

/// Every look fails: nothing may then be called ok.
#[test]
fn a_look_that_failed_is_never_ok() {
    let mut facts = whole();
    let failed = || "as if".to_owned();
    for look in &mut facts.host.paths {
        look.seen = Probed::Failed(failed());
    }
    facts.host.unwritable = Probed::Failed(failed());
    facts.host.other_spaces = Probed::Failed(failed());
    facts.host.space = Probed::Failed(failed());
    facts.host.journal = Probed::Failed(failed());
    facts.host.journal_there = Probed::Failed(failed());
    facts.host.session_names = Probed::Failed(failed());
    facts.host.schedule = Probed::Failed(failed());
    facts.host.alerts = Probed::Failed(failed());
    facts.host.upkeep = UpkeepFacts::failed("as if");
    facts.host.machine = crate::facts::machine::MachineFacts::failed("as if");
    facts.host.network = crate::facts::network::NetworkFacts::failed("as if");
    facts.host.disk_growth = Probed::Failed(failed());
    let session = &mut facts.sessions[0];
    for look in &mut session.paths {
        look.seen = Probed::Failed(failed());
    }
    session.lock = Probed::Failed(failed());
    session.rivals = Probed::Failed(failed());
    session.socket = Probed::Failed(failed());
    session.daemon = Probed::Failed(failed());
    session.process = Probed::Failed(failed());
    session.store = Probed::Failed(failed());
    session.messages = Probed::Failed(failed());
    session.journal = Probed::Failed(failed());
    session.backups = Probed::Failed(failed());
    session.set_aside = Probed::Failed(failed());
    session.holders = Probed::Failed(failed());
    session.log = Probed::Failed(failed());
    session.endpoints = Probed::Failed(failed());
    let examination = examine(&facts, &Selection::default());
    let fine: Vec<_> = examination.made.iter().filter(|made| made.severity != Unknown).map(|made| made.id.clone()).collect();
    // These were not looked up by a probe but come with the scope.
    assert_eq!(
        fine,
        ["wpp.home.marker", "wpp.home.settings", "wpp.home.plugins", "wpp.home.socket-path", "wpp.config.suppression"]
    );
    // The same for one session's own looks, with its folder in place so that nothing is skipped for it.
    facts.sessions[0].paths = whole().sessions[0].paths.clone();
    facts.host.journal = Probed::Known(Ok(()));
    let examination = examine(&facts, &Selection::default());
    let fine = ["wpp.session.folder", "wpp.session.files", "wpp.session.modes", "wpp.session.owners"];
    for made in examination.made.iter().filter(|made| made.session.is_some()) {
        assert_eq!(made.severity, if fine.contains(&made.id.as_ref()) { Severity::Ok } else { Unknown }, "{}", made.id);
    }
}

#[test]
fn what_a_failure_makes_meaningless_is_skipped_and_says_why() {
    let mut facts = whole();
    facts.sessions[0].daemon = Probed::Known(DaemonLook::Mute { what: "it hangs".into() });
    let examination = examine(&facts, &Selection::default());
    let skipped: Vec<_> = examination.skipped.iter().map(|skipped| skipped.id.clone()).collect();
    assert_eq!(skipped.len(), 14, "{skipped:?}");
    assert!(examination.skipped.iter().all(|skipped| skipped.reason.contains("wpp.session.daemon-silent")));
    // Left out of the report, the failed need must not make its dependants look fine or unasked.
    let only = Selection::new(vec!["wpp.session.stream-lost".into()], Vec::new(), &[]).unwrap();
    let examination = examine(&facts, &only);
    assert_eq!(examination.findings.len(), 1);
    assert_eq!(examination.findings[0].severity, Unknown);
}

#[test]
fn the_socket_of_a_dead_daemon_is_its_successors_to_make_anew() {
    let mut facts = whole();
    facts.sessions[0].socket = Probed::Known(SocketFacts::Stale);
    facts.sessions[0].daemon = Probed::NotApplicable("no daemon listens".into());
    let Probed::Known(LockFacts::Held { owner: Some(owner) }) = &mut facts.sessions[0].lock else { panic!("nobody holds it") };
    owner.since = crate::clock::rfc3339(crate::clock::from_ms(NOW_MS - 1000));
    let examination = examine(&facts, &Selection::default());
    assert!(examination.findings.iter().all(|finding| finding.id != "wpp.session.stale-socket"), "{:?}", examination.findings);
}

#[test]
fn a_check_leaves_the_word_to_one_that_says_the_same_more_exactly() {
    let mut facts = whole();
    state(&mut facts, State::Error, Reason::TemporaryBan);
    let examination = examine(&facts, &Selection::default());
    let reason = |id: &str| examination.skipped.iter().find(|skipped| skipped.id == id).map(|skipped| skipped.reason.clone());
    assert!(reason("wpp.session.state").unwrap().starts_with("wpp.session.banned must be mended first"));
    // Nobody else says it, where that is all that was asked for.
    let only = examine(&facts, &Selection::of(&["wpp.session.state".to_owned()]));
    assert_eq!(only.findings[0].severity, Critical);
    // A frozen daemon is one finding, and what needs its answer is skipped for that reason.
    let mut facts = whole();
    facts.sessions[0].daemon = Probed::Known(DaemonLook::Mute { what: "it did not answer within 3 s".into() });
    facts.sessions[0].holders =
        Probed::Known(HoldersFacts { lock_state: Some('T'), ..facts.sessions[0].holders.known().unwrap().clone() });
    let examination = examine(&facts, &Selection::default());
    let found: Vec<_> = examination.findings.iter().filter(|finding| finding.severity > Severity::Ok).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].remedy.as_ref().unwrap().command.starts_with("kill -CONT"));
    assert!(
        examination.skipped.iter().any(|skipped| skipped.id == "wpp.session.stream-lost" && skipped.reason.contains("suspended"))
    );
}

#[test]
fn a_daemon_that_has_just_started_may_still_be_making_its_tables() {
    let judge = |age_ms: i64| {
        let mut facts = whole();
        facts.sessions[0].lock = Probed::Known(LockFacts::Held { owner: owner("daemon", age_ms) });
        store(&mut facts).particulars.last_migration = Some("20240101000000".into());
        bad(&facts)
    };
    assert_eq!(judge(5_000), []);
    assert_eq!(judge(5 * MINUTE_MS), [("wpp.store.migrations".to_owned(), Error)]);
}

#[test]
fn messages_come_back_from_an_archive_where_there_is_one() {
    let command = |whole_ms: Option<i64>| {
        let mut facts = stopped();
        facts.sessions[0].messages = Probed::NotApplicable("there is no wpp.db yet".into());
        backups(&mut facts).whole_ms = whole_ms;
        let findings = examine(&facts, &Selection::of(&["wpp.store.messages-damaged".to_owned()])).findings;
        findings[0].remedy.clone().unwrap().command
    };
    assert!(command(Some(NOW_MS)).contains("restore latest --plan data"));
    assert!(command(None).contains("start --new-messages"));
    // Without a journal nobody knows whether there is one.
    let mut facts = stopped();
    facts.sessions[0].messages = Probed::NotApplicable("there is no wpp.db yet".into());
    backups(&mut facts).whole_ms = None;
    facts.host.journal_there = Probed::Known(false);
    facts.sessions[0].journal = Probed::Known(JournalFacts::default());
    let commands: Vec<String> = examine(&facts, &Selection::default())
        .findings
        .into_iter()
        .filter(|finding| finding.session.is_some())
        .filter_map(|finding| finding.remedy.map(|remedy| format!("{} {}", finding.summary, remedy.command)))
        .collect();
    assert!(commands.iter().any(|command| command.contains("backup list")), "{commands:?}");
    assert!(!commands.iter().any(|command| command.contains("new-messages") || command.contains("no daemon was started")));
}

#[test]
fn no_start_is_offered_where_it_would_be_refused() {
    let state = |lose: fn(&mut SessionFacts)| {
        let mut facts = stopped();
        lose(&mut facts.sessions[0]);
        let findings = examine(&facts, &Selection::of(&["wpp.session.state".to_owned()])).findings;
        findings[0].remedy.clone().unwrap().command
    };
    assert!(state(|_| {}).contains(" start "));
    assert!(state(|session| session.messages = Probed::NotApplicable("there is no wpp.db yet".into())).contains("backup list"));
    assert!(state(|session| session.store = Probed::NotApplicable("there is no session.db yet".into())).contains("backup list"));
}

#[test]
fn a_daemon_that_the_server_has_spoken_to_is_not_coming_up() {
    let state = |word_ago_ms: i64| {
        let mut facts = stopped();
        let session = &mut facts.sessions[0];
        session.lock = Probed::Known(LockFacts::Held { owner: owner("daemon", 5000) });
        if let Probed::Known(messages) = &mut session.messages {
            let word = LastWord { state: State::Ready, reason: Reason::Normal, at_ms: NOW_MS - word_ago_ms, until_ms: None };
            messages.rows.as_mut().unwrap().last_word = Some(word);
        }
        bad(&facts).into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert!(!state(MINUTE_MS).contains(&"wpp.session.lock-held".to_owned()), "{:?}", state(MINUTE_MS));
    assert!(state(1000).contains(&"wpp.session.lock-held".to_owned()), "{:?}", state(1000));
}

#[test]
fn a_selection_names_checks_that_exist() {
    let some = Selection::new(vec!["wpp.session".into()], vec!["wpp.session.state".into()], &["openwa".into()]).unwrap();
    assert!(some.takes("wpp.session.folder", "") && !some.takes("wpp.session.state", "") && !some.takes("wpp.home.marker", ""));
    // What a plugin has is known once it was asked.
    let some = Selection::new(vec!["openwa.server".into()], Vec::new(), &["openwa".into()]).unwrap();
    assert!(
        some.reaches("openwa")
            && !some.reaches("baileys")
            && some.takes("openwa.server.up", "")
            && !some.takes("openwa.key.fits", "")
    );
    assert!(some.wrong("openwa", &["openwa.server.up"]).is_none() && some.wrong("openwa", &["openwa.key.fits"]).is_some());
    for wrong in ["wpp.sess", "wpp.session.lock-hold", "", "openw", "openwas.server", "baileys"] {
        let error = Selection::new(vec![wrong.into()], Vec::new(), &["openwa".into()]).unwrap_err();
        assert!(error.hints()[0].contains("--list"), "{wrong}: {:?}", error.hints());
    }
}

#[test]
fn a_plan_holds_each_fix_once_and_the_daemons_last() {
    let mut facts = stopped();
    let kill = cases().find(|case| case.what == "kill -9").unwrap();
    (kill.breaks)(&mut facts);
    mode(&mut facts.sessions[0].paths[1], 0o644);
    let mut findings = examine(&facts, &Selection::default()).findings;
    findings.reverse();
    findings.extend(findings.clone());
    let plan = fix::plan(&findings);
    let fixes: Vec<_> = plan.iter().map(|planned| planned.fix.clone()).collect();
    let argv = ["start", "--session", "main", "--home", "/h"].map(str::to_owned).to_vec();
    assert_eq!(fixes, [Fix::Chmod { path: PathBuf::from("/h/sessions/main/session.db"), mode: 0o600 }, Fix::Run { argv },]);
}

#[test]
fn nothing_is_restarted_blindly() {
    for reason in
        [Reason::LoggedOut, Reason::StreamReplaced, Reason::TemporaryBan, Reason::MainDeviceGone, Reason::ClientOutdated]
    {
        for named in [State::Error, State::Degraded, State::AuthRequired, State::Reconnecting] {
            let mut facts = whole();
            state(&mut facts, named, reason);
            status(&mut facts).last_heard_ms = None;
            let plan = fix::plan(&examine(&facts, &Selection::default()).findings);
            assert_eq!(plan, [], "{named:?} {reason:?}");
        }
    }
}

#[test]
fn a_session_that_is_new_or_has_no_phone_is_not_asked_for_backups() {
    let ids = ["wpp.backup.stale", "wpp.backup.restore-unproven"];
    type Break = fn(&mut Facts);
    let peaceful: [(&str, Break); 4] = [
        ("new", |facts| {
            *backups(facts) = BackupFacts { known_since_ms: Some(NOW_MS - MINUTE_MS), ..BackupFacts::default() };
        }),
        ("never written down", |facts| *backups(facts) = BackupFacts::default()),
        ("no phone", |facts| {
            status(facts).paired = false;
            *backups(facts) = BackupFacts { known_since_ms: Some(0), ..BackupFacts::default() };
        }),
        ("turned off", |facts| {
            (facts.limits.backup_age_hours_max, facts.limits.restore_age_days_max) = (0, 0);
            *backups(facts) = BackupFacts { known_since_ms: Some(0), ..BackupFacts::default() };
        }),
    ];
    for (what, change) in peaceful {
        let mut facts = whole();
        change(&mut facts);
        let examination = examine(&facts, &Selection::of(&ids.map(str::to_owned)));
        assert!(examination.findings.is_empty(), "{what}: {:?}", examination.findings);
        assert_eq!(examination.skipped.len(), 2, "{what}");
    }
    // A store that is gone makes the backups matter more, not less.
    let mut facts = stopped();
    facts.sessions[0].store = Probed::NotApplicable("there is no session.db yet".into());
    backups(&mut facts).whole_ms = Some(NOW_MS - 2 * DAY_MS);
    assert!(bad(&facts).iter().any(|(id, _)| id == "wpp.backup.stale"));
    // What only another host can prove is no fault of this one.
    let mut facts = whole();
    (backups(&mut facts).proven_ms, backups(&mut facts).sealed) = (None, Some("/h/backups/x".into()));
    let findings = examine(&facts, &Selection::of(&["wpp.backup.restore-unproven".to_owned()])).findings;
    assert!(
        findings[0].severity == Severity::Info && format!("{findings:?}").contains("on a host that has the key"),
        "{findings:?}"
    );
    // Old copies that fit are worth a word.
    let mut facts = whole();
    facts.sessions[0].set_aside =
        Probed::Known(SetAside { folders: vec!["/h/sessions/.main.old-x".into()], size_bytes: 3 << 20, removable: 1 });
    let findings = examine(&facts, &Selection::of(&["wpp.backup.set-aside".to_owned()])).findings;
    assert!(
        findings[0].severity == Severity::Info
            && findings[0].summary.contains("1 old copy of")
            && findings[0].summary.contains("holds 3"),
        "{findings:?}"
    );
}

#[test]
fn of_plugins_only_what_was_compiled_is_to_be_removed() {
    for (path, verb) in [
        ("/h/plugins", "sudo chown"),
        ("/h/plugins/openwa.wasm", "sudo chown"),
        ("/h/plugins/compiled", "rm"),
        ("/h/plugins/compiled/0a.cwasm", "rm"),
    ] {
        let mut facts = whole();
        facts.host.upkeep.plugins = Probed::Known(vec![PathLook {
            path: path.into(),
            expected: PathKind::File,
            credentials: false,
            seen: Probed::Known(Some(PathSeen { kind: PathKind::File, mode: 0o600, owner: 0 })),
        }]);
        let findings = examine(&facts, &Selection::of(&["wpp.security.plugins".to_owned()])).findings;
        let command = &findings[0].remedy.as_ref().unwrap().command;
        assert!(command.starts_with(verb) && command.ends_with(path), "{path}: {command}");
    }
}
