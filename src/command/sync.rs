//! `wpp sync`.

use serde_json::json;

use crate::app::App;
use crate::daemon::client::Client;
use crate::error::Result;
use crate::report::{Report, Section};

/// Options of `wpp sync`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
enum Act {
    /// Keep the session connected
    Start,
    /// Give the connection up until `wpp sync start`; the daemon stays and answers
    Stop,
    /// Say whether the session is kept connected, and how it stands
    Status,
}

impl Args {
    /// Switches or shows the connection.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let client = Client::connect(&session)?;
        let sync = match self.act {
            Act::Start => client.set_sync(true)?,
            Act::Stop => client.set_sync(false)?,
            Act::Status => client.sync()?,
        };
        let status = client.status()?;
        let title = match sync.enabled {
            true => format!("{}: the connection is kept", session.name()),
            false => format!("{}: the connection was given up by the operator", session.name()),
        };
        let mut report = Report::new("sync", title)
            .section(Section::default().field("state", format!("{} ({})", status.state.name(), status.reason.name())))
            .data(json!({ "enabled": sync.enabled, "state": status.state, "reason": status.reason }));
        if !sync.enabled {
            report = report.next(format!("wpp sync start --session {}", session.name()));
        }
        Ok(report)
    }
}
