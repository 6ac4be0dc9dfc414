//! Moments as servers write them, and spans as people read them.

use serde_json::Value;

/// A moment in milliseconds since 1970, from what a server wrote: `2026-11-20T23:58:06.000Z`, with
/// an offset instead of `Z` too, or `{"_seconds": …, "_nanoseconds": …}`, as Firestore's are.
pub fn moment_ms(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => written_ms(text),
        Value::Object(parts) => {
            let seconds = parts.get("_seconds").or_else(|| parts.get("seconds"))?.as_u64()?;
            let nanoseconds = parts.get("_nanoseconds").or_else(|| parts.get("nanoseconds")).and_then(Value::as_u64);
            seconds.checked_mul(1000)?.checked_add(nanoseconds.unwrap_or(0) / 1_000_000)
        }
        _ => None,
    }
}

fn written_ms(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let plain = |at: usize, mark: &str| text.get(at..at + 1) == Some(mark);
    let marks = plain(4, "-") && plain(7, "-") && (plain(10, "T") || plain(10, " ")) && plain(13, ":") && plain(16, ":");
    if !marks || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(more) => more.split_at(more.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let milliseconds: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let offset_minutes = match zone.as_bytes() {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
            let minutes = (digit(h1)? * 10 + digit(h2)?) * 60 + digit(m1)? * 10 + digit(m2)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    // Days since 1970 of a date in the Gregorian calendar; a year begins with March here, so that the
    // day that not every year has is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_minutes * 60;
    u64::try_from(seconds * 1000 + milliseconds).ok()
}

/// A span in words: `450 ms`, `12 s`, `34 min`, `5 h`, `3 days`.
pub fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} days", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_read_and_nothing_else_is_one() {
        for (value, ms) in [
            (json!("1970-01-01T00:00:00Z"), 0),
            (json!("2026-11-20T23:58:06.000Z"), 1_795_219_086_000),
            (json!("2026-11-20 23:58:06"), 1_795_219_086_000),
            (json!("2026-11-21T07:58:06.25+08:00"), 1_795_219_086_250),
            (json!("2024-02-29T12:00:00Z"), 1_709_208_000_000),
            (json!({"_seconds": 1_795_219_086, "_nanoseconds": 500_000_000}), 1_795_219_086_500),
        ] {
            assert_eq!(moment_ms(&value), Some(ms), "{value}");
        }
        for value in [
            json!(null),
            json!(5),
            json!(""),
            json!("yesterday"),
            json!("2026-13-01T00:00:00Z"),
            json!("2026-11-20T23:58:06X"),
            json!("1960-01-01T00:00:00Z"),
            json!("２０２６-11-20T23:58:06Z"),
            json!({"_seconds": -1}),
            json!({"_seconds": u64::MAX}),
        ] {
            assert_eq!(moment_ms(&value), None, "{value}");
        }
        assert_eq!([span(5), span(61_000), span(34 * 60_000), span(3 * 86_400_000)], ["5 ms", "61 s", "34 min", "3 days"]);
    }
}
