//! Sessions that look as they only do for a moment: they are looked at once more before anything is said of them.
//!
//! Start with [`look_at_unsettled`].

use std::time::{Duration, Instant};

use super::traces::Searched;
use super::{Depth, jobs_of_sessions, journal_jobs, run_all};
use crate::clock;
use crate::doctor::Scope;
use crate::facts::{HostFacts, JournalFacts, LockFacts, Probed, SessionFacts, SocketFacts};

/// How long a session that looks odd is given before it is looked at once more.
const SETTLE: Duration = Duration::from_millis(150);

/// Looks once more at sessions that look as they only do for a moment while a daemon starts or stops, or while a
/// restore changes the files: their files first, and then the journal, so that whatever was at work on them is in it.
pub(super) fn look_at_unsettled(
    scope: &Scope,
    searched: &Searched,
    depth: Depth,
    budget: Duration,
    host: &mut HostFacts,
    sessions: &mut [SessionFacts],
) {
    let (begun, end) = (clock::now_ms(), Instant::now() + budget);
    let unsettled: Vec<usize> = (0..sessions.len()).filter(|at| is_unsettled(&sessions[*at])).collect();
    if unsettled.is_empty() {
        return;
    }
    std::thread::sleep(SETTLE.min(budget));
    let narrow = Scope { sessions: unsettled.iter().map(|at| scope.sessions[*at].clone()).collect(), ..scope.clone() };
    let mut seen: Vec<SessionFacts> = unsettled.iter().map(|at| sessions[*at].clone()).collect();
    for jobs in [jobs_of_sessions(&narrow, searched, depth), journal_jobs(&narrow, depth, begun)] {
        for put in run_all(jobs, end.saturating_duration_since(Instant::now())) {
            put(host, &mut seen);
        }
    }
    for (at, session) in unsettled.into_iter().zip(seen) {
        sessions[at] = session;
    }
}

/// Whether something is missing, or left behind, that a session at rest or at work has or has not.
fn is_unsettled(session: &SessionFacts) -> bool {
    let is_gone = session.paths.first().is_some_and(|look| look.seen == Probed::Known(None));
    let rows = session.messages.known().and_then(|messages| messages.rows);
    let paired = session.store.known().is_some_and(|store| store.paired == Some(true));
    let journal = session.journal.known();
    let no_store = matches!(session.store, Probed::NotApplicable(_));
    let no_messages = matches!(session.messages, Probed::NotApplicable(_));
    let is_missed = match (no_store, no_messages) {
        (true, true) => journal.is_some_and(|journal| journal.lived.is_some()) && session.paths.len() == 1,
        (true, false) => rows.is_some_and(|rows| rows.was_linked),
        (false, true) => paired,
        // A link may have come between the looks at the one and at the other.
        (false, false) => {
            session.store.known().is_some_and(|store| store.paired == Some(false)) && rows.is_some_and(|rows| rows.was_linked)
        }
    };
    let listens = matches!(session.socket.known(), Some(SocketFacts::Listening { .. }));
    let is_odd = match session.lock.known() {
        Some(LockFacts::Held { owner }) => {
            session.socket.known().is_some() && !listens && owner.as_ref().is_none_or(|owner| owner.role == "daemon")
        }
        Some(LockFacts::Stale { .. }) => true,
        Some(LockFacts::Absent) => {
            let is_unstopped = |journal: &JournalFacts| journal.started.map(|at| at.id) > journal.stopped.map(|at| at.id);
            matches!(session.socket.known(), Some(SocketFacts::Stale | SocketFacts::Listening { .. }))
                || journal.is_some_and(is_unstopped)
        }
        None => false,
    };
    is_gone || is_missed || is_odd
}
