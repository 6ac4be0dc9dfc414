//! The runbooks: readable documents of one form, whose commands exist.

use std::path::Path;

/// Commands that a runbook may name before they are built; one that is built must leave this list.
const NOT_YET: &[&str] = &[];

fn runbooks() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

/// Lines of the executable blocks of one kind, with the block's attributes.
fn blocks(text: &str, kind: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut open = None;
    for line in text.lines().map(str::trim) {
        match (line.strip_prefix("```"), &open) {
            (Some(info), None) => {
                let (word, attributes) = info.split_once(' ').unwrap_or((info, ""));
                if word == kind {
                    found.push((attributes.to_owned(), Vec::new()));
                }
                open = Some(word.to_owned());
            }
            (Some(_), Some(_)) => open = None,
            (None, Some(word)) if word == kind && !line.is_empty() => found.last_mut().unwrap().1.push(line.to_owned()),
            (None, _) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

#[test]
fn every_runbook_has_the_form() {
    let all = runbooks();
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert!(["re-authentication", "reset", "restart"].iter().all(|name| names.contains(name)), "{names:?}");
    for (name, text) in &all {
        let (front, body) =
            text.strip_prefix("---\n").and_then(|text| text.split_once("\n---\n")).unwrap_or_else(|| panic!("{name}"));
        for field in ["title: ", "kind: ", "severity: ", "respond_within: ", "applies_to: "] {
            assert!(front.lines().any(|line| line.starts_with(field)), "{name} lacks {field}");
        }
        assert!(front.lines().any(|line| line == format!("id: {name}")), "{name} has another id");
        let headings: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, ["Trigger", "Impact", "Prerequisites", "Steps", "Verification", "Rollback"], "{name}");
        let mut ids: Vec<String> = blocks(text, "wpp")
            .into_iter()
            .chain(blocks(text, "manual"))
            .map(|(attributes, _)| {
                let id = attributes.split(' ').find_map(|attribute| attribute.strip_prefix("id="));
                id.unwrap_or_else(|| panic!("{name}: a step without an id")).to_owned()
            })
            .collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert!(ids.len() == count && count > 0, "{name}: steps share an id");
    }
}

#[test]
fn every_command_of_a_runbook_is_one_of_ours() {
    let mut parsed = 0;
    for (name, text) in runbooks() {
        let mut parameters: Vec<&str> = text.split("{{").skip(1).filter_map(|part| part.split("}}").next()).collect();
        parameters.sort_unstable();
        parameters.dedup();
        assert!(parameters.iter().all(|parameter| ["session", "number"].contains(parameter)), "{name}: {parameters:?}");
        for line in blocks(&text, "wpp").into_iter().flat_map(|(_, lines)| lines) {
            let line = line.replace("{{session}}", "main").replace("{{number}}", "15550100001");
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words.first(), Some(&"wpp"), "{name}: {line}");
            let exists = wpp::command::tree().get_subcommands().any(|command| command.get_name() == words[1]);
            if NOT_YET.contains(&words[1]) {
                assert!(!exists, "`{}` exists by now: take it off the list", words[1]);
                continue;
            }
            if let Err(error) = wpp::command::tree().try_get_matches_from(&words) {
                panic!("{name}: `{line}` is no command: {error}");
            }
            parsed += 1;
        }
    }
    assert!(parsed > 15, "{parsed}");
}
