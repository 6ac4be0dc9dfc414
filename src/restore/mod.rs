//! Restoring a session from an archive or a bare `wpp.db`: a plan that is pure, and a transaction that carries it out.
//!
//! **The plan.** [`plan`] decides what comes back, from what the archive says, what custody says
//! and what is there now. It is printed by `--dry-run`. An old Signal store is never put in place as
//! it is unless the operator insists: it would lose messages in both directions without a word. Under
//! `rekey` its unpacked copy is edited first (see [`crate::session::rekey`]), and the daemon wakes the
//! own phone when it has connected.
//!
//! **The transaction.** The session's folder itself is never moved: its `LOCK` must stay where
//! daemons look for it, or a lock could be held in one place and bypassed in another. Files are
//! swapped one by one by rename, each with its `-wal`, `-shm` and `-journal`, and the journal knows
//! every rename before the first is made:
//!
//! | phase | true on the disk | killed here, the next command |
//! |---|---|---|
//! | `staging` | the session is untouched; the archive is being unpacked and verified beside it | removes the stage |
//! | `swapping` | the session's lock is held; some renames are made | makes them back: the old session, whole |
//! | `swapped` | the new session, whole; the old files lie beside, whole | removes the stage: the new session stays |
//! | `undoing` | the daemon did not become healthy; renames are being made back | goes on making them back |
//!
//! Where each file is tells which renames were made, so making them back can itself be killed and
//! repeated. A lock beside the session is held from the first to the last
//! phase: whoever finds an open entry and cannot take that lock knows that a restore is alive.
//!
//! **After the swap** the daemon is started. If it does not run on the restored files, the renames
//! are made back (a server that cannot be reached is no reason to), unless the daemon connected meanwhile: then the new store holds what the old one
//! does not, and going back would lose it. No restore deletes the
//! old files; `wpp backup prune --set-aside` does, when it is asked to.
//!
//! Start with [`Source`], [`survey`], [`plan`], [`restore`] and, before any other use of a session, [`recover`].

mod plan;
mod source;
mod strays;
mod survey;
mod transaction;

pub use plan::{Current, Kind, Other, RestorePlan, Store, Wanted, holds, plan};
pub use source::Source;
pub use survey::survey;
pub use transaction::{Health, Lifecycle, Recovered, Request, Restored, old_copies, recover, restore};
