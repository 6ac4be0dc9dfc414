//! `wpp channel`: the ways to send messages that plugins add.

use serde_json::json;

use crate::app::App;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Loaded;
use crate::plugin::adapt;
use crate::plugin::host::Interface;
use crate::plugin::host::words::channel::{Condition, Kind, Message};
use crate::plugin::host::words::types::Severity;
use crate::plugin::host::words::types::{Failure, FailureKind};
use crate::report::{Report, Section, Table, Verdict, count};

/// Options of `wpp channel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show all channels
    List,
    /// Ask a channel's system how it is
    Health {
        /// The channel: the name of a plugin
        name: String,
    },
    /// Send a message through a channel
    Send(SendArgs),
}

#[derive(Debug, clap::Args)]
struct SendArgs {
    /// The channel, or CHANNEL:SESSION of a gateway
    name: String,
    /// The text
    text: String,
    /// Whom to; as configured when it is left out
    #[arg(long)]
    to: Option<String>,
    /// A heading
    #[arg(long)]
    title: Option<String>,
    /// Two messages with the same key are the same, for systems that can tell [default: a new one]
    #[arg(long)]
    key: Option<String>,
    /// The problem that it is about: systems that can keep those about the same one together
    #[arg(long)]
    problem: Option<String>,
    /// How much it matters; ok says that the problem is over
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Grade>,
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Grade {
    Ok,
    Info,
    Warning,
    Error,
    Critical,
}

impl Args {
    /// Runs the verb.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.verb {
            Verb::List => list(app),
            Verb::Health { name } => health(app, &name),
            Verb::Send(args) => args.run(app),
        }
    }
}

/// A plugin that is a channel.
fn channel(app: &App, name: &str) -> Result<Loaded> {
    let loaded = app.plugins()?.load(name)?;
    if loaded.plugin.interfaces().contains(&Interface::Channel) {
        return Ok(loaded);
    }
    Err(Error::new(ErrorKind::Usage, format!("the plugin {name} is no channel")).hint("`wpp channel list` shows the channels"))
}

fn list(app: &App) -> Result<Report> {
    let plugins = app.plugins()?;
    let names: Vec<String> = plugins.registry().offering(Interface::Channel).map(str::to_owned).collect();
    let mut table = Table::new(["channel", "kind", "system"], Vec::new());
    let mut data = Vec::new();
    for name in &names {
        // One that cannot be used is listed with its reason, and the others all the same.
        let described =
            plugins.load(name).and_then(|loaded| loaded.call(async |plugin, powers| plugin.describe(powers).await).answer);
        let (kind, title) = match &described {
            Ok(about) => (if about.kind == Kind::Gateway { "gateway" } else { "notice" }, about.title.clone()),
            Err(error) => ("unknown", error.message().to_owned()),
        };
        table.rows.push(vec![name.clone(), kind.to_owned(), title.clone()]);
        data.push(json!({ "name": name, "kind": kind, "title": title }));
    }
    let title = if names.is_empty() {
        "No channels; `wpp plugin add FILE` adds one".into()
    } else {
        count(names.len(), "channel", "channels")
    };
    let section = Section::default().table(table);
    Ok(Report::answer("channels", title).section(section).data(json!({ "channels": data })))
}

fn health(app: &App, name: &str) -> Result<Report> {
    let loaded = channel(app, name)?;
    let called = loaded.call(async |plugin, powers| plugin.health(powers).await);
    let seen = match called.answer? {
        Err(failure) if failure.kind == FailureKind::Unsupported => return Ok(not_known(name, &failure)),
        seen => seen.map_err(|failure| adapt::error(name, failure))?,
    };
    let (word, verdict) = match seen.condition {
        Condition::Ok => ("ok", Verdict::Pass),
        Condition::Degraded => ("degraded", Verdict::Fail),
        Condition::Down => ("down", Verdict::Fail),
    };
    let mut section = Section::default().field("condition", word);
    if let Some(version) = &seen.version {
        let known = if seen.version_known { "" } else { " (not one that the plugin was tried with)" };
        section = section.field("version", format!("{version}{known}"));
    }
    for evidence in &seen.evidence {
        section = section.field(evidence.subject.clone(), format!("{} (expected {})", evidence.observed, evidence.expected));
    }
    let mut report = Report::answer("channel", format!("{name}: {}", seen.summary)).verdict(verdict).section(section).data(json!({
        "name": name, "condition": word, "summary": seen.summary, "version": seen.version, "version_known": seen.version_known,
    }));
    if verdict == Verdict::Fail {
        report.exit_code = Some(ErrorKind::Findings.exit_code());
        report = report.next(format!("wpp doctor --channel {name}"));
    }
    Ok(report)
}

/// A system that has no way to be asked is not well for that.
fn not_known(name: &str, failure: &Failure) -> Report {
    let report = Report::answer("channel", format!("{name}: not known: {}", failure.message)).verdict(Verdict::Unknown);
    report.section(Section::default().field("condition", "unknown")).next(format!("wpp channel send {name} TEXT")).data(json!({
        "name": name, "condition": "unknown", "summary": failure.message, "version": null, "version_known": true,
    }))
}

impl SendArgs {
    fn run(self, app: &App) -> Result<Report> {
        let (name, session) = match self.name.split_once(':') {
            Some((name, session)) => (name.to_owned(), Some(session.to_owned())),
            None => (self.name.clone(), None),
        };
        let loaded = channel(app, &name)?;
        let message = Message {
            to: self.to.unwrap_or_default(),
            session,
            title: self.title,
            text: self.text,
            key: self.key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            problem: self.problem,
            severity: self.severity.map(|grade| match grade {
                Grade::Ok => Severity::Ok,
                Grade::Info => Severity::Info,
                Grade::Warning => Severity::Warning,
                Grade::Error => Severity::Error,
                Grade::Critical => Severity::Critical,
            }),
        };
        let called = loaded.call(async |plugin, powers| plugin.send(powers, &message).await);
        let receipt = called.answer?.map_err(|failure| adapt::error(&name, failure))?;
        let mut section = Section::default().field("key", &message.key);
        if let Some(id) = &receipt.id {
            section = section.field("id", id);
        }
        if let Some(url) = &receipt.url {
            section = section.field("at", url);
        }
        let word = if receipt.queued { "taken, and not sent yet" } else { "sent" };
        Ok(Report::new("channel-send", format!("{name}: {word}")).section(section).data(json!({
            "name": name, "key": message.key, "problem": message.problem, "id": receipt.id, "url": receipt.url,
            "queued": receipt.queued,
        })))
    }
}
