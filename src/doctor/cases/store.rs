//! What breaks the databases.

use super::*;

pub(super) const CASES: &[Case] = &[
    Case {
        what: "linked once, and the store's file is gone",
        facts: stopped,
        breaks: |facts| facts.sessions[0].store = Probed::NotApplicable("there is no session.db yet".into()),
        finds: &[("wpp.store.not-paired", Critical)],
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
            *store(facts) = StoreFacts { health, paired: None, particulars: Particulars::default() };
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
];
