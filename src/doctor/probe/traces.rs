//! Logs and reports: how large, and whether they hold what they should not. Only ends of files are read,
//! and nothing that is found leaves this room but what kind of thing it is and how often.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{FILES_TIMEOUT, Job};
use crate::config::Config;
use crate::disk;
use crate::facts::{ISSUED, Leak, LeakKind, Leaks, LogFacts, Probed};
use crate::home::{Home, SessionPaths, sidecar};

/// So much of the end of a log is read.
pub(crate) const TAIL_BYTES: u64 = 16 << 10;
/// So much of a report is read.
const REPORT_BYTES: u64 = 64 << 10;
/// The newest runs whose reports are read.
const REPORTS_MAX: usize = 4;
/// The largest secret that is looked for, and how many.
const SECRET_BYTES_MAX: u64 = 4096;
const SECRETS_MAX: usize = 64;
/// A shorter secret is found by chance.
const SECRET_BYTES_MIN: usize = 8;

/// The one job for the logs of all sessions and for reports.
pub(super) fn job(home: Option<&Home>, sessions: &[SessionPaths], config: &Config) -> Job {
    let (home, sessions, count) = (home.cloned(), sessions.to_vec(), sessions.len());
    let limits = (config.number("log.size_bytes_max"), config.number("log.files_max"));
    Job::new(
        FILES_TIMEOUT,
        move || {
            let Some(home) = home else {
                let no_home = || "the home does not open".to_owned();
                return (vec![Probed::NotApplicable(no_home()); sessions.len()], Probed::NotApplicable(no_home()));
            };
            let secrets = secret_values(&home.secrets());
            let logs = sessions.iter().map(|session| log(session, limits, &secrets).into()).collect();
            (logs, reports(&home.reports(), &secrets))
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

/// Values of the home's secrets that are long enough to be looked for.
fn secret_values(folder: &Path) -> Vec<Vec<u8>> {
    let files = disk::list(folder).unwrap_or_default().into_iter().take(SECRETS_MAX);
    let values = files.filter_map(|path| disk::read_small(&path, SECRET_BYTES_MAX).ok());
    let values = values.map(|value| value.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii().to_vec());
    values.filter(|value| value.len() >= SECRET_BYTES_MIN).collect()
}

fn size(path: &Path) -> u64 {
    path.symlink_metadata().map_or(0, |metadata| metadata.len())
}

fn log(session: &SessionPaths, (size_bytes_max, files_max): (u64, u64), secrets: &[Vec<u8>]) -> crate::error::Result<LogFacts> {
    let current = session.log();
    let mut facts = LogFacts { size_bytes: size(&current), size_bytes_max, files_max, ..LogFacts::default() };
    for path in disk::list(&session.logs())? {
        facts.all_bytes += size(&path);
        facts.rotated += u64::from(path != current);
    }
    let both = |path: PathBuf| (size(&path), size(&sidecar(&path, "-wal")));
    (facts.store_bytes, facts.messages_bytes) = (both(session.session_db()), both(session.wpp_db()));
    if facts.size_bytes > 0 && !current.is_symlink() {
        let text = tail(&current, TAIL_BYTES).map_err(|error| disk::cannot("read", &current, error))?;
        facts.leaks = Leaks { read_bytes: text.len() as u64, found: found(&current, &text, secrets) };
    }
    Ok(facts)
}

fn reports(folder: &Path, secrets: &[Vec<u8>]) -> Probed<Leaks> {
    let mut runs = match disk::list(folder) {
        Ok(runs) => runs,
        Err(error) => return Probed::Failed(error.chain()),
    };
    if runs.is_empty() {
        return Probed::NotApplicable("there are no reports yet".into());
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.symlink_metadata().and_then(|metadata| metadata.modified()).ok()));
    let mut leaks = Leaks::default();
    for path in runs.iter().take(REPORTS_MAX).flat_map(|run| ["report.md", "report.json"].map(|name| run.join(name))) {
        let Ok(text) = head(&path, REPORT_BYTES) else { continue };
        leaks.read_bytes += text.len() as u64;
        leaks.found.extend(found(&path, &text, secrets));
    }
    Probed::Known(leaks)
}

fn found(file: &Path, text: &[u8], secrets: &[Vec<u8>]) -> Vec<Leak> {
    let mut times = scan(text);
    for secret in secrets {
        let seen = text.windows(secret.len()).filter(|window| window == secret).count() as u64;
        if seen > 0 {
            *times.entry(LeakKind::Secret).or_default() += seen;
        }
    }
    times.into_iter().map(|(kind, times)| Leak { file: file.display().to_string(), kind, times }).collect()
}

fn head(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    disk::open_to_read(path)?.take(bytes).read_to_end(&mut text)?;
    Ok(text)
}

/// The end of a file.
pub(crate) fn tail(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut file = disk::open_to_read(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut text = Vec::new();
    file.take(bytes).read_to_end(&mut text)?;
    Ok(text)
}

/// Words after which a password follows.
const GIVEN: [&[u8]; 4] = [b"bearer ", b"password=", b"passwd=", b"api_key="];
/// Beginnings of private keys.
const KEYS: [&[u8]; 2] = [b"AGE-SECRET-KEY-1", b"PRIVATE KEY-----"];
/// What follows the @ of an address of a person or a group.
const SERVERS: [&[u8]; 4] = [b"s.whatsapp.net", b"c.us", b"g.us", b"lid"];

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// What looks like a token that a service gave out.
pub(crate) fn has_token(text: &[u8]) -> bool {
    let times = scan(text);
    times.contains_key(&LeakKind::Token) || times.contains_key(&LeakKind::PrivateKey)
}

/// How often each kind of thing is in a text, as far as its form tells.
fn scan(text: &[u8]) -> BTreeMap<LeakKind, u64> {
    let mut times = BTreeMap::new();
    let mut add = |kind| *times.entry(kind).or_default() += 1;
    for (at, byte) in text.iter().enumerate() {
        let (before, rest) = text.split_at(at);
        let word_before = before.last().is_some_and(|byte| is_token_byte(*byte));
        match byte {
            b'@' => {
                let digits = before.iter().rev().take_while(|byte| matches!(byte, b'0'..=b'9' | b':' | b'-')).count();
                if digits >= 5 && SERVERS.iter().any(|server| rest[1..].starts_with(server)) {
                    add(LeakKind::Jid);
                }
            }
            b'+' if !word_before => {
                let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let ends = !rest.get(1 + digits).is_some_and(|byte| is_token_byte(*byte) && *byte != b'.');
                if (8..=15).contains(&digits) && ends {
                    add(LeakKind::Number);
                }
            }
            b'g' | b'x' | b's' | b'A' | b'o' | b'e' if !word_before => {
                let is_token = |(beginning, least): &(&str, usize)| {
                    rest.strip_prefix(beginning.as_bytes()).is_some_and(|rest| run(rest) >= *least)
                };
                if ISSUED.iter().any(is_token) {
                    add(LeakKind::Token);
                } else if rest.starts_with(KEYS[0]) {
                    add(LeakKind::PrivateKey);
                }
            }
            b'P' if rest.starts_with(KEYS[1]) => add(LeakKind::PrivateKey),
            b'b' | b'B' | b'p' | b'a' => {
                let given = |word: &&[u8]| {
                    rest.get(..word.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(word))
                        && run(&rest[word.len()..]) >= 12
                };
                if GIVEN.iter().any(given) {
                    add(LeakKind::Token);
                }
            }
            _ => {}
        }
    }
    times
}

fn run(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_token_byte(**byte)).count()
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
            ("-----BEGIN OPENSSH PRIVATE KEY-----", LeakKind::PrivateKey),
            ("AGE-SECRET-KEY-1QQQQQQQQ", LeakKind::PrivateKey),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        for (beginning, least) in ISSUED {
            assert_eq!(kinds(&format!("with {beginning}{}.", "A".repeat(*least))), [LeakKind::Token], "{beginning}");
            assert_eq!(kinds(&format!("with {beginning}{}", "A".repeat(*least - 1))), [], "{beginning}");
        }
    }

    #[test]
    fn ordinary_lines_are_let_be() {
        for text in [
            "{\"at\":\"2026-11-01T00:00:00.123456789Z\",\"level\":\"INFO\",\"to\":\"#0123456789\"}",
            "status@broadcast and me@example.org, x@lid",
            "2026-11-01T00:00:00+08:00 took 1234567890123 ns, +12 more",
            "Bearer [secret] password=[secret] api_key=#0123",
            "task AKIA, ghp_ and a bearer of news",
            "sha256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }
}
