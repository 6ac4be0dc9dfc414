//! The table of checks, one file for each part. An id never changes its meaning; a check that is given
//! up leaves its id unused.
//!
//! The order is the order of judging: a check stands below the ones that it needs.

mod backup;
mod flow;
mod guard;
pub mod cost;
mod growth;
mod home;
mod machine;
mod network;
mod session;
mod store;
mod suppression;

use super::Check;
use crate::report::Severity;

/// Every part, in order.
const PARTS: &[&[Check]] = &[
    home::CHECKS,
    guard::CHECKS,
    growth::CHECKS,
    machine::CHECKS,
    network::CHECKS,
    session::CHECKS,
    machine::OF_DAEMONS,
    store::CHECKS,
    flow::CHECKS,
    backup::CHECKS,
    suppression::CHECKS,
];

/// Checks that are silent while another one, which stands above them and is reported too, finds the same thing
/// and says it more exactly.
const YIELDS: &[(&str, &[&str])] = &[
    ("wpp.session.stale-lock", &["wpp.session.daemon-died"]),
    ("wpp.session.stale-socket", &["wpp.session.daemon-died"]),
    ("wpp.session.daemon-silent", &["wpp.session.suspended"]),
    ("wpp.session.endpoints", &["wpp.session.suspended", "wpp.session.daemon-silent"]),
    ("wpp.session.state", &["wpp.session.replaced", "wpp.session.banned", "wpp.session.outdated"]),
];

/// The worst that checks can find, where that is worse than what they usually find.
const UP_TO: &[(&str, Severity)] = &[
    ("wpp.backup.stale", Severity::Error),
    ("wpp.config.contacts", Severity::Error),
    ("wpp.home.default-session", Severity::Error),
    ("wpp.home.disk-space", Severity::Error),
    ("wpp.home.modes", Severity::Critical),
    ("wpp.home.owners", Severity::Critical),
    ("wpp.host.disk-days-to-full", Severity::Error),
    ("wpp.host.inodes", Severity::Error),
    ("wpp.host.memory", Severity::Error),
    ("wpp.host.memory-limit", Severity::Error),
    ("wpp.host.open-files", Severity::Error),
    ("wpp.host.tasks", Severity::Error),
    ("wpp.network.certificate", Severity::Error),
    ("wpp.runbook.open", Severity::Error),
    ("wpp.session.foreign-socket", Severity::Critical),
    ("wpp.session.modes", Severity::Critical),
    ("wpp.session.owners", Severity::Critical),
    ("wpp.session.state", Severity::Critical),
    ("wpp.session.two-daemons", Severity::Critical),
    ("wpp.session.two-homes", Severity::Critical),
    ("wpp.store.not-paired", Severity::Critical),
    ("wpp.store.prekeys-low", Severity::Error),
    ("wpp.store.twins", Severity::Critical),
];

/// The worst that a check can find.
pub fn worst(check: &Check) -> Severity {
    UP_TO.iter().find(|(id, _)| *id == check.id).map_or(check.severity, |(_, worst)| *worst)
}

/// The checks that a check leaves the word to.
pub fn yields_to(id: &str) -> &'static [&'static str] {
    YIELDS.iter().find(|(yielding, _)| *yielding == id).map_or(&[], |(_, others)| others)
}

/// Every check, in order.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    PARTS.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_well_formed_and_stand_below_what_they_need() {
        let all: Vec<&Check> = checks().collect();
        for (at, check) in all.iter().enumerate() {
            let earlier = &all[..at];
            assert!(!earlier.iter().any(|other| other.id == check.id), "{} twice", check.id);
            let parts: Vec<&str> = check.id.split('.').collect();
            assert!(parts.len() == 3 && parts[0] == "wpp", "{}", check.id);
            assert!(parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')), "{}", check.id);
            for need in check.needs.iter().chain(yields_to(check.id)) {
                assert!(
                    earlier.iter().any(|other| other.id == *need),
                    "{} needs {need}, which does not stand above it",
                    check.id
                );
            }
            assert!(!check.explain.is_empty() && !check.title.ends_with('.'));
            // What a line of the source is indented by is no part of the text.
            for text in [check.explain, check.mend] {
                assert!(!text.contains("  ") && !text.contains('\n') && !text.ends_with(' '), "{}", check.id);
            }
        }
    }

    /// The commands of `wpp` among them are held to those that there are, beside those of findings.
    #[test]
    fn every_check_says_how_it_is_mended_by_hand() {
        for check in checks() {
            let (id, mend) = (check.id, check.mend);
            assert!(mend.len() > 20 && mend.ends_with('.'), "{id}: {mend}");
            assert!(mend.matches('`').count() % 2 == 0, "{id}: a command that does not end: {mend}");
            // What mends by itself is no answer for who cannot or will not let it.
            let others = mend.split('`').skip(1).step_by(2).filter(|command| !command.starts_with("wpp doctor --fix"));
            assert!(!mend.contains("--fix") || others.count() > 0, "{id} names nothing but --fix: {mend}");
            assert!(!check.explain.contains("--fix sets"), "{id}");
        }
    }

    #[test]
    fn every_runbook_that_a_check_names_is_there() {
        for runbook in checks().filter_map(|check| check.runbook) {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(runbook);
            assert!(path.is_file(), "{}", path.display());
        }
    }
}
