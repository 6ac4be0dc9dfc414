//! A throw-away home with a simulator of its own. Nothing in it can reach beyond loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Runner;
use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::{Home, HomeKind, SessionPaths};
use crate::report::{Report, Silent, Sink};
use crate::whatsapp::simulator::{Options, Request, Simulator};

/// A sandbox home, its simulator, and the one session that a drill plays with.
pub struct Sandbox {
    folder: Option<tempfile::TempDir>,
    home: Home,
    simulator: Option<Simulator>,
    runtime: Option<tokio::runtime::Runtime>,
    runner: Arc<Runner>,
}

impl Sandbox {
    /// Makes the home with short timeouts and starts the simulator.
    pub fn create(runner: Arc<Runner>) -> Result<Sandbox> {
        // A short name: the path of the daemon's socket has to fit into 108 bytes.
        let folder = tempfile::Builder::new()
            .prefix("wpp-drill-")
            .tempdir()
            .while_doing(|| "cannot make a temporary folder".into())
            .map_err(|error| error.hint("set TMPDIR to a folder that can be written to"))?;
        let home = Home::create(folder.path(), HomeKind::Sandbox)?;
        let settings = "[daemon]\nstart_timeout_ms = 10000\ndrain_timeout_ms = 3000\nwatchdog_ms = 5000\nack_timeout_ms = 3000\n";
        disk::write_atomic(&home.config(), settings.as_bytes())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("simulator")
            .enable_all()
            .build()
            .while_doing(|| "cannot start the simulator's threads".into())?;
        disk::create_folder(&home.simulator())?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator = runtime.block_on(Simulator::start(Options { directory: home.simulator(), listen }))?;
        Ok(Sandbox { folder: Some(folder), home, simulator: Some(simulator), runtime: Some(runtime), runner })
    }

    /// The sandbox's folder.
    pub fn path(&self) -> &Path {
        self.home.root()
    }

    /// The drill's session.
    pub fn session(&self) -> SessionPaths {
        self.home.session("main")
    }

    /// Where the simulator listens.
    pub fn simulator_url(&self) -> String {
        self.simulator.as_ref().map(Simulator::url).unwrap_or_default()
    }

    /// Runs `wpp --home SANDBOX …` and fails when its exit code is not 0.
    pub fn wpp(&self, line: &[&str]) -> Result<Report> {
        let report = self.try_wpp(line, Arc::new(Silent))?;
        if report.exit_code() == 0 {
            return Ok(report);
        }
        let mut said = report.title.clone();
        for found in report.findings.iter().filter(|found| found.severity > crate::report::Severity::Info) {
            said.push_str(&format!("; {}", found.summary));
        }
        Err(super::deviation(format!("`wpp {}` ended with {}: {said}", line.join(" "), report.exit_code())))
    }

    /// Runs `wpp --home SANDBOX …` whatever its exit code.
    pub fn try_wpp(&self, line: &[&str], sink: Arc<dyn Sink>) -> Result<Report> {
        let mut words = vec!["--home".to_owned(), self.path().display().to_string(), "--session".to_owned(), "main".to_owned()];
        words.extend(line.iter().map(|word| (*word).to_owned()));
        (self.runner)(&words, sink)
    }

    /// Orders the simulator to do something.
    pub fn simulate(&self, request: Request) -> Result<Value> {
        let gone = || Error::new(ErrorKind::Unexpected, "the simulator has ended").hint("run the drill again");
        let simulator = self.simulator.as_ref().ok_or_else(gone)?;
        self.runtime.as_ref().ok_or_else(gone)?.block_on(simulator.execute(request))
    }

    /// The simulator's door for a thread of its own.
    pub fn simulator(&self) -> Option<(Simulator, tokio::runtime::Handle)> {
        Some((self.simulator.clone()?, self.runtime.as_ref()?.handle().clone()))
    }

    /// The living daemon's process, by the lock that it holds.
    pub fn daemon(&self) -> Result<Option<u32>> {
        Ok(match Lock::look(&self.session().lock())? {
            LockState::Held(Some(owner)) if owner.role == "daemon" => Some(owner.pid),
            _ => None,
        })
    }

    /// Kills the daemon as a power cut would, and waits until it is gone.
    pub fn kill_daemon(&self) -> Result<u32> {
        let pid = self.daemon()?.ok_or_else(|| super::deviation("no daemon holds the lock"))?;
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = process.ok_or_else(|| super::deviation(format!("the lock names process {pid}, which cannot be")))?;
        kill_process(process, Signal::KILL).map_err(std::io::Error::from).while_doing(|| format!("cannot kill process {pid}"))?;
        for _ in 0..500 {
            if self.daemon()?.is_none() {
                return Ok(pid);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Err(super::deviation(format!("process {pid} was killed and still holds the lock")))
    }

    /// Leaves the folder on disk and says where it is.
    pub fn keep(&mut self) -> PathBuf {
        match self.folder.take() {
            Some(folder) => folder.keep(),
            None => self.path().to_owned(),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Nothing of a drill outlives it, however it ended.
        if self.daemon().is_ok_and(|daemon| daemon.is_some()) {
            let _ = self.kill_daemon();
        }
        if let (Some(simulator), Some(runtime)) = (self.simulator.take(), self.runtime.take()) {
            runtime.block_on(simulator.stop());
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        }
    }
}
