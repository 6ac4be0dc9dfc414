//! A server of PostgreSQL that exists for one rehearsal: made in a private folder, reached through a
//! socket in it and by nothing else, gone when the value is dropped.
//!
//! On this machine it is `initdb` and `pg_ctl`; where a container engine runs, a container without a
//! network. A rehearsal that fails may keep it ([`Server::keep`]); what a killed process left is removed by
//! the next start. Start with [`Server::start`].
//!
//! A dump's SQL runs in it with all rights that a server has, and can make it start programs. Those run as an
//! account without rights of its own, with nothing of the operator's environment, and are ended with the
//! server ([`super::offspring`]); on this machine the network is open to them, in a container it is not.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::offspring::{self, Offspring};
use super::tools::{SAID_BYTES_MAX, Tools, give, not_here, said};
use crate::clock;
use crate::disk::{self, Lock, LockState};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::process::{Ended, Input, Run, on_path};
use crate::report::quoted;

/// What the folder of a server is called.
const PREFIX: &str = "wpp-pg-";
const STATE: &str = "server.json";
const LOCK: &str = "lock";
/// The only role of a new server, and everything's owner.
pub const ROLE: &str = "wpp";
/// The database that dumps are loaded into.
pub const DATABASE: &str = "restored";
/// A socket's path has to fit into this, with `/.s.PGSQL.5432` behind.
const SOCKET_FOLDER_BYTES_MAX: usize = 90;
const START_PATIENCE: Duration = Duration::from_secs(180);
const STOP_PATIENCE: Duration = Duration::from_secs(60);
const PULL_PATIENCE: Duration = Duration::from_secs(1800);
/// How long processes that are ending may still write into a folder that is being emptied.
const EMPTY_PATIENCE: Duration = Duration::from_secs(10);
/// A folder without a word about its server is being made, unless it is that old.
const MAKING: Duration = Duration::from_secs(600);

/// Where a server is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Programs of this machine, else a container
    Auto,
    /// Programs of this machine
    Local,
    /// A container
    Docker,
}

/// What a server is made with.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// Where it is to run.
    pub engine: Engine,
    /// The folder of PostgreSQL's programs; empty to find them.
    pub folder: String,
    /// The account that runs it when this process is root's; empty to choose.
    pub account: String,
    /// The image of a container.
    pub image: String,
}

/// What is written down about a server in its folder: enough to remove it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    engine: Engine,
    account: String,
    container: String,
    /// Somebody wants to look at it: no sweep removes it.
    kept: bool,
    since: String,
}

/// A server that was kept, and how to get at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its folder.
    pub folder: PathBuf,
    /// `local` or `docker`.
    pub engine: Engine,
    /// What to type to look at it.
    pub look: String,
    /// What to type to remove it.
    pub remove: String,
    /// Its address for programs of this user; none for a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    state: State,
    client: Client,
    kept: bool,
    // Held until all but the empty folder is gone.
    lock: Option<Lock>,
    // While this process has a server, it takes in what that one leaves.
    offspring: Offspring,
}

impl Server {
    /// Makes one and waits until it answers. What killed processes left is removed first.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when there is neither PostgreSQL nor a container engine here.
    pub fn start(wishes: &Wishes, stop: &AtomicBool) -> Result<Server> {
        let tools = Tools::find(&wishes.folder, &wishes.account);
        let has_local = tools.as_ref().is_ok_and(Tools::has_server);
        let docker = on_path("docker");
        let engine = match (wishes.engine, has_local, &docker) {
            (Engine::Auto, false, Some(_)) => Engine::Docker,
            (Engine::Auto, ..) => Engine::Local,
            (engine, ..) => engine,
        };
        sweep(&wishes.folder);
        match engine {
            Engine::Docker => Server::in_container(&docker.ok_or_else(|| not_here("docker"))?, &wishes.image, stop),
            Engine::Local | Engine::Auto => {
                let tools = tools?;
                match tools.has_server() {
                    true => Server::on_this_machine(&tools, stop),
                    false => Err(not_here("initdb")),
                }
            }
        }
    }

    fn on_this_machine(tools: &Tools, stop: &AtomicBool) -> Result<Server> {
        let account = tools.account.as_ref();
        let folder = new_folder()?;
        let name = account.map(|account| account.name.clone()).unwrap_or_default();
        let (data, socket) = (folder.join("data"), folder.join("socket"));
        let mark = folder.display().to_string();
        let environment = [
            ("PGHOST", socket.display().to_string()),
            ("PGUSER", ROLE.into()),
            ("PGPORT", "5432".into()),
            (offspring::VARIABLE, mark.clone()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let client = Client::Host { tools: tools.clone(), environment };
        let server = Server::begin(folder, Engine::Local, name, String::new(), client)?;
        for part in [&data, &socket] {
            disk::create_folder(part)?;
            give(part, account)?;
        }
        let mut initdb = tools.command_as_account("initdb")?;
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        initdb.args(["--username", ROLE, "--pgdata"]).arg(&data).env(offspring::VARIABLE, &mark);
        run("initdb", &mut initdb, START_PATIENCE, stop)?;
        // Nothing listens but the socket, in a folder that is this account's alone. What is in the server
        // is a copy of what is on the disk, so nothing of it need survive a power cut.
        let text = format!(
            "\nlisten_addresses = ''\nunix_socket_directories = '{}'\nunix_socket_permissions = 0700\nport = 5432\n\
             fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nmax_connections = 20\nshared_buffers = '32MB'\n\
             autovacuum = off\nlogging_collector = off\nshared_preload_libraries = ''\n",
            socket.display().to_string().replace('\'', "''")
        );
        let settings = data.join("postgresql.conf");
        let append = || std::fs::OpenOptions::new().append(true).open(&settings)?.write_all(text.as_bytes());
        append().map_err(|error| disk::cannot("write", &settings, error))?;
        let mut start = tools.command_as_account("pg_ctl")?;
        start.args(["start", "--wait", "--silent", "--timeout=120", "--log"]).arg(data.join("server.log"));
        start.arg("--pgdata").arg(&data).env(offspring::VARIABLE, &mark);
        run("pg_ctl", &mut start, START_PATIENCE, stop).map_err(|error| with_log(error, &data.join("server.log")))?;
        Ok(server)
    }

    fn in_container(docker: &Path, image: &str, stop: &AtomicBool) -> Result<Server> {
        let folder = new_folder()?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let client = Client::Container { docker: docker.to_owned(), name: name.clone() };
        let server = Server::begin(folder, Engine::Docker, String::new(), name.clone(), client)?;
        let mut start = Command::new(docker);
        // Nobody needs the password: inside the container the socket trusts. It is handed over by the name
        // of its variable, so that no list of processes shows it.
        let password = uuid::Uuid::new_v4().simple().to_string();
        start.env("POSTGRES_PASSWORD", password);
        start.args(["run", "--rm", "--detach", "--name", &name, "--network", "none"]);
        start.args(["--env", "POSTGRES_PASSWORD", "--env", &format!("POSTGRES_USER={ROLE}"), image]);
        run("docker", &mut start, PULL_PATIENCE, stop)?;
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            // The image starts a server for its own use first, which listens on the socket alone.
            let mut ready = server.client.command("pg_isready", &[])?;
            ready.args(["--host", "127.0.0.1", "--timeout", "3"]);
            match run("pg_isready", &mut ready, Duration::from_secs(15), stop) {
                Ok(_) => return Ok(server),
                Err(error) if Instant::now() >= deadline || stop.load(Ordering::Relaxed) => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// From here on, dropping the value removes all of it.
    fn begin(folder: PathBuf, engine: Engine, account: String, container: String, client: Client) -> Result<Server> {
        let lock = Lock::acquire(&folder.join(LOCK), "rehearsal")?;
        let state = State { engine, account, container, kept: false, since: clock::rfc3339(clock::now()) };
        let server = Server { folder, state, client, kept: false, lock: Some(lock), offspring: Offspring::watch() };
        server.write_state()?;
        Ok(server)
    }

    fn write_state(&self) -> Result<()> {
        let text = serde_json::to_vec(&self.state).while_doing(|| "cannot write down what the server is".into())?;
        disk::write_atomic(&self.folder.join(STATE), &text)
    }

    /// How its programs reach it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where it runs.
    pub fn engine(&self) -> Engine {
        self.state.engine
    }

    /// A private folder of this process that goes with the server.
    pub fn scratch(&self) -> Result<PathBuf> {
        let folder = self.folder.join("scratch");
        disk::create_folder(&folder)?;
        Ok(folder)
    }

    /// Puts a dump that is a folder where the server's programs can read it.
    pub fn place(&self, dump: &Path, stop: &AtomicBool) -> Result<String> {
        match &self.client {
            Client::Container { docker, name } => {
                let mut copy = Command::new(docker);
                copy.arg("cp").arg(dump).arg(format!("{name}:/tmp/dump"));
                run("docker", &mut copy, PULL_PATIENCE, stop)?;
                Ok("/tmp/dump".into())
            }
            Client::Host { tools, .. } => {
                let account = tools.account.as_ref();
                if account.is_none() {
                    return Ok(dump.display().to_string());
                }
                let placed = self.folder.join("dump");
                disk::create_folder(&placed)?;
                for from in disk::list(dump)? {
                    let to = placed.join(from.file_name().unwrap_or_default());
                    let mut source = disk::open_to_read(&from).map_err(|error| disk::cannot("read the dump", &from, error))?;
                    let mut target = disk::create_file(&to)?;
                    std::io::copy(&mut source, &mut target).map_err(|error| disk::cannot("copy to", &to, error))?;
                    give(&to, account)?;
                }
                give(&placed, account)?;
                Ok(placed.display().to_string())
            }
        }
    }

    /// Leaves it running, for somebody to look at.
    pub fn keep(mut self) -> Result<Standing> {
        self.state.kept = true;
        self.write_state()?;
        self.kept = true;
        Ok(standing(&self.folder, &self.state))
    }

    /// Stops it and removes all of it.
    pub fn remove(mut self) -> Result<()> {
        // Whatever comes of it: it is not tried twice.
        self.kept = true;
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        remove(&self.folder, &self.state, self.tools_folder(), Some(&self.offspring))?;
        // Without what is known of it and without its lock it is nobody's.
        drop(self.lock.take());
        remove_empty(&self.folder)
    }

    fn tools_folder(&self) -> Option<Tools> {
        match &self.client {
            Client::Host { tools, .. } => Some(tools.clone()),
            Client::Container { .. } => None,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is swept by the next start.
            let _ = self.end();
        }
    }
}

/// Where a server runs, for people.
pub fn name_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "in a container",
        Engine::Auto | Engine::Local => "on this machine",
    }
}

/// How a server is to be looked at and removed.
fn standing(folder: &Path, state: &State) -> Standing {
    let remove = format!("wpp dump stop {}", quoted(&folder.display().to_string()));
    let socket = folder.join("socket").display().to_string();
    let (look, address) = match state.engine {
        Engine::Docker => (format!("docker exec -it {} psql -U {ROLE} {DATABASE}", state.container), None),
        _ => (
            format!("psql -h {} -U {ROLE} {DATABASE}", quoted(&socket)),
            Some(format!("postgres://{ROLE}@/{DATABASE}?host={}", percent(&socket))),
        ),
    };
    Standing { folder: folder.to_owned(), engine: state.engine, look, remove, address }
}

fn percent(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn new_folder() -> Result<PathBuf> {
    let name = format!("{PREFIX}{}", &uuid::Uuid::new_v4().simple().to_string()[..20]);
    let folder = std::env::temp_dir().join(name);
    if folder.join("socket").as_os_str().len() > SOCKET_FOLDER_BYTES_MAX {
        return Err(Error::new(ErrorKind::Usage, format!("the path {} is too long for a socket", folder.display()))
            .hint("set TMPDIR to a folder with a short path, such as /tmp"));
    }
    // The account of the server passes through it, and cannot list it.
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    std::fs::DirBuilder::new().mode(mode).create(&folder).map_err(|error| disk::cannot("create folder", &folder, error))?;
    // The process's mask may have taken a part of it away.
    disk::set_mode(&folder, mode)?;
    Ok(folder)
}

fn run(name: &str, command: &mut Command, patience: Duration, stop: &AtomicBool) -> Result<String> {
    let run = Run { input: Input::Nothing, output: None, patience, output_bytes_max: SAID_BYTES_MAX, stop: Some(stop) };
    said(name, run.of(command))
}

fn with_log(error: Error, log: &Path) -> Error {
    let Ok(bytes) = disk::read_small(log, 1 << 20) else { return error };
    let text = String::from_utf8_lossy(&bytes);
    text.lines().rev().take(5).collect::<Vec<_>>().into_iter().rev().fold(error, |error, line| error.note(line.trim().to_owned()))
}

/// Stops what runs in the folder and removes all of it but the lock, which the caller holds. What is known of
/// the server goes last: whoever is killed before leaves a folder that the next sweep knows.
fn remove(folder: &Path, state: &State, tools: Option<Tools>, own: Option<&Offspring>) -> Result<()> {
    match state.engine {
        Engine::Docker => {
            let docker = on_path("docker").ok_or_else(|| not_here("docker"))?;
            let run = Run {
                input: Input::Nothing,
                output: None,
                patience: STOP_PATIENCE,
                output_bytes_max: SAID_BYTES_MAX,
                stop: None,
            };
            let gone = said("docker", run.of(Command::new(&docker).args(["rm", "--force", "--volumes", &state.container])));
            // It ended by itself, or was never made.
            gone.map(drop).or_else(|error| if error.message().contains("No such container") { Ok(()) } else { Err(error) })?;
        }
        _ => {
            let data = folder.join("data");
            let mut stopped = Ok(());
            if data.join("postmaster.pid").exists() {
                let tools = match tools {
                    Some(tools) => Ok(tools),
                    None => Tools::find("", &state.account),
                };
                stopped = tools.and_then(|tools| stop_server(&tools, &data));
            }
            // Also one that was only starting, and programs that it was made to run.
            if !offspring::end(folder, own) {
                stopped?;
                return Err(Error::new(ErrorKind::Failed, format!("processes of the server in {} do not end", folder.display()))
                    .hint("end them by hand, and then `wpp dump stop` with that folder"));
            }
            if !cfg!(target_os = "linux") {
                stopped?;
            }
        }
    }
    empty(folder)?;
    disk::remove_file(&folder.join(STATE))
}

/// Removes what is in the folder of a server but what says so. Processes that were just killed may still write.
fn empty(folder: &Path) -> Result<()> {
    let deadline = Instant::now() + EMPTY_PATIENCE;
    for path in disk::list(folder)? {
        if path.file_name().is_some_and(|name| name == STATE || name == LOCK) {
            continue;
        }
        let is_folder = path.symlink_metadata().is_ok_and(|data| data.is_dir());
        loop {
            let removed = if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match removed {
                Ok(()) => break,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && !path.exists() => break,
                Err(error) if Instant::now() >= deadline => return Err(disk::cannot("remove", &path, error)),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    Ok(())
}

fn remove_empty(folder: &Path) -> Result<()> {
    match std::fs::remove_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(disk::cannot("remove folder", folder, error)),
        _ => Ok(()),
    }
}

fn stop_server(tools: &Tools, data: &Path) -> Result<()> {
    let run =
        || Run { input: Input::Nothing, output: None, patience: STOP_PATIENCE, output_bytes_max: SAID_BYTES_MAX, stop: None };
    let mut stop = tools.command_as_account("pg_ctl")?;
    stop.args(["stop", "--mode=immediate", "--wait", "--silent", "--pgdata"]).arg(data);
    let Err(error) = said("pg_ctl", run().of(&mut stop)) else { return Ok(()) };
    let mut status = tools.command_as_account("pg_ctl")?;
    status.args(["status", "--pgdata"]).arg(data);
    // 3 and 4: no server runs there. It ended by itself, or with the machine.
    match run().of(&mut status).ended {
        Ended::Itself(status) if matches!(status.code(), Some(3 | 4)) => Ok(()),
        _ => Err(error.hint(format!("a server still runs in {}; end it by hand", data.display()))),
    }
}

/// Every folder of a server that belongs to this user, with what is known of it.
fn folders() -> Vec<(PathBuf, Option<State>)> {
    let me = rustix::process::geteuid().as_raw();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let folder = entry.path();
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if named && folder.symlink_metadata().is_ok_and(|data| data.is_dir() && data.uid() == me) {
            let state = state_of(&folder);
            found.push((folder, state));
        }
    }
    found
}

fn state_of(folder: &Path) -> Option<State> {
    let text = disk::read_small(&folder.join(STATE), 1 << 20).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Removes what killed processes left. What is kept stays, and so does what somebody holds. What cannot be
/// removed is in nobody's way: `wpp dump servers` lists it, and the next start tries again.
fn sweep(tools_folder: &str) {
    for (folder, state) in folders() {
        if is_left(&folder, state.as_ref()) && !state.as_ref().is_some_and(|state| state.kept) {
            let _ = take_away_left(&folder, tools_folder);
        }
    }
}

/// Removes what was not kept when it was last seen: whoever held it then may have kept it since.
fn take_away_left(folder: &Path, tools_folder: &str) -> Result<()> {
    let lock = Lock::acquire(&folder.join(LOCK), "rehearsal")?;
    match state_of(folder) {
        Some(state) if state.kept => Ok(()),
        state => take_away(folder, lock, state, tools_folder),
    }
}

/// Whether nobody holds a folder, and nobody is just making it.
fn is_left(folder: &Path, state: Option<&State>) -> bool {
    match (Lock::look(&folder.join(LOCK)), state) {
        (Ok(LockState::Held(_)) | Err(_), _) => false,
        (Ok(LockState::Stale(_)), _) | (Ok(LockState::Absent), Some(_)) => true,
        (Ok(LockState::Absent), None) => {
            let made = folder.symlink_metadata().and_then(|data| data.modified());
            made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > MAKING))
        }
    }
}

/// Stops and removes what the caller holds.
fn take_away(folder: &Path, lock: Lock, state: Option<State>, tools_folder: &str) -> Result<()> {
    // One that came no further than its lock has no server.
    let state = state.unwrap_or_else(|| State {
        engine: Engine::Local,
        account: String::new(),
        container: String::new(),
        kept: false,
        since: String::new(),
    });
    remove(folder, &state, Tools::find(tools_folder, &state.account).ok(), None)?;
    drop(lock);
    remove_empty(folder)
}

/// The servers that were kept, and what is left of others that nobody removed.
pub fn kept() -> Vec<Standing> {
    let stands = |folder: &Path, state: &State| state.kept || is_left(folder, Some(state));
    folders()
        .iter()
        .filter_map(|(folder, state)| Some(standing(folder, state.as_ref().filter(|state| stands(folder, state))?)))
        .collect()
}

/// Stops a server that was kept, and removes it.
///
/// # Errors
/// [`ErrorKind::Usage`] when the folder is not one of a server that was kept.
pub fn stop(folder: &Path, tools_folder: &str) -> Result<()> {
    let wanted = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let found =
        folders().into_iter().find(|(folder, _)| *folder == wanted || std::fs::canonicalize(folder).is_ok_and(|f| f == wanted));
    let Some((folder, Some(state))) = found else {
        return Err(Error::new(ErrorKind::Usage, format!("{} is no folder of a server that was kept", folder.display()))
            .hint("`wpp dump servers` lists them"));
    };
    if matches!(Lock::look(&folder.join(LOCK)), Ok(LockState::Held(_))) {
        return Err(Error::new(ErrorKind::Locked, format!("the server in {} is in use by a rehearsal", folder.display()))
            .hint("wait until that ends: it removes its server by itself"));
    }
    let lock = Lock::acquire(&folder.join(LOCK), "rehearsal")?;
    take_away(&folder, lock, Some(state), tools_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_since_it_was_seen_is_not_swept() {
        let parent = tempfile::tempdir().unwrap();
        for kept in [true, false] {
            let folder = parent.path().join(format!("{PREFIX}{kept}"));
            std::fs::create_dir(&folder).unwrap();
            let state =
                State { engine: Engine::Local, account: String::new(), container: String::new(), kept, since: String::new() };
            std::fs::write(folder.join(STATE), serde_json::to_vec(&state).unwrap()).unwrap();
            take_away_left(&folder, "").unwrap();
            assert_eq!(state_of(&folder).is_some_and(|state| state.kept), kept);
            assert_eq!(folder.exists(), kept);
        }
    }
}
