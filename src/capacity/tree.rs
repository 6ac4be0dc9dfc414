//! The decision tree on scaling, answered with numbers: four questions in order, the first yes decides.
//! Start with [`decide`].

use super::USED_PERCENT_MAX;
use super::estimate::Load;

/// An answer that takes longer than this is slow, in milliseconds.
pub const RESPONSE_MS_MAX: f64 = 1000.0;

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is so: the tree ends here.
    Yes,
    /// It is not: the next question.
    No,
    /// It could not be measured.
    Unknown,
}

impl Answer {
    /// `yes`, `no` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        }
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// What the tree asks.
    pub question: &'static str,
    /// The number: per cent, or milliseconds.
    pub value: Option<f64>,
    /// The number in words, or why there is none.
    pub number: String,
    /// The answer.
    pub answer: Answer,
    /// What a yes means.
    pub advice: &'static str,
    /// What is typed when it is so, without the program's name; for an unknown, what measures it.
    pub next: String,
}

/// Where the tree ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// All questions with their numbers; those behind a yes are answered, too.
    pub branches: Vec<Branch>,
    /// What it comes to.
    pub ends: String,
    /// `scale`, `ok` or `unknown`.
    pub outcome: &'static str,
    /// The next command, without the program's name.
    pub next: Option<String>,
}

/// What was seen of the answers of daemons.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// The slowest took so long, in milliseconds, and was this session's.
    Slowest(f64, String),
    /// This session's daemon gave no answer, for this reason.
    Mute(String, String),
    /// None was asked.
    Unknown(String),
}

/// Asks the questions. `largest` is the session that takes most.
pub fn decide(load: &Load, response: &Response, largest: Option<&str>) -> Decision {
    let of = |session: Option<&str>| session.map(|name| format!(" --session {name}")).unwrap_or_default();
    let percent = |question, value: Option<f64>, advice, next: String| Branch {
        question,
        value,
        number: value.map_or("could not be measured".into(), |value| format!("{value:.0} %")),
        answer: answer(value, USED_PERCENT_MAX),
        advice,
        next,
    };
    let (response_ms, number, slow) = match response {
        Response::Slowest(ms, session) => (Some(*ms), format!("{ms:.0} ms, session {session}"), Some(session.as_str())),
        Response::Mute(session, why) => (None, format!("the daemon of {session} gave no answer: {why}"), Some(session.as_str())),
        Response::Unknown(why) => (None, why.clone(), None),
    };
    let branches = vec![
        Branch {
            number: load
                .busy
                .map_or("could not be measured".into(), |busy| format!("{:.0} %, {}", busy.percent, busy.told_from())),
            ..percent(
                "is more than 80 % of the processors in use?",
                load.busy.map(|busy| busy.percent),
                "add processors, or spread sessions over hosts",
                format!("status{}", of(largest)),
            )
        },
        percent(
            "is more than 80 % of the memory in use?",
            load.memory_percent(),
            "add memory, or run fewer sessions here",
            format!("restart{}", of(largest)),
        ),
        percent(
            "is more than 80 % of the disk in use?",
            load.disk_percent(),
            "add storage, or clean up",
            "runbook show disk-space".into(),
        ),
        Branch {
            question: "does a daemon take longer than 1 s to answer?",
            value: response_ms,
            number,
            answer: answer(response_ms, RESPONSE_MS_MAX),
            advice: "check the database and its index",
            next: if slow.is_some() { format!("doctor{}", of(slow)) } else { "start".into() },
        },
    ];
    let yes = branches.iter().find(|branch| branch.answer == Answer::Yes);
    let unknown: Vec<&Branch> = branches.iter().filter(|branch| branch.answer == Answer::Unknown).collect();
    let (ends, outcome, next) = match (yes, unknown.first()) {
        (Some(yes), _) => (yes.advice.to_owned(), "scale", Some(yes.next.clone())),
        (None, Some(first)) => {
            (format!("cannot be told: {} {}", first.question, first.number), "unknown", Some(first.next.clone()))
        }
        (None, None) => ("the system is fine: nothing needs to be scaled".to_owned(), "ok", None),
    };
    Decision { branches, ends, outcome, next }
}

fn answer(value: Option<f64>, most: f64) -> Answer {
    match value {
        None => Answer::Unknown,
        Some(value) if value > most => Answer::Yes,
        Some(_) => Answer::No,
    }
}

#[cfg(test)]
mod tests {
    use super::super::estimate::{Busy, Source};
    use super::*;

    fn load(cpu: f64, memory_left: u64, disk_left: u64) -> Load {
        Load {
            cores: Some(2),
            busy: Some(Busy::now(cpu)),
            memory_bytes: Some((100, memory_left)),
            disk_bytes: Some((100, disk_left)),
        }
    }

    #[test]
    fn the_first_yes_decides_and_the_line_itself_is_no_yes() {
        let fast = Response::Slowest(3.0, "main".into());
        let ends = |load: &Load, response: &Response| decide(load, response, Some("big")).ends;
        assert!(ends(&load(80.0, 20, 20), &fast).contains("fine"));
        assert!(ends(&load(80.1, 5, 5), &fast).starts_with("add processors"));
        assert!(ends(&load(10.0, 19, 5), &fast).starts_with("add memory"));
        assert!(ends(&load(10.0, 50, 19), &fast).starts_with("add storage"));
        let slow = decide(&load(10.0, 50, 50), &Response::Slowest(1001.0, "main".into()), Some("big"));
        assert_eq!((slow.outcome, slow.next.as_deref()), ("scale", Some("doctor --session main")));
        assert_eq!(decide(&load(10.0, 5, 5), &fast, Some("big")).next.as_deref(), Some("restart --session big"));
    }

    #[test]
    fn the_question_of_the_processors_says_what_its_number_is_told_from() {
        let fast = Response::Slowest(3.0, "main".into());
        let history = Busy { percent: 85.0, source: Source::History { samples: 300, span_ms: 86_400_000 * 3 } };
        let decision = decide(&Load { busy: Some(history), ..load(0.0, 50, 50) }, &fast, None);
        assert_eq!(decision.branches[0].number, "85 %, 95th percentile of 300 samples over 3 d");
        assert_eq!((decision.outcome, decision.branches[0].answer), ("scale", Answer::Yes));
        let decision = decide(&load(12.0, 50, 50), &fast, None);
        assert_eq!(decision.branches[0].number, "12 %, at this moment, for lack of a history");
    }

    #[test]
    fn what_was_not_measured_is_no_fine() {
        let unknown = Response::Unknown("no daemon runs".into());
        let decision = decide(&load(10.0, 50, 50), &unknown, None);
        assert_eq!((decision.outcome, decision.branches[3].answer), ("unknown", Answer::Unknown));
        assert!(decision.ends.contains("no daemon runs") && decision.next.as_deref() == Some("start"));
        let mute = decide(&load(10.0, 50, 50), &Response::Mute("main".into(), "no answer within 3 s".into()), None);
        assert!(mute.outcome == "unknown" && mute.ends.contains("the daemon of main gave no answer"), "{mute:?}");
        assert_eq!(mute.next.as_deref(), Some("doctor --session main"), "it runs, so a start mends nothing");
        // A yes further down is told all the same.
        let blind = Load { busy: None, ..load(0.0, 5, 50) };
        assert_eq!(decide(&blind, &unknown, None).outcome, "scale");
    }
}
