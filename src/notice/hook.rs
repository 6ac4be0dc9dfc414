//! The program that an operator has set to be run when a backup fails: without a shell, for a bounded
//! time, with the result on its standard input. Start with [`run`].

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Told;

/// How long the program may run.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long the end of its output is waited for once it has ended.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);
/// How much of what it writes is kept.
const OUTPUT_BYTES_MAX: usize = 16 << 10;

/// What unlocks archives and stores, and addresses that are secrets: none of a notice's business. What
/// the program needs itself it is given some other way.
const SECRETS: [&str; 4] = ["WPP_BACKUP_PASSPHRASE", "WPP_BACKUP_PING_URL", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Runs the program, without the secrets of this process's environment, and says what became of it. One that does not end in time is killed, with all
/// that it has started.
pub fn run(command: &[String], document: &str, patience: Duration) -> Told {
    let told = |ok: bool, observed: String, output: String| {
        let to = command.first().cloned().unwrap_or_default();
        Told { by: "hook", to, ok, observed, output }
    };
    let Some((program, arguments)) = command.split_first() else {
        return told(false, "no program is named".into(), String::new());
    };
    let deadline = Instant::now() + patience;
    let mut running = Command::new(program);
    running.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    for name in SECRETS {
        running.env_remove(name);
    }
    let mut child = match running.spawn() {
        Ok(child) => child,
        Err(error) => return told(false, format!("it could not be started: {error}"), String::new()),
    };
    if let Some(mut stdin) = child.stdin.take() {
        let document = document.to_owned();
        // A program that does not read its input is left alone with it.
        std::thread::spawn(move || drop(stdin.write_all(document.as_bytes())));
    }
    let outputs = [child.stdout.take().map(Output::collect), child.stderr.take().map(Output::collect)];
    let ended = wait(&mut child, deadline);
    if ended.is_none() {
        kill(&mut child);
    }
    // Something that it has started may hold its output open for ever.
    let deadline = Instant::now() + OUTPUT_PATIENCE;
    let text: String = outputs.iter().flatten().map(|output| output.text(deadline)).collect();
    match ended {
        Some(Ok(status)) => told(status.success(), format!("it ended with {status}"), text),
        Some(Err(error)) => told(false, format!("it could not be waited for: {error}"), text),
        None => told(false, format!("it did not end within {} s and was killed", patience.as_secs()), text),
    }
}

/// What a program writes, read as it comes.
struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    // Nothing is sent: it is cut off when nobody can write any more.
    end: Receiver<()>,
}

impl Output {
    fn collect(mut from: impl Read + Send + 'static) -> Output {
        let (open, end) = channel();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let output = Output { kept: kept.clone(), end };
        std::thread::spawn(move || {
            let _open: Sender<()> = open;
            let mut buffer = [0; 4096];
            // What is not kept is read all the same: a full pipe would stop the program.
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..count.min(room)]);
            }
        });
        output
    }

    /// What was written until its end, or until `deadline` if it is held open longer.
    fn text(&self, deadline: Instant) -> String {
        let _ = self.end.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn wait(child: &mut Child, deadline: Instant) -> Option<std::io::Result<ExitStatus>> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(Ok(status)),
            Err(error) => return Some(Err(error)),
            Ok(None) if Instant::now() >= deadline => return None,
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn kill(child: &mut Child) {
    // It leads a group of its own; that the group is gone already is as good.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str, patience: Duration) -> Told {
        run(&["/bin/sh", "-c", text].map(str::to_owned), "{\"title\":\"x\"}\n", patience)
    }

    #[test]
    fn a_program_gets_the_document_and_what_it_says_is_kept() {
        let told = script("cat; echo too >&2", PATIENCE);
        assert!(told.ok && told.output == "{\"title\":\"x\"}\ntoo\n", "{told:?}");
        let told = script("exit 7", PATIENCE);
        assert!(!told.ok && told.observed.contains('7') && told.warning().is_some(), "{told:?}");
        let told = run(&["/no/such/program".to_owned()], "", PATIENCE);
        assert!(!told.ok && told.observed.contains("could not be started"), "{told:?}");
        let told = script("head -c 100000 /dev/zero; echo end >&2", PATIENCE);
        assert!(told.ok && told.output.len() == OUTPUT_BYTES_MAX + 4, "{}", told.output.len());
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_all_it_started() {
        let told = script("echo $$; sleep 1000 & sleep 1000", Duration::from_millis(300));
        assert!(!told.ok && told.observed.contains("was killed"), "{told:?}");
        // It may have been killed before it said who it is.
        let Ok(group) = told.output.trim().parse().map(|group| Pid::from_raw(group).unwrap()) else { return };
        assert!(is_gone(group), "its children live on");
    }

    #[test]
    fn a_program_that_ends_and_leaves_its_output_to_a_child_is_not_waited_for() {
        let told = script("echo $$; sleep 1000 & exit 0", Duration::from_secs(900));
        assert!(told.ok, "{told:?}");
        let group = Pid::from_raw(told.output.trim().parse().unwrap()).unwrap();
        // The child is there still, and was left alone.
        kill_process_group(group, Signal::KILL).unwrap();
        assert!(is_gone(group));
    }

    fn is_gone(group: Pid) -> bool {
        (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            kill_process_group(group, Signal::CONT).is_err()
        })
    }
}
