//! What is wrong with a runbook before it is run: a table of rules, each a pure function of the text.
//!
//! Start with [`lint`] and [`RULES`].

mod acts;
mod form;
mod names;
mod shell;

use serde::Serialize;

use super::endpoints::Server;
use super::parse::{Problem, Runbook};

/// Whether words after the program's name are a command line of `wpp`; else what is wrong with them.
pub type Parses = dyn Fn(&[String]) -> Result<(), String>;

/// Whether words after the program's name are a command line that asks a person whether it may.
pub type Asks = dyn Fn(&[String]) -> bool;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It will not do what it seems to do.
    Warning,
    /// It cannot be run.
    Error,
}

impl Level {
    /// The name as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// What a runbook asks of the server that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// The method.
    pub method: String,
    /// The path, with the signs of what is filled in, and the query.
    pub path: String,
    /// Whether it is asked again until the answer is as it should be.
    pub again: bool,
}

/// What a runbook asks of a server, in the order of its lines; commands of `wpp` left out.
pub fn addressed(runbook: &Runbook, server: &Server) -> Vec<Addressed> {
    acts::addressed(runbook, server).into_iter().map(|(_, asked)| asked).collect()
}

/// Lines, counted from 1, and what is wrong with each.
type Found = Vec<(usize, String)>;

/// Looks through a runbook for what breaks a rule.
type Look = fn(&Runbook, &Surroundings<'_>) -> Found;

/// One rule.
pub struct Rule {
    /// Its stable name.
    pub id: &'static str,
    /// How much breaking it matters.
    pub level: Level,
    /// What it asks for.
    pub asks: &'static str,
    look: Look,
}

/// What rules know beside the text.
pub struct Surroundings<'a> {
    /// The file's name without its ending.
    pub id: &'a str,
    /// Whether words are a command line of `wpp`.
    pub parses: &'a Parses,
    /// Whether such a line asks.
    pub asks: &'a Asks,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// The line, counted from 1.
    pub line: usize,
    /// What is so.
    pub message: String,
}

const fn error(id: &'static str, asks: &'static str, look: Look) -> Rule {
    Rule { id, level: Level::Error, asks, look }
}

const fn warning(id: &'static str, asks: &'static str, look: Look) -> Rule {
    Rule { id, level: Level::Warning, asks, look }
}

/// Every rule. `form` and `attributes` are those of the parser, which says itself what breaks them.
pub const RULES: &[Rule] = &[
    error("form", "front matter and closed blocks under the headings where blocks are run", |_, _| Vec::new()),
    error("attributes", "blocks have an id and attributes that are known", |_, _| Vec::new()),
    error("file-name", "the id is the file's name", form::file_name),
    error("headings", "the six headings, in their order", form::headings),
    error("duplicate-id", "no two blocks share an id", form::duplicate_id),
    error("undo", "what takes a block back is another block, and takes nothing back itself", form::undo),
    error("when", "a condition names blocks that had their turn before", form::when),
    error("verification", "at least one block under Verification that can fail", form::verification),
    warning("rollback", "blocks under Rollback, or a sentence", form::rollback),
    warning("never-run", "what looks like a step is one", form::never_run),
    warning("empty-heading", "every heading has something below it", form::empty_heading),
    error("front", "values in front that go together", form::front),
    error("undefined", "every name has a value where it is used", names::undefined),
    warning("unused", "every parameter is used", names::unused),
    error("parameter", "names, defaults and choices of parameters that can be used", names::parameter),
    error("command", "lines that wpp knows, with options that it has", acts::command),
    error("request", "requests that can be read", acts::request),
    error("query", "one query, with values outside of its quotes", acts::queries),
    error("endpoint", "endpoints that the addressed server has", acts::endpoint),
    warning("prerequisite-acts", "what stands under Prerequisites only looks", acts::prerequisite_acts),
    warning("literal-secret", "keys and tokens in headers are secret parameters", acts::literal_secret),
    warning("restore-unverified", "what restores is verified", acts::restore_unverified),
    warning("delete-before-verify", "nothing is removed before what replaces it is verified", acts::delete_before_verify),
    warning("unattended", "lines that ask are told --yes", acts::unattended),
    error("shell-braces", "values reach a script as variables", shell::braces),
    warning("quoted-glob", "a pattern in quotes matches nothing", shell::quoted_glob),
    warning("unreachable", "nothing follows what ends a script", shell::unreachable),
    warning("always-fails", "no block fails whatever there is, with others after it", shell::always_fails),
    warning("curl-fail", "curl is told to fail on an error of the server", shell::curl_fail),
    warning("insecure", "TLS is verified", shell::insecure),
    warning("sleep", "what is waited for is asked for again, and time alone is no proof", shell::sleep),
    warning("secret-argument", "secrets are no arguments of programs", shell::secret_argument),
    warning("read", "questions are manual blocks", shell::read),
];

/// Everything that is wrong with a text, by line.
pub fn lint(text: &str, surroundings: &Surroundings<'_>) -> Vec<Finding> {
    let of_parser =
        |problem: Problem| Finding { rule: problem.rule, level: Level::Error, line: problem.line, message: problem.message };
    let mut findings: Vec<Finding> = match Runbook::parse(text) {
        Err(problems) => problems.into_iter().map(of_parser).collect(),
        Ok((runbook, problems)) => {
            let of_rules = RULES.iter().flat_map(|rule| {
                let found = (rule.look)(&runbook, surroundings).into_iter();
                found.map(|(line, message)| Finding { rule: rule.id, level: rule.level, line, message })
            });
            problems.into_iter().map(of_parser).chain(of_rules).collect()
        }
    };
    findings.sort_by(|one, other| (one.line, one.rule).cmp(&(other.line, other.rule)));
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
