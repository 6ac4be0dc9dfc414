//! A sandbox home with a simulator in this process, and the daemon of one session under test.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use wpp::whatsapp::simulator::{Options, Request, Simulator};

use crate::harness::{Outcome, TestHome};

/// No test waits longer than this for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A number of the range that is reserved for fiction.
pub const PEER: &str = "15550100042";

/// The home, its simulator, and whatever daemon runs in it; all of it ends with the value.
pub struct Simulated {
    simulator: Option<Simulator>,
    runtime: tokio::runtime::Runtime,
    pub home: TestHome,
}

impl Simulated {
    /// A sandbox home with short timeouts and a running simulator. The watchdog alone is slow: a busy machine is
    /// silent for seconds, too, and what is cut then was no fault of anybody's.
    pub fn new() -> Simulated {
        Simulated::with_settings(
            "[daemon]\nstart_timeout_ms = 8000\ndrain_timeout_ms = 2000\nwatchdog_ms = 10000\nack_timeout_ms = 1500\n",
        )
    }

    pub fn with_settings(settings: &str) -> Simulated {
        let home = TestHome::sandbox();
        std::fs::write(home.path().join("config.toml"), settings).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut simulated = Simulated { simulator: None, runtime, home };
        simulated.start_simulator();
        simulated
    }

    /// A session that is linked and READY.
    pub fn linked() -> Simulated {
        let simulated = Simulated::new();
        let outcome = simulated.link();
        assert_eq!(outcome.code, 0, "{outcome:?}");
        simulated
    }

    pub fn start_simulator(&mut self) {
        let options = Options { directory: self.home.path().join("simulator"), listen: "127.0.0.1:0".parse().unwrap() };
        self.simulator = Some(self.runtime.block_on(Simulator::start(options)).unwrap());
    }

    pub fn stop_simulator(&mut self) {
        if let Some(simulator) = self.simulator.take() {
            self.runtime.block_on(simulator.stop());
        }
    }

    /// Orders the simulator to do something.
    pub fn ask(&self, request: Request) -> Value {
        self.runtime.block_on(self.simulator.as_ref().unwrap().execute(request)).unwrap()
    }

    pub fn peer_sends(&self, text: &str, count: u32) {
        self.ask(Request::PeerSend { from: PEER.into(), text: text.into(), count, group: None });
    }

    /// What the peer decrypted, in order.
    pub fn peer_texts(&self) -> Vec<String> {
        let inbox = self.ask(Request::PeerInbox { peer: PEER.into() });
        let messages = inbox["messages"].as_array().unwrap().clone();
        messages.iter().filter_map(|message| message["text"].as_str().map(str::to_owned)).collect()
    }

    /// `wpp reauth`, with the phone scanning every code that it shows.
    pub fn link(&self) -> Outcome {
        self.link_with(&["reauth", "--timeout", "15"])
    }

    pub fn link_with(&self, arguments: &[&str]) -> Outcome {
        let mut child = self
            .home
            .command(arguments)
            .args(["--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let value: Value = serde_json::from_str(&line).unwrap_or_default();
            if value["event"] == "qr_code" {
                self.ask(Request::PhoneScan { code: value["code"].as_str().unwrap().into() });
            }
            if let Some(code) = value["data"]["pair_code"].as_str() {
                // One whose connection is gone already is no good; then there is another, or the command fails.
                let typed = Request::PhonePairCode { code: code.into(), number: None };
                if let Err(error) = self.runtime.block_on(self.simulator.as_ref().unwrap().execute(typed)) {
                    stdout.push_str(&format!("{{\"the phone\": {:?}}}\n", error.chain()));
                }
            }
            stdout.push_str(&line);
            stdout.push('\n');
        }
        let output = child.wait_with_output().unwrap();
        Outcome { code: output.status.code().unwrap_or(-1), stdout, stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
    }

    /// State and reason as `wpp status` tells them.
    pub fn state(&self) -> (String, String) {
        let (_, value) = self.home.json(&["status"]);
        let text = |field: &str| value["data"][field].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"))
    }

    /// Waits until the session is in this state for this reason.
    pub fn wait_for_state(&self, state: &str, reason: &str) {
        self.until(&format!("{state} ({reason})"), || {
            let seen = self.state();
            if seen == (state.to_owned(), reason.to_owned()) { Ok(()) } else { Err(format!("{seen:?}")) }
        });
    }

    /// Asks again and again until it holds.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> Result<(), String>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match holds() {
                Ok(()) => return,
                Err(seen) => assert!(Instant::now() < deadline, "{what} was not seen; last seen: {seen}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How many stored messages match.
    pub fn found(&self, words: &str) -> usize {
        let (code, value) = self.home.json(&["search", words, "--limit", "1000"]);
        assert_eq!(code, 0, "{value}");
        value["data"]["messages"].as_array().map_or(0, Vec::len)
    }

    /// The daemon's process, by its lock.
    pub fn daemon(&self) -> Option<u32> {
        match wpp::disk::Lock::look(&self.home.session("main").join("LOCK")).unwrap() {
            wpp::disk::LockState::Held(owner) => owner.map(|owner| owner.pid),
            _ => None,
        }
    }

    /// kill -9, and wait until the process is gone.
    pub fn kill_daemon(&self) -> u32 {
        let pid = self.daemon().expect("a daemon");
        self.kill(pid);
        pid
    }

    /// Ends this one, which may be ending already.
    fn kill(&self, pid: u32) {
        let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        self.until("the daemon's end", || self.daemon().map_or(Ok(()), |pid| Err(format!("process {pid} lives"))));
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        if let Some(pid) = self.daemon() {
            self.kill(pid);
        }
        // Sessions that a test made beside it.
        let home = wpp::home::Home::open(self.home.path()).unwrap();
        for name in home.session_names().unwrap_or_default() {
            let _ = wpp::sandbox::kill_daemon(&home.session(&name));
        }
        self.stop_simulator();
    }
}
