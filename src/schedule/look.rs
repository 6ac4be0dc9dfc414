//! What the doctor judges of the schedule. Start with [`facts`].

use super::ledger::Ledger;
use super::{Entry, Missed};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::facts::{FailedRun, MissedRun, Problem, ScheduleFacts};
use crate::journal::Journal;

/// Rows of an entry that are looked at.
const ROWS: usize = 50;

/// What the ledger says of the entries; no journal, no ledger. `wrong` are those that cannot be read.
pub fn facts(entries: &[Entry], wrong: &[Error], journal: Option<&Journal>, now: Timestamp) -> Result<ScheduleFacts> {
    let ledger = journal.map(Ledger::of).transpose()?;
    let mut facts = ScheduleFacts {
        entries: entries.iter().map(|entry| entry.name.clone()).collect(),
        interval_s_min: entries.iter().map(|entry| entry.when.interval(now, &entry.zone).as_secs()).min(),
        looked_ms: None,
        missed: Vec::new(),
        failing: Vec::new(),
        problems: wrong.iter().map(Problem::from).collect(),
        // Whoever knows the commands says so.
        unfit: Vec::new(),
    };
    let Some(ledger) = ledger else { return Ok(facts) };
    facts.looked_ms = ledger.last_look_ms()?;
    for entry in entries {
        let rows = ledger.rows(&entry.name, ROWS, now)?;
        let missed = |due_ms: i64, missed: u64, waits: bool| MissedRun { entry: entry.name.clone(), due_ms, more: missed, waits };
        match ledger.due(entry, now)? {
            Some(due) if due.late => facts.missed.push(missed(due.at.as_millisecond(), due.missed, true)),
            _ => {
                let told = |row: &&super::ledger::Row| row.state == "missed" || (row.missed > 0 && entry.missed == Missed::Tell);
                if let Some(row) = rows.first().filter(told) {
                    facts.missed.push(missed(row.due_ms, row.missed, false));
                }
            }
        }
        let ran: Vec<_> = rows.iter().filter(|row| matches!(row.state.as_str(), "ended" | "cut-off")).collect();
        if let Some(last) = ran.first().filter(|row| row.failed()) {
            facts.failing.push(FailedRun {
                entry: entry.name.clone(),
                due_ms: last.due_ms,
                times: ran.iter().take_while(|row| row.failed()).count() as u64,
                exit_code: last.exit_code,
                said: last.said.clone().unwrap_or_else(|| "it was cut off".into()),
            });
        }
    }
    Ok(facts)
}
