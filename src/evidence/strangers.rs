//! Redaction for people who know neither this home nor its people: see [`Stranger`].
//!
//! It goes further than [`super::redact`], which it begins with: values that are known to be somebody's are
//! taken out wherever they stand, and so is whatever has the form of a number, a JID, an address, a host, a
//! path or a credential. Everything becomes `<kind #token>`: the same token for the same thing, made with a
//! key that is thrown away, so that nobody can try numbers against it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Captures, Regex};

use crate::daemon::log::Tokens;
use crate::error::{Context as _, ErrorKind, Result};

/// What was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A password, a key, a bearer token.
    Secret,
    /// A phone number or a JID of somebody.
    Person,
    /// The JID of a group, a list or a channel.
    Group,
    /// What somebody is called.
    Name,
    /// What somebody wrote.
    Text,
    /// An address of mail.
    Mail,
    /// An address of the network.
    Address,
    /// A host, or an address on the web.
    Host,
    /// A file or a folder.
    Path,
    /// A session whose name is the operator's.
    Session,
    /// Any other word that is not one of `wpp`'s own.
    Word,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 11] = [
        Kind::Secret,
        Kind::Person,
        Kind::Group,
        Kind::Name,
        Kind::Text,
        Kind::Mail,
        Kind::Address,
        Kind::Host,
        Kind::Path,
        Kind::Session,
        Kind::Word,
    ];

    /// The word in tokens and counts.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Person => "person",
            Kind::Group => "group",
            Kind::Name => "name",
            Kind::Text => "text",
            Kind::Mail => "mail",
            Kind::Address => "address",
            Kind::Host => "host",
            Kind::Path => "path",
            Kind::Session => "session",
            Kind::Word => "word",
        }
    }
}

/// How often what was taken out.
pub type Counts = BTreeMap<&'static str, usize>;

/// Values that are known to be somebody's, to be found wherever they stand.
#[derive(Debug)]
pub struct Known {
    kinds: Vec<Kind>,
    values: Vec<String>,
    finder: AhoCorasick,
}

/// A shorter value would be found in every text.
const VALUE_BYTES_MIN: usize = 4;

impl Known {
    /// These values, each with its kind. What is too short to be told from a word is left out.
    pub fn new(values: impl IntoIterator<Item = (Kind, String)>) -> Result<Known> {
        let mut seen = BTreeSet::new();
        let fits = |value: &str| value.len() >= VALUE_BYTES_MIN && !value.chars().all(char::is_whitespace);
        let (kinds, values): (Vec<Kind>, Vec<String>) =
            values.into_iter().filter(|(_, value)| fits(value) && seen.insert(value.to_lowercase())).unzip();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(&values)
            .context(ErrorKind::Unexpected, || "too many names and numbers are known here to look for all of them".into())?;
        Ok(Known { kinds, values, finder })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.kinds.len()
    }

    /// Where in a text which of them stand. One of letters and digits alone is a word of its own there, and no
    /// part of a longer one.
    fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (std::ops::Range<usize>, Kind, &'a str)> {
        self.finder.find_iter(text).filter_map(move |found| {
            let at = found.pattern().as_usize();
            let (kind, value) = (*self.kinds.get(at)?, self.values.get(at)?.as_str());
            let bare = matches!(kind, Kind::Name | Kind::Host | Kind::Word) || value.len() < 8;
            let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let inside = joins(text[..found.start()].chars().next_back()) || joins(text[found.end()..].chars().next());
            (!(bare && inside)).then_some((found.range(), kind, value))
        })
    }

    /// The kind of the first of them that stands in a text.
    pub fn in_text(&self, text: &str) -> Option<Kind> {
        self.find(text).next().map(|(_, kind, _)| kind)
    }
}

/// Takes everything out of texts that a stranger must not read.
#[derive(Debug)]
pub struct Stranger {
    tokens: Tokens,
    known: Known,
}

impl Stranger {
    /// With a key that goes with the value.
    pub fn new(known: Known) -> Result<Stranger> {
        Ok(Stranger { tokens: Tokens::fresh()?, known })
    }

    /// What it looks for by value.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// What stands for something: `<person #0123456789>`.
    pub fn token(&self, kind: Kind, text: &str, counts: &mut Counts) -> String {
        *counts.entry(kind.name()).or_default() += 1;
        let token = match kind {
            // A number and its JIDs are one and the same.
            Kind::Person => self.tokens.of(&digits(text)),
            _ => self.tokens.of_whole(&text.to_lowercase()),
        };
        format!("<{} {token}>", kind.name())
    }

    /// The text without them.
    pub fn text(&self, text: &str, counts: &mut Counts) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (range, kind, value) in self.known.find(text) {
            out.push_str(&text[done..range.start]);
            out.push_str(&self.token(kind, value, counts));
            done = range.end;
        }
        out.push_str(&text[done..]);
        for rule in RULES.iter() {
            out = self.apply(rule, &out, counts);
        }
        out
    }

    fn apply(&self, rule: &Rule, text: &str, counts: &mut Counts) -> String {
        // What stands in a token already is nobody's any more.
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for token in TOKEN.find_iter(text) {
            out.push_str(&self.apply_outside(rule, &text[done..token.start()], counts));
            out.push_str(token.as_str());
            done = token.end();
        }
        out.push_str(&self.apply_outside(rule, &text[done..], counts));
        out
    }

    fn apply_outside(&self, rule: &Rule, text: &str, counts: &mut Counts) -> String {
        let replaced = rule.pattern.replace_all(text, |found: &Captures<'_>| {
            let before = found.name("before").map_or("", |part| part.as_str());
            let value = found.name("value").map_or("", |part| part.as_str());
            match (rule.kind)(value) {
                Some(kind) => {
                    let after = found.name("after").map_or("", |part| part.as_str());
                    format!("{before}{}{after}", self.token(kind, value, counts))
                }
                None => found[0].to_owned(),
            }
        });
        replaced.into_owned()
    }
}

/// What of a text looks like somebody's or like a credential, tokens and times left aside.
pub fn looks_like(text: &str) -> Option<Kind> {
    let text = TOKEN.replace_all(text, " ");
    RULES.iter().find_map(|rule| {
        rule.pattern.captures_iter(&text).find_map(|found| (rule.kind)(found.name("value").map_or("", |part| part.as_str())))
    })
}

/// Digits of a number however it is spelled, without what stands for its plus.
fn digits(text: &str) -> String {
    let user = text.split('@').next().unwrap_or(text);
    // The device of a JID is no part of the number.
    let user = if text.contains('@') { user.split([':', '.']).next().unwrap_or(user) } else { user };
    let digits: String = user.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix("00").map_or(digits.clone(), str::to_owned)
}

struct Rule {
    pattern: Regex,
    /// What a match is, if it is anything.
    kind: fn(&str) -> Option<Kind>,
}

fn rule(pattern: &str, kind: fn(&str) -> Option<Kind>) -> Rule {
    #[expect(clippy::expect_used, reason = "the patterns are constant, and a test uses each")]
    let pattern = Regex::new(pattern).expect("a pattern that compiles");
    Rule { pattern, kind }
}

/// A token as [`Stranger::token`] writes it.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = Kind::ALL.map(Kind::name).join("|");
    rule(&format!("<(?:{kinds}) #[0-9a-f]{{10}}(?: of [0-9]+ words)?>"), |_| None).pattern
});

/// The token that a text begins with, if it begins with one.
pub fn leading_token(text: &str) -> Option<&str> {
    TOKEN.find(text).filter(|found| found.start() == 0).map(|found| found.as_str())
}

/// In this order: a rule sees what the ones before it left.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        // Keys as files hold them.
        rule(r"(?s)(?P<value>-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\z))", |_| Some(Kind::Secret)),
        rule(r"(?P<value>AGE-SECRET-KEY-1[0-9A-Z]+)", |_| Some(Kind::Secret)),
        // `name: value` and `name=value` of things whose values are secret.
        rule(
            r#"(?xi)(?P<before>
                \bauthorization \s* : \s* (?:bearer|basic|token) \s+ | \bbearer \s+
              | \b[a-z0-9_-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key) "? \s* [:=] \s* "? )
              (?P<value> [^\s"',;&<>]{3,} )"#,
            |_| Some(Kind::Secret),
        ),
        rule(r"(?P<before>\b[a-z][a-z0-9+.-]*://)(?P<value>[^\s/@<>]+)(?P<after>@)", |_| Some(Kind::Secret)),
        rule(r"(?P<before>^@)(?P<value>[^\s/?#<>]+)", |_| Some(Kind::Host)),
        // Addresses of WhatsApp.
        rule(r"(?P<value>\b[0-9][0-9.:_-]*@(?:g\.us|broadcast|newsletter|call))\b", |_| Some(Kind::Group)),
        rule(r"(?P<value>\b[0-9][0-9.:_-]*@(?:s\.whatsapp\.net|c\.us|lid|hosted(?:\.lid)?|bot))\b", |_| Some(Kind::Person)),
        rule(r"(?P<value>[^\s<>@,;:()\[\]{}]+@[^\s<>@,;:()\[\]{}]+)", |_| Some(Kind::Mail)),
        // Addresses on the web, then of the network.
        rule(r"(?P<before>\b[a-z][a-z0-9+.-]*://)(?P<value>\[?[^\s/?#<>]+)", |host| {
            let bare = host.trim_start_matches('[').split([']', ':']).next().unwrap_or_default();
            let here = bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            (!here).then_some(Kind::Host)
        }),
        rule(r"(?P<value>\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:-[a-z][0-9A-Za-z-]*)?)", |text| {
            let (address, name) = text.split_once('-').unwrap_or((text, ""));
            // A kernel's version may have four parts, and a name behind them.
            let version = !name.is_empty() && address.split('.').next().is_some_and(|major| major.len() == 1);
            let address = address.parse::<IpAddr>().ok().filter(|_| !version);
            address.is_some_and(|address| !address.is_loopback() && !address.is_unspecified()).then_some(Kind::Address)
        }),
        rule(r"(?P<value>[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f]{0,4})", |text| {
            text.parse::<Ipv6Addr>()
                .is_ok_and(|address| !address.is_loopback() && !address.is_unspecified())
                .then_some(Kind::Address)
        }),
        // Files, the home's own apart.
        rule(r#"(?P<before>^|[\s"'`(=,\[:])(?P<value>(?:~/|/[^/\s"'`,;:()<>\]])[^\s"'`,;:()<>\]]*[^\s"'`,;:()<>\].])"#, |path| {
            (!is_own_path(path)).then_some(Kind::Path)
        }),
        // Keys and long credentials: letters, digits and nothing to say. A hash is one, too.
        rule(r"(?P<before>^|[^0-9A-Za-z_+/=-])(?P<value>[0-9A-Za-z_+/=-]{24,})", |text| {
            is_credential(text).then_some(Kind::Secret)
        }),
        // Numbers of people, in one piece and spelled with signs between.
        rule(
            r"(?P<before>^|[^0-9A-Za-z_.#])(?P<value>(?:\+|00|\()?[0-9][0-9 ()./\u{2010}-\u{2015}\u{a0}-]{5,24}[0-9])",
            |text| is_number(text).then_some(Kind::Person),
        ),
        rule(r"(?P<value>\+?[0-9]{7,})", |text| {
            // Digits inside a word, as in `user15550100001`.
            is_number(text).then_some(Kind::Person)
        }),
    ]
});

/// Names that every session's folder holds, which say nothing about anybody.
fn is_own_path(path: &str) -> bool {
    const OWN: [&str; 9] =
        ["LOCK", "daemon.sock", "log.key", "logs", "session.db", "wpp.db", "wppd.log", "session.db-wal", "wpp.db-wal"];
    path.strip_prefix('/').is_some_and(|path| path.split('/').all(|part| OWN.contains(&part)))
}

/// Letters and digits without words between them. The names of runs, versions of kernels and ids made of short
/// parts have them, too, and are no credentials.
fn is_credential(text: &str) -> bool {
    let has = |part: &str, is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    let mixed = |part: &str| has(part, u8::is_ascii_digit) && has(part, u8::is_ascii_alphabetic);
    let parts = || text.split(['-', '_', '/', '+', '=']);
    let long = parts().any(|part| part.len() >= 20 && mixed(part));
    let cased = has(text, u8::is_ascii_lowercase) && has(text, u8::is_ascii_uppercase) && mixed(text);
    let times = parts().filter(|part| is_stamp(part)).count();
    long || (text.len() >= 32 && cased && times == 0)
}

/// A text without the times that names of runs and archives have.
pub fn without_stamps(text: &str) -> std::borrow::Cow<'_, str> {
    static STAMP: LazyLock<Regex> = LazyLock::new(|| rule("[0-9]{8}T[0-9]{6}Z", |_| None).pattern);
    STAMP.replace_all(text, "a time")
}

/// A time as names of runs and archives have it.
fn is_stamp(text: &str) -> bool {
    static STAMP: LazyLock<Regex> = LazyLock::new(|| rule("^[0-9]{8}T[0-9]{6}Z$", |_| None).pattern);
    STAMP.is_match(text)
}

/// Whether it can be somebody's number: as many digits as numbers have, and no date, no time.
fn is_number(text: &str) -> bool {
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        rule(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.]*)?$|^(19|20)[0-9]{6}$|^(19|20)[0-9]{12}$", |_| None).pattern
    });
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Times since the epoch, in seconds and in milliseconds: no number of that length begins with a 1.
    let epoch = text.bytes().all(|byte| byte.is_ascii_digit()) && matches!(digits, 10 | 13) && text.starts_with('1');
    // Versions and addresses have dots, too, and few digits.
    let dotted = text.contains('.') && !text.starts_with(['+', '(']) && !text.contains([' ', '-', '/']);
    let least = if dotted { 9 } else { 7 };
    (least..=20).contains(&digits) && !epoch && !TIMES.is_match(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(known: &[(Kind, &str)]) -> Stranger {
        Stranger::new(Known::new(known.iter().map(|(kind, value)| (*kind, (*value).to_owned()))).unwrap()).unwrap()
    }

    #[test]
    fn one_person_is_one_token_however_the_number_is_spelled_and_no_other_bundle_has_it() {
        let one = stranger(&[]);
        let token = |stranger: &Stranger, text: &str| {
            let clean = stranger.text(text, &mut Counts::new());
            assert!(clean.contains("<person #"), "{text}: {clean}");
            let at = clean.find("<person").unwrap();
            clean[at..at + 19].to_owned()
        };
        let first = token(&one, "+15550100001");
        for text in [
            "to 15550100001@s.whatsapp.net",
            "jid=15550100001:3@s.whatsapp.net,",
            "call +1 555 010 0001 now",
            "call +1 (555) 010-0001",
            "call 0015550100001",
            "001-555-010-0001",
            "1.555.010.0001",
            "\"15550100001\"",
            "user15550100001x",
            "tel:+15550100001",
        ] {
            assert_eq!(token(&one, text), first, "{text}");
        }
        assert_ne!(token(&one, "+15550100002"), first);
        assert_ne!(token(&stranger(&[]), "+15550100001"), first);
    }

    #[test]
    fn every_kind_is_taken_out_and_counted() {
        let stranger = stranger(&[
            (Kind::Name, "Zaphod B"),
            (Kind::Secret, "hunter2"),
            (Kind::Host, "heartofgold"),
            (Kind::Text, "meet me at the harbour at nine"),
        ]);
        for (text, kind, gone) in [
            ("120363041234567890@g.us said", "group", "1203630"),
            ("1203-4567@g.us", "group", "4567"),
            ("99887766554433@lid", "person", "998877"),
            ("by zaphod b.", "name", "zaphod"),
            ("prehunter2post", "secret", "hunter2\u{0}"),
            ("is hunter2 it", "secret", "hunter2"),
            ("on heartofgold:22", "host", "heartofgold"),
            ("he said 'Meet me at the harbour at nine!'", "text", "harbour"),
            ("mail ann@example.org now", "mail", "ann@"),
            ("from 203.0.113.7 port 5", "address", "203.0"),
            ("from 2001:db8::7f0 port", "address", "2001"),
            ("GET https://ops.example.org/x?y", "host", "example"),
            ("postgres://app:pw@db.example.org/x", "secret", "app:pw"),
            ("postgres://app:pw@db.example.org/x", "host", "db.example"),
            ("cannot open /home/ann/.wpp/x.db: no", "path", "home/ann"),
            ("cannot open ~/wpp/x.db", "path", "wpp/x"),
            ("Authorization: Bearer abc.def", "secret", "abc.def"),
            ("AWS_SECRET_ACCESS_KEY=abcdef", "secret", "abcdef"),
            ("key wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "secret", "wJalr"),
            ("-----BEGIN PRIVATE KEY-----\nabc", "secret", "abc"),
        ] {
            let mut counts = Counts::new();
            let clean = stranger.text(text, &mut counts);
            if gone.ends_with('\0') {
                // Part of another word: no value of its own.
                continue;
            }
            assert!(!clean.to_lowercase().contains(&gone.to_lowercase()), "{text}: {clean}");
            assert!(counts.contains_key(kind), "{text}: {clean} {counts:?}");
            assert_eq!(looks_like(&clean), None, "{clean}");
            assert_eq!(stranger.known().in_text(&clean), None, "{clean}");
            assert_eq!(stranger.text(&clean, &mut Counts::new()), clean, "a second look changes nothing");
        }
    }

    #[test]
    fn times_sizes_ids_and_loopback_stay() {
        let stranger = stranger(&[]);
        for text in [
            "2026-08-01T09:30:00Z",
            "2026-08-01 09:30:00",
            "smoke-20260801T093000Z",
            "1790000000123",
            "exit 3, 97.3 KiB in 825 ms",
            "version 0.1.0",
            "wpp.session.lock-held",
            "http://127.0.0.1:2785/api/health",
            "12:30:59",
            "step 3/4",
            "WPP_HOME/sessions/<session #0123456789>/logs/wppd.log is open",
            "monthly-restore-of-everything-20260801T093000Z-2",
            "5.15.167.4-microsoft-standard-WSL2",
        ] {
            assert_eq!(stranger.text(text, &mut Counts::new()), text);
        }
    }
}
