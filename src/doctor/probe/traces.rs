//! Logs and reports: how large, and whether they hold what they should not. Of each no more than a bounded part
//! is read, and nothing that is found leaves this room but what kind of thing it is and how often.
//!
//! What has a form of its own is [`scan`]'s; secrets of this home and texts of messages are looked for as what
//! they are. Texts are known once the databases were read, so they are looked for last, by [`Searched::texts`].

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{FILES_TIMEOUT, Job};
use crate::config::Config;
use crate::disk;
use crate::facts::{Leak, LeakKind, Leaks, LogFacts, Probed};
use crate::forms::{ISSUED, SERVERS, numbers};
use crate::home::{Home, SessionPaths, sidecar};

/// So much of the end of a session's log is read, of few sessions and of many.
const TAIL_BYTES_MAX: u64 = 64 << 10;
const TAIL_BYTES_MIN: u64 = 16 << 10;
/// So much of the ends of all sessions' logs.
const TAILS_BYTES_MAX: u64 = 16 << 20;
/// So much of one file of a report is read, and of all of them.
const REPORT_BYTES_MAX: u64 = 64 << 10;
const REPORTS_BYTES_MAX: u64 = 256 << 10;
/// The newest runs whose reports are read, and the files of one run's transcripts.
const RUNS_MAX: usize = 4;
const TRANSCRIPTS_MAX: usize = 16;
/// The largest secret that is looked for, and how many.
const SECRET_BYTES_MAX: u64 = 4096;
const SECRETS_MAX: usize = 1024;
/// A shorter secret is found by chance.
const SECRET_BYTES_MIN: usize = 8;
/// Beginnings of variables that hold secrets.
const VARIABLES: &str = "WPP_SECRET_";
/// The time in a run's name: `20260801T093000Z`.
const STAMP_CHARACTERS: usize = 16;
/// Texts of messages that are looked for in reports, and how much of each.
const TEXTS_MAX: usize = 512;
const TEXT_CHARACTERS_MAX: usize = 200;

/// How much of the logs is read, and what is kept of reports and messages until both are known.
#[derive(Clone)]
pub(crate) struct Searched {
    /// So much of the end of the log that is written, and a quarter of it of the newest one before.
    pub(crate) tail_bytes: u64,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    reports: Vec<(PathBuf, Vec<u8>)>,
    /// Names of the runs that left them.
    runs: Vec<String>,
    texts: Vec<String>,
}

impl Searched {
    /// Of that many sessions.
    pub(crate) fn of(sessions: usize) -> Searched {
        let each = TAILS_BYTES_MAX / u64::try_from(sessions.max(1)).unwrap_or(u64::MAX);
        Searched { tail_bytes: each.clamp(TAIL_BYTES_MIN, TAIL_BYTES_MAX), kept: Arc::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes texts that others wrote, to be looked for in reports.
    pub(crate) fn note_texts<'a>(&self, texts: impl Iterator<Item = &'a String>) {
        let mut kept = self.kept();
        let room = TEXTS_MAX.saturating_sub(kept.texts.len());
        // A report may hold the beginning alone, and so may a page of a database be all that was read.
        kept.texts.extend(texts.take(room).map(|text| text.chars().take(TEXT_CHARACTERS_MAX).collect()));
    }

    /// Looks for the texts in the reports, once both were read.
    pub(super) fn texts(&self, reports: &mut Probed<Leaks>) {
        let Kept { reports: files, runs, mut texts } = std::mem::take(&mut *self.kept());
        let Probed::Known(leaks) = reports else { return };
        texts.sort_unstable();
        texts.dedup();
        // Somebody who answers a drill writes what it told them, and that names the run.
        texts.retain(|text| !runs.iter().any(|run| text.contains(run.as_str())));
        if files.is_empty() || texts.is_empty() {
            return;
        }
        leaks.texts = texts.len() as u64;
        let written = texts.iter().flat_map(|text| forms(text));
        let finder = match finder(written) {
            Ok(finder) => finder,
            Err(reason) => return leaks.unread.push(format!("texts of messages could not be looked for: {reason}")),
        };
        for (path, bytes) in files {
            let times = finder.find_iter(&bytes).count() as u64;
            if times > 0 {
                leaks.found.push(Leak { file: path.display().to_string(), kind: LeakKind::Text, times });
            }
        }
    }
}

/// A text as it is, and as JSON and pages of the web write it.
fn forms(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut forms = vec![text.to_owned(), json.trim_matches('"').to_owned(), html];
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn finder(patterns: impl Iterator<Item = impl AsRef<[u8]>>) -> Result<AhoCorasick, String> {
    AhoCorasick::new(patterns).map_err(|error| error.to_string())
}

/// The one job for the logs of all sessions and for reports.
pub(super) fn job(home: Option<&Home>, sessions: &[SessionPaths], config: &Config, searched: &Searched) -> Job {
    let (home, sessions, count, searched) = (home.cloned(), sessions.to_vec(), sessions.len(), searched.clone());
    let limits = (config.number("log.size_bytes_max"), config.number("log.files_max"));
    Job::new(
        FILES_TIMEOUT,
        move || {
            let Some(home) = home else {
                let no_home = || "the home does not open".to_owned();
                return (vec![Probed::NotApplicable(no_home()); sessions.len()], Probed::NotApplicable(no_home()));
            };
            let secrets = Secrets::of(&home.secrets());
            let logs = sessions.iter().map(|session| log(session, limits, &secrets, searched.tail_bytes).into()).collect();
            (logs, reports(&home.reports(), &secrets, &searched))
        },
        move |reason| (vec![Probed::Failed(reason.clone()); count], Probed::Failed(reason)),
        |(logs, reports): (Vec<Probed<LogFacts>>, Probed<Leaks>), host, sessions| {
            host.upkeep.reports = reports;
            for (session, log) in sessions.iter_mut().zip(logs) {
                session.log = log;
            }
        },
    )
}

/// Values of this home's secrets, and of those of this process, that are long enough to be looked for.
struct Secrets {
    finder: Option<AhoCorasick>,
    /// Why some cannot be looked for.
    unread: Vec<String>,
}

impl Secrets {
    fn of(folder: &Path) -> Secrets {
        let (mut values, mut unread) = (Vec::new(), Vec::new());
        let mut files = disk::list(folder).unwrap_or_else(|error| {
            unread.push(format!("secrets could not be looked for: {}", error.chain()));
            Vec::new()
        });
        files.sort();
        if files.len() > SECRETS_MAX {
            unread.push(format!("{} holds more than {SECRETS_MAX} secrets, and only those were looked for", folder.display()));
        }
        for path in files.into_iter().take(SECRETS_MAX).filter(|path| !path.is_dir()) {
            match head(&path, SECRET_BYTES_MAX) {
                Ok(value) => values.push(value),
                Err(error) => unread.push(format!("it could not be looked for: {}", disk::cannot("read", &path, error).chain())),
            }
        }
        use std::os::unix::ffi::OsStringExt as _;
        let variables = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with(VARIABLES)));
        values.extend(variables.map(|(_, value)| value.into_vec()));
        Secrets::values(&values, unread)
    }

    fn values(values: &[Vec<u8>], mut unread: Vec<String>) -> Secrets {
        let first_line = |value: &Vec<u8>| value.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii().to_vec();
        let mut values: Vec<Vec<u8>> = values.iter().map(first_line).filter(|value| value.len() >= SECRET_BYTES_MIN).collect();
        values.sort_unstable();
        values.dedup();
        let finder = (!values.is_empty())
            .then(|| finder(values.iter()))
            .and_then(|made| made.map_err(|reason| unread.push(format!("secrets could not be looked for: {reason}"))).ok());
        Secrets { finder, unread }
    }
}

fn size(path: &Path) -> u64 {
    path.symlink_metadata().map_or(0, |metadata| metadata.len())
}

fn log(
    session: &SessionPaths,
    (size_bytes_max, files_max): (u64, u64),
    secrets: &Secrets,
    tail_bytes: u64,
) -> crate::error::Result<LogFacts> {
    let current = session.log();
    let mut facts = LogFacts { size_bytes: size(&current), size_bytes_max, files_max, ..LogFacts::default() };
    for path in disk::list(&session.logs())? {
        facts.all_bytes += size(&path);
        facts.rotated += u64::from(path != current);
    }
    let both = |path: PathBuf| (size(&path), size(&sidecar(&path, "-wal")));
    (facts.store_bytes, facts.messages_bytes) = (both(session.session_db()), both(session.wpp_db()));
    for (path, text) in ends(session, tail_bytes) {
        match text {
            Ok(text) => search(&mut facts.leaks, &path, &text, secrets),
            Err(reason) => facts.leaks.unread.push(reason),
        }
    }
    if facts.leaks.read_bytes > 0 {
        facts.leaks.unread.extend(secrets.unread.iter().cloned());
    }
    facts.leaks.is_cut = facts.all_bytes > facts.leaks.read_bytes;
    Ok(facts)
}

/// The ends of the log that is written and of the newest one before it, or why one cannot be read. What is no file
/// is told by others, and not read.
pub(crate) fn ends(session: &SessionPaths, tail_bytes: u64) -> Vec<(PathBuf, Result<Vec<u8>, String>)> {
    let current = session.log();
    let before = disk::list(&session.logs()).unwrap_or_default().into_iter().filter(|path| *path != current);
    let time = |path: &PathBuf| path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?.modified().ok();
    let newest = before.filter_map(|path| Some((time(&path)?, path))).max().map(|(_, path)| (path, tail_bytes / 4));
    let is_log = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0);
    let files = [(current, tail_bytes)].into_iter().chain(newest).filter(|(path, _)| is_log(path));
    let read = |(path, bytes): (PathBuf, u64)| {
        let text = tail(&path, bytes).map_err(|error| disk::cannot("read", &path, error).chain());
        (path, text)
    };
    files.map(read).collect()
}

fn reports(folder: &Path, secrets: &Secrets, searched: &Searched) -> Probed<Leaks> {
    let mut runs = match disk::list(folder) {
        Ok(runs) => runs,
        Err(error) => return Probed::Failed(error.chain()),
    };
    if runs.is_empty() {
        return Probed::NotApplicable("there are no reports yet".into());
    }
    runs.sort_by_cached_key(|run| std::cmp::Reverse(run.symlink_metadata().and_then(|metadata| metadata.modified()).ok()));
    let mut leaks = Leaks { is_cut: runs.len() > RUNS_MAX, ..Leaks::default() };
    let mut kept = Vec::new();
    for run in runs.iter().take(RUNS_MAX) {
        let mut files: Vec<PathBuf> = ["report.md", "report.json", "report.html"].map(|name| run.join(name)).to_vec();
        match disk::list(&run.join("transcripts")) {
            Ok(mut transcripts) => {
                transcripts.sort();
                leaks.is_cut |= transcripts.len() > TRANSCRIPTS_MAX;
                files.extend(transcripts.into_iter().take(TRANSCRIPTS_MAX));
            }
            // A file in the place of a run has nothing below it.
            Err(_) if !run.is_dir() => {}
            Err(error) => leaks.unread.push(error.chain()),
        }
        for path in files {
            let room = REPORTS_BYTES_MAX.saturating_sub(leaks.read_bytes).min(REPORT_BYTES_MAX);
            match head(&path, room) {
                Ok(text) => {
                    leaks.is_cut |= size(&path) > text.len() as u64;
                    search(&mut leaks, &path, &text, secrets);
                    kept.push((path, text));
                }
                // Written when the run is over, or never.
                Err(error) if is_absent(&error) => {}
                Err(error) => leaks.unread.push(disk::cannot("read", &path, error).chain()),
            }
        }
    }
    leaks.unread.extend(secrets.unread.iter().cloned());
    let mut searched = searched.kept();
    searched.reports = kept;
    // A name with a time in it stands in no text by chance.
    let names = runs.iter().take(RUNS_MAX).filter_map(|run| run.file_name()?.to_str());
    searched.runs = names.filter(|name| name.len() > STAMP_CHARACTERS).map(str::to_owned).collect();
    Probed::Known(leaks)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// Takes down what is in a text.
fn search(leaks: &mut Leaks, file: &Path, text: &[u8], secrets: &Secrets) {
    leaks.read_bytes += text.len() as u64;
    let mut times = scan(text);
    let secret = secrets.finder.as_ref().map_or(0, |finder| finder.find_iter(text).count() as u64);
    if secret > 0 {
        times.insert(LeakKind::Secret, secret);
    }
    let file = file.display().to_string();
    leaks.found.extend(times.into_iter().map(|(kind, times)| Leak { file: file.clone(), kind, times }));
}

fn head(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    disk::open_to_read(path)?.take(bytes).read_to_end(&mut text)?;
    Ok(text)
}

/// The end of a file.
fn tail(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut file = disk::open_to_read(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut text = Vec::new();
    file.take(bytes).read_to_end(&mut text)?;
    Ok(text)
}

/// A form that people and secrets have: what one sees it by, and whether it is one, told by what stands before that
/// and from there on.
///
/// Evidence is kept without all that has one of these forms, and without much more: what is taken out needlessly
/// harms nobody there, and what is told needlessly here wakes somebody up.
struct Form {
    sign: &'static str,
    /// Whether the sign counts in capitals, too.
    any_case: bool,
    kind: LeakKind,
    is_one: fn(&[u8], &[u8]) -> bool,
}

const fn form(sign: &'static str, kind: LeakKind, is_one: fn(&[u8], &[u8]) -> bool) -> Form {
    Form { sign, any_case: false, kind, is_one }
}

/// After this word a password follows.
const fn given(sign: &'static str) -> Form {
    Form { sign, any_case: true, kind: LeakKind::Token, is_one: |_, rest| run(rest) >= 12 }
}

const FORMS: &[Form] = &[
    form("@", LeakKind::Jid, is_address),
    form("+", LeakKind::Number, is_number),
    form("\u{ff0b}", LeakKind::Number, is_number),
    form("%2B", LeakKind::Number, is_number),
    form("%2b", LeakKind::Number, is_number),
    form("wa.me/", LeakKind::Number, is_number),
    form("AGE-SECRET-KEY-1", LeakKind::PrivateKey, |before, _| !joins(before)),
    form("PRIVATE KEY-----", LeakKind::PrivateKey, |_, _| true),
    form("://", LeakKind::Token, has_password),
    given("bearer "),
    given("password="),
    given("passwd="),
    given("api_key="),
];

/// All signs, those of [`FORMS`] first and those of [`ISSUED`] behind them.
static SIGNS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let signs = FORMS.iter().map(|form| form.sign).chain(ISSUED.iter().map(|(beginning, _)| *beginning));
    // As a table of all states, which is small for a few signs and the fastest to go through.
    let signs = AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(signs);
    #[expect(clippy::expect_used, reason = "the signs are constant, and a test uses each")]
    signs.expect("a few dozen signs fit")
});

fn is_address(before: &[u8], rest: &[u8]) -> bool {
    let digits = before.iter().rev().take_while(|byte| matches!(byte, b'0'..=b'9' | b':' | b'-' | b'_' | b'.')).count();
    // The name of a server ends here: an address of mail may begin as one.
    let is_server = |server: &str| {
        let after = rest.strip_prefix(server.as_bytes());
        after.is_some_and(|after| !joins(&after[..after.len().min(1)]) || after.starts_with(b".") && run(after) == 1)
    };
    digits >= 5 && SERVERS.iter().any(|(server, _)| is_server(server))
}

fn is_number(before: &[u8], rest: &[u8]) -> bool {
    !joins(before) && numbers::follows(rest)
}

/// `scheme://user:password@host`, with a password that nothing stands in the place of.
fn has_password(before: &[u8], rest: &[u8]) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'`');
    let authority = rest.split(is_end).next().unwrap_or_default();
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else { return false };
    let Some(colon) = authority[..at].iter().position(|byte| *byte == b':') else { return false };
    let password = &authority[colon + 1..at];
    joins(before) && password.len() >= 3 && password.iter().all(|byte| is_token_byte(*byte) || matches!(byte, b'%' | b'!' | b'~'))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Whether what follows is a part of the same word.
fn joins(before: &[u8]) -> bool {
    before.last().is_some_and(|byte| is_token_byte(*byte))
}

fn run(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_token_byte(**byte)).count()
}

/// What looks like a token that a service gave out.
pub(crate) fn has_token(text: &[u8]) -> bool {
    let times = scan(text);
    times.contains_key(&LeakKind::Token) || times.contains_key(&LeakKind::PrivateKey)
}

/// How often each kind of thing is in a text, as far as its form tells.
pub(crate) fn scan(text: &[u8]) -> BTreeMap<LeakKind, u64> {
    let mut times = BTreeMap::new();
    let mut seen = None;
    for found in SIGNS.find_overlapping_iter(text) {
        let (before, rest) = (&text[..found.start()], &text[found.end()..]);
        let is_as_written = |sign: &str| text[found.range()] == *sign.as_bytes();
        let at = found.pattern().as_usize();
        let kind = match (FORMS.get(at), at.checked_sub(FORMS.len()).and_then(|at| ISSUED.get(at))) {
            (Some(form), _) if (form.any_case || is_as_written(form.sign)) && (form.is_one)(before, rest) => form.kind,
            (None, Some((sign, least))) if is_as_written(sign) && !joins(before) && run(rest) >= *least => LeakKind::Token,
            _ => continue,
        };
        // `Bearer ghp_…` is one token.
        if kind == LeakKind::Token && seen.replace(found.end()) == Some(found.start()) {
            continue;
        }
        *times.entry(kind).or_default() += 1;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<LeakKind> {
        scan(text.as_bytes()).into_keys().collect()
    }

    #[test]
    fn what_must_not_be_in_a_log_is_known_by_its_form() {
        for (text, kind) in [
            ("to 15550100001@s.whatsapp.net", LeakKind::Jid),
            ("{\"chat\":\"120363000000000001@g.us\"}", LeakKind::Jid),
            ("from 15550100001:3@lid!", LeakKind::Jid),
            ("call +15550100001.", LeakKind::Number),
            ("key owa_k1_0123456789abcdef0123456789abcdef", LeakKind::Token),
            ("Authorization: Bearer abcdefgh12345678", LeakKind::Token),
            ("url?password=correct-horse-battery", LeakKind::Token),
            ("AKIAIOSFODNN7EXAMPLE1", LeakKind::Token),
            ("at postgres://wpp:correcthorse@db.example:5432/x", LeakKind::Token),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", LeakKind::PrivateKey),
            ("AGE-SECRET-KEY-1QQQQQQQQ", LeakKind::PrivateKey),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        for (beginning, least) in ISSUED {
            assert_eq!(kinds(&format!("with {beginning}{}.", "A".repeat(*least))), [LeakKind::Token], "{beginning}");
            assert_eq!(kinds(&format!("with {beginning}{}", "A".repeat(*least - 1))), [], "{beginning}");
        }
        assert_eq!(scan(b"Bearer ghp_0123456789abcdefghij and ghp_0123456789abcdefghij")[&LeakKind::Token], 2);
    }

    #[test]
    fn every_spelling_that_leaves_no_doubt_is_known_and_no_other() {
        use crate::forms::spellings;
        for text in spellings::CERTAIN {
            assert!(!kinds(&format!("{{\"to\":\"{text}\"}}")).is_empty(), "{text:?}");
        }
        for text in spellings::LIKELY.iter().chain(spellings::POSSIBLE) {
            assert!(kinds(text).is_empty() || text.contains("@s.whatsapp"), "{text:?}");
        }
    }

    #[test]
    fn ordinary_lines_are_let_be() {
        for text in [
            "{\"at\":\"2026-11-01T00:00:00.123456789Z\",\"level\":\"INFO\",\"to\":\"#0123456789\"}",
            "status@broadcast and me@example.org, x@lid, 12345@call.example.org, 1234567@callers and 2 + 12345678",
            "2026-11-01T00:00:00+08:00 took 1234567890123 ns, +12 more",
            "Bearer [secret] password=[secret] api_key=#0123",
            "task AKIA, ghp_ and a bearer of news",
            "sha256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "postgres://wpp:[secret]@db/x http://127.0.0.1:8080/a@b https://me@host ws://[::1]:9/x",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_taken_down_and_is_not_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        std::fs::create_dir_all(run.join("transcripts")).unwrap();
        // No mode keeps root from a file; what is no file nobody reads.
        std::fs::create_dir(run.join("report.md")).unwrap();
        std::fs::write(run.join("report.html"), "<p>call +15550100001</p>").unwrap();
        std::fs::write(run.join("transcripts/one.txt"), "0a1b2c3d4e5f").unwrap();
        let secrets = Secrets::values(&[b"0a1b2c3d4e5f\nand more".to_vec(), b"short".to_vec()], vec!["as if".into()]);
        let Probed::Known(leaks) = reports(folder.path(), &secrets, &Searched::of(1)) else { panic!("nothing was read") };
        let kinds: Vec<_> = leaks.found.iter().map(|leak| leak.kind).collect();
        assert_eq!(kinds, [LeakKind::Number, LeakKind::Secret]);
        assert!(leaks.unread.len() == 2 && leaks.unread[0].contains("report.md"), "{:?}", leaks.unread);
    }

    #[test]
    fn what_others_wrote_is_found_in_reports_however_it_is_written_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        let text = "meet me at \"the\" old <harbour>\nat noon";
        std::fs::write(folder.path().join("run/report.json"), serde_json::json!({ "said": text }).to_string()).unwrap();
        std::fs::write(folder.path().join("run/report.html"), "<p>meet me at &quot;the&quot; old &lt;harbour&gt;\nat noon")
            .unwrap();
        let searched = Searched::of(1);
        let mut seen = reports(folder.path(), &Secrets::values(&[], Vec::new()), &searched);
        searched.note_texts([text.to_owned()].iter());
        searched.texts(&mut seen);
        let leaks = seen.known().unwrap();
        assert_eq!(leaks.found.iter().map(|leak| leak.kind).collect::<Vec<_>>(), [LeakKind::Text; 2]);
    }

    #[test]
    fn who_answers_a_drill_wrote_what_the_drill_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let run = "weekly-20260801T093000Z";
        std::fs::create_dir(folder.path().join(run)).unwrap();
        std::fs::write(folder.path().join(run).join("report.md"), format!("wpp search \"back {run}\", back another day"))
            .unwrap();
        let searched = Searched::of(1);
        let mut seen = reports(folder.path(), &Secrets::values(&[], Vec::new()), &searched);
        searched.note_texts([format!("back {run}"), "back another day".to_owned()].iter());
        searched.texts(&mut seen);
        let leaks = seen.known().unwrap();
        assert_eq!((leaks.texts, leaks.found.iter().map(|leak| leak.times).sum::<u64>()), (1, 1), "{leaks:?}");
    }

    #[test]
    fn no_more_is_read_than_may_be_and_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for run in 0..9 {
            let path = folder.path().join(run.to_string());
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("report.md"), "x".repeat(100 << 10)).unwrap();
            std::fs::write(path.join("report.json"), "x".repeat(100 << 10)).unwrap();
        }
        let seen = reports(folder.path(), &Secrets::values(&[], Vec::new()), &Searched::of(1));
        let leaks = seen.known().unwrap();
        assert!(leaks.is_cut && leaks.read_bytes == REPORTS_BYTES_MAX, "{leaks:?}");
        assert!(Searched::of(0).tail_bytes == TAIL_BYTES_MAX && Searched::of(10_000).tail_bytes == TAIL_BYTES_MIN);
    }
}
