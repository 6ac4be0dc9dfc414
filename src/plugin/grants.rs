//! What the operator allows a plugin. Start with [`Grants`] and [`Grant::parse`].
//!
//! Imports nothing of the plugin's. A grant is for the bytes of one component: other bytes have none.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// Where requests may go to: a scheme, a host and a port, and nothing more and nothing less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Whether it is `https`.
    pub https: bool,
    /// The host in lower case; an address of version 6 in brackets.
    pub host: String,
    /// The port, also when it is the scheme's own.
    pub port: u16,
}

impl Origin {
    /// Of an address; `None` if it is none of http or https, or holds a name and a password.
    pub fn of(address: &url::Url) -> Option<Origin> {
        let https = match address.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = address.host_str().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        if !address.username().is_empty() || address.password().is_some() {
            return None;
        }
        Some(Origin { https, host, port: address.port_or_known_default()? })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        match (self.https, self.port) {
            (true, 443) | (false, 80) => write!(formatter, "{scheme}://{}", self.host),
            _ => write!(formatter, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// One thing that is allowed, as operators write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// `http=https://host:port`: requests to this origin.
    Http(Origin),
    /// `secret=NAME`, `secret=NAME@https://host:port`: to have this secret put into requests to this
    /// origin, or to any that is granted.
    Secret(String, Option<Origin>),
    /// `private=HOST`: a host of this name may have an address that is not public. One that is
    /// granted as an address, and `localhost`, need no such grant: it is plain what they are.
    Private(String),
}

impl Grant {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Grant> {
        let wrong = |why: &str| {
            Error::new(ErrorKind::Usage, format!("{text:?} grants nothing: {why}"))
                .hint("write http=https://HOST[:PORT], secret=NAME, secret=NAME@https://HOST[:PORT] or private=HOST")
        };
        let origin = |address: &str| {
            let url = url::Url::parse(address).map_err(|error| wrong(&error.to_string()))?;
            let origin =
                Origin::of(&url).ok_or_else(|| wrong("an origin is http or https, with a host and without a password"))?;
            if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
                return Err(wrong("an origin ends with its host or port; a path cannot be granted alone"));
            }
            Ok(origin)
        };
        match text.split_once('=') {
            Some(("http", address)) => Ok(Grant::Http(origin(address)?)),
            Some(("secret", text)) => {
                let (name, address) = text.split_once('@').map_or((text, None), |(name, address)| (name, Some(address)));
                if !is_secret_name(name) {
                    return Err(wrong("a secret's name has letters, digits, - and _"));
                }
                Ok(Grant::Secret(name.to_owned(), address.map(origin).transpose()?))
            }
            Some(("private", host)) if !host.is_empty() && !host.contains(['/', ' ']) => {
                Ok(Grant::Private(host.to_ascii_lowercase()))
            }
            Some(("private", _)) => Err(wrong("it names no host")),
            _ => Err(wrong("it begins with none of http=, secret= and private=")),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grant::Http(origin) => write!(formatter, "http={origin}"),
            Grant::Secret(name, None) => write!(formatter, "secret={name}"),
            Grant::Secret(name, Some(origin)) => write!(formatter, "secret={name}@{origin}"),
            Grant::Private(host) => write!(formatter, "private={host}"),
        }
    }
}

impl TryFrom<String> for Grant {
    type Error = Error;

    fn try_from(text: String) -> Result<Grant> {
        Grant::parse(&text)
    }
}

impl Serialize for Grant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Grant, D::Error> {
        let text = String::deserialize(deserializer)?;
        Grant::parse(&text).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

/// Whether a secret can have this name.
pub fn is_secret_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// All that a plugin is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(pub BTreeSet<Grant>);

impl Grants {
    /// Whether requests may go there.
    pub fn reaches(&self, origin: &Origin) -> bool {
        self.0.contains(&Grant::Http(origin.clone()))
    }

    /// Whether the secret may be put into requests to this origin.
    pub fn holds(&self, secret: &str, origin: &Origin) -> bool {
        let granted = |origin| self.0.contains(&Grant::Secret(secret.to_owned(), origin));
        granted(None) || granted(Some(origin.clone()))
    }

    /// Whether the host may have an address that is not public.
    pub fn private(&self, host: &str) -> bool {
        let literal = host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        literal || self.0.contains(&Grant::Private(host.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_they_are_written_and_nothing_else_is_one() {
        for (text, shown) in [
            ("http=https://Gate.example", "http=https://gate.example"),
            ("http=https://gate.example:443/", "http=https://gate.example"),
            ("http=http://127.0.0.1:2785", "http=http://127.0.0.1:2785"),
            ("http=http://[::1]:80", "http=http://[::1]"),
            ("secret=api-key", "secret=api-key"),
            ("secret=api-key@https://Gate.example:443", "secret=api-key@https://gate.example"),
            ("secret=api-key@http://[::1]:81/", "secret=api-key@http://[::1]:81"),
            ("private=Gate.internal", "private=gate.internal"),
        ] {
            assert_eq!(Grant::parse(text).unwrap().to_string(), shown);
            assert_eq!(Grant::parse(shown).unwrap(), Grant::parse(text).unwrap());
        }
        for text in [
            "",
            "http",
            "http=",
            "http=ftp://x",
            "http=https://user:word@x",
            "http=https://x/path",
            "http=https://x?y",
            "http=x",
            "secret=",
            "secret=a b",
            "secret=@https://x",
            "secret=a@",
            "secret=a@x",
            "secret=a@https://x/path",
            "secret=a@ftp://x",
            "secret=a@https://b@x",
            "secret=a\n",
            "private=",
            "private=a/b",
            "all",
            "http=https://",
            "file=/etc",
        ] {
            let error = Grant::parse(text).unwrap_err();
            assert!(error.kind() == ErrorKind::Usage && !error.hints().is_empty(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_for_its_origin_or_for_all() {
        let origin = |text: &str| Origin::of(&url::Url::parse(text).unwrap()).unwrap();
        let grants = Grants(["secret=all", "secret=one@https://a.example"].map(|text| Grant::parse(text).unwrap()).into());
        let (a, b) = (origin("https://a.example"), origin("https://b.example"));
        assert!(grants.holds("all", &a) && grants.holds("all", &b) && grants.holds("one", &a));
        for (secret, other) in [("one", "https://b.example"), ("one", "http://a.example"), ("one", "https://a.example:444")] {
            assert!(!grants.holds(secret, &origin(other)), "{other}");
        }
        assert!(!grants.holds("none", &a));
    }

    #[test]
    fn an_origin_is_its_scheme_its_host_and_its_port() {
        let grants = Grants([Grant::parse("http=https://a.example:8443").unwrap()].into());
        let reaches = |text: &str| grants.reaches(&Origin::of(&url::Url::parse(text).unwrap()).unwrap());
        assert!(reaches("https://a.example:8443/any/path?query") && reaches("https://A.EXAMPLE:8443"));
        for other in ["http://a.example:8443", "https://a.example", "https://b.a.example:8443", "https://a.example.:8443"] {
            assert!(!reaches(other), "{other}");
        }
    }
}
