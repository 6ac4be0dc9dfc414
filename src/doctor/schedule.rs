//! Judges of the schedule: whether somebody looks for what is due, and how that goes.

use super::times::{DAY_MS, MINUTE_MS, ago, limit_ms, span};
use super::{Judged, Said, known};
use crate::clock;
use crate::facts::{Facts, ScheduleFacts};
use crate::report::count;

fn schedule(facts: &Facts) -> Result<&ScheduleFacts, super::Stop> {
    known(&facts.host.schedule, "the schedule")
}

fn time(at_ms: i64) -> String {
    clock::rfc3339(clock::from_ms(at_ms))
}

/// Somebody looks for what is due.
pub fn looked_at(facts: &Facts) -> Judged {
    let schedule = schedule(facts)?;
    let Some(interval_s) = schedule.interval_s_min.filter(|_| !schedule.entries.is_empty()) else {
        return Ok(vec![Said::ok("nothing is scheduled")]);
    };
    let interval_ms = limit_ms(interval_s, 1000);
    // Callers look every minute, whatever the entries; a caller that is gone shows within a day.
    let most_ms = interval_ms.saturating_mul(2).clamp(3 * MINUTE_MS, DAY_MS);
    let words = count(schedule.entries.len(), "entry", "entries");
    let observed = match schedule.looked_ms {
        Some(at_ms) if facts.now_ms.saturating_sub(at_ms) <= most_ms => {
            return Ok(vec![Said::ok(format!("{words}, looked at {} ago", ago(facts, at_ms)))]);
        }
        Some(at_ms) => format!("{} ago", ago(facts, at_ms)),
        None => "never".to_owned(),
    };
    let limit = span(most_ms);
    Ok(vec![
        Said::bad(format!("{words} of the schedule, and nothing has looked for what is due: {observed}"))
            .seen("last `wpp schedule run`", format!("within {limit}"), observed)
            .by_hand(
                "have a timer look every minute (or cron: --cron)",
                format!("{} schedule install --systemd", facts.host.program),
            ),
    ])
}

/// What was due ran in time.
pub fn in_time(facts: &Facts) -> Judged {
    let schedule = schedule(facts)?;
    if schedule.missed.is_empty() {
        return Ok(vec![Said::ok("nothing that was due was missed")]);
    }
    let said = schedule.missed.iter().map(|missed| {
        let before = match missed.more {
            0 => String::new(),
            more => format!(", and {} before that", count(more, "time", "times")),
        };
        let name = &missed.entry;
        let (what, do_what, command) = match missed.waits {
            true => ("and nothing has looked since", "run what is due", "schedule run"),
            false => ("and did not run", "see when it is due next, or run it by hand", "schedule list"),
        };
        Said::bad(format!("{name} was due at {}{before}, {what}", time(missed.due_ms)))
            .about(name.clone())
            .seen(name.clone(), "run when it was due", what)
            .by_hand(do_what, format!("{} {command}", facts.host.program))
    });
    Ok(said.collect())
}

/// Every entry can pass as it is written.
pub fn fit(facts: &Facts) -> Judged {
    let schedule = schedule(facts)?;
    if schedule.unfit.is_empty() {
        return Ok(vec![Said::ok("nothing stands against any entry")]);
    }
    let said = schedule.unfit.iter().map(|unfit| {
        let name = &unfit.entry;
        Said::bad(format!("{name} can never pass as it is: {}", unfit.problem.message))
            .about(name.clone())
            .seen(format!("[schedule.{name}] in config.toml"), "all that its run has to know", unfit.problem.message.clone())
            .by_hand(unfit.problem.hint.clone(), format!("{} schedule list", facts.host.program))
    });
    Ok(said.collect())
}

/// The last run of every entry went well.
pub fn succeeded(facts: &Facts) -> Judged {
    let schedule = schedule(facts)?;
    let list = format!("{} schedule list", facts.host.program);
    if schedule.failing.is_empty() && schedule.problems.is_empty() {
        return Ok(vec![Said::ok("no entry's last run failed")]);
    }
    let wrong = schedule.problems.iter().map(|problem| {
        Said::bad(format!("an entry never runs: {}", problem.message))
            .seen("[schedule.NAME] in config.toml", "something to run, and when", "see above")
            .by_hand(problem.hint.clone(), list.clone())
    });
    let failed = schedule.failing.iter().map(|run| {
        let code = run.exit_code.map_or("no exit code".to_owned(), |code| format!("exit code {code}"));
        let times =
            if run.times > 1 { format!(", as the {} before it", count(run.times - 1, "run", "runs")) } else { String::new() };
        Said::bad(format!("{} failed when it was due at {}{times}: {}", run.entry, time(run.due_ms), run.said))
            .about(run.entry.clone())
            .seen(run.entry.clone(), "exit code 0", code)
            .by_hand("see what it said, and run it by hand", list.clone())
    });
    Ok(wrong.chain(failed).collect())
}
