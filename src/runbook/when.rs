//! Whether a step is run: the condition in its `when`. Pure but for [`Facts`], which the caller supplies.

use std::collections::BTreeSet;

/// A parsed condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The step ran and was as expected.
    Passed(String),
    /// The step ran and was not.
    Failed(String),
    /// The step was begun.
    Ran(String),
    /// A program of this name is on PATH.
    Command(String),
    /// A value is, or is not, this text.
    Value(String, bool, String),
    /// It does not hold.
    Not(Box<Condition>),
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One of them holds.
    Or(Box<Condition>, Box<Condition>),
}

/// What conditions ask for.
pub trait Facts {
    /// How a step ended: `Some(true)` as expected; `None` when it did not run.
    fn passed(&self, step: &str) -> Option<bool>;
    /// Whether a program is on PATH.
    fn command(&self, name: &str) -> bool;
    /// A text with values in the place of `{{names}}`.
    fn fill(&self, text: &str) -> String;
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Condition, String> {
        let words = words(text)?;
        if words.len() > WORDS_MAX {
            return Err(format!("a condition has at most {WORDS_MAX} words"));
        }
        let mut reader = Reader { text, words: &words, depth: 0 };
        let condition = reader.either()?;
        match reader.words {
            [] => Ok(condition),
            [more, ..] => Err(format!("{more:?} follows the condition in {text:?}")),
        }
    }

    /// Whether it holds now.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Condition::Passed(step) => facts.passed(step) == Some(true),
            Condition::Failed(step) => facts.passed(step) == Some(false),
            Condition::Ran(step) => facts.passed(step).is_some(),
            Condition::Command(name) => facts.command(name),
            Condition::Value(left, equal, right) => (facts.fill(left) == facts.fill(right)) == *equal,
            Condition::Not(inner) => !inner.holds(facts),
            Condition::And(left, right) => left.holds(facts) && right.holds(facts),
            Condition::Or(left, right) => left.holds(facts) || right.holds(facts),
        }
    }

    /// The steps that it names.
    pub fn steps(&self) -> BTreeSet<&str> {
        match self {
            Condition::Passed(step) | Condition::Failed(step) | Condition::Ran(step) => BTreeSet::from([step.as_str()]),
            Condition::Command(_) | Condition::Value(..) => BTreeSet::new(),
            Condition::Not(inner) => inner.steps(),
            Condition::And(left, right) | Condition::Or(left, right) => &left.steps() | &right.steps(),
        }
    }

    /// The steps for whose failure it is there.
    pub fn failures(&self) -> BTreeSet<&str> {
        match self {
            Condition::Failed(step) => BTreeSet::from([step.as_str()]),
            Condition::And(left, right) | Condition::Or(left, right) => &left.failures() | &right.failures(),
            _ => BTreeSet::new(),
        }
    }
}

/// Brackets and words; a name with its argument, `failed(x)`, is one word.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' if word.is_empty() => words.push("(".to_owned()),
            '(' => {
                depth += 1;
                word.push(c);
            }
            ')' if depth > 0 => {
                depth -= 1;
                word.push(c);
            }
            ')' => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                words.push(")".to_owned());
            }
            c if c.is_whitespace() && depth == 0 => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            }
            c => word.push(c),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    if depth > 0 { Err(format!("{text:?} lacks a )")) } else { Ok(words) }
}

/// How long a condition may be.
const WORDS_MAX: usize = 500;
/// How deep brackets and `not` may stand in one another.
const DEPTH_MAX: usize = 32;

struct Reader<'a> {
    text: &'a str,
    words: &'a [String],
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: &str) -> bool {
        match self.words {
            [first, rest @ ..] if first == wanted => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn either(&mut self) -> Result<Condition, String> {
        let mut left = self.both()?;
        while self.take("or") {
            left = Condition::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Condition, String> {
        let mut left = self.one()?;
        while self.take("and") {
            left = Condition::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<Condition, String>) -> Result<Condition, String> {
        if self.depth == DEPTH_MAX {
            return Err(format!("a condition is at most {DEPTH_MAX} brackets and `not` deep"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.deeper(Reader::one)?)));
        }
        if self.take("(") {
            let inner = self.deeper(Reader::either)?;
            return if self.take(")") { Ok(inner) } else { Err(format!("{:?} lacks a )", self.text)) };
        }
        let [word, rest @ ..] = self.words else { return Err(format!("{:?} ends too soon", self.text)) };
        self.words = rest;
        if let Some((name, argument)) = word.split_once('(')
            && let Some(argument) = argument.strip_suffix(')').map(str::trim).filter(|argument| !argument.is_empty())
        {
            let argument = argument.to_owned();
            match name {
                "passed" => return Ok(Condition::Passed(argument)),
                "failed" => return Ok(Condition::Failed(argument)),
                "ran" => return Ok(Condition::Ran(argument)),
                "command" => return Ok(Condition::Command(argument)),
                _ => {}
            }
        }
        for (sign, equal) in [("==", true), ("!=", false)] {
            if let Some((left, right)) = word.split_once(sign).filter(|(left, _)| left.contains("{{")) {
                return Ok(Condition::Value(left.to_owned(), equal, right.to_owned()));
            }
        }
        Err(format!(
            "{word:?} is no condition; there are passed(ID), failed(ID), ran(ID), command(NAME), {{{{name}}}}==value, and not, and, or"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl Facts for Known {
        fn passed(&self, step: &str) -> Option<bool> {
            [("a", true), ("b", false)].into_iter().find(|(name, _)| *name == step).map(|(_, passed)| passed)
        }
        fn command(&self, name: &str) -> bool {
            name == "docker"
        }
        fn fill(&self, text: &str) -> String {
            text.replace("{{x}}", "1")
        }
    }

    #[test]
    fn conditions_hold_and_do_not() {
        for (text, holds) in [
            ("passed(a)", true),
            ("failed(a)", false),
            ("failed(b)", true),
            ("ran(b)", true),
            ("ran(c)", false),
            ("passed(c)", false),
            ("failed(c)", false),
            ("not ran(c)", true),
            ("passed(a) and failed(b)", true),
            ("passed(b) or passed(a) and failed(a)", false),
            ("(passed(b) or passed(a)) and failed(b)", true),
            ("not (passed(a) and failed(b))", false),
            ("command(docker)", true),
            ("not command(podman)", true),
            ("{{x}}==1", true),
            ("{{x}}!=1", false),
        ] {
            assert_eq!(Condition::parse(text).unwrap().holds(&Known), holds, "{text}");
        }
        let condition = Condition::parse("failed(b) and not passed(a)").unwrap();
        assert_eq!(condition.steps(), BTreeSet::from(["a", "b"]));
        assert_eq!(condition.failures(), BTreeSet::from(["b"]));
    }

    #[test]
    fn what_is_no_condition_is_said() {
        for text in
            ["", "chosen", "failed()", "failed(a", "passed(a) failed(b)", "and passed(a)", "minute_after(a)", "(ran(a)", "x==1"]
        {
            assert!(Condition::parse(text).is_err(), "{text:?}");
        }
        for deep in ["not ".repeat(50_000), "(".repeat(50_000)] {
            assert!(Condition::parse(&format!("{deep}passed(a)")).is_err());
        }
        assert!(Condition::parse(&format!("passed(a){}", " and passed(a)".repeat(50_000))).is_err());
        assert!(Condition::parse(&format!("{}passed(a){}", "(".repeat(30), ")".repeat(30))).is_ok());
    }
}
