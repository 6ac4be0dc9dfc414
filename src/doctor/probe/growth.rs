//! What was recorded of the home's file system.

use std::path::Path;

use crate::capacity::estimate;
use crate::capacity::history::History;
use crate::capacity::{DAY_MS, Sample};
use crate::disk;
use crate::error::Result;
use crate::facts::Probed;
use crate::facts::growth::DiskGrowth;

/// How far back is looked.
const DAYS: i64 = 30;

/// How the file system of a home fills up.
pub fn look(home: &Path, journal: &Path, only_read: bool, now_ms: i64) -> Probed<DiskGrowth> {
    match samples(journal, only_read, now_ms).and_then(|samples| Ok((samples, disk::space(home)?))) {
        Err(error) => Probed::Failed(error.chain()),
        Ok((samples, space)) => match estimate::disk_growth(&samples) {
            Err(why) => Probed::NotApplicable(why),
            Ok(growth) => Probed::Known(DiskGrowth {
                free_bytes: space.free_bytes,
                bytes_per_day: growth.bytes_per_day,
                span_ms: growth.span_ms,
                days_to_full: estimate::days_to_full(space.free_bytes, &Ok(growth)).ok(),
            }),
        },
    }
}

fn samples(journal: &Path, only_read: bool, now_ms: i64) -> Result<Vec<Sample>> {
    match super::journal::open(journal, only_read)? {
        None => Ok(Vec::new()),
        Some(journal) => History::of(&journal).of_disk(now_ms - DAYS * DAY_MS),
    }
}
