//! Smoke SQL: named questions that a restored database must answer within stated bounds.
//!
//! ```toml
//! [[query]]
//! name = "users"
//! sql = "select count(*) from users"
//! min = 1
//! max = 100000
//! ```
//!
//! `min`, `max` and `equals` are of the first column of the first row, `rows_min` and `rows_max` of how
//! many rows there are. Reading and judging are pure; [`super::rehearse`] asks. Start with [`Smoke::parse`].

use std::path::Path;

use serde::Deserialize;

use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// A file of questions is a page.
const SIZE_BYTES_MAX: u64 = 1 << 20;

/// Questions for one database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// The database to ask, where the dump makes several of its own (`pg_dumpall`).
    pub database: Option<String>,
    /// The questions.
    #[serde(rename = "query")]
    pub queries: Vec<Query>,
}

/// One question and what its answer must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What it is called in reports.
    pub name: String,
    /// One statement that gives rows; the server itself refuses anything else.
    pub sql: String,
    /// The least that the value may be.
    pub min: Option<f64>,
    /// The most that the value may be.
    pub max: Option<f64>,
    /// What the value must be, as text.
    pub equals: Option<String>,
    /// The least number of rows.
    pub rows_min: Option<u64>,
    /// The largest number of rows.
    pub rows_max: Option<u64>,
}

impl Smoke {
    /// Reads a file of questions.
    pub fn read(path: &Path) -> Result<Smoke> {
        let text = disk::read_small(path, SIZE_BYTES_MAX).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::new(ErrorKind::Usage, format!("there is no file {}", path.display()))
                .hint("write one: `[[query]]` with name, sql, and min or max"),
            _ => disk::cannot("read the smoke SQL", path, error),
        })?;
        Smoke::parse(&String::from_utf8_lossy(&text), path)
    }

    /// Reads the text of one; `path` is for errors.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when it is none, or when none of its questions could ever be answered wrongly.
    pub fn parse(text: &str, path: &Path) -> Result<Smoke> {
        let wrong = |what: String| {
            Error::new(ErrorKind::Usage, format!("the smoke SQL {}: {what}", path.display()))
                .hint("`[[query]]` has name and sql, and of min, max, equals, rows_min, rows_max at least one")
        };
        let smoke: Smoke = toml::from_str(text).map_err(|error| wrong(error.message().replace('\n', " ")))?;
        if smoke.queries.is_empty() {
            return Err(wrong("it asks nothing".into()));
        }
        for query in &smoke.queries {
            let name = &query.name;
            // What else is no question, the server says.
            if query.sql.trim_start().starts_with('\\') || query.sql.trim().is_empty() || query.sql.contains('\0') {
                return Err(wrong(format!("the sql of {name:?} is no statement of SQL")));
            }
            if query.expected().is_empty() {
                return Err(wrong(format!("{name:?} expects nothing, so it could not fail")));
            }
        }
        Ok(smoke)
    }
}

impl Query {
    /// What must hold, for people; empty when nothing must.
    pub fn expected(&self) -> String {
        let mut terms = Vec::new();
        match (self.min, self.max) {
            (Some(min), Some(max)) => terms.push(format!("from {min} to {max}")),
            (Some(min), None) => terms.push(format!("at least {min}")),
            (None, Some(max)) => terms.push(format!("at most {max}")),
            (None, None) => {}
        }
        terms.extend(self.equals.as_ref().map(|text| format!("{text:?}")));
        match (self.rows_min, self.rows_max) {
            (Some(min), Some(max)) => terms.push(format!("from {min} to {max} rows")),
            (Some(min), None) => terms.push(format!("at least {min} rows")),
            (None, Some(max)) => terms.push(format!("at most {max} rows")),
            (None, None) => {}
        }
        terms.join(", ")
    }

    /// Whether an answer is as it must be, and what it was.
    pub fn judge(&self, rows: &[Vec<String>]) -> (bool, String) {
        let value = rows.first().and_then(|row| row.first());
        let number = value.and_then(|value| value.trim().parse::<f64>().ok());
        let mut good = true;
        if self.min.is_some() || self.max.is_some() {
            // What is no number is within no bounds.
            good &= number
                .is_some_and(|n| n.is_finite() && self.min.is_none_or(|min| n >= min) && self.max.is_none_or(|max| n <= max));
        }
        if let Some(equals) = &self.equals {
            good &= value == Some(equals);
        }
        let count = rows.len() as u64;
        good &= self.rows_min.is_none_or(|min| count >= min) && self.rows_max.is_none_or(|max| count <= max);
        let of_rows = self.rows_min.is_some() || self.rows_max.is_some();
        let observed = match (value, of_rows) {
            (None, _) => "no rows".to_owned(),
            (Some(_), true) => format!("{count} rows, the first {}", rows[0].join(", ")),
            (Some(value), false) => value.clone(),
        };
        (good, observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Smoke> {
        Smoke::parse(text, Path::new("smoke.toml"))
    }

    fn query(bounds: &str) -> Query {
        parse(&format!("[[query]]\nname = 'x'\nsql = 'select 1'\n{bounds}\n")).unwrap().queries.remove(0)
    }

    fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
        cells.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn an_answer_is_good_only_within_its_bounds() {
        for (bounds, answer, good) in [
            ("min = 1\nmax = 3", rows(&[&["1"]]), true),
            ("min = 1\nmax = 3", rows(&[&["3"]]), true),
            ("min = 1\nmax = 3", rows(&[&["4"]]), false),
            ("min = 1\nmax = 3", rows(&[&["0"]]), false),
            ("min = 1", rows(&[&["many"]]), false),
            ("min = 1", rows(&[&["NaN"]]), false),
            ("min = 1", rows(&[&[""]]), false),
            ("min = 1", rows(&[]), false),
            ("max = 1", rows(&[]), false),
            ("equals = 'open'", rows(&[&["open", "2"]]), true),
            ("equals = 'open'", rows(&[&["closed"]]), false),
            ("equals = ''", rows(&[]), false),
            ("rows_min = 2", rows(&[&["a"], &["b"]]), true),
            ("rows_min = 2", rows(&[&["a"]]), false),
            ("rows_max = 0", rows(&[]), true),
            ("rows_max = 0", rows(&[&["a"]]), false),
        ] {
            let (judged, observed) = query(bounds).judge(&answer);
            assert_eq!(judged, good, "{bounds} of {answer:?}");
            assert!(!observed.is_empty() || answer == rows(&[&[""]]));
        }
    }

    #[test]
    fn what_could_not_fail_or_is_no_question_is_refused() {
        for bad in [
            "",
            "x = 1",
            "query = []",
            "[[query]]\nname = 'x'\nsql = 'select 1'\n",
            "[[query]]\nname = 'x'\nsql = ''\nmin = 1\n",
            "[[query]]\nname = 'x'\nsql = '\\! id'\nmin = 1\n",
            "[[query]]\nname = 'x'\nsql = 'select 1'\nminimum = 1\n",
        ] {
            assert_eq!(parse(bad).unwrap_err().kind(), ErrorKind::Usage, "{bad}");
        }
        assert_eq!(query("min = 1\nrows_max = 5").expected(), "at least 1, at most 5 rows");
    }
}
