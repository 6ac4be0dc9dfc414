//! Whether entries of the schedule can pass at all: what a dry run would find is looked for before they are
//! due, and nothing is run. Start with [`unfit`].

use clap::FromArgMatches;

use crate::command::asks::asks;
use crate::command::runbook::runnable;
use crate::command::told::Around;
use crate::command::{Cli, Command, parsed};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{Problem, UnfitEntry};
use crate::runbook::library::Library;
use crate::sandbox::SESSION;
use crate::schedule::Entry;

/// Options with which a command goes on until somebody ends it.
const ENDLESS: &[&str] = &["--follow", "--watch"];

/// The entries that can never pass as they are written, each with the first thing that stands against it.
pub fn unfit(around: &Around<'_>, entries: &[Entry]) -> Vec<UnfitEntry> {
    let against = |entry: &Entry| {
        let error = look(around, &entry.argv).err()?;
        Some(UnfitEntry { entry: entry.name.clone(), problem: Problem::from(&error) })
    };
    entries.iter().filter_map(against).collect()
}

fn look(around: &Around<'_>, line: &[String]) -> Result<()> {
    // That it is a line at all was seen when the entry was read.
    let Ok(cli) = parsed(line).and_then(|matches| Cli::from_arg_matches(&matches).map_err(|error| super::super::usage(&error)))
    else {
        return Ok(());
    };
    let session = cli.global.session.unwrap_or_else(|| around.config.text("default_session").to_owned());
    let begins = match &cli.command {
        Command::Runbook(args) => args.0.begins(),
        Command::Drill(args) => args.0.begins(),
        _ => None,
    };
    if let Some((ids, given)) = begins {
        let library = Library::open(around.home)?;
        for id in ids {
            let runbook = runnable(&library.find(id)?)?;
            let sandbox = runbook.front.sandbox;
            if sandbox && matches!(cli.command, Command::Runbook(_)) {
                return Err(Error::new(ErrorKind::Usage, format!("{id} is a drill that runs in a sandbox"))
                    .hint(format!("let the entry run `drill run {id}`, or give it `runbook = \"{id}\"`")));
            }
            given.passes_unattended(around, &runbook, if sandbox { SESSION } else { &session })?;
        }
        return Ok(());
    }
    if let Some(option) = ENDLESS.iter().find(|option| line.iter().any(|word| word == *option)) {
        return Err(Error::new(ErrorKind::Usage, format!("with {option} it goes on until its time is up, and is then killed"))
            .hint(format!("leave {option} out")));
    }
    if asks(line) {
        return Err(Error::new(ErrorKind::Declined, "it asks before it begins, and nobody is there").hint("give it --yes"));
    }
    Ok(())
}
