//! The format of an archive, and the types of the two documents inside it.
//!
//! An archive is a tar file that is compressed in blocks, `<session>-<UTC time>.wpp.tar.gz` or
//! `.wpp.tar.zst`:
//!
//! ```text
//! blocks  tar entry index.json      what follows, in which order, how large: written first
//! blocks  tar entry session.db      keys and Signal state
//! blocks  tar entry wpp.db          chats, messages, outbox, events
//! blocks  tar entry config.toml     the home's settings
//! blocks  tar entry manifest.json   hashes and facts, known only now; then the end of the tar file
//! (empty)                           footer: where the manifest starts, SHA-256 of every byte before
//! ```
//!
//! A block is a gzip member or a zstd frame of its own with [`Manifest::block_bytes`] of the tar
//! file, or less where an entry ends: every tar entry starts a new one. The manifest lists the
//! size of each block of each content, so that one content can be read alone, and all of them by
//! several processors. (Format 1.0 knew only gzip, and one member for each entry.)
//!
//! The footer is 66 bytes long and holds the manifest's offset (8 bytes, little endian) and the
//! hash (32 bytes): in the extra field `WP` of a gzip member without content, or in a skippable
//! frame of zstd. With it a reader gets to the manifest without reading the rest, and no bit of the
//! file is outside a hash. `tar`, `gunzip` and `zstd` see an ordinary compressed tar file.
//!
//! The index lists `manifest.json` first although it comes last, because it is what to read
//! first. A reader takes its bounds from the index and the manifest, which must agree: nothing
//! larger or other than what they announce is unpacked. Tar headers are in the one canonical form
//! that [`crate::archive::pack::header`] makes; a reader refuses any other, and with it links,
//! devices, long names, sparse files and every other extension.
//!
//! **An increment**, `<session>-<UTC time>.wpp-incr.tar.gz` or `.tar.zst`, has major version 2: in the place of
//! `wpp.db` it holds `wpp.db.delta` ([`super::delta`]), the pages that changed since another archive,
//! its parent. The manifest's [`Chain`] names the parent; what is said about the database is said of
//! the whole one, after the delta was applied.
//!
//! A change that older readers can ignore (a new field) raises [`Format::minor`]; any other,
//! such as a new kind of member, raises [`Format::major`], and readers refuse majors that they
//! do not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::home::HomeKind;

/// Endings of an archive's name, and of an increment's.
pub const SUFFIXES: [&str; 4] = [".wpp.tar.gz", ".wpp.tar.zst", ".wpp-incr.tar.gz", ".wpp-incr.tar.zst"];
/// The first entry.
pub const INDEX: &str = "index.json";
/// The last entry.
pub const MANIFEST: &str = "manifest.json";
/// Keys and Signal state.
pub const SESSION_DB: &str = "session.db";
/// Chats, messages, outbox and events.
pub const WPP_DB: &str = "wpp.db";
/// The home's settings.
pub const CONFIG: &str = "config.toml";
/// Pages of [`WPP_DB`] that changed, in an increment.
pub const DELTA: &str = "wpp.db.delta";
/// Every content that an archive may hold, in its order.
pub const CONTENTS: &[&str] = &[SESSION_DB, WPP_DB, CONFIG];
/// Every content that an increment may hold, in its order.
pub const INCREMENT_CONTENTS: &[&str] = &[SESSION_DB, DELTA, CONFIG];

/// What the index names itself.
pub const INDEX_SCHEMA: &str = "wpp.archive-index/1";
/// What the manifest names itself.
pub const MANIFEST_SCHEMA: &str = "wpp.archive/1";
/// The format that this version writes.
pub const FORMAT: Format = Format { major: 1, minor: 1 };

/// The format of an increment that this version writes.
pub const INCREMENT_FORMAT: Format = Format { major: 2, minor: 0 };
/// In the place of what `quick_check` says, when nobody asked it.
pub const NOT_RUN: &str = "not run";

/// The index is a page; more is no index.
pub const INDEX_SIZE_MAX: u64 = 64 << 10;
/// A manifest of every table of both databases is some kilobytes.
pub const MANIFEST_SIZE_MAX: u64 = 4 << 20;
/// How much of the tar file goes into one block.
pub const BLOCK_BYTES: u32 = 1 << 20;
/// More links than anybody restores; a chain is walked no further.
pub const CHAIN_DEPTH_MAX: u64 = 10_000;
/// A config file is a page.
pub const CONFIG_SIZE_MAX: u64 = 1 << 20;

/// The version of an archive's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Readers refuse one that they do not know.
    pub major: u32,
    /// Readers may ignore what a higher one adds.
    pub minor: u32,
}

/// `index.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// [`INDEX_SCHEMA`].
    pub schema: String,
    /// The archive's format.
    pub format: Format,
    /// Unique; the same as in the manifest.
    pub id: String,
    /// The session's name.
    pub session: String,
    /// Milliseconds since the epoch.
    pub created_ms: i64,
    /// What is inside, what to read first listed first; the contents in the order of the file.
    pub members: Vec<IndexMember>,
}

/// One line of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexMember {
    /// The tar entry's name.
    pub name: String,
    /// Its size; `None` for the manifest, which is written when all else is known.
    pub size_bytes: Option<u64>,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// The archive's format.
    pub format: Format,
    /// Unique to this archive.
    pub id: String,
    /// The session's name.
    pub session: String,
    /// Whether the session lived in a live home or in a sandbox.
    pub home_kind: HomeKind,
    /// When the snapshot was taken, milliseconds since the epoch.
    pub created_ms: i64,
    /// The same for people, RFC 3339 in UTC.
    pub created: String,
    /// The `wpp` that wrote it.
    pub tool_version: String,
    /// How the session's daemon stood while the snapshot was taken.
    pub daemon: Daemon,
    /// How much of the tar file each block holds, but for the last one of an entry; `None` in
    /// format 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_bytes: Option<u32>,
    /// What is inside, in the order of the file.
    pub members: Vec<Member>,
    /// What should be inside and is not, with the reason.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// The identity and the counters of the Signal store; `None` if they could not be read.
    pub signal: Option<Signal>,
    /// Where this home's journal stood.
    pub custody: Mark,
    /// What it builds on, if it is an increment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

impl Manifest {
    /// A content by its name. In an increment the delta stands for its database.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.stands_for() == name)
    }

    /// Members that were already damaged when the archive was made, with what `quick_check` said.
    pub fn damaged(&self) -> impl Iterator<Item = (&Member, &str)> {
        self.members.iter().filter_map(|member| {
            let said = member.database.as_ref()?.quick_check.as_str();
            (said != "ok" && said != NOT_RUN).then_some((member, said))
        })
    }

    /// Whether both databases are inside, whole or as a delta, and nothing was seen to be wrong with
    /// them when they were read.
    pub fn is_whole(&self) -> bool {
        [SESSION_DB, WPP_DB].iter().all(|name| self.member(name).is_some()) && self.damaged().next().is_none()
    }

    /// The same without the lists of blocks: what reports show.
    pub fn summary(&self) -> Manifest {
        let mut summary = self.clone();
        for member in &mut summary.members {
            member.blocks_bytes = Vec::new();
        }
        summary
    }

    /// Sum of the sizes of the files that come out of it: of an increment, with its whole database.
    pub fn restored_bytes(&self) -> u64 {
        self.members.iter().fold(0, |sum, member| {
            let whole = member.database.as_ref().map(|database| database.pages.saturating_mul(database.page_size_bytes));
            sum.saturating_add(member.size_bytes.max(whole.unwrap_or(0)))
        })
    }

    /// Sum of the sizes of all contents.
    pub fn content_bytes(&self) -> u64 {
        self.members.iter().fold(0, |sum, member| sum.saturating_add(member.size_bytes))
    }
}

impl Member {
    /// The file that comes out of it.
    pub fn stands_for(&self) -> &str {
        if self.name == DELTA { WPP_DB } else { &self.name }
    }
}

/// What an increment builds on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Id of the full archive that the chain starts with.
    pub base_id: String,
    /// Id of the archive whose `wpp.db` the delta is applied to.
    pub parent_id: String,
    /// The name that it had; it lies beside the increment.
    pub parent_name: String,
    /// Increments from the full archive to this one: 1 for the first.
    pub depth: u64,
    /// Pages of the parent's `wpp.db`.
    pub parent_pages: u64,
    /// BLAKE3 over all page hashes of the parent's `wpp.db`, in hex.
    pub parent_pages_blake3: String,
    /// Pages that the delta holds.
    pub changed_pages: u64,
}

/// One content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The tar entry's name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Where its first block starts in the archive.
    pub offset_bytes: u64,
    /// The compressed size of each of its blocks, one right after the other; empty in format 1.0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks_bytes: Vec<u32>,
    /// What is known about it, if it is a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
}

/// Facts of a database, all read in the transaction that its bytes were read in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Page size.
    pub page_size_bytes: u64,
    /// Pages.
    pub pages: u64,
    /// `wal`, `delete`, …
    pub journal_mode: String,
    /// The newest migration that was applied.
    pub last_migration: String,
    /// SHA-256 over the text of the whole schema, in hex.
    pub schema_sha256: String,
    /// Rows by table; full-text indexes and their helpers are left out.
    pub tables: BTreeMap<String, Rows>,
    /// `ok`, or the first thing that SQLite's quick_check said, or [`NOT_RUN`].
    pub quick_check: String,
    /// `pages` when streamed from the transaction itself, `copy` when through a temporary file.
    pub method: String,
    /// BLAKE3 over all page hashes, in hex ([`super::pages::Root`]): known where increments are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_blake3: Option<String>,
}

/// How many rows a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Rows.
    pub count: u64,
    /// The highest rowid, a counter that tells what came later; `None` if empty or without rowids.
    pub highest: Option<i64>,
}

/// Something that should be in the archive and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The content's name.
    pub name: String,
    /// Why, in one sentence.
    pub reason: String,
}

/// How the daemon stood while the snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// Running or stopped; stopped is proven by holding the session's lock throughout.
    pub state: DaemonState,
    /// How it ended, if it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<DaemonEnd>,
    /// What a running daemon said about itself (`READY`, …), if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_state: Option<String>,
}

/// Whether a daemon ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DaemonState {
    /// A process held the session's lock.
    Running,
    /// The backup itself held the lock.
    Stopped,
}

/// How a daemon that does not run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DaemonEnd {
    /// It removed its lock, or never ran.
    Clean,
    /// It left its lock behind: killed, or the machine went down.
    Killed,
}

/// What the Signal store holds, without any secret: enough to notice another identity and to
/// choose fresh prekey ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Whether the store holds the keys of a linked device. It goes on holding them after a logout.
    pub paired: bool,
    /// When the phone logged that device out, milliseconds since the epoch, if the daemon noted that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_out_ms: Option<i64>,
    /// SHA-256 that differs between registrations, in hex.
    pub identity_sha256: String,
    /// SHA-256 that differs between accounts, in hex; `None` before pairing.
    pub account_sha256: Option<String>,
    /// The highest one-time prekey id in the store.
    pub highest_prekey_id: Option<i64>,
    /// The id that the next one-time prekey gets.
    pub next_prekey_id: i64,
    /// Logins that the store counted.
    pub login_counter: i64,
    /// Signal sessions with other devices.
    pub sessions: u64,
    /// Group sender keys.
    pub sender_keys: u64,
}

impl Signal {
    /// Whether it is linked to a phone, as far as the session knew.
    pub fn link(&self) -> String {
        match (self.paired, self.logged_out_ms) {
            (false, _) => "no".into(),
            (true, None) => "yes".into(),
            (true, Some(at_ms)) => {
                format!("no: keys of a device are in it, which was logged out at {}", clock::rfc3339(clock::from_ms(at_ms)))
            }
        }
    }
}

/// Where a home's journal stood when the snapshot began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which journal: unique to a home's `ops.db`.
    pub journal: String,
    /// The newest entry on the session, of any verb; 0 when there was none.
    pub newest_entry: i64,
    /// The newest `start` entry.
    pub last_start: Option<Moment>,
    /// The newest `connect` entry.
    pub last_connect: Option<Moment>,
}

/// One entry of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Its id.
    pub entry: i64,
    /// Its time, milliseconds since the epoch.
    pub at_ms: i64,
}
