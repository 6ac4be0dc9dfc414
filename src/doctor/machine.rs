//! Judges of the machine: memory, limits, clock, file systems and programs.
//!
//! The thresholds are those at which an ordinary, healthy machine stays quiet: a full page cache, a busy
//! processor or a container with limits of its own are nothing to tell.

use super::times::span;
use super::{Judged, Said, Stop, known, line};
use crate::clock;
use crate::facts::machine::{GroupFacts, Use};
use crate::facts::{Facts, Probed, SessionFacts};
use crate::home::HomeKind;
use crate::report::{Severity, count, quoted, size};

/// From here on something is nearly used up, in per cent.
const USED_PERCENT_MAX: u64 = 80;
/// From here on the next request for it may fail, in per cent.
const EXHAUSTED_PERCENT: u64 = 95;
/// Inodes are used up slowly; like disk space they are short at nine tenths.
const INODES_PERCENT_MAX: u64 = 90;
/// The share of five minutes in which all work waited for memory, in per cent.
const STALLED_PERCENT_MAX: f64 = 10.0;
/// The share of periods in which a group was held back, in per cent, and how many periods tell it: a
/// minute of a tenth of a second each.
const HELD_BACK_PERCENT_MAX: u64 = 25;
const PERIODS_MIN: u64 = 600;
/// A daemon has some twenty files open, and more while it backs up and serves.
const OPEN_FILES_MIN: u64 = 128;
/// No message store of any age may be cut off.
const FILE_SIZE_BYTES_MIN: u64 = 4 << 30;
/// Plugins reserve addresses for their memories, which they then hardly use.
const ADDRESS_SPACE_BYTES_MIN: u64 = 16 << 30;
/// Clocks that are kept differ by less.
const CLOCK_STEP_MS_MAX: i64 = 60_000;

/// Memory is left.
pub fn memory(facts: &Facts) -> Judged {
    let memory = known(&facts.host.machine.memory, "memory")?;
    let used = Use { used: memory.total_bytes.saturating_sub(memory.available_bytes), limit: memory.total_bytes };
    let observed =
        format!("{} % used, {} of {} available", used.percent(), size(memory.available_bytes), size(memory.total_bytes));
    Ok(vec![short("memory", used, observed, "ps aux --sort=-rss | head", "end or move what takes memory")])
}

/// The control groups that this process and the daemons run in have memory left.
pub fn memory_limit(facts: &Facts) -> Judged {
    of_groups(facts, "no limit of memory is set", |group| {
        let memory = group.memory?;
        let killed = match group.killed {
            0 => String::new(),
            times => format!("; {} here were killed for want of it", count(times, "program", "programs")),
        };
        let observed = format!("{} % used, {} of {}{killed}", memory.percent(), size(memory.used), size(memory.limit));
        let what = format!("the memory that {} allows", shown(group));
        Some(short(
            &what,
            memory,
            observed,
            "systemctl status wpp* --no-pager",
            "raise the limit (MemoryMax=, --memory), or end what takes it",
        ))
    })
}

/// A count as people read it, `1,048,576`: no bundle takes it for somebody's number then.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// Ok, warning or error, by how much of something is used.
fn short(what: &str, used: Use, observed: String, command: &str, remedy: &str) -> Said {
    if used.percent() <= USED_PERCENT_MAX {
        return Said::ok(format!("{what}: {observed}"));
    }
    let severity = if used.percent() >= EXHAUSTED_PERCENT { Severity::Error } else { Severity::Warning };
    Said::bad(format!("{what} is short: {observed}"))
        .severity(severity)
        .seen(what, format!("at most {USED_PERCENT_MAX} % used"), observed)
        .by_hand(remedy, command)
}

/// What is said of each group that has such a limit; `none` where none has.
fn of_groups(facts: &Facts, none: &str, judge: impl Fn(&GroupFacts) -> Option<Said>) -> Judged {
    let own = known(&facts.host.machine.group, "the control group of this process")?;
    let of_daemons = facts.sessions.iter().filter_map(|session| session.process.known()?.group.known());
    let mut seen: Vec<&GroupFacts> = Vec::new();
    let mut said = Vec::new();
    for group in std::iter::once(own).chain(of_daemons) {
        if !seen.iter().any(|other| other.name == group.name) {
            seen.push(group);
            said.extend(judge(group));
        }
    }
    Ok(if said.is_empty() { vec![Said::ok(none)] } else { said })
}

fn shown(group: &GroupFacts) -> String {
    match group.name.as_str() {
        "" | "/" => "this container".to_owned(),
        name => format!("the control group {name}"),
    }
}

/// The machine does not live on its swap.
pub fn swap(facts: &Facts) -> Judged {
    let memory = known(&facts.host.machine.memory, "memory")?;
    if memory.swap_total_bytes == 0 {
        return Ok(vec![Said::ok("there is no swap")]);
    }
    let swap = Use { used: memory.swap_total_bytes.saturating_sub(memory.swap_free_bytes), limit: memory.swap_total_bytes };
    let available = u128::from(memory.available_bytes) * 100 / u128::from(memory.total_bytes.max(1));
    let observed = format!("{} % of {} taken, {available} % of memory available", swap.percent(), size(swap.limit));
    // What nobody has touched for days may lie there: only with little memory left is it in use.
    if swap.percent() < USED_PERCENT_MAX || available >= 20 {
        return Ok(vec![Said::ok(format!("swap: {observed}"))]);
    }
    Ok(vec![
        Said::bad(format!("the machine lives on its swap: {observed}"))
            .seen("SwapFree and MemAvailable of /proc/meminfo", "swap to spare, or a fifth of memory", observed)
            .by_hand("end or move what takes memory", "ps aux --sort=-rss | head"),
    ])
}

/// Work does not wait for memory.
pub fn memory_pressure(facts: &Facts) -> Judged {
    let pressure = known(&facts.host.machine.memory_pressure, "pressure on memory")?;
    let observed = format!("{:.1} % of the last 5 min", pressure.full_percent);
    if pressure.full_percent < STALLED_PERCENT_MAX {
        return Ok(vec![Said::ok(format!("all work stood still for want of memory in {observed}"))]);
    }
    Ok(vec![
        Said::bad(format!("all work stood still for want of memory in {observed}"))
            .seen("/proc/pressure/memory", format!("below {STALLED_PERCENT_MAX} %"), observed)
            .by_hand("end or move what takes memory", "ps aux --sort=-rss | head"),
    ])
}

/// A kernel that promises no more memory than it has can promise more.
pub fn overcommit(facts: &Facts) -> Judged {
    let memory = known(&facts.host.machine.memory, "memory")?;
    let Some(promised) = memory.promised else {
        return Ok(vec![Said::ok("the kernel promises memory as programs ask for it")]);
    };
    let observed = format!("{} of {} promised", size(promised.used), size(promised.limit));
    if promised.percent() <= 90 {
        return Ok(vec![Said::ok(format!("vm.overcommit_memory is 2: {observed}"))]);
    }
    Ok(vec![
        Said::bad(format!("the kernel refuses memory soon, though there may be some: {observed}"))
            .seen("Committed_AS and CommitLimit of /proc/meminfo, with vm.overcommit_memory=2", "below 90 %", observed)
            .by_hand("let the kernel promise more, or add swap", "sysctl vm.overcommit_memory=0"),
    ])
}

/// Files can be opened on the machine.
pub fn open_files(facts: &Facts) -> Judged {
    let files = *known(&facts.host.machine.open_files, "open files of the machine")?;
    let observed = format!("{} of {} open", grouped(files.used), grouped(files.limit));
    Ok(vec![short(
        "the machine's table of open files",
        files,
        observed,
        "sysctl fs.file-max",
        "raise fs.file-max, or end what holds so many",
    )])
}

/// A daemon can open files.
pub fn daemon_files(_: &Facts, session: &SessionFacts) -> Judged {
    let process = known(&session.process, "the daemon's process")?;
    let Some(limit) = process.limits.open_files else {
        return Ok(vec![Said::ok(format!("{} open, without a limit", count(process.open_files, "file", "files")))]);
    };
    let files = Use { used: process.open_files, limit };
    let command = format!("ls -l /proc/{}/fd", process.pid);
    Ok(vec![short(
        "what the daemon may open",
        files,
        format!("{} of {} open", grouped(files.used), grouped(limit)),
        &command,
        "see what it holds, and start it anew under a higher limit (LimitNOFILE=)",
    )])
}

/// What is started from here can open files.
pub fn open_files_limit(facts: &Facts) -> Judged {
    let limits = known(&facts.host.machine.limits, "the limits of this process")?;
    Ok(vec![match limits.open_files {
        Some(limit) if limit < OPEN_FILES_MIN => {
            Said::bad(format!("what is started from here may open {limit} files, and a daemon needs more when it is busy"))
                .seen("soft limit of open files", format!("at least {OPEN_FILES_MIN}"), limit.to_string())
                .by_hand("raise it for this shell, or in the unit by LimitNOFILE=", "ulimit -n 1024")
        }
        Some(limit) => Said::ok(format!("what is started from here may open {} files", grouped(limit))),
        None => Said::ok("what is started from here may open any number of files"),
    }])
}

/// What is started from here can write whole databases and reserve what plugins need.
pub fn size_limits(facts: &Facts) -> Judged {
    let limits = known(&facts.host.machine.limits, "the limits of this process")?;
    let low = |limit: Option<u64>, least: u64| limit.filter(|limit| *limit < least);
    let mut said = Vec::new();
    if let Some(limit) = low(limits.file_size_bytes, FILE_SIZE_BYTES_MIN) {
        said.push(
            Said::bad(format!(
                "what is started from here may write no file beyond {}: a larger database or archive kills it",
                size(limit)
            ))
            .seen("soft limit of file sizes", "unlimited", size(limit))
            .by_hand("lift it for this shell, or in the unit by LimitFSIZE=infinity", "ulimit -f unlimited"),
        );
    }
    if let Some(limit) = low(limits.address_space_bytes, ADDRESS_SPACE_BYTES_MIN) {
        said.push(
            Said::bad(format!("what is started from here may reserve {} of addresses: plugins reserve more", size(limit)))
                .seen("soft limit of the address space", "unlimited", size(limit))
                .by_hand(
                    "lift it for this shell, or in the unit by LimitAS=infinity; bound memory by MemoryMax=",
                    "ulimit -v unlimited",
                ),
        );
    }
    Ok(if said.is_empty() { vec![Said::ok("no limit of sizes is in the way")] } else { said })
}

/// Processes and threads can be started.
pub fn tasks(facts: &Facts) -> Judged {
    let mut said = Vec::new();
    match &facts.host.machine.tasks {
        Probed::Known(tasks) => {
            let observed = format!("{} of {} are there", grouped(tasks.used), grouped(tasks.limit));
            said.push(short(
                "room for processes and threads",
                *tasks,
                observed,
                "sysctl kernel.pid_max kernel.threads-max",
                "raise the limit, or end what starts so many",
            ));
        }
        other => {
            known(other, "processes of the machine")?;
        }
    }
    let of_groups = of_groups(facts, "no control group bounds them", |group| {
        let tasks = group.tasks?;
        let what = format!("room for processes and threads in {}", shown(group));
        Some(short(
            &what,
            tasks,
            format!("{} of {} are there", grouped(tasks.used), grouped(tasks.limit)),
            "systemctl status wpp* --no-pager",
            "raise the limit (TasksMax=, --pids-limit)",
        ))
    })?;
    said.extend(of_groups);
    Ok(said)
}

/// The processor is not taken away.
pub fn held_back(facts: &Facts) -> Judged {
    of_groups(facts, "no share of the processor is set", |group| {
        let periods = group.held_back?;
        let observed = format!("in {} % of {} periods", periods.percent(), periods.limit);
        if periods.limit < PERIODS_MIN || periods.percent() < HELD_BACK_PERCENT_MAX {
            return Some(Said::ok(format!("{} was held back {observed}", shown(group))));
        }
        Some(
            Said::bad(format!("{} gets less processor than it needs: held back {observed}", shown(group)))
                .seen("nr_throttled and nr_periods of cpu.stat", format!("below {HELD_BACK_PERCENT_MAX} %"), observed)
                .by_hand("raise its share (CPUQuota=, --cpus)", "systemctl status wpp* --no-pager"),
        )
    })
}

/// Keys can be made.
pub fn random(facts: &Facts) -> Judged {
    Ok(vec![match known(&facts.host.machine.random_ready, "the kernel's random numbers")? {
        true => Said::ok("the kernel's random numbers are fit for keys"),
        false => Said::bad("the kernel has not gathered enough entropy for keys yet: whatever makes one waits")
            .seen("/dev/random", "answers at once", "waits")
            .by_hand("give the machine a source of entropy (virtio-rng, haveged)", "cat /sys/class/misc/hw_random/rng_available"),
    }])
}

/// A crash of the daemon leaves no keys behind.
pub fn core_dumps(facts: &Facts, session: &SessionFacts) -> Judged {
    let process = known(&session.process, "the daemon's process")?;
    if process.limits.core_bytes == Some(0) {
        return Ok(vec![Said::ok("a crash of the daemon leaves no copy of its memory")]);
    }
    let pattern = known(&facts.host.machine.core_pattern, "where copies of memory go")?;
    // A program of the system takes it and keeps it closed, as systemd-coredump does.
    if pattern.starts_with('|') {
        return Ok(vec![Said::ok("a copy of the daemon's memory would go to a program of the system")]);
    }
    let limit = process.limits.core_bytes.map_or("of any size".to_owned(), |limit| format!("of up to {}", size(limit)));
    Ok(vec![
        Said::bad(format!("a crash of the daemon writes its memory, with keys and messages, to a file {pattern:?} {limit}"))
            .seen("soft limit of core files of the daemon", "0", limit)
            .by_hand(
                "start it anew: a daemon of this version forbids them to itself",
                line(facts, Some(&session.name), "restart"),
            ),
    ])
}

/// What is made is for its owner alone. `wpp` sets its own mask, so what the operator's shell has matters little.
pub fn umask(facts: &Facts) -> Judged {
    let (mut said, mut closed, mut unseen) = (Vec::new(), 0, None);
    for session in &facts.sessions {
        let mask = match &session.process {
            Probed::Known(process) => process.umask,
            Probed::NotApplicable(_) => None,
            // A lock that nobody can look at is told by the checks of the session.
            Probed::Failed(_) if matches!(session.lock, Probed::Failed(_)) => {
                unseen = Some(&session.name);
                None
            }
            Probed::Failed(reason) => return Err(Stop::Unknown(format!("the daemon's process: {reason}"))),
        };
        match mask {
            None => {}
            Some(mask) if mask & 0o077 == 0o077 => closed += 1,
            Some(mask) => said.push(
                Said::bad(format!(
                    "the daemon of {} has the mask {mask:04o}: what it makes without a mode of its own is open to others",
                    session.name
                ))
                // Nobody else can enter the folders in which it makes them.
                .severity(if mask & 0o022 == 0o022 { Severity::Info } else { Severity::Warning })
                .about(session.name.clone())
                .seen("Umask of the daemon", "0077", format!("{mask:04o}"))
                .by_hand("start it anew: a daemon of this version sets it to 0077", line(facts, Some(&session.name), "restart")),
            ),
        }
    }
    let own = facts.host.umask;
    // A shell's usual 0022 and 0002 are nobody's fault.
    if let Some(mask) = own.filter(|mask| mask & 0o002 == 0) {
        said.push(
            Said::bad(format!("everybody can write to what this shell makes: its mask is {mask:04o}; wpp sets its own"))
                .severity(Severity::Info)
                .about("shell")
                .seen("mask that this command was started with", "0022, or a closer one", format!("{mask:04o}"))
                .by_hand("close it, and find out which profile or unit opens it", "umask 022"),
        );
    }
    if let Some(name) = unseen.filter(|_| said.is_empty()) {
        return Err(Stop::Skipped(format!("whether a daemon of {name} runs could not be looked at, which its own checks tell")));
    }
    match (said.is_empty(), closed, own) {
        (false, ..) => Ok(said),
        (true, 0, None) => {
            Err(Stop::Skipped("no daemon tells its mask, and nobody noted what this command was started with".into()))
        }
        (true, 0, Some(mask)) => Ok(vec![Said::ok(format!("no daemon with an open mask runs; this shell's is {mask:04o}"))]),
        (true, daemons, _) => {
            Ok(vec![Said::ok(format!("what {} makes is for its owner alone", count(daemons, "daemon", "daemons")))])
        }
    }
}

/// Somebody listens where the settings expect a server of this machine.
pub fn ports(facts: &Facts) -> Judged {
    let ports = known(&facts.host.machine.ports, "the ports that the settings name")?;
    let silent = ports.iter().filter_map(|port| {
        let reason = port.listens.as_ref().err()?;
        let (address, place) = (&port.address, &port.named_in);
        Some(
            Said::bad(format!("nothing listens on {address}, where {place} expects its server"))
                .about(address.clone())
                .seen(format!("a connection to {address}"), "taken", reason.clone())
                .by_hand(
                    "start that server, or correct the address; this shows who listens where",
                    format!("ss -ltn 'sport = :{}'", port.port),
                ),
        )
    });
    let silent: Vec<Said> = silent.collect();
    Ok(match (silent.is_empty(), ports.len()) {
        (false, _) => silent,
        (true, 0) => vec![Said::ok("the settings expect no server on a port of this machine")],
        (true, all) => vec![Said::ok(format!("somebody listens on {} that the settings name", count(all, "port", "ports")))],
    })
}

// ---- file systems

/// Files can be made on the home's file system.
pub fn inodes(facts: &Facts) -> Judged {
    let inodes = *known(&facts.host.machine.inodes, "room for files")?;
    let left = grouped(inodes.limit.saturating_sub(inodes.used));
    let observed = format!("{} % used, {left} of {} left", inodes.percent(), grouped(inodes.limit));
    if inodes.percent() < INODES_PERCENT_MAX {
        return Ok(vec![Said::ok(format!("room for files: {observed}"))]);
    }
    let severity = if inodes.percent() >= 99 { Severity::Error } else { Severity::Warning };
    Ok(vec![
        Said::bad(format!("the file system of the home has hardly room for another file, whatever its free space: {observed}"))
            .severity(severity)
            .seen("inodes of the home's file system", format!("below {INODES_PERCENT_MAX} % used"), observed)
            .by_hand(
                "find the folders with most files, and clear them",
                format!("du --inodes -xS {} | sort -n | tail", home(facts)),
            ),
    ])
}

fn home(facts: &Facts) -> String {
    quoted(&facts.host.home.display().to_string())
}

/// SQLite's locks and shared memory work where the home is.
pub fn file_system(facts: &Facts) -> Judged {
    let mount = known(&facts.host.machine.mount, "the file system of the home")?;
    let place = format!("{} at {}", mount.kind, mount.point);
    let network = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "davfs"];
    // What a program mounts may pass locks on or not; these are known to be another machine's files, or a
    // store that has no locks at all.
    let remote = ["sshfs", "s3fs", "rclone", "gcsfuse", "goofys", "blobfuse", "blobfuse2", "curlftpfs", "davfs2", "mount-s3"];
    let by_program = mount.kind.strip_prefix("fuse.").is_some_and(|program| remote.contains(&program));
    // A folder of the machine that this one is a guest of: some pass locks on, some do not.
    let severity = match mount.kind.as_str() {
        "9p" | "vboxsf" | "prl_fs" => Severity::Warning,
        kind if by_program || network.contains(&kind) => Severity::Error,
        _ => return Ok(vec![Said::ok(format!("the home is on {place}"))]),
    };
    Ok(vec![
        Said::bad(format!("the home is on {place}, a file system of another machine: SQLite's databases get damaged there"))
            .severity(severity)
            .seen("file system of the home", "one of this machine", format!("{} from {}", mount.kind, mount.source))
            .by_hand(
                "stop the daemons, copy the home to a disk of this machine with its modes, and use it there; keep archives on the other one",
                format!("findmnt --target {}", home(facts)),
            ),
    ])
}

/// The home outlives a restart.
pub fn volume(facts: &Facts) -> Judged {
    let mount = known(&facts.host.machine.mount, "the file system of the home")?;
    let what = match mount.kind.as_str() {
        "tmpfs" | "ramfs" | "rootfs" => "in memory, and gone when the machine or the container restarts",
        "overlay" | "aufs" => "on the container's own layer, and gone with the container",
        _ => return Ok(vec![Said::ok(format!("the home is on {} from {}, which outlives a restart", mount.kind, mount.source))]),
    };
    if facts.host.opened == Ok(HomeKind::Sandbox) {
        return Ok(vec![Said::ok(format!("the home is {what}; a sandbox may be"))]);
    }
    Ok(vec![
        Said::bad(format!("the home is {what}: sessions must be linked again then, and messages are lost"))
            .seen("file system of the home", "a disk, or a volume of its own", format!("{} at {}", mount.kind, mount.point))
            .by_hand(
                "put the home on a volume (docker run -v wpp:/home/wpp/.wpp), and restore the last archives there",
                format!("findmnt --target {}", home(facts)),
            ),
    ])
}

/// The file system of the home has found no errors in itself.
pub fn file_system_errors(facts: &Facts) -> Judged {
    let mount = known(&facts.host.machine.mount, "the file system of the home")?;
    let errors = mount.errors.unwrap_or(0);
    if errors == 0 && !mount.read_only {
        return Ok(vec![Said::ok(match mount.errors {
            Some(_) => format!("{} has found no errors in itself", mount.source),
            None => format!("{} takes writes", mount.point),
        })]);
    }
    if errors == 0 && super::host::is_read_only(facts) {
        return Err(Stop::Skipped("it is mounted read-only, which wpp.home.writable tells".into()));
    }
    let observed = match (errors, mount.read_only) {
        (0, _) => "mounted read-only".to_owned(),
        (errors, true) => format!("{} found, and mounted read-only since", count(errors, "error", "errors")),
        (errors, false) => format!("{} found", count(errors, "error", "errors")),
    };
    Ok(vec![
        Said::bad(format!("the file system of the home is not well: {observed}"))
            .seen(format!("{} at {}", mount.source, mount.point), "writable, without errors", observed)
            .by_hand(
                "take a backup to another disk now, then look at the disk and check the file system unmounted",
                "dmesg --level=err | tail",
            ),
    ])
}

// ---- the clock

/// Nothing here is dated ahead of now.
pub fn clock_behind(facts: &Facts) -> Judged {
    let newest = known(&facts.host.machine.newest, "what was dated here")?;
    let heard = facts.sessions.iter().filter_map(|session| {
        Some((format!("what the daemon of {} heard last", session.name), session.status()?.last_heard_ms?))
    });
    let all = newest.iter().map(|dated| (dated.what.clone(), dated.at_ms)).chain(heard);
    let Some((what, at_ms)) = all.max_by_key(|(_, at_ms)| *at_ms).filter(|(_, at_ms)| at_ms - facts.now_ms > CLOCK_STEP_MS_MAX)
    else {
        return Ok(vec![Said::ok("nothing here is dated ahead of the clock")]);
    };
    let ahead = span(at_ms - facts.now_ms);
    Ok(vec![
        Said::bad(format!("the clock is behind, or was ahead: {what} is dated {ahead} ahead of now"))
            .seen(what, "not after now", clock::rfc3339(clock::from_ms(at_ms)))
            .by_hand("compare the clock with another, and have it kept by NTP", "timedatectl"),
    ])
}

/// The clock has not jumped while the daemon ran.
pub fn clock_stepped(facts: &Facts, session: &SessionFacts) -> Judged {
    let process = known(&session.process, "the daemon's process")?;
    let Some(status) = session.status() else {
        return Err(Stop::Skipped("the daemon does not say when it started: see wpp.session.daemon-silent".into()));
    };
    // The process may be older than the daemon in it, when a script has become it; some threads are younger.
    // The one that began next to it tells how far the two clocks are apart.
    let steps = process.threads_began_ms.iter().map(|began_ms| began_ms - status.started_ms);
    let Some(step_ms) = steps.min_by_key(|step_ms| step_ms.abs()) else {
        return Err(Stop::Unknown("the daemon's process shows no thread".into()));
    };
    if step_ms.abs() <= CLOCK_STEP_MS_MAX {
        return Ok(vec![Said::ok("the clock has not jumped since the daemon started")]);
    }
    let jumped = format!("{} {}", span(step_ms), if step_ms > 0 { "ahead" } else { "back" });
    Ok(vec![
        Said::bad(format!(
            "the clock has jumped {jumped} since the daemon started: times of messages and of what is due are off"
        ))
        .seen(
            "start of the daemon",
            clock::rfc3339(clock::from_ms(status.started_ms + step_ms)),
            format!("{} by its own clock", clock::rfc3339(clock::from_ms(status.started_ms))),
        )
        .by_hand("have the clock kept by NTP, then start the daemon anew", line(facts, Some(&session.name), "restart")),
    ])
}

/// The machine's time zone is known where something is told in it.
pub fn time_zone(facts: &Facts) -> Judged {
    let zone = known(&facts.host.machine.zone, "the time zone")?;
    let Some(problem) = &zone.problem else {
        return Ok(vec![Said::ok("the machine's time zone is known")]);
    };
    let wanted = zone.variable.as_ref().filter(|variable| !variable.is_empty());
    if zone.told_in_it.is_empty() && wanted.is_none() {
        return Ok(vec![Said::ok("the machine has no time zone, and nothing is told in it: UTC is taken")]);
    }
    let told = if zone.told_in_it.is_empty() { String::new() } else { format!(" for {}", zone.told_in_it.join(", ")) };
    Ok(vec![
        Said::bad(format!("the machine's time zone is not known, so UTC is taken{told}"))
            // Small containers have none, and keep UTC on purpose.
            .severity(if wanted.is_some() { Severity::Warning } else { Severity::Info })
            .seen(
                "TZ, else /etc/localtime",
                "a time zone",
                wanted.map_or(problem.clone(), |wanted| format!("TZ={wanted}: {problem}")),
            )
            .by_hand(
                "correct TZ, or name the zone where it matters (time_zone = \"Europe/Paris\")",
                "timedatectl list-timezones | less",
            ),
    ])
}

// ---- programs

/// The programs that the settings name are there.
pub fn programs(facts: &Facts) -> Judged {
    let programs = known(&facts.host.machine.programs, "programs that the settings name")?;
    let missing: Vec<Said> = programs
        .iter()
        .filter(|program| program.path.is_none())
        .map(|program| {
            let (name, setting) = (&program.name, &program.named_in);
            Said::bad(format!("{name} is not on this machine, and {setting} needs it"))
                .seen(setting.clone(), "a program that can be run", format!("{name} is not on PATH"))
                .by_hand(
                    "install it, or name its whole path there: services have a shorter PATH than shells",
                    format!("command -v {}", quoted(name)),
                )
        })
        .collect();
    Ok(match (missing.is_empty(), programs.len()) {
        (false, _) => missing,
        (true, 0) => vec![Said::ok("the settings name no programs")],
        (true, all) => vec![Said::ok(format!("{} that the settings name can be run", count(all, "program", "programs")))],
    })
}
