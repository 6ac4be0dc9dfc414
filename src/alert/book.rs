//! Problems, notices and what became of each on each way, in `ops.db`. Start with [`Book::of`].
//!
//! A notice is written down with all its ways before anything is sent; a way is `pending` until somebody
//! takes it on, and again when it failed or its sender is gone. So a notice may arrive twice, after a
//! kill at the wrong moment, and is never lost.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::decide::{self, Decision, Kind, Notice, Problem};
use super::{Contact, Policy, ways_for};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::facts::{AlertFacts, Undelivered};
use crate::journal::Journal;
use crate::process;
use crate::report::Finding;

/// Closed problems and old notices that are kept.
const KEPT: i64 = 2000;
/// After this long a notice is not tried again; that it did not arrive is told for as long again.
const GIVEN_UP_AFTER_MS: i64 = 3 * 86_400_000;

/// After this long a sender is taken for gone, whatever process has its number by now.
const TAKEN_FOR_MS: i64 = 5 * 60_000;

/// The book of one home.
pub struct Book<'a> {
    journal: &'a Journal,
}

/// What became of a notice on one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The notice.
    pub notice_id: i64,
    /// Whom it is for.
    pub contact: String,
    /// A channel's name, or `command`.
    pub way: String,
    /// Whether it arrived.
    pub delivered: bool,
    /// What was seen.
    pub observed: String,
}

/// A notice to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The notice's id.
    pub notice_id: i64,
    /// A channel's name, or `command`.
    pub way: String,
    /// The notice.
    pub notice: Notice,
}

/// A notice with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The notice's id.
    pub id: i64,
    /// When it was written down, milliseconds since the epoch.
    pub at_ms: i64,
    /// The notice.
    pub notice: Notice,
    /// Each way with its state (`pending`, `sending`, `delivered`, `given-up`) and what was last seen.
    pub ways: Vec<(String, String, String)>,
}

impl<'a> Book<'a> {
    /// The book in a home's journal.
    pub fn of(journal: &'a Journal) -> Book<'a> {
        Book { journal }
    }

    /// Problems that are not closed, oldest first.
    pub fn open(&self) -> Result<Vec<Problem>> {
        self.journal.read(open_problems)
    }

    /// Decides on what a look found that began at that time, and writes down what was decided, in one transaction:
    /// two that look at the same time tell nobody twice. `None` when it was decided on a newer look already: what an
    /// older one found is over, or was not there yet.
    pub fn take_in(&self, policy: &Policy, findings: &[Finding], began: Timestamp, now: Timestamp) -> Result<Option<Decision>> {
        self.journal.transaction(|db| {
            if !is_newest(db, began, now)? {
                return Ok(None);
            }
            let decision = decide::decide(policy, open_problems(db)?, findings, now);
            for problem in &decision.problems {
                write_problem(db, problem)?;
            }
            write_notices(db, policy, &decision.notices, now.as_millisecond())?;
            db.execute("DELETE FROM alert_problem WHERE closed AND id < (SELECT max(id) FROM alert_problem) - ?1", [KEPT])?;
            let old = "SELECT id FROM alert_notice WHERE id < (SELECT max(id) FROM alert_notice) - ?1
                       AND NOT EXISTS (SELECT 1 FROM alert_delivery WHERE notice_id = id AND state IN ('pending', 'sending'))";
            db.execute(&format!("DELETE FROM alert_delivery WHERE notice_id IN ({old})"), [KEPT])?;
            db.execute(&format!("DELETE FROM alert_notice WHERE id IN ({old})"), [KEPT])?;
            Ok(Some(decision))
        })
    }

    /// Writes notices down, to be handed over; says their ids.
    pub fn write(&self, policy: &Policy, notices: &[Notice], now: Timestamp) -> Result<Vec<i64>> {
        self.journal.transaction(|db| write_notices(db, policy, notices, now.as_millisecond()))
    }

    /// Ways of notices that wait: of all, or of these alone. `takes` says which notices may go now. What is
    /// new or worse comes first, the worst of it before the rest; ways that failed the last time come last,
    /// since whoever waits behind them may wait long.
    pub fn waiting(&self, of: Option<&[i64]>, now: Timestamp, takes: impl Fn(&Notice) -> bool) -> Result<Vec<(i64, String)>> {
        let now_ms = now.as_millisecond();
        self.journal.read(|db| {
            let mut failing = db.prepare(
                "SELECT 1 FROM (SELECT way, contact, state, tries, tried_ms FROM alert_delivery JOIN alert_notice ON id = notice_id
                     WHERE tried_ms IS NOT NULL AND way = ?1 AND (contact = ?2 OR way <> ?3) ORDER BY tried_ms DESC LIMIT 1)
                 WHERE state IN ('pending', 'given-up') AND tries > 0",
            )?;
            let mut statement = db.prepare(
                "SELECT notice_id, way, data, state, pid, coalesce(tried_ms, at_ms) FROM alert_delivery JOIN alert_notice ON id = notice_id
                 WHERE state IN ('pending', 'sending') ORDER BY notice_id, way",
            )?;
            let mut rows = statement.query([])?;
            let mut waiting = Vec::new();
            while let Some(row) = rows.next()? {
                let (notice_id, way, data): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (state, pid, taken_ms): (String, u32, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
                // Every row was written from a notice.
                let Ok(notice) = serde_json::from_str::<Notice>(&data) else { continue };
                let taken = state == "sending" && is_taken(pid, taken_ms, now_ms);
                if taken || !takes(&notice) || of.is_some_and(|of| !of.contains(&notice_id)) {
                    continue;
                }
                let failing = failing.exists(params![way, notice.contact, super::BY_COMMAND])?;
                let news = matches!(notice.kind, Kind::New | Kind::Worse | Kind::Escalated);
                waiting.push(((failing, !news, std::cmp::Reverse(notice.severity)), notice_id, way));
            }
            waiting.sort();
            Ok(waiting.into_iter().map(|(_, notice_id, way)| (notice_id, way)).collect())
        })
    }

    /// Takes on one way of one notice that waits; `None` when somebody else has, or when it is too old to be
    /// tried again.
    pub fn take(&self, notice_id: i64, way: &str, now: Timestamp) -> Result<Option<Pending>> {
        let now_ms = now.as_millisecond();
        self.journal.transaction(|db| {
            let row = db
                .query_row(
                    "SELECT data, state, pid, coalesce(tried_ms, at_ms), at_ms FROM alert_delivery JOIN alert_notice ON id = notice_id
                     WHERE notice_id = ?1 AND way = ?2 AND state IN ('pending', 'sending')",
                    params![notice_id, way],
                    |row| {
                        let taken: (String, u32, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
                        Ok((row.get::<_, String>(0)?, taken, row.get::<_, i64>(4)?))
                    },
                )
                .optional()?;
            let Some((data, (state, pid, taken_ms), at_ms)) = row else { return Ok(None) };
            // Every row was written from a notice.
            let Ok(notice) = serde_json::from_str::<Notice>(&data) else { return Ok(None) };
            if state == "sending" && is_taken(pid, taken_ms, now_ms) {
                return Ok(None);
            }
            if now_ms - at_ms > GIVEN_UP_AFTER_MS {
                db.execute(
                    "UPDATE alert_delivery SET state = 'given-up' WHERE notice_id = ?1 AND way = ?2",
                    params![notice_id, way],
                )?;
                return Ok(None);
            }
            db.execute(
                "UPDATE alert_delivery SET state = 'sending', pid = ?3, tries = tries + 1, tried_ms = ?4 WHERE notice_id = ?1 AND way = ?2",
                params![notice_id, way, std::process::id(), now_ms],
            )?;
            Ok(Some(Pending { notice_id, way: way.to_owned(), notice }))
        })
    }

    /// Writes down what became of one that was taken on.
    pub fn sent(&self, delivery: &Delivery, now: Timestamp) -> Result<()> {
        let state = if delivery.delivered { "delivered" } else { "pending" };
        self.journal.transaction(|db| {
            db.execute(
                "UPDATE alert_delivery SET state = ?3, observed = ?4, tried_ms = ?5 WHERE notice_id = ?1 AND way = ?2",
                params![delivery.notice_id, delivery.way, state, delivery.observed, now.as_millisecond()],
            )
            .map(drop)
        })
    }

    /// A test that did not arrive is told at once, and not tried again.
    pub fn give_up(&self, notice_ids: &[i64]) -> Result<()> {
        self.journal.transaction(|db| {
            for id in notice_ids {
                db.execute("UPDATE alert_delivery SET state = 'given-up' WHERE notice_id = ?1 AND state <> 'delivered'", [id])?;
            }
            Ok(())
        })
    }

    /// Contacts that were told about a key, in order.
    pub fn told_about(&self, key: &str) -> Result<Vec<String>> {
        self.journal.read(|db| {
            let mut statement = db.prepare("SELECT contact FROM alert_notice WHERE key = ?1 ORDER BY id")?;
            statement.query_map([key], |row| row.get(0))?.collect()
        })
    }

    /// The newest notices with what became of them, newest first.
    pub fn past(&self, count: usize) -> Result<Vec<Past>> {
        self.journal.read(|db| {
            let mut statement = db.prepare("SELECT id, at_ms, data FROM alert_notice ORDER BY id DESC LIMIT ?1")?;
            let rows = statement.query_map([i64::try_from(count).unwrap_or(i64::MAX)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })?;
            let mut past = Vec::new();
            for row in rows {
                let (id, at_ms, data) = row?;
                let Ok(notice) = serde_json::from_str(&data) else { continue };
                let mut of_ways = db
                    .prepare("SELECT way, state, coalesce(observed, '') FROM alert_delivery WHERE notice_id = ?1 ORDER BY way")?;
                let ways = of_ways
                    .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .collect::<rusqlite::Result<_>>()?;
                past.push(Past { id, at_ms, notice, ways });
            }
            Ok(past)
        })
    }

    /// Writes down that somebody takes on problems with this finding's id, and of this session and about this
    /// subject if they are given; says which.
    pub fn acknowledge(
        &self,
        finding: &str,
        (session, subject): (Option<&str>, Option<&str>),
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<Problem>> {
        self.journal.transaction(|db| {
            let mut taken = Vec::new();
            for mut problem in open_problems(db)? {
                let fits = problem.finding == finding
                    && session.is_none_or(|session| problem.session.as_deref() == Some(session))
                    && subject.is_none_or(|subject| problem.subject.as_deref() == Some(subject));
                // One that is over just now may be back in a moment.
                if fits {
                    problem.acknowledged_ms = Some(now.as_millisecond());
                    problem.acknowledged_by = Some(by.to_owned());
                    write_problem(db, &problem)?;
                    taken.push(problem);
                }
            }
            Ok(taken)
        })
    }

    /// What the doctor judges: notices that did not arrive. One that was only just written down counts
    /// once it was tried.
    pub fn facts(&self, now: Timestamp) -> Result<AlertFacts> {
        let since_ms = now.as_millisecond() - 2 * GIVEN_UP_AFTER_MS;
        let undelivered = self.journal.read(|db| {
            let mut statement = db.prepare(
                "SELECT contact, way, data, tries, coalesce(observed, 'its sender is gone'), at_ms, state, pid, coalesce(tried_ms, at_ms)
                 FROM alert_delivery JOIN alert_notice ON id = notice_id
                 WHERE (state = 'pending' AND tries > 0 OR state = 'sending' OR state = 'given-up' AND kind <> 'test') AND at_ms >= ?1
                 ORDER BY notice_id, way",
            )?;
            let rows = statement.query_map([since_ms], |row| {
                // One that is being sent is on its way as long as its sender may still be there.
                if row.get::<_, String>(6)? == "sending" && is_taken(row.get(7)?, row.get(8)?, now.as_millisecond()) {
                    return Ok(None);
                }
                let data: String = row.get(2)?;
                Ok(Some(Undelivered {
                    contact: row.get(0)?,
                    way: row.get(1)?,
                    title: serde_json::from_str::<Notice>(&data).map(|notice| notice.title).unwrap_or_default(),
                    tries: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                    observed: row.get(4)?,
                    at_ms: row.get(5)?,
                    given_up: row.get::<_, String>(6)? == "given-up",
                }))
            })?;
            rows.filter_map(rusqlite::Result::transpose).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        Ok(AlertFacts { undelivered, ..AlertFacts::default() })
    }
}

/// Whether the sender of a way is at work on it: it lives, and has not had longer than any way takes. A
/// number of a process is given to another one in time.
fn is_taken(pid: u32, taken_ms: i64, now_ms: i64) -> bool {
    (0..TAKEN_FOR_MS).contains(&now_ms.saturating_sub(taken_ms)) && process::is_alive(pid)
}

/// Whether no look that began later than this one was decided on; then this one is written down as the newest.
fn is_newest(db: &Connection, began: Timestamp, now: Timestamp) -> rusqlite::Result<bool> {
    let newest: Option<i64> = db.query_row("SELECT began_ms FROM alert_look", [], |row| row.get(0)).optional()?;
    // One that is yet to come was written down before the clock was set back.
    if newest.is_some_and(|newest| began.as_millisecond() < newest && newest <= now.as_millisecond()) {
        return Ok(false);
    }
    db.execute("INSERT OR REPLACE INTO alert_look (one, began_ms) VALUES (1, ?1)", [began.as_millisecond()])?;
    Ok(true)
}

fn open_problems(db: &Connection) -> rusqlite::Result<Vec<Problem>> {
    let mut statement = db.prepare("SELECT data FROM alert_problem WHERE NOT closed ORDER BY id")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    // Every row was written from a problem.
    rows.map(|row| row.map(|data| serde_json::from_str(&data).ok())).filter_map(rusqlite::Result::transpose).collect()
}

fn write_problem(db: &Connection, problem: &Problem) -> rusqlite::Result<()> {
    let data = serde_json::to_string(problem).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let changed = db.execute(
        "UPDATE alert_problem SET data = ?2, closed = ?3 WHERE key = ?1 AND NOT closed",
        params![problem.key, data, problem.closed],
    )?;
    if changed == 0 {
        db.execute(
            "INSERT INTO alert_problem (key, data, closed) VALUES (?1, ?2, ?3)",
            params![problem.key, data, problem.closed],
        )?;
    }
    Ok(())
}

/// The ways that a notice goes. That a way works again may be told on it, too.
pub(super) fn ways_of(contact: &Contact, notice: &Notice) -> Vec<String> {
    let finding = notice.finding.as_deref().filter(|_| notice.kind != Kind::Recovered);
    ways_for(contact, finding, notice.subject.as_deref())
}

fn write_notices(db: &Connection, policy: &Policy, notices: &[Notice], now_ms: i64) -> rusqlite::Result<Vec<i64>> {
    let mut ids = Vec::new();
    for notice in notices {
        let data = serde_json::to_string(notice).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        db.execute(
            "INSERT INTO alert_notice (at_ms, kind, key, contact, data) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![now_ms, notice.kind.name(), notice.key, notice.contact, data],
        )?;
        let id = db.last_insert_rowid();
        for way in policy.contact(&notice.contact).map(|contact| ways_of(contact, notice)).unwrap_or_default() {
            db.execute(
                "INSERT OR IGNORE INTO alert_delivery (notice_id, way, state, tries, pid) VALUES (?1, ?2, 'pending', 0, 0)",
                params![id, way],
            )?;
        }
        ids.push(id);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::{THREE, config};
    use crate::clock;
    use crate::report::Severity;

    #[test]
    fn an_older_look_does_not_overwrite_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let book = Book::of(&journal);
        let policy = Policy::of(&config(THREE)).unwrap();
        let bad = [Finding::new("wpp.session.state", Severity::Error, "it is down")];
        let good = [Finding::new("wpp.session.state", Severity::Ok, "it is READY")];
        let take_in = |findings: &[Finding], began_ms, now_ms| {
            book.take_in(&policy, findings, clock::from_ms(began_ms), clock::from_ms(now_ms)).unwrap()
        };
        let open = || book.open().unwrap().iter().filter(|problem| problem.over_ms.is_none()).count();

        assert!(take_in(&bad, 1_000, 9_000).is_some() && open() == 1);
        assert!(take_in(&good, 7_000, 10_000).is_some() && open() == 0);
        // It began before that one, and was slower.
        assert_eq!(take_in(&bad, 6_000, 11_000), None);
        assert_eq!(open(), 0);
        assert!(take_in(&bad, 8_000, 12_000).is_some() && open() == 1);
        assert_eq!(take_in(&good, 7_500, 13_000), None);
        assert_eq!(open(), 1);
        // The clock was set back: what is newest by it is yet to come.
        assert!(take_in(&good, 2_000, 3_000).is_some() && open() == 0);
    }
}
