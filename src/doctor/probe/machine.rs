//! Looks at the machine through what its kernel tells under `/proc` and `/sys`.
//!
//! Start with [`System`], the one way to those files, and [`look`]. A machine without such a file (another
//! kernel, another system) is no failure: what it would tell is *not applicable* then. Control groups are
//! in [`super::groups`].

use std::io::Read;
use std::path::{Path, PathBuf};

use super::groups;
use crate::clock;
use crate::config::Config;
use crate::disk::identity;
use crate::facts::Probed;
use crate::facts::machine::{
    Dated, MachineFacts, Memory, Mount, Pressure, ProcessFacts, ProcessLimits, ProgramFacts, ProgramLook, ProgramNow, Use,
    ZoneFacts,
};
use crate::home::{Home, SessionPaths};
use crate::process::{self, Stat};

/// The largest file of the kernel that is read: a machine with thousands of mounts has a list of a MiB.
const SIZE_BYTES_MAX: u64 = 4 << 20;
/// Rows of the journal whose times are compared with the clock.
const ROWS_MAX: usize = 1000;
/// Sessions whose files' times are compared with the clock.
const SESSIONS_MAX: usize = 16;
/// The kernel's unit of time in `/proc`: a hundredth of a second on every machine that `wpp` is built for.
const TICK_MS: i64 = 10;

/// Where the kernel tells about the machine: `/`, or for a sandbox home a folder that stands in for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    root: PathBuf,
}

impl Default for System {
    fn default() -> System {
        System { root: "/".into() }
    }
}

impl System {
    /// Another machine, as files in a folder.
    pub fn at(root: PathBuf) -> System {
        System { root }
    }

    /// A file of the machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// What a small file says; `None` when there is none.
    pub fn text(&self, path: &str) -> Result<Option<String>, String> {
        read(&self.path(path)).map_err(|error| format!("{path} cannot be read: {error}"))
    }

    /// What a file says, understood.
    fn told<T>(&self, path: &str, understand: impl FnOnce(&str) -> Option<T>) -> Probed<T> {
        match self.text(path) {
            Ok(Some(text)) => match understand(&text) {
                Some(value) => Probed::Known(value),
                None => Probed::Failed(format!("{path} says something that wpp does not understand")),
            },
            Ok(None) => Probed::NotApplicable(format!("this machine has no {path}")),
            Err(reason) => Probed::Failed(reason),
        }
    }

    fn is_stand_in(&self) -> bool {
        self.root != Path::new("/")
    }
}

/// The text of a small file; `None` when there is none.
pub(super) fn read(path: &Path) -> std::io::Result<Option<String>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(SIZE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Looks at all that the kernel tells from memory, which takes about a millisecond. What lies on disks
/// ([`inodes`], [`newest`], [`mount`]) and what the settings name ([`programs`], [`zone`]) is looked at by
/// probes of its own, and left as it is in `facts`.
pub fn look(system: &System, mut facts: MachineFacts) -> MachineFacts {
    facts.memory = memory(system);
    facts.memory_pressure = system.told("/proc/pressure/memory", pressure);
    facts.open_files = system.told("/proc/sys/fs/file-nr", |text| {
        let number = |at: usize| text.split_whitespace().nth(at)?.parse().ok();
        Some(Use { used: number(0)?, limit: number(2)? })
    });
    facts.tasks = tasks(system);
    facts.limits = Probed::Known(own_limits());
    facts.group = groups::look(system, "self");
    facts.random_ready = random_ready(system);
    facts.core_pattern = system.told("/proc/sys/kernel/core_pattern", |text| Some(text.trim().to_owned()));
    facts
}

fn memory(system: &System) -> Probed<Memory> {
    // 2: the kernel promises no more memory than it has.
    let strict = matches!(system.text("/proc/sys/vm/overcommit_memory"), Ok(Some(text)) if text.trim() == "2");
    system.told("/proc/meminfo", |text| {
        let field = |name: &str| -> Option<u64> {
            let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
        };
        let promised = || Some(Use { used: field("Committed_AS")?, limit: field("CommitLimit")? });
        Some(Memory {
            total_bytes: field("MemTotal").filter(|total| *total > 0)?,
            available_bytes: field("MemAvailable")?,
            swap_total_bytes: field("SwapTotal").unwrap_or(0),
            swap_free_bytes: field("SwapFree").unwrap_or(0),
            promised: if strict { Some(promised()?) } else { None },
        })
    })
}

/// `full avg10=0.00 avg60=0.00 avg300=0.12 total=557378356`
fn pressure(text: &str) -> Option<Pressure> {
    let line = text.lines().find(|line| line.starts_with("full "))?;
    let full_percent = line.split_whitespace().find_map(|word| word.strip_prefix("avg300="))?.parse().ok()?;
    Some(Pressure { full_percent })
}

/// Processes and threads of the whole machine, and what bounds them first.
fn tasks(system: &System) -> Probed<Use> {
    // Within a container only its own are counted against the limits of the whole machine: too few, never
    // too many.
    let limit = |path: &str| system.text(path).ok().flatten().and_then(|text| text.trim().parse::<u64>().ok());
    let limits = [limit("/proc/sys/kernel/threads-max"), limit("/proc/sys/kernel/pid_max")];
    let Some(limit) = limits.into_iter().flatten().min() else {
        return Probed::NotApplicable("this machine does not tell how many processes it may have".into());
    };
    system.told("/proc/loadavg", |text| {
        let (_, all) = text.split_whitespace().nth(3)?.split_once('/')?;
        Some(Use { used: all.parse().ok()?, limit })
    })
}

/// What this process may use.
fn own_limits() -> ProcessLimits {
    use rustix::process::{Resource, getrlimit};
    ProcessLimits {
        open_files: getrlimit(Resource::Nofile).current,
        file_size_bytes: getrlimit(Resource::Fsize).current,
        address_space_bytes: getrlimit(Resource::As).current,
        core_bytes: getrlimit(Resource::Core).current,
    }
}

/// `Max open files            1024                 524288               files`
fn limits(text: &str) -> Option<ProcessLimits> {
    let soft = |name: &str| -> Option<Option<u64>> {
        match text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()? {
            "unlimited" => Some(None),
            number => number.parse().ok().map(Some),
        }
    };
    Some(ProcessLimits {
        open_files: soft("Max open files")?,
        file_size_bytes: soft("Max file size")?,
        address_space_bytes: soft("Max address space")?,
        core_bytes: soft("Max core file size")?,
    })
}

/// `Umask: 0077`, with a tab; kernels before 4.7 do not tell it.
fn umask(text: &str) -> Option<u32> {
    u32::from_str_radix(text.lines().find_map(|line| line.strip_prefix("Umask:"))?.trim(), 8).ok()
}

/// When a process or thread began, in ticks since the machine did.
fn began_ticks(text: &str) -> Option<i64> {
    i64::try_from(Stat::parse(text)?.started).ok()
}

/// The program that a process runs, told from the one that has its name now.
fn program(system: &System, pid: u32) -> Probed<ProgramFacts> {
    let folder = format!("/proc/{pid}");
    let runs = system.path(&format!("{folder}/exe"));
    let Ok(target) = std::fs::read_link(&runs) else {
        return Probed::NotApplicable("this machine does not tell which program the daemon runs".into());
    };
    // A program that was renamed takes its name along, so the one that it was called by counts.
    let called = system.text(&format!("{folder}/cmdline")).ok().flatten();
    let called = called.and_then(|text| text.split('\0').next().map(PathBuf::from)).filter(|path| path.is_absolute());
    let named = target.to_string_lossy();
    let path = called.unwrap_or_else(|| named.strip_suffix(" (deleted)").unwrap_or(&named).into());
    // By the process's own names: in a container they lead elsewhere.
    let below = system.path(&format!("{folder}/root")).join(path.strip_prefix("/").unwrap_or(&path));
    let Some(running) = identity(&runs) else {
        return Probed::Failed(format!("{folder}/exe cannot be looked at"));
    };
    let now = match identity(&below) {
        Some(now) if now == running => ProgramNow::Same,
        Some(_) => ProgramNow::Another,
        None => ProgramNow::Gone,
    };
    Probed::Known(ProgramFacts { path, now })
}

/// Looks at the living process that holds a lock. Its files belong to its user, who alone may count them.
pub fn process(system: &System, pid: u32, lock: &Path) -> Probed<ProcessFacts> {
    let folder = format!("/proc/{pid}");
    let look = || -> Result<Option<ProcessFacts>, String> {
        let unknown = |what: &str| format!("{folder}/{what} says something that wpp does not understand");
        let Some(text) = system.text(&format!("{folder}/limits"))? else { return Ok(None) };
        let limits = limits(&text).ok_or_else(|| unknown("limits"))?;
        let open: Vec<PathBuf> = match std::fs::read_dir(system.path(&format!("{folder}/fd"))) {
            Ok(names) => names.flatten().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(None),
            Err(error) => return Err(format!("{folder}/fd cannot be listed: {error}")),
        };
        // In a container of its own the daemon has another number than here, where that number is somebody
        // else's.
        let is_lock = |path: &PathBuf| identity(path).is_some_and(|file| Some(file) == identity(lock));
        if !open.iter().any(is_lock) {
            return Ok(None);
        }
        let open_files = open.len() as u64;
        // This thread was started for this look, so its age is nothing: what lies between its beginning and
        // another's is that one's age, whatever the wall clock did meanwhile.
        let now_ms = clock::now_ms();
        let own = system.text("/proc/thread-self/stat")?.and_then(|text| began_ticks(&text));
        let own = own.ok_or_else(|| unknown("stat"))?;
        // One that ends meanwhile is none.
        let threads = std::fs::read_dir(system.path(&format!("{folder}/task")))
            .map_err(|error| format!("{folder}/task cannot be listed: {error}"))?
            .flatten()
            .filter_map(|thread| began_ticks(&read(&thread.path().join("stat")).ok()??));
        let threads_began_ms =
            threads.map(|began| now_ms.saturating_sub(own.saturating_sub(began).saturating_mul(TICK_MS))).collect();
        Ok(Some(ProcessFacts {
            pid,
            open_files,
            limits,
            threads_began_ms,
            group: groups::look(system, &pid.to_string()),
            program: program(system, pid),
            umask: system.text(&format!("{folder}/status"))?.and_then(|text| umask(&text)),
        }))
    };
    match look() {
        Ok(Some(facts)) => Probed::Known(facts),
        Ok(None) => {
            Probed::NotApplicable(format!("process {pid} of this machine is not the daemon, or tells nothing to this user"))
        }
        Err(reason) => Probed::Failed(reason),
    }
}

/// Whether the kernel's random numbers are fit for keys. Since Linux 5.6 `/dev/random` waits for that and
/// for nothing else; older kernels let it wait at any time, so they are not asked.
fn random_ready(system: &System) -> Probed<bool> {
    let version = |text: &str| -> Option<(u32, u32)> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    match system.told("/proc/sys/kernel/osrelease", version) {
        Probed::Known(version) if version >= (5, 6) => {}
        Probed::Known(_) => return Probed::NotApplicable("kernels before 5.6 do not tell it without waiting".into()),
        Probed::NotApplicable(reason) => return Probed::NotApplicable(reason),
        Probed::Failed(reason) => return Probed::Failed(reason),
    }
    use rustix::fs::{Mode, OFlags, open};
    let path = system.path("/dev/random");
    let file = match open(&path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => file,
        Err(rustix::io::Errno::NOENT) => return Probed::NotApplicable("this machine has no /dev/random".into()),
        Err(error) => return Probed::Failed(format!("/dev/random cannot be opened: {error}")),
    };
    match rustix::io::read(&file, &mut [0; 1]) {
        Ok(_) => Probed::Known(true),
        Err(rustix::io::Errno::AGAIN) => Probed::Known(false),
        Err(error) => Probed::Failed(format!("/dev/random cannot be read: {error}")),
    }
}

// ---- file systems

/// One line of the kernel's list of mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MountLine {
    /// `254:0`
    pub device: String,
    /// The part of the file system that is mounted.
    pub root: String,
    pub point: String,
    pub kind: String,
    pub source: String,
    pub options: String,
    pub super_options: String,
}

impl MountLine {
    /// Whether one of the file system's own options is this.
    pub fn has(&self, option: &str) -> bool {
        self.super_options.split(',').any(|own| own == option)
    }
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
pub(super) fn mounts(text: &str) -> Vec<MountLine> {
    let line = |line: &str| -> Option<MountLine> {
        let (place, kind) = line.split_once(" - ")?;
        let place: Vec<&str> = place.split(' ').collect();
        let kind: Vec<&str> = kind.split(' ').collect();
        Some(MountLine {
            device: (*place.get(2)?).to_owned(),
            root: unescaped(place.get(3)?),
            point: unescaped(place.get(4)?),
            options: (*place.get(5)?).to_owned(),
            kind: (*kind.first()?).to_owned(),
            source: unescaped(kind.get(1)?),
            super_options: kind.get(2).copied().unwrap_or_default().to_owned(),
        })
    };
    text.lines().filter_map(line).collect()
}

/// A space, a tab, a line's end and a backslash stand there as three octal digits.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                whole.push(char::from(code));
                whole.push_str(&part[3..]);
            }
            None => {
                whole.push('\\');
                whole.push_str(part);
            }
        }
    }
    whole
}

/// The file system that holds a path: the last of those that are mounted deepest above it.
fn holding<'a>(mounts: &'a [MountLine], path: &Path) -> Option<&'a MountLine> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    above.max_by_key(|mount| Path::new(&mount.point).components().count())
}

/// The file system of the home.
pub fn mount(system: &System, home: &Path) -> Probed<Mount> {
    let existing = home.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let path = match existing.canonicalize() {
        Ok(path) => path,
        Err(error) => return Probed::Failed(format!("{} cannot be followed to its place: {error}", existing.display())),
    };
    system.told("/proc/self/mountinfo", |text| {
        let mounts = mounts(text);
        let mount = holding(&mounts, &path)?;
        Some(Mount {
            point: mount.point.clone(),
            kind: mount.kind.clone(),
            source: mount.source.clone(),
            read_only: mount.has("ro") || mount.options.split(',').any(|option| option == "ro"),
            errors: errors(system, mount),
        })
    })
}

/// Errors that a file system has found in itself, where it counts them.
fn errors(system: &System, mount: &MountLine) -> Option<u64> {
    if !mount.kind.starts_with("ext") {
        return None;
    }
    let device = std::fs::read_link(system.path(&format!("/sys/dev/block/{}", mount.device))).ok()?;
    let name = device.file_name()?.to_str()?.to_owned();
    system.text(&format!("/sys/fs/ext4/{name}/errors_count")).ok()??.trim().parse().ok()
}

/// Files that can still be made on the home's file system.
pub fn inodes(system: &System, home: &Path) -> Probed<Use> {
    if system.is_stand_in()
        && let Ok(Some(text)) = system.text("/statvfs")
    {
        // What the system call would say, where the machine is a folder: all and free.
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        return used_of(numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(0));
    }
    let existing = home.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Ok(stat) => used_of(stat.f_files, stat.f_favail),
        Err(error) => Probed::Failed(format!("the file system of {} cannot be measured: {error}", existing.display())),
    }
}

fn used_of(all: u64, free: u64) -> Probed<Use> {
    match all {
        0 => Probed::NotApplicable("this file system makes room for files as they come".into()),
        _ => Probed::Known(Use { used: all.saturating_sub(free), limit: all }),
    }
}

// ---- the clock

/// The newest times that were written down in the home: by the journal if it may be opened, and as times of
/// files.
pub fn newest(home: &Home, sessions: &[SessionPaths], opens: bool, only_read: bool) -> Probed<Vec<Dated>> {
    let look = || -> crate::error::Result<Vec<Dated>> {
        let mut newest = Vec::new();
        let journal = if opens { super::journal::open(&home.journal(), only_read)? } else { None };
        if let Some(journal) = journal {
            let sql = format!("SELECT max(at_ms) FROM (SELECT at_ms FROM entry ORDER BY id DESC LIMIT {ROWS_MAX})");
            let at_ms: Option<i64> = journal.read(|rows| rows.query_row(&sql, [], |row| row.get(0)))?;
            newest.extend(at_ms.map(|at_ms| Dated { what: "the newest row of ops.db".into(), at_ms }));
        }
        let folders = sessions.iter().take(SESSIONS_MAX).map(|session| session.folder().to_owned());
        let files = std::iter::once(home.root().to_owned()).chain(folders).filter_map(|folder| newest_file(&folder));
        newest.extend(files.max_by_key(|dated| dated.at_ms));
        Ok(newest)
    };
    look().into()
}

/// The newest file of a folder; none when that cannot be listed, which others tell.
fn newest_file(folder: &Path) -> Option<Dated> {
    let dated = |entry: std::fs::DirEntry| {
        let changed = entry.metadata().ok()?.modified().ok()?;
        let at_ms = changed.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis();
        Some(Dated { what: entry.path().display().to_string(), at_ms: i64::try_from(at_ms).ok()? })
    };
    std::fs::read_dir(folder).ok()?.take(super::NAMES_MAX).flatten().filter_map(dated).max_by_key(|dated| dated.at_ms)
}

/// The machine's time zone, and what the settings tell in it.
pub fn zone(config: &Config) -> ZoneFacts {
    let in_own_zone = config.named("schedule").iter().filter(|(_, entry)| {
        // A runbook may say a zone itself.
        entry.text("time_zone").is_empty() && entry.text("runbook").is_empty()
    });
    let mut told_in_it: Vec<String> = in_own_zone.map(|(name, _)| format!("schedule.{name}")).collect();
    if !config.text("alert.quiet_hours").is_empty() && config.text("alert.time_zone").is_empty() {
        told_in_it.push("alert.quiet_hours".into());
    }
    ZoneFacts { problem: clock::local_zone_problem(), variable: std::env::var("TZ").ok(), told_in_it }
}

// ---- programs

/// The programs that the settings name, and where they are.
pub fn programs(config: &Config) -> Vec<ProgramLook> {
    let mut named: Vec<(String, Vec<String>)> = vec![("backup.on_failure".into(), config.command("backup.on_failure"))];
    named.extend(
        config.named("contacts").iter().map(|(name, table)| (format!("contacts.{name}.command"), table.command("command"))),
    );
    named.extend(config.secret_commands().iter().map(|(name, words)| (format!("secrets.{name}"), words.clone())));
    let postgres = Some(config.text("postgres.folder")).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let postgres = postgres.or_else(process::newest_postgres);
    for (name, table) in config.dumps() {
        let parts = table.get("parts").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        // A part with an address is taken from its server, by the server's own programs.
        for part in parts.iter().filter(|part| part.get("url").is_some()) {
            let program = match part.get("kind").and_then(toml::Value::as_str) {
                Some("postgres") => {
                    postgres.as_ref().map_or("pg_dump".into(), |folder| folder.join("pg_dump").display().to_string())
                }
                Some("redis") => "redis-cli".to_owned(),
                _ => continue,
            };
            named.push((format!("dump.{name}"), vec![program]));
        }
    }
    for (name, entry) in config.named("schedule") {
        let words = entry.command("run");
        // A disposable server needs PostgreSQL itself, or a container engine that has it.
        if let [first, second, ..] = words.as_slice()
            && first == "dump"
            && ["rehearse", "load"].contains(&second.as_str())
        {
            let program = match &postgres {
                Some(folder) => folder.join("initdb").display().to_string(),
                None if process::on_path("docker").is_some() => "docker".to_owned(),
                None => "initdb".to_owned(),
            };
            named.push((format!("schedule.{name}"), vec![program]));
        }
    }
    named.dedup();
    let look = |(named_in, words): (String, Vec<String>)| {
        let name = words.into_iter().next()?;
        let path = process::on_path(&name).map(|path| path.display().to_string());
        Some(ProgramLook { name, named_in, path })
    };
    named.into_iter().filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_path_is_the_deepest_and_the_last() {
        let text = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n\
            28 27 0:25 / /srv/my\\040home ro,nosuid - nfs4 server:/x rw,vers=4.2\n\
            29 27 0:26 /part /srv rw - tmpfs none rw\n\
            30 27 0:27 / /srv rw - xfs /dev/vdb rw\n";
        let mounts = mounts(text);
        let kind = |path: &str| holding(&mounts, Path::new(path)).map(|mount| mount.kind.as_str());
        assert_eq!(kind("/srv/my home/x"), Some("nfs4"));
        assert_eq!(kind("/srv/my"), Some("xfs"), "the later of two at one place");
        assert_eq!(kind("/srvx"), Some("ext4"));
        assert!(mounts[1].has("vers=4.2") && mounts[2].root == "/part" && mounts[0].device == "254:0");
        assert_eq!(super::mounts("nonsense\n"), []);
    }

    #[test]
    fn what_the_kernel_writes_is_understood_and_what_it_does_not_is_not() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max file size             unlimited            unlimited            bytes     \n\
            Max core file size        0                    unlimited            bytes     \n\
            Max open files            1024                 524288               files     \n\
            Max address space         unlimited            unlimited            bytes     \n";
        let read = ProcessLimits { open_files: Some(1024), core_bytes: Some(0), ..ProcessLimits::default() };
        assert_eq!(limits(text), Some(read));
        assert_eq!(limits("Max open files many"), None);
        assert_eq!(umask("Name:\twpp\nUmask:\t0027\nState:\tS (sleeping)\n"), Some(0o027));
        assert_eq!((umask("Name:\twpp\n"), umask("Umask:\t9\n")), (None, None));
        let stat = "4711 (a) b) S 1 4711 4711 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 4 0 98765 1 2 3";
        assert_eq!(began_ticks(stat), Some(98_765));
        assert_eq!(began_ticks("4711"), None);
        let full = "some avg10=1.00 avg60=2.00 avg300=3.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.12 total=5\n";
        assert_eq!(pressure(full), Some(Pressure { full_percent: 0.12 }));
        assert_eq!(pressure("full"), None);
    }

    #[test]
    fn a_machine_that_tells_nothing_is_no_failure_and_one_that_tells_nonsense_is() {
        let folder = tempfile::tempdir().unwrap();
        let system = System::at(folder.path().to_owned());
        let facts = look(&system, MachineFacts::failed("not asked"));
        assert!(matches!(facts.memory, Probed::NotApplicable(_)), "{:?}", facts.memory);
        assert!(matches!(facts.random_ready, Probed::NotApplicable(_)));
        assert!(matches!(facts.group, Probed::NotApplicable(_)));
        assert!(matches!(process(&system, 1, folder.path()), Probed::NotApplicable(_)));
        std::fs::create_dir(folder.path().join("proc")).unwrap();
        std::fs::write(folder.path().join("proc/meminfo"), "MemTotal: many\n").unwrap();
        assert!(matches!(look(&system, facts).memory, Probed::Failed(_)));
    }
}
