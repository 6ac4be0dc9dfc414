//! What breaks the way to servers.

use super::*;
use crate::facts::network::{CertificateProblem, ClockLook, Failure, NetworkFacts, PlainAnswer, ProxyLook, ServerLook, Stage};
use crate::whatsapp::fault::Fault;

fn passed() -> Stage {
    Stage::Passed { took_ms: 12 }
}

fn failure(class: Fault) -> Stage {
    Stage::Failed(Failure { class, detail: "as if".into(), certificate: None })
}

fn distrusted(problem: CertificateProblem) -> Stage {
    Stage::Failed(Failure { class: Fault::ProviderUnavailable, detail: "as if".into(), certificate: Some(problem) })
}

fn not_reached() -> Stage {
    Stage::NotReached { reason: "the stage before it failed".into() }
}

fn server(name: &str, host: &str) -> ServerLook {
    ServerLook {
        name: name.into(),
        host: host.into(),
        port: 443,
        resolved: passed(),
        connected: passed(),
        secured: passed(),
        certificate_ends_ms: None,
        clock: Some(ClockLook { server_ms: NOW_MS, here_ms: NOW_MS + 700 }),
    }
}

/// A network on which every server is reached.
pub(super) fn whole() -> NetworkFacts {
    NetworkFacts {
        endpoint: Probed::Known(server("WhatsApp", "web.whatsapp.com")),
        plain: Probed::NotApplicable("TLS was not found wanting".into()),
        proxies: Probed::Known(Vec::new()),
        servers: Probed::Known(vec![server("plugin.openwa.url", "gateway.example")]),
    }
}

fn endpoint(facts: &mut Facts) -> &mut ServerLook {
    match &mut facts.host.network.endpoint {
        Probed::Known(look) => look,
        other => panic!("{other:?}"),
    }
}

fn gateway(facts: &mut Facts) -> &mut ServerLook {
    match &mut facts.host.network.servers {
        Probed::Known(servers) => &mut servers[0],
        other => panic!("{other:?}"),
    }
}

fn portal(facts: &mut Facts) {
    endpoint(facts).secured = distrusted(CertificateProblem::OtherName);
    facts.host.network.plain = Probed::Known(PlainAnswer { status: Some(302), sent_on_to: Some("portal.example".into()) });
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "no name server",
        facts: stopped,
        breaks: |facts| {
            let look = endpoint(facts);
            (look.resolved, look.connected, look.secured) = (failure(Fault::DnsResolution), not_reached(), not_reached());
        },
        finds: &[("wpp.network.name", Error)],
    },
    Case {
        what: "no name server, on a host where nothing is set up yet",
        facts: stopped,
        breaks: |facts| {
            facts.sessions.clear();
            let look = endpoint(facts);
            (look.resolved, look.connected, look.secured) = (failure(Fault::DnsResolution), not_reached(), not_reached());
        },
        finds: &[("wpp.network.name", Warning)],
    },
    Case {
        what: "a firewall that swallows connections",
        facts: stopped,
        breaks: |facts| {
            let look = endpoint(facts);
            (look.connected, look.secured, look.clock) = (failure(Fault::Timeout), not_reached(), None);
            facts.host.network.plain = Probed::Known(PlainAnswer { status: None, sent_on_to: None });
        },
        finds: &[("wpp.network.connection", Error)],
    },
    Case {
        what: "a portal that wants a login",
        facts: stopped,
        breaks: portal,
        finds: &[("wpp.network.tls", Error), ("wpp.network.portal", Error)],
    },
    Case {
        what: "a firewall that looks into connections",
        facts: stopped,
        breaks: |facts| {
            endpoint(facts).secured = distrusted(CertificateProblem::UnknownIssuer);
            facts.host.network.plain =
                Probed::Known(PlainAnswer { status: Some(301), sent_on_to: Some("web.whatsapp.com".into()) });
        },
        finds: &[("wpp.network.tls", Error)],
    },
    Case {
        what: "a certificate that is over",
        facts: stopped,
        breaks: |facts| {
            endpoint(facts).secured = distrusted(CertificateProblem::Expired);
            facts.host.network.plain = Probed::Known(PlainAnswer { status: None, sent_on_to: None });
        },
        finds: &[("wpp.network.tls", Error), ("wpp.network.certificate", Error)],
    },
    Case {
        what: "a certificate that ends soon",
        facts: stopped,
        breaks: |facts| endpoint(facts).certificate_ends_ms = Some(NOW_MS + 3 * DAY_MS),
        finds: &[("wpp.network.certificate", Warning)],
    },
    Case {
        what: "a clock that is an hour ahead",
        facts: stopped,
        breaks: |facts| endpoint(facts).clock = Some(ClockLook { server_ms: NOW_MS, here_ms: NOW_MS + 60 * MINUTE_MS }),
        finds: &[("wpp.network.clock-skew", Warning)],
    },
    Case {
        what: "a clock that is behind the server's, seen by what a READY session receives",
        facts: super::whole,
        breaks: |facts| {
            if let Probed::Known(MessagesFacts { traffic: Some(traffic), .. }) = &mut facts.sessions[0].messages {
                traffic.least_delay_ms = Some(-90_000);
            }
        },
        finds: &[("wpp.network.clock-skew", Warning)],
    },
    Case {
        what: "a proxy that is gone",
        facts: stopped,
        breaks: |facts| {
            let connected = failure(Fault::ProviderUnavailable);
            let gone = ProxyLook { variable: "HTTPS_PROXY".into(), address: "proxy.example:3128".into(), connected };
            facts.host.network.proxies = Probed::Known(vec![gone]);
        },
        finds: &[("wpp.network.proxy", Warning)],
    },
    Case {
        what: "a gateway that does not listen",
        facts: stopped,
        breaks: |facts| {
            let look = gateway(facts);
            (look.connected, look.secured) = (failure(Fault::ProviderUnavailable), not_reached());
        },
        finds: &[("wpp.network.servers", Warning)],
    },
    Case {
        what: "a gateway whose certificate is nobody's",
        facts: stopped,
        breaks: |facts| gateway(facts).secured = distrusted(CertificateProblem::UnknownIssuer),
        finds: &[("wpp.network.server-certificates", Error)],
    },
    Case {
        what: "a gateway whose certificate ends soon",
        facts: stopped,
        breaks: |facts| gateway(facts).certificate_ends_ms = Some(NOW_MS + DAY_MS),
        finds: &[("wpp.network.server-certificates", Warning)],
    },
];

#[test]
fn a_failure_of_the_network_has_a_class() {
    let mut facts = stopped();
    portal(&mut facts);
    let examination = examine(&facts, &Selection::of(&["wpp.network".to_owned()]));
    for finding in examination.findings.iter().filter(|finding| finding.severity >= Error) {
        assert_eq!(finding.class.as_deref(), Some("provider_unavailable"), "{finding:?}");
    }
    let skipped: Vec<_> = examination.skipped.iter().map(|skipped| skipped.id.as_ref()).collect();
    assert_eq!(skipped, ["wpp.network.clock-skew"], "a server that is not itself is not asked for its time");
}

#[test]
fn a_ready_daemon_is_evidence_enough_and_offline_nothing_is_asked() {
    let ids = ["wpp.network.name", "wpp.network.connection", "wpp.network.tls", "wpp.network.portal", "wpp.network.certificate"];
    let judge = |facts: &Facts| examine(facts, &Selection::of(&ids.map(str::to_owned)));
    let mut facts = super::whole();
    facts.host.network = NetworkFacts::not_looked_at("the daemon of main is READY");
    let examination = judge(&facts);
    assert!(examination.findings.iter().all(|finding| finding.severity == Severity::Ok), "{:?}", examination.findings);
    // That it is connected says neither where the name leads now nor how long the certificate lasts.
    let skipped: Vec<_> = examination.skipped.iter().map(|skipped| skipped.id.as_ref()).collect();
    assert_eq!((examination.findings.len(), skipped), (3, vec!["wpp.network.name", "wpp.network.certificate"]));
    facts.host.opened = Ok(HomeKind::Sandbox);
    assert!(judge(&facts).skipped.iter().any(|skipped| skipped.id == "wpp.network.tls"), "a simulator speaks no TLS");
    let mut facts = stopped();
    facts.host.network = NetworkFacts::not_looked_at("nothing beyond this machine was to be looked at");
    let examination = judge(&facts);
    assert_eq!((examination.findings.len(), examination.skipped.len()), (0, 5));
}

#[test]
fn a_proxy_that_works_and_a_sandbox_are_no_faults() {
    let mut facts = stopped();
    let proxy = ProxyLook { variable: "HTTPS_PROXY".into(), address: "proxy.example:3128".into(), connected: passed() };
    facts.host.network.proxies = Probed::Known(vec![proxy]);
    assert_eq!(bad(&facts), []);
    let look = endpoint(&mut facts);
    look.secured = Stage::NotReached { reason: "TLS is not spoken there".into() };
    look.clock = None;
    gateway(&mut facts).resolved = not_reached();
    (gateway(&mut facts).connected, gateway(&mut facts).secured) = (not_reached(), not_reached());
    assert_eq!(bad(&facts), []);
}
