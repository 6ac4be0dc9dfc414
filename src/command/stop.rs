//! `wpp stop`.

use serde_json::json;

use super::gateway::{Named, gateway_site, refuse_on_gateway};
use super::site;
use crate::app::App;
use crate::error::{ErrorKind, Result};
use crate::gateway::Done;
use crate::lifecycle::drain_patience;
use crate::report::{Report, Verdict};

/// Options of `wpp stop`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) named: Named,
    /// Kill the daemon when it does not end within the drain timeout
    #[arg(long)]
    force: bool,
}

impl Args {
    /// Drains and ends the daemon.
    pub fn run(self, app: &App) -> Result<Report> {
        if let Some((gateway, session)) = app.gateway_session()? {
            refuse_on_gateway(self.force, "--force", "a gateway's process is its own")?;
            let site = gateway_site(app, &gateway, session, &**app.sink())?;
            return Ok(on_gateway(site.stop(drain_patience(app.config()))?));
        }
        let session = app.existing_session()?;
        let stopped = site(app, &session)?.stop(self.force)?;
        let title = match stopped.pid {
            None if stopped.cleared => format!("{}: no daemon was running; what a dead one left is cleared away", session.name()),
            None => format!("{}: no daemon was running", session.name()),
            Some(pid) if stopped.killed => format!("{}: process {pid} was killed after it did not drain", session.name()),
            Some(pid) => format!("{}: stopped process {pid} in {} ms", session.name(), stopped.took_ms),
        };
        Ok(Report::new("stop", title).data(json!({
            "session": session.name(), "pid": stopped.pid, "killed": stopped.killed, "took_ms": stopped.took_ms,
        })))
    }
}

fn on_gateway(done: Done) -> Report {
    let Done { steps, standing, already, good, took_ms } = done;
    let (name, state) = (&standing.session, standing.state.name());
    let title = match (good, already) {
        (true, true) => format!("{name}: had been stopped"),
        (true, false) => format!("{name}: stopped in {took_ms} ms"),
        (false, _) => format!("{name}: the gateway said yes, and it is {state} after {took_ms} ms"),
    };
    let mut report = Report::new("stop", title).data(json!({
        "session": name, "took_ms": took_ms, "state": state,
    }));
    report.steps = steps;
    if !good {
        report = report.verdict(Verdict::Fail).next(format!("wpp doctor --channel {}", standing.channel));
        report.exit_code = Some(ErrorKind::Failed.exit_code());
    }
    report
}
