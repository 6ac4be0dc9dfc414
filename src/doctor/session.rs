//! Judges of a session's lock, socket, daemon and state.

use super::start::{being_replaced, kept_from_start};
use super::times::{ago, limit_ms, span};
use super::{Judged, Said, SessionState, Stop, known, line};
use crate::clock;
use crate::disk::{FOLDER_MODE, LockOwner};
use crate::facts::{DaemonLook, DaemonStatus, Facts, LockFacts, PathKind, Probed, SessionFacts, SocketFacts};
use crate::report::{Fix, Severity, quoted};
use crate::session::messages::SearchMode;
use crate::session::state::{Reason, State};

/// Reconnects per hour are counted over at least this long a life of the daemon: one reconnect in
/// its first minute is no rate of sixty in an hour.
const RECONNECT_WINDOW_MS: i64 = 10 * 60 * 1000;

/// A restore, a backup or a reset that has held the lock for longer is worth a look.
const LONG_ACT_MS: i64 = 3600 * 1000;

/// The session's folder is there and can be looked into.
pub fn folder(facts: &Facts, session: &SessionFacts) -> Judged {
    let Some(look) = session.paths.first() else {
        return Err(Stop::Unknown("the session's folder was not looked at".into()));
    };
    let path = look.path.display().to_string();
    // The second look at the same path is the list of its names.
    let closed = session.paths.iter().skip(1).find_map(|inside| match &inside.seen {
        Probed::Failed(reason) if inside.path == look.path => Some(reason),
        _ => None,
    });
    // Whoever works on the session holds a lock on that file; where it is none, nobody can tell who does.
    let no_lock = session.paths.iter().find_map(|inside| match &inside.seen {
        Probed::Known(Some(seen)) if inside.path == look.path.join("LOCK") && seen.kind != PathKind::File => {
            Some((&inside.path, seen.kind))
        }
        _ => None,
    });
    let cut_off = session.journal.known().and_then(|journal| journal.open.iter().find(|act| touches(&act.verb)));
    Ok(vec![match (known(&look.seen, "the session's folder")?, closed) {
        (Some(seen), None) if seen.kind == PathKind::Folder => match no_lock {
            None => Said::ok(format!("{path} is there")),
            Some((lock, kind)) => {
                let (lock, kind) = (lock.display().to_string(), kind_name(kind));
                Said::bad(format!("{lock} is {kind}: no daemon can start, and whether one works on the session cannot be told"))
                    .severity(Severity::Error)
                    .seen(lock.clone(), "a file, or nothing", kind)
                    .by_hand("find out who made it, then move it away", format!("ls -lad {}", quoted(&lock)))
            }
        },
        (Some(seen), Some(reason)) if seen.kind == PathKind::Folder => {
            let said = Said::bad(format!("{path} cannot be looked into: {reason}")).seen(
                path.clone(),
                format!("a folder of mode {FOLDER_MODE:04o} and of user {}", facts.host.user_id),
                format!("mode {:04o}, user {}", seen.mode, seen.owner),
            );
            let command = format!("chmod {FOLDER_MODE:04o} {}", quoted(&path));
            if seen.mode & 0o700 != 0o700 && seen.owner == facts.host.user_id {
                said.fixed_by(
                    format!("set mode {FOLDER_MODE:04o}"),
                    command,
                    Fix::Chmod { path: look.path.clone(), mode: FOLDER_MODE },
                )
            } else {
                said.by_hand("look at its owner and mode, and at the disk", format!("ls -lad {}", quoted(&path)))
            }
        }
        (Some(seen), _) => Said::bad(format!("{path} is no folder"))
            .seen(path.clone(), "a folder", kind_name(seen.kind))
            .by_hand("find out who made it, then move it away", format!("ls -la {}", quoted(&path))),
        (None, _) if let Some(said) = being_replaced(facts, session) => said,
        (None, _) if let Some(removed) = session.journal.known().and_then(|journal| journal.removed) => {
            let when = ago(facts, removed.at_ms);
            Said::ok(format!("the session was removed by a reset {when} ago"))
                .severity(Severity::Info)
                .seen(path.clone(), "a folder", "nothing")
                .by_hand("bring it back, or leave it so", line(facts, Some(&session.name), "restore latest"))
        }
        (None, _) => {
            let said = Said::bad(format!("{path} is gone")).seen(path.clone(), "a folder", "nothing");
            match cut_off {
                Some(act) => said.by_hand(
                    format!("finish or undo the {} that was cut off, as any command that uses the session does", act.verb),
                    line(facts, Some(&session.name), "start"),
                ),
                None => said.by_hand(
                    "see first whether a volume that belongs there is not mounted, or the folder was moved; then which archives there are, and restore the newest",
                    line(facts, Some(&session.name), "backup list"),
                ),
            }
        }
    }])
}

/// Where the session stands; `None` where that was not looked at.
pub(super) fn standing(facts: &Facts, session: &SessionFacts) -> Option<SessionState> {
    let of = |state: Option<State>, reason: String| {
        Some(SessionState { session: session.name.clone(), state: state.map(State::name), reason })
    };
    match (&session.daemon, session.lock.known()) {
        (Probed::Known(DaemonLook::Answered(status)), _) => match (status.state, status.reason) {
            (state, Reason::Normal) => of(Some(state), String::new()),
            (state, reason) => of(Some(state), reason.name()),
        },
        (Probed::Known(DaemonLook::Mute { .. }), _) => of(None, "its daemon does not answer".into()),
        (Probed::NotApplicable(_), _) if session.socket.known().is_none() => None,
        (Probed::NotApplicable(_), Some(LockFacts::Held { owner })) => match owner.as_ref().map(|owner| owner.role.as_str()) {
            Some("daemon") if is_starting(facts, session) => of(Some(State::Booting), String::new()),
            Some("daemon") | None => of(None, "its daemon does not listen".into()),
            Some(role) => of(Some(State::Stopped), format!("a {role} is at work")),
        },
        (Probed::NotApplicable(_), Some(LockFacts::Absent | LockFacts::Stale { .. })) => {
            let reason = match daemon_running(facts, session) {
                Err(Stop::Skipped(reason)) => reason,
                Err(Stop::Unknown(_)) => String::new(),
                Ok(_) => "its daemon is gone".into(),
            };
            of(Some(State::Stopped), reason)
        }
        _ => None,
    }
}

/// Whether the daemon that holds the lock has not had the time yet that it may take to come up.
pub(super) fn is_starting(facts: &Facts, session: &SessionFacts) -> bool {
    match session.lock.known() {
        Some(LockFacts::Held { owner: Some(owner) }) if owner.role == "daemon" => {
            let is_young = held_ms(facts, owner).is_some_and(|age| age <= limit_ms(facts.limits.start_timeout_ms, 1));
            is_young && !has_served(facts, session, owner)
        }
        _ => false,
    }
}

/// Whether the server has said a word to this daemon: it listened then.
fn has_served(facts: &Facts, session: &SessionFacts, owner: &LockOwner) -> bool {
    let rows = session.messages.known().and_then(|messages| messages.rows.as_ref());
    match (rows.and_then(|rows| rows.last_word), owner.since.parse::<clock::Timestamp>()) {
        (Some(word), Ok(since)) => (since.as_millisecond()..=facts.now_ms).contains(&word.at_ms),
        _ => false,
    }
}

/// How long the lock has been held.
fn held_ms(facts: &Facts, owner: &LockOwner) -> Option<i64> {
    let since = owner.since.parse::<clock::Timestamp>().ok()?;
    i64::try_from(clock::since(since, clock::from_ms(facts.now_ms)).as_millis()).ok()
}

/// Nobody but a working daemon holds the lock for long.
pub fn lock_held(facts: &Facts, session: &SessionFacts) -> Judged {
    let LockFacts::Held { owner } = known(&session.lock, "the lock")? else {
        return Ok(vec![Said::ok("nobody holds the lock")]);
    };
    let who = owner_name(owner.as_ref());
    let listens = matches!(session.socket.known(), Some(SocketFacts::Listening { .. }));
    let age_ms = owner.as_ref().and_then(|owner| held_ms(facts, owner));
    let young = is_starting(facts, session);
    let role = owner.as_ref().map(|owner| owner.role.as_str());
    Ok(vec![match role {
        Some("daemon") if listens => Said::ok(format!("held by {who}")),
        Some("daemon") if young => Said::ok(format!("held by {who}, which is coming up")).severity(Severity::Info),
        // A restore or a backup lives, and ends by itself.
        Some(role) if role != "daemon" => {
            let long = age_ms.is_none_or(|age| age > LONG_ACT_MS);
            Said::ok(format!("held by {who}"))
                .severity(if long { Severity::Warning } else { Severity::Info })
                .by_hand(format!("wait until the {role} ends"), line(facts, Some(&session.name), "doctor"))
        }
        _ => Said::bad(format!("the lock is held by {who}, which serves nobody; no other daemon can start"))
            .seen("LOCK", "held by a daemon that listens, or by nobody", format!("held by {who}"))
            .by_hand("stop the process that holds it, or choose another session", line(facts, Some(&session.name), "stop")),
    }])
}

/// No lock is left of a process that died.
pub fn lock_stale(facts: &Facts, session: &SessionFacts) -> Judged {
    let LockFacts::Stale { owner } = known(&session.lock, "the lock")? else {
        return Ok(vec![Said::ok("no lock is left of a dead process")]);
    };
    let who = owner_name(owner.as_ref());
    Ok(vec![
        Said::bad(format!("the lock of {who} is left, and that process is gone"))
            .seen("LOCK", "absent, or held by a living process", "a file that no process holds")
            .fixed_by(
                "remove the lock, after taking it to prove that nobody holds it",
                line(facts, Some(&session.name), "doctor --fix"),
                Fix::RemoveStaleLock { session: session.name.clone() },
            ),
    ])
}

/// No socket is left that nobody listens on.
pub fn socket_stale(facts: &Facts, session: &SessionFacts) -> Judged {
    let socket = known(&session.socket, "the socket")?;
    if *socket != SocketFacts::Stale {
        return Ok(vec![Said::ok("no socket is left that nobody listens on")]);
    }
    if is_starting(facts, session) {
        return Err(Stop::Skipped("a daemon is coming up, and makes the socket anew".into()));
    }
    let said = Said::bad("a socket is there and nobody listens on it, so every client's connection is refused").seen(
        "daemon.sock",
        "absent, or a daemon listens on it",
        "connection refused",
    );
    Ok(vec![match session.is_held() {
        Some(false) => said.fixed_by(
            "remove the socket, after proving again that nobody listens",
            line(facts, Some(&session.name), "doctor --fix"),
            Fix::RemoveStaleSocket { session: session.name.clone() },
        ),
        // A living process may be about to listen, or has lost its listener; removing helps nobody.
        Some(true) => said.by_hand("restart the daemon that holds the lock", line(facts, Some(&session.name), "restart")),
        None => {
            return Err(Stop::Unknown("a socket that nobody listens on is there, and the lock could not be looked at".into()));
        }
    }])
}

/// The socket is a socket, and ours.
pub fn socket_owner(_: &Facts, session: &SessionFacts) -> Judged {
    Ok(vec![match known(&session.socket, "the socket")? {
        SocketFacts::Foreign { owner } => {
            Said::bad(format!("the socket belongs to user {owner}: whoever connects talks to that user's process"))
                .severity(Severity::Critical)
                .seen("daemon.sock", "owned by the session's owner", format!("owned by user {owner}"))
                .by_hand("find out what that user runs here; the doctor did not connect", format!("ps -u {owner} -o pid,args"))
        }
        SocketFacts::NotASocket { kind } => {
            Said::bad("something that is no socket has the socket's name, so no daemon can start")
                .seen("daemon.sock", "a socket, or nothing", format!("{kind:?}").to_lowercase())
                .by_hand(
                    "look at it, then move it away",
                    format!(
                        "ls -la {}",
                        quoted(&session.paths.first().map_or_else(String::new, |look| look.path.display().to_string()))
                    ),
                )
        }
        SocketFacts::Absent => Said::ok("there is no socket"),
        SocketFacts::ForeignListener { user, pid } => {
            let who = pid.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"));
            let look = pid.map_or_else(|| format!("ps -u {user} -o pid,args"), |pid| format!("ps -fp {pid}"));
            Said::bad(format!("the socket's file is the session's, and {who} of user {user} listens on it: whoever connects talks to that"))
                .severity(Severity::Critical)
                .seen("who listens on daemon.sock", "a process of the session's owner", format!("{who} of user {user}"))
                .by_hand("find out what it is, and end it; the doctor asked it nothing", look)
        }
        SocketFacts::Listening { pid } => match other_holder(session, *pid) {
            Some((pid, holder)) => Said::bad(format!(
                "process {pid} listens on the socket, and process {holder} holds the lock: commands reach another process than the one that works on the session"
            ))
            .seen("who listens on daemon.sock", format!("process {holder}, which holds the lock"), format!("process {pid}"))
            .by_hand("find out what the one that listens is, and end it; then restart the daemon", format!("ps -fp {pid},{holder}")),
            None => Said::ok("the socket, and who listens on it, are the session's owner's"),
        },
        SocketFacts::Stale => Said::ok("the socket belongs to the session's owner"),
    }])
}

/// Who listens and who holds the lock instead, where that is seen to be another process.
fn other_holder(session: &SessionFacts, listener: Option<u32>) -> Option<(u32, u32)> {
    let (listener, holders) = (listener?, session.holders.known()?);
    let holder = holders.lock_pid.filter(|pid| holders.locked && *pid != listener)?;
    // The lock was looked at twice, once beside the socket: a daemon that is just replaced by another is no stranger.
    let written = match &session.lock {
        Probed::Known(LockFacts::Held { owner: Some(owner) }) => Some(owner.pid),
        _ => None,
    };
    (written != Some(listener)).then_some((listener, holder))
}

/// A daemon that was started runs.
pub fn daemon_running(facts: &Facts, session: &SessionFacts) -> Judged {
    let lock = known(&session.lock, "the lock")?;
    match lock {
        LockFacts::Held { owner } => {
            return Ok(vec![Said::ok(format!("{} holds the session", owner_name(owner.as_ref())))]);
        }
        LockFacts::Absent | LockFacts::Stale { .. } => {}
    }
    if matches!(session.socket.known(), Some(SocketFacts::Listening { .. })) {
        return Ok(vec![
            Said::bad("a process listens on the socket and holds no lock, so a second daemon could start beside it")
                .seen("LOCK", "held by the process that listens", "held by nobody")
                .by_hand("stop it, then start again", line(facts, Some(&session.name), "restart")),
        ]);
    }
    // A stop that was written down later than the lock is that daemon's own, or its operator's.
    let stopped = session.journal.known().and_then(|journal| match (journal.started, journal.stopped) {
        (started, Some(stopped)) if started.is_none_or(|started| stopped.id > started.id) => Some(stopped),
        _ => None,
    });
    let is_older = |owner: &LockOwner| match (stopped, owner.since.parse::<clock::Timestamp>()) {
        (Some(stopped), Ok(since)) => since.as_millisecond() <= stopped.at_ms,
        _ => false,
    };
    let left = match lock {
        LockFacts::Stale { owner: Some(owner) } if owner.role == "daemon" && !is_older(owner) => {
            Some(format!("process {} left its lock", owner.pid))
        }
        LockFacts::Stale { owner: None } if stopped.is_none() => Some("a lock is left".to_owned()),
        _ => None,
    };
    let is_socket_left = stopped.is_none() && matches!(session.socket.known(), Some(SocketFacts::Stale));
    let left = left.or_else(|| is_socket_left.then(|| "a socket is left".to_owned()));
    let observed = match (left, known(&session.journal, "the journal")) {
        (Some(left), _) => left,
        // With nothing left beside it, only the journal can tell a stop from a death.
        (None, Err(stop)) => return Err(stop),
        (None, Ok(journal)) => match (journal.started, journal.stopped) {
            (None, _) if facts.host.journal_there == Probed::Known(false) => {
                return Err(Stop::Skipped("nobody holds it, and there is no journal to tell whether it was started".into()));
            }
            (None, _) => return Err(Stop::Skipped("no daemon was started".into())),
            // What was reset since has none that could have died.
            _ if journal.removed.is_some() => return Err(Stop::Skipped("the session was removed by a reset".into())),
            // The lock was looked at before that.
            (Some(started), stopped)
                if started.at_ms >= facts.now_ms && stopped.is_none_or(|stopped| stopped.id < started.id) =>
            {
                return Err(Stop::Skipped("a daemon was started while this was looked at".into()));
            }
            (Some(started), Some(stopped)) if stopped.id > started.id => {
                return Err(Stop::Skipped(format!("the daemon was stopped {} ago", ago(facts, stopped.at_ms))));
            }
            (Some(started), _) => format!("started {} ago, no stop written down", ago(facts, started.at_ms)),
        },
    };
    let argv: Vec<String> = ["start", "--session", &session.name, "--home"]
        .into_iter()
        .map(str::to_owned)
        .chain(facts.host.home.to_str().map(str::to_owned))
        .collect();
    let said = match restarted(facts, lock) {
        false => Said::bad("the daemon was started and never stopped, and it is gone: it was killed or it crashed"),
        true => Said::bad("the machine was restarted while the daemon ran, and nothing has started it again since"),
    };
    let mut said = said.seen("daemon", "running, or stopped in order", observed);
    if matches!(lock, LockFacts::Stale { .. }) {
        said = said.seen(
            "LOCK",
            "absent, or held by a living process",
            "a file that no process holds; the next start takes it over",
        );
    }
    if matches!(session.socket.known(), Some(SocketFacts::Stale)) {
        let left = "every connection is refused; the next start makes it anew";
        said = said.seen("daemon.sock", "absent, or a daemon listens on it", left);
    }
    let command = line(facts, Some(&session.name), "start");
    Ok(vec![match kept_from_start(facts, session) {
        Some((first, command)) => said.by_hand(first, command),
        None if facts.host.home.to_str().is_some() => said.fixed_by("start the daemon", command, Fix::Run { argv }),
        None => said.by_hand("start the daemon", command),
    }])
}

/// Whether whoever left the lock took it before the machine was started last.
fn restarted(facts: &Facts, lock: &LockFacts) -> bool {
    let LockFacts::Stale { owner: Some(owner) } = lock else { return false };
    matches!((&owner.boot, &facts.host.boot), (Some(then), Some(now)) if then != now)
}

/// The daemon answers.
pub fn daemon_answers(facts: &Facts, session: &SessionFacts) -> Judged {
    Ok(vec![match known(&session.daemon, "the daemon")? {
        DaemonLook::Mute { what } => {
            let said = Said::bad(format!("a daemon listens and does not give its status: {what}")).seen(
                "GET /v1/status",
                "the status, within 3 s",
                what.clone(),
            );
            said.by_hand(
                "restart the daemon; if it does not stop, look at its log first",
                line(facts, Some(&session.name), "restart"),
            )
        }
        DaemonLook::Answered(status) if status.session != session.name => {
            Said::bad(format!("the daemon behind this session's socket runs another session, {}", status.session))
                .seen("session", session.name.clone(), status.session.clone())
                .by_hand("stop it, then start this session", line(facts, Some(&session.name), "restart"))
        }
        DaemonLook::Answered(status) => Said::ok(format!("process {} answers: {}", status.pid, status.state.name())),
    }])
}

/// The daemon is of this program's version.
pub fn version_skew(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    if status.version == facts.host.version {
        return Ok(vec![Said::ok(format!("daemon and program are both {}", status.version))]);
    }
    Ok(vec![
        Said::bad(format!("the daemon runs {} and this program is {}", status.version, facts.host.version))
            .seen("version of the daemon", facts.host.version.clone(), status.version.clone())
            .by_hand("restart the daemon when it suits", line(facts, Some(&session.name), "restart")),
    ])
}

/// The session is linked to a phone.
pub fn auth_required(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    let reauth = line(facts, Some(&session.name), "reauth");
    let reason = status.reason.name();
    Ok(vec![match (status.state, status.reason) {
        (State::AuthRequired, Reason::Pairing | Reason::PasskeyRequired) => {
            Said::ok(format!("linking is going on ({reason})")).severity(Severity::Info).by_hand("follow it", reauth)
        }
        (State::AuthRequired, Reason::NotPaired) => {
            Said::bad("the daemon waits for a phone to link").severity(Severity::Warning).by_hand("link it", reauth)
        }
        // Linking cannot help before the server is in reach; what keeps it away must be said.
        (State::AuthRequired, Reason::ConnectFailure | Reason::ConnectionLost) => {
            let why = status.detail.as_deref().unwrap_or(&reason);
            Said::bad(format!("the session is not linked to a phone, and WhatsApp's server is not reached: {why}"))
                .by_hand("link it once the server is in reach", reauth)
        }
        (State::AuthRequired, _) | (_, Reason::LoggedOut | Reason::MainDeviceGone) => {
            Said::bad(format!("the session must be linked to the phone again ({reason})"))
                .seen("state", "linked", format!("{} for {}", status.state.name(), ago(facts, status.since_ms)))
                .by_hand("link it again", reauth)
        }
        (state, _) => Said::ok(format!("linked; the state is {}", state.name())),
    }])
}

/// The session is READY, or is said not to be.
pub fn state(facts: &Facts, session: &SessionFacts) -> Judged {
    if let Some(standing) = standing(facts, session).filter(|_| session.status().is_none()) {
        return unanswered(facts, session, &standing);
    }
    let status = answered(session)?;
    let (name, reason) = (status.state.name(), status.reason.name());
    let (severity, summary, hint, words) = match (status.state, status.reason) {
        (State::Error | State::Degraded | State::Reconnecting, Reason::StreamReplaced) => (
            Severity::Error,
            "another client took this session's place; starting again blindly would begin a fight between the two",
            "find the other client first and end it; only then restart this one",
            "status",
        ),
        (State::Error | State::Degraded | State::Reconnecting, Reason::TemporaryBan) => (
            Severity::Critical,
            "WhatsApp banned the account for a while; every new attempt may lengthen that",
            "send nothing and restart nothing before the ban has run out; what else was said is in the log",
            "logs",
        ),
        (State::Error | State::Degraded | State::Reconnecting, Reason::ClientOutdated) => {
            (Severity::Error, "WhatsApp refuses this version of the client", "install a newer wpp, then restart", "restart")
        }
        (State::Error, Reason::StoreFailure) => {
            (Severity::Error, "a store could not be used", "see what the log says about it", "logs")
        }
        // Linking has a check of its own.
        (State::Error, Reason::LoggedOut | Reason::MainDeviceGone) => {
            return Err(Stop::Skipped("the session is logged out".into()));
        }
        (State::Error, _) => (Severity::Error, "the session has stopped working", "see what the log says about it", "logs"),
        (State::Degraded, Reason::OperatorStopped) => {
            (Severity::Warning, "the connection was given up by an operator", "take it up again", "sync start")
        }
        (State::Degraded, _) => (Severity::Warning, "the session works in part only", "see what the log says about it", "logs"),
        // Linking has a check of its own.
        (State::AuthRequired, _) => return Err(Stop::Skipped("wpp.session.auth-required tells it".into())),
        (State::Reconnecting, _) => (
            Severity::Info,
            "nothing is sent or received until the server is reached again; the daemon keeps trying",
            "see what keeps the server away; a restart does not help",
            "logs",
        ),
        (State::Stopped | State::Booting | State::Connecting | State::Syncing, _) => {
            (Severity::Info, "the session is on its way to READY", "wait until it is", "doctor --wait 60s")
        }
        (State::Ready, _) => {
            return Ok(vec![Said::ok(format!("the state is {name} ({reason}) for {}", ago(facts, status.since_ms)))]);
        }
    };
    let detail = status.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let said = Said::bad(format!("{name} ({reason}): {summary}"))
        .severity(severity)
        .seen("state", "READY", format!("{name} for {}, reason {reason}{detail}", ago(facts, status.since_ms)))
        .by_hand(hint, line(facts, Some(&session.name), words));
    Ok(vec![match (status.state, status.reason) {
        (State::Reconnecting, _) | (_, Reason::StreamReplaced | Reason::ClientOutdated | Reason::ConnectFailure) => {
            said.read("runbooks/reconnect-loop.md")
        }
        _ => said,
    }])
}

/// What is said of a session whose daemon gave no status.
fn unanswered(facts: &Facts, session: &SessionFacts, standing: &SessionState) -> Judged {
    let state = match standing.state {
        Some(state) if state == State::Stopped.name() => state,
        Some(state) => {
            return Ok(vec![
                Said::bad(format!("{state}: the daemon is coming up"))
                    .severity(Severity::Info)
                    .seen("state", "READY", state)
                    .by_hand("wait until it is READY", line(facts, Some(&session.name), "doctor --wait 60s")),
            ]);
        }
        // The checks of its lock, its socket and its answers tell why.
        None => return Err(Stop::Skipped(standing.reason.clone())),
    };
    if matches!(session.lock.known(), Some(LockFacts::Held { .. })) {
        return Err(Stop::Skipped(standing.reason.clone()));
    }
    if session.rivals.known().is_some_and(|rivals| rivals.living.is_some() || rivals.copied_from.is_some()) {
        return Err(Stop::Skipped("it is a copy of another session, which other checks tell".into()));
    }
    let stopped = |reason: &str| {
        let said = Said::bad(format!("{state}: {reason}, and nothing is sent or received"))
            .severity(Severity::Info)
            .seen("state", "READY", state);
        match kept_from_start(facts, session) {
            Some((first, command)) => said.by_hand(first, command),
            None => said.by_hand("start it", line(facts, Some(&session.name), "start")).read("runbooks/start-daemon.md"),
        }
    };
    match daemon_running(facts, session) {
        Ok(_) => Err(Stop::Skipped("wpp.session.daemon-died tells it".into())),
        // Why it is stopped is for another check to find out; that it is, is seen.
        Err(Stop::Unknown(_)) => Ok(vec![stopped("nobody holds the session")]),
        Err(Stop::Skipped(reason)) => Ok(vec![stopped(&reason)]),
    }
}

/// The connection is not lost again and again.
pub fn reconnect_loop(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    let most = facts.limits.reconnects_per_hour_max;
    let life_ms = (facts.now_ms.saturating_sub(status.started_ms)).max(RECONNECT_WINDOW_MS);
    // Stored transitions know the last hour; a daemon's own counter only knows its whole life.
    let stored = session.messages.known().and_then(|messages| messages.rows).map(|rows| rows.reconnects_last_hour);
    let (rate, how) = match stored {
        Some(count) => (count, format!("{count} in the last hour")),
        None => {
            let life = u64::try_from(life_ms).unwrap_or(1);
            let rate = (u128::from(status.reconnects) * 3_600_000).div_ceil(u128::from(life));
            let lived = span(life_ms);
            (u64::try_from(rate).unwrap_or(u64::MAX), format!("{} in {lived}", status.reconnects))
        }
    };
    if rate <= most {
        return Ok(vec![Said::ok(format!("reconnects: {how}"))]);
    }
    Ok(vec![
        Said::bad(format!("the connection is lost again and again: {how}"))
            .seen("reconnects", format!("at most {most} in an hour"), how)
            .seen(
                "state",
                "READY",
                format!("{} ({}) for {}", status.state.name(), status.reason.name(), ago(facts, status.since_ms)),
            )
            .by_hand(
                "leave the daemon running, it waits longer each time; check the network and the log",
                line(facts, Some(&session.name), "logs"),
            ),
    ])
}

/// The stream is alive.
pub fn stream_lost(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    let most = limit_ms(facts.limits.heartbeat_age_ms_max, 1);
    let heard = status.last_heard_ms.map(|at| facts.now_ms.saturating_sub(at));
    let restart = line(facts, Some(&session.name), "restart");
    Ok(vec![match (status.state, heard) {
        (State::Ready | State::Syncing, Some(age)) if age <= most => Said::ok(format!("the server was heard {} ago", span(age))),
        (State::Ready | State::Syncing, heard) => {
            let observed = heard.map_or("never".to_owned(), |age| format!("{} ago", span(age)));
            let said = Said::bad(format!(
                "the session says {} but the server was last heard {observed}: updates are being lost",
                status.state.name()
            ))
            .seen("last byte from the server", format!("at most {} ago", span(most)), observed);
            match (kept_from_start(facts, session), facts.host.home.to_str()) {
                (Some((first, command)), _) => said.by_hand(first, command),
                (None, Some(home)) => {
                    let argv = ["restart", "--session", &session.name, "--home", home].map(str::to_owned).to_vec();
                    said.fixed_by("restart the daemon; clients of the stream resume where they were", restart, Fix::Run { argv })
                }
                (None, None) => said.by_hand("restart the daemon", restart),
            }
        }
        (State::Reconnecting | State::Degraded, _)
            if facts.now_ms.saturating_sub(status.since_ms) > most && status.sync_enabled =>
        {
            Said::bad(format!("there has been no stream for {} ({})", ago(facts, status.since_ms), status.reason.name()))
                .seen("state", "READY", status.state.name())
                .by_hand("check the network; the daemon keeps trying", line(facts, Some(&session.name), "logs"))
        }
        (state, _) => return Err(Stop::Skipped(format!("there is no stream in the state {}", state.name()))),
    }])
}

/// Search runs on its index.
pub fn search_degraded(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    Ok(vec![match status.search_mode {
        SearchMode::Fts | SearchMode::Scan => Said::ok("search runs on the full-text index"),
        SearchMode::Degraded => Said::bad("search compares all messages instead of using its index: slow, but right")
            .seen("search mode", "fts", "degraded")
            .by_hand(
                "have the daemon make the index again; if it stays, see its log",
                line(facts, Some(&session.name), "search --rebuild"),
            ),
    }])
}

/// Nobody else writes to the database that the daemon writes.
pub fn edited(facts: &Facts, session: &SessionFacts) -> Judged {
    let status = answered(session)?;
    let Some(edited_ms) = status.edited_ms else {
        return Ok(vec![Said::ok("nobody but the daemon has written to wpp.db since it started")]);
    };
    let when = ago(facts, edited_ms);
    Ok(vec![
        Said::bad(format!("something else wrote to wpp.db beside the running daemon, seen first {when} ago"))
            .seen("SQLite's count of changes by others", "as when the daemon started", "another one")
            .by_hand(
                "find out what did so and end it; then have the rows checked, and restart the daemon, which looks anew",
                line(facts, Some(&session.name), "restart"),
            ),
    ])
}

/// Whether an act changes the session's files. What a killed backup or verification leaves is no part
/// of the session, and the next one removes it.
fn touches(verb: &str) -> bool {
    !matches!(verb, "backup" | "verify")
}

/// No restore or reset was cut off.
pub fn interrupted(facts: &Facts, session: &SessionFacts) -> Judged {
    let journal = known(&session.journal, "the journal")?;
    let acts = journal.open.iter().filter(|act| act.alive || touches(&act.verb));
    let said: Vec<Said> = acts
        .map(|act| {
            let when = ago(facts, act.at_ms);
            if act.alive {
                // The number may have gone to another process since; nothing of ours takes hours.
                let severity =
                    if facts.now_ms.saturating_sub(act.at_ms) > LONG_ACT_MS { Severity::Warning } else { Severity::Info };
                return Said::ok(format!("a {} began {when} ago and goes on (process {})", act.verb, act.pid))
                    .severity(severity)
                    .by_hand("wait until it ends, or see what the process is", format!("ps -p {}", act.pid));
            }
            Said::bad(format!("a {} began {when} ago and was cut off: process {} is gone", act.verb, act.pid))
                .seen(format!("entry {} of the journal", act.id), "ended", "open")
                .by_hand(
                    "any command that uses the session finishes or undoes it first",
                    line(facts, Some(&session.name), "start"),
                )
        })
        .collect();
    Ok(if said.is_empty() { vec![Said::ok("nothing that was begun is unfinished")] } else { said })
}

/// The own phone knows of the keys that a restore chose.
pub fn wake_owed(facts: &Facts, session: &SessionFacts) -> Judged {
    let Some(restore) = known(&session.journal, "the journal")?.wake_owed else {
        return Ok(vec![Said::ok("no restore is waiting for the own phone")]);
    };
    if let Some(said) = being_replaced(facts, session) {
        return Ok(vec![said]);
    }
    let said = Said::bad(format!(
        "the own phone was not woken since a restore gave the session fresh keys {} ago: what is written on the phone does not come here",
        ago(facts, restore.at_ms)
    ))
    .seen("wake of the own phone", format!("taken by the server after entry {} of the journal", restore.id), "none");
    let (summary, verb) = match session.status().map(|status| status.state) {
        Some(State::Ready | State::Syncing) => {
            ("open WhatsApp on the phone; then restart the daemon, which wakes it at once instead of at its next try", "restart")
        }
        Some(_) => {
            ("open WhatsApp on the phone; the daemon wakes it as soon as it is READY, so see what keeps it from that", "status")
        }
        None => ("open WhatsApp on the phone, and start the daemon, which wakes it once it has connected", "start"),
    };
    Ok(vec![said.by_hand(summary, line(facts, Some(&session.name), verb))])
}

pub(super) fn answered(session: &SessionFacts) -> Result<&DaemonStatus, Stop> {
    match known(&session.daemon, "the daemon")? {
        DaemonLook::Answered(status) => Ok(status),
        DaemonLook::Mute { what } => Err(Stop::Unknown(format!("the daemon does not give its status: {what}"))),
    }
}

fn kind_name(kind: PathKind) -> &'static str {
    match kind {
        PathKind::Folder => "a folder",
        PathKind::File => "a file",
        PathKind::Socket => "a socket",
        PathKind::Link => "a symbolic link",
        PathKind::Other => "a pipe or a device",
    }
}

fn owner_name(owner: Option<&LockOwner>) -> String {
    match owner {
        Some(owner) => format!("process {} ({}) since {}", owner.pid, owner.role, owner.since),
        None => "a process that did not write down who it is".to_owned(),
    }
}
