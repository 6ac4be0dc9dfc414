//! `wpp evidence verify`: that what runs left behind is what it was, as the journal knows it.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Folder;
use crate::evidence::seal::{self, Seal};
use crate::report::{Report, Step, Verdict, count};
use crate::runbook::record;

/// What is looked at.
struct Subject {
    id: String,
    folder: Folder,
    /// What the journal knows of it.
    seal: Option<Seal>,
    /// Whether there is a run of it, and whether that can still be taken up.
    run: Option<bool>,
}

/// All evidence that there is, or should be.
struct Known {
    subjects: Vec<Subject>,
}

impl Known {
    /// Runs of the journal, what else it has seals of, and folders of the home that it does not know.
    fn of(app: &App) -> Result<Known> {
        let (runs, mut seals) = match app.home().journal().exists() {
            true => (record::all(app.journal()?)?, seal::all(app.journal()?)?),
            // Looking must not make a journal.
            false => (Vec::new(), Vec::new()),
        };
        let mut subjects = Vec::new();
        for (open, state) in runs {
            let seal = seals.iter().rposition(|seal| seal.run == state.run).map(|at| seals.remove(at));
            // A home that was moved as a whole has its reports where it is now.
            let here = app.home().reports().join(&state.run);
            let path = if !state.evidence.exists() && here.exists() { here } else { state.evidence };
            subjects.push(Subject { id: state.run, folder: Folder::at(&path), seal, run: Some(open) });
        }
        subjects.extend(seals.into_iter().map(|seal| Subject {
            id: seal.run.clone(),
            folder: seal.evidence(),
            seal: Some(seal),
            run: None,
        }));
        let mut paths = disk::list(&app.home().reports())?;
        paths.sort();
        for path in paths.into_iter().filter(|path| path.is_dir()) {
            if !subjects.iter().any(|subject| is_same(subject.folder.path(), &path)) {
                let folder = Folder::at(&path);
                subjects.push(Subject { id: folder.id(), folder, seal: None, run: None });
            }
        }
        Ok(Known { subjects })
    }

    /// The ones of an id, or in a folder.
    fn find(self, app: &App, named: &str) -> Result<Vec<Subject>> {
        let path = Path::new(named);
        let (found, _): (Vec<Subject>, Vec<Subject>) = self.subjects.into_iter().partition(|subject| subject.id == named);
        if !found.is_empty() {
            return Ok(found);
        }
        if !named.contains('/') && !path.is_dir() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("there is no evidence {named} in {}", app.home().reports().display()),
            )
            .hint("`wpp evidence list` names what is there; a folder elsewhere is named by its path, such as ./evidence"));
        }
        if !path.is_dir() {
            return Err(Error::new(ErrorKind::Usage, format!("{named} is no folder"))
                .hint("give the folder that a run or a rotation left its evidence in"));
        }
        let mut here = Known::of(app)?.subjects;
        here.retain(|subject| is_same(subject.folder.path(), path));
        if here.is_empty() {
            let folder = Folder::at(&std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)));
            here.push(Subject { id: named.to_owned(), folder, seal: None, run: None });
        }
        Ok(here)
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

impl Subject {
    fn judge(&self) -> Result<(Verdict, String)> {
        let path = self.folder.path();
        if !path.is_dir() {
            return Ok((Verdict::Fail, format!("its folder is gone: {}", path.display())));
        }
        if self.folder.is_under_way() {
            return Ok((Verdict::Unknown, "it is under way".into()));
        }
        let checked = match self.folder.check() {
            Ok(checked) => checked,
            Err(error) => {
                // What the journal has a sum of was there.
                let sealed = self.seal.as_ref().is_some_and(|seal| seal.sha256.is_some());
                let why = match (sealed, self.run) {
                    (false, Some(true)) => "; the run is open, so its evidence is not finished".to_owned(),
                    (false, Some(false)) => "; it was cut off before its evidence was finished".to_owned(),
                    _ => String::new(),
                };
                return Ok((if sealed { Verdict::Fail } else { Verdict::Unknown }, format!("{}{why}", error.chain())));
            }
        };
        let broken = self.seal.as_ref().and_then(|seal| seal.broken.as_ref());
        let before = broken.map(|broken| format!("before it was finished again, it was not as it was: {broken}"));
        let sum = self.seal.as_ref().and_then(|seal| seal.sha256.as_ref());
        let list = self.folder.list();
        let other = sum.filter(|sum| **sum != checked.seal).map(|_| format!("{list} is not the list that was sealed"));
        // Since a run was taken up again its list is that of the time before.
        let now = checked.wrong().filter(|_| sum.is_some() || self.seal.is_none());
        let wrong: Vec<String> = other.into_iter().chain(now).chain(before).collect();
        if !wrong.is_empty() {
            return Ok((Verdict::Fail, wrong.join("; ")));
        }
        let sound = count(checked.sound as u64, "file", "files");
        Ok(match (sum, &self.seal) {
            (Some(_), _) => (Verdict::Pass, count(checked.sound as u64, "file as it was", "files as they were")),
            (None, Some(_)) => (Verdict::Unknown, "it was taken up again and not finished since".into()),
            (None, None) => {
                let seal = checked.seal;
                (
                    Verdict::Unknown,
                    format!("{sound} as {list} has them, and the journal does not know that list (SHA-256 {seal})"),
                )
            }
        })
    }
}

/// Looks at all of it, or at what was named.
pub fn verify(app: &App, named: &[String]) -> Result<Report> {
    let mut subjects = Vec::new();
    if named.is_empty() {
        for subject in Known::of(app)?.subjects {
            // What is being made has no end to be compared with: this may well be a part of it.
            if subject.seal.as_ref().is_some_and(|seal| seal.sha256.is_some()) || !subject.folder.is_under_way() {
                subjects.push(subject);
            }
        }
    }
    for one in named {
        subjects.extend(Known::of(app)?.find(app, one)?);
    }
    let mut steps = Vec::new();
    for subject in subjects {
        let watch = clock::Stopwatch::start();
        let (verdict, observed) = subject.judge()?;
        let expected = "all files as they were when the run ended".to_owned();
        steps.push(Step { title: subject.id, verdict, expected, observed, took_ms: watch.elapsed_ms() });
    }
    if named.is_empty() && app.home().journal().exists() {
        for (at_ms, _) in record::unreadable(app.journal()?)? {
            let began = clock::rfc3339(clock::from_ms(at_ms));
            let observed = "its row of the journal cannot be read: another version of wpp wrote it".to_owned();
            let expected = "a run whose evidence is known".to_owned();
            steps.push(Step { title: format!("a run of {began}"), verdict: Verdict::Unknown, expected, observed, took_ms: 0 });
        }
    }
    // Nothing to look at is no proof of anything.
    let verdict = steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::Unknown);
    let title = match (verdict, steps.len()) {
        (_, 0) => "There is no evidence to verify".to_owned(),
        (Verdict::Pass, number) => format!("Evidence of {} is as it was", count(number as u64, "run", "runs")),
        _ => "Evidence is not what it was, or cannot be checked".to_owned(),
    };
    let data = json!({ "verified": steps.iter().map(|step| json!({ "id": step.title, "verdict": step.verdict, "observed": step.observed })).collect::<Vec<_>>() });
    let mut report = Report::new("evidence-verify", title).verdict(verdict).data(data);
    report.steps = steps;
    Ok(report)
}

/// Evidence is handed on only as it was.
pub fn require_sound(app: &App, id: &str) -> Result<()> {
    for subject in Known::of(app)?.find(app, id)? {
        let (verdict, observed) = subject.judge()?;
        let (kind, what) = match verdict {
            Verdict::Pass => continue,
            Verdict::Unknown => (ErrorKind::Unknown, "cannot be checked"),
            _ => (ErrorKind::Failed, "is not what it was when the run ended"),
        };
        return Err(Error::new(kind, format!("the evidence {id} {what}: {observed}"))
            .hint(format!("`wpp evidence verify {id}` says what changed; it is not handed on as evidence")));
    }
    Ok(())
}

/// Before a run is taken up again: what of its evidence is no longer as it was goes into the new one.
pub fn before_it_goes_on(app: &App, run: &str) -> Result<Option<String>> {
    seal::open(app.journal()?, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_same_by_any_of_its_names() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir(scratch.path().join("a")).unwrap();
        std::os::unix::fs::symlink("a", scratch.path().join("b")).unwrap();
        assert!(is_same(&scratch.path().join("a"), &scratch.path().join("b")));
        assert!(!is_same(&scratch.path().join("a"), scratch.path()));
    }
}
