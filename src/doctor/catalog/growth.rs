//! Rows of what grows.

use crate::doctor::Judge::Host;
use crate::doctor::{Check, growth};
use crate::report::Severity::Warning;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "wpp.host.disk-days-to-full",
    title: "the disk does not fill up soon",
    area: "host",
    severity: Warning,
    needs: &["wpp.home.marker", "wpp.home.journal"],
    runbook: Some("runbooks/disk-space.md"),
    explain: "Daemons write down every capacity.sample_minutes how much of the home's file system is free. The robust slope of \
              the last 30 days says when nothing is: in less than 14 days is a warning, in less than 3 an error. With less \
              than a day of samples nothing is told.",
    mend: "`wpp capacity` shows what grows. Free space, add some, or have archives go elsewhere with backup.destination.",
    judge: Host(growth::days_to_full),
}];
