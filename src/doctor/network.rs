//! Judges of the way to servers. The class of a failure is the probe's, decided from the failure itself.
//!
//! A daemon that is READY talks to WhatsApp at this moment: nothing else is asked then, and name,
//! connection and TLS are well by that evidence.

use super::times::span;
use super::{Judged, LEFT_OUT, Said, Stop, known};
use crate::clock;
use crate::facts::network::{CertificateProblem, Failure, ServerLook, Stage};
use crate::facts::{Facts, Probed};
use crate::home::HomeKind;
use crate::report::{Severity, count};
use crate::session::state::State;

/// Clocks that are kept differ by less; the server tells whole seconds, and its answer takes a while.
const CLOCK_SKEW_MS_MAX: i64 = 60_000;
/// What mends a wrong clock, and the command.
const SET_CLOCK: (&str, &str) = ("set the clock, and have it kept by NTP", "timedatectl set-ntp true");

/// The session whose daemon talks to WhatsApp now.
fn ready(facts: &Facts) -> Option<&str> {
    let is_ready = |state: State| state == State::Ready;
    facts
        .sessions
        .iter()
        .find(|session| session.status().is_some_and(|status| is_ready(status.state)))
        .map(|session| session.name.as_str())
}

/// What was seen of the endpoint; an `Ok` judgement where a daemon's own state says it all.
fn endpoint(facts: &Facts) -> Result<Result<&ServerLook, Said>, Stop> {
    match (&facts.host.network.endpoint, ready(facts)) {
        (Probed::NotApplicable(_), Some(session)) => Ok(Err(Said::ok(format!("the daemon of {session} is READY")))),
        (endpoint, _) => known(endpoint, "the way to WhatsApp").map(Ok),
    }
}

/// The same where a daemon's state says nothing of the matter, which nobody asked the server about then.
fn asked<'a>(facts: &'a Facts, of: &str) -> Result<&'a ServerLook, Stop> {
    if let Probed::NotApplicable(reason) = &facts.host.network.endpoint
        && reason.starts_with(LEFT_OUT)
    {
        return Err(Stop::Skipped(reason.clone()));
    }
    endpoint(facts)?
        .map_err(|_| Stop::Skipped(format!("a daemon is READY, so the server was not asked, and that does not say {of}")))
}

/// A finding of a stage of the endpoint's way that failed.
fn failed(facts: &Facts, failure: &Failure, summary: String, expected: &str) -> Said {
    // Nobody is cut off where there is no session yet.
    let severity = if facts.sessions.is_empty() { Severity::Warning } else { Severity::Error };
    Said::bad(summary).severity(severity).class(failure.class).seen(failure.class.name(), expected, failure.detail.clone())
}

/// The server's name leads to an address.
pub fn name(facts: &Facts) -> Judged {
    let look = asked(facts, "where the server's name leads now, which matters at the next connection")?;
    Ok(vec![match &look.resolved {
        Stage::Passed { took_ms } => Said::ok(format!("{} has an address, told within {took_ms} ms", look.host)),
        Stage::NotReached { reason } => return Err(Stop::Skipped(reason.clone())),
        Stage::Failed(failure) => {
            failed(facts, failure, format!("the name {} leads nowhere", look.host), "an address outside this host").by_hand(
                "see which name servers this machine asks, and what the hosts file says",
                format!("getent ahosts {}; cat /etc/resolv.conf", look.host),
            )
        }
    }])
}

/// The server takes connections.
pub fn connection(facts: &Facts) -> Judged {
    let look = match endpoint(facts)? {
        Ok(look) => look,
        Err(said) => return Ok(vec![said]),
    };
    let place = format!("{} at port {}", look.host, look.port);
    Ok(vec![match &look.connected {
        Stage::Passed { took_ms } => Said::ok(format!("{place} takes connections, within {took_ms} ms")),
        Stage::NotReached { reason } => return Err(Stop::Skipped(reason.clone())),
        Stage::Failed(failure) => {
            let mut said = failed(facts, failure, format!("{place} takes no connection"), "a connection within 3 s");
            if let Probed::Known(proxies) = &facts.host.network.proxies
                && let Some(proxy) = proxies.first()
            {
                said = said.seen(proxy.variable.clone(), "not needed: sessions connect directly", proxy.address.clone());
            }
            said.by_hand(
                "let this host connect there directly: look at its routes and its firewall",
                format!("curl -v --max-time 5 telnet://{}:{}", look.host, look.port),
            )
        }
    }])
}

/// The server proves who it is.
pub fn tls(facts: &Facts) -> Judged {
    let look = match endpoint(facts)? {
        Ok(look) => look,
        // Its simulator speaks no TLS.
        Err(_) if facts.host.opened.as_ref().is_ok_and(|kind| *kind == HomeKind::Sandbox) => {
            asked(facts, "anything of TLS in a sandbox")?
        }
        Err(said) => return Ok(vec![said]),
    };
    Ok(vec![match &look.secured {
        Stage::Passed { took_ms } => Said::ok(format!("{} has proven who it is, within {took_ms} ms", look.host)),
        Stage::NotReached { reason } => return Err(Stop::Skipped(reason.clone())),
        Stage::Failed(failure) => {
            let (what, remedy) = match failure.certificate {
                Some(CertificateProblem::Expired) => {
                    ("its certificate is over", "compare this machine's clock with another; else wait for the server's operator")
                }
                Some(CertificateProblem::NotYetValid) => {
                    ("its certificate is not valid yet", "compare this machine's clock with another")
                }
                Some(CertificateProblem::OtherName | CertificateProblem::UnknownIssuer | CertificateProblem::Other) => {
                    ("somebody else answers", "sign in to the network, or have connections to this server let through untouched")
                }
                None => ("no TLS came about", "look at what stands between: a firewall, a proxy, a portal"),
            };
            failed(
                facts,
                failure,
                format!("{} does not prove who it is: {what}", look.host),
                "a certificate for this name that a known authority has signed",
            )
            .by_hand(remedy, format!("openssl s_client -connect {0}:{1} -servername {0} </dev/null", look.host, look.port))
        }
    }])
}

/// The server's certificate lasts.
pub fn certificate(facts: &Facts) -> Judged {
    let look = asked(facts, "how long the server's certificate lasts")?;
    if let Stage::NotReached { reason } = &look.secured {
        return Err(Stop::Skipped(reason.clone()));
    }
    Ok(vec![ending(facts, look).unwrap_or_else(|| Said::ok(format!("the certificate of {} lasts a week or more", look.host)))])
}

/// What is said of a certificate that ends within a week, or has ended.
fn ending(facts: &Facts, look: &ServerLook) -> Option<Said> {
    let by_hand = |said: Said| {
        let show = format!(
            "openssl s_client -connect {0}:{1} -servername {0} </dev/null 2>/dev/null | openssl x509 -noout -dates",
            look.host, look.port
        );
        said.by_hand("have the certificate renewed", show)
    };
    let of = format!("the certificate of {}:{}", look.host, look.port);
    if let Stage::Failed(failure @ Failure { certificate: Some(CertificateProblem::Expired), .. }) = &look.secured {
        let said = Said::bad(format!("{of} is over")).severity(Severity::Error).class(failure.class);
        return Some(by_hand(said.seen(look.name.clone(), "valid for 7 d or more", failure.detail.clone())));
    }
    let ends_ms = look.certificate_ends_ms?;
    let (ends, left) = (clock::from_ms(ends_ms), span((ends_ms - facts.now_ms).max(0)));
    let said = Said::bad(format!("{of} ends in {left}")).severity(Severity::Warning);
    Some(by_hand(said.seen(look.name.clone(), "valid for 7 d or more", format!("until {}", clock::rfc3339(ends)))))
}

/// The clock here is the server's.
pub fn clock_skew(facts: &Facts) -> Judged {
    if let Some(said) = before_they_were_sent(facts) {
        return Ok(vec![said]);
    }
    let look = asked(facts, "what time it is there")?;
    let Some(clock) = look.clock else {
        return Err(Stop::Skipped(format!("{} did not say what time it is", look.host)));
    };
    let skew_ms = clock.here_ms - clock.server_ms;
    let human = span(skew_ms);
    if skew_ms.abs() <= CLOCK_SKEW_MS_MAX {
        return Ok(vec![Said::ok("the clock here is the server's")]);
    }
    let direction = if skew_ms > 0 { "ahead of" } else { "behind" };
    Ok(vec![
        Said::bad(format!("the clock here is {human} {direction} the one of {}", look.host))
            .seen("the time here", clock::rfc3339(clock::from_ms(clock.server_ms)), clock::rfc3339(clock::from_ms(clock.here_ms)))
            .by_hand(SET_CLOCK.0, SET_CLOCK.1),
    ])
}

/// Messages of a session that were stored before the server says that they were sent. That they came late says
/// nothing: what waited at the server does.
fn before_they_were_sent(facts: &Facts) -> Option<Said> {
    let delays = facts.sessions.iter().filter_map(|session| {
        let least_ms = session.messages.known()?.traffic.as_ref()?.least_delay_ms?;
        (least_ms < -CLOCK_SKEW_MS_MAX).then_some((least_ms, &session.name))
    });
    let (least_ms, session) = delays.min()?;
    let behind = span(-least_ms);
    Some(
        Said::bad(format!("the clock here is {behind} behind the server's: messages of {session} came before they were sent"))
            .seen("when messages of the last hour were stored", "after they were sent", format!("{behind} before"))
            .by_hand(SET_CLOCK.0, SET_CLOCK.1),
    )
}

/// Nobody answers in the server's place.
pub fn portal(facts: &Facts) -> Judged {
    let look = match endpoint(facts)? {
        Ok(look) => look,
        Err(said) => return Ok(vec![said]),
    };
    if matches!(look.resolved, Stage::NotReached { .. } | Stage::Failed(_)) {
        return Err(Stop::Skipped("its name is not resolved".into()));
    }
    let plain = match &facts.host.network.plain {
        Probed::NotApplicable(_) => return Ok(vec![Said::ok(format!("nobody answers in the place of {}", look.host))]),
        plain => known(plain, "what answers without TLS")?,
    };
    // The server itself sends one on to itself, by https.
    let away = plain.sent_on_to.as_ref().filter(|host| **host != look.host);
    let observed = match (plain.status, away) {
        (Some(status), Some(host)) => format!("answer {status}, sent on to {host}"),
        (Some(511), None) => "answer 511: this network wants a login".to_owned(),
        _ => return Ok(vec![Said::ok(format!("no portal answers in the place of {}", look.host))]),
    };
    Ok(vec![
        Said::bad(format!("a portal of this network answers in the place of {}: {observed}", look.host))
            .class(crate::whatsapp::fault::Fault::ProviderUnavailable)
            .seen("a request without TLS", format!("{} itself", look.host), observed)
            .by_hand("sign in to the network in a browser, or use another one", format!("curl -i http://{}/", look.host)),
    ])
}

/// No proxy is wanted that is not used, or used and not there.
pub fn proxy(facts: &Facts) -> Judged {
    let proxies = known(&facts.host.network.proxies, "proxies")?;
    if proxies.is_empty() {
        return Ok(vec![Said::ok("the environment names no proxy")]);
    }
    let said = proxies.iter().map(|proxy| match &proxy.connected {
        Stage::Failed(failure) => {
            Said::bad(format!("the proxy {} takes no connection: archives to S3 and pings go by it and fail", proxy.address))
                .class(failure.class)
                .seen(proxy.variable.clone(), "a proxy that takes connections", failure.detail.clone())
                .by_hand("correct the variable, or unset it", format!("env | grep -i {}", proxy.variable))
        }
        Stage::Passed { .. } | Stage::NotReached { .. } => {
            Said::bad(format!("sessions do not use the proxy {}: they connect to WhatsApp directly", proxy.address))
                .severity(Severity::Info)
                .seen(proxy.variable.clone(), "nothing, or a network that lets connections through, too", proxy.address.clone())
        }
    });
    Ok(said.collect())
}

/// Servers that settings name take connections.
pub fn servers(facts: &Facts) -> Judged {
    let servers = known(&facts.host.network.servers, "servers that settings name")?;
    let of = |look: &ServerLook| {
        let (Stage::Failed(failure), stage) = (match &look.resolved {
            Stage::Passed { .. } => (&look.connected, "takes no connection"),
            resolved => (resolved, "cannot be found"),
        }) else {
            return None;
        };
        Some(
            Said::bad(format!("{}:{}, which {} names, {stage}", look.host, look.port, look.name))
                .class(failure.class)
                .seen(look.name.clone(), "a connection within 3 s", failure.detail.clone())
                .by_hand(
                    "start that server, or correct the setting",
                    format!("curl -v --max-time 5 telnet://{}:{}", look.host, look.port),
                ),
        )
    };
    said_of(servers, "the settings name no server", "takes connections", of)
}

/// Certificates of the servers that settings name are well, and last.
pub fn server_certificates(facts: &Facts) -> Judged {
    let servers = known(&facts.host.network.servers, "servers that settings name")?;
    let of = |look: &ServerLook| {
        if let Some(said) = ending(facts, look) {
            return Some(said);
        }
        let Stage::Failed(failure) = &look.secured else { return None };
        Some(
            Said::bad(format!("{}:{}, which {} names, does not prove who it is", look.host, look.port, look.name))
                .class(failure.class)
                .seen(look.name.clone(), "a certificate for this name that this machine trusts", failure.detail.clone())
                .by_hand(
                    "give the server a certificate for its name, or this machine the authority that signed it",
                    format!("openssl s_client -connect {0}:{1} -servername {0} </dev/null", look.host, look.port),
                ),
        )
    };
    said_of(servers, "the settings name no server", "has a certificate that lasts, or none", of)
}

/// What is said of each server; of those that are well in one sentence.
fn said_of(servers: &[ServerLook], none: &str, well: &str, of: impl Fn(&ServerLook) -> Option<Said>) -> Judged {
    if servers.is_empty() {
        return Ok(vec![Said::ok(none)]);
    }
    let said: Vec<Said> = servers.iter().filter_map(of).collect();
    if !said.is_empty() {
        return Ok(said);
    }
    let looked_at: Vec<&ServerLook> = servers.iter().filter(|look| !matches!(look.resolved, Stage::NotReached { .. })).collect();
    match looked_at.as_slice() {
        [] => Err(Stop::Skipped("a sandbox reaches loopback alone".into())),
        [one] => Ok(vec![Said::ok(format!("{}:{} {well}", one.host, one.port))]),
        many => Ok(vec![Said::ok(format!("each of {} {well}", count(many.len(), "server", "servers")))]),
    }
}
