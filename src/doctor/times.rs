//! Times and limits as judges compare them: in milliseconds, and in words.

use std::time::Duration;

use crate::clock;
use crate::facts::Facts;

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// A limit of the settings, in milliseconds, of so many units. One beyond all time is all time.
pub(super) fn limit_ms(number: u64, unit_ms: i64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(unit_ms)
}

/// A span in words, whichever way it goes: `3 min`.
pub(super) fn span(milliseconds: i64) -> String {
    clock::human(Duration::from_millis(milliseconds.unsigned_abs()))
}

/// How long ago a moment was, in words; one that is still to come was just now.
pub(super) fn ago(facts: &Facts, at_ms: i64) -> String {
    span((facts.now_ms.saturating_sub(at_ms)).max(0))
}
