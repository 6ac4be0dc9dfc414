//! Words that a text may keep: those of `wpp`'s own documents, and of errors as systems word them. Start with
//! [`wording`].
//!
//! A text is taken apart where something was filled in. A part that is all known words but one, or nearly all,
//! stays, with a token for each word that is not; any other is somebody's, and one token stands for all of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::config::KEYS;
use crate::doctor::catalog;
use crate::error::EXIT_CODES;
use crate::evidence::strangers::{Counts, Stranger, leading_token};
use crate::forms::Kind;

/// Messages of the daemon's own lines in its log, word for word. A test reads the sources for them.
pub const LOGGED: &[&str] = &[
    "a look at the schedule cannot be waited for",
    "a look at the schedule did not end well; `wpp schedule list` tells more",
    "a message cannot be decrypted yet",
    "a sample for `wpp capacity` was not written",
    "an interrupt while it drains: ending at once",
    "a store cannot be used",
    "a task panicked",
    "accepted by the server",
    "connecting",
    "handed to the server",
    "linking",
    "messages queued for the account linked before are rejected",
    "no link",
    "not connected",
    "not handed to the server",
    "rejected by the server",
    "state",
    "stream error",
    "the daemon ends",
    "the daemon fails",
    "the daemon starts",
    "the drain timed out; these are sent again after the next start",
    "the outbox cannot be used",
    "the own phone could not be woken; copies of what is written there are lost until it is",
    "the own phone is woken after the restore",
    "the schedule cannot be looked at",
    "the schedule cannot be looked at: wpp's own file is not found",
    "the server is silent; the connection is cut",
    "waking the own phone cannot be written down",
];

/// Words of errors as systems, SQLite and TLS word them, and of findings.
const OTHERS: &str = "
    a able about above accepted access act action acts add added address advice after again age ago alert alerts all allowed already
    also among an and another answer answered answers any api append architecture archive are area argument as aside asked
    at attempt attempts audit available back backup backups bad ban be because been before began being below beside between
    booting both branches broken busy but by bytes call cannot capacity certificate changed channel chats check checked
    checks class client clock closed code command complete config configuration connect connected connecting connection
    connections connects constraint container contains cores corrupt could count counts cpu crash created current daemon
    daily damaged data database day days db decision decrypt default degraded denied desc descriptor descriptors device
    did directory disable disk dns do document documents does down drain drill drills due dump during eacces each
    econnrefused econnreset edited eio either emfile empty enable end ended endpoint ends enoent enospc enough enter entries entry
    enum environment eof epipe erofs errno error errors etimedout every evidence exact exceeded exclusive exhausted exist exists
    exit expected expired exported failed failing failure far fast fault fd fds fields file files filesystem first fits folder
    for format found free from fsync fts full gateway get gib gone grants group growth gz had handshake has have held here
    history holder holds home host hour hours how http https i id identity if image imports in incomplete index info inode
    inodes input interfaces interrupted into invalid io is it its itself journal json keep keepalive kept kernel key keys kib killed
    known last least left length less level limit limited limits line lines link linked lint linux list listed listen
    listens local lock locked log logged login logs long longer looked lost machine macos made main malformed many match
    may mean memory mended message messages mib migration minute minutes missing mode modes monthly months more most mount
    mounted moved ms multiple must name named names network never newer newest next no nobody normal nospc not nothing notice
    notices now null number observed of off offline ok old older on once one ones only open opened opening operation operator ops
    or orders os other others out outbound outbox outcome outdated output over owed own owned owner page pages pair paired pairing part passed passkey
    path peer pending per percent permission permitted phone pid pipe placed plain plan platform plugin plugins port
    possible power prekeys present private problem process process's processes processor processors proven prune qr quick ran
    rate read readable reading readonly ready reason reauth received reconnecting reconnects refused regular rehearsal rejected
    rekey release relink remote remove removed renamed replaced reports request requests required reset resolution resource respond response
    restore restored result resumed retry revoke room rooms root rotation row rows run runbook runbooks running runs same
    sample samples scan schedule schema search second seconds secrets sections seen send sending sent server service session
    sessions set several severity shm short should signal signed simulator since size skipped slow snapshot so sock socket
    some sources space span sqlite stage stale stalled start started starting starts state status step still stop stopped stops storage
    store stored stores stream such summary supplied support symbolic swapped sync syncing system systemd table tables take taken
    takes tar target temporarily temporary test than that the their them then there these they this those time timed
    timeout times tls to toml too took total transaction tries try two type unable unavailable under unexpected unfinished
    unknown unlinked unreachable unreadable until unused up update upload use used user users utc utf8 valid value
    variables verb verdict verified verify version wait waited waits waking wal warn warning was way webhook webhooks
    weekly were what when where whether which while who why with within without word words work works would wpp wppd
    writable write writer writes writing written wrong yearly years yes yet zero zone zstd
    ";

/// Words that checks of the doctor say besides. They stay where it is known that such a check says them, and in no
/// other text: many of them are anybody's.
const OF_CHECKS: &str = "
    9p absent adv af ahosts allows anonymous app applied args arrives attribute author backed base beginning bin bounds
    breaks browser cat cert chain channels chat chattr child clear closer collected columns com committed common
    compare conf counter crashes curl d dates decide decided delivered depend destination detail dev df died diesel
    differs disabled dmesg docker edits endpoints env err etc europe expect expects expires export f fetched fifth
    findmnt fit fp fs fuse gave getent grep guess h happened harms hash haveged health heartbeat help higher homes
    hosts hw identities inbound infinity inserted jid la lad large ld learning lid life lift limitas limitfsize living
    localtime lower lowered lsattr mac macs mapping marks matters max md me members meminfo metadata min misc msg
    mutation nct nfs4 nightly noise noout nr o often oldest openssl overcommit p pager paris parts payload pgrep phash
    pids places played pn ppid pre prefix pressure primary proc projected promises proof proofs props provider proving
    pushes puts random raw receipts record recorded registry renewed report resolv rm rng routes routing safely sales
    salt scheduled secondary sender servername services shells sleeping slice spare sport stat stranger succeeds suits
    suspended sys sysctl systemctl t taking talked talks tc telephone telnet tertiary text think throttled tight
    timedatectl timestamp timezones transitions trust trusts trying ts twins undecryptable unlimited unmounted unnamed
    untouched unupload updated url usr vi virtio vm w wake wakes want wasm web writers x509 xh xs your
";

static WORDS_OF_CHECKS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| OF_CHECKS.split_whitespace().collect());

/// The words that a text may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// Those of [`is_known`].
    Common,
    /// Those, and what checks of `wpp` say: for what one of them said.
    Checks,
}

impl Vocabulary {
    fn has(self, word: &str) -> bool {
        is_known(word) || self == Vocabulary::Checks && WORDS_OF_CHECKS.contains(word.to_lowercase().as_str())
    }
}

/// Every word that may stay, in small letters.
static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut words = BTreeSet::new();
    let mut add = |text: &str| words.extend(split(text).filter_map(|part| part.word()).map(str::to_lowercase));
    add(OTHERS);
    super::clean::PARTS.iter().chain(super::PLUGINS).for_each(|word| add(word));
    catalog::checks().for_each(|check| {
        add(check.id);
        add(check.title);
        add(check.area);
        add(check.explain);
        add(check.mend);
    });
    KEYS.iter().for_each(|key| {
        add(key.path);
        add(key.help);
    });
    EXIT_CODES.iter().for_each(|(_, _, code, meaning)| {
        add(code);
        add(meaning);
    });
    LOGGED.iter().for_each(|message| add(message));
    words
});

/// What `wpp` writes of itself, in small letters, each text on a line of its own.
static TEXTS: LazyLock<String> = LazyLock::new(|| {
    let checks = catalog::checks().flat_map(|check| [check.id, check.title, check.explain, check.mend]);
    let keys = KEYS.iter().flat_map(|key| [key.path, key.help]);
    let codes = EXIT_CODES.iter().map(|(.., meaning)| *meaning);
    checks.chain(keys).chain(codes).chain(LOGGED.iter().copied()).collect::<Vec<_>>().join("\n").to_lowercase()
});

/// Whether a text stands in what `wpp` writes of itself.
pub fn is_own_text(text: &str) -> bool {
    TEXTS.contains(&text.to_lowercase())
}

/// Whether a word is one of `wpp`'s own.
pub fn is_known(word: &str) -> bool {
    WORDS.contains(&word.to_lowercase())
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    /// Letters, with what joins them: `lock-held`, `wpp.db`, `don't`.
    Word(&'a str),
    /// A short number, with what joins it: `97.3`, `2026-08-01T09:30:00Z`.
    Number(&'a str),
    /// A token that stands for something.
    Token(&'a str),
    /// Everything else: spaces and signs.
    Sign(&'a str),
}

impl<'a> Piece<'a> {
    fn word(self) -> Option<&'a str> {
        match self {
            Piece::Word(word) => Some(word),
            _ => None,
        }
    }

    fn text(self) -> &'a str {
        match self {
            Piece::Word(text) | Piece::Number(text) | Piece::Token(text) | Piece::Sign(text) => text,
        }
    }

    /// Whether something that was filled in may begin or end here.
    fn parts(self) -> bool {
        matches!(self, Piece::Sign(sign) if sign.contains([':', '"', '\'', '(', ')', '`', '\n', ';', '[', ']', '{', '}', '=', '|', '!', '?'])
            || sign.starts_with([',', '.']))
    }
}

fn split(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let joined = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '\u{2019}');
        let token = leading_token(rest);
        let end = match token {
            Some(token) => token.len(),
            None if first.is_alphanumeric() => {
                let end = rest.find(|c: char| !joined(c)).unwrap_or(rest.len());
                // What joins stands between letters: a full stop at the end is a sign.
                rest[..end].trim_end_matches(|c: char| !c.is_alphanumeric()).len()
            }
            None => {
                let next = &rest[first.len_utf8()..];
                next.find(|c: char| c.is_alphanumeric() || c == '<').map_or(rest.len(), |end| end + first.len_utf8())
            }
        };
        let (piece, left) = rest.split_at(end.max(first.len_utf8()));
        rest = left;
        Some(if token.is_some() {
            Piece::Token(piece)
        } else if !first.is_alphanumeric() {
            Piece::Sign(piece)
        } else if first.is_ascii_digit() && is_number(piece) {
            Piece::Number(piece)
        } else {
            Piece::Word(piece)
        })
    })
}

/// Digits with signs, a time, a version, or a size with its unit.
fn is_number(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    text.chars().all(|c| c.is_ascii_digit() || c.is_alphabetic() || matches!(c, '.' | '-' | ':' | '/'))
        && matches!(
            letters.as_str(),
            "" | "T" | "TZ" | "Z" | "s" | "ms" | "h" | "d" | "m" | "kB" | "MB" | "GB" | "KiB" | "MiB" | "GiB" | "TiB"
        )
}

/// Known words among all, in per cent, from which on a part of a text is `wpp`'s own wording.
const KNOWN_PERCENT_MIN: usize = 80;

/// The text, already without what is known or looks like somebody's, with its own wording alone.
pub fn wording(stranger: &Stranger, text: &str, vocabulary: Vocabulary, counts: &mut Counts) -> String {
    let mut out = String::with_capacity(text.len());
    let mut part: Vec<Piece<'_>> = Vec::new();
    for piece in split(text) {
        if piece.parts() {
            flush(stranger, &part, vocabulary, &mut out, counts);
            part.clear();
            out.push_str(piece.text());
        } else {
            part.push(piece);
        }
    }
    flush(stranger, &part, vocabulary, &mut out, counts);
    out
}

fn flush(stranger: &Stranger, part: &[Piece<'_>], vocabulary: Vocabulary, out: &mut String, counts: &mut Counts) {
    let words: Vec<&str> = part.iter().filter_map(|piece| piece.word()).collect();
    // `wpp.session.lock-held` is known as a whole, `wpp/doctor` by its parts.
    let plain =
        |part: &str| part.is_empty() || vocabulary.has(part) || part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let known = |word: &str| vocabulary.has(word) || word.split(['/', '.', '-', '_', ':']).all(plain);
    let count = words.iter().filter(|word| known(word)).count();
    if words.len() <= count + 1 || count * 100 >= words.len() * KNOWN_PERCENT_MIN {
        for piece in part {
            match piece {
                Piece::Word(word) if !known(word) => out.push_str(&stranger.token(Kind::Word, word, counts)),
                piece => out.push_str(piece.text()),
            }
        }
        return;
    }
    let all: String = part.iter().map(|piece| piece.text()).collect();
    let (begin, end) = (all.len() - all.trim_start().len(), all.trim_end().len());
    let token = stranger.token(Kind::Text, all.trim(), counts);
    out.push_str(&all[..begin]);
    out.push_str(&format!("{} of {} words>", token.trim_end_matches('>'), words.len()));
    out.push_str(&all[end..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::strangers::Known;

    fn clean(text: &str) -> String {
        let stranger = Stranger::new(Known::new([]).unwrap()).unwrap();
        wording(&stranger, text, Vocabulary::Common, &mut Counts::new())
    }

    /// Words of the cases that checks are tried with: what stands there for somebody's.
    const OF_CASES: &[&str] =
        &["b", "homee", "mail", "manager", "mars", "matrix", "olympus", "stail", "txt", "u", "v", "v1", "vda", "x", "y", "z"];

    #[test]
    fn what_checks_say_is_known_and_what_they_speak_of_is_not() {
        let mut unknown = BTreeSet::new();
        for finding in crate::doctor::cases::findings() {
            let remedy = finding.remedy.iter().flat_map(|remedy| [&remedy.summary, &remedy.command]);
            let evidence = finding.evidence.iter().flat_map(|seen| [&seen.what, &seen.expected, &seen.observed]);
            for text in remedy.chain(evidence).chain([&finding.summary]) {
                let words = split(text).filter_map(Piece::word).flat_map(|word| word.split(['/', '.', '-', '_', ':']));
                unknown.extend(
                    words.filter(|word| !word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit())).filter_map(|word| {
                        let known = Vocabulary::Checks.has(word) || OF_CASES.contains(&word.to_lowercase().as_str());
                        (!known).then(|| (word.to_lowercase(), finding.id.to_string()))
                    }),
                );
            }
        }
        assert!(unknown.is_empty(), "add to OF_CHECKS what is wpp's, and to OF_CASES what a case made up: {unknown:#?}");
        let stranger = Stranger::new(Known::new([]).unwrap()).unwrap();
        let text = "the kernel promises memory as programs ask for it";
        assert_eq!(wording(&stranger, text, Vocabulary::Checks, &mut Counts::new()), text);
    }

    #[test]
    fn wording_of_its_own_stays() {
        for text in [
            "the daemon starts",
            "disk space is short: 3 % free, 120 MiB of 4096 MiB",
            "the lock is held by process 4711 since 2026-08-01T09:30:00Z",
            "wpp.session.lock-held must be mended first: the file is gone",
            "cannot open WPP_HOME/sessions/main/wpp.db: database disk image is malformed",
            "no byte from the server for 40000 ms",
            "the store belongs to <person #0123456789>, not to <person #abcdef0123>",
        ] {
            let cleaned = clean(text);
            let kept = cleaned.matches("<word #").count() + cleaned.matches("<text #").count();
            assert!(kept <= 1, "{text}: {cleaned}");
        }
        assert_eq!(clean("the daemon starts"), "the daemon starts");
    }

    #[test]
    fn what_somebody_wrote_becomes_one_token_and_says_only_how_long_it_was() {
        for text in [
            "please bring the umbrella tomorrow evening",
            "the server said \"darling, where were you on tuesday\"",
            "Zażółć gęślą jaźń",
            "我们明天见",
        ] {
            let cleaned = clean(text);
            for word in ["umbrella", "tomorrow", "evening", "darling", "tuesday", "gęślą", "我们"] {
                assert!(!cleaned.contains(word), "{cleaned}");
            }
        }
        assert!(
            clean("please bring the umbrella tomorrow").contains("of 5 words>"),
            "{}",
            clean("please bring the umbrella tomorrow")
        );
        let cleaned = clean("the daemon of Zaphod starts again now");
        assert!(cleaned.starts_with("the daemon of <word #") && cleaned.ends_with("> starts again now"), "{cleaned}");
    }

    #[test]
    fn every_line_of_the_daemon_is_known_word_for_word() {
        fn sources(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    sources(&path, files);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    files.push(path);
                }
            }
        }
        let mut files = Vec::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let call = regex::Regex::new(r#"(?s)tracing::(?:info|warn|error)!\((.*?)\);"#).unwrap();
        let text = regex::Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
        let mut seen = BTreeSet::new();
        for file in files {
            let source = std::fs::read_to_string(&file).unwrap();
            let own = source.split("#[cfg(test)]").next().unwrap();
            for found in call.captures_iter(own) {
                let Some(message) = text.captures_iter(&found[1]).last() else { continue };
                seen.insert(message[1].to_owned());
            }
        }
        assert!(seen.len() > 20, "{seen:?}");
        let unknown: Vec<_> = seen.iter().filter(|message| !LOGGED.contains(&message.as_str())).collect();
        assert!(unknown.is_empty(), "add them to LOGGED: {unknown:?}");
    }

    #[test]
    fn states_reasons_and_verbs_of_the_journal_are_told_as_they_are() {
        let stranger = Stranger::new(Known::new([]).unwrap()).unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let state = std::fs::read_to_string(root.join("session/state.rs")).unwrap();
        let modes = std::fs::read_to_string(root.join("session/messages/mod.rs")).unwrap();
        let variant = regex::Regex::new(r"(?m)^    ([A-Z][A-Za-z]+),$").unwrap();
        let mut names = Vec::new();
        for (source, of) in [(&state, "pub enum State {"), (&state, "pub enum Reason {"), (&modes, "pub enum SearchMode {")] {
            let body = source.split(of).nth(1).unwrap().split("\n}").next().unwrap();
            names.extend(variant.captures_iter(body).map(|found| found[1].to_owned()));
        }
        assert!(names.len() > 30, "{names:?}");
        let mut verbs = BTreeSet::new();
        let call = r#"(?:\.(?:record|begin)\(\s*(?:None|Some\([^"]{1,40}\)|[a-z]+),\s*|const VERB: &str = )"([a-z-]+)""#;
        let call = regex::Regex::new(call).unwrap();
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    let own = source.split("#[cfg(test)]").next().unwrap().to_owned();
                    verbs.extend(call.captures_iter(&own).map(|found| found[1].to_owned()));
                }
            }
        }
        assert!(["backup", "restore", "dump-set", "plugin-add"].iter().all(|verb| verbs.contains(*verb)), "{verbs:?}");
        let small = |name: &String| regex::Regex::new("(.)([A-Z])").unwrap().replace_all(name, "${1}_$2").to_lowercase();
        for name in names.iter().map(small).chain(verbs) {
            let mut clean = super::super::clean::Clean::new(&stranger, "/home/ann/.wpp");
            assert_eq!(clean.term(&name), name);
        }
    }

    #[test]
    fn every_text_survives_being_taken_apart() {
        for text in ["", "<", "<a", "<a #b", "a<b>c", "...", "a.", "«»", "<person #0123456789>x", "a\u{301}b - c", "3/4:5."] {
            assert_eq!(split(text).map(Piece::text).collect::<String>(), text);
        }
    }
}
