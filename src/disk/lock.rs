//! Locks on files: who holds one, who held it last, and whether that process still lives.
//!
//! The kernel's word counts: a lock is held as long as its holder lives. What a holder writes into the
//! file is for people, and for the one thing that the kernel cannot know: that the file at this name is
//! a copy of the one that a living process holds. Start with [`Lock`].

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FILE_MODE, cannot, faults, flags, identity, identity_of_name, ordinary};
use crate::clock;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::process;

/// A process that dies lets go of its locks a moment before it is gone.
const DYING: Duration = Duration::from_millis(200);

/// Who holds a lock, as written into the lock file by its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOwner {
    /// Process id.
    pub pid: u32,
    /// When it took the lock, RFC 3339 in UTC.
    pub since: String,
    /// What it is doing: `daemon`, `restore`, `backup`.
    pub role: String,
    /// The program's version.
    pub version: String,
    /// When the process was started, in the system's own ticks since it was booted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// Which boot of the system that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
    /// The lock's own name when it was taken: a copy of the file lies elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The folder it was taken in, by its device and its number there: a folder that is moved keeps them, and a
    /// copy has others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<(u64, u64)>,
}

impl LockOwner {
    /// This process, which takes the lock of that name.
    fn here(path: &Path, role: &str) -> LockOwner {
        let pid = std::process::id();
        LockOwner {
            pid,
            since: clock::rfc3339(clock::now()),
            role: role.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: process::started(pid),
            boot: process::boot(),
            path: std::path::absolute(path).ok(),
            folder: path.parent().and_then(identity),
        }
    }

    /// Whether the daemon that wrote this still lives, told by the system's word on a process of its
    /// number: one of `wpp` that was started at that time of that boot. Of an owner that did not write
    /// those down, a daemon that is older than the lock is taken for it.
    ///
    /// False where the system does not tell, and for a number that means nothing here, such as one of
    /// another container.
    pub fn is_living_daemon(&self) -> bool {
        if self.role != "daemon" || self.pid == std::process::id() || !process::is_wpp(self.pid) {
            return false;
        }
        let was_there = |since: clock::Timestamp| {
            process::age(self.pid).is_some_and(|age| age + Duration::from_secs(2) >= clock::since(since, clock::now()))
        };
        match (self.started, &self.boot) {
            (Some(started), Some(boot)) => process::started(self.pid) == Some(started) && process::boot().as_ref() == Some(boot),
            _ => process::arguments(self.pid).iter().any(|word| word == "daemon") && self.since.parse().is_ok_and(was_there),
        }
    }

    /// Whether the process that wrote this is there, as far as that was written down and the system tells.
    pub fn is_there(&self) -> bool {
        self.started.is_none_or(|started| process::started(self.pid) == Some(started))
    }

    /// The lock that it took, when what lies at `path` with this owner in it is a copy of that: the other one's folder
    /// is there, and is another. `None` for a lock that was moved with its folder, whatever has the old name by now.
    pub fn original(&self, path: &Path) -> Option<PathBuf> {
        let original = self.path.as_ref()?;
        let (here, there) = (identity(path.parent()?)?, identity(original.parent()?)?);
        (here != there && self.folder != Some(here)).then(|| original.clone())
    }

    /// The daemon beside which one that took the lock at `path`, which nobody holds and this owner wrote itself into,
    /// would be the same device twice: this owner, or whoever holds the lock by now that this one is a copy of.
    pub fn rival(&self, path: &Path) -> Option<LockOwner> {
        if self.is_living_daemon() {
            return Some(self.clone());
        }
        match Lock::look(&self.original(path)?) {
            Ok(LockState::Held(Some(owner))) if owner.role == "daemon" => Some(owner),
            // What cannot be looked at is another user's, or no lock.
            Ok(_) | Err(_) => None,
        }
    }

    /// The home in which it took the lock of a session, as far as that is known.
    pub fn home(&self) -> Option<PathBuf> {
        match &self.path {
            Some(path) => path.ancestors().nth(3).map(Path::to_owned),
            None if self.role == "daemon" => process::home(self.pid),
            None => None,
        }
    }
}

/// What a look at a lock file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockState {
    /// There is no file.
    Absent,
    /// A file is there and no process holds it: its owner died.
    Stale(Option<LockOwner>),
    /// A living process holds it.
    Held(Option<LockOwner>),
}

/// An exclusive lock on a file: held as long as the value lives, released by the kernel if the
/// process dies, whatever it died of. The file also says who holds it, for people.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at once or says who holds it. That also is the daemon that wrote itself into a file which nobody
    /// holds, if it lives, or the one that came after it: it holds the file of which this one is a copy, and works on.
    pub fn acquire(path: &Path, role: &str) -> Result<Lock> {
        // A holder removes the file as it lets go. Whoever opened that old file just before has
        // locked nothing, so the lock counts only when the name still leads to the locked file.
        let mut patience = DYING;
        for _ in 0..100 {
            faults::point("lock", path)?;
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(FILE_MODE)
                .custom_flags(lock_flags())
                .open(path)
                .and_then(|file| ordinary(&file).map(|()| file))
                .map_err(|error| cannot("open the lock", path, error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) if file.try_lock_shared().is_ok() => {
                    // Nobody holds it: somebody was just looking, and is done in a moment.
                    drop(file);
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(fs::TryLockError::WouldBlock) => return Err(held(path, read_owner(&mut file))),
                Err(fs::TryLockError::Error(error)) => return Err(cannot("lock", path, error)),
            }
            if !is_named(&file, path) {
                continue;
            }
            if let Some(rival) = read_owner(&mut file).and_then(|owner| owner.rival(path)) {
                drop(file);
                if patience.is_zero() {
                    return Err(living(path, &rival));
                }
                let pause = patience.min(Duration::from_millis(10));
                std::thread::sleep(pause);
                patience -= pause;
                continue;
            }
            let text =
                serde_json::to_vec(&LockOwner::here(path, role)).while_doing(|| "cannot write down who holds the lock".into())?;
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| file.write_all(&text))
                .map_err(|error| cannot("write the lock", path, error))?;
            return Ok(Lock { file, path: path.to_owned() });
        }
        Err(Error::new(ErrorKind::Locked, format!("the lock {} changed hands 100 times", path.display())).hint("try again"))
    }

    /// Looks at a lock without keeping it.
    pub fn look(path: &Path) -> Result<LockState> {
        for _ in 0..50 {
            match Lock::look_once(path)? {
                // Whoever takes a lock makes the file first, locks it then, and removes it as it lets go.
                Some(LockState::Stale(None)) if is_new(path) => std::thread::sleep(Duration::from_millis(5)),
                Some(state) => return Ok(state),
                None => {}
            }
        }
        Ok(Lock::look_once(path)?.unwrap_or(LockState::Held(None)))
    }

    /// `None` when its holder let go of it meanwhile.
    fn look_once(path: &Path) -> Result<Option<LockState>> {
        let opened = OpenOptions::new().read(true).custom_flags(lock_flags()).open(path);
        let mut file = match opened.and_then(|file| ordinary(&file).map(|()| file)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(LockState::Absent)),
            Err(error) => return Err(cannot("open the lock", path, error)),
        };
        // A shared lock: two onlookers do not take each other for a holder.
        match file.try_lock_shared() {
            // Whoever lets go of it in good order removes it first.
            Ok(()) => Ok(is_named(&file, path).then(|| LockState::Stale(read_owner(&mut file)))),
            Err(fs::TryLockError::WouldBlock) => {
                // A new holder writes its name a moment after it took the lock. Until then the name of one that died
                // may stand there; what a process of another container wrote cannot be told from that.
                let mut named = None;
                for _ in 0..20 {
                    named = read_owner(&mut file);
                    if named.as_ref().is_some_and(LockOwner::is_there) {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(1));
                    if file.try_lock_shared().is_ok() {
                        return Ok(None);
                    }
                }
                Ok(Some(LockState::Held(named)))
            }
            Err(fs::TryLockError::Error(error)) => Err(cannot("look at the lock", path, error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while still held, so that nobody can take the file away from a new holder; and only our
        // own: when the session's folder was moved, another's file has the name.
        if is_named(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// The error of one who would be a second daemon beside one that lives.
pub fn living(path: &Path, owner: &LockOwner) -> Error {
    let command = process::arguments(owner.pid).join(" ");
    let here = path.ancestors().nth(3).unwrap_or(path).display();
    let of = owner.home().map_or_else(String::new, |home| format!(" of the home {}", home.display()));
    let text = format!(
        "{} is a copy of the lock that process {}{of} holds, which lives and works on as the same device: {command}",
        path.display(),
        owner.pid
    );
    Error::new(ErrorKind::Locked, text)
        .hint(format!("end that process first: `kill {}`, and see that it is gone; then try again in {here}", owner.pid))
        .hint("two of them push each other out at WhatsApp and spoil each other's Signal state")
}

/// Whether the name leads to this very file.
fn is_named(file: &File, path: &Path) -> bool {
    let own = file.metadata().map(|seen| (seen.dev(), seen.ino())).ok();
    own.is_some() && own == identity_of_name(path)
}

/// Whether a file was made or written to in this moment.
fn is_new(path: &Path) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|seen| seen.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age < Duration::from_secs(1)))
}

/// A lock is no link to somebody else's file, and a pipe in its place is not waited for.
fn lock_flags() -> i32 {
    flags(rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK)
}

fn read_owner(file: &mut File) -> Option<LockOwner> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn held(path: &Path, owner: Option<LockOwner>) -> Error {
    match owner {
        Some(owner) => Error::new(
            ErrorKind::Locked,
            format!("{} is held by process {} ({}) since {}", path.display(), owner.pid, owner.role, owner.since),
        )
        .hint(match owner.role.as_str() {
            "daemon" => "stop it with `wpp stop`, or choose another session with --session".to_owned(),
            role => format!("wait until that {role} ends, then try again"),
        }),
        None => Error::new(ErrorKind::Locked, format!("{} is held by another process", path.display()))
            .hint("wait a moment and try again; `wpp doctor` names the holder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_exclusive_names_its_owner_and_goes_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        assert_eq!(Lock::look(&path).unwrap(), LockState::Absent);
        let lock = Lock::acquire(&path, "daemon").unwrap();
        let error = Lock::acquire(&path, "restore").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.message().contains(&std::process::id().to_string()), "{error}");
        assert!(matches!(Lock::look(&path).unwrap(), LockState::Held(Some(owner)) if owner.role == "daemon"));
        drop(lock);
        assert_eq!(Lock::look(&path).unwrap(), LockState::Absent);
        fs::write(&path, "{\"pid\":1}").unwrap();
        assert_eq!(Lock::look(&path).unwrap(), LockState::Stale(None));
        Lock::acquire(&path, "daemon").unwrap();
    }

    #[test]
    fn a_lock_that_was_moved_away_does_not_take_its_successor_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("LOCK"), folder.path().join("aside"));
        let first = Lock::acquire(&path, "daemon").unwrap();
        fs::rename(&path, &aside).unwrap();
        let second = Lock::acquire(&path, "daemon").unwrap();
        drop(first);
        assert!(path.exists() && matches!(Lock::look(&path).unwrap(), LockState::Held(_)));
        drop(second);
        assert!(!path.exists() && aside.exists());
    }

    #[test]
    fn only_a_daemon_of_that_number_and_start_is_the_one_that_a_lock_names() {
        let owner = LockOwner::here(Path::new("/h/sessions/main/LOCK"), "daemon");
        assert_eq!(owner.home(), Some("/h".into()));
        assert!(!owner.is_living_daemon(), "whoever asks is no other");
        // Process 1 is no wpp, whatever a lock of a container says of its own process 1.
        for (started, boot) in [(None, None), (process::started(1), process::boot())] {
            assert!(!LockOwner { pid: 1, started, boot, ..owner.clone() }.is_living_daemon());
        }
        let old: LockOwner =
            serde_json::from_str(r#"{"pid":1,"since":"2026-11-01T00:00:00Z","role":"daemon","version":"1"}"#).unwrap();
        assert!(old.started.is_none() && old.path.is_none() && !old.is_living_daemon());
    }

    #[test]
    fn a_lock_knows_what_it_is_a_copy_of_and_one_that_was_moved_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let [first, copy, moved] = ["first", "copy", "moved"].map(|name| folder.path().join(name).join("LOCK"));
        for lock in [&first, &copy] {
            fs::create_dir(lock.parent().unwrap()).unwrap();
        }
        let held = Lock::acquire(&first, "daemon").unwrap();
        fs::copy(&first, &copy).unwrap();
        let Some(owner) = read_owner(&mut File::open(&copy).unwrap()) else { panic!("nobody wrote it") };
        assert_eq!((owner.original(&first), owner.original(&copy)), (None, Some(first.clone())));
        // The holder is another process than the one that the copy names: it was started again since.
        fs::write(&copy, serde_json::to_string(&LockOwner { pid: u32::MAX, ..owner.clone() }).unwrap()).unwrap();
        for role in ["daemon", "restore"] {
            let error = Lock::acquire(&copy, role).unwrap_err();
            assert!(error.kind() == ErrorKind::Locked && error.message().contains("is a copy of the lock"), "{error}");
        }
        // Nothing lies where it was taken, or something else does.
        fs::rename(first.parent().unwrap(), moved.parent().unwrap()).unwrap();
        assert_eq!((owner.original(&moved), owner.original(&copy)), (None, None));
        fs::create_dir(first.parent().unwrap()).unwrap();
        assert_eq!((owner.original(&moved), owner.original(&copy)), (None, Some(first.clone())));
        drop(held);
        Lock::acquire(&copy, "daemon").unwrap();
    }

    #[test]
    fn whoever_lets_go_in_good_order_is_not_taken_for_one_that_died() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let end = std::time::Instant::now() + Duration::from_secs(1);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while std::time::Instant::now() < end {
                    drop(Lock::acquire(&path, "backup").unwrap());
                }
            });
            while std::time::Instant::now() < end {
                let seen = Lock::look(&path).unwrap();
                assert!(!matches!(seen, LockState::Stale(_)), "{seen:?}");
            }
        });
    }

    #[test]
    fn a_holder_that_has_not_written_its_name_yet_is_not_taken_for_the_one_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let owner = LockOwner::here(&path, "daemon");
        let text = |owner: &LockOwner| serde_json::to_vec(owner).unwrap();
        let round = || {
            fs::write(&path, text(&LockOwner { pid: u32::MAX, ..owner.clone() })).unwrap();
            let mut file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
            file.try_lock().unwrap();
            std::thread::scope(|threads| {
                let look = threads.spawn(|| (std::time::Instant::now(), Lock::look(&path).unwrap()));
                std::thread::sleep(Duration::from_millis(5));
                file.set_len(0).and_then(|()| file.write_all(&text(&owner))).unwrap();
                let written = std::time::Instant::now();
                let (begun, seen) = look.join().unwrap();
                (written.checked_duration_since(begun), seen)
            })
        };
        // On a busy machine the name may be there before the look, or long after it.
        let in_time = |after: &Option<Duration>| after.is_some_and(|after| after < Duration::from_millis(15));
        let (_, seen) = (0..100).map(|_| round()).find(|(after, _)| in_time(after)).expect("one of 100 looks at that moment");
        assert_eq!(seen, LockState::Held(Some(owner)));
    }

    #[test]
    fn an_onlooker_is_not_taken_for_a_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    Lock::look(&path).unwrap();
                }
            });
            let acquired: Vec<_> = (0..500).map(|_| Lock::acquire(&path, "daemon").map(drop)).collect();
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(acquired.iter().all(Result::is_ok), "{acquired:?}");
        });
    }
}
