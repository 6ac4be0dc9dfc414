//! What a home's journal says of checks of archives: which passed, at which level, and which failed.
//!
//! Two verbs leave such entries: `backup`, which checks what it wrote, and `verify`. Start with
//! [`check`]; [`record`] writes down a check. A check counts for the file that was checked, as far
//! as its stamp tells: a copy of it, or the file after somebody wrote to it, was never verified,
//! whatever id its manifest gives; the same file under another name was.

use serde::{Deserialize, Serialize};

use super::shelf::Stamp;
use super::verify::Level;
use crate::error::Result;
use crate::journal::{Entry, Journal, Outcome};

/// One check of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
    /// The archive's id; empty when it could not be read.
    pub archive_id: String,
    /// Where it was: a path or an address.
    pub place: String,
    /// The folder or the address that it lay in; empty when that is not known.
    pub location: String,
    /// Its name there.
    pub name: String,
    /// The file's stamp at that time.
    pub stamp: Option<Stamp>,
    /// Whether everything that it should hold is in it and sound.
    pub whole: bool,
    /// SHA-256 of the file, when it was read to its end.
    pub sha256: Option<String>,
    /// How it came out.
    pub result: CheckResult,
}

impl Check {
    /// The level that it passed, or failed at.
    pub fn level(&self) -> Level {
        match &self.result {
            CheckResult::Passed(level) | CheckResult::Failed { level, .. } => *level,
        }
    }

    /// Why it failed, if it did.
    pub fn why(&self) -> Option<&str> {
        match &self.result {
            CheckResult::Passed(_) => None,
            CheckResult::Failed { why, .. } => Some(why),
        }
    }

    fn is_of(&self, stamp: &Stamp) -> bool {
        self.stamp.as_ref().is_some_and(|then| then.is(stamp))
    }
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// Verified at this level.
    Passed(Level),
    /// Not what it should be.
    Failed {
        /// The level whose demands it does not meet.
        level: Level,
        /// In which way.
        why: String,
    },
}

/// What a `verify` entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The archive's id; empty when it could not be read.
    pub archive_id: String,
    /// Its path or address.
    #[serde(rename = "path")]
    pub place: String,
    /// The folder or the address that it lies in.
    pub location: String,
    /// Its name there.
    pub name: String,
    /// SHA-256 of the file, when it was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The level that was asked for when it passed, or that it failed at.
    pub level: Level,
    /// Its stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// Whether everything that it should hold is in it and sound.
    #[serde(default)]
    pub whole: bool,
    /// Why it failed; absent when it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Writes down a check of an archive of a session. One that failed is an act that failed, so that
/// nobody who looks for checks takes it for one that passed.
pub fn record(journal: &Journal, session: &str, record: &Record) -> Result<()> {
    if record.failed.is_none() {
        return journal.record(Some(session), "verify", record).map(drop);
    }
    let entry = journal.begin(Some(session), "verify", record)?;
    journal.end(entry, Outcome::Failed)
}

/// All checks of a session's archives that a journal knows, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks(pub Vec<Check>);

impl Checks {
    /// The highest level at which this very file is verified, and when that was. A check that
    /// failed later takes back every level that includes the one that it failed at.
    pub fn best(&self, archive_id: &str, name: &str, stamp: &Stamp) -> Option<(Level, i64)> {
        let mut levels = [Level::Hash, Level::Quick, Level::Restore].map(|level| (level, None));
        for check in self.of(archive_id, name, stamp) {
            for (level, passed_ms) in &mut levels {
                match &check.result {
                    CheckResult::Passed(passed) if passed == level => *passed_ms = Some(check.at_ms),
                    CheckResult::Failed { level: failed, .. } if failed <= level => *passed_ms = None,
                    CheckResult::Passed(_) | CheckResult::Failed { .. } => {}
                }
            }
        }
        levels.into_iter().rev().find_map(|(level, passed_ms)| Some((level, passed_ms?)))
    }

    /// The newest failure of this very file, unless it passed at that level or a higher one since.
    pub fn failure(&self, archive_id: &str, name: &str, stamp: &Stamp) -> Option<&Check> {
        let mut standing: Option<&Check> = None;
        for check in self.of(archive_id, name, stamp) {
            match (&check.result, standing) {
                (CheckResult::Failed { .. }, _) => standing = Some(check),
                (CheckResult::Passed(passed), Some(Check { result: CheckResult::Failed { level, .. }, .. }))
                    if passed >= level =>
                {
                    standing = None;
                }
                (CheckResult::Passed(_), _) => {}
            }
        }
        standing
    }

    /// SHA-256 of this very file, as the newest check that passed read it.
    pub fn sha256(&self, archive_id: &str, name: &str, stamp: &Stamp) -> Option<&str> {
        let passed = self.of(archive_id, name, stamp).filter(|check| check.why().is_none());
        passed.filter_map(|check| check.sha256.as_deref()).last()
    }

    /// The id of the archive in this very file, if a check could read it.
    pub fn id(&self, name: &str, stamp: &Stamp) -> Option<&str> {
        let of_file = |check: &&Check| check.name == name && check.is_of(stamp) && !check.archive_id.is_empty();
        self.0.iter().rfind(of_file).map(|check| check.archive_id.as_str())
    }

    /// Checks of this very file. One whose manifest could not be read has no id, and its name stands
    /// for it.
    fn of(&self, archive_id: &str, name: &str, stamp: &Stamp) -> impl Iterator<Item = &Check> {
        self.0.iter().filter(move |check| check.is_of(stamp)).filter(move |check| match check.archive_id.as_str() {
            "" => check.name == name,
            id => id == archive_id,
        })
    }
}

/// The folder or the address that an entry's archive lies in, or was meant for; empty when it says none.
pub fn location(entry: &Entry) -> String {
    let text = |name: &str| entry.data[name].as_str().unwrap_or_default();
    match (text("location"), text("path").rsplit_once('/')) {
        // Older entries hold the path alone.
        ("", Some((folder, _))) => folder.to_owned(),
        (location, _) => location.to_owned(),
    }
}

/// What an entry of the journal says, if it is one of a check.
pub fn check(entry: &Entry) -> Option<Check> {
    let passed = match (entry.verb.as_str(), entry.state.as_str()) {
        ("backup", "finished") | ("verify", "done" | "finished") => true,
        ("verify", "failed") => false,
        _ => return None,
    };
    let text = |name: &str| entry.data[name].as_str().unwrap_or_default();
    let level: Level = serde_json::from_value(entry.data["level"].clone()).ok()?;
    let result = match passed {
        true => CheckResult::Passed(level),
        false => CheckResult::Failed { level, why: text("failed").to_owned() },
    };
    Some(Check {
        at_ms: entry.at_ms,
        archive_id: text("archive_id").to_owned(),
        place: text("path").to_owned(),
        location: location(entry),
        // Older entries hold the path alone.
        name: entry.data["name"].as_str().or(text("path").rsplit('/').next()).unwrap_or_default().to_owned(),
        stamp: serde_json::from_value(entry.data["stamp"].clone()).ok(),
        whole: entry.data["whole"].as_bool().unwrap_or(false),
        sha256: entry.data["sha256"].as_str().map(str::to_owned),
        result,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { size_bytes: 1, modified_s: 2, modified_ns: 3, etag: None };
    const OTHER: Stamp = Stamp { size_bytes: 1, modified_s: 2, modified_ns: 4, etag: None };

    fn checks(results: &[(Level, bool)]) -> Checks {
        checks_of("a", results)
    }

    fn checks_of(id: &str, results: &[(Level, bool)]) -> Checks {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        for (level, passed) in results {
            let failed = (!passed).then(|| "as asked".to_owned());
            let kept = Record {
                archive_id: id.into(),
                place: "/x/y".into(),
                location: "/x".into(),
                name: "y".into(),
                sha256: None,
                level: *level,
                stamp: Some(STAMP),
                whole: true,
                failed,
            };
            record(&journal, "main", &kept).unwrap();
        }
        Checks(journal.after("main", 0).unwrap().iter().filter_map(check).collect())
    }

    #[test]
    fn a_failure_takes_back_the_levels_that_include_it_and_a_later_pass_gives_them_again() {
        use Level::{Hash, Quick, Restore};
        // (what happened, the level it has, the level it failed at)
        type Case<'a> = (&'a [(Level, bool)], Option<Level>, Option<Level>);
        let cases: &[Case<'_>] = &[
            (&[], None, None),
            (&[(Hash, true)], Some(Hash), None),
            (&[(Restore, true), (Hash, true)], Some(Restore), None),
            (&[(Quick, true), (Restore, false)], Some(Quick), Some(Restore)),
            (&[(Restore, true), (Hash, false)], None, Some(Hash)),
            (&[(Hash, true), (Restore, true), (Quick, false)], Some(Hash), Some(Quick)),
            (&[(Restore, false), (Quick, true)], Some(Quick), Some(Restore)),
            (&[(Restore, false), (Restore, true)], Some(Restore), None),
        ];
        for (results, level, failed) in cases {
            let checks = checks(results);
            // Renamed, it is the same file.
            for name in ["y", "z"] {
                assert_eq!(checks.best("a", name, &STAMP).map(|(level, _)| level), *level, "{results:?}");
                assert_eq!(checks.failure("a", name, &STAMP).map(Check::level), *failed, "{results:?}");
            }
            assert_eq!((checks.best("b", "y", &STAMP), checks.best("a", "y", &OTHER)), (None, None), "{results:?}");
            assert_eq!(checks.id("y", &STAMP), (!results.is_empty()).then_some("a"));
            assert_eq!((checks.id("z", &STAMP), checks.id("y", &OTHER)), (None, None));
        }
    }

    #[test]
    fn a_check_that_could_read_no_id_is_one_of_the_file_of_its_name_alone() {
        let checks = checks_of("", &[(Level::Hash, false)]);
        assert_eq!(checks.failure("a", "y", &STAMP).map(Check::level), Some(Level::Hash));
        assert_eq!((checks.failure("a", "z", &STAMP), checks.failure("a", "y", &OTHER)), (None, None));
        assert_eq!(checks.id("y", &STAMP), None);
    }
}
