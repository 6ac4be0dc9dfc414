//! Evidence that credentials were rotated: what changed in an environment file, by name alone.
//!
//! Values are read, compared and forgotten: neither an old nor a new one is in what comes out, and
//! [`Rotation::leaks`] looks whether one is in what others wrote. Start with [`Environment::parse`]
//! and [`Rotation::between`].

use std::collections::BTreeMap;

/// What became of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Another value than before.
    Rotated,
    /// The old value.
    Unchanged,
    /// New, or empty before.
    Added,
    /// Gone, or empty now.
    Removed,
}

impl Change {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Change::Rotated => "rotated",
            Change::Unchanged => "unchanged",
            Change::Added => "added",
            Change::Removed => "removed",
        }
    }
}

/// A value that is shorter says nothing when it stands in a text.
const VALUE_BYTES_MIN: usize = 6;

/// Two environment files, compared.
#[derive(Debug)]
pub struct Rotation {
    /// Every name in one of them.
    pub changes: BTreeMap<String, Change>,
    /// Values that were, and are, secret: of names that changed or had to. A value of several lines is
    /// there as a whole and line by line.
    values: Vec<(String, String)>,
}

impl Rotation {
    /// Compares two environment files; `required` are names whose values must differ.
    pub fn between(old: &Environment, new: &Environment, required: &[String]) -> Rotation {
        let mut changes = BTreeMap::new();
        let mut values = Vec::new();
        let names: std::collections::BTreeSet<&String> = old.0.keys().chain(new.0.keys()).collect();
        for name in names {
            let of = |file: &Environment| file.0.get(name).filter(|value| !value.is_empty()).cloned();
            let change = match (of(old), of(new)) {
                (Some(before), Some(after)) if before == after => Change::Unchanged,
                (Some(_), Some(_)) => Change::Rotated,
                (None, Some(_)) => Change::Added,
                (Some(_), None) => Change::Removed,
                (None, None) => Change::Unchanged,
            };
            if change != Change::Unchanged || required.contains(name) {
                let all = [of(old), of(new)].into_iter().flatten().flat_map(|value| parts(&value));
                values.extend(all.map(|value| (name.clone(), value)));
            }
            changes.insert(name.clone(), change);
        }
        Rotation { changes, values }
    }

    /// Which of these names were not rotated, and what became of them.
    pub fn lacking<'a>(&self, required: &'a [String]) -> Vec<(&'a str, &'static str)> {
        required
            .iter()
            .filter_map(|name| match self.changes.get(name) {
                Some(Change::Rotated) => None,
                Some(change) => Some((name.as_str(), change.name())),
                None => Some((name.as_str(), "in neither file")),
            })
            .collect()
    }

    /// The difference as text: names, and no value.
    pub fn text(&self) -> String {
        self.changes.iter().map(|(name, change)| format!("{name} {}\n", change.name())).collect()
    }

    /// Names whose old or new value stands in this text.
    pub fn leaks(&self, text: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.values.iter().filter(|(_, value)| text.contains(value.as_str())).map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names
    }

    /// The values that are secret.
    pub fn secrets(&self) -> impl Iterator<Item = String> + '_ {
        self.values.iter().map(|(_, value)| value.clone())
    }
}

/// What of a value tells it when it stands in a text: the whole, and each line of several. The lines
/// around a key in PEM are the same for all keys.
fn parts(value: &str) -> Vec<String> {
    let lines = value.lines().map(str::trim).filter(|line| !line.starts_with("-----") && *line != value);
    let all = std::iter::once(value).chain(lines);
    all.filter(|part| part.len() >= VALUE_BYTES_MIN).map(str::to_owned).collect()
}

/// The variables of an environment file.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the values.
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Reads what programs that load such files read: `NAME=value`, with or without `export`; a value in
    /// quotes may go over lines, one without ends before ` #` or at the end of its line.
    ///
    /// # Errors
    /// Says which line, counted from 1, is none of that, and why; never what is in it.
    pub fn parse(text: &str) -> Result<Environment, (usize, &'static str)> {
        let mut variables = BTreeMap::new();
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut number = 1;
        while !rest.is_empty() {
            let line = rest.split('\n').next().unwrap_or_default();
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with('#') {
                rest = &rest[(line.len() + 1).min(rest.len())..];
                number += 1;
                continue;
            }
            let start = number;
            let (name, after) = line.split_once('=').ok_or((start, "it is neither NAME=value nor a comment"))?;
            let name = name.trim();
            let name = name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(name, str::trim);
            if !is_name(name) {
                return Err((start, "what stands before the = is no name: letters, digits and _, and no digit first"));
            }
            // From the value on, with all that follows it.
            let value_on = &rest[line.len() - after.len()..];
            let lead = after.len() - after.trim_start().len();
            let (value, taken) = match after.trim_start().chars().next() {
                Some(quote @ ('"' | '\'' | '`')) => {
                    let (value, length) = quoted(&value_on[lead + 1..], quote).ok_or((start, "its quotes do not end"))?;
                    let taken = lead + 1 + length;
                    let behind = value_on[taken..].split('\n').next().unwrap_or_default();
                    let said = behind.trim().trim_start_matches(';').trim_start();
                    let comment = said.starts_with('#') && behind.starts_with([' ', '\t', ';']);
                    if !said.is_empty() && !comment {
                        return Err((start, "something stands behind its quotes"));
                    }
                    (value, taken + behind.len())
                }
                _ => (unquoted(after).to_owned(), after.len()),
            };
            if variables.insert(name.to_owned(), value).is_some() {
                return Err((start, "the name was given a value before, and programs differ in which one counts"));
            }
            number += value_on[..taken].matches('\n').count() + 1;
            rest = &value_on[(taken + 1).min(value_on.len())..];
        }
        Ok(Environment(variables))
    }
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A value without quotes, without the comment behind it and the semicolon of a shell's line.
fn unquoted(text: &str) -> &str {
    let comment = text.char_indices().find(|(at, c)| *c == '#' && text[..*at].ends_with([' ', '\t'])).map(|(at, _)| at);
    text[..comment.unwrap_or(text.len())].trim().trim_end_matches(';').trim_end()
}

/// A value up to its closing quote, and how much was read, that quote included. Between `"` a backslash
/// makes a line's end, a tab, or the next character what it is.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            _ if c == quote => return Some((value, at + 1)),
            '\\' if quote == '"' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# keys\nGITHUB_TOKEN=old-token-1\nexport SAME=\"kept-value\"\nGONE=was-here-1\n";
    const NEW: &str = "GITHUB_TOKEN='new-token-2'\nSAME=kept-value\nFRESH=fresh-value\nGONE=\n";

    fn between(old: &str, new: &str, required: &[String]) -> Rotation {
        Rotation::between(&Environment::parse(old).unwrap(), &Environment::parse(new).unwrap(), required)
    }

    #[test]
    fn names_are_told_and_values_are_not() {
        let rotation = between(OLD, NEW, &[]);
        assert_eq!(rotation.text(), "FRESH added\nGITHUB_TOKEN rotated\nGONE removed\nSAME unchanged\n");
        assert!(!format!("{:?}", Environment::parse(OLD)).contains("old-token-1"));
    }

    #[test]
    fn what_was_not_rotated_is_named() {
        let required = ["GITHUB_TOKEN", "SAME", "GONE", "NEVER"].map(str::to_owned);
        let rotation = between(OLD, NEW, &required);
        assert_eq!(rotation.lacking(&required), [("SAME", "unchanged"), ("GONE", "removed"), ("NEVER", "in neither file")]);
        assert!(rotation.lacking(&required[..1]).is_empty());
    }

    #[test]
    fn a_value_in_somebody_elses_text_is_found() {
        let required = ["SAME".to_owned()];
        let rotation = between(OLD, NEW, &required);
        assert_eq!(rotation.leaks("x old-token-1 y"), ["GITHUB_TOKEN"]);
        assert_eq!(rotation.leaks("new-token-2 kept-value"), ["GITHUB_TOKEN", "SAME"]);
        assert!(rotation.leaks("all is well").is_empty());
    }

    #[test]
    fn the_old_value_in_another_dress_is_no_rotation() {
        for new in [
            "A=old-value # rotated today",
            "A=old-value\t# rotated",
            "A=old-value;",
            "A=old-value ; # done",
            "export A=old-value",
            "A = old-value",
            "A='old-value'",
            "A=\"old-value\" # rotated",
            "A=`old-value`;",
            "A=old-value\r",
            "\u{feff}A=old-value",
        ] {
            assert_eq!(between("A=old-value\n", &format!("{new}\n"), &[]).changes["A"], Change::Unchanged, "{new:?}");
            assert_eq!(between("A=old-value", new, &[]).changes["A"], Change::Unchanged, "{new:?}");
        }
        // What is within a value is part of it.
        assert_eq!(Environment::parse("A=x#y\nB='p # q'\nC=\"a\\\"b\"\nD= # nothing\nE=a b").unwrap().0, {
            let all = [("A", "x#y"), ("B", "p # q"), ("C", "a\"b"), ("D", ""), ("E", "a b")];
            all.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        });
    }

    #[test]
    fn a_key_of_several_lines_is_one_value_and_each_of_its_lines_is_secret() {
        let key =
            |one: &str| format!("-----BEGIN PRIVATE KEY-----\n{one}/abcdefgh=ijkl\nsecondline{one}\n-----END PRIVATE KEY-----");
        let (old, new) = (format!("KEY=\"{}\"\nB=1\n", key("MIIold")), format!("KEY='{}'\nB=1\n", key("MIInew")));
        let rotation = between(&old, &new, &["KEY".to_owned()]);
        assert_eq!(rotation.text(), "B unchanged\nKEY rotated\n");
        assert_eq!(rotation.leaks("found: secondlineMIIold"), ["KEY"]);
        assert!(rotation.leaks("-----BEGIN PRIVATE KEY-----").is_empty());
        let spelled = format!("KEY=\"{}\"", key("MIIold").replace('\n', "\\n"));
        assert_eq!(between(&old, &spelled, &[]).changes["KEY"], Change::Unchanged);
    }

    #[test]
    fn what_is_no_variable_is_an_error_that_names_the_line_and_nothing_of_it() {
        for (text, line) in [
            ("A=1\nMIIsecret\n", 2),
            ("A=1\nMII+secret/x=\n", 2),
            ("A='x\ny'\nMIIsecret", 3),
            ("A=1\n\nB=\"never ends\nC=2\n", 3),
            ("A=1\nA=2\n", 2),
            ("A=\"x\"y\n", 1),
            ("1A=x\n", 1),
            ("=x\n", 1),
        ] {
            let (number, why) = Environment::parse(text).unwrap_err();
            assert!(number == line && !why.contains("secret"), "{text:?}: {number} {why}");
        }
    }
}
