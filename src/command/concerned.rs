//! Tells those concerned of runs: before one that the schedule will begin, as `notify_before` says, and
//! when runs in a row did not pass, as `escalate_after` and `escalate_when` say. Start with [`announce`] and [`escalate`].

use std::time::Duration;

use crate::alert::book::{Book, Delivery};
use crate::alert::post::Channels;
use crate::alert::{self, About, Desk};
use crate::app::App;
use crate::clock::{self, Timestamp};
use crate::error::Result;
use crate::evidence;
use crate::report::{Severity, Verdict, count};
use crate::runbook::front::Front;
use crate::runbook::guard;
use crate::runbook::outcome::After;
use crate::runbook::record::{Done, Ended, Purpose, State};
use crate::runbook::{AbortedBy, Outcome};
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

/// After a run that did not pass: tells the next contact, once as many runs in a row did not pass as the
/// document allows, or at once where it says so. Says in the run's report who was told, and what did not
/// arrive.
pub fn escalate(app: &App, front: &Front, outcome: &mut Outcome) -> Result<()> {
    let Outcome { report, state, .. } = outcome;
    let may_escalate = front.escalate_after.is_some() || front.escalate_when.is_some();
    // Whoever stops a run himself knows of it.
    if !may_escalate || report.exit_code() == 0 || state.aborted_by == Some(AbortedBy::Operator) {
        return Ok(());
    }
    let history = evidence::history(&app.home().reports(), &front.id)?;
    let failed: Vec<&evidence::Run> = history
        .iter()
        .rev()
        .take_while(|run| run.verdict != Verdict::Pass)
        .filter(|run| run.verdict != Verdict::Aborted)
        .collect();
    let runs = failed.len() as u64 + 1;
    let at_once = front.escalate_when.as_ref().is_some_and(|when| when.condition.holds(&After::of(state)));
    if !at_once && front.escalate_after.is_none_or(|allowed| runs < u64::from(allowed)) {
        return Ok(());
    }
    // The first of the row names it: whoever was told of the row is not told again, and the next one is.
    let first = failed.last().map_or(&state.run, |run| &run.id);
    let in_a_row = if runs == 1 { String::new() } else { format!(", for the {} time in a row", ordinal(runs)) };
    let about = About {
        key: format!("runbook:{first}"),
        severity: Severity::Error,
        title: format!("{} did not pass{in_a_row}", front.id),
        text: super::evidence::redaction(app, Vec::new())?.text(&story(app, front, &report.title, state)),
        session: session_of(front, state).map(str::to_owned),
    };
    let deliveries = with_desk(app, |desk| alert::escalate(desk, &about))?;
    let told: Vec<&str> = deliveries.iter().filter(|one| one.delivered).map(|one| one.contact.as_str()).collect();
    match (told.is_empty(), deliveries.is_empty()) {
        (_, true) => report.warnings.push(format!(
            "after {} somebody is to be told, and nobody is left: [contacts] and alert.escalation of config.toml name them",
            count(runs, "run", "runs")
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

/// The session of this home that a run worked on. One of a sandbox is nobody's.
fn session_of<'a>(front: &Front, state: &'a State) -> Option<&'a str> {
    state.values.get("session").map(String::as_str).filter(|_| !front.sandbox)
}

/// What somebody who was not there has to know: what was seen, how often it was tried, how the session
/// stands now, where the evidence lies, what is to be done.
fn story(app: &App, front: &Front, title: &str, state: &State) -> String {
    let mut lines = vec![title.to_owned()];
    lines.extend(state.cause.as_ref().map(|cause| format!("Because: {cause}")));
    let missed = |done: &&Done| {
        done.purpose == Purpose::Turn
            && matches!(done.ended, Ended::Deviated | Ended::Inconclusive | Ended::Stuck)
            && done.tries > 1
    };
    lines.extend(state.done.iter().filter(missed).map(|done| format!("The block {} was tried {} times.", done.id, done.tries)));
    let mut next = vec![format!("wpp runbook show {}", front.id)];
    if let Some(name) = session_of(front, state) {
        // A name of a gateway's session is none of this home.
        let known = app.home().session(name).exists();
        match known.then(|| app.journal().and_then(|journal| guard::link(app.home(), journal, name))) {
            Some(Ok(link)) => {
                lines.push(format!("Session {name} is {} now.", link.seen));
                if !link.holds {
                    lines.push("It is not linked: nothing is sent or received until a person with the phone links it.".into());
                    next.insert(0, format!("wpp reauth --session {name}"));
                }
            }
            Some(Err(error)) => lines.push(format!("How session {name} stands now is not known: {}", error.chain())),
            None => lines.push(format!("Session: {name}")),
        }
    }
    lines.push(format!("Evidence: {}", state.evidence.display()));
    lines.push(format!("What is to be done: {}", next.join("; ")));
    lines.join("\n")
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn undelivered(deliveries: &[Delivery]) -> Vec<String> {
    let failed = deliveries.iter().filter(|one| !one.delivered);
    failed
        .map(|one| format!("{} could not be told by {}: {}; `wpp alert run` tries again", one.contact, one.way, one.observed))
        .collect()
}
