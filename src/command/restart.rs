//! `wpp restart`.

use super::{site, state_report};
use crate::app::App;
use crate::error::{ErrorKind, Result};
use crate::lifecycle::settled;
use crate::report::{Report, Verdict};

/// Options of `wpp restart`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Kill the daemon when it does not end within the drain timeout
    #[arg(long)]
    force: bool,
}

impl Args {
    /// Drains and ends the daemon, confirms that lock and socket are free, starts it again.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let (steps, status) = site(app, &session)?.restart(self.force)?;
        let mut report = state_report(&status);
        report.steps = steps;
        report.exit_code = Some(0);
        if !settled(&status) {
            report = report.verdict(Verdict::Fail).next(format!("wpp doctor --session {}", session.name()));
            report.exit_code = Some(ErrorKind::Failed.exit_code());
        }
        Ok(report)
    }
}
