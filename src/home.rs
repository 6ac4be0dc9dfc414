//! Where everything lies: the only room that spells a path.
//!
//! A [`Home`] is marked live or sandbox when it is made, and stays so: a sandbox home reaches
//! loopback addresses only, a live home never does. Start with [`Home::open`] and [`Home::session`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::disk;
use crate::error::{Context, Error, ErrorKind, Result};

/// The longest path that a Unix socket can be bound to on Linux (108 bytes with the final zero);
/// macOS allows four less.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Which network a home's sessions may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HomeKind {
    /// WhatsApp itself, and never a loopback address.
    Live,
    /// Loopback addresses, and never anything else.
    Sandbox,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    schema: String,
    kind: HomeKind,
    created: String,
}

const SESSIONS: &str = "sessions";
const MARKER: &str = "home.json";
/// The largest marker that is read.
const MARKER_SIZE_BYTES_MAX: u64 = 1 << 16;
const MARKER_SCHEMA: &str = "wpp.home/1";

/// The folder that holds everything: `~/.wpp` unless `--home` or `WPP_HOME` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
    kind: HomeKind,
}

impl Home {
    /// Opens a home. One that does not exist yet is live, and is made by [`Home::create`] when
    /// something is first written to it.
    pub fn open(root: &Path) -> Result<Home> {
        let root = std::path::absolute(root).while_doing(|| format!("cannot make {} absolute", root.display()))?;
        let path = root.join(MARKER);
        let kind = match disk::read_small(&path, MARKER_SIZE_BYTES_MAX) {
            Ok(text) => {
                let marker: Marker = serde_json::from_slice(&text).context(ErrorKind::Usage, || format!("{} is damaged", path.display())).map_err(|error| {
                    error.hint("it says whether this home is live or a sandbox; write {\"schema\":\"wpp.home/1\",\"kind\":\"live\" or \"sandbox\",\"created\":\"…\"} only if you know which")
                })?;
                if marker.schema != MARKER_SCHEMA {
                    return Err(Error::new(
                        ErrorKind::Usage,
                        format!("{} was made by a newer wpp ({})", path.display(), marker.schema),
                    )
                    .hint("use that version of wpp for this home"));
                }
                marker.kind
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if root.join(SESSIONS).exists() {
                    // Losing the marker must not turn a sandbox, or a copy of one, into a live home.
                    return Err(Error::new(
                        ErrorKind::Denied,
                        format!("{} holds sessions but its marker home.json is gone", root.display()),
                    )
                    .hint(
                        "put home.json back from a backup of the whole home, or restore archives into a new one; without it wpp cannot know whether these sessions may reach WhatsApp",
                    ));
                }
                HomeKind::Live
            }
            Err(error) => return Err(disk::cannot("read", &path, error)),
        };
        Ok(Home { root, kind })
    }

    /// Makes a home of the given kind, or checks that the one that is there is of that kind.
    pub fn create(root: &Path, kind: HomeKind) -> Result<Home> {
        let home = Home::open(root)?;
        let marker = home.marker();
        if marker.exists() {
            if home.kind == kind {
                return Ok(home);
            }
            return Err(Error::new(
                ErrorKind::Denied,
                format!("{} is a {} home and stays one", home.root.display(), home.kind.name()),
            )
            .hint("use another folder with --home"));
        }
        disk::create_folder(&home.root)?;
        let text = serde_json::to_vec(&Marker { schema: MARKER_SCHEMA.into(), kind, created: clock::rfc3339(clock::now()) })
            .while_doing(|| "cannot write the home's marker".into())?;
        disk::write_atomic(&marker, &text)?;
        Ok(Home { kind, ..home })
    }

    /// Makes this home on disk if it is not there yet.
    pub fn ensure(&self) -> Result<()> {
        Home::create(&self.root, self.kind).map(drop)
    }

    /// Live or sandbox.
    pub fn kind(&self) -> HomeKind {
        self.kind
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that says live or sandbox.
    pub fn marker(&self) -> PathBuf {
        self.root.join(MARKER)
    }

    /// The operator's settings.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.root.join("ops.db")
    }

    /// Where archives go unless the configuration names another folder.
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// Components, one for each plugin.
    pub fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    /// The component of a plugin.
    pub fn plugin(&self, name: &str) -> PathBuf {
        self.plugins().join(format!("{name}.wasm"))
    }

    /// The component that is to take its place.
    pub fn plugin_next(&self, name: &str) -> PathBuf {
        self.plugins().join(format!("{name}.wasm.next"))
    }

    /// Held by who changes what is noted of plugins.
    pub fn plugins_changing(&self) -> PathBuf {
        self.plugins().join("LOCK")
    }

    /// What components were compiled to.
    pub fn plugins_compiled(&self) -> PathBuf {
        self.plugins().join("compiled")
    }

    /// Which bytes each plugin is, and what it is allowed.
    pub fn plugins_lock(&self) -> PathBuf {
        self.root.join("plugins.lock")
    }

    /// Secrets that are put into plugins' requests, one file each.
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// What backups remember between two runs.
    pub fn backup_state(&self) -> PathBuf {
        self.root.join("backup-state")
    }

    /// The page map of the newest archive of a session at one destination, named as operators name it.
    pub fn page_map(&self, session: &str, destination: &str) -> PathBuf {
        // A destination is a path or an address, and neither fits a file's name.
        let destination = blake3::hash(destination.as_bytes()).to_hex();
        self.backup_state().join(format!("{session}.{}.pages", &destination[..16]))
    }

    /// Keeps two backups of one gateway apart.
    pub fn set_lock(&self, channel: &str) -> PathBuf {
        self.backup_state().join(format!("{channel}.set.lock"))
    }

    /// Keys, companions, endpoint and control socket of the simulator of a sandbox home.
    pub fn simulator(&self) -> PathBuf {
        self.root.join("simulator")
    }

    /// What injected faults leave in a sandbox home while they last.
    pub fn faults(&self) -> PathBuf {
        self.root.join("faults")
    }

    /// Held by the process behind a fault that needs one.
    pub fn fault_holder(&self, fault: &str) -> PathBuf {
        self.faults().join(format!("{fault}.lock"))
    }

    /// While it is there, the disk of a sandbox home is full.
    pub fn fault_full_disk(&self) -> PathBuf {
        self.faults().join("full-disk")
    }

    /// How many milliseconds the clock of a sandbox home's daemons is ahead.
    pub fn fault_clock(&self) -> PathBuf {
        self.faults().join("clock-offset-ms")
    }

    /// The file whose being there says that this home is locked down.
    pub fn lockdown(&self) -> PathBuf {
        self.root.join("LOCKDOWN")
    }

    /// The operator's own runbooks.
    pub fn runbooks(&self) -> PathBuf {
        self.root.join("runbooks")
    }

    /// What runs of a schedule entry wrote. The name must have passed the rule for names.
    pub fn schedule(&self, entry: &str) -> PathBuf {
        self.root.join("schedule").join(entry)
    }

    /// Where runbooks and drills leave their evidence.
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// The key of the tokens that stand for people in evidence.
    pub fn reports_key(&self) -> PathBuf {
        self.root.join("reports.key")
    }

    /// The folder of all sessions.
    pub fn sessions(&self) -> PathBuf {
        self.root.join(SESSIONS)
    }

    /// The places of one session. The name must have passed the session rule.
    pub fn session(&self, name: &str) -> SessionPaths {
        SessionPaths { folder: self.sessions().join(name), name: name.to_owned() }
    }

    /// Names of the sessions that have a folder here, sorted. Folders that a restore or a reset
    /// set aside have names outside the session rule and are not listed.
    pub fn session_names(&self) -> Result<Vec<String>> {
        let folder = self.sessions();
        let is_session =
            |path: &PathBuf| path.file_name()?.to_str().filter(|name| is_session_name(name) && path.is_dir()).map(str::to_owned);
        let mut names: Vec<String> = disk::list(&folder)?.iter().filter_map(is_session).collect();
        names.sort();
        Ok(names)
    }
}

impl HomeKind {
    /// `live` or `sandbox`.
    pub fn name(self) -> &'static str {
        match self {
            HomeKind::Live => "live",
            HomeKind::Sandbox => "sandbox",
        }
    }
}

/// The rule for session names: `^[a-z0-9_-]{1,64}$`.
pub fn is_session_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// The file beside a database: `-wal`, `-shm` or `-journal`.
pub fn sidecar(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// What to do where a database reads as another program's and a log lies beside it, which may be that program's.
pub fn strange_log(database: &Path) -> Option<String> {
    let log = sidecar(database, "-wal");
    let has_any = log.metadata().is_ok_and(|seen| seen.len() > 0);
    has_any.then(|| format!("if {} is another database's log, moving that alone away brings it back", log.display()))
}

/// What sets old copies of a session's files aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsideKind {
    /// A restore keeps what it replaced.
    Restore,
    /// A new link keeps what was left of a device that the phone had logged out.
    NewLink,
    /// A reset keeps what its archive holds only in part.
    Reset,
}

impl AsideKind {
    /// All of them.
    pub const ALL: [AsideKind; 3] = [AsideKind::Restore, AsideKind::NewLink, AsideKind::Reset];

    /// The word in the names of its folders.
    pub fn name(self) -> &'static str {
        match self {
            AsideKind::Restore => "old",
            AsideKind::NewLink => "logged-out",
            AsideKind::Reset => "damaged",
        }
    }
}

/// An old copy of a session's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The folder.
    pub path: PathBuf,
    /// What has set it aside.
    pub kind: AsideKind,
    /// The end of its name, which begins with the time.
    pub stamp: String,
}

/// The places of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPaths {
    folder: PathBuf,
    name: String,
}

impl SessionPaths {
    /// The same layout under another folder: a stage, or an old copy that was set aside.
    pub fn at(folder: &Path, name: &str) -> SessionPaths {
        SessionPaths { folder: folder.to_owned(), name: name.to_owned() }
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The session's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keys and Signal state, written by the client library alone.
    pub fn session_db(&self) -> PathBuf {
        self.folder.join("session.db")
    }

    /// Chats, messages, outbox and events, written by the daemon alone.
    pub fn wpp_db(&self) -> PathBuf {
        self.folder.join("wpp.db")
    }

    /// The local API.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("daemon.sock")
    }

    /// Fails with a way out when the socket's path is longer than the system can bind.
    pub fn checked_socket(&self) -> Result<PathBuf> {
        let socket = self.socket();
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH_MAX {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("the socket path {} is {length} bytes long and the system allows {SOCKET_PATH_MAX}", socket.display()),
            )
            .hint("set WPP_HOME to a shorter path or give the session a shorter name"));
        }
        Ok(socket)
    }

    /// [`SessionPaths::checked_socket`] for a session of that name in a home in that folder, neither of
    /// which needs to exist.
    pub fn check_socket(root: &Path, name: &str) -> Result<PathBuf> {
        SessionPaths::at(&root.join(SESSIONS).join(name), name).checked_socket()
    }

    /// Held by the daemon, or by whoever replaces the session's files.
    pub fn lock(&self) -> PathBuf {
        self.folder.join("LOCK")
    }

    /// The folder of the daemon's log.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The daemon's log.
    pub fn log(&self) -> PathBuf {
        self.logs().join("wppd.log")
    }

    /// The key of the names in the daemon's log.
    pub fn log_key(&self) -> PathBuf {
        self.folder.join("log.key")
    }

    /// A place beside the session's folder, outside the session rule, for stages and old copies:
    /// `.main.stage-…`, `.main.old-…`.
    pub fn beside(&self, what: &str, stamp: &str) -> PathBuf {
        self.folder.with_file_name(format!(".{}.{what}-{stamp}", self.name))
    }

    /// Folders beside the session's that hold old copies of its files, sorted by name.
    pub fn set_aside(&self) -> Result<Vec<SetAside>> {
        let Some(parent) = self.folder.parent() else { return Ok(Vec::new()) };
        Ok(set_aside_in(parent)?.remove(&self.name).unwrap_or_default())
    }

    /// Whether the session has a folder.
    pub fn exists(&self) -> bool {
        self.folder.is_dir()
    }
}

/// What [`SessionPaths::set_aside`] gives, of every session in a folder of sessions at once, by its name.
pub fn set_aside_in(sessions: &Path) -> Result<BTreeMap<String, Vec<SetAside>>> {
    let mut found: BTreeMap<String, Vec<SetAside>> = BTreeMap::new();
    for path in disk::list(sessions)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let parts = AsideKind::ALL.into_iter().find_map(|kind| {
            // No name of a session holds a point.
            let (session, rest) = name.strip_prefix('.')?.split_once('.')?;
            Some((session, kind, rest.strip_prefix(kind.name())?.strip_prefix('-')?))
        });
        // What a link leads to is nobody's copy.
        if let Some((session, kind, stamp)) = parts
            && path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
        {
            let copy = SetAside { path: path.clone(), kind, stamp: stamp.to_owned() };
            found.entry(session.to_owned()).or_default().push(copy);
        }
    }
    for copies in found.values_mut() {
        copies.sort_by(|one, two| one.path.cmp(&two.path));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_stays_what_it_was_made_as() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("h");
        assert_eq!(Home::open(&root).unwrap().kind(), HomeKind::Live);
        Home::create(&root, HomeKind::Sandbox).unwrap();
        assert_eq!(Home::open(&root).unwrap().kind(), HomeKind::Sandbox);
        assert_eq!(Home::create(&root, HomeKind::Live).unwrap_err().kind(), ErrorKind::Denied);
        std::fs::create_dir(root.join("sessions")).unwrap();
        std::fs::remove_file(root.join("home.json")).unwrap();
        assert_eq!(Home::open(&root).unwrap_err().kind(), ErrorKind::Denied);
    }

    #[test]
    fn old_copies_are_folders_of_this_session_alone() {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionPaths::at(&folder.path().join("main"), "main");
        assert!(session.set_aside().unwrap().is_empty());
        for name in ["main", ".main.old-1", ".main.logged-out-2", ".main.stage-3", ".other.old-4", ".main-2.old-5"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join(".main.old-file"), "").unwrap();
        std::os::unix::fs::symlink("/", folder.path().join(".main.old-link")).unwrap();
        let found = session.set_aside().unwrap();
        let found: Vec<_> = found.iter().map(|copy| (copy.kind, copy.stamp.as_str())).collect();
        assert_eq!(found, [(AsideKind::NewLink, "2"), (AsideKind::Restore, "1")]);
        assert!(SessionPaths::at(&folder.path().join("nowhere/main"), "main").set_aside().unwrap().is_empty());
    }

    #[test]
    fn session_names_follow_the_rule() {
        for good in ["main", "a", "a-b_9", &"x".repeat(64)] {
            assert!(is_session_name(good), "{good}");
        }
        for bad in ["", "..", "a/b", "Main", "a b", "é", "a\0", ".main", &"x".repeat(65)] {
            assert!(!is_session_name(bad), "{bad}");
        }
    }
}
