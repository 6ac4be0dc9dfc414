//! The command line: one clap tree, one file for each subcommand, one way to run a line.
//!
//! A terminal line, a drill's step and a fix are all an argv that [`run_line`] runs.

pub mod alert;
pub mod asks;
pub mod backup;
pub mod capacity;
pub mod channel;
pub mod chats;
pub mod checks;
mod concerned;
pub mod config;
pub mod daemon;
pub mod doctor;
pub mod documents;
pub mod drill;
pub mod dump;
pub mod events;
pub mod evidence;
mod gateway;
mod keys;
mod lazy;
pub mod logs;
pub mod messages;
pub mod outbound;
mod outputs;
pub mod pages;
pub mod plugin;
pub mod prune;
pub mod reauth;
pub mod reset;
pub mod restart;
pub mod restore;
pub mod runbook;
pub mod schedule;
pub mod schemas;
pub mod search;
pub mod send;
mod set;
mod sets;
pub mod simulator;
pub mod start;
pub mod status;
pub mod stop;
mod stored;
pub mod support_bundle;
pub mod sync;
mod told;
mod upkeep;
mod verify;
pub mod webhook;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use self::lazy::Lazy;
use crate::app::{App, Settings};
use crate::archive::codec::Codec;
use crate::clock;
use crate::daemon::api::Status;
use crate::error::{EXIT_CODES, Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::lifecycle::Site;
use crate::plugin::registry::Registry;
use crate::report::{Event, Report, Section, Sink};
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
    /// Session to work on, CHANNEL:SESSION for one of a gateway [default: $WPP_SESSION, else default_session in config.toml, else main]
    #[arg(long, short, global = true, value_name = "NAME", add = ArgValueCompleter::new(complete_session), help_heading = "Options of every command")]
    pub session: Option<String>,
    /// How results are written: text for people, json for programs (an event a line, then the result)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Options of every command"
    )]
    pub format: Format,
    /// Say nothing unless something is wrong or was asked for
    #[arg(long, short, global = true, help_heading = "Options of every command")]
    pub quiet: bool,
}

/// Every subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the session's daemon and wait until it is READY or asks for a phone
    Start(Lazy<start::Args>),
    /// Drain and end the session's daemon
    Stop(Lazy<stop::Args>),
    /// Stop and start the daemon, proving each stage
    Restart(Lazy<restart::Args>),
    /// Say where the session stands and why
    Status(Lazy<status::Args>),
    /// Link the session to a phone, by QR code or pair code
    Reauth(Lazy<reauth::Args>),
    /// Send a message, once, and wait for the server's acknowledgement
    Send(Lazy<send::Args>),
    /// Find stored messages by their words
    Search(Lazy<search::Args>),
    /// List chats
    Chats(Lazy<chats::Args>),
    /// List stored messages
    Messages(Lazy<messages::Args>),
    /// Show what happens in the session, as it happens or as it was kept
    Events(Lazy<events::Args>),
    /// Show the daemon's log
    Logs(Lazy<logs::Args>),
    /// Keep the connection or give it up, without ending the daemon
    Sync(Lazy<sync::Args>),
    /// Pause and resume sending, and list the outbox
    Outbound(Lazy<outbound::Args>),
    /// Make, list, show and verify archives of sessions
    Backup(Box<Lazy<backup::Args>>),
    /// Bring a session back from an archive
    Restore(Lazy<restore::Args>),
    /// Last resort: back the session up, verify the archive, remove the session
    Reset(Lazy<reset::Args>),
    /// Look at the host, the home and the session, say what is wrong, and mend it with --fix
    Doctor(Lazy<doctor::Args>),
    /// Measure what sessions take and how that grows, and say how many more fit
    Capacity(Lazy<capacity::Args>),
    /// Gather what somebody who helps needs to know, with nobody in it
    SupportBundle(Lazy<support_bundle::Args>),
    /// Run the documents that say what to do: list, check, run, resume and undo them
    Runbook(Lazy<runbook::Args>),
    /// Rehearse failures and recovery in a throw-away sandbox
    Drill(Lazy<drill::Args>),
    /// Say what dumps of PostgreSQL really are, and rehearse their way back on a disposable server
    Dump(Lazy<dump::Args>),
    /// List, show, verify and export what runbooks and drills left behind
    Evidence(Lazy<evidence::Args>),
    /// Tell people what the doctor finds, and see that it reaches them
    Alert(Lazy<alert::Args>),
    /// Run what is due: backups, drills and runbooks at their times
    Schedule(Lazy<schedule::Args>),
    /// Run the session's daemon in the foreground
    Daemon(Lazy<daemon::Args>),
    /// Add, allow and remove plugins: checks, and channels such as gateways and notices
    Plugin(Lazy<plugin::Args>),
    /// Ask channels how they are, and send through them
    Channel(Lazy<channel::Args>),
    /// List, test, switch and retry the webhooks of a gateway
    Webhook(Lazy<webhook::Args>),
    /// Show every setting, its value and where it comes from
    Config(Lazy<config::Args>),
    /// Run the loopback WhatsApp of a sandbox home, or ask it to do something
    Simulator(Lazy<simulator::Args>),
}

impl Command {
    fn run(self, settings: Settings) -> Result<Report> {
        match self {
            Command::Start(Lazy(args)) => {
                let app = App::new(args.named.choose(settings)?)?;
                args.run(&app)
            }
            Command::Stop(Lazy(args)) => with_broken_settings(args.named.choose(settings)?, |app| args.run(app)),
            Command::Restart(Lazy(args)) => {
                let app = App::new(args.named.choose(settings)?)?;
                args.run(&app)
            }
            Command::Status(Lazy(args)) => with_broken_settings(args.named.choose(settings)?, |app| args.run(app)),
            Command::Reauth(Lazy(args)) => {
                let app = App::new(args.named.choose(settings)?)?;
                args.run(&app)
            }
            Command::Send(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Search(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Chats(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Messages(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Events(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Logs(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Sync(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Outbound(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Backup(args) => args.0.run(&App::new(settings)?),
            Command::Restore(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Reset(Lazy(args)) => args.run(&App::new(settings)?),
            // The doctor must work where the home or the settings do not, so it reads both by itself.
            Command::Doctor(Lazy(args)) => {
                let sink = settings.sink.clone();
                args.run(settings, &|line| run_line(line, sink.clone()))
            }
            Command::Capacity(Lazy(args)) => args.run(&App::new(settings)?),
            // It is wanted most where the settings do not load.
            Command::SupportBundle(Lazy(args)) => {
                let (app, broken) = App::without_broken_settings(settings)?;
                args.run(&app, broken.as_ref())
            }
            Command::Runbook(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Drill(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Dump(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Evidence(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Alert(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Schedule(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Daemon(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Plugin(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Channel(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Webhook(Lazy(args)) => args.run(&App::new(settings)?),
            Command::Config(Lazy(args)) => with_broken_settings(settings, |app| args.run(app)).map(|mut report| {
                if !report.warnings.is_empty() {
                    // Whoever asks whether the settings are right is told by the code, too.
                    report.exit_code = Some(ErrorKind::Usage.exit_code());
                }
                report
            }),
            Command::Simulator(Lazy(args)) => args.run(&App::new(settings)?),
        }
    }
}

/// Runs a command that is needed most when something is broken: without config.toml where that cannot
/// be read, saying so.
fn with_broken_settings(settings: Settings, run: impl FnOnce(&App) -> Result<Report>) -> Result<Report> {
    let (app, broken) = App::without_broken_settings(settings)?;
    let Some(broken) = broken else { return run(&app) };
    let warning = format!("{}; settings have their defaults meanwhile ({})", broken.chain(), broken.hints().join("; "));
    match run(&app) {
        Ok(mut report) => {
            report.warnings.push(warning);
            Ok(report)
        }
        Err(error) => Err(error.note(warning)),
    }
}

/// The session's verbs over the app's home, settings and sink.
fn site<'a>(app: &'a App, session: &'a SessionPaths) -> Result<Site<'a>> {
    site_with_sink(app, session, &**app.sink())
}

fn site_with_sink<'a>(app: &'a App, session: &'a SessionPaths, sink: &'a dyn Sink) -> Result<Site<'a>> {
    let site = site_as_it_is(app, session, sink)?;
    recover(app, &site)?;
    Ok(site)
}

/// [`site`], whatever a killed command left of it: for a look alone.
fn site_as_it_is<'a>(app: &'a App, session: &'a SessionPaths, sink: &'a dyn Sink) -> Result<Site<'a>> {
    Ok(Site { home: app.home(), session, config: app.config(), sink, program: app.program()? })
}

/// Finishes or undoes what a killed restore or reset left, before anything else uses the session.
fn recover(app: &App, site: &Site<'_>) -> Result<()> {
    if !app.home().journal().exists() {
        return Ok(());
    }
    let journal = app.journal()?;
    if let Some(recovered) = crate::restore::recover(site.session, journal)? {
        site.sink.emit(Event::Line { text: recovered.describe(), data: serde_json::Value::Null });
    }
    site.recover_reset(journal)
}

/// A running daemon's status as a report; the verdict and exit code judge the state.
fn state_report(status: &Status) -> Report {
    let now = clock::now();
    let human = |at_ms: i64| clock::human(clock::since(clock::from_ms(at_ms), now));
    let ago = |at_ms: i64| format!("{} ago", human(at_ms));
    let mut section = Section::default()
        .field("in this state for", human(status.since_ms))
        .field("linked to a phone", if status.paired { "yes" } else { "no" })
        .field("server last heard", status.last_heard_ms.map_or("never".into(), ago))
        .field("messages", status.messages)
        .field("outbox waiting", format!("{}{}", status.outbox_pending, if status.outbound_paused { ", paused" } else { "" }))
        .field("search", status.search_mode.name())
        .field("daemon", format!("process {}, version {}, started {}", status.pid, status.version, ago(status.started_ms)));
    if status.reconnects > 0 {
        section = section.field("reconnects", status.reconnects);
    }
    if !status.sync_enabled {
        section = section.field("sync", "stopped by the operator");
    }
    let (verdict, code) = gateway::judged(status.state, Some(status.reason));
    let mut report = Report::new("status", format!("{}: {}", status.session, crate::lifecycle::describe(status)))
        .verdict(verdict)
        .section(section)
        .data(serde_json::to_value(status).unwrap_or_default());
    report.exit_code = Some(code);
    report
}

/// The clap tree, for parsing, completions and man pages.
pub fn tree() -> clap::Command {
    let codes: String = EXIT_CODES.iter().map(|(_, number, _, meaning)| format!("\n  {number:>3}  {meaning}")).collect();
    Cli::command()
        .after_help(format!(
            "`wpp help archives` is a page on backups: what they hold, and how they come back. `wpp help plugins` is one on writing plugins, `wpp help runbooks` one on runbooks, `wpp help procedures` one on the procedures of the gateways' own documents, and what runs each.\n\nExit codes:\n    0  ok{codes}"
        ))
}

/// Runs one line of words after the program's name, in this process.
pub fn run_line(line: &[String], sink: Arc<dyn Sink>) -> Result<Report> {
    let matches = parsed(line)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| usage(&error))?;
    settings(cli.global, sink, (Arc::new(|_| None), Arc::new(|_| None)), false).and_then(|settings| cli.command.run(settings))
}

/// One line of words after the program's name, taken apart by the tree.
fn parsed(line: &[String]) -> Result<clap::ArgMatches> {
    with_tree(line).map(|(_, matches)| matches)
}

/// The same, with the tree as far as the line needed it.
fn with_tree(line: &[String]) -> Result<(clap::Command, clap::ArgMatches)> {
    let words = std::iter::once("wpp".into()).chain(line.iter().map(OsString::from));
    let mut tree = tree();
    let matches = tree.try_get_matches_from_mut(spelled(words)).map_err(|error| usage(&error))?;
    Ok((tree, matches))
}

/// Whether words after the program's name are a command line of `wpp`; else what is wrong with them.
pub fn is_line(line: &[String]) -> std::result::Result<(), String> {
    parsed(line).map(drop).map_err(|error| error.message().to_owned())
}

/// `wpp backup --format tar.zst` means the archive, although `--format` is how results are written:
/// the words are told apart by their values, and both may stand in one line.
fn spelled(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    if words.iter().any(|word| word == "backup") {
        for codec in Codec::ALL {
            let joined = OsString::from(format!("--format={}", codec.name()));
            for at in 1..words.len() {
                if words[at] == joined {
                    words[at] = format!("--as={}", codec.name()).into();
                } else if words[at] == codec.name() && words[at - 1] == "--format" {
                    words[at - 1] = "--as".into();
                }
            }
        }
    }
    words
}

fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Error::new(ErrorKind::Usage, first).hint("`wpp help` lists the commands, `wpp help COMMAND` its options")
}

/// How questions and secrets are asked for.
type Prompts = (Arc<crate::app::Ask>, Arc<crate::archive::seal::Ask>);

fn settings(global: Global, sink: Arc<dyn Sink>, prompts: Prompts, by_person: bool) -> Result<Settings> {
    let environment = environment()?;
    // A line that is run in this process is read by whoever runs it.
    let whole = global.format == Format::Json || !by_person;
    let Global { home, session, quiet, .. } = global;
    Ok(Settings { home, session, quiet, whole, environment, sink, ask: prompts.0, ask_secret: prompts.1 })
}

/// The variables that settings and secrets are read from.
fn environment() -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    let ours = std::env::vars_os().filter_map(|(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value)));
    for (name, value) in ours.filter(|(name, _)| name == "HOME" || name.starts_with("WPP_")) {
        // Left out, it would let a command work on the default home or session instead.
        let value = value.into_string().map_err(|value| {
            Error::new(ErrorKind::Usage, format!("the environment variable {name} is {value:?}, which is not UTF-8"))
                .hint(format!("unset {name} or correct it"))
        })?;
        // As a unit file or a script unsets it.
        if name == "WPP_SESSION" && value.is_empty() {
            continue;
        }
        environment.insert(name, value);
    }
    Ok(environment)
}

/// Names of the sessions in the home that the environment names, and of its gateways, for the shell's
/// completion. No plugin is asked for its sessions.
fn complete_session(typed: &std::ffi::OsStr) -> Vec<CompletionCandidate> {
    let root =
        std::env::var_os("WPP_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".wpp")));
    let Some(home) = root.and_then(|root| crate::home::Home::open(&root).ok()) else { return Vec::new() };
    let mut names = home.session_names().unwrap_or_default();
    if let Ok(registry) = Registry::open(&home) {
        names.extend(crate::gateway::names(&registry).map(|name| format!("{name}:")));
    }
    let typed = typed.to_string_lossy();
    names.into_iter().filter(|name| name.starts_with(&*typed)).map(CompletionCandidate::new).collect()
}

/// Whether a command line that could not be parsed says `--format json`.
fn asks_for_json() -> bool {
    let words: Vec<OsString> = std::env::args_os().collect();
    words.iter().any(|word| word == "--format=json") || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// Parses the process's own command line, runs it and writes the result.
pub fn main() -> ExitCode {
    // Everything that wpp and its libraries make is for its own user alone.
    crate::process::close_umask();
    // Answers and ends the process when a shell asks for completions through COMPLETE=<shell>.
    clap_complete::CompleteEnv::with_factory(tree).complete();
    let words = spelled(std::env::args_os());
    let said = match &words[..] {
        [_, help, topic] if help == "help" => topic.to_str().and_then(pages::page),
        // For this nobody has to know the thirty subcommands.
        [_, flag] if flag == "--version" || flag == "-V" => Some(concat!("wpp ", env!("CARGO_PKG_VERSION"), "\n")),
        _ => None,
    };
    if let Some(said) = said {
        let written = crate::ui::page(said).is_ok();
        return ExitCode::from(if written { 0 } else { ErrorKind::Unexpected.exit_code() });
    }
    let cli = match tree().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        // Whoever asked for JSON reads no prose; help and the version are prose by nature.
        Err(error) if error.use_stderr() && asks_for_json() => {
            let error = usage(&error);
            let ui = Ui { format: Format::Json, quiet: false, home: None };
            let code = if ui.error(&error).is_ok() { error.kind() } else { ErrorKind::Unexpected };
            return ExitCode::from(code.exit_code());
        }
        Err(error) => error.exit(),
    };
    let ui = Ui { format: cli.global.format, quiet: cli.global.quiet, home: cli.global.home.clone() };
    let result =
        settings(cli.global, ui.sink(), (ui.ask(), ui.ask_secret()), true).and_then(|settings| cli.command.run(settings));
    let (code, written) = match result {
        Ok(report) => (report.exit_code(), ui.report(report)),
        Err(error) => (error.kind().exit_code(), ui.error(&error)),
    };
    match written {
        Ok(()) => ExitCode::from(code),
        // `wpp … | head` closes the pipe; that is no failure of the command.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(_) => ExitCode::from(ErrorKind::Unexpected.exit_code()),
    }
}
