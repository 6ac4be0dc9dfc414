//! When an entry is due: a cron expression, an interval, or a few words. Start with [`When::parse`].
//!
//! Times of day are those of a zone. One that the zone leaves out on a day (clocks go forward) is due at
//! the first moment after the gap; one that it has twice (clocks go back) is due the first time only. An
//! hour that is written as `*` is every hour that really passes.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;

use crate::clock::{self, TimeZone, Timestamp};

/// Times that clocks show and that are passed over: those of the longest change, minute by minute.
const SEARCH_MAX: usize = 1500;
/// So many missed times are counted, and no more.
pub const COUNT_MAX: u64 = 1000;
/// What is looked at to tell the shortest time between two times that it is due.
const SAMPLE: usize = 60;

/// When something is due.
#[derive(Debug, Clone)]
pub enum When {
    /// At the times of a cron expression.
    Cron(Box<Cron>),
    /// Always so long after the one before, counted from 1970-01-01 in UTC: whoever reckons gets the
    /// same times.
    Every(Duration),
}

const WRONG: &str = "write five fields of cron (\"0 9 * * MON\"), \"@every:60\" (seconds), \"daily 02:30\", \"monday 09:00\", \
                     \"first wednesday 22:00\" or \"first day 03:00\"";

const DAYS: [(&str, &str); 7] = [
    ("sunday", "SUN"),
    ("monday", "MON"),
    ("tuesday", "TUE"),
    ("wednesday", "WED"),
    ("thursday", "THU"),
    ("friday", "FRI"),
    ("saturday", "SAT"),
];

impl When {
    /// Reads one; the error says how one is written.
    pub fn parse(text: &str) -> Result<When, String> {
        let text = text.trim();
        let wrong = |why: &str| if why.is_empty() { WRONG.to_owned() } else { format!("{why}; {WRONG}") };
        if let Some(every) = text.strip_prefix("@every") {
            let length = every.strip_prefix([':', ' ']).unwrap_or_default().trim();
            let whole =
                length.parse::<u32>().ok().filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.into()));
            return whole
                .or_else(|| clock::duration(length))
                .map(When::Every)
                .ok_or_else(|| wrong("an interval is seconds or such as 5m"));
        }
        let pattern = in_words(text).unwrap_or_else(|| text.to_owned());
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&pattern).map_err(|error| wrong(&error.to_string()))?;
        let when = When::Cron(Box::new(cron));
        // The 30th of February never comes: better told now than waited for.
        when.next(clock::from_ms(0), &TimeZone::UTC).map(|_| when).ok_or_else(|| wrong("it is never due"))
    }

    /// The first time after another one that it is due; `None` when no calendar holds one.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            When::Every(every) => {
                let every_ms = i64::try_from(every.as_millis()).ok()?;
                let next_ms = after.as_millisecond().div_euclid(every_ms).checked_add(1)?.checked_mul(every_ms)?;
                Timestamp::from_millisecond(next_ms).ok()
            }
            When::Cron(cron) if every_hour(cron) => {
                cron.find_next_occurrence(&after.to_zoned(zone.clone()), false).ok().map(|next| next.timestamp())
            }
            When::Cron(cron) => {
                let mut from = after.to_zoned(zone.clone()).datetime();
                // What an hour that comes twice shows again is over by then, as is what a gap left out.
                for _ in 0..SEARCH_MAX {
                    from = cron.find_next_occurrence(&from, false).ok()?;
                    let next = moment(from, zone)?;
                    if next > after {
                        return Some(next);
                    }
                }
                None
            }
        }
    }

    /// The last time up to `until` that it is due, if one comes after `after`, and how many come before
    /// that one, counted up to [`COUNT_MAX`].
    pub fn last(&self, after: Timestamp, until: Timestamp, zone: &TimeZone) -> Option<(Timestamp, u64)> {
        if let When::Every(every) = self {
            let first = self.next(after, zone).filter(|first| *first <= until)?;
            let every_ms = i64::try_from(every.as_millis()).ok()?;
            let more = (until.as_millisecond() - first.as_millisecond()) / every_ms;
            let last = Timestamp::from_millisecond(first.as_millisecond() + more * every_ms).ok()?;
            return Some((last, u64::try_from(more).unwrap_or(0).min(COUNT_MAX)));
        }
        // From the beginning where that is short, and else from shorter and shorter before the end: of a
        // year of minutes only the last matters.
        let (mut count, mut last, mut at) = (0, None, after);
        while let Some(next) = self.next(at, zone).filter(|next| *next <= until) {
            (count, last, at) = (count + 1, Some(next), next);
            if count > COUNT_MAX {
                break;
            }
        }
        let first_last = last?;
        if count <= COUNT_MAX {
            return Some((first_last, count - 1));
        }
        for back_s in [366, 31, 1].map(|days: i64| days * 86_400).into_iter().chain([3600, 60]).rev() {
            let start = until.checked_sub(SignedDuration::from_secs(back_s)).unwrap_or(after).max(after);
            let mut newest = None;
            let mut at = start;
            while let Some(next) = self.next(at, zone).filter(|next| *next <= until) {
                (newest, at) = (Some(next), next);
            }
            if let Some(newest) = newest {
                return Some((newest, COUNT_MAX));
            }
        }
        Some((first_last, COUNT_MAX))
    }

    /// The shortest time between two times that it is due, of the next few.
    pub fn interval(&self, from: Timestamp, zone: &TimeZone) -> Duration {
        if let When::Every(every) = self {
            return *every;
        }
        let times: Vec<Timestamp> =
            std::iter::successors(self.next(from, zone), |time| self.next(*time, zone)).take(SAMPLE).collect();
        let shortest = times.windows(2).map(|pair| clock::since(pair[0], pair[1])).min();
        shortest.unwrap_or(Duration::from_secs(86_400))
    }
}

/// Whether the hour is left open: then an hour that clocks leave out or show twice is as many as really pass.
fn every_hour(cron: &Cron) -> bool {
    cron.as_str().split_whitespace().nth(1) == Some("*") || cron.as_str().trim() == "@hourly"
}

/// The moment at which a zone's clocks show a time: the first of two, and where they never show it, the
/// end of the gap that leaves it out.
fn moment(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        AmbiguousOffset::Gap { .. } => {
            // As far after the gap as the time is after its beginning; the gap's end is the change before that.
            let after = ambiguous.later().ok()?.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(after).next().map(|change| change.timestamp())
        }
    }
}

/// The cron expression that a few words mean, if they are such words.
fn in_words(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let (time, days) = words.split_last()?;
    let (hour, minute) = time.split_once(':')?;
    let number = |text: &str, below: u8| text.parse::<u8>().ok().filter(|number| *number < below && text.len() <= 2);
    let (hour, minute) = (number(hour, 24)?, number(minute, 60)?);
    let day = |word: &str| DAYS.iter().find(|(long, short)| *long == word || short.eq_ignore_ascii_case(word)).map(|day| day.1);
    let place =
        |word: &str| ["first", "second", "third", "fourth", "fifth"].iter().position(|name| *name == word).map(|at| at + 1);
    let date = match days {
        ["daily"] | ["every", "day"] => "* * *".to_owned(),
        ["weekdays"] => "* * MON-FRI".to_owned(),
        ["first", "day"] => "1 * *".to_owned(),
        ["last", "day"] => "L * *".to_owned(),
        [one] => format!("* * {}", day(one)?),
        ["last", one] => format!("* * {}#L", day(one)?),
        ["every", one] => format!("* * {}", day(one)?),
        [nth, one] => format!("* * {}#{}", day(one)?, place(nth)?),
        _ => return None,
    };
    Some(format!("{minute} {hour} {date}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::rfc3339;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn nexts(when: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let (when, zone) = (When::parse(when).unwrap(), clock::zone(zone).unwrap());
        std::iter::successors(when.next(at(after), &zone), |time| when.next(*time, &zone)).take(count).map(rfc3339).collect()
    }

    #[test]
    fn every_spelling_is_due_when_it_says() {
        let after = "2026-11-21T15:00:00Z";
        for (when, expected) in [
            ("0 9 * * MON", "2026-11-23T01:00:00Z"),
            ("monday 09:00", "2026-11-23T01:00:00Z"),
            ("first wednesday 22:00", "2026-12-02T14:00:00Z"),
            ("0 22 * * WED#1", "2026-12-02T14:00:00Z"),
            ("last friday 00:15", "2026-11-26T16:15:00Z"),
            ("daily 02:30", "2026-11-21T18:30:00Z"),
            ("first day 3:05", "2026-11-30T19:05:00Z"),
            ("last day 03:05", "2026-11-29T19:05:00Z"),
            ("weekdays 09:00", "2026-11-23T01:00:00Z"),
            ("@every:60", "2026-11-21T15:01:00Z"),
            ("@every 7m", "2026-11-21T15:07:00Z"),
            ("@hourly", "2026-11-21T16:00:00Z"),
        ] {
            assert_eq!(nexts(when, "Asia/Kuala_Lumpur", after, 1), [expected], "{when}");
        }
        for bad in [
            "",
            "soon",
            "* * * *",
            "* * * * * *",
            "61 * * * *",
            "0 0 30 2 *",
            "daily",
            "daily 24:00",
            "sixth monday 09:00",
            "first blursday 22:00",
            "@every:0",
            "@every:",
            "@every",
            "@every:-5",
            "@reboot",
            "daily 2:3:4",
            "\u{664} 9 * * *",
        ] {
            assert!(When::parse(bad).is_err_and(|why| why.contains("daily 02:30")), "{bad}");
        }
    }

    #[test]
    fn the_first_wednesday_of_each_month_is_one_of_the_first_seven_days() {
        let times = nexts("first wednesday 22:00", "Europe/Berlin", "2026-01-01T00:00:00Z", 24);
        assert_eq!(times.len(), 24);
        for (month, time) in (0..24).zip(&times) {
            let zoned = at(time).to_zoned(clock::zone("Europe/Berlin").unwrap());
            assert_eq!((zoned.month() as usize, zoned.hour()), (month % 12 + 1, 22), "{time}");
            assert!(zoned.day() <= 7 && zoned.weekday() == jiff::civil::Weekday::Wednesday, "{time}");
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_due_once_at_the_next_that_does() {
        // On 2026-03-29 Berlin goes from 02:00 to 03:00 at 01:00Z.
        assert_eq!(
            nexts("daily 02:30", "Europe/Berlin", "2026-03-27T12:00:00Z", 4),
            ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]
        );
        // Two that are left out are due at the same moment, once.
        assert_eq!(
            nexts("0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 3),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z"]
        );
    }

    #[test]
    fn a_time_that_exists_twice_is_due_once() {
        // On 2026-10-25 Berlin goes from 03:00 back to 02:00 at 01:00Z.
        assert_eq!(
            nexts("daily 02:30", "Europe/Berlin", "2026-10-24T12:00:00Z", 3),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]
        );
        // Asked between the two, it is over for the day.
        assert_eq!(nexts("daily 02:30", "Europe/Berlin", "2026-10-25T00:45:00Z", 1), ["2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn every_hour_is_every_hour_that_passes_whatever_clocks_show() {
        for day in ["2026-03-29", "2026-10-25"] {
            let times = nexts("15 * * * *", "Europe/Berlin", &format!("{day}T00:00:00Z"), 6);
            let expected: Vec<String> = (0..6).map(|hour| format!("{day}T0{hour}:15:00Z")).collect();
            assert_eq!(times, expected);
        }
    }

    /// Whatever moment it is asked at, the answer is the same as when every time is walked through.
    #[test]
    fn no_time_depends_on_the_moment_it_is_asked_at() {
        for (when, day) in [("*/20 2 * * *", "2026-03-28"), ("*/20 2 * * *", "2026-10-24"), ("*/7 * * * *", "2026-10-24")] {
            let (parsed, zone) = (When::parse(when).unwrap(), clock::zone("Europe/Berlin").unwrap());
            let start = at(&format!("{day}T12:00:00Z"));
            let end = at(&format!("{}T12:00:00Z", &day.replace("28", "30").replace("24", "26")));
            let all: Vec<Timestamp> = std::iter::successors(parsed.next(start, &zone), |time| parsed.next(*time, &zone))
                .take_while(|time| *time <= end)
                .collect();
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{when} {day}");
            let mut now = start;
            while now < end {
                let expected = all.iter().find(|time| **time > now);
                if let Some(expected) = expected {
                    assert_eq!(parsed.next(now, &zone).as_ref(), Some(expected), "{when} at {now}");
                }
                now = now.checked_add(SignedDuration::from_secs(61)).unwrap();
            }
        }
    }

    #[test]
    fn the_last_of_many_is_found_and_the_others_are_counted() {
        let utc = TimeZone::UTC;
        let last = |when: &str, after: &str, until: &str| {
            When::parse(when).unwrap().last(at(after), at(until), &utc).map(|(time, count)| (rfc3339(time), count))
        };
        assert_eq!(last("0 * * * *", "2026-11-21T08:00:00Z", "2026-11-21T12:30:00Z"), Some(("2026-11-21T12:00:00Z".into(), 3)));
        assert_eq!(last("0 * * * *", "2026-11-21T08:00:00Z", "2026-11-21T08:59:59Z"), None);
        assert_eq!(
            last("* * * * *", "2023-11-21T08:00:00Z", "2026-11-21T12:30:30Z"),
            Some(("2026-11-21T12:30:00Z".into(), COUNT_MAX))
        );
        assert_eq!(
            last("@every:1", "2020-01-01T00:00:00Z", "2026-11-21T12:30:00Z"),
            Some(("2026-11-21T12:30:00Z".into(), COUNT_MAX))
        );
        assert_eq!(last("@every:60", "2026-11-21T08:00:00Z", "2026-11-21T08:02:59Z"), Some(("2026-11-21T08:02:00Z".into(), 1)));
    }

    #[test]
    fn the_interval_is_the_shortest() {
        let interval = |when: &str| When::parse(when).unwrap().interval(at("2026-11-21T08:00:00Z"), &TimeZone::UTC).as_secs();
        assert_eq!((interval("@every:60"), interval("0 9 * * *"), interval("0 9,10 * * *")), (60, 86_400, 3600));
    }
}
