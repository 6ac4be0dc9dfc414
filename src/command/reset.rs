//! `wpp reset`.

use serde_json::json;

use std::sync::Arc;

use super::backup::{codec, describe, effort, patience};
use super::keys::{ReadKeys, WriteKeys};
use super::site;
use crate::app::App;
use crate::archive::destination::Destination;
use crate::archive::shelf::Located;
use crate::archive::verify::Level;
use crate::backup::{self, Backup, Hold, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::home::SessionPaths;
use crate::lifecycle::{Seen, Site};
use crate::report::{Report, Section, count, size};
use crate::restore;

/// Options of `wpp reset`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
    /// Go on when the session is so damaged that its backup holds it only in part; its files are set aside then
    #[arg(long)]
    accept_partial_backup: bool,
    #[command(flatten)]
    keys: ReadKeys,
}

impl Args {
    /// Backs the session up, verifies the archive, and removes the session.
    pub fn run(self, app: &App) -> Result<Report> {
        let session = app.existing_session()?;
        let site = site(app, &session)?;
        let plan = site.reset_plan()?;
        let destination = app.destination()?;
        backup::check_destination(&destination, &session)?;
        let listed = plan.iter().fold(Section::new("It would remove"), |section, path| section.line(path.display().to_string()));
        if self.dry_run {
            return Ok(Report::new(
                "reset-plan",
                format!("{}: a reset would first back up to {}", session.name(), app.destination()?),
            )
            .section(listed)
            .data(json!({ "session": session.name(), "removes": plan, "backup_folder": app.destination()?.to_string() }))
            .next(format!("wpp reset --session {}", session.name())));
        }
        let question = format!(
            "Back up and then remove session {} ({}, its link to the phone among them)?",
            session.name(),
            count(plan.len(), "file", "files")
        );
        let confirmed = app.confirm_or_dry_run(self.yes, &question)?;

        // Stopped first: what arrives after a backup would be in no archive. Held from then on, also
        // while the archive is read back: what somebody else started meanwhile would be removed unseen.
        let was_running = matches!(site.look(), Ok(Seen::Running(_)));
        site.stop(false)?;
        let removed = site.hold().and_then(|held| {
            let made = self.backup(app, &session, held.hold())?;
            let archive = || still_there(&destination, &session, &made);
            // What no archive holds is kept as it is: parts of a damaged database may still be read.
            let keeps = !made.manifest.is_whole();
            let kept = site.reset(app.journal()?, held, &made.place, keeps, &archive, confirmed)?;
            Ok((made, kept))
        });
        let (made, kept) = match removed {
            Ok(done) => done,
            Err(error) => return Err(resume(&site, was_running, error)),
        };
        let section = describe(&made.manifest, Section::default().field("archive", &made.place));
        let (name, level) = (session.name(), made.level.map_or("none", Level::name));
        let title = match &kept {
            None => format!("{name}: removed; all it held is in an archive verified at level {level}"),
            Some(kept) => format!(
                "{name}: removed; an archive verified at level {level} holds it in part, the rest is kept in {}",
                kept.display()
            ),
        };
        let mut report = Report::new("reset", title)
            .section(section)
            .data(json!({ "session": name, "backup": made.place, "removed": plan, "kept": kept }))
            .next(format!("wpp reauth --session {name}"));
        // The reset is done, and a listing that fails takes nothing from it.
        match restore::old_copies(&session) {
            Ok(copies) if copies.is_empty() => {}
            Ok(copies) => {
                let aside = Section::new("Old copies that restores set aside, with keys inside, are still there");
                report = report
                    .section(copies.iter().fold(aside, |section, (folder, bytes)| section.field(size(*bytes), folder.display())))
                    .next(format!(
                        "wpp backup prune --set-aside --older-than 30d --dry-run --session {}   # what could be removed",
                        session.name()
                    ));
            }
            Err(error) => report.warnings.push(format!("old copies that restores set aside cannot be listed: {}", error.chain())),
        }
        Ok(report)
    }

    fn backup(&self, app: &App, session: &SessionPaths, hold: &Hold) -> Result<Backup> {
        let journal = app.journal()?;
        let (recipients, identities) = WriteKeys::default().choose(app, &self.keys)?;
        let request = Request {
            home: app.home(),
            session,
            destination: app.destination()?,
            recipients: recipients.as_ref(),
            identities: &identities,
            journal,
            sink: &**app.sink(),
            status: None,
            increments_max: None,
            codec: codec(app)?,
            effort: effort(app)?,
            patience: patience(app),
        };
        let made = backup::create_held(&request, hold)?;
        if made.level.is_none() {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("the backup {} was read back but not verified, for lack of a key, so nothing was removed", made.place),
            )
            .hint("give the key with --identity FILE or --passphrase-file FILE"));
        }
        if made.manifest.is_whole() || self.accept_partial_backup {
            return Ok(made);
        }
        Err(Error::new(
            ErrorKind::Denied,
            format!("the backup {} holds session {} only in part, so nothing was removed", made.place, session.name()),
        )
        .hint(format!("`wpp backup show {}` says what is missing; --accept-partial-backup goes on without it", made.place)))
    }
}

/// Fails unless the archive still is what was read back, where the reset will not remove it.
fn still_there(destination: &Arc<Destination>, session: &SessionPaths, made: &Backup) -> Result<()> {
    backup::check_destination(destination, session)?;
    let stamp = Located::new(destination.clone(), &made.name).stamp()?;
    if stamp == made.stamp {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Denied, format!("{} was changed after it was verified, so nothing was removed", made.place))
        .hint("find out who writes to the backup destination, then run the reset again"))
}

/// Brings back the daemon that was stopped for a reset which did not happen.
fn resume(site: &Site<'_>, was_running: bool, error: Error) -> Error {
    // The session may be gone all the same; a daemon would make an empty one.
    if !was_running || !site.session.exists() {
        return error;
    }
    match site.start() {
        Ok(_) => error.hint("the daemon was started again"),
        Err(start) => error.hint(format!("the daemon could not be started again: {start}")),
    }
}
