//! Custody: whether the Signal store moved on after an archive was made.
//!
//! `session.db` holds ratchets. Putting an old copy back is exact only if nothing was sent or
//! received with the store since; otherwise messages are lost without a word. The proof is this
//! home's journal, which records every start and every connect, together with how the archive
//! was made. Custody is **unbroken** when all of this holds:
//!
//! 1. the archive was made while the backup itself held the session's lock (no daemon ran: a
//!    daemon that runs goes on using the store without any further entry);
//! 2. it was made by this home: the journal is the same one, it still holds what it held then,
//!    and the session has the same name;
//! 3. since then nothing that could have used the store is in the journal. Verbs that are known
//!    to leave the store alone are listed; every other verb counts as having used it;
//! 4. the store that is in place now can be read, is of the same identity and has counted no further
//!    login; or there is none, because of a reset that the journal knows of. A journal can be put
//!    back from an old copy, and only the store itself contradicts it then.
//!
//! It is **broken** when 3 or 4 is known to be false, and **unprovable** otherwise. What happens
//! outside this home (a copy of the store that was started elsewhere) is beyond any journal.
//!
//! Start with [`judge`].

use serde::Serialize;

use super::manifest::{DaemonState, Manifest, Mark, Moment, Signal};
use crate::clock;
use crate::error::Result;
use crate::journal::{Entry, Journal};

/// Verbs that never use the Signal store. `wake` is not among them: a daemon that wakes the own
/// phone sends it a message, which moves a ratchet.
const HARMLESS: &[&str] = &["backup", "verify", "restore", "reset", "stop", "fix", "prune"];

/// Whether the archive still holds the newest state of its Signal store, and why it is thought so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "why", rename_all = "lowercase")]
pub enum Custody {
    /// Proven: nothing used the store since.
    Unbroken(String),
    /// The store was used since.
    Broken(String),
    /// Nobody can tell.
    Unprovable(String),
}

/// What the journal says now.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    /// Which journal.
    pub journal: String,
    /// The newest entry on the session.
    pub newest_entry: i64,
    /// Entries on the session after the archive's mark, oldest first.
    pub since: Vec<Entry>,
}

impl Ledger {
    /// Reads what a judgement on this archive needs.
    pub fn read(journal: &Journal, session: &str, mark: &Mark) -> Result<Ledger> {
        Ok(Ledger {
            journal: journal.identity()?,
            newest_entry: journal.newest_id(session)?,
            since: journal.after(session, mark.newest_entry)?,
        })
    }
}

/// Where the journal stands now, to be written into an archive. Read before the snapshot begins.
pub fn mark(journal: &Journal, session: &str) -> Result<Mark> {
    let latest = |verb| -> Result<Option<Moment>> {
        Ok(journal.latest(session, verb)?.map(|entry| Moment { entry: entry.id, at_ms: entry.at_ms }))
    };
    Ok(Mark {
        journal: journal.identity()?,
        newest_entry: journal.newest_id(session)?,
        last_start: latest("start")?,
        last_connect: latest("connect")?,
    })
}

/// Judges custody of an archive's Signal state for the session of this name. `live` is the store
/// that is in place now, if one can be read.
pub fn judge(manifest: &Manifest, session: &str, ledger: &Ledger, live: Option<&Signal>) -> Custody {
    let mark = &manifest.custody;
    if mark.journal != ledger.journal {
        return Custody::Unprovable(
            "the archive was made by another home, or this home's journal was replaced; what happened to the store since is not recorded here"
                .into(),
        );
    }
    if manifest.session != session {
        return Custody::Unprovable(format!(
            "the archive is of session {} and this is session {session}: two stores of one identity would fight",
            manifest.session
        ));
    }
    if let Some(entry) = ledger.since.iter().find(|entry| !HARMLESS.contains(&entry.verb.as_str())) {
        return Custody::Broken(format!(
            "the store was used after the archive was made: the journal of this home (ops.db, entry {2}) records `{0}` at {1}",
            entry.verb,
            clock::rfc3339(clock::from_ms(entry.at_ms)),
            entry.id
        ));
    }
    if manifest.daemon.state == DaemonState::Running {
        return Custody::Broken("the archive was made while the daemon ran, which went on using the store".into());
    }
    if ledger.newest_entry < mark.newest_entry {
        return Custody::Unprovable(format!(
            "the journal has lost entries: the archive knows entry {} and the newest is {}",
            mark.newest_entry, ledger.newest_entry
        ));
    }
    match (live, &manifest.signal) {
        (Some(live), Some(kept)) if live.identity_sha256 != kept.identity_sha256 => {
            Custody::Broken("the store that is in place has another identity: the session was linked again".into())
        }
        (Some(live), Some(kept)) if live.login_counter > kept.login_counter => Custody::Broken(format!(
            "the store that is in place has counted {} logins and the archive {}: it was used without the journal's knowledge",
            live.login_counter, kept.login_counter
        )),
        (Some(_), Some(_)) => Custody::Unbroken(UNBROKEN.into()),
        (None, Some(_)) if ledger.since.iter().any(|entry| entry.verb == "reset" && entry.state == "finished") => {
            Custody::Unbroken(UNBROKEN.into())
        }
        // Neither ever had an identity: there is nothing to lose.
        (None, None) => Custody::Unbroken(UNBROKEN.into()),
        (None, Some(_)) => Custody::Unprovable(
            "there is no readable session.db to compare with, and the journal, which records no start since, may itself be an old copy"
                .into(),
        ),
        (Some(_), None) => {
            Custody::Unprovable("the store that is in place has an identity, and it is not known which one the archive has".into())
        }
    }
}

const UNBROKEN: &str = "the archive was made while no daemon ran, and this home's journal records no start and no connect since";

/// Why the device whose identity the archive holds is known to be logged out; `None` when nothing
/// here says so. What happened while another identity was in place is another story.
pub fn removed(manifest: &Manifest, session: &str, ledger: &Ledger) -> Option<String> {
    let ours = &manifest.signal.as_ref()?.identity_sha256;
    if manifest.custody.journal != ledger.journal || manifest.session != session {
        return None;
    }
    let mut in_place = true;
    for entry in &ledger.since {
        match entry.verb.as_str() {
            "relink" => in_place = false,
            "restore" if entry.state != "undone" && entry.data["plan"] != "data" => {
                in_place = entry.data["identity_sha256"] == ours.as_str();
            }
            "logged_out" if in_place => {
                let at = clock::rfc3339(clock::from_ms(entry.at_ms));
                return Some(format!("the journal records that it was logged out at {at} (entry {})", entry.id));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::archive::manifest::{Daemon, DaemonEnd, FORMAT, MANIFEST_SCHEMA};
    use crate::home::HomeKind;

    pub(crate) fn signal(identity: &str, logins: i64) -> Signal {
        Signal {
            paired: true,
            logged_out_ms: None,
            identity_sha256: identity.into(),
            account_sha256: Some("account".into()),
            highest_prekey_id: Some(812),
            next_prekey_id: 813,
            login_counter: logins,
            sessions: 1,
            sender_keys: 0,
        }
    }

    pub(crate) fn manifest() -> Manifest {
        Manifest {
            schema: MANIFEST_SCHEMA.into(),
            format: FORMAT,
            id: "id".into(),
            session: "main".into(),
            home_kind: HomeKind::Sandbox,
            created_ms: 1000,
            created: String::new(),
            tool_version: String::new(),
            daemon: Daemon { state: DaemonState::Stopped, ended: Some(DaemonEnd::Clean), session_state: None },
            block_bytes: None,
            members: Vec::new(),
            missing: Vec::new(),
            signal: Some(signal("a", 3)),
            custody: Mark { journal: "here".into(), newest_entry: 5, last_start: None, last_connect: None },
            chain: None,
        }
    }

    pub(crate) fn entry(id: i64, verb: &str) -> Entry {
        Entry {
            id,
            at_ms: 2000,
            session: Some("main".into()),
            verb: verb.into(),
            pid: 1,
            state: "done".into(),
            data: serde_json::Value::Null,
        }
    }

    fn ledger(verbs: &[&str]) -> Ledger {
        let since: Vec<Entry> = verbs.iter().zip(6..).map(|(verb, id)| entry(id, verb)).collect();
        Ledger { journal: "here".into(), newest_entry: 5 + since.len() as i64, since }
    }

    #[test]
    fn custody_is_unbroken_only_when_everything_is_proven() {
        let good = manifest();
        let unbroken = |manifest: &Manifest, ledger: &Ledger, live: Option<&Signal>| judge(manifest, "main", ledger, live);
        let live = signal("a", 3);
        assert!(matches!(unbroken(&good, &ledger(&[]), Some(&live)), Custody::Unbroken(_)));
        assert!(matches!(unbroken(&good, &ledger(&["backup", "stop", "restore"]), Some(&signal("a", 3))), Custody::Unbroken(_)));

        for verb in ["start", "connect", "wake", "reauth", "a verb that nobody knows"] {
            assert!(matches!(unbroken(&good, &ledger(&["backup", verb]), None), Custody::Broken(_)), "{verb}");
        }
        assert!(matches!(unbroken(&good, &ledger(&[]), Some(&signal("a", 4))), Custody::Broken(_)));
        assert!(matches!(unbroken(&good, &ledger(&[]), Some(&signal("b", 3))), Custody::Broken(_)));
        let mut running = manifest();
        running.daemon.state = DaemonState::Running;
        assert!(matches!(unbroken(&running, &ledger(&[]), None), Custody::Broken(_)));

        // Without a store there is the journal's word alone, and an old copy of it says the same.
        assert!(matches!(unbroken(&good, &ledger(&["backup", "stop", "restore"]), None), Custody::Unprovable(_)));
        let mut removed = ledger(&["stop", "reset"]);
        assert!(matches!(unbroken(&good, &removed, None), Custody::Unprovable(_)), "the reset did not finish");
        removed.since[1].state = "finished".into();
        assert!(matches!(unbroken(&good, &removed, None), Custody::Unbroken(_)));
        let unknown = Manifest { signal: None, ..manifest() };
        assert!(matches!(unbroken(&unknown, &ledger(&[]), Some(&live)), Custody::Unprovable(_)));

        let elsewhere = Ledger { journal: "there".into(), ..ledger(&[]) };
        assert!(matches!(unbroken(&good, &elsewhere, None), Custody::Unprovable(_)));
        let forgetful = Ledger { newest_entry: 4, ..ledger(&[]) };
        assert!(matches!(unbroken(&good, &forgetful, None), Custody::Unprovable(_)));
        assert!(matches!(judge(&good, "other", &ledger(&[]), None), Custody::Unprovable(_)));
    }

    #[test]
    fn a_logout_counts_against_the_identity_that_was_in_place() {
        let good = manifest();
        let removed = |verbs: &[&str]| removed(&good, "main", &ledger(verbs));
        assert!(removed(&["connect", "logged_out"]).unwrap().contains("entry 7"));
        assert!(removed(&["connect", "stop"]).is_none());
        // Linked anew, then logged out: that was the new one.
        assert!(removed(&["relink", "connect", "logged_out"]).is_none());
        assert!(removed(&["restore", "logged_out"]).is_none());
        let mut same = ledger(&["relink", "restore", "logged_out"]);
        same.since[1].data = serde_json::json!({ "plan": "rekey", "identity_sha256": "a" });
        assert!(super::removed(&good, "main", &same).is_some());
        let mut kept_its_keys = ledger(&["restore", "logged_out"]);
        kept_its_keys.since[0].data = serde_json::json!({ "plan": "data" });
        assert!(super::removed(&good, "main", &kept_its_keys).is_some());
        let elsewhere = Ledger { journal: "there".into(), ..ledger(&["logged_out"]) };
        assert!(super::removed(&good, "main", &elsewhere).is_none());
        assert!(super::removed(&good, "other", &ledger(&["logged_out"])).is_none());
    }
}
