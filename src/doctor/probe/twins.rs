//! Whether a session that is not looked at is a copy of one that is: of each, one row of its store is read, and
//! nothing more.

use super::{DATABASE_TIMEOUT, Job};
use crate::disk::{Lock, LockState};
use crate::error::Result;
use crate::facts::{OtherStore, OtherStores, Probed};
use crate::home::{Home, SessionPaths};
use crate::session::store::{self, StoreError};

/// So many others are compared with; each costs a fraction of a millisecond.
const OTHERS_MAX: usize = 20;

/// The look at the stores of all sessions beside these.
pub(super) fn job(home: &Home, sessions: &[SessionPaths]) -> Job {
    let (home, names) = (home.clone(), sessions.iter().map(|session| session.name().to_owned()).collect::<Vec<_>>());
    Job::new(
        DATABASE_TIMEOUT,
        move || others(&home, &names).into(),
        Probed::Failed,
        |seen, host, _| host.upkeep.other_stores = seen,
    )
}

fn others(home: &Home, looked_at: &[String]) -> Result<OtherStores> {
    // With nothing to compare them with, they say nothing.
    if looked_at.is_empty() {
        return Ok(OtherStores::default());
    }
    let mut names = home.session_names()?;
    names.retain(|name| !looked_at.contains(name));
    let left_out = names.len().saturating_sub(OTHERS_MAX) as u64;
    let stores = names.into_iter().take(OTHERS_MAX).map(|name| {
        let session = home.session(&name);
        let device = device(&session);
        let is_linked = matches!(device, Probed::Known(Some(_)));
        let is_held = is_linked && matches!(Lock::look(&session.lock()), Ok(LockState::Held(_)));
        OtherStore { session: name, device, is_held }
    });
    Ok(OtherStores { stores: stores.collect(), left_out })
}

fn device(session: &SessionPaths) -> Probed<Option<u64>> {
    match store::device(session) {
        Ok(device) => Probed::Known(device),
        Err(StoreError::Absent) => Probed::Known(None),
        // A look at that session says so, and nobody can start what it holds.
        Err(error @ StoreError::Damaged(_)) => Probed::NotApplicable(error.into_error(session).chain()),
        Err(error) => Probed::Failed(error.into_error(session).chain()),
    }
}
