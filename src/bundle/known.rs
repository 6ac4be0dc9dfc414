//! Everything that is known in this home to be somebody's: names, numbers and texts of its databases, secrets,
//! what the settings hold, the machine's and the user's names. Start with [`gather`].

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::words;
use crate::config::{KEYS, Kind as Setting, named::NAMED};
use crate::disk;
use crate::forms::Kind;
use crate::home::{Home, SessionPaths};
use crate::session::reading::{self, Refusal};

/// Rows that are read of each table of names.
const NAMES_MAX: u32 = 50_000;
/// Newest messages that are read.
const TEXTS_MAX: u32 = 5_000;
/// A shorter message is an ordinary word or two.
const TEXT_CHARS_MIN: usize = 10;
/// Settings and secrets that are read; larger files are none of ours.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Found {
    /// Values, each with its kind.
    pub values: Vec<(Kind, String)>,
    /// Why some are missing, in lowercase sentences.
    pub problems: Vec<String>,
    /// Sessions of which it is not known what was written in them. A message made of `wpp`'s own words is then told
    /// from them by nothing: of their logs only what is known word for word may be kept.
    pub unread: Vec<String>,
}

impl Found {
    fn add(&mut self, kind: Kind, value: &str) {
        let value = value.trim();
        // What is a word of wpp's own is in every bundle, and tells of nobody. Several of them in a row do, when
        // somebody wrote them or hides something behind them.
        let several = match kind {
            Kind::Secret => value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count() > 1,
            Kind::Text => value.contains(char::is_whitespace),
            _ => false,
        };
        if !value.is_empty() && !(if several { words::is_own_text(value) } else { is_ordinary(value) }) {
            self.values.push((kind, value.to_owned()));
        }
    }

    /// A JID or a number, and its bare digits.
    fn add_person(&mut self, jid: &str) {
        let group = jid.ends_with("@g.us") || jid.ends_with("@broadcast") || jid.ends_with("@newsletter");
        let kind = if group { Kind::Group } else { Kind::Person };
        let user = jid.split('@').next().unwrap_or(jid).split([':', '.']).next().unwrap_or(jid);
        if user.len() >= 7 {
            self.add(kind, jid);
            self.add(kind, user);
        }
    }

    /// A secret, and every line of it.
    fn add_secret(&mut self, text: &str) {
        self.add(Kind::Secret, text);
        text.lines().filter(|line| line.len() >= 6).for_each(|line| self.add(Kind::Secret, line));
    }
}

/// Whether a text is made of words that any bundle may hold.
fn is_ordinary(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let short = |word: &str| word.len() <= 2 || word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    words.peek().is_none() || words.all(|word| words::is_known(word) || short(word))
}

/// Looks everywhere. `environment` is that of this process.
pub fn gather(home: &Home, environment: impl IntoIterator<Item = (String, String)>) -> Found {
    let mut found = Found::default();
    of_environment(&mut found, environment);
    found.add(Kind::Path, &home.root().display().to_string());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    found.add(Kind::Host, &host);
    found.add(Kind::Host, host.split('.').next().unwrap_or_default());
    of_settings(&mut found, home);
    of_secrets(&mut found, home);
    match home.session_names() {
        Ok(names) => names.iter().for_each(|name| {
            found.add(Kind::Session, name);
            of_session(&mut found, &home.session(name));
        }),
        Err(error) => found.problems.push(error.chain()),
    }
    found
}

/// Whether what is called so may hold a credential: an address may have one in it.
fn tells_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "token", "pass", "key", "credential", "url", "dsn"].iter().any(|part| name.contains(part))
}

fn of_environment(found: &mut Found, environment: impl IntoIterator<Item = (String, String)>) {
    for (name, value) in environment {
        let large = name.to_ascii_uppercase();
        match large.as_str() {
            "USER" | "LOGNAME" | "SUDO_USER" => found.add(Kind::Name, &value),
            "HOSTNAME" | "HOST" => found.add(Kind::Host, &value),
            "HOME" => {
                found.add(Kind::Path, &value);
                let last = Path::new(&value).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                found.add(Kind::Name, &last);
            }
            _ if tells_secret(&name) && value.len() >= 6 => found.add_secret(&value),
            _ => {
                let set = KEYS.iter().find(|key| crate::config::Config::variable(key) == name);
                if set.is_some_and(|key| !is_open(key.kind)) {
                    found.add(Kind::Word, &value);
                }
            }
        }
    }
}

/// Settings whose values say nothing about anybody.
pub fn is_open(kind: Setting) -> bool {
    match kind {
        Setting::Number(..)
        | Setting::Word(_)
        | Setting::Boolean
        | Setting::Span
        | Setting::Duration
        | Setting::Date
        | Setting::Hours => true,
        // A zone says where somebody lives.
        Setting::Zone
        | Setting::Text
        | Setting::File
        | Setting::Place
        | Setting::Session
        | Setting::List
        | Setting::Command
        | Setting::SecretAddress => false,
    }
}

fn of_settings(found: &mut Found, home: &Home) {
    let text = match disk::read_small(&home.config(), FILE_BYTES_MAX) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return found.problems.push(disk::cannot("read", &home.config(), error).chain()),
    };
    match text.parse::<toml::Table>() {
        Ok(table) => table.iter().for_each(|(name, value)| of_value(found, name, value)),
        // Not to be taken apart: then whatever stands between quotes.
        Err(_) => text.split('"').skip(1).step_by(2).for_each(|part| found.add(Kind::Word, part)),
    }
}

/// A value of `config.toml` under its dotted path.
fn of_value(found: &mut Found, path: &str, value: &toml::Value) {
    match value {
        toml::Value::String(text) => {
            let (table, last) = path.rsplit_once('.').unwrap_or(("", path));
            let key = KEYS.iter().find(|key| key.path == path).map(|key| key.kind);
            let of_named = || {
                let named =
                    NAMED.iter().find(|named| table.strip_prefix(named.table).is_some_and(|name| name.starts_with('.')))?;
                named.keys.iter().find(|key| key.path == last).map(|key| key.kind)
            };
            // When something is due is told as it is, once it could be read.
            let due = path.starts_with("schedule.") && (last == "when" || last == "runbook");
            if key.or_else(of_named).is_some_and(is_open) || due {
                return;
            }
            let kind = match text {
                _ if tells_secret(last) => Kind::Secret,
                text if text.contains(char::is_whitespace) => Kind::Text,
                _ => Kind::Word,
            };
            found.add(kind, text);
        }
        toml::Value::Array(values) => values.iter().for_each(|value| of_value(found, path, value)),
        toml::Value::Table(table) => {
            for (name, value) in table {
                let of_operator = ["contacts", "schedule", "plugin", "dump", "secrets"].contains(&path) && value.is_table();
                if of_operator && path != "plugin" {
                    found.add(Kind::Name, name);
                }
                of_value(found, &format!("{path}.{name}"), value);
            }
        }
        _ => {}
    }
}

fn of_secrets(found: &mut Found, home: &Home) {
    let files = match disk::list(&home.secrets()) {
        Ok(files) => files,
        Err(error) => return found.problems.push(error.chain()),
    };
    for path in files.iter().filter(|path| path.is_file()) {
        match disk::read_small(path, FILE_BYTES_MAX) {
            Ok(bytes) => found.add_secret(&String::from_utf8_lossy(&bytes)),
            Err(error) => found.problems.push(disk::cannot("read", path, error).chain()),
        }
    }
}

fn of_session(found: &mut Found, session: &SessionPaths) {
    let own = |connection: &Connection, found: &mut Found| {
        let mut rows = connection.prepare("SELECT pn, lid, push_name FROM device")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let column = |at: usize| row.get::<_, Option<String>>(at).ok().flatten().unwrap_or_default();
            found.add_person(&column(0));
            found.add_person(&column(1));
            found.add(Kind::Name, &column(2));
        }
        Ok(())
    };
    look(found, session, &session.session_db(), own);
    let people = |connection: &Connection, found: &mut Found| {
        for table in ["chats", "contacts"] {
            let mut rows = connection.prepare(&format!("SELECT jid, name FROM {table} LIMIT {NAMES_MAX}"))?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                found.add_person(&row.get::<_, String>(0)?);
                found.add(Kind::Name, &row.get::<_, String>(1)?);
            }
        }
        let texts = [
            format!("SELECT text, sender FROM messages ORDER BY number DESC LIMIT {TEXTS_MAX}"),
            format!("SELECT text, chat FROM outbox ORDER BY number DESC LIMIT {TEXTS_MAX}"),
        ];
        for query in texts {
            let mut rows = connection.prepare(&query)?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                if text.chars().count() >= TEXT_CHARS_MIN {
                    found.add(Kind::Text, &text);
                }
                found.add_person(&row.get::<_, String>(1)?);
            }
        }
        Ok(())
    };
    let is_read = look(found, session, &session.wpp_db(), people);
    let has_log = || disk::list(&session.logs()).map_or(true, |logs| !logs.is_empty());
    if !is_read.unwrap_or_else(|| !has_log()) {
        found.unread.push(session.name().to_owned());
    }
}

/// Reads a database of a session, and says whether all of it was read; `None` when there is none. What cannot be read
/// is told: the last look then knows the forms of names and numbers alone.
fn look(
    found: &mut Found,
    session: &SessionPaths,
    path: &Path,
    read: impl FnOnce(&Connection, &mut Found) -> rusqlite::Result<()>,
) -> Option<bool> {
    let why = match reading::open(session, path) {
        Ok(opened) => match read(&opened.connection, found).map_err(|error| error.to_string()) {
            // What changed while it was read may lack what was written in between.
            Ok(()) => match opened.confirm() {
                Ok(()) => return Some(true),
                Err(error) => error.chain(),
            },
            Err(why) => why,
        },
        Err(Refusal::Absent) => return None,
        Err(Refusal::Busy) => "it is just being opened, closed or replaced".to_owned(),
        Err(Refusal::Failed(error)) => error.to_string(),
        Err(Refusal::Disk(error)) => error.chain(),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    found.problems.push(format!("names and numbers in {name} of session {} could not be read: {why}", session.name()));
    Some(false)
}

/// The variables of this process, as far as they are text.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::HomeKind;

    #[test]
    fn what_the_settings_the_environment_and_secrets_hold_is_known_and_ordinary_words_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::create(&folder.path().join("h"), HomeKind::Sandbox).unwrap();
        std::fs::write(
            home.config(),
            "default_session = \"main\"\n[daemon]\nwatchdog_ms = 5000\n[backup]\nformat = \"tar.gz\"\nping_url = \"https://hc.example.org/abc\"\n\
             [schedule.nightly-zaphod]\nrun = [\"send\", \"+15550100001\", \"bring the umbrella\"]\nwhen = \"0 9 * * MON\"\n\
             [contacts.trillian]\nto = \"#room-of-zaphod\"\n[plugin.openwa]\nurl = \"http://gw.example.org\"\nmode = \"session\"\n",
        )
        .unwrap();
        std::fs::create_dir(home.secrets()).unwrap();
        std::fs::write(home.secrets().join("openwa-key"), "k3y-of-openwa\n").unwrap();
        let environment =
            [("WPP_SECRET_X", "s3cret-value"), ("USER", "marvin"), ("HOME", "/home/marvin"), ("TERM", "xterm-kitty")];
        let found = gather(&home, environment.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let has = |value: &str| found.values.iter().any(|(_, known)| known == value);
        for value in [
            "https://hc.example.org/abc",
            "nightly-zaphod",
            "+15550100001",
            "bring the umbrella",
            "trillian",
            "#room-of-zaphod",
            "http://gw.example.org",
            "k3y-of-openwa",
            "s3cret-value",
            "marvin",
            "/home/marvin",
        ] {
            assert!(has(value), "{value}: {:?}", found.values);
        }
        for value in ["main", "tar.gz", "0 9 * * MON", "send", "session", "xterm-kitty", "openwa"] {
            assert!(!has(value), "{value}");
        }
    }

    #[test]
    fn ordinary_words_are_a_secret_or_a_message_when_there_are_several() {
        let mut found = Found::default();
        found.add_secret("the-phone-owner-is-at-home\n");
        found.add_secret("default");
        found.add(Kind::Text, "the key is under the phone");
        // What wpp writes itself is in the log of everybody.
        found.add(Kind::Text, "The daemon starts");
        let values: Vec<&str> = found.values.iter().map(|(_, value)| value.as_str()).collect();
        assert!(
            values.iter().all(|value| ["the-phone-owner-is-at-home", "the key is under the phone"].contains(value)),
            "{values:?}"
        );
        assert!(values.contains(&"the-phone-owner-is-at-home") && values.contains(&"the key is under the phone"));
    }

    #[test]
    fn a_database_that_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::create(&folder.path().join("h"), HomeKind::Sandbox).unwrap();
        let session = home.session("main");
        std::fs::create_dir_all(session.folder()).unwrap();
        std::fs::write(session.wpp_db(), "x".repeat(5000)).unwrap();
        let other = home.session("other");
        std::fs::create_dir_all(other.folder()).unwrap();
        let found = gather(&home, []);
        assert!(found.problems.iter().any(|problem| problem.contains("wpp.db of session main")), "{:?}", found.problems);
        assert_eq!(found.unread, ["main"], "the other one was never used");
        // Its messages were taken away, and what was written down of them was not.
        std::fs::create_dir_all(other.logs()).unwrap();
        std::fs::write(other.log(), "{}").unwrap();
        assert_eq!(gather(&home, []).unread, ["main", "other"]);
    }
}
