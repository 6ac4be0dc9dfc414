//! Rules on what blocks do: command lines of `wpp`, requests, queries.

use super::{Found, Surroundings};
use crate::runbook::endpoints;
use crate::runbook::fence::{Fence, Kind, Part};
use crate::runbook::front::Type;
use crate::runbook::parse::Runbook;
use crate::runbook::query;
use crate::runbook::steps::{Request, may_run};
use crate::runbook::values::names;

/// A value for every name, so that a line can be parsed: the parameter's default, or one of its type.
fn example(runbook: &Runbook, name: &str, defaults: bool) -> String {
    let Some(parameter) = runbook.front.parameters.get(name) else {
        return match name {
            "session" => "main".into(),
            "home" | "evidence" => "/tmp/example".into(),
            "today" => "20260101".into(),
            // Saved values: a digit is a name, a number and a text.
            _ => "1".into(),
        };
    };
    if let Some(default) = parameter.default.as_ref().filter(|_| defaults) {
        return default.clone();
    }
    match parameter.kind {
        Type::Text => "15550100001".into(),
        Type::Integer | Type::Number => "1".into(),
        Type::Boolean => "true".into(),
        Type::Duration => "1m".into(),
        Type::Url => "http://127.0.0.1:1".into(),
        Type::Path => "/tmp/example".into(),
        Type::Session => "main".into(),
        Type::Choice => parameter.values.first().cloned().unwrap_or_default(),
    }
}

fn filled(runbook: &Runbook, words: &[String], defaults: bool) -> Vec<String> {
    let fill = |word: &String| {
        let put = |word: String, name: &str| word.replace(&format!("{{{{{name}}}}}"), &example(runbook, name, defaults));
        names(word).into_iter().fold(word.clone(), put)
    };
    words.iter().map(fill).collect()
}

/// Command lines of `wpp` with where they stand.
fn lines(runbook: &Runbook) -> impl Iterator<Item = (&Fence, usize, Vec<String>)> {
    runbook.fences.iter().filter(|fence| fence.kind == Kind::Wpp).flat_map(|fence| {
        let lines = fence.command_lines().unwrap_or_default();
        lines.into_iter().map(move |(line, words)| (fence, line, words))
    })
}

pub fn command(runbook: &Runbook, around: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Wpp) {
        if let Err((line, reason)) = fence.command_lines() {
            found.push((line, reason));
        }
    }
    for (_, line, words) in lines(runbook) {
        if words[0] != "wpp" {
            found.push((line, format!("{:?} is no line of wpp; every line of the block begins with wpp", words[0])));
            continue;
        }
        if let Err(reason) = may_run(&words) {
            found.push((line, reason));
            continue;
        }
        let endless = ["--follow", "--watch"].into_iter().find(|flag| words.iter().any(|word| word == flag));
        if let Some(flag) = endless {
            found.push((line, format!("{flag} does not end")));
        }
        // A default may say that there is none, where the line is then not run.
        let example = filled(runbook, &words, false);
        let words = filled(runbook, &words, true);
        if let Err(reason) = (around.parses)(&words[1..])
            && (around.parses)(&example[1..]).is_err()
        {
            found.push((line, format!("`{}`: {reason}", words.join(" "))));
        }
    }
    found
}

pub fn unattended(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let asks = |words: &[String]| {
        let has = |flag: &str| words.iter().any(|word| word == flag);
        let verb = words.get(1).map(String::as_str).unwrap_or_default();
        let destroys =
            matches!(verb, "restore" | "reset") || verb == "doctor" && has("--fix") || verb == "backup" && has("prune");
        destroys && !has("--yes") && !has("--dry-run") && !has("--help")
    };
    lines(runbook)
        .filter(|(_, _, words)| asks(words))
        .map(|(_, line, words)| {
            (line, format!("`{}` asks, and nobody is there inside of a run: give --yes or --dry-run", words.join(" ")))
        })
        .collect()
}

pub fn request(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Http) {
        match Request::parse(&fence.body) {
            Err(reason) => found.push((fence.line + 1, reason)),
            Ok(request) => {
                if !request.url.starts_with("{{") && !request.url.starts_with("http://") && !request.url.starts_with("https://") {
                    found.push((fence.line + 1, format!("{:?} begins with no scheme and no parameter", request.url)));
                }
                let body = names(&request.body).into_iter().fold(request.body.clone(), |body, name| {
                    let sign = format!("{{{{{name}}}}}");
                    // A value may stand in quotes or be a number of its own; 1 is right in both.
                    body.replace(&sign, "1")
                });
                if request.is_json() && !body.is_empty() && serde_json::from_str::<serde_json::Value>(&body).is_err() {
                    found.push((fence.line + 1, "the body is no JSON".into()));
                }
            }
        }
    }
    found
}

pub fn queries(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Sql) {
        if let Err((line, reason)) = query::one(&fence.body) {
            found.push((fence.line + 1 + line, reason));
        }
        for line in query::quoted_names(&fence.body) {
            let reason = "a value stands in quotes; without them it is bound, and no text of the query";
            found.push((fence.line + 1 + line, reason.into()));
        }
        let secret = names(&fence.body)
            .into_iter()
            .find(|name| runbook.front.parameters.get(*name).is_some_and(|parameter| parameter.secret));
        if let Some(name) = secret {
            found.push((fence.line, format!("the secret {name} may not stand in a query")));
        }
    }
    found
}

pub fn endpoint(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let Some(server) = endpoints::of(&runbook.front.applies_to) else { return Vec::new() };
    let mut found = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Http) {
        let Ok(request) = Request::parse(&fence.body) else { continue };
        // Another parameter may be the address of another server.
        let Some((name, path)) = request.url.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) else { continue };
        if !["url", "sidecar_url"].contains(&name) && name != format!("{}_url", server.name) {
            continue;
        }
        if let Err(hint) = server.knows(&request.method, path) {
            found.push((fence.line + 1, format!("{} has no {} {path}{hint}", server.name, request.method)));
        } else if let Some(what) = server.only_once(path).filter(|_| fence.retries > 0) {
            found.push((fence.line + 1, format!("{path} is asked again and again: {what}")));
        }
    }
    for (_, line, words) in lines(runbook) {
        if let Some(reason) = server.lacks(&words) {
            found.push((line, reason.to_owned()));
        }
    }
    found
}

/// Whether a block puts old data in the place of what is there.
fn restores(fence: &Fence) -> bool {
    match fence.kind {
        Kind::Wpp => {
            let lines = fence.command_lines().unwrap_or_default();
            lines.iter().any(|(_, words)| {
                words.get(1).is_some_and(|verb| verb == "restore") && !words.iter().any(|word| word == "--dry-run")
            })
        }
        Kind::Sh => {
            let script = super::shell::code(&fence.body);
            ["pg_restore", "psql", "wpp restore"].iter().any(|word| {
                script
                    .iter()
                    .any(|(_, line)| line.contains(word) && (*word != "psql" || line.contains('<') || line.contains(" -f")))
            }) || script.iter().any(|(_, line)| line.contains("cp ") && line.to_ascii_lowercase().contains("restore"))
        }
        _ => false,
    }
}

pub fn restore_unverified(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for (number, fence) in runbook.fences.iter().enumerate().filter(|(_, fence)| restores(fence)) {
        let verified = runbook.fences[number + 1..]
            .iter()
            .any(|later| !later.expect.is_any() && !restores(later) && later.kind != Kind::Manual && !runbook.is_undo(&later.id));
        // What is verified after an undo is the Verification itself.
        let again = runbook.is_undo(&fence.id) || fence.part == Part::Rollback;
        let can_fail = runbook.part(Part::Verification).any(|fence| !fence.expect.is_any());
        if !(verified || again && can_fail) {
            found.push((fence.line, format!("{} restores, and no block after it verifies what came back", fence.id)));
        }
    }
    found
}

/// Whether a block removes data, and whether it verifies something.
fn removes(fence: &Fence) -> Option<usize> {
    match fence.kind {
        Kind::Wpp => {
            let lines = fence.command_lines().unwrap_or_default();
            lines
                .iter()
                .find(|(_, words)| {
                    words.get(1..3).is_some_and(|verb| verb == ["backup", "prune"])
                        && !words.iter().any(|word| word == "--dry-run")
                })
                .map(|(line, _)| *line)
        }
        Kind::Sh => super::shell::code(&fence.body).iter().find(|(_, line)| removes_backups(line)).map(|(at, _)| fence.line + at),
        _ => None,
    }
}

fn removes_backups(line: &str) -> bool {
    let find = line.contains("find ") && (line.contains("-delete") || line.contains("-exec rm"));
    let remove = ["rm -r", "rm -f", "rm -rf", "rm \""].iter().any(|word| line.contains(word));
    find || remove && !line.contains("/tmp") && !line.contains("$temporary") && !line.contains("mktemp")
}

fn verifies(line: &str) -> bool {
    [
        "backup verify",
        "tar -t",
        "pg_restore -l",
        "pg_restore --list",
        "sha256sum -c",
        "sha256sum --check",
        "quick_check",
        "integrity_check",
        "gzip -t",
    ]
    .iter()
    .any(|word| line.contains(word))
}

pub fn delete_before_verify(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    let in_turn: Vec<&Fence> = Part::ALL.into_iter().flat_map(|part| runbook.part(part)).collect();
    let checks: Vec<(usize, usize)> = in_turn
        .iter()
        .enumerate()
        .flat_map(|(number, fence)| {
            super::shell::code(&fence.body)
                .into_iter()
                .filter(|(_, line)| verifies(line))
                .map(move |(at, _)| (number, fence.line + at))
        })
        .collect();
    for (number, fence) in in_turn.iter().enumerate() {
        if let Some(line) = removes(fence) {
            let before = checks.iter().any(|(at, place)| (*at, *place) < (number, line));
            let after = checks.iter().any(|(at, place)| (*at, *place) > (number, line));
            if after && !before {
                found.push((line, format!("{} removes before anything is verified", fence.id)));
            }
        }
    }
    found
}
