//! Rows of the databases.

use crate::doctor::Judge::Session;
use crate::doctor::{Check, holders, keeping, session, stores};
use crate::report::Severity::{Critical, Error, Warning};

const LINKING: Option<&str> = Some("runbooks/re-authentication.md");
const RESET: Option<&str> = Some("runbooks/reset.md");
const SEARCH: Option<&str> = Some("runbooks/search-degraded.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.store.session-damaged",
        title: "session.db is whole",
        area: "store",
        severity: Critical,
        needs: &["wpp.session.folder"],
        runbook: RESET,
        explain: "PRAGMA quick_check over the keys and the Signal state, which reads pages and indexes; then the tables that the \
                  client library's migrations make, each of which must be there, and the keys and records in them, which the \
                  library's own readers must take. The halves of the device's own keys must belong together, and so must those \
                  of the one-time keys, of which a few are looked at; the account must have admitted the device's identity key, \
                  which must have signed its signed prekey. Whether the key of somebody else is the right one nobody can tell.",
        mend: "`wpp stop`, copy the damaged file elsewhere and keep it, then `wpp restore latest`. Without an archive, `wpp \
               reset` and link anew with `wpp reauth`.",
        judge: Session(stores::session_db),
    },
    Check {
        id: "wpp.store.messages-damaged",
        title: "wpp.db is whole",
        area: "store",
        severity: Error,
        needs: &["wpp.session.folder"],
        runbook: RESET,
        explain: "PRAGMA quick_check over chats, messages, outbox and events; then the tables and columns of its version, each \
                  of which must be there and none of a later one, and those that others show to have held something must not be empty. A restore with the plan `data` leaves the Signal \
                  state as it is. It is never done automatically: what came after the archive is lost by it.",
        mend: "`wpp stop`, copy the damaged file elsewhere and keep it, then `wpp restore latest --plan data`, which brings \
               the messages back from an archive.",
        judge: Session(stores::messages_db),
    },
    Check {
        id: "wpp.store.index-out-of-step",
        title: "the full-text index is in step",
        area: "store",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.messages-damaged"],
        runbook: SEARCH,
        explain: "The index holds one entry for each message. Where it lags, searches miss messages without a word.",
        mend: "`wpp search --rebuild` has the daemon make it again.",
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
        mend: "Link it with the phone at hand: `wpp reauth`. If session.db was linked before and is gone, put the file back, \
               or `wpp restore latest`, before the session is started.",
        judge: Session(stores::paired),
    },
    Check {
        id: "wpp.store.migrations",
        title: "this wpp knows the databases' tables",
        area: "store",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.store.session-damaged", "wpp.store.messages-damaged"],
        runbook: None,
        explain: "session.db says which migrations of the client library it has, wpp.db which version of its own tables. Newer \
                  ones than this wpp knows were made by a newer wpp, and going back is not safe. Older ones are finished by \
                  the next start of the daemon. A store that was migrated in part under a running daemon is an error.",
        mend: "Use the wpp that last ran this session, or a newer one. For older tables, `wpp backup`, then `wpp restart`.",
        judge: Session(keeping::migrations),
    },
    Check {
        id: "wpp.store.two-identities",
        title: "both databases are of one account",
        area: "store",
        severity: Critical,
        needs: &["wpp.session.folder", "wpp.store.session-damaged", "wpp.store.not-paired"],
        runbook: RESET,
        explain: "session.db holds the account and its keys, wpp.db the account whose messages it keeps. When they differ, one \
                  folder was used for two accounts, or a database was copied here from another session: what one account wrote \
                  would be taken for the other's. The same holds for a store with two linked devices.",
        mend: "Do not start the daemon. `wpp backup list` shows the archives of this session; bring the database that does not \
               belong here back with `wpp restore ARCHIVE`.",
        judge: Session(keeping::identities),
    },
    Check {
        id: "wpp.store.prekeys-low",
        title: "there are one-time keys for new conversations",
        area: "store",
        severity: Warning,
        needs: &["wpp.session.folder", "wpp.store.session-damaged", "wpp.store.not-paired"],
        runbook: Some("runbooks/restart.md"),
        explain: "Who writes to this account for the first time takes one of the one-time keys that were uploaded. The server \
                  asks for new ones when few are left; when fewer than twenty are, or the server holds none, that did not \
                  work. When session.db holds none of those that it uploaded, somebody removed them: the server goes on \
                  handing them out.",
        mend: "`wpp restart`: the daemon uploads them as it logs in. If it stays, `wpp logs` says what the server answered. Those that \
               were removed come back with `wpp restore`.",
        judge: Session(keeping::prekeys),
    },
    Check {
        id: "wpp.store.write-log",
        title: "the write-ahead logs stay small",
        area: "store",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: Some("runbooks/disk-space.md"),
        explain: "SQLite empties a write-ahead log (-wal) every few MiB, when no reader is in its way. One that has grown to 256 MiB, and beyond its \
                  database, has a reader that never ends, or a disk that was full. Reads become slow, and the disk fills. Never remove a \
                  -wal file by hand: it holds the newest writes.",
        mend: "`lsof FILE` shows who reads; end a reader that is not wpp, then `wpp restart`, which empties the log.",
        judge: Session(keeping::write_log),
    },
    Check {
        id: "wpp.store.swapped",
        title: "the daemon has the files open that are there",
        area: "store",
        severity: Critical,
        needs: &["wpp.session.folder"],
        runbook: RESET,
        explain: "A database was removed or replaced (cp, mv, rsync, a sync client) while the daemon had it open. The daemon \
                  goes on writing to the old file, which vanishes when it ends, and the new one knows nothing of that.",
        mend: "Before the daemon stops, save what it has open: `cp /proc/PID/fd/NUMBER FILE`, with what lies at the name kept \
               beside it. Then `wpp stop`, and bring one of the two back; the next time `wpp restore`, which stops the daemon \
               first.",
        judge: Session(holders::swapped),
    },
    Check {
        id: "wpp.store.edited",
        title: "nobody but the daemon writes to the messages",
        area: "store",
        severity: Error,
        needs: &["wpp.session.folder", "wpp.session.daemon-silent"],
        runbook: Some("runbooks/lock-contention.md"),
        explain: "Whether another process has written to wpp.db since the daemon started, which the daemon sees by SQLite's own count \
                  of the database's changes. Rows that come or go behind its back are not told to clients, may be sent twice or never, \
                  and are not what it will answer for. session.db is the library's, which does not tell; who has that open to write is \
                  looked at by wpp.session.two-daemons.",
        mend: "`lsof FILE` shows who has wpp.db open; end what is not the daemon. Then see with `wpp messages` and `wpp outbound list` \
               that the rows are right, and `wpp restart`, which looks anew.",
        judge: Session(session::edited),
    },
    Check {
        id: "wpp.store.copy-in-use",
        title: "nobody works on an old copy of the session",
        area: "store",
        severity: Critical,
        needs: &["wpp.session.folder"],
        runbook: RESET,
        explain: "A restore keeps the files that it replaced, beside the session. A process that has those open is an old \
                  daemon that outlived the restore: the same device twice, which push each other out and spoil each other's \
                  Signal state.",
        mend: "`ps -fp PID` shows it; end it with `kill PID`, then see with `wpp status` that this session is READY.",
        judge: Session(holders::copy_in_use),
    },
    Check {
        id: "wpp.store.busy",
        title: "nobody but the daemon writes",
        area: "store",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: Some("runbooks/lock-contention.md"),
        explain: "Another process is in the middle of a transaction that writes, as the kernel's list of locks says at this \
                  moment. The daemon waits for it, and gives up after 30 seconds on session.db, 10 on wpp.db.",
        mend: "`ps -fp PID` shows who it is; end its transaction or the program. Look into the databases with wpp, which stops \
               nobody, or on a copy.",
        judge: Session(holders::busy),
    },
];
