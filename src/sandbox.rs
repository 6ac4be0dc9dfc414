//! A sandbox home with a simulator in this process. Nothing in it can reach beyond loopback.
//!
//! May import the nouns and the lifecycle. Drills play in one, and an archive is proven in one.
//! The folder is the caller's; what runs in it ends with the value. Start with [`Sandbox::create`].

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind, SessionPaths};
use crate::whatsapp::simulator::{Options, Request, Simulator, seed};

/// The one session of a sandbox. Its name is short, because the path of its socket must be.
pub const SESSION: &str = "main";

/// A sandbox home and its simulator.
pub struct Sandbox {
    home: Home,
    simulator: Option<Simulator>,
    runtime: Option<Runtime>,
}

impl Sandbox {
    /// Makes the home in a folder that is empty or a sandbox already, writes its settings (TOML) and
    /// starts the simulator. The home is marked before anything else is in it.
    pub fn create(folder: &Path, settings: &str) -> Result<Sandbox> {
        let home = Home::create(folder, HomeKind::Sandbox)?;
        disk::write_atomic(&home.config(), settings.as_bytes())?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("simulator")
            .enable_all()
            .build()
            .while_doing(|| "cannot start the simulator's threads".into())?;
        disk::create_folder(&home.simulator())?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator = runtime.block_on(Simulator::start(Options { directory: home.simulator(), listen }))?;
        Ok(Sandbox { home, simulator: Some(simulator), runtime: Some(runtime) })
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The sandbox's session.
    pub fn session(&self) -> SessionPaths {
        self.home.session(SESSION)
    }

    /// Where the simulator listens.
    pub fn simulator_url(&self) -> String {
        self.simulator.as_ref().map(Simulator::url).unwrap_or_default()
    }

    /// Orders the simulator to do something.
    pub fn simulate(&self, request: Request) -> Result<Value> {
        let gone = || Error::new(ErrorKind::Unexpected, "the simulator has ended").hint("try again");
        let simulator = self.simulator.as_ref().ok_or_else(gone)?;
        self.runtime.as_ref().ok_or_else(gone)?.block_on(simulator.execute(request))
    }

    /// Makes a store for the client library as it is made for a new session of this home.
    pub fn new_store(&self, session_db: &Path) -> Result<()> {
        let gone = || Error::new(ErrorKind::Unexpected, "the simulator has ended").hint("try again");
        let endpoint = self.simulator.as_ref().ok_or_else(gone)?.endpoint();
        self.runtime.as_ref().ok_or_else(gone)?.block_on(seed::seed_store(session_db, &endpoint))
    }

    /// The simulator's door for a thread of its own.
    pub fn simulator(&self) -> Option<(Simulator, Handle)> {
        Some((self.simulator.clone()?, self.runtime.as_ref()?.handle().clone()))
    }

    /// Kills the daemon as a power cut would, and waits until it is gone.
    pub fn kill_daemon(&self) -> Result<u32> {
        kill_daemon(&self.session())
    }
}

/// The process of a session's living daemon, by the lock that it holds.
pub fn daemon(session: &SessionPaths) -> Result<Option<u32>> {
    Ok(match Lock::look(&session.lock())? {
        LockState::Held(Some(owner)) if owner.role == "daemon" => Some(owner.pid),
        _ => None,
    })
}

/// Sends a signal to a session's living daemon, and says which process that is.
pub fn signal_daemon(session: &SessionPaths, signal: Signal) -> Result<u32> {
    let failed = |text: String| Error::new(ErrorKind::Failed, text).hint("look at the process with `ps`");
    let pid = daemon(session)?.ok_or_else(|| {
        Error::new(ErrorKind::Failed, format!("no daemon holds the lock of session {}", session.name()))
            .hint("start one with `wpp start`")
    })?;
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let process = process.ok_or_else(|| failed(format!("the lock names process {pid}, which cannot be")))?;
    kill_process(process, signal).map_err(std::io::Error::from).while_doing(|| format!("cannot signal process {pid}"))?;
    Ok(pid)
}

/// Kills a session's daemon as a power cut would, and waits until it is gone.
pub fn kill_daemon(session: &SessionPaths) -> Result<u32> {
    let pid = signal_daemon(session, Signal::KILL)?;
    for _ in 0..500 {
        if daemon(session)?.is_none() {
            return Ok(pid);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Err(Error::new(ErrorKind::Failed, format!("process {pid} was killed and still holds the lock"))
        .hint("look at the process with `ps`"))
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if daemon(&self.session()).is_ok_and(|daemon| daemon.is_some()) {
            let _ = self.kill_daemon();
        }
        if let (Some(simulator), Some(runtime)) = (self.simulator.take(), self.runtime.take()) {
            runtime.block_on(simulator.stop());
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        }
    }
}
