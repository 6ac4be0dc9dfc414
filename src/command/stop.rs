//! `wpp stop`.

use serde_json::json;

use super::site;
use crate::app::App;
use crate::error::Result;
use crate::report::Report;

/// Options of `wpp stop`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Kill the daemon when it does not end within the drain timeout
    #[arg(long)]
    force: bool,
}

impl Args {
    /// Drains and ends the daemon.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let stopped = site(app, &session)?.stop(self.force)?;
        let title = match stopped.pid {
            None => format!("{}: no daemon was running", session.name()),
            Some(pid) if stopped.killed => format!("{}: process {pid} was killed after it did not drain", session.name()),
            Some(pid) => format!("{}: stopped process {pid} in {} ms", session.name(), stopped.took_ms),
        };
        Ok(Report::new("stop", title).data(json!({
            "session": session.name(), "pid": stopped.pid, "killed": stopped.killed, "took_ms": stopped.took_ms,
        })))
    }
}
