//! Rules on what blocks do: command lines of `wpp`, requests, queries.

use super::{Addressed, Found, Surroundings};
use crate::runbook::endpoints::{self, Server};
use crate::runbook::fence::{Fence, Kind, Part};
use crate::runbook::front::{Parameter, Type};
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

pub fn unattended(runbook: &Runbook, around: &Surroundings<'_>) -> Found {
    let asks = |words: &[String]| words[0] == "wpp" && (around.asks)(&filled(runbook, words, true)[1..]);
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
                let filled = |value: &dyn Fn(&str) -> &'static str| {
                    names(&request.body).into_iter().fold(request.body.clone(), |body, name| {
                        let sign = format!("{{{{{name}}}}}");
                        body.replace(&sign, value(name))
                    })
                };
                let is_json = |body: &str| serde_json::from_str::<serde_json::Value>(body).is_ok();
                let bare = |name: &str| match runbook.front.parameters.get(name) {
                    // Right in quotes, and outside of them no JSON, as most texts are none.
                    Some(parameter) if !parameter.is_json() => "x",
                    // What was saved may be a number; 1 is right in quotes and outside of them.
                    _ => "1",
                };
                if request.is_json() && !request.body.is_empty() && !is_json(&filled(&|_| "1")) {
                    found.push((fence.line + 1, "the body is no JSON".into()));
                } else if request.is_json() && !request.body.is_empty() && !is_json(&filled(&bare)) {
                    let texts: Vec<&str> = names(&request.body).into_iter().filter(|name| bare(name) == "x").collect();
                    found.push((
                        fence.line + 1,
                        format!(
                            "the body is no JSON once a text stands in it: put quotes around {{{{{}}}}}",
                            texts.join("}}, {{")
                        ),
                    ));
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
    for (line, Addressed { method, path, again }) in addressed(runbook, server) {
        if let Err(hint) = server.knows(&method, &path) {
            found.push((line, format!("{} has no {method} {path}{hint}", server.name)));
        } else if let Some(what) = server.only_once(&path).filter(|_| again) {
            found.push((line, format!("{path} is asked again and again: {what}")));
        }
    }
    for (_, line, words) in lines(runbook) {
        if let Some(reason) = server.lacks(&words) {
            found.push((line, reason.to_owned()));
        }
    }
    found
}

/// What a runbook asks of its server, with the line where it does: by its requests, and by curl in its scripts.
pub fn addressed(runbook: &Runbook, server: &Server) -> Vec<(usize, Addressed)> {
    let mut all = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Http) {
        let Ok(request) = Request::parse(&fence.body) else { continue };
        let path = match request.url.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
            Some((name, path)) if addresses(runbook, server).contains(&name) => path.to_owned(),
            Some(_) => continue,
            None => match literal(runbook, server, &request.url) {
                Some(path) => path,
                None => continue,
            },
        };
        all.push((fence.line + 1, Addressed { method: request.method, path, again: fence.retries > 0 }));
    }
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Sh) {
        for (at, line) in super::shell::code(&fence.body) {
            for words in super::shell::runs(&line, "curl") {
                let Some((method, path)) = asked(runbook, server, &words) else { continue };
                all.push((fence.line + at, Addressed { method, path, again: false }));
            }
        }
    }
    all
}

/// The parameters that are the server's address: each that is an address of anything, but for those of others.
fn addresses<'a>(runbook: &'a Runbook, server: &Server) -> Vec<&'a str> {
    let is = |(name, parameter): &(&String, &Parameter)| {
        (parameter.kind == Type::Url || name.as_str() == "url" || name.ends_with("_url"))
            && !server.others.contains(&name.as_str())
    };
    runbook.front.parameters.iter().filter(is).map(|(name, _)| name.as_str()).collect()
}

/// The path of an address that is written out, if it is one of the server: of this machine, at the port that a
/// parameter has when nobody gives another, or that such a server has.
fn literal(runbook: &Runbook, server: &Server, address: &str) -> Option<String> {
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = host.rsplit_once(':')?;
    let here = ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", server.name].contains(&name);
    let front = &runbook.front.parameters;
    let mut of_default = addresses(runbook, server).into_iter().filter_map(|name| front.get(name)?.default.as_ref());
    let known = port == server.port || of_default.any(|address| address.trim_end_matches('/').rsplit(':').next() == Some(port));
    (here && known).then(|| format!("/{path}"))
}

/// What a command line of curl asks of the server that the runbook is for: method and path.
fn asked(runbook: &Runbook, server: &Server, words: &[String]) -> Option<(String, String)> {
    let addresses = addresses(runbook, server);
    let path_of = |word: &String| {
        // The end of a `$( … )` that it stands in.
        let word = word.trim_end_matches([')', '`']);
        if let Some(rest) = word.strip_prefix('$') {
            let (name, path) = match rest.strip_prefix('{') {
                Some(rest) => rest.split_once('}')?,
                None => rest.split_at(rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())),
            };
            return addresses.contains(&name).then(|| path.to_owned());
        }
        literal(runbook, server, word)
    };
    let path = words.iter().skip(1).find_map(path_of).filter(|path| path.starts_with('/'))?;
    // What a variable of the script stands for is one part of the path, as a value is.
    let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('$') { "{{value}}" } else { part }).collect();
    let method = method_of(words);
    Some((method, parts.join("/"))).filter(|(method, _)| method != "HEAD" && !method.contains('$'))
}

/// The method that a command line of curl asks with.
fn method_of(words: &[String]) -> String {
    // Short options may stand together, such as `-fsSX POST`; others have a value of their own behind them.
    let cluster = |word: &str| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?.to_owned();
        let plain = letters.chars().take_while(|c| "fsSLkvigN".contains(*c)).count();
        Some(letters[plain..].to_owned())
    };
    let mut method = None;
    for (number, word) in words.iter().enumerate().skip(1) {
        let next = || words.get(number + 1).cloned();
        let option = cluster(word).unwrap_or_default();
        if word == "--request" || option == "X" {
            return next().unwrap_or_default();
        } else if let Some(joined) = option.strip_prefix('X').or_else(|| word.strip_prefix("--request=")) {
            return joined.to_owned();
        } else if option == "I" || word == "--head" {
            method = Some("HEAD");
        } else if option.starts_with(['d', 'F']) || ["--data", "--json", "--form"].iter().any(|flag| word.starts_with(flag)) {
            method = method.or(Some("POST"));
        }
    }
    method.unwrap_or("GET").to_owned()
}

/// The verb of a command line of `wpp` and the word after it, options left out.
fn verb(words: &[String]) -> (&str, &str) {
    let mut verbs = Vec::new();
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        if matches!(word.as_str(), "--session" | "-s" | "--format") {
            rest.next();
        } else if !word.starts_with('-') {
            verbs.push(word.as_str());
        }
    }
    (verbs.first().copied().unwrap_or_default(), verbs.get(1).copied().unwrap_or_default())
}

/// Whether a command line of `wpp` changes something, be it only that a message is sent.
fn changes(words: &[String]) -> bool {
    let has = |flag: &str| words.iter().any(|word| word == flag);
    if has("--dry-run") || has("--help") || has("--list") {
        return false;
    }
    match verb(words) {
        ("start" | "stop" | "restart" | "send" | "reset" | "restore" | "reauth" | "daemon", _) => true,
        ("backup", sub) => !matches!(sub, "list" | "show" | "verify" | "help"),
        ("doctor", _) => has("--fix"),
        ("outbound", sub) => matches!(sub, "pause" | "resume"),
        ("sync", sub) => matches!(sub, "start" | "stop"),
        ("webhook", sub) => matches!(sub, "test" | "enable" | "disable" | "retry"),
        ("plugin", sub) => matches!(sub, "add" | "remove" | "grant" | "revoke"),
        ("channel", sub) => sub == "send",
        ("dump", sub) => sub == "load",
        ("drill", sub) => matches!(sub, "run" | "inject"),
        ("runbook", sub) => matches!(sub, "run" | "resume" | "undo"),
        ("alert", sub) => matches!(sub, "run" | "test" | "ack"),
        ("schedule", sub) => matches!(sub, "run" | "install"),
        ("search", _) => has("--rebuild"),
        _ => false,
    }
}

/// Whether a line of a script changes something on the host.
fn changes_host(line: &str) -> Option<String> {
    const PROGRAMS: &[&str] = &[
        "rm",
        "mv",
        "kill",
        "pkill",
        "killall",
        "truncate",
        "dd",
        "reboot",
        "shutdown",
        "dropdb",
        "createdb",
        "pg_restore",
        "chmod",
        "chown",
        "mkfs",
    ];
    let verb_of = |program: &str, verbs: &[&str]| {
        super::shell::runs(line, program).find_map(|words| {
            let found = words.iter().skip(1).find(|word| verbs.contains(&word.as_str()))?;
            Some(format!("{program} {found}"))
        })
    };
    let service = ["start", "stop", "restart", "reload", "enable", "disable", "mask", "kill"];
    let container = ["up", "down", "start", "stop", "restart", "rm", "kill", "prune"];
    PROGRAMS
        .iter()
        .find(|program| super::shell::runs(line, program).next().is_some())
        .map(|program| (*program).to_owned())
        .or_else(|| verb_of("systemctl", &service))
        .or_else(|| verb_of("docker", &container))
}

pub fn prerequisite_acts(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let why = "acts, and under Prerequisites is only looked: nothing takes it back, and nothing was agreed to be begun";
    let mut found = Vec::new();
    for (fence, line, words) in lines(runbook) {
        if fence.part == Part::Prerequisites && changes(&words) {
            found.push((line, format!("`{}` {why}", words.join(" "))));
        }
    }
    for fence in runbook.part(Part::Prerequisites) {
        match fence.kind {
            Kind::Sh => {
                let acting =
                    |(at, line): (usize, String)| changes_host(&line).map(|what| (fence.line + at, format!("`{what}` {why}")));
                found.extend(super::shell::code(&fence.body).into_iter().filter_map(acting));
            }
            Kind::Http => {
                let method = Request::parse(&fence.body).map(|request| request.method).unwrap_or_else(|_| "GET".to_owned());
                // Much is asked by POST; what is written or removed by its method is not.
                if matches!(method.as_str(), "PUT" | "PATCH" | "DELETE") {
                    found.push((fence.line + 1, format!("{method} {why}")));
                }
            }
            Kind::Wpp | Kind::Sql | Kind::Manual => {}
        }
    }
    found
}

pub fn literal_secret(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Http) {
        let Ok(request) = Request::parse(&fence.body) else { continue };
        for (name, value) in &request.headers {
            let lower = name.to_ascii_lowercase();
            let is_key =
                ["authorization", "cookie", "key", "token", "secret", "password"].iter().any(|word| lower.contains(word));
            let said = ["Bearer ", "Basic ", "Token "].iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value);
            if is_key && !said.trim().is_empty() && names(said).is_empty() {
                let at = fence.body.lines().position(|line| line.trim_start().starts_with(name.as_str())).unwrap_or(0);
                found.push((
                    fence.line + 1 + at,
                    format!("what follows {name} stands in the file for everybody who reads it; make it a parameter with `secret: true`"),
                ));
            }
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

/// Options by which a line of `wpp` names the session that it is about.
fn session_of(words: &[String]) -> Option<&str> {
    let named = |flag: &str| {
        let at = words.iter().position(|word| word == flag)?;
        words.get(at + 1).map(String::as_str)
    };
    named("--session").or_else(|| named("-s")).or_else(|| words.iter().find_map(|word| word.strip_prefix("--session=")))
}

/// Whether a line of `wpp` shows what came back: it looks into an archive, or asks the session itself.
fn shows_restored(words: &[String], of: Option<&str>) -> bool {
    let same = match (session_of(words), of) {
        (Some(asked), Some(restored)) => asked == restored,
        _ => true,
    };
    match verb(words) {
        ("backup", "verify") | ("dump", "rehearse" | "check") => true,
        ("status" | "search" | "send" | "start" | "restart" | "doctor", _) => same,
        _ => false,
    }
}

/// Whether a block looks at what another one brought back. What it asks of a server, a database or a script is
/// its own matter; a script that only says something asks nothing.
fn looks_at_restored(later: &Fence, restored: &Fence) -> bool {
    if later.expect.is_any() || restores(later) {
        return false;
    }
    match later.kind {
        Kind::Wpp => {
            let lines = restored.command_lines().unwrap_or_default();
            let of = lines.iter().filter(|(_, words)| verb(words).0 == "restore").find_map(|(_, words)| session_of(words));
            later.command_lines().unwrap_or_default().iter().any(|(_, words)| shows_restored(words, of))
        }
        Kind::Sh => {
            let only_says = |line: &str| {
                ["echo", "printf", "true", ":", "exit", "set"].contains(&line.split_whitespace().next().unwrap_or_default())
            };
            super::shell::code(&later.body).iter().any(|(_, line)| !only_says(line))
        }
        Kind::Http | Kind::Sql => true,
        Kind::Manual => false,
    }
}

pub fn restore_unverified(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for (number, fence) in runbook.fences.iter().enumerate().filter(|(_, fence)| restores(fence)) {
        let verified =
            runbook.fences[number + 1..].iter().any(|later| looks_at_restored(later, fence) && !runbook.is_undo(&later.id));
        // What is verified after an undo is the Verification itself.
        let again = runbook.is_undo(&fence.id) || fence.part == Part::Rollback;
        let can_fail = runbook.part(Part::Verification).any(|later| looks_at_restored(later, fence));
        if !(verified || again && can_fail) {
            found.push((fence.line, format!("{} restores, and no block after it looks at what came back", fence.id)));
        }
    }
    found
}

/// What a line has to do with data that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// It looks whether a copy is whole.
    Verifies,
    /// It makes a copy.
    Copies,
    /// It removes something that may be an old copy.
    Removes,
    /// It removes data itself, of which only a copy is left.
    RemovesData,
}

/// What a block's lines do, with their lines in the file.
fn touches(fence: &Fence) -> Vec<(usize, Touch)> {
    match fence.kind {
        Kind::Wpp => {
            let lines = fence.command_lines().unwrap_or_default();
            let touch = |words: &[String]| {
                let has = |flag: &str| words.iter().any(|word| word == flag);
                match verb(words) {
                    _ if has("--dry-run") => None,
                    ("backup", "verify") => Some(Touch::Verifies),
                    ("backup", "prune") => Some(Touch::Removes),
                    ("backup", "list" | "show") => None,
                    ("backup", _) => Some(Touch::Copies),
                    ("dump", "rehearse" | "check") => Some(Touch::Verifies),
                    _ => None,
                }
            };
            lines.iter().filter_map(|(line, words)| touch(words).map(|touch| (*line, touch))).collect()
        }
        Kind::Sh => {
            let lines = super::shell::code(&fence.body);
            lines.iter().filter_map(|(at, line)| touches_of(line).map(|touch| (fence.line + at, touch))).collect()
        }
        Kind::Http | Kind::Sql | Kind::Manual => Vec::new(),
    }
}

fn touches_of(line: &str) -> Option<Touch> {
    let any = |words: &[&str]| words.iter().any(|word| line.contains(word));
    if any(&[
        "backup verify",
        "tar -t",
        "tar t",
        "pg_restore -l",
        "pg_restore --list",
        "sha256sum -c",
        "sha256sum --check",
        "quick_check",
        "integrity_check",
        "gzip -t",
        "zstd -t",
    ]) {
        return Some(Touch::Verifies);
    }
    let compose_down = super::shell::runs(line, "docker").any(|words| {
        let volumes = words.iter().any(|word| word == "-v" || word == "--volumes");
        volumes && words.iter().any(|word| word == "down")
            || words.iter().any(|word| word == "volume") && words.iter().any(|word| matches!(word.as_str(), "rm" | "prune"))
    });
    if compose_down || super::shell::runs(line, "dropdb").next().is_some() {
        return Some(Touch::RemovesData);
    }
    let data = ["data", "sessions", "auth", "volume", "postgres", "baileys", "/var/lib", ".db", ".sqlite"];
    let temporary = any(&["/tmp", "$temporary", "mktemp", "${temporary"]);
    if let Some(words) = super::shell::runs(line, "rm").next().filter(|_| !temporary) {
        let whole = words
            .iter()
            .any(|word| word == "--recursive" || word.starts_with('-') && !word.starts_with("--") && word.contains(['r', 'R']));
        let of_data = words.iter().skip(1).any(|word| !word.starts_with('-') && data.iter().any(|part| word.contains(part)));
        return Some(if whole && of_data { Touch::RemovesData } else { Touch::Removes });
    }
    if super::shell::runs(line, "find").next().is_some() && (line.contains("-delete") || line.contains("-exec rm")) && !temporary
    {
        return Some(Touch::Removes);
    }
    let tar = super::shell::runs(line, "tar").any(|words| {
        words.get(1).is_some_and(|flags| flags.trim_start_matches('-').contains('c') && !flags.starts_with("--"))
            || words.iter().any(|word| word == "--create")
    });
    let copies = any(&["pg_dump", "mysqldump", "redis-cli --rdb", ".backup ", "VACUUM INTO", "wpp backup"]);
    (tar || copies).then_some(Touch::Copies)
}

pub fn delete_before_verify(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let in_turn = Part::ALL.into_iter().flat_map(|part| runbook.part(part));
    let all: Vec<(&Fence, usize, Touch)> = in_turn
        .flat_map(|fence| {
            // Whatever a verification with expect=any answers is right, so it verifies nothing.
            let counts = move |touch: Touch| touch != Touch::Verifies || !fence.expect.is_any();
            touches(fence).into_iter().filter(move |(_, touch)| counts(*touch)).map(move |(line, touch)| (fence, line, touch))
        })
        .collect();
    let mut found = Vec::new();
    for (at, (fence, line, touch)) in all.iter().enumerate() {
        let verified = all[..at].iter().any(|(_, _, touch)| *touch == Touch::Verifies);
        let copied = all[..at].iter().any(|(_, _, touch)| *touch == Touch::Copies);
        let later = all[at + 1..].iter().any(|(_, _, touch)| matches!(touch, Touch::Verifies | Touch::Copies));
        let message = match touch {
            Touch::Removes if later && !verified => format!("{} removes before anything is verified", fence.id),
            Touch::Removes if copied && !verified => format!("{} removes before what was just made is verified", fence.id),
            Touch::RemovesData if !verified => format!("{} removes data, and no copy of it was verified before", fence.id),
            _ => continue,
        };
        found.push((*line, message));
    }
    found
}
