//! Capacity: what sessions take, how that grows, and how many more of them this machine has room for.
//!
//! [`measure`] looks at this moment, [`history`] keeps what daemons saw in `ops.db`, [`estimate`] and
//! [`tree`] judge both, purely. Nothing is guessed: what cannot be told is a sentence that says why. The
//! room stands below the daemon, which writes the samples. Start with [`Sample`] and [`estimate::growth`].

pub mod estimate;
pub mod history;
pub mod measure;
pub mod series;
pub mod tree;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// The share of processor, memory and disk that may be in use, in per cent: the line that the decision tree
/// draws.
pub const USED_PERCENT_MAX: f64 = 80.0;

/// What one session's daemon took at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
    /// When that daemon started, milliseconds since the epoch.
    pub started_ms: i64,
    /// Its resident memory.
    pub memory_bytes: u64,
    /// Processor time since its start, in milliseconds.
    pub cpu_ms: u64,
    /// `session.db` with its write-ahead log.
    pub session_db_bytes: u64,
    /// `wpp.db` with its write-ahead log.
    pub wpp_db_bytes: u64,
    /// Messages that it holds.
    pub messages: u64,
    /// Size of the home's file system.
    pub disk_total_bytes: u64,
    /// What of it may still be written.
    pub disk_free_bytes: u64,
    /// The machine's memory, or what a container may have of it.
    pub memory_total_bytes: u64,
    /// What of it is to be had.
    pub memory_available_bytes: u64,
    /// How busy all of the machine's processors were since the daemon's sample before, in thousandths; `None` for
    /// the first one of a daemon's life.
    pub machine_busy_permille: Option<u32>,
}

impl Sample {
    /// Both databases.
    pub fn disk_bytes(&self) -> u64 {
        self.session_db_bytes + self.wpp_db_bytes
    }

    /// What of the home's file system is in use, or kept for root.
    pub fn disk_used_bytes(&self) -> u64 {
        self.disk_total_bytes.saturating_sub(self.disk_free_bytes)
    }
}
