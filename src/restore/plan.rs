//! What comes back from an archive, decided and not done: pure, so that `--dry-run` can print it.
//!
//! Start with [`survey`], which looks, and [`plan`], which decides.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::archive::custody::Custody;
use crate::archive::manifest::{Manifest, SESSION_DB, Signal, WPP_DB};
use crate::archive::snapshot::{Quiet, Snapshot};
use crate::disk::{Lock, LockState};
use crate::error::{Error, ErrorKind, Result};
use crate::home::{HomeKind, SessionPaths};

/// The table of wpp.db whose rows an operator misses.
const MESSAGES: &str = "messages";

/// What the operator asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Wanted {
    /// `exact` when custody is proven; stops otherwise and names the choices
    Auto,
    /// Everything, Signal state included; only with proven custody
    Exact,
    /// Chats and messages (wpp.db); the session keeps its own keys
    Data,
}

/// What will come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `session.db` and `wpp.db`.
    Exact,
    /// `wpp.db`.
    Data,
}

impl Kind {
    /// `exact` or `data`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Exact => "exact",
            Kind::Data => "data",
        }
    }

    /// The files that are replaced.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Kind::Exact => &[SESSION_DB, WPP_DB],
            Kind::Data => &[WPP_DB],
        }
    }
}

/// One of the session's databases as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// There is no file.
    Absent,
    /// It can be read.
    Readable,
    /// It cannot, for this reason.
    Unreadable(String),
}

/// What is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Current {
    /// The session's name.
    pub session: String,
    /// Live or sandbox.
    pub home_kind: HomeKind,
    /// Whether some process holds the session.
    pub running: bool,
    /// `session.db`.
    pub session_db: Store,
    /// `wpp.db`.
    pub wpp_db: Store,
    /// The identity and counters in `session.db`.
    pub signal: Option<Signal>,
    /// Messages stored in `wpp.db`, if they can be counted.
    pub messages: Option<u64>,
}

/// What a restore will do, decided and not yet done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestorePlan {
    /// What comes back.
    pub kind: Kind,
    /// Why this and nothing else.
    pub why: String,
    /// What is known about the Signal state.
    pub custody: Custody,
    /// What will not be there afterwards, in sentences.
    pub loses: Vec<String>,
    /// What will be done, in order.
    pub steps: Vec<String>,
}

/// Looks at the session, writing nothing and leaving nothing behind.
pub fn survey(session: &SessionPaths, home_kind: HomeKind) -> Result<Current> {
    let mut current = Current {
        session: session.name().into(),
        home_kind,
        running: false,
        session_db: Store::Absent,
        wpp_db: Store::Absent,
        signal: None,
        messages: None,
    };
    if !session.exists() {
        return Ok(current);
    }
    current.running = matches!(Lock::look(&session.lock())?, LockState::Held(_));
    // The lock is not taken for a look: taking it would remove what a dead daemon left for the doctor.
    let quiet = if current.running { Quiet::Unknown } else { Quiet::Likely };
    let open = |path: &Path| match Snapshot::open(path, quiet) {
        Ok(None) => (Store::Absent, None),
        Ok(Some(snapshot)) => (Store::Readable, Some(snapshot)),
        Err(error) => (Store::Unreadable(error.chain()), None),
    };
    let (state, snapshot) = open(&session.session_db());
    current.session_db = state;
    if let Some(snapshot) = snapshot {
        match snapshot.signal() {
            Ok(signal) => current.signal = signal,
            Err(error) => current.session_db = Store::Unreadable(error.chain()),
        }
    }
    let (state, snapshot) = open(&session.wpp_db());
    current.wpp_db = state;
    if let Some(snapshot) = snapshot {
        match snapshot.rows() {
            Ok(tables) => current.messages = tables.get(MESSAGES).map(|rows| rows.count),
            Err(error) => current.wpp_db = Store::Unreadable(error.chain()),
        }
    }
    Ok(current)
}

/// Decides what comes back. Refuses with [`ErrorKind::Denied`] what would lose messages without a
/// word, and says what can be done instead.
pub fn plan(manifest: &Manifest, custody: &Custody, current: &Current, wanted: Wanted, start: bool) -> Result<RestorePlan> {
    let kind = match wanted {
        Wanted::Data => Kind::Data,
        Wanted::Exact | Wanted::Auto => Kind::Exact,
    };
    for name in kind.files() {
        usable(manifest, name)?;
    }
    match (kind, manifest.home_kind, current.home_kind) {
        (Kind::Exact, from, to) if from != to => {
            return Err(denied(format!(
                "the archive was made in a {} home and this one is {}: a Signal store never changes sides",
                from.name(),
                to.name()
            ))
            .hint("restore it in a home of its own kind, or take the messages alone with `--plan data`"));
        }
        (Kind::Data, HomeKind::Sandbox, HomeKind::Live) => {
            return Err(denied(
                "the archive was made in a sandbox and this home is live: what waits in its outbox was never meant for people"
                    .into(),
            )
            .hint("restore it in a sandbox home"));
        }
        _ => {}
    }
    if let (Some(live), Some(kept)) = (&current.signal, &manifest.signal)
        && let (Some(live), Some(kept)) = (&live.account_sha256, &kept.account_sha256)
        && live != kept
    {
        return Err(denied(format!("the archive belongs to another WhatsApp account than session {}", current.session))
            .hint("restore it into a session of its own with --session NAME"));
    }
    let why = match kind {
        Kind::Data => format!("asked for: messages come back, the keys stay ({})", reason(custody)),
        Kind::Exact => match custody {
            Custody::Unbroken(why) => format!("custody is proven: {why}"),
            Custody::Broken(why) | Custody::Unprovable(why) => return Err(not_exact(manifest, why)),
        },
    };

    let mut loses = Vec::new();
    let kept = manifest.member(WPP_DB).and_then(|member| member.database.as_ref()?.tables.get(MESSAGES)).map(|rows| rows.count);
    match (&current.wpp_db, current.messages, kept) {
        (Store::Absent, _, _) => {}
        (_, Some(live), Some(kept)) if live > kept => loses.push(format!(
            "{} messages that were stored after {}; they stay in the copy that is set aside",
            live - kept,
            manifest.created
        )),
        (_, Some(_), Some(_)) => {}
        (Store::Readable, _, _) => {
            loses.push(format!("what was stored after {}, which cannot be counted; it is set aside", manifest.created));
        }
        (Store::Unreadable(_), _, _) => loses.push(format!(
            "messages that were stored after {}; the present wpp.db is too damaged to count them, and it is set aside",
            manifest.created
        )),
    }
    if kind == Kind::Data && current.session_db == Store::Absent {
        loses.push("the link to the phone: there is no session.db, so the session must be linked again with `wpp reauth`".into());
    }
    if let (Kind::Data, Store::Unreadable(reason)) = (kind, &current.session_db) {
        loses.push(format!("nothing of session.db is brought back, and the present one cannot be read ({reason})"));
    }

    let mut steps = vec!["unpack the archive beside the session and verify it there at level quick".to_owned()];
    if current.running {
        steps.push("stop the daemon".into());
    }
    steps.push("take the session's lock".into());
    steps.push(format!("swap {}; what is there now is set aside with all its files", kind.files().join(" and ")));
    if start {
        steps.push("start the daemon and see it become healthy; if it does not, swap back".into());
    } else {
        steps.push("leave the daemon stopped".into());
    }
    Ok(RestorePlan { kind, why, custody: custody.clone(), loses, steps })
}

fn usable(manifest: &Manifest, name: &str) -> Result<()> {
    if manifest.member(name).is_none() {
        let reason = manifest.missing.iter().find(|missing| missing.name == name).map_or("", |missing| missing.reason.as_str());
        return Err(
            denied(format!("the archive does not hold {name} ({reason})")).hint("choose another archive: `wpp backup list`")
        );
    }
    if let Some((_, said)) = manifest.damaged().find(|(member, _)| member.name == name) {
        return Err(denied(format!("{name} was damaged already when the archive was made: {said}"))
            .hint("choose another archive: `wpp backup list`"));
    }
    Ok(())
}

fn reason(custody: &Custody) -> &str {
    match custody {
        Custody::Unbroken(why) | Custody::Broken(why) | Custody::Unprovable(why) => why,
    }
}

pub(super) fn denied(message: String) -> Error {
    Error::new(ErrorKind::Denied, message)
}

pub(super) fn not_exact(manifest: &Manifest, why: &str) -> Error {
    denied(format!("the archive of {} cannot be restored exactly: {why}", manifest.created))
        .hint("`--plan data` brings back chats and messages and keeps the session's own keys; no link is lost if session.db is sound")
        .hint("`--plan exact` is refused: old Signal state makes peers drop messages without a word")
        .hint("bringing back the identity with fresh keys (rekey) comes with a later version; until then a lost session.db means `--plan data`, then `wpp reauth`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::custody::tests::{manifest, signal};
    use crate::archive::manifest::{Database, Member, Rows};

    fn member(name: &str, messages: u64, quick_check: &str) -> Member {
        Member {
            name: name.into(),
            size_bytes: 4096,
            sha256: String::new(),
            offset_bytes: 0,
            database: Some(Database {
                page_size_bytes: 4096,
                pages: 1,
                journal_mode: "wal".into(),
                last_migration: "1".into(),
                schema_sha256: String::new(),
                tables: [(MESSAGES.to_owned(), Rows { count: messages, highest: None })].into(),
                quick_check: quick_check.into(),
                method: "pages".into(),
            }),
        }
    }

    fn archive() -> Manifest {
        let members = vec![member(SESSION_DB, 0, "ok"), member(WPP_DB, 10, "ok")];
        Manifest { members, ..manifest() }
    }

    fn current() -> Current {
        Current {
            session: "main".into(),
            home_kind: HomeKind::Sandbox,
            running: false,
            session_db: Store::Readable,
            wpp_db: Store::Readable,
            signal: Some(signal("a", 3)),
            messages: Some(12),
        }
    }

    #[test]
    fn only_proven_custody_gives_exact_and_everything_else_names_the_choices() {
        let unbroken = Custody::Unbroken("so".into());
        for wanted in [Wanted::Auto, Wanted::Exact] {
            let planned = plan(&archive(), &unbroken, &current(), wanted, true).unwrap();
            assert_eq!(planned.kind, Kind::Exact);
            assert!(planned.loses[0].starts_with("2 messages"), "{:?}", planned.loses);
            for custody in [Custody::Broken("this".into()), Custody::Unprovable("this".into())] {
                let error = plan(&archive(), &custody, &current(), wanted, true).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Denied);
                assert!(error.message().contains("this") && error.hints()[0].contains("--plan data"), "{error:?}");
                assert_eq!(plan(&archive(), &custody, &current(), Wanted::Data, true).unwrap().kind, Kind::Data);
            }
        }
    }

    #[test]
    fn what_is_missing_or_damaged_cannot_be_restored() {
        let custody = Custody::Unbroken("so".into());
        let mut without = archive();
        without.members.remove(0);
        assert_eq!(plan(&without, &custody, &current(), Wanted::Auto, true).unwrap_err().kind(), ErrorKind::Denied);
        assert!(plan(&without, &custody, &current(), Wanted::Data, true).is_ok());
        let mut damaged = archive();
        damaged.members[1] = member(WPP_DB, 10, "row 3 missing");
        for wanted in [Wanted::Auto, Wanted::Data] {
            let error = plan(&damaged, &custody, &current(), wanted, true).unwrap_err();
            assert!(error.message().contains("row 3 missing"), "{error}");
        }
    }

    #[test]
    fn a_plan_says_what_it_will_do_and_what_cannot_come_back() {
        let custody = Custody::Broken("so".into());
        let running = Current { running: true, ..current() };
        let planned = plan(&archive(), &custody, &running, Wanted::Data, false).unwrap();
        assert!(planned.steps.iter().any(|step| step == "stop the daemon"));
        assert!(planned.steps.last().unwrap().contains("stopped"));
        assert!(
            !plan(&archive(), &custody, &current(), Wanted::Data, true)
                .unwrap()
                .steps
                .iter()
                .any(|step| step.contains("stop the"))
        );
        let lost = Current {
            session_db: Store::Absent,
            signal: None,
            wpp_db: Store::Unreadable("x".into()),
            messages: None,
            ..current()
        };
        let planned = plan(&archive(), &custody, &lost, Wanted::Data, true).unwrap();
        assert!(planned.loses.iter().any(|loss| loss.contains("too damaged")), "{:?}", planned.loses);
        assert!(planned.loses.iter().any(|loss| loss.contains("wpp reauth")), "{:?}", planned.loses);
        let same = Current { messages: Some(10), ..current() };
        assert!(plan(&archive(), &custody, &same, Wanted::Data, true).unwrap().loses.is_empty());
    }
}
