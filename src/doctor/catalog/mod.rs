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
            for need in check.needs {
                assert!(
                    earlier.iter().any(|other| other.id == *need),
                    "{} needs {need}, which does not stand above it",
                    check.id
                );
            }
            assert!(!check.explain.is_empty() && !check.title.ends_with('.'));
            // What a line of the source is indented by is no part of the text.
            assert!(!check.explain.contains("  ") && !check.explain.contains('\n'), "{}", check.id);
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
