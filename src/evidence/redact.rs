//! Takes people and secrets out of texts before they are kept. Start with [`Redaction`].
//!
//! A phone number or a JID becomes a token: the same one wherever it stands in this home's evidence,
//! so that a reader can follow somebody without knowing who it is. What is given as a password, a key
//! or a bearer token becomes `[secret]`, and so does every secret whose value is known. What has the form of
//! either is told by [`crate::forms`].

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::Regex;

use crate::daemon::log::Tokens;
use crate::error::{Context as _, ErrorKind, Result};
use crate::forms::{self, Kind, PRIVATE_KEY, SECRET, is_no_secret, is_secret_name, pattern};
use crate::report::Report;

/// A shorter secret would blot out half of every text.
const SECRET_BYTES_MIN: usize = 4;
/// What a secret is written as elsewhere is looked for from this length on.
const FORM_BYTES_MIN: usize = 6;

/// What is to be taken out.
#[derive(Debug, Clone)]
pub struct Redaction {
    tokens: Tokens,
    secrets: Vec<String>,
}

impl Redaction {
    /// Everybody, and these secrets wherever they stand, also line by line, in capitals, backwards, in
    /// base64 and as JSON and addresses write them.
    pub fn new(tokens: Tokens, secrets: impl IntoIterator<Item = String>) -> Redaction {
        let mut secrets: Vec<String> = secrets.into_iter().flat_map(|secret| spellings(&secret)).collect();
        // One that holds another is taken out first.
        secrets.sort_by(|one, other| (other.len(), one).cmp(&(one.len(), other)));
        secrets.dedup();
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
        forms::replace(&text, |kind, value| match kind {
            Kind::Secret => SECRET.to_owned(),
            _ => self.tokens.of(&forms::who(value)),
        })
    }

    /// The report without them, in every text that it holds.
    pub fn report(&self, report: &Report) -> Result<Report> {
        let unexpected = || "cannot take people and secrets out of the report".to_owned();
        let mut value = serde_json::to_value(report).context(ErrorKind::Unexpected, unexpected)?;
        self.value(&mut value);
        serde_json::from_value(value).context(ErrorKind::Unexpected, unexpected)
    }

    /// The JSON without them: in its texts, in the names of its fields, and in fields whose names say that
    /// they are secret.
    pub fn value(&self, value: &mut serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(values) => {
                self.lines(values);
                values.iter_mut().for_each(|value| self.value(value));
            }
            Value::Object(fields) => {
                let old = std::mem::take(fields);
                for (name, mut value) in old {
                    match &value {
                        Value::String(text) if is_secret_name(&name) && !is_no_secret(text) => value = SECRET.into(),
                        Value::Number(number) if forms::numbers::is_named(&name, &number.to_string()) => {
                            value = self.tokens.of(&number.to_string()).into();
                        }
                        _ => self.value(&mut value),
                    }
                    let mut clean = self.text(&name);
                    while fields.contains_key(&clean) {
                        clean.push('\'');
                    }
                    fields.insert(clean, value);
                }
            }
            _ => {}
        }
    }

    /// A list may hold the lines of a text, or the words of a command: a secret goes over more than one.
    fn lines(&self, values: &mut Vec<serde_json::Value>) {
        for at in 1..values.len() {
            let (before, after) = values.split_at_mut(at);
            let option = before.last().and_then(|word| word.as_str()).and_then(|word| word.strip_prefix("--"));
            if option.is_some_and(is_secret_name) && after[0].as_str().is_some_and(|word| !is_no_secret(word)) {
                after[0] = SECRET.into();
            }
        }
        let texts: Option<Vec<&str>> = values.iter().map(serde_json::Value::as_str).collect();
        let Some(text) = texts.map(|texts| texts.join("\n")).filter(|text| text.contains("-----BEGIN")) else { return };
        if let std::borrow::Cow::Owned(clean) = KEYS.replace_all(&text, SECRET) {
            *values = clean.split('\n').map(serde_json::Value::from).collect();
        }
    }

    /// With a key of its own, and a secret.
    #[cfg(test)]
    pub fn for_tests() -> Redaction {
        let folder = tempfile::tempdir().unwrap();
        Redaction::new(Tokens::open(&folder.path().join("key")).unwrap(), ["hunter2".to_owned()])
    }
}

static KEYS: LazyLock<Regex> = LazyLock::new(|| pattern(PRIVATE_KEY));

/// What a secret may be written as.
pub(super) fn spellings(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if secret.contains('\n') {
        // The lines around a key in PEM are the same for all keys.
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= FORM_BYTES_MIN && !line.starts_with("-----"));
        forms.extend(lines.flat_map(spellings_of_line));
    } else {
        forms.extend(spellings_of_line(secret));
    }
    forms.retain(|form| form.len() >= SECRET_BYTES_MIN);
    forms
}

fn spellings_of_line(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if secret.len() < FORM_BYTES_MIN {
        return forms;
    }
    forms.extend([secret.to_uppercase(), secret.chars().rev().collect()]);
    // One of letters alone would be a word in many a text.
    forms.extend(Some(secret.to_lowercase()).filter(|lower| lower.chars().any(|c| !c.is_alphabetic())));
    let bytes: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.extend([bytes.concat(), bytes.concat().to_uppercase(), bytes.join(" ")]);
    // As JSON and addresses write it.
    forms.push(serde_json::Value::from(secret).to_string().trim_matches('"').to_owned());
    let percent = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '.' | '_' | '~' => c.to_string(),
        c => c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
    };
    forms.push(secret.chars().map(percent).collect());
    // In base64 by itself, or behind something else, such as a user's name: there are three ways in which
    // its bytes can fall. What its neighbours have a part in is left out.
    for before in 0..3 {
        let bytes = [&[0; 3][..before], secret.as_bytes()].concat();
        let (skip, whole) = ([0, 2, 3][before], bytes.len() * 8 / 6);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&bytes);
            forms.extend(text.get(skip..whole).filter(|part| part.len() >= FORM_BYTES_MIN).map(str::to_owned));
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forms are told in two places, here with all that may be somebody's and there with what is so for sure: there
    /// must be none that the doctor complains of in what was kept from here.
    #[test]
    fn nothing_is_left_that_the_doctor_looks_for() {
        use crate::doctor::probe::traces::scan;
        let redaction = Redaction::for_tests();
        let issued = forms::ISSUED.iter().map(|(beginning, least)| format!("with {beginning}{}.", "A".repeat(*least)));
        let others = [
            "to 15550100001@s.whatsapp.net",
            "{\"chat\":\"120363000000000001@g.us\"}",
            "from 15550100001:3@lid!",
            "of 15550100001@c.us",
            "call +15550100001.",
            "Authorization: Bearer abcdefgh12345678",
            "url?password=correct-horse-battery",
            "passwd=correct-horse-battery&api_key=0123456789abcdef",
            "at postgres://wpp:correcthorse@db.example:5432/x",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAAAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
        ];
        for text in others.map(str::to_owned).into_iter().chain(issued) {
            assert!(!scan(text.as_bytes()).is_empty(), "{text}");
            let clean = redaction.text(&text);
            assert!(scan(clean.as_bytes()).is_empty(), "{clean}");
        }
    }

    #[test]
    fn people_become_tokens_and_the_same_person_the_same_one() {
        let redaction = Redaction::for_tests();
        let texts = [
            "to +15550100001.",
            "to 15550100001@s.whatsapp.net",
            "jid=15550100001:3@s.whatsapp.net",
            "\"15550100001\"",
            "(15550100001)",
            "tel:15550100001",
            "tel:+15550100001",
            "phone:15550100001",
            "\"phone\": \"15550100001\"",
            "https://wa.me/15550100001?text=x",
            "?phone=15550100001&x=1",
            "to +1 555 010 0001.",
            "to +1-555-010-0001",
            "to +1 (555) 010-0001 now",
            "to +1.555.010.0001",
            "to 0015550100001",
            "to 001 555 010 0001",
            "1-555-010-0001",
            "1 (555) 010-0001",
            "15550100001_1@s.whatsapp.net",
            "chat_15550100001:12@s.whatsapp.net",
            "15550100001@hosted",
            "mail 15550100001_1@example.org",
            "00 1 555 0100001",
        ];
        let tokens: Vec<String> = texts
            .iter()
            .map(|text| {
                let clean = redaction.text(text);
                assert!(!clean.contains("5550100001") && !clean.contains("0001"), "{text}: {clean}");
                clean.chars().skip_while(|c| *c != '#').take(11).collect()
            })
            .collect();
        assert!(tokens.iter().all(|token| token == &tokens[0] && token.len() == 11), "{tokens:?}");
        assert!(!redaction.text("120363041234567890@g.us and 555123@lid").contains("1203"));
        assert!(!redaction.text("15550100001-1400000000@g.us").contains("0100001"));
        assert!(!redaction.text("call (555) 010-0001 or 555-010-0001").contains("0001"));
    }

    #[test]
    fn every_spelling_of_a_number_is_the_token_of_the_same_person() {
        use crate::forms::spellings;
        let redaction = Redaction::for_tests();
        let token = redaction.tokens.of(spellings::DIGITS);
        for text in spellings::CERTAIN.iter().chain(spellings::LIKELY) {
            for text in [format!("wrote to {text} today"), format!("{{\"said\":\"{text}\"}}"), (*text).to_owned()] {
                let clean = redaction.text(&text);
                assert!(clean.contains(&token), "{text:?}: {clean:?} has no {token}");
                assert_eq!(redaction.text(&clean), clean);
            }
        }
        let mut value =
            serde_json::json!({ "phone": 15_550_100_077_u64, "to": 15_550_100_077_u64, "size_bytes": 15_550_100_077_u64 });
        redaction.value(&mut value);
        assert_eq!(value, serde_json::json!({ "phone": token, "to": token, "size_bytes": 15_550_100_077_u64 }));
    }

    #[test]
    fn json_is_json_afterwards_and_ids_of_events_stay() {
        let redaction = Redaction::for_tests();
        let token = redaction.tokens.of("15550100077");
        let inner = serde_json::json!({ "chat": 15_550_100_077_u64, "said": "call 15550100077, or [15550100077]" });
        let value = serde_json::json!({
            "data": {
                "events": [{ "at_ms": 1_790_000_000_060_u64, "id": 1_790_000_000_061_u64, "kind": "state" }],
                "last_id": 1_790_000_000_061_u64,
                "chat": 15_550_100_077_u64,
                "minus": { "id": -15_550_100_077_i64 },
                "members": [15_550_100_077_u64, 7, -15_550_100_077_i64],
                "mixed": ["a", 15_550_100_077_u64, { "x": 1 }, 15_550_100_077_u64],
                "password": 12_345_678,
                "nested": { "token": 12_345_678 },
                "inner": inner.to_string(),
                "pretty": serde_json::to_string_pretty(&inner).unwrap(),
            }
        });
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let clean = redaction.text(&format!("$ wpp events\nexit 0\n{text}\n"));
            assert!(!clean.contains("5550100077"), "{clean}");
            let document = &clean[clean.find('{').unwrap()..];
            let seen: serde_json::Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {clean}"));
            let seen = &seen["data"];
            assert_eq!(seen["events"], value["data"]["events"]);
            assert_eq!(seen["last_id"], 1_790_000_000_061_u64);
            assert_eq!((&seen["chat"], &seen["minus"]["id"]), (&token.as_str().into(), &token.as_str().into()), "{clean}");
            assert_eq!(seen["members"], serde_json::json!([token, 7, token]));
            assert_eq!(seen["mixed"], serde_json::json!(["a", token, { "x": 1 }, token]));
            assert_eq!((&seen["password"], &seen["nested"]["token"]), (&SECRET.into(), &SECRET.into()));
            for inner in ["inner", "pretty"] {
                let inner: serde_json::Value = serde_json::from_str(seen[inner].as_str().unwrap()).unwrap();
                assert_eq!(inner, serde_json::json!({ "chat": token, "said": format!("call {token}, or [{token}]") }));
            }
            assert_eq!(redaction.text(&clean), clean);
        }
        // What is no JSON gets no quotes.
        for text in ["to: 15550100077, then", "a, 15550100077, b", "(15550100077)", "to=15550100077"] {
            assert_eq!(redaction.text(text), text.replace("15550100077", &token));
        }
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
            "{\"authorization\": \"Basic abc.def-ghi\"}",
            "{\\\"authorization\\\": \\\"Basic abc.def-ghi\\\", \\\"x\\\": 1}",
            "Proxy-Authorization: Basic abc.def-ghi",
            "Authorization: Digest username=\"x\", response=\"abc.def-ghi\"",
            "Cookie: session=abc.def-ghi; theme=dark",
            "set-cookie: session=abc.def-ghi; Path=/",
            "{\"cookie\": \"session=abc.def-ghi\"}",
            "{\"password\":\"two abc.def-ghi\"}",
            "{\"password\":\"esc \\\" abc.def-ghi\"}",
            "{\\\"password\\\":\\\"two abc.def-ghi\\\"}",
            "password = 'two abc.def-ghi'",
            "PGPASSWORD='a abc.def-ghi c' psql",
            "PGPASSWORD=\"a abc.def-ghi c\" psql",
            "db_pass=abc.def-ghi",
            "pass=abc.def-ghi",
            "pwd=abc.def-ghi;",
            "{\"pass\": \"abc.def-ghi\"}",
            "clientSecret: abc.def-ghi",
            "secret_key_base=abc.def-ghi",
            "session_key: abc.def-ghi",
            "auth=abc.def-ghi",
            "x --password abc.def-ghi y",
            "x --api-key 'abc.def-ghi two'",
            "curl -u user:abc.def-ghi http://127.0.0.1/",
            "https://abc.def-ghi@127.0.0.1/x",
            "https://abc.def-ghi:x-oauth-basic@github.example/x",
            "postgres://user:p/abc.def-ghi@host/db",
            "postgres://user:p@abc.def-ghi@host/db",
            "redis://:abc.def-ghi@host:6379",
        ] {
            let clean = redaction.text(text);
            assert!(clean.contains(SECRET) && !clean.contains("abc.def-ghi") && !clean.contains("hunter2"), "{text}: {clean}");
        }
    }

    #[test]
    fn what_tells_by_its_form_that_it_is_secret_goes() {
        let redaction = Redaction::for_tests();
        let token = format!("ghp_{}", "a1B2".repeat(9));
        assert_eq!(redaction.text(&format!("pushed with {token}.")), "pushed with [secret].");
        for (beginning, least) in forms::ISSUED {
            let text = format!("pushed with {beginning}{}, then", "A".repeat(*least));
            assert_eq!(redaction.text(&text), "pushed with [secret], then", "{beginning}");
        }
        let key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIabcdefghijklmnop/+=\nqrstuvwx==\n-----END RSA PRIVATE KEY-----";
        assert_eq!(redaction.text(&format!("a\n{key}\nb")), "a\n[secret]\nb");
        assert_eq!(redaction.text(&format!("{{\"key\": \"{}\"}}", key.replace('\n', "\\n"))), "{\"key\": \"[secret]\"}");
        // One that was cut off: what can be a part of it goes, and no more.
        let cut = "-----BEGIN PRIVATE KEY-----\nMIIabcdefghijklmnop/+=\nABCDEFGHIJKLMNOPQRST\nand so on";
        assert_eq!(redaction.text(cut), "[secret]\nand so on");
        assert_eq!(redaction.text("-----BEGIN CERTIFICATE-----\nMIIabc"), "-----BEGIN CERTIFICATE-----\nMIIabc");
    }

    #[test]
    fn a_known_secret_goes_in_whatever_form_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let known = ["Tr0ub4dor/&3", "-----BEGIN X-----\nfirst-line-1\nsecond-line-2\n-----END X-----"].map(str::to_owned);
        let redaction = Redaction::new(Tokens::open(&folder.path().join("key")).unwrap(), known);
        let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        for text in [
            "TR0UB4DOR/&3".to_owned(),
            "tr0ub4dor/&3".to_owned(),
            "3&/rod4bu0rT".to_owned(),
            "Tr0ub4dor%2F%263".to_owned(),
            hex::encode("Tr0ub4dor/&3"),
            "54 72 30 75 62 34 64 6f 72 2f 26 33".to_owned(),
            encoded("Tr0ub4dor/&3"),
            encoded("u:Tr0ub4dor/&3"),
            encoded("us:Tr0ub4dor/&3"),
            encoded("use:Tr0ub4dor/&3 and more"),
            "only second-line-2 of it".to_owned(),
        ] {
            let clean = redaction.text(&format!("seen {text} there"));
            assert!(clean.contains(SECRET) && clean.starts_with("seen ") && clean.ends_with(" there"), "{text}: {clean}");
            assert!(!clean.contains(&text[2..text.len() - 3]), "{text}: {clean}");
        }
        assert_eq!(redaction.text("-----BEGIN X-----"), "-----BEGIN X-----");
    }

    #[test]
    fn what_was_cleaned_stays_as_it_is() {
        let redaction = Redaction::for_tests();
        for text in [
            "Authorization: Bearer abc.def-ghi",
            "{\"password\":\"two words\"}",
            "Cookie: a=bcd",
            "https://abcdef@host/ to +1 555 010 0001",
            "x --password abcdef",
            "token=abcdef&x",
            "#4472061839 told #7887f0231a",
        ] {
            let clean = redaction.text(text);
            assert_eq!(redaction.text(&clean), clean, "{text}");
        }
    }

    #[test]
    fn what_is_nobody_stays() {
        let redaction = Redaction::for_tests();
        for text in [
            "smoke-20260801T093000Z",
            "at 1790000000, at_ms=1790000000123",
            "20260801093000",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "17 steps in 1234567 ms",
            "2026-08-01T09:30:00Z",
            "/var/lib/1234567890/x",
            "no password is set",
            "http://127.0.0.1:2785/api/health",
            "http://127.0.0.1:2785/api/user@x",
            "ssh://git@host/x and postgres://postgres@127.0.0.1/db",
            "version 1.22.333-4, then 10.0.19045.3570",
            "270582939648 bytes of 499963174912 bytes",
            "123e4567-e89b-12d3-a456-426614174000",
            "Sat 2026-11-21 02:30:00 +08 2026-11-20T18:30:00Z",
            "02:30:00 +10 2026-11-21",
            "2026-11-21 02:30:00+08:00",
            "3EB0C767D097E3A2F1",
            "id=4711 of 2026-08-01 to 2026-08-02",
            "pid 1234567, port 65535",
            "since_ms=1790000000123 until_ms=1790000000456, chat: 1234567",
            "sha256:9f86d081884c7d659a2feaa0c55ad015",
            "pass: 12, fail: 0",
            "PWD=/var/lib/wpp",
            "secret: true",
            "--secret token=env:TOKEN_VARIABLE",
            "password: {{password}}",
            "tokens: 1234",
            "authorization: required",
            "0 2 * * 1-5",
            "1-2-3 4-5-6",
            "+1 -2",
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
        let report = Report::new("x", "x").data(serde_json::json!({
            "15550100001@s.whatsapp.net": 1, "password": "two words", "secret": "true", "accessToken": "abc",
            "argv": ["login", "--password", "s3cret", "--name", "x"],
            "lines": ["a", "-----BEGIN PRIVATE KEY-----", "MIIabc", "-----END PRIVATE KEY-----", "b"],
        }));
        let clean = Redaction::for_tests().report(&report).unwrap().data;
        assert!(!clean.to_string().contains("0100001"), "{clean}");
        assert_eq!(
            (&clean["password"], &clean["accessToken"], &clean["secret"]),
            (&SECRET.into(), &SECRET.into(), &"true".into())
        );
        assert_eq!(clean["argv"], serde_json::json!(["login", "--password", SECRET, "--name", "x"]));
        assert_eq!(clean["lines"], serde_json::json!(["a", SECRET, "b"]));
    }
}
