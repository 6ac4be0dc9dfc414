//! What comes back from an archive, decided and not done: pure, so that `--dry-run` can print it.
//!
//! Start with [`plan`]; what it decides by is looked at in [`super::survey`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::archive::custody::Custody;
use crate::archive::manifest::{Manifest, SESSION_DB, Signal, WPP_DB};
use crate::error::{Error, ErrorKind, Result};
use crate::home::HomeKind;
use crate::report::count;
use crate::session::rekey;

/// The table of wpp.db whose rows an operator misses.
pub(super) const MESSAGES: &str = "messages";

/// What the operator asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Wanted {
    /// `exact` when the keys in the archive are proven to be the newest, else `rekey` when the archive holds a linked identity that is
    /// still the session's, else `data`
    Auto,
    /// Everything, Signal state included; only when nothing used it since, which the journal proves
    Exact,
    /// Everything but the state of conversations (ratchets): the identity comes back with fresh keys, and every conversation
    /// starts a new Signal session
    Rekey,
    /// Chats and messages (wpp.db); the session keeps its own keys
    Data,
    /// Everything, old Signal state included: LOSES MESSAGES in both directions without a word
    /// unless nothing was sent or received since
    ForceExact,
}

/// What will come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `session.db` and `wpp.db`, as they are.
    Exact,
    /// `session.db` with fresh keys (see [`crate::session::rekey`]), and `wpp.db`.
    Rekey,
    /// `wpp.db`.
    Data,
    /// As `exact`, whatever custody says.
    ForceExact,
}

impl Kind {
    /// `exact`, `rekey`, `data` or `force-exact`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Exact => "exact",
            Kind::Rekey => "rekey",
            Kind::Data => "data",
            Kind::ForceExact => "force-exact",
        }
    }

    /// The files that are replaced.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Kind::Exact | Kind::Rekey | Kind::ForceExact => &[SESSION_DB, WPP_DB],
            Kind::Data => &[WPP_DB],
        }
    }

    /// Whether an identity comes back.
    pub fn brings_identity(self) -> bool {
        self.files().contains(&SESSION_DB)
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
    /// Other sessions of this home and the identities in their stores, as far as those can be read.
    pub others: Vec<Other>,
    /// Why the identity in the archive is thought to be logged out; not looked at by [`super::survey`].
    pub removed: Option<String>,
}

/// Another session of the same home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Its name.
    pub session: String,
    /// Names the identity in its store; `None` when it cannot be read.
    pub identity_sha256: Option<String>,
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
    /// What the operator must see to, in sentences.
    pub warnings: Vec<String>,
    /// What will be done, in order.
    pub steps: Vec<String>,
}

/// Decides what comes back. Refuses with [`ErrorKind::Denied`] what would lose messages without a
/// word, and says what can be done instead.
pub fn plan(manifest: &Manifest, custody: &Custody, current: &Current, wanted: Wanted, start: bool) -> Result<RestorePlan> {
    same_account(manifest, current.signal.as_ref(), &current.session)?;
    let (kind, why) = choose(manifest, custody, current, wanted)?;
    for name in kind.files() {
        usable(manifest, name)?;
    }
    match (kind.brings_identity(), manifest.home_kind, current.home_kind) {
        (true, from, to) if from != to => {
            return Err(denied(format!(
                "the archive was made in a {} home and this one is {}: a Signal store never changes sides",
                from.name(),
                to.name()
            ))
            .hint("restore it in a home of its own kind, or take the messages alone with `--plan data`"));
        }
        (false, HomeKind::Sandbox, HomeKind::Live) => {
            return Err(denied(
                "the archive was made in a sandbox and this home is live: what waits in its outbox was never meant for people"
                    .into(),
            )
            .hint("restore it in a sandbox home"));
        }
        _ => {}
    }
    if kind.brings_identity() {
        no_twin(manifest, current)?;
    }
    let mut steps = vec!["unpack the archive beside the session and verify it there at level quick".to_owned()];
    if current.running {
        steps.push("stop the daemon".into());
    }
    steps.push("take the session's lock".into());
    if kind == Kind::Rekey {
        steps.push("give the unpacked session.db fresh keys: drop its ratchets, keep its identity".into());
    }
    steps.push(format!("swap {}; what is there now is set aside with all its files", kind.files().join(" and ")));
    if start {
        steps.push("start the daemon and see it become healthy; if it does not, swap back".into());
    } else {
        steps.push("leave the daemon stopped".into());
    }
    if kind == Kind::Rekey {
        let when = if start { "" } else { ", when the daemon is started" };
        steps.push(format!("wake the own phone, so that it starts a new Signal session{when}"));
    }
    Ok(RestorePlan {
        kind,
        why,
        custody: custody.clone(),
        loses: loses(manifest, current, kind),
        warnings: warnings(manifest, custody, current, kind),
        steps,
    })
}

/// The kind, and why it is this one.
fn choose(manifest: &Manifest, custody: &Custody, current: &Current, wanted: Wanted) -> Result<(Kind, String)> {
    let unbroken = match custody {
        Custody::Unbroken(why) => Ok(format!("the keys in the archive are the newest: {why}")),
        Custody::Broken(why) | Custody::Unprovable(why) => Err(why.as_str()),
    };
    Ok(match (wanted, unbroken) {
        (Wanted::Data, _) => (Kind::Data, format!("asked for: messages come back, the keys stay ({})", reason(custody))),
        (Wanted::Exact | Wanted::ForceExact, Ok(why)) => (Kind::Exact, why),
        (Wanted::Exact, Err(why)) => return Err(not_exact(manifest, why)),
        (Wanted::ForceExact, Err(why)) => {
            (Kind::ForceExact, format!("asked for, although the Signal state in the archive is old: {why}"))
        }
        (Wanted::Rekey, _) => {
            identity(manifest)?;
            known_store(manifest)?;
            if let Some(removed) = &current.removed {
                return Err(denied(format!("the identity in the archive cannot log in any more: {removed}"))
                    .hint("bring back the messages with `--plan data`, then link the session with `wpp reauth`"));
            }
            (Kind::Rekey, format!("asked for: the identity comes back with fresh keys ({})", reason(custody)))
        }
        (Wanted::Auto, Ok(why)) if usable(manifest, SESSION_DB).is_ok() => (Kind::Exact, why),
        (Wanted::Auto, _) => match (identity(manifest), &current.removed) {
            (Err(none), _) => (Kind::Data, format!("there is no identity to bring back: {}", none.message())),
            (Ok(()), Some(removed)) => (Kind::Data, format!("the identity in the archive cannot log in any more: {removed}")),
            (Ok(()), None) if relinked(manifest, current) => (
                Kind::Data,
                "the session was linked again since the archive was made, and the new link is in place: it stays".into(),
            ),
            (Ok(()), None) => {
                known_store(manifest)?;
                (Kind::Rekey, format!("the Signal state in the archive may be old, so it gets fresh keys: {}", reason(custody)))
            }
        },
    })
}

/// Fails unless the archive holds the sound store of a linked session.
fn identity(manifest: &Manifest) -> Result<()> {
    usable(manifest, SESSION_DB)?;
    match &manifest.signal {
        Some(signal) if signal.paired => Ok(()),
        Some(_) => Err(denied("no phone had admitted the device when the archive was made".into())
            .hint("bring back the messages with `--plan data`, then link the session with `wpp reauth`")),
        None => Err(denied("the archive's session.db could not be looked into when the archive was made".into())
            .hint("choose another archive: `wpp backup list`")),
    }
}

/// Fails for a store that this version cannot give new keys.
fn known_store(manifest: &Manifest) -> Result<()> {
    let database = manifest.member(SESSION_DB).and_then(|member| member.database.as_ref());
    rekey::check_migration(Path::new(SESSION_DB), database.map_or("", |database| database.last_migration.as_str()))
}

/// Whether another device of the same account is in place.
fn relinked(manifest: &Manifest, current: &Current) -> bool {
    match (&current.signal, &manifest.signal) {
        (Some(live), Some(kept)) => live.paired && live.identity_sha256 != kept.identity_sha256,
        _ => false,
    }
}

/// Fails when the store that is in place is linked to another account than the archive's.
pub(super) fn same_account(manifest: &Manifest, live: Option<&Signal>, session: &str) -> Result<()> {
    // A store that nobody admitted yet may name a placeholder.
    if let (Some(live), Some(kept)) = (live.filter(|live| live.paired), manifest.signal.as_ref().filter(|kept| kept.paired))
        && live.account_sha256 != kept.account_sha256
    {
        return Err(denied(format!("the archive belongs to another WhatsApp account than session {session}"))
            .hint("restore it into a session of its own with --session NAME"));
    }
    Ok(())
}

/// Fails when another session of this home holds the identity: the server lets one of two in.
fn no_twin(manifest: &Manifest, current: &Current) -> Result<()> {
    let Some(kept) = &manifest.signal else { return Ok(()) };
    match current.others.iter().find(|other| other.identity_sha256.as_ref() == Some(&kept.identity_sha256)) {
        None => Ok(()),
        Some(twin) => Err(denied(format!(
            "session {} of this home holds the identity in the archive: two stores of one identity would fight",
            twin.session
        ))
        .hint(format!("restore it there with `--session {}`, or take the messages alone with `--plan data`", twin.session))),
    }
}

/// Why what waits in the outbox is not sent from where it comes to: it was queued for another
/// session, or for another identity.
pub(super) fn foreign(manifest: &Manifest, session: &str, live: Option<&Signal>, kind: Kind, empty: bool) -> Option<String> {
    let sent = "so it is not sent from here; send it again under a new id";
    if manifest.session != session {
        return Some(format!("it was queued in session {} and came here by a restore, {sent}", manifest.session));
    }
    if kind.brings_identity() {
        return None;
    }
    let other = match (live, &manifest.signal) {
        (Some(live), Some(kept)) => live.identity_sha256 != kept.identity_sha256,
        _ => empty,
    };
    other.then(|| format!("it was queued for another device than this session has, {sent}"))
}

fn loses(manifest: &Manifest, current: &Current, kind: Kind) -> Vec<String> {
    let created = &manifest.created;
    let mut loses = Vec::new();
    if kind == Kind::ForceExact {
        loses.push(format!(
            "messages, in both directions and without a word: receivers drop as repeats as many messages as were sent after {created}, \
             and what others wrote since then, and write until they start a new Signal session, cannot be read"
        ));
        loses.push(format!("first messages of people who use one-time keys that were uploaded after {created}"));
    }
    let kept = manifest.member(WPP_DB).and_then(|member| member.database.as_ref()?.tables.get(MESSAGES)).map(|rows| rows.count);
    match (&current.wpp_db, current.messages, kept) {
        (Store::Absent, _, _) => {}
        // A file that somebody kept does not say when it was: how many of its messages are not here, too, nobody knows.
        (_, Some(live), Some(kept)) if live > kept && manifest.custody.journal.is_empty() => {
            loses.push(format!(
                "at least {} here and not in the file; they stay in the copy that is set aside",
                count(live - kept, "message that is", "messages that are")
            ));
        }
        (_, Some(live), Some(kept)) if live > kept => loses.push(format!(
            "{} stored after {created}; they stay in the copy that is set aside",
            count(live - kept, "message that was", "messages that were")
        )),
        (_, Some(_), Some(_)) => {}
        (Store::Readable, _, _) => {
            loses.push(format!("what was stored after {created}, which cannot be counted; it is set aside"));
        }
        (Store::Unreadable(_), _, _) => loses.push(format!(
            "messages that were stored after {created}; the present wpp.db is too damaged to count them, and it is set aside",
        )),
    }
    match kind {
        Kind::Rekey => {
            if current.wpp_db == Store::Absent {
                loses.push(format!(
                    "messages that were received after {created} and acknowledged, unless the phone shares its history"
                ));
            }
            loses.push(
                "copies of what the own phone wrote while the session was down, until it is woken after the connect".into(),
            );
            loses.push(
                "messages that wait for this session and whose senders no longer hold them when they are asked again".into(),
            );
            loses.push(format!("repeats for receivers who could not read a message that was sent after {created}"));
            if relinked(manifest, current) {
                loses.push("the link that is in place, another device of the same account; it is set aside".into());
            }
        }
        Kind::Data => match &current.session_db {
            Store::Absent => loses.push(
                "the link to the phone: there is no session.db, so the session must be linked again with `wpp reauth`".into(),
            ),
            Store::Unreadable(reason) => {
                loses.push(format!("nothing of session.db is brought back, and the present one cannot be read ({reason})"));
            }
            Store::Readable if current.signal.as_ref().is_none_or(|live| !live.paired) => loses
                .push("the link to the phone: no phone has admitted the present session.db; link it with `wpp reauth`".into()),
            Store::Readable => {}
        },
        Kind::Exact | Kind::ForceExact => {}
    }
    loses
}

fn warnings(manifest: &Manifest, custody: &Custody, current: &Current, kind: Kind) -> Vec<String> {
    let mut warnings = Vec::new();
    if kind.brings_identity() && matches!(custody, Custody::Unprovable(_)) {
        warnings.push(
            "if this session runs anywhere else, such as on the host that the archive is from, stop it there first: \
             two clients of one identity throw each other out"
                .to_owned(),
        );
    }
    if kind.brings_identity() {
        for other in current.others.iter().filter(|other| other.identity_sha256.is_none()) {
            warnings.push(format!(
                "the store of session {} cannot be read, so it is not known whether it holds the same identity",
                other.session
            ));
        }
    }
    if kind == Kind::Rekey {
        warnings.push(
            "the first message to a chat waits for fresh keys from the server, in a big group for those of every device"
                .to_owned(),
        );
        if relinked(manifest, current) {
            warnings.push(
                "the phone may have removed the archive's device when it linked the new one; then `wpp reauth` links it again"
                    .into(),
            );
        } else if current.signal.as_ref().is_some_and(|live| live.paired) {
            warnings.push("the present session.db can be read and is of the same identity: `--plan data` would keep it".into());
        }
    }
    let empty = current.session_db == Store::Absent && current.wpp_db == Store::Absent;
    if foreign(manifest, &current.session, current.signal.as_ref(), kind, empty).is_some() {
        warnings.push(format!("what waited in the outbox at {} is not sent from here: it is rejected", manifest.created));
    } else if kind != Kind::Exact {
        warnings.push(format!(
            "what waited in the outbox at {} is sent again, under the same ids: receivers drop what they have",
            manifest.created
        ));
    }
    warnings
}

/// Fails when an archive does not hold what is wanted of it, whatever else speaks for it.
pub fn holds(manifest: &Manifest, current: &Current, wanted: Wanted) -> Result<()> {
    usable(manifest, WPP_DB)?;
    match wanted {
        Wanted::Data => Ok(()),
        Wanted::Auto if current.session_db == Store::Readable => Ok(()),
        Wanted::Auto | Wanted::Exact | Wanted::Rekey | Wanted::ForceExact => usable(manifest, SESSION_DB),
    }
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
        .hint("`--plan rekey` brings everything back and gives the identity fresh keys: no link is lost, and no message from then on")
        .hint("`--plan data` brings back chats and messages and keeps the session's own keys")
        .hint("`--plan force-exact` puts the old Signal state back, which loses messages without a word")
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
            blocks_bytes: Vec::new(),
            database: Some(Database {
                page_size_bytes: 4096,
                pages: 1,
                journal_mode: "wal".into(),
                last_migration: crate::session::store::LAST_KNOWN_MIGRATION.into(),
                schema_sha256: String::new(),
                tables: [(MESSAGES.to_owned(), Rows { count: messages, highest: None })].into(),
                quick_check: quick_check.into(),
                method: "pages".into(),
                pages_blake3: None,
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
            others: Vec::new(),
            removed: None,
        }
    }

    #[test]
    fn only_proven_custody_gives_exact_and_everything_else_gets_fresh_keys() {
        let unbroken = Custody::Unbroken("so".into());
        for wanted in [Wanted::Auto, Wanted::Exact, Wanted::ForceExact] {
            let planned = plan(&archive(), &unbroken, &current(), wanted, true).unwrap();
            assert_eq!(planned.kind, Kind::Exact);
            assert!(planned.loses[0].starts_with("2 messages") && planned.loses.len() == 1, "{:?}", planned.loses);
            assert!(planned.warnings.is_empty(), "{planned:?}");
        }
        for custody in [Custody::Broken("this".into()), Custody::Unprovable("this".into())] {
            let decide = |wanted| plan(&archive(), &custody, &current(), wanted, true);
            let error = decide(Wanted::Exact).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            let hints = error.hints().join("\n");
            for choice in ["--plan rekey", "--plan data", "--plan force-exact"] {
                assert!(error.message().contains("this") && hints.contains(choice), "{error:?}");
            }
            assert_eq!(decide(Wanted::Data).unwrap().kind, Kind::Data);
            for wanted in [Wanted::Auto, Wanted::Rekey] {
                let planned = decide(wanted).unwrap();
                assert!(planned.kind == Kind::Rekey && planned.why.contains("this"), "{planned:?}");
                assert!(planned.steps.iter().any(|step| step.contains("fresh keys")), "{planned:?}");
                assert!(planned.steps.last().unwrap().contains("wake the own phone"), "{planned:?}");
                let elsewhere = planned.warnings.iter().any(|warning| warning.contains("runs anywhere else"));
                assert_eq!(elsewhere, matches!(custody, Custody::Unprovable(_)), "{planned:?}");
            }
            let forced = decide(Wanted::ForceExact).unwrap();
            assert_eq!(forced.kind, Kind::ForceExact);
            assert!(forced.loses[0].contains("without a word"), "{:?}", forced.loses);
        }
    }

    #[test]
    fn what_is_missing_or_damaged_cannot_be_restored() {
        let custody = Custody::Unbroken("so".into());
        let mut without = archive();
        without.members.remove(0);
        // What is left is offered, and the plan says why it is all.
        let planned = plan(&without, &custody, &current(), Wanted::Auto, true).unwrap();
        assert!(planned.kind == Kind::Data && planned.why.contains("does not hold session.db"), "{planned:?}");
        for wanted in [Wanted::Exact, Wanted::Rekey, Wanted::ForceExact] {
            assert_eq!(plan(&without, &custody, &current(), wanted, true).unwrap_err().kind(), ErrorKind::Denied);
        }
        let mut damaged = archive();
        damaged.members[1] = member(WPP_DB, 10, "row 3 missing");
        for wanted in [Wanted::Auto, Wanted::Data, Wanted::Rekey] {
            let error = plan(&damaged, &custody, &current(), wanted, true).unwrap_err();
            assert!(error.message().contains("row 3 missing"), "{error}");
        }
    }

    #[test]
    fn an_identity_that_is_no_longer_the_session_s_does_not_come_back_unasked() {
        let broken = Custody::Broken("so".into());
        let decide = |manifest: &Manifest, current: &Current, wanted| plan(manifest, &broken, current, wanted, true);
        let live = |change: &dyn Fn(&mut Signal)| {
            let mut live = signal("another", 9);
            change(&mut live);
            Current { signal: Some(live), ..current() }
        };

        // Linked again since: the new link stays, unless the operator wants the old one.
        let relinked = live(&|_| {});
        let planned = decide(&archive(), &relinked, Wanted::Auto).unwrap();
        assert!(planned.kind == Kind::Data && planned.why.contains("linked again"), "{planned:?}");
        let planned = decide(&archive(), &relinked, Wanted::Rekey).unwrap();
        assert!(planned.kind == Kind::Rekey && planned.loses.iter().any(|loss| loss.contains("link that is in place")));
        // A store that was only begun is no link.
        let begun = live(&|live| (live.paired, live.account_sha256) = (false, Some("placeholder".into())));
        assert_eq!(decide(&archive(), &begun, Wanted::Auto).unwrap().kind, Kind::Rekey);
        let planned = decide(&archive(), &begun, Wanted::Data).unwrap();
        assert!(planned.loses.iter().any(|loss| loss.contains("no phone has admitted")), "{planned:?}");

        let foreign = live(&|live| live.account_sha256 = Some("somebody".into()));
        for wanted in [Wanted::Auto, Wanted::Exact, Wanted::Rekey, Wanted::Data, Wanted::ForceExact] {
            let error = decide(&archive(), &foreign, wanted).unwrap_err();
            assert!(error.message().contains("another WhatsApp account"), "{error}");
        }

        let out = Current { removed: Some("logged out".into()), ..current() };
        assert_eq!(decide(&archive(), &out, Wanted::Auto).unwrap().kind, Kind::Data);
        assert!(decide(&archive(), &out, Wanted::Rekey).unwrap_err().hints()[0].contains("wpp reauth"));

        let mut unlinked = archive();
        unlinked.signal.as_mut().unwrap().paired = false;
        let planned = decide(&unlinked, &current(), Wanted::Auto).unwrap();
        assert!(planned.kind == Kind::Data && planned.why.contains("no phone had admitted"), "{planned:?}");
        assert_eq!(decide(&unlinked, &current(), Wanted::Rekey).unwrap_err().kind(), ErrorKind::Denied);

        // A store that a newer library wrote is not edited by guess, nor silently left behind.
        let mut newer = archive();
        newer.members[0].database.as_mut().unwrap().last_migration = "99".into();
        for wanted in [Wanted::Auto, Wanted::Rekey] {
            let error = decide(&newer, &current(), wanted).unwrap_err();
            assert!(error.message().contains("newer") && error.hints()[0].contains("--plan data"), "{error:?}");
        }
        assert_eq!(decide(&newer, &current(), Wanted::Data).unwrap().kind, Kind::Data);
    }

    #[test]
    fn one_identity_has_one_session() {
        let with = |identity: Option<&str>| {
            let other = Other { session: "twin".into(), identity_sha256: identity.map(str::to_owned) };
            let current = Current { others: vec![other], ..current() };
            plan(&archive(), &Custody::Unprovable("so".into()), &current, Wanted::Auto, true)
        };
        assert!(with(Some("a")).unwrap_err().message().contains("session twin"));
        assert_eq!(with(Some("b")).unwrap().kind, Kind::Rekey);
        let planned = with(None).unwrap();
        assert!(planned.warnings.iter().any(|warning| warning.contains("session twin cannot be read")), "{planned:?}");
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
