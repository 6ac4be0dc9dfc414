//! What the operator does not want to hear for a while, as the settings say it.

use serde::{Deserialize, Serialize};

use super::Problem;

/// All suppressions of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionFacts {
    /// Those that can be read.
    pub list: Vec<Suppression>,
    /// Why others suppress nothing.
    pub problems: Vec<Problem>,
}

/// One table `[suppress."ID"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// A check's id, or the beginning of some up to a dot.
    pub check: String,
    /// The sessions that it is about; empty for all, and for the host.
    pub sessions: Vec<String>,
    /// Why.
    pub reason: String,
    /// Its last day, as it is written: `2026-12-31`.
    pub until: String,
    /// When that day ends in UTC, milliseconds since the epoch.
    pub until_ms: i64,
}

impl Suppression {
    /// Whether findings of a check about a session, or about the host, are meant.
    pub fn covers(&self, check: &str, session: Option<&str>) -> bool {
        let named = check.strip_prefix(&self.check).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        named && (self.sessions.is_empty() || session.is_some_and(|session| self.sessions.iter().any(|name| name == session)))
    }
}
