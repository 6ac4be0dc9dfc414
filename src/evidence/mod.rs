//! Evidence: what a run leaves behind for people who were not there.
//!
//! One folder for each run: `report.md` for tickets, `report.html` for eyes, `report.json` for
//! programs, `transcripts/`, and `SHA256SUMS` over all of it, in the form that `sha256sum -c` reads.
//! Nobody is named in it, and no secret stands in it: see [`redact`]. Whoever can change a folder can
//! change its list of hashes, too, so what that list hashes to stands in the journal: see [`seal`]. What is
//! here never words anything; the face renders, and hands over files. Start with [`Folder`].

pub mod redact;
pub mod rotation;
pub mod seal;
pub mod strangers;
pub mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::disk::{self, Lock, LockState};
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::report::{Report, Verdict};

/// The file with the hashes of all others.
pub const SUMS: &str = "SHA256SUMS";
/// The report for programs.
pub const REPORT: &str = "report.json";
/// Bytes of a `report.json` or a list of hashes that is read; a longer one is none of ours.
const DOCUMENT_BYTES_MAX: u64 = 32 << 20;
/// What is in the folder and is no file, if anything is: links, pipes, empty folders.
const NO_FILES: &str = "no-files.txt";
/// Made when a run is taken up, and no evidence while nothing is in it.
const TRANSCRIPTS: &str = "transcripts/";

/// One run's evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    /// The file with the hashes, and whether all that is there must be in it.
    list: String,
    whole: bool,
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
    /// Whatever was put there later.
    pub added: Vec<String>,
    /// What the list of hashes hashes to.
    pub seal: String,
}

impl Checked {
    /// Whether everything is as it was, and there was something.
    pub fn is_sound(&self) -> bool {
        self.sound > 0 && self.changed.is_empty() && self.missing.is_empty() && self.added.is_empty()
    }

    /// What is not as it was, in a line; `None` when it is sound.
    pub fn wrong(&self) -> Option<String> {
        let parts = [("changed", &self.changed), ("missing", &self.missing), ("added", &self.added)];
        let told: Vec<String> = parts
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", ")))
            .collect();
        match (told.is_empty(), self.sound) {
            (false, _) => Some(told.join("; ")),
            (true, 0) => Some("it holds no file".into()),
            (true, _) => None,
        }
    }
}

impl Folder {
    /// The one at this path, there or not.
    pub fn at(path: &Path) -> Folder {
        Folder { path: path.to_owned(), list: SUMS.to_owned(), whole: true }
    }

    /// The files of a folder that a list in it names: the rest of the folder is somebody else's.
    pub fn listed(path: &Path, list: &str) -> Folder {
        Folder { path: path.to_owned(), list: list.to_owned(), whole: list == SUMS }
    }

    /// Its name: what was run, and when.
    pub fn id(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the file with the hashes.
    pub fn list(&self) -> &str {
        &self.list
    }

    /// Writes these files into it, makes all text files in it say nothing about anybody, and writes the
    /// hashes last: a folder without them was not finished. Gives what the hashes hash to.
    pub fn keep(&self, files: &[(&str, Vec<u8>)], redaction: &redact::Redaction) -> Result<String> {
        disk::create_folder(&self.path)?;
        let (names, others) = walk(&self.path)?;
        for name in names.iter().filter(|name| *name != &self.list && *name != NO_FILES) {
            let path = self.path.join(name);
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
        if !others.is_empty() || names.iter().any(|name| name == NO_FILES) {
            let text: String = others.iter().map(|other| format!("{other}\n")).collect();
            disk::write_atomic(&self.path.join(NO_FILES), text.as_bytes())?;
        }
        self.seal()
    }

    /// Writes the hashes of all its files; gives what they hash to.
    fn seal(&self) -> Result<String> {
        let names = self.files()?;
        self.seal_files(names.iter().map(String::as_str))
    }

    /// Writes the hashes of these files; gives what they hash to.
    pub fn seal_files<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<String> {
        let mut sums = String::new();
        for name in names {
            sums.push_str(&line(&self.sum(name)?, name));
        }
        disk::write_atomic(&self.path.join(&self.list), sums.as_bytes())?;
        hash(sums.as_bytes())
    }

    /// Whether a living process works on it now. What is no lock is none, and is seen as something that was added.
    pub fn is_under_way(&self) -> bool {
        matches!(Lock::look(&self.path.join("LOCK")), Ok(LockState::Held(_)))
    }

    /// Whether all files are what they were when it was finished, as its own list has them.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when it has no list of hashes, or one that is none.
    pub fn check(&self) -> Result<Checked> {
        let path = self.path.join(&self.list);
        let list = disk::read_small(&path, DOCUMENT_BYTES_MAX).map_err(|error| {
            let why = if error.kind() == std::io::ErrorKind::NotFound {
                "the run was not finished, or is no run of wpp"
            } else {
                "it cannot be read"
            };
            Error::new(ErrorKind::Unknown, format!("{} cannot be checked: {why}", path.display()))
                .caused_by(error)
                .hint("look at the folder; without its hashes nobody can tell whether it is as it was")
        })?;
        let mut checked = Checked { seal: hash(&list)?, ..Checked::default() };
        let no_list = |what: String| {
            Error::new(ErrorKind::Unknown, format!("{} is no list of SHA-256 sums: {what}", path.display()))
                .hint("take the folder from where it was copied to, if it was")
        };
        let mut noted: BTreeMap<String, String> = BTreeMap::new();
        for text in String::from_utf8_lossy(&list).lines() {
            let (sum, name) = read_line(text).ok_or_else(|| no_list(crate::report::quoted(text)))?;
            // Of two lines a reader may believe the one and a program the other.
            if noted.contains_key(&name) {
                return Err(no_list(format!("it names {name} twice")));
            }
            noted.insert(name, sum);
        }
        let now = if self.whole { self.files()? } else { self.there(noted.keys())? };
        for name in now {
            match noted.remove(&name) {
                Some(was) if was == self.sum(&name)? => checked.sound += 1,
                Some(_) => checked.changed.push(name),
                None => checked.added.push(name),
            }
        }
        checked.missing = noted.into_keys().collect();
        if self.whole {
            self.check_others(&mut checked)?;
        }
        Ok(checked)
    }

    /// Compares what is there and is no file with what was there.
    fn check_others(&self, checked: &mut Checked) -> Result<()> {
        let (_, now) = walk(&self.path)?;
        let path = self.path.join(NO_FILES);
        let then = match disk::read_small(&path, DOCUMENT_BYTES_MAX) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(disk::cannot("read", &path, error)),
        };
        checked.added.extend(now.iter().filter(|other| !then.lines().any(|line| line == *other)).cloned());
        let gone = then.lines().filter(|line| !now.iter().any(|other| other == line));
        checked.missing.extend(gone.map(str::to_owned));
        Ok(())
    }

    /// The report of the run.
    pub fn report(&self) -> Result<Report> {
        let path = self.path.join(REPORT);
        let bytes = disk::read_small(&path, DOCUMENT_BYTES_MAX).map_err(|error| {
            disk::cannot("read the report", &path, error).hint("`wpp evidence list` names the runs that have one")
        })?;
        serde_json::from_slice(&bytes).context(ErrorKind::Unknown, || format!("{} is no report of wpp", path.display()))
    }

    fn sum(&self, name: &str) -> Result<String> {
        let path = self.path.join(name);
        let sum = disk::open_to_read(&path).and_then(disk::sha256);
        sum.map(|(sum, _)| sum).map_err(|error| disk::cannot("read", &path, error))
    }

    /// Those of these names that are files of the folder itself.
    fn there<'a>(&self, names: impl Iterator<Item = &'a String>) -> Result<Vec<String>> {
        let mut there = Vec::new();
        for name in names.filter(|name| !name.contains('/')) {
            let path = self.path.join(name);
            match path.symlink_metadata() {
                Ok(seen) if seen.is_file() => there.push(name.clone()),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(disk::cannot("look at", &path, error)),
            }
        }
        Ok(there)
    }

    /// Its files, but for the list of hashes.
    pub fn files(&self) -> Result<Vec<String>> {
        let (mut names, _) = walk(&self.path)?;
        names.retain(|name| *name != self.list);
        Ok(names)
    }
}

fn hash(bytes: &[u8]) -> Result<String> {
    let hashed = disk::sha256(bytes).map(|(sum, _)| sum);
    // Bytes in memory can always be read.
    hashed.while_doing(|| "cannot hash a list of hashes".into())
}

/// A line as `sha256sum` writes it: a name that would break the line is escaped, and marked as such.
fn line(sum: &str, name: &str) -> String {
    if !name.contains(['\\', '\n', '\r']) {
        return format!("{sum}  {name}\n");
    }
    let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    format!("\\{sum}  {escaped}\n")
}

/// The sum and the name of a line; `None` when it is none.
fn read_line(text: &str) -> Option<(String, String)> {
    let (sum, name) = text.split_once("  ")?;
    let (sum, escaped) = sum.strip_prefix('\\').map_or((sum, false), |sum| (sum, true));
    if sum.len() != 64 || name.is_empty() {
        return None;
    }
    if !escaped {
        return Some((sum.to_owned(), name.to_owned()));
    }
    let mut plain = String::new();
    let mut characters = name.chars();
    while let Some(c) = characters.next() {
        plain.push(match c {
            '\\' => match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some((sum.to_owned(), plain))
}

/// Ordinary files below a folder, as `sub/name`, in order; and a line for whatever else is there. Links are
/// not followed.
fn walk(root: &Path) -> Result<(Vec<String>, Vec<String>)> {
    use std::os::unix::fs::FileTypeExt as _;
    let (mut names, mut others) = (Vec::new(), Vec::new());
    let mut open = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let paths = disk::list(&folder)?;
        if paths.is_empty() && !prefix.is_empty() && prefix != TRANSCRIPTS {
            others.push(format!("{} (an empty folder)", prefix.escape_debug()));
        }
        for path in paths {
            let seen = std::fs::symlink_metadata(&path).map_err(|error| disk::cannot("look at", &path, error))?;
            let kind = seen.file_type();
            let file_name = path.file_name().unwrap_or_default();
            let name = format!("{prefix}{}", file_name.to_string_lossy());
            let shown = name.escape_debug();
            if kind.is_dir() {
                open.push((path, format!("{name}/")));
            } else if kind.is_file() && file_name.to_str().is_some() {
                names.push(name);
            } else if kind.is_symlink() {
                let to = std::fs::read_link(&path).map_err(|error| disk::cannot("read the link", &path, error))?;
                others.push(format!("{shown} (a link to {})", to.to_string_lossy().escape_debug()));
            } else if kind.is_file() {
                others.push(format!("{shown} (a file whose name is no text)"));
            } else if kind.is_fifo() {
                others.push(format!("{shown} (a pipe)"));
            } else {
                others.push(format!("{shown} (no file)"));
            }
        }
    }
    names.sort();
    others.sort();
    Ok((names, others))
}

/// All evidence below a home's folder of reports, oldest first.
pub fn all(reports: &Path) -> Result<Vec<Folder>> {
    if !reports.is_dir() {
        return Ok(Vec::new());
    }
    let mut folders: Vec<Folder> =
        disk::list(reports)?.into_iter().filter(|path| path.join(REPORT).is_file()).map(|path| Folder::at(&path)).collect();
    folders.sort_by_key(|folder| order(&folder.id()));
    Ok(folders)
}

/// Where an id such as `smoke-20260801T093000Z`, or `…Z-2` for the second one of that second, stands in
/// time.
pub fn order(id: &str) -> (String, u32) {
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
        let checked = folder.check().unwrap();
        assert_eq!((checked.sound, checked.wrong(), checked.seal.len()), (2, None, 64));
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
    fn whatever_is_put_there_is_seen_file_or_not_however_deep() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = kept(scratch.path());
        let deep = "a/b/c/d/e/f/g/h/i/j/k";
        std::fs::create_dir_all(folder.path().join(deep)).unwrap();
        std::fs::write(folder.path().join(deep).join("x"), "x").unwrap();
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, folder.path().join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let added = ["a/b/c/d/e/f/g/h/i/j/k/x", "empty/ (an empty folder)", "link (a link to /etc/hostname)", "pipe (a pipe)"];
        let checked = folder.check().unwrap();
        assert_eq!((checked.sound, checked.added), (2, added.map(str::to_owned).to_vec()));
        // What a run itself left there is written down, and seen when it goes.
        folder.keep(&[], &Redaction::for_tests()).unwrap();
        assert_eq!(folder.check().unwrap().wrong(), None);
        std::fs::remove_file(folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        std::fs::remove_dir(folder.path().join("empty")).unwrap();
        let checked = folder.check().unwrap();
        assert_eq!(checked.added, ["link (a link to /etc/passwd)"]);
        assert_eq!(checked.missing, ["empty/ (an empty folder)", "link (a link to /etc/hostname)"]);
    }

    #[test]
    fn a_list_that_names_a_file_twice_is_none_and_names_that_break_lines_are_read_as_they_were() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = kept(scratch.path());
        let sums = folder.path().join(SUMS);
        let good = std::fs::read_to_string(&sums).unwrap();
        std::fs::write(&sums, format!("{}  report.md\n{good}", "0".repeat(64))).unwrap();
        let error = folder.check().unwrap_err();
        assert!(error.kind() == ErrorKind::Unknown && error.message().contains("report.md twice"), "{error}");
        std::fs::remove_file(&sums).unwrap();
        std::fs::write(folder.path().join("a\nb\\c"), "x").unwrap();
        folder.keep(&[], &Redaction::for_tests()).unwrap();
        assert_eq!((folder.check().unwrap().sound, folder.check().unwrap().wrong()), (3, None));
        let mut coreutils = std::process::Command::new("sha256sum");
        let status = coreutils.args(["--check", "--quiet", SUMS]).current_dir(folder.path()).status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn of_a_folder_that_others_use_only_the_listed_files_are_looked_at() {
        let scratch = tempfile::tempdir().unwrap();
        for name in ["ours.md", "theirs.md"] {
            std::fs::write(scratch.path().join(name), name).unwrap();
        }
        let folder = Folder::listed(scratch.path(), "ours-SHA256SUMS");
        let seal = folder.seal_files(["ours.md"].into_iter()).unwrap();
        let checked = folder.check().unwrap();
        assert_eq!((checked.sound, checked.wrong(), checked.seal), (1, None, seal));
        std::fs::remove_file(scratch.path().join("ours.md")).unwrap();
        std::os::unix::fs::symlink("theirs.md", scratch.path().join("ours.md")).unwrap();
        assert_eq!(folder.check().unwrap().wrong(), Some("missing: ours.md".into()));
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
