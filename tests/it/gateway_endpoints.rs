//! The checks `runbook.endpoints` of the gateways' plugins: they look for every address that a runbook, the
//! source of one or the plugin itself asks of the server, they see one that is taken away, and they act on
//! nothing.

use std::collections::BTreeSet;
use std::path::Path;

use wpp::plugin::host::words::checks::{Finding, Judgement};
use wpp::plugin::host::words::types::Severity;
use wpp::runbook::endpoints::{self, Server};
use wpp::runbook::lint::addressed;
use wpp::runbook::parse::Runbook;

use crate::doubles::{self, Baileys, Behaviour, Connector, Double, Jarvis, OpenWa};
use crate::gateways::{self, Bench};

/// Methods and paths.
type Addresses = BTreeSet<(String, String)>;

fn address((method, path): (&str, &str)) -> (String, String) {
    (method.to_owned(), path.to_owned())
}

/// What the runbooks for a server ask of it, in their blocks and in their sentences.
fn of_runbooks(server: &Server) -> Addresses {
    let mut all = Addresses::new();
    for folder in ["runbooks", "runbooks/drills"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let (runbook, _) = Runbook::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
            if runbook.front.applies_to == server.name {
                let asked = addressed(&runbook, server).into_iter();
                all.extend(asked.map(|asked| {
                    let named = server.named(&asked.method, &asked.path);
                    address(named.unwrap_or_else(|| panic!("{}: {asked:?} is not known", path.display())))
                }));
                all.extend(in_sentences(server, &runbook.text));
            }
        }
    }
    all
}

/// `GET /api/sessions/UUID/qr` and `/api/health` in a sentence.
fn in_sentences(server: &Server, text: &str) -> Addresses {
    let mut all = Addresses::new();
    let mut block = false;
    for line in text.lines() {
        block ^= line.trim_start().starts_with("```");
        if block {
            continue;
        }
        for words in line.split('`').skip(1).step_by(2) {
            let words: Vec<&str> = words.split(' ').collect();
            match words.as_slice() {
                [path] if path.starts_with('/') => all.extend(server.named("GET", path).map(address)),
                [method, path] if method.bytes().all(|byte| byte.is_ascii_uppercase()) && path.starts_with('/') => {
                    let named = server.named(method, path).unwrap_or_else(|| panic!("{line}: that is not known"));
                    all.insert(address(named));
                }
                _ => {}
            }
        }
    }
    all
}

/// What the plugin asks of its server since the last time.
fn asked<B: Behaviour>(server: &Server, double: &Double<B>) -> Addresses {
    let named = |asked: &doubles::Asked| {
        address(server.named(&asked.method, &asked.path).unwrap_or_else(|| panic!("{} is not known", asked.line())))
    };
    double.asked().iter().map(named).collect()
}

/// All that the plugin does but the one check, with the server as it is.
fn does_all(bench: &Bench, session: &str, webhook: &str) {
    bench.methods(session, webhook);
    for check in bench.checks().iter().filter(|check| !check.id.ends_with(".runbook.endpoints")) {
        bench.check(&check.id);
    }
}

fn found(bench: &Bench, plugin: &str) -> Vec<Finding> {
    bench.found(&format!("{plugin}.runbook.endpoints"))
}

/// What the check looks for.
fn covered(bench: &Bench, server: &Server) -> Addresses {
    let mut all = Addresses::new();
    for finding in found(bench, server.name) {
        for evidence in finding.evidence {
            let (method, path) = evidence.subject.split_once(' ').unwrap();
            let new = all.insert(address((method, path)));
            assert!(new && !evidence.observed.is_empty(), "{evidence:?}");
        }
    }
    all
}

fn same(server: &Server, covered: &Addresses, wanted: &Addresses) {
    let missing: Vec<_> = wanted.difference(covered).collect();
    assert!(missing.is_empty(), "the check of {} does not look for {missing:?}", server.name);
    let needless: Vec<_> = covered.difference(wanted).collect();
    assert!(needless.is_empty(), "nobody asks {} for {needless:?}", server.name);
}

/// The addresses in one kind of findings.
fn named(findings: &[Finding], severity: Option<Severity>, words: &str) -> Vec<String> {
    let of = findings.iter().filter(|finding| finding.severity == severity && finding.summary.contains(words));
    of.flat_map(|finding| &finding.evidence).map(|evidence| evidence.subject.clone()).collect()
}

fn gone(findings: &[Finding]) -> Vec<String> {
    named(findings, None, "do not exist")
}

fn unseen(findings: &[Finding]) -> Vec<String> {
    named(findings, Some(Severity::Info), "cannot be seen without acting")
}

fn there(findings: &[Finding]) -> Vec<String> {
    named(findings, Some(Severity::Ok), "exist")
}

// No check does anything, and those that cost or count are not asked at all.
fn harmless<B: Behaviour>(double: &Double<B>) {
    for asked in double.asked() {
        assert!(["GET", "HEAD"].contains(&asked.method.as_str()), "{asked:?}");
        let odd = ["/readyz", "/api/infra/export-data", "/api/v1/channels/whatsapp/qrcode"];
        assert!(!odd.contains(&asked.path.as_str()), "{asked:?}");
    }
}

#[test]
fn every_address_that_openwa_is_asked_for_is_looked_for() {
    let server = endpoints::of("openwa").unwrap();
    let mut wanted = of_runbooks(server);
    let url_and_key = [("openwa-key", "owa-key-for-tests"), ("openwa-metrics-token", "metrics-token-for-tests")];
    for status in ["ready", "qr_ready", "disconnected"] {
        let double = Double::new(OpenWa::well());
        let bench = Bench::new("openwa", &[("url", &double.url()), ("metrics", "true")], &url_and_key);
        double.state().sessions[0]["status"] = status.into();
        // It is looked at until it has stopped.
        double.state().looks_until_stopped = 2;
        does_all(&bench, "main", doubles::OPENWA_WEBHOOK);
        wanted.extend(asked(server, &double));
    }
    // What its own runbooks name and it has not.
    wanted.extend(server.instead.iter().map(|(method, path, _)| address((method, path))));
    // Its runbooks list the webhooks of one session.
    wanted.insert(address(("GET", "/api/sessions/*/webhooks")));
    let double = Double::new(OpenWa::well());
    let bench = gateways::openwa(&double);
    same(server, &covered(&bench, server), &wanted);
    harmless(&double);
}

#[test]
fn every_address_that_jarvis_is_asked_for_is_looked_for() {
    let server = endpoints::of("jarvis").unwrap();
    let mut wanted = of_runbooks(server);
    for state in ["open", "qr", "close"] {
        for sidecar in [true, false] {
            let double = Double::new(Jarvis::well());
            let mut bench = gateways::jarvis(&double);
            bench.set("readyz", "true");
            if !sidecar {
                bench.settings.remove("sidecar_url");
            }
            double.state().state = state.into();
            does_all(&bench, "main", "w1");
            wanted.extend(asked(server, &double));
        }
    }
    // Its own runbook has secrets rotated by a look at whether one can still log in.
    wanted.insert(address(("POST", "/api/v1/auth/login")));
    let double = Double::new(Jarvis::well());
    let bench = gateways::jarvis(&double);
    same(server, &covered(&bench, server), &wanted);
    harmless(&double);
}

#[test]
fn every_address_that_the_connector_and_the_baileys_service_are_asked_for_is_looked_for() {
    let server = endpoints::of("connector").unwrap();
    let mut wanted = of_runbooks(server);
    for status in ["connected", "needs_qr"] {
        let double = Double::new(Connector::well());
        double.state().health["accounts"][0]["status"] = status.into();
        does_all(&gateways::connector(&double), "wa_1", "w1");
        wanted.extend(asked(server, &double));
    }
    let double = Double::new(Connector::well());
    same(server, &covered(&gateways::connector(&double), server), &wanted);
    harmless(&double);

    let server = endpoints::of("baileys").unwrap();
    let mut wanted = of_runbooks(server);
    let double = Double::new(Baileys::well());
    does_all(&gateways::baileys(&double), "agent1", "w1");
    wanted.extend(asked(server, &double));
    same(server, &covered(&gateways::baileys(&double), server), &wanted);
}

#[test]
fn an_address_that_openwa_has_not_is_seen_and_what_its_version_was_not_recorded_with_is_said_to_be_unseen() {
    let double = Double::new(OpenWa::well());
    let bench = gateways::openwa(&double);
    let well = found(&bench, "openwa");
    assert!(gone(&well).is_empty() && unseen(&well).is_empty(), "{well:?}");
    let known = named(&well, Some(Severity::Info), "own runbooks do not exist");
    assert_eq!(known.len(), endpoints::of("openwa").unwrap().instead.len(), "{known:?}");
    let remedy = &well.iter().find(|finding| finding.summary.contains("own runbooks")).unwrap().remedy;
    assert!(remedy.contains("POST /api/sessions/*/restart: `wpp restart`"), "{remedy}");
    for (method, path) in [
        ("GET", "/api/stats/overview"),
        ("GET", "/api/infra/engines/current"),
        ("GET", "/api/sessions/*/webhooks/*"),
        ("POST", "/api/sessions/*/start"),
        ("POST", "/api/sessions/*/webhooks/*/test"),
    ] {
        let double = Double::new(OpenWa::well());
        double.state().routes.lose(method, path);
        let findings = found(&gateways::openwa(&double), "openwa");
        assert_eq!(gone(&findings), [format!("{method} {path}")]);
        assert!(there(&findings).is_empty() && !findings[0].remedy.is_empty(), "{findings:?}");
        harmless(&double);
    }

    // Another version: what can be looked for is, and nothing is claimed of the rest.
    double.state().version = "0.24.0".into();
    let findings = found(&bench, "openwa");
    let not_seen = unseen(&findings);
    for name in ["PUT /api/sessions/*/webhooks/*", "GET /api/infra/export-data", "POST /api/cache/clear", "GET /api/metrics"] {
        assert!(not_seen.contains(&name.to_owned()) && !there(&findings).contains(&name.to_owned()), "{name}: {not_seen:?}");
    }
    assert!(there(&findings).contains(&"POST /api/sessions/*/stop".to_owned()), "{findings:?}");
    let known = named(&findings, Some(Severity::Info), "own runbooks do not exist");
    assert!(known.contains(&"POST /api/sessions/*/restart".to_owned()), "{known:?}");
    assert!(!known.contains(&"PATCH /api/sessions/*/webhooks/*".to_owned()), "{known:?}");
    // Where every name that cannot be decoded is refused, a refusal says nothing of a path.
    double.state().routes.strict = true;
    let findings = found(&bench, "openwa");
    for list in [there(&findings), gone(&findings)] {
        assert!(list.iter().all(|name| name.starts_with("GET ")), "{list:?}");
    }
    assert!(unseen(&findings).contains(&"POST /api/sessions/*/stop".to_owned()), "{findings:?}");
}

#[test]
fn an_address_that_jarvis_has_not_is_seen_with_its_list_and_without_it() {
    let acts = |name: &String| !name.starts_with("GET ");
    for listed in [true, false] {
        let double = Double::new(Jarvis::well());
        double.state().routes.listed = listed;
        let findings = found(&gateways::jarvis(&double), "jarvis");
        assert!(gone(&findings).is_empty(), "{findings:?}");
        let not_seen = unseen(&findings);
        for name in ["POST /start", "POST /pair", "POST /disconnect", "POST /sendText"] {
            assert!(not_seen.contains(&name.to_owned()), "{not_seen:?}");
        }
        // What is behind the path of another one, or must not be asked, only the list tells.
        for name in ["POST /api/v1/bugs", "GET /readyz", "GET /api/v1/channels/whatsapp/qrcode", "OPTIONS /api/v1/auth/me"] {
            assert_eq!(there(&findings).contains(&name.to_owned()), listed, "{name}: {findings:?}");
            assert_eq!(not_seen.contains(&name.to_owned()), !listed, "{name}: {findings:?}");
        }
        assert!(there(&findings).iter().filter(|name| acts(name)).count() >= 10, "{findings:?}");
        for (method, path) in [
            ("GET", "/api/v1/threads"),
            ("GET", "/api/v1/memory/state/graph/*"),
            ("GET", "/api/v1/selfupdate/patches/*/checks"),
            ("POST", "/api/v1/system/lockdown"),
            ("POST", "/api/v1/selfupdate/patches/*/approve"),
            ("DELETE", "/api/v1/bugs/*"),
            ("PATCH", "/api/v1/schedules/*"),
        ] {
            let double = Double::new(Jarvis::well());
            double.state().routes.listed = listed;
            double.state().routes.lose(method, path);
            let findings = found(&gateways::jarvis(&double), "jarvis");
            assert_eq!(gone(&findings), [format!("{method} {path}")], "{findings:?}");
            harmless(&double);
        }
        let double = Double::new(Jarvis::well());
        double.state().routes.listed = listed;
        double.state().routes.lose("POST", "/api/v1/bugs");
        double.state().sidecar_routes.lose("GET", "/qr");
        let findings = found(&gateways::jarvis(&double), "jarvis");
        assert_eq!(gone(&findings), ["GET /qr"]);
        assert!(unseen(&findings).contains(&"POST /api/v1/bugs".to_owned()), "{findings:?}");
    }
    // Without its address nothing is said of the sidecar.
    let double = Double::new(Jarvis::well());
    let mut bench = gateways::jarvis(&double);
    bench.settings.remove("sidecar_url");
    assert!(unseen(&found(&bench, "jarvis")).contains(&"GET /status".to_owned()));
}

#[test]
fn an_address_that_the_connector_or_the_baileys_service_has_not_is_seen() {
    for (method, path) in
        [("GET", "/metrics"), ("GET", "/sessions/*"), ("POST", "/sessions/*/connect"), ("POST", "/sessions/*/messages")]
    {
        let double = Double::new(Baileys::well());
        let well = found(&gateways::baileys(&double), "baileys");
        assert!(well.len() == 1 && there(&well).len() == 5, "{well:?}");
        double.state().routes.lose(method, path);
        assert_eq!(gone(&found(&gateways::baileys(&double), "baileys")), [format!("{method} {path}")]);
        assert_eq!(double.state().sessions.len(), 1, "a session was made");
        harmless(&double);
    }
    for (method, path) in
        [("POST", "/api/accounts/*/regenerate-qr"), ("POST", "/api/threads/*/transfer-owner"), ("DELETE", "/api/accounts/*")]
    {
        let double = Double::new(Connector::well());
        let bench = gateways::connector(&double);
        let well = found(&bench, "connector");
        assert_eq!(unseen(&well), ["POST /api/accounts", "POST /api/send"]);
        assert!(gone(&well).is_empty() && there(&well).len() == 4, "{well:?}");
        double.state().routes.lose(method, path);
        assert_eq!(gone(&found(&bench, "connector")), [format!("{method} {path}")]);
        harmless(&double);
    }
    let double = Double::new(Connector::well());
    let mut bench = gateways::connector(&double);
    double.state().health = serde_json::json!(null);
    let findings = found(&bench, "connector");
    assert!(findings[0].severity.is_none() && findings[0].summary.contains("no /health"), "{findings:?}");
    // Without a token that is accepted it refuses before it looks.
    let double = Double::new(Connector::well());
    bench.set("url", &double.url());
    bench.secrets.clear();
    let findings = found(&bench, "connector");
    assert!(there(&findings) == ["GET /health"] && unseen(&findings).len() == 5, "{findings:?}");
    harmless(&double);
}

#[test]
fn a_server_that_breaks_down_on_the_way_is_not_said_to_have_anything() {
    let double = Double::new(OpenWa::well());
    let bench = gateways::openwa(&double);
    double.fault(doubles::Fault::Busy);
    assert!(matches!(bench.check("openwa.runbook.endpoints"), Judgement::Unknown(why) if why.hint.contains("17 s")));
}
