//! Judges of what wpp trusts on this machine: who could change it, which secrets are none, and what proves
//! that all of it still works.

use super::times::{DAY_MS, ago, limit_ms};
use super::{Judged, Said, Stop, known, line, or_fine};
use crate::clock;
use crate::disk::{FILE_MODE, FOLDER_MODE};
use crate::facts::{Facts, OpenRun, PathKind, PathLook, PathSeen, Probed, SecretFault};
use crate::home::HomeKind;
use crate::report::{Fix, Severity, count, quoted};

/// Who owns files whose owner has no number here, as inside of a container.
const OVERFLOW_USER: u32 = 65_534;
/// In such a folder only the owner of a name can replace it.
const STICKY: u32 = 0o1000;
/// A home that is younger is still being set up, and has not had the time for what is done once in a while.
pub(super) const YOUNG_DAYS: i64 = 7;

/// What is there, with what was seen of it.
type There = Vec<(PathLook, PathSeen)>;

/// The looks at what is there, and what could not be seen.
fn seen(looks: &Probed<Vec<PathLook>>, what: &str) -> Result<(There, Vec<Said>), Stop> {
    let (mut there, mut unseen) = (Vec::new(), Vec::new());
    for look in known(looks, what)? {
        match &look.seen {
            Probed::Known(Some(seen)) => there.push((look.clone(), *seen)),
            Probed::Known(None) | Probed::NotApplicable(_) => {}
            Probed::Failed(reason) => unseen.push(Said::bad(reason.clone()).severity(Severity::Unknown)),
        }
    }
    Ok((there, unseen))
}

fn home_owner(facts: &Facts) -> u32 {
    let root = facts.host.paths.first().and_then(|look| look.seen.known().copied().flatten());
    root.map_or(facts.host.user_id, |seen| seen.owner)
}

/// Whether it belongs to somebody who could do anything here anyway.
fn is_trusted(facts: &Facts, owner: u32) -> bool {
    [0, OVERFLOW_USER, facts.host.user_id, home_owner(facts)].contains(&owner)
}

/// Nobody else can change what lies here: a file, or what is in a folder.
fn changeable(facts: &Facts, look: &PathLook, seen: PathSeen, why: &str) -> Option<Said> {
    let path = look.path.display().to_string();
    let others = seen.mode & 0o022 != 0 && !(seen.kind == PathKind::Folder && seen.mode & STICKY != 0);
    if seen.kind == PathKind::Link {
        return None;
    }
    if others {
        return Some(
            Said::bad(format!("other users can write to {path} (mode {:04o}): {why}", seen.mode))
                .seen(path.clone(), "writable by its owner alone", format!("{:04o}", seen.mode))
                .by_hand("take that right away", format!("chmod go-w {}", quoted(&path))),
        );
    }
    (!is_trusted(facts, seen.owner)).then(|| {
        Said::bad(format!("{path} belongs to user {}: {why}", seen.owner))
            .seen(path.clone(), format!("of root or of user {}", home_owner(facts)), format!("of user {}", seen.owner))
            .by_hand(
                "see whose it is; give it to whoever runs wpp, or move what wpp uses elsewhere",
                format!("ls -lad {}", quoted(&path)),
            )
    })
}

/// Nobody else can put another folder in the place of the home.
pub fn ancestors(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.ancestors, "the folders above the home")?;
    let why = "whoever can rename folders there can put another home in the place of this one";
    said.extend(there.iter().filter_map(|(look, seen)| changeable(facts, look, *seen, why)));
    or_fine(said, format!("nobody else can write to the {} above the home", count(there.len(), "folder", "folders")))
}

/// Nobody else can change this program.
pub fn program(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.program, "this program's own file")?;
    let why = "whoever can, decides what the daemons do";
    said.extend(there.iter().filter_map(|(look, seen)| changeable(facts, look, *seen, why)));
    or_fine(said, "nobody else can change this program")
}

/// Nobody else can change plugins or what they were compiled to.
pub fn plugins(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.plugins, "the plugins")?;
    let why = "compiled code is run as it is";
    let (owner, compiled) = (home_owner(facts), facts.host.home.join("plugins/compiled"));
    for (look, seen) in &there {
        if let Some(bad) = changeable(facts, look, *seen, why) {
            said.push(bad);
        } else if seen.owner != owner && seen.owner != facts.host.user_id {
            let path = look.path.display().to_string();
            let other = Said::bad(format!("{path} belongs to user {}, and the home to user {owner}", seen.owner))
                .severity(Severity::Warning)
                .seen(path.clone(), format!("user {owner}"), format!("user {}", seen.owner));
            // The components themselves are made by nobody again.
            said.push(match look.path.starts_with(&compiled) {
                true => other.by_hand("remove what was compiled; it is made again", format!("rm -r {}", quoted(&path))),
                false => other.by_hand("give it back to the home's owner", format!("sudo chown -h {owner} {}", quoted(&path))),
            });
        }
    }
    or_fine(said, format!("nobody else can change {} of plugins", count(there.len(), "file", "files")))
}

/// What is a folder in every home is one here.
pub fn folders(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.folders, "the folders of the home")?;
    said.extend(there.iter().filter(|(_, seen)| seen.kind != PathKind::Folder).map(|(look, seen)| {
        let path = look.path.display().to_string();
        let (what, mend) = match seen.kind {
            PathKind::Link => ("a link that leads nowhere", "mount what it leads to, or take the link away"),
            PathKind::File => ("a file", "find out who made it, then move it away"),
            _ => ("a device, a pipe or a socket", "find out who made it, then take it away"),
        };
        Said::bad(format!("{path} is {what}, and what should be in it is neither found nor kept"))
            .seen(path.clone(), "a folder", what)
            .by_hand(mend, format!("ls -ld {}", quoted(&path)))
    }));
    let strange = known(&facts.host.upkeep.not_sessions, "what lies beside the sessions")?;
    if let Some(first) = strange.first() {
        let names: Vec<String> = strange.iter().take(5).filter_map(|path| Some(format!("{:?}", path.file_name()?))).collect();
        let more = if strange.len() > names.len() { format!(" and {} more", strange.len() - names.len()) } else { String::new() };
        let folder = first.parent().unwrap_or(first).display().to_string();
        said.push(
            Said::bad(format!("no command looks at {}{more} in {folder}: none of them is a session's name", names.join(", ")))
                .severity(Severity::Info)
                .seen(folder.clone(), "names of a-z, 0-9, _ and - alone, at most 64 characters", names.join(", "))
                .by_hand(
                    "give a session that lies there such a name, while nothing runs it",
                    format!("ls -la {}", quoted(&folder)),
                ),
        );
    }
    or_fine(said, format!("{} of the home, each a folder", count(there.len(), "name", "names")))
}

/// Archives can go where they are to go.
pub fn archive_destination(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.archives, "the folder that archives go to")?;
    said.extend(there.iter().filter(|(_, seen)| seen.kind != PathKind::Folder).map(|(look, seen)| {
        let path = look.path.display().to_string();
        let (what, mend) = match seen.kind {
            PathKind::Link => {
                ("a link that leads nowhere", "mount what it leads to, or name another folder in backup.destination")
            }
            PathKind::File => ("a file", "move it away, or name a folder in backup.destination"),
            _ => (
                "a device, a pipe or a socket",
                "name a folder in backup.destination, or move it away if it is one of the home's",
            ),
        };
        Said::bad(format!("no backup can be made: {path}, where archives are to go, is {what}"))
            .seen(path.clone(), "a folder", what)
            .by_hand(mend, format!("ls -ld {}", quoted(&path)))
    }));
    or_fine(said, "archives go to a folder")
}

/// Nobody else can replace archives.
pub fn archive_folder(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.archives, "the folder that archives go to")?;
    let why = "an archive that somebody else puts there is restored like any other";
    said.extend(there.iter().filter_map(|(look, seen)| changeable(facts, look, *seen, why)));
    or_fine(said, "nobody else can write where archives go")
}

/// Secrets are open to their owner alone.
pub fn secret_files(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.secrets, "the files with secrets")?;
    said.extend(open_to_others(facts, &there, "holds a secret"));
    or_fine(said, format!("{} with secrets, open to their owner alone", count(there.len(), "file", "files")))
}

/// Evidence is open to its owner alone.
pub fn evidence(facts: &Facts) -> Judged {
    let (there, mut said) = seen(&facts.host.upkeep.evidence, "the evidence of runs")?;
    said.extend(open_to_others(facts, &there, "holds evidence"));
    or_fine(said, format!("{} of evidence, open to their owner alone", count(there.len(), "name", "names")))
}

fn open_to_others(facts: &Facts, there: &[(PathLook, PathSeen)], what: &str) -> Vec<Said> {
    let said = there.iter().filter(|(_, seen)| seen.kind != PathKind::Link && seen.mode & 0o077 != 0).map(|(look, seen)| {
        let path = look.path.display().to_string();
        let wanted = if seen.kind == PathKind::Folder { FOLDER_MODE } else { FILE_MODE };
        let said = Said::bad(format!("{path} {what} and is open to other users (mode {:04o})", seen.mode)).seen(
            path.clone(),
            format!("{wanted:04o}"),
            format!("{:04o}", seen.mode),
        );
        let command = format!("chmod {wanted:04o} {}", quoted(&path));
        let inside = look.path.starts_with(&facts.host.home);
        if inside && (seen.owner == facts.host.user_id || facts.host.user_id == 0) {
            said.fixed_by(format!("set mode {wanted:04o}"), command, Fix::Chmod { path: look.path.clone(), mode: wanted })
        } else {
            said.by_hand("close it", command)
        }
    });
    said.collect()
}

/// Secrets are no defaults.
pub fn default_secrets(facts: &Facts) -> Judged {
    let secrets = known(&facts.host.upkeep.secret_values, "the secrets")?;
    let said = secrets.iter().filter_map(|secret| {
        if let Some(reason) = &secret.unread {
            return Some(Said::bad(reason.clone()).severity(Severity::Unknown));
        }
        let what = match secret.fault? {
            SecretFault::Empty => "is empty",
            SecretFault::Default => "is one that everybody knows",
            SecretFault::Placeholder => "stands in for one that nobody wrote yet",
        };
        // A variable has no file to be looked at; the shell reads its value without showing or keeping it.
        let (summary, write_anew) = match (secret.place.contains('/'), secret.place.contains('.')) {
            (true, _) => ("and write that there", format!("ls -l {}", quoted(&secret.place))),
            (false, false) => ("and write that there", format!("read -rs {0} && export {0}", secret.place)),
            (false, true) => ("write that into a file of `secrets`, and that file's name there", line(facts, None, "config")),
        };
        Some(
            Said::bad(format!("the secret in {} {what}", secret.place))
                .seen(secret.place.clone(), "a secret that nobody can guess", what)
                .by_hand(format!("give the system behind it a key of its own, {summary}"), write_anew),
        )
    });
    or_fine(said.collect(), format!("{} of no known default", count(secrets.len(), "secret", "secrets")))
}

/// Secrets change now and then.
pub fn secret_age(facts: &Facts) -> Judged {
    let secrets = known(&facts.host.upkeep.secret_values, "the secrets")?;
    let most = limit_ms(facts.limits.secret_age_days_max, DAY_MS);
    if most == 0 {
        return Err(Stop::Skipped("doctor.secret_age_days_max is 0".into()));
    }
    let said = secrets.iter().filter_map(|secret| {
        if let (None, Some(reason)) = (secret.written_ms, &secret.unread) {
            return Some(Said::bad(reason.clone()).severity(Severity::Unknown));
        }
        let age = facts.now_ms.saturating_sub(secret.written_ms?);
        (age > most).then(|| {
            let days = count(age / DAY_MS, "day", "days");
            Said::bad(format!("the secret in {} has been the same for {days}", secret.place))
                .seen(
                    secret.place.clone(),
                    format!("written within {}", count(most / DAY_MS, "day", "days")),
                    format!("{days} ago"),
                )
                .by_hand(
                    "give the system behind it a new key, write that there, and take the old one away",
                    format!("ls -l {}", quoted(&secret.place)),
                )
        })
    });
    or_fine(said.collect(), format!("no secret is older than {}", count(most / DAY_MS, "day", "days")))
}

/// What opens archives does not lie beside them.
pub fn archive_keys(facts: &Facts) -> Judged {
    let seen = known(&facts.host.upkeep.archive_keys, "what lies beside the archives")?;
    let said = seen.keys.iter().map(|key| {
        let path = key.display().to_string();
        let said = if seen.sealed > 0 {
            Said::bad(format!(
                "{path} holds a key of age and lies with {} that it may open",
                count(seen.sealed, "archive", "archives")
            ))
        } else {
            Said::bad(format!("{path} holds a key of age, and lies where archives lie")).severity(Severity::Warning)
        };
        said.seen(path.clone(), "no key where the archives are", "a key that no passphrase guards").by_hand(
            "move it to where archives are restored, and keep it offline: who takes the folder has both",
            format!("ls -l {}", quoted(&path)),
        )
    });
    let mut said: Vec<Said> = said.collect();
    if let Some(first) = seen.unread.first() {
        let more = if seen.unread.len() > 1 { format!(", nor can {} more", seen.unread.len() - 1) } else { String::new() };
        let text = format!("whether what lies beside the archives is a key was not seen of all: {first}{more}");
        said.push(Said::bad(text).severity(Severity::Unknown));
    }
    or_fine(said, "no key lies beside the archives")
}

/// Nobody else decides what is called for this home, and what is called is there.
pub fn units(facts: &Facts) -> Judged {
    let units = known(&facts.host.upkeep.units, "the files of systemd and cron")?;
    let mut said = Vec::new();
    let mut there = 0;
    for unit in units {
        let seen = match &unit.file.seen {
            Probed::Known(Some(seen)) => *seen,
            Probed::Failed(reason) => {
                said.push(Said::bad(reason.clone()).severity(Severity::Unknown));
                continue;
            }
            Probed::Known(None) | Probed::NotApplicable(_) => continue,
        };
        there += 1;
        said.extend(changeable(facts, &unit.file, seen, "it says which program is run every minute"));
        said.extend(unit.unread.iter().map(|reason| Said::bad(reason.clone()).severity(Severity::Unknown)));
        if let Some(program) = &unit.program_gone {
            let path = unit.file.path.display().to_string();
            said.push(
                Said::bad(format!("{path} calls {}, which is not there: nothing of the schedule runs", program.display()))
                    .seen(program.display().to_string(), "a program", "nothing")
                    .by_hand("write the timer again with the wpp that is there", line(facts, None, "schedule install --systemd")),
            );
        }
    }
    if there == 0 && said.is_empty() {
        return Ok(vec![Said::ok("no timer of systemd calls this home's schedule")]);
    }
    or_fine(said, format!("{} of systemd, in order", count(there, "file", "files")))
}

/// The home is not locked down, or not for long.
pub fn lockdown(facts: &Facts) -> Judged {
    let Some(since) = *known(&facts.host.upkeep.lockdown_ms, "the mark of a lockdown")? else {
        return Ok(vec![Said::ok("the home is not locked down")]);
    };
    let age = ago(facts, since);
    let path = facts.host.home.join("LOCKDOWN").display().to_string();
    Ok(vec![
        Said::bad(format!("the home has been locked down for {age}: runbooks that check it do nothing"))
            .seen(path.clone(), "no such file", format!("made {age} ago"))
            .by_hand("find out who locked it down and why; then take the mark away", format!("rm {}", quoted(&path))),
    ])
}

/// How long the journal has known any of the sessions, in milliseconds; `None` when none is known.
pub(super) fn known_for_ms(facts: &Facts) -> Option<i64> {
    let since = |session: &crate::facts::SessionFacts| session.backups.known().and_then(|backups| backups.known_since_ms);
    facts.sessions.iter().filter_map(since).min().map(|since| facts.now_ms.saturating_sub(since))
}

/// Drills are run.
pub fn drill_age(facts: &Facts) -> Judged {
    let drills = known(&facts.host.upkeep.drills, "the runs of drills")?;
    let most = limit_ms(facts.limits.drill_age_days_max, DAY_MS);
    if most == 0 {
        return Err(Stop::Skipped("doctor.drill_age_days_max is 0".into()));
    }
    if facts.host.opened.as_ref().is_ok_and(|kind| *kind == HomeKind::Sandbox) {
        return Err(Stop::Skipped("a sandbox is where drills are run, and needs none".into()));
    }
    let days = |milliseconds: i64| count(milliseconds / DAY_MS, "day", "days");
    let list = line(facts, None, "drill list");
    match drills.runs.iter().map(|run| run.at_ms).max() {
        Some(newest) if facts.now_ms.saturating_sub(newest) <= most => {
            Ok(vec![Said::ok(format!("the newest drill ran {} ago", days(facts.now_ms.saturating_sub(newest))))])
        }
        Some(newest) => Ok(vec![
            Said::bad(format!("the newest drill ran {} ago", days(facts.now_ms.saturating_sub(newest))))
                .seen(
                    "newest drill",
                    format!("at most {} ago", days(most)),
                    format!("{} ago", days(facts.now_ms.saturating_sub(newest))),
                )
                .by_hand("choose one and run it", list),
        ]),
        None => match known_for_ms(facts) {
            Some(age) if age > most.max(YOUNG_DAYS * DAY_MS) => Ok(vec![
                Said::bad(format!("no drill was ever run in this home, which is {} old", days(age)))
                    .seen("newest drill", format!("at most {} ago", days(most)), "none")
                    .by_hand("choose one and run it: they work in sandboxes and reach nobody", list),
            ]),
            _ => Err(Stop::Skipped(format!("the home is younger than {}", days(most)))),
        },
    }
}

/// Drills go as they should.
pub fn drill_failed(facts: &Facts) -> Judged {
    let drills = known(&facts.host.upkeep.drills, "the runs of drills")?;
    let failed = drills.runs.iter().filter(|run| run.passed == Some(false)).map(|run| {
        Said::bad(format!(
            "the drill {} did not go as it should when it was last run, {} ago",
            run.drill,
            count((facts.now_ms.saturating_sub(run.at_ms)) / DAY_MS, "day", "days")
        ))
        .about(run.drill.clone())
        .seen(format!("run {}", run.run), "passed", "not passed")
        .by_hand("read what was seen, mend it, and run the drill again", line(facts, None, &format!("evidence show {}", run.run)))
    });
    or_fine(failed.collect(), format!("{} passed when they were last run", count(drills.runs.len(), "drill", "drills")))
}

/// Every run that began is over, or a process works on it.
pub fn open_runs(facts: &Facts) -> Judged {
    let open = known(&facts.host.upkeep.open_runs, "the open runs")?;
    or_fine(open.iter().map(|run| open_run(facts, run)).collect(), "no run is open that nobody works on")
}

fn open_run(facts: &Facts, open: &OpenRun) -> Said {
    let began = clock::rfc3339(clock::from_ms(open.began_ms));
    if open.unreadable {
        return Said::bad(format!("a run that began at {began} is open, and was written down by another version of wpp"))
            .seen(format!("run of {began}"), "over, or a process that works on it", "open, and no row that can be read")
            .by_hand("finish it with the version that began it; see which runs there are", line(facts, None, "runbook runs"));
    }
    let (run, age) = (&open.run, clock::human(clock::since(clock::from_ms(open.began_ms), clock::from_ms(facts.now_ms))));
    let undo = line(facts, None, &format!("runbook undo {run}"));
    let resume = line(facts, None, &format!("runbook resume {run}"));
    let how = match (&open.left[..], &open.under_way) {
        ([], None) => "was cut off".to_owned(),
        ([], Some(step)) => format!("was cut off in {step}"),
        (left, _) => format!("could not take back {}", left.join(", ")),
    };
    let those = |paused: Option<bool>| -> Vec<&str> {
        open.paused.iter().map(String::as_str).filter(|name| is_paused(facts, name) == paused).collect()
    };
    let (paused, unseen) = (those(Some(true)), those(None));
    let mut summary = format!("the run {run}, begun {age} ago, {how}, and nobody has gone on with it or taken it back");
    if !paused.is_empty() {
        summary.push_str(&format!("; what {} sends is paused by it", paused.join(", ")));
    }
    if !unseen.is_empty() {
        summary.push_str(&format!("; it paused what {} sends, and whether that is so still was not seen", unseen.join(", ")));
    }
    let said = Said::bad(summary).about(run.clone()).seen(
        format!("run {run}"),
        "over, or a process that works on it",
        format!("open since {began}"),
    );
    let said = if paused.is_empty() { said } else { said.severity(Severity::Error) };
    match (open.sandbox, open.left.is_empty()) {
        (true, _) => said.by_hand("end what is left of it: it played in a sandbox, which ended with it", undo),
        (false, true) => said.by_hand(format!("go on with it, or take back what it began: `{undo}`"), resume),
        // Going on makes no undo anew.
        (false, false) => said.by_hand(format!("mend what kept it, then take it back (`{resume}` only looks again)"), undo),
    }
}

/// Whether what a session sends is paused, where that was looked at.
fn is_paused(facts: &Facts, name: &str) -> Option<bool> {
    let session = facts.sessions.iter().find(|session| session.name == name)?;
    let traffic = session.messages.known()?.traffic.as_ref()?;
    Some(traffic.paused_since_ms.is_some())
}

/// Evidence is as it was written.
pub fn evidence_sums(facts: &Facts) -> Judged {
    let evidence = known(&facts.host.upkeep.evidence_sums, "the sums of evidence")?;
    let said = evidence.unsound.iter().map(|(run, what)| {
        Said::bad(format!("the evidence of {run} is not what was written: {what}"))
            .seen(format!("files of {run}"), "as SHA256SUMS says", what.clone())
            .by_hand(
                "see what differs; evidence that was changed proves nothing",
                line(facts, None, &format!("evidence verify {run}")),
            )
    });
    or_fine(said.collect(), format!("the evidence of {} is as it was written", count(evidence.checked, "run", "runs")))
}
