//! The YAML in front of a runbook: what it is, whom it is for, and its parameters.
//!
//! Start with [`Front::parse`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::guard::Guard;
use super::when::Condition;
use crate::dump::address;
use crate::error::{Error, ErrorKind};
use crate::session::Address;

/// On a smaller disk no sandbox comes up.
const DISK_MIB_MIN: u32 = 8;
/// The largest disk that a drill is given for its sandbox: it is made of memory.
pub const DISK_MIB_MAX: u32 = 1024;

/// What a runbook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// For when something is wrong or is to be changed.
    Runbook,
    /// A rehearsal.
    Drill,
}

impl Kind {
    /// `runbook` or `drill`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Runbook => "runbook",
            Kind::Drill => "drill",
        }
    }
}

/// How much what it is about matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is wrong.
    Info,
    /// It can wait.
    Low,
    /// It is to be looked at today.
    Medium,
    /// It is to be looked at now.
    High,
    /// Everything else waits.
    Critical,
}

impl Severity {
    /// The name as in the front matter.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// A length of time such as `30s`, `15m`, `24h` or `7d`; `250ms` too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("{text:?} is no length of time such as 30s, 15m, 24h or 7d");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let each_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        // Ten years: no step and no promise is longer, and no sum of such overflows.
        let whole_ms = number.checked_mul(each_ms).filter(|ms| *ms <= 315_360_000_000).ok_or_else(wrong)?;
        Ok(Span(Duration::from_millis(whole_ms)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        match units.iter().find(|(_, each)| ms > 0 && ms.is_multiple_of(*each)) {
            Some((unit, each)) => write!(formatter, "{}{unit}", ms / each),
            None => write!(formatter, "{ms}ms"),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_str(self)
    }
}

/// What a parameter's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Anything on one line.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Such as `30s`.
    Duration,
    /// An address with a scheme.
    Url,
    /// An absolute path.
    Path,
    /// A session of this host, or `CHANNEL:SESSION`.
    Session,
    /// One of `values`.
    Choice,
}

impl Type {
    /// The name as in the front matter.
    pub fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::Boolean => "boolean",
            Type::Duration => "duration",
            Type::Url => "url",
            Type::Path => "path",
            Type::Session => "session",
            Type::Choice => "choice",
        }
    }
}

/// What a runbook wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// What it is.
    pub help: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The values that a choice has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Its value when nobody gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether it is never shown nor written down.
    pub secret: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    #[serde(default)]
    help: String,
    #[serde(default, rename = "type")]
    kind: Type,
    #[serde(default)]
    values: Vec<Scalar>,
    #[serde(default)]
    default: Option<Scalar>,
    #[serde(default)]
    secret: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Short(String),
    Long(Long),
}

/// A YAML scalar as the text that an operator would type for it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Scalar::Boolean(value) => value.to_string(),
            Scalar::Integer(value) => value.to_string(),
            Scalar::Number(value) => value.to_string(),
            Scalar::Text(value) => value,
        }
    }
}

impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Parameter, D::Error> {
        Ok(match Written::deserialize(from)? {
            Written::Short(help) => Parameter { help, kind: Type::Text, values: Vec::new(), default: None, secret: false },
            Written::Long(long) => Parameter {
                help: long.help,
                kind: long.kind,
                values: long.values.into_iter().map(Scalar::text).collect(),
                default: long.default.map(Scalar::text),
                secret: long.secret,
            },
        })
    }
}

impl Parameter {
    /// Whether every value that it can have is JSON as it stands.
    pub fn is_json(&self) -> bool {
        let is_json = |value: &String| serde_json::from_str::<serde_json::Value>(value).is_ok();
        match self.kind {
            Type::Integer | Type::Number | Type::Boolean => true,
            Type::Choice => self.values.iter().all(is_json),
            Type::Text | Type::Duration | Type::Url | Type::Path | Type::Session => false,
        }
    }

    /// The value as it is used, or why it is none.
    pub fn check(&self, value: &str) -> Result<String, String> {
        let value = value.trim_end_matches(['\n', '\r']);
        let wrong = |what: &str| if self.secret { format!("it is not {what}") } else { format!("{value:?} is not {what}") };
        let whole = || Ok(value.to_owned());
        match self.kind {
            _ if value.contains('\0') => Err(wrong("text")),
            Type::Text if value.chars().any(|c| c.is_control() && c != '\t') => Err(wrong("text on one line")),
            Type::Text => whole(),
            Type::Integer => value.parse::<i64>().map_err(|_| wrong("a whole number")).and_then(|_| whole()),
            Type::Number => match value.parse::<f64>() {
                Ok(number) if number.is_finite() => whole(),
                _ => Err(wrong("a number")),
            },
            Type::Boolean if matches!(value, "true" | "false") => whole(),
            Type::Boolean => Err(wrong("true or false")),
            Type::Duration => value.parse::<Span>().and_then(|_| whole()),
            Type::Url => match address::read(value) {
                Ok(_) => Ok(value.trim_end_matches('/').to_owned()),
                Err(error) => Err(wrong(&format!("an address ({error})"))),
            },
            Type::Path if Path::new(value).is_absolute() => whole(),
            Type::Path => Err(wrong("an absolute path")),
            Type::Session => value.parse::<Address>().map_err(|error| error.chain()).and_then(|_| whole()),
            Type::Choice if self.values.iter().any(|known| known == value) => whole(),
            Type::Choice => Err(wrong(&format!("one of {}", self.values.join(", ")))),
        }
    }
}

/// A condition as it is written, one that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// As it is written.
    pub text: String,
    /// What it asks.
    pub condition: Condition,
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<When, D::Error> {
        let text = String::deserialize(from)?;
        let condition = Condition::parse(&text).map_err(D::Error::custom)?;
        Ok(When { text, condition })
    }
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_str(&self.text)
    }
}

/// What a run that passes says of itself when something was so: what a pass does not prove, what comes
/// next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// When it is said.
    pub when: When,
    /// What is said; values stand in it as in blocks.
    pub says: String,
}

/// Everything that stands in front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// The file's name without its ending.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Runbook or drill.
    pub kind: Kind,
    /// How much what it is about matters.
    pub severity: Severity,
    /// How soon somebody should begin.
    pub respond_within: Span,
    /// `wpp session`, `host`, or a plugin's name.
    pub applies_to: String,
    /// Where operators know it from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What it wants to be told.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// When it runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The time zone of `schedule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How long before that people are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_before: Option<Span>,
    /// After how many runs in a row that did not pass somebody else is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after: Option<u32>,
    /// When somebody else is told after a single run that did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_when: Option<When>,
    /// What a run that passes says of itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// Whether it runs in a throw-away sandbox home.
    #[serde(default)]
    pub sandbox: bool,
    /// Of how many MiB the disk of that home is, on machines that allow it one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_mib: Option<u32>,
    /// What must hold before it starts and before every step.
    #[serde(default)]
    pub guards: Vec<Guard>,
}

impl Front {
    /// Reads it. The error says what is wrong and, where that is known, in which line of the YAML,
    /// counted from 1.
    pub fn parse(yaml: &str) -> Result<Front, (Option<usize>, String)> {
        let mut front: Front = serde_saphyr::from_str(yaml).map_err(|error| {
            let line = error.location().map(|location| usize::try_from(location.line()).unwrap_or(1));
            let text = error.without_snippet().to_string();
            (line, text.lines().next().unwrap_or_default().to_owned())
        })?;
        if let Some(size_mib) = front.disk_mib {
            if !front.sandbox {
                return Err((None, "disk_mib is the disk of a sandbox, and goes with `sandbox: true`".to_owned()));
            }
            if !(DISK_MIB_MIN..=DISK_MIB_MAX).contains(&size_mib) {
                return Err((None, format!("disk_mib is {size_mib}, and may be {DISK_MIB_MIN} to {DISK_MIB_MAX}")));
            }
        }
        // The parameter of this name is a session in every runbook, so the short form suffices.
        if let Some(session) = front.parameters.get_mut("session").filter(|session| session.kind == Type::Text) {
            session.kind = Type::Session;
        }
        Ok(front)
    }

    /// The value of a parameter as it is used.
    pub fn check(&self, name: &str, value: &str) -> crate::error::Result<String> {
        let Some(parameter) = self.parameters.get(name) else {
            let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
            let error = Error::new(ErrorKind::Usage, format!("the runbook {} has no parameter {name}", self.id));
            return Err(match &known[..] {
                [] => error.hint("it has none at all"),
                _ => error.hint(format!("it has: {}", known.join(", "))),
            });
        };
        parameter.check(value).map_err(|reason| {
            Error::new(ErrorKind::Usage, format!("the parameter {name} cannot be used: {reason}")).hint(format!(
                "{name} is {} ({})",
                parameter.help,
                parameter.kind.name()
            ))
        })
    }
}

/// Whether text is a name of a parameter or of a saved value.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "id: x\ntitle: X\nkind: drill\nseverity: high\nrespond_within: 15m\napplies_to: openwa\n";

    #[test]
    fn parameters_have_a_short_and_a_long_form() {
        let front = Front::parse(&format!(
            "{FRONT}parameters:\n  session: the session\n  count:\n    help: how many\n    type: integer\n    default: 3\n  url:\n  \
             key:\n    secret: true\nguards: [not-live, backup-younger-than(24h)]\n"
        ));
        // A name with nothing after it is no parameter yet.
        assert!(front.is_err());
        let front = Front::parse(&format!(
            "{FRONT}parameters:\n  session: the session\n  count:\n    help: how many\n    type: integer\n    default: 3\n  \
             key:\n    secret: true\nguards: [not-live, backup-younger-than(24h)]\n"
        ))
        .unwrap();
        assert_eq!(front.respond_within.to_string(), "15m");
        assert_eq!(front.parameters["session"].kind, Type::Session);
        assert_eq!(front.parameters["count"].default.as_deref(), Some("3"));
        assert!(front.parameters["key"].secret);
        assert_eq!(front.guards.len(), 2);
        assert_eq!(front.check("count", "x").unwrap_err().kind(), ErrorKind::Usage);
        assert!(front.check("cuont", "1").unwrap_err().hints()[0].contains("count"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let (line, reason) = Front::parse(&format!("{FRONT}colour: blue\n")).unwrap_err();
        assert!(reason.contains("colour"), "{reason}");
        assert_eq!(line, Some(7), "{reason}");
        assert!(Front::parse("id: x").unwrap_err().1.contains("title"));
        for (wrong, said) in [
            ("disk_mib: 64", "sandbox: true"),
            ("sandbox: true\ndisk_mib: 2048", "8 to 1024"),
            ("sandbox: true\ndisk_mib: 7", "8 to 1024"),
        ] {
            let reason = Front::parse(&format!("{FRONT}{wrong}\n")).unwrap_err().1;
            assert!(reason.contains(said), "{reason}");
        }
        assert_eq!(Front::parse(&format!("{FRONT}sandbox: true\ndisk_mib: 96\n")).unwrap().disk_mib, Some(96));
        assert!(Front::parse(&FRONT.replace("15m", "soon")).unwrap_err().1.contains("soon"));
    }

    #[test]
    fn values_are_of_their_type() {
        let parameter = |kind, values: &[&str]| Parameter {
            help: String::new(),
            kind,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            default: None,
            secret: false,
        };
        for (kind, good, bad) in [
            (Type::Text, "a b", "a\nb"),
            (Type::Integer, "-3", "3.5"),
            (Type::Number, "3.5", "NaN"),
            (Type::Boolean, "true", "yes"),
            (Type::Duration, "90s", "90"),
            (Type::Url, "http://127.0.0.1:1/x", "127.0.0.1"),
            (Type::Url, "postgres://owner@/d?host=/tmp", "owner@/d"),
            (Type::Path, "/x", "x"),
            (Type::Session, "main", "Main!"),
            (Type::Choice, "b", "c"),
        ] {
            let parameter = parameter(kind, &["a", "b"]);
            assert_eq!(parameter.check(good).as_deref(), Ok(good));
            assert!(parameter.check(bad).is_err(), "{kind:?}");
        }
        let secret = Parameter { secret: true, ..parameter(Type::Integer, &[]) };
        assert!(!secret.check("hush").unwrap_err().contains("hush"));
    }

    #[test]
    fn lengths_of_time_are_said_as_they_are_written() {
        for text in ["250ms", "30s", "15m", "24h".replace("24h", "1d").as_str(), "7d", "0ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "s", "5", "5 s", "-5s", "99999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
