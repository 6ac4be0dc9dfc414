//! What a step is to answer: the terms of `expect`, and whether an answer meets them. Pure.
//!
//! Start with [`Expect::parse`] and [`Expect::judge`].

use std::cmp::Ordering;
use std::fmt;

use regex::Regex;
use serde_json::Value;

use super::fence::Kind;
use super::path::{self, Path};

/// What a step answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The exit code of a command line or a script.
    pub exit: Option<i32>,
    /// The status of an HTTP response.
    pub status: Option<u16>,
    /// Everything that it wrote.
    pub output: String,
    /// What it wrote as JSON: a report, a response's body.
    pub json: Option<Value>,
    /// Ids of the findings that reports hold.
    pub findings: Vec<String>,
    /// Rows of a query.
    pub rows: Option<usize>,
    /// The first column of a query's first row.
    pub value: Option<String>,
    /// Which of several lines it is the answer of.
    pub line: Option<String>,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    // The longer ones first: `<=` begins with `<`.
    const ALL: [(&'static str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];

    fn sign(self) -> &'static str {
        Comparison::ALL.iter().find(|(_, known)| *known == self).map_or("", |(sign, _)| sign)
    }

    /// Whether it holds; numbers are compared as numbers if both are. Beside a number nothing else is
    /// more or less: `null` is not at least 0.
    pub fn holds(self, observed: &str, expected: &str) -> bool {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let order = match (number(observed), number(expected)) {
            (Some(observed), Some(expected)) => observed.partial_cmp(&expected),
            (None, Some(_)) if !matches!(self, Comparison::Equal | Comparison::Unequal) => None,
            _ => Some(observed.cmp(expected)),
        };
        order.is_some_and(|order| match self {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::Unequal => order != Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::AtLeast => order != Ordering::Less,
        })
    }
}

/// One thing that is to hold.
#[derive(Debug, Clone)]
pub enum Term {
    /// Whatever it answers is right.
    Any,
    /// One of these exit codes.
    Exit(Vec<i32>),
    /// One of these statuses.
    Status(Vec<u16>),
    /// The path leads somewhere.
    There(Path),
    /// Everything that the path leads to compares so.
    Compare(Path, Comparison, String),
    /// Everything that the path leads to matches.
    Match(Path, Regex),
    /// The output matches.
    Output(Regex),
    /// A report holds this finding.
    Finding(String),
    /// No report does.
    NoFinding(String),
    /// The number of rows.
    Rows(Comparison, String),
    /// The first value of the first row.
    Value(Comparison, String),
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Any => formatter.write_str("any answer"),
            Term::Exit(codes) => write!(formatter, "exit {}", either(codes)),
            Term::Status(codes) => write!(formatter, "status {}", either(codes)),
            Term::There(path) => write!(formatter, "{path} is there"),
            Term::Compare(path, comparison, value) => write!(formatter, "{path} {} {value}", comparison.sign()),
            Term::Match(path, regex) => write!(formatter, "{path} matches {regex}"),
            Term::Output(regex) => write!(formatter, "the output matches {regex}"),
            Term::Finding(id) => write!(formatter, "finding {id}"),
            Term::NoFinding(id) => write!(formatter, "no finding {id}"),
            Term::Rows(comparison, value) => write!(formatter, "rows {} {value}", comparison.sign()),
            Term::Value(comparison, value) => write!(formatter, "value {} {value}", comparison.sign()),
        }
    }
}

fn either<T: fmt::Display>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" or ")
}

/// The terms of one step; without any, what its kind expects by itself.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// All of them must hold.
    pub terms: Vec<Term>,
}

/// What was seen, and whether it is what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Whether all terms hold.
    pub holds: bool,
    /// The first that does not, or a summary.
    pub observed: String,
}

impl Expect {
    /// Reads terms that are joined by `;`. A `;` that is meant as such is written `\;`.
    pub fn parse(text: &str) -> Result<Expect, String> {
        let mut terms = Vec::new();
        let mut rest = String::new();
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\\' if characters.peek() == Some(&';') => rest.extend(characters.next()),
                ';' => terms.push(std::mem::take(&mut rest)),
                c => rest.push(c),
            }
        }
        terms.push(rest);
        let terms: Vec<Term> =
            terms.iter().map(|term| term.trim()).filter(|term| !term.is_empty()).map(term).collect::<Result<_, _>>()?;
        if terms.is_empty() {
            return Err("it expects nothing; write `any` if whatever it answers is right".into());
        }
        if terms.len() > 1 && terms.iter().any(|term| matches!(term, Term::Any)) {
            return Err("`any` goes with nothing else".into());
        }
        Ok(Expect { terms })
    }

    /// Whether whatever it answers is right.
    pub fn is_any(&self) -> bool {
        matches!(self.terms[..], [Term::Any])
    }

    /// The terms for this kind of step, with what holds where no term speaks of it: exit 0, a status of
    /// success.
    fn whole(&self, kind: Kind) -> Vec<Term> {
        let mut terms = self.terms.clone();
        let speaks = |wanted: fn(&Term) -> bool| self.terms.iter().any(wanted);
        match kind {
            _ if self.is_any() => {}
            Kind::Wpp | Kind::Sh if !speaks(|term| matches!(term, Term::Exit(_))) => terms.insert(0, Term::Exit(vec![0])),
            Kind::Http if !speaks(|term| matches!(term, Term::Status(_))) => {
                terms.insert(0, Term::Status((200..300).collect()));
            }
            _ => {}
        }
        terms
    }

    /// The exit codes that do not end a step of several command lines; `None` when all do not.
    pub fn exits(&self) -> Option<Vec<i32>> {
        let given = self.terms.iter().find_map(|term| match term {
            Term::Exit(codes) => Some(codes.clone()),
            _ => None,
        });
        if self.is_any() { None } else { Some(given.unwrap_or_else(|| vec![0])) }
    }

    /// What is expected, for people.
    pub fn describe(&self, kind: Kind, fill: &dyn Fn(&str) -> String) -> String {
        let terms = self.whole(kind);
        if terms.is_empty() {
            return match kind {
                Kind::Manual => "yes".into(),
                _ => "a query that runs".into(),
            };
        }
        let success = |codes: &[u16]| codes.len() == 100;
        let words = terms.iter().map(|term| match term {
            Term::Status(codes) if success(codes) => "a status of success".to_owned(),
            other => fill(&other.to_string()),
        });
        words.collect::<Vec<_>>().join("; ")
    }

    /// Holds an answer against the terms. `fill` puts values in the place of `{{names}}`.
    /// `redact` takes secrets out of what is told: before it is cut to a length, or a part of one would
    /// no longer be known for it.
    pub fn judge(&self, kind: Kind, answer: &Answer, fill: &dyn Fn(&str) -> String, redact: &dyn Fn(&str) -> String) -> Judged {
        let tell: Tell<'_> = &|text| clip(&redact(text));
        let whole = self.whole(kind);
        let wrong = whole.iter().find_map(|term| holds(term, answer, fill, tell).err());
        let holds = wrong.is_none();
        let observed = wrong.unwrap_or_else(|| match kind {
            Kind::Manual => answer.output.clone(),
            _ => summary(answer, tell),
        });
        let observed = match &answer.line {
            Some(line) => format!("`{}`: {observed}", tell(line)),
            None => observed,
        };
        Judged { holds, observed }
    }
}

/// How a text is told: without secrets, and on one line of some length.
type Tell<'a> = &'a dyn Fn(&str) -> String;

fn summary(answer: &Answer, tell: Tell<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(exit) = answer.exit {
        parts.push(format!("exit {exit}"));
    }
    if let Some(status) = answer.status {
        parts.push(format!("status {status}"));
    }
    if let Some(rows) = answer.rows {
        parts.push(format!("{rows} rows"));
    }
    if let Some(value) = &answer.value {
        parts.push(format!("value {}", tell(value)));
    }
    if let Some(title) = answer.json.as_ref().and_then(|json| json.get("title")).and_then(Value::as_str) {
        parts.push(tell(title));
    }
    parts.join(", ")
}

/// A text on one line that is not too long for a table.
pub fn clip(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

fn holds(term: &Term, answer: &Answer, fill: &dyn Fn(&str) -> String, tell: Tell<'_>) -> Result<(), String> {
    let good = |good: bool, observed: String| if good { Ok(()) } else { Err(observed) };
    match term {
        Term::Any => Ok(()),
        Term::Exit(codes) => {
            let exit = answer.exit.ok_or("there is no exit code")?;
            good(codes.contains(&exit), with_output(format!("exit {exit}"), answer, tell))
        }
        Term::Status(codes) => {
            let status = answer.status.ok_or("there is no status")?;
            good(codes.contains(&status), with_output(format!("status {status}"), answer, tell))
        }
        Term::There(path) => {
            let values = look(path, answer, tell)?;
            good(!values.is_empty() && values.iter().all(|value| !value.is_null()), format!("{path} is not there"))
        }
        Term::Compare(path, comparison, expected) => {
            let expected = fill(expected);
            let values = look(path, answer, tell)?;
            good(!values.is_empty(), format!("{path} is not there"))?;
            let wrong = values.iter().map(path::text).find(|value| !comparison.holds(value, &expected));
            wrong.map_or(Ok(()), |value| Err(format!("{path} is {}", tell(&value))))
        }
        Term::Match(path, regex) => {
            let values = look(path, answer, tell)?;
            good(!values.is_empty(), format!("{path} is not there"))?;
            let wrong = values.iter().map(path::text).find(|value| !regex.is_match(value));
            wrong.map_or(Ok(()), |value| Err(format!("{path} is {}", tell(&value))))
        }
        Term::Output(regex) => {
            good(regex.is_match(&answer.output), with_output(format!("nothing in the output matches {regex}"), answer, tell))
        }
        Term::Finding(id) => {
            let id = fill(id);
            good(answer.findings.contains(&id), format!("no finding {id} ({})", listed(&answer.findings)))
        }
        Term::NoFinding(id) => {
            let id = fill(id);
            good(!answer.findings.contains(&id), format!("finding {id}"))
        }
        Term::Rows(comparison, expected) => {
            let rows = answer.rows.ok_or("there are no rows")?;
            good(comparison.holds(&rows.to_string(), &fill(expected)), format!("{rows} rows"))
        }
        Term::Value(comparison, expected) => {
            let value = answer.value.as_deref().ok_or("there is no row")?;
            good(comparison.holds(value, &fill(expected)), format!("value {}", tell(value)))
        }
    }
}

fn look(path: &Path, answer: &Answer, tell: Tell<'_>) -> Result<Vec<Value>, String> {
    match &answer.json {
        Some(json) => Ok(path.values(json)),
        None => Err(with_output(format!("{path} is not there: the answer is no JSON"), answer, tell)),
    }
}

fn listed(findings: &[String]) -> String {
    if findings.is_empty() { "none at all".to_owned() } else { format!("but {}", findings.join(", ")) }
}

fn with_output(observed: String, answer: &Answer, tell: Tell<'_>) -> String {
    let title = answer.json.as_ref().and_then(|json| json.get("title").or_else(|| json.get("message"))).and_then(Value::as_str);
    match title.or_else(|| answer.output.trim().lines().next_back()).map(tell) {
        Some(said) if !said.is_empty() => format!("{observed}: {said}"),
        _ => observed,
    }
}

fn term(text: &str) -> Result<Term, String> {
    let regex = |text: &str| Regex::new(text).map_err(|error| format!("{text:?} is no regular expression: {error}"));
    if text == "any" {
        return Ok(Term::Any);
    }
    if let Some(pattern) = text.strip_prefix('~') {
        return Ok(Term::Output(regex(pattern)?));
    }
    if text.starts_with('$') {
        let (path, rest) = Path::read(text)?;
        let rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(Term::There(path));
        }
        if let Some(pattern) = rest.strip_prefix('~') {
            return Ok(Term::Match(path, regex(pattern)?));
        }
        let (comparison, value) = compared(rest).ok_or_else(|| format!("{text:?}: {rest:?} is no comparison"))?;
        return Ok(Term::Compare(path, comparison, value));
    }
    for (name, make) in [("rows", Term::Rows as fn(Comparison, String) -> Term), ("value", Term::Value)] {
        if let Some(rest) = text.strip_prefix(name)
            && let Some((comparison, value)) = compared(rest.trim_start())
        {
            return Ok(make(comparison, value));
        }
    }
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is nothing that can be expected"))?;
    let value = value.trim();
    match name.trim() {
        _ if value.is_empty() => Err(format!("{text:?} says no value")),
        "exit" => Ok(Term::Exit(numbers(value)?)),
        "status" => Ok(Term::Status(numbers(value)?)),
        "finding" => Ok(Term::Finding(value.to_owned())),
        "no-finding" => Ok(Term::NoFinding(value.to_owned())),
        _ => Err(format!("{text:?} is nothing that can be expected")),
    }
}

fn compared(text: &str) -> Option<(Comparison, String)> {
    Comparison::ALL.iter().find_map(|(sign, comparison)| {
        let value = text.strip_prefix(sign)?.trim();
        let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        Some((*comparison, quoted.unwrap_or(value).to_owned()))
    })
}

fn numbers<T: std::str::FromStr>(text: &str) -> Result<Vec<T>, String> {
    text.split('|').map(|number| number.trim().parse().map_err(|_| format!("{number:?} is no number"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(expect: &str, kind: Kind, answer: &Answer) -> Judged {
        Expect::parse(expect)
            .unwrap()
            .judge(kind, answer, &|text| text.replace("{{n}}", "2"), &|text| text.replace("hush hush", "«key»"))
    }

    #[test]
    fn terms_hold_and_do_not() {
        let answer = Answer {
            exit: Some(3),
            output: "one\ntwo".into(),
            json: Some(
                json!({"data": {"state": "READY", "list": [{"n": 2}, {"n": 10}], "none": [], "nothing": null, "yes": true}}),
            ),
            findings: vec!["a.b".into()],
            ..Answer::default()
        };
        for good in [
            "any",
            "exit=0|3",
            "exit=3; $.data.state==READY",
            "exit=3; $.data.state!=ERROR",
            "exit=3; $.data.list.length>={{n}}",
            "exit=3; $.data.list[*].n>1",
            "exit=3; $.data.list[1].n>9",
            "exit=3; $.data.state~^REA",
            "exit=3; ~t.o",
            "exit=3; $.data.none",
            "exit=3; finding=a.b; no-finding=c.d",
        ] {
            assert!(judge(good, Kind::Wpp, &answer).holds, "{good}");
        }
        for bad in [
            "exit=0",
            "$.data.state==READY",
            "exit=3; $.data.state==ERROR",
            "exit=3; $.data.list[*].n>2",
            "exit=3; $.data.none[*].n>2",
            "exit=3; $.data.nothing>=0",
            "exit=3; $.data.yes>0",
            "exit=3; $.data.state>0",
            "exit=3; $.data.none>=0",
            "exit=3; $.data.absent",
            "exit=3; $.data.absent!=x",
            "exit=3; ~^two$",
            "exit=3; finding=c.d",
            "exit=3; no-finding=a.b",
        ] {
            let judged = judge(bad, Kind::Wpp, &answer);
            assert!(!judged.holds && !judged.observed.is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_query_and_a_response_are_judged() {
        let query = Answer { rows: Some(2), value: Some("10".into()), ..Answer::default() };
        assert!(judge("rows>=1; value>9", Kind::Sql, &query).holds);
        assert!(!judge("rows==1", Kind::Sql, &query).holds);
        assert!(!judge("value<9", Kind::Sql, &query).holds);
        let response = Answer { status: Some(404), output: "no".into(), ..Answer::default() };
        assert_eq!(Expect::default().judge(Kind::Http, &response, &str::to_owned, &str::to_owned).observed, "status 404: no");
        // A secret that the cut would part, and one whose blanks are folded.
        for before in ["", &"x".repeat(195)] {
            let told = Answer { output: format!("{before} hush hush"), ..response.clone() };
            let judged = judge("status=200", Kind::Http, &told);
            assert!(!judged.observed.contains("hush"), "{judged:?}");
        }
        let of_line = Answer { line: Some("wpp stop".into()), exit: Some(4), ..Answer::default() };
        assert_eq!(judge("exit=0", Kind::Wpp, &of_line).observed, "`wpp stop`: exit 4");
        assert!(judge("status=200|404", Kind::Http, &response).holds);
        assert!(!judge("status=404; $.ok", Kind::Http, &response).holds, "no JSON");
    }

    #[test]
    fn what_cannot_be_expected_is_said() {
        for text in ["", "any; exit=0", "exit=x", "colour=blue", "$.a=1", "~(", "exit=", "finding="] {
            assert!(Expect::parse(text).is_err(), "{text:?}");
        }
        assert!(matches!(&Expect::parse("~a\\;b").unwrap().terms[..], [Term::Output(_)]));
    }
}
