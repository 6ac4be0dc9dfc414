//! Takes people and secrets out of texts before they are kept. Start with [`Redaction`].
//!
//! A phone number or a JID becomes a token: the same one wherever it stands in this home's evidence,
//! so that a reader can follow somebody without knowing who it is. What is given as a password, a key
//! or a bearer token becomes `[secret]`, and so does every secret whose value is known.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::daemon::log::Tokens;
use crate::error::{Context as _, ErrorKind, Result};
use crate::report::Report;

/// What a secret becomes.
const SECRET: &str = "[secret]";
/// A shorter secret would blot out half of every text.
const SECRET_BYTES_MIN: usize = 4;

/// What is to be taken out.
#[derive(Debug, Clone)]
pub struct Redaction {
    tokens: Tokens,
    secrets: Vec<String>,
}

impl Redaction {
    /// Everybody, and these secrets wherever they stand.
    pub fn new(tokens: Tokens, secrets: impl IntoIterator<Item = String>) -> Redaction {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= SECRET_BYTES_MIN).collect();
        // One that holds another is taken out first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Redaction { tokens, secrets }
    }

    /// The text without them.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), SECRET);
            }
        }
        let text = GIVEN.replace_all(&text, |found: &Captures<'_>| format!("{}{SECRET}", &found["name"]));
        let text = PASSWORD.replace_all(&text, |found: &Captures<'_>| format!("{}{SECRET}@", &found["name"]));
        let text = JID.replace_all(&text, |found: &Captures<'_>| self.tokens.of(&found[0]));
        NUMBER
            .replace_all(&text, |found: &Captures<'_>| {
                let digits = &found["digits"];
                let plus = found.name("plus").is_some();
                if plus || is_phone_number(digits) {
                    format!("{}{}", &found["before"], self.tokens.of(digits))
                } else {
                    found[0].to_owned()
                }
            })
            .into_owned()
    }

    /// The report without them, in every text that it holds.
    pub fn report(&self, report: &Report) -> Result<Report> {
        let unexpected = || "cannot take people and secrets out of the report".to_owned();
        let mut value = serde_json::to_value(report).context(ErrorKind::Unexpected, unexpected)?;
        self.value(&mut value);
        serde_json::from_value(value).context(ErrorKind::Unexpected, unexpected)
    }

    fn value(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.text(text),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| self.value(value)),
            _ => {}
        }
    }

    /// With a key of its own, and a secret.
    #[cfg(test)]
    pub fn for_tests() -> Redaction {
        let folder = tempfile::tempdir().unwrap();
        Redaction::new(Tokens::open(&folder.path().join("key")).unwrap(), ["hunter2".to_owned()])
    }
}

/// Digits without a plus: as long as numbers with a country code are, and no time in seconds or
/// milliseconds (no number of ten or thirteen digits begins with a 1) and no date and time in one.
fn is_phone_number(digits: &str) -> bool {
    let time = matches!(digits.len(), 10 | 13) && digits.starts_with('1') || digits.len() == 14 && digits.starts_with("20");
    (10..=15).contains(&digits.len()) && !time
}

/// `name: value` and `name=value` of things whose values are secret, and bearer tokens.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?xi)
        (?P<name>
            \b(?: authorization \s* : \s* (?:bearer|basic|token) \s+ | bearer \s+ )
          | \b(?: x-api-key | x-whatsapp-secret | api[_-]?key | [a-z0-9_]*(?:password|passwd|secret|token|private_key)) "? \s* [:=] \s* "?
        )
        (?P<value> (?: [^\s"',;&@]{3,} ) )"#,
    )
});

/// Passwords in addresses.
static PASSWORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?P<name>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+@"));

/// Addresses of people and groups.
static JID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b[0-9][0-9.:_-]*@(?:s\.whatsapp\.net|c\.us|g\.us|lid|broadcast|newsletter)\b"));

/// Runs of digits that are nobody's part: of no word, no decimal, no date, no path and no size.
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?P<before>^|[^0-9A-Za-z_.:/\-])(?P<plus>\+)?(?P<digits>[0-9]{7,15})\b"));

fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns above are constant, and a test uses each")]
    Regex::new(text).expect("a pattern that compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_become_tokens_and_the_same_person_the_same_one() {
        let redaction = Redaction::for_tests();
        let texts = [
            "to +15550100001.",
            "to 15550100001@s.whatsapp.net",
            "jid=15550100001:3@s.whatsapp.net",
            "\"15550100001\"",
            "(15550100001)",
        ];
        let tokens: Vec<String> = texts
            .iter()
            .map(|text| {
                let clean = redaction.text(text);
                assert!(!clean.contains("5550100001"), "{clean}");
                clean.chars().skip_while(|c| *c != '#').take(11).collect()
            })
            .collect();
        assert!(tokens.iter().all(|token| token == &tokens[0] && token.len() == 11), "{tokens:?}");
        assert!(!redaction.text("120363041234567890@g.us and 555123@lid").contains("1203"));
    }

    #[test]
    fn secrets_are_taken_out_however_they_are_given() {
        let redaction = Redaction::for_tests();
        for text in [
            "the word hunter2 alone",
            "Authorization: Bearer abc.def-ghi",
            "authorization: basic abc.def-ghi",
            "X-API-Key: abc.def-ghi",
            "{\"api_key\": \"abc.def-ghi\"}",
            "GITHUB_TOKEN=abc.def-ghi",
            "GOOGLE_OAUTH_CLIENT_SECRET=abc.def-ghi",
            "postgres://openwa:abc.def-ghi@127.0.0.1/openwa",
            "?token=abc.def-ghi&x=1",
        ] {
            let clean = redaction.text(text);
            assert!(clean.contains(SECRET) && !clean.contains("abc.def-ghi") && !clean.contains("hunter2"), "{text}: {clean}");
        }
    }

    #[test]
    fn what_is_nobody_stays() {
        let redaction = Redaction::for_tests();
        for text in [
            "smoke-20260801T093000Z",
            "at 1790000000 or 1790000000123",
            "20260801093000",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "17 steps in 1234567 ms",
            "2026-08-01T09:30:00Z",
            "/var/lib/1234567890/x",
            "no password is set",
            "http://127.0.0.1:2785/api/health",
        ] {
            assert_eq!(redaction.text(text), text);
        }
    }

    #[test]
    fn every_text_of_a_report_is_cleaned() {
        let report =
            Report::new("x", "to +15550100001").data(serde_json::json!({ "a": [{ "b": "hunter2" }], "n": 15_550_100_001_u64 }));
        let clean = Redaction::for_tests().report(&report).unwrap();
        assert!(clean.title.starts_with("to #"));
        assert_eq!(clean.data["a"][0]["b"], SECRET);
        assert_eq!(clean.data["n"], 15_550_100_001_u64);
    }
}
