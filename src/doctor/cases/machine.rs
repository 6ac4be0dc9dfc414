//! What breaks a machine.

use super::*;
use crate::facts::machine::{
    Dated, GroupFacts, MachineFacts, Memory, Mount, PortLook, Pressure, ProcessFacts, ProcessLimits, ProgramFacts, ProgramLook,
    ProgramNow, Use, ZoneFacts,
};

const GIB: u64 = 1 << 30;

fn group(name: &str) -> GroupFacts {
    GroupFacts { name: name.into(), memory: Some(Use { used: GIB, limit: 4 * GIB }), ..GroupFacts::default() }
}

/// A machine on which nothing is short.
pub(super) fn whole() -> MachineFacts {
    MachineFacts {
        memory: Probed::Known(Memory {
            total_bytes: 16 * GIB,
            available_bytes: 12 * GIB,
            swap_total_bytes: 4 * GIB,
            swap_free_bytes: 4 * GIB,
            promised: None,
        }),
        memory_pressure: Probed::Known(Pressure { full_percent: 0.5 }),
        open_files: Probed::Known(Use { used: 3_000, limit: 1_000_000 }),
        tasks: Probed::Known(Use { used: 300, limit: 32_768 }),
        limits: Probed::Known(ProcessLimits { open_files: Some(1024), core_bytes: Some(0), ..ProcessLimits::default() }),
        group: Probed::Known(group("/user.slice")),
        random_ready: Probed::Known(true),
        core_pattern: Probed::Known("core".into()),
        mount: Probed::Known(Mount {
            point: "/".into(),
            kind: "ext4".into(),
            source: "/dev/vda".into(),
            read_only: false,
            errors: Some(0),
        }),
        inodes: Probed::Known(Use { used: 10, limit: 100 }),
        newest: Probed::Known(vec![Dated { what: "the newest row of ops.db".into(), at_ms: NOW_MS - 5000 }]),
        zone: Probed::Known(ZoneFacts { told_in_it: vec!["schedule.nightly".into()], ..ZoneFacts::default() }),
        programs: Probed::Known(vec![ProgramLook {
            name: "mail".into(),
            named_in: "backup.on_failure".into(),
            path: Some("/usr/bin/mail".into()),
        }]),
        ports: Probed::Known(vec![PortLook {
            address: "127.0.0.1:2785".into(),
            port: 2785,
            named_in: "[plugin.openwa]".into(),
            listens: Ok(()),
        }]),
    }
}

/// The daemon of a session that is well.
pub(super) fn daemon() -> ProcessFacts {
    ProcessFacts {
        pid: 4711,
        open_files: 30,
        limits: ProcessLimits { open_files: Some(1024), core_bytes: Some(0), ..ProcessLimits::default() },
        threads_began_ms: vec![NOW_MS - 40 * MINUTE_MS, NOW_MS - 30 * MINUTE_MS + 40, NOW_MS],
        group: Probed::Known(group("/system.slice/wpp.service")),
        program: Probed::Known(ProgramFacts { path: "/usr/bin/wpp".into(), now: ProgramNow::Same }),
        umask: Some(0o077),
    }
}

fn memory(facts: &mut Facts) -> &mut Memory {
    match &mut facts.host.machine.memory {
        Probed::Known(memory) => memory,
        other => panic!("{other:?}"),
    }
}

fn process(facts: &mut Facts) -> &mut ProcessFacts {
    match &mut facts.sessions[0].process {
        Probed::Known(process) => process,
        other => panic!("{other:?}"),
    }
}

fn own_group(facts: &mut Facts) -> &mut GroupFacts {
    match &mut facts.host.machine.group {
        Probed::Known(group) => group,
        other => panic!("{other:?}"),
    }
}

fn mount(facts: &mut Facts) -> &mut Mount {
    match &mut facts.host.machine.mount {
        Probed::Known(mount) => mount,
        other => panic!("{other:?}"),
    }
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a daemon whose mask leaves others what it makes",
        facts: whole_facts,
        breaks: |facts| process(facts).umask = Some(0o002),
        finds: &[("wpp.security.umask", Warning)],
    },
    Case {
        what: "a daemon whose mask lets others read what it makes, in a folder that they cannot enter, which is a note",
        facts: whole_facts,
        breaks: |facts| process(facts).umask = Some(0o022),
        finds: &[],
    },
    Case {
        what: "a shell with the usual mask, and one that leaves everybody everything, which is a note",
        facts: whole_facts,
        breaks: |facts| facts.host.umask = Some(0),
        finds: &[],
    },
    Case {
        what: "a gateway's port on which nobody listens",
        facts: whole_facts,
        breaks: |facts| {
            let Probed::Known(ports) = &mut facts.host.machine.ports else { panic!("they were looked at") };
            ports[0].listens = Err("connection refused".into());
        },
        finds: &[("wpp.host.ports", Warning)],
    },
    Case {
        what: "memory that is nearly used up",
        facts: whole_facts,
        breaks: |facts| memory(facts).available_bytes = 2 * GIB,
        finds: &[("wpp.host.memory", Warning)],
    },
    Case {
        what: "no memory left",
        facts: whole_facts,
        breaks: |facts| memory(facts).available_bytes = GIB / 2,
        finds: &[("wpp.host.memory", Error)],
    },
    Case {
        what: "a container that is nearly at its limit of memory",
        facts: whole_facts,
        breaks: |facts| own_group(facts).memory = Some(Use { used: 98, limit: 100 }),
        finds: &[("wpp.host.memory-limit", Error)],
    },
    Case {
        what: "a unit of systemd that is nearly at its limit of memory",
        facts: whole_facts,
        breaks: |facts| {
            let limit = Some(Use { used: 90, limit: 100 });
            process(facts).group =
                Probed::Known(GroupFacts { name: "/tight".into(), memory: limit, killed: 1, ..GroupFacts::default() });
        },
        finds: &[("wpp.host.memory-limit", Warning)],
    },
    Case {
        what: "work that waits for memory",
        facts: whole_facts,
        breaks: |facts| facts.host.machine.memory_pressure = Probed::Known(Pressure { full_percent: 22.0 }),
        finds: &[("wpp.host.memory-pressure", Warning)],
    },
    Case {
        what: "a machine that lives on its swap",
        facts: whole_facts,
        breaks: |facts| {
            let memory = memory(facts);
            (memory.swap_free_bytes, memory.available_bytes) = (GIB / 4, 3 * GIB);
        },
        finds: &[("wpp.host.memory", Warning), ("wpp.host.swap", Warning)],
    },
    Case {
        what: "a kernel that has promised all its memory",
        facts: whole_facts,
        breaks: |facts| memory(facts).promised = Some(Use { used: 95, limit: 100 }),
        finds: &[("wpp.host.overcommit", Warning)],
    },
    Case {
        what: "a machine whose table of files is full",
        facts: whole_facts,
        breaks: |facts| facts.host.machine.open_files = Probed::Known(Use { used: 990, limit: 1000 }),
        finds: &[("wpp.host.open-files", Error)],
    },
    Case {
        what: "a shell that may open a handful of files",
        facts: whole_facts,
        breaks: |facts| {
            facts.host.machine.limits = Probed::Known(ProcessLimits { open_files: Some(64), ..ProcessLimits::default() });
        },
        finds: &[("wpp.host.open-files-limit", Warning)],
    },
    Case {
        what: "limits of sizes that databases and plugins run into",
        facts: whole_facts,
        breaks: |facts| {
            facts.host.machine.limits = Probed::Known(ProcessLimits {
                file_size_bytes: Some(GIB),
                address_space_bytes: Some(GIB),
                ..ProcessLimits::default()
            });
        },
        finds: &[("wpp.host.size-limits", Warning), ("wpp.host.size-limits", Warning)],
    },
    Case {
        what: "a daemon that loses descriptors",
        facts: whole_facts,
        breaks: |facts| process(facts).open_files = 900,
        finds: &[("wpp.host.daemon-files", Warning)],
    },
    Case {
        what: "a machine and a group full of processes",
        facts: whole_facts,
        breaks: |facts| {
            facts.host.machine.tasks = Probed::Known(Use { used: 90, limit: 100 });
            own_group(facts).tasks = Some(Use { used: 99, limit: 100 });
        },
        finds: &[("wpp.host.tasks", Warning), ("wpp.host.tasks", Error)],
    },
    Case {
        what: "a container with too small a share of the processor",
        facts: whole_facts,
        breaks: |facts| own_group(facts).held_back = Some(Use { used: 600, limit: 1200 }),
        finds: &[("wpp.host.processor", Warning)],
    },
    Case {
        what: "a virtual machine without chance",
        facts: whole_facts,
        breaks: |facts| facts.host.machine.random_ready = Probed::Known(false),
        finds: &[("wpp.host.random", Error)],
    },
    Case {
        what: "a file system without inodes",
        facts: whole_facts,
        breaks: |facts| facts.host.machine.inodes = Probed::Known(Use { used: 100, limit: 100 }),
        finds: &[("wpp.host.inodes", Error)],
    },
    Case {
        what: "a file system with few inodes left",
        facts: whole_facts,
        breaks: |facts| facts.host.machine.inodes = Probed::Known(Use { used: 92, limit: 100 }),
        finds: &[("wpp.host.inodes", Warning)],
    },
    Case {
        what: "a home on NFS",
        facts: whole_facts,
        breaks: |facts| mount(facts).kind = "nfs4".into(),
        finds: &[("wpp.host.file-system", Error)],
    },
    Case {
        what: "a home on another machine's files by SSH",
        facts: whole_facts,
        breaks: |facts| mount(facts).kind = "fuse.sshfs".into(),
        finds: &[("wpp.host.file-system", Error)],
    },
    Case {
        what: "a home in a folder of the machine that this one is a guest of",
        facts: whole_facts,
        breaks: |facts| mount(facts).kind = "9p".into(),
        finds: &[("wpp.host.file-system", Warning)],
    },
    Case {
        what: "a home on the container's own layer",
        facts: whole_facts,
        breaks: |facts| mount(facts).kind = "overlay".into(),
        finds: &[("wpp.host.volume", Warning)],
    },
    Case {
        what: "a disk that fails, mounted read-only since",
        facts: whole_facts,
        breaks: |facts| (mount(facts).read_only, mount(facts).errors) = (true, Some(3)),
        finds: &[("wpp.host.file-system-errors", Error)],
    },
    Case {
        what: "a daemon whose crash would write its keys to a file",
        facts: whole_facts,
        breaks: |facts| process(facts).limits.core_bytes = None,
        finds: &[("wpp.host.core-dumps", Warning)],
    },
    Case {
        what: "a clock that was set back",
        facts: whole_facts,
        breaks: |facts| {
            facts.host.machine.newest = Probed::Known(vec![Dated { what: "x".into(), at_ms: NOW_MS + 60 * MINUTE_MS }]);
        },
        finds: &[("wpp.host.clock-behind", Warning)],
    },
    Case {
        what: "a clock that jumped under the daemon",
        facts: whole_facts,
        breaks: |facts| process(facts).threads_began_ms.iter_mut().for_each(|began_ms| *began_ms += 75 * MINUTE_MS),
        finds: &[("wpp.host.clock-step", Warning)],
    },
    Case {
        what: "a clock that was set back under the daemon",
        facts: whole_facts,
        breaks: |facts| process(facts).threads_began_ms.iter_mut().for_each(|began_ms| *began_ms -= 75 * MINUTE_MS),
        finds: &[("wpp.host.clock-step", Warning)],
    },
    Case {
        what: "a schedule in a time zone that nobody knows",
        facts: whole_facts,
        breaks: |facts| {
            let told_in_it = vec!["schedule.nightly".into()];
            facts.host.machine.zone = Probed::Known(ZoneFacts {
                problem: Some("no such zone".into()),
                variable: Some("Mars/Olympus".into()),
                told_in_it,
            });
        },
        finds: &[("wpp.host.time-zone", Warning)],
    },
    Case {
        what: "a program that was uninstalled",
        facts: whole_facts,
        breaks: |facts| {
            let gone = ProgramLook { name: "mail".into(), named_in: "backup.on_failure".into(), path: None };
            facts.host.machine.programs = Probed::Known(vec![gone]);
        },
        finds: &[("wpp.host.toolchain", Warning)],
    },
];

fn whole_facts() -> Facts {
    super::whole()
}

/// What an ordinary machine, container or virtual machine shows and is no fault.
#[test]
fn ordinary_machines_stay_quiet() {
    type Change = fn(&mut Facts);
    let ordinary: [(&str, Change); 9] = [
        ("swap full of what nobody touches", |facts| memory(facts).swap_free_bytes = 0),
        ("no swap", |facts| (memory(facts).swap_total_bytes, memory(facts).swap_free_bytes) = (0, 0)),
        ("a handler for core files", |facts| {
            process(facts).limits.core_bytes = None;
            facts.host.machine.core_pattern = Probed::Known("|/usr/lib/systemd/systemd-coredump %P".into());
        }),
        ("btrfs, which has no inodes to count", |facts| {
            mount(facts).kind = "btrfs".into();
            mount(facts).errors = None;
            facts.host.machine.inodes = Probed::NotApplicable("x".into());
        }),
        ("a sandbox in memory", |facts| {
            facts.host.opened = Ok(HomeKind::Sandbox);
            mount(facts).kind = "tmpfs".into();
        }),
        ("a container without a time zone", |facts| {
            facts.host.machine.zone = Probed::Known(ZoneFacts { problem: Some("x".into()), ..ZoneFacts::default() });
        }),
        ("a container that was held back while it started", |facts| {
            own_group(facts).held_back = Some(Use { used: 50, limit: 60 })
        }),
        ("a clock that NTP has put right by a second", |facts| {
            process(facts).threads_began_ms.iter_mut().for_each(|began_ms| *began_ms += 1000);
        }),
        ("another system", |facts| {
            for session in &mut facts.sessions {
                session.process = Probed::NotApplicable("this machine has no /proc".into());
            }
            let mut machine = MachineFacts::failed("");
            machine.limits = facts.host.machine.limits.clone();
            let none = || "this machine has no /proc".to_owned();
            machine.memory = Probed::NotApplicable(none());
            machine.memory_pressure = Probed::NotApplicable(none());
            machine.open_files = Probed::NotApplicable(none());
            machine.tasks = Probed::NotApplicable(none());
            machine.group = Probed::NotApplicable(none());
            machine.random_ready = Probed::NotApplicable(none());
            machine.core_pattern = Probed::NotApplicable(none());
            machine.mount = Probed::NotApplicable(none());
            machine.inodes = facts.host.machine.inodes.clone();
            machine.newest = facts.host.machine.newest.clone();
            machine.zone = facts.host.machine.zone.clone();
            machine.programs = facts.host.machine.programs.clone();
            machine.ports = facts.host.machine.ports.clone();
            facts.host.machine = machine;
        }),
    ];
    for (what, change) in ordinary {
        let mut facts = super::whole();
        change(&mut facts);
        assert_eq!(bad(&facts), [], "{what}");
    }
}
