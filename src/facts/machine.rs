//! What is true of the machine: its memory, limits, clock and file systems, as the kernel tells them.
//!
//! Sizes are bytes. A limit that is `None` does not exist. Start with [`MachineFacts`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Probed;

/// The machine, as far as sessions depend on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineFacts {
    /// Its memory.
    pub memory: Probed<Memory>,
    /// How much work waited for memory.
    pub memory_pressure: Probed<Pressure>,
    /// Files that are open on all of it.
    pub open_files: Probed<Use>,
    /// Processes and threads of all of it.
    pub tasks: Probed<Use>,
    /// What this process may use, which what it starts inherits.
    pub limits: Probed<ProcessLimits>,
    /// The control group of this process.
    pub group: Probed<GroupFacts>,
    /// Whether the kernel's random numbers are fit for keys.
    pub random_ready: Probed<bool>,
    /// Where the kernel puts the memory of a program that crashed.
    pub core_pattern: Probed<String>,
    /// The file system of the home.
    pub mount: Probed<Mount>,
    /// Files that can be made on the home's file system.
    pub inodes: Probed<Use>,
    /// The newest of the times that were written down here, one for each place.
    pub newest: Probed<Vec<Dated>>,
    /// The machine's own time zone.
    pub zone: Probed<ZoneFacts>,
    /// Programs that the settings name.
    pub programs: Probed<Vec<ProgramLook>>,
    /// Ports of this machine on which the settings expect a server.
    pub ports: Probed<Vec<PortLook>>,
}

impl MachineFacts {
    /// Nothing of it could be looked at, for one reason.
    pub fn failed(reason: &str) -> MachineFacts {
        let reason = || reason.to_owned();
        MachineFacts {
            memory: Probed::Failed(reason()),
            memory_pressure: Probed::Failed(reason()),
            open_files: Probed::Failed(reason()),
            tasks: Probed::Failed(reason()),
            limits: Probed::Failed(reason()),
            group: Probed::Failed(reason()),
            random_ready: Probed::Failed(reason()),
            core_pattern: Probed::Failed(reason()),
            mount: Probed::Failed(reason()),
            inodes: Probed::Failed(reason()),
            newest: Probed::Failed(reason()),
            zone: Probed::Failed(reason()),
            programs: Probed::Failed(reason()),
            ports: Probed::Failed(reason()),
        }
    }
}

/// How much of something is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Taken now.
    pub used: u64,
    /// At most.
    pub limit: u64,
}

impl Use {
    /// The part that is taken, in per cent, rounded down; nothing of nothing is none.
    pub fn percent(self) -> u64 {
        u64::try_from(u128::from(self.used) * 100 / u128::from(self.limit.max(1))).unwrap_or(u64::MAX)
    }
}

/// The memory of the machine, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// All of it.
    pub total_bytes: u64,
    /// What programs can still get without swapping.
    pub available_bytes: u64,
    /// All swap; 0 for none.
    pub swap_total_bytes: u64,
    /// Swap that is not taken.
    pub swap_free_bytes: u64,
    /// What was promised to programs, where the kernel promises no more than it has.
    pub promised: Option<Use>,
}

/// The share of the last five minutes in which work waited, in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// All work at once.
    pub full_percent: f64,
}

/// What a process may use; `None` for no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessLimits {
    /// Descriptors.
    pub open_files: Option<u64>,
    /// The largest file that it may write.
    pub file_size_bytes: Option<u64>,
    /// Addresses that it may reserve.
    pub address_space_bytes: Option<u64>,
    /// The largest copy of its memory that is written when it crashes.
    pub core_bytes: Option<u64>,
}

/// A living daemon, as the kernel sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// Its number.
    pub pid: u32,
    /// Descriptors that it holds.
    pub open_files: u64,
    /// What it may use.
    pub limits: ProcessLimits,
    /// When its threads began, by the clock as it is now, in milliseconds since the epoch.
    pub threads_began_ms: Vec<i64>,
    /// Its control group.
    pub group: Probed<GroupFacts>,
    /// The program that it runs.
    pub program: Probed<ProgramFacts>,
    /// Its mode mask for new files; `None` where the kernel does not tell.
    pub umask: Option<u32>,
}

/// The program that a process runs, and what has its name now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFacts {
    /// The name that it was started by.
    pub path: PathBuf,
    /// What has that name.
    pub now: ProgramNow,
}

/// What has the name of a program that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramNow {
    /// The program that runs.
    Same,
    /// Another one.
    Another,
    /// Nothing.
    Gone,
}

/// What a control group allows, at the tightest of it and the groups above it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Its name.
    pub name: String,
    /// Memory that the kernel cannot simply take back, in bytes; `None` without a limit.
    pub memory: Option<Use>,
    /// Programs in it that were killed for want of memory since it was made.
    pub killed: u64,
    /// Processes and threads; `None` without a limit.
    pub tasks: Option<Use>,
    /// Periods of time in which it was held back, of those in which it ran; `None` without a limit.
    pub held_back: Option<Use>,
}

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Where.
    pub point: String,
    /// `ext4`, `nfs4`, `fuse.sshfs`, …
    pub kind: String,
    /// Device or server.
    pub source: String,
    /// Whether it takes no writes.
    pub read_only: bool,
    /// Errors that it has found in itself; `None` where it does not tell.
    pub errors: Option<u64>,
}

/// A time that was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    /// Where.
    pub what: String,
    /// The time, milliseconds since the epoch.
    pub at_ms: i64,
}

/// The machine's own time zone, and what is told in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneFacts {
    /// Why the machine's zone is not known; UTC is taken then.
    pub problem: Option<String>,
    /// `TZ`, when it is set.
    pub variable: Option<String>,
    /// What the settings tell in the machine's zone: entries of the schedule, quiet hours.
    pub told_in_it: Vec<String>,
}

/// A program that the settings name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramLook {
    /// Its name or path.
    pub name: String,
    /// The setting.
    pub named_in: String,
    /// Where it is; `None` when it is not there, or not to be run.
    pub path: Option<String>,
}

/// A port of this machine on which a setting expects a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortLook {
    /// Host and port, as the setting says them.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The setting: `[plugin.openwa]`, `backup.s3.endpoint`.
    pub named_in: String,
    /// Whether somebody takes connections there; else what was met with.
    pub listens: Result<(), String>,
}
