//! Evidence: what a run leaves behind for people who were not there.
//!
//! One folder for each run: `report.md` for tickets, `report.html` for eyes, `report.json` for
//! programs, `transcripts/`, and `SHA256SUMS` over all of it, in the form that `sha256sum -c` reads.
//! Nobody is named in it, and no secret stands in it: see [`redact`]. What is here never words
//! anything; the face renders, and hands over files. Start with [`Folder`].

pub mod redact;
pub mod rotation;
pub mod strangers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::report::{Report, Verdict};

/// The file with the hashes of all others.
pub const SUMS: &str = "SHA256SUMS";
/// The report for programs.
pub const REPORT: &str = "report.json";
/// Bytes of a `report.json` or a list of hashes that is read; a longer one is none of ours.
const DOCUMENT_BYTES_MAX: u64 = 32 << 20;
/// Folders in folders are followed so far.
const DEPTH_MAX: usize = 8;

/// One run's evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// What a look at the hashes gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files that are as they were.
    pub sound: usize,
    /// Files whose bytes changed.
    pub changed: Vec<String>,
    /// Files that are gone.
    pub missing: Vec<String>,
    /// Files that were put there later.
    pub added: Vec<String>,
}

impl Checked {
    /// Whether everything is as it was, and there was something.
    pub fn is_sound(&self) -> bool {
        self.sound > 0 && self.changed.is_empty() && self.missing.is_empty() && self.added.is_empty()
    }
}

impl Folder {
    /// The one at this path, there or not.
    pub fn at(path: &Path) -> Folder {
        Folder { path: path.to_owned() }
    }

    /// Its name: what was run, and when.
    pub fn id(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes these files into it, makes all text files in it say nothing about anybody, and writes the
    /// hashes last: a folder without them was not finished.
    pub fn keep(&self, files: &[(&str, Vec<u8>)], redaction: &redact::Redaction) -> Result<()> {
        disk::create_folder(&self.path)?;
        for name in walk(&self.path)? {
            let path = self.path.join(&name);
            let bytes = disk::read_small(&path, DOCUMENT_BYTES_MAX).map_err(|error| disk::cannot("read", &path, error))?;
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let clean = redaction.text(text);
                if clean != text {
                    disk::write_atomic(&path, clean.as_bytes())?;
                }
            }
        }
        for (name, bytes) in files {
            disk::write_atomic(&self.path.join(name), bytes)?;
        }
        let mut sums = String::new();
        for (name, sum) in self.sums()? {
            sums.push_str(&format!("{sum}  {name}\n"));
        }
        disk::write_atomic(&self.path.join(SUMS), sums.as_bytes())
    }

    /// Whether all files are what they were when it was finished.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when it has no list of hashes, or one that is none.
    pub fn check(&self) -> Result<Checked> {
        let path = self.path.join(SUMS);
        let text = disk::read_small(&path, DOCUMENT_BYTES_MAX).map_err(|error| {
            let why = if error.kind() == std::io::ErrorKind::NotFound {
                "the run was not finished, or is no run of wpp"
            } else {
                "it cannot be read"
            };
            Error::new(ErrorKind::Unknown, format!("{} cannot be checked: {why}", path.display()))
                .caused_by(error)
                .hint("look at the folder; without its hashes nobody can tell whether it is as it was")
        })?;
        let text = String::from_utf8_lossy(&text);
        let mut noted: BTreeMap<&str, &str> = BTreeMap::new();
        for line in text.lines() {
            let (sum, name) = line.split_once("  ").filter(|(sum, _)| sum.len() == 64).ok_or_else(|| {
                Error::new(
                    ErrorKind::Unknown,
                    format!("{} is no list of SHA-256 sums: {}", path.display(), crate::report::quoted(line)),
                )
                .hint("take the folder from where it was copied to, if it was")
            })?;
            noted.insert(name, sum);
        }
        let mut checked = Checked::default();
        let now = self.sums()?;
        for (name, sum) in &now {
            match noted.remove(name.as_str()) {
                Some(was) if was == sum => checked.sound += 1,
                Some(_) => checked.changed.push(name.clone()),
                None => checked.added.push(name.clone()),
            }
        }
        checked.missing = noted.into_keys().map(str::to_owned).collect();
        Ok(checked)
    }

    /// The report of the run.
    pub fn report(&self) -> Result<Report> {
        let path = self.path.join(REPORT);
        let bytes = disk::read_small(&path, DOCUMENT_BYTES_MAX).map_err(|error| {
            disk::cannot("read the report", &path, error).hint("`wpp evidence list` names the runs that have one")
        })?;
        serde_json::from_slice(&bytes).context(ErrorKind::Unknown, || format!("{} is no report of wpp", path.display()))
    }

    /// All files in it, and what they hash to.
    fn sums(&self) -> Result<BTreeMap<String, String>> {
        let mut sums = BTreeMap::new();
        for name in self.files()? {
            let path = self.path.join(&name);
            let file = disk::open_to_read(&path).map_err(|error| disk::cannot("read", &path, error))?;
            let (sum, _) = disk::sha256(file).map_err(|error| disk::cannot("read", &path, error))?;
            sums.insert(name, sum);
        }
        Ok(sums)
    }

    /// Its files, but for the list of hashes.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut names = walk(&self.path)?;
        names.retain(|name| name != SUMS);
        Ok(names)
    }
}

/// Ordinary files below a folder, as `sub/name`, in order. Links are not followed.
fn walk(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut open = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = open.pop() {
        for path in disk::list(&folder)? {
            let seen = std::fs::symlink_metadata(&path).map_err(|error| disk::cannot("look at", &path, error))?;
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if seen.is_dir() && depth < DEPTH_MAX {
                open.push((path, format!("{name}/"), depth + 1));
            } else if seen.is_file() {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

/// All evidence below a home's folder of reports, oldest first.
pub fn all(reports: &Path) -> Result<Vec<Folder>> {
    if !reports.is_dir() {
        return Ok(Vec::new());
    }
    let mut folders: Vec<Folder> =
        disk::list(reports)?.into_iter().filter(|path| path.join(REPORT).is_file()).map(|path| Folder { path }).collect();
    folders.sort_by_key(|folder| order(&folder.id()));
    Ok(folders)
}

/// Where an id such as `smoke-20260801T093000Z`, or `…Z-2` for the second one of that second, stands in
/// time.
fn order(id: &str) -> (String, u32) {
    let (rest, number) = match id.rsplit_once('-').map(|(rest, last)| (rest, last.parse())) {
        Some((rest, Ok(number))) => (rest, number),
        _ => (id, 1),
    };
    let stamp = rest.rsplit_once('-').map_or("", |(_, stamp)| stamp);
    (stamp.to_owned(), number)
}

/// One earlier run of the same thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The name of its evidence.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
    /// Its numbers, by name.
    pub metrics: BTreeMap<String, f64>,
}

/// What was run, as reports name it: a runbook or a drill.
pub fn subject(report: &Report) -> Option<&str> {
    ["runbook", "drill"].into_iter().find_map(|field| report.data.get(field)?.as_str())
}

/// When a run began, as reports write it.
pub fn began(report: &Report) -> Option<Timestamp> {
    report.data.get("began")?.as_str()?.parse().ok()
}

/// Runs of one thing, oldest first; reports that cannot be read are left out.
pub fn history(reports: &Path, subject_wanted: &str) -> Result<Vec<Run>> {
    let mut runs: Vec<Run> = all(reports)?
        .iter()
        .filter_map(|folder| Some((folder.id(), folder.report().ok()?)))
        .filter(|(_, report)| subject(report) == Some(subject_wanted))
        .filter_map(|(id, report)| run(id, &report))
        .collect();
    // A stable sort: of those that began in one second the order of their ids holds.
    runs.sort_by_key(|run| run.began);
    Ok(runs)
}

/// The run that a report is about.
pub fn run(id: String, report: &Report) -> Option<Run> {
    let metrics = report.metrics.iter().map(|metric| (metric.name.clone(), metric.value)).collect();
    Some(Run { id, began: began(report)?, verdict: report.verdict, metrics })
}

#[cfg(test)]
mod tests {
    use super::redact::Redaction;
    use super::*;

    fn kept(folder: &Path) -> Folder {
        let folder = Folder::at(&folder.join("smoke-20260801T093000Z"));
        std::fs::create_dir_all(folder.path().join("transcripts")).unwrap();
        std::fs::write(folder.path().join("transcripts/one.txt"), "sent to +15550100001\n").unwrap();
        folder.keep(&[("report.md", b"# all is well".to_vec())], &Redaction::for_tests()).unwrap();
        folder
    }

    #[test]
    fn every_change_after_the_end_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = kept(scratch.path());
        assert_eq!(folder.check().unwrap(), Checked { sound: 2, ..Checked::default() });
        assert!(folder.check().unwrap().is_sound());
        std::fs::write(folder.path().join("report.md"), "# all is bad").unwrap();
        std::fs::write(folder.path().join("later.txt"), "x").unwrap();
        std::fs::remove_file(folder.path().join("transcripts/one.txt")).unwrap();
        let checked = folder.check().unwrap();
        assert_eq!((checked.sound, checked.is_sound()), (0, false));
        assert_eq!(checked.changed, ["report.md"]);
        assert_eq!(checked.added, ["later.txt"]);
        assert_eq!(checked.missing, ["transcripts/one.txt"]);
    }

    #[test]
    fn without_hashes_nothing_is_called_sound() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = kept(scratch.path());
        std::fs::write(folder.path().join(SUMS), "").unwrap();
        assert!(!folder.check().unwrap().is_sound());
        std::fs::write(folder.path().join(SUMS), "no sums\n").unwrap();
        assert_eq!(folder.check().unwrap_err().kind(), ErrorKind::Unknown);
        std::fs::remove_file(folder.path().join(SUMS)).unwrap();
        assert_eq!(folder.check().unwrap_err().kind(), ErrorKind::Unknown);
    }

    #[test]
    fn transcripts_are_cleaned_before_they_are_sealed() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = kept(scratch.path());
        let text = std::fs::read_to_string(folder.path().join("transcripts/one.txt")).unwrap();
        assert!(!text.contains("15550100001") && text.starts_with("sent to #"), "{text}");
    }

    #[test]
    fn history_is_of_one_subject_and_in_order() {
        let scratch = tempfile::tempdir().unwrap();
        for (name, subject, began) in [
            ("smoke-20260802T000000Z", "smoke", "2026-08-02T00:00:00Z"),
            ("smoke-20260801T000000Z-10", "smoke", "2026-08-01T00:00:00Z"),
            ("smoke-20260801T000000Z", "smoke", "2026-08-01T00:00:00Z"),
            ("smoke-20260801T000000Z-2", "smoke", "2026-08-01T00:00:00Z"),
            ("restart-20260803T000000Z", "restart", "2026-08-03T00:00:00Z"),
        ] {
            let report = Report::new("drill", "x").data(serde_json::json!({ "drill": subject, "began": began }));
            Folder::at(&scratch.path().join(name))
                .keep(&[(REPORT, serde_json::to_vec(&report).unwrap())], &Redaction::for_tests())
                .unwrap();
        }
        std::fs::create_dir(scratch.path().join("smoke-20260804T000000Z")).unwrap();
        std::fs::write(scratch.path().join("smoke-20260804T000000Z/report.json"), "{").unwrap();
        let runs = history(scratch.path(), "smoke").unwrap();
        let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        let first = "smoke-20260801T000000Z";
        assert_eq!(ids, [first, &format!("{first}-2"), &format!("{first}-10"), "smoke-20260802T000000Z"]);
    }
}
