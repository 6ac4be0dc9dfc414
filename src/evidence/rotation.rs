//! Evidence that credentials were rotated: what changed in an environment file, by name alone.
//!
//! Values are read, compared and forgotten: neither an old nor a new one is in what comes out, and
//! [`Rotation::leaks`] looks whether one is in what others wrote. Start with [`Rotation::between`].

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
    /// Values that were, and are, secret: of names that changed or had to.
    values: Vec<(String, String)>,
}

impl Rotation {
    /// Compares the text of two environment files; `required` are names whose values must differ.
    pub fn between(old: &str, new: &str, required: &[String]) -> Rotation {
        let (old, new) = (variables(old), variables(new));
        let mut changes = BTreeMap::new();
        let mut values = Vec::new();
        let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let of = |file: &BTreeMap<String, String>| file.get(name).filter(|value| !value.is_empty()).cloned();
            let change = match (of(&old), of(&new)) {
                (Some(before), Some(after)) if before == after => Change::Unchanged,
                (Some(_), Some(_)) => Change::Rotated,
                (None, Some(_)) => Change::Added,
                (Some(_), None) => Change::Removed,
                (None, None) => Change::Unchanged,
            };
            if change != Change::Unchanged || required.contains(name) {
                let both = [of(&old), of(&new)].into_iter().flatten();
                values.extend(both.filter(|value| value.len() >= VALUE_BYTES_MIN).map(|value| (name.clone(), value)));
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

/// `NAME=value` lines, with or without `export` and quotes.
fn variables(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='))
        .map(|(name, value)| {
            let value = value.trim();
            let bare = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value);
            (name.trim().to_owned(), bare.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# keys\nGITHUB_TOKEN=old-token-1\nexport SAME=\"kept-value\"\nGONE=was-here-1\n";
    const NEW: &str = "GITHUB_TOKEN='new-token-2'\nSAME=kept-value\nFRESH=fresh-value\nGONE=\n";

    #[test]
    fn names_are_told_and_values_are_not() {
        let rotation = Rotation::between(OLD, NEW, &[]);
        assert_eq!(rotation.text(), "FRESH added\nGITHUB_TOKEN rotated\nGONE removed\nSAME unchanged\n");
    }

    #[test]
    fn what_was_not_rotated_is_named() {
        let required = ["GITHUB_TOKEN", "SAME", "GONE", "NEVER"].map(str::to_owned);
        let rotation = Rotation::between(OLD, NEW, &required);
        assert_eq!(rotation.lacking(&required), [("SAME", "unchanged"), ("GONE", "removed"), ("NEVER", "in neither file")]);
        assert!(rotation.lacking(&required[..1]).is_empty());
    }

    #[test]
    fn a_value_in_somebody_elses_text_is_found() {
        let required = ["SAME".to_owned()];
        let rotation = Rotation::between(OLD, NEW, &required);
        assert_eq!(rotation.leaks("x old-token-1 y"), ["GITHUB_TOKEN"]);
        assert_eq!(rotation.leaks("new-token-2 kept-value"), ["GITHUB_TOKEN", "SAME"]);
        assert!(rotation.leaks("all is well").is_empty());
    }
}
