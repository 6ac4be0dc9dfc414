//! Time: what it is now, how long something took, and how both are written.
//!
//! Pure code takes `now` as an argument; only verbs call [`now`].

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

pub use jiff::Timestamp;
pub use jiff::tz::TimeZone;

use jiff::Span;

/// The wall clock, in UTC.
pub fn now() -> Timestamp {
    let real = Timestamp::now();
    match faults::offset_ms() {
        0 => real,
        offset_ms => from_ms(real.as_millisecond().saturating_add(offset_ms)),
    }
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

/// A length of time written as a number and its unit, `30s`, `15m`, `24h`, `7d`; `None` if it is none,
/// or zero, or longer than a hundred years.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let unit_s: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit_s)?;
    (1..=100 * 366 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// When a day such as `2026-12-31` is over in UTC, milliseconds since the epoch; `None` if there is no
/// such day.
pub fn end_of_day_ms(text: &str) -> Option<i64> {
    let day: jiff::civil::Date = if text.len() == 10 { text.parse().ok()? } else { return None };
    Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// The time zone of a name such as `Asia/Kuala_Lumpur` or `UTC`; `None` if there is none.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// A part of each day, `22:00-07:00`, as the minutes of the day that it begins at and ends before. It
/// may go over midnight; it is never empty.
pub fn hours(text: &str) -> Option<(u16, u16)> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let number = |text: &str, below: u16| {
            let good = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            good.then(|| text.parse::<u16>().ok()).flatten().filter(|number| *number < below)
        };
        Some(number(hour, 24)? * 60 + number(minute, 60)?)
    };
    let (from, until) = text.split_once('-')?;
    let hours = (minute(from)?, minute(until)?);
    (hours.0 != hours.1).then_some(hours)
}

/// How long ago `then` was; zero if it lies ahead.
pub fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or(Duration::ZERO)
}

/// The machine's time zone (`TZ`, else `/etc/localtime`) and its name; UTC where neither says one.
pub fn local_zone() -> (TimeZone, String) {
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let name = match zone.iana_name() {
        Some(name) => name.to_owned(),
        // A zone without a name is told by the offset that it has now.
        None => zone.to_offset(now()).to_string(),
    };
    (zone, name)
}

/// Why the machine's time zone is not known and [`local_zone`] takes UTC; `None` when it is known.
pub fn local_zone_problem() -> Option<String> {
    TimeZone::try_system().err().map(|error| error.to_string())
}

/// A time as headers of HTTP write it, `Sat, 21 Nov 2026 03:15:00 GMT`; `None` if it is none.
pub fn of_http(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// A length of time on the calendar, written as years, months, days and hours in this order:
/// `1y6m`, `2m`, `7d`, `36h`. It is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarSpan {
    years: i16,
    months: i32,
    days: i32,
    hours: i32,
}

impl CalendarSpan {
    /// The time this long before another one. Months and days are as long as the zone's calendar has
    /// them; what lies before all calendars becomes the earliest time.
    pub fn before(self, time: Timestamp, zone: &TimeZone) -> Timestamp {
        let span = Span::new()
            .try_years(self.years)
            .and_then(|span| span.try_months(self.months))
            .and_then(|span| span.try_days(self.days))
            .and_then(|span| span.try_hours(self.hours));
        span.and_then(|span| time.to_zoned(zone.clone()).checked_sub(span)).map_or(Timestamp::MIN, |then| then.timestamp())
    }
}

impl FromStr for CalendarSpan {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<CalendarSpan, &'static str> {
        const WRONG: &str = "a length of time such as 7d, 36h, 2m or 1y6m (years, months, days, hours)";
        let mut values = [0_u32; 4];
        let (mut rest, mut next) = (text, 0);
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = rest.split_at(digits);
            let mut letters = unit.chars();
            let place = letters.next().and_then(|letter| "ymdh".find(letter)).filter(|place| *place >= next).ok_or(WRONG)?;
            // Four digits are more than any calendar of archives needs, and no sum of them overflows.
            values[place] =
                Some(number).filter(|number| number.len() <= 4).and_then(|number| number.parse().ok()).ok_or(WRONG)?;
            (rest, next) = (letters.as_str(), place + 1);
        }
        if values == [0; 4] {
            return Err(WRONG);
        }
        // Below ten thousand each.
        let [years, months, days, hours] = values;
        Ok(CalendarSpan { years: years as i16, months: months as i32, days: days as i32, hours: hours as i32 })
    }
}

impl fmt::Display for CalendarSpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (value, unit) in [(i32::from(self.years), 'y'), (self.months, 'm'), (self.days, 'd'), (self.hours, 'h')] {
            if value != 0 {
                write!(formatter, "{value}{unit}")?;
            }
        }
        Ok(())
    }
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

/// The seam where drills make the wall clock jump.
pub mod faults {
    use std::path::PathBuf;
    use std::sync::OnceLock;

    static OFFSET: OnceLock<PathBuf> = OnceLock::new();

    /// From now on this process's wall clock is ahead by as many milliseconds as that file says, behind
    /// by as many when they are negative, and right while there is no such file. Only the daemons of
    /// sandbox homes are let in here.
    pub fn follow(offset: PathBuf) {
        // A daemon has one home, so a second call names the same file.
        let _ = OFFSET.set(offset);
    }

    pub(super) fn offset_ms() -> i64 {
        let Some(path) = OFFSET.get() else { return 0 };
        // Read each time: a clock jumps while the daemon runs.
        std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_span_is_read_written_and_counted_back_on_the_calendar() {
        for good in ["7d", "36h", "2m", "1y", "1y6m", "1y2m3d4h", "9999d"] {
            assert_eq!(good.parse::<CalendarSpan>().unwrap().to_string(), good);
        }
        for bad in ["", "0d", "7", "d", "-1d", "1w", "6m1y", "1d1d", "7 d", "10000d", "1.5d", "7D", "1d\u{664}h"] {
            assert!(bad.parse::<CalendarSpan>().is_err(), "{bad}");
        }
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let before = |text: &str, time: &str| {
            let span: CalendarSpan = text.parse().unwrap();
            rfc3339(span.before(time.parse().unwrap(), &zone))
        };
        assert_eq!(before("36h", "2026-11-21T12:00:00Z"), "2026-11-20T00:00:00Z");
        assert_eq!(before("1m", "2026-03-31T12:00:00Z"), "2026-02-28T13:00:00Z", "no 31st, and winter time");
        assert_eq!(before("1d", "2026-03-29T12:00:00Z"), "2026-03-28T13:00:00Z", "a day of 23 hours");
        let ages: CalendarSpan = "9999y9999m9999d9999h".parse().unwrap();
        assert!(ages.before(now(), &zone) < from_ms(-62_000_000_000_000), "before all calendars");
    }

    #[test]
    fn durations_and_hours_of_the_day_are_read() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "0s", "5", "m", "-5m", "1.5h", "5 m", "9999999999999999999d", "99999999d", "5M", "1h30m"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        assert_eq!(hours("22:00-07:00"), Some((1320, 420)));
        for bad in ["", "22-07", "22:00", "24:00-07:00", "7:00-08:00", "07:00-07:00", "07:60-08:00", "+7:00-08:00"] {
            assert_eq!(hours(bad), None, "{bad}");
        }
        assert!(zone("Asia/Kuala_Lumpur").is_some() && zone("Mars/Olympus").is_none());
    }

    #[test]
    fn times_are_written_for_files_and_for_people() {
        let time = from_ms(1_795_230_900_123);
        assert_eq!(compact(time), "20261121T031500Z");
        assert_eq!(rfc3339(time), "2026-11-21T03:15:00Z");
        assert_eq!(human(Duration::from_millis(12)), "12 ms");
        assert_eq!(human(Duration::from_secs(7200)), "2 h");
        assert_eq!(since(from_ms(2000), from_ms(1000)), Duration::ZERO);
        assert_eq!(of_http("Sat, 21 Nov 2026 03:15:00 GMT"), Some(from_ms(1_795_230_900_000)));
        assert_eq!(of_http("yesterday"), None);
    }
}
