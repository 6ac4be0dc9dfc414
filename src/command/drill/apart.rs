//! Runs a drill in another process of this program, where its sandbox may have a disk of its own; what that
//! process tells is told here.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::app::App;
use crate::drill::bounded::{Way, namespace};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::interrupt::Interrupts;
use crate::report::{Event, Report};

/// Between two looks at whether the operator interrupts.
const POLL: Duration = Duration::from_millis(20);

/// A signal of the terminal reaches both processes, and is not to count twice.
const SAME_SIGNAL: Duration = Duration::from_millis(300);

/// Runs `wpp drill run` with these words in a mount namespace of its own, to its end.
pub fn run(app: &App, way: Way, words: Vec<OsString>, interrupts: &Interrupts) -> Result<Report> {
    let failed = || "cannot run the drill in a mount namespace of its own".to_owned();
    let mut command = way.command(app.program()?);
    command.arg("--home").arg(app.home().root()).args(["--format", "json", "drill", "run", "--apart-from"]);
    command.arg(namespace().unwrap_or_default()).args(words);
    // Its input is what it notices our end by.
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().while_doing(failed)?;
    let over = Arc::new(AtomicBool::new(false));
    let asking = child.stdin.take().map(|input| ask_to_end(input, interrupts.flag(), over.clone()));
    let mut last = Value::Null;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let document: Value = serde_json::from_str(&line.while_doing(failed)?).unwrap_or_default();
            match document["event"].is_string() {
                true => serde_json::from_value::<Event>(document).into_iter().for_each(|event| app.emit(event)),
                false => last = document,
            }
        }
    }
    let status = child.wait().while_doing(failed)?;
    over.store(true, Ordering::Relaxed);
    drop(asking.map(std::thread::JoinHandle::join));
    if last["schema"] == "wpp.error/1" {
        return Err(told(&last));
    }
    serde_json::from_value(last).map_err(|_| {
        Error::new(ErrorKind::Failed, format!("the process that ran the drill ended with {status} and without a word"))
            .hint("run it again; what it left is removed by then")
    })
}

/// Closes its input once the operator interrupts, whoever of the two the signal has reached.
fn ask_to_end(input: ChildStdin, interrupted: Arc<AtomicBool>, over: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while !interrupted.load(Ordering::Relaxed) && !over.load(Ordering::Relaxed) {
            std::thread::sleep(POLL);
        }
        drop(input);
    })
}

/// An error that the other process has told.
fn told(document: &Value) -> Error {
    let kind = document["code"].as_str().and_then(ErrorKind::from_code).unwrap_or(ErrorKind::Unexpected);
    let error = Error::new(kind, document["message"].as_str().unwrap_or("the drill could not be run"));
    let texts =
        |name: &str| document[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let (hints, notes): (Vec<String>, Vec<String>) = (texts("hints"), texts("notes"));
    let error = notes.into_iter().fold(error, Error::note);
    hints.into_iter().fold(error, Error::hint)
}

/// In the other process: once whoever began it is gone or asks for it, this is as interrupted as by a signal.
pub fn end_with_input(interrupted: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::thread::sleep(SAME_SIGNAL);
        if !interrupted.load(Ordering::Relaxed) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
        }
    });
}
