//! The disk, touched safely: atomic writes, renames that survive a power cut, locks, hashes.
//!
//! Every act that changes the disk passes [`faults::point`], the seam at which tests make the
//! n-th operation fail or kill the process. Start with [`write_atomic`], [`Lock`] and [`swap`].

mod lock;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::report::size;

pub use self::lock::{Lock, LockOwner, LockState, living};

/// Mode of every folder that `wpp` makes.
pub const FOLDER_MODE: u32 = 0o700;
/// Mode of every file that `wpp` makes.
pub const FILE_MODE: u32 = 0o600;

/// Makes a folder and its parents with mode 0700; one that exists is left as it is.
pub fn create_folder(path: &Path) -> Result<()> {
    faults::point("create-folder", path)?;
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(|error| cannot("create folder", path, error))
}

/// Makes a folder with mode 0700, and its parents; false when it is there already, and so somebody else's.
pub fn claim_folder(path: &Path) -> Result<bool> {
    create_folder(parent(path))?;
    faults::point("create-folder", path)?;
    match fs::DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(cannot("create folder", path, error)),
    }
}

/// Writes a file so that a reader, or a power cut, sees the old content or the new, never a part.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    write_atomic_as(path, content, FILE_MODE)
}

/// [`write_atomic`] for a file that holds no secret and that other users read.
pub fn write_atomic_for_all(path: &Path, content: &[u8]) -> Result<()> {
    write_atomic_as(path, content, 0o644)
}

fn write_atomic_as(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let folder = parent(path);
    let mut file =
        tempfile::Builder::new().prefix(".wpp-").tempfile_in(folder).map_err(|error| cannot("write beside", path, error))?;
    // Set on the open file: as a wish for a new one, the process's mask would take parts of it away.
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(mode))
        .map_err(|error| cannot(&format!("set mode {mode:04o} beside"), path, error))?;
    faults::write_point(path, || drop(file.as_file().write(&content[..content.len() / 2])))?;
    file.write_all(content).map_err(|error| cannot("write", path, error))?;
    faults::point("sync", path)?;
    file.as_file().sync_all().map_err(|error| cannot("sync", path, error))?;
    faults::point("rename", path)?;
    file.persist(path).map_err(|error| cannot("replace", path, error.error))?;
    sync_folder(folder)
}

/// Creates a new file with mode 0600 and fails if the name is taken.
pub fn create_file(path: &Path) -> Result<File> {
    faults::point("create", path)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|error| cannot("create", path, error))
}

/// Opens an ordinary file to read. Anything else of that name is an error, never a wait: opening a
/// pipe would last until somebody writes to it.
pub fn open_to_read(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(flags(rustix::fs::OFlags::NONBLOCK)).open(path)?;
    ordinary(&file)?;
    Ok(file)
}

/// Reads a small file that holds a secret, which must be an ordinary file that belongs to this user
/// and that nobody else may open. `what` is what it holds, in the words of the operator.
///
/// # Errors
/// [`ErrorKind::Usage`] when there is no such file, [`ErrorKind::Denied`] when others can read or
/// replace it, with the command that mends it.
pub fn read_private(what: &str, path: &Path, size_bytes_max: u64) -> Result<Vec<u8>> {
    let mut file = open_to_read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(ErrorKind::Usage, format!("there is no {what} {}", path.display())).hint("check the path that was given")
        }
        _ => cannot(&format!("read the {what}"), path, error),
    })?;
    // Asked of the open file: what lies under the name may change in between.
    let metadata = file.metadata().map_err(|error| cannot(&format!("look at the {what}"), path, error))?;
    let shown = path.display();
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        let text = format!("the {what} {shown} belongs to another user (uid {})", metadata.uid());
        return Err(Error::new(ErrorKind::Denied, text).hint(format!("chown \"$(id -un)\" '{shown}' && chmod 600 '{shown}'")));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        let text = format!("the {what} {shown} has mode {mode:04o}: others on this machine can open it");
        return Err(Error::new(ErrorKind::Denied, text)
            .hint(format!("chmod 600 '{shown}'   # and replace what was in it, if others may have read it")));
    }
    let mut content = Vec::new();
    (&mut file)
        .take(size_bytes_max.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| cannot(&format!("read the {what}"), path, error))?;
    if content.len() as u64 > size_bytes_max {
        let text = format!("the {what} {shown} is larger than {size_bytes_max} bytes");
        return Err(Error::new(ErrorKind::Usage, text).hint("check that this is the file that was meant"));
    }
    Ok(content)
}

/// Reads a small file that need not be there; `None` when nothing has the name. A link that leads nowhere has it:
/// whoever made it means a file, and what stands in that must not be passed over.
pub fn read_small_if_there(path: &Path, size_bytes_max: u64) -> std::io::Result<Option<Vec<u8>>> {
    match read_small(path, size_bytes_max) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Err(error) if path.symlink_metadata().is_ok_and(|seen| seen.is_symlink()) => {
            Err(std::io::Error::new(error.kind(), "it is a link that leads nowhere"))
        }
        Err(_) => Ok(None),
    }
}

/// Reads an ordinary file of at most so many bytes.
pub fn read_small(path: &Path, size_bytes_max: u64) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    open_to_read(path)?.take(size_bytes_max.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > size_bytes_max {
        let text = format!("it is larger than {size_bytes_max} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, text));
    }
    Ok(content)
}

fn ordinary(file: &File) -> std::io::Result<()> {
    if file.metadata()?.is_file() {
        return Ok(());
    }
    Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not an ordinary file"))
}

/// Forces a file's bytes to the disk.
pub fn sync_file(path: &Path) -> Result<()> {
    faults::point("sync", path)?;
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| cannot("sync", path, error))
}

/// Forces a folder's entries to the disk, without which a rename may vanish in a power cut.
pub fn sync_folder(path: &Path) -> Result<()> {
    faults::point("sync-folder", path)?;
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| cannot("sync folder", path, error))
}

/// Renames within one file system and makes the rename durable.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    faults::point("rename", from)?;
    fs::rename(from, to).map_err(|error| cannot(&format!("rename to {}", to.display()), from, error))?;
    sync_folder(parent(to))?;
    if parent(from) != parent(to) {
        sync_folder(parent(from))?;
    }
    Ok(())
}

/// Removes a file; one that is not there is fine.
pub fn remove_file(path: &Path) -> Result<()> {
    faults::point("remove", path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot("remove", path, error)),
        _ => Ok(()),
    }
}

/// Removes a folder and all in it, following no link; one that is not there is fine.
pub fn remove_folder(path: &Path) -> Result<()> {
    faults::point("remove-folder", path)?;
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot("remove folder", path, error)),
        _ => Ok(()),
    }
}

/// Everything in a folder, in no order; a folder that is not there holds nothing.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot("list", folder, error)),
    };
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| cannot("list", folder, error))).collect()
}

/// Size of all files under a folder. Links are not followed.
pub fn folder_size_bytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for path in list(folder)? {
        let metadata = path.symlink_metadata().map_err(|error| cannot("look at", &path, error))?;
        sum += if metadata.is_dir() { folder_size_bytes(&path)? } else { metadata.len() };
    }
    Ok(sum)
}

/// Sets permission bits.
pub fn set_mode(path: &Path, mode: u32) -> Result<()> {
    faults::point("chmod", path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|error| cannot(&format!("set mode {mode:04o} on"), path, error))
}

/// Which file or folder a path leads to, whatever it is called: its device and its number. `None` when there is none
/// that can be looked at.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    path.metadata().map(|seen| (seen.dev(), seen.ino())).ok()
}

/// [`identity`] of what has that very name, be it a link.
pub fn identity_of_name(path: &Path) -> Option<(u64, u64)> {
    path.symlink_metadata().map(|seen| (seen.dev(), seen.ino())).ok()
}

/// What a file is to the permission checks. `None` when it does not exist.
pub fn mode_and_owner(path: &Path) -> Result<Option<(u32, u32)>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some((metadata.permissions().mode() & 0o7777, metadata.uid()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("look at", path, error)),
    }
}

/// SHA-256 of everything that a reader yields, in hex, and the number of bytes.
pub fn sha256(mut reader: impl Read) -> std::io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 256 * 1024];
    let mut total = 0_u64;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok((hex::encode(hasher.finalize()), total));
        }
        hasher.update(&buffer[..count]);
        total += count as u64;
    }
}

/// Room on a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Size of the file system.
    pub total_bytes: u64,
    /// What an ordinary user may still write.
    pub free_bytes: u64,
}

/// Room on the file system that holds `path`, or its nearest parent that exists.
pub fn space(path: &Path) -> Result<Space> {
    let existing = path.ancestors().find(|candidate| candidate.exists()).unwrap_or(Path::new("/"));
    let stat = rustix::fs::statvfs(existing).map_err(|error| cannot("measure the file system of", existing, error.into()))?;
    let free_bytes = if faults::is_full(existing) { 0 } else { stat.f_bavail * stat.f_frsize };
    Ok(Space { total_bytes: stat.f_blocks * stat.f_frsize, free_bytes })
}

/// Fails early when the file system of `path` has less than `needed_bytes` left.
pub fn require_space(path: &Path, needed_bytes: u64) -> Result<()> {
    let space = space(path)?;
    if space.free_bytes >= needed_bytes {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unexpected,
        format!("{} has {} free and this needs {}", path.display(), size(space.free_bytes), size(needed_bytes)),
    )
    .hint("free disk space, or point the command at another file system"))
}

/// Below so much that is free it is tried whether anything can be written.
const ROOM_BYTES: usize = 64 << 10;

/// Fails when nothing more can be written into a folder, seen by trying it where little is free: what is left for
/// the superuser alone counts for no other.
pub fn require_room(folder: &Path) -> Result<()> {
    if space(folder)?.free_bytes >= ROOM_BYTES as u64 {
        return Ok(());
    }
    faults::room("write to", folder)?;
    let written = tempfile::tempfile_in(folder).and_then(|mut file| file.write_all(&[0; ROOM_BYTES]));
    written.map_err(|error| cannot("write to", folder, error))
}

fn flags(flags: rustix::fs::OFlags) -> i32 {
    // The flags are small positive bit sets on every platform.
    flags.bits().cast_signed()
}

/// Puts `new` in the place of `current` and keeps what was there as `old`.
///
/// `current` may be absent. Between the two renames the place is empty; whoever finds it so with
/// `old` present may rename `old` back, which is what crash recovery does.
pub fn swap(new: &Path, current: &Path, old: &Path) -> Result<()> {
    if current.exists() {
        rename(current, old)?;
    }
    rename(new, current)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// One of our errors on its way through code that speaks `std::io`; [`cannot`] takes it out again.
/// Its kind there is one that no decoder gives: a store that cannot be reached is no damage.
pub fn as_io(error: Error) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotConnected, error)
}

/// A disk error in our words, with the hint that fits it. One that [`as_io`] packed is given as it
/// was.
pub fn cannot(what: &str, path: &Path, error: std::io::Error) -> Error {
    use std::io::ErrorKind as Io;
    let error = match error.downcast::<Error>() {
        Ok(ours) => return ours,
        Err(error) => error,
    };
    let hint = match error.kind() {
        Io::StorageFull | Io::QuotaExceeded => "free disk space, then run the command again",
        Io::PermissionDenied => "check who owns it and its mode; `wpp doctor` checks both",
        Io::ReadOnlyFilesystem => "the file system is mounted read-only; remount it or set WPP_HOME to another place",
        Io::NotFound => "check the path",
        Io::InvalidInput | Io::IsADirectory | Io::FileTooLarge => "look at what is there, and move it away",
        _ => "check the disk and the path; `wpp doctor` looks at both",
    };
    Error::new(ErrorKind::Unexpected, format!("cannot {what} {}", path.display())).caused_by(error).hint(hint)
}

/// The seam where tests break the disk.
pub mod faults {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{OnceLock, PoisonError, RwLock};

    use crate::error::{Error, ErrorKind, Result};

    /// What to do at the chosen operation.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Act {
        /// Report an input/output error.
        Fail,
        /// Take a part of what is written, where something is, and report a full disk.
        Full,
        /// End the process at once, as `kill -9` does.
        Kill,
        /// Take so many milliseconds longer, for every operation: a slow disk.
        Slow,
    }

    static PLAN: OnceLock<(Act, u64)> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    /// Roots of sandbox homes, each with the file that makes its disk full.
    static BOUNDED: RwLock<Vec<(PathBuf, PathBuf)>> = RwLock::new(Vec::new());

    /// Operations that a full disk still does.
    const NEEDS_NO_ROOM: [&str; 8] = ["remove", "remove-folder", "rename", "lock", "chmod", "sync", "sync-folder", "checkpoint"];

    /// Arms a plan such as `kill@7`, once for the process; only sandbox homes are let in here.
    pub fn arm(text: &str) -> Result<()> {
        let wrong = || {
            Error::new(ErrorKind::Usage, format!("WPP_DISK_FAULT={text} is not a fault plan"))
                .hint("write fail@N, full@N or kill@N, with N counting disk operations from 1, or slow@MILLISECONDS")
        };
        let (act, number) = text.split_once('@').ok_or_else(wrong)?;
        let act = match act {
            "fail" => Act::Fail,
            "full" => Act::Full,
            "kill" => Act::Kill,
            "slow" => Act::Slow,
            _ => return Err(wrong()),
        };
        let number = number.parse().map_err(|_| wrong())?;
        // Arming twice keeps the first plan, which is the one that the process was started with.
        let _ = PLAN.set((act, number));
        Ok(())
    }

    /// From now on nothing that needs room is done under `root` while the file `mark` is there. Only
    /// sandbox homes are let in here.
    pub fn bound(root: PathBuf, mark: PathBuf) {
        let mut bounded = BOUNDED.write().unwrap_or_else(PoisonError::into_inner);
        if !bounded.iter().any(|(known, _)| *known == root) {
            bounded.push((root, mark));
        }
    }

    /// Whether a drill has made the disk of this path full.
    pub fn is_full(path: &Path) -> bool {
        let bounded = BOUNDED.read().unwrap_or_else(PoisonError::into_inner);
        bounded.iter().any(|(root, mark)| path.starts_with(root) && mark.exists())
    }

    /// Fails as a full disk does when a drill has made this one full.
    pub fn room(what: &str, path: &Path) -> Result<()> {
        if is_full(path) { Err(super::cannot(what, path, rustix::io::Errno::NOSPC.into())) } else { Ok(()) }
    }

    /// How many operations have passed so far.
    pub fn count() -> u64 {
        COUNT.load(Ordering::Relaxed)
    }

    /// Passes one write; on a disk that becomes full at it, `half` writes a part of it before that is
    /// reported, as such disks do.
    pub fn write_point(path: &Path, half: impl FnOnce()) -> Result<()> {
        let next = COUNT.load(Ordering::Relaxed) + 1;
        if PLAN.get().is_some_and(|(act, at)| *act == Act::Full && *at == next) {
            half();
        }
        point("write", path)
    }

    /// Passes one operation; does what the plan says when its number has come.
    pub fn point(what: &str, path: &Path) -> Result<()> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        // A folder that is there already needs none either.
        if !(NEEDS_NO_ROOM.contains(&what) || what == "create-folder" && path.is_dir()) {
            room(what, path)?;
        }
        let Some((act, at)) = PLAN.get() else { return Ok(()) };
        let errno = match act {
            Act::Slow => {
                std::thread::sleep(std::time::Duration::from_millis(*at));
                return Ok(());
            }
            _ if number != *at => return Ok(()),
            Act::Fail => rustix::io::Errno::IO,
            Act::Full => rustix::io::Errno::NOSPC,
            Act::Kill => {
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                rustix::io::Errno::IO
            }
        };
        Err(super::cannot(what, path, errno.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atomic_write_replaces_whole_files_with_mode_0600() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(mode_and_owner(&path).unwrap().unwrap().0, FILE_MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "hush").unwrap();
        set_mode(&path, 0o600).unwrap();
        assert_eq!(read_private("key", &path, 4).unwrap(), b"hush");
        assert_eq!(read_private("key", &path, 3).unwrap_err().kind(), ErrorKind::Usage);
        for mode in [0o640, 0o604, 0o660, 0o620] {
            set_mode(&path, mode).unwrap();
            let error = read_private("key", &path, 4).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            assert!(error.hints()[0].starts_with("chmod 600 "), "{error}");
        }
        assert!(read_private("key", folder.path(), 4).is_err());
        assert_eq!(read_private("key", &folder.path().join("none"), 4).unwrap_err().kind(), ErrorKind::Usage);
    }

    #[test]
    fn the_size_of_a_folder_is_that_of_all_files_in_it_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::write(folder.path().join("in/one"), "123").unwrap();
        fs::write(folder.path().join("two"), "45").unwrap();
        assert_eq!(folder_size_bytes(folder.path()).unwrap(), 5);
        std::os::unix::fs::symlink("/proc", folder.path().join("in/x")).unwrap();
        assert_eq!(folder_size_bytes(folder.path()).unwrap(), 5 + "/proc".len() as u64);
        assert_eq!(folder_size_bytes(&folder.path().join("nowhere")).unwrap(), 0);
    }

    #[test]
    fn a_bounded_disk_is_full_while_its_mark_is_there_and_no_other_disk_is() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mark = folder.path().join("full");
        faults::bound(folder.path().to_owned(), mark.clone());
        write_atomic(&folder.path().join("file"), b"before").unwrap();
        fs::write(&mark, "").unwrap();
        let error = write_atomic(&folder.path().join("file"), b"after").unwrap_err();
        assert!(error.chain().contains("No space left"), "{}", error.chain());
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"before");
        assert_eq!(space(folder.path()).unwrap().free_bytes, 0);
        write_atomic(&other.path().join("file"), b"elsewhere").unwrap();
        assert_ne!(space(other.path()).unwrap().free_bytes, 0);
        // What frees room is done.
        remove_file(&mark).unwrap();
        write_atomic(&folder.path().join("file"), b"after").unwrap();
    }

    #[test]
    fn a_swap_keeps_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let [new, current, old] = ["new", "current", "old"].map(|name| folder.path().join(name));
        fs::write(&new, "n").unwrap();
        fs::write(&current, "c").unwrap();
        swap(&new, &current, &old).unwrap();
        assert_eq!(fs::read_to_string(&current).unwrap(), "n");
        assert_eq!(fs::read_to_string(&old).unwrap(), "c");
    }
}
