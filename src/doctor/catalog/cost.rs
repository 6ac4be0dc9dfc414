//! What each check costs: what must be touched to make it.

use serde::Serialize;

use super::Check;

/// What a look touches, from the cheapest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Names, modes, small files and what the system tells.
    Cheap,
    /// Rows of the journal, `ops.db`.
    Journal,
    /// The daemon, over its socket.
    Daemon,
    /// Databases of the session, from end to end.
    Databases,
    /// Servers, over the network; `--offline` leaves these out.
    Network,
}

impl Cost {
    /// The cost in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Cost::Cheap => "cheap",
            Cost::Journal => "reads the journal",
            Cost::Daemon => "asks the daemon",
            Cost::Databases => "reads databases",
            Cost::Network => "talks to the network",
        }
    }
}

/// By id or the beginning of some; the longest that fits counts, and what nothing fits is cheap.
const COSTS: &[(&str, Cost)] = &[
    ("wpp.alert", Cost::Journal),
    ("wpp.backup", Cost::Journal),
    ("wpp.backup.destination", Cost::Cheap),
    ("wpp.backup.same-disk", Cost::Cheap),
    ("wpp.backup.set-aside", Cost::Cheap),
    ("wpp.drill", Cost::Journal),
    ("wpp.drill.evidence", Cost::Cheap),
    ("wpp.home.journal", Cost::Journal),
    ("wpp.host.clock-behind", Cost::Journal),
    ("wpp.host.disk-days-to-full", Cost::Journal),
    ("wpp.network", Cost::Network),
    ("wpp.restore", Cost::Journal),
    ("wpp.runbook", Cost::Journal),
    ("wpp.schedule", Cost::Journal),
    ("wpp.session.auth-required", Cost::Daemon),
    ("wpp.session.banned", Cost::Daemon),
    ("wpp.session.crash-loop", Cost::Journal),
    ("wpp.session.daemon-died", Cost::Journal),
    ("wpp.session.daemon-silent", Cost::Daemon),
    ("wpp.session.endpoints", Cost::Daemon),
    ("wpp.session.event-stale", Cost::Databases),
    ("wpp.session.files-gone", Cost::Journal),
    ("wpp.session.ingest-lag", Cost::Databases),
    ("wpp.session.interrupted", Cost::Journal),
    ("wpp.session.log-leaks", Cost::Databases),
    ("wpp.session.outbox-backlog", Cost::Databases),
    ("wpp.session.outbox-paused", Cost::Databases),
    ("wpp.session.outbox-rejected", Cost::Databases),
    ("wpp.session.outdated", Cost::Daemon),
    ("wpp.session.phone-unseen", Cost::Databases),
    ("wpp.session.reconnect-loop", Cost::Databases),
    ("wpp.session.replaced", Cost::Daemon),
    ("wpp.session.search-degraded", Cost::Daemon),
    ("wpp.session.state", Cost::Daemon),
    ("wpp.session.stream-lost", Cost::Daemon),
    ("wpp.session.transition-stuck", Cost::Daemon),
    ("wpp.session.undecryptable", Cost::Databases),
    ("wpp.session.version-skew", Cost::Daemon),
    ("wpp.store", Cost::Databases),
    ("wpp.store.busy", Cost::Cheap),
    ("wpp.store.copy-in-use", Cost::Cheap),
    ("wpp.store.swapped", Cost::Cheap),
    ("wpp.store.write-log", Cost::Cheap),
];

/// What a check of the catalog costs.
pub fn cost(check: &Check) -> Cost {
    let fitting = COSTS.iter().filter(|(name, _)| crate::doctor::covers(name, check.id));
    fitting.max_by_key(|(name, _)| name.len()).map_or(Cost::Cheap, |(_, cost)| *cost)
}

#[cfg(test)]
mod tests {
    use super::super::checks;
    use super::*;

    #[test]
    fn every_cost_is_of_a_check_that_is_there() {
        for (name, _) in COSTS {
            assert!(checks().any(|check| crate::doctor::covers(name, check.id)), "{name}");
        }
        let of = |id: &str| cost(checks().find(|check| check.id == id).unwrap());
        assert_eq!((of("wpp.backup.stale"), of("wpp.backup.set-aside")), (Cost::Journal, Cost::Cheap));
    }

    /// The journal is left alone then: what these tell without it is what the files say.
    const WITHOUT_JOURNAL: [&str; 2] = ["wpp.host.clock-behind", "wpp.host.disk-days-to-full"];

    #[test]
    fn what_smoke_makes_needs_neither_a_daemon_nor_a_database() {
        for check in checks().filter(|check| crate::doctor::smoke::SMOKE.iter().any(|name| crate::doctor::covers(name, check.id)))
        {
            let expected = if WITHOUT_JOURNAL.contains(&check.id) { Cost::Journal } else { Cost::Cheap };
            assert_eq!(cost(check), expected, "{}", check.id);
        }
    }
}
