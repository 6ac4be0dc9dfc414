//! `wpp status`.

use serde_json::json;

use super::gateway::{Named, standing_report};
use super::{site, site_as_it_is, state_report};
use crate::app::App;
use crate::disk::{Lock, LockState};
use crate::error::{ErrorKind, Result};
use crate::gateway;
use crate::home::SessionPaths;
use crate::lifecycle::Seen;
use crate::plugin::registry::Registry;
use crate::report::{Report, Section, Table, Verdict, count};

/// Options of `wpp status`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "CHANNEL:SESSION asks a gateway for one of its sessions, CHANNEL: for all of them. A session that a gateway \
has on its way for more than 120 s is stuck.\n\n\
Exit codes: 0 it works or is on its way, 4 it is in ERROR, DEGRADED or RECONNECTING, or stuck, 11 its files are \
held by a restore or reset, 13 it needs a login, 14 no daemon answers, or no gateway, or the session is stopped there. Of several \
sessions the highest of them."
)]
pub struct Args {
    #[command(flatten)]
    pub(super) named: Named,
    /// Every session of this home; gateways are not asked
    #[arg(long, conflicts_with = "address")]
    all: bool,
}

impl Args {
    /// Says where the session stands.
    pub fn run(self, app: &App) -> Result<Report> {
        if self.all {
            return all(app);
        }
        match app.gateway()? {
            None => one(app, &app.existing_session()?),
            Some((gateway, Some(session))) => Ok(standing_report(&gateway.status(session)?)),
            Some((gateway, None)) => {
                let standings = gateway.sessions()?;
                let reports = standings.iter().map(|standing| (standing.session.clone(), Ok(standing_report(standing))));
                Ok(list(gateway.name(), reports.collect()))
            }
        }
    }
}

fn all(app: &App) -> Result<Report> {
    let names = app.home().session_names()?;
    let reports = names.into_iter().map(|name| {
        let report = one(app, &app.home().session(&name));
        (name, report)
    });
    let report = list(&app.home().root().display().to_string(), reports.collect());
    // A list that cannot be read is the doctor's to tell.
    let Ok(registry) = Registry::open(app.home()) else { return Ok(report) };
    Ok(gateway::names(&registry).fold(report, |report, name| report.next(format!("wpp status {name}:"))))
}

fn list(place: &str, reports: Vec<(String, Result<Report>)>) -> Report {
    let mut rows = Vec::new();
    let mut data = Vec::new();
    let mut worst = 0;
    for (name, report) in reports {
        let (state, why, code, value) = match report {
            Ok(report) => {
                let text = |field: &str| report.data.get(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
                let stuck = report.data.get("stuck") == Some(&json!(true));
                let why = format!("{}{}", text("reason"), if stuck { ", stuck" } else { "" });
                (text("state"), why, report.exit_code(), report.data)
            }
            Err(error) => {
                let code = error.kind().exit_code();
                ("UNKNOWN".into(), error.chain(), code, json!({ "session": name, "state": "UNKNOWN", "error": error.chain() }))
            }
        };
        worst = worst.max(code);
        rows.push(vec![name, state, why]);
        data.push(value);
    }
    let title = format!("{} in {place}", count(rows.len(), "session", "sessions"));
    let table = Table::new(["session", "state", "why"], rows);
    let mut report = Report::new("status-list", title)
        .section(Section::default().table(table))
        .verdict(if worst == 0 { Verdict::Pass } else { Verdict::Fail })
        .data(json!({ "sessions": data }));
    report.exit_code = Some(worst);
    report
}

fn one(app: &App, session: &SessionPaths) -> Result<Report> {
    let name = session.name();
    // What a killed command left was seen to before a daemon began, and none leaves anything beside it. A status that is
    // asked for again and again opens no journal then.
    let has_daemon = matches!(Lock::look(&session.lock()), Ok(LockState::Held(Some(owner))) if owner.role == "daemon");
    let site = if has_daemon { site_as_it_is(app, session, &**app.sink())? } else { site(app, session)? };
    match site.look()? {
        Seen::Running(status) => {
            let report = state_report(&status);
            Ok(match report.verdict {
                Verdict::Pass => report,
                _ if report.exit_code() == ErrorKind::LoginNeeded.exit_code() => {
                    report.next(format!("wpp reauth --session {name}"))
                }
                _ => report.next(format!("wpp doctor --session {name}")),
            })
        }
        Seen::Stopped { stale_lock } => {
            let why = if stale_lock { "its daemon died without letting go of the lock" } else { "no daemon runs" };
            // A start is refused where one of the two is gone, and the doctor tells what to do.
            let lacks_one = session.session_db().exists() != session.wpp_db().exists();
            let next = match (stale_lock, lacks_one) {
                (_, true) => format!("wpp doctor --session {name}"),
                (true, _) => format!("wpp doctor --fix --session {name}"),
                (false, false) => format!("wpp start --session {name}"),
            };
            let mut report = Report::new("status", format!("{name}: STOPPED, {why}"))
                .verdict(Verdict::Fail)
                .data(json!({ "session": name, "state": "STOPPED", "reason": if stale_lock { "daemon_died" } else { "operator_stopped" } }))
                .next(next);
            report.exit_code = Some(ErrorKind::Unreachable.exit_code());
            Ok(report)
        }
        Seen::Busy(owner) => {
            // A daemon that is not this one's does not end by itself.
            let next = match &owner {
                Some(owner) if owner.role == "daemon" => format!("wpp doctor --session {name}"),
                _ => "wait until it ends".to_owned(),
            };
            let who = owner.map_or("another process".to_owned(), |owner| format!("process {} ({})", owner.pid, owner.role));
            let mut report = Report::new("status", format!("{name}: its files are held by {who}"))
                .verdict(Verdict::Fail)
                .data(json!({ "session": name, "state": "STOPPED", "reason": "files_held", "holder": who }))
                .next(next);
            report.exit_code = Some(ErrorKind::Locked.exit_code());
            Ok(report)
        }
    }
}
