//! One executable block of a runbook: its kind, its attributes and its lines. Pure.
//!
//! Start with [`Fence::parse`].

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::expect::Expect;
use super::front::{Span, is_name};
use super::path::Path;
use super::when::Condition;

/// How long a step may take when it does not say.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The pause between tries when it does not say.
const EVERY: Duration = Duration::from_secs(1);
/// More tries than this are a loop.
const RETRIES_MAX: u32 = 1000;

/// What a block is run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Command lines of `wpp`.
    Wpp,
    /// One HTTP request.
    Http,
    /// A script of the shell.
    Sh,
    /// One query.
    Sql,
    /// A question to a person.
    Manual,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::Wpp, Kind::Http, Kind::Sh, Kind::Sql, Kind::Manual];

    /// The first word of a block's info string.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wpp => "wpp",
            Kind::Http => "http",
            Kind::Sh => "sh",
            Kind::Sql => "sql",
            Kind::Manual => "manual",
        }
    }
}

/// The headings under which blocks are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The steady state before.
    Prerequisites,
    /// What is done.
    Steps,
    /// Whether it worked.
    Verification,
    /// What is done after it did not.
    Rollback,
}

impl Part {
    /// Every part, in the order of the document.
    pub const ALL: [Part; 4] = [Part::Prerequisites, Part::Steps, Part::Verification, Part::Rollback];

    /// The heading.
    pub fn heading(self) -> &'static str {
        match self {
            Part::Prerequisites => "Prerequisites",
            Part::Steps => "Steps",
            Part::Verification => "Verification",
            Part::Rollback => "Rollback",
        }
    }
}

/// A value that is kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// What it is called from then on.
    pub name: String,
    /// Where it stands in the answer; `None` for the output itself.
    pub path: Option<Path>,
}

/// One executable block.
#[derive(Debug, Clone)]
pub struct Fence {
    /// Its id, unique in the file.
    pub id: String,
    /// What it is run by.
    pub kind: Kind,
    /// The heading that it stands under.
    pub part: Part,
    /// The line of the file that opens it, counted from 1.
    pub line: usize,
    /// Its lines.
    pub body: String,
    /// How long one try may take; `None` for as long as it takes.
    pub timeout: Option<Duration>,
    /// Further tries after the first.
    pub retries: u32,
    /// The pause between tries.
    pub every: Duration,
    /// The block that takes this one back.
    pub undo: Option<String>,
    /// What it is to answer.
    pub expect: Expect,
    /// Whether it is run.
    pub when: Option<Condition>,
    /// What is kept of its answer.
    pub save: Vec<Save>,
    /// The database that a query is put to.
    pub on: Option<String>,
    /// The attributes as they were written.
    pub attributes: Vec<(String, String)>,
}

/// The line of the file that a command line begins in, and its words.
pub type CommandLine = (usize, Vec<String>);

impl Fence {
    /// The kind that an info string names, if it is one of ours.
    pub fn kind_of(info: &str) -> Option<Kind> {
        let word = info.split_whitespace().next()?;
        Kind::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// Reads a block. The reasons say everything that is wrong with its attributes.
    pub fn parse(kind: Kind, part: Part, line: usize, info: &str, body: String) -> Result<Fence, Vec<String>> {
        let attributes = attributes(info).map_err(|reason| vec![reason])?;
        let mut wrong = Vec::new();
        let mut fence = Fence {
            id: String::new(),
            kind,
            part,
            line,
            body,
            timeout: (kind != Kind::Manual).then_some(TIMEOUT),
            retries: 0,
            every: EVERY,
            undo: None,
            expect: Expect::default(),
            when: None,
            save: Vec::new(),
            on: None,
            attributes: attributes.clone(),
        };
        for (number, (name, value)) in attributes.iter().enumerate() {
            if attributes[..number].iter().any(|(earlier, _)| earlier == name) {
                wrong.push(format!("{name} is said twice"));
            }
            if let Err(reason) = fence.set(name, value) {
                wrong.push(format!("{name}: {reason}"));
            }
        }
        if fence.id.is_empty() {
            wrong.push(format!(
                "a block of kind {} needs an id; where it is only to be read, use another word than {0}",
                kind.name()
            ));
        }
        if kind == Kind::Sql && fence.on.is_none() {
            wrong.push("a query needs on=…, the database that it is put to".to_owned());
        }
        if fence.body.trim().is_empty() {
            wrong.push("it is empty".to_owned());
        }
        if wrong.is_empty() { Ok(fence) } else { Err(wrong) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "id" if is_id(value) => self.id = value.to_owned(),
            "id" => return Err(format!("{value:?} is no id; ids are made of a-z, 0-9 and -")),
            "timeout" => self.timeout = Some(value.parse::<Span>()?.0),
            "retries" => match value.parse() {
                Ok(retries @ ..=RETRIES_MAX) => self.retries = retries,
                _ => return Err(format!("{value:?} is no number up to {RETRIES_MAX}")),
            },
            "every" => self.every = value.parse::<Span>()?.0,
            "undo" => self.undo = Some(value.to_owned()),
            "expect" => self.expect = Expect::parse(value)?,
            "when" => self.when = Some(Condition::parse(value)?),
            "save" => self.save = value.split(',').map(|one| save(one.trim())).collect::<Result<_, _>>()?,
            "on" if self.kind == Kind::Sql => self.on = Some(value.to_owned()),
            _ => {
                let known = ["id", "timeout", "retries", "every", "undo", "expect", "when", "save", "on"];
                return Err(format!("no block of kind {} has it; there are {}", self.kind.name(), known.join(", ")));
            }
        }
        Ok(())
    }

    /// Its command lines. The words still hold `{{names}}`, so that a value is always one word.
    pub fn command_lines(&self) -> Result<Vec<CommandLine>, (usize, String)> {
        let mut lines: Vec<(usize, String)> = Vec::new();
        let mut open = false;
        for (number, line) in (self.line + 1..).zip(self.body.lines()) {
            let (text, goes_on) = match line.trim_end().strip_suffix('\\') {
                Some(text) => (text, true),
                None => (line, false),
            };
            match lines.last_mut().filter(|_| open) {
                Some((_, whole)) => whole.push_str(&format!(" {text}")),
                None => lines.push((number, text.to_owned())),
            }
            open = goes_on;
        }
        let mut found = Vec::new();
        for (number, line) in lines {
            let words = shlex::split(&line).ok_or_else(|| (number, "a quote is not closed".to_owned()))?;
            if !words.is_empty() {
                found.push((number, words));
            }
        }
        Ok(found)
    }

    /// Every text of the block in which `{{names}}` are replaced by values.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = if self.kind == Kind::Sh { Vec::new() } else { vec![&self.body] };
        texts.extend(
            self.attributes
                .iter()
                .filter(|(name, _)| matches!(name.as_str(), "expect" | "when" | "on"))
                .map(|(_, value)| value.as_str()),
        );
        texts
    }

    /// The blocks for whose failure it is there.
    pub fn handles(&self) -> BTreeSet<&str> {
        self.when.as_ref().map(Condition::failures).unwrap_or_default()
    }

    /// The first line that says something, for lists.
    pub fn first_line(&self) -> &str {
        let said =
            |line: &&str| !line.is_empty() && (self.kind == Kind::Manual || !line.starts_with(['#']) && !line.starts_with("--"));
        self.body.lines().map(str::trim).find(said).unwrap_or_default()
    }
}

/// Whether a text is an id of a runbook or a block.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn save(text: &str) -> Result<Save, String> {
    let (name, path) = match text.split_once(':') {
        Some((name, path)) => (name, Some(Path::parse(path)?)),
        None => (text, None),
    };
    if !is_name(name) {
        return Err(format!("{name:?} is no name; names begin with a letter and are made of a-z, 0-9 and _"));
    }
    if path.as_ref().is_some_and(Path::is_of_many) {
        return Err(format!("{text:?} may lead to several values, and one is kept"));
    }
    Ok(Save { name: name.to_owned(), path })
}

/// The attributes of an info string: `name=value`, a value with spaces in double quotes.
fn attributes(info: &str) -> Result<Vec<(String, String)>, String> {
    let mut rest = info.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(|| format!("{rest:?} is no attribute such as id=x"))?;
        if name.is_empty() || name.contains(|c: char| !(c.is_ascii_lowercase() || c == '_' || c == '-')) {
            return Err(format!("{name:?} is no name of an attribute"));
        }
        let mut value = String::new();
        let after = if let Some(quoted) = after.strip_prefix('"') {
            let mut characters = quoted.char_indices();
            loop {
                match characters.next() {
                    None => return Err(format!("the quotes of {name} are not closed")),
                    Some((at, '"')) => break &quoted[at + 1..],
                    Some((_, '\\')) => match characters.next() {
                        Some((_, c @ ('"' | '\\'))) => value.push(c),
                        Some((_, c)) => value.extend(['\\', c]),
                        None => return Err(format!("the quotes of {name} are not closed")),
                    },
                    Some((_, c)) => value.push(c),
                }
            }
        } else {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            value.push_str(&after[..end]);
            &after[end..]
        };
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return Err(format!("{after:?} follows the quotes of {name}"));
        }
        if value.is_empty() {
            return Err(format!("{name} has no value"));
        }
        found.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(info: &str, body: &str) -> Result<Fence, Vec<String>> {
        let kind = Fence::kind_of(info).unwrap();
        Fence::parse(kind, Part::Steps, 10, info, body.to_owned())
    }

    #[test]
    fn attributes_are_read() {
        let read = fence(
            "wpp id=a-1 timeout=5m retries=3 every=2s undo=b expect=\"exit=0|3; ~a \\\"b\\\" \\d\" when=\"failed(x) or ran(y)\" save=n:$.a,m",
            "wpp x\n",
        )
        .unwrap();
        assert_eq!((read.id.as_str(), read.retries, read.undo.as_deref()), ("a-1", 3, Some("b")));
        assert_eq!((read.timeout, read.every), (Some(Duration::from_secs(300)), Duration::from_secs(2)));
        assert_eq!(read.attributes[5].1, "exit=0|3; ~a \"b\" \\d");
        assert_eq!(read.save.len(), 2);
        assert_eq!(fence("manual id=a", "Well?").unwrap().timeout, None);
    }

    #[test]
    fn everything_that_is_wrong_is_said() {
        for (info, body, said) in [
            ("wpp", "wpp x", "needs an id"),
            ("wpp id=A", "wpp x", "no id"),
            ("wpp id=a id=b", "wpp x", "twice"),
            ("wpp id=a colour=blue", "wpp x", "no block of kind wpp has it"),
            ("wpp id=a timeout=5", "wpp x", "no length of time"),
            ("wpp id=a retries=-1", "wpp x", "no number"),
            ("wpp id=a expect=\"exit=0", "wpp x", "not closed"),
            ("wpp id=a loose", "wpp x", "no attribute"),
            ("wpp id=a on=x", "wpp x", "has it"),
            ("wpp id=a", " \n", "empty"),
            ("sql id=a", "SELECT 1", "needs on"),
            ("wpp id=a save=N", "wpp x", "no name"),
            ("wpp id=a save=n:$.a[*]", "wpp x", "several"),
        ] {
            let reasons = fence(info, body).unwrap_err();
            assert!(reasons.iter().any(|reason| reason.contains(said)), "{info}: {reasons:?}");
        }
    }

    #[test]
    fn command_lines_are_words_before_values_stand_in_them() {
        let read =
            fence("wpp id=a", "# why\nwpp status --session {{session}}\n\nwpp send 'a b' \\\n  \"{{text}}\" # so\n").unwrap();
        let lines = read.command_lines().unwrap();
        assert_eq!(lines[0], (12, ["wpp", "status", "--session", "{{session}}"].map(str::to_owned).to_vec()));
        assert_eq!(lines[1], (14, ["wpp", "send", "a b", "{{text}}"].map(str::to_owned).to_vec()));
        assert_eq!(read.first_line(), "wpp status --session {{session}}");
        assert_eq!(fence("wpp id=a", "wpp 'x").unwrap().command_lines().unwrap_err().0, 11);
    }
}
