//! What breaks backups.

use super::*;

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a cron that stopped two days ago",
        facts: whole,
        breaks: |facts| backups(facts).whole_ms = Some(NOW_MS - 2 * DAY_MS),
        finds: &[("wpp.backup.stale", Warning)],
    },
    Case {
        what: "a session that has run for a week without any backup",
        facts: stopped,
        breaks: |facts| {
            let since = Some(NOW_MS - 7 * DAY_MS);
            *backups(facts) = BackupFacts { known_since_ms: since, ..BackupFacts::default() };
        },
        finds: &[("wpp.backup.stale", Warning)],
    },
    Case {
        what: "backups that nobody ever tried",
        facts: whole,
        breaks: |facts| backups(facts).proven_ms = None,
        finds: &[("wpp.backup.restore-unproven", Warning)],
    },
    Case {
        what: "backups that nobody tried since summer",
        facts: whole,
        breaks: |facts| backups(facts).proven_ms = Some(NOW_MS - 80 * DAY_MS),
        finds: &[("wpp.backup.restore-unproven", Warning)],
    },
    Case {
        what: "a backup that failed last night",
        facts: whole,
        breaks: |facts| {
            backups(facts).failed = ["", "s3://b/far"].map(|place| failed_backup("backup", place)).to_vec();
        },
        finds: &[("wpp.backup.last-failed", Warning), ("wpp.backup.last-failed", Warning)],
    },
    Case {
        what: "a store that nothing arrives at, beside a folder that is in order",
        facts: whole,
        breaks: |facts| {
            let place = |place: &str, whole_ms| BackupPlace { place: place.into(), since_ms: NOW_MS - 5 * DAY_MS, whole_ms };
            backups(facts).places = vec![place("/h/backups", Some(NOW_MS - DAY_MS)), place("s3://b/far", None)];
        },
        finds: &[("wpp.backup.stale", Warning)],
    },
    Case {
        what: "a newest backup that is dated ahead of the clock",
        facts: whole,
        breaks: |facts| {
            (backups(facts).whole_ms, backups(facts).ahead_ms) = (Some(NOW_MS - 3 * DAY_MS), Some(NOW_MS + 900 * DAY_MS));
        },
        finds: &[("wpp.backup.stale", Unknown)],
    },
    Case {
        what: "a gateway whose sets stopped, and one that has an incomplete one alone",
        facts: whole,
        breaks: |facts| {
            let set = |channel: &str, complete_ms, incomplete_ms| SetLook {
                channel: channel.into(),
                complete_ms,
                gone_ms: None,
                incomplete_ms,
            };
            let old = set("openwa", Some(NOW_MS - 3 * DAY_MS), None);
            facts.host.upkeep.sets = Probed::Known(vec![old, set("baileys", None, Some(NOW_MS - MINUTE_MS))]);
        },
        finds: &[("wpp.backup.set-stale", Warning), ("wpp.backup.set-stale", Warning)],
    },
    Case {
        what: "an archive that did not come back",
        facts: whole,
        breaks: |facts| {
            backups(facts).failed = vec![failed_backup("verify", "/h/backups")];
        },
        finds: &[("wpp.backup.last-failed", Warning)],
    },
    Case {
        what: "old copies that are larger than what is free",
        facts: whole,
        breaks: |facts| {
            facts.sessions[0].set_aside =
                Probed::Known(SetAside { folders: vec!["/h/sessions/.main.old-x".into()], size_bytes: 60 << 30, removable: 0 });
        },
        finds: &[("wpp.backup.set-aside", Warning)],
    },
];
