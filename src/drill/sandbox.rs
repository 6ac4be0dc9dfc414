//! A throw-away sandbox in a temporary folder, with a session that is linked by the simulated phone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inject;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::home::Home;
use crate::report::{Event, Report, Sink};
use crate::runbook::Runner;
use crate::sandbox::{self, SESSION};
use crate::whatsapp::simulator::{Request, Simulator};

/// Short timeouts: a drill waits for nothing that does not come at once. How full the disk of this machine
/// is does not matter to what is drilled.
const SETTINGS: &str = "\
[daemon]
start_timeout_ms = 10000
drain_timeout_ms = 2000
watchdog_ms = 1500
ack_timeout_ms = 2000

[doctor]
heartbeat_age_ms_max = 5000
disk_free_percent_min = 1
";

/// The file in the sandbox that holds what the one on call was told.
pub const NOTICES: &str = "notices.txt";

/// With somebody who is on call, and is told by a line in a file.
fn settings(folder: &Path) -> String {
    let notices = toml::Value::String(folder.join(NOTICES).to_string_lossy().into_owned());
    format!("{SETTINGS}\n[contacts.on-call]\nrole = \"whoever a drill tells\"\ncommand = [\"tee\", \"-a\", {notices}]\n")
}

/// A sandbox home, its simulator, and the session [`SESSION`].
pub struct Sandbox {
    // Dropped before the folder is: nothing of a drill outlives it, however it ended.
    inner: sandbox::Sandbox,
    folder: Option<tempfile::TempDir>,
}

impl Sandbox {
    /// Makes the home with short timeouts and starts the simulator.
    pub fn create() -> Result<Sandbox> {
        // A short name: the path of the daemon's socket has to fit into 108 bytes.
        let folder = tempfile::Builder::new()
            .prefix("wpp-drill-")
            .tempdir()
            .while_doing(|| "cannot make a temporary folder".into())
            .map_err(|error| error.hint("set TMPDIR to a folder that can be written to"))?;
        let inner = sandbox::Sandbox::create(folder.path(), &settings(folder.path()))?;
        Ok(Sandbox { inner, folder: Some(folder) })
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

    /// Leaves the folder on disk and says where it is.
    pub fn keep(&mut self) -> PathBuf {
        match self.folder.take() {
            Some(folder) => folder.keep(),
            None => self.path().to_owned(),
        }
    }

    fn path(&self) -> &Path {
        self.home().root()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What cannot be ended here ends by itself, or is found where the sandbox was kept.
        let _ = inject::end_all_holders(self.home());
        for name in self.home().session_names().unwrap_or_default() {
            let session = self.home().session(&name);
            if sandbox::daemon(&session).is_ok_and(|daemon| daemon.is_some()) {
                let _ = sandbox::kill_daemon(&session);
            }
        }
    }
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
