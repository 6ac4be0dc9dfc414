//! Rules on parameters, saved values and the names that stand for them.

use std::collections::BTreeSet;

use super::{Found, Surroundings, shell};
use crate::runbook::fence::{Fence, Kind, Save};
use crate::runbook::front::{Type, is_name};
use crate::runbook::parse::Runbook;
use crate::runbook::values::{BUILT_IN, names};

/// The line of a block in which a text stands; the block's own line where it is an attribute.
fn line_of(fence: &Fence, wanted: &str) -> usize {
    fence.body.lines().position(|line| line.contains(wanted)).map_or(fence.line, |at| fence.line + 1 + at)
}

pub fn undefined(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut known: BTreeSet<&str> = runbook.front.parameters.keys().map(String::as_str).chain(BUILT_IN).collect();
    // A sandbox has one session, and its simulator.
    if runbook.front.sandbox {
        known.extend(["session", "simulator"]);
    }
    let mut found = Vec::new();
    // What takes a block back is run with the values of the moment in which that one begins.
    let (undos, turns): (Vec<&Fence>, Vec<&Fence>) = runbook.fences.iter().partition(|fence| runbook.is_undo(&fence.id));
    let mut look =
        |fence: &Fence, known: &BTreeSet<&str>, saved: &[Save]| {
            let used: BTreeSet<&str> = fence.texts().into_iter().flat_map(names).collect();
            for name in used.into_iter().filter(|name| !known.contains(name)) {
                let later = runbook.fences.iter().find(|other| other.save.iter().any(|save| save.name == name));
                let reason = match later {
                    Some(later) => format!("{} saves it, which is not sure to have had its turn", later.id),
                    None => "nothing gives it a value".to_owned(),
                };
                found.push((
                    line_of(fence, &format!("{{{{{name}}}}}")),
                    format!("{{{{{name}}}}} is used in {}, and {reason}", fence.id),
                ));
            }
            if fence.kind == Kind::Sh {
                // A script that takes a block back has what that one saved: its variables are given when it runs.
                let is_known = |name: &str| known.contains(name) || saved.iter().any(|save| save.name == name);
                let wrong = shell::variables(&fence.body).into_iter().filter(|(_, name)| !is_known(name));
                found.extend(wrong.map(|(at, name)| {
                    (fence.line + at, format!("${name} is used in {}, and nothing gives it a value", fence.id))
                }));
            }
        };
    for fence in turns {
        for undo in undos.iter().filter(|undo| fence.undo.as_deref() == Some(&undo.id)) {
            look(undo, &known, &fence.save);
        }
        look(fence, &known, &[]);
        // A later block may name what one saves that is only run sometimes; it then has a condition too.
        known.extend(fence.save.iter().map(|save| save.name.as_str()));
    }
    let front = front_texts(runbook).flat_map(|(key, text)| names(text).into_iter().map(move |name| (key, name)));
    for (key, name) in front.filter(|(_, name)| !known.contains(name)) {
        found.push((runbook.front_line(key), format!("{{{{{name}}}}} is used in {key} and nothing gives it a value")));
    }
    found
}

/// Texts in front of the blocks in which values stand, with the key that they stand under.
fn front_texts(runbook: &Runbook) -> impl Iterator<Item = (&'static str, &str)> {
    let front = &runbook.front;
    let remarks = front.remarks.iter().flat_map(|remark| [remark.when.text.as_str(), remark.says.as_str()]);
    let when = front.escalate_when.iter().map(|when| ("escalate_when:", when.text.as_str()));
    remarks.map(|text| ("remarks:", text)).chain(when)
}

pub fn unused(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let used = |name: &str| {
        front_texts(runbook).any(|(_, text)| names(text).contains(&name))
            || runbook.fences.iter().any(|fence| {
                fence.texts().into_iter().flat_map(names).any(|used| used == name)
                    || fence.kind == Kind::Sh
                        && (mentions(&fence.body, &format!("${name}")) || fence.body.contains(&format!("${{{name}")))
            })
    };
    let guards = |name: &str| name == "session" && !runbook.front.guards.is_empty();
    let unused = runbook.front.parameters.keys().filter(|name| !used(name) && !guards(name));
    unused.map(|name| (runbook.front_line(&format!("{name}:")), format!("no block uses the parameter {name}"))).collect()
}

fn mentions(body: &str, variable: &str) -> bool {
    body.match_indices(variable)
        .any(|(at, _)| !body[at + variable.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

pub fn parameter(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for (name, parameter) in &runbook.front.parameters {
        let line = runbook.front_line(&format!("{name}:"));
        let mut say = |reason: String| found.push((line, format!("the parameter {name}: {reason}")));
        if !is_name(name) {
            say("its name must begin with a letter and be made of a-z, 0-9 and _".into());
        }
        if BUILT_IN.contains(&name.as_str()) {
            say("every run has a value of this name of itself".into());
        }
        if parameter.help.trim().is_empty() {
            say("it does not say what it is".into());
        }
        if (parameter.kind == Type::Choice) == parameter.values.is_empty() {
            say("a choice has `values`, and nothing else has".into());
        }
        if parameter.secret && parameter.default.is_some() {
            say("a secret has no default: a runbook is no place for one".into());
        }
        if let Some(Err(reason)) = parameter.default.as_ref().map(|default| parameter.check(default)) {
            say(format!("its default cannot be used: {reason}"));
        }
    }
    let saved = runbook.fences.iter().flat_map(|fence| fence.save.iter().map(move |save| (fence, &save.name)));
    for (fence, name) in saved {
        if runbook.front.parameters.contains_key(name) || BUILT_IN.contains(&name.as_str()) {
            found.push((fence.line, format!("{} saves {name}, which has a value already", fence.id)));
        }
    }
    found
}
