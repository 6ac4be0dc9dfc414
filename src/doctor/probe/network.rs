//! Looks at the way to servers, stage by stage: name, TCP, TLS. A failure's class comes from the stage and
//! from the kind of the error, never from its words.
//!
//! The wall between live and sandbox homes stands here, too: a sandbox looks at loopback addresses alone
//! and asks no name server, a live home's sessions never connect to loopback. Start with [`endpoint`],
//! [`servers`] and, for what is asked of this machine alone, [`ports`].

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::tls::{self, Trust};
use crate::config::{self, Config};
use crate::facts::Probed;
use crate::facts::machine::PortLook;
use crate::facts::network::{Failure, PlainAnswer, ProxyLook, ServerLook, Stage};
use crate::home::{Home, HomeKind};
use crate::whatsapp::endpoint::{self as whatsapp, Endpoint, is_loopback};
use crate::whatsapp::fault::Fault;

/// How long the whole way to one server may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long somebody on this machine may take to take a connection.
const PORT_PATIENCE: Duration = Duration::from_millis(200);
/// How long a probe of this room may take: the way to a server, and what answers in its place.
pub const TIMEOUT: Duration = Duration::from_secs(8);
/// An answer without TLS is read up to here.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// Variables that name a proxy.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// A server to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    name: String,
    host: String,
    port: u16,
    /// How its certificate is verified; `None` for no TLS.
    trust: Option<Trust>,
    reach: Reach,
}

/// Which addresses may be talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Loopback,
    Outside,
    Anywhere,
}

impl Reach {
    fn takes(self, address: IpAddr) -> bool {
        match self {
            Reach::Loopback => is_loopback(address),
            Reach::Outside => !is_loopback(address),
            Reach::Anywhere => true,
        }
    }
}

/// What answers where the endpoint should: see [`endpoint`].
pub type EndpointSeen = (Probed<ServerLook>, Probed<PlainAnswer>);

/// Looks at where the sessions of a home connect to. `stand_in` takes the place of it in a sandbox:
/// `HOST:PORT,PORT`, where TLS is spoken and where it is not.
pub fn endpoint(home: &Home, stand_in: Option<&str>) -> EndpointSeen {
    let not_needed = || Probed::NotApplicable("TLS was not found wanting, so nothing else was asked for".to_owned());
    let (server, plain_port) = match (home.kind(), stand_in.and_then(stood_in)) {
        (HomeKind::Sandbox, Some(stood_in)) => stood_in,
        _ => match Endpoint::for_home(home) {
            Ok(Endpoint::Live) => {
                let (host, port) = whatsapp::live();
                let trust = Some(Trust::BuiltIn);
                (Server { name: "WhatsApp".into(), host: host.into(), port, trust, reach: Reach::Outside }, 80)
            }
            Ok(Endpoint::Loopback(simulator)) => {
                let address = simulator.address();
                let (host, port) = (address.ip().to_string(), address.port());
                (Server { name: "the simulator".into(), host, port, trust: None, reach: Reach::Loopback }, port)
            }
            Err(error) if home.kind() == HomeKind::Sandbox => {
                return (Probed::NotApplicable(error.message().to_owned()), not_needed());
            }
            Err(error) => return (Probed::Failed(error.chain()), not_needed()),
        },
    };
    let (look, addresses) = look_at(&server);
    let wanting = |stage: &Stage| matches!(stage, Stage::Failed(_));
    let plain = match wanting(&look.connected) || wanting(&look.secured) {
        true => Probed::Known(plain(&addresses, &server.host, &[server.port, plain_port])),
        false => not_needed(),
    };
    (Probed::Known(look), plain)
}

fn stood_in(text: &str) -> Option<(Server, u16)> {
    let (address, plain) = text.split_once(',')?;
    let (host, port) = address.rsplit_once(':')?;
    let server = Server {
        name: "WhatsApp".into(),
        host: host.to_owned(),
        port: port.parse().ok()?,
        trust: Some(Trust::Machine),
        reach: Reach::Loopback,
    };
    Some((server, plain.parse().ok()?))
}

/// The servers that settings name: those of plugins and the one that archives go to. Addresses that are
/// pinged are not among them: a call there means something, and what becomes of it is told anyway.
pub fn named(config: &Config, kind: HomeKind) -> Vec<Server> {
    let of_plugins = config.plugins().flat_map(|(plugin, settings)| {
        settings.iter().map(move |(key, value)| (format!("plugin.{plugin}.{key}"), value.as_str()))
    });
    let own = ["backup.s3.endpoint"].map(|key| (key.to_owned(), config.text(key)));
    let mut servers: Vec<Server> = Vec::new();
    for (name, value) in of_plugins.chain(own) {
        let Some((host, port, is_https)) = config::origin(value).and_then(parts) else { continue };
        if servers.iter().any(|other| (&other.host, other.port) == (&host, port)) {
            continue;
        }
        let reach = if kind == HomeKind::Sandbox { Reach::Loopback } else { Reach::Anywhere };
        servers.push(Server { name, host, port, trust: is_https.then_some(Trust::Machine), reach });
    }
    servers
}

/// The ports of this machine on which settings expect a server, each tried for a moment and told nothing.
pub fn ports(config: &Config, kind: HomeKind) -> Vec<PortLook> {
    let servers = named(config, kind).into_iter().filter_map(|server| {
        // No name server is asked: these are names of this machine everywhere.
        let addresses: Vec<IpAddr> = match server.host.parse::<IpAddr>() {
            Ok(address) if is_loopback(address) => vec![address],
            Err(_) if server.host == "localhost" || server.host.ends_with(".localhost") => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            _ => return None,
        };
        Some((server, addresses))
    });
    let servers: Vec<(Server, Vec<IpAddr>)> = servers.collect();
    let look = |server: &Server, addresses: &[IpAddr]| {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|address| SocketAddr::new(*address, server.port)).collect();
        let shown = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
        // The table is what an operator looks for; which of its settings it is stands there.
        let named_in = match server.name.strip_prefix("plugin.").and_then(|rest| rest.split_once('.')) {
            Some((plugin, _)) => format!("[plugin.{plugin}]"),
            None => server.name.clone(),
        };
        let listens = connect(&addresses, Instant::now() + PORT_PATIENCE).map(drop).map_err(|failure| failure.detail);
        PortLook { address: format!("{shown}:{}", server.port), port: server.port, named_in, listens }
    };
    std::thread::scope(|threads| {
        let looks: Vec<_> = servers.iter().map(|(server, addresses)| threads.spawn(|| look(server, addresses))).collect();
        looks.into_iter().map(|look| look.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Host, port and whether it is `https`.
fn parts(address: &str) -> Option<(String, u16, bool)> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().or_else(|| url.scheme().starts_with("socks").then_some(1080))?;
    Some((host, port, url.scheme() == "https"))
}

/// Looks at servers, all at the same time.
pub fn servers(servers: &[Server]) -> Vec<ServerLook> {
    std::thread::scope(|threads| {
        let looks: Vec<_> = servers.iter().map(|server| threads.spawn(|| look_at(server).0)).collect();
        looks.into_iter().map(|look| look.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn not_reached(reason: &str) -> Stage {
    Stage::NotReached { reason: reason.to_owned() }
}

/// Goes the way to a server as far as it leads, and says which addresses it has.
fn look_at(server: &Server) -> (ServerLook, Vec<SocketAddr>) {
    let until = Instant::now() + PATIENCE;
    let mut look = ServerLook {
        name: server.name.clone(),
        host: server.host.clone(),
        port: server.port,
        resolved: not_reached("it was not looked up"),
        connected: not_reached("its name is not resolved"),
        secured: not_reached("it is not connected to"),
        certificate_ends_ms: None,
        clock: None,
    };
    let is_literal = server.host.parse::<IpAddr>().is_ok();
    let here = is_literal || server.host == "localhost" || server.host.ends_with(".localhost");
    // A question to the network's name server leaves the machine, too.
    if server.reach == Reach::Loopback && !here {
        look.resolved = not_reached("a sandbox asks no name server and reaches loopback alone");
        return (look, Vec::new());
    }
    let begun = Instant::now();
    let addresses = match resolve(&server.host, server.port, until) {
        Ok(addresses) => addresses,
        Err(failure) => {
            look.resolved = Stage::Failed(failure);
            return (look, Vec::new());
        }
    };
    let (may, not): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.into_iter().partition(|address| server.reach.takes(address.ip()));
    if let (true, Some(address)) = (may.is_empty(), not.first()) {
        if server.reach == Reach::Loopback {
            look.resolved = not_reached("a sandbox reaches loopback alone");
            return (look, may);
        }
        let detail = format!("its name leads to {}, and to no address outside this host", address.ip());
        look.resolved = Stage::Failed(Failure { class: Fault::DnsResolution, detail, certificate: None });
        return (look, may);
    }
    look.resolved = passed(begun);
    let begun = Instant::now();
    let stream = match connect(&may, until) {
        Ok(stream) => stream,
        Err(failure) => {
            look.connected = Stage::Failed(failure);
            return (look, may);
        }
    };
    look.connected = passed(begun);
    let Some(trust) = server.trust else {
        look.secured = not_reached("TLS is not spoken there");
        return (look, may);
    };
    let begun = Instant::now();
    match tls::secured(stream, &server.host, trust, until) {
        Ok(secured) => {
            look.secured = passed(begun);
            (look.certificate_ends_ms, look.clock) = (secured.ends_ms, secured.clock);
        }
        Err(failure) => look.secured = Stage::Failed(failure),
    }
    (look, may)
}

fn passed(begun: Instant) -> Stage {
    Stage::Passed { took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

/// The addresses of a name. The resolver cannot be told when to end, so it is left behind then.
fn resolve(host: &str, port: u16, until: Instant) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |class: Fault, detail: String| Failure { class, detail, certificate: None };
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (tell, told) = mpsc::channel();
    let name = host.to_owned();
    let started = std::thread::Builder::new().name("resolve".into()).spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = tell.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    });
    if let Err(error) = started {
        return Err(failed(Fault::DnsResolution, format!("no thread could be started to resolve {host}: {error}")));
    }
    match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(failed(Fault::DnsResolution, format!("{host} has no address"))),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(failed(Fault::DnsResolution, format!("{host} cannot be resolved: {error}"))),
        Err(_) => Err(failed(Fault::Timeout, format!("no name server has answered for {host} within {} s", PATIENCE.as_secs()))),
    }
}

/// Connects to the first of some addresses that takes it.
fn connect(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, Failure> {
    let mut worst: Option<Failure> = None;
    for (at, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        // One that is silent leaves time for those after it.
        let share = left / u32::try_from(addresses.len() - at).unwrap_or(1).max(1);
        let error = match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let class = Fault::of_socket(error.kind());
        // That there is no way to the one kind of address says less than what the other met with.
        if worst.as_ref().is_none_or(|worst| worst.class == Fault::NetworkUnreachable) {
            worst = Some(Failure { class, detail: format!("{address}: {error}"), certificate: None });
        }
    }
    Err(worst.unwrap_or(Failure { class: Fault::DnsResolution, detail: "it has no address".into(), certificate: None }))
}

/// What answers a request without TLS at one of the ports.
fn plain(addresses: &[SocketAddr], host: &str, ports: &[u16]) -> PlainAnswer {
    let nothing = PlainAnswer { status: None, sent_on_to: None };
    let Some(address) = addresses.first() else { return nothing };
    for (at, port) in ports.iter().enumerate() {
        if ports[..at].contains(port) {
            continue;
        }
        let until = Instant::now() + PATIENCE / 2;
        if let Ok(answer) = plain_at(SocketAddr::new(address.ip(), *port), host, until)
            && answer.status.is_some()
        {
            return answer;
        }
    }
    nothing
}

fn plain_at(address: SocketAddr, host: &str, until: Instant) -> std::io::Result<PlainAnswer> {
    let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&address, left())?;
    stream.set_write_timeout(Some(left()))?;
    let request =
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: wpp/{}\r\nConnection: close\r\n\r\n", env!("CARGO_PKG_VERSION"));
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < ANSWER_BYTES_MAX {
        stream.set_read_timeout(Some(left()))?;
        match stream.read(&mut piece)? {
            0 => break,
            count => head.extend_from_slice(&piece[..count]),
        }
    }
    Ok(answered(&String::from_utf8_lossy(&head)))
}

/// `HTTP/1.1 302 Found` and its `Location`.
fn answered(head: &str) -> PlainAnswer {
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
    let place = header(head, "location").and_then(|place| url::Url::parse(place).ok());
    PlainAnswer { status, sent_on_to: place.and_then(|place| place.host_str().map(str::to_owned)).filter(|_| status.is_some()) }
}

/// A header of an answer.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).take_while(|line| !line.is_empty());
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The proxies that the environment names, without what may be a password.
pub fn proxies(kind: HomeKind) -> Vec<ProxyLook> {
    let mut seen: Vec<ProxyLook> = Vec::new();
    for variable in PROXIES {
        let Some(value) = std::env::var(variable).ok().filter(|value| !value.is_empty()) else { continue };
        let whole = if value.contains("://") { value } else { format!("http://{value}") };
        let Some((host, port, _)) = parts(&whole) else {
            let connected = Stage::Failed(Failure {
                class: Fault::ProviderUnavailable,
                detail: "it is no address".into(),
                certificate: None,
            });
            seen.push(ProxyLook { variable: variable.into(), address: "no address".into(), connected });
            continue;
        };
        let address = format!("{host}:{port}");
        if seen.iter().any(|other| other.address == address) {
            continue;
        }
        let reach = if kind == HomeKind::Sandbox { Reach::Loopback } else { Reach::Anywhere };
        let (look, _) = look_at(&Server { name: variable.into(), host, port, trust: None, reach });
        let connected = match look.resolved {
            Stage::Passed { .. } => look.connected,
            other => other,
        };
        seen.push(ProxyLook { variable: variable.into(), address, connected });
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_its_class_by_its_stage() {
        let until = || Instant::now() + PATIENCE;
        // No resolver takes a label of more than 63 characters, so nobody is asked.
        let failure = resolve(&format!("{}.localhost", "x".repeat(70)), 1, until()).unwrap_err();
        assert_eq!(failure.class, Fault::DnsResolution, "{}", failure.detail);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(connect(&[address], until()).is_ok());
        // Bound, so that it is nobody else's, and never listening.
        let held = tokio::net::TcpSocket::new_v4().unwrap();
        held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(connect(&[held.local_addr().unwrap()], until()).unwrap_err().class, Fault::ProviderUnavailable);
    }

    #[test]
    fn a_sandbox_looks_at_loopback_alone_and_a_live_session_never_does() {
        let server = |host: &str, reach| Server { name: "x".into(), host: host.into(), port: 9, trust: None, reach };
        for outside in ["192.0.2.1", "example.invalid"] {
            let (look, addresses) = look_at(&server(outside, Reach::Loopback));
            assert!(matches!(look.resolved, Stage::NotReached { .. }) && addresses.is_empty(), "{outside}: {look:?}");
        }
        let (look, addresses) = look_at(&server("localhost", Reach::Outside));
        assert!(matches!(look.resolved, Stage::Failed(Failure { class: Fault::DnsResolution, .. })), "{look:?}");
        assert!(addresses.is_empty());
    }

    #[test]
    fn what_answers_without_tls_is_understood() {
        let portal = answered("HTTP/1.1 302 Found\r\nServer: x\r\nLOCATION: http://portal.example/login\r\n\r\n");
        assert_eq!((portal.status, portal.sent_on_to.as_deref()), (Some(302), Some("portal.example")));
        assert_eq!(answered("HTTP/1.0 200 OK\r\n\r\nlocation: http://x/\r\n").sent_on_to, None);
        assert_eq!(answered("220 mail.example\r\n").status, None);
        assert_eq!(parts("http://user:secret@proxy.example:3128"), Some(("proxy.example".into(), 3128, false)));
        assert_eq!(parts("https://[::1]/x"), Some(("::1".into(), 443, true)));
        assert_eq!(parts("socks5://proxy.example"), Some(("proxy.example".into(), 1080, false)));
    }
}
