//! `wpp backup verify`.

use serde_json::json;

use super::backup::{describe, locate};
use super::keys::ReadKeys;
use super::set;
use crate::app::App;
use crate::archive::base;
use crate::archive::chain;
use crate::archive::input::Input;
use crate::archive::manifest::Manifest;
use crate::archive::open;
use crate::archive::seal::Identities;
use crate::archive::shelf::{Located, Stamp};
use crate::archive::verified::{self, Record};
use crate::archive::verify::Level;
use crate::clock::Stopwatch;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Metric, Report, Section, Verdict, size};
use crate::verify::{Proof, Request, prove};

/// Options of `wpp backup verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An archive that is not what its manifest says, or that SQLite's quick_check finds damaged, exits 12. One \
                        that passes both and yet does not come back to life at level restore exits 4. Either is written \
                        down, and `wpp backup list` shows it. Exit code 5 means that the machine, by a full disk or too much \
                        load, kept it from being found out; nothing is written down then."
)]
pub struct Args {
    /// Path or s3:// address of the archive, its name at the backup destination, or `latest`
    #[arg(value_name = "ARCHIVE", value_hint = clap::ValueHint::FilePath)]
    archive: String,
    /// How far to check
    #[arg(long, value_enum, default_value_t = Level::Quick)]
    level: Level,
    /// Keep the sandbox that level restore makes, to look at it
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    keys: ReadKeys,
}

impl Args {
    /// Verifies one archive and writes down how that came out.
    pub fn run(self, app: &App) -> Result<Report> {
        if self.keep && self.level != Level::Restore {
            return Err(Error::new(ErrorKind::Usage, format!("level {} makes no sandbox to keep", self.level.name()))
                .hint("add --level restore, or leave --keep out"));
        }
        let identities = self.keys.identities(app)?;
        if set::is_meant(&self.archive) {
            return set::verify(app, &self.archive, self.level, &identities);
        }
        let archive = locate(app, &self.archive, &identities)?;
        let checked = Checked { app, stamp: archive.stamp()?, archive, identities };
        match self.level {
            Level::Hash | Level::Quick => checked.by_reading(self.level),
            Level::Restore => checked.by_restoring(self.keep),
        }
    }
}

/// The level at which an archive failed that was refused at `level`. A database that SQLite refuses
/// takes nothing from what the bytes are, which reading them once more shows; an error of that reading
/// that is no refusal shows nothing.
fn failed_level(level: Level, read_bytes: impl FnOnce() -> Result<()>) -> Result<Level> {
    if level != Level::Quick {
        return Ok(Level::Hash);
    }
    match read_bytes() {
        Ok(()) => Ok(Level::Quick),
        Err(error) if error.kind() == ErrorKind::Archive => Ok(Level::Hash),
        Err(error) => Err(error),
    }
}

/// The archive under check.
struct Checked<'a> {
    app: &'a App,
    archive: Located,
    identities: Identities,
    /// Of the file before it was read.
    stamp: Stamp,
}

impl Checked<'_> {
    fn input(&self) -> Result<Input> {
        self.archive.open(&self.identities)
    }

    /// What it says about itself. What is encrypted and damaged may not even open, and that is found
    /// like any other damage.
    fn stated(&self) -> Result<Manifest> {
        open::manifest(&mut self.input()?)
    }

    fn by_reading(self, level: Level) -> Result<Report> {
        let watch = Stopwatch::start();
        let read = |level| self.archive.verify(&self.identities, level, &self.app.scratch(), &**self.app.sink());
        let opened = match read(level) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::Archive => {
                let failed = failed_level(level, || read(Level::Hash).map(drop))?;
                let manifest = match self.stated() {
                    Ok(manifest) => Some(manifest),
                    Err(error) if error.kind() == ErrorKind::Archive => None,
                    Err(error) => return Err(error),
                };
                self.write_down(manifest.as_ref(), None, failed, Some(error.chain()))?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let took_ms = watch.elapsed_ms();
        self.write_down(Some(&opened.manifest), Some(&opened.sha256), level, None)?;
        let section = describe(&opened.manifest, Section::default().field("SHA-256", &opened.sha256));
        let title = format!("{}: verified at level {}, {}", self.archive.place(), level.name(), size(opened.size_bytes));
        let mut report = Report::new("backup-verify", title).section(section).data(json!({
            "path": self.archive.place(), "level": level, "sha256": opened.sha256, "size_bytes": opened.size_bytes, "took_ms": took_ms,
            "whole": opened.manifest.is_whole(), "manifest": opened.manifest.summary(),
        }));
        report.metrics = vec![Metric { name: "verify_took_ms".into(), value: took_ms as f64 }];
        Ok(report)
    }

    fn by_restoring(self, keep: bool) -> Result<Report> {
        let watch = Stopwatch::start();
        let name = self.archive.place();
        let stated = match self.stated() {
            Ok(manifest) => manifest,
            Err(error) => {
                if error.kind() == ErrorKind::Archive {
                    self.write_down(None, None, Level::Hash, Some(error.chain()))?;
                }
                return Err(error);
            }
        };
        let sink = self.app.sink();
        let beside = self.archive.destination().folder().map(std::path::Path::to_owned);
        let folders: Vec<_> = beside.into_iter().chain([self.app.scratch(), std::env::temp_dir()]).collect();
        let proof = prove(Request {
            name: &name,
            content_bytes: stated.restored_bytes(),
            unpack: &mut |folder, stop| {
                self.archive.read(&self.identities, |input| {
                    input.stop_at(stop.clone());
                    chain::unpack(input, folder, &**sink)
                })
            },
            folders: &folders,
            program: self.app.program()?,
            ready_timeout: self.app.config().duration("daemon.start_timeout_ms"),
            keep,
            sink: &**sink,
        })?;
        let took_ms = watch.elapsed_ms();
        let manifest = proof.opened.as_ref().map_or(&stated, |opened| &opened.manifest);
        let sha256 = proof.opened.as_ref().map(|opened| opened.sha256.as_str());
        let (level, why) = match &proof.failure {
            None => (Level::Restore, None),
            Some(failure) => (failure.level, Some(failure.why.clone())),
        };
        self.write_down(Some(manifest), sha256, level, why)?;
        self.proof_report(proof, took_ms)
    }

    fn proof_report(&self, proof: Proof, took_ms: u64) -> Result<Report> {
        let Proof { opened, steps, failure, paired, kept } = proof;
        let Some(opened) = opened else {
            let refusal = failure.and_then(|failure| failure.refusal);
            return Err(refusal.unwrap_or_else(|| open::refused(&self.archive.place(), "it could not be read")));
        };
        let mut section = Section::default().field("SHA-256", &opened.sha256);
        if paired == Some(false) {
            section = section
                .line("No phone was linked when it was made: it comes back as AUTH_REQUIRED, and a phone must be linked to it.");
        }
        if let Some(kept) = &kept {
            section = section
                .field("sandbox kept", kept.display())
                .line("The sandbox holds the session's secrets. It reaches loopback alone; remove it when you are done.");
        }
        let at = self.archive.place();
        let title = match &failure {
            None => format!("{at}: verified at level restore, {}", size(opened.size_bytes)),
            Some(failure) => format!("{at}: FAILED at level {}: {}", failure.level.name(), failure.why),
        };
        let mut report = Report::new("backup-verify", title).section(describe(&opened.manifest, section)).data(json!({
            "path": self.archive.place(), "level": failure.is_none().then_some(Level::Restore), "sha256": opened.sha256,
            "size_bytes": opened.size_bytes, "took_ms": took_ms, "whole": opened.manifest.is_whole(), "manifest": opened.manifest.summary(),
            "paired": paired, "sandbox": kept,
            "failed_level": failure.as_ref().map(|failure| failure.level), "failed_why": failure.as_ref().map(|failure| &failure.why),
        }));
        report.steps = steps;
        report.metrics = vec![Metric { name: "verify_took_ms".into(), value: took_ms as f64 }];
        if let Some(failure) = &failure {
            report = report.verdict(Verdict::Fail).next("wpp backup");
            if failure.level < Level::Restore {
                report.exit_code = Some(ErrorKind::Archive.exit_code());
            }
        }
        if let Some(kept) = &kept {
            report = report
                .next(format!("wpp --home '{}' messages", kept.display()))
                .next(format!("rm -r '{}'   # once nothing in it is needed any more", kept.display()));
        }
        Ok(report)
    }

    /// Leaves what came of it in the journal, for the very file that was looked at.
    fn write_down(&self, manifest: Option<&Manifest>, sha256: Option<&str>, level: Level, failed: Option<String>) -> Result<()> {
        let own = self.app.session()?;
        let session = manifest.map_or(own.name(), |manifest| manifest.session.as_str());
        if failed.is_some() {
            base::forget(self.app.home(), session, self.archive.destination())?;
        }
        let record = Record {
            archive_id: manifest.map(|manifest| manifest.id.clone()).unwrap_or_default(),
            place: self.archive.place(),
            location: self.archive.destination().to_string(),
            name: self.archive.name().to_owned(),
            sha256: sha256.map(str::to_owned),
            level,
            stamp: Some(self.stamp.clone()),
            whole: manifest.is_some_and(Manifest::is_whole),
            failed,
        };
        verified::record(self.app.journal()?, session, &record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_between_two_reads_is_not_written_down_as_bad_bytes() {
        let fails = |kind| move || Err(Error::new(kind, "x"));
        assert_eq!(failed_level(Level::Quick, || Ok(())).unwrap(), Level::Quick);
        assert_eq!(failed_level(Level::Quick, fails(ErrorKind::Archive)).unwrap(), Level::Hash);
        for kind in [ErrorKind::Unreachable, ErrorKind::Unexpected, ErrorKind::Denied] {
            assert_eq!(failed_level(Level::Quick, fails(kind)).unwrap_err().kind(), kind);
        }
        assert_eq!(failed_level(Level::Hash, fails(ErrorKind::Unreachable)).unwrap(), Level::Hash);
    }
}
