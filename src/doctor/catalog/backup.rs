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
        mend: "`wpp backup` makes one now, `wpp backup --output PLACE` one at a place of its own; an entry of the schedule \
               makes it a habit.",
        judge: Session(backups::fresh),
    },
    Check {
        id: "wpp.backup.restore-unproven",
        title: "a backup was seen to come back",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: Some("runbooks/drills/monthly-restore.md"),
        explain: "Bytes that are what they were, in a database that SQLite finds sound, can still be a session that does not \
                  start. A verification at level restore really restores an archive, into a sandbox that reaches nobody, \
                  starts it to READY and asks it for messages. So does a real restore of the whole session that ended READY. \
                  Either should have been seen within doctor.restore_age_days_max. What is sealed to keys that are not here is \
                  verified where they are, and this host does not hear of it; then that is said, and nothing is held against \
                  it.",
        mend: "`wpp backup verify latest --level restore` restores the newest archive into a sandbox and harms nothing. For \
               one that is sealed, add --identity KEY_FILE on a host that has the key.",
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
        mend: "`wpp backup` makes another one and says what is in its way: room, the destination, a database. Then `wpp backup \
               verify latest`.",
        judge: Session(backups::succeeded),
    },
    Check {
        id: "wpp.backup.set-aside",
        title: "old copies leave room on the disk",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: ROOM,
        explain: "A restore keeps the files that it replaced, and a new link the store of the device that the phone removed; \
                  they lie beside the session, hold its secrets, and wpp never deletes them unasked. That they are there is \
                  worth knowing; that they are larger than what is free on the disk is a warning.",
        mend: "`wpp backup prune --set-aside --older-than 30d --dry-run` shows which may go, and without --dry-run they go; \
               the newest of each kind stays.",
        judge: Session(backups::set_aside),
    },
];
