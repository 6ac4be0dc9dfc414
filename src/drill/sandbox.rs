//! A throw-away sandbox in a temporary folder, and the command lines that a drill runs in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Runner;
use crate::error::{Context, Result};
use crate::home::SessionPaths;
use crate::report::{Report, Silent, Sink};
use crate::sandbox::{self, SESSION};
use crate::whatsapp::simulator::{Request, Simulator};

/// Short timeouts: a drill waits for nothing that does not come at once.
const SETTINGS: &str = "[daemon]\nstart_timeout_ms = 10000\ndrain_timeout_ms = 3000\nwatchdog_ms = 5000\nack_timeout_ms = 3000\n";

/// A sandbox home, its simulator, and the one session that a drill plays with.
pub struct Sandbox {
    // Dropped before the folder is: nothing of a drill outlives it, however it ended.
    inner: sandbox::Sandbox,
    folder: Option<tempfile::TempDir>,
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
        let inner = sandbox::Sandbox::create(folder.path(), SETTINGS)?;
        Ok(Sandbox { inner, folder: Some(folder), runner })
    }

    /// The sandbox's folder.
    pub fn path(&self) -> &Path {
        self.inner.home().root()
    }

    /// The drill's session.
    pub fn session(&self) -> SessionPaths {
        self.inner.session()
    }

    /// Where the simulator listens.
    pub fn simulator_url(&self) -> String {
        self.inner.simulator_url()
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
        let mut words = vec!["--home".to_owned(), self.path().display().to_string(), "--session".to_owned(), SESSION.to_owned()];
        words.extend(line.iter().map(|word| (*word).to_owned()));
        (self.runner)(&words, sink)
    }

    /// Orders the simulator to do something.
    pub fn simulate(&self, request: Request) -> Result<Value> {
        self.inner.simulate(request)
    }

    /// The simulator's door for a thread of its own.
    pub fn simulator(&self) -> Option<(Simulator, tokio::runtime::Handle)> {
        self.inner.simulator()
    }

    /// Kills the daemon as a power cut would, and waits until it is gone.
    pub fn kill_daemon(&self) -> Result<u32> {
        self.inner.kill_daemon()
    }

    /// Leaves the folder on disk and says where it is.
    pub fn keep(&mut self) -> PathBuf {
        match self.folder.take() {
            Some(folder) => folder.keep(),
            None => self.path().to_owned(),
        }
    }
}
