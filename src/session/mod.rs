//! The nouns of a session: its name, its state, and its two databases.

pub mod state;
pub mod receiver;
pub mod reading;
pub mod store;
pub mod tables;
pub mod rekey;
pub mod messages;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::home::is_session_name;

/// What names a session on a command line: `main`, one of this host, or `openwa:sales`, one of a
/// gateway. `openwa:` is the gateway itself, with all of its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A session of this host.
    Own(String),
    /// A gateway, by the name of its plugin, and one of its sessions.
    Gateway {
        /// The plugin.
        channel: String,
        /// The session, as the gateway calls it; `None` for all of them.
        session: Option<String>,
    },
}

/// The longest name that a gateway's session may have. Other systems are not as strict as this host.
const GATEWAY_SESSION_BYTES_MAX: usize = 128;

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Address, Error> {
        let wrong = || {
            Error::new(ErrorKind::Usage, format!("{text:?} is not a session name"))
                .hint("use 1 to 64 of a-z, 0-9, _ and -; a gateway's session is written CHANNEL:SESSION")
        };
        let Some((channel, session)) = text.split_once(':') else {
            return if is_session_name(text) { Ok(Address::Own(text.to_owned())) } else { Err(wrong()) };
        };
        let fits = session.len() <= GATEWAY_SESSION_BYTES_MAX && !session.chars().any(|c| c.is_control() || c == ':');
        if !is_session_name(channel) || !fits {
            return Err(wrong());
        }
        let session = (!session.is_empty()).then(|| session.to_owned());
        Ok(Address::Gateway { channel: channel.to_owned(), session })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Own(name) => formatter.write_str(name),
            Address::Gateway { channel, session } => write!(formatter, "{channel}:{}", session.as_deref().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_or_refused_with_a_hint() {
        for text in ["main", "openwa:sales", "openwa:", "openwa:Main Office", "connector:wa_1", "openwa:../x"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("main".parse::<Address>().unwrap(), Address::Own("main".into()));
        let all = Address::Gateway { channel: "openwa".into(), session: None };
        assert_eq!("openwa:".parse::<Address>().unwrap(), all);
        for bad in ["", "../x", "a:b:c", ":a", ":", "Main", "a:b\nc", &"x".repeat(65), &format!("a:{}", "x".repeat(129))] {
            let error = bad.parse::<Address>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(!error.hints().is_empty());
        }
    }
}
