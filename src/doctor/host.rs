//! Judges of the machine and of the home itself.

use std::path::Path;

use super::{Judged, Said, Stop, known, line, or_fine};
use crate::disk::Space;
use crate::facts::{Facts, MissingSession, PathLook, Probed, SessionFacts};
use crate::report::{Severity, quoted};

/// Free space under which even one more archive or one more day of messages may not fit.
const FREE_BYTES_MIN: u64 = 64 << 20;

/// The home opens: its marker says whether it is live or a sandbox.
pub fn marker(facts: &Facts) -> Judged {
    let home = facts.host.home.display();
    Ok(vec![match &facts.host.opened {
        Ok(kind) => Said::ok(format!("{home} is a {} home", kind.name())),
        Err(problem) if facts.host.is_stranger => Said::bad(format!("{}; {}", problem.message, problem.hint))
            .seen("home.json", "there, and says live or sandbox", "no such file")
            // The folder that is meant where nobody names one.
            .by_hand(problem.hint.clone(), "wpp doctor --home ~/.wpp"),
        Err(problem) => {
            let said = Said::bad(format!("the home cannot be opened: {}", problem.message));
            said.seen("home.json", "readable, and says live or sandbox", "see above")
                .by_hand(problem.hint.clone(), format!("ls -la {}", quoted(&home.to_string())))
        }
    }])
}

/// The settings load.
pub fn settings(facts: &Facts) -> Judged {
    Ok(vec![match &facts.host.config_problem {
        None => Said::ok("the settings load"),
        Some(problem) => Said::bad(format!("the settings cannot be read: {}", problem.message))
            .seen("config.toml and WPP_* variables", "only known settings with values of the right kind", "see above")
            .by_hand(
                format!("correct what is named: {}", problem.hint),
                match variable_in(&problem.message) {
                    Some(variable) => format!("unset {variable}"),
                    None => format!("${{EDITOR:-vi}} {}", quoted(&facts.host.home.join("config.toml").display().to_string())),
                },
            ),
    }])
}

/// The variable that an error of the settings is about.
fn variable_in(message: &str) -> Option<&str> {
    message.strip_prefix("the environment variable ")?.split(' ').next()
}

/// What is noted of plugins can be read.
pub fn plugins(facts: &Facts) -> Judged {
    Ok(vec![match &facts.host.plugins_problem {
        None => Said::ok("what is noted of plugins can be read"),
        Some(problem) => Said::bad(format!("no plugin is used: {}", problem.message))
            .seen("plugins.lock", "what wpp wrote", "see above")
            .by_hand(problem.hint.clone(), format!("ls -la {}", quoted(&facts.host.home.display().to_string()))),
    }])
}

/// The chosen session exists.
pub fn default_session(facts: &Facts) -> Judged {
    let names = known(&facts.host.session_names, "the sessions")?;
    let here = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let missing = facts.host.missing_session.as_ref();
    if missing.is_none() && !names.is_empty() {
        return Ok(vec![Said::ok(format!("sessions here: {here}"))]);
    }
    let is_home = |look: &&PathLook| look.path == facts.host.home;
    let is_absent = facts.host.paths.iter().find(is_home).is_some_and(|look| matches!(look.seen, Probed::Known(None)));
    let fallback = MissingSession { name: "main".into(), named_in: None };
    let missing = missing.unwrap_or(&fallback);
    let start = line(facts, Some(&missing.name), "start");
    if facts.host.wants_daemon {
        return Ok(vec![
            Said::bad(format!("there is no session {}, so no daemon answers", missing.name))
                .severity(Severity::Error)
                .seen("sessions", missing.name.clone(), here)
                .by_hand("make the session, which starts its daemon", start),
        ]);
    }
    Ok(vec![match &missing.named_in {
        Some(file) => Said::bad(format!("default_session is {:?}, and there is no such session", missing.name))
            .seen(file.display().to_string(), format!("the name of a session that is here ({here})"), missing.name.clone())
            .by_hand("make the session, or correct default_session", start),
        None if is_absent && facts.host.is_named => Said::bad(format!("there is no home at {}", facts.host.home.display()))
            .seen(facts.host.home.display().to_string(), "a folder, as somebody named it", "nothing")
            .by_hand("correct --home or WPP_HOME; where it is right, make the home with its first session", start),
        None if names.is_empty() => Said::bad("there is no session here yet, so only the host and the home were looked at")
            .severity(Severity::Info)
            .by_hand("make the first session", start),
        None => Said::bad(format!("there is no session {}, so only the host and the home were looked at", missing.name))
            .severity(Severity::Info)
            .seen("sessions", missing.name.clone(), here)
            .by_hand("look at the sessions that are here", format!("{} doctor --all", facts.host.program)),
    }])
}

/// How the system says that a file system takes no writes.
const READ_ONLY: &str = "Read-only file system";

/// Whether the home's file system takes no writes, which the check of that tells.
pub(super) fn is_read_only(facts: &Facts) -> bool {
    let wrong = facts.host.unwritable.known();
    wrong.is_some_and(|wrong| wrong.iter().any(|(folder, reason)| *folder == facts.host.home && reason.contains(READ_ONLY)))
}

/// A file can be written to the home, and wherever sessions and archives lie.
pub fn writable(facts: &Facts) -> Judged {
    let wrong = known(&facts.host.unwritable, "whether the home is writable")?.iter().map(|(folder, reason)| {
        let folder = folder.display().to_string();
        let said = Said::bad(format!("{folder} cannot be written to: {reason}")).seen(
            "writing 4096 bytes to an unnamed file",
            "written and forced to the disk",
            reason.clone(),
        );
        if reason.contains(READ_ONLY) {
            let what = "find out why it is mounted read-only: the kernel does that itself to a disk with errors, as `dmesg --level=err` \
                        tells; then mount it writable again";
            return said.by_hand(what, format!("findmnt --target {}", quoted(&folder)));
        }
        said.by_hand(
                "find out whether the disk is full, read-only or somebody else's, and whether an attribute (`chattr -i` takes it away) forbids it",
                format!("df -h {0} && ls -ld {0} && lsattr -d {0}", quoted(&folder)),
            )
    });
    or_fine(wrong.collect(), format!("{} is writable", facts.host.home.display()))
}

/// There is room on the home's file system, and on those of its folders.
pub fn disk_space(facts: &Facts) -> Judged {
    let own = known(&facts.host.space, "free disk space")?;
    let others = known(&facts.host.other_spaces, "free disk space beside the home's")?;
    let mut said = space_of(facts, &facts.host.home, *own)?;
    for (folder, space) in others {
        said.extend(space_of(facts, folder, *space)?.into_iter().filter(Said::is_bad));
    }
    Ok(said)
}

fn space_of(facts: &Facts, folder: &Path, space: Space) -> Judged {
    let whose = if folder == facts.host.home { "the home".to_owned() } else { folder.display().to_string() };
    if space.total_bytes == 0 {
        return Err(Stop::Unknown(format!("the file system of {whose} does not say how large it is")));
    }
    let percent = |part: u64| u128::from(part) * 100 / u128::from(space.total_bytes);
    let free = percent(space.free_bytes);
    let least = u128::from(facts.limits.disk_free_percent_min);
    let observed = format!("{free} % free, {} MiB of {} MiB", space.free_bytes >> 20, space.total_bytes >> 20);
    if free >= least && space.free_bytes >= FREE_BYTES_MIN {
        return Ok(vec![Said::ok(format!("disk space: {observed}"))]);
    }
    // Under a tenth of the threshold the next write may fail.
    let severity = if free * 10 < least || space.free_bytes < FREE_BYTES_MIN { Severity::Error } else { Severity::Warning };
    Ok(vec![
        Said::bad(match folder == facts.host.home {
            true => format!("disk space is short: {observed}"),
            false => format!("disk space is short in {whose}: {observed}"),
        })
        .severity(severity)
        .seen(format!("file system of {whose}"), format!("at least {least} % and {} MiB free", FREE_BYTES_MIN >> 20), observed)
        .by_hand(
            "free disk space; see first what takes it",
            format!("du -xh {} | sort -h | tail", quoted(&folder.display().to_string())),
        ),
    ])
}

/// The journal can be used.
pub fn journal(facts: &Facts) -> Judged {
    let home = quoted(&facts.host.home.display().to_string());
    // One that was moved away on the word of this check was not lost.
    let is_aside = facts.host.paths.iter().any(|look| look.path == facts.host.home.join(ASIDE));
    if facts.host.journal_there == Probed::Known(false)
        && !is_aside
        && let Some(sign) = was_used(facts)
    {
        return Ok(vec![
            Said::bad(format!("the journal is gone: {sign}, and there is no ops.db, or an empty one"))
                .seen("ops.db", "there, from the first start of a session on", "no such file, or an empty one")
                .seen(
                    "what is lost with it",
                    "nothing",
                    "what was done here and when, which sessions an operator stopped, acts that were cut off, what of the schedule \
                     ran, and the proof that older archives need to be restored exactly",
                )
                .by_hand(
                    "put ops.db back from a backup of the whole home, with the daemons stopped; without one, the next backup begins a new journal",
                    line(facts, facts.sessions.first().map(|session| session.name.as_str()), "backup"),
                ),
        ]);
    }
    Ok(vec![match known(&facts.host.journal, "the journal")? {
        Ok(()) => Said::ok("the journal opens"),
        Err(reason) if reason.contains(DAMAGED) => Said::bad(format!("the journal cannot be used: {reason}"))
            .seen("quick_check of ops.db", "ok", reason.clone())
            .seen(
                "what is lost when it is moved aside, and a new one is made",
                "nothing",
                "what was done here: acts that were cut off, and the proof that older archives need to be restored exactly",
            )
            .by_hand(
                "stop the daemons, then move it aside with what lies beside it, and keep it",
                format!("mkdir -m 700 {home}/{ASIDE} && mv {home}/ops.db* {home}/{ASIDE}/"),
            ),
        Err(_) if is_read_only(facts) => {
            return Err(Stop::Skipped("it takes no writes while the home's file system takes none".into()));
        }
        Err(reason) => Said::bad(format!("the journal cannot be used: {reason}"))
            .seen("ops.db", "opens", reason.clone())
            .by_hand("look at the file's owner, mode and size, and at who has it open", format!("ls -la {home}")),
    }])
}

/// What shows that a home without a journal once had one: whatever links a session writes that down first. Archives
/// do not: whoever begins anew on another machine puts them into a new home.
fn was_used(facts: &Facts) -> Option<String> {
    let is_linked = |session: &&SessionFacts| {
        session.store.known().is_some_and(|store| store.paired == Some(true))
            || session.messages.known().is_some_and(|messages| messages.rows.is_some_and(|rows| rows.was_linked))
    };
    facts.sessions.iter().find(is_linked).map(|session| format!("{} was linked to a phone", session.name))
}

/// The folder of the home that a damaged journal is moved to.
const ASIDE: &str = "ops-damaged";

/// What a look says of a journal whose pages are damaged.
pub const DAMAGED: &str = "is damaged: ";
