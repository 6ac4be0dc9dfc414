//! Completions and man pages are those of the clap tree; `WPP_BLESS=1 cargo test documents` renews them.

use std::collections::BTreeMap;
use std::path::Path;

fn compare(folder: &str, generated: Vec<(String, Vec<u8>)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let wanted: BTreeMap<String, Vec<u8>> = generated.into_iter().collect();
    if std::env::var_os("WPP_BLESS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, content) in &wanted {
            std::fs::write(folder.join(name), content).unwrap();
        }
    }
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        found.insert(entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    }
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&wanted), "run `WPP_BLESS=1 cargo test documents`");
    for (name, content) in &wanted {
        assert!(found[name] == *content, "{name} is stale: run `WPP_BLESS=1 cargo test documents`");
    }
}

#[test]
fn completions_are_those_of_the_clap_tree() {
    compare("completions", wpp::command::documents::SHELLS.into_iter().map(wpp::command::documents::completion).collect());
}

#[test]
fn man_pages_are_those_of_the_clap_tree() {
    compare("man", wpp::command::documents::man_pages().unwrap());
}

#[test]
fn every_command_and_option_says_what_it_is_for() {
    fn look(command: &clap::Command, path: &str, silent: &mut Vec<String>) {
        if command.get_about().is_none() {
            silent.push(path.to_owned());
        }
        for argument in command.get_arguments() {
            if argument.get_help().is_none() && !argument.is_hide_set() {
                silent.push(format!("{path} {}", argument.get_id()));
            }
        }
        for child in command.get_subcommands() {
            look(child, &format!("{path} {}", child.get_name()), silent);
        }
    }
    let mut silent = Vec::new();
    let mut tree = wpp::command::tree();
    tree.build();
    look(&tree, "wpp", &mut silent);
    assert!(silent.is_empty(), "no help text: {silent:#?}");
}

#[test]
fn session_names_are_completed_from_the_home() {
    let home = crate::harness::TestHome::live();
    std::fs::create_dir_all(home.session("sales")).unwrap();
    std::fs::create_dir_all(home.session("support")).unwrap();
    wpp::home::Home::open(home.path()).unwrap_err();
    std::fs::write(home.path().join("home.json"), r#"{"schema":"wpp.home/1","kind":"live","created":"x"}"#).unwrap();
    let mut command = std::process::Command::new(crate::harness::program());
    let output = command
        .env_clear()
        .env("COMPLETE", "fish")
        .env("WPP_HOME", home.path())
        .args(["--", "wpp", "status", "--session", "s"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("sales") && text.contains("support"), "{text} {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_readme_lists_the_exit_codes_and_names_commands_that_exist() {
    let readme = include_str!("../../README.md");
    for row in wpp::error::EXIT_CODES {
        let line = format!("| {} | {} |", row.1, row.3);
        assert!(readme.contains(&line), "README.md lacks {line}");
    }
    let mut tree = wpp::command::tree();
    tree.build();
    let mut seen = 0;
    for mention in readme.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("wpp ")) {
        let word = mention.split_whitespace().next().unwrap_or_default();
        if word.starts_with('-') || word == "help" {
            continue;
        }
        assert!(tree.find_subcommand(word).is_some(), "README.md names `wpp {mention}`, and there is no {word}");
        seen += 1;
    }
    assert!(seen > 15, "only {seen} commands were found in README.md");
}
