//! The nouns of a session: its name, its state, and its two databases.

pub mod state;
pub mod receiver;
pub mod reading;
pub mod store;
pub mod rekey;
pub mod messages;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::home::is_session_name;

/// A session's address: `main` for one of our own, `openwa:sales` for one of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId {
    channel: Option<String>,
    name: String,
}

impl SessionId {
    /// The gateway, if the session is not our own.
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<SessionId, Error> {
        let (channel, name) = match text.split_once(':') {
            Some((channel, name)) => (Some(channel), name),
            None => (None, text),
        };
        if channel.is_some_and(|channel| !is_session_name(channel)) || !is_session_name(name) {
            return Err(Error::new(ErrorKind::Usage, format!("{text:?} is not a session name"))
                .hint("use 1 to 64 of a-z, 0-9, _ and -; a gateway's session is written channel:session"));
        }
        Ok(SessionId { channel: channel.map(str::to_owned), name: name.to_owned() })
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.channel {
            Some(channel) => write!(formatter, "{channel}:{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_or_refused_with_a_hint() {
        assert_eq!("openwa:sales".parse::<SessionId>().unwrap().to_string(), "openwa:sales");
        assert_eq!("main".parse::<SessionId>().unwrap().channel(), None);
        for bad in ["", "../x", "a:b:c", ":a", "a:", "Main", &"x".repeat(65)] {
            let error = bad.parse::<SessionId>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(!error.hints().is_empty());
        }
    }
}
