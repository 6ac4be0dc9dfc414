//! Samples in `ops.db`, bounded: every one for two days, one an hour for sixty, one a day for two years.
//! Start with [`History::of`].

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{DAY_MS, Sample};
use crate::error::Result;
use crate::journal::Journal;

/// Samples younger than this are all kept.
const ALL_MS: i64 = 2 * DAY_MS;
/// Of older ones the first of each hour, up to this age.
const HOURLY_MS: i64 = 60 * DAY_MS;
/// Of yet older ones the first of each day, up to this age.
const DAILY_MS: i64 = 730 * DAY_MS;
const HOUR_MS: i64 = DAY_MS / 24;
/// A session has no more samples than this, whatever the clock did: a sample a minute for two days, and the
/// thinned ones.
const SAMPLES_MAX: i64 = 6000;

/// Sessions whose samples tell of the home's file system.
const DISK_SESSIONS: usize = 4;

const COLUMNS: &str = "at_ms, started_ms, memory_bytes, cpu_ms, session_db_bytes, wpp_db_bytes, messages, disk_total_bytes, \
                       disk_free_bytes, memory_total_bytes, memory_available_bytes, machine_busy_permille";

/// The samples of one home.
pub struct History<'a> {
    journal: &'a Journal,
}

impl<'a> History<'a> {
    /// Those in a home's journal.
    pub fn of(journal: &'a Journal) -> History<'a> {
        History { journal }
    }

    /// Writes a sample down, and thins the session's older ones.
    pub fn write(&self, session: &str, sample: &Sample) -> Result<()> {
        self.journal.transaction_aside(|db| {
            insert(db, session, sample)?;
            thin(db, session, sample.at_ms)
        })
    }

    /// Samples since a time, oldest first, of the few sessions that know most of the home's file system: all have
    /// seen the same one, and a home may hold thousands.
    pub fn of_disk(&self, since_ms: i64) -> Result<Vec<Sample>> {
        let mut known: Vec<(i64, String)> = self.journal.read(|db| {
            let mut next = db.prepare("SELECT min(session) FROM capacity_sample WHERE session > ?1")?;
            let mut ends = db.prepare("SELECT min(at_ms), max(at_ms) FROM capacity_sample WHERE session = ?1 AND at_ms >= ?2")?;
            let (mut known, mut after) = (Vec::new(), String::new());
            while let Some(session) = next.query_row([&after], |row| row.get::<_, Option<String>>(0))? {
                let ends: (Option<i64>, Option<i64>) =
                    ends.query_row(params![session, since_ms], |row| Ok((row.get(0)?, row.get(1)?)))?;
                if let (Some(first), Some(last)) = ends {
                    known.push((last - first, session.clone()));
                }
                after = session;
            }
            Ok(known)
        })?;
        known.sort_by(|one, two| two.cmp(one));
        let mut samples = Vec::new();
        for (_, session) in known.into_iter().take(DISK_SESSIONS) {
            samples.extend(self.read(Some(&session), since_ms)?.into_values().flatten());
        }
        Ok(samples)
    }

    /// Samples since a time, oldest first, of one session or of all, by session.
    pub fn read(&self, session: Option<&str>, since_ms: i64) -> Result<BTreeMap<String, Vec<Sample>>> {
        self.journal.read(|db| {
            let mut statement = db.prepare(&format!(
                "SELECT session, {COLUMNS} FROM capacity_sample WHERE (?1 IS NULL OR session = ?1) AND at_ms >= ?2
                 ORDER BY session, at_ms"
            ))?;
            let mut rows = statement.query(params![session, since_ms])?;
            let mut all: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let number = |column: usize| row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0));
                let sample = Sample {
                    at_ms: row.get(1)?,
                    started_ms: row.get(2)?,
                    memory_bytes: number(3)?,
                    cpu_ms: number(4)?,
                    session_db_bytes: number(5)?,
                    wpp_db_bytes: number(6)?,
                    messages: number(7)?,
                    disk_total_bytes: number(8)?,
                    disk_free_bytes: number(9)?,
                    memory_total_bytes: number(10)?,
                    memory_available_bytes: number(11)?,
                    machine_busy_permille: row.get(12)?,
                };
                all.entry(row.get(0)?).or_default().push(sample);
            }
            Ok(all)
        })
    }
}

fn insert(db: &Connection, session: &str, sample: &Sample) -> rusqlite::Result<()> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    db.execute(
        &format!(
            "INSERT OR REPLACE INTO capacity_sample (session, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        ),
        params![
            session,
            sample.at_ms,
            sample.started_ms,
            number(sample.memory_bytes),
            number(sample.cpu_ms),
            number(sample.session_db_bytes),
            number(sample.wpp_db_bytes),
            number(sample.messages),
            number(sample.disk_total_bytes),
            number(sample.disk_free_bytes),
            number(sample.memory_total_bytes),
            number(sample.memory_available_bytes),
            sample.machine_busy_permille,
        ],
    )
    .map(drop)
}

/// Removes what is too old or too close to others.
fn thin(db: &Connection, session: &str, now_ms: i64) -> rusqlite::Result<()> {
    let first_of_each = "DELETE FROM capacity_sample WHERE session = ?1 AND at_ms < ?2 AND at_ms NOT IN
         (SELECT min(at_ms) FROM capacity_sample WHERE session = ?1 AND at_ms < ?2 GROUP BY at_ms / ?3)";
    db.execute(first_of_each, params![session, now_ms - ALL_MS, HOUR_MS])?;
    db.execute(first_of_each, params![session, now_ms - HOURLY_MS, DAY_MS])?;
    db.execute("DELETE FROM capacity_sample WHERE session = ?1 AND at_ms < ?2", params![session, now_ms - DAILY_MS])?;
    db.execute(
        "DELETE FROM capacity_sample WHERE session = ?1 AND at_ms NOT IN
         (SELECT at_ms FROM capacity_sample WHERE session = ?1 ORDER BY at_ms DESC LIMIT ?2)",
        params![session, SAMPLES_MAX],
    )
    .map(drop)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_230_900_000;

    pub(crate) fn sample(at_ms: i64) -> Sample {
        Sample {
            at_ms,
            started_ms: 1,
            memory_bytes: 20 << 20,
            cpu_ms: 5,
            session_db_bytes: 100,
            wpp_db_bytes: 200,
            messages: 3,
            disk_total_bytes: 1 << 40,
            disk_free_bytes: 1 << 39,
            memory_total_bytes: 8 << 30,
            memory_available_bytes: 4 << 30,
            machine_busy_permille: Some(250),
        }
    }

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        (folder, journal)
    }

    #[test]
    fn samples_come_back_as_they_were_and_by_session() {
        let (_folder, journal) = journal();
        let history = History::of(&journal);
        for (session, at_ms) in [("two", 30), ("one", 20), ("one", 10)] {
            history.write(session, &sample(at_ms)).unwrap();
        }
        let first = Sample { machine_busy_permille: None, ..sample(40) };
        history.write("three", &first).unwrap();
        let all = history.read(None, 0).unwrap();
        assert_eq!(all["one"], [sample(10), sample(20)]);
        assert_eq!(all["two"], [sample(30)]);
        assert_eq!(all["three"], [first]);
        assert_eq!(history.read(Some("one"), 15).unwrap().into_values().flatten().collect::<Vec<_>>(), [sample(20)]);
        assert!(history.read(Some("none"), 0).unwrap().is_empty());
    }

    #[test]
    fn few_sessions_tell_of_the_disk_and_those_with_the_longest_history_do() {
        let (_folder, journal) = journal();
        let history = History::of(&journal);
        assert!(history.of_disk(0).unwrap().is_empty());
        journal
            .transaction(|db| {
                for session in 0..20 {
                    for hour in 0..=session {
                        insert(db, &format!("s{session:02}"), &sample(NOW_MS + hour * HOUR_MS))?;
                    }
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(history.of_disk(0).unwrap().len(), 20 + 19 + 18 + 17);
        assert_eq!(history.of_disk(NOW_MS + 19 * HOUR_MS).unwrap().len(), 1);
    }

    #[test]
    fn two_years_of_samples_stay_small_and_the_newest_and_the_first_of_each_day_are_kept() {
        let (_folder, journal) = journal();
        let history = History::of(&journal);
        journal
            .transaction(|db| {
                // A sample each ten minutes for eight hundred days, without thinning in between.
                (0..800 * 144).try_for_each(|number| insert(db, "main", &sample(NOW_MS - number * 600_000)))
            })
            .unwrap();
        history.write("other", &sample(NOW_MS - 900 * DAY_MS)).unwrap();
        history.write("main", &sample(NOW_MS)).unwrap();
        let all = history.read(None, 0).unwrap();
        let kept = &all["main"];
        assert!((2 * 144 + 58 * 24 + 668..2 * 144 + 58 * 24 + 680).contains(&(kept.len() as i64)), "{}", kept.len());
        assert_eq!(kept.last(), Some(&sample(NOW_MS)));
        assert!(kept[0].at_ms >= NOW_MS - DAILY_MS);
        let within =
            |from: i64, to: i64| kept.iter().filter(|sample| (NOW_MS - to..NOW_MS - from).contains(&sample.at_ms)).count();
        assert_eq!(within(DAY_MS, 2 * DAY_MS), 144);
        assert_eq!(within(30 * DAY_MS, 31 * DAY_MS), 24);
        assert_eq!(within(300 * DAY_MS, 310 * DAY_MS), 10);
        assert_eq!(all["other"].len(), 1, "another session's samples are its own");
    }

    #[test]
    fn a_clock_that_went_back_does_not_let_them_grow_without_end() {
        let (_folder, journal) = journal();
        journal
            .transaction(|db| (0..SAMPLES_MAX + 500).try_for_each(|number| insert(db, "main", &sample(NOW_MS + number))))
            .unwrap();
        History::of(&journal).write("main", &sample(NOW_MS - DAY_MS)).unwrap();
        assert_eq!(History::of(&journal).read(None, 0).unwrap()["main"].len() as i64, SAMPLES_MAX);
    }
}
