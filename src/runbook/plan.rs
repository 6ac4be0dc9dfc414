//! What a run would do, with its parameters filled in. Nothing is run, and nothing is made.
//!
//! Start with [`Plan::of`].

use serde::Serialize;

use super::expect::clip;
use super::fence::{Fence, Kind, Part};
use super::front::Span;
use super::parse::Runbook;
use super::values::Values;

/// One block as it would be run.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// Its heading.
    pub part: Part,
    /// Its kind.
    pub kind: Kind,
    /// Its lines with values in them; secrets are named only.
    pub lines: Vec<String>,
    /// What is expected.
    pub expected: String,
    /// When it is run, if not always.
    pub when: Option<String>,
    /// The block that takes it back.
    pub undo: Option<String>,
    /// How long one try may take.
    pub timeout_ms: Option<u64>,
    /// Further tries.
    pub retries: u32,
    /// The option that answers its question where no terminal is; `None` of what asks nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// All of them, in the order of the run; those that take others back come last.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The blocks.
    pub blocks: Vec<Planned>,
}

impl Plan {
    /// The plan of a runbook with these values.
    pub fn of(runbook: &Runbook, values: &Values) -> Plan {
        let turns = Part::ALL.into_iter().flat_map(|part| runbook.part(part));
        let undos = runbook.fences.iter().filter(|fence| runbook.is_undo(&fence.id));
        Plan { blocks: turns.chain(undos).map(|fence| planned(fence, values)).collect() }
    }

    /// Its lines for the eye.
    pub fn lines(&self, runbook: &Runbook) -> Vec<String> {
        let mut lines = Vec::new();
        for block in &self.blocks {
            let mut about = Vec::new();
            if runbook.is_undo(&block.id) {
                let of: Vec<&str> = runbook
                    .fences
                    .iter()
                    .filter(|fence| fence.undo.as_deref() == Some(&block.id))
                    .map(|fence| fence.id.as_str())
                    .collect();
                about.push(format!("only to take back {}", of.join(", ")));
            }
            about.extend(block.when.as_ref().map(|when| format!("only when {when}")));
            about.push(format!("expects {}", block.expected));
            about.extend(block.timeout_ms.map(|ms| format!("within {}", Span(std::time::Duration::from_millis(ms)))));
            if block.retries > 0 {
                about.push(format!("up to {} tries", block.retries + 1));
            }
            about.extend(block.answer.as_ref().map(|answer| format!("answered without a terminal by {answer} (or =no)")));
            about.extend(block.undo.as_ref().map(|undo| format!("taken back by {undo}")));
            lines.push(format!("{} {} ({}): {}", block.part.heading(), block.id, block.kind.name(), about.join(", ")));
            lines.extend(block.lines.iter().map(|line| format!("    {line}")));
        }
        lines
    }
}

fn planned(fence: &Fence, values: &Values) -> Planned {
    let mut lines: Vec<String> = match fence.kind {
        // As it would be typed: with a value as one word.
        Kind::Wpp => match fence.command_lines() {
            Ok(lines) => lines
                .iter()
                .map(|(_, words)| {
                    words.iter().map(|word| crate::report::quoted(&values.shown(word))).collect::<Vec<_>>().join(" ")
                })
                .collect(),
            Err((_, reason)) => vec![reason],
        },
        // Values are variables of the script and no part of its text.
        Kind::Sh => fence.body.trim_end().lines().map(str::to_owned).collect(),
        Kind::Http | Kind::Sql | Kind::Manual => values.shown(fence.body.trim_end()).lines().map(str::to_owned).collect(),
    };
    if let Some(on) = &fence.on {
        lines.insert(0, format!("on {}", values.shown(on)));
    }
    Planned {
        id: fence.id.clone(),
        part: fence.part,
        kind: fence.kind,
        lines,
        expected: fence.expect.describe(fence.kind, &|text| values.shown(text)),
        when: fence.attributes.iter().find(|(name, _)| name == "when").map(|(_, when)| values.explained(when)),
        undo: fence.undo.clone(),
        timeout_ms: fence.timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        retries: fence.retries,
        answer: answer(fence),
    }
}

/// The option that says yes to a block's question in advance; `None` of a block that asks nothing.
pub fn answer(fence: &Fence) -> Option<String> {
    (fence.kind == Kind::Manual).then(|| format!("--answer {}=yes", fence.id))
}

/// What a block does, in a line.
pub fn title(fence: &Fence, values: &Values) -> String {
    let first = match fence.kind {
        Kind::Sh => fence.first_line().to_owned(),
        _ => values.shown(fence.first_line()),
    };
    clip(&format!("{}: {first}", fence.id))
}
