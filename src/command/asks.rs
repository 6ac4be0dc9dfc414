//! Which command lines ask a person whether they may: read off the tree of commands, so that no list of
//! them can be out of date. Start with [`asks`].

use clap::ArgMatches;

/// Commands that take `--yes` and ask only with another option.
const ONLY_WITH: &[(&str, &str)] = &[("doctor", "fix")];

/// Commands that take `--yes` and may ask or not, whatever their options: what they find decides.
const PERHAPS: &[(&str, &str)] = &[
    ("drill run", "a drill in a sandbox needs no agreement"),
    ("reauth", "only a gateway's session that was linked before is asked about"),
];

/// Options of commands that show what would be done, and do nothing.
const SHOWS: &[&str] = &["dry_run"];

/// Whether words after the program's name are a command line that asks before it does what it is for.
pub fn asks(line: &[String]) -> bool {
    let Ok((tree, matches)) = super::with_tree(line) else { return false };
    let (mut command, mut matches, mut path) = (&tree, &matches, Vec::new());
    while let Some((name, below)) = matches.subcommand() {
        let Some(next) = command.find_subcommand(name) else { return false };
        path.push(name);
        (command, matches) = (next, below);
    }
    let (path, has) = (path.join(" "), |option: &str| command.get_arguments().any(|one| one.get_id() == option));
    let only_with = ONLY_WITH.iter().find(|(one, _)| *one == path).map(|(_, option)| *option);
    has("yes")
        && !given(matches, "yes")
        && !SHOWS.iter().any(|option| given(matches, option))
        && only_with.is_none_or(|option| given(matches, option))
        && !PERHAPS.iter().any(|(one, _)| *one == path)
}

fn given(matches: &ArgMatches, option: &str) -> bool {
    matches.try_get_one::<bool>(option).is_ok_and(|given| given.copied().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        shlex::split(line).unwrap()
    }

    /// Every command that takes `--yes`, as it stands in the tree.
    fn commands(tree: &clap::Command, path: &str, into: &mut Vec<String>) {
        if tree.get_arguments().any(|one| one.get_id() == "yes") {
            into.push(path.trim().to_owned());
        }
        tree.get_subcommands().for_each(|below| commands(below, &format!("{path} {}", below.get_name()), into));
    }

    #[test]
    fn every_command_that_takes_yes_asks_or_says_here_when_it_does_not() {
        let mut tree = super::super::tree();
        tree.build();
        let mut all = Vec::new();
        commands(&tree, "", &mut all);
        all.retain(|path| !path.starts_with("help"));
        // A line of each, without and with what makes it show only.
        let lines = [
            ("restore", "restore x.wpp.tar.gz"),
            ("reset", "reset"),
            ("doctor", "doctor --fix"),
            ("backup prune", "backup prune"),
            ("support-bundle", "support-bundle"),
            ("plugin add", "plugin add x.wasm"),
            ("plugin accept", "plugin accept"),
            ("runbook run", "runbook run restart"),
            ("dump load", "dump load x.sql --into postgres://x@127.0.0.1/y"),
        ];
        for path in &all {
            let perhaps = PERHAPS.iter().any(|(one, _)| one == path);
            let line = lines.iter().find(|(one, _)| one == path).map(|(_, line)| *line);
            match line {
                Some(line) => {
                    assert!(super::super::is_line(&words(line)).is_ok(), "{line}: {:?}", super::super::is_line(&words(line)));
                    assert!(asks(&words(line)), "{line}");
                    assert!(!asks(&words(&format!("{line} --yes"))), "{line} --yes");
                }
                None => assert!(perhaps, "`{path}` takes --yes and has no line here: does it ask?"),
            }
        }
        for (path, _) in PERHAPS.iter().chain(ONLY_WITH) {
            assert!(all.iter().any(|one| one == path), "{path} takes no --yes any more");
        }
    }

    #[test]
    fn what_only_shows_or_is_no_line_asks_nothing() {
        for line in
            ["doctor", "status", "restore x.wpp.tar.gz --dry-run", "backup prune --dry-run", "drill run smoke", "halt", ""]
        {
            assert!(!asks(&words(line)), "{line}");
        }
        assert!(asks(&words("--session main reset")), "options of every command may stand before it");
    }
}
