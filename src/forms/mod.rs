//! What people and secrets look like in a text: the one table that the doctor looks through logs with, and that
//! evidence and support bundles are cleaned with. Start with [`replace`].
//!
//! A rule only says what is where. What is done about it is up to whoever asks: the doctor counts what is so for
//! sure, evidence is kept with a token in its place that the home shares, and a bundle with one that nobody can try
//! numbers against, after rules of its own for all that a stranger must not read either.

mod digits;
mod json;
pub mod numbers;
#[cfg(test)]
#[path = "../../tests/it/spellings.rs"]
pub(crate) mod spellings;

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use self::numbers::Likeness;

/// Beginnings of tokens that services give out, each with how many letters, digits, `-` and `_` follow at least.
pub const ISSUED: &[(&str, usize)] = &[
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxe-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("sk-proj-", 20),
    ("sk_live_", 16),
    ("AKIA", 16),
    ("AIza", 30),
    ("owa_k1_", 32),
    ("eyJhbGciOi", 40),
];

/// What follows the @ of an address of WhatsApp, and whose address it is. One that begins as another does stands
/// before it.
pub const SERVERS: &[(&str, Kind)] = &[
    ("s.whatsapp.net", Kind::Person),
    ("c.us", Kind::Person),
    ("lid", Kind::Person),
    ("hosted.lid", Kind::Person),
    ("hosted", Kind::Person),
    ("bot", Kind::Person),
    ("msgr", Kind::Person),
    ("interop", Kind::Person),
    ("g.us", Kind::Group),
    ("broadcast", Kind::Group),
    ("newsletter", Kind::Group),
    ("call", Kind::Group),
];

/// What was found.
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

/// What a secret becomes where nothing else tells one from another.
pub const SECRET: &str = "[secret]";

/// What a match is, and which bytes of the text are it; `None` when it is nobody's after all.
pub type Found = Option<(Kind, Range<usize>)>;

/// One form that people and secrets have.
pub enum Rule {
    /// A pattern, and what its matches are.
    Pattern(Regex, fn(&Captures<'_>) -> Found),
    /// Numbers, of which it is at least so sure.
    Numbers(Likeness),
}

impl Rule {
    /// A constant pattern, and what its matches are.
    pub fn new(text: &str, found: fn(&Captures<'_>) -> Found) -> Rule {
        Rule::Pattern(pattern(text), found)
    }

    /// Everything of this form in a text, in order.
    fn all<'a>(&'a self, text: &'a str) -> Box<dyn Iterator<Item = (Kind, Range<usize>)> + 'a> {
        match self {
            Rule::Pattern(pattern, found) => Box::new(pattern.captures_iter(text).filter_map(|captures| found(&captures))),
            Rule::Numbers(least) => Box::new(numbers::find(text, *least).map(|range| (Kind::Person, range))),
        }
    }

    /// The first thing of this form in a text.
    pub fn first(&self, text: &str) -> Found {
        self.all(text).next()
    }

    /// The text with something else in the place of everything of this form.
    pub fn replace(&self, text: &str, mut instead: impl FnMut(Kind, &str) -> String) -> String {
        splice(text, self.all(text).map(|(kind, range)| (range.clone(), instead(kind, &text[range]))))
    }

    /// [`Rule::replace`] that keeps JSON what it is.
    fn replace_whole(&self, text: &str, mut instead: impl FnMut(Kind, &str) -> String) -> String {
        let mut strings = json::Strings::default();
        let replaced = self.all(text).map(|(kind, range)| {
            let token = instead(kind, &text[range.clone()]);
            match json::number(text, &range, &mut strings) {
                Some(number) => (number.begin..range.end, [number.quote, &token, number.quote].concat()),
                None => (range, token),
            }
        });
        splice(text, replaced)
    }
}

/// The text with other texts in the place of some of its bytes, which are given in order.
pub fn splice(text: &str, replaced: impl Iterator<Item = (Range<usize>, String)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (range, instead) in replaced {
        out.push_str(&text[done..range.start]);
        out.push_str(&instead);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// The text with something else in the place of every person and secret that has the form of one. In the place of a
/// number of JSON it is a text of JSON.
pub fn replace(text: &str, mut instead: impl FnMut(Kind, &str) -> String) -> String {
    RULES.iter().fold(text.to_owned(), |text, rule| rule.replace_whole(&text, &mut instead))
}

/// A constant pattern.
pub fn pattern(text: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are constant, and a test uses each")]
    Regex::new(text).expect("a pattern that compiles")
}

/// The named part `value` as this kind: what of a rule's match is somebody's.
pub fn value(found: &Captures<'_>, kind: Kind) -> Found {
    found.name("value").map(|value| (kind, value.range()))
}

/// Whether what is called so is secret.
pub fn is_secret_name(name: &str) -> bool {
    SECRET_NAME.is_match(name)
}

/// What stands in the place of a value and is none: a word, a name of a value, where a secret is kept.
pub fn is_no_secret(value: &str) -> bool {
    let word = matches!(value.to_ascii_lowercase().as_str(), "" | "true" | "false" | "null" | "none" | "yes" | "no");
    word || NO_SECRET.is_match(value)
}

/// Who is written there, however: `+1 (555) 010-0001` is who `0015550100001` and `15550100001:3@s.whatsapp.net`
/// are. Groups and lists keep their whole name.
pub fn who(written: &str) -> String {
    let (user, server) = written.split_once('@').or_else(|| written.split_once("%40")).unwrap_or((written, ""));
    // The agent and the device of a JID are no part of the number.
    let user = if server.is_empty() { user } else { user.split(['_', ':', '.']).next().unwrap_or(user) };
    let is_group = user.split('-').filter(|part| part.len() > 4 && part.bytes().all(|byte| byte.is_ascii_digit())).count() > 1;
    match numbers::whole(user) {
        Some(digits) if !is_group => digits,
        _ => user.to_owned(),
    }
}

/// Whether it is a SHA-256 in hex, which names bytes and nobody.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A value without the quotes around it.
fn secret(found: &Captures<'_>) -> Found {
    let value = found.name("value")?;
    let text = value.as_str();
    let quote = ["\\\"", "\"", "'"].into_iter().find(|quote| text.starts_with(quote)).unwrap_or_default();
    let mut inner = text.strip_prefix(quote).map_or(text, |rest| rest.strip_suffix(quote).unwrap_or(rest));
    // A number of JSON ends before what it stands in ends.
    if quote.is_empty() && found.get(0).is_some_and(|whole| whole.as_str().contains('"')) {
        let number = inner.trim_end_matches(['}', ']']);
        inner = if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) { number } else { inner };
    }
    let begin = value.start() + quote.len();
    (!is_no_secret(inner) && !inner.starts_with(SECRET)).then_some((Kind::Secret, begin..begin + inner.len()))
}

/// The password in an address, or the user where that is one.
fn credentials(found: &Captures<'_>) -> Found {
    let (scheme, who) = (&found["scheme"], found.name("value")?);
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let all = || Some((Kind::Secret, who.range()));
    match who.as_str().split_once(':') {
        // The port of a server, and an @ somewhere behind it.
        Some((_, password)) if PORT.is_match(password) => None,
        None if who.as_str().contains('/') => None,
        // A token may stand in the place of either.
        Some((user, _)) if !web && user.len() < 20 => Some((Kind::Secret, who.start() + user.len() + 1..who.end())),
        Some(_) => all(),
        None if web || who.len() >= 20 => all(),
        None => None,
    }
}

/// What things are called whose values are secret.
const SECRET_WORDS: &str = r"(?: password | passwd | passphrase | secret | token | credential | api[_-]?key | private[_-]?key | access[_-]?key | secret[_-]?key | encryption[_-]?key | signing[_-]?key | session[_-]?key )(?: [_-](?: key | value | base | raw | old | new | hex | b64 | base64 | pem ) )*";

/// A value: in quotes to their end, else to the end of the word.
const VALUE: &str = r#"(?P<value> \\"[^"\\\n]* (?:\\")? | "(?: [^"\\\n] | \\. )* "? | '[^'\n]* '? | [^\s"',;&]{3,} )"#;

/// Names of fields whose values are secret.
static SECRET_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"(?xi)^(?: [a-z0-9_.-]* {SECRET_WORDS} | (?:proxy-)? authorization | (?:set-)? cookie | pass | pwd )$"))
});

/// `true` is none, nor is where a value comes from.
static NO_SECRET: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\{\{[^}]*\}\}|(?:[a-zA-Z0-9_-]+=)?(?:env|file):.*|<[a-z -]+>|\[secret\])$"));

/// What begins as a port does.
static PORT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9]{1,5}(?:[/?#]|$)"));

/// A private key as files hold it, up to its end, or to the last line that can be a part of it.
pub const PRIVATE_KEY: &str = r"(?x) (?P<value> -----BEGIN\ [A-Z0-9\ ]*PRIVATE\ KEY[A-Z\ ]*-----
    (?: [\sA-Za-z0-9+/=:,\\.>|-]*? -----END\ [A-Z0-9\ ]*PRIVATE\ KEY[A-Z\ ]*----- | (?: (?:\s|\\[nr])* [A-Za-z0-9+/=]{16,} )* ) )";

/// All forms, in this order: a rule sees what the ones before it left.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let issued: Vec<String> = ISSUED.iter().map(|(beginning, least)| format!("{beginning}[A-Za-z0-9_-]{{{least},}}")).collect();
    vec![
        Rule::new(PRIVATE_KEY, |found| value(found, Kind::Secret)),
        // Who stands in an address before its server.
        Rule::new(r#"\b(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<value>[^\s/@:"'<>]*:[^\s"'<>]*|[^\s/@:"'<>]+)@"#, credentials),
        // Tokens that tell by their form what they are; those with dots between their parts go whole.
        Rule::new(
            &format!(
                r"(?x)\b(?P<value> AGE-SECRET-KEY-1[0-9A-Z]{{20,}} | eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]* | {} )",
                issued.join(" | ")
            ),
            |found| value(found, Kind::Secret),
        ),
        // Headers whose whole line is secret.
        Rule::new(
            r#"(?xi) \b (?: (?:set-)?cookie | (?:proxy-)?authorization (?: "|\\" ) ) (?: "|\\" )? [\ \t]* [:=] [\ \t]* (?: "|\\" )?
            (?P<value> (?: [^"'\\\s] | \\[^"] ) (?: [^"'\\\r\n] | \\[^"] )* )"#,
            |found| value(found, Kind::Secret),
        ),
        // A header that tells who asks: its scheme may stay.
        Rule::new(
            r#"(?xi) \b (?: authorization [\ \t]* [:=] [\ \t]* (?: bearer | basic | token | negotiate | apikey )[\ \t]+ | bearer [\ \t]+ )
            (?P<value> [^\s"',;]{3,} )"#,
            |found| value(found, Kind::Secret),
        ),
        // The same of schemes with more than one word.
        Rule::new(
            r"(?xi) \b authorization [\ \t]* : [\ \t]* (?: digest | aws4[a-z0-9-]* )[\ \t]+ (?P<value> [^\s] [^\r\n]* )",
            |found| value(found, Kind::Secret),
        ),
        // `--password value`.
        Rule::new(
            &format!(
                r#"(?xi) (?:^|[\s"'\[(]) --? (?: [a-z0-9]+- )* (?: {SECRET_WORDS} | pass ) [\ \t]+ {}"#,
                VALUE.replace("[^\\s\"',;&]{3,}", "[^\\s\"',;&-][^\\s\"',;&]{2,}")
            ),
            secret,
        ),
        // `name: value` and `name=value` of things whose values are secret.
        Rule::new(
            &format!(
                r#"(?xi) \b (?: x-whatsapp-secret | [a-z0-9_.-]* {SECRET_WORDS} ) (?: "|\\"|' )? [\ \t]* [:=] [\ \t]* {VALUE}"#
            ),
            secret,
        ),
        // Short names, which are words of their own elsewhere: with a `=`, or as a field of JSON.
        Rule::new(
            &format!(
                r#"(?xi) \b (?: pass | pwd | auth | pgpass | [a-z0-9]+_pass | [a-z0-9]+_pwd ) (?: [\ \t]* = [\ \t]* | (?:"|\\") [\ \t]* : [\ \t]* ) {}"#,
                VALUE.replace("[^\\s\"',;&]{3,}", "[^\\s\"',;&/][^\\s\"',;&]{2,}")
            ),
            secret,
        ),
        // `curl -u user:password`.
        Rule::new(r#"(?:^|\s)(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']+:(?P<value>[^\s"']+)"#, |found| {
            value(found, Kind::Secret)
        }),
        // Addresses of WhatsApp, of groups and lists first.
        Rule::new(&jid(Kind::Group), |found| value(found, Kind::Group)),
        Rule::new(&jid(Kind::Person), |found| value(found, Kind::Person)),
        // Numbers before an @ of any other kind.
        Rule::new(r"(?:^|[^0-9A-Za-z.])(?P<value>[0-9]{7,15}(?:[_:.][0-9]{1,3})*)(?:@|%40)", |found| value(found, Kind::Person)),
        Rule::Numbers(Likeness::Likely),
    ]
});

/// Addresses of one kind: a user, perhaps with an agent and a device, at a server.
fn jid(kind: Kind) -> String {
    let mut servers: Vec<String> =
        SERVERS.iter().filter(|(_, of)| *of == kind).map(|(server, _)| regex::escape(server)).collect();
    servers.sort_by_key(|server| std::cmp::Reverse(server.len()));
    format!(r"(?P<value>[0-9][0-9.:_-]*(?:@|%40)(?:{}))\b", servers.join("|"))
}
