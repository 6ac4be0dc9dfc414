//! `wpp evidence`, and how every run leaves some.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::app::App;
use crate::clock::{self, Timestamp};
use crate::daemon::log::Tokens;
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::evidence::redact::Redaction;
use crate::evidence::rotation::Rotation;
use crate::evidence::{self, Folder};
use crate::report::{Report, Section, Step, Table, Verdict, count};
use crate::ui::html::{self, Series, Unit};
use crate::ui::markdown;

/// Bytes of a file that is read for a rotation's evidence.
const FILE_BYTES_MAX: u64 = 16 << 20;

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
    Verify {
        /// Which runs; all without one
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
    Rotation(RotationArgs),
}

#[derive(Debug, clap::Args)]
struct RotationArgs {
    /// The environment file as it was before
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    before: PathBuf,
    /// The environment file as it is now
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    after: PathBuf,
    /// A name whose value must be another one now; give each
    #[arg(long = "name", value_name = "NAME", required = true)]
    names: Vec<String>,
    /// What the scan for secrets wrote
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    scan: PathBuf,
    /// What another required command wrote, after a label: `doctor=FILE`
    #[arg(long = "transcript", value_name = "LABEL=FILE")]
    transcripts: Vec<String>,
    /// The folder to write into
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    into: PathBuf,
}

impl Args {
    /// Runs the chosen subcommand.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.command {
            EvidenceCommand::List { of } => list(app, of.as_deref()),
            EvidenceCommand::Show { id } => {
                Ok(Report { answer: true, exit_code: Some(0), ..folder(app, id.as_deref())?.report()? })
            }
            EvidenceCommand::Verify { ids } => verify(app, &ids),
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
    Folder::at(folder).keep(&files, &redaction)?;
    Ok(folder.join("report.md"))
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
        Series { title: "Size of backups".into(), points: made, unit: Unit::Bytes },
        Series { title: "Age of the newest backup before the next".into(), points: ages, unit: Unit::Hours },
    ])
}

/// The one that was asked for, or the newest.
fn folder(app: &App, id: Option<&str>) -> Result<Folder> {
    let all = evidence::all(&app.home().reports())?;
    let found = match id {
        Some(id) => all.into_iter().find(|folder| folder.id() == id),
        None => all.into_iter().next_back(),
    };
    found.ok_or_else(|| {
        let what = id.map_or("there is no evidence".to_owned(), |id| format!("there is no evidence {id}"));
        Error::new(ErrorKind::Usage, format!("{what} in {}", app.home().reports().display()))
            .hint("`wpp evidence list` names what is there; `wpp drill run smoke` makes some")
    })
}

fn list(app: &App, of: Option<&str>) -> Result<Report> {
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for folder in evidence::all(&app.home().reports())? {
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
            folder.id(),
            subject.clone(),
            verdict.map_or("unreadable", markdown::word).to_owned(),
            began.clone().unwrap_or_default(),
            crate::report::size(size_bytes),
        ]);
        entries.push(json!({
            "id": folder.id(), "of": subject, "verdict": verdict, "began": began, "path": folder.path(), "size_bytes": size_bytes,
        }));
    }
    let table = Table::new(["id", "of", "verdict", "began", "size"], rows);
    let title = format!("Evidence of {} in {}", count(entries.len() as u64, "run", "runs"), app.home().reports().display());
    let report = Report::answer("evidence-list", title).data(json!({ "evidence": entries }));
    Ok(if table.rows.is_empty() { report.next("wpp drill run smoke") } else { report.section(Section::default().table(table)) })
}

fn verify(app: &App, ids: &[String]) -> Result<Report> {
    let folders = if ids.is_empty() {
        evidence::all(&app.home().reports())?
    } else {
        ids.iter().map(|id| folder(app, Some(id))).collect::<Result<_>>()?
    };
    let mut steps = Vec::new();
    for folder in &folders {
        let watch = clock::Stopwatch::start();
        let (verdict, observed) = match folder.check() {
            Ok(checked) if checked.is_sound() => {
                (Verdict::Pass, count(checked.sound as u64, "file as it was", "files as they were"))
            }
            Ok(checked) => {
                let parts = [("changed", &checked.changed), ("missing", &checked.missing), ("added", &checked.added)];
                let told: Vec<String> = parts
                    .iter()
                    .filter(|(_, names)| !names.is_empty())
                    .map(|(what, names)| format!("{what}: {}", names.join(", ")))
                    .collect();
                (Verdict::Fail, if told.is_empty() { "it holds no file".into() } else { told.join("; ") })
            }
            Err(error) => (Verdict::Unknown, error.chain()),
        };
        let expected = "all files as they were when the run ended".to_owned();
        steps.push(Step { title: folder.id(), verdict, expected, observed, took_ms: watch.elapsed_ms() });
    }
    // Nothing to look at is no proof of anything.
    let verdict = steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::Unknown);
    let title = match (verdict, steps.len()) {
        (_, 0) => "There is no evidence to verify".to_owned(),
        (Verdict::Pass, number) => format!("Evidence of {} is as it was", count(number as u64, "run", "runs")),
        _ => "Evidence is not what it was, or cannot be checked".to_owned(),
    };
    let data = json!({ "verified": steps.iter().map(|step| json!({ "id": step.title, "verdict": step.verdict, "observed": step.observed })).collect::<Vec<_>>() });
    let mut report = Report::new("evidence-verify", title).verdict(verdict).data(data);
    report.steps = steps;
    Ok(report)
}

fn export(app: &App, id: &str, to: Option<PathBuf>) -> Result<Report> {
    let folder = folder(app, Some(id))?;
    if !folder.check()?.is_sound() {
        return Err(Error::new(ErrorKind::Failed, format!("the evidence {id} is not what it was when the run ended"))
            .hint(format!("`wpp evidence verify {id}` says what changed; it is not handed on as evidence")));
    }
    let to = to.unwrap_or_else(|| PathBuf::from(format!("{id}.tar.gz")));
    if to.exists() {
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

impl RotationArgs {
    fn run(self, app: &App) -> Result<Report> {
        let now = clock::now();
        let old = disk::read_private("the environment file", &self.before, FILE_BYTES_MAX)?;
        let new = disk::read_private("the environment file", &self.after, FILE_BYTES_MAX)?;
        let rotation = Rotation::between(&String::from_utf8_lossy(&old), &String::from_utf8_lossy(&new), &self.names);
        let scan = read(&self.scan)?;
        let mut steps = Vec::new();
        let mut step = |title: &str, expected: &str, lacking: Vec<String>| {
            let verdict = if lacking.is_empty() { Verdict::Pass } else { Verdict::Fail };
            let observed = if lacking.is_empty() { expected.to_owned() } else { lacking.join(", ") };
            steps.push(Step { title: title.into(), verdict, expected: expected.into(), observed, took_ms: 0 });
        };
        let lacking = rotation.lacking(&self.names).into_iter().map(|(name, change)| format!("{name} is {change}")).collect();
        step("compare the environment files", "every required credential has another value", lacking);
        let leaks = |text: &str| {
            rotation.leaks(text).into_iter().map(|name| format!("a value of {name} stands in it")).collect::<Vec<_>>()
        };
        step("look through the scan for secrets", "it has something to say, and no value stands in it", {
            let mut lacking = leaks(&scan);
            if scan.trim().is_empty() {
                lacking.push("it is empty".into());
            }
            lacking
        });
        let mut section = Section::new("Credentials").field("rotated, as seen at", clock::rfc3339(now));
        for name in &self.names {
            section = section.field(name, rotation.changes.get(name).map_or("in neither file", |change| change.name()));
        }
        let redaction = redaction(app, rotation.secrets().collect())?;
        let mut sections = vec![section];
        for transcript in &self.transcripts {
            let (label, path) = transcript.split_once('=').ok_or_else(|| {
                Error::new(ErrorKind::Usage, format!("--transcript {transcript} names no file"))
                    .hint("write LABEL=FILE, such as doctor=doctor.json")
            })?;
            let text = read(Path::new(path))?;
            step(&format!("look through what `{label}` wrote"), "no value stands in it", leaks(&text));
            let mut part = Section::new(format!("Transcript: {label}"));
            part.lines = redaction.text(&text).lines().map(str::to_owned).collect();
            sections.push(part);
        }
        let verdict = steps.iter().map(|step| step.verdict).max().unwrap_or(Verdict::Unknown);
        let title = match verdict {
            Verdict::Pass => format!("{} rotated", count(self.names.len() as u64, "credential is", "credentials are")),
            _ => "The rotation is not complete".to_owned(),
        };
        let day: String = clock::compact(now).chars().take(8).collect();
        let name = |ending: &str| self.into.join(format!("credential-rotation-{day}{ending}"));
        let files = [name(".md"), name("-env-diff.txt"), name("-secret-scan.txt")];
        let mut report = Report::new("evidence-rotation", title)
            .verdict(verdict)
            .data(json!({ "rotated": self.names.iter().map(|name| json!({ "name": name, "change": rotation.changes.get(name) })).collect::<Vec<_>>(), "files": files }));
        report.sections = sections;
        report.steps = steps;
        disk::create_folder(&self.into)?;
        disk::write_atomic(&files[0], markdown::report(&report).as_bytes())?;
        disk::write_atomic(&files[1], rotation.text().as_bytes())?;
        disk::write_atomic(&files[2], redaction.text(&scan).as_bytes())?;
        // What was said at length is in the file.
        report.sections.truncate(1);
        for file in &files {
            report.sections[0].fields.push(("written".into(), file.display().to_string()));
        }
        Ok(report)
    }
}

fn read(path: &Path) -> Result<String> {
    let bytes = disk::read_small(path, FILE_BYTES_MAX).map_err(|error| disk::cannot("read", path, error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
