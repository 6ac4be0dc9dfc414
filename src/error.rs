//! One error type, and the only table that maps what went wrong to an exit code.
//!
//! An [`Error`] says what happened and to which file or session (a lowercase cause), and carries
//! hints that tell the reader what to type next. Start with [`Error::new`] and [`Context`].

use std::fmt;

/// The result of everything that can fail in `wpp`.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong; decides the exit code and the `code` of a JSON error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A fault of the machine or of `wpp` itself.
    Unexpected,
    /// The command line, a name or the configuration is wrong.
    Usage,
    /// Findings at or above the threshold that the caller set.
    Findings,
    /// A drill or a verification failed.
    Failed,
    /// It could not be checked, so it is neither good nor bad.
    Unknown,
    /// The session does not exist in this home.
    NoSession,
    /// Somebody else holds the session's lock, or a database is busy.
    Locked,
    /// The archive is damaged, hostile or of an unknown format.
    Archive,
    /// The session is not linked to a phone.
    LoginNeeded,
    /// The daemon does not run or does not answer.
    Unreachable,
    /// A rule forbids it: a grant, a role, a sandbox's walls, custody of Signal state.
    Denied,
    /// The operator said no, or nobody was there to say yes.
    Declined,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

/// Every kind with its exit code, its code in JSON and its line in the help text.
///
/// The order is the order of the numbers; `--help`, the man page and the README print this table.
pub const EXIT_CODES: &[(ErrorKind, u8, &str, &str)] = &[
    (ErrorKind::Unexpected, 1, "INTERNAL", "unexpected failure"),
    (ErrorKind::Usage, 2, "REQUEST_INVALID", "usage or configuration is wrong"),
    (ErrorKind::Findings, 3, "FINDINGS", "findings at or above --fail-on"),
    (ErrorKind::Failed, 4, "FAILED", "drill or verification failed"),
    (ErrorKind::Unknown, 5, "UNKNOWN", "could not check"),
    (ErrorKind::NoSession, 10, "NO_SESSION", "no such session"),
    (ErrorKind::Locked, 11, "LOCK_HELD", "locked by another process"),
    (ErrorKind::Archive, 12, "ARCHIVE_BAD", "archive is damaged or refused"),
    (ErrorKind::LoginNeeded, 13, "AUTH_INVALID", "login needed"),
    (ErrorKind::Unreachable, 14, "DAEMON_UNREACHABLE", "daemon not reachable"),
    (ErrorKind::Denied, 15, "DENIED", "denied by a rule"),
    (ErrorKind::Declined, 20, "DECLINED", "declined by the operator"),
    (ErrorKind::Interrupted, 130, "INTERRUPTED", "interrupted"),
];

impl ErrorKind {
    fn row(self) -> &'static (ErrorKind, u8, &'static str, &'static str) {
        // Every kind is in the table (a test walks them), so the fallback is never taken.
        EXIT_CODES.iter().find(|row| row.0 == self).unwrap_or(&EXIT_CODES[0])
    }

    /// The number that the process exits with.
    pub fn exit_code(self) -> u8 {
        self.row().1
    }

    /// The stable name in JSON errors and in the local API.
    pub fn code(self) -> &'static str {
        self.row().2
    }

    /// The kind behind a stable name; the local API's client turns answers back into errors with it.
    pub fn from_code(code: &str) -> Option<ErrorKind> {
        EXIT_CODES.iter().find(|row| row.2 == code).map(|row| row.0)
    }
}

/// What went wrong, to what, and what to do next.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    class: Option<&'static str>,
    client_message_id: Option<String>,
    message: String,
    hints: Vec<String>,
    notes: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with its cause in one lowercase sentence without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        let message = message.into();
        let (hints, notes) = (Vec::new(), Vec::new());
        Error(Box::new(Inner { kind, class: None, client_message_id: None, message, hints, notes, source: None }))
    }

    /// Says which part of the way to a server failed: the name of an outage's class, `dns_resolution`.
    #[must_use]
    pub fn of_class(mut self, class: &'static str) -> Error {
        self.0.class = Some(class);
        self
    }

    /// Says that a message may have been taken all the same, and under which id asking again does not send it twice.
    #[must_use]
    pub fn in_doubt(mut self, client_message_id: &str) -> Error {
        self.0.message = format!("whether the message {client_message_id} was taken is not known: {}", self.0.message);
        self.0.client_message_id = Some(client_message_id.to_owned());
        self
    }

    /// Adds what to do next; several hints are shown in the order they were added.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds what to do before all that was said.
    #[must_use]
    pub fn first_hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hints.insert(0, hint.into());
        self
    }

    /// Adds what else happened because of it, or beside it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Error {
        self.0.notes.push(note.into());
        self
    }

    /// Adds the error underneath, shown after the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// Which kind it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The class of the outage that it is, if it is one.
    pub fn class(&self) -> Option<&'static str> {
        self.0.class
    }

    /// The id of the message of which it is not known whether it was taken.
    pub fn client_message_id(&self) -> Option<&str> {
        self.0.client_message_id.as_deref()
    }

    /// The cause without the errors underneath.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// What else happened.
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// The cause and every error underneath it, joined by colons.
    pub fn chain(&self) -> String {
        let mut text = self.0.message.clone();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            let part = error.to_string();
            // Wrappers often repeat what they wrap; saying it once is enough.
            if !text.ends_with(&part) {
                text.push_str(": ");
                text.push_str(&part);
            }
            source = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Puts a sentence of ours over somebody else's error.
pub trait Context<T> {
    /// Wraps the error under `kind` and the sentence that `message` makes.
    fn context(self, kind: ErrorKind, message: impl FnOnce() -> String) -> Result<T>;

    /// [`Context::context`] with [`ErrorKind::Unexpected`], the usual kind for a failing disk.
    fn while_doing(self, message: impl FnOnce() -> String) -> Result<T>
    where
        Self: Sized,
    {
        self.context(ErrorKind::Unexpected, message)
    }
}

impl<T, E> Context<T> for std::result::Result<T, E>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn context(self, kind: ErrorKind, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::new(kind, message()).caused_by(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_unique_and_ordered() {
        let numbers: Vec<u8> = EXIT_CODES.iter().map(|row| row.1).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(numbers, sorted);
        for row in EXIT_CODES {
            assert_eq!(row.0.exit_code(), row.1);
            assert_eq!(ErrorKind::from_code(row.2), Some(row.0));
        }
    }

    #[test]
    fn the_chain_names_every_cause_once() {
        let error = Error::new(ErrorKind::Locked, "cannot open x").caused_by(std::io::Error::other("disk on fire"));
        assert_eq!(error.chain(), "cannot open x: disk on fire");
    }
}
