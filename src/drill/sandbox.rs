//! A throw-away sandbox in a temporary folder, with a session that is linked by the simulated phone.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bounded::{self, Cover};
use super::inject;
use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind};
use crate::report::{Event, Report, Sink};
use crate::runbook::Runner;
use crate::sandbox::{self, SESSION};
use crate::whatsapp::simulator::{Request, Simulator};

/// Short timeouts: a drill waits for nothing that does not come at once. A machine that is busy may be silent
/// for a second or two, which the watchdog is not to take for the server's silence. How full the disk of this
/// machine is does not matter to what is drilled.
const SETTINGS: &str = "\
[daemon]
start_timeout_ms = 10000
drain_timeout_ms = 2000
watchdog_ms = 4000
ack_timeout_ms = 2000

[doctor]
heartbeat_age_ms_max = 5000
disk_free_percent_min = 1
";

/// The file in the sandbox that holds what the one on call was told.
pub const NOTICES: &str = "notices.txt";

/// What folders of sandboxes begin with. A short name: the path of the daemon's socket has to fit into
/// 108 bytes.
const PREFIX: &str = "wpp-drill-";

/// The file in a sandbox that is locked as long as its drill runs, and says by which process. One that
/// nobody holds any more is of a drill that was killed; a sandbox that was kept has none.
const LOCK: &str = "DRILL";

/// With somebody who is on call, and is told by a line in a file of this folder.
fn settings(folder: &Path) -> String {
    let notices = toml::Value::String(folder.join(NOTICES).to_string_lossy().into_owned());
    format!("{SETTINGS}\n[contacts.on-call]\nrole = \"whoever a drill tells\"\ncommand = [\"tee\", \"-a\", {notices}]\n")
}

/// A sandbox home, its simulator, and the session [`SESSION`].
pub struct Sandbox {
    // Dropped before the folder is: nothing of a drill outlives it, however it ended.
    inner: sandbox::Sandbox,
    cover: Option<Cover>,
    lock: Option<Lock>,
    folder: Option<tempfile::TempDir>,
}

/// The disk of a bounded size that a sandbox lies on.
#[derive(Debug, Clone, Copy)]
pub struct Disk<'a> {
    /// How large it is.
    pub size_mib: u32,
    /// The mount namespace that everybody is in, and this process is not.
    pub outside: &'a str,
}

impl Sandbox {
    /// Makes the home with short timeouts and starts the simulator. What drills that were killed left
    /// behind is ended and removed first. Without a disk of its own it lies on the one of temporary files.
    pub fn create(disk: Option<Disk<'_>>) -> Result<Sandbox> {
        sweep(&std::env::temp_dir())?;
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .while_doing(|| "cannot make a temporary folder".into())
            .map_err(|error| error.hint("set TMPDIR to a folder that can be written to"))?;
        // What others find, also beneath a disk of its own.
        let home = Home::create(folder.path(), HomeKind::Sandbox)?;
        let lock = Some(Lock::acquire(&folder.path().join(LOCK), "drill")?);
        // The simulated WhatsApp is no part of this host.
        let cover = |disk: Disk<'_>| bounded::cover(folder.path(), disk.size_mib, &home.simulator(), disk.outside);
        let cover = disk.map(cover).transpose()?;
        // Whoever is on call has a disk of their own.
        let told = cover.as_ref().map_or_else(|| folder.path().to_owned(), Cover::beneath);
        let inner = sandbox::Sandbox::create(folder.path(), &settings(&told))?;
        Ok(Sandbox { inner, cover, lock, folder: Some(folder) })
    }

    /// The home.
    pub fn home(&self) -> &Home {
        self.inner.home()
    }

    /// Where the simulator listens.
    pub fn simulator_url(&self) -> String {
        self.inner.simulator_url()
    }

    /// Runs command lines on the session of this sandbox, unless they name another: what the operator's
    /// environment says of sessions is not meant for it.
    pub fn runner(runner: Arc<Runner>) -> Arc<Runner> {
        Arc::new(move |line: &[String], sink| {
            let names = |word: &String| word == "--session" || word == "-s" || word.starts_with("--session=");
            if line.iter().any(names) {
                return runner(line, sink);
            }
            let session = ["--session".to_owned(), SESSION.to_owned()];
            runner(&[&session, line].concat(), sink)
        })
    }

    /// Starts the session and links it: the simulated phone scans the code that `wpp reauth` shows.
    pub fn link(&self, runner: &Arc<Runner>) -> Result<()> {
        let gone = || Error::new(ErrorKind::Unexpected, "the simulator has ended").hint("try again");
        let (simulator, runtime) = self.inner.simulator().ok_or_else(gone)?;
        let home = self.home().root().display().to_string();
        let line = ["--home", &home, "--session", SESSION, "reauth", "--timeout", "30"].map(str::to_owned);
        let report: Report = runner(&line, Arc::new(Phone { simulator, runtime }))?;
        if report.exit_code() == 0 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Failed, format!("the session of the sandbox could not be linked: {}", report.title))
            .hint("run the drill again"))
    }

    /// Leaves the folder on disk, where no later drill removes it, and says where it is. What lies on a disk of
    /// its own is copied, since that one is gone with the drill.
    pub fn keep(&mut self) -> Result<PathBuf> {
        if let Some(cover) = &self.cover {
            end_all(self.home())?;
            cover.keep()?;
        }
        // The lock lies beneath, and is found there by its name.
        self.cover = None;
        self.lock = None;
        Ok(match self.folder.take() {
            Some(folder) => folder.keep(),
            None => self.path().to_owned(),
        })
    }

    fn path(&self) -> &Path {
        self.home().root()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What cannot be ended here ends by itself, or is found where the sandbox was kept.
        let _ = end_all(self.home());
    }
}

/// Ends every process of a sandbox: those behind faults, and daemons, also one that was stopped.
fn end_all(home: &Home) -> Result<()> {
    let holders = inject::end_all_holders(home);
    for name in home.session_names()? {
        let session = home.session(&name);
        if sandbox::daemon(&session)?.is_some() {
            sandbox::kill_daemon(&session)?;
        }
    }
    holders
}

/// Ends what still runs in the sandbox of a drill that is over or was killed, and removes it.
///
/// # Errors
/// [`ErrorKind::Denied`] for a folder that no drill made, [`ErrorKind::Locked`] while its drill runs.
pub fn remove(folder: &Path) -> Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let home = Home::open(folder)?;
    if !name.starts_with(PREFIX) || home.kind() != HomeKind::Sandbox {
        return Err(Error::new(ErrorKind::Denied, format!("{} is no sandbox that a drill made", folder.display()))
            .hint("look at what is there, and remove it by hand"));
    }
    let _lock = Lock::acquire(&folder.join(LOCK), "drill")?;
    bounded::end_all(folder)?;
    end_all(&home)?;
    disk::remove_folder(folder)
}

/// Removes the sandboxes of drills that were killed: those of this user whose lock nobody holds.
fn sweep(place: &Path) -> Result<()> {
    let user = rustix::process::getuid().as_raw();
    let is_drills = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX))
            && path.symlink_metadata().is_ok_and(|seen| seen.is_dir() && seen.uid() == user)
    };
    for folder in disk::list(place)?.into_iter().filter(is_drills) {
        if !matches!(Lock::look(&folder.join(LOCK)), Ok(LockState::Stale(_))) {
            continue;
        }
        match remove(&folder) {
            // Another drill that begins just now was faster.
            Err(_) if !folder.exists() => {}
            Err(error) if error.kind() == ErrorKind::Locked => {}
            other => other.map_err(|error| {
                let folder = folder.display();
                error.note(format!("a drill that was killed left {folder}")).hint(format!("remove it by hand: rm -r {folder}"))
            })?,
        }
    }
    Ok(())
}

/// The phone: scans every QR code that `wpp reauth` shows.
struct Phone {
    simulator: Simulator,
    runtime: tokio::runtime::Handle,
}

impl Sink for Phone {
    fn emit(&self, event: Event) {
        if let Event::QrCode { code, .. } = event {
            let simulator = self.simulator.clone();
            // A scan that fails shows in the session that never opens.
            self.runtime.spawn(async move { simulator.execute(Request::PhoneScan { code }).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_drill_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str, kind: HomeKind, lock: bool| {
            let folder = place.path().join(name);
            Home::create(&folder, kind).unwrap();
            if lock {
                std::fs::write(folder.join(LOCK), "{}").unwrap();
            }
            folder
        };
        let killed = make("wpp-drill-killed", HomeKind::Sandbox, true);
        let kept = make("wpp-drill-kept", HomeKind::Sandbox, false);
        let runs = make("wpp-drill-runs", HomeKind::Sandbox, false);
        let elsewhere = make("other", HomeKind::Sandbox, true);
        let held = Lock::acquire(&runs.join(LOCK), "drill").unwrap();
        sweep(place.path()).unwrap();
        assert!(!killed.exists() && kept.exists() && runs.exists() && elsewhere.exists());
        drop(held);
        // Never a live home, whatever it is called.
        let live = make("wpp-drill-live", HomeKind::Live, true);
        assert_eq!(sweep(place.path()).unwrap_err().kind(), ErrorKind::Denied);
        assert!(live.exists());
    }
}
