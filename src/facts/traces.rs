//! What logs and reports hold, and how large files have become.

use serde::{Deserialize, Serialize};

/// A session's log and the sizes of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFacts {
    /// Size of the log that is written now, in bytes.
    pub size_bytes: u64,
    /// Older logs beside it.
    pub rotated: u64,
    /// Size of them all, in bytes.
    pub all_bytes: u64,
    /// Size of session.db and of the write-ahead log beside it, in bytes.
    pub store_bytes: (u64, u64),
    /// The same of wpp.db.
    pub messages_bytes: (u64, u64),
    /// Size at which the log is to be rotated, in bytes.
    pub size_bytes_max: u64,
    /// Older logs that are to be kept.
    pub files_max: u64,
    /// What is in the ends of the log, and of the newest one before it, that should not be.
    pub leaks: Leaks,
}

/// What was read and what was in it that should not be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaks {
    /// Bytes that were read.
    pub read_bytes: u64,
    /// What was found.
    pub found: Vec<Leak>,
    /// What could not be read, so that nothing is known of it: a file that was to be searched, or a secret that
    /// was to be looked for, each in one lowercase sentence.
    #[serde(default)]
    pub unread: Vec<String>,
    /// Whether there was more than may be read in one look.
    #[serde(default)]
    pub is_cut: bool,
    /// How many texts of messages were looked for.
    #[serde(default)]
    pub texts: u64,
}

/// Something that should not be in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// The file.
    pub file: String,
    /// What it is; never the thing itself.
    pub kind: LeakKind,
    /// How often it was seen.
    pub times: u64,
}

/// What should not be in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakKind {
    /// The address of a person or a group.
    Jid,
    /// A telephone number.
    Number,
    /// The value of a secret of this home.
    Secret,
    /// Something with the form of a token, a password or a bearer's key.
    Token,
    /// A private key.
    PrivateKey,
    /// What somebody wrote in a message.
    Text,
}

impl LeakKind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            LeakKind::Jid => "addresses of people",
            LeakKind::Number => "telephone numbers",
            LeakKind::Secret => "a secret of this home",
            LeakKind::Token => "what looks like a token or a password",
            LeakKind::PrivateKey => "a private key",
            LeakKind::Text => "what somebody wrote in a message",
        }
    }
}
