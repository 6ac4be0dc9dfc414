//! The way to the server, watched: the library says nothing of an attempt that fails.
//!
//! [`WatchedFactory`] dials by itself (name, TCP, TLS, WebSocket upgrade) so that the class of a
//! failure comes from the stage and the error's kind, keeps the wall between live and loopback at
//! the level of IP addresses, and lets the ledger write down the connection before the library
//! sends its first byte. The library's own framing ([`from_websocket`]) carries the bytes.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::http::{HeaderValue, header};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_websockets::ClientBuilder;
use wacore::net::{WHATSAPP_WEB_ORIGIN, WHATSAPP_WEB_WS_URL};
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory, default_tls_connector, from_websocket};
use whatsapp_rust::{anyhow, async_channel};

use super::client::{Ledger, LinkEvent, Reporter};
use super::endpoint::{Endpoint, is_loopback};
use super::fault::Fault;
use crate::home::Home;

/// How long one stage of dialling may take. The library gives up on the whole after 20 s.
const STAGE_TIMEOUT: Duration = Duration::from_secs(9);

/// How long closing a connection may take: a full send buffer of a dead peer would hold it for ever.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type Opened = (Arc<dyn Transport>, async_channel::Receiver<TransportEvent>);

/// Why an attempt failed, before the library was involved.
struct Failure {
    fault: Fault,
    detail: String,
}

impl Failure {
    fn new(fault: Fault, detail: impl Into<String>) -> Failure {
        Failure { fault, detail: detail.into() }
    }
}

/// What the watchdog knows of the connection being made or used.
#[derive(Default)]
pub(super) struct Pulse {
    attempts: AtomicU64,
    current: Mutex<Option<Arc<Watched>>>,
}

impl Pulse {
    /// The connection of the latest attempt, if it got as far as one.
    pub(super) fn current(&self) -> Option<Arc<Watched>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, connection: Option<Arc<Watched>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = connection;
    }
}

/// One connection, from the WebSocket upgrade on.
pub(super) struct Watched {
    inner: Arc<dyn Transport>,
    reporter: Reporter,
    opened: Instant,
    /// The server was heard after the handshake, so what ends it now is not a failed handshake.
    established: AtomicBool,
    closed: AtomicBool,
}

impl Watched {
    /// When the WebSocket was open.
    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// Whether a stanza came over it.
    pub(super) fn is_established(&self) -> bool {
        self.established.load(Ordering::Acquire)
    }

    /// Notes that a stanza came over it.
    pub(super) fn establish(&self) {
        self.established.store(true, Ordering::Release);
    }

    /// Whether either side has closed it, as far as known here.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Cuts the connection as if the network had: the library then reconnects by its own rules.
    pub(super) async fn cut(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.inner.disconnect()).await;
    }
}

#[async_trait::async_trait]
impl Transport for Watched {
    async fn send(&self, data: bytes::Bytes) -> Result<(), anyhow::Error> {
        self.inner.send(data).await
    }

    async fn disconnect(&self) {
        // The library closes a connection whose handshake failed and says nothing about it.
        if !self.closed.swap(true, Ordering::AcqRel) && !self.is_established() {
            self.reporter.report(LinkEvent::ConnectFailed {
                fault: Fault::ProviderUnavailable,
                detail: "the server ended the connection before the handshake was done".to_owned(),
            });
        }
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.inner.disconnect()).await;
    }
}

/// Makes connections for the library and tells of each attempt.
pub(super) struct WatchedFactory {
    pub(super) home: Home,
    /// The simulator's key that the store pins; a simulator with another one is not dialled.
    pub(super) pinned: Option<String>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) reporter: Reporter,
    pub(super) ledger: Arc<dyn Ledger>,
}

#[async_trait::async_trait]
impl TransportFactory for WatchedFactory {
    async fn create_transport(&self) -> Result<Opened, anyhow::Error> {
        let attempt = self.pulse.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(dropped) = self.pulse.current().filter(|last| !last.is_closed() && !last.is_established()) {
            // The library asks the web for its newest version beside dialling. When that fails it
            // drops the connection, unclosed and unused, and says nothing.
            self.reporter.report(LinkEvent::ConnectFailed {
                fault: Fault::ProviderUnavailable,
                detail: "the connection was not used: the newest client version could not be learnt".to_owned(),
            });
            dropped.cut().await;
        }
        self.pulse.set(None);
        self.reporter.report(LinkEvent::Connecting { attempt });
        match self.open().await {
            Ok((transport, events)) => {
                let watched = Arc::new(Watched {
                    inner: transport,
                    reporter: self.reporter.clone(),
                    opened: Instant::now(),
                    established: AtomicBool::new(false),
                    closed: AtomicBool::new(false),
                });
                self.pulse.set(Some(Arc::clone(&watched)));
                Ok((watched, events))
            }
            Err(Failure { fault, detail }) => {
                let error = anyhow::anyhow!("not connected ({}): {detail}", fault.name());
                self.reporter.report(LinkEvent::ConnectFailed { fault, detail });
                Err(error)
            }
        }
    }
}

impl WatchedFactory {
    async fn open(&self) -> Result<Opened, Failure> {
        let opened = match Endpoint::for_home(&self.home) {
            Err(error) => return Err(Failure::new(Fault::ProviderUnavailable, error.chain())),
            Ok(Endpoint::Loopback(loopback)) => {
                if self.pinned.as_deref() != Some(loopback.simulator().server_public_key.as_str()) {
                    self.reporter.report(LinkEvent::EndpointChanged);
                    return Err(Failure::new(Fault::ProviderUnavailable, "the simulator has another key than the store pins"));
                }
                let stream = tcp(&[loopback.address()]).await?;
                upgrade(loopback.url(), stream).await?
            }
            Ok(Endpoint::Live) => {
                let host = live_host();
                let addresses = resolve(host).await?;
                let stream = tcp(&addresses).await?;
                let wrapping = async { default_tls_connector().wrap(host, stream).await.map_err(|error| of_websocket(&error)) };
                let stream = in_time("the TLS handshake", wrapping).await?;
                upgrade(WHATSAPP_WEB_WS_URL, stream).await?
            }
        };
        // From here on the library may log in, and Signal state may move.
        if let Err(error) = self.ledger.before_login().await {
            opened.0.disconnect().await;
            self.reporter.report(LinkEvent::StoreFailed { detail: error.chain() });
            return Err(Failure::new(
                Fault::ProviderUnavailable,
                format!("the connection could not be written down: {}", error.chain()),
            ));
        }
        Ok(opened)
    }
}

async fn in_time<T>(what: &str, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match tokio::time::timeout(STAGE_TIMEOUT, work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(Fault::Timeout, format!("{what} took longer than {} s", STAGE_TIMEOUT.as_secs()))),
    }
}

/// The host that live sessions connect to.
pub(super) fn live_host() -> &'static str {
    host_of(WHATSAPP_WEB_WS_URL)
}

fn host_of(url: &str) -> &str {
    url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

async fn resolve(host: &str) -> Result<Vec<SocketAddr>, Failure> {
    let looking = async {
        match tokio::net::lookup_host((host, 443)).await {
            Ok(addresses) => Ok(addresses.collect::<Vec<_>>()),
            Err(error) => Err(Failure::new(Fault::DnsResolution, format!("the server's name cannot be resolved: {error}"))),
        }
    };
    let addresses = in_time("name resolution", looking).await?;
    // A hosts file or a resolver must not turn a live session into a loopback one.
    let reachable: Vec<SocketAddr> = addresses.into_iter().filter(|address| !is_loopback(address.ip())).collect();
    if reachable.is_empty() {
        return Err(Failure::new(Fault::DnsResolution, "the server's name leads to no address outside this host"));
    }
    Ok(reachable)
}

async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let connecting = async {
        let stream = TcpStream::connect(addresses)
            .await
            .map_err(|error| Failure::new(Fault::of_socket(error.kind()), format!("no connection: {error}")))?;
        // Stanzas are small and wait for each other: Nagle's algorithm would add its delay to each.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    };
    in_time("the TCP connection", connecting).await
}

async fn upgrade<S>(url: &str, stream: S) -> Result<Opened, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let builder = ClientBuilder::new()
        .uri(url)
        .map_err(|error| Failure::new(Fault::ProviderUnavailable, format!("not a WebSocket address: {error}")))?
        .add_header(header::ORIGIN, HeaderValue::from_static(WHATSAPP_WEB_ORIGIN))
        .map_err(|error| of_websocket(&error))?;
    let upgrading = async {
        let (websocket, _) = builder.connect_on(stream).await.map_err(|error| of_websocket(&error))?;
        Ok(from_websocket(websocket))
    };
    in_time("the WebSocket upgrade", upgrading).await
}

fn of_websocket(error: &tokio_websockets::Error) -> Failure {
    let fault = match error {
        tokio_websockets::Error::Io(error) => Fault::of_socket(error.kind()),
        tokio_websockets::Error::CannotResolveHost => Fault::DnsResolution,
        _ => Fault::ProviderUnavailable,
    };
    Failure::new(fault, format!("the server does not speak WebSocket: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_connection_and_a_server_that_hangs_up_are_the_providers_fault() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hung_up = std::thread::spawn(move || drop(listener.accept()));
        let stream = tcp(&[address]).await.ok().unwrap();
        let failure = upgrade(&format!("ws://{address}/"), stream).await.err().unwrap();
        assert_eq!(failure.fault, Fault::ProviderUnavailable, "{}", failure.detail);
        hung_up.join().unwrap();
        let failure = tcp(&[address]).await.err().unwrap();
        assert_eq!(failure.fault, Fault::ProviderUnavailable, "{}", failure.detail);
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_host_alone_is_not_dialled() {
        let failure = resolve("localhost").await.err().unwrap();
        assert_eq!(failure.fault, Fault::DnsResolution);
    }

    #[test]
    fn the_host_of_the_live_address_is_found() {
        assert_eq!(live_host(), "web.whatsapp.com");
    }
}
