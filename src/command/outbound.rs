//! `wpp outbound`.

use serde_json::json;

use super::stored;
use crate::app::App;
use crate::clock;
use crate::daemon::api::{OutboxAnswer, OutboxState};
use crate::daemon::client::Client;
use crate::error::Result;
use crate::home::SessionPaths;
use crate::report::{Report, Section, Table, count};

/// Options of `wpp outbound`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Keep messages in the outbox until `wpp outbound resume`; survives a restart
    Pause,
    /// Let messages leave the outbox again
    Resume,
    /// List messages that wait and messages that the server refused
    List {
        /// Also those that the server accepted
        #[arg(long)]
        all: bool,
        /// Most messages to show
        #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

impl Args {
    /// Switches sending, or lists the outbox.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let paused = match self.act {
            Act::Pause => true,
            Act::Resume => false,
            Act::List { all, limit } => return list(app, &session, all, limit),
        };
        let answer = Client::connect(&session)?.outbound(paused)?;
        let what = if paused { "sending is paused" } else { "sending is on" };
        let mut report = Report::new(
            "outbound",
            format!("{}: {what}, {}", session.name(), count(answer.pending, "message waits", "messages wait")),
        );
        if paused {
            report = report.next(format!("wpp outbound resume --session {}", session.name()));
        }
        Ok(report.data(json!(answer)))
    }
}

fn list(app: &App, session: &SessionPaths, all: bool, limit: u32) -> Result<Report> {
    let (answer, source) = stored::ask_or_read(
        app,
        session,
        |client| client.outbox(all, limit),
        |messages| Ok(OutboxAnswer { outbox: messages.outbox(all, limit)? }),
    )?;
    let outbox = answer.map(|answer| answer.outbox).unwrap_or_default();
    let rows = outbox.iter().map(|row| {
        let state = match row.state {
            OutboxState::Queued => "queued",
            OutboxState::Sending => "sending",
            OutboxState::Accepted => "accepted",
            OutboxState::Rejected => "rejected",
        };
        vec![
            clock::rfc3339(clock::from_ms(row.created_ms)),
            state.to_owned(),
            row.tries.to_string(),
            row.client_message_id.clone(),
            row.chat.clone(),
            row.error.as_deref().map(stored::line).unwrap_or_default(),
        ]
    });
    let columns = ["queued", "state", "tries", "id", "to", "last error"];
    let table = Table::new(columns, rows);
    let title =
        format!("{}: {} in the outbox{}", session.name(), count(outbox.len(), "message", "messages"), stored::from(source));
    let mut report = Report::answer("outbox", title).data(json!({ "source": source, "outbox": outbox }));
    if !table.rows.is_empty() {
        report = report.section(Section::default().table(table));
    }
    Ok(report)
}
