//! `wpp doctor` on machines that something is wrong with: really, where that can be done by a test, and
//! else on a folder that stands in for the machine.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use wpp::home::{Home, HomeKind};
use wpp::journal::Journal;

use crate::harness::{Outcome, TestHome, program, refusing};
use crate::simulated::Simulated;

/// A sandbox home that holds nothing yet.
fn sandbox() -> TestHome {
    let home = TestHome::sandbox();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    home
}

/// What one check says, by severity and summary; none when it was skipped.
fn said(home: &TestHome, id: &str, variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut command = home.command(&["doctor", "--only", id, "--format", "json"]);
    command.envs(variables.iter().copied());
    findings(&Outcome::of(command.output().unwrap()))
}

fn findings(outcome: &Outcome) -> Vec<(String, String)> {
    outcome.assert_helpful();
    let last = outcome.stdout.lines().last().unwrap_or_default();
    let report: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    findings.iter().map(|finding| (text(finding, "severity"), text(finding, "summary"))).collect()
}

fn severities(said: &[(String, String)]) -> Vec<&str> {
    said.iter().map(|(severity, _)| severity.as_str()).collect()
}

/// A folder that stands in for a machine.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// One on which all is well.
    fn well() -> Machine {
        let machine = Machine { folder: tempfile::tempdir().unwrap() };
        for (path, text) in [
            (
                "proc/meminfo",
                "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\nSwapTotal: 4000000 kB\nSwapFree: 4000000 kB\n\
                 CommitLimit: 12000000 kB\nCommitted_AS: 2000000 kB\n",
            ),
            (
                "proc/pressure/memory",
                "some avg10=0.00 avg60=0.00 avg300=3.10 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.40 total=5\n",
            ),
            ("proc/sys/vm/overcommit_memory", "0\n"),
            ("proc/sys/fs/file-nr", "3586\t0\t2466170\n"),
            ("proc/sys/kernel/pid_max", "32768\n"),
            ("proc/sys/kernel/threads-max", "192730\n"),
            ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
            ("proc/sys/kernel/core_pattern", "core\n"),
            ("proc/loadavg", "0.10 0.20 0.30 2/293 4711\n"),
            ("proc/self/cgroup", "0::/system.slice/wpp.service\n"),
            (
                "proc/self/mountinfo",
                "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n38 27 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            ),
            ("sys/fs/cgroup/system.slice/wpp.service/memory.max", "1000000000\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/memory.current", "900000000\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/memory.stat", "anon 300000000\ninactive_file 500000000\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/pids.max", "500\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/pids.current", "20\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/cpu.stat", "usage_usec 1\nnr_periods 5000\nnr_throttled 20\n"),
            ("sys/fs/ext4/vda/errors_count", "0\n"),
            ("statvfs", "1000 400\n"),
            ("dev/random", "xxxxxxxx"),
        ] {
            machine.write(path, text);
        }
        std::fs::create_dir_all(machine.path("sys/dev/block")).unwrap();
        std::os::unix::fs::symlink("../../devices/virtio1/block/vda", machine.path("sys/dev/block/254:0")).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn said(&self, home: &TestHome, id: &str) -> Vec<(String, String)> {
        said(home, id, &[("WPP_MACHINE", self.folder.path().to_str().unwrap())])
    }
}

struct Case {
    id: &'static str,
    breaks: fn(&Machine, &Path),
    says: &'static [&'static str],
}

const GROUP: &str = "sys/fs/cgroup/system.slice/wpp.service";

const CASES: &[Case] = &[
    Case {
        id: "wpp.host.memory",
        breaks: |machine, _| machine.write("proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 700000 kB\n"),
        says: &["error"],
    },
    Case {
        id: "wpp.host.memory-limit",
        breaks: |machine, _| machine.write(&format!("{GROUP}/memory.stat"), "anon 880000000\ninactive_file 20000000\n"),
        says: &["warning"],
    },
    Case {
        id: "wpp.host.memory-pressure",
        breaks: |machine, _| machine.write("proc/pressure/memory", "full avg10=50.00 avg60=40.00 avg300=30.00 total=5\n"),
        says: &["warning"],
    },
    Case {
        id: "wpp.host.swap",
        breaks: |machine, _| {
            let text = "MemTotal: 16000000 kB\nMemAvailable: 2000000 kB\nSwapTotal: 4000000 kB\nSwapFree: 100000 kB\n";
            machine.write("proc/meminfo", text);
        },
        says: &["warning"],
    },
    Case {
        id: "wpp.host.overcommit",
        breaks: |machine, _| {
            machine.write("proc/sys/vm/overcommit_memory", "2\n");
            let text = "MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\nCommitLimit: 8000000 kB\nCommitted_AS: 7900000 kB\n";
            machine.write("proc/meminfo", text);
        },
        says: &["warning"],
    },
    Case {
        id: "wpp.host.open-files",
        breaks: |machine, _| machine.write("proc/sys/fs/file-nr", "9900\t0\t10000\n"),
        says: &["error"],
    },
    Case {
        id: "wpp.host.tasks",
        breaks: |machine, _| machine.write(&format!("{GROUP}/pids.current"), "450\n"),
        says: &["ok", "warning"],
    },
    Case { id: "wpp.host.tasks", breaks: |machine, _| machine.write("proc/sys/kernel/pid_max", "300\n"), says: &["error", "ok"] },
    Case {
        id: "wpp.host.processor",
        breaks: |machine, _| machine.write(&format!("{GROUP}/cpu.stat"), "nr_periods 5000\nnr_throttled 4000\n"),
        says: &["warning"],
    },
    Case { id: "wpp.host.inodes", breaks: |machine, _| machine.write("statvfs", "1000 60\n"), says: &["warning"] },
    Case {
        id: "wpp.host.file-system",
        breaks: |machine, home| {
            let home = home.canonicalize().unwrap();
            machine.write(
                "proc/self/mountinfo",
                &format!(
                    "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:50 / {} rw - nfs4 nas:/homes rw,vers=4.2\n",
                    home.display()
                ),
            );
        },
        says: &["error"],
    },
    Case {
        id: "wpp.host.file-system-errors",
        breaks: |machine, _| machine.write("sys/fs/ext4/vda/errors_count", "7\n"),
        says: &["error"],
    },
    Case {
        id: "wpp.host.file-system-errors",
        breaks: |machine, _| machine.write("proc/self/mountinfo", "27 1 254:0 / / rw - ext4 /dev/vda ro,errors=remount-ro\n"),
        says: &["error"],
    },
];

#[test]
fn what_the_kernel_tells_of_a_machine_is_found_and_a_healthy_one_is_quiet() {
    let home = sandbox();
    for Case { id, breaks, says } in CASES {
        let machine = Machine::well();
        let well = machine.said(&home, id);
        assert!(!well.is_empty() && well.iter().all(|(severity, _)| severity == "ok"), "{id}: {well:?}");
        breaks(&machine, home.path());
        let broken = machine.said(&home, id);
        assert_eq!(severities(&broken), *says, "{id}: {broken:?}");
    }
}

#[test]
fn what_the_kernel_tells_and_nobody_understands_is_unknown() {
    let (home, machine) = (sandbox(), Machine::well());
    machine.write("proc/meminfo", "no numbers here\n");
    assert_eq!(severities(&machine.said(&home, "wpp.host.memory")), ["unknown"]);
    std::fs::remove_file(machine.path("proc/meminfo")).unwrap();
    assert_eq!(machine.said(&home, "wpp.host.memory"), [], "another system has no such file");
}

#[test]
fn a_kernel_without_entropy_is_found() {
    let (home, machine) = (sandbox(), Machine::well());
    assert_eq!(severities(&machine.said(&home, "wpp.host.random")), ["ok"]);
    // A pipe that somebody may write to and has not is what an unready kernel looks like.
    let path = machine.path("dev/random");
    std::fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let writer = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    assert_eq!(severities(&machine.said(&home, "wpp.host.random")), ["error"]);
    drop(writer);
}

#[test]
fn this_machine_is_looked_at_and_a_live_home_never_looks_at_another() {
    let home = sandbox();
    let real = said(&home, "wpp.host.file-system", &[]);
    assert_eq!(severities(&real), ["ok"], "the tests' folder is on a disk of this machine: {real:?}");
    let live = TestHome::live();
    Home::create(live.path(), HomeKind::Live).unwrap();
    let machine = Machine::well();
    machine.write("proc/sys/fs/file-nr", "9900\t0\t10000\n");
    assert_eq!(severities(&machine.said(&home, "wpp.host.open-files")), ["error"]);
    let own = machine.said(&live, "wpp.host.open-files");
    assert!(own.iter().all(|(_, summary)| !summary.contains("10000")), "{own:?}");
}

#[test]
fn limits_of_the_shell_are_found() {
    let home = sandbox();
    let under = |limit: &str, id: &str| {
        let script = format!("ulimit {limit} && exec {} doctor --only {id} --format json", program());
        let mut command = home.command(&[]);
        let home =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.unwrap_or_default().to_owned())).collect::<Vec<_>>();
        command = std::process::Command::new("sh");
        command.env_clear().envs(home).args(["-c", &script]).stdin(std::process::Stdio::null());
        findings(&Outcome::of(command.output().unwrap()))
    };
    assert_eq!(severities(&under("-n 100", "wpp.host.open-files-limit")), ["warning"]);
    assert_eq!(severities(&under("-n 512", "wpp.host.open-files-limit")), ["ok"]);
    assert_eq!(severities(&under("-f 100000", "wpp.host.size-limits")), ["warning"]);
    assert_eq!(severities(&under("-v 8000000", "wpp.host.size-limits")), ["warning"]);
    assert_eq!(severities(&said(&home, "wpp.host.size-limits", &[])), ["ok"]);
}

/// `/dev/shm` is in memory on every Linux.
#[cfg(target_os = "linux")]
#[test]
fn a_live_home_in_memory_does_not_outlive_a_restart() {
    let folder = tempfile::Builder::new().prefix("wpp-it-").tempdir_in("/dev/shm").unwrap();
    let look = |kind: HomeKind, name: &str| {
        let root = folder.path().join(name);
        Home::create(&root, kind).unwrap();
        let mut command = std::process::Command::new(program());
        command.env_clear().env("WPP_HOME", &root).env("WPP_DOCTOR_OFFLINE", "true");
        command.args(["doctor", "--only", "wpp.host.volume", "--format", "json"]);
        findings(&Outcome::of(command.output().unwrap()))
    };
    let live = look(HomeKind::Live, "live");
    assert!(severities(&live) == ["warning"] && live[0].1.contains("in memory"), "{live:?}");
    assert_eq!(severities(&look(HomeKind::Sandbox, "sandbox")), ["ok"]);
}

#[test]
fn what_is_dated_ahead_tells_that_the_clock_was_wrong() {
    let home = sandbox();
    assert_eq!(severities(&said(&home, "wpp.host.clock-behind", &[])), ["ok"]);
    let path = home.path().join("ops.db");
    Journal::open(&path).unwrap().record(None, "start", &serde_json::json!({})).unwrap();
    assert_eq!(severities(&said(&home, "wpp.host.clock-behind", &[])), ["ok"]);
    let journal = rusqlite::Connection::open(&path).unwrap();
    journal.execute("UPDATE entry SET at_ms = at_ms + 86400000", []).unwrap();
    drop(journal);
    let ahead = said(&home, "wpp.host.clock-behind", &[]);
    assert!(severities(&ahead) == ["warning"] && ahead[0].1.contains("ops.db"), "{ahead:?}");
}

#[test]
fn a_zone_that_nobody_knows_and_a_program_that_is_gone_are_found() {
    let home = sandbox();
    std::fs::write(
        home.path().join("config.toml"),
        "[backup]\non_failure = [\"wpp-no-such-program\", \"x\"]\n\
         [contacts.on-call]\ncommand = [\"/bin/sh\", \"-c\", \"true\"]\n\
         [schedule.nightly]\nrun = [\"backup\"]\nwhen = \"daily 02:30\"\n",
    )
    .unwrap();
    let zone = said(&home, "wpp.host.time-zone", &[("TZ", "Mars/Olympus")]);
    assert!(severities(&zone) == ["warning"] && zone[0].1.contains("schedule.nightly"), "{zone:?}");
    assert_eq!(severities(&said(&home, "wpp.host.time-zone", &[("TZ", "Asia/Kuala_Lumpur")])), ["ok"]);
    let programs = said(&home, "wpp.host.toolchain", &[]);
    assert!(severities(&programs) == ["warning"] && programs[0].1.contains("wpp-no-such-program"), "{programs:?}");
    std::fs::write(home.path().join("config.toml"), "[backup]\non_failure = [\"sh\"]\n").unwrap();
    assert_eq!(severities(&said(&home, "wpp.host.toolchain", &[])), ["ok"]);
}

#[test]
fn a_schedule_that_rehearses_dumps_needs_a_server_that_it_can_start() {
    let home = sandbox();
    let nothing = tempfile::tempdir().unwrap();
    let settings = format!(
        "[postgres]\nfolder = {:?}\n[schedule.weekly]\nrun = [\"dump\", \"rehearse\", \"x\"]\nwhen = \"monday 09:00\"\n",
        nothing.path()
    );
    std::fs::write(home.path().join("config.toml"), settings).unwrap();
    let missing = said(&home, "wpp.host.toolchain", &[]);
    assert!(severities(&missing) == ["warning"] && missing[0].1.contains("initdb"), "{missing:?}");
    let program = nothing.path().join("initdb");
    std::fs::write(&program, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(severities(&said(&home, "wpp.host.toolchain", &[])), ["ok"]);
}

#[test]
fn a_port_of_this_machine_that_a_plugin_expects_a_server_on_is_tried_offline_too() {
    let home = sandbox();
    let id = "wpp.host.ports";
    assert_eq!(severities(&said(&home, id, &[])), ["ok"], "no setting names one");
    let expect = |address: std::net::SocketAddr| {
        // A server elsewhere is none of this check's business.
        let text = format!("[plugin.openwa]\nurl = \"http://{address}\"\n[plugin.far]\nurl = \"https://gateway.example\"\n");
        std::fs::write(home.path().join("config.toml"), text).unwrap();
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    expect(listener.local_addr().unwrap());
    let offline = [("WPP_DOCTOR_OFFLINE", "true")];
    let taken = said(&home, id, &offline);
    assert!(severities(&taken) == ["ok"] && taken[0].1.contains("1 port"), "{taken:?}");
    let (address, _held) = refusing();
    expect(address);
    let silent = said(&home, id, &offline);
    let expected = format!("nothing listens on {address}, where [plugin.openwa] expects its server");
    assert_eq!(silent, [("warning".to_owned(), expected)]);
    // Where servers are looked at anyway, the same is told once.
    let whole = findings(&Outcome::of(home.command(&["doctor", "--format", "json", "--severity", "warning"]).output().unwrap()));
    let told = whole.iter().filter(|(_, summary)| summary.contains(&address.to_string()));
    assert_eq!(told.count(), 1, "{whole:?}");
    let smoke = findings(&Outcome::of(home.command(&["doctor", "--smoke", "--format", "json"]).output().unwrap()));
    assert!(smoke.iter().any(|(severity, summary)| severity == "warning" && summary.contains("[plugin.openwa]")), "{smoke:?}");
}

#[test]
fn a_mask_that_leaves_others_what_is_made_is_found() {
    let simulated = Simulated::linked();
    let (home, id) = (&simulated.home, "wpp.security.umask");
    let under = |mask: &str, variables: &[(&str, &str)]| {
        let script = format!("umask {mask} && exec {} doctor --only {id} --format json", program());
        let own = home.command(&[]);
        let own = own.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect::<Vec<_>>();
        let mut command = std::process::Command::new("sh");
        command.env_clear().envs(own).envs(variables.iter().copied());
        findings(&Outcome::of(command.args(["-c", &script]).stdin(std::process::Stdio::null()).output().unwrap()))
    };
    for usual in ["0022", "0002", "0077"] {
        assert_eq!(severities(&under(usual, &[])), ["ok"], "{usual}: the daemon sets its own, and this is what shells have");
    }
    let open = under("0000", &[]);
    assert!(severities(&open) == ["info"] && open[0].1.contains("0000"), "{open:?}");

    let (pid, machine) = (simulated.daemon().unwrap(), Machine::well());
    for file in ["limits", "cgroup", "status", &format!("task/{pid}/stat")] {
        machine.write(&format!("proc/{pid}/{file}"), &std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap());
    }
    machine.write("proc/thread-self/stat", &std::fs::read_to_string("/proc/thread-self/stat").unwrap());
    std::fs::create_dir(machine.path(&format!("proc/{pid}/fd"))).unwrap();
    std::os::unix::fs::symlink(home.session("main").join("LOCK"), machine.path(&format!("proc/{pid}/fd/3"))).unwrap();
    let stood_in = [("WPP_MACHINE", machine.folder.path().to_str().unwrap())];
    let well = under("0022", &stood_in);
    assert!(severities(&well) == ["ok"] && well[0].1.contains("1 daemon"), "{well:?}");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    for (mask, severity) in [("0022", "info"), ("0002", "warning"), ("0000", "warning")] {
        machine.write(&format!("proc/{pid}/status"), &status.replace("Umask:\t0077", &format!("Umask:\t{mask}")));
        let wide = under("0022", &stood_in);
        assert!(severities(&wide) == [severity] && wide[0].1.contains("main") && wide[0].1.contains(mask), "{wide:?}");
    }
}

#[test]
fn a_daemon_short_of_descriptors_or_that_would_leave_its_memory_is_found() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    for id in ["wpp.host.daemon-files", "wpp.host.core-dumps", "wpp.host.clock-step"] {
        assert_eq!(severities(&said(home, id, &[])), ["ok"], "{id}");
    }
    let pid = simulated.daemon().unwrap();
    // What it holds already is more than four fifths of this.
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
    let process = Pid::from_raw(i32::try_from(pid).unwrap());
    prlimit(process, Resource::Nofile, Rlimit { current: Some(open + 2), maximum: Some(open + 2) }).unwrap();
    let files = said(home, "wpp.host.daemon-files", &[]);
    assert!(["warning", "error"].contains(&severities(&files)[0]), "{files:?}");

    let machine = Machine::well();
    for file in ["limits", "cgroup", &format!("task/{pid}/stat")] {
        machine.write(&format!("proc/{pid}/{file}"), &std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap());
    }
    machine.write("proc/thread-self/stat", &std::fs::read_to_string("/proc/thread-self/stat").unwrap());
    std::fs::create_dir(machine.path(&format!("proc/{pid}/fd"))).unwrap();
    assert_eq!(machine.said(home, "wpp.host.core-dumps"), [], "another machine's process of that number is not the daemon");
    std::os::unix::fs::symlink(home.session("main").join("LOCK"), machine.path(&format!("proc/{pid}/fd/3"))).unwrap();
    assert_eq!(severities(&machine.said(home, "wpp.host.core-dumps")), ["ok"], "a daemon forbids it to itself");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let (before, rest) = limits.split_once("Max core file size        0        ").unwrap();
    machine.write(&format!("proc/{pid}/limits"), &format!("{before}Max core file size        unlimited{rest}"));
    assert_eq!(severities(&machine.said(home, "wpp.host.core-dumps")), ["warning"]);
    machine.write("proc/sys/kernel/core_pattern", "|/usr/lib/systemd/systemd-coredump %P\n");
    assert_eq!(severities(&machine.said(home, "wpp.host.core-dumps")), ["ok"]);
}

#[test]
fn a_clock_that_jumped_since_the_daemon_started_is_found() {
    let simulated = Simulated::linked();
    let home = &simulated.home;
    assert_eq!(home.run(&["stop"]).code, 0);
    // The daemon starts while its clock is an hour behind; since then it was put right.
    let clock = Home::open(home.path()).unwrap().fault_clock();
    wpp::disk::create_folder(clock.parent().unwrap()).unwrap();
    std::fs::write(&clock, "-3600000").unwrap();
    let started = home.run(&["start"]);
    assert_eq!(started.code, 0, "{started:?}");
    let step = said(home, "wpp.host.clock-step", &[]);
    assert!(severities(&step) == ["warning"] && step[0].1.contains("ahead"), "{step:?}");
    std::fs::remove_file(&clock).unwrap();
    assert_eq!(home.run(&["restart"]).code, 0);
    assert_eq!(severities(&said(home, "wpp.host.clock-step", &[])), ["ok"]);
}
