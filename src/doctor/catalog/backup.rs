//! Rows of backups.

use crate::doctor::Judge::Session;
use crate::doctor::{Check, backups};
use crate::report::Severity::Warning;

const ROOM: Option<&str> = Some("runbooks/disk-space.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.backup.stale",
        title: "there is a recent backup",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
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
                  `wpp backup verify latest --level restore` really restores an archive, into a sandbox that reaches nobody, starts it to \
                  READY and asks it for messages. So does a real `wpp restore` of the whole session that ended READY. Either should have \
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
                  beside the session, hold its secrets, and wpp never deletes them unasked: `wpp backup prune --set-aside --older-than \
                  30d` does. That they are there is worth knowing; that they are larger than what is free on the disk is a warning.",
        judge: Session(backups::set_aside),
    },
];
