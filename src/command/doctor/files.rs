//! The doctor's result in files for other programs, each replaced at once and whole.

use std::path::PathBuf;

use serde_json::Value;

use crate::clock;
use crate::command::outputs::{self, JUNIT, MARKDOWN, METRICS};
use crate::doctor::{Examination, score};
use crate::error::Error;
use crate::report::{Event, Finding, Report, Severity, Sink};
use crate::ui::{github, junit, markdown, prometheus};

/// Options that write for other programs.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Files {
    /// File for the result as JUnit XML, or - for standard output: a case for each check, a failure for each finding that fails the command
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Options that write for other programs")]
    junit: Option<PathBuf>,
    /// File for Prometheus metrics, for the textfile collector, or - for standard output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Options that write for other programs")]
    textfile: Option<PathBuf>,
    /// File for the result as Markdown, or - for standard output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, help_heading = "Options that write for other programs")]
    markdown: Option<PathBuf>,
    /// Write findings as annotations of GitHub Actions too, on stdout, or on stderr beside --format json
    #[arg(long, help_heading = "Options that write for other programs")]
    github: bool,
}

impl Files {
    /// Writes what was asked for, and says what could not be: one file that fails keeps nobody from the others, or
    /// from what was found. The report has no findings yet: those are the examination's.
    pub fn write(
        &self,
        report: &Report,
        examination: &Examination,
        fails: impl Fn(Severity) -> bool,
        took_ms: u64,
    ) -> Vec<Error> {
        let mut failed = Vec::new();
        if let Some(path) = &self.junit {
            let text = junit::examination(examination, fails, took_ms, clock::now());
            failed.extend(outputs::write(path, &text, &JUNIT).err());
        }
        if let Some(path) = &self.textfile {
            let summary =
                prometheus::Summary { score: score::of(examination), exit_code: report.exit_code(), took_ms, at: clock::now() };
            failed.extend(outputs::write(path, &prometheus::examination(examination, &summary), &METRICS).err());
        }
        if let Some(path) = &self.markdown {
            let whole = Report { findings: examination.findings.clone(), ..report.clone() };
            failed.extend(outputs::write(path, &markdown::report(&whole), &MARKDOWN).err());
        }
        failed
    }

    /// Writes annotations, if they were asked for.
    pub fn annotate(&self, examination: &Examination, least: Severity, sink: &dyn Sink) {
        if self.github {
            let shown = |finding: &&Finding| finding.severity >= least || finding.severity == Severity::Unknown;
            for text in examination.findings.iter().filter(shown).filter_map(github::annotation) {
                sink.emit(Event::Output { text, data: Value::Null });
            }
        }
    }
}
