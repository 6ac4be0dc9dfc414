//! `wpp reset`.

use serde_json::json;

use super::backup::describe;
use super::site;
use crate::app::App;
use crate::backup::{self, Backup, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::lifecycle::{Seen, Site};
use crate::report::{Report, Section};

/// Options of `wpp reset`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
    /// Go on when the session is so damaged that its backup holds it only in part
    #[arg(long)]
    accept_partial_backup: bool,
}

impl Args {
    /// Backs the session up, verifies the archive, and removes the session.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let site = site(app, &session)?;
        let plan = site.reset_plan()?;
        let listed = plan.iter().fold(Section::new("It would remove"), |section, path| section.line(path.display().to_string()));
        if self.dry_run {
            return Ok(Report::new(
                "reset-plan",
                format!("{}: a reset would first back up to {}", session.name(), app.backups().display()),
            )
            .section(listed)
            .data(json!({ "session": session.name(), "removes": plan, "backup_folder": app.backups() }))
            .next(format!("wpp reset --session {}", session.name())));
        }
        let question = format!(
            "Back up and then remove session {} ({} files, its link to the phone among them)?",
            session.name(),
            plan.len()
        );
        let confirmed = app.confirm(self.yes, &question)?;

        // Stopped first: what arrives after a backup would be in no archive.
        let was_running = matches!(site.look(), Ok(Seen::Running(_)));
        site.stop(false)?;
        let made = match self.backup(app, &session) {
            Ok(made) => made,
            Err(error) => return Err(resume(&site, was_running, error)),
        };
        site.reset(app.journal()?, &made.path, confirmed)?;
        let section = describe(&made.manifest, Section::default().field("archive", made.path.display()));
        Ok(Report::new(
            "reset",
            format!("{}: removed; all it held is in an archive verified at level {}", session.name(), made.level.name()),
        )
        .section(section)
        .data(json!({ "session": session.name(), "backup": made.path, "removed": plan }))
        .next(format!("wpp reauth --session {}", session.name())))
    }

    fn backup(&self, app: &App, session: &SessionPaths) -> Result<Backup> {
        let made = backup::create(&Request {
            home: app.home(),
            session,
            folder: &app.backups(),
            journal: app.journal()?,
            sink: &**app.sink(),
            status: None,
            increments_max: None,
        })?;
        if made.manifest.is_whole() || self.accept_partial_backup {
            return Ok(made);
        }
        Err(Error::new(
            ErrorKind::Denied,
            format!("the backup {} holds session {} only in part, so nothing was removed", made.path.display(), session.name()),
        )
        .hint(format!(
            "`wpp backup show {}` says what is missing; --accept-partial-backup goes on without it",
            made.path.display()
        )))
    }
}

/// Brings back the daemon that was stopped for a reset which did not happen.
fn resume(site: &Site<'_>, was_running: bool, error: Error) -> Error {
    if !was_running {
        return error;
    }
    match site.start() {
        Ok(_) => error.hint("the daemon was started again"),
        Err(start) => error.hint(format!("the daemon could not be started again: {start}")),
    }
}
