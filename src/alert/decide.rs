//! What is to be told to whom, of findings and of what is known already: a pure function. Start with
//! [`decide`].

use serde::{Deserialize, Serialize};

use super::{Contact, Policy, ways_for};
use crate::clock::{self, Timestamp};
use crate::report::{Finding, Severity, quoted};

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A problem that was not known.
    New,
    /// A known problem that has become worse.
    Worse,
    /// Nobody has acknowledged it in time, so the next contact is told.
    Escalated,
    /// What was a problem cannot be seen any more, and is not known to be over.
    Unknown,
    /// The problem is over.
    Recovered,
    /// Another verb tells something.
    Notify,
    /// Somebody wants to see whether notices arrive.
    Test,
}

impl Kind {
    /// The stable name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::New => "new",
            Kind::Worse => "worse",
            Kind::Escalated => "escalated",
            Kind::Unknown => "unknown",
            Kind::Recovered => "recovered",
            Kind::Notify => "notify",
            Kind::Test => "test",
        }
    }
}

/// One notice to one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Why.
    pub kind: Kind,
    /// What it is about.
    pub key: String,
    /// Whom.
    pub contact: String,
    /// How much it matters; `ok` when it is over.
    pub severity: Severity,
    /// A heading.
    pub title: String,
    /// The text.
    pub text: String,
    /// The finding, if it is about one.
    pub finding: Option<String>,
    /// The session, if it is about one.
    pub session: Option<String>,
    /// What of several things that come and go by themselves.
    #[serde(default)]
    pub subject: Option<String>,
    /// The runbook to read.
    pub runbook: Option<String>,
}

/// A contact that was told of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Who.
    pub contact: String,
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
}

/// A problem that is open, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The finding's id, the session and the subject.
    pub key: String,
    /// The finding's id.
    pub finding: String,
    /// The session, if it is about one.
    pub session: Option<String>,
    /// What of several things that come and go by themselves, such as an entry of the schedule.
    #[serde(default)]
    pub subject: Option<String>,
    /// How much it matters now.
    pub severity: Severity,
    /// What was last said of it.
    pub summary: String,
    /// Whether it could not be looked at the last time.
    pub unknown: bool,
    /// When it was first seen, milliseconds since the epoch.
    pub first_ms: i64,
    /// Who was told, in order.
    pub told: Vec<Told>,
    /// How much it mattered when it was last told.
    pub told_severity: Option<Severity>,
    /// The worst that was told of it: what comes back to that is no news.
    #[serde(default)]
    pub told_worst: Option<Severity>,
    /// When it was last not to be seen, milliseconds since the epoch: going on so is no news either.
    #[serde(default)]
    pub unknown_ms: Option<i64>,
    /// When somebody took it on, milliseconds since the epoch.
    pub acknowledged_ms: Option<i64>,
    /// Who did.
    pub acknowledged_by: Option<String>,
    /// When it was over, milliseconds since the epoch.
    pub over_ms: Option<i64>,
    /// What mends it, as the last finding said.
    pub remedy: Option<String>,
    /// The document to read, as the last finding said.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Whether it can be forgotten: it is over, and all who knew of it know that.
    pub closed: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// All problems as they are now, those that are over included.
    pub problems: Vec<Problem>,
    /// What is to be told.
    pub notices: Vec<Notice>,
    /// Problems that wait for the end of the quiet hours.
    pub held: usize,
}

/// The name of what a finding is about.
pub fn key(finding: &str, session: Option<&str>, subject: Option<&str>) -> String {
    let session = session.map(|session| format!(" [{session}]")).unwrap_or_default();
    let subject = subject.map(|subject| format!(" ({subject})")).unwrap_or_default();
    format!("{finding}{session}{subject}")
}

/// Decides what is to be told of findings, those that say `ok` included: a problem is over only when a
/// look says so. What was not looked at stays as it is. `open` are the problems that are not closed.
pub fn decide(policy: &Policy, open: Vec<Problem>, findings: &[Finding], now: Timestamp) -> Decision {
    let now_ms = now.as_millisecond();
    let mut problems = open;
    for worst in worst_of_each(findings) {
        let key = key(&worst.id, worst.session.as_deref(), worst.subject.as_deref());
        let known = problems.iter_mut().find(|problem| problem.key == key);
        let rule = policy.rule(&worst.id);
        let severity = match (worst.severity, rule.severity) {
            (Severity::Ok | Severity::Info | Severity::Unknown, _) | (_, None) => worst.severity,
            (_, Some(severity)) => severity,
        };
        // What could not be seen matters whatever the least severity is: it may be anything.
        let bad = severity == Severity::Unknown || (severity > Severity::Ok && severity >= policy.severity_min);
        match (known, bad) {
            (Some(problem), true) => {
                problem.unknown = severity == Severity::Unknown;
                if !problem.unknown || problem.severity == Severity::Unknown {
                    problem.severity = severity;
                }
                problem.summary.clone_from(&worst.summary);
                problem.remedy = worst.remedy.as_ref().map(|remedy| remedy.command.clone());
                problem.runbook = worst.runbook.as_deref().map(str::to_owned);
                // It came back before everybody knew that it was over: it is the same one.
                problem.over_ms = None;
            }
            (Some(problem), false) => {
                problem.unknown = false;
                problem.over_ms = problem.over_ms.or(Some(now_ms));
                problem.summary.clone_from(&worst.summary);
            }
            (None, true) => problems.push(Problem {
                key,
                finding: worst.id.clone().into_owned(),
                session: worst.session.clone(),
                subject: worst.subject.clone(),
                severity,
                summary: worst.summary.clone(),
                unknown: severity == Severity::Unknown,
                first_ms: now_ms,
                told: Vec::new(),
                told_severity: None,
                told_worst: None,
                unknown_ms: None,
                acknowledged_ms: None,
                acknowledged_by: None,
                over_ms: None,
                remedy: worst.remedy.as_ref().map(|remedy| remedy.command.clone()),
                runbook: worst.runbook.as_deref().map(str::to_owned),
                closed: false,
            }),
            (None, false) => {}
        }
    }
    for problem in &mut problems {
        end_unless_said(problem, findings, now_ms);
    }
    let mut decision = Decision::default();
    for mut problem in problems {
        tell(policy, &mut problem, now, &mut decision);
        decision.problems.push(problem);
    }
    decision
}

/// A check that was made says all that it finds: what it says nothing of any more is over. Where it could not
/// be made, that is told of the check, and its problems stay as they are.
fn end_unless_said(problem: &mut Problem, findings: &[Finding], now_ms: i64) {
    let of_check = || findings.iter().filter(|finding| finding.id == problem.finding && finding.session == problem.session);
    let unmade = of_check().any(|finding| finding.severity == Severity::Unknown && finding.subject.is_none());
    let said = of_check().any(|finding| finding.subject == problem.subject);
    if said || unmade || problem.over_ms.is_some() {
        return;
    }
    let Some(other) = of_check().next() else { return };
    problem.summary = match (&problem.subject, other.severity) {
        (Some(subject), Severity::Error | Severity::Critical | Severity::Warning | Severity::Unknown | Severity::Info) => {
            format!("{subject} is no longer among what the check finds")
        }
        _ => other.summary.clone(),
    };
    problem.unknown = false;
    problem.over_ms = Some(now_ms);
}

/// A check may say several things about the same: the worst stands for it.
fn worst_of_each(findings: &[Finding]) -> Vec<&Finding> {
    let mut worst: Vec<&Finding> = Vec::new();
    for finding in findings {
        match worst.iter_mut().find(|other| is_of_same(other, finding)) {
            Some(other) if other.severity < finding.severity => *other = finding,
            Some(_) => {}
            None => worst.push(finding),
        }
    }
    worst
}

fn is_of_same(one: &Finding, other: &Finding) -> bool {
    one.id == other.id && one.session == other.session && one.subject == other.subject
}

fn tell(policy: &Policy, problem: &mut Problem, now: Timestamp, decision: &mut Decision) {
    let now_ms = now.as_millisecond();
    let rule = policy.rule(&problem.finding);
    let reached = |contact: &&Contact| !ways_for(contact, Some(&problem.finding), problem.subject.as_deref()).is_empty();
    let chain: Vec<&Contact> = policy.chain(&rule).into_iter().filter(reached).collect();
    let runbook = policy.runbook(&problem.finding, problem.runbook.as_deref());
    let notice = |kind: Kind, contact: &str, problem: &Problem| worded(kind, contact, problem, runbook.as_deref(), now);
    let held = policy.is_quiet(now) && problem.severity != Severity::Critical;
    if let Some(over_ms) = problem.over_ms {
        let settled = clock::since(clock::from_ms(over_ms), now) >= policy.settled_after;
        if problem.told.is_empty() {
            problem.closed = true;
        } else if !settled {
            // It may come back any moment, and is then the same one.
        } else if held {
            decision.held += 1;
        } else {
            let mut names: Vec<&str> = problem.told.iter().map(|told| told.contact.as_str()).collect();
            names.dedup();
            decision.notices.extend(names.iter().map(|name| notice(Kind::Recovered, name, problem)));
            problem.closed = true;
        }
        return;
    }
    let since_unknown = problem.unknown_ms.map(|at_ms| clock::since(clock::from_ms(at_ms), now));
    // What was written down before the worst was.
    let worst = problem.told_worst.or(problem.told_severity.filter(|told| *told != Severity::Unknown));
    // What is to be told to whoever knows already.
    let again = match (problem.told_severity, worst) {
        (None, _) => None,
        (Some(Severity::Unknown), _) if problem.unknown => None,
        (Some(_), _) if problem.unknown && since_unknown.is_some_and(|since| since <= policy.settled_after) => None,
        (Some(_), _) if problem.unknown => Some(Kind::Unknown),
        (Some(_), Some(worst)) if problem.severity > worst => Some(Kind::Worse),
        // It can be seen at last, and it is bad.
        (Some(_), None) => Some(Kind::Worse),
        (Some(_), Some(_)) => None,
    };
    let next = chain.iter().find(|contact| !problem.told.iter().any(|told| told.contact == contact.name));
    let waited = problem.told.last().and_then(|last| {
        let contact = policy.contact(&last.contact)?;
        let limit = policy.response_time(&rule, contact, problem.severity);
        Some(clock::since(clock::from_ms(last.at_ms), now) >= limit)
    });
    // Nobody was told yet, or the last one who was is no contact any more, or took too long.
    let escalates = problem.acknowledged_ms.is_none() && next.is_some() && waited.unwrap_or(true);
    if problem.unknown && !(held && again.is_some()) {
        problem.unknown_ms = Some(now_ms);
    }
    if again.is_none() && !problem.unknown && problem.told_severity == Some(Severity::Unknown) {
        // It is as bad as it was said to be before: that it can be seen again calls nobody.
        problem.told_severity = Some(problem.severity);
    }
    if again.is_none() && !escalates {
        return;
    }
    if held {
        decision.held += 1;
        return;
    }
    if let Some(kind) = again {
        let names: Vec<String> = problem.told.iter().map(|told| told.contact.clone()).collect();
        decision.notices.extend(names.iter().map(|name| notice(kind, name, problem)));
        // An acknowledgement was for what it was then, and so was the time to respond.
        if kind == Kind::Worse {
            problem.acknowledged_ms = None;
            problem.acknowledged_by = None;
            problem.told.iter_mut().for_each(|told| told.at_ms = now_ms);
        }
    }
    if let Some(contact) = next.filter(|_| escalates && again != Some(Kind::Worse)) {
        let kind = if problem.told.is_empty() { Kind::New } else { Kind::Escalated };
        decision.notices.push(notice(kind, &contact.name, problem));
        problem.told.push(Told { contact: contact.name.clone(), at_ms: now_ms });
    }
    // Without a contact nobody was told.
    if !problem.told.is_empty() {
        problem.told_severity = Some(if problem.unknown { Severity::Unknown } else { problem.severity });
        if !problem.unknown {
            problem.told_worst = worst.max(Some(problem.severity));
        }
    }
}

fn worded(kind: Kind, contact: &str, problem: &Problem, runbook: Option<&str>, now: Timestamp) -> Notice {
    let (finding, severity) = (&problem.key, problem.severity.name());
    let until = problem.over_ms.map_or(now, clock::from_ms);
    let since = clock::human(clock::since(clock::from_ms(problem.first_ms), until));
    let title = match kind {
        Kind::Recovered => format!("over: {finding}"),
        Kind::Unknown => format!("not known any more: {finding}"),
        _ if problem.unknown => format!("unknown: {finding}"),
        Kind::Worse => format!("worse, {severity}: {finding}"),
        Kind::Escalated => format!("nobody has taken it on, {severity}: {finding}"),
        Kind::New | Kind::Notify | Kind::Test => format!("{severity}: {finding}"),
    };
    let mut lines = vec![problem.summary.clone()];
    match kind {
        Kind::Recovered => lines.push(format!("It lasted {since}.")),
        Kind::Unknown => lines.push("It could not be looked at. It was a problem before, and is not known to be over.".into()),
        _ => {
            if problem.unknown {
                lines.push("It could not be looked at, so whether it is well is not known.".into());
            }
            if kind != Kind::New {
                lines.push(format!("It has been so for {since}."));
            }
            lines.extend(problem.remedy.as_ref().map(|remedy| format!("What to do: {remedy}")));
            lines.extend(runbook.map(|runbook| format!("Runbook: {runbook}")));
            let session = problem.session.as_ref().map(|session| format!(" --session {session}")).unwrap_or_default();
            let subject = problem.subject.as_ref().map(|subject| format!(" --subject {}", quoted(subject))).unwrap_or_default();
            lines.push(format!("To take it on: wpp alert ack {}{session}{subject}", problem.finding));
        }
    }
    Notice {
        kind,
        key: problem.key.clone(),
        contact: contact.to_owned(),
        severity: match kind {
            Kind::Recovered => Severity::Ok,
            _ if problem.unknown => Severity::Unknown,
            _ => problem.severity,
        },
        title,
        text: lines.join("\n"),
        finding: Some(problem.finding.clone()),
        session: problem.session.clone(),
        subject: problem.subject.clone(),
        runbook: runbook.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{THREE, config};
    use super::*;

    fn finding(id: &str, severity: Severity) -> Finding {
        Finding {
            title: "t".into(),
            area: "session".into(),
            session: Some("main".into()),
            ..Finding::new(id.to_owned(), severity, format!("it is {}", severity.name()))
        }
    }

    /// A watch that goes on: each look sees one finding.
    struct Watch {
        policy: Policy,
        open: Vec<Problem>,
    }

    impl Watch {
        fn new(more: &str) -> Watch {
            let mut policy = Policy::of(&config(&format!("{THREE}time_zone = \"UTC\"\n{more}"))).unwrap();
            // Unless it is what a test is about, what is over is over.
            policy.settled_after = std::time::Duration::ZERO;
            Watch { policy, open: Vec::new() }
        }

        /// What is told, as `kind contact`.
        fn look(&mut self, time: &str, id: &str, severity: Severity) -> Vec<String> {
            self.look_at(time, &[finding(id, severity)])
        }

        fn look_at(&mut self, time: &str, findings: &[Finding]) -> Vec<String> {
            let now = format!("2026-11-21T{time}{}Z", if time.len() == 5 { ":00" } else { "" }).parse().unwrap();
            let decision = decide(&self.policy, std::mem::take(&mut self.open), findings, now);
            self.open = decision.problems.into_iter().filter(|problem| !problem.closed).collect();
            decision.notices.iter().map(|notice| format!("{} {}", notice.kind.name(), notice.contact)).collect()
        }
    }

    #[test]
    fn that_a_way_is_dead_is_not_told_on_it() {
        let dead = |id: &str, way: &str| {
            let finding = finding(id, Severity::Error);
            vec![Finding { session: None, subject: Some(way.to_owned()), ..finding }]
        };
        for id in ["wpp.alert.undelivered", "wpp.config.contacts"] {
            // The first of them has nothing but ntfy, the next has slack too.
            let mut watch = Watch::new("");
            assert_eq!(watch.look_at("10:00", &dead(id, "ntfy")), ["new team-lead"]);
            assert_eq!(watch.look_at("10:30", &dead(id, "ntfy")), ["escalated manager"]);
            let notice = |contact: &str| {
                let decision = decide(&watch.policy, Vec::new(), &dead(id, "ntfy"), "2026-11-21T10:00:00Z".parse().unwrap());
                let notice = Notice { contact: contact.into(), ..decision.notices[0].clone() };
                super::super::book::ways_of(watch.policy.contact(contact).unwrap(), &notice)
            };
            assert_eq!((notice("team-lead"), notice("manager")), (vec!["slack".to_owned()], vec!["command".to_owned()]));
            assert_eq!(notice("on-call"), NOTHING);
            let mut watch = Watch::new("");
            assert_eq!(watch.look_at("10:00", &dead(id, "command of manager")), ["new on-call"]);
        }
        let mut alone = Watch::new("");
        alone.policy.contacts.retain(|contact| contact.name == "on-call");
        alone.policy.escalation = vec!["on-call".into()];
        assert_eq!(alone.look_at("10:00", &dead("wpp.alert.undelivered", "ntfy")), NOTHING);
        assert_eq!(alone.look_at("10:05", &dead("wpp.other", "ntfy")), ["new on-call"]);
    }

    // The matrix gives it 15 minutes, and leaves its severity to the check.
    const STATE: &str = "wpp.session.state";
    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_problem_is_told_once_escalated_in_time_and_its_end_is_told_to_all_who_know() {
        let mut watch = Watch::new("");
        assert_eq!(watch.look("10:00", STATE, Severity::Ok), NOTHING);
        assert_eq!(watch.look("10:01", STATE, Severity::Error), ["new on-call"]);
        for time in ["10:02", "10:15"] {
            assert_eq!(watch.look(time, STATE, Severity::Error), NOTHING, "{time}");
        }
        assert_eq!(watch.look("10:16", STATE, Severity::Error), ["escalated team-lead"]);
        assert_eq!(watch.look("10:30", STATE, Severity::Error), NOTHING);
        assert_eq!(watch.look("10:31", STATE, Severity::Error), ["escalated manager"]);
        assert_eq!(watch.look("12:00", STATE, Severity::Error), NOTHING, "there is nobody left");
        assert_eq!(watch.look("12:01", STATE, Severity::Ok), ["recovered on-call", "recovered team-lead", "recovered manager"]);
        assert_eq!(watch.look("12:02", STATE, Severity::Ok), NOTHING);
        assert_eq!(watch.look("12:03", STATE, Severity::Error), ["new on-call"], "another one");
    }

    #[test]
    fn whoever_takes_it_on_ends_the_escalation_until_it_is_worse() {
        let mut watch = Watch::new("");
        assert_eq!(watch.look("10:00", STATE, Severity::Error), ["new on-call"]);
        watch.open[0].acknowledged_ms = Some(0);
        assert_eq!(watch.look("11:00", STATE, Severity::Error), NOTHING);
        assert_eq!(watch.look("11:01", STATE, Severity::Critical), ["worse on-call"]);
        assert_eq!(watch.look("11:02", STATE, Severity::Error), NOTHING, "less bad is not told");
        assert_eq!(watch.look("11:03", STATE, Severity::Critical), NOTHING, "nor is that it is as bad again");
        assert_eq!(watch.look("11:16", STATE, Severity::Critical), ["escalated team-lead"]);
        assert_eq!(watch.look("11:17", STATE, Severity::Ok), ["recovered on-call", "recovered team-lead"]);
    }

    #[test]
    fn what_could_not_be_seen_is_told_as_unknown_and_never_as_over() {
        let mut watch = Watch::new("");
        assert_eq!(watch.look("10:00", STATE, Severity::Unknown), ["new on-call"]);
        assert_eq!(watch.open[0].told_severity, Some(Severity::Unknown));
        assert_eq!(watch.look("10:01", STATE, Severity::Unknown), NOTHING);
        assert_eq!(watch.look("10:02", STATE, Severity::Error), ["worse on-call"]);
        assert_eq!(watch.look("10:03", STATE, Severity::Unknown), ["unknown on-call"]);
        assert_eq!(watch.look("10:04", STATE, Severity::Unknown), NOTHING);
        assert_eq!(watch.look_at("10:05", &[]), NOTHING, "not looked at");
        assert!(watch.open[0].over_ms.is_none());
        assert_eq!(watch.look("10:06", STATE, Severity::Ok), ["recovered on-call"]);
    }

    #[test]
    fn what_comes_and_goes_is_one_problem_that_escalates_and_ends_once() {
        let mut watch = Watch::new("[alert.rule.\"wpp.session.state\"]\nresponse_time = \"3s\"\n");
        watch.policy.settled_after = std::time::Duration::from_secs(180);
        let mut told = Vec::new();
        for second in 0..20 {
            let severity = if second % 2 == 0 { Severity::Error } else { Severity::Ok };
            told.extend(watch.look(&format!("10:00:{second:02}"), STATE, severity));
        }
        assert_eq!(told, ["new on-call", "escalated team-lead", "escalated manager"]);
        assert_eq!(watch.look("10:03:18", STATE, Severity::Ok), NOTHING);
        assert_eq!(
            watch.look("10:03:19", STATE, Severity::Ok),
            ["recovered on-call", "recovered team-lead", "recovered manager"]
        );
        assert_eq!(watch.look("10:03:20", STATE, Severity::Error), ["new on-call"], "another one");
    }

    #[test]
    fn what_can_be_seen_and_then_not_and_then_again_is_told_once_each_and_stays_taken_on() {
        let mut watch = Watch::new("");
        watch.policy.settled_after = std::time::Duration::from_secs(300);
        assert_eq!(watch.look("10:00", STATE, Severity::Error), ["new on-call"]);
        assert_eq!(watch.look("10:01", STATE, Severity::Unknown), ["unknown on-call"]);
        watch.open[0].acknowledged_ms = Some(0);
        let at_ms = watch.open[0].told[0].at_ms;
        for minute in 2..40 {
            let severity = if minute % 2 == 0 { Severity::Error } else { Severity::Unknown };
            assert_eq!(watch.look(&format!("10:{minute:02}"), STATE, severity), NOTHING, "{minute}");
        }
        assert_eq!((watch.open[0].acknowledged_ms, watch.open[0].told[0].at_ms), (Some(0), at_ms));
        // Seen for a while, and then not: that is news, and worse than it ever was is, too.
        assert_eq!(watch.look("11:00", STATE, Severity::Error), NOTHING);
        assert_eq!(watch.look("11:01", STATE, Severity::Unknown), ["unknown on-call"]);
        assert_eq!(watch.look("11:02", STATE, Severity::Critical), ["worse on-call"]);
        assert!(watch.open[0].acknowledged_ms.is_none());
    }

    #[test]
    fn quiet_hours_hold_back_what_is_not_critical_until_they_end() {
        let mut watch = Watch::new("quiet_hours = \"09:00-11:00\"\n");
        assert_eq!(watch.look("10:00", STATE, Severity::Error), NOTHING);
        assert_eq!(watch.look("10:59", STATE, Severity::Error), NOTHING);
        assert_eq!(watch.look("11:00", STATE, Severity::Error), ["new on-call"]);
        // What came and went in the night is nobody's.
        let mut watch = Watch::new("quiet_hours = \"09:00-11:00\"\n");
        watch.look("10:00", STATE, Severity::Error);
        assert_eq!(watch.look("10:30", STATE, Severity::Ok), NOTHING);
        assert!(watch.open.is_empty() && watch.look("11:00", STATE, Severity::Ok).is_empty());
        // What is critical is told at once, and becomes so in the night.
        let mut watch = Watch::new("quiet_hours = \"09:00-11:00\"\n");
        assert_eq!(watch.look("09:30", "wpp.session.daemon-died", Severity::Error), ["new on-call"], "the matrix says critical");
        watch = Watch::new("quiet_hours = \"09:00-11:00\"\n");
        assert_eq!(watch.look("08:00", STATE, Severity::Error), ["new on-call"]);
        assert_eq!(watch.look("09:30", STATE, Severity::Error), NOTHING, "no escalation");
        assert_eq!(watch.look("09:40", STATE, Severity::Ok), NOTHING, "its end waits");
        assert_eq!(watch.look("11:00", STATE, Severity::Ok), ["recovered on-call"]);
    }

    #[test]
    fn the_worst_of_what_a_check_says_counts_and_what_is_too_little_does_not() {
        let mut watch = Watch::new("");
        let both = [finding(STATE, Severity::Ok), finding(STATE, Severity::Error), finding(STATE, Severity::Info)];
        assert_eq!(watch.look_at("10:00", &both), ["new on-call"]);
        assert_eq!(watch.look("10:01", STATE, Severity::Info), ["recovered on-call"]);
        let mut other = finding(STATE, Severity::Error);
        other.session = Some("sales".into());
        assert_eq!(watch.look_at("10:02", &[finding(STATE, Severity::Error), other]), ["new on-call", "new on-call"]);
        let mut strict = Watch::new("severity_min = \"critical\"\n");
        assert_eq!(strict.look("10:00", STATE, Severity::Error), NOTHING);
    }

    /// A finding of the schedule about one entry.
    fn failing(entry: &str) -> Finding {
        Finding { session: None, subject: Some(entry.into()), ..finding("wpp.schedule.failing", Severity::Error) }
    }

    #[test]
    fn things_that_come_and_go_by_themselves_are_told_and_taken_on_by_themselves() {
        let mut watch = Watch::new("");
        assert_eq!(watch.look_at("10:00", &[failing("nightly")]), ["new on-call"]);
        assert_eq!(watch.look_at("10:01", &[failing("nightly"), failing("weekly")]), ["new on-call"], "the second is news");
        assert_eq!(watch.open[1].key, "wpp.schedule.failing (weekly)");
        assert_eq!(watch.look_at("10:02", &[failing("weekly")]), ["recovered on-call"], "the check says nothing of it any more");
        assert_eq!(watch.open[0].subject.as_deref(), Some("weekly"));
        // A check that could not be made ends nothing.
        let unmade = Finding { session: None, ..finding("wpp.schedule.failing", Severity::Unknown) };
        assert_eq!(watch.look_at("10:03", &[unmade]), ["new on-call"]);
        assert_eq!(watch.open[0].over_ms, None);
        let fine = Finding { session: None, ..finding("wpp.schedule.failing", Severity::Ok) };
        assert_eq!(watch.look_at("10:04", &[fine]), ["recovered on-call", "recovered on-call"]);
    }

    #[test]
    fn a_problem_that_was_written_down_before_checks_named_subjects_ends() {
        let mut watch = Watch::new("");
        let plain = Finding { subject: None, ..failing("x") };
        assert_eq!(watch.look_at("10:00", &[plain]), ["new on-call"]);
        let mut old = serde_json::to_value(&watch.open[0]).unwrap();
        old.as_object_mut().unwrap().remove("subject");
        watch.open = vec![serde_json::from_value(old).unwrap()];
        assert_eq!(watch.look_at("10:01", &[failing("nightly")]), ["recovered on-call", "new on-call"]);
    }

    #[test]
    fn a_rule_has_contacts_and_a_time_of_its_own_and_without_any_contact_nobody_is_told() {
        let mut watch =
            Watch::new("[alert.rule.\"wpp.session.state\"]\nresponse_time = \"2m\"\ncontacts = [\"manager\", \"on-call\"]\n");
        assert_eq!(watch.look("10:00", STATE, Severity::Warning), ["new manager"]);
        assert_eq!(watch.look("10:02", STATE, Severity::Warning), ["escalated on-call"]);
        let mut nobody = Watch { policy: Policy::of(&config("")).unwrap(), open: Vec::new() };
        assert_eq!(nobody.look("10:00", STATE, Severity::Error), NOTHING);
        // A contact that is added later is told of what is still so.
        nobody.policy = watch.policy;
        assert_eq!(nobody.look("10:05", STATE, Severity::Error), ["new manager"]);
    }

    #[test]
    fn a_notice_says_what_is_so_and_what_to_do() {
        let mut problem = finding(STATE, Severity::Error);
        problem.remedy = Some(crate::report::Remedy { summary: "x".into(), command: "wpp restart".into(), fix: None }.into());
        let policy = Policy::of(&config(THREE)).unwrap();
        let decision = decide(&policy, Vec::new(), &[problem], clock::now());
        let notice = &decision.notices[0];
        for part in ["it is error", "wpp restart", "reconnect-loop", "wpp alert ack wpp.session.state --session main"] {
            assert!(notice.text.contains(part), "{part}: {}", notice.text);
        }
        assert_eq!(notice.title, "error: wpp.session.state [main]");
    }
}
