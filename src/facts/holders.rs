//! Processes that have a session's databases open.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Who has a session's databases open, and who holds its lock at that moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldersFacts {
    /// Whether a living process holds the lock.
    pub locked: bool,
    /// That process, as far as it wrote itself down.
    pub lock_pid: Option<u32>,
    /// What the kernel says that it does: `S` sleeps, `R` runs, `T` is suspended, `Z` is dead.
    pub lock_state: Option<char>,
    /// Databases that processes have open. This process is not among them.
    pub files: Vec<HeldFile>,
}

/// One database that one process has open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    /// The process.
    pub pid: u32,
    /// What it is called.
    pub program: String,
    /// The database, as its name was when it was opened, or as it was renamed since.
    pub path: PathBuf,
    /// Which file that is now.
    pub place: HeldPlace,
    /// Whether it can write to it.
    pub writes: bool,
    /// Whether it is in the middle of a transaction that writes.
    pub is_writing: bool,
}

/// Which file a process has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldPlace {
    /// The one that has the name.
    InPlace,
    /// One that has no name any more, or whose name leads to another file.
    Gone,
    /// An old copy that a restore or a new link has set aside.
    SetAside,
}
