//! A pseudo-terminal, and what a person types at it. `script`, of util-linux, makes the terminal.

use std::io::{Read as _, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::harness::{Killed, TestHome, program};

/// How long anything may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program at a terminal.
pub struct Terminal {
    child: Killed,
    keys: ChildStdin,
    shown: Arc<Mutex<String>>,
    /// How much of what is shown was looked at.
    seen: usize,
}

impl Terminal {
    pub fn new(home: &TestHome, arguments: &[&str]) -> Terminal {
        let quoted = |word: &&str| format!("'{}'", word.replace('\'', r"'\''"));
        let line = format!("exec {} {}", quoted(&program()), arguments.iter().map(quoted).collect::<Vec<_>>().join(" "));
        let mut command = Command::new("script");
        command.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
        command.env("WPP_HOME", home.path()).env("SHELL", "/bin/sh").env("TERM", "dumb");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("script, of util-linux, starts");
        let (keys, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let shown = Arc::new(Mutex::new(String::new()));
        let screen = Arc::clone(&shown);
        // It ends with the terminal.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                screen.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        Terminal { child: Killed(child), keys, shown, seen: 0 }
    }

    pub fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Waits until something is shown that was not looked at before, and gives all up to it.
    pub fn waits_for(&mut self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let shown = self.shown();
            if let Some(at) = shown[self.seen..].find(text) {
                let end = self.seen + at + text.len();
                return shown[std::mem::replace(&mut self.seen, end)..end].to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "{text:?} is not shown: {shown:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types a line.
    pub fn types(&mut self, text: &str) {
        writeln!(self.keys, "{text}").unwrap();
        self.keys.flush().unwrap();
    }

    /// The exit code of the program.
    pub fn ends(&mut self) -> i32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.0.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {:?}", self.shown());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
