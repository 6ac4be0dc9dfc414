//! How a store is reached, and with which keys. Start with [`Settings::of`].
//!
//! Keys come from a file that only its owner can open, or from the environment; never from the
//! command line, which every user of the machine can read. They are held in [`Secret`]s, which
//! show nothing when they are printed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Config, is_loopback};
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::home::HomeKind;

/// A credentials file is a page.
const CREDENTIALS_SIZE_BYTES_MAX: u64 = 64 << 10;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one place that uses it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// How a store is reached. Nothing in it is secret: keys are read when the store is first used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://HOST[:PORT]`; empty for Amazon's own.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket is named in the path or in the host name.
    pub path_style: bool,
    /// Where the keys are; `None` for the environment.
    pub credentials_file: Option<PathBuf>,
    /// The section of that file.
    pub profile: String,
    /// How long a request is tried again.
    pub retry: Duration,
    /// How long one attempt may take; a part of an upload may take five times as long.
    pub attempt: Duration,
    /// What reaches the store: a sandbox may only use a loopback address.
    pub home_kind: HomeKind,
    /// Whose leftovers may be cleared: something unique to this home.
    pub owner: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            endpoint: String::new(),
            region: "us-east-1".into(),
            path_style: true,
            credentials_file: None,
            profile: "default".into(),
            retry: Duration::from_secs(180),
            attempt: Duration::from_secs(60),
            home_kind: HomeKind::Live,
            owner: String::new(),
        }
    }
}

impl Settings {
    /// What the configuration says.
    pub fn of(config: &Config, home_kind: HomeKind, owner: String) -> Settings {
        let file = config.text("backup.s3.credentials_file");
        Settings {
            endpoint: config.text("backup.s3.endpoint").to_owned(),
            region: config.text("backup.s3.region").to_owned(),
            path_style: config.boolean("backup.s3.path_style"),
            credentials_file: (!file.is_empty()).then(|| PathBuf::from(file)),
            profile: config.text("backup.s3.profile").to_owned(),
            retry: config.duration("backup.s3.retry_ms"),
            home_kind,
            owner,
            ..Settings::default()
        }
    }

    /// The endpoint, if it may be used from this home.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for what is no address, [`ErrorKind::Denied`] for plain http across a
    /// network and for a sandbox that would leave this machine.
    pub fn endpoint(&self) -> Result<Endpoint> {
        let endpoint = match self.endpoint.as_str() {
            "" => Endpoint { https: true, host: format!("s3.{}.amazonaws.com", self.region), port: None, loopback: false },
            text => Endpoint::parse(text)?,
        };
        if self.home_kind == HomeKind::Sandbox && !endpoint.loopback {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("this home is a sandbox and {} is not a loopback address: nothing leaves a sandbox", endpoint.host),
            )
            .hint("set backup.s3.endpoint to a server on this machine, such as http://127.0.0.1:9000, or use a folder"));
        }
        if !endpoint.https && !endpoint.loopback {
            return Err(Error::new(
                ErrorKind::Denied,
                format!(
                    "backup.s3.endpoint is {}: plain http would carry the archive across the network for all to read",
                    self.endpoint
                ),
            )
            .hint(format!(
                "write https://{} instead; http:// is for loopback addresses such as http://127.0.0.1:9000",
                endpoint.authority()
            )));
        }
        if !self.path_style && endpoint.host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(Error::new(
                ErrorKind::Usage,
                "backup.s3.path_style is false, and an IP address has no host name to put the bucket into",
            )
            .hint("set backup.s3.path_style to true"));
        }
        Ok(endpoint)
    }

    /// The keys. A file that was named for wpp counts more than variables that every program sees.
    pub fn keys(&self) -> Result<Keys> {
        match &self.credentials_file {
            Some(path) => {
                let content = disk::read_private("credentials file", path, CREDENTIALS_SIZE_BYTES_MAX)?;
                Keys::from_file(&content, &self.profile).map_err(|reason| {
                    Error::new(ErrorKind::Usage, format!("the credentials file {} {reason}", path.display())).hint(
                        "it holds lines such as `[default]`, `aws_access_key_id = …` and `aws_secret_access_key = …`; backup.s3.profile chooses the section",
                    )
                })
            }
            None => Keys::from_variables(|name| std::env::var_os(name)),
        }
    }
}

/// A checked address of an S3 server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is spoken.
    pub https: bool,
    /// Name or address; an IPv6 address in brackets.
    pub host: String,
    /// The port, if it is not the usual one.
    pub port: Option<u16>,
    /// Whether it is an address of this machine.
    pub loopback: bool,
}

impl Endpoint {
    fn parse(text: &str) -> Result<Endpoint> {
        // A text that may hold a password is not repeated.
        let shown = if text.contains('@') { "backup.s3.endpoint".to_owned() } else { format!("backup.s3.endpoint {text:?}") };
        let wrong = |what: &str| {
            Error::new(ErrorKind::Usage, format!("{shown} {what}"))
                .hint("write https://HOST or https://HOST:PORT; keys go into backup.s3.credentials_file or the environment")
        };
        let (https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(wrong("does not begin with https://")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(wrong("holds a user name or a password"));
        }
        if authority.contains(['/', '?', '#', '\\']) || authority.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong("holds more than a host and a port"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are inside its brackets.
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse::<u16>().map_err(|_| wrong("has a port that is no number"))?))
            }
            _ => (authority, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')) && !host.is_empty();
        if !named && bare.parse::<IpAddr>().is_err() {
            return Err(wrong("does not name a host"));
        }
        Ok(Endpoint { https, host: host.to_owned(), port, loopback: is_loopback(host) })
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The address of the server, or of a bucket that is named in the host name.
    pub fn url(&self, bucket: Option<&str>) -> String {
        let scheme = if self.https { "https" } else { "http" };
        match bucket {
            Some(bucket) => format!("{scheme}://{bucket}.{}", self.authority()),
            None => format!("{scheme}://{}", self.authority()),
        }
    }
}

/// Keys for a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Names the key; appears in the server's logs.
    pub id: Secret,
    /// Signs requests.
    pub secret: Secret,
    /// Goes with temporary keys.
    pub token: Option<Secret>,
}

impl Keys {
    fn from_variables(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Keys> {
        let read = |name: &str| -> Result<Option<Secret>> {
            match variable(name).filter(|value| !value.is_empty()) {
                None => Ok(None),
                Some(value) => match value.into_string() {
                    Ok(text) => Ok(Some(Secret(text))),
                    Err(_) => Err(Error::new(ErrorKind::Usage, format!("the environment variable {name} is not UTF-8"))
                        .hint(format!("unset {name} or correct it"))),
                },
            }
        };
        let (id, secret) = (read("AWS_ACCESS_KEY_ID")?, read("AWS_SECRET_ACCESS_KEY")?);
        let token = read("AWS_SESSION_TOKEN")?;
        let hint = "put them into a file of mode 0600 and name it in backup.s3.credentials_file, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        match (id, secret) {
            (Some(id), Some(secret)) => Ok(Keys { id, secret, token }),
            (None, None) => Err(Error::new(ErrorKind::Usage, "there are no keys for the S3 store").hint(hint)),
            (Some(_), None) => {
                Err(Error::new(ErrorKind::Usage, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not").hint(hint))
            }
            (None, Some(_)) => {
                Err(Error::new(ErrorKind::Usage, "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not").hint(hint))
            }
        }
    }

    /// Reads one section of a file as the AWS tools write it. A line that is not understood is
    /// named by its number: its text may be the secret.
    fn from_file(content: &[u8], profile: &str) -> Result<Keys, String> {
        let text = std::str::from_utf8(content).map_err(|_| "is not text".to_owned())?;
        let (mut id, mut secret, mut token) = (None, None, None);
        let (mut here, mut seen) = (false, false);
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let name = name.trim();
                here = name.strip_prefix("profile ").map_or(name, str::trim) == profile;
                seen |= here;
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                return Err(format!("cannot be read in line {number}"));
            };
            let value = value.trim();
            if !here || value.is_empty() {
                continue;
            }
            match key.trim().to_ascii_lowercase().as_str() {
                "aws_access_key_id" => id = Some(Secret::new(value)),
                "aws_secret_access_key" => secret = Some(Secret::new(value)),
                "aws_session_token" => token = Some(Secret::new(value)),
                // Regions, output formats and the like are for other tools.
                _ => {}
            }
        }
        match (id, secret) {
            _ if !seen => Err(format!("has no section [{profile}]")),
            (Some(id), Some(secret)) => Ok(Keys { id, secret, token }),
            (None, _) => Err(format!("has no aws_access_key_id in section [{profile}]")),
            (_, None) => Err(format!("has no aws_secret_access_key in section [{profile}]")),
        }
    }

    /// Everything that must not be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.id, &self.secret].into_iter().chain(&self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str, home_kind: HomeKind) -> Result<Endpoint> {
        Settings { endpoint: text.into(), home_kind, ..Settings::default() }.endpoint()
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in [
            "https://s3.example.org",
            "https://s3.example.org:9000/",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "https://[2001:db8::1]",
        ] {
            assert!(endpoint(good, HomeKind::Live).is_ok(), "{good}");
        }
        assert_eq!(endpoint("https://h:1/", HomeKind::Live).unwrap().url(Some("b")), "https://b.h:1");
        for bad in [
            "http://s3.example.org",
            "http://10.0.0.1:9000",
            "http://localhost:9000",
            "http://0.0.0.0:1",
            "http://[::ffff:10.0.0.1]:1",
        ] {
            let error = endpoint(bad, HomeKind::Live).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{bad}");
            assert!(error.hints()[0].contains("https://"), "{error}");
        }
        for bad in [
            "s3.example.org",
            "ftp://x",
            "https://",
            "https://h/bucket",
            "https://h?x",
            "https://h:port",
            "https://h ost",
            "https://a:b@h",
        ] {
            assert_eq!(endpoint(bad, HomeKind::Live).unwrap_err().kind(), ErrorKind::Usage, "{bad}");
        }
        assert!(!endpoint("https://key:hush@h", HomeKind::Live).unwrap_err().chain().contains("hush"));
    }

    #[test]
    fn a_sandbox_reaches_loopback_and_nothing_else() {
        assert!(endpoint("http://127.0.0.1:9000", HomeKind::Sandbox).is_ok());
        for bad in ["", "https://s3.example.org", "https://10.0.0.1", "https://localhost:9000", "http://127.0.0.1.example.org"] {
            assert_eq!(endpoint(bad, HomeKind::Sandbox).unwrap_err().kind(), ErrorKind::Denied, "{bad}");
        }
    }

    #[test]
    fn keys_are_read_from_the_section_that_was_named() {
        let text = b"# mine\n[default]\naws_access_key_id=A\naws_secret_access_key = S = x\n\n[profile other]\nregion = eu\naws_access_key_id = B\naws_secret_access_key = T\naws_session_token = U\n";
        let keys = Keys::from_file(text, "default").unwrap();
        assert_eq!((keys.id.reveal(), keys.secret.reveal(), keys.token), ("A", "S = x", None));
        let keys = Keys::from_file(text, "other").unwrap();
        assert_eq!((keys.id.reveal(), keys.token.unwrap().reveal()), ("B", "U"));
        assert!(Keys::from_file(text, "none").unwrap_err().contains("[none]"));
        assert!(Keys::from_file(b"[default]\naws_access_key_id=A", "default").unwrap_err().contains("aws_secret_access_key"));
        let wrong = Keys::from_file(b"[default]\nhush hush", "default").unwrap_err();
        assert!(wrong.contains("line 2") && !wrong.contains("hush"), "{wrong}");
    }

    #[test]
    fn keys_are_read_from_the_environment_both_or_none() {
        let with = |set: &'static [(&'static str, &'static str)]| {
            Keys::from_variables(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert!(with(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "hush")]).is_ok());
        for set in [&[][..], &[("AWS_ACCESS_KEY_ID", "a")], &[("AWS_SECRET_ACCESS_KEY", "hush")]] {
            let error = with(set).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(!error.chain().contains("hush") && !error.hints().is_empty());
        }
        let keys =
            with(&[("AWS_ACCESS_KEY_ID", "hush"), ("AWS_SECRET_ACCESS_KEY", "hush"), ("AWS_SESSION_TOKEN", "hush")]).unwrap();
        assert!(!format!("{keys:?}").contains("hush"));
    }
}
