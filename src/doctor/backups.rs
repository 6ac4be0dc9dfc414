//! Judges of a session's backups: whether there are any, whether one was seen to come back, and what
//! failed. They look at the journal alone; archives are read by `wpp backup verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::{Judged, Said, Stop, known, line};
use crate::archive::verified::{self, CheckResult};
use crate::archive::verify::Level;
use crate::clock;
use crate::facts::{BackupFacts, Facts, FailedBackup, SessionFacts};
use crate::journal::Entry;
use crate::report::{Severity, count};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What the journal's entries on a session, oldest first, say of its backups. `is_alive` tells whether
/// a process lives, `is_there` whether a path leads to a file.
pub fn of_journal(entries: &[Entry], is_alive: impl Fn(u32) -> bool, is_there: impl Fn(&Path) -> bool) -> BackupFacts {
    let mut facts = BackupFacts { known_since_ms: entries.first().map(|entry| entry.at_ms), ..BackupFacts::default() };
    let mut whole: BTreeSet<&str> = BTreeSet::new();
    // Archives that were not read back by the backup that made them, and when it began.
    let mut cut_off: BTreeMap<&str, i64> = BTreeMap::new();
    // What failed, and the level at which a later check makes up for it.
    let mut failed: Option<(FailedBackup, Option<Level>)> = None;
    for entry in entries {
        let text = |name: &str| entry.data[name].as_str().unwrap_or_default();
        let failure = |why: String| FailedBackup { verb: entry.verb.clone(), at_ms: entry.at_ms, why };
        match (entry.verb.as_str(), entry.state.as_str()) {
            ("backup", "finished") => {
                let sound = entry.data["whole"].as_bool().unwrap_or(false);
                let checked = entry.data["level"].is_string() || entry.data["read_back"].as_bool().unwrap_or(false);
                if !checked {
                    let place = text("path");
                    let why = format!(
                        "it was cut off before {place} was read back; `wpp backup verify {place}` tells whether it is good"
                    );
                    failed = Some((failure(why), None));
                    cut_off.insert(text("archive_id"), entry.at_ms);
                } else if !sound {
                    failed = Some((failure("not all of the session could be taken, or not all of it was sound".into()), None));
                } else {
                    whole.insert(text("archive_id"));
                    // An address of a store is not looked up: that is no look at this machine.
                    let path = Path::new(text("path"));
                    if !path.is_absolute() || is_there(path) {
                        facts.whole_ms = Some(entry.at_ms);
                    }
                    if matches!(failed, Some((_, None))) {
                        failed = None;
                    }
                }
            }
            // It came back to life where it counts: both databases, and the server let it in.
            ("restore", "finished")
                if entry.data["ready"] == true && entry.data["plan"] != "data" && whole.contains(text("archive_id")) =>
            {
                facts.proven_ms = Some(entry.at_ms);
            }
            ("backup", "failed") => {
                let why = match text("failed") {
                    "" => "no archive came of it".into(),
                    why => format!("no archive came of it: {why}"),
                };
                failed = Some((failure(why), None));
            }
            ("backup", "open") if !is_alive(entry.pid) => failed = Some((failure("it was cut off".into()), None)),
            _ => {}
        }
        let Some(check) = verified::check(entry) else { continue };
        match &check.result {
            CheckResult::Failed { level, why } => {
                let why = format!("{} does not pass level {}: {why}", check.place, level.name());
                failed = Some((failure(why), Some(*level)));
            }
            CheckResult::Passed(passed) => {
                if matches!(failed, Some((_, Some(level))) if *passed >= level) {
                    failed = None;
                }
                if check.whole
                    && let Some((id, at_ms)) = cut_off.remove_entry(check.archive_id.as_str())
                {
                    whole.insert(id);
                    facts.whole_ms = facts.whole_ms.max(Some(at_ms));
                    if matches!(&failed, Some((failed, None)) if failed.at_ms == at_ms) {
                        failed = None;
                    }
                }
                if *passed == Level::Restore && check.whole && whole.contains(check.archive_id.as_str()) {
                    facts.proven_ms = Some(check.at_ms);
                }
            }
        }
    }
    facts.failed = failed.map(|(failed, _)| failed);
    facts
}

/// There is a backup that is not too old.
pub fn fresh(facts: &Facts, session: &SessionFacts) -> Judged {
    let hours = facts.limits.backup_age_hours_max;
    let backups = worth_keeping(session, hours)?;
    let limit_ms = i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(HOUR_MS);
    let said = match (backups.whole_ms, backups.known_since_ms) {
        (Some(at_ms), _) if facts.now_ms - at_ms <= limit_ms => {
            return Ok(vec![Said::ok(format!("the newest whole backup is {} old", age(facts, at_ms)))]);
        }
        (Some(at_ms), _) => Said::bad(format!("the newest whole backup is {} old", age(facts, at_ms))).seen(
            "newest backup that is whole and verified",
            format!("at most {hours} hours old"),
            clock::rfc3339(clock::from_ms(at_ms)),
        ),
        (None, Some(since_ms)) if facts.now_ms - since_ms > limit_ms => Said::bad("there is no whole backup of this session")
            .seen(
                "newest backup that is whole and verified",
                format!("at most {hours} hours old"),
                format!("none, in the {} that the journal knows the session", age(facts, since_ms)),
            ),
        (None, Some(_)) => return Err(Stop::Skipped(format!("the session is younger than {hours} hours"))),
        (None, None) => return Err(Stop::Skipped("nothing was written down about the session yet".into())),
    };
    Ok(vec![said.by_hand("back it up now, and have cron or a timer do so daily", line(facts, Some(&session.name), "backup"))])
}

/// A backup was seen to come back to life.
pub fn proven(facts: &Facts, session: &SessionFacts) -> Judged {
    let days = facts.limits.restore_age_days_max;
    let backups = worth_keeping(session, days)?;
    let limit_ms = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_MS);
    let said = match (backups.proven_ms, backups.whole_ms, backups.known_since_ms) {
        (Some(at_ms), ..) if facts.now_ms - at_ms <= limit_ms => {
            return Ok(vec![Said::ok(format!("a backup came back to life {} ago", age(facts, at_ms)))]);
        }
        (Some(at_ms), ..) => Said::bad(format!("no backup was seen to come back for {}", age(facts, at_ms))).seen(
            "newest verification at level restore that passed",
            format!("at most {days} days ago"),
            clock::rfc3339(clock::from_ms(at_ms)),
        ),
        (None, None, _) => return Err(Stop::Skipped("there is no whole backup to prove".into())),
        (None, Some(_), Some(since_ms)) if facts.now_ms - since_ms > limit_ms => Said::bad(
            "no backup of this session was ever seen to come back",
        )
        .seen("newest verification at level restore that passed", format!("at most {days} days ago"), "none"),
        (None, Some(_), _) => return Err(Stop::Skipped(format!("the session is younger than {days} days"))),
    };
    Ok(vec![said.by_hand(
        "restore the newest into a sandbox, where it harms nothing, and see",
        line(facts, Some(&session.name), "backup verify latest --level restore"),
    )])
}

/// The newest backup and the newest verification went well.
pub fn succeeded(facts: &Facts, session: &SessionFacts) -> Judged {
    let Some(failed) = &known(&session.backups, "the journal")?.failed else {
        return Ok(vec![Said::ok("no backup or verification failed since the last that passed")]);
    };
    let when = age(facts, failed.at_ms);
    Ok(vec![match failed.verb.as_str() {
        "backup" => Said::bad(format!("the last backup, {when} ago, failed: {}", failed.why))
            .seen("last backup", "whole and verified", failed.why.clone())
            .by_hand("make one now, and see what it says", line(facts, Some(&session.name), "backup")),
        _ => Said::bad(format!("an archive failed its verification {when} ago: {}", failed.why))
            .seen("last verification", "passed", failed.why.clone())
            .by_hand("make another archive now, then verify that one", line(facts, Some(&session.name), "backup")),
    }])
}

/// Old copies do not fill the disk.
pub fn set_aside(facts: &Facts, session: &SessionFacts) -> Judged {
    let copies = known(&session.set_aside, "what is beside the session")?;
    if copies.folders.is_empty() {
        return Ok(vec![Said::ok("nothing is set aside")]);
    }
    let said = Said::bad(format!(
        "{} {} MiB",
        count(
            copies.folders.len(),
            "old copy of the session's files, set aside by a restore or a new link, holds",
            "old copies of the session's files, set aside by restores and new links, hold"
        ),
        copies.size_bytes.div_ceil(1 << 20)
    ));
    let free = facts.host.space.known().map(|space| space.free_bytes);
    let said = match free {
        Some(free) if copies.size_bytes > free => said.seen(
            "old copies",
            "less than what is free on the disk",
            format!("{} bytes, and {free} are free", copies.size_bytes),
        ),
        _ => said.severity(Severity::Info),
    };
    Ok(vec![said.by_hand(
        "see which may go; the newest of each kind stays",
        line(facts, Some(&session.name), "backup prune --set-aside --older-than 30d --dry-run"),
    )])
}

/// The backups of a session that holds something to lose, unless the operator wants no such check.
fn worth_keeping(session: &SessionFacts, limit: u64) -> Result<&BackupFacts, Stop> {
    if limit == 0 {
        return Err(Stop::Skipped("the settings turn this check off".into()));
    }
    let paired = match (session.status(), session.store.known()) {
        (Some(status), _) => Some(status.paired),
        (None, Some(store)) => store.paired,
        (None, None) => None,
    };
    match paired {
        Some(false) => Err(Stop::Skipped("no phone is linked to it".into())),
        // A store that is damaged, or gone, makes its backups matter more.
        Some(true) | None => known(&session.backups, "the journal"),
    }
}

fn age(facts: &Facts, at_ms: i64) -> String {
    clock::human(Duration::from_millis(u64::try_from(facts.now_ms - at_ms).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Entries one hour apart.
    fn facts(acts: &[(&str, &str, Value)]) -> BackupFacts {
        let entries: Vec<Entry> = (1_i64..)
            .zip(acts)
            .map(|(id, (verb, state, data))| Entry {
                id,
                at_ms: id * HOUR_MS,
                session: Some("main".into()),
                verb: (*verb).into(),
                pid: u32::try_from(id).unwrap(),
                state: (*state).into(),
                data: data.clone(),
            })
            .collect();
        of_journal(&entries, |pid| pid > 100, |path| !path.starts_with("/gone"))
    }

    fn made(id: &str, path: &str, level: Value, whole: bool) -> (&'static str, &'static str, Value) {
        let data = json!({ "archive_id": id, "path": path, "level": level, "whole": whole, "read_back": true });
        ("backup", "finished", data)
    }

    fn checked(id: &str, state: &'static str, level: &str) -> (&'static str, &'static str, Value) {
        let failed = if state == "failed" { json!("torn") } else { Value::Null };
        ("verify", state, json!({ "archive_id": id, "path": "/a", "level": level, "whole": true, "failed": failed }))
    }

    #[test]
    fn the_newest_whole_backup_that_is_there_counts() {
        let start = || ("start", "done", json!({}));
        assert_eq!(facts(&[]), BackupFacts::default());
        let seen = facts(&[start(), made("a", "/a", json!("quick"), true), made("b", "/gone/b", json!("quick"), true)]);
        assert_eq!((seen.known_since_ms, seen.whole_ms), (Some(HOUR_MS), Some(2 * HOUR_MS)));
        // Sealed to keys that are not here, it was read back, and in a store it is not looked up.
        let seen = facts(&[start(), made("a", "s3://b/a", Value::Null, true)]);
        assert_eq!(seen.whole_ms, Some(2 * HOUR_MS));
        let seen = facts(&[made("a", "/a", json!("quick"), true), made("b", "/b", json!("hash"), false)]);
        assert_eq!((seen.whole_ms, seen.failed.map(|failed| failed.at_ms)), (Some(HOUR_MS), Some(2 * HOUR_MS)));
    }

    #[test]
    fn a_backup_that_was_cut_off_is_told_as_that_until_its_archive_is_verified() {
        let data = json!({ "archive_id": "a", "path": "s3://b/a", "whole": false, "read_back": false });
        let cut_off = || ("backup", "finished", data.clone());
        let seen = facts(&[cut_off()]);
        let why = seen.failed.unwrap().why;
        assert!(why.contains("cut off") && why.contains("wpp backup verify s3://b/a"), "{why}");
        assert_eq!(seen.whole_ms, None);
        assert!(facts(&[cut_off(), checked("b", "done", "quick")]).failed.is_some(), "another archive was verified");
        assert!(facts(&[cut_off(), checked("a", "failed", "quick")]).failed.is_some());
        let seen = facts(&[cut_off(), checked("a", "done", "restore")]);
        assert_eq!((seen.failed, seen.whole_ms, seen.proven_ms), (None, Some(HOUR_MS), Some(2 * HOUR_MS)));
        // What failed after it is another matter.
        let failed = ("backup", "failed", json!({ "failed": "the disk is full" }));
        let seen = facts(&[cut_off(), failed, checked("a", "done", "quick")]);
        assert_eq!(seen.failed.unwrap().why, "no archive came of it: the disk is full");
    }

    #[test]
    fn only_a_passed_restore_of_a_backup_of_this_home_proves_anything() {
        let own = made("a", "/a", json!("quick"), true);
        assert_eq!(facts(&[own.clone(), checked("a", "done", "restore")]).proven_ms, Some(2 * HOUR_MS));
        for other in [checked("b", "done", "restore"), checked("a", "failed", "restore"), checked("a", "done", "quick")] {
            assert_eq!(facts(&[own.clone(), other.clone()]).proven_ms, None, "{other:?}");
        }
    }

    #[test]
    fn a_real_restore_of_the_whole_session_that_ended_ready_proves_as_much() {
        let own = made("a", "/a", json!("quick"), true);
        let restored = |id: &str, state: &'static str, plan: &str, ready: Value| {
            ("restore", state, json!({ "archive_id": id, "phase": "swapped", "plan": plan, "ready": ready }))
        };
        for plan in ["exact", "rekey"] {
            assert_eq!(facts(&[own.clone(), restored("a", "finished", plan, json!(true))]).proven_ms, Some(2 * HOUR_MS));
        }
        for other in [
            restored("a", "finished", "data", json!(true)),
            restored("a", "finished", "exact", Value::Null),
            restored("a", "undone", "exact", json!(true)),
            restored("b", "finished", "exact", json!(true)),
        ] {
            assert_eq!(facts(&[own.clone(), other.clone()]).proven_ms, None, "{other:?}");
        }
    }

    #[test]
    fn a_failure_stands_until_something_as_good_makes_up_for_it() {
        let good = |id| made(id, "/a", json!("quick"), true);
        let failed = || ("backup", "failed", json!({}));
        let cut_off = || ("backup", "open", json!({}));
        let standing = |acts: &[_]| facts(acts).failed.map(|failed| failed.verb);
        assert_eq!(standing(&[good("a")]), None);
        assert_eq!(standing(&[good("a"), failed()]).as_deref(), Some("backup"));
        assert_eq!(standing(&[good("a"), cut_off()]).as_deref(), Some("backup"));
        assert_eq!(standing(&[failed(), good("a")]), None);
        // A good check of what was there before is no new backup.
        assert_eq!(standing(&[good("a"), failed(), checked("a", "done", "restore")]).as_deref(), Some("backup"));
        assert_eq!(standing(&[good("a"), checked("a", "failed", "quick")]).as_deref(), Some("verify"));
        assert_eq!(standing(&[good("a"), checked("a", "failed", "quick"), good("b")]), None);
        let unproven = [good("a"), checked("a", "failed", "restore"), good("b")];
        assert_eq!(standing(&unproven).as_deref(), Some("verify"), "a new archive is not seen to come back yet");
        let again = [good("a"), checked("a", "failed", "restore"), good("b"), checked("b", "done", "restore")];
        assert_eq!(standing(&again), None);
    }
}
