//! A throw-away home and the program under test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use serde_json::Value;

/// The program that was built for this test run.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_wpp")
}

/// Puts a copy of the program there. Another process writes it: as long as this one has it open to write, whatever
/// another thread starts at that moment has it open as well for an instant, and what is open so cannot be run.
pub fn copy_program(path: &Path) {
    let status = Command::new("cp").arg(program()).arg(path).status().expect("cp starts");
    assert!(status.success(), "{} cannot be made", path.display());
}

/// Puts the program there under another name, without a copy where that can be.
pub fn place_program(path: &Path) {
    if std::fs::hard_link(program(), path).is_err() {
        copy_program(path);
    }
}

/// Writes a program that anybody may run; for the reason of [`copy_program`], by another process.
pub fn write_program(path: &Path, text: &str) {
    let script = "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"";
    let status = Command::new("sh").args(["-c", script, "sh"]).arg(path).arg(text).status().expect("sh starts");
    assert!(status.success(), "{} cannot be made", path.display());
}

/// A port of this machine where nobody serves, and what keeps it from everybody else as long as it is
/// held.
pub fn refusing() -> (SocketAddr, tokio::net::TcpSocket) {
    // Bound, so that it is nobody else's, and never listening.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    (socket.local_addr().expect("its address"), socket)
}

/// A home in a temporary folder that goes with the value.
pub struct TestHome {
    folder: tempfile::TempDir,
    is_live: bool,
}

/// How one run of the program ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl TestHome {
    /// A live home: one that may not reach loopback, and in tests never reaches anything.
    pub fn live() -> TestHome {
        let folder = tempfile::Builder::new().prefix("wpp-it-").tempdir().expect("a temporary folder");
        TestHome { folder, is_live: true }
    }

    /// A home marked as a sandbox.
    pub fn sandbox() -> TestHome {
        let home = TestHome { is_live: false, ..TestHome::live() };
        wpp::home::Home::create(home.path(), wpp::home::HomeKind::Sandbox).expect("a sandbox home");
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn session(&self, name: &str) -> PathBuf {
        self.path().join("sessions").join(name)
    }

    /// The program with this home and a clean environment, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.path());
        // By the environment: hints then read as an operator with one home sees them.
        command.env("WPP_HOME", self.path()).args(arguments);
        if self.is_live {
            // Its endpoint is WhatsApp itself.
            command.env("WPP_DOCTOR_OFFLINE", "true");
        }
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Runs the program to its end. Whatever the test is about: an error that does not say what
    /// to do next fails it.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = Outcome::of(self.command(arguments).output().expect("the program starts"));
        outcome.assert_helpful();
        outcome
    }

    /// Runs the program with `--format json` and reads its last line.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let outcome = self.run(&all);
        let last = outcome.stdout.lines().last().unwrap_or_default();
        let value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        (outcome.code, value)
    }
}

impl Outcome {
    pub fn assert_helpful(&self) {
        if self.stderr.contains("error:") {
            let helpful = self.stderr.contains("next:") || self.stderr.contains("try '--help'");
            assert!(helpful, "an error without a way out: {self:?}");
        }
        if let Some(value) = self.stdout.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok())
            && value["schema"] == "wpp.error/1"
        {
            assert!(value["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "an error without a hint: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
    }

    pub fn of(output: Output) -> Outcome {
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A child that goes with the value.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a process does anything: one that has ended, and that nobody has asked about, does not.
pub fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
