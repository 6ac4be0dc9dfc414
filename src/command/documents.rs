//! Completions and man pages, generated from the clap tree, from [`super::schemas`] and from
//! [`super::pages`].
//!
//! The files in `completions/` and `man/` are these, and a test fails when they are stale.

use clap_complete::aot::{Shell, generate};

use crate::error::{Context, Result};

/// Every shell that gets a completion file.
pub const SHELLS: [Shell; 5] = [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

/// The completion file of one shell: its name and its content.
pub fn completion(shell: Shell) -> (String, Vec<u8>) {
    use clap_complete::Generator;
    let mut content = Vec::new();
    generate(shell, &mut super::tree(), "wpp", &mut content);
    (shell.file_name("wpp"), content)
}

/// Every man page: its file name and its content. Hidden commands have none.
pub fn man_pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    let mut tree = super::tree();
    tree.build();
    collect(&tree, "wpp", &mut pages)?;
    pages.push(("wpp-json.5".into(), super::schemas::man_page().into_bytes()));
    for (subject, page, commands) in super::pages::PAGES {
        pages.push((format!("wpp-{subject}.7"), super::pages::man(page, commands).into_bytes()));
    }
    Ok(pages)
}

fn collect(command: &clap::Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let mut content = Vec::new();
    // No date and no version in the head: a page changes when the command line does.
    clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .date("")
        .source("wpp")
        .manual("wpp manual")
        .render(&mut content)
        .while_doing(|| format!("cannot write the man page of {name}"))?;
    pages.push((format!("{name}.1"), content));
    for child in command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help") {
        collect(child, &format!("{name}-{}", child.get_name()), pages)?;
    }
    Ok(())
}
