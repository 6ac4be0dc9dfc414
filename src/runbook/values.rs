//! The values of a run: parameters, what steps saved, and secrets, which are never shown.
//!
//! Start with [`Values`].

use std::collections::BTreeMap;

use super::front::is_name;

/// Names that every run has of itself.
pub const BUILT_IN: [&str; 6] = ["evidence", "gateway", "home", "now", "run", "today"];

/// Values by their names.
#[derive(Clone, Default)]
pub struct Values {
    /// What may be shown and written down.
    pub plain: BTreeMap<String, String>,
    /// What may not.
    pub secrets: BTreeMap<String, String>,
}

/// Shows no secret.
impl std::fmt::Debug for Values {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Values").field("plain", &self.plain).field("secrets", &self.secrets.keys()).finish()
    }
}

impl Values {
    /// The value of a name, secret or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.plain.get(name).or_else(|| self.secrets.get(name)).map(String::as_str)
    }

    /// A text with every `{{name}}` replaced by what `value` makes of it.
    ///
    /// # Errors
    /// The first name that has no value.
    pub fn replace(&self, text: &str, mut value: impl FnMut(&str, &str) -> String) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Name(name) => {
                    let found = self.get(name).ok_or_else(|| format!("{{{{{name}}}}} has no value"))?;
                    filled.push_str(&value(name, found));
                }
            }
        }
        Ok(filled)
    }

    /// A text with values in the place of names, for use.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        self.replace(text, |_, value| value.to_owned())
    }

    /// The same for the eye: `«name»` stands for a secret, and names without a value stay.
    pub fn shown(&self, text: &str) -> String {
        pieces(text)
            .map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Name(name) if self.secrets.contains_key(name) => format!("«{name}»"),
                Piece::Name(name) => self.plain.get(name).cloned().unwrap_or_else(|| format!("{{{{{name}}}}}")),
            })
            .collect()
    }

    /// A condition as it is written, with what stands for the names in it.
    pub fn explained(&self, condition: &str) -> String {
        let mut said: Vec<String> = Vec::new();
        for name in names(condition) {
            let one = format!("{name} is {}", self.shown(&format!("{{{{{name}}}}}")));
            if self.get(name).is_some() && !said.contains(&one) {
                said.push(one);
            }
        }
        if said.is_empty() { condition.to_owned() } else { format!("{condition}, where {}", said.join(", ")) }
    }

    /// A text in which no secret stands, in none of the forms that a secret takes on its way.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, secret) in &self.secrets {
            let mut forms = vec![secret.clone(), json(secret), percent(secret)];
            forms.extend(secret.lines().map(str::trim).filter(|line| line.len() >= 8).map(str::to_owned));
            forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
            for form in forms.iter().filter(|form| !form.is_empty()) {
                if text.contains(form.as_str()) {
                    text = text.replace(form.as_str(), &format!("«{name}»"));
                }
            }
        }
        text
    }

    /// Whether a text holds a secret.
    pub fn reveals(&self, text: &str) -> bool {
        !self.secrets.is_empty() && self.redact(text) != text
    }
}

/// A value as it stands inside a JSON text.
pub fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A value as one part of an address.
pub fn percent(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The names in a text, in their order.
pub fn names(text: &str) -> Vec<&str> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Name(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pieces(mut text: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        if let Some(name) = text.strip_prefix("{{").and_then(|rest| rest.split_once("}}")).map(|(name, _)| name)
            && is_name(name)
        {
            text = &text[name.len() + 4..];
            return Some(Piece::Name(name));
        }
        // At least one character, so that a `{{` that names nothing is text.
        let first = text.chars().next().map_or(1, char::len_utf8);
        let end = text[first..].find("{{").map_or(text.len(), |at| at + first);
        let (piece, rest) = text.split_at(end);
        text = rest;
        Some(Piece::Text(piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        Values { plain: map("a", "x y"), secrets: map("key", "hu\"sh/!") }
    }

    #[test]
    fn conditions_are_explained_by_what_stands_for_their_names() {
        let values = values();
        let explained = values.explained("not ({{a}}==none or {{a}}==x) and {{key}}!=y and ran(b)");
        assert_eq!(explained, "not ({{a}}==none or {{a}}==x) and {{key}}!=y and ran(b), where a is x y, key is «key»");
        assert_eq!(values.explained("failed(a) or {{b}}==c"), "failed(a) or {{b}}==c");
    }

    #[test]
    fn names_are_replaced_and_other_braces_stay() {
        let values = values();
        assert_eq!(values.fill("{{a}}-{{key}} {{.State}} {{{a}} {{").unwrap(), "x y-hu\"sh/! {{.State}} {x y {{");
        assert_eq!(values.shown("{{a}} {{key}} {{b}}"), "x y «key» {{b}}");
        assert!(values.fill("{{b}}").unwrap_err().contains("{{b}}"));
        assert_eq!(names("{{a}} {{b}} {{A}} {{{c}}"), ["a", "b", "c"]);
    }

    #[test]
    fn secrets_are_found_in_every_form() {
        let values = values();
        for text in ["hu\"sh/!", "{\"k\":\"hu\\\"sh/!\"}", "?k=hu%22sh%2F%21"] {
            assert!(values.reveals(text), "{text}");
            assert!(!values.redact(text).contains("sh"), "{}", values.redact(text));
        }
        assert!(!values.reveals("hush"));
        assert!(!format!("{values:?}").contains("sh/"));
    }
}
