//! `wpp evidence rotation`: that credentials were rotated, by their names alone.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::rotation::{Environment, Rotation};
use crate::evidence::{Folder, seal};
use crate::report::{Report, Section, Step, Verdict, count};
use crate::ui::markdown;

/// Bytes of a file that is read for a rotation's evidence.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Options of `wpp evidence rotation`.
#[derive(Debug, clap::Args)]
pub struct Args {
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
    /// Runs `wpp evidence rotation`.
    pub fn run(self, app: &App) -> Result<Report> {
        let now = clock::now();
        let rotation = Rotation::between(&environment(&self.before)?, &environment(&self.after)?, &self.names);
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
        let redaction = super::redaction(app, rotation.secrets().collect())?;
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
        let (id, mut files) = claim(&self.into, &format!("credential-rotation-{day}"))?;
        let list = format!("{id}-SHA256SUMS");
        files.extend(["-env-diff.txt", "-secret-scan.txt"].map(|ending| self.into.join(format!("{id}{ending}"))));
        let mut report = Report::new("evidence-rotation", title)
            .verdict(verdict)
            .data(json!({ "rotated": self.names.iter().map(|name| json!({ "name": name, "change": rotation.changes.get(name) })).collect::<Vec<_>>(), "files": files, "id": id, "sums": self.into.join(&list) }));
        report.sections = sections;
        report.steps = steps;
        disk::write_atomic(&files[0], markdown::report(&report).as_bytes())?;
        disk::write_atomic(&files[1], rotation.text().as_bytes())?;
        disk::write_atomic(&files[2], redaction.text(&scan).as_bytes())?;
        let folder = Folder::listed(&self.into, &list);
        let names = files.iter().filter_map(|file| file.file_name()?.to_str());
        let sum = folder.seal_files(names)?;
        seal::close(app.journal()?, &id, &folder, sum)?;
        // What was said at length is in the file.
        report.sections.truncate(1);
        for file in files.iter().chain([&self.into.join(&list)]) {
            report.sections[0].fields.push(("written".into(), file.display().to_string()));
        }
        Ok(report)
    }
}

fn read(path: &Path) -> Result<String> {
    let bytes = disk::read_small(path, FILE_BYTES_MAX).map_err(|error| disk::cannot("read", path, error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Takes the first name that nobody has written under: what an earlier rotation of the day left stays. Gives
/// it with the file that was made.
fn claim(into: &Path, first: &str) -> Result<(String, Vec<PathBuf>)> {
    disk::create_folder(into)?;
    for number in 1_u32.. {
        let id = if number == 1 { first.to_owned() } else { format!("{first}-{number}") };
        let path = into.join(format!("{id}.md"));
        match disk::create_file(&path) {
            Ok(_) => return Ok((id, vec![path])),
            Err(_) if path.symlink_metadata().is_ok() => {}
            Err(error) => return Err(error),
        }
    }
    // There are not that many rotations in a day.
    Err(Error::new(ErrorKind::Unexpected, format!("no name is left in {}", into.display())).hint("try again"))
}

fn environment(path: &Path) -> Result<Environment> {
    let bytes = disk::read_private("the environment file", path, FILE_BYTES_MAX)?;
    let wrong = |what: String| Error::new(ErrorKind::Usage, format!("the environment file {} {what}", path.display()));
    let text =
        String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8".into()).hint("check that this is the file that was meant"))?;
    Environment::parse(&text).map_err(|(line, why)| {
        wrong(format!("cannot be read at line {line}: {why}"))
            .hint("write NAME=value, a value of several lines in quotes; what the line holds is not shown here")
    })
}
