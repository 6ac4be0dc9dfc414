//! Rules on the form of the document and on how its blocks name each other.

use super::{Found, Surroundings};
use crate::runbook::fence::{Kind, Part};
use crate::runbook::front;
use crate::runbook::parse::{HEADINGS, Runbook};

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
