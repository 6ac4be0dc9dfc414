//! The faults that can be injected into a sandbox: a table of what each does and what an operator sees.
//!
//! It may import the simulator's requests, of which many faults are made. Start with [`FAULTS`];
//! [`super::inject`] does what a row says.

use crate::home::SessionPaths;
use crate::whatsapp::simulator::{Knob, KnobName, Request};

/// How much of a fault is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dose {
    /// How long what needs a process of its own lasts, in seconds.
    pub hold_s: u64,
    /// How far the clock jumps, in seconds; back when negative.
    pub by_s: i64,
    /// How often the server does it; until it is taken back when absent.
    pub times: Option<u32>,
    /// How late each stanza of a slow network is, in milliseconds.
    pub delay_ms: u64,
}

impl Default for Dose {
    fn default() -> Dose {
        Dose { hold_s: 30, by_s: -3600, times: None, delay_ms: 200 }
    }
}

/// One fault.
#[derive(Debug)]
pub struct Fault {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it does.
    pub what: &'static str,
    /// What an operator sees of it.
    pub seen: &'static str,
    /// How it is done.
    pub act: Act,
}

/// How a fault is done, and taken back.
#[derive(Debug)]
pub enum Act {
    /// SIGKILL to the daemon.
    Kill,
    /// SIGSTOP to the daemon; taken back by SIGCONT.
    Freeze,
    /// A socket that nobody listens on, beside a stopped daemon.
    LeaveSocket,
    /// A process of its own, which ends by itself; taken back by its end.
    Hold(Held),
    /// Nothing that needs room is done in the home; taken back by a byte less.
    FillDisk,
    /// A third of a database's bytes are flipped, while no daemon runs.
    Damage(fn(&SessionPaths) -> std::path::PathBuf),
    /// The full-text index is dropped under the living daemon.
    DropIndex,
    /// The daemons' clock is another.
    ShiftClock,
    /// The phone's owner removes the device of this session, and no other.
    Unlink,
    /// The simulated server misbehaves, on every session of the sandbox.
    Server {
        /// What is asked of it.
        requests: fn(&Dose) -> Vec<Request>,
        /// The knob that takes it back; none for what happens once.
        back: Option<KnobName>,
    },
}

/// What a process of its own does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It holds the session's lock.
    Lock,
    /// It holds a write transaction on wpp.db.
    Database,
    /// A peer writes to the account without a pause.
    Load,
    /// The simulated phone scans each QR code, and types each pair code, that is shown.
    Phone,
}

impl Fault {
    /// The row of that name.
    pub fn named(id: &str) -> Option<&'static Fault> {
        FAULTS.iter().find(|fault| fault.id == id)
    }

    /// Whether it breaks something. The others are hands that a drill needs.
    pub fn breaks(&self) -> bool {
        !matches!(self.act, Act::Hold(Held::Load | Held::Phone))
    }

    /// Whether it lasts until it is taken back.
    pub fn lasts(&self) -> bool {
        match &self.act {
            Act::Freeze | Act::Hold(_) | Act::FillDisk | Act::ShiftClock => true,
            Act::Server { back, .. } => back.is_some(),
            Act::Kill | Act::LeaveSocket | Act::Damage(_) | Act::DropIndex | Act::Unlink => false,
        }
    }
}

/// A login that is refused, and no connection that goes on without one.
fn refused(code: u16, dose: &Dose) -> Vec<Request> {
    vec![Request::Set { knob: Knob::LoginFailure { code, times: dose.times, expire_s: None } }, Request::Close]
}

/// Every fault.
pub const FAULTS: &[Fault] = &[
    Fault {
        id: "kill-daemon",
        what: "kills the daemon with SIGKILL, as a power cut or the kernel short of memory does",
        seen: "STOPPED; finding wpp.session.daemon-died, which names the lock and the socket that are left",
        act: Act::Kill,
    },
    Fault {
        id: "freeze-daemon",
        what: "stops the daemon with SIGSTOP: it lives, holds its lock, and does nothing",
        seen: "no answer within 3 s; finding wpp.session.suspended",
        act: Act::Freeze,
    },
    Fault {
        id: "socket-left",
        what: "leaves a socket that nobody listens on beside a stopped daemon",
        seen: "STOPPED; finding wpp.session.stale-socket",
        act: Act::LeaveSocket,
    },
    Fault {
        id: "lock-held",
        what: "has another process hold the lock of a stopped session",
        seen: "`wpp start` exits with 11 and names the process; finding wpp.session.lock-held",
        act: Act::Hold(Held::Lock),
    },
    Fault {
        id: "database-busy",
        what: "has another process hold a write transaction on wpp.db",
        seen: "sends wait, then fail with DB_BUSY or go on; reading goes on",
        act: Act::Hold(Held::Database),
    },
    Fault {
        id: "full-disk",
        what: "fills the disk of the sandbox: nothing that needs room is done in it any more",
        seen: "ERROR, store_failure at the next write; findings wpp.home.disk-space and wpp.home.writable",
        act: Act::FillDisk,
    },
    Fault {
        id: "corrupt-messages",
        what: "flips a third of the bytes of a stopped session's wpp.db",
        seen: "finding wpp.store.messages-damaged; the daemon does not start",
        act: Act::Damage(SessionPaths::wpp_db),
    },
    Fault {
        id: "corrupt-store",
        what: "flips a third of the bytes of a stopped session's session.db",
        seen: "ERROR, store_failure; finding wpp.store.session-damaged",
        act: Act::Damage(SessionPaths::session_db),
    },
    Fault {
        id: "search-lost",
        what: "drops the full-text index of wpp.db under the living daemon",
        seen: "searches say that they are degraded; finding wpp.store.index-out-of-step",
        act: Act::DropIndex,
    },
    Fault {
        id: "clock-jump",
        what: "moves the wall clock of the daemon, back by an hour unless --by says otherwise",
        seen: "READY, and messages keep their order; while it is behind, finding wpp.session.event-stale",
        act: Act::ShiftClock,
    },
    Fault {
        id: "logged-out",
        what: "has the phone's owner remove the linked device of this session, and no other",
        seen: "AUTH_REQUIRED, logged_out; findings wpp.session.auth-required and wpp.store.not-paired",
        act: Act::Unlink,
    },
    Fault {
        id: "main-device-gone",
        what: "has the server say that the account's main device is gone",
        seen: "AUTH_REQUIRED, main_device_gone; finding wpp.session.auth-required",
        act: Act::Server { requests: |dose| refused(403, dose), back: Some(KnobName::LoginFailure) },
    },
    Fault {
        id: "stream-replaced",
        what: "has another client take the session's place",
        seen: "ERROR, stream_replaced; finding wpp.session.replaced",
        act: Act::Server { requests: |_| vec![Request::StreamError { code: 409 }], back: None },
    },
    Fault {
        id: "banned",
        what: "has the server ban the account for a while",
        seen: "ERROR, temporary_ban; finding wpp.session.banned, critical",
        act: Act::Server { requests: |dose| refused(402, dose), back: Some(KnobName::LoginFailure) },
    },
    Fault {
        id: "client-outdated",
        what: "has the server refuse this version of the client",
        seen: "ERROR, client_outdated; finding wpp.session.outdated",
        act: Act::Server { requests: |dose| refused(405, dose), back: Some(KnobName::LoginFailure) },
    },
    Fault {
        id: "unavailable",
        what: "has the server answer every login with 503",
        seen: "RECONNECTING, connect_failure; after a while finding wpp.session.stream-lost",
        act: Act::Server { requests: |dose| refused(503, dose), back: Some(KnobName::LoginFailure) },
    },
    Fault {
        id: "silent",
        what: "has the server take connections and say nothing",
        seen: "RECONNECTING, keepalive_timeout within the watchdog's time; then finding wpp.session.stream-lost",
        act: Act::Server { requests: |_| vec![Request::Set { knob: Knob::Silent }], back: Some(KnobName::Silent) },
    },
    Fault {
        id: "slow-network",
        what: "delays every stanza of the server",
        seen: "READY; sends and answers take longer, and nothing is lost",
        act: Act::Server {
            requests: |dose| vec![Request::Set { knob: Knob::Slow { ms: dose.delay_ms } }],
            back: Some(KnobName::Slow),
        },
    },
    Fault {
        id: "lost-acks",
        what: "has the server deliver messages and never acknowledge them",
        seen: "READY; `wpp send` says that it is not known yet, and the message is tried again under its id",
        act: Act::Server {
            requests: |dose| vec![Request::Set { knob: Knob::DropAcks { times: dose.times } }],
            back: Some(KnobName::DropAcks),
        },
    },
    Fault {
        id: "passkey",
        what: "has the phone ask for a passkey when a code is scanned",
        seen: "AUTH_REQUIRED, passkey_required",
        act: Act::Server { requests: |_| vec![Request::Set { knob: Knob::PasskeyStage }], back: Some(KnobName::PasskeyStage) },
    },
    Fault {
        id: "load",
        what: "has a peer write to the account without a pause",
        seen: "messages arrive",
        act: Act::Hold(Held::Load),
    },
    Fault {
        id: "phone-scan",
        what: "has the simulated phone scan the codes that `wpp reauth` shows",
        seen: "the session becomes READY",
        act: Act::Hold(Held::Phone),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_well_formed() {
        for (at, fault) in FAULTS.iter().enumerate() {
            assert!(FAULTS[..at].iter().all(|other| other.id != fault.id), "{} twice", fault.id);
            assert!(fault.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", fault.id);
            assert!(!fault.what.is_empty() && !fault.seen.is_empty() && !fault.what.ends_with('.'));
            assert_eq!(Fault::named(fault.id).map(|found| found.id), Some(fault.id));
        }
    }

    #[test]
    fn what_the_server_does_until_it_is_told_otherwise_can_be_taken_back() {
        for fault in FAULTS {
            if let Act::Server { requests, back } = &fault.act {
                let set = requests(&Dose::default()).into_iter().find_map(|request| match request {
                    Request::Set { knob } => Some(knob.name()),
                    _ => None,
                });
                assert_eq!(set, *back, "{}", fault.id);
            }
        }
    }
}
