//! Values for a bundle, each by what it is: a word of a known list, a time, a hash, a name, a free text.

use serde_json::{Map, Value, json};

use super::words::Vocabulary;
use super::{Part, words};
use crate::clock::Timestamp;
use crate::daemon::api::AuthStage;
use crate::error::{Context as _, Result};
use crate::evidence::strangers::{Counts, Stranger};
use crate::forms::{Kind, is_hash};
use crate::session::state::{Reason, State};
use crate::whatsapp::fault::Fault;

/// The name of every home's first session, which says nothing about anybody.
const SESSION: &str = "main";

/// What a text of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Anything: [`Clean::text`].
    Text,
    /// [`Clean::told`].
    Told,
    /// [`Clean::term`].
    Term,
    /// [`Clean::session`].
    Session,
    /// [`Clean::time`].
    Time,
    /// [`Clean::version`].
    Version,
    /// [`Clean::hash`].
    Hash,
    /// [`Clean::name`].
    Name,
}

/// Whether it is known what people wrote in a session, so that it is found wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// It is.
    Known,
    /// Its messages could not be read: whatever is no text of `wpp`'s own, word for word, may be one of theirs.
    Unknown,
}

/// Makes the values of one file, and counts what it took out.
pub struct Clean<'a> {
    stranger: &'a Stranger,
    /// The home's folder, which paths are told from.
    home: &'a str,
    counts: Counts,
    /// Lets everything through: what the last wall is for.
    #[cfg(test)]
    pub broken: bool,
}

impl<'a> Clean<'a> {
    /// For one file of a bundle about a home.
    pub fn new(stranger: &'a Stranger, home: &'a str) -> Clean<'a> {
        Clean {
            stranger,
            home,
            counts: Counts::new(),
            #[cfg(test)]
            broken: false,
        }
    }

    fn is_broken(&self) -> bool {
        #[cfg(test)]
        return self.broken;
        #[cfg(not(test))]
        return false;
    }

    fn token(&mut self, kind: Kind, text: &str) -> String {
        if self.is_broken() {
            return text.to_owned();
        }
        self.stranger.token(kind, text, &mut self.counts)
    }

    /// A text that may hold anything.
    pub fn text(&mut self, text: &str) -> String {
        self.worded(text, Vocabulary::Common)
    }

    /// What a check of `wpp` itself says: its own words stay, and what it speaks of does not.
    pub fn told(&mut self, text: &str) -> String {
        self.worded(text, Vocabulary::Checks)
    }

    fn worded(&mut self, text: &str, vocabulary: Vocabulary) -> String {
        if self.is_broken() {
            return text.to_owned();
        }
        // Before anything else: the folder is known and says whose it is.
        let text = if self.home.len() > 1 { text.replace(self.home, "WPP_HOME") } else { text.to_owned() };
        let text = self.stranger.text(&text, &mut self.counts);
        words::wording(self.stranger, &text, vocabulary, &mut self.counts)
    }

    /// One of these words, or a token.
    pub fn word(&mut self, word: &str, allowed: &[&str]) -> String {
        if allowed.contains(&word) { word.to_owned() } else { self.token(Kind::Word, word) }
    }

    /// A word that names a state, a reason or a kind: small letters and what joins them, and known.
    pub fn term(&mut self, word: &str) -> String {
        let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        let known = words::is_known(word) || word.split(['_', '.', '-']).all(words::is_known);
        if plain && known && !word.is_empty() { word.to_owned() } else { self.token(Kind::Word, word) }
    }

    /// A session's name: the operator's own, which may be somebody's.
    pub fn session(&mut self, name: &str) -> String {
        if name == SESSION { name.to_owned() } else { self.token(Kind::Session, name) }
    }

    /// A name that the operator gave to something.
    pub fn name(&mut self, name: &str) -> String {
        self.token(Kind::Name, name)
    }

    /// A name that `wpp` itself may have given, or a token.
    pub fn own_name(&mut self, name: &str, own: impl Fn(&str) -> bool) -> String {
        if own(name) { name.to_owned() } else { self.token(Kind::Name, name) }
    }

    /// A moment, as RFC 3339 writes it; what is none is a token.
    pub fn time(&mut self, text: &str) -> String {
        // The library takes the name of a zone in brackets behind it, too.
        let plain = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_digit() || b"T:.Z+-".contains(&byte));
        if plain && text.parse::<Timestamp>().is_ok() { text.to_owned() } else { self.token(Kind::Word, text) }
    }

    /// A version: numbers with dots, and words behind them. Of one with other words the numbers stay.
    pub fn version(&mut self, text: &str) -> String {
        let number = |part: &str| part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
        let numbers = |text: &str| (1..=20).contains(&text.len()) && text.split('.').all(|part| !part.is_empty() && number(part));
        let (first, rest) = text.split_once(['-', '+']).unwrap_or((text, ""));
        if !numbers(first) {
            return self.text(text);
        }
        let known = |part: &str| number(part) || words::is_known(part) || PARTS.contains(&part);
        if rest.is_empty() || text.len() <= 40 && rest.split(['.', '-', '+']).all(known) {
            return text.to_owned();
        }
        format!("{first} {}", self.token(Kind::Word, rest))
    }

    /// A SHA-256 in hex; what is none is a token.
    pub fn hash(&mut self, text: &str) -> String {
        if is_hash(text) { text.to_owned() } else { self.token(Kind::Word, text) }
    }

    /// A value with the fields of its objects that are listed, on every level, and no others. Numbers, yes and
    /// no stay; a text becomes what its field's form makes of it.
    pub fn tree(&mut self, value: &Value, fields: &[(&str, Form)]) -> Value {
        self.tree_in(value, fields, Form::Text)
    }

    fn tree_in(&mut self, value: &Value, fields: &[(&str, Form)], form: Form) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) => self.formed(text, form).into(),
            Value::Array(values) => values.iter().map(|value| self.tree_in(value, fields, form)).collect(),
            Value::Object(object) => {
                let mut kept = Map::new();
                for (name, value) in object {
                    if let Some((_, form)) = fields.iter().find(|(field, _)| field == name) {
                        kept.insert(name.clone(), self.tree_in(value, fields, *form));
                    }
                }
                kept.into()
            }
        }
    }

    fn formed(&mut self, text: &str, form: Form) -> String {
        match form {
            Form::Text => self.text(text),
            Form::Told => self.told(text),
            Form::Term => self.term(text),
            Form::Session => self.session(text),
            Form::Time => self.time(text),
            Form::Version => self.version(text),
            Form::Hash => self.hash(text),
            Form::Name => self.name(text),
        }
    }

    /// The line of a session's log: of the daemon's own shape, or nothing of it.
    pub fn log_line(&mut self, line: &str, texts: Texts) -> Value {
        if self.is_broken() {
            return Value::String(line.to_owned());
        }
        let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else {
            return json!({ "unreadable": true, "size_bytes": line.len() });
        };
        let mut kept = Map::new();
        let mut dropped = 0;
        let is_own = |name: &str, text: &str| match name {
            "message" => !fields.contains_key("library") && words::LOGGED.contains(&text),
            _ => is_own_word(text) || is_log_token(text),
        };
        for (name, value) in &fields {
            let kept_value = match (name.as_str(), value) {
                ("at", Value::String(text)) => Some(self.time(text)),
                ("level", Value::String(text)) => Some(self.word(text, &["error", "warn", "info", "debug", "trace"])),
                ("library", Value::String(text)) => Some(self.place(text)),
                ("message", Value::String(text)) if is_own("message", text) => Some(text.clone()),
                (name, Value::String(text)) if texts == Texts::Unknown && !is_own(name, text) => None,
                ("message", Value::String(text)) => Some(self.text(text)),
                (name, Value::String(text)) if FIELDS.contains(&name) => Some(self.field(text)),
                (name, Value::Bool(_)) if FIELDS.contains(&name) => {
                    kept.insert(name.to_owned(), value.clone());
                    continue;
                }
                (name, Value::Number(number)) if FIELDS.contains(&name) => {
                    // Digits enough for somebody's number are nobody's count.
                    let most = if name.ends_with("_ms") { TIME_MS_MAX } else { COUNT_MAX };
                    if number.as_u64().is_some_and(|number| number <= most) {
                        kept.insert(name.to_owned(), value.clone());
                        continue;
                    }
                    Some(self.token(Kind::Person, &number.to_string()))
                }
                _ => None,
            };
            match kept_value {
                Some(text) => drop(kept.insert(name.clone(), text.into())),
                None => dropped += 1,
            }
        }
        if dropped > 0 {
            kept.insert("fields_left_out".into(), dropped.into());
        }
        kept.into()
    }

    /// The log's own token of somebody is made with a key that stays in the home: another one takes its place.
    fn field(&mut self, text: &str) -> String {
        if is_log_token(text) { self.token(Kind::Name, text) } else { self.text(text) }
    }

    /// The place of a line in a library: `module::part:12`.
    fn place(&mut self, text: &str) -> String {
        let (module, line) = text.rsplit_once(':').unwrap_or((text, ""));
        let named = module.split("::").next().is_some_and(|name| LIBRARIES.contains(&name));
        let plain = module.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte));
        let short = line.len() <= 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        if named && plain && short && module.len() <= 80 { text.to_owned() } else { self.token(Kind::Word, text) }
    }

    /// The finished file.
    pub fn part(self, name: impl Into<String>, value: &Value) -> Result<Part> {
        let mut bytes = serde_json::to_vec_pretty(value).while_doing(|| "cannot write a part of the bundle".into())?;
        bytes.push(b'\n');
        Ok(Part { name: name.into(), bytes, replaced: self.counts })
    }

    /// The finished file, a line for each value.
    pub fn lines(self, name: impl Into<String>, values: &[Value]) -> Part {
        let bytes = values.iter().flat_map(|value| format!("{value}\n").into_bytes()).collect();
        Part { name: name.into(), bytes, replaced: self.counts }
    }
}

/// A token as the daemon's log has it.
fn is_log_token(text: &str) -> bool {
    text.len() == 11 && text.starts_with('#') && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text is the name of a state, of a reason or of a class of outages, whole.
fn is_own_word(text: &str) -> bool {
    fn is<T: serde::de::DeserializeOwned>(text: &str) -> bool {
        serde_json::from_value::<T>(text.into()).is_ok()
    }
    is::<State>(text) || is::<Reason>(text) || is::<Fault>(text) || is::<AuthStage>(text)
}

/// Words in versions of kernels.
pub(super) const PARTS: &[&str] = &[
    "amd64",
    "arm64",
    "aarch64",
    "x86_64",
    "generic",
    "cloud",
    "aws",
    "azure",
    "gcp",
    "microsoft",
    "standard",
    "WSL2",
    "lts",
    "rc1",
    "rc2",
    "alpha",
    "beta",
    "el8",
    "el9",
    "el8_10",
    "fc40",
    "fc41",
    "fc42",
    "virt",
    "edge",
    "default",
    "server",
    "PREEMPT_DYNAMIC",
    "SMP",
];

/// A larger number in a line of the log counts nothing that a daemon counts.
const COUNT_MAX: u64 = 9_999_999;
/// Ten days.
const TIME_MS_MAX: u64 = 864_000_000;

/// Fields that the daemon's own lines have.
const FIELDS: &[&str] = &[
    "attempt",
    "cause",
    "chat",
    "code",
    "count",
    "detail",
    "error",
    "fault",
    "foreign",
    "from",
    "home",
    "id",
    "pid",
    "place",
    "reason",
    "session",
    "silent_ms",
    "stage",
    "state",
    "status",
    "tries",
    "to",
    "version",
    "waiting",
];

/// Libraries that write to the log.
const LIBRARIES: &[&str] = &[
    "whatsapp_rust",
    "wacore",
    "wacore_binary",
    "wacore_libsignal",
    "wacore_noise",
    "waproto",
    "rustls",
    "ureq",
    "diesel",
    "tokio",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::strangers::Known;

    fn with<T>(look: impl FnOnce(&mut Clean<'_>) -> T) -> T {
        let stranger = Stranger::new(Known::new([]).unwrap()).unwrap();
        look(&mut Clean::new(&stranger, "/home/ann/.wpp"))
    }

    #[test]
    fn what_is_of_its_form_stays_and_anything_else_is_a_token() {
        with(|clean| {
            assert_eq!(clean.session("main"), "main");
            assert!(clean.session("ann").starts_with("<session #"));
            assert_eq!(clean.time("2026-08-01T09:30:00Z"), "2026-08-01T09:30:00Z");
            assert!(clean.time("2026-08-01T09:30:00Z[Ann]").starts_with('<'));
            assert_eq!(clean.version("6.1.0-28-cloud-amd64"), "6.1.0-28-cloud-amd64");
            let version = clean.version("6.1.0-annspc");
            assert!(version.starts_with("6.1.0 <word #") && !version.contains("annspc"), "{version}");
            assert_eq!(clean.hash(&"0a".repeat(32)), "0a".repeat(32));
            assert!(clean.hash("15550100001").starts_with('<'));
            assert_eq!(clean.term("logged_out"), "logged_out");
            assert!(clean.term("zaphod").starts_with('<'));
            assert_eq!(clean.word("ann", &["info"]).get(..6), Some("<word "));
            let text = clean.text("cannot open /home/ann/.wpp/sessions/main/wpp.db: the disk is full");
            assert_eq!(text, "cannot open WPP_HOME/sessions/main/wpp.db: the disk is full");
        });
    }

    #[test]
    fn a_tree_keeps_the_fields_that_are_listed_and_no_others() {
        with(|clean| {
            let value = json!({ "session": "ann", "umbrella": "x", "in": [{ "session": "main", "n": 5, "darling": 3 }], "state": "READY" });
            let kept =
                clean.tree(&value, &[("session", Form::Session), ("in", Form::Text), ("n", Form::Text), ("state", Form::Term)]);
            assert_eq!(kept["in"], json!([{ "session": "main", "n": 5 }]));
            assert!(kept["session"].as_str().unwrap().starts_with("<session #") && kept["state"] == "READY", "{kept}");
            assert!(!kept.to_string().contains("umbrella") && !kept.to_string().contains("darling"));
        });
    }

    #[test]
    fn a_line_of_the_log_keeps_its_shape_alone() {
        with(|clean| {
            let line = r##"{"at":"2026-11-21T03:15:00.000Z","level":"warn","message":"not connected","fault":"refused","chat":"#0123456789","umbrella":"darling","pid":7}"##;
            let value = clean.log_line(line, Texts::Known);
            assert_eq!(
                (&value["message"], &value["pid"], &value["fields_left_out"]),
                (&json!("not connected"), &json!(7), &json!(1))
            );
            assert_ne!(value["chat"], "#0123456789", "{value}");
            let value = clean.log_line("darling, bring the umbrella", Texts::Known);
            assert_eq!(value, json!({ "unreadable": true, "size_bytes": 27 }));
            let value = clean.log_line(
                r#"{"level":"warn","message":"not connected","attempt":3,"pid":15550100123,"silent_ms":60000}"#,
                Texts::Known,
            );
            assert_eq!((&value["attempt"], &value["silent_ms"]), (&json!(3), &json!(60000)));
            assert!(value["pid"].as_str().unwrap().starts_with("<person #"), "{value}");
            // A library's line is never taken for one of the daemon's own.
            let value = clean
                .log_line(r#"{"library":"umbrella::darling:5","message":"umbrella tomorrow evening darling"}"#, Texts::Known);
            assert!(!value.to_string().contains("umbrella") && !value.to_string().contains("darling"), "{value}");
            let value = clean.log_line(r#"{"library":"diesel::send:15","message":"failed"}"#, Texts::Known);
            assert_eq!(value["library"], "diesel::send:15");
        });
    }
    #[test]
    fn of_a_session_whose_messages_cannot_be_read_a_line_keeps_what_is_known_word_for_word() {
        with(|clean| {
            let line = r##"{"at":"2026-11-21T03:15:00.000Z","level":"warn","message":"cannot send: the key is under the phone","reason":"the key is under the phone","cause":"key","attempt":3,"state":"READY","to":"#0123456789"}"##;
            let value = clean.log_line(line, Texts::Unknown);
            assert!(!value.to_string().contains("key"), "{value}");
            assert_eq!((&value["fields_left_out"], &value["attempt"], &value["state"]), (&json!(3), &json!(3), &json!("READY")));
            assert_eq!(value["at"], "2026-11-21T03:15:00.000Z");
            assert!(value["to"].as_str().unwrap().starts_with("<name #"), "{value}");
            let line = r#"{"level":"warn","message":"not connected","fault":"timeout","reason":"stream_replaced","detail":"the daemon"}"#;
            let value = clean.log_line(line, Texts::Unknown);
            assert_eq!(
                (&value["message"], &value["fault"], &value["reason"], &value["fields_left_out"]),
                (&json!("not connected"), &json!("timeout"), &json!("stream_replaced"), &json!(1))
            );
            // A library says what it likes, also in the words of the daemon.
            let line = r#"{"level":"warn","library":"diesel::send:15","message":"not connected"}"#;
            let value = clean.log_line(line, Texts::Unknown);
            assert_eq!((&value["library"], &value["message"]), (&json!("diesel::send:15"), &json!(null)), "{value}");
        });
    }
}
