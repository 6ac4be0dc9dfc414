//! `wpp drill`.

mod apart;
mod guard;
mod inject;
mod run;

use clap::Subcommand;
use serde_json::json;

use super::told::Given;
use crate::app::App;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Report, Section, Table, count};
use crate::runbook::front::Kind;
use crate::runbook::library::{Library, Text};
use crate::runbook::parse::Runbook;

/// Options of `wpp drill`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A drill is a runbook of kind drill: `wpp help runbooks` is a page on how they are written, and how a run goes."
)]
pub struct Args {
    #[command(subcommand)]
    command: DrillCommand,
}

#[derive(Debug, Subcommand)]
enum DrillCommand {
    /// List the drills
    List,
    /// Show a drill as it is written
    Show {
        /// Id, or the path of a file
        #[arg(value_name = "DRILL")]
        id: String,
    },
    /// Run drills, in a throw-away sandbox where they say so; exit 4 and a kept sandbox when anything deviates
    Run(Box<run::Run>),
    /// Break something in a sandbox home, or take it back
    Inject(inject::Inject),
    /// Wait until the session of a sandbox home is READY, and say how long after the last fault that was
    Recovery(inject::Recovery),
    /// Say whether a guard of drills and runbooks holds for the session; exit 15 when it does not
    Guard(guard::Guarded),
}

impl Args {
    /// What is run by this, and what that is told; `None` where nothing is, or all that there are.
    pub fn begins(&self) -> Option<(Vec<&str>, &Given)> {
        match &self.command {
            DrillCommand::Run(run) => Some((run.named(), run.given())),
            _ => None,
        }
    }

    /// Runs the chosen subcommand.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.command {
            DrillCommand::List => list(app),
            DrillCommand::Show { id } => show(app, &id),
            DrillCommand::Run(run) => run.run(app),
            DrillCommand::Inject(inject) => inject.run(app),
            DrillCommand::Recovery(recovery) => recovery.run(app),
            DrillCommand::Guard(guarded) => guarded.run(app),
        }
    }
}

/// Every text of kind drill, shipped or the operator's own.
fn drills(app: &App) -> Result<Vec<(Text, Runbook)>> {
    let library = Library::open(app.home())?;
    let parsed = library.texts().iter().filter_map(|text| Some((text.clone(), text.runbook().ok()?)));
    Ok(parsed.filter(|(_, runbook)| runbook.front.kind == Kind::Drill).collect())
}

/// A drill by its id, or in a file.
fn find(app: &App, id: &str) -> Result<Text> {
    let text = Library::open(app.home())?.find(id).map_err(|error| error.hint("`wpp drill list` lists the drills"))?;
    match text.runbook() {
        Ok(runbook) if runbook.front.kind != Kind::Drill => {
            Err(Error::new(ErrorKind::Usage, format!("{id} is a runbook and no drill"))
                .hint(format!("`wpp runbook run {id}` runs it")))
        }
        _ => Ok(text),
    }
}

fn list(app: &App) -> Result<Report> {
    let drills = drills(app)?;
    let place = |runbook: &Runbook| if runbook.front.sandbox { "sandbox" } else { "this home" };
    let rows = drills.iter().map(|(_, drill)| vec![drill.front.id.clone(), place(drill).to_owned(), drill.front.title.clone()]);
    let data: Vec<_> = drills
        .iter()
        .map(|(_, drill)| {
            let front = &drill.front;
            json!({ "name": front.id, "proves": front.title, "sandbox": front.sandbox, "schedule": front.schedule })
        })
        .collect();
    let table = Table::new(["drill", "runs in", "what it proves"], rows);
    Ok(Report::answer("drill-list", count(data.len() as u64, "drill", "drills"))
        .section(Section::default().table(table))
        .data(json!({ "drills": data }))
        .next("wpp drill run smoke")
        .next("wpp drill run --all"))
}

fn show(app: &App, id: &str) -> Result<Report> {
    let text = find(app, id)?;
    Ok(Report::answer("drill-show", &text.id)
        .section(text.text.lines().fold(Section::default(), |section, line| section.line(line)))
        .data(json!({ "id": text.id, "origin": text.origin.describe(), "text": text.text })))
}
