//! Rows of what flows through a session, and of who has its databases open.

use crate::doctor::Judge::Session;
use crate::doctor::{Check, flow, holders, keeping};
use crate::report::Severity::{Error, Warning};

const RESTART: Option<&str> = Some("runbooks/restart.md");
const LOCKED: Option<&str> = Some("runbooks/lock-contention.md");
const STREAM: Option<&str> = Some("runbooks/stream-lost.md");
const HYGIENE: Option<&str> = Some("runbooks/security-hygiene.md");
const LINKING: Option<&str> = Some("runbooks/re-authentication.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.session.transition-stuck",
        title: "the session does not stay in a state that only passes",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RESTART,
        explain: "BOOTING, CONNECTING and SYNCING take seconds, and the daemon gives each of them an end of its own. One that \
                  has stayed for minutes hangs. After a restart nobody can tell what it hung on.",
        mend: "Keep what `wpp logs` ends with, then `wpp restart`.",
        judge: Session(flow::transition),
    },
    Check {
        id: "wpp.session.crash-loop",
        title: "the daemon does not die again and again",
        area: "session",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: RESTART,
        explain: "The journal holds every start and every orderly stop. Three starts or more in an hour with no stop before them mean that \
                  something, systemd for example, starts again and again what dies again and again. The log ends with the cause.",
        mend: "Stop whoever starts it again (`systemctl stop UNIT`), read how `wpp logs` ends, mend that, and only then `wpp \
               start`.",
        judge: Session(flow::crash_loop),
    },
    Check {
        id: "wpp.session.two-daemons",
        title: "one process writes to the databases",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "Two processes that have the databases open to write: a daemon of another container on a shared folder, an editor of \
                  SQLite, an old daemon whose lock was removed. Two that write to session.db lose messages, which is critical. The kernel's \
                  list of locks says who they are (on Linux). Of a process of another user it tells that it has them open, and that it \
                  can write only while it does: then this is unknown, and root sees more.",
        mend: "`ps -fp PID` shows each. End the one that is not the daemon of this session, by its own means or with `kill \
               PID`; then see what `wpp doctor` says of the databases.",
        judge: Session(holders::two_daemons),
    },
    Check {
        id: "wpp.session.unlocked-holder",
        title: "nobody works on the session without its lock",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "A process has a database open to write while nobody holds the lock: a daemon whose LOCK file was removed, or \
                  a program that knows nothing of locks. The next daemon would start beside it.",
        mend: "`ps -fp PID` shows it; end it with `kill PID` before a daemon is started, or `wpp restart` if it is this \
               session's own daemon. Never remove LOCK while something runs.",
        judge: Session(holders::unlocked),
    },
    Check {
        id: "wpp.session.deleted-files",
        title: "nobody holds databases that were removed",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "A process that is not this session's daemon has a database open that lost its name: a daemon that outlived a \
                  reset or a copy over its files. It goes on as the same device, and what it stores is gone when it ends. \
                  Which removed files processes of other users have open only root sees.",
        mend: "`ps -fp PID` shows it; end it with `kill PID`, once what it has open was saved from /proc/PID/fd if that is \
               needed.",
        judge: Session(holders::deleted),
    },
    Check {
        id: "wpp.session.event-stale",
        title: "events are written down",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: STREAM,
        explain: "Every change of state is an event, so the newest event is never older than the state; when it is, readers of the stream \
                  hear of nothing. For a session that is never quiet, doctor.event_age_hours_max says after how long without any event a \
                  READY session is to be looked at; it is off (0) unless you set it, as many sessions are quiet for days.",
        mend: "`wpp logs` says what could not be written to wpp.db; then `wpp restart`. For a quiet session, `wpp events` \
               shows the newest, and a message with `wpp send` whether one comes.",
        judge: Session(flow::events),
    },
    Check {
        id: "wpp.session.phone-unseen",
        title: "the phone is on now and then",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: LINKING,
        explain: "A phone that is off for 14 days logs its devices out. Its signs are what is written on it, and that it confirms what is \
                  sent from here. When several messages were sent and none was confirmed by another device of the account for 12 days, \
                  the phone is off, lost or broken. Where nothing was sent, nothing is known and this is skipped.",
        mend: "Switch the phone on and let it reach the internet, with WhatsApp open. If it was lost or replaced, link anew \
               with `wpp reauth`.",
        judge: Session(flow::phone),
    },
    Check {
        id: "wpp.session.outbox-backlog",
        title: "messages do not wait to be sent",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: STREAM,
        explain: "The outbox keeps messages until the server answers. More than doctor.outbox_waiting_max, or one that is older than \
                  doctor.outbox_age_ms_max, means that sends do not get out. Nothing is lost; they leave in order once the session is READY.",
        mend: "`wpp status` says why nothing leaves, `wpp outbound list` what waits. Get the session READY, or let sending go \
               on with `wpp outbound resume`.",
        judge: Session(flow::backlog),
    },
    Check {
        id: "wpp.session.outbox-paused",
        title: "sending is not paused for long",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: Some("runbooks/start-inspect.md"),
        explain: "`wpp outbound pause`, or a drill that pauses what goes out, holds messages back until somebody says resume. After an hour \
                  with messages waiting somebody has probably forgotten it.",
        mend: "See with `wpp runbook runs` whether a run still wants it so; if not, `wpp outbound resume`.",
        judge: Session(flow::paused),
    },
    Check {
        id: "wpp.session.outbox-rejected",
        title: "the server takes what is sent",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: STREAM,
        explain: "More than 5 of 100 messages within a day were refused, of twenty or more: numbers that are not on WhatsApp, \
                  limits, or the first signs of a ban.",
        mend: "`wpp outbound list` shows what was refused and why. Slow down, or hold messages back with `wpp outbound pause`, \
               before the account is banned.",
        judge: Session(flow::rejected),
    },
    Check {
        id: "wpp.session.ingest-lag",
        title: "what came in is stored as messages",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: STREAM,
        explain: "What comes in is first written down as it came, and then made a message, in milliseconds. What has waited \
                  for a minute could not be made one; nothing is lost.",
        mend: "`wpp logs` says why; `wpp restart` tries all of it again.",
        judge: Session(flow::ingest),
    },
    Check {
        id: "wpp.session.undecryptable",
        title: "what comes in can be read",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged", "wpp.store.migrations"],
        runbook: STREAM,
        explain: "More than 5 of 100 messages within a day, of twenty or more, could not be decrypted. A few are usual. Many \
                  mean that the Signal state is not the one that others know: an old copy was restored without new keys, or \
                  two clients work on one store.",
        mend: "Look for a second client on a copy of this store, and stop it. Then `wpp backup`, and `wpp restore latest \
               --plan rekey`, which begins every conversation anew.",
        judge: Session(flow::undecryptable),
    },
    Check {
        id: "wpp.session.log-rotation",
        title: "the log is rotated",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: Some("runbooks/disk-space.md"),
        explain: "The daemon rotates its log at log.size_bytes_max and keeps log.files_max old ones. A log that is larger, or \
                  more old ones, was written or rotated by somebody else, or a setting changed.",
        mend: "`wpp restart` rotates it. Take the session's log out of what else rotates it (`grep -r wppd.log \
               /etc/logrotate.d`), and remove the oldest with `rm`.",
        judge: Session(keeping::rotation),
    },
    Check {
        id: "wpp.session.log-leaks",
        title: "the log holds nobody's number, words or secret",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "The last 64 KiB of the log, and 16 of the newest one before it (of many sessions less of each), are searched \
                  for addresses and numbers of people, for the newest messages' texts, for secrets of this home and of this \
                  process, private keys and tokens. wpp writes tokens in their place, so such a thing was written \
                  by another program, or is a bug of wpp.",
        mend: "Remove the file with `rm FILE` and `wpp restart`, and replace a secret that stood there. Report it as a bug of \
               wpp unless another program writes there.",
        judge: Session(keeping::log_leaks),
    },
];
