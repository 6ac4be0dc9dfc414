//! Judges of who has a session's databases open: one daemon, and nobody else.

use super::{Judged, Said, Stop, known, line, or_fine};
use crate::facts::{Facts, HeldFile, HeldPlace, HoldersFacts, LockFacts, Probed, SessionFacts};
use crate::report::{Severity, count, quoted};

fn holders(session: &SessionFacts) -> Result<&HoldersFacts, Stop> {
    known(&session.holders, "who has the databases open")
}

/// Whether it is the process that holds the session's lock.
fn is_owner(seen: &HoldersFacts, file: &HeldFile) -> bool {
    seen.locked && seen.lock_pid.is_none_or(|pid| pid == file.pid)
}

fn who(file: &HeldFile) -> String {
    format!("process {} ({})", file.pid, file.program)
}

/// Files without those of a process that was named already.
fn by_process<'a>(files: impl Iterator<Item = &'a HeldFile>) -> Vec<&'a HeldFile> {
    let mut seen: Vec<&HeldFile> = Vec::new();
    for file in files {
        if !seen.iter().any(|other| other.pid == file.pid) {
            seen.push(file);
        }
    }
    seen
}

/// The holder of the lock is neither suspended nor dead.
pub fn suspended(_: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    Ok(vec![match (seen.locked, seen.lock_pid, seen.lock_state) {
        (true, Some(pid), Some(state @ ('T' | 't'))) => {
            Said::bad(format!("process {pid}, which holds the lock, is suspended: it does nothing, and nobody else may"))
                .seen(format!("state of process {pid}"), "running or sleeping", state)
                .by_hand("let it go on", format!("kill -CONT {pid}"))
        }
        (true, Some(pid), Some('Z')) => {
            Said::bad(format!("process {pid}, which held the lock, is dead and was not collected by its parent"))
                .seen(format!("state of process {pid}"), "running or sleeping", "Z")
                .by_hand("see whose child it is", format!("ps -o pid,ppid,stat,args -p {pid}"))
        }
        (true, Some(pid), None) => return Err(Stop::Skipped(format!("the system does not show what process {pid} does"))),
        (true, None, _) => return Err(Stop::Skipped("the system does not show which process holds the lock".into())),
        (true, Some(_), Some(_)) => Said::ok("the holder of the lock runs"),
        (false, ..) => Said::ok("nobody holds the lock"),
    }])
}

/// Who has a database open and does not let anybody here see whether it can write, beside the session's daemon.
fn unsure(seen: &HoldersFacts, place: HeldPlace) -> impl Iterator<Item = Said> {
    let files = seen.files.iter().filter(move |file| file.is_hidden && !file.writes && file.place == place);
    by_process(files.filter(|file| !is_owner(seen, file))).into_iter().map(|file| {
        let path = file.path.display().to_string();
        Said::bad(format!(
            "{} of another user has {path} open, and whether it can write to it cannot be seen from here",
            who(file)
        ))
        .severity(Severity::Unknown)
        .seen(path, "open in nobody, or in who holds the lock", who(file))
        .by_hand("look as root, who sees what every process has open", format!("sudo ls -l /proc/{}/fd", file.pid))
    })
}

/// At most one process writes.
pub fn two_daemons(_: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    let writers = by_process(seen.files.iter().filter(|file| file.writes && file.place == HeldPlace::InPlace));
    if writers.len() < 2 {
        return or_fine(unsure(seen, HeldPlace::InPlace).collect(), "no two processes have the databases open to write");
    }
    let names: Vec<String> = writers.iter().map(|file| who(file)).collect();
    let is_store = |file: &&HeldFile| file.writes && file.place == HeldPlace::InPlace && file.path.ends_with("session.db");
    let stores = seen.files.iter().filter(is_store);
    let severity = if by_process(stores).len() > 1 { Severity::Critical } else { Severity::Error };
    let stranger = writers.iter().find(|file| seen.lock_pid != Some(file.pid)).unwrap_or(&writers[0]);
    Ok(vec![
        Said::bad(format!("{} processes have this session's databases open to write: {}", writers.len(), names.join(", ")))
            .severity(severity)
            .seen("processes that can write to the databases", "the daemon alone", names.join(", "))
            .by_hand(
                "find out what the one is that is not the daemon, and end it; two writers on one Signal store lose messages",
                format!("ps -fp {}", stranger.pid),
            ),
    ])
}

/// Nobody has the databases open without the lock.
pub fn unlocked(facts: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    if seen.locked {
        return Ok(vec![Said::ok("whoever works on the session holds its lock")]);
    }
    let files = by_process(seen.files.iter().filter(|file| file.writes && file.place == HeldPlace::InPlace));
    let said = files.into_iter().map(|file| {
        let said = Said::bad(format!(
            "{} has the databases open to write and does not hold the lock: the next daemon would be a second writer",
            who(file)
        ))
        .seen(file.path.display().to_string(), "open in nobody, or in who holds the lock", who(file));
        match session.status().is_some_and(|status| status.pid == file.pid) {
            true => {
                said.by_hand("it is this session's daemon, whose lock was removed", line(facts, Some(&session.name), "restart"))
            }
            false => said.by_hand("see what it is and end it before a daemon is started", format!("ps -fp {}", file.pid)),
        }
    });
    or_fine(said.chain(unsure(seen, HeldPlace::InPlace)).collect(), "nobody has the databases open without the lock")
}

/// The daemon writes to the files that have the names.
pub fn swapped(_: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    let files = seen.files.iter().filter(|file| file.writes && file.place == HeldPlace::Gone && is_owner(seen, file));
    let said = files.map(|file| {
        let path = file.path.display().to_string();
        Said::bad(format!("{path} was replaced or removed under the running daemon: what it writes now is lost when it ends"))
            .seen(path.clone(), format!("the file that process {} has open", file.pid), "another file, or none")
            .by_hand(
                format!(
                    "before the daemon is stopped, save what it has open: copy it from /proc/{}/fd, and keep what lies at the name",
                    file.pid
                ),
                format!("ls -l /proc/{}/fd {}", file.pid, quoted(&path)),
            )
    });
    let said: Vec<Said> = said.collect();
    // A restore or a backup has no database open for long.
    let is_daemon = match &session.lock {
        Probed::Known(LockFacts::Held { owner: Some(owner) }) => owner.role == "daemon",
        _ => true,
    };
    let Some(pid) = seen.lock_pid.filter(|_| said.is_empty() && seen.locked && seen.owner_hidden && is_daemon) else {
        return or_fine(said, "the daemon has the files open that are there");
    };
    // Of a daemon of another user the locks alone tell which files it has open.
    let open = seen.files.iter().filter(|file| file.pid == pid && file.place == HeldPlace::InPlace);
    let names: Vec<String> = open.map(|file| file.path.display().to_string()).collect();
    if names.is_empty() {
        let text = format!("process {pid}, which holds the lock, is another user's, and which files it has open cannot be seen");
        return Err(Stop::Unknown(text));
    }
    Ok(vec![Said::ok(format!("process {pid}, which holds the lock, has {} open, which is there", names.join(" and ")))])
}

/// No process that is not the daemon holds a database that was removed.
pub fn deleted(_: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    let files = seen.files.iter().filter(|file| file.writes && file.place == HeldPlace::Gone && !is_owner(seen, file));
    let said = by_process(files).into_iter().map(|file| {
        let path = file.path.display().to_string();
        Said::bad(format!("{} still works on a {path} that was replaced or removed", who(file)))
            .seen(path, "open in nobody once it was removed", who(file))
            .by_hand(
                "end it: if it is an old daemon it goes on as the same device and pushes the new one out",
                format!("ps -fp {}", file.pid),
            )
    });
    let fine = match seen.hidden {
        0 => "nobody holds a database that was removed".to_owned(),
        hidden => format!(
            "nobody whose files can be seen holds a database that was removed; {} of other users not",
            count(hidden, "process shows its files to", "processes show their files to")
        ),
    };
    or_fine(said.collect(), fine)
}

/// Nobody works on an old copy.
pub fn copy_in_use(_: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    let files = seen.files.iter().filter(|file| file.writes && file.place == HeldPlace::SetAside);
    let said = by_process(files).into_iter().map(|file| {
        let path = file.path.display().to_string();
        Said::bad(format!("{} has an old copy of this session open to write: {path}", who(file)))
            .seen(path, "open in nobody: it was set aside", who(file))
            .by_hand(
                "end it: two copies of one device push each other out and spoil each other's Signal state",
                format!("ps -fp {}", file.pid),
            )
    });
    or_fine(said.chain(unsure(seen, HeldPlace::SetAside)).collect(), "nobody works on an old copy")
}

/// Nobody but the daemon is in the middle of a write.
pub fn busy(_: &Facts, session: &SessionFacts) -> Judged {
    let seen = holders(session)?;
    let files = seen.files.iter().filter(|file| file.is_writing && file.place == HeldPlace::InPlace && !is_owner(seen, file));
    let said = by_process(files).into_iter().map(|file| {
        let path = file.path.display().to_string();
        Said::bad(format!("{} is in the middle of a write to {path}, and the daemon waits for it", who(file)))
            .seen(format!("holder of the write lock of {path}"), "the daemon, or nobody", who(file))
            .by_hand(
                "end its transaction; wpp itself reads these databases in ways that stop nobody",
                format!("ps -fp {}", file.pid),
            )
    });
    let said: Vec<Said> = said.collect();
    if said.is_empty() && seen.locked {
        return Ok(vec![Said::ok("nobody but the daemon writes")]);
    }
    or_fine(said, "nobody writes")
}
