//! What the servers that runbooks speak to answer to, so that a runbook cannot name an endpoint that is
//! not there. The lists are those of recorded servers and of their sources. Whether the server at hand has
//! what runbooks ask of it, the plugins' checks `runbook.endpoints` look for; a test holds that they look for
//! all of it.
//!
//! Start with [`of`].

/// A server and its endpoints.
#[derive(Debug)]
pub struct Server {
    /// The plugin's name.
    pub name: &'static str,
    /// The port that it has unless somebody chose another.
    pub port: &'static str,
    /// Parameters of runbooks that are addresses of other servers, such as that of a receiver of webhooks.
    pub others: &'static [&'static str],
    /// Methods and paths; `*` stands for one part of a path.
    pub endpoints: &'static [(&'static str, &'static str)],
    /// What runbooks ask of it that it does not have, and what to use.
    pub instead: &'static [(&'static str, &'static str, &'static str)],
    /// Paths that change something when they are asked again and again, and what that is.
    pub once: &'static [(&'static str, &'static str)],
    /// Words of `wpp` that it cannot carry out, and why.
    pub without: &'static [(&'static [&'static str], &'static str)],
}

/// Every server whose endpoints are known.
pub const SERVERS: &[Server] = &[
    // Recorded of 0.23.1.
    Server {
        name: "openwa",
        port: "2785",
        others: &["receiver"],
        endpoints: &[
            ("GET", "/api/health"),
            ("GET", "/api/health/live"),
            ("GET", "/api/health/ready"),
            ("GET", "/api/infra/health"),
            ("GET", "/api/infra/status"),
            ("GET", "/api/infra/config"),
            ("GET", "/api/infra/engines"),
            ("GET", "/api/infra/engines/current"),
            ("GET", "/api/infra/export-data"),
            ("GET", "/api/infra/storage/files/count"),
            ("GET", "/api/metrics"),
            ("GET", "/api/settings"),
            ("GET", "/api/audit"),
            ("GET", "/api/stats/overview"),
            ("POST", "/api/auth/validate"),
            ("GET", "/api/auth/api-keys"),
            ("POST", "/api/auth/api-keys"),
            ("DELETE", "/api/auth/api-keys/*"),
            ("GET", "/api/sessions"),
            ("POST", "/api/sessions"),
            ("GET", "/api/sessions/stats/overview"),
            ("GET", "/api/sessions/*"),
            ("DELETE", "/api/sessions/*"),
            ("GET", "/api/sessions/*/config"),
            ("GET", "/api/sessions/*/qr"),
            ("POST", "/api/sessions/*/pairing-code"),
            ("POST", "/api/sessions/*/start"),
            ("POST", "/api/sessions/*/stop"),
            ("POST", "/api/sessions/*/logout"),
            ("POST", "/api/sessions/*/force-kill"),
            ("GET", "/api/sessions/*/messages"),
            ("POST", "/api/sessions/*/messages/send-text"),
            ("GET", "/api/webhooks"),
            ("GET", "/api/webhooks/delivery-failures"),
            ("GET", "/api/sessions/*/webhooks"),
            ("POST", "/api/sessions/*/webhooks"),
            ("GET", "/api/sessions/*/webhooks/*"),
            ("PUT", "/api/sessions/*/webhooks/*"),
            ("DELETE", "/api/sessions/*/webhooks/*"),
            ("POST", "/api/sessions/*/webhooks/*/test"),
        ],
        instead: &[
            ("GET", "/health", "GET /api/health"),
            ("GET", "/health/detailed", "GET /api/health/ready and GET /api/infra/status"),
            ("GET", "/api/metrics/memory", "GET /api/sessions/stats/overview"),
            ("POST", "/api/cache/clear", "a restart of the server"),
            ("POST", "/api/sessions/*/restart", "a stop, then a start; `wpp restart` does both"),
            ("POST", "/api/sessions/*/messages", "POST /api/sessions/*/messages/send-text; `wpp send` does that"),
            ("PATCH", "/api/sessions/*/webhooks/*", "PUT of the same path"),
            ("GET", "/api/sessions/*/webhooks/*/logs", "GET /api/webhooks/delivery-failures"),
            ("POST", "/api/sessions/*/webhooks/*/disable", "PUT with `active` false; `wpp webhook disable` does that"),
            ("POST", "/api/sessions/*/webhooks/*/enable", "PUT with `active` true; `wpp webhook enable` does that"),
            ("POST", "/api/sessions/*/webhooks/*/retry-failed", "nothing: the server tries again by itself"),
        ],
        once: &[],
        without: &[(&["webhook", "retry"], "OpenWA has no endpoint that tries deliveries again; it does so by itself")],
    },
    // The application and its sidecar, which hold different paths.
    Server {
        name: "jarvis",
        port: "8000",
        others: &["web"],
        endpoints: &[
            ("GET", "/healthz"),
            ("GET", "/readyz"),
            ("GET", "/metrics"),
            ("GET", "/api/v1/auth/me"),
            // What a browser asks before it calls.
            ("OPTIONS", "/api/v1/auth/me"),
            ("POST", "/api/v1/auth/login"),
            ("GET", "/api/v1/bugs"),
            ("POST", "/api/v1/bugs"),
            ("DELETE", "/api/v1/bugs/*"),
            ("GET", "/api/v1/threads"),
            ("GET", "/api/v1/permissions"),
            ("POST", "/api/v1/approvals/*/revoke"),
            ("POST", "/api/v1/schedules"),
            ("PATCH", "/api/v1/schedules/*"),
            ("GET", "/api/v1/schedules/*/dispatches"),
            ("GET", "/api/v1/selfupdate/patches"),
            ("GET", "/api/v1/selfupdate/patches/*"),
            ("GET", "/api/v1/selfupdate/patches/*/checks"),
            ("GET", "/api/v1/selfupdate/patches/*/timeline"),
            ("POST", "/api/v1/selfupdate/patches/*/approve"),
            ("GET", "/api/v1/events"),
            ("POST", "/api/v1/webhooks/github"),
            ("GET", "/api/v1/system/status"),
            ("POST", "/api/v1/system/lockdown"),
            ("GET", "/api/v1/channels/whatsapp/status"),
            ("GET", "/api/v1/channels/whatsapp/qrcode"),
            ("POST", "/api/v1/channels/whatsapp/create"),
            ("POST", "/api/v1/channels/whatsapp/disconnect"),
            ("POST", "/api/v1/channels/whatsapp/pairing-code"),
            ("GET", "/api/v1/channels/whatsapp/review-queue"),
            ("GET", "/api/v1/memory/state/review/conflicts"),
            ("POST", "/api/v1/memory/state/review/*/resolve"),
            ("GET", "/api/v1/memory/state/stats"),
            ("GET", "/api/v1/memory/state/failures"),
            ("GET", "/api/v1/memory/state/graph/*"),
            ("GET", "/api/v1/memory/state/consistency/report"),
            ("GET", "/status"),
            ("POST", "/start"),
            ("GET", "/qr"),
            ("GET", "/pair"),
            ("POST", "/pair"),
            ("POST", "/disconnect"),
            ("POST", "/sendText"),
        ],
        instead: &[("GET", "/health", "GET /healthz")],
        once: &[("/readyz", "three answers in a row that it is not ready put Jarvis into lockdown")],
        without: &[],
    },
    Server {
        name: "connector",
        // It has whatever the platform gives it.
        port: "",
        others: &[],
        endpoints: &[
            ("GET", "/health"),
            ("POST", "/api/accounts"),
            ("DELETE", "/api/accounts/*"),
            ("POST", "/api/accounts/*/regenerate-qr"),
            ("POST", "/api/send"),
            ("POST", "/api/threads/*/transfer-owner"),
            ("GET", "/api/threads/*/*"),
            ("POST", "/api/threads/*/*"),
        ],
        instead: &[],
        once: &[],
        without: &[],
    },
    Server {
        name: "baileys",
        port: "4001",
        others: &["site"],
        endpoints: &[
            ("GET", "/metrics"),
            ("GET", "/sessions"),
            ("GET", "/sessions/*"),
            ("POST", "/sessions/*/connect"),
            ("POST", "/sessions/*/messages"),
        ],
        instead: &[("GET", "/health", "GET /sessions and GET /metrics")],
        once: &[],
        without: &[],
    },
];

/// The server that a plugin of this name speaks to.
pub fn of(applies_to: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.name == applies_to)
}

impl Server {
    /// Whether the server has an endpoint; else what to use, as the end of a sentence.
    pub fn knows(&self, method: &str, path: &str) -> Result<(), String> {
        let path = plain(path);
        // A recorded path is at times one that only looks like another one with a name in it.
        if let Some((_, _, instead)) = self.instead.iter().find(|(known, asked, _)| *known == method && same(asked, path)) {
            return Err(format!("; use {instead}"));
        }
        if self.endpoints.iter().any(|(known_method, known)| *known_method == method && same(known, path)) {
            return Ok(());
        }
        let others: Vec<&str> = self.endpoints.iter().filter(|(_, known)| same(known, path)).map(|(method, _)| *method).collect();
        if !others.is_empty() {
            return Err(format!("; this path takes {}", others.join(", ")));
        }
        let near = self.endpoints.iter().map(|(method, known)| (strsim::jaro_winkler(known, path), method, known));
        let nearest = near.filter(|(near, ..)| *near > 0.75).max_by(|(one, ..), (other, ..)| one.total_cmp(other));
        Err(nearest.map_or(String::new(), |(_, method, known)| format!("; the nearest is {method} {known}")))
    }

    /// The endpoint of the list that a method and a path are, with `*` for what is filled in.
    pub fn named(&self, method: &str, path: &str) -> Option<(&'static str, &'static str)> {
        let path = plain(path);
        self.endpoints.iter().copied().find(|(known_method, known)| *known_method == method && same(known, path))
    }

    /// What asking this path again and again brings about.
    pub fn only_once(&self, path: &str) -> Option<&'static str> {
        self.once.iter().find(|(known, _)| same(known, plain(path))).map(|(_, what)| *what)
    }

    /// Why the server cannot carry out a command line of `wpp`.
    pub fn lacks(&self, words: &[String]) -> Option<&'static str> {
        let verb: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        self.without.iter().find(|(known, _)| verb.starts_with(known)).map(|(_, why)| *why)
    }
}

fn plain(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

fn same(known: &str, asked: &str) -> bool {
    let (known, asked): (Vec<&str>, Vec<&str>) = (known.split('/').collect(), asked.split('/').collect());
    known.len() == asked.len() && known.iter().zip(&asked).all(|(known, asked)| *known == "*" || known == asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_has_is_known_and_what_it_lacks_is_answered_with_what_to_use() {
        let openwa = of("openwa").unwrap();
        assert_eq!(openwa.knows("GET", "/api/sessions/{{id}}/webhooks?limit=1"), Ok(()));
        assert!(openwa.knows("POST", "/api/sessions/{{id}}/restart").unwrap_err().contains("wpp restart"));
        assert!(openwa.knows("GET", "/health/detailed").unwrap_err().contains("/api/health/ready"));
        assert!(openwa.knows("PATCH", "/api/sessions/a/webhooks/b").unwrap_err().contains("PUT"));
        assert!(openwa.knows("PUT", "/api/sessions").unwrap_err().contains("takes GET, POST"));
        assert!(openwa.knows("GET", "/api/healht").unwrap_err().contains("/api/health"));
        assert!(of("jarvis").unwrap().only_once("/readyz").is_some());
        let words = ["wpp", "webhook", "retry", "openwa:sales"].map(str::to_owned);
        assert!(openwa.lacks(&words).is_some() && openwa.lacks(&words[..2]).is_none());
        assert!(of("host").is_none() && of("wpp session").is_none());
    }
}
