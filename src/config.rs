//! Settings: flags over `WPP_*` variables over `config.toml` over defaults.
//!
//! [`KEYS`] is the one list of what can be set; a key that is not in it is an error with a
//! suggestion. Start with [`Config::load`].

mod keys;
pub mod named;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use self::keys::KEYS;
use self::named::{NamedTable, NamedTables};
use crate::clock::{self, CalendarSpan};
use crate::error::{Error, ErrorKind, Result};
use crate::home::is_session_name;

/// The largest `config.toml` that is read.
pub const SIZE_BYTES_MAX: u64 = 1 << 20;

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// The absolute path of a file; empty for none. A relative one would mean another file in each
    /// working directory, and cron has its own.
    File,
    /// The absolute path of a folder, or an address such as `s3://BUCKET/PREFIX`; empty for none.
    Place,
    /// A session's name.
    Session,
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// Words, as a list or separated by commas; kept separated by commas.
    List,
    /// A length of calendar time such as `7d`; empty for none.
    Span,
    /// A length of time such as `30s`, `15m`, `24h` or `7d`; empty for none.
    Duration,
    /// A day such as `2026-12-31`; empty for none.
    Date,
    /// The name of a time zone such as `Asia/Kuala_Lumpur`; empty for the machine's own.
    Zone,
    /// A part of each day, `22:00-07:00`; empty for none.
    Hours,
    /// A program and its arguments, kept as a JSON array of texts; empty for none.
    Command,
    /// An address that is a secret, `https://…` or `http://…`; empty for none. It is shown up to its
    /// host and no further.
    SecretAddress,
}

impl Kind {
    /// A value as it may be shown.
    pub fn shown(self, value: &str) -> String {
        match self {
            Kind::SecretAddress if !value.is_empty() => match origin(value) {
                Some(origin) => format!("{origin}/…"),
                None => "(not shown)".to_owned(),
            },
            _ => value.to_owned(),
        }
    }
}

/// Scheme, host and port of an `http` or `https` address, the part that is no secret; `None` if it is
/// no such address, or holds a name and a password.
pub fn origin(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
    let good = matches!(scheme, "http" | "https") && !authority.is_empty() && authority.bytes().all(plain);
    good.then(|| &address[..scheme.len() + 3 + authority.len()])
}

/// The host of an origin, without its port.
pub fn host(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    match authority.find(']') {
        // The colons of an IPv6 address are inside its brackets.
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Whether a host is this machine, named by a number: a name could lead anywhere by the time it is called.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// How much it matters that somebody sets a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Its table does nothing without it.
    Required,
    /// A home that somebody relies on should say it.
    Recommended,
    /// The default is right for most.
    Optional,
    /// It is still read, and will not be for ever: what to write in its place.
    Deprecated(&'static str),
}

impl Class {
    /// The class in one word.
    pub fn name(self) -> &'static str {
        match self {
            Class::Required => "required",
            Class::Recommended => "recommended",
            Class::Optional => "optional",
            Class::Deprecated(_) => "deprecated",
        }
    }

    /// What to write in its place; `None` for one that stays.
    pub fn instead(self) -> Option<&'static str> {
        match self {
            Class::Deprecated(instead) => Some(instead),
            Class::Required | Class::Recommended | Class::Optional => None,
        }
    }

    /// The class as a help text says it beside the setting; nothing for what is optional, as most are.
    pub fn note(self) -> String {
        match self {
            Class::Optional => String::new(),
            Class::Required | Class::Recommended => format!(" ({})", self.name()),
            Class::Deprecated(instead) => format!(" (deprecated: write {instead})"),
        }
    }
}

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Dotted path in `config.toml`.
    pub path: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its value when nobody sets it.
    pub default: &'static str,
    /// How much it matters that somebody sets it.
    pub class: Class,
    /// What it does.
    pub help: &'static str,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The named file.
    File(PathBuf),
    /// The named variable.
    Environment(String),
    /// The command line.
    Flag,
}

/// Settings with where each came from.
#[derive(Debug, Clone)]
pub struct Config {
    values: BTreeMap<&'static str, (String, Source)>,
    plugins: BTreeMap<String, BTreeMap<String, String>>,
    secrets: BTreeMap<String, Vec<String>>,
    dumps: toml::Table,
    named: NamedTables,
}

impl Config {
    /// Reads `config.toml` (which may be absent) and the environment.
    pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Config> {
        let mut values: BTreeMap<&'static str, (String, Source)> =
            KEYS.iter().map(|key| (key.path, (key.default.to_owned(), Source::Default))).collect();
        let (mut plugins, mut secrets, mut dumps, mut named) =
            (BTreeMap::new(), BTreeMap::new(), toml::Table::new(), NamedTables::new());
        let utf8 =
            |bytes| String::from_utf8(bytes).map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8"));
        match crate::disk::read_small_if_there(path, SIZE_BYTES_MAX).and_then(|bytes| bytes.map(utf8).transpose()) {
            Ok(Some(text)) => {
                let mut table: toml::Table = toml::from_str(&text).map_err(|error| not_toml(path, &text, &error))?;
                if let Some(of_plugins) = table.remove("plugin") {
                    plugins = read_plugins(path, of_plugins)?;
                }
                if let Some(of_secrets) = table.remove("secrets") {
                    secrets = read_secrets(path, of_secrets)?;
                }
                if let Some(of_dumps) = table.remove("dump") {
                    dumps = read_dumps(path, of_dumps)?;
                }
                named = named::take(path, &mut table)?;
                let mut wrong = Vec::new();
                read_table((path, &text), "", &table, &mut values, &mut wrong);
                // Whoever mends one wants to know of the others.
                let mut wrong = wrong.into_iter();
                if let Some(first) = wrong.next() {
                    return Err(wrong.fold(first, |error, other| error.note(format!("also: {}", other.message()))));
                }
            }
            Ok(None) => {}
            Err(error) => return Err(crate::disk::cannot("read", path, error)),
        }
        // Of all their names few are ever set, and to spell each takes a while.
        let is_set = environment.keys().any(|name| name.starts_with(VARIABLE));
        for key in KEYS.iter().filter(|_| is_set) {
            let name = variable(key);
            if let Some(value) = environment.get(&name) {
                let value = check(key, value).map_err(|reason| {
                    let shown = key.kind.shown(value);
                    let error = Error::new(
                        ErrorKind::Usage,
                        format!("the environment variable {name} is {shown:?}, which is not {reason}"),
                    );
                    say_absolute(error, key, value, Path::new("")).hint(format!("unset {name} or correct it: {}", key.help))
                })?;
                values.insert(key.path, (value, Source::Environment(name)));
            }
        }
        Ok(Config { values, plugins, secrets, dumps, named })
    }

    /// The settings of a plugin: the table `[plugin.NAME]` of `config.toml`, as texts. What is in it
    /// is the plugin's to know.
    pub fn plugin(&self, name: &str) -> BTreeMap<String, String> {
        self.plugins.get(name).cloned().unwrap_or_default()
    }

    /// The settings of every plugin, by the operator's names for them.
    pub fn plugins(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        self.plugins.iter().map(|(name, settings)| (name.as_str(), settings))
    }

    /// The commands that write secrets, by the secrets' names: `[secrets]` of `config.toml`. A secret
    /// itself is never there.
    pub fn secret_commands(&self) -> &BTreeMap<String, Vec<String>> {
        &self.secrets
    }

    /// The table `[dump.NAME]`: what the state of a gateway is made of. What is in it, dumps know.
    pub fn dump(&self, name: &str) -> Option<&toml::Table> {
        self.dumps.get(name).and_then(toml::Value::as_table)
    }

    /// Every table `[dump.NAME]`.
    pub fn dumps(&self) -> impl Iterator<Item = (&str, &toml::Table)> {
        self.dumps.iter().filter_map(|(name, table)| Some((name.as_str(), table.as_table()?)))
    }

    /// The tables of one sort, by the operator's names for them. The sort must be in [`named::NAMED`].
    pub fn named(&self, table: &'static str) -> &BTreeMap<String, NamedTable> {
        static NONE: BTreeMap<String, NamedTable> = BTreeMap::new();
        self.named.get(table).unwrap_or(&NONE)
    }

    /// [`Config::load`], and where the file is broken, the settings without it and what is wrong with it:
    /// for commands that an operator needs most when something is broken.
    pub fn load_without_broken_file(path: &Path, environment: &BTreeMap<String, String>) -> Result<(Config, Option<Error>)> {
        match Config::load(path, environment) {
            Ok(config) => Ok((config, None)),
            // No file has an empty name.
            Err(error) => Ok((Config::load(Path::new(""), environment)?, Some(error))),
        }
    }

    /// Puts a flag's value over everything else.
    pub fn set_flag(&mut self, path: &'static str, value: &str) -> Result<()> {
        let key = KEYS.iter().find(|key| key.path == path);
        let Some(key) = key else {
            return Err(
                Error::new(ErrorKind::Unexpected, format!("no setting is called {path}")).hint("report this as a bug of wpp")
            );
        };
        let value = check(key, value).map_err(|reason| {
            let value = key.kind.shown(value);
            Error::new(ErrorKind::Usage, format!("{path} was given as {value:?}, which is not {reason}")).hint(key.help)
        })?;
        self.values.insert(path, (value, Source::Flag));
        Ok(())
    }

    /// A text setting. The path must be in [`KEYS`].
    pub fn text(&self, path: &'static str) -> &str {
        self.values.get(path).map_or("", |(value, _)| value)
    }

    /// A number setting. The path must be in [`KEYS`] and of kind [`Kind::Number`].
    pub fn number(&self, path: &'static str) -> u64 {
        // Values were checked on their way in, and a test holds the defaults.
        self.text(path).parse().unwrap_or_default()
    }

    /// A span setting, if it is set. The path must be in [`KEYS`] and of kind [`Kind::Span`].
    pub fn span(&self, path: &'static str) -> Option<CalendarSpan> {
        // Values were checked on their way in, so only an empty one does not parse.
        self.text(path).parse().ok()
    }

    /// The words of a command setting. The path must be in [`KEYS`] and of kind [`Kind::Command`].
    pub fn command(&self, path: &'static str) -> Vec<String> {
        // Values were checked on their way in, so only an empty one does not parse.
        serde_json::from_str(self.text(path)).unwrap_or_default()
    }

    /// A yes-or-no setting. The path must be in [`KEYS`] and of kind [`Kind::Boolean`].
    pub fn boolean(&self, path: &'static str) -> bool {
        self.text(path) == "true"
    }

    /// The words of a list. The path must be in [`KEYS`] and of kind [`Kind::List`].
    pub fn list(&self, path: &'static str) -> impl Iterator<Item = &str> {
        self.text(path).split(',').map(str::trim).filter(|word| !word.is_empty())
    }

    /// A number setting that counts milliseconds.
    pub fn duration(&self, path: &'static str) -> std::time::Duration {
        std::time::Duration::from_millis(self.number(path))
    }

    /// Every setting with its value and where that came from, in the order of [`KEYS`].
    pub fn all(&self) -> impl Iterator<Item = (&'static Key, &str, &Source)> {
        KEYS.iter().filter_map(|key| self.values.get(key.path).map(|(value, source)| (key, value.as_str(), source)))
    }

    /// A key's default as config.toml spells it: `0`, `true`, `"main"`, `[]`.
    pub fn default_in_toml(key: &Key) -> String {
        match key.kind {
            Kind::Number(..) | Kind::Boolean => key.default.to_owned(),
            Kind::List => {
                let words: Vec<String> = key
                    .default
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .map(|word| format!("{word:?}"))
                    .collect();
                format!("[{}]", words.join(", "))
            }
            Kind::Command if key.default.is_empty() => "[]".to_owned(),
            Kind::Command => key.default.to_owned(),
            _ => format!("{:?}", key.default),
        }
    }

    /// The variable that sets a key: `daemon.watchdog_ms` is `WPP_DAEMON_WATCHDOG_MS`.
    pub fn variable(key: &Key) -> String {
        variable(key)
    }
}

/// What the names of all variables begin with.
const VARIABLE: &str = "WPP_";

fn variable(key: &Key) -> String {
    // The session has the short name that every script uses.
    if key.path == "default_session" {
        return "WPP_SESSION".into();
    }
    format!("{VARIABLE}{}", key.path.replace('.', "_").to_uppercase())
}

/// A file that is no TOML, without a word of what is in it: the line may hold a secret.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |part| part.chars().count()) + 1;
    // Only what is a setting's own name is repeated.
    let names = |name: &str| KEYS.iter().find(|key| key.path == name || key.path.ends_with(&format!(".{name}")));
    let word = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).and_then(|(word, _)| names(word.trim()));
    let of = word.map(|key| format!(", at {}", key.path.rsplit('.').next().unwrap_or_default())).unwrap_or_default();
    Error::new(
        ErrorKind::Usage,
        format!("{} is not valid TOML: line {line}, column {column}{of}: {}", path.display(), error.message()),
    )
    .hint(format!("fix line {line}, or move the file away to run with defaults"))
}

/// Adds what a relative path would have to be, beside the file that it is written in or in the
/// working directory.
fn say_absolute(error: Error, key: &Key, value: &str, beside: &Path) -> Error {
    if !matches!(key.kind, Kind::File | Kind::Place) || value.starts_with('~') || value.chars().any(char::is_control) {
        return error;
    }
    match std::path::absolute(beside.join(value)) {
        Ok(whole) => error.hint(format!("write \"{}\" if that is meant", whole.display())),
        Err(_) => error,
    }
}

fn check(key: &Key, value: &str) -> std::result::Result<String, String> {
    match key.kind {
        Kind::Text | Kind::List | Kind::File | Kind::Place if value.chars().any(char::is_control) => {
            Err("text without control characters".into())
        }
        Kind::Text | Kind::List => Ok(value.to_owned()),
        Kind::File | Kind::Place if value.is_empty() || Path::new(value).is_absolute() => Ok(value.to_owned()),
        // Which addresses are known is told where they are used.
        Kind::Place if value.contains("://") => Ok(value.to_owned()),
        Kind::File => Err("an absolute path".into()),
        Kind::Place => Err("an absolute path or s3://BUCKET/PREFIX".into()),
        Kind::Boolean if matches!(value, "true" | "false") => Ok(value.to_owned()),
        Kind::Boolean => Err("true or false".into()),
        Kind::Session if is_session_name(value) => Ok(value.to_owned()),
        Kind::Session => Err("a session name (1 to 64 of a-z, 0-9, _ and -)".into()),
        Kind::Number(low, high) => match value.parse::<u64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(number.to_string()),
            _ => Err(format!("a whole number from {low} to {high}")),
        },
        Kind::Word(words) if words.contains(&value) => Ok(value.to_owned()),
        Kind::Word(words) => {
            let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
            Err(format!("one of {}", words.join(", ")))
        }
        Kind::Command | Kind::SecretAddress if value.is_empty() => Ok(String::new()),
        Kind::Command => match serde_json::from_str::<Vec<String>>(value) {
            Ok(words) if words.is_empty() => Ok(String::new()),
            Ok(words) if words.first().is_some_and(|program| !program.is_empty()) && !value.contains("\\u0000") => {
                Ok(value.to_owned())
            }
            _ => Err("a list of texts whose first is a program, [\"/usr/bin/mail\", \"-s\", \"backup failed\", \"me\"]".into()),
        },
        Kind::SecretAddress if origin(value).is_some() && value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') => {
            Ok(value.to_owned())
        }
        Kind::SecretAddress => Err("an address that begins with https:// and a host".into()),
        Kind::Duration | Kind::Date | Kind::Zone | Kind::Hours if value.is_empty() => Ok(String::new()),
        Kind::Duration if clock::duration(value).is_some() => Ok(value.to_owned()),
        Kind::Duration => Err("a length of time such as 30s, 15m, 24h or 7d".into()),
        Kind::Date if clock::end_of_day_ms(value).is_some() => Ok(value.to_owned()),
        Kind::Date => Err("a day such as 2026-12-31".into()),
        Kind::Zone if clock::zone(value).is_some() => Ok(value.to_owned()),
        Kind::Zone => Err("a time zone such as Asia/Kuala_Lumpur or UTC".into()),
        Kind::Hours if clock::hours(value).is_some() => Ok(value.to_owned()),
        Kind::Hours => Err("a part of each day such as 22:00-07:00".into()),
        Kind::Span if value.is_empty() => Ok(String::new()),
        Kind::Span => value.parse().map(|span: CalendarSpan| span.to_string()).map_err(str::to_owned),
    }
}

/// Where a setting of a file is set, for people: `config.toml, line 7`. The line is left out where it
/// cannot be told.
fn place((path, text): (&Path, &str), full: &str) -> String {
    let mut table = String::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            table = format!("{}.", header.trim());
        }
        let name = line.split('=').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        if format!("{table}{name}") == full || format!("{full}.") == table {
            return format!("{}, line {number}", path.display());
        }
    }
    path.display().to_string()
}

/// A value of the file as settings are kept; `None` when it is of another type.
fn text_of(value: &toml::Value, kind: Kind) -> Option<String> {
    let texts = |words: &[toml::Value]| words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    match (value, kind) {
        (toml::Value::String(_), Kind::Number(..) | Kind::Boolean | Kind::Command) => None,
        (toml::Value::String(text), _) => Some(text.clone()),
        (toml::Value::Boolean(yes), Kind::Boolean) => Some(yes.to_string()),
        (toml::Value::Array(words), Kind::List) => Some(texts(words)?.join(",")),
        (toml::Value::Datetime(day), Kind::Date) => Some(day.to_string()),
        (toml::Value::Integer(number), Kind::Number(..)) => Some(number.to_string()),
        (toml::Value::Array(words), Kind::Command) => Some(serde_json::json!(texts(words)?).to_string()),
        _ => None,
    }
}

fn read_table(
    file: (&Path, &str),
    prefix: &str,
    table: &toml::Table,
    values: &mut BTreeMap<&'static str, (String, Source)>,
    wrong: &mut Vec<Error>,
) {
    for (name, value) in table {
        let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let Some(key) = KEYS.iter().find(|key| key.path == full) {
            match read_value(file, key, name, value) {
                Ok(text) => drop(values.insert(key.path, (text, Source::File(file.0.to_owned())))),
                Err(error) => wrong.push(error),
            }
        } else if let (toml::Value::Table(inner), true) =
            (value, KEYS.iter().any(|key| key.path.starts_with(&format!("{full}."))))
        {
            read_table(file, &full, inner, values, wrong);
        } else {
            wrong.push(unknown(&place(file, &full), &full));
        }
    }
}

fn read_value(file: (&Path, &str), key: &Key, name: &str, value: &toml::Value) -> Result<String> {
    let Some(text) = text_of(value, key.kind) else {
        let error = Error::new(
            ErrorKind::Usage,
            format!("{} in {} is {} and must be {}", key.path, place(file, key.path), value.type_str(), wanted(key.kind)),
        );
        return Err(match spelled(key, name, value) {
            Some(spelled) => error.hint(spelled).hint(key.help),
            None => error.hint(key.help),
        });
    };
    check(key, &text).map_err(|reason| {
        let shown = key.kind.shown(&text);
        let error = Error::new(
            ErrorKind::Usage,
            format!("{} in {} is {shown:?}, which is not {reason}", key.path, place(file, key.path)),
        );
        say_absolute(error, key, &text, file.0.parent().unwrap_or(Path::new(""))).hint(key.help)
    })
}

/// The tables `[plugin.NAME]`: texts, numbers and `true` or `false`.
fn read_plugins(path: &Path, tables: toml::Value) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let wrong = |full: &str, what: &str| {
        Error::new(ErrorKind::Usage, format!("{full} in {} is {what}", path.display()))
            .hint("a plugin's settings are texts, numbers, true and false, under [plugin.NAME]")
    };
    let toml::Value::Table(tables) = tables else { return Err(wrong("plugin", "no table")) };
    let mut plugins = BTreeMap::new();
    for (name, table) in tables {
        let toml::Value::Table(table) = table else { return Err(wrong(&format!("plugin.{name}"), "no table")) };
        if !is_session_name(&name) {
            return Err(wrong(&format!("plugin.{name}"), "no plugin's name (1 to 64 of a-z, 0-9, _ and -)"));
        }
        let mut settings = BTreeMap::new();
        for (key, value) in table {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                toml::Value::Boolean(yes) => yes.to_string(),
                other => return Err(wrong(&format!("plugin.{name}.{key}"), other.type_str())),
            };
            settings.insert(key, text);
        }
        plugins.insert(name, settings);
    }
    Ok(plugins)
}

/// The tables `[dump.NAME]`, each a table under a gateway's name.
fn read_dumps(path: &Path, tables: toml::Value) -> Result<toml::Table> {
    let wrong = |full: &str, what: &str| {
        Error::new(ErrorKind::Usage, format!("{full} in {} is {what}", path.display()))
            .hint("what a gateway's state is made of is a table [dump.NAME] with root or parts")
    };
    let toml::Value::Table(tables) = tables else { return Err(wrong("dump", "no table")) };
    for (name, table) in &tables {
        if !table.is_table() {
            return Err(wrong(&format!("dump.{name}"), "no table"));
        }
        if !is_session_name(name) {
            return Err(wrong(&format!("dump.{name}"), "no gateway's name (1 to 64 of a-z, 0-9, _ and -)"));
        }
    }
    Ok(tables)
}

/// The table `[secrets]`: `NAME = { command = ["program", "argument"] }`, and the same in
/// `[secrets.PLUGIN]` for what is one plugin's alone, as `PLUGIN.NAME`. What is wrong is said without the
/// value, which may be a secret that somebody wrote there.
fn read_secrets(path: &Path, table: toml::Value) -> Result<BTreeMap<String, Vec<String>>> {
    let wrong = |full: &str, what: &str| {
        Error::new(ErrorKind::Usage, format!("{full} in {} is {what}", path.display())).hint(
            "under [secrets] write NAME = { command = [\"program\", \"argument\"] }; a secret itself is a file of mode 0600 in secrets/",
        )
    };
    let toml::Value::Table(table) = table else { return Err(wrong("secrets", "no table")) };
    let mut commands = BTreeMap::new();
    for (name, value) in table {
        let toml::Value::Table(value) = value else { return Err(wrong(&format!("secrets.{name}"), "no table with a command")) };
        let of_plugin = !value.contains_key("command") && is_session_name(&name);
        let inner: Vec<(String, toml::Value)> = match of_plugin {
            true => value.into_iter().map(|(secret, value)| (format!("{name}.{secret}"), value)).collect(),
            false => vec![(name, toml::Value::Table(value))],
        };
        for (name, value) in inner {
            let full = format!("secrets.{name}");
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            let secret = name.split_once('.').map_or(name.as_str(), |(_, secret)| secret);
            if !(1..=64).contains(&secret.len()) || !secret.bytes().all(plain) {
                return Err(wrong("a name under secrets", "no secret's name (letters, digits, - and _)"));
            }
            let toml::Value::Table(mut of_secret) = value else { return Err(wrong(&full, "no table with a command")) };
            let Some(toml::Value::Array(words)) = of_secret.remove("command") else {
                return Err(wrong(&full, "no table with a command, which is a list of texts"));
            };
            if !of_secret.is_empty() {
                return Err(wrong(&full, "a table with more than a command"));
            }
            let words: Option<Vec<String>> = words.into_iter().map(|word| word.as_str().map(str::to_owned)).collect();
            match words {
                Some(words) if words.first().is_some_and(|program| !program.is_empty()) => commands.insert(name, words),
                _ => return Err(wrong(&full, "no list of texts, the first of which is a program")),
            };
        }
    }
    Ok(commands)
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text in quotes",
        Kind::File => "an absolute path in quotes",
        Kind::Place => "an absolute path or s3://BUCKET/PREFIX in quotes",
        Kind::Session => "a session name in quotes",
        Kind::Number(..) => "a whole number",
        Kind::Word(_) => "a word in quotes",
        Kind::Boolean => "true or false, without quotes",
        Kind::List => "a list of texts",
        Kind::Span => "a length of time in quotes, such as \"7d\"",
        Kind::Duration => "a length of time in quotes, such as \"15m\"",
        Kind::Date => "a day such as 2026-12-31",
        Kind::Zone => "a time zone in quotes, such as \"Asia/Kuala_Lumpur\"",
        Kind::Hours => "a part of each day in quotes, such as \"22:00-07:00\"",
        Kind::Command => "a list of texts, the first of which is a program",
        Kind::SecretAddress => "an address in quotes",
    }
}

/// How a value of the wrong type is to be written, if the same value of the right type will do.
fn spelled(key: &Key, name: &str, value: &toml::Value) -> Option<String> {
    match (value, key.kind) {
        (toml::Value::String(text), Kind::Number(..) | Kind::Boolean) => {
            let text = check(key, text.trim()).ok()?;
            Some(format!("write `{name} = {text}`, without quotes"))
        }
        (toml::Value::Integer(_) | toml::Value::Boolean(_), Kind::Number(..) | Kind::Boolean | Kind::SecretAddress) => None,
        (toml::Value::Integer(_) | toml::Value::Boolean(_), _) => {
            let text = check(key, &value.to_string()).ok()?;
            Some(format!("write `{name} = \"{text}\"`, in quotes"))
        }
        _ => None,
    }
}

fn unknown(place: &str, full: &str) -> Error {
    let nearest = KEYS
        .iter()
        .map(|key| (strsim::damerau_levenshtein(key.path, full), key.path))
        .min()
        .filter(|(distance, _)| *distance <= full.len().max(6) / 3);
    let error = Error::new(ErrorKind::Usage, format!("{place} sets {full}, which is not a setting of wpp"));
    match nearest {
        Some((_, name)) => error.hint(format!("did you mean {name}?")),
        None => error.hint("`wpp help config` lists every setting; remove the line or correct it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&path, &environment)
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error = load("colour = 1\n[daemon]\nwatchdog_ms = \"soon\"\nstart_timeout = 5\n", &[]).unwrap_err();
        let told = format!("{} {}", error.message(), error.notes().join(" "));
        assert_eq!(error.notes().len(), 2, "{told}");
        assert!(["colour", "daemon.watchdog_ms", "daemon.start_timeout"].iter().all(|wrong| told.contains(wrong)), "{told}");
    }

    #[test]
    fn only_numbers_of_this_machine_are_loopback() {
        for (address, loopback) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost", false),
            ("http://10.0.0.1", false),
            ("http://[fe80::1]:1", false),
            ("http://127.0.0.1.example", false),
        ] {
            assert_eq!(is_loopback(host(origin(address).unwrap())), loopback, "{address}");
        }
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for key in KEYS {
            assert_eq!(check(key, key.default).as_deref(), Ok(key.default), "{}", key.path);
            // As the help prints it, it can be pasted.
            let line = format!("{} = {}", key.path, Config::default_in_toml(key));
            assert_eq!(load(&line, &[]).unwrap_or_else(|error| panic!("{line}: {error}")).text(key.path), key.default);
        }
    }

    #[test]
    fn flags_beat_variables_beat_the_file_beats_defaults() {
        let text = "default_session = \"file\"\n[daemon]\nwatchdog_ms = 5000\n";
        assert_eq!(load("", &[]).unwrap().text("default_session"), "main");
        assert_eq!(load(text, &[]).unwrap().text("default_session"), "file");
        assert_eq!(load(text, &[]).unwrap().number("daemon.watchdog_ms"), 5000);
        let mut config = load(text, &[("WPP_SESSION", "variable"), ("WPP_DAEMON_WATCHDOG_MS", "6000")]).unwrap();
        assert_eq!(config.text("default_session"), "variable");
        assert_eq!(config.number("daemon.watchdog_ms"), 6000);
        config.set_flag("default_session", "flag").unwrap();
        assert_eq!(config.text("default_session"), "flag");
    }

    #[test]
    fn a_command_is_a_list_of_texts_wherever_it_is_set() {
        let config = load("[backup]\non_failure = [\"/bin/mail\", \"a, b\"]", &[]).unwrap();
        assert_eq!(config.command("backup.on_failure"), ["/bin/mail", "a, b"]);
        let config = load("", &[("WPP_BACKUP_ON_FAILURE", "[\"x\"]")]).unwrap();
        assert_eq!(config.command("backup.on_failure"), ["x"]);
        assert!(load("", &[]).unwrap().command("backup.on_failure").is_empty());
        // The default as the help prints it: none.
        assert!(load("[backup]\non_failure = []", &[]).unwrap().command("backup.on_failure").is_empty());
        for bad in ["[\"\"]", "[1]", "\"rm -rf\"", "3"] {
            assert!(load(&format!("[backup]\non_failure = {bad}"), &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_are_commands_and_what_somebody_wrote_there_instead_is_not_said() {
        let config = load("[secrets]\nopenwa-key = { command = [\"pass\", \"show\", \"x y\"] }\n", &[]).unwrap();
        assert_eq!(config.secret_commands()["openwa-key"], ["pass", "show", "x y"]);
        let config = load("[secrets.sales]\nopenwa-key = { command = [\"x\"] }\n[secrets]\nb.c.command = [\"y\"]\n", &[]);
        let expected = [("b.c", "y"), ("sales.openwa-key", "x")].map(|(name, word)| (name.to_owned(), vec![word.to_owned()]));
        assert_eq!(*config.unwrap().secret_commands(), BTreeMap::from(expected));
        assert!(load("", &[]).unwrap().secret_commands().is_empty());
        for bad in [
            "key = \"s3cret\"",
            "key = { command = \"s3cret\" }",
            "key = { command = [] }",
            "key = { command = [\"\"] }",
            "key = { command = [1] }",
            "key = { value = \"s3cret\" }",
            "sales = { key = \"s3cret\" }",
            "sales = { \"a b\" = { command = [\"x\"] } }",
            "sales = { a = { b = { command = [\"x\"] } } }",
            "key = { command = [\"x\"], value = \"s3cret\" }",
            "\"a b\" = { command = [\"x\"] }",
        ] {
            let error = load(&format!("[secrets]\n{bad}"), &[]).unwrap_err();
            let said = format!("{} {}", error.chain(), error.hints().join(" "));
            assert!(error.kind() == ErrorKind::Usage && said.contains("secrets") && !said.contains("s3cret"), "{bad}: {said}");
        }
        assert!(load("secrets = 3", &[]).is_err());
    }

    #[test]
    fn a_secret_address_is_shown_up_to_its_host_and_never_in_an_error() {
        let kind = Kind::SecretAddress;
        assert_eq!(kind.shown("https://hc-ping.com/secret-uuid"), "https://hc-ping.com/…");
        assert_eq!(kind.shown("http://127.0.0.1:8000/secret?secret"), "http://127.0.0.1:8000/…");
        assert_eq!(kind.shown("secret"), "(not shown)");
        assert_eq!(kind.shown("https://user:secret@host/"), "(not shown)");
        for bad in
            ["secret", "ftp://secret/x", "https://", "https://user:secret@host/", "https://host/secret#x", "https://ho st/secret"]
        {
            for error in [load(&format!("[backup]\nping_url = \"{bad}\""), &[]), load("", &[("WPP_BACKUP_PING_URL", bad)])] {
                let error = error.unwrap_err();
                assert!(!error.chain().contains("secret") && !error.hints().join("").contains("secret/"), "{error}");
            }
        }
        assert!(load("[backup]\nping_url = 3", &[]).is_err());
    }

    #[test]
    fn a_path_that_depends_on_the_working_directory_is_refused_with_the_one_that_may_be_meant() {
        for (name, variable) in [
            ("destination", "WPP_BACKUP_DESTINATION"),
            ("textfile", "WPP_BACKUP_TEXTFILE"),
            ("s3.credentials_file", "WPP_BACKUP_S3_CREDENTIALS_FILE"),
        ] {
            for bad in ["archives", "./archives", "../archives", "~/archives"] {
                let error = load(&format!("[backup]\n{name} = \"{bad}\""), &[]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Usage);
                assert!(error.message().contains("an absolute path"), "{name} {bad}: {error}");
                let meant = error.hints().iter().any(|hint| hint.starts_with("write \"/") && hint.contains("archives"));
                assert_eq!(meant, !bad.starts_with('~'), "{name} {bad}: {:?}", error.hints());
                let error = load("", &[(variable, bad)]).unwrap_err();
                assert!(error.message().contains(variable), "{error}");
            }
            for good in ["", "/srv/archives"] {
                load(&format!("[backup]\n{name} = \"{good}\""), &[(variable, good)]).unwrap();
            }
        }
        assert_eq!(load("[backup]\ndestination = \"s3://b/p\"", &[]).unwrap().text("backup.destination"), "s3://b/p");
        assert!(load("[backup]\ntextfile = \"s3://b/p\"", &[]).is_err());
    }

    #[test]
    fn a_file_that_is_no_toml_is_told_by_its_place_and_never_by_its_words() {
        for (text, line, key) in [
            ("[backup]\nping_url = https://host/tellnoone", 2, "at ping_url"),
            ("[backup]\n\nping_url = \"https://host/tellnoone", 3, "at ping_url"),
            ("[backup]\nping_url = \"https://host/tell\\qnoone\"", 2, "at ping_url"),
            ("[backup]\nping_url = 'a' tellnoone", 2, "at ping_url"),
            ("[backup]\nping_url = 'tellnoone'\nping_url = 'tellnoone'", 3, "ping_url"),
            ("[backup]\ntellnoone", 2, ""),
            ("[backup]\ntellnoone = = 3", 2, ""),
            ("x = [\"tellnoone\"", 1, ""),
            ("x = 0tellnoone", 1, ""),
            ("x = {tellnoone", 1, ""),
        ] {
            let error = load(text, &[]).unwrap_err();
            let said = format!("{error} {} {}", error.chain(), error.hints().join(" "));
            assert!(!said.contains("tell") && !said.contains("noone"), "{text}: {said}");
            assert!(said.contains(&format!("line {line}, column ")) && said.contains(key), "{text}: {said}");
        }
    }

    #[test]
    fn a_span_is_read_and_an_empty_one_is_none() {
        assert_eq!(load("", &[]).unwrap().span("backup.keep_within"), None);
        let config = load("[backup]\nkeep_within = \"1y6m\"", &[]).unwrap();
        assert_eq!(config.span("backup.keep_within").map(|span| span.to_string()).as_deref(), Some("1y6m"));
    }

    #[test]
    fn lists_and_booleans_are_read_in_every_spelling() {
        for text in ["recipients = [\"age1a\", \"age1b\"]", "recipients = \"age1a, age1b\""] {
            let config = load(&format!("[backup]\n{text}"), &[]).unwrap();
            assert_eq!(config.list("backup.recipients").collect::<Vec<_>>(), ["age1a", "age1b"]);
        }
        assert_eq!(load("", &[]).unwrap().list("backup.recipients").count(), 0);
        assert!(load("", &[]).unwrap().boolean("backup.s3.path_style"));
        assert!(!load("[backup.s3]\npath_style = false", &[]).unwrap().boolean("backup.s3.path_style"));
        assert!(!load("", &[("WPP_BACKUP_S3_PATH_STYLE", "false")]).unwrap().boolean("backup.s3.path_style"));
        assert!(load("", &[("WPP_BACKUP_S3_PATH_STYLE", "yes")]).is_err());
        assert!(load("[backup]\nrecipients = [1]", &[]).is_err());
    }

    #[test]
    fn what_is_wrong_is_named_with_a_way_out() {
        for (text, part) in [
            ("defualt_session = \"x\"", "did you mean default_session?"),
            ("[daemon]\nwatchdogms = 5000", "did you mean daemon.watchdog_ms?"),
            ("zebra = 1", "`wpp help config`"),
            ("[daemon]\nwatchdog_ms = \"fast\"", "silence from the server"),
            ("[daemon]\nwatchdog_ms = 1", "silence from the server"),
            ("default_session = \"../x\"", "session used when"),
            ("[backup]\nkeep_within = \"fortnight\"", "keep all archives made within"),
            ("[backup]\nkeep_within = 7", "keep all archives made within"),
            ("daemon = 3", "`wpp help config`"),
            ("[backup]\nformat = \"zip\"", "format of archives"),
            ("[backup]\nlevel = 3", "how hard"),
            ("x = [", "fix line 1"),
            ("[backup]\nkeep_last = \"0\"", "write `keep_last = 0`, without quotes"),
            ("default_session = 7", "write `default_session = \"7\"`, in quotes"),
        ] {
            let error = load(text, &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
            assert!(error.hints().iter().any(|hint| hint.contains(part)), "{text}: {:?}", error.hints());
        }
        for (text, line) in
            [("# x\n[daemon]\n watchdog_ms = 1", 3), ("[backup]\nzebra = 1", 2), ("a = 1", 1), ("\n[zebra]\nx = 1", 2)]
        {
            let error = load(text, &[]).unwrap_err();
            assert!(error.message().contains(&format!("config.toml, line {line} ")), "{text}: {error}");
        }
        assert!(load("", &[("WPP_DAEMON_WATCHDOG_MS", "no")]).unwrap_err().message().contains("WPP_DAEMON_WATCHDOG_MS"));
    }
}
