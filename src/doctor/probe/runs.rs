//! Runs of runbooks and drills that the journal has open and that no process works on any more.
//!
//! The doctor is below the runbooks, so a run's row is read here by the few fields that matter. Start with
//! [`open_runs`].

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::journal;
use crate::disk::{Lock, LockState};
use crate::error::Result;
use crate::facts::OpenRun;

/// What matters of a run's row.
#[derive(Debug, Deserialize)]
struct Row {
    run: String,
    text: String,
    evidence: PathBuf,
    phase: String,
    under_way: Option<String>,
    undoable: Vec<Undoable>,
    #[serde(default)]
    left: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Undoable {
    lines: String,
    #[serde(default)]
    undone: bool,
}

/// The open runs, oldest first, without those that a living process holds. Lines that name no session are
/// about `session`.
pub(super) fn open_runs(path: &Path, only_read: bool, session: &str) -> Result<Vec<OpenRun>> {
    let Some(journal) = journal::open(path, only_read)? else { return Ok(Vec::new()) };
    let open = || {
        journal.read(|db| {
            let sql =
                "SELECT id, at_ms, data FROM entry WHERE session IS NULL AND verb = 'runbook' AND state = 'open' ORDER BY id";
            let mut statement = db.prepare(sql)?;
            let rows =
                statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })
    };
    let mut unheld = Vec::new();
    for (id, began_ms, data) in open()? {
        let row = serde_json::from_str::<Row>(&data).ok();
        let lock = row.as_ref().map(|row| Lock::look(&row.evidence.join("LOCK"))).transpose()?;
        if !matches!(lock, Some(LockState::Held(_))) {
            unheld.push((id, began_ms, data, row));
        }
    }
    if unheld.is_empty() {
        return Ok(Vec::new());
    }
    // One that nobody holds was cut off, or ended since its row was read.
    let still_open = open()?;
    unheld.retain(|(id, _, data, _)| still_open.iter().any(|(open, _, now)| (open, now) == (id, data)));
    // It was killed between its last word and the end of its row: nothing is left to do.
    unheld.retain(|(.., row)| row.as_ref().is_none_or(|row| row.phase != "over"));
    let told = |(_, began_ms, _, row): (i64, i64, String, Option<Row>)| {
        let Some(row) = row else { return OpenRun { began_ms, unreadable: true, ..OpenRun::default() } };
        let paused = row.undoable.iter().filter(|one| !one.undone).flat_map(|one| resumed(&one.lines, session));
        OpenRun {
            paused: paused.collect(),
            sandbox: row.text.contains("\nsandbox: true\n"),
            run: row.run,
            began_ms,
            under_way: row.under_way,
            left: row.left,
            unreadable: false,
        }
    };
    Ok(unheld.into_iter().map(told).collect())
}

/// The sessions whose outgoing messages lines of `wpp` let go on.
fn resumed(lines: &str, default: &str) -> Vec<String> {
    let session = |line: &str| {
        let words = shlex::split(line)?;
        let resumes = words.windows(2).any(|pair| pair == ["outbound", "resume"]);
        let after = words.iter().position(|word| word == "--session" || word == "-s").and_then(|at| words.get(at + 1).cloned());
        let joined = || words.iter().find_map(|word| word.strip_prefix("--session=").map(str::to_owned));
        resumes.then(|| after.or_else(joined).unwrap_or_else(|| default.to_owned()))
    };
    lines.lines().filter_map(session).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::journal::{Journal, Outcome};

    #[test]
    fn a_run_that_ends_while_it_is_looked_at_was_not_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.db");
        let evidence = folder.path().join("evidence");
        std::fs::create_dir(&evidence).unwrap();
        let journal = Journal::open(&path).unwrap();
        let row = serde_json::json!({
            "run": "r", "text": "", "evidence": evidence, "phase": "steps", "under_way": null, "undoable": []
        });
        let end = Instant::now() + Duration::from_secs(1);
        let mut cut_off = 0;
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let journal = Journal::open(&path).unwrap();
                while Instant::now() < end {
                    let lock = Lock::acquire(&evidence.join("LOCK"), "runbook").unwrap();
                    let entry = journal.begin(None, "runbook", &row).unwrap();
                    journal.end(entry, Outcome::Finished).unwrap();
                    drop(lock);
                }
            });
            while Instant::now() < end {
                cut_off += open_runs(&path, true, "main").unwrap().len();
            }
        });
        assert_eq!(cut_off, 0);
        journal.begin(None, "runbook", &row).unwrap();
        assert_eq!(open_runs(&path, true, "main").unwrap().len(), 1);
    }

    #[test]
    fn what_an_undo_lets_go_on_is_read_from_its_lines() {
        assert_eq!(resumed("wpp outbound resume --session sales\nwpp status --session other", "main"), ["sales"]);
        assert_eq!(resumed("wpp --session=sales outbound resume", "main"), ["sales"]);
        assert_eq!(resumed("wpp outbound resume", "main"), ["main"]);
        assert!(resumed("wpp outbound list\nPOST http://x/outbound/resume", "main").is_empty());
    }
}
