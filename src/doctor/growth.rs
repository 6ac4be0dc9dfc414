//! Judges of what grows.

use super::times;
use super::{Judged, Said, known};
use crate::facts::Facts;
use crate::report::{Severity, quoted, size};

/// Fewer days than these until the disk is full are to be planned with.
const DAYS_MIN: f64 = 14.0;
/// Fewer than these leave no time to plan.
const DAYS_URGENT: f64 = 3.0;

/// The disk does not fill up soon.
pub fn days_to_full(facts: &Facts) -> Judged {
    let growth = known(&facts.host.disk_growth, "how the disk fills up")?;
    let span = times::span(growth.span_ms);
    let Some(days) = growth.days_to_full else {
        return Ok(vec![Said::ok(format!("the disk of the home does not fill up, as seen over {span}"))]);
    };
    let rate = size(growth.bytes_per_day.max(0.0).round() as u64);
    let observed = format!("{days:.1} days: {} free, {rate} less each day, seen over {span}", size(growth.free_bytes));
    if days >= DAYS_MIN {
        return Ok(vec![Said::ok(format!("the disk of the home is full in {observed}"))]);
    }
    let severity = if days < DAYS_URGENT { Severity::Error } else { Severity::Warning };
    Ok(vec![
        Said::bad(format!("the disk of the home is full in {observed}"))
            .severity(severity)
            .seen("days until the home's file system is full", format!("at least {DAYS_MIN:.0}"), format!("{days:.1}"))
            .by_hand(
                "free disk space, or add some; see first what takes it and how it grows",
                format!("du -xh {} | sort -h | tail", quoted(&facts.host.home.display().to_string())),
            ),
    ])
}
