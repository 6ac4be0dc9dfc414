//! How the home's file system fills up, as far as that was recorded.

use serde::{Deserialize, Serialize};

/// How the home's file system fills up. That too little was recorded to tell is not applicable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DiskGrowth {
    /// What is free now.
    pub free_bytes: u64,
    /// What is in use grows by this in a day; negative when it shrinks.
    pub bytes_per_day: f64,
    /// The time that was looked at, in milliseconds.
    pub span_ms: i64,
    /// Samples that are dated ahead of the clock, which do not count.
    #[serde(default)]
    pub ahead: u64,
    /// Days until nothing is free, at that rate; `None` when it does not grow, or not within ten years.
    pub days_to_full: Option<f64>,
}
