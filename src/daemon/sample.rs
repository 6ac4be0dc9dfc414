//! Writes down what this daemon takes, at its start and at intervals, for `wpp capacity`.
//!
//! A sample that cannot be written is told in the log and hurts nobody: the next one is tried in its time.

use std::time::Duration;

use super::hub::Hub;
use crate::capacity;
use crate::capacity::history::History;
use crate::capacity::measure::Processors;
use crate::config::Config;
use crate::error::{Context as _, Result};
use crate::home::{Home, SessionPaths};
use crate::journal::Journal;

/// The time between two samples; `None` when there are to be none.
pub fn interval(config: &Config) -> Option<Duration> {
    match config.number("capacity.sample_minutes") {
        0 => None,
        minutes => Some(Duration::from_secs(minutes * 60)),
    }
}

/// Writes until the daemon ends.
pub async fn write_every(interval: Duration, home: Home, session: SessionPaths, started_ms: i64, hub: Hub) {
    // Looked at now, and at each sample again: the first one has no time to tell of.
    let mut processors = Processors::watch().ok();
    loop {
        let messages = hub.status.borrow().messages;
        let (home, session) = (home.clone(), session.clone());
        // A journal of its own: whoever waits for the daemon's must not wait for this one's locks.
        let mut looked_at = processors.take();
        let written = tokio::task::spawn_blocking(move || {
            let written = write(&home, &session, started_ms, messages, looked_at.as_mut());
            (looked_at, written)
        });
        let written = written.await.while_doing(|| "the task ended without a result".into()).and_then(|(looked_at, written)| {
            processors = looked_at;
            written
        });
        if let Err(error) = written {
            tracing::warn!(cause = error.chain(), "a sample for `wpp capacity` was not written");
        }
        tokio::time::sleep(interval).await;
    }
}

fn write(home: &Home, session: &SessionPaths, started_ms: i64, messages: u64, processors: Option<&mut Processors>) -> Result<()> {
    let sample = capacity::measure::sample(home, session, started_ms, messages, processors)?;
    History::of(&Journal::open(&home.journal())?).write(session.name(), &sample)
}
