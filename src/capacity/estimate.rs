//! Growth, the time until the disk is full, and the number of sessions that fit: pure, from samples.
//!
//! A slope is that of Theil and Sen, the median of the slopes between all pairs of points: what a clean-up
//! or one large import does to a few of them does not turn it. Start with [`growth`] and [`rooms`].

use serde::{Deserialize, Serialize};

use super::{DAY_MS, Sample, USED_PERCENT_MAX};
use crate::clock;

/// No growth is told from less time than this.
pub const SPAN_MS_MIN: i64 = DAY_MS;
/// Nor from fewer points than this.
pub const POINTS_MIN: usize = 4;
/// Points that are compared pair by pair; more than these are thinned, evenly in time.
const POINTS_MAX: usize = 200;
/// Beyond this, a day on which the disk is full is no date that anybody plans with.
pub const DAYS_MAX: f64 = 3650.0;
/// Sessions that are to fit must still fit after this time.
pub const AHEAD_DAYS: f64 = 90.0;

/// What cannot be told, in one lowercase sentence, or the value.
pub type Told<T> = Result<T, String>;

/// How something grows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The robust slope; negative when it shrinks.
    pub bytes_per_day: f64,
    /// The time that was looked at, in milliseconds.
    pub span_ms: i64,
    /// Samples in that time.
    pub samples: usize,
}

/// How something grows, from its size at times (milliseconds since the epoch, oldest first).
pub fn growth(points: &[(i64, u64)]) -> Told<Growth> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Err("nothing was recorded yet".into());
    };
    let span_ms = last.0 - first.0;
    if span_ms < SPAN_MS_MIN || points.len() < POINTS_MIN {
        let samples = crate::report::count(points.len() as u64, "sample", "samples");
        let span = clock::human(std::time::Duration::from_millis(span_ms.unsigned_abs()));
        return Err(format!("the history is too short to tell: {samples} over {span}, and it takes {POINTS_MIN} over a day"));
    }
    Ok(Growth { bytes_per_day: slope(&thinned(points, span_ms)) * DAY_MS as f64, span_ms, samples: points.len() })
}

/// At most [`POINTS_MAX`] points, one of each of as many equal parts of the time: samples are denser where
/// they are younger, and must not count for more there.
fn thinned(points: &[(i64, u64)], span_ms: i64) -> Vec<(f64, f64)> {
    let Some(first) = points.first() else { return Vec::new() };
    let part = |at_ms: i64| (at_ms - first.0) * (POINTS_MAX as i64 - 1) / span_ms.max(1);
    let mut kept: Vec<(i64, u64)> = Vec::new();
    for point in points {
        match kept.last_mut() {
            Some(last) if part(last.0) == part(point.0) => *last = *point,
            _ => kept.push(*point),
        }
    }
    kept.into_iter().map(|(at_ms, bytes)| ((at_ms - first.0) as f64, bytes as f64)).collect()
}

/// The median of the slopes between all pairs.
fn slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (number, (x, y)) in points.iter().enumerate() {
        slopes.extend(points[number + 1..].iter().filter(|later| later.0 > *x).map(|later| (later.1 - y) / (later.0 - x)));
    }
    slopes.sort_by(f64::total_cmp);
    match slopes.len() {
        0 => 0.0,
        count if count % 2 == 1 => slopes[count / 2],
        count => f64::midpoint(slopes[count / 2 - 1], slopes[count / 2]),
    }
}

/// How what is in use of the home's file system grows, from samples of any sessions. One that was made
/// larger or smaller is another one: only what came after that counts.
pub fn disk_growth<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Told<Growth> {
    let mut samples: Vec<&Sample> = samples.into_iter().collect();
    samples.sort_by_key(|sample| sample.at_ms);
    let total = samples.last().map_or(0, |sample| sample.disk_total_bytes);
    let since = samples.iter().rposition(|sample| sample.disk_total_bytes != total).map_or(0, |at| at + 1);
    let points: Vec<(i64, u64)> = samples[since..].iter().map(|sample| (sample.at_ms, sample.disk_used_bytes())).collect();
    growth(&points).map_err(|why| match since {
        0 => why,
        _ => format!("the file system changed its size; since then {why}"),
    })
}

/// Days until nothing is free any more.
pub fn days_to_full(free_bytes: u64, growth: &Told<Growth>) -> Told<f64> {
    let growth = growth.as_ref().map_err(Clone::clone)?;
    if growth.bytes_per_day < 1.0 {
        return Err("what is in use does not grow".into());
    }
    let days = free_bytes as f64 / growth.bytes_per_day;
    if days > DAYS_MAX { Err("not within ten years, at this rate".into()) } else { Ok(days) }
}

/// How much of a processor daemons of a session took, in processors (0.02 is a fiftieth of one).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cpu {
    /// Over the whole time.
    pub mean_cores: f64,
    /// Between the two neighbouring samples where it was most.
    pub peak_cores: f64,
}

/// The share of a processor, from samples of one session, oldest first. Only two of one daemon's life
/// can be compared.
pub fn cpu(samples: &[Sample]) -> Told<Cpu> {
    // Processor time and the time that it was taken in, both in milliseconds.
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for pair in samples.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let span_ms = after.at_ms - before.at_ms;
        if before.started_ms == after.started_ms && span_ms > 0 && after.cpu_ms >= before.cpu_ms {
            spans.push(((after.cpu_ms - before.cpu_ms) as f64, span_ms as f64));
        }
    }
    if spans.is_empty()
        && let Some(last) = samples.last()
        && last.at_ms - last.started_ms >= CPU_MS_MIN
    {
        // A daemon of which there is one sample has taken this since its start.
        spans.push((last.cpu_ms as f64, (last.at_ms - last.started_ms) as f64));
    }
    let (cpu_ms, time_ms) = spans.iter().fold((0.0, 0.0), |sum, span| (sum.0 + span.0, sum.1 + span.1));
    if time_ms == 0.0 {
        return Err("no daemon ran long enough to tell".into());
    }
    let peak_cores = spans.iter().map(|span| span.0 / span.1).fold(0.0, f64::max);
    Ok(Cpu { mean_cores: cpu_ms / time_ms, peak_cores })
}

/// A daemon's start is no measure of its life.
const CPU_MS_MIN: i64 = 60_000;

/// What a session takes, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// The most memory that its daemon had.
    pub memory_bytes: Option<f64>,
    /// The most that it took of a processor.
    pub cpu_cores: Option<f64>,
    /// Its databases.
    pub disk_bytes: f64,
    /// What they grow by in a day.
    pub disk_bytes_per_day: Option<f64>,
}

/// The share of the times that were looked at in which processors may be busier than what is told of them, in per cent.
const BUSIEST_PERCENT: usize = 5;
/// Hours in which something was recorded, from which on it is told from them how busy a machine is.
pub const BUSY_HOURS_MIN: usize = 4;
const HOUR_MS: i64 = DAY_MS / 24;

/// How busy the machine's processors are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Busy {
    /// All of them together.
    pub percent: f64,
    /// What that is told from.
    pub source: Source,
}

/// What is told from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The 95th percentile of what was recorded.
    History {
        /// Samples that were looked at.
        samples: usize,
        /// The time that they cover, in milliseconds.
        span_ms: i64,
    },
    /// Half a second of now.
    Now,
}

impl Busy {
    /// What was seen at this moment.
    pub fn now(percent: f64) -> Busy {
        Busy { percent, source: Source::Now }
    }

    /// `history` or `now`.
    pub fn source_name(&self) -> &'static str {
        match self.source {
            Source::History { .. } => "history",
            Source::Now => "now",
        }
    }

    /// Where the number comes from, in words.
    pub fn told_from(&self) -> String {
        match self.source {
            Source::History { samples, span_ms } => {
                let span = clock::human(std::time::Duration::from_millis(span_ms.unsigned_abs()));
                format!("95th percentile of {} over {span}", crate::report::count(samples as u64, "sample", "samples"))
            }
            Source::Now => "at this moment, for lack of a history".to_owned(),
        }
    }
}

/// How busy the processors are: what they were in all but the busiest twentieth of the recorded time, of whichever
/// sessions; what they are at this moment where too little was recorded.
pub fn busy<'a>(samples: impl IntoIterator<Item = &'a Sample>, now_percent: Option<f64>) -> Option<Busy> {
    // All daemons of a machine see the same processors, and old samples are thinned to one an hour: an hour counts
    // once, however many looks there were, and by the busiest of them.
    let mut hours: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
    let (mut count, mut first, mut last) = (0, i64::MAX, i64::MIN);
    for sample in samples {
        let Some(permille) = sample.machine_busy_permille else { continue };
        let hour = hours.entry(sample.at_ms.div_euclid(HOUR_MS)).or_default();
        *hour = permille.max(*hour);
        (count, first, last) = (count + 1, first.min(sample.at_ms), last.max(sample.at_ms));
    }
    let mut seen: Vec<u32> = hours.into_values().collect();
    seen.sort_unstable();
    let at = (seen.len() * (100 - BUSIEST_PERCENT)).div_ceil(100).saturating_sub(1);
    match seen.get(at) {
        Some(permille) if seen.len() >= BUSY_HOURS_MIN => {
            Some(Busy { percent: f64::from(*permille) / 10.0, source: Source::History { samples: count, span_ms: last - first } })
        }
        _ => now_percent.map(Busy::now),
    }
}

/// What is there and what is in use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Processors.
    pub cores: Option<u64>,
    /// What of them is in use.
    pub busy: Option<Busy>,
    /// Memory: all, and what is to be had.
    pub memory_bytes: Option<(u64, u64)>,
    /// The home's file system: all, and what is free.
    pub disk_bytes: Option<(u64, u64)>,
}

impl Load {
    /// Memory in use, in per cent.
    pub fn memory_percent(&self) -> Option<f64> {
        self.memory_bytes.and_then(used_percent)
    }

    /// Disk in use, in per cent.
    pub fn disk_percent(&self) -> Option<f64> {
        self.disk_bytes.and_then(used_percent)
    }
}

fn used_percent((total, left): (u64, u64)) -> Option<f64> {
    (total > 0).then(|| total.saturating_sub(left) as f64 / total as f64 * 100.0)
}

/// What has room for how many more sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// `memory`, `disk` or `cpu`.
    pub resource: &'static str,
    /// How much of it is in use, in per cent.
    pub used_percent: Option<f64>,
    /// What one more session takes: bytes, or processors.
    pub one_takes: Told<f64>,
    /// How many more fit before [`USED_PERCENT_MAX`] is in use.
    pub fits: Told<u64>,
}

/// How many more sessions like those that were measured fit, by each resource.
pub fn rooms(load: &Load, costs: &[Cost]) -> [Room; 3] {
    let share = USED_PERCENT_MAX / 100.0;
    let left = |(total, left): (u64, u64)| (total as f64).mul_add(share, -(total.saturating_sub(left) as f64));
    let memory = mean(costs.iter().filter_map(|cost| cost.memory_bytes)).ok_or("no daemon's memory was measured yet".to_owned());
    let cpu = mean(costs.iter().filter_map(|cost| cost.cpu_cores)).ok_or("no daemon ran long enough to tell".to_owned());
    let ahead = |cost: &Cost| cost.disk_bytes_per_day.unwrap_or(0.0).max(0.0) * AHEAD_DAYS;
    let disk = mean(costs.iter().filter(|cost| cost.disk_bytes > 0.0).map(|cost| cost.disk_bytes + ahead(cost)))
        .ok_or("no session has databases yet".to_owned());
    // Those that are here grow, too.
    let own_growth: f64 = costs.iter().map(ahead).sum();
    let unseen = |what: &str| format!("{what} could not be measured");
    let cpu_left = match (load.cores, load.busy) {
        (Some(cores), Some(busy)) => Ok(cores as f64 * (USED_PERCENT_MAX - busy.percent) / 100.0),
        _ => Err(unseen("the processors")),
    };
    let room = |resource, used_percent, left: Told<f64>, one_takes: Told<f64>| {
        let fits = left.and_then(|left| one_takes.clone().map(|one| fit(left, one)));
        Room { resource, used_percent, one_takes, fits }
    };
    [
        room("memory", load.memory_percent(), load.memory_bytes.map(left).ok_or(unseen("the memory")), memory),
        room(
            "disk",
            load.disk_percent(),
            load.disk_bytes.map(left).ok_or(unseen("the disk")).map(|left| left - own_growth),
            disk,
        ),
        room("cpu", load.busy.map(|busy| busy.percent), cpu_left, cpu),
    ]
}

/// More than these is as good as no limit.
const FIT_MAX: f64 = 1_000_000.0;

fn fit(left: f64, one: f64) -> u64 {
    if left <= 0.0 {
        return 0;
    }
    // What takes nothing that can be measured is not what limits.
    let fits = if one > 0.0 { (left / one).floor() } else { FIT_MAX };
    fits.clamp(0.0, FIT_MAX) as u64
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// What runs out first; `None` when nothing could be told.
pub fn limit(rooms: &[Room]) -> Option<(&Room, u64)> {
    rooms.iter().filter_map(|room| room.fits.as_ref().ok().map(|fits| (room, *fits))).min_by_key(|(_, fits)| *fits)
}

#[cfg(test)]
mod tests {
    use super::super::history::tests::sample;
    use super::*;

    fn hourly(count: i64, bytes: impl Fn(i64) -> u64) -> Vec<(i64, u64)> {
        (0..count).map(|hour| (hour * HOUR_MS, bytes(hour))).collect()
    }

    #[test]
    fn a_slope_is_robust_against_what_happened_once() {
        let steady = |hour: i64| 1_000_000 + u64::try_from(hour).unwrap() * 1000;
        assert!((growth(&hourly(240, steady)).unwrap().bytes_per_day - 24_000.0).abs() < 1.0);
        // One import, one clean-up, and noise.
        let disturbed = |hour: i64| match hour {
            50..53 => 900_000_000,
            100 => 0,
            _ => steady(hour) + u64::try_from(hour % 7).unwrap() * 200,
        };
        let grown = growth(&hourly(240, disturbed)).unwrap();
        assert!((grown.bytes_per_day - 24_000.0).abs() < 1000.0, "{grown:?}");
        assert_eq!((grown.samples, grown.span_ms), (240, 239 * HOUR_MS));
        let shrinking = growth(&hourly(48, |hour| 1_000_000 - u64::try_from(hour).unwrap() * 10)).unwrap();
        assert!((shrinking.bytes_per_day + 240.0).abs() < 1.0);
    }

    #[test]
    fn dense_samples_of_the_last_days_do_not_outvote_the_months_before() {
        let mut points: Vec<(i64, u64)> = (0..60).map(|day| (day * DAY_MS, u64::try_from(day).unwrap() * 1000)).collect();
        // Two days at rest, with a sample a minute.
        points.extend((0..2880).map(|minute| (60 * DAY_MS + minute * 60_000, 60_000)));
        assert!((growth(&points).unwrap().bytes_per_day - 1000.0).abs() < 60.0);
    }

    #[test]
    fn a_short_history_is_told_and_nothing_is_invented() {
        assert_eq!(growth(&[]).unwrap_err(), "nothing was recorded yet");
        let short = growth(&hourly(20, |_| 5)).unwrap_err();
        assert!(short.contains("too short") && short.contains("20 samples"), "{short}");
        assert!(growth(&[(0, 1), (3 * DAY_MS, 2)]).unwrap_err().contains("2 samples"));
        assert!(days_to_full(5, &Err("why".into())).unwrap_err().contains("why"));
    }

    #[test]
    fn days_to_full_are_told_only_of_what_fills() {
        let rate = |bytes_per_day| Ok(Growth { bytes_per_day, span_ms: DAY_MS, samples: 9 });
        assert_eq!(days_to_full(1000, &rate(100.0)), Ok(10.0));
        assert_eq!(days_to_full(0, &rate(100.0)), Ok(0.0));
        assert!(days_to_full(1000, &rate(-5.0)).unwrap_err().contains("does not grow"));
        assert!(days_to_full(u64::MAX, &rate(1000.0)).unwrap_err().contains("ten years"));
    }

    #[test]
    fn a_file_system_that_was_resized_is_another_one() {
        let at = |hour: i64, total: u64, used: u64| Sample {
            disk_total_bytes: total,
            disk_free_bytes: total - used,
            ..sample(hour * HOUR_MS)
        };
        let mut samples: Vec<Sample> = (0..100).map(|hour| at(hour, 1000, u64::try_from(hour).unwrap())).collect();
        assert!((disk_growth(&samples).unwrap().bytes_per_day - 24.0).abs() < 0.1);
        samples.extend((100..110).map(|hour| at(hour, 9000, 100)));
        assert!(disk_growth(&samples).unwrap_err().contains("changed its size"));
    }

    #[test]
    fn processor_time_counts_within_one_daemons_life() {
        let at = |at_ms: i64, started_ms: i64, cpu_ms: u64| Sample { started_ms, cpu_ms, ..sample(at_ms) };
        let seen = cpu(&[at(0, 0, 0), at(1000, 0, 100), at(2000, 0, 600), at(3000, 2500, 50), at(4000, 2500, 150)]).unwrap();
        assert!((seen.mean_cores - 700.0 / 3000.0).abs() < 1e-9 && (seen.peak_cores - 0.5).abs() < 1e-9, "{seen:?}");
        assert!(cpu(&[at(5000, 0, 5000)]).is_err(), "a start is no measure");
        assert!((cpu(&[at(100_000, 0, 5000)]).unwrap().mean_cores - 0.05).abs() < 1e-9);
        assert!(cpu(&[]).is_err());
    }

    #[test]
    fn how_busy_a_machine_is_comes_from_its_history_and_from_now_where_there_is_none() {
        let minute = 60_000;
        let at = |minutes: i64, permille: u32| Sample { machine_busy_permille: Some(permille), ..sample(minutes * minute) };
        // Two days of a sample each ten minutes: 300 in a thousand, 900 for two hours of each evening, once 1000.
        let days: Vec<Sample> = (0..288).map(|part| at(part * 10, if part % 144 >= 132 { 900 } else { 300 })).collect();
        let told = busy(&days, Some(1.0)).unwrap();
        assert_eq!((told.percent, told.source_name()), (90.0, "history"), "two hours of each day are no exception");
        assert!(told.told_from().contains("288 samples over 47 h"), "{}", told.told_from());
        let mut once: Vec<Sample> = (0..288).map(|part| at(part * 10, 300)).collect();
        once[100] = at(1000, 1000);
        assert_eq!(busy(&once, Some(99.0)).unwrap().percent, 30.0, "one hour of two days is one");
        // However many sessions see the same evening.
        let crowd: Vec<Sample> = days.iter().flat_map(|sample| std::iter::repeat_n(*sample, 20)).collect();
        assert_eq!(busy(&crowd, None).unwrap().percent, 90.0);
        // Too little, and nothing.
        let short: Vec<Sample> = (0..180).map(|part| at(part, 300)).collect();
        assert_eq!(busy(&short, Some(12.0)), Some(Busy::now(12.0)));
        let old: Vec<Sample> = days.iter().map(|sample| Sample { machine_busy_permille: None, ..*sample }).collect();
        assert_eq!(busy(&old, Some(12.0)), Some(Busy::now(12.0)), "an older wpp did not record it");
        assert_eq!(busy(&old, None), None);
    }

    fn load() -> Load {
        Load { cores: Some(4), busy: Some(Busy::now(30.0)), memory_bytes: Some((1000, 500)), disk_bytes: Some((100_000, 50_000)) }
    }

    #[test]
    fn what_fits_follows_from_what_is_left_under_the_line() {
        let cost = Cost { memory_bytes: Some(100.0), cpu_cores: Some(0.5), disk_bytes: 1000.0, disk_bytes_per_day: Some(100.0) };
        let rooms = rooms(&load(), &[cost, Cost { memory_bytes: Some(50.0), ..cost }]);
        // 300 of memory are left; 2 processors; 30,000 of disk, of which those here take 18,000 in 90 days.
        let fits: Vec<_> = rooms.iter().map(|room| room.fits.clone().unwrap()).collect();
        assert_eq!(fits, [4, 1, 4]);
        let (limit, fits) = limit(&rooms).unwrap();
        assert_eq!((limit.resource, fits), ("disk", 1));
    }

    #[test]
    fn what_was_not_measured_limits_nothing_and_says_so() {
        let unseen = Load { memory_bytes: None, busy: None, ..load() };
        let rooms = rooms(&unseen, &[Cost { memory_bytes: Some(1.0), disk_bytes: 10.0, ..Cost::default() }]);
        assert!(rooms[0].fits.is_err() && rooms[2].fits.is_err(), "{rooms:?}");
        assert_eq!(limit(&rooms).unwrap().0.resource, "disk");
        assert!(limit(&super::rooms(&unseen, &[])).is_none());
        let full = Load { disk_bytes: Some((100, 5)), ..load() };
        assert_eq!(super::rooms(&full, &[Cost { disk_bytes: 1.0, ..Cost::default() }])[1].fits, Ok(0));
    }
}
