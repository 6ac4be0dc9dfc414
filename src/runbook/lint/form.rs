//! Rules on the form of the document and on how its blocks name each other.

use super::{Found, Surroundings};
use crate::runbook::fence::{Kind, Part};
use crate::runbook::front;
use crate::runbook::parse::{Aside, HEADINGS, Runbook};

pub fn file_name(runbook: &Runbook, around: &Surroundings<'_>) -> Found {
    let id = &runbook.front.id;
    let wrong = !around.id.is_empty() && id != around.id;
    wrong
        .then(|| (runbook.front_line("id:"), format!("the id is {id}, and the file is called {}", around.id)))
        .into_iter()
        .collect()
}

pub fn headings(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let there: Vec<&str> = runbook.headings.iter().map(|heading| heading.title.as_str()).collect();
    if there == HEADINGS {
        return Vec::new();
    }
    let missing = HEADINGS.iter().filter(|heading| !there.contains(heading));
    let mut found: Found = missing.map(|heading| (1, format!("the heading `## {heading}` is missing"))).collect();
    for (number, heading) in runbook.headings.iter().enumerate() {
        if !HEADINGS.contains(&heading.title.as_str()) {
            found.push((heading.line, format!("`## {}` is none of the six headings: {}", heading.title, HEADINGS.join(", "))));
        } else if there[..number].contains(&heading.title.as_str()) {
            found.push((heading.line, format!("the heading `## {}` stands here a second time", heading.title)));
        }
    }
    if found.is_empty() {
        found.push((
            runbook.headings.first().map_or(1, |first| first.line),
            format!("the headings are not in the order {}", HEADINGS.join(", ")),
        ));
    }
    found
}

pub fn duplicate_id(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let twice = |number: usize| runbook.fences[..number].iter().find(|earlier| earlier.id == runbook.fences[number].id);
    (0..runbook.fences.len())
        .filter_map(|number| twice(number).map(|earlier| (&runbook.fences[number], earlier)))
        .map(|(fence, earlier)| (fence.line, format!("the block in line {} is called {} too", earlier.line, fence.id)))
        .collect()
}

pub fn undo(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for fence in &runbook.fences {
        let Some(undo) = &fence.undo else { continue };
        if fence.part != Part::Steps {
            found.push((fence.line, format!("{} has an undo, and only what stands under Steps is taken back", fence.id)));
        }
        match runbook.fence(undo) {
            None => found.push((fence.line, format!("{} is taken back by {undo}, and there is no such block", fence.id))),
            Some(other) if other.id == fence.id => found.push((fence.line, format!("{} is to take itself back", fence.id))),
            Some(other) if other.undo.is_some() => {
                found.push((other.line, format!("{undo} takes {} back, and cannot be taken back itself", fence.id)));
            }
            Some(_) => {}
        }
    }
    found
}

pub fn when(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for (number, fence) in runbook.fences.iter().enumerate() {
        for step in fence.when.iter().flat_map(|when| when.steps()) {
            let reason = match runbook.fences.iter().position(|other| other.id == *step) {
                None => "there is no such block",
                Some(_) if runbook.is_undo(step) => "that block takes another one back and has no turn",
                Some(at) if at >= number => "that block has its turn later",
                Some(_) => continue,
            };
            found.push((fence.line, format!("the condition of {} names {step}, and {reason}", fence.id)));
        }
    }
    let front = &runbook.front;
    let remarks = front.remarks.iter().map(|remark| ("remarks:", &remark.when));
    for (key, when) in remarks.chain(front.escalate_when.iter().map(|when| ("escalate_when:", when))) {
        for step in when.condition.steps() {
            let reason = match runbook.fence(step) {
                None => "there is no such block",
                Some(_) if runbook.is_undo(step) => "that block takes another one back and has no turn",
                Some(_) => continue,
            };
            found.push((runbook.front_line(key), format!("a condition in {key} names {step}, and {reason}")));
        }
    }
    found
}

pub fn verification(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let line = runbook.headings.iter().find(|heading| heading.title == "Verification").map_or(1, |heading| heading.line);
    let can_fail = runbook.part(Part::Verification).any(|fence| !fence.expect.is_any());
    if can_fail { Vec::new() } else { vec![(line, "no block under Verification can fail, so it verifies nothing".into())] }
}

pub fn rollback(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let Some(heading) = runbook.headings.iter().find(|heading| heading.title == "Rollback") else { return Vec::new() };
    let there = heading.words > 0 || runbook.part(Part::Rollback).next().is_some();
    if there {
        Vec::new()
    } else {
        vec![(heading.line, "it says neither how things are taken back nor why they cannot be".into())]
    }
}

/// What a block that is text should have been, by its first word.
fn meant(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "bash" | "shell" | "zsh" | "ksh" | "dash" | "ash" | "shell-session" | "shellsession" | "sh-session" | "console"
        | "terminal" => Some("sh"),
        "psql" | "postgres" | "postgresql" | "sqlite" | "sqlite3" | "mysql" => Some("sql"),
        "https" | "rest" | "curl" => Some("http"),
        _ => Kind::ALL.into_iter().map(Kind::name).find(|name| *name == word),
    }
}

pub fn never_run(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let attributes = ["id=", "expect=", "undo=", "when=", "save=", "retries=", "timeout=", "every="];
    let looks = |aside: &Aside| {
        let mut words = aside.info.split_whitespace();
        let first = words.next().unwrap_or_default();
        let instead = meant(first);
        let has_attributes =
            aside.info.split_whitespace().any(|word| attributes.iter().any(|attribute| word.starts_with(attribute)));
        // A session of the console shows what is answered, too, and so reads as an example.
        let example = matches!(first, "console" | "terminal" | "shell-session" | "shellsession" | "sh-session");
        let begins =
            aside.body.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
        let commands =
            first.is_empty() && ["wpp ", "curl ", "docker ", "systemctl ", "sudo "].iter().any(|word| begins.starts_with(word));
        if has_attributes || aside.among_steps && instead.is_some() && !example {
            let what = if first.is_empty() || first.contains('=') {
                "a block without a kind".into()
            } else {
                format!("a block of {first:?}")
            };
            let kind = instead.unwrap_or("wpp, http, sh, sql or manual");
            return Some(format!(
                "{what} is never run, as none of the kinds is called so; write {kind}, or text where it is only to be read"
            ));
        }
        (aside.among_steps && commands).then(|| {
            let kind = if begins.starts_with("wpp ") { "wpp" } else { "sh" };
            format!("a block without a kind is never run; write {kind} and an id, or text where it is only to be read")
        })
    };
    runbook.asides.iter().filter_map(|aside| looks(aside).map(|message| (aside.line, message))).collect()
}

pub fn empty_heading(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let empty = runbook.headings.iter().filter(|heading| {
        let blocks = Part::ALL
            .into_iter()
            .filter(|part| part.heading() == heading.title)
            .any(|part| runbook.fences.iter().any(|fence| fence.part == part));
        heading.words == 0 && !blocks && heading.title != "Rollback"
    });
    empty.map(|heading| (heading.line, format!("nothing stands below `## {}`", heading.title))).collect()
}

pub fn front(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let front = &runbook.front;
    let mut found = Vec::new();
    if front.sandbox && front.kind != front::Kind::Drill {
        found.push((runbook.front_line("sandbox:"), "only a drill runs in a sandbox".into()));
    }
    if front.title.trim().is_empty() {
        found.push((runbook.front_line("title:"), "the title is empty".into()));
    }
    if front.schedule.is_none() {
        for (name, there) in [("time_zone", front.time_zone.is_some()), ("notify_before", front.notify_before.is_some())] {
            if there {
                found.push((runbook.front_line(name), format!("{name} says something of a schedule, and there is none")));
            }
        }
    }
    if front.sandbox && runbook.fences.iter().any(|fence| fence.kind == Kind::Manual) {
        let line = runbook.fences.iter().find(|fence| fence.kind == Kind::Manual).map_or(1, |fence| fence.line);
        found.push((line, "a drill in a sandbox asks nobody".into()));
    }
    found
}
