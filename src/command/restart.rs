//! `wpp restart`.

use super::gateway::{Named, done_report, gateway_site, refuse_on_gateway};
use super::{site, state_report};
use crate::app::App;
use crate::error::{ErrorKind, Result};
use crate::lifecycle::drain_patience;
use crate::lifecycle::settled;
use crate::report::{Report, Verdict};

/// Options of `wpp restart`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "CHANNEL:SESSION has a gateway restart its session, or stop and start it where the gateway has no restart. A \
gateway that says yes and whose session does not come back is code 4; 13 when it comes back without its phone."
)]
pub struct Args {
    #[command(flatten)]
    pub(super) named: Named,
    /// Kill the daemon when it does not end within the drain timeout
    #[arg(long)]
    force: bool,
}

impl Args {
    /// Drains and ends the daemon, confirms that lock and socket are free, starts it again.
    pub fn run(self, app: &App) -> Result<Report> {
        if let Some((gateway, session)) = app.gateway_session()? {
            refuse_on_gateway(self.force, "--force", "a gateway's process is its own")?;
            let site = gateway_site(app, &gateway, session, &**app.sink())?;
            let to_start = app.config().duration("daemon.start_timeout_ms");
            return Ok(done_report(site.restart(drain_patience(app.config()), to_start)?, "restarted"));
        }
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
