//! Programs that an operator has named, run without a shell, for a bounded time, with what they write
//! kept up to a bound. Start with [`run`], or with [`Run`] for a program that is fed a file or a stream. What
//! the system tells of any process is in [`told`].

mod told;

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::clock;

pub use told::{HeldLock, LockKind, Stat, age, arguments, boot, held_locks, home, is_alive, is_wpp, started, stat};

/// How long the end of its output is waited for once it has ended.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);

/// Folders with one folder for each version of PostgreSQL, and what follows in that: distributions keep its
/// programs out of the way of users.
const POSTGRES_FOLDERS: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/Library/PostgreSQL", "bin"),
];

/// The mask for the modes of new files that whoever started this process had.
static INHERITED_UMASK: OnceLock<u32> = OnceLock::new();

/// Has everything that this process makes from here on be for its own user alone, and keeps in mind what it was
/// started with. The mask belongs to the whole process: this is for its very beginning.
pub fn close_umask() {
    let inherited = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077)).as_raw_mode();
    // What a second call would find is what the first one set.
    let _ = INHERITED_UMASK.set(inherited);
}

/// The mask that this process was started with; `None` where [`close_umask`] was not called, and nobody knows it.
pub fn inherited_umask() -> Option<u32> {
    INHERITED_UMASK.get().copied()
}

/// What became of a program.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// What it wrote to its standard output, up to the bound.
    pub stdout: Written,
    /// The same of its standard error.
    pub stderr: Written,
    /// Why what it was to read could not be read to its end: then it has seen a part of it alone.
    pub input_error: Option<std::io::Error>,
}

/// What a program reads on its standard input.
pub enum Input {
    /// Nothing.
    Nothing,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file, from where it stands; the program may seek in it.
    File(File),
    /// All that comes out of it.
    Stream(Box<dyn Read + Send>),
}

/// How a program is run.
pub struct Run<'a> {
    /// What it reads.
    pub input: Input,
    /// Where its standard output goes; without one it is kept.
    pub output: Option<File>,
    /// It is killed after this time, with all that it has started.
    pub patience: Duration,
    /// Of each output that is kept, at most so many bytes.
    pub output_bytes_max: usize,
    /// It is killed as soon as this is set.
    pub stop: Option<&'a AtomicBool>,
}

/// How a program ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself.
    Itself(ExitStatus),
    /// It was not there, or not to be run.
    NotStarted(std::io::Error),
    /// Whether it ended cannot be told.
    NotSeen(std::io::Error),
    /// It took too long, or it was asked to stop: it was killed, with all that it had started.
    Killed,
}

impl Ended {
    /// What was seen of its end. `patience` is how long it was waited for.
    pub fn observed(&self, patience: Duration) -> String {
        match self {
            Ended::Itself(status) => format!("it ended with {status}"),
            Ended::NotStarted(error) => format!("it could not be started: {error}"),
            Ended::NotSeen(error) => format!("it could not be waited for: {error}"),
            Ended::Killed => format!("it did not end within {} and was killed", clock::human(patience)),
        }
    }
}

/// What a program wrote.
#[derive(Debug, Default)]
pub struct Written {
    /// The beginning of it.
    pub bytes: Vec<u8>,
    /// Whether there was more.
    pub more: bool,
}

/// Runs a program with `input`; of each of its outputs at most `output_bytes_max` are kept. One that
/// does not end within `patience` is killed, with all that it has started.
pub fn run(command: &mut Command, input: &[u8], patience: Duration, output_bytes_max: usize) -> Ran {
    run_until(command, input, patience, output_bytes_max, &AtomicBool::new(false))
}

/// [`run`] that also ends, as when it takes too long, once `stop` is set.
pub fn run_until(command: &mut Command, input: &[u8], patience: Duration, output_bytes_max: usize, stop: &AtomicBool) -> Ran {
    Run { input: Input::Bytes(input.to_vec()), output: None, patience, output_bytes_max, stop: Some(stop) }.of(command)
}

/// A program and all that it has started, as far as that has not left the group: known again even by
/// another process, when the one that ran it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Group {
    /// The process that leads it.
    pub leader: u32,
    /// When that was started, in the system's own ticks; none where that is not told.
    pub started: Option<u64>,
}

impl Group {
    /// The one that a process leads.
    pub fn of(leader: u32) -> Group {
        Group { leader, started: started(leader) }
    }

    /// Whether its leader still runs. One that has ended does not, asked after or not; where the system does
    /// not tell, any process of its number is taken for it.
    pub fn is_alive(self) -> bool {
        match self.started {
            Some(known) => stat(self.leader).is_some_and(|stat| stat.started == known && !stat.has_ended()),
            None => is_alive(self.leader),
        }
    }

    /// Kills what is left of it; whether nothing is, within this time.
    pub fn end(self, patience: Duration) -> bool {
        let Some(group) = i32::try_from(self.leader).ok().and_then(Pid::from_raw) else { return true };
        // The number is taken by another process only once nothing of the group is left.
        if started(self.leader).is_some_and(|started| self.started.is_some_and(|known| known != started)) {
            return true;
        }
        let deadline = Instant::now() + patience;
        loop {
            match kill_process_group(group, Signal::KILL) {
                Err(rustix::io::Errno::SRCH) => return true,
                _ if Instant::now() >= deadline => return false,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Run<'_> {
    /// Runs the program to its end.
    pub fn of(self, command: &mut Command) -> Ran {
        self.of_known(command, &mut |_| Ok(()))
    }

    /// [`Run::of`] with somebody who is told of the group before the program is fed anything, and may
    /// still refuse.
    pub fn of_known(self, command: &mut Command, know: &mut dyn FnMut(Group) -> std::io::Result<()>) -> Ran {
        let deadline = Instant::now() + self.patience;
        let (stdin, stream): (Stdio, Option<Box<dyn Read + Send>>) = match self.input {
            Input::Nothing => (Stdio::null(), None),
            Input::Bytes(bytes) => (Stdio::piped(), Some(Box::new(std::io::Cursor::new(bytes)))),
            Input::File(file) => (file.into(), None),
            Input::Stream(stream) => (Stdio::piped(), Some(stream)),
        };
        let stdout = self.output.map_or_else(Stdio::piped, Stdio::from);
        command.stdin(stdin).stdout(stdout).stderr(Stdio::piped()).process_group(0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let (stdout, stderr) = (Written::default(), Written::default());
                return Ran { ended: Ended::NotStarted(error), stdout, stderr, input_error: None };
            }
        };
        if let Err(error) = know(Group::of(child.id())) {
            kill(&mut child);
            let (stdout, stderr) = (Written::default(), Written::default());
            return Ran { ended: Ended::NotStarted(error), stdout, stderr, input_error: None };
        }
        let fed = child.stdin.take().zip(stream).map(|(stdin, stream)| feed(stdin, stream));
        let stdout = child.stdout.take().map(|from| Output::collect(from, self.output_bytes_max));
        let stderr = child.stderr.take().map(|from| Output::collect(from, self.output_bytes_max));
        let ended = match wait(&mut child, deadline, self.stop) {
            Some(Ok(status)) => Ended::Itself(status),
            Some(Err(error)) => Ended::NotSeen(error),
            None => {
                kill(&mut child);
                Ended::Killed
            }
        };
        // Something that it has started may hold its output open for ever.
        let deadline = Instant::now() + OUTPUT_PATIENCE;
        let written = |output: Option<Output>| output.map(|output| output.written(deadline)).unwrap_or_default();
        let (stdout, stderr) = (written(stdout), written(stderr));
        let left = deadline.saturating_duration_since(Instant::now());
        Ran { ended, stdout, stderr, input_error: fed.and_then(|fed| fed.recv_timeout(left).ok()) }
    }
}

/// Hands a stream to a program in a thread of its own, and tells if it could not be read to its end.
/// A program that does not read all of it is left alone with it.
fn feed(mut stdin: impl Write + Send + 'static, mut stream: Box<dyn Read + Send>) -> Receiver<std::io::Error> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    // Told before the program sees the end: whoever waits for it then knows.
                    let _ = tell.send(error);
                    return;
                }
            };
            if stdin.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    });
    told
}

/// Where a program is that is named by its path, or by its name in a folder of PATH, if it may be run.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let runs = |path: &PathBuf| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(runs);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(runs)
}

/// The folder with the programs of the newest PostgreSQL of this machine.
pub fn newest_postgres() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, inside) in POSTGRES_FOLDERS {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            // `15` of Debian, `pgsql-15` of Fedora, `postgresql@15` of Homebrew.
            let digits = ["pgsql-", "postgresql@", ""].iter().find_map(|prefix| name.strip_prefix(prefix)?.parse().ok());
            let folder = entry.path().join(inside);
            if let Some(version) = digits
                && folder.join("initdb").is_file()
            {
                found.push((version, folder));
            }
        }
    }
    found.into_iter().max().map(|(_, folder)| folder)
}

/// What a program writes, read as it comes.
struct Output {
    kept: Arc<Mutex<Written>>,
    // Nothing is sent: it is cut off when nobody can write any more.
    end: Receiver<()>,
}

impl Output {
    fn collect(mut from: impl Read + Send + 'static, bytes_max: usize) -> Output {
        let (open, end) = channel();
        let kept = Arc::new(Mutex::new(Written::default()));
        let output = Output { kept: kept.clone(), end };
        std::thread::spawn(move || {
            let _open: Sender<()> = open;
            let mut buffer = [0; 4096];
            // What is not kept is read all the same: a full pipe would stop the program.
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = bytes_max.saturating_sub(kept.bytes.len());
                kept.bytes.extend_from_slice(&buffer[..count.min(room)]);
                kept.more |= count > room;
            }
        });
        output
    }

    /// What was written until its end, or until `deadline` if it is held open longer.
    fn written(&self, deadline: Instant) -> Written {
        let _ = self.end.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn wait(child: &mut Child, deadline: Instant, stop: Option<&AtomicBool>) -> Option<std::io::Result<ExitStatus>> {
    let asked = || stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(Ok(status)),
            Err(error) => return Some(Err(error)),
            Ok(None) if Instant::now() >= deadline || asked() => return None,
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

    #[test]
    fn a_group_is_ended_with_all_that_it_started_and_another_of_its_number_is_not() {
        let mut child = Command::new("sh").args(["-c", "sleep 600 & wait"]).process_group(0).spawn().unwrap();
        let group = Group::of(child.id());
        let other = Group { started: group.started.map(|started| started + 1), ..group };
        assert!(other.end(Duration::ZERO) && child.try_wait().unwrap().is_none());
        // A zombie is of the group until somebody has asked how it ended.
        let ended = std::thread::spawn(move || child.wait().unwrap());
        assert!(group.end(Duration::from_secs(60)));
        assert!(!ended.join().unwrap().success());
        assert!(group.end(Duration::ZERO), "there is none");
    }

    #[test]
    fn what_has_ended_is_not_alive_before_anybody_has_asked_how_nor_is_another_of_its_number() {
        let mut child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let group = Group::of(child.id());
        assert!(group.is_alive());
        let other = Group { started: group.started.map(|started| started + 1), ..group };
        assert!(!other.is_alive() || group.started.is_none());
        child.kill().unwrap();
        // Where the system does not tell, it is alive until somebody has asked.
        let gone = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            !group.is_alive()
        });
        assert!(gone || group.started.is_none());
        child.wait().unwrap();
        assert!(!group.is_alive());
    }

    #[test]
    fn a_program_that_nobody_may_know_of_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "read -r go && touch done"]).current_dir(folder.path());
        let run = || Run {
            input: Input::Bytes(b"go\n".to_vec()),
            output: None,
            patience: Duration::from_secs(60),
            output_bytes_max: 9,
            stop: None,
        };
        let ran = run().of_known(&mut command, &mut |_| Err(std::io::Error::other("the disk is full")));
        assert!(matches!(ran.ended, Ended::NotStarted(_)) && !folder.path().join("done").exists());
        let ran = run().of(&mut command);
        assert!(matches!(ran.ended, Ended::Itself(status) if status.success()) && folder.path().join("done").exists());
    }

    #[test]
    fn programs_are_found_on_path() {
        assert!(on_path("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(on_path("no-such-program-here"), None);
    }
}
