//! Judges of a session's backups: whether there are any, whether one was seen to come back, and what
//! failed. They look at the journal alone; archives are read by `wpp backup verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::times::{DAY_MS, HOUR_MS, ago, limit_ms};
use super::{Judged, Said, Stop, known, line, or_fine};
use crate::archive::shelf::Stamp;
use crate::archive::verified::{self, CheckResult};
use crate::archive::verify::Level;
use crate::clock;
use crate::facts::{BackupFacts, BackupPlace, Facts, FailedBackup, SessionFacts, SpoiledBackup};
use crate::journal::Entry;
use crate::report::{Severity, count, quoted, size};

/// How long a place for backups is remembered by what was last sent there.
const OF_LATE_MS: i64 = 7 * DAY_MS;
/// So many backups of late make a place one that backups are meant to go to; fewer were made by hand.
const HABIT: usize = 3;
/// How far a clock may have been set back without a time before it being one ahead.
const AHEAD_MS: i64 = 5 * 60_000;

/// So old a copy that was set aside is one that nobody comes back to.
pub(super) const SET_ASIDE_AGE: &str = "30d";

/// One archive that a backup made.
struct Made<'a> {
    id: &'a str,
    at_ms: i64,
    path: &'a str,
    place: String,
    /// The file as it was; older entries hold none.
    stamp: Option<Stamp>,
    parent: Option<&'a str>,
    whole: bool,
    /// Whether this host has read what is in it.
    readable: bool,
}

/// What the journal's entries on a session, oldest first, say of its backups. `is_at_work` tells whether
/// the very process lives that wrote an entry, `look` gives the state of the file that a path leads to, if there is one.
pub fn of_journal(
    entries: &[Entry],
    now_ms: i64,
    is_at_work: impl Fn(&Entry) -> bool,
    look: impl Fn(&Path) -> Option<Stamp>,
) -> BackupFacts {
    let mut facts = BackupFacts { known_since_ms: entries.first().map(|entry| entry.at_ms), ..BackupFacts::default() };
    let mut made: Vec<Made<'_>> = Vec::new();
    // Archives that were not read back by the backup that made them.
    let mut cut_off: BTreeSet<&str> = BTreeSet::new();
    // What failed at each place, and the newest check that did with the level that makes up for it.
    let mut failed: BTreeMap<String, FailedBackup> = BTreeMap::new();
    let mut failed_check: Option<(FailedBackup, Level)> = None;
    let mut attempts: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut succeeded_ms = None;
    for entry in entries {
        let text = |name: &str| entry.data[name].as_str().unwrap_or_default();
        let place = verified::location(entry);
        let failure = |why: String| FailedBackup { verb: entry.verb.clone(), at_ms: entry.at_ms, place: place.clone(), why };
        if entry.verb == "backup" && !place.is_empty() && now_ms.saturating_sub(entry.at_ms) <= OF_LATE_MS {
            attempts.entry(place.clone()).or_default().push(entry.at_ms);
        }
        match (entry.verb.as_str(), entry.state.as_str()) {
            ("backup", "finished") => {
                let sound = entry.data["whole"].as_bool().unwrap_or(false);
                let checked = entry.data["level"].is_string() || entry.data["read_back"].as_bool().unwrap_or(false);
                made.push(Made {
                    id: text("archive_id"),
                    at_ms: entry.at_ms,
                    path: text("path"),
                    place: place.clone(),
                    stamp: serde_json::from_value(entry.data["stamp"].clone()).ok(),
                    parent: entry.data["parent_id"].as_str(),
                    whole: checked && sound,
                    readable: entry.data["level"].is_string(),
                });
                if !checked {
                    let path = text("path");
                    let why = format!(
                        "it was cut off before {path} was read back; `wpp backup verify {path}` tells whether it is good"
                    );
                    failed.insert(place.clone(), failure(why));
                    cut_off.insert(text("archive_id"));
                } else if !sound {
                    let why = "not all of the session could be taken, or not all of it was sound";
                    failed.insert(place.clone(), failure(why.into()));
                } else {
                    // What failed before it was known where to is made up for by any.
                    failed.retain(|at, _| !at.is_empty() && *at != place);
                    succeeded_ms = Some(entry.at_ms);
                }
            }
            // It came back to life where it counts: both databases, and the server let it in.
            ("restore", "finished")
                if entry.data["ready"] == true
                    && entry.data["plan"] != "data"
                    && made.iter().any(|made| made.whole && made.id == text("archive_id")) =>
            {
                facts.proven_ms = Some(entry.at_ms);
            }
            ("backup", "failed") => {
                let why = match text("failed") {
                    "" => "no archive came of it".into(),
                    why => format!("no archive came of it: {why}"),
                };
                failed.insert(place.clone(), failure(why));
            }
            ("backup", "open") if !is_at_work(entry) => {
                failed.insert(place.clone(), failure("it was cut off".into()));
            }
            _ => {}
        }
        let Some(check) = verified::check(entry) else { continue };
        match &check.result {
            CheckResult::Failed { level, why } => {
                let why = format!("{} does not pass level {}: {why}", check.place, level.name());
                failed_check = Some((failure(why), *level));
            }
            CheckResult::Passed(passed) => {
                if matches!(&failed_check, Some((_, level)) if passed >= level) {
                    failed_check = None;
                }
                let Some(made) = made.iter_mut().rfind(|made| made.id == check.archive_id) else { continue };
                made.readable = true;
                if check.whole && cut_off.remove(made.id) {
                    made.whole = true;
                    failed.retain(|_, failed| failed.at_ms != made.at_ms);
                }
                if *passed == Level::Restore && check.whole && made.whole {
                    facts.proven_ms = Some(check.at_ms);
                }
            }
        }
    }
    // A place that nothing is sent to any more is let be, once backups go elsewhere.
    failed.retain(|_, failed| succeeded_ms < Some(failed.at_ms) || now_ms.saturating_sub(failed.at_ms) <= OF_LATE_MS);
    facts.failed = failed.into_values().chain(failed_check.map(|(failed, _)| failed)).collect();
    facts.failed.sort_by_key(|failed| failed.at_ms);

    let whole: Vec<(&Made<'_>, Option<Spoiled>)> =
        made.iter().rev().filter(|one| one.whole).map(|one| (one, spoiled(one, &made, &look))).collect();
    let good: Vec<&Made<'_>> = whole.iter().filter(|(_, spoiled)| spoiled.is_none()).map(|(one, _)| *one).collect();
    facts.ahead_ms = good.iter().map(|made| made.at_ms).find(|at_ms| *at_ms > now_ms.saturating_add(AHEAD_MS));
    let usable = good.iter().filter(|made| made.at_ms <= now_ms.saturating_add(AHEAD_MS));
    if let Some(newest) = usable.clone().max_by_key(|made| made.at_ms) {
        facts.whole_ms = Some(newest.at_ms);
        facts.sealed = (!newest.readable).then(|| newest.path.to_owned());
    }
    // What is older than one that is in order may have been removed by whoever keeps the shelf tidy.
    let newer = whole.iter().filter(|(one, _)| facts.whole_ms.is_none_or(|at_ms| at_ms < one.at_ms));
    facts.spoiled = newer.max_by_key(|(one, _)| one.at_ms).and_then(|(one, spoiled)| {
        let Spoiled { is_gone, why } = spoiled.as_ref()?;
        Some(SpoiledBackup { at_ms: one.at_ms, path: one.path.to_owned(), is_gone: *is_gone, why: why.clone() })
    });
    facts.places = attempts
        .into_iter()
        .filter(|(_, times)| times.len() >= HABIT)
        .map(|(place, times)| {
            let whole_ms = usable.clone().filter(|made| made.place == place).map(|made| made.at_ms).max();
            BackupPlace { since_ms: times.first().copied().unwrap_or(now_ms), place, whole_ms }
        })
        .collect();
    facts
}

/// Why an archive does not count any more.
struct Spoiled {
    /// Whether its own file is not there, as against one that is not what it was.
    is_gone: bool,
    why: String,
}

/// What keeps an archive, or something that it builds on, from being the file that it was; `None` when all is as
/// it was. What lies in a store is not looked up: that is no look at this machine.
fn spoiled(archive: &Made<'_>, made: &[Made<'_>], look: &impl Fn(&Path) -> Option<Stamp>) -> Option<Spoiled> {
    let mut next = Some(archive);
    // A chain is no longer than there are archives, whatever the journal says.
    for depth in 0..=made.len() {
        let one = next?;
        let path = Path::new(one.path);
        let spoiled = |is_gone, why: &str| {
            let why = if depth == 0 { why.to_owned() } else { format!("builds on {}, which {why}", one.path) };
            Some(Spoiled { is_gone: is_gone && depth == 0, why })
        };
        if path.is_absolute() {
            match (look(path), &one.stamp) {
                (None, _) => return spoiled(true, "is gone"),
                (Some(now), Some(then)) if now.size_bytes != then.size_bytes => {
                    let why =
                        format!("holds {}, and {} when it was made", count(now.size_bytes, "byte", "bytes"), then.size_bytes);
                    return spoiled(false, &why);
                }
                (Some(now), Some(then)) if !now.is(then) => return spoiled(false, "was written to since it was made"),
                (Some(_), _) => {}
            }
        }
        next = one.parent.and_then(|parent| made.iter().rfind(|made| made.id == parent));
    }
    Some(Spoiled { is_gone: false, why: "builds on itself".into() })
}

/// There is a backup that is not too old, and one at each place that they are sent to.
pub fn fresh(facts: &Facts, session: &SessionFacts) -> Judged {
    let hours = facts.limits.backup_age_hours_max;
    let backups = worth_keeping(session, hours)?;
    let most_ms = limit_ms(hours, HOUR_MS);
    let is_old = |at_ms: i64| facts.now_ms.saturating_sub(at_ms) > most_ms;
    let mend = |said: Said| {
        said.by_hand("back it up now, and have cron or a timer do so daily", line(facts, Some(&session.name), "backup"))
    };
    const WANTED: &str = "newest backup that is whole and verified";
    let at_most = format!("at most {} old", count(hours, "hour", "hours"));
    if backups.whole_ms.is_none_or(is_old)
        && let Some(ahead_ms) = backups.ahead_ms
    {
        let time = clock::rfc3339(clock::from_ms(ahead_ms));
        return Err(Stop::Unknown(format!("the newest whole backup is dated {time}, which lies ahead of this clock")));
    }
    let spoiled = backups.spoiled.as_ref().map(|spoiled| lost(facts, session, spoiled));
    if let Some(spoiled) = &spoiled
        && backups.whole_ms.is_none_or(is_old)
        && backups.spoiled.as_ref().is_some_and(|spoiled| !is_old(spoiled.at_ms))
    {
        return Ok(vec![spoiled.clone().severity(Severity::Error)]);
    }
    let newest_ms = match (backups.whole_ms, backups.known_since_ms) {
        (Some(at_ms), _) if !is_old(at_ms) => at_ms,
        (Some(at_ms), _) => {
            let said = Said::bad(format!("the newest whole backup is {} old", ago(facts, at_ms)));
            return Ok(vec![mend(said.seen(WANTED, at_most, clock::rfc3339(clock::from_ms(at_ms))))]);
        }
        (None, Some(since_ms)) if is_old(since_ms) => {
            let seen = format!("none, in the {} that the journal knows the session", ago(facts, since_ms));
            return Ok(vec![mend(Said::bad("there is no whole backup of this session").seen(WANTED, at_most, seen))]);
        }
        (None, Some(_)) => return Err(Stop::Skipped(format!("the session is younger than {}", count(hours, "hour", "hours")))),
        (None, None) => return Err(Stop::Skipped("nothing was written down about the session yet".into())),
    };
    let late = backups.places.iter().filter(|place| place.whole_ms.map_or(is_old(place.since_ms), is_old));
    let late = late.map(|BackupPlace { place, whole_ms, .. }| {
        let (text, seen) = match whole_ms {
            Some(at_ms) => (
                format!("the newest whole backup in {place} is {} old", ago(facts, *at_ms)),
                clock::rfc3339(clock::from_ms(*at_ms)),
            ),
            None => (format!("there is no whole backup in {place}, where backups are sent to"), "none".to_owned()),
        };
        Said::bad(text).seen(format!("{WANTED}, there"), at_most.clone(), seen).by_hand(
            "make one there now; a place that nothing is sent to is let be after a week",
            line(facts, Some(&session.name), &format!("backup --output {}", quoted(place))),
        )
    });
    or_fine(late.chain(spoiled).collect(), format!("the newest whole backup is {} old", ago(facts, newest_ms)))
}

/// The newest backup is not what it was, whatever older ones are.
fn lost(facts: &Facts, session: &SessionFacts, spoiled: &SpoiledBackup) -> Said {
    let SpoiledBackup { at_ms, path, is_gone, why } = spoiled;
    let said = Said::bad(format!("{path}, the newest backup ({} old), {why}", ago(facts, *at_ms)))
        .severity(if *is_gone { Severity::Info } else { Severity::Warning })
        .seen(path.clone(), "the file that the journal knows, and all that it builds on", why.clone());
    said.by_hand("make another one now; then find out what became of that one", line(facts, Some(&session.name), "backup"))
}

/// Gateways have a recent set.
pub fn sets(facts: &Facts) -> Judged {
    let sets = known(&facts.host.upkeep.sets, "the sets of gateways")?;
    let hours = facts.limits.backup_age_hours_max;
    if hours == 0 {
        return Err(Stop::Skipped("doctor.backup_age_hours_max is 0".into()));
    }
    if sets.is_empty() {
        return Err(Stop::Skipped("no gateway is set up to be backed up".into()));
    }
    let most_ms = limit_ms(hours, HOUR_MS);
    let late = sets.iter().filter(|set| set.complete_ms.is_none_or(|at_ms| facts.now_ms.saturating_sub(at_ms) > most_ms));
    let late: Vec<Said> = late
        .map(|set| {
            let channel = &set.channel;
            let newest =
                set.complete_ms.map(|at_ms| format!("the newest complete set of {channel} is {} old", ago(facts, at_ms)));
            let mut text = newest.unwrap_or_else(|| format!("there is no complete set of {channel}"));
            if set.gone_ms.is_some() {
                text.push_str("; the file of a newer one is gone");
            }
            if set.incomplete_ms.is_some() {
                text.push_str("; the last one is incomplete");
            }
            let seen = set.complete_ms.map_or("none".to_owned(), |at_ms| clock::rfc3339(clock::from_ms(at_ms)));
            Said::bad(text)
                .seen(format!("newest complete set of {channel}"), format!("at most {} old", count(hours, "hour", "hours")), seen)
                .by_hand(
                    "make one now, and have the schedule do so daily",
                    line(facts, None, &format!("backup --channel {}", quoted(channel))),
                )
        })
        .collect();
    if late.is_empty() {
        let gateways = count(sets.len(), "gateway has", "gateways have");
        return Ok(vec![Said::ok(format!("{gateways} a complete set that is not older than {}", count(hours, "hour", "hours")))]);
    }
    Ok(late)
}

/// A backup was seen to come back to life.
pub fn proven(facts: &Facts, session: &SessionFacts) -> Judged {
    let most = facts.limits.restore_age_days_max;
    let backups = worth_keeping(session, most)?;
    let (most_ms, most) = (limit_ms(most, DAY_MS), count(most, "day", "days"));
    let said = match (backups.proven_ms, backups.whole_ms, backups.known_since_ms) {
        (Some(at_ms), ..) if facts.now_ms.saturating_sub(at_ms) <= most_ms => {
            return Ok(vec![Said::ok(format!("a backup came back to life {} ago", ago(facts, at_ms)))]);
        }
        _ if let Some(place) = &backups.sealed => {
            return Ok(vec![
                Said::bad(
                    "whether the newest backup comes back cannot be seen here: it is sealed to keys that this host does not have",
                )
                .severity(Severity::Info)
                .by_hand(
                    "see that it does on a host that has the key; what passes there is not known here",
                    format!("wpp backup verify {} --level restore --identity KEY_FILE", quoted(place)),
                ),
            ]);
        }
        (Some(at_ms), ..) => Said::bad(format!("no backup was seen to come back for {}", ago(facts, at_ms))).seen(
            "newest verification at level restore that passed",
            format!("at most {most} ago"),
            clock::rfc3339(clock::from_ms(at_ms)),
        ),
        (None, None, _) => return Err(Stop::Skipped("there is no whole backup to prove".into())),
        (None, Some(_), Some(since_ms)) if facts.now_ms.saturating_sub(since_ms) > most_ms => Said::bad(
            "no backup of this session was ever seen to come back",
        )
        .seen("newest verification at level restore that passed", format!("at most {most} ago"), "none"),
        (None, Some(_), _) => return Err(Stop::Skipped(format!("the session is younger than {most}"))),
    };
    Ok(vec![said.by_hand(
        "restore the newest into a sandbox, where it harms nothing, and see",
        line(facts, Some(&session.name), "backup verify latest --level restore"),
    )])
}

/// The newest backup at each place and the newest verification went well.
pub fn succeeded(facts: &Facts, session: &SessionFacts) -> Judged {
    let backups = known(&session.backups, "the journal")?;
    let failed = &backups.failed;
    if failed.is_empty() {
        return Ok(vec![Said::ok("no backup or verification failed since the last that passed")]);
    }
    let said = failed.iter().map(|failed| {
        let when = ago(facts, failed.at_ms);
        match (failed.verb.as_str(), failed.place.as_str()) {
            ("backup", "") => Said::bad(format!("the last backup, {when} ago, failed: {}", failed.why))
                .seen("last backup", "whole and verified", failed.why.clone())
                .by_hand("make one now, and see what it says", line(facts, Some(&session.name), "backup")),
            ("backup", place) => Said::bad(format!("the last backup to {place}, {when} ago, failed: {}", failed.why))
                .seen(format!("last backup to {place}"), "whole and verified", failed.why.clone())
                .by_hand(
                    "make one there now, and see what it says",
                    line(facts, Some(&session.name), &format!("backup --output {}", quoted(place))),
                ),
            _ => Said::bad(format!("an archive failed its verification {when} ago: {}", failed.why))
                .seen("last verification", "passed", failed.why.clone())
                .by_hand("make another archive now, then verify that one", line(facts, Some(&session.name), "backup")),
        }
    });
    Ok(said.collect())
}

/// Old copies do not fill the disk.
pub fn set_aside(facts: &Facts, session: &SessionFacts) -> Judged {
    let copies = known(&session.set_aside, "what is beside the session")?;
    if copies.folders.is_empty() {
        return Ok(vec![Said::ok("nothing is set aside")]);
    }
    let free = facts.host.space.known().map(|space| space.free_bytes);
    if copies.removable == 0 && free.is_none_or(|free| copies.size_bytes <= free) {
        let copies = count(copies.folders.len(), "old copy is", "old copies are");
        return Ok(vec![Said::ok(format!("{copies} set aside, and none may go yet"))]);
    }
    let said = Said::bad(format!(
        "{} {}",
        count(
            copies.folders.len(),
            "old copy of the session's files, set aside by a restore or a new link, holds",
            "old copies of the session's files, set aside by restores and new links, hold"
        ),
        size(copies.size_bytes)
    ));
    let said = match free {
        Some(free) if copies.size_bytes > free => said.seen(
            "old copies",
            "less than what is free on the disk",
            format!("{}, and {} are free", size(copies.size_bytes), size(free)),
        ),
        _ => said.severity(Severity::Info),
    };
    Ok(vec![said.by_hand(
        "see which may go; the newest of each kind stays",
        line(facts, Some(&session.name), &format!("backup prune --set-aside --older-than {SET_ASIDE_AGE} --dry-run")),
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
        let now_ms = entries.last().map_or(0, |entry| entry.at_ms);
        of_journal(&entries, now_ms, |entry| entry.pid > 100, |path| (!path.starts_with("/gone")).then_some(STAMP))
    }

    const STAMP: Stamp = Stamp { size_bytes: 1, modified_s: 2, modified_ns: 3, etag: None };

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
        assert_eq!((seen.whole_ms, seen.failed.first().map(|failed| failed.at_ms)), (Some(HOUR_MS), Some(2 * HOUR_MS)));
    }

    #[test]
    fn a_backup_that_was_cut_off_is_told_as_that_until_its_archive_is_verified() {
        let data = json!({ "archive_id": "a", "path": "s3://b/a", "whole": false, "read_back": false });
        let cut_off = || ("backup", "finished", data.clone());
        let seen = facts(&[cut_off()]);
        let why = &seen.failed[0].why;
        assert!(why.contains("cut off") && why.contains("wpp backup verify s3://b/a"), "{why}");
        assert_eq!(seen.whole_ms, None);
        assert!(facts(&[cut_off(), checked("b", "done", "quick")]).failed.len() == 1, "another archive was verified");
        assert_eq!(facts(&[cut_off(), checked("a", "failed", "quick")]).failed.len(), 2);
        let seen = facts(&[cut_off(), checked("a", "done", "restore")]);
        assert_eq!((seen.failed, seen.whole_ms, seen.proven_ms), (vec![], Some(HOUR_MS), Some(2 * HOUR_MS)));
        // What failed after it is another matter.
        let failed = ("backup", "failed", json!({ "failed": "the disk is full" }));
        let seen = facts(&[cut_off(), failed, checked("a", "done", "quick")]);
        let why: Vec<&str> = seen.failed.iter().map(|failed| failed.why.as_str()).collect();
        assert_eq!(why, ["no archive came of it: the disk is full"]);
    }

    #[test]
    fn an_archive_counts_as_long_as_it_and_what_it_builds_on_are_the_files_that_they_were() {
        let at = |id: &str, path: &str, parent: Option<&str>, size_bytes: u64| {
            let stamp = Stamp { size_bytes, ..STAMP };
            let (verb, state, mut data) = made(id, path, json!("quick"), true);
            data["stamp"] = serde_json::to_value(stamp).unwrap();
            data["parent_id"] = json!(parent);
            (verb, state, data)
        };
        let whole = |acts: &[_]| facts(acts).whole_ms.map(|at_ms| at_ms / HOUR_MS);
        assert_eq!(whole(&[at("a", "/a", None, 1), at("b", "/b", None, 1)]), Some(2));
        assert_eq!(whole(&[at("a", "/a", None, 1), at("b", "/b", None, 7)]), Some(1), "overwritten");
        assert_eq!(whole(&[at("a", "/a", None, 1), at("b", "/b", Some("a"), 1)]), Some(2));
        assert_eq!(whole(&[at("a", "/gone/a", None, 1), at("b", "/b", Some("a"), 1)]), None, "its base is gone");
        assert_eq!(whole(&[at("a", "/a", None, 7), at("b", "/b", Some("a"), 1), at("c", "/c", Some("b"), 1)]), None);
        assert_eq!(whole(&[at("a", "/a", Some("a"), 1)]), None, "a circle");
        // The newest that does not count is told, with the reason; older ones may have been cleared away.
        let why = |acts: &[_]| facts(acts).spoiled.map(|spoiled| (spoiled.at_ms / HOUR_MS, spoiled.is_gone, spoiled.why));
        assert_eq!(why(&[at("a", "/a", None, 1)]), None);
        assert_eq!(why(&[at("a", "/gone/a", None, 1)]), Some((1, true, "is gone".into())));
        let shrunk = Some((2, false, "holds 1 byte, and 7 when it was made".into()));
        assert_eq!(why(&[at("a", "/a", None, 1), at("b", "/b", None, 7)]), shrunk);
        let base = Some((2, false, "builds on /gone/a, which is gone".into()));
        assert_eq!(why(&[at("a", "/gone/a", None, 1), at("b", "/b", Some("a"), 1)]), base);
        assert_eq!(why(&[at("a", "/gone/a", None, 1), at("b", "/b", None, 1)]), None);
        let ahead = facts(&[at("a", "/a", None, 1), at("b", "/b", None, 1), ("start", "done", json!({}))]);
        assert_eq!(ahead.ahead_ms, None);
        let mut entries = Vec::new();
        for (id, at_ms) in [(1, HOUR_MS), (2, 90 * HOUR_MS)] {
            let (verb, state, data) = at(&format!("x{id}"), "/x", None, 1);
            entries.push(Entry { id, at_ms, session: None, verb: verb.into(), pid: 1, state: state.into(), data });
        }
        let seen = of_journal(&entries, 2 * HOUR_MS, |_| true, |_| Some(STAMP));
        assert_eq!((seen.whole_ms, seen.ahead_ms), (Some(HOUR_MS), Some(90 * HOUR_MS)));
    }

    #[test]
    fn a_backup_that_was_begun_is_at_work_as_long_as_the_very_process_that_began_it() {
        let entry = Entry {
            id: 1,
            at_ms: HOUR_MS,
            session: Some("main".into()),
            verb: "backup".into(),
            pid: 4711,
            state: "open".into(),
            data: json!({ "location": "/b" }),
        };
        let failed = |started_ms: i64| {
            let is_at_work = |entry: &Entry| entry.pid == 4711 && started_ms <= entry.at_ms;
            of_journal(std::slice::from_ref(&entry), 2 * HOUR_MS, is_at_work, |_| None).failed.len()
        };
        // Another process came to have the number since.
        assert_eq!((failed(0), failed(HOUR_MS + 1)), (0, 1));
    }

    #[test]
    fn a_place_that_fails_is_told_although_another_one_works() {
        let to = |place: &str, state: &'static str| {
            let mut data = made("a", &format!("{place}/a"), json!("quick"), true).2;
            data["location"] = json!(place);
            ("backup", state, data)
        };
        let failing = |acts: &[_]| -> Vec<String> { facts(acts).failed.into_iter().map(|failed| failed.place).collect() };
        assert_eq!(failing(&[to("/usb", "failed"), to("/near", "finished")]), ["/usb"]);
        assert_eq!(failing(&[to("/usb", "failed"), to("/near", "finished"), to("/usb", "finished")]), [""; 0]);
        let week = vec![to("/near", "finished"); 200];
        assert_eq!(failing(&[&[to("/usb", "failed")][..], &week].concat()), [""; 0], "long ago");
        assert_eq!(failing(&[&week[..], &[to("/usb", "failed")]].concat()), ["/usb"]);
        // What is sent to again and again is judged on its own.
        let often = |place| [to(place, "finished"), to(place, "failed"), to(place, "failed")];
        let seen = facts(&[&often("s3://b/far")[..], &[to("/once", "finished")]].concat());
        let expected = BackupPlace { place: "s3://b/far".into(), since_ms: HOUR_MS, whole_ms: Some(HOUR_MS) };
        assert_eq!((seen.places, seen.whole_ms), (vec![expected], Some(4 * HOUR_MS)));
    }

    #[test]
    fn a_newest_backup_that_nobody_here_can_read_is_known_as_that() {
        let sealed = || made("s", "/s", Value::Null, true);
        assert_eq!(facts(&[made("a", "/a", json!("quick"), true), sealed()]).sealed.as_deref(), Some("/s"));
        assert_eq!(facts(&[sealed(), made("a", "/a", json!("quick"), true)]).sealed, None);
        assert_eq!(facts(&[sealed(), checked("s", "done", "hash")]).sealed, None, "somebody brought the key");
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
        let standing = |acts: &[_]| facts(acts).failed.pop().map(|failed| failed.verb);
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
