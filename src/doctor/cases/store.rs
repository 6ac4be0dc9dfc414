//! What breaks the databases.

use super::*;
use crate::doctor::soundness;

fn fault(place: &str, is_vital: bool) -> StoreFault {
    StoreFault { place: place.into(), observed: "missing".into(), lost: "the one-time keys".into(), is_vital }
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "linked once, and the store's file is gone",
        facts: stopped,
        breaks: |facts| facts.sessions[0].store = Probed::NotApplicable("there is no session.db yet".into()),
        finds: &[("wpp.store.not-paired", Critical)],
    },
    Case {
        what: "logged out, and the store is set aside before a new one is made",
        facts: whole,
        breaks: |facts| {
            state(facts, State::AuthRequired, Reason::LoggedOut);
            rows(facts).logged_out_ms = Some(NOW_MS);
            facts.sessions[0].store = Probed::NotApplicable("there is no session.db yet".into());
        },
        finds: &[("wpp.session.auth-required", Error), ("wpp.store.not-paired", Error)],
    },
    Case {
        what: "linked once, and the store lost it",
        facts: stopped,
        breaks: |facts| {
            store(facts).paired = Some(false);
        },
        finds: &[("wpp.store.not-paired", Error)],
    },
    Case {
        what: "a damaged session.db",
        facts: stopped,
        breaks: |facts| {
            let health = DatabaseHealth::Damaged { problems: vec!["row 3 missing".into()] };
            *store(facts) = StoreFacts { health, faults: Vec::new(), paired: None, particulars: Particulars::default() };
        },
        finds: &[("wpp.store.session-damaged", Critical)],
    },
    Case {
        what: "a damaged wpp.db, without which nobody knows of a logout",
        facts: stopped,
        breaks: |facts| {
            let health = DatabaseHealth::Damaged { problems: vec!["row 3 missing".into()] };
            facts.sessions[0].messages = Probed::Known(MessagesFacts {
                health,
                faults: Vec::new(),
                search_index: SearchIndex::Unreadable,
                rows: None,
                version: None,
                account: None,
                traffic: None,
                texts_in_log: None,
            });
        },
        finds: &[("wpp.store.messages-damaged", Error), ("wpp.store.not-paired", Unknown)],
    },
    Case {
        what: "a session.db without which the account cannot be used",
        facts: stopped,
        breaks: |facts| store(facts).faults = soundness::all().0,
        finds: &[("wpp.store.session-damaged", Critical)],
    },
    Case {
        what: "a session.db that lacks something else",
        facts: whole,
        breaks: |facts| store(facts).faults = vec![fault("table tc_tokens", false)],
        finds: &[("wpp.store.session-damaged", Error)],
    },
    Case {
        what: "a session.db that does not say which tables it has",
        facts: stopped,
        breaks: |facts| store(facts).particulars.last_migration = Some(String::new()),
        finds: &[("wpp.store.migrations", Error)],
    },
    Case {
        what: "a wpp.db that lost a table",
        facts: whole,
        breaks: |facts| {
            if let Probed::Known(messages) = &mut facts.sessions[0].messages {
                messages.faults = soundness::all().1;
            }
        },
        finds: &[("wpp.store.messages-damaged", Error)],
    },
];
