//! Looks at control groups, which bound what a container or a unit of systemd may use; both versions of
//! them, and the mixture.
//!
//! Start with [`look`]. A limit of a group above binds as much as one's own, so of each kind the tightest on
//! the way up is told.

use std::path::PathBuf;

use super::machine::{MountLine, System, mounts, read};
use crate::facts::Probed;
use crate::facts::machine::{GroupFacts, Use};

/// Limits from here on are how the first version says that there is none.
const UNLIMITED_BYTES: u64 = 1 << 60;

/// The control group of a process: its number, or `self`.
pub fn look(system: &System, process: &str) -> Probed<GroupFacts> {
    let look = || -> Result<Option<GroupFacts>, String> {
        let Some(own) = system.text(&format!("/proc/{process}/cgroup"))? else { return Ok(None) };
        let Some(mounted) = system.text("/proc/self/mountinfo")? else { return Ok(None) };
        let mounts = mounts(&mounted);
        let mut facts = GroupFacts::default();
        if let Some(at) = Place::of("memory", &own, &mounts, system) {
            (facts.name, facts.memory) = (at.name.clone(), at.tightest(Place::memory)?);
            facts.killed = at.killed()?;
        }
        if let Some(at) = Place::of("pids", &own, &mounts, system) {
            facts.tasks = at.tightest(Place::tasks)?;
        }
        if let Some(at) = Place::of("cpu", &own, &mounts, system) {
            facts.held_back = at.tightest(Place::held_back)?;
        }
        Ok(Some(facts))
    };
    match look() {
        Ok(Some(facts)) => Probed::Known(facts),
        Ok(None) => Probed::NotApplicable("this machine has no control groups".into()),
        Err(reason) => Probed::Failed(reason),
    }
}

/// Where the files of a group are.
struct Place {
    name: String,
    folder: PathBuf,
    /// Where the tree is mounted: nothing above it is to be seen.
    top: PathBuf,
    /// Whether it is of the second version.
    unified: bool,
}

impl Place {
    /// The group of a process for one controller: in a tree of its own (version 1) or in the one tree of all.
    fn of(controller: &str, own: &str, mounts: &[MountLine], system: &System) -> Option<Place> {
        // `4:memory:/docker/9fa9` and `0::/system.slice/wpp.service`
        let lines = own.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
        let separate = lines.clone().find(|(controllers, _)| controllers.split(',').any(|each| each == controller));
        let (unified, (_, name)) = match separate {
            Some(line) => (false, line),
            None => (true, lines.clone().find(|(controllers, _)| controllers.is_empty())?),
        };
        let mount = mounts.iter().find(|mount| match unified {
            true => mount.kind == "cgroup2",
            false => mount.kind == "cgroup" && mount.has(controller),
        })?;
        let top = system.path(&mount.point);
        // A container sees its own group as the tree's top, under whatever name the machine gave it.
        let inside = name.strip_prefix(mount.root.as_str()).filter(|_| mount.root != "/").unwrap_or(name);
        let folder = top.join(inside.trim_start_matches('/'));
        let folder = if !inside.contains("..") && folder.is_dir() { folder } else { top.clone() };
        Some(Place { name: name.to_owned(), folder, top, unified })
    }

    /// The tightest limit of this group and those above it.
    fn tightest(&self, of: impl Fn(&Place) -> Result<Option<Use>, String>) -> Result<Option<Use>, String> {
        let mut tightest: Option<Use> = None;
        for folder in self.folder.ancestors().take_while(|folder| folder.starts_with(&self.top)) {
            let at = Place { name: String::new(), folder: folder.to_owned(), top: self.top.clone(), unified: self.unified };
            let here = of(&at)?;
            tightest = [tightest, here].into_iter().flatten().max_by_key(|limit| limit.percent());
        }
        Ok(tightest)
    }

    fn text(&self, file: &str) -> Result<Option<String>, String> {
        let path = self.folder.join(file);
        match read(&path) {
            // A group that went meanwhile has no limits.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error()) => Ok(None),
            other => other.map_err(|error| format!("{} cannot be read: {error}", path.display())),
        }
    }

    /// A number alone in its file; `None` for none, and for `max`.
    fn number(&self, file: &str) -> Result<Option<u64>, String> {
        Ok(self.text(file)?.and_then(|text| text.trim().parse().ok()))
    }

    /// A number behind its name in a file of several.
    fn named(&self, file: &str, name: &str) -> Result<Option<u64>, String> {
        let line = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        Ok(self.text(file)?.and_then(|text| text.lines().find_map(line)))
    }

    fn memory(&self) -> Result<Option<Use>, String> {
        let (limit, used) = match self.unified {
            true => ("memory.max", "memory.current"),
            false => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        };
        // What was read from disks is given back before anything is killed.
        let cached: &[&str] = match self.unified {
            true => &["inactive_file", "active_file", "slab_reclaimable"],
            false => &["total_inactive_file", "total_active_file"],
        };
        let limit = self.number(limit)?.filter(|limit| *limit < UNLIMITED_BYTES);
        let (Some(limit), Some(mut used)) = (limit, self.number(used)?) else { return Ok(None) };
        for part in cached {
            used = used.saturating_sub(self.named("memory.stat", part)?.unwrap_or(0));
        }
        Ok(Some(Use { used, limit }))
    }

    fn killed(&self) -> Result<u64, String> {
        let file = if self.unified { "memory.events" } else { "memory.oom_control" };
        Ok(self.named(file, "oom_kill")?.unwrap_or(0))
    }

    fn tasks(&self) -> Result<Option<Use>, String> {
        let (Some(limit), Some(used)) = (self.number("pids.max")?, self.number("pids.current")?) else { return Ok(None) };
        Ok(Some(Use { used, limit }))
    }

    fn held_back(&self) -> Result<Option<Use>, String> {
        let periods = self.named("cpu.stat", "nr_periods")?.filter(|periods| *periods > 0);
        let (Some(limit), Some(used)) = (periods, self.named("cpu.stat", "nr_throttled")?) else { return Ok(None) };
        Ok(Some(Use { used, limit }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, System) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let system = System::at(folder.path().to_owned());
        (folder, system)
    }

    fn seen(files: &[(&str, &str)]) -> GroupFacts {
        let (_folder, system) = machine(files);
        match look(&system, "7") {
            Probed::Known(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_tightest_limit_on_the_way_up_binds_in_the_second_version() {
        let facts = seen(&[
            ("proc/7/cgroup", "0::/system.slice/wpp.service\n"),
            ("proc/self/mountinfo", "38 31 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "1000\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "900\n"),
            ("sys/fs/cgroup/system.slice/memory.stat", "anon 1\ninactive_file 40\nactive_file 50\nslab_reclaimable 10\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/memory.current", "900\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/memory.events", "oom 3\noom_kill 2\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/pids.max", "20\n"),
            ("sys/fs/cgroup/system.slice/wpp.service/pids.current", "10\n"),
            ("sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_periods 0\nnr_throttled 0\n"),
        ]);
        assert_eq!(facts.memory, Some(Use { used: 800, limit: 1000 }));
        assert_eq!((facts.tasks, facts.killed), (Some(Use { used: 10, limit: 20 }), 2));
        assert_eq!(facts.held_back, None);
    }

    #[test]
    fn a_container_of_the_first_version_finds_its_group_at_the_top_of_what_it_sees() {
        let facts = seen(&[
            ("proc/7/cgroup", "4:memory:/docker/9fa9\n3:cpu,cpuacct:/docker/9fa9\n0::/\n"),
            (
                "proc/self/mountinfo",
                "35 31 0:32 /docker/9fa9 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                 32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "990\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 7\ntotal_inactive_file 60\ntotal_active_file 30\n"),
            ("sys/fs/cgroup/cpu/docker/9fa9/cpu.stat", "nr_periods 100\nnr_throttled 40\nthrottled_time 5\n"),
        ]);
        assert_eq!(facts.memory, Some(Use { used: 900, limit: 1000 }));
        assert_eq!(facts.held_back, Some(Use { used: 40, limit: 100 }));
        let none = seen(&[
            ("proc/7/cgroup", "4:memory:/\n"),
            ("proc/self/mountinfo", "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "990\n"),
        ]);
        assert_eq!(none.memory, None);
    }
}
