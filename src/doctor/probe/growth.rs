//! What was recorded of the home's file system.

use std::path::Path;

use crate::capacity::estimate;
use crate::capacity::history::History;
use crate::capacity::{DAY_MS, Sample};
use crate::disk;
use crate::error::Result;
use crate::facts::Probed;
use crate::facts::growth::DiskGrowth;
use crate::report::count;

/// How far back is looked.
const DAYS: i64 = 30;
/// How far a clock may be set back without a time before it being one ahead.
const AHEAD_MS: i64 = 5 * 60_000;

/// How the file system of a home fills up.
pub fn look(home: &Path, journal: &Path, only_read: bool, now_ms: i64) -> Probed<DiskGrowth> {
    match samples(journal, only_read, now_ms).and_then(|samples| Ok((samples, disk::space(home)?))) {
        Err(error) => Probed::Failed(error.chain()),
        Ok(((samples, ahead), space)) => match estimate::disk_growth(&samples) {
            Err(why) if ahead > 0 => {
                let left_out = count(ahead, "sample is", "samples are");
                Probed::NotApplicable(format!("{why}; {left_out} dated ahead of the clock and left out"))
            }
            Err(why) => Probed::NotApplicable(why),
            Ok(growth) => Probed::Known(DiskGrowth {
                ahead,
                free_bytes: space.free_bytes,
                bytes_per_day: growth.bytes_per_day,
                span_ms: growth.span_ms,
                days_to_full: estimate::days_to_full(space.free_bytes, &Ok(growth)).ok(),
            }),
        },
    }
}

/// What was recorded until now, and how many samples are dated later: by a clock that was ahead, or in a home that came
/// from a host with another one.
fn samples(journal: &Path, only_read: bool, now_ms: i64) -> Result<(Vec<Sample>, u64)> {
    let Some(journal) = super::journal::open(journal, only_read)? else { return Ok((Vec::new(), 0)) };
    let all = History::of(&journal).of_disk(now_ms - DAYS * DAY_MS)?;
    let (ahead, samples): (Vec<Sample>, Vec<Sample>) = all.into_iter().partition(|sample| sample.at_ms > now_ms + AHEAD_MS);
    Ok((samples, ahead.len() as u64))
}
