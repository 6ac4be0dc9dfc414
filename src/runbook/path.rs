//! Paths into JSON: `$.a.b[0].c`, `$.list[*].state`, `$.list.length`.

use std::fmt;

use serde_json::Value;

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
    Every,
}

impl Path {
    /// Reads a path from the beginning of a text; says what follows it.
    pub fn read(text: &str) -> Result<(Path, &str), String> {
        let mut rest = text.strip_prefix('$').ok_or_else(|| format!("{text:?} is no path: it begins with $"))?;
        let mut parts = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(after.len());
                if end == 0 {
                    return Err(format!("{text:?} names nothing after a dot"));
                }
                parts.push(Part::Name(after[..end].to_owned()));
                rest = &after[end..];
            } else if let Some(after) = rest.strip_prefix('[') {
                let (inside, after) = after.split_once(']').ok_or_else(|| format!("{text:?} lacks a ]"))?;
                parts.push(match inside.trim_matches(['"', '\'']) {
                    "*" => Part::Every,
                    name if name != inside => Part::Name(name.to_owned()),
                    number => Part::Index(number.parse().map_err(|_| format!("{text:?}: [{number}] is neither a number nor *"))?),
                });
                rest = after;
            } else {
                break;
            }
        }
        let whole = text[..text.len() - rest.len()].to_owned();
        Ok((Path { text: whole, parts }, rest))
    }

    /// A text that is a path and nothing else.
    pub fn parse(text: &str) -> Result<Path, String> {
        match Path::read(text)? {
            (path, "") => Ok(path),
            (_, rest) => Err(format!("{rest:?} follows the path in {text:?}")),
        }
    }

    /// The values that it leads to; none when it leads nowhere. Lengths are made, so values are owned.
    pub fn values(&self, root: &Value) -> Vec<Value> {
        let mut found = vec![root.clone()];
        for part in &self.parts {
            found = found.iter().flat_map(|value| step(value, part)).collect();
        }
        found
    }

    /// Whether it may lead to several.
    pub fn is_of_many(&self) -> bool {
        self.parts.contains(&Part::Every)
    }
}

fn step(value: &Value, part: &Part) -> Vec<Value> {
    match (part, value) {
        (Part::Name(name), Value::Object(fields)) => fields.get(name).cloned().into_iter().collect(),
        (Part::Name(name), Value::Array(items)) if name == "length" => vec![items.len().into()],
        (Part::Name(name), Value::String(text)) if name == "length" => vec![text.chars().count().into()],
        (Part::Index(index), Value::Array(items)) => items.get(*index).cloned().into_iter().collect(),
        (Part::Every, Value::Array(items)) => items.clone(),
        (Part::Every, Value::Object(fields)) => fields.values().cloned().collect(),
        _ => Vec::new(),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A value as text: texts without their quotes, everything else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_leads_to_its_values() {
        let root = json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "d-e": "xyz"});
        let look = |path: &str| Path::parse(path).unwrap().values(&root);
        assert_eq!(look("$.a.b[1].c"), [json!(2)]);
        assert_eq!(look("$.a.b[*].c"), [json!(1), json!(2)]);
        assert_eq!(look("$.a.b.length"), [json!(2)]);
        assert_eq!(look("$.d-e.length"), [json!(3)]);
        assert_eq!(look("$['d-e']"), [json!("xyz")]);
        assert_eq!(look("$").len(), 1);
        assert!(look("$.a.x").is_empty() && look("$.a.b[9]").is_empty() && look("$.a[*].c[*]").is_empty());
    }

    #[test]
    fn what_is_no_path_is_said() {
        for text in ["a", "$.", "$[", "$[x]", "$.a b"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert_eq!(Path::read("$.a==1").unwrap().1, "==1");
    }
}
