//! What the doctor found before, kept in `ops.db`: since when a finding is known, what is new, what was
//! mended.
//!
//! Start with [`look_back`] (read), [`compare`] (purely) and [`keep`] (write, where something changed).
//! Findings are known again by their check, their session and what was looked at, never by their words.
//! Whoever looks with `--quiet` is told news alone, and what was told is kept too: a look by hand in
//! between takes no news away from a cron job.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use serde::Serialize;

use super::Examination;
use crate::error::Result;
use crate::journal::Journal;
use crate::report::{Change, Finding, Severity};

/// Findings that are kept, at most; those that are gone and the youngest give way.
const ROWS_MAX: usize = 20_000;
/// How long a finding that is gone waits for somebody to be told of its end.
const GONE_MS_MAX: i64 = 30 * 24 * 3_600_000;
/// Characters of a summary that are kept.
const SUMMARY_MAX: usize = 300;

/// The check that tells a session's state.
const STATE: &str = "wpp.session.state";

/// By what a finding is known again. The session is empty for the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    id: String,
    session: String,
    /// What was looked at; empty where the finding does not say.
    subject: String,
}

impl Key {
    fn of(finding: &Finding) -> Key {
        let seen = finding.evidence.first();
        let mut subject = seen.map(|seen| seen.what.clone()).unwrap_or_default();
        // Each state is a thing of its own, whose time begins when it does: `RECONNECTING for 3 s, …`.
        if finding.id == STATE
            && let Some(state) = seen.and_then(|seen| seen.observed.split_whitespace().next())
        {
            subject = format!("{subject} {state}");
        }
        Key { id: finding.id.clone().into_owned(), session: finding.session.clone().unwrap_or_default(), subject }
    }
}

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    severity: Severity,
    summary: String,
    since_ms: i64,
    /// The severity that a quiet look has told; `None` when none has.
    told: Option<Severity>,
    /// When it was seen to be gone, if a quiet look still has to tell that.
    gone_ms: Option<i64>,
}

/// Everything that is kept.
pub type Rows = BTreeMap<Key, Row>;

/// What is no longer found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// The check.
    pub id: String,
    /// The session; absent for host and home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// How much it mattered.
    pub severity: Severity,
    /// What was said of it.
    pub summary: String,
    /// Since when it was known, milliseconds since the epoch.
    pub since_ms: i64,
}

/// Who reads the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody who sees all of it.
    Whole,
    /// Somebody who is told news alone.
    News,
}

/// What a comparison says.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What is to be kept.
    pub rows: Rows,
    /// Whether that is something else than before.
    pub changed: bool,
    /// What is no longer found.
    pub mended: Vec<Mended>,
}

/// Compares what is found with what was kept, and notes since when and what is new in each finding.
/// What was not looked at, or could not be seen this time, stays as it was.
pub fn compare(before: &Rows, examination: &mut Examination, now_ms: i64, reader: Reader) -> Compared {
    let suppressed: Vec<Finding> = examination.suppressed.iter().map(|suppressed| suppressed.finding.clone()).collect();
    let renamed = renamed(before, examination);
    let mut rows = before.clone();
    for (old, new) in &renamed {
        if let Some(row) = rows.remove(old) {
            rows.insert(new.clone(), row);
        }
    }
    let kept = rows.clone();
    let mut found = BTreeSet::new();
    for finding in &mut examination.findings {
        if finding.severity > Severity::Ok {
            let key = Key::of(finding);
            let row = note(&kept, &mut rows, &key, finding, now_ms);
            finding.since_ms = Some(row.since_ms);
            let known = match reader {
                Reader::Whole => kept.get(&key).filter(|row| row.gone_ms.is_none()).map(|row| row.severity),
                Reader::News => row.told,
            };
            finding.change = match known {
                None => Some(Change::New),
                Some(known) if rank(finding.severity) > rank(known) => Some(Change::Worse),
                // What could not be seen says less, and nothing better.
                Some(known)
                    if rank(finding.severity) < rank(known) && ![finding.severity, known].contains(&Severity::Unknown) =>
                {
                    Some(Change::Better)
                }
                Some(_) => None,
            };
            if reader == Reader::News {
                row.told = Some(finding.severity);
            }
            found.insert(key);
        }
    }
    for finding in &suppressed {
        // It is not told, and it is not mended either.
        let key = Key::of(finding);
        note(&kept, &mut rows, &key, finding, now_ms);
        found.insert(key);
    }
    let made: BTreeMap<(&str, &str), Severity> =
        examination.made.iter().map(|made| ((&*made.id, made.session.as_deref().unwrap_or_default()), made.severity)).collect();
    let was_seen = |key: &Key| {
        // A plugin makes a check once, and tells of sessions of its gateway.
        let of_gateway = if key.session.contains(':') { made.get(&(key.id.as_str(), "")) } else { None };
        made.get(&(key.id.as_str(), key.session.as_str())).or(of_gateway).is_some_and(|severity| *severity != Severity::Unknown)
    };
    let mut mended = Vec::new();
    rows.retain(|key, row| {
        if found.contains(key) {
            return true;
        }
        let was_there = row.gone_ms.is_none();
        if was_there && !was_seen(key) {
            return true;
        }
        let tells = match reader {
            Reader::Whole => was_there,
            Reader::News => row.told.is_some(),
        };
        if tells {
            mended.push(Mended {
                id: key.id.clone(),
                session: Some(key.session.clone()).filter(|session| !session.is_empty()),
                severity: row.severity,
                summary: row.summary.clone(),
                since_ms: row.since_ms,
            });
        }
        let gone_ms = *row.gone_ms.get_or_insert(now_ms);
        reader == Reader::Whole && row.told.is_some() && now_ms - gone_ms < GONE_MS_MAX
    });
    bound(&mut rows);
    Compared { changed: rows != *before, rows, mended }
}

/// Findings whose words for what was looked at are others now, because they matter more or less than before: where a
/// check said one thing of a session and says one other thing now, it is the same. Each with its new key.
fn renamed(before: &Rows, examination: &Examination) -> Vec<(Key, Key)> {
    let of = |key: &Key| (key.id.clone(), key.session.clone());
    let mut gone: BTreeMap<(String, String), Vec<Key>> = BTreeMap::new();
    let mut new: BTreeMap<(String, String), BTreeSet<Key>> = BTreeMap::new();
    let found: BTreeSet<Key> =
        examination.findings.iter().filter(|finding| finding.severity > Severity::Ok).map(Key::of).collect();
    for key in before.iter().filter(|(key, row)| row.gone_ms.is_none() && !found.contains(*key)).map(|(key, _)| key) {
        gone.entry(of(key)).or_default().push(key.clone());
    }
    // A state that another one followed is over.
    for key in found.iter().filter(|key| !before.contains_key(*key) && key.id != STATE) {
        new.entry(of(key)).or_default().insert(key.clone());
    }
    let severity_of = |key: &Key| {
        let mut of_key = examination.findings.iter().filter(|finding| Key::of(finding) == *key);
        of_key.next().map(|finding| finding.severity)
    };
    let one = |(place, old): (&(String, String), &Vec<Key>)| match (old.as_slice(), new.get(place)) {
        ([old], Some(new)) if new.len() == 1 => {
            let new = new.first()?;
            let severity = severity_of(new)?;
            (severity != Severity::Unknown && Some(severity) != before.get(old).map(|row| row.severity))
                .then(|| (old.clone(), new.clone()))
        }
        _ => None,
    };
    gone.iter().filter_map(one).collect()
}

/// *Unknown* is worse than what merely will hurt, and no worsening of it: it says less.
fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Ok => 0,
        Severity::Info => 1,
        Severity::Unknown => 2,
        Severity::Warning => 3,
        Severity::Error => 4,
        Severity::Critical => 5,
    }
}

fn note<'a>(before: &Rows, rows: &'a mut Rows, key: &Key, finding: &Finding, now_ms: i64) -> &'a mut Row {
    let known = before.get(key).filter(|row| row.gone_ms.is_none());
    let row = rows.entry(key.clone()).or_insert_with(|| Row {
        severity: finding.severity,
        summary: String::new(),
        since_ms: now_ms,
        told: None,
        gone_ms: None,
    });
    if known.is_none() {
        row.since_ms = now_ms;
        row.gone_ms = None;
    }
    // The words may hold numbers that change from look to look; they are kept as they were at first, or
    // as they are when it matters more or less.
    if known.is_none() || row.severity != finding.severity {
        row.summary = finding.summary.chars().take(SUMMARY_MAX).collect();
        row.severity = finding.severity;
    }
    row
}

fn bound(rows: &mut Rows) {
    if rows.len() <= ROWS_MAX {
        return;
    }
    let mut order: Vec<(bool, i64, Key)> =
        rows.iter().map(|(key, row)| (row.gone_ms.is_some(), row.since_ms, key.clone())).collect();
    order.sort();
    for (_, _, key) in order.drain(ROWS_MAX..) {
        rows.remove(&key);
    }
}

/// Reads what was kept.
pub fn look_back(journal: &Journal) -> Result<Rows> {
    journal.read(|connection| {
        let mut statement =
            connection.prepare("SELECT id, session, subject, severity, summary, since_ms, told, gone_ms FROM doctor_finding")?;
        let rows = statement.query_map([], |row| {
            let key = Key { id: row.get(0)?, session: row.get(1)?, subject: row.get(2)? };
            let severity = |text: String| Severity::named(&text).unwrap_or(Severity::Unknown);
            let value = Row {
                severity: severity(row.get(3)?),
                summary: row.get(4)?,
                since_ms: row.get(5)?,
                told: row.get::<_, Option<String>>(6)?.map(severity),
                gone_ms: row.get(7)?,
            };
            Ok((key, value))
        })?;
        rows.collect()
    })
}

/// Writes what is to be kept, as far as it is something else than before.
pub fn keep(journal: &Journal, before: &Rows, after: &Rows) -> Result<()> {
    journal.transaction(|connection| {
        for key in before.keys().filter(|key| !after.contains_key(key)) {
            remove(connection, key)?;
        }
        for (key, row) in after.iter().filter(|(key, row)| before.get(key) != Some(row)) {
            connection.prepare_cached("INSERT OR REPLACE INTO doctor_finding VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
                params![
                    key.id,
                    key.session,
                    key.subject,
                    row.severity.name(),
                    row.summary,
                    row.since_ms,
                    row.told.map(Severity::name),
                    row.gone_ms
                ],
            )?;
        }
        Ok(())
    })
}

fn remove(connection: &Connection, key: &Key) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM doctor_finding WHERE id = ?1 AND session = ?2 AND subject = ?3";
    connection.prepare_cached(sql)?.execute(params![key.id, key.session, key.subject])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Evidence;

    fn look(findings: &[(&str, Severity)]) -> Examination {
        let mut examination = Examination::default();
        let of = |what: &str, severity| Finding {
            session: Some("main".into()),
            evidence: vec![Evidence::new(what, "", "")],
            ..Finding::new("wpp.a.b", severity, format!("{what} is {}", severity.name()))
        };
        let findings = findings.iter().map(|(what, severity)| of(what, *severity)).collect();
        examination.add("wpp.a.b", Some("main".into()), findings);
        examination
    }

    /// Looks at a time; what each finding is (since when, what changed) and what was mended.
    fn at(rows: &mut Rows, reader: Reader, now_ms: i64, findings: &[(&str, Severity)]) -> (Vec<(i64, Option<Change>)>, usize) {
        let mut examination = look(findings);
        let compared = compare(rows, &mut examination, now_ms, reader);
        assert_eq!(compared.changed, compared.rows != *rows);
        *rows = compared.rows;
        let bad = examination.findings.iter().filter(|finding| finding.severity > Ok);
        (bad.map(|finding| (finding.since_ms.unwrap(), finding.change)).collect(), compared.mended.len())
    }

    use Severity::{Error, Ok, Unknown, Warning};

    #[test]
    fn a_finding_is_new_once_keeps_its_time_and_is_told_when_it_worsens_and_ends() {
        let mut rows = Rows::new();
        let whole = Reader::Whole;
        assert_eq!(at(&mut rows, whole, 1, &[("x", Warning)]), (vec![(1, Some(Change::New))], 0));
        assert_eq!(at(&mut rows, whole, 2, &[("x", Warning)]), (vec![(1, None)], 0));
        assert_eq!(at(&mut rows, whole, 3, &[("x", Error)]), (vec![(1, Some(Change::Worse))], 0));
        assert_eq!(at(&mut rows, whole, 4, &[("x", Error), ("y", Warning)]), (vec![(1, None), (4, Some(Change::New))], 0));
        assert_eq!(at(&mut rows, whole, 5, &[("y", Warning)]), (vec![(4, None)], 1));
        assert_eq!(at(&mut rows, whole, 6, &[("x", Ok)]), (vec![], 1));
        assert!(rows.is_empty());
        assert_eq!(at(&mut rows, whole, 7, &[("x", Warning)]), (vec![(7, Some(Change::New))], 0), "it came back");
    }

    #[test]
    fn what_matters_more_or_less_than_before_is_the_same_whatever_its_words() {
        let mut rows = Rows::new();
        let whole = Reader::Whole;
        at(&mut rows, whole, 1, &[("", Warning)]);
        assert_eq!(at(&mut rows, whole, 2, &[("LOCK", Error)]), (vec![(1, Some(Change::Worse))], 0));
        assert_eq!(at(&mut rows, whole, 3, &[("LOCK", Warning)]), (vec![(1, Some(Change::Better))], 0));
        assert_eq!(at(&mut rows, whole, 4, &[("x", Warning)]), (vec![(4, Some(Change::New))], 1), "another thing");
    }

    #[test]
    fn a_state_does_not_inherit_the_time_of_the_one_before() {
        let mut rows = Rows::new();
        let mut at = |now_ms: i64, observed: &str, severity| {
            let finding = Finding {
                session: Some("main".into()),
                evidence: vec![Evidence::new("state", "READY", observed)],
                ..Finding::new(STATE, severity, observed)
            };
            let mut examination = Examination::default();
            examination.add(STATE, Some("main".into()), vec![finding]);
            let compared = compare(&rows, &mut examination, now_ms, Reader::Whole);
            rows = compared.rows;
            (examination.findings[0].since_ms, compared.mended.len())
        };
        assert_eq!(at(1, "STOPPED", Severity::Info), (Some(1), 0));
        assert_eq!(at(2, "STOPPED", Severity::Info), (Some(1), 0));
        assert_eq!(at(3, "RECONNECTING for 3 s, reason connection_lost", Severity::Info), (Some(3), 1));
        assert_eq!(at(4, "RECONNECTING for 4 s, reason connect_failure", Severity::Info), (Some(3), 0));
        assert_eq!(at(5, "ERROR for 1 s, reason store_failure", Error), (Some(5), 1), "whatever it matters");
    }

    #[test]
    fn what_could_not_be_seen_is_not_mended() {
        let mut rows = Rows::new();
        at(&mut rows, Reader::Whole, 1, &[("x", Error)]);
        assert_eq!(at(&mut rows, Reader::Whole, 2, &[("", Unknown)]).1, 0);
        let mut nothing = Examination::default();
        assert_eq!(compare(&rows, &mut nothing, 3, Reader::Whole).mended, []);
        assert_eq!(at(&mut rows, Reader::Whole, 4, &[("x", Error)]).0, [(1, None)]);
    }

    #[test]
    fn a_look_by_hand_takes_no_news_away_from_a_cron_job() {
        let mut rows = Rows::new();
        at(&mut rows, Reader::Whole, 1, &[("x", Error)]);
        assert_eq!(at(&mut rows, Reader::News, 2, &[("x", Error)]), (vec![(1, Some(Change::New))], 0));
        assert_eq!(at(&mut rows, Reader::News, 3, &[("x", Error)]), (vec![(1, None)], 0));
        assert_eq!(at(&mut rows, Reader::Whole, 4, &[("x", Ok)]).1, 1);
        assert_eq!(at(&mut rows, Reader::Whole, 5, &[("x", Ok)]).1, 0, "told once to each");
        assert_eq!(at(&mut rows, Reader::News, 6, &[("x", Ok)]).1, 1);
        assert_eq!(at(&mut rows, Reader::News, 7, &[("x", Ok)]).1, 0);
        assert!(rows.is_empty());
        // What came and went between two quiet looks is no news.
        at(&mut rows, Reader::Whole, 8, &[("x", Error)]);
        at(&mut rows, Reader::Whole, 9, &[("x", Ok)]);
        assert_eq!(at(&mut rows, Reader::News, 10, &[("x", Ok)]), (vec![], 0));
    }

    #[test]
    fn what_is_kept_is_read_again_and_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("ops.db")).unwrap();
        let mut rows = Rows::new();
        at(&mut rows, Reader::News, 1, &[("x", Error), ("y", Warning)]);
        keep(&journal, &Rows::new(), &rows).unwrap();
        assert_eq!(look_back(&journal).unwrap(), rows);
        let before = rows.clone();
        at(&mut rows, Reader::Whole, 2, &[("y", Error)]);
        keep(&journal, &before, &rows).unwrap();
        assert_eq!(look_back(&journal).unwrap(), rows);
        let row = rows.values().next().unwrap().clone();
        for number in 0..ROWS_MAX + 5 {
            let key = Key { id: "wpp.a.b".into(), session: format!("s{number}"), subject: String::new() };
            rows.insert(key, Row { since_ms: number as i64, gone_ms: None, ..row.clone() });
        }
        bound(&mut rows);
        assert_eq!(rows.len(), ROWS_MAX);
    }
}
