//! The requests of plugins: to granted origins, with secrets that the host puts in.
//!
//! Imports [`super::grants`], [`super::secrets`], [`super::recorded`] for answers without a network, and
//! the contract's words from [`super::host`]. Start with [`Http`].
//!
//! Secrets are put in where the plugin itself wrote their names, for the server that it asked: never
//! where a redirect names one, and never where a name is hidden behind escapes. Each address is looked
//! up here, judged, and then held to: between the look and the request nobody can point the name
//! elsewhere. Redirects are followed here, one by one, each judged like a request of its own. An address
//! that is not public is reached only where the grant says so.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustls_platform_verifier::BuilderVerifierExt as _;
use sha2::Sha256;

use super::adapt::outage;
use super::grants::{Grants, Origin, is_secret_name};
use super::host::words::http::{Error, Header, Method, NoAnswer, Request, Response};
use super::host::words::types::Outage;
use super::recorded::{Given, Recording};
use super::secrets::Secrets;
use crate::whatsapp::fault::Fault;

/// How long a request waits that does not say.
pub const PATIENCE: Duration = Duration::from_secs(10);

const REDIRECTS_MAX: usize = 5;
const REQUEST_BYTES_MAX: usize = 1 << 20;
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 64 << 10;
const URL_BYTES_MAX: usize = 16 << 10;
/// Secrets in one header or in the address: each may be long.
const PLACEHOLDERS_MAX: usize = 8;
/// What stands between the braces of one: `hmac-sha256:` and a name.
const PLACEHOLDER_BYTES_MAX: usize = 80;
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

/// Says the addresses of a host, with a port.
pub type Lookup = dyn Fn(&str, u16) -> std::io::Result<Vec<SocketAddr>> + Send + Sync;

/// HTTP as one plugin has it.
pub struct Http {
    plugin: String,
    grants: Grants,
    secrets: Arc<Secrets>,
    /// A sandbox reaches loopback only.
    loopback_only: bool,
    answer_bytes_max: usize,
    /// Answers that were recorded: with them nothing is sent, and no name is looked up.
    recorded: Option<Arc<Recording>>,
    /// Who is asked for addresses in the place of the system.
    lookup: Option<Arc<Lookup>>,
}

impl Http {
    /// For one plugin.
    pub fn new(plugin: &str, grants: Grants, secrets: Arc<Secrets>, loopback_only: bool, answer_bytes_max: usize) -> Http {
        Http { plugin: plugin.to_owned(), grants, secrets, loopback_only, answer_bytes_max, recorded: None, lookup: None }
    }

    /// The same without a network: what was recorded answers.
    #[must_use]
    pub fn recorded(self, recording: Arc<Recording>) -> Http {
        Http { recorded: Some(recording), ..self }
    }

    /// The same with addresses from elsewhere than the system's name servers.
    #[must_use]
    pub fn looked_up_by(self, lookup: Arc<Lookup>) -> Http {
        Http { lookup: Some(lookup), ..self }
    }

    /// What operators call the plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// A text without any of the secrets that were put into requests.
    pub fn blotted(&self, text: &str) -> String {
        self.secrets.blot(text)
    }

    /// Sends a request and what it is redirected to, within `patience` in all. Secrets that it wants
    /// are asked for before, and all of it ends within `left`.
    pub async fn send(&self, request: Request, patience: Duration, left: Duration) -> Result<Response, Error> {
        let (method, url) = (request.method, self.recorded.as_ref().map(|_| request.url.clone()));
        let answer = self.sent(request, patience, left).await;
        if let (Some(recording), Some(url), Err(error)) = (&self.recorded, url, &answer) {
            recording.failed(method, &url, error);
        }
        answer
    }

    async fn sent(&self, request: Request, patience: Duration, left: Duration) -> Result<Response, Error> {
        bounded(&request)?;
        let begun = Instant::now();
        let known = match tokio::time::timeout(left, self.known(&request)).await {
            Ok(known) => known?,
            Err(_) => return Err(Error::Denied(format!("its secrets were not there within {} ms", left.as_millis()))),
        };
        let patience = patience.min(left.saturating_sub(begun.elapsed()));
        let begun = Instant::now();
        match tokio::time::timeout(patience, self.follow(request, &known, begun)).await {
            Ok(answer) => answer,
            Err(_) => Err(no_answer(Outage::Timeout, format!("nothing came within {} ms", patience.as_millis()))),
        }
    }

    /// The secrets that a request names, where they are granted for where it goes.
    async fn known(&self, request: &Request) -> Result<Known, Error> {
        let origin = self.granted(&parse(&request.url)?)?;
        let texts = request.headers.iter().map(|header| header.value.as_str()).chain([request.url.as_str()]);
        let mut known = Known::new();
        for name in texts.flat_map(placeholders).map(|placeholder| placeholder.secret) {
            if !known.contains_key(name) {
                known.insert(name.to_owned(), self.secret(name, &origin).await?);
            }
        }
        Ok(known)
    }

    async fn follow(&self, request: Request, known: &Known, begun: Instant) -> Result<Response, Error> {
        let mut url = parse(&request.url)?;
        let first = self.granted(&url)?;
        let mut method = request.method;
        let mut body = request.body;
        let mut target = filled(&request.url, &url, known)?;
        let mut secret = true;
        for _ in 0..=REDIRECTS_MAX {
            let origin = self.granted(&url)?;
            // What was meant for one server is not told to the next.
            secret &= origin == first;
            let headers = headers(&request.headers, body.as_deref().unwrap_or_default(), known, secret)?;
            let answer = match &self.recorded {
                Some(recording) => as_received(recording.answer(method, &url, &request.headers, body.as_deref()).await?)?,
                None => self.once(&origin, target.clone(), method, headers, body.clone()).await?,
            };
            let status = answer.status().as_u16();
            let next = answer.headers().get("location").and_then(|next| next.to_str().ok());
            let next = next.and_then(|next| target.join(next).ok());
            let (true, Some(next)) = (matches!(status, 301 | 302 | 303 | 307 | 308), next) else {
                return self.response(answer, &url, begun).await;
            };
            if matches!(status, 301..=303) && !matches!(method, Method::Get | Method::Head) {
                (method, body) = (Method::Get, None);
            }
            (url, target) = (next.clone(), next);
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
        // A question to the network's name server leaves the machine, too.
        let here = host.parse::<IpAddr>().is_ok() || host == "localhost" || host.ends_with(".localhost");
        if self.loopback_only && !here {
            return Err(Error::Denied(format!("{host} is no name of this machine, and a sandbox reaches loopback alone")));
        }
        let found = match &self.lookup {
            Some(lookup) => lookup(host, origin.port),
            None => tokio::net::lookup_host((host, origin.port)).await.map(Iterator::collect),
        };
        let found = found.map_err(|error| no_answer(Outage::DnsResolution, format!("{host}: {error}")))?;
        self.reachable(origin, found)
    }

    /// Those of the addresses of an origin that it may have.
    fn reachable(&self, origin: &Origin, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Error> {
        let host = origin.host.trim_matches(['[', ']']);
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
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(origin.https)?)
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

    /// A secret for an origin.
    async fn secret(&self, name: &str, origin: &Origin) -> Result<String, Error> {
        if !is_secret_name(name) {
            return Err(Error::Invalid(format!("{name:?} is no secret's name")));
        }
        if !self.grants.holds(name, origin) {
            let grant = format!("`wpp plugin grant {} secret={name}@{origin}` grants it", self.plugin);
            return Err(Error::Denied(format!("the secret {name} is not granted for {origin}: {grant}")));
        }
        let (secrets, plugin, name) = (Arc::clone(&self.secrets), self.plugin.clone(), name.to_owned());
        // A command may have to be run for it, which takes its time.
        let secret = tokio::task::spawn_blocking(move || secrets.get(&plugin, &name)).await;
        let secret = secret.map_err(|error| Error::Denied(format!("the secret was not looked up: {error}")))?;
        secret.map_err(|error| Error::Denied(format!("{} ({})", error.chain(), error.hints().join("; "))))
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
        let class = match io.map(Fault::of_socket) {
            // What the client gave up by itself has no socket's error, or one that says nothing.
            None | Some(Fault::ProviderUnavailable) if error.is_timeout() => Outage::Timeout,
            Some(fault) => outage(fault),
            None => Outage::ProviderUnavailable,
        };
        // The first says the whole address, which may hold a secret, and no more than the others do.
        let message = if said.len() > 1 { said.split_off(1).join(": ") } else { said.join(": ") };
        no_answer(class, self.blotted(&message))
    }
}

fn as_received(given: Given) -> Result<reqwest::Response, Error> {
    let mut response = hyper::http::Response::builder().status(given.status);
    for (name, value) in given.headers {
        response = response.header(name, value);
    }
    let response = response.body(given.body).map_err(|error| Error::Invalid(format!("this was no answer: {error}")))?;
    Ok(reqwest::Response::from(response))
}

/// How TLS is spoken. The certificates of this machine are read once, and only where they are needed.
fn tls(needed: bool) -> Result<rustls::ClientConfig, Error> {
    static SYSTEM: OnceLock<Result<rustls::ClientConfig, String>> = OnceLock::new();
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let wrong = |error: rustls::Error| error.to_string();
    let versions = |provider| rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let made = match needed {
        true => SYSTEM.get_or_init(|| {
            let config = versions(provider()).map_err(wrong)?;
            Ok(config.with_platform_verifier().map_err(wrong)?.with_no_client_auth())
        }),
        false => {
            let config = versions(provider()).map_err(|error| Error::Invalid(error.to_string()))?;
            return Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
        }
    };
    made.clone().map_err(|why| Error::Invalid(format!("the certificates of this machine cannot be used: {why}")))
}

/// Whether a request is one that can be handled at little cost: the guest's clock stands still
/// meanwhile.
fn bounded(request: &Request) -> Result<(), Error> {
    let header_bytes: usize = request.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    for (count, most, what) in [
        (request.body.as_ref().map_or(0, Vec::len), REQUEST_BYTES_MAX, "bytes of body"),
        (request.headers.len(), HEADERS_MAX, "headers"),
        (header_bytes, HEADER_BYTES_MAX, "bytes of headers"),
        (request.url.len(), URL_BYTES_MAX, "bytes of address"),
    ] {
        if count > most {
            return Err(Error::Invalid(format!("more than {most} {what}")));
        }
    }
    let mut texts = request.headers.iter().map(|header| header.value.as_str()).chain([request.url.as_str()]);
    if texts.any(|text| placeholders(text).len() > PLACEHOLDERS_MAX) {
        return Err(Error::Invalid(format!("more than {PLACEHOLDERS_MAX} secrets in one place")));
    }
    Ok(())
}

/// Secrets by their names.
type Known = BTreeMap<String, String>;

/// `{{secret:NAME}}` or `{{hmac-sha256:NAME}}` in a text.
struct Placeholder<'a> {
    at: std::ops::Range<usize>,
    signs: bool,
    secret: &'a str,
}

fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|start| from + start) {
        let inner = start + 2;
        let near = &text.as_bytes()[inner..text.len().min(inner + PLACEHOLDER_BYTES_MAX)];
        let end = near.windows(2).position(|pair| pair == b"}}").map(|end| inner + end);
        let (end, signs, secret) = match end.and_then(|end| Some((end, text[inner..end].split_once(':')?))) {
            Some((end, ("secret", name))) => (end, false, name),
            Some((end, ("hmac-sha256", name))) => (end, true, name),
            // A brace of its own may stand before those that begin one.
            _ => {
                from = start + 1;
                continue;
            }
        };
        found.push(Placeholder { at: start..end + 2, signs, secret });
        from = end + 2;
    }
    found
}

/// The headers with their secrets put in; those that hold one only where they are `secret`'s to have.
fn headers(wanted: &[Header], body: &[u8], known: &Known, secret: bool) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for Header { name, value } in wanted {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::Invalid(format!("{name:?} is no header's name")))?;
        if OURS.contains(&name.as_str()) {
            return Err(Error::Invalid(format!("the header {name} is the host's own")));
        }
        let held = placeholders(value);
        if !held.is_empty() && !secret {
            continue;
        }
        let mut filled = value.clone();
        for Placeholder { at, signs, secret } in held.iter().rev() {
            let Some(word) = known.get(*secret) else { continue };
            let word = if *signs { signature(secret, word, body)? } else { word.clone() };
            filled.replace_range(at.clone(), &word);
        }
        let mut ready = HeaderValue::from_str(&filled)
            .map_err(|_| Error::Invalid(format!("the header {name} holds what no header can hold")))?;
        ready.set_sensitive(!held.is_empty());
        headers.append(name, ready);
    }
    Ok(headers)
}

fn signature(name: &str, secret: &str, body: &[u8]) -> Result<String, Error> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Error::Invalid(format!("the secret {name} is no key")))?;
    mac.update(body);
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// The address with its secrets put in, which may be in its path and query alone. One may be several
/// segments of a path, and changes nothing but what it stands for.
fn filled(text: &str, url: &Url, known: &Known) -> Result<Url, Error> {
    let held: Vec<Placeholder<'_>> = placeholders(text).into_iter().filter(|held| !held.signs).collect();
    if held.is_empty() {
        return Ok(url.clone());
    }
    let wrong = |why: &str| Error::Invalid(format!("an address with a secret that {why}"));
    let server = text.find("://").map_or(0, |at| at + 3);
    let path = text[server..].find('/').map_or(text.len(), |at| server + at);
    let query = text.find(['?', '#']).unwrap_or(text.len());
    let mut filled = text.to_owned();
    let mut slashes = 0;
    for Placeholder { at, secret, .. } in held.iter().rev() {
        let Some(word) = known.get(*secret) else { continue };
        if at.start < path {
            return Err(wrong("is neither in its path nor in its query"));
        }
        if !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte)) {
            return Err(Error::Invalid(format!("the secret {secret} holds what an address cannot hold")));
        }
        if at.start < query {
            slashes += word.matches('/').count();
        }
        filled.replace_range(at.clone(), word);
    }
    let filled = parse(&filled)?;
    // Dots would lead up from where they stand: then there are fewer segments than were put in.
    let segments = |url: &Url| url.path().split('/').count();
    if Origin::of(&filled) != Origin::of(url) || segments(&filled) != segments(url) + slashes {
        return Err(wrong("changes where it leads to"));
    }
    Ok(filled)
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
    use crate::plugin::grants::Grant;

    fn with(secret: &str, text: &str) -> Result<String, Error> {
        let known = Known::from([("key".to_owned(), secret.to_owned())]);
        filled(text, &parse(text)?, &known).map(String::from)
    }

    #[test]
    fn a_secret_fills_parts_of_a_path_and_changes_nothing_else() {
        let path = "https://h.example/services/{{secret:key}}/x?y={{secret:key}}";
        assert_eq!(with("T0/B0/XX", path).unwrap(), "https://h.example/services/T0/B0/XX/x?y=T0/B0/XX");
        assert_eq!(with("12:ab", "https://h.example/bot{{secret:key}}/get").unwrap(), "https://h.example/bot12:ab/get");
        for secret in ["..", ".", "a/../b", "a/./b", "../..", "a/..", "a?b", "a#b", "a%2Fb", "a b", "a\\b", "a\nb", "é", "a@b"] {
            let error = with(secret, path).unwrap_err();
            assert!(matches!(&error, Error::Invalid(why) if !why.contains(secret) || secret.len() < 3), "{secret:?}: {error:?}");
        }
        // Dots that only the place makes lead up.
        for (secret, text) in [(".", "https://h.example/a/.{{secret:key}}/b"), ("a/.", "https://h.example/{{secret:key}}./b")] {
            assert!(with(secret, text).is_err(), "{text}");
        }
        for text in [
            "https://{{secret:key}}/",
            "https://h.example{{secret:key}}",
            "https://h.example:{{secret:key}}/",
            "{{secret:key}}://h/",
        ] {
            assert!(with("key", text).is_err(), "{text}");
        }
        assert!(with("k@evil.example/", "https://u{{secret:key}}.h.example/").is_err());
    }

    #[test]
    fn an_address_that_a_name_has_is_reached_when_it_is_public_or_granted_by_name() {
        let http = |grants: &[&str], loopback_only: bool| {
            let grants = Grants(grants.iter().map(|text| Grant::parse(text).unwrap()).collect());
            let secrets = Arc::new(Secrets::new(std::path::Path::new("/nowhere"), &BTreeMap::new()));
            Http::new("eve", grants, secrets, loopback_only, 1 << 20)
        };
        let reach = |http: &Http, address: &str, found: &[&str]| {
            let origin = Origin::of(&parse(address).unwrap()).unwrap();
            let found = found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), origin.port)).collect();
            http.reachable(&origin, found).map(|may| may.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        let plain = http(&[], false);
        assert_eq!(reach(&plain, "https://h.example", &["1.1.1.1"]).unwrap(), ["1.1.1.1"]);
        // Of a name that has both, the public one alone.
        assert_eq!(reach(&plain, "https://h.example", &["10.0.0.1", "1.1.1.1", "::1"]).unwrap(), ["1.1.1.1"]);
        for private in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"] {
            let Err(Error::Denied(why)) = reach(&plain, "https://h.example", &[private]) else { panic!("{private}") };
            assert!(why.contains(private) && why.contains("`wpp plugin grant eve private=h.example`"), "{why}");
            let granted = http(&["private=h.example"], false);
            assert_eq!(reach(&granted, "https://h.example", &[private]).unwrap(), [private]);
            assert!(reach(&granted, "https://other.example", &[private]).is_err(), "{private}");
        }
        // Granted as an address it is plain what it is.
        assert_eq!(reach(&plain, "http://10.0.0.1", &["10.0.0.1"]).unwrap(), ["10.0.0.1"]);
        assert_eq!(reach(&plain, "http://[fd00::1]", &["fd00::1"]).unwrap(), ["fd00::1"]);
        // A name that only looks like one.
        assert!(reach(&plain, "http://localhost.evil.example", &["127.0.0.1"]).is_err());
        assert!(matches!(reach(&plain, "http://h.example", &[]), Err(Error::NoAnswer(no)) if no.class == Outage::DnsResolution));
        let sandbox = http(&["private=h.example"], true);
        assert_eq!(reach(&sandbox, "http://h.example", &["127.0.0.1", "1.1.1.1", "10.0.0.1"]).unwrap(), ["127.0.0.1"]);
        assert!(matches!(reach(&sandbox, "http://h.example", &["1.1.1.1"]), Err(Error::Denied(why)) if why.contains("sandbox")));
    }

    #[test]
    fn a_request_is_of_a_size_that_costs_little() {
        let request = |url: String, value: String, count: usize| Request {
            method: Method::Get,
            url,
            headers: vec![Header { name: "x".into(), value }; count],
            body: None,
            timeout_ms: None,
        };
        let url = || "https://h.example/".to_owned();
        assert!(bounded(&request(url(), "{{secret:key}}".into(), 64)).is_ok());
        for (what, request) in [
            ("65 headers", request(url(), String::new(), 65)),
            ("a long header", request(url(), "x".repeat(70_000), 1)),
            ("many headers", request(url(), "x".repeat(2_000), 40)),
            ("a long address", request("x".repeat(20_000), String::new(), 0)),
            ("many secrets", request(url(), "{{secret:key}}".repeat(9), 1)),
            ("many signatures", request(url() + &"{{hmac-sha256:key}}".repeat(9), String::new(), 0)),
            ("a large body", Request { body: Some(vec![0; 2 << 20]), ..request(url(), String::new(), 0) }),
        ] {
            assert!(matches!(bounded(&request), Err(Error::Invalid(_))), "{what}");
        }
        // Braces without end are looked through once: each time over they would take hours.
        assert_eq!(placeholders(&("{".repeat(1 << 20) + "}}")).len(), 0);
    }

    #[test]
    fn a_name_behind_escapes_is_no_name_of_a_secret() {
        for text in [
            "https://h.example/%7B%7Bsecret:key%7D%7D",
            "https://h.example/%7b%7bsecret:key%7d%7d",
            "https://h.example/{%7Bsecret:key}}",
            "https://h.example/?x=%7B%7Bsecret:key}}",
            "https://h.example/{{secret%3Akey}}",
            "https://h.example/{\n{secret:key}}",
        ] {
            let url = with("s3cret", text).unwrap();
            assert!(!url.contains("s3cret"), "{text}: {url}");
        }
        // A brace before it is a brace, and a signature has no place in an address.
        assert!(with("s3cret", "https://h.example/{{{secret:key}}").unwrap().ends_with("s3cret"));
        assert!(!with("s3cret", "https://h.example/{{hmac-sha256:key}}").unwrap().contains("s3cret"));
    }

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
