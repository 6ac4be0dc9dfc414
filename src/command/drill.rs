//! `wpp drill`.

mod inject;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Subcommand;
use serde_json::json;

use crate::app::App;
use crate::clock::{self, Stopwatch};
use crate::disk;
use crate::drill::sandbox::Sandbox;
use crate::drill::{Limits, Rehearsal, Runner, smoke};
use crate::error::{Context, ErrorKind, Result};
use crate::report::{Metric, Report, Section, Table, Verdict};

/// No step of a drill waits longer than this, so none begins later than this before the end.
const LONGEST_STEP: Duration = Duration::from_secs(15);

/// Options of `wpp drill`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: DrillCommand,
}

#[derive(Debug, Subcommand)]
enum DrillCommand {
    /// List the drills
    List,
    /// Run a drill in a throw-away sandbox; exit 4 and a kept sandbox when anything deviates
    Run(Run),
    /// Break something in a sandbox home, or take it back
    Inject(inject::Inject),
    /// Wait until the session of a sandbox home is READY, and say how long after the last fault that was
    Recovery(inject::Recovery),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// The whole life of a session: link, send, receive, back up, kill, mend, damage, restore.
    Smoke,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Which drill
    #[arg(value_enum)]
    name: Name,
    /// Write report.md and report.json into this folder [default: reports/ in the home]
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    report: Option<PathBuf>,
    /// Keep the sandbox even when all is well
    #[arg(long)]
    keep: bool,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(20..=3600))]
    timeout: u64,
}

impl Args {
    /// Runs the chosen subcommand.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.command {
            DrillCommand::List => Ok(list()),
            DrillCommand::Run(run) => run.run(app),
            DrillCommand::Inject(inject) => inject.run(app),
            DrillCommand::Recovery(recovery) => recovery.run(app),
        }
    }
}

fn list() -> Report {
    let what = "links, uses, backs up, kills, mends, damages and restores a session against the built-in simulator";
    let table =
        Table { columns: ["drill", "what it proves"].map(str::to_owned).to_vec(), rows: vec![vec!["smoke".into(), what.into()]] };
    Report::answer("drill-list", "Drills")
        .section(Section { table: Some(table), ..Section::default() })
        .data(json!({ "drills": [{ "name": "smoke", "proves": what }] }))
        .next("wpp drill run smoke")
}

impl Run {
    fn run(self, app: &App) -> Result<Report> {
        let watch = Stopwatch::start();
        let begun = clock::now();
        let Name::Smoke = self.name;
        let runner: Arc<Runner> = Arc::new(super::run_line);
        let mut sandbox = Sandbox::create(runner)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        if let Some((_, runtime)) = sandbox.simulator() {
            let interrupted = interrupted.clone();
            runtime.spawn(async move {
                if tokio::signal::ctrl_c().await.is_ok() {
                    interrupted.store(true, Ordering::Relaxed);
                }
            });
        }
        let deadline = Instant::now() + Duration::from_secs(self.timeout).saturating_sub(LONGEST_STEP);
        let limits = Limits { deadline, interrupted: interrupted.clone() };
        let mut rehearsal = Rehearsal::new(app.sink().clone(), limits);
        let url = sandbox.simulator_url();
        // How it ended is in the record.
        let _ = smoke::run(&sandbox, &mut rehearsal);
        let (steps, verdict) = rehearsal.finish();

        let outcome = match verdict {
            Verdict::Pass => "every step as expected",
            Verdict::Aborted => "stopped before its end",
            _ => "a step deviates",
        };
        let mut report =
            Report::new("drill", format!("Drill smoke: {outcome}, {} steps in {} ms", steps.len(), watch.elapsed_ms()))
                .verdict(verdict);
        let kept = (self.keep || verdict != Verdict::Pass).then(|| sandbox.keep());
        let mut section = Section::default()
            .field("began", clock::rfc3339(begun))
            .field("program", format!("wpp {}, {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH))
            .field("simulator", url);
        if let Some(kept) = &kept {
            section = section.field("sandbox kept", kept.display());
            report = report.next(format!("wpp --home {} doctor", kept.display()));
            report = report.next(format!("wpp --home {} logs", kept.display()));
        }
        report = report.section(section);
        report.metrics.push(Metric { name: "drill_took_ms".into(), value: watch.elapsed_ms() as f64 });
        report.data = json!({ "drill": "smoke", "sandbox": kept, "steps": steps.len(), "began": clock::rfc3339(begun) });
        // Time that ran out is a failure; only the operator interrupts.
        let aborted = if interrupted.load(Ordering::Relaxed) { ErrorKind::Interrupted } else { ErrorKind::Failed };
        report.exit_code = (verdict == Verdict::Aborted).then_some(aborted.exit_code());
        report.steps = steps;

        let folder = match self.report {
            Some(folder) => folder,
            None => {
                app.home().ensure()?;
                app.home().reports().join(format!("smoke-{}", clock::compact(begun)))
            }
        };
        disk::create_folder(&folder)?;
        disk::write_atomic(&folder.join("report.md"), crate::ui::markdown::report(&report).as_bytes())?;
        let document = serde_json::to_vec_pretty(&report).while_doing(|| "cannot write the report as JSON".into())?;
        disk::write_atomic(&folder.join("report.json"), &document)?;
        if let Some(section) = report.sections.first_mut() {
            section.fields.push(("report".into(), folder.join("report.md").display().to_string()));
        }
        if let Some(data) = report.data.as_object_mut() {
            data.insert("report".into(), json!(folder.join("report.md")));
        }
        // The terminal saw each step as it ended.
        Ok(report)
    }
}
