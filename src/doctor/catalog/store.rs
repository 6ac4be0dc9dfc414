//! Rows of the databases.

use crate::doctor::Judge::Session;
use crate::doctor::{Check, stores};
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
];
