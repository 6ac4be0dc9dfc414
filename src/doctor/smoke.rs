//! The judge of a daemon that must be up: `wpp doctor --smoke-running`.

use super::{Judged, Said, known, line};
use crate::facts::{Facts, SessionFacts};

/// What `--smoke` makes: checks of files, modes, settings and the machine, which need no daemon and read
/// no database. Each is an id or the beginning of some.
pub const SMOKE: &[&str] = &[
    "wpp.home.marker",
    "wpp.home.settings",
    "wpp.home.plugins",
    "wpp.home.modes",
    "wpp.home.owners",
    "wpp.home.writable",
    "wpp.home.disk-space",
    "wpp.home.default-session",
    "wpp.home.socket-path",
    "wpp.home.folders",
    "wpp.session.folder",
    "wpp.session.files",
    "wpp.session.modes",
    "wpp.session.owners",
    "wpp.config",
    "wpp.host",
    "wpp.security",
];

/// What `--smoke-running` makes besides.
pub const RUNNING: &str = "wpp.session.endpoints";

/// What is asked, none of which changes anything.
pub const ENDPOINTS: &[&str] = &[
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/status",
    "/v1/auth",
    "/v1/sync",
    "/v1/chats",
    "/v1/messages?limit=1",
    "/v1/outbox?limit=1",
    "/v1/search?q=wpp&limit=1",
    "/v1/events?follow=false",
];

/// The daemon is READY and every endpoint answers.
pub fn endpoints(facts: &Facts, session: &SessionFacts) -> Judged {
    let looks = known(&session.endpoints, "the endpoints")?;
    let wrong: Vec<_> = looks.iter().filter(|look| look.status != Ok(200)).collect();
    if wrong.is_empty() {
        let all = format!("all {} endpoints answer", looks.len());
        return Ok(vec![match session.status() {
            // Where the session stands is what /readyz says.
            Some(_) => Said::ok(format!("{all}, and the session is READY")),
            // Whatever listens there is no daemon.
            None => Said::bad(format!("{all}, and where the session stands is not among what they say"))
                .seen("/v1/status", "the session and its state", "nothing that is understood")
                .by_hand("find out what listens at the session's socket", line(facts, Some(&session.name), "status")),
        }]);
    }
    // Each would say the same of a daemon that is not there.
    if let (None, Some(Err(reason)), true) =
        (session.status(), looks.first().map(|look| &look.status), wrong.len() == looks.len())
    {
        return Ok(vec![
            Said::bad(format!("no daemon answers: {reason}"))
                .seen("daemon", "up and READY", reason.clone())
                .by_hand("start the daemon, or see why it does not answer", line(facts, Some(&session.name), "start")),
        ]);
    }
    let names: Vec<&str> = wrong.iter().map(|look| look.path.as_str()).collect();
    let mut said = Said::bad(match names[..] {
        [one] => format!("{one} does not answer as it should"),
        _ => format!("{} of {} endpoints do not answer as they should: {}", names.len(), looks.len(), names.join(", ")),
    });
    for look in wrong {
        let observed = look.status.as_ref().map_or_else(Clone::clone, |status| format!("status {status}"));
        said = said.seen(look.path.clone(), "status 200", observed);
    }
    let status = session.status();
    Ok(vec![match status {
        None => said.by_hand("start the daemon, or see why it does not answer", line(facts, Some(&session.name), "start")),
        Some(_) => said.by_hand("see where the session stands", line(facts, Some(&session.name), "status")),
    }])
}
