//! The daemon's log: one JSON document per line, rotated by size, with nobody in it.
//!
//! No phone number, JID or message text is ever written. Our own lines name a chat or a message by
//! a [`Tokens`] token: a keyed hash, the same in every line and after a restart, because the key
//! lies in the session's folder (`log.key`, 0600). Who has the log alone cannot try numbers against
//! it. The client library's lines are kept at warn and error only and cut off before the first
//! thing that was filled in; the file and line that come with them say the rest. As a last wall
//! every text is searched for numbers and JIDs, which become tokens too.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt as _};

use crate::clock;
use crate::config::Config;
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::home::SessionPaths;

/// The key's size in bytes.
const KEY_BYTES: usize = 32;

/// A run of this many digits may be a phone number.
const DIGITS_MIN: usize = 7;

/// Makes names for what must not be named; cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Hmac<Sha256>>);

impl Tokens {
    /// With the key in this file, which is made if it is not there or is not a key.
    pub fn open(path: &Path) -> Result<Tokens> {
        let key = match disk::read_small(path, 4096) {
            Ok(key) if key.len() == KEY_BYTES => key,
            Ok(_) => Tokens::make_key(path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Tokens::make_key(path)?,
            Err(error) => return Err(disk::cannot("read", path, error)),
        };
        Tokens::with_key(&key)
    }

    /// With a key that nobody keeps: these tokens can be compared with one another and with no others.
    pub fn fresh() -> Result<Tokens> {
        let key: [u8; KEY_BYTES] = rand::random();
        Tokens::with_key(&key)
    }

    fn make_key(path: &Path) -> Result<Vec<u8>> {
        let key: [u8; KEY_BYTES] = rand::random();
        disk::write_atomic(path, &key)?;
        Ok(key.to_vec())
    }

    fn with_key(key: &[u8]) -> Result<Tokens> {
        Ok(Tokens(Arc::new(Hmac::new_from_slice(key).while_doing(|| "cannot use the log's key".into())?)))
    }

    /// The token of a number, a JID, or an id: `#` and ten hexadecimal digits. A JID and its bare
    /// number have the same one.
    pub fn of(&self, name: &str) -> String {
        let user = name.split('@').next().unwrap_or(name).split([':', '.']).next().unwrap_or(name);
        let mut mac = (*self.0).clone();
        mac.update(user.trim_start_matches('+').as_bytes());
        format!("#{}", hex::encode(&mac.finalize().into_bytes()[..5]))
    }

    /// The token of any text as it stands: `#` and ten hexadecimal digits.
    pub fn of_whole(&self, text: &str) -> String {
        let mut mac = (*self.0).clone();
        // No JID begins so, so that a text never gets the token of a number by chance.
        mac.update(b"\0");
        mac.update(text.as_bytes());
        format!("#{}", hex::encode(&mac.finalize().into_bytes()[..5]))
    }

    /// The text with every number and JID in it replaced.
    pub fn scrub(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for character in text.chars() {
            if character.is_alphanumeric() || matches!(character, '@' | '.' | '_' | '-' | '+' | ':') {
                word.push(character);
            } else {
                self.push_word(&mut out, &word);
                word.clear();
                out.push(character);
            }
        }
        self.push_word(&mut out, &word);
        out
    }

    fn push_word(&self, out: &mut String, word: &str) {
        if word.contains('@') {
            out.push_str(&self.of(word));
            return;
        }
        let mut digits = String::new();
        for character in word.chars().chain(std::iter::once('\0')) {
            if character.is_ascii_digit() {
                digits.push(character);
                continue;
            }
            if digits.len() >= DIGITS_MIN {
                out.push_str(&self.of(&digits));
            } else {
                out.push_str(&digits);
            }
            digits.clear();
            if character != '\0' {
                out.push(character);
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tokens")
    }
}

/// Begins to log for this process, once.
///
/// # Errors
/// [`ErrorKind::Denied`] when the log or its folder is a link: what it leads to would be written to
/// and rotated away.
pub fn start(session: &SessionPaths, config: &Config) -> Result<Tokens> {
    for path in [session.logs(), session.log()] {
        if path.is_symlink() {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("{} is a link, and a log is written to no other place", path.display()),
            )
            .hint("remove the link; to keep logs elsewhere, make the home a link or mount a file system there"));
        }
    }
    disk::create_folder(&session.logs())?;
    let tokens = Tokens::open(&session.log_key())?;
    let file = file(&session.log(), config.number("log.size_bytes_max"), config.number("log.files_max"));
    let lines = Lines { tokens: tokens.clone(), file: Mutex::new(file) };
    let twice = || "the log was started twice in one process".to_owned();
    let subscriber = tracing_subscriber::registry().with(lines);
    tracing::subscriber::set_global_default(subscriber).while_doing(twice)?;
    tracing_log::LogTracer::builder()
        .with_max_level(tracing_log::log::LevelFilter::Warn)
        .init()
        .context(ErrorKind::Unexpected, twice)
        .map_err(|error: Error| error.hint("report this as a bug of wpp"))?;
    std::panic::set_hook(Box::new(|panic| {
        // The message may hold anything; the place is what mends it.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a task panicked");
    }));
    Ok(tokens)
}

fn file(path: &Path, size_bytes_max: u64, files_max: u64) -> FileRotate<AppendCount> {
    let size = usize::try_from(size_bytes_max).unwrap_or(usize::MAX).max(1);
    let files = usize::try_from(files_max).unwrap_or(usize::MAX);
    let mut options = std::fs::OpenOptions::new();
    options.read(true).create(true).append(true).mode(disk::FILE_MODE);
    FileRotate::new(path, AppendCount::new(files), ContentLimit::BytesSurpassed(size), Compression::None, Some(options))
}

/// Writes each event as one line.
struct Lines {
    tokens: Tokens,
    file: Mutex<FileRotate<AppendCount>>,
}

/// Whether a line is ours; everything else comes from libraries.
fn is_ours(target: &str) -> bool {
    target == "wpp" || target.starts_with("wpp::")
}

impl<S: Subscriber> Layer<S> for Lines {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn on_event(&self, event: &Event<'_>, _context: LayerContext<'_, S>) {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let ours = is_ours(metadata.target());
        if *metadata.level() > if ours { Level::INFO } else { Level::WARN } {
            return;
        }
        let mut fields = Fields { tokens: &self.tokens, ours, map: Map::new(), message: String::new() };
        event.record(&mut fields);
        let Fields { map, message, .. } = fields;
        let mut line = Map::new();
        line.insert("at".into(), clock::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into());
        line.insert("level".into(), metadata.level().as_str().to_lowercase().into());
        if !ours {
            let place = format!("{}:{}", metadata.module_path().unwrap_or_default(), metadata.line().unwrap_or_default());
            line.insert("library".into(), place.into());
        }
        line.insert("message".into(), message.into());
        line.extend(map);
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // A log that cannot be written must not end the daemon; the doctor sees the full disk.
        let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
    }
}

/// Collects an event's fields.
struct Fields<'a> {
    tokens: &'a Tokens,
    ours: bool,
    map: Map<String, Value>,
    message: String,
}

impl Fields<'_> {
    fn put(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            let text = if self.ours { text } else { said_by_itself(text) };
            self.message = self.tokens.scrub(text);
        } else if self.ours {
            let text = self.tokens.scrub(text);
            self.map.insert(field.name().to_owned(), text.into());
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.put(field, &text);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.ours {
            self.map.insert(field.name().to_owned(), value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if self.ours {
            self.map.insert(field.name().to_owned(), value.into());
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.ours {
            self.map.insert(field.name().to_owned(), value.into());
        }
    }
}

/// The part of a library's line that its author wrote: up to the first sign of something filled in.
fn said_by_itself(text: &str) -> &str {
    let end = text.find([':', '=', '<', '>', '"', '\'', '`', '{', '(', '[', '@', '#', ',', ';', '\n']).unwrap_or(text.len());
    let text = &text[..end];
    let text = match text.find(|character: char| character.is_ascii_digit() || !character.is_ascii()) {
        Some(end) => &text[..end],
        None => text,
    };
    text.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::with_key(&[7; KEY_BYTES]).unwrap()
    }

    #[test]
    fn tokens_are_stable_keyed_and_the_same_for_a_number_and_its_jid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let first = Tokens::open(&path).unwrap();
        assert_eq!(first.of("491701234567"), Tokens::open(&path).unwrap().of("491701234567"));
        assert_ne!(first.of("491701234567"), tokens().of("491701234567"));
        for same in ["491701234567@s.whatsapp.net", "+491701234567", "491701234567:3@s.whatsapp.net"] {
            assert_eq!(first.of(same), first.of("491701234567"), "{same}");
        }
        assert_eq!(disk::mode_and_owner(&path).unwrap().unwrap().0, disk::FILE_MODE);
    }

    #[test]
    fn planted_names_and_texts_do_not_reach_the_file() {
        const JID: &str = "491701234567@s.whatsapp.net";
        const TEXT: &str = "xyzzy";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wppd.log");
        let lines = Lines { tokens: tokens(), file: Mutex::new(file(&path, 1 << 20, 1)) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::warn!(target: "library::message", "failed to decrypt from {JID}: {TEXT}");
            tracing::error!(target: "library::send", chat = JID, text = TEXT, "unknown stanza: <message to='{JID}'>{TEXT}</message>");
            tracing::warn!(target: "library::pair", number = 491_701_234_567_i64, "the phone 491701234567 said {TEXT:?}");
            tracing::info!(target: "library::pair", "quiet: {TEXT}");
            tracing::info!(target: "wpp::daemon", chat = JID, "our own line about {JID}");
        });
        let log = std::fs::read_to_string(&path).unwrap();
        for secret in ["491701234567", "@", "whatsapp.net", TEXT] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
        assert_eq!(log.lines().count(), 4, "a library's information is not kept: {log}");
        assert!(log.contains("failed to decrypt from") && log.contains("our own line about #"), "{log}");
        assert_eq!(log.matches(tokens().of(JID).as_str()).count(), 2, "one name for one chat: {log}");
    }

    #[test]
    fn numbers_and_jids_do_not_come_through() {
        let tokens = tokens();
        for text in [
            "cannot send to 491701234567",
            "to=491701234567@s.whatsapp.net;",
            "<message from='491701234567:12@s.whatsapp.net'>",
            "group 1234567-491701234567@g.us",
            "x491701234567y",
            "+491701234567.",
        ] {
            let scrubbed = tokens.scrub(text);
            assert!(!scrubbed.contains("491701234567"), "{scrubbed}");
            assert!(!scrubbed.contains('@'), "{scrubbed}");
        }
        assert_eq!(tokens.scrub("code 503 after 40000 ms"), "code 503 after 40000 ms");
    }

    #[test]
    fn a_librarys_line_ends_where_something_was_filled_in() {
        for (text, kept) in [
            ("Failed to connect: not connected (timeout): x. Will retry...", "Failed to connect"),
            ("Unknown stream error: <stream:error><secret/></stream:error>", "Unknown stream error"),
            ("Restored 3 uncommitted inbound messages", "Restored"),
            ("[msg:ABC] secret", ""),
            ("Client is outdated and was rejected by server.", "Client is outdated and was rejected by server."),
        ] {
            assert_eq!(said_by_itself(text), kept);
        }
    }
}
