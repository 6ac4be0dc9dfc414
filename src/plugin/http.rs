//! The requests of plugins: to granted origins, with secrets that the host puts in.
//!
//! Imports [`super::grants`] and [`super::secrets`]. Start with [`Http`]. Each address is looked up
//! here, judged, and then held to: between the look and the request nobody can point the name
//! elsewhere. Redirects are followed here, one by one, each judged like a request of its own. An
//! address that is not public is reached only where the grant says so.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use super::grants::{Grants, Origin, is_secret_name};
use super::host::words::http::{Error, Header, Method, NoAnswer, Request, Response};
use super::host::words::types::Outage;
use super::secrets::Secrets;

/// How long a request waits that does not say.
pub const PATIENCE: Duration = Duration::from_secs(10);

const REDIRECTS_MAX: usize = 5;
const REQUEST_BYTES_MAX: usize = 1 << 20;
const HEADERS_MAX: usize = 64;
/// What the host itself says of a request.
const OURS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// HTTP as one plugin has it.
pub struct Http {
    plugin: String,
    grants: Grants,
    secrets: Arc<Secrets>,
    /// A sandbox reaches loopback only.
    loopback_only: bool,
    answer_bytes_max: usize,
}

impl Http {
    /// For one plugin.
    pub fn new(plugin: &str, grants: Grants, secrets: Arc<Secrets>, loopback_only: bool, answer_bytes_max: usize) -> Http {
        Http { plugin: plugin.to_owned(), grants, secrets, loopback_only, answer_bytes_max }
    }

    /// What operators call the plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// A text without any of the secrets that were put into requests.
    pub fn blotted(&self, text: &str) -> String {
        self.secrets.blot(text)
    }

    /// Sends a request and what it is redirected to, within `patience` in all.
    pub async fn send(&self, request: Request, patience: Duration) -> Result<Response, Error> {
        let begun = Instant::now();
        match tokio::time::timeout(patience, self.follow(request, begun)).await {
            Ok(answer) => answer,
            Err(_) => Err(no_answer(Outage::Timeout, format!("nothing came within {} ms", patience.as_millis()))),
        }
    }

    async fn follow(&self, request: Request, begun: Instant) -> Result<Response, Error> {
        if request.body.as_ref().is_some_and(|body| body.len() > REQUEST_BYTES_MAX) {
            return Err(Error::Invalid(format!("a body of more than {REQUEST_BYTES_MAX} bytes")));
        }
        if request.headers.len() > HEADERS_MAX {
            return Err(Error::Invalid(format!("more than {HEADERS_MAX} headers")));
        }
        let mut url = parse(&request.url)?;
        let first = self.granted(&url)?;
        let mut method = request.method;
        let mut body = request.body;
        let mut secret = true;
        for _ in 0..=REDIRECTS_MAX {
            let origin = self.granted(&url)?;
            // What was meant for one server is not told to the next.
            secret &= origin == first;
            let headers = self.headers(&request.headers, body.as_deref().unwrap_or_default(), secret)?;
            let target = if secret { self.filled(&url, &origin)? } else { url.clone() };
            let answer = self.once(&origin, target, method, headers, body.clone()).await?;
            let status = answer.status().as_u16();
            let next = answer.headers().get("location").and_then(|next| next.to_str().ok()).and_then(|next| url.join(next).ok());
            let (true, Some(next)) = (matches!(status, 301 | 302 | 303 | 307 | 308), next) else {
                return self.response(answer, &url, begun).await;
            };
            if matches!(status, 301..=303) && !matches!(method, Method::Get | Method::Head) {
                (method, body) = (Method::Get, None);
            }
            url = next;
        }
        Err(no_answer(Outage::ProviderUnavailable, format!("more than {REDIRECTS_MAX} redirects")))
    }

    fn granted(&self, url: &Url) -> Result<Origin, Error> {
        let origin = Origin::of(url)
            .ok_or_else(|| Error::Invalid("an address is http or https, with a host and without a password".into()))?;
        if self.grants.reaches(&origin) {
            return Ok(origin);
        }
        Err(Error::Denied(format!("{origin} is not granted: `wpp plugin grant {} http={origin}` grants it", self.plugin)))
    }

    /// The addresses of an origin that may be reached.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, Error> {
        let host = origin.host.trim_matches(['[', ']']);
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, origin.port))
            .await
            .map_err(|error| no_answer(Outage::DnsResolution, format!("{host}: {error}")))?
            .collect();
        if found.is_empty() {
            return Err(no_answer(Outage::DnsResolution, format!("{host} has no address")));
        }
        let private = self.grants.private(&origin.host);
        let may = |address: &SocketAddr| {
            let ip = canonical(address.ip());
            if self.loopback_only { ip.is_loopback() && private } else { private || is_public(ip) }
        };
        let (may, not): (Vec<SocketAddr>, Vec<SocketAddr>) = found.into_iter().partition(may);
        match not.first() {
            Some(address) if may.is_empty() && self.loopback_only => {
                Err(Error::Denied(format!("{host} is {}, and a sandbox reaches loopback alone", address.ip())))
            }
            Some(address) if may.is_empty() => Err(Error::Denied(format!(
                "{host} is {}, which is no public address: `wpp plugin grant {} private={}` grants it",
                address.ip(),
                self.plugin,
                origin.host
            ))),
            _ => Ok(may),
        }
    }

    async fn once(
        &self,
        origin: &Origin,
        url: Url,
        method: Method,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<reqwest::Response, Error> {
        let addresses = self.addresses(origin).await?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("wpp/", env!("CARGO_PKG_VERSION")))
            .https_only(origin.https)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve_to_addrs(origin.host.trim_matches(['[', ']']), &addresses)
            .build()
            .map_err(|error| Error::Invalid(format!("the client cannot be made: {error}")))?;
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.map_err(|error| self.failed(&error))
    }

    async fn response(&self, mut answer: reqwest::Response, url: &Url, begun: Instant) -> Result<Response, Error> {
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| Header {
                name: name.as_str().to_owned(),
                value: self.blotted(&String::from_utf8_lossy(value.as_bytes())),
            })
            .collect();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + piece.len() > self.answer_bytes_max {
                return Err(Error::TooLarge(format!("more than {}", crate::report::size(self.answer_bytes_max as u64))));
            }
            body.extend_from_slice(&piece);
        }
        let took_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ok(Response { status, headers, body: self.secrets.blot_bytes(body), url: self.blotted(url.as_str()), took_ms })
    }

    fn headers(&self, wanted: &[Header], body: &[u8], secret: bool) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        for Header { name, value } in wanted {
            let known =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::Invalid(format!("{name:?} is no header's name")))?;
            if OURS.contains(&known.as_str()) {
                return Err(Error::Invalid(format!("the header {known} is the host's own")));
            }
            let filled = self.fill(value, Some(body))?;
            if filled.is_some() && !secret {
                continue;
            }
            let mut ready = HeaderValue::from_str(filled.as_deref().unwrap_or(value))
                .map_err(|_| Error::Invalid(format!("the header {known} holds what no header can hold")))?;
            ready.set_sensitive(filled.is_some());
            headers.append(known, ready);
        }
        Ok(headers)
    }

    /// The address with its secrets put in, which may be in its path and query alone.
    fn filled(&self, url: &Url, origin: &Origin) -> Result<Url, Error> {
        // An address writes braces as escapes in some of its parts and as they are in others.
        let text = url.as_str().replace("%7B", "{").replace("%7D", "}").replace("%7b", "{").replace("%7d", "}");
        let Some(filled) = self.fill(&text, None)? else { return Ok(url.clone()) };
        let url = parse(&filled)?;
        if Origin::of(&url).as_ref() == Some(origin) {
            Ok(url)
        } else {
            Err(Error::Invalid("a secret that changes where an address leads to".into()))
        }
    }

    /// A text with its secrets put in; `None` when it holds none. Signatures are of `body`, and have
    /// no place where there is none; there, a secret must not change how the rest is read.
    fn fill(&self, text: &str, body: Option<&[u8]>) -> Result<Option<String>, Error> {
        let mut rest = text;
        let mut filled = String::new();
        let mut any = false;
        while let Some(start) = rest.find("{{") {
            let Some(end) = rest[start..].find("}}").map(|end| start + end) else { break };
            let word = &rest[start + 2..end];
            filled.push_str(&rest[..start]);
            match word.split_once(':') {
                Some(("secret", name)) => {
                    let secret = self.secret(name)?;
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
                    if body.is_none() && !secret.bytes().all(plain) {
                        return Err(Error::Invalid(format!("the secret {name} holds what an address cannot hold")));
                    }
                    filled.push_str(&secret);
                    any = true;
                }
                Some(("hmac-sha256", name)) if body.is_some() => {
                    let secret = self.secret(name)?;
                    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                        .map_err(|_| Error::Invalid(format!("the secret {name} is no key")))?;
                    mac.update(body.unwrap_or_default());
                    filled.push_str(&hex::encode(mac.finalize().into_bytes()));
                    any = true;
                }
                _ => filled.push_str(&rest[start..end + 2]),
            }
            rest = &rest[end + 2..];
        }
        filled.push_str(rest);
        Ok(any.then_some(filled))
    }

    fn secret(&self, name: &str) -> Result<String, Error> {
        if !is_secret_name(name) {
            return Err(Error::Invalid(format!("{name:?} is no secret's name")));
        }
        if !self.grants.holds(name) {
            let grant = format!("`wpp plugin grant {} secret={name}` grants it", self.plugin);
            return Err(Error::Denied(format!("the secret {name} is not granted: {grant}")));
        }
        self.secrets.get(name).map_err(|error| Error::Denied(format!("{} ({})", error.chain(), error.hints().join("; "))))
    }

    fn failed(&self, error: &reqwest::Error) -> Error {
        let mut said = vec![error.to_string()];
        let mut io = None;
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            said.push(cause.to_string());
            io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(io);
            source = cause.source();
        }
        use std::io::ErrorKind as Io;
        let class = match io {
            Some(Io::TimedOut) => Outage::Timeout,
            Some(Io::NetworkUnreachable | Io::HostUnreachable | Io::NetworkDown | Io::AddrNotAvailable) => {
                Outage::NetworkUnreachable
            }
            _ if error.is_timeout() => Outage::Timeout,
            _ => Outage::ProviderUnavailable,
        };
        // The first says the whole address, which may hold a secret, and no more than the others do.
        let message = if said.len() > 1 { said.split_off(1).join(": ") } else { said.join(": ") };
        no_answer(class, self.blotted(&message))
    }
}

fn no_answer(class: Outage, message: String) -> Error {
    Error::NoAnswer(NoAnswer { class, message })
}

fn parse(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| Error::Invalid(format!("this is no address: {error}")))
}

/// An address of version 4 that is written as one of version 6 is what it stands for.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) => {
            let parts = six.segments();
            // The well-known prefix of translators, and 6to4.
            let embedded = match parts {
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some((high, low)),
                _ => None,
            };
            match embedded {
                Some((high, low)) => IpAddr::V4(std::net::Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
                None => six.to_canonical(),
            }
        }
        four => four,
    }
}

/// Whether an address is one of the public network: none of this machine, of a private network, of
/// the link, of a group, or set aside for something else.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            !(four.is_unspecified()
                || a == 0
                || four.is_loopback()
                || four.is_private()
                || four.is_link_local()
                || four.is_documentation()
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19))
                || a >= 224)
        }
        IpAddr::V6(six) => {
            let first = six.segments()[0];
            // Everything that is public today is in 2000::/3, and that of documents is not.
            (first & 0xe000) == 0x2000 && !matches!(six.segments(), [0x2001, 0xdb8, ..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_public_or_not() {
        let public = |text: &str| is_public(canonical(text.parse().unwrap()));
        for text in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "100.63.0.1", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(public(text), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "172.31.9.9",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }
}
