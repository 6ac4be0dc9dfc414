//! `wpp evidence`, and how every run leaves some.

mod rotation;
mod verify;

pub use verify::before_it_goes_on;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::app::App;
use crate::clock::{self, Timestamp};
use crate::daemon::log::Tokens;
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::evidence::redact::Redaction;
use crate::evidence::{self, Folder, seal};
use crate::report::{Report, Section, Table, count};
use crate::ui::html::{self, Series, Unit};
use crate::ui::markdown;

/// Options of `wpp evidence`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, Subcommand)]
enum EvidenceCommand {
    /// List what runbooks and drills left behind
    List {
        /// Only of this runbook or drill
        #[arg(long, value_name = "ID")]
        of: Option<String>,
    },
    /// Show the report of a run
    Show {
        /// Which run, as `wpp evidence list` names it; the newest without one
        id: Option<String>,
    },
    /// Look whether the files of a run are what they were when it ended; exit 4 when one is not
    ///
    /// Without names all runs that the journal knows are looked at: one whose folder or list of hashes is gone is named,
    /// and so is a folder that no run left. What a list hashes to is compared with what the journal has.
    Verify {
        /// Which runs, or folders by their paths; all without one
        #[arg(value_name = "ID or FOLDER")]
        ids: Vec<String>,
    },
    /// Write a run as one .tar.gz to attach to a ticket, if its files are what they were
    Export {
        /// Which run
        id: String,
        /// The file to write [default: ID.tar.gz here]
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        to: Option<PathBuf>,
    },
    /// Write the evidence that credentials were rotated: names and times, and no value
    Rotation(rotation::Args),
}

impl Args {
    /// Runs the chosen subcommand.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.command {
            EvidenceCommand::List { of } => list(app, of.as_deref()),
            EvidenceCommand::Show { id } => {
                Ok(Report { answer: true, exit_code: Some(0), ..folder(app, id.as_deref())?.report()? })
            }
            EvidenceCommand::Verify { ids } => verify::verify(app, &ids),
            EvidenceCommand::Export { id, to } => export(app, &id, to),
            EvidenceCommand::Rotation(rotation) => rotation.run(app),
        }
    }
}

/// Writes a run's report into its folder in every form, without people and secrets, and seals it.
/// Gives the folder's report page for people.
pub fn keep(app: &App, folder: &Path, report: &Report, secrets: Vec<String>) -> Result<PathBuf> {
    let redaction = redaction(app, secrets)?;
    let report = redaction.report(report)?;
    let mut runs = match evidence::subject(&report) {
        Some(subject) => evidence::history(&app.home().reports(), subject)?,
        None => Vec::new(),
    };
    let id = Folder::at(folder).id();
    let this = evidence::run(id.clone(), &report);
    // A run that was written down before, such as one that was resumed, is there once.
    runs.retain(|run| run.id != id);
    runs.extend(this);
    let page = html::report(&report, &runs, &backups(app)?)?;
    let document = serde_json::to_vec_pretty(&report).while_doing(|| "cannot write the report as JSON".into())?;
    let files =
        [(evidence::REPORT, document), ("report.html", page.into_bytes()), ("report.md", markdown::report(&report).into_bytes())];
    let run = report.data["run"].as_str().map_or(id, str::to_owned);
    let folder = Folder::at(folder);
    let sum = folder.keep(&files, &redaction)?;
    seal::close(app.journal()?, &run, &folder, sum)?;
    Ok(folder.path().join("report.md"))
}

/// What takes numbers, names and secrets out of what leaves this home.
pub fn redaction(app: &App, secrets: Vec<String>) -> Result<Redaction> {
    disk::create_folder(&app.home().reports())?;
    Ok(Redaction::new(Tokens::open(&app.home().reports_key())?, secrets))
}

/// Size of the backups that the journal knows, and how old the newest one had become when the next was
/// made.
fn backups(app: &App) -> Result<Vec<Series>> {
    if !app.home().journal().exists() {
        return Ok(Vec::new());
    }
    let mut made: Vec<(Timestamp, f64)> = app
        .journal()?
        .everywhere("backup")?
        .into_iter()
        .filter(|entry| entry.state == "finished")
        .filter_map(|entry| Some((clock::from_ms(entry.at_ms), entry.data.pointer("/stamp/size_bytes")?.as_f64()?)))
        .collect();
    made.sort_by_key(|(at, _)| *at);
    let hours = |from: Timestamp, to: Timestamp| clock::since(from, to).as_secs_f64() / 3600.0;
    let mut ages: Vec<(Timestamp, f64)> = made.windows(2).map(|pair| (pair[1].0, hours(pair[0].0, pair[1].0))).collect();
    ages.extend(made.last().map(|(at, _)| (clock::now(), hours(*at, clock::now()))));
    Ok(vec![
        Series { title: "Size of backups".into(), points: made, unit: Unit::Bytes, from_zero: true },
        Series { title: "Age of the newest backup before the next".into(), points: ages, unit: Unit::Hours, from_zero: true },
    ])
}

/// Evidence of every run by the run's id, oldest first: what lies in the home's reports, and what runs left in
/// other folders, as the journal knows them.
fn all(app: &App) -> Result<Vec<(String, Folder)>> {
    let reports = app.home().reports();
    let mut all: Vec<(String, Folder)> = evidence::all(&reports)?.into_iter().map(|folder| (folder.id(), folder)).collect();
    // Looking must not make a journal.
    if app.home().journal().exists() {
        for seal in seal::all(app.journal()?)? {
            let elsewhere = !seal.folder.starts_with(&reports) && seal.list == evidence::SUMS;
            if elsewhere && seal.folder.join(evidence::REPORT).is_file() && !all.iter().any(|(id, _)| *id == seal.run) {
                all.push((seal.run.clone(), seal.evidence()));
            }
        }
        all.sort_by_key(|(id, _)| evidence::order(id));
    }
    Ok(all)
}

/// The one that was asked for, or the newest.
fn folder(app: &App, id: Option<&str>) -> Result<Folder> {
    let all = all(app)?;
    let found = match id {
        Some(wanted) => all.into_iter().find(|(id, _)| id == wanted),
        None => all.into_iter().next_back(),
    };
    found.map(|(_, folder)| folder).ok_or_else(|| {
        let what = id.map_or("there is no evidence".to_owned(), |id| format!("there is no evidence {id}"));
        Error::new(ErrorKind::Usage, format!("{what} in {}", app.home().reports().display()))
            .hint("`wpp evidence list` names what is there; `wpp drill run smoke` makes some")
    })
}

fn list(app: &App, of: Option<&str>) -> Result<Report> {
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for (id, folder) in all(app)? {
        // One that cannot be read is listed, too: it is there.
        let report = folder.report().ok();
        let subject = report.as_ref().and_then(evidence::subject).unwrap_or("?").to_owned();
        if of.is_some_and(|of| of != subject) {
            continue;
        }
        let began = report.as_ref().and_then(evidence::began).map(clock::rfc3339);
        let verdict = report.as_ref().map(|report| report.verdict);
        let size_bytes = disk::folder_size_bytes(folder.path())?;
        rows.push(vec![
            id.clone(),
            subject.clone(),
            verdict.map_or("unreadable", markdown::word).to_owned(),
            began.clone().unwrap_or_default(),
            crate::report::size(size_bytes),
        ]);
        entries.push(json!({
            "id": id, "of": subject, "verdict": verdict, "began": began, "path": folder.path(), "size_bytes": size_bytes,
        }));
    }
    let table = Table::new(["id", "of", "verdict", "began", "size"], rows);
    let title = format!("Evidence of {}", count(entries.len() as u64, "run", "runs"));
    let report = Report::answer("evidence-list", title).data(json!({ "evidence": entries }));
    Ok(if table.rows.is_empty() { report.next("wpp drill run smoke") } else { report.section(Section::default().table(table)) })
}

fn export(app: &App, id: &str, to: Option<PathBuf>) -> Result<Report> {
    verify::require_sound(app, id)?;
    let folder = folder(app, Some(id))?;
    let to = to.unwrap_or_else(|| PathBuf::from(format!("{id}.tar.gz")));
    // A link that leads nowhere has the name, too.
    if to.symlink_metadata().is_ok() {
        return Err(
            Error::new(ErrorKind::Usage, format!("{} is there already", to.display())).hint("--to FILE gives another name")
        );
    }
    let cannot = |error: std::io::Error| disk::cannot("write", &to, error);
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()));
    archive.mode(tar::HeaderMode::Deterministic);
    for name in folder.files()?.into_iter().chain([evidence::SUMS.to_owned()]) {
        archive.append_path_with_name(folder.path().join(&name), format!("{id}/{name}")).map_err(cannot)?;
    }
    let bytes = archive.into_inner().and_then(flate2::write::GzEncoder::finish).map_err(cannot)?;
    disk::write_atomic(&to, &bytes)?;
    let (sum, size_bytes) = disk::sha256(&bytes[..]).map_err(cannot)?;
    Ok(Report::new("evidence-export", format!("{} holds the evidence {id}, {}", to.display(), crate::report::size(size_bytes)))
        .section(Section::default().field("SHA-256", &sum))
        .data(json!({ "id": id, "path": to, "size_bytes": size_bytes, "sha256": sum })))
}
