//! Rows of the machine: memory, limits, clock, file systems, programs.

use crate::doctor::Judge::{Host, Session};
use crate::doctor::{Check, machine};
use crate::report::Severity::{Error, Warning};

const HYGIENE: Option<&str> = Some("runbooks/security-hygiene.md");
const CAPACITY: Option<&str> = Some("runbooks/capacity.md");
const ROOM: Option<&str> = Some("runbooks/disk-space.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.host.memory",
        title: "memory is left",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "MemAvailable of /proc/meminfo: what programs can still get without swapping; a full cache of files is no \
                  shortage. Beyond 80 % used the kernel begins to take pages from daemons, beyond 95 % it may kill one.",
        mend: "`ps aux --sort=-rss | head` shows who takes it, `wpp capacity` what a session does. End or move what is not \
               needed, or give the machine more.",
        judge: Host(machine::memory),
    },
    Check {
        id: "wpp.host.memory-limit",
        title: "the control groups have memory left",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "The limit of memory of the control groups that this command and the daemons run in (a container, a unit of \
                  systemd), of both versions, at the tightest of it and those above it. The kernel kills within the group when \
                  it is reached, however much the machine has. Pages of files that can be given back do not count.",
        mend: "Raise the limit (`systemctl set-property UNIT MemoryMax=1G`, `docker update --memory 1g NAME`), or end what \
               takes the memory in that group.",
        judge: Host(machine::memory_limit),
    },
    Check {
        id: "wpp.host.memory-pressure",
        title: "work does not wait for memory",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "/proc/pressure/memory: the share of the last five minutes in which everything stood still until memory was \
                  found. From 10 % on answers are late and connections time out, though nothing has failed yet.",
        mend: "`ps aux --sort=-rss | head` shows what takes memory; end or move it.",
        judge: Host(machine::memory_pressure),
    },
    Check {
        id: "wpp.host.swap",
        title: "the machine does not live on its swap",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "SwapFree and MemAvailable of /proc/meminfo. Swap that is full while memory is short means that pages in use are \
                  read from a disk: every answer is slow, and what comes next is that programs are killed. Swap that holds what \
                  nobody touches is well.",
        mend: "`ps aux --sort=-rss | head` shows what takes memory; end or move it, or give the machine more. More swap alone \
               only makes it slower before it fails.",
        judge: Host(machine::swap),
    },
    Check {
        id: "wpp.host.overcommit",
        title: "the kernel can promise memory",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "Only with vm.overcommit_memory=2: Committed_AS against CommitLimit. Such a kernel refuses memory once it has \
                  promised what it has, even if hardly any is used; plugins and databases then fail to start.",
        mend: "`sudo sysctl vm.overcommit_memory=0` until the next start, and a line in /etc/sysctl.d/ for good; or add \
               swap.",
        judge: Host(machine::overcommit),
    },
    Check {
        id: "wpp.host.open-files",
        title: "the machine can open files",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "/proc/sys/fs/file-nr: files that are open on the whole machine against fs.file-max. When the table is full, \
                  nothing can open a file or a socket.",
        mend: "`lsof | awk '{print $1}' | sort | uniq -c | sort -n | tail` shows who holds them; restart that program, or \
               raise the limit with `sudo sysctl fs.file-max=NUMBER`.",
        judge: Host(machine::open_files),
    },
    Check {
        id: "wpp.host.open-files-limit",
        title: "what is started from here can open files",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "The soft limit of open files of this process, which a daemon started from here inherits. Under 128 a busy \
                  daemon fails to open databases and sockets.",
        mend: "`ulimit -n 1024` in the shell that starts it, or LimitNOFILE=1024 in its unit; then `wpp restart`.",
        judge: Host(machine::open_files_limit),
    },
    Check {
        id: "wpp.host.size-limits",
        title: "no limit of sizes is in the way",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: None,
        explain: "The soft limits of file sizes and of the address space of this process, which a daemon started from here \
                  inherits. A file that grows beyond the first kills its writer by a signal; plugins reserve more addresses \
                  than a low second one gives, without using them.",
        mend: "`ulimit -f unlimited` and `ulimit -v unlimited` in the shell that starts it, or LimitFSIZE=infinity and \
               LimitAS=infinity in its unit; bound memory by MemoryMax= in their place.",
        judge: Host(machine::size_limits),
    },
    Check {
        id: "wpp.host.tasks",
        title: "processes and threads can be started",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "All processes and threads against kernel.pid_max and kernel.threads-max, and those of the control groups \
                  that this command and the daemons run in against pids.max. A daemon has about a dozen threads; when there is \
                  no room, it cannot start or answer.",
        mend: "Raise the limit of the group (`systemctl set-property UNIT TasksMax=512`, `docker update --pids-limit 512 \
               NAME`), or end what starts so many: `ps -eLf | awk '{print $1}' | sort | uniq -c` counts them.",
        judge: Host(machine::tasks),
    },
    Check {
        id: "wpp.host.processor",
        title: "the processor is not taken away",
        area: "host",
        severity: Warning,
        needs: &[],
        runbook: CAPACITY,
        explain: "nr_throttled and nr_periods of the cpu.stat of the control groups that this command and the daemons run in. \
                  A group that was held back in a quarter of its periods answers late, and connections that wait for an answer \
                  are lost.",
        mend: "Raise the group's share: `systemctl set-property UNIT CPUQuota=100%`, or `docker update --cpus 1 NAME`.",
        judge: Host(machine::held_back),
    },
    Check {
        id: "wpp.host.random",
        title: "keys can be made",
        area: "host",
        severity: Error,
        needs: &[],
        runbook: None,
        explain: "Whether /dev/random answers without waiting, on kernels since 5.6, where it waits only until the kernel has \
                  gathered enough entropy after its start. Until then every connection and every key waits.",
        mend: "Give the virtual machine a source of entropy (a virtio-rng device), or install haveged; then start it anew.",
        judge: Host(machine::random),
    },
    Check {
        id: "wpp.host.inodes",
        title: "files can be made",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: ROOM,
        explain: "Inodes of the home's file system. When none is left, no file can be made, whatever the free space; it looks \
                  like a full disk and is not. Usual are millions of small files of something else.",
        mend: "`du --inodes -xS / | sort -n | tail` finds the folders that hold most files; clear those. wpp's own old copies \
               go with `wpp backup prune --set-aside --older-than 30d`.",
        judge: Host(machine::inodes),
    },
    Check {
        id: "wpp.host.file-system",
        title: "the home is on a file system of this machine",
        area: "host",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "The kind of the file system that holds the home, as /proc/self/mountinfo tells it. NFS, CIFS, sshfs and \
                  stores like S3 lose or delay SQLite's locks, and its shared memory does not work between machines: databases \
                  get damaged.",
        mend: "`wpp stop` every daemon, copy the home with its modes to a disk of this machine (`cp -a`), and use it there by \
               WPP_HOME. Archives may stay on the other one.",
        judge: Host(machine::file_system),
    },
    Check {
        id: "wpp.host.file-system-errors",
        title: "the home's file system is well",
        area: "host",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "Whether the home's file system takes writes, and on ext4 how many errors it has found in itself \
                  (/sys/fs/ext4/DEVICE/errors_count). After an error many are mounted read-only, and every write fails until \
                  they were checked.",
        mend: "Take a backup to another disk first, with `wpp backup --output FOLDER`. Then see `dmesg --level=err` and check \
               the file system while it is not mounted (`fsck DEVICE`).",
        judge: Host(machine::file_system_errors),
    },
    Check {
        id: "wpp.host.volume",
        title: "the home outlives a restart",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "The kind of the file system that holds the home: in memory (tmpfs), or on the own layer of a container \
                  (overlay), the linked devices and all messages are gone with the next restart or the next image. A sandbox \
                  may be there.",
        mend: "Put the home on a volume (`docker run -v wpp:/root/.wpp …`), and bring the newest archives back there with `wpp \
               restore ARCHIVE`.",
        judge: Host(machine::volume),
    },
    Check {
        id: "wpp.host.clock-behind",
        title: "nothing is dated ahead of the clock",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.marker", "wpp.home.journal"],
        runbook: None,
        explain: "The newest row of the journal, the newest file of the home and what daemons heard last, against the clock. \
                  What is dated more than a minute ahead was written while the clock was ahead, or the clock is behind now: \
                  ages of backups, times of messages and the schedule are wrong, and retention may delete the wrong \
                  archives.",
        mend: "Compare the clock with another one, and have it kept by NTP: `sudo timedatectl set-ntp true`.",
        judge: Host(machine::clock_behind),
    },
    Check {
        id: "wpp.host.time-zone",
        title: "the machine's time zone is known",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "TZ, else /etc/localtime. Entries of the schedule and quiet hours without a time_zone of their own are told in \
                  it; where it is not known, UTC is taken, and what was to run at night runs at another hour. wpp brings the data of all zones \
                  along, so a named zone always works: time_zone = \"Europe/Paris\".",
        mend: "`sudo timedatectl set-timezone ZONE`, or correct TZ; or name the zone where it matters, with time_zone in \
               config.toml.",
        judge: Host(machine::time_zone),
    },
    Check {
        id: "wpp.host.toolchain",
        title: "programs that the settings name are there",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "The programs of backup.on_failure, of contacts, of secrets that a command writes, of [dump.NAME] (pg_dump, \
                  redis-cli), and of entries of the schedule that rehearse dumps (initdb, or docker), looked for as they would be \
                  started. One that is missing is noticed in the night in which it is needed. Programs that the settings do not name \
                  are not looked for: a command that a person types says itself what it lacks.",
        mend: "Install the program, or name its whole path in config.toml: services have a shorter PATH than shells. `command \
               -v NAME` says where a shell finds it.",
        judge: Host(machine::programs),
    },
    Check {
        id: "wpp.host.ports",
        title: "somebody listens where a server of this machine is expected",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "wpp itself listens on no port, only on a socket in the session's folder. Addresses of this machine under [plugin.NAME] \
                  and in backup.s3.endpoint are connected to, for 200 ms each, and nothing is said there. This leaves the machine alone, \
                  so it is done with --offline and --smoke, too; where servers are looked at anyway, wpp.network.servers tells it.",
        mend: "Start that server, or correct its address in config.toml; `ss -ltn` shows who listens where.",
        judge: Host(machine::ports),
    },
    Check {
        id: "wpp.security.umask",
        title: "what daemons make is for their owner alone",
        area: "security",
        severity: Warning,
        needs: &[],
        runbook: HYGIENE,
        explain: "The mask for the modes of new files: of each daemon as /proc/PID/status tells it, and of the shell that this command was \
                  started from. wpp sets its own to 0077 before it does anything, so a daemon with another one is not what was installed, \
                  or something in it went wrong. The shell's is worth knowing only when everybody could write to what it makes.",
        mend: "Start the daemon anew with `wpp restart`. For the shell, `umask 022`, also in the profile or the unit (UMask=) that opens it.",
        judge: Host(machine::umask),
    },
];

/// What the machine lets the daemon of each session do.
pub(super) const OF_DAEMONS: &[Check] = &[
    Check {
        id: "wpp.host.daemon-files",
        title: "the daemon can open files",
        area: "host",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: CAPACITY,
        explain: "The descriptors in /proc/PID/fd of the session's daemon against its own soft limit. When it is reached, it \
                  can open neither a database nor a connection. A number that only grows is a bug of wpp.",
        mend: "`ls -l /proc/PID/fd` shows what it holds. Raise the limit (`ulimit -n 1024`, or LimitNOFILE=1024 in its unit) \
               and start it anew with `wpp restart`.",
        judge: Session(machine::daemon_files),
    },
    Check {
        id: "wpp.host.core-dumps",
        title: "a crash leaves no keys behind",
        area: "host",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: HYGIENE,
        explain: "The limit of core files of the session's daemon (/proc/PID/limits), and kernel.core_pattern. With a limit \
                  above 0 and a file as its place, a crash writes the daemon's memory, with keys and messages, where a backup \
                  or another user may find it. A daemon of this version sets its limit to 0.",
        mend: "Start it anew with `wpp restart`, and remove core files that lie about: they hold keys.",
        judge: Session(machine::core_dumps),
    },
    Check {
        id: "wpp.host.clock-step",
        title: "the clock has not jumped under the daemon",
        area: "host",
        severity: Warning,
        needs: &["wpp.session.folder"],
        runbook: None,
        explain: "When the daemon says that it started, by the wall clock of that moment, against when the kernel says so, \
                  counted in time that no clock can change. More than a minute between them is a jump since: times of \
                  messages, of what is due and of deadlines are off.",
        mend: "Have the clock kept by NTP (`sudo timedatectl set-ntp true`), then start the daemon anew with `wpp restart`.",
        judge: Session(machine::clock_stepped),
    },
];
