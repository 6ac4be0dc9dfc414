//! Samples of several sessions as one line over time. Start with [`summed`].

use std::collections::BTreeMap;

use super::Sample;

/// Parts that the time is cut into.
const PARTS: i64 = 120;
/// Daemons write at different minutes: a part is never shorter than three of their intervals, nor than this.
const PART_MS_MIN: i64 = 30 * 60_000;

/// What a session is taken to have where it wrote nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// What it had last: files stay.
    Holds,
    /// Nothing: the memory of a daemon that does not run.
    Nothing,
}

/// The sum over all sessions of the last value in each part of the time, as (milliseconds since the epoch, sum).
/// Parts in which nobody wrote are left out.
pub fn summed(
    sessions: &BTreeMap<String, Vec<Sample>>,
    interval_ms: i64,
    gap: Gap,
    value: impl Fn(&Sample) -> u64,
) -> Vec<(i64, f64)> {
    let times = || sessions.values().flatten().map(|sample| sample.at_ms);
    let (Some(begin), Some(end)) = (times().min(), times().max()) else { return Vec::new() };
    let part_ms = ((end - begin) / PARTS).max(3 * interval_ms).max(PART_MS_MIN);
    let mut parts: BTreeMap<i64, BTreeMap<&str, u64>> = BTreeMap::new();
    let mut newest: BTreeMap<i64, i64> = BTreeMap::new();
    for (session, samples) in sessions {
        for sample in samples {
            let part = (sample.at_ms - begin) / part_ms;
            parts.entry(part).or_default().insert(session, value(sample));
            let at_ms = newest.entry(part).or_insert(sample.at_ms);
            *at_ms = sample.at_ms.max(*at_ms);
        }
    }
    let mut held: BTreeMap<&str, u64> = BTreeMap::new();
    let mut line = Vec::new();
    for (part, values) in parts {
        if gap == Gap::Nothing {
            held.clear();
        }
        held.extend(values);
        line.push((newest.get(&part).copied().unwrap_or(begin), held.values().map(|value| *value as f64).sum()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::history::tests::sample;
    use super::*;

    #[test]
    fn sessions_are_added_and_what_stays_is_held() {
        let hours = |hours: &[i64], bytes: u64| -> Vec<Sample> {
            hours.iter().map(|hour| Sample { memory_bytes: bytes, ..sample(hour * 3_600_000) }).collect()
        };
        let sessions = BTreeMap::from([("a".to_owned(), hours(&[0, 1, 2, 3], 10)), ("b".to_owned(), hours(&[0, 1], 5))]);
        let sums =
            |gap| summed(&sessions, 0, gap, |sample| sample.memory_bytes).into_iter().map(|(_, sum)| sum).collect::<Vec<_>>();
        assert_eq!(sums(Gap::Holds), [15.0, 15.0, 15.0, 15.0]);
        assert_eq!(sums(Gap::Nothing), [15.0, 15.0, 10.0, 10.0]);
        assert!(summed(&BTreeMap::new(), 0, Gap::Holds, |_| 1).is_empty());
    }
}
