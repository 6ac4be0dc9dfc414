//! `wpp drill run`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{apart, drills, find};
use crate::app::App;
use crate::clock::{self, Stopwatch};
use crate::command::concerned;
use crate::command::runbook::runnable;
use crate::command::told::{Given, planned, require_shell, site};
use crate::drill::bounded::Way;
use crate::drill::inject::recoveries;
use crate::drill::sandbox::{Disk, Sandbox};
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::Interrupts;
use crate::report::{Metric, Report, Section, Table, Verdict, count, quoted};
use crate::runbook::library::Text;
use crate::runbook::parse::Runbook;
use crate::runbook::values::Values;
use crate::runbook::{Outcome, run};
use crate::sandbox::SESSION;

/// Options of `wpp drill run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A drill in a sandbox needs no agreement: nothing of yours is in it. Others ask, or take --yes. The sandbox \
is thrown away when the drill passes and kept on anything else; the command to look at it is said.\n\n\
Examples:\n  \
  wpp drill run smoke                    the whole life of a session\n  \
  wpp drill run kill-daemon full-disk    two faults, one after the other\n  \
  wpp drill run --all                    every drill that runs in a sandbox\n  \
  wpp drill run weekly-qr-relogin --session sales --yes",
    mut_arg("evidence", |evidence| evidence.visible_alias("report"))
)]
pub struct Run {
    /// Ids, or paths of files; `wpp drill list` lists them
    #[arg(value_name = "DRILL", required_unless_present = "all")]
    drills: Vec<String>,
    /// Every drill that runs in a sandbox
    #[arg(long, conflicts_with_all = ["drills", "set", "evidence"])]
    all: bool,
    #[command(flatten)]
    given: Given,
    /// Keep the sandbox even when all is well
    #[arg(long)]
    keep: bool,
    /// The mount namespace that this process is not in: the sandbox may have a disk of its own
    #[arg(long, value_name = "NAMESPACE", hide = true, conflicts_with_all = ["all", "dry_run"])]
    apart_from: Option<String>,
}

impl Run {
    /// The drills that it was given by name.
    pub fn named(&self) -> Vec<&str> {
        self.drills.iter().map(String::as_str).collect()
    }

    /// What they are told.
    pub fn given(&self) -> &Given {
        &self.given
    }

    /// Runs the drills, one after the other.
    pub fn run(self, app: &App) -> Result<Report> {
        let texts: Vec<Text> = match self.all {
            true => drills(app)?.into_iter().filter(|(_, drill)| drill.front.sandbox).map(|(text, _)| text).collect(),
            false => self.drills.iter().map(|id| find(app, id)).collect::<Result<_>>()?,
        };
        if texts.len() > 1 && self.given.evidence.is_some() {
            return Err(Error::new(ErrorKind::Usage, "one folder of evidence was given for several drills")
                .hint("leave --evidence out: each gets a folder of its own in reports/ of the home"));
        }
        // Before the first begins: one that cannot be run must not be noticed after an hour.
        let drills = texts.iter().map(runnable).collect::<Result<Vec<Runbook>>>()?;
        let interrupts = Interrupts::watch()?;
        if self.apart_from.is_some() {
            apart::end_with_input(interrupts.flag());
        }
        let mut reports = Vec::new();
        for (at, drill) in drills.into_iter().enumerate() {
            let named = self.drills.get(at).cloned().unwrap_or_else(|| drill.front.id.clone());
            let report = self.one(app, &named, drill, &interrupts)?;
            let ended = report.verdict == Verdict::Aborted;
            reports.push(report);
            if ended {
                break;
            }
        }
        match reports.len() {
            1 => Ok(reports.remove(0)),
            _ => Ok(together(&reports)),
        }
    }

    fn one(&self, app: &App, named: &str, drill: Runbook, interrupts: &Interrupts) -> Result<Report> {
        let watch = Stopwatch::start();
        let in_sandbox = drill.front.sandbox;
        let session = if in_sandbox { SESSION.to_owned() } else { app.chosen_session() };
        let mut order = self.given.order(app, &drill, &session)?;
        order.values.plain.entry("session".into()).or_insert(session);
        if self.given.dry_run {
            return Ok(plan(app, &drill, &order.values));
        }
        require_shell(&drill, order.shell_allowed)?;
        let disk = match (drill.front.disk_mib.filter(|_| in_sandbox), &self.apart_from) {
            (None, _) => None,
            (Some(size_mib), Some(outside)) => Some(Ok(Disk { size_mib, outside })),
            (Some(_), None) => match Way::find() {
                Ok(way) => return apart::run(app, way, self.words(named), interrupts),
                Err(why) => Some(Err(why)),
            },
        };
        let disk_said = disk.as_ref().map(|disk| match disk {
            Ok(disk) => format!("one of {} MiB that is the sandbox's own", disk.size_mib),
            Err(why) => format!("the one of temporary files, as this machine allows none of its own: {why}"),
        });
        if !in_sandbox {
            self.given.agree(app, &drill, &order.values)?;
        }
        app.home().ensure()?;
        let known: Vec<String> = order.values.secrets.values().cloned().collect();
        let mut site = site(app, app.home(), interrupts)?;
        let id = drill.front.id.clone();
        let front = drill.front.clone();
        if !in_sandbox {
            let mut outcome = run::start(drill, order, &site)?;
            concerned::escalate(app, &front, &mut outcome)?;
            return written(app, &id, outcome, Place::default(), (Vec::new(), known), &watch);
        }
        let mut sandbox = Sandbox::create(disk.and_then(std::result::Result::ok))?;
        let home = sandbox.home().clone();
        site.home = &home;
        let runner = site.runner.clone();
        site.runner = Sandbox::runner(runner.clone());
        order.values.plain.insert("simulator".into(), sandbox.simulator_url());
        let ended = sandbox.link(&runner).and_then(|()| run::start(drill, order, &site));
        let passed = ended.as_ref().is_ok_and(|outcome| outcome.report.verdict == Verdict::Pass);
        let metrics =
            recoveries(&home).unwrap_or_default().into_iter().map(|recovery| (recovery.fault, recovery.recovery_ms)).collect();
        let kept = (self.keep || !passed).then(|| sandbox.keep());
        drop(sandbox);
        match (ended, kept) {
            (Ok(mut outcome), kept) => {
                concerned::escalate(app, &front, &mut outcome)?;
                written(app, &id, outcome, Place { kept, disk: disk_said }, (metrics, known), &watch)
            }
            (Err(error), Some(Ok(kept))) => Err(error.hint(look_at(&kept))),
            (Err(error), Some(Err(lost))) => Err(error.note(lost.chain())),
            (Err(error), None) => Err(error),
        }
    }

    /// What another process is told to run this one drill alone.
    fn words(&self, named: &str) -> Vec<OsString> {
        let keep = self.keep.then(|| "--keep".into());
        self.given.words().into_iter().chain(keep).chain(["--".into(), named.into()]).collect()
    }
}

/// Where a drill was played.
#[derive(Debug, Default)]
struct Place {
    /// The sandbox, if it was to be kept.
    kept: Option<Result<PathBuf>>,
    /// Which disk it lay on, where the drill asks for one of its own.
    disk: Option<String>,
}

/// The command that shows what became of a kept sandbox.
fn look_at(kept: &Path) -> String {
    format!("wpp --home {} doctor", quoted(&kept.display().to_string()))
}

fn plan(app: &App, drill: &Runbook, values: &Values) -> Report {
    let (plan, section) = planned(app, drill, values);
    Report::answer("drill-plan", format!("{}: what would be done; nothing was", drill.front.id))
        .section(section)
        .data(json!({ "drill": drill.front.id, "sandbox": drill.front.sandbox, "blocks": plan.blocks }))
}

/// A run's report as a drill's, sealed with its transcripts. Beside what is known of recoveries stand the
/// secrets that must not be in it.
fn written(
    app: &App,
    id: &str,
    outcome: Outcome,
    Place { kept, disk }: Place,
    (recoveries, secrets): (Vec<(String, i64)>, Vec<String>),
    watch: &Stopwatch,
) -> Result<Report> {
    let mut report = Report { schema: Report::new("drill", "").schema, ..outcome.report };
    let recovery_ms = recoveries.last().map(|(_, took_ms)| *took_ms);
    if let Some(recovery_ms) = recovery_ms {
        report.metrics.push(Metric { name: "recovery_ms".into(), value: recovery_ms as f64 });
    }
    report.metrics.push(Metric { name: "drill_took_ms".into(), value: watch.elapsed_ms() as f64 });
    if let Some(disk) = &disk {
        report = report.section(Section::default().field("disk of the sandbox", disk));
    }
    let (kept, lost) = match kept.transpose() {
        Ok(kept) => (kept, None),
        Err(error) => (None, Some(error.chain())),
    };
    if let Some(lost) = lost {
        report = report.section(Section::default().field("sandbox not kept", lost));
    }
    if let Some(kept) = &kept {
        report = report.section(Section::default().field("sandbox kept", kept.display()));
        // What the run would have said of its own home is said of the sandbox.
        report.next = vec![look_at(kept), format!("wpp --home {} logs", quoted(&kept.display().to_string()))];
        report.next.push(format!("rm -r {}", quoted(&kept.display().to_string())));
    }
    let folder = &outcome.state.evidence;
    report.data = json!({
        "drill": id,
        "run": outcome.state.run,
        "began": report.data["began"],
        "outcome": outcome.verdict,
        "remarks": report.data["remarks"],
        "sandbox": kept,
        "disk": disk,
        "steps": report.steps.len(),
        "recovery_ms": recovery_ms,
        "report": folder.join("report.md"),
    });
    crate::command::evidence::keep(app, folder, &report, secrets)?;
    Ok(report)
}

/// Several drills as one report; the worst of them is its verdict.
fn together(reports: &[Report]) -> Report {
    let passed = reports.iter().filter(|report| report.verdict == Verdict::Pass).count();
    let text = |report: &Report, field: &str| report.data[field].as_str().unwrap_or_default().to_owned();
    let rows = reports.iter().map(|report| {
        let recovery = report.data["recovery_ms"].as_u64().map(|ms| clock::human(std::time::Duration::from_millis(ms)));
        vec![
            text(report, "drill"),
            text(report, "outcome"),
            recovery.unwrap_or_default(),
            text(report, "sandbox"),
            text(report, "report"),
        ]
    });
    let columns = ["drill", "verdict", "recovery", "sandbox kept", "report"];
    let table = Table::new(columns, rows);
    let worst = reports.iter().max_by_key(|report| report.exit_code().min(100));
    let title = format!("{}, {passed} passed", count(reports.len() as u64, "drill", "drills"));
    let mut report = Report::new("drill-runs", title)
        .verdict(reports.iter().map(|report| report.verdict).max().unwrap_or(Verdict::Unknown))
        .section(Section::default().table(table))
        .data(json!({ "drills": reports.iter().map(|report| report.data.clone()).collect::<Vec<_>>() }));
    report.exit_code = worst.map(Report::exit_code);
    report.next = reports.iter().flat_map(|report| report.next.first().cloned()).collect();
    report
}
