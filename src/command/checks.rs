//! `wpp doctor --list` and `--explain`: which checks there are, those of plugins among them.

use serde_json::{Value, json};

use crate::doctor::catalog::cost::{Cost, cost};
use crate::doctor::{Selection, catalog};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::{self, Plugins};
use crate::report::{Report, Section, Severity, Table, Verdict};
use crate::ui::to_read;

/// A check of the catalog or of a plugin, as it is shown.
struct Shown {
    id: String,
    title: String,
    area: String,
    severity: Severity,
    /// The worst that it can find.
    worst: Severity,
    needs: Vec<String>,
    cost: Cost,
    runbook: Option<String>,
    explain: String,
    /// How a person mends it; a plugin's checks say so in their findings alone.
    mend: Option<String>,
}

/// Checks of the catalog and of plugins.
struct Known {
    checks: Vec<Shown>,
    /// Plugins that could not be asked for theirs, and why.
    silent: Vec<(String, Error)>,
}

/// All that there are.
fn known(plugins: Option<&Plugins<'_>>, selection: &Selection) -> Result<Known> {
    let of_catalog = catalog::checks().map(|check| Shown {
        id: check.id.into(),
        title: check.title.into(),
        area: check.area.into(),
        severity: check.severity,
        worst: catalog::worst(check),
        needs: check.needs.iter().map(|need| (*need).to_owned()).collect(),
        cost: cost(check),
        runbook: check.runbook.map(str::to_owned),
        explain: check.explain.into(),
        mend: Some(check.mend.into()),
    });
    let mut known =
        Known { checks: of_catalog.filter(|check| selection.takes(&check.id, &check.area)).collect(), silent: Vec::new() };
    let Some(plugins) = plugins else { return Ok(known) };
    let mut names = plugin::examine::with_checks(plugins);
    names.retain(|name| selection.reaches(name));
    for (name, described) in names.iter().zip(plugin::examine::describe(plugins, &names)) {
        match described {
            Ok(checks) => {
                let ids: Vec<&str> = checks.iter().map(|check| check.id.as_str()).collect();
                if let Some(error) = selection.wrong(name, &ids) {
                    return Err(error);
                }
                known.checks.extend(checks.into_iter().filter(|check| selection.takes(&check.id, &check.area)).map(|check| {
                    Shown {
                        severity: plugin::adapt::severity(check.severity),
                        worst: plugin::adapt::severity(check.severity),
                        needs: Vec::new(),
                        // A gateway is asked over the network, though it may be on this machine.
                        cost: Cost::Network,
                        runbook: (!check.runbook.is_empty()).then_some(check.runbook),
                        id: check.id,
                        title: check.title,
                        area: check.area,
                        explain: check.explain,
                        mend: None,
                    }
                }));
            }
            Err(error) => known.silent.push((name.clone(), error)),
        }
    }
    Ok(known)
}

/// The sections and the data that name plugins which could not say what checks they have.
fn with_silent(mut report: Report, silent: &[(String, Error)]) -> Report {
    if !silent.is_empty() {
        let line = |section: Section, (name, error): &(String, Error)| section.line(format!("{name}: {}", error.chain()));
        report = report.section(silent.iter().fold(Section::new("Plugins that could not be asked"), line));
        report.exit_code = Some(ErrorKind::Unknown.exit_code());
        report = report.verdict(Verdict::Unknown);
    }
    report
}

/// The checks of a selection in one table.
pub fn list(plugins: Option<&Plugins<'_>>, selection: &Selection) -> Result<Report> {
    let Known { checks, silent } = known(plugins, selection)?;
    let rows = checks.iter().map(|check| {
        let needs = check.needs.join(", ");
        let runbook = check.runbook.as_deref().map(to_read).unwrap_or_default();
        // A column of names: what to type before them, the explanation says.
        let runbook = runbook.trim_start_matches("wpp runbook show ");
        [&check.id, &*check.title, &*severity(check), &check.area, check.cost.words(), runbook, &needs]
            .map(str::to_owned)
            .to_vec()
    });
    let data: Vec<Value> = checks.iter().map(check_data).collect();
    let columns = ["check", "right", "severity", "area", "costs", "runbook", "needs"];
    let table = Table::new(columns, rows);
    let report = Report::answer("doctor-checks", "Checks of the doctor")
        .section(Section::default().table(table))
        .data(json!({ "checks": data }))
        .next("wpp doctor --explain ID");
    Ok(with_silent(report, &silent))
}

/// What a check looks at, or all whose ids begin so.
pub fn explain(id: &str, plugins: Option<&Plugins<'_>>) -> Result<Report> {
    let names = plugins.map(plugin::examine::with_checks).unwrap_or_default();
    let Known { checks, silent } = known(plugins, &Selection::new(vec![id.to_owned()], Vec::new(), &names)?)?;
    let mut report = Report::answer("doctor-checks", String::new())
        .data(json!({ "checks": checks.iter().map(check_data).collect::<Vec<_>>() }))
        .next(format!("wpp doctor --only {id}"));
    for check in checks {
        let severity = severity(&check);
        let mut section = Section::new(check.id)
            .field("right", check.title)
            .field("severity", severity)
            .field("area", check.area)
            .field("costs", check.cost.words())
            .line(check.explain);
        if !check.needs.is_empty() {
            section = section.field("needs", check.needs.join(", "));
        }
        if let Some(runbook) = check.runbook {
            section = section.field("runbook", to_read(&runbook));
        }
        if let Some(mend) = check.mend {
            section = section.line(format!("Mend by hand: {mend}"));
        }
        report = report.section(section);
    }
    Ok(with_silent(report, &silent))
}

/// `warning`, or `warning, up to error` where it can find worse.
fn severity(check: &Shown) -> String {
    match check.worst > check.severity {
        true => format!("{}, up to {}", check.severity.name(), check.worst.name()),
        false => check.severity.name().to_owned(),
    }
}

fn check_data(check: &Shown) -> Value {
    json!({
        "id": check.id, "title": check.title, "area": check.area, "severity": check.severity, "worst": check.worst,
        "needs": check.needs, "cost": check.cost, "runbook": check.runbook, "explain": check.explain,
        "mend": check.mend,
    })
}
