//! The doctor: probes gather facts, pure judges turn them into findings, fixes mend what is safe to mend.
//!
//! Start with [`Scope`] (where to look), [`probe::gather`] (look) and [`examine`] (judge).
//! [`catalog::checks`] is the table of everything that is checked; [`fix`] applies remedies.
//!
//! What could not be looked at is *unknown*. What another failed check makes meaningless is skipped
//! and says why. Nothing is called ok that was not seen to be ok.

pub mod alert;
pub mod backups;
pub mod catalog;
pub mod database;
pub mod fix;
pub mod growth;
pub mod host;
pub mod probe;
pub mod schedule;
pub mod security;
pub mod session;
pub mod stores;

#[cfg(test)]
pub(crate) mod cases;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::archive::destination::Destination;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{AlertFacts, Facts, MissingSession, Probed, Problem, ScheduleFacts, SessionFacts};
use crate::home::{Home, SessionPaths};
use crate::report::{Evidence, Finding, Fix, Remedy, Severity};

/// Where to look. A home or settings that cannot be read are findings, not errors, so both come
/// in as what they are.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The home's folder.
    pub root: std::path::PathBuf,
    /// The home, or why it cannot be opened.
    pub home: std::result::Result<Home, Problem>,
    /// The settings; the defaults when they cannot be read.
    pub config: Config,
    /// Why the settings cannot be read.
    pub config_problem: Option<Problem>,
    /// Why what is noted of plugins cannot be read.
    pub plugins_problem: Option<Problem>,
    /// The sessions to look at.
    pub sessions: Vec<SessionPaths>,
    /// The session that nobody asked for by name and that does not exist.
    pub missing_session: Option<MissingSession>,
    /// What is to be run when, and what became of it.
    pub schedule: Probed<ScheduleFacts>,
    /// Notices to contacts.
    pub alerts: Probed<AlertFacts>,
    /// How a command line for this home begins: `wpp`, or `wpp --home FOLDER`.
    pub program: String,
}

impl Scope {
    /// The folder that archives go to; `None` when that is in a home that cannot be opened, or no
    /// folder of this machine.
    pub fn backups(&self) -> Option<std::path::PathBuf> {
        match self.config.text("backup.destination") {
            "" => self.home.as_ref().ok().map(Home::backups),
            text => Destination::folder_in(text),
        }
    }

    /// A session of the scope by its name.
    pub fn session(&self, name: &str) -> Result<SessionPaths> {
        self.sessions.iter().find(|session| session.name() == name).cloned().ok_or_else(|| {
            Error::new(ErrorKind::NoSession, format!("the session {name} is not among those that were looked at"))
                .hint(format!("look at it with `wpp doctor --session {name}`"))
        })
    }
}

/// One row of the catalog.
#[derive(Debug)]
pub struct Check {
    /// Stable id.
    pub id: &'static str,
    /// What is right when nothing is wrong, in a few words.
    pub title: &'static str,
    /// The part of the catalog.
    pub area: &'static str,
    /// How much its findings matter, unless one says otherwise.
    pub severity: Severity,
    /// Checks without which this one is meaningless.
    pub needs: &'static [&'static str],
    /// The document to read.
    pub runbook: Option<&'static str>,
    /// What is looked at, why it matters and what mends it.
    pub explain: &'static str,
    /// The judge.
    pub judge: Judge,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub enum Judge {
    /// The machine and the home, once.
    Host(fn(&Facts) -> Judged),
    /// Every session.
    Session(fn(&Facts, &SessionFacts) -> Judged),
}

/// What a judge says: at least one thing that it saw, or why it cannot.
pub type Judged = std::result::Result<Vec<Said>, Stop>;

/// Why a judge says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// There is nothing to judge here.
    Skipped(String),
    /// The facts that it needs could not be gathered.
    Unknown(String),
}

/// One thing that a judge saw; [`examine`] makes a [`Finding`] of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `None` is the check's own severity.
    severity: Option<Severity>,
    summary: String,
    evidence: Vec<Evidence>,
    remedy: Option<Remedy>,
}

impl Said {
    /// As it should be.
    pub fn ok(summary: impl Into<String>) -> Said {
        Said { severity: Some(Severity::Ok), ..Said::bad(summary) }
    }

    /// Not as it should be, with the check's own severity.
    pub fn bad(summary: impl Into<String>) -> Said {
        Said { severity: None, summary: summary.into(), evidence: Vec::new(), remedy: None }
    }

    /// Gives another severity than the check's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Said {
        self.severity = Some(severity);
        self
    }

    /// Adds what was seen.
    #[must_use]
    pub fn seen(mut self, what: impl Into<String>, expected: impl Into<String>, observed: impl Into<String>) -> Said {
        self.evidence.push(Evidence::new(what, expected, observed));
        self
    }

    /// Adds what a person does about it.
    #[must_use]
    pub fn by_hand(mut self, summary: impl Into<String>, command: impl Into<String>) -> Said {
        self.remedy = Some(Remedy { summary: summary.into(), command: command.into(), fix: None });
        self
    }

    /// Adds what `--fix` does about it.
    #[must_use]
    pub fn fixed_by(mut self, summary: impl Into<String>, command: impl Into<String>, fix: Fix) -> Said {
        self.remedy = Some(Remedy { summary: summary.into(), command: command.into(), fix: Some(fix) });
        self
    }
}

/// The value of a look, or the reason why a judge that needs it stops.
pub fn known<'a, T>(probed: &'a Probed<T>, what: &str) -> std::result::Result<&'a T, Stop> {
    match probed {
        Probed::Known(value) => Ok(value),
        Probed::Failed(reason) => Err(Stop::Unknown(format!("{what} could not be looked at: {reason}"))),
        Probed::NotApplicable(reason) => Err(Stop::Skipped(reason.clone())),
    }
}

/// A command line of `wpp` for the home and a session, as a person types it.
pub fn line(facts: &Facts, session: Option<&str>, words: &str) -> String {
    let session = session.map(|name| format!(" --session {name}")).unwrap_or_default();
    format!("{} {words}{session}", facts.host.program)
}

/// Which checks to report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

impl Selection {
    /// Every name must be a check's id, or the beginning of some up to a dot (`wpp.session`). Those of
    /// the plugins with these names are taken on trust: see [`Selection::wrong`].
    pub fn new(only: Vec<String>, skip: Vec<String>, plugins: &[String]) -> Result<Selection> {
        for name in only.iter().chain(&skip) {
            if !catalog::checks().any(|check| covers(name, check.id)) && !plugins.iter().any(|plugin| covers(plugin, name)) {
                return Err(no_check(name, catalog::checks().map(|check| check.id)));
            }
        }
        Ok(Selection { only, skip })
    }

    /// Only these checks.
    pub fn of(ids: &[String]) -> Selection {
        Selection { only: ids.to_vec(), skip: Vec::new() }
    }

    /// Whether a check is to be reported.
    pub fn takes(&self, id: &str) -> bool {
        (self.only.is_empty() || self.only.iter().any(|name| covers(name, id))) && !self.skip.iter().any(|name| covers(name, id))
    }

    /// Whether a check whose id begins with this name might be.
    pub fn reaches(&self, beginning: &str) -> bool {
        let below = |name: &String| covers(name, beginning) || covers(beginning, name);
        (self.only.is_empty() || self.only.iter().any(below)) && !self.skip.iter().any(|name| covers(name, beginning))
    }

    /// A name of this plugin's that is none of the checks that it has.
    pub fn wrong(&self, plugin: &str, ids: &[&str]) -> Option<Error> {
        let mut of_plugin = self.only.iter().chain(&self.skip).filter(|name| covers(plugin, name));
        let wrong = of_plugin.find(|name| !ids.iter().any(|id| covers(name, id)))?;
        Some(no_check(wrong, ids.iter().copied()))
    }
}

fn no_check<'a>(name: &str, ids: impl Iterator<Item = &'a str>) -> Error {
    let near = ids.map(|id| (strsim::damerau_levenshtein(id, name), id)).min();
    let near = near.map(|(_, id)| format!("did you mean {id}? ")).unwrap_or_default();
    Error::new(ErrorKind::Usage, format!("no check is called {name:?}")).hint(format!("{near}`wpp doctor --list` lists all"))
}

fn covers(name: &str, id: &str) -> bool {
    id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A check that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedCheck {
    /// The check.
    pub id: Cow<'static, str>,
    /// The session; `None` for the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Why, in one lowercase sentence.
    pub reason: String,
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeCheck {
    /// The check.
    pub id: Cow<'static, str>,
    /// The session; `None` for the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The worst that it said.
    pub severity: Severity,
}

/// What all selected checks say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Examination {
    /// Everything seen, fine or not, in the order of the catalog.
    pub findings: Vec<Finding>,
    /// Checks that were made.
    pub made: Vec<MadeCheck>,
    /// Checks that were not.
    pub skipped: Vec<SkippedCheck>,
}

impl Examination {
    /// Adds what others say.
    pub fn extend(&mut self, others: Examination) {
        self.findings.extend(others.findings);
        self.made.extend(others.made);
        self.skipped.extend(others.skipped);
    }

    /// Adds a check with what it said, which is at least one thing.
    pub fn add(&mut self, id: impl Into<Cow<'static, str>>, session: Option<String>, findings: Vec<Finding>) {
        let severity = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Unknown);
        self.made.push(MadeCheck { id: id.into(), session, severity });
        self.findings.extend(findings);
    }

    /// How many findings there are of each severity.
    pub fn counts(&self) -> BTreeMap<Severity, usize> {
        use Severity::{Critical, Error, Info, Ok, Unknown, Warning};
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        [Ok, Info, Warning, Unknown, Error, Critical].into_iter().map(|severity| (severity, count(severity))).collect()
    }

    /// The worst finding that is not merely unknown; the first of several.
    pub fn worst(&self) -> Option<&Finding> {
        let bad = self.findings.iter().filter(|finding| finding.severity != Severity::Unknown && finding.severity > Severity::Ok);
        bad.fold(None, |worst: Option<&Finding>, next| match worst {
            Some(worst) if worst.severity >= next.severity => Some(worst),
            _ => Some(next),
        })
    }
}

/// How a check came out, for the checks that need it.
enum Standing {
    Fine,
    Broken(String),
    Unknown(String),
    Skipped,
}

/// Judges the facts with every check that the selection takes.
pub fn examine(facts: &Facts, selection: &Selection) -> Examination {
    let mut examination = Examination::default();
    let mut host: BTreeMap<&str, Standing> = BTreeMap::new();
    for check in catalog::checks() {
        if let Judge::Host(judge) = check.judge {
            examine_one(&mut examination, &mut host, &BTreeMap::new(), check, None, selection, || judge(facts));
        }
    }
    for session in &facts.sessions {
        let mut own = BTreeMap::new();
        for check in catalog::checks() {
            if let Judge::Session(judge) = check.judge {
                examine_one(&mut examination, &mut own, &host, check, Some(&session.name), selection, || judge(facts, session));
            }
        }
    }
    examination
}

fn examine_one(
    examination: &mut Examination,
    standings: &mut BTreeMap<&'static str, Standing>,
    host: &BTreeMap<&'static str, Standing>,
    check: &'static Check,
    session: Option<&str>,
    selection: &Selection,
    judge: impl FnOnce() -> Judged,
) {
    let blocked = check.needs.iter().find_map(|need| {
        let standing = standings.get(need).or_else(|| host.get(need));
        let reason = match standing {
            // What was not there to look at for one check is for the next one's own judge to miss.
            Some(Standing::Fine | Standing::Skipped) | None => return None,
            Some(Standing::Broken(summary)) => format!("{need} must be mended first: {summary}"),
            Some(Standing::Unknown(summary)) => format!("{need} could not be checked: {summary}"),
        };
        // A failed need that is not itself reported must not let this check pass for looked at.
        Some(if selection.takes(need) { Stop::Skipped(reason) } else { Stop::Unknown(reason) })
    });
    let judged = blocked.map_or_else(judge, Err);
    let findings: Vec<Finding> = match &judged {
        Ok(said) => said.iter().map(|said| finding(check, session, said.clone())).collect(),
        Err(Stop::Unknown(reason)) => {
            vec![finding(check, session, Said::bad(reason.clone()).severity(Severity::Unknown))]
        }
        Err(Stop::Skipped(_)) => Vec::new(),
    };
    let standing = match &judged {
        Err(Stop::Skipped(_)) => Standing::Skipped,
        Err(Stop::Unknown(reason)) => Standing::Unknown(reason.clone()),
        Ok(_) => match findings.iter().find(|finding| finding.severity >= Severity::Error) {
            Some(broken) => Standing::Broken(broken.summary.clone()),
            None => match findings.iter().find(|finding| finding.severity == Severity::Unknown) {
                Some(unknown) => Standing::Unknown(unknown.summary.clone()),
                None => Standing::Fine,
            },
        },
    };
    standings.insert(check.id, standing);
    if !selection.takes(check.id) {
        return;
    }
    let session = session.map(str::to_owned);
    match judged {
        Err(Stop::Skipped(reason)) => examination.skipped.push(SkippedCheck { id: check.id.into(), session, reason }),
        _ => examination.add(check.id, session, findings),
    }
}

fn finding(check: &Check, session: Option<&str>, said: Said) -> Finding {
    Finding {
        id: check.id.to_owned(),
        title: check.title.to_owned(),
        severity: said.severity.unwrap_or(check.severity),
        area: check.area.to_owned(),
        session: session.map(str::to_owned),
        class: None,
        summary: said.summary,
        evidence: said.evidence,
        remedy: said.remedy,
        runbook: check.runbook.map(str::to_owned),
    }
}
