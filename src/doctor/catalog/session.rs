//! Rows of a session and its daemon.

use crate::doctor::Judge::Session;
use crate::doctor::{Check, copies, flow, holders, security, session, smoke};
use crate::report::Severity::{Critical, Error, Warning};

const RESTART: Option<&str> = Some("runbooks/restart.md");
const RESET: Option<&str> = Some("runbooks/reset.md");
const LOCKED: Option<&str> = Some("runbooks/lock-contention.md");
const SOCKET: Option<&str> = Some("runbooks/stale-socket.md");
const UNLINKED: Option<&str> = Some("runbooks/auth-required.md");
const RECONNECTING: Option<&str> = Some("runbooks/reconnect-loop.md");
const SEARCH: Option<&str> = Some("runbooks/search-degraded.md");
const STREAM: Option<&str> = Some("runbooks/stream-lost.md");
const HYGIENE: Option<&str> = Some("runbooks/security-hygiene.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.session.folder",
        title: "the session's folder is there and opens",
        area: "session",
        severity: Critical,
        needs: &["wpp.home.marker"],
        runbook: RESET,
        explain: "The folder holds everything of the session, and only its owner can look into it; whoever works on it holds a lock \
                  on its file LOCK. It can be missing when a \
                  restore or a reset was cut off: then the old or the new one stands beside it and the next command finishes \
                  or undoes the act.",
        mend: "`chmod 0700 FOLDER` gives the owner the right back, as `wpp doctor --fix` does. If it is missing, `wpp start` \
               finishes or undoes what was cut off; otherwise mount the volume, or bring it back with `wpp restore latest`.",
        judge: Session(session::folder),
    },
    Check {
        id: "wpp.session.interrupted",
        title: "nothing that was begun is unfinished",
        area: "session",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: Some("runbooks/start-daily.md"),
        explain: "A restore or a reset is written to the journal before it changes anything. An entry that is open while its process \
                  is gone was cut off; the next command that uses the session finishes or undoes it before it does anything else.",
        mend: "`wpp start`, or any other command that uses the session, finishes or undoes it first. Move nothing in the \
               folder by hand before that.",
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
        mend: "`ls -la` shows what it is and whose. Find out who made it, then move it away with `mv` while the daemon is \
               stopped.",
        judge: Session(security::session_files),
    },
    Check {
        id: "wpp.session.modes",
        title: "the session is closed to other users",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "Folders are 0700, files and the socket 0600. session.db holds the keys with which anybody can act as this \
                  account: one that others can read is critical, and linking anew is the safe answer if somebody may have.",
        mend: "`chmod 0700 FOLDER` and `chmod 0600 FILE` for what is named, or `wpp doctor --fix`. Link anew with `wpp reauth \
               --logout` if somebody may have read session.db.",
        judge: Session(security::session_modes),
    },
    Check {
        id: "wpp.session.owners",
        title: "the session's files belong to one user",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "Every file belongs to the owner of the home. One made by another user, for example by a command under sudo, \
                  can stop the daemon; a session.db of another user is critical.",
        mend: "Give them back with `sudo chown -h OWNER FILE`, and run wpp as that user. Link anew with `wpp reauth --logout` \
               if session.db was another user's.",
        judge: Session(security::session_owners),
    },
    Check {
        id: "wpp.session.files-gone",
        title: "a session that was used has its files",
        area: "session",
        severity: Critical,
        needs: &["wpp.home.journal", "wpp.session.folder"],
        runbook: RESET,
        explain: "The journal knows that the session was started, connected or restored here, and its folder holds neither \
                  session.db nor wpp.db: a volume that is not mounted, or a folder that somebody emptied. What is restored or \
                  linked anew under a mount point is hidden by the next mount.",
        mend: "See with `findmnt` and `df` whether a volume that belongs there is not mounted, and mount it. Only when there \
               is none, bring the session back with `wpp restore latest`.",
        judge: Session(copies::files_gone),
    },
    Check {
        id: "wpp.session.living-daemon",
        title: "no daemon works on a folder that this one is a copy of",
        area: "session",
        severity: Critical,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "LOCK names the process that holds it, and when that was started. If nobody holds the file and that process lives, or \
                  another daemon that came after it, the folder is a copy, made by rsync, cp or a restore of the home, and a daemon \
                  started on it would be the same device twice. start, restart and --fix refuse then.",
        mend: "`ps -fp PID` shows the process. End it with `wpp --home FOLDER stop` in the home that it works for, or go on \
               working there and leave the copy alone.",
        judge: Session(copies::living_daemon),
    },
    Check {
        id: "wpp.session.two-homes",
        title: "the session belongs to one home and is no copy",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "Whoever holds the lock works in another home, which has the same session by a symbolic link, a mount or hard links. Each \
                  home's journal then knows half of what was done. A daemon of another home is never stopped from here. In a copy made of hard links \
                  (cp -al, rsnapshot) the files are those of the original: critical. A folder that was copied with its LOCK while the \
                  original is still in its place is told, too: --fix starts neither it nor takes that trace away, a person may.",
        mend: "`wpp --home FOLDER stop` ends the daemon of the other home; then take the link or the mount away in the one \
               that is not to have the session. Use a copy of hard links for nothing.",
        judge: Session(copies::two_homes),
    },
    Check {
        id: "wpp.session.lock-held",
        title: "the lock is held by a working daemon or by nobody",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.two-homes"],
        runbook: LOCKED,
        explain: "One process at a time may own a session; a second one is refused with exit code 11. A holder that does not \
                  listen on the socket keeps everybody else out and serves nobody.",
        mend: "`wpp status` names the holder. Stop it with `wpp stop`, or wait for a command that is at work; or choose \
               another session with --session.",
        judge: Session(session::lock_held),
    },
    Check {
        id: "wpp.session.foreign-socket",
        title: "the socket, and who listens on it, are the session's owner's",
        area: "security",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "A socket of another user leads every command to that user's process. The doctor does not connect to it. Where \
                  the file is the owner's, the system is asked whose process listens: one of another user is asked nothing, and one \
                  that is not the process that holds the lock is told.",
        mend: "`ls -la ~/.wpp/sessions/NAME` shows whose it is, `ps -u OWNER -o pid,args` what runs there. Close the folder \
               with `chmod 0700`, move the socket away, and start with `wpp start`.",
        judge: Session(session::socket_owner),
    },
    Check {
        id: "wpp.session.daemon-died",
        title: "a daemon that was started runs",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.foreign-socket", "wpp.session.living-daemon", "wpp.session.two-homes"],
        runbook: RESTART,
        explain: "A daemon that stops in order says so in the journal and takes its lock and socket with it. One that did \
                  neither was killed or crashed, or the machine was restarted under it; what it left is told here, and `wpp start` \
                  takes it over. Nothing that was acknowledged is lost. --fix starts it again, unless the server's \
                  last word was a ban, another client or an old version, the home is locked down, the daemon dies again and again, its \
                  databases are damaged, or another session is the same device: then a person decides.",
        mend: "See with `wpp logs` what it ended with, then `wpp start`, as `wpp doctor --fix` does.",
        judge: Session(session::daemon_running),
    },
    Check {
        id: "wpp.session.stale-lock",
        title: "no lock is left of a dead process",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.session.living-daemon", "wpp.session.two-homes"],
        runbook: LOCKED,
        explain: "The kernel lets go of the lock when its holder dies; the file stays and names a process that is gone. It \
                  stops nobody from starting.",
        mend: "`wpp doctor --fix` proves that nobody holds it and removes it; `wpp start` takes it over. By hand, only after \
               `wpp status` says that the session is stopped: `rm ~/.wpp/sessions/NAME/LOCK`.",
        judge: Session(session::lock_stale),
    },
    Check {
        id: "wpp.session.stale-socket",
        title: "somebody listens on the socket",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.foreign-socket", "wpp.session.living-daemon", "wpp.session.two-homes"],
        runbook: SOCKET,
        explain: "A killed daemon leaves its socket, and every connection to it is refused.",
        mend: "`wpp doctor --fix` proves that the lock is free and that nobody listens, and removes it; `wpp start` makes a \
               new one. By hand, only after `wpp status` says that the session is stopped: `rm \
               ~/.wpp/sessions/NAME/daemon.sock`.",
        judge: Session(session::socket_stale),
    },
    Check {
        id: "wpp.session.suspended",
        title: "the holder of the lock runs",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: LOCKED,
        explain: "A daemon that was sent SIGSTOP, by Ctrl-Z or a debugger, keeps its lock and its socket and answers nobody. A \
                  dead one that its parent did not collect (a zombie) holds nothing and is told, too.",
        mend: "`kill -CONT PID` lets it go on where it was. A zombie goes when its parent collects it or ends: `ps -o ppid= -p \
               PID` names that.",
        judge: Session(holders::suspended),
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
        mend: "Keep what `wpp logs` ends with, then `wpp restart`. If it does not stop in order, `wpp restart --force` ends \
               it; nothing that was acknowledged is lost.",
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
        mend: "`wpp restart` when it suits; what waits in the outbox is kept.",
        judge: Session(session::version_skew),
    },
    Check {
        id: "wpp.session.program-replaced",
        title: "the daemon runs the program that is there",
        area: "session",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: RESTART,
        explain: "An upgrade that replaces the program, or a build that removes it, leaves the daemon on the old one until it is restarted. \
                  Where nothing has the program's name any more, nothing can start the daemon again.",
        mend: "`wpp restart` when it suits. Where nothing has the program's name any more, install it there first: `sudo \
               install -m 0755 wpp /usr/local/bin/`.",
        judge: Session(copies::program),
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
        mend: "Link it with the phone at hand: `wpp reauth` shows a QR code, and with --pair-code NUMBER a code to type there.",
        judge: Session(session::auth_required),
    },
    Check {
        id: "wpp.session.replaced",
        title: "no other client took the session's place",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "The server ended the stream because somebody logged in with the same device's keys: a copy of this session \
                  on another host, an old daemon, a restored archive. Starting again only throws the other one out in turn.",
        mend: "Find the other process or host that runs a copy of this session, and stop it there with `wpp stop`. Only then \
               `wpp restart` this one.",
        judge: Session(flow::replaced),
    },
    Check {
        id: "wpp.session.banned",
        title: "the account is not banned",
        area: "session",
        severity: Critical,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "WhatsApp bans an account for a while after too many messages, blocks or odd clients. Every attempt while the \
                  ban lasts may lengthen it. It is told how long that is, if the server said so, and it holds on while no daemon runs.",
        mend: "Hold messages back with `wpp outbound pause` and start nothing until it is over; `wpp status` says how long, \
               if the server did.",
        judge: Session(flow::banned),
    },
    Check {
        id: "wpp.session.outdated",
        title: "WhatsApp takes this version of the client",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "The server refuses clients below a version that it raises now and then. Nothing but a newer wpp helps; the link and the \
                  store stay as they are.",
        mend: "Install a newer wpp, then `wpp restart`.",
        judge: Session(flow::outdated),
    },
    Check {
        id: "wpp.session.state",
        title: "the session does not wait for its operator",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "Only a READY session sends and receives; any other state is told here with what to type, unless a check of \
                  its own tells it more exactly (replaced, banned, outdated, auth-required, daemon-died). ERROR and DEGRADED \
                  carry a reason: store_failure, see the log and the databases' checks. None of them is mended by restarting \
                  blindly, so the doctor never does.",
        mend: "`wpp status` says what it waits for and `wpp logs` why. One that was stopped is started with `wpp start`, a \
               connection that was given up is taken up with `wpp sync start`.",
        judge: Session(session::state),
    },
    Check {
        id: "wpp.session.reconnect-loop",
        title: "the connection holds",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: RECONNECTING,
        explain: "More than doctor.reconnects_per_hour_max lost connections in an hour mean a bad network, a server that \
                  refuses, or two clients that push each other out. The daemon waits longer before each attempt.",
        mend: "Leave the daemon running. `wpp doctor --only wpp.network` says whether the network is at fault, `wpp logs` what \
               the server says; another client on the same keys must be stopped first.",
        judge: Session(session::reconnect_loop),
    },
    Check {
        id: "wpp.session.stream-lost",
        title: "updates arrive",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: STREAM,
        explain: "The server is heard at least every doctor.heartbeat_age_ms_max while the session is READY. A session that \
                  says READY and hears nothing loses updates; readers of the event stream resume after their last event. One \
                  that has been reconnecting for longer than that has no stream either.",
        mend: "`wpp restart`, as `wpp doctor --fix` does, while it says READY. One that is reconnecting is left running: `wpp \
               doctor --only wpp.network` says what keeps the server away.",
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
        mend: "`wpp search --rebuild` has the daemon make the index again; if that fails, `wpp logs` says why.",
        judge: Session(session::search_degraded),
    },
    Check {
        id: "wpp.session.endpoints",
        title: "the daemon answers whatever runbooks ask it",
        area: "session",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.foreign-socket"],
        runbook: RESTART,
        explain: "With --smoke-running a daemon must be up and READY, and every endpoint of its local API that only reads must answer \
                  with status 200: /healthz, /readyz, /metrics, /v1/status, auth, sync, chats, messages, outbox, search and events. \
                  Without that flag nobody asks.",
        mend: "`wpp start` if it is down, `wpp doctor --wait 60s` if it is on its way. For one endpoint that does not answer, \
               `wpp logs` says why; then `wpp restart`.",
        judge: Session(smoke::endpoints),
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
        mend: "Let the session reach READY (`wpp start`, then `wpp status`): the daemon then sends the request. Until then \
               write on the phone nothing that must be stored here, or send it a message with `wpp send`.",
        judge: Session(session::wake_owed),
    },
];
