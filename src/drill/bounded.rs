//! A disk of a bounded size for the sandbox of a drill: a small file system in memory, in a mount namespace of
//! its own, so that nobody else sees it and it is gone with the last process in there.
//!
//! A machine may not allow that, and only Linux has it; [`Way::find`] says why not. The drill is then run by
//! another process of this program, in the namespace ([`Way::command`]), which puts the file system in the
//! place of the sandbox's folder ([`cover`]).

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::process;
use crate::runbook::front::DISK_MIB_MAX;

/// How long a program that makes or removes a mount may take, and the end of processes that are killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the copy of a bounded disk may take.
const COPY_MAX: Duration = Duration::from_secs(60);

/// What such a program says that is worth telling.
const SAID_BYTES_MAX: usize = 4096;

/// How namespaces are made: as root, and as a user who is root in a user namespace of its own alone.
const WAYS: [&[&str]; 2] = [&["-m"], &["-U", "-r", "-m"]];

/// Mounts a file system in the folder that it is given; what it made is gone with its namespace.
const TRY: &str = "mount -t tmpfs -o size=64k,mode=0700 wpp-drill \"$1\" && : > \"$1/try\"";

/// The file that fills a disk, below the folder of faults.
const FILLER: &str = "filler";

/// A way to a namespace that works on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way(&'static [&'static str]);

impl Way {
    /// The first one that works, seen by trying it. The error says why none does.
    pub fn find() -> std::result::Result<Way, String> {
        let unshare = process::on_path("unshare").ok_or("this machine has no program unshare")?;
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder could be made: {error}"))?;
        let mut why = String::new();
        for way in WAYS {
            let mut command = Command::new(&unshare);
            command.args(way).args(["sh", "-c", TRY, "sh"]).arg(folder.path());
            match run(&mut command, PATIENCE) {
                // Seen from here nothing may have been mounted.
                Ok(()) if !folder.path().join("try").exists() => return Ok(Way(way)),
                Ok(()) => why = "a mount in a namespace of its own is seen outside of it".to_owned(),
                Err(said) => why = said,
            }
        }
        Err(why)
    }

    /// A program in a namespace of its own.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(self.0).arg(program);
        command
    }
}

fn run(command: &mut Command, time_max: Duration) -> std::result::Result<(), String> {
    let ran = process::run(command, b"", time_max, SAID_BYTES_MAX);
    match &ran.ended {
        process::Ended::Itself(status) if status.success() => Ok(()),
        ended => {
            let said = String::from_utf8_lossy(&ran.stderr.bytes);
            let said = said.lines().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned());
            Err(said.unwrap_or_else(|| ended.observed(time_max)))
        }
    }
}

/// The mount namespace of this process; none where the system has none.
pub fn namespace() -> Option<String> {
    let link = std::fs::read_link("/proc/self/ns/mnt").ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// A file system of a bounded size that stands in the place of a folder, until it is dropped.
#[derive(Debug)]
pub struct Cover {
    folder: PathBuf,
    beneath: File,
}

/// Puts a file system of so many MiB in the place of a folder, and another one below it at `apart`, for what
/// lies on the disk of somebody else.
///
/// # Errors
/// [`ErrorKind::Denied`] in the namespace `outside`, which is everybody's.
pub fn cover(folder: &Path, size_mib: u32, apart: &Path, outside: &str) -> Result<Cover> {
    if namespace().is_none_or(|own| own == outside) {
        return Err(Error::new(ErrorKind::Denied, "a disk of a bounded size is made in a mount namespace of its own alone")
            .hint("leave --apart-from out: `wpp drill run` gives it to itself"));
    }
    let beneath = File::open(folder).map_err(|error| disk::cannot("open", folder, error))?;
    mount(folder, size_mib)?;
    let cover = Cover { folder: folder.to_owned(), beneath };
    disk::create_folder(apart)?;
    mount(apart, size_mib)?;
    Ok(cover)
}

fn mount(folder: &Path, size_mib: u32) -> Result<()> {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &format!("size={size_mib}m,mode=0700"), "wpp-drill"]).arg(folder);
    run(&mut mount, PATIENCE).map_err(|said| {
        Error::new(ErrorKind::Failed, format!("cannot mount a file system on {}: {said}", folder.display()))
            .hint("run the drill again")
    })
}

impl Cover {
    /// The folder that is covered, as every process of this user reaches it while this one lives: what is
    /// written there needs no room on the bounded disk.
    pub fn beneath(&self) -> PathBuf {
        use std::os::fd::AsRawFd;
        PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.beneath.as_raw_fd()))
    }

    /// Copies what lies on the bounded disk into the folder beneath, but for what only fills it.
    pub fn keep(&self) -> Result<()> {
        empty(&self.folder)?;
        let mut copy = Command::new("cp");
        copy.args(["-a", "--", "."]).arg(self.beneath()).current_dir(&self.folder);
        run(&mut copy, COPY_MAX).map_err(|said| {
            Error::new(ErrorKind::Failed, format!("cannot keep what lies in {}: {said}", self.folder.display()))
                .hint("see how full the disk of the temporary folder is, and run the drill again")
        })
    }
}

impl Drop for Cover {
    fn drop(&mut self) {
        // Lazily, with what is mounted below: whoever still has a file open there keeps it. What fails here ends with the namespace.
        let _ = run(Command::new("umount").arg("-l").arg(&self.folder), PATIENCE);
    }
}

/// Whether a home is a small file system of its own, which may be filled to its last byte. No larger one is
/// taken for that.
pub fn is_bounded(root: &Path) -> bool {
    let device = |path: &Path| path.metadata().ok().map(|seen| seen.dev());
    let mounted = root.parent().is_some_and(|parent| device(parent).is_some_and(|around| device(root) != Some(around)));
    mounted && disk::space(root).is_ok_and(|space| space.total_bytes <= u64::from(DISK_MIB_MAX) << 20)
}

fn filler(root: &Path) -> PathBuf {
    root.join("faults").join(FILLER)
}

/// Whether a bounded disk was filled.
pub fn is_filled(root: &Path) -> bool {
    filler(root).exists()
}

/// Fills a bounded disk until the system itself says that it is full. What was given back since it was filled is filled
/// again, and at no moment there is more room than before.
pub fn fill(root: &Path) -> Result<u64> {
    use std::io::Write;
    let path = filler(root);
    let opened = File::options().append(true).create(true).open(&path);
    let mut file = opened.map_err(|error| disk::cannot("create", &path, error))?;
    let (mut filled_bytes, chunk) = (0_u64, vec![0x5a_u8; 1 << 20]);
    let mut size = chunk.len();
    while size > 0 {
        match file.write(&chunk[..size]) {
            Ok(0) => break,
            Ok(written) => filled_bytes += written as u64,
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => size /= 2,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(disk::cannot("write", &path, error)),
        }
        if filled_bytes > u64::from(DISK_MIB_MAX) << 20 {
            return Err(Error::new(ErrorKind::Failed, format!("the disk of {} does not become full", root.display()))
                .hint("remove what fills it with `wpp drill inject full-disk --release`"));
        }
    }
    Ok(filled_bytes)
}

/// Makes room on a bounded disk again.
pub fn empty(root: &Path) -> Result<()> {
    let path = filler(root);
    if path.exists() { disk::remove_file(&path) } else { Ok(()) }
}

/// Kills every process that sees a file system on this folder, and waits until none is left: they are those of
/// a drill that was killed.
///
/// # Errors
/// [`ErrorKind::Denied`] where this process sees one there, too: somebody has mounted it where everybody does.
pub fn end_all(folder: &Path) -> Result<()> {
    if has_mount("self", &as_written(folder)) {
        return Err(Error::new(ErrorKind::Denied, format!("a file system is mounted on {} for all to see", folder.display()))
            .hint(format!("take it away with `umount {}`, and run the drill again", folder.display())));
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let inside = inside(folder);
        if inside.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Error::new(
                ErrorKind::Locked,
                format!("process {} of the drill in {} does not end", inside[0], folder.display()),
            )
            .hint("look at it with `ps`, and end it with `kill -9`"));
        }
        for pid in inside {
            if let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // One that has just ended by itself is as good.
                let _ = kill_process(process, Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The processes in whose namespace something is mounted on a folder, but for this one.
fn inside(folder: &Path) -> Vec<u32> {
    let place = as_written(folder);
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != std::process::id() && has_mount(&pid.to_string(), &place)).collect()
}

/// A folder as the system writes down places.
fn as_written(folder: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let escaped = |byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
        _ => vec![*byte],
    };
    place.as_os_str().as_bytes().iter().flat_map(escaped).collect()
}

/// Whether a process sees a file system there.
fn has_mount(process: &str, place: &[u8]) -> bool {
    let mounts = std::fs::read(format!("/proc/{process}/mountinfo")).unwrap_or_default();
    mounts.split(|byte| *byte == b'\n').any(|line| line.split(|byte| *byte == b' ').nth(4) == Some(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_mounted_where_everybody_sees_it() {
        let folder = tempfile::tempdir().unwrap();
        let outside = namespace().unwrap_or_default();
        assert_eq!(cover(folder.path(), 1, &folder.path().join("apart"), &outside).unwrap_err().kind(), ErrorKind::Denied);
        assert!(!is_bounded(folder.path()), "an ordinary folder is never filled");
    }

    #[test]
    fn a_way_that_works_leaves_nothing_behind() {
        let found = Way::find();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        assert!(!mounts.contains("wpp-drill"), "{found:?} {mounts}");
        assert!(!found.is_err_and(|why| why.is_empty()), "why there is none is said");
    }

    #[test]
    fn nobody_is_killed_for_a_mount_that_all_see() {
        let shared = ["/proc", "/sys", "/dev"].map(Path::new).into_iter().find(|place| has_mount("self", &as_written(place)));
        let Some(place) = shared else { return };
        assert_eq!(end_all(place).unwrap_err().kind(), ErrorKind::Denied);
        assert_eq!(as_written(Path::new("/nowhere/a b\\c")), b"/nowhere/a\\040b\\134c");
    }
}
