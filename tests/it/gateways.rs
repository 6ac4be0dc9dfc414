//! The plugins for gateways, against doubles of their servers: one suite that all of them pass, and
//! what is each one's own.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use wpp::plugin::grants::{Grant, Grants};
use wpp::plugin::host::words::channel::{Condition, Description, Kind, Message};
use wpp::plugin::host::words::checks::{Check, Finding, Judgement, Outcome};
use wpp::plugin::host::words::sessions::{Offer, Session, State, Way};
use wpp::plugin::host::words::types::{Failure, FailureKind, Outage, Severity};
use wpp::plugin::host::{Called, Host, Interface, Limits, Plugin};
use wpp::plugin::http::Http;
use wpp::plugin::powers::Powers;
use wpp::plugin::secrets::Secrets;

use crate::doubles::{self, Baileys, Connector, Double, Fault, Jarvis, OpenWa, ago};
use crate::plugin::component;

const DEADLINE: Duration = Duration::from_secs(30);
/// What a plugin waits for one answer of a server that gives none.
const TIMEOUT_MS: &str = "300";

static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(Limits { deadline: DEADLINE, ..Limits::default() }).unwrap());
static LOADED: LazyLock<Mutex<BTreeMap<&'static str, Arc<Plugin>>>> = LazyLock::new(Mutex::default);

fn loaded(name: &'static str) -> Arc<Plugin> {
    let mut all = LOADED.lock().unwrap();
    Arc::clone(all.entry(name).or_insert_with(|| Arc::new(HOST.load(name, &component(name), None).unwrap())))
}

/// A plugin, with all that it is granted in a test.
pub struct Bench {
    runtime: tokio::runtime::Runtime,
    plugin: Arc<Plugin>,
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, String>,
    grants: Vec<String>,
}

/// How a method ended.
pub type Ended<T> = Result<T, Failure>;

impl Bench {
    pub fn new(name: &'static str, settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> Bench {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut bench =
            Bench { runtime, plugin: loaded(name), settings: BTreeMap::new(), secrets: BTreeMap::new(), grants: Vec::new() };
        for (name, value) in settings {
            bench.set(name, value);
        }
        for (name, value) in secrets {
            bench.secrets.insert(Secrets::variable(name), (*value).to_owned());
            bench.grants.push(format!("secret={name}"));
        }
        bench
    }

    /// Sets a setting; what is an address in it is granted.
    pub fn set(&mut self, name: &str, value: &str) {
        if value.starts_with("http://") {
            self.grants.push(format!("http={value}"));
        }
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    fn powers(&self) -> Powers {
        let grants = Grants(self.grants.iter().map(|text| Grant::parse(text).unwrap()).collect());
        let secrets = Arc::new(Secrets::new(Path::new("/nowhere"), &self.secrets));
        let http = Http::new(self.plugin.name(), grants, secrets, false, 4 << 20);
        Powers::new(Arc::new(self.settings.clone()), Arc::new(http), DEADLINE)
    }

    // No plugin is ever ended here, nor tells a secret, whatever its server does.
    fn whole<T: Debug>(&self, called: Called<T>) -> T {
        let heard = format!("{:?}", called.heard);
        let answer = called.answer.unwrap_or_else(|error| panic!("{}: {}; {heard}", self.plugin.name(), error.chain()));
        let told = format!("{answer:?} {heard}");
        for secret in self.secrets.values() {
            assert!(!told.contains(secret.as_str()), "{}: a secret is told: {told}", self.plugin.name());
        }
        answer
    }

    pub fn interfaces(&self) -> &[Interface] {
        self.plugin.interfaces()
    }

    pub fn checks(&self) -> Vec<Check> {
        self.whole(self.runtime.block_on(self.plugin.checks(self.powers())))
    }

    pub fn judge(&self) -> Vec<Outcome> {
        self.whole(self.runtime.block_on(self.plugin.judge(self.powers(), &[])))
    }

    /// What one check says.
    pub fn check(&self, id: &str) -> Judgement {
        let mut outcomes = self.whole(self.runtime.block_on(self.plugin.judge(self.powers(), &[id.to_owned()])));
        assert!(outcomes.len() == 1 && outcomes[0].check == id, "{outcomes:?}");
        outcomes.remove(0).judgement
    }

    /// What one check found.
    pub fn found(&self, id: &str) -> Vec<Finding> {
        match self.check(id) {
            Judgement::Found(findings) => findings,
            other => panic!("{id}: {other:?}"),
        }
    }

    /// The one finding of a check.
    pub fn one(&self, id: &str) -> Finding {
        let mut findings = self.found(id);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    pub fn describe(&self) -> Description {
        self.whole(self.runtime.block_on(self.plugin.describe(self.powers())))
    }

    pub fn health(&self) -> Ended<wpp::plugin::host::words::channel::Wellness> {
        self.whole(self.runtime.block_on(self.plugin.health(self.powers())))
    }

    pub fn send(&self, message: &Message) -> Ended<wpp::plugin::host::words::channel::Receipt> {
        self.whole(self.runtime.block_on(self.plugin.send(self.powers(), message)))
    }

    pub fn sessions(&self) -> Ended<Vec<Session>> {
        self.whole(self.runtime.block_on(self.plugin.sessions(self.powers())))
    }

    pub fn status(&self, name: &str) -> Ended<Session> {
        self.whole(self.runtime.block_on(self.plugin.status(self.powers(), name)))
    }

    pub fn start(&self, name: &str) -> Ended<()> {
        self.whole(self.runtime.block_on(self.plugin.start(self.powers(), name)))
    }

    pub fn stop(&self, name: &str) -> Ended<()> {
        self.whole(self.runtime.block_on(self.plugin.stop(self.powers(), name)))
    }

    pub fn restart(&self, name: &str) -> Ended<()> {
        self.whole(self.runtime.block_on(self.plugin.restart(self.powers(), name)))
    }

    pub fn logout(&self, name: &str) -> Ended<()> {
        self.whole(self.runtime.block_on(self.plugin.logout(self.powers(), name)))
    }

    /// Asks for the first time.
    pub fn link(&self, name: &str, way: &Way) -> Ended<Offer> {
        self.link_again(name, way, 0)
    }

    pub fn link_again(&self, name: &str, way: &Way, attempt: u32) -> Ended<Offer> {
        self.whole(self.runtime.block_on(self.plugin.link(self.powers(), name, way, attempt)))
    }

    /// Every method but `describe`, and what came of it in words.
    pub fn methods(&self, session: &str, webhook: &str) -> Vec<(&'static str, Ended<String>)> {
        fn told<T: Debug>(ended: Ended<T>) -> Ended<String> {
            ended.map(|answer| format!("{answer:?}"))
        }
        let plugin = &self.plugin;
        let run = &self.runtime;
        let number = Way::PairingCode("628123456789".into());
        vec![
            ("health", told(self.health())),
            ("send", told(self.send(&message(Some(session))))),
            ("sessions", told(self.sessions())),
            ("status", told(self.status(session))),
            ("start", told(self.start(session))),
            ("stop", told(self.stop(session))),
            ("restart", told(self.restart(session))),
            ("logout", told(self.logout(session))),
            ("link", told(self.link(session, &Way::Qr))),
            ("pair", told(self.link(session, &number))),
            ("webhooks", told(self.whole(run.block_on(plugin.webhooks(self.powers()))))),
            ("webhook-test", told(self.whole(run.block_on(plugin.webhook_test(self.powers(), webhook))))),
            ("webhook-failures", told(self.whole(run.block_on(plugin.webhook_failures(self.powers()))))),
            ("webhook-enable", told(self.whole(run.block_on(plugin.webhook_enable(self.powers(), webhook))))),
            ("webhook-disable", told(self.whole(run.block_on(plugin.webhook_disable(self.powers(), webhook))))),
            ("webhook-retry", told(self.whole(run.block_on(plugin.webhook_retry(self.powers(), "d1"))))),
        ]
    }
}

pub fn message(session: Option<&str>) -> Message {
    Message {
        to: "+62 812-3456-789".into(),
        session: session.map(str::to_owned),
        title: Some("Disk".into()),
        text: "90 % full".into(),
        key: "disk-1".into(),
        problem: None,
        severity: None,
    }
}

pub fn refused<T: Debug>(ended: Ended<T>) -> (FailureKind, String) {
    let failure = ended.unwrap_err();
    (failure.kind, format!("{}; {}", failure.message, failure.hint))
}

fn calm(severity: Severity) -> bool {
    matches!(severity, Severity::Ok | Severity::Info)
}

/// One plugin, as the suite sees it.
struct Subject<B> {
    name: &'static str,
    double: Double<B>,
    bench: Bench,
    /// A session that is ready, and a webhook.
    session: &'static str,
    webhook: &'static str,
    /// Methods of things that the gateway cannot do.
    unsupported: Vec<&'static str>,
    /// Methods that need no key; `judge` is the run of the checks.
    open: &'static [&'static str],
    /// Checks that ask the server nothing.
    quiet: &'static [&'static str],
}

/// What every gateway's plugin does, whatever its gateway is.
fn conforms<B: doubles::Behaviour>(subject: Subject<B>) {
    let Subject { name, double, mut bench, session, webhook, unsupported, open, quiet } = subject;
    assert_eq!(loaded(name).interfaces(), Interface::ALL);

    // What it says of itself needs no server, and says all that it reads.
    double.fault(Fault::Broken);
    let description = bench.describe();
    assert!(!description.title.is_empty() && description.kind == Kind::Gateway, "{description:?}");
    let names: Vec<&str> = description.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert!(names.contains(&"url") && names.contains(&"timeout_ms"), "{names:?}");
    for setting in &description.settings {
        assert!(setting.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{setting:?}");
        assert!(!setting.about.is_empty() && (!setting.required || setting.default.is_none()), "{setting:?}");
    }
    for secret in &description.secrets {
        assert!(secret.name.starts_with(name) && !secret.about.is_empty(), "{secret:?}");
    }
    let checks = bench.checks();
    assert!(double.asked().is_empty(), "a description asked the server");
    let mut ids: Vec<&str> = checks.iter().map(|check| check.id.as_str()).collect();
    for check in &checks {
        let parts: Vec<&str> = check.id.split('.').collect();
        let plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(parts.len() == 3 && parts[0] == name && parts.iter().all(plain), "{}", check.id);
        assert!(!check.title.is_empty() && !check.area.is_empty() && check.explain.len() > 40, "{check:?}");
        assert!(!calm(check.severity), "{check:?}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), checks.len());

    // A server that is well: each check is judged, and none of them is worried or at a loss.
    double.fault(Fault::None);
    let outcomes = bench.judge();
    assert_eq!(
        outcomes.iter().map(|outcome| &outcome.check).collect::<Vec<_>>(),
        checks.iter().map(|check| &check.id).collect::<Vec<_>>()
    );
    // What has nothing to look at where all is well.
    let mut resting: Vec<String> = Vec::new();
    for outcome in &outcomes {
        match &outcome.judgement {
            Judgement::Found(findings) => {
                assert!(!findings.is_empty(), "{outcome:?}");
                let well = |finding: &Finding| finding.severity.is_some_and(calm);
                assert!(findings.iter().all(well), "{outcome:?}");
            }
            Judgement::Skipped(why) => {
                assert!(!why.is_empty(), "{outcome:?}");
                resting.push(outcome.check.clone());
            }
            Judgement::Unknown(_) => panic!("{outcome:?}"),
        }
    }
    for asked in double.asked() {
        assert!(["GET", "HEAD"].contains(&asked.method.as_str()), "a check changes the server: {asked:?}");
    }
    let known = bench.sessions().unwrap();
    assert!(known.iter().any(|known| known.name == session && known.state == State::Ready && known.reason == "normal"));
    assert_eq!(bench.status(session).unwrap().name, session);
    assert_eq!(bench.health().unwrap().condition, Condition::Ok);
    bench.send(&message(Some(session))).unwrap();
    assert!(matches!(bench.link(session, &Way::Qr), Ok(Offer::Linked) | Err(Failure { kind: FailureKind::Unsupported, .. })));
    for (method, ended) in bench.methods(session, webhook) {
        let no = matches!(&ended, Err(failure) if failure.kind == FailureKind::Unsupported && !failure.message.is_empty());
        assert_eq!(no, unsupported.contains(&method), "{name} {method}: {ended:?}");
    }
    for odd in ["no-such-session", "../../x", "{{secret:openwa-key}}", "a b?c=d#e", ""] {
        if let Ok(session) = bench.status(odd) {
            panic!("{odd:?} is {session:?}");
        }
    }
    assert!(!bench.settings.is_empty());

    // Faults. Absent is a port that nobody listens on.
    let (gone, _held) = crate::harness::refusing();
    let addresses: Vec<String> =
        bench.settings.iter().filter(|(_, value)| value.starts_with("http://")).map(|(name, _)| name.clone()).collect();
    for name in &addresses {
        bench.set(name, &format!("http://{gone}"));
    }
    let judged = |bench: &Bench, words: &[&str]| {
        let begun = Instant::now();
        for outcome in bench.judge() {
            if quiet.contains(&outcome.check.as_str()) {
                continue;
            }
            let told = match &outcome.judgement {
                Judgement::Found(findings) => {
                    let worried = |finding: &Finding| finding.severity.is_none_or(|severity| !calm(severity));
                    assert!(findings.iter().all(worried), "{outcome:?}");
                    let mended = |finding: &Finding| !finding.remedy.is_empty();
                    assert!(findings.iter().all(mended), "no remedy: {outcome:?}");
                    findings.iter().map(|finding| format!("{} {}", finding.summary, finding.remedy)).collect()
                }
                Judgement::Unknown(why) => {
                    assert!(!why.hint.is_empty(), "no remedy: {outcome:?}");
                    format!("{}; {}", why.message, why.hint)
                }
                // A fault is no reason to look away.
                Judgement::Skipped(why) => {
                    assert!(resting.contains(&outcome.check), "{words:?}: skipped {}: {why}", outcome.check);
                    continue;
                }
            };
            assert!(words.iter().any(|word| told.contains(word)), "{words:?}: {outcome:?}");
        }
        assert!(begun.elapsed() < DEADLINE);
    };
    // Where the network is to blame, every check that cannot be looked at says so for machines, too.
    let classed = |bench: &Bench, class: Outage| {
        for outcome in bench.judge() {
            if let Judgement::Unknown(why) = &outcome.judgement {
                assert_eq!(why.outage, Some(class), "{outcome:?}");
            }
        }
        assert_eq!(bench.sessions().unwrap_err().outage, Some(class));
    };
    let all_end = |bench: &Bench, kinds: &[FailureKind], words: &str, but: &[&str]| {
        for (method, ended) in bench.methods(session, webhook) {
            if unsupported.contains(&method) || but.contains(&method) {
                continue;
            }
            let (kind, told) = refused(ended);
            assert!(kinds.contains(&kind) && told.contains(words), "{name} {method}: {kind:?}: {told}");
        }
    };
    all_end(&bench, &[FailureKind::Unreachable], "provider_unavailable", &[]);
    judged(&bench, &["provider_unavailable"]);
    classed(&bench, Outage::ProviderUnavailable);
    for name in &addresses {
        bench.set(name, &double.url());
    }
    double.fault(Fault::Slow);
    bench.set("timeout_ms", TIMEOUT_MS);
    all_end(&bench, &[FailureKind::Unreachable], "timeout", &[]);
    double.asked();
    judged(&bench, &["timeout"]);
    let asked = double.asked().len();
    classed(&bench, Outage::Timeout);
    assert!(asked <= 3, "a server that does not answer was asked {asked} times in one run");
    bench.settings.remove("timeout_ms");
    double.fault(Fault::Garbled);
    all_end(&bench, &[FailureKind::InvalidAnswer], "answered 200 with", &[]);
    judged(&bench, &["answered 200 with"]);
    double.fault(Fault::Page);
    all_end(&bench, &[FailureKind::InvalidAnswer], "a page of HTML", &[]);
    judged(&bench, &["a page of HTML"]);
    double.fault(Fault::Broken);
    all_end(&bench, &[FailureKind::Failed], "500", &[]);
    judged(&bench, &["500"]);
    double.fault(Fault::Busy);
    all_end(&bench, &[FailureKind::RateLimited], "17 s", &[]);
    judged(&bench, &["17 s"]);
    double.fault(Fault::Failure);
    all_end(&bench, &[FailureKind::Failed, FailureKind::InvalidAnswer], "it did not work", &[]);
    judged(&bench, &["it did not work"]);
    // Whatever it is sent comes back in the words of its error; `whole` looks for secrets in it.
    double.fault(Fault::Echo);
    let mut echoed = format!("{:?}", bench.judge());
    for (_, ended) in bench.methods(session, webhook) {
        echoed.push_str(&format!("{ended:?}"));
    }
    assert!(bench.secrets.is_empty() || echoed.contains("[secret]"), "{echoed}");
    double.fault(Fault::None);

    // Answers that are nearly right end no plugin; what they are told as, who can say.
    for seed in 0..16 {
        double.fault(Fault::Odd(seed));
        assert_eq!(bench.judge().len(), checks.len());
        bench.methods(session, webhook);
    }
    double.fault(Fault::None);

    // Keys: a wrong one, none, and one that is not granted.
    if !bench.secrets.is_empty() {
        let good = bench.secrets.clone();
        for value in bench.secrets.values_mut() {
            *value = "a-wrong-key".into();
        }
        all_end(&bench, &[FailureKind::Denied], "", open);
        let denied = bench.judge();
        let told = |outcome: &Outcome| format!("{:?}", outcome.judgement).contains("401");
        assert!(open.contains(&"judge") || denied.iter().any(told), "{denied:?}");
        // With what needs a key: a message, or else the checks.
        let refusal = |bench: &Bench| match open.contains(&"send") {
            true => format!("{:?}", bench.judge()),
            false => {
                let (kind, told) = refused(bench.send(&message(Some(session))));
                assert!(kind == FailureKind::Denied, "{told}");
                told
            }
        };
        bench.secrets.clear();
        assert!(refusal(&bench).contains("there is no secret"));
        bench.secrets = good;
        let grants = bench.grants.clone();
        bench.grants.retain(|grant| grant.starts_with("http"));
        assert!(refusal(&bench).contains(&format!("wpp plugin grant {name} secret=")));
        bench.grants.clear();
        assert!(refusal(&bench).contains(&format!("wpp plugin grant {name} http=http://")));
        bench.grants = grants;
    }

    // Under another name, no command that it proposes goes to the name that its file has.
    let own = Arc::clone(&bench.plugin);
    bench.plugin = Arc::new(HOST.load("others", &component(name), None).unwrap());
    let mut said = Vec::new();
    for seed in 0..12 {
        double.fault(if seed == 0 { Fault::None } else { Fault::Odd(seed) });
        for outcome in bench.judge() {
            assert!(outcome.check.starts_with("others."), "{outcome:?}");
            if let Judgement::Found(findings) = outcome.judgement {
                for finding in findings {
                    assert!(!finding.command.iter().any(|word| word.split(':').next() == Some(name)), "{finding:?}");
                    said.extend([finding.summary, finding.remedy]);
                }
            }
        }
        for odd in [session, "no-such-session"] {
            let ended = bench.methods(odd, webhook).into_iter().filter_map(|(_, ended)| ended.err());
            said.extend(ended.flat_map(|failure| [failure.message, failure.hint]));
        }
    }
    double.fault(Fault::None);
    assert!(said.len() > 10, "{said:?}");
    for text in said {
        let commands = text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("wpp ") && !part.contains("secret="));
        for command in commands {
            assert!(!command.contains(name), "{text}");
        }
        assert!(!text.contains(&format!("{name}:")) && !text.contains(&format!("check {name}.")), "{text}");
    }
    bench.plugin = own;

    // Settings that are missing or wrong.
    bench.set("timeout_ms", "soon");
    all_end(&bench, &[FailureKind::Misconfigured], "timeout_ms", &[]);
    bench.settings.remove("timeout_ms");
    bench.settings.remove("url");
    bench.settings.remove("sidecar_url");
    all_end(&bench, &[FailureKind::Misconfigured], "url", &[]);
}

pub fn openwa(double: &Double<OpenWa>) -> Bench {
    Bench::new("openwa", &[("url", &double.url())], &[("openwa-key", "owa-key-for-tests")])
}

#[test]
fn openwa_conforms() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    conforms(Subject {
        name: "openwa",
        double,
        bench,
        session: "main",
        webhook: doubles::OPENWA_WEBHOOK,
        unsupported: vec!["webhook-retry"],
        open: &[],
        quiet: &["openwa.service.uptime"],
    });
}

/// What the server says, since when, and its error; then wpp's state and reason, and the verb that mends it.
type Told = (&'static str, i64, Option<&'static str>, State, &'static str, &'static [&'static str]);

#[test]
fn openwa_sessions_are_told_in_the_words_of_wpp_and_judged_by_their_age() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    let id = |number: usize| format!("00000000-0000-4000-9000-{number:012}");
    let cases: &[Told] = &[
        ("created", 0, None, State::Stopped, "not_paired", &["start"]),
        ("initializing", 1_000, None, State::Connecting, "normal", &[]),
        ("initializing", 600_000, None, State::Connecting, "connect_failure", &["restart"]),
        ("qr_ready", 0, None, State::AuthRequired, "pairing", &["reauth"]),
        ("authenticating", 600_000, None, State::Connecting, "accepted_not_opened", &["restart"]),
        ("disconnected", 0, None, State::Stopped, "operator_stopped", &["start"]),
        ("disconnected", 0, Some("Logged out from phone"), State::AuthRequired, "logged_out", &["reauth"]),
        ("action_required", 0, Some("passkey needed"), State::AuthRequired, "passkey_required", &["reauth"]),
        ("failed", 0, Some("Failed to launch the browser"), State::Error, "connect_failure", &["restart"]),
        ("something_new", 0, None, State::Degraded, "normal", &["restart"]),
    ];
    {
        let mut state = double.state();
        for (number, (told, age_ms, error, ..)) in cases.iter().enumerate() {
            let session = state.session(&id(number), &format!("s{number}"), told);
            session["updatedAt"] = json!(ago(*age_ms));
            session["lastError"] = json!(error);
        }
    }
    let sessions = bench.sessions().unwrap();
    let findings = bench.found("openwa.sessions.ready");
    assert_eq!((sessions.len(), findings.len()), (cases.len() + 1, cases.len()));
    for (number, (told, age_ms, error, state, reason, command)) in cases.iter().enumerate() {
        let session = &sessions[number + 1];
        assert_eq!((session.state, session.reason.as_str(), session.told.as_str()), (*state, *reason, *told), "{session:?}");
        assert_eq!(session.id, id(number));
        let finding = &findings[number];
        assert_eq!(finding.session.as_deref(), Some(session.name.as_str()));
        let wanted: Vec<String> = command.iter().map(|word| (*word).into()).chain([format!("openwa:s{number}")]).collect();
        assert_eq!(finding.command, if command.is_empty() { Vec::new() } else { wanted }, "{finding:?}");
        assert!(error.is_none_or(|error| finding.summary.contains(error)), "{finding:?}");
        assert!(*age_ms < 600_000 || finding.summary.contains("10 min"), "{finding:?}");
    }
    // Where it may take longer, it is not stuck yet.
    let mut patient = openwa(&double);
    patient.set("stuck_ms", "3600000");
    assert_eq!(patient.status("s2").unwrap().reason, "normal");
    // A restriction of the account outweighs all else, and must not be answered with a restart.
    double.state().sessions[0]["restriction"] = json!({"type": "temporary"});
    let finding = &bench.found("openwa.sessions.ready")[0];
    assert!(finding.command.is_empty() && bench.status("main").unwrap().reason == "temporary_ban", "{finding:?}");
}

#[test]
fn openwa_is_restarted_by_a_stop_and_a_start() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    double.asked();
    bench.restart("main").unwrap();
    let acted: Vec<String> = double.asked().iter().filter(|asked| asked.method == "POST").map(doubles::Asked::line).collect();
    let path = format!("POST /api/sessions/{}", doubles::OPENWA_SESSION);
    assert_eq!(acted, [format!("{path}/stop"), format!("{path}/start")]);
    assert_eq!(bench.status("main").unwrap().state, State::Ready);
    let (kind, told) = refused(bench.start("main"));
    assert!(kind == FailureKind::Conflict && told.contains("already started"), "{told}");
    bench.stop("main").unwrap();
    assert_eq!(bench.status("main").unwrap().state, State::Stopped);
    // Only the first ask may start it.
    let (kind, told) = refused(bench.link_again("main", &Way::Qr, 1));
    assert!(kind == FailureKind::Conflict && told.contains("wpp start openwa:main"), "{told}");
    let (kind, told) = refused(bench.send(&message(None)));
    assert!(kind == FailureKind::Conflict && told.contains("not ready"), "{told}");
    let (kind, told) = refused(bench.logout("main"));
    assert!(kind == FailureKind::Failed && told.contains("may still be linked") && told.contains("wpp start"), "{told}");
    assert_eq!(refused(bench.start("other")).0, FailureKind::NotFound);
}

#[test]
fn openwa_is_linked_by_a_picture_or_a_code_when_it_has_one() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    let number = Way::PairingCode("628123456789".into());
    let become_ = |status: &str| double.state().sessions[0]["status"] = json!(status);
    become_("initializing");
    assert!(matches!(bench.link("main", &Way::Qr), Ok(Offer::Pending(_))));
    assert!(matches!(bench.link("main", &number), Ok(Offer::Pending(_))));
    become_("qr_ready");
    assert!(matches!(bench.link("main", &Way::Qr), Ok(Offer::QrImage(code)) if code.starts_with("data:image/png;base64,")));
    assert!(matches!(bench.link("main", &number), Ok(Offer::PairingCode(code)) if code == "ABCD1234"));
    become_("ready");
    assert!(matches!(bench.link("main", &Way::Qr), Ok(Offer::Linked)));
}

#[test]
fn openwa_is_waited_for_until_it_has_stopped_and_not_for_ever() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    double.state().looks_until_stopped = 3;
    let begun = Instant::now();
    bench.restart("main").unwrap();
    assert!(begun.elapsed() > Duration::from_millis(700), "{:?}", begun.elapsed());
    assert_eq!(bench.status("main").unwrap().state, State::Ready);
    double.state().looks_until_stopped = 1_000;
    let (kind, told) = refused(bench.stop("main"));
    assert!(kind == FailureKind::Failed && told.contains("told to stop and is ready"), "{told}");
}

#[test]
fn openwa_is_started_to_be_linked_by_the_first_ask_alone() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    bench.stop("main").unwrap();
    double.state().sessions[0]["phone"] = json!(null);
    double.asked();
    assert_eq!(refused(bench.link_again("main", &Way::Qr, 3)).0, FailureKind::Conflict);
    assert!(double.asked().iter().all(|asked| asked.method == "GET"));
    assert!(matches!(bench.link("main", &Way::Qr), Ok(Offer::Pending(why)) if why.contains("was started")));
    assert!(matches!(bench.link_again("main", &Way::Qr, 1), Ok(Offer::QrImage(_))));
}

#[test]
fn openwa_sends_with_the_session_that_is_meant() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    double.asked();
    bench.send(&message(None)).unwrap();
    let sent = double.asked().pop().unwrap();
    assert_eq!(sent.path, format!("/api/sessions/{}/messages/send-text", doubles::OPENWA_SESSION));
    assert_eq!(sent.body, json!({"chatId": "628123456789@c.us", "text": "*Disk*\n90 % full"}));
    double.state().session("11111111-1111-4111-9111-111111111111", "sales", "ready");
    let (kind, told) = refused(bench.send(&message(None)));
    assert!(kind == FailureKind::Misconfigured && told.contains("2 sessions"), "{told}");
    let nobody = Message { to: "status@broadcast".into(), ..message(Some("sales")) };
    assert_eq!(refused(bench.send(&nobody)).0, FailureKind::NotFound);
    let group = Message { to: "12036302@g.us".into(), ..message(Some("sales")) };
    bench.send(&group).unwrap();
}

#[test]
fn openwa_checks_see_what_its_runbook_looks_for() {
    let double = Double::new(OpenWa::well());
    let mut bench = openwa(&double);
    double.state().database_down = true;
    let finding = bench.one("openwa.service.ready");
    assert!(finding.severity.is_none() && finding.summary.contains("dataDatabase is down"), "{finding:?}");
    assert_eq!(bench.health().unwrap().condition, Condition::Down);
    double.state().database_down = false;

    double.state().version = "0.24.0".into();
    let finding = bench.one("openwa.server.version");
    assert!(finding.severity.is_none() && finding.summary.contains("0.24.0"), "{finding:?}");
    assert!(!bench.health().unwrap().version_known);
    double.state().version = "0.23.1".into();

    assert_eq!(bench.one("openwa.host.memory").severity, Some(Severity::Info));
    bench.set("memory_max_mb", "400");
    assert_eq!(bench.one("openwa.host.memory").severity, Some(Severity::Ok));
    double.state().resident_mb = 330;
    let finding = bench.one("openwa.host.memory");
    assert!(finding.severity.is_none() && finding.summary.contains("82 %"), "{finding:?}");
    double.state().resident_mb = 395;
    assert_eq!(bench.one("openwa.host.memory").severity, Some(Severity::Error));

    assert!(matches!(bench.check("openwa.service.uptime"), Judgement::Skipped(_)));
    bench.set("metrics", "true");
    assert!(
        matches!(bench.check("openwa.service.uptime"), Judgement::Unknown(why) if why.message.contains("openwa-metrics-token"))
    );
    let token = ("openwa-metrics-token", "metrics-token-for-tests");
    let url = double.url();
    let settings = [("url", url.as_str()), ("metrics", "true")];
    let full = Bench::new("openwa", &settings, &[("openwa-key", "owa-key-for-tests"), token]);
    assert!(full.one("openwa.service.uptime").summary.contains("59 s"));

    bench.secrets.insert(Secrets::variable("openwa-key"), "wrong".into());
    let finding = bench.one("openwa.key.accepted");
    assert!(finding.severity.is_none() && finding.summary.contains("Invalid API key"), "{finding:?}");
    assert_eq!(bench.one("openwa.service.alive").severity, Some(Severity::Ok));
}

#[test]
fn openwa_webhooks_are_listed_tested_and_turned_off() {
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    double.state().webhook(doubles::OPENWA_FAILING_WEBHOOK, "http://127.0.0.1:9999/fail");
    let mut failure = doubles::Reply::recorded("openwa-0.23.1/79-delivery-failures-2").value()[0].clone();
    failure["createdAt"] = json!(ago(60_000));
    double.state().failures.push(failure);
    let (run, plugin) = (&bench.runtime, &bench.plugin);
    let hooks = bench.whole(run.block_on(plugin.webhooks(bench.powers()))).unwrap();
    assert!(hooks.len() == 2 && hooks.iter().all(|hook| hook.enabled), "{hooks:?}");
    let test = |id: &str| bench.whole(run.block_on(plugin.webhook_test(bench.powers(), id)));
    assert!(test(doubles::OPENWA_WEBHOOK).unwrap().contains("200"));
    let (kind, told) = refused(test(doubles::OPENWA_FAILING_WEBHOOK));
    assert!(kind == FailureKind::Failed && told.contains("500"), "{told}");
    assert_eq!(refused(test("nothing")).0, FailureKind::NotFound);
    let failures = bench.whole(run.block_on(plugin.webhook_failures(bench.powers()))).unwrap();
    assert!(failures[0].trouble.contains("500") && failures[0].tries == 1 && failures[0].at_ms.is_some(), "{failures:?}");
    let findings = bench.found("openwa.webhooks.delivered");
    assert!(findings.len() == 1 && findings[0].summary.contains("none succeeded after them"), "{findings:?}");
    assert_eq!(findings[0].command, ["webhook", "test", "openwa", doubles::OPENWA_FAILING_WEBHOOK]);
    bench.whole(run.block_on(plugin.webhook_disable(bench.powers(), doubles::OPENWA_FAILING_WEBHOOK))).unwrap();
    assert_eq!(double.state().webhooks[1]["active"], false);
    let findings = bench.found("openwa.webhooks.delivered");
    assert!(findings.len() == 1 && findings[0].severity == Some(Severity::Info), "{findings:?}");
    // A failure of yesterday is no news.
    double.state().webhooks[1]["active"] = json!(true);
    double.state().failures[0]["createdAt"] = json!(ago(86_400_000));
    assert_eq!(bench.one("openwa.webhooks.delivered").severity, Some(Severity::Ok));
}

#[test]
fn openwa_webhooks_are_judged_by_deliveries_and_what_is_not_counted_is_unknown() {
    const CHECK: &str = "openwa.webhooks.delivered";
    let double = Double::new(OpenWa::well());
    let bench = openwa(&double);
    double.state().webhook(doubles::OPENWA_FAILING_WEBHOOK, "http://127.0.0.1:9999/fail");
    let recorded = doubles::Reply::recorded("openwa-0.23.1/79-delivery-failures-2").value()[0].clone();
    // Thirty failures of one webhook of many: how many webhooks there are is no matter.
    for number in 0..20 {
        double.state().webhook(&format!("00000000-0000-4000-a000-{number:012}"), "http://127.0.0.1:9999/ok");
    }
    for minutes in 1..=30 {
        let mut failure = recorded.clone();
        failure["createdAt"] = json!(ago(minutes * 60_000));
        double.state().failures.push(failure);
    }
    // Its last success is older than its last failure.
    double.state().webhooks[1]["lastTriggeredAt"] = json!(ago(90_000));
    let finding = bench.one(CHECK);
    assert!(finding.severity.is_none() && finding.summary.contains("30 deliveries"), "{finding:?}");
    // It works again, and nobody knows how much it took among those thirty.
    double.state().webhooks[1]["lastTriggeredAt"] = json!(ago(30_000));
    let unknown = bench.check(CHECK);
    assert!(
        matches!(&unknown, Judgement::Unknown(why) if why.message.contains("30 deliveries") && why.message.contains("share")),
        "{unknown:?}"
    );
    // A queue counts them.
    for (queue, worried) in [((1_000, 30), false), ((950, 50), false), ((949, 51), true), ((0, 1), true)] {
        double.state().queue = Some(queue);
        let findings = bench.found(CHECK);
        assert_eq!(findings.iter().any(|finding| finding.severity.is_none()), worried, "{queue:?}: {findings:?}");
        let share = findings.iter().find(|finding| finding.severity.is_none());
        assert!(share.is_none_or(|share| share.summary.contains("deliveries that the server's queue remembers")), "{findings:?}");
    }
    // With no failure of late, what it counted is judged all the same.
    double.state().failures.clear();
    double.state().queue = Some((10, 90));
    assert!(bench.one(CHECK).summary.starts_with("10.0 % of the 100 deliveries"));
    double.state().queue = Some((0, 0));
    assert_eq!(bench.one(CHECK).severity, Some(Severity::Ok));
}

pub fn baileys(double: &Double<Baileys>) -> Bench {
    Bench::new("baileys", &[("url", &double.url())], &[])
}

#[test]
fn baileys_conforms() {
    let double = Double::new(Baileys::well());
    let bench = baileys(&double);
    conforms(Subject {
        name: "baileys",
        double,
        bench,
        session: "agent1",
        webhook: "w1",
        unsupported: vec![
            "stop",
            "restart",
            "logout",
            "pair",
            "webhooks",
            "webhook-test",
            "webhook-failures",
            "webhook-enable",
            "webhook-disable",
            "webhook-retry",
        ],
        open: &[],
        quiet: &["baileys.backup.dumps"],
    });
}

#[test]
fn baileys_is_judged_by_what_it_is_and_not_by_what_it_says_when_told_to_connect() {
    let double = Double::new(Baileys::well());
    let bench = baileys(&double);
    bench.start("agent2").unwrap();
    let session = bench.status("agent2").unwrap();
    assert_eq!(
        (session.state, session.reason.as_str(), session.told.as_str()),
        (State::Reconnecting, "connect_failure", "close")
    );
    assert!(matches!(bench.link("agent2", &Way::Qr), Ok(Offer::Pending(why)) if why.contains("close")));
    let (kind, told) = refused(bench.send(&message(Some("agent2"))));
    assert!(kind == FailureKind::Conflict && told.contains("close"), "{told}");
    double.state().sessions[1]["connection"] = json!("connecting");
    assert_eq!(bench.status("agent2").unwrap().state, State::Connecting);
    double.state().sessions[1]["qr"] = json!("2@abc,def,ghi");
    assert!(matches!(bench.link("agent2", &Way::Qr), Ok(Offer::QrText(code)) if code == "2@abc,def,ghi"));
    assert_eq!(bench.status("agent2").unwrap().state, State::AuthRequired);
    let finding = bench.one("baileys.sessions.open");
    assert_eq!(
        (finding.session.as_deref(), finding.command.as_slice()),
        (Some("agent2"), ["reauth".to_owned(), "baileys:agent2".to_owned()].as_slice())
    );
    // A session that nobody has made is made when it is to be linked, and not when it is looked at.
    assert_eq!(refused(bench.status("agent3")).0, FailureKind::NotFound);
    assert_eq!(refused(bench.link_again("agent3", &Way::Qr, 1)).0, FailureKind::NotFound);
    assert!(matches!(bench.link("agent3", &Way::Qr), Ok(Offer::Pending(_))));
    double.state().busy = true;
    assert_eq!(refused(bench.send(&message(Some("agent1")))).0, FailureKind::RateLimited);
}

#[test]
fn baileys_checks_see_flapping_pauses_and_a_queue_that_does_not_drain() {
    let double = Double::new(Baileys::well());
    let mut bench = baileys(&double);
    double.state().sessions[0]["connection"] = json!("connecting");
    let finding = bench.one("baileys.sessions.open");
    assert!(finding.severity.is_none() && finding.command == ["start", "baileys:agent1"], "{finding:?}");
    double.state().flapping = true;
    let finding = bench.one("baileys.sessions.open");
    assert!(finding.summary.contains("flapping: 4 changes in 5 looks") && finding.command.is_empty(), "{finding:?}");
    double.state().flapping = false;
    double.state().sessions[0] = json!({"sessionId": "agent1", "connection": "open", "paused": true});
    assert_eq!(bench.one("baileys.sessions.open").severity, Some(Severity::Ok));
    assert!(bench.one("baileys.outbound.paused").summary.contains("held back"));
    assert_eq!(bench.status("agent1").unwrap().reason, "operator_stopped");
    for (depth, rate, worried, word) in
        [(0, 0, false, ""), (5, 3, false, ""), (5, 0, true, "does not drain"), (101, 9, true, "101")]
    {
        double.state().queue_depth = depth;
        double.state().rate = rate;
        let finding = bench.one("baileys.outbound.queue");
        assert!(finding.severity.is_none() == worried && finding.summary.contains(word), "{finding:?}");
    }
    assert!(bench.one("baileys.backup.dumps").summary.contains("in place of a dump"));
    bench.set("backup_checked", "true");
    assert!(matches!(bench.check("baileys.backup.dumps"), Judgement::Skipped(_)));
}

const NO_WEBHOOKS: [&str; 6] =
    ["webhooks", "webhook-test", "webhook-failures", "webhook-enable", "webhook-disable", "webhook-retry"];

pub fn jarvis(double: &Double<Jarvis>) -> Bench {
    let url = double.url();
    Bench::new("jarvis", &[("url", &url), ("sidecar_url", &url)], &[("jarvis-token", "jarvis-token-for-tests")])
}

#[test]
fn jarvis_conforms() {
    let double = Double::new(Jarvis::well());
    let bench = jarvis(&double);
    conforms(Subject {
        name: "jarvis",
        double,
        bench,
        session: "main",
        webhook: "w1",
        unsupported: [&["stop", "restart"][..], &NO_WEBHOOKS[..]].concat(),
        open: &["health", "send", "sessions", "status", "start", "logout", "link", "pair"],
        quiet: &[],
    });
}

#[test]
fn jarvis_conforms_without_its_sidecar() {
    let double = Double::new(Jarvis::well());
    let mut bench = jarvis(&double);
    bench.settings.remove("sidecar_url");
    // It cannot send then, and the suite sends.
    let number = Way::PairingCode("628123456789".into());
    assert_eq!(refused(bench.send(&message(None))).0, FailureKind::Unsupported);
    assert_eq!(bench.status("main").unwrap().state, State::Ready);
    double.state().state = "qr".into();
    assert_eq!(bench.status("main").unwrap().state, State::AuthRequired);
    assert!(matches!(bench.link("main", &Way::Qr), Ok(Offer::QrImage(code)) if code.starts_with("data:image/png;base64,iVBOR")));
    assert!(matches!(bench.link("main", &number), Ok(Offer::PairingCode(code)) if code == "ABCD1234"));
    bench.start("main").unwrap();
    // The application answers 200 when its sidecar did nothing.
    double.state().status_code = 503;
    for ended in
        [bench.start("main"), bench.logout("main"), bench.status("main").map(drop), bench.link("main", &Way::Qr).map(drop)]
    {
        let (kind, told) = refused(ended);
        assert!(kind == FailureKind::Unreachable && told.contains("the sidecar answered the application 503"), "{told}");
    }
    double.state().enabled = false;
    for ended in [bench.start("main"), bench.status("main").map(drop)] {
        let (kind, told) = refused(ended);
        assert!(kind == FailureKind::Misconfigured && told.contains("EVOLUTION_API_URL"), "{told}");
    }
}

#[test]
fn jarvis_is_asked_whether_it_is_ready_only_where_that_is_wished_and_once_in_a_run() {
    let double = Double::new(Jarvis::well());
    let mut bench = jarvis(&double);
    double.state().ready = false;
    let asked = || double.asked().iter().filter(|asked| asked.path == "/readyz").count();
    bench.judge();
    bench.health().unwrap();
    assert_eq!(asked(), 0);
    bench.set("readyz", "true");
    let outcomes = bench.judge();
    assert_eq!(asked(), 1);
    let judged = outcomes.iter().find(|outcome| outcome.check == "jarvis.service.ready").unwrap();
    assert!(matches!(&judged.judgement, Judgement::Found(found) if found[0].severity.is_none()), "{judged:?}");
    bench.health().unwrap();
    bench.status("main").unwrap();
    assert_eq!(asked(), 0);
}

#[test]
fn jarvis_checks_follow_the_six_branches_of_its_tree() {
    let double = Double::new(Jarvis::well());
    let bench = jarvis(&double);
    let worried = |id: &str, words: &[&str]| {
        let finding = bench.one(id);
        let told = format!("{} {}", finding.summary, finding.remedy);
        assert!(finding.severity.is_none() && words.iter().all(|word| told.contains(word)), "{finding:?}");
        finding
    };
    // 1: the status.
    double.state().status_code = 401;
    worried("jarvis.channel.status", &["401", "EVOLUTION_API_KEY"]);
    double.state().status_code = 200;
    double.state().enabled = false;
    worried("jarvis.channel.status", &["evolution_api_disabled", "EVOLUTION_API_URL"]);
    assert!(matches!(bench.check("jarvis.inbound.callback"), Judgement::Skipped(_)));
    double.state().enabled = true;
    // 2: calls that are refused.
    double.state().last_error = "webhook call: HTTP 401".into();
    worried("jarvis.webhook.secret", &["401", "WHATSAPP_WEBHOOK_SECRET"]);
    double.state().last_error = String::new();
    assert!(matches!(bench.check("jarvis.webhook.secret"), Judgement::Skipped(_)));
    // 3: nothing comes in.
    double.state().callback["events"] = json!(["connection.update"]);
    worried("jarvis.inbound.callback", &["messages.upsert"]);
    double.state().callback["events"] = json!(["MESSAGES_UPSERT"]);
    assert_eq!(bench.one("jarvis.inbound.callback").severity, Some(Severity::Ok));
    double.state().callback["configured"] = json!(false);
    double.state().callback["error"] = json!("configure_webhook_failed");
    worried("jarvis.inbound.callback", &["configure_webhook_failed"]);
    double.state().callback["enabled"] = json!(false);
    worried("jarvis.inbound.callback", &["not enabled"]);
    // 4: senders under review.
    double.state().waiting = 3;
    worried("jarvis.inbound.senders", &["3 messages", "WHATSAPP_REVIEW_MODE"]);
    // 5: each reason leads to its setting; what is old is no news.
    double.state().degraded("media_size_exceeded", 2 * 86_400_000);
    assert_eq!(bench.one("jarvis.media.accepted").severity, Some(Severity::Ok));
    for (reason, setting) in [
        ("media_host_denied", "WHATSAPP_MEDIA_ALLOWED_HOSTS"),
        ("media_mime_denied", "WHATSAPP_MEDIA_ALLOWED_MIME_PREFIXES"),
        ("media_size_exceeded", "WHATSAPP_MEDIA_MAX_BYTES"),
        ("voice_transcription_timeout", "WHATSAPP_VOICE_TRANSCRIBE_TIMEOUT_SECONDS"),
        ("voice_transcription_backend_unavailable", "WHATSAPP_VOICE_TRANSCRIBE_BACKEND"),
        ("something_new", "not known here"),
    ] {
        double.state().events.clear();
        double.state().degraded(reason, 60_000);
        worried("jarvis.media.accepted", &[setting]);
    }
    // 6: pairing.
    double.state().state = "qr".into();
    assert_eq!(worried("jarvis.pairing.done", &["qr"]).command, ["reauth", "jarvis:main"]);
    double.state().state = "close".into();
    assert_eq!(worried("jarvis.pairing.done", &["close"]).command, ["start", "jarvis:main"]);
    let (kind, told) = refused(bench.send(&message(None)));
    assert!(kind == FailureKind::Conflict && told.contains("not connected"), "{told}");
    // A pairing code that is not there yet is waited for. The first ask starts what is closed, and asks
    // for a code anew; a later one looks before it asks.
    let number = Way::PairingCode("628123456789".into());
    let posted = || double.asked().into_iter().filter(|asked| asked.method == "POST").map(|asked| asked.path).collect::<Vec<_>>();
    posted();
    assert!(matches!(bench.link("main", &number), Ok(Offer::Pending(_))));
    assert_eq!(posted(), ["/start", "/pair"]);
    assert!(matches!(bench.link_again("main", &number, 1), Ok(Offer::Pending(_))));
    assert_eq!(posted(), ["/pair"]);
    double.state().state = "qr".into();
    assert!(matches!(bench.link_again("main", &number, 2), Ok(Offer::PairingCode(code)) if code == "ABCD1234"));
    assert_eq!(posted(), ["/pair"]);
    assert!(matches!(bench.link_again("main", &number, 3), Ok(Offer::PairingCode(code)) if code == "ABCD1234"));
    assert!(posted().is_empty());
    assert!(matches!(bench.link("main", &Way::Qr), Ok(Offer::QrImage(_))));
    assert_eq!(refused(bench.status("other")).0, FailureKind::NotFound);
    // Without its sidecar the application is well, and the session is not.
    let mut alone = jarvis(&double);
    alone.set("sidecar_url", "http://127.0.0.1:1");
    let finding = alone.one("jarvis.pairing.done");
    assert!(finding.severity.is_none() && finding.summary.contains("provider_unavailable"), "{finding:?}");
    assert_eq!(alone.one("jarvis.service.alive").severity, Some(Severity::Ok));
}

pub fn connector(double: &Double<Connector>) -> Bench {
    Bench::new("connector", &[("url", &double.url())], &[("connector-token", "connector-token-for-tests")])
}

#[test]
fn connector_conforms() {
    let double = Double::new(Connector::well());
    let bench = connector(&double);
    conforms(Subject {
        name: "connector",
        double,
        bench,
        session: "wa_1",
        webhook: "w1",
        unsupported: [&["start", "stop", "restart", "logout", "pair"][..], &NO_WEBHOOKS[..]].concat(),
        open: &["health", "sessions", "status", "link", "judge"],
        quiet: &[],
    });
}

#[test]
fn connector_is_judged_by_healthy_and_not_by_ok() {
    let double = Double::new(Connector::well());
    let mut bench = connector(&double);
    let set = |pointer: &str, value: serde_json::Value| *double.state().health.pointer_mut(pointer).unwrap() = value;
    let worried = |bench: &Bench, id: &str, words: &str| {
        let finding = bench.one(id);
        assert!(finding.severity.is_none_or(|severity| !calm(severity)) && finding.summary.contains(words), "{finding:?}");
        finding
    };
    set("/healthy", json!(false));
    worried(&bench, "connector.service.healthy", "not healthy");
    assert_eq!(bench.health().unwrap().condition, Condition::Degraded);
    assert_eq!(bench.one("connector.service.alive").severity, Some(Severity::Ok));
    set("/healthy", json!(true));

    set("/accounts/0/heartbeatAgeSec", json!(61));
    let finding = worried(&bench, "connector.accounts.heartbeat", "61 s ago");
    assert_eq!(finding.session.as_deref(), Some("wa_1"));
    assert_eq!(bench.status("wa_1").unwrap().reason, "keepalive_timeout");
    set("/accounts/0/heartbeatAgeSec", json!(60));
    assert_eq!(bench.one("connector.accounts.heartbeat").severity, Some(Severity::Ok));
    set("/accounts/0/eventAgeSec", json!(601));
    assert_eq!(bench.one("connector.accounts.heartbeat").severity, Some(Severity::Warning));

    set("/accounts/0/reconnectsPerHour", json!(11));
    worried(&bench, "connector.accounts.reconnects", "11 times");
    set("/outboxBacklog", json!(101));
    set("/accounts/0/outboxBacklogCount", json!(101));
    worried(&bench, "connector.outbox.backlog", "101 messages wait to be sent, 101 of them for wa_1");
    set("/ingestLagSec", json!(121));
    worried(&bench, "connector.ingest.lag", "2 min");

    set("/leases/0/ownerInstanceId", json!("inst_2"));
    assert_eq!(worried(&bench, "connector.accounts.leases", "used twice").severity, Some(Severity::Critical));
    set("/leases/0/ownerInstanceId", json!("inst_1"));
    set("/leases/0/leaseUntil", json!({"_seconds": 1_700_000_000, "_nanoseconds": 0}));
    worried(&bench, "connector.accounts.leases", "ran out");
    set("/leases", json!([]));
    worried(&bench, "connector.accounts.leases", "nobody has its lease");

    assert!(matches!(bench.check("connector.volume.persistent"), Judgement::Skipped(_)));
    set("/uptimeSec", json!(60));
    assert_eq!(bench.one("connector.volume.persistent").severity, Some(Severity::Ok));
    set("/accounts/0/status", json!("needs_qr"));
    worried(&bench, "connector.volume.persistent", "wa_1");
    assert_eq!(worried(&bench, "connector.accounts.connected", "needs_qr").command, ["reauth", "connector:wa_1"]);

    bench.set("versions", "0.2.0, 0.3.0");
    worried(&bench, "connector.server.version", "0.1.0");
    bench.set("versions", "0.1.0");
    assert_eq!(bench.one("connector.server.version").severity, Some(Severity::Ok));

    assert_eq!(bench.one("connector.environment.seen").severity, Some(Severity::Ok));
    set("/thresholds/outboxBacklogWarn", json!(0));
    let finding = worried(&bench, "connector.environment.seen", "outboxBacklogWarn is 0");
    assert!(finding.remedy.contains("OUTBOX_BACKLOG_WARN"), "{finding:?}");
    double.state().health["thresholds"].as_object_mut().unwrap().remove("outboxBacklogWarn");
    worried(&bench, "connector.environment.seen", "tells no threshold outboxBacklogWarn");
    double.state().firestore_down = true;
    let finding = worried(&bench, "connector.environment.seen", "cannot read Firestore");
    assert!(finding.remedy.contains("FIREBASE_SERVICE_ACCOUNT_JSON"), "{finding:?}");
    double.state().firestore_down = false;

    // What is read of an address is looked for in its answer, too.
    double.state().health["accounts"][0].as_object_mut().unwrap().remove("lastSeenAt");
    let findings = bench.found("connector.runbook.endpoints");
    assert!(findings[0].severity.is_none() && findings[0].summary.contains("does not tell lastSeenAt"), "{findings:?}");
    double.state().health = json!(null);
    worried(&bench, "connector.runbook.endpoints", "no /health");
}

#[test]
fn connector_makes_a_new_code_only_where_nothing_can_be_lost() {
    let double = Double::new(Connector::well());
    let bench = connector(&double);
    let become_ = |status: &str| double.state().health["accounts"][0]["status"] = json!(status);
    let posted = || double.asked().iter().filter(|asked| asked.method == "POST").count();
    become_("needs_qr");
    assert!(matches!(bench.link_again("wa_1", &Way::Qr, 1), Ok(Offer::Pending(_))));
    assert_eq!(posted(), 0);
    for (status, posts) in
        [("connected", 0), ("connecting", 0), ("qr_ready", 0), ("disconnected", 0), ("error", 0), ("needs_qr", 1)]
    {
        become_(status);
        let offer = bench.link("wa_1", &Way::Qr);
        assert_eq!(posted(), posts, "{status}");
        match status {
            "connected" => assert!(matches!(offer, Ok(Offer::Linked))),
            "disconnected" | "error" => assert_eq!(refused(offer).0, FailureKind::Conflict),
            _ => assert!(matches!(offer, Ok(Offer::Pending(where_)) if where_.contains("qrCodeDataUrl")), "{status}"),
        }
    }
    // Asked again, it is qr_ready and nothing is wiped.
    assert!(matches!(bench.link("wa_1", &Way::Qr), Ok(Offer::Pending(_))));
    assert_eq!(posted(), 0);
}

#[test]
fn connector_tells_why_a_message_was_not_taken() {
    let double = Double::new(Connector::well());
    let bench = connector(&double);
    let receipt = bench.send(&message(Some("wa_1"))).unwrap();
    assert!(receipt.id.as_deref() == Some("cmd_1") && receipt.queued, "{receipt:?}");
    let sent = double.asked().pop().unwrap().body;
    assert_eq!((&sent["threadId"], &sent["clientMessageId"]), (&json!("wa_1_628123456789@s.whatsapp.net"), &json!("disk-1")));
    for (status, body, kind, words) in [
        (403, json!({"ok": false, "error": "not_thread_writer"}), FailureKind::Denied, "owns the thread"),
        (403, json!({"ok": false, "error": "thread_locked"}), FailureKind::Conflict, "unlock"),
        (429, json!({"ok": false, "error": "rate_limited_user", "retryAfterSec": 9}), FailureKind::RateLimited, "after 9 s"),
        (429, json!({"ok": false, "error": "cooldown", "retryAfterSec": 300}), FailureKind::RateLimited, "after 300 s"),
        (200, json!({"ok": false, "error": "firestore is down"}), FailureKind::Failed, "firestore is down"),
        (200, json!({"ok": true}), FailureKind::InvalidAnswer, "no commandId"),
    ] {
        double.state().refusal = Some((status, body));
        let (seen, told) = refused(bench.send(&message(None)));
        assert!(seen == kind && told.contains(words), "{seen:?}: {told}");
    }
}
