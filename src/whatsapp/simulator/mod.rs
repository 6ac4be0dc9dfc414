//! A loopback WhatsApp server, in the shipped binary: what sandboxes, drills and tests talk to.
//!
//! It may import the ground floor (error, disk) and the library's protocol crates. Start with
//! [`Simulator`]. An unmodified client works against it: its store pins this server's static key as
//! an already verified certificate ([`seed`]), so the client logs in by Noise IK and verifies
//! nothing again. No build has a certificate bypass.
//!
//! One account with its phone, any number of companions, peers that really encrypt and decrypt,
//! groups, and faults on demand. What must survive lives in the caller's folder:
//!
//! | file | what |
//! |---|---|
//! | `simulator.db` | keys, companions, peers, queues, inboxes |
//! | `endpoint.json` | where it listens now ([`Endpoint`]); absent when it does not run |
//! | `control.sock` | requests, one JSON document per line ([`Request`]) |
//!
//! Only loopback addresses are ever listened on.

mod adopt;
mod answers;
pub mod control;
mod knobs;
mod noise;
mod peers;
mod phone;
mod request;
pub mod seed;
mod session;
mod signal;
mod storage;
mod world;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use knobs::{Name as KnobName, Setting as Knob};
pub use request::Request;

use self::knobs::{Knobs, Name};
use self::world::{ServerKeys, World};
use crate::error::{Context, Error, ErrorKind, Result};

/// The server's own address.
const SERVER: &str = "s.whatsapp.net";

/// The path that clients connect to.
const PATH: &str = "/ws/chat";

/// The schema of `endpoint.json`.
pub const ENDPOINT_SCHEMA: &str = "wpp.simulator-endpoint/1";

type SharedKnobs = Arc<Mutex<Knobs>>;

fn knobs_of(shared: &SharedKnobs) -> MutexGuard<'_, Knobs> {
    // Plain data that is whole between statements, so a panic elsewhere does not spoil it.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where to keep state and where to listen.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder; made with mode 0700 if absent.
    pub directory: PathBuf,
    /// A loopback address; port 0 takes any.
    pub listen: SocketAddr,
}

/// Where a running simulator is found, as written to `endpoint.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// [`ENDPOINT_SCHEMA`].
    pub schema: String,
    /// The WebSocket address.
    pub url: String,
    /// The static Noise key, 64 hexadecimal digits; stays the same as long as the folder does.
    pub server_public_key: String,
    /// The simulator's process.
    pub pid: u32,
}

impl Endpoint {
    /// The file in a simulator's folder.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join("endpoint.json")
    }

    /// Reads where the simulator of this folder listens; `None` when none runs.
    pub fn read(directory: &Path) -> Result<Option<Endpoint>> {
        let path = Endpoint::path(directory);
        let text = match crate::disk::read_small(&path, 1 << 16) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).while_doing(|| format!("cannot read {}", path.display())),
        };
        let endpoint: Endpoint = serde_json::from_slice(&text).while_doing(|| format!("{} is damaged", path.display()))?;
        if endpoint.schema != ENDPOINT_SCHEMA {
            return Err(Error::new(
                ErrorKind::Unexpected,
                format!("{} has the unknown schema {}", path.display(), endpoint.schema),
            )
            .hint("start the simulator anew with this version"));
        }
        Ok(Some(endpoint))
    }

    /// The static Noise key as bytes.
    pub fn public_key(&self) -> Result<[u8; 32]> {
        hex::decode(&self.server_public_key)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::new(ErrorKind::Unexpected, "the endpoint's key does not have 32 bytes"))
    }
}

/// A running simulator. Clones are handles to the same one; it runs until [`Simulator::stop`], or
/// until the last handle is dropped.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
    tasks: Arc<Tasks>,
}

/// What the tasks of a simulator share.
struct Shared {
    directory: PathBuf,
    address: SocketAddr,
    keys: ServerKeys,
    world: tokio::sync::Mutex<World>,
    knobs: SharedKnobs,
    /// Changes with every turn of a knob, so that the listener notices `refuse` at once.
    turned: watch::Sender<u64>,
}

struct Tasks(Mutex<JoinSet<()>>);

impl Simulator {
    /// Starts listening, serves the control socket and writes `endpoint.json`.
    pub async fn start(options: Options) -> Result<Simulator> {
        if !options.listen.ip().is_loopback() {
            return Err(Error::new(ErrorKind::Denied, format!("the simulator does not listen on {}", options.listen))
                .hint("give a loopback address, for example 127.0.0.1:0"));
        }
        let directory = options.directory;
        crate::disk::create_folder(&directory)?;
        // First, because it is also what keeps a second simulator out of the folder.
        let socket = control::bind(&directory)?;
        let knobs = SharedKnobs::default();
        let (world, keys) = World::open(&directory, Arc::clone(&knobs))?;
        let listener = listen(options.listen).await?;
        let address = listener.local_addr().while_doing(|| "the listener has no address".to_owned())?;
        let shared = Arc::new(Shared {
            directory,
            address,
            keys,
            world: tokio::sync::Mutex::new(world),
            knobs,
            turned: watch::Sender::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept_connections(Arc::clone(&shared), listener));
        tasks.spawn(control::serve(Arc::clone(&shared), socket));
        let simulator = Simulator { shared, tasks: Arc::new(Tasks(Mutex::new(tasks))) };
        let endpoint =
            serde_json::to_vec_pretty(&simulator.endpoint()).while_doing(|| "cannot encode the endpoint".to_owned())?;
        crate::disk::write_atomic(&Endpoint::path(&simulator.shared.directory), &endpoint)?;
        Ok(simulator)
    }

    /// The WebSocket address, `ws://127.0.0.1:PORT/ws/chat`.
    pub fn url(&self) -> String {
        format!("ws://{}{PATH}", self.shared.address)
    }

    /// The static Noise key that a sandbox store pins.
    pub fn server_public_key(&self) -> [u8; 32] {
        let mut key = [0u8; 32];
        key.copy_from_slice(self.shared.keys.keys.public_key.public_key_bytes());
        key
    }

    /// What `endpoint.json` says.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            schema: ENDPOINT_SCHEMA.to_owned(),
            url: self.url(),
            server_public_key: hex::encode(self.server_public_key()),
            pid: std::process::id(),
        }
    }

    /// Does what a request asks and returns its answer.
    pub async fn execute(&self, request: Request) -> Result<Value> {
        self.shared.execute(request).await
    }

    /// Drops every connection, stops listening and removes `endpoint.json` and the socket.
    pub async fn stop(self) {
        let mut tasks = std::mem::take(&mut *self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.shared.forget_endpoint();
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.forget_endpoint();
    }
}

impl Shared {
    async fn execute(&self, request: Request) -> Result<Value> {
        let turns = matches!(request, Request::Set { .. } | Request::Clear { .. });
        let answer = self.world.lock().await.execute(request).await;
        if turns {
            self.turned.send_modify(|turn| *turn += 1);
        }
        answer
    }

    /// Absent files say that nobody listens; failing to remove them leaves a dead address, which a
    /// client sees as refused.
    fn forget_endpoint(&self) {
        let ours = Endpoint::read(&self.directory)
            .ok()
            .flatten()
            .is_some_and(|endpoint| endpoint.url == format!("ws://{}{PATH}", self.address));
        if ours {
            let _ = std::fs::remove_file(Endpoint::path(&self.directory));
            let _ = std::fs::remove_file(control::path(&self.directory));
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .while_doing(|| format!("the simulator cannot listen on {address}"))
        .map_err(|error| error.hint("give another port, or port 0 for any"))
}

/// Accepts connections, except while `refuse` is on: then there is no listener at all.
async fn accept_connections(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    let mut turned = shared.turned.subscribe();
    let mut listener = Some(listener);
    loop {
        let refuse = knobs_of(&shared.knobs).is_on(Name::Refuse);
        if refuse {
            listener = None;
        } else if listener.is_none() {
            match listen(shared.address).await {
                Ok(again) => listener = Some(again),
                Err(error) => {
                    shared.world.lock().await.note_fault(error.chain());
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            }
        }
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accept => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(session::serve(Arc::clone(&shared), stream));
                }
                Err(error) => {
                    // Out of descriptors, most likely: a moment's rest is all that helps.
                    shared.world.lock().await.note_fault(error.to_string());
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            changed = turned.changed() => {
                // The sender lives in `shared`, which this task holds.
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}
