//! Tries a plugin against recorded answers: calls what it exports, shows what it asked for, and judges
//! whether it keeps the contract. Start with [`Trial::new`] and [`Trial::run`].
//!
//! Nothing is sent and nothing is kept: the answers are a [`Recording`]'s, and secrets have made-up
//! values. What changes something in the system behind the plugin is called only when it is named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::adapt;
use super::grants::{Grant, Grants, is_secret_name};
use super::host::words::channel::{Condition, Description, Kind, Message};
use super::host::words::checks::{Check, Judgement, Outcome};
use super::host::words::sessions::{Offer, Session, State, Way};
use super::host::words::types::{Failure, FailureKind, Severity as Grade};
use super::host::{Called, Interface, Limits, Plugin};
use super::http::Http;
use super::powers::Powers;
use super::recorded::{End, Exchange, Recording};
use super::secrets::Secrets;
use crate::error::{Context as _, Result};
use crate::report::{Finding, Severity, count};
use crate::session::state::Reason;

/// Something that changes the system behind a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Act {
    /// Send a message.
    Send,
    /// Ask for a QR code.
    Link,
    /// Start a session.
    Start,
    /// Restart a session.
    Restart,
    /// Stop a session.
    Stop,
    /// Unlink a session.
    Logout,
    /// Send a test event to a webhook.
    WebhookTest,
    /// Turn a webhook off.
    WebhookDisable,
    /// Turn a webhook on.
    WebhookEnable,
    /// Deliver a failed event again.
    WebhookRetry,
}

/// What is called beside what only looks.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Judge these checks alone; ids with or without the plugin's name.
    pub only: Vec<String>,
    /// What may change something.
    pub acts: BTreeSet<Act>,
    /// The session to act on; the first one when there is none.
    pub session: Option<String>,
}

/// One call of the plugin.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// `checks.run`, or `sessions.status main`.
    pub call: String,
    /// `answered`; `failed`, which is an answer, too; or `ended`, which is none.
    pub end: &'static str,
    /// What it answered, or why it ended, in a few words.
    pub said: String,
    /// How long it took.
    pub took_ms: u64,
    /// The memory that it took.
    pub memory_bytes: usize,
    /// What it asked for, in order.
    pub requests: Vec<Asked>,
    /// What it wrote to the log.
    pub log: Vec<Line>,
}

/// One request of a call.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// `GET`.
    pub method: &'static str,
    /// The whole address, with the names of secrets in the place of secrets.
    pub url: String,
    /// What it says beside, the same way.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// `answered`, `no_answer`, `unrecorded`, `denied` or `refused`.
    pub end: &'static str,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why there is no answer.
    pub why: Option<String>,
}

/// One line of the log.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// `debug`, `info`, `warning` or `error`.
    pub level: &'static str,
    /// What it says.
    pub text: String,
}

/// Something that is not as the contract, the grants or the recording want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The call that it was seen in.
    pub call: String,
    /// `ended`, `denied`, `unrecorded`, `refused`, `contract` or `expectation`.
    pub kind: &'static str,
    /// What is so.
    pub text: String,
}

/// A setting that the plugin describes or asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Whether nothing works without it.
    pub required: bool,
    /// Whether it was given.
    pub given: bool,
    /// Whether the plugin asked for it.
    pub asked: bool,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Tried {
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// What the checks saw.
    pub findings: Vec<Finding>,
    /// What is wrong with the plugin.
    pub problems: Vec<Problem>,
    /// Settings by name.
    pub settings: Vec<Setting>,
    /// Answers that nobody asked for.
    pub unused: Vec<String>,
}

/// A plugin with recorded answers.
pub struct Trial {
    plugin: Plugin,
    settings: Arc<BTreeMap<String, String>>,
    http: Arc<Http>,
    recording: Arc<Recording>,
    limits: Limits,
    runtime: tokio::runtime::Runtime,
    tried: Tried,
    asked: BTreeSet<String>,
    /// Checks that had nothing to judge.
    skipped: BTreeSet<String>,
}

type Answer<T> = std::result::Result<T, Failure>;

impl Trial {
    /// With these settings and grants; the secrets among them have made-up values.
    pub fn new(
        plugin: Plugin,
        recording: Recording,
        settings: BTreeMap<String, String>,
        grants: Grants,
        limits: Limits,
    ) -> Result<Trial> {
        let mut made_up = BTreeMap::new();
        for grant in &grants.0 {
            if let Grant::Secret(name, _) = grant {
                // Under the plugin's own name, which is looked for first, and no operator's secret is.
                let own = format!("{}.{name}", plugin.name());
                made_up.insert(Secrets::variable(&own), format!("made-up-{name}"));
            }
        }
        // No folder holds more of them.
        let secrets = Arc::new(Secrets::new(Path::new("/dev/null"), &made_up));
        let recording = Arc::new(recording);
        let http = Http::new(plugin.name(), grants, secrets, false, limits.output_bytes).recorded(Arc::clone(&recording));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .while_doing(|| "cannot start what plugins run in".into())?;
        Ok(Trial {
            plugin,
            settings: Arc::new(settings),
            http: Arc::new(http),
            recording,
            limits,
            runtime,
            tried: Tried::default(),
            asked: BTreeSet::new(),
            skipped: BTreeSet::new(),
        })
    }

    /// What it imports and exports.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Calls all that it exports.
    pub fn run(mut self, wishes: &Wishes) -> Tried {
        let exported: Vec<Interface> = self.plugin.interfaces().to_vec();
        if exported.contains(&Interface::Checks) {
            self.checks(&wishes.only);
        }
        let about = exported.contains(&Interface::Channel).then(|| self.channel(&wishes.acts)).flatten();
        if exported.contains(&Interface::Sessions) {
            self.sessions(wishes);
        }
        if exported.contains(&Interface::Webhooks) {
            self.webhooks(&wishes.acts);
        }
        self.judge_settings(about.as_ref());
        self.judge_expectations(&wishes.only);
        self.tried.unused = self.recording.unused();
        self.tried
    }

    fn checks(&mut self, only: &[String]) {
        let Some(checks) = self.call("checks.describe", async |plugin, powers| plugin.checks(powers).await) else { return };
        self.said(count(checks.len(), "check", "checks"));
        self.breach("checks.describe", unsound_checks(&checks));
        let outcomes = self.call("checks.run", async |plugin, powers| plugin.judge(powers, only).await);
        let Some(outcomes) = outcomes else { return };
        self.said(count(outcomes.len(), "check was judged", "checks were judged"));
        let own = format!("{}.", self.plugin.name());
        let bare = |id: &String| id.strip_prefix(&own).unwrap_or(id).to_owned();
        let only: BTreeSet<String> = only.iter().map(bare).collect();
        let wanted = |check: &&Check| only.is_empty() || only.contains(&bare(&check.id));
        let wanted: Vec<Check> = checks.iter().filter(wanted).cloned().collect();
        for id in only.iter().filter(|id| !wanted.iter().any(|check| bare(&check.id) == **id)) {
            self.problem("checks.run", "contract", format!("it has no check {id}"));
        }
        self.breach("checks.run", unsound_outcomes(&own, &wanted, &outcomes));
        let examination = adapt::examination(self.plugin.name(), &wanted, &outcomes, None);
        self.skipped = examination.skipped.iter().map(|skipped| skipped.id.to_string()).collect();
        if !examination.skipped.is_empty() {
            let reasons = examination.skipped.iter().map(|skipped| format!("{}: {}", skipped.id, skipped.reason));
            let (judged, reasons) =
                (count(outcomes.len(), "check was judged", "checks were judged"), reasons.collect::<Vec<_>>());
            self.said(format!("{judged}, of which skipped: {}", reasons.join("; ")));
        }
        self.tried.findings = examination.findings;
    }

    fn channel(&mut self, acts: &BTreeSet<Act>) -> Option<Description> {
        let about = self.call("channel.describe", async |plugin, powers| plugin.describe(powers).await)?;
        self.said(about.title.clone());
        self.breach("channel.describe", unsound_description(&about));
        let health = self.ask("channel.health", async |plugin, powers| plugin.health(powers).await);
        if let Some(health) = health {
            self.said(format!("{}: {}", condition(health.condition), health.summary));
            self.breach("channel.health", empty(&[("summary", &health.summary)]));
        }
        if acts.contains(&Act::Send) {
            let message = Message {
                to: if about.kind == Kind::Gateway { "15550100".into() } else { String::new() },
                session: None,
                title: Some("A test".into()),
                text: "wpp tries this plugin".into(),
                key: "wpp-plugin-test".into(),
                problem: None,
                severity: Some(Grade::Info),
            };
            if let Some(receipt) = self.ask("channel.send", async |plugin, powers| plugin.send(powers, &message).await) {
                let id = receipt.id.or(receipt.url).unwrap_or_else(|| "without an id".into());
                self.said(format!("{} {id}", if receipt.queued { "taken, not sent yet:" } else { "sent:" }));
            }
        }
        Some(about)
    }

    fn sessions(&mut self, wishes: &Wishes) {
        let all = self.ask("sessions.list", async |plugin, powers| plugin.sessions(powers).await);
        let all = all.unwrap_or_default();
        if !all.is_empty() {
            self.said(all.iter().map(shown).collect::<Vec<_>>().join("; "));
        }
        self.breach("sessions.list", unsound_sessions(&all));
        for listed in &all {
            let call = format!("sessions.status {}", listed.name);
            if let Some(session) = self.ask(&call, async |plugin, powers| plugin.status(powers, &listed.name).await) {
                self.said(shown(&session));
                let mut wrong = unsound_sessions(std::slice::from_ref(&session));
                if session.name != listed.name {
                    wrong.push(format!("it was asked for the session {} and answers with {:?}", listed.name, session.name));
                }
                self.breach(&call, wrong);
            }
        }
        let Some(name) = wishes.session.clone().or_else(|| all.first().map(|session| session.name.clone())) else { return };
        for act in &wishes.acts {
            match act {
                Act::Link => {
                    let call = format!("sessions.link {name}");
                    if let Some(offer) = self.ask(&call, async |plugin, powers| plugin.link(powers, &name, &Way::Qr, 0).await) {
                        self.said(offered(&offer));
                        let whole = match &offer {
                            Offer::QrText(text) | Offer::PairingCode(text) | Offer::Pending(text) => !text.is_empty(),
                            Offer::QrImage(image) => image.starts_with("data:image/"),
                            Offer::Linked => true,
                        };
                        self.breach(&call, if whole { Vec::new() } else { vec!["it offers nothing that can be shown".into()] });
                    }
                }
                Act::Start => {
                    self.act(&format!("sessions.start {name}"), async |plugin, powers| plugin.start(powers, &name).await)
                }
                Act::Restart => {
                    self.act(&format!("sessions.restart {name}"), async |plugin, powers| plugin.restart(powers, &name).await);
                }
                Act::Stop => self.act(&format!("sessions.stop {name}"), async |plugin, powers| plugin.stop(powers, &name).await),
                Act::Logout => {
                    self.act(&format!("sessions.logout {name}"), async |plugin, powers| plugin.logout(powers, &name).await);
                }
                Act::Send | Act::WebhookTest | Act::WebhookDisable | Act::WebhookEnable | Act::WebhookRetry => {}
            }
        }
    }

    fn webhooks(&mut self, acts: &BTreeSet<Act>) {
        let all = self.ask("webhooks.list", async |plugin, powers| plugin.webhooks(powers).await);
        if let Some(all) = &all {
            self.said(count(all.len(), "webhook", "webhooks"));
            self.breach("webhooks.list", all.iter().flat_map(|hook| empty(&[("id", &hook.id), ("url", &hook.url)])).collect());
        }
        let failures = self.ask("webhooks.failures", async |plugin, powers| plugin.webhook_failures(powers).await);
        if let Some(failures) = &failures {
            self.said(count(failures.len(), "failed delivery", "failed deliveries"));
            self.breach("webhooks.failures", failures.iter().flat_map(|one| empty(&[("id", &one.id)])).collect());
        }
        let hook = all.and_then(|all| all.into_iter().next()).map(|hook| hook.id);
        let delivery = failures.and_then(|all| all.into_iter().next()).map(|delivery| delivery.id);
        for act in acts {
            match (act, &hook, &delivery) {
                (Act::WebhookTest, Some(id), _) => {
                    let said = self.ask("webhooks.test", async |plugin, powers| plugin.webhook_test(powers, id).await);
                    if let Some(said) = said {
                        self.said(said);
                    }
                }
                (Act::WebhookDisable, Some(id), _) => {
                    self.act("webhooks.disable", async |plugin, powers| plugin.webhook_disable(powers, id).await);
                }
                (Act::WebhookEnable, Some(id), _) => {
                    self.act("webhooks.enable", async |plugin, powers| plugin.webhook_enable(powers, id).await);
                }
                (Act::WebhookRetry, _, Some(id)) => {
                    self.act("webhooks.retry", async |plugin, powers| plugin.webhook_retry(powers, id).await);
                }
                _ => {}
            }
        }
    }

    /// Calls it once and notes what was seen. `None` when it did not come to an answer.
    fn call<T>(&mut self, name: &str, call: impl AsyncFnOnce(&Plugin, Powers) -> Called<T>) -> Option<T> {
        let mut powers = Powers::new(Arc::clone(&self.settings), Arc::clone(&self.http), self.limits.deadline);
        if let Some(now) = self.recording.now {
            powers = powers.at(now);
        }
        let Called { answer, heard, .. } = self.runtime.block_on(call(&self.plugin, powers));
        let (end, said, answer) = match answer {
            Ok(answer) => ("answered", "done".to_owned(), Some(answer)),
            Err(error) => ("ended", error.chain(), None),
        };
        if answer.is_none() {
            self.problem(name, "ended", said.clone());
        }
        let exchanges = self.recording.exchanges();
        for exchange in &exchanges {
            let what = format!("{} {}", exchange.method, exchange.url);
            match &exchange.end {
                End::Denied(why) => self.problem(name, "denied", format!("{what}: {why}")),
                End::Unrecorded(near) => self.problem(name, "unrecorded", format!("no recording answers {what}; {near}")),
                End::Refused(why) => self.problem(name, "refused", format!("{what}: {why}")),
                End::Answered(_) | End::NoAnswer(_) => {}
            }
        }
        self.asked.extend(heard.settings);
        let mut log: Vec<Line> = heard.lines.into_iter().map(|(level, text)| Line { level, text }).collect();
        if heard.dropped > 0 {
            log.push(Line { level: "warning", text: format!("{} more lines were dropped", heard.dropped) });
        }
        self.tried.calls.push(Call {
            call: name.to_owned(),
            end,
            said,
            took_ms: heard.took_ms,
            memory_bytes: heard.memory_bytes,
            requests: exchanges.into_iter().map(asked).collect(),
            log,
        });
        answer
    }

    /// [`Trial::call`] of something that may fail; a failure is an answer that keeps the contract.
    fn ask<T>(&mut self, name: &str, call: impl AsyncFnOnce(&Plugin, Powers) -> Called<Answer<T>>) -> Option<T> {
        match self.call(name, call)? {
            Ok(answer) => Some(answer),
            Err(failure) => {
                self.breach(name, empty(&[("message of a failure", &failure.message)]));
                let hint = if failure.hint.is_empty() { String::new() } else { format!(" ({})", failure.hint) };
                self.said(format!("{}: {}{hint}", failure_kind(failure.kind), failure.message));
                if let Some(last) = self.tried.calls.last_mut() {
                    last.end = "failed";
                }
                None
            }
        }
    }

    fn act(&mut self, name: &str, call: impl AsyncFnOnce(&Plugin, Powers) -> Called<Answer<()>>) {
        let _ = self.ask(name, call);
    }

    /// What the last call answered, in a few words.
    fn said(&mut self, text: impl Into<String>) {
        if let Some(last) = self.tried.calls.last_mut() {
            last.said = text.into();
        }
    }

    fn breach(&mut self, call: &str, wrong: Vec<String>) {
        for text in wrong {
            self.problem(call, "contract", text);
        }
    }

    fn problem(&mut self, call: &str, kind: &'static str, text: impl Into<String>) {
        let problem = Problem { call: call.to_owned(), kind, text: text.into() };
        // Several calls that ask for the same stumble over the same.
        if !self.tried.problems.iter().any(|known| known.kind == kind && known.text == problem.text) {
            self.tried.problems.push(problem);
        }
    }

    fn judge_settings(&mut self, about: Option<&Description>) {
        let described = about.map(|about| about.settings.as_slice()).unwrap_or_default();
        let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
        let required = |name: &str| described.iter().any(|setting| setting.name == name && setting.required);
        for name in described.iter().map(|setting| &setting.name).chain(&self.asked).chain(self.settings.keys()) {
            settings.entry(name.clone()).or_insert_with(|| Setting {
                name: name.clone(),
                required: required(name),
                given: self.settings.contains_key(name),
                asked: self.asked.contains(name),
            });
        }
        if about.is_some() {
            let hidden = self.asked.iter().filter(|name| !described.iter().any(|setting| setting.name == **name));
            let hidden: Vec<String> =
                hidden.map(|name| format!("it asks for the setting {name}, which it does not describe")).collect();
            self.breach("channel.describe", hidden);
        }
        self.tried.settings = settings.into_values().collect();
    }

    fn judge_expectations(&mut self, only: &[String]) {
        for (id, wanted) in &self.recording.expect.clone() {
            let whole = format!("{}.{id}", self.plugin.name());
            if !only.is_empty() && !only.iter().any(|wish| wish == id || *wish == whole) {
                continue;
            }
            let worst = self.tried.findings.iter().filter(|finding| finding.id == whole).map(|finding| finding.severity).max();
            let worst = worst.or_else(|| self.skipped.contains(&whole).then_some(Severity::Info));
            let text = match worst {
                Some(worst) if worst == *wanted => continue,
                Some(worst) => format!("{id} is {}, and the recording expects {}", worst.name(), wanted.name()),
                None => format!("the recording expects {id} to be {}, and there is no such check", wanted.name()),
            };
            self.problem("checks.run", "expectation", text);
        }
    }
}

fn asked(exchange: Exchange) -> Asked {
    let (end, status, why) = match exchange.end {
        End::Answered(status) => ("answered", Some(status), None),
        End::NoAnswer(class) => ("no_answer", None, Some(class.to_owned())),
        End::Unrecorded(near) => ("unrecorded", None, Some(near)),
        End::Denied(why) => ("denied", None, Some(why)),
        End::Refused(why) => ("refused", None, Some(why)),
    };
    let headers = exchange.headers.into_iter().collect();
    Asked { method: exchange.method, url: exchange.url, headers, body: exchange.body, end, status, why }
}

fn shown(session: &Session) -> String {
    format!("{} is {} ({}, told as {:?})", session.name, state(session.state), session.reason, session.told)
}

/// What is there, and never the thing itself: whoever has it can link a phone.
fn offered(offer: &Offer) -> String {
    match offer {
        Offer::QrText(_) => "the text of a QR code".into(),
        Offer::QrImage(_) => "the picture of a QR code".into(),
        Offer::PairingCode(_) => "a pairing code".into(),
        Offer::Pending(why) => format!("not yet: {why}"),
        Offer::Linked => "it is linked".into(),
    }
}

// The contract's own words.

fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Ok => "ok",
        Condition::Degraded => "degraded",
        Condition::Down => "down",
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Stopped => "stopped",
        State::Booting => "booting",
        State::AuthRequired => "auth-required",
        State::Connecting => "connecting",
        State::Syncing => "syncing",
        State::Ready => "ready",
        State::Reconnecting => "reconnecting",
        State::Degraded => "degraded",
        State::Error => "error",
    }
}

fn failure_kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unsupported => "unsupported",
        FailureKind::Misconfigured => "misconfigured",
        FailureKind::Denied => "denied",
        FailureKind::NotFound => "not-found",
        FailureKind::Conflict => "conflict",
        FailureKind::LoginNeeded => "login-needed",
        FailureKind::RateLimited => "rate-limited",
        FailureKind::Unreachable => "unreachable",
        FailureKind::InvalidAnswer => "invalid-answer",
        FailureKind::Failed => "failed",
    }
}

fn empty(texts: &[(&str, &String)]) -> Vec<String> {
    texts.iter().filter(|(_, text)| text.trim().is_empty()).map(|(name, _)| format!("the {name} is empty")).collect()
}

fn unsound_checks(checks: &[Check]) -> Vec<String> {
    let of = |check: &Check| {
        empty(&[("title", &check.title), ("area", &check.area), ("explanation", &check.explain)])
            .into_iter()
            .map(|what| format!("{what} of the check {}", check.id))
            .collect::<Vec<_>>()
    };
    let mut wrong: Vec<String> = checks.iter().flat_map(of).collect();
    if checks.is_empty() {
        wrong.push("it exports checks and describes none".into());
    }
    wrong
}

/// What the outcomes say that the checks do not bear out.
fn unsound_outcomes(own: &str, wanted: &[Check], outcomes: &[Outcome]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for outcome in outcomes {
        let id = outcome.check.strip_prefix(own).unwrap_or(&outcome.check);
        if !wanted.iter().any(|check| check.id == outcome.check) {
            wrong.push(format!("it judges the check {id}, which it does not describe or was not asked for"));
        }
        if !seen.insert(&outcome.check) {
            wrong.push(format!("it judges the check {id} twice"));
        }
        match &outcome.judgement {
            Judgement::Found(findings) if findings.is_empty() => {
                wrong.push(format!("the check {id} found nothing at all: what is well is a finding of severity ok"));
            }
            Judgement::Found(findings) => {
                for finding in findings {
                    wrong.extend(
                        empty(&[("summary", &finding.summary)]).iter().map(|what| format!("{what} of a finding of {id}")),
                    );
                    let severe = !matches!(finding.severity, Some(Grade::Ok | Grade::Info));
                    if severe && finding.remedy.trim().is_empty() {
                        wrong.push(format!("the check {id} says {:?} and no remedy", finding.summary));
                    }
                }
            }
            Judgement::Skipped(why) => {
                wrong.extend(empty(&[("reason to skip", why)]).iter().map(|what| format!("{what} of {id}")))
            }
            Judgement::Unknown(why) => {
                wrong.extend(empty(&[("message", &why.message)]).iter().map(|what| format!("{what} of {id}, which is unknown")));
            }
        }
    }
    for check in wanted.iter().filter(|check| !seen.contains(&check.id)) {
        wrong.push(format!("it does not judge the check {}", check.id.strip_prefix(own).unwrap_or(&check.id)));
    }
    wrong
}

fn unsound_description(about: &Description) -> Vec<String> {
    let mut wrong = empty(&[("title", &about.title)]);
    let mut seen = BTreeSet::new();
    for setting in &about.settings {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if setting.name.is_empty() || !setting.name.bytes().all(plain) || !seen.insert(&setting.name) {
            wrong.push(format!(
                "the setting {:?} is there twice, or is no name of lower case letters, digits and _",
                setting.name
            ));
        }
        wrong.extend(
            empty(&[("description", &setting.about)]).iter().map(|what| format!("{what} of the setting {}", setting.name)),
        );
    }
    for secret in about.secrets.iter().filter(|secret| !is_secret_name(&secret.name)) {
        wrong.push(format!("the secret {:?} is no name of letters, digits, - and _", secret.name));
    }
    wrong
}

fn unsound_sessions(sessions: &[Session]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for session in sessions {
        let texts = [("name", &session.name), ("id", &session.id), ("word of the gateway", &session.told)];
        wrong.extend(empty(&texts).iter().map(|what| format!("{what} of the session {:?}", session.name)));
        if !seen.insert(&session.name) {
            wrong.push(format!("the session {} is listed twice", session.name));
        }
        if serde_json::from_value::<Reason>(session.reason.clone().into()).is_err() {
            wrong.push(format!("the reason {:?} of the session {} is none of wpp's", session.reason, session.name));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::host::words::channel::Setting as Described;
    use super::super::host::words::checks::Finding as Seen;
    use super::super::host::words::sessions::State;
    use super::*;

    fn check(id: &str) -> Check {
        let text = "x".to_owned();
        Check {
            id: id.into(),
            title: text.clone(),
            area: text.clone(),
            severity: Grade::Error,
            explain: text,
            runbook: String::new(),
        }
    }

    fn seen(severity: Option<Grade>, summary: &str, remedy: &str) -> Seen {
        let (summary, remedy) = (summary.to_owned(), remedy.to_owned());
        Seen { severity, session: None, summary, evidence: Vec::new(), remedy, command: Vec::new() }
    }

    #[test]
    fn outcomes_that_break_the_contract_are_told_and_sound_ones_are_not() {
        let wanted = [check("p.a.one"), check("p.a.two")];
        let outcome = |id: &str, judgement: Judgement| Outcome { check: id.into(), judgement };
        let found = |severity, summary: &str, remedy: &str| Judgement::Found(vec![seen(severity, summary, remedy)]);
        let sound =
            [outcome("p.a.one", found(Some(Grade::Ok), "well", "")), outcome("p.a.two", Judgement::Skipped("none".into()))];
        assert_eq!(unsound_outcomes("p.", &wanted, &sound), [""; 0]);
        for (outcomes, said) in [
            (vec![sound[0].clone()], "does not judge the check a.two"),
            (vec![sound[0].clone(), sound[0].clone(), sound[1].clone()], "a.one twice"),
            (
                vec![sound[0].clone(), sound[1].clone(), outcome("p.b.other", Judgement::Skipped("x".into()))],
                "b.other, which it does not describe",
            ),
            (vec![sound[1].clone(), outcome("p.a.one", Judgement::Found(Vec::new()))], "found nothing at all"),
            (vec![sound[1].clone(), outcome("p.a.one", found(None, "bad", ""))], "no remedy"),
            (vec![sound[1].clone(), outcome("p.a.one", found(None, " ", "x"))], "summary is empty of a finding of a.one"),
            (vec![sound[0].clone(), outcome("p.a.two", Judgement::Skipped(String::new()))], "reason to skip is empty"),
        ] {
            let wrong = unsound_outcomes("p.", &wanted, &outcomes);
            assert!(wrong.len() == 1 && wrong[0].contains(said), "{said}: {wrong:?}");
        }
        assert!(unsound_checks(&[]).len() == 1 && unsound_checks(&wanted).is_empty());
        assert_eq!(unsound_checks(&[Check { title: String::new(), ..check("p.a.b") }]).len(), 1);
    }

    #[test]
    fn descriptions_and_sessions_that_break_the_contract_are_told() {
        let setting = |name: &str| Described { name: name.into(), about: "x".into(), required: false, default: None };
        let about = |settings: Vec<Described>| Description {
            title: "x".into(),
            kind: Kind::Notice,
            settings,
            secrets: Vec::new(),
            versions: Vec::new(),
        };
        assert!(unsound_description(&about(vec![setting("timeout_ms")])).is_empty());
        for settings in [vec![setting("a"), setting("a")], vec![setting("TimeOut")], vec![setting("")]] {
            assert_eq!(unsound_description(&about(settings)).len(), 1);
        }
        let session = |name: &str, reason: &str| Session {
            name: name.into(),
            id: "1".into(),
            state: State::AuthRequired,
            reason: reason.into(),
            told: "qr".into(),
            since_ms: None,
            phone: None,
            trouble: None,
        };
        assert!(unsound_sessions(&[session("a", "logged_out"), session("b", "pairing")]).is_empty());
        assert!(unsound_sessions(&[session("a", "gone_fishing")])[0].contains("none of wpp's"));
        assert!(unsound_sessions(&[session("a", "normal"), session("a", "normal")])[0].contains("twice"));
        assert_eq!(shown(&session("a", "pairing")), "a is auth-required (pairing, told as \"qr\")");
    }
}
