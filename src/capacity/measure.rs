//! Looks at this moment: a process, the machine, a session's files. Start with [`sample`].

use std::path::Path;
use std::time::{Duration, Instant};

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::Sample;
use crate::clock;
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::home::{Home, SessionPaths, sidecar};

/// What a process takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Resident memory.
    pub memory_bytes: u64,
    /// Processor time since it began, in milliseconds.
    pub cpu_ms: u64,
}

/// The machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All of it, or what a container may have.
    pub total_bytes: u64,
    /// What is to be had without anybody giving something up.
    pub available_bytes: u64,
}

/// Both databases of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Databases {
    /// `session.db` with its write-ahead log.
    pub session_db_bytes: u64,
    /// `wpp.db` with its write-ahead log.
    pub wpp_db_bytes: u64,
}

fn system() -> Result<System> {
    System::new().context(ErrorKind::Unknown, || "this system does not tell what its processes take".into())
}

/// What a process takes; `None` when there is no such process.
pub fn process(pid: u32) -> Result<Option<Process>> {
    let mut system = system()?;
    let pid = Pid::from_u32(pid);
    let kind = ProcessRefreshKind::nothing().with_memory().with_cpu().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, kind);
    let seen = system.process(pid);
    Ok(seen.map(|process| Process { memory_bytes: process.memory(), cpu_ms: process.accumulated_cpu_time() }))
}

/// The machine's memory.
pub fn memory() -> Result<Memory> {
    let mut system = system()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let machine = Memory { total_bytes: system.total_memory(), available_bytes: system.available_memory() };
    if machine.total_bytes == 0 {
        return Err(Error::new(ErrorKind::Unknown, "this system does not tell how much memory it has")
            .hint("in a container, mount /proc"));
    }
    // A container that may have less than the machine has that much.
    Ok(match system.cgroup_limits() {
        Some(limits) if limits.total_memory > 0 && limits.total_memory < machine.total_bytes => {
            Memory { total_bytes: limits.total_memory, available_bytes: limits.free_memory.min(machine.available_bytes) }
        }
        _ => machine,
    })
}

/// How busy all processors are, from one look to the next.
#[derive(Debug)]
pub struct Processors {
    system: System,
    looked: Instant,
}

impl Processors {
    /// Takes the first look.
    pub fn watch() -> Result<Processors> {
        let mut processors = Processors { system: system()?, looked: Instant::now() };
        processors.look();
        Ok(processors)
    }

    fn look(&mut self) {
        self.system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
        self.looked = Instant::now();
    }

    /// How much of all of them was in use since the look before, in per cent; `None` when that was too short a time
    /// to tell.
    pub fn busy_percent(&mut self) -> Result<Option<f64>> {
        if self.looked.elapsed() < sysinfo::MINIMUM_CPU_UPDATE_INTERVAL {
            return Ok(None);
        }
        self.look();
        let percent = f64::from(self.system.global_cpu_usage());
        if percent.is_finite() { Ok(Some(percent.clamp(0.0, 100.0))) } else { Err(untold()) }
    }
}

fn untold() -> Error {
    Error::new(ErrorKind::Unknown, "this system does not tell how busy its processors are").hint("in a container, mount /proc")
}

/// How much of all processors is in use, in per cent, seen over `window`.
pub fn busy_percent(window: Duration) -> Result<f64> {
    let mut processors = Processors::watch()?;
    std::thread::sleep(window.max(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL));
    processors.busy_percent()?.ok_or_else(untold)
}

/// Processors that this process may use.
pub fn cores() -> Option<u64> {
    std::thread::available_parallelism().ok().map(|cores| cores.get() as u64)
}

/// Sizes of a session's databases; one that is not there has none.
pub fn databases(session: &SessionPaths) -> Result<Databases> {
    let with_log = |path: &Path| Ok::<u64, Error>(file_bytes(path)? + file_bytes(&sidecar(path, "-wal"))?);
    Ok(Databases { session_db_bytes: with_log(&session.session_db())?, wpp_db_bytes: with_log(&session.wpp_db())? })
}

fn file_bytes(path: &Path) -> Result<u64> {
    match path.symlink_metadata() {
        Ok(seen) => Ok(seen.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(disk::cannot("look at", path, error)),
    }
}

/// What this very process, a session's daemon, takes now. `processors` were looked at when the sample before was taken.
pub fn sample(
    home: &Home,
    session: &SessionPaths,
    started_ms: i64,
    messages: u64,
    processors: Option<&mut Processors>,
) -> Result<Sample> {
    let own = process(std::process::id())?.ok_or_else(|| {
        Error::new(ErrorKind::Unknown, "this system does not tell what a process takes").hint("in a container, mount /proc")
    })?;
    let (memory, databases, space) = (memory()?, databases(session)?, disk::space(home.root())?);
    let busy_percent = processors.map(Processors::busy_percent).transpose()?.flatten();
    Ok(Sample {
        at_ms: clock::now_ms(),
        started_ms,
        memory_bytes: own.memory_bytes,
        cpu_ms: own.cpu_ms,
        session_db_bytes: databases.session_db_bytes,
        wpp_db_bytes: databases.wpp_db_bytes,
        messages,
        disk_total_bytes: space.total_bytes,
        disk_free_bytes: space.free_bytes,
        memory_total_bytes: memory.total_bytes,
        memory_available_bytes: memory.available_bytes,
        // It is between nothing and a thousand.
        machine_busy_permille: busy_percent.map(|percent| (percent * 10.0).round() as u32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_memory_and_one_that_is_gone_takes_none() {
        let own = process(std::process::id()).unwrap().unwrap();
        assert!(own.memory_bytes > 1 << 20, "{own:?}");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert_eq!(process(child.id()).unwrap(), None);
        let memory = memory().unwrap();
        assert!(memory.available_bytes <= memory.total_bytes && memory.total_bytes > own.memory_bytes, "{memory:?}");
    }

    #[test]
    fn processors_are_looked_at_from_one_time_to_the_next() {
        let mut processors = Processors::watch().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < 2 * sysinfo::MINIMUM_CPU_UPDATE_INTERVAL {
            std::hint::spin_loop();
        }
        // This thread alone was busy for all of it.
        let percent = processors.busy_percent().unwrap().unwrap();
        assert!(percent > 0.0 && percent <= 100.0, "{percent}");
        // Unless the machine stops this thread just then, no time has passed.
        assert!((0..20).any(|_| processors.busy_percent().unwrap().is_none()), "a time too short to tell");
    }

    #[test]
    fn a_log_counts_and_a_database_that_is_not_there_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(folder.path(), "main");
        std::fs::write(session.wpp_db(), [0; 100]).unwrap();
        std::fs::write(sidecar(&session.wpp_db(), "-wal"), [0; 11]).unwrap();
        assert_eq!(databases(&session).unwrap(), Databases { session_db_bytes: 0, wpp_db_bytes: 111 });
    }
}
