//! What the journal knows of evidence: of each folder what its list of hashes hashed to when it was
//! finished. Rows are only ever added, and the newest of a folder counts. Start with [`all`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Folder;
use crate::error::Result;
use crate::journal::Journal;

/// The verb of its rows.
const VERB: &str = "evidence";

/// What is known of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// What left it behind: a run, or a rotation.
    pub run: String,
    /// The folder.
    pub folder: PathBuf,
    /// The file in it with the hashes.
    pub list: String,
    /// What that file hashed to; `None` since the run was taken up again.
    pub sha256: Option<String>,
    /// What was found not to be as it was when the run was taken up again: a later seal covers that, so it
    /// is remembered here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl Seal {
    /// The evidence that it is of.
    pub fn evidence(&self) -> Folder {
        Folder::listed(&self.folder, &self.list)
    }
}

/// The newest seal of each folder, oldest folder first.
pub fn all(journal: &Journal) -> Result<Vec<Seal>> {
    let mut all: Vec<Seal> = Vec::new();
    for entry in journal.everywhere(VERB)? {
        let seal: Seal = entry.data()?;
        match all.iter_mut().find(|known| (&known.run, &known.folder) == (&seal.run, &seal.folder)) {
            Some(known) => *known = seal,
            None => all.push(seal),
        }
    }
    Ok(all)
}

/// The newest seal of a run; `None` when it was never finished.
pub fn of(journal: &Journal, run: &str) -> Result<Option<Seal>> {
    Ok(all(journal)?.into_iter().rfind(|seal| seal.run == run))
}

/// Writes down that a folder is finished, and what its list hashes to. What was found broken when it was
/// opened again stays known.
pub fn close(journal: &Journal, run: &str, folder: &Folder, sha256: String) -> Result<()> {
    let path = std::path::absolute(folder.path()).unwrap_or_else(|_| folder.path().to_owned());
    let broken = of(journal, run)?.and_then(|known| known.broken);
    let seal = Seal { run: run.to_owned(), folder: path, list: folder.list().to_owned(), sha256: Some(sha256), broken };
    journal.record(None, VERB, &seal).map(drop)
}

/// Before a run that was finished is taken up again: writes down that its folder is open, and what in it is
/// not as it was. Says the latter. To be called each time; only the first time after a seal looks.
pub fn open(journal: &Journal, run: &str) -> Result<Option<String>> {
    let Some(seal) = of(journal, run)? else { return Ok(None) };
    let Some(sha256) = &seal.sha256 else { return Ok(seal.broken) };
    let found = match seal.evidence().check() {
        Ok(checked) if checked.seal != *sha256 => {
            Some(format!("{} is not the list that was sealed", seal.list)).into_iter().chain(checked.wrong()).reduce(join)
        }
        Ok(checked) => checked.wrong(),
        Err(error) => Some(error.chain()),
    };
    let broken = seal.broken.clone().into_iter().chain(found).reduce(join);
    journal.record(None, VERB, &Seal { sha256: None, broken: broken.clone(), ..seal })?;
    Ok(broken)
}

fn join(one: String, other: String) -> String {
    format!("{one}; {other}")
}

#[cfg(test)]
mod tests {
    use super::super::redact::Redaction;
    use super::*;

    #[test]
    fn what_was_changed_before_a_folder_is_sealed_again_stays_known() {
        let scratch = tempfile::tempdir().unwrap();
        let journal = Journal::open(&scratch.path().join("ops.db")).unwrap();
        let folder = Folder::at(&scratch.path().join("smoke-1"));
        let keep = |text: &str| folder.keep(&[("report.md", text.as_bytes().to_vec())], &Redaction::for_tests()).unwrap();
        assert_eq!(open(&journal, "smoke-1").unwrap(), None, "it was never finished");
        close(&journal, "smoke-1", &folder, keep("one")).unwrap();
        assert_eq!(open(&journal, "smoke-1").unwrap(), None);
        // The run itself writes now; that it is killed and taken up once more is no tampering.
        std::fs::write(folder.path().join("more.txt"), "x").unwrap();
        assert_eq!(open(&journal, "smoke-1").unwrap(), None);
        close(&journal, "smoke-1", &folder, keep("two")).unwrap();
        assert!(of(&journal, "smoke-1").unwrap().unwrap().broken.is_none());
        std::fs::write(folder.path().join("more.txt"), "forged").unwrap();
        assert_eq!(open(&journal, "smoke-1").unwrap(), Some("changed: more.txt".into()));
        close(&journal, "smoke-1", &folder, keep("three")).unwrap();
        assert_eq!(folder.check().unwrap().wrong(), None);
        assert_eq!(of(&journal, "smoke-1").unwrap().unwrap().broken, Some("changed: more.txt".into()));
        // A list that was made anew for what was forged is not the one that was sealed.
        std::fs::write(folder.path().join("more.txt"), "again").unwrap();
        keep("three");
        assert!(open(&journal, "smoke-1").unwrap().unwrap().contains("is not the list that was sealed"));
        assert_eq!(all(&journal).unwrap().len(), 1);
    }
}
