//! Whatever a disposable server started: its own processes, and those of programs that the SQL of a dump
//! made it run, which leave their session and outlive it if nobody looks for them.
//!
//! On Linux they are known by what they inherit (a variable, the folder that they stand in), and this process
//! takes in those whose parent ended, for as long as it makes a rehearsal. Elsewhere the server's own stop is all
//! there is. Start with [`Offspring::watch`] and [`end`].

use std::path::Path;

/// The variable that every process of a server is started with: the server's folder.
pub const VARIABLE: &str = "WPP_REHEARSAL";

#[cfg(target_os = "linux")]
pub use linux::{Offspring, end};

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Path;

    /// Nothing is known of what a server started.
    #[derive(Debug)]
    pub struct Offspring;

    impl Offspring {
        /// There is nothing to watch with.
        pub fn watch() -> Offspring {
            Offspring
        }
    }

    /// There is nothing to end them by.
    pub fn end(_folder: &Path, _own: Option<&Offspring>) -> bool {
        true
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Offspring, end};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::os::unix::ffi::OsStrExt;
    use std::time::{Duration, Instant};

    use rustix::process::{self, Pid, Signal, WaitOptions};

    use super::{Path, VARIABLE};
    use crate::process::{Stat, stat};

    /// How long they may take to end by themselves, and to be gone when they were killed.
    const GENTLE: Duration = Duration::from_secs(2);
    const PATIENCE: Duration = Duration::from_secs(15);

    /// Takes in processes whose parent ended, from when it is made until it is dropped.
    #[derive(Debug)]
    pub struct Offspring {
        /// Children that were there before.
        before: BTreeSet<u32>,
        /// Whether this value is what takes them in.
        takes_in: bool,
    }

    impl Offspring {
        /// Begins to.
        pub fn watch() -> Offspring {
            let me = process::getpid();
            let before = all().filter(|(_, stat)| stat.parent == me.as_raw_pid()).map(|(pid, _)| pid).collect();
            let already = process::child_subreaper().ok().flatten().is_some();
            // Without it, those that hide what they inherited are not found; all others are.
            let takes_in = !already && process::set_child_subreaper(Some(me)).is_ok();
            Offspring { before, takes_in }
        }
    }

    impl Drop for Offspring {
        fn drop(&mut self) {
            if self.takes_in {
                let _ = process::set_child_subreaper(None);
            }
        }
    }

    /// All processes that are seen from here.
    fn all() -> impl Iterator<Item = (u32, Stat)> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, stat(pid)?))
        })
    }

    /// Ends all that runs for the server in `folder`: asked first, killed then. With `own`, also what this
    /// process took in since then and that left its session. `false` when something of it is there still.
    pub fn end(folder: &Path, own: Option<&Offspring>) -> bool {
        let begun = Instant::now();
        let mut asked = false;
        let mut gentle = true;
        loop {
            let left = alive(folder, own);
            if left.is_empty() {
                return true;
            }
            if begun.elapsed() > PATIENCE {
                return false;
            }
            gentle &= begun.elapsed() < GENTLE;
            if !gentle || !asked {
                for pid in left {
                    let _ = process::kill_process(pid, if gentle { Signal::INT } else { Signal::KILL });
                }
                asked = true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn alive(folder: &Path, own: Option<&Offspring>) -> Vec<Pid> {
        let me = process::getpid().as_raw_pid();
        let own_number = std::process::id();
        let session = stat(own_number).map(|stat| stat.session);
        let mark = [VARIABLE.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
        let belongs = |(pid, stat): &(u32, Stat)| {
            let place = format!("/proc/{pid}");
            let took_in = own.is_some_and(|own| stat.parent == me && !own.before.contains(pid))
                && session.is_some_and(|session| stat.session != session);
            let marked = || {
                let environment = std::fs::read(format!("{place}/environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|variable| variable == mark)
            };
            // Of a server's own processes, most have written their title over what they inherited.
            let is_server = || std::fs::read(format!("{place}/comm")).is_ok_and(|name| name == b"postgres\n");
            let inside = || std::fs::read_link(format!("{place}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder)) && is_server();
            *pid != own_number && (took_in || marked() || inside())
        };
        let mut left = Vec::new();
        for (pid, stat) in all().filter(belongs) {
            let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { continue };
            match (stat.has_ended(), stat.parent == me) {
                // Nobody else will look how it ended.
                (true, true) => drop(process::waitpid(Some(pid), WaitOptions::NOHANG)),
                (true, false) => {}
                (false, _) => left.push(pid),
            }
        }
        left
    }
}
