//! Time: what it is now, how long something took, and how both are written.
//!
//! Pure code takes `now` as an argument; only verbs call [`now`].

use std::time::{Duration, Instant};

pub use jiff::Timestamp;

/// The wall clock, in UTC.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Milliseconds since the Unix epoch, the unit of every time in the databases.
pub fn now_ms() -> i64 {
    now().as_millisecond()
}

/// A time from milliseconds since the epoch; values that no calendar holds become the epoch.
pub fn from_ms(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `20261121T031500Z`: sorts as text, and is safe in a file name.
pub fn compact(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `2026-11-21T03:15:00Z`, to the second.
pub fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `3 s`, `4 min`, `2 h`, `9 d`: how long, in the one unit that a person would say.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long ago `then` was; zero if it lies ahead.
pub fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}

/// Measures one piece of work on the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Whole milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_files_and_for_people() {
        let time = from_ms(1_795_230_900_123);
        assert_eq!(compact(time), "20261121T031500Z");
        assert_eq!(rfc3339(time), "2026-11-21T03:15:00Z");
        assert_eq!(human(Duration::from_millis(12)), "12 ms");
        assert_eq!(human(Duration::from_secs(7200)), "2 h");
        assert_eq!(since(from_ms(2000), from_ms(1000)), Duration::ZERO);
    }
}
