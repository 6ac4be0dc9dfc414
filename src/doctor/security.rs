//! Judges of modes, owners and kinds: nobody but the owner may read what lies here.

use super::{Judged, Said, Stop};
use crate::disk::{FILE_MODE, FOLDER_MODE};
use crate::facts::{Facts, PathKind, PathLook, PathSeen, Probed, SessionFacts};
use crate::report::{Fix, Severity, count, quoted};

/// More names than these in a session's folder are no accident.
const NAMES_USUAL: usize = 1000;

/// How the names begin that wpp gives to what it makes in a home. A database's side files begin like it.
const HOME_NAMES: &[&str] = &[
    "LOCKDOWN",
    "backup-state",
    "backups",
    "config.toml",
    "faults",
    "home.json",
    "ops.db",
    "plugins",
    "reports",
    "runbooks",
    "schedule",
    "secrets",
    "sessions",
    "simulator",
];
/// The same in a session's folder. What begins like a database may be a copy of it, which holds the same.
const SESSION_NAMES: &[&str] = &["LOCK", "daemon.sock", "log.key", "logs", "session.db", "wpp.db", "wppd.log"];

/// Whether a name is one that wpp gives, with or without an ending of its own. What is written beside a file
/// and takes its place later begins with a dot.
fn is_name_of(known: &[&str], name: &str) -> bool {
    let name = name.strip_prefix('.').unwrap_or(name);
    known.iter().any(|known| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_'])))
}

/// What wpp made: a stranger's file has its mode and its owner for reasons of its own. The first look is at the
/// folder itself, and an archive is one wherever it lies.
fn ours(paths: &[PathLook], known: &[&str]) -> Vec<PathLook> {
    let named =
        |look: &PathLook| look.path.file_name().and_then(|name| name.to_str()).is_some_and(|name| is_name_of(known, name));
    // A folder that could not be looked into is told, whatever its name.
    let told = |look: &PathLook| look.credentials || matches!(look.seen, Probed::Failed(_)) || named(look);
    paths.iter().enumerate().filter(|(at, look)| *at == 0 || told(look)).map(|(_, look)| look.clone()).collect()
}

/// Modes of the home's own files.
pub fn home_modes(facts: &Facts) -> Judged {
    is_a_home(facts)?;
    // A folder that keeps everybody out also guards the files that an editor left open inside it.
    let paths = ours(&facts.host.paths, HOME_NAMES);
    let (root, inside) = paths.split_at(paths.len().min(1));
    let closed = root.iter().all(|look| matches!(look.seen, Probed::Known(Some(seen)) if seen.mode & 0o077 == 0));
    let mut said = modes(facts, root, Severity::Error)?;
    said.extend(modes(facts, inside, if closed { Severity::Info } else { Severity::Error }).or_else(|stop| match stop {
        Stop::Skipped(_) => Ok(Vec::new()),
        Stop::Unknown(_) => Err(stop),
    })?);
    Ok(said)
}

/// Modes of a session's files.
pub fn session_modes(facts: &Facts, session: &SessionFacts) -> Judged {
    modes(facts, &ours(&session.paths, SESSION_NAMES), Severity::Error)
}

/// Owners of the home's own files.
pub fn home_owners(facts: &Facts) -> Judged {
    is_a_home(facts)?;
    let mut said = owners(facts, &ours(&facts.host.paths, HOME_NAMES))?;
    let user = facts.host.user_id;
    if let Some(owner) = home_owner(facts).filter(|owner| *owner != user) {
        // Whatever this user makes here, the owner's daemon cannot open.
        said.retain(|said| said.severity != Some(Severity::Ok));
        said.insert(
            0,
            Said::bad(format!("this home belongs to user {owner}, and user {user} runs wpp on it"))
                // Root can do anything here, and leaves files that the owner cannot use.
                .severity(if user == 0 { Severity::Warning } else { Severity::Error })
                .seen(
                    facts.host.home.display().to_string(),
                    format!("run by its owner, user {owner}"),
                    format!("run by user {user}"),
                )
                .by_hand("run wpp as the home's owner", super::as_user(owner, &facts.host.home, "doctor")),
        );
    }
    Ok(said)
}

/// Owners of a session's files.
pub fn session_owners(facts: &Facts, session: &SessionFacts) -> Judged {
    owners(facts, &ours(&session.paths, SESSION_NAMES))
}

/// Kinds of what lies in a session's folder.
pub fn session_files(_: &Facts, session: &SessionFacts) -> Judged {
    let (looks, mut said) = looks(&session.paths)?;
    for (look, seen) in &looks {
        if seen.kind != look.expected {
            let path = look.path.display().to_string();
            said.push(
                Said::bad(format!("{path} is {}", kind_name(seen.kind)))
                    .seen(path.clone(), kind_name(look.expected), kind_name(seen.kind))
                    .by_hand("find out who made it, then move it away", format!("ls -la {}", quoted(&path))),
            );
        }
    }
    let folder = session.paths.first().map(|look| look.path.clone()).unwrap_or_default();
    let beside = looks.iter().filter(|(look, _)| look.path.parent() == Some(folder.as_path())).count();
    if beside > NAMES_USUAL {
        let path = folder.display().to_string();
        said.push(
            Said::bad(format!("{path} holds {beside} names, and a session's folder about a dozen: something leaves files there"))
                .severity(Severity::Warning)
                .seen(path.clone(), format!("at most {NAMES_USUAL} names"), beside.to_string())
                .by_hand(
                    "see what they are and who makes them; what wpp does not know may go",
                    format!("ls -ltA {} | head -n 20", quoted(&path)),
                ),
        );
    }
    Ok(fine_unless(said, || format!("{} in the session's folder are what they should be", count(looks.len(), "name", "names"))))
}

fn modes(facts: &Facts, paths: &[PathLook], usual: Severity) -> Judged {
    let (looks, mut said) = looks(paths)?;
    for (look, seen) in &looks {
        let wanted = match seen.kind {
            PathKind::Folder => FOLDER_MODE,
            PathKind::File | PathKind::Socket => FILE_MODE,
            // A link has no mode of its own, and its target's is not ours to change.
            PathKind::Link | PathKind::Other => continue,
        };
        if seen.mode & 0o777 == wanted {
            continue;
        }
        let path = look.path.display().to_string();
        let exposed = seen.mode & 0o077 != 0;
        let what = match (exposed, look.credentials) {
            (true, true) => "holds credentials and is open to other users",
            (true, false) => "is open to other users",
            (false, _) => "has a mode that stands in its owner's way",
        };
        let severity = if exposed && look.credentials {
            Severity::Critical
        } else if seen.kind == PathKind::Folder {
            Severity::Error
        } else {
            usual
        };
        let command = format!("chmod {wanted:04o} {}", quoted(&path));
        let bad = Said::bad(format!("{path} {what} (mode {:04o})", seen.mode)).severity(severity).seen(
            path.clone(),
            format!("{wanted:04o}"),
            format!("{:04o}", seen.mode),
        );
        said.push(if seen.owner == facts.host.user_id || facts.host.user_id == 0 {
            bad.fixed_by(format!("set mode {wanted:04o}"), command, Fix::Chmod { path: look.path.clone(), mode: wanted })
        } else {
            bad.by_hand("its owner must set the mode", command)
        });
    }
    Ok(fine_unless(said, || format!("modes of {} are 0700 and 0600", count(looks.len(), "name", "names"))))
}

fn owners(facts: &Facts, paths: &[PathLook]) -> Judged {
    let (looks, mut said) = looks(paths)?;
    let owner = home_owner(facts).unwrap_or(facts.host.user_id);
    for (look, seen) in &looks {
        if seen.owner != owner {
            let path = look.path.display().to_string();
            let severity = if look.credentials { Severity::Critical } else { Severity::Error };
            said.push(
                Said::bad(format!("{path} belongs to user {}", seen.owner))
                    .severity(severity)
                    .seen(path.clone(), format!("user {owner}, the home's owner"), format!("user {}", seen.owner))
                    .by_hand("give it back to the home's owner", format!("sudo chown -h {owner} {}", quoted(&path))),
            );
        }
    }
    Ok(fine_unless(said, || format!("{} to user {owner}", count(looks.len(), "name belongs", "names belong"))))
}

/// What is no home of wpp, or is not known to be one, is not judged as if it were.
fn is_a_home(facts: &Facts) -> Result<(), Stop> {
    match (&facts.host.opened, facts.host.paths.is_empty()) {
        (Err(problem), true) => Err(Stop::Skipped(format!("wpp.home.marker must be mended first: {}", problem.message))),
        _ => Ok(()),
    }
}

fn home_owner(facts: &Facts) -> Option<u32> {
    let root = facts.host.paths.first()?;
    root.seen.known()?.map(|seen| seen.owner)
}

/// The looks at what exists, each with what was seen.
type Seen<'a> = Vec<(&'a PathLook, PathSeen)>;

/// What was seen at each path that exists, and what could not be looked at: the one name that
/// could not be seen may be the one that matters.
fn looks(paths: &[PathLook]) -> Result<(Seen<'_>, Vec<Said>), Stop> {
    let mut found = Vec::new();
    let mut unseen = Vec::new();
    for look in paths {
        match &look.seen {
            Probed::Known(Some(seen)) => found.push((look, *seen)),
            Probed::Known(None) | Probed::NotApplicable(_) => {}
            Probed::Failed(reason) => unseen.push(Said::bad(reason.clone()).severity(Severity::Unknown)),
        }
    }
    if found.is_empty() && unseen.is_empty() { Err(Stop::Skipped("nothing is there yet".into())) } else { Ok((found, unseen)) }
}

fn fine_unless(said: Vec<Said>, fine: impl FnOnce() -> String) -> Vec<Said> {
    if said.is_empty() { vec![Said::ok(fine())] } else { said }
}

fn kind_name(kind: PathKind) -> &'static str {
    match kind {
        PathKind::Folder => "a folder",
        PathKind::File => "a file",
        PathKind::Socket => "a socket",
        PathKind::Link => "a symbolic link, which wpp never makes",
        PathKind::Other => "neither file, folder nor socket",
    }
}
