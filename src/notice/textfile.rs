//! Metrics of backups in a file, for the textfile collector of Prometheus' node_exporter. The file may
//! hold several sessions, each with several destinations: a backup replaces the lines of its own, so
//! that one that works hides none that does not. Start with [`write`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum as _;

use crate::archive::history::History;
use crate::archive::verified;
use crate::archive::verify::Level;
use crate::clock::{self, Timestamp};
use crate::disk::{self, Lock};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Journal;

/// The largest file that is taken for ours.
const SIZE_BYTES_MAX: u64 = 1 << 20;
/// How long another backup may take to write the same file.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the lines of a destination stay that the journal knows no backup to any more.
const OF_LATE_MS: i64 = 14 * 24 * 3_600_000;

const LAST_ATTEMPT: &str = "wpp_backup_last_attempt_timestamp_seconds";
const DURATION: &str = "wpp_backup_duration_seconds";
const SUCCESS: &str = "wpp_backup_success";
const EXIT_CODE: &str = "wpp_backup_exit_code";
const LAST_SUCCESS: &str = "wpp_backup_last_success_timestamp_seconds";
const SIZE: &str = "wpp_backup_size_bytes";
const VERIFIED_LEVEL: &str = "wpp_backup_verified_level";
const LAST_VERIFIED: &str = "wpp_backup_last_verified_timestamp_seconds";
const INFO: &str = "wpp_backup_info";

/// Every metric with what it says; all are gauges.
const METRICS: [(&str, &str); 9] = [
    (LAST_ATTEMPT, "When the last backup began, whatever became of it."),
    (DURATION, "How long the last backup took."),
    (SUCCESS, "1 if the last backup ended with exit code 0, else 0."),
    (EXIT_CODE, "What the last backup exited with."),
    (LAST_SUCCESS, "When the newest backup began that is whole and was verified or read back."),
    (SIZE, "Size of that archive."),
    (VERIFIED_LEVEL, "How far that archive was verified by now: 0 read back only, 1 hash, 2 quick, 3 restore."),
    (LAST_VERIFIED, "When an archive was last verified at this level or a higher one."),
    (INFO, "The version of wpp that wrote these."),
];

/// One backup that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt<'a> {
    /// The session's name.
    pub session: &'a str,
    /// The folder or the address that its archive was meant for.
    pub destination: &'a str,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What it exits with.
    pub exit_code: u8,
}

/// Writes the metrics of a session, keeping those of others.
///
/// # Errors
/// [`ErrorKind::Denied`] when the file holds anything but such metrics: it is somebody else's.
pub fn write(path: &Path, attempt: &Attempt<'_>, journal: Option<&Journal>) -> Result<()> {
    write_within(path, attempt, journal, PATIENCE)
}

fn write_within(path: &Path, attempt: &Attempt<'_>, journal: Option<&Journal>, patience: Duration) -> Result<()> {
    let fresh = samples(attempt, journal)?;
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let _alone = wait_for(Path::new(&lock), patience)?;
    let text = match disk::read_small(path, SIZE_BYTES_MAX) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(disk::cannot("read", path, error)),
    };
    let used = journal.map(|journal| used_of_late(journal, attempt)).transpose()?;
    let others = others(&text, attempt, used.as_ref()).ok_or_else(|| {
        Error::new(ErrorKind::Denied, format!("{} holds more than metrics of backups, so it is not replaced", path.display()))
            .hint("name a file of its own for them, whose name ends in .prom")
    })?;
    // The collector runs as another user, and nothing in it is a secret.
    disk::write_atomic_for_all(path, render(&others, &fresh).as_bytes())
}

fn wait_for(path: &Path, patience: Duration) -> Result<Lock> {
    let deadline = Instant::now() + patience;
    loop {
        match Lock::acquire(path, "metrics") {
            Err(error) if error.kind() == ErrorKind::Locked && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other,
        }
    }
}

/// Lines by metric.
type Samples = BTreeMap<&'static str, Vec<String>>;

/// The labels of every sample of one session and one destination.
fn labels(session: &str, destination: &str) -> String {
    let escaped = destination.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("session=\"{session}\",destination=\"{escaped}\"")
}

/// Labels of the destinations that backups of the session were sent to lately.
fn used_of_late(journal: &Journal, attempt: &Attempt<'_>) -> Result<BTreeSet<String>> {
    let since_ms = attempt.began.as_millisecond().saturating_sub(OF_LATE_MS);
    let entries = journal.after(attempt.session, 0)?;
    let backups = entries.iter().filter(|entry| entry.verb == "backup" && entry.at_ms >= since_ms);
    Ok(backups.map(|entry| labels(attempt.session, &verified::location(entry))).collect())
}

/// The lines of other sessions and other destinations, of this session's those that are `used`;
/// `None` if there is anything else.
fn others(text: &str, attempt: &Attempt<'_>, used: Option<&BTreeSet<String>>) -> Option<Samples> {
    let of_session = format!("session=\"{}\"", attempt.session);
    let own = labels(attempt.session, attempt.destination);
    let is_with = |line: &str, labels: &str| line.strip_prefix(labels).is_some_and(|rest| rest.starts_with([',', '}']));
    let mut others = Samples::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(comment) = line.strip_prefix('#') {
            if !["HELP wpp_backup_", "TYPE wpp_backup_"].iter().any(|start| comment.trim_start().starts_with(start)) {
                return None;
            }
            continue;
        }
        let (name, labels) = line.split_once('{')?;
        if !name.starts_with("wpp_backup_") {
            return None;
        }
        // A metric that a later version writes is dropped; its own version writes it again.
        let Some((known, _)) = METRICS.iter().find(|(known, _)| *known == name) else { continue };
        let stays = match used {
            _ if !is_with(labels, &of_session) => true,
            _ if is_with(labels, &own) => false,
            // Those of an earlier version, without a destination, go.
            None => labels.starts_with(&format!("{of_session},destination=")),
            Some(used) => used.iter().any(|used| is_with(labels, used)),
        };
        if stays {
            others.entry(known).or_default().push(line.to_owned());
        }
    }
    Some(others)
}

fn samples(attempt: &Attempt<'_>, journal: Option<&Journal>) -> Result<Samples> {
    let (session, destination) = (attempt.session, attempt.destination);
    let labels = labels(session, destination);
    let mut samples = Samples::new();
    let mut add = |name: &'static str, more: &str, value: String| {
        samples.entry(name).or_default().push(format!("{name}{{{labels}{more}}} {value}"));
    };
    add(LAST_ATTEMPT, "", seconds(attempt.began.as_millisecond()));
    add(DURATION, "", format!("{:.3}", attempt.took.as_secs_f64()));
    add(SUCCESS, "", u8::from(attempt.exit_code == 0).to_string());
    add(EXIT_CODE, "", attempt.exit_code.to_string());
    add(INFO, &format!(",version=\"{}\"", env!("CARGO_PKG_VERSION")), "1".into());
    let Some(journal) = journal else { return Ok(samples) };
    let History { checks, written } = History::read(journal, session)?;
    if let Some(newest) = written.iter().rfind(|written| written.whole && written.location == destination) {
        let best = checks.best(&newest.archive_id, &newest.name, &newest.stamp).map_or(0, |(level, _)| rank(level));
        add(LAST_SUCCESS, "", seconds(newest.at_ms));
        add(SIZE, "", newest.stamp.size_bytes.to_string());
        add(VERIFIED_LEVEL, "", best.to_string());
    }
    for level in Level::value_variants() {
        let passed =
            checks.0.iter().filter(|check| check.location == destination && check.why().is_none() && check.level() >= *level);
        if let Some(last) = passed.map(|check| check.at_ms).max() {
            add(LAST_VERIFIED, &format!(",level=\"{}\"", level.name()), seconds(last));
        }
    }
    Ok(samples)
}

/// 1 and on, level by level.
fn rank(level: Level) -> usize {
    1 + Level::value_variants().iter().position(|known| *known == level).unwrap_or_default()
}

fn seconds(milliseconds: i64) -> String {
    let time = clock::from_ms(milliseconds);
    format!("{}.{:03}", time.as_second(), time.subsec_millisecond())
}

fn render(others: &Samples, fresh: &Samples) -> String {
    let mut text = String::new();
    for (name, help) in METRICS {
        let mut lines: Vec<&String> = [others, fresh].iter().filter_map(|samples| samples.get(name)).flatten().collect();
        if lines.is_empty() {
            continue;
        }
        lines.sort();
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(session: &str, exit_code: u8) -> Attempt<'_> {
        Attempt {
            session,
            destination: "/b",
            began: clock::from_ms(1_795_230_900_123),
            took: Duration::from_millis(1500),
            exit_code,
        }
    }

    #[test]
    fn each_session_has_its_own_lines_and_nobody_elses_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.prom");
        for (session, code) in [("main", 0), ("main-2", 4), ("main", 11)] {
            write(&path, &attempt(session, code), None).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("# TYPE wpp_backup_success gauge").count(), 1, "{text}");
        assert!(text.contains("wpp_backup_success{session=\"main\",destination=\"/b\"} 0\nwpp_backup_success{session=\"main-2\",destination=\"/b\"} 0\n"), "{text}");
        assert!(
            text.contains("wpp_backup_exit_code{session=\"main\",destination=\"/b\"} 11\nwpp_backup_exit_code{session=\"main-2\",destination=\"/b\"} 4\n"),
            "{text}"
        );
        assert!(
            text.contains("wpp_backup_last_attempt_timestamp_seconds{session=\"main\",destination=\"/b\"} 1795230900.123\n"),
            "{text}"
        );
        assert!(text.contains("wpp_backup_duration_seconds{session=\"main\",destination=\"/b\"} 1.500\n"), "{text}");
        assert_eq!(disk::mode_and_owner(&path).unwrap().unwrap().0, 0o644);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left beside it");
        for foreign in ["root:x:0:0::/root:/bin/sh\n", "node_load1 0.5\n", "# a note\n", "wpp_backup_success 1\n"] {
            std::fs::write(&path, foreign).unwrap();
            assert_eq!(write(&path, &attempt("main", 0), None).unwrap_err().kind(), ErrorKind::Denied, "{foreign}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
        assert!(write(&folder.path().join("nowhere/wpp.prom"), &attempt("main", 0), None).is_err());
    }

    #[test]
    fn each_destination_has_its_own_lines_until_nothing_is_sent_there_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.prom");
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let to = |destination, code, journal| {
            let one = Attempt { destination, ..attempt("main", code) };
            write(&path, &one, journal).unwrap();
            std::fs::read_to_string(&path).unwrap()
        };
        std::fs::write(&path, "wpp_backup_success{session=\"main\"} 1\n").unwrap();
        to("s3://b/far", 5, None);
        to("/odd \"\\name", 0, None);
        let text = to("/near", 0, None);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("wpp_backup_success{")).collect();
        let expected = [
            "wpp_backup_success{session=\"main\",destination=\"/near\"} 1",
            "wpp_backup_success{session=\"main\",destination=\"/odd \\\"\\\\name\"} 1",
            "wpp_backup_success{session=\"main\",destination=\"s3://b/far\"} 0",
        ];
        assert_eq!(lines, expected);
        let far = serde_json::json!({ "location": "s3://b/far" });
        journal.record_failed(Some("main"), "backup", &far).unwrap();
        let text = to("/near", 0, Some(&journal));
        assert!(text.contains("s3://b/far") && !text.contains("/odd"), "{text}");
    }

    #[test]
    fn many_writers_lose_nobodys_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wpp.prom");
        let names: Vec<String> = (0..8).map(|number| format!("s{number}")).collect();
        std::thread::scope(|scope| {
            for name in &names {
                scope.spawn(|| write_within(&path, &attempt(name, 0), None, Duration::from_secs(60)).unwrap());
            }
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            names.iter().all(|name| text.contains(&format!("wpp_backup_success{{session=\"{name}\",destination=\"/b\"}} 1"))),
            "{text}"
        );
    }
}
