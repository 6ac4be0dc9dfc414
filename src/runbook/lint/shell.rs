//! Rules on scripts: what made the runbooks that operators came from fail in silence.

use std::collections::BTreeSet;

use super::{Found, Surroundings};
use crate::runbook::fence::{Fence, Kind, Part};
use crate::runbook::parse::Runbook;
use crate::runbook::values::names;

/// The lines of a script without comments and with continued lines joined; each with its place in the
/// body, counted from 1.
pub fn code(body: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(body.lines()) {
        let (text, goes_on) = line.trim().strip_suffix('\\').map_or((line.trim(), false), |text| (text, true));
        let text = without_comment(text);
        match lines.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(text.trim());
            }
            None => lines.push((number, text.trim().to_owned())),
        }
        open = goes_on;
    }
    lines.retain(|(_, line)| !line.is_empty());
    lines
}

fn without_comment(line: &str) -> &str {
    let (mut single, mut double) = (false, false);
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match c {
            '\'' if !double => single = !single,
            '"' if !single && before != '\\' => double = !double,
            '#' if !single && !double && before.is_whitespace() => return &line[..at],
            _ => {}
        }
        before = c;
    }
    line
}

fn scripts(runbook: &Runbook) -> impl Iterator<Item = (&Fence, Vec<(usize, String)>)> {
    runbook.fences.iter().filter(|fence| fence.kind == Kind::Sh).map(|fence| (fence, code(&fence.body)))
}

/// The lines of all scripts on which `wrong` says something.
fn each(runbook: &Runbook, wrong: impl Fn(&str) -> Option<String>) -> Found {
    let found = scripts(runbook).flat_map(|(fence, lines)| {
        lines.into_iter().filter_map(|(at, line)| wrong(&line).map(|message| (fence.line + at, message))).collect::<Vec<_>>()
    });
    found.collect()
}

/// Simple commands of a line: what stands between `;`, `&&`, `||` and `|`, outside of quotes.
fn commands(line: &str) -> Vec<String> {
    let (mut found, mut current) = (Vec::new(), String::new());
    let (mut single, mut double) = (false, false);
    for c in line.chars() {
        match c {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            ';' | '|' | '&' if !single && !double => {
                found.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    found.push(current);
    let words = ["if ", "then ", "else ", "elif ", "while ", "until ", "do ", "! ", "{ ", "( "];
    found
        .iter()
        .map(|command| {
            let mut command = command.trim();
            while let Some(rest) = words.iter().find_map(|word| command.strip_prefix(word)) {
                command = rest.trim_start();
            }
            command.trim_start_matches('(').trim().to_owned()
        })
        .filter(|command| !command.is_empty())
        .collect()
}

/// A line's commands that run this program, each as its words.
pub fn runs<'a>(line: &'a str, program: &'a str) -> impl Iterator<Item = Vec<String>> + 'a {
    commands(line).into_iter().filter_map(move |command| {
        let words: Vec<String> =
            shlex::split(&command).unwrap_or_else(|| command.split_whitespace().map(str::to_owned).collect());
        let assigned = words
            .iter()
            .take_while(|word| {
                word.split_once('=')
                    .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
            })
            .count();
        // Within $( … ) a program stands after the bracket.
        let at = words.iter().position(|word| word.rsplit(['(', '`', '/']).next() == Some(program));
        at.filter(|at| *at == assigned || words[*at].contains(['(', '`'])).map(|at| words[at..].to_vec())
    })
}

/// What the shell or the system gives a value to.
const GIVEN: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "LANG",
    "TERM",
    "HOSTNAME",
    "IFS",
    "UID",
    "EUID",
    "PPID",
    "OPTARG",
    "OPTIND",
    "LINENO",
    "EDITOR",
    "XDG_RUNTIME_DIR",
];

/// Variables that a script reads and nowhere sets, each at the line where it first does, counted from 1. What
/// has a default (`${name:-…}`) may be unset, and what stands in single quotes is no variable.
pub fn variables(body: &str) -> Vec<(usize, String)> {
    let mut set: BTreeSet<String> = BTreeSet::new();
    let name_of = |text: &str| -> String { text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect() };
    for (_, line) in code(body) {
        for command in commands(&line) {
            let words: Vec<&str> = command.split_whitespace().collect();
            match words.first() {
                Some(&("for" | "select")) => set.extend(words.get(1).map(|word| name_of(word))),
                Some(&"read") => set.extend(words[1..].iter().map(|word| name_of(word))),
                _ => {}
            }
            // `while read -r a b`, and `IFS= read a`.
            if let Some(at) = words.iter().position(|word| *word == "read") {
                set.extend(words[at + 1..].iter().map(|word| name_of(word)));
            }
            // Also behind `export`, `local`, within `$( … )` and after another assignment.
            set.extend(words.iter().filter_map(|word| {
                let (name, _) = word.split_once('=')?;
                let name = name.trim_start_matches(['(', '$', '{', '"', '`']);
                (!name.is_empty() && name_of(name) == name).then(|| name.to_owned())
            }));
        }
    }
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut single, mut double, mut line) = (false, false, 1);
    // Behind `<<'END'` nothing is a variable up to that line.
    let mut verbatim_until: Option<String> = None;
    let mut at_line_start = true;
    let bytes: Vec<char> = body.chars().collect();
    let mut at = 0;
    while at < bytes.len() {
        if at_line_start {
            at_line_start = false;
            let text: String = bytes[at..].iter().take_while(|c| **c != '\n').collect();
            if let Some(end) = &verbatim_until {
                let ends = text.trim() == end.as_str();
                at += text.chars().count();
                if ends {
                    verbatim_until = None;
                }
                continue;
            }
            if !single && !double {
                let code = without_comment(&text);
                if let Some((_, rest)) = code.split_once("<<'").or_else(|| code.split_once("<<-'")) {
                    verbatim_until = rest.split_once('\'').map(|(end, _)| end.to_owned());
                }
            }
        }
        match bytes[at] {
            '\n' => {
                line += 1;
                at_line_start = true;
            }
            '\\' if !single => at += 1,
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '#' if !single && !double && (at == 0 || bytes[at - 1].is_whitespace()) => {
                while bytes.get(at + 1).is_some_and(|c| *c != '\n') {
                    at += 1;
                }
            }
            '$' if !single => {
                let rest: String = bytes[at + 1..].iter().take(80).collect();
                let (text, braced) = rest.strip_prefix('{').map_or((rest.as_str(), false), |text| (text, true));
                let text = if braced { text.trim_start_matches('#') } else { text };
                let name = name_of(text);
                let behind = &text[name.len()..];
                let has_default =
                    braced && [":-", "-", ":+", "+", ":=", "=", ":?", "?"].iter().any(|sign| behind.starts_with(sign));
                let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                let known = set.contains(&name) || GIVEN.contains(&name.as_str()) || name.starts_with("WPP_");
                if is_name && !has_default && !known && !found.iter().any(|(_, seen)| *seen == name) {
                    found.push((line, name));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

pub fn braces(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Sh) {
        for (number, line) in (1..).zip(fence.body.lines()) {
            if let Some(name) = names(line).first() {
                found.push((fence.line + number, format!("{{{{{name}}}}} is no value in a script; write \"${name}\"")));
            }
        }
    }
    found
}

/// What stands in quotes and looks like a pattern of names.
fn quoted_pattern(text: &str) -> Option<&str> {
    let quoted = text.split('"').skip(1).step_by(2).chain(text.split('\'').skip(1).step_by(2));
    quoted.filter(|part| part.contains('/') || part.starts_with(['*', '?'])).find(|part| part.contains(['*', '?']))
}

/// Programs that take names of files as they are told them.
const OF_FILES: &[&str] =
    &["cp", "mv", "rm", "ls", "cat", "chmod", "chown", "stat", "du", "gzip", "gunzip", "zstd", "sha256sum", "shred"];

pub fn quoted_glob(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    each(runbook, |line| {
        commands(line).iter().find_map(|command| {
            if let Some((_, list)) = command.strip_prefix("for ").and_then(|rest| rest.split_once(" in ")) {
                let pattern = quoted_pattern(list)?;
                return Some(format!(
                    "\"{pattern}\" is one word as it stands, as the pattern is in quotes: the loop runs once, with that word"
                ));
            }
            if OF_FILES.contains(&command.split_whitespace().next().unwrap_or_default()) {
                let pattern = quoted_pattern(command)?;
                return Some(format!("\"{pattern}\" is taken as it stands, as the pattern is in quotes: no file is called so"));
            }
            let inside =
                command.strip_prefix("[[ ").or_else(|| command.strip_prefix("[ ")).or_else(|| command.strip_prefix("test "))?;
            let mut words = inside.split_whitespace();
            let tests_file = words.next().is_some_and(|word| {
                matches!(word.trim_start_matches("! "), "-f" | "-e" | "-d" | "-s" | "-r" | "-w" | "-x" | "!")
            });
            let quoted = inside
                .split('"')
                .skip(1)
                .step_by(2)
                .chain(inside.split('\'').skip(1).step_by(2))
                .find(|part| part.contains(['*', '?']));
            let pattern = quoted.filter(|_| tests_file)?;
            Some(format!("\"{pattern}\" is taken as it stands, as the pattern is in quotes: the test never holds"))
        })
    })
}

/// Whether each line of a script is run whatever the lines before it answered: it stands in no loop, no
/// condition and no function.
fn at_top(lines: &[(usize, String)]) -> Vec<bool> {
    let mut depth = 0_i32;
    let mut at_top = Vec::new();
    for (_, line) in lines {
        let first = line.split_whitespace().next().unwrap_or_default();
        if matches!(first, "fi" | "done" | "esac" | "}" | ")") {
            depth -= 1;
        }
        at_top.push(depth == 0);
        let opens = matches!(first, "if" | "for" | "while" | "until" | "case") || line.ends_with('{') || line == "(";
        let closes_itself = ["; fi", "; done", ";; esac", "; }"].iter().any(|end| line.ends_with(end))
            || line.contains("; fi ")
            || line.contains("; done ");
        if opens && !closes_itself {
            depth += 1;
        }
    }
    at_top
}

/// Whether a line, whatever else there is, stops the machine that the script runs on.
fn stops_machine(line: &str) -> bool {
    let bare = commands(line).into_iter().map(|command| command.trim_start_matches("sudo ").trim().to_owned());
    bare.into_iter().any(|command| {
        let words: Vec<&str> = command.split_whitespace().collect();
        let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
        match program {
            "reboot" | "poweroff" | "halt" => !words.contains(&"--help"),
            // `-c` takes one back, and `-k` only says it.
            "shutdown" => !words.iter().any(|word| matches!(*word, "-c" | "-k" | "--show" | "--help")),
            "systemctl" => words.iter().any(|word| matches!(*word, "reboot" | "poweroff" | "halt" | "kexec")),
            _ => false,
        }
    })
}

pub fn unreachable(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    let in_turn: Vec<&Fence> = Part::ALL.into_iter().flat_map(|part| runbook.part(part)).collect();
    for (fence, lines) in scripts(runbook) {
        let at_top = at_top(&lines);
        for (number, (at, line)) in lines.iter().enumerate() {
            let first = line.split_whitespace().next().unwrap_or_default();
            let stops = stops_machine(line);
            let ends = matches!(first, "exit" | "exec") || line == "return" || stops;
            let bound = line.contains("&&") || line.contains("||");
            let redirects = first == "exec" && line.split_whitespace().nth(1).is_none_or(|word| word.contains(['<', '>']));
            if !at_top[number] || !ends || bound || redirects {
                continue;
            }
            if let Some((next, _)) = lines.get(number + 1) {
                found.push((fence.line + next, format!("it is never reached: line {} ends the script", fence.line + at)));
                break;
            }
            // With the machine the run is gone, too.
            let always = stops && fence.when.is_none();
            let place = in_turn.iter().position(|other| other.id == fence.id).filter(|_| always && !runbook.is_undo(&fence.id));
            if let Some(next) = place.and_then(|place| in_turn.get(place + 1)) {
                found.push((next.line, format!("it is never reached: {} stops the machine that the run is on", fence.id)));
            }
        }
    }
    found
}

pub fn always_fails(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let in_turn: Vec<&Fence> = Part::ALL.into_iter().flat_map(|part| runbook.part(part)).collect();
    let mut found = Vec::new();
    for (number, fence) in in_turn.iter().enumerate() {
        let may_fail = fence
            .attributes
            .iter()
            .any(|(name, value)| name == "when" || name == "expect" && (value == "any" || value.contains("exit=")));
        if fence.kind != Kind::Sh || may_fail || fence.part == Part::Rollback {
            continue;
        }
        let lines = code(&fence.body);
        let at_top = at_top(&lines);
        let fails = |line: &str| {
            let code = line.strip_prefix("exit ").map(str::trim).and_then(|code| code.parse::<u8>().ok());
            line == "false" || code.is_some_and(|code| code != 0)
        };
        let Some((at, _)) = lines.iter().zip(&at_top).find(|((_, line), top)| **top && fails(line)).map(|(line, _)| line) else {
            continue;
        };
        // A later block of the part may be there for its failure.
        let handles = |later: &&&Fence| later.when.as_ref().is_some_and(|when| when.failures().contains(fence.id.as_str()));
        let (handled, after): (Vec<&&Fence>, Vec<&&Fence>) =
            in_turn[number + 1..].iter().partition(|later| later.part == fence.part && handles(later));
        if let Some(next) = after.first().filter(|_| handled.is_empty()) {
            found.push((
                fence.line + at,
                format!("{} fails whatever there is, so that {} and what follows is never run", fence.id, next.id),
            ));
        }
    }
    found
}

pub fn curl_fail(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    each(runbook, |line| {
        runs(line, "curl").find_map(|words| {
            let short = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.contains('f');
            let fails = words.iter().any(|word| short(word) || word == "--fail" || word == "--fail-with-body");
            let reads_status = words.iter().any(|word| word.contains("http_code") || word.contains("response_code"));
            (!fails && !reads_status)
                .then(|| "curl exits with 0 whatever the server answers; give --fail, or use an http block".to_owned())
        })
    })
}

pub fn insecure(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    each(runbook, |line| {
        let curl = runs(line, "curl").any(|words| {
            words
                .iter()
                .any(|word| word == "--insecure" || word.starts_with('-') && !word.starts_with("--") && word.contains('k'))
        });
        let wget = runs(line, "wget").any(|words| words.iter().any(|word| word == "--no-check-certificate"));
        (curl || wget).then(|| "certificates are not verified, so anybody may have answered".to_owned())
    })
}

pub fn sleep(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let mut found = Vec::new();
    for (fence, lines) in scripts(runbook) {
        let mut loops = 0_i32;
        for (at, line) in lines {
            let first = line.split_whitespace().next().unwrap_or_default();
            if matches!(first, "while" | "until" | "for") && !line.ends_with("done") {
                loops += 1;
            }
            // In a loop it is the pause between tries.
            if loops == 0
                && !line.contains("while ")
                && !line.contains("until ")
                && !line.contains("for ")
                && runs(&line, "sleep").next().is_some()
            {
                found.push((
                    fence.line + at,
                    "it waits and hopes; ask again with retries=… every=… in the block that looks".to_owned(),
                ));
            }
            if line.starts_with("done") {
                loops -= 1;
            }
        }
    }
    found
}

pub fn secret_argument(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    let secrets: Vec<&str> =
        runbook.front.parameters.iter().filter(|(_, parameter)| parameter.secret).map(|(name, _)| name.as_str()).collect();
    let mut found = each(runbook, |line| {
        // What the shell itself prints is no argument of a program.
        let of_programs = commands(line).into_iter().filter(|command| {
            !command.starts_with("printf ") && !command.starts_with("echo ") && !command.starts_with("export ")
        });
        let of_programs: Vec<String> = of_programs.filter(|command| command.contains(' ')).collect();
        let named = |command: &String| {
            secrets
                .iter()
                .find(|name| command.contains(&format!("${name}")) || command.contains(&format!("${{{name}")))
                .map(|name| format!("the secret {name}"))
        };
        let looks = |command: &String| {
            let words = ["Bearer ", "X-API-Key:", "--password=", "--token=", "PGPASSWORD="];
            let literal =
                words.iter().find(|word| command.split_once(**word).is_some_and(|(_, rest)| !rest.trim_start().is_empty()));
            literal.filter(|word| **word != "PGPASSWORD=").map(|word| format!("what follows {:?}", word.trim_end()))
        };
        let what = of_programs.iter().find_map(|command| named(command).or_else(|| looks(command)))?;
        Some(format!(
            "{what} is an argument of a program, which everybody on the host can read; use an http block, or the program's standard input"
        ))
    });
    for fence in runbook.fences.iter().filter(|fence| fence.kind == Kind::Wpp) {
        for (line, words) in fence.command_lines().unwrap_or_default() {
            if let Some(name) = words.iter().flat_map(|word| names(word)).find(|name| secrets.contains(name)) {
                found.push((line, format!("the secret {name} is an argument of a command line; `wpp` takes none there")));
            }
        }
    }
    found
}

pub fn read(runbook: &Runbook, _: &Surroundings<'_>) -> Found {
    each(runbook, |line| {
        let asks = runs(line, "read").next().is_some() && !line.contains('<') && !line.contains('|') && !line.contains("while ");
        asks.then(|| "a script has nobody to ask; use a manual block".to_owned())
    })
}
