//! Tells those concerned of runs: before one that the schedule will begin, as `notify_before` says, and
//! when tries in a row did not pass, as `escalate_after` does. Start with [`announce`] and [`escalate`].

use std::time::Duration;

use crate::alert::book::{Book, Delivery};
use crate::alert::post::Channels;
use crate::alert::{self, About, Desk};
use crate::app::App;
use crate::clock::{self, Timestamp};
use crate::error::Result;
use crate::evidence;
use crate::report::{Severity, count};
use crate::runbook::Outcome;
use crate::runbook::front::Front;
use crate::runbook::record::{Done, Ended, State};
use crate::schedule::Entry;

fn with_desk(app: &App, tell: impl FnOnce(&Desk<'_>) -> Result<Vec<Delivery>>) -> Result<Vec<Delivery>> {
    let post = Channels { plugins: app.plugins()? };
    tell(&Desk { config: app.config(), journal: app.journal()?, post: &post })
}

/// Tells that an entry begins soon, once for each due time. Says what did not arrive.
pub fn announce(app: &App, entry: &Entry, before: Duration, now: Timestamp) -> Result<Vec<String>> {
    let Some(due) = entry.next(now).next().filter(|due| clock::since(now, *due) <= before) else { return Ok(Vec::new()) };
    let key = format!("schedule:{}:{}", entry.name, clock::rfc3339(due));
    if !Book::of(app.journal()?).told_about(&key)?.is_empty() {
        return Ok(Vec::new());
    }
    let what = entry.runbook.as_deref().unwrap_or(&entry.name);
    let about = About {
        key,
        severity: Severity::Info,
        title: format!("{what} begins in {}", clock::human(clock::since(now, due))),
        text: format!("The schedule entry {} runs {what} at {}.", entry.name, clock::rfc3339(due)),
        session: None,
    };
    with_desk(app, |desk| alert::notify(desk, &about)).map(|deliveries| undelivered(&deliveries))
}

/// After a run that did not pass: tells the next contact, once as many tries in a row failed as the
/// document allows. Says in the run's report who was told, and what did not arrive.
pub fn escalate(app: &App, front: &Front, outcome: &mut Outcome) -> Result<()> {
    let Some(allowed) = front.escalate_after else { return Ok(()) };
    let Outcome { report, state, .. } = outcome;
    if report.exit_code() == 0 {
        return Ok(());
    }
    let runs = evidence::history(&app.home().reports(), &front.id)?;
    let failed_before = runs.iter().rev().take_while(|run| run.verdict != crate::report::Verdict::Pass);
    // The first of the row names it: whoever was told of the row is not told again, and the next one is.
    let first = failed_before.clone().last().map_or(&state.run, |run| &run.id);
    let tries = tries_of_the_worst(state) + failed_before.count() as u64;
    if tries < u64::from(allowed) {
        return Ok(());
    }
    let tries = count(tries, "try", "tries");
    let about = About {
        key: format!("runbook:{first}"),
        severity: Severity::Error,
        title: format!("{} did not pass after {tries}", front.id),
        text: format!("{}\nWhat is to be done: wpp runbook show {}", report.title, front.id),
        session: None,
    };
    let deliveries = with_desk(app, |desk| alert::escalate(desk, &about))?;
    let told: Vec<&str> = deliveries.iter().filter(|one| one.delivered).map(|one| one.contact.as_str()).collect();
    match (told.is_empty(), deliveries.is_empty()) {
        (_, true) => report.warnings.push(format!(
            "after {tries} somebody is to be told, and nobody is left: [contacts] and alert.escalation of config.toml name them"
        )),
        (false, _) => {
            if let Some(section) = report.sections.first_mut() {
                section.fields.push(("escalated to".into(), told.join(", ")));
            }
        }
        (true, false) => {}
    }
    report.warnings.extend(undelivered(&deliveries));
    Ok(())
}

/// How often the block was tried that was tried most of those that did not end as expected.
fn tries_of_the_worst(state: &State) -> u64 {
    let ended = |done: &&Done| matches!(done.ended, Ended::Deviated | Ended::Inconclusive | Ended::Stuck);
    state.done.iter().filter(ended).map(|done| u64::from(done.tries)).max().unwrap_or(1)
}

fn undelivered(deliveries: &[Delivery]) -> Vec<String> {
    let failed = deliveries.iter().filter(|one| !one.delivered);
    failed
        .map(|one| format!("{} could not be told by {}: {}; `wpp alert run` tries again", one.contact, one.way, one.observed))
        .collect()
}
