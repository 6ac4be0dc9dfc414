//! `wpp start`.

use super::gateway::{Named, done_report, gateway_site, refuse_on_gateway};
use super::{site, state_report};
use crate::app::App;
use crate::error::{ErrorKind, Result};
use crate::lifecycle::settled;
use crate::report::{Report, Verdict};
use crate::session::state::State;

/// Options of `wpp start`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "CHANNEL:SESSION has a gateway start its session. Either way it ends at READY, AUTH_REQUIRED or ERROR, or \
after daemon.start_timeout_ms, with code 4 unless it is one of the first two."
)]
pub struct Args {
    #[command(flatten)]
    pub(super) named: Named,
    /// Go on with no messages when wpp.db is gone, instead of restoring it
    #[arg(long)]
    new_messages: bool,
}

impl Args {
    /// Starts the daemon, if none runs, and waits for READY or AUTH_REQUIRED.
    pub fn run(self, app: &App) -> Result<Report> {
        if let Some((gateway, session)) = app.gateway_session()? {
            refuse_on_gateway(self.new_messages, "--new-messages", "a gateway keeps its own messages")?;
            let site = gateway_site(app, &gateway, session, &**app.sink())?;
            return Ok(done_report(site.start(app.config().duration("daemon.start_timeout_ms"))?, "started"));
        }
        let session = app.session()?;
        let site = site(app, &session)?;
        let started = if self.new_messages { site.start_with_new_messages(app.journal()?)? } else { site.start()? };
        let mut report = state_report(&started.status);
        if !settled(&started.status) {
            report = report.verdict(Verdict::Fail).next(format!("wpp doctor --session {}", session.name()));
            report.exit_code = Some(ErrorKind::Failed.exit_code());
        } else {
            // A session that waits for its phone was started all the same.
            report.exit_code = Some(0);
            if started.status.state == State::AuthRequired {
                report = report.next(format!("wpp reauth --session {}", session.name()));
            }
        }
        if started.already_running {
            report.title.push_str(", was running");
        } else {
            report.title.push_str(&format!(", started in {} ms", started.took_ms));
        }
        Ok(report)
    }
}
