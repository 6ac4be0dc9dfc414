//! The doctor's result in files for other programs, each replaced at once and whole.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::clock;
use crate::disk;
use crate::doctor::{Examination, score};
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Event, Finding, Report, Severity, Sink};
use crate::ui::{github, junit, markdown, prometheus};

/// The largest file that is taken for ours.
const SIZE_BYTES_MAX: u64 = 64 << 20;

/// Options that write for other programs.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Files {
    /// File for the result as JUnit XML: a case for each check, a failure for each finding that fails the command
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Options that write for other programs")]
    junit: Option<PathBuf>,
    /// File for Prometheus metrics, for the textfile collector
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Options that write for other programs")]
    textfile: Option<PathBuf>,
    /// File for the result as Markdown
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Options that write for other programs")]
    markdown: Option<PathBuf>,
    /// Write findings as annotations of GitHub Actions too, on stdout
    #[arg(long, help_heading = "Options that write for other programs")]
    github: bool,
}

impl Files {
    /// Writes what was asked for. The report has no findings yet: those are the examination's.
    pub fn write(
        &self,
        report: &Report,
        examination: &Examination,
        fails: impl Fn(Severity) -> bool,
        least: Severity,
        took_ms: u64,
        sink: &dyn Sink,
    ) -> Result<()> {
        if let Some(path) = &self.junit {
            writable(path, disk::write_atomic(path, junit::examination(examination, fails, took_ms, clock::now()).as_bytes()))?;
        }
        if let Some(path) = &self.textfile {
            refuse_others(path)?;
            let summary =
                prometheus::Summary { score: score::of(examination), exit_code: report.exit_code(), took_ms, at: clock::now() };
            // The collector runs as another user, and nothing in it is a secret.
            writable(path, disk::write_atomic_for_all(path, prometheus::examination(examination, &summary).as_bytes()))?;
        }
        if let Some(path) = &self.markdown {
            let whole = Report { findings: examination.findings.clone(), ..report.clone() };
            writable(path, disk::write_atomic(path, markdown::report(&whole).as_bytes()))?;
        }
        if self.github {
            let shown = |finding: &&Finding| finding.severity >= least || finding.severity == Severity::Unknown;
            for text in examination.findings.iter().filter(shown).filter_map(github::annotation) {
                sink.emit(Event::Output { text, data: Value::Null });
            }
        }
        Ok(())
    }
}

/// A place where no file can be made is a command line that is wrong, whatever was tried beside it.
fn writable(path: &Path, written: Result<()>) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    written.map_err(|error| {
        if folder.is_dir() && !path.is_dir() {
            return error;
        }
        let why = if path.is_dir() { "it is a folder" } else { "its folder is not there" };
        Error::new(ErrorKind::Usage, format!("the result cannot be written to {}: {why}", path.display()))
            .hint("name a file in a folder that is there")
    })
}

/// A file that holds other metrics is somebody else's.
fn refuse_others(path: &Path) -> Result<()> {
    let text = match disk::read_small(path, SIZE_BYTES_MAX) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(disk::cannot("read", path, error)),
    };
    let is_ours = |line: &str| {
        let name = line.strip_prefix("# HELP ").or(line.strip_prefix("# TYPE ")).unwrap_or(line);
        name.is_empty() || name.starts_with("wpp_doctor_")
    };
    if text.lines().all(is_ours) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Denied, format!("{} holds more than metrics of the doctor, so it is not replaced", path.display()))
        .hint("name a file of its own for them, whose name ends in .prom"))
}
