//! The table of checks. An id never changes its meaning; a check that is given up leaves its id unused.
//!
//! The order is the order of judging: a check stands below the ones that it needs.

use super::Judge::{Host, Session};
use super::{Check, alert, backups, host, schedule, security, session, stores};
use crate::report::Severity::{Critical, Error, Warning};

const RESTART: Option<&str> = Some("runbooks/restart.md");
const LINKING: Option<&str> = Some("runbooks/re-authentication.md");
const RESET: Option<&str> = Some("runbooks/reset.md");
const LOCKED: Option<&str> = Some("runbooks/lock-contention.md");
const SOCKET: Option<&str> = Some("runbooks/stale-socket.md");
const UNLINKED: Option<&str> = Some("runbooks/auth-required.md");
const RECONNECTING: Option<&str> = Some("runbooks/reconnect-loop.md");
const SEARCH: Option<&str> = Some("runbooks/search-degraded.md");
const STREAM: Option<&str> = Some("runbooks/stream-lost.md");
const HYGIENE: Option<&str> = Some("runbooks/security-hygiene.md");
const ROOM: Option<&str> = Some("runbooks/disk-space.md");

/// Every check.
pub const CHECKS: &[Check] = &[
    Check {
        id: "wpp.home.marker",
        title: "the home opens",
        area: "home",
        severity: Error,
        needs: &[],
        runbook: None,
        explain: "home.json says whether the sessions of this home may reach WhatsApp (live) or only loopback addresses (sandbox). \
                  Without it wpp refuses to run anything, because a copy of a sandbox must never turn into a live home. \
                  Restore the file from a backup.",
        judge: Host(host::marker),
    },
    Check {
        id: "wpp.home.settings",
        title: "the settings load",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "config.toml and the WPP_* variables may hold known settings only, each with a value of its kind. \
                  While they do not load, no command but this one runs; the doctor goes on with the defaults.",
        judge: Host(host::settings),
    },
    Check {
        id: "wpp.home.plugins",
        title: "what is noted of plugins can be read",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "plugins.lock says which plugins the home has, the SHA-256 of each and what was granted to these bytes. \
                  While it cannot be read no plugin is used, and no gateway behind one is looked at. \
                  Restore the file from a backup, or move it away and add the plugins again.",
        judge: Host(host::plugins),
    },
    Check {
        id: "wpp.home.modes",
        title: "the home is closed to other users",
        area: "home",
        severity: Error,
        needs: &[],
        runbook: HYGIENE,
        explain: "Folders are 0700 and files 0600. An archive holds the session's credentials: one that others can read is critical. \
                  Other files that are open inside a closed folder are worth knowing, no more. --fix sets the modes.",
        judge: Host(security::home_modes),
    },
    Check {
        id: "wpp.home.owners",
        title: "the home belongs to the user that runs wpp",
        area: "home",
        severity: Error,
        needs: &[],
        runbook: HYGIENE,
        explain: "Everything in the home belongs to one user, the one that runs the daemons. A command run once with sudo \
                  leaves files that the daemon can no longer open. Give them back with chown; wpp does not do that by itself.",
        judge: Host(security::home_owners),
    },
    Check {
        id: "wpp.home.writable",
        title: "the home can be written to",
        area: "host",
        severity: Error,
        needs: &[],
        runbook: None,
        explain: "A page is written to a file without a name and forced to the disk, which a full disk, a quota, a read-only mount \
                  and a wrong mode all refuse. Nothing is left behind.",
        judge: Host(host::writable),
    },
    Check {
        id: "wpp.home.disk-space",
        title: "there is room on the disk",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: ROOM,
        explain: "Less free space than doctor.disk_free_percent_min is a warning; less than a tenth of that, or less than 64 MiB, \
                  is an error: SQLite can then lose its next write, and no backup fits.",
        judge: Host(host::disk_space),
    },
    Check {
        id: "wpp.home.journal",
        title: "the journal can be used",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "ops.db records what was done to every session: restores that were cut off, starts, connects. Without it wpp cannot \
                  finish or undo what was interrupted, nor prove that an archive's Signal state is still the newest.",
        judge: Host(host::journal),
    },
    Check {
        id: "wpp.home.default-session",
        title: "the chosen session exists",
        area: "home",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "default_session in config.toml names a session that is here. In a home without any session there is nothing to \
                  look at but the host and the home, and this check says so.",
        judge: Host(host::default_session),
    },
    Check {
        id: "wpp.schedule.not-installed",
        title: "somebody looks for what is due",
        area: "schedule",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "Entries of the schedule run when something calls `wpp schedule run`: a timer, cron, or daemons with schedule.daemon. \
                  When nothing has for twice the shortest time between two runs, and at least once a day, entries only stand in the \
                  settings. `wpp schedule install` sets a timer or cron up.",
        judge: Host(schedule::looked_at),
    },
    Check {
        id: "wpp.schedule.missed",
        title: "what was due ran in time",
        area: "schedule",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "An entry was due and nothing looked for it in time, because the machine or the caller was down. With `missed = \"run-once\"` \
                  it runs when somebody looks, with \"skip\" it waits for its next time; with \"tell\" this stands until a run in time.",
        judge: Host(schedule::in_time),
    },
    Check {
        id: "wpp.schedule.failing",
        title: "the last run of every entry went well",
        area: "schedule",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "The newest run of an entry ended with an exit code that is not 0, was killed because its time was up, or was cut off with \
                  whatever dispatched it; or an entry of the settings cannot be read and never runs.",
        judge: Host(schedule::succeeded),
    },
    Check {
        id: "wpp.alert.undelivered",
        title: "what people were to be told arrived",
        area: "alert",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "A notice to a contact failed on one of its ways and waits for the next `wpp alert run`, or was given up after three \
                  days; or the contacts and rules of the settings cannot be read, and nobody is told of anything.",
        judge: Host(alert::delivered),
    },
    Check {
        id: "wpp.session.folder",
        title: "the session's folder is there and opens",
        area: "session",
        severity: Critical,
        needs: &["wpp.home.marker"],
        runbook: RESET,
        explain: "The folder holds everything of the session, and only its owner can look into it; --fix gives the owner that right back. It can be missing when a restore or a reset was cut off: \
                  then the old or the new one stands beside it and the next command finishes or undoes the act.",
        judge: Session(session::folder),
    },
    Check {
        id: "wpp.session.interrupted",
        title: "nothing that was begun is unfinished",
        area: "session",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "A restore or a reset is written to the journal before it changes anything. An entry that is open while its process \
                  is gone was cut off; the next command that uses the session finishes or undoes it before it does anything else.",
        judge: Session(session::interrupted),
    },
    Check {
        id: "wpp.session.files",
        title: "the session's folder holds what it should",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "wpp makes folders, files and one socket, and never a symbolic link or a device. Something else under one of its \
                  names was put there by somebody, perhaps to make wpp write elsewhere.",
        judge: Session(security::session_files),
    },
    Check {
        id: "wpp.session.modes",
        title: "the session is closed to other users",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "Folders are 0700, files and the socket 0600. session.db holds the keys with which anybody can act as this account: \
                  one that others can read is critical, and linking anew is the safe answer if somebody may have. --fix sets the modes.",
        judge: Session(security::session_modes),
    },
    Check {
        id: "wpp.session.owners",
        title: "the session's files belong to one user",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "Every file belongs to the owner of the home. One made by another user, for example by a command under sudo, can \
                  stop the daemon; a session.db of another user is critical. Give them back with chown.",
        judge: Session(security::session_owners),
    },
    Check {
        id: "wpp.session.lock-held",
        title: "the lock is held by a working daemon or by nobody",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "One process at a time may own a session; a second one is refused with exit code 11. A holder that does not listen on \
                  the socket keeps everybody else out and serves nobody: stop it, or choose another session.",
        judge: Session(session::lock_held),
    },
    Check {
        id: "wpp.session.stale-lock",
        title: "no lock is left of a dead process",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "The kernel lets go of the lock when its holder dies; the file stays and names a process that is gone. It stops \
                  nobody from starting. --fix takes the lock first, which proves that nobody holds it, and removes the file.",
        judge: Session(session::lock_stale),
    },
    Check {
        id: "wpp.session.foreign-socket",
        title: "the socket belongs to the session's owner",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "A socket of another user leads every command to that user's process. The doctor does not connect to it. \
                  Find out who put it there before anything else.",
        judge: Session(session::socket_owner),
    },
    Check {
        id: "wpp.session.stale-socket",
        title: "somebody listens on the socket",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.foreign-socket"],
        runbook: SOCKET,
        explain: "A killed daemon leaves its socket, and every connection to it is refused. --fix proves again that the lock is free and \
                  that nobody listens, and removes it.",
        judge: Session(session::socket_stale),
    },
    Check {
        id: "wpp.session.daemon-died",
        title: "a daemon that was started runs",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.foreign-socket"],
        runbook: RESTART,
        explain: "A daemon that stops in order says so in the journal and takes its lock and socket with it. One that did neither was \
                  killed or crashed. Nothing that was acknowledged is lost. --fix starts it again.",
        judge: Session(session::daemon_running),
    },
    Check {
        id: "wpp.session.daemon-silent",
        title: "the daemon answers",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.foreign-socket"],
        runbook: RESTART,
        explain: "GET /v1/status on the socket is answered within 3 s, by the daemon of this session. One that takes connections and \
                  does not answer hangs.",
        judge: Session(session::daemon_answers),
    },
    Check {
        id: "wpp.session.version-skew",
        title: "daemon and program are of one version",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RESTART,
        explain: "After an upgrade the old daemon runs on until it is restarted, with the old version's faults.",
        judge: Session(session::version_skew),
    },
    Check {
        id: "wpp.session.auth-required",
        title: "the session is linked to a phone",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: UNLINKED,
        explain: "The phone removed this device, or none was ever linked. Nothing is sent or received until it is linked again, \
                  which only a person with the phone can do.",
        judge: Session(session::auth_required),
    },
    Check {
        id: "wpp.session.state",
        title: "the session does not wait for its operator",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "ERROR and DEGRADED carry a reason. stream_replaced: another client took the place, find it first. temporary_ban: wait. \
                  client_outdated: upgrade. store_failure: see the log and the databases' checks. None of them is mended by \
                  restarting blindly, so the doctor never does.",
        judge: Session(session::state),
    },
    Check {
        id: "wpp.session.reconnect-loop",
        title: "the connection holds",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "More than doctor.reconnects_per_hour_max lost connections in an hour mean a bad network, a server that refuses, or two \
                  clients that push each other out. The daemon waits longer before each attempt: leave it running and look for the cause.",
        judge: Session(session::reconnect_loop),
    },
    Check {
        id: "wpp.session.stream-lost",
        title: "updates arrive",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: STREAM,
        explain: "The server is heard at least every doctor.heartbeat_age_ms_max while the session is READY. A session that says READY and \
                  hears nothing loses updates; --fix restarts it, and readers of the event stream resume after their last event. \
                  One that has been reconnecting for longer than that has no stream either.",
        judge: Session(session::stream_lost),
    },
    Check {
        id: "wpp.session.search-degraded",
        title: "search uses its index",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: SEARCH,
        explain: "Without the full-text index every search compares all messages: right, but slow.",
        judge: Session(session::search_degraded),
    },
    Check {
        id: "wpp.store.session-damaged",
        title: "session.db is whole",
        area: "store",
        severity: Critical,
        needs: &["wpp.session.folder"],
        runbook: RESET,
        explain: "PRAGMA quick_check over the keys and the Signal state. It reads pages and indexes, not every value: what it passes is \
                  not proven whole, and what it fails is damaged. Keep the damaged file; restore an archive or link anew.",
        judge: Session(stores::session_db),
    },
    Check {
        id: "wpp.store.messages-damaged",
        title: "wpp.db is whole",
        area: "store",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: RESET,
        explain: "PRAGMA quick_check over chats, messages, outbox and events. A restore with the plan `data` brings them back from an archive and \
                  leaves the Signal state as it is. It is never done automatically: what came after the archive is lost by it.",
        judge: Session(stores::messages_db),
    },
    Check {
        id: "wpp.store.index-out-of-step",
        title: "the full-text index is in step",
        area: "store",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged"],
        runbook: SEARCH,
        explain: "The index holds one entry for each message. Where it lags, searches miss messages without a word; `wpp search --rebuild` \
                  has the daemon make it again.",
        judge: Session(stores::search_index),
    },
    Check {
        id: "wpp.store.not-paired",
        title: "the store holds a linked identity",
        area: "store",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.session-damaged"],
        runbook: LINKING,
        explain: "session.db holds a phone number and a signed account once a phone was linked, and goes on holding them after the phone \
                  removed the device; so the mark that the daemon leaves at a logout is looked at too.",
        judge: Session(stores::paired),
    },
    Check {
        id: "wpp.backup.stale",
        title: "there is a recent backup",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: RESET,
        explain: "A backup counts that holds both databases, both sound, that was verified (or read back, when it is encrypted for \
                  somebody else) and whose file is still the one that it was, with all that it builds on. Older than \
                  doctor.backup_age_hours_max is too old. A place that three backups or more were sent to within a week is judged on \
                  its own. A session without a phone, and one that is younger than that, is left in peace. wpp only knows the \
                  backups that it made itself.",
        judge: Session(backups::fresh),
    },
    Check {
        id: "wpp.backup.restore-unproven",
        title: "a backup was seen to come back",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "Bytes that are what they were, in a database that SQLite finds sound, can still be a session that does not start. \
                  `wpp backup verify --level restore` really restores an archive, into a sandbox that reaches nobody, starts it to READY \
                  and asks it for messages. So does a real `wpp restore` of the whole session that ended READY. Either should have \
                  been seen within doctor.restore_age_days_max. What is sealed to keys that are not here is verified where they are, and \
                  this host does not hear of it; then that is said, and nothing is held against it.",
        judge: Session(backups::proven),
    },
    Check {
        id: "wpp.backup.last-failed",
        title: "the last backup and its checks went well",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "The newest backup made no archive, or one that lacks something; or an archive did not pass a verification, and none \
                  has passed that level since. Each place that backups are sent to counts on its own; one that nothing was sent to for \
                  a week is let be, once they go elsewhere.",
        judge: Session(backups::succeeded),
    },
    Check {
        id: "wpp.backup.set-aside",
        title: "old copies leave room on the disk",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: ROOM,
        explain: "A restore keeps the files that it replaced, and a new link the store of the device that the phone removed; they lie \
                  beside the session, hold its secrets, and wpp never deletes them unasked (`wpp backup prune --set-aside` does). That \
                  they are there is worth knowing; that they are larger than what is free on the disk is a warning.",
        judge: Session(backups::set_aside),
    },
    Check {
        id: "wpp.restore.wake-owed",
        title: "the own phone knows of a restore's fresh keys",
        area: "session",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "After a restore with the plan `rekey` the account's own phone goes on encrypting for keys that are gone, and is \
                  never asked to repeat itself: until it is sent something, copies of what is written on it are lost. So the daemon \
                  sends it a request that shows nothing to anybody as soon as it is READY, and writes that down. While that is not \
                  written down, this stands.",
        judge: Session(session::wake_owed),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_well_formed_and_stand_below_what_they_need() {
        for (at, check) in CHECKS.iter().enumerate() {
            let earlier = &CHECKS[..at];
            assert!(!earlier.iter().any(|other| other.id == check.id), "{} twice", check.id);
            let parts: Vec<&str> = check.id.split('.').collect();
            assert!(parts.len() == 3 && parts[0] == "wpp", "{}", check.id);
            assert!(parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')), "{}", check.id);
            for need in check.needs {
                assert!(
                    earlier.iter().any(|other| other.id == *need),
                    "{} needs {need}, which does not stand above it",
                    check.id
                );
            }
            assert!(!check.explain.is_empty() && !check.title.ends_with('.'));
        }
    }

    #[test]
    fn every_runbook_that_a_check_names_is_there() {
        for runbook in CHECKS.iter().filter_map(|check| check.runbook) {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(runbook);
            assert!(path.is_file(), "{}", path.display());
        }
    }
}
