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
    /// Whether that process does not let anybody here see its files, as one of another user.
    #[serde(default)]
    pub owner_hidden: bool,
    /// Databases that processes have open. This process is not among them.
    pub files: Vec<HeldFile>,
    /// How many processes hold locks of the kind that SQLite takes, on whatever file, and do not let anybody
    /// here see which files they have open.
    #[serde(default)]
    pub hidden: u64,
}

/// What the name in a session's lock leads to, beside the session's own daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RivalFacts {
    /// A daemon that lives and is named in the lock file, which nobody holds, or that came after the one that is: the
    /// file is a copy of its own.
    pub living: Option<LivingDaemon>,
    /// The home that the holder of the lock works in, when that is another one.
    pub other_home: Option<OtherHome>,
    /// The session's folder of which this one is a copy, by the lock that was copied with it, while no daemon holds
    /// either.
    #[serde(default)]
    pub copied_from: Option<PathBuf>,
}

/// A daemon that lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivingDaemon {
    /// Its process.
    pub pid: u32,
    /// What it was started with.
    pub command: String,
    /// Its home, as far as that is known.
    pub home: Option<PathBuf>,
    /// The session's folder that it took the lock in, where that is another one than this.
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

/// Another home with the same session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherHome {
    /// The process that holds the lock.
    pub pid: u32,
    /// Its home.
    pub home: PathBuf,
    /// Whether both lead to one folder, by a link or a mount; else this is a copy made of hard links.
    pub same_folder: bool,
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
    /// Whether its files cannot be seen, so that all that is known of it is what the kernel's list of locks says:
    /// that it has this one open, and that it can write to it only while it does.
    #[serde(default)]
    pub is_hidden: bool,
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
