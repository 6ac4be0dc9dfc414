//! What the system tells of processes and of the locks that they hold. Linux alone tells most of it, below
//! `/proc`; elsewhere it is not known. Start with [`stat`] and [`held_locks`].

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;

/// What `/proc/PID/stat` says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it does, by the kernel's letter: `R`, `S`, `T`, `Z` and others.
    pub state: char,
    /// Who started it, or took it in when that ended; 0 for one outside the container of this process.
    pub parent: i32,
    /// Its session, by the process that leads it; 0 for one that began outside the container of this process.
    pub session: i32,
    /// When it was started, in ticks of 10 ms since the system was booted: the kernel shows those to everybody,
    /// whatever its own are.
    pub started: u64,
}

impl Stat {
    /// Reads the file's text; `None` where it is none.
    pub fn parse(text: &str) -> Option<Stat> {
        // The name before the last bracket may hold anything, brackets too.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(15)?.parse().ok()?;
        Some(Stat { state, parent, session, started })
    }

    /// Whether it has ended, and nobody has asked yet how.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// What the system says of a process; `None` where it does not tell, and for one that is gone.
pub fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    Stat::parse(&String::from_utf8_lossy(&text))
}

/// When a process was started, in the system's own ticks; `None` where the system does not tell.
pub fn started(pid: u32) -> Option<u64> {
    stat(pid).map(|stat| stat.started)
}

/// Which boot of the system this is; `None` where it does not tell.
pub fn boot() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned())
}

/// How long a process has run; `None` where the system does not tell, and for one that has ended.
pub fn age(pid: u32) -> Option<Duration> {
    let started = Duration::from_millis(stat(pid).filter(|stat| !stat.has_ended())?.started.checked_mul(10)?);
    let uptime: f64 = std::fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()?;
    Some(Duration::try_from_secs_f64(uptime).ok()?.saturating_sub(started))
}

/// The words that a process was started with; none where the system does not tell, and for one that has
/// ended.
pub fn arguments(pid: u32) -> Vec<String> {
    let text = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    text.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Whether a process lives that runs this program, under whatever version or name of it.
pub fn is_wpp(pid: u32) -> bool {
    if stat(pid).is_none_or(|stat| stat.has_ended()) {
        return false;
    }
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().trim_end_matches(" (deleted)").to_owned());
    let own = std::env::current_exe().ok().as_deref().and_then(name);
    let is_ours = |name: String| name == "wpp" || name.starts_with("wpp-") || Some(&name) == own.as_ref();
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let called = arguments(pid).into_iter().next().map(PathBuf::from);
    [program, called].into_iter().flatten().any(|path| name(&path).is_some_and(is_ours))
}

/// The home that a process of `wpp` was given, by its command line or its environment.
pub fn home(pid: u32) -> Option<PathBuf> {
    let words = arguments(pid);
    let mut words = words.iter();
    let mut given = None;
    while let Some(word) = words.next() {
        match word.strip_prefix("--home") {
            Some("") => given = words.next().map(PathBuf::from),
            Some(rest) => given = rest.strip_prefix('=').map(PathBuf::from).or(given),
            None => {}
        }
    }
    let by_variable = || {
        let text = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let value = text.split(|byte| *byte == 0).find_map(|word| word.strip_prefix(b"WPP_HOME="))?;
        Some(PathBuf::from(String::from_utf8_lossy(value).into_owned()))
    };
    let given = given.or_else(by_variable)?;
    // A name that is not whole is meant from where the process stands.
    let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    Some(folder.join(given))
}

/// Whether a process of that number lives.
pub fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    // A process that may not be signalled is alive all the same.
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Which call a lock was taken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockKind {
    /// `flock`, on the whole file: those of [`crate::disk::Lock`].
    Whole,
    /// `fcntl`, on a range of bytes: SQLite's.
    Bytes,
}

/// A lock on a file that a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldLock {
    /// Which call it was taken with.
    pub kind: LockKind,
    /// Whether nobody else may hold another on the same bytes.
    pub is_exclusive: bool,
    /// Who holds it.
    pub pid: u32,
    /// The file system that the kernel keeps the file on, by the numbers of its device. It is not the one that `stat`
    /// tells on every file system.
    pub device: (u32, u32),
    /// The file's number there.
    pub inode: u64,
    /// The first byte of it.
    pub first: u64,
    /// The last one; [`u64::MAX`] for all that may follow.
    pub last: u64,
}

impl HeldLock {
    /// Whether it is on that byte.
    pub fn covers(&self, byte: u64) -> bool {
        (self.first..=self.last).contains(&byte)
    }

    /// Whether it is on the file that has this device and this number, as `stat` tells them. Two disks may have files
    /// of one number; on btrfs and overlays `stat` tells a device that the kernel's list does not.
    pub fn is_on(&self, file: (u64, u64)) -> bool {
        let (device, inode) = file;
        let told = (rustix::fs::major(device), rustix::fs::minor(device));
        // What cannot be told is taken for the same file: a holder that is missed is worse than one too many.
        self.inode == inode && (self.device == told || (!is_mounted(told) && has_open(self.pid, file).unwrap_or(true)))
    }

    /// `1: POSIX  ADVISORY  WRITE 4711 fe:00:12345 1073741824 1073742335`. One that waits has an arrow before the
    /// kind, and does not hold it; one of an open file instead of a process, `OFDLCK`, has no process's number.
    fn parse(line: &str) -> Option<HeldLock> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, kind, _, access, pid, place, first, last] = words[..] else { return None };
        let kind = match kind {
            "FLOCK" => LockKind::Whole,
            "POSIX" => LockKind::Bytes,
            _ => return None,
        };
        let mut place = place.split(':');
        let mut part = || place.next();
        let device = (u32::from_str_radix(part()?, 16).ok()?, u32::from_str_radix(part()?, 16).ok()?);
        Some(HeldLock {
            kind,
            is_exclusive: access == "WRITE",
            pid: pid.parse().ok()?,
            device,
            inode: part()?.parse().ok()?,
            first: first.parse().ok()?,
            last: if last == "EOF" { u64::MAX } else { last.parse().ok()? },
        })
    }
}

/// Whether a device is that of a whole file system which is mounted here. The kernel's list of locks then tells it as
/// `stat` does.
fn is_mounted(device: (u32, u32)) -> bool {
    let name = format!("{}:{}", device.0, device.1);
    let is_it = |line: &[u8]| line.split(|byte| *byte == b' ').nth(2) == Some(name.as_bytes());
    std::fs::read("/proc/self/mountinfo").is_ok_and(|text| text.split(|byte| *byte == b'\n').any(is_it))
}

/// Whether a process has the file open; `None` where it does not show that.
fn has_open(pid: u32, file: (u64, u64)) -> Option<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let mut entries = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    Some(entries.any(|entry| std::fs::metadata(entry.path()).is_ok_and(|seen| (seen.dev(), seen.ino()) == file)))
}

/// How often the kernel's list of locks is read where one reading may lack a line.
const READINGS: usize = 8;

/// The locks that processes hold. What the kernel tells in one go is whole, which is a page; a longer list changes
/// while it is read, and is read a few times: a line that one reading lacks is in another. A lock that is let go
/// meanwhile may be in the list all the same.
///
/// # Errors
/// Where the system has no such list.
pub fn held_locks() -> std::io::Result<Vec<HeldLock>> {
    let mut held = BTreeSet::new();
    for _ in 0..READINGS {
        let (text, is_whole) = read_locks()?;
        held.extend(String::from_utf8_lossy(&text).lines().filter_map(HeldLock::parse));
        if is_whole {
            break;
        }
    }
    Ok(held.into_iter().collect())
}

/// What is told in one go is less than a page, at whose end a line may just not have had room.
const WHOLE_BYTES_MAX: usize = 4096 - 256;

/// The list's text, and whether it was told in one go. The kernel tells as little as it is asked for: that is why it is
/// asked for more than a page, and not through what reads whole files, which begins with a few bytes. What follows a
/// full page may be nothing by then, though there was more.
fn read_locks() -> std::io::Result<(Vec<u8>, bool)> {
    let (mut file, mut text) = (std::fs::File::open("/proc/locks")?, Vec::new());
    let mut part = vec![0; 64 << 10];
    let mut is_whole = true;
    loop {
        match file.read(&mut part)? {
            0 => return Ok((text, is_whole)),
            length => text.extend_from_slice(&part[..length]),
        }
        is_whole = text.len() <= WHOLE_BYTES_MAX;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_process_is_told_whatever_its_name_is() {
        let line = "41 (a) b) Z 40 41 39 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 0 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(stat, Stat { state: 'Z', parent: 40, session: 39, started: 777 });
        assert!(stat.has_ended() && Stat::parse("41 (a").is_none());
    }

    #[test]
    fn locks_that_are_held_are_told_from_those_that_are_waited_for() {
        let parse = |line: &str| HeldLock::parse(line);
        let bytes =
            HeldLock { kind: LockKind::Bytes, is_exclusive: true, pid: 22, device: (0xfe, 0), inode: 44, first: 120, last: 123 };
        assert_eq!(parse("2: POSIX  ADVISORY  WRITE 22 fe:00:44 120 123"), Some(bytes));
        assert!(bytes.covers(120) && bytes.covers(123) && !bytes.covers(124));
        let whole = HeldLock {
            kind: LockKind::Whole,
            is_exclusive: false,
            pid: 24,
            device: (0, 0x1d),
            inode: 46,
            first: 0,
            last: u64::MAX,
        };
        assert_eq!(parse("3: FLOCK  ADVISORY  READ 24 00:1d:46 0 EOF"), Some(whole));
        for none in ["2: -> POSIX  ADVISORY  WRITE 26 fe:00:44 120 120", "5: OFDLCK ADVISORY  WRITE -1 fe:00:48 0 EOF", "x", ""] {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_lock_is_told_while_others_come_and_go() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().lock().unwrap();
        let seen = file.as_file().metadata().unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let others = tempfile::NamedTempFile::new().unwrap();
        let missed = std::thread::scope(|threads| {
            // The kernel keeps a list for each processor, and lets a reader in wherever it stands in it.
            for _ in 0..4 {
                threads.spawn(|| {
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let held: Vec<_> = (0..40).map(|_| others.reopen().unwrap()).collect();
                        held.iter().for_each(|file| file.lock_shared().unwrap());
                    }
                });
            }
            let is_told = || held_locks().unwrap().iter().any(|lock| lock.is_on((seen.dev(), seen.ino())));
            let missed = (0..500).filter(|_| !is_told()).count();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            missed
        });
        assert_eq!(missed, 0);
    }

    #[test]
    fn a_lock_of_this_process_is_in_the_list() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().lock().unwrap();
        let seen = file.as_file().metadata().unwrap();
        let named = (seen.dev(), seen.ino());
        let is_ours = |lock: &HeldLock| lock.is_on(named) && lock.pid == std::process::id() && lock.is_exclusive;
        let seen = held_locks().ok().and_then(|locks| locks.into_iter().find(is_ours));
        assert!(seen.is_some() || !cfg!(target_os = "linux"));
        let Some(lock) = seen else { return };
        // A file of that number on another disk, as /proc is one.
        let other = std::fs::metadata("/proc").unwrap().dev();
        assert_ne!(other, named.0);
        assert!(!lock.is_on((other, named.1)) && !lock.is_on((named.0, named.1 + 1)));
        // What stat tells of a btrfs or an overlay is no device of the kernel's: then who has it open counts.
        let elsewhere = HeldLock { device: (0x7ff, 0x1234), ..lock };
        assert_eq!(elsewhere.is_on(named), !is_mounted((rustix::fs::major(named.0), rustix::fs::minor(named.0))));
        assert_eq!((has_open(std::process::id(), named), has_open(std::process::id(), (other, 1))), (Some(true), Some(false)));
        assert_eq!(has_open(u32::MAX, named), None);
    }
}
