//! The command line: one clap tree, one file for each subcommand, one way to run a line.
//!
//! A terminal line, a drill's step and a fix are all an argv that [`run_line`] runs.

pub mod config;
pub mod documents;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::app::{App, Settings};
use crate::error::{EXIT_CODES, Error, ErrorKind, Result};
use crate::report::{Report, Sink};
use crate::ui::{Format, Ui};

/// The operator's toolkit for WhatsApp sessions: runs them, tells what is wrong, mends it, backs
/// them up and brings them back.
#[derive(Debug, Parser)]
#[command(
    name = "wpp",
    version,
    propagate_version = false,
    infer_subcommands = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Folder that holds everything [default: $WPP_HOME, else ~/.wpp]
    #[arg(long, global = true, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath, help_heading = "Options of every command")]
    pub home: Option<PathBuf>,
    /// Session to work on [default: $WPP_SESSION, else default_session in config.toml, else main]
    #[arg(long, short, global = true, value_name = "NAME", add = ArgValueCompleter::new(complete_session), help_heading = "Options of every command")]
    pub session: Option<String>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t, help_heading = "Options of every command")]
    pub format: Format,
    /// Say nothing unless something is wrong
    #[arg(long, short, global = true, help_heading = "Options of every command")]
    pub quiet: bool,
}

/// Every subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every setting, its value and where it comes from
    Config(config::Args),
}

impl Command {
    fn run(self, app: &App) -> Result<Report> {
        match self {
            Command::Config(args) => args.run(app),
        }
    }
}

/// The clap tree, for parsing, completions and man pages.
pub fn tree() -> clap::Command {
    let codes: String = EXIT_CODES.iter().map(|(_, number, _, meaning)| format!("\n  {number:>3}  {meaning}")).collect();
    Cli::command().after_help(format!("Exit codes:\n    0  ok{codes}"))
}

/// Runs one line of words after the program's name, in this process.
pub fn run_line(line: &[String], sink: Arc<dyn Sink>) -> Result<Report> {
    let words = std::iter::once("wpp".to_owned()).chain(line.iter().cloned());
    let matches = tree().try_get_matches_from(words).map_err(|error| usage(&error))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| usage(&error))?;
    let app = App::new(settings(cli.global, sink, Arc::new(|_| None)))?;
    cli.command.run(&app)
}

fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Error::new(ErrorKind::Usage, first).hint("`wpp help` lists the commands, `wpp help COMMAND` its options")
}

fn settings(global: Global, sink: Arc<dyn Sink>, ask: Arc<crate::app::Ask>) -> Settings {
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name == "HOME" || name.starts_with("WPP_"))
        .collect();
    Settings { home: global.home, session: global.session, environment, sink, ask }
}

/// Names of the sessions in the home that the environment names, for the shell's completion.
fn complete_session(typed: &std::ffi::OsStr) -> Vec<CompletionCandidate> {
    let root =
        std::env::var_os("WPP_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".wpp")));
    let names =
        root.and_then(|root| crate::home::Home::open(&root).ok()).and_then(|home| home.session_names().ok()).unwrap_or_default();
    let typed = typed.to_string_lossy();
    names.into_iter().filter(|name| name.starts_with(&*typed)).map(CompletionCandidate::new).collect()
}

/// Parses the process's own command line, runs it and writes the result.
pub fn main() -> ExitCode {
    // Everything that wpp and its libraries make is for its own user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Answers and ends the process when a shell asks for completions through COMPLETE=<shell>.
    clap_complete::CompleteEnv::with_factory(tree).complete();
    let matches = tree().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let ui = Ui { format: cli.global.format, quiet: cli.global.quiet };
    let result = App::new(settings(cli.global, ui.sink(), ui.ask())).and_then(|app| cli.command.run(&app));
    let (code, written) = match &result {
        Ok(report) => (report.exit_code(), ui.report(report)),
        Err(error) => (error.kind().exit_code(), ui.error(error)),
    };
    match written {
        Ok(()) => ExitCode::from(code),
        // `wpp … | head` closes the pipe; that is no failure of the command.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(_) => ExitCode::from(ErrorKind::Unexpected.exit_code()),
    }
}
