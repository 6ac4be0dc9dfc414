//! `wpp drill guard`.

use serde_json::json;

use crate::app::App;
use crate::error::{Error, ErrorKind, Result};
use crate::report::Report;
use crate::runbook::guard::{self, Guard};

/// Options of `wpp drill guard`.
#[derive(Debug, clap::Args)]
pub struct Guarded {
    /// other-linked-session, not-live, not-locked-down or backup-younger-than(24h)
    #[arg(value_name = "GUARD", required = true)]
    guards: Vec<Guard>,
}

impl Guarded {
    /// Says whether all of them hold.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.session()?;
        for guard in &self.guards {
            if let Some(reason) = guard::judge(*guard, app.home(), app.journal()?, Some(session.name()))? {
                return Err(Error::new(ErrorKind::Denied, format!("the guard {guard} does not hold: {reason}"))
                    .hint("it is there to keep a drill from doing harm; `wpp status --all` shows the sessions"));
            }
        }
        let guards: Vec<String> = self.guards.iter().map(ToString::to_string).collect();
        Ok(Report::new("drill-guard", format!("{}: {} holds", session.name(), guards.join(", ")))
            .data(json!({ "session": session.name(), "guards": guards })))
    }
}
