//! Redaction for people who know neither this home nor its people: see [`Stranger`].
//!
//! It goes further than [`super::redact`], with which it shares [`crate::forms`]: values that are known to
//! be somebody's are taken out wherever they stand, and so is whatever has the form of any number, an address,
//! a host, a path or a credential. Everything becomes `<kind #token>`: the same token for the same thing, made
//! with a key that is thrown away, so that nobody can try numbers against it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::redact;
use crate::daemon::log::Tokens;
use crate::error::{Context as _, ErrorKind, Result};
use crate::forms::numbers::{self, Likeness};
use crate::forms::{self, Kind, Rule, pattern, value};

/// How often what was taken out.
pub type Counts = BTreeMap<&'static str, usize>;

/// Values that are known to be somebody's, to be found wherever they stand.
#[derive(Debug)]
pub struct Known {
    count: usize,
    kinds: Vec<Kind>,
    values: Vec<String>,
    finder: AhoCorasick,
    /// The digits of numbers, backwards: a number is known by its end, whatever stands before it.
    people: BTreeSet<String>,
}

/// A shorter number is not told from others by its end.
const NUMBER_DIGITS_MIN: usize = 7;
/// So many digits without a country's tell who it is.
const NATIONAL_DIGITS_MIN: usize = 8;

/// Between the digits of a number in pieces stand at most so many signs.
const GAP_CHARS_MAX: usize = 3;
/// No number has more digits, what calls abroad included.
const SCATTERED_DIGITS_MAX: usize = 17;

/// What parts words and lines, and joins nothing.
fn is_no_gap(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\n' | '\r')
}

/// Digits that stand together.
static GROUP: LazyLock<Regex> = LazyLock::new(|| pattern("[0-9]+"));

fn backwards(digits: &str) -> String {
    digits.chars().rev().collect()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A shorter value would be found in every text.
const VALUE_BYTES_MIN: usize = 4;

impl Known {
    /// These values, each with its kind, and secrets in all that they may be written as. What is too short to be
    /// told from a word is left out.
    pub fn new(values: impl IntoIterator<Item = (Kind, String)>) -> Result<Known> {
        let mut known = BTreeMap::new();
        let mut count = 0;
        for (kind, value) in values {
            let forms = if kind == Kind::Secret { redact::spellings(&value) } else { Vec::new() };
            for (at, value) in std::iter::once(value).chain(forms).enumerate() {
                let fits = value.len() >= VALUE_BYTES_MIN && !value.chars().all(char::is_whitespace);
                if let (true, Entry::Vacant(place)) = (fits, known.entry(value.to_lowercase())) {
                    count += usize::from(at == 0);
                    place.insert((kind, value));
                }
            }
        }
        let (kinds, values): (Vec<Kind>, Vec<String>) = known.into_values().unzip();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(&values)
            .context(ErrorKind::Unexpected, || "too many names and numbers are known here to look for all of them".into())?;
        let digits = |(kind, value): (&Kind, &String)| match kind {
            Kind::Person => Some(forms::who(value)).filter(|who| who.len() >= NUMBER_DIGITS_MIN && is_digits(who)),
            _ => None,
        };
        let people = kinds.iter().zip(&values).filter_map(digits).map(|digits| backwards(&digits)).collect();
        Ok(Known { count, kinds, values, finder, people })
    }

    /// The digits of the number that is known, of one that is spelled in some way: without what calls abroad, without
    /// the country, or behind other digits.
    fn number(&self, who: &str) -> Option<String> {
        if !is_digits(who) || self.people.is_empty() {
            return None;
        }
        let written = backwards(who);
        // The longest that it ends with.
        let known = (NUMBER_DIGITS_MIN..=written.len()).rev().find_map(|length| self.people.get(&written[..length]));
        known.or_else(|| self.of_country(who)).map(String::as_str).map(backwards)
    }

    /// The number that is known, backwards, of one without its country.
    fn of_country(&self, who: &str) -> Option<&String> {
        let national = backwards(who.trim_start_matches('0'));
        let mut longer = self.people.range(national.clone()..).take_while(|known| known.starts_with(&national));
        // Two of them would be two people.
        longer.next().filter(|_| national.len() >= NATIONAL_DIGITS_MIN && longer.next().is_none())
    }

    /// Where numbers that are known stand with signs between their digits that no spelling of a number has, as in
    /// `1,555,010,0077`, and the digits of each.
    fn scattered(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let mut found = Vec::new();
        if self.people.is_empty() {
            return found;
        }
        let is_gap = |gap: &str| gap.chars().take(GAP_CHARS_MAX + 1).count() <= GAP_CHARS_MAX && !gap.contains(is_no_gap);
        let is_whole = |digits: &str| {
            let who = digits.strip_prefix("00").unwrap_or(digits);
            self.people.contains(&backwards(who)) || self.of_country(digits).is_some()
        };
        let groups: Vec<Range<usize>> = GROUP.find_iter(text).map(|group| group.range()).collect();
        let mut rest = groups.as_slice();
        while let Some((first, others)) = rest.split_first() {
            let mut digits = text[first.clone()].to_owned();
            let (mut end, mut longest) = (first.end, None);
            for (place, group) in others.iter().enumerate().take_while(|(_, group)| group.len() <= SCATTERED_DIGITS_MAX) {
                if digits.len() > SCATTERED_DIGITS_MAX || !is_gap(&text[end..group.start]) {
                    break;
                }
                digits.push_str(&text[group.clone()]);
                end = group.end;
                if digits.len() >= NUMBER_DIGITS_MIN && is_whole(&digits) {
                    longest = Some((place + 1, first.start..end, digits.clone()));
                }
            }
            rest = match longest {
                Some((taken, range, digits)) => {
                    found.push((range, digits));
                    others.get(taken..).unwrap_or_default()
                }
                None => others,
            };
        }
        found
    }

    /// How many there are, each in one form.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where in a text which of them stand. One of letters and digits alone is a word of its own there, and no
    /// part of a longer one.
    fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (Range<usize>, Kind, &'a str)> {
        self.finder.find_iter(text).filter_map(move |found| {
            let at = found.pattern().as_usize();
            let (kind, value) = (*self.kinds.get(at)?, self.values.get(at)?.as_str());
            let bare = matches!(kind, Kind::Name | Kind::Host | Kind::Word) || value.len() < 8;
            let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let inside = joins(text[..found.start()].chars().next_back()) || joins(text[found.end()..].chars().next());
            let of_stamp = || STAMP.find_iter(text).any(|stamp| stamp.start() <= found.start() && found.end() <= stamp.end());
            let no_value_of_its_own = bare && inside || of_stamp();
            (!no_value_of_its_own).then_some((found.range(), kind, value))
        })
    }

    /// The kind of the first of them that stands in a text.
    pub fn in_text(&self, text: &str) -> Option<Kind> {
        let spelled = || {
            let mut numbers = numbers::find(text, Likeness::Possible);
            numbers.any(|range| self.number(&forms::who(&text[range])).is_some()).then_some(Kind::Person)
        };
        let scattered = || (!self.scattered(text).is_empty()).then_some(Kind::Person);
        self.find(text).next().map(|(_, kind, _)| kind).or_else(spelled).or_else(scattered)
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
            Kind::Person | Kind::Group => {
                let who = forms::who(text);
                self.tokens.of(&self.known.number(&who).unwrap_or(who))
            }
            _ => self.tokens.of_whole(&text.to_lowercase()),
        };
        format!("<{} {token}>", kind.name())
    }

    /// The text without them.
    pub fn text(&self, text: &str, counts: &mut Counts) -> String {
        let known = self.known.find(text).map(|(range, kind, value)| (range, self.token(kind, value, counts)));
        let mut out = forms::splice(text, known);
        for rule in rules() {
            out = pieces(&out)
                .map(|piece| match piece {
                    Piece::Token(token) => token.to_owned(),
                    Piece::Text(text) => rule.replace(text, |kind, value| self.token(kind, value, counts)),
                })
                .collect();
        }
        pieces(&out)
            .map(|piece| match piece {
                Piece::Token(token) => token.to_owned(),
                Piece::Text(text) => self.gathered(text, counts),
            })
            .collect()
    }

    /// The text without numbers that are known and stand there in pieces.
    fn gathered(&self, text: &str, counts: &mut Counts) -> String {
        let found = self.known.scattered(text).into_iter();
        forms::splice(text, found.map(|(range, digits)| (range, self.token(Kind::Person, &digits, counts))))
    }
}

/// What of a text looks like somebody's or like a credential, tokens left aside.
pub fn looks_like(text: &str) -> Option<Kind> {
    rules().find_map(|rule| {
        pieces(text).find_map(|piece| match piece {
            Piece::Token(_) => None,
            Piece::Text(text) => rule.first(text).map(|(kind, _)| kind),
        })
    })
}

/// A part of a text.
enum Piece<'a> {
    /// Stands for something already, and is nobody's any more.
    Token(&'a str),
    /// Anything else.
    Text(&'a str),
}

/// A text in its parts.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut tokens = TOKEN.find_iter(text).peekable();
    let mut done = 0;
    std::iter::from_fn(move || {
        let next = tokens.peek().map_or(text.len(), |token| token.start());
        if done < next {
            let piece = &text[done..next];
            done = next;
            return Some(Piece::Text(piece));
        }
        let token = tokens.next()?;
        done = token.end();
        Some(Piece::Token(token.as_str()))
    })
}

/// A token as [`Stranger::token`] writes it.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = Kind::ALL.map(Kind::name).join("|");
    pattern(&format!("<(?:{kinds}) #[0-9a-f]{{10}}(?: of [0-9]+ words)?>"))
});

/// The token that a text begins with, if it begins with one.
pub fn leading_token(text: &str) -> Option<&str> {
    TOKEN.find(text).filter(|found| found.start() == 0).map(|found| found.as_str())
}

/// A time as the names of runs and archives have it: `20260801T093000Z`, nobody's number whatever stands
/// before it.
static STAMP: LazyLock<Regex> = LazyLock::new(|| pattern(r"[0-9]{8}T[0-9]{6}Z"));
/// Its characters.
const STAMP_CHARS: usize = 16;

/// All forms, in the order in which they are taken out: a rule sees what the ones before it left.
fn rules() -> impl Iterator<Item = &'static Rule> {
    FIRST.iter().chain(forms::RULES.iter()).chain(LAST.iter())
}

/// What is taken out whole here, and of which the rules for all would leave a part.
static FIRST: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        // Keys and certificates as files hold them.
        Rule::new(r"(?s)(?P<value>-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\z))", |found| value(found, Kind::Secret)),
        Rule::new(r"\b[A-Za-z][A-Za-z0-9+.-]*://(?P<value>[^\s/@<>]+)@", |found| value(found, Kind::Secret)),
    ]
});

/// What nobody but a stranger may not read.
static LAST: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        // The host of an address whose user is a token.
        Rule::new(r"^@(?P<value>[^\s/?#<>]+)", |found| value(found, Kind::Host)),
        Rule::new(r"(?P<value>[^\s<>@,;:()\[\]{}]+@[^\s<>@,;:()\[\]{}]+)", |found| value(found, Kind::Mail)),
        // Addresses on the web, then of the network.
        Rule::new(r"\b[A-Za-z][A-Za-z0-9+.-]*://(?P<value>\[?[^\s/?#<>]+)", |found| {
            let bare = found["value"].trim_start_matches('[').split([']', ':']).next().unwrap_or_default();
            let here = bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            value(found, Kind::Host).filter(|_| !here)
        }),
        Rule::new(r"(?P<value>\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:-[a-z][0-9A-Za-z-]*)?)", |found| {
            let (address, name) = found["value"].split_once('-').unwrap_or((&found["value"], ""));
            // A kernel's version may have four parts, and a name behind them.
            let version = !name.is_empty() && address.split('.').next().is_some_and(|major| major.len() == 1);
            let address = address.parse::<IpAddr>().ok().filter(|_| !version);
            let elsewhere = address.is_some_and(|address| !address.is_loopback() && !address.is_unspecified());
            value(found, Kind::Address).filter(|_| elsewhere)
        }),
        Rule::new(
            r"(?:^|[^0-9A-Za-z_:.])(?P<value>[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f]{0,4})(?P<word>[0-9A-Za-z_]?)",
            |found| {
                // A place in a program is written with two colons, too: `client::node:5`.
                if !found["word"].is_empty() {
                    return None;
                }
                let address = found["value"].parse::<Ipv6Addr>();
                let elsewhere = address.is_ok_and(|address| !address.is_loopback() && !address.is_unspecified());
                value(found, Kind::Address).filter(|_| elsewhere)
            },
        ),
        // Files, the home's own apart.
        Rule::new(r#"(?:^|[\s"'`(=,\[:])(?P<value>(?:~/|/[^/\s"'`,;:()<>\]])[^\s"'`,;:()<>\]]*[^\s"'`,;:()<>\].])"#, |found| {
            value(found, Kind::Path).filter(|_| !is_own_path(&found["value"]))
        }),
        // Keys and long credentials: letters, digits and nothing to say. A hash is one, too.
        Rule::new(r"(?:^|[^0-9A-Za-z_+/=-])(?P<value>[0-9A-Za-z_+/=-]{24,})", |found| {
            value(found, Kind::Secret).filter(|_| is_credential(&found["value"]))
        }),
        // Numbers of people, however they are spelled, also inside a word, as in `user15550100001`.
        Rule::Numbers(Likeness::Possible),
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
    long || (text.len() >= 32 && cased && !parts().any(|part| part.len() == STAMP_CHARS && STAMP.is_match(part)))
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
    fn every_spelling_of_a_number_is_one_token_and_is_seen_by_the_last_look() {
        use crate::forms::spellings;
        for known in [&[][..], &[(Kind::Person, "15550100077@s.whatsapp.net"), (Kind::Person, "15550100077")]] {
            let stranger = stranger(known);
            let of = |kind| stranger.token(kind, spellings::DIGITS, &mut Counts::new());
            let tokens = [of(Kind::Person), of(Kind::Group)];
            for spelled in spellings::all() {
                for text in [format!("wrote to {spelled} today"), format!("({spelled})"), format!("{spelled}\n{spelled}")] {
                    assert!(looks_like(&text).is_some(), "{text:?}");
                    let clean = stranger.text(&text, &mut Counts::new());
                    assert!(tokens.iter().any(|token| clean.contains(token)), "{text:?}: {clean:?} has no {tokens:?}");
                    let left: String = clean.split('<').map(|part| part.split_once('>').map_or(part, |(_, rest)| rest)).collect();
                    assert!(!left.contains("0077") && !left.contains("555"), "{text:?}: {clean:?}");
                    assert_eq!((looks_like(&clean), stranger.known().in_text(&clean)), (None, None), "{text:?}: {clean:?}");
                }
            }
        }
    }

    #[test]
    fn who_is_known_is_one_person_also_without_the_country_and_behind_other_digits() {
        let stranger = stranger(&[(Kind::Person, "491711234567"), (Kind::Person, "15550100077")]);
        let token = |number: &str| stranger.token(Kind::Person, number, &mut Counts::new());
        for (text, number) in [
            ("0171 1234567", "491711234567"),
            ("+49 (0) 171 1234567", "491711234567"),
            ("(0171) 123 45 67", "491711234567"),
            ("(555) 010-0077", "15550100077"),
            ("5550100077", "15550100077"),
            ("12 1-555-010-0077", "15550100077"),
        ] {
            let clean = stranger.text(text, &mut Counts::new());
            assert!(clean.contains(&token(number)), "{text}: {clean}");
            assert!(stranger.known().in_text(text).is_some(), "{text}");
        }
        assert!(stranger.known().in_text("0171 1234568").is_none());
    }

    #[test]
    fn a_number_that_is_known_is_found_in_pieces_and_no_other_is() {
        let stranger = stranger(&[(Kind::Person, "15550100077"), (Kind::Person, "491711234567")]);
        for (text, left) in [
            ("1,555,010,0077", ""),
            ("row 7|1|555|010|0077|ok", "row 7||ok"),
            ("[1, 555, 010, 0077]", "[]"),
            ("1:555:010:0077;1=555=010=0077", ";"),
            ("\"1\",\"555\",\"010\",\"0077\"", "\"\""),
            ("001,555,010,0077", ""),
            ("0171,123,4567 of 3,4", " of 3,4"),
        ] {
            let mut counts = Counts::new();
            let clean = stranger.text(text, &mut counts);
            let kept: String = clean.split('<').map(|part| part.split_once('>').map_or(part, |(_, rest)| rest)).collect();
            assert_eq!(kept, left, "{text}: {clean}");
            assert!(counts.contains_key("person"), "{text}: {clean}");
            assert!(stranger.known().in_text(text).is_some(), "{text}");
            assert_eq!(stranger.known().in_text(&clean), None, "{clean}");
        }
        for text in ["1,555,010,0078", "1 of 555 of 010 of 0077", "1,,,,555,,,,010,,,,0077", "0,1,2,3,4,5"] {
            assert_eq!(stranger.text(text, &mut Counts::new()), text);
            assert_eq!(stranger.known().in_text(text), None, "{text}");
        }
        let long = "1,".repeat(1 << 14);
        assert_eq!(stranger.text(&long, &mut Counts::new()), long);
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
            ("password=abcdef was wrong", "secret", "abcdef"),
            ("password=\"two words\" was wrong", "secret", "words"),
            ("Cookie: session=abcdef; theme=dark", "secret", "abcdef"),
            ("x --password abcdef y", "secret", "abcdef"),
            ("curl -u user:abcdef http://127.0.0.1/", "secret", "abcdef"),
            ("db_pass=abcdef;", "secret", "abcdef"),
            ("dTpodW50ZXIy in base64", "secret", "dW50ZXIy"),
            ("2RETNUH backwards", "secret", "RETNUH"),
            ("phone: 1790000001 of somebody", "person", "1790000001"),
            ("15550100001-20260801T093000Z", "person", "0100001"),
            ("1555010000120260801T093000Z", "secret", "0100001"),
            ("key wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "secret", "wJalr"),
            ("-----BEGIN PRIVATE KEY-----\nabc", "secret", "abc"),
        ] {
            let mut counts = Counts::new();
            let clean = stranger.text(text, &mut counts);
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
            "at_ms 1790000000123",
            "exit 3, 97.3 KiB in 825 ms",
            "version 0.1.0",
            "wpp.session.lock-held",
            "http://127.0.0.1:2785/api/health",
            "12:30:59",
            "library::client::node_io:1970",
            "step 3/4",
            "WPP_HOME/sessions/<session #0123456789>/logs/wppd.log is open",
            "monthly-restore-of-everything-20260801T093000Z-2",
            "5.15.167.4-microsoft-standard-WSL2",
            "disk-full-7-20260801T093000Z-2",
            // Part of another word, and no secret by itself.
            "prehunter2post",
        ] {
            assert_eq!((stranger.text(text, &mut Counts::new()).as_str(), looks_like(text)), (text, None));
        }
    }
}
