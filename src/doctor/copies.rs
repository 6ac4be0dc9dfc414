//! Judges of what a copy, a move or a mount that is missing makes of a session: a second daemon beside one
//! that lives, one session in two homes, a session without its files, a daemon of a program that is gone.

use std::path::Path;

use super::times::ago;
use super::{Judged, Said, Stop, known, line};
use crate::facts::machine::ProgramNow;
use crate::facts::{Facts, LivingDaemon, SessionFacts};
use crate::home::SessionPaths;
use crate::report::{Severity, quoted};

/// The daemon that the lock names holds it, or is gone.
pub fn living_daemon(facts: &Facts, session: &SessionFacts) -> Judged {
    let Some(daemon) = &known(&session.rivals, "whom the lock names")?.living else {
        return Ok(vec![Said::ok("no daemon lives that this folder was copied from")]);
    };
    let here = facts.host.home.display();
    let beside = daemon.folder.as_ref().filter(|_| daemon.home.as_ref() == Some(&facts.host.home));
    if let Some(original) = beside.and_then(|folder| folder.file_name()).and_then(|name| name.to_str()) {
        return Ok(vec![copy_beside(facts, session, original, daemon)]);
    }
    let elsewhere = daemon.home.as_ref().filter(|home| **home != facts.host.home);
    let (of, first) = match elsewhere {
        Some(home) => {
            let home = home.display();
            (format!("a daemon of the home {home}"), format!("decide which home is to have this session, {home} or {here}"))
        }
        None => ("a daemon of this home".to_owned(), "put back the folder that it works in, or".to_owned()),
    };
    let text = format!(
        "process {} lives and holds the lock of which this one is a copy: {of} works on, and this folder is a copy of its own",
        daemon.pid
    );
    let summary = match elsewhere {
        Some(_) => {
            format!("{first}; only if it is {here}, stop the daemon there before one is started here; else leave this copy alone")
        }
        None => format!("{first} end the process and see that it is gone before a daemon is started on this one"),
    };
    // Its own home's command has it drain, and names the home that is meant.
    let command = match elsewhere {
        Some(home) => format!("wpp --home {} stop --session {}", quoted(&home.to_string_lossy()), session.name),
        None => format!("kill {}", daemon.pid),
    };
    Ok(vec![
        Said::bad(text)
            .seen(
                "the process that LOCK names",
                "holds the lock, or is gone",
                format!("process {}: {}", daemon.pid, daemon.command),
            )
            .seen(
                "a second daemon",
                "none",
                "would be the same device twice: they push each other out and spoil the Signal state",
            )
            .by_hand(summary, command),
    ])
}

/// A copy beside its original, whose daemon works.
fn copy_beside(facts: &Facts, session: &SessionFacts, original: &str, daemon: &LivingDaemon) -> Said {
    Said::bad(format!(
        "this folder is a copy of session {original}, whose daemon (process {}) works on as the same device",
        daemon.pid
    ))
    .seen("lock", "taken in this folder", format!("copied from session {original}"))
    .seen(
        format!("daemon of {original}"),
        "none beside which this one would be a second",
        format!("process {}: {}", daemon.pid, daemon.command),
    )
    .by_hand(
        format!("leave {original} alone, and take this copy out of the folder of sessions before anybody starts it"),
        format!("ls -la {}", quoted(&folder_of(facts, session))),
    )
}

fn folder_of(facts: &Facts, session: &SessionFacts) -> String {
    let path =
        session.paths.first().map_or_else(|| facts.host.home.join("sessions").join(&session.name), |look| look.path.clone());
    path.display().to_string()
}

/// A copy of a session whose daemon died, with that session still in its place.
fn copy_of(facts: &Facts, session: &SessionFacts, original: &Path) -> Said {
    let (here, there) = (folder_of(facts, session), original.display().to_string());
    let name = original.file_name().and_then(|name| name.to_str()).unwrap_or(&session.name);
    let look = match original.ancestors().nth(2) {
        Some(home) if home != facts.host.home => {
            format!("wpp --home {} status --session {}", quoted(&home.to_string_lossy()), quoted(name))
        }
        _ => line(facts, Some(name), "status"),
    };
    Said::bad(format!("this folder is a copy of {there}, made while that session's lock was held: one device lies in two places"))
        .seen("lock", format!("taken in {here}"), format!("copied from {there}"))
        .by_hand(
            format!("decide which of the two goes on, {there} or {here}, and start that one by hand; take the other one away, for once both run they push each other out"),
            look,
        )
}

/// Whoever holds the session's lock is of this home, and the folder is no copy.
pub fn two_homes(facts: &Facts, session: &SessionFacts) -> Judged {
    let rivals = known(&session.rivals, "whom the lock names")?;
    if let Some(original) = &rivals.copied_from {
        return Ok(vec![copy_of(facts, session, original)]);
    }
    let Some(other) = &rivals.other_home else {
        return Ok(vec![Said::ok("nobody of another home holds the session")]);
    };
    let (home, here) = (other.home.display().to_string(), facts.host.home.display());
    let stop = format!("wpp --home {} stop --session {}", quoted(&home), session.name);
    let said = |text: String| {
        Said::bad(text).seen("home of who holds the lock", here.to_string(), format!("{home} (process {})", other.pid))
    };
    Ok(vec![if other.same_folder {
        said(format!(
            "the session is in two homes by a link or a mount: process {} of {home} works on it, and what {here} does is not in that home's journal",
            other.pid
        ))
        .by_hand(
            format!("keep it in one home: take the link in the other away; to move it from {home} to {here}, stop it there first"),
            stop,
        )
    } else {
        said(format!(
            "this folder is a copy of hard links: its files are those that process {} of the home {home} writes to",
            other.pid
        ))
        .severity(Severity::Critical)
        .by_hand(
            format!(
                "leave that daemon alone, and use the copy for nothing: what is changed in it changes {home}; take backups with"
            ),
            format!("wpp --home {} backup --session {}", quoted(&home), session.name),
        )
    }])
}

/// A session that was used has its files.
pub fn files_gone(facts: &Facts, session: &SessionFacts) -> Judged {
    let journal = known(&session.journal, "the journal")?;
    let Some(folder) = session.paths.first() else {
        return Err(Stop::Unknown("the session's folder was not looked at".into()));
    };
    let stores =
        [SessionPaths::at(&folder.path, &session.name).session_db(), SessionPaths::at(&folder.path, &session.name).wpp_db()];
    if session.paths.iter().any(|look| stores.contains(&look.path)) {
        return Ok(vec![Said::ok("the session's databases are there")]);
    }
    let Some(lived) = journal.lived else {
        return Ok(vec![Said::ok("the session was never used here")]);
    };
    // What was begun on it and cut off is finished or undone first.
    if !journal.open.is_empty() || journal.replacing.is_some() {
        return Err(Stop::Skipped("something that was begun on the session is unfinished".into()));
    }
    let path = folder.path.display().to_string();
    let said =
        Said::bad(format!("the session was used here, and its files are gone: {path} holds neither session.db nor wpp.db"))
            .seen(path.clone(), "session.db and wpp.db", "neither of them")
            .seen("the journal", "no use of the session", format!("used {} ago", ago(facts, lived.at_ms)));
    let look = "see first whether a volume that belongs there is not mounted, or the folder was moved";
    Ok(vec![match session.backups.known() {
        Some(backups) if backups.whole_ms.is_some() => said.by_hand(
            format!("{look} (`df {}`); only then restore the newest archive", quoted(&path)),
            line(facts, Some(&session.name), "restore latest"),
        ),
        _ => said.by_hand(format!("{look}; no whole backup of it is known here"), format!("df {}", quoted(&path))),
    }])
}

/// The daemon runs the program that is installed.
pub fn program(facts: &Facts, session: &SessionFacts) -> Judged {
    let process = known(&session.process, "the daemon's process")?;
    let program = known(&process.program, "the daemon's program")?;
    let path = program.path.display().to_string();
    let restart = line(facts, Some(&session.name), "restart");
    let said = |what: &str, observed: &str| {
        Said::bad(format!("{path} was {what} under the running daemon (process {})", process.pid)).seen(
            path.clone(),
            format!("the program that process {} runs", process.pid),
            observed,
        )
    };
    Ok(vec![match program.now {
        ProgramNow::Same => Said::ok(format!("the daemon runs {path}")),
        ProgramNow::Another => said("replaced", "another program").by_hand("restart the daemon when it suits", restart),
        ProgramNow::Gone => said("removed", "nothing")
            .by_hand("install the program again, then restart the daemon: once it ends, nothing can start it", restart),
    }])
}

/// Every session's socket fits into what the system can bind.
pub fn socket_path(facts: &Facts) -> Judged {
    let root = &facts.host.home;
    let names = facts.sessions.iter().map(|session| &session.name);
    let names = names.chain(facts.host.missing_session.as_ref().map(|missing| &missing.name));
    let too_long = names.filter_map(|name| SessionPaths::check_socket(root, name).err().map(|error| (name, error)));
    let said = too_long.map(|(name, error)| {
        let path = root.display().to_string();
        Said::bad(format!("no daemon of session {name} can start: {}", error.message()))
            .seen(
                "length of the socket's path",
                "what a Unix socket can be bound to",
                format!("{} bytes of home alone", path.len()),
            )
            .by_hand(
                "move the home to a shorter path and set WPP_HOME to that, or give the session a shorter name",
                format!("mv {} SHORTER && export WPP_HOME=SHORTER", quoted(&path)),
            )
    });
    super::or_fine(said.collect(), "the paths of the sockets are short enough")
}
