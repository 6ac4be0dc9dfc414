//! What was due and what became of it, in `ops.db`: a row for each time, keyed by the entry and the time,
//! written in one transaction before anything runs. Whoever comes second finds it there.
//!
//! A time counts as settled when a row is as new as it and not ahead of the clock; so a clock that is
//! set back starts nothing twice (the key is taken), and one that was wrong by years for a moment does
//! not keep anything from running once it is right again. Start with [`Ledger::claim`].

use rusqlite::{Connection, OptionalExtension, params};

use super::{Due, Entry, Fate};
use crate::clock::{self, Timestamp};
use crate::error::Result;
use crate::journal::Journal;
use crate::process::{self, Group};

/// Rows that are kept of each entry.
const KEPT: i64 = 1000;
/// How long after its time was up a run counts as gone, whatever process has its number by now.
const GONE_AFTER_MS: i64 = 5 * 60_000;

/// The ledger of one home.
pub struct Ledger<'a> {
    journal: &'a Journal,
    /// The home's part of the jitter.
    seed: String,
}

/// A time that this process alone may run an entry for, or has written down as not to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// When it was due.
    pub due: Due,
    /// What becomes of it.
    pub fate: Settled,
}

/// What was written down about a due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is this process's to run.
    Run,
    /// Not to be run: too late.
    Skipped,
    /// Not to be run, and to be told: too late.
    Missed,
    /// Not to be run: the one before still runs.
    Overlapped,
}

impl Settled {
    /// The state of its row.
    pub fn state(self) -> &'static str {
        match self {
            Settled::Run => "running",
            Settled::Skipped => "skipped",
            Settled::Missed => "missed",
            Settled::Overlapped => "overlapped",
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What it exited with; `None` when it was killed or never started.
    pub exit_code: Option<i32>,
    /// What it said, in one line.
    pub said: String,
    /// The file or folder that tells more.
    pub report: Option<String>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When it was due, milliseconds since the epoch.
    pub due_ms: i64,
    /// `running`, `ended`, `cut-off`, `skipped`, `missed` or `overlapped`.
    pub state: String,
    /// Earlier times at which nobody looked.
    pub missed: u64,
    /// When it was written down, milliseconds since the epoch.
    pub began_ms: i64,
    /// When it ended, milliseconds since the epoch.
    pub ended_ms: Option<i64>,
    /// What it exited with.
    pub exit_code: Option<i32>,
    /// What it said.
    pub said: Option<String>,
    /// Where more is told.
    pub report: Option<String>,
    /// Whether an operator ran it: the time is that of the order, and none that it was due at.
    pub by_hand: bool,
}

impl Row {
    /// Whether it ran and did not end well.
    pub fn failed(&self) -> bool {
        self.state == "cut-off" || (self.state == "ended" && self.exit_code != Some(0))
    }
}

impl<'a> Ledger<'a> {
    /// The ledger in a home's journal.
    pub fn of(journal: &'a Journal) -> Result<Ledger<'a>> {
        Ok(Ledger { journal, seed: journal.identity()? })
    }

    /// Claims the newest due time of an entry, if there is one: nobody else gets it.
    pub fn claim(&self, entry: &Entry, now: Timestamp) -> Result<Option<Claim>> {
        let now_ms = now.as_millisecond();
        self.journal.transaction(|db| {
            let since_ms = register(db, entry, now_ms)?;
            let Some(due) = Due::of(entry, &self.seed, settled(db, &entry.name, since_ms, now_ms)?, now) else { return Ok(None) };
            let running = still_runs(db, &entry.name, now_ms)?;
            let fate = match due.judged(entry.missed) {
                Fate::Run if running => Settled::Overlapped,
                Fate::Run => Settled::Run,
                Fate::Skipped => Settled::Skipped,
                Fate::Missed => Settled::Missed,
            };
            let until_ms = now_ms.saturating_add(i64::try_from(entry.timeout.as_millis()).unwrap_or(i64::MAX));
            let ended_ms = (fate != Settled::Run).then_some(now_ms);
            // Taken by whoever ran it before the clock was set back.
            let taken = db.execute(
                "INSERT OR IGNORE INTO schedule_run (entry, due_ms, state, missed, pid, began_ms, until_ms, ended_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    entry.name,
                    due.at.as_millisecond(),
                    fate.state(),
                    i64::try_from(due.missed).unwrap_or(i64::MAX),
                    std::process::id(),
                    now_ms,
                    until_ms,
                    ended_ms
                ],
            )? == 0;
            db.execute(
                "DELETE FROM schedule_run WHERE entry = ?1 AND state <> 'running' AND due_ms <
                 (SELECT min(due_ms) FROM (SELECT due_ms FROM schedule_run WHERE entry = ?1 ORDER BY due_ms DESC LIMIT ?2))",
                params![entry.name, KEPT],
            )?;
            Ok((!taken).then_some(Claim { due, fate }))
        })
    }

    /// Claims an entry to be run now because an operator says so; what it is due at stays as it is. Not
    /// while it runs.
    pub fn claim_by_hand(&self, entry: &Entry, now: Timestamp) -> Result<Claim> {
        let now_ms = now.as_millisecond();
        self.journal.transaction(|db| {
            let fate = if still_runs(db, &entry.name, now_ms)? { Settled::Overlapped } else { Settled::Run };
            // Whole seconds are the schedule's.
            let mut at_ms = now_ms + i64::from(now_ms % 1000 == 0);
            let until_ms = now_ms.saturating_add(i64::try_from(entry.timeout.as_millis()).unwrap_or(i64::MAX));
            while fate == Settled::Run
                && db.execute(
                    "INSERT OR IGNORE INTO schedule_run (entry, due_ms, state, missed, pid, began_ms, until_ms, by_hand)
                     VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, 1)",
                    params![entry.name, at_ms, fate.state(), std::process::id(), now_ms, until_ms],
                )? == 0
            {
                at_ms += 1;
            }
            Ok(Claim { due: Due { at: clock::from_ms(at_ms), missed: 0, late: false }, fate })
        })
    }

    /// Writes down which process runs what this one has claimed: whoever looks later asks for that one.
    pub fn began(&self, entry: &str, due: Timestamp, group: Group) -> Result<()> {
        self.journal.transaction(|db| {
            db.execute(
                "UPDATE schedule_run SET child_pid = ?3, child_started = ?4 WHERE entry = ?1 AND due_ms = ?2 AND state = 'running'",
                params![entry, due.as_millisecond(), group.leader, group.started.and_then(|started| i64::try_from(started).ok())],
            )
            .map(drop)
        })
    }

    /// Writes down how a run ended that this process has claimed.
    pub fn end(&self, entry: &str, due: Timestamp, ended: &Ended, now: Timestamp) -> Result<()> {
        self.journal.transaction(|db| {
            db.execute(
                "UPDATE schedule_run SET state = 'ended', ended_ms = ?3, exit_code = ?4, said = ?5, report = ?6
                 WHERE entry = ?1 AND due_ms = ?2 AND state IN ('running', 'cut-off')",
                params![entry, due.as_millisecond(), now.as_millisecond(), ended.exit_code, ended.said, ended.report],
            )
            .map(drop)
        })
    }

    /// Writes down that somebody looks for what is due.
    pub fn looked(&self, now: Timestamp) -> Result<()> {
        self.journal.transaction(|db| {
            db.execute(
                "INSERT INTO schedule_look VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET at_ms = ?1",
                [now.as_millisecond()],
            )
            .map(drop)
        })
    }

    /// When somebody last looked for what is due, milliseconds since the epoch.
    pub fn last_look_ms(&self) -> Result<Option<i64>> {
        self.journal.read(|db| db.query_row("SELECT at_ms FROM schedule_look", [], |row| row.get(0)).optional())
    }

    /// The newest rows of an entry, newest first. A run whose process is gone is told as cut off.
    pub fn rows(&self, entry: &str, count: usize, now: Timestamp) -> Result<Vec<Row>> {
        self.journal.read(|db| {
            let mut statement = db.prepare(
                "SELECT due_ms, state, missed, began_ms, ended_ms, exit_code, said, report, pid, until_ms, child_pid, child_started, by_hand
                 FROM schedule_run WHERE entry = ?1 ORDER BY began_ms DESC, due_ms DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![entry, i64::try_from(count).unwrap_or(i64::MAX)], |row| {
                let mut state: String = row.get(1)?;
                let runner = Runner { pid: row.get(8)?, until_ms: row.get(9)?, group: group(row.get(10)?, row.get(11)?) };
                if state == "running" && runner.is_cut_off(now.as_millisecond()) {
                    state = "cut-off".into();
                }
                Ok(Row {
                    due_ms: row.get(0)?,
                    state,
                    missed: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                    began_ms: row.get(3)?,
                    ended_ms: row.get(4)?,
                    exit_code: row.get(5)?,
                    said: row.get(6)?,
                    report: row.get(7)?,
                    by_hand: row.get(12)?,
                })
            })?;
            rows.collect()
        })
    }

    /// The newest due time of an entry that is not in the ledger; none of one that was never looked at.
    pub fn due(&self, entry: &Entry, now: Timestamp) -> Result<Option<Due>> {
        let now_ms = now.as_millisecond();
        let settled = self.journal.read(|db| {
            let known = db
                .query_row(
                    "SELECT since_ms FROM schedule_entry WHERE name = ?1 AND definition = ?2",
                    params![entry.name, entry.definition()],
                    |row| row.get::<_, i64>(0),
                )
                .optional()?;
            known.map(|since_ms| settled(db, &entry.name, since_ms.min(now_ms), now_ms)).transpose()
        })?;
        Ok(settled.and_then(|settled| Due::of(entry, &self.seed, settled, now)))
    }
}

/// Since when the entry has the times that it has; now, if it is new or was changed.
fn register(db: &Connection, entry: &Entry, now_ms: i64) -> rusqlite::Result<i64> {
    let definition = entry.definition();
    let known: Option<(String, i64)> = db
        .query_row("SELECT definition, since_ms FROM schedule_entry WHERE name = ?1", [&entry.name], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match known {
        Some((known, since_ms)) if known == definition && since_ms <= now_ms => Ok(since_ms),
        // What was written down under a clock that has been set back since is as good as new.
        _ => {
            db.execute("INSERT OR REPLACE INTO schedule_entry VALUES (?1, ?2, ?3)", params![entry.name, definition, now_ms])?;
            Ok(now_ms)
        }
    }
}

/// Up to when nothing is due any more.
fn settled(db: &Connection, entry: &str, since_ms: i64, now_ms: i64) -> rusqlite::Result<Timestamp> {
    let last_ms: Option<i64> = db.query_row(
        "SELECT max(due_ms) FROM schedule_run WHERE entry = ?1 AND due_ms <= ?2 AND NOT by_hand",
        params![entry, now_ms],
        |row| row.get(0),
    )?;
    Ok(clock::from_ms(last_ms.map_or(since_ms, |last_ms| last_ms.max(since_ms))))
}

/// Whether the entry runs. Runs of it that nobody is at any more have ended, nobody knows how.
fn still_runs(db: &Connection, entry: &str, now_ms: i64) -> rusqlite::Result<bool> {
    let mut statement = db.prepare(
        "SELECT due_ms, pid, until_ms, child_pid, child_started FROM schedule_run WHERE entry = ?1 AND state = 'running'",
    )?;
    let running: Vec<(i64, Runner)> = statement
        .query_map([entry], |row| {
            Ok((row.get(0)?, Runner { pid: row.get(1)?, until_ms: row.get(2)?, group: group(row.get(3)?, row.get(4)?) }))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut still = false;
    for (due_ms, runner) in running {
        let said = if runner.kill_if_over(now_ms) {
            "its time was up and its dispatcher gone: it was killed"
        } else if runner.is_gone(now_ms) {
            "its dispatcher was gone before it ended, and nobody saw how it did"
        } else {
            still = true;
            continue;
        };
        db.execute(
            "UPDATE schedule_run SET state = 'cut-off', ended_ms = ?3, said = ?4 WHERE entry = ?1 AND due_ms = ?2",
            params![entry, due_ms, now_ms, said],
        )?;
    }
    Ok(still)
}

/// Who is at a run.
struct Runner {
    /// Who dispatched it.
    pid: u32,
    /// When its time is up.
    until_ms: i64,
    /// The process itself with all that it started; not known before it is there.
    group: Option<Group>,
}

fn group(leader: Option<u32>, started: Option<i64>) -> Option<Group> {
    Some(Group { leader: leader?, started: started.and_then(|started| u64::try_from(started).ok()) })
}

impl Runner {
    fn is_over(&self, now_ms: i64) -> bool {
        now_ms > self.until_ms.saturating_add(GONE_AFTER_MS)
    }

    fn is_gone(&self, now_ms: i64) -> bool {
        match self.group {
            Some(group) if group.started.is_some() => !group.is_alive(),
            group => self.is_over(now_ms) || !process::is_alive(group.map_or(self.pid, |group| group.leader)),
        }
    }

    /// Whether nobody is at it, nor will write down how it ended: its dispatcher does so a moment after its process is
    /// gone.
    fn is_cut_off(&self, now_ms: i64) -> bool {
        self.is_gone(now_ms) && (self.is_over(now_ms) || !process::is_alive(self.pid))
    }

    /// Kills a run whose dispatcher should have and did not. Only one that is known for sure.
    fn kill_if_over(&self, now_ms: i64) -> bool {
        let Some(group) = self.group.filter(|group| group.started.is_some()) else { return false };
        let kill = self.is_over(now_ms) && group.is_alive();
        if kill {
            // It is not waited for: whatever is left of it then is the next look's.
            group.end(std::time::Duration::ZERO);
        }
        kill
    }
}

#[cfg(test)]
mod tests {
    use super::super::Missed;
    use super::super::tests::{at, sample};
    use super::*;

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Place {
            Place { folder: tempfile::tempdir().unwrap() }
        }

        /// As a process that has just been started sees it.
        fn claim(&self, entry: &Entry, now: &str) -> Option<(String, Settled, u64)> {
            self.with(|ledger| ledger.claim(entry, at(now)).unwrap())
                .map(|claim| (clock::rfc3339(claim.due.at), claim.fate, claim.due.missed))
        }

        fn end(&self, entry: &Entry, due: &str, exit_code: i32) {
            let ended = Ended { exit_code: Some(exit_code), said: "x".into(), report: None };
            self.with(|ledger| ledger.end(&entry.name, at(due), &ended, at(due)).unwrap());
        }

        fn with<T>(&self, work: impl FnOnce(&Ledger<'_>) -> T) -> T {
            let journal = Journal::open(&self.folder.path().join("ops.db")).unwrap();
            work(&Ledger::of(&journal).unwrap())
        }
    }

    fn run(due: &str) -> Option<(String, Settled, u64)> {
        Some((due.to_owned(), Settled::Run, 0))
    }

    #[test]
    fn an_entry_is_due_from_when_it_is_first_seen_and_each_time_once() {
        let (place, entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        assert_eq!(place.claim(&entry, "2026-11-21T08:30:00Z"), None, "what was due before is nobody's");
        assert_eq!(place.claim(&entry, "2026-11-21T09:00:01Z"), run("2026-11-21T09:00:00Z"));
        assert_eq!(place.claim(&entry, "2026-11-21T09:00:01Z"), None, "after a restart");
        place.end(&entry, "2026-11-21T09:00:00Z", 0);
        assert_eq!(place.claim(&entry, "2026-11-21T09:59:59Z"), None);
        assert_eq!(place.claim(&entry, "2026-11-21T10:00:00Z"), run("2026-11-21T10:00:00Z"));
    }

    #[test]
    fn a_clock_that_is_set_back_starts_nothing_twice_and_one_that_was_wrong_stops_nothing() {
        let (place, entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        place.claim(&entry, "2026-11-21T08:30:00Z");
        for hour in ["09", "10", "11"] {
            let due = format!("2026-11-21T{hour}:00:00Z");
            assert_eq!(place.claim(&entry, &due), run(&due));
            place.end(&entry, &due, 0);
        }
        for now in ["2026-11-21T09:30:00Z", "2026-11-21T10:00:00Z", "2026-11-21T10:59:59Z", "2026-11-21T11:59:00Z"] {
            assert_eq!(place.claim(&entry, now), None, "{now}");
        }
        assert_eq!(place.claim(&entry, "2026-11-21T12:00:00Z"), run("2026-11-21T12:00:00Z"));
        place.end(&entry, "2026-11-21T12:00:00Z", 0);
        // For a moment it is 2031.
        assert!(place.claim(&entry, "2031-01-01T00:00:00Z").is_some());
        place.end(&entry, "2031-01-01T00:00:00Z", 0);
        assert_eq!(place.claim(&entry, "2026-11-21T12:30:00Z"), None);
        assert_eq!(place.claim(&entry, "2026-11-21T13:00:00Z"), run("2026-11-21T13:00:00Z"));
    }

    #[test]
    fn an_entry_first_seen_by_a_clock_that_ran_ahead_is_due_again_when_it_is_right() {
        let (place, entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        place.claim(&entry, "2031-01-01T00:30:00Z");
        assert_eq!(place.claim(&entry, "2026-11-21T12:30:00Z"), None);
        assert_eq!(place.claim(&entry, "2026-11-21T13:00:00Z"), run("2026-11-21T13:00:00Z"));
    }

    #[test]
    fn daylight_saving_runs_a_night_of_two_half_past_twos_once_and_one_of_none_once() {
        for (from, until, expected) in [
            ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z"),
            ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z"),
        ] {
            let (place, mut entry) = (Place::new(), sample("30 2 * * *", Missed::RunOnce));
            entry.zone = clock::zone("Europe/Berlin").unwrap();
            let mut ran = Vec::new();
            let mut now = at(from);
            while now < at(until) {
                let claimed = place.claim(&entry, &clock::rfc3339(now));
                if let Some((due, Settled::Run, _)) = claimed {
                    place.end(&entry, &due, 0);
                    ran.push(due);
                }
                now = now.checked_add(jiff::SignedDuration::from_mins(10)).unwrap();
            }
            assert_eq!(ran, [expected]);
        }
    }

    #[test]
    fn what_was_missed_is_run_once_skipped_or_told_and_settled_each_time() {
        for (policy, fate) in [(Missed::RunOnce, Settled::Run), (Missed::Skip, Settled::Skipped), (Missed::Tell, Settled::Missed)]
        {
            let (place, entry) = (Place::new(), sample("0 * * * *", policy));
            place.claim(&entry, "2026-11-21T08:30:00Z");
            let expected = Some(("2026-11-21T12:00:00Z".to_owned(), fate, 3));
            assert_eq!(place.claim(&entry, "2026-11-21T12:30:00Z"), expected);
            assert_eq!(place.claim(&entry, "2026-11-21T12:31:00Z"), None);
        }
    }

    #[test]
    fn one_that_still_runs_is_not_started_again_and_one_whose_process_is_gone_is() {
        let (place, entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        place.claim(&entry, "2026-11-21T08:30:00Z");
        assert_eq!(place.claim(&entry, "2026-11-21T09:00:00Z"), run("2026-11-21T09:00:00Z"));
        let overlapped = Some(("2026-11-21T10:00:00Z".to_owned(), Settled::Overlapped, 0));
        assert_eq!(place.claim(&entry, "2026-11-21T10:00:00Z"), overlapped);
        // Its time was up an hour ago, so whoever has its number by now is somebody else.
        assert_eq!(place.claim(&entry, "2026-11-21T11:00:00Z"), run("2026-11-21T11:00:00Z"));
        let rows = place.with(|ledger| ledger.rows("nightly", 9, at("2026-11-21T11:00:00Z")).unwrap());
        let states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
        assert_eq!(states, ["running", "overlapped", "cut-off"]);
        assert!(rows[2].failed() && !rows[1].failed());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_outlives_its_dispatcher_is_not_started_again_until_it_ends_or_its_time_is_up() {
        use std::os::unix::process::CommandExt as _;
        let (place, mut entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        entry.timeout = std::time::Duration::from_secs(2 * 3600);
        let sleeper = || std::process::Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        // A dispatcher claims, starts a process, and is killed.
        let dispatched = |due: &str, child: u32| {
            assert_eq!(place.claim(&entry, due), run(due));
            place.with(|ledger| ledger.began("nightly", at(due), Group::of(child)).unwrap());
            let journal = Journal::open(&place.folder.path().join("ops.db")).unwrap();
            journal.transaction(|db| db.execute("UPDATE schedule_run SET pid = ?1", [gone.id()])).unwrap();
        };
        let states = |now: &str| {
            let rows = place.with(|ledger| ledger.rows("nightly", 9, at(now)).unwrap());
            rows.iter().map(|row| row.state.clone()).collect::<Vec<_>>()
        };
        place.claim(&entry, "2026-11-21T08:30:00Z");
        let mut child = sleeper();
        dispatched("2026-11-21T09:00:00Z", child.id());
        assert_eq!(states("2026-11-21T09:30:00Z"), ["running"]);
        let overlapped = Some(("2026-11-21T10:00:00Z".to_owned(), Settled::Overlapped, 0));
        assert_eq!(place.claim(&entry, "2026-11-21T10:00:00Z"), overlapped);
        child.kill().unwrap();
        child.wait().unwrap();
        let mut child = sleeper();
        dispatched("2026-11-21T11:00:00Z", child.id());
        assert_eq!(states("2026-11-21T11:00:00Z"), ["running", "overlapped", "cut-off"]);
        // Nobody is left to end it when its time is up.
        assert_eq!(place.claim(&entry, "2026-11-21T14:00:00Z"), Some(("2026-11-21T14:00:00Z".to_owned(), Settled::Run, 2)));
        assert!(!child.wait().unwrap().success());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_whose_process_has_just_ended_is_not_cut_off_while_its_dispatcher_lives() {
        let (place, entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        place.claim(&entry, "2026-11-21T08:30:00Z");
        assert_eq!(place.claim(&entry, "2026-11-21T09:00:00Z"), run("2026-11-21T09:00:00Z"));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        place.with(|ledger| ledger.began("nightly", at("2026-11-21T09:00:00Z"), Group::of(child.id())).unwrap());
        child.wait().unwrap();
        let state = |now: &str| place.with(|ledger| ledger.rows("nightly", 9, at(now)).unwrap()).remove(0).state;
        assert_eq!(state("2026-11-21T09:00:01Z"), "running", "how it ended is just being written down");
        assert_eq!(state("2026-11-22T09:00:00Z"), "cut-off", "long after its time was up");
    }

    #[test]
    fn what_an_operator_runs_is_written_down_and_leaves_what_is_due_as_it_is() {
        let (place, entry) = (Place::new(), sample("0 * * * *", Missed::RunOnce));
        place.claim(&entry, "2026-11-21T08:30:00Z");
        let by_hand = |now: &str| place.with(|ledger| ledger.claim_by_hand(&entry, at(now)).unwrap());
        // At a moment at which it is due and nobody has looked yet.
        let claim = by_hand("2026-11-21T09:00:10Z");
        assert_eq!(claim.fate, Settled::Run);
        assert_eq!(by_hand("2026-11-21T09:00:11Z").fate, Settled::Overlapped);
        let ended = Ended { exit_code: Some(0), said: "x".into(), report: None };
        place.with(|ledger| ledger.end("nightly", claim.due.at, &ended, at("2026-11-21T09:00:20Z")).unwrap());
        assert_eq!(place.claim(&entry, "2026-11-21T09:00:30Z"), run("2026-11-21T09:00:00Z"));
        let rows = place.with(|ledger| ledger.rows("nightly", 9, at("2026-11-21T09:01:00Z")).unwrap());
        assert_eq!(
            rows.iter().map(|row| (row.by_hand, row.state.as_str())).collect::<Vec<_>>(),
            [(false, "running"), (true, "ended")]
        );
        assert_eq!(by_hand("2026-11-21T09:01:00Z").fate, Settled::Overlapped, "the schedule's own runs");
    }

    #[test]
    fn an_entry_whose_times_are_changed_is_new() {
        let place = Place::new();
        place.claim(&sample("0 * * * *", Missed::RunOnce), "2026-11-21T08:30:00Z");
        assert_eq!(place.claim(&sample("15 * * * *", Missed::RunOnce), "2026-11-21T12:30:00Z"), None);
        let due = place.claim(&sample("15 * * * *", Missed::RunOnce), "2026-11-21T13:15:00Z");
        assert_eq!(due, run("2026-11-21T13:15:00Z"));
    }

    #[test]
    fn the_ledger_does_not_grow_for_ever() {
        let (place, entry) = (Place::new(), sample("@every:60", Missed::RunOnce));
        let journal = Journal::open(&place.folder.path().join("ops.db")).unwrap();
        journal
            .transaction(|db| {
                for number in 0..KEPT + 50 {
                    db.execute(
                        "INSERT INTO schedule_run (entry, due_ms, state, missed, pid, began_ms, until_ms) VALUES ('nightly', ?1, 'ended', 0, 1, ?1, ?1)",
                        [number * 60_000],
                    )?;
                }
                Ok(())
            })
            .unwrap();
        place.claim(&entry, "2026-11-21T08:30:00Z");
        assert!(place.claim(&entry, "2026-11-21T08:31:00Z").is_some());
        let rows = place.with(|ledger| ledger.rows("nightly", 9999, at("2026-11-21T08:31:00Z")).unwrap());
        assert_eq!(rows.len() as i64, KEPT);
    }
}
