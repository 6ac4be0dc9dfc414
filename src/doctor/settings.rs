//! Judges of the settings: what overrides them, what is at odds, what is missing for what is in use.

use super::alert::dead_ways;
use super::guard::{YOUNG_DAYS, known_for_ms};
use super::times::DAY_MS;
use super::{Judged, Said, Stop, known, line, or_fine};
use crate::facts::{Facts, SettingsFacts};
use crate::home::HomeKind;
use crate::report::{Severity, count};

fn settings(facts: &Facts) -> Result<&SettingsFacts, Stop> {
    known(&facts.host.upkeep.settings, "the settings")
}

/// Whether the home has been in use for long enough that what is missing was forgotten.
fn is_settled(facts: &Facts) -> bool {
    known_for_ms(facts).is_some_and(|age| age > YOUNG_DAYS * DAY_MS)
}

/// Variables that say something else than the file.
pub fn overridden(facts: &Facts) -> Judged {
    let said = settings(facts)?.overrides.iter().map(|one| {
        Said::bad(format!(
            "{} says something else than config.toml: {} is another one here than for cron, systemd and daemons",
            one.variable, one.setting
        ))
        .seen(one.variable.clone(), "unset, or what the file says", "something else")
        .by_hand("see both; unset the variable if the file is right", line(facts, None, "config"))
    });
    or_fine(said.collect(), "no variable overrides the file")
}

/// Variables that look like settings and are none.
pub fn unknown_variables(facts: &Facts) -> Judged {
    let said = settings(facts)?.unknown_variables.iter().map(|(name, near)| {
        Said::bad(format!("the variable {name} is no setting of wpp, and nothing reads it; did you mean {near}?"))
            .seen(name.clone(), near.clone(), "no such setting")
            .by_hand("correct its name, or unset it", line(facts, None, "config"))
    });
    or_fine(said.collect(), "no variable looks like a misspelt setting")
}

/// Secrets do not stand in the file.
pub fn clear_secrets(facts: &Facts) -> Judged {
    let said = settings(facts)?.clear_secrets.iter().map(|place| {
        Said::bad(format!("{place} in config.toml looks like a secret in clear, and goes into every archive and every copy of the file"))
            .seen(place.clone(), "the name of a secret, or none", "something with a secret's form")
            .by_hand(
                "put it into a file of `secrets` with mode 0600, or name a command under [secrets]; then replace it, as it may have been read",
                line(facts, None, "config"),
            )
    });
    or_fine(said.collect(), "nothing in config.toml looks like a secret")
}

/// Who is to be told can be told.
pub fn contacts(facts: &Facts) -> Judged {
    let settings = settings(facts)?;
    let mut said = dead_ways(facts);
    let more = someone_is_told(facts, settings);
    let none = said.is_empty();
    said.extend(more.into_iter().filter(|more| none || more.is_bad()));
    Ok(said)
}

/// There is somebody to tell, and something that tells them.
fn someone_is_told(facts: &Facts, settings: &SettingsFacts) -> Vec<Said> {
    let calls = |entry: &&crate::facts::EntryLook| entry.words.first().is_some_and(|word| word == "alert");
    match (settings.contacts, settings.alert_settings.as_slice()) {
        (0, []) => vec![Said::ok("nobody is to be told of anything")],
        (0, set) => vec![
            Said::bad(format!("{} set and there is no contact: nobody is told of anything", join(set)))
                .seen("[contacts.NAME]", "at least one", "none")
                .by_hand("write a table [contacts.NAME] with a channel or a command", line(facts, None, "alert matrix")),
        ],
        (contacts, _) if !settings.entries.iter().any(|entry| calls(&entry)) && is_settled(facts) => vec![
            Said::bad(format!(
                "there are {} and no entry of the schedule runs `wpp alert run`",
                count(contacts, "contact", "contacts")
            ))
            .severity(Severity::Info)
            .seen("entries that run `wpp alert run`", "one, or a timer of your own", "none")
            .by_hand(
                "write one: [schedule.alerts] with run = [\"alert\", \"run\"] and when = \"@every:60\"",
                line(facts, None, "schedule list"),
            ),
        ],
        (contacts, _) => vec![Said::ok(format!("{} to tell", count(contacts, "contact", "contacts")))],
    }
}

fn join(names: &[String]) -> String {
    match names {
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(", ")),
    }
}

/// Settings do not contradict each other.
pub fn contradictions(facts: &Facts) -> Judged {
    let settings = settings(facts)?;
    let mut said = Vec::new();
    let mut odd = |summary: String, expected: &str, observed: String, remedy: &str| {
        said.push(Said::bad(summary).seen("settings", expected, observed).by_hand(remedy, line(facts, None, "config")));
    };
    let heartbeat = facts.limits.heartbeat_age_ms_max;
    if settings.watchdog_ms > heartbeat {
        odd(
            "the doctor calls a stream lost before the daemon's own watchdog has looked".into(),
            "daemon.watchdog_ms at most doctor.heartbeat_age_ms_max",
            format!("{} and {heartbeat}", settings.watchdog_ms),
            "lower daemon.watchdog_ms, or raise doctor.heartbeat_age_ms_max",
        );
    }
    if settings.signature_required && settings.public_keys == 0 {
        odd(
            "only signed plugins may be added, and no key's signature counts: none can be".into(),
            "plugins.public_keys with plugins.signature_required",
            "no keys".into(),
            "write the keys of those whose plugins you trust",
        );
    }
    if !settings.to_s3 && !settings.s3_settings.is_empty() {
        odd(
            format!("{} set, and archives do not go to an S3 server", join(&settings.s3_settings)),
            "backup.destination = \"s3://…\"",
            "a folder".into(),
            "set backup.destination, or take the others away",
        );
    }
    let hours = facts.limits.backup_age_hours_max;
    for entry in settings.entries.iter().filter(|entry| entry.words.first().is_some_and(|word| word == "backup")) {
        let is_backup = entry.words.get(1).is_none_or(|word| word.starts_with('-') || word == "create");
        if is_backup && hours > 0 && entry.interval_s > hours.saturating_mul(3600) {
            odd(
                format!(
                    "the entry {} makes a backup every {}, and one older than {} counts as too old",
                    entry.name,
                    count(entry.interval_s / 3600, "hour", "hours"),
                    count(hours, "hour", "hours")
                ),
                "an entry that runs more often than doctor.backup_age_hours_max",
                format!("every {}", count(entry.interval_s / 3600, "hour", "hours")),
                "run it more often, or raise doctor.backup_age_hours_max",
            );
        }
    }
    or_fine(said, "no two settings contradict each other")
}

/// Nothing is set that will not be read for ever.
pub fn deprecated(facts: &Facts) -> Judged {
    let said = settings(facts)?.deprecated.iter().map(|(setting, instead)| {
        Said::bad(format!("{setting} is still read, and a later wpp will not know it; write {instead}"))
            .about(setting.clone())
            .seen(setting.clone(), instead.clone(), "the old setting")
            .by_hand(format!("write {instead} in its place"), line(facts, None, "config"))
    });
    or_fine(said.collect(), "no setting is one that is given up")
}

/// What a home should say is said.
pub fn recommended(facts: &Facts) -> Judged {
    let unset = &settings(facts)?.recommended_unset;
    if unset.is_empty() {
        return Ok(vec![Said::ok("every setting that is recommended is set")]);
    }
    if facts.host.opened.as_ref().is_ok_and(|kind| *kind == HomeKind::Sandbox) {
        return Err(Stop::Skipped("nobody relies on a sandbox".into()));
    }
    if !is_paired(facts) || !is_settled(facts) {
        return Err(Stop::Skipped(format!("no session has been linked for {YOUNG_DAYS} days")));
    }
    let observed = if unset.len() == 1 { "its default" } else { "their defaults" };
    Ok(vec![
        Said::bad(format!("{} recommended and not set", join(unset)))
            .seen("config.toml", unset.join(", "), observed)
            .by_hand("see what each does, and write those that fit this home", line(facts, None, "config")),
    ])
}

/// Whether some session is linked.
fn is_paired(facts: &Facts) -> bool {
    facts.sessions.iter().any(|session| session.store.known().is_some_and(|store| store.paired == Some(true)))
}

/// Backups do not depend on somebody who thinks of them.
pub fn backup_schedule(facts: &Facts) -> Judged {
    let settings = settings(facts)?;
    if facts.host.opened.as_ref().is_ok_and(|kind| *kind == HomeKind::Sandbox) {
        return Err(Stop::Skipped("nothing in a sandbox is worth a backup".into()));
    }
    let backups = |entry: &&crate::facts::EntryLook| entry.words.iter().any(|word| word == "backup" || word.contains("backup"));
    if settings.entries.iter().any(|entry| backups(&entry)) {
        return Ok(vec![Said::ok("an entry of the schedule makes backups")]);
    }
    if !is_paired(facts) || !is_settled(facts) {
        return Err(Stop::Skipped(format!("no session has been linked for {YOUNG_DAYS} days")));
    }
    Ok(vec![
        Said::bad(
            "no entry of the schedule makes backups: they depend on somebody, or something outside of wpp, to think of them",
        )
        .seen("entries that run `wpp backup`", "at least one", "none")
        .by_hand(
            "write one: [schedule.nightly] with run = [\"backup\"] and when = \"daily 02:30\"",
            line(facts, None, "schedule list"),
        ),
    ])
}

/// A broken disk does not take archives and sessions at once.
pub fn same_disk(facts: &Facts) -> Judged {
    let same = *known(&facts.host.upkeep.same_disk, "the disk of the archives")?;
    if !same {
        return Ok(vec![Said::ok("archives go to another disk, or another machine")]);
    }
    if facts.host.opened.as_ref().is_ok_and(|kind| *kind == HomeKind::Sandbox) {
        return Err(Stop::Skipped("nothing in a sandbox is worth a second disk".into()));
    }
    let places = facts.sessions.iter().filter_map(|session| session.backups.known()).flat_map(|backups| &backups.places);
    let elsewhere = places.into_iter().any(|place| place.place.contains("://") && place.whole_ms.is_some());
    if elsewhere {
        return Ok(vec![Said::ok("archives go to another machine, too")]);
    }
    if !is_settled(facts) {
        return Err(Stop::Skipped(format!("no session has been known for {YOUNG_DAYS} days")));
    }
    Ok(vec![
        Said::bad("archives lie on the disk that the home lies on: what breaks one breaks both")
            .seen("disk of the archives", "another one than the home's", "the same")
            .by_hand("set backup.destination to a folder of another disk, or to s3://BUCKET/PREFIX", line(facts, None, "config")),
    ])
}
