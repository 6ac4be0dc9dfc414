//! The doctor: probes gather facts, pure judges turn them into findings, fixes mend what is safe to mend.
//!
//! Start with [`Scope`] (where to look), [`probe::gather`] (look) and [`examine`] (judge).
//! [`catalog::checks`] is the table of everything that is checked; [`fix`] applies remedies.
//!
//! Beside them: [`suppress`] (what the operator does not want to hear for a while), [`history`] (since
//! when a finding is known), [`score`].
//!
//! What could not be looked at is *unknown*. What another failed check makes meaningless is skipped
//! and says why. Nothing is called ok that was not seen to be ok.

pub mod alert;
pub mod backups;
pub mod catalog;
pub mod copies;
pub mod database;
pub mod fix;
pub mod flow;
pub mod guard;
pub mod holders;
pub mod history;
pub mod growth;
pub mod host;
pub mod keeping;
pub mod machine;
pub mod network;
pub mod probe;
pub mod schedule;
pub mod score;
pub mod security;
pub mod session;
pub mod settings;
pub mod smoke;
mod soundness;
mod start;
pub mod stores;
pub mod suppress;
mod times;

#[cfg(test)]
pub(crate) mod cases;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use self::suppress::Matched;
use crate::archive::destination::Destination;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{
    AlertFacts, EvidenceFacts, Facts, MissingSession, Probed, Problem, ScheduleFacts, SecretLook, SessionFacts, SettingsFacts,
};
use crate::home::{Home, SessionPaths};
use crate::report::{Evidence, Finding, Fix, Remedy, Severity, Word, quoted, session_option};
use crate::session::state::State;
use crate::whatsapp::fault::Fault;

/// Where to look. A home or settings that cannot be read are findings, not errors, so both come
/// in as what they are.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The home's folder.
    pub root: std::path::PathBuf,
    /// The home, or why it cannot be opened.
    pub home: std::result::Result<Home, Problem>,
    /// Whether the folder is something else than a home of wpp.
    pub is_stranger: bool,
    /// Whether somebody named this home, by an option or a variable.
    pub is_named: bool,
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
    /// What the settings say, as far as it can be at odds with each other or with what is there.
    pub settings: Probed<SettingsFacts>,
    /// How it is told whether evidence is as it was written: the room that knows stands above, and reading it takes
    /// as long as it is large.
    pub evidence: fn(&Home) -> Probed<EvidenceFacts>,
    /// Files from which systemd or cron would know that this home's schedule is to be called.
    pub units: Vec<std::path::PathBuf>,
    /// Secrets in variables, without their values.
    pub secret_variables: Vec<SecretLook>,
    /// How a command line for this home begins: `wpp`, or `wpp --home FOLDER`.
    pub program: String,
    /// Whether nothing beyond this machine may be talked to.
    pub offline: bool,
    /// Whether ports of this machine that the settings name are to be tried.
    pub ports: bool,
    /// Whether every endpoint of a daemon's local API is to be asked, and a daemon must be there.
    pub endpoints: bool,
    /// The user whose home this is when that is not the one who runs this program: then nothing is
    /// written there.
    pub foreign: Option<u32>,
    /// How long the whole look may take.
    pub budget: std::time::Duration,
    /// What a sandbox home looks at in the place of this machine and of WhatsApp.
    pub stand_ins: StandIns,
}

/// What takes the place of the machine and of WhatsApp when a sandbox is looked at, so that what cannot be
/// broken for real can be shown all the same. A live home has none, whatever the environment says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandIns {
    /// A folder with the `proc`, `sys` and `dev` of another machine.
    pub machine: Option<std::path::PathBuf>,
    /// `HOST:PORT,PORT`: where TLS is spoken on loopback, and where it is not.
    pub endpoint: Option<String>,
}

/// How long the whole look may take where nobody says otherwise.
pub const BUDGET: std::time::Duration = std::time::Duration::from_secs(40);

impl Scope {
    /// A look at a home with its settings and nothing else.
    pub fn new(root: std::path::PathBuf, home: std::result::Result<Home, Problem>, config: Config) -> Scope {
        let nobody_looked = || "it was not looked at".to_owned();
        Scope {
            root,
            home,
            is_stranger: false,
            is_named: false,
            config,
            config_problem: None,
            plugins_problem: None,
            sessions: Vec::new(),
            missing_session: None,
            schedule: Probed::NotApplicable(nobody_looked()),
            alerts: Probed::NotApplicable(nobody_looked()),
            settings: Probed::NotApplicable(nobody_looked()),
            evidence: |_| Probed::NotApplicable("it was not looked at".into()),
            units: Vec::new(),
            secret_variables: Vec::new(),
            program: "wpp".into(),
            offline: false,
            ports: true,
            endpoints: false,
            foreign: None,
            budget: BUDGET,
            stand_ins: StandIns::default(),
        }
    }

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
    /// What is looked at and why it matters.
    pub explain: &'static str,
    /// What a person does to mend it by hand: one or two sentences, with commands between backticks. The remedy of a
    /// finding is the same for what was really seen.
    pub mend: &'static str,
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
    /// What the others said of what is suppressed; judged last.
    Suppressions(fn(&Facts, &[Matched]) -> Judged),
}

/// What a judge says: at least one thing that it saw, or why it cannot.
pub type Judged = std::result::Result<Vec<Said>, Stop>;

/// How the reason begins of what is skipped because somebody wants it so.
pub const LEFT_OUT: &str = "left out by request: ";

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
    /// What of several things that come and go apart from each other it is about.
    subject: Option<String>,
    /// The class of the outage that it was seen by.
    class: Option<Fault>,
    summary: String,
    evidence: Vec<Evidence>,
    remedy: Option<Remedy>,
    /// `None` is the check's own.
    runbook: Option<&'static str>,
}

impl Said {
    /// As it should be.
    pub fn ok(summary: impl Into<String>) -> Said {
        Said { severity: Some(Severity::Ok), ..Said::bad(summary) }
    }

    /// Not as it should be, with the check's own severity.
    pub fn bad(summary: impl Into<String>) -> Said {
        let summary = summary.into();
        Said { severity: None, subject: None, class: None, summary, evidence: Vec::new(), remedy: None, runbook: None }
    }

    /// Whether something is not as it should be.
    fn is_bad(&self) -> bool {
        self.severity != Some(Severity::Ok)
    }

    /// Gives another severity than the check's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Said {
        self.severity = Some(severity);
        self
    }

    /// Says what of several things it is about that come and go apart from each other, such as an entry of the
    /// schedule: each is told to people by itself.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Said {
        self.subject = Some(subject.into());
        self
    }

    /// Names another document to read than the check's own.
    #[must_use]
    pub fn read(mut self, runbook: &'static str) -> Said {
        self.runbook = Some(runbook);
        self
    }

    /// Says the class of the outage that it was seen by.
    #[must_use]
    pub fn class(mut self, class: Fault) -> Said {
        self.class = Some(class);
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

/// What is wrong; when nothing is, that all is as it should be.
fn or_fine(said: Vec<Said>, fine: impl Into<String>) -> Judged {
    Ok(if said.is_empty() { vec![Said::ok(fine)] } else { said })
}

/// A command line of `wpp` for the home and a session, as a person types it.
pub fn line(facts: &Facts, session: Option<&str>, words: &str) -> String {
    let session = session.map(|name| format!(" {}", session_option(name))).unwrap_or_default();
    format!("{} {words}{session}", facts.host.program)
}

/// The same as another user, whose environment names no home.
pub fn as_user(user: u32, home: &std::path::Path, words: &str) -> String {
    format!("sudo -u '#{user}' wpp --home {} {words}", quoted(&home.to_string_lossy()))
}

/// Which checks to report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
    areas: Vec<String>,
    /// Whether what is fine is counted and not kept.
    lean: bool,
}

impl Selection {
    /// Every name must be a check's id, or the beginning of some up to a dot (`wpp.session`). Those of
    /// the plugins with these names are taken on trust: see [`Selection::wrong`].
    pub fn new(only: Vec<String>, skip: Vec<String>, plugins: &[String]) -> Result<Selection> {
        // `wpp.session.*` is how others write `wpp.session`.
        let plain = |names: Vec<String>| names.iter().map(|name| name.strip_suffix(".*").unwrap_or(name).to_owned()).collect();
        let (only, skip): (Vec<String>, Vec<String>) = (plain(only), plain(skip));
        for name in only.iter().chain(&skip) {
            if !catalog::checks().any(|check| covers(name, check.id)) && !plugins.iter().any(|plugin| covers(plugin, name)) {
                return Err(no_check(name, catalog::checks().map(|check| check.id)));
            }
        }
        Ok(Selection { only, skip, ..Selection::default() })
    }

    /// Only these checks.
    pub fn of(ids: &[String]) -> Selection {
        Selection { only: ids.to_vec(), ..Selection::default() }
    }

    /// Of these parts of the catalog alone; none are all. Areas of plugins are taken on trust where there
    /// are plugins with checks.
    pub fn within(self, areas: Vec<String>, has_plugins: bool) -> Result<Selection> {
        let of_catalog: std::collections::BTreeSet<&str> = catalog::checks().map(|check| check.area).collect();
        match areas.iter().find(|area| !has_plugins && !of_catalog.contains(area.as_str())) {
            None => Ok(Selection { areas, ..self }),
            Some(area) => Err(Error::new(ErrorKind::Usage, format!("no check is of an area {area:?}"))
                .hint(format!("areas: {}", of_catalog.into_iter().collect::<Vec<_>>().join(", ")))),
        }
    }

    /// What is fine is counted and not kept: of many sessions, that is nearly all there is.
    pub fn without_fine(self) -> Selection {
        Selection { lean: true, ..self }
    }

    /// Whether a check of an area is to be reported.
    pub fn takes(&self, id: &str, area: &str) -> bool {
        (self.areas.is_empty() || self.areas.iter().any(|wanted| wanted == area)) && self.names(id)
    }

    /// The same for a check of the catalog that is known by its id alone.
    fn takes_need(&self, id: &str) -> bool {
        let area = catalog::checks().find(|check| check.id == id).map(|check| check.area);
        self.takes(id, area.unwrap_or_default())
    }

    fn names(&self, id: &str) -> bool {
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

/// An error for a name that is none of these ids, with those that it may stand for.
fn no_check<'a>(name: &str, ids: impl Iterator<Item = &'a str>) -> Error {
    let near = near(name, ids);
    let near = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(" or ")) };
    Error::new(ErrorKind::Usage, format!("no check is called {name:?}")).hint(format!("{near}`wpp doctor --list` lists all"))
}

/// Ids, or beginnings of some, that a name was meant for: those that hold it as a part, else the nearest.
fn near<'a>(name: &str, ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    const MOST: usize = 3;
    let name = name.to_lowercase();
    let name = name.trim_matches('.');
    let ids: Vec<&str> = ids.collect();
    let mut whole: Vec<&str> = ids.iter().flat_map(|id| beginnings(id)).collect();
    whole.sort_unstable();
    whole.dedup();
    let part = |id: &&str| !name.is_empty() && (*id == name || id.ends_with(&format!(".{name}")));
    let same: Vec<&str> = whole.iter().copied().filter(part).take(MOST).collect();
    if !same.is_empty() {
        return same;
    }
    // What has little in common with any id is no misspelt one.
    let distance = |id: &&str| strsim::damerau_levenshtein(id, name);
    let nearest = whole.iter().copied().min_by_key(distance).filter(|id| distance(id) <= id.len().max(name.len()) / 4);
    if let Some(nearest) = nearest {
        return vec![nearest];
    }
    let holds = |id: &&str| name.len() > 2 && id.contains(name);
    ids.into_iter().filter(holds).take(MOST).collect()
}

/// An id, and what it begins with up to each dot but the first: `wpp.session`, `wpp.session.state`.
pub(crate) fn beginnings(id: &str) -> impl Iterator<Item = &str> {
    let dots = id.match_indices('.').skip(1).map(|(at, _)| &id[..at]);
    dots.chain([id])
}

/// Whether a name is an id or its beginning, up to a dot.
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
    /// What was found and the operator does not want to hear for a while.
    pub suppressed: Vec<suppress::Suppressed>,
    /// Findings of severity `ok` that were not kept.
    pub fine: usize,
    /// Where each session stands, as far as that was looked at.
    pub states: Vec<SessionState>,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionState {
    /// The session.
    pub session: String,
    /// The name of its state, such as `READY`; `None` where a daemon is there and does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Why, in a few words; empty where the state says it all.
    pub reason: String,
}

impl SessionState {
    /// Whether it sends and receives.
    pub fn is_ready(&self) -> bool {
        self.state == Some(State::Ready.name())
    }
}

impl Examination {
    /// Adds what others say.
    pub fn extend(&mut self, others: Examination) {
        self.findings.extend(others.findings);
        self.made.extend(others.made);
        self.skipped.extend(others.skipped);
        self.suppressed.extend(others.suppressed);
        self.fine += others.fine;
        self.states.extend(others.states);
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
        let kept = [Ok, Info, Warning, Unknown, Error, Critical].into_iter().map(|severity| (severity, count(severity)));
        let mut counts: BTreeMap<Severity, usize> = kept.collect();
        *counts.entry(Ok).or_default() += self.fine;
        counts
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
    /// Skipped because of what is broken at the root, which makes all that needs this one as meaningless.
    Blocked {
        root: &'static str,
        reason: String,
    },
}

/// Judges the facts with every check that the selection takes.
pub fn examine(facts: &Facts, selection: &Selection) -> Examination {
    let mut seen = Seen {
        examination: Examination::default(),
        matched: vec![Matched::default(); facts.host.suppressions.list.len()],
        facts,
        selection,
    };
    let mut host = Standings::new();
    for check in catalog::checks() {
        if let Judge::Host(judge) = check.judge {
            seen.examine(&mut host, &Standings::new(), check, None, || judge(facts));
        }
    }
    for session in &facts.sessions {
        seen.examination.states.extend(session::standing(facts, session));
        let mut own = Standings::new();
        for check in catalog::checks() {
            if let Judge::Session(judge) = check.judge {
                seen.examine(&mut own, &host, check, Some(&session.name), || judge(facts, session));
            }
        }
    }
    for check in catalog::checks() {
        if let Judge::Suppressions(judge) = check.judge {
            let judged = judge(facts, &seen.matched);
            seen.examine(&mut host, &Standings::new(), check, None, || judged);
        }
    }
    seen.examination
}

type Standings = BTreeMap<&'static str, Standing>;

/// What the judges have said so far.
struct Seen<'a> {
    examination: Examination,
    /// One for each suppression.
    matched: Vec<Matched>,
    facts: &'a Facts,
    selection: &'a Selection,
}

impl Seen<'_> {
    fn examine(
        &mut self,
        standings: &mut Standings,
        host: &Standings,
        check: &'static Check,
        session: Option<&str>,
        judge: impl FnOnce() -> Judged,
    ) {
        let (standing, judged, findings) = self.judge(standings, host, check, session, judge);
        standings.insert(check.id, standing);
        if judged.is_ok() {
            for (suppression, matched) in self.facts.host.suppressions.list.iter().zip(&mut self.matched) {
                if suppression.covers(check.id, session) {
                    matched.judged += 1;
                    matched.found += findings.iter().filter(|finding| finding.severity > Severity::Ok).count();
                }
            }
        }
        if !self.selection.takes(check.id, check.area) {
            return;
        }
        let session = session.map(str::to_owned);
        match judged {
            Err(Stop::Skipped(reason)) => {
                self.examination.skipped.push(SkippedCheck { id: check.id.into(), session, reason });
            }
            _ => {
                self.examination.add(check.id, session, findings);
                while self.selection.lean
                    && self.examination.findings.pop_if(|finding| finding.severity == Severity::Ok).is_some()
                {
                    self.examination.fine += 1;
                }
            }
        }
    }

    /// How a check comes out, with its findings.
    fn judge(
        &self,
        standings: &Standings,
        host: &Standings,
        check: &'static Check,
        session: Option<&str>,
        judge: impl FnOnce() -> Judged,
    ) -> (Standing, std::result::Result<(), Stop>, Vec<Finding>) {
        let standing_of = |id: &&'static str| standings.get(id).or_else(|| host.get(id));
        let yielded = catalog::yields_to(check.id).iter().find_map(|id| match standing_of(id) {
            Some(Standing::Broken(summary)) if self.selection.takes_need(id) => {
                Some((*id, format!("{id} must be mended first: {summary}")))
            }
            _ => None,
        });
        let needed = || {
            check.needs.iter().find_map(|need| match standing_of(need) {
                // What was not there to look at for one check is for the next one's own judge to miss.
                Some(Standing::Fine | Standing::Skipped) | None => None,
                Some(Standing::Broken(summary)) => Some((*need, format!("{need} must be mended first: {summary}"))),
                Some(Standing::Unknown(summary)) => Some((*need, format!("{need} could not be checked: {summary}"))),
                Some(Standing::Blocked { root, reason }) => Some((*root, reason.clone())),
            })
        };
        let blocked = yielded.or_else(needed);
        let judged = match &blocked {
            None => judge(),
            Some((root, reason)) if self.selection.takes_need(root) => Err(Stop::Skipped(reason.clone())),
            // A failed need that is not itself reported must not let this check pass for looked at.
            Some((_, reason)) => Err(Stop::Unknown(reason.clone())),
        };
        let findings: Vec<Finding> = match &judged {
            Ok(said) => said.iter().map(|said| finding(check, session, said.clone())).collect(),
            Err(Stop::Unknown(reason)) => {
                vec![finding(check, session, Said::bad(reason.clone()).severity(Severity::Unknown))]
            }
            Err(Stop::Skipped(_)) => Vec::new(),
        };
        let standing = match &judged {
            Err(Stop::Skipped(_)) if let Some((root, reason)) = blocked => Standing::Blocked { root, reason },
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
        (standing, judged.map(drop), findings)
    }
}

fn finding(check: &Check, session: Option<&str>, said: Said) -> Finding {
    Finding {
        title: check.title.into(),
        area: check.area.into(),
        session: session.map(str::to_owned),
        subject: said.subject,
        class: said.class.map(|class| class.name().to_owned()),
        evidence: said.evidence,
        remedy: said.remedy.map(Box::new),
        runbook: said.runbook.or(check.runbook).map(Word::from),
        ..Finding::new(check.id, said.severity.unwrap_or(check.severity), said.summary)
    }
}
