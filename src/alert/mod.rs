//! Alerts: who is told of what the doctor finds, when the next one is told, and that nothing that could
//! not be told is forgotten.
//!
//! [`Policy`] is what the settings and the built-in matrix say. [`decide`] makes notices of findings,
//! purely; [`book`] keeps problems, notices and deliveries in `ops.db`; [`post`] hands notices to
//! channels and programs. Other verbs tell somebody with [`notify`] and [`escalate`].
//!
//! Start with [`Policy::of`]. It may import the plugins, the notices and all that is below them.

pub mod book;
pub mod decide;
pub mod post;

use std::time::Duration;

use self::book::{Book, Delivery};
use self::decide::{Kind, Notice};
use self::post::Post;
use crate::clock::{self, TimeZone, Timestamp};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::way_to;
use crate::journal::Journal;
use crate::report::Severity;

/// Somebody to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The operator's name for them.
    pub name: String,
    /// What they answer for.
    pub role: String,
    /// How long they may take, where the rule does not say.
    pub response_time: Option<Duration>,
    /// Channels that reach them.
    pub channels: Vec<String>,
    /// Whom the channels write to; as each is configured when empty.
    pub to: String,
    /// The program that is run for each notice; empty for none.
    pub command: Vec<String>,
}

/// What the ways to a contact are called that are not a channel's name.
pub const BY_COMMAND: &str = "command";

impl Contact {
    /// The ways that reach them: names of channels, and [`BY_COMMAND`].
    pub fn ways(&self) -> Vec<String> {
        let command = (!self.command.is_empty()).then(|| BY_COMMAND.to_owned());
        self.channels.iter().cloned().chain(command).collect()
    }
}

/// Findings about ways to people; the subject of each is the way.
const ABOUT_WAYS: [&str; 2] = ["wpp.alert.undelivered", "wpp.config.contacts"];

/// The ways on which a contact can be told of a finding: that a way does not work is not told on that way.
fn ways_for(contact: &Contact, finding: Option<&str>, subject: Option<&str>) -> Vec<String> {
    let dead = subject.filter(|_| finding.is_some_and(|finding| ABOUT_WAYS.contains(&finding)));
    contact.ways().into_iter().filter(|way| dead != Some(way_to(&contact.name, way).as_str())).collect()
}

/// A row of the matrix: what is done about findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What the row is about.
    pub alert: String,
    /// Ids of findings; one that begins with `*.` is of any plugin.
    pub findings: Vec<String>,
    /// How much it matters, in the place of what the finding says.
    pub severity: Option<Severity>,
    /// After this long without an acknowledgement the next contact is told.
    pub response_time: Option<Duration>,
    /// The runbook to read.
    pub runbook: Option<String>,
    /// Who is told, in this order; empty for the general order.
    pub contacts: Vec<String>,
    /// Whether it is one of wpp's own.
    pub built_in: bool,
}

/// A row that wpp brings along: what, findings, severity, minutes to respond, and the runbook of findings that
/// name none; of gateways, each plugin names its own.
type Row = (&'static str, &'static [&'static str], Option<Severity>, u64, Option<&'static str>);

/// The matrix that operators of gateways know, by the findings that stand for its rows.
const MATRIX: &[Row] = &[
    (
        "Service down",
        &["wpp.session.daemon-died", "wpp.session.daemon-silent", "wpp.session.suspended"],
        Some(Severity::Critical),
        5,
        Some("restart"),
    ),
    (
        "Service down, of a gateway",
        &["*.service.alive", "*.service.ready", "*.service.healthy"],
        Some(Severity::Critical),
        5,
        None,
    ),
    ("High memory", &["wpp.host.memory"], Some(Severity::Warning), 30, Some("capacity")),
    ("High memory, of a gateway", &["*.host.memory"], Some(Severity::Warning), 30, None),
    // As the check says: a ban is worse than a lost stream.
    (
        "Session disconnected",
        &[
            "wpp.session.state",
            "wpp.session.replaced",
            "wpp.session.banned",
            "wpp.session.outdated",
            "wpp.session.reconnect-loop",
            "wpp.session.stream-lost",
        ],
        None,
        15,
        Some("reconnect-loop"),
    ),
    ("Session logged out", &["wpp.session.auth-required"], None, 15, Some("auth-required")),
    (
        "Session disconnected, of a gateway",
        &[
            "*.sessions.ready",
            "*.sessions.open",
            "*.accounts.connected",
            "*.accounts.heartbeat",
            "*.channel.status",
            "*.pairing.done",
        ],
        None,
        15,
        None,
    ),
    ("Webhook failures above 5 %", &["*.webhooks.delivered"], Some(Severity::Warning), 30, None),
    ("Disk space below 10 %", &["wpp.home.disk-space"], Some(Severity::Critical), 15, Some("disk-space")),
    (
        "Certificate expires within 7 days",
        &["wpp.network.certificate", "wpp.network.server-certificates"],
        Some(Severity::Warning),
        24 * 60,
        Some("certificate-renewal"),
    ),
];

/// What the settings and the matrix say.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Everybody, by name.
    pub contacts: Vec<Contact>,
    /// The order in which contacts are told, where a rule has none.
    pub escalation: Vec<String>,
    /// The operator's rules, then wpp's.
    pub rules: Vec<Rule>,
    /// Findings below it are nobody's.
    pub severity_min: Severity,
    /// Minutes of the day from which and until which only what is critical is told.
    pub quiet_hours: Option<(u16, u16)>,
    /// The zone of the quiet hours.
    pub zone: TimeZone,
    /// So long a problem must be over before its end is told.
    pub settled_after: Duration,
}

fn severity(word: &str) -> Option<Severity> {
    [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical].into_iter().find(|one| one.name() == word)
}

impl Policy {
    /// What the settings say.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a contact that nothing reaches, and for a name that is no contact's.
    pub fn of(config: &Config) -> Result<Policy> {
        let mut contacts = Vec::new();
        for (name, table) in config.named("contacts") {
            let contact = Contact {
                name: name.clone(),
                role: table.text("role").to_owned(),
                response_time: table.duration("response_time"),
                channels: table.list("channels"),
                to: table.text("to").to_owned(),
                command: table.command("command"),
            };
            if contact.ways().is_empty() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("contacts.{name} in config.toml has nothing that reaches them"),
                )
                .hint("give it `channels = [\"slack\"]` or `command = [\"/usr/bin/mail\", \"-s\", \"wpp\", \"me\"]`"));
            }
            contacts.push(contact);
        }
        let known = |name: &String, place: &str| match contacts.iter().any(|contact| contact.name == *name) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Usage, format!("{place} in config.toml names {name:?}, who is no contact"))
                .hint(format!("add [contacts.{name}], or correct the name; `wpp alert contacts` shows all"))),
        };
        let mut escalation: Vec<String> = config.list("alert.escalation").map(str::to_owned).collect();
        escalation.iter().try_for_each(|name| known(name, "alert.escalation"))?;
        if escalation.is_empty() {
            escalation = contacts.iter().map(|contact| contact.name.clone()).collect();
        }
        let mut rules = Vec::new();
        for (id, table) in config.named("alert.rule") {
            let names = table.list("contacts");
            names.iter().try_for_each(|name| known(name, &format!("alert.rule.{id}")))?;
            let own = Rule {
                alert: id.clone(),
                findings: vec![id.clone()],
                severity: severity(table.text("severity")),
                response_time: table.duration("response_time"),
                runbook: Some(table.text("runbook").to_owned()).filter(|runbook| !runbook.is_empty()),
                contacts: names,
                built_in: false,
            };
            rules.push(own);
        }
        rules.extend(MATRIX.iter().map(|(alert, findings, severity, minutes, runbook)| Rule {
            alert: (*alert).to_owned(),
            findings: findings.iter().map(|id| (*id).to_owned()).collect(),
            severity: *severity,
            response_time: Some(Duration::from_secs(minutes * 60)),
            runbook: runbook.map(str::to_owned),
            contacts: Vec::new(),
            built_in: true,
        }));
        let (zone, _) = match config.text("alert.time_zone") {
            "" => clock::local_zone(),
            // It was checked on its way in.
            name => (clock::zone(name).unwrap_or(TimeZone::UTC), name.to_owned()),
        };
        Ok(Policy {
            contacts,
            escalation,
            rules,
            severity_min: severity(config.text("alert.severity_min")).unwrap_or(Severity::Warning),
            quiet_hours: clock::hours(config.text("alert.quiet_hours")),
            zone,
            settled_after: Duration::from_secs(config.number("alert.settled_s")),
        })
    }

    /// What is done about a finding: what the operator's rule leaves open, the matrix says.
    pub fn rule(&self, finding: &str) -> Rule {
        let fits = |rule: &&Rule| rule.findings.iter().any(|pattern| covers(pattern, finding));
        let mut all = self.rules.iter().filter(fits);
        let Some(mut rule) = all.next().cloned() else {
            return Rule {
                alert: finding.to_owned(),
                findings: vec![finding.to_owned()],
                severity: None,
                response_time: None,
                runbook: None,
                contacts: Vec::new(),
                built_in: true,
            };
        };
        for more in all {
            rule.severity = rule.severity.or(more.severity);
            rule.response_time = rule.response_time.or(more.response_time);
            rule.runbook = rule.runbook.or_else(|| more.runbook.clone());
            if rule.contacts.is_empty() {
                rule.contacts.clone_from(&more.contacts);
            }
        }
        rule
    }

    /// What to read about a finding: what the operator's rule says, else what the finding itself names, else what
    /// the matrix says of all of its kind.
    pub fn runbook(&self, finding: &str, own: Option<&str>) -> Option<String> {
        let of = |built_in: bool| {
            let rules = self.rules.iter().filter(move |rule| rule.built_in == built_in);
            let mut covering = rules.filter(|rule| rule.findings.iter().any(|pattern| covers(pattern, finding)));
            covering.find_map(|rule| rule.runbook.clone())
        };
        of(false).or_else(|| own.map(runbook_id)).or_else(|| of(true))
    }

    /// Who is told of a finding, in this order.
    pub fn chain(&self, rule: &Rule) -> Vec<&Contact> {
        let names = if rule.contacts.is_empty() { &self.escalation } else { &rule.contacts };
        names.iter().filter_map(|name| self.contact(name)).collect()
    }

    /// A contact by name.
    pub fn contact(&self, name: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.name == name)
    }

    /// How long a contact may take to acknowledge a problem.
    pub fn response_time(&self, rule: &Rule, contact: &Contact, severity: Severity) -> Duration {
        let minutes = match severity {
            Severity::Critical => 5,
            Severity::Error => 15,
            Severity::Warning | Severity::Unknown => 30,
            Severity::Ok | Severity::Info => 24 * 60,
        };
        rule.response_time.or(contact.response_time).unwrap_or(Duration::from_secs(minutes * 60))
    }

    /// Whether only what is critical is told at a time.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        let Some((from, until)) = self.quiet_hours else { return false };
        let local = now.to_zoned(self.zone.clone());
        // Neither is negative.
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
    }
}

/// The id of a runbook that is named by its file; any other document as it is named.
fn runbook_id(document: &str) -> String {
    let file = document.strip_prefix("runbooks/").and_then(|file| file.strip_suffix(".md"));
    file.map_or(document, |file| file.strip_prefix("drills/").unwrap_or(file)).to_owned()
}

/// Whether a pattern of a rule stands for a finding.
fn covers(pattern: &str, finding: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(rest) => finding.split_once('.').is_some_and(|(plugin, id)| plugin != "wpp" && id == rest),
        None => pattern == finding,
    }
}

/// What other verbs need to tell somebody.
pub struct Desk<'a> {
    /// The settings.
    pub config: &'a Config,
    /// Where it is written down.
    pub journal: &'a Journal,
    /// What notices are handed to.
    pub post: &'a dyn Post,
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What it is about, such as `drill:weekly-qr-relogin:<run>`: escalations go on where the last one
    /// about the same ended, and channels that can keep messages about the same together.
    pub key: String,
    /// How much it matters.
    pub severity: Severity,
    /// A heading.
    pub title: String,
    /// The text.
    pub text: String,
    /// The session that it is about, if it is about one.
    pub session: Option<String>,
}

/// Tells the first contact of the escalation order. Says what became of it, way by way; nothing when
/// there are no contacts. What did not arrive is tried again by `wpp alert run`. Quiet hours do not
/// apply: who runs something expects to hear of it.
pub fn notify(desk: &Desk<'_>, about: &About) -> Result<Vec<Delivery>> {
    let policy = Policy::of(desk.config)?;
    let first = policy.escalation.first().cloned();
    tell(desk, &policy, about, Kind::Notify, first)
}

/// Tells the next contact of the escalation order after those that were told about the same key. Says
/// what became of it; nothing when all were told.
pub fn escalate(desk: &Desk<'_>, about: &About) -> Result<Vec<Delivery>> {
    let policy = Policy::of(desk.config)?;
    let told = Book::of(desk.journal).told_about(&about.key)?;
    let next = policy.escalation.iter().find(|name| !told.contains(name)).cloned();
    tell(desk, &policy, about, Kind::Escalated, next)
}

fn tell(desk: &Desk<'_>, policy: &Policy, about: &About, kind: Kind, contact: Option<String>) -> Result<Vec<Delivery>> {
    let Some(contact) = contact else { return Ok(Vec::new()) };
    let notice = Notice {
        kind,
        key: about.key.clone(),
        contact,
        severity: about.severity,
        title: about.title.clone(),
        text: about.text.clone(),
        finding: None,
        session: about.session.clone(),
        subject: None,
        runbook: None,
    };
    let book = Book::of(desk.journal);
    let ids = book.write(policy, &[notice], clock::now())?;
    post::deliver(&book, policy, desk.post, post::Which::Notices(&ids), clock::now())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn config(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path, &Default::default()).unwrap()
    }

    pub(crate) const THREE: &str = "[contacts.on-call]\nchannels = [\"ntfy\"]\n[contacts.team-lead]\nchannels = [\"slack\", \"ntfy\"]\n\
        [contacts.manager]\ncommand = [\"/bin/true\"]\n[alert]\nescalation = [\"on-call\", \"team-lead\", \"manager\"]\n";

    #[test]
    fn the_operators_rule_goes_before_the_matrix_which_says_the_rest() {
        let policy = Policy::of(&config(&format!(
            "{THREE}[alert.rule.\"wpp.home.disk-space\"]\nresponse_time = \"2m\"\ncontacts = [\"manager\"]\n\
             [alert.rule.\"openwa.host.memory\"]\nseverity = \"critical\"\n"
        )))
        .unwrap();
        let disk = policy.rule("wpp.home.disk-space");
        assert_eq!((disk.severity, disk.response_time), (Some(Severity::Critical), Some(Duration::from_secs(120))));
        assert_eq!((disk.runbook.as_deref(), disk.contacts.join(",")), (Some("disk-space"), "manager".into()));
        let memory = policy.rule("openwa.host.memory");
        assert_eq!((memory.severity, memory.response_time), (Some(Severity::Critical), Some(Duration::from_secs(1800))));
        assert_eq!(policy.rule("jarvis.service.alive").response_time, Some(Duration::from_secs(300)));
        assert_eq!(policy.rule("wpp.service.alive").response_time, None, "no plugin");
        assert_eq!(policy.chain(&policy.rule("x.y.z")).len(), 3);
    }

    #[test]
    fn every_finding_of_wpp_in_the_matrix_is_a_check() {
        let ids = MATRIX.iter().flat_map(|row| row.1).filter(|id| id.starts_with("wpp."));
        for id in ids {
            assert!(crate::doctor::catalog::checks().any(|check| check.id == *id), "{id}");
        }
    }

    #[test]
    fn every_runbook_of_the_matrix_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
        for runbook in MATRIX.iter().filter_map(|row| row.4) {
            assert!(folder.join(format!("{runbook}.md")).is_file(), "{runbook}");
        }
    }

    #[test]
    fn what_the_operator_says_goes_before_what_the_finding_names_and_that_before_the_matrix() {
        let rule = "[alert.rule.\"jarvis.service.alive\"]\nrunbook = \"ours\"\n[alert.rule.\"openwa.host.memory\"]\nseverity = \"error\"\n";
        let policy = Policy::of(&config(&format!("{THREE}{rule}"))).unwrap();
        for (finding, own, expected) in [
            ("jarvis.service.alive", Some("runbooks/jarvis-start.md"), Some("ours")),
            ("connector.service.alive", Some("runbooks/connector-health.md"), Some("connector-health")),
            ("openwa.host.memory", Some("runbooks/openwa-high-memory.md"), Some("openwa-high-memory")),
            ("wpp.home.disk-space", Some("runbooks/drills/full-disk.md"), Some("full-disk")),
            ("wpp.home.disk-space", None, Some("disk-space")),
            ("wpp.host.memory", None, Some("capacity")),
            // Nobody says that a gateway is OpenWA.
            ("mine.service.alive", None, None),
            ("mine.service.alive", Some("https://mine.example/down.md"), Some("https://mine.example/down.md")),
        ] {
            assert_eq!(policy.runbook(finding, own).as_deref(), expected, "{finding}");
        }
    }

    #[test]
    fn who_cannot_be_reached_or_is_not_there_is_told_before_it_matters() {
        for (text, part) in [
            ("[contacts.ann]\nrole = \"x\"\n", "contacts.ann"),
            ("[alert]\nescalation = [\"ann\"]\n", "ann"),
            ("[alert.rule.\"a.b.c\"]\ncontacts = [\"bob\"]\n", "bob"),
        ] {
            let error = Policy::of(&config(text)).unwrap_err();
            assert!(error.kind() == ErrorKind::Usage && error.message().contains(part) && !error.hints().is_empty(), "{error}");
        }
        let policy = Policy::of(&config("[contacts.b]\nchannels = [\"x\"]\n[contacts.a]\nchannels = [\"x\"]\n")).unwrap();
        assert_eq!(policy.escalation, ["a", "b"], "all, by name");
    }

    #[test]
    fn quiet_hours_may_go_over_midnight_and_are_those_of_their_zone() {
        let quiet = |hours: &str, now: &str| {
            let text = format!("[alert]\nquiet_hours = \"{hours}\"\ntime_zone = \"Asia/Kuala_Lumpur\"\n");
            Policy::of(&config(&text)).unwrap().is_quiet(now.parse().unwrap())
        };
        // Kuala Lumpur is 8 hours ahead.
        for (now, expected) in [("13:59", false), ("14:00", true), ("22:59", true), ("23:00", false)] {
            assert_eq!(quiet("22:00-07:00", &format!("2026-11-21T{now}:00Z")), expected, "{now}");
        }
        assert!(quiet("12:00-13:00", "2026-11-21T04:30:00Z") && !quiet("12:00-13:00", "2026-11-21T05:00:00Z"));
        assert!(!Policy::of(&config("")).unwrap().is_quiet(clock::now()));
    }
}
