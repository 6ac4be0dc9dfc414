//! `wpp alert`.

use serde_json::{Value, json};

use crate::alert::book::{Book, Delivery};
use crate::alert::decide::{Decision, Kind, Notice, Problem, decide};
use crate::alert::post::{self, Channels, Which};
use crate::alert::{Contact, Policy, Rule};
use crate::app::App;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::notice::ping::{Moment, Ping};
use crate::report::{Finding, Report, Section, Severity, Silent, Table, Verdict, count};

/// Options of `wpp alert`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Contacts and rules are tables of config.toml:\n  \
  [contacts.on-call]\n  \
  role = \"first responder\"\n  \
  channels = [\"slack\", \"ntfy\"]       names of plugins; or: command = [\"/usr/bin/mail\", ...]\n  \
  [alert]\n  \
  escalation = [\"on-call\", \"team-lead\", \"manager\"]\n  \
  quiet_hours = \"22:00-07:00\"\n\n\
That a problem is over is told when it has been so for alert.settled_s: one that comes back sooner is the same one. The\n\
program of a contact is run without the variables that hold secrets, such as WPP_SECRET_* and what is called a token.\n\n\
`wpp alert run` in the schedule, every minute or two, watches: [schedule.watch] run = [\"alert\", \"run\"], when = \"@every:120\".")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Look with the doctor, tell who is to be told of what it finds, and try again what did not arrive; exit 4 when something did not
    Run(Run),
    /// Send a test through every way to every contact; exit 4 when one did not arrive
    Test(Test),
    /// Show what is done about which finding
    Matrix,
    /// Show who is told, in which order, and how they are reached
    Contacts,
    /// Show what was told to whom, newest first, and whether it arrived
    History(History),
    /// Take on a problem: nobody else is told of it, until it is worse or over
    Ack(Ack),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Only show what would be told
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct Test {
    /// Only this contact
    #[arg(long, value_name = "NAME")]
    contact: Option<String>,
    /// Only show what would be sent
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct History {
    /// How many to show
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=2000))]
    count: u16,
}

#[derive(Debug, clap::Args)]
struct Ack {
    /// The finding, such as wpp.session.state; with --session that of one session alone
    finding: String,
    /// Only what it says of this, such as one entry of the schedule [default: all that it says]
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// Who takes it on [default: $USER]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Args {
    /// Runs the verb.
    pub fn run(self, app: &App) -> Result<Report> {
        match self.verb {
            Verb::Run(run) => run.run(app),
            Verb::Test(test) => test.run(app),
            Verb::Matrix => matrix(&Policy::of(app.config())?),
            Verb::Contacts => contacts(&Policy::of(app.config())?),
            Verb::History(history) => history.run(app),
            Verb::Ack(ack) => ack.run(app),
        }
    }
}

/// Says of each way that does not work why, and what mends it.
const WHY: &str = "wpp doctor --only wpp.alert,wpp.config.contacts";

fn channels(app: &App) -> Result<Channels<'_>> {
    Ok(Channels { plugins: app.plugins()? })
}

fn notices_table(notices: &[Notice]) -> Table {
    let row = |notice: &Notice| {
        vec![notice.contact.clone(), notice.kind.name().to_owned(), notice.severity.name().to_owned(), notice.title.clone()]
    };
    Table::new(["contact", "why", "severity", "notice"], notices.iter().map(row))
}

fn deliveries_table(deliveries: &[Delivery]) -> Table {
    let row = |one: &Delivery| {
        let arrived = if one.delivered { "yes" } else { "no" };
        vec![one.contact.clone(), one.way.clone(), arrived.to_owned(), one.observed.clone()]
    };
    Table::new(["contact", "by", "arrived", "seen"], deliveries.iter().map(row))
}

fn problem_data(problem: &Problem) -> Value {
    let time = |at_ms: i64| clock::rfc3339(clock::from_ms(at_ms));
    json!({
        "finding": problem.finding, "session": problem.session, "subject": problem.subject, "severity": problem.severity.name(), "unknown": problem.unknown,
        "summary": problem.summary, "first": time(problem.first_ms),
        "told": problem.told.iter().map(|told| json!({ "contact": told.contact, "at": time(told.at_ms) })).collect::<Vec<_>>(),
        "acknowledged": problem.acknowledged_ms.map(time), "acknowledged_by": problem.acknowledged_by,
        "over": problem.over_ms.map(time),
    })
}

/// What the doctor finds everywhere, what is fine included.
fn findings(app: &App) -> Result<Vec<Finding>> {
    let home = app.home().root().to_string_lossy().into_owned();
    let line = ["doctor", "--all", "--no-record", "--fail-on", "never", "--home", &home].map(str::to_owned);
    super::run_line(&line, std::sync::Arc::new(Silent)).map(|report| report.findings)
}

impl Run {
    fn run(self, app: &App) -> Result<Report> {
        let policy = Policy::of(app.config())?;
        let began = clock::now();
        let findings = findings(app)?;
        let now = clock::now();
        if self.dry_run {
            let open = if app.home().journal().exists() { Book::of(app.journal()?).open()? } else { Vec::new() };
            let decision = decide(&policy, open, &findings, now);
            let title = match decision.notices.len() {
                0 => "Nothing would be told".to_owned(),
                number => format!("{} would be sent; nothing was", count(number, "notice", "notices")),
            };
            return Ok(report(&policy, title, &decision, &[]).data(data(&decision, &[], true, None)));
        }
        let channels = channels(app)?;
        let mut overtaken = false;
        let written = app.journal().map(Book::of).and_then(|book| {
            let decision = match book.take_in(&policy, &findings, began, now)? {
                Some(decision) => decision,
                None => {
                    overtaken = true;
                    Decision { problems: book.open()?, ..Decision::default() }
                }
            };
            Ok((post::deliver(&book, &policy, &channels, Which::All, now)?, decision))
        });
        let (delivered, decision, unwritten) = match written {
            Ok((delivered, decision)) => (delivered, decision, None),
            Err(error) => {
                let open = app.journal().and_then(|journal| Book::of(journal).open()).unwrap_or_default();
                let decision = decide(&policy, open, &findings, now);
                (post::deliver_unwritten(&policy, &channels, &decision.notices, now), decision, Some(error))
            }
        };
        let failed = delivered.iter().filter(|one| !one.delivered).count();
        let title = match (delivered.len(), failed) {
            (0, _) => "Nothing to tell".to_owned(),
            (all, 0) => format!("{} sent", count(all, "notice", "notices")),
            (all, failed) => format!("{failed} of {} did not arrive", count(all, "notice", "notices")),
        };
        let mut report = report(&policy, title, &decision, &delivered);
        if let Some(error) = unwritten {
            let said = error.chain();
            report
                .warnings
                .push(format!("what was told could not be written down, so it is told again with the next look: {said}"));
        }
        if overtaken {
            report.warnings.push("another look that began later was faster: what this one found does not count".into());
        }
        let ping = ping(app, failed == 0);
        if let Some(Err(reason)) = &ping {
            report.warnings.push(format!("the dead-man switch alert.ping_url could not be called: {reason}"));
        }
        let pinged = ping.map(|result| result.is_ok());
        report = report.data(data(&decision, &delivered, false, pinged));
        if failed > 0 {
            report = report.verdict(Verdict::Fail).next(WHY);
            report.answer = true;
        }
        Ok(report)
    }
}

/// Calls the dead-man switch, if there is one; the error holds nothing secret.
fn ping(app: &App, good: bool) -> Option<std::result::Result<(), String>> {
    let url = Some(app.config().text("alert.ping_url")).filter(|url| !url.is_empty())?;
    let moment = if good { Moment::Success } else { Moment::Failure };
    Some(Ping::parse(url, app.home().kind()).and_then(|ping| ping.send(moment, "")).map(drop))
}

fn report(policy: &Policy, title: String, decision: &Decision, delivered: &[Delivery]) -> Report {
    let mut report = Report::new("alert", title);
    let open = decision.problems.iter().filter(|problem| problem.over_ms.is_none()).count();
    let mut section = Section::default().field("open problems", open);
    if decision.held > 0 {
        section = section.field("held until the quiet hours end", decision.held);
    }
    report = report.section(section);
    if !decision.notices.is_empty() {
        report = report.section(Section::new("Told").table(notices_table(&decision.notices)));
    }
    if !delivered.is_empty() {
        report = report.section(Section::new("Delivered").table(deliveries_table(delivered)));
    }
    if policy.contacts.is_empty() && open > 0 {
        report.warnings.push("there is nobody to tell: config.toml has no [contacts.NAME]".into());
    }
    report
}

fn data(decision: &Decision, delivered: &[Delivery], dry_run: bool, pinged: Option<bool>) -> Value {
    json!({
        "dry_run": dry_run,
        "problems": decision.problems.iter().map(problem_data).collect::<Vec<_>>(),
        "notices": decision.notices,
        "held": decision.held,
        "deliveries": delivered,
        "pinged": pinged,
    })
}

impl Test {
    fn run(self, app: &App) -> Result<Report> {
        let policy = Policy::of(app.config())?;
        let wanted: Vec<&Contact> = match &self.contact {
            None => policy.contacts.iter().collect(),
            Some(name) => vec![policy.contact(name).ok_or_else(|| {
                Error::new(ErrorKind::Usage, format!("no contact is called {name}")).hint("`wpp alert contacts` shows all")
            })?],
        };
        if wanted.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "there is nobody to tell: config.toml has no [contacts.NAME]")
                .hint("`wpp help alert` shows how a contact is written"));
        }
        let now = clock::now();
        let notices: Vec<Notice> = wanted
            .iter()
            .map(|contact| Notice {
                kind: Kind::Test,
                key: format!("test {}", clock::compact(now)),
                contact: contact.name.clone(),
                severity: Severity::Info,
                title: "test: wpp can reach you".into(),
                text: format!("Somebody ran `wpp alert test` at {}. Nothing is wrong.", clock::rfc3339(now)),
                finding: None,
                session: None,
                subject: None,
                runbook: None,
            })
            .collect();
        if self.dry_run {
            let ways: Vec<Vec<String>> =
                wanted.iter().flat_map(|contact| contact.ways().into_iter().map(|way| vec![contact.name.clone(), way])).collect();
            let table = Table::new(["contact", "by"], ways);
            return Ok(Report::new("alert-test", "What a test would be sent through; nothing was sent")
                .section(Section::default().table(table))
                .data(json!({ "dry_run": true, "deliveries": [] })));
        }
        let book = Book::of(app.journal()?);
        let ids = book.write(&policy, &notices, now)?;
        let delivered = post::deliver(&book, &policy, &channels(app)?, Which::Notices(&ids), now)?;
        book.give_up(&ids)?;
        let failed = delivered.iter().filter(|one| !one.delivered).count();
        let all = count(delivered.len(), "test", "tests");
        let (title, verdict) = match failed {
            0 => (format!("{all} sent"), Verdict::Pass),
            failed => (format!("{failed} of {all} did not arrive"), Verdict::Fail),
        };
        let report = Report::new("alert-test", title)
            .verdict(verdict)
            .section(Section::default().table(deliveries_table(&delivered)))
            .data(json!({ "dry_run": false, "deliveries": delivered }));
        Ok(if failed > 0 { report.next(WHY) } else { report })
    }
}

fn matrix(policy: &Policy) -> Result<Report> {
    let mut table = Table::new(["alert", "severity", "respond within", "runbook", "who is told", "findings"], Vec::new());
    let mut data = Vec::new();
    for rule in &policy.rules {
        // An operator's rule for one finding is filled up with what the matrix says of it.
        let rule = match rule.built_in {
            true => rule.clone(),
            false => Rule { alert: rule.alert.clone(), findings: rule.findings.clone(), ..policy.rule(&rule.alert) },
        };
        let names: Vec<String> = policy.chain(&rule).iter().map(|contact| contact.name.clone()).collect();
        table.rows.push(vec![
            rule.alert.clone(),
            rule.severity.map_or("as found", Severity::name).to_owned(),
            rule.response_time.map_or("as the contact".into(), clock::human),
            rule.runbook.clone().unwrap_or_default(),
            if names.is_empty() { "nobody".into() } else { names.join(", ") },
            rule.findings.join(", "),
        ]);
        data.push(json!({
            "alert": rule.alert, "findings": rule.findings, "severity": rule.severity.map(Severity::name),
            "response_time_s": rule.response_time.map(|time| time.as_secs()), "runbook": rule.runbook, "contacts": names,
            "built_in": rule.built_in,
        }));
    }
    let mut section = Section::default().table(table);
    section = section.line(format!(
        "Any other finding from {} on is told, too, and what could not be checked is told as unknown.",
        policy.severity_min.name()
    ));
    Ok(Report::answer("alert-matrix", "What is done about which finding").section(section).data(json!({ "rules": data })))
}

fn contacts(policy: &Policy) -> Result<Report> {
    let place = |name: &str| policy.escalation.iter().position(|other| other == name);
    let mut sorted: Vec<&Contact> = policy.contacts.iter().collect();
    sorted.sort_by_key(|contact| place(&contact.name).unwrap_or(usize::MAX));
    let mut table = Table::new(["", "contact", "role", "respond within", "reached by", "to"], Vec::new());
    let mut data = Vec::new();
    for contact in sorted {
        let at = place(&contact.name).map(|at| at + 1);
        table.rows.push(vec![
            at.map_or(String::new(), |at| format!("{at}.")),
            contact.name.clone(),
            contact.role.clone(),
            contact.response_time.map_or("as the rule".into(), clock::human),
            contact.ways().join(", "),
            contact.to.clone(),
        ]);
        data.push(json!({
            "name": contact.name, "place": at, "role": contact.role,
            "response_time_s": contact.response_time.map(|time| time.as_secs()), "ways": contact.ways(), "to": contact.to,
        }));
    }
    let title = match policy.contacts.len() {
        0 => "Nobody is told of anything; `wpp help alert` shows how a contact is written".to_owned(),
        number => count(number, "contact", "contacts"),
    };
    let section = Section::default().table(table);
    Ok(Report::answer("alert-contacts", title).section(section).data(json!({ "contacts": data })).next("wpp alert test"))
}

impl History {
    fn run(self, app: &App) -> Result<Report> {
        let past = match app.home().journal().exists() {
            true => Book::of(app.journal()?).past(usize::from(self.count))?,
            // Looking must not make a journal.
            false => Vec::new(),
        };
        let columns = ["when", "contact", "why", "severity", "notice", "ways"];
        let mut table = Table::new(columns, Vec::new());
        let mut data = Vec::new();
        for one in &past {
            let ways: Vec<String> = one.ways.iter().map(|(way, state, _)| format!("{way} {state}")).collect();
            let notice = &one.notice;
            table.rows.push(vec![
                clock::rfc3339(clock::from_ms(one.at_ms)),
                notice.contact.clone(),
                notice.kind.name().to_owned(),
                notice.severity.name().to_owned(),
                notice.title.clone(),
                ways.join(", "),
            ]);
            let ways = one.ways.iter().map(|(way, state, seen)| json!({ "way": way, "state": state, "observed": seen }));
            data.push(json!({
                "id": one.id, "at": clock::rfc3339(clock::from_ms(one.at_ms)), "notice": notice,
                "ways": ways.collect::<Vec<_>>(),
            }));
        }
        let title = if past.is_empty() { "Nobody was told of anything".into() } else { count(past.len(), "notice", "notices") };
        let section = Section::default().table(table);
        Ok(Report::answer("alert-history", title).section(section).data(json!({ "notices": data })))
    }
}

impl Ack {
    fn run(self, app: &App) -> Result<Report> {
        let session = app.given_session()?;
        let user = || std::env::var("USER").ok().filter(|name| !name.is_empty());
        let by = self.by.or_else(user).unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()));
        let taken = match app.home().journal().exists() {
            true => Book::of(app.journal()?).acknowledge(
                &self.finding,
                (session.as_deref(), self.subject.as_deref()),
                &by,
                clock::now(),
            )?,
            false => Vec::new(),
        };
        if taken.is_empty() {
            let of = session.map(|session| format!(" of session {session}")).unwrap_or_default();
            let about = self.subject.map(|subject| format!(" about {subject}")).unwrap_or_default();
            return Err(Error::new(ErrorKind::Usage, format!("there is no open problem {}{of}{about}", self.finding))
                .hint("`wpp alert run --dry-run` shows what is open, `wpp alert history` what was told"));
        }
        let title = format!("{by} takes on {}", count(taken.len(), "problem", "problems"));
        let section = taken
            .iter()
            .fold(Section::default(), |section, problem| section.line(format!("{}: {}", problem.key, problem.summary)));
        Ok(Report::new("alert-ack", title)
            .section(section)
            .data(json!({ "by": by, "problems": taken.iter().map(problem_data).collect::<Vec<_>>() })))
    }
}
