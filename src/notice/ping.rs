//! A dead-man switch: an address that is called when a backup starts, ends well or fails, so that
//! somebody notices when the calls stop. The path's ending says which, as healthchecks.io and others
//! know it: nothing for success, `/start`, `/fail`.
//!
//! The address is a secret and is never written down beyond its origin, whatever goes wrong. It is
//! `https` to anywhere or `http` to a loopback address; a sandbox reaches loopback addresses alone.
//! Redirects are not followed: they would hand the secret on. Start with [`Ping::parse`].

use std::fmt;
use std::time::Duration;

use crate::config::{host, is_loopback, origin};
use crate::home::HomeKind;

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is tried, and how long is waited before each try.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The backup begins.
    Start,
    /// It ended, and all is well.
    Success,
    /// It ended otherwise.
    Failure,
}

impl Moment {
    /// `start`, `success` or `fail`.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Start => "start",
            Moment::Success => "success",
            Moment::Failure => "fail",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Moment::Start => "/start",
            Moment::Success => "",
            Moment::Failure => "/fail",
        }
    }
}

/// A checked address.
#[derive(Clone)]
pub struct Ping {
    url: String,
    loopback: bool,
    pauses: [Duration; 3],
}

/// Shows no more than the origin.
impl fmt::Debug for Ping {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Ping").field(&self.origin()).finish()
    }
}

/// A call that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Number of tries.
    pub tries: usize,
    /// The answer's status.
    pub status: u16,
}

impl Sent {
    /// What was seen, for people.
    pub fn describe(&self) -> String {
        let tries = if self.tries == 1 { String::new() } else { format!(" at try {}", self.tries) };
        match self.status {
            200..300 => format!("answered {}{tries}", self.status),
            status => format!("answered {status}, so it knows no such ending; only success is told{tries}"),
        }
    }
}

impl Ping {
    /// Checks an address, or says why it is not called. The reason holds nothing secret.
    pub fn parse(url: &str, home_kind: HomeKind) -> Result<Ping, String> {
        let origin = origin(url).ok_or("it is no address that begins with https:// and a host")?;
        let loopback = is_loopback(host(origin));
        if home_kind == HomeKind::Sandbox && !loopback {
            return Err("a sandbox calls loopback addresses alone, 127.0.0.1 or [::1]".into());
        }
        if !loopback && !url.starts_with("https://") {
            return Err("http:// is for loopback addresses alone, 127.0.0.1 or [::1]; use https://".into());
        }
        Ok(Ping { url: url.to_owned(), loopback, pauses: PAUSES })
    }

    /// Scheme, host and port: what may be shown.
    pub fn origin(&self) -> &str {
        origin(&self.url).unwrap_or_default()
    }

    fn address(&self, moment: Moment) -> String {
        let (path, query) = match self.url.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (self.url.as_str(), String::new()),
        };
        match moment {
            Moment::Success => self.url.clone(),
            _ => format!("{}{}{query}", path.trim_end_matches('/'), moment.ending()),
        }
    }

    /// Calls the address, up to three times. A server that knows neither `/start` nor `/fail` is
    /// taken as it is: what counts is that the success comes. The error holds nothing secret.
    pub fn send(&self, moment: Moment, body: &str) -> Result<Sent, String> {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("wpp/", env!("CARGO_PKG_VERSION")));
        if self.loopback {
            config = config.proxy(None);
        }
        let agent = ureq::Agent::new_with_config(config.build());
        let mut last = String::new();
        for (tries, pause) in (1..).zip(self.pauses) {
            std::thread::sleep(pause);
            let answer = match moment {
                Moment::Start => agent.get(self.address(moment)).call(),
                _ => agent.post(self.address(moment)).content_type("text/plain").send(body),
            };
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(status @ 200..300) => return Ok(Sent { tries, status }),
                Ok(status @ (404 | 405)) if moment != Moment::Success => return Ok(Sent { tries, status }),
                Ok(status @ (429 | 500..600)) => last = format!("answered {status}"),
                Ok(status @ 300..400) => return Err(format!("answered {status}, and redirects are not followed")),
                Ok(status) => return Err(format!("answered {status}")),
                Err(error) => last = plain(&error),
            }
        }
        Err(format!("{last}, {} times", self.pauses.len()))
    }
}

/// What went wrong, without the address that some errors quote.
fn plain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", TIMEOUT.as_secs()),
        ureq::Error::HostNotFound => "its name could not be resolved".into(),
        ureq::Error::ConnectionFailed => "it could not be reached".into(),
        ureq::Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "the connection was refused".into(),
            std::io::ErrorKind::UnexpectedEof => "the connection was closed without an answer".into(),
            kind => kind.to_string(),
        },
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "TLS failed: check its certificate and this machine's clock".into(),
        ureq::Error::InvalidProxyUrl => "the proxy that the environment names is no address".into(),
        _ => "the call failed".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_live_home_calls_https_or_loopback_and_a_sandbox_loopback_alone() {
        let cases = [
            ("https://hc-ping.com/uuid", true, false),
            ("https://127.0.0.1/uuid", true, true),
            ("http://127.0.0.1:8000/uuid", true, true),
            ("http://[::1]:8000/uuid", true, true),
            ("http://[::ffff:127.0.0.1]/uuid", true, true),
            ("http://localhost/uuid", false, false),
            ("http://hc-ping.com/uuid", false, false),
            ("http://127.0.0.1.example.org/uuid", false, false),
            ("http://[::ffff:10.0.0.1]/uuid", false, false),
            ("http://0.0.0.0/uuid", false, false),
            ("https://127.0.0.1@example.org/uuid", false, false),
            ("uuid", false, false),
        ];
        for (url, live, sandbox) in cases {
            for (kind, good) in [(HomeKind::Live, live), (HomeKind::Sandbox, sandbox)] {
                let parsed = Ping::parse(url, kind);
                assert_eq!(parsed.is_ok(), good, "{url} {kind:?}");
                assert!(!format!("{parsed:?}").contains("uuid"), "{parsed:?}");
            }
        }
    }

    #[test]
    fn endings_go_on_the_path_and_not_on_the_query() {
        let address = |url: &str, moment| Ping::parse(url, HomeKind::Live).unwrap().address(moment);
        assert_eq!(address("https://h/u", Moment::Start), "https://h/u/start");
        assert_eq!(address("https://h/u/", Moment::Failure), "https://h/u/fail");
        assert_eq!(address("https://h/u?create=1", Moment::Start), "https://h/u/start?create=1");
        assert_eq!(address("https://h/u?create=1", Moment::Success), "https://h/u?create=1");
    }

    /// Answers each connection with the next status; says what was asked.
    fn server(statuses: &'static [&'static str]) -> (Ping, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for status in statuses {
                let (mut stream, _) = listener.accept().unwrap();
                let mut text = Vec::new();
                let mut buffer = [0; 1024];
                // With the body, of which there is one byte: a connection that is closed with a part of it unread is reset,
                // and the answer is lost.
                let ending = |text: &[u8]| if text.starts_with(b"POST") { &b"\r\n\r\nx"[..] } else { b"\r\n\r\n" };
                while !text.ends_with(ending(&text)) {
                    let count = stream.read(&mut buffer).unwrap();
                    text.extend_from_slice(&buffer[..count]);
                }
                asked.push(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned());
                write!(stream, "HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .unwrap();
            }
            asked
        });
        let ping = Ping::parse(&url, HomeKind::Sandbox).unwrap();
        (Ping { pauses: [Duration::ZERO; 3], ..ping }, thread)
    }

    #[test]
    fn it_is_tried_three_times_and_what_will_not_change_is_not_tried_again() {
        let (ping, server_1) = server(&["503 x", "429 x", "200 OK"]);
        assert_eq!(ping.send(Moment::Success, "x"), Ok(Sent { tries: 3, status: 200 }));
        assert_eq!(server_1.join().unwrap(), ["POST /secret HTTP/1.1"; 3]);
        let (ping, server_2) = server(&["500 x", "500 x", "500 x"]);
        assert_eq!(ping.send(Moment::Failure, "x"), Err("answered 500, 3 times".into()));
        assert_eq!(server_2.join().unwrap()[2], "POST /secret/fail HTTP/1.1");
        for (status, expected) in [
            ("404 x", Err("answered 404".to_owned())),
            ("302 x", Err("answered 302, and redirects are not followed".to_owned())),
            ("204 x", Ok(Sent { tries: 1, status: 204 })),
        ] {
            let (ping, server) = server(Vec::leak(vec![status]));
            assert_eq!(ping.send(Moment::Success, "x"), expected);
            server.join().unwrap();
        }
        let (ping, server_3) = server(&["404 x"]);
        let sent = ping.send(Moment::Start, "").unwrap();
        assert!(sent.describe().contains("only success is told"), "{sent:?}");
        assert_eq!(server_3.join().unwrap(), ["GET /secret/start HTTP/1.1"]);
        let gone = Ping { pauses: [Duration::ZERO; 3], ..Ping::parse("http://127.0.0.1:1/secret", HomeKind::Live).unwrap() };
        assert_eq!(gone.send(Moment::Success, ""), Err("the connection was refused, 3 times".into()));
    }
}
