//! Judges of notices: who is to be told can be told, and what somebody was to be told arrived.

use std::collections::BTreeMap;

use super::times::ago;
use super::{Judged, Said, known};
use crate::facts::{DeadWay, Facts, Undelivered};
use crate::report::{Severity, count};

/// Different causes of one way that are told.
const CAUSES_MAX: usize = 3;

/// Ways to people on which nothing can arrive.
pub(super) fn dead_ways(facts: &Facts) -> Vec<Said> {
    let Some(alerts) = facts.host.alerts.known() else { return Vec::new() };
    match &alerts.dead {
        Ok(ways) => ways.iter().map(|way| dead_way(facts, way)).collect(),
        Err(reason) => {
            vec![
                Said::bad(format!("whether channels to people can work was not looked at: {reason}")).severity(Severity::Unknown),
            ]
        }
    }
}

fn dead_way(facts: &Facts, dead: &DeadWay) -> Said {
    let DeadWay { way, contacts, unreached, why, .. } = dead;
    let (summary, severity) = match unreached.is_empty() {
        true => (format!("{} cannot be told by {way}: {why}", contacts.join(", ")), Severity::Warning),
        false => (format!("nothing reaches {}: {way} is their way, and {why}", unreached.join(", ")), Severity::Error),
    };
    mended(facts, Said::bad(summary).severity(severity).about(way.clone()).seen(way.clone(), "can be used", why.clone()), dead)
}

fn mended(facts: &Facts, said: Said, dead: &DeadWay) -> Said {
    said.by_hand(dead.remedy.clone(), format!("{} {}", facts.host.program, dead.command))
}

/// What somebody was to be told arrived. A way that does not work is told once, however many notices wait for it.
pub fn delivered(facts: &Facts) -> Judged {
    let alerts = known(&facts.host.alerts, "what somebody was to be told")?;
    let program = &facts.host.program;
    if let Some(problem) = &alerts.problem {
        return Ok(vec![
            Said::bad(format!("nobody is told of anything: {}", problem.message))
                .seen("contacts and rules in config.toml", "people and ways that are there", "see above")
                .by_hand(problem.hint.clone(), format!("{program} alert contacts")),
        ]);
    }
    let mut of_ways: BTreeMap<String, Vec<&Undelivered>> = BTreeMap::new();
    for notice in &alerts.undelivered {
        of_ways.entry(crate::facts::way_to(&notice.contact, &notice.way)).or_default().push(notice);
    }
    if of_ways.is_empty() {
        return Ok(vec![Said::ok("every notice arrived, as far as its channel tells")]);
    }
    Ok(of_ways.iter().map(|(way, notices)| by_way(facts, way, notices)).collect())
}

/// All notices that one way did not deliver, oldest first.
fn by_way(facts: &Facts, way: &str, notices: &[&Undelivered]) -> Said {
    let mut people: Vec<&str> = notices.iter().map(|notice| notice.contact.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let what = match notices {
        [one] => {
            let (age, tries) = (ago(facts, one.at_ms), count(one.tries, "try", "tries"));
            format!("{} was not told by {way}: {:?}, {age} ago, {tries}", one.contact, one.title)
        }
        many => {
            let oldest = many.iter().map(|notice| notice.at_ms).min().unwrap_or_default();
            let number = count(many.len() as u64, "notice", "notices");
            format!("{} not told by {way}: {number}, the oldest {} ago", were(&people), ago(facts, oldest))
        }
    };
    let given_up = match (notices.iter().filter(|notice| notice.given_up).count(), notices.len()) {
        (0, _) => String::new(),
        (1, 1) => "; it is not tried any more".to_owned(),
        (some, _) => format!("; {some} of them not tried any more"),
    };
    let mut causes: Vec<&str> = Vec::new();
    for notice in notices.iter().rev() {
        if !causes.contains(&notice.observed.as_str()) {
            causes.push(&notice.observed);
        }
    }
    let said = Said::bad(format!("{what}{given_up}")).about(way);
    let said = causes.iter().take(CAUSES_MAX).fold(said, |said, cause| said.seen(way, "delivered", *cause));
    let dead = facts.host.alerts.known().and_then(|alerts| alerts.dead.as_ref().ok()?.iter().find(|dead| dead.way == way));
    if let Some(dead) = dead {
        return mended(facts, said, dead);
    }
    let program = &facts.host.program;
    let then = "then send what waits with `wpp alert run`";
    // What was seen may say itself what mends it.
    if let Some(command) = causes.first().and_then(|cause| named_command(cause)) {
        return said.by_hand(format!("do what it asks for; {then}"), format!("{program} {command}"));
    }
    match notices.first().filter(|notice| notice.way != way) {
        Some(of_command) => {
            let line = format!("{program} alert test --contact {}", crate::report::quoted(&of_command.contact));
            said.by_hand(format!("see what the program says, and mend that; {then}"), line)
        }
        None => said.by_hand(format!("see how the channel is, and mend that; {then}"), format!("{program} channel health {way}")),
    }
}

fn were(people: &[&str]) -> String {
    format!("{} {}", people.join(", "), if people.len() == 1 { "was" } else { "were" })
}

/// The command line of `wpp` that a text names between backticks, without the program's name. What others wrote may
/// stand there, too: it is taken only for what plugins are allowed.
fn named_command(text: &str) -> Option<&str> {
    let commands = text.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.strip_prefix("wpp "));
    commands.into_iter().find(|command| command.starts_with("plugin grant ") && command.chars().all(is_plain))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || " -_=:/.@[]".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::cases::whole;
    use crate::facts::{AlertFacts, Probed};

    #[test]
    fn one_dead_channel_is_one_finding_that_says_what_mends_it() {
        let seen = "ntfy: https://ntfy.sh is not granted: `wpp plugin grant ntfy http=https://ntfy.sh` grants it";
        let notice = |number: i64| Undelivered {
            contact: "ann".into(),
            way: "ntfy".into(),
            title: format!("problem {number}"),
            tries: 2,
            observed: seen.into(),
            at_ms: number,
            given_up: false,
        };
        let mut facts = whole();
        let told = |facts: &Facts| {
            let Ok(said) = delivered(facts) else { panic!("it was not judged") };
            assert_eq!((said.len(), said[0].subject.as_deref(), said[0].evidence.len()), (1, Some("ntfy"), 1));
            assert!(said[0].summary.contains("9 notices"), "{}", said[0].summary);
            said[0].remedy.clone().unwrap().command
        };
        facts.host.alerts = Probed::Known(AlertFacts { undelivered: (1..=9).map(notice).collect(), ..AlertFacts::default() });
        assert_eq!(told(&facts), "wpp plugin grant ntfy http=https://ntfy.sh");
        let dead = DeadWay {
            way: "ntfy".into(),
            contacts: vec!["ann".into()],
            unreached: Vec::new(),
            why: "x".into(),
            remedy: "y".into(),
            command: "plugin info ntfy".into(),
        };
        if let Probed::Known(alerts) = &mut facts.host.alerts {
            alerts.dead = Ok(vec![dead]);
        }
        assert_eq!(told(&facts), "wpp plugin info ntfy");
        // What a server wrote is no order.
        assert_eq!(named_command("the server says `wpp reset --yes` and `wpp plugin grant x http=a;rm`"), None);
    }
}
