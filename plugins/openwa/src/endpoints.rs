//! The addresses that runbooks and this plugin ask of the server, and those that OpenWA's own runbooks name.
//!
//! Which runbook asks what is read from the runbooks by a test, and compared with what is here.

use wpp_plugin_sdk::Failure;
use wpp_plugin_sdk::endpoints::{Endpoint, Framework, Seen, Sight};

use crate::VERSIONS;
use crate::server::Server;

/// A session that cannot be: to ask for it changes nothing.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

const ENDPOINTS: &[Endpoint] = &[
    Endpoint::reads("/api/health", ""),
    Endpoint::reads("/api/health/live", ""),
    Endpoint::reads("/api/health/ready", ""),
    Endpoint::reads("/api/infra/status", ""),
    Endpoint::reads("/api/infra/engines", ""),
    Endpoint::reads("/api/infra/engines/current", ""),
    Endpoint::unasked("GET", "/api/infra/export-data", "its answer is the whole database"),
    Endpoint::reads("/api/metrics", ""),
    Endpoint::reads("/api/stats/overview", ""),
    Endpoint::reads("/api/sessions", ""),
    Endpoint::reads("/api/sessions/stats/overview", ""),
    Endpoint::reads("/api/sessions/*", ""),
    Endpoint::reads("/api/sessions/*/qr", ""),
    Endpoint::acts("POST", "/api/sessions/*/pairing-code"),
    Endpoint::acts("POST", "/api/sessions/*/start"),
    Endpoint::acts("POST", "/api/sessions/*/stop"),
    Endpoint::acts("POST", "/api/sessions/*/logout"),
    Endpoint::reads("/api/sessions/*/messages", "?limit=1"),
    Endpoint::acts("POST", "/api/sessions/*/messages/send-text"),
    Endpoint::reads("/api/webhooks", ""),
    Endpoint::reads("/api/webhooks/delivery-failures", "?limit=100"),
    Endpoint::reads("/api/sessions/*/webhooks", ""),
    Endpoint::reads("/api/sessions/*/webhooks/*", ""),
    Endpoint::acts("PUT", "/api/sessions/*/webhooks/*"),
    Endpoint::acts("POST", "/api/sessions/*/webhooks/*/test"),
    Endpoint::reads("/health", "").instead("GET /api/health"),
    Endpoint::reads("/health/detailed", "").instead("GET /api/health/ready and GET /api/infra/status"),
    Endpoint::reads("/api/metrics/memory", "").instead("GET /api/sessions/stats/overview"),
    Endpoint::acts("POST", "/api/cache/clear").instead("a restart of the server"),
    Endpoint::acts("POST", "/api/sessions/*/restart").instead("`wpp restart`: a stop, then a start"),
    Endpoint::acts("POST", "/api/sessions/*/messages").instead("`wpp send`: POST /api/sessions/*/messages/send-text"),
    Endpoint::acts("PATCH", "/api/sessions/*/webhooks/*").instead("PUT of the same address"),
    Endpoint::reads("/api/sessions/*/webhooks/*/logs", "?status=failed&limit=20").instead("GET /api/webhooks/delivery-failures"),
    Endpoint::acts("POST", "/api/sessions/*/webhooks/*/disable").instead("`wpp webhook disable`: PUT with active false"),
    Endpoint::acts("POST", "/api/sessions/*/webhooks/*/enable").instead("`wpp webhook enable`: PUT with active true"),
    Endpoint::acts("POST", "/api/sessions/*/webhooks/*/retry-failed").instead("nothing: the server tries again by itself"),
];

/// Looks for each. Where nothing that may be asked tells, what was recorded of this very version counts: it
/// has what this plugin was written with, and not what only its own runbooks name.
pub fn look(server: &Server) -> Result<Vec<Seen<'static>>, Failure> {
    let framework = Framework::Express { never: "/api/sessions/*/wpp-asks-nothing" };
    let looked = wpp_plugin_sdk::endpoints::Server { api: &server.api, framework, nobody: NOBODY };
    let mut seen = looked.look(ENDPOINTS)?;
    let Some(version) = server.version()?.filter(|version| VERSIONS.contains(&version.as_str())) else { return Ok(seen) };
    for seen in seen.iter_mut().filter(|seen| seen.sight == Sight::Unseen) {
        let (sight, recorded) = match seen.endpoint.instead {
            None => (Sight::There, "it is there"),
            Some(_) => (Sight::Gone, "404"),
        };
        seen.sight = sight;
        seen.why = format!("{}; recorded of {version}: {recorded}", seen.why);
    }
    Ok(seen)
}
