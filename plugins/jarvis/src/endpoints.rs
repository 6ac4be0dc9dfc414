//! The addresses that runbooks and this plugin ask of the application and of its sidecar.
//!
//! Which runbook asks what is read from the runbooks by a test, and compared with what is here.

use wpp_plugin_sdk::Failure;
use wpp_plugin_sdk::endpoints::{Endpoint, Framework, Seen, Server, Sight};

use crate::{STATUS, System};

/// A name that nothing has: to ask for it changes nothing.
const NOBODY: &str = "wpp-asks-for-nobody";

const APPLICATION: &[Endpoint] = &[
    Endpoint::reads(STATUS, ""),
    Endpoint::reads("/healthz", ""),
    Endpoint::unasked("GET", "/readyz", "three answers in a row that it is not ready put Jarvis into lockdown"),
    Endpoint::reads("/metrics", ""),
    Endpoint::acts("POST", "/api/v1/auth/login"),
    Endpoint::reads("/api/v1/auth/me", ""),
    Endpoint::unasked("OPTIONS", "/api/v1/auth/me", "plugins cannot ask with OPTIONS, which browsers do before they call"),
    Endpoint::reads("/api/v1/bugs", "?limit=1"),
    Endpoint::acts("POST", "/api/v1/bugs"),
    Endpoint::acts("DELETE", "/api/v1/bugs/*"),
    Endpoint::reads("/api/v1/threads", "?limit=1"),
    Endpoint::reads("/api/v1/permissions", ""),
    Endpoint::acts("POST", "/api/v1/approvals/*/revoke"),
    Endpoint::acts("POST", "/api/v1/schedules"),
    Endpoint::acts("PATCH", "/api/v1/schedules/*"),
    Endpoint::reads("/api/v1/schedules/*/dispatches", ""),
    Endpoint::reads("/api/v1/selfupdate/patches", ""),
    Endpoint::reads("/api/v1/selfupdate/patches/*", ""),
    Endpoint::reads("/api/v1/selfupdate/patches/*/checks", ""),
    Endpoint::reads("/api/v1/selfupdate/patches/*/timeline", ""),
    Endpoint::acts("POST", "/api/v1/selfupdate/patches/*/approve"),
    Endpoint::reads("/api/v1/events", "?limit=1"),
    Endpoint::acts("POST", "/api/v1/webhooks/github"),
    Endpoint::reads("/api/v1/system/status", ""),
    Endpoint::acts("POST", "/api/v1/system/lockdown"),
    Endpoint::unasked("GET", "/api/v1/channels/whatsapp/qrcode", "to ask for a code may begin to link a phone"),
    Endpoint::acts("POST", "/api/v1/channels/whatsapp/create"),
    Endpoint::acts("POST", "/api/v1/channels/whatsapp/disconnect"),
    Endpoint::acts("POST", "/api/v1/channels/whatsapp/pairing-code"),
    Endpoint::reads("/api/v1/channels/whatsapp/review-queue", "?status=open&limit=50"),
    Endpoint::reads("/api/v1/memory/state/review/conflicts", "?limit=1"),
    Endpoint::acts("POST", "/api/v1/memory/state/review/*/resolve"),
    Endpoint::reads("/api/v1/memory/state/stats", ""),
    Endpoint::reads("/api/v1/memory/state/failures", ""),
    Endpoint::reads("/api/v1/memory/state/graph/*", ""),
    Endpoint::reads("/api/v1/memory/state/consistency/report", "?limit=1"),
];

const SIDECAR: &[Endpoint] = &[
    Endpoint::reads("/status", ""),
    Endpoint::acts("POST", "/start"),
    Endpoint::reads("/qr", ""),
    Endpoint::reads("/pair", ""),
    Endpoint::acts("POST", "/pair"),
    Endpoint::acts("POST", "/disconnect"),
    Endpoint::acts("POST", "/sendText"),
];

/// Looks for each.
pub fn look(system: &System) -> Result<Vec<Seen<'static>>, Failure> {
    let application = Server { api: &system.app, framework: Framework::FastApi, nobody: NOBODY };
    let mut seen = application.look(APPLICATION)?;
    match &system.sidecar {
        Some(api) => {
            let framework = Framework::Express { never: "/wpp-asks-nothing/*" };
            seen.extend(Server { api, framework, nobody: NOBODY }.look(SIDECAR)?);
        }
        None => seen.extend(SIDECAR.iter().map(|endpoint| Seen {
            endpoint,
            sight: Sight::Unseen,
            why: "where the sidecar is, the setting sidecar_url does not say".into(),
        })),
    }
    Ok(seen)
}
