//! `wpp doctor` on networks that something is wrong with. Everything is on loopback: a TLS server with
//! certificates of our own stands in for WhatsApp, and a plain one for what answers in its place.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use wpp::clock;

use crate::harness::{Outcome, TestHome, refusing};
use crate::simulated::Simulated;

/// An authority that the program under test trusts, and the file that says so.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority of tests");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(certificate.der());
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
        std::fs::write(folder.path().join("authority.pem"), pem).unwrap();
        Authority { issuer: Issuer::new(params, key), folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A server's side of TLS, with a certificate for a name that ends so many days from now.
    pub fn certified(&self, name: &str, ends_in_days: i64) -> Arc<rustls::ServerConfig> {
        self.certified_for(name, ends_in_days * 86_400)
    }

    /// The same, in seconds.
    fn certified_for(&self, name: &str, ends_in_s: i64) -> Arc<rustls::ServerConfig> {
        let at = |from_now_s: i64| {
            let since_epoch_s = u64::try_from(clock::now_ms() / 1000 + from_now_s).unwrap();
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(since_epoch_s)
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (at(-100 * 86_400), at(ends_in_s));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

/// Something that listens on loopback until the value goes.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn new(serve: impl Fn(TcpStream) + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let ended = stop.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                serve(stream);
            }
        });
        Server { address, stop, thread: Some(thread) }
    }

    /// Speaks TLS, and answers with a time that is so many seconds from now.
    pub fn tls(config: Arc<rustls::ServerConfig>, clock_s: i64) -> Server {
        Server::new(move |stream| {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let date = clock::from_ms(clock::now_ms() + clock_s * 1000).strftime("%a, %d %b %Y %H:%M:%S GMT");
            // Whoever does not trust the certificate hangs up.
            if stream.read(&mut [0; 1024]).is_ok() {
                let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n").as_bytes());
                let _ = stream.flush();
            }
        })
    }

    /// Answers every connection with the same text.
    fn plain(answer: &'static str) -> Server {
        Server::new(move |mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn doctor(home: &TestHome, variables: &[(&str, &str)]) -> Value {
    let mut command = home.command(&["doctor", "--only", "wpp.network", "--format", "json"]);
    command.envs(variables.iter().copied());
    let outcome = Outcome::of(command.output().unwrap());
    outcome.assert_helpful();
    serde_json::from_str(outcome.stdout.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

/// Ids of what is worse than a note, with their classes.
fn found(report: &Value) -> Vec<(String, String)> {
    let bad = |finding: &&Value| !["ok", "info"].contains(&finding["severity"].as_str().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let findings = report["findings"].as_array().unwrap().iter().filter(bad);
    findings.map(|finding| (text(&finding["id"])["wpp.network.".len()..].to_owned(), text(&finding["class"]))).collect()
}

fn is_ok(report: &Value, id: &str) -> bool {
    report["findings"].as_array().unwrap().iter().any(|finding| finding["id"] == id && finding["severity"] == "ok")
}

/// A sandbox whose WhatsApp is a server on loopback.
struct Place {
    home: TestHome,
    authority: Authority,
}

impl Place {
    fn new() -> Place {
        Place { home: TestHome::sandbox(), authority: Authority::new() }
    }

    fn look(&self, host: &str, port: u16, plain_port: u16) -> Value {
        let endpoint = format!("{host}:{port},{plain_port}");
        doctor(&self.home, &[("WPP_ENDPOINT", &endpoint), ("SSL_CERT_FILE", self.authority.file().to_str().unwrap())])
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, class)| ((*id).to_owned(), (*class).to_owned())).collect()
}

#[test]
fn a_server_that_is_itself_is_well_and_its_certificate_and_clock_are_looked_at() {
    let place = Place::new();
    let (nobody, _held) = refusing();
    let server = Server::tls(place.authority.certified("localhost", 60), 0);
    let report = place.look("localhost", server.port(), nobody.port());
    assert_eq!(found(&report), [], "{report:#}");
    for id in ["name", "connection", "tls", "portal", "certificate", "clock-skew", "proxy", "servers"] {
        assert!(is_ok(&report, &format!("wpp.network.{id}")), "{id}: {report:#}");
    }
    let server = Server::tls(place.authority.certified("localhost", 3), 0);
    assert_eq!(found(&place.look("localhost", server.port(), nobody.port())), pairs(&[("certificate", "-")]));
    let server = Server::tls(place.authority.certified("localhost", 60), -7200);
    let report = place.look("localhost", server.port(), nobody.port());
    assert_eq!(found(&report), pairs(&[("clock-skew", "-")]));
    assert!(report.to_string().contains("2 h ahead"), "{report:#}");
}

#[test]
fn each_failure_has_its_class_and_makes_what_comes_after_it_meaningless() {
    let place = Place::new();
    let (nobody, _held) = refusing();
    // No resolver takes so long a label, so no name server is asked.
    let report = place.look(&format!("{}.localhost", "x".repeat(70)), 1, nobody.port());
    // Without a session nobody is cut off yet: a warning, which makes nothing after it unknown.
    assert_eq!(found(&report), pairs(&[("name", "dns_resolution")]), "{report:#}");
    let report = place.look("localhost", nobody.port(), nobody.port());
    assert_eq!(found(&report), pairs(&[("connection", "provider_unavailable")]), "{report:#}");
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let report = place.look("localhost", silent.local_addr().unwrap().port(), nobody.port());
    assert_eq!(found(&report), pairs(&[("tls", "timeout")]), "{report:#}");
    let skipped = report["data"]["skipped"].as_array().unwrap();
    assert!(skipped.iter().any(|skipped| skipped["id"] == "wpp.network.clock-skew"), "{report:#}");
}

#[test]
fn a_certificate_is_told_of_from_seven_days_before_its_end() {
    const WEEK_S: i64 = 7 * 86_400;
    let place = Place::new();
    let (nobody, _held) = refusing();
    // Minutes, for the look takes a while.
    for (ends_in_s, expected) in [(WEEK_S + 600, &[][..]), (WEEK_S - 600, &[("certificate", "-")])] {
        let server = Server::tls(place.authority.certified_for("localhost", ends_in_s), 0);
        let report = place.look("localhost", server.port(), nobody.port());
        assert_eq!(found(&report), pairs(expected), "{ends_in_s} s: {report:#}");
    }
}

/// Where nobody takes connections from a queue that is full, so that the kernel answers none any more.
#[cfg(target_os = "linux")]
struct Full {
    address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _waiting: Vec<TcpStream>,
    _runtime: tokio::runtime::Runtime,
}

#[cfg(target_os = "linux")]
impl Full {
    fn new() -> Full {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let entered = runtime.enter();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = socket.listen(1).unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
            waiting.push(stream);
            assert!(waiting.len() < 100, "the queue has no end");
        }
        drop(entered);
        Full { address, _listener: listener, _waiting: waiting, _runtime: runtime }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_nobody_answers_times_out() {
    let place = Place::new();
    let full = Full::new();
    let report = place.look("127.0.0.1", full.address.port(), full.address.port());
    assert_eq!(found(&report), pairs(&[("connection", "timeout")]), "{report:#}");
}

/// A network of its own, which the machine's has no part in, for what is run in it by a shell; `None` where this
/// user may make none.
#[cfg(target_os = "linux")]
fn network_of_its_own() -> Option<Vec<&'static str>> {
    // Root may; others may where the system lets them be root of what is only theirs.
    let ways = [vec!["unshare", "--net", "--mount"], vec!["unshare", "--map-root-user", "--net", "--mount"]];
    ways.into_iter().find(|way| {
        let made = std::process::Command::new(way[0]).args(&way[1..]).args(["ip", "link", "show"]).output();
        made.is_ok_and(|output| output.status.success())
    })
}

/// What the doctor says of an endpoint when a script has set up a network of its own before.
#[cfg(target_os = "linux")]
fn look_within(place: &Place, way: &[&str], script: &str, endpoint: &str) -> Value {
    let mut doctor = place.home.command(&["doctor", "--only", "wpp.network", "--format", "json"]);
    doctor.env("WPP_ENDPOINT", endpoint);
    let mut command = std::process::Command::new(way[0]);
    command.args(&way[1..]).args(["sh", "-c", &format!("{script}\nexec \"$@\""), "sh"]);
    command.arg(doctor.get_program()).args(doctor.get_args());
    command.env_clear().envs(doctor.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = Outcome::of(command.stdin(std::process::Stdio::null()).output().unwrap());
    outcome.assert_helpful();
    serde_json::from_str(outcome.stdout.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_without_a_network_and_one_whose_name_server_is_silent_are_told_apart() {
    let Some(way) = network_of_its_own() else { return };
    let place = Place::new();
    // Not even loopback is up.
    let report = look_within(&place, &way, "", "127.0.0.1:4433,8080");
    assert_eq!(found(&report), pairs(&[("connection", "network_unreachable")]), "{report:#}");
    // Questions go to loopback for an address that is nobody's there, so nobody refuses them either.
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let resolver = file("resolv.conf", "nameserver 192.0.2.53\noptions timeout:30 attempts:1\n");
    let order = file("nsswitch.conf", "hosts: dns\n");
    let silent = format!(
        "set -e
         ip link set lo up
         ip route add 192.0.2.0/24 dev lo
         mount --bind {resolver} /etc/resolv.conf
         mount --bind {order} /etc/nsswitch.conf"
    );
    let set_up = std::process::Command::new(way[0]).args(&way[1..]).args(["sh", "-c", &silent]).output().unwrap();
    if !set_up.status.success() {
        // There are no such files to put others in the place of.
        return;
    }
    let report = look_within(&place, &way, &silent, "server.localhost:4433,8080");
    assert_eq!(found(&report), pairs(&[("name", "timeout")]), "{report:#}");
}

#[test]
fn certificates_that_are_not_the_servers_are_told_apart() {
    let place = Place::new();
    let (nobody, _held) = refusing();
    let summary = |report: &Value, id: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["id"] == id).unwrap_or(&Value::Null)["summary"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let unavailable = ("tls", "provider_unavailable");
    let server = Server::tls(place.authority.certified("elsewhere.example", 60), 0);
    let report = place.look("localhost", server.port(), nobody.port());
    assert_eq!(found(&report), pairs(&[unavailable]), "{report:#}");
    assert!(summary(&report, "wpp.network.tls").contains("somebody else"), "{report:#}");
    let server = Server::tls(Authority::new().certified("localhost", 60), 0);
    assert_eq!(found(&place.look("localhost", server.port(), nobody.port())), pairs(&[unavailable]));
    let server = Server::tls(place.authority.certified("localhost", -2), 0);
    let report = place.look("localhost", server.port(), nobody.port());
    assert_eq!(found(&report), pairs(&[unavailable, ("certificate", "provider_unavailable")]), "{report:#}");
    assert!(summary(&report, "wpp.network.tls").contains("over"), "{report:#}");
}

#[test]
fn a_portal_is_seen_by_what_it_answers_without_tls() {
    let place = Place::new();
    let portal = Server::plain("HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\nContent-Length: 0\r\n\r\n");
    let wrong = Server::tls(Authority::new().certified("localhost", 60), 0);
    let expected = pairs(&[("tls", "provider_unavailable"), ("portal", "provider_unavailable")]);
    let report = place.look("localhost", wrong.port(), portal.port());
    assert_eq!(found(&report), expected, "{report:#}");
    // The same where the portal answers in plain words at the port of TLS.
    let report = place.look("localhost", portal.port(), portal.port());
    assert_eq!(found(&report), expected, "{report:#}");
    // A server that sends one on to itself is none.
    let own = Server::plain("HTTP/1.1 301 Moved\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(found(&place.look("localhost", wrong.port(), own.port())), expected[..1]);
}

#[test]
fn servers_of_the_settings_and_proxies_are_looked_at() {
    let place = Place::new();
    let (nobody, _held) = refusing();
    let ending = Server::tls(place.authority.certified("localhost", 2), 0);
    let over = Server::tls(place.authority.certified("localhost", -2), 0);
    let config = format!(
        "[backup.s3]\nendpoint = \"http://{nobody}\"\n\
         [plugin.ending]\nurl = \"https://localhost:{}\"\n[plugin.over]\nurl = \"https://localhost:{}/x\"\n\
         [plugin.elsewhere]\nurl = \"https://gateway.example\"\n",
        ending.port(),
        over.port()
    );
    std::fs::write(place.home.path().join("config.toml"), config).unwrap();
    let trusted = place.authority.file();
    let proxy = format!("http://somebody:of-the-proxy@{nobody}");
    let report = doctor(&place.home, &[("SSL_CERT_FILE", trusted.to_str().unwrap()), ("HTTPS_PROXY", &proxy)]);
    let expected = [
        ("proxy", "provider_unavailable"),
        ("servers", "provider_unavailable"),
        ("server-certificates", "-"),
        ("server-certificates", "provider_unavailable"),
    ];
    assert_eq!(found(&report), pairs(&expected), "{report:#}");
    let severity = |at: usize| {
        let of = |finding: &&Value| finding["id"] == "wpp.network.server-certificates";
        report["findings"].as_array().unwrap().iter().filter(of).nth(at).unwrap()["severity"].clone()
    };
    assert_eq!((severity(0), severity(1)), (json!("warning"), json!("error")));
    for secret in ["of-the-proxy", "somebody:"] {
        assert!(!report.to_string().contains(secret), "{secret}: {report:#}");
    }
    let works = Server::plain("");
    let report = doctor(&place.home, &[("ALL_PROXY", &format!("socks5://{}", works.address))]);
    assert!(
        !found(&report).iter().any(|(id, _)| id == "proxy") && report.to_string().contains("do not use the proxy"),
        "{report:#}"
    );
}

#[test]
fn a_sandbox_without_a_simulator_is_quiet_and_offline_nobody_is_asked() {
    let home = TestHome::sandbox();
    let report = doctor(&home, &[]);
    assert_eq!(found(&report), [], "{report:#}");
    let asked = Arc::new(AtomicBool::new(false));
    let seen = asked.clone();
    let server = Server::new(move |_| seen.store(true, Ordering::Relaxed));
    std::fs::write(home.path().join("config.toml"), format!("[plugin.x]\nurl = \"http://{}\"\n", server.address)).unwrap();
    let endpoint = format!("localhost:{0},{0}", server.port());
    let report = doctor(&home, &[("WPP_ENDPOINT", &endpoint), ("WPP_DOCTOR_OFFLINE", "true")]);
    assert!(report["findings"].is_null() && report["data"]["skipped"].as_array().unwrap().len() == 9, "{report:#}");
    drop(server);
    assert!(!asked.load(Ordering::Relaxed), "somebody was connected to");
}

#[test]
fn a_ready_daemon_is_evidence_and_a_simulator_that_is_gone_is_found() {
    let mut simulated = Simulated::linked();
    let report = doctor(&simulated.home, &[]);
    assert!(is_ok(&report, "wpp.network.connection") && report.to_string().contains("is READY"), "{report:#}");
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let report = doctor(&simulated.home, &[]);
    assert!(is_ok(&report, "wpp.network.connection"), "the simulator takes connections: {report:#}");
    assert!(!is_ok(&report, "wpp.network.tls"), "and speaks without TLS");
    // It ended without taking back what it had told.
    let endpoint = simulated.home.path().join("simulator/endpoint.json");
    let told = std::fs::read(&endpoint).unwrap();
    simulated.stop_simulator();
    std::fs::write(&endpoint, told).unwrap();
    let report = doctor(&simulated.home, &[]);
    assert_eq!(found(&report), pairs(&[("connection", "provider_unavailable")]), "{report:#}");
    assert_eq!(report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "error").count(), 1);
}
