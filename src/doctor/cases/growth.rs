//! What fills up.

use super::*;

fn full_in(days: f64) -> Probed<DiskGrowth> {
    let bytes_per_day = (10_u64 << 30) as f64 / days;
    Probed::Known(DiskGrowth { free_bytes: 10 << 30, bytes_per_day, span_ms: 20 * DAY_MS, ahead: 0, days_to_full: Some(days) })
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a disk that is full in less than two weeks",
        facts: whole,
        breaks: |facts| facts.host.disk_growth = full_in(13.9),
        finds: &[("wpp.host.disk-days-to-full", Warning)],
    },
    Case {
        what: "a disk that is full in less than three days",
        facts: whole,
        breaks: |facts| facts.host.disk_growth = full_in(2.9),
        finds: &[("wpp.host.disk-days-to-full", Error)],
    },
    Case {
        what: "a disk that is full in two weeks and more",
        facts: whole,
        breaks: |facts| facts.host.disk_growth = full_in(14.1),
        finds: &[],
    },
    Case {
        what: "a history that is too short to tell",
        facts: whole,
        breaks: |facts| facts.host.disk_growth = Probed::NotApplicable("the history is too short to tell".into()),
        finds: &[],
    },
    Case {
        what: "a history that cannot be read",
        facts: whole,
        breaks: |facts| facts.host.disk_growth = Probed::Failed("no such table".into()),
        finds: &[("wpp.host.disk-days-to-full", Unknown)],
    },
];
